//! The vendors' own voice clients and the simulator, push-to-talk. What they say to each other is in the scripts.

use std::time::Duration;

use parlance_simulator::voice::{VoiceCall, VoiceFault, VoiceScript, VoiceServer};

use crate::vendors::run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_voice_client_holds_its_conversations() {
    converse("openai", "realtime.py", "OpenAI/Python", 24_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn geminis_voice_client_holds_its_conversations() {
    converse("gemini", "live.py", "google-genai-sdk", 16_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashscopes_voice_client_holds_its_conversations() {
    converse("dashscope", "realtime.py", "dashscope", 16_000).await;
}

/// Runs a vendor's script against a server that asks for a tool first; every connection must come from the vendor's `agent`,
/// and what the script said must have been heard as it was said.
async fn converse(vendor: &str, script: &str, agent: &str, rate: u32) {
    let calls = vec![VoiceCall::weather()];
    let scenario = VoiceScript { calls, pace: Duration::from_millis(20), ..VoiceScript::default() };
    let server = VoiceServer::start(scenario).await.unwrap();
    let refusing = VoiceScript { fault: Some(VoiceFault::Refused(401)), ..VoiceScript::default() };
    let refusing = VoiceServer::start(refusing).await.unwrap();
    run(vendor, script, &[("PARLANCE_SIMULATOR", server.origin()), ("PARLANCE_REFUSING", refusing.origin())]).await;
    // As `speech.py` says it.
    let said: Vec<i16> = (0..rate).map(|at| (at % 97) as i16 * 50 - 2_400).collect();
    let heard = server.heard();
    assert_eq!(heard[0].turns.first(), Some(&said), "{vendor}/{script}");
    for connection in heard.iter().chain(&refusing.heard()) {
        let named = connection.headers.iter().any(|(name, value)| name == "user-agent" && value.contains(agent));
        assert!(named, "{vendor}/{script}: {:?}", connection.headers);
    }
    assert!(!refusing.heard().is_empty(), "{vendor}/{script} did not ask the server that refuses");
}
