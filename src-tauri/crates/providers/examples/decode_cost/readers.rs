//! Readers of an answer: the client as the app uses it, its decoder alone, and a floor below which no client gets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use futures_util::StreamExt as _;
use parlance_core::chat::{Delivery, ModelStream};
use parlance_core::reply::Reply;
use parlance_core::{ChatModel, ChatRequest, ContentBlock, ModelEvent, Msg, Role};
use parlance_providers::http::Http;
use parlance_providers::media::LocalFiles;
use parlance_providers::openai::mapper::Expectations;
use parlance_providers::openai::{ChatCompletionsApi, ChatDecoder, Dialect, OpenAiClient};
use parlance_providers::{NoKey, Provider, base_url};
use parlance_simulator::openai::chat;
use serde::Deserialize;

use crate::answers;

const MODEL: &str = "gpt-4o-mini";

/// What came, by kind.
#[derive(Default)]
struct Read {
    text: String,
    arguments: String,
}

impl Read {
    fn take(&mut self, event: &ModelEvent) {
        match event {
            ModelEvent::TextDelta { text } => self.text.push_str(text),
            ModelEvent::ToolCallDelta { arguments, .. } => self.arguments.push_str(arguments),
            _ => {}
        }
    }

    fn joined(self) -> String {
        self.text + &self.arguments
    }
}

/// The client as the app uses it.
pub(crate) struct Parlance(OpenAiClient);

impl Parlance {
    pub(crate) fn at(address: &str) -> Self {
        let base_url = base_url::parse(address).unwrap();
        let provider = Provider { name: "bench".into(), base_url, keys: Arc::new(NoKey) };
        let api = ChatCompletionsApi(Dialect::OPENAI);
        Self(OpenAiClient::new(provider, api, Http::new().unwrap(), Arc::new(LocalFiles)))
    }

    /// Takes the events.
    pub(crate) async fn read(&self, question: &str) -> String {
        let (mut stream, mut read) = (self.ask(question).await, Read::default());
        while let Some(event) = stream.next().await {
            read.take(&event.unwrap());
        }
        read.joined()
    }

    /// Folds the events into the answer so far, and looks at it after each.
    pub(crate) async fn view(&self, question: &str) -> String {
        let (mut stream, mut reply, mut seen) = (self.ask(question).await, Reply::default(), 0);
        while let Some(event) = stream.next().await {
            reply.apply(&event.unwrap());
            seen = seen.max(reply.content.last().map_or(0, |block| words(block).len()));
        }
        let answer: String = reply.content.iter().map(words).collect();
        assert_eq!(seen, answer.len(), "the last look saw everything");
        answer
    }

    async fn ask(&self, question: &str) -> ModelStream {
        let messages = vec![Msg::text(Role::User, "user", question)];
        self.0.stream(&ChatRequest { model: MODEL.into(), messages, ..ChatRequest::default() }).await.unwrap()
    }
}

/// The words or the arguments of a block.
fn words(block: &ContentBlock) -> &str {
    match block {
        ContentBlock::Text { text, .. } => text,
        ContentBlock::ToolUse(call) => call.raw_input.as_deref().unwrap_or_default(),
        _ => "",
    }
}

/// The decoder alone, fed from memory.
#[derive(Default)]
pub(crate) struct Memory {
    bodies: HashMap<String, Vec<u8>>,
}

impl Memory {
    pub(crate) fn read(&mut self, question: &str) -> String {
        if !self.bodies.contains_key(question) {
            let body = chat::events(&answers::script(question), MODEL).concat();
            self.bodies.insert(question.to_owned(), body);
        }
        let expected = Expectations {
            provider: "bench".into(),
            think_tags: Dialect::OPENAI.think_tags,
            audio_media_type: "audio/wav".into(),
            id_seed: "bench".into(),
        };
        let mut decoder = ChatDecoder::new(Delivery::Streaming, Dialect::OPENAI.stream_end, expected);
        let mut read = Read::default();
        // One read of a socket gives about this much.
        for piece in self.bodies[question].chunks(16 * 1024) {
            decoder.feed(piece);
            while let Some(event) = decoder.next_event() {
                read.take(&event.unwrap());
            }
        }
        read.joined()
    }
}

/// One blocking socket, line ends, borrowed JSON, no events, no time limits, no errors that say anything.
pub(crate) struct Floor {
    host: String,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Cow<'a, str>,
    #[serde(borrow, default)]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    arguments: Cow<'a, str>,
}

impl Floor {
    pub(crate) fn at(address: &str) -> Self {
        Self { host: address.trim_start_matches("http://").trim_end_matches("/v1").to_owned() }
    }

    pub(crate) fn read(&self, question: &str) -> String {
        let mut socket = TcpStream::connect(&self.host).unwrap();
        let body =
            format!(r#"{{"model":"{MODEL}","stream":true,"messages":[{{"role":"user","content":"{question}"}}]}}"#);
        write!(socket, "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let (mut buffer, mut filled, mut read) = (vec![0; 64 * 1024], 0, Read::default());
        loop {
            let got = socket.read(&mut buffer[filled..]).unwrap();
            assert_ne!(got, 0, "the answer ends with [DONE]");
            filled += got;
            let mut begin = 0;
            while let Some(length) = memchr::memchr(b'\n', &buffer[begin..filled]) {
                let line = &buffer[begin..begin + length];
                begin += length + 1;
                match line.strip_prefix(b"data: ") {
                    Some(b"[DONE]") => return read.joined(),
                    Some(json) => take(&serde_json::from_slice(json).unwrap(), &mut read),
                    None => {}
                }
            }
            buffer.copy_within(begin..filled, 0);
            filled -= begin;
        }
    }
}

fn take(chunk: &Chunk<'_>, read: &mut Read) {
    for choice in &chunk.choices {
        read.text.push_str(&choice.delta.content);
        choice.delta.tool_calls.iter().for_each(|call| read.arguments.push_str(&call.function.arguments));
    }
}
