//! What a request asks for, and in whose protocol.

use crate::server::Request;
use crate::{dashscope, gemini, ollama, speech};

/// Who made a protocol: they share keys, refusals and lists of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    OpenAi,
    Anthropic,
    Gemini,
    DashScope,
    Ollama,
}

/// The protocol of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// OpenAI's Chat Completions.
    ChatCompletions,
    /// OpenAI's Responses.
    Responses,
    /// DashScope's generation endpoints.
    Generation,
    /// Ollama's `/api/chat`.
    Ollama,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's `generateContent`.
    GenerateContent,
    /// OpenAI's `audio/speech`.
    Speech,
    /// OpenAI's `audio/transcriptions`.
    Transcription,
    /// Gemini's `generateContent`, asked for sound.
    SpokenContent,
    /// DashScope's generation endpoint, asked for sound.
    SpokenGeneration,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// The next words of a conversation, or the sound of a text.
    Chat(Protocol),
    /// How many tokens a conversation has.
    Count(Vendor),
    /// The models there are.
    Models(Vendor),
    /// One of them, by its name.
    Model(Vendor, String),
    /// Whether Ollama is there and how old it is.
    Version,
}

/// Under what Azure, DashScope and Gemini keep a copy of another's protocol.
const COPIES: [&str; 4] = ["/openai", "/compatible-mode", "/apps/anthropic", "/v1beta/openai"];

/// Where lists of models are, and below them every model.
const MODELS: [&str; 4] = ["/models", "/v1/models", "/v1beta/models", "/v1alpha/models"];

impl Route {
    /// What `request` asks for; `None` where there is no such thing.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let place = request.place();
        let copied = COPIES.iter().filter_map(|prefix| place.strip_prefix(prefix)).find(|rest| rest.starts_with('/'));
        match request.method.as_str() {
            "GET" => Self::read(copied.unwrap_or(place), request),
            "POST" => Self::posted(copied.unwrap_or(place), request),
            _ => None,
        }
    }

    fn posted(place: &str, request: &Request) -> Option<Self> {
        Some(match place {
            "/v1/chat/completions" | "/chat/completions" => Self::Chat(Protocol::ChatCompletions),
            "/v1/responses" | "/responses" => Self::Chat(Protocol::Responses),
            "/v1/responses/input_tokens" | "/responses/input_tokens" => Self::Count(Vendor::OpenAi),
            "/v1/audio/speech" | "/audio/speech" => Self::Chat(Protocol::Speech),
            "/v1/audio/transcriptions" | "/audio/transcriptions" => Self::Chat(Protocol::Transcription),
            "/v1/messages" => Self::Chat(Protocol::Messages),
            "/v1/messages/count_tokens" => Self::Count(Vendor::Anthropic),
            "/api/chat" => Self::Chat(Protocol::Ollama),
            // Ollama is asked about one model in a body; see `ollama::show`.
            ollama::SHOW => Self::Model(Vendor::Ollama, String::new()),
            dashscope::TOKENIZER => Self::Count(Vendor::DashScope),
            _ if dashscope::is_asked(place) && speech::is_asked_of_dashscope(request) => {
                Self::Chat(Protocol::SpokenGeneration)
            }
            _ if dashscope::is_asked(place) => Self::Chat(Protocol::Generation),
            // Azure names the model, which it calls a deployment, in the address.
            _ if place.starts_with("/deployments/") && place.ends_with("/chat/completions") => {
                Self::Chat(Protocol::ChatCompletions)
            }
            _ => match gemini::asked(place)?.1 {
                "generateContent" | "streamGenerateContent" if speech::is_asked_of_gemini(request) => {
                    Self::Chat(Protocol::SpokenContent)
                }
                "generateContent" | "streamGenerateContent" => Self::Chat(Protocol::GenerateContent),
                "countTokens" => Self::Count(Vendor::Gemini),
                _ => return None,
            },
        })
    }

    fn read(place: &str, request: &Request) -> Option<Self> {
        match place {
            dashscope::MODELS => return Some(Self::Models(Vendor::DashScope)),
            ollama::TAGS => return Some(Self::Models(Vendor::Ollama)),
            ollama::VERSION => return Some(Self::Version),
            _ => {}
        }
        let (lists, rest) = MODELS.iter().find_map(|lists| Some((*lists, place.strip_prefix(lists)?)))?;
        // Three makers keep their models at one address; what they require of a request tells them apart.
        let is_gemini = request.header("x-goog-api-key").is_some() || request.query("key").is_some();
        let vendor = if request.header("anthropic-version").is_some() {
            Vendor::Anthropic
        } else if is_gemini || matches!(lists, "/v1beta/models" | "/v1alpha/models") {
            Vendor::Gemini
        } else {
            Vendor::OpenAi
        };
        match rest.strip_prefix('/') {
            Some(name) => Some(Self::Model(vendor, name.to_owned())),
            None if rest.is_empty() => Some(Self::Models(vendor)),
            None => None,
        }
    }

    /// Whose protocol it is in.
    pub(crate) fn vendor(&self) -> Vendor {
        match self {
            Self::Chat(protocol) => protocol.vendor(),
            Self::Count(vendor) | Self::Models(vendor) | Self::Model(vendor, _) => *vendor,
            Self::Version => Vendor::Ollama,
        }
    }
}

impl Protocol {
    /// Who made it.
    pub(crate) fn vendor(self) -> Vendor {
        match self {
            Self::ChatCompletions | Self::Responses | Self::Speech | Self::Transcription => Vendor::OpenAi,
            Self::Generation | Self::SpokenGeneration => Vendor::DashScope,
            Self::Ollama => Vendor::Ollama,
            Self::Messages => Vendor::Anthropic,
            Self::GenerateContent | Self::SpokenContent => Vendor::Gemini,
        }
    }
}
