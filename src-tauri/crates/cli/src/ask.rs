//! `ask`: a prompt to a model, its answer out, in the form that was asked for. Nothing is kept in the history.

mod args;
mod input;
mod prompt;
mod show;

use parlance_app::Reach;
use parlance_app::models::{Model, Wanted};
use parlance_core::ChatRequest;
use parlance_core::chat::HttpRequest;
use serde_json::{Map, Value, json};

pub(crate) use args::{AskArgs, Setting};
pub(crate) use prompt::Prompt;
use show::Show;

use crate::engine::Desk;
use crate::failure::Failure;

pub(crate) async fn run(args: AskArgs, desk: Desk) -> Result<(), Failure> {
    // What the call brings along is read first: nothing is started for words that are wrong.
    let request = input::request(&args, desk.out)?;
    let files = input::files(&args)?;
    if request.structured.is_some() && (!request.tools.is_empty() || request.tool_choice.is_some()) {
        desk.out.note("With --schema no tools are offered: --tools and --tool-choice are ignored.");
    }
    desk.with_engine(Reach::Settings, None, async |app| {
        let model = app.model(&Wanted { tokenizer: args.tokenizer.clone(), ..args.from.wanted(app)? });
        let mut model = model.map_err(|error| args.from.way.refused(error))?;
        if args.run_tools {
            model = model.with_tools(files);
        }
        let request = ChatRequest {
            model: model.name()?.to_owned(),
            messages: model.bring_media(&request.messages).await?,
            ..request
        };
        let request = match args.context_limit {
            Some(limit) => shortened(&model, request, limit, &desk).await?,
            None => request,
        };
        match args.print_request {
            true => print_request(&model, &request, &desk),
            false => answer(&model, &request, &args, &desk).await,
        }
    })
    .await
}

/// The request without its oldest turns, where it is too long for the limit.
async fn shortened(model: &Model, request: ChatRequest, limit: u64, desk: &Desk) -> Result<ChatRequest, Failure> {
    let fitted = model.fit(request, limit).await?;
    if fitted.left_out > 0 {
        let messages = if fitted.left_out == 1 { "message was" } else { "messages were" };
        let about = if fitted.before.exact { "" } else { "about " };
        desk.out.note(&format!(
            "The oldest {} {messages} left out: {about}{} tokens, now {}.",
            fitted.left_out, fitted.before.tokens, fitted.after.tokens
        ));
    }
    Ok(fitted.request)
}

fn print_request(model: &Model, request: &ChatRequest, desk: &Desk) -> Result<(), Failure> {
    let HttpRequest { method, url, headers, body } = model.request(request)?;
    let headers: Map<String, Value> = headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    desk.out.object(&json!({"method": method, "url": url, "headers": headers, "body": body}));
    Ok(())
}

async fn answer(model: &Model, request: &ChatRequest, args: &AskArgs, desk: &Desk) -> Result<(), Failure> {
    let mut show = Show::new(args, desk.out);
    let outcome = model.answer(request, stopped(), |event| show.event(event)).await?;
    show.end(&outcome);
    match outcome.error.clone() {
        None => Ok(()),
        Some(error) => Err(Failure::from(error).beside(show::fields(&outcome))),
    }
}

/// Ctrl-C.
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without it the system ends us, as it always could.
        std::future::pending::<()>().await;
    }
}
