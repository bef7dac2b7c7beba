//! What can be said of a model whose tokens nobody has told us how to count.
//!
//! Source of the numbers for text: English, Chinese and Japanese of Parlance's own sentences and of public manuals,
//! counted in the vocabularies of GPT-4 and GPT-4o, Qwen 2, Llama 3, DeepSeek 3, Mistral 3 and GLM 5 (November 2026).
//! English prose and code took 3.9 to 4.2 bytes a token in each; a Chinese or Japanese character took 0.60 to 1.08 tokens,
//! 0.74 in the middle. Other scripts come out too high rather than too low, since they take more bytes a letter: what is
//! over a limit is refused, what is under it only wastes a little.

use parlance_core::{ChatRequest, ContentBlock, Msg, Source, TokenCount, ToolOutput};

use crate::json::spaced;
use crate::media::{Size, picture_size, sound_ms};
use crate::tally::Tally;

/// Bytes of text a token, where characters are narrow.
const BYTES_PER_TOKEN: u64 = 4;
/// Wide characters in so many tokens: 4 of them are 3 tokens.
const TOKENS_PER_FOUR_WIDE: u64 = 3;
/// What frames a message: 4 in OpenAI's rule with the role, 5 in ChatML as Qwen writes it.
const MESSAGE: u64 = 4;
/// The beginning of the answer, in both.
const REPLY: u64 = 3;
/// A picture: a token for so many pixels, fitted into a square of so many (Anthropic's page on vision). Gemini's 258 for
/// each 768 × 768 and OpenAI's 765 for 1024 × 1024 come near.
const PIXELS_PER_TOKEN: u64 = 750;
const LONGER_SIDE: u64 = 1568;
/// A picture of which the size is not known.
const USUAL_SIZE: Size = Size { width: 1024, height: 1024 };
/// Sound: a token in so many milliseconds. OpenAI says 100, Gemini 31, Qwen 40 to 80.
const MS_PER_SOUND_TOKEN: u64 = 40;
/// A sound of which the length is not known.
const USUAL_SOUND_MS: u64 = 60_000;
/// Moving pictures: Gemini says 263 tokens a second; the length is not known, so half a minute.
const VIDEO: u64 = 263 * 30;

/// An estimate of a prompt, tools and media included. Never exact.
#[must_use]
pub fn count(request: &ChatRequest) -> TokenCount {
    let mut tally = Tally::estimate();
    tally.add(REPLY);
    request.messages.iter().for_each(|msg| tally.add(message(msg)));
    for tool in &request.tools {
        tally.add(MESSAGE + serde_json::to_value(tool).map_or(0, |tool| text(&spaced(&tool))));
    }
    if let Some(structured) = &request.structured {
        tally.add(MESSAGE + text(&spaced(&structured.schema)));
    }
    tally.count()
}

/// An estimate of one message.
fn message(msg: &Msg) -> u64 {
    MESSAGE + msg.content.iter().map(block).sum::<u64>()
}

fn block(block: &ContentBlock) -> u64 {
    match block {
        ContentBlock::Text { text: words, .. } | ContentBlock::Thinking { thinking: words, .. } => text(words),
        ContentBlock::ToolUse(call) => {
            MESSAGE
                + text(&call.name)
                + call.input.iter().map(|(name, value)| text(name) + text(&spaced(value))).sum::<u64>()
        }
        ContentBlock::ToolResult { output, .. } => MESSAGE + output_of_tool(output),
        ContentBlock::Image { source } => picture(match source {
            Source::Base64 { data, .. } => picture_size(data),
            Source::Url { .. } => None,
        }),
        ContentBlock::Audio { source } => sound(match source {
            Source::Base64 { data, .. } => sound_ms(data),
            Source::Url { .. } => USUAL_SOUND_MS,
        }),
        ContentBlock::Video { .. } => VIDEO,
    }
}

fn output_of_tool(output: &ToolOutput) -> u64 {
    match output {
        ToolOutput::Text(words) => text(words),
        ToolOutput::Blocks(blocks) => blocks.iter().map(block).sum(),
        ToolOutput::Nothing(()) => 0,
    }
}

/// An estimate of a picture; `None` when its size is not known.
pub(crate) fn picture(size: Option<Size>) -> u64 {
    let Size { width, height } = size.unwrap_or(USUAL_SIZE);
    let longer = width.max(height).max(LONGER_SIDE);
    let fitted = |side: u64| (side.saturating_mul(LONGER_SIDE) / longer).max(1);
    (fitted(width) * fitted(height)).div_ceil(PIXELS_PER_TOKEN)
}

/// An estimate of a sound of so many milliseconds.
pub(crate) fn sound(ms: u64) -> u64 {
    ms.div_ceil(MS_PER_SOUND_TOKEN)
}

/// An estimate of a text.
#[must_use]
pub fn text(text: &str) -> u64 {
    let (mut wide, mut narrow_bytes) = (0_u64, 0_u64);
    for character in text.chars() {
        if is_wide(character) {
            wide += 1;
        } else {
            narrow_bytes += character.len_utf8() as u64;
        }
    }
    (wide * TOKENS_PER_FOUR_WIDE + narrow_bytes * 4 / BYTES_PER_TOKEN).div_ceil(4)
}

/// Han, kana, hangul, and the full-width forms around them.
fn is_wide(character: char) -> bool {
    matches!(u32::from(character),
        0x1100..=0x11ff | 0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0xff00..=0xffef | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use parlance_core::Role;
    use parlance_core::msg::{ToolEnd, ToolUse};
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::vocabulary::Vocabulary;

    #[test]
    fn an_estimate_is_near_what_a_vocabulary_counts() {
        for words in [
            "The quick brown fox jumps over the lazy dog, and nobody in the village was very much surprised by it.",
            "今天天气很好，我们决定去公园散步，然后在湖边的小餐馆吃午饭。",
            "本日は天気が良いので、公園へ散歩に行くことにしました。",
            "for (name, value) in fields { written.insert(name.clone(), value.clone()); }",
        ] {
            let (guess, counted) = (text(words), Vocabulary::O200k.count(words));
            assert!(guess * 10 >= counted * 7 && guess * 10 <= counted * 15, "{guess} for {counted}: {words}");
        }
        assert_eq!(text(""), 0);
        assert_eq!(text("a"), 1);
    }

    #[test]
    fn everything_in_a_request_counts() {
        let counted = |content: Vec<ContentBlock>| {
            count(&ChatRequest { messages: vec![Msg::new(Role::User, "u", content)], ..ChatRequest::default() }).tokens
        };
        let empty = counted(vec![]);
        assert_eq!(empty, REPLY + MESSAGE);
        let url = || Source::Url { url: "https://example.com/x".into() };
        let input = json!({"city": "Paris"}).as_object().cloned().unwrap_or_else(Map::new);
        let call = ToolUse { id: "1".into(), name: "weather".into(), input, raw_input: None, thought_signature: None };
        for block in [
            ContentBlock::text("hello"),
            ContentBlock::thinking("hm"),
            ContentBlock::ToolUse(call),
            ContentBlock::ToolResult {
                id: "1".into(),
                name: "weather".into(),
                output: ToolOutput::Text("sunny".into()),
                end: ToolEnd::Done,
            },
            ContentBlock::Image { source: url() },
            ContentBlock::Audio { source: url() },
            ContentBlock::Video { source: url() },
        ] {
            assert!(counted(vec![block.clone()]) > empty, "{block:?}");
        }
        assert!(!count(&ChatRequest::default()).exact);
    }

    proptest! {
        #[test]
        fn an_estimate_grows_with_the_text(words in ".{0,200}", more in ".{0,50}") {
            let longer = [words.as_str(), more.as_str()].concat();
            prop_assert!(text(&longer) >= text(&words));
        }
    }
}
