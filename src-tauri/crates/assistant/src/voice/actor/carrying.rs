//! The machine's effects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parlance_core::realtime::{RealtimeCommand, SessionOptions, TurnDetection, TurnId, TurnTaking};
use tokio::sync::oneshot;

use super::super::history::{Entry, Heard, SpokenQuestion};
use super::super::machine::{Effect, Ends, KeptId, Spoken};
use super::super::news::{PatienceBy, VoiceNews, Warmth};
use super::super::session::Session;
use super::super::spending::Amount;
use super::super::utterance::Utterance;
use super::{Actor, Answer, Asked, Held};

/// A new session is told so much of what was said before. A realtime session reads a few thousand words at once, and
/// pays for them in each turn.
const RECALLED_CHARACTERS: usize = 8_000;

impl Actor {
    pub(super) fn carry_out(&mut self, effect: Effect, now: Instant) {
        match effect {
            Effect::BeginUtterance(back) => self.begin_utterance(back),
            Effect::TakeChunk => {
                if let Some(chunk) = self.in_hand.take() {
                    self.utterance.append(&chunk.samples);
                    if let Some(page) = &self.utterance.page {
                        self.parts.journal.append(page, &chunk.samples);
                    }
                    self.feed();
                }
            }
            Effect::Listen => {
                self.mouth.stop_recording();
                self.open_microphone();
            }
            Effect::RestMicrophone => {
                if self.warmth == Warmth::Cold {
                    self.microphone = None;
                    self.pre_roll.clear();
                }
            }
            Effect::Connect => self.connect(),
            Effect::CloseSession => {
                self.session = None;
                self.idle_since = now;
            }
            Effect::Renewed(why) => self.tell(VoiceNews::Renewed(why)),
            Effect::ClearInput => self.command(RealtimeCommand::ClearInput),
            Effect::Expect(turn) => self.command(RealtimeCommand::Expect(turn)),
            Effect::Send(turn) => {
                self.feed();
                self.ask(turn, now);
                self.command(RealtimeCommand::CommitAndRespond(turn));
            }
            Effect::Given(turn) => self.ask(turn, now),
            Effect::SendAgain(turn) => self.send_again(turn),
            Effect::Say(turn) => self.say_written(turn, now),
            Effect::DropUtterance => {
                if let Some(page) = self.utterance.page.take() {
                    self.parts.journal.remove(page);
                }
            }
            Effect::Keep(id, which) => self.put_aside(id, which),
            Effect::SendKept(id, turn) => self.send_kept(id, turn, now),
            Effect::Forget(id) => self.forget(id),
            Effect::Play => {
                if let Some(chunk) = self.in_hand.take() {
                    self.answer.saved.sound.samples.extend_from_slice(&chunk.samples);
                    self.mouth.say(chunk);
                }
            }
            Effect::EndOfAnswer => self.mouth.finish(),
            Effect::Silence(turn) => self.silence(turn),
            Effect::Save(turn) => self.save(turn),
            Effect::SaveBroken(turn, error) => {
                self.note_heard();
                self.answer.saved.error = Some(error);
                self.save(turn);
            }
        }
    }

    fn command(&self, command: RealtimeCommand) {
        if let Some(session) = &self.session {
            session.send(command);
        }
    }

    fn begin_utterance(&mut self, back: Duration) {
        self.mouth.stop_recording();
        self.mouth.wake();
        let rate = self.capabilities().input_rate;
        self.utterance = Utterance::new(rate);
        self.utterance.page = self.parts.journal.begin(rate, self.conversation.as_deref());
        self.silent_for = Duration::ZERO;
        if self.microphone.is_some() {
            let before = self.pre_roll.take(rate.samples_in(back));
            self.utterance.append(&before);
            if let Some(page) = &self.utterance.page {
                self.parts.journal.append(page, &before);
            }
        } else {
            self.open_microphone();
        }
        self.feed();
    }

    fn connect(&mut self) {
        let voice = &self.parts.voice;
        let mut options = SessionOptions { turns: self.turn_taking(), ..voice.session.clone() };
        options.resume.clone_from(&self.handle);
        if let Some(toolkit) = self.parts.tools.as_ref().filter(|_| voice.model.capabilities().calls) {
            options.tools = toolkit.offered();
        }
        let before = self.conversation.is_some().then(|| {
            let (told, before) = oneshot::channel();
            self.note(Entry::Recall { characters: RECALLED_CHARACTERS, told });
            before
        });
        let session = Session::start(Arc::clone(&voice.model), options, before);
        if let Some(picture) = self.waiting_picture.take() {
            session.send(RealtimeCommand::Show(picture));
        }
        self.session = Some(session);
        self.session_is_new = true;
        if self.machine.has_floor() {
            self.utterance.rewind();
            self.feed();
        }
    }

    fn turn_taking(&self) -> TurnTaking {
        if self.machine.ends() == Ends::Here {
            return TurnTaking::Manual;
        }
        match (self.patience.by, self.capabilities().turns) {
            (PatienceBy::Silence(silence), _) => TurnTaking::Silence(silence),
            (PatienceBy::Meaning(eagerness), TurnDetection::Meaning) => TurnTaking::Meaning(eagerness),
            (PatienceBy::Meaning(_), _) => TurnTaking::Silence(super::super::machine::PATIENCE),
        }
    }

    /// The utterance is a turn: it is kept, and its answer is waited for.
    fn ask(&mut self, turn: TurnId, now: Instant) {
        let empty = Utterance::new(self.capabilities().input_rate);
        let mut asked = std::mem::replace(&mut self.utterance, empty);
        if let Some(page) = &asked.page {
            self.parts.journal.close(page);
        }
        self.begin_turn(turn, &mut asked, now);
        self.asked = Asked::Aloud(asked);
    }

    fn begin_turn(&mut self, turn: TurnId, asked: &mut Utterance, now: Instant) {
        let question = SpokenQuestion {
            conversation: None,
            sound: asked.sound().clone(),
            speaker: self.parts.voice.speaker.clone(),
            again: None,
        };
        let again = asked.sent.replace(turn);
        self.note(Entry::Begin { turn, question, again, page: asked.page.clone() });
        let mut spent = Amount::default();
        spent.say(asked.sound().duration());
        self.begin_answer(spent, now);
    }

    fn begin_answer(&mut self, spent: Amount, now: Instant) {
        let silent_at = self.answer.silent_at.take();
        self.answer = Answer { silent_at, sent_at: Some(now), spent, ..Answer::new(self.capabilities().output_rate) };
        self.errands = None;
        self.mouth.begin_answer();
    }

    /// The session that stands now has nothing of the turn.
    fn send_again(&mut self, turn: TurnId) {
        let Some(session) = &self.session else { return };
        match &mut self.asked {
            Asked::Aloud(utterance) => {
                utterance.rewind();
                if let Some(chunk) = utterance.feed() {
                    session.send(RealtimeCommand::AppendAudio(chunk));
                }
                session.send(RealtimeCommand::CommitAndRespond(turn));
            }
            Asked::InWriting(text) => session.send(RealtimeCommand::Say { turn, text: text.clone() }),
        }
    }

    fn say_written(&mut self, turn: TurnId, now: Instant) {
        let Some((text, place)) = self.asked_next.take() else { return };
        self.note(Entry::Placed(turn, place.clone()));
        self.begin_answer(Amount::default(), now);
        self.answer.place = Some(place);
        self.command(RealtimeCommand::Say { turn, text: text.clone() });
        self.asked = Asked::InWriting(text);
    }

    fn put_aside(&mut self, id: KeptId, which: Spoken) {
        let utterance = match (which, &self.asked) {
            (Spoken::Now, _) => {
                if let Some(page) = &self.utterance.page {
                    self.parts.journal.close(page);
                }
                let empty = Utterance::new(self.capabilities().input_rate);
                std::mem::replace(&mut self.utterance, empty)
            }
            (Spoken::Before, Asked::Aloud(asked)) => asked.clone(),
            (Spoken::Before, Asked::InWriting(_)) => return,
        };
        let conversation = self.conversation.clone();
        self.kept.insert(id, Held::Here { utterance, conversation });
    }

    fn send_kept(&mut self, id: KeptId, turn: TurnId, now: Instant) {
        let rate = self.capabilities().input_rate;
        let (utterance, conversation) = match self.kept.remove(&id) {
            Some(Held::Here { utterance, conversation }) => (utterance, conversation),
            Some(Held::Left(left)) => {
                let sound = self.parts.journal.read(&left.page).unwrap_or_else(|| Utterance::new(rate).sound().clone());
                (Utterance::of(sound, Some(left.page)), left.conversation)
            }
            None => return,
        };
        if conversation.is_some() && conversation != self.conversation {
            self.conversation.clone_from(&conversation);
            self.note(Entry::Into(conversation));
        }
        let mut asked = utterance.at(rate, self.parts.resample);
        asked.rewind();
        self.mouth.wake();
        self.begin_turn(turn, &mut asked, now);
        self.asked = Asked::Aloud(asked);
        self.send_again(turn);
    }

    fn forget(&mut self, id: KeptId) {
        let page = match self.kept.remove(&id) {
            Some(Held::Here { utterance, .. }) => utterance.page,
            Some(Held::Left(left)) => Some(left.page),
            None => None,
        };
        if let Some(page) = page {
            self.parts.journal.remove(page);
        }
    }

    fn silence(&mut self, turn: TurnId) {
        let heard = self.note_heard();
        self.command(RealtimeCommand::Cancel(turn));
        if !self.answer.saved.sound.samples.is_empty() {
            let words = self.heard_words(heard).to_owned();
            self.command(RealtimeCommand::Truncate { turn, heard, words });
        }
        self.save(turn);
    }

    /// The speaker is silent, and what was heard of the answer is noted.
    fn note_heard(&mut self) -> Duration {
        let sound = self.mouth.silence();
        let characters = self.heard_words(sound).chars().count();
        self.answer.saved.heard = Some(Heard { sound, characters });
        sound
    }

    fn save(&mut self, turn: TurnId) {
        self.note_first_sound();
        let rate = self.capabilities().output_rate;
        let mut answer = std::mem::replace(&mut self.answer, Answer::new(rate));
        answer.saved.transcript = answer.transcript.text().to_owned();
        if let Some(errands) = self.errands.take() {
            answer.saved.tools = errands.into_blocks();
        }
        let text = answer.saved.transcript.clone();
        if !text.is_empty() {
            let all = text.chars().count();
            let heard = answer.saved.heard.map_or(all, |heard| heard.characters);
            self.tell(VoiceNews::Caption { turn, by: parlance_core::realtime::Side::Model, text, heard });
        }
        answer.spent.answer(answer.saved.sound.duration());
        self.note(Entry::Finish(turn, answer.saved));
        self.spend(answer.spent);
    }

    /// Gives the session what it does not have of the utterance yet. Without one the utterance waits.
    fn feed(&mut self) {
        if let Some(session) = &self.session
            && let Some(chunk) = self.utterance.feed()
        {
            session.send(RealtimeCommand::AppendAudio(chunk));
        }
    }
}
