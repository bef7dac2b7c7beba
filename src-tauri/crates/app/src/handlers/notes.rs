//! Notes: list, open, save, take away, search, and what the index does.

use std::collections::BTreeMap;

use parlance_store::NoteFilter;

use crate::api::{
    Empty, ErrorBody, ErrorCode, ImportNotes, IndexOrder, ListNotes, NoteFault, NoteFolder, NoteFromMessage, NoteId,
    NoteList, NoteShelves, NoteSummary, NoteTag, NoteView, NotesExported, NotesFound, NotesLike, NotesStatus,
    OrderIndex, PickNotes, Picked, ReindexNotes, SaveNote, SearchNotes, UnfollowFolder,
};
use crate::app::App;
use crate::notes::{Pick, export_folder, fault, folder};

/// Lines of the list that are given at once.
const MOST_LINES: u32 = 200;

/// Faults that are named.
const MOST_FAULTS: u32 = 100;

impl App {
    pub(crate) async fn notes_list(&self, request: ListNotes) -> Result<NoteList, ErrorBody> {
        let store = self.store()?;
        let which = NoteFilter {
            folder: request.folder.as_deref().map(folder).filter(|folder| !folder.is_empty()),
            tag: request.tag,
            ..NoteFilter::default()
        };
        let notes = store.notes(&which, request.offset, request.limit.min(MOST_LINES)).await?;
        let total = store.note_count(&which).await?;
        Ok(NoteList { notes: notes.into_iter().map(Into::into).collect(), total })
    }

    pub(crate) async fn note_open(&self, request: NoteId) -> Result<NoteView, ErrorBody> {
        let found = self.store()?.note_with_text(&request.id).await?;
        let (note, text) = found.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        Ok(NoteView { text, created_ms: note.created_ms, fault: fault(&note), summary: note.into() })
    }

    pub(crate) async fn note_save(&self, request: SaveNote) -> Result<NoteSummary, ErrorBody> {
        self.save_note(request).await
    }

    pub(crate) async fn note_remove(&self, request: NoteId) -> Result<Empty, ErrorBody> {
        self.remove_note(&request.id).await?;
        Ok(Empty {})
    }

    pub(crate) async fn note_restore(&self, request: NoteId) -> Result<NoteSummary, ErrorBody> {
        self.restore_note(&request.id).await
    }

    pub(crate) async fn note_from_message(&self, request: NoteFromMessage) -> Result<NoteSummary, ErrorBody> {
        self.note_from(&request.message_id).await
    }

    pub(crate) async fn notes_shelves(&self, _: Empty) -> Result<NoteShelves, ErrorBody> {
        let store = self.store()?;
        // A note counts for its folder and for all around it.
        let mut folders: BTreeMap<String, u32> = BTreeMap::new();
        for (path, notes) in store.note_folders().await? {
            let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).filter(|end| *end > 0);
            for end in ends {
                *folders.entry(path[..end].to_owned()).or_default() += notes;
            }
        }
        let tags = store.note_tags().await?;
        Ok(NoteShelves {
            folders: folders.into_iter().map(|(path, notes)| NoteFolder { path, notes }).collect(),
            tags: tags.into_iter().map(|(tag, notes)| NoteTag { tag, notes }).collect(),
            followed: store.followed().await?.into_iter().map(|folder| self.followed_view(folder)).collect(),
        })
    }

    pub(crate) async fn notes_search(&self, request: SearchNotes) -> Result<NotesFound, ErrorBody> {
        self.search_notes(request).await
    }

    pub(crate) async fn notes_like(&self, request: NotesLike) -> Result<NotesFound, ErrorBody> {
        self.like_note(&request.id, request.limit).await
    }

    pub(crate) async fn import_notes(&self, request: ImportNotes) -> Result<Picked, ErrorBody> {
        let pick = match request.pick {
            PickNotes::Files => Pick::Files,
            PickNotes::Folder => Pick::Folder,
        };
        let paths = self.picked(pick).await?;
        if paths.is_empty() {
            return Ok(Picked::Nothing);
        }
        self.import_beside(paths);
        Ok(Picked::Chosen)
    }

    pub(crate) async fn stop_import(&self, _: Empty) -> Result<Empty, ErrorBody> {
        self.inner.notes.imports.stop();
        Ok(Empty {})
    }

    pub(crate) async fn follow_folder(&self, _: Empty) -> Result<Picked, ErrorBody> {
        let paths = self.picked(Pick::Folder).await?;
        let Some(path) = paths.first() else { return Ok(Picked::Nothing) };
        self.follow(path).await?;
        Ok(Picked::Chosen)
    }

    pub(crate) async fn unfollow_folder(&self, request: UnfollowFolder) -> Result<Empty, ErrorBody> {
        self.unfollow(&request.id, request.notes).await?;
        Ok(Empty {})
    }

    pub(crate) async fn export_notes(&self, _: Empty) -> Result<NotesExported, ErrorBody> {
        let paths = self.picked(Pick::Folder).await?;
        let Some(path) = paths.first() else { return Ok(NotesExported { folder: None, notes: 0 }) };
        self.export_notes_to(&export_folder(path)).await
    }

    pub(crate) async fn notes_status(&self, _: Empty) -> Result<NotesStatus, ErrorBody> {
        let store = self.store()?;
        let faults = store.faulty_notes(MOST_FAULTS).await?;
        let faults = faults.into_iter().filter_map(|note| {
            let error = fault(&note)?;
            Some(NoteFault { note_id: note.id, title: note.title, error })
        });
        let config = self.config().notes;
        Ok(NotesStatus {
            notes: store.note_count(&NoteFilter::default()).await?,
            total: store.passage_count().await?,
            searchable: self.inner.notes.meanings.searchable(),
            ready: self.ready_meanings(&config).await?,
            provider: config.provider,
            model: config.model,
            state: self.inner.notes.meanings.state(),
            faults: faults.collect(),
            import: self.inner.notes.imports.view(),
        })
    }

    pub(crate) async fn reindex_notes(&self, request: ReindexNotes) -> Result<NotesStatus, ErrorBody> {
        self.choose_meaning(request.provider, request.model).await?;
        self.notes_status(Empty {}).await
    }

    pub(crate) async fn order_index(&self, request: OrderIndex) -> Result<NotesStatus, ErrorBody> {
        let paused = request.order == IndexOrder::Pause;
        self.change_config(|config| config.notes.paused = paused)?;
        self.inner.notes.meanings.wake.notify_one();
        self.notes_status(Empty {}).await
    }
}
