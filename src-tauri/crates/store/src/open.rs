//! Opening: folder, lock, a look at what is there, migration, recovery. In this order, and nothing is written before
//! the look has said that the file is ours and not from the future.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parlance_core::Clock;
use parlance_core::clock::SystemClock;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use crate::connect;
use crate::error::{OpenError, StoreError, system};
use crate::folder::{self, Access, Folder, Hold, Mark};
use crate::log::{self, Log};
use crate::place;
use crate::reserve::{RESERVE_BYTES, Reserve};
use crate::schema::{self, Depth, Finding};
use crate::session::{self, Session};
use crate::store::{Inner, Store, Writer};
use crate::table::meta;

/// Up to this size every page is checked at each start: about 15 ms.
const ALWAYS_CHECKED_BYTES: u64 = 16 * 1024 * 1024;

/// Above this size a check is not worth the wait, even after a crash: over a second.
const NEVER_CHECKED_BYTES: u64 = 1024 * 1024 * 1024;

/// How to open.
#[derive(Clone)]
pub struct Options {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How long to wait for another program that holds the database.
    pub busy: Duration,
}

impl Default for Options {
    /// The machine's clock, and five seconds.
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), busy: Duration::from_secs(5) }
    }
}

impl Store {
    /// Opens the store in a data folder, making both if nothing was ever there.
    ///
    /// Answers that were running when the program was killed become messages marked cut; conversations taken away in an
    /// earlier run are removed for good.
    ///
    /// # Errors
    /// [`OpenError`]: each kind is another screen. Nothing was overwritten.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        if let Some(elsewhere) = place::elsewhere(path) {
            return Err(OpenError::Elsewhere { path: path.to_owned(), what: elsewhere.what });
        }
        let (folder, access) = Folder::prepare(path)?;
        match access {
            Access::ReadWrite => open_to_write(folder, options).await,
            Access::ReadOnly => open_to_read(folder, options).await,
        }
    }
}

async fn open_to_write(folder: Folder, options: Options) -> Result<Store, OpenError> {
    let path = folder.database();
    let lock_error = || system("locking", folder.root());
    let busy = || OpenError::Busy { path: path.clone() };
    let lock = folder.open_lock(Access::ReadWrite)?.expect("BUG: a folder that can be written has a lock file");
    let mut hold = folder::take(&lock, options.busy).await.map_err(lock_error())?.ok_or_else(busy)?;

    let mut seen = look(&folder, hold, &options).await?;
    if seen.found == Finding::Empty {
        require_room(&folder)?;
    }
    if seen.found != Finding::Ours(schema::KNOWN) && hold == Hold::Shared {
        hold = folder::take_alone(&lock, options.busy).await.map_err(lock_error())?.ok_or_else(busy)?;
        // Another program may have migrated while this one waited.
        seen = look(&folder, hold, &options).await?;
    }
    if !path.exists() {
        Folder::create_private(&path).map_err(system("creating", &path))?;
    }
    if matches!(seen.found, Finding::Ours(_)) {
        // From here on there may be a log, which after a clean end would pass for somebody else's.
        folder.write_mark(Mark::Open).map_err(system("marking", folder.root()))?;
    }
    let mut connection = connect::writer(&path, options.busy).await.map_err(schema::database(&path))?;
    match seen.found {
        Finding::Ours(schema::KNOWN) => {}
        Finding::Ours(older) => schema::migrate(&mut connection, &folder, Some(older), options.clock.wall()).await?,
        _ => schema::migrate(&mut connection, &folder, None, options.clock.wall()).await?,
    }
    // Only now is there something that must not be replaced.
    folder.write_mark(Mark::Open).map_err(system("marking", folder.root()))?;

    if hold == Hold::Alone {
        session::sweep(&folder).map_err(system("tidying", folder.root()))?;
    }
    let session = Session::begin(&folder).map_err(system("locking", folder.root()))?;
    let readers = connect::readers(&path, options.busy);
    let mut store = assemble(folder, Access::ReadWrite, options, readers, Some(connection));
    store.session = Some(session);
    let mut store = Store { inner: Arc::new(store) };
    store.recover().await.map_err(|error| recovery(&path, error))?;
    if hold == Hold::Alone {
        // With others about, one of them may still bring a thread back.
        store.purge_deleted().await.map_err(|error| recovery(&path, error))?;
    }
    if seen.index == Index::Wrong {
        tracing::warn!("the text index did not fit the messages; made anew");
        store.index_anew().await.map_err(|error| recovery(&path, error))?;
    }
    if seen.depth == Depth::EveryPage {
        store.note_check().await.map_err(|error| recovery(&path, error))?;
    }
    let patience = store.inner.busy;
    folder::share(&lock, patience).await.map_err(system("locking", store.folder()))?.ok_or(OpenError::Busy { path })?;
    store.inner.reserve.put_by();
    Arc::get_mut(&mut store.inner).expect("BUG: nobody else has the store yet").lock = Some(lock);
    Ok(store)
}

/// A store with neither session, lock nor copy yet.
fn assemble(
    folder: Folder,
    access: Access,
    options: Options,
    readers: SqlitePool,
    connection: Option<SqliteConnection>,
) -> Inner {
    Inner {
        reserve: Reserve::of(&folder),
        folder,
        access,
        busy: options.busy,
        readers,
        writer: Arc::new(Mutex::new(Writer { connection, has_failed: false })),
        session: None,
        lock: None,
        copy: None,
        written: std::sync::Mutex::new(options.clock.now()),
        is_suspect: AtomicBool::new(false),
        clock: options.clock,
    }
}

/// What was seen, and how deep the look went.
struct Seen {
    found: Finding,
    depth: Depth,
    index: Index,
}

/// Whether the text index fits the messages, as far as was looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    Fits,
    Wrong,
}

impl Seen {
    /// A wrong index does not make the file another one: it is mended once the store is open.
    fn of(found: Finding, depth: Depth) -> Self {
        match found {
            Finding::WrongIndex(version) => Self { found: Finding::Ours(version), depth, index: Index::Wrong },
            found => Self { found, depth, index: Index::Fits },
        }
    }
}

/// Looks at the database file, if there is one. Whatever is not ours to write is an error here.
async fn look(folder: &Folder, hold: Hold, options: &Options) -> Result<Seen, OpenError> {
    let path = folder.database();
    let mark = folder.read_mark();
    let known = mark != Mark::Never || !folder.backups().is_empty();
    let size = Folder::size_of(&path);
    if size == 0 && Folder::size_of(&folder.wal()) == 0 {
        let what = if path.exists() { "the database is empty" } else { "the database is missing" };
        return if known { Err(damaged(folder, what)) } else { Ok(Seen::of(Finding::Empty, Depth::Header)) };
    }
    if !path.exists() {
        return Err(damaged(folder, "the database is missing, and only its log is there"));
    }
    if hold == Hold::Alone {
        refuse_bad_log(folder)?;
    }
    let unclean = hold == Hold::Alone && (mark != Mark::Closed || Folder::size_of(&folder.wal()) > 0);
    let mut db = connect::inspector(&path, options.busy).await.map_err(|error| opening(folder, error))?;
    let look = async {
        let found = schema::inspect(&mut db, Depth::Header).await?;
        let due = match (&found, size) {
            (Finding::Ours(_), ..=ALWAYS_CHECKED_BYTES) => true,
            (Finding::Ours(_), ..=NEVER_CHECKED_BYTES) => {
                unclean || meta::check_is_due(&mut db, options.clock.wall()).await?
            }
            _ => false,
        };
        Ok(match due {
            true => Seen::of(schema::inspect(&mut db, Depth::EveryPage).await?, Depth::EveryPage),
            false => Seen::of(found, Depth::Header),
        })
    };
    let seen = look.await.map_err(|error| opening(folder, error));
    connect::close(db).await;
    let seen = seen?;
    match seen.found {
        // A process was killed while it made the very first database.
        Finding::Empty if !known => Ok(seen),
        found => Ok(Seen { found: accept(folder, found)?, ..seen }),
    }
}

/// SQLite would drop a torn log, and take in one that is not its own.
fn refuse_bad_log(folder: &Folder) -> Result<(), OpenError> {
    match log::look(folder) {
        Log::None | Log::Ours => Ok(()),
        Log::Torn => Err(damaged(folder, "the log beside the database is damaged")),
        Log::Foreign => Err(damaged(folder, "the log beside the database belongs to another one")),
    }
}

fn accept(folder: &Folder, found: Finding) -> Result<Finding, OpenError> {
    match found {
        Finding::Newer(found) => Err(OpenError::Newer { path: folder.database(), found, known: schema::KNOWN }),
        Finding::Damaged(what) => Err(damaged(folder, &what)),
        Finding::Empty => Err(damaged(folder, "the database is empty")),
        Finding::Ours(version) | Finding::WrongIndex(version) => Ok(Finding::Ours(version)),
    }
}

fn damaged(folder: &Folder, what: &str) -> OpenError {
    OpenError::Damaged { path: folder.database(), what: what.to_owned(), backups: folder.backups() }
}

fn opening(folder: &Folder, error: sqlx::Error) -> OpenError {
    match schema::database(&folder.database())(error) {
        OpenError::Damaged { what, .. } => damaged(folder, &what),
        other => other,
    }
}

fn recovery(path: &Path, error: StoreError) -> OpenError {
    match error {
        StoreError::Busy => OpenError::Busy { path: path.to_owned() },
        StoreError::Full => OpenError::Full { path: path.to_owned(), needed: RESERVE_BYTES, free: 0 },
        other => OpenError::System { doing: "recovering", path: path.to_owned(), source: Box::new(other) },
    }
}

/// A new database needs room for itself and for its reserve.
fn require_room(folder: &Folder) -> Result<(), OpenError> {
    let needed = 2 * RESERVE_BYTES;
    let free = fs4::available_space(folder.root()).map_err(system("measuring free space of", folder.root()))?;
    if free < needed { Err(OpenError::Full { path: folder.database(), needed, free }) } else { Ok(()) }
}

async fn open_to_read(folder: Folder, options: Options) -> Result<Store, OpenError> {
    let original = folder.database();
    if Folder::size_of(&original) == 0 {
        return Err(match folder.read_mark() == Mark::Never && folder.backups().is_empty() {
            true => OpenError::ReadOnly { path: folder.root().to_owned() },
            false => damaged(&folder, "the database is missing or empty"),
        });
    }
    refuse_bad_log(&folder)?;
    // `immutable` would not see what a left log holds, and the log cannot be replayed where nothing can be written.
    let copy = match Folder::size_of(&folder.wal()) {
        0 => None,
        _ => Some(TemporaryCopy::of(&folder)?),
    };
    let path = copy.as_ref().map_or(original.clone(), TemporaryCopy::database);
    let opened = match copy {
        Some(_) => connect::inspector(&path, options.busy).await,
        None => connect::immutable_inspector(&path, options.busy).await,
    };
    let mut db = opened.map_err(|error| opening(&folder, error))?;
    let found = schema::inspect(&mut db, Depth::EveryPage).await.map_err(|error| opening(&folder, error));
    connect::close(db).await;
    if accept(&folder, found?)? != Finding::Ours(schema::KNOWN) {
        // An older schema would have to be migrated first.
        return Err(OpenError::ReadOnly { path: folder.root().to_owned() });
    }
    let readers = match copy {
        Some(_) => connect::readers(&path, options.busy),
        None => connect::immutable_readers(&path, options.busy),
    };
    let lock = folder.open_lock(Access::ReadOnly)?;
    if let Some(lock) = &lock {
        folder::take(lock, options.busy).await.map_err(system("locking", folder.root()))?;
        folder::share(lock, options.busy).await.map_err(system("locking", folder.root()))?;
    }
    let mut store = assemble(folder, Access::ReadOnly, options, readers, None);
    (store.lock, store.copy) = (lock, copy);
    Ok(Store { inner: Arc::new(store) })
}

/// A copy of database and log in a private temporary folder, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryCopy {
    root: PathBuf,
}

impl TemporaryCopy {
    fn of(folder: &Folder) -> Result<Self, OpenError> {
        let root = std::env::temp_dir().join(format!("parlance-{}", parlance_core::id::random()));
        let (inner, access) = Folder::prepare(&root)?;
        let copy = Self { root };
        if access == Access::ReadOnly {
            return Err(OpenError::ReadOnly { path: folder.root().to_owned() });
        }
        for (from, to) in [(folder.database(), inner.database()), (folder.wal(), inner.wal())] {
            Folder::create_private(&to).map_err(system("creating", &to))?;
            std::fs::copy(&from, &to).map_err(system("copying", &from))?;
        }
        Ok(copy)
    }

    fn database(&self) -> PathBuf {
        self.root.join("parlance.db")
    }
}

impl Drop for TemporaryCopy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}
