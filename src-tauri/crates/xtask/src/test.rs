//! `cargo xtask test`: every check and every test, on a machine that has only Rust, Node.js and git.

use std::path::PathBuf;

use crate::cargo::{built, cargo, cargo_with};
use crate::machine::{self, Install, Purpose};
use crate::model;
use crate::say::{Done, Failed, output};
use crate::ui;

/// The WebDriver of Tauri's windows; the version the journeys were written with.
const DRIVER_VERSION: &str = "2.1.0";

/// Runs everything, cheapest first.
pub fn test(install: Install) -> Done {
    machine::prepare(&[Purpose::Build, Purpose::Headless, Purpose::Test], install)?;
    cargo("looking at the form of the code", &["fmt", "--all", "--check"])?;
    ui::install()?;
    ui::build()?;
    ui::check()?;
    // A test reads what every system would be given, so all of it must be here.
    cargo("fetching every dependency, those of other systems too", &["fetch", "--locked"])?;
    cargo("reading the code", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    supply_chain()?;
    model::prepare(install);
    let driver = install_driver()?;
    cargo("building everything", &["build", "--workspace", "--locked"])?;
    let (programs, published) = (built("debug"), model::published());
    let mut environment = vec![("PARLANCE_BIN_DIR", programs.as_os_str()), ("TAURI_DRIVER", driver.as_os_str())];
    environment.extend(published.iter().map(|folder| ("PARLANCE_PUBLISHED_MODEL", folder.as_os_str())));
    cargo_with("testing everything", &["test", "--workspace", "--locked"], &environment)?;
    eprintln!("\nEverything passed.");
    Ok(())
}

/// Licences, sources and bans; a check that cannot run says so.
fn supply_chain() -> Done {
    if output("cargo-deny", &["--version"]).is_none() {
        eprintln!(
            "── dependencies against deny.toml\n   NOT RUN: cargo-deny is not installed (`cargo install cargo-deny --locked`)"
        );
        return Ok(());
    }
    cargo("dependencies against deny.toml", &["deny", "--locked", "--offline", "check", "bans", "licenses", "sources"])
}

/// Installs tauri-driver beside what is compiled, once. Only Linux and Windows have a driver for their windows.
pub fn install_driver() -> Result<PathBuf, Failed> {
    let tools = built("tools");
    let driver = tools.join("bin").join(if cfg!(windows) { "tauri-driver.exe" } else { "tauri-driver" });
    let found = output(&driver.display().to_string(), &["--version"]).or_else(|| driver.exists().then(String::new));
    if cfg!(target_os = "macos") || found.is_some() {
        return Ok(driver);
    }
    let root = tools.display().to_string();
    cargo(
        "installing the driver of the window",
        &["install", "tauri-driver", "--version", DRIVER_VERSION, "--locked", "--root", &root],
    )?;
    Ok(driver)
}
