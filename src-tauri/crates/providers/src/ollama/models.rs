//! The list of models on a server, which is what was pulled to it.

use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
}

/// A list may be so long; as for the lists of other providers.
pub const MAX_BYTES: usize = crate::model_list::MAX_BYTES;

/// The names, sorted, in `{"models": [{"name"}]}`; `None` when it is none.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<String>> {
    let list: List = serde_json::from_slice(body).ok()?;
    let mut names: Vec<String> = list.models.into_iter().map(|model| model.name).collect();
    names.sort_unstable();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_nothing_else() {
        let body = br#"{"models":[{"name":"qwen3:4b","model":"qwen3:4b"},{"name":"all-minilm:latest","size":1}]}"#;
        assert_eq!(read(body), Some(vec!["all-minilm:latest".to_owned(), "qwen3:4b".to_owned()]));
        assert_eq!(read(br#"{"models":[]}"#), Some(vec![]));
        for body in ["", "{}", "null", "[]", r#"{"models":null}"#, "Ollama is running"] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
