//! Lists of models, which of them answers, and the test of a provider.

use parlance_store::ChosenModel;

use crate::api::{
    AppEvent, ChooseModel, Empty, ErrorBody, ErrorCode, ModelChoice, ModelListView, ModelTested, ProviderId,
    ProviderTested, Why,
};
use crate::app::App;
use crate::config::Config;
use crate::providers::{Address, find, refused};
use crate::speaking::millis;
use crate::trial;

/// A model's name is no longer than this, in characters.
const MOST_MODEL_CHARS: usize = 300;

impl App {
    pub(crate) async fn model_lists(&self, _: Empty) -> Result<Vec<ModelListView>, ErrorBody> {
        Ok(self.lists())
    }

    pub(crate) async fn refresh_models(&self, request: ProviderId) -> Result<ModelListView, ErrorBody> {
        let config = self.config();
        self.refresh(find(&config, &request.id)?).await;
        self.list_view(&request.id)
    }

    pub(crate) async fn choose_model(&self, request: ChooseModel) -> Result<Empty, ErrorBody> {
        let ModelChoice { provider, model } = request.choice;
        let model = model.trim().to_owned();
        let is_name = !model.is_empty() && !model.chars().any(char::is_control);
        if !is_name || model.chars().count() > MOST_MODEL_CHARS {
            return Err(
                ErrorBody::new(ErrorCode::BadCall).with_details("a model needs a name of at most 300 characters")
            );
        }
        let config = self.config();
        let choice = ModelChoice { provider: find(&config, &provider)?.id.clone(), model };
        match request.conversation_id {
            Some(id) => {
                let row = self.store()?.choose_model(&id, &choice.clone().into()).await?;
                self.change_config(|config| remember(config, &choice))?;
                self.hub().tell(AppEvent::Conversation { summary: row.into() });
            }
            None => {
                self.change_config(|config| {
                    remember(config, &choice);
                    config.settings.provider.clone_from(&choice.provider);
                    config.settings.defaults.chat = Some(choice.clone());
                })?;
                self.hub().tell(AppEvent::Settings { settings: self.config().settings });
            }
        }
        self.tell_providers();
        Ok(Empty {})
    }

    pub(crate) async fn test_provider(&self, request: ProviderId) -> Result<ProviderTested, ErrorBody> {
        let config = self.config();
        let provider = find(&config, &request.id)?;
        let address = Address::of(provider)?;
        let client = self.client(provider, &address)?;
        let model = Some(provider.model.as_str()).filter(|model| !model.is_empty());
        let trial = trial::run(client.as_ref(), model, self.inner.clock.as_ref()).await.map_err(|failed| {
            let error = refused(&failed.error, provider, address.origin.host(), &provider.model);
            unlisted(error, failed.near)
        })?;
        let answered = model.zip(trial.answered_after).map(|(model, after)| ModelTested {
            model: model.to_owned(),
            listed: trial.lists(model),
            ms: millis(after),
        });
        let ms = millis(trial.listed_after);
        let models = trial.models.unwrap_or_default();
        let ids = models.iter().map(|model| model.id.clone()).collect();
        self.keep_list(provider, models);
        Ok(ProviderTested { models: ids, ms, answered })
    }
}

/// The same error with names near the one that the provider does not list.
pub(crate) fn unlisted(error: ErrorBody, near: Vec<String>) -> ErrorBody {
    if near.is_empty() { error } else { ErrorBody { why: Some(Why::NotListed), near, ..error } }
}

/// The last model of each provider is the first one offered there.
fn remember(config: &mut Config, choice: &ModelChoice) {
    if let Some(provider) = config.providers.iter_mut().find(|provider| provider.id == choice.provider) {
        provider.model.clone_from(&choice.model);
    }
}

impl From<ModelChoice> for ChosenModel {
    fn from(choice: ModelChoice) -> Self {
        Self { provider: choice.provider, model: choice.model }
    }
}

impl From<ChosenModel> for ModelChoice {
    fn from(chosen: ChosenModel) -> Self {
        Self { provider: chosen.provider, model: chosen.model }
    }
}

#[cfg(test)]
mod tests {
    use parlance_simulator::{Answer, Scenario, Simulator};
    use serde_json::{Value, json};

    use super::*;
    use crate::stage::{heard, start, with_server};

    async fn simulator() -> Simulator {
        let models = vec!["gpt-5.2".into(), "text-embedding-3-small".into()];
        Simulator::start(Scenario { models, ..Scenario::default() }).await.unwrap()
    }

    fn mine(lists: &Value) -> &Value {
        lists.as_array().unwrap().iter().find(|list| list["provider"] == "mine").unwrap()
    }

    #[tokio::test]
    async fn a_list_is_asked_for_once_and_shown_after_a_restart_without_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let server = simulator().await;
        let app = start(folder.path()).await;
        with_server(&app, &server).await;
        let mut events = app.subscribe();
        let first = app.call("model_lists", json!({})).await.unwrap();
        assert_eq!(mine(&first)["models"], json!([]));
        let list = heard(&mut events, |event| match event {
            AppEvent::Models { list } if list.provider == "mine" && !list.asking => Some(list.clone()),
            _ => None,
        })
        .await;
        let offered: Vec<_> = list.models.iter().map(|model| (model.id.as_str(), model.may_chat)).collect();
        assert_eq!(offered, [("gpt-5.2", true), ("text-embedding-3-small", false)]);
        assert_eq!(list.models[0].context_tokens, Some(400_000), "the catalogue knows it");
        app.call("model_lists", json!({})).await.unwrap();
        assert_eq!(server.requests().len(), 1, "a fresh list is not asked for again");
        app.shut_down().await;
        drop(server);

        let app = start(folder.path()).await;
        let kept = app.call("model_lists", json!({})).await.unwrap();
        assert_eq!(mine(&kept)["models"].as_array().unwrap().len(), 2);
        let failed = app.call("refresh_models", json!({"id": "mine"})).await.unwrap();
        assert_eq!(
            (&failed["error"]["code"], &failed["error"]["why"]),
            (&json!("unreachable"), &json!("connection_refused"))
        );
        assert_eq!(failed["models"].as_array().unwrap().len(), 2, "a failure keeps the list");
        app.shut_down().await;
    }

    #[tokio::test]
    async fn a_test_asks_the_model_and_names_what_is_near_to_an_unknown_one() {
        let folder = tempfile::tempdir().unwrap();
        let server = simulator().await;
        let app = start(folder.path()).await;
        with_server(&app, &server).await;
        let tested = app.call("test_provider", json!({"id": "mine"})).await.unwrap();
        assert_eq!((&tested["answered"]["model"], &tested["answered"]["listed"]), (&json!("gpt-5.2"), &json!(true)));
        let asked = server.requests().pop().unwrap().json();
        assert_eq!((&asked["model"], asked["messages"].as_array().unwrap().len()), (&json!("gpt-5.2"), 1));

        let unknown = json!({"error": {"message": "no such model", "code": "model_not_found"}});
        server.set_scenario(Scenario {
            models: vec!["gpt-5.2".into()],
            ..Scenario::always(Answer::refuses(404, &unknown))
        });
        let choice = json!({"conversation_id": null, "choice": {"provider": "mine", "model": "gpt-52"}});
        app.call("choose_model", choice).await.unwrap();
        let error = app.call("test_provider", json!({"id": "mine"})).await.unwrap_err();
        assert_eq!(
            (error.code, error.why, error.near),
            (ErrorCode::NotFound, Some(Why::NotListed), vec!["gpt-5.2".into()])
        );
        app.shut_down().await;
    }

    #[tokio::test]
    async fn models_that_are_addressed_answer_in_turn_and_know_each_other_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let server = simulator().await;
        server.set_scenario(Scenario::in_turn([Answer::says("Blue."), Answer::says("Green.")]));
        let app = start(folder.path()).await;
        with_server(&app, &server).await;
        let mut events = app.subscribe();
        let to = json!([{"provider": "mine", "model": "a"}, {"provider": "mine", "model": "b"}]);
        let sent =
            app.call("send_message", json!({"conversation_id": null, "text": "@a @b?", "to": to})).await.unwrap();
        heard(&mut events, |event| matches!(event, AppEvent::AnswersEnded { .. }).then_some(())).await;
        let view = app.call("open_conversation", json!({"id": sent["conversation_id"]})).await.unwrap();
        let said: Vec<_> = view["messages"].as_array().unwrap().iter().map(|message| &message["name"]).collect();
        assert_eq!(said[1..], [&json!("a"), &json!("b")]);
        assert_eq!(
            view["summary"]["model"],
            json!({"provider": "mine", "model": "gpt-5.2"}),
            "one turn changes no choice"
        );

        let asked: Vec<Value> = server.requests().iter().map(|request| request.json()).collect();
        assert_eq!((&asked[0]["model"], &asked[1]["model"]), (&json!("a"), &json!("b")));
        assert_eq!(asked[0]["messages"].as_array().unwrap().len(), 1, "the first one is alone so far");
        let second = asked[1]["messages"].to_string();
        assert!(second.contains("You are b.") && second.contains("a: Blue."), "{second}");
        app.shut_down().await;
    }

    #[tokio::test]
    async fn a_conversation_keeps_its_model_when_the_default_changes() {
        let folder = tempfile::tempdir().unwrap();
        let server = simulator().await;
        let app = start(folder.path()).await;
        with_server(&app, &server).await;
        let mut events = app.subscribe();
        let ended = |event: &AppEvent| matches!(event, AppEvent::AnswersEnded { .. }).then_some(());
        let sent = app.call("send_message", json!({"conversation_id": null, "text": "hi"})).await.unwrap();
        heard(&mut events, ended).await;
        let other = json!({"conversation_id": null, "choice": {"provider": "mine", "model": "other"}});
        app.call("choose_model", other).await.unwrap();
        for (conversation, model) in [(sent["conversation_id"].clone(), "gpt-5.2"), (Value::Null, "other")] {
            let context = json!({"conversation_id": conversation, "draft": "more"});
            let context = app.call("context", context).await.unwrap();
            assert_eq!(context["model"], model);
            app.call("send_message", json!({"conversation_id": conversation, "text": "more"})).await.unwrap();
            heard(&mut events, ended).await;
            assert_eq!(server.requests().pop().unwrap().json()["model"], model);
        }
        app.shut_down().await;
    }
}
