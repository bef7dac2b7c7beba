//! The talk key of the whole desktop.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The key that works while another program has the keyboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HotkeyView {
    /// How it stands.
    pub state: HotkeyState,
    /// What a key binding of the desktop's own runs to the same end.
    pub command: String,
}

/// How the hotkey stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HotkeyState {
    /// None is chosen.
    #[default]
    Off,
    /// It works, press and release.
    Works,
    /// Another program has these keys.
    Taken,
    /// These keys do not read as a hotkey.
    Unreadable,
    /// This desktop lets no program have one (Wayland): its own key bindings have to.
    Unsupported,
}

/// What holds the talk key down, where it is a key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// The Space bar.
    Space,
}
