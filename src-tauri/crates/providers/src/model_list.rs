//! The list of models a server offers, in the form that most providers share.

use parlance_core::{Category, ProviderError};
use serde::Deserialize;

use crate::transport::{Headers, Transport};

#[derive(Deserialize)]
struct List {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// A list may be so long; real ones come near 1 MB.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Fetches a list and reads it with `read`.
///
/// # Errors
/// When the server cannot be reached, refuses, or gives something else.
pub(crate) async fn fetch<T>(
    transport: &Transport,
    path: &str,
    headers: Headers,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, ProviderError> {
    let url = transport.provider().endpoint(path)?;
    let body = transport.get(&url, &headers, MAX_BYTES).await?;
    read(&body).ok_or_else(|| transport.fail(Category::Protocol, "what came is no list of models"))
}

/// The ids, sorted, in `{"data": [{"id"}]}` or the bare list that some servers give; `None` when it is neither.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<String>> {
    let models = match serde_json::from_slice::<List>(body) {
        Ok(list) => list.data,
        Err(_) => serde_json::from_slice::<Vec<Model>>(body).ok()?,
    };
    let mut ids: Vec<String> = models.into_iter().map(|model| model.id).collect();
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_a_list_are_read_and_nothing_else() {
        let ids = |ids: [&str; 2]| Some(ids.map(str::to_owned).to_vec());
        assert_eq!(read(br#"{"object":"list","data":[{"id":"b","x":1},{"id":"a"},{"id":"b"}]}"#), ids(["a", "b"]));
        assert_eq!(read(br#"[{"id":"b"},{"id":"a"}]"#), ids(["a", "b"]));
        assert_eq!(read(br#"{"object":"list","data":[]}"#), Some(vec![]));
        for body in ["", "{}", "null", "[1]", r#"{"data":{}}"#, "<html>"] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
