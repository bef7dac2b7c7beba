//! The vendors' own clients and the simulator. What they say to each other is in the scripts; here they are started.

use std::process::Stdio;
use std::time::Duration;

use parlance_simulator::{Scenario, Simulator};
use tokio::process::Command;

use crate::python::{Environments, here};

/// Far more than any script takes: a conversation that hangs is a failure, too.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_client_holds_its_conversations() {
    converse("openai", "chat.py", "OpenAI/Python").await;
    converse("openai", "responses.py", "OpenAI/Python").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropics_client_holds_its_conversations() {
    converse("anthropic", "messages.py", "Anthropic/Python").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn geminis_client_holds_its_conversations() {
    converse("gemini", "content.py", "google-genai-sdk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashscopes_client_holds_its_conversations() {
    converse("dashscope", "generation.py", "dashscope").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ollamas_client_holds_its_conversations() {
    converse("ollama", "chat.py", "ollama-python").await;
}

/// Runs a vendor's script against a simulator; every request must come from the vendor's `agent`.
async fn converse(vendor: &str, script: &str, agent: &str) {
    let scenario = std::fs::read_to_string(here().join("scenario.json")).unwrap();
    let simulator = Simulator::start(serde_json::from_str::<Scenario>(&scenario).unwrap()).await.unwrap();
    run(vendor, script, &[("PARLANCE_SIMULATOR", simulator.origin())]).await;
    let requests = simulator.requests();
    let strangers = requests.iter().filter(|asked| !asked.header("user-agent").unwrap_or_default().contains(agent));
    assert_eq!(strangers.map(|asked| &asked.headers).collect::<Vec<_>>(), Vec::<&Vec<_>>::new());
    assert!(!requests.is_empty(), "{vendor}/{script} asked for nothing");
}

/// Runs a vendor's script, which is told where the servers are.
pub(crate) async fn run(vendor: &str, script: &str, servers: &[(&str, String)]) {
    let python = Environments::of_this_user().with(vendor).await.unwrap_or_else(|unready| panic!("{unready}"));
    let home = tempfile::tempdir().unwrap();
    let mut conversation = Command::new(python);
    conversation.arg(here().join(vendor).join(script)).current_dir(home.path()).stdin(Stdio::null());
    // Keys, addresses and proxies of the person who runs this are none of the clients' business.
    conversation.env_clear();
    conversation.envs(["PATH", "SYSTEMROOT"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    conversation.env("HOME", home.path()).env("PYTHONUTF8", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    conversation.env("PYTHONPATH", here().join("common")).envs(servers.iter().map(|(name, at)| (name, at)));
    let output = tokio::time::timeout(LIMIT, conversation.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{vendor}/{script} did not end within {LIMIT:?}")).unwrap();
    let [said, complained] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{vendor}/{script} ended with {}\n{said}{complained}", output.status);
}
