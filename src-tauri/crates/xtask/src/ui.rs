//! The window's part: npm packages, checks, the built page, the generated TypeScript.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::cargo;
use crate::say::{Done, Failed, root, step};

/// Node.js as this system starts it.
pub const NODE: &str = "node";
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Installs the packages the lock file names, if they are not there already.
pub fn install() -> Done {
    let ui = root().join("ui");
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let locked = changed(&ui.join("package-lock.json"));
    let installed = changed(&ui.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= locked {
        return Ok(());
    }
    step("installing the window's packages", &ui, NPM, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
}

/// Builds the page, unless nothing has changed since it was built.
pub fn build() -> Done {
    let ui = root().join("ui");
    let built = fs::metadata(ui.join("dist/index.html")).and_then(|file| file.modified()).ok();
    let sources = [ui.join("src"), ui.join("public"), root().join("assets/words")];
    let loose = ["index.html", "package-lock.json", "vite.config.ts"].map(|name| ui.join(name));
    let newest = sources.iter().chain(&loose).filter_map(|path| newest_below(path)).max();
    if built.is_some() && built >= newest && ui.join("dist/assets").exists() {
        return Ok(());
    }
    step("building the window", &ui, NPM, &["run", "--silent", "build"])
}

/// Types, lint and tests of the window.
pub fn check() -> Done {
    step("checking and testing the window", &root().join("ui"), NPM, &["run", "--silent", "check"])
}

/// Writes the TypeScript of the engine's commands and events.
pub fn write_bindings() -> Done {
    let text = cargo::print(&["run", "--quiet", "--package", "parlance-app", "--example", "bindings"])?;
    let path = root().join("ui/src/lib/ipc/generated.ts");
    fs::write(&path, text).map_err(|error| Failed(format!("{} could not be written: {error}", path.display())))
}

fn newest_below(path: &Path) -> Option<SystemTime> {
    let about = fs::metadata(path).ok()?;
    if !about.is_dir() {
        return about.modified().ok();
    }
    let inside = fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest_below(&entry.path())).max();
    inside.max(about.modified().ok())
}
