//! Whole answers with tools: a model whose rounds are written down, tools that do as they are told, paused time.

mod stage;

use std::time::Duration;

use futures_util::StreamExt as _;
use parlance_core::chat::{Structured, StructuredWay};
use parlance_core::{Category, ContentBlock, ToolEnd, ToolOutput};
use serde_json::json;
use tokio::time::Instant;

use super::*;
use stage::{Stage, calling, finished, result, saying, started, text, used};

#[tokio::test(start_paused = true)]
async fn rounds_are_one_answer() {
    let stage = Stage::with([
        vec![
            started("r1"),
            text("Let me look. "),
            calling(0, "c1", "echo", json!({"say": "one"})),
            used(10, 2),
            finished(),
        ],
        vec![started("r2"), text("It said one."), used(15, 3), finished()],
    ]);
    let events = stage.events(&stage.request()).await;
    assert_eq!(
        events,
        [
            started("r1"),
            text("Let me look. "),
            calling(0, "c1", "echo", json!({"say": "one"})),
            used(10, 2),
            result("c1", "echo", "one", ToolEnd::Done),
            text("It said one."),
            used(25, 5),
            finished(),
        ]
    );
    let asked = stage.asked();
    let roles: Vec<Role> = asked[1].messages.iter().map(|msg| msg.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::System]);
    assert_eq!(asked[1].messages[1].content[0], ContentBlock::text("Let me look. "));
    assert!(matches!(&asked[1].messages[2].content[0], ContentBlock::ToolResult { id, .. } if id == "c1"));
}

#[tokio::test(start_paused = true)]
async fn calls_run_side_by_side_and_their_results_keep_the_order_of_the_calls() {
    let sleeps = |index, id: &str, ms: u64| calling(index, id, "sleep", json!({"ms": ms}));
    let stage = Stage::with([vec![sleeps(0, "slow", 3_000), sleeps(1, "fast", 1_000), finished()], saying("done")]);
    let began = Instant::now();
    let events = stage.events(&stage.request()).await;
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(
        events[2..4],
        [result("slow", "sleep", "3000", ToolEnd::Done), result("fast", "sleep", "1000", ToolEnd::Done)]
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_is_told_to_the_model_in_words() {
    for (name, arguments, end, words) in [
        ("nothing", json!({}), ToolEnd::Failed, "There is no tool called \"nothing\". Tools: echo, sleep, risky."),
        ("echo", json!({"say": 5}), ToolEnd::Failed, "at /say: 5 is not of type \"string\""),
        ("echo", json!({}), ToolEnd::Failed, "\"say\" is a required property"),
        ("echo", json!({"say": "fail"}), ToolEnd::Failed, "it was told to fail"),
        ("sleep", json!({"ms": 61_000}), ToolEnd::Failed, "longer than 60 s"),
        ("risky", json!({}), ToolEnd::Refused, "did not allow"),
    ] {
        let stage = Stage::with([vec![calling(0, "c", name, arguments), finished()], saying("well")]);
        stage.overseer.refuse();
        let events = stage.events(&stage.request()).await;
        let ModelEvent::ToolResult { output: ToolOutput::Text(told), end: ended, .. } = &events[1] else {
            panic!("{events:?}")
        };
        assert!(told.contains(words), "{name}: {told}");
        assert_eq!((*ended, &events[2..]), (end, &[text("well"), finished()][..]), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_that_are_no_object_are_reported() {
    let mut call = calling(0, "c", "echo", json!({}));
    if let ModelEvent::ToolCall { call, .. } = &mut call {
        call.raw_input = Some("say one".into());
    }
    let stage = Stage::with([vec![call, finished()], saying("well")]);
    let events = stage.events(&stage.request()).await;
    assert!(matches!(&events[1], ModelEvent::ToolResult { output: ToolOutput::Text(told), end: ToolEnd::Failed, .. }
        if told.contains("not a JSON object")));
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_over_the_rounds_and_ids_come_once() {
    let call = || calling(0, "call_0", "echo", json!({"say": "x"}));
    let stage = Stage::with([vec![call(), finished()], vec![call(), finished()], saying("done")]);
    let mut request = stage.request();
    request.messages.insert(
        0,
        Msg::new(
            Role::Assistant,
            "m",
            vec![ContentBlock::ToolUse(ToolUse {
                id: "call_0".into(),
                name: "echo".into(),
                input: serde_json::Map::new(),
                raw_input: None,
                thought_signature: None,
            })],
        ),
    );
    let calls: Vec<(usize, String)> = stage
        .events(&request)
        .await
        .into_iter()
        .filter_map(|event| match event {
            ModelEvent::ToolCall { index, call } => Some((index, call.id)),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [(0, "call_0_2".into()), (1, "call_0_3".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_forced_tool_is_forced_once() {
    for choice in [ToolChoice::Required, ToolChoice::Named("echo".into())] {
        let stage = Stage::with([vec![calling(0, "c", "echo", json!({"say": "x"})), finished()], saying("done")]);
        stage.events(&ChatRequest { tool_choice: Some(choice.clone()), ..stage.request() }).await;
        let choices: Vec<_> = stage.asked().into_iter().map(|request| request.tool_choice).collect();
        assert_eq!(choices, [Some(choice), None]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_never_stops_calling_is_stopped() {
    let call = |round: usize| calling(0, &format!("c{round}"), "echo", json!({"say": "x"}));
    let stage = Stage::with((0..9).map(|round| vec![call(round), finished()]))
        .limited(Limits { rounds: 2, ..Limits::default() });
    let events = stage.events(&stage.request()).await;
    let asked = stage.asked();
    assert_eq!((asked.len(), &asked[2].tool_choice), (3, &Some(ToolChoice::None)), "asked for words at last");
    let [.., ModelEvent::ToolResult { output: ToolOutput::Text(told), .. }, last] = &events[..] else {
        panic!("{events:?}")
    };
    assert!(told.contains("which is the limit"), "{told}");
    assert_eq!(*last, ModelEvent::Finished { reason: StopReason::ToolCalls });
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_at_once_and_too_long_results_are_cut_with_a_word() {
    let calls = (0..3).map(|index| calling(index, &format!("c{index}"), "echo", json!({"say": "abcdef"})));
    let stage = Stage::with([calls.chain([finished()]).collect(), saying("done")]).limited(Limits {
        calls: 2,
        result_bytes: 4,
        ..Limits::default()
    });
    let told: Vec<String> = stage
        .events(&stage.request())
        .await
        .into_iter()
        .filter_map(|event| match event {
            ModelEvent::ToolResult { output: ToolOutput::Text(told), .. } => Some(told),
            _ => None,
        })
        .collect();
    assert!(told[0].starts_with("abcd\n[Cut off here"), "{told:?}");
    assert!(told[2].starts_with("Not carried out: at most 2 calls"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_stops_the_tools_at_once() {
    let stage = Stage::with([vec![calling(0, "c", "sleep", json!({"ms": 50_000})), finished()], saying("never")]);
    let mut events = stage.stream(&stage.request()).await;
    assert!(matches!(events.next().await, Some(Ok(ModelEvent::ToolCall { .. }))));
    assert!(tokio::time::timeout(Duration::from_secs(1), events.next()).await.is_err(), "it runs");
    assert_eq!(stage.running(), 1);
    drop(events);
    assert_eq!((stage.running(), stage.asked().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_person_may_take_all_the_time_and_says_yes_to_one_call_after_the_other() {
    let risky = |index, id: &str| calling(index, id, "risky", json!({"ms": 2_000}));
    let stage = Stage::with([vec![risky(0, "a"), risky(1, "b"), finished()], saying("done")]);
    stage.overseer.allow_after(Duration::from_secs(3_600));
    let began = Instant::now();
    let events = stage.events(&stage.request()).await;
    assert!(
        events[2..4].iter().all(|event| matches!(event, ModelEvent::ToolResult { end: ToolEnd::Done, .. })),
        "{events:?}"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(3_600 + 4), "never both at once");
    assert_eq!(stage.overseer.begun(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn one_tool_can_be_stopped_alone() {
    let stage = Stage::with([vec![calling(0, "c", "sleep", json!({"ms": 50_000})), finished()], saying("without it")]);
    stage.overseer.stop_after(Duration::from_secs(5));
    let began = Instant::now();
    let events = stage.events(&stage.request()).await;
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(matches!(&events[1], ModelEvent::ToolResult { end: ToolEnd::Stopped, .. }), "{events:?}");
    assert_eq!(events[2..], [text("without it"), finished()]);
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_tools_end_the_answer_and_ours_are_run_before() {
    let own = ToolSpec::Function { function: stage::function("theirs") };
    let calls = vec![calling(0, "a", "theirs", json!({})), calling(1, "b", "echo", json!({"say": "x"})), finished()];
    let stage = Stage::with([calls]);
    let events = stage.events(&ChatRequest { tools: vec![own], ..stage.request() }).await;
    assert_eq!(events[2], result("b", "echo", "x", ToolEnd::Done));
    assert_eq!(events[3], ModelEvent::Finished { reason: StopReason::ToolCalls });
    let offered: Vec<String> = stage.asked()[0].tools.iter().map(|spec| name(spec).to_owned()).collect();
    assert_eq!(offered, ["theirs", "echo", "sleep", "risky"]);
}

#[tokio::test(start_paused = true)]
async fn calls_of_an_answer_that_was_cut_short_are_not_carried_out() {
    let cut = ModelEvent::Finished { reason: StopReason::Length };
    let stage = Stage::with([vec![calling(0, "c", "echo", json!({"say": "x"})), cut.clone()]]);
    let events = stage.events(&stage.request()).await;
    assert_eq!(events[1..], [cut]);
}

#[tokio::test(start_paused = true)]
async fn a_break_in_a_later_round_ends_the_answer_with_its_error() {
    let stage = Stage::with([vec![calling(0, "c", "echo", json!({"say": "x"})), finished()]]);
    let mut events = stage.stream(&stage.request()).await;
    assert!(events.next().await.unwrap().is_ok());
    assert_eq!(events.next().await.unwrap().unwrap(), result("c", "echo", "x", ToolEnd::Done));
    assert_eq!(events.next().await.unwrap().unwrap_err().category, Category::Server);
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_takes_no_tools_is_asked_without_them() {
    for message in [
        "registry.ollama.ai/library/gemma:2b does not support tools",
        "No endpoints found that support tool use",
        "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set",
        "tools param requires --jinja flag",
    ] {
        let refusal = ProviderError { status: Some(400), ..ProviderError::new("p", Category::InvalidRequest, message) };
        let stage = Stage::with([saying("plain")]);
        stage.refuse_tools(refusal.clone());
        assert_eq!(stage.events(&stage.request()).await, saying("plain"));
        assert_eq!(stage.overseer.without(), std::slice::from_ref(&refusal));
        // One who must use a tool is told instead.
        let forced = ChatRequest { tool_choice: Some(ToolChoice::Required), ..stage.request() };
        assert_eq!(stage.tool_loop().stream(&forced).await.err(), Some(refusal));
    }
    let other = ProviderError { status: Some(400), ..ProviderError::new("p", Category::InvalidRequest, "too long") };
    let stage = Stage::with([]);
    stage.refuse_tools(other.clone());
    assert_eq!(stage.tool_loop().stream(&stage.request()).await.err(), Some(other));
}

#[tokio::test(start_paused = true)]
async fn where_a_shape_is_wanted_no_tool_is_offered() {
    let stage = Stage::with([saying("{}")]);
    let shape = Structured { name: "s".into(), schema: json!({"type": "object"}), way: StructuredWay::Native };
    stage.events(&ChatRequest { structured: Some(shape), ..stage.request() }).await;
    assert!(stage.asked()[0].tools.is_empty());
}

#[test]
fn the_request_that_is_shown_is_the_first_one() {
    let stage = Stage::with([]);
    let shown = stage.tool_loop().request(&stage.request()).unwrap();
    assert_eq!(shown.body, Some(json!(["echo", "sleep", "risky"])));
}
