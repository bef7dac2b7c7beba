//! The form that most servers share, `{"data": [{"id"}]}`, with what some of them add: OpenRouter, Groq, Mistral, vLLM,
//! SGLang, llama.cpp, LM Studio, Moonshot, Fireworks, Together. Fields are told apart by their names, not by who sends them,
//! since many servers stand behind addresses that nobody knows.

use parlance_core::Mark;
use parlance_core::model::Price;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Claims, Listed, Maybe};

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(flatten)]
    said: Said,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    name: Maybe<String>,
    display_name: Maybe<String>,
    /// OpenRouter, Together, Moonshot, Fireworks.
    context_length: Maybe<u64>,
    /// Groq.
    context_window: Maybe<u64>,
    /// Mistral, LM Studio.
    max_context_length: Maybe<u64>,
    /// LM Studio: as the model is loaded now.
    loaded_context_length: Maybe<u64>,
    /// vLLM, SGLang.
    max_model_len: Maybe<u64>,
    /// Groq.
    max_completion_tokens: Maybe<u64>,
    /// OpenRouter.
    top_provider: Maybe<TopProvider>,
    /// OpenRouter, Hugging Face.
    architecture: Maybe<Modalities>,
    /// Groq.
    #[serde(flatten)]
    modalities: Modalities,
    /// OpenRouter.
    supported_parameters: Maybe<Vec<String>>,
    /// Groq.
    supported_features: Maybe<Vec<String>>,
    /// Mistral: an object of yes and no. LM Studio: a list of words.
    capabilities: Maybe<Value>,
    /// Together, LM Studio.
    #[serde(rename = "type")]
    kind: Maybe<String>,
    /// Moonshot.
    supports_image_in: Maybe<bool>,
    supports_video_in: Maybe<bool>,
    supports_reasoning: Maybe<bool>,
    /// Fireworks.
    supports_chat: Maybe<bool>,
    supports_image_input: Maybe<bool>,
    supports_tools: Maybe<bool>,
    /// llama.cpp.
    meta: Maybe<LlamaCpp>,
    /// OpenRouter, Groq.
    pricing: Maybe<Pricing>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TopProvider {
    max_completion_tokens: Maybe<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Modalities {
    input_modalities: Maybe<Vec<String>>,
    output_modalities: Maybe<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LlamaCpp {
    /// What the server was started with.
    n_ctx: Maybe<u64>,
    /// What the model was made for.
    n_ctx_train: Maybe<u64>,
}

/// US dollars a token, as text.
#[derive(Deserialize)]
struct Pricing {
    prompt: String,
    completion: String,
}

/// A list in that form, or bare as some servers give it; `None` when it is neither.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<Listed>> {
    let entries = match serde_json::from_slice::<List>(body) {
        Ok(list) => list.data,
        Err(_) => serde_json::from_slice::<Vec<Entry>>(body).ok()?,
    };
    Some(entries.into_iter().map(|entry| Listed { id: entry.id, claims: entry.said.into_claims() }).collect())
}

impl Said {
    fn into_claims(self) -> Claims {
        let mut claims = Claims {
            name: self.display_name.0.or(self.name.0),
            context_tokens: self
                .loaded_context_length
                .0
                .or(self.context_length.0)
                .or(self.context_window.0)
                .or(self.max_model_len.0)
                .or(self.max_context_length.0)
                .or(self.meta.0.and_then(|meta| meta.n_ctx.0.or(meta.n_ctx_train.0))),
            output_tokens: self
                .max_completion_tokens
                .0
                .or(self.top_provider.0.and_then(|provider| provider.max_completion_tokens.0)),
            price: self.pricing.0.and_then(|pricing| pricing.price()),
            ..Claims::default()
        };
        let modalities = [self.architecture.0.unwrap_or_default(), self.modalities];
        modalities.iter().for_each(|modalities| modalities.claim(&mut claims));
        for parameters in [self.supported_parameters.0, self.supported_features.0].into_iter().flatten() {
            claims_of_words(&parameters, &mut claims);
        }
        if let Some(kind) = self.kind.0 {
            claim_of_kind(&kind, &mut claims);
        }
        match self.capabilities.0 {
            Some(Value::Object(yes_and_no)) => claims_of_mistral(&yes_and_no, &mut claims),
            Some(Value::Array(words)) if words.iter().any(|word| word == "tool_use") => {
                claims.capabilities.say(Mark::Tools, true)
            }
            _ => {}
        }
        for (mark, said) in [
            (Mark::Images, self.supports_image_in),
            (Mark::Video, self.supports_video_in),
            (Mark::Reasoning, self.supports_reasoning),
            (Mark::Chat, self.supports_chat),
            (Mark::Images, self.supports_image_input),
            (Mark::Tools, self.supports_tools),
        ] {
            if let Some(said) = said.0 {
                claims.capabilities.say(mark, said);
            }
        }
        claims
    }
}

impl Modalities {
    fn claim(&self, claims: &mut Claims) {
        if let Some(input) = &self.input_modalities.0 {
            let takes = |word: &str| input.iter().any(|modality| modality == word);
            claims.capabilities.say(Mark::Images, takes("image"));
            claims.capabilities.say(Mark::Audio, takes("audio"));
            claims.capabilities.say(Mark::Video, takes("video"));
        }
        if let Some(output) = &self.output_modalities.0 {
            let gives = |word: &str| output.iter().any(|modality| modality == word);
            // Whether words are an answer the name knows better: models that judge give words too.
            if !gives("text") {
                claims.capabilities.say(Mark::Chat, false);
            }
            claims.capabilities.say(Mark::Speech, gives("speech"));
            claims.capabilities.say(Mark::Transcription, gives("transcription"));
            claims.capabilities.say(Mark::Embedding, gives("embeddings") || gives("embedding"));
            if gives("image") && !gives("text") {
                claims.capabilities.say(Mark::Other, true);
            }
        }
    }
}

/// The parameters or features that a model is said to support, and with them that it supports no others.
fn claims_of_words(words: &[String], claims: &mut Claims) {
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    claims.capabilities.say(Mark::Tools, has(&["tools"]));
    claims.capabilities.say(Mark::Reasoning, has(&["reasoning", "include_reasoning"]));
    claims.capabilities.say(Mark::Structured, has(&["structured_outputs"]));
}

fn claims_of_mistral(capabilities: &Map<String, Value>, claims: &mut Claims) {
    for (name, mark) in [
        ("completion_chat", Mark::Chat),
        ("vision", Mark::Images),
        ("function_calling", Mark::Tools),
        ("reasoning", Mark::Reasoning),
        ("audio", Mark::Audio),
        ("audio_speech", Mark::Speech),
        ("audio_transcription", Mark::Transcription),
    ] {
        if let Some(can) = capabilities.get(name).and_then(Value::as_bool) {
            claims.capabilities.say(mark, can);
        }
    }
    if capabilities.get("audio_transcription_realtime") == Some(&Value::Bool(true)) {
        claims.capabilities.say(Mark::Transcription, true);
    }
}

fn claim_of_kind(kind: &str, claims: &mut Claims) {
    match kind {
        "chat" | "llm" => claims.capabilities.say(Mark::Chat, true),
        "vlm" => {
            claims.capabilities.say(Mark::Chat, true);
            claims.capabilities.say(Mark::Images, true);
        }
        "embedding" | "embeddings" => {
            claims.capabilities.say(Mark::Chat, false);
            claims.capabilities.say(Mark::Embedding, true);
        }
        "image" | "video" | "moderation" | "rerank" => {
            claims.capabilities.say(Mark::Chat, false);
            claims.capabilities.say(Mark::Other, true);
        }
        _ => {}
    }
}

impl Pricing {
    /// `None` for what is no number, and for the -1 by which OpenRouter says that it depends.
    fn price(&self) -> Option<Price> {
        /// A dollar a token is so many millionths of a dollar for a million tokens.
        const SCALE: f64 = 1e12;
        /// A thousand dollars a token: more is a mistake.
        const MOST: f64 = 1e15;
        let read = |text: &str| {
            let price = text.trim().parse::<f64>().ok()? * SCALE;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie in range")]
            (0.0..MOST).contains(&price).then(|| price.round() as u64)
        };
        Some(Price { input: read(&self.prompt)?, output: read(&self.completion)? })
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::ModelInfo;
    use serde_json::json;

    use super::*;
    use crate::models::complete;

    /// What can be said of a model in a list of one.
    fn one(entry: Value) -> ModelInfo {
        complete(read(json!({ "data": [entry] }).to_string().as_bytes()).unwrap()).remove(0)
    }

    #[test]
    fn both_shapes_of_a_list_are_read_and_nothing_else() {
        let ids = |body: &str| Some(read(body.as_bytes())?.into_iter().map(|model| model.id).collect::<Vec<_>>());
        assert_eq!(ids(r#"{"object":"list","data":[{"id":"b","x":1},{"id":"a"}]}"#).unwrap(), ["b", "a"]);
        assert_eq!(ids(r#"[{"id":"b"},{"id":"a"}]"#).unwrap(), ["b", "a"]);
        assert!(ids(r#"{"object":"list","data":[]}"#).unwrap().is_empty());
        for body in ["", "{}", "null", "[1]", r#"{"data":{}}"#, r#"{"data":[{"name":"x"}]}"#, "<html>"] {
            assert_eq!(ids(body), None, "{body}");
        }
    }

    #[test]
    fn what_openrouter_says_is_read() {
        let model = one(json!({
            "id": "maker/model", "name": "Maker: Model", "context_length": 131_072,
            "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
            "supported_parameters": ["max_tokens", "tools", "include_reasoning"],
            "top_provider": {"max_completion_tokens": 8_192},
            "pricing": {"prompt": "0.0000006", "completion": "0.000003", "image": "0"}
        }));
        assert_eq!(model.name.as_deref(), Some("Maker: Model"));
        assert_eq!((model.context_tokens, model.output_tokens), (Some(131_072), Some(8_192)));
        assert_eq!(model.price, Some(Price { input: 600_000, output: 3_000_000 }));
        assert_eq!(
            model.capabilities.marks().collect::<Vec<_>>(),
            [Mark::Images, Mark::Tools, Mark::Reasoning],
            "whether it chats is for the catalogue to know"
        );
    }

    #[test]
    fn what_others_add_is_read() {
        let context = |entry| one(entry).context_tokens;
        assert_eq!(context(json!({"id": "own", "max_model_len": 4_096})), Some(4_096));
        assert_eq!(context(json!({"id": "own", "meta": {"n_ctx": 2_048, "n_ctx_train": 40_960}})), Some(2_048));
        assert_eq!(context(json!({"id": "own", "meta": {"n_ctx_train": 40_960}})), Some(40_960));
        let studio = json!({"id": "own", "type": "vlm", "max_context_length": 9, "loaded_context_length": 7, "capabilities": ["tool_use"]});
        let studio = one(studio);
        assert_eq!(studio.context_tokens, Some(7));
        assert!(
            studio.capabilities.can(Mark::Chat)
                && studio.capabilities.can(Mark::Images)
                && studio.capabilities.can(Mark::Tools)
        );
        let moonshot = one(json!({"id": "own", "context_length": 9, "supports_image_in": true}));
        assert!(moonshot.capabilities.can(Mark::Images) && moonshot.context_tokens == Some(9));
        assert!(one(json!({"id": "own", "type": "embedding"})).capabilities.can(Mark::Embedding));
        let mistral = json!({"id": "own", "capabilities": {"completion_chat": true, "vision": false, "audio": true}});
        assert_eq!(one(mistral).capabilities.marks().collect::<Vec<_>>(), [Mark::Chat, Mark::Audio]);
    }

    #[test]
    fn a_list_that_denies_what_the_name_promises_is_believed() {
        let model = one(json!({"id": "gpt-5", "supported_parameters": ["max_tokens"]}));
        assert!(
            model.capabilities.can(Mark::Chat)
                && !model.capabilities.can(Mark::Tools)
                && !model.capabilities.can(Mark::Reasoning)
        );
        let draws =
            one(json!({"id": "own", "architecture": {"input_modalities": ["text"], "output_modalities": ["image"]}}));
        assert_eq!(draws.capabilities.marks().collect::<Vec<_>>(), [Mark::Other]);
    }

    #[test]
    fn odd_fields_hide_nothing() {
        let model = one(json!({
            "id": "own", "name": 7, "context_length": "many", "architecture": [], "supported_parameters": "tools",
            "capabilities": null, "type": {}, "pricing": {"prompt": "-1", "completion": "-1"}, "meta": 1
        }));
        assert_eq!(model, ModelInfo::named("own"));
    }
}
