//! `providers`: the configured model servers, and how every other command names one.

use std::collections::BTreeMap;
use std::time::Duration;

use parlance_app::api::{ErrorBody, ErrorCode, ProviderView, SaveProvider};
use parlance_app::models::{Model, PlainHttp, Wanted};
use parlance_app::{App, Reach, known_services};
use serde_json::{Value, json};

use crate::engine::{Desk, call};
use crate::failure::Failure;
use crate::out::clean::name;

/// What needs no server.
pub(crate) const BUILTIN: &str = "builtin";

/// Which model, and how to reach it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct From {
    /// The provider: openai, openai-responses, anthropic, gemini, dashscope, ollama, a known service such as deepseek or openrouter, or a server you have added [default: the one chosen in the settings]
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// The model, as the provider names it [default: the one chosen in the settings]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) way: Way,
}

/// How to reach a provider.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Way {
    /// Another address for this call, with /v1
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// The environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    pub(crate) key_env: Option<String>,
    /// Let the key travel unencrypted to another computer, for this call
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
}

/// What can be said to `providers`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ProvidersCommand {
    /// List the configured providers
    List,
    /// Add a server, or change one
    Add {
        /// Its name, by which every command knows it
        name: String,
        /// OpenAI's protocol in which of its dialects: openai, or a known service such as deepseek, openrouter, azure, mistral, groq, vllm, lmstudio, llamacpp [default: as its name or address says, else openai]
        #[arg(long, value_name = "DIALECT")]
        dialect: Option<String>,
        /// Where it is, with /v1
        #[arg(long, value_name = "URL")]
        base_url: String,
        /// The model to ask for where none is named
        #[arg(long, value_name = "MODEL")]
        model: Option<String>,
        /// A header in every request, such as x-team=a; may be repeated. It lies open in the settings, so no key
        #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
        header: Vec<(String, String)>,
        /// Azure's version of the protocol [default: 2024-10-21]
        #[arg(long, value_name = "VERSION")]
        api_version: Option<String>,
        /// The tokenizer.json of its models, or the folder it lies in, to count their tokens with; “” takes it away
        #[arg(long, value_name = "FILE")]
        tokenizer: Option<String>,
    },
    /// List the models a provider offers
    Models {
        /// The provider
        provider: String,
        #[command(flatten)]
        way: Way,
    },
    /// Ask a provider for its models and its model for a word, to prove address, key and model
    Test {
        /// The provider
        provider: String,
        /// The model to ask [default: the one chosen for the provider; without one only the list is asked for]
        #[arg(long, value_name = "MODEL")]
        model: Option<String>,
        #[command(flatten)]
        way: Way,
    },
}

pub(crate) async fn run(command: ProvidersCommand, desk: Desk) -> Result<(), Failure> {
    desk.with_engine(Reach::Settings, None, async |app| match command {
        ProvidersCommand::List => {
            list(app, &desk);
            Ok(())
        }
        ProvidersCommand::Add { name, dialect, base_url, model, header, api_version, tokenizer } => {
            let headers = (!header.is_empty()).then(|| header.into_iter().collect());
            add(app, &desk, name, base_url, Chosen { dialect, model, headers, api_version, tokenizer }).await
        }
        ProvidersCommand::Models { provider, way } => models(app, &desk, provider, way).await,
        ProvidersCommand::Test { provider, model, way } => test(app, &desk, provider, model, way).await,
    })
    .await
}

/// The provider and model that a call names.
pub(crate) fn choose(app: &App, from: &From) -> Result<Model, Failure> {
    app.model(&from.wanted(app)?).map_err(|error| from.way.refused(error))
}

impl From {
    /// The provider and model that a call names, with a name that is known.
    pub(crate) fn wanted(&self, app: &App) -> Result<Wanted, Failure> {
        if let Some(provider) = &self.provider {
            check_name(app, provider)?;
        }
        Ok(wanted(self.provider.clone(), self.model.clone(), &self.way))
    }
}

/// What a call's words come to.
pub(crate) fn wanted(provider: Option<String>, model: Option<String>, way: &Way) -> Wanted {
    Wanted {
        provider,
        base_url: way.base_url.clone(),
        model,
        key_variable: way.key_env.clone(),
        plain_http: if way.allow_plain_http { PlainHttp::Agreed } else { PlainHttp::AsConfigured },
        tokenizer: None,
    }
}

impl Way {
    /// An error, which is about the words of the call where it is about an address in them.
    pub(crate) fn refused(&self, error: ErrorBody) -> Failure {
        match error.code {
            ErrorCode::BadUrl if self.base_url.is_some() => Failure::refused(error),
            _ => error.into(),
        }
    }
}

/// Whether a name is one of a provider that can be asked.
pub(crate) fn check_name(app: &App, provider: &str) -> Result<(), Failure> {
    let config = app.config();
    let configured = config.providers.into_iter().map(|known| known.id);
    let known: Vec<String> = configured.chain(known_services().into_iter().map(|known| known.id)).collect();
    if known.iter().any(|known| known == provider) {
        return Ok(());
    }
    let there_is = format!("there is: {}", known.join(", "));
    Err(Failure::call_with(
        match provider {
            BUILTIN => format!("The provider builtin only talks and takes no key; {there_is}."),
            unknown => format!("There is no provider {}; {there_is}.", name(unknown)),
        },
        "A server that speaks OpenAI's protocol is added with “parlance-cli providers add”.",
    ))
}

fn list(app: &App, desk: &Desk) {
    let config = app.config();
    let providers: Vec<Value> = config
        .providers
        .iter()
        .map(|provider| {
            json!({
                "name": provider.id,
                "dialect": provider.dialect(),
                "base_url": provider.base_url,
                "model": (!provider.model.is_empty()).then_some(&provider.model),
                "chosen": provider.id == config.settings.provider,
            })
        })
        .chain([json!({"name": BUILTIN, "dialect": null, "base_url": null, "model": "echo", "chosen": false})])
        .collect();
    desk.out.result(&json!({ "providers": providers }), || {
        let line =
            |id: &str, base_url: &str, model: &str| format!("{}  {}  {}\n", name(id), name(base_url), name(model));
        let mut lines: String =
            config.providers.iter().map(|provider| line(&provider.id, &provider.base_url, &provider.model)).collect();
        lines.push_str(&line(BUILTIN, "(needs no server)", "echo"));
        lines
    });
}

/// What can be said about a server beside its name and address; `None` leaves what is known.
struct Chosen {
    dialect: Option<String>,
    model: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    api_version: Option<String>,
    tokenizer: Option<String>,
}

fn header(text: &str) -> Result<(String, String), BadHeader> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or(BadHeader)?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Debug, thiserror::Error)]
#[error("it looks like NAME=VALUE")]
struct BadHeader;

async fn add(app: &App, desk: &Desk, id: String, base_url: String, chosen: Chosen) -> Result<(), Failure> {
    let before = app.config().providers.into_iter().find(|known| known.id == id.trim());
    let request = SaveProvider {
        name: before.as_ref().map(|known| known.name.clone()).unwrap_or_default(),
        model: chosen.model.or(before.map(|known| known.model)).unwrap_or_default(),
        dialect: chosen.dialect,
        headers: chosen.headers,
        api_version: chosen.api_version,
        tokenizer: chosen.tokenizer,
        id,
        base_url,
    };
    let saved: ProviderView = call(app, "save_provider", request).await.map_err(|error| match error.code {
        ErrorCode::BadUrl | ErrorCode::BadCall => Failure::refused(error),
        _ => error.into(),
    })?;
    let dialect = app.config().providers.into_iter().find(|known| known.id == saved.id);
    let dialect = dialect.as_ref().map_or("openai", |known| known.dialect());
    let value = json!({"name": saved.id, "dialect": dialect, "base_url": saved.base_url, "model": saved.model});
    desk.out.result(&value, || format!("{} is at {}.", name(&saved.id), name(&saved.base_url)));
    Ok(())
}

async fn models(app: &App, desk: &Desk, provider: String, way: Way) -> Result<(), Failure> {
    let models = choose(app, &From { provider: Some(provider), model: None, way })?.list().await?;
    let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
    desk.out.result(&json!({ "models": ids, "details": models }), || ids.iter().map(|id| name(id) + "\n").collect());
    Ok(())
}

async fn test(app: &App, desk: &Desk, provider: String, model: Option<String>, way: Way) -> Result<(), Failure> {
    let model = choose(app, &From { provider: Some(provider.clone()), model, way })?;
    let trial = model.test().await?;
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (models, listed_ms) = (trial.models.as_ref().map(Vec::len), ms(trial.listed_after));
    let answered = trial.answered_after.map(ms).zip(model.name().ok());
    let value = json!({
        "provider": provider,
        "ok": true,
        "models": models.unwrap_or(0),
        "ms": listed_ms,
        "model": answered.map(|(ms, id)| json!({"id": id, "listed": trial.lists(id), "ms": ms})),
    });
    desk.out.result(&value, || {
        let mut lines = match models {
            Some(models) => format!("{} answers, with {models} models, after {listed_ms} ms.", name(&provider)),
            None => format!("{} answers, but has no list of models.", name(&provider)),
        };
        if let Some((ms, id)) = answered {
            let unlisted = if trial.lists(id) { "" } else { ", although it is not listed" };
            lines += &format!("\nThe model {} answers after {ms} ms{unlisted}.", name(id));
        }
        lines
    });
    Ok(())
}

/// The configured provider of this name, for commands that need no connection.
pub(crate) fn require(app: &App, provider: &str) -> Result<(), Failure> {
    check_name(app, provider)?;
    app.model(&Wanted { provider: Some(provider.to_owned()), ..Wanted::default() })
        .map(drop)
        .map_err(|error: ErrorBody| error.into())
}
