//! Where models that make meanings come from.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parlance_core::embedding::EmbeddingModel;
use parlance_embedder::LocalModel;

use super::meaning::{BUILTIN, BUILTIN_MODEL};
use crate::api::{ErrorBody, ErrorCode};
use crate::app::App;

/// Names a folder with models, for a program that lies elsewhere than it was installed.
const FOLDER: &str = "PARLANCE_MODELS";
/// How long this computer's model stays in memory when nobody asks anything: longer than a person thinks between two
/// searches, and 40 MB are somebody else's after that.
const IDLE: Duration = Duration::from_secs(300);

/// A provider's model.
pub(super) fn make(_: &App, provider: &str, model: &str) -> Result<Arc<dyn EmbeddingModel>, ErrorBody> {
    let local = provider == BUILTIN && model == BUILTIN_MODEL;
    if let Some(folder) = local.then(|| installed(BUILTIN_MODEL)).flatten() {
        return Ok(Arc::new(LocalModel::new(folder, IDLE)));
    }
    let what =
        if provider == BUILTIN { "the model of this computer is not installed" } else { "this provider is not known" };
    Err(ErrorBody { model: Some(model.to_owned()), ..ErrorBody::new(ErrorCode::NoMeaning).with_details(what) })
}

/// The folder of a model that came with the program, where there is one.
fn installed(model: &str) -> Option<PathBuf> {
    if let Some(folder) = env::var_os(FOLDER) {
        return Some(PathBuf::from(folder).join(model)).filter(|folder| LocalModel::is_in(folder));
    }
    let program = env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent);
    // Windows and programs as they were built; Debian's package and AppImage; macOS.
    let places = ["models", "../lib/Parlance/models", "../Resources/models"];
    let packaged = places.iter().filter_map(|place| Some(beside?.join(place)));
    // A program that was built to be worked on finds what was set up beside its source.
    let source = cfg!(debug_assertions).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/models"));
    packaged.chain(source).map(|models| models.join(model)).find(|folder| LocalModel::is_in(folder))
}
