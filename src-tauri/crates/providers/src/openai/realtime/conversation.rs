//! A session in OpenAI's realtime words: what is sent for each command, and what the events mean. Spoken by OpenAI itself
//! (both generations of names are read), by xAI, and, with other manners, by DashScope.
//!
//! A response is matched to its turn by order: one runs at a time, and each was asked for, by us or by the end of a turn that
//! the server heard. Sound of a response that was cancelled finds no turn any more, and is dropped.

mod complaints;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::realtime::{Picture, RealtimeCommand, RealtimeEvent, SessionOptions, TurnId, TurnTaking};
use parlance_core::{AudioChunk, Category, ProviderError};

use super::answer::{Running, Spoken, ToolCall};
use super::counts::{Counted, counted, rate_limit, reason};
use super::frames;
use super::manners::{Cancelled, Idle, Manners, Pictures, Truncation};
use super::said::Said;
use super::session::{self, Moment};
use super::wire::{Event, Item, Response};
use crate::realtime::{self, Codec, Made, Reading};
use crate::{errors, lenient};

/// A server that may not say that a cancelled answer is done is waited for so long.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);
/// The ids of so many calls are remembered. A call that is told twice is told within a turn or two.
const REMEMBERED: usize = 64;

/// One session.
#[derive(Debug)]
pub struct Conversation {
    provider: Arc<str>,
    manners: Manners,
    options: SessionOptions,
    /// `session.created` has come.
    ready: bool,
    /// `session.updated` has come: the server took what it was told about the session.
    settled: bool,
    /// Sound of the model's was heard.
    voice_was_heard: bool,
    /// Sound was appended and not committed.
    has_sound: bool,
    /// Turns of ours whose sound the server has not acknowledged.
    committed: VecDeque<TurnId>,
    /// What the next turn is called that the server ends.
    expected: Option<TurnId>,
    /// The server ended a turn that has no name yet; inside, the item that holds it.
    unnamed: Option<Option<String>>,
    /// Answers that were asked for and have not begun.
    asked: VecDeque<Asked>,
    /// The answer that comes now.
    running: Option<Running>,
    /// Turns whose answers are asked for again when the running one is over.
    again: VecDeque<TurnId>,
    /// The turn whose answer was said to have begun.
    begun: Option<TurnId>,
    /// Turns of whose answers nothing more is told, the newest last.
    closed: VecDeque<TurnId>,
    spoken: Option<Spoken>,
    said: Said,
    /// The ids of the calls that were told, the newest last.
    calls: VecDeque<String>,
    /// Pictures that wait for sound.
    pictures: Vec<String>,
    /// How many pictures were sent.
    shown: u64,
}

/// An answer that was asked for.
#[derive(Debug)]
struct Asked {
    /// `None` once nobody wants it any more.
    turn: Option<TurnId>,
    /// Whether its beginning is the first sign that the server has the turn.
    acknowledges: bool,
}

impl Codec for Conversation {
    fn hello(&mut self) -> Vec<String> {
        let session = session::json(&self.manners, &self.options, Moment::Opening);
        let history = std::mem::take(&mut self.options.history);
        let told = history.iter().map(|said| frames::remembered(self.manners.layout, said));
        std::iter::once(frames::update(&session, Some("session"))).chain(told).collect()
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn can_read(&self) -> bool {
        self.unnamed.is_none()
    }

    fn is_in_turn(&self) -> bool {
        self.running.is_some() || !(self.committed.is_empty() && self.asked.is_empty() && self.again.is_empty())
    }

    fn encode(&mut self, command: RealtimeCommand, made: &mut Made) {
        match command {
            RealtimeCommand::AppendAudio(chunk) => {
                made.frames.push(frames::appended(&chunk));
                self.has_sound = true;
                made.frames.append(&mut self.pictures);
            }
            RealtimeCommand::CommitAndRespond(turn) => {
                self.has_sound = false;
                self.committed.push_back(turn);
                made.frames.push(frames::commit(turn));
                self.respond(turn, made);
            }
            RealtimeCommand::Expect(turn) => self.expect(turn, made),
            RealtimeCommand::ClearInput => {
                self.has_sound = false;
                made.frames.push(frames::clear());
            }
            RealtimeCommand::Cancel(turn) => self.cancel(turn, made),
            RealtimeCommand::Truncate { turn, heard, words } => self.truncate(turn, heard, &words, made),
            RealtimeCommand::Say { turn, text } => {
                made.frames.push(frames::words(&text));
                self.respond(turn, made);
                if let Some(asked) = self.asked.back_mut() {
                    asked.acknowledges = true;
                }
            }
            RealtimeCommand::Show(picture) => self.show(&picture, made),
            RealtimeCommand::ToolResults { turn, .. } if self.closed.contains(&turn) => {}
            RealtimeCommand::ToolResults { turn, results } => {
                made.frames.extend(results.iter().map(frames::result));
                self.respond(turn, made);
            }
            RealtimeCommand::Update(options) => {
                self.options = SessionOptions { history: Vec::new(), ..*options };
                let moment = Moment::Later { voice_was_heard: self.voice_was_heard };
                let session = session::json(&self.manners, &self.options, moment);
                made.frames.push(frames::update(&session, None));
            }
        }
    }

    fn decode(&mut self, frame: &str, made: &mut Made) -> Result<Reading, ProviderError> {
        let Ok(event) = lenient::object::<Event<'_>>(frame) else { return Ok(Reading::Malformed) };
        match event.kind.words().unwrap_or_default() {
            "session.created" => self.ready = true,
            "session.updated" => self.settled = true,
            "error" => self.error(&event, made)?,
            "input_audio_buffer.speech_started" => self.speech_started(&event, made),
            "input_audio_buffer.speech_stopped" => made.events.push_back(RealtimeEvent::SpeechStopped),
            "input_audio_buffer.committed" => self.acknowledged(&event, made),
            "conversation.item.input_audio_transcription.delta"
            | "conversation.item.input_audio_transcription.text"
            | "conversation.item.input_audio_transcription.updated" => made.events.extend(self.said.more(&event)),
            "conversation.item.input_audio_transcription.completed" => made.events.extend(self.said.whole(&event)),
            "conversation.item.input_audio_transcription.failed" => {
                made.events.extend(self.said.failed(&self.provider, &event));
            }
            "response.created" => self.started(&event, made),
            "response.output_item.added" => self.item_added(&event),
            "response.output_item.done" => self.item_done(&event, made),
            "response.output_audio.delta" | "response.audio.delta" => return Ok(self.sound(&event, made)),
            "response.output_audio_transcript.delta"
            | "response.audio_transcript.delta"
            | "response.output_text.delta"
            | "response.text.delta" => {
                self.words(&event, event.delta.words(), made);
            }
            // Who said its words piece by piece has said them.
            "response.output_audio_transcript.done" | "response.audio_transcript.done" if !self.has_words() => {
                self.words(&event, event.transcript.words(), made);
            }
            "response.output_text.done" | "response.text.done" if !self.has_words() => {
                self.words(&event, event.text.words(), made);
            }
            "response.function_call_arguments.delta" => {
                if self.turn_of(&event).is_some()
                    && let Some(running) = &mut self.running
                {
                    running.more_arguments(&event);
                }
            }
            "response.function_call_arguments.done" => {
                if let Some(turn) = self.turn_of(&event) {
                    let call = self.running.as_mut().and_then(|running| running.arguments_done(&event));
                    self.called(turn, call, made);
                }
            }
            "response.done" => {
                let usage = event.usage.0.as_ref().and_then(counted);
                self.done(event.response.0.unwrap_or_default(), usage, made);
            }
            "rate_limits.updated" => {
                made.events.extend(event.rate_limits.0.iter().flatten().filter_map(rate_limit));
            }
            other => tracing::trace!(provider = &*self.provider, event = other, "nothing to do"),
        }
        Ok(Reading::Understood)
    }

    fn lapsed(&mut self, made: &mut Made) {
        if self.running.as_ref().is_some_and(|running| running.turn.is_none()) {
            self.over(made);
        }
    }

    fn keep_alive(&mut self) -> Vec<String> {
        if self.manners.idle == Idle::Pings || self.has_sound {
            return Vec::new();
        }
        // 20 ms, which nobody hears: they are taken back where we end the turns, and are silence where the server does.
        let rate = self.manners.input_rate;
        let silence = AudioChunk { samples: vec![0; rate.samples_in(Duration::from_millis(20)) as usize], rate };
        let taken_back = (self.options.turns == TurnTaking::Manual).then(frames::clear);
        std::iter::once(frames::appended(&silence)).chain(taken_back).collect()
    }

    fn closed(&self, code: u16, reason: &str) -> ProviderError {
        errors::from_close(&self.provider, code, reason)
    }
}

impl Conversation {
    pub(crate) fn new(provider: Arc<str>, manners: Manners, options: SessionOptions) -> Self {
        Self {
            provider,
            manners,
            options,
            ready: false,
            settled: false,
            voice_was_heard: false,
            has_sound: false,
            committed: VecDeque::new(),
            expected: None,
            unnamed: None,
            asked: VecDeque::new(),
            running: None,
            again: VecDeque::new(),
            begun: None,
            closed: VecDeque::new(),
            spoken: None,
            said: Said::default(),
            calls: VecDeque::new(),
            pictures: Vec::new(),
            shown: 0,
        }
    }

    fn respond(&mut self, turn: TurnId, made: &mut Made) {
        self.asked.push_back(Asked { turn: Some(turn), acknowledges: false });
        made.frames.push(frames::respond(turn));
    }

    /// Nothing more is told of this turn's answer; whether anything could have been.
    fn close(&mut self, turn: TurnId) -> bool {
        if self.closed.contains(&turn) {
            return false;
        }
        self.closed.push_back(turn);
        if self.closed.len() > REMEMBERED {
            self.closed.pop_front();
        }
        true
    }

    /// This turn has no answer.
    fn fail(&mut self, turn: TurnId, error: ProviderError, made: &mut Made) {
        self.again.retain(|again| *again != turn);
        for asked in &mut self.asked {
            asked.turn.take_if(|asked| *asked == turn);
        }
        if let Some(running) = &mut self.running {
            running.turn.take_if(|running| *running == turn);
        }
        if self.close(turn) {
            made.events.push_back(RealtimeEvent::ResponseFailed { turn, error });
        }
    }

    fn cancel(&mut self, turn: TurnId, made: &mut Made) {
        self.close(turn);
        self.again.retain(|again| *again != turn);
        for asked in &mut self.asked {
            asked.turn.take_if(|asked| *asked == turn);
        }
        if let Some(running) = self.running.as_mut().filter(|running| running.turn == Some(turn)) {
            running.turn = None;
            made.frames.push(frames::cancel(&running.response));
            if self.manners.cancelled == Cancelled::Unsaid {
                made.lapse = Some(CANCEL_LIMIT);
            }
        }
    }

    fn truncate(&mut self, turn: TurnId, heard: Duration, words: &str, made: &mut Made) {
        let Some(spoken) = self.spoken.take_if(|spoken| spoken.turn == turn) else { return };
        match self.manners.truncation {
            Truncation::Known => made.frames.extend(spoken.cut_at(heard)),
            Truncation::InWords => {
                made.frames.push(frames::words(&realtime::interruption(words)));
            }
        }
    }

    fn show(&mut self, picture: &Picture, made: &mut Made) {
        let base64 = BASE64.encode(&picture.bytes);
        self.shown += 1;
        let event_id = format!("picture-{}", self.shown);
        match self.manners.pictures {
            Pictures::Messages => {
                made.frames.push(frames::picture(&event_id, &picture.media_type, &base64));
            }
            Pictures::Beside { .. } if picture.media_type != "image/jpeg" => {
                self.refuse_picture(Category::InvalidRequest, "the model looks at JPEG pictures only", made);
            }
            Pictures::Beside { max_base64 } if base64.len() > max_base64 => {
                let message = format!("the model looks at pictures up to {} KB only", max_base64 / 4 * 3 / 1024);
                self.refuse_picture(Category::TooLarge, message, made);
            }
            Pictures::Beside { .. } => {
                let place = if self.has_sound { &mut made.frames } else { &mut self.pictures };
                place.push(frames::picture_beside(&event_id, &base64));
            }
            Pictures::Refused => {
                self.refuse_picture(Category::InvalidRequest, "the model does not look at pictures", made);
            }
        }
    }

    fn refuse_picture(&self, category: Category, message: impl Into<String>, made: &mut Made) {
        let error = ProviderError::new(&*self.provider, category, message);
        made.events.push_back(RealtimeEvent::PictureRefused(error));
    }

    /// A name for the next turn that the server ends, or for the one that it has ended already.
    fn expect(&mut self, turn: TurnId, made: &mut Made) {
        match self.unnamed.take() {
            Some(item) => self.ended(turn, item.as_deref(), made),
            None => self.expected = Some(turn),
        }
    }

    fn speech_started(&mut self, event: &Event<'_>, made: &mut Made) {
        // Its words may be written down before it is over.
        if let (Some(turn), Some(item)) = (self.expected, event.item_id.words()) {
            self.said.hold(Some(item), turn);
        }
        made.events.push_back(RealtimeEvent::SpeechStarted);
    }

    fn acknowledged(&mut self, event: &Event<'_>, made: &mut Made) {
        let item = event.item_id.words();
        if let Some(turn) = self.committed.pop_front() {
            self.said.hold(item, turn);
            made.events.push_back(RealtimeEvent::Committed(turn));
        } else if self.options.turns != TurnTaking::Manual {
            match self.expected.take() {
                Some(turn) => self.ended(turn, item, made),
                None => self.unnamed = Some(item.map(str::to_owned)),
            }
        }
    }

    /// The server ended a turn, and will answer it unasked.
    fn ended(&mut self, turn: TurnId, item: Option<&str>, made: &mut Made) {
        self.has_sound = false;
        self.said.hold(item, turn);
        self.asked.push_back(Asked { turn: Some(turn), acknowledges: false });
        made.events.push_back(RealtimeEvent::Committed(turn));
    }

    fn started(&mut self, event: &Event<'_>, made: &mut Made) {
        let id = event.response.0.as_ref().and_then(|response| response.id.words()).unwrap_or_default().to_owned();
        let asked = self.asked.pop_front().or_else(|| self.unasked());
        let turn = asked.as_ref().and_then(|asked| asked.turn).filter(|turn| !self.closed.contains(turn));
        // One answer runs at a time: that of before is over, though nobody said so.
        let before = self.running.take().and_then(|running| running.turn).filter(|before| Some(*before) != turn);
        made.events.extend(before.filter(|before| self.close(*before)).map(RealtimeEvent::Interrupted));
        match turn {
            Some(turn) => {
                if asked.is_some_and(|asked| asked.acknowledges) {
                    made.events.push_back(RealtimeEvent::Committed(turn));
                }
                // An answer that goes on after its tools began before them.
                if self.begun.replace(turn) != Some(turn) {
                    made.events.push_back(RealtimeEvent::ResponseStarted(turn));
                }
            }
            None => made.frames.push(frames::cancel(&id)),
        }
        self.running = Some(Running::new(id, turn));
    }

    /// An answer that the server gives unasked: to what waits to be asked again, or to a turn of which it did not say that it
    /// is over.
    fn unasked(&mut self) -> Option<Asked> {
        if let Some(turn) = self.again.pop_front() {
            return Some(Asked { turn: Some(turn), acknowledges: false });
        }
        let is_the_servers = self.options.turns != TurnTaking::Manual && self.committed.is_empty();
        let turn = self.expected.take_if(|_| is_the_servers)?;
        Some(Asked { turn: Some(turn), acknowledges: true })
    }

    fn item_added(&mut self, event: &Event<'_>) {
        let (Some(turn), Some(item)) = (self.turn_of(event), event.item.0.as_ref()) else { return };
        if item.kind.words() == Some("message")
            && let Some(id) = item.id.words()
        {
            let before = self.spoken.take_if(|spoken| spoken.turn == turn);
            self.spoken.insert(before.unwrap_or_else(|| Spoken::new(turn))).item(id);
        }
        if let Some(running) = &mut self.running {
            running.item_added(item);
        }
    }

    fn item_done(&mut self, event: &Event<'_>, made: &mut Made) {
        match (self.turn_of(event), event.item.0.as_ref()) {
            // The server heard the person, and may not say more about it.
            (Some(turn), Some(item)) if self.was_interrupted(item) => {
                self.close(turn);
                made.events.push_back(RealtimeEvent::Interrupted(turn));
                self.over(made);
            }
            (Some(turn), Some(item)) => {
                let call = self.running.as_mut().and_then(|running| running.item_done(item));
                self.called(turn, call, made);
            }
            (None, _) if self.may_end_with_item() && self.is_running(event) => self.over(made),
            _ => {}
        }
    }

    fn was_interrupted(&self, item: &Item<'_>) -> bool {
        let is_the_servers = self.options.turns != TurnTaking::Manual;
        self.may_end_with_item() && is_the_servers && item.status.words() == Some("incomplete")
    }

    fn may_end_with_item(&self) -> bool {
        self.manners.cancelled == Cancelled::Unsaid
    }

    fn called(&mut self, turn: TurnId, call: Option<ToolCall>, made: &mut Made) {
        let Some(call) = call.filter(|call| !self.calls.contains(&call.id)) else { return };
        self.calls.push_back(call.id.clone());
        if self.calls.len() > REMEMBERED {
            self.calls.pop_front();
        }
        made.events.push_back(call.of(turn));
    }

    fn words(&mut self, event: &Event<'_>, words: Option<&str>, made: &mut Made) {
        let (Some(turn), Some(words)) = (self.turn_of(event), words) else { return };
        if let Some(running) = &mut self.running {
            running.has_words = true;
        }
        made.events.push_back(RealtimeEvent::TranscriptDelta { turn, text: words.to_owned() });
    }

    fn has_words(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.has_words)
    }

    fn sound(&mut self, event: &Event<'_>, made: &mut Made) -> Reading {
        let (Some(turn), Some(base64)) = (self.turn_of(event), event.delta.words()) else { return Reading::Understood };
        let rate = self.manners.output_rate;
        let Some(chunk) = self.running.as_mut().and_then(|running| running.sound.decode(base64, rate)) else {
            return Reading::Malformed;
        };
        self.voice_was_heard = true;
        if let Some(spoken) = self.spoken.as_mut().filter(|spoken| spoken.turn == turn) {
            spoken.sound(chunk.duration());
        }
        made.events.push_back(RealtimeEvent::AudioDelta { turn, chunk });
        Reading::Understood
    }

    fn done(&mut self, response: Response<'_>, beside: Option<Counted>, made: &mut Made) {
        let is_it = |running: &mut Running| response.id.words().is_none_or(|id| id == running.response);
        let Some(mut running) = self.running.take_if(is_it) else { return };
        let counted = response.usage.0.as_ref().and_then(counted).or(beside);
        let (usage, sound) = counted.map_or((None, None), |(usage, sound)| (Some(usage), sound));
        let details = response.status_details.0.unwrap_or_default();
        let spent = usage.map(|usage| RealtimeEvent::Spent { usage, sound });
        match (running.turn, response.status.words()) {
            (None, _) => made.events.extend(spent),
            (Some(turn), Some("failed")) => {
                let error = errors::from_object(&self.provider, &details.error.unwrap_or_default());
                made.events.extend(spent);
                self.fail(turn, error, made);
            }
            (Some(turn), Some("cancelled")) => {
                self.close(turn);
                made.events.extend(spent);
                made.events.push_back(RealtimeEvent::Interrupted(turn));
            }
            (Some(turn), status) => {
                for item in response.output.0.iter().flatten() {
                    let call = running.item_done(item);
                    self.called(turn, call, made);
                }
                made.events.push_back(if running.asks() {
                    RealtimeEvent::CallsComplete { turn, usage, sound }
                } else {
                    self.close(turn);
                    let reason = reason(status, details.reason.words());
                    RealtimeEvent::ResponseDone { turn, reason, usage, sound }
                });
            }
        }
        self.over(made);
    }

    /// No answer comes now: what waited for that is asked again.
    fn over(&mut self, made: &mut Made) {
        self.running = None;
        if let Some(turn) = self.again.pop_front() {
            self.respond(turn, made);
        }
    }

    /// Whose answer an event belongs to; `None` for one that nobody wants any more.
    fn turn_of(&self, event: &Event<'_>) -> Option<TurnId> {
        self.running.as_ref().filter(|_| self.is_running(event))?.turn
    }

    /// Whether an event belongs to the answer that comes now.
    fn is_running(&self, event: &Event<'_>) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| event.response_id.words().is_none_or(|id| id == running.response))
    }
}
