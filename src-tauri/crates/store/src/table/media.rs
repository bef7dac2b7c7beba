//! The table `media`: recorded sound. A message's audio block names it as `media:ID`.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use parlance_core::SampleRate;

use crate::error::StoreError;
use crate::store::Store;

const PCM16: &str = "pcm16";

/// Recorded sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its id; `media:ID` in an audio block's url.
    pub id: String,
    /// Mono, full scale is ±32,767.
    pub samples: Vec<i16>,
    /// Samples per second.
    pub rate: SampleRate,
}

impl Media {
    /// How long it lasts, in milliseconds.
    #[must_use]
    pub fn ms(&self) -> u32 {
        let duration = self.rate.duration_of(self.samples.len() as u64);
        u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
    }

    /// The url of an audio block that plays it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("media:{}", self.id)
    }
}

impl Store {
    /// Recorded sound, `None` when it is not there (any more).
    ///
    /// # Errors
    /// When reading fails.
    pub async fn media(&self, id: &str) -> Result<Option<Media>, StoreError> {
        let row = sqlx::query("SELECT rate, bytes FROM media WHERE id = ? AND kind = ?")
            .bind(id)
            .bind(PCM16)
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let rate = u32::try_from(row.try_get::<i64, _>("rate")?).ok().and_then(SampleRate::new);
        let rate = rate.ok_or_else(|| StoreError::Damaged("a sample rate that no sound has".into()))?;
        let bytes: &[u8] = row.try_get("bytes")?;
        let samples = bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        Ok(Some(Media { id: id.to_owned(), samples, rate }))
    }

    /// How long recorded sound lasts, in milliseconds, without reading it. `None` when it is not there (any more).
    ///
    /// # Errors
    /// When reading fails.
    pub async fn media_ms(&self, id: &str) -> Result<Option<u32>, StoreError> {
        let ms: Option<i64> =
            sqlx::query_scalar("SELECT ms FROM media WHERE id = ?").bind(id).fetch_optional(self.readers()).await?;
        Ok(super::short(ms))
    }
}

/// Adds sound to a message, within the transaction that adds or ends the message.
pub(crate) async fn insert(db: &mut SqliteConnection, message_id: &str, media: &Media) -> sqlx::Result<()> {
    let bytes: Vec<u8> = media.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    sqlx::query("INSERT INTO media (id, message_id, kind, rate, ms, bytes) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&media.id)
        .bind(message_id)
        .bind(PCM16)
        .bind(media.rate.hz())
        .bind(media.ms())
        .bind(bytes)
        .execute(db)
        .await
        .map(drop)
}
