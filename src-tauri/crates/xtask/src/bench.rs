//! `cargo xtask bench`: figures and ratios, measured side by side in one run. No figure makes it fail.

mod decode;
mod figures;
mod peers;
mod reader;

use crate::cargo::{built, cargo};
use crate::machine::{self, Install, Purpose};
use crate::say::{Done, root, step, step_with};
use crate::test;
use crate::ui;

pub use decode::decode;

/// Measures everything, what is cheap to build first.
pub fn bench(install: Install) -> Done {
    decode(install)?;
    machine::prepare(&[Purpose::Build, Purpose::Headless, Purpose::Test], install)?;
    ui::install()?;
    ui::build()?;
    let driver = test::install_driver()?;
    let packages = ["parlance", "parlance-tests", "parlance-audio"];
    let mut arguments = vec!["build", "--release", "--locked", "--bins", "--examples"];
    packages.iter().for_each(|package| arguments.extend(["--package", package]));
    cargo("building with optimisation", &arguments)?;

    let release = built("release");
    let program = |name: &str| release.join(name).display().to_string();
    let script = root().join("tests/virtual-audio.sh").display().to_string();
    step(
        "sound: a push to sound, a press to silence",
        &root(),
        &script,
        &["run", "--", &program("examples/press_to_silence")],
    )?;
    step(
        "sound: a captured sample on its way, and what listening costs",
        &root(),
        &script,
        &["run", "--", &program("examples/listening")],
    )?;
    step_with(
        "start-up and memory, beside a bare window",
        &root(),
        &program("window_cost"),
        &[],
        &[("PARLANCE_BIN_DIR", release.as_os_str()), ("TAURI_DRIVER", driver.as_os_str())],
    )
}
