//! `say`: texts spoken by the local server, which makes the same sound for the same words.

use parlance_simulator::speech::sound;
use parlance_simulator::voice::{VoiceFault, VoiceScript, VoiceServer};
use parlance_simulator::{Answer, Failure, Fault, HangUp};
use serde_json::{Value, json};

use crate::stage::Stage;

const TEXT: &str = "Grüße aus Köln. 你好！";

/// The samples of a WAV file of ours, and its rate.
fn wav(path: &str) -> (Vec<i16>, u32) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!((&bytes[..4], &bytes[36..40]), (&b"RIFF"[..], &b"data"[..]));
    (samples(&bytes[44..]), u32::from_le_bytes(bytes[24..28].try_into().unwrap()))
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// How a call names each model that speaks, and whether it is written to over a socket.
const MOUTHS: [(&str, &str, bool); 5] = [
    ("openai", "gpt-4o-mini-tts", false),
    ("gemini", "gemini-2.5-flash-preview-tts", false),
    ("dashscope", "qwen3-tts-flash", false),
    ("dashscope", "qwen3-tts-flash-realtime", true),
    ("dashscope", "cosyvoice-v3-plus", true),
];

#[test]
fn every_model_that_speaks_fills_the_file_with_all_of_the_text() {
    let stage = Stage::repeating();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mouths = runtime.block_on(VoiceServer::start(VoiceScript::default())).unwrap();
    for (provider, model, is_socket) in MOUTHS {
        let origin = if is_socket { mouths.origin() } else { stage.server.origin() };
        let address = if provider == "openai" { format!("{origin}/v1") } else { origin };
        for more in [&[][..], &["--incremental"]] {
            let output = stage.path("said.wav");
            let words = ["say", "-", "--provider", provider, "--model", model, "--base-url", &address];
            let words = [&words[..], &["--voice", "V", "-o", &output, "--json"], more].concat();
            let told = stage.call_with_stdin(&words, TEXT.as_bytes()).well().json();
            let (said, rate) = wav(&output);
            assert_eq!((said.len(), rate), (sound(TEXT).len(), 24_000), "{model}");
            assert_eq!(said, sound(TEXT), "{model}");
            assert_eq!(told["samples"], said.len(), "{model}");
            assert_eq!(told["sample_rate"], 24_000, "{model}");
            assert!(told["first_audio_ms"].is_u64(), "{model}: {told}");
            assert!(told["usage"]["characters"].as_u64().is_some_and(|n| n >= 18), "{model}: {told}");
        }
    }
}

#[test]
fn bare_samples_go_to_stdout_and_nothing_else_does() {
    let stage = Stage::repeating();
    let base_url = stage.server.base_url();
    let words = ["say", TEXT, "--provider", "openai", "--base-url", &base_url, "-o", "-"];
    let output = stage.command(&words).output().unwrap();
    assert!(output.status.success());
    assert_eq!(samples(&output.stdout), sound(TEXT));
    let told = stage.call(&[&words[..], &["--json"]].concat());
    assert_eq!((told.code, &told.json()["error"]["code"]), (2, &json!("bad_call")));
}

#[test]
fn what_would_be_sent_is_printed_and_nothing_is_sent() {
    let stage = Stage::repeating();
    let base_url = stage.server.base_url();
    let words = ["say", "Hello.", "--provider", "openai", "--base-url", &base_url, "--print-request"];
    let more = ["--speed", "1.2", "--instructions", "Warmly.", "--set", "stream_format=\"sse\"", "--voice", "sage"];
    let printed = stage.call(&[&words[..], &more].concat()).well().json();
    let body = json!({
        "model": "gpt-4o-mini-tts", "voice": "sage", "input": "Hello.", "response_format": "pcm", "speed": 1.2,
        "instructions": "Warmly.", "stream_format": "sse",
    });
    assert_eq!((&printed["method"], &printed["body"]), (&json!("POST"), &body));
    assert_eq!(printed["headers"]["authorization"], "Bearer [key]");
    assert_eq!(printed["headers"]["accept"], "application/octet-stream");
    let words = ["say", "Hello.", "--provider", "dashscope", "--model", "qwen3-tts-flash-realtime", "--print-request"];
    let printed = stage.call(&words).well().json();
    assert_eq!(printed["url"], "wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model=qwen3-tts-flash-realtime");
    let kinds: Vec<&Value> = printed["frames"].as_array().unwrap().iter().map(|frame| &frame["type"]).collect();
    assert_eq!(kinds, ["session.update", "input_text_buffer.append", "input_text_buffer.commit", "session.finish"]);
    assert!(stage.server.requests().is_empty(), "nothing was sent");
}

#[test]
fn what_goes_wrong_is_said_and_what_came_before_is_kept() {
    let cut = Answer::default().with_fault(Fault::Cut { after_bytes: 2_000, how: HangUp::Close });
    for (answer, code, is_kept) in [
        (Answer::fails(Failure::QuotaSpent), "quota", false),
        (Answer::fails(Failure::Overloaded), "overloaded", false),
        (cut, "cut_off", true),
    ] {
        let stage = Stage::answering(answer);
        let (base_url, output) = (stage.server.base_url(), stage.path("said.wav"));
        let words = ["say", TEXT, "--provider", "openai", "--base-url", &base_url, "-o", &output, "--json"];
        let called = stage.call(&words);
        let told = called.json();
        assert_eq!((called.code, &told["error"]["code"]), (1, &json!(code)), "{told}");
        assert_eq!(std::fs::exists(&output).unwrap(), is_kept, "{code}");
        if is_kept {
            let (said, _) = wav(&output);
            assert!(!said.is_empty() && sound(TEXT).starts_with(&said));
            assert_eq!(told["samples"], said.len());
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = Stage::repeating();
    let script = VoiceScript { fault: Some(VoiceFault::Refused(401)), ..VoiceScript::default() };
    let server = runtime.block_on(VoiceServer::start(script)).unwrap();
    let (address, output) = (server.origin(), stage.path("said.wav"));
    let words = ["say", "Hi.", "--provider", "dashscope", "--model", "cosyvoice-v3-plus", "--base-url", &address];
    let called = stage.call(&[&words[..], &["-o", &output, "--json"]].concat());
    assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!("no_key")), "no key went along");
}

#[test]
fn a_provider_without_speech_and_a_server_without_a_usual_model_are_told_apart() {
    let stage = Stage::repeating();
    let output = stage.path("said.wav");
    for (provider, code) in [("anthropic", "no_voice"), ("ollama", "no_voice"), ("deepseek", "no_model")] {
        let called = stage.call(&["say", "Hi.", "--provider", provider, "-o", &output, "--json"]);
        assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!(code)), "{provider}");
    }
    assert_eq!(stage.call(&["say", "Hi.", "--provider", "openai"]).code, 2, "without a file nobody would hear it");
}
