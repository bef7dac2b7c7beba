//! Conversations whole: for showing and exporting them outside a window, and taking them away for good. Called by the
//! terminal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::{AudioChunk, ContentBlock, Msg, Source};
use parlance_store::MAX_MESSAGE_BYTES;

use crate::api::{ConversationSummary, ErrorBody, ErrorCode, MessageView};
use crate::app::App;
use crate::views;

/// The longest message that is kept, in bytes.
pub const MOST_MESSAGE_BYTES: usize = MAX_MESSAGE_BYTES;

/// Conversations that are read at once.
const PAGE: u32 = 200;

/// A conversation with its messages, as stored and as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Archived {
    /// Its line in the list.
    pub summary: ConversationSummary,
    /// Oldest first, on the chosen branch.
    pub messages: Vec<ArchivedMessage>,
}

/// A message as stored and as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchivedMessage {
    /// Exactly as received.
    pub msg: Msg,
    /// As drawn.
    pub view: MessageView,
    /// The model that answered; `None` for what a person said.
    pub model: Option<String>,
    /// Files that were chosen for it.
    pub files: Vec<ArchivedFile>,
}

/// A file that was chosen for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedFile {
    /// Its id, for [`App::file_bytes`].
    pub id: String,
    /// As the person knows it, without a folder.
    pub name: String,
    /// For example `text/plain` or `image/png`.
    pub media_type: String,
    /// How long it is, in bytes.
    pub bytes: u64,
}

impl App {
    /// All conversations, newest first.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn all_conversations(&self) -> Result<Vec<ConversationSummary>, ErrorBody> {
        let store = self.store()?;
        let mut all = Vec::new();
        loop {
            let page = store.conversations(u32::try_from(all.len()).unwrap_or(u32::MAX), PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            all.extend(page.into_iter().map(ConversationSummary::from));
            if is_last {
                return Ok(all);
            }
        }
    }

    /// One conversation, whole.
    ///
    /// # Errors
    /// [`ErrorCode::Gone`] when there is none of this id, or when the history cannot be read.
    pub async fn archived(&self, id: &str) -> Result<Archived, ErrorBody> {
        let store = self.store()?;
        let row = store
            .conversation(id)
            .await?
            .ok_or_else(|| ErrorBody::new(ErrorCode::Gone).with_details(format!("there is no conversation {id:?}")))?;
        let attachments = store.attachments(id).await?;
        let mut messages = Vec::new();
        for row in store.messages(id).await? {
            let (msg, model) = (row.msg.clone(), row.model.clone());
            let own = attachments.iter().filter(|file| file.message_id == msg.id);
            let files = own.map(|file| ArchivedFile {
                id: file.id.clone(),
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                bytes: file.bytes,
            });
            messages.push(ArchivedMessage {
                files: files.collect(),
                msg,
                view: views::message(store, row).await,
                model,
            });
        }
        Ok(Archived { summary: row.into(), messages })
    }

    /// A chosen file whole; `None` when it was forgotten.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn file_bytes(&self, id: &str) -> Result<Option<Vec<u8>>, ErrorBody> {
        Ok(self.store()?.attachment_bytes(id).await?)
    }

    /// A message with its recordings inside, as WAV, so that it can stand alone.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn with_recordings(&self, mut msg: Msg) -> Result<Msg, ErrorBody> {
        let store = self.store()?;
        for block in &mut msg.content {
            let ContentBlock::Audio { source } = block else { continue };
            let Source::Url { url } = &*source else { continue };
            let Some(id) = url.strip_prefix("media:") else { continue };
            if let Some(media) = store.media(id).await? {
                let wav = parlance_audio::wav::encode(&AudioChunk { samples: media.samples, rate: media.rate });
                *source = Source::Base64 { media_type: "audio/wav".into(), data: BASE64.encode(wav) };
            }
        }
        Ok(msg)
    }

    /// Takes a conversation away, with its sound, without a way back.
    ///
    /// # Errors
    /// [`ErrorCode::Gone`] when there is none of this id, or when the history cannot be written.
    pub async fn delete_for_good(&self, id: &str) -> Result<(), ErrorBody> {
        let store = self.store()?;
        store.delete_conversation(id).await?;
        store.purge_conversation(id).await?;
        Ok(())
    }
}
