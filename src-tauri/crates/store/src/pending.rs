//! What came of an answer and is not on the disk yet: coalesced, and due after a while or a size. Pure: the time is an
//! argument.

use std::time::{Duration, Instant};

use parlance_core::{ModelEvent, Seal, ToolOutput};

/// A piece is written this long after its first event came, so that a kill costs at most 250 ms of words: the rest is
/// for the commit.
pub const WRITE_EVERY: Duration = Duration::from_millis(200);

/// … or as soon as it is this large.
pub const WRITE_BYTES: usize = 16 * 1024;

/// Events that wait to be written.
#[derive(Debug, Default)]
pub struct Pending {
    events: Vec<ModelEvent>,
    bytes: usize,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Pending {
    /// Takes an event in, joining it to the last one where both are deltas of the same kind.
    pub fn push(&mut self, event: &ModelEvent, now: Instant) {
        self.bytes += size_of(event);
        self.since.get_or_insert(now);
        if !self.events.last_mut().is_some_and(|last| join(last, event)) {
            self.events.push(event.clone());
        }
    }

    /// When it should be written: `None` when there is nothing to write.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let since = self.since?;
        Some(if self.bytes >= WRITE_BYTES { since } else { since + WRITE_EVERY })
    }

    /// How many bytes wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Hands out all that waits.
    #[must_use]
    pub fn take(&mut self) -> Vec<ModelEvent> {
        self.bytes = 0;
        self.since = None;
        std::mem::take(&mut self.events)
    }

    /// Puts back what could not be written, before what came since. It counts as fresh: the writer decides when to try
    /// again.
    pub fn put_back(&mut self, events: Vec<ModelEvent>, now: Instant) {
        let later = std::mem::take(self);
        for event in events.iter().chain(&later.events) {
            self.push(event, now);
        }
    }
}

/// Joins `next` to `last` if they are deltas of the same thing. Sound is left alone: each piece is base64 of its own.
fn join(last: &mut ModelEvent, next: &ModelEvent) -> bool {
    match (last, next) {
        (ModelEvent::TextDelta { text }, ModelEvent::TextDelta { text: more })
        | (ModelEvent::ThinkingDelta { thinking: text }, ModelEvent::ThinkingDelta { thinking: more }) => {
            text.push_str(more);
            true
        }
        (
            ModelEvent::ToolCallDelta { index, id, name, arguments },
            ModelEvent::ToolCallDelta { index: same, id: new_id, name: new_name, arguments: more },
        ) if index == same => {
            id.clone_from(new_id);
            name.clone_from(new_name);
            arguments.push_str(more);
            true
        }
        (ModelEvent::Usage { usage }, ModelEvent::Usage { usage: newer }) => {
            *usage = *newer;
            true
        }
        _ => false,
    }
}

/// About how many bytes an event is on the disk.
fn size_of(event: &ModelEvent) -> usize {
    /// JSON around an event.
    const FRAME: usize = 32;
    FRAME
        + match event {
            ModelEvent::TextDelta { text } => text.len(),
            ModelEvent::ThinkingDelta { thinking } => thinking.len(),
            ModelEvent::AudioDelta { data, .. } => data.len(),
            ModelEvent::ToolCallDelta { arguments, .. } => arguments.len(),
            ModelEvent::ToolCall { call, .. } => call.raw_input.as_ref().map_or(0, String::len) * 2,
            ModelEvent::ThinkingOpaque { opaque } => opaque.to_string().len(),
            ModelEvent::ToolResult { output, .. } => match output {
                ToolOutput::Text(text) => text.len(),
                ToolOutput::Nothing(()) => 0,
                blocks @ ToolOutput::Blocks(_) => serde_json::to_vec(blocks).map_or(0, |json| json.len()),
            },
            ModelEvent::Sealed { seal: Seal::Text { thought_signature } } => thought_signature.len(),
            ModelEvent::Sealed { seal: Seal::Thinking { signature, opaque } } => {
                signature.as_ref().map_or(0, String::len) + opaque.as_ref().map_or(0, |opaque| opaque.to_string().len())
            }
            ModelEvent::Started { .. } | ModelEvent::Usage { .. } | ModelEvent::Finished { .. } => 0,
        }
}

#[cfg(test)]
mod tests {
    use parlance_core::{Reply, StopReason, TokenUsage};
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> ModelEvent {
        ModelEvent::TextDelta { text: text.into() }
    }

    #[test]
    fn a_piece_is_due_200_ms_after_its_first_event_or_at_16_kib() {
        let start = Instant::now();
        let mut pending = Pending::default();
        assert_eq!(pending.due(), None);
        pending.push(&text("a"), start);
        pending.push(&text("b"), start + Duration::from_millis(150));
        assert_eq!(pending.due(), Some(start + WRITE_EVERY));
        pending.push(&text(&"x".repeat(WRITE_BYTES)), start + Duration::from_millis(160));
        assert_eq!(pending.due(), Some(start));
        assert_eq!(pending.take().len(), 1);
        assert_eq!((pending.due(), pending.bytes()), (None, 0));
    }

    fn event() -> impl Strategy<Value = ModelEvent> {
        let call = |index, arguments: String| ModelEvent::ToolCallDelta {
            index,
            id: format!("c{index}").into(),
            name: "f".into(),
            arguments,
        };
        prop_oneof![
            "[a-z你好 ]{0,5}".prop_map(|text| ModelEvent::TextDelta { text }),
            "[a-z]{0,5}".prop_map(|thinking| ModelEvent::ThinkingDelta { thinking }),
            (0usize..3, "[{}\":a]{0,4}").prop_map(move |(index, arguments)| call(index, arguments)),
            (0u64..9).prop_map(|output_tokens| ModelEvent::Usage {
                usage: TokenUsage { output_tokens, ..TokenUsage::default() }
            }),
            Just(ModelEvent::AudioDelta { media_type: "audio/wav".into(), data: "AQI=".into() }),
            Just(ModelEvent::ThinkingOpaque { opaque: serde_json::json!({"sealed": true}) }),
            Just(ModelEvent::Sealed { seal: Seal::Thinking { signature: Some("s".into()), opaque: None } }),
            Just(ModelEvent::Sealed { seal: Seal::Text { thought_signature: "t".into() } }),
            Just(ModelEvent::Finished { reason: StopReason::Stop }),
        ]
    }

    fn fold<'a>(events: impl IntoIterator<Item = &'a ModelEvent>) -> Reply {
        let mut reply = Reply::default();
        events.into_iter().for_each(|event| reply.apply(event));
        reply
    }

    proptest! {
        #[test]
        fn pieces_fold_to_the_same_reply_wherever_they_are_cut_and_put_back(
            events in prop::collection::vec((event(), 0u8..4), 0..40)
        ) {
            let now = Instant::now();
            let mut pending = Pending::default();
            let mut written = Vec::new();
            for (event, then) in &events {
                pending.push(event, now);
                match then {
                    0 => written.extend(pending.take()),
                    1 => { let taken = pending.take(); pending.put_back(taken, now); }
                    _ => {}
                }
            }
            written.extend(pending.take());
            let through_json: Vec<ModelEvent> = serde_json::from_slice(&serde_json::to_vec(&written).unwrap()).unwrap();
            prop_assert_eq!(fold(&through_json), fold(events.iter().map(|(event, _)| event)));
        }
    }
}
