//! Sending, stopping, asking again.

use parlance_assistant::voice::history::SavedTurn;
use parlance_assistant::voice::news::VoiceCommand;
use parlance_core::{Msg, Role};
use parlance_providers::builtin::echo::PROVIDER;
use parlance_store::{MAX_MESSAGE_BYTES, NewMessage, Place};

use crate::api::{
    AnswerAgain, ConversationId, Empty, ErrorBody, ErrorCode, MessageSent, OpenLink, SendMessage, VoiceState,
};
use crate::app::App;
use crate::links;
use crate::speaking::PERSON;

impl App {
    pub(crate) async fn send_message(&self, request: SendMessage) -> Result<MessageSent, ErrorBody> {
        if request.text.trim().is_empty() && request.files.is_empty() {
            return Err(ErrorBody::new(ErrorCode::EmptyMessage));
        }
        if request.text.len() > MAX_MESSAGE_BYTES {
            return Err(ErrorBody::new(ErrorCode::MessageTooLong));
        }
        if request.to.is_empty()
            && request.files.is_empty()
            && let Some(conversation_id) = &request.conversation_id
            && self.is_call_in(conversation_id)
        {
            return self.say(conversation_id, request.text).await;
        }
        let place = match request.conversation_id {
            Some(conversation_id) => Place::EndOf { conversation_id },
            None => Place::NewConversation,
        };
        self.ask(place, Some(request.text), &request.to, &request.files).await
    }

    /// Whether what is written into a conversation is meant for whoever is spoken with in it.
    fn is_call_in(&self, conversation_id: &str) -> bool {
        let voice = self.voice_view();
        voice.in_call && voice.with.provider != PROVIDER && voice.conversation_id.as_deref() == Some(conversation_id)
    }

    /// Says something in writing in the middle of a call.
    async fn say(&self, conversation_id: &str, text: String) -> Result<MessageSent, ErrorBody> {
        let speaker = self.speaker();
        let place = Place::EndOf { conversation_id: conversation_id.to_owned() };
        let question = NewMessage::complete(Msg::text(Role::User, PERSON, text.clone()));
        let answer = NewMessage::streaming(&speaker.name, &speaker.provider, &speaker.model);
        let turn = self.store()?.begin_turn(place, Some(question), answer).await?;
        self.tell_turn(&turn).await;
        let sent = MessageSent { conversation_id: turn.conversation.id.clone(), answer_id: turn.answer_id.clone() };
        let place = SavedTurn {
            conversation: turn.conversation.id,
            question: turn.question_id.unwrap_or_default(),
            answer: turn.answer_id,
            speaker,
        };
        self.voice()?.send(VoiceCommand::Say(text, place));
        Ok(sent)
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
        let question =
            messages.iter().rfind(|row| row.msg.role == Role::User).ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        let place = Place::After { conversation_id: request.id, message_id: Some(question.msg.id.clone()) };
        self.ask(place, None, request.to.as_slice(), &[]).await
    }

    pub(crate) async fn open_link(&self, request: OpenLink) -> Result<Empty, ErrorBody> {
        links::open(&request.url)?;
        Ok(Empty {})
    }
}
