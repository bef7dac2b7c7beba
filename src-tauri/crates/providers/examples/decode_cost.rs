//! What decoding costs: CPU time of this process per 1,000 chunks of a streamed answer, decoded from memory and read over
//! loopback, beside a floor: a blocking socket and nothing but line ends and JSON. Ours and the floor read alternately.
//! Prints one JSON line; `cargo xtask bench` runs it.
//!
//! Over loopback the simulator runs in a child process, so that its work is not counted.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark speaks on stdout and ends when something fails"
)]

use std::borrow::Cow;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use futures_util::StreamExt;
use parlance_core::chat::Delivery;
use parlance_core::{ChatModel, ChatRequest, ModelEvent, Msg, Role};
use parlance_providers::http::Http;
use parlance_providers::media::LocalFiles;
use parlance_providers::openai::mapper::Expectations;
use parlance_providers::openai::{ChatCompletionsApi, ChatDecoder, Dialect, OpenAiClient};
use parlance_providers::{NoKey, Provider, base_url};
use parlance_simulator::openai::chat;
use parlance_simulator::{Answer, Framing, Pace, Piece, Scenario, Script, Simulator};
use serde::Deserialize;
use serde_json::{Value, json};

/// Chunks of an answer: a sentence, a page, a very long answer.
const SIZES: [usize; 3] = [200, 2_000, 20_000];
/// Median and minimum are taken over so many runs.
const RUNS: usize = 7;
/// Events in one write of the server, as a fast server sends them and as a slow one does.
const PER_WRITE: [usize; 2] = [64, 1];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Some(size) = std::env::args().nth(1).and_then(|word| word.parse().ok()) {
        return serve(size, std::env::args().nth(2).unwrap().parse().unwrap()).await;
    }
    let mut figures = Vec::new();
    for size in SIZES {
        figures.push(decode_from_memory(size));
        for per_write in PER_WRITE {
            figures.push(read_over_loopback(size, per_write).await);
        }
    }
    println!("{}", json!({"bench": "decode_cost", "unit": UNIT, "figures": figures}));
}

/// An answer of so many chunks, each of the length that OpenAI's have.
fn script(size: usize) -> Script {
    Script::of((0..size).map(|n| Piece::Text(format!("{n:0>72}"))))
}

fn decode_from_memory(size: usize) -> Value {
    let body = chat::events(&script(size), "gpt-bench-2026-11-24").concat();
    // One read of a socket gives about this much.
    let reads: Vec<&[u8]> = body.chunks(16 * 1024).collect();
    let costs = (0..RUNS).map(|_| {
        let start = cpu_us();
        let mut decoder = ChatDecoder::new(Delivery::Streaming, Dialect::OPENAI.stream_end, expectations());
        let mut deltas = 0;
        for read in &reads {
            decoder.feed(read);
            while let Some(event) = decoder.next_event() {
                deltas += usize::from(matches!(event.unwrap(), ModelEvent::TextDelta { .. }));
            }
        }
        assert_eq!(deltas, size, "every chunk came");
        cpu_us() - start
    });
    figure("memory", size, None, body.len(), costs.collect())
}

async fn read_over_loopback(size: usize, per_write: usize) -> Value {
    let (mut server, address) = start_server(size, per_write);
    let base_url = base_url::parse(&address).unwrap();
    let provider = Provider { name: "bench".into(), base_url, keys: Arc::new(NoKey) };
    let client =
        OpenAiClient::new(provider, ChatCompletionsApi(Dialect::OPENAI), Http::new().unwrap(), Arc::new(LocalFiles));
    let messages = vec![Msg::text(Role::User, "user", "Go.")];
    let request = ChatRequest { model: "gpt-bench-2026-11-24".into(), messages, ..ChatRequest::default() };
    let (mut costs, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        floor.push(read_at_the_floor(&address, size));
        let start = cpu_us();
        let mut stream = client.stream(&request).await.unwrap();
        let mut deltas = 0;
        while let Some(event) = stream.next().await {
            deltas += usize::from(matches!(event.unwrap(), ModelEvent::TextDelta { .. }));
        }
        assert_eq!(deltas, size, "every chunk came");
        costs.push(cpu_us() - start);
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let bytes = chat::events(&script(size), "gpt-bench-2026-11-24").concat().len();
    let mut figure = figure("loopback", size, Some(per_write), bytes, costs);
    let floor = self::figure("floor", size, Some(per_write), bytes, floor);
    for field in ["median", "minimum"] {
        let ratio = figure[field].as_f64().unwrap() / floor[field].as_f64().unwrap();
        figure[format!("floor_{field}")] = floor[field].clone();
        figure[format!("times_floor_by_{field}")] = json!((ratio * 100.0).round() / 100.0);
    }
    figure
}

/// The least that reading an answer can cost: one blocking socket, line ends, borrowed JSON, no events.
fn read_at_the_floor(address: &str, size: usize) -> f64 {
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
    }
    let start = cpu_us();
    let host = address.trim().trim_start_matches("http://").trim_end_matches("/v1");
    let mut socket = TcpStream::connect(host).unwrap();
    let body = r#"{"model":"gpt-bench-2026-11-24","stream":true,"messages":[]}"#;
    write!(socket, "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let (mut buffer, mut filled, mut deltas) = (vec![0; 64 * 1024], 0, 0);
    loop {
        let read = socket.read(&mut buffer[filled..]).unwrap();
        if read == 0 {
            break;
        }
        filled += read;
        let mut begin = 0;
        while let Some(end) = memchr::memchr(b'\n', &buffer[begin..filled]) {
            if let Some(json) = buffer[begin..begin + end].strip_prefix(b"data: {") {
                let json = &buffer[begin + end - json.len() - 1..begin + end];
                let chunk: Chunk<'_> = serde_json::from_slice(json).unwrap();
                deltas += usize::from(chunk.choices.first().is_some_and(|choice| !choice.delta.content.is_empty()));
            }
            begin += end + 1;
        }
        buffer.copy_within(begin..filled, 0);
        filled -= begin;
    }
    assert_eq!(deltas, size, "every chunk came");
    cpu_us() - start
}

/// This program again, as the server.
fn start_server(size: usize, per_write: usize) -> (Child, String) {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([size.to_string(), per_write.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    (server, address)
}

async fn serve(size: usize, events_per_write: usize) {
    let pace = Pace { events_per_write, ..Pace::default() };
    let server = Simulator::start(Scenario::always(
        Answer::script(script(size)).with_pace(pace).with_framing(Framing::UntilClose),
    ))
    .await
    .unwrap();
    println!("{}", server.base_url());
    server.run().await;
}

fn expectations() -> Expectations {
    Expectations {
        provider: "bench".into(),
        think_tags: Dialect::OPENAI.think_tags,
        audio_media_type: "audio/wav".into(),
        id_seed: "bench".into(),
    }
}

/// Time used so far: of the processor by this process, all threads.
#[cfg(unix)]
fn cpu_us() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of a benchmark are few")]
    let us = time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3;
    us
}
#[cfg(unix)]
const UNIT: &str = "us CPU per 1000 chunks";

/// Time used so far: by the clock on the wall, since this system tells no other without unsafe code.
#[cfg(not(unix))]
fn cpu_us() -> f64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_secs_f64() * 1e6
}
#[cfg(not(unix))]
const UNIT: &str = "us of wall time per 1000 chunks";

fn figure(from: &str, size: usize, per_write: Option<usize>, bytes: usize, mut costs: Vec<f64>) -> Value {
    costs.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "twenty thousand is exact")]
    let per_thousand = |us: f64| (us * 1_000.0 / size as f64).round();
    json!({
        "from": from, "chunks": size, "events_per_write": per_write, "bytes_per_chunk": bytes / size,
        "median": per_thousand(costs[costs.len() / 2]), "minimum": per_thousand(costs[0]),
    })
}
