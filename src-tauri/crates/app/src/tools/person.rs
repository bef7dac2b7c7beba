//! The person, as tools of one answer know them: questions go to every window, decisions come by `decide_tool`.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use parlance_assistant::tools::{Overseer, Permission};
use parlance_core::{ProviderError, ToolUse};
use tokio_util::sync::CancellationToken;

use super::desk::{Call, Desk};
use crate::app::App;
use crate::hub::Standing;

/// The person behind one answer.
pub(crate) struct Person {
    app: App,
    conversation_id: String,
    message_id: String,
    /// What the provider said when it took no tools.
    refusal: Mutex<Option<ProviderError>>,
}

impl Person {
    /// For this answer.
    pub(crate) fn new(app: App, conversation_id: &str, message_id: &str) -> Self {
        let (conversation_id, message_id) = (conversation_id.to_owned(), message_id.to_owned());
        Self { app, conversation_id, message_id, refusal: Mutex::default() }
    }

    /// What the provider said when it took no tools, `None` where it took them.
    pub(crate) fn refusal(&self) -> Option<ProviderError> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn desk(&self) -> &Desk {
        &self.app.inner.desk
    }

    fn call(&self, call: &ToolUse) -> Call {
        (self.message_id.clone(), call.id.clone())
    }

    fn stands(&self, call: &ToolUse, standing: Standing) {
        self.app.hub().tool_stands(&self.message_id, &call.id, standing);
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.desk().clear(&self.message_id);
    }
}

/// A question that is open. Taken back when whoever asked no longer waits.
struct Question<'a> {
    desk: &'a Desk,
    call: Call,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.desk.take_back(&self.call);
    }
}

#[async_trait]
impl Overseer for Person {
    async fn ask(&self, call: &ToolUse) -> Permission {
        if self.desk().is_allowed(&self.conversation_id, &call.name) {
            return Permission::Given;
        }
        let answer = self.desk().ask(self.call(call), &self.conversation_id, &call.name);
        let _question = Question { desk: self.desk(), call: self.call(call) };
        self.stands(call, Standing::Asking);
        let permission = answer.await.unwrap_or(Permission::Refused);
        self.stands(call, Standing::Coming);
        permission
    }

    fn begins(&self, call: &ToolUse) -> CancellationToken {
        self.stands(call, Standing::Running(self.app.inner.clock.now()));
        self.desk().begin(self.call(call))
    }

    fn goes_without(&self, refusal: &ProviderError) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
    }
}
