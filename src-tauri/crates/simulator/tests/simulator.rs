//! The simulator itself, spoken to in raw bytes: what tests build upon must be exact.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use parlance_simulator::{Answer, Body, Fault, Framing, HangUp, Pace, Piece, Rule, Scenario, Script, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends raw bytes and reads until the server hangs up.
async fn exchange(address: impl tokio::net::ToSocketAddrs, bytes: &str) -> (String, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await.err().map(|error| error.kind());
    (String::from_utf8(answer).unwrap(), end)
}

fn post(words: &str) -> String {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": words}]}).to_string();
    format!("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn body_of(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn until_close(answer: Answer) -> Answer {
    answer.with_framing(Framing::UntilClose)
}

#[tokio::test]
async fn rules_answer_by_words_and_times_and_the_rest_is_repeated() {
    let rule = |when: Option<&str>, times, words: &str| Rule {
        when: when.map(str::to_owned),
        times,
        answer: until_close(Answer::says(words)),
    };
    let rules = vec![rule(Some("weather"), Some(1), "rain"), rule(Some("weather"), None, "sun")];
    let server = Simulator::start(Scenario { rules, ..Scenario::default() }).await.unwrap();
    for (words, expected) in [("the weather?", "rain"), ("weather again", "sun"), ("weather", "sun")] {
        let (answer, _) = exchange(server.address(), &post(words)).await;
        assert_eq!(body_of(&answer)["choices"][0]["message"]["content"], expected, "{words}");
    }
    let close = post("hello").replace("\r\n\r\n", "\r\nx: y\r\n\r\n");
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(close.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("0\r\n\r\n") {
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        answer.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    assert!(answer.contains("You said: hello"), "{answer}");
    assert_eq!(server.requests().len(), 4);
    assert_eq!(server.requests()[3].header("x"), Some("y"));
}

#[tokio::test]
async fn a_chunked_request_is_read_whole_and_a_connection_serves_several() {
    let server = Simulator::start(Scenario::always(Answer::says("ok").with_framing(Framing::Length))).await.unwrap();
    let request = "POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{\"a\r\n5\r\n\":12}\r\n0\r\nx: y\r\n\r\n";
    let models = "GET /v1/models HTTP/1.1\r\n\r\n";
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(format!("{request}{models}{models}").as_bytes()).await.unwrap();
    let mut answers = String::new();
    while answers.matches("\"simulated\"").count() < 3 {
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        assert_ne!(read, 0, "{answers}");
        answers.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    let requests = server.requests();
    assert_eq!((requests.len(), requests[0].body.as_slice()), (3, b"{\"a\":12}".as_slice()));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_cut_comes_after_exactly_so_many_bytes_of_the_body() {
    let server = Simulator::start(Scenario::default()).await.unwrap();
    for after_bytes in 0..=10 {
        let fault = Fault::Cut { after_bytes, how: HangUp::Close };
        let answer = until_close(Answer::bytes("text/plain", "0123456789").with_fault(fault));
        for bytes_per_write in [None, Some(3)] {
            server
                .set_scenario(Scenario::always(answer.clone().with_pace(Pace { bytes_per_write, ..Pace::default() })));
            let (answer, end) = exchange(server.address(), &post("x")).await;
            let body = answer.split_once("\r\n\r\n").unwrap().1;
            assert_eq!((body, end), (&"0123456789"[..usize::try_from(after_bytes).unwrap()], None));
        }
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_cut_before_the_head_sends_nothing() {
    let server = Simulator::start(Scenario::default()).await.unwrap();
    let fault = Fault::CutBeforeHead { how: HangUp::Reset };
    server.set_scenario(Scenario::always(Answer::says("x").with_fault(fault)));
    assert_eq!(exchange(server.address(), &post("x")).await, (String::new(), Some(ErrorKind::ConnectionReset)));
    let fault = Fault::CutBeforeHead { how: HangUp::Close };
    server.set_scenario(Scenario::always(Answer::says("x").with_fault(fault)));
    assert_eq!(exchange(server.address(), &post("x")).await, (String::new(), None));
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_path_are_refused() {
    let server = Simulator::start(Scenario { key: Some("sk-right".into()), ..Scenario::default() }).await.unwrap();
    let ask = async |path: &str, key: &str| {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = [0; 12];
        stream.read_exact(&mut bytes).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    assert_eq!(ask("/v1/models", "sk-wrong").await, "HTTP/1.1 401");
    assert_eq!(ask("/v1/models", "sk-right").await, "HTTP/1.1 200");
    assert_eq!(ask("/v1/nothing", "sk-right").await, "HTTP/1.1 404");
}

#[tokio::test]
async fn a_stopped_server_refuses_and_hangs_up() {
    let mut server =
        Simulator::start(Scenario::always(Answer::says("x").with_fault(Fault::StallBeforeHead))).await.unwrap();
    let address = server.address();
    let waiting = tokio::spawn(async move { exchange(address, &post("x")).await });
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    server.stop();
    assert_eq!(waiting.await.unwrap(), (String::new(), None));
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn another_process_steers_the_program() {
    let folder = std::env::temp_dir().join(format!("parlance-simulator-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("scenario.json");
    let scenario = Scenario { models: vec!["from-the-file".into()], ..Scenario::default() };
    std::fs::write(&file, serde_json::to_vec(&scenario).unwrap()).unwrap();
    let mut program =
        Command::new(env!("CARGO_BIN_EXE_parlance-simulator")).arg(&file).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(program.stdout.take().unwrap()), &mut line).unwrap();
    let address = line.trim().strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap().to_owned();

    let next = json!({"rules": [{"answer": {"body": {"kind": "script", "pieces": [{"text": "steered"}]}, "framing": "until_close"}}]}).to_string();
    let put = |body: &str| format!("PUT /_simulator/scenario HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let ask = async |request: String, end: &str| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.contains(end) {
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).await.unwrap();
            assert_ne!(read, 0, "{answer}");
            answer.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        answer
    };
    assert!(ask("GET /v1/models HTTP/1.1\r\n\r\n".into(), "}]}").await.contains("from-the-file"));
    assert!(ask(put("{\"rulez\":[]}"), "}").await.contains("unknown field `rulez`"));
    assert!(ask(put(&next), "}").await.contains("\"ok\":true"));
    assert!(ask(post("hello"), "}").await.contains("steered"));
    let requests = ask("GET /_simulator/requests HTTP/1.1\r\n\r\n".into(), "]").await;
    assert!(requests.contains("hello") && !requests.contains("rulez"), "{requests}");

    program.kill().unwrap();
    program.wait().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_scenario_reads_back_as_it_was_written() {
    let script = Script::of([
        Piece::Thinking("a".into()),
        Piece::ToolCall { index: 0, id: "i".into(), name: "n".into(), arguments: "{}".into() },
        Piece::Frame(": x\n\n".into()),
    ]);
    let scenario = Scenario::in_turn([
        Answer::script(script).with_fault(Fault::Stall { after_bytes: 3 }),
        Answer { body: Body::Recording { content_type: "text/plain".into(), path: "p".into() }, ..Answer::default() },
        Answer::refuses(429, &json!({})).with_header("retry-after", "1"),
    ]);
    let text = serde_json::to_string(&scenario).unwrap();
    assert_eq!(serde_json::from_str::<Scenario>(&text).unwrap(), scenario, "{text}");
}
