//! Where Parlance keeps things.

use std::path::{Path, PathBuf};

/// The environment variable that names the data folder.
pub const DATA_DIR_VARIABLE: &str = "PARLANCE_DATA_DIR";

/// The folders and files of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    root: PathBuf,
}

impl Paths {
    /// `chosen`, else the folder named by [`DATA_DIR_VARIABLE`], else the platform's own place for a program's data.
    /// `None` when the platform names none (no home folder).
    #[must_use]
    pub fn find(chosen: Option<PathBuf>) -> Option<Self> {
        let root = chosen
            .or_else(|| std::env::var_os(DATA_DIR_VARIABLE).filter(|dir| !dir.is_empty()).map(PathBuf::from))
            .or_else(|| {
                dirs::data_dir().map(|dir| dir.join(if cfg!(target_os = "linux") { "parlance" } else { "Parlance" }))
            })?;
        let root = std::path::absolute(&root).unwrap_or(root);
        Some(Self { root })
    }

    /// A folder of this run alone, for a system that names no home folder.
    #[must_use]
    pub fn without_home() -> Self {
        Self { root: std::env::temp_dir().join(format!("parlance-{}", std::process::id())) }
    }

    /// The data folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings file.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join("settings.json")
    }

    /// The folder of the lists of models.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    /// The folder of what was said and is not answered yet.
    #[must_use]
    pub fn spoken(&self) -> PathBuf {
        self.root.join("spoken")
    }

    /// The file of what was spent on talking today.
    #[must_use]
    pub fn spending(&self) -> PathBuf {
        self.root.join("spending.json")
    }

    /// The folder of log files.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }
}
