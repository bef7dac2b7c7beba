//! `say`: a text to a model that speaks, its sound into a file or to stdout.

use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::StreamExt as _;
use parlance_app::Reach;
use parlance_app::api::{ErrorBody, ErrorCode};
use parlance_app::mouths::Mouth;
use parlance_app::sound::write_wav;
use parlance_core::asked::Asked;
use parlance_core::synthesis::{SpeechEvent, SpeechManner, SpeechSession, SpeechStream, SpeechUsage};
use parlance_core::{AudioChunk, ProviderError, SampleRate};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::ask::Setting;
use crate::engine::Desk;
use crate::failure::Failure;
use crate::out::Reader;
use crate::providers::From;

/// Where it goes instead of a file.
const STDOUT: &str = "-";
/// Longer texts are no speech any more: ten hours of it.
const MOST_TEXT_BYTES: u64 = 4 * 1024 * 1024;
/// Lines that wait to be spoken; then stdin is read no further.
const LINES: usize = 16;

/// What can be said to `say`.
#[derive(Debug, clap::Args)]
pub(crate) struct SayArgs {
    /// What to say; - reads it from stdin
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    from: From,
    /// The voice, as the provider names it [default: the model's usual one]
    #[arg(long, value_name = "VOICE")]
    voice: Option<String>,
    /// A WAV file for the sound; - writes bare samples to stdout, 16 bit, mono, low byte first
    #[arg(short, long, value_name = "FILE", required_unless_present = "print_request")]
    output: Option<PathBuf>,
    /// Begin to speak while the text is still being written: each line as it comes
    #[arg(long)]
    incremental: bool,
    /// The language of the text, such as en or zh [default: the model finds out]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// How fast, 1 being usual
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f32>,
    /// How to say it, for models that can be told
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
    /// A parameter of the provider's own; may be repeated
    #[arg(long, value_name = "KEY=JSON")]
    set: Vec<Setting>,
    /// Print what would be sent, and send nothing
    #[arg(long)]
    print_request: bool,
}

fn speed(word: &str) -> Result<f32, BadSpeed> {
    word.parse().ok().filter(|speed| (0.1..=10.0).contains(speed)).ok_or(BadSpeed)
}

#[derive(Debug, thiserror::Error)]
#[error("it is a number from 0.1 to 10")]
struct BadSpeed;

pub(crate) async fn run(args: SayArgs, desk: Desk) -> Result<(), Failure> {
    let to_stdout = args.output.as_deref() == Some(Path::new(STDOUT));
    if to_stdout && desk.out.reader() == Reader::Program {
        return Err(Failure::call("With -o - the sound itself goes to stdout, so --json has no place there."));
    }
    // A text that is to be spoken as it comes is read while it is spoken.
    let text = match (args.text.as_str(), args.incremental && !args.print_request) {
        (STDOUT, true) => None,
        (STDOUT, false) => Some(read_stdin()?),
        (text, _) => Some(text.to_owned()),
    };
    let manner = SpeechManner {
        voice: args.voice.clone(),
        language: args.language.clone(),
        speed: args.speed,
        instructions: args.instructions.clone(),
        extra: args.set.iter().map(|setting| (setting.key.clone(), setting.value.clone())).collect(),
        ..SpeechManner::default()
    };
    desk.with_engine(Reach::Settings, None, async |app| {
        let mouth = app.mouth(&args.from.wanted(app)?).map_err(|error| args.from.way.refused(error))?;
        if args.print_request {
            return print_request(&mouth, text.as_deref().unwrap_or_default(), &manner, &desk);
        }
        mouth.check_key().await?;
        let began = Instant::now();
        let mut heard = Heard::default();
        let spoken = async {
            let sound = if args.incremental {
                speak_lines(&mouth, text, &manner).await?
            } else {
                mouth.speech().speak(text.as_deref().unwrap_or_default(), &manner).await?
            };
            listen(sound, began, &mut heard, |samples| !to_stdout || desk.out.bytes(&bytes_of(samples))).await
        };
        let ended = tokio::select! {
            ended = spoken => Some(ended),
            () = stopped() => None,
        };
        // What came is kept, however it ended.
        if let (Some(path), false) = (&args.output, to_stdout)
            && (matches!(ended, Some(Ok(()))) || !heard.samples.is_empty())
        {
            let rate = heard.rate.unwrap_or(SampleRate::HZ_24000);
            write_wav(path, &AudioChunk { samples: std::mem::take(&mut heard.samples), rate })?;
        }
        match ended {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(Failure::from(mouth.explain(&error).await).beside(heard.fields())),
            None => return Err(Failure::from(ErrorBody::new(ErrorCode::Stopped)).beside(heard.fields())),
        }
        if to_stdout {
            desk.out.note(&heard.line());
        } else {
            desk.out.result(&Value::Object(heard.fields()), || heard.line());
        }
        Ok(())
    })
    .await
}

/// What came.
#[derive(Debug, Default)]
struct Heard {
    samples: Vec<i16>,
    count: u64,
    rate: Option<SampleRate>,
    first_audio_ms: Option<u64>,
    /// `None` until the provider tells.
    usage: Option<SpeechUsage>,
}

impl Heard {
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([
            ("samples".to_owned(), json!(self.count)),
            ("sample_rate".to_owned(), json!(self.rate.unwrap_or(SampleRate::HZ_24000).hz())),
            ("first_audio_ms".to_owned(), json!(self.first_audio_ms)),
        ]);
        if let Some(SpeechUsage { characters, input_tokens, output_tokens }) = self.usage {
            let mut usage = json!({ "characters": characters });
            for (name, tokens) in [("input_tokens", input_tokens), ("output_tokens", output_tokens)] {
                if let Some(tokens) = tokens {
                    usage[name] = json!(tokens);
                }
            }
            fields.insert("usage".to_owned(), usage);
        }
        fields
    }

    fn line(&self) -> String {
        let length = self.rate.unwrap_or(SampleRate::HZ_24000).duration_of(self.count).as_secs_f64();
        match self.first_audio_ms {
            Some(ms) => format!("{length:.1} s of speech, the first of it after {ms} ms."),
            None => "There was nothing to say.".to_owned(),
        }
    }
}

/// Takes the sound as it comes, for as long as `more` says that it is still wanted.
async fn listen(
    mut sound: SpeechStream,
    began: Instant,
    heard: &mut Heard,
    more: impl Fn(&[i16]) -> bool,
) -> Result<(), ProviderError> {
    while let Some(event) = sound.next().await {
        match event? {
            SpeechEvent::Audio(AudioChunk { samples, rate }) => {
                heard.first_audio_ms.get_or_insert(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
                heard.rate = Some(rate);
                heard.count += samples.len() as u64;
                if !more(&samples) {
                    return Ok(());
                }
                heard.samples.extend(samples);
            }
            SpeechEvent::Usage(usage) => heard.usage = Some(usage),
            SpeechEvent::Finished => return Ok(()),
        }
    }
    Ok(())
}

/// Begins to speak a text line by line: a given one, or what stdin says.
async fn speak_lines(
    mouth: &Mouth,
    text: Option<String>,
    manner: &SpeechManner,
) -> Result<SpeechStream, ProviderError> {
    let SpeechSession { text: mut writer, sound } = mouth.speech().begin(manner).await?;
    let (sender, mut lines) = mpsc::channel(LINES);
    // A thread of its own, because nothing can call it back from a terminal at which nobody types.
    std::thread::spawn(move || match text {
        Some(text) => text.split_inclusive('\n').all(|line| sender.blocking_send(line.to_owned()).is_ok()),
        None => {
            let mut input = std::io::stdin().lock();
            loop {
                let mut line = Vec::new();
                match input.read_until(b'\n', &mut line) {
                    Ok(1..) if sender.blocking_send(String::from_utf8_lossy(&line).into_owned()).is_ok() => {}
                    _ => return false,
                }
            }
        }
    });
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            // Why it is over comes through the sound.
            if writer.push(&line).await.is_err() {
                return;
            }
        }
        let _ = writer.finish().await;
    });
    Ok(sound)
}

fn print_request(mouth: &Mouth, text: &str, manner: &SpeechManner, desk: &Desk) -> Result<(), Failure> {
    desk.out.object(&shown(&mouth.request(text, manner)?));
    Ok(())
}

/// A request as it is printed.
pub(crate) fn shown(asked: &Asked) -> Value {
    let named = |headers: &[(String, String)]| -> Map<String, Value> {
        headers.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect()
    };
    match asked {
        Asked::Http(asked) => {
            json!({"method": asked.method, "url": asked.url, "headers": named(&asked.headers), "body": asked.body})
        }
        Asked::Socket(asked) => json!({"url": asked.url, "headers": named(&asked.headers), "frames": asked.frames}),
    }
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MOST_TEXT_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::file(format!("reading stdin: {error}")))?;
    if text.len() as u64 > MOST_TEXT_BYTES {
        return Err(Failure::file(format!("the text on stdin is over {} MiB", MOST_TEXT_BYTES / (1024 * 1024))));
    }
    Ok(text)
}

fn bytes_of(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Ctrl-C.
pub(crate) async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without it the system ends us, as it always could.
        std::future::pending::<()>().await;
    }
}
