//! What the person says about tools, and the files they choose for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_store::NewAttachment;

use crate::api::{ChooseFile, DecideTool, Empty, ErrorBody, ErrorCode, FileId, FileView};
use crate::app::App;
use crate::tools::{BadFile, Content, MOST_BYTES};
use crate::views;

/// Longer names are cut: they stand in a line of the window and in what the model reads.
const MOST_NAME_CHARS: usize = 120;

impl App {
    pub(crate) async fn decide_tool(&self, request: DecideTool) -> Result<Empty, ErrorBody> {
        self.inner.desk.decide(&(request.message_id, request.call_id), request.decision);
        Ok(Empty {})
    }

    pub(crate) async fn choose_file(&self, request: ChooseFile) -> Result<FileView, ErrorBody> {
        let bad = |error: BadFile| ErrorBody::new(ErrorCode::BadFile).with_details(error.to_string());
        // Base64 is a third longer than what it holds.
        if request.data.len() / 4 * 3 > MOST_BYTES + 2 {
            return Err(bad(BadFile::TooLarge));
        }
        let bytes = BASE64
            .decode(&request.data)
            .map_err(|_| ErrorBody::new(ErrorCode::BadCall).with_details("the file did not come as base64"))?;
        let content = Content::of(bytes).map_err(bad)?;
        let file = NewAttachment {
            id: parlance_core::id::random(),
            name: file_name(&request.name),
            media_type: content.media_type().to_owned(),
            // Known when it is sent.
            origin: String::new(),
            bytes: content.into_bytes(),
        };
        let view = views::file(&file.id, &file.name, file.bytes.len() as u64, &file.media_type);
        if !self.inner.desk.stage(file) {
            let why = "the files that wait to be sent are too many; send or remove some first";
            return Err(ErrorBody::new(ErrorCode::BadFile).with_details(why));
        }
        Ok(view)
    }

    pub(crate) async fn forget_file(&self, request: FileId) -> Result<Empty, ErrorBody> {
        self.inner.desk.unstage(std::slice::from_ref(&request.id));
        if let Some(message_id) = self.store()?.forget_attachment(&request.id).await? {
            self.tell_message(&message_id).await;
        }
        Ok(Empty {})
    }
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
    use super::*;

    #[test]
    fn a_name_has_no_folder_and_one_line() {
        assert_eq!(file_name("/home/ada/re\nport.txt"), "report.txt");
        assert_eq!(file_name("C:\\x\\a.txt"), "a.txt");
        assert_eq!(file_name("..\\ "), "file");
    }
}
