//! One scenario in every protocol: forms of objects, failures, results of tools, counts and lists.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use parlance_simulator::{Ability, Answer, Counting, Failure, Framing, Model, Rule, Scenario, Script, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A conversation is posted here.
const GENERATION: &str = "/api/v1/services/aigc/text-generation/generation";
const GEMINI: &str = "/v1beta/models/m:generateContent";
const GEMINI_STREAM: &str = "/v1beta/models/m:streamGenerateContent?alt=sse";

/// Headers that any of the protocols may want.
const HEADERS: &str = "anthropic-version: 2023-06-01";

struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn ask(server: &Simulator, method: &str, path: &str, headers: &str, body: &Value) -> Answered {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\n{headers}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body = if head.contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_owned() };
    Answered { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head: head.to_owned(), body }
}

fn unchunked(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&rest[..size]);
        chunks = &rest[size + 2..];
    }
    body
}

async fn post(server: &Simulator, path: &str, body: &Value) -> Answered {
    ask(server, "POST", path, HEADERS, body).await
}

async fn get(server: &Simulator, path: &str, headers: &str) -> Answered {
    ask(server, "GET", path, headers, &Value::Null).await
}

async fn server(script: Script) -> Simulator {
    Simulator::start(Scenario::always(Answer::script(script))).await.unwrap()
}

fn object() -> Value {
    json!({"city": "Zürich", "degrees": 21})
}

#[tokio::test]
async fn an_object_comes_as_text_where_a_format_is_asked_for() {
    let server = server(Script::gives(object())).await;
    let schema = json!({"type": "object"});
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}});
    let tool = json!({"type": "function", "function": {"name": "t"}});
    for (path, asked, place) in [
        ("/v1/chat/completions", json!({"response_format": format, "tools": [tool]}), "/choices/0/message/content"),
        (
            "/v1/responses",
            json!({"text": {"format": {"type": "json_schema", "name": "a", "schema": schema}}}),
            "/output/0/content/0/text",
        ),
        (
            "/v1/messages",
            json!({"max_tokens": 9, "output_config": {"format": {"type": "json_schema", "schema": schema}}}),
            "/content/0/text",
        ),
        (
            GEMINI,
            json!({"generation_config": {"response_mime_type": "application/json", "response_schema": schema}}),
            "/candidates/0/content/parts/0/text",
        ),
        (
            GENERATION,
            json!({"parameters": {"response_format": {"type": "json_object"}}}),
            "/output/choices/0/message/content",
        ),
        ("/api/chat", json!({"stream": false, "format": schema}), "/message/content"),
        // Nothing was asked for at all.
        ("/v1/chat/completions", json!({}), "/choices/0/message/content"),
    ] {
        let answer = post(&server, path, &asked).await.json();
        let text = answer.pointer(place).and_then(Value::as_str).unwrap_or_else(|| panic!("{path}: {answer}"));
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), object(), "{path}");
    }
}

#[tokio::test]
async fn an_object_comes_as_a_call_where_a_tool_is_forced() {
    let server = server(Script::gives(object())).await;
    let nested = |name: &str| json!({"type": "function", "function": {"name": name}});
    let flat = |name: &str| json!({"type": "function", "name": name});
    for (path, asked, name, arguments) in [
        (
            "/v1/chat/completions",
            json!({"tools": [nested("a"), nested("b")], "tool_choice": nested("b")}),
            "/choices/0/message/tool_calls/0/function/name",
            "/choices/0/message/tool_calls/0/function/arguments",
        ),
        (
            "/v1/responses",
            json!({"tools": [flat("a"), flat("b")], "tool_choice": flat("b")}),
            "/output/0/name",
            "/output/0/arguments",
        ),
        (
            "/v1/messages",
            json!({"max_tokens": 9, "tools": [{"name": "a"}, {"name": "b"}], "tool_choice": {"type": "tool", "name": "b"}}),
            "/content/0/name",
            "/content/0/input",
        ),
        (
            GEMINI,
            json!({"tools": [{"function_declarations": [{"name": "a"}, {"name": "b"}]}],
                "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["b"]}}}),
            "/candidates/0/content/parts/0/functionCall/name",
            "/candidates/0/content/parts/0/functionCall/args",
        ),
        (
            GENERATION,
            json!({"parameters": {"tools": [nested("a"), nested("b")], "tool_choice": nested("b")}}),
            "/output/choices/0/message/tool_calls/0/function/name",
            "/output/choices/0/message/tool_calls/0/function/arguments",
        ),
        (
            "/api/chat",
            json!({"stream": false, "tools": [nested("b")]}),
            "/message/tool_calls/0/function/name",
            "/message/tool_calls/0/function/arguments",
        ),
    ] {
        let answer = post(&server, path, &asked).await.json();
        assert_eq!(answer.pointer(name), Some(&json!("b")), "{path}: {answer}");
        let arguments = match answer.pointer(arguments) {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap(),
            other => other.cloned().unwrap(),
        };
        assert_eq!(arguments, object(), "{path}");
    }
}

#[tokio::test]
async fn calls_are_answered_by_what_their_results_say() {
    let answered = |words: &str| Rule {
        when: Some("21 degrees".into()),
        answer: Answer::says(words).with_framing(Framing::Length),
        ..Rule::default()
    };
    let scenario = Scenario { rules: vec![answered("Warm.")], ..Scenario::default() };
    let server = Simulator::start(scenario).await.unwrap();
    let parallel = json!([
        {"role": "assistant", "content": ""},
        {"role": "tool", "tool_call_id": "1", "content": "It is 21 degrees"},
        {"role": "tool", "tool_call_id": "2", "content": "noon"},
    ]);
    let part = |output: &str| json!({"functionResponse": {"name": "t", "response": {"output": output}}});
    for (path, asked) in [
        ("/v1/chat/completions", json!({"messages": parallel})),
        ("/api/chat", json!({"stream": false, "messages": parallel})),
        (GENERATION, json!({"input": {"messages": parallel}})),
        (
            "/v1/responses",
            json!({"input": [{"role": "user", "content": "?"},
                {"type": "function_call_output", "call_id": "1", "output": "It is 21 degrees"},
                {"type": "function_call_output", "call_id": "2", "output": "noon"}]}),
        ),
        (
            "/v1/messages",
            json!({"max_tokens": 9, "messages": [{"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "It is 21 degrees"}]},
                {"type": "tool_result", "tool_use_id": "2", "content": "noon"}]}]}),
        ),
        (GEMINI, json!({"contents": [{"role": "user", "parts": [part("It is 21 degrees"), part("noon")]}]})),
    ] {
        let answer = post(&server, path, &asked).await.body;
        assert!(answer.contains("Warm."), "{path}: {answer}");
    }
    // A plain string is input, too.
    let answer = post(&server, "/v1/responses", &json!({"input": "21 degrees"})).await.body;
    assert!(answer.contains("Warm."), "{answer}");
}

#[tokio::test]
async fn every_failure_has_the_status_and_the_words_of_the_protocol() {
    let limited = || Failure::RateLimited { retry_after_s: Some(7) };
    for (path, failure, status, place, word) in [
        ("/v1/chat/completions", Failure::WrongKey, 401, "/error/code", "invalid_api_key"),
        ("/v1/responses", Failure::UnknownModel, 404, "/error/code", "model_not_found"),
        ("/v1/chat/completions", limited(), 429, "/error/code", "rate_limit_exceeded"),
        ("/v1/messages", Failure::WrongKey, 401, "/error/type", "authentication_error"),
        ("/v1/messages", Failure::Overloaded, 529, "/error/type", "overloaded_error"),
        ("/v1/messages", limited(), 429, "/error/type", "rate_limit_error"),
        (GEMINI, Failure::UnknownModel, 404, "/error/status", "NOT_FOUND"),
        (GEMINI, limited(), 429, "/error/details/0/retryDelay", "7s"),
        (GENERATION, Failure::QuotaSpent, 400, "/code", "Arrearage"),
        (GENERATION, limited(), 429, "/code", "Throttling.RateQuota"),
        ("/api/chat", Failure::UnknownModel, 404, "/error", "model not found"),
    ] {
        let server = Simulator::start(Scenario::always(Answer::fails(failure.clone()))).await.unwrap();
        let answer = post(&server, path, &json!({"max_tokens": 9, "stream": true})).await;
        assert_eq!((answer.status, answer.json().pointer(place)), (status, Some(&json!(word))), "{path} {failure:?}");
        let is_in_head = failure == limited() && path != GEMINI;
        assert_eq!(answer.head.contains("retry-after: 7"), is_in_head, "{path} {failure:?}");
    }
}

#[tokio::test]
async fn a_failure_in_mid_stream_follows_what_was_said_and_takes_the_place_of_a_whole_answer() {
    let server = server(Script::says("half").and_fails(Failure::Overloaded).and_says("never")).await;
    for (path, streamed, whole, word, status) in [
        ("/v1/chat/completions", json!({"stream": true}), json!({}), "server_is_overloaded", 503),
        ("/v1/responses", json!({"stream": true}), json!({}), "server_is_overloaded", 503),
        ("/v1/messages", json!({"stream": true, "max_tokens": 9}), json!({"max_tokens": 9}), "overloaded_error", 529),
        ("/api/chat", json!({}), json!({"stream": false}), "server busy", 503),
    ] {
        let answer = post(&server, path, &streamed).await;
        assert_eq!(answer.status, 200);
        let (half, error) = (answer.body.find("half").unwrap(), answer.body.find(word).unwrap());
        assert!(half < error && !answer.body.contains("never"), "{path}: {}", answer.body);
        let answer = post(&server, path, &whole).await;
        assert_eq!((answer.status, answer.body.contains("half")), (status, false), "{path}");
    }
    let answer = post(&server, GEMINI_STREAM, &json!({})).await.body;
    assert!(answer.contains("half") && answer.contains("UNAVAILABLE") && !answer.contains("never"), "{answer}");
    let answer = ask(&server, "POST", GENERATION, "x-dashscope-sse: enable", &json!({})).await.body;
    assert!(answer.contains("event:error\n:HTTP_STATUS/503\ndata:{\"code\":\"ModelUnavailable\""), "{answer}");
}

#[tokio::test]
async fn tokens_are_counted() {
    let counts = async |server: &Simulator| {
        let user = json!([{"role": "user", "content": "one two three"}]);
        let contents = json!([{"role": "user", "parts": [{"text": "one two three"}]}]);
        let counted = [
            (
                "/v1/messages/count_tokens",
                json!({"messages": [{"content": "one two three"}], "system": "four"}),
                "/input_tokens",
            ),
            (
                "/v1beta/models/m:countTokens",
                json!({"contents": [{"parts": [{"text": "one two three four"}]}]}),
                "/totalTokens",
            ),
            (
                "/v1beta/models/m:countTokens",
                json!({"generateContentRequest": {"contents": contents, "system_instruction": {"parts": [{"text": "four"}]}}}),
                "/totalTokens",
            ),
            ("/v1/responses/input_tokens", json!({"input": "one two three", "instructions": "four"}), "/input_tokens"),
            ("/api/v1/tokenizer", json!({"input": {"messages": user}}), "/usage/input_tokens"),
        ];
        let mut counts = Vec::new();
        for (path, asked, place) in counted {
            let answer = post(server, path, &asked).await;
            counts.push((answer.status, answer.json().pointer(place).and_then(Value::as_u64)));
        }
        counts
    };
    let server = Simulator::start(Scenario::default()).await.unwrap();
    // The role is a word, too.
    assert_eq!(counts(&server).await, [4; 5].map(|words| (200, Some(words))));
    server.set_scenario(Scenario { counting: Counting::Exactly(321), ..Scenario::default() });
    assert_eq!(counts(&server).await, [(200, Some(321)); 5]);
    server.set_scenario(Scenario { counting: Counting::Fails(Failure::Broken), ..Scenario::default() });
    assert_eq!(counts(&server).await, [(500, None); 5]);
}

#[tokio::test]
async fn models_are_listed_described_and_paged() {
    let plain = Model { context_tokens: 4096, can: vec![Ability::Tools], ..Model::named("b") };
    let models = vec!["a".into(), plain, "c".into()];
    let server = Simulator::start(Scenario { models, ..Scenario::default() }).await.unwrap();
    let (anthropic, gemini) = (HEADERS, "x-goog-api-key: k");
    for (path, headers, place, expected) in [
        ("/v1/models", "x: y", "/data/1/id", json!("b")),
        ("/v1/models/b", "x: y", "/id", json!("b")),
        ("/v1/models", anthropic, "/data/1/max_input_tokens", json!(4096)),
        ("/v1/models/b", anthropic, "/capabilities/thinking/supported", json!(false)),
        ("/v1/models?limit=1&after_id=a", anthropic, "/last_id", json!("b")),
        ("/v1/models?limit=1&after_id=a", anthropic, "/has_more", json!(true)),
        ("/v1/models?limit=1&after_id=b", anthropic, "/has_more", json!(false)),
        ("/v1/models", gemini, "/models/1/name", json!("models/b")),
        ("/v1beta/models/b", "x: y", "/inputTokenLimit", json!(4096)),
        ("/v1beta/models?pageSize=2", gemini, "/nextPageToken", json!("2")),
        ("/v1beta/models?pageSize=2&pageToken=2", gemini, "/models/0/name", json!("models/c")),
        ("/v1beta/models?pageSize=2&pageToken=2", gemini, "/nextPageToken", Value::Null),
        ("/api/v1/models?page_no=2&page_size=1", "x: y", "/output/models/0/model", json!("b")),
        ("/compatible-mode/v1/models", "x: y", "/data/0/id", json!("a")),
        ("/api/tags", "x: y", "/models/1/capabilities", json!(["completion", "tools"])),
    ] {
        let answer = get(&server, path, headers).await.json();
        assert_eq!(answer.pointer(place).unwrap_or(&Value::Null), &expected, "{path}: {answer}");
    }
    let shown = post(&server, "/api/show", &json!({"model": "b"})).await.json();
    assert_eq!(shown["model_info"]["simulated.context_length"], 4096);
    let unknown = post(&server, "/api/show", &json!({"model": "z"})).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn keys_are_taken_where_each_protocol_has_them() {
    let key = Some("k".to_owned());
    let server = Simulator::start(Scenario { key, ..Scenario::default() }).await.unwrap();
    for (path, header, status) in [
        ("/v1/chat/completions", "authorization: Bearer k", 200),
        ("/openai/deployments/d/chat/completions?api-version=1", "api-key: k", 200),
        ("/v1/messages", "x-api-key: k", 200),
        ("/v1/messages", "authorization: Bearer k", 200),
        ("/v1/messages", "x-api-key: other", 401),
        (GEMINI, "x-goog-api-key: k", 200),
        ("/v1beta/models/m:generateContent?key=k", "x: y", 200),
        (GEMINI, "authorization: Bearer k", 400),
        (GENERATION, "authorization: Bearer k", 200),
        ("/api/chat", "x-api-key: k", 401),
    ] {
        let headers = format!("{HEADERS}\r\n{header}");
        let answer = ask(&server, "POST", path, &headers, &json!({"max_tokens": 9})).await;
        assert_eq!(answer.status, status, "{path} {header}: {}", answer.body);
    }
}

#[tokio::test]
async fn anthropic_refuses_what_its_versions_do_not_know() {
    let server = server(Script::says("hi")).await;
    let (classic, newest) = ("anthropic-version: 2023-06-01", "anthropic-version: 2026-10-21");
    for (headers, asked, said) in [
        ("x: y", json!({"max_tokens": 9}), Some("header is required")),
        ("anthropic-version: 1999-01-01", json!({"max_tokens": 9}), Some("not a valid version")),
        (classic, json!({}), Some("max_tokens: Field required")),
        (classic, json!({"max_tokens": 9, "temperature": 1}), None),
        (newest, json!({"max_tokens": 9}), None),
        (newest, json!({"max_tokens": 9, "temperature": 1}), Some("temperature: Extra inputs")),
    ] {
        let answer = ask(&server, "POST", "/v1/messages", headers, &asked).await;
        assert_eq!(answer.status, if said.is_some() { 400 } else { 200 }, "{headers} {asked}");
        assert!(answer.body.contains(said.unwrap_or("hi")), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_count_comes_only_to_who_asks_and_the_parts_of_it_where_they_are_told() {
    let script = Script { cached_tokens: Some(4), reasoning_tokens: Some(2), ..Script::says("hi") };
    let server = server(script).await;
    let silent = post(&server, "/v1/chat/completions", &json!({"stream": true})).await.body;
    assert!(!silent.contains("usage"), "{silent}");
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let told = post(&server, "/v1/chat/completions", &asked).await.body;
    assert!(told.contains("\"usage\":null") && told.contains("\"cached_tokens\":4"), "{told}");
    for (path, place, expected) in [
        ("/v1/responses", "/usage/output_tokens_details/reasoning_tokens", 2),
        ("/v1/messages", "/usage/cache_read_input_tokens", 4),
        ("/v1/messages", "/usage/input_tokens", 5),
        (GEMINI, "/usageMetadata/thoughtsTokenCount", 2),
        (GEMINI, "/usageMetadata/candidatesTokenCount", 3),
        (GENERATION, "/usage/prompt_tokens_details/cached_tokens", 4),
    ] {
        let answer = post(&server, path, &json!({"max_tokens": 9})).await.json();
        assert_eq!(answer.pointer(place), Some(&json!(expected)), "{path}: {answer}");
    }
}

#[tokio::test]
async fn dashscope_writes_what_is_new_or_all_so_far_in_the_form_that_is_asked_for() {
    let server = server(Script::says("one two")).await;
    let stream = async |path: &str, parameters: Value| {
        ask(&server, "POST", path, "x-dashscope-sse: enable", &json!({"parameters": parameters})).await.body
    };
    let deltas = stream(GENERATION, json!({"incremental_output": true})).await;
    assert!(deltas.contains("\"content\":\"two\"") && !deltas.contains("one two"), "{deltas}");
    let cumulative = stream(GENERATION, json!({"result_format": "text"})).await;
    assert!(
        cumulative.contains("\"text\":\"one two\"") && cumulative.starts_with("id:1\nevent:result\n"),
        "{cumulative}"
    );
    let parts =
        stream("/api/v1/services/aigc/multimodal-generation/generation", json!({"incremental_output": true})).await;
    assert!(parts.contains("\"content\":[{\"text\":\"two\"}]"), "{parts}");
}

#[tokio::test]
async fn gemini_streams_an_array_unless_events_are_asked_for() {
    let server = server(Script::thinks("Hm.").and_says("one two")).await;
    let array = post(&server, "/v1/models/m:streamGenerateContent", &json!({})).await.json();
    assert_eq!(array[1]["candidates"][0]["content"]["parts"][0]["text"], "one ");
    let events = post(&server, GEMINI_STREAM, &json!({})).await.body;
    assert!(events.starts_with("data: {") && events.contains("thoughtSignature"), "{events}");
}
