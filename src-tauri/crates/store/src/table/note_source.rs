//! Where notes come from: files they were read from, imports that run, folders that are followed.

use std::collections::HashMap;

use sqlx::Row as _;

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};

/// What is known of a file that a note was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// The note.
    pub id: String,
    /// Of the file's bytes when it was read; `None` when the person has changed the note since.
    pub hash: Option<Vec<u8>>,
    /// When the file had been changed then, in milliseconds since 1970 (UTC).
    pub ms: i64,
    /// How long it was.
    pub bytes: i64,
    /// The followed folder it lies in.
    pub followed_n: Option<i64>,
}

/// A folder that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The row.
    pub n: i64,
    /// Its id.
    pub id: String,
    /// Where it is.
    pub path: String,
    /// How many notes come from it.
    pub notes: u32,
}

impl Store {
    /// The files at or below a path that notes were read from, by where they are.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn known_files(&self, path: &str, separator: char) -> Result<HashMap<String, KnownFile>, StoreError> {
        let below = format!("{}{separator}", path.trim_end_matches(separator));
        // The next string after all that begin with it.
        let mut end = below.clone();
        end.pop();
        end.push(char::from_u32(u32::from(separator) + 1).unwrap_or(char::MAX));
        let rows = sqlx::query(
            "SELECT path, id, file_hash, file_ms, file_bytes, followed_n FROM note
             WHERE (path = ?1 OR path >= ?2 AND path < ?3) AND deleted_ms IS NULL",
        )
        .bind(path)
        .bind(below)
        .bind(end)
        .fetch_all(self.readers())
        .await?;
        let known = rows.iter().map(|row| {
            let file = KnownFile {
                id: row.try_get("id")?,
                hash: row.try_get("file_hash")?,
                ms: row.try_get::<Option<i64>, _>("file_ms")?.unwrap_or(0),
                bytes: row.try_get::<Option<i64>, _>("file_bytes")?.unwrap_or(-1),
                followed_n: row.try_get("followed_n")?,
            };
            Ok((row.try_get("path")?, file))
        });
        known.collect()
    }

    /// The file of a note has another place now.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn move_note_file(&self, id: &str, path: &str, folder: &str) -> Result<(), StoreError> {
        settled!(self, self.move_note_file_once(id, path, folder))
    }

    async fn move_note_file_once(&self, id: &str, path: &str, folder: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        sqlx::query(
            // Its name may be the note's title, so it is read again.
            "UPDATE note SET path = ?, folder = ?, file_hash = x'', file_ms = NULL WHERE id = ?",
        )
        .bind(path)
        .bind(folder)
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        self.commit(transaction).await
    }

    /// Writes down that an import has begun.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn begin_import(&self, path: &str) -> Result<(), StoreError> {
        settled!(self, self.note_import_once("INSERT OR IGNORE INTO note_import (path) VALUES (?)", path))
    }

    /// Writes down that an import is over.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn end_import(&self, path: &str) -> Result<(), StoreError> {
        settled!(self, self.note_import_once("DELETE FROM note_import WHERE path = ?", path))
    }

    async fn note_import_once(&self, sql: &'static str, path: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        sqlx::query(sql).bind(path).execute(&mut *transaction).await?;
        self.commit_as_before(transaction).await
    }

    /// Imports that have begun and are not over.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn unfinished_imports(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT path FROM note_import ORDER BY n").fetch_all(self.readers()).await?)
    }

    /// Follows a folder; the one that is followed there already, where one is.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn follow(&self, path: &str) -> Result<Followed, StoreError> {
        settled!(self, self.follow_once(path))?;
        let all = self.followed().await?;
        all.into_iter()
            .find(|folder| folder.path == path)
            .ok_or_else(|| StoreError::Gone { what: "folder", id: path.to_owned() })
    }

    async fn follow_once(&self, path: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::New).await?;
        sqlx::query("INSERT OR IGNORE INTO followed_folder (id, path) VALUES (?, ?)")
            .bind(parlance_core::id::random())
            .bind(path)
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    /// The folders that are followed.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn followed(&self) -> Result<Vec<Followed>, StoreError> {
        let rows = sqlx::query(
            "SELECT n, id, path, (SELECT count(*) FROM note WHERE followed_n = followed_folder.n AND deleted_ms IS NULL)
                AS notes FROM followed_folder ORDER BY path",
        )
        .fetch_all(self.readers())
        .await?;
        let followed = rows.iter().map(|row| {
            Ok(Followed {
                n: row.try_get("n")?,
                id: row.try_get("id")?,
                path: row.try_get("path")?,
                notes: u32::try_from(row.try_get::<i64, _>("notes")?).unwrap_or(u32::MAX),
            })
        });
        followed.collect()
    }

    /// Follows a folder no longer; its notes are the person's own from now on.
    ///
    /// # Errors
    /// [`StoreError::Gone`], or when writing fails.
    pub async fn unfollow(&self, id: &str) -> Result<(), StoreError> {
        settled!(self, self.unfollow_once(id))
    }

    async fn unfollow_once(&self, id: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let removed =
            sqlx::query("DELETE FROM followed_folder WHERE id = ?").bind(id).execute(&mut *transaction).await?;
        if removed.rows_affected() == 0 {
            return Err(StoreError::Gone { what: "folder", id: id.to_owned() });
        }
        self.commit(transaction).await
    }

    /// Takes notes away whose files are gone.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn remove_notes(&self, ids: &[String]) -> Result<(), StoreError> {
        settled!(self, self.remove_notes_once(ids))
    }

    async fn remove_notes_once(&self, ids: &[String]) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let now = self.now_ms();
        for id in ids {
            // The path is free for another note from then on.
            sqlx::query("UPDATE note SET deleted_ms = ?, path = NULL WHERE id = ?")
                .bind(now)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        self.commit(transaction).await
    }
}
