//! The list of models on a server, which is what was pulled to it, and what the server knows of each.

use parlance_core::Mark;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::models::{Claims, Listed, Maybe};

#[derive(Deserialize)]
struct List {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    /// Newer servers only.
    #[serde(default)]
    capabilities: Maybe<Vec<String>>,
    #[serde(default)]
    details: Maybe<Details>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    context_length: Maybe<u64>,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    capabilities: Maybe<Vec<String>>,
    #[serde(default)]
    model_info: Maybe<Map<String, Value>>,
}

/// The models, in `{"models": [{"name"}]}`; `None` when it is no such list.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<Listed>> {
    let list: List = serde_json::from_slice(body).ok()?;
    Some(list.models.into_iter().map(Model::into_listed).collect())
}

/// What the server shows of one model; nothing where it shows something else.
#[must_use]
pub fn read_shown(body: &[u8]) -> Claims {
    let Ok(shown) = serde_json::from_slice::<Shown>(body) else { return Claims::default() };
    let mut claims = shown.capabilities.0.map(|words| claims_of(&words)).unwrap_or_default();
    let info = shown.model_info.0.unwrap_or_default();
    claims.context_tokens = info
        .get("general.architecture")
        .and_then(Value::as_str)
        .and_then(|architecture| info.get(&format!("{architecture}.context_length")))
        .and_then(Value::as_u64);
    claims
}

/// Whether the list leaves open what the server would show.
#[must_use]
pub fn is_worth_showing(listed: &Listed) -> bool {
    listed.claims.context_tokens.is_none() || listed.claims.capabilities.said(Mark::Chat).is_none()
}

impl Model {
    fn into_listed(self) -> Listed {
        let mut claims = self.capabilities.0.map(|words| claims_of(&words)).unwrap_or_default();
        claims.context_tokens = self.details.0.and_then(|details| details.context_length.0);
        Listed { id: self.name, claims }
    }
}

fn claims_of(words: &[String]) -> Claims {
    let mut claims = Claims::default();
    for (word, mark) in [
        ("completion", Mark::Chat),
        ("vision", Mark::Images),
        ("audio", Mark::Audio),
        ("tools", Mark::Tools),
        ("thinking", Mark::Reasoning),
        ("embedding", Mark::Embedding),
    ] {
        claims.capabilities.say(mark, words.iter().any(|known| known == word));
    }
    // The server keeps every model to a schema by its grammar.
    claims.capabilities.say(Mark::Structured, claims.capabilities.said(Mark::Chat) == Some(true));
    if claims.capabilities.said(Mark::Chat) == Some(false) && claims.capabilities.said(Mark::Embedding) == Some(false) {
        claims.capabilities.say(Mark::Other, true);
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::complete;

    #[test]
    fn a_list_is_read_and_nothing_else() {
        let body = br#"{"models":[{"name":"qwen3:4b","model":"qwen3:4b"},
            {"name":"all-minilm:latest","size":1,"capabilities":["embedding"],"details":{"context_length":512}}]}"#;
        let listed = read(body).unwrap();
        assert_eq!(listed.iter().map(is_worth_showing).collect::<Vec<_>>(), [true, false]);
        let models = complete(listed);
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["all-minilm:latest", "qwen3:4b"]);
        assert_eq!(models[0].context_tokens, Some(512));
        assert_eq!(models[0].capabilities.marks().collect::<Vec<_>>(), [Mark::Embedding]);
        assert!(models[1].capabilities.can(Mark::Tools), "the catalogue knows it");
        assert_eq!(read(br#"{"models":[]}"#), Some(vec![]));
        for body in ["", "{}", "null", "[]", r#"{"models":null}"#, "Ollama is running"] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn what_the_server_shows_of_a_model_is_read() {
        let shown = read_shown(
            br#"{"capabilities":["completion","vision","thinking"],
                "model_info":{"general.architecture":"qwen3","qwen3.context_length":40960,"other.context_length":1}}"#,
        );
        let model = complete(vec![Listed { id: "own".into(), claims: shown }]).remove(0);
        assert_eq!(model.context_tokens, Some(40_960));
        assert_eq!(
            model.capabilities.marks().collect::<Vec<_>>(),
            [Mark::Chat, Mark::Images, Mark::Reasoning, Mark::Structured]
        );
        for body in ["", "[]", "{}", r#"{"capabilities":7,"model_info":{"general.architecture":1}}"#] {
            assert_eq!(read_shown(body.as_bytes()), Claims::default(), "{body}");
        }
    }
}
