//! The words of a call: what can be said to `parlance-cli`, and where each command lives.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::ask::AskArgs;
use crate::devices::DevicesCommand;
use crate::history::HistoryCommand;
use crate::keys::KeysCommand;
use crate::notes::NotesCommand;
use crate::providers::ProvidersCommand;
use crate::say::SayArgs;
use crate::talk::TalkArgs;
use crate::tokens::TokensArgs;
use crate::transcribe::TranscribeArgs;
use crate::trigger::TriggerArgs;

/// The whole call.
#[derive(Debug, Parser)]
#[command(
    name = "parlance-cli",
    version,
    about = "Parlance in a terminal: ask models, talk, and look after what was said",
    after_help = "Exit codes: 0 done, 1 the work failed, 2 the words of the call are wrong.",
    infer_subcommands = false,
    disable_help_subcommand = false
)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Common {
    /// The data folder [default: $PARLANCE_DATA_DIR, else the platform's own place]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print one JSON object on stdout, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say on stderr what is being done
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask a model and print its answer; nothing is kept in the history
    Ask(Box<AskArgs>),
    /// Count the tokens of a prompt, as the model's provider does where that is known
    Tokens(TokensArgs),
    /// Speak a text into a file
    Say(Box<SayArgs>),
    /// Write down what is said in a recording
    Transcribe(Box<TranscribeArgs>),
    /// Talk with a voice, through microphone and speaker or through files
    Talk(TalkArgs),
    /// Conversations: list, show, search, export, delete
    #[command(subcommand)]
    History(HistoryCommand),
    /// Notes: take in, add, list, show, find, index, write out
    #[command(subcommand)]
    Notes(NotesCommand),
    /// Model servers: list, add, ask for their models, test
    #[command(subcommand)]
    Providers(ProvidersCommand),
    /// Keys, in the keyring of this system
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Microphones and speakers: list, test
    #[command(subcommand)]
    Devices(DevicesCommand),
    /// Tell the Parlance whose window is open to do something: for key bindings of the desktop
    Trigger(TriggerArgs),
    /// Look at what works on this computer and what does not
    Doctor,
}
