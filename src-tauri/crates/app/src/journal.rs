//! The journal of spoken words in the data folder: one file an utterance, written as it comes, removed once it is
//! answered.
//!
//! * `page_file` – what a file holds.
//! * [`DiskJournal`] – the assistant's port: one thread writes, nobody waits for it.
//!
//! A file that is written or waits is locked, so that a second Parlance leaves it alone. After a crash the locks are
//! gone, and what lies there is offered.

mod page_file;

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use parlance_assistant::voice::journal::{Journal, LeftOver, Page};
use parlance_core::{AudioChunk, Clock, SampleRate};

use page_file::Head;

/// All files together may hold so much, or a tenth of what is free, whichever is less.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// Pieces of 20 ms that wait for the disk: five seconds. Behind a slower disk the utterance is in memory only.
const QUEUE: usize = 250;
/// What was written is flushed to the disk itself this often. A crash of Parlance alone loses nothing that was written.
const FLUSH: Duration = Duration::from_secs(1);
const EXTENSION: &str = "pcm";

/// Called with `true` when something cannot be kept on the disk, with `false` when it can again.
pub(crate) type Trouble = Box<dyn Fn(bool) + Send + Sync>;

/// The journal in a folder.
pub(crate) struct DiskJournal {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    free: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    orders: SyncSender<Order>,
    trouble: Arc<Trouble>,
    /// Files of earlier runs, locked while they are offered.
    found: Mutex<HashMap<Page, File>>,
}

enum Order {
    Begin(Page, File),
    Append(Page, Vec<i16>),
    Close(Page),
    Remove(Page),
}

impl DiskJournal {
    /// In this folder, which is made when it is needed. `free` tells how many bytes are free there.
    pub(crate) fn new(
        folder: PathBuf,
        clock: Arc<dyn Clock>,
        free: Box<dyn Fn() -> Option<u64> + Send + Sync>,
        trouble: Trouble,
    ) -> Self {
        let (orders, queue) = sync_channel(QUEUE);
        let trouble = Arc::new(trouble);
        let alarm = Arc::clone(&trouble);
        let spawned = std::thread::Builder::new().name("journal".into()).spawn(move || write(&queue, &alarm));
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for the journal: what is said is in memory only");
        }
        Self { folder, clock, free, orders, trouble, found: Mutex::default() }
    }

    fn path(&self, page: &Page) -> PathBuf {
        path(&self.folder, page)
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!("the disk is too slow for the journal");
            (self.trouble)(true);
        }
    }

    fn has_room(&self) -> bool {
        let used: u64 = files(&self.folder).filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
        let most = (self.free)().map_or(MOST_BYTES, |free| MOST_BYTES.min((free + used) / 10));
        used < most
    }
}

impl Journal for DiskJournal {
    fn begin(&self, rate: SampleRate, conversation: Option<&str>) -> Option<Page> {
        let page = Page(format!("{:013}-{}", self.clock.wall().as_millis(), parlance_core::id::random()));
        let head = Head { rate, conversation: conversation.map(str::to_owned) };
        let begun = if self.has_room() {
            page_file::create(&self.path(&page), &head)
        } else {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        };
        match begun {
            Ok(file) => {
                (self.trouble)(false);
                self.order(Order::Begin(page.clone(), file));
                Some(page)
            }
            Err(error) => {
                tracing::warn!(%error, "an utterance is in memory only");
                (self.trouble)(true);
                None
            }
        }
    }

    fn append(&self, page: &Page, samples: &[i16]) {
        if !samples.is_empty() {
            self.order(Order::Append(page.clone(), samples.to_vec()));
        }
    }

    fn close(&self, page: &Page) {
        self.order(Order::Close(page.clone()));
    }

    fn remove(&self, page: Page) {
        // At once: whoever ends Parlance now must not be offered it at the next start.
        remove(&self.path(&page));
        if self.found.lock().unwrap_or_else(PoisonError::into_inner).remove(&page).is_some() {
            return;
        }
        // The writer lets the file go, however long the disk takes: a thread that waits for it harms nobody.
        if let Err(TrySendError::Full(order)) = self.orders.try_send(Order::Remove(page)) {
            let orders = self.orders.clone();
            std::thread::spawn(move || drop(orders.send(order)));
        }
    }

    fn left_over(&self) -> Vec<LeftOver> {
        let mut pages: Vec<PathBuf> = files(&self.folder).collect();
        pages.sort();
        let mut left = Vec::new();
        for path in pages {
            let Some(page) = path.file_stem().and_then(|name| name.to_str()).map(|name| Page(name.to_owned())) else {
                continue;
            };
            // Locked: another Parlance has it.
            let Ok(file) = File::open(&path) else { continue };
            if file.try_lock().is_err() {
                continue;
            }
            match page_file::read(&path) {
                Ok((head, samples)) if !samples.is_empty() => {
                    let duration = head.rate.duration_of(samples.len() as u64);
                    self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(page.clone(), file);
                    left.push(LeftOver { page, duration, conversation: head.conversation });
                }
                // Parlance ended before the first sound: there is nothing to lose.
                Ok(_) => remove(&path),
                Err(error) => tracing::warn!(%error, path = %path.display(), "not a page of the journal; left alone"),
            }
        }
        left
    }

    fn read(&self, page: &Page) -> Option<AudioChunk> {
        match page_file::read(&self.path(page)) {
            Ok((head, samples)) => Some(AudioChunk { samples, rate: head.rate }),
            Err(error) => {
                tracing::warn!(%error, "a page of the journal cannot be read");
                None
            }
        }
    }
}

fn path(folder: &Path, page: &Page) -> PathBuf {
    folder.join(&page.0).with_extension(EXTENSION)
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION))
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a page of the journal is still there");
    }
}

/// The writing thread. It ends with the journal.
fn write(orders: &Receiver<Order>, trouble: &Trouble) {
    let mut open: HashMap<Page, File> = HashMap::new();
    let mut written: Option<(Page, Instant)> = None;
    loop {
        let order = match orders.recv_timeout(FLUSH) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match order {
            Some(Order::Begin(page, file)) => {
                open.insert(page, file);
            }
            Some(Order::Append(page, samples)) => {
                let Some(file) = open.get_mut(&page) else { continue };
                match page_file::append(file, &samples) {
                    Ok(()) => {
                        if written.as_ref().is_none_or(|(last, _)| *last != page) {
                            written = Some((page, Instant::now()));
                        }
                    }
                    Err(error) => {
                        // What is there already stays: it is better than nothing after a crash.
                        tracing::warn!(%error, "the rest of an utterance is in memory only");
                        open.remove(&page);
                        trouble(true);
                    }
                }
            }
            // The file stays open, and locked, until it is removed.
            Some(Order::Close(page)) => flush(&open, &page),
            Some(Order::Remove(page)) => {
                open.remove(&page);
            }
            None => {}
        }
        if let Some((page, _)) = written.take_if(|(_, since)| since.elapsed() >= FLUSH) {
            flush(&open, &page);
        }
    }
}

fn flush(open: &HashMap<Page, File>, page: &Page) {
    if let Some(file) = open.get(page)
        && let Err(error) = file.sync_data()
    {
        tracing::warn!(%error, "a page of the journal was not flushed");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use parlance_core::clock::SystemClock;

    use super::*;

    fn journal(folder: &Path, free: u64) -> (DiskJournal, Arc<AtomicBool>) {
        let alarm = Arc::new(AtomicBool::new(false));
        let trouble = Arc::clone(&alarm);
        let told: Trouble = Box::new(move |is_wrong| trouble.store(is_wrong, Ordering::SeqCst));
        let clock = Arc::new(SystemClock);
        (DiskJournal::new(folder.to_owned(), clock, Box::new(move || Some(free)), told), alarm)
    }

    /// The writer is another thread: what was ordered is there when an order behind it is done.
    fn settle(journal: &DiskJournal) {
        let last = journal.begin(SampleRate::HZ_16000, None).unwrap();
        journal.append(&last, &[1]);
        let until = Instant::now() + Duration::from_secs(20);
        while journal.read(&last).is_none_or(|sound| sound.samples.is_empty()) {
            assert!(Instant::now() < until, "the writer answers");
            std::thread::yield_now();
        }
        journal.remove(last);
    }

    #[test]
    fn what_was_said_when_parlance_died_is_offered_at_the_next_start_and_to_one_only() {
        let folder = tempfile::tempdir().unwrap();
        let (first, _) = journal(folder.path(), u64::MAX / 2);
        let page = first.begin(SampleRate::HZ_24000, Some("c1")).unwrap();
        for piece in 0..50_i16 {
            first.append(&page, &[piece; 480]);
        }
        settle(&first);
        let (second, _) = journal(folder.path(), u64::MAX / 2);
        assert_eq!(second.left_over(), [], "the first one lives, and has it");
        // Nothing was closed or flushed: as after a crash.
        drop(first);
        let until = Instant::now() + Duration::from_secs(20);
        let left = loop {
            let left = second.left_over();
            if !left.is_empty() || Instant::now() > until {
                break left;
            }
            std::thread::yield_now();
        };
        let [LeftOver { page, duration, conversation }] = &left[..] else { panic!("{left:?}") };
        assert_eq!((*duration, conversation.as_deref()), (Duration::from_secs(1), Some("c1")));
        let sound = second.read(page).unwrap();
        assert_eq!((sound.rate, sound.samples.len(), sound.samples[480]), (SampleRate::HZ_24000, 24_000, 1));
        let (third, _) = journal(folder.path(), u64::MAX / 2);
        assert_eq!(third.left_over(), [], "it is offered by the second");
        second.remove(page.clone());
        assert_eq!(files(folder.path()).count(), 0);
    }

    #[test]
    fn a_disk_without_room_is_said_and_said_to_be_over() {
        let folder = tempfile::tempdir().unwrap();
        let (full, alarm) = journal(folder.path(), 0);
        assert_eq!(full.begin(SampleRate::HZ_16000, None), None);
        assert!(alarm.load(Ordering::SeqCst));
        let (roomy, alarm) = journal(folder.path(), u64::MAX / 2);
        alarm.store(true, Ordering::SeqCst);
        assert!(roomy.begin(SampleRate::HZ_16000, None).is_some());
        assert!(!alarm.load(Ordering::SeqCst));
    }
}
