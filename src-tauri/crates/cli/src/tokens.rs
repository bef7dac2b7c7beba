//! `tokens`: how many tokens a prompt has for a model.

use std::path::PathBuf;

use parlance_app::Reach;
use parlance_app::models::Wanted;
use parlance_core::{ChatRequest, Formatter};
use serde_json::json;

use crate::ask::formatter;
use crate::ask::input::Brought;
use crate::engine::Desk;
use crate::failure::Failure;
use crate::providers::From;

/// What can be said to `tokens`.
#[derive(Debug, clap::Args)]
pub(crate) struct TokensArgs {
    /// What would be asked; “-” reads it from stdin
    #[arg(required_unless_present = "messages", conflicts_with = "messages", allow_hyphen_values = true)]
    text: Option<String>,
    #[command(flatten)]
    from: From,
    /// A JSON array of messages instead of TEXT; “-” reads it from stdin
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    /// How the conversation is put: chat or multi-agent
    #[arg(long, value_name = "HOW", value_parser = formatter, default_value = "chat")]
    formatter: Formatter,
    /// Instructions that come before everything
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// A picture that would be sent along; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "messages")]
    image: Vec<PathBuf>,
    /// Sound that would be sent along; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "messages")]
    audio: Vec<PathBuf>,
    /// Tools that would be offered, as a JSON array of {"type":"function","function":{…}}
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// The model's own tokenizer.json, or the folder it lies in, to count with
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
}

pub(crate) async fn run(args: TokensArgs, desk: Desk) -> Result<(), Failure> {
    let brought = Brought {
        text: args.text.as_deref(),
        messages: args.messages.as_deref(),
        system: args.system.as_deref(),
        images: &args.image,
        sounds: &args.audio,
        tools: args.tools.as_deref(),
    };
    let (messages, tools) = brought.read(desk.out)?;
    desk.with_engine(Reach::Settings, None, async |app| {
        let wanted = Wanted { tokenizer: args.tokenizer, ..args.from.wanted(app)? };
        let request = ChatRequest { messages, tools, formatter: args.formatter, ..ChatRequest::default() };
        let count = app.count(&wanted, request).await.map_err(|error| args.from.way.refused(error))?;
        desk.out.result(&json!({"tokens": count.tokens, "exact": count.exact}), || {
            let tokens = if count.tokens == 1 { "token" } else { "tokens" };
            let about = if count.exact { "" } else { "About " };
            format!("{about}{} {tokens}.", count.tokens)
        });
        Ok(())
    })
    .await
}
