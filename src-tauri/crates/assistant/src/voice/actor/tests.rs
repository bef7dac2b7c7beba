//! The actor on hand-driven ports: tests decide when a sample comes, a packet arrives, a listener hears.

use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::stream;
use parlance_core::audio::{AudioError, Playback, PlaybackPosition, QueueFull};
use parlance_core::realtime::{
    RealtimeCapabilities, RealtimeCommands, RealtimeModel, RealtimeSession, SessionOptions, SessionOver,
};
use parlance_core::speech::{Activity, Gate};
use parlance_core::{Category, SampleRate, StopReason};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use parlance_core::audio::{Captured, DeviceLoss, PlaybackEvent};
use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, Remembered, Side, TurnDetection};
use parlance_core::{ContentBlock, ModelEvent, TokenUsage, ToolOutput};

use super::super::history::{Heard, NotSaved, SpokenQuestion};
use super::super::journal::{LeftOver, Page};
use super::super::machine::{Mode, Shown};
use super::super::speaker::Speaker;
use super::*;
use crate::talk_key::Edge;
use crate::tools::{Overseer, Permission, Toolbox};

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
    turns: Mutex<Option<TurnDetection>>,
    /// How each session was asked for.
    options: Mutex<Vec<SessionOptions>>,
    /// Utterances in the journal, and whether each is whole.
    journal: Mutex<HashMap<String, (Vec<i16>, bool)>>,
    left_over: Mutex<Vec<LeftOver>>,
    /// What the running answer was told to have grown by.
    grown: Mutex<Vec<ModelEvent>>,
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
        let turns = self.0.turns.lock().unwrap().unwrap_or(TurnDetection::None);
        RealtimeCapabilities { turns, calls: true, ..RealtimeCapabilities::at(RATE, RATE) }
    }

    async fn connect(&self, options: SessionOptions) -> Result<RealtimeSession, ProviderError> {
        self.0.options.lock().unwrap().push(options);
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

    fn grows(&self, _: &SavedTurn, event: &ModelEvent) {
        self.0.grown.lock().unwrap().push(event.clone());
    }

    async fn recall(&self, _: &str, _: usize) -> Vec<Remembered> {
        let saved = self.0.saved.lock().unwrap();
        let words = saved.iter().filter_map(|saved| match saved {
            Saved::Words(words) => Some(Remembered { by: Side::Person, text: words.clone() }),
            Saved::Answer(answer) if !answer.transcript.is_empty() => {
                Some(Remembered { by: Side::Model, text: answer.transcript.clone() })
            }
            _ => None,
        });
        words.collect()
    }
}

impl Journal for Port {
    fn begin(&self, _: SampleRate, _: Option<&str>) -> Option<Page> {
        let mut journal = self.0.journal.lock().unwrap();
        let page = format!("page {}", journal.len() + 1);
        journal.insert(page.clone(), (Vec::new(), false));
        Some(Page(page))
    }

    fn append(&self, page: &Page, samples: &[i16]) {
        self.0.journal.lock().unwrap().get_mut(&page.0).expect("the page was begun").0.extend_from_slice(samples);
    }

    fn close(&self, page: &Page) {
        self.0.journal.lock().unwrap().get_mut(&page.0).expect("the page was begun").1 = true;
    }

    fn remove(&self, page: Page) {
        self.0.journal.lock().unwrap().remove(&page.0).expect("the page was begun");
    }

    fn left_over(&self) -> Vec<LeftOver> {
        self.0.left_over.lock().unwrap().clone()
    }

    fn read(&self, page: &Page) -> Option<AudioChunk> {
        let samples = self.0.journal.lock().unwrap().get(&page.0)?.0.clone();
        Some(AudioChunk { samples, rate: RATE })
    }
}

/// A tool that says what it was called with.
struct Repeat;

#[async_trait]
impl parlance_core::Tool for Repeat {
    fn spec(&self) -> parlance_core::chat::FunctionSpec {
        parlance_core::chat::FunctionSpec {
            name: "repeat".into(),
            description: None,
            parameters: None,
            rest: serde_json::Map::new(),
        }
    }

    fn consent(&self, _: &serde_json::Map<String, serde_json::Value>) -> parlance_core::Consent {
        parlance_core::Consent::NotNeeded
    }

    async fn run(
        &self,
        arguments: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<ToolOutput, parlance_core::ToolFailure> {
        if arguments.contains_key("forever") {
            std::future::pending::<()>().await;
        }
        Ok(ToolOutput::Text(serde_json::Value::Object(arguments.clone()).to_string()))
    }
}

impl Toolkit for Port {
    fn offered(&self) -> Vec<parlance_core::chat::FunctionSpec> {
        vec![parlance_core::Tool::spec(&Repeat)]
    }

    fn open(&self, _: &SavedTurn) -> (Toolbox, Arc<dyn Overseer>) {
        let tools: [Arc<dyn parlance_core::Tool>; 1] = [Arc::new(Repeat)];
        (Toolbox::new(tools), Arc::new(Port(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl Overseer for Port {
    async fn ask(&self, _: &parlance_core::ToolUse) -> Permission {
        Permission::Refused
    }

    fn begins(&self, _: &parlance_core::ToolUse) -> tokio_util::sync::CancellationToken {
        tokio_util::sync::CancellationToken::new()
    }

    fn goes_without(&self, _: &ProviderError) {}
}

fn voice(desk: &Arc<Desk>) -> Voice {
    let speaker = Speaker { name: "Test".into(), provider: "test".into(), host: String::new(), model: "m".into() };
    Voice { speaker, model: Arc::new(Port(Arc::clone(desk))), price: None, session: SessionOptions::default() }
}

/// The actor and everything around it.
struct Scene {
    desk: Arc<Desk>,
    voice: VoiceHandle,
    news: UnboundedReceiver<VoiceNews>,
}

impl Scene {
    fn new() -> Self {
        Self::at(Arc::new(Desk::default()))
    }

    fn at(desk: Arc<Desk>) -> Self {
        let parts = VoiceParts {
            input: Arc::new(Port(Arc::clone(&desk))),
            output: Arc::new(Port(Arc::clone(&desk))),
            voice: voice(&desk),
            history: Arc::new(Port(Arc::clone(&desk))),
            journal: Arc::new(Port(Arc::clone(&desk))),
            tools: Some(Arc::new(Port(Arc::clone(&desk)))),
            resample: |chunk, rate| AudioChunk { samples: chunk.samples.clone(), rate },
            chance: || 1.0,
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
            assert_eq!(
                (answer.sound.samples.as_slice(), answer.heard.map(|heard| heard.sound)),
                ([7; 48].as_slice(), None)
            );
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
        Some(Saved::Answer(answer)) => {
            assert_eq!(answer.heard, Some(Heard { sound: heard, characters: 0 }));
        }
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
    *scene.desk.refuse_connections.lock().unwrap() = 1_000;
    scene.asks().await;
    assert_eq!(scene.shown(), Shown::Reconnecting);
    sleep(Duration::from_secs(90)).await;
    assert_eq!(scene.shown(), Shown::Failed);
    *scene.desk.refuse_connections.lock().unwrap() = 0;
    scene.does(VoiceCommand::SendKept(None)).await;
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

/// A voice at 20 ms a chunk, as the microphone gives it.
const VOICE: Activity = Activity { dbfs: -20.0, floor_dbfs: -60.0, speech: 0.95, gate: Gate::Open };
const ROOM: Activity = Activity { dbfs: -60.0, floor_dbfs: -60.0, speech: 0.05, gate: Gate::Open };

impl Scene {
    /// Sound of this value goes by in its own time.
    async fn hears(&self, ms: u64, value: i16, activity: Activity) {
        for _ in 0..ms / 20 {
            let microphone = self.desk.microphone.lock().unwrap().clone().expect("the microphone is open");
            let chunk = AudioChunk { samples: vec![value; 480], rate: RATE };
            microphone.send(CaptureEvent::Chunk(Captured { chunk, activity })).expect("the actor listens");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn line_breaks(&self) {
        let error = ProviderError::new("test", Category::Cut, "the line is cut");
        self.desk.sessions.lock().unwrap().last().expect("a session is open").events.send(Err(error)).unwrap();
        self.settles().await;
    }

    /// What is left in the journal.
    fn journal(&self) -> Vec<usize> {
        self.desk.journal.lock().unwrap().values().map(|(samples, _)| samples.len()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn hands_free_what_was_said_before_it_was_believed_is_sent_first_and_silence_is_not() {
    let scene = Scene::new();
    *scene.desk.turns.lock().unwrap() = Some(TurnDetection::Silence);
    scene.does(VoiceCommand::Mode(Mode::HandsFree)).await;
    scene.hears(3_000, 1, ROOM).await;
    let told = scene.told();
    assert_eq!(told, [RealtimeCommand::Expect(TurnId(1))], "nobody spoke");
    scene.hears(1_000, 2, VOICE).await;
    scene.hears(400, 3, ROOM).await;
    let sound = appended(&scene.told());
    let (before, after) = (sound.iter().filter(|s| **s == 1).count(), sound.iter().filter(|s| **s == 3).count());
    assert_eq!(sound.iter().filter(|s| **s == 2).count(), 24_000, "the voice, whole");
    assert!((4_800..10_000).contains(&before), "{before} samples of what was before");
    assert_eq!(after, 9_600, "the provider hears the silence that it waits for");
    scene.model_says(RealtimeEvent::Committed(TurnId(1))).await;
    scene.hears(400, 4, ROOM).await;
    assert_eq!(scene.told(), [RealtimeCommand::Expect(TurnId(2))], "then the gate is shut");
    assert_eq!(scene.desk.saved.lock().unwrap()[0], Saved::Question(sound));
}

#[tokio::test(start_paused = true)]
async fn what_was_heard_of_an_interrupted_answer_is_told_in_words_too() {
    let mut scene = Scene::new();
    scene.asks().await;
    for word in ["One ", "two ", "three ", "four."] {
        scene.model_says(RealtimeEvent::TranscriptDelta { turn: TurnId(1), text: word.into() }).await;
        scene.model_says(sound(1, &[7; 12_000])).await;
    }
    scene.told();
    scene.listener_hears(26_000).await;
    scene.does(VoiceCommand::Key(Edge::Down)).await;
    let told = scene.told();
    let truncated = told.iter().find_map(|command| match command {
        RealtimeCommand::Truncate { heard, words, .. } => Some((heard.as_millis(), words.as_str())),
        _ => None,
    });
    assert_eq!(truncated, Some((1_083, "One two ")));
    let last = std::iter::from_fn(|| scene.news.try_recv().ok())
        .filter_map(|news| match news {
            VoiceNews::Caption { text, heard, .. } => Some((text, heard)),
            _ => None,
        })
        .last();
    assert_eq!(last, Some(("One two three four.".to_owned(), 8)));
}

#[tokio::test(start_paused = true)]
async fn the_journal_holds_what_is_said_until_it_is_answered() {
    let scene = Scene::new();
    scene.asks().await;
    assert_eq!(scene.journal(), [100]);
    scene.model_says(sound(1, &[7; 48])).await;
    scene.model_says(done(1)).await;
    assert_eq!(scene.journal(), [100], "it sounds, and is not stored yet");
    scene.listener_hears(48).await;
    assert_eq!(scene.journal(), Vec::<usize>::new());
}

#[tokio::test(start_paused = true)]
async fn a_failed_turn_stays_in_the_journal_until_it_is_answered_or_discarded() {
    let scene = Scene::new();
    scene.asks().await;
    scene.model_says(RealtimeEvent::Committed(TurnId(1))).await;
    scene.line_breaks().await;
    assert_eq!(scene.journal(), [100]);
    scene.does(VoiceCommand::Discard(None)).await;
    assert_eq!(scene.journal(), Vec::<usize>::new());
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_left_is_offered_and_can_be_sent() {
    let desk = Arc::new(Desk::default());
    desk.journal.lock().unwrap().insert("old".into(), (vec![9; 240], true));
    desk.left_over.lock().unwrap().push(LeftOver {
        page: Page("old".into()),
        duration: Duration::from_millis(10),
        conversation: Some("c7".into()),
    });
    let scene = Scene::at(desk);
    scene.does(VoiceCommand::SendKept(None)).await;
    sleep(Duration::from_millis(100)).await;
    let told = scene.told();
    assert_eq!(appended(&told), [9; 240]);
    assert_eq!(told.last(), Some(&RealtimeCommand::CommitAndRespond(TurnId(1))));
    scene.model_says(sound(1, &[7; 48])).await;
    scene.model_says(done(1)).await;
    scene.listener_hears(48).await;
    assert_eq!(scene.journal(), Vec::<usize>::new());
}

#[tokio::test(start_paused = true)]
async fn a_line_cut_before_anything_was_acknowledged_is_mended_and_the_turn_sent_again_under_its_name() {
    let scene = Scene::new();
    scene.asks().await;
    scene.line_breaks().await;
    sleep(Duration::from_secs(1)).await;
    let told = scene.told();
    assert_eq!(appended(&told), [1_000; 100]);
    assert_eq!(told.last(), Some(&RealtimeCommand::CommitAndRespond(TurnId(1))));
    assert_eq!(scene.desk.sessions.lock().unwrap().len(), 2);
    let saved = scene.desk.saved.lock().unwrap();
    assert_eq!(saved.iter().filter(|saved| matches!(saved, Saved::Question(_))).count(), 1, "{saved:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_session_is_told_what_was_said_or_goes_on_by_its_handle() {
    let scene = Scene::new();
    scene.asks().await;
    scene.model_says(RealtimeEvent::UserTranscript { turn: TurnId(1), text: "Hello.".into() }).await;
    scene.model_says(RealtimeEvent::TranscriptDelta { turn: TurnId(1), text: "Hi there.".into() }).await;
    scene.model_says(done(1)).await;
    scene.line_breaks().await;
    scene.asks().await;
    let options = scene.desk.options.lock().unwrap().clone();
    let words = options[1].history.iter().map(|said| said.text.as_str()).collect::<Vec<_>>();
    assert_eq!((words, &options[1].resume), (vec!["Hello.", "Hi there."], &None));
    scene.model_says(RealtimeEvent::Resumable(ResumeHandle("h".into()))).await;
    scene.model_says(RealtimeEvent::TranscriptDelta { turn: TurnId(2), text: "Yes.".into() }).await;
    scene.model_says(done(2)).await;
    scene.line_breaks().await;
    scene.asks().await;
    assert_eq!(scene.desk.options.lock().unwrap()[2].resume, Some(ResumeHandle("h".into())));
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_the_answer_asks_for_runs_and_the_answer_goes_on() {
    let scene = Scene::new();
    scene.asks().await;
    scene.told();
    assert_eq!(scene.desk.options.lock().unwrap()[0].tools.len(), 1, "it is offered");
    let call = |id: &str, arguments: &str| RealtimeEvent::ToolCall {
        turn: TurnId(1),
        id: id.into(),
        name: "repeat".into(),
        arguments: Ok(serde_json::from_str(arguments).unwrap()),
    };
    scene.model_says(call("a", r#"{"n":1}"#)).await;
    scene.model_says(call("a", r#"{"n":1}"#)).await;
    scene.model_says(call("b", r#"{"n":2}"#)).await;
    assert_eq!(scene.told(), [], "more calls may come");
    scene.model_says(RealtimeEvent::CallsComplete { turn: TurnId(1), usage: None, sound: None }).await;
    let told = scene.told();
    let [RealtimeCommand::ToolResults { turn: TurnId(1), results }] = &told[..] else { panic!("{told:?}") };
    let outputs = results.iter().map(|result| (result.id.as_str(), result.output.clone())).collect::<Vec<_>>();
    let text = |text: &str| ToolOutput::Text(text.into());
    assert_eq!(outputs, [("a", text(r#"{"n":1}"#)), ("b", text(r#"{"n":2}"#))], "each once, in order");
    scene.model_says(sound(1, &[7; 48])).await;
    scene.model_says(done(1)).await;
    scene.listener_hears(48).await;
    match scene.desk.saved.lock().unwrap().last() {
        Some(Saved::Answer(answer)) => {
            assert!(matches!(
                answer.tools[..],
                [
                    ContentBlock::ToolUse(_),
                    ContentBlock::ToolResult { .. },
                    ContentBlock::ToolUse(_),
                    ContentBlock::ToolResult { .. }
                ]
            ));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_answer_takes_its_tools_with_it() {
    let scene = Scene::new();
    scene.asks().await;
    scene
        .model_says(RealtimeEvent::ToolCall {
            turn: TurnId(1),
            id: "a".into(),
            name: "repeat".into(),
            arguments: Ok(serde_json::from_str(r#"{"forever":true}"#).unwrap()),
        })
        .await;
    scene.model_says(RealtimeEvent::CallsComplete { turn: TurnId(1), usage: None, sound: None }).await;
    sleep(Duration::from_secs(20)).await;
    scene.does(VoiceCommand::Cancel).await;
    sleep(Duration::from_secs(120)).await;
    let told = scene.told();
    assert!(!told.iter().any(|command| matches!(command, RealtimeCommand::ToolResults { .. })), "{told:?}");
    assert!(told.contains(&RealtimeCommand::Cancel(TurnId(1))));
}

#[tokio::test(start_paused = true)]
async fn the_cost_of_a_turn_is_told_and_the_cap_ends_the_talk() {
    let mut scene = Scene::new();
    let cap = DailyCap { cost: None, sound: Some(Duration::from_millis(4)) };
    scene.does(VoiceCommand::Today(Box::default(), cap)).await;
    scene.asks().await;
    scene.model_says(sound(1, &[7; 480])).await;
    let usage = Some(TokenUsage { input_tokens: 10, output_tokens: 5, ..TokenUsage::default() });
    scene
        .model_says(RealtimeEvent::ResponseDone { turn: TurnId(1), reason: StopReason::Stop, usage, sound: None })
        .await;
    scene.listener_hears(480).await;
    scene.does(VoiceCommand::Key(Edge::Down)).await;
    assert_eq!(scene.shown(), Shown::Failed);
    assert_eq!(scene.desk.saved.lock().unwrap().len(), 2, "the second turn was not begun");
}

#[tokio::test(start_paused = true)]
async fn the_time_to_the_first_sound_is_told_apart() {
    let scene = Scene::new();
    scene.asks().await;
    scene.model_says(RealtimeEvent::RoundTrip(Duration::from_millis(30))).await;
    sleep(Duration::from_millis(400)).await;
    scene.model_says(sound(1, &[7; 24_000])).await;
    scene.listener_hears(480).await;
    scene.model_says(done(1)).await;
    scene.listener_hears(23_520).await;
    let saved = scene.desk.saved.lock().unwrap();
    let Some(Saved::Answer(answer)) = saved.last() else { panic!("{saved:?}") };
    let first = answer.first_sound.expect("it sounded");
    assert_eq!(first.network, Some(Duration::from_millis(30)));
    assert_eq!(first.ours + first.model + Duration::from_millis(30), first.total);
    assert!(first.ours >= Duration::from_millis(120), "the tail after letting go: {first:?}");
}

#[tokio::test(start_paused = true)]
async fn eight_hours_hands_free_with_a_fault_a_minute_lose_no_word_and_leave_nothing_behind() {
    let scene = Scene::new();
    scene.does(VoiceCommand::Mode(Mode::HandsFree)).await;
    let mut answered = 0_u64;
    for minute in 0..8 * 60_u64 {
        let value = i16::try_from(minute + 1).unwrap();
        scene.hears(1_000, value, VOICE).await;
        match minute % 4 {
            // The line is cut in mid-utterance.
            0 => scene.line_breaks().await,
            // It is refused a few times as well.
            1 => {
                *scene.desk.refuse_connections.lock().unwrap() = 3;
                scene.line_breaks().await;
            }
            2 => scene.model_says(RealtimeEvent::GoingAway { left: Duration::from_secs(6) }).await,
            _ => {}
        }
        scene.hears(900, 0, ROOM).await;
        sleep(Duration::from_secs(10)).await;
        let told = scene.told();
        let turn = told.iter().rev().find_map(|command| match command {
            RealtimeCommand::CommitAndRespond(turn) => Some(*turn),
            _ => None,
        });
        let turn = turn.unwrap_or_else(|| panic!("minute {minute}: {told:?}"));
        assert_eq!(appended(&told).iter().filter(|sample| **sample == value).count(), 24_000, "minute {minute}");
        // Cut once more before it is acknowledged, every third minute.
        if minute % 3 == 0 {
            scene.line_breaks().await;
            sleep(Duration::from_secs(5)).await;
            assert_eq!(appended(&scene.told()).iter().filter(|sample| **sample == value).count(), 24_000);
        }
        scene
            .model_says(RealtimeEvent::AudioDelta { turn, chunk: AudioChunk { samples: vec![7; 480], rate: RATE } })
            .await;
        scene.model_says(done(turn.0)).await;
        scene.listener_hears(480).await;
        answered += 1;
        sleep(Duration::from_secs(40)).await;
        assert_eq!(scene.journal(), Vec::<usize>::new(), "minute {minute}");
    }
    let saved = scene.desk.saved.lock().unwrap();
    let whole = saved.iter().filter(|saved| matches!(saved, Saved::Answer(answer) if answer.error.is_none())).count();
    assert_eq!((answered, whole, saved.len()), (480, 480, 960));
}
