//! Answers of any length, in events as OpenAI sends them: words of a few bytes in some three hundred bytes of JSON.

use parlance_simulator::{Answer, Pace, Piece, Rule, Scenario, Script, Simulator};
use serde_json::{Value, json};

/// What is in the words of an answer: plain ones, some that JSON escapes, some beyond ASCII.
const WORDS: [&str; 10] =
    [" the", " quick", "\n\n", " naïve", " \"quoted\"", " assistant", ",", " sémantique", " 好", " search"];

/// What is asked: `text, 200 chunks, 64 a write`.
struct Question<'a> {
    kind: &'a str,
    chunks: usize,
    events_per_write: usize,
}

impl<'a> Question<'a> {
    fn parse(question: &'a str) -> Self {
        let mut words = question.split([',', ' ']);
        let kind = words.next().unwrap();
        let mut numbers = words.filter_map(|word| word.parse().ok());
        Self { kind, chunks: numbers.next().unwrap(), events_per_write: numbers.next().unwrap() }
    }
}

/// Answers these questions, as fast as they are read, until the process is ended.
pub(crate) async fn serve(questions: &[&str]) {
    let rules = questions.iter().map(|question| {
        let pace = Pace { events_per_write: Question::parse(question).events_per_write, ..Pace::default() };
        let answer = Answer::script(script(question)).with_pace(pace);
        Rule { when: Some((*question).to_owned()), answer, ..Rule::default() }
    });
    let simulator = Simulator::start(Scenario { rules: rules.collect(), ..Scenario::default() }).await.unwrap();
    println!("{}", simulator.base_url());
    simulator.run().await;
}

/// The answer to a question.
pub(crate) fn script(question: &str) -> Script {
    let Question { kind, chunks, .. } = Question::parse(question);
    match kind {
        "text" => {
            let deltas = (0..chunks).map(|n| json!({"content": word(n)}));
            Script::of(deltas.map(|delta| Piece::Frame(frame(&delta))))
        }
        "arguments" => {
            let fragments = arguments(chunks).into_iter().enumerate();
            let pieces = fragments.map(|(n, fragment)| Piece::Frame(frame(&tool_call(n, &fragment))));
            Script { finish: Some("tool_calls".into()), ..Script::of(pieces) }
        }
        other => panic!("no such kind of answer: {other}"),
    }
}

fn word(n: usize) -> &'static str {
    WORDS[n % WORDS.len()]
}

/// A JSON object in so many fragments: a list of lines with three words each.
fn arguments(fragments: usize) -> Vec<String> {
    let escaped = |text: &str| json!(text).to_string().trim_matches('"').to_owned();
    let middle = fragments.saturating_sub(2);
    let lines = (0..middle - middle % 5).map(|n| match n % 5 {
        0 => "{\"line\":\"".to_owned(),
        4 => "\"},".to_owned(),
        _ => escaped(word(n)),
    });
    let rest = (0..middle % 5).map(|n| format!("{n},"));
    ["{\"lines\":[".to_owned()].into_iter().chain(lines).chain(rest).chain(["0]}".to_owned()]).collect()
}

fn tool_call(n: usize, fragment: &str) -> Value {
    if n == 0 {
        let function = json!({"name": "write_lines", "arguments": fragment});
        return json!({"tool_calls": [{"index": 0, "id": "call_0", "type": "function", "function": function}]});
    }
    json!({"tool_calls": [{"index": 0, "function": {"arguments": fragment}}]})
}

fn frame(delta: &Value) -> String {
    let chunk = json!({
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG", "object": "chat.completion.chunk", "created": 1_741_570_283,
        "model": "gpt-4o-mini-2024-07-18", "service_tier": "default", "system_fingerprint": "fp_fc9f1d7035",
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}], "usage": null,
    });
    format!("data: {chunk}\n\n")
}
