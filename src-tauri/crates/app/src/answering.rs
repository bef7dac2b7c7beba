//! Typed messages and their answers: stored before they are asked, written while they come, told as they grow.

use parlance_assistant::answer::{Answered, Ending as End, answer};
use parlance_core::{ChatRequest, ContentBlock, Msg, Role};
use parlance_store::{
    AnswerWriter, Ending, MessageStatus, NewMessage, Place, Saved, Store, StoredMessage, Timings, Turn,
};
use tokio_util::sync::CancellationToken;

use crate::api::{AppEvent, ErrorBody, ErrorCode, MessageSent, Notice};
use crate::app::App;
use crate::providers::Chosen;
use crate::speaking::{PERSON, millis};
use crate::views;

impl App {
    /// Keeps the person's words and starts the answer.
    pub(crate) async fn ask(&self, place: Place, text: Option<String>) -> Result<MessageSent, ErrorBody> {
        let store = self.store()?;
        if let Place::EndOf { conversation_id } | Place::After { conversation_id, .. } = &place
            && self.running().contains_key(conversation_id)
        {
            return Err(ErrorBody::new(ErrorCode::BadCall).with_details("an answer is being written; stop it first"));
        }
        let chosen = self.chosen_provider()?;
        let question = text.map(|text| NewMessage::complete(Msg::text(Role::User, PERSON, text)));
        let row = NewMessage::streaming(&chosen.model, &chosen.id, &chosen.model);
        let turn = store.begin_turn(place, question, row).await?;
        let sent = MessageSent { conversation_id: turn.conversation.id.clone(), answer_id: turn.answer_id.clone() };

        let cancel = CancellationToken::new();
        self.running().insert(sent.conversation_id.clone(), cancel.clone());
        self.hub().begin_answer(&sent.conversation_id, &sent.answer_id);
        self.hub().tell(AppEvent::Conversation { summary: turn.conversation.clone().into() });
        if let Some(question) = &turn.question_id {
            self.tell_message(question).await;
        }
        self.tell_message(&sent.answer_id).await;

        let app = self.clone();
        let store = store.clone();
        // Not `spawn`: at the end of the program an answer is stopped and stored, not dropped.
        self.inner.tasks.spawn(async move { app.write_answer(store, chosen, turn, cancel).await });
        Ok(sent)
    }

    async fn write_answer(self, store: Store, chosen: Chosen, turn: Turn, cancel: CancellationToken) {
        let Turn { conversation, answer_id, .. } = turn;
        let writer = AnswerWriter::start(store.clone(), &answer_id);
        let request = ChatRequest {
            model: chosen.model.clone(),
            messages: past(&store, &conversation.id, &answer_id).await,
            ..ChatRequest::default()
        };
        let asked = self.inner.clock.now();
        let answered = answer(chosen.chat.as_ref(), &request, self.inner.clock.as_ref(), &cancel, |event| {
            self.hub().answer_grows(&answer_id, event);
            writer.push(event);
        })
        .await;
        let total = self.inner.clock.now().saturating_duration_since(asked);
        let ending = ending(answered, &chosen, millis(total));
        match writer.finish(&store, ending).await {
            Ok(Saved::Now) => {}
            Ok(Saved::Later) => self.inner.notices.raise(Notice::DiskFull),
            Err(error) => tracing::error!(%error, "an answer is not in the history"),
        }
        self.running().remove(&conversation.id);
        self.hub().end_answer(&answer_id);
        self.tell_message(&answer_id).await;
    }

    /// Tells a message as it stands in the store.
    pub(crate) async fn tell_message(&self, id: &str) {
        let Ok(store) = self.store() else { return };
        match store.message(id).await {
            Ok(Some(row)) => {
                let message = views::message(store, row).await;
                self.hub().tell(AppEvent::Message { message });
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a message could not be read back"),
        }
    }
}

/// What the model is told: everything before the answer that says something.
async fn past(store: &Store, conversation_id: &str, answer_id: &str) -> Vec<Msg> {
    let rows = store.messages(conversation_id).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the conversation could not be read");
        Vec::new()
    });
    rows.into_iter().take_while(|row| row.msg.id != answer_id).filter_map(as_context).collect()
}

/// A message as context for a model: recordings without words say nothing to it.
fn as_context(row: StoredMessage) -> Option<Msg> {
    let mut msg = row.msg;
    msg.content.retain(|block| !matches!(block, ContentBlock::Audio { .. }));
    (!msg.content.is_empty()).then_some(msg)
}

fn ending(answered: Answered, chosen: &Chosen, total_ms: u32) -> Ending {
    let Answered { reply, ending, first_piece, thought } = answered;
    let (status, error) = match &ending {
        End::Whole => (MessageStatus::Complete, None),
        End::Stopped => (MessageStatus::Stopped, None),
        End::Broken(error) => {
            let status = if reply.content.is_empty() { MessageStatus::Failed } else { MessageStatus::Cut };
            (status, Some(ErrorBody::from_provider(error, &chosen.name, &chosen.host, &chosen.model)))
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
