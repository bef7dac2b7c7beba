//! The list of models a server offers.

use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// A list may be so long; real ones come near 1 MB.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The ids, sorted, in `{"data": [{"id"}]}` or the bare list that some servers give; `None` when it is neither.
pub(super) fn read(body: &[u8]) -> Option<Vec<String>> {
    let models = match serde_json::from_slice::<List>(body) {
        Ok(list) => list.data,
        Err(_) => serde_json::from_slice::<Vec<Model>>(body).ok()?,
    };
    let mut ids: Vec<String> = models.into_iter().map(|model| model.id).collect();
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}
