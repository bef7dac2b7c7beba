//! One session of the Live API: commands to messages, messages to events.
//!
//! The protocol names no turns: what comes belongs to the oldest turn that was given and is not complete. It has no word
//! for cancelling either; a cancelled turn goes on unheard until it is complete, or until new activity interrupts it.

use std::collections::VecDeque;
use std::sync::Arc;

use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, TurnId};
use parlance_core::{Category, ProviderError, SampleRate, StopReason, TokenUsage};
use serde_json::{Value, json};

use super::OUTPUT_RATE;
use super::wire::{Blob, Content, Message, Usage};
use crate::errors;
use crate::lenient;
use crate::realtime::{Codec, Made, pcm};

/// One session.
#[derive(Debug)]
pub struct LiveCodec {
    provider: Arc<str>,
    setup: Value,
    /// `setupComplete` has come.
    ready: bool,
    /// Sound of a turn was sent, and its end was not.
    is_active: bool,
    /// Turns that were given and are not complete, the oldest first.
    turns: VecDeque<Turn>,
}

#[derive(Debug)]
struct Turn {
    /// `None` once it was cancelled.
    id: Option<TurnId>,
    started: bool,
    /// New activity cut it short.
    interrupted: bool,
    /// What the person said, as far as it is written down.
    words: String,
    sound: pcm::Decoder,
    usage: Option<TokenUsage>,
}

impl Turn {
    fn of(id: Option<TurnId>) -> Self {
        let sound = pcm::Decoder::default();
        Self { id, started: false, interrupted: false, words: String::new(), sound, usage: None }
    }
}

impl LiveCodec {
    pub(super) fn new(provider: Arc<str>, setup: Value) -> Self {
        Self { provider, setup, ready: false, is_active: false, turns: VecDeque::new() }
    }
}

impl Codec for LiveCodec {
    fn hello(&mut self) -> Vec<String> {
        vec![json!({ "setup": self.setup }).to_string()]
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn encode(&mut self, command: RealtimeCommand) -> Vec<String> {
        match command {
            RealtimeCommand::AppendAudio(chunk) => {
                // Written by hand: it is sent fifty times a second, and base64 needs no escapes.
                let sound = format!(
                    r#"{{"realtimeInput":{{"audio":{{"mimeType":"audio/pcm;rate={}","data":"{}"}}}}}}"#,
                    chunk.rate.hz(),
                    pcm::encode(&chunk)
                );
                let begin = (!std::mem::replace(&mut self.is_active, true)).then(activity_start);
                begin.into_iter().chain([sound]).collect()
            }
            RealtimeCommand::CommitAndRespond(turn) => {
                let begin = (!std::mem::replace(&mut self.is_active, false)).then(activity_start);
                self.turns.push_back(Turn::of(Some(turn)));
                begin.into_iter().chain([activity_end()]).collect()
            }
            // What was sent cannot be taken back: it becomes a turn whose answer nobody hears, and which the next
            // activity interrupts.
            RealtimeCommand::ClearInput if std::mem::take(&mut self.is_active) => {
                self.turns.push_back(Turn::of(None));
                vec![activity_end()]
            }
            RealtimeCommand::ClearInput => Vec::new(),
            RealtimeCommand::Cancel(turn) => {
                for running in &mut self.turns {
                    running.id.take_if(|id| *id == turn);
                }
                Vec::new()
            }
            // The server keeps what it sent before new activity interrupted it, and has no word for less.
            RealtimeCommand::Truncate { .. } => Vec::new(),
            RealtimeCommand::Expect(_)
            | RealtimeCommand::Say { .. }
            | RealtimeCommand::Show(_)
            | RealtimeCommand::ToolResults { .. }
            | RealtimeCommand::Update(_) => Vec::new(),
        }
    }

    fn decode(&mut self, frame: &str, made: &mut Made) -> Result<(), ProviderError> {
        let Ok(message) = lenient::object::<Message<'_>>(frame) else {
            tracing::debug!(provider = &*self.provider, "a frame that is no message is skipped");
            return Ok(());
        };
        if let Some(error) = &message.error {
            return Err(errors::from_object(&self.provider, error));
        }
        self.ready |= message.setup_complete.is_some();
        if let (Some(usage), Some(turn)) = (message.usage_metadata, self.turns.front_mut()) {
            turn.usage = counted(&usage);
        }
        match message.server_content {
            Some(content) => self.content(content, made),
            None => Ok(()),
        }
    }

    fn closed(&self, code: u16, reason: &str) -> ProviderError {
        errors::from_close(&self.provider, code, reason)
    }
}

impl LiveCodec {
    fn content(&mut self, content: Content<'_>, made: &mut Made) -> Result<(), ProviderError> {
        let Some(turn) = self.turns.front_mut() else { return Ok(()) };
        turn.interrupted |= content.interrupted == Some(true);
        if let Some(words) = content.input_transcription.and_then(|it| it.text.words().map(str::to_owned)) {
            turn.words.push_str(&words);
            made.events.extend(turn.id.map(|id| RealtimeEvent::UserTranscript { turn: id, text: turn.words.clone() }));
        }
        let words = content.output_transcription.and_then(|it| it.text.words().map(str::to_owned));
        let sounds = content.model_turn.and_then(|it| it.parts).unwrap_or_default();
        let sounds: Vec<Blob<'_>> = sounds.into_iter().filter_map(|part| part.inline_data).collect();
        if !turn.started && (words.is_some() || !sounds.is_empty()) {
            turn.started = true;
            // The server acknowledges a turn only by answering it.
            let begun = |id| [RealtimeEvent::Committed(id), RealtimeEvent::ResponseStarted(id)];
            made.events.extend(turn.id.into_iter().flat_map(begun));
        }
        for blob in sounds {
            let rate = rate_of(&blob).unwrap_or(OUTPUT_RATE);
            let chunk = turn.sound.decode(blob.data.words().unwrap_or_default(), rate).ok_or_else(|| {
                ProviderError::new(&*self.provider, Category::Protocol, "sound of the answer cannot be read")
            })?;
            made.events.extend(turn.id.map(|id| RealtimeEvent::AudioDelta { turn: id, chunk }));
        }
        if let (Some(id), Some(text)) = (turn.id, words) {
            made.events.push_back(RealtimeEvent::TranscriptDelta { turn: id, text });
        }
        if content.turn_complete == Some(true)
            && let Some(Turn { id: Some(id), started, interrupted, usage, .. }) = self.turns.pop_front()
        {
            made.events.push_back(match (interrupted, started) {
                (true, _) => done(id, StopReason::Other("interrupted".to_owned()), usage),
                (_, true) => done(id, StopReason::Stop, usage),
                (_, false) => {
                    let message = "the model ended its turn without an answer";
                    RealtimeEvent::ResponseFailed {
                        turn: id,
                        error: ProviderError::new(&*self.provider, Category::InvalidRequest, message),
                    }
                }
            });
        }
        Ok(())
    }
}

fn activity_start() -> String {
    json!({"realtimeInput": {"activityStart": {}}}).to_string()
}

fn activity_end() -> String {
    json!({"realtimeInput": {"activityEnd": {}}}).to_string()
}

fn done(turn: TurnId, reason: StopReason, usage: Option<TokenUsage>) -> RealtimeEvent {
    RealtimeEvent::ResponseDone { turn, reason, usage, sound: None }
}

/// `audio/pcm;rate=24000`.
fn rate_of(blob: &Blob<'_>) -> Option<SampleRate> {
    let (_, rate) = blob.mime_type.words()?.split_once("rate=")?;
    SampleRate::new(rate.split(';').next()?.trim().parse().ok()?)
}

fn counted(usage: &Usage) -> Option<TokenUsage> {
    Some(TokenUsage {
        input_tokens: usage.prompt_token_count?,
        output_tokens: usage.response_token_count.unwrap_or(0) + usage.thoughts_token_count.unwrap_or(0),
        reasoning_tokens: usage.thoughts_token_count,
        cached_tokens: usage.cached_content_token_count,
    })
}
