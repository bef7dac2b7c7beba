//! What the session tells.

use std::time::Duration;

use parlance_core::error::ProviderError;
use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, Side, SoundTokens, TurnId};
use parlance_core::{ModelEvent, TokenUsage, ToolUse};

use serde_json::{Map, Value};

use super::super::history::{Entry, SavedTurn};
use super::super::machine::{Ends, Input, Tools};
use super::super::news::VoiceNews;
use super::super::session::Told;
use super::super::spending::Amount;
use super::super::transcript::Extent;
use super::Actor;
use crate::tools::{Errands, Finished, Limits};

/// What an answer wanted before its place was known.
pub(super) enum Early {
    Call(ToolUse),
    Complete,
}

impl Actor {
    pub(super) fn answered(&mut self, told: Result<Told, ProviderError>) {
        match told {
            Ok(Told::Opened) => {
                let longest = self.capabilities().longest_session;
                self.step(Input::LineOpened { longest });
            }
            Ok(Told::Event(event)) => self.heard(event),
            Err(error) => {
                // A handle that is refused must not be tried for ever.
                if self.session_is_new {
                    self.handle = None;
                }
                self.session = None;
                let chance = (self.parts.chance)();
                self.step(Input::LineLost { error, chance });
            }
        }
    }

    fn heard(&mut self, event: RealtimeEvent) {
        self.session_is_new = false;
        let is_current = |turn| self.machine.answering() == Some(turn);
        match event {
            RealtimeEvent::Committed(turn) => {
                if self.machine.ends() == Ends::Provider && self.machine.has_floor() {
                    self.answer.silent_at = self.machine.fell_silent();
                }
                self.step(Input::Committed(turn));
            }
            RealtimeEvent::SpeechStarted => self.step(Input::SpeechStarted),
            RealtimeEvent::SpeechStopped => {}
            RealtimeEvent::UserTranscript { turn, text } => {
                let heard = text.chars().count();
                self.tell(VoiceNews::Caption { turn, by: Side::Person, text: text.clone(), heard });
                self.note(Entry::WriteDown(turn, text));
            }
            RealtimeEvent::ResponseStarted(turn) => self.step(Input::AnswerBegan(turn)),
            RealtimeEvent::AudioDelta { turn, chunk } => {
                if is_current(turn) && self.answer.first_at.is_none() {
                    self.answer.first_at = Some(self.parts.clock.now());
                }
                self.in_hand = Some(chunk);
                self.step(Input::AnswerSound(turn));
                self.in_hand = None;
            }
            RealtimeEvent::TranscriptDelta { turn, text } => {
                if is_current(turn) {
                    let sound = self.answer.saved.sound.duration();
                    self.answer.transcript.append(&text, sound);
                    self.tell_caption(turn);
                }
                self.step(Input::AnswerBegan(turn));
            }
            RealtimeEvent::ToolCall { turn, id, name, arguments } => {
                self.step(Input::Tools(turn, Tools::Run));
                if self.machine.answering() == Some(turn) {
                    let call = match arguments {
                        Ok(input) => ToolUse { id, name, input, raw_input: None, thought_signature: None },
                        Err(raw) => {
                            ToolUse { id, name, input: Map::new(), raw_input: Some(raw), thought_signature: None }
                        }
                    };
                    self.wanted(turn, Early::Call(call));
                }
            }
            RealtimeEvent::CallsComplete { turn, usage, sound } => {
                self.count(usage, sound, Some(turn));
                if self.machine.answering() == Some(turn) {
                    self.wanted(turn, Early::Complete);
                }
            }
            RealtimeEvent::CallsWithdrawn { ids } => {
                if let Some(errands) = &mut self.errands {
                    errands.withdraw(&ids);
                }
                self.hand_over_results();
            }
            RealtimeEvent::Interrupted(turn) => self.step(Input::Interrupted(turn)),
            RealtimeEvent::ResponseDone { turn, usage, sound, .. } => {
                self.count(usage, sound, Some(turn));
                self.step(Input::AnswerDone(turn));
            }
            RealtimeEvent::ResponseFailed { turn, error } => self.step(Input::AnswerFailed(turn, error)),
            RealtimeEvent::Spent { usage, sound } => self.count(Some(usage), sound, None),
            RealtimeEvent::TranscriptFailed { error, .. } => {
                tracing::info!(%error, "the provider did not write down what was said");
            }
            RealtimeEvent::PictureRefused(error) => tracing::warn!(%error, "the picture was not taken"),
            RealtimeEvent::Resumable(handle) => self.handle = Some(handle),
            RealtimeEvent::GoingAway { left } => self.step(Input::GoingAway(left)),
            RealtimeEvent::RateLimit { name, remaining, .. } => {
                tracing::debug!(name, remaining, "what is left of a limit");
            }
            RealtimeEvent::RoundTrip(took) => self.round_trip = Some(took),
        }
    }

    /// Tokens are paid for, whatever became of the answer.
    fn count(&mut self, usage: Option<TokenUsage>, sound: Option<SoundTokens>, turn: Option<TurnId>) {
        let price = self.parts.voice.price;
        if turn.is_some() && turn == self.machine.answering() {
            self.answer.spent.count(usage, sound, price);
            if let Some(usage) = usage {
                let sum = self.answer.saved.usage.get_or_insert_default();
                sum.input_tokens += usage.input_tokens;
                sum.output_tokens += usage.output_tokens;
                sum.cached_tokens = usage.cached_tokens.map(|more| more + sum.cached_tokens.unwrap_or(0));
            }
            return;
        }
        let mut late = Amount::default();
        late.count(usage, sound, price);
        if usage.is_some() {
            self.spend(late);
        }
    }

    /// An amount is counted for everything it belongs to.
    pub(super) fn spend(&mut self, amount: Amount) {
        self.spent.call.add(amount);
        self.spent.conversation.add(amount);
        self.spent.today.add(amount);
        self.tell(VoiceNews::Spent(Box::new(amount)));
        self.check_cap();
    }

    fn wanted(&mut self, turn: TurnId, what: Early) {
        let Some(place) = self.answer.place.clone() else {
            self.answer.early_calls.push(what);
            return;
        };
        if self.errands.is_none() {
            let Some(toolkit) = &self.parts.tools else { return };
            let (tools, overseer) = toolkit.open(&place);
            let finished = self.finished.0.clone();
            self.errands = Some(Errands::new(turn, tools, overseer, Limits::default(), finished));
        }
        match what {
            Early::Call(call) => {
                let index = self.answer.calls;
                self.answer.calls += 1;
                let arguments = call.raw_input.clone().unwrap_or_else(|| Value::Object(call.input.clone()).to_string());
                let (id, name) = (call.id.as_str().into(), call.name.as_str().into());
                self.parts.history.grows(&place, &ModelEvent::ToolCallDelta { index, id, name, arguments });
                self.parts.history.grows(&place, &ModelEvent::ToolCall { index, call: Box::new(call.clone()) });
                if let Some(errands) = &mut self.errands {
                    errands.begin(call);
                }
            }
            Early::Complete => {
                if let Some(errands) = &mut self.errands {
                    errands.complete();
                }
                self.hand_over_results();
            }
        }
    }

    /// The history says where a turn is kept.
    pub(super) fn placed(&mut self, turn: TurnId, place: SavedTurn) {
        self.conversation = Some(place.conversation.clone());
        if self.machine.answering() != Some(turn) {
            return;
        }
        self.answer.place = Some(place);
        for early in std::mem::take(&mut self.answer.early_calls) {
            self.wanted(turn, early);
        }
    }

    pub(super) fn call_finished(&mut self, finished: Finished) {
        let Some(errands) = &mut self.errands else { return };
        if errands.turn() != finished.turn {
            return;
        }
        if let Some(place) = &self.answer.place {
            self.parts.history.grows(place, &finished.event());
        }
        errands.take(finished);
        self.hand_over_results();
    }

    fn hand_over_results(&mut self) {
        let Some(errands) = &mut self.errands else { return };
        let turn = errands.turn();
        if let (Some(results), Some(session)) = (errands.results(), &self.session) {
            session.send(RealtimeCommand::ToolResults { turn, results });
            self.step(Input::Tools(turn, Tools::Done));
        }
    }

    /// The words of the answer, and how many of them were heard.
    pub(super) fn tell_caption(&mut self, turn: TurnId) {
        let heard = self.heard_words(self.mouth.heard()).chars().count();
        self.answer.told_heard = heard;
        let text = self.answer.transcript.text().to_owned();
        self.tell(VoiceNews::Caption { turn, by: Side::Model, text, heard });
    }

    pub(super) fn heard_words(&self, heard: Duration) -> &str {
        let sound = self.answer.saved.sound.duration();
        let extent = if self.machine.answer_is_whole() { Extent::Whole(sound) } else { Extent::SoFar(sound) };
        self.answer.transcript.heard(heard, extent)
    }
}
