//! The house plan, checked: arrows between crates point down, nobody reaches for what is not theirs, and nothing is
//! linked that must not be.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// For each crate of ours: which others it may use. A crate that is not named here fails the test, so that a new one
/// forces the question.
const MAY_USE: &[(&str, &[&str])] = &[
    ("parlance-core", &[]),
    ("parlance-providers", &["parlance-core"]),
    ("parlance-audio", &["parlance-core"]),
    ("parlance-vectors", &[]),
    ("parlance-embedder", &["parlance-core", "parlance-vectors"]),
    ("parlance-store", &["parlance-core", "parlance-vectors"]),
    ("parlance-tokens", &["parlance-core"]),
    ("parlance-assistant", &["parlance-core"]),
    (
        "parlance-app",
        &[
            "parlance-core",
            "parlance-providers",
            "parlance-audio",
            "parlance-store",
            "parlance-tokens",
            "parlance-vectors",
            "parlance-embedder",
            "parlance-assistant",
        ],
    ),
    ("parlance-cli", &["parlance-core", "parlance-app"]),
    ("parlance", &["parlance-app"]),
    ("parlance-simulator", &[]),
    ("xtask", &[]),
];

/// Crates of others that a crate of ours must never use itself.
const NEVER_USES: &[(&str, &[&str])] = &[
    ("parlance-core", &["tokio", "reqwest", "cpal", "rodio", "sqlx", "tauri", "keyring", "keyring-core"]),
    ("parlance-providers", &["cpal", "rodio", "sqlx", "tauri", "keyring", "keyring-core"]),
    ("parlance-audio", &["reqwest", "sqlx", "tauri", "keyring", "keyring-core"]),
    ("parlance-tokens", &["tokio", "reqwest", "cpal", "rodio", "sqlx", "tauri", "keyring", "keyring-core"]),
    ("parlance-vectors", &["tokio", "reqwest", "cpal", "rodio", "sqlx", "tauri", "keyring", "keyring-core"]),
    ("parlance-embedder", &["tokio", "reqwest", "cpal", "rodio", "sqlx", "tauri", "keyring", "keyring-core"]),
    ("parlance-store", &["reqwest", "cpal", "rodio", "tauri", "keyring", "keyring-core"]),
    ("parlance-assistant", &["reqwest", "cpal", "rodio", "sqlx", "tauri", "keyring", "keyring-core"]),
    ("parlance-app", &["tauri", "cpal", "rodio", "sqlx", "reqwest"]),
    ("parlance-cli", &["tauri", "cpal", "rodio", "sqlx", "reqwest", "keyring", "keyring-core"]),
    ("parlance", &["reqwest", "cpal", "rodio", "sqlx", "keyring", "keyring-core"]),
];

/// What nothing of ours may bring along: a second TLS library, C libraries of the system for it, programs that fetch
/// when they are built.
const NEVER_LINKED: &[&str] =
    &["openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "ort", "webrtc-audio-processing"];

/// Licences that may be linked. Of a choice (`OR`) one is enough; of a sum (`AND`) all are needed.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
    "Unlicense",
];

/// Crates with another licence, each looked at.
const LICENCE_BY_CRATE: &[(&str, &str)] = &[
    // Tauri's CSS crates and the settings of folders: changes to their files would have to be published; we make none.
    ("cssparser", "MPL-2.0"),
    ("cssparser-macros", "MPL-2.0"),
    ("dtoa-short", "MPL-2.0"),
    ("option-ext", "MPL-2.0"),
    ("selectors", "MPL-2.0"),
    // Drives windows in tests; not shipped.
    ("webdriver", "MPL-2.0"),
    // Root certificates: data.
    ("webpki-root-certs", "CDLA-Permissive-2.0"),
];

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What each crate of ours uses, tests aside: a test may look from anywhere.
fn uses(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| members.contains(package["id"].as_str().unwrap()))
        .map(|package| {
            let used = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), used)
        })
        .collect()
}

#[test]
fn arrows_between_crates_point_down() {
    let mut uses = uses(&metadata());
    // The journeys look at everything.
    uses.remove("parlance-tests");
    let ours: BTreeSet<String> = uses.keys().cloned().collect();
    for (name, used) in &uses {
        let (_, may) = MAY_USE
            .iter()
            .find(|(of, _)| of == name)
            .unwrap_or_else(|| panic!("{name} is new: say in MAY_USE what it may use"));
        for dependency in used.intersection(&ours) {
            assert!(may.contains(&dependency.as_str()), "{name} must not use {dependency}");
        }
    }
}

#[test]
fn no_crate_reaches_for_what_is_not_its_own() {
    let uses = uses(&metadata());
    for (name, never) in NEVER_USES {
        for forbidden in *never {
            assert!(!uses[*name].contains(*forbidden), "{name} must not use {forbidden}");
        }
    }
}

#[test]
fn nothing_is_linked_that_must_not_be() {
    let metadata = metadata();
    let linked: BTreeSet<&str> = resolved_names(&metadata);
    for name in NEVER_LINKED {
        assert!(!linked.contains(name), "{name} must not be linked; `cargo tree --invert {name}` says who brings it");
    }
}

#[test]
fn every_licence_is_one_that_may_be_linked() {
    let metadata = metadata();
    let linked = resolved_names(&metadata);
    let mut refused = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("(none)");
        let by_crate = LICENCE_BY_CRATE.iter().any(|(of, known)| *of == name && *known == licence);
        if linked.contains(name) && !by_crate && !may_be_linked(licence) {
            refused.push(format!("{name}: {licence}"));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Crates that are part of the graph on this system.
fn resolved_names(metadata: &Value) -> BTreeSet<&str> {
    let used: BTreeSet<&str> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| used.contains(package["id"].as_str().unwrap()))
        .map(|package| package["name"].as_str().unwrap())
        .collect()
}

fn may_be_linked(expression: &str) -> bool {
    // Old manifests write a choice with a stroke.
    let expression = expression.replace('/', " OR ").replace("  ", " ");
    let choices = expression.split(" OR ");
    choices.into_iter().any(|choice| {
        choice.split(" AND ").all(|part| LICENCES.contains(&part.trim().trim_matches(|c| c == '(' || c == ')')))
    })
}

#[test]
fn choices_and_sums_of_licences_are_told_apart() {
    assert!(may_be_linked("MIT/Apache-2.0"));
    assert!(may_be_linked("GPL-3.0 OR MIT"));
    assert!(may_be_linked("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!may_be_linked("MIT AND GPL-3.0"));
    assert!(!may_be_linked("(none)"));
}
