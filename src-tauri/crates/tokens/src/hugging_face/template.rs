//! A chat template: Jinja, as the `transformers` library of its authors renders it.

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, ErrorKind};
use serde_json::{Map, Value, json};

use super::{TokenizerError, not_that, read_if_there};
use crate::json::{indented, spaced};

const CONFIG: &str = "tokenizer_config.json";
const FILE: &str = "chat_template.jinja";
/// The template of that name serves requests with tools, where a model has several.
const WITH_TOOLS: &str = "tool_use";
const USUAL: &str = "default";

/// No template indents further; a file that does is not to fill the memory.
const MOST_INDENT: usize = 16;

/// The tokens that templates write by name.
const SPECIAL_TOKENS: &[&str] = &["bos_token", "eos_token", "unk_token", "pad_token"];

/// A model's template or templates, ready to render.
pub(super) struct Template {
    environment: Environment<'static>,
    special_tokens: Map<String, Value>,
}

impl Template {
    /// The template beside a tokenizer's file; `None` when there is none.
    pub(super) fn beside(tokenizer: &Path) -> Result<Option<Self>, TokenizerError> {
        let (config_path, file_path) = (tokenizer.with_file_name(CONFIG), tokenizer.with_file_name(FILE));
        let config: Value = match read_if_there(&config_path)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| not_that(&config_path, "configuration of a tokenizer", error.to_string()))?,
            None => Value::Null,
        };
        let mut environment = environment();
        let mut add = |name: &'static str, source: String, path: &Path| {
            let added = environment.add_template_owned(name, without_training_marks(&source));
            added.map_err(|error| not_that(path, "chat template", in_words(&error)))
        };
        if let Some(bytes) = read_if_there(&file_path)? {
            let text =
                String::from_utf8(bytes).map_err(|error| not_that(&file_path, "chat template", error.to_string()))?;
            add(USUAL, text, &file_path)?;
        } else {
            let named = |name: &str| {
                let list = config["chat_template"].as_array()?;
                let found = list.iter().find(|entry| entry["name"] == name)?;
                found["template"].as_str().map(str::to_owned)
            };
            let Some(usual) = config["chat_template"].as_str().map(str::to_owned).or_else(|| named(USUAL)) else {
                return Ok(None);
            };
            add(USUAL, usual, &config_path)?;
            if let Some(with_tools) = named(WITH_TOOLS) {
                add(WITH_TOOLS, with_tools, &config_path)?;
            }
        }
        // A token is written as a word, or as an object that holds it.
        let word = |name: &&str| {
            let token = &config[*name];
            let word = token.as_str().or_else(|| token["content"].as_str())?;
            Some(((*name).to_owned(), json!(word)))
        };
        Ok(Some(Self { special_tokens: SPECIAL_TOKENS.iter().filter_map(word).collect(), environment }))
    }

    /// The prompt, without the beginning of an answer.
    pub(super) fn render(&self, messages: &[Value], tools: &[Value]) -> Result<String, TokenizerError> {
        let with_tools = if tools.is_empty() { None } else { self.environment.get_template(WITH_TOOLS).ok() };
        let template = with_tools.map_or_else(|| self.environment.get_template(USUAL), Ok);
        let mut context = self.special_tokens.clone();
        context.insert("messages".into(), json!(messages));
        context.insert("tools".into(), if tools.is_empty() { Value::Null } else { json!(tools) });
        context.insert("documents".into(), Value::Null);
        context.insert("add_generation_prompt".into(), json!(false));
        let prompt = template.and_then(|template| template.render(Serde(&context)));
        prompt.map_err(|error| TokenizerError::Refused(in_words(&error)))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("tojson", to_json);
    environment.add_function("raise_exception", |why: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, why))
    });
    environment.add_function("strftime_now", |format: &str| a_day(format));
    environment
}

/// JSON as Python writes it: the filter of the same name that comes with Jinja would escape it for web pages.
fn to_json(value: &minijinja::Value, options: Kwargs) -> Result<String, Error> {
    let unwritable = |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let written = serde_json::to_value(value).map_err(unwritable)?;
    match options.get::<Option<usize>>("indent")? {
        Some(width) => Ok(indented(&written, width.min(MOST_INDENT))),
        None => Ok(spaced(&written)),
    }
}

/// A date in a template's form. Which day it is makes no difference to a count, so it is always the same.
fn a_day(format: &str) -> String {
    let parts =
        [("%d", "26"), ("%b", "Jul"), ("%B", "July"), ("%m", "07"), ("%Y", "2024"), ("%y", "24"), ("%A", "Friday")];
    let time = [("%a", "Fri"), ("%H", "12"), ("%M", "00"), ("%S", "00")];
    parts.iter().chain(&time).fold(format.to_owned(), |text, (sign, value)| text.replace(sign, value))
}

/// Templates mark what a model was trained to say itself; the marks are no part of the language.
fn without_training_marks(template: &str) -> String {
    let marks = ["{% generation %}", "{%- generation %}", "{%- generation -%}", "{% generation -%}"];
    let ends = ["{% endgeneration %}", "{%- endgeneration %}", "{%- endgeneration -%}", "{% endgeneration -%}"];
    marks.iter().chain(&ends).fold(template.to_owned(), |text, mark| text.replace(mark, &mark_of_nothing(mark)))
}

/// A comment with the same strokes, so that the white space around it goes or stays as before.
fn mark_of_nothing(mark: &str) -> String {
    let before = if mark.starts_with("{%-") { "{#-" } else { "{#" };
    let after = if mark.ends_with("-%}") { "-#}" } else { "#}" };
    format!("{before} {after}")
}

/// A template's own words where it raised, the fault and its place otherwise.
fn in_words(error: &Error) -> String {
    match (error.detail(), error.line()) {
        (Some(detail), _) if error.kind() == ErrorKind::InvalidOperation => detail.to_owned(),
        (detail, Some(line)) => format!("{} in line {line}", detail.unwrap_or("it cannot be read")),
        (detail, None) => detail.map_or_else(|| error.to_string(), str::to_owned),
    }
}
