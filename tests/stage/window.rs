//! Parlance's own window under a real WebDriver: what a person does with keys and pointer, and what they see.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use super::display::{Display, program};
use super::reexec::tests_folder;

/// How long anything that should appear may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Parlance with its window.
pub struct Window {
    client: Client,
    driver: Child,
    display: Display,
}

/// How to open it.
pub struct Opening<'a> {
    /// Its data folder.
    pub data: &'a Path,
    /// The display's size.
    pub size: (u32, u32),
    /// The program below the folder of built ones.
    pub program: &'static str,
    /// What is there when its window can be used.
    pub ready: &'static str,
}

impl<'a> Opening<'a> {
    /// A window of the usual size.
    #[must_use]
    pub fn new(data: &'a Path) -> Self {
        Self { data, size: (1_280, 860), program: "parlance", ready: "[data-testid=talk-key]" }
    }
}

impl Window {
    /// Opens Parlance and waits until its window can be used.
    pub async fn open(opening: Opening<'_>) -> Self {
        let display = Display::start(opening.size.0, opening.size.1);
        let (port, native_port) = (free_port(), free_port());
        let home = opening.data.join("home");
        std::fs::create_dir_all(&home).expect("the data folder can be written");
        let mut command = Command::new(driver_path());
        command
            .args(["--port", &port.to_string(), "--native-port", &native_port.to_string()])
            .env("DISPLAY", display.name())
            .env("HOME", &home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_DATA_HOME", home.join("share"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("PARLANCE_DATA_DIR", opening.data.join("parlance"))
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let driver = command.spawn().expect("tauri-driver can be started");
        let client = connect(port, opening.program).await;
        let window = Self { client, driver, display };
        window.wait_css(opening.ready).await;
        window
    }

    /// The element with this `data-testid`, as soon as it is there.
    pub async fn wait(&self, testid: &str) -> Element {
        self.wait_css(&format!("[data-testid=\"{testid}\"]")).await
    }

    /// The first element that fits, as soon as it is there.
    pub async fn wait_css(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => {
                let picture = self.display.picture("failed-waiting");
                panic!("nothing fits {css}: {error}; the window looks like {}", picture.display());
            }
        }
    }

    /// How many elements fit now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("the window answers").len()
    }

    /// Waits until the text of what fits satisfies `is_right`.
    pub async fn wait_text(&self, css: &str, is_right: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut last = String::new();
        while Instant::now() < deadline {
            // Asked of the page: WebDriver takes what is scrolled out of sight for empty.
            let text = self.run("return document.querySelector(arguments[0])?.innerText ?? ''", vec![json!(css)]).await;
            let text = text.as_str().unwrap_or_default();
            if is_right(text) {
                return text.to_owned();
            }
            text.clone_into(&mut last);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let picture = self.display.picture("failed-text");
        panic!("{css} says {last:?}; the window looks like {}", picture.display());
    }

    /// The talk key's state. Asked of the page in one breath: views change, and the key is drawn anew.
    pub async fn talk_state(&self) -> String {
        let state =
            self.run("return document.querySelector('[data-testid=talk-key]')?.dataset.state ?? ''", vec![]).await;
        state.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the talk key is in one of these states; which, and how long it took.
    pub async fn wait_talk_state(&self, states: &[&str]) -> (String, Duration) {
        let begun = Instant::now();
        loop {
            let state = self.talk_state().await;
            if states.contains(&state.as_str()) {
                return (state, begun.elapsed());
            }
            if begun.elapsed() > PATIENCE {
                let picture = self.display.picture("failed-state");
                panic!("the talk key is {state}, not {states:?}; the window looks like {}", picture.display());
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Clicks what has this `data-testid`.
    pub async fn click(&self, testid: &str) {
        let mut clicked = self.wait(testid).await.click().await;
        if clicked.is_err() {
            // It may have been drawn anew between finding and clicking.
            self.settle().await;
            clicked = self.wait(testid).await.click().await;
        }
        if let Err(error) = clicked {
            let picture = self.display.picture("failed-clicking");
            panic!("clicking {testid}: {error:?}; the window looks like {}", picture.display());
        }
    }

    /// Types into what has this `data-testid`.
    pub async fn type_into(&self, testid: &str, text: &str) {
        self.wait(testid).await.send_keys(text).await.unwrap_or_else(|error| panic!("typing into {testid}: {error}"));
    }

    /// Presses Ctrl V in what has this `data-testid`, on the display: WebDriver's own keys paste nothing.
    pub async fn paste_into(&self, testid: &str) {
        self.click(testid).await;
        let pasted = Command::new("xdotool").args(["key", "ctrl+v"]).env("DISPLAY", self.display.name()).status();
        assert!(pasted.is_ok_and(|status| status.success()), "install xdotool with: apt-get install xdotool");
    }

    /// Its display, for `DISPLAY`.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.display.name()
    }

    /// Presses a key and holds it.
    pub async fn key_down(&self, key: char) {
        self.keys(KeyAction::Down { value: key }).await;
    }

    /// Lets a key go.
    pub async fn key_up(&self, key: char) {
        self.keys(KeyAction::Up { value: key }).await;
    }

    /// Moves keys of the display's own keyboard, whoever has it: what the page is told of keys is not what they do.
    pub fn on_desktop(&self, xdotool: &[&str]) {
        let done = Command::new("xdotool").args(xdotool).env("DISPLAY", self.display.name()).status();
        assert!(done.is_ok_and(|status| status.success()), "xdotool {xdotool:?}");
    }

    /// Takes the focus away from every field.
    pub async fn leave_fields(&self) {
        self.run("document.activeElement?.blur()", vec![]).await;
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Makes the window this wide and high, and waits until the page is drawn so.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_rect(0, 0, width, height).await.expect("the window can be resized");
        let deadline = Instant::now() + PATIENCE;
        while self.run("return window.innerWidth", vec![]).await != json!(width) {
            assert!(Instant::now() < deadline, "the window does not become {width} wide");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until what the page shows now is on the screen.
    pub async fn settle(&self) {
        let drawn =
            "return new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))";
        self.run(drawn, vec![]).await;
        // Animations of the page take 240 ms at the most; the X server needs a moment to copy.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }

    /// The WebDriver's process, whose descendants are the program and its web processes.
    #[must_use]
    pub fn driver_id(&self) -> u32 {
        self.driver.id()
    }

    /// Keeps a picture of it.
    pub async fn picture(&self, name: &str) -> PathBuf {
        self.settle().await;
        self.display.picture(name)
    }

    /// Closes it, as a person does, and waits for the program to end.
    pub async fn close(mut self) {
        let client = self.client.clone();
        client.close().await.expect("the session ends");
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.end();
    }

    async fn keys(&self, action: KeyAction) {
        let actions = KeyActions::new("keyboard".into()).then(action);
        self.client.perform_actions(actions).await.expect("keys can be pressed");
    }

    fn end(&mut self) {
        // The driver's whole group, so that no window outlives it.
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.driver.wait();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if matches!(self.driver.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

async fn connect(port: u16, name: &str) -> Client {
    let options = json!({ "application": program(name) });
    let capabilities = [("browserName".to_owned(), json!("wry")), ("tauri:options".to_owned(), options)];
    let address = format!("http://127.0.0.1:{port}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let mut session = ClientBuilder::new(connector);
        match session.capabilities(capabilities.clone().into_iter().collect()).connect(&address).await {
            Ok(client) => return client,
            Err(error) if Instant::now() > deadline => panic!("no session with the window: {error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

fn driver_path() -> PathBuf {
    let installed = tests_folder().join("../target/debug/tools/bin/tauri-driver");
    std::env::var_os("TAURI_DRIVER").map_or(installed, PathBuf::from)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
