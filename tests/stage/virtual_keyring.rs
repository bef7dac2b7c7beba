//! The stage with a real Secret Service on a session bus of its own; see `tests/virtual-keyring.sh`.

use std::sync::Mutex;
use std::time::Duration;

use super::reexec::Stage;

/// A keyring of the test's own.
pub static VIRTUAL_KEYRING: Stage = Stage {
    script: "virtual-keyring.sh",
    marker: "VK_DIR",
    programs: &["gnome-keyring-daemon", "dbus-daemon", "dbus-send"],
    packages: "gnome-keyring dbus",
    limit: Duration::from_secs(120),
    turn: Mutex::new(()),
};
