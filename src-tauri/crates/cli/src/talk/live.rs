//! A conversation through the real microphone and speaker. Enter begins to talk, Enter again sends.

use std::io::{self, BufRead as _};

use parlance_app::api::{Empty, TalkKey, TalkKeyMode, VoiceView};
use parlance_app::{App, Reach};
use tokio::sync::mpsc;

use super::TalkArgs;
use super::ears::{Ears, Telling};
use super::files::key;
use crate::engine::{Desk, call};
use crate::failure::Failure;

/// Holds the conversation until the person ends it.
pub(super) async fn talk(args: &TalkArgs, desk: &Desk) -> Result<Ears, Failure> {
    let telling = if args.events { Telling::Events } else { Telling::States };
    desk.with_engine(Reach::History, None, async |app| {
        app.use_talk_key(TalkKeyMode::Toggle)?;
        args.choose_voice(app).await?;
        let mut ears = Ears::of(app, desk.out, telling);
        let mut lines = lines();
        if args.hands_free {
            args.open_call(app).await?;
            desk.out.note("Talk. Enter sends at once, q and Enter ends.");
            just_talk(app, &mut ears, &mut lines).await?;
            return Ok(ears);
        }
        desk.out.note("Enter begins to talk, Enter again sends. q and Enter ends.");
        let mut pressed = 0;
        loop {
            let is_end = is_last(&mut ears, &mut lines).await?;
            let has_floor = ears.state().has_floor();
            if is_end && !has_floor {
                break;
            }
            if !has_floor {
                ears.expect_turn();
            }
            key(app, TalkKey { down: true, by: None }).await?;
            key(app, TalkKey { down: false, by: None }).await?;
            pressed += usize::from(has_floor);
            if is_end {
                break;
            }
        }
        // What was said last is still answered.
        ears.until_over(pressed).await?;
        Ok(ears)
    })
    .await
}

/// Hands-free, until the person ends it.
async fn just_talk(app: &App, ears: &mut Ears, lines: &mut mpsc::Receiver<String>) -> Result<(), Failure> {
    loop {
        let is_end = is_last(ears, lines).await?;
        let command = if is_end { "talk_hang_up" } else { "talk_send_now" };
        let _: VoiceView = call(app, command, Empty {}).await?;
        if is_end {
            return ears.until_over(ears.turns().len()).await;
        }
    }
}

/// Waits for Enter; whether the person ends it with that, or with Ctrl C.
async fn is_last(ears: &mut Ears, lines: &mut mpsc::Receiver<String>) -> Result<bool, Failure> {
    let next = ears.during(lines.recv());
    let line = tokio::select! {
        line = next => line?,
        _ = tokio::signal::ctrl_c() => None,
    };
    Ok(line.is_none_or(|line| line.trim() == "q"))
}

/// Lines of stdin. The thread ends with the program: nothing can wake it from its reading.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(8);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
