//! What a host draws.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::error::ErrorBody;
use super::models::{Defaults, ModelChoice};
use super::sound::Echo;
use super::voice::{Patience, SpendingCap, VoiceChoice};

/// A line of the conversation list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConversationSummary {
    /// Its id.
    pub id: String,
    /// Chosen by the person, else the beginning of its first message; empty for one that was only spoken.
    pub title: String,
    /// Milliseconds since 1970 (UTC): last message.
    #[ts(type = "number")]
    pub updated_ms: u64,
    /// Whether anything in it was spoken.
    pub spoken: bool,
    /// Which model answers in it; `None` until one was asked or chosen.
    pub model: Option<ModelChoice>,
}

/// A conversation with its messages, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConversationView {
    /// Its line in the list.
    pub summary: ConversationSummary,
    /// Its messages on the chosen branch.
    pub messages: Vec<MessageView>,
    /// Sequence number of the first event that `messages` does not hold yet: what a window hears before it is dropped,
    /// what it hears from it on is appended. Without it a delta could be drawn twice or lost while an answer streams.
    #[ts(type = "number")]
    pub next_event: u64,
}

/// A message as drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// The conversation it stands in.
    pub conversation_id: String,
    /// Who speaks.
    pub author: Author,
    /// The speaker's name: the model's for an answer.
    pub name: String,
    /// What is said.
    pub blocks: Vec<BlockView>,
    /// Where it stands.
    pub status: MessageStatus,
    /// Why it failed or broke off.
    pub error: Option<ErrorBody>,
    /// Milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub created_ms: u64,
    /// For a spoken message.
    pub spoken: Option<SpokenView>,
    /// For an answer, once known.
    pub figures: Option<FiguresView>,
    /// Files that the person chose for it.
    pub files: Vec<FileView>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The person.
    You,
    /// A model, or Echo.
    They,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// It is being written.
    Streaming,
    /// It is whole.
    Complete,
    /// The person stopped it; what came is kept.
    Stopped,
    /// It broke off (connection, crash); what came is kept.
    Cut,
    /// Nothing came.
    Failed,
}

/// One block of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BlockView {
    /// Markdown from a model, plain words from the person.
    Text {
        /// The words.
        text: String,
    },
    /// Reasoning.
    Thinking {
        /// The words.
        text: String,
        /// How long it took, `None` while it runs or when unknown.
        ms: Option<u32>,
    },
    /// A tool call.
    ToolCall {
        /// Pairs it with its result.
        id: String,
        /// The tool.
        name: String,
        /// The arguments as JSON text, perhaps not whole yet.
        arguments: String,
        /// Where it stands.
        state: ToolState,
    },
    /// What a tool gave.
    ToolResult {
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
        /// Its output as text.
        output: String,
        /// How it ended.
        end: ToolEnd,
    },
    /// Recorded sound, played by `play_media`.
    Audio {
        /// For `play_media`.
        media_id: String,
        /// How long it is.
        ms: u32,
    },
    /// A medium this version cannot draw yet.
    Other {
        /// `image`, `audio` or `video`.
        kind: String,
    },
}

/// Where a tool call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ToolState {
    /// It is being written, or waits its turn.
    Coming,
    /// It waits for the person: `decide_tool`.
    Asking,
    /// It runs.
    Running {
        /// For so many milliseconds; the window counts on from there.
        for_ms: u32,
    },
    /// It has a result, or will never have one.
    Over,
}

/// A file that the person chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileView {
    /// For `send_message` and `forget_file`.
    pub id: String,
    /// Without a folder.
    pub name: String,
    /// How long it is, in bytes.
    pub bytes: u32,
    /// What it is, told by its content.
    pub kind: FileKind,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Words.
    Text,
    /// A picture.
    Image,
}

/// How a tool's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ToolEnd {
    /// It did what was asked.
    Done,
    /// It could not.
    Failed,
    /// The person did not allow it.
    Refused,
    /// The person stopped it, or it was cut off.
    Stopped,
}

/// What is known about a spoken message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SpokenView {
    /// How long it is.
    pub ms: u32,
    /// For an answer that was interrupted: how much of it was heard.
    pub heard_ms: Option<u32>,
    /// For an answer that was interrupted: how many characters of its text were heard (as `[...text].length` counts);
    /// `None` where that is not known.
    pub heard_chars: Option<u32>,
    /// For an answer: from the end of speech to its first sound.
    pub first_sound_ms: Option<u32>,
    /// Of that: this computer.
    pub ours_ms: Option<u32>,
    /// Of that: the way to the provider and back, where it is measured.
    pub network_ms: Option<u32>,
    /// Of that: the model.
    pub model_ms: Option<u32>,
}

/// What an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct FiguresView {
    /// Tokens of the prompt.
    #[ts(type = "number | null")]
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    #[ts(type = "number | null")]
    pub output_tokens: Option<u64>,
    /// From sending to the first word.
    pub first_word_ms: Option<u32>,
    /// How many of the oldest messages the model was not told, since it could not have read them all.
    pub left_out: Option<u32>,
}

/// A hit of the full-text search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SearchHit {
    /// The conversation.
    pub conversation_id: String,
    /// Its title.
    pub title: String,
    /// The message.
    pub message_id: String,
    /// Words around the hit, cut into pieces that match or do not.
    pub snippet: Vec<SnippetPiece>,
    /// Milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub created_ms: u64,
}

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SnippetPiece {
    /// The words.
    pub text: String,
    /// Whether they match the query.
    pub hit: bool,
}

/// A provider as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProviderView {
    /// Its id in settings: `openai`, or the name of an added server.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is.
    pub base_url: String,
    /// The host of `base_url`, for sentences.
    pub host: String,
    /// Whether it is this computer.
    pub local: bool,
    /// The chosen model, empty if none.
    pub model: String,
    /// Whether it came with Parlance (and cannot be removed).
    pub builtin: bool,
    /// Its voices by name, as far as they are known, where one can talk with its models directly; `None` where one cannot.
    pub voices: Option<Vec<String>>,
    /// Its key.
    pub key: KeyState,
}

/// A model service that Parlance knows and that can be added by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ServiceView {
    /// Its id, also as a dialect.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is; empty where everybody has an address of their own.
    pub base_url: String,
}

/// Whether there is a key, and where. Never the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// None for this host.
    Missing,
    /// In the system's keyring.
    Keyring,
    /// In memory, until Parlance ends.
    Session,
    /// The keyring has not answered yet, or cannot be asked.
    Unknown,
}

/// The system's keyring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyringView {
    /// Whether keys can be kept.
    pub state: KeyringState,
    /// What it is called here, for sentences: "GNOME keyring", "Keychain" …
    pub store: String,
}

/// Whether keys can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyringState {
    /// They can.
    Ready,
    /// It is locked.
    Locked,
    /// There is none.
    Absent,
    /// It has not answered yet.
    Waiting,
}

/// A microphone or a speaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeviceView {
    /// For settings.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether the system would choose it.
    pub is_default: bool,
}

/// All devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DevicesView {
    /// Microphones.
    pub inputs: Vec<DeviceView>,
    /// Speakers.
    pub outputs: Vec<DeviceView>,
}

/// What the person has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// The language of the window.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// 0.9, 1, 1.15, 1.3 or 1.5.
    pub text_scale: f32,
    /// The provider that answers what is typed.
    pub provider: String,
    /// The microphone's id, `None` for the system's choice.
    pub input_device: Option<String>,
    /// The speaker's id, `None` for the system's choice.
    pub output_device: Option<String>,
    /// Frames a block of the sound devices: 480 to 4096. Larger is safer, smaller is quicker.
    pub audio_block: u32,
    /// Keep the microphone open, so that the first word is never lost. Its sound stays in memory.
    pub warm_microphone: bool,
    /// What is done about the assistant's own voice in the microphone.
    pub echo: Echo,
    /// What holding and tapping the talk key do.
    pub talk_key: TalkKeyMode,
    /// The talk key of the whole desktop, such as `Ctrl+Alt+Space`; empty for none.
    pub hotkey: String,
    /// How reasoning is shown.
    pub reasoning: ReasoningDisplay,
    /// Whether figures stand under answers.
    pub show_figures: bool,
    /// Which model answers where none was chosen.
    pub defaults: Defaults,
    /// The models that stand first, in the order in which they were taken.
    pub favourites: Vec<ModelChoice>,
    /// Whether models are offered tools.
    pub tools: bool,
    /// Who is spoken with.
    pub voice: VoiceChoice,
    /// When a turn is over, hands-free.
    pub patience: Patience,
    /// Whether turns are told apart here, even where the provider could.
    pub local_turns: bool,
    /// Seconds without a word after which a call ends; 0 for never.
    pub idle_hang_up_s: u32,
    /// When spending stops for the day.
    pub spending_cap: SpendingCap,
    /// What voices are told about how to speak; empty for nothing.
    pub voice_instructions: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: Language::System,
            theme: Theme::System,
            text_scale: 1.0,
            provider: "openai".into(),
            input_device: None,
            output_device: None,
            audio_block: 960,
            warm_microphone: false,
            echo: Echo::Cancel,
            talk_key: TalkKeyMode::Auto,
            hotkey: String::new(),
            reasoning: ReasoningDisplay::Auto,
            show_figures: true,
            defaults: Defaults::default(),
            favourites: Vec::new(),
            tools: true,
            voice: VoiceChoice::default(),
            patience: Patience::default(),
            local_turns: false,
            idle_hang_up_s: 300,
            spending_cap: SpendingCap::default(),
            voice_instructions: String::new(),
        }
    }
}

/// The language of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum Language {
    /// As the system.
    #[serde(rename = "system")]
    System,
    /// English.
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    SimplifiedChinese,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What holding and tapping the talk key do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TalkKeyMode {
    /// Hold to talk, tap to keep it open.
    Auto,
    /// Only holding counts.
    Hold,
    /// Each press toggles.
    Toggle,
}

/// How reasoning is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningDisplay {
    /// Open while it runs, closed after.
    Auto,
    /// Open.
    Open,
    /// Closed.
    Closed,
}
