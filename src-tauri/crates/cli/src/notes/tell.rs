//! How `notes` says what it found and did, to people and to programs.

use parlance_app::api::{FileFault, FileTrouble, ImportView, NoteHit, NoteSummary, NotesFound, NotesStatus};
use serde_json::{Value, json};

use crate::engine::Desk;
use crate::failure::Failure;
use crate::out::clean::name;

/// A note's title, for people.
pub(super) fn title(note: &NoteSummary) -> String {
    let title = if note.title.is_empty() { "(no words)".to_owned() } else { name(&note.title) };
    if note.folder.is_empty() { title } else { format!("{}/ {title}", name(&note.folder)) }
}

/// A file that was not taken in, or not whole.
pub(super) fn fault(fault: &FileFault) -> String {
    let why = match fault.why {
        FileTrouble::NotAllowed => "it may not be read; nothing of it was taken in",
        FileTrouble::Unreadable => "it cannot be read; nothing of it was taken in",
        FileTrouble::NotText => "it is no text; nothing of it was taken in",
        FileTrouble::SomeNotText => "some of its bytes are no text; they are marked, the rest was taken in",
        FileTrouble::TooLong => "it is longer than 10 MiB; its beginning was taken in",
        FileTrouble::TooDeep => "folders lie deeper than 32 in each other; what is below was left out",
        FileTrouble::TooMany => "there are more than 200,000 files; the rest was left out",
        FileTrouble::Gone => "it is not there",
    };
    let details = if fault.details.is_empty() { String::new() } else { format!(" ({})", fault.details) };
    format!("{}: {why}{details}.", fault.path)
}

/// What became of files.
pub(super) fn imports(desk: &Desk, imports: &[ImportView]) {
    let sum = |count: fn(&ImportView) -> u32| imports.iter().map(count).sum::<u32>();
    let faults: Vec<Value> = imports
        .iter()
        .flat_map(|import| &import.faults)
        .map(|fault| json!({"path": fault.path, "why": fault.why, "details": fault.details}))
        .collect();
    let (added, changed, same) = (sum(|import| import.added), sum(|import| import.changed), sum(|import| import.same));
    let (kept, faulty) = (sum(|import| import.kept), sum(|import| import.faulty));
    let value = json!({
        "seen": sum(|import| import.seen),
        "added": added,
        "changed": changed,
        "same": same,
        "kept": kept,
        "passed_over": sum(|import| import.passed_over),
        "faulty": faulty,
        "faults": faults,
    });
    desk.out.result(&value, || {
        let mut said = format!("{added} notes added, {changed} changed, {same} as they were");
        if kept > 0 {
            said += &format!(", {kept} left as you changed them here");
        }
        if faulty > 0 {
            said += &format!("; {faulty} files with faults");
        }
        said + "."
    });
}

/// What a search found.
pub(super) fn found(desk: &Desk, found: &NotesFound) {
    let hits: Vec<Value> = found.hits.iter().map(hit).collect();
    let mut value = json!({"hits": hits, "searchable": found.searchable, "total": found.total, "ms": found.ms});
    if let Some(error) = &found.no_meaning {
        value["no_meaning"] = json!({"code": error.code, "details": error.details});
    }
    desk.out.result(&value, || {
        if found.hits.is_empty() {
            return "Nothing was found.".to_owned();
        }
        found.hits.iter().map(passage).collect::<Vec<_>>().join("\n")
    });
}

fn hit(hit: &NoteHit) -> Value {
    json!({
        "note_id": hit.note_id,
        "path": hit.path,
        "title": hit.title,
        "heading": hit.heading,
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "score": hit.score,
        "found": hit.found,
    })
}

/// A passage under its place.
fn passage(hit: &NoteHit) -> String {
    let above =
        hit.heading.iter().filter(|heading| **heading != hit.title).map(|heading| format!(" > {}", name(heading)));
    let text: String = hit.text.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "{}{}  [{}, bytes {} to {}]\n{text}",
        name(&hit.title),
        above.collect::<String>(),
        hit.note_id,
        hit.start,
        hit.end
    )
}

/// How far the index is.
pub(super) fn status(desk: &Desk, status: &NotesStatus) -> Result<(), Failure> {
    let value = serde_json::to_value(status).unwrap_or(Value::Null);
    desk.out.result(&value, || {
        let mut said = format!(
            "{} notes. {} of {} passages can be found by meaning ({}, {}). The index: {}",
            status.notes,
            status.searchable,
            status.total,
            status.provider,
            status.model,
            super::state(&status.state)
        );
        for fault in &status.faults {
            said += &format!(
                "\n{}  {}: {}",
                fault.note_id,
                name(&fault.title),
                crate::words::sentences(&fault.error).message
            );
        }
        said
    });
    Ok(())
}
