//! What the clock brings, and what is told to hosts.

use std::time::Duration;

use parlance_core::audio::PlaybackEvent;

use super::super::history::FirstSound;
use super::super::machine::{Ends, Input};
use super::super::news::{VoiceNews, VoiceStatus};
use super::{Actor, Held};

/// A speaker that nobody uses is closed after this long.
const SPEAKER_REST: Duration = Duration::from_secs(30);

impl Actor {
    /// Whether anything depends on the clock. An idle Parlance does not wake the processor.
    pub(super) fn is_awake(&self) -> bool {
        self.machine.has_floor()
            || self.machine.answering().is_some()
            || self.machine.in_call()
            || !self.machine.kept().is_empty()
            || self.mouth.is_open()
    }

    pub(super) fn tick(&mut self) {
        let now = self.parts.clock.now();
        if let Some(slept) = self.sleep.look(now, self.parts.clock.wall()) {
            self.step(Input::Woke(slept));
        }
        while let Some(event) = self.mouth.poll_event() {
            self.tell(match event {
                PlaybackEvent::Lost(loss) => VoiceNews::OutputLost(loss),
                PlaybackEvent::Back(device) => VoiceNews::OutputBack(device),
            });
        }
        self.mouth.push_waiting();
        if let Some(turn) = self.machine.answering() {
            self.note_first_sound();
            if !self.answer.transcript.text().is_empty()
                && self.heard_words(self.mouth.heard()).chars().count() != self.answer.told_heard
            {
                self.tell_caption(turn);
            }
            if self.mouth.is_drained() {
                self.step(Input::Drained(turn));
            }
        }
        self.step(Input::Tick);

        let sounding = self.machine.has_floor()
            || self.machine.answering().is_some()
            || self.machine.listens()
            || self.mouth.plays_recording();
        if sounding {
            let input = std::mem::take(&mut self.input_level);
            let output = self.mouth.level();
            self.tell(VoiceNews::Level { input, output });
            self.idle_since = now;
        } else if now.saturating_duration_since(self.idle_since) >= SPEAKER_REST {
            self.mouth.rest();
        }
    }

    /// How long the first sound took, once it is heard.
    pub(super) fn note_first_sound(&mut self) {
        if self.answer.saved.first_sound.is_some() {
            return;
        }
        let now = self.parts.clock.now();
        let (Some(silent), Some(heard)) = (self.answer.silent_at, self.mouth.first_heard_at(now)) else { return };
        let total = heard.saturating_duration_since(silent);
        // Where the provider ends the turn, it is the provider that waits for it to be over.
        let sending = match (self.machine.ends(), self.answer.sent_at) {
            (Ends::Here, Some(sent)) => sent.saturating_duration_since(silent),
            _ => Duration::ZERO,
        };
        let playing = self.answer.first_at.map_or(Duration::ZERO, |first| heard.saturating_duration_since(first));
        let ours = (sending + playing).min(total);
        let network = self.round_trip.map(|network| network.min(total - ours));
        let model = total - ours - network.unwrap_or_default();
        self.answer.saved.first_sound = Some(FirstSound { total, ours, network, model });
    }

    /// Tells the state when it has changed.
    pub(super) fn tell_status(&mut self) {
        let now = self.parts.clock.now();
        let shown = self.machine.shown(now);
        let since = match &self.last_status {
            Some(last) if last.shown == shown => last.since,
            _ => now,
        };
        let conversation_of = |id| match self.kept.get(id) {
            Some(Held::Here { conversation, .. }) => conversation.clone(),
            Some(Held::Left(left)) => left.conversation.clone(),
            None => None,
        };
        let status = VoiceStatus {
            shown,
            since,
            mode: self.machine.mode(),
            microphone: self.machine.microphone(),
            locked: self.key.is_locked(),
            conversation: self.conversation.clone(),
            in_call: self.machine.in_call(),
            kept: self.machine.kept().iter().map(|kept| (*kept, conversation_of(&kept.id))).collect(),
            failure: self.machine.failure().cloned(),
            retry: self.machine.retry().map(|(at, error)| (at, error.clone())),
            speaker: self.parts.voice.speaker.clone(),
            voice: self.parts.voice.session.voice.clone(),
            call_spent: self.spent.call,
            conversation_spent: self.spent.conversation,
            today_spent: self.spent.today,
            is_capped: self.spent.today.has_reached(self.spent.cap),
        };
        if self.last_status.as_ref() != Some(&status) {
            self.last_status = Some(status.clone());
            self.tell(VoiceNews::State(Box::new(status)));
        }
    }
}
