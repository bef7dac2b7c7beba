//! Orders from outside the window: what key bindings of the desktop, and other programs of the same person, can ask of a
//! running Parlance. A socket that only this user can reach takes one word and answers with one.

mod door;

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;

use crate::api::{Empty, ErrorBody, ErrorCode, TalkKey, TalkKeyMode, VoiceState};
use crate::app::App;
use crate::paths::Paths;

/// Who rings says at once what for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longer than any order and any answer.
const LONGEST_LINE: u64 = 256;
/// What a carried out order is answered with.
const DONE: &str = "done";

/// What can be asked of a running Parlance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The talk key goes down.
    Down,
    /// The talk key goes up.
    Up,
    /// Takes the floor, or gives it: for systems that tell of a press and never of a release.
    Toggle,
    /// Throws the utterance away, or stops the answer.
    Cancel,
    /// Ends the session.
    HangUp,
    /// Brings the window to the front.
    Show,
}

impl Order {
    /// All of them, with the words that stand for them.
    pub const ALL: [(&'static str, Self); 6] = [
        ("down", Self::Down),
        ("up", Self::Up),
        ("toggle", Self::Toggle),
        ("cancel", Self::Cancel),
        ("hang-up", Self::HangUp),
        ("show", Self::Show),
    ];

    /// The order that a word stands for.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, order)| *order)
    }

    /// The word that stands for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, order)| *order == self).map_or("", |(name, _)| name)
    }
}

/// An order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// No Parlance with this data folder has its window open.
    #[error("no Parlance is running with this data folder")]
    NotRunning,
    /// It runs and does not answer.
    #[error("the running Parlance does not answer: {0}")]
    Silent(io::Error),
    /// It would not.
    #[error("the running Parlance would not: {0}")]
    Refused(String),
}

/// Asks the Parlance that runs with this data folder.
///
/// # Errors
/// [`NotDone`].
pub async fn ring(paths: &Paths, order: Order) -> Result<(), NotDone> {
    let mut line = door::knock(paths).await.map_err(|_| NotDone::NotRunning)?;
    let asked = async {
        line.write_all(format!("{}\n", order.word()).as_bytes()).await?;
        read_line(&mut line).await
    };
    match timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(answer) if answer == DONE => Ok(()),
        Ok(answer) => Err(NotDone::Refused(answer)),
        Err(error) => Err(NotDone::Silent(error)),
    }
}

impl From<NotDone> for ErrorBody {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::NotRunning => Self::new(ErrorCode::NotRunning),
            NotDone::Silent(_) | NotDone::Refused(_) => Self::new(ErrorCode::Internal).with_details(error.to_string()),
        }
    }
}

impl App {
    /// Takes orders from outside until the engine ends. `show` brings the window to the front.
    ///
    /// # Errors
    /// When the socket cannot be had: another Parlance with this data folder has it, or the system gives none.
    pub fn take_orders(&self, show: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
        let mut door = door::Door::open(self.paths())?;
        let app = self.clone();
        self.spawn(async move {
            loop {
                match door.next().await {
                    Ok(mut caller) => {
                        // One after the other: a release must not overtake its press.
                        if timeout(PATIENCE, app.hear_out(&mut caller, &show)).await.is_err() {
                            tracing::debug!("somebody rang and said nothing");
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "orders from outside are no longer taken");
                        return;
                    }
                }
            }
        });
        Ok(())
    }

    async fn hear_out(&self, caller: &mut (impl AsyncRead + AsyncWrite + Unpin), show: &impl Fn()) {
        let Ok(word) = read_line(caller).await else { return };
        let answer = match Order::of(&word) {
            Some(Order::Show) => {
                show();
                DONE.to_owned()
            }
            Some(order) => match self.obey(order).await {
                Ok(()) => DONE.to_owned(),
                Err(error) => serde_json::to_value(error.code)
                    .ok()
                    .and_then(|code| code.as_str().map(str::to_owned))
                    .unwrap_or_default(),
            },
            None => "there is no such order".to_owned(),
        };
        // Who rang may be gone; the order was carried out all the same.
        let _ = caller.write_all(format!("{answer}\n").as_bytes()).await;
    }

    async fn obey(&self, order: Order) -> Result<(), ErrorBody> {
        let edges: &[bool] = match order {
            Order::Down => &[true],
            Order::Up => &[false],
            Order::Toggle => toggle(self.config().settings.talk_key, self.voice_view().state),
            Order::Cancel => return self.talk_cancel(Empty {}).await.map(drop),
            Order::HangUp => return self.talk_hang_up(Empty {}).await.map(drop),
            Order::Show => &[],
        };
        for &down in edges {
            self.talk_key(TalkKey { down, by: None }).await?;
        }
        Ok(())
    }
}

/// The edges of the talk key that take the floor where it is free, and give it where it is taken.
fn toggle(mode: TalkKeyMode, state: VoiceState) -> &'static [bool] {
    match (mode, state.has_floor()) {
        // A tap does it.
        (TalkKeyMode::Auto | TalkKeyMode::Toggle, _) => &[true, false],
        (TalkKeyMode::Hold, true) => &[false],
        // A hold that Esc has ended still counts as held until the key goes up.
        (TalkKeyMode::Hold, false) => &[false, true],
    }
}

/// One line, without its end.
async fn read_line(from: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(from.take(LONGEST_LINE)).read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use parlance_assistant::talk_key::{Edge, Meaning, TalkKey as Gesture, TalkKeyMode as Mode};

    use super::*;

    #[test]
    fn every_order_has_a_word_of_its_own() {
        for (word, order) in Order::ALL {
            assert_eq!(Order::of(word), Some(order));
            assert_eq!(order.word(), word);
        }
        assert_eq!(Order::of("DOWN"), None);
    }

    #[test]
    fn two_toggles_take_the_floor_and_give_it_in_every_mode() {
        let now = std::time::Instant::now();
        for (mode, wire) in
            [(Mode::Auto, TalkKeyMode::Auto), (Mode::Hold, TalkKeyMode::Hold), (Mode::Toggle, TalkKeyMode::Toggle)]
        {
            let mut key = Gesture::default();
            key.set_mode(mode);
            let mut press = |state| -> Vec<Meaning> {
                toggle(wire, state)
                    .iter()
                    .filter_map(|&down| key.edge(if down { Edge::Down } else { Edge::Up }, now))
                    .filter(|meaning| *meaning != Meaning::Lock)
                    .collect()
            };
            assert_eq!(press(VoiceState::Idle), [Meaning::Take], "{mode:?}");
            assert_eq!(press(VoiceState::Hearing), [Meaning::Give], "{mode:?}");
            assert_eq!(press(VoiceState::Speaking), [Meaning::Take], "{mode:?}");
        }
    }

    #[tokio::test]
    async fn a_running_engine_does_what_it_is_told_and_another_cannot_take_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::Options { data_dir: Some(folder.path().into()), ..crate::Options::default() };
        let app = App::start(crate::Options { reach: crate::Reach::History, ..options }).await;
        let shown = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let count = std::sync::Arc::clone(&shown);
        assert!(matches!(ring(app.paths(), Order::Show).await, Err(NotDone::NotRunning)));
        app.take_orders(move || {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        })
        .unwrap();
        ring(app.paths(), Order::Show).await.unwrap();
        assert_eq!(shown.load(std::sync::atomic::Ordering::Relaxed), 1);
        ring(app.paths(), Order::Cancel).await.unwrap();
        assert!(app.take_orders(|| {}).is_err(), "one window a data folder");
        app.shut_down().await;
        assert!(matches!(ring(app.paths(), Order::Show).await, Err(NotDone::NotRunning)));

        let again = App::start(crate::Options {
            data_dir: Some(folder.path().into()),
            reach: crate::Reach::History,
            ..crate::Options::default()
        })
        .await;
        again.take_orders(|| {}).expect("what an ended Parlance left behind is in nobody's way");
        again.shut_down().await;
    }
}
