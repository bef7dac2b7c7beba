//! What the engine tells its hosts, in order, each with a sequence number.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::error::ErrorBody;
use super::models::ModelListView;
use super::views::{ConversationSummary, KeyringView, MessageView, ProviderView, Settings, ToolEnd, ToolState};

/// Events of one moment (at most 16 ms), in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EventBatch {
    /// Sequence number of the first event; grows by one with each. A gap means that events were lost: ask for a new
    /// snapshot.
    #[ts(type = "number")]
    pub first: u64,
    /// The events.
    pub events: Vec<AppEvent>,
}

/// One fact, or one delta to append.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AppEvent {
    /// A conversation is new or its line changed.
    Conversation {
        /// Its line.
        summary: ConversationSummary,
    },
    /// A conversation is gone.
    ConversationGone {
        /// Its id.
        id: String,
    },
    /// A message is new, or replaces the one of its id.
    Message {
        /// The message.
        message: MessageView,
    },
    /// More of the last block of a message.
    Delta {
        /// The conversation.
        conversation_id: String,
        /// The message.
        message_id: String,
        /// The block, counted from 0. The next block number begins a new block.
        block: u32,
        /// What is appended.
        delta: Delta,
    },
    /// All that were asked in a conversation have answered, or were stopped.
    AnswersEnded {
        /// The conversation.
        conversation_id: String,
    },
    /// The talk key's state changed.
    Voice {
        /// The state.
        voice: VoiceView,
    },
    /// How loud it is, 25 to 30 times a second while anything sounds.
    Level {
        /// The microphone, 0 to 1, −60 to −6 dBFS.
        input: f32,
        /// The speaker, likewise.
        output: f32,
    },
    /// The line between engine and devices, disk or keyring changed: the whole list of what is wrong now.
    Notices {
        /// In order of weight; empty when all is well.
        notices: Vec<Notice>,
    },
    /// Devices came or went: ask again.
    DevicesChanged,
    /// Settings changed.
    Settings {
        /// All of them.
        settings: Settings,
    },
    /// A provider's list of models changed, or is being asked for.
    Models {
        /// The list.
        list: ModelListView,
    },
    /// Providers or their keys changed.
    Providers {
        /// All of them.
        providers: Vec<ProviderView>,
        /// The keyring.
        keyring: KeyringView,
    },
}

/// What is appended to a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Delta {
    /// To a text block.
    Text {
        /// The words.
        text: String,
    },
    /// To a thinking block.
    Thinking {
        /// The words.
        text: String,
    },
    /// To a tool call.
    ToolCall {
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
        /// Argument text.
        arguments: String,
    },
    /// A tool call stands differently now.
    ToolState {
        /// How.
        state: ToolState,
    },
    /// A tool gave this: a block of its own.
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
}

/// The talk key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VoiceView {
    /// Its state.
    pub state: VoiceState,
    /// How long it has been in it, in milliseconds; the window counts on from there.
    pub for_ms: u32,
    /// Whether the microphone is shut by hand.
    pub muted: bool,
    /// Whether a tap keeps the floor open.
    pub locked: bool,
    /// The conversation that is spoken to, `None` before the first turn.
    pub conversation_id: Option<String>,
    /// Whether a session is open, so that hanging up means something.
    pub in_call: bool,
    /// Whether an utterance is kept that can be sent again or taken back.
    pub kept: Option<KeptUtterance>,
    /// Why it failed.
    pub error: Option<ErrorBody>,
}

/// The talk key's states, drawn as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VoiceState {
    /// Nobody has the floor.
    Idle,
    /// The floor is yours, no sound has come from the microphone yet.
    Connecting,
    /// Real samples come in.
    Listening,
    /// They are loud enough to be you.
    Hearing,
    /// You are done; the answer has not begun to sound.
    Thinking,
    /// The answer sounds.
    Speaking,
    /// You talk over the answer.
    Interrupted,
    /// The device or the connection is gone and looked for; your words are kept.
    Reconnecting,
    /// The microphone is shut by hand.
    Muted,
    /// It cannot go on by itself.
    Failed,
}

/// An utterance that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeptUtterance {
    /// How long it is.
    pub ms: u32,
    /// Why.
    pub reason: KeptReason,
}

/// Why an utterance is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeptReason {
    /// The person cancelled it: offered back for 8 s.
    Cancelled,
    /// It could not be sent.
    Failed,
}

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// No microphone.
    NoMicrophone,
    /// The microphone was unplugged.
    MicrophoneGone {
        /// Its name.
        device: String,
    },
    /// No speaker.
    NoSpeaker,
    /// The speaker was unplugged.
    SpeakerGone {
        /// Its name.
        device: String,
    },
    /// The sound server ended.
    SoundServerGone,
    /// The microphone sends digital silence while the floor is yours.
    MicrophoneSilent {
        /// Its name.
        device: String,
    },
    /// Sound was lost because this computer was too busy.
    SoundLost {
        /// Milliseconds, in all.
        ms: u32,
    },
    /// The disk is full; what is new is in memory only.
    DiskFull,
    /// Less than 500 MB are free.
    DiskLow {
        /// Millions of bytes, rounded down to tens.
        mb: u32,
    },
    /// The data folder cannot be written.
    ReadOnly,
    /// The settings file could not be read; defaults are used and the file is kept.
    SettingsUnreadable {
        /// Where it is.
        path: String,
    },
}
