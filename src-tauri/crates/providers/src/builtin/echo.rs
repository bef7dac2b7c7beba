//! Echo: answers with the person's own voice. It is the check that microphone and speaker work, and it takes the whole
//! path that every other voice takes. No socket, no words.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use parlance_core::realtime::{
    RealtimeCapabilities, RealtimeCommand, RealtimeCommands, RealtimeEvent, RealtimeModel, RealtimeSession,
    SessionOptions, SessionOver, TurnId,
};
use parlance_core::{AudioChunk, Category, ProviderError, SampleRate, StopReason};
use tokio::sync::mpsc;

/// The name of this provider in settings and errors.
pub const PROVIDER: &str = "builtin";
/// It listens and speaks at this rate.
pub const RATE: SampleRate = SampleRate::HZ_24000;
/// One delta lasts so long.
const DELTA: Duration = Duration::from_millis(100);
/// A turn may last so long, as with every other voice. What is said after it is not echoed, and the answer ends with
/// [`StopReason::Length`].
const MAX_TURN: Duration = Duration::from_secs(600);
/// Commands that wait. When it is full the sender waits: nothing of what was said is dropped.
const QUEUE: usize = 64;

/// The model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

#[async_trait]
impl RealtimeModel for Echo {
    fn capabilities(&self) -> RealtimeCapabilities {
        RealtimeCapabilities::at(RATE, RATE)
    }

    async fn connect(&self, _session: SessionOptions) -> Result<RealtimeSession, ProviderError> {
        let (commands, inbox) = mpsc::channel(QUEUE);
        let session = Session { inbox, heard: Vec::new(), overflow: false, answer: None };
        let events =
            stream::unfold(
                session,
                |mut session| async move { session.next().await.map(|event| (Ok(event), session)) },
            );
        Ok(RealtimeSession { commands: Box::new(Commands(commands)), events: Box::pin(events) })
    }
}

struct Commands(mpsc::Sender<RealtimeCommand>);

#[async_trait]
impl RealtimeCommands for Commands {
    async fn send(&mut self, command: RealtimeCommand) -> Result<(), SessionOver> {
        self.0.send(command).await.map_err(|_| SessionOver)
    }
}

/// The far end, run by whoever reads its events.
struct Session {
    inbox: mpsc::Receiver<RealtimeCommand>,
    heard: Vec<i16>,
    /// More than [`MAX_TURN`] was said.
    overflow: bool,
    answer: Option<Answer>,
}

struct Answer {
    turn: TurnId,
    step: Step,
    samples: std::vec::IntoIter<i16>,
    reason: StopReason,
}

#[derive(Clone, Copy)]
enum Step {
    Commit,
    Start,
    Speak,
}

impl Session {
    /// The next event, `None` when the other side is gone. Commands come first: a cancel must not wait behind sound.
    async fn next(&mut self) -> Option<RealtimeEvent> {
        loop {
            let command = if self.answer.is_some() {
                match self.inbox.try_recv() {
                    Ok(command) => Some(command),
                    Err(mpsc::error::TryRecvError::Empty) => None,
                    Err(mpsc::error::TryRecvError::Disconnected) => return None,
                }
            } else {
                Some(self.inbox.recv().await?)
            };
            let event = match command {
                Some(command) => self.obey(command),
                None => self.speak(),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    fn obey(&mut self, command: RealtimeCommand) -> Option<RealtimeEvent> {
        match command {
            RealtimeCommand::AppendAudio(chunk) => {
                let room = usize::try_from(RATE.samples_in(MAX_TURN)).unwrap_or(usize::MAX) - self.heard.len();
                self.heard.extend(chunk.samples.iter().take(room));
                self.overflow |= chunk.samples.len() > room;
                None
            }
            RealtimeCommand::CommitAndRespond(turn) => self.commit(turn),
            RealtimeCommand::ClearInput => {
                self.heard.clear();
                self.overflow = false;
                None
            }
            RealtimeCommand::Cancel(turn) => {
                self.answer.take_if(|answer| answer.turn == turn);
                None
            }
            RealtimeCommand::Say { turn, .. } => {
                let error = ProviderError::new(PROVIDER, Category::InvalidRequest, "Echo answers only what is spoken");
                Some(RealtimeEvent::ResponseFailed { turn, error })
            }
            // It remembers nothing, sees nothing, calls nothing, and never ends a turn by itself.
            RealtimeCommand::Truncate { .. }
            | RealtimeCommand::Show(_)
            | RealtimeCommand::ToolResults { .. }
            | RealtimeCommand::Expect(_)
            | RealtimeCommand::Update(_) => None,
        }
    }

    fn commit(&mut self, turn: TurnId) -> Option<RealtimeEvent> {
        let samples = std::mem::take(&mut self.heard);
        let reason = if std::mem::take(&mut self.overflow) { StopReason::Length } else { StopReason::Stop };
        if samples.is_empty() {
            let error = ProviderError::new(PROVIDER, Category::InvalidRequest, "nothing was said");
            return Some(RealtimeEvent::ResponseFailed { turn, error });
        }
        self.answer = Some(Answer { turn, step: Step::Commit, samples: samples.into_iter(), reason });
        None
    }

    fn speak(&mut self) -> Option<RealtimeEvent> {
        let answer = self.answer.as_mut()?;
        let turn = answer.turn;
        match answer.step {
            Step::Commit => {
                answer.step = Step::Start;
                Some(RealtimeEvent::Committed(turn))
            }
            Step::Start => {
                answer.step = Step::Speak;
                Some(RealtimeEvent::ResponseStarted(turn))
            }
            Step::Speak => {
                let size = usize::try_from(RATE.samples_in(DELTA)).unwrap_or(usize::MAX);
                let samples: Vec<i16> = answer.samples.by_ref().take(size).collect();
                if samples.is_empty() {
                    let reason = self.answer.take()?.reason;
                    return Some(RealtimeEvent::ResponseDone { turn, reason, usage: None, sound: None });
                }
                Some(RealtimeEvent::AudioDelta { turn, chunk: AudioChunk { samples, rate: RATE } })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    const TURN: TurnId = TurnId(7);

    fn tone(samples: usize) -> Vec<i16> {
        (0..samples).map(|n| i16::try_from(n % 30_000).unwrap()).collect()
    }

    fn chunk(samples: &[i16]) -> RealtimeCommand {
        RealtimeCommand::AppendAudio(AudioChunk { samples: samples.to_vec(), rate: RATE })
    }

    async fn open() -> RealtimeSession {
        Echo.connect(SessionOptions::default()).await.unwrap()
    }

    async fn next(session: &mut RealtimeSession) -> Option<RealtimeEvent> {
        session.events.next().await.map(|event| event.unwrap())
    }

    #[tokio::test]
    async fn it_answers_with_every_sample_it_heard() {
        let mut session = open().await;
        let said = tone(24_000 + 123);
        for part in said.chunks(481) {
            session.commands.send(chunk(part)).await.unwrap();
        }
        session.commands.send(RealtimeCommand::CommitAndRespond(TURN)).await.unwrap();
        assert_eq!(next(&mut session).await, Some(RealtimeEvent::Committed(TURN)));
        assert_eq!(next(&mut session).await, Some(RealtimeEvent::ResponseStarted(TURN)));
        let mut heard = Vec::new();
        loop {
            match next(&mut session).await {
                Some(RealtimeEvent::AudioDelta { turn: TURN, chunk }) => {
                    assert!(chunk.samples.len() <= 2_400 && chunk.rate == RATE);
                    heard.extend(chunk.samples);
                }
                end => {
                    let done =
                        RealtimeEvent::ResponseDone { turn: TURN, reason: StopReason::Stop, usage: None, sound: None };
                    assert_eq!(end, Some(done));
                    break;
                }
            }
        }
        assert_eq!(heard, said);
    }

    #[tokio::test]
    async fn a_cancel_stops_the_answer_at_once_and_the_next_turn_is_new() {
        let mut session = open().await;
        session.commands.send(chunk(&tone(24_000))).await.unwrap();
        session.commands.send(RealtimeCommand::CommitAndRespond(TURN)).await.unwrap();
        for _ in 0..4 {
            next(&mut session).await.unwrap();
        }
        session.commands.send(RealtimeCommand::Cancel(TURN)).await.unwrap();
        session
            .commands
            .send(RealtimeCommand::Truncate { turn: TURN, heard: DELTA, words: String::new() })
            .await
            .unwrap();
        session.commands.send(chunk(&[1, 2, 3])).await.unwrap();
        session.commands.send(RealtimeCommand::CommitAndRespond(TurnId(8))).await.unwrap();
        assert_eq!(next(&mut session).await, Some(RealtimeEvent::Committed(TurnId(8))));
        assert_eq!(next(&mut session).await, Some(RealtimeEvent::ResponseStarted(TurnId(8))));
        let only = AudioChunk { samples: vec![1, 2, 3], rate: RATE };
        assert_eq!(next(&mut session).await, Some(RealtimeEvent::AudioDelta { turn: TurnId(8), chunk: only }));
    }

    #[tokio::test]
    async fn silence_is_no_turn_and_cleared_input_is_forgotten() {
        let mut session = open().await;
        session.commands.send(chunk(&[1, 2])).await.unwrap();
        session.commands.send(RealtimeCommand::ClearInput).await.unwrap();
        session.commands.send(RealtimeCommand::CommitAndRespond(TURN)).await.unwrap();
        let error = ProviderError::new(PROVIDER, Category::InvalidRequest, "nothing was said");
        assert_eq!(next(&mut session).await, Some(RealtimeEvent::ResponseFailed { turn: TURN, error }));
    }

    #[tokio::test]
    async fn what_is_said_past_ten_minutes_is_not_echoed_and_the_answer_says_so() {
        let mut session =
            Session { inbox: mpsc::channel(1).1, heard: vec![1; 14_399_999], overflow: false, answer: None };
        assert_eq!(session.obey(chunk(&[2, 3])), None);
        assert_eq!(session.obey(RealtimeCommand::CommitAndRespond(TURN)), None);
        let (mut samples, mut end) = (0, None);
        while let Some(event) = session.speak() {
            match event {
                RealtimeEvent::AudioDelta { chunk, .. } => samples += chunk.samples.len(),
                RealtimeEvent::ResponseDone { reason, .. } => end = Some(reason),
                _ => {}
            }
        }
        assert_eq!((samples, end), (14_400_000, Some(StopReason::Length)));
    }

    #[tokio::test]
    async fn the_session_ends_with_either_half() {
        let RealtimeSession { commands, mut events } = open().await;
        drop(commands);
        assert_eq!(events.next().await, None);
        let RealtimeSession { mut commands, events } = open().await;
        drop(events);
        assert_eq!(commands.send(RealtimeCommand::ClearInput).await, Err(SessionOver));
    }
}
