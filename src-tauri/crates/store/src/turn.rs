//! Writing messages: a whole turn begins in one transaction before its request goes out, and ends in one.

use parlance_core::{ContentBlock, Msg, Role, TokenUsage};
use serde::Serialize;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::session::is_alive;
use crate::store::{Growth, Store, settled};
use crate::table::attachment::{self, NewAttachment};
use crate::table::conversation::{self, Conversation, Touch};
use crate::table::media::{self, Media};
use crate::table::message::{self, MessageStatus, Timings, role_name};
use crate::table::{message_part, message_text, running};

/// The longest message: 10 MiB of text.
pub const MAX_MESSAGE_BYTES: usize = 10 * 1024 * 1024;

/// Where a new message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Into a thread that begins with it.
    NewConversation,
    /// After the last message of the branch that is shown.
    EndOf {
        /// The thread.
        conversation_id: String,
    },
    /// After a certain message, as one more branch where that has an answer already.
    After {
        /// The thread.
        conversation_id: String,
        /// The message, `None` for the very beginning.
        message_id: Option<String>,
    },
}

/// A message to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    /// The message; its id is kept.
    pub msg: Msg,
    /// Where it stands.
    pub status: MessageStatus,
    /// Why it failed or broke off, as the app writes it. Never a key.
    pub error: Option<Value>,
    /// The configured provider that answers; `None` for what a person said.
    pub provider: Option<String>,
    /// The model that answers, as asked for.
    pub model: Option<String>,
    /// Tokens used.
    pub usage: Option<TokenUsage>,
    /// What took how long.
    pub timings: Timings,
    /// How long a spoken message is.
    pub spoken_ms: Option<u32>,
    /// For a spoken answer that was interrupted: how much of it was heard.
    pub heard_ms: Option<u32>,
    /// Recorded sound that its blocks name as `media:ID`.
    pub media: Vec<Media>,
    /// Files that the person chose for it.
    pub files: Vec<NewAttachment>,
}

impl NewMessage {
    /// A whole message, written rather than spoken.
    #[must_use]
    pub fn complete(msg: Msg) -> Self {
        Self {
            msg,
            status: MessageStatus::Complete,
            error: None,
            provider: None,
            model: None,
            usage: None,
            timings: Timings::default(),
            spoken_ms: None,
            heard_ms: None,
            media: Vec::new(),
            files: Vec::new(),
        }
    }

    /// An answer that is about to come.
    #[must_use]
    pub fn streaming(name: impl Into<String>, provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            status: MessageStatus::Streaming,
            provider: Some(provider.into()),
            model: Some(model.into()),
            ..Self::complete(Msg::new(Role::Assistant, name, Vec::new()))
        }
    }
}

/// A turn that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The thread as it is now.
    pub conversation: Conversation,
    /// The person's message, `None` when an answer is asked for again.
    pub question_id: Option<String>,
    /// The message that will hold the answer.
    pub answer_id: String,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// All blocks, exactly as received.
    pub content: Vec<ContentBlock>,
    /// Anything but [`MessageStatus::Streaming`].
    pub status: MessageStatus,
    /// Why it failed or broke off, as the app writes it. Never a key.
    pub error: Option<Value>,
    /// The provider's id of the response.
    pub invocation_id: Option<String>,
    /// The model that answered; `None` keeps the one asked for.
    pub model: Option<String>,
    /// Tokens used.
    pub usage: Option<TokenUsage>,
    /// What took how long.
    pub timings: Timings,
    /// How long a spoken answer is.
    pub spoken_ms: Option<u32>,
    /// For a spoken answer that was interrupted: how much of it was heard.
    pub heard_ms: Option<u32>,
    /// Recorded sound that its blocks name as `media:ID`.
    pub media: Vec<Media>,
}

impl Ending {
    /// An ending with nothing but blocks and status.
    #[must_use]
    pub fn new(content: Vec<ContentBlock>, status: MessageStatus) -> Self {
        Self {
            content,
            status,
            error: None,
            invocation_id: None,
            model: None,
            usage: None,
            timings: Timings::default(),
            spoken_ms: None,
            heard_ms: None,
            media: Vec::new(),
        }
    }
}

impl Store {
    /// Stores the person's message and the row of its answer, both or neither. Call it before the request goes out.
    /// Without a question the answer is one more to the message it is placed after.
    ///
    /// # Errors
    /// [`StoreError::TooLong`] over [`MAX_MESSAGE_BYTES`], [`StoreError::Gone`] when thread or message are not there,
    /// or when writing fails.
    pub async fn begin_turn(
        &self,
        place: Place,
        question: Option<NewMessage>,
        answer: NewMessage,
    ) -> Result<Turn, StoreError> {
        let conversation = settled!(self, self.begin_turn_once(&place, question.as_ref(), &answer))?;
        Ok(Turn { conversation, question_id: question.map(|question| question.msg.id), answer_id: answer.msg.id })
    }

    async fn begin_turn_once(
        &self,
        place: &Place,
        question: Option<&NewMessage>,
        answer: &NewMessage,
    ) -> Result<Conversation, StoreError> {
        let mut transaction = self.begin(Growth::New).await?;
        let (conversation_id, mut parent) = self.resolve(&mut transaction, place).await?;
        if let Some(question) = question {
            self.add(&mut transaction, &conversation_id, parent.as_deref(), question).await?;
            parent = Some(question.msg.id.clone());
        }
        self.add(&mut transaction, &conversation_id, parent.as_deref(), answer).await?;
        let conversation = conversation::fetch(&mut transaction, &conversation_id).await?;
        self.commit(transaction).await?;
        Ok(conversation)
    }

    /// Stores one whole message with its sound.
    ///
    /// # Errors
    /// As [`Store::begin_turn`].
    pub async fn insert_message(&self, place: Place, message: &NewMessage) -> Result<Conversation, StoreError> {
        settled!(self, self.insert_once(&place, message))
    }

    async fn insert_once(&self, place: &Place, message: &NewMessage) -> Result<Conversation, StoreError> {
        let mut transaction = self.begin(Growth::New).await?;
        let (conversation_id, parent) = self.resolve(&mut transaction, place).await?;
        self.add(&mut transaction, &conversation_id, parent.as_deref(), message).await?;
        let conversation = conversation::fetch(&mut transaction, &conversation_id).await?;
        self.commit(transaction).await?;
        Ok(conversation)
    }

    /// Ends an answer: blocks, figures and words go in and its parts go out, all or nothing. A second ending replaces
    /// the first, since what was thought cut may still come.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the message was removed meanwhile, or when writing fails.
    pub async fn finish_message(&self, id: &str, ending: &Ending) -> Result<(), StoreError> {
        settled!(self, self.finish_once(id, ending))
    }

    async fn finish_once(&self, id: &str, ending: &Ending) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let place = message::place(&mut transaction, id).await?.ok_or_else(|| gone(id))?;
        sqlx::query(
            "UPDATE message SET content = ?, status = ?, error = ?, invocation_id = ?, model = coalesce(?, model),
                usage = ?, timings = ?, spoken_ms = ?, heard_ms = ? WHERE n = ?",
        )
        .bind(serde_json::to_string(&ending.content)?)
        .bind(ending.status.as_str())
        .bind(json(ending.error.as_ref())?)
        .bind(&ending.invocation_id)
        .bind(&ending.model)
        .bind(json(ending.usage.as_ref())?)
        .bind(serde_json::to_string(&ending.timings)?)
        .bind(ending.spoken_ms)
        .bind(ending.heard_ms)
        .bind(place.n)
        .execute(&mut *transaction)
        .await?;
        message_part::remove(&mut transaction, id).await?;
        running::end(&mut transaction, id).await?;
        message_text::index(&mut transaction, place.n, &ending.content).await?;
        for sound in &ending.media {
            media::insert(&mut transaction, id, sound).await?;
        }
        if ending.spoken_ms.is_some() {
            conversation::mark_spoken(&mut transaction, &place.conversation_id).await?;
        }
        self.commit(transaction).await
    }

    /// Notes how much of a spoken answer was heard, once that is known.
    ///
    /// # Errors
    /// [`StoreError::Gone`], or when writing fails.
    pub async fn set_heard(&self, id: &str, heard_ms: u32) -> Result<(), StoreError> {
        settled!(self, self.set_heard_once(id, heard_ms))
    }

    async fn set_heard_once(&self, id: &str, heard_ms: u32) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let changed = sqlx::query("UPDATE message SET heard_ms = ? WHERE id = ?")
            .bind(heard_ms)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(gone(id));
        }
        self.commit(transaction).await
    }

    /// Notes the words of a spoken message, once somebody has written them down; they replace those it had.
    ///
    /// # Errors
    /// [`StoreError::Gone`], or when writing fails.
    pub async fn set_words(&self, id: &str, words: &str) -> Result<(), StoreError> {
        settled!(self, self.set_words_once(id, words))
    }

    async fn set_words_once(&self, id: &str, words: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let place = message::place(&mut transaction, id).await?.ok_or_else(|| gone(id))?;
        let content: String = sqlx::query_scalar("SELECT content FROM message WHERE n = ?")
            .bind(place.n)
            .fetch_one(&mut *transaction)
            .await?;
        let mut blocks: Vec<ContentBlock> = serde_json::from_str(&content)?;
        let before: String = blocks.iter().filter_map(ContentBlock::as_text).collect();
        blocks.retain(|block| !matches!(block, ContentBlock::Text { .. }));
        blocks.push(ContentBlock::text(words));
        sqlx::query("UPDATE message SET content = ? WHERE n = ?")
            .bind(serde_json::to_string(&blocks)?)
            .bind(place.n)
            .execute(&mut *transaction)
            .await?;
        message_text::index(&mut transaction, place.n, &blocks).await?;
        conversation::name_after(&mut transaction, &place.conversation_id, &before, words).await?;
        self.commit(transaction).await
    }

    /// Shows the branch that goes through this message, as far as its newest answers lead.
    ///
    /// # Errors
    /// [`StoreError::Gone`], or when writing fails.
    pub async fn choose_branch(&self, message_id: &str) -> Result<(), StoreError> {
        settled!(self, self.choose_branch_once(message_id))
    }

    async fn choose_branch_once(&self, message_id: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let place = message::place(&mut transaction, message_id).await?.ok_or_else(|| gone(message_id))?;
        sqlx::query(
            "WITH RECURSIVE down (id, depth) AS (
                SELECT ?1, 0
                UNION ALL
                SELECT (SELECT child.id FROM message AS child WHERE child.parent_id = down.id ORDER BY child.n DESC LIMIT 1),
                       down.depth + 1
                FROM down WHERE down.id IS NOT NULL
             )
             UPDATE conversation SET leaf_id = (SELECT id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1)
             WHERE id = ?2",
        )
        .bind(message_id)
        .bind(&place.conversation_id)
        .execute(&mut *transaction)
        .await?;
        self.commit(transaction).await
    }

    /// At start: answers that a killed program was writing become messages marked cut. Those of others that live are
    /// left alone.
    pub(crate) async fn recover(&self) -> Result<(), StoreError> {
        for (id, session) in running::all(self.readers()).await? {
            if session.is_some_and(|session| is_alive(&self.inner.folder, &session)) {
                continue;
            }
            let reply = {
                let mut reader = self.readers().acquire().await?;
                message_part::fold(&mut reader, &id).await?
            };
            let ending = Ending {
                usage: reply.usage,
                model: reply.model,
                invocation_id: reply.id,
                ..Ending::new(reply.content, MessageStatus::Cut)
            };
            self.finish_message(&id, &ending).await?;
        }
        Ok(())
    }

    /// The thread a place is in, created if it is new, and the message it is after.
    async fn resolve(&self, db: &mut SqliteConnection, place: &Place) -> Result<(String, Option<String>), StoreError> {
        match place {
            Place::NewConversation => {
                let id = parlance_core::id::random();
                conversation::create(db, &id, self.now_ms()).await?;
                Ok((id, None))
            }
            Place::EndOf { conversation_id } => {
                let conversation = conversation::fetch(db, conversation_id).await?;
                Ok((conversation.id, conversation.leaf_id))
            }
            Place::After { conversation_id, message_id } => {
                let conversation = conversation::fetch(db, conversation_id).await?;
                if let Some(message_id) = message_id {
                    let parent = message::place(db, message_id).await?;
                    if parent.is_none_or(|parent| parent.conversation_id != conversation.id) {
                        return Err(gone(message_id));
                    }
                }
                Ok((conversation.id, message_id.clone()))
            }
        }
    }

    /// Adds a message and everything that follows from it.
    async fn add(
        &self,
        db: &mut SqliteConnection,
        conversation_id: &str,
        parent_id: Option<&str>,
        message: &NewMessage,
    ) -> Result<(), StoreError> {
        let msg = &message.msg;
        let words = message_text::spoken_words(&msg.content);
        if words.len() > MAX_MESSAGE_BYTES {
            return Err(StoreError::TooLong { what: "the message", limit: "10 MiB" });
        }
        let now_ms = self.now_ms();
        let n = sqlx::query(
            "INSERT INTO message (id, conversation_id, parent_id, role, name, content, status, error, provider, model,
                usage, timings, spoken_ms, heard_ms, created_ms, timestamp, invocation_id, metadata)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&msg.id)
        .bind(conversation_id)
        .bind(parent_id)
        .bind(role_name(msg.role))
        .bind(&msg.name)
        .bind(serde_json::to_string(&msg.content)?)
        .bind(message.status.as_str())
        .bind(json(message.error.as_ref())?)
        .bind(&message.provider)
        .bind(&message.model)
        .bind(json(message.usage.as_ref())?)
        .bind(serde_json::to_string(&message.timings)?)
        .bind(message.spoken_ms)
        .bind(message.heard_ms)
        .bind(now_ms)
        .bind(&msg.timestamp)
        .bind(&msg.invocation_id)
        .bind(serde_json::to_string(&msg.metadata)?)
        .execute(&mut *db)
        .await?
        .last_insert_rowid();
        if let (MessageStatus::Streaming, Some(session)) = (message.status, &self.inner.session) {
            running::begin(db, &msg.id, session.id()).await?;
        }
        message_text::index(db, n, &msg.content).await?;
        for sound in &message.media {
            media::insert(db, &msg.id, sound).await?;
        }
        for file in &message.files {
            attachment::insert(db, &msg.id, file).await?;
        }
        // Files without words give a thread its name by their own.
        let names = message.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ");
        let question = if words.trim().is_empty() { &names } else { &*words };
        let touched = conversation::touch(
            db,
            Touch {
                id: conversation_id,
                leaf_id: &msg.id,
                question: (msg.role == Role::User).then_some(question),
                spoken: message.spoken_ms.is_some(),
                now_ms,
            },
        )
        .await?;
        if touched == 0 {
            return Err(StoreError::Gone { what: "conversation", id: conversation_id.to_owned() });
        }
        Ok(())
    }
}

fn json<T: Serialize>(value: Option<&T>) -> Result<Option<String>, serde_json::Error> {
    value.map(serde_json::to_string).transpose()
}

fn gone(id: &str) -> StoreError {
    StoreError::Gone { what: "message", id: id.to_owned() }
}
