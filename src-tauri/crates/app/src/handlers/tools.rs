//! What the person says about tools, and the files they choose for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::api::{ChooseFile, DecideTool, Empty, ErrorBody, ErrorCode, FileId, FileView, FilesTaken};
use crate::app::App;
use crate::tools::{BadFile, MOST_BYTES};

impl App {
    pub(crate) async fn decide_tool(&self, request: DecideTool) -> Result<Empty, ErrorBody> {
        self.inner.desk.decide(&(request.message_id, request.call_id), request.decision);
        Ok(Empty {})
    }

    pub(crate) async fn choose_file(&self, request: ChooseFile) -> Result<FileView, ErrorBody> {
        // Base64 is a third longer than what it holds.
        if request.data.len() / 4 * 3 > MOST_BYTES + 2 {
            return Err(ErrorBody::new(ErrorCode::BadFile).with_details(BadFile::TooLarge.to_string()));
        }
        let bytes = BASE64
            .decode(&request.data)
            .map_err(|_| ErrorBody::new(ErrorCode::BadCall).with_details("the file did not come as base64"))?;
        self.take_in(&request.name, bytes)
    }

    pub(crate) async fn paste_files(&self, _: Empty) -> Result<FilesTaken, ErrorBody> {
        let Some(clipboard) = &self.inner.clipboard else { return Ok(FilesTaken::default()) };
        let given = clipboard.files().await;
        Ok(self.take_all(given).await)
    }

    pub(crate) async fn forget_file(&self, request: FileId) -> Result<Empty, ErrorBody> {
        self.inner.desk.unstage(std::slice::from_ref(&request.id));
        if let Some(message_id) = self.store()?.forget_attachment(&request.id).await? {
            self.tell_message(&message_id).await;
        }
        Ok(Empty {})
    }
}
