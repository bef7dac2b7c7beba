//! `cargo xtask bench`: figures and ratios, measured side by side in one run. No figure makes it fail.

use crate::cargo::{built, cargo};
use crate::machine::{self, Install, Purpose};
use crate::say::{Done, root, step, step_with};
use crate::test;
use crate::ui;

/// Builds with optimisation and measures.
pub fn bench(install: Install) -> Done {
    machine::prepare(&[Purpose::Build, Purpose::Headless, Purpose::Test], install)?;
    ui::install()?;
    ui::build()?;
    let packages = ["parlance", "parlance-tests", "parlance-providers", "parlance-audio"];
    let driver = test::install_driver()?;
    let mut arguments = vec!["build", "--release", "--locked", "--bins", "--examples"];
    packages.iter().for_each(|package| arguments.extend(["--package", package]));
    cargo("building with optimisation", &arguments)?;

    let release = built("release");
    let program = |name: &str| release.join(name).display().to_string();
    let script = root().join("tests/virtual-audio.sh").display().to_string();
    step("decoding: processor time per 1,000 chunks", &root(), &program("examples/decode_cost"), &[])?;
    step(
        "sound: press to silence, first byte to sound",
        &root(),
        &script,
        &["run", "--", &program("examples/press_to_silence")],
    )?;
    step_with(
        "start-up and memory, beside a bare window",
        &root(),
        &program("window_cost"),
        &[],
        &[("PARLANCE_BIN_DIR", release.as_os_str()), ("TAURI_DRIVER", driver.as_os_str())],
    )
}
