//! What happened, in order, for every window: numbers events, gathers those of one moment, and knows the answers that
//! are being written, so that a window that opens a conversation in mid-answer neither misses nor doubles a word.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use parlance_core::{ContentBlock, ModelEvent, Reply};
use tokio::sync::{Notify, mpsc};

use crate::api::{AppEvent, Delta, EventBatch, ToolState};
use crate::views;

/// One frame of a 60 Hz screen: what happens within it travels together.
const MOMENT: Duration = Duration::from_millis(16);
/// Batches that wait for one window. Over it the window loses batches, sees the gap, and asks for a new snapshot.
const WAITING_BATCHES: usize = 1_024;

/// Numbers, gathers and hands out events. Cloning gives another handle.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    something_happened: Notify,
}

#[derive(Default)]
struct State {
    /// Sequence number of the first pending event.
    first_pending: u64,
    pending: Vec<AppEvent>,
    /// Pending events before this index are in somebody's snapshot: nothing may be merged into them.
    sealed: usize,
    /// Grows with every event that is not a delta or a level.
    version: u64,
    /// Answers that are being written, by message id.
    live: HashMap<String, Live>,
    windows: Vec<mpsc::Sender<EventBatch>>,
}

struct Live {
    conversation_id: String,
    reply: Reply,
    /// Calls that wait or run, by id.
    tools: HashMap<String, Standing>,
}

/// Where a tool call of a running answer stands. Without a word it is still being written, or has its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits its turn.
    Coming,
    /// It waits for the person.
    Asking,
    /// It runs since then.
    Running(Instant),
}

/// A running answer, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenAnswer {
    /// Its blocks so far.
    pub content: Vec<ContentBlock>,
    /// Its calls that wait or run, by id.
    pub tools: HashMap<String, Standing>,
}

/// The answers that are being written, at one moment.
pub struct Seen {
    /// Sequence number of the first event that is not in it.
    pub next_event: u64,
    /// See [`Hub::version`].
    pub version: u64,
    /// By message id.
    pub live: HashMap<String, SeenAnswer>,
}

impl Hub {
    /// Starts handing out on the current runtime; ends with the last handle.
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), something_happened: Notify::new() });
        tokio::spawn(hand_out(Arc::downgrade(&shared)));
        Self { shared }
    }

    /// A window's own line.
    #[must_use]
    pub fn subscribe(&self) -> mpsc::Receiver<EventBatch> {
        let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
        self.state().windows.push(sender);
        receiver
    }

    /// Tells all windows.
    pub fn tell(&self, event: AppEvent) {
        let mut state = self.state();
        if !matches!(event, AppEvent::Delta { .. } | AppEvent::Level { .. }) {
            state.version += 1;
        }
        state.push(event);
        drop(state);
        self.shared.something_happened.notify_one();
    }

    /// An answer begins to be written.
    pub fn begin_answer(&self, conversation_id: &str, message_id: &str) {
        let live = Live { conversation_id: conversation_id.to_owned(), reply: Reply::default(), tools: HashMap::new() };
        self.state().live.insert(message_id.to_owned(), live);
    }

    /// More of an answer.
    pub fn answer_grows(&self, message_id: &str, event: &ModelEvent) {
        let mut state = self.state();
        let Some(live) = state.live.get_mut(message_id) else { return };
        live.reply.apply(event);
        if let ModelEvent::ToolResult { id, .. } = event {
            live.tools.remove(id);
        }
        let Some(delta) = delta_of(event) else { return };
        let block = block_of(event, &live.reply);
        let conversation_id = live.conversation_id.clone();
        state.push(AppEvent::Delta { conversation_id, message_id: message_id.to_owned(), block, delta });
        drop(state);
        self.shared.something_happened.notify_one();
    }

    /// A tool call of a running answer stands differently now.
    pub fn tool_stands(&self, message_id: &str, call_id: &str, standing: Standing) {
        let mut state = self.state();
        let Some(live) = state.live.get_mut(message_id) else { return };
        let Some(block) = block_of_call(call_id, &live.reply) else { return };
        live.tools.insert(call_id.to_owned(), standing);
        let conversation_id = live.conversation_id.clone();
        let delta = Delta::ToolState {
            state: match standing {
                Standing::Coming => ToolState::Coming,
                Standing::Asking => ToolState::Asking,
                Standing::Running(_) => ToolState::Running { for_ms: 0 },
            },
        };
        state.push(AppEvent::Delta { conversation_id, message_id: message_id.to_owned(), block: number(block), delta });
        drop(state);
        self.shared.something_happened.notify_one();
    }

    /// An answer is written; its final form follows as [`AppEvent::Message`].
    pub fn end_answer(&self, message_id: &str) {
        self.state().live.remove(message_id);
    }

    /// Grows with every event that is not a delta or a level: what was read from the store at an older version may lack
    /// something.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.state().version
    }

    /// The running answers and the number of the next event, at one moment.
    #[must_use]
    pub fn look(&self) -> Seen {
        let mut state = self.state();
        state.sealed = state.pending.len();
        Seen {
            next_event: state.first_pending + state.pending.len() as u64,
            version: state.version,
            live: state.live.iter().map(|(id, live)| (id.clone(), live.seen())).collect(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn seen(&self) -> SeenAnswer {
        SeenAnswer { content: self.reply.content.clone(), tools: self.tools.clone() }
    }
}

impl State {
    /// Appends an event, or grows the last one by it.
    fn push(&mut self, event: AppEvent) {
        if self.pending.len() > self.sealed
            && let Some(last) = self.pending.last_mut()
            && merge(last, &event)
        {
            return;
        }
        self.pending.push(event);
    }

    fn take(&mut self) -> Option<EventBatch> {
        if self.pending.is_empty() {
            return None;
        }
        let batch = EventBatch { first: self.first_pending, events: std::mem::take(&mut self.pending) };
        self.first_pending += batch.events.len() as u64;
        self.sealed = 0;
        Some(batch)
    }
}

/// Whether `last` could take `event` in.
fn merge(last: &mut AppEvent, event: &AppEvent) -> bool {
    match (last, event) {
        (
            AppEvent::Delta { message_id, block, delta, .. },
            AppEvent::Delta { message_id: next_message, block: next_block, delta: next, .. },
        ) if message_id == next_message && block == next_block => match (delta, next) {
            (Delta::Text { text }, Delta::Text { text: more })
            | (Delta::Thinking { text }, Delta::Thinking { text: more }) => {
                text.push_str(more);
                true
            }
            (Delta::ToolCall { arguments, .. }, Delta::ToolCall { arguments: more, .. }) => {
                arguments.push_str(more);
                true
            }
            _ => false,
        },
        (last @ AppEvent::Level { .. }, AppEvent::Level { .. }) => {
            *last = event.clone();
            true
        }
        _ => false,
    }
}

/// What a window appends for an event, `None` if it sees nothing of it before the final message.
fn delta_of(event: &ModelEvent) -> Option<Delta> {
    match event {
        ModelEvent::TextDelta { text } => Some(Delta::Text { text: text.clone() }),
        ModelEvent::ThinkingDelta { thinking } => Some(Delta::Thinking { text: thinking.clone() }),
        ModelEvent::ToolCallDelta { id, name, arguments, .. } => {
            Some(Delta::ToolCall { id: id.as_ref().into(), name: name.as_ref().into(), arguments: arguments.clone() })
        }
        ModelEvent::ToolResult { id, name, output, end } => Some(Delta::ToolResult {
            id: id.clone(),
            name: name.clone(),
            output: views::output_text(output),
            end: (*end).into(),
        }),
        ModelEvent::Started { .. }
        | ModelEvent::ThinkingOpaque { .. }
        | ModelEvent::Sealed { .. }
        | ModelEvent::AudioDelta { .. }
        | ModelEvent::ToolCall { .. }
        | ModelEvent::Usage { .. }
        | ModelEvent::Finished { .. } => None,
    }
}

/// The block an event went to.
fn block_of(event: &ModelEvent, reply: &Reply) -> u32 {
    let last = reply.content.len().saturating_sub(1);
    number(match event {
        ModelEvent::ToolCallDelta { id, .. } => block_of_call(id, reply).unwrap_or(last),
        _ => last,
    })
}

fn block_of_call(id: &str, reply: &Reply) -> Option<usize> {
    reply.content.iter().rposition(|block| matches!(block, ContentBlock::ToolUse(call) if call.id == id))
}

fn number(block: usize) -> u32 {
    u32::try_from(block).unwrap_or(u32::MAX)
}

async fn hand_out(shared: std::sync::Weak<Shared>) {
    loop {
        let Some(strong) = shared.upgrade() else { return };
        // A hub nobody holds any more is looked for once a second.
        let woken = tokio::time::timeout(Duration::from_secs(1), strong.something_happened.notified()).await;
        drop(strong);
        if woken.is_err() {
            continue;
        }
        tokio::time::sleep(MOMENT).await;
        let Some(strong) = shared.upgrade() else { return };
        let mut state = strong.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(batch) = state.take() {
            state.windows.retain(|window| match window.try_send(batch.clone()) {
                Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ModelEvent {
        ModelEvent::TextDelta { text: text.into() }
    }

    fn deltas(batch: &EventBatch) -> Vec<&str> {
        batch
            .events
            .iter()
            .map(|event| match event {
                AppEvent::Delta { delta: Delta::Text { text }, .. } => text.as_str(),
                other => panic!("only text: {other:?}"),
            })
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn deltas_of_one_moment_travel_as_one() {
        let hub = Hub::start();
        let mut window = hub.subscribe();
        hub.begin_answer("c", "m");
        hub.answer_grows("m", &text("a"));
        hub.answer_grows("m", &text("b"));
        let batch = window.recv().await.unwrap();
        assert_eq!((batch.first, deltas(&batch)), (0, vec!["ab"]));
        hub.answer_grows("m", &text("c"));
        let batch = window.recv().await.unwrap();
        assert_eq!((batch.first, deltas(&batch)), (1, vec!["c"]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_looks_in_mid_answer_gets_every_word_once() {
        let hub = Hub::start();
        let mut window = hub.subscribe();
        hub.begin_answer("c", "m");
        hub.answer_grows("m", &text("a"));
        let seen = hub.look();
        hub.answer_grows("m", &text("b"));
        assert_eq!(seen.live["m"].content, [ContentBlock::text("a")]);
        let batch = window.recv().await.unwrap();
        let skipped = usize::try_from(seen.next_event - batch.first).unwrap();
        assert_eq!(&deltas(&batch)[skipped..], ["b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_reads_nothing_loses_batches_and_can_tell() {
        let hub = Hub::start();
        let mut window = hub.subscribe();
        for _ in 0..WAITING_BATCHES + 10 {
            hub.tell(AppEvent::DevicesChanged);
            tokio::time::sleep(MOMENT * 2).await;
        }
        let mut last = None;
        while let Ok(batch) = window.try_recv() {
            last = Some(batch.first);
        }
        hub.tell(AppEvent::DevicesChanged);
        let next = window.recv().await.unwrap();
        assert!(next.first > last.unwrap() + 1, "a gap shows");
    }

    #[tokio::test(start_paused = true)]
    async fn parallel_tool_calls_grow_in_their_own_blocks() {
        let hub = Hub::start();
        let mut window = hub.subscribe();
        hub.begin_answer("c", "m");
        for (index, id) in [(0, "x"), (1, "y"), (0, "x")] {
            let event = ModelEvent::ToolCallDelta { index, id: id.into(), name: "f".into(), arguments: "1".into() };
            hub.answer_grows("m", &event);
        }
        let batch = window.recv().await.unwrap();
        let blocks: Vec<u32> = batch
            .events
            .iter()
            .map(|event| match event {
                AppEvent::Delta { block, .. } => *block,
                other => panic!("only deltas: {other:?}"),
            })
            .collect();
        assert_eq!(blocks, [0, 1, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_sees_where_a_tool_stands_whenever_it_looks() {
        let hub = Hub::start();
        let mut window = hub.subscribe();
        hub.begin_answer("c", "m");
        let call = ModelEvent::ToolCallDelta { index: 0, id: "x".into(), name: "f".into(), arguments: "{}".into() };
        hub.answer_grows("m", &call);
        hub.tool_stands("m", "x", Standing::Asking);
        assert_eq!(hub.look().live["m"].tools["x"], Standing::Asking);
        let since = Instant::now();
        hub.tool_stands("m", "x", Standing::Running(since));
        assert_eq!(hub.look().live["m"].tools["x"], Standing::Running(since));
        let output = parlance_core::ToolOutput::Text("out".into());
        let end = parlance_core::ToolEnd::Done;
        hub.answer_grows("m", &ModelEvent::ToolResult { id: "x".into(), name: "f".into(), output, end });
        assert!(hub.look().live["m"].tools.is_empty());
        let told: Vec<(u32, Delta)> = window
            .recv()
            .await
            .unwrap()
            .events
            .into_iter()
            .map(|event| match event {
                AppEvent::Delta { block, delta, .. } => (block, delta),
                other => panic!("only deltas: {other:?}"),
            })
            .collect();
        let result = Delta::ToolResult {
            id: "x".into(),
            name: "f".into(),
            output: "out".into(),
            end: crate::api::ToolEnd::Done,
        };
        let state = |state| Delta::ToolState { state };
        let written = Delta::ToolCall { id: "x".into(), name: "f".into(), arguments: "{}".into() };
        assert_eq!(
            told,
            [(0, written), (0, state(ToolState::Asking)), (0, state(ToolState::Running { for_ms: 0 })), (1, result),]
        );
    }
}
