//! The catalogue of models, a page at a time.

use serde::Deserialize;

#[derive(Deserialize)]
struct Catalogue {
    output: Page,
}

/// One page of the catalogue.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Page {
    /// Models in all; `None` where the server does not say.
    pub total: Option<u64>,
    models: Vec<Model>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Model {
    model: String,
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
    /// The names on this page.
    pub fn into_names(self) -> impl ExactSizeIterator<Item = String> {
        self.models.into_iter().map(|model| model.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_and_nothing_else() {
        let page =
            read(br#"{"output":{"total":2,"page_no":1,"models":[{"model":"b","name":"B"},{"model":"a"}]}}"#).unwrap();
        assert_eq!(page.total, Some(2));
        assert_eq!(page.into_names().collect::<Vec<_>>(), ["b", "a"]);
        for body in ["", "{}", "[]", r#"{"output":{}}"#, r#"{"output":{"models":[1]}}"#] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
