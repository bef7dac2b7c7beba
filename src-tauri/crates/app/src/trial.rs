//! A provider put to the test, the same for the window and the terminal: its list, and one small question to the model that
//! is chosen. What is wrong comes as the error that says so, with what is near to what was asked for.

use std::time::Duration;

use futures_util::StreamExt as _;
use parlance_core::{Category, ChatRequest, Clock, ModelEvent, ModelInfo, Msg, ProviderError, Role};

use crate::registry::Ask;

/// The question. It costs a dozen tokens.
const QUESTION: &str = "Answer with the word OK.";
/// The longest answer in tokens: the least that OpenAI's Responses takes.
const MOST_TOKENS: u32 = 16;
/// So many names are given in the place of one that is not known.
const MOST_NEAR: usize = 3;
/// Names are compared as far as this, in characters.
const MOST_COMPARED: usize = 100;

/// What was found right.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The models the provider lists; `None` when it has no list but its model answered.
    pub models: Option<Vec<ModelInfo>>,
    /// How long the list took.
    pub listed_after: Duration,
    /// From asking the model to the first piece of its answer; `None` when there is no model to ask.
    pub answered_after: Option<Duration>,
}

impl Trial {
    /// Whether the provider lists a model.
    #[must_use]
    pub fn lists(&self, model: &str) -> bool {
        self.models.iter().flatten().any(|listed| listed.id == model)
    }
}

/// What was found wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failed {
    pub(crate) error: ProviderError,
    /// Names of models near the one that is not known.
    pub(crate) near: Vec<String>,
}

/// Asks a provider for its list, and `model` for a word.
pub(crate) async fn run(client: &dyn Ask, model: Option<&str>, clock: &dyn Clock) -> Result<Trial, Failed> {
    let asked = clock.now();
    let models = match (client.models().await, model) {
        (Ok(models), _) => Some(models),
        // A server without a list may still answer, which is what counts.
        (Err(error), Some(_)) if matches!(error.category, Category::NotFound | Category::Protocol) => {
            tracing::debug!(%error, "a server without a list of models");
            None
        }
        (Err(error), _) => return Err(Failed { error, near: Vec::new() }),
    };
    let listed_after = clock.now().saturating_duration_since(asked);
    let answered_after = match model {
        Some(model) => Some(first_piece(client, model, clock).await.map_err(|error| {
            let is_unknown = matches!(error.category, Category::NotFound | Category::InvalidRequest);
            let listed = models.iter().flatten().map(|listed| listed.id.as_str());
            Failed { near: if is_unknown { near(model, listed) } else { Vec::new() }, error }
        })?),
        None => None,
    };
    Ok(Trial { models, listed_after, answered_after })
}

/// Asks a model, and hangs up as soon as it begins to answer.
async fn first_piece(client: &dyn Ask, model: &str, clock: &dyn Clock) -> Result<Duration, ProviderError> {
    let request = ChatRequest {
        model: model.to_owned(),
        messages: vec![Msg::text(Role::User, "user", QUESTION)],
        max_tokens: Some(MOST_TOKENS),
        ..ChatRequest::default()
    };
    let asked = clock.now();
    let mut events = client.stream(&request).await?;
    loop {
        match events.next().await {
            // A head without words proves nothing yet.
            Some(Ok(ModelEvent::Started { .. } | ModelEvent::Usage { .. })) => {}
            Some(Ok(_)) => return Ok(clock.now().saturating_duration_since(asked)),
            Some(Err(error)) => return Err(error),
            None => return Err(ProviderError::new("", Category::Cut, "the answer stopped before it began")),
        }
    }
}

/// The listed names nearest to one that is not listed, the nearest first; none when it is listed or nothing is near.
fn near<'a>(model: &str, listed: impl Iterator<Item = &'a str>) -> Vec<String> {
    // Names are short; one that is not is compared by its beginning.
    let wanted: String = model.to_lowercase().chars().take(MOST_COMPARED).collect();
    let mut found: Vec<(usize, &str)> = Vec::new();
    for name in listed {
        if name == model {
            return Vec::new();
        }
        let candidate: String = name.to_lowercase().chars().take(MOST_COMPARED).collect();
        let shared = wanted.chars().zip(candidate.chars()).take_while(|(one, other)| one == other).count();
        let apart = strsim::levenshtein(&wanted, &candidate);
        // At most a third of the characters differ, or one name goes on where the other ends.
        let goes_on = shared >= 3 && (shared == wanted.chars().count() || shared == candidate.chars().count());
        if candidate.ends_with(&format!("/{wanted}")) {
            found.push((0, name));
        } else if goes_on || apart * 3 <= wanted.chars().count().max(3) {
            found.push((apart, name));
        }
    }
    found.sort_unstable();
    found.into_iter().take(MOST_NEAR).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_near_a_mistyped_one_are_given() {
        let listed =
            ["gpt-5.2", "gpt-5.2-pro", "gpt-4.1", "claude-sonnet-5", "whisper-1", "openai/gpt-oss-20b", "qwen3:4b"];
        for (model, expected) in [
            ("gpt-52", vec!["gpt-5.2"]),
            ("GPT-5.2", vec!["gpt-5.2", "gpt-4.1", "gpt-5.2-pro"]),
            ("claude-sonet-5", vec!["claude-sonnet-5"]),
            ("gpt-oss-20b", vec!["openai/gpt-oss-20b"]),
            ("qwen3", vec!["qwen3:4b"]),
            ("gpt-4.1", vec![]),
            ("llama", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(near(model, listed.into_iter()), expected, "{model}");
        }
    }
}
