//! One case an oddity, named for it.

use parlance_core::{ContentBlock, Reply};

use super::*;
use crate::lenient;

fn map(events: &[Value]) -> Result<Reply, ProviderError> {
    let (mut mapper, mut out) = (Mapper::new("p".into(), "seed".into()), Events::new());
    let mut step = Step::More;
    for event in events {
        assert_eq!(step, Step::More, "nothing comes behind the end");
        step = mapper.map(&lenient::object(&event.to_string()).unwrap(), &mut out)?;
    }
    assert_eq!(step, Step::Finished);
    let mut reply = Reply::default();
    out.iter().for_each(|event| reply.apply(event));
    Ok(reply)
}

fn end(status: &str, more: Value) -> Value {
    let mut response = json!({"id": "resp_1", "model": "m-1", "status": status});
    response.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": format!("response.{status}"), "response": response})
}

fn done(item: Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": 0, "item": item})
}

#[test]
fn pieces_of_reasoning_stay_apart_and_keep_their_seals() {
    let item = |id: &str| json!({"type": "reasoning", "id": id, "summary": [], "encrypted_content": "c2VhbA=="});
    let summary = |part: u64, delta: &str| json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": part, "delta": delta});
    let reply = map(&[
        json!({"type": "response.created", "response": {"id": "resp_1", "model": "m-1"}}),
        summary(0, "a"),
        summary(0, "b"),
        summary(1, "c"),
        done(item("rs_1")),
        done(item("rs_2")),
        json!({"type": "response.output_text.delta", "delta": "hi"}),
        end("completed", json!({})),
    ])
    .unwrap();
    let block = |thinking: &str, id: &str| ContentBlock::Thinking {
        thinking: thinking.into(),
        signature: None,
        opaque: Some(json!({"responses_item": item(id), "model": "m-1"})),
    };
    assert_eq!(reply.content, [block("ab\n\nc", "rs_1"), block("", "rs_2"), ContentBlock::text("hi")]);
    assert_eq!((reply.id.as_deref(), reply.finish_reason), (Some("resp_1"), Some(StopReason::Stop)));
}

#[test]
fn a_call_is_whole_whether_it_comes_in_deltas_at_their_end_or_with_its_item() {
    let item = |arguments: &str| json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": arguments});
    let added = || json!({"type": "response.output_item.added", "output_index": 0, "item": item("")});
    let delta =
        |delta: &str| json!({"type": "response.function_call_arguments.delta", "output_index": 0, "delta": delta});
    let whole = r#"{"a":1}"#;
    let ready = json!({"type": "response.function_call_arguments.done", "output_index": 0, "arguments": whole});
    for events in [
        vec![added(), delta("{\"a\""), delta(":1}")],
        vec![added(), delta("{\"a\""), delta(":1}"), ready.clone(), done(item(whole))],
        vec![added(), ready],
        vec![added(), done(item(whole))],
        vec![done(item(whole))],
    ] {
        let reply = map(&[events.clone(), vec![end("completed", json!({}))]].concat()).unwrap();
        let [ContentBlock::ToolUse(call)] = reply.content.as_slice() else { panic!("{reply:?}") };
        assert_eq!((call.id.as_str(), call.name.as_str(), call.raw_input.as_deref()), ("call_1", "f", Some(whole)));
        assert_eq!(reply.finish_reason, Some(StopReason::ToolCalls), "{events:?}");
    }
}

#[test]
fn every_end_is_told_apart() {
    let incomplete = |reason: &str| end("incomplete", json!({"incomplete_details": {"reason": reason}}));
    let usage = json!({"usage": {"input_tokens": 3, "output_tokens": 4,
        "input_tokens_details": {"cached_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 1}}});
    for (event, reason) in [
        (end("completed", usage), StopReason::Stop),
        (incomplete("max_output_tokens"), StopReason::Length),
        (incomplete("content_filter"), StopReason::ContentFilter),
        (incomplete("steered"), StopReason::Other("steered".into())),
    ] {
        let reply = map(std::slice::from_ref(&event)).unwrap();
        assert_eq!(reply.finish_reason, Some(reason), "{event}");
        if let Some(usage) = reply.usage {
            let expected =
                TokenUsage { input_tokens: 3, output_tokens: 4, reasoning_tokens: Some(1), cached_tokens: Some(2) };
            assert_eq!(usage, expected);
        }
    }
    let refusal = json!({"type": "response.refusal.delta", "delta": "No."});
    let reply = map(&[refusal, end("completed", json!({}))]).unwrap();
    assert_eq!((reply.text().as_str(), reply.finish_reason), ("No.", Some(StopReason::Refusal)));
}

#[test]
fn every_form_of_a_failure_is_an_error() {
    let failed = |error: Value| end("failed", json!({ "error": error }));
    for (event, category, code) in [
        (
            failed(json!({"code": "rate_limit_exceeded", "message": "m"})),
            Category::RateLimit,
            Some("rate_limit_exceeded"),
        ),
        (failed(Value::Null), Category::Server, None),
        (end("cancelled", json!({})), Category::Server, None),
        (
            json!({"type": "error", "error": {"type": "insufficient_quota", "code": "insufficient_quota", "message": "m"}}),
            Category::Quota,
            Some("insufficient_quota"),
        ),
        (
            json!({"type": "error", "code": "server_error", "message": "m", "param": null}),
            Category::Server,
            Some("server_error"),
        ),
        (json!({"type": "response.completed"}), Category::Protocol, None),
    ] {
        let error = map(std::slice::from_ref(&event)).unwrap_err();
        assert_eq!((error.category, error.code.as_deref()), (category, code), "{event}");
    }
}
