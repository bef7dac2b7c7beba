//! What the device's callback tells the rest of the program, in atomics: how much it played, and when that is audible.
//!
//! Sound belongs to a *run*: a number that grows with each flush and each device. The count of what was played and the
//! number of its run are one word, so that a flush reads the final count of a run and begins the next in one step: a
//! block that the callback had just taken is either counted before, or silenced.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parlance_core::SampleRate;

/// Names a run. Wraps around after 65,536, long after nothing of the old one is left.
pub(super) type Run = u16;

const RUN_SHIFT: u32 = 48;
const PLAYED_MASK: u64 = (1 << RUN_SHIFT) - 1;

pub(super) struct Meter {
    /// Times below count from here.
    epoch: Instant,
    /// The run in the upper 16 bits, frames played of it in the lower 48.
    run_and_played: AtomicU64,
    /// When the last frame played is audible, in nanoseconds since `epoch`.
    audible_at: AtomicU64,
    /// The run whose last sample is in the ring or past it, plus one; 0 for none.
    ended: AtomicU64,
    underruns: AtomicU64,
    /// Blocks the device has asked for.
    blocks: AtomicU64,
    /// Within the callback: the run of this block, and the frames of it that were real sound.
    block_run: AtomicU64,
    block_played: AtomicU64,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            run_and_played: AtomicU64::new(0),
            audible_at: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            underruns: AtomicU64::new(0),
            blocks: AtomicU64::new(0),
            block_run: AtomicU64::new(0),
            block_played: AtomicU64::new(0),
        }
    }

    // For the callback.

    pub(super) fn begin_block(&self) {
        let run = self.run_and_played.load(Ordering::Acquire) >> RUN_SHIFT;
        self.block_run.store(run, Ordering::Relaxed);
        self.block_played.store(0, Ordering::Relaxed);
    }

    pub(super) fn block_run(&self) -> Run {
        run_of(self.block_run.load(Ordering::Relaxed) << RUN_SHIFT)
    }

    pub(super) fn count_frame(&self) {
        // Only the callback writes it.
        self.block_played.store(self.block_played.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    pub(super) fn count_underrun(&self) {
        self.underruns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn has_ended(&self, run: Run) -> bool {
        self.ended.load(Ordering::Acquire) == u64::from(run) + 1
    }

    /// Enters the block into the account. `false` when a flush came in between: the block must be silenced.
    #[must_use]
    pub(super) fn end_block(&self, audible_at: Instant) -> bool {
        self.blocks.fetch_add(1, Ordering::Relaxed);
        let frames = self.block_played.load(Ordering::Relaxed);
        if frames == 0 {
            return true;
        }
        // First the time, then the count: a reader between the two believes that less was heard, never more.
        self.audible_at.store(self.nanos(audible_at), Ordering::Release);
        let run = self.block_run.load(Ordering::Relaxed);
        let mut before = self.run_and_played.load(Ordering::Acquire);
        while before >> RUN_SHIFT == run {
            let after = before + frames;
            match self.run_and_played.compare_exchange_weak(before, after, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => before = now,
            }
        }
        false
    }

    // For everybody else.

    /// Ends the run and begins the next. Which that is, and how many frames of the ended one were played: those that the
    /// device has taken already can be called back by nobody, and will be audible.
    pub(super) fn next_run(&self) -> (Run, u64) {
        let mut before = self.run_and_played.load(Ordering::Acquire);
        loop {
            let next = run_of(before).wrapping_add(1);
            let after = u64::from(next) << RUN_SHIFT;
            match self.run_and_played.compare_exchange_weak(before, after, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return (next, before & PLAYED_MASK),
                Err(now) => before = now,
            }
        }
    }

    /// No more of this run is coming (until [`Self::go_on`]): its rest plays even if it is short.
    pub(super) fn end(&self, run: Run) {
        self.ended.store(u64::from(run) + 1, Ordering::Release);
    }

    /// More is coming after all.
    pub(super) fn go_on(&self) {
        self.ended.store(0, Ordering::Release);
    }

    /// Frames of this run that have been audible by `now`.
    pub(super) fn heard(&self, now: Instant, rate: SampleRate) -> u64 {
        let played = self.run_and_played.load(Ordering::Acquire) & PLAYED_MASK;
        let audible_at = self.audible_at.load(Ordering::Acquire);
        let ahead = Duration::from_nanos(audible_at.saturating_sub(self.nanos(now)));
        played.saturating_sub(rate.samples_in(ahead))
    }

    pub(super) fn underruns(&self) -> u64 {
        self.underruns.load(Ordering::Relaxed)
    }

    /// Grows while the device asks for sound.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }
}

fn run_of(word: u64) -> Run {
    (word >> RUN_SHIFT) as Run
}
