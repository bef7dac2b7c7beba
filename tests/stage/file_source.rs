//! A file that is dragged or copied as from a file manager: by another program, on the same display.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::display::program;

/// Where on the display the file lies that can be dragged.
const FILE: (u32, u32) = (1_190, 60);
/// A drag is made of so many small movements, as a hand makes it; one leap is taken for none.
const STEPS: u32 = 12;

/// The other program; it ends when this is dropped.
pub struct FileSource {
    program: Child,
    display: String,
}

impl FileSource {
    /// A file that can be dragged.
    #[must_use]
    pub fn to_drag(display: &str, path: &Path) -> Self {
        Self::start(display, "drag", path)
    }

    /// A file that was copied.
    #[must_use]
    pub fn copied(display: &str, path: &Path) -> Self {
        Self::start(display, "copy", path)
    }

    /// A picture that was copied, not its file.
    #[must_use]
    pub fn picture(display: &str, path: &Path) -> Self {
        Self::start(display, "picture", path)
    }

    fn start(display: &str, deed: &str, path: &Path) -> Self {
        let mut program = Command::new(program("file_source"))
            .arg(deed)
            .arg(path)
            .env("DISPLAY", display)
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be started");
        let mut line = String::new();
        BufReader::new(program.stdout.take().expect("its output is ours")).read_line(&mut line).expect("it speaks");
        assert_eq!(line.trim(), "ready");
        Self { program, display: display.to_owned() }
    }

    /// Drags the file to a place on the display, and lets it go there.
    pub fn drop_at(&self, x: u32, y: u32) {
        let between = |from: u32, to: u32, step: u32| (from * (STEPS - step) + to * step) / STEPS;
        let mut hand = vec![
            "sleep".to_owned(),
            "0.3".into(),
            "mousemove".into(),
            FILE.0.to_string(),
            FILE.1.to_string(),
            "sleep".into(),
            "0.2".into(),
        ];
        hand.extend(["mousedown".into(), "1".into(), "sleep".into(), "0.2".into()]);
        for step in 1..=STEPS {
            let (x, y) = (between(FILE.0, x, step), between(FILE.1, y, step));
            hand.extend(["mousemove".into(), x.to_string(), y.to_string(), "sleep".into(), "0.06".into()]);
        }
        hand.extend(["sleep".into(), "0.5".into(), "mouseup".into(), "1".into()]);
        let moved = Command::new("xdotool").args(hand).env("DISPLAY", &self.display).status();
        assert!(moved.is_ok_and(|status| status.success()), "install xdotool with: apt-get install xdotool");
    }
}

impl Drop for FileSource {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
