//! From a device's samples to chunks of 20 ms at the rate that was asked for, without the assistant's own voice, and
//! what is heard in them. Pure but for the echo path.

use parlance_core::audio::Captured;
use parlance_core::speech::{Activity, Gate};
use parlance_core::{AudioChunk, SampleRate};

use crate::EchoPath;
use crate::activity::VoiceActivity;
use crate::echo::{EchoFilter, FRAMES_A_SECOND, nanos_in};
use crate::resample::Resampler;
use crate::sample::to_i16;

/// Chunks a second: 20 ms each.
const CHUNKS_A_SECOND: u32 = 50;

pub(super) struct Chunks {
    from: SampleRate,
    to: SampleRate,
    /// `None` where there is no echo to take off.
    filter: Option<Filter>,
    /// To the rate that was asked for.
    resampler: Resampler,
    /// Converted, not yet a whole chunk.
    ready: Vec<f32>,
    activity: VoiceActivity,
    /// Of the last chunk that was listened to.
    heard: Activity,
    /// Whether the microphone was shut since the last chunk.
    gate: Gate,
}

/// Echo is taken off in frames of 10 ms, at a rate of the canceller's.
struct Filter {
    echo: EchoFilter,
    rate: SampleRate,
    resampler: Resampler,
    /// Converted, not yet a whole frame.
    waiting: Vec<f32>,
    /// Samples that were filtered or lost, in all.
    passed: u64,
}

impl Chunks {
    pub(super) fn new(from: SampleRate, to: SampleRate, echo: Option<EchoPath>) -> Self {
        let filter = echo.map(|path| {
            let rate = EchoFilter::rate_for(to);
            Filter {
                echo: EchoFilter::new(path, rate),
                rate,
                resampler: Resampler::new(from, rate),
                waiting: Vec::new(),
                passed: 0,
            }
        });
        let between = filter.as_ref().map_or(from, |filter| filter.rate);
        Self {
            from,
            to,
            filter,
            resampler: Resampler::new(between, to),
            ready: Vec::new(),
            activity: VoiceActivity::new(to),
            heard: Activity::SILENCE,
            gate: Gate::Open,
        }
    }

    /// Takes samples of a device whose first sample of all was captured at `origin`, in nanoseconds.
    pub(super) fn push(&mut self, mono: &[f32], origin: i64) {
        let Some(filter) = &mut self.filter else {
            self.resampler.push(mono, &mut self.ready);
            return;
        };
        filter.resampler.push(mono, &mut filter.waiting);
        let length = (filter.rate.hz() / FRAMES_A_SECOND) as usize;
        let whole = filter.waiting.len() / length * length;
        for frame in filter.waiting[..whole].chunks_exact_mut(length) {
            let at = origin + nanos_in(filter.passed, filter.rate);
            if filter.echo.filter(frame, at) == Gate::Shut {
                self.gate = Gate::Shut;
            }
            filter.passed += length as u64;
            self.resampler.push(frame, &mut self.ready);
        }
        filter.waiting.drain(..whole);
    }

    pub(super) fn next_whole(&mut self) -> Option<Captured> {
        let length = (self.to.hz() / CHUNKS_A_SECOND) as usize;
        (self.ready.len() >= length).then(|| self.chunk_of(length))
    }

    /// The device is gone: what is left, `None` if nothing.
    pub(super) fn finish(mut self) -> Option<Captured> {
        // Less than a frame cannot be filtered; while the microphone is shut, it is nobody's.
        if let Some(filter) = &mut self.filter
            && self.gate == Gate::Open
        {
            filter.resampler.finish(&mut filter.waiting);
            self.resampler.push(&filter.waiting, &mut self.ready);
        }
        self.resampler.finish(&mut self.ready);
        let length = self.ready.len();
        (length > 0).then(|| self.chunk_of(length))
    }

    /// So many of the device's frames were lost. How many samples these are at the asked rate.
    pub(super) fn skip(&mut self, frames: u64) -> u64 {
        let at = |rate: SampleRate| (frames * u64::from(rate.hz())).div_ceil(u64::from(self.from.hz()));
        if let Some(filter) = &mut self.filter {
            filter.passed += at(filter.rate);
        }
        at(self.to)
    }

    fn chunk_of(&mut self, length: usize) -> Captured {
        let samples: Vec<i16> = self.ready.drain(..length).map(to_i16).collect();
        let activity = match std::mem::take(&mut self.gate) {
            Gate::Open => {
                self.heard = self.activity.hear(&samples);
                self.heard
            }
            // A shut microphone tells nothing about the room.
            Gate::Shut => Activity {
                dbfs: Activity::SILENCE_DBFS,
                floor_dbfs: self.heard.floor_dbfs,
                speech: 0.0,
                gate: Gate::Shut,
            },
        };
        Captured { chunk: AudioChunk { samples, rate: self.to }, activity }
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::echo::CaptureHandling;

    use super::*;

    /// 100 ms in blocks as small and uneven as a server delivers them after a delay. The lengths of the whole chunks, and
    /// of the rest.
    fn cut(mut chunks: Chunks) -> (Vec<usize>, usize) {
        let mut lengths = Vec::new();
        for block in [48, 480, 960, 1, 1_000, 311, 2_000] {
            chunks.push(&vec![0.25; block], 0);
            while let Some(captured) = chunks.next_whole() {
                lengths.push(captured.chunk.samples.len());
            }
        }
        let rest = chunks.finish().map_or(0, |captured| captured.chunk.samples.len());
        (lengths, rest)
    }

    #[test]
    fn chunks_are_20_ms_and_the_rest_comes_at_the_end() {
        for path in [None, Some(EchoPath::new(CaptureHandling::default()))] {
            let (lengths, rest) = cut(Chunks::new(SampleRate::HZ_48000, SampleRate::HZ_24000, path));
            assert!(lengths.iter().all(|&length| length == 480), "{lengths:?}");
            assert_eq!(lengths.iter().sum::<usize>() + rest, 2_400);
        }
    }

    #[test]
    fn losses_are_reckoned_at_the_rate_that_was_asked_for() {
        let mut chunks = Chunks::new(SampleRate::HZ_48000, SampleRate::HZ_16000, None);
        assert_eq!(chunks.skip(48_000), 16_000);
        assert_eq!(chunks.skip(1), 1, "a loss never reads as none");
    }
}
