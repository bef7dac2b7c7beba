//! What of a conversation may be left out, and in which order.

use std::ops::Range;

use parlance_core::{ContentBlock, Msg, Role, ToolOutput};

/// What a picture, a sound or a film weighs: about as much as the words of a thousand tokens.
const MEDIUM: u64 = 4_000;
/// What frames a message weighs as much as a few words.
const FRAME: u64 = 16;

/// The pieces that may go, in the order in which they go.
pub(super) struct Plan {
    pieces: Vec<Range<usize>>,
    /// What goes with the first so many pieces, in bytes of text; one more than there are pieces.
    weights: Vec<u64>,
    whole_weight: u64,
}

impl Plan {
    pub(super) fn of(messages: &[Msg]) -> Self {
        let pieces = pieces(messages);
        let mut weights = vec![0];
        let mut sum = 0_u64;
        for piece in &pieces {
            sum += messages[piece.clone()].iter().map(weight).sum::<u64>();
            weights.push(sum);
        }
        Self { pieces, weights, whole_weight: messages.iter().map(weight).sum() }
    }

    /// How many steps there are.
    pub(super) fn steps(&self) -> usize {
        self.pieces.len()
    }

    /// What so many steps leave out weighs.
    pub(super) fn weight(&self, steps: usize) -> u64 {
        self.weights[steps]
    }

    /// What all messages weigh.
    pub(super) fn whole_weight(&self) -> u64 {
        self.whole_weight
    }

    /// The fewest steps that leave out at least so much; one more than there are when none do.
    pub(super) fn steps_of_weight(&self, weight: u128) -> usize {
        self.weights.partition_point(|&so_far| u128::from(so_far) < weight)
    }

    /// The messages that stay after so many steps.
    pub(super) fn without(&self, messages: &[Msg], steps: usize) -> Vec<Msg> {
        let mut left = Vec::with_capacity(messages.len());
        let mut from = 0;
        for piece in &self.pieces[..steps] {
            left.extend_from_slice(&messages[from..piece.start]);
            from = piece.end;
        }
        left.extend_from_slice(&messages[from..]);
        left
    }
}

/// Turns before the last thing the person said, then rounds after it, but for the last round.
fn pieces(messages: &[Msg]) -> Vec<Range<usize>> {
    let head = messages.iter().take_while(|msg| is_instruction(msg)).count();
    let bound = bound_to_the_one_before(messages);
    let is_seam = |at: &usize| !bound[*at];
    let last_said = (head..messages.len()).rev().find(|&at| is_said(&messages[at]));

    // The last turn begins where it can be cut off.
    let turn = last_said.and_then(|said| (head..=said).rev().find(is_seam)).unwrap_or(head);
    let turns = (head..turn).filter(|&at| at == head || (is_said(&messages[at]) && !bound[at]));
    let mut pieces = between(turns, turn);

    let begins_round = |at: &usize| messages[*at].role == Role::Assistant && !bound[*at];
    let rounds: Vec<usize> = (last_said.map_or(head, |said| said + 1)..messages.len()).filter(begins_round).collect();
    if let Some((&last, earlier)) = rounds.split_last() {
        pieces.extend(between(earlier.iter().copied(), last));
    }
    pieces
}

/// The pieces that begin at these places, the last of them up to `end`.
fn between(starts: impl Iterator<Item = usize>, end: usize) -> Vec<Range<usize>> {
    let starts: Vec<usize> = starts.collect();
    let ends = starts.iter().skip(1).copied().chain([end]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

fn is_instruction(msg: &Msg) -> bool {
    msg.role == Role::System && !msg.content.iter().any(is_result)
}

/// Whether a person said it: results of tools come in messages of many roles.
fn is_said(msg: &Msg) -> bool {
    msg.role == Role::User && !(msg.content.iter().any(is_result) && msg.content.iter().all(is_result))
}

fn is_result(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::ToolResult { .. })
}

/// For each message whether a call before it waits for a result in it or behind it.
///
/// By order, because some providers give every call the same id or none: a result belongs to a call of the model's last
/// message, to the one with its id if there is one, to the first that waits otherwise. A call without a result binds nothing.
fn bound_to_the_one_before(messages: &[Msg]) -> Vec<bool> {
    let mut bound = vec![false; messages.len() + 1];
    let mut asked_at = 0;
    let mut waiting: Vec<&str> = Vec::new();
    for (at, msg) in messages.iter().enumerate() {
        if msg.role == Role::Assistant {
            (asked_at, waiting) = (at, Vec::new());
        }
        for block in &msg.content {
            match block {
                ContentBlock::ToolUse(call) => waiting.push(&call.id),
                ContentBlock::ToolResult { id, .. } if !waiting.is_empty() => {
                    waiting.remove(waiting.iter().position(|call| call == id).unwrap_or(0));
                    // Everything between is bound already but for what came since the last result.
                    for place in bound[asked_at + 1..=at].iter_mut().rev() {
                        if std::mem::replace(place, true) {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
    }
    bound
}

/// About how much of a prompt a message is, in bytes of text.
fn weight(msg: &Msg) -> u64 {
    FRAME + msg.content.iter().map(block_weight).sum::<u64>()
}

fn block_weight(block: &ContentBlock) -> u64 {
    let length = |text: &str| text.len() as u64;
    match block {
        ContentBlock::Text { text, .. } => length(text),
        // Most providers are not sent it again.
        ContentBlock::Thinking { .. } => 0,
        ContentBlock::ToolUse(call) => {
            let arguments: u64 = call.input.iter().map(|(name, value)| length(name) + length(&value.to_string())).sum();
            FRAME + length(&call.name) + arguments
        }
        ContentBlock::ToolResult { output, .. } => match output {
            ToolOutput::Text(text) => FRAME + length(text),
            ToolOutput::Blocks(blocks) => FRAME + blocks.iter().map(block_weight).sum::<u64>(),
            ToolOutput::Nothing(()) => FRAME,
        },
        ContentBlock::Image { .. } | ContentBlock::Audio { .. } | ContentBlock::Video { .. } => MEDIUM,
    }
}
