//! The ways back from a database that cannot be opened: an older copy, or what can still be read. Called by the app
//! while no store is open.
//!
//! The damaged files are never written and never removed: they are kept aside, together, in a folder of their own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use time::OffsetDateTime;

use crate::backup::{self, Backup};
use crate::connect;
use crate::error::{OpenError, StoreError, system};
use crate::folder::{self, Access, Folder};
use crate::log::{self, Log};
use crate::open::Options;
use crate::place;
use crate::salvage;
use crate::schema::{self, Depth, Finding};
use crate::store::Store;

/// What can be done about a database that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueOptions {
    /// Copies that can be restored, newest first.
    pub backups: Vec<Backup>,
    /// Whether anything in the damaged file can be read.
    pub is_salvageable: bool,
}

/// An older copy is in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How many conversations it holds.
    pub conversations: u32,
    /// Where the old files are kept.
    pub aside: PathBuf,
}

/// A new database is in place, with what could be read of the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// How many conversations are in it, whole or in part.
    pub conversations: u32,
    /// How many there were, as far as anything tells: an index, or a message that names its conversation.
    pub of: u32,
    /// How many messages are in it.
    pub messages: u32,
    /// Where the old files are kept.
    pub aside: PathBuf,
}

impl Store {
    /// What can be done about the database in a data folder. Changes nothing.
    ///
    /// # Errors
    /// When the folder cannot be used at all.
    pub async fn rescue_options(path: &Path, options: &Options) -> Result<RescueOptions, OpenError> {
        let (folder, _) = prepare(path)?;
        let is_salvageable = match look(&folder, options).await {
            Ok(mut db) => {
                let has_tables = salvage::has_tables(&mut db).await;
                connect::close(db).await;
                has_tables
            }
            Err(_) => false,
        };
        Ok(RescueOptions { backups: backup::list(&folder).await, is_salvageable })
    }

    /// Puts a copy in the place of the database. The copy stays where it is, and what was there is kept aside.
    ///
    /// # Errors
    /// [`OpenError::Busy`] while anyone has the store open; [`OpenError::Damaged`] when there is no such copy or it is
    /// not whole. Then nothing was changed.
    pub async fn restore(path: &Path, name: &str, options: &Options) -> Result<Restored, OpenError> {
        let (folder, _lock) = alone(path, options).await?;
        let unfit = |what: &str| OpenError::Damaged {
            path: folder.backup_folder().join(name),
            what: what.to_owned(),
            backups: folder.backups(),
        };
        let is_named = |path: &&PathBuf| path.file_name().is_some_and(|it| it == name);
        let copy = folder.backups().iter().find(is_named).cloned().ok_or_else(|| unfit("there is no such back-up"))?;
        let new = fresh_file(&folder)?;
        fs::copy(&copy, &new).map_err(system("copying", &copy))?;
        let checked = check_new(&new, &unfit).await;
        if checked.is_err() {
            let _ = fs::remove_file(&new);
        }
        let conversations = checked?;
        let aside = swap(&folder, &new, options.clock.wall())?;
        Ok(Restored { conversations, aside })
    }

    /// Makes a new database of what can be read of the damaged one, and keeps the old files aside.
    ///
    /// # Errors
    /// [`OpenError::Busy`] while anyone has the store open, [`OpenError::Newer`], [`OpenError::Full`];
    /// [`OpenError::Damaged`] when nothing can be read. Then nothing was changed.
    pub async fn salvage(path: &Path, options: &Options) -> Result<Salvaged, OpenError> {
        let (folder, _lock) = alone(path, options).await?;
        refuse_newer(&folder, options).await?;
        let needed = Folder::size_of(&folder.database()).saturating_add(Folder::size_of(&folder.wal()));
        let free = fs4::available_space(folder.root()).map_err(system("measuring free space of", folder.root()))?;
        if free < needed {
            return Err(OpenError::Full { path: folder.database(), needed, free });
        }
        let new = fresh_file(&folder)?;
        let made = make_new(&folder, &new, options).await;
        if made.is_err() {
            let _ = fs::remove_file(&new);
        }
        let found = made?;
        let aside = swap(&folder, &new, options.clock.wall())?;
        tracing::warn!(?found, "what could be read of the damaged database was put into a new one");
        Ok(Salvaged { conversations: found.conversations, of: found.of, messages: found.messages, aside })
    }
}

fn prepare(path: &Path) -> Result<(Folder, Access), OpenError> {
    match place::elsewhere(path) {
        Some(elsewhere) => Err(OpenError::Elsewhere { path: path.to_owned(), what: elsewhere.what }),
        None => Folder::prepare(path),
    }
}

/// The folder, with nobody else in it for as long as the lock is held.
async fn alone(path: &Path, options: &Options) -> Result<(Folder, File), OpenError> {
    let (folder, access) = prepare(path)?;
    if access == Access::ReadOnly {
        return Err(OpenError::ReadOnly { path: folder.root().to_owned() });
    }
    let lock = folder.open_lock(access)?.expect("BUG: a folder that can be written has a lock file");
    let held = folder::take_alone(&lock, options.busy).await.map_err(system("locking", folder.root()))?;
    match held {
        Some(_) => Ok((folder, lock)),
        None => Err(OpenError::Busy { path: folder.database() }),
    }
}

/// Opens the damaged file to read it, without a log that is not its own.
async fn look(folder: &Folder, options: &Options) -> sqlx::Result<SqliteConnection> {
    match log::look(folder) {
        Log::None | Log::Ours => connect::inspector(&folder.database(), options.busy).await,
        Log::Torn | Log::Foreign => connect::immutable_inspector(&folder.database(), options.busy).await,
    }
}

async fn refuse_newer(folder: &Folder, options: &Options) -> Result<(), OpenError> {
    let Ok(mut db) = look(folder, options).await else { return Ok(()) };
    let found = schema::inspect(&mut db, Depth::Header).await;
    connect::close(db).await;
    match found {
        Ok(Finding::Newer(found)) => Err(OpenError::Newer { path: folder.database(), found, known: schema::KNOWN }),
        _ => Ok(()),
    }
}

/// An empty private file beside the database, for the new one.
fn fresh_file(folder: &Folder) -> Result<PathBuf, OpenError> {
    let new = folder.root().join("parlance.new");
    // What a killed program left is half of something.
    for name in ["parlance.new", "parlance.new-wal", "parlance.new-shm"] {
        let _ = fs::remove_file(folder.root().join(name));
    }
    Folder::create_private(&new).map_err(system("creating", &new))?;
    Ok(new)
}

/// Looks at every page of a copy, and whether it holds our tables and nothing else: it may come from anybody. Tells how
/// many conversations there are.
async fn check_new(new: &Path, unfit: &impl Fn(&str) -> OpenError) -> Result<u32, OpenError> {
    let failed = schema::database(new);
    let mut db = backup::open(new).await.map_err(&failed)?;
    let outcome = async {
        let version = match schema::inspect(&mut db, Depth::EveryPage).await.map_err(&failed)? {
            Finding::Ours(version) | Finding::WrongIndex(version) => version,
            Finding::Newer(found) => {
                return Err(OpenError::Newer { path: new.to_owned(), found, known: schema::KNOWN });
            }
            Finding::Empty => return Err(unfit("the back-up is empty")),
            Finding::Damaged(_) => return Err(unfit("the back-up is damaged")),
        };
        if !schema::is_pure(&mut db, version).await.map_err(&failed)? {
            return Err(unfit("the back-up holds tables or triggers that are not Parlance's"));
        }
        backup::count(&mut db).await.map_err(&failed)
    };
    let outcome = outcome.await;
    connect::close(db).await;
    outcome
}

async fn make_new(folder: &Folder, new: &Path, options: &Options) -> Result<salvage::Found, OpenError> {
    let old = folder.database();
    let failed = schema::database(new);
    let unfit = |what: &str| OpenError::Damaged { path: old.clone(), what: what.to_owned(), backups: folder.backups() };
    let mut db = connect::writer(new, options.busy).await.map_err(&failed)?;
    let outcome = async {
        schema::migrate(&mut db, folder, None, options.clock.wall()).await?;
        salvage::fill(&mut db, &old, log::look(folder)).await.map_err(|error| match error {
            StoreError::Full => OpenError::Full { path: new.to_owned(), needed: Folder::size_of(&old), free: 0 },
            StoreError::Busy => OpenError::Busy { path: old.clone() },
            StoreError::Damaged(_) => unfit("nothing in it can be read"),
            other => OpenError::System { doing: "salvaging", path: old.clone(), source: Box::new(other) },
        })
    };
    let outcome = outcome.await;
    connect::close(db).await;
    let found = outcome?;
    if found.conversations == 0 {
        return Err(unfit("nothing in it can be read"));
    }
    check_new(new, &|what| OpenError::System {
        doing: "checking what was salvaged from",
        path: old.clone(),
        source: what.into(),
    })
    .await?;
    Ok(found)
}

/// Puts a new database in the place of the old one, which is kept aside with its log. At every moment in between the
/// old one is either in place or missed at the next start, never mixed with the new one.
fn swap(folder: &Folder, new: &Path, wall: Duration) -> Result<PathBuf, OpenError> {
    File::open(new).and_then(|file| file.sync_all()).map_err(system("syncing", new))?;
    let aside = new_aside(folder, wall).map_err(system("creating a folder in", folder.root()))?;
    // The database first: a database without its log would pass for a whole one.
    for name in ["parlance.db", "parlance.db-wal", "parlance.db-shm"] {
        let old = folder.root().join(name);
        if old.exists() {
            fs::rename(&old, aside.join(name)).map_err(system("keeping aside", &old))?;
        }
    }
    Folder::sync(&aside).and_then(|()| Folder::sync(folder.root())).map_err(system("syncing", folder.root()))?;
    fs::rename(new, folder.database()).map_err(system("putting in place", new))?;
    Folder::sync(folder.root()).map_err(system("syncing", folder.root()))?;
    Ok(aside)
}

/// `damaged-2026-11-24`, or the next number on the same day.
fn new_aside(folder: &Folder, wall: Duration) -> std::io::Result<PathBuf> {
    let seconds = i64::try_from(wall.as_secs()).unwrap_or(0);
    let date = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    let mut number = 1_u32;
    loop {
        let name = if number == 1 { format!("damaged-{date}") } else { format!("damaged-{date}-{number}") };
        let aside = folder.root().join(name);
        match folder::private_folder().create(&aside) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            outcome => return outcome.map(|()| aside),
        }
    }
}
