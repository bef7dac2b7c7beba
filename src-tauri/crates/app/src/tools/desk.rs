//! What waits for the person, what runs, and what they said for a whole conversation. In memory: what is not decided when
//! Parlance ends was not allowed.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use parlance_assistant::tools::Permission;
use parlance_store::NewAttachment;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::api::ToolDecision;

/// A call of an answer: the message and the call's id.
pub(crate) type Call = (String, String);

/// Files that were chosen and not sent yet may be so many bytes together.
const MOST_STAGED_BYTES: usize = 64 * 1024 * 1024;

/// A question that is open.
struct Asked {
    answer: oneshot::Sender<Permission>,
    /// What "always" would allow: a tool in a conversation.
    about: (String, String),
}

/// See the module.
#[derive(Default)]
pub(crate) struct Desk {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    asking: HashMap<Call, Asked>,
    running: HashMap<Call, CancellationToken>,
    /// Conversation and tool.
    always: HashSet<(String, String)>,
    /// Provider and model that took no tools: not offered again until Parlance ends.
    without: HashSet<(String, String)>,
    /// Files for the next message.
    staged: Vec<NewAttachment>,
}

impl Desk {
    /// Puts a question before the person. The answer never comes when the question is taken back.
    pub(super) fn ask(&self, call: Call, conversation_id: &str, tool: &str) -> oneshot::Receiver<Permission> {
        let (answer, answered) = oneshot::channel();
        let about = (conversation_id.to_owned(), tool.to_owned());
        self.lock().asking.insert(call, Asked { answer, about });
        answered
    }

    /// Takes a question back.
    pub(super) fn take_back(&self, call: &Call) {
        self.lock().asking.remove(call);
    }

    /// A call runs.
    pub(super) fn begin(&self, call: Call) -> CancellationToken {
        let stop = CancellationToken::new();
        self.lock().running.insert(call, stop.clone());
        stop
    }

    /// No call of an answer waits or runs any more.
    pub(super) fn clear(&self, message_id: &str) {
        let mut inner = self.lock();
        inner.asking.retain(|(message, _), _| message != message_id);
        inner.running.retain(|(message, _), _| message != message_id);
    }

    /// Does what the person said. A call that is over is left alone.
    pub(crate) fn decide(&self, call: &Call, decision: ToolDecision) {
        let mut inner = self.lock();
        let permission = match decision {
            ToolDecision::Once | ToolDecision::Always => Permission::Given,
            ToolDecision::No => Permission::Refused,
            ToolDecision::Stop => {
                if let Some(stop) = inner.running.get(call) {
                    stop.cancel();
                }
                return;
            }
        };
        let Some(Asked { answer, about }) = inner.asking.remove(call) else { return };
        // Whoever asked may be gone already, here and below.
        let _ = answer.send(permission);
        if decision == ToolDecision::Always {
            for (_, asked) in inner.asking.extract_if(|_, asked| asked.about == about) {
                let _ = asked.answer.send(Permission::Given);
            }
            inner.always.insert(about);
        }
    }

    /// Whether the person allowed a tool in a whole conversation.
    pub(super) fn is_allowed(&self, conversation_id: &str, tool: &str) -> bool {
        self.lock().always.contains(&(conversation_id.to_owned(), tool.to_owned()))
    }

    /// A model took no tools.
    pub(crate) fn note_without(&self, provider: &str, model: &str) {
        self.lock().without.insert((provider.to_owned(), model.to_owned()));
    }

    /// Whether a model is known to take none.
    pub(crate) fn is_without(&self, provider: &str, model: &str) -> bool {
        self.lock().without.contains(&(provider.to_owned(), model.to_owned()))
    }

    /// Keeps a file for the next message. `false` when there is no room for more.
    pub(crate) fn stage(&self, file: NewAttachment) -> bool {
        let staged = &mut self.lock().staged;
        let kept: usize = staged.iter().map(|file| file.bytes.len()).sum();
        let fits = kept + file.bytes.len() <= MOST_STAGED_BYTES;
        if fits {
            staged.push(file);
        }
        fits
    }

    /// Copies of staged files, in the order of their ids; `None` when one is not there.
    pub(crate) fn staged(&self, ids: &[String]) -> Option<Vec<NewAttachment>> {
        let inner = self.lock();
        ids.iter().map(|id| inner.staged.iter().find(|file| file.id == *id).cloned()).collect()
    }

    /// Staged files are sent, or not wanted.
    pub(crate) fn unstage(&self, ids: &[String]) {
        self.lock().staged.retain(|file| !ids.contains(&file.id));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
