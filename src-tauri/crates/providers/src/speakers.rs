//! A conversation of several speakers, put to a model that knows only a person and an assistant: what was said stands in one
//! message, each line with its speaker's name, between `<history>` tags. A pure pass over the messages; the provider's own
//! writer takes what comes of it like any other conversation.
//!
//! Tools keep their form: a message with calls or results is passed on as it is, with everything in it, since the protocols
//! pair the two. Reasoning of what was said is left out: it belongs to one speaker, and no other may see it.

use parlance_core::{BlockKind, ContentBlock, Msg, Role};

/// What the first piece of history begins with.
const INTRODUCTION: &str =
    "# Conversation History\nThe content between <history></history> tags contains your conversation history\n";

/// How a provider wants the history laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// What stands between the opening tag and the first line.
    pub opening: Opening,
    /// Where pictures, sound and moving pictures stand.
    pub media: MediaPlace,
    /// What media the protocol has; the others are left out.
    pub takes: Takes,
}

/// What stands between the opening tag and the first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// A new line.
    NewLine,
    /// Nothing.
    Nothing,
}

/// Where media stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaPlace {
    /// Between the lines, where they were.
    Inline,
    /// Beside the words, with an empty line where they were: the protocol has one string.
    Beside,
    /// After all words: first the pictures, then the sound.
    After,
}

/// Media of a protocol's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// None.
    Words,
    /// Pictures.
    Images,
    /// Pictures and sound, but no model's own sound.
    ImagesAndAudio,
    /// Pictures, sound and moving pictures.
    Everything,
}

impl Takes {
    /// Whether a medium said in this role is among them.
    pub(crate) fn has(self, block: &ContentBlock, role: Role) -> bool {
        match (self, block) {
            (Self::Images | Self::ImagesAndAudio | Self::Everything, ContentBlock::Image { .. })
            | (Self::Everything, ContentBlock::Audio { .. } | ContentBlock::Video { .. }) => true,
            (Self::ImagesAndAudio, ContentBlock::Audio { .. }) => role != Role::Assistant,
            _ => false,
        }
    }
}

/// The messages as they are put to a model that is one of several speakers. Instructions at the very beginning stay
/// instructions.
#[must_use]
pub fn told(messages: &[Msg], layout: Layout) -> Vec<Msg> {
    let mut told = Vec::new();
    let mut run: Option<Run> = None;
    let mut introduction = INTRODUCTION;
    for (at, msg) in messages.iter().enumerate() {
        let is_instruction = at == 0 && msg.role == Role::System && !uses_tools(msg);
        if !is_instruction && !uses_tools(msg) {
            run.get_or_insert_with(|| Run::new(layout)).take(msg);
            continue;
        }
        told.extend(run.take().and_then(|run| run.told(&mut introduction)));
        let name = if is_instruction { String::new() } else { msg.name.clone() };
        told.push(Msg { name, ..msg.clone() });
    }
    told.extend(run.and_then(|run| run.told(&mut introduction)));
    told
}

fn uses_tools(msg: &Msg) -> bool {
    msg.blocks_of(&[BlockKind::ToolUse, BlockKind::ToolResult]).next().is_some()
}

/// What was said between two uses of tools.
struct Run {
    layout: Layout,
    /// Words that no medium has interrupted yet.
    lines: Vec<String>,
    blocks: Vec<ContentBlock>,
    /// Media that stand after all words.
    images: Vec<ContentBlock>,
    sounds: Vec<ContentBlock>,
}

impl Run {
    fn new(layout: Layout) -> Self {
        Self { layout, lines: Vec::new(), blocks: Vec::new(), images: Vec::new(), sounds: Vec::new() }
    }

    fn take(&mut self, msg: &Msg) {
        let speaker = match (msg.name.trim(), msg.role) {
            ("", Role::User) => "user",
            ("", Role::Assistant) => "assistant",
            ("", Role::System) => "system",
            (name, _) => name,
        };
        for block in &msg.content {
            match block {
                ContentBlock::Text { text, .. } => self.lines.push(format!("{speaker}: {text}")),
                medium if self.layout.takes.has(medium, msg.role) => self.take_medium(medium),
                _ => {}
            }
        }
    }

    fn take_medium(&mut self, medium: &ContentBlock) {
        match (self.layout.media, medium) {
            (MediaPlace::After, ContentBlock::Image { .. }) => self.images.push(medium.clone()),
            (MediaPlace::After, _) => self.sounds.push(medium.clone()),
            (MediaPlace::Inline | MediaPlace::Beside, _) => {
                self.end_lines();
                self.blocks.push(medium.clone());
            }
        }
    }

    fn end_lines(&mut self) {
        if !self.lines.is_empty() {
            self.blocks.push(ContentBlock::text(std::mem::take(&mut self.lines).join("\n")));
        }
    }

    /// The run as a message; `None` when nothing was said.
    fn told(mut self, introduction: &mut &'static str) -> Option<Msg> {
        self.end_lines();
        if self.blocks.is_empty() && self.images.is_empty() && self.sounds.is_empty() {
            return None;
        }
        let introduction = std::mem::take(introduction);
        let opening = match self.layout.opening {
            Opening::NewLine => format!("{introduction}<history>\n"),
            Opening::Nothing => format!("{introduction}<history>"),
        };
        match self.blocks.first_mut() {
            Some(ContentBlock::Text { text, .. }) => text.insert_str(0, &opening),
            _ => self.blocks.insert(0, ContentBlock::text(opening)),
        }
        match self.blocks.last_mut() {
            // An opening tag alone already ends its line.
            Some(ContentBlock::Text { text, .. }) if text.ends_with("<history>\n") => text.push_str("</history>"),
            Some(ContentBlock::Text { text, .. }) => text.push_str("\n</history>"),
            _ => self.blocks.push(ContentBlock::text("</history>")),
        }
        let mut content = Vec::with_capacity(self.blocks.len());
        for block in self.blocks {
            if self.layout.media == MediaPlace::Beside && block.as_text().is_none() {
                content.push(ContentBlock::text(""));
            }
            content.push(block);
        }
        content.extend(self.images);
        content.extend(self.sounds);
        Some(Msg::new(Role::User, "", content))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const INLINE: Layout = Layout { opening: Opening::NewLine, media: MediaPlace::Inline, takes: Takes::Everything };

    fn said(name: &str, role: &str, content: Value) -> Value {
        json!({"name": name, "role": role, "content": content})
    }

    fn medium(kind: &str) -> Value {
        json!({"type": kind, "source": {"type": "url", "url": format!("https://example.com/{kind}")}})
    }

    fn text(text: impl Into<String>) -> Value {
        json!({"type": "text", "text": text.into()})
    }

    /// What is told, as role, name and content.
    #[track_caller]
    fn check(layout: Layout, messages: Value, expected: Value) {
        let messages: Vec<Msg> = serde_json::from_value(messages).unwrap();
        let told = told(&messages, layout);
        let told: Vec<Value> = told.iter().map(|msg| json!([msg.role, msg.name, msg.content])).collect();
        assert_eq!(Value::Array(told), expected);
    }

    #[test]
    fn what_was_said_is_one_message_and_tools_keep_their_form() {
        let call = json!([
            {"type": "thinking", "thinking": "t", "signature": "s"},
            {"type": "tool_use", "id": "1", "name": "f", "input": {}}]);
        let result = json!([{"type": "tool_result", "id": "1", "name": "f", "output": "x"}]);
        check(
            INLINE,
            json!([
                said("system", "system", json!("You are Bob.")),
                said("Alice", "user", json!("Hi.")),
                said("Bob", "assistant", json!([{"type": "thinking", "thinking": "hm"}, text("Hello"), text("all.")])),
                said("Bob", "assistant", call.clone()),
                said("system", "system", result.clone()),
                said("", "assistant", json!("Done.")),
                said("Carol", "assistant", json!([])),
                said("system", "system", json!("Be brief.")),
            ]),
            json!([
                ["system", "", [text("You are Bob.")]],
                ["user", "", [text(format!("{INTRODUCTION}<history>\nAlice: Hi.\nBob: Hello\nBob: all.\n</history>"))]],
                ["assistant", "Bob", call],
                ["system", "system", result],
                ["user", "", [text("<history>\nassistant: Done.\nsystem: Be brief.\n</history>")]],
            ]),
        );
    }

    #[test]
    fn media_stand_where_the_provider_wants_them() {
        let conversation = json!([
            said("Alice", "user", json!([text("See:"), medium("image"), medium("video"), text("Nice?")])),
            said("Bob", "assistant", json!([medium("audio")])),
        ]);
        let open = |newline: &str| format!("{INTRODUCTION}<history>{newline}");
        let inline = |opening: String| {
            json!([[
                "user",
                "",
                [
                    text(format!("{opening}Alice: See:")),
                    medium("image"),
                    medium("video"),
                    text("Alice: Nice?"),
                    medium("audio"),
                    text("</history>")
                ]
            ]])
        };
        check(INLINE, conversation.clone(), inline(open("\n")));
        check(Layout { opening: Opening::Nothing, ..INLINE }, conversation.clone(), inline(open("")));
        let after = Layout { media: MediaPlace::After, takes: Takes::ImagesAndAudio, ..INLINE };
        let words = text(format!("{}Alice: See:\nAlice: Nice?\n</history>", open("\n")));
        check(after, conversation.clone(), json!([["user", "", [words, medium("image")]]]));
        let beside = Layout { media: MediaPlace::Beside, takes: Takes::Images, ..INLINE };
        let (first, last) = (text(format!("{}Alice: See:", open("\n"))), text("Alice: Nice?\n</history>"));
        check(beside, conversation, json!([["user", "", [first, text(""), medium("image"), last]]]));
    }

    #[test]
    fn media_alone_stand_between_tags_and_nothing_at_all_is_not_told() {
        let conversation = json!([said("Alice", "user", json!([medium("image")]))]);
        let (open, close) = (format!("{INTRODUCTION}<history>\n"), "</history>");
        check(INLINE, conversation.clone(), json!([["user", "", [text(&open), medium("image"), text(close)]]]));
        let after = Layout { media: MediaPlace::After, takes: Takes::ImagesAndAudio, ..INLINE };
        let tags = text(format!("{open}{close}"));
        check(after, conversation.clone(), json!([["user", "", [tags, medium("image")]]]));
        check(Layout { takes: Takes::Words, ..after }, conversation, json!([]));
        check(INLINE, json!([said("A", "assistant", json!([{"type": "thinking", "thinking": "hm"}]))]), json!([]));
    }
}
