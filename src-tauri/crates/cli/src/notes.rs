//! `notes`: taken in, added, listed, shown, found, removed, indexed, written out, followed.

mod tell;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use parlance_app::api::{
    Empty, IndexState, ListNotes, NoteId, NoteList, NoteShelves, NoteView, NotesAfter, NotesStatus, ReindexNotes,
    SearchMode, SearchNotes, UnfollowFolder,
};
use parlance_app::notes::NewNote;
use parlance_app::{App, Reach};
use serde_json::{Value, json};

use crate::engine::{Desk, call};
use crate::failure::Failure;
use crate::words;

/// Hits that are given unless asked otherwise.
const HITS: u32 = 10;

/// Lines of the list that are asked for at once.
const PAGE: u32 = 200;

/// No note is longer than 10 MiB; what is more is refused by the engine.
const MOST_BYTES: u64 = 10 * 1024 * 1024 + 1;

/// What can be said to `notes`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum NotesCommand {
    /// Take in files and folders; what is in already is taken in again where the file has changed
    Import {
        /// Files or folders
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Add a note
    Add {
        /// A file, or - for stdin
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// What it is called, instead of what its text says
        #[arg(long)]
        title: Option<String>,
    },
    /// List all notes, those changed last first
    List {
        /// Only those in this folder and below it
        #[arg(long, value_name = "F")]
        folder: Option<String>,
        /// Only those with this tag
        #[arg(long, value_name = "T")]
        tag: Option<String>,
    },
    /// Show one note
    Show {
        /// Its id, from the list or from a hit
        id: String,
    },
    /// Remove one note for good; a file it came from stays
    Remove {
        /// Its id, from the list
        id: String,
    },
    /// How many notes there are, and how many passages can be found by meaning
    Status,
    /// Give every passage its meaning, perhaps by another model
    Reindex {
        /// Whose model: builtin, or a provider
        #[arg(long, value_name = "P")]
        provider: Option<String>,
        /// The model
        #[arg(long, value_name = "M")]
        model: Option<String>,
    },
    /// Write every note as a Markdown file into a folder that is empty or not there yet
    Export {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Find passages
    Search {
        /// A question, or any words
        query: String,
        /// The most hits, up to 100
        #[arg(long, value_name = "N", default_value_t = HITS, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        /// By words and meaning, by meaning alone, by words alone
        #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
        mode: Mode,
        /// Only in this folder and below it
        #[arg(long, value_name = "F")]
        folder: Option<String>,
        /// Only in notes with this tag
        #[arg(long, value_name = "T")]
        tag: Option<String>,
    },
    /// Follow a folder: its files are notes, as they are at any time. They are never changed
    Follow {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Follow a folder no longer
    Unfollow {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Remove its notes as well; the files stay
        #[arg(long)]
        remove: bool,
    },
}

/// By what is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// By words and meaning together
    Hybrid,
    /// By meaning alone
    Semantic,
    /// By words alone
    Text,
}

impl From<Mode> for SearchMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Hybrid => Self::Hybrid,
            Mode::Semantic => Self::Semantic,
            Mode::Text => Self::Text,
        }
    }
}

pub(crate) async fn run(command: NotesCommand, desk: Desk) -> Result<(), Failure> {
    desk.with_engine(Reach::History, None, async |app| match command {
        NotesCommand::Import { paths } => import(app, &desk, &paths).await,
        NotesCommand::Add { file, title } => add(app, &desk, &file, title).await,
        NotesCommand::List { folder, tag } => list(app, &desk, folder, tag).await,
        NotesCommand::Show { id } => show(app, &desk, id).await,
        NotesCommand::Remove { id } => {
            app.remove_note_for_good(&id).await?;
            desk.out.result(&json!({ "removed": id }), || "Removed.".to_owned());
            Ok(())
        }
        NotesCommand::Status => {
            if let Err(error) = app.open_index().await {
                desk.detail(&words::sentences(&error).message);
            }
            tell::status(&desk, &call(app, "notes_status", Empty {}).await?)
        }
        NotesCommand::Reindex { provider, model } => reindex(app, &desk, provider, model).await,
        NotesCommand::Export { folder } => {
            let written = app.export_notes_to(&folder).await?;
            desk.out.result(&json!({"folder": written.folder, "notes": written.notes}), || {
                format!("{} notes written to {}.", written.notes, folder.display())
            });
            Ok(())
        }
        NotesCommand::Search { query, limit, mode, folder, tag } => {
            let request = SearchNotes { query, limit, mode: mode.into(), folder, tag, since_ms: None, until_ms: None };
            search(app, &desk, request).await
        }
        NotesCommand::Follow { folder } => follow(app, &desk, &folder).await,
        NotesCommand::Unfollow { folder, remove } => {
            let notes = if remove { NotesAfter::Removed } else { NotesAfter::Kept };
            unfollow(app, &desk, &folder, notes).await
        }
    })
    .await
}

async fn import(app: &App, desk: &Desk, paths: &[PathBuf]) -> Result<(), Failure> {
    let mut imports = Vec::new();
    for path in paths {
        desk.detail(&format!("Taking in {}.", path.display()));
        let import = app.import(path).await?;
        for fault in &import.faults {
            desk.out.note(&tell::fault(fault));
        }
        imports.push(import);
    }
    give_meaning(app, desk).await;
    tell::imports(desk, &imports);
    Ok(())
}

/// What is added is found by words at once; by meaning, where a model can be asked. That it cannot loses nothing.
async fn give_meaning(app: &App, desk: &Desk) {
    if let Err(error) = app.index_notes().await {
        let said = words::sentences(&error);
        desk.out.note(&format!("{} {}", said.message, said.hint));
    }
}

async fn add(app: &App, desk: &Desk, file: &Path, title: Option<String>) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(MOST_BYTES).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::file(format!("{}: {error}", file.display())))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::file(format!("{}: it is no text", file.display())))?;
    let note = app.add_note(NewNote::written(text, title)).await?;
    give_meaning(app, desk).await;
    desk.out.result(&json!({"id": note.id, "title": note.title}), || format!("{}  {}", note.id, tell::title(&note)));
    Ok(())
}

async fn list(app: &App, desk: &Desk, folder: Option<String>, tag: Option<String>) -> Result<(), Failure> {
    let mut notes = Vec::new();
    loop {
        let offset = u32::try_from(notes.len()).unwrap_or(u32::MAX);
        let request = ListNotes { offset, limit: PAGE, folder: folder.clone(), tag: tag.clone() };
        let page: NoteList = call(app, "notes_list", request).await?;
        let is_last = page.notes.len() < PAGE as usize;
        notes.extend(page.notes);
        if is_last {
            break;
        }
    }
    desk.out.result(&json!({"notes": notes, "total": notes.len()}), || {
        if notes.is_empty() {
            return "There are no notes here.".to_owned();
        }
        notes.iter().map(|note| format!("{}  {}\n", note.id, tell::title(note))).collect()
    });
    Ok(())
}

async fn show(app: &App, desk: &Desk, id: String) -> Result<(), Failure> {
    let note: NoteView = call(app, "note_open", NoteId { id }).await?;
    let value = serde_json::to_value(&note).unwrap_or(Value::Null);
    desk.out.result(&value, || note.text.clone());
    Ok(())
}

async fn reindex(app: &App, desk: &Desk, provider: Option<String>, model: Option<String>) -> Result<(), Failure> {
    if provider.is_some() || model.is_some() {
        let _: NotesStatus = call(app, "reindex_notes", ReindexNotes { provider, model }).await?;
    }
    app.index_notes().await?;
    tell::status(desk, &call(app, "notes_status", Empty {}).await?)
}

async fn search(app: &App, desk: &Desk, request: SearchNotes) -> Result<(), Failure> {
    if request.mode != SearchMode::Text {
        // Why there is none, the answer says.
        let _ = app.open_index().await;
    }
    let found = app.search_notes(request).await?;
    if let Some(error) = &found.no_meaning {
        desk.out.note(&words::sentences(error).message);
    }
    tell::found(desk, &found);
    Ok(())
}

async fn follow(app: &App, desk: &Desk, folder: &Path) -> Result<(), Failure> {
    let import = app.follow_once(folder).await?;
    for fault in &import.faults {
        desk.out.note(&tell::fault(fault));
    }
    give_meaning(app, desk).await;
    tell::imports(desk, &[import]);
    Ok(())
}

async fn unfollow(app: &App, desk: &Desk, folder: &Path, notes: NotesAfter) -> Result<(), Failure> {
    let shelves: NoteShelves = call(app, "notes_shelves", Empty {}).await?;
    let path = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let followed = shelves.followed.into_iter().find(|one| Path::new(&one.path) == path);
    let followed =
        followed.ok_or_else(|| Failure::file(format!("{}: this folder is not followed", folder.display())))?;
    let _: Empty = call(app, "unfollow_folder", UnfollowFolder { id: followed.id, notes }).await?;
    desk.out.result(&json!({"unfollowed": followed.path, "notes": followed.notes}), || {
        "It is followed no longer.".to_owned()
    });
    Ok(())
}

/// What the index does, in words.
fn state(state: &IndexState) -> String {
    match state {
        IndexState::Ready => "ready".to_owned(),
        IndexState::Working => "working".to_owned(),
        IndexState::Paused => "paused".to_owned(),
        IndexState::Stuck { error } => words::sentences(error).message,
    }
}
