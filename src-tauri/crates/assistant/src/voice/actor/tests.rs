//! The actor on hand-driven ports: tests decide when a sample comes, a packet arrives, a listener hears.

use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::stream;
use parlance_core::audio::{AudioError, Playback, PlaybackPosition, QueueFull};
use parlance_core::realtime::{
    RealtimeCapabilities, RealtimeCommands, RealtimeModel, RealtimeSession, SessionOptions, SessionOver,
};
use parlance_core::speech::Activity;
use parlance_core::{Category, SampleRate, StopReason};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use super::super::history::{NotSaved, SavedTurn};
use super::*;

const RATE: SampleRate = SampleRate::HZ_24000;

/// Tokio's time, so that paused time passes for the machine too.
struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn wall(&self) -> Duration {
        Duration::ZERO
    }
}

#[derive(Default)]
struct Desk {
    microphone: Mutex<Option<UnboundedSender<CaptureEvent>>>,
    speaker: Mutex<Loudspeaker>,
    saved: Mutex<Vec<Saved>>,
    /// For each connection: what the model gets, and how it answers.
    sessions: Mutex<Vec<ModelSide>>,
    refuse_connections: Mutex<u32>,
}

#[derive(Debug, Clone, PartialEq)]
enum Saved {
    Question(Vec<i16>),
    Answer(Box<SpokenAnswer>),
    Words(String),
}

struct ModelSide {
    commands: UnboundedReceiver<RealtimeCommand>,
    events: UnboundedSender<Result<RealtimeEvent, ProviderError>>,
}

#[derive(Debug, Default)]
struct Loudspeaker {
    pushed: Vec<i16>,
    position: PlaybackPosition,
    room: Option<usize>,
    finished: u32,
}

struct Port(Arc<Desk>);

impl AudioInput for Port {
    fn open(&self, _: SampleRate) -> Result<CaptureStream, AudioError> {
        let (sender, mut receiver) = unbounded_channel();
        *self.0.microphone.lock().unwrap() = Some(sender);
        Ok(Box::pin(stream::poll_fn(move |cx| receiver.poll_recv(cx))))
    }
}

impl AudioOutput for Port {
    fn open(&self, _: SampleRate) -> Result<Box<dyn Playback>, AudioError> {
        Ok(Box::new(Port(Arc::clone(&self.0))))
    }
}

impl Playback for Port {
    fn push(&self, chunk: &AudioChunk) -> Result<(), QueueFull> {
        let mut speaker = self.0.speaker.lock().unwrap();
        if speaker.room.is_some_and(|room| speaker.pushed.len() + chunk.samples.len() > room) {
            return Err(QueueFull);
        }
        speaker.pushed.extend_from_slice(&chunk.samples);
        speaker.position.pushed += chunk.samples.len() as u64;
        Ok(())
    }

    fn finish(&self) {
        self.0.speaker.lock().unwrap().finished += 1;
    }

    fn flush(&self) -> PlaybackPosition {
        let mut speaker = self.0.speaker.lock().unwrap();
        speaker.position.flushed = speaker.position.pushed - speaker.position.heard;
        speaker.position
    }

    fn position(&self) -> PlaybackPosition {
        self.0.speaker.lock().unwrap().position
    }

    fn poll_event(&self) -> Option<PlaybackEvent> {
        None
    }
}

#[async_trait]
impl RealtimeModel for Port {
    fn capabilities(&self) -> RealtimeCapabilities {
        RealtimeCapabilities::at(RATE, RATE)
    }

    async fn connect(&self, _: SessionOptions) -> Result<RealtimeSession, ProviderError> {
        let mut refusals = self.0.refuse_connections.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(ProviderError::new("test", Category::Network, "refused"));
        }
        let (command_sender, commands) = unbounded_channel();
        let (events, mut event_receiver) = unbounded_channel();
        self.0.sessions.lock().unwrap().push(ModelSide { commands, events });
        Ok(RealtimeSession {
            commands: Box::new(Line(command_sender)),
            events: Box::pin(stream::poll_fn(move |cx| event_receiver.poll_recv(cx))),
        })
    }
}

struct Line(UnboundedSender<RealtimeCommand>);

#[async_trait]
impl RealtimeCommands for Line {
    async fn send(&mut self, command: RealtimeCommand) -> Result<(), SessionOver> {
        self.0.send(command).map_err(|_| SessionOver)
    }
}

#[async_trait]
impl SpokenHistory for Port {
    async fn begin(&self, question: SpokenQuestion) -> Result<SavedTurn, NotSaved> {
        self.0.saved.lock().unwrap().push(Saved::Question(question.sound.samples));
        let speaker = question.speaker;
        Ok(SavedTurn { conversation: "c1".into(), question: "q1".into(), answer: "a1".into(), speaker })
    }

    async fn finish(&self, _: &SavedTurn, answer: SpokenAnswer) -> Result<(), NotSaved> {
        self.0.saved.lock().unwrap().push(Saved::Answer(Box::new(answer)));
        Ok(())
    }

    async fn write_down(&self, _: &SavedTurn, words: &str) -> Result<(), NotSaved> {
        self.0.saved.lock().unwrap().push(Saved::Words(words.to_owned()));
        Ok(())
    }
}

fn voice(desk: &Arc<Desk>) -> Voice {
    let speaker = Speaker { name: "Test".into(), provider: "test".into(), host: String::new(), model: "m".into() };
    Voice { speaker, model: Arc::new(Port(Arc::clone(desk))), session: SessionOptions::default() }
}

/// The actor and everything around it.
struct Scene {
    desk: Arc<Desk>,
    voice: VoiceHandle,
    news: UnboundedReceiver<VoiceNews>,
}

impl Scene {
    fn new() -> Self {
        let desk = Arc::new(Desk::default());
        let parts = VoiceParts {
            input: Arc::new(Port(Arc::clone(&desk))),
            output: Arc::new(Port(Arc::clone(&desk))),
            voice: voice(&desk),
            history: Arc::new(Port(Arc::clone(&desk))),
            clock: Arc::new(TestClock),
        };
        let (sender, news) = unbounded_channel();
        Self { voice: VoiceHandle::start(parts, sender), desk, news }
    }

    async fn does(&self, command: VoiceCommand) {
        self.voice.send(command);
        self.settles().await;
    }

    /// Lets every task run until it waits for something to happen.
    async fn settles(&self) {
        sleep(Duration::from_millis(1)).await;
    }

    async fn speaks(&self, samples: &[i16]) {
        let microphone = self.desk.microphone.lock().unwrap().clone().expect("the microphone is open");
        let chunk = AudioChunk { samples: samples.to_vec(), rate: RATE };
        microphone
            .send(CaptureEvent::Chunk(Captured { chunk, activity: Activity::SILENCE }))
            .expect("the actor listens");
        self.settles().await;
    }

    /// What the model was told since the last look, in the newest session.
    fn told(&self) -> Vec<RealtimeCommand> {
        let mut sessions = self.desk.sessions.lock().unwrap();
        let session = sessions.last_mut().expect("a session is open");
        std::iter::from_fn(|| session.commands.try_recv().ok()).collect()
    }

    async fn model_says(&self, event: RealtimeEvent) {
        self.desk.sessions.lock().unwrap().last().expect("a session is open").events.send(Ok(event)).unwrap();
        self.settles().await;
    }

    async fn listener_hears(&self, samples: u64) {
        self.desk.speaker.lock().unwrap().position.heard += samples;
        sleep(TICK * 2).await;
    }

    /// Holds the key for half a second, says 100 samples, lets go.
    async fn asks(&self) {
        self.does(VoiceCommand::Key(Edge::Down)).await;
        self.speaks(&[1_000; 100]).await;
        sleep(Duration::from_millis(500)).await;
        self.does(VoiceCommand::Key(Edge::Up)).await;
        sleep(Duration::from_millis(200)).await;
    }

    fn shown(&mut self) -> Shown {
        let mut shown = None;
        while let Ok(news) = self.news.try_recv() {
            if let VoiceNews::State(status) = news {
                shown = Some(status.shown);
            }
        }
        shown.expect("the state changed since the last look")
    }
}

fn sound(turn: u64, samples: &[i16]) -> RealtimeEvent {
    RealtimeEvent::AudioDelta { turn: TurnId(turn), chunk: AudioChunk { samples: samples.to_vec(), rate: RATE } }
}

fn done(turn: u64) -> RealtimeEvent {
    RealtimeEvent::ResponseDone { turn: TurnId(turn), reason: StopReason::Stop, usage: None, sound: None }
}

fn appended(commands: &[RealtimeCommand]) -> Vec<i16> {
    commands
        .iter()
        .flat_map(|command| match command {
            RealtimeCommand::AppendAudio(chunk) => chunk.samples.clone(),
            _ => Vec::new(),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_turn_goes_from_microphone_to_model_to_speaker_to_history() {
    let mut scene = Scene::new();
    scene.asks().await;
    let told = scene.told();
    assert_eq!(told.first(), Some(&RealtimeCommand::ClearInput));
    assert_eq!(appended(&told), [1_000; 100]);
    assert_eq!(told.last(), Some(&RealtimeCommand::CommitAndRespond(TurnId(1))));
    assert_eq!(scene.shown(), Shown::Thinking);

    scene.model_says(sound(1, &[7; 48])).await;
    assert_eq!(scene.shown(), Shown::Speaking);
    scene.model_says(done(1)).await;
    assert_eq!(scene.desk.speaker.lock().unwrap().finished, 1);
    scene.listener_hears(48).await;
    assert_eq!(scene.shown(), Shown::Idle);
    let saved = scene.desk.saved.lock().unwrap().clone();
    assert_eq!(saved[0], Saved::Question(vec![1_000; 100]));
    match &saved[1] {
        Saved::Answer(answer) => {
            assert_eq!((answer.sound.samples.as_slice(), answer.heard), ([7; 48].as_slice(), None));
            assert!(answer.first_sound.is_some());
        }
        other => panic!("an answer is saved: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_warm_microphone_gives_what_was_said_before_the_key() {
    let scene = Scene::new();
    scene.does(VoiceCommand::Warmth(Warmth::Warm)).await;
    scene.speaks(&[5; 50]).await;
    scene.asks().await;
    let expected = [vec![5; 50], vec![1_000; 100]].concat();
    assert_eq!(appended(&scene.told()), expected);
}

#[tokio::test(start_paused = true)]
async fn barge_in_silences_cancels_and_truncates_at_what_was_heard() {
    let mut scene = Scene::new();
    scene.asks().await;
    scene.told();
    scene.model_says(sound(1, &[7; 24_000])).await;
    scene.listener_hears(2_400).await;
    scene.does(VoiceCommand::Key(Edge::Down)).await;
    assert_eq!(scene.shown(), Shown::Interrupted);
    let heard = Duration::from_millis(100);
    assert_eq!(
        scene.told(),
        [
            RealtimeCommand::Cancel(TurnId(1)),
            RealtimeCommand::Truncate { turn: TurnId(1), heard, words: String::new() },
            RealtimeCommand::ClearInput
        ]
    );
    scene.model_says(sound(1, &[9; 480])).await;
    assert!(!scene.desk.speaker.lock().unwrap().pushed.contains(&9), "late sound of the old turn is dropped");
    match scene.desk.saved.lock().unwrap().last() {
        Some(Saved::Answer(answer)) => assert_eq!(answer.heard, Some(heard)),
        other => panic!("the interrupted answer is saved: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_while_speaking_is_made_again_and_gets_the_whole_utterance() {
    let scene = Scene::new();
    *scene.desk.refuse_connections.lock().unwrap() = 1;
    scene.asks().await;
    let told = scene.told();
    assert_eq!(appended(&told), [1_000; 100]);
    assert_eq!(told.last(), Some(&RealtimeCommand::CommitAndRespond(TurnId(1))));
}

#[tokio::test(start_paused = true)]
async fn an_utterance_that_found_no_connection_is_kept_and_sent_whole_again() {
    let mut scene = Scene::new();
    *scene.desk.refuse_connections.lock().unwrap() = 2;
    scene.asks().await;
    assert_eq!(scene.shown(), Shown::Failed);
    scene.does(VoiceCommand::SendKept).await;
    let told = scene.told();
    assert_eq!(appended(&told), [1_000; 100]);
    assert_eq!(told.last(), Some(&RealtimeCommand::CommitAndRespond(TurnId(2))));
}

#[tokio::test(start_paused = true)]
async fn a_full_speaker_stops_the_reading_and_loses_nothing() {
    let scene = Scene::new();
    scene.asks().await;
    scene.desk.speaker.lock().unwrap().room = Some(100);
    for _ in 0..5 {
        scene.model_says(sound(1, &[7; 60])).await;
    }
    scene.model_says(done(1)).await;
    assert_eq!(scene.desk.speaker.lock().unwrap().pushed.len(), 60);
    scene.desk.speaker.lock().unwrap().room = None;
    sleep(TICK * 4).await;
    let speaker = scene.desk.speaker.lock().unwrap();
    assert_eq!((speaker.pushed.len(), speaker.finished), (300, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_microphone_is_told_and_its_words_are_sent() {
    let mut scene = Scene::new();
    scene.does(VoiceCommand::Key(Edge::Down)).await;
    scene.speaks(&[1; 100]).await;
    let microphone = scene.desk.microphone.lock().unwrap().clone().unwrap();
    microphone.send(CaptureEvent::Lost(DeviceLoss::ServerGone)).unwrap();
    scene.settles().await;
    assert_eq!(scene.shown(), Shown::Reconnecting);
    sleep(Duration::from_millis(500)).await;
    scene.does(VoiceCommand::Key(Edge::Up)).await;
    assert_eq!(scene.told().last(), Some(&RealtimeCommand::CommitAndRespond(TurnId(1))));
}

#[tokio::test(start_paused = true)]
async fn a_cold_microphone_is_closed_after_the_turn() {
    let scene = Scene::new();
    scene.asks().await;
    assert!(scene.desk.microphone.lock().unwrap().as_ref().unwrap().is_closed());
}

#[tokio::test(start_paused = true)]
async fn what_the_person_said_is_written_down_even_after_the_answer() {
    let scene = Scene::new();
    scene.asks().await;
    scene.model_says(sound(1, &[3; 480])).await;
    scene.model_says(done(1)).await;
    scene.listener_hears(480).await;
    sleep(Duration::from_secs(1)).await;
    scene.model_says(RealtimeEvent::UserTranscript { turn: TurnId(1), text: "Hello.".into() }).await;
    let saved = scene.desk.saved.lock().unwrap();
    let [Saved::Question(_), Saved::Answer(_), Saved::Words(words)] = &saved[..] else { panic!("{saved:?}") };
    assert_eq!(words, "Hello.");
}

#[tokio::test(start_paused = true)]
async fn another_voice_is_asked_from_the_next_turn_on() {
    let scene = Scene::new();
    scene.does(VoiceCommand::Key(Edge::Down)).await;
    scene.speaks(&[1; 480]).await;
    let other = Arc::new(Desk::default());
    scene.does(VoiceCommand::With(Box::new(voice(&other)))).await;
    scene.does(VoiceCommand::Key(Edge::Up)).await;
    scene.does(VoiceCommand::Key(Edge::Down)).await;
    scene.speaks(&[2; 480]).await;
    sleep(Duration::from_secs(1)).await;
    scene.does(VoiceCommand::Key(Edge::Up)).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!((scene.desk.sessions.lock().unwrap().len(), other.sessions.lock().unwrap().len()), (1, 1));
    assert_eq!(scene.desk.saved.lock().unwrap()[..], [Saved::Question(vec![2; 480])]);
}
