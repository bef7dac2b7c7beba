//! A model asks for a tool: the person is asked first where a file goes elsewhere than it was chosen for.

use super::*;

#[test]
fn a_file_goes_to_another_service_only_when_the_person_allows_it() {
    on_stage("tools::a_file_goes_to_another_service_only_when_the_person_allows_it", async {
        let asks = Answer::script(Script {
            finish: Some("tool_calls".into()),
            ..Script::of([Piece::ToolCall {
                index: 0,
                id: "call_0".into(),
                name: "read_file".into(),
                arguments: r#"{"name":"notes.txt"}"#.into(),
            }])
        });
        let first = Simulator::start(Scenario::always(Answer::says("Noted."))).await.unwrap();
        let second = Scenario {
            models: vec!["second-model".into()],
            ..Scenario::in_turn([asks, Answer::says("It says **42**.")])
        };
        let second = Simulator::start(second).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let notes = data.path().join("notes.txt");
        std::fs::write(&notes, "the answer is 42").unwrap();
        let window = Window::open(Opening { size: (1_640, 1_000), ..Opening::new(data.path()) }).await;
        add_server(&window, "simulated", &first).await;
        window.click("new").await;
        window.type_into("attach-input", notes.to_str().unwrap()).await;
        window.wait_text("[data-testid=file]", |text| text.contains("notes.txt")).await;
        window.type_into("composer", "Keep this.").await;
        window.click("send").await;
        window.wait_text("[data-testid=message][data-author=they]", |text| text.contains("Noted.")).await;

        add_server(&window, "second", &second).await;
        window.click("conversation").await;
        window.click("model").await;
        window.type_into("model-query", "second-model\u{e007}").await;
        window.wait_text("[data-testid=model]", |text| text.contains("second-model")).await;
        window.type_into("composer", "What does it say?").await;
        window.click("send").await;
        window.wait_css("[data-testid=tool-call][data-tool=read_file][data-state=asking]").await;
        assert!(!all_bodies(&second).contains("the answer is 42"), "nothing of the file has gone there");
        for width in [420, 900, 1_600] {
            window.resize(width, 900).await;
            window.picture(&format!("consent-{width}")).await;
        }
        window.click("tool-once").await;
        window.wait_css("[data-testid=tool-call][data-state=done]").await;
        let answer = "[data-testid=message][data-author=they][data-status=complete]:has([data-testid=tool-call])";
        window.wait_text(answer, |text| text.contains("It says 42.")).await;
        assert!(all_bodies(&second).contains("the answer is 42"));
        window.wait_css("[data-testid=tool-call] .head").await.click().await.unwrap();
        window.wait_text("[data-testid=tool-call]", |text| text.contains("the answer is 42")).await;
        window.picture("tool-done").await;
        window.close().await;
    });
}

/// All that a server was sent.
fn all_bodies(server: &Simulator) -> String {
    server.requests().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect()
}
