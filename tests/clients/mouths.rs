//! The vendors' own clients and the simulator's text to speech. What they say to each other is in the scripts.

use parlance_simulator::voice::{VoiceScript, VoiceServer};
use parlance_simulator::{Scenario, Simulator};

use crate::vendors::run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_client_hears_what_it_has_spoken() {
    listen("openai", "OpenAI/Python").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn geminis_client_hears_what_it_has_spoken() {
    listen("gemini", "google-genai-sdk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashscopes_client_hears_what_it_has_spoken() {
    let mouths = listen("dashscope", "dashscope").await;
    assert!(mouths.heard().len() >= 4, "{} sockets", mouths.heard().len());
}

/// Runs a vendor's script; every request must come from the vendor's `agent`.
async fn listen(vendor: &str, agent: &str) -> VoiceServer {
    let simulator = Simulator::start(Scenario { key: Some("sk-right".into()), ..Scenario::default() }).await.unwrap();
    let mouths = VoiceServer::start(VoiceScript::default()).await.unwrap();
    run(vendor, "say.py", &[("PARLANCE_SIMULATOR", simulator.origin()), ("PARLANCE_MOUTHS", mouths.origin())]).await;
    let requests = simulator.requests();
    assert!(!requests.is_empty(), "{vendor} asked for nothing");
    for asked in &requests {
        assert!(asked.header("user-agent").unwrap_or_default().contains(agent), "{vendor}: {:?}", asked.headers);
    }
    mouths
}
