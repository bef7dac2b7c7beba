//! One session of the Live API: commands to messages, messages to events.
//!
//! The protocol names no turns: what comes belongs to the oldest turn that was given and is not complete. It has no word
//! for cancelling either; a cancelled turn goes on unheard until it is complete, or until new activity interrupts it. That all
//! of an answer is generated means nothing here: the person may still interrupt what they hear of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parlance_core::realtime::{
    Answers, RealtimeCommand, RealtimeEvent, Remembered, ResumeHandle, SessionOptions, TurnId, TurnTaking,
};
use parlance_core::{Category, ProviderError, SampleRate, StopReason};
use serde_json::{Value, json};

use super::OUTPUT_RATE;
use super::messages::{self, TurnIs};
use super::setup::{self, Ways, Words};
use super::turn::{Counted, MADE_UP, Tools, Turn, counted};
use super::wire::{Blob, Content, FunctionCall, Message, Part, ToolCall, VoiceActivity};
use crate::realtime::{self, Codec, Made, Reading};
use crate::{errors, lenient};

/// The ids of so many calls are remembered. A call that is told twice is told within a turn or two.
const REMEMBERED: usize = 64;
/// So many pieces of sound, about 10 s, wait for the results of tools.
const MAX_HELD: usize = 500;

/// One session.
#[derive(Debug)]
pub struct LiveCodec {
    provider: Arc<str>,
    setup: Value,
    ways: Ways,
    turns_by: TurnTaking,
    answers: Answers,
    /// What was said before, until it is told.
    history: Vec<Remembered>,
    /// `setupComplete` has come.
    ready: bool,
    /// Sound of a turn was sent, and its end was not.
    is_active: bool,
    /// What the next turn is called that the server ends.
    expected: Option<TurnId>,
    /// A message of a turn that has no name yet.
    unnamed: Option<String>,
    /// Turns that were given and are not complete, the oldest first.
    turns: VecDeque<Turn>,
    /// What the person has said since, as far as it is written down.
    words: String,
    /// Pictures that wait for the person to speak.
    pictures: Vec<String>,
    /// What the model must be told of its last answer.
    note: Option<String>,
    /// Sound that waits for the results of tools.
    held: Vec<String>,
    /// The ids of the calls that were told, the newest last.
    calls: VecDeque<String>,
    /// How many ids were made up.
    made_up: u64,
}

impl LiveCodec {
    pub(super) fn new(provider: Arc<str>, model: &str, options: &SessionOptions) -> Self {
        let ways = Ways::of(model);
        Self {
            provider,
            setup: setup::json(model, ways, options),
            ways,
            turns_by: options.turns,
            answers: options.answers,
            history: if options.resume.is_none() { options.history.clone() } else { Vec::new() },
            ready: false,
            is_active: false,
            expected: None,
            unnamed: None,
            turns: VecDeque::new(),
            words: String::new(),
            pictures: Vec::new(),
            note: None,
            held: Vec::new(),
            calls: VecDeque::new(),
            made_up: 0,
        }
    }
}

impl Codec for LiveCodec {
    fn hello(&mut self) -> Vec<String> {
        vec![json!({ "setup": self.setup }).to_string()]
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn can_read(&self) -> bool {
        self.unnamed.is_none()
    }

    fn is_in_turn(&self) -> bool {
        !self.turns.is_empty()
    }

    fn encode(&mut self, command: RealtimeCommand, made: &mut Made) {
        match command {
            RealtimeCommand::AppendAudio(chunk) => {
                self.begin(made);
                self.append(messages::sound(&chunk), made);
            }
            RealtimeCommand::CommitAndRespond(turn) => self.commit(turn, made),
            RealtimeCommand::Expect(turn) => {
                self.expected = Some(turn);
                if let Some(message) = self.unnamed.take() {
                    // It was read once already.
                    let _ = self.decode(&message, made);
                }
            }
            // What was sent cannot be taken back: it becomes a turn whose answer nobody hears, and which the next
            // activity interrupts.
            RealtimeCommand::ClearInput if std::mem::take(&mut self.is_active) => {
                let words = std::mem::take(&mut self.words);
                self.give(None, words);
                made.frames.push(messages::activity_end());
            }
            RealtimeCommand::ClearInput => {}
            RealtimeCommand::Cancel(turn) => {
                self.expected.take_if(|expected| *expected == turn);
                for running in &mut self.turns {
                    running.id.take_if(|id| *id == turn);
                }
            }
            // The server keeps what it sent before new activity interrupted it, and has no word for less.
            RealtimeCommand::Truncate { words, .. } => self.truncate(&words, made),
            RealtimeCommand::Say { turn, text } => self.say(turn, &text, made),
            RealtimeCommand::Show(picture) => {
                let is_speaking = self.is_active || self.turns_by != TurnTaking::Manual;
                let place = if is_speaking { &mut made.frames } else { &mut self.pictures };
                place.push(messages::picture(&picture));
            }
            RealtimeCommand::ToolResults { turn, results } => {
                made.frames.push(messages::results(&results));
                if let Some(running) = self.turns.iter_mut().find(|running| running.id == Some(turn)) {
                    running.tools = Tools::Given;
                }
                made.frames.append(&mut self.held);
            }
            // Nothing of a session can be changed; a new one goes on with it.
            RealtimeCommand::Update(_) => {}
        }
    }

    fn decode(&mut self, frame: &str, made: &mut Made) -> Result<Reading, ProviderError> {
        let Ok(message) = lenient::object::<Message<'_>>(frame) else { return Ok(Reading::Malformed) };
        if let Some(error) = &message.error {
            return Err(errors::from_object(&self.provider, error));
        }
        if message.setup_complete.is_some() && !std::mem::replace(&mut self.ready, true) && !self.history.is_empty() {
            made.frames.push(messages::remembered(self.ways.words, &std::mem::take(&mut self.history)));
        }
        if answers(&message) {
            self.settle();
            if self.turns.is_empty() && self.turns_by != TurnTaking::Manual {
                // A turn that the server ended by itself.
                let Some(turn) = self.expected.take() else {
                    self.unnamed = Some(frame.to_owned());
                    return Ok(Reading::Understood);
                };
                self.turns.push_back(Turn::of(Some(turn), std::mem::take(&mut self.words)));
            }
        }
        if let (Some(usage), Some(turn)) = (&message.usage_metadata.0, self.turns.front_mut()) {
            turn.usage = counted(usage).or(turn.usage);
        }
        if let Some(activity) = &message.voice_activity.0 {
            made.events.extend(heard(activity));
        }
        if let Some(call) = message.tool_call.0 {
            self.called(call, made);
        }
        if let Some(ids) = message.tool_call_cancellation.0.and_then(|cancellation| cancellation.ids.0) {
            let ids = ids.iter().filter_map(|id| id.words().map(str::to_owned)).collect();
            made.events.push_back(RealtimeEvent::CallsWithdrawn { ids });
        }
        let reading = message.server_content.0.map_or(Reading::Understood, |content| self.content(content, made));
        if let Some(update) = message.session_resumption_update.0
            && let (Some(handle), true) = (update.new_handle.words(), update.resumable.0 != Some(false))
        {
            made.events.push_back(RealtimeEvent::Resumable(ResumeHandle(handle.to_owned())));
        }
        if let Some(left) = message.go_away.0.map(|away| seconds(away.time_left.words().unwrap_or_default())) {
            made.events.push_back(RealtimeEvent::GoingAway { left });
        }
        Ok(reading)
    }

    fn closed(&self, code: u16, reason: &str) -> ProviderError {
        errors::from_close(&self.provider, code, reason)
    }
}

impl LiveCodec {
    /// The person begins to speak, unless they do already. Where the server ends the turns it notices by itself.
    fn begin(&mut self, made: &mut Made) {
        if self.turns_by != TurnTaking::Manual || std::mem::replace(&mut self.is_active, true) {
            return;
        }
        match (self.note.take(), self.ways.words) {
            (Some(note), Words::Content) => {
                made.frames.push(messages::content(&[&note], TurnIs::Open));
                made.frames.push(messages::activity_start());
            }
            (Some(note), Words::Input) => {
                made.frames.push(messages::activity_start());
                made.frames.push(messages::input(&note));
            }
            (None, _) => made.frames.push(messages::activity_start()),
        }
        made.frames.append(&mut self.pictures);
    }

    /// The newer models lose their calls when they hear sound meanwhile.
    fn append(&mut self, sound: String, made: &mut Made) {
        let waits = self.turns.front().is_some_and(|turn| turn.tools == Tools::Wanted);
        if waits && self.turns_by != TurnTaking::Manual && self.ways.words == Words::Input {
            self.held.push(sound);
            if self.held.len() < MAX_HELD {
                return;
            }
        } else {
            self.held.push(sound);
        }
        made.frames.append(&mut self.held);
    }

    fn commit(&mut self, turn: TurnId, made: &mut Made) {
        if self.turns_by == TurnTaking::Manual {
            self.begin(made);
            self.is_active = false;
            made.frames.push(messages::activity_end());
        } else {
            made.frames.push(messages::stream_end());
        }
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            made.events.push_back(RealtimeEvent::UserTranscript { turn, text: words.clone() });
        }
        self.give(Some(turn), words);
    }

    fn truncate(&mut self, heard: &str, made: &mut Made) {
        let note = realtime::interruption(heard);
        match (self.turns_by, self.ways.words) {
            (TurnTaking::Manual, _) => self.note = Some(note),
            (_, Words::Content) => made.frames.push(messages::content(&[&note], TurnIs::Open)),
            // Any words would be answered.
            (_, Words::Input) => {}
        }
    }

    fn say(&mut self, turn: TurnId, text: &str, made: &mut Made) {
        let note = self.note.take();
        let texts: Vec<&str> = note.as_deref().into_iter().chain([text]).collect();
        let is_manual = self.turns_by == TurnTaking::Manual;
        match self.ways.words {
            Words::Content => made.frames.push(messages::content(&texts, TurnIs::Complete)),
            Words::Input => {
                made.frames.extend(is_manual.then(messages::activity_start));
                made.frames.append(&mut self.pictures);
                made.frames.push(messages::input(&texts.join("\n")));
                made.frames.extend(is_manual.then(messages::activity_end));
            }
        }
        self.give(Some(turn), text.to_owned());
    }

    /// Another turn is given.
    fn give(&mut self, turn: Option<TurnId>, words: String) {
        for before in &mut self.turns {
            before.is_doubtful |= before.id.is_none() && !before.has_begun;
        }
        self.turns.push_back(Turn::of(turn, words));
    }

    /// Something of an answer has come: turns that were interrupted before anything came of them get none.
    fn settle(&mut self) {
        while self.turns.len() > 1 && self.turns.front().is_some_and(|turn| turn.is_doubtful) {
            self.turns.pop_front();
        }
    }

    fn content(&mut self, content: Content<'_>, made: &mut Made) -> Reading {
        if let Some(words) = content.input_transcription.0.and_then(|it| it.text.words().map(str::to_owned)) {
            self.said(&words, made);
        }
        let Some(turn) = self.turns.front_mut() else { return Reading::Understood };
        if content.interrupted.0 == Some(true)
            && let Some(id) = turn.id.take()
        {
            begun(turn, Some(id), made);
            made.events.push_back(RealtimeEvent::Interrupted(id));
        }
        let parts = content.model_turn.0.and_then(|it| it.parts.0).unwrap_or_default();
        let words = content.output_transcription.0.and_then(|it| it.text.words().map(str::to_owned));
        let is_answer = words.is_some() || parts.iter().any(is_heard);
        if is_answer {
            turn.tools = Tools::None;
            begun(turn, turn.id, made);
        }
        let mut reading = Reading::Understood;
        for part in parts {
            if let Some(blob) = &part.inline_data.0 {
                match turn.sound.decode(blob.data.words().unwrap_or_default(), rate_of(blob).unwrap_or(OUTPUT_RATE)) {
                    Some(chunk) if self.answers == Answers::Spoken => {
                        made.events.extend(turn.id.map(|id| RealtimeEvent::AudioDelta { turn: id, chunk }));
                    }
                    Some(_) => {}
                    None => reading = Reading::Malformed,
                }
            } else if let Some(text) = part.text.words().filter(|_| part.thought.0 != Some(true)) {
                made.events
                    .extend(turn.id.map(|id| RealtimeEvent::TranscriptDelta { turn: id, text: text.to_owned() }));
            }
        }
        if let (Some(id), Some(text)) = (turn.id, words) {
            made.events.push_back(RealtimeEvent::TranscriptDelta { turn: id, text });
        }
        if content.turn_complete.0 == Some(true) && !turn.part_ended() {
            self.complete(content.turn_complete_reason.words(), made);
        }
        reading
    }

    /// More of what the person said: of a turn that is not answered yet, or of the one that is being answered, since words may
    /// come late, or of one that is still being said.
    fn said(&mut self, more: &str, made: &mut Made) {
        let unanswered = self.turns.iter().position(|turn| !turn.has_begun && turn.id.is_some());
        let answered = self.turns.front().filter(|turn| turn.id.is_some() && !self.is_active).map(|_| 0);
        match unanswered.or(answered) {
            Some(at) => {
                let turn = &mut self.turns[at];
                turn.words.push_str(more);
                let text = turn.words.clone();
                made.events.extend(turn.id.map(|turn| RealtimeEvent::UserTranscript { turn, text }));
            }
            None => {
                self.words.push_str(more);
                let expected = self.expected.filter(|_| self.turns_by != TurnTaking::Manual);
                let text = self.words.clone();
                made.events.extend(expected.map(|turn| RealtimeEvent::UserTranscript { turn, text }));
            }
        }
    }

    fn called(&mut self, call: ToolCall<'_>, made: &mut Made) {
        let calls = call.function_calls.0.unwrap_or_default();
        let Some(turn) = self.turns.front_mut().filter(|_| !calls.is_empty()) else { return };
        begun(turn, turn.id, made);
        turn.asks();
        let Some(id) = turn.id else { return };
        for call in calls {
            made.events.extend(self.call(id, call));
        }
        made.events.push_back(RealtimeEvent::CallsComplete { turn: id, usage: None, sound: None });
    }

    /// A call, unless it was told before.
    fn call(&mut self, turn: TurnId, call: FunctionCall<'_>) -> Option<RealtimeEvent> {
        let id = match call.id.words() {
            Some(id) => id.to_owned(),
            None => {
                self.made_up += 1;
                format!("{MADE_UP}{}", self.made_up)
            }
        };
        if self.calls.contains(&id) {
            return None;
        }
        self.calls.push_back(id.clone());
        if self.calls.len() > REMEMBERED {
            self.calls.pop_front();
        }
        let (name, arguments) = (call.name.words()?.to_owned(), Ok(call.args.0.unwrap_or_default()));
        Some(RealtimeEvent::ToolCall { turn, id, name, arguments })
    }

    /// The oldest turn is complete.
    fn complete(&mut self, why: Option<&str>, made: &mut Made) {
        let Some(turn) = self.turns.pop_front() else { return };
        let (usage, sound) = turn.spent().map_or((None, None), |(usage, sound): Counted| (Some(usage), sound));
        made.events.extend(match turn.id {
            None => usage.map(|usage| RealtimeEvent::Spent { usage, sound }),
            Some(id) if turn.has_begun => {
                Some(RealtimeEvent::ResponseDone { turn: id, reason: reason(why), usage, sound })
            }
            Some(id) => {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let message = format!("the model ended its turn without an answer{why}");
                let error = ProviderError::new(&*self.provider, Category::InvalidRequest, message);
                Some(RealtimeEvent::ResponseFailed { turn: id, error })
            }
        });
    }
}

/// Something of the turn's answer has come. The server acknowledges a turn only by answering it.
fn begun(turn: &mut Turn, id: Option<TurnId>, made: &mut Made) {
    if !std::mem::replace(&mut turn.has_begun, true) {
        let both = |id| [RealtimeEvent::Committed(id), RealtimeEvent::ResponseStarted(id)];
        made.events.extend(id.into_iter().flat_map(both));
    }
}

/// Whether a message holds something of an answer.
fn answers(message: &Message<'_>) -> bool {
    let content = message.server_content.0.as_ref();
    let speaks = content.is_some_and(|content| {
        let parts = content.model_turn.0.as_ref().and_then(|it| it.parts.0.as_ref());
        let words = content.output_transcription.0.as_ref().and_then(|it| it.text.words());
        words.is_some() || parts.is_some_and(|parts| parts.iter().any(is_heard))
    });
    speaks || message.tool_call.0.as_ref().and_then(|call| call.function_calls.0.as_ref()).is_some()
}

/// Whether a part is one that people hear or read.
fn is_heard(part: &Part<'_>) -> bool {
    part.inline_data.0.is_some() || (part.text.words().is_some() && part.thought.0 != Some(true))
}

fn heard(activity: &VoiceActivity<'_>) -> Option<RealtimeEvent> {
    match activity.voice_activity_type.words()? {
        "ACTIVITY_START" => Some(RealtimeEvent::SpeechStarted),
        "ACTIVITY_END" => Some(RealtimeEvent::SpeechStopped),
        _ => None,
    }
}

/// `9.5s`; what cannot be read is no time at all.
fn seconds(words: &str) -> Duration {
    let number = words.strip_suffix('s').unwrap_or(words).parse().unwrap_or(0.0);
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

fn reason(why: Option<&str>) -> StopReason {
    match why {
        None | Some("TURN_COMPLETE_REASON_UNSPECIFIED" | "NEED_MORE_INPUT") => StopReason::Stop,
        Some(why) if ["PROHIBITED", "SAFETY", "REJECTED"].iter().any(|word| why.contains(word)) => {
            StopReason::ContentFilter
        }
        Some(why) => StopReason::Other(why.to_owned()),
    }
}

/// `audio/pcm;rate=24000`.
fn rate_of(blob: &Blob<'_>) -> Option<SampleRate> {
    let (_, rate) = blob.mime_type.words()?.split_once("rate=")?;
    SampleRate::new(rate.split(';').next()?.trim().parse().ok()?)
}
