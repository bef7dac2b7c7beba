//! What happens in a spoken conversation, gathered from the engine's events.

use std::time::Duration;

use parlance_app::App;
use parlance_app::api::{
    AppEvent, Author, BlockView, ErrorBody, ErrorCode, EventBatch, MessageStatus, MessageView, Notice, VoiceState,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;
use crate::out::Out;
use crate::words;

/// A turn whose answer has been heard is in the history by then, or the disk has a problem.
const SAVED_WITHIN: Duration = Duration::from_secs(10);

/// A provider that writes down what people say does so by then.
const WRITTEN_DOWN_WITHIN: Duration = Duration::from_secs(3);

/// One turn of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Turn {
    /// The message of the answer.
    answer: String,
    /// The message of the person.
    question: String,
    pub(super) user: String,
    pub(super) user_ms: u32,
    pub(super) assistant: String,
    pub(super) assistant_ms: u32,
    /// How much was heard, where it was interrupted.
    pub(super) heard_ms: Option<u32>,
    /// How many characters of it were heard, where it was interrupted and that is known.
    heard_chars: Option<u32>,
    pub(super) first_audio_ms: Option<u32>,
    /// Of that: this computer, the network, the model.
    pub(super) parts: (Option<u32>, Option<u32>, Option<u32>),
    pub(super) tool_calls: Vec<Value>,
    error: Option<ErrorBody>,
    is_over: bool,
}

impl Turn {
    pub(super) fn is_interrupted(&self) -> bool {
        self.heard_ms.is_some()
    }

    /// The words that were heard; none where an answer was interrupted of which no words are known.
    pub(super) fn heard(&self) -> &str {
        if !self.is_interrupted() {
            return &self.assistant;
        }
        let heard = usize::try_from(self.heard_chars.unwrap_or(0)).unwrap_or(usize::MAX);
        let end = self.assistant.char_indices().nth(heard).map_or(self.assistant.len(), |(at, _)| at);
        &self.assistant[..end]
    }
}

/// Whether every event is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// Each, as JSON.
    Events,
    /// Only what people want to know while they talk.
    States,
    /// Only what is wrong.
    Notices,
}

/// Listens to the engine.
pub(super) struct Ears {
    events: mpsc::Receiver<EventBatch>,
    out: Out,
    telling: Telling,
    turns: Vec<Turn>,
    /// What the person said last, until its answer begins.
    question: Option<MessageView>,
    state: VoiceState,
    /// The voice did something since the talk key was last pressed.
    is_roused: bool,
    reconnects: u32,
    conversation: Option<String>,
    /// Why the voice cannot go on, while it cannot.
    failure: Option<ErrorBody>,
    /// What was wrong when it was last told.
    notices: Vec<Notice>,
    stopped: bool,
}

impl Ears {
    pub(super) fn of(app: &App, out: Out, telling: Telling) -> Self {
        Self {
            events: app.subscribe(),
            out,
            telling,
            turns: Vec::new(),
            question: None,
            state: VoiceState::Idle,
            is_roused: false,
            reconnects: 0,
            conversation: None,
            failure: None,
            notices: Vec::new(),
            stopped: false,
        }
    }

    pub(super) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    pub(super) fn reconnects(&self) -> u32 {
        self.reconnects
    }

    pub(super) fn conversation(&self) -> Option<&str> {
        self.conversation.as_deref()
    }

    pub(super) fn state(&self) -> VoiceState {
        self.state
    }

    /// The person stopped it.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Why not everything went well.
    pub(super) fn failure(&self) -> Option<ErrorBody> {
        if self.stopped {
            return Some(ErrorBody::new(ErrorCode::Stopped));
        }
        // A turn that was never sent is in no message.
        self.turns.iter().find_map(|turn| turn.error.clone()).or_else(|| self.failure.clone())
    }

    /// Time did not pass as it does with devices, so how long things took says nothing.
    pub(super) fn forget_times(&mut self) {
        self.turns.iter_mut().for_each(|turn| {
            turn.first_audio_ms = None;
            turn.parts = (None, None, None);
        });
    }

    /// The talk key is about to be pressed.
    pub(super) fn expect_turn(&mut self) {
        self.is_roused = false;
    }

    /// Listens until something else is done.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                batch = self.events.recv() => self.take(batch)?,
                done = &mut work => return Ok(done),
            }
        }
    }

    /// Listens until the voice has done something: a call that is opened, or refused at once.
    pub(super) async fn until_roused(&mut self) -> Result<(), Failure> {
        while !self.is_roused {
            self.take_next().await?;
        }
        Ok(())
    }

    /// Listens until the answer of a turn (counted from 1) sounds, or is over already.
    pub(super) async fn until_answer_sounds(&mut self, turn: usize) -> Result<(), Failure> {
        while !self.is_over(turn) && !self.answer_has_come() {
            self.take_next().await?;
        }
        Ok(())
    }

    /// Listens for a while, no longer than the answer of a turn sounds.
    pub(super) async fn while_answer_sounds(&mut self, turn: usize, longest: Duration) -> Result<(), Failure> {
        let until = Instant::now() + longest;
        while !self.is_over(turn) {
            match timeout_at(until, self.events.recv()).await {
                Ok(batch) => self.take(batch)?,
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Listens until so many turns are over and kept.
    pub(super) async fn until_over(&mut self, turns: usize) -> Result<(), Failure> {
        let mut quiet_since = None;
        while !self.is_over(turns) {
            if self.is_roused && matches!(self.state, VoiceState::Idle | VoiceState::Failed) {
                let since = *quiet_since.get_or_insert_with(Instant::now);
                match timeout_at(since + SAVED_WITHIN, self.events.recv()).await {
                    Ok(batch) => self.take(batch)?,
                    Err(_) => {
                        let error = ErrorBody::new(ErrorCode::Internal);
                        return Err(error.with_details("a spoken turn did not come into the history").into());
                    }
                }
            } else {
                quiet_since = None;
                self.take_next().await?;
            }
        }
        Ok(())
    }

    /// Listens until what the person said in a turn is written down, which some providers do after their answer; not for
    /// ever, since some never do.
    pub(super) async fn until_written_down(&mut self, turn: usize) -> Result<(), Failure> {
        let until = Instant::now() + WRITTEN_DOWN_WITHIN;
        while self.turns.get(turn - 1).is_some_and(|turn| turn.user.is_empty() && turn.error.is_none()) {
            match timeout_at(until, self.events.recv()).await {
                Ok(batch) => self.take(batch)?,
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Listens until something happens.
    pub(super) async fn listen(&mut self) -> Result<(), Failure> {
        self.take_next().await
    }

    /// Whether every turn so far is over and kept.
    pub(super) fn all_are_over(&self) -> bool {
        self.is_over(self.turns.len())
    }

    /// An answer that fails or ends at once never sounds.
    fn answer_has_come(&self) -> bool {
        self.is_roused && matches!(self.state, VoiceState::Speaking | VoiceState::Idle | VoiceState::Failed)
    }

    fn is_over(&self, turns: usize) -> bool {
        self.turns.len() >= turns && self.turns[..turns].iter().all(|turn| turn.is_over)
    }

    async fn take_next(&mut self) -> Result<(), Failure> {
        let batch = self.events.recv().await;
        self.take(batch)
    }

    fn take(&mut self, batch: Option<EventBatch>) -> Result<(), Failure> {
        let ended = || ErrorBody::new(ErrorCode::Internal).with_details("the engine ended by itself");
        for event in batch.ok_or_else(ended)?.events {
            self.tell(&event);
            match event {
                AppEvent::Voice { voice } => {
                    self.is_roused |= voice.state != VoiceState::Idle;
                    self.failure = voice.error.filter(|_| voice.state == VoiceState::Failed);
                    self.state = voice.state;
                }
                AppEvent::VoiceRenewed { .. } => self.reconnects += 1,
                AppEvent::Message { message } => self.message(message),
                _ => {}
            }
        }
        Ok(())
    }

    fn message(&mut self, message: MessageView) {
        self.conversation = Some(message.conversation_id.clone());
        if message.author == Author::You {
            match self.turns.iter_mut().find(|turn| turn.question == message.id) {
                Some(turn) => turn.user = words_of(&message),
                None => self.question = Some(message),
            }
            return;
        }
        let at = match self.turns.iter().position(|turn| turn.answer == message.id) {
            Some(at) => at,
            None => {
                let question = self.question.take();
                self.turns.push(Turn {
                    answer: message.id.clone(),
                    question: question.as_ref().map(|question| question.id.clone()).unwrap_or_default(),
                    user: question.as_ref().map(words_of).unwrap_or_default(),
                    user_ms: question.and_then(|question| question.spoken).map_or(0, |spoken| spoken.ms),
                    ..Turn::default()
                });
                self.turns.len() - 1
            }
        };
        let turn = &mut self.turns[at];
        turn.assistant = words_of(&message);
        turn.tool_calls = calls_of(&message);
        turn.is_over = message.status != MessageStatus::Streaming;
        if let Some(spoken) = message.spoken {
            turn.assistant_ms = spoken.ms;
            turn.heard_ms = spoken.heard_ms;
            turn.heard_chars = spoken.heard_chars;
            turn.first_audio_ms = spoken.first_sound_ms;
            turn.parts = (spoken.ours_ms, spoken.network_ms, spoken.model_ms);
        }
        turn.error = message.error;
    }

    fn tell(&mut self, event: &AppEvent) {
        match (self.telling, event) {
            (Telling::Events, event) => self.out.event(&json!(event)),
            (_, AppEvent::Notices { notices }) => {
                for notice in notices.iter().filter(|notice| !self.notices.contains(notice)) {
                    self.out.note(&words::notice(notice));
                }
                self.notices.clone_from(notices);
            }
            (Telling::States, AppEvent::Voice { voice }) if voice.state != self.state => {
                self.out.note(match voice.state {
                    // The window's word names a key that a terminal does not have.
                    VoiceState::Idle => "Enter begins to talk",
                    state => words::voice(state),
                });
            }
            _ => {}
        }
    }
}

fn words_of(message: &MessageView) -> String {
    let text = |block: &BlockView| match block {
        BlockView::Text { text } => Some(text.clone()),
        _ => None,
    };
    message.blocks.iter().filter_map(text).collect()
}

fn calls_of(message: &MessageView) -> Vec<Value> {
    let calls = message.blocks.iter().filter_map(|block| match block {
        BlockView::ToolCall { id, name, arguments, .. } => {
            let arguments = serde_json::from_str(arguments).unwrap_or_else(|_| Value::from(arguments.clone()));
            Some(json!({"id": id, "name": name, "arguments": arguments}))
        }
        _ => None,
    });
    calls.collect()
}
