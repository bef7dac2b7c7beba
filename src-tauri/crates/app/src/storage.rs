//! The disk under the history: the store is looked after while nobody writes, and the person is told before room runs
//! out. Started with the engine.

use std::time::Duration;

use parlance_store::Store;

use crate::api::Notice;
use crate::app::App;

/// How often the disk is looked at.
const LOOK: Duration = Duration::from_secs(10);

/// With less room than this it is time to make some.
const LOW: u64 = 500_000_000;

/// Watches for as long as it is polled. Without a store there is nothing to look after.
pub(crate) async fn watch(app: App) {
    let Ok(store) = app.store() else { return };
    tokio::join!(store.keep_safe(LOOK), watch_room(&app, store));
}

async fn watch_room(app: &App, store: &Store) {
    loop {
        match store.free_bytes().and_then(low) {
            Some(notice) => app.inner.notices.raise(notice),
            None => app.inner.notices.settle(|notice| matches!(notice, Notice::DiskLow { .. })),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What to tell about so many free bytes.
fn low(free: u64) -> Option<Notice> {
    // In steps of ten: a figure that changes with every look is read out with every look.
    let mb = u32::try_from(free / 10_000_000 * 10).ok()?;
    (free < LOW).then_some(Notice::DiskLow { mb })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_500_mb_is_told_in_steps_of_ten() {
        assert_eq!(low(LOW), None);
        assert_eq!(low(u64::MAX), None);
        assert_eq!(low(LOW - 1), Some(Notice::DiskLow { mb: 490 }));
        assert_eq!(low(123_456_789), Some(Notice::DiskLow { mb: 120 }));
        assert_eq!(low(0), Some(Notice::DiskLow { mb: 0 }));
    }
}
