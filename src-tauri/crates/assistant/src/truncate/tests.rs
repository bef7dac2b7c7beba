use std::sync::Mutex;

use async_trait::async_trait;
use parlance_core::{Category, ContentBlock, Msg, Role, ToolEnd, ToolOutput, ToolUse};
use proptest::prelude::*;
use serde_json::Map;

use super::*;

/// Counts three tokens a message and one for four bytes, and how often it was asked.
#[derive(Default)]
struct Counter {
    asked: Mutex<usize>,
}

impl Counter {
    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

fn tokens(messages: &[Msg]) -> u64 {
    let words = |msg: &Msg| -> u64 {
        let text = serde_json::to_string(&msg.content).unwrap();
        3 + text.len() as u64 / 4
    };
    3 + messages.iter().map(words).sum::<u64>()
}

#[async_trait]
impl TokenCounter for Counter {
    async fn count(&self, request: &ChatRequest) -> Result<TokenCount, ProviderError> {
        *self.asked.lock().unwrap() += 1;
        Ok(TokenCount { tokens: tokens(&request.messages) + 5 * request.tools.len() as u64, exact: true })
    }
}

/// A message from a line: `s`, `u` or `a` for who speaks, then words, `call ID` or `result ID`, parted by strokes.
fn message(line: &str) -> Msg {
    let (who, parts) = line.split_once(' ').unwrap();
    let role = match who {
        "s" => Role::System,
        "u" => Role::User,
        _ => Role::Assistant,
    };
    let block = |part: &str| match part.split_once(' ') {
        Some(("call", id)) => ContentBlock::ToolUse(ToolUse {
            id: id.into(),
            name: "f".into(),
            input: Map::new(),
            raw_input: None,
            thought_signature: None,
        }),
        Some(("result", id)) => ContentBlock::ToolResult {
            id: id.into(),
            name: "f".into(),
            output: ToolOutput::Text("it is so".into()),
            end: ToolEnd::Done,
        },
        _ => ContentBlock::text(part),
    };
    Msg { id: line.into(), ..Msg::new(role, who, parts.split(" / ").map(block).collect()) }
}

fn conversation(lines: &[&str]) -> ChatRequest {
    ChatRequest { messages: lines.iter().map(|line| message(line)).collect(), ..ChatRequest::default() }
}

/// The lines that are left when a request is to be as long as `kept` is.
#[track_caller]
fn check(lines: &[&str], kept: &[&str]) {
    let request = conversation(lines);
    let limit = tokens(&conversation(kept).messages);
    let counter = Counter::default();
    let fitted = run(fit(request.clone(), limit, &counter)).unwrap();
    let left: Vec<&str> = fitted.request.messages.iter().map(|msg| msg.id.as_str()).collect();
    assert_eq!(left, kept);
    assert_eq!(fitted.left_out, lines.len() - kept.len());
    assert_eq!((fitted.before.tokens, fitted.after.tokens), (tokens(&request.messages), limit));
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn a_conversation_that_fits_is_counted_once_and_left_as_it_is() {
    let request = conversation(&["s be kind", "u hi", "a hello"]);
    let counter = Counter::default();
    let limit = tokens(&request.messages);
    let fitted = run(fit(request.clone(), limit, &counter)).unwrap();
    assert_eq!((fitted.request, fitted.left_out, counter.asked()), (request, 0, 1));
}

#[test]
fn the_oldest_turns_go_and_instructions_stay() {
    let lines = ["s be kind", "s be brief", "a welcome", "u one", "a yes", "u two", "u and", "a no", "u three"];
    check(&lines, &["s be kind", "s be brief", "u one", "a yes", "u two", "u and", "a no", "u three"]);
    check(&lines, &["s be kind", "s be brief", "u two", "u and", "a no", "u three"]);
    check(&lines, &["s be kind", "s be brief", "u three"]);
}

#[test]
fn a_call_goes_with_its_result_whoever_brings_it() {
    for result in ["s result 1", "u result 1"] {
        let lines = ["u one", "a call 1", result, "a so it is", "u two"];
        check(&lines, &["u two"]);
    }
    // Words of the person between a call and its result do not part them.
    check(
        &["u one", "a call 1", "u wait", "s result 1", "a yes", "u two", "a no", "u three"],
        &["u two", "a no", "u three"],
    );
}

#[test]
fn ids_that_repeat_do_not_tie_turns_together() {
    let lines = ["u one", "a call x", "s result x", "u two", "a call x", "s result x", "u three"];
    check(&lines, &["u two", "a call x", "s result x", "u three"]);
    // The first call never got its result; the later one's is not taken for it.
    let lines = ["u one", "a call x", "u two", "a call x", "s result x", "u three"];
    check(&lines, &["u two", "a call x", "s result x", "u three"]);
    // An id that is not the call's: by order it is its result all the same.
    check(&["u one", "a call x / call y", "s result z", "u result y", "u two"], &["u two"]);
}

#[test]
fn a_turn_in_one_message_goes_or_stays_whole() {
    let lines = ["u one", "a look / call 1 / result 1 / call 1 / result 1 / so it is", "u two", "a fine", "u three"];
    check(&lines, &["u two", "a fine", "u three"]);
    check(&lines, &["u three"]);
}

#[test]
fn of_a_turn_that_runs_the_oldest_rounds_go_and_the_question_stays() {
    let lines = [
        "s be kind",
        "u old",
        "a yes",
        "u do it",
        "a call 1",
        "s result 1",
        "a call 2",
        "s result 2",
        "a call 3",
        "s result 3",
    ];
    check(&lines, &["s be kind", "u do it", "a call 2", "s result 2", "a call 3", "s result 3"]);
    check(&lines, &["s be kind", "u do it", "a call 3", "s result 3"]);
}

#[test]
fn what_must_stay_and_is_too_long_is_an_error_that_says_by_how_much() {
    let request = conversation(&["s be kind", "u one", "a yes", "u a long question, longer than all that was before"]);
    let must = tokens(&conversation(&["s be kind", "u a long question, longer than all that was before"]).messages);
    let error = run(fit(request, must - 7, &Counter::default())).unwrap_err();
    assert_eq!(error, Unfit::TooLong { over: 7, limit: must - 7 });
    assert!(error.to_string().contains("7 tokens over the limit"), "{error}");
    // With nothing to leave out, and with nothing at all, it ends too.
    for lines in [&["u hi"][..], &["s be kind"], &["a hi"], &["a call 1", "s result 1"], &[]] {
        let counter = Counter::default();
        assert!(run(fit(conversation(lines), 1, &counter)).is_err(), "{lines:?}");
        assert!(counter.asked() <= 2, "{lines:?}");
    }
}

#[test]
fn a_counter_that_fails_is_an_error() {
    struct Broken;

    #[async_trait]
    impl TokenCounter for Broken {
        async fn count(&self, _: &ChatRequest) -> Result<TokenCount, ProviderError> {
            Err(ProviderError::new("p", Category::Network, "gone"))
        }
    }

    let error = run(fit(conversation(&["u hi"]), 1, &Broken)).unwrap_err();
    assert_eq!(error, Unfit::Uncounted(ProviderError::new("p", Category::Network, "gone")));
}

#[test]
fn a_thousand_turns_are_counted_a_handful_of_times() {
    let lines: Vec<String> = (0..1_000)
        .flat_map(|turn| {
            [format!("u question {turn} {}", "x".repeat(turn % 97)), format!("a {}", "word ".repeat(turn % 41))]
        })
        .chain(["u the last".to_owned()])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let request = conversation(&lines);
    let whole = tokens(&request.messages);
    for limit in [50, whole / 10, whole / 2, whole - 1] {
        let counter = Counter::default();
        let fitted = run(fit(request.clone(), limit, &counter)).unwrap();
        assert!(counter.asked() <= 6, "{} for {limit}", counter.asked());
        // One turn more, of about a hundred bytes, would not have fitted.
        assert!(
            fitted.after.tokens <= limit && fitted.after.tokens + 120 > limit,
            "{} of {limit}",
            fitted.after.tokens
        );
    }
}

/// Conversations with everything in them that can go wrong.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![
        4 => "u [a-z 今]{1,60}",
        4 => "a [a-z 今]{1,60}",
        1 => "s [a-z]{1,20}",
        2 => "a call [12]",
        1 => "a call 1 / call 2",
        2 => "[su] result [12]",
        1 => "a [a-z]{1,9} / call 1 / result 1 / [a-z]{1,30}",
    ];
    prop::collection::vec(line, 0..60)
}

proptest! {
    #[test]
    fn whatever_is_said_the_rest_fits_and_nothing_is_torn(lines in lines(), part in 0_u64..=110) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut request = conversation(&lines);
        for (at, msg) in request.messages.iter_mut().enumerate() {
            msg.id = at.to_string();
        }
        let limit = tokens(&request.messages) * part / 100;
        let counter = Counter::default();
        let outcome = run(fit(request.clone(), limit, &counter));
        prop_assert!(counter.asked() <= MOST_COUNTS);
        let Ok(fitted) = outcome else { return Ok(()) };
        let left = &fitted.request.messages;
        prop_assert!(tokens(left) <= limit);
        prop_assert_eq!(fitted.after.tokens, tokens(left));
        prop_assert_eq!(fitted.left_out, request.messages.len() - left.len());

        let stays = |msg: &Msg| left.iter().any(|kept| kept.id == msg.id);
        let head = request.messages.iter().take_while(|msg| {
            msg.role == Role::System && !matches!(msg.content[0], ContentBlock::ToolResult { .. })
        });
        prop_assert!(head.into_iter().all(stays), "instructions stay");
        let said = |msg: &&Msg| msg.role == Role::User && !matches!(msg.content[0], ContentBlock::ToolResult { .. });
        prop_assert!(request.messages.iter().rev().find(said).is_none_or(stays), "the last question stays");
        prop_assert!(left.is_sorted_by_key(|msg| msg.id.parse::<usize>().unwrap()));
        // Results that follow a model's call before it speaks again are left in, or out, as the call is.
        for (at, msg) in request.messages.iter().enumerate() {
            let mut calls = msg.content.iter().filter(|block| matches!(block, ContentBlock::ToolUse(_))).count();
            let inside = msg.content.iter().filter(|block| matches!(block, ContentBlock::ToolResult { .. })).count();
            if msg.role != Role::Assistant || inside > 0 {
                continue;
            }
            for later in request.messages[at + 1..].iter().take_while(|later| later.role != Role::Assistant) {
                if calls > 0 && matches!(later.content[0], ContentBlock::ToolResult { .. }) {
                    prop_assert_eq!(stays(msg), stays(later));
                    calls -= 1;
                }
            }
        }
    }
}
