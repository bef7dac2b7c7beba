//! One case an oddity, named for it.

use parlance_core::{Category, ContentBlock, Reply};

use super::*;
use crate::lenient;

fn expectations(think_tags: ThinkTags) -> Expectations {
    Expectations {
        provider: "p".into(),
        think_tags,
        audio_media_type: "audio/pcm;rate=24000".into(),
        id_seed: "seed".into(),
    }
}

/// The events of these chunks, and of the end.
fn map(chunks: &[&str]) -> Vec<ModelEvent> {
    map_with(ThinkTags::Kept, chunks)
}

fn map_with(think_tags: ThinkTags, chunks: &[&str]) -> Vec<ModelEvent> {
    let (mut mapper, mut out) = (Mapper::new(expectations(think_tags)), VecDeque::new());
    for chunk in chunks {
        mapper.map(lenient::object(chunk).expect("a chunk"), &mut out).expect("no error");
    }
    mapper.finish(&mut out);
    out.into()
}

fn reply(events: &[ModelEvent]) -> Reply {
    let mut reply = Reply::default();
    events.iter().for_each(|event| reply.apply(event));
    reply
}

#[test]
fn it_starts_once_and_finishes_once() {
    let events = map(&[
        r#"{"id":"1","model":"m","choices":[{"delta":{"content":"a"}}]}"#,
        r#"{"id":"1","model":"m","choices":[{"delta":{},"finish_reason":"length"}]}"#,
        r#"{"id":"1","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
    ]);
    let usage = TokenUsage { input_tokens: 3, output_tokens: 4, ..TokenUsage::default() };
    assert_eq!(
        events,
        [
            ModelEvent::Started { id: Some("1".into()), model: Some("m".into()) },
            ModelEvent::TextDelta { text: "a".into() },
            ModelEvent::Usage { usage },
            ModelEvent::Finished { reason: StopReason::Length },
        ]
    );
}

#[test]
fn reasoning_is_read_under_both_names_and_once_when_both_are_there() {
    let events = map(&[
        r#"{"choices":[{"delta":{"reasoning_content":"","content":null}}]}"#,
        r#"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":"b"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning_content":"c","reasoning":"c"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":{"not":"text"}}}]}"#,
    ]);
    assert_eq!(reply(&events).content, [ContentBlock::thinking("abc")]);
}

#[test]
fn sealed_reasoning_is_joined_by_index_and_given_once() {
    let events = map(&[
        r#"{"choices":[{"delta":{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","index":0,"signature":null}]}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b","index":0}]}}]}"#,
        r#"{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"s","index":0},{"type":"reasoning.encrypted","data":"x","index":1}]}}]}"#,
    ]);
    let opaque = json!({"reasoning_details": [
        {"type": "reasoning.text", "text": "ab", "index": 0, "signature": "s"},
        {"type": "reasoning.encrypted", "data": "x", "index": 1},
    ]});
    let sealed: Vec<_> = events.iter().filter(|event| matches!(event, ModelEvent::ThinkingOpaque { .. })).collect();
    assert_eq!(sealed, [&ModelEvent::ThinkingOpaque { opaque }]);
}

#[test]
fn parts_of_reasoning_and_words_are_told_apart() {
    let events = map(&[
        r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]}}]}"#,
    ]);
    assert_eq!(reply(&events).content, [ContentBlock::thinking("hm"), ContentBlock::text("yes")]);
}

#[test]
fn think_tags_are_split_only_where_the_dialect_says_so() {
    let chunks =
        [r#"{"choices":[{"delta":{"content":"<think>a</th"}}]}"#, r#"{"choices":[{"delta":{"content":"ink>b"}}]}"#];
    let split = reply(&map_with(ThinkTags::Split, &chunks)).content;
    assert_eq!(split, [ContentBlock::thinking("a"), ContentBlock::text("b")]);
    assert_eq!(reply(&map(&chunks)).text(), "<think>a</think>b");
}

#[test]
fn sound_comes_with_its_type_and_its_words() {
    let events =
        map(&[r#"{"choices":[{"delta":{"audio":{"id":"x","data":"AAA=","transcript":"hi","expires_at":1}}}]}"#]);
    let data = ModelEvent::AudioDelta { media_type: "audio/pcm;rate=24000".into(), data: "AAA=".into() };
    assert_eq!(events[1..3], [data, ModelEvent::TextDelta { text: "hi".into() }]);
}

#[test]
fn a_call_is_whole_before_the_end_and_stop_beside_it_means_it_waits() {
    let events = map(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
    ]);
    let [.., ModelEvent::ToolCall { index: 0, call }, ModelEvent::Finished { reason: StopReason::ToolCalls }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((call.raw_input.as_deref(), call.input.len()), (Some("{\"x\":"), 0));
}

#[test]
fn the_old_form_of_a_call_is_read() {
    let events = map(&[
        r#"{"choices":[{"delta":{"function_call":{"name":"f","arguments":""}}}]}"#,
        r#"{"choices":[{"delta":{"function_call":{"arguments":"{}"}},"finish_reason":"function_call"}]}"#,
    ]);
    let reply = reply(&events);
    assert!(matches!(&reply.content[..], [ContentBlock::ToolUse(call)] if call.name == "f" && !call.id.is_empty()));
    assert_eq!(reply.finish_reason, Some(StopReason::ToolCalls));
}

#[test]
fn usage_is_taken_from_any_chunk_and_told_when_it_changes() {
    let usage = |prompt, answer| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"x"}}}}],"usage":{{"prompt_tokens":{prompt},"completion_tokens":{answer},
            "prompt_tokens_details":{{"cached_tokens":2}},"completion_tokens_details":{{"reasoning_tokens":1}}}}}}"#
        )
    };
    let events = map(&[&usage(5, 1), &usage(5, 1), &usage(5, 2)]);
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ModelEvent::Usage { usage } => Some((usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(1, Some(2), Some(1)), (2, Some(2), Some(1))]);
}

#[test]
fn other_answers_than_the_first_are_not_mixed_in() {
    let events = map(&[r#"{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#]);
    assert_eq!(reply(&events).text(), "a");
}

#[test]
fn a_word_for_the_end_that_is_unknown_is_kept() {
    let events = map(&[r#"{"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}"#]);
    let reason = StopReason::Other("insufficient_system_resource".into());
    assert_eq!(events.last(), Some(&ModelEvent::Finished { reason }));
}

#[test]
fn an_error_wherever_it_stands_ends_the_answer() {
    for (chunk, category, code) in [
        (r#"{"error":{"message":"m","code":429}}"#, Category::RateLimit, Some("429")),
        (r#"{"error":"m"}"#, Category::Server, None),
        (
            r#"{"choices":[{"delta":{},"finish_reason":"error"}],"error":{"message":"m","code":502}}"#,
            Category::Server,
            Some("502"),
        ),
        (
            r#"{"choices":[{"error":{"message":"m","code":"content_filter"}}]}"#,
            Category::ContentFilter,
            Some("content_filter"),
        ),
    ] {
        let mut mapper = Mapper::new(expectations(ThinkTags::Kept));
        let error = mapper.map(lenient::object(chunk).expect("a chunk"), &mut VecDeque::new()).expect_err(chunk);
        assert_eq!((error.category, error.code.as_deref(), error.message.as_str()), (category, code, "m"));
    }
    assert!(map(&[r#"{"error":null,"choices":[{"delta":{"content":"fine"}}]}"#]).len() > 2);
}
