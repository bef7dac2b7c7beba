//! A session in OpenAI's realtime words, push-to-talk: what is sent for each command, and what the events mean. Spoken by
//! OpenAI itself (both generations of names are read), by Azure, xAI, and, with other settings, by DashScope.
//!
//! A response is matched to its turn by order: one runs at a time, and each was asked for. Sound of a response that was
//! cancelled finds no turn any more, and is dropped.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, TurnId};
use parlance_core::{Category, ProviderError, SampleRate, StopReason, TokenUsage};
use serde_json::{Value, json};

use super::wire::{Event, Response, Usage};
use crate::errors;
use crate::lenient;
use crate::realtime::{Codec, Made, pcm};

/// How servers of these words differ, as data.
#[derive(Debug, Clone)]
pub(crate) struct Manners {
    /// The `session` of the first `session.update`.
    pub(crate) session: Value,
    /// The rate of the sound that comes.
    pub(crate) output_rate: SampleRate,
    /// Whether the server can be told how much of its answer was heard.
    pub(crate) truncation: Truncation,
}

/// Whether a server can be told how much of its answer was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truncation {
    /// By `conversation.item.truncate`, or `delete` when nothing was.
    Known,
    /// It has no word for it.
    Unknown,
}

/// Errors that say only that there was nothing to do. The session goes on, and nobody need know.
const HARMLESS: [&str; 2] = ["response_cancel_not_active", "input_audio_buffer_clear_empty"];

/// One session.
#[derive(Debug)]
pub struct Conversation {
    provider: Arc<str>,
    manners: Manners,
    /// `session.created` has come.
    ready: bool,
    /// Turns whose sound the server has not acknowledged.
    committed: VecDeque<TurnId>,
    /// Turns whose answer was asked for and has not begun; `None` for one that nobody wants any more.
    asked: VecDeque<Option<TurnId>>,
    /// The answer that comes now.
    running: Option<Running>,
    /// A turn whose answer is asked for again when the running one is over.
    after_running: Option<TurnId>,
    /// The answer that was spoken last, for when the person interrupts what is still heard of it.
    spoken: Option<Spoken>,
    /// What people said, by the item that holds it.
    items: HashMap<String, Said>,
}

#[derive(Debug)]
struct Running {
    response: String,
    /// `None` once it was cancelled.
    turn: Option<TurnId>,
    sound: pcm::Decoder,
}

#[derive(Debug)]
struct Spoken {
    turn: TurnId,
    item: String,
    /// How much sound came: more than that cannot have been heard.
    length: Duration,
}

/// What a person said, as far as it is written down.
#[derive(Debug)]
struct Said {
    turn: TurnId,
    words: String,
}

impl Codec for Conversation {
    fn hello(&mut self) -> Vec<String> {
        vec![json!({"type": "session.update", "session": self.manners.session}).to_string()]
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn encode(&mut self, command: RealtimeCommand) -> Vec<String> {
        match command {
            RealtimeCommand::AppendAudio(chunk) => {
                // Written by hand: it is sent fifty times a second, and base64 needs no escapes.
                vec![format!(r#"{{"type":"input_audio_buffer.append","audio":"{}"}}"#, pcm::encode(&chunk))]
            }
            RealtimeCommand::CommitAndRespond(turn) => {
                self.committed.push_back(turn);
                let commit = json!({"type": "input_audio_buffer.commit", "event_id": event_id("commit", turn)});
                vec![commit.to_string(), self.respond(turn)]
            }
            RealtimeCommand::ClearInput => vec![json!({"type": "input_audio_buffer.clear"}).to_string()],
            RealtimeCommand::Cancel(turn) => self.cancel(turn),
            RealtimeCommand::Truncate { turn, heard, .. } => self.truncate(turn, heard),
            RealtimeCommand::Expect(_)
            | RealtimeCommand::Say { .. }
            | RealtimeCommand::Show(_)
            | RealtimeCommand::ToolResults { .. }
            | RealtimeCommand::Update(_) => Vec::new(),
        }
    }

    fn decode(&mut self, frame: &str, made: &mut Made) -> Result<(), ProviderError> {
        let Ok(event) = lenient::object::<Event<'_>>(frame) else {
            tracing::debug!(provider = &*self.provider, "a frame that is no event is skipped");
            return Ok(());
        };
        match event.kind.words().unwrap_or_default() {
            "session.created" => self.ready = true,
            "error" => return self.error(&event, made),
            "input_audio_buffer.committed" => self.committed(&event, made),
            "conversation.item.input_audio_transcription.delta"
            | "conversation.item.input_audio_transcription.text" => {
                self.said(&event, made);
            }
            "conversation.item.input_audio_transcription.completed" => {
                let turn = event.item_id.words().and_then(|id| self.items.remove(id)).map(|said| said.turn);
                if let (Some(turn), Some(words)) = (turn, event.transcript.words()) {
                    made.events.push_back(RealtimeEvent::UserTranscript { turn, text: words.to_owned() });
                }
            }
            "response.created" => self.started(&event, made),
            "response.output_item.added" => self.item_added(&event),
            "response.output_audio.delta" | "response.audio.delta" => self.sound(&event, made)?,
            "response.output_audio_transcript.delta"
            | "response.audio_transcript.delta"
            | "response.output_text.delta"
            | "response.text.delta" => {
                if let (Some(turn), Some(words)) = (self.turn_of(&event), event.delta.words()) {
                    made.events.push_back(RealtimeEvent::TranscriptDelta { turn, text: words.to_owned() });
                }
            }
            "response.done" => self.done(event.response.unwrap_or_default(), made),
            other => tracing::trace!(provider = &*self.provider, event = other, "nothing to do"),
        }
        Ok(())
    }

    fn closed(&self, code: u16, reason: &str) -> ProviderError {
        errors::from_close(&self.provider, code, reason)
    }
}

impl Conversation {
    pub(crate) fn new(provider: Arc<str>, manners: Manners) -> Self {
        Self {
            provider,
            manners,
            ready: false,
            committed: VecDeque::new(),
            asked: VecDeque::new(),
            running: None,
            after_running: None,
            spoken: None,
            items: HashMap::new(),
        }
    }

    fn respond(&mut self, turn: TurnId) -> String {
        self.asked.push_back(Some(turn));
        json!({"type": "response.create", "event_id": event_id("respond", turn)}).to_string()
    }

    fn cancel(&mut self, turn: TurnId) -> Vec<String> {
        self.after_running.take_if(|again| *again == turn);
        for asked in &mut self.asked {
            asked.take_if(|asked| *asked == turn);
        }
        match &mut self.running {
            Some(running) if running.turn == Some(turn) => {
                running.turn = None;
                vec![cancel_frame(&running.response)]
            }
            _ => Vec::new(),
        }
    }

    fn truncate(&mut self, turn: TurnId, heard: Duration) -> Vec<String> {
        let Some(spoken) = self.spoken.take_if(|spoken| spoken.turn == turn) else { return Vec::new() };
        if self.manners.truncation == Truncation::Unknown {
            return Vec::new();
        }
        let frame = if heard.is_zero() {
            // A truncation at nothing is refused.
            json!({"type": "conversation.item.delete", "item_id": spoken.item})
        } else {
            let ms = heard.min(spoken.length).as_millis();
            json!({"type": "conversation.item.truncate", "item_id": spoken.item, "content_index": 0, "audio_end_ms": ms})
        };
        vec![frame.to_string()]
    }

    fn committed(&mut self, event: &Event<'_>, made: &mut Made) {
        let Some(turn) = self.committed.pop_front() else { return };
        if let Some(item) = event.item_id.words() {
            self.items.insert(item.to_owned(), Said { turn, words: String::new() });
        }
        made.events.push_back(RealtimeEvent::Committed(turn));
    }

    /// More of what the person said. OpenAI appends, DashScope says again what it has.
    fn said(&mut self, event: &Event<'_>, made: &mut Made) {
        let Some(said) = event.item_id.words().and_then(|id| self.items.get_mut(id)) else { return };
        match event.delta.words() {
            Some(more) => said.words.push_str(more),
            None => {
                let (sure, draft) = (event.text.words().unwrap_or_default(), event.stash.words().unwrap_or_default());
                said.words = format!("{sure}{draft}");
            }
        }
        made.events.push_back(RealtimeEvent::UserTranscript { turn: said.turn, text: said.words.clone() });
    }

    fn started(&mut self, event: &Event<'_>, made: &mut Made) {
        let id = event.response.as_ref().and_then(|response| response.id.words()).unwrap_or_default().to_owned();
        let turn = self.asked.pop_front().flatten();
        match turn {
            Some(turn) => made.events.push_back(RealtimeEvent::ResponseStarted(turn)),
            None => made.frames.push(cancel_frame(&id)),
        }
        self.running = Some(Running { response: id, turn, sound: pcm::Decoder::default() });
    }

    fn item_added(&mut self, event: &Event<'_>) {
        let Some(item) = event.item.as_ref().filter(|item| item.kind.words() == Some("message")) else { return };
        if let (Some(turn), Some(id)) = (self.turn_of(event), item.id.words()) {
            self.spoken = Some(Spoken { turn, item: id.to_owned(), length: Duration::ZERO });
        }
    }

    fn sound(&mut self, event: &Event<'_>, made: &mut Made) -> Result<(), ProviderError> {
        let (Some(turn), Some(base64)) = (self.turn_of(event), event.delta.words()) else { return Ok(()) };
        let rate = self.manners.output_rate;
        let chunk = self.running.as_mut().and_then(|running| running.sound.decode(base64, rate));
        let chunk = chunk.ok_or_else(|| {
            ProviderError::new(&*self.provider, Category::Protocol, "sound of the answer cannot be read")
        })?;
        if let Some(spoken) = self.spoken.as_mut().filter(|spoken| spoken.turn == turn) {
            spoken.length += chunk.duration();
        }
        made.events.push_back(RealtimeEvent::AudioDelta { turn, chunk });
        Ok(())
    }

    fn done(&mut self, response: Response<'_>, made: &mut Made) {
        let is_it = |running: &mut Running| response.id.words().is_none_or(|id| id == running.response);
        let Some(running) = self.running.take_if(is_it) else { return };
        if let Some(turn) = running.turn {
            made.events.push_back(match response.status.words() {
                Some("failed") => {
                    let error = response.status_details.and_then(|details| details.error).unwrap_or_default();
                    RealtimeEvent::ResponseFailed { turn, error: errors::from_object(&self.provider, &error) }
                }
                status => RealtimeEvent::ResponseDone {
                    turn,
                    reason: reason(status, response.status_details.as_ref().and_then(|it| it.reason.words())),
                    usage: response.usage.and_then(usage),
                    sound: None,
                },
            });
        }
        if let Some(turn) = self.after_running.take() {
            let frame = self.respond(turn);
            made.frames.push(frame);
        }
    }

    /// Most errors are about one command and leave the session as it was.
    fn error(&mut self, event: &Event<'_>, made: &mut Made) -> Result<(), ProviderError> {
        let said = event.error.clone().unwrap_or_default();
        let code = said["code"].as_str().unwrap_or_default();
        if HARMLESS.contains(&code) {
            return Ok(());
        }
        let error = errors::from_object(&self.provider, &said);
        if code == "session_expired" || matches!(error.category, Category::Authentication | Category::Quota) {
            return Err(error);
        }
        let about = said["event_id"].as_str().and_then(|id| id.split_once('-'));
        let turn = about.and_then(|(_, number)| number.parse().ok()).map(TurnId);
        match (about.map(|(what, _)| what), turn) {
            (Some("respond"), Some(turn)) if code == "conversation_already_has_active_response" => {
                self.forget(turn);
                self.after_running = Some(turn);
            }
            (Some("respond"), Some(turn)) => {
                self.forget(turn);
                made.events.push_back(RealtimeEvent::ResponseFailed { turn, error });
            }
            (Some("commit"), Some(turn)) => {
                self.committed.retain(|waiting| *waiting != turn);
                // Its answer was asked for along with it, and is cancelled when it begins.
                made.frames.extend(self.cancel(turn));
                made.events.push_back(RealtimeEvent::ResponseFailed { turn, error });
            }
            _ => tracing::warn!(%error, "the voice server complains"),
        }
        Ok(())
    }

    /// No answer will begin for this turn.
    fn forget(&mut self, turn: TurnId) {
        if let Some(at) = self.asked.iter().position(|asked| *asked == Some(turn)) {
            self.asked.remove(at);
        }
    }

    /// Whose answer an event belongs to; `None` for one that nobody wants any more.
    fn turn_of(&self, event: &Event<'_>) -> Option<TurnId> {
        let running = self.running.as_ref()?;
        let is_it = event.response_id.words().is_none_or(|id| id == running.response);
        running.turn.filter(|_| is_it)
    }
}

fn event_id(what: &str, turn: TurnId) -> String {
    format!("{what}-{}", turn.0)
}

fn cancel_frame(response: &str) -> String {
    json!({"type": "response.cancel", "response_id": response}).to_string()
}

fn reason(status: Option<&str>, why: Option<&str>) -> StopReason {
    match (status, why) {
        (Some("completed") | None, _) => StopReason::Stop,
        (Some("incomplete"), Some("max_output_tokens")) => StopReason::Length,
        (Some("incomplete"), Some("content_filter")) => StopReason::ContentFilter,
        (Some(status), why) => StopReason::Other(why.unwrap_or(status).to_owned()),
    }
}

fn usage(usage: Usage) -> Option<TokenUsage> {
    Some(TokenUsage {
        input_tokens: usage.input_tokens?,
        output_tokens: usage.output_tokens?,
        reasoning_tokens: None,
        cached_tokens: usage.input_token_details.and_then(|details| details.cached_tokens),
    })
}
