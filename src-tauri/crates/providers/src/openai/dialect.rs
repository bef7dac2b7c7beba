//! How servers of OpenAI's protocol differ, as data. The registry of `app` picks one by the provider's kind; nothing looks
//! at an address.

/// One server's ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The role of instructions.
    pub system_role: SystemRole,
    /// Whether speakers' names are sent.
    pub names: Names,
    /// How the content of a message is written.
    pub content: ContentShape,
    /// What becomes of pictures in tool results.
    pub tool_images: ToolImages,
    /// How the length of an answer is limited.
    pub token_limit: TokenLimit,
    /// How reasoning is asked for.
    pub reasoning_switch: ReasoningSwitch,
    /// What the server wants back of its own reasoning.
    pub reasoning_echo: ReasoningEcho,
    /// Whether reasoning stands inside the text.
    pub think_tags: ThinkTags,
    /// Whether token counts of a stream must be asked for.
    pub stream_usage: StreamUsage,
    /// What ends a stream.
    pub stream_end: StreamEnd,
    /// How answers of a given shape are asked for.
    pub shapes: Shapes,
}

/// The role of instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemRole {
    /// `system`, for every model.
    System,
    /// `developer` for reasoning models, `system` for the others.
    DeveloperForReasoning,
}

/// Whether speakers' names are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// On every role.
    Sent,
    /// The server refuses or ignores them.
    Omitted,
}

/// How the content of a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentShape {
    /// A list of parts.
    Parts,
    /// One string; pictures and sound are left out.
    Text,
}

/// What becomes of pictures in tool results, which the protocol does not take there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolImages {
    /// They follow in a `user` message, after all results.
    Promoted,
    /// They are named.
    Mentioned,
}

/// How the length of an answer is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens` for reasoning models, `max_tokens` for the others.
    CompletionTokensForReasoning,
    /// `max_completion_tokens`.
    CompletionTokens,
}

/// How reasoning is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningSwitch {
    /// `reasoning_effort`.
    Effort,
    /// `reasoning: {effort, max_tokens, enabled}`.
    Object,
    /// `thinking: {type}`, with `reasoning_effort` for a level.
    ThinkingType,
    /// `enable_thinking`, with `thinking_budget`.
    Flag,
    /// `chat_template_kwargs: {enable_thinking}`, with `reasoning_effort` for a level.
    TemplateFlag,
}

/// What the server wants back of its own reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningEcho {
    /// Nothing.
    Dropped,
    /// The text, as `reasoning_content`.
    Content,
    /// `reasoning_details`, unchanged.
    Details,
}

/// Whether reasoning stands inside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThinkTags {
    /// Text is text.
    Kept,
    /// A `<think>…</think>` at the very beginning is reasoning.
    Split,
}

/// Whether token counts of a stream must be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamUsage {
    /// With `stream_options: {include_usage: true}`.
    Asked,
    /// They come by themselves, and the question is refused.
    ComesByItself,
}

/// What ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// Only `[DONE]`: the server always sends it.
    Done,
    /// A reason for the end is enough, when the body then ends between two events.
    DoneOrReason,
}

/// How answers of a given shape are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shapes {
    /// With a schema in `response_format`, and with a tool where the server refuses that.
    Schema,
    /// With a tool: the server is known to take no schema.
    ToolOnly,
}

impl Dialect {
    /// OpenAI itself.
    pub const OPENAI: Self = Self {
        system_role: SystemRole::DeveloperForReasoning,
        names: Names::Sent,
        content: ContentShape::Parts,
        tool_images: ToolImages::Promoted,
        token_limit: TokenLimit::CompletionTokensForReasoning,
        reasoning_switch: ReasoningSwitch::Effort,
        reasoning_echo: ReasoningEcho::Dropped,
        think_tags: ThinkTags::Kept,
        stream_usage: StreamUsage::Asked,
        stream_end: StreamEnd::Done,
        shapes: Shapes::Schema,
    };

    /// A server that is asked as OpenAI at another address: written as for OpenAI, read as leniently as one that nothing is known
    /// about.
    pub const CALLED_OPENAI: Self =
        Self { think_tags: ThinkTags::Split, stream_end: StreamEnd::DoneOrReason, ..Self::OPENAI };

    /// A server nothing is known about: what most of them take, and the most lenient reading.
    pub const COMPATIBLE: Self = Self {
        system_role: SystemRole::System,
        token_limit: TokenLimit::MaxTokens,
        think_tags: ThinkTags::Split,
        stream_end: StreamEnd::DoneOrReason,
        ..Self::OPENAI
    };

    /// DeepSeek: plain strings, its reasoning back within a tool loop, and no schemas for answers.
    pub const DEEPSEEK: Self = Self {
        names: Names::Omitted,
        content: ContentShape::Text,
        tool_images: ToolImages::Mentioned,
        reasoning_switch: ReasoningSwitch::ThinkingType,
        reasoning_echo: ReasoningEcho::Content,
        think_tags: ThinkTags::Kept,
        stream_end: StreamEnd::Done,
        shapes: Shapes::ToolOnly,
        ..Self::COMPATIBLE
    };

    /// OpenRouter: its own reasoning parameter, and `reasoning_details` back.
    pub const OPENROUTER: Self = Self {
        reasoning_switch: ReasoningSwitch::Object,
        reasoning_echo: ReasoningEcho::Details,
        think_tags: ThinkTags::Kept,
        stream_end: StreamEnd::Done,
        ..Self::COMPATIBLE
    };

    /// vLLM: reasoning is a flag of the model's chat template.
    pub const VLLM: Self = Self { reasoning_switch: ReasoningSwitch::TemplateFlag, ..Self::COMPATIBLE };

    /// llama.cpp's server: the same flag, and the templates of some models want their reasoning back.
    pub const LLAMA_CPP: Self = Self {
        reasoning_switch: ReasoningSwitch::TemplateFlag,
        reasoning_echo: ReasoningEcho::Content,
        ..Self::COMPATIBLE
    };

    /// Moonshot: reasoning is switched like DeepSeek's, and wanted back between calls.
    pub const MOONSHOT: Self = Self {
        reasoning_switch: ReasoningSwitch::ThinkingType,
        reasoning_echo: ReasoningEcho::Content,
        think_tags: ThinkTags::Kept,
        ..Self::COMPATIBLE
    };

    /// Z.ai: reasoning is switched like DeepSeek's.
    pub const ZAI: Self =
        Self { reasoning_switch: ReasoningSwitch::ThinkingType, think_tags: ThinkTags::Kept, ..Self::COMPATIBLE };

    /// Cerebras.
    pub const CEREBRAS: Self = Self { token_limit: TokenLimit::CompletionTokens, ..Self::COMPATIBLE };

    /// Qwen, as DashScope offers it in OpenAI's protocol: reasoning is a flag beside the messages, with a budget.
    pub const QWEN: Self =
        Self { reasoning_switch: ReasoningSwitch::Flag, think_tags: ThinkTags::Kept, ..Self::COMPATIBLE };

    /// LM Studio.
    pub const LM_STUDIO: Self = Self::COMPATIBLE;

    /// Groq.
    pub const GROQ: Self = Self { token_limit: TokenLimit::CompletionTokens, ..Self::COMPATIBLE };

    /// xAI.
    pub const XAI: Self = Self { token_limit: TokenLimit::CompletionTokens, ..Self::COMPATIBLE };

    /// Mistral: refuses names and `stream_options`, and counts tokens unasked.
    pub const MISTRAL: Self =
        Self { names: Names::Omitted, stream_usage: StreamUsage::ComesByItself, ..Self::COMPATIBLE };
}

/// Whether OpenAI's rules for reasoning models hold: `o1` and its like, `gpt-5` and later, but not `gpt-5-chat`.
#[must_use]
pub(crate) fn is_reasoning_model(model: &str) -> bool {
    let model = model.rsplit('/').next().unwrap_or(model);
    if let Some(rest) = model.strip_prefix('o') {
        return rest.starts_with(|c: char| c.is_ascii_digit());
    }
    let Some(version) = model.strip_prefix("gpt-") else { return false };
    let digits = version.len() - version.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    version[..digits].parse().is_ok_and(|major: u32| major >= 5) && !version[digits..].starts_with("-chat")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_models_are_told_by_their_family() {
        for (model, reasons) in [
            ("o1", true),
            ("o3-mini", true),
            ("openai/o4-mini", true),
            ("gpt-5", true),
            ("gpt-5.6-sol", true),
            ("gpt-6-astra", true),
            ("gpt-12", true),
            ("gpt-5-chat-latest", false),
            ("gpt-4o", false),
            ("gpt-4.1", false),
            ("gpt-oss-120b", false),
            ("olmo-2", false),
            ("deepseek-chat", false),
            ("", false),
        ] {
            assert_eq!(is_reasoning_model(model), reasons, "{model}");
        }
    }
}
