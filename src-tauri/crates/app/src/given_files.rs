//! Files that come from the host and not through its page: what is dropped on the window, and what lies on the clipboard.
//! Some web views give their pages neither.

use std::path::{Path, PathBuf};
use std::{fs, io};

use async_trait::async_trait;
use parlance_store::NewAttachment;

use crate::api::{AppEvent, ErrorBody, ErrorCode, FileView, FilesTaken};
use crate::app::App;
use crate::tools::{BadFile, Content, MOST_BYTES};
use crate::views;

/// Longer names are cut: they stand in a line of the window and in what the model reads.
const MOST_NAME_CHARS: usize = 120;
/// What a picture without a file is called.
const PICTURE: &str = "picture.png";

/// What a host has of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Where it lies.
    At(PathBuf),
    /// A picture that lies nowhere, as PNG.
    Picture(Vec<u8>),
}

/// The system's clipboard, as a host reads it.
#[async_trait]
pub trait Clipboard: Send + Sync {
    /// The files that were copied, else the picture; nothing when it holds words.
    async fn files(&self) -> Vec<Given>;
}

impl App {
    /// Takes in what the person dropped on a window, for the message that is being written. The windows are told.
    pub async fn drop_files(&self, given: Vec<Given>) {
        let taken = self.take_all(given).await;
        self.hub().tell(AppEvent::FilesDropped { taken });
    }

    /// Takes files in. Those that cannot be are passed over; the last reason is told.
    pub(crate) async fn take_all(&self, given: Vec<Given>) -> FilesTaken {
        let mut taken = FilesTaken::default();
        for given in given {
            match self.take(given).await {
                Ok(file) => taken.files.push(file),
                Err(error) => taken.error = Some(error),
            }
        }
        taken
    }

    async fn take(&self, given: Given) -> Result<FileView, ErrorBody> {
        let (name, bytes) = match given {
            Given::At(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                // The person chose it just now; a path is never taken from a page.
                let reading = tokio::task::spawn_blocking(move || read(&path)).await;
                let read = reading.map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()));
                (name.clone(), read?.map_err(|why| bad(format!("{}: {why}", file_name(&name))))?)
            }
            Given::Picture(bytes) => (PICTURE.to_owned(), bytes),
        };
        self.take_in(&name, bytes)
    }

    /// Keeps a file for the next message.
    pub(crate) fn take_in(&self, name: &str, bytes: Vec<u8>) -> Result<FileView, ErrorBody> {
        let content = Content::of(bytes).map_err(|error| bad(error.to_string()))?;
        let file = NewAttachment {
            id: parlance_core::id::random(),
            name: file_name(name),
            media_type: content.media_type().to_owned(),
            // Known when it is sent.
            origin: String::new(),
            bytes: content.into_bytes(),
        };
        let view = views::file(&file.id, &file.name, file.bytes.len() as u64, &file.media_type);
        if !self.inner.desk.stage(file) {
            return Err(bad("the files that wait to be sent are too many; send or remove some first".to_owned()));
        }
        Ok(view)
    }
}

fn bad(why: String) -> ErrorBody {
    ErrorBody::new(ErrorCode::BadFile).with_details(why)
}

/// Why a file that was given cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("it is not a file")]
    NotAFile,
    #[error(transparent)]
    TooLarge(#[from] BadFile),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// The bytes of a file, never more of it than may be sent.
fn read(path: &Path) -> Result<Vec<u8>, Unread> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(Unread::NotAFile);
    }
    if about.len() > MOST_BYTES as u64 {
        return Err(BadFile::TooLarge.into());
    }
    Ok(fs::read(path)?)
}

/// A name without folders and without what could break the line it stands in.
fn file_name(given: &str) -> String {
    let name = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(MOST_NAME_CHARS).collect();
    let name = name.trim();
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{Options, Reach};

    #[test]
    fn a_name_has_no_folder_and_one_line() {
        assert_eq!(file_name("/home/ada/re\nport.txt"), "report.txt");
        assert_eq!(file_name("C:\\x\\a.txt"), "a.txt");
        assert_eq!(file_name("..\\ "), "file");
    }

    /// A clipboard with a file that was copied and one that is gone.
    struct Copied(PathBuf);

    #[async_trait]
    impl Clipboard for Copied {
        async fn files(&self) -> Vec<Given> {
            vec![Given::At(self.0.join("notes.txt")), Given::At(self.0.join("gone.txt"))]
        }
    }

    #[tokio::test]
    async fn what_lies_on_the_clipboard_is_taken_in_and_what_is_gone_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes.txt"), "the answer is 42").unwrap();
        let options = Options {
            data_dir: Some(folder.path().join("data")),
            reach: Reach::History,
            clipboard: Some(Arc::new(Copied(folder.path().to_owned()))),
            ..Options::default()
        };
        let app = App::start(options).await;
        let taken = app.call("paste_files", json!({})).await.unwrap();
        assert_eq!((&taken["files"][0]["name"], &taken["files"][0]["bytes"]), (&json!("notes.txt"), &json!(16)));
        assert_eq!(taken["error"]["code"], "bad_file");
        assert!(taken["error"]["details"].as_str().unwrap().starts_with("gone.txt: "), "{taken}");

        // A folder is no file, and a drop is told to the windows.
        let mut events = app.subscribe();
        app.drop_files(vec![Given::At(folder.path().to_owned())]).await;
        let taken = loop {
            let batch = events.recv().await.unwrap();
            let dropped = batch.events.into_iter().find_map(|event| match event {
                AppEvent::FilesDropped { taken } => Some(taken),
                _ => None,
            });
            if let Some(taken) = dropped {
                break taken;
            }
        };
        assert!(taken.files.is_empty() && taken.error.is_some(), "{taken:?}");
        app.shut_down().await;
    }
}
