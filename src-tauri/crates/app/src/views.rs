//! Rows of the store, made what a host draws.

use std::collections::HashMap;
use std::time::Instant;

use parlance_core::{ContentBlock, Role, Source, ToolOutput};
use parlance_store::{Attachment, Conversation, MessageStatus as Stored, SearchHit as Hit, Store, StoredMessage};
use serde_json::Value;

use crate::api::{
    Author, BlockView, ConversationSummary, ErrorBody, FiguresView, FileView, MessageStatus, MessageView, SearchHit,
    SnippetPiece, SpokenView, ToolEnd, ToolState, VoiceTimeView,
};
use crate::hub::{SeenAnswer, Standing};
use crate::{speaking, tools};

impl From<Conversation> for ConversationSummary {
    fn from(row: Conversation) -> Self {
        Self {
            id: row.id,
            title: row.title,
            updated_ms: row.updated_ms,
            spoken: row.spoken,
            model: row.model.map(Into::into),
        }
    }
}

impl From<parlance_core::ToolEnd> for ToolEnd {
    fn from(end: parlance_core::ToolEnd) -> Self {
        match end {
            parlance_core::ToolEnd::Done => Self::Done,
            parlance_core::ToolEnd::Failed => Self::Failed,
            parlance_core::ToolEnd::Refused => Self::Refused,
            parlance_core::ToolEnd::Stopped => Self::Stopped,
        }
    }
}

impl From<Hit> for SearchHit {
    fn from(hit: Hit) -> Self {
        let snippet = hit.snippet.into_iter().map(|piece| SnippetPiece { text: piece.text, hit: piece.hit }).collect();
        Self {
            conversation_id: hit.conversation_id,
            title: hit.title,
            message_id: hit.message_id,
            snippet,
            created_ms: hit.created_ms,
        }
    }
}

/// A message as drawn. The store is asked for the length of recordings.
pub(crate) async fn message(store: &Store, row: StoredMessage) -> MessageView {
    let blocks = blocks(store, &row.msg.content, &row.timings.thought_ms, &over).await;
    let figures = FiguresView {
        input_tokens: row.usage.map(|usage| usage.input_tokens),
        output_tokens: row.usage.map(|usage| usage.output_tokens),
        first_word_ms: row.timings.first_word_ms,
        left_out: row.timings.left_out,
    };
    MessageView {
        id: row.msg.id,
        conversation_id: row.conversation_id,
        author: match row.msg.role {
            Role::User => Author::You,
            Role::Assistant | Role::System => Author::They,
        },
        name: row.msg.name,
        blocks,
        status: match row.status {
            Stored::Streaming => MessageStatus::Streaming,
            Stored::Complete => MessageStatus::Complete,
            Stored::Stopped => MessageStatus::Stopped,
            Stored::Cut => MessageStatus::Cut,
            Stored::Failed => MessageStatus::Failed,
        },
        // An error of another version of Parlance is no reason not to draw the message.
        error: row.error.and_then(|error| serde_json::from_value::<ErrorBody>(error).ok()),
        created_ms: row.created_ms,
        spoken: row.spoken_ms.map(|ms| SpokenView {
            ms,
            heard_ms: row.heard_ms,
            heard_chars: row.timings.heard_chars,
            first_sound_ms: row.timings.first_sound_ms,
            ours_ms: row.timings.ours_ms,
            network_ms: row.timings.network_ms,
            model_ms: row.timings.model_ms,
        }),
        figures: (figures != FiguresView::default()).then_some(figures),
        files: Vec::new(),
    }
}

/// How long a spoken answer took to come; `None` where it never sounded.
pub(crate) fn voice_time(row: StoredMessage) -> Option<VoiceTimeView> {
    Some(VoiceTimeView {
        message_id: row.msg.id,
        provider: row.provider?,
        model: row.model?,
        created_ms: row.created_ms,
        first_sound_ms: row.timings.first_sound_ms?,
        ours_ms: row.timings.ours_ms,
        network_ms: row.timings.network_ms,
        model_ms: row.timings.model_ms,
    })
}

/// Puts the files of a conversation to the messages they were chosen for.
pub(crate) fn put_files(messages: &mut [MessageView], files: &[Attachment]) {
    for message in messages {
        let own = files.iter().filter(|file| file.message_id == message.id);
        message.files = own.map(|file| self::file(&file.id, &file.name, file.bytes, &file.media_type)).collect();
    }
}

/// A file as drawn.
pub(crate) fn file(id: &str, name: &str, bytes: u64, media_type: &str) -> FileView {
    FileView {
        id: id.to_owned(),
        name: name.to_owned(),
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        kind: tools::kind(media_type),
    }
}

/// Where the calls of a message stand that is not being written.
fn over(_: &str) -> ToolState {
    ToolState::Over
}

/// Where the calls of an answer stand that is being written.
pub(crate) fn standing(answer: &SeenAnswer, now: Instant) -> impl Fn(&str) -> ToolState {
    let results = answer.content.iter().filter_map(|block| match block {
        ContentBlock::ToolResult { id, .. } => Some((id.clone(), ToolState::Over)),
        _ => None,
    });
    let standing = answer.tools.iter().map(|(id, standing)| {
        let state = match standing {
            Standing::Coming => ToolState::Coming,
            Standing::Asking => ToolState::Asking,
            Standing::Running(since) => {
                ToolState::Running { for_ms: speaking::millis(now.saturating_duration_since(*since)) }
            }
        };
        (id.clone(), state)
    });
    let states: HashMap<String, ToolState> = results.chain(standing).collect();
    move |id| states.get(id).copied().unwrap_or(ToolState::Coming)
}

/// Blocks as drawn; `thought` holds how long each thinking block took, `standing` tells where a call stands.
pub(crate) async fn blocks(
    store: &Store,
    content: &[ContentBlock],
    thought: &[u32],
    standing: &(impl Fn(&str) -> ToolState + Sync),
) -> Vec<BlockView> {
    let mut times = thought.iter().copied();
    let mut views = Vec::with_capacity(content.len());
    for block in content {
        views.push(match block {
            ContentBlock::Text { text, .. } => BlockView::Text { text: text.clone() },
            ContentBlock::Thinking { thinking, .. } => BlockView::Thinking { text: thinking.clone(), ms: times.next() },
            ContentBlock::ToolUse(call) => BlockView::ToolCall {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.raw_input.clone().unwrap_or_else(|| Value::Object(call.input.clone()).to_string()),
                state: standing(&call.id),
            },
            ContentBlock::ToolResult { id, name, output, end } => BlockView::ToolResult {
                id: id.clone(),
                name: name.clone(),
                output: output_text(output),
                end: (*end).into(),
            },
            ContentBlock::Audio { source: Source::Url { url } } if url.starts_with(MEDIA) => {
                let media_id = url[MEDIA.len()..].to_owned();
                let ms = store.media_ms(&media_id).await.ok().flatten().unwrap_or(0);
                BlockView::Audio { media_id, ms }
            }
            ContentBlock::Image { .. } => BlockView::Other { kind: "image".into() },
            ContentBlock::Audio { .. } => BlockView::Other { kind: "audio".into() },
            ContentBlock::Video { .. } => BlockView::Other { kind: "video".into() },
        });
    }
    views
}

/// Before the id of sound that the store keeps.
const MEDIA: &str = "media:";

/// What a tool gave, as text.
pub(crate) fn output_text(output: &ToolOutput) -> String {
    match output {
        ToolOutput::Text(text) => text.clone(),
        ToolOutput::Blocks(blocks) => blocks.iter().filter_map(ContentBlock::as_text).collect::<Vec<_>>().join("\n"),
        ToolOutput::Nothing(()) => String::new(),
    }
}
