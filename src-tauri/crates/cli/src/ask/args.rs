//! The words of `ask`.

use std::path::PathBuf;
use std::str::FromStr;

use parlance_core::{Thinking, ToolChoice};
use serde_json::Value;

use super::prompt::Prompt;
use crate::providers::From;

/// What can be said to `ask`.
#[derive(Debug, clap::Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    pub(crate) prompt: Prompt,
    #[command(flatten)]
    pub(crate) from: From,
    /// Offer the tools that come with Parlance, and run them: the time, and the files of --file
    #[arg(long)]
    pub(crate) run_tools: bool,
    /// A file that the model may read with a tool: text or a picture; may be repeated
    #[arg(long, value_name = "FILE", requires = "run_tools")]
    pub(crate) file: Vec<PathBuf>,
    /// Whether the model must call a tool: auto, none, required, or the name of one
    #[arg(long, value_name = "CHOICE", value_parser = tool_choice)]
    pub(crate) tool_choice: Option<ToolChoice>,
    /// A JSON schema of an object: the answer is that object, checked against it; tools are not offered then
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// How much to reason: off, on, low, medium, high, or a number of tokens
    #[arg(long, value_name = "HOW", value_parser = thinking)]
    pub(crate) thinking: Option<Thinking>,
    /// The most tokens of the answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: Option<u32>,
    /// Leave out the oldest turns so that the prompt has at most so many tokens; what was left out is said on stderr
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) context_limit: Option<u64>,
    /// The model's own tokenizer.json, or the folder it lies in, to count with
    #[arg(long, value_name = "FILE", requires = "context_limit")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// A parameter of the provider's own, such as temperature=0.2; may be repeated
    #[arg(long, value_name = "KEY=JSON")]
    pub(crate) set: Vec<Setting>,
    /// Ask for the answer in one piece
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// Print what would be sent, without the key, and send nothing
    #[arg(long)]
    pub(crate) print_request: bool,
    /// Print each event of the answer as it comes, a JSON object a line; with --json they go to stderr
    #[arg(long)]
    pub(crate) events: bool,
    /// Print what has come so far with each event, a JSON object a line; with --json they go to stderr
    #[arg(long)]
    pub(crate) accumulate: bool,
}

/// A parameter of the provider's own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: Value,
}

impl FromStr for Setting {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or(BadSetting::NoKey)?;
        let value = serde_json::from_str(value).map_err(BadSetting::NoJson)?;
        Ok(Self { key: key.to_owned(), value })
    }
}

/// Why `--set` cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSetting {
    #[error("it looks like KEY=JSON, for example temperature=0.2")]
    NoKey,
    #[error("what follows = is no JSON: {0} (a word needs quotes: user='\"me\"')")]
    NoJson(serde_json::Error),
}

fn tool_choice(word: &str) -> Result<ToolChoice, BadChoice> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        // “any” is an older word for it.
        "required" | "any" => Ok(ToolChoice::Required),
        "" => Err(BadChoice),
        name => Ok(ToolChoice::Named(name.to_owned())),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it is auto, none, required, or the name of a tool")]
struct BadChoice;

fn thinking(word: &str) -> Result<Thinking, BadThinking> {
    match word {
        "off" => Ok(Thinking::Off),
        "on" => Ok(Thinking::On),
        "low" => Ok(Thinking::Low),
        "medium" => Ok(Thinking::Medium),
        "high" => Ok(Thinking::High),
        number => number.parse().map(Thinking::Budget).map_err(|_| BadThinking),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it is off, on, low, medium, high, or a number of tokens")]
struct BadThinking;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_json_after_the_first_equals_sign() {
        let read = |text: &str| text.parse::<Setting>().map(|setting| (setting.key, setting.value)).ok();
        assert_eq!(read("temperature=0.2"), Some(("temperature".into(), json!(0.2))));
        assert_eq!(read(r#"stop=["a=b"]"#), Some(("stop".into(), json!(["a=b"]))));
        for wrong in ["temperature", "=1", "user=me", "a="] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn any_is_an_older_word_for_required() {
        assert_eq!(tool_choice("any").unwrap(), ToolChoice::Required);
        assert_eq!(tool_choice("anything").unwrap(), ToolChoice::Named("anything".into()));
        assert!(tool_choice("").is_err());
    }

    #[test]
    fn thinking_is_a_word_or_a_number_of_tokens() {
        assert_eq!(thinking("high").unwrap(), Thinking::High);
        assert_eq!(thinking("2048").unwrap(), Thinking::Budget(2_048));
        for wrong in ["", "lots", "-1", "1.5"] {
            assert!(thinking(wrong).is_err(), "{wrong}");
        }
    }
}
