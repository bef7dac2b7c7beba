//! Other people's clients: two of Rust, built from `tests/peers`, and two of Python, in a virtual environment in the user's
//! cache folder. What cannot be had is said and left out.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::decode::{Case, Reader};
use crate::cargo::{built, cargo, target_folder};
use crate::machine::Install;
use crate::say::{Done, Failed, root, step};

/// At most so much of `async-openai`'s processor time: what the project promises.
const OF_ASYNC_OPENAI: f64 = 0.65;
/// At most so much of `genai`'s, likewise.
const OF_GENAI: f64 = 1.0 / 3.5;
/// At most so much of the Python SDK's, likewise.
const OF_OPENAI: f64 = 1.0 / 60.0;

/// Those of Rust.
pub fn of_rust(address: &str) -> Vec<Reader> {
    let manifest = root().join("tests/peers/Cargo.toml").display().to_string();
    let target = target_folder().display().to_string();
    let build = ["build", "--release", "--locked", "--manifest-path", &manifest, "--target-dir", &target];
    if let Err(Failed(why)) = cargo("building async-openai and genai, for comparison", &build) {
        eprintln!("   NOT RUN: async-openai and genai: {why}");
        return Vec::new();
    }
    let program = built("release").join(if cfg!(windows) { "parlance-peers.exe" } else { "parlance-peers" });
    let command = |name: &str| vec![program.display().to_string(), name.to_owned(), address.to_owned()];
    vec![
        Reader { at_most: Some(OF_ASYNC_OPENAI), ..Reader::peer("async-openai", command("async-openai")) },
        Reader { at_most: Some(OF_GENAI), ..Reader::peer("genai", command("genai")) },
    ]
}

/// Those of Python.
pub fn of_python(address: &str, install: Install) -> Vec<Reader> {
    let folder = cache().join("parlance").join("bench-python");
    if let Err(Failed(why)) = install_python(&folder, install) {
        eprintln!("   NOT RUN: openai and agentscope for Python: {why}");
        return Vec::new();
    }
    let script = root().join("tests/peers/peers.py");
    let command = |name: &str| {
        [python(&folder).as_path(), &script]
            .map(|path| path.display().to_string())
            .into_iter()
            .chain([name.to_owned(), address.to_owned()])
            .collect()
    };
    // It reads the whole arguments again for every fragment: twenty thousand would take an hour.
    let fits = |case: &Case| case.kind != "arguments" || case.chunks <= 2_000;
    vec![
        Reader { at_most: Some(OF_OPENAI), ..Reader::peer("openai (Python)", command("openai")) },
        Reader { fits, beside: "parlance-view", ..Reader::peer("agentscope (Python)", command("agentscope")) },
    ]
}

fn install_python(folder: &Path, install: Install) -> Done {
    let wanted = root().join("tests/peers/requirements.txt");
    let installed = folder.join("requirements.txt");
    let read = |path: &Path| fs::read_to_string(path).ok();
    if read(&installed).is_some() && read(&installed) == read(&wanted) {
        return Ok(());
    }
    if install == Install::OnlyList {
        return Err(Failed(format!("nothing was installed, as asked; {} names what is missing", wanted.display())));
    }
    eprintln!("These Python packages go into {}:", folder.display());
    let packages = read(&wanted).unwrap_or_default();
    packages.lines().filter(|line| !line.starts_with('#')).for_each(|line| eprintln!("   {line}"));
    let (place, wanted_name) = (folder.display().to_string(), wanted.display().to_string());
    let system_python = if cfg!(windows) { "python" } else { "python3" };
    step("making a virtual environment", &root(), system_python, &["-m", "venv", "--clear", &place])?;
    let python = python(folder).display().to_string();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", &wanted_name];
    step("installing the packages", &root(), &python, &pip)?;
    // Written last: whatever was interrupted is done again.
    fs::copy(&wanted, &installed)
        .map_err(|error| Failed(format!("{} cannot be written: {error}", installed.display())))?;
    Ok(())
}

fn python(folder: &Path) -> PathBuf {
    folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// Where this user's programs keep what can be had again.
fn cache() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").unwrap_or_else(env::temp_dir);
    if cfg!(windows) {
        set("LOCALAPPDATA").unwrap_or_else(env::temp_dir)
    } else if cfg!(target_os = "macos") {
        home().join("Library/Caches")
    } else {
        set("XDG_CACHE_HOME").unwrap_or_else(|| home().join(".cache"))
    }
}
