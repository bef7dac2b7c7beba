//! The thread that owns the speaker: opens it, keeps its ring filled, and looks for it when it is gone.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{ErrorKind, FromSample, OutputCallbackInfo, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfig};
use parlance_core::SampleRate;
use parlance_core::audio::PlaybackEvent;

use super::Shared;
use super::meter::{Meter, Run};
use super::queue::Feed;
use super::voice::{Desk, Frame, Voice};
use crate::devices::{Direction, Finder};
use crate::echo::Recorder;
use crate::let_go;
use crate::line::{Change, Faults, Line, OPEN_WITHIN};
use crate::resample::Resampler;
use crate::sample::to_f32;
use crate::{DeviceOptions, EchoPath, buffer_size};

/// How often the ring is filled up; a push wakes the thread at once.
const TICK: Duration = Duration::from_millis(5);

/// Batches a second in which sound is converted: 20 ms each.
const BATCHES_A_SECOND: u32 = 50;

/// Frames that are drawn from the mixer in one go; the callback's own block may be longer.
const PIECE_FRAMES: usize = 1_024;

/// Blocks of delay that are assumed where the system reports none.
const ASSUMED_BLOCKS: u32 = 2;

pub(super) struct Player {
    line: Line<Output>,
    block_frames: u32,
    rate: SampleRate,
    shared: Arc<Shared>,
}

impl Player {
    pub(super) fn new(options: DeviceOptions, rate: SampleRate, shared: Arc<Shared>) -> Self {
        let line = Line::new(Finder::new(Direction::Output, options.device), Instant::now());
        Self { line, block_frames: options.block_frames, rate, shared }
    }

    pub(super) fn run(mut self) {
        while !self.shared.closed.load(Ordering::Acquire) {
            self.tend_line();
            if let Some(output) = self.line.stream() {
                output.fill(&self.shared);
            }
            thread::park_timeout(TICK);
        }
    }

    fn tend_line(&mut self) {
        let meter = self.shared.queue().meter().clone();
        let (block_frames, rate, echo) = (self.block_frames, self.rate, &self.shared.echo);
        let progress = meter.blocks();
        let change = self.line.tend(Instant::now(), progress, |device, faults| {
            Output::open(device, block_frames, rate, meter, echo, faults)
        });
        match change {
            None => {}
            Some(Change::Missing(loss)) => self.tell(PlaybackEvent::Lost(loss)),
            Some(Change::Opened { back }) => {
                if let Some(output) = self.line.stream() {
                    self.shared.queue().device_opened(output.rate);
                }
                if let Some(device) = back {
                    self.tell(PlaybackEvent::Back(device));
                }
            }
            Some(Change::Ended { stream, loss }) => {
                self.shared.queue().device_gone(Instant::now());
                let_go(stream);
                if let Some(loss) = loss {
                    self.tell(PlaybackEvent::Lost(loss));
                }
            }
        }
    }

    fn tell(&self, event: PlaybackEvent) {
        self.shared.events().push_back(event);
    }
}

/// An open speaker.
struct Output {
    /// Dropping it closes the device.
    _stream: cpal::Stream,
    ring: rtrb::Producer<Frame>,
    rate: SampleRate,
    batch: usize,
    resampler: Resampler,
    /// The run the resampler is in.
    run: Run,
    ended: bool,
    converted: Vec<f32>,
}

impl Output {
    /// Opens a device at its own rate and starts it; it is silent until it is fed.
    fn open(
        device: &cpal::Device,
        block_frames: u32,
        from: SampleRate,
        meter: Arc<Meter>,
        echo: &EchoPath,
        faults: Faults,
    ) -> Result<Self, cpal::Error> {
        let own = device.default_output_config()?;
        let rate = SampleRate::new(own.sample_rate()).unwrap_or(SampleRate::HZ_48000);
        let channels = NonZero::new(own.channels())
            .ok_or_else(|| cpal::Error::with_message(ErrorKind::UnsupportedConfig, "it has no channels"))?;
        let config = StreamConfig {
            channels: channels.get(),
            sample_rate: rate.hz(),
            buffer_size: buffer_size(&own, block_frames),
        };
        let (ring, reader) = rtrb::RingBuffer::new(rate.hz() as usize);
        let voice = Voice::new(reader, meter.clone(), rate);
        let callback = Callback {
            desk: Desk::new(voice, meter, rate, channels),
            recorder: echo.record(rate),
            rate,
            channels: usize::from(channels.get()),
            assumed_delay: rate.duration_of(u64::from(block_frames) * u64::from(ASSUMED_BLOCKS)),
            piece: vec![0.0; PIECE_FRAMES * usize::from(channels.get())],
        };
        let stream = build(device, config, &own, callback, faults)?;
        stream.play()?;
        Ok(Self {
            _stream: stream,
            ring,
            rate,
            batch: (from.hz() / BATCHES_A_SECOND) as usize,
            resampler: Resampler::new(from, rate),
            run: 0,
            ended: false,
            converted: Vec::new(),
        })
    }

    /// Hands the ring what it has room for.
    fn fill(&mut self, shared: &Shared) {
        while self.ring.slots() >= self.resampler.most_output_for(self.batch) {
            let feed = shared.queue().feed(self.batch);
            match feed {
                Feed::Nothing => return,
                Feed::Samples(run, samples) => {
                    self.enter(run);
                    if std::mem::take(&mut self.ended) {
                        shared.queue().meter().go_on();
                    }
                    let samples: Vec<f32> = samples.into_iter().map(to_f32).collect();
                    self.resampler.push(&samples, &mut self.converted);
                    self.hand_over(shared);
                }
                Feed::End(run) => {
                    self.enter(run);
                    self.ended = true;
                    // Before the rest is handed over: the last sample must not look like an underrun.
                    shared.queue().meter().end(run);
                    self.resampler.finish(&mut self.converted);
                    self.hand_over(shared);
                    shared.queue().note_end(run);
                }
            }
        }
    }

    fn enter(&mut self, run: Run) {
        if run != self.run {
            self.run = run;
            self.resampler.reset();
        }
    }

    fn hand_over(&mut self, shared: &Shared) {
        let frames = self.converted.len();
        let run = self.run;
        let chunk = self.ring.write_chunk_uninit(frames).expect("BUG: the ring had room for the most that could come");
        chunk.fill_from_iter(self.converted.drain(..).map(|sample| Frame { sample, run }));
        shared.queue().note_produced(run, frames as u64);
    }
}

/// What runs in the device's callback.
struct Callback {
    desk: Desk,
    recorder: Recorder,
    rate: SampleRate,
    channels: usize,
    assumed_delay: Duration,
    /// Room for one piece in floating point.
    piece: Vec<f32>,
}

impl Callback {
    fn fill<T: Copy + FromSample<f32>>(&mut self, block: &mut [T], info: &OutputCallbackInfo) {
        let stamp = info.timestamp();
        let reported = stamp.playback.duration_since(stamp.callback);
        let delay = if reported.is_zero() { self.assumed_delay } else { reported };
        let mut audible_at = Instant::now() + delay;
        for out in block.chunks_mut(self.piece.len()) {
            let piece = &mut self.piece[..out.len()];
            self.desk.render(piece, audible_at);
            self.recorder.write(piece, self.channels, audible_at);
            audible_at += self.rate.duration_of((out.len() / self.channels) as u64);
            for (out, &sample) in out.iter_mut().zip(piece.iter()) {
                *out = T::from_sample_(sample);
            }
        }
    }
}

fn build(
    device: &cpal::Device,
    config: StreamConfig,
    own: &SupportedStreamConfig,
    callback: Callback,
    faults: Faults,
) -> Result<cpal::Stream, cpal::Error> {
    match own.sample_format() {
        SampleFormat::I8 => build_of::<i8>(device, config, callback, faults),
        SampleFormat::I16 => build_of::<i16>(device, config, callback, faults),
        SampleFormat::I24 => build_of::<cpal::I24>(device, config, callback, faults),
        SampleFormat::I32 => build_of::<i32>(device, config, callback, faults),
        SampleFormat::U8 => build_of::<u8>(device, config, callback, faults),
        SampleFormat::U16 => build_of::<u16>(device, config, callback, faults),
        SampleFormat::F32 => build_of::<f32>(device, config, callback, faults),
        other => Err(cpal::Error::with_message(
            ErrorKind::UnsupportedConfig,
            format!("its samples are {other}, which is not supported"),
        )),
    }
}

fn build_of<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    mut callback: Callback,
    faults: Faults,
) -> Result<cpal::Stream, cpal::Error> {
    device.build_output_stream(
        config,
        move |block: &mut [T], info: &OutputCallbackInfo| callback.fill(block, info),
        move |error| {
            let _ = faults.try_send(error);
        },
        Some(OPEN_WITHIN),
    )
}
