//! What the engine tells its hosts, in order, each with a sequence number.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::commands::FilesTaken;
use super::error::ErrorBody;
use super::hotkey::HotkeyView;
use super::models::ModelListView;
use super::notes::{ImportView, NotesStatus};
use super::views::{Author, ConversationSummary, KeyringView, MessageView, ProviderView, Settings, ToolEnd, ToolState};
use super::voice::{Renewal, VoiceView};

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
    /// A provider could not answer yet and is asked again by itself, when `error.retry_at_ms` says. Over with the next
    /// [`AppEvent::Delta`] or [`AppEvent::Message`] of this message.
    Waiting {
        /// The conversation.
        conversation_id: String,
        /// The message.
        message_id: String,
        /// Why, and until when.
        error: ErrorBody,
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
    /// What one of the two is saying, in words, as it comes: replaces the caption of the same side and turn.
    Caption {
        /// The turn; grows.
        #[ts(type = "number")]
        turn: u64,
        /// Whose words.
        by: Author,
        /// All of them so far.
        text: String,
        /// How many characters of them (as `[...text].length` counts) have been heard: the rest may be drawn paler. Of the
        /// person's words always all.
        heard: u32,
    },
    /// The session was made anew, with all that was said so far: a quiet mark, nothing to do.
    VoiceRenewed {
        /// The conversation.
        conversation_id: Option<String>,
        /// Why.
        why: Renewal,
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
    /// The person dropped files on the window, for the message that is being written.
    FilesDropped {
        /// What was taken in of them.
        taken: FilesTaken,
    },
    /// Notes are new, changed or gone: what is drawn of them is to be asked for again.
    NotesChanged {
        /// Which; empty when they are many.
        ids: Vec<String>,
    },
    /// The index of notes stands differently now. At most four times a second.
    IndexProgress {
        /// How.
        status: NotesStatus,
    },
    /// An import of notes is further, or over. At most four times a second.
    ImportProgress {
        /// How far it is.
        import: ImportView,
    },
    /// Devices came or went: ask again.
    DevicesChanged,
    /// Settings changed.
    Settings {
        /// All of them.
        settings: Settings,
    },
    /// The talk key of the whole desktop stands differently now.
    Hotkey {
        /// How.
        hotkey: HotkeyView,
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
    /// What is being said cannot be kept on the disk: until it is answered it is in memory only.
    SpokenInMemory,
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
