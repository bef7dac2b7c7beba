//! The keyboard as it is now, asked of the X server: a page that lost the keyboard, or hangs, never hears of a release.
//!
//! Elsewhere nobody is asked. Wayland tells no program; on Windows and macOS it was not tried.

use std::sync::Arc;

use parlance_app::held::Keyboard;

/// Whether this desktop keeps its keyboard to itself.
pub(crate) fn is_wayland() -> bool {
    cfg!(target_os = "linux") && std::env::var_os("WAYLAND_DISPLAY").is_some_and(|display| !display.is_empty())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn find() -> Option<Arc<dyn Keyboard>> {
    None
}

/// The keyboard of this display, where there is an X server to ask.
#[cfg(target_os = "linux")]
pub(crate) fn find() -> Option<Arc<dyn Keyboard>> {
    (!is_wayland()).then(|| Arc::new(x11::Session::default()) as Arc<dyn Keyboard>)
}

#[cfg(target_os = "linux")]
mod x11 {
    use std::sync::OnceLock;

    use parlance_app::api::HeldBy;
    use parlance_app::held::Keyboard;
    use x11rb::connection::Connection as _;
    use x11rb::protocol::xproto::ConnectionExt as _;
    use x11rb::rust_connection::RustConnection;

    /// X's name for what the Space bar types.
    const SPACE: u32 = 0x20;

    /// The keyboard of this session. The X server is asked for nothing before a key is first held.
    #[derive(Default)]
    pub(super) struct Session {
        /// `None` inside where there is no X server to ask.
        display: OnceLock<Option<Display>>,
    }

    /// A connection of our own to the X server.
    struct Display {
        connection: RustConnection,
        /// The keys that type a space.
        space: Vec<u8>,
    }

    impl Display {
        fn open() -> Result<Self, Box<dyn std::error::Error>> {
            let (connection, _) = x11rb::connect(None)?;
            let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
            let count = last.saturating_sub(first).saturating_add(1);
            let mapping = connection.get_keyboard_mapping(first, count)?.reply()?;
            let symbols = mapping.keysyms.chunks(usize::from(mapping.keysyms_per_keycode).max(1));
            let space = (first..=last).zip(symbols).filter(|(_, symbols)| symbols.first() == Some(&SPACE));
            Ok(Self { space: space.map(|(key, _)| key).collect(), connection })
        }
    }

    impl Keyboard for Session {
        fn is_down(&self, key: HeldBy) -> Option<bool> {
            let opened = self.display.get_or_init(|| match Display::open() {
                Ok(display) => Some(display),
                Err(error) => {
                    tracing::info!(%error, "the keyboard cannot be asked; a lost release shows when the window loses it");
                    None
                }
            });
            opened.as_ref()?.is_down(key)
        }
    }

    impl Display {
        fn is_down(&self, key: HeldBy) -> Option<bool> {
            let keys = match key {
                HeldBy::Space => &self.space,
            };
            // One bit a key.
            let state = self.connection.query_keymap().ok()?.reply().ok()?.keys;
            let is_set = |key: &u8| state[usize::from(key / 8)] & (1 << (key % 8)) != 0;
            (!keys.is_empty()).then(|| keys.iter().any(is_set))
        }
    }
}
