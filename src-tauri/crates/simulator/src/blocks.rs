//! A script as blocks, for the protocols whose answers consist of them: Anthropic's and Responses.
//!
//! Pieces of one kind that follow each other are one block; the fragments of a call are one block, and blocks of calls
//! stay open while their fragments alternate.

use crate::script::{Call, Piece, Script};

/// One step of a stream of blocks. Numbers count the blocks from 0.
pub(crate) enum Step<'a> {
    /// A block begins.
    Opens(usize, Block),
    /// It goes on.
    Adds(usize, &'a str),
    /// It is whole.
    Closes(usize),
    /// Anything else: a failure, or bytes as they stand.
    Other(&'a Piece),
}

/// A block, empty when it opens and full when it is taken as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Text(String),
    Thinking(String),
    /// Arrives whole.
    Redacted(String),
    Refusal(String),
    Call {
        id: String,
        name: String,
        arguments: String,
    },
}

impl Block {
    /// Appends words or arguments.
    pub(crate) fn push(&mut self, more: &str) {
        match self {
            Self::Text(text) | Self::Thinking(text) | Self::Redacted(text) | Self::Refusal(text) => text.push_str(more),
            Self::Call { arguments, .. } => arguments.push_str(more),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// The steps in which the blocks of a script are streamed.
pub(crate) fn steps(script: &Script) -> Vec<Step<'_>> {
    let calls = script.calls();
    let mut steps = Vec::new();
    let mut walk = Walk::default();
    for (at, piece) in script.pieces.iter().enumerate() {
        match piece {
            Piece::Text(more) => walk.words(&mut steps, Block::Text(String::new()), more),
            Piece::Thinking(more) => walk.words(&mut steps, Block::Thinking(String::new()), more),
            Piece::Refusal(more) => walk.words(&mut steps, Block::Refusal(String::new()), more),
            Piece::Redacted(data) => {
                walk.close_words(&mut steps);
                let number = walk.open(&mut steps, Block::Redacted(data.clone()));
                steps.push(Step::Closes(number));
            }
            Piece::ToolCall { index, id, name, arguments } => {
                walk.close_words(&mut steps);
                let number = walk.call(&mut steps, *index, id, name);
                if !arguments.is_empty() {
                    steps.push(Step::Adds(number, arguments));
                }
                if calls.iter().any(|call: &Call| call.index == *index && call.ends_at == at) {
                    steps.push(Step::Closes(number));
                }
            }
            Piece::Fails(_) => {
                steps.push(Step::Other(piece));
                return steps;
            }
            Piece::Frame(_) => steps.push(Step::Other(piece)),
        }
    }
    walk.close_words(&mut steps);
    steps
}

/// The blocks of a script when all of it has been said.
pub(crate) fn blocks(script: &Script) -> Vec<Block> {
    let mut blocks = Vec::new();
    for step in steps(script) {
        match step {
            Step::Opens(_, block) => blocks.push(block),
            Step::Adds(number, more) => blocks[number].push(more),
            Step::Closes(_) | Step::Other(_) => {}
        }
    }
    blocks
}

/// Which blocks are open.
#[derive(Default)]
struct Walk {
    next: usize,
    words: Option<(usize, Block)>,
    /// The script's number of a call and the number of its block.
    calls: Vec<(u32, usize)>,
}

impl Walk {
    fn open(&mut self, steps: &mut Vec<Step<'_>>, block: Block) -> usize {
        let number = self.next;
        self.next += 1;
        steps.push(Step::Opens(number, block));
        number
    }

    fn words<'a>(&mut self, steps: &mut Vec<Step<'a>>, kind: Block, more: &'a str) {
        if let Some((number, open)) = &self.words
            && open.is_like(&kind)
        {
            steps.push(Step::Adds(*number, more));
            return;
        }
        self.close_words(steps);
        let number = self.open(steps, kind.clone());
        steps.push(Step::Adds(number, more));
        self.words = Some((number, kind));
    }

    fn close_words(&mut self, steps: &mut Vec<Step<'_>>) {
        if let Some((number, _)) = self.words.take() {
            steps.push(Step::Closes(number));
        }
    }

    fn call(&mut self, steps: &mut Vec<Step<'_>>, index: u32, id: &str, name: &str) -> usize {
        if let Some((_, number)) = self.calls.iter().find(|(known, _)| *known == index) {
            return *number;
        }
        let block = Block::Call { id: id.into(), name: name.into(), arguments: String::new() };
        let number = self.open(steps, block);
        self.calls.push((index, number));
        number
    }
}
