//! `pack FOLDER OUT`: packs the published weights in FOLDER (`model.safetensors`, `tokenizer.json`) for Parlance, having checked
//! that they are what their makers published. `cargo xtask` runs it at set-up.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of the terminal")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sha2::{Digest as _, Sha256};

/// What sentence-transformers/all-MiniLM-L6-v2 on huggingface.co holds (looked at 2026-11): names, SHA-256.
const PUBLISHED: [(&str, &str); 2] = [
    ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
];

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, out] = arguments.as_slice() else {
        eprintln!("pack FOLDER OUT");
        return ExitCode::from(2);
    };
    match check_and_pack(folder, out) {
        Ok(()) => {
            println!("{} holds the packed model", out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("pack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check_and_pack(folder: &Path, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    for (name, expected) in PUBLISHED {
        let path = folder.join(name);
        let digest = Sha256::digest(fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?);
        let is: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if is != expected {
            return Err(format!("{} is not what was published: its SHA-256 is {is}", path.display()).into());
        }
    }
    parlance_embedder::pack(&folder.join(PUBLISHED[0].0), &folder.join(PUBLISHED[1].0), out)?;
    Ok(())
}
