//! The port `AudioOutput` on a real speaker.
//!
//! What is pushed waits in a queue of ten minutes. A thread converts it to the device's rate and keeps a ring of one
//! second filled, from which the device's callback plays through rodio's mixer. Nothing leaves the queue before it was
//! heard: when the device goes, the thread begins again at the first unheard sample on the next one.
//!
//! The output stream is cpal's own, not rodio's, because only cpal's callback tells when its block will be audible;
//! *heard* is what was played less that delay. Where a system reports none, two blocks are assumed (measured with
//! PulseAudio).

mod meter;
mod player;
mod queue;
mod voice;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

use parlance_core::audio::{AudioError, AudioOutput, Playback, PlaybackEvent, PlaybackPosition, QueueFull};
use parlance_core::{AudioChunk, SampleRate};

use crate::resample::resample_all;
use crate::{DeviceOptions, EchoPath, start_thread};
use meter::Meter;
use player::Player;
use queue::Queue;

/// A speaker of this computer.
#[derive(Debug, Clone, Default)]
pub struct Speaker {
    options: DeviceOptions,
    echo: EchoPath,
}

impl Speaker {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(options: DeviceOptions) -> Self {
        Self { options, echo: EchoPath::default() }
    }

    /// The microphones on this path hear what it plays.
    #[must_use]
    pub fn heard_on(mut self, path: &EchoPath) -> Self {
        self.echo = path.clone();
        self
    }
}

impl AudioOutput for Speaker {
    fn open(&self, rate: SampleRate) -> Result<Box<dyn Playback>, AudioError> {
        let meter = Arc::new(Meter::new());
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::new(rate, meter)),
            events: Mutex::default(),
            closed: AtomicBool::new(false),
            echo: self.echo.clone(),
        });
        let player = Player::new(self.options.clone(), rate, shared.clone());
        let thread = start_thread("speaker", move || player.run())?;
        Ok(Box::new(OpenSpeaker { rate, shared, thread }))
    }
}

/// What the engine's end and the thread share. Locks are held for microseconds, and never by the device's callback.
struct Shared {
    queue: Mutex<Queue>,
    /// Not yet polled.
    events: Mutex<VecDeque<PlaybackEvent>>,
    /// The engine's end was dropped.
    closed: AtomicBool,
    /// Who hears it.
    echo: EchoPath,
}

impl Shared {
    /// A thread that panicked inside left counters that still add up: each method changes them in one go.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<PlaybackEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine's end. Dropping it closes the speaker within a few milliseconds.
struct OpenSpeaker {
    rate: SampleRate,
    shared: Arc<Shared>,
    thread: Thread,
}

impl Playback for OpenSpeaker {
    fn push(&self, chunk: &AudioChunk) -> Result<(), QueueFull> {
        if chunk.rate == self.rate {
            self.shared.queue().push(&chunk.samples)?;
        } else {
            self.shared.queue().push(&resample_all(chunk, self.rate).samples)?;
        }
        self.thread.unpark();
        Ok(())
    }

    fn finish(&self) {
        self.shared.queue().finish();
        self.thread.unpark();
    }

    fn flush(&self) -> PlaybackPosition {
        let position = self.shared.queue().flush();
        self.shared.echo.silence();
        position
    }

    fn position(&self) -> PlaybackPosition {
        self.shared.queue().position()
    }

    fn poll_event(&self) -> Option<PlaybackEvent> {
        self.shared.events().pop_front()
    }
}

impl Drop for OpenSpeaker {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
