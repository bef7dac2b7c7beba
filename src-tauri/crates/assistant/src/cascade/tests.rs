//! The stages are scripted, and time is paused: what is told, and what was asked of each stage, can be counted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use parlance_core::asked::Asked;
use parlance_core::chat::{HttpRequest, ModelStream};
use parlance_core::realtime::{CallResult, RealtimeEvent, Remembered, Side, TurnId};
use parlance_core::synthesis::{SpeechCapabilities, SpeechEvent, SpeechSession, SpeechStream, TextIntake};
use parlance_core::transcription::{
    Recording, SoundIntake, TranscriptEnd, TranscriptEvent, TranscriptStream, TranscriptionCapabilities,
    TranscriptionSession,
};
use parlance_core::{Category, ModelEvent, StopReason, ToolOutput, ToolUse};
use tokio::time::{sleep, timeout};

use super::*;

const RATE: SampleRate = SampleRate::HZ_24000;
/// What a fake stage does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Fails,
    Stalls,
}

/// All stages at once.
struct Stages {
    heard: Fault,
    words: &'static str,
    /// Answers in their order; each piece comes after 100 ms.
    answers: Mutex<Vec<Vec<ModelEvent>>>,
    written: Fault,
    spoken: Fault,
    recordings: Mutex<Vec<usize>>,
    asked: Mutex<Vec<ChatRequest>>,
    said: Mutex<Vec<String>>,
}

fn error() -> ProviderError {
    ProviderError::new("test", Category::Server, "broken")
}

fn refusal() -> ProviderError {
    ProviderError::new("test", Category::InvalidRequest, "nothing is written here")
}

#[async_trait]
impl TranscriptionModel for Stages {
    fn capabilities(&self) -> TranscriptionCapabilities {
        TranscriptionCapabilities { rate: SampleRate::HZ_16000, intake: SoundIntake::Whole, most_bytes: None }
    }

    fn request(&self, _: &Recording, _: &TranscriptionManner) -> Result<Asked, ProviderError> {
        Err(refusal())
    }

    async fn transcribe(&self, heard: &Recording, _: &TranscriptionManner) -> Result<TranscriptStream, ProviderError> {
        self.recordings.lock().unwrap().push(heard.bytes.len());
        match self.heard {
            Fault::Fails => Err(error()),
            Fault::Stalls => Ok(stream::pending().boxed()),
            Fault::None => Ok(Box::pin(stream::iter([
                Ok(TranscriptEvent::Settled(self.words.to_owned())),
                Ok(TranscriptEvent::Finished(TranscriptEnd::default())),
            ]))),
        }
    }

    async fn listen(&self, _: &TranscriptionManner) -> Result<TranscriptionSession, ProviderError> {
        Err(refusal())
    }
}

#[async_trait]
impl ChatModel for Stages {
    fn request(&self, _: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        Err(refusal())
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        self.asked.lock().unwrap().push(request.clone());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = if answers.is_empty() { Vec::new() } else { answers.remove(0) };
        let slowly = stream::iter(answer).then(async |event| {
            sleep(Duration::from_millis(100)).await;
            Ok(event)
        });
        Ok(match self.written {
            Fault::None => Box::pin(slowly),
            Fault::Fails => Box::pin(slowly.take(2).chain(stream::iter([Err(error())]))),
            Fault::Stalls => stream::pending().boxed(),
        })
    }
}

#[async_trait]
impl SpeechModel for Stages {
    fn capabilities(&self) -> SpeechCapabilities {
        SpeechCapabilities { intake: TextIntake::Whole, most_characters: None }
    }

    fn request(&self, _: &str, _: &SpeechManner) -> Result<Asked, ProviderError> {
        Err(refusal())
    }

    /// Two seconds a sentence, at once.
    async fn speak(&self, text: &str, _: &SpeechManner) -> Result<SpeechStream, ProviderError> {
        self.said.lock().unwrap().push(text.to_owned());
        let sound = AudioChunk { samples: vec![1; 48_000], rate: RATE };
        match self.spoken {
            Fault::Fails => Err(error()),
            Fault::Stalls => Ok(stream::pending().boxed()),
            Fault::None => Ok(Box::pin(stream::iter([Ok(SpeechEvent::Audio(sound)), Ok(SpeechEvent::Finished)]))),
        }
    }

    async fn begin(&self, _: &SpeechManner) -> Result<SpeechSession, ProviderError> {
        Err(refusal())
    }
}

fn answer(text: &str) -> Vec<ModelEvent> {
    let words = text.split_inclusive(' ').map(|word| ModelEvent::TextDelta { text: word.to_owned() });
    words.chain([ModelEvent::Finished { reason: StopReason::Stop }]).collect()
}

const FIVE: &str = "One is here. Two is here. Three is here. Four is here. Five is here.";

impl Stages {
    fn answering(answers: Vec<Vec<ModelEvent>>) -> Self {
        Self {
            heard: Fault::None,
            words: "What is there?",
            answers: Mutex::new(answers),
            written: Fault::None,
            spoken: Fault::None,
            recordings: Mutex::default(),
            asked: Mutex::default(),
            said: Mutex::default(),
        }
    }

    async fn open(self, options: SessionOptions) -> (Arc<Self>, RealtimeSession) {
        let stages = Arc::new(self);
        let cascade = Cascade {
            ear: Arc::clone(&stages) as _,
            hearing: TranscriptionManner::default(),
            chat: Arc::clone(&stages) as _,
            request: ChatRequest::default(),
            sees: false,
            mouth: Arc::clone(&stages) as _,
            speaking: SpeechManner::default(),
            sound: SoundWays { wav: |chunk| vec![0; chunk.samples.len() * 2], resample: |chunk, _| chunk.clone() },
            not_understood: "Pardon?".to_owned(),
        };
        let mut session = cascade.connect(options).await.unwrap();
        let chunk = AudioChunk { samples: vec![5; 1_600], rate: SampleRate::HZ_16000 };
        session.commands.send(RealtimeCommand::AppendAudio(chunk)).await.unwrap();
        session.commands.send(RealtimeCommand::CommitAndRespond(TurnId(1))).await.unwrap();
        (stages, session)
    }
}

/// All that is told until the answer is over, or for so long.
async fn told(session: &mut RealtimeSession, long: Duration) -> Vec<RealtimeEvent> {
    let mut events = Vec::new();
    let _ = timeout(long, async {
        while let Some(event) = session.events.next().await {
            let event = event.unwrap();
            let is_last = matches!(event, RealtimeEvent::ResponseDone { .. } | RealtimeEvent::ResponseFailed { .. });
            events.push(event);
            if is_last {
                return;
            }
        }
    })
    .await;
    events
}

fn text(events: &[RealtimeEvent]) -> String {
    let text = |event: &RealtimeEvent| match event {
        RealtimeEvent::TranscriptDelta { text, .. } => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

fn sounds(events: &[RealtimeEvent]) -> usize {
    events.iter().filter(|event| matches!(event, RealtimeEvent::AudioDelta { .. })).count()
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn five_sentences_are_spoken_in_order_each_word_before_its_sound_and_the_first_while_the_second_is_written() {
    let (stages, mut session) = Stages::answering(vec![answer(FIVE)]).open(SessionOptions::default()).await;
    let began = tokio::time::Instant::now();
    let first = told(&mut session, Duration::from_millis(500)).await;
    assert_eq!((text(&first).as_str(), sounds(&first)), ("One is here. ", 1), "{first:?}");
    let rest = told(&mut session, LONG).await;
    assert_eq!((text(&rest).as_str(), sounds(&rest)), (&FIVE["One is here. ".len()..], 4));
    let pairs: Vec<bool> = rest.iter().map(|event| matches!(event, RealtimeEvent::AudioDelta { .. })).collect();
    assert_eq!(pairs, [false, true, false, true, false, true, false, true, false], "words, then their sound");
    assert!(matches!(rest.last(), Some(RealtimeEvent::ResponseDone { reason: StopReason::Stop, .. })));
    // Each was made before the one before it had sounded: without gaps, and not long before.
    let took = began.elapsed();
    assert!((Duration::from_millis(6_800)..Duration::from_millis(8_300)).contains(&took), "{took:?}");
    assert_eq!(*stages.recordings.lock().unwrap(), [3_200]);
    assert_eq!(stages.said.lock().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn who_barges_in_during_the_second_sentence_stops_all_later_ones_and_the_model_knows_what_was_heard() {
    let answers = vec![answer(FIVE), answer("Good.")];
    let (stages, mut session) = Stages::answering(answers).open(SessionOptions::default()).await;
    // The first sounds from 0.4 to 2.4 s.
    told(&mut session, Duration::from_millis(2_800)).await;
    session.commands.send(RealtimeCommand::Cancel(TurnId(1))).await.unwrap();
    let truncate =
        RealtimeCommand::Truncate { turn: TurnId(1), heard: Duration::ZERO, words: "One is here. Two".into() };
    session.commands.send(truncate).await.unwrap();
    assert_eq!(told(&mut session, LONG).await, []);
    assert_eq!(*stages.said.lock().unwrap(), ["One is here.", "Two is here."]);
    session.commands.send(RealtimeCommand::Say { turn: TurnId(2), text: "And now?".into() }).await.unwrap();
    assert_eq!(text(&told(&mut session, LONG).await), "Good.");
    let asked = stages.asked.lock().unwrap();
    let words: Vec<_> = asked[1].messages.iter().map(|message| message.joined_text("").unwrap()).collect();
    assert_eq!(words, ["What is there?", "One is here. Two", "And now?"]);
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_fails_leaves_the_words_and_says_why() {
    let stages = Stages { spoken: Fault::Fails, ..Stages::answering(vec![answer(FIVE)]) };
    let (_, mut session) = stages.open(SessionOptions::default()).await;
    let events = told(&mut session, LONG).await;
    assert_eq!((text(&events).as_str(), sounds(&events)), (FIVE, 0));
    assert_eq!(events.last(), Some(&RealtimeEvent::ResponseFailed { turn: TurnId(1), error: error() }));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_down_is_not_acknowledged_and_no_question_is_asked() {
    let stages = Stages { heard: Fault::Fails, ..Stages::answering(vec![answer(FIVE)]) };
    let (stages, mut session) = stages.open(SessionOptions::default()).await;
    let failed = RealtimeEvent::ResponseFailed { turn: TurnId(1), error: error() };
    assert_eq!(told(&mut session, LONG).await, [failed]);
    assert_eq!(stages.asked.lock().unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_keeps_what_was_written() {
    let stages = Stages { written: Fault::Fails, ..Stages::answering(vec![answer(FIVE)]) };
    let (_, mut session) = stages.open(SessionOptions::default()).await;
    let events = told(&mut session, LONG).await;
    assert_eq!(text(&events), "One is ");
    assert!(matches!(events.last(), Some(RealtimeEvent::ResponseFailed { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_stalls_is_left_by_the_next_turn() {
    for (heard, written, spoken) in [
        (Fault::Stalls, Fault::None, Fault::None),
        (Fault::None, Fault::Stalls, Fault::None),
        (Fault::None, Fault::None, Fault::Stalls),
    ] {
        let stages = Stages { heard, written, spoken, ..Stages::answering(vec![answer("Yes."), answer("No.")]) };
        let (_, mut session) = stages.open(SessionOptions::default()).await;
        told(&mut session, Duration::from_secs(5)).await;
        session.commands.send(RealtimeCommand::Cancel(TurnId(1))).await.unwrap();
        session.commands.send(RealtimeCommand::Say { turn: TurnId(2), text: "Well?".into() }).await.unwrap();
        let events = told(&mut session, Duration::from_secs(5)).await;
        assert_eq!(events.first(), Some(&RealtimeEvent::Committed(TurnId(2))), "{events:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_understood_is_said_kindly_and_not_asked() {
    let stages = Stages { words: " ", ..Stages::answering(vec![]) };
    let (stages, mut session) = stages.open(SessionOptions::default()).await;
    let events = told(&mut session, LONG).await;
    assert_eq!((text(&events).as_str(), stages.asked.lock().unwrap().len()), ("Pardon?", 0));
    assert_eq!(*stages.said.lock().unwrap(), ["Pardon?"]);
}

#[tokio::test(start_paused = true)]
async fn tools_are_asked_for_and_the_answer_goes_on_with_their_results_and_what_was_said_before() {
    let (id, name) = ("a".to_owned(), "look".to_owned());
    let call = ToolUse { id, name, input: serde_json::Map::new(), raw_input: None, thought_signature: None };
    let calling = vec![
        ModelEvent::ThinkingDelta { thinking: "Hm.".into() },
        ModelEvent::TextDelta { text: "I look".into() },
        ModelEvent::ToolCall { index: 0, call: Box::new(call) },
        ModelEvent::Finished { reason: StopReason::ToolCalls },
    ];
    let history = vec![Remembered { by: Side::Person, text: "Before.".into() }];
    let options = SessionOptions { instructions: "Be kind.".into(), history, ..SessionOptions::default() };
    let (stages, mut session) = Stages::answering(vec![calling, answer("It is there.")]).open(options).await;
    let events = told(&mut session, Duration::from_secs(5)).await;
    assert_eq!(sounds(&events), 1, "it is said meanwhile: {events:?}");
    assert!(events.iter().any(|event| matches!(event, RealtimeEvent::CallsComplete { .. })));
    let result = CallResult { id: "a".into(), name: "look".into(), output: ToolOutput::Text("seen".into()) };
    session.commands.send(RealtimeCommand::ToolResults { turn: TurnId(1), results: vec![result] }).await.unwrap();
    assert_eq!(text(&told(&mut session, LONG).await), "It is there.");
    let asked = stages.asked.lock().unwrap();
    assert_eq!(asked.iter().map(|asked| asked.messages.len()).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(*stages.said.lock().unwrap(), ["I look", "It is there."], "reasoning is not said");
}
