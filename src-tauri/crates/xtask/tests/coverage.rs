//! `docs/coverage.md` tells the truth: every test it names exists, and every row says what shows it or that nothing does.

use std::fs;
use std::path::{Path, PathBuf};

/// The rows as their cells: id, what, shown by.
fn rows(ledger: &str) -> Vec<Vec<&str>> {
    ledger
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| id ") && !line.starts_with("| ---"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn ledger() -> String {
    fs::read_to_string(root().join("docs/coverage.md")).expect("the ledger is there")
}

#[test]
fn every_test_that_the_ledger_names_exists() {
    let ledger = ledger();
    let mut missing = Vec::new();
    for row in rows(&ledger) {
        let [id, _, shown_by] = row[..] else { panic!("{row:?} has not three cells") };
        if shown_by == "not yet" || shown_by.starts_with("left out: ") {
            continue;
        }
        for named in shown_by.split(", ") {
            let test =
                named.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).and_then(|it| it.split_once("::"));
            let Some((path, name)) = test else { panic!("{id}: {named} is no `path::test`") };
            let source = fs::read_to_string(root().join("src-tauri/crates").join(path)).unwrap_or_default();
            if !source.contains(&format!("fn {name}(")) {
                missing.push(format!("{id}: {path}::{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "tests that do not exist:\n{}", missing.join("\n"));
}

#[test]
fn no_row_is_there_twice_and_none_is_left_out_between_two() {
    let ledger = ledger();
    let mut last = ("", 0);
    let mut seen = Vec::new();
    for row in rows(&ledger) {
        let (area, number) = row[0].split_once('-').expect("an id has an area and a number");
        let number: u32 = number.parse().expect("a number");
        let next = if last.0 == area { last.1 + 1 } else { 1 };
        // A part of an area may begin at a round ten.
        let begins_a_part = last.0 == area && number > next && number.is_multiple_of(10) && number - next < 10;
        assert!(number == next || begins_a_part, "{} stands behind {last:?}", row[0]);
        assert!(!seen.contains(&row[0]), "{} is there twice", row[0]);
        seen.push(row[0]);
        last = (area, number);
    }
    assert!(seen.len() > 100, "only {} rows were found", seen.len());
}
