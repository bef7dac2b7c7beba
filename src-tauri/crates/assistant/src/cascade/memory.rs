//! What was said in a session, as messages.

use parlance_core::chat::ToolSpec;
use parlance_core::realtime::{Picture, Remembered, SessionOptions, Side, TurnId};
use parlance_core::{ChatRequest, ContentBlock, Msg, Role, Source};

/// What was said, the oldest first.
pub(super) struct Memory {
    options: SessionOptions,
    messages: Vec<Msg>,
    /// Shown, to go with what is said next.
    pictures: Vec<Picture>,
    /// Where the words of the newest answer lie: it can be cut to what was heard.
    newest: Option<(TurnId, usize)>,
}

impl Memory {
    pub(super) fn new(options: SessionOptions) -> Self {
        let messages = options.history.iter().map(remembered).collect();
        Self { options, messages, pictures: Vec::new(), newest: None }
    }

    pub(super) fn change(&mut self, options: SessionOptions) {
        self.options = options;
    }

    pub(super) fn show(&mut self, picture: Picture) {
        self.pictures.push(picture);
    }

    pub(super) fn asked(&mut self, text: String) {
        use base64::Engine as _;
        let picture = |picture: Picture| ContentBlock::Image {
            source: Source::Base64 {
                media_type: picture.media_type,
                data: base64::engine::general_purpose::STANDARD.encode(picture.bytes),
            },
        };
        let mut content: Vec<_> = std::mem::take(&mut self.pictures).into_iter().map(picture).collect();
        content.push(ContentBlock::text(text));
        self.messages.push(Msg::new(Role::User, "user", content));
    }

    /// A part of an answer, with its calls and what came of them.
    pub(super) fn called(&mut self, content: Vec<ContentBlock>, results: Vec<ContentBlock>) {
        self.messages.push(Msg::new(Role::Assistant, "assistant", content));
        self.messages.push(Msg::new(Role::System, "system", results));
    }

    /// The words of an answer so far as they are known to be told.
    pub(super) fn answered(&mut self, turn: TurnId, text: &str) {
        self.newest = Some((turn, self.messages.len()));
        self.messages.push(Msg::text(Role::Assistant, "assistant", text));
    }

    /// Only these words of an answer were heard.
    pub(super) fn heard(&mut self, turn: TurnId, words: &str) {
        let Some((_, at)) = self.newest.filter(|(newest, at)| *newest == turn && *at < self.messages.len()) else {
            return;
        };
        if words.trim().is_empty() {
            self.messages.remove(at);
            self.newest = None;
        } else {
            self.messages[at].content = vec![ContentBlock::text(words)];
        }
    }

    /// The question as it is asked now.
    pub(super) fn fill(&self, mut request: ChatRequest) -> ChatRequest {
        if !self.options.instructions.is_empty() {
            request.messages.push(Msg::text(Role::System, "system", &self.options.instructions));
        }
        request.messages.extend(self.messages.iter().filter(|message| !message.content.is_empty()).cloned());
        request.tools = self.options.tools.iter().cloned().map(|function| ToolSpec::Function { function }).collect();
        request
    }

    pub(super) fn voice(&self) -> Option<&String> {
        self.options.voice.as_ref()
    }
}

fn remembered(said: &Remembered) -> Msg {
    match said.by {
        Side::Person => Msg::text(Role::User, "user", &said.text),
        Side::Model => Msg::text(Role::Assistant, "assistant", &said.text),
    }
}
