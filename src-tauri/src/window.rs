//! The window: our own page and nothing else.

use tauri::utils::config::WindowConfig;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, Url, WebviewWindowBuilder};

const LABEL: &str = "main";
/// WebKitGTK keeps dropped files from its pages since 2025, so we take them; the other web views give them to the page, unless
/// somebody else takes them.
const TAKES_DROPS: bool = cfg!(target_os = "linux");

/// Opens the window as `tauri.conf.json` describes it.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<()> {
    let Some(config) = app.config().app.windows.iter().find(|window| window.label == LABEL) else {
        return Err(tauri::Error::WindowNotFound);
    };
    let config = WindowConfig { drag_drop_enabled: TAKES_DROPS, ..config.clone() };
    let window = WebviewWindowBuilder::from_config(app, &config)?
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false);
    without_network(window)?.build()?;
    Ok(())
}

/// Sends whatever the page would ask of the network to a port where nobody listens. The content policy does not cover
/// everything: WebKitGTK connects for `<link rel=preconnect>` all the same. Our own page and calls take another way.
#[cfg(target_os = "linux")]
fn without_network<'a>(window: Builder<'a>) -> tauri::Result<Builder<'a>> {
    let nowhere = Url::parse("http://127.0.0.1:9").map_err(|error| tauri::Error::Anyhow(error.into()))?;
    Ok(window.proxy_url(nowhere))
}

/// Not tried on this system: here the content policy alone stands.
#[cfg(not(target_os = "linux"))]
fn without_network<'a>(window: Builder<'a>) -> tauri::Result<Builder<'a>> {
    Ok(window)
}

type Builder<'a> = WebviewWindowBuilder<'a, tauri::Wry, AppHandle>;

/// Brings the window to the front.
pub(crate) fn raise(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let raised = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
        if let Err(error) = raised {
            tracing::warn!(%error, "the window could not be raised");
        }
    }
}

/// The embedded page; with `tauri dev`, Vite's.
fn is_own_page(url: &Url) -> bool {
    let embedded = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    let development = cfg!(not(feature = "custom-protocol")) && url.host_str() == Some("localhost");
    embedded || development
}
