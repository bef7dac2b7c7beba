//! A spoken turn with a provider's voice: who is talked with is chosen in the picker, what both say is written down.

use parlance_simulator::voice::{VoiceScript, VoiceServer};

use super::*;

const QUESTION: &str = "Is there still a sleeper to Vienna?";
/// What OpenAI's voices speak at.
const ANSWER_RATE: parlance_core::SampleRate = parlance_core::SampleRate::HZ_24000;
const ANSWER: &str = "Yes, it leaves at a quarter past eight.";

#[test]
fn a_person_talks_with_a_providers_voice_and_reads_what_both_said() {
    on_stage("voice::a_person_talks_with_a_providers_voice_and_reads_what_both_said", async {
        let answer = resample_all(&greeting(), ANSWER_RATE);
        let script = VoiceScript {
            question: QUESTION.into(),
            answer: ANSWER.into(),
            sound: answer.samples.clone(),
            pace: Duration::from_millis(50),
            ..VoiceScript::default()
        };
        let server = VoiceServer::start(script).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let window = Window::open(Opening::new(data.path())).await;
        window.click("settings-open").await;
        window.click("add-server").await;
        window.type_into("new-name", "studio").await;
        window.type_into("new-base-url", &format!("{}/v1", server.origin())).await;
        window.click("save-server").await;
        window.wait_css("[data-testid=provider][data-id=studio]").await;
        window.click("talk-model").await;
        // Nobody lists this model, so it is typed.
        window.type_into("model-query", "gpt-realtime").await;
        let at_studio = "const option = [...document.querySelectorAll('[data-testid=model-option]')].find((each) => each.textContent.includes('studio')); option?.click(); return option !== undefined";
        assert_eq!(window.run(at_studio, vec![]).await, json!(true));
        window.wait_text("[data-testid=settings]", |text| text.contains("gpt-realtime · studio")).await;
        window.picture("voice-settings").await;
        window.click("new").await;
        window.wait_text("[data-testid=talk-with]", |text| text.contains("gpt-realtime")).await;

        window.leave_fields().await;
        window.key_down(' ').await;
        window.wait_talk_state(&["listening", "hearing"]).await;
        let mut player = speak(&greeting());
        window.wait_talk_state(&["hearing"]).await;
        tokio::task::spawn_blocking(move || player.wait()).await.unwrap().unwrap();
        window.key_up(' ').await;
        window.wait_talk_state(&["speaking"]).await;
        window.picture("voice-speaking").await;
        window.wait_talk_state(&["idle"]).await;
        window.wait_text("[data-testid=message][data-author=you]", |text| text.contains(QUESTION)).await;
        let answered = "[data-testid=message][data-author=they][data-status=complete]";
        let shown = window.wait_text(answered, |text| text.contains(ANSWER)).await;
        assert!(shown.contains("ms"), "the time to the first sound stands under it: {shown}");
        window.picture("voice-answered").await;

        let sent = server.heard().into_iter().flat_map(|heard| heard.turns).map(|turn| turn.len()).sum::<usize>();
        assert!(sent > answer.samples.len() / 2, "the server heard {sent} samples");
        window.click("hang-up").await;
        window.wait_css("[data-testid=devices]").await;
        window.close().await;
    });
}
