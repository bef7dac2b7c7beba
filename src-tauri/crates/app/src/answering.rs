//! Typed messages and their answers: stored before they are asked, written while they come, told as they grow.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parlance_assistant::answer::{Answered, Ending as End, answer};
use parlance_assistant::tools::{Limits, ToolLoop, Toolbox};
use parlance_core::{
    ChatRequest, Consent, ContentBlock, Mark, Msg, ProviderError, Role, StopReason, Tool, ToolFailure,
};
use parlance_store::{
    AnswerWriter, Attachment, Ending, MessageStatus, NewAttachment, NewMessage, Place, Saved, Store, StoredMessage,
    Timings, Turn,
};
use tokio_util::sync::CancellationToken;

use crate::api::{AppEvent, ErrorBody, ErrorCode, MessageSent, ModelChoice, Notice};
use crate::app::App;
use crate::providers::Chosen;
use crate::shortening::Shortened;
use crate::speakers;
use crate::speaking::{PERSON, millis};
use crate::tools::{AddNote, Choice, CurrentTime, Files, FindInNotes, Person, ReadFile};
use crate::views;

impl App {
    /// Keeps the person's words and starts the answer: of each of `to` in turn, or of the conversation's model.
    pub(crate) async fn ask(
        &self,
        place: Place,
        text: Option<String>,
        to: &[ModelChoice],
        files: &[String],
    ) -> Result<MessageSent, ErrorBody> {
        let store = self.store()?;
        let remembered = match &place {
            Place::NewConversation => None,
            Place::EndOf { conversation_id } | Place::After { conversation_id, .. } => {
                if self.running().contains_key(conversation_id) {
                    let busy = "an answer is being written; stop it first";
                    return Err(ErrorBody::new(ErrorCode::BadCall).with_details(busy));
                }
                store.conversation(conversation_id).await?.and_then(|row| row.model)
            }
        };
        let own = self.model_of(remembered.clone().map(Into::into));
        let to = if to.is_empty() { std::slice::from_ref(&own) } else { to };
        let mut askeds = to.iter().map(|choice| self.answerer(choice)).collect::<Result<VecDeque<_>, _>>()?;
        let first = askeds.pop_front().ok_or_else(|| ErrorBody::new(ErrorCode::NoModel))?;

        let files_chosen = self.inner.desk.staged(files).ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        let files_chosen = files_chosen.into_iter().map(|file| NewAttachment { origin: first.origin.clone(), ..file });
        let question = text.map(|text| {
            let content = if text.trim().is_empty() { Vec::new() } else { vec![ContentBlock::text(text)] };
            let files = files_chosen.collect();
            NewMessage { files, ..NewMessage::complete(Msg::new(Role::User, PERSON, content)) }
        });
        let mut turn = store.begin_turn(place, question, first.row()).await?;
        self.inner.desk.unstage(files);
        if remembered.is_none() && !own.model.is_empty() {
            turn.conversation = store.choose_model(&turn.conversation.id, &own.into()).await?;
        }
        let sent = MessageSent { conversation_id: turn.conversation.id.clone(), answer_id: turn.answer_id.clone() };

        let cancel = CancellationToken::new();
        self.running().insert(sent.conversation_id.clone(), cancel.clone());
        self.tell_turn(&turn).await;

        let app = self.clone();
        let store = store.clone();
        // Not `spawn`: at the end of the program an answer is stopped and stored, not dropped.
        self.inner.tasks.spawn(async move {
            let conversation_id = turn.conversation.id.clone();
            let mut next = Some((first, turn));
            while let Some((chosen, turn)) = next.take() {
                let answer_id = turn.answer_id.clone();
                app.write_answer(&store, chosen, turn, &cancel).await;
                if let Some(chosen) = askeds.pop_front().filter(|_| !cancel.is_cancelled()) {
                    let place = Place::EndOf { conversation_id: conversation_id.clone() };
                    match store.begin_turn(place, None, chosen.row()).await {
                        Ok(turn) => next = Some((chosen, turn)),
                        Err(error) => tracing::warn!(%error, "the next model was not asked"),
                    }
                }
                // Whoever hears of the last answer's end may ask anew at once.
                if next.is_none() {
                    app.running().remove(&conversation_id);
                }
                app.hub().end_answer(&answer_id);
                app.tell_message(&answer_id).await;
                if let Some((_, turn)) = &next {
                    app.tell_turn(turn).await;
                }
            }
            app.hub().tell(AppEvent::AnswersEnded { conversation_id });
        });
        Ok(sent)
    }

    /// Tells what a turn that has begun put into the thread.
    pub(crate) async fn tell_turn(&self, turn: &Turn) {
        self.hub().begin_answer(&turn.conversation.id, &turn.answer_id);
        self.hub().tell(AppEvent::Conversation { summary: turn.conversation.clone().into() });
        if let Some(question) = &turn.question_id {
            self.tell_message(question).await;
        }
        self.tell_message(&turn.answer_id).await;
    }

    async fn write_answer(&self, store: &Store, mut chosen: Chosen, turn: Turn, cancel: &CancellationToken) {
        let Turn { conversation, answer_id, .. } = turn;
        let writer = AnswerWriter::start(store.clone(), &answer_id);
        let past = past(store, &conversation.id, Some(&answer_id)).await;
        let files = files_of(store, &conversation.id, &past).await;
        let (formatter, messages) = speakers::put(&chosen.model, past);
        let request = ChatRequest { model: chosen.model.clone(), messages, formatter, ..ChatRequest::default() };
        let person = Arc::new(Person::new(self.clone(), &conversation.id, &answer_id));
        let (toolbox, lack) = self.toolbox(store, &chosen, &files);
        let model = ToolLoop::new(chosen.chat.clone(), toolbox, person.clone(), Limits::default());
        let Shortened { request, left_out } = self.shortened(&chosen, request, cancel).await;
        let asked = self.inner.clock.now();
        let answered = {
            let answering = answer(&model, &request, self.inner.clock.as_ref(), cancel, |event| {
                self.hub().answer_grows(&answer_id, event);
                writer.push(event);
            });
            tokio::pin!(answering);
            loop {
                tokio::select! {
                    biased;
                    answered = &mut answering => break answered,
                    Some((error, wait)) = chosen.waits.recv() => {
                        self.tell_wait(&conversation.id, &answer_id, &chosen, ProviderError { retry_after: Some(wait), ..error });
                    }
                }
            }
        };
        let total = self.inner.clock.now().saturating_duration_since(asked);
        let mut ending = ending(answered, &chosen, millis(total), self.inner.clock.wall());
        let refusal = person.refusal().map(|refusal| {
            self.inner.desk.note_without(&chosen.provider.id, &chosen.model);
            ErrorBody { code: ErrorCode::NoTools, ..chosen.explain(&refusal) }
        });
        if let Some(without) = refusal.or(lack).filter(|_| ending.error.is_none()) {
            ending.error = serde_json::to_value(without).ok();
        }
        ending.timings.left_out = left_out;
        match writer.finish(store, ending).await {
            Ok(Saved::Now) => {}
            Ok(Saved::Later) => self.inner.notices.raise(Notice::DiskFull),
            Err(error) => tracing::error!(%error, "an answer is not in the history"),
        }
    }

    /// Tells that a provider is asked again, and when.
    fn tell_wait(&self, conversation_id: &str, answer_id: &str, chosen: &Chosen, error: ProviderError) {
        let (conversation_id, message_id) = (conversation_id.to_owned(), answer_id.to_owned());
        let error = chosen.explain_at(&error, self.inner.clock.wall());
        self.hub().tell(AppEvent::Waiting { conversation_id, message_id, error });
    }

    /// The tools for one answer, and what is to be said where the model can use none.
    fn toolbox(&self, store: &Store, chosen: &Chosen, files: &[Attachment]) -> (Toolbox, Option<ErrorBody>) {
        let (provider, model) = (&chosen.provider, &chosen.model);
        if !self.config().settings.tools {
            return (Toolbox::default(), None);
        }
        let is_known = self.inner.desk.is_without(&provider.id, model);
        if is_known || self.model_info(provider, model).capabilities.said(Mark::Tools) == Some(false) {
            self.inner.desk.note_without(&provider.id, model);
            // Said once; but whoever chose files expects them to be read, each time.
            let is_news = !is_known || !files.is_empty();
            return (Toolbox::default(), is_news.then(|| chosen.about(ErrorCode::NoTools)));
        }
        let mut tools: Vec<Arc<dyn Tool>> = vec![
            Arc::new(CurrentTime::new(self.inner.clock.clone())),
            Arc::new(FindInNotes(self.clone())),
            Arc::new(AddNote(self.clone())),
        ];
        if !files.is_empty() {
            let choices = files.iter().map(|file| Choice {
                id: file.id.clone(),
                name: file.name.clone(),
                bytes: file.bytes,
                consent: if file.origin == chosen.origin { Consent::NotNeeded } else { Consent::Asked },
            });
            tools.push(Arc::new(ReadFile::new(Kept(store.clone()), choices)));
        }
        (Toolbox::new(tools), None)
    }

    /// Tells a message as it stands in the store.
    pub(crate) async fn tell_message(&self, id: &str) {
        let Ok(store) = self.store() else { return };
        match store.message(id).await {
            Ok(Some(row)) => {
                let mut message = views::message(store, row).await;
                match store.attachments(&message.conversation_id).await {
                    Ok(files) => views::put_files(std::slice::from_mut(&mut message), &files),
                    Err(error) => tracing::warn!(%error, "the files of a message could not be read"),
                }
                self.hub().tell(AppEvent::Message { message });
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a message could not be read back"),
        }
    }
}

/// Files of the conversation, in the store.
struct Kept(Store);

#[async_trait]
impl Files for Kept {
    async fn read(&self, id: &str) -> Result<Option<Vec<u8>>, ToolFailure> {
        self.0.attachment_bytes(id).await.map_err(|error| ToolFailure(format!("The file cannot be read: {error}.")))
    }
}

/// The files that were chosen for these messages.
async fn files_of(store: &Store, conversation_id: &str, past: &[Msg]) -> Vec<Attachment> {
    let mut files = store.attachments(conversation_id).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the files of a conversation could not be read");
        Vec::new()
    });
    files.retain(|file| past.iter().any(|msg| msg.id == file.message_id));
    files
}

/// What the model is told: everything that says something, up to the answer that is to be written.
pub(crate) async fn past(store: &Store, conversation_id: &str, answer_id: Option<&str>) -> Vec<Msg> {
    let rows = store.messages(conversation_id).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the conversation could not be read");
        Vec::new()
    });
    let files = store.attachments(conversation_id).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the files of a conversation could not be read");
        Vec::new()
    });
    let before = rows.into_iter().take_while(|row| Some(row.msg.id.as_str()) != answer_id);
    before.filter_map(|row| as_context(row, &files)).collect()
}

/// A message as context for a model: recordings without words say nothing to it, files without words are named.
fn as_context(row: StoredMessage, files: &[Attachment]) -> Option<Msg> {
    let mut msg = row.msg;
    msg.content.retain(|block| !matches!(block, ContentBlock::Audio { .. }));
    if msg.content.is_empty() {
        let own = files.iter().filter(|file| file.message_id == msg.id).map(|file| file.name.as_str());
        let names = own.collect::<Vec<_>>().join(", ");
        if names.is_empty() {
            return None;
        }
        msg.content.push(ContentBlock::text(format!("[Files: {names}]")));
    }
    Some(msg)
}

/// Why an answer that came whole is not all that was asked for; `None` when it is.
fn unfinished(reason: Option<&StopReason>) -> Option<ErrorCode> {
    match reason? {
        StopReason::Length => Some(ErrorCode::AnswerLimit),
        StopReason::ContentFilter => Some(ErrorCode::ContentFilter),
        StopReason::Refusal => Some(ErrorCode::Refused),
        _ => None,
    }
}

fn ending(answered: Answered, chosen: &Chosen, total_ms: u32, now: Duration) -> Ending {
    let Answered { reply, ending, first_piece, thought } = answered;
    let (status, error) = match &ending {
        End::Whole => {
            (MessageStatus::Complete, unfinished(reply.finish_reason.as_ref()).map(|code| chosen.about(code)))
        }
        End::Stopped => (MessageStatus::Stopped, None),
        End::Broken(error) => {
            let status = if reply.content.is_empty() { MessageStatus::Failed } else { MessageStatus::Cut };
            (status, Some(chosen.explain_at(error, now)))
        }
    };
    Ending {
        error: error.and_then(|error| serde_json::to_value(error).ok()),
        invocation_id: reply.id,
        model: reply.model,
        usage: reply.usage,
        timings: Timings {
            first_word_ms: first_piece.map(millis),
            thought_ms: thought.into_iter().map(millis).collect(),
            total_ms: Some(total_ms),
            ..Timings::default()
        },
        ..Ending::new(reply.content, status)
    }
}

#[cfg(test)]
mod tests;
