//! Headers that a provider's requests carry beside those of its protocol: the organisation and the workspace that its own
//! programs take from the environment, and what the settings say.

use parlance_core::{Origin, ProviderError};
use parlance_providers::Provider;
use parlance_providers::extra_headers;
use parlance_providers::transport::Headers;
use serde_json::{Map, Value};

use super::{Family, family};
use crate::config::ProviderConfig;

/// Variables of OpenAI's programs, and the headers they become.
const OPENAI_VARIABLES: [(&str, &str); 2] =
    [("OPENAI_ORG_ID", "openai-organization"), ("OPENAI_PROJECT_ID", "openai-project")];
/// DashScope's programs take a JSON object of headers from here.
const DASHSCOPE_VARIABLE: &str = "DASHSCOPE_API_HEADERS";

/// The headers of a provider: the environment's, for its own hosts and this computer only, and its settings', which win.
pub(super) fn of(config: &ProviderConfig, provider: &Provider) -> Result<Headers, ProviderError> {
    let origin = Origin::of(&provider.base_url).ok();
    let own = family(&config.id).filter(|own| origin.is_some_and(|origin| own.is_at(&origin) || origin.is_loopback()));
    let mut given = own.map(|own| from_environment(own, |name| std::env::var(name).ok())).unwrap_or_default();
    // A mistake in the environment does not keep anybody from asking.
    if let Err(error) = extra_headers::read(&provider.name, &given) {
        tracing::warn!(%error, "headers of the environment are left out");
        given = Map::new();
    }
    given.extend(config.headers.clone());
    extra_headers::read(&provider.name, &given)
}

fn from_environment(own: &Family, variable: impl Fn(&str) -> Option<String>) -> Map<String, Value> {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    match own.id {
        "openai" | "openai-responses" => OPENAI_VARIABLES
            .iter()
            .filter_map(|(name, header)| Some(((*header).to_owned(), Value::String(variable(name)?))))
            .collect(),
        "dashscope" => match variable(DASHSCOPE_VARIABLE).map(|headers| serde_json::from_str(&headers)) {
            Some(Ok(Value::Object(headers))) => headers,
            Some(_) => {
                tracing::warn!("{DASHSCOPE_VARIABLE} is no JSON object of headers and is left out");
                Map::new()
            }
            None => Map::new(),
        },
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_family_has_its_own_variables() {
        let check = |id: &str, name: &str, value: &str, expected: Value| {
            let variable = |asked: &str| (asked == name).then(|| value.to_owned());
            assert_eq!(Value::Object(from_environment(family(id).unwrap(), variable)), expected, "{id} {name}={value}");
        };
        check("openai", "OPENAI_ORG_ID", "org-1", json!({"openai-organization": "org-1"}));
        check("openai-responses", "OPENAI_PROJECT_ID", "p", json!({"openai-project": "p"}));
        check("openai", "OPENAI_ORG_ID", " ", json!({}));
        check("anthropic", "OPENAI_ORG_ID", "org-1", json!({}));
        check("dashscope", "DASHSCOPE_API_HEADERS", r#"{"x-a": "1"}"#, json!({"x-a": "1"}));
        check("dashscope", "DASHSCOPE_API_HEADERS", "x-a: 1", json!({}));
    }
}
