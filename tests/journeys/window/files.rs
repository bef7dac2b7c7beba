//! Files go with a message: by the button, dropped from another program, pasted as a file and as a picture.

use super::*;
use crate::support::file_source::FileSource;

/// A place within the composer, when the window has its usual size.
const COMPOSER: (u32, u32) = (690, 620);

#[test]
fn files_come_by_button_drop_and_paste_and_go_with_the_message() {
    on_stage("files::files_come_by_button_drop_and_paste_and_go_with_the_message", async {
        let simulator = Simulator::start(Scenario::always(Answer::says("Thanks."))).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = data.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let chosen = file("chosen.txt", b"by the button");
        let dropped = file("dropped here.txt", b"by the hand");
        let copied = file("copied.md", b"by the clipboard");
        let picture = file("sun.png", SUN);
        let window = Window::open(Opening::new(data.path())).await;
        add_server(&window, "simulated", &simulator).await;
        window.click("new").await;

        window.type_into("attach-input", chosen.to_str().unwrap()).await;
        names(&window, &["chosen.txt"]).await;
        {
            let source = FileSource::to_drag(window.display_name(), &dropped);
            tokio::task::spawn_blocking(move || source.drop_at(COMPOSER.0, COMPOSER.1)).await.unwrap();
        }
        names(&window, &["chosen.txt", "dropped here.txt"]).await;
        {
            let _source = FileSource::copied(window.display_name(), &copied);
            window.paste_into("composer").await;
            names(&window, &["chosen.txt", "dropped here.txt", "copied.md"]).await;
        }
        {
            let _source = FileSource::picture(window.display_name(), &picture);
            window.paste_into("composer").await;
            names(&window, &["chosen.txt", "dropped here.txt", "copied.md", "picture.png"]).await;
        }
        window.picture("files-attached").await;
        window.click("file-remove").await;
        names(&window, &["dropped here.txt", "copied.md", "picture.png"]).await;

        window.type_into("composer", "Look at these.").await;
        window.click("send").await;
        window.wait_css("[data-testid=message][data-author=they][data-status=complete]").await;
        let told = "[data-testid=message][data-author=you]";
        window.wait_text(told, |text| text.contains("dropped here.txt") && text.contains("picture.png")).await;
        assert_eq!(window.count("[data-testid=composer]").await, 1);
        let asked = simulator.requests().pop().unwrap().json();
        assert!(asked["tools"].to_string().contains("read_file"), "{asked}");
        window.picture("files-sent").await;
        window.close().await;
    });
}

/// Waits until these files are attached, in this order.
async fn names(window: &Window, expected: &[&str]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let names = "return [...document.querySelectorAll('[data-testid=composer]')].flatMap((field) => [...field.parentElement.querySelectorAll('[data-testid=file] bdi')].map((name) => name.textContent))";
        let found = window.run(names, vec![]).await;
        if found == json!(expected) {
            return;
        }
        if Instant::now() > deadline {
            let picture = window.picture("failed-files").await;
            panic!("attached are {found}, not {expected:?}; the window looks like {}", picture.display());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A PNG of one orange pixel.
const SUN: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53, 0xde, 0x00, 0x00, 0x00, 0x0c, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0xbf, 0x94, 0x01, 0x00, 0x04, 0x4b, 0x01, 0xa5, 0x3f, 0x0e, 0x7a, 0xb6,
    0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
