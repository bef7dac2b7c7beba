//! What lies on the clipboard besides words: WebKitGTK gives its pages neither copied files nor pictures.

use std::time::Duration;

use async_trait::async_trait;
use gtk::gdk::SELECTION_CLIPBOARD;
use gtk::gio::File;
use gtk::gio::prelude::FileExt as _;
use gtk::glib::MainContext;
use parlance_app::{Clipboard, Given};
use tokio::sync::oneshot;

/// A program that owns the clipboard and does not answer is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The clipboard as GTK reads it, under X11 and Wayland alike.
pub(crate) struct Gtk;

#[async_trait]
impl Clipboard for Gtk {
    async fn files(&self) -> Vec<Given> {
        let (found, finding) = oneshot::channel();
        // GTK lives on the main thread only.
        MainContext::default().invoke(move || look(found));
        tokio::time::timeout(PATIENCE, finding).await.ok().and_then(Result::ok).unwrap_or_default()
    }
}

/// Nobody minds an answer that comes too late.
fn look(found: oneshot::Sender<Vec<Given>>) {
    gtk::Clipboard::get(&SELECTION_CLIPBOARD).request_uris(move |clipboard, uris| {
        let files: Vec<Given> = uris.iter().filter_map(|uri| File::for_uri(uri).path()).map(Given::At).collect();
        if !files.is_empty() {
            let _ = found.send(files);
            return;
        }
        clipboard.request_image(move |_, picture| {
            let png = picture.and_then(|picture| picture.save_to_bufferv("png", &[]).ok());
            let _ = found.send(png.map(Given::Picture).into_iter().collect());
        });
    });
}
