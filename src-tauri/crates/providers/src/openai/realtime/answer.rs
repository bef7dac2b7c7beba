//! What is known of the answer that comes now, and of the one that was spoken last.

use std::collections::VecDeque;
use std::time::Duration;

use parlance_core::realtime::{RealtimeEvent, TurnId};
use serde_json::{Map, Value, json};

use super::wire::{Event, Item};
use crate::realtime::pcm;
use crate::tool_calls::{MAX_ARGUMENTS_BYTES, MAX_CALLS};

/// The answer that comes now.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) response: String,
    /// `None` once it was cancelled.
    pub(super) turn: Option<TurnId>,
    pub(super) sound: pcm::Decoder,
    /// Whether any of its words were told.
    pub(super) has_words: bool,
    calls: Vec<Call>,
}

/// A tool call as far as it has come.
#[derive(Debug, Default)]
struct Call {
    item: String,
    id: String,
    name: String,
    arguments: String,
    is_told: bool,
}

impl Running {
    pub(super) fn new(response: String, turn: Option<TurnId>) -> Self {
        Self { response, turn, sound: pcm::Decoder::default(), has_words: false, calls: Vec::new() }
    }

    /// More of a call's arguments.
    pub(super) fn more_arguments(&mut self, event: &Event<'_>) {
        let (item, id) = (event.item_id.words(), event.call_id.words());
        if let Some(call) = self.call(item, id) {
            let more = event.delta.words().unwrap_or_default();
            if call.arguments.len() + more.len() <= MAX_ARGUMENTS_BYTES {
                call.arguments.push_str(more);
            }
        }
    }

    /// A call's arguments are whole. Its name may have come before, or may come with the item.
    pub(super) fn arguments_done(&mut self, event: &Event<'_>) -> Option<ToolCall> {
        let call = self.call(event.item_id.words(), event.call_id.words())?;
        call.learn(event.name.words(), event.arguments.words());
        call.told()
    }

    /// An item of the answer is begun.
    pub(super) fn item_added(&mut self, item: &Item<'_>) {
        if item.kind.words() == Some("function_call")
            && let Some(call) = self.call(item.id.words(), item.call_id.words())
        {
            call.learn(item.name.words(), item.arguments.words());
        }
    }

    /// An item of the answer is whole; gives the call that it is, unless that was given before.
    pub(super) fn item_done(&mut self, item: &Item<'_>) -> Option<ToolCall> {
        self.item_added(item);
        let is_call = item.kind.words() == Some("function_call");
        self.call(item.id.words().filter(|_| is_call), item.call_id.words().filter(|_| is_call))?.told()
    }

    /// Whether the answer asks for tools.
    pub(super) fn asks(&self) -> bool {
        self.calls.iter().any(|call| call.is_told)
    }

    /// The call of this item or id, a new one if need be.
    fn call(&mut self, item: Option<&str>, id: Option<&str>) -> Option<&mut Call> {
        let is_it = |call: &Call| match (id, item) {
            (Some(id), _) if !call.id.is_empty() => call.id == id,
            (_, Some(item)) => call.item == item,
            _ => false,
        };
        let at = match self.calls.iter().position(is_it) {
            Some(at) => at,
            None if (item.is_some() || id.is_some()) && self.calls.len() < MAX_CALLS => {
                self.calls.push(Call::default());
                self.calls.len() - 1
            }
            None => return None,
        };
        let call = &mut self.calls[at];
        if call.item.is_empty() {
            item.unwrap_or_default().clone_into(&mut call.item);
        }
        if call.id.is_empty() {
            id.unwrap_or_default().clone_into(&mut call.id);
        }
        Some(call)
    }
}

/// A call that is whole.
#[derive(Debug, PartialEq)]
pub(super) struct ToolCall {
    pub(super) id: String,
    name: String,
    arguments: Result<Map<String, Value>, String>,
}

impl ToolCall {
    pub(super) fn of(self, turn: TurnId) -> RealtimeEvent {
        RealtimeEvent::ToolCall { turn, id: self.id, name: self.name, arguments: self.arguments }
    }
}

impl Call {
    fn learn(&mut self, name: Option<&str>, arguments: Option<&str>) {
        if let Some(name) = name {
            name.clone_into(&mut self.name);
        }
        if let Some(arguments) = arguments.filter(|arguments| arguments.len() <= MAX_ARGUMENTS_BYTES) {
            arguments.clone_into(&mut self.arguments);
        }
    }

    /// The call, once, as soon as its name is known.
    fn told(&mut self) -> Option<ToolCall> {
        if self.is_told || self.name.is_empty() {
            return None;
        }
        self.is_told = true;
        // Some servers give a call no id but that of its item.
        let id = if self.id.is_empty() { self.item.clone() } else { self.id.clone() };
        let text = if self.arguments.trim().is_empty() { "{}" } else { self.arguments.as_str() };
        let arguments = serde_json::from_str(text).map_err(|_| self.arguments.clone());
        Some(ToolCall { id, name: self.name.clone(), arguments })
    }
}

/// The answer that was spoken last, for when the person interrupts what is still heard of it.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) turn: TurnId,
    /// Its items in order; an answer that asked for tools has several.
    items: VecDeque<SpokenItem>,
}

#[derive(Debug)]
struct SpokenItem {
    id: String,
    /// How much sound came: more than that cannot have been heard.
    length: Duration,
}

impl Spoken {
    pub(super) fn new(turn: TurnId) -> Self {
        Self { turn, items: VecDeque::new() }
    }

    pub(super) fn item(&mut self, id: &str) {
        self.items.push_back(SpokenItem { id: id.to_owned(), length: Duration::ZERO });
    }

    pub(super) fn sound(&mut self, length: Duration) {
        if let Some(item) = self.items.back_mut() {
            item.length += length;
        }
    }

    /// What the server is told when only this much was heard. The last item is always told: more of it may be on its way.
    pub(super) fn cut_at(self, heard: Duration) -> Vec<String> {
        let (mut rest, last) = (heard, self.items.len().saturating_sub(1));
        let mut frames = Vec::new();
        for (at, item) in self.items.into_iter().enumerate() {
            let kept = rest.min(item.length);
            rest -= kept;
            if kept.as_millis() == 0 {
                // A truncation at nothing is refused.
                frames.push(json!({"type": "conversation.item.delete", "item_id": item.id}).to_string());
            } else if kept < item.length || at == last {
                let frame = json!({"type": "conversation.item.truncate", "item_id": item.id, "content_index": 0,
                    "audio_end_ms": kept.as_millis()});
                frames.push(frame.to_string());
            }
        }
        frames
    }
}
