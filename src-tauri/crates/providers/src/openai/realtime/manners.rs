//! How servers of OpenAI's realtime words differ, as data. Sources: each one's reference and recorded sessions, read
//! November 2026.

use std::time::Duration;

use parlance_core::SampleRate;
use parlance_core::realtime::{RealtimeCapabilities, TurnDetection};

/// One server's ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// How the session is written.
    pub layout: Layout,
    /// The header that asks for the older generation.
    pub beta_header: BetaHeader,
    /// The model that writes down what people say.
    pub transcriber: &'static str,
    /// The rate it listens at …
    pub input_rate: SampleRate,
    /// … and the rate it speaks at.
    pub output_rate: SampleRate,
    /// How far it can end turns by itself.
    pub turns: TurnDetection,
    /// Whether it asks for tools.
    pub calls: bool,
    /// How it is shown pictures.
    pub pictures: Pictures,
    /// Whether it can be told how much of its answer was heard.
    pub truncation: Truncation,
    /// Whether a cancelled answer is said to be done.
    pub cancelled: Cancelled,
    /// What keeps a session alive while nobody speaks.
    pub idle: Idle,
    /// It ends a session after this long; `None` where nothing is known of it.
    pub longest_session: Option<Duration>,
}

/// How the session is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// OpenAI's of today: a `type`, and all about sound below `audio`.
    Current,
    /// OpenAI's before that, which most compatible servers speak: everything side by side.
    Flat,
    /// xAI's: sound below `audio`, the rest beside it.
    Grok,
    /// DashScope's: flat, with formats and tools of its own.
    Qwen,
}

/// The header that asks for the older generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BetaHeader {
    /// Sent.
    Sent,
    /// Not sent.
    Omitted,
}

/// How a server is shown pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// As a message of the person's.
    Messages,
    /// Beside the sound of a turn, once there is some: JPEG, and no more than so much base64.
    Beside {
        /// Bytes.
        max_base64: usize,
    },
    /// Not at all.
    Refused,
}

/// Whether a server can be told how much of its answer was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// By `conversation.item.truncate`, or `delete` when nothing was.
    Known,
    /// It has no word for it, and is told in a message.
    InWords,
}

/// Whether a cancelled answer is said to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// Always.
    Done,
    /// Perhaps not: its last item or some seconds of silence must do.
    Unsaid,
}

/// What keeps a session alive while nobody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Pings, or nothing is needed.
    Pings,
    /// Pings are nothing to it: a little silence that is then taken back.
    Silence,
}

impl Manners {
    /// OpenAI's own.
    pub const OPENAI: Self = Self {
        layout: Layout::Current,
        beta_header: BetaHeader::Omitted,
        transcriber: "gpt-transcribe",
        input_rate: SampleRate::HZ_24000,
        output_rate: SampleRate::HZ_24000,
        turns: TurnDetection::Meaning,
        calls: true,
        pictures: Pictures::Messages,
        truncation: Truncation::Known,
        cancelled: Cancelled::Done,
        idle: Idle::Pings,
        longest_session: Some(Duration::from_mins(60)),
    };

    /// A server that speaks OpenAI's words and about which nothing else is known: the older generation, which most of them
    /// learned.
    pub const COMPATIBLE: Self = Self {
        layout: Layout::Flat,
        beta_header: BetaHeader::Sent,
        transcriber: "whisper-1",
        turns: TurnDetection::Silence,
        pictures: Pictures::Refused,
        longest_session: None,
        ..Self::OPENAI
    };

    /// xAI's.
    pub const XAI: Self = Self {
        layout: Layout::Grok,
        beta_header: BetaHeader::Omitted,
        transcriber: "grok-transcribe",
        ..Self::COMPATIBLE
    };

    /// What a model with these manners takes and gives.
    pub(crate) const fn capabilities(&self) -> RealtimeCapabilities {
        RealtimeCapabilities {
            transcribes: true,
            turns: self.turns,
            sees: !matches!(self.pictures, Pictures::Refused),
            calls: self.calls,
            longest_session: self.longest_session,
            ..RealtimeCapabilities::at(self.input_rate, self.output_rate)
        }
    }
}
