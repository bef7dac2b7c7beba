//! What models a server offers and what they can do: what its list says, filled up from what is known by name.
//!
//! Each protocol's folder reads its own list (`models`); [`list`] reads the form that most servers share. What nobody says
//! stays unknown.

pub mod catalogue;
pub mod list;
mod maybe;

use parlance_core::model::Price;
use parlance_core::{Capabilities, Category, ModelInfo, ProviderError};

use crate::transport::{Headers, Transport};

pub(crate) use maybe::Maybe;

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

/// A model as its provider's list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As the provider names it in requests.
    pub id: String,
    /// What the list says of it.
    pub claims: Claims,
}

/// What is said of a model; `None` where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// For people.
    pub name: Option<String>,
    /// Prompt and answer together, in tokens.
    pub context_tokens: Option<u64>,
    /// The longest answer, in tokens.
    pub output_tokens: Option<u64>,
    /// What it costs.
    pub price: Option<Price>,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Claims {
    /// The same, with what another says where nothing was said.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            context_tokens: self.context_tokens.or(other.context_tokens),
            output_tokens: self.output_tokens.or(other.output_tokens),
            price: self.price.or(other.price),
            capabilities: self.capabilities.or(other.capabilities),
        }
    }
}

/// A list as the app has it: sorted by id, each once, what the list does not say filled up by name.
#[must_use]
pub fn complete(listed: Vec<Listed>) -> Vec<ModelInfo> {
    let mut models: Vec<ModelInfo> = listed.into_iter().map(info).collect();
    models.sort_by(|one, other| one.id.cmp(&other.id));
    models.dedup_by(|later, earlier| later.id == earlier.id);
    models
}

/// A model that was named by hand, as far as its name tells.
#[must_use]
pub fn by_name(id: &str) -> ModelInfo {
    info(Listed { id: id.to_owned(), claims: Claims::default() })
}

fn info(Listed { id, claims }: Listed) -> ModelInfo {
    let claims = claims.or(catalogue::of(&id));
    ModelInfo {
        capabilities: claims.capabilities,
        // A name that is the id once more tells people nothing.
        name: claims.name.filter(|name| !name.trim().is_empty() && *name != id),
        context_tokens: claims.context_tokens,
        output_tokens: claims.output_tokens,
        price: claims.price,
        id,
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::Mark;

    use super::*;

    #[test]
    fn a_list_wins_over_the_catalogue_and_silence_stays_silence() {
        let mut said = Claims { context_tokens: Some(4_096), ..Claims::default() };
        said.capabilities.say(Mark::Images, false);
        let listed = |id: &str, claims| Listed { id: id.into(), claims };
        let models = complete(vec![
            listed("own", Claims::default()),
            listed("gpt-5", said),
            listed("own", Claims::default()),
            listed("bge-m3", Claims { name: Some("bge-m3".into()), ..Claims::default() }),
        ]);
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["bge-m3", "gpt-5", "own"]);
        let gpt = &models[1];
        assert_eq!((gpt.context_tokens, gpt.output_tokens), (Some(4_096), Some(128_000)));
        assert!(
            !gpt.capabilities.can(Mark::Images)
                && gpt.capabilities.can(Mark::Tools)
                && gpt.capabilities.can(Mark::Chat)
        );
        assert_eq!(models[2], ModelInfo::named("own"));
        assert!(models[0].capabilities.can(Mark::Embedding) && !models[0].capabilities.can(Mark::Chat));
        assert!(models[0].name.is_none());
    }
}
