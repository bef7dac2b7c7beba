//! What a host can ask, declared once: the router and the TypeScript both come from this list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::error::ErrorBody;
use super::events::Notice;
use super::hotkey::{HeldBy, HotkeyView};
use super::models::{Defaults, ModelChoice};
use super::sound::Echo;
use super::views::{
    ConversationSummary, FileView, KeyringView, Language, ProviderView, ReasoningDisplay, Settings, TalkKeyMode, Theme,
};
use super::voice::{Patience, SpendingCap, VoiceChoice, VoiceView};

/// Calls `$then!` with every command: `name: Request => Response`, each with its sentence.
#[macro_export]
macro_rules! with_commands {
    ($then:ident) => {
        $then! {
            /// All that a window needs to draw itself. Ask again after a gap in the sequence numbers.
            snapshot: Empty => Snapshot,
            /// More lines of the conversation list.
            list_conversations: ListConversations => Vec<ConversationSummary>,
            /// A conversation with its messages.
            open_conversation: ConversationId => ConversationView,
            /// Gives a conversation a title.
            rename_conversation: RenameConversation => Empty,
            /// Takes a conversation away; `undo_delete` brings it back for eight seconds.
            delete_conversation: ConversationId => Empty,
            /// Brings a conversation back.
            undo_delete: ConversationId => ConversationSummary,
            /// Full-text search over everything said and typed.
            search: Search => Vec<SearchHit>,
            /// Sends a message and starts the answer, which comes as events.
            send_message: SendMessage => MessageSent,
            /// Stops the running answer; what came is kept.
            stop_answer: ConversationId => Empty,
            /// Asks again for the answer to the last message.
            answer_again: AnswerAgain => MessageSent,
            /// How much of what its model can read a conversation takes, with what is being written. Asks nobody.
            context: ContextOf => ContextView,
            /// Says whether a tool may run that asks, or stops one that runs.
            decide_tool: DecideTool => Empty,
            /// Takes a file in for the next message, which names it. It is checked here and kept in memory until then.
            choose_file: ChooseFile => FileView,
            /// Takes in the files or the picture on the system's clipboard, for pages that are not given them; nothing elsewhere.
            paste_files: Empty => FilesTaken,
            /// Forgets a file, sent already or not. No model can read it from then on.
            forget_file: FileId => Empty,
            /// Keeps a key for a provider's host.
            set_key: SetKey => ProviderView,
            /// Forgets the key of a provider's host.
            forget_key: ProviderId => ProviderView,
            /// The services that can be added by their names.
            known_services: Empty => Vec<ServiceView>,
            /// Adds a server or changes a provider. A new address needs its own key.
            save_provider: SaveProvider => ProviderView,
            /// Removes an added server and its key.
            remove_provider: ProviderId => Empty,
            /// Asks the provider for its models and, where one is chosen, that model for a word. What is wrong is the error.
            test_provider: ProviderId => ProviderTested,
            /// Every provider's models as far as they are known. Those that are old are asked for beside it, and come as events.
            model_lists: Empty => Vec<ModelListView>,
            /// Asks a provider for its models now. A failure is in the list, which keeps what it had.
            refresh_models: ProviderId => ModelListView,
            /// Which model answers from now on, in a conversation or in new ones.
            choose_model: ChooseModel => Empty,
            /// Changes settings; what is absent stays.
            update_settings: SettingsPatch => Settings,
            /// The microphones and speakers there are.
            devices: Empty => DevicesView,
            /// Plays a short sweep and listens to what comes back of it. It takes two seconds, and changes nothing.
            test_echo: Empty => EchoTested,
            /// The talk key went down or up.
            talk_key: TalkKey => VoiceView,
            /// Throws the utterance away (offered back for eight seconds), or stops the answer.
            talk_cancel: Empty => VoiceView,
            /// Hands-free, or by the key.
            talk_mode: TalkModeRequest => VoiceView,
            /// Hands-free: what was said so far is the turn, without waiting for silence.
            talk_send_now: Empty => VoiceView,
            /// Sends a kept utterance, perhaps to another voice.
            talk_send_kept: TalkSendKept => VoiceView,
            /// Throws a kept utterance away for good.
            talk_discard_kept: TalkKept => VoiceView,
            /// Puts a failure away; what is kept stays kept.
            talk_dismiss: Empty => VoiceView,
            /// Tries to connect again at once.
            talk_retry: Empty => VoiceView,
            /// Shows the model a picture along with what is said next.
            talk_show: TalkShow => Empty,
            /// How long the newest spoken turns took, the newest first.
            voice_times: VoiceTimes => Vec<VoiceTimeView>,
            /// Ends the session.
            talk_hang_up: Empty => VoiceView,
            /// Shuts or opens the microphone by hand.
            talk_mute: TalkMute => VoiceView,
            /// Speaks into this conversation from now on; `None` begins a new one.
            talk_into: TalkInto => Empty,
            /// Plays recorded sound of a message.
            play_media: MediaId => Empty,
            /// Stops it.
            stop_media: Empty => Empty,
            /// Notes, those changed last first.
            notes_list: ListNotes => NoteList,
            /// A note, whole.
            note_open: NoteId => NoteView,
            /// Keeps a note, new or changed. It is found by its words at once, by its meaning soon after.
            note_save: SaveNote => NoteSummary,
            /// Takes a note away; `note_restore` brings it back for eight seconds.
            note_remove: NoteId => Empty,
            /// Brings a note back.
            note_restore: NoteId => NoteSummary,
            /// Keeps the words of a message as a note.
            note_from_message: NoteFromMessage => NoteSummary,
            /// Folders, tags and what is followed.
            notes_shelves: Empty => NoteShelves,
            /// Finds passages. Fast enough for every key.
            notes_search: SearchNotes => NotesFound,
            /// Passages of other notes that are like a note.
            notes_like: NotesLike => NotesFound,
            /// Lets the person choose files or a folder, and takes them in; how far it is comes as events.
            import_notes: ImportNotes => Picked,
            /// Stops the import that runs. What is in stays.
            stop_import: Empty => Empty,
            /// Lets the person choose a folder that is followed from now on.
            follow_folder: Empty => Picked,
            /// Follows a folder no longer.
            unfollow_folder: UnfollowFolder => Empty,
            /// Lets the person choose a folder, and writes every note into a new folder in it.
            export_notes: Empty => NotesExported,
            /// How far the index of notes is.
            notes_status: Empty => NotesStatus,
            /// Chooses the model that makes meanings of passages.
            reindex_notes: ReindexNotes => NotesStatus,
            /// Stops the index for now, or lets it go on.
            order_index: OrderIndex => NotesStatus,
            /// Opens a link outside: https, http and mailto only.
            open_link: OpenLink => Empty,
            /// What can be done about a history that cannot be opened.
            rescue_options: Empty => RescueOptions,
            /// Puts a copy in the place of the history, which is kept aside.
            restore_backup: BackupName => Rescued,
            /// Carries what can be read of a damaged history into a new one, and keeps the old files aside.
            salvage: Empty => Rescued,
        }
    };
}

/// Nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Empty {}

/// All that a window needs to draw itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Snapshot {
    /// Sequence number of the next event.
    #[ts(type = "number")]
    pub next_event: u64,
    /// Parlance's version.
    pub version: String,
    /// Where everything is kept.
    pub data_folder: String,
    /// The store cannot be used as it is: nothing but this is drawn.
    pub trouble: Option<ErrorBody>,
    /// What the person has chosen.
    pub settings: Settings,
    /// The configured providers.
    pub providers: Vec<ProviderView>,
    /// The keyring.
    pub keyring: KeyringView,
    /// The first lines of the conversation list, newest first.
    pub conversations: Vec<ConversationSummary>,
    /// How many conversations there are in all.
    pub conversation_count: u32,
    /// The talk key.
    pub voice: VoiceView,
    /// The talk key of the whole desktop.
    pub hotkey: HotkeyView,
    /// What is wrong now.
    pub notices: Vec<Notice>,
}

/// More lines of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListConversations {
    /// How many to skip.
    pub offset: u32,
    /// How many at the most; 200 are given at once.
    pub limit: u32,
}

/// Names a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConversationId {
    /// Its id.
    pub id: String,
}

/// A new title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RenameConversation {
    /// The conversation.
    pub id: String,
    /// At most 200 characters.
    pub title: String,
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Search {
    /// Any string is a legal query.
    pub query: String,
    /// How many hits at the most; 200 are given at once.
    pub limit: u32,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SendMessage {
    /// Where; `None` begins a new conversation.
    pub conversation_id: Option<String>,
    /// What; at most 10 MiB. May be empty where files say enough.
    pub text: String,
    /// Who answers this one message, one after the other; empty for the conversation's model.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<ModelChoice>>")]
    pub to: Vec<ModelChoice>,
    /// Ids of chosen files that go with it.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub files: Vec<String>,
}

/// Asks again for the answer to the last message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AnswerAgain {
    /// The conversation.
    pub id: String,
    /// Who answers; `None` for the conversation's model.
    #[serde(default)]
    #[ts(optional)]
    pub to: Option<ModelChoice>,
}

/// Whose length is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContextOf {
    /// The conversation; `None` for one that has not begun.
    pub conversation_id: Option<String>,
    /// What is being written.
    pub draft: String,
}

/// How long a conversation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContextView {
    /// The model that reads it.
    pub model: String,
    /// Tokens of the whole prompt.
    #[ts(type = "number")]
    pub tokens: u64,
    /// Whether that is the provider's own rule; an estimate otherwise.
    pub exact: bool,
    /// How many the model reads; `None` where nobody says.
    #[ts(type = "number | null")]
    pub limit: Option<u64>,
}

/// A word about one tool call of a running answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DecideTool {
    /// The answer.
    pub message_id: String,
    /// The call.
    pub call_id: String,
    /// What is to be done. A call that is over stays as it is.
    pub decision: ToolDecision,
}

/// What the person says about a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ToolDecision {
    /// It may run.
    Once,
    /// This tool may run in this conversation without asking again, until Parlance ends.
    Always,
    /// It may not run.
    No,
    /// It runs, and is to stop. The model is told, and goes on.
    Stop,
}

/// A file as the window read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChooseFile {
    /// Without a folder.
    pub name: String,
    /// All of it in base64; at most 10 MiB of bytes.
    pub data: String,
}

/// What was taken in of several files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct FilesTaken {
    /// For the next message, which names them.
    pub files: Vec<FileView>,
    /// Why one of them was passed over; the last reason there was.
    pub error: Option<ErrorBody>,
}

/// Names a chosen file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileId {
    /// Its id.
    pub id: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MessageSent {
    /// The conversation.
    pub conversation_id: String,
    /// The message that will hold the answer.
    pub answer_id: String,
}

/// A key for a provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetKey {
    /// The provider.
    pub provider: String,
    /// The key, which no answer or event ever holds.
    pub key: String,
    /// Where to keep it.
    pub keep: KeepKey,
    /// The person agreed to send it unencrypted to this provider's host.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub allow_plain_http: bool,
}

/// Where to keep a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeepKey {
    /// In the system's keyring.
    Keyring,
    /// In memory, until Parlance ends.
    Session,
}

/// Names a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProviderId {
    /// Its id.
    pub id: String,
}

/// A provider's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveProvider {
    /// Its id; a new one adds a server.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is, with `/v1`.
    pub base_url: String,
    /// The model, empty if none is chosen yet.
    pub model: String,
    /// The service whose ways it has, by its id (`deepseek`, `vllm` …); `None` leaves it as it is, and to its name and address.
    #[serde(default)]
    #[ts(optional)]
    pub dialect: Option<String>,
    /// Headers in every request, in the place of those before; `None` leaves them. None that is private: they lie open.
    #[serde(default)]
    #[ts(optional)]
    pub headers: Option<BTreeMap<String, String>>,
    /// Azure's version of the protocol; `None` leaves it as it is.
    #[serde(default)]
    #[ts(optional)]
    pub api_version: Option<String>,
    /// The `tokenizer.json` of its models, or the folder it lies in; `None` leaves it as it is, an empty one takes it away.
    #[serde(default)]
    #[ts(optional)]
    pub tokenizer: Option<String>,
}

/// A change of settings; what is absent stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct SettingsPatch {
    /// The language.
    pub language: Option<Language>,
    /// Light or dark.
    pub theme: Option<Theme>,
    /// The text size.
    pub text_scale: Option<f32>,
    /// The provider that answers what is typed.
    pub provider: Option<String>,
    /// The microphone's id; the empty string is the system's choice.
    pub input_device: Option<String>,
    /// The speaker's id; the empty string is the system's choice.
    pub output_device: Option<String>,
    /// Frames a block, 480 to 4096.
    pub audio_block: Option<u32>,
    /// Keep the microphone open.
    pub warm_microphone: Option<bool>,
    /// What is done about the assistant's own voice in the microphone.
    pub echo: Option<Echo>,
    /// What holding and tapping do.
    pub talk_key: Option<TalkKeyMode>,
    /// The talk key of the whole desktop; empty for none.
    pub hotkey: Option<String>,
    /// How reasoning is shown.
    pub reasoning: Option<ReasoningDisplay>,
    /// Whether figures stand under answers.
    pub show_figures: Option<bool>,
    /// Which model answers where none was chosen.
    pub defaults: Option<Defaults>,
    /// The models that stand first.
    pub favourites: Option<Vec<ModelChoice>>,
    /// Whether models are offered tools.
    pub tools: Option<bool>,
    /// Who is spoken with.
    pub voice: Option<VoiceChoice>,
    /// When a turn is over, hands-free.
    pub patience: Option<Patience>,
    /// Whether turns are told apart here, even where the provider could.
    pub local_turns: Option<bool>,
    /// Seconds without a word after which a call ends; 0 for never.
    pub idle_hang_up_s: Option<u32>,
    /// When spending stops for the day.
    pub spending_cap: Option<SpendingCap>,
    /// What voices are told about how to speak.
    pub voice_instructions: Option<String>,
}

/// The talk key moved. A key that repeats by itself is to be left out by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TalkKey {
    /// Down or up.
    pub down: bool,
    /// The key of the keyboard that holds it down, so that a lost release is noticed; `None` for all else.
    #[serde(default)]
    #[ts(optional)]
    pub by: Option<HeldBy>,
}

/// Shut or open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TalkMute {
    /// Shut.
    pub muted: bool,
}

/// Where to speak into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TalkInto {
    /// The conversation, `None` for a new one.
    pub conversation_id: Option<String>,
}

/// Names recorded sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MediaId {
    /// From an audio block.
    pub id: String,
}

/// A link in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenLink {
    /// The address.
    pub url: String,
}
