//! Sending, stopping, asking again.

use parlance_assistant::voice::actor::VoiceCommand;
use parlance_store::{MAX_MESSAGE_BYTES, Place};

use crate::api::{
    AnswerAgain, ConversationId, Empty, ErrorBody, ErrorCode, MessageSent, OpenLink, SendMessage, VoiceState,
};
use crate::app::App;
use crate::links;

impl App {
    pub(crate) async fn send_message(&self, request: SendMessage) -> Result<MessageSent, ErrorBody> {
        if request.text.trim().is_empty() {
            return Err(ErrorBody::new(ErrorCode::EmptyMessage));
        }
        if request.text.len() > MAX_MESSAGE_BYTES {
            return Err(ErrorBody::new(ErrorCode::MessageTooLong));
        }
        let place = match request.conversation_id {
            Some(conversation_id) => Place::EndOf { conversation_id },
            None => Place::NewConversation,
        };
        self.ask(place, Some(request.text), &request.to, &request.files).await
    }

    pub(crate) async fn stop_answer(&self, request: ConversationId) -> Result<Empty, ErrorBody> {
        if let Some(cancel) = self.running().get(&request.id) {
            cancel.cancel();
            return Ok(Empty {});
        }
        // An answer that sounds is stopped by the same button.
        let voice = self.voice_view();
        let answers = matches!(voice.state, VoiceState::Thinking | VoiceState::Speaking);
        if answers && voice.conversation_id.as_ref() == Some(&request.id) {
            self.voice()?.send(VoiceCommand::Cancel);
        }
        Ok(Empty {})
    }

    pub(crate) async fn answer_again(&self, request: AnswerAgain) -> Result<MessageSent, ErrorBody> {
        let messages = self.store()?.messages(&request.id).await?;
        let question = messages
            .iter()
            .rfind(|row| row.msg.role == parlance_core::Role::User)
            .ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        let place = Place::After { conversation_id: request.id, message_id: Some(question.msg.id.clone()) };
        self.ask(place, None, request.to.as_slice(), &[]).await
    }

    pub(crate) async fn open_link(&self, request: OpenLink) -> Result<Empty, ErrorBody> {
        links::open(&request.url)?;
        Ok(Empty {})
    }
}
