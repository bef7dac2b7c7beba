//! Tokenizers from files, against the counts that Python's `tokenizers` and `jinja2` made of the same files
//! (`tests/tokenizers/make.py` prints them).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::{Path, PathBuf};

use parlance_core::TokenCount;
use parlance_tokens::Prompt;
use parlance_tokens::hugging_face::{Tokenizer, TokenizerError};
use serde_json::{Value, json};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/tokenizers").join(name)
}

#[track_caller]
fn count(name: &str, messages: Value, tools: Value) -> TokenCount {
    let tokenizer = Tokenizer::open(&folder(name)).unwrap();
    counted(&tokenizer, messages.as_array().unwrap(), tools.as_array().unwrap()).unwrap()
}

fn counted(tokenizer: &Tokenizer, messages: &[Value], tools: &[Value]) -> Result<TokenCount, TokenizerError> {
    tokenizer.count(&Prompt { model: "local", messages, tools, shape: None })
}

fn asked() -> Value {
    json!([{"role": "user", "content": [{"type": "text", "text": "What is the weather in Paris today?"}]}])
}

fn tools() -> Value {
    json!([{"type": "function", "function": {"name": "get_weather", "description": "今天天气",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}])
}

fn exactly(tokens: u64) -> TokenCount {
    TokenCount { tokens, exact: true }
}

#[test]
fn templated_messages_count_as_the_makers_library_counts_them() {
    let system = json!({"role": "system", "content": "You are a helpful assistant."});
    let whole = json!([system, asked()[0],
        {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
            "function": {"name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}}]},
        {"role": "tool", "tool_call_id": "1", "name": "get_weather", "content": "It is sunny in Paris."},
        {"role": "assistant", "content": "<think>hm</think>\nIt is sunny."}]);
    assert_eq!(count("chatml", asked(), json!([])), exactly(13));
    assert_eq!(count("chatml", json!([system, asked()[0]]), json!([])), exactly(26));
    assert_eq!(count("chatml", whole, tools()), exactly(220));
    assert_eq!(count("strict", asked(), json!([])), exactly(23));
    assert_eq!(count("strict", asked(), tools()), exactly(317));
}

#[test]
fn what_the_file_asks_of_padding_and_truncation_is_not_done() {
    // The files ask for 128 tokens at least and 16 at most.
    let long = json!([{"role": "user", "content": "今天天气怎么样？".repeat(40)}]);
    assert_eq!(count("chatml", long, json!([])), exactly(165));
}

#[test]
fn the_file_itself_may_be_named_too() {
    let tokenizer = Tokenizer::open(&folder("chatml").join("tokenizer.json")).unwrap();
    assert_eq!(counted(&tokenizer, asked().as_array().unwrap(), &[]).unwrap(), exactly(13));
}

#[test]
fn without_a_template_the_texts_are_counted_as_an_estimate() {
    assert_eq!(count("bare", asked(), json!([])), TokenCount { tokens: 8, exact: false });
    let more = count("bare", asked(), tools());
    assert!(more.tokens > 8 && !more.exact);
}

#[test]
fn pictures_and_sound_are_an_estimate() {
    let mut messages = asked();
    messages[0]["content"].as_array_mut().unwrap().extend([
        json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
        json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
    ]);
    // The template takes no parts, so their tokens come on top of the words'.
    let counted = count("chatml", messages, json!([]));
    assert!(counted.tokens > 1_000 && !counted.exact, "{counted:?}");
}

#[test]
fn a_conversation_that_the_template_refuses_is_refused_in_its_words() {
    let tokenizer = Tokenizer::open(&folder("strict")).unwrap();
    let twice = [asked()[0].clone(), asked()[0].clone()];
    let error = counted(&tokenizer, &twice, &[]).unwrap_err();
    assert!(
        matches!(&error, TokenizerError::Refused(why) if why.starts_with("Conversation roles must alternate")),
        "{error}"
    );
}

#[test]
fn files_that_are_not_what_they_should_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokenizer.json");
    let open = || Tokenizer::open(&file).map(|_| ()).unwrap_err().to_string();
    assert!(open().starts_with(&format!("reading {}", file.display())), "{}", open());
    for no_tokenizer in ["", "{}", "[1]", "\u{1}"] {
        std::fs::write(&file, no_tokenizer).unwrap();
        assert!(open().contains("is no tokenizer"), "{}", open());
    }
    std::fs::copy(self::folder("chatml").join("tokenizer.json"), &file).unwrap();
    std::fs::write(folder.path().join("tokenizer_config.json"), "{").unwrap();
    assert!(open().contains("is no configuration of a tokenizer"), "{}", open());
    std::fs::write(folder.path().join("tokenizer_config.json"), json!({"chat_template": "{% for %}"}).to_string())
        .unwrap();
    assert!(open().contains("is no chat template"), "{}", open());
}
