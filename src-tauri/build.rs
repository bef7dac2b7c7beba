//! Declares the two commands of the shell, and gives a fresh clone a page to embed.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A clone without a built window still has to compile: tools and checks run before npm does.
    let dist = Path::new("ui/dist");
    if !dist.join("index.html").exists() {
        std::fs::create_dir_all(dist)?;
        std::fs::write(
            dist.join("index.html"),
            "<!doctype html><title>Parlance</title><p>The window is not built: run <code>cargo xtask run</code>.",
        )?;
        println!("cargo:warning=ui/dist was missing; a page that says so is embedded");
    }
    println!("cargo:rerun-if-changed=ui/dist");
    // Without this list every window could call every command.
    let commands = tauri_build::AppManifest::new().commands(&["call", "subscribe"]);
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .app_manifest(commands)
            .capabilities_path_pattern("./src-tauri/capabilities/**/*.json"),
    )?;
    Ok(())
}
