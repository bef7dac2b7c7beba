//! `history`: what was said, listed, shown, searched, exported, deleted.

mod export;
mod markdown;

use std::path::PathBuf;

use parlance_app::api::{ConversationSummary, Search, SearchHit};
use parlance_app::{App, Reach};
use serde_json::{Value, json};

use crate::engine::{Desk, call};
use crate::failure::Failure;
use crate::out::clean::name;
use export::Format;

/// Hits that are given at once.
const HITS: u32 = 50;

/// What can be said to `history`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum HistoryCommand {
    /// List all conversations, newest first
    List,
    /// Show one conversation
    Show {
        /// Its id, from the list
        id: String,
    },
    /// Search everything that was said and typed
    Search {
        /// Any words
        query: String,
        /// The most hits, up to 200
        #[arg(long, value_name = "N", default_value_t = HITS, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Write conversations to a file, which must not exist yet
    Export {
        /// The id of one conversation
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All conversations
        #[arg(long)]
        all: bool,
        /// md to read, json with everything in it, sound too
        #[arg(long, value_enum)]
        format: Format,
        /// The file
        #[arg(short, long, value_name = "PATH")]
        output: PathBuf,
    },
    /// Delete one conversation with its sound, for good
    Delete {
        /// Its id, from the list
        id: String,
    },
}

pub(crate) async fn run(command: HistoryCommand, desk: Desk) -> Result<(), Failure> {
    desk.with_engine(Reach::History, None, async |app| match command {
        HistoryCommand::List => list(app, &desk).await,
        HistoryCommand::Show { id } => show(app, &desk, &id).await,
        HistoryCommand::Search { query, limit } => search(app, &desk, query, limit).await,
        HistoryCommand::Export { id, all: _, format, output } => {
            let ids = match id {
                Some(id) => vec![id],
                None => app.all_conversations().await?.into_iter().map(|line| line.id).collect(),
            };
            export::export(app, &desk, &ids, format, &output).await
        }
        HistoryCommand::Delete { id } => {
            app.delete_for_good(&id).await?;
            desk.out.result(&json!({ "deleted": id }), || "Deleted.".to_owned());
            Ok(())
        }
    })
    .await
}

async fn list(app: &App, desk: &Desk) -> Result<(), Failure> {
    let lines = app.all_conversations().await?;
    let value: Vec<Value> = lines.iter().map(summary).collect();
    desk.out.result(&json!({"conversations": value, "total": lines.len()}), || {
        if lines.is_empty() {
            return "Nothing was said yet.".to_owned();
        }
        lines
            .iter()
            .map(|line| format!("{}  {}  {}\n", line.id, markdown::date(line.updated_ms), title(line)))
            .collect()
    });
    Ok(())
}

async fn show(app: &App, desk: &Desk, id: &str) -> Result<(), Failure> {
    let conversation = app.archived(id).await?;
    let messages: Vec<Value> =
        conversation.messages.iter().map(|message| export::message(message, &message.msg)).collect();
    desk.out.result(&json!({"conversation": summary(&conversation.summary), "messages": messages}), || {
        markdown::conversation(&conversation)
    });
    Ok(())
}

async fn search(app: &App, desk: &Desk, query: String, limit: u32) -> Result<(), Failure> {
    let hits: Vec<SearchHit> = call(app, "search", Search { query, limit }).await?;
    let text = |hit: &SearchHit| hit.snippet.iter().map(|piece| piece.text.as_str()).collect::<String>();
    let value: Vec<Value> = hits
        .iter()
        .map(|hit| {
            json!({
                "conversation_id": hit.conversation_id,
                "message_id": hit.message_id,
                "title": hit.title,
                "text": text(hit),
                "created_ms": hit.created_ms,
            })
        })
        .collect();
    desk.out.result(&json!({ "hits": value }), || {
        if hits.is_empty() {
            return "Nothing was found.".to_owned();
        }
        hits.iter()
            .map(|hit| format!("{}  {}: {}\n", hit.conversation_id, name(&hit.title), name(&text(hit))))
            .collect()
    });
    Ok(())
}

/// A line of the list, for programs.
fn summary(line: &ConversationSummary) -> Value {
    json!({"id": line.id, "title": line.title, "updated_ms": line.updated_ms, "spoken": line.spoken})
}

/// A title, for people.
fn title(line: &ConversationSummary) -> String {
    if line.title.is_empty() { "(spoken)".to_owned() } else { name(&line.title) }
}
