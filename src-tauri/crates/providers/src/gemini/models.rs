//! The list of models the provider offers.

use parlance_core::Mark;
use serde::Deserialize;

use crate::models::{Claims, Listed, Maybe, catalogue};

#[derive(Deserialize)]
struct List {
    models: Vec<Model>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    name: String,
    #[serde(default)]
    display_name: Maybe<String>,
    #[serde(default)]
    input_token_limit: Maybe<u64>,
    #[serde(default)]
    output_token_limit: Maybe<u64>,
    #[serde(default)]
    supported_generation_methods: Maybe<Vec<String>>,
    #[serde(default)]
    thinking: Maybe<bool>,
}

/// The models, with the names by which they are asked; `None` when it is no such list.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<Listed>> {
    let list: List = serde_json::from_slice(body).ok()?;
    Some(list.models.into_iter().map(Model::into_listed).collect())
}

impl Model {
    fn into_listed(self) -> Listed {
        let id = self.name.strip_prefix("models/").map(str::to_owned).unwrap_or(self.name);
        let mut claims = Claims {
            name: self.display_name.0,
            context_tokens: self.input_token_limit.0,
            output_tokens: self.output_token_limit.0,
            ..Claims::default()
        };
        if let Some(methods) = self.supported_generation_methods.0 {
            let has = |name: &str| methods.iter().any(|method| method == name);
            claims.capabilities.say(Mark::Embedding, has("embedContent"));
            claims.capabilities.say(Mark::Realtime, has("bidiGenerateContent"));
            // Models that speak, draw or make music are asked in the same way; only their names tell.
            let is_unknown = catalogue::of(&id) == Claims::default();
            match has("generateContent") {
                false => claims.capabilities.say(Mark::Chat, false),
                true if is_unknown => claims.capabilities.say(Mark::Chat, true),
                true => {}
            }
            if !["generateContent", "embedContent", "bidiGenerateContent"].into_iter().any(has) {
                claims.capabilities.say(Mark::Other, true);
            }
        }
        if let Some(thinking) = self.thinking.0 {
            claims.capabilities.say(Mark::Reasoning, thinking);
        }
        Listed { id, claims }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::complete;

    #[test]
    fn models_that_do_not_answer_messages_are_told_apart() {
        let body = br#"{"models":[
            {"name":"models/b","supportedGenerationMethods":["countTokens","generateContent"],"displayName":"B","thinking":true,
             "inputTokenLimit":1048576,"outputTokenLimit":65536},
            {"name":"models/embed","supportedGenerationMethods":["embedContent"]},
            {"name":"models/gemini-9-flash-preview-tts","supportedGenerationMethods":["generateContent"]},
            {"name":"models/c","supportedGenerationMethods":["bidiGenerateContent"]},
            {"name":"models/draws","supportedGenerationMethods":["predict"]},
            {"name":"models/a"}],"nextPageToken":"x"}"#;
        let models = complete(read(body).unwrap());
        let chats: Vec<_> = models.iter().map(|model| (model.id.as_str(), model.capabilities.may_chat())).collect();
        let expected = [
            ("a", true),
            ("b", true),
            ("c", false),
            ("draws", false),
            ("embed", false),
            ("gemini-9-flash-preview-tts", false),
        ];
        assert_eq!(chats, expected);
        let b = &models[1];
        assert_eq!((b.name.as_deref(), b.context_tokens, b.output_tokens), (Some("B"), Some(1_048_576), Some(65_536)));
        assert!(
            b.capabilities.can(Mark::Chat)
                && b.capabilities.can(Mark::Reasoning)
                && models[2].capabilities.can(Mark::Realtime)
        );
        assert_eq!(read(br#"{"models":[]}"#), Some(vec![]));
        for body in ["", "{}", "null", "[]", r#"{"data":[]}"#] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
