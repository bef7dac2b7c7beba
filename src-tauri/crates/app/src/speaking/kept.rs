//! Spoken turns in the store.

use async_trait::async_trait;
use parlance_assistant::voice::history::{NotSaved, SavedTurn, SpokenAnswer, SpokenHistory, SpokenQuestion};
use parlance_assistant::voice::speaker::Speaker;
use parlance_core::realtime::{Remembered, Side};
use parlance_core::{AudioChunk, ContentBlock, ModelEvent, Msg, Role, Source};
use parlance_store::{Ending, Media, MessageStatus, NewMessage, Place, Store, StoreError, Timings, Turn};

use super::{PERSON, explain, millis};
use crate::api::AppEvent;
use crate::hub::Hub;
use crate::views;

/// Spoken turns in the store.
pub(super) struct Kept {
    pub(super) store: Store,
    pub(super) hub: Hub,
}

#[async_trait]
impl SpokenHistory for Kept {
    async fn begin(&self, question: SpokenQuestion) -> Result<SavedTurn, NotSaved> {
        let turn = match self.begin_in(&question).await {
            // The conversation was taken away meanwhile: what is said is kept in a new one.
            Err(StoreError::Gone { .. }) => {
                self.begin_in(&SpokenQuestion { conversation: None, again: None, ..question.clone() }).await
            }
            begun => begun,
        };
        let turn = turn.map_err(|error| not_saved(&error))?;
        self.hub.tell(AppEvent::Conversation { summary: turn.conversation.clone().into() });
        if let Some(id) = &turn.question_id {
            self.tell_message(id).await;
        }
        self.hub.begin_answer(&turn.conversation.id, &turn.answer_id);
        self.tell_message(&turn.answer_id).await;
        let again = question.again.map(|again| again.question);
        Ok(SavedTurn {
            conversation: turn.conversation.id,
            question: turn.question_id.or(again).unwrap_or_default(),
            answer: turn.answer_id,
            speaker: question.speaker,
        })
    }

    async fn finish(&self, turn: &SavedTurn, answer: SpokenAnswer) -> Result<(), NotSaved> {
        let recording = recording(answer.sound);
        let has_come = !recording.samples.is_empty() || !answer.transcript.is_empty();
        let status = match (&answer.error, answer.heard) {
            (Some(_), _) if !has_come => MessageStatus::Failed,
            (Some(_), _) => MessageStatus::Cut,
            (None, Some(_)) => MessageStatus::Stopped,
            (None, None) => MessageStatus::Complete,
        };
        let mut content = answer.tools;
        if !recording.samples.is_empty() {
            content.push(audio_block(&recording));
        }
        if !answer.transcript.is_empty() {
            content.push(ContentBlock::text(answer.transcript));
        }
        let error = answer.error.map(|error| explain(&error, &turn.speaker));
        let first = answer.first_sound;
        let timings = Timings {
            first_sound_ms: first.map(|first| millis(first.total)),
            ours_ms: first.map(|first| millis(first.ours)),
            network_ms: first.and_then(|first| first.network).map(millis),
            model_ms: first.map(|first| millis(first.model)),
            heard_chars: answer.heard.map(|heard| u32::try_from(heard.characters).unwrap_or(u32::MAX)),
            ..Timings::default()
        };
        let ending = Ending {
            error: error.and_then(|error| serde_json::to_value(error).ok()),
            usage: answer.usage,
            timings,
            spoken_ms: Some(recording.ms()),
            heard_ms: answer.heard.map(|heard| millis(heard.sound)),
            media: if recording.samples.is_empty() { Vec::new() } else { vec![recording] },
            ..Ending::new(content, status)
        };
        let finished = self.store.finish_message(&turn.answer, &ending).await;
        self.hub.end_answer(&turn.answer);
        finished.map_err(|error| not_saved(&error))?;
        self.tell_message(&turn.answer).await;
        Ok(())
    }

    async fn write_down(&self, turn: &SavedTurn, words: &str) -> Result<(), NotSaved> {
        self.store.set_words(&turn.question, words).await.map_err(|error| not_saved(&error))?;
        self.tell_message(&turn.question).await;
        if let Ok(Some(conversation)) = self.store.conversation(&turn.conversation).await {
            self.hub.tell(AppEvent::Conversation { summary: conversation.into() });
        }
        Ok(())
    }

    fn grows(&self, turn: &SavedTurn, event: &ModelEvent) {
        self.hub.answer_grows(&turn.answer, event);
    }

    async fn recall(&self, conversation: &str, characters: usize) -> Vec<Remembered> {
        match self.store.messages(conversation).await {
            Ok(rows) => {
                let said = rows.iter().rev().map(|row| {
                    let heard = row.heard_ms.and(row.timings.heard_chars);
                    (row.msg.role, words(&row.msg.content, heard))
                });
                newest(said, characters)
            }
            Err(error) => {
                tracing::warn!(%error, "a session begins without what was said before");
                Vec::new()
            }
        }
    }
}

/// The words of a message, as far as they were heard.
fn words(content: &[ContentBlock], heard: Option<u32>) -> String {
    let all = content.iter().filter_map(ContentBlock::as_text).collect::<Vec<_>>().join("\n");
    match heard {
        Some(heard) => all.chars().take(usize::try_from(heard).unwrap_or(usize::MAX)).collect(),
        None => all,
    }
}

/// Of what was said, the newest first, as much as fits; the oldest first.
fn newest(said: impl Iterator<Item = (Role, String)>, characters: usize) -> Vec<Remembered> {
    let (mut remembered, mut left) = (Vec::new(), characters);
    for (role, text) in said {
        let text = text.trim();
        let by = match role {
            Role::User => Side::Person,
            Role::Assistant => Side::Model,
            Role::System => continue,
        };
        if text.is_empty() {
            continue;
        }
        let length = text.chars().count();
        if length > left {
            break;
        }
        left -= length;
        remembered.push(Remembered { by, text: text.to_owned() });
    }
    remembered.reverse();
    remembered
}

impl Kept {
    async fn begin_in(&self, question: &SpokenQuestion) -> Result<Turn, StoreError> {
        let SpokenQuestion { conversation, sound, speaker, again } = question;
        let Speaker { name, provider, model, .. } = speaker;
        let answer = NewMessage::streaming(name, provider, model);
        if let Some(again) = again.as_ref().filter(|again| !again.question.is_empty()) {
            let place =
                Place::After { conversation_id: again.conversation.clone(), message_id: Some(again.question.clone()) };
            return self.store.begin_turn(place, None, answer).await;
        }
        let recording = recording(sound.clone());
        let place = match conversation {
            Some(id) => Place::EndOf { conversation_id: id.clone() },
            None => Place::NewConversation,
        };
        let spoken = NewMessage {
            spoken_ms: Some(recording.ms()),
            ..NewMessage::complete(Msg::new(Role::User, PERSON, vec![audio_block(&recording)]))
        };
        let question = NewMessage { media: vec![recording], ..spoken };
        self.store.begin_turn(place, Some(question), answer).await
    }

    async fn tell_message(&self, id: &str) {
        if let Ok(Some(row)) = self.store.message(id).await {
            let message = views::message(&self.store, row).await;
            self.hub.tell(AppEvent::Message { message });
        }
    }
}

fn not_saved(error: &StoreError) -> NotSaved {
    tracing::error!(%error, "a spoken turn is not in the history");
    NotSaved
}

fn recording(sound: AudioChunk) -> Media {
    Media { id: parlance_core::id::random(), samples: sound.samples, rate: sound.rate }
}

fn audio_block(recording: &Media) -> ContentBlock {
    ContentBlock::Audio { source: Source::Url { url: recording.url() } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_session_is_told_the_newest_words_and_of_an_interrupted_answer_what_was_heard() {
        let said = vec![
            (Role::Assistant, words(&[ContentBlock::text("One two three")], Some(7))),
            (Role::User, "Count.".to_owned()),
            (Role::System, "never told".to_owned()),
            (Role::Assistant, "  ".to_owned()),
            (Role::User, "Something long from before".to_owned()),
        ];
        let told = newest(said.clone().into_iter(), 20);
        let of = |by, text: &str| Remembered { by, text: text.to_owned() };
        assert_eq!(told, [of(Side::Person, "Count."), of(Side::Model, "One two")]);
        assert_eq!(newest(said.into_iter(), 1_000).len(), 3);
    }
}
