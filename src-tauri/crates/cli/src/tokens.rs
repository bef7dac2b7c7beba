//! `tokens`: how many tokens a prompt has for a model.

use std::path::PathBuf;

use parlance_app::Reach;
use parlance_app::models::Wanted;
use parlance_core::ChatRequest;
use serde_json::json;

use crate::ask::Prompt;
use crate::engine::Desk;
use crate::failure::Failure;
use crate::providers::From;

/// What can be said to `tokens`.
#[derive(Debug, clap::Args)]
pub(crate) struct TokensArgs {
    #[command(flatten)]
    prompt: Prompt,
    #[command(flatten)]
    from: From,
    /// The model's own tokenizer.json, or the folder it lies in, to count with
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
}

pub(crate) async fn run(args: TokensArgs, desk: Desk) -> Result<(), Failure> {
    let (messages, tools) = args.prompt.read(desk.out)?;
    desk.with_engine(Reach::Settings, None, async |app| {
        let wanted = Wanted { tokenizer: args.tokenizer, ..args.from.wanted(app)? };
        let request = ChatRequest { messages, tools, formatter: args.prompt.formatter, ..ChatRequest::default() };
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
