//! One call, from its arguments to its result.

use std::sync::Arc;

use parlance_core::{Consent, ContentBlock, ModelEvent, ToolEnd, ToolFailure, ToolOutput, ToolUse};
use tokio::sync::Mutex;

use super::limits::Limits;
use super::overseer::{Overseer, Permission};
use super::toolbox::Toolbox;

/// What all calls of an answer share.
pub(super) struct Bench {
    pub(super) tools: Toolbox,
    pub(super) overseer: Arc<dyn Overseer>,
    pub(super) limits: Limits,
    /// Calls that needed consent run one after another: the person said yes to each knowing how things stood.
    pub(super) one_by_one: Mutex<()>,
}

/// A call's result.
pub(super) struct Given {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) output: ToolOutput,
    pub(super) end: ToolEnd,
}

impl Given {
    pub(super) fn event(&self) -> ModelEvent {
        let Self { id, name, output, end } = self;
        ModelEvent::ToolResult { id: id.clone(), name: name.clone(), output: output.clone(), end: *end }
    }

    pub(super) fn into_block(self) -> ContentBlock {
        let Self { id, name, output, end } = self;
        ContentBlock::ToolResult { id, name, output, end }
    }
}

/// Why a call is not carried out though nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surplus {
    /// More calls at once than are carried out.
    Calls,
    /// The last round is over.
    Rounds,
}

/// A call that is not carried out.
pub(super) fn leave(call: ToolUse, why: Surplus, limits: &Limits) -> Given {
    let words = match why {
        Surplus::Calls => format!(
            "Not carried out: at most {} calls are carried out at once. Make this one again if it is still needed.",
            limits.calls
        ),
        Surplus::Rounds => {
            format!("Not carried out: tools were used {} times for this answer, which is the limit.", limits.rounds)
        }
    };
    Given { id: call.id, name: call.name, output: ToolOutput::Text(words), end: ToolEnd::Failed }
}

/// Carries a call out. Dropping the future stops it.
pub(super) async fn run(bench: Arc<Bench>, call: ToolUse) -> Given {
    let (output, end) = match attempt(&bench, &call).await {
        Ok(output) => (cut(output, bench.limits.result_bytes), ToolEnd::Done),
        Err((words, end)) => (cut(ToolOutput::Text(words), bench.limits.result_bytes), end),
    };
    Given { id: call.id, name: call.name, output, end }
}

async fn attempt(bench: &Bench, call: &ToolUse) -> Result<ToolOutput, (String, ToolEnd)> {
    let failed = |words: String| (words, ToolEnd::Failed);
    let entry = bench
        .tools
        .find(&call.name)
        .ok_or_else(|| failed(format!("There is no tool called {:?}. Tools: {}.", call.name, bench.tools.names())))?;
    if let Some(fault) = entry.fault(call) {
        return Err(failed(fault));
    }
    let _turn = match entry.tool.consent(&call.input) {
        Consent::NotNeeded => None,
        Consent::Asked => match bench.overseer.ask(call).await {
            Permission::Given => Some(bench.one_by_one.lock().await),
            Permission::Refused => {
                let words = "The person did not allow this. Go on without it; do not ask for the same again.";
                return Err((words.to_owned(), ToolEnd::Refused));
            }
        },
    };
    let stop = bench.overseer.begins(call);
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(("The person stopped this before it was done.".to_owned(), ToolEnd::Stopped)),
        run = tokio::time::timeout(bench.limits.time, entry.tool.run(&call.input)) => match run {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(ToolFailure(why))) => Err(failed(why)),
            Err(_) => Err(failed(format!(
                "It took longer than {} s and was stopped. Ask for less at a time, or go on without it.",
                bench.limits.time.as_secs()
            ))),
        },
    }
}

/// The output with at most so many bytes of text, and a word about what is gone.
fn cut(output: ToolOutput, most: usize) -> ToolOutput {
    match output {
        ToolOutput::Text(text) if text.len() > most => {
            let note = note(most, text.len());
            ToolOutput::Text(format!("{}{note}", head(&text, most)))
        }
        ToolOutput::Blocks(blocks) => cut_blocks(blocks, most),
        short => short,
    }
}

fn cut_blocks(blocks: Vec<ContentBlock>, most: usize) -> ToolOutput {
    let whole: usize = blocks.iter().filter_map(ContentBlock::as_text).map(str::len).sum();
    if whole <= most {
        return ToolOutput::Blocks(blocks);
    }
    let mut left = most;
    let mut kept = Vec::with_capacity(blocks.len() + 1);
    for block in blocks {
        match block.as_text() {
            Some(text) => {
                let text = head(text, left);
                left -= text.len();
                if !text.is_empty() {
                    kept.push(ContentBlock::text(text));
                }
            }
            None => kept.push(block),
        }
    }
    kept.push(ContentBlock::text(note(most, whole).trim_start()));
    ToolOutput::Blocks(kept)
}

fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn note(most: usize, whole: usize) -> String {
    format!("\n[Cut off here: these are the first {most} of {whole} bytes. Ask for less at a time.]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_results_are_cut_between_characters_and_say_so() {
        let text = |text: &str| ToolOutput::Text(text.into());
        assert_eq!(cut(text("short"), 5), text("short"));
        let note = "[Cut off here: these are the first 4 of 6 bytes. Ask for less at a time.]";
        assert_eq!(cut(text("你好"), 4), text(&format!("你\n{note}")));
        let image = ContentBlock::Image {
            source: parlance_core::Source::Base64 { media_type: "image/png".into(), data: "QQ==".into() },
        };
        let blocks = vec![ContentBlock::text("abc"), image.clone(), ContentBlock::text("def")];
        assert_eq!(
            cut(ToolOutput::Blocks(blocks), 4),
            ToolOutput::Blocks(vec![
                ContentBlock::text("abc"),
                image,
                ContentBlock::text("d"),
                ContentBlock::text(note)
            ])
        );
    }
}
