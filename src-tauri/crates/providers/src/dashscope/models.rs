//! The catalogue of models, a page at a time.

use parlance_core::Mark;
use serde::Deserialize;

use crate::models::{Claims, Listed, Maybe};

#[derive(Deserialize)]
struct Catalogue {
    output: Page,
}

/// One page of the catalogue.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// Models in all; `None` where the server does not say.
    pub total: Option<u64>,
    models: Vec<Model>,
}

#[derive(Debug, Deserialize)]
struct Model {
    model: String,
    #[serde(default)]
    name: Maybe<String>,
    #[serde(default)]
    inference_metadata: Maybe<Modalities>,
    #[serde(default)]
    model_info: Maybe<Limits>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Modalities {
    request_modality: Maybe<Vec<String>>,
    response_modality: Maybe<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Limits {
    context_window: Maybe<u64>,
    max_output_tokens: Maybe<u64>,
}

/// So many models are asked for at a time: the most the server gives.
pub const PER_PAGE: u64 = 100;
/// So many pages are read at most; the catalogue has a few.
pub const MAX_PAGES: u64 = 50;

/// A page, in `{"output": {"total", "models": [{"model"}]}}`; `None` when it is none.
#[must_use]
pub fn read(body: &[u8]) -> Option<Page> {
    serde_json::from_slice::<Catalogue>(body).ok().map(|catalogue| catalogue.output)
}

impl Page {
    /// The models on this page.
    pub fn into_listed(self) -> impl ExactSizeIterator<Item = Listed> {
        self.models.into_iter().map(Model::into_listed)
    }
}

impl Model {
    fn into_listed(self) -> Listed {
        let limits = self.model_info.0.unwrap_or_default();
        let mut claims = Claims {
            name: self.name.0,
            context_tokens: limits.context_window.0,
            output_tokens: limits.max_output_tokens.0,
            ..Claims::default()
        };
        let modalities = self.inference_metadata.0.unwrap_or_default();
        if let Some(asked) = modalities.request_modality.0 {
            let takes = |word: &str| asked.iter().any(|modality| modality.eq_ignore_ascii_case(word));
            claims.capabilities.say(Mark::Images, takes("image"));
            claims.capabilities.say(Mark::Audio, takes("audio"));
            claims.capabilities.say(Mark::Video, takes("video"));
        }
        if modalities
            .response_modality
            .0
            .is_some_and(|given| !given.iter().any(|modality| modality.eq_ignore_ascii_case("text")))
        {
            claims.capabilities.say(Mark::Chat, false);
        }
        Listed { id: self.model, claims }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::complete;

    #[test]
    fn a_page_is_read_and_nothing_else() {
        let page = read(
            br#"{"output":{"total":2,"page_no":1,"models":[
            {"model":"qwen-b","name":"B","inference_metadata":{"request_modality":["Text","Image"],"response_modality":["Text"]},
             "model_info":{"context_window":131072,"max_output_tokens":8192}},
            {"model":"a","model_info":"?"}]}}"#,
        )
        .unwrap();
        assert_eq!(page.total, Some(2));
        let models = complete(page.into_listed().collect());
        assert_eq!(models[0], parlance_core::ModelInfo::named("a"));
        let b = &models[1];
        assert_eq!((b.name.as_deref(), b.context_tokens, b.output_tokens), (Some("B"), Some(131_072), Some(8_192)));
        assert!(b.capabilities.can(Mark::Chat) && b.capabilities.can(Mark::Images) && !b.capabilities.can(Mark::Video));
        for body in ["", "{}", "[]", r#"{"output":{}}"#, r#"{"output":{"models":[1]}}"#] {
            assert!(read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
