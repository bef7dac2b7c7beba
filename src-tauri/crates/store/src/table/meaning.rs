//! The tables `meaning_model` and `meaning`: what models made of passages.
//!
//! A meaning is kept only while the passage it was made for is there and says the same: what comes late is dropped.

use futures_util::TryStreamExt as _;
use sqlx::Row as _;

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};

/// A model that made meanings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeaningModel {
    /// The row.
    pub n: i64,
    /// Provider and model, as the caller names them.
    pub name: String,
    /// How long its vectors are.
    pub dimensions: usize,
    /// How many passages have a meaning of it.
    pub ready: u32,
}

/// A passage that a model has made nothing of yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmeant {
    /// The passage.
    pub n: i64,
    /// Its note.
    pub note_n: i64,
    /// Its note's title.
    pub title: String,
    /// The headings above it.
    pub heading: Vec<String>,
    /// Its words.
    pub text: String,
    /// Of all that is embedded.
    pub hash: Vec<u8>,
}

/// What a model made of a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMeaning {
    /// The passage.
    pub n: i64,
    /// What it said then.
    pub hash: Vec<u8>,
    /// What the codes are multiplied by.
    pub scale: f32,
    /// A signed byte a dimension.
    pub codes: Vec<u8>,
}

impl Store {
    /// The model of this name, new where it is not there.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn meaning_model(&self, name: &str, dimensions: usize) -> Result<MeaningModel, StoreError> {
        settled!(self, self.meaning_model_once(name, dimensions))?;
        let models = self.meaning_models().await?;
        let model = models.into_iter().find(|model| model.name == name);
        model.ok_or_else(|| StoreError::Gone { what: "model", id: name.to_owned() })
    }

    async fn meaning_model_once(&self, name: &str, dimensions: usize) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        // One whose vectors are of another length now is another model: its meanings fit no question any more.
        sqlx::query("DELETE FROM meaning_model WHERE name = ?1 AND dimensions <> ?2")
            .bind(name)
            .bind(i64::try_from(dimensions).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT OR IGNORE INTO meaning_model (name, dimensions) VALUES (?, ?)")
            .bind(name)
            .bind(i64::try_from(dimensions).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        self.commit_as_before(transaction).await
    }

    /// Every model with meanings here.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn meaning_models(&self) -> Result<Vec<MeaningModel>, StoreError> {
        let rows = sqlx::query(
            "SELECT n, name, dimensions, (SELECT count(*) FROM meaning WHERE model_n = meaning_model.n) AS ready
             FROM meaning_model ORDER BY n",
        )
        .fetch_all(self.readers())
        .await?;
        let models = rows.iter().map(|row| {
            Ok(MeaningModel {
                n: row.try_get("n")?,
                name: row.try_get("name")?,
                dimensions: usize::try_from(row.try_get::<i64, _>("dimensions")?).unwrap_or(0),
                ready: u32::try_from(row.try_get::<i64, _>("ready")?).unwrap_or(u32::MAX),
            })
        });
        models.collect()
    }

    /// Forgets models and all that they made.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn forget_meaning_model(&self, n: i64) -> Result<(), StoreError> {
        settled!(self, self.forget_meaning_model_once(n))
    }

    async fn forget_meaning_model_once(&self, n: i64) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        sqlx::query("DELETE FROM meaning WHERE model_n = ?").bind(n).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM meaning_model WHERE n = ?").bind(n).execute(&mut *transaction).await?;
        self.commit_as_before(transaction).await
    }

    /// Hands every meaning of a model to `take`, of passages after this one, in their order: passage, scale, codes.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn each_meaning(
        &self,
        model_n: i64,
        after: i64,
        mut take: impl FnMut(i64, f32, &[u8]),
    ) -> Result<(), StoreError> {
        let sql = "SELECT passage_n, scale, codes FROM meaning WHERE passage_n > ? AND model_n = ? ORDER BY passage_n";
        let mut rows = sqlx::query(sql).bind(after).bind(model_n).fetch(self.readers());
        while let Some(row) = rows.try_next().await? {
            #[expect(clippy::cast_possible_truncation, reason = "it was an f32")]
            let scale = row.try_get::<f64, _>("scale")? as f32;
            take(row.try_get("passage_n")?, scale, row.try_get("codes")?);
        }
        Ok(())
    }

    /// Passages after this one that a model has made nothing of, in their order.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn unmeant(&self, model_n: i64, after: i64, limit: u32) -> Result<Vec<Unmeant>, StoreError> {
        let rows = sqlx::query(
            "SELECT passage.n, note_n, title, heading, hash,
                substr(CAST(text AS BLOB), start + 1, stop - start) AS words
             FROM passage JOIN note ON note.n = note_n
             WHERE passage.n > ?1 AND deleted_ms IS NULL
                AND NOT EXISTS (SELECT 1 FROM meaning WHERE passage_n = passage.n AND model_n = ?2)
             ORDER BY passage.n LIMIT ?3",
        )
        .bind(after)
        .bind(model_n)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        let passages = rows.iter().map(|row| {
            Ok(Unmeant {
                n: row.try_get("n")?,
                note_n: row.try_get("note_n")?,
                title: row.try_get("title")?,
                heading: serde_json::from_str(row.try_get("heading")?)?,
                text: String::from_utf8_lossy(row.try_get("words")?).into_owned(),
                hash: row.try_get("hash")?,
            })
        });
        passages.collect()
    }

    /// Keeps meanings whose passages are there and say the same, in one transaction; which those are.
    ///
    /// # Errors
    /// When writing fails; then none is kept.
    pub async fn put_meanings(&self, model_n: i64, meanings: &[NewMeaning]) -> Result<Vec<i64>, StoreError> {
        settled!(self, self.put_meanings_once(model_n, meanings))
    }

    async fn put_meanings_once(&self, model_n: i64, meanings: &[NewMeaning]) -> Result<Vec<i64>, StoreError> {
        let mut transaction = self.begin(Growth::New).await?;
        let mut kept = Vec::with_capacity(meanings.len());
        for meaning in meanings {
            let done = sqlx::query(
                "INSERT OR REPLACE INTO meaning (passage_n, model_n, scale, codes)
                 SELECT n, ?1, ?2, ?3 FROM passage WHERE n = ?4 AND hash = ?5
                    AND EXISTS (SELECT 1 FROM meaning_model WHERE n = ?1)",
            )
            .bind(model_n)
            .bind(f64::from(meaning.scale))
            .bind(&meaning.codes)
            .bind(meaning.n)
            .bind(&meaning.hash)
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() > 0 {
                kept.push(meaning.n);
            }
        }
        self.commit_as_before(transaction).await?;
        Ok(kept)
    }
}
