//! A key whose release never came. Systems lose releases: another program takes the keyboard, a page hangs. So while a
//! key is held that can be asked about, it is asked about; time alone proves nothing, people talk for minutes.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api::{HeldBy, TalkKey};
use crate::app::App;

/// So often the key is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looked at so often and found up, it is up.
const UP_IS_UP: u32 = 2;

/// The keyboard, as it is now.
pub trait Keyboard: Send + Sync {
    /// Whether this key is down; `None` where the system tells nobody.
    fn is_down(&self, key: HeldBy) -> Option<bool>;
}

/// Waits for a release that the host may never hear of.
pub(crate) struct Watch {
    keyboard: Option<Arc<dyn Keyboard>>,
    /// Ends the look at the press before.
    looking: CancellationToken,
}

impl Watch {
    pub(crate) fn new(keyboard: Option<Arc<dyn Keyboard>>) -> Self {
        Self { keyboard, looking: CancellationToken::new() }
    }

    /// The talk key moved.
    pub(crate) fn moved(&mut self, app: &App, key: TalkKey) {
        self.looking.cancel();
        let (Some(keyboard), Some(by), true) = (self.keyboard.clone(), key.by, key.down) else { return };
        self.looking = CancellationToken::new();
        let (ended, app) = (self.looking.clone(), app.clone());
        app.clone().spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = until_up(&*keyboard, by) => {
                    tracing::info!("the release of the talk key was lost; the keyboard says it is up");
                    let _ = app.talk_key(TalkKey { down: false, by: None }).await;
                }
            }
        });
    }
}

/// Never ends where nothing is known of the key, nor for a key that was never seen down: on-screen keyboards and helpers
/// for people who cannot press keys tell programs of presses that the keyboard knows nothing of.
async fn until_up(keyboard: &dyn Keyboard, key: HeldBy) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let (mut was_down, mut up) = (false, 0);
    while up < UP_IS_UP {
        looks.tick().await;
        match keyboard.is_down(key) {
            Some(true) => (was_down, up) = (true, 0),
            Some(false) if was_down => up += 1,
            Some(false) | None => up = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Says what it is told to say, look by look; then the last again.
    struct Told(Mutex<Vec<Option<bool>>>);

    impl Keyboard for Told {
        fn is_down(&self, _: HeldBy) -> Option<bool> {
            let mut left = self.0.lock().unwrap();
            if left.len() > 1 { left.remove(0) } else { left[0] }
        }
    }

    async fn seen_up(looks: &[Option<bool>]) -> Option<Duration> {
        let keyboard = Told(Mutex::new(looks.to_vec()));
        let begun = tokio::time::Instant::now();
        let seen = tokio::time::timeout(Duration::from_secs(3_600), until_up(&keyboard, HeldBy::Space)).await;
        seen.ok().map(|()| begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_up_is_noticed_and_one_that_is_down_is_never_cut_short() {
        let (down, up) = (Some(true), Some(false));
        assert_eq!(seen_up(&[down, down, up]).await, Some(LOOK_EVERY * 3));
        assert_eq!(seen_up(&[up, up, down, up]).await, Some(LOOK_EVERY * 4), "a press that is known late");
        assert_eq!(seen_up(&[down, up, down]).await, None, "a look that went wrong");
        assert_eq!(seen_up(&[down]).await, None, "an hour's hold");
        assert_eq!(seen_up(&[up]).await, None, "a press that no keyboard made");
        assert_eq!(seen_up(&[None]).await, None, "nobody knows");
    }
}
