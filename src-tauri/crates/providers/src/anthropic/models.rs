//! The list of models the provider offers. Newer servers say what each can do.

use parlance_core::Mark;
use serde::Deserialize;

use crate::models::{Claims, Listed, Maybe};

#[derive(Deserialize)]
struct List {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    #[serde(default)]
    display_name: Maybe<String>,
    #[serde(default)]
    max_input_tokens: Maybe<u64>,
    #[serde(default)]
    max_tokens: Maybe<u64>,
    #[serde(default)]
    capabilities: Maybe<Capabilities>,
}

#[derive(Deserialize)]
struct Capabilities {
    #[serde(default)]
    image_input: Maybe<Supported>,
    #[serde(default)]
    structured_outputs: Maybe<Supported>,
    #[serde(default)]
    thinking: Maybe<Supported>,
}

#[derive(Deserialize)]
struct Supported {
    supported: bool,
}

/// The models, in `{"data": [{"id"}]}`; `None` when it is no such list.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<Listed>> {
    let list: List = serde_json::from_slice(body).ok()?;
    Some(list.data.into_iter().map(Model::into_listed).collect())
}

impl Model {
    fn into_listed(self) -> Listed {
        let mut claims = Claims {
            name: self.display_name.0,
            context_tokens: self.max_input_tokens.0,
            output_tokens: self.max_tokens.0,
            ..Claims::default()
        };
        if let Some(capabilities) = self.capabilities.0 {
            // All that this list holds answers messages.
            claims.capabilities.say(Mark::Chat, true);
            for (mark, said) in [
                (Mark::Images, capabilities.image_input),
                (Mark::Structured, capabilities.structured_outputs),
                (Mark::Reasoning, capabilities.thinking),
            ] {
                if let Some(said) = said.0 {
                    claims.capabilities.say(mark, said.supported);
                }
            }
        }
        Listed { id: self.id, claims }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::complete;

    #[test]
    fn what_the_list_says_is_read() {
        let body = br#"{"data":[{"type":"model","id":"claude-next","display_name":"Claude Next","max_input_tokens":1000000,
            "max_tokens":128000,"capabilities":{"image_input":{"supported":false},"thinking":{"supported":true,"types":{}}}},
            {"type":"model","id":"own"}],"has_more":false}"#;
        let models = complete(read(body).unwrap());
        let next = &models[0];
        assert_eq!((next.name.as_deref(), next.context_tokens), (Some("Claude Next"), Some(1_000_000)));
        assert!(
            next.capabilities.can(Mark::Chat)
                && next.capabilities.can(Mark::Reasoning)
                && !next.capabilities.can(Mark::Images)
        );
        assert!(next.capabilities.can(Mark::Tools), "the catalogue knows it");
        assert_eq!(models[1], parlance_core::ModelInfo::named("own"));
        for body in ["", "{}", "null", "[]", r#"{"data":[1]}"#] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
