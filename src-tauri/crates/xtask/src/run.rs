//! `cargo xtask run`: from a fresh clone to an open window.

use std::env;
use std::path::Path;

use crate::cargo::{built, cargo};
use crate::machine::{self, Install, Purpose};
use crate::model;
use crate::say::{Done, root, step, step_with};
use crate::ui;

/// Builds everything and opens it; without a display, on a virtual one.
pub fn run(install: Install) -> Done {
    let display = has_display();
    let purposes: &[Purpose] = if display { &[Purpose::Build] } else { &[Purpose::Build, Purpose::Headless] };
    machine::prepare(purposes, install)?;
    ui::install()?;
    ui::build()?;
    model::prepare(install);
    cargo("building Parlance", &["build", "--package", "parlance"])?;
    let parlance = built("debug").join(if cfg!(windows) { "parlance.exe" } else { "parlance" });
    if display {
        let parlance = parlance.display().to_string();
        return step("Parlance is open; close its window to end", &root(), &parlance, &[]);
    }
    eprintln!("There is no display here, so Parlance opens on a virtual one, with a virtual microphone and speaker.");
    cargo("building the demonstration", &["build", "--package", "parlance-tests", "--bin", "demo"])?;
    let demo = built("debug").join("demo").display().to_string();
    let script = root().join("tests/virtual-audio.sh").display().to_string();
    step_with(
        "holding one spoken exchange with Echo",
        &root(),
        &script,
        &["run", "--", &demo],
        &[("PARLANCE_BIN_DIR", Path::new(&built("debug")).as_os_str())],
    )
}

/// Whether windows can open here.
fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
