//! What people and settings want.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::realtime::{RealtimeCommand, TurnDetection};

use super::super::history::Entry;
use super::super::machine::{Cap, Ends, Input, Microphone, PATIENCE};
use super::super::mouth::Mouth;
use super::super::news::{Patience, PatienceBy, VoiceCommand, Warmth};
use super::super::speaker::Voice;
use super::super::spending::Amount;
use super::super::utterance::{PreRoll, Utterance};
use super::{Actor, Answer, Asked};
use crate::talk_key::Meaning;

impl Actor {
    pub(super) fn obey(&mut self, command: VoiceCommand) {
        let now = self.parts.clock.now();
        match command {
            VoiceCommand::Key(edge) => {
                match self.key.edge(edge, now) {
                    Some(Meaning::Take) => self.step(Input::Take),
                    Some(Meaning::Give) => {
                        self.answer.silent_at = Some(now);
                        self.step(Input::Give);
                    }
                    Some(Meaning::Lock) | None => {}
                }
                self.unlock_without_floor();
            }
            VoiceCommand::KeyMode(mode) => self.key.set_mode(mode),
            VoiceCommand::Cancel => {
                self.key.reset();
                self.mouth.stop_recording();
                self.step(Input::Cancel);
            }
            VoiceCommand::Mode(mode) => self.step(Input::Mode(mode, self.who_ends())),
            VoiceCommand::Patience(patience) => self.change_patience(patience),
            VoiceCommand::IdleLimit(limit) => self.step(Input::IdleLimit(limit)),
            VoiceCommand::SendNow => {
                self.answer.silent_at = Some(now);
                self.step(Input::SendNow);
            }
            VoiceCommand::SendKept(id) => {
                self.answer.silent_at = Some(now);
                self.step(Input::SendKept(id));
            }
            VoiceCommand::Discard(id) => self.step(Input::Discard(id)),
            VoiceCommand::Dismiss => self.step(Input::Dismiss),
            VoiceCommand::Retry => self.step(Input::Retry),
            VoiceCommand::Say(text, place) => self.say(text, place),
            VoiceCommand::Show(picture) => match &self.session {
                Some(session) => session.send(RealtimeCommand::Show(picture)),
                // It is looked at with the next turn, whose session it opens.
                None => self.waiting_picture = Some(picture),
            },
            VoiceCommand::HangUp => {
                self.key.reset();
                self.step(Input::HangUp);
            }
            VoiceCommand::Mute(microphone) => {
                if microphone == Microphone::Shut {
                    self.pre_roll.clear();
                }
                self.step(Input::Mute(microphone));
            }
            VoiceCommand::Into(conversation) => self.speak_into(conversation),
            VoiceCommand::With(voice) => self.speak_with(*voice),
            VoiceCommand::Devices(input, output) => {
                self.parts.input = input;
                if self.microphone.take().is_some() {
                    self.open_microphone();
                }
                self.mouth.use_output(output);
            }
            VoiceCommand::Warmth(warmth) => {
                self.warmth = warmth;
                match warmth {
                    Warmth::Warm => self.open_microphone(),
                    Warmth::Cold if !self.machine.has_floor() && !self.machine.listens() => self.microphone = None,
                    Warmth::Cold => {}
                }
            }
            VoiceCommand::Today(amount, cap) => {
                self.spent.today = *amount;
                self.spent.cap = cap;
                self.check_cap();
            }
            VoiceCommand::PlayRecording(recording) => {
                if self.machine.answering().is_none() && !self.machine.has_floor() {
                    self.mouth.play_recording(recording);
                }
            }
            VoiceCommand::StopRecording => self.mouth.stop_recording(),
        }
    }

    pub(super) fn check_cap(&mut self) {
        let is_reached = self.spent.today.has_reached(self.spent.cap);
        self.step(Input::Capped(if is_reached { Cap::Reached } else { Cap::Free }));
    }

    fn change_patience(&mut self, patience: Patience) {
        if self.patience == patience {
            return;
        }
        self.patience = patience;
        self.step(Input::Patience(self.local_patience()));
        self.step(Input::Mode(self.machine.mode(), self.who_ends()));
    }

    /// The silence after which a turn is over, where we tell.
    fn local_patience(&self) -> Duration {
        match self.patience.by {
            PatienceBy::Silence(silence) => silence,
            PatienceBy::Meaning(_) => PATIENCE,
        }
    }

    /// Who ends turns hands-free, with this voice.
    pub(super) fn who_ends(&self) -> Ends {
        match self.capabilities().turns {
            TurnDetection::None => Ends::Here,
            TurnDetection::Silence | TurnDetection::Meaning if self.patience.local => Ends::Here,
            TurnDetection::Silence | TurnDetection::Meaning => Ends::Provider,
        }
    }

    fn say(&mut self, text: String, place: super::SavedTurn) {
        self.asked_next = Some((text, place));
        self.answer.silent_at = Some(self.parts.clock.now());
        self.step(Input::Say);
    }

    fn speak_into(&mut self, conversation: Option<String>) {
        if self.conversation != conversation {
            // Another conversation is another session; what was said in this one stays here.
            self.handle = None;
            self.spent.conversation = Amount::default();
            if self.session.is_some() && self.machine.answering().is_none() && !self.machine.has_floor() {
                let mode = self.machine.mode();
                self.step(Input::HangUp);
                self.step(Input::Mode(mode, self.who_ends()));
            }
        }
        self.conversation.clone_from(&conversation);
        self.note(Entry::Into(conversation));
    }

    fn speak_with(&mut self, voice: Voice) {
        self.key.reset();
        let mode = self.machine.mode();
        self.step(Input::HangUp);
        let before = self.capabilities();
        self.parts.voice = voice;
        let now = self.capabilities();
        self.handle = None;
        self.round_trip = None;
        self.utterance = Utterance::new(now.input_rate);
        self.asked = Asked::Aloud(self.utterance.clone());
        self.answer = Answer::new(now.output_rate);
        self.pre_roll = PreRoll::new(now.input_rate);
        self.mouth = Mouth::new(Arc::clone(&self.parts.output), now.output_rate);
        if before.input_rate != now.input_rate && self.microphone.take().is_some() {
            self.open_microphone();
        }
        self.step(Input::Mode(mode, self.who_ends()));
    }
}
