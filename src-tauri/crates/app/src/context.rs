//! How much of what a model can read a conversation takes, counted here: nobody is asked over the network for a figure that
//! changes with every word.

use parlance_core::{ChatRequest, Msg, Role, TokenCounter as _};
use parlance_tokens::estimate;

use crate::answering::past;
use crate::api::{ContextOf, ContextView, ErrorBody, ErrorCode};
use crate::app::App;
use crate::counting::Counter;
use crate::providers::{Address, find};
use crate::speakers;
use crate::speaking::PERSON;

impl App {
    pub(crate) async fn context(&self, request: ContextOf) -> Result<ContextView, ErrorBody> {
        let store = self.store()?;
        let (remembered, mut messages) = match &request.conversation_id {
            Some(id) => {
                let row = store.conversation(id).await?.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
                (row.model.map(Into::into), past(store, id, None).await)
            }
            None => (None, Vec::new()),
        };
        let choice = self.model_of(remembered);
        let config = self.config();
        let provider = find(&config, &choice.provider)?;
        let client = self.client(provider, &Address::of(provider)?)?;
        if !request.draft.is_empty() {
            messages.push(Msg::text(Role::User, PERSON, request.draft));
        }
        let limit = self.model_info(provider, &choice.model).context_tokens;
        let (formatter, messages) = speakers::put(&choice.model, messages);
        let asked = ChatRequest { model: choice.model.clone(), messages, formatter, ..ChatRequest::default() };
        let counted = match Counter::new(provider, &client, &choice.model, None).await? {
            // A server would be asked with every pause of writing: an estimate is enough for a meter.
            counter if counter.asks_a_server() => estimate::count(&asked),
            counter => counter.count(&asked).await.unwrap_or_else(|error| {
                tracing::debug!(%error, "the conversation is estimated");
                estimate::count(&asked)
            }),
        };
        Ok(ContextView { model: choice.model, tokens: counted.tokens, exact: counted.exact, limit })
    }
}
