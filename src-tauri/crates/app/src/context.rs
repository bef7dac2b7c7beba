//! How much of what a model can read a conversation takes.
//!
//! Where the provider counts, it is asked; but only about what stands in the conversation, and only where it has answered in
//! it before. What is being written is estimated: nothing of it goes out before it is sent, and a provider that was never
//! asked anything hears nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use parlance_core::{ChatRequest, Msg, Role, TokenCount, TokenCounter as _};
use parlance_providers::retry::Retry;
use parlance_tokens::estimate;

use crate::answering::past;
use crate::api::{ContextOf, ContextView, ErrorBody, ErrorCode, KeyState};
use crate::app::App;
use crate::counting::Counter;
use crate::providers::{Address, find};
use crate::speakers;
use crate::speaking::PERSON;

/// The last count of a server's, by a hash of what was counted: while a message is being written it stays the same.
pub(crate) type LastCount = Mutex<Option<(u64, TokenCount)>>;

impl App {
    pub(crate) async fn context(&self, request: ContextOf) -> Result<ContextView, ErrorBody> {
        let store = self.store()?;
        let (remembered, messages) = match &request.conversation_id {
            Some(id) => {
                let row = store.conversation(id).await?.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
                (row.model.map(Into::into), past(store, id, None).await)
            }
            None => (None, Vec::new()),
        };
        let choice = self.model_of(remembered);
        let config = self.config();
        let provider = find(&config, &choice.provider)?;
        let address = Address::of(provider)?;
        // A meter that waits tells nothing: it is not asked for twice.
        let client = self.client_with(provider, &address, Retry { limit: 0, ..Retry::default() })?;
        let limit = self.model_info(provider, &choice.model).context_tokens;
        let draft = (!request.draft.is_empty()).then(|| Msg::text(Role::User, PERSON, request.draft));
        let asking = |messages| {
            let (formatter, messages) = speakers::put(&choice.model, messages);
            ChatRequest { model: choice.model.clone(), messages, formatter, ..ChatRequest::default() }
        };
        let all = asking(messages.iter().cloned().chain(draft.clone()).collect());
        let counted = match Counter::new(provider, &client, &choice.model, None).await {
            Err(error) => {
                tracing::debug!(?error, "the meter estimates: the tokenizer of the settings cannot be read");
                None
            }
            Ok(counter) if !counter.asks_a_server() => counter.count(&all).await.ok(),
            Ok(counter) => {
                let knows_it = match &request.conversation_id {
                    Some(id) => store.messages(id).await?.iter().any(|row| row.provider.as_ref() == Some(&provider.id)),
                    None => false,
                };
                let may_ask = address.origin.is_loopback()
                    || matches!(self.key_state(&provider.id, &address.origin), KeyState::Keyring | KeyState::Session);
                let said = if knows_it && may_ask { self.asked_once(&counter, &asking(messages)).await } else { None };
                said.map(|said| with_draft(said, draft, &asking))
            }
        };
        let counted = counted.unwrap_or_else(|| estimate::count(&all));
        Ok(ContextView { model: choice.model.clone(), tokens: counted.tokens, exact: counted.exact, limit })
    }

    /// What the server counts, asked once for the same; `None` when it does not say.
    async fn asked_once(&self, counter: &Counter, request: &ChatRequest) -> Option<TokenCount> {
        let last = || self.inner.last_count.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hash = DefaultHasher::new();
        (counter.provider(), &request.model, serde_json::to_string(&request.messages).ok()?).hash(&mut hash);
        let same = hash.finish();
        if let Some((of, count)) = *last()
            && of == same
        {
            return Some(count);
        }
        let count = counter.count(request).await.inspect_err(|error| tracing::debug!(%error, "the meter estimates"));
        let count = count.ok()?;
        *last() = Some((same, count));
        Some(count)
    }
}

/// A count of the conversation, with what is being written estimated.
fn with_draft(said: TokenCount, draft: Option<Msg>, asking: &impl Fn(Vec<Msg>) -> ChatRequest) -> TokenCount {
    match draft {
        None => said,
        Some(draft) => TokenCount { tokens: said.tokens + estimate::count(&asking(vec![draft])).tokens, exact: false },
    }
}
