//! A typed conversation cut to what its model can read, before it is asked.
//!
//! Most conversations are far from that: an estimate says so without asking anybody, and nothing more is done. A conversation
//! that cannot be cut, or counted, is sent as it is: the provider then says what is wrong with it.

use parlance_assistant::truncate;
use parlance_core::ChatRequest;
use parlance_tokens::estimate;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::counting::Counter;
use crate::providers::Chosen;

/// Where nobody says how long an answer may be, a quarter of what a model reads is left for it.
const ANSWER_SHARE: u64 = 4;
/// An estimate may be so much too low that from this part of the limit on it is counted: the densest vocabulary that was
/// measured took 1.4 times the estimate.
const SURELY_SHORT: (u64, u64) = (7, 10);

/// A request that the model can read.
pub(crate) struct Shortened {
    pub(crate) request: ChatRequest,
    /// How many of the oldest messages it lacks; `None` when it is whole.
    pub(crate) left_out: Option<u32>,
}

impl App {
    /// The request with as much of its conversation as its model can read. Cancelling leaves it as it is, at once.
    pub(crate) async fn shortened(
        &self,
        chosen: &Chosen,
        request: ChatRequest,
        cancel: &CancellationToken,
    ) -> Shortened {
        let whole = |request| Shortened { request, left_out: None };
        let info = self.model_info(&chosen.provider, &chosen.model);
        let Some(context) = info.context_tokens else { return whole(request) };
        let answer = info.output_tokens.unwrap_or(u64::MAX).min(context / ANSWER_SHARE);
        let limit = context - answer;
        let (part, of) = SURELY_SHORT;
        if estimate::count(&request).tokens * of <= limit * part {
            return whole(request);
        }
        let Ok(counter) = Counter::new(&chosen.provider, &chosen.chat, &chosen.model, None).await else {
            return whole(request);
        };
        let fitted = tokio::select! {
            biased;
            () = cancel.cancelled() => return whole(request),
            fitted = truncate::fit(request.clone(), limit, &counter) => fitted,
        };
        match fitted {
            Ok(fitted) => {
                let left_out = u32::try_from(fitted.left_out).ok().filter(|messages| *messages > 0);
                Shortened { request: fitted.request, left_out }
            }
            Err(unfit) => {
                tracing::info!(%unfit, "a conversation is sent as it is");
                whole(request)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::{Msg, Role};

    use super::*;
    use crate::providers::{Address, find};
    use crate::{Options, Reach};

    /// A conversation of so many turns with OpenAI's GPT-4, which reads 8,192 tokens, and what became of it.
    async fn shortened(model: &str, turns: usize, cancel: &CancellationToken) -> (usize, Shortened) {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = Some(folder.path().to_owned());
        let app = App::start(Options { data_dir, reach: Reach::Settings, ..Options::default() }).await;
        let config = app.config();
        let provider = find(&config, "openai").unwrap();
        let chosen = Chosen {
            provider: provider.clone(),
            host: "api.openai.com".into(),
            origin: "https://api.openai.com".into(),
            model: model.into(),
            chat: app.client(provider, &Address::of(provider).unwrap()).unwrap(),
            waits: tokio::sync::mpsc::unbounded_channel().1,
        };
        let words = "Every turn of this conversation is about a hundred words long. ".repeat(10);
        let turn = || [Msg::text(Role::User, "you", &words), Msg::text(Role::Assistant, "gpt", &words)];
        let mut messages: Vec<Msg> = (0..turns).flat_map(|_| turn()).collect();
        messages.push(Msg::text(Role::User, "you", "What was the first thing I said?"));
        let all = messages.len();
        let request = ChatRequest { model: model.into(), messages, ..ChatRequest::default() };
        let shortened = app.shortened(&chosen, request, cancel).await;
        app.shut_down().await;
        (all, shortened)
    }

    #[tokio::test]
    async fn only_a_conversation_that_the_model_cannot_read_loses_its_beginning() {
        let going_on = CancellationToken::new();
        let (all, short) = shortened("gpt-4", 10, &going_on).await;
        assert_eq!((short.request.messages.len(), short.left_out), (all, None));
        let (all, long) = shortened("gpt-4", 60, &going_on).await;
        let left = long.request.messages.len();
        assert_eq!(long.left_out, Some(u32::try_from(all - left).unwrap()));
        // 6,144 tokens are left for the conversation, and a turn is about 250.
        assert!((40..=50).contains(&left), "{left} of {all}");
        assert_eq!(long.request.messages[left - 1].joined_text("").unwrap(), "What was the first thing I said?");
        // A model of which nobody knows how much it reads is told everything, and so is one that reads more.
        for model in ["nobody-knows-it", "gpt-4o"] {
            let (all, whole) = shortened(model, 60, &going_on).await;
            assert_eq!((whole.request.messages.len(), whole.left_out), (all, None), "{model}");
        }
    }

    #[tokio::test]
    async fn stopping_ends_the_counting() {
        let stopped = CancellationToken::new();
        stopped.cancel();
        let (all, whole) = shortened("gpt-4", 60, &stopped).await;
        assert_eq!((whole.request.messages.len(), whole.left_out), (all, None));
    }
}
