//! An answer on its way out, in the form that was asked for.

use parlance_app::models::Outcome;
use parlance_core::structured::Growing;
use parlance_core::{ContentBlock, ModelEvent, Reply, StopReason, ToolEnd};
use serde_json::{Map, Value, json};

use super::args::AskArgs;
use crate::out::{Flow, Out, Reader};
use crate::words::sentences;

/// Shows an answer while it comes and when it is over.
pub(super) struct Show {
    out: Out,
    form: Form,
}

enum Form {
    /// Words as they come.
    Words(Flow),
    /// Nothing until the end.
    AtTheEnd,
    /// Each event.
    Events,
    /// What has come so far, with each event.
    Accumulated(Reply),
    /// The same, and the object in it.
    Growing(Box<(Reply, Growing)>),
    /// The object, at the end.
    Object,
}

impl Show {
    pub(super) fn new(args: &AskArgs, out: Out) -> Self {
        let form = match (args.accumulate, args.events, out.reader(), args.schema.is_some()) {
            (true, _, _, false) => Form::Accumulated(Reply::default()),
            (true, _, _, true) => Form::Growing(Box::default()),
            (false, true, ..) => Form::Events,
            (false, false, Reader::Program, _) => Form::AtTheEnd,
            (false, false, Reader::Person, false) => Form::Words(out.flow()),
            (false, false, Reader::Person, true) => Form::Object,
        };
        Self { out, form }
    }

    pub(super) fn event(&mut self, event: &ModelEvent) {
        match &mut self.form {
            Form::Words(flow) => match event {
                ModelEvent::TextDelta { text } => flow.push(text),
                ModelEvent::ToolResult { name, end, .. } => self.out.note(&format!("{name}: {}", end_word(*end))),
                _ => {}
            },
            Form::AtTheEnd | Form::Object => {}
            Form::Events => self.out.event(&json!(event)),
            Form::Accumulated(reply) => {
                reply.apply(event);
                self.out.event(&json!({"content": reply.content, "finish_reason": reply.finish_reason}));
            }
            Form::Growing(both) => {
                let (reply, growing) = &mut **both;
                reply.apply(event);
                growing.apply(event);
                let Reply { content, finish_reason, .. } = reply;
                let structured = growing.object();
                self.out.event(&json!({"content": content, "structured": structured, "finish_reason": finish_reason}));
            }
        }
    }

    /// The answer is over, however it ended.
    pub(super) fn end(&mut self, outcome: &Outcome) {
        if let Form::Words(flow) = &mut self.form {
            flow.end();
            if let Some(without) = &outcome.without_tools {
                self.out.note(&sentences(without).message);
            }
            for block in &outcome.reply.content {
                if let ContentBlock::ToolUse(call) = block
                    && !is_answered(&outcome.reply, &call.id)
                {
                    let arguments =
                        call.raw_input.clone().unwrap_or_else(|| Value::Object(call.input.clone()).to_string());
                    self.out.text(&format!("→ {}({arguments})", call.name));
                }
            }
            match &outcome.reply.finish_reason {
                Some(StopReason::Stop | StopReason::ToolCalls) | None => {}
                Some(reason) => {
                    self.out.note(&format!("The answer ended early: {}.", reason_word(reason)));
                }
            }
        }
        if matches!(self.form, Form::Object) {
            match &outcome.structured {
                Some(object) => self.out.text(&format!("{:#}", Value::Object(object.clone()))),
                None => self.out.note(&what_came(&outcome.reply)),
            }
        }
        if outcome.error.is_none() && self.out.reader() == Reader::Program {
            self.out.object(&Value::Object(fields(outcome)));
        }
    }
}

/// The answer as an object. What the provider did not say is `null`.
pub(super) fn fields(outcome: &Outcome) -> Map<String, Value> {
    let reply = &outcome.reply;
    let mut usage =
        Map::from_iter([("input_tokens".to_owned(), Value::Null), ("output_tokens".to_owned(), Value::Null)]);
    if let Value::Object(counted) = json!(reply.usage) {
        usage.extend(counted);
    }
    usage.insert("time".to_owned(), json!(outcome.took.as_secs_f64()));
    let fields = json!({
        "content": reply.content,
        "structured": outcome.structured,
        "finish_reason": reply.finish_reason,
        "usage": usage,
        "id": reply.id,
        "model": reply.model,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => unreachable!("BUG: an object is an object"),
    }
}

/// Whether a call was carried out here.
fn is_answered(reply: &Reply, call: &str) -> bool {
    reply.content.iter().any(|block| matches!(block, ContentBlock::ToolResult { id, .. } if id == call))
}

fn end_word(end: ToolEnd) -> &'static str {
    match end {
        ToolEnd::Done => "done",
        ToolEnd::Failed => "failed",
        ToolEnd::Refused => "not allowed",
        ToolEnd::Stopped => "stopped",
    }
}

/// An answer without its object, as it came.
fn what_came(reply: &Reply) -> String {
    let pieces = reply.content.iter().filter_map(|block| match block {
        ContentBlock::Text { text, .. } => Some(text.clone()),
        ContentBlock::ToolUse(call) => call.raw_input.clone(),
        _ => None,
    });
    pieces.collect::<Vec<_>>().join("\n")
}

fn reason_word(reason: &StopReason) -> String {
    match json!(reason) {
        Value::String(word) => word,
        _ => unreachable!("BUG: a reason is a word"),
    }
}
