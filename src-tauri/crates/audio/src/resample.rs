//! One sample rate to another: [`Resampler`] for live sound, [`resample_all`] for a whole recording.
//!
//! Called by the microphone after capture, by the speaker before playback, and by whoever has a file. Both keep the
//! sound where it is: the filter's delay is taken off at the start and its rest is played out at the end, so that no
//! sample is lost on either side.

use parlance_core::{AudioChunk, SampleRate};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, Fft, FixedAsync, FixedSync, Resampler as _, SincInterpolationParameters, SincInterpolationType};
use rubato::{Indexing, WindowFunction};

use crate::sample::{to_f32, to_i16};

/// Blocks a second in which live sound is converted: how long a sample may wait for its block to fill.
const BLOCKS_A_SECOND: u32 = 400;

/// Points of the filter. Measured: aliases below −118 dB at 1.3 to 2.6 ms of delay, 500 times faster than real time.
const SINC_POINTS: usize = 128;

/// Converts a stream of mono samples, fed in pieces of any size. How it is cut into pieces does not change the result.
pub struct Resampler {
    from: SampleRate,
    to: SampleRate,
    /// `None` when the rates are equal.
    filter: Option<Filter>,
}

struct Filter {
    sinc: Async<f32>,
    /// Input that does not fill a block yet.
    waiting: Vec<f32>,
    /// Output of one block.
    block: Vec<f32>,
    /// The filter's own, in samples of output.
    delay: usize,
    /// How much of it is still to be thrown away.
    skip: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// From one rate to another.
    #[must_use]
    pub fn new(from: SampleRate, to: SampleRate) -> Self {
        Self { from, to, filter: (from != to).then(|| Filter::new(from, to)) }
    }

    /// The rate of the output.
    #[must_use]
    pub fn to(&self) -> SampleRate {
        self.to
    }

    /// Takes samples in, and appends what is ready to `output`.
    pub fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        let Some(filter) = &mut self.filter else {
            output.extend_from_slice(input);
            return;
        };
        filter.taken += input.len() as u64;
        filter.waiting.extend_from_slice(input);
        filter.convert_whole_blocks(output);
    }

    /// The sound ends here: appends its rest, so that the output is as long as the input was, rounded up to a sample.
    /// The next sample begins a new sound.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        let Some(filter) = &mut self.filter else { return };
        let due = (filter.taken * u64::from(self.to.hz())).div_ceil(u64::from(self.from.hz()));
        let start = output.len();
        let given_before = filter.given;
        while filter.given < due {
            let missing = filter.sinc.input_frames_next() - filter.waiting.len();
            filter.waiting.extend(std::iter::repeat_n(0.0, missing));
            filter.convert_whole_blocks(output);
        }
        let rest = usize::try_from(due.saturating_sub(given_before)).unwrap_or(usize::MAX);
        output.truncate(start.saturating_add(rest));
        filter.reset();
    }

    /// Forgets the sound it is in.
    pub fn reset(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.reset();
        }
    }

    /// More output than this never comes from `input` samples, the rest of [`Self::finish`] included.
    #[must_use]
    pub fn most_output_for(&self, input: usize) -> usize {
        let waiting = self.filter.as_ref().map_or(0, |filter| filter.waiting.len() + 2 * SINC_POINTS);
        let scaled = (input + waiting) as u64 * u64::from(self.to.hz()) / u64::from(self.from.hz());
        usize::try_from(scaled).unwrap_or(usize::MAX).saturating_add(16)
    }
}

impl Filter {
    fn new(from: SampleRate, to: SampleRate) -> Self {
        let parameters = SincInterpolationParameters::new(SINC_POINTS, WindowFunction::Blackman2)
            .interpolation(SincInterpolationType::Linear);
        let block = (from.hz() / BLOCKS_A_SECOND) as usize;
        let ratio = f64::from(to.hz()) / f64::from(from.hz());
        let sinc = Async::new_sinc(ratio, 1.0, &parameters, block, 1, FixedAsync::Input)
            .expect("BUG: rates between 8 and 192 kHz make a valid ratio and block");
        let delay = delay_of(ratio);
        let room = sinc.output_frames_max();
        Self { sinc, waiting: Vec::new(), block: vec![0.0; room], delay, skip: delay, taken: 0, given: 0 }
    }

    fn convert_whole_blocks(&mut self, output: &mut Vec<f32>) {
        let mut used = 0;
        loop {
            let need = self.sinc.input_frames_next();
            let Some(input) = self.waiting.get(used..used + need) else { break };
            let made = self.convert(input.len(), used);
            let skipped = self.skip.min(made);
            self.skip -= skipped;
            self.given += (made - skipped) as u64;
            output.extend_from_slice(&self.block[skipped..made]);
            used += need;
        }
        self.waiting.drain(..used);
    }

    fn convert(&mut self, frames: usize, at: usize) -> usize {
        let room = self.block.len();
        let input = InterleavedSlice::new(&self.waiting[at..at + frames], 1, frames)
            .expect("BUG: the slice has exactly these frames");
        let mut output =
            InterleavedSlice::new_mut(&mut self.block, 1, room).expect("BUG: the block has exactly this room");
        let (_, made) = self
            .sinc
            .process_into_buffer(&input, &mut output, None::<&Indexing>)
            .expect("BUG: input and output have the sizes the filter asked for");
        made
    }

    fn reset(&mut self) {
        self.sinc.reset();
        self.skip = self.delay;
        self.waiting.clear();
        self.taken = 0;
        self.given = 0;
    }
}

/// How late the filter's output is, to the nearest sample. What rubato 5.0 reports is one to two samples more, found by
/// fitting tones to the output: half the filter's length, less the step that precedes the first sample.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1,600")]
fn delay_of(ratio: f64) -> usize {
    (SINC_POINTS as f64 / 2.0 * ratio - 1.0).round().max(0.0) as usize
}

/// A whole recording at another rate: as long as before, rounded up to a sample. Aliases stay below −150 dB.
#[must_use]
pub fn resample_all(chunk: &AudioChunk, rate: SampleRate) -> AudioChunk {
    if chunk.rate == rate || chunk.samples.is_empty() {
        return AudioChunk { samples: chunk.samples.clone(), rate };
    }
    let input: Vec<f32> = chunk.samples.iter().copied().map(to_f32).collect();
    let output = match block_filter(chunk.rate, rate) {
        Some(filter) => by_blocks(filter, &input),
        None => {
            let mut output = Vec::new();
            let mut resampler = Resampler::new(chunk.rate, rate);
            resampler.push(&input, &mut output);
            resampler.finish(&mut output);
            output
        }
    };
    AudioChunk { samples: output.into_iter().map(to_i16).collect(), rate }
}

/// The filter over blocks, `None` for rates with so small a common divisor that a block would be a whole second.
fn block_filter(from: SampleRate, to: SampleRate) -> Option<Fft<f32>> {
    let (from, to) = (from.hz() as usize, to.hz() as usize);
    (common_divisor(from, to) >= 25).then(|| {
        Fft::new(from, to, 1_024, 1, FixedSync::Input).expect("BUG: rates between 8 and 192 kHz make a valid filter")
    })
}

fn by_blocks(mut filter: Fft<f32>, input: &[f32]) -> Vec<f32> {
    let frames = input.len();
    let input = InterleavedSlice::new(input, 1, frames).expect("BUG: the slice has exactly these frames");
    filter.process_all(&input, frames, None).expect("BUG: the filter sizes its own output").take_data()
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests;
