//! Virtual environments of Python: made once for every list of packages, and kept in the user's cache.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::fs;
use tokio::process::Command;

/// The oldest Python for which the packages that are named have wheels.
const OLDEST: (u32, u32) = (3, 11);

/// Where the program is inside an environment.
const PROGRAM: &str = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };

/// Why there is no environment, as a sentence.
#[derive(Debug)]
pub(crate) struct Unready(String);

impl fmt::Display for Unready {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// Makes environments.
pub(crate) struct Environments {
    /// The Python they are made with.
    python: OsString,
    /// The folder they are kept in.
    folder: PathBuf,
    /// Variables for pip beside those of this process.
    pip: Vec<(&'static str, &'static str)>,
}

impl Environments {
    /// With this machine's Python, in the user's cache.
    pub(crate) fn of_this_user() -> Self {
        let usual = if cfg!(windows) { "python" } else { "python3" };
        let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let caches = folder("XDG_CACHE_HOME")
            .or_else(|| folder("LOCALAPPDATA"))
            .or_else(|| folder("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(env::temp_dir);
        Self { python: usual.into(), folder: caches.join("parlance-tests"), pip: Vec::new() }
    }

    /// The Python of an environment with the packages of `clients/NAME/requirements.txt`; made if there is none yet.
    pub(crate) async fn with(&self, name: &str) -> Result<PathBuf, Unready> {
        let list = here().join(name).join("requirements.txt");
        let packages = fs::read_to_string(&list).await.map_err(|error| told("reading the list of packages", &error))?;
        let version = self.version().await?;
        let mut hasher = DefaultHasher::new();
        (packages, &version).hash(&mut hasher);
        let kept = self.folder.join(format!("{name}-{:016x}", hasher.finish()));
        if fs::try_exists(kept.join(PROGRAM)).await.unwrap_or(false) {
            return Ok(kept.join(PROGRAM));
        }
        fs::create_dir_all(&self.folder).await.map_err(|error| told("making the folder of environments", &error))?;
        // It gets its name when it is whole, so that nobody finds half of one, and two who make it do not meet.
        let making = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(&self.folder);
        let making = making.map_err(|error| told("making a folder", &error))?;
        self.make(making.path(), &list).await?;
        match fs::rename(making.path(), &kept).await {
            Err(error) if !fs::try_exists(kept.join(PROGRAM)).await.unwrap_or(false) => {
                Err(told("giving the environment its name", &error))
            }
            _ => Ok(kept.join(PROGRAM)),
        }
    }

    async fn version(&self) -> Result<String, Unready> {
        let asked = Command::new(&self.python).arg("--version").output().await;
        let python = self.python.display();
        let answer = asked.map_err(|error| {
            Unready(format!(
                "The vendors' clients are written in Python, and `{python}` could not be started: {error}. \
                 Install Python {}.{} or newer with its module venv (on Debian: python3-venv).",
                OLDEST.0, OLDEST.1
            ))
        })?;
        let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        let mut numbers = version.trim_start_matches("Python ").split('.').map_while(|number| number.parse().ok());
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found < OLDEST {
            let (major, minor) = OLDEST;
            return Err(Unready(format!(
                "The vendors' clients need Python {major}.{minor} or newer; this is `{version}`."
            )));
        }
        Ok(version)
    }

    async fn make(&self, folder: &Path, list: &Path) -> Result<(), Unready> {
        let mut venv = Command::new(&self.python);
        let made = venv.args(["-m", "venv", "--clear"]).arg(folder).stdin(Stdio::null()).output().await;
        let made = made.map_err(|error| told("starting Python", &error))?;
        check(&made, "Python could not make a virtual environment. On Debian the package python3-venv is needed.")?;
        let mut pip = Command::new(folder.join(PROGRAM));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        // Wheels only: nobody's build runs here.
        pip.args(["--only-binary", ":all:", "--requirement"]).arg(list);
        pip.envs(self.pip.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
        let installed = pip.output().await.map_err(|error| told("starting pip", &error))?;
        check(
            &installed,
            "The vendors' clients could not be installed. The first run needs the package index of Python; is there a network?",
        )
    }
}

/// The folder of these tests.
pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

fn told(what: &str, error: &dyn fmt::Display) -> Unready {
    Unready(format!("{what}: {error}"))
}

fn check(output: &Output, sentence: &str) -> Result<(), Unready> {
    if output.status.success() {
        return Ok(());
    }
    let [said, complained] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    Err(Unready(format!("{sentence}\n{said}{complained}")))
}

#[tokio::test]
async fn a_machine_without_python_or_without_its_index_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = || Environments { folder: folder.path().to_owned(), ..Environments::of_this_user() };
    let without = Environments { python: "no-such-python".into(), ..elsewhere() };
    let sentence = without.with("ollama").await.unwrap_err().to_string();
    assert!(sentence.contains("`no-such-python` could not be started"), "{sentence}");

    let pip = vec![("PIP_INDEX_URL", "http://127.0.0.1:9/simple"), ("PIP_FIND_LINKS", ""), ("PIP_RETRIES", "0")];
    let sentence = Environments { pip, ..elsewhere() }.with("ollama").await.unwrap_err().to_string();
    assert!(sentence.starts_with("The vendors' clients could not be installed."), "{sentence}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half made is left");
}
