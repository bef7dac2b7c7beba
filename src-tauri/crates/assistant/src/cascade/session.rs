//! One task listens, asks and speaks. What it waits for it holds as streams: dropping one stops that stage at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::poll_fn;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use parlance_core::realtime::{CallResult, RealtimeCommand, RealtimeEvent, SessionOptions, TurnId};
use parlance_core::synthesis::{SpeechEvent, SpeechManner};
use parlance_core::transcription::{Recording, TranscriptEvent};
use parlance_core::{AudioChunk, Category, ContentBlock, ModelEvent, ProviderError, Reply, StopReason, ToolEnd};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::answer::Answer;
use super::memory::Memory;
use super::{Cascade, OUTPUT_RATE};

type Events = mpsc::UnboundedSender<Result<RealtimeEvent, ProviderError>>;

/// Runs until the other side is gone.
pub(super) async fn run(
    cascade: Cascade,
    options: SessionOptions,
    mut commands: mpsc::UnboundedReceiver<RealtimeCommand>,
    events: Events,
) {
    let rate = cascade.ear.capabilities().rate;
    let said = AudioChunk { samples: Vec::new(), rate };
    let mut session = Session { cascade, memory: Memory::new(options), said, answer: None, cut: None, events };
    loop {
        session.speak_what_is_due();
        session.end_if_whole();
        let due = session.answer.as_ref().filter(|answer| answer.waits_to_speak()).and_then(Answer::due_at);
        tokio::select! {
            // Commands first: nothing is made that is no longer wanted.
            biased;
            command = commands.recv() => match command {
                Some(command) => session.obey(command),
                None => return,
            },
            came = next(&mut session.answer) => session.take(came),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
        }
    }
}

struct Session {
    cascade: Cascade,
    memory: Memory,
    /// What the person says, until it is a turn.
    said: AudioChunk,
    answer: Option<Answer>,
    /// An answer that was cancelled, until it is told how much of it was heard.
    cut: Option<TurnId>,
    events: Events,
}

/// What one of the stages gave; `None` is its end before its time.
enum Came {
    Words(Option<Result<TranscriptEvent, ProviderError>>),
    Written(Option<Result<ModelEvent, ProviderError>>),
    Sound(Option<Result<SpeechEvent, ProviderError>>),
}

/// Pends for ever while nothing is under way.
async fn next(answer: &mut Option<Answer>) -> Came {
    poll_fn(|cx| {
        let Some(answer) = answer else { return Poll::Pending };
        // Sound first: it is what is waited for.
        if let Some(speech) = &mut answer.speech
            && let Poll::Ready(came) = speech.poll_next_unpin(cx)
        {
            return Poll::Ready(Came::Sound(came));
        }
        if let Some(writing) = &mut answer.writing
            && let Poll::Ready(came) = writing.poll_next_unpin(cx)
        {
            return Poll::Ready(Came::Written(came));
        }
        match &mut answer.hearing {
            Some(hearing) => hearing.poll_next_unpin(cx).map(Came::Words),
            None => Poll::Pending,
        }
    })
    .await
}

type Opened<T> = Pin<Box<dyn Stream<Item = Result<T, ProviderError>> + Send>>;

/// What a stage gives, its beginning included.
fn opened<T: Send + 'static>(
    opening: impl Future<Output = Result<Opened<T>, ProviderError>> + Send + 'static,
) -> Opened<T> {
    Box::pin(stream::once(opening).try_flatten())
}

fn cut(what: &str) -> ProviderError {
    ProviderError::new(what, Category::Cut, format!("the {what} stopped before its end"))
}

impl Session {
    fn tell(&self, event: RealtimeEvent) {
        // Without a listener the commands end, too.
        let _ = self.events.send(Ok(event));
    }

    fn obey(&mut self, command: RealtimeCommand) {
        match command {
            RealtimeCommand::AppendAudio(chunk) => self.said.samples.extend(chunk.samples),
            RealtimeCommand::ClearInput => self.said.samples.clear(),
            RealtimeCommand::CommitAndRespond(turn) => self.write_down(turn),
            // It never ends turns by itself.
            RealtimeCommand::Expect(_) => {}
            RealtimeCommand::Cancel(turn) => self.cancel(turn),
            RealtimeCommand::Truncate { turn, words, .. } => {
                if self.cut.take_if(|of| *of == turn).is_some() {
                    self.memory.answered(turn, &words);
                }
                self.memory.heard(turn, &words);
            }
            RealtimeCommand::Say { turn, text } => {
                self.stop();
                self.answer = Some(Answer::new(turn));
                self.ask(text);
            }
            RealtimeCommand::Show(picture) => self.memory.show(picture),
            RealtimeCommand::ToolResults { turn, results } => self.go_on(turn, results),
            RealtimeCommand::Update(options) => self.memory.change(*options),
        }
    }

    fn write_down(&mut self, turn: TurnId) {
        self.stop();
        let mut answer = Answer::new(turn);
        let rate = self.said.rate;
        let said = std::mem::replace(&mut self.said, AudioChunk { samples: Vec::new(), rate });
        if said.samples.is_empty() {
            self.tell(RealtimeEvent::Committed(turn));
            answer.say(&self.cascade.not_understood);
            self.answer = Some(answer);
            return;
        }
        let recording = Recording {
            bytes: (self.cascade.sound.wav)(&said),
            media_type: "audio/wav".to_owned(),
            duration: Some(said.duration()),
        };
        let (ear, manner) = (Arc::clone(&self.cascade.ear), self.cascade.hearing.clone());
        answer.hearing = Some(opened(async move { ear.transcribe(&recording, &manner).await }));
        self.answer = Some(answer);
    }

    /// Puts what was said or written to the model.
    fn ask(&mut self, text: String) {
        self.memory.asked(text);
        if let Some(answer) = &self.answer {
            self.tell(RealtimeEvent::Committed(answer.turn));
        }
        self.ask_again();
    }

    fn ask_again(&mut self) {
        let Some(answer) = &mut self.answer else { return };
        answer.reply = Reply::default();
        let (chat, request) = (Arc::clone(&self.cascade.chat), self.memory.fill(self.cascade.request.clone()));
        answer.writing = Some(opened(async move { chat.stream(&request).await }));
    }

    /// Nothing more is heard, written or spoken of this answer.
    fn cancel(&mut self, turn: TurnId) {
        if self.answer.as_ref().is_some_and(|answer| answer.turn == turn) {
            self.stop();
        }
    }

    fn stop(&mut self) {
        let Some(answer) = self.answer.take() else { return };
        if let Some(usage) = answer.usage {
            self.tell(RealtimeEvent::Spent { usage, sound: None });
        }
        self.cut = Some(answer.turn);
    }

    fn fail(&mut self, error: ProviderError) {
        let Some(answer) = self.answer.take() else { return };
        if !answer.told.is_empty() {
            self.memory.answered(answer.turn, &answer.told);
        }
        self.tell(RealtimeEvent::ResponseFailed { turn: answer.turn, error });
    }

    fn take(&mut self, came: Came) {
        match came {
            Came::Words(words) => match words.unwrap_or_else(|| Err(cut("transcription"))) {
                Ok(words) => self.heard(words),
                Err(error) => self.fail(error),
            },
            Came::Written(written) => match written.unwrap_or_else(|| Err(cut("answer"))) {
                Ok(written) => self.wrote(&written),
                Err(error) => self.broke_off(error),
            },
            Came::Sound(sound) => match sound.unwrap_or_else(|| Err(cut("speech"))) {
                Ok(sound) => self.sounded(sound),
                // The words go on without it.
                Err(error) => {
                    if let Some(answer) = &mut self.answer {
                        answer.speech = None;
                        answer.mute = Some(error);
                    }
                }
            },
        }
    }

    fn heard(&mut self, event: TranscriptEvent) {
        let Some(answer) = &mut self.answer else { return };
        let turn = answer.turn;
        match event {
            TranscriptEvent::Settled(more) => {
                answer.words.push_str(&more);
                let text = answer.words.clone();
                self.tell(RealtimeEvent::UserTranscript { turn, text });
            }
            TranscriptEvent::Interim(more) => {
                let text = format!("{}{more}", answer.words);
                self.tell(RealtimeEvent::UserTranscript { turn, text });
            }
            TranscriptEvent::Finished(end) => {
                answer.hearing = None;
                let text = end.text.unwrap_or_else(|| std::mem::take(&mut answer.words)).trim().to_owned();
                if text.is_empty() {
                    answer.say(&self.cascade.not_understood);
                    return self.tell(RealtimeEvent::Committed(turn));
                }
                self.tell(RealtimeEvent::UserTranscript { turn, text: text.clone() });
                self.ask(text);
            }
        }
    }

    fn wrote(&mut self, event: &ModelEvent) {
        let Some(answer) = &mut self.answer else { return };
        answer.wrote(event);
        let turn = answer.turn;
        match event {
            // Reasoning is not said, and shows that the answer is on its way.
            ModelEvent::Started { .. } | ModelEvent::ThinkingDelta { .. } => {
                self.tell(RealtimeEvent::ResponseStarted(turn));
            }
            ModelEvent::ToolCall { call, .. } => {
                let arguments = match &call.raw_input {
                    Some(raw) if call.input.is_empty() => Err(raw.clone()),
                    _ => Ok(call.input.clone()),
                };
                let (id, name) = (call.id.clone(), call.name.clone());
                self.tell(RealtimeEvent::ToolCall { turn, id, name, arguments });
            }
            ModelEvent::Usage { usage } => answer.usage = Some(*usage),
            ModelEvent::Finished { reason } => {
                answer.pause();
                answer.writing = None;
                if *reason == StopReason::ToolCalls {
                    answer.waits = true;
                    let usage = answer.usage.take();
                    self.tell(RealtimeEvent::CallsComplete { turn, usage, sound: None });
                } else {
                    answer.ended = Some(reason.clone());
                }
            }
            _ => {}
        }
    }

    /// The answer stopped in its middle: what was written of it is kept, and why it stopped is told.
    fn broke_off(&mut self, error: ProviderError) {
        if let Some(answer) = &mut self.answer {
            answer.pause();
            answer.mute = Some(error.clone());
        }
        self.speak_what_is_due();
        self.fail(error);
    }

    fn go_on(&mut self, turn: TurnId, results: Vec<CallResult>) {
        let Some(answer) = self.answer.as_mut().filter(|answer| answer.turn == turn && answer.waits) else { return };
        answer.waits = false;
        answer.reply.close();
        let content = std::mem::take(&mut answer.reply).content;
        let result = |result: CallResult| ContentBlock::ToolResult {
            id: result.id,
            name: result.name,
            output: result.output,
            end: ToolEnd::default(),
        };
        self.memory.called(content, results.into_iter().map(result).collect());
        self.ask_again();
    }

    /// Sends the next sentence to be spoken, if its time has come.
    fn speak_what_is_due(&mut self) {
        let now = Instant::now();
        let Some(answer) = &mut self.answer else { return };
        let turn = answer.turn;
        while let Some((piece, said)) = answer.due(now) {
            answer.told.push_str(&piece.text);
            // Its words are told where its sound begins.
            let _ = self.events.send(Ok(RealtimeEvent::TranscriptDelta { turn, text: piece.text }));
            if said.is_empty() {
                continue;
            }
            let voice = self.memory.voice().cloned().or_else(|| self.cascade.speaking.voice.clone());
            let manner = SpeechManner { voice, ..self.cascade.speaking.clone() };
            let mouth = Arc::clone(&self.cascade.mouth);
            answer.speech = Some(opened(async move { mouth.speak(&said, &manner).await }));
        }
    }

    fn sounded(&mut self, event: SpeechEvent) {
        let Some(answer) = &mut self.answer else { return };
        let chunk = match event {
            SpeechEvent::Audio(chunk) if chunk.rate == OUTPUT_RATE => Some(chunk),
            // A piece alone cannot be brought to another rate without a click at its edges.
            SpeechEvent::Audio(chunk) => {
                match &mut answer.foreign {
                    Some(before) => before.samples.extend(chunk.samples),
                    none => *none = Some(chunk),
                }
                None
            }
            SpeechEvent::Usage(_) => None,
            SpeechEvent::Finished => {
                answer.speech = None;
                answer.foreign.take().map(|chunk| (self.cascade.sound.resample)(&chunk, OUTPUT_RATE))
            }
        };
        if let Some(chunk) = chunk.filter(|chunk| !chunk.samples.is_empty()) {
            answer.gave(chunk.duration(), Instant::now());
            let turn = answer.turn;
            self.tell(RealtimeEvent::AudioDelta { turn, chunk });
        }
    }

    fn end_if_whole(&mut self) {
        let Some(answer) = self.answer.take_if(|answer| answer.is_whole()) else { return };
        let turn = answer.turn;
        self.memory.answered(turn, &answer.told);
        if let Some(error) = answer.mute {
            return self.tell(RealtimeEvent::ResponseFailed { turn, error });
        }
        let reason = answer.ended.unwrap_or(StopReason::Stop);
        self.tell(RealtimeEvent::ResponseDone { turn, reason, usage: answer.usage, sound: None });
    }
}
