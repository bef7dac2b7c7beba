//! Requests that a reference implementation sent for the same conversations. Where ours differ, the file and the reason
//! stand in `docs/requests.md`.

use std::path::{Path, PathBuf};

use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, Msg, Structured, StructuredWay, Thinking, ToolChoice};
use parlance_providers::dashscope::{self, Modality};
use serde_json::{Map, Value, json};

use crate::family::Family;

/// The folders: ours, and the larger one, if it is there.
pub(crate) fn folders() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_REQUESTS")
        .map_or_else(|| workspace.join("../shared/agentscope-requests"), PathBuf::from);
    let mut found = vec![workspace.join("tests/requests")];
    found.extend(larger.is_dir().then_some(larger));
    found
}

/// Cases of these protocols that are chats of one person with one model.
fn cases() -> Vec<(String, Family, Value)> {
    let files = folders().into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut cases: Vec<_> = files
        .filter_map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem()?.to_str()?.to_owned();
            let family = match name.split_once('-')? {
                ("ollama", _) => Family::Ollama,
                ("openai", rest) if rest.starts_with("responses-") => Family::Responses,
                ("dashscope", _) => Family::DashScope,
                ("anthropic", _) => Family::Anthropic,
                ("gemini", _) => Family::Gemini,
                _ => return None,
            };
            let case: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).ok()?;
            let logical = &case["logical_input"];
            let is_chat = logical["api"] == "chat" && logical["formatter"]["kind"] == "chat";
            // The reference refuses one of them before it is sent.
            let is_sent = !case["request"].is_null();
            (is_chat && is_sent).then_some((name, family, case))
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases.dedup_by(|a, b| a.0 == b.0);
    cases
}

pub(crate) fn request(logical: &Value) -> ChatRequest {
    let messages: Vec<Msg> = serde_json::from_value(logical["messages"].clone()).unwrap();
    let constructor = &logical["constructor"];
    let extra = ["options", "keep_alive"].iter().filter_map(|&field| {
        let value = constructor.get(field)?.clone();
        Some((field.to_owned(), value))
    });
    let fields = |fields: &Value| fields.as_object().cloned().unwrap_or_default();
    let extra = extra.chain(fields(&constructor["generate_kwargs"])).chain(fields(&logical["call_kwargs"]));
    let budget = ["/thinking/budget_tokens", "/thinking_config/thinking_budget"]
        .iter()
        .find_map(|place| u32::try_from(constructor.pointer(place)?.as_u64()?).ok());
    ChatRequest {
        model: logical["model"].as_str().unwrap().to_owned(),
        messages,
        tools: logical.get("tools").map(|tools| serde_json::from_value(tools.clone()).unwrap()).unwrap_or_default(),
        tool_choice: logical["tool_choice"].as_str().map(|choice| match choice {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            name => ToolChoice::Named(name.to_owned()),
        }),
        thinking: budget.map(Thinking::Budget).or((constructor["enable_thinking"] == true).then_some(Thinking::On)),
        max_tokens: constructor["max_tokens"].as_u64().map(|limit| u32::try_from(limit).unwrap()),
        delivery: if logical["stream"] == true { Delivery::Streaming } else { Delivery::Whole },
        structured: logical.get("structured_model").map(|shape| Structured {
            name: shape["name"].as_str().unwrap().to_owned(),
            schema: shape["json_schema"].clone(),
            way: StructuredWay::Native,
        }),
        extra: Map::from_iter(extra),
        ..ChatRequest::default()
    }
}

/// The same request with everything taken out that carries no meaning.
fn normalised(family: Family, mut body: Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    // Ours: the provider is to keep nothing, and gives its reasoning along instead.
    fields.remove("store");
    fields.remove("include");
    if family == Family::Ollama {
        if fields.get("tools") == Some(&Value::Array(vec![])) {
            fields.remove("tools");
        }
        // What the server does by itself.
        if fields.get("keep_alive").is_some_and(|time| time == "5m") {
            fields.remove("keep_alive");
        }
        for message in fields["messages"].as_array_mut().unwrap() {
            let message = message.as_object_mut().unwrap();
            // Ours: whose result it is, which the reference loses.
            message.remove("tool_name");
            message.remove("tool_call_id");
            for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
                call.as_object_mut().unwrap().remove("id");
            }
        }
    }
    match family {
        Family::Anthropic => {
            // Where nobody names a limit, the reference takes 2048 and we what the model can write.
            fields.retain(|field, limit| field != "max_tokens" || !matches!(limit.as_u64(), Some(2_048 | 16_000)));
            merge(&mut fields["messages"], "content");
        }
        Family::Gemini => gemini(fields),
        Family::Ollama | Family::Responses | Family::DashScope => {}
    }
    simplify(&mut body, family);
    body
}

/// Neighbours of one role are one message: the reference writes one for each result, and the provider joins them.
fn merge(messages: &mut Value, parts: &str) {
    let mut merged: Vec<Value> = Vec::new();
    for message in messages.as_array().unwrap() {
        match merged.last_mut() {
            Some(last) if last["role"] == message["role"] => {
                let more = message[parts].as_array().unwrap().clone();
                last[parts].as_array_mut().unwrap().extend(more);
            }
            _ => merged.push(message.clone()),
        }
    }
    *messages = Value::Array(merged);
}

/// Gemini takes both spellings of a field, bytes in both alphabets of base64, and schemas in two forms.
fn gemini(fields: &mut Map<String, Value>) {
    // Ours: instructions as instructions, where the reference lets the person say them.
    if let Some(system) = fields.remove("systemInstruction") {
        let said = json!({"role": "user", "parts": system["parts"]});
        fields["contents"].as_array_mut().unwrap().insert(0, said);
    }
    merge(&mut fields["contents"], "parts");
    fields.retain(|field, value| field != "generationConfig" || *value != json!({}));
    for part in parts(fields) {
        // Ours: the call's own id, by which its result is found.
        if let Some(call) = part.get_mut("functionCall").and_then(Value::as_object_mut) {
            call.remove("id");
        }
        if let Some(Value::String(data)) = part.pointer_mut("/inlineData/data") {
            *data = data.replace('-', "+").replace('_', "/");
        }
    }
    let declared = fields.get_mut("tools").and_then(|tools| tools.pointer_mut("/0/functionDeclarations"));
    for tool in declared.and_then(Value::as_array_mut).into_iter().flatten() {
        let tool = tool.as_object_mut().unwrap();
        if let Some(schema) = tool.remove("parametersJsonSchema") {
            tool.insert("parameters".into(), schema);
        }
        small_types(&mut tool["parameters"]);
    }
    if let Some(settings) = fields.get_mut("generationConfig") {
        *settings = camel_case(settings.take());
    }
}

fn parts(fields: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    let contents = fields["contents"].as_array_mut().unwrap().iter_mut();
    contents.flat_map(|content| content["parts"].as_array_mut().unwrap())
}

fn small_types(schema: &mut Value) {
    if let Some(Value::String(kind)) = schema.get_mut("type") {
        *kind = kind.to_ascii_lowercase();
    }
    for schema in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        small_types(schema);
    }
}

fn camel_case(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let camel = |name: String| {
        let mut words = name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |name, word| name + &word[..1].to_ascii_uppercase() + &word[1..])
    };
    Value::Object(fields.into_iter().map(|(name, value)| (camel(name), camel_case(value))).collect())
}

/// Arguments as what they say, and, for Ollama, schemas without the defaults that the reference leaves out.
fn simplify(value: &mut Value, family: Family) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| simplify(value, family)),
        Value::Object(fields) => {
            if family == Family::Ollama {
                fields.remove("default");
            }
            if let Some(Value::String(arguments)) = fields.get("arguments") {
                let read: Value = serde_json::from_str(arguments).unwrap();
                fields.insert("arguments".into(), read);
            }
            fields.values_mut().for_each(|value| simplify(value, family));
        }
        _ => {}
    }
}

/// Where we ask otherwise, and deliberately so. The reasons stand in `docs/requests.md`.
const ASKED_OTHERWISE: [&str; 12] = [
    "dashscope-tool-result-image-base64",
    "gemini-image-url",
    "gemini-tool-result-image-promoted",
    "gemini-tool-result-image-url",
    "gemini-video-url",
    "ollama-image-url",
    "ollama-structured-overrides-tools",
    "ollama-tool-result-image-base64",
    "ollama-tools-choice-none",
    "ollama-tools-choice-specific",
    "openai-responses-structured",
    "openai-responses-tools-allowed-list",
];

#[test]
fn every_conversation_is_asked_as_the_reference_asks_it() {
    let (mut equal, mut wrong) = (0, Vec::new());
    for (name, family, case) in cases() {
        let request = request(&case["logical_input"]);
        let theirs = normalised(family, case["request"]["body"].clone());
        let ours = family.body(&request).map(|body| normalised(family, Value::Object(body)));
        match (ours, ASKED_OTHERWISE.contains(&name.as_str())) {
            (Ok(ours), false) if ours == theirs => equal += 1,
            (Ok(ours), true) if ours == theirs => {
                wrong.push(format!("{name} is asked as the reference does after all"))
            }
            (_, true) => {}
            (ours, false) => wrong.push(format!("{name}\n  ours   {ours:?}\n  theirs {theirs}")),
        }
        if family == Family::DashScope {
            let modality = match case["logical_input"]["constructor"]["multimodality"].as_bool() {
                Some(true) => Modality::Multimodal,
                Some(false) => Modality::Text,
                None => Modality::ByRequest,
            };
            let path = format!("/api/v1/{}", dashscope::request::path(&request, modality));
            assert_eq!(case["request"]["path"], path, "{name}");
            let streams = dashscope::request::delivery(&request) == Delivery::Streaming;
            assert_eq!(case["request"]["headers"].get("x-dashscope-sse").is_some(), streams, "{name}");
        }
    }
    println!("{equal} requests are equal to the reference's");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(equal >= 9, "only {equal} requests found");
}
