//! The lists of models: kept in memory and, one small file a provider, in the data folder. What is kept is shown at once;
//! what is older than a day is asked for anew beside it, and a failure keeps the old list.
//!
//! A file holds what the provider's list said and when, never a key. It is a copy of what can be had again: one that
//! cannot be read is passed over.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlance_core::ModelInfo;
use serde::{Deserialize, Serialize};

use crate::api::{AppEvent, ErrorBody, KeyState, Mark, ModelListView, ModelView, PriceView};
use crate::app::App;
use crate::config::ProviderConfig;
use crate::providers::{Address, find};

/// A list is asked for again when it is older than this: providers add models every few days.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// After a failure the provider is left alone for so long, unless the person asks.
const PAUSE: Duration = Duration::from_secs(60);
/// Larger than any list of ours.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// All lists that were asked for or read from the disk, by provider.
pub(crate) struct Lists {
    folder: PathBuf,
    known: Mutex<HashMap<String, Known>>,
}

/// What is known of one provider's models.
#[derive(Debug, Clone, Default)]
struct Known {
    kept: Option<Kept>,
    asking: bool,
    error: Option<ErrorBody>,
    /// Time since 1970 of the last try.
    tried: Option<Duration>,
}

/// A list as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// Where it came from: the list of another address is another list.
    base_url: String,
    /// Milliseconds since 1970 (UTC).
    fetched_ms: u64,
    models: Vec<ModelInfo>,
}

impl Lists {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a provider, read from the disk the first time and after its address changed.
    fn of(&self, provider: &ProviderConfig) -> Known {
        let mut all = self.known();
        let known = all.entry(provider.id.clone()).or_insert_with(|| Known {
            kept: file(&self.folder, &provider.id).and_then(|path| read(&path)),
            ..Known::default()
        });
        if known.kept.as_ref().is_some_and(|kept| kept.base_url != provider.base_url) {
            *known = Known { asking: known.asking, ..Known::default() };
        }
        known.clone()
    }

    /// Keeps a list that came, on the disk too as far as it can be written.
    fn keep(&self, provider: &ProviderConfig, models: Vec<ModelInfo>, now: Duration) {
        let kept = Kept { base_url: provider.base_url.clone(), fetched_ms: millis(now), models };
        if let Some(path) = file(&self.folder, &provider.id)
            && let Err(error) = write(&path, &kept)
        {
            tracing::warn!(%error, "a list of models is kept in memory only");
        }
        let known = Known { kept: Some(kept), tried: Some(now), ..Known::default() };
        self.known().insert(provider.id.clone(), known);
    }

    fn fail(&self, provider: &ProviderConfig, error: ErrorBody, now: Duration) {
        let mut all = self.known();
        let known = all.entry(provider.id.clone()).or_default();
        *known = Known { kept: known.kept.take(), asking: false, error: Some(error), tried: Some(now) };
    }

    /// Takes the right to ask a provider, which one task at a time has.
    fn begin(&self, provider: &str) -> Turn {
        let mut all = self.known();
        let known = all.entry(provider.to_owned()).or_default();
        if known.asking {
            return Turn::Taken;
        }
        known.asking = true;
        Turn::Ours
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Ours,
    Taken,
}

impl Known {
    fn is_stale(&self, now: Duration) -> bool {
        let older = |since: Duration, than: Duration| now.saturating_sub(since) >= than || since > now;
        let is_old = self.kept.as_ref().is_none_or(|kept| older(Duration::from_millis(kept.fetched_ms), STALE));
        is_old && !self.asking && self.tried.is_none_or(|tried| older(tried, PAUSE))
    }

    fn view(self, provider: &str) -> ModelListView {
        let fetched_ms = self.kept.as_ref().map(|kept| kept.fetched_ms);
        let models = self.kept.map(|kept| kept.models).unwrap_or_default();
        ModelListView {
            provider: provider.to_owned(),
            models: models.into_iter().map(ModelView::from).collect(),
            fetched_ms,
            asking: self.asking,
            error: self.error,
        }
    }
}

impl App {
    /// What is known of every provider's models. Providers that can be asked and whose list is old are asked beside it; what
    /// comes of it is told as events.
    pub(crate) fn lists(&self) -> Vec<ModelListView> {
        let now = self.inner.clock.wall();
        let config = self.config();
        let views = config.providers.iter().map(|provider| {
            if self.inner.lists.of(provider).is_stale(now) && self.can_be_asked(provider) {
                let (app, provider) = (self.clone(), provider.clone());
                self.spawn(async move {
                    app.refresh(&provider).await;
                });
            }
            self.inner.lists.of(provider).view(&provider.id)
        });
        views.collect()
    }

    /// Asks a provider for its models now, unless it is being asked already.
    pub(crate) async fn refresh(&self, provider: &ProviderConfig) {
        if self.inner.lists.begin(&provider.id) == Turn::Taken {
            return;
        }
        self.tell_list(provider);
        match self.fetch_list(provider).await {
            Ok(models) => self.keep_list(provider, models),
            Err(error) => {
                self.inner.lists.fail(provider, error, self.inner.clock.wall());
                self.tell_list(provider);
            }
        }
    }

    /// Keeps a list that came by other ways, a test say, and tells it.
    pub(crate) fn keep_list(&self, provider: &ProviderConfig, models: Vec<ModelInfo>) {
        self.inner.lists.keep(provider, models, self.inner.clock.wall());
        self.tell_list(provider);
    }

    async fn fetch_list(&self, provider: &ProviderConfig) -> Result<Vec<ModelInfo>, ErrorBody> {
        let address = Address::of(provider)?;
        let models = self.client(provider, &address)?.models().await;
        models.map_err(|error| ErrorBody::from_provider(&error, &provider.name, address.origin.host(), ""))
    }

    fn tell_list(&self, provider: &ProviderConfig) {
        let list = self.inner.lists.of(provider).view(&provider.id);
        self.hub().tell(AppEvent::Models { list });
    }

    /// The list of one provider, as far as it is known.
    pub(crate) fn list_view(&self, provider: &str) -> Result<ModelListView, ErrorBody> {
        let config = self.config();
        Ok(self.inner.lists.of(find(&config, provider)?).view(provider))
    }

    /// What is known of a model: by its provider's list, else by its name.
    pub(crate) fn model_info(&self, provider: &ProviderConfig, model: &str) -> ModelInfo {
        let listed = self
            .inner
            .lists
            .of(provider)
            .kept
            .and_then(|kept| kept.models.into_iter().find(|listed| listed.id == model));
        listed.unwrap_or_else(|| parlance_providers::models::by_name(model))
    }

    /// Whether asking makes sense: there is a key for it, or it is this computer.
    fn can_be_asked(&self, provider: &ProviderConfig) -> bool {
        Address::of(provider).is_ok_and(|address| {
            let has_key =
                matches!(self.key_state(&provider.id, &address.origin), KeyState::Keyring | KeyState::Session);
            address.origin.is_loopback() || has_key
        })
    }
}

/// A mark as drawn; `None` where there is nothing to draw.
fn shown(mark: parlance_core::Mark) -> Option<Mark> {
    Some(match mark {
        parlance_core::Mark::Images => Mark::Images,
        parlance_core::Mark::Audio => Mark::Audio,
        parlance_core::Mark::Video => Mark::Video,
        parlance_core::Mark::Tools => Mark::Tools,
        parlance_core::Mark::Reasoning => Mark::Reasoning,
        parlance_core::Mark::Structured => Mark::Structured,
        parlance_core::Mark::Realtime => Mark::Realtime,
        parlance_core::Mark::Speech => Mark::Speech,
        parlance_core::Mark::Transcription => Mark::Transcription,
        parlance_core::Mark::Embedding => Mark::Embedding,
        parlance_core::Mark::Chat | parlance_core::Mark::Other => return None,
    })
}

impl From<ModelInfo> for ModelView {
    fn from(info: ModelInfo) -> Self {
        Self {
            may_chat: info.capabilities.may_chat(),
            marks: info.capabilities.marks().filter_map(shown).collect(),
            price: info.price.map(|price| PriceView { input: dollars(price.input), output: dollars(price.output) }),
            id: info.id,
            name: info.name,
            context_tokens: info.context_tokens,
            output_tokens: info.output_tokens,
        }
    }
}

/// Millionths of a dollar as a decimal number of dollars, with two digits after the point or as many as it needs.
fn dollars(millionths: u64) -> String {
    let (whole, part) = (millionths / 1_000_000, millionths % 1_000_000);
    let digits = format!("{part:06}");
    let needed = digits.trim_end_matches('0').len().max(2);
    format!("{whole}.{}", &digits[..needed])
}

/// The file of a provider's list; `None` for a name that is too long to be a file's.
fn file(folder: &Path, provider: &str) -> Option<PathBuf> {
    let safe = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let name: String = provider
        .bytes()
        .map(|byte| if safe(byte) { char::from(byte).to_string() } else { format!("_{byte:02x}") })
        .collect();
    (name.len() <= 200).then(|| folder.join(format!("{name}.json")))
}

fn read(path: &Path) -> Option<Kept> {
    let length = fs::metadata(path).ok()?.len();
    if length > MOST_BYTES {
        return None;
    }
    let kept = serde_json::from_slice(&fs::read(path).ok()?);
    kept.inspect_err(|error| tracing::warn!(%error, "a list of models cannot be read and is passed over")).ok()
}

/// Old or new, never half.
fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension("json.new");
    let mut file = fs::File::create(&temporary)?;
    serde_json::to_writer(&mut file, kept)?;
    file.flush()?;
    fs::rename(&temporary, path)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn provider(base_url: &str) -> ProviderConfig {
        ProviderConfig::at("Mein Server/1", base_url)
    }

    fn ids(known: Known) -> Vec<String> {
        known.view("p").models.into_iter().map(|model| model.id).collect()
    }

    #[test]
    fn a_list_is_there_after_a_restart_and_belongs_to_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let here = provider("http://localhost:1/v1");
        Lists::new(folder.path().to_owned()).keep(&here, vec![ModelInfo::named("a")], DAY);
        let again = Lists::new(folder.path().to_owned());
        assert_eq!(ids(again.of(&here)), ["a"]);
        assert_eq!(ids(again.of(&provider("http://localhost:2/v1"))), Vec::<String>::new());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["_4dein_20_53erver_2f1.json"]);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let here = provider("http://localhost:1/v1");
        fs::write(file(folder.path(), &here.id).unwrap(), "{ half").unwrap();
        let known = Lists::new(folder.path().to_owned()).of(&here);
        assert!(known.is_stale(DAY) && ids(known).is_empty());
    }

    #[test]
    fn a_list_is_old_after_a_day_and_a_failure_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let lists = Lists::new(folder.path().to_owned());
        let here = provider("http://localhost:1/v1");
        assert!(lists.of(&here).is_stale(DAY));
        lists.keep(&here, vec![ModelInfo::named("a")], DAY);
        let minute = Duration::from_secs(60);
        assert!(!lists.of(&here).is_stale(2 * DAY - minute));
        assert!(lists.of(&here).is_stale(2 * DAY));
        assert!(lists.of(&here).is_stale(DAY / 2), "a clock that was set back");

        assert_eq!(lists.begin(&here.id), Turn::Ours);
        assert_eq!(lists.begin(&here.id), Turn::Taken);
        assert!(!lists.of(&here).is_stale(2 * DAY), "it is being asked");
        lists.fail(&here, ErrorBody::new(ErrorCode::Unreachable), 2 * DAY);
        let view = lists.of(&here).view("p");
        assert_eq!((view.models.len(), view.fetched_ms), (1, Some(millis(DAY))));
        assert_eq!(view.error.map(|error| error.code), Some(ErrorCode::Unreachable));
        assert!(!lists.of(&here).is_stale(2 * DAY), "it was asked just now");
        assert!(lists.of(&here).is_stale(2 * DAY + minute));
    }

    #[test]
    fn prices_are_written_with_the_digits_they_need() {
        for (millionths, written) in
            [(0, "0.00"), (3_000_000, "3.00"), (600_000, "0.60"), (37_500, "0.0375"), (12_345_678, "12.345678")]
        {
            assert_eq!(dollars(millionths), written);
        }
    }
}
