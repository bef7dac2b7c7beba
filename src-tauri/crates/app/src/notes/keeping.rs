//! Notes as they are written here: by the person, by a model with a tool, from a message.

use std::time::Duration;

use parlance_core::ContentBlock;
use parlance_store::{KeptNotes, Note, NoteDraft, WrittenBy};

use super::{Written, draft, folder};
use crate::api::{AppEvent, ErrorBody, ErrorCode, NoteSummary, SaveNote};
use crate::app::App;

/// How long a note that was taken away can be brought back.
const UNDO: Duration = Duration::from_secs(8);

/// A note to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNote {
    /// Its Markdown.
    pub text: String,
    /// What it is called; `None` for what the text gives.
    pub title: Option<String>,
    /// Tags beside those in its text.
    pub tags: Vec<String>,
    /// Who writes it.
    pub by: WrittenBy,
}

impl NewNote {
    /// One that the person wrote.
    #[must_use]
    pub fn written(text: String, title: Option<String>) -> Self {
        Self { text, title, tags: Vec::new(), by: WrittenBy::Person }
    }
}

impl App {
    /// Makes a note. It is kept before this returns, and found by its words.
    ///
    /// # Errors
    /// When it is empty, too long, or cannot be written.
    pub async fn add_note(&self, new: NewNote) -> Result<NoteSummary, ErrorBody> {
        if new.text.trim().is_empty() {
            return Err(ErrorBody::new(ErrorCode::EmptyMessage));
        }
        let written = Written {
            id: parlance_core::id::random(),
            text: new.text,
            given_title: new.title.and_then(given),
            given_tags: cleaned(new.tags),
            folder: String::new(),
            by: new.by,
            file: None,
            file_stem: None,
            based_on: Some(0),
        };
        self.keep_note(written).await
    }

    pub(crate) async fn save_note(&self, request: SaveNote) -> Result<NoteSummary, ErrorBody> {
        let there = match &request.id {
            Some(id) => Some(self.store()?.note(id).await?.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?),
            None => None,
        };
        if there.as_ref().is_some_and(|note| note.followed_n.is_some()) {
            return Err(ErrorBody::new(ErrorCode::NoteFollowsFile));
        }
        let given_tags = match (request.tags, &there) {
            (Some(tags), _) => cleaned(tags),
            (None, Some(note)) => self.store()?.given_tags(note.n).await?,
            (None, None) => Vec::new(),
        };
        let before = there.as_ref();
        let written = Written {
            given_title: match request.title {
                Some(title) => given(title),
                None => before.and_then(|note| note.given_title.clone()),
            },
            folder: match request.folder {
                Some(name) => folder(&name),
                None => before.map(|note| note.folder.clone()).unwrap_or_default(),
            },
            given_tags,
            text: request.text,
            by: WrittenBy::Person,
            // What was imported stays tied to its file, so that a second import knows it.
            file: None,
            file_stem: before.and_then(|note| note.path.as_deref()).and_then(stem),
            based_on: match before {
                None => Some(0),
                Some(note) => request.version.or(Some(note.version)),
            },
            id: before.map_or_else(parlance_core::id::random, |note| note.id.clone()),
        };
        self.keep_note(written).await
    }

    async fn keep_note(&self, written: Written) -> Result<NoteSummary, ErrorBody> {
        // Dividing the longest note takes longer than a task may hold its thread.
        let draft = tokio::task::spawn_blocking(move || draft(written)).await;
        let draft = draft.map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))?;
        let note = self.put_notes(vec![draft]).await?.pop().ok_or_else(|| ErrorBody::new(ErrorCode::Internal))?;
        Ok(note.into())
    }

    /// Keeps notes, and tells everyone who draws or indexes them.
    pub(crate) async fn put_notes(&self, drafts: Vec<NoteDraft>) -> Result<Vec<Note>, ErrorBody> {
        let KeptNotes { notes, gone } = self.store()?.put_notes(&drafts).await?;
        self.inner.notes.meanings.forget(&gone);
        self.inner.notes.meanings.wake.notify_one();
        self.tell_notes(notes.iter().map(|note| note.id.clone()).collect());
        Ok(notes)
    }

    pub(crate) async fn remove_note(&self, id: &str) -> Result<(), ErrorBody> {
        let store = self.store()?.clone();
        let note = store.note(id).await?.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        if note.followed_n.is_some() {
            return Err(ErrorBody::new(ErrorCode::NoteFollowsFile));
        }
        store.remove_note(id).await?;
        self.tell_notes(vec![id.to_owned()]);
        let app = self.clone();
        let id = id.to_owned();
        self.spawn(async move {
            tokio::time::sleep(UNDO).await;
            // One that was brought back meanwhile is not marked any more, and stays.
            if let Err(error) = app.purge_notes(Some(&id)).await {
                tracing::warn!(?error, "a note goes for good with the next start");
            }
        });
        Ok(())
    }

    /// Takes a note away for good, with no way back.
    ///
    /// # Errors
    /// [`ErrorCode::Gone`], [`ErrorCode::NoteFollowsFile`], or when writing fails.
    pub async fn remove_note_for_good(&self, id: &str) -> Result<(), ErrorBody> {
        self.remove_note(id).await?;
        self.purge_notes(Some(id)).await
    }

    pub(crate) async fn purge_notes(&self, id: Option<&str>) -> Result<(), ErrorBody> {
        let gone = self.store()?.purge_notes(id).await?;
        self.inner.notes.meanings.forget(&gone);
        Ok(())
    }

    pub(crate) async fn restore_note(&self, id: &str) -> Result<NoteSummary, ErrorBody> {
        let note = self.store()?.restore_note(id).await?;
        self.tell_notes(vec![note.id.clone()]);
        Ok(note.into())
    }

    pub(crate) async fn note_from(&self, message_id: &str) -> Result<NoteSummary, ErrorBody> {
        let message = self.store()?.message(message_id).await?.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        let text = message.msg.content.iter().filter_map(ContentBlock::as_text).collect::<Vec<_>>().join("\n\n");
        let by = match message.msg.role {
            parlance_core::Role::User => WrittenBy::Person,
            parlance_core::Role::Assistant | parlance_core::Role::System => WrittenBy::Model,
        };
        self.add_note(NewNote { text, title: None, tags: Vec::new(), by }).await
    }

    /// Tells that notes changed; many at once are told as such.
    pub(crate) fn tell_notes(&self, ids: Vec<String>) {
        const MOST: usize = 100;
        let ids = if ids.len() > MOST { Vec::new() } else { ids };
        self.hub().tell(AppEvent::NotesChanged { ids });
    }
}

fn given(title: String) -> Option<String> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

fn cleaned(tags: Vec<String>) -> Vec<String> {
    let tags = tags.into_iter().map(|tag| tag.trim().trim_start_matches('#').to_owned());
    tags.filter(|tag| !tag.is_empty()).collect()
}

/// A file's name without its ending.
pub(super) fn stem(path: &str) -> Option<String> {
    std::path::Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned())
}
