//! Requests with everything taken out that carries no meaning. What it is, stands in `docs/requests.md`.

use serde_json::{Map, Value, json};

use crate::case::Protocol;

/// The same request with everything taken out that carries no meaning.
pub(crate) fn normalised(protocol: Protocol, mut body: Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    // Ours: the provider is to keep nothing, and gives its reasoning along instead.
    fields.remove("store");
    fields.remove("include");
    if protocol == Protocol::Ollama {
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
    match protocol {
        Protocol::Anthropic => {
            // Where nobody names a limit, the reference takes 2048 and we what the model can write.
            fields.retain(|field, limit| field != "max_tokens" || !matches!(limit.as_u64(), Some(2_048 | 16_000)));
            merge(&mut fields["messages"], "content");
        }
        Protocol::Gemini => gemini(fields),
        Protocol::DeepSeek => one_text_is_a_string(&mut fields["messages"]),
        Protocol::OpenAi
        | Protocol::Azure
        | Protocol::Vllm
        | Protocol::Ollama
        | Protocol::Responses
        | Protocol::DashScope => {}
    }
    simplify(&mut body, protocol);
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

/// DeepSeek's instructions may be a string or a list of one text.
fn one_text_is_a_string(messages: &mut Value) {
    for message in messages.as_array_mut().unwrap() {
        let text = match message["content"].as_array().map(Vec::as_slice) {
            Some([only]) if only["type"] == "text" => only["text"].clone(),
            _ => continue,
        };
        message["content"] = text;
    }
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
fn simplify(value: &mut Value, protocol: Protocol) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| simplify(value, protocol)),
        Value::Object(fields) => {
            if protocol == Protocol::Ollama {
                fields.remove("default");
            }
            if let Some(Value::String(arguments)) = fields.get("arguments") {
                let read: Value = serde_json::from_str(arguments).unwrap();
                fields.insert("arguments".into(), read);
            }
            fields.values_mut().for_each(|value| simplify(value, protocol));
        }
        _ => {}
    }
}
