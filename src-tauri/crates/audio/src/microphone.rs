//! The port `AudioInput` on a real microphone.
//!
//! A device's samples go from its callback through a ring of two seconds to a thread, which converts them to the rate
//! that was asked for and hands out chunks of 20 ms. When nobody takes the chunks, the ring fills, and what it cannot
//! hold is counted and reported as an overrun: nothing else is ever dropped.
//!
//! The device is opened at its own rate, and converted here. PulseAudio would convert too, but other systems do not,
//! its default filter lets aliases through, and ours costs 0.1 % of a core: one way for all.

mod capture;
mod chunks;

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use futures_core::Stream;
use parlance_core::SampleRate;
use parlance_core::audio::{AudioError, AudioInput, CaptureEvent, CaptureStream, Device, DeviceLoss};
use tokio::sync::mpsc;

use crate::devices::{Direction, Finder};
use crate::line::{Change, Line};
use crate::{DeviceOptions, EchoPath, let_go, start_thread};
use capture::Capture;
use chunks::Chunks;

/// How often the ring is emptied.
const TICK: Duration = Duration::from_millis(5);

/// Events that may wait to be taken: half a second of chunks. When it is full the ring behind it fills.
const EVENTS: usize = 25;

/// A microphone of this computer.
#[derive(Debug, Clone, Default)]
pub struct Microphone {
    options: DeviceOptions,
    echo: Option<EchoPath>,
}

impl Microphone {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(options: DeviceOptions) -> Self {
        Self { options, echo: None }
    }

    /// It is in one room with the speakers on this path. Without one, what is captured is left as it is.
    #[must_use]
    pub fn hearing(mut self, path: &EchoPath) -> Self {
        self.echo = Some(path.clone());
        self
    }
}

impl AudioInput for Microphone {
    fn open(&self, rate: SampleRate) -> Result<CaptureStream, AudioError> {
        let (events, taken) = mpsc::channel(EVENTS);
        let (options, echo) = (self.options.clone(), self.echo.clone());
        start_thread("microphone", move || Listener::new(options, echo, rate, events).run())?;
        Ok(Box::pin(Events(taken)))
    }
}

/// The engine's end. Dropping it closes the microphone within a few milliseconds.
struct Events(mpsc::Receiver<CaptureEvent>);

impl Stream for Events {
    type Item = CaptureEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// The thread that owns the device.
struct Listener {
    line: Line<Capture>,
    block_frames: u32,
    rate: SampleRate,
    echo: Option<EchoPath>,
    outbox: Outbox,
    events: mpsc::Sender<CaptureEvent>,
}

impl Listener {
    fn new(
        options: DeviceOptions,
        echo: Option<EchoPath>,
        rate: SampleRate,
        events: mpsc::Sender<CaptureEvent>,
    ) -> Self {
        Self {
            line: Line::new(Finder::new(Direction::Input, options.device), Instant::now()),
            block_frames: options.block_frames,
            rate,
            echo,
            outbox: Outbox::default(),
            events,
        }
    }

    fn run(mut self) {
        while !self.events.is_closed() {
            self.tend_line();
            // With events waiting, the ring rests: what it cannot hold is counted.
            if self.outbox.waiting.is_empty()
                && let Some(capture) = self.line.stream()
            {
                self.outbox.take(capture);
            }
            self.outbox.hand_out(&self.events);
            thread::park_timeout(TICK);
        }
    }

    fn tend_line(&mut self) {
        let frames = self.line.stream().map_or(0, |capture| capture.frames());
        let block_frames = self.block_frames;
        match self.line.tend(Instant::now(), frames, |device, faults| Capture::open(device, block_frames, faults)) {
            None => {}
            Some(Change::Missing(loss)) => self.outbox.waiting.push_back(CaptureEvent::Lost(loss)),
            Some(Change::Opened { back }) => {
                self.outbox.back = back;
                let device = self.line.stream().map(|capture| capture.rate());
                self.outbox.chunks = device.map(|device| Chunks::new(device, self.rate, self.echo.clone()));
            }
            Some(Change::Ended { mut stream, loss }) => {
                // What was said before the device went belongs to the utterance.
                self.outbox.take(&mut stream);
                let_go(stream);
                self.outbox.end(loss);
            }
        }
    }
}

/// What was made of the device's samples and is on its way to the engine.
#[derive(Default)]
struct Outbox {
    /// Of the device that is open.
    chunks: Option<Chunks>,
    /// The device to announce with its first sound.
    back: Option<Device>,
    /// Not yet accepted by the channel.
    waiting: VecDeque<CaptureEvent>,
}

impl Outbox {
    /// Moves what the ring holds into events.
    fn take(&mut self, capture: &mut Capture) {
        let Some(chunks) = &mut self.chunks else { return };
        let origin = capture.origin();
        let came = capture.read(|mono| chunks.push(mono, origin));
        if came > 0 {
            self.waiting.extend(self.back.take().map(CaptureEvent::Back));
        }
        while let Some(chunk) = chunks.next_whole() {
            self.waiting.push_back(CaptureEvent::Chunk(chunk));
        }
        let lost = capture.take_lost();
        if lost > 0 {
            self.waiting.push_back(CaptureEvent::Overrun { samples: chunks.skip(lost) });
        }
    }

    fn end(&mut self, loss: Option<DeviceLoss>) {
        let rest = self.chunks.take().and_then(Chunks::finish);
        self.waiting.extend(rest.map(CaptureEvent::Chunk));
        self.waiting.extend(loss.map(CaptureEvent::Lost));
    }

    fn hand_out(&mut self, events: &mpsc::Sender<CaptureEvent>) {
        while let Some(event) = self.waiting.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
                self.waiting.push_front(event);
                return;
            }
        }
    }
}
