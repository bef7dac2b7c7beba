//! `talk`: a spoken conversation through the same voice as the window's, with files or with real devices.

mod ears;
mod files;
mod live;

use std::path::PathBuf;

use parlance_app::App;
use parlance_app::api::{TalkMode, TalkModeRequest, VoiceView};
use parlance_app::cascade::{Chain, part};
use parlance_core::realtime::SessionOptions;
use serde_json::{Map, Value, json};

use crate::engine::{Desk, call};
use crate::failure::Failure;
use crate::out::clean::name;
use crate::providers::{BUILTIN, Way, check_name, wanted};
use ears::{Ears, Turn};

/// The voice that needs no key.
const ECHO: &str = "echo";
/// Who listens and who speaks around a chat model where nobody is named.
const USUAL_PART: &str = "openai";

/// What can be said to `talk`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --input: Enter begins to talk, Enter again sends, q and Enter ends. Hands-free: just talk; Enter sends at once."
)]
pub(crate) struct TalkArgs {
    /// Who answers: openai, gemini, dashscope, a server you have added that speaks OpenAI's realtime protocol, or builtin; any other, such as anthropic or ollama, through an ear and a mouth
    #[arg(long, value_name = "NAME", default_value = BUILTIN)]
    provider: String,
    /// Which model; echo of builtin says what you said [default: echo, or the one chosen in the settings]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    way: Way,
    /// The voice, as the provider names it [default: the provider's choice]
    #[arg(long, value_name = "VOICE")]
    voice: Option<String>,
    /// Who writes down what you say, in front of a chat model; without it a model that hears and speaks by itself is asked where the provider has them [default: openai]
    #[arg(long, value_name = "NAME[/MODEL]")]
    ear: Option<String>,
    /// Who speaks the answer of a chat model [default: openai]
    #[arg(long, value_name = "NAME[/MODEL]")]
    mouth: Option<String>,
    /// The language of both sides, such as en or zh, for an ear and a mouth [default: they find out]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Instructions for the model
    #[arg(long, value_name = "TEXT", default_value = "")]
    instructions: String,
    /// Turns begin and end by what is heard, instead of by the key; with files too
    #[arg(long)]
    hands_free: bool,
    /// WAV files instead of the microphone, each a turn (hands-free: each as many as there are pauses); may be repeated
    #[arg(long, value_name = "FILE", num_args = 1..)]
    input: Vec<PathBuf>,
    /// A WAV file instead of the speaker
    #[arg(long, value_name = "FILE", requires = "input")]
    output: Option<PathBuf>,
    /// Let files go by as fast as they are taken
    #[arg(long, requires = "input")]
    fast: bool,
    /// Milliseconds between an answer and the next file
    #[arg(long, value_name = "N", default_value_t = 0, requires = "input")]
    input_gap_ms: u64,
    /// Begin the next file so many milliseconds into the answer; the answers then take their time in spite of --fast
    #[arg(long, value_name = "N", requires = "input", conflicts_with = "hands_free")]
    barge_in_after_ms: Option<u64>,
    /// Write the conversation to a JSON file as well
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
    /// Print each event as it comes, a JSON object a line; with --json they go to stderr
    #[arg(long)]
    events: bool,
}

pub(crate) async fn run(args: TalkArgs, desk: Desk) -> Result<(), Failure> {
    let is_echo = args.provider == BUILTIN;
    if let Some(model) = args.model.as_deref().filter(|model| is_echo && *model != ECHO) {
        return Err(Failure::call(format!("There is no voice {} of builtin; there is: echo.", name(model))));
    }
    let ears = if args.input.is_empty() { live::talk(&args, &desk).await? } else { files::talk(&args, &desk).await? };
    let result = result(&ears);
    if let Some(path) = &args.transcript {
        let text = format!("{}\n", Value::Object(result.clone()));
        std::fs::write(path, text).map_err(|error| Failure::file(format!("writing {}: {error}", path.display())))?;
    }
    if let Some(error) = ears.failure() {
        return Err(Failure::from(error).beside(result));
    }
    desk.out.result(&Value::Object(result), || {
        ears.turns().iter().enumerate().map(|(at, turn)| format!("{}: {}\n", at + 1, line(turn))).collect()
    });
    Ok(())
}

impl TalkArgs {
    /// Begins a call hands-free, where that is wanted.
    async fn open_call(&self, app: &App) -> Result<(), Failure> {
        if self.hands_free {
            let request = TalkModeRequest { mode: TalkMode::HandsFree };
            let _: VoiceView = call(app, "talk_mode", request).await?;
        }
        Ok(())
    }

    /// Lets the engine speak with whom the call names.
    async fn choose_voice(&self, app: &App) -> Result<(), Failure> {
        if self.provider == BUILTIN {
            return Ok(());
        }
        check_name(app, &self.provider)?;
        let wanted = wanted(Some(self.provider.clone()), self.model.clone(), &self.way);
        let session = SessionOptions {
            instructions: self.instructions.clone(),
            voice: self.voice.clone(),
            ..SessionOptions::default()
        };
        let is_chain = self.ear.is_some() || self.mouth.is_some() || !app.has_voices(&wanted)?;
        if !is_chain {
            return app.speak_with(&wanted, session).map_err(|error| self.way.refused(error));
        }
        let part = |named: &Option<String>| part(named.as_deref().unwrap_or(USUAL_PART)).map_err(Failure::from);
        let chain =
            Chain { ear: part(&self.ear)?, chat: wanted, mouth: part(&self.mouth)?, language: self.language.clone() };
        app.speak_through(&chain, session).await.map_err(|error| self.way.refused(error))
    }
}

fn result(ears: &Ears) -> Map<String, Value> {
    let turns: Vec<Value> = ears.turns().iter().map(value).collect();
    Map::from_iter([
        ("turns".to_owned(), Value::Array(turns)),
        ("reconnects".to_owned(), json!(ears.reconnects())),
        ("conversation_id".to_owned(), json!(ears.conversation())),
    ])
}

fn value(turn: &Turn) -> Value {
    json!({
        "user": turn.user,
        "assistant": turn.assistant,
        "heard": turn.heard(),
        "interrupted": turn.is_interrupted(),
        "tool_calls": turn.tool_calls,
        "first_audio_ms": turn.first_audio_ms,
        "ours_ms": turn.parts.0,
        "network_ms": turn.parts.1,
        "model_ms": turn.parts.2,
        "user_ms": turn.user_ms,
        "assistant_ms": turn.assistant_ms,
        "heard_ms": turn.heard_ms.unwrap_or(turn.assistant_ms),
    })
}

fn line(turn: &Turn) -> String {
    let seconds = |ms: u32| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
    let mut line = format!("you {}, answer {}", seconds(turn.user_ms), seconds(turn.assistant_ms));
    if let Some(ms) = turn.first_audio_ms {
        line.push_str(&format!(", first sound after {ms} ms"));
    }
    if let Some(ms) = turn.heard_ms {
        line.push_str(&format!(", interrupted after {}", seconds(ms)));
    }
    line
}
