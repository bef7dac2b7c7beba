//! A conversation of files: each is spoken as one turn into the voice, and what is heard goes into another.

use std::sync::Arc;
use std::time::Duration;

use parlance_app::api::{TalkKey, TalkKeyMode, VoiceState, VoiceView};
use parlance_app::sound::{FileInput, FileOutput, FileVoice, Pace, read_wav, write_wav};
use parlance_app::{App, Reach, Sound};
use parlance_core::{AudioChunk, SampleRate};

use super::TalkArgs;
use super::ears::{Ears, Telling};
use crate::engine::{Desk, call};
use crate::failure::Failure;
use crate::providers::BUILTIN;

/// Hands-free, silence goes by in pieces like this.
const QUIET: Duration = Duration::from_millis(200);
/// After a recording of which nothing was made in so much silence, nothing will be: a turn that its provider does not end
/// is ended by then.
const LONGEST_QUIET: Duration = Duration::from_secs(15);
/// A microphone that takes nothing for so long is shut.
const MICROPHONE_LIMIT: Duration = Duration::from_secs(5);
/// So long after an answer nobody begins another turn.
const SETTLED: Duration = Duration::from_millis(1_000);

/// Holds the conversation, and tells how it went.
pub(super) async fn talk(args: &TalkArgs, desk: &Desk) -> Result<Ears, Failure> {
    let recordings = args.input.iter().map(|path| read_wav(path)).collect::<Result<Vec<AudioChunk>, _>>()?;
    let pace = if args.fast { Pace::AsFastAsPossible } else { Pace::RealTime };
    // An answer that is over at once could not be interrupted.
    let answer_pace = if args.barge_in_after_ms.is_some() { Pace::RealTime } else { pace };
    let (input, voice) = FileInput::new(pace);
    let (output, heard) = FileOutput::new(answer_pace);
    let sound = Sound { input: Arc::new(input), output: Arc::new(output) };
    let telling = if args.events { Telling::Events } else { Telling::Notices };
    let ears = desk
        .with_engine(Reach::History, Some(sound), async |app| {
            args.choose_voice(app).await?;
            let mut ears = Ears::of(app, desk.out, telling);
            let stopped = {
                let conversation = async {
                    if args.hands_free {
                        just_talk(app, &mut ears, args, recordings, &voice).await
                    } else {
                        converse(app, &mut ears, args, recordings, &voice).await
                    }
                };
                tokio::select! {
                    done = conversation => { done?; false }
                    _ = tokio::signal::ctrl_c() => true,
                }
            };
            if stopped {
                ears.stop();
            }
            if answer_pace == Pace::AsFastAsPossible {
                ears.forget_times();
            }
            Ok(ears)
        })
        .await?;
    let silence = AudioChunk { samples: Vec::new(), rate: SampleRate::HZ_24000 };
    match (&args.output, heard.recording()) {
        (Some(path), Some(recording)) => write_wav(path, &recording)?,
        (Some(path), None) if ears.failure().is_none() => write_wav(path, &silence)?,
        // Nothing was heard because something went wrong: what lies there stays.
        (Some(_), None) | (None, _) => {}
    }
    Ok(ears)
}

async fn converse(
    app: &App,
    ears: &mut Ears,
    args: &TalkArgs,
    recordings: Vec<AudioChunk>,
    voice: &FileVoice,
) -> Result<(), Failure> {
    // However short a recording is, it is no tap.
    app.use_talk_key(TalkKeyMode::Hold)?;
    let last = recordings.len();
    for (turn, recording) in (1..).zip(recordings) {
        ears.expect_turn();
        key(app, TalkKey { down: true, by: None }).await?;
        // The microphone was shut in between only where the voice failed, and the failure is in the turn.
        let _ = ears.during(voice.speak(recording)).await?;
        key(app, TalkKey { down: false, by: None }).await?;
        match args.barge_in_after_ms {
            Some(ms) if turn < last => {
                ears.until_answer_sounds(turn).await?;
                ears.while_answer_sounds(turn, Duration::from_millis(ms)).await?;
            }
            _ => {
                ears.until_over(turn).await?;
                if turn == last && args.provider != BUILTIN {
                    ears.until_written_down(turn).await?;
                }
                if turn < last {
                    ears.during(tokio::time::sleep(Duration::from_millis(args.input_gap_ms))).await?;
                }
            }
        }
    }
    Ok(())
}

/// Hands-free: the recordings go by, silence after them, and turns are what is made of that.
async fn just_talk(
    app: &App,
    ears: &mut Ears,
    args: &TalkArgs,
    recordings: Vec<AudioChunk>,
    voice: &FileVoice,
) -> Result<(), Failure> {
    ears.expect_turn();
    args.open_call(app).await?;
    ears.until_roused().await?;
    let last = recordings.len();
    for (number, recording) in (1..).zip(recordings) {
        ears.during(speak(voice, recording)).await?;
        let mut quiet = Duration::ZERO;
        let before = ears.turns().len();
        while quiet < LONGEST_QUIET {
            match ears.state() {
                VoiceState::Thinking | VoiceState::Speaking => ears.listen().await?,
                VoiceState::Idle | VoiceState::Failed => break,
                _ if ears.turns().len() > before && ears.all_are_over() && quiet >= SETTLED => break,
                _ => {
                    ears.during(speak(voice, silence(QUIET))).await?;
                    // However fast files go by, what happens has its own time.
                    ears.during(tokio::time::sleep(QUIET / 10)).await?;
                    quiet += QUIET;
                }
            }
        }
        if number < last {
            ears.during(tokio::time::sleep(Duration::from_millis(args.input_gap_ms))).await?;
        }
    }
    ears.until_over(ears.turns().len()).await?;
    if args.provider != BUILTIN {
        ears.until_written_down(ears.turns().len().max(1)).await?;
    }
    Ok(())
}

/// Speaks into the open microphone. One that is shut, since the call has ended, is not waited for: why it has is in the
/// turn.
async fn speak(voice: &FileVoice, recording: AudioChunk) {
    let longest = recording.duration() + MICROPHONE_LIMIT;
    let _ = tokio::time::timeout(longest, voice.speak(recording)).await;
}

fn silence(length: Duration) -> AudioChunk {
    let rate = SampleRate::HZ_24000;
    let samples = usize::try_from(rate.samples_in(length)).unwrap_or_default();
    AudioChunk { samples: vec![0; samples], rate }
}

/// Moves the talk key.
pub(super) async fn key(app: &App, key: TalkKey) -> Result<(), Failure> {
    let _: VoiceView = call(app, "talk_key", key).await?;
    Ok(())
}
