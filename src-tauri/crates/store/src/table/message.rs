//! The table `message`: what was said, block by block as it came, and the branches it forms.
//!
//! Here are the rows and the reading; `turn.rs` writes them.

use parlance_core::{ContentBlock, Msg, Role, TokenUsage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::error::StoreError;
use crate::store::Store;
use crate::table::{short, unsigned};

/// A message as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMessage {
    /// The message itself. While an answer runs its content is empty: the parts are elsewhere.
    pub msg: Msg,
    /// Its place in the order of arrival, over all threads.
    pub seq: u64,
    /// The thread.
    pub conversation_id: String,
    /// The message before it, `None` at the beginning. Several with the same parent are branches.
    pub parent_id: Option<String>,
    /// Where it stands.
    pub status: MessageStatus,
    /// Why it failed or broke off, as the app wrote it.
    pub error: Option<Value>,
    /// The configured provider that answered; `None` for what a person said.
    pub provider: Option<String>,
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// Tokens used; `None` where the provider did not say.
    pub usage: Option<TokenUsage>,
    /// What took how long.
    pub timings: Timings,
    /// How long the spoken message is; `None` for a written one.
    pub spoken_ms: Option<u32>,
    /// For a spoken answer that was interrupted: how much of it was heard.
    pub heard_ms: Option<u32>,
    /// Milliseconds since 1970 (UTC).
    pub created_ms: u64,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    /// It is being written.
    Streaming,
    /// It is whole.
    Complete,
    /// The person stopped it; what came is kept.
    Stopped,
    /// It broke off (connection, crash); what came is kept.
    Cut,
    /// Nothing came.
    Failed,
}

/// What took how long, in milliseconds; `None` when unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// From sending to the first word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_word_ms: Option<u32>,
    /// From the end of speech to the first sound of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_sound_ms: Option<u32>,
    /// Of that: this computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours_ms: Option<u32>,
    /// Of that: the way to the provider and back, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_ms: Option<u32>,
    /// Of that: the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_ms: Option<u32>,
    /// No time, but known with them: how many characters of an interrupted spoken answer were heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_chars: Option<u32>,
    /// How long each thinking block took, in the order of the blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thought_ms: Vec<u32>,
    /// From sending to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u32>,
    /// No time, but known with them: how many of the oldest messages the model was not told, since it could not have read
    /// them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u32>,
}

impl MessageStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Cut => "cut",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Streaming, Self::Complete, Self::Stopped, Self::Cut, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| StoreError::Damaged(format!("unknown message status {text:?}").into()))
    }
}

pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
    }
}

fn parse_role(text: &str) -> Result<Role, StoreError> {
    [Role::User, Role::Assistant, Role::System]
        .into_iter()
        .find(|role| role_name(*role) == text)
        .ok_or_else(|| StoreError::Damaged(format!("unknown role {text:?}").into()))
}

impl StoredMessage {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let json = |column| -> Result<Option<&str>, sqlx::Error> { row.try_get::<Option<&str>, _>(column) };
        Ok(Self {
            msg: Msg {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                role: parse_role(row.try_get("role")?)?,
                content: serde_json::from_str::<Vec<ContentBlock>>(row.try_get("content")?)?,
                metadata: serde_json::from_str(row.try_get("metadata")?)?,
                timestamp: row.try_get("timestamp")?,
                invocation_id: row.try_get("invocation_id")?,
            },
            seq: unsigned(row.try_get("n")?),
            conversation_id: row.try_get("conversation_id")?,
            parent_id: row.try_get("parent_id")?,
            status: MessageStatus::parse(row.try_get("status")?)?,
            error: json("error")?.map(serde_json::from_str).transpose()?,
            provider: row.try_get("provider")?,
            model: row.try_get("model")?,
            usage: json("usage")?.map(serde_json::from_str).transpose()?,
            timings: json("timings")?.map(serde_json::from_str).transpose()?.unwrap_or_default(),
            spoken_ms: short(row.try_get("spoken_ms")?),
            heard_ms: short(row.try_get("heard_ms")?),
            created_ms: unsigned(row.try_get("created_ms")?),
        })
    }
}

/// The shown branch of a thread, from its end to its beginning and then turned round. `CROSS JOIN` keeps SQLite from
/// walking over all messages to spare itself the sorting.
pub(crate) const BRANCH: &str = "WITH RECURSIVE branch (n, parent_id) AS (
        SELECT message.n, message.parent_id FROM conversation JOIN message ON message.id = conversation.leaf_id
        WHERE conversation.id = ? AND conversation.deleted_ms IS NULL
        UNION ALL
        SELECT message.n, message.parent_id FROM branch JOIN message ON message.id = branch.parent_id
    )
    SELECT message.* FROM branch CROSS JOIN message ON message.n = branch.n ORDER BY message.n";

impl Store {
    /// A message, `None` when there is none of this id.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn message(&self, id: &str) -> Result<Option<StoredMessage>, StoreError> {
        let row = sqlx::query("SELECT * FROM message WHERE id = ?").bind(id).fetch_optional(self.readers()).await?;
        row.as_ref().map(StoredMessage::read).transpose()
    }

    /// The messages of a thread on the branch that is shown, oldest first; empty when the thread is not there.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn messages(&self, conversation_id: &str) -> Result<Vec<StoredMessage>, StoreError> {
        let rows = sqlx::query(BRANCH).bind(conversation_id).fetch_all(self.readers()).await?;
        rows.iter().map(StoredMessage::read).collect()
    }

    /// The newest spoken answers, the newest first.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn spoken_answers(&self, limit: u32) -> Result<Vec<StoredMessage>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM message WHERE spoken_ms IS NOT NULL AND role = 'assistant' ORDER BY n DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(StoredMessage::read).collect()
    }

    /// The messages that share a parent with this one, itself included, in order of arrival: the branches here.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn siblings(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let ids = sqlx::query_scalar(
            "SELECT other.id FROM message AS this JOIN message AS other
             ON other.conversation_id = this.conversation_id AND other.parent_id IS this.parent_id
             WHERE this.id = ? ORDER BY other.n",
        )
        .bind(id)
        .fetch_all(self.readers())
        .await?;
        Ok(ids)
    }
}

/// Where a message stands in the tree of its thread.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) n: i64,
    pub(crate) conversation_id: String,
}

/// The place of a message, within a transaction.
pub(crate) async fn place(db: &mut SqliteConnection, id: &str) -> Result<Option<Place>, StoreError> {
    let row = sqlx::query("SELECT n, conversation_id FROM message WHERE id = ?").bind(id).fetch_optional(db).await?;
    row.map(|row| Ok(Place { n: row.try_get("n")?, conversation_id: row.try_get("conversation_id")? })).transpose()
}
