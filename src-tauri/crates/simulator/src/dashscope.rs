//! The bodies of DashScope's own protocol: a script as frames, or as one object. The wire format is described at
//! <https://help.aliyun.com/zh/model-studio/qwen-api-reference> (read November 2026).

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model::{Ability, Model, page};
use crate::protocol::Written;
use crate::scenario::Answer;
use crate::script::{Piece, Script};
use crate::server::Request;

/// Where the catalogue of models lies.
pub(crate) const MODELS: &str = "/api/v1/models";

/// Where tokens are counted.
pub(crate) const TOKENIZER: &str = "/api/v1/tokenizer";

/// Models on a page when a request does not say.
const USUAL_PAGE: usize = 20;

/// Whether a conversation is posted to this path.
pub(crate) fn is_asked(path: &str) -> bool {
    path.starts_with("/api/v1/services/aigc/") && path.ends_with("-generation/generation")
}

/// Whether a header of the request wants a stream.
pub(crate) fn is_streamed(request: &Request) -> bool {
    request.header("x-dashscope-sse") == Some("enable")
}

/// The page of the catalogue that a request asks for; pages count from 1.
pub(crate) fn models(models: &[Model], request: &Request) -> Value {
    let number = |field: &str| request.query(field).and_then(|value| value.parse::<usize>().ok());
    let (at, size) = (number("page_no").unwrap_or(1).max(1), number("page_size").unwrap_or(USUAL_PAGE));
    let page = page(models, (at - 1).saturating_mul(size), size);
    let listed: Vec<Value> = page.models.iter().map(model).collect();
    let output = json!({"total": models.len(), "page_no": at, "page_size": size, "models": listed});
    json!({"request_id": "simulated", "output": output})
}

fn model(model: &Model) -> Value {
    let inputs = [("Text", true), ("Image", model.has(Ability::Images)), ("Audio", model.has(Ability::Audio))];
    let inputs: Vec<&str> = inputs.iter().filter(|(_, can)| *can).map(|(name, _)| *name).collect();
    let features = [
        ("function-calling", Ability::Tools),
        ("structured-outputs", Ability::Structured),
        ("reasoning", Ability::Thinking),
    ];
    let features: Vec<&str> =
        features.iter().filter(|(_, ability)| model.has(*ability)).map(|(name, _)| *name).collect();
    json!({
        "model": model.name, "name": model.name, "capabilities": ["TG"], "features": features,
        "inference_metadata": {"request_modality": inputs, "response_modality": ["Text"]},
        "model_info": {"context_window": model.context_tokens, "max_input_tokens": model.context_tokens,
            "max_output_tokens": model.output_tokens},
    })
}

/// A count of tokens.
pub(crate) fn tokens(tokens: u64) -> Value {
    json!({"output": {"token_ids": [], "tokens": []}, "usage": {"input_tokens": tokens}, "request_id": "simulated"})
}

/// A refusal with its status.
pub(crate) fn refusal(failure: &Failure) -> Answer {
    let (status, body) = error(failure);
    failure.refusal(status, &body)
}

/// What went wrong, as streams say it.
pub(crate) fn error_body(failure: &Failure) -> Value {
    error(failure).1
}

fn error(failure: &Failure) -> (u16, Value) {
    let (status, code) = match failure {
        Failure::WrongKey => (401, "InvalidApiKey"),
        Failure::UnknownModel => (404, "ModelNotFound"),
        Failure::RateLimited { .. } => (429, "Throttling.RateQuota"),
        Failure::QuotaSpent => (400, "Arrearage"),
        Failure::Overloaded => (503, "ModelUnavailable"),
        Failure::ContextTooLong | Failure::Invalid(_) => (400, "InvalidParameter"),
        Failure::Filtered => (400, "DataInspectionFailed"),
        Failure::Broken => (500, "InternalError"),
    };
    let message = match failure {
        Failure::WrongKey => "Invalid API-key provided.",
        Failure::ContextTooLong => "Range of input length should be [1, 129024]",
        other => other.message(),
    };
    (status, json!({"code": code, "message": message, "request_id": "simulated"}))
}

/// The body's media type and its frames, streamed if a header of the request says so.
pub(crate) fn body(script: &Script, request: &Request) -> Written {
    let style = Style::of(request);
    if is_streamed(request) {
        ("text/event-stream;charset=UTF-8".to_owned(), stream(script, style))
    } else {
        let whole = style.answer(said(script), script.finish.as_deref().unwrap_or("stop"), usage(script, u64::MAX));
        ("application/json".to_owned(), vec![whole.to_string().into_bytes()])
    }
}

/// A script as frames of deltas, one entry each.
#[must_use]
pub fn frames(script: &Script) -> Vec<Vec<u8>> {
    stream(script, Style::default())
}

/// In which of the protocol's ways an answer is written.
#[derive(Clone, Copy, Default)]
struct Style {
    delivery: Delivery,
    form: Form,
}

/// What a frame of a stream holds.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Delivery {
    /// What is new.
    #[default]
    Deltas,
    /// All so far.
    Cumulative,
}

/// Where the words are.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    /// In a message, as a string.
    #[default]
    Message,
    /// In a message, as a list of parts: the multimodal endpoint.
    Parts,
    /// Beside no message at all.
    Bare,
}

impl Style {
    fn of(request: &Request) -> Self {
        let parameters = &request.json()["parameters"];
        let form = match parameters["result_format"].as_str() {
            _ if request.place().contains("multimodal") => Form::Parts,
            Some("text") => Form::Bare,
            _ => Form::Message,
        };
        let delivery = if parameters["incremental_output"] == true { Delivery::Deltas } else { Delivery::Cumulative };
        Self { delivery, form }
    }

    fn answer(self, mut message: Value, finish: &str, usage: Option<Value>) -> Value {
        let output = match self.form {
            Form::Bare => json!({"text": message["content"], "finish_reason": finish}),
            Form::Message => json!({"choices": [{"index": 0, "message": message, "finish_reason": finish}]}),
            Form::Parts => {
                let text = message["content"].take();
                message["content"] = if text == "" { json!([]) } else { json!([{"text": text}]) };
                json!({"choices": [{"index": 0, "message": message, "finish_reason": finish}]})
            }
        };
        let mut answer = json!({"output": output, "request_id": "simulated"});
        if let Some(usage) = usage {
            answer["usage"] = usage;
        }
        answer
    }
}

fn stream(script: &Script, style: Style) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut said_tokens = 0;
    for (at, piece) in script.pieces.iter().enumerate() {
        let delta = match piece {
            Piece::Text(text) | Piece::Refusal(text) => json!({"role": "assistant", "content": text}),
            Piece::Thinking(text) => json!({"role": "assistant", "content": "", "reasoning_content": text}),
            Piece::ToolCall { index, id, name, arguments } => {
                let mut function = json!({"arguments": arguments});
                if !name.is_empty() {
                    function["name"] = json!(name);
                }
                let call = json!({"index": index, "id": id, "type": "function", "function": function});
                json!({"role": "assistant", "content": "", "tool_calls": [call]})
            }
            Piece::Redacted(_) => continue,
            Piece::Fails(failure) => {
                let (status, error) = error(failure);
                frames.push(frame(frames.len() + 1, "error", status, &error));
                return frames;
            }
            Piece::Frame(bytes) => {
                frames.push(bytes.clone().into_bytes());
                continue;
            }
        };
        let message = match style.delivery {
            Delivery::Deltas => delta,
            Delivery::Cumulative => said(&Script { pieces: script.pieces[..=at].to_vec(), ..Script::default() }),
        };
        said_tokens += 1;
        let answer = style.answer(message, "null", usage(script, said_tokens));
        frames.push(frame(frames.len() + 1, "result", 200, &answer));
    }
    if script.ends {
        let message = match style.delivery {
            Delivery::Deltas => json!({"role": "assistant", "content": ""}),
            Delivery::Cumulative => said(script),
        };
        let answer = style.answer(message, script.finish.as_deref().unwrap_or("null"), usage(script, u64::MAX));
        frames.push(frame(frames.len() + 1, "result", 200, &answer));
    }
    frames
}

/// Without a space behind the colon, and with the status in a comment, as the server writes it.
fn frame(number: usize, event: &str, status: u16, data: &Value) -> Vec<u8> {
    format!("id:{number}\nevent:{event}\n:HTTP_STATUS/{status}\ndata:{data}\n\n").into_bytes()
}

/// The count when this many tokens were said.
fn usage(script: &Script, said: u64) -> Option<Value> {
    let (prompt, answer) = script.usage?;
    let answer = answer.min(said);
    let mut usage = json!({"input_tokens": prompt, "output_tokens": answer, "total_tokens": prompt + answer});
    if let Some(cached) = script.cached_tokens {
        usage["prompt_tokens_details"] = json!({"cached_tokens": cached});
    }
    if let Some(reasoning) = script.reasoning_tokens {
        usage["output_tokens_details"] = json!({"reasoning_tokens": reasoning.min(answer)});
    }
    Some(usage)
}

/// All that was said, as one message.
fn said(script: &Script) -> Value {
    let said = script.said();
    let mut message = json!({"role": "assistant", "content": said.text + &said.refusal});
    if !said.thinking.is_empty() {
        message["reasoning_content"] = json!(said.thinking);
    }
    let calls = script.calls_in_order();
    if !calls.is_empty() {
        message["tool_calls"] = calls
            .iter()
            .map(|call| json!({"index": call.index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}))
            .collect();
    }
    message
}
