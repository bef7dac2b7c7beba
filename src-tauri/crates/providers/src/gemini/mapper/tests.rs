//! One case an oddity, named for it.

use parlance_core::msg::ToolUse;
use parlance_core::{ContentBlock, Reply};

use super::*;

fn try_map(chunks: &[&str]) -> Result<Vec<ModelEvent>, ProviderError> {
    let expected = Expectations { provider: "p".into(), id_seed: "seed".into() };
    let (mut mapper, mut out) = (Mapper::new(expected), Events::new());
    for chunk in chunks {
        mapper.map(serde_json::from_str(chunk).expect("a chunk"), &mut out)?;
    }
    mapper.finish(&mut out);
    Ok(out.into())
}

fn reply(chunks: &[&str]) -> Reply {
    let mut reply = Reply::default();
    try_map(chunks).expect("no error").iter().for_each(|event| reply.apply(event));
    reply
}

/// The reply to these parts, one a chunk.
fn reply_of(parts: &[&str]) -> Reply {
    let chunks: Vec<String> =
        parts.iter().map(|part| format!(r#"{{"candidates":[{{"content":{{"parts":[{part}]}}}}]}}"#)).collect();
    reply(&chunks.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn calls_come_whole_and_get_an_id_where_they_have_none() {
    let reply = reply_of(&[
        r#"{"functionCall":{"id":"fc1","name":"f","args":{"a":1}},"thoughtSignature":"c2ln"}"#,
        r#"{"functionCall":{"name":"f"}}"#,
        r#"{"functionCall":{"name":"f","args":{}}}"#,
        r#"{"functionCall":{}}"#,
    ]);
    let call = |id: &str, raw: &str, proof: Option<&str>| {
        ContentBlock::ToolUse(ToolUse {
            id: id.into(),
            name: "f".into(),
            input: serde_json::from_str(raw).expect("an object"),
            raw_input: Some(raw.into()),
            thought_signature: proof.map(str::to_owned),
        })
    };
    assert_eq!(
        reply.content,
        [call("fc1", r#"{"a":1}"#, Some("c2ln")), call("call_seed_1", "{}", None), call("call_seed_2", "{}", None)]
    );
    assert_eq!(reply.finish_reason, Some(StopReason::ToolCalls));
}

#[test]
fn a_proof_stays_with_its_words_even_with_none() {
    let reply = reply_of(&[
        r#"{"text":"hm","thought":true}"#,
        r#"{"text":"Hel"}"#,
        r#"{"text":"lo","thoughtSignature":"YQ=="}"#,
        r#"{"executableCode":{"code":"1"},"thoughtSignature":"skipped"}"#,
        r#"{"functionCall":{"id":"c","name":"f"}}"#,
        r#"{"text":"","thoughtSignature":"Yg=="}"#,
    ]);
    let text =
        |text: &str, proof: &str| ContentBlock::Text { text: text.into(), thought_signature: Some(proof.into()) };
    assert_eq!(reply.content[..2], [ContentBlock::thinking("hm"), text("Hello", "YQ==")]);
    assert_eq!(reply.content[3..], [text("", "Yg==")]);
}

#[test]
fn sound_is_taken_and_pictures_are_not() {
    let reply = reply_of(&[
        r#"{"inlineData":{"mimeType":"audio/L16;codec=pcm;rate=24000","data":"AQI="}}"#,
        r#"{"inlineData":{"mimeType":"image/png","data":"AQI="}}"#,
    ]);
    assert_eq!(reply.content.len(), 1);
    assert!(matches!(&reply.content[0], ContentBlock::Audio { .. }), "{reply:?}");
}

#[test]
fn only_the_first_candidate_counts_and_one_may_be_empty() {
    let reply = reply(&[
        r#"{"candidates":[{"index":1,"content":{"parts":[{"text":"other"}]}},{"index":0,"content":{}}],"responseId":"r","modelVersion":"m"}"#,
        r#"{"candidates":[{"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"thoughtsTokenCount":3,"toolUsePromptTokenCount":2,"cachedContentTokenCount":1}}"#,
        r#"{"usageMetadata":{"trafficType":"ON_DEMAND"}}"#,
    ]);
    assert_eq!((reply.text().as_str(), reply.finish_reason), ("", Some(StopReason::Length)));
    assert_eq!((reply.id.as_deref(), reply.model.as_deref()), (Some("r"), Some("m")));
    assert_eq!(
        reply.usage,
        Some(TokenUsage { input_tokens: 7, output_tokens: 10, reasoning_tokens: Some(3), cached_tokens: Some(1) })
    );
}

#[test]
fn reasons_have_their_counterparts() {
    for (word, reason) in [
        ("STOP", StopReason::Stop),
        ("MAX_TOKENS", StopReason::Length),
        ("SAFETY", StopReason::ContentFilter),
        ("RECITATION", StopReason::ContentFilter),
        ("MALFORMED_FUNCTION_CALL", StopReason::Other("MALFORMED_FUNCTION_CALL".into())),
    ] {
        let chunk = format!(r#"{{"candidates":[{{"finishReason":"{word}"}}]}}"#);
        assert_eq!(reply(&[&chunk]).finish_reason, Some(reason), "{word}");
    }
}

#[test]
fn a_question_that_was_stopped_and_an_error_in_the_stream_are_errors() {
    for (chunk, category, code, message) in [
        (
            r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
            Category::ContentFilter,
            "SAFETY",
            "filter stopped the question",
        ),
        (
            r#"{"promptFeedback":{"blockReason":"MODEL_ARMOR","blockReasonMessage":"Blocked."}}"#,
            Category::ContentFilter,
            "MODEL_ARMOR",
            "Blocked.",
        ),
        (
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
            Category::Overloaded,
            "503",
            "The model is overloaded.",
        ),
    ] {
        let error = try_map(&[chunk]).expect_err(chunk);
        assert_eq!((error.category, error.code.as_deref()), (category, Some(code)), "{error}");
        assert!(error.message.contains(message), "{error}");
    }
}
