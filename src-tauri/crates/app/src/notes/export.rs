//! Notes written to files: a folder that did not exist, with a file a note, as Markdown, in folders as they lie here.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use parlance_store::{Note, NoteFilter};

use crate::api::{ErrorBody, ErrorCode, NotesExported};
use crate::app::App;

/// Names no longer than this, in characters.
const MOST_CHARS: usize = 80;

/// Notes that are read at a time.
const PAGE: u32 = 200;

impl App {
    /// Writes every note into a folder, which must be empty or not there yet.
    ///
    /// # Errors
    /// When something is there already, or a file cannot be written.
    pub async fn export_notes_to(&self, target: &Path) -> Result<NotesExported, ErrorBody> {
        let store = self.store()?;
        let bad = |error: io::Error| {
            ErrorBody::new(ErrorCode::BadFile).with_details(format!("{}: {error}", target.display()))
        };
        fs::create_dir_all(target).map_err(bad)?;
        if fs::read_dir(target).map_err(bad)?.next().is_some() {
            return Err(ErrorBody::new(ErrorCode::BadFile)
                .with_details(format!("{}: the folder is not empty; nothing was overwritten", target.display())));
        }
        let mut taken = HashSet::new();
        let mut count = 0;
        loop {
            let notes = store.notes(&NoteFilter::default(), count, PAGE).await?;
            if notes.is_empty() {
                return Ok(NotesExported { folder: Some(target.display().to_string()), notes: count });
            }
            for note in notes {
                count += 1;
                let Some((note, text)) = store.note_with_text(&note.id).await? else { continue };
                let given = store.given_tags(note.n).await?;
                write(&place(target, &note, &mut taken), &whole(&note, &given, &text)).map_err(bad)?;
            }
        }
    }
}

/// The text, with what is not in it said above it.
fn whole(note: &Note, given_tags: &[String], text: &str) -> String {
    let title = note.given_title.as_deref();
    if title.is_none() && given_tags.is_empty() {
        return text.to_owned();
    }
    let mut head = String::from("---\n");
    if let Some(title) = title {
        head += &format!("title: \"{}\"\n", title.replace('"', "'"));
    }
    if !given_tags.is_empty() {
        head += &format!("tags: [{}]\n", given_tags.join(", "));
    }
    // A block that is there already goes on with these lines.
    match text.strip_prefix("---\n") {
        Some(rest) if parlance_assistant::notes::front_matter::front_matter(text).is_some() => head + rest,
        _ => head + "---\n\n" + text,
    }
}

/// A place of its own for a note, inside the folder whatever it is called.
fn place(target: &Path, note: &Note, taken: &mut HashSet<String>) -> PathBuf {
    let folders: Vec<String> = note.folder.split('/').filter(|name| !name.is_empty()).map(safe).collect();
    let stem = note.path.as_deref().and_then(super::keeping::stem).unwrap_or_else(|| note.title.clone());
    let stem = safe(&stem);
    let named = |number: u32| match number {
        1 => format!("{stem}.md"),
        number => format!("{stem} ({number}).md"),
    };
    let file = (1..).map(named).find(|file| taken.insert(format!("{}/{file}", folders.join("/")).to_lowercase()));
    folders.iter().fold(target.to_owned(), |path, name| path.join(name)).join(file.unwrap_or_default())
}

/// A name that every system takes and that leads nowhere else.
fn safe(name: &str) -> String {
    const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com1", "lpt1"];
    let is_fine = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '(' | ')');
    let name: String = name.chars().map(|c| if is_fine(c) { c } else { '_' }).take(MOST_CHARS).collect();
    let name = name.trim().trim_matches('.').trim();
    if name.is_empty() || RESERVED.contains(&name.to_lowercase().as_str()) {
        format!("note {name}").trim().to_owned()
    } else {
        name.to_owned()
    }
}

/// Whole or not at all, and never over something.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (name, is) in [
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a/b:c", "a_b_c"),
            ("...", "note"),
            ("CON", "note CON"),
            ("暖气 2024", "暖气 2024"),
            ("", "note"),
        ] {
            assert_eq!(safe(name), is, "{name:?}");
        }
        assert_eq!(safe(&"x".repeat(300)).len(), MOST_CHARS);
    }
}
