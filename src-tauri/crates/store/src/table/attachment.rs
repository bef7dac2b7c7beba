//! The table `attachment`: files that the person chose for a message, as they were then. A model reads them with a tool.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};
use crate::table::unsigned;

/// A file that was chosen, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: String,
    /// The message it was chosen for.
    pub message_id: String,
    /// As the person knows it, without a folder.
    pub name: String,
    /// For example `text/plain` or `image/png`.
    pub media_type: String,
    /// Where it was to go when it was chosen: the origin of the provider that answered.
    pub origin: String,
    /// How long it is, in bytes.
    pub bytes: u64,
}

/// A file to be kept with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttachment {
    /// Its id.
    pub id: String,
    /// As the person knows it, without a folder.
    pub name: String,
    /// For example `text/plain` or `image/png`.
    pub media_type: String,
    /// Where it is to go: the origin of the provider that answers.
    pub origin: String,
    /// The whole file.
    pub bytes: Vec<u8>,
}

impl Store {
    /// The files of a thread, oldest first, those of branches that are not shown included.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn attachments(&self, conversation_id: &str) -> Result<Vec<Attachment>, StoreError> {
        let rows = sqlx::query(
            "SELECT attachment.id, message_id, attachment.name, media_type, origin, length(bytes) AS bytes
             FROM attachment JOIN message ON message.id = attachment.message_id
             WHERE message.conversation_id = ? ORDER BY attachment.n",
        )
        .bind(conversation_id)
        .fetch_all(self.readers())
        .await?;
        let read = rows.iter().map(|row| {
            Ok(Attachment {
                id: row.try_get("id")?,
                message_id: row.try_get("message_id")?,
                name: row.try_get("name")?,
                media_type: row.try_get("media_type")?,
                origin: row.try_get("origin")?,
                bytes: unsigned(row.try_get("bytes")?),
            })
        });
        read.collect()
    }

    /// The bytes of a file, `None` when it is not there (any more).
    ///
    /// # Errors
    /// When reading fails.
    pub async fn attachment_bytes(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = sqlx::query_scalar("SELECT bytes FROM attachment WHERE id = ?").bind(id);
        Ok(bytes.fetch_optional(self.readers()).await?)
    }

    /// Forgets a file; the id of the message it was chosen for, `None` when it was not there.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn forget_attachment(&self, id: &str) -> Result<Option<String>, StoreError> {
        settled!(self, self.forget_once(id))
    }

    async fn forget_once(&self, id: &str) -> Result<Option<String>, StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let message_id = sqlx::query_scalar("DELETE FROM attachment WHERE id = ? RETURNING message_id")
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        Ok(message_id)
    }
}

/// Adds a file to a message, within the transaction that adds the message.
pub(crate) async fn insert(db: &mut SqliteConnection, message_id: &str, file: &NewAttachment) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO attachment (id, message_id, name, media_type, origin, bytes) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&file.id)
        .bind(message_id)
        .bind(&file.name)
        .bind(&file.media_type)
        .bind(&file.origin)
        .bind(&file.bytes)
        .execute(db)
        .await
        .map(drop)
}
