//! The list of models the provider offers.

use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    models: Vec<Model>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    name: String,
    #[serde(default)]
    supported_generation_methods: Option<Vec<String>>,
}

/// The names of the models that answer messages, sorted; `None` when it is no such list.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<String>> {
    let list: List = serde_json::from_slice(body).ok()?;
    let answers = |model: &Model| {
        model
            .supported_generation_methods
            .as_ref()
            .is_none_or(|methods| methods.iter().any(|method| method == "generateContent"))
    };
    let bare = |name: String| name.strip_prefix("models/").map(str::to_owned).unwrap_or(name);
    let mut names: Vec<String> = list.models.into_iter().filter(answers).map(|model| bare(model.name)).collect();
    names.sort_unstable();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_models_that_answer_messages_are_listed() {
        let body = br#"{"models":[
            {"name":"models/b","supportedGenerationMethods":["countTokens","generateContent"]},
            {"name":"models/embed","supportedGenerationMethods":["embedContent"]},
            {"name":"models/a"}],"nextPageToken":"x"}"#;
        assert_eq!(read(body), Some(vec!["a".into(), "b".into()]));
        assert_eq!(read(br#"{"models":[]}"#), Some(vec![]));
        for body in ["", "{}", "null", "[]", r#"{"data":[]}"#] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
