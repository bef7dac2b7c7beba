//! What is wrong now: one list, told whole whenever it changes.

use std::mem::discriminant;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::{AppEvent, Notice};
use crate::hub::Hub;

/// The list. Clones share it.
#[derive(Clone)]
pub(crate) struct Notices {
    list: Arc<Mutex<Vec<Notice>>>,
    hub: Hub,
}

impl Notices {
    pub(crate) fn new(hub: Hub) -> Self {
        Self { list: Arc::default(), hub }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Notice> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something is wrong; replaces a notice of the same kind.
    pub(crate) fn raise(&self, notice: Notice) {
        self.change(|list| {
            list.retain(|old| discriminant(old) != discriminant(&notice));
            list.push(notice);
        });
    }

    /// What `is_over` names is right again.
    pub(crate) fn settle(&self, is_over: impl Fn(&Notice) -> bool) {
        self.change(|list| list.retain(|notice| !is_over(notice)));
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Notice>)) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let before = list.clone();
        change(&mut list);
        if *list != before {
            self.hub.tell(AppEvent::Notices { notices: list.clone() });
        }
    }
}
