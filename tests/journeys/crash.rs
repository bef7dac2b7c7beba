//! `kill -9` in the middle of streaming answers: the store opens, at most 250 ms and one commit of words are missing,
//! and nothing else.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use parlance_core::{ContentBlock, ModelEvent, Msg, Reply, Role, StopReason};
use parlance_store::{AnswerWriter, Ending, MessageStatus, NewMessage, Options, Place, Store, StoredMessage};

const NAME: &str = "crash::a_kill_costs_at_most_250_ms_of_a_running_answer_and_nothing_else";

/// Tells this very test that it is the child, and where its store is.
const FOLDER: &str = "PARLANCE_CRASH_FOLDER";

const KILLS: u32 = 50;

/// How long an answer streams, and a word of it.
const ANSWER: Duration = Duration::from_millis(700);
const WORD: Duration = Duration::from_millis(4);

#[test]
fn a_kill_costs_at_most_250_ms_of_a_running_answer_and_nothing_else() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Some(folder) = std::env::var_os(FOLDER) {
        return runtime.block_on(stream_for_ever(Path::new(&folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut chance = Chance::seeded();
    let mut lost = Vec::new();
    let mut slowest_commit = Duration::ZERO;
    for round in 1..=KILLS {
        let told = run_and_kill(folder.path(), Duration::from_millis(chance.below(1_400)));
        slowest_commit = slowest_commit.max(told.slowest_commit);
        runtime.block_on(async {
            let store = Store::open(folder.path(), Options::default()).await.unwrap();
            assert_eq!(store.conversation_count().await.unwrap(), round, "one thread for each run");
            let begun = Instant::now();
            store.rename_conversation(&told.conversation, &format!("round {round}")).await.unwrap();
            slowest_commit = slowest_commit.max(begun.elapsed());
            lost.push(told.check(&store.messages(&told.conversation).await.unwrap(), slowest_commit));
            store.close().await;
        });
    }
    lost.sort_unstable();
    println!(
        "measured: {KILLS} kills, words lost of the last {:?} (median), {:?} (most); slowest commit {slowest_commit:?}",
        lost[lost.len() / 2],
        lost[lost.len() - 1],
    );
}

/// Small and seeded: xorshift.
struct Chance(u64);

impl Chance {
    /// From `PARLANCE_SEED` or the process id; printed, so that a failure can be repeated.
    fn seeded() -> Self {
        let seed = std::env::var("PARLANCE_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        println!("seed: PARLANCE_SEED={seed}");
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// The child: one answer after the other into one thread, telling each step before it is taken and after.
async fn stream_for_ever(folder: &Path) {
    let store = Store::open(folder, Options::default()).await.unwrap();
    let start = Instant::now();
    let mut place = Place::NewConversation;
    for turn in 0.. {
        let question = NewMessage::complete(Msg::text(Role::User, "you", format!("question {turn}")));
        println!("» begin {turn} 0");
        let begun = Instant::now();
        let stored = store.begin_turn(place, Some(question), NewMessage::streaming("m", "p", "m")).await.unwrap();
        println!("» commit {} 0", begun.elapsed().as_micros());
        println!("» begun {turn} {}", stored.conversation.id);
        place = Place::EndOf { conversation_id: stored.conversation.id };
        let writer = AnswerWriter::start(store.clone(), stored.answer_id);
        let mut reply = Reply::default();
        let until = Instant::now() + ANSWER;
        let mut number = 0;
        while Instant::now() < until {
            let event = ModelEvent::TextDelta { text: word(turn, number) };
            println!("» word {number} {}", start.elapsed().as_micros());
            writer.push(&event);
            reply.apply(&event);
            number += 1;
            tokio::time::sleep(WORD).await;
        }
        reply.apply(&ModelEvent::Finished { reason: StopReason::Stop });
        println!("» finish {turn} 0");
        let ended = Instant::now();
        writer.finish(&store, Ending::new(reply.content, MessageStatus::Complete)).await.unwrap();
        println!("» commit {} 0", ended.elapsed().as_micros());
        println!("» finished {turn} 0");
    }
}

fn word(turn: u32, number: u32) -> String {
    format!("{turn}.{number} ")
}

/// How far a turn came, as the child told it.
#[derive(Debug, Default)]
struct TurnTold {
    begun: bool,
    /// When each word was handed over, in the child's time.
    words: Vec<Duration>,
    finishing: bool,
    finished: bool,
}

/// What a killed child told.
#[derive(Debug)]
struct Told {
    conversation: String,
    turns: BTreeMap<u32, TurnTold>,
    slowest_commit: Duration,
}

/// Starts a child, and kills it this long after its first turn began.
fn run_and_kill(folder: &Path, after: Duration) -> Told {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (lines, told) = mpsc::channel();
    let pipe = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let Ok(line) = line else { return };
            if let Some(told) = line.strip_prefix("» ") {
                let _ = lines.send(told.to_owned());
            }
        }
    });
    let mut seen = Vec::new();
    while !seen.last().is_some_and(|line: &String| line.starts_with("begun")) {
        match told.recv_timeout(Duration::from_secs(60)) {
            Ok(line) => seen.push(line),
            Err(error) => fail(&mut child, &format!("the child did not begin: {error}")),
        }
    }
    // The moment is the point of the test, not a wait for something.
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    seen.extend(told.try_iter());
    Told::read(&seen)
}

fn fail(child: &mut Child, why: &str) -> ! {
    let _ = child.kill();
    let _ = child.wait();
    panic!("{why}");
}

impl Told {
    fn read(lines: &[String]) -> Self {
        let mut told = Self { conversation: String::new(), turns: BTreeMap::new(), slowest_commit: Duration::ZERO };
        let mut turn = 0;
        for line in lines {
            let [what, number, rest] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
            let number: u32 = number.parse().unwrap();
            match what {
                "begin" => turn = number,
                "commit" => {
                    told.slowest_commit = told.slowest_commit.max(Duration::from_micros(number.into()));
                    continue;
                }
                _ => {}
            }
            let entry = told.turns.entry(turn).or_default();
            match what {
                "begun" => {
                    entry.begun = true;
                    rest.clone_into(&mut told.conversation);
                }
                "word" => entry.words.push(Duration::from_micros(rest.parse().unwrap())),
                "finish" => entry.finishing = true,
                "finished" => entry.finished = true,
                _ => {}
            }
        }
        told
    }

    /// Compares what is stored with what was told. Gives the age of the oldest word that was lost, counted from the
    /// last one handed over.
    fn check(&self, stored: &[StoredMessage], slowest_commit: Duration) -> Duration {
        let mut lost = Duration::ZERO;
        let mut pairs = stored.chunks(2);
        for (turn, told) in &self.turns {
            let Some(pair) = pairs.next() else {
                assert!(!told.begun, "turn {turn} is missing");
                continue;
            };
            let [question, answer] = pair else { panic!("turn {turn} is half there") };
            assert_eq!(question.msg.content, [ContentBlock::text(format!("question {turn}"))]);
            assert_eq!(answer.parent_id.as_ref(), Some(&question.msg.id));
            let text: String = answer.msg.content.iter().filter_map(ContentBlock::as_text).collect();
            let sent: Vec<String> = (0..).map(|number| word(*turn, number)).take(told.words.len()).collect();
            let kept = text.split_terminator(' ').count();
            assert_eq!(text, sent[..kept].concat(), "turn {turn}: what is stored is a beginning of what was sent");
            match answer.status {
                MessageStatus::Complete => {
                    assert!(told.finishing && kept == sent.len(), "turn {turn}: {kept} of {} words", sent.len());
                }
                MessageStatus::Cut => assert!(!told.finished, "turn {turn} was finished and is cut"),
                other => panic!("turn {turn} is {other:?}"),
            }
            if let (Some(first_lost), Some(last)) = (told.words.get(kept), told.words.last()) {
                lost = lost.max(*last - *first_lost);
            }
        }
        assert!(pairs.next().is_none(), "a turn that was never begun");
        let most = Duration::from_millis(250) + slowest_commit;
        assert!(lost <= most, "words of {lost:?} are lost, {most:?} are allowed");
        lost
    }
}
