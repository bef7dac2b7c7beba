//! `parlance-peers async-openai|genai ADDRESS`: other people's clients, told what to ask on standard input.
//!
//! A line is `TIMES QUESTION`. The client asks the server at ADDRESS so often, one question after the other, and says on
//! standard output how many microseconds of processor time this process spent on it and how many bytes the last answer
//! has, then the answer: its words, then the arguments of its tool calls. `peers.py` and Parlance's own `decode_cost`
//! example speak the same way, so that `cargo xtask bench` can measure and compare them in turn.

use std::error::Error;
use std::io::{BufRead as _, Write as _};

use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{ChatCompletionRequestUserMessage, CreateChatCompletionRequestArgs};
use futures_util::StreamExt as _;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatRequest, ChatStreamEvent};
use genai::resolver::{AuthData, Endpoint};
use genai::{ModelIden, ServiceTarget};

/// The model that is asked for; the server answers under any name.
const MODEL: &str = "gpt-4o-mini";

type Answer = Result<String, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut words = std::env::args().skip(1);
    let (Some(peer), Some(address)) = (words.next(), words.next()) else {
        return Err("usage: parlance-peers async-openai|genai ADDRESS".into());
    };
    match peer.as_str() {
        "async-openai" => {
            let config = OpenAIConfig::new().with_api_base(address).with_api_key("none");
            let client = async_openai::Client::with_config(config);
            obey(async |question| {
                let (client, question) = (client.clone(), question.to_owned());
                tokio::spawn(async move { ask_async_openai(&client, &question).await }).await?
            })
            .await
        }
        "genai" => {
            let client = genai::Client::new()?;
            obey(async |question| {
                let (client, address, question) = (client.clone(), address.clone(), question.to_owned());
                tokio::spawn(async move { ask_genai(&client, &address, &question).await }).await?
            })
            .await
        }
        _ => Err(format!("no such client: {peer}").into()),
    }
}

/// Does what the lines on standard input say, until they end.
///
/// Answers are read in a task, as everybody does it: the future of a runtime's `block_on` is woken through the system.
async fn obey(ask: impl AsyncFn(&str) -> Answer) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (times, question) = line.split_once(' ').ok_or("a line is TIMES QUESTION")?;
        let (times, mut answer) = (times.parse::<usize>()?, String::new());
        let begun = cpu_us();
        for _ in 0..times {
            answer = ask(question).await?;
        }
        writeln!(out, "{} {}", cpu_us() - begun, answer.len())?;
        out.write_all(answer.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

async fn ask_async_openai(client: &async_openai::Client<OpenAIConfig>, question: &str) -> Answer {
    let request = CreateChatCompletionRequestArgs::default()
        .model(MODEL)
        .messages([ChatCompletionRequestUserMessage::from(question).into()])
        .build()?;
    let mut stream = client.chat().create_stream(request).await?;
    let (mut text, mut arguments) = (String::new(), String::new());
    while let Some(chunk) = stream.next().await {
        for choice in chunk?.choices {
            text.push_str(choice.delta.content.as_deref().unwrap_or_default());
            let functions = choice.delta.tool_calls.iter().flatten().filter_map(|call| call.function.as_ref());
            functions.for_each(|function| arguments.push_str(function.arguments.as_deref().unwrap_or_default()));
        }
    }
    Ok(text + &arguments)
}

async fn ask_genai(client: &genai::Client, address: &str, question: &str) -> Answer {
    let target = ServiceTarget {
        endpoint: Endpoint::from_owned(format!("{address}/")),
        auth: AuthData::from_single("none"),
        model: ModelIden::new(AdapterKind::OpenAI, MODEL),
    };
    let request = ChatRequest::default().append_message(ChatMessage::user(question));
    let mut stream = client.exec_chat_stream(target, request, None).await?.stream;
    let (mut text, mut arguments) = (String::new(), String::new());
    while let Some(event) = stream.next().await {
        match event? {
            ChatStreamEvent::Chunk(chunk) => text.push_str(&chunk.content),
            ChatStreamEvent::ToolCallChunk(chunk) => {
                arguments.push_str(chunk.tool_call.fn_arguments.as_str().unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(text + &arguments)
}

/// Microseconds of processor time this process has used, all threads.
fn cpu_us() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}
