//! A conversation to read.

use std::fmt::Write as _;

use parlance_app::api::{Author, BlockView, MessageStatus, MessageView};
use parlance_app::archive::{Archived, ArchivedFile};
use time::OffsetDateTime;
use time::macros::format_description;

use super::title;
use crate::out::clean::name;

/// The whole conversation as Markdown.
pub(super) fn conversation(conversation: &Archived) -> String {
    let mut text = format!("# {}\n", title(&conversation.summary));
    for message in &conversation.messages {
        text.push_str(&one(&message.view, &message.files));
    }
    text
}

fn one(message: &MessageView, files: &[ArchivedFile]) -> String {
    let who = match message.author {
        Author::You => "You".to_owned(),
        Author::They => name(&message.name),
    };
    let mut text = format!("\n## {who}, {}\n", date(message.created_ms));
    for block in &message.blocks {
        text.push('\n');
        text.push_str(self::block(block).trim_end());
        text.push('\n');
    }
    for file in files {
        let _ = write!(text, "\n*(file: {}, {})*\n", name(&file.name), size(file.bytes));
    }
    match message.status {
        MessageStatus::Complete => {}
        MessageStatus::Streaming => text.push_str("\n*(being written)*\n"),
        MessageStatus::Stopped => text.push_str("\n*(stopped)*\n"),
        MessageStatus::Cut => text.push_str("\n*(broke off)*\n"),
        MessageStatus::Failed => text.push_str("\n*(failed)*\n"),
    }
    text
}

fn block(block: &BlockView) -> String {
    match block {
        BlockView::Text { text } => text.clone(),
        BlockView::Thinking { text, .. } => text.lines().map(|line| format!("> {line}\n")).collect(),
        BlockView::ToolCall { name: tool, arguments, .. } => format!("→ {}({arguments})", name(tool)),
        BlockView::ToolResult { name: tool, output, .. } => format!("← {}: {output}", name(tool)),
        BlockView::Audio { ms, .. } => format!("*(spoken, {}.{} s)*", ms / 1_000, ms % 1_000 / 100),
        BlockView::Other { kind } => format!("*({kind})*"),
    }
}

/// A length for people, in thousands as file managers count.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// A moment, to the minute, in UTC.
pub(super) fn date(ms: u64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    i64::try_from(ms / 1_000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| "some time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_utc_and_impossible_ones_do_not_matter() {
        assert_eq!(date(1_700_000_000_123), "2023-11-14 22:13 UTC");
        assert_eq!(date(u64::MAX), "some time");
    }

    #[test]
    fn lengths_are_told_to_three_figures_or_so() {
        for (bytes, told) in [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (12_345, "12 kB"), (10_250_000, "10.2 MB")] {
            assert_eq!(size(bytes), told);
        }
    }
}
