//! The settings file: what the person chose, and the providers they configured. Never a key.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::Settings;
use crate::notes::NotesConfig;
use crate::registry;

/// Larger than any settings file of ours.
const MOST_BYTES: u64 = 1024 * 1024;

/// The settings file's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What the person chose.
    pub settings: Settings,
    /// The configured providers, in the order they are shown.
    pub providers: Vec<ProviderConfig>,
    /// About notes.
    pub notes: NotesConfig,
    /// Fields of other versions of Parlance, kept as they are.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            providers: registry::configured(),
            notes: NotesConfig::default(),
            unknown: Map::new(),
        }
    }
}

impl Config {
    /// The same, with the providers that came with Parlance since the file was written.
    fn with_every_family(mut self) -> Self {
        for provider in registry::configured() {
            if !self.providers.iter().any(|known| known.id == provider.id) {
                self.providers.push(provider);
            }
        }
        self
    }
}

/// A provider as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderConfig {
    /// Unique: a family's id (`openai`, `anthropic` …), or the name of an added server.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is.
    pub base_url: String,
    /// The chosen model, empty if none.
    #[serde(default)]
    pub model: String,
    /// The service whose ways it has (`deepseek`, `vllm` …); `None` where its name or address says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Headers in every request, names to values. Never a key: this file lies open.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
    /// Azure's version of the protocol; `None` for the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The `tokenizer.json` of its models, or the folder it lies in, to count their tokens with; `None` for the usual way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<PathBuf>,
    /// Origins to which the person agreed to send a key unencrypted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plain_http_allowed: Vec<String>,
}

impl ProviderConfig {
    /// A provider of this id at this address, with nothing chosen.
    pub(crate) fn at(id: &str, base_url: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            base_url: base_url.to_owned(),
            model: String::new(),
            dialect: None,
            headers: Map::new(),
            api_version: None,
            tokenizer: None,
            plain_http_allowed: Vec::new(),
        }
    }

    /// The service whose ways it has: what the settings say, what its name or address says, else OpenAI's protocol.
    #[must_use]
    pub fn dialect(&self) -> &str {
        registry::service_of(self).map_or(registry::OPENAI, |service| service.id)
    }

    /// Azure's version of the protocol: the settings', else the one that Azure's own programs take from the environment.
    pub(crate) fn api_version(&self) -> Option<String> {
        let environment = || std::env::var("OPENAI_API_VERSION").ok().filter(|version| !version.trim().is_empty());
        self.api_version.clone().or_else(environment)
    }
}

/// The file and its content.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    content: Config,
    /// The file is there but cannot be read: it is set aside before the first write.
    unreadable: bool,
}

impl ConfigFile {
    /// Reads the file. A file that is not there gives defaults; one that cannot be read gives defaults too, is kept, and
    /// [`ConfigFile::is_unreadable`] says so.
    #[must_use]
    pub fn open(path: PathBuf) -> Self {
        let (content, unreadable) = match read(&path) {
            Ok(Some(content)) => (content, false),
            Ok(None) => (Config::default(), false),
            Err(error) => {
                tracing::warn!(%error, "the settings file cannot be read; defaults are used");
                (Config::default(), true)
            }
        };
        Self { path, content, unreadable }
    }

    /// What it says.
    #[must_use]
    pub fn content(&self) -> &Config {
        &self.content
    }

    /// Whether the file was there but could not be read.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Changes it, on disk first: when that fails, nothing has changed. What another Parlance has written since (a
    /// terminal beside the window) is taken in before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn change(&mut self, change: impl FnOnce(&mut Config)) -> io::Result<()> {
        let mut next = match read(&self.path) {
            Ok(Some(fresh)) if !self.unreadable => fresh,
            _ => self.content.clone(),
        };
        change(&mut next);
        if self.unreadable {
            fs::rename(&self.path, self.path.with_extension("unreadable.json"))?;
            self.unreadable = false;
        }
        write(&self.path, &next)?;
        self.content = next;
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Option<Config>> {
    let text = match fs::metadata(path) {
        Ok(file) if file.len() > MOST_BYTES => {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than 1 MiB"));
        }
        Ok(_) => fs::read_to_string(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let config: Config = serde_json::from_str(&text)?;
    Ok(Some(config.with_every_family()))
}

/// Old or new, never half: a temporary file, flushed, renamed over the old one, which stays as `.bak`.
fn write(path: &Path, content: &Config) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = path.with_extension("json.new");
    let mut file = open_private(&temporary)?;
    serde_json::to_writer_pretty(&mut file, content)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    if path.exists() {
        fs::copy(path, path.with_extension("json.bak"))?;
    }
    fs::rename(&temporary, path)?;
    if let Ok(folder) = File::open(folder) {
        // Not every file system can flush a folder; the rename itself has happened.
        let _ = folder.sync_all();
    }
    Ok(())
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Theme;

    #[test]
    fn a_change_is_there_after_a_restart_with_fields_of_other_versions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        fs::write(&path, r#"{"settings": {"theme": "dark"}, "from_the_future": [1]}"#).unwrap();
        let mut file = ConfigFile::open(path.clone());
        assert_eq!(file.content().settings.theme, Theme::Dark);
        file.change(|config| config.settings.text_scale = 1.3).unwrap();
        let again = ConfigFile::open(path.clone());
        assert_eq!(again.content(), file.content());
        assert!(fs::read_to_string(&path).unwrap().contains("from_the_future"));
        assert!(fs::read_to_string(path.with_extension("json.bak")).unwrap().contains("dark"));
    }

    #[test]
    fn an_unreadable_file_is_kept_and_defaults_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        fs::write(&path, "{ not json").unwrap();
        let mut file = ConfigFile::open(path.clone());
        assert!(file.is_unreadable());
        assert_eq!(file.content(), &Config::default());
        file.change(|config| config.settings.theme = Theme::Light).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("settings.unreadable.json")).unwrap(), "{ not json");
        assert!(!ConfigFile::open(path).is_unreadable());
    }

    #[test]
    fn two_programs_do_not_undo_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let (mut window, mut terminal) = (ConfigFile::open(path.clone()), ConfigFile::open(path.clone()));
        terminal.change(|config| config.settings.theme = Theme::Dark).unwrap();
        window.change(|config| config.settings.text_scale = 1.5).unwrap();
        let both = ConfigFile::open(path);
        assert_eq!((both.content().settings.theme, both.content().settings.text_scale), (Theme::Dark, 1.5));
    }

    #[test]
    fn a_failed_write_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = ConfigFile::open(folder.path().join("gone").join("settings.json"));
        assert!(file.change(|config| config.settings.theme = Theme::Dark).is_err());
        assert_eq!(file.content().settings.theme, Theme::System);
    }
}
