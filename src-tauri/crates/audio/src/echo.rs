//! The assistant's voice in the microphone: what ties a speaker to the microphone that hears it.
//!
//! An [`EchoPath`] is given to both. The speaker's callback writes what it plays on a *tape*, with the moment at which it
//! is audible; the microphone's thread reads from the tapes what sounded while its own samples were captured, and takes
//! it off ([`EchoHandling::Cancel`](parlance_core::echo::EchoHandling)) or does not listen meanwhile (`HalfDuplex`).
//!
//! Both devices are placed on the computer's clock, so the canceller is given a reference that is right but for what the
//! system does not know about its own delay, which it finds by itself. The callback's part is stores into atomics.

mod canceller;
mod filter;
mod gate;
mod reel;
mod tape;
mod trial;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlance_core::SampleRate;
use parlance_core::echo::CaptureHandling;

pub(crate) use filter::{EchoFilter, FRAMES_A_SECOND};
pub(crate) use tape::{Recorder, nanos_in, nanos_of};
pub use trial::{EchoTrialError, echo_trial};

use tape::Tape;

/// Ties the speakers and microphones of one room together. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct EchoPath {
    shared: Arc<Shared>,
}

/// Locks are held for microseconds, and never by a device's callback.
#[derive(Debug, Default)]
struct Shared {
    handling: Mutex<CaptureHandling>,
    /// How many times a speaker was silenced.
    silenced: AtomicU64,
    /// Of devices that are open.
    tapes: Mutex<Vec<Arc<Tape>>>,
}

impl EchoPath {
    /// A path on which captured sound is handled so.
    #[must_use]
    pub fn new(handling: CaptureHandling) -> Self {
        let path = Self::default();
        path.handle(handling);
        path
    }

    /// Handles captured sound so from now on, in open microphones too.
    pub fn handle(&self, handling: CaptureHandling) {
        *whole(&self.shared.handling) = handling;
    }

    /// How captured sound is handled.
    #[must_use]
    pub fn handling(&self) -> CaptureHandling {
        *whole(&self.shared.handling)
    }

    /// A tape for a device that begins to play.
    pub(crate) fn record(&self, rate: SampleRate) -> Recorder {
        let tape = Arc::new(Tape::new(rate));
        let mut tapes = whole(&self.shared.tapes);
        tapes.retain(|tape| !tape.is_closed());
        tapes.push(Arc::clone(&tape));
        Recorder(tape)
    }

    /// Somebody interrupted the assistant: a microphone that is shut opens at once.
    pub(crate) fn silence(&self) {
        self.shared.silenced.fetch_add(1, Ordering::Relaxed);
    }

    fn silenced(&self) -> u64 {
        self.shared.silenced.load(Ordering::Relaxed)
    }

    fn tapes(&self) -> MutexGuard<'_, Vec<Arc<Tape>>> {
        whole(&self.shared.tapes)
    }
}

/// What is kept here is changed in one go: whoever panicked meanwhile left it whole.
fn whole<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
