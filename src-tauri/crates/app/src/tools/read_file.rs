//! Reads what the person chose, and nothing else: names are looked up among the chosen files, never on the disk.

use std::fmt::Write as _;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::chat::FunctionSpec;
use parlance_core::{Consent, ContentBlock, Source, Tool, ToolFailure, ToolOutput};
use serde_json::{Map, Value, json};

use super::file::Content;

/// So many bytes are given at once: what a result may hold, less the line above them.
const MOST_AT_ONCE: usize = 60 * 1024;

/// A file that the person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Where it is found again.
    pub id: String,
    /// As the model names it; once among the files of a conversation.
    pub name: String,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Whether it was chosen for the provider that answers now. If not, the person is asked before it goes there.
    pub consent: Consent,
}

/// Where chosen files lie.
#[async_trait]
pub trait Files: Send + Sync {
    /// The whole file, `None` when it was forgotten.
    ///
    /// # Errors
    /// Why it cannot be read, for the model.
    async fn read(&self, id: &str) -> Result<Option<Vec<u8>>, ToolFailure>;
}

/// Reads chosen files.
pub struct ReadFile<F> {
    files: F,
    choices: Vec<Choice>,
}

impl<F: Files> ReadFile<F> {
    /// These files. Of two with one name the later gets a number.
    pub fn new(files: F, chosen: impl IntoIterator<Item = Choice>) -> Self {
        let mut choices: Vec<Choice> = Vec::new();
        for choice in chosen {
            let numbered = (2_u32..).map(|number| format!("{} ({number})", choice.name));
            let name = std::iter::once(choice.name.clone())
                .chain(numbered)
                .find(|name| choices.iter().all(|known| known.name != *name));
            choices.push(Choice { name: name.unwrap_or_default(), ..choice });
        }
        Self { files, choices }
    }

    fn find(&self, arguments: &Map<String, Value>) -> Option<&Choice> {
        let name = arguments.get("name").and_then(Value::as_str).unwrap_or_default();
        self.choices.iter().find(|choice| choice.name == name)
    }
}

#[async_trait]
impl<F: Files> Tool for ReadFile<F> {
    fn spec(&self) -> FunctionSpec {
        let mut description = "Reads a file that the person chose for this conversation. Files:".to_owned();
        for choice in &self.choices {
            // Writing to a String cannot fail.
            let _ = write!(description, " {} ({} bytes);", choice.name, choice.bytes);
        }
        let names: Vec<&str> = self.choices.iter().map(|choice| choice.name.as_str()).collect();
        let parameters = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "enum": names},
                "from_line": {"type": "integer", "minimum": 1, "description": "The first line wanted; 1 if not given."},
            },
            "required": ["name"],
        });
        FunctionSpec {
            name: "read_file".to_owned(),
            description: Some(description.trim_end_matches(';').to_owned()),
            parameters: Some(parameters),
            rest: Map::new(),
        }
    }

    fn consent(&self, arguments: &Map<String, Value>) -> Consent {
        self.find(arguments).map_or(Consent::Asked, |choice| choice.consent)
    }

    async fn run(&self, arguments: &Map<String, Value>) -> Result<ToolOutput, ToolFailure> {
        let choice = self.find(arguments).ok_or_else(|| ToolFailure("There is no such file here.".to_owned()))?;
        let bytes = self.files.read(&choice.id).await?;
        let bytes = bytes.ok_or_else(|| ToolFailure("The person took this file back.".to_owned()))?;
        match Content::of(bytes).map_err(|error| ToolFailure(format!("The file cannot be read: {error}.")))? {
            Content::Text(text) => {
                let from = arguments.get("from_line").and_then(Value::as_u64).unwrap_or(1);
                page(&text, usize::try_from(from).unwrap_or(usize::MAX)).map(ToolOutput::Text)
            }
            Content::Image(media_type, bytes) => Ok(ToolOutput::Blocks(vec![ContentBlock::Image {
                source: Source::Base64 { media_type: media_type.to_owned(), data: BASE64.encode(bytes) },
            }])),
        }
    }
}

/// As many whole lines as fit, from this one on, under a line that says which they are; a file that fits stands alone.
fn page(text: &str, from: usize) -> Result<String, ToolFailure> {
    let all = text.lines().count();
    if from == 1 && text.len() <= MOST_AT_ONCE {
        return Ok(if text.is_empty() { "[The file is empty.]".to_owned() } else { text.to_owned() });
    }
    if from > all {
        return Err(ToolFailure(format!("The file has {all} lines; line {from} is not among them.")));
    }
    let mut shown = String::new();
    let mut lines = 0;
    for line in text.split_inclusive('\n').skip(from - 1) {
        if shown.len() + line.len() > MOST_AT_ONCE {
            break;
        }
        shown.push_str(line);
        lines += 1;
    }
    if lines == 0 {
        let line = text.lines().nth(from - 1).unwrap_or_default();
        let head = &line[..line.floor_char_boundary(MOST_AT_ONCE)];
        return Ok(format!("[Line {from} of {all}, the first {} of its {} bytes]\n{head}", head.len(), line.len()));
    }
    let to = from + lines - 1;
    let more = if to < all { format!("; go on with from_line {}", to + 1) } else { String::new() };
    Ok(format!("[Lines {from} to {to} of {all}{more}]\n{shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Kept;

    #[async_trait]
    impl Files for Kept {
        async fn read(&self, id: &str) -> Result<Option<Vec<u8>>, ToolFailure> {
            Ok(match id {
                "gone" => None,
                "picture" => Some(b"\x89PNG\r\n".to_vec()),
                id => Some(format!("in {id}").into_bytes()),
            })
        }
    }

    fn tool() -> ReadFile<Kept> {
        let chosen = [
            ("1", "a.txt", Consent::NotNeeded),
            ("2", "a.txt", Consent::Asked),
            ("picture", "p", Consent::Asked),
            ("gone", "g", Consent::NotNeeded),
        ];
        ReadFile::new(
            Kept,
            chosen.map(|(id, name, consent)| Choice { id: id.into(), name: name.into(), bytes: 4, consent }),
        )
    }

    fn named(name: &str) -> Map<String, Value> {
        Map::from_iter([("name".to_owned(), json!(name))])
    }

    #[tokio::test]
    async fn only_chosen_files_are_read_and_each_has_its_own_name() {
        let tool = tool();
        let description = tool.spec().description.unwrap();
        assert!(
            description.ends_with("Files: a.txt (4 bytes); a.txt (2) (4 bytes); p (4 bytes); g (4 bytes)"),
            "{description}"
        );
        assert_eq!(tool.run(&named("a.txt")).await, Ok(ToolOutput::Text("in 1".into())));
        assert_eq!(tool.run(&named("a.txt (2)")).await, Ok(ToolOutput::Text("in 2".into())));
        assert!(
            matches!(tool.run(&named("p")).await, Ok(ToolOutput::Blocks(blocks)) if matches!(blocks[..], [ContentBlock::Image { .. }]))
        );
        assert!(tool.run(&named("g")).await.unwrap_err().0.contains("took this file back"));
        assert!(tool.run(&named("/etc/passwd")).await.unwrap_err().0.contains("no such file"));
    }

    #[test]
    fn a_file_that_goes_elsewhere_than_it_was_chosen_for_is_asked_about() {
        let consent = |name| tool().consent(&named(name));
        assert_eq!((consent("a.txt"), consent("a.txt (2)")), (Consent::NotNeeded, Consent::Asked));
    }

    #[test]
    fn a_long_file_comes_page_by_page() {
        let line = format!("{}\n", "x".repeat(MOST_AT_ONCE / 3));
        let text = line.repeat(5);
        let first = page(&text, 1).unwrap();
        assert!(first.starts_with("[Lines 1 to 2 of 5; go on with from_line 3]\nxxx"), "{}", &first[..60]);
        assert!(page(&text, 5).unwrap().starts_with("[Lines 5 to 5 of 5]\nxxx"));
        assert!(page(&text, 6).unwrap_err().0.contains("has 5 lines"));
        let long = "é".repeat(MOST_AT_ONCE);
        let head = page(&long, 1).unwrap();
        assert!(head.starts_with("[Line 1 of 1, the first 61440 of its 122880 bytes]\né"), "{}", &head[..80]);
        assert_eq!(page("short", 1).unwrap(), "short");
    }
}
