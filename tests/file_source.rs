//! A file manager in small, for the journeys: a window from which one file can be dragged, and the owner of the clipboard.
//!
//! `file_source drag FILE`, `file_source copy FILE`, `file_source picture FILE`; prints `ready`, and ends when it is ended.

#[cfg(target_os = "linux")]
fn main() {
    use gtk::gdk::{DragAction, ModifierType, SELECTION_CLIPBOARD};
    use gtk::gdk_pixbuf::Pixbuf;
    use gtk::prelude::*;
    use gtk::{Clipboard, EventBox, TargetEntry, TargetFlags, Window, WindowType};

    let mut arguments = std::env::args().skip(1);
    let (deed, path) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let address = format!("file://{path}");
    gtk::init().expect("there is a display");
    let clipboard = Clipboard::get(&SELECTION_CLIPBOARD);
    match deed.as_str() {
        "drag" => {
            let (window, handle) = (Window::new(WindowType::Toplevel), EventBox::new());
            window.set_default_size(120, 120);
            window.add(&handle);
            handle.drag_source_set(ModifierType::BUTTON1_MASK, &[], DragAction::COPY);
            handle.drag_source_add_uri_targets();
            handle.connect_drag_data_get(move |_, _, data, _, _| {
                data.set_uris(&[&address]);
            });
            handle.connect_draw(|_, _| {
                say_ready();
                gtk::glib::Propagation::Proceed
            });
            window.show_all();
            // Right of the window of Parlance, on a display without a window manager.
            window.move_(1_130, 0);
        }
        "copy" => {
            let targets = [TargetEntry::new("text/uri-list", TargetFlags::empty(), 0)];
            let owns = clipboard.set_with_data(&targets, move |_, data, _| {
                data.set_uris(&[&address]);
            });
            assert!(owns, "the clipboard is ours");
            say_ready();
        }
        "picture" => {
            clipboard.set_image(&Pixbuf::from_file(&path).expect("it is a picture"));
            say_ready();
        }
        other => panic!("file_source drag|copy|picture FILE, not {other:?}"),
    }
    gtk::main();
}

/// What can be dragged is on the display now, or the clipboard is ours.
#[cfg(target_os = "linux")]
fn say_ready() {
    use std::io::Write as _;
    // Whoever started us may have stopped listening after the first time.
    let _ = writeln!(std::io::stdout(), "ready");
}

/// Journeys through the window are played on Linux only.
#[cfg(not(target_os = "linux"))]
fn main() {}
