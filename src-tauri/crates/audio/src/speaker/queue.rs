//! What was pushed and not heard yet, and the account of every sample: pushed, heard, flushed. Pure but for the meter.
//!
//! Positions are counted in samples at the engine's rate from the opening. The device counts frames at its own rate;
//! *marks* tie the two together at the places where the conversion starts and ends, where both are known exactly.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use parlance_core::SampleRate;
use parlance_core::audio::{PlaybackPosition, QueueFull};

use super::meter::{Meter, Run};

/// How much may wait.
const LONGEST_SECONDS: u64 = 600;

pub(super) struct Queue {
    meter: Arc<Meter>,
    rate: SampleRate,
    /// The samples from `heard` on.
    samples: VecDeque<i16>,
    pushed: u64,
    /// Heard or flushed so far: the position a listener is at.
    at: u64,
    flushed: u64,
    /// Handed to the device's ring.
    fed: u64,
    /// Where utterances end, not fed yet.
    ends: VecDeque<u64>,
    run: Run,
    /// Of the device that plays this run; `None` while there is none.
    device_rate: Option<SampleRate>,
    /// Frames handed to the ring in this run.
    produced: u64,
    marks: VecDeque<Mark>,
}

/// A frame of this run and the position of the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    frame: u64,
    position: u64,
}

/// What the thread is to hand to the ring next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Feed {
    /// Sound of this run.
    Samples(Run, Vec<i16>),
    /// The utterance ends here.
    End(Run),
    /// Nothing now.
    Nothing,
}

impl Queue {
    pub(super) fn new(rate: SampleRate, meter: Arc<Meter>) -> Self {
        Self {
            run: 0,
            meter,
            rate,
            samples: VecDeque::new(),
            pushed: 0,
            at: 0,
            flushed: 0,
            fed: 0,
            ends: VecDeque::new(),
            device_rate: None,
            produced: 0,
            marks: VecDeque::from([Mark { frame: 0, position: 0 }]),
        }
    }

    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    pub(super) fn push(&mut self, samples: &[i16]) -> Result<(), QueueFull> {
        let _ = self.position();
        let most = LONGEST_SECONDS * u64::from(self.rate.hz());
        if self.samples.len() as u64 + samples.len() as u64 > most {
            return Err(QueueFull);
        }
        self.samples.extend(samples);
        self.pushed += samples.len() as u64;
        Ok(())
    }

    pub(super) fn finish(&mut self) {
        if self.ends.back() != Some(&self.pushed) && (self.pushed > self.fed || self.is_open_ended()) {
            self.ends.push_back(self.pushed);
        }
    }

    /// Whether everything was fed, but its end was not.
    fn is_open_ended(&self) -> bool {
        self.fed == self.pushed && self.marks.back().is_some_and(|mark| mark.position < self.fed)
    }

    pub(super) fn flush(&mut self) -> PlaybackPosition {
        let (run, played) = self.meter.next_run();
        if let Some(rate) = self.device_rate {
            // What the device holds will be heard: the answer ends after it, not where it was at this moment.
            let heard = self.position_of(played, rate);
            self.heard_until(heard);
        }
        self.flushed += self.pushed - self.at;
        self.at = self.pushed;
        self.samples.clear();
        self.ends.clear();
        self.begin(run);
        self.position()
    }

    pub(super) fn position(&mut self) -> PlaybackPosition {
        self.position_at(Instant::now())
    }

    fn position_at(&mut self, now: Instant) -> PlaybackPosition {
        if let Some(rate) = self.device_rate {
            let heard = self.position_of(self.meter.heard(now, rate), rate);
            self.heard_until(heard);
        }
        PlaybackPosition {
            pushed: self.pushed,
            heard: self.at - self.flushed,
            flushed: self.flushed,
            underruns: self.meter.underruns(),
        }
    }

    /// Never back: the reported delay may grow by a few milliseconds.
    fn heard_until(&mut self, heard: u64) {
        let newly = heard.saturating_sub(self.at);
        self.samples.drain(..usize::try_from(newly).unwrap_or(usize::MAX).min(self.samples.len()));
        self.at += newly;
    }

    fn position_of(&mut self, frame: u64, rate: SampleRate) -> u64 {
        while self.marks.get(1).is_some_and(|next| next.frame <= frame) {
            self.marks.pop_front();
        }
        let Some(mark) = self.marks.front() else { return self.at };
        let bound = self.marks.get(1).map_or(self.fed, |next| next.position);
        let since = frame.saturating_sub(mark.frame) * u64::from(self.rate.hz()) / u64::from(rate.hz());
        (mark.position + since).min(bound)
    }

    /// A device plays from here on.
    pub(super) fn device_opened(&mut self, rate: SampleRate) {
        let (run, _) = self.meter.next_run();
        self.begin(run);
        self.device_rate = Some(rate);
    }

    /// The device is gone: what it had not made audible is fed again to the next one.
    pub(super) fn device_gone(&mut self, at: Instant) {
        let _ = self.position_at(at);
        self.device_rate = None;
        let (run, _) = self.meter.next_run();
        self.begin(run);
    }

    fn begin(&mut self, run: Run) {
        // Ends that were fed but not heard are still to come for the next run.
        let unheard_ends: Vec<u64> = self
            .marks
            .iter()
            .map(|mark| mark.position)
            .filter(|&position| position > self.at && !self.ends.contains(&position))
            .collect();
        for end in unheard_ends.into_iter().rev() {
            self.ends.push_front(end);
        }
        self.run = run;
        self.fed = self.at;
        self.produced = 0;
        self.marks = VecDeque::from([Mark { frame: 0, position: self.at }]);
    }

    /// Takes at most `most` samples to hand to the ring.
    pub(super) fn feed(&mut self, most: usize) -> Feed {
        if self.device_rate.is_none() {
            return Feed::Nothing;
        }
        let end = self.ends.front().copied();
        if end == Some(self.fed) {
            self.ends.pop_front();
            return Feed::End(self.run);
        }
        let from = usize::try_from(self.fed - self.at).unwrap_or(usize::MAX);
        let until_end = end.map_or(usize::MAX, |end| usize::try_from(end - self.fed).unwrap_or(usize::MAX));
        let to = from.saturating_add(most.min(until_end)).min(self.samples.len());
        if from >= to {
            return Feed::Nothing;
        }
        let samples: Vec<i16> = self.samples.range(from..to).copied().collect();
        self.fed += samples.len() as u64;
        Feed::Samples(self.run, samples)
    }

    /// So many frames of the run were handed to the ring.
    pub(super) fn note_produced(&mut self, run: Run, frames: u64) {
        if run == self.run {
            self.produced += frames;
        }
    }

    /// The conversion of an utterance was played out: frames and samples agree here.
    pub(super) fn note_end(&mut self, run: Run) {
        if run == self.run {
            self.marks.push_back(Mark { frame: self.produced, position: self.fed });
        }
    }
}

#[cfg(test)]
mod tests;
