//! One case an oddity, named for it.

use parlance_core::{ContentBlock, Reply};

use super::*;

fn try_map(events: &[&str]) -> Result<Vec<ModelEvent>, ProviderError> {
    let (mut mapper, mut out) = (Mapper::new("p".into()), Events::new());
    for event in events {
        mapper.map(Event::read(event).expect("an event"), &mut out)?;
    }
    Ok(out.into())
}

/// The reply to these events between a head and an end.
fn reply(events: &[&str]) -> Reply {
    const HEAD: &str = r#"{"type":"message_start","message":{"id":"1","model":"m","content":[]}}"#;
    let all = [&[HEAD], events, &[r#"{"type":"message_stop"}"#]].concat();
    let mut reply = Reply::default();
    try_map(&all).expect("no error").iter().for_each(|event| reply.apply(event));
    reply
}

fn block(index: u32, block: &str) -> [String; 2] {
    [
        format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#),
        format!(r#"{{"type":"content_block_stop","index":{index}}}"#),
    ]
}

fn delta(index: u32, delta: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
}

#[track_caller]
fn check_content(events: &[String], content: &[ContentBlock]) {
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(reply(&events).content, content);
}

fn signed(thinking: &str, signature: &str) -> ContentBlock {
    ContentBlock::Thinking { thinking: thinking.into(), signature: Some(signature.into()), opaque: None }
}

#[test]
fn neighbouring_reasoning_keeps_its_own_signatures_even_unseen() {
    let [begin, stop] = block(0, r#"{"type":"thinking","thinking":"","signature":""}"#);
    let [begin_second, stop_second] = block(1, r#"{"type":"thinking","thinking":""}"#);
    check_content(
        &[
            begin,
            delta(0, r#"{"type":"thinking_delta","thinking":"hm"}"#),
            delta(0, r#"{"type":"signature_delta","signature":"early"}"#),
            delta(0, r#"{"type":"signature_delta","signature":"s1"}"#),
            stop,
            begin_second,
            delta(1, r#"{"type":"thinking_delta","thinking":""}"#),
            delta(1, r#"{"type":"signature_delta","signature":"s2"}"#),
            stop_second,
        ],
        &[signed("hm", "s1"), signed("", "s2")],
    );
}

#[test]
fn redacted_reasoning_stands_in_its_place() {
    let [first, first_end] = block(0, r#"{"type":"redacted_thinking","data":"A"}"#);
    let [second, second_end] = block(1, r#"{"type":"redacted_thinking","data":"B"}"#);
    let [text, text_end] = block(2, r#"{"type":"text","text":"OK"}"#);
    let redacted = |data: &str| ContentBlock::Thinking {
        thinking: String::new(),
        signature: None,
        opaque: Some(json!({ "redacted_thinking": data })),
    };
    check_content(
        &[first, first_end, second, second_end, text, text_end],
        &[redacted("A"), redacted("B"), ContentBlock::text("OK")],
    );
}

#[test]
fn arguments_come_as_deltas_or_at_the_beginning_but_not_twice() {
    let call = |index, input: &str| {
        block(index, &format!(r#"{{"type":"tool_use","id":"c{index}","name":"f","input":{input}}}"#))
    };
    let arguments =
        |index, json: &str| delta(index, &json!({"type": "input_json_delta", "partial_json": json}).to_string());
    let ([a, a_end], [b, b_end], [c, c_end]) = (call(0, "{}"), call(1, r#"{"x":1}"#), call(2, r#"{"x":1}"#));
    let deltas = [arguments(0, ""), arguments(2, r#"{"x""#), arguments(2, ":2}")];
    let [none, first, second] = deltas;
    let events = [a, none, a_end, b, b_end, c, first, second, c_end];
    let reply = reply(&events.iter().map(String::as_str).collect::<Vec<_>>());
    let inputs: Vec<_> = reply
        .content
        .iter()
        .map(|block| match block {
            ContentBlock::ToolUse(call) => (call.id.as_str(), Value::Object(call.input.clone()).to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(inputs, [("c0", "{}".into()), ("c1", r#"{"x":1}"#.into()), ("c2", r#"{"x":2}"#.into())]);
    assert_eq!(reply.finish_reason, Some(StopReason::ToolCalls));
}

#[test]
fn tools_that_run_at_the_provider_and_unknown_things_are_skipped() {
    let [server, server_end] = block(0, r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#);
    let [result, result_end] = block(1, r#"{"type":"web_search_tool_result","tool_use_id":"s","content":[]}"#);
    check_content(
        &[
            server,
            delta(0, r#"{"type":"input_json_delta","partial_json":"{\"query\":1}"}"#),
            server_end,
            result,
            result_end,
            r#"{"type":"ping"}"#.into(),
            r#"{"type":"invented","x":[1]}"#.into(),
            "{}".into(),
            delta(2, r#"{"type":"citations_delta","citation":{}}"#),
            delta(2, r#"{"type":"text_delta","text":"hi"}"#),
        ],
        &[ContentBlock::text("hi")],
    );
}

#[test]
fn counts_are_joined_and_the_later_ones_hold() {
    let reply = reply(&[
        r#"{"type":"message_start","message":{"usage":{"input_tokens":3,"cache_creation_input_tokens":10,"cache_read_input_tokens":100,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"input_tokens":4,"output_tokens":7,"output_tokens_details":{"thinking_tokens":5}}}"#,
    ]);
    assert_eq!(
        reply.usage,
        Some(TokenUsage { input_tokens: 114, output_tokens: 7, reasoning_tokens: Some(5), cached_tokens: Some(100) })
    );
    assert_eq!(reply.finish_reason, Some(StopReason::Length));
}

#[test]
fn a_server_without_counts_is_understood() {
    let [text, text_end] = block(0, r#"{"type":"text","text":"hi"}"#);
    assert_eq!(reply(&[&text, &text_end]).usage, None);
}

#[test]
fn reasons_have_their_counterparts() {
    for (word, reason) in [
        ("end_turn", StopReason::Stop),
        ("stop_sequence", StopReason::Stop),
        ("max_tokens", StopReason::Length),
        ("model_context_window_exceeded", StopReason::Length),
        ("tool_use", StopReason::ToolCalls),
        ("pause_turn", StopReason::Other("pause_turn".into())),
    ] {
        let end = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{word}"}},"usage":null}}"#);
        assert_eq!(reply(&[&end]).finish_reason, Some(reason), "{word}");
    }
}

#[test]
fn a_refusal_says_why_where_the_model_itself_says_nothing() {
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"Blocked."}}}"#;
    let reply_to = |events: &[&str]| {
        let reply = reply(events);
        (reply.text(), reply.finish_reason)
    };
    let [text, text_end] = block(0, r#"{"type":"text","text":"I will not."}"#);
    assert_eq!(reply_to(&[end]), ("Blocked.".into(), Some(StopReason::Refusal)));
    assert_eq!(reply_to(&[&text, &text_end, end]), ("I will not.".into(), Some(StopReason::Refusal)));
}

#[test]
fn what_breaks_the_protocol_is_an_error() {
    const HEAD: &str = r#"{"type":"message_start","message":{}}"#;
    const STOP: &str = r#"{"type":"message_stop"}"#;
    let [begin, _] = block(0, r#"{"type":"text","text":""}"#);
    let stray = delta(7, r#"{"type":"input_json_delta","partial_json":"{}"}"#);
    for (events, category, message) in [
        (vec![STOP], Category::Protocol, "without one"),
        (vec![HEAD, &begin, STOP], Category::Protocol, "in the middle of a block"),
        (vec![HEAD, &stray], Category::Protocol, "never began"),
        (vec![HEAD, r#"{"error":{"type":"rate_limit_error","message":"slow"}}"#], Category::RateLimit, "slow"),
        (
            vec![HEAD, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#],
            Category::Overloaded,
            "Overloaded",
        ),
    ] {
        let error = try_map(&events).expect_err(message);
        assert_eq!(error.category, category, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
}

#[test]
fn a_whole_answer_without_content_is_an_error() {
    for (body, category) in [
        ("{}", Category::Protocol),
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, Category::Overloaded),
    ] {
        let message = serde_json::from_str(body).expect("an object");
        let error = Mapper::new("p".into()).map_whole(message, &mut Events::new()).expect_err(body);
        assert_eq!(error.category, category, "{body}");
    }
}
