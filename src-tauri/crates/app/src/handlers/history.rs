//! Conversations: list, open, rename, take away, search.

use std::time::{Duration, Instant};

use parlance_store::Store;

use crate::api::{
    AppEvent, ConversationId, ConversationSummary, ConversationView, Empty, ErrorBody, ErrorCode, ListConversations,
    MessageView, RenameConversation, Search, SearchHit, Snapshot,
};
use crate::app::App;
use crate::hub::Seen;
use crate::views;

/// Lines of the list, and hits of a search, that are given at once.
const MOST_LINES: u32 = 200;
/// How long a conversation that was taken away can be brought back.
const UNDO: Duration = Duration::from_secs(8);
/// How often a conversation is read again because something happened meanwhile.
const READ_AGAIN: u32 = 5;

impl App {
    pub(crate) async fn snapshot(&self, _: crate::api::Empty) -> Result<Snapshot, ErrorBody> {
        // The number comes first: what happens while the rest is read comes as events, which replace whole things.
        let next_event = self.hub().look().next_event;
        let config = self.config();
        let (trouble, conversations, conversation_count) = match self.first_lines().await {
            Ok((lines, count)) => (None, lines, count),
            Err(error) => (Some(error), Vec::new(), 0),
        };
        Ok(Snapshot {
            next_event,
            version: env!("CARGO_PKG_VERSION").into(),
            data_folder: self.paths().root().display().to_string(),
            trouble,
            providers: self.provider_views(&config),
            keyring: self.keyring_view(),
            settings: config.settings,
            conversations,
            conversation_count,
            voice: self.voice_view(),
            hotkey: self.hotkey_view(),
            notices: self.inner.notices.all(),
        })
    }

    async fn first_lines(&self) -> Result<(Vec<ConversationSummary>, u32), ErrorBody> {
        let store = self.store()?;
        let lines = store.conversations(0, MOST_LINES).await?;
        let count = store.conversation_count().await?;
        Ok((lines.into_iter().map(Into::into).collect(), count))
    }

    pub(crate) async fn list_conversations(
        &self,
        request: ListConversations,
    ) -> Result<Vec<ConversationSummary>, ErrorBody> {
        let lines = self.store()?.conversations(request.offset, request.limit.min(MOST_LINES)).await?;
        Ok(lines.into_iter().map(Into::into).collect())
    }

    pub(crate) async fn open_conversation(&self, request: ConversationId) -> Result<ConversationView, ErrorBody> {
        let store = self.store()?;
        let mut tries = 0;
        loop {
            let version = self.hub().version();
            let view = self.read_conversation(store, &request.id).await?;
            // A message that began or ended while we read would be missing or doubled: read again.
            let seen = self.hub().look();
            tries += 1;
            if seen.version != version && tries < READ_AGAIN {
                continue;
            }
            let now = self.inner.clock.now();
            return Ok(draw_running(store, view, seen, now).await);
        }
    }

    async fn read_conversation(&self, store: &Store, id: &str) -> Result<ConversationView, ErrorBody> {
        let row = store.conversation(id).await?.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        let rows = store.messages(id).await?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows {
            messages.push(views::message(store, row).await);
        }
        views::put_files(&mut messages, &store.attachments(id).await?);
        Ok(ConversationView { summary: row.into(), messages, next_event: 0 })
    }

    pub(crate) async fn rename_conversation(&self, request: RenameConversation) -> Result<Empty, ErrorBody> {
        let row = self.store()?.rename_conversation(&request.id, &request.title).await?;
        self.hub().tell(AppEvent::Conversation { summary: row.into() });
        Ok(Empty {})
    }

    pub(crate) async fn delete_conversation(&self, request: ConversationId) -> Result<Empty, ErrorBody> {
        if let Some(cancel) = self.running().get(&request.id) {
            cancel.cancel();
        }
        let store = self.store()?.clone();
        store.delete_conversation(&request.id).await?;
        self.hub().tell(AppEvent::ConversationGone { id: request.id.clone() });
        self.spawn(async move {
            tokio::time::sleep(UNDO).await;
            match store.conversation(&request.id).await {
                // Brought back meanwhile.
                Ok(Some(_)) => {}
                Ok(None) => {
                    if let Err(error) = store.purge_conversation(&request.id).await {
                        tracing::warn!(%error, "a conversation goes for good with the next start");
                    }
                }
                Err(error) => tracing::warn!(%error, "a conversation goes for good with the next start"),
            }
        });
        Ok(Empty {})
    }

    pub(crate) async fn undo_delete(&self, request: ConversationId) -> Result<ConversationSummary, ErrorBody> {
        let summary = ConversationSummary::from(self.store()?.restore_conversation(&request.id).await?);
        self.hub().tell(AppEvent::Conversation { summary: summary.clone() });
        Ok(summary)
    }

    pub(crate) async fn search(&self, request: Search) -> Result<Vec<SearchHit>, ErrorBody> {
        let hits = self.store()?.search(&request.query, request.limit.min(MOST_LINES)).await?;
        Ok(hits.into_iter().map(Into::into).collect())
    }
}

/// Puts in what running answers hold that the store does not yet.
async fn draw_running(store: &Store, mut view: ConversationView, seen: Seen, now: Instant) -> ConversationView {
    view.next_event = seen.next_event;
    for message in &mut view.messages {
        let MessageView { id, blocks, .. } = message;
        if let Some(answer) = seen.live.get(id) {
            *blocks = views::blocks(store, &answer.content, &[], &views::standing(answer, now)).await;
        }
    }
    view
}
