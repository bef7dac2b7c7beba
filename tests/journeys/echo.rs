//! A person and Echo: real sound server, virtual microphone and speaker, the whole engine between them.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use parlance_app::api::{AppEvent, Author, BlockView, EventBatch, MessageStatus, MessageView, Notice, VoiceState};
use parlance_app::{App, Options};
use parlance_audio::resample::resample_all;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::likeness::{find, find_in_pieces, loudness};
use crate::support::virtual_audio::{DEVICE_RATE, VIRTUAL_AUDIO, greeting, speak, speaker_recording, verb};

const PATIENCE: Duration = Duration::from_secs(20);
/// Samples of the speaker's recording in a millisecond.
const PER_MS: usize = 48;

/// Someone in front of a running engine.
struct Person {
    app: App,
    events: mpsc::Receiver<EventBatch>,
    /// Told, but not looked at yet.
    unseen: VecDeque<AppEvent>,
    notices: Vec<Notice>,
}

impl Person {
    async fn sits_down(data: &Path) -> Self {
        let verbose = std::env::var_os("PARLANCE_LOG").is_some();
        let app = App::start(Options { data_dir: Some(data.to_owned()), verbose, ..Options::default() }).await;
        // Blocks that survive a busy machine without gaps.
        app.call("update_settings", json!({ "audio_block": 4_096 })).await.unwrap();
        let events = app.subscribe();
        Self { app, events, unseen: VecDeque::new(), notices: Vec::new() }
    }

    async fn key(&self, down: bool) {
        self.app.call("talk_key", json!({ "down": down })).await.unwrap();
    }

    /// Reads on until something is as `is_it` says.
    async fn sees<T>(&mut self, what: &str, mut is_it: impl FnMut(&AppEvent) -> Option<T>) -> T {
        let mut last_state = None;
        let look = async {
            loop {
                while let Some(event) = self.unseen.pop_front() {
                    if let AppEvent::Notices { notices } = &event {
                        self.notices.clone_from(notices);
                    }
                    if let AppEvent::Voice { voice } = &event {
                        last_state = Some(voice.state);
                    }
                    if let Some(found) = is_it(&event) {
                        return found;
                    }
                }
                self.unseen.extend(self.events.recv().await.expect("the engine runs").events);
            }
        };
        let seen = timeout(PATIENCE, look).await;
        seen.unwrap_or_else(|_| {
            panic!("{what} does not come; the last state was {last_state:?}, notices {:?}", self.notices)
        })
    }

    async fn sees_state(&mut self, states: &[VoiceState]) -> VoiceState {
        self.sees(&format!("{states:?}"), |event| match event {
            AppEvent::Voice { voice } if states.contains(&voice.state) => Some(voice.state),
            _ => None,
        })
        .await
    }

    async fn sees_notice(&mut self, is_it: impl Fn(&Notice) -> bool) {
        self.sees("the notice", |event| match event {
            AppEvent::Notices { notices } => notices.iter().any(&is_it).then_some(()),
            _ => None,
        })
        .await;
    }

    /// Holds the key, waits for "listening", says the greeting, lets go.
    async fn says_greeting(&mut self) {
        self.key(true).await;
        self.sees_state(&[VoiceState::Listening, VoiceState::Hearing]).await;
        let mut player = speak(&greeting());
        let spoken = tokio::task::spawn_blocking(move || player.wait()).await.unwrap().unwrap();
        assert!(spoken.success());
        self.key(false).await;
    }

    async fn stands_up(self) {
        self.app.shut_down().await;
    }
}

fn on_stage(name: &str, options: &[&str], body: impl Future<Output = ()>) {
    VIRTUAL_AUDIO.play(&format!("echo::{name}"), options, || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime starts")
            .block_on(body);
    });
}

/// How alike the greeting and what the speaker played are, and that neither its first nor its last burst is missing.
#[track_caller]
fn assert_heard_whole(recording: &[i16]) -> f64 {
    let greeting = resample_all(&greeting(), DEVICE_RATE).samples;
    let found = find_in_pieces(&greeting, recording);
    println!("measured: silence torn into it by the busy sound server {} ms", found.torn / PER_MS);
    assert!(found.correlation >= 0.95, "correlation {} at {}", found.correlation, found.at);
    let burst = 10 * PER_MS;
    let end = found.at + greeting.len() + found.torn;
    for (what, said, heard) in [
        ("first", &greeting[..burst], &recording[found.at..found.at + burst]),
        ("last", &greeting[greeting.len() - burst..], &recording[end - burst..end.min(recording.len())]),
    ] {
        let (said, came) = (loudness(said), loudness(heard));
        assert!(came > said * 0.7, "the {what} ten milliseconds are missing: {came} of {said}");
    }
    found.correlation
}

#[test]
fn what_is_said_comes_back_whole_and_is_in_the_history() {
    on_stage("what_is_said_comes_back_whole_and_is_in_the_history", &[], async {
        let data = tempfile::tempdir().unwrap();
        let mut person = Person::sits_down(data.path()).await;
        person.says_greeting().await;
        person.sees_state(&[VoiceState::Speaking]).await;
        person.sees_state(&[VoiceState::Idle]).await;
        let answer = person
            .sees("the message", |event| match event {
                AppEvent::Message { message } if message.author == Author::They => {
                    (message.status == MessageStatus::Complete).then(|| message.clone())
                }
                _ => None,
            })
            .await;
        let spoken = answer.spoken.unwrap();
        let first_sound = spoken.first_sound_ms.expect("the time to the first sound is known");
        println!("measured: release to first sound {first_sound} ms");
        assert!(matches!(answer.blocks[..], [BlockView::Audio { ms, .. }] if ms == spoken.ms), "{:?}", answer.blocks);

        // The recorder lags behind the speaker by its own buffer.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let correlation = assert_heard_whole(&speaker_recording());
        println!("measured: correlation of said and heard {correlation:.4}");

        let opened = person.app.call("open_conversation", json!({ "id": answer.conversation_id })).await.unwrap();
        assert_eq!(opened["messages"].as_array().unwrap().len(), 2);
        person.stands_up().await;
    });
}

#[test]
fn talking_over_the_answer_silences_it_at_once() {
    on_stage("talking_over_the_answer_silences_it_at_once", &[], async {
        let data = tempfile::tempdir().unwrap();
        let mut person = Person::sits_down(data.path()).await;
        person.app.call("update_settings", json!({ "audio_block": 960 })).await.unwrap();
        person.says_greeting().await;
        person.sees_state(&[VoiceState::Speaking]).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        let pressed = Instant::now();
        person.key(true).await;
        let played_then = speaker_recording().len();
        person.sees_state(&[VoiceState::Interrupted]).await;
        println!("measured: press to interrupted, as told to the window: {} ms", pressed.elapsed().as_millis());
        tokio::time::sleep(Duration::from_millis(600)).await;
        let after = speaker_recording()[played_then..].to_vec();
        let last_loud = after.chunks(PER_MS).rposition(|ms| loudness(ms) > 50.0).map_or(0, |ms| ms + 1);
        println!("measured: press to silence at the speaker: {last_loud} ms");
        // The speaker's own buffer is 40 ms; the rest is what a busy machine may need to notice.
        assert!(last_loud < 300, "it went on for {last_loud} ms");
        assert!(after[400 * PER_MS..].chunks(PER_MS).all(|ms| loudness(ms) < 50.0), "it began again");

        person.app.call("talk_cancel", json!({})).await.unwrap();
        let answer = person
            .sees("the message", |event| match event {
                AppEvent::Message { message } if message.status == MessageStatus::Stopped => Some(message.clone()),
                _ => None,
            })
            .await;
        let spoken = answer.spoken.unwrap();
        let heard = spoken.heard_ms.expect("how much was heard is known");
        assert!(heard > 300 && heard < spoken.ms, "{heard} of {}", spoken.ms);
        person.stands_up().await;
    });
}

#[test]
fn the_stop_button_silences_an_answer_that_sounds() {
    on_stage("the_stop_button_silences_an_answer_that_sounds", &[], async {
        let data = tempfile::tempdir().unwrap();
        let mut person = Person::sits_down(data.path()).await;
        person.says_greeting().await;
        person.sees_state(&[VoiceState::Speaking]).await;
        // Sound does not wait for the history, so the conversation may be known a moment later.
        let conversation = loop {
            let snapshot = person.app.call("snapshot", json!({})).await.unwrap();
            if let Some(id) = snapshot["voice"]["conversation_id"].as_str() {
                break id.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        person.app.call("stop_answer", json!({ "id": conversation })).await.unwrap();
        person.sees_state(&[VoiceState::Idle]).await;
        let stopped = |message: &MessageView| message.status == MessageStatus::Stopped;
        person
            .sees("the message", |event| match event {
                AppEvent::Message { message } => stopped(message).then_some(()),
                _ => None,
            })
            .await;
        person.stands_up().await;
    });
}

#[test]
fn a_microphone_unplugged_in_mid_sentence_keeps_what_was_said() {
    on_stage("a_microphone_unplugged_in_mid_sentence_keeps_what_was_said", &[], async {
        let data = tempfile::tempdir().unwrap();
        let mut person = Person::sits_down(data.path()).await;
        person.key(true).await;
        person.sees_state(&[VoiceState::Listening, VoiceState::Hearing]).await;
        let mut player = speak(&greeting());
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        tokio::task::spawn_blocking(|| verb(&["unplug-all"])).await.unwrap();
        let _ = player.kill();
        let _ = player.wait();
        person.sees_state(&[VoiceState::Reconnecting]).await;
        tokio::task::spawn_blocking(|| {
            // In this order: PulseAudio moves a recorder that began on the only source there is to the next default.
            verb(&["plug-mic"]);
            verb(&["plug-speaker"]);
        })
        .await
        .unwrap();
        person.sees_state(&[VoiceState::Listening, VoiceState::Hearing]).await;
        // The stage's own recorder has to find the speaker again too.
        let recorded = speaker_recording().len();
        while speaker_recording().len() == recorded {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        person.key(false).await;
        person.sees_state(&[VoiceState::Speaking]).await;
        person.sees_state(&[VoiceState::Idle]).await;
        // What had been said before the plug was pulled came back.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let said = resample_all(&greeting(), DEVICE_RATE).samples;
        let found = find(&said[..700 * PER_MS], &speaker_recording());
        assert!(found.correlation >= 0.9, "correlation {}", found.correlation);
        person.stands_up().await;
    });
}

#[test]
fn a_sound_server_that_is_killed_and_started_again_is_told_and_found_again() {
    on_stage("a_sound_server_that_is_killed_and_started_again_is_told_and_found_again", &["--no-record"], async {
        let data = tempfile::tempdir().unwrap();
        let mut person = Person::sits_down(data.path()).await;
        person.says_greeting().await;
        person.sees_state(&[VoiceState::Speaking]).await;
        tokio::task::spawn_blocking(|| verb(&["kill-server"])).await.unwrap();
        person.sees_notice(|notice| *notice == Notice::SoundServerGone).await;
        tokio::task::spawn_blocking(|| verb(&["start-server"])).await.unwrap();
        let back = Instant::now();
        // The rest of the answer plays.
        person.sees_state(&[VoiceState::Idle]).await;
        println!("measured: the answer ended {} ms after the server was back", back.elapsed().as_millis());
        // And the next turn works, on both devices.
        person.says_greeting().await;
        person.sees_state(&[VoiceState::Speaking]).await;
        person.sees_state(&[VoiceState::Idle]).await;
        assert!(!person.notices.contains(&Notice::SoundServerGone), "{:?}", person.notices);
        person.stands_up().await;
    });
}

#[test]
fn two_conversations_in_a_row_and_a_second_start_work_alike() {
    on_stage("two_conversations_in_a_row_and_a_second_start_work_alike", &[], async {
        let data = tempfile::tempdir().unwrap();
        for run in 1..=2 {
            let mut person = Person::sits_down(data.path()).await;
            person.says_greeting().await;
            person.sees_state(&[VoiceState::Speaking]).await;
            person.sees_state(&[VoiceState::Idle]).await;
            let listed = person.app.call("list_conversations", json!({ "offset": 0, "limit": 10 })).await.unwrap();
            assert_eq!(listed.as_array().unwrap().len(), run);
            person.stands_up().await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_heard_whole(&speaker_recording());
    });
}
