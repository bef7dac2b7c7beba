//! A window with nothing in it: what Tauri and WebKit cost by themselves. `cargo xtask bench` measures Parlance beside it.

use tauri::{Url, WebviewUrl, WebviewWindowBuilder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tauri::Builder::default()
        .setup(|app| {
            let blank = WebviewUrl::External(Url::parse("about:blank")?);
            WebviewWindowBuilder::new(app, "bare", blank).inner_size(1_120.0, 760.0).build()?;
            Ok(())
        })
        .run(tauri::generate_context!())?;
    Ok(())
}
