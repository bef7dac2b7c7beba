//! Where models that make meanings come from.

use std::sync::Arc;

use parlance_core::embedding::EmbeddingModel;

use super::meaning::BUILTIN;
use crate::api::{ErrorBody, ErrorCode};
use crate::app::App;

/// A provider's model.
pub(super) fn make(_: &App, provider: &str, model: &str) -> Result<Arc<dyn EmbeddingModel>, ErrorBody> {
    let what =
        if provider == BUILTIN { "the model of this computer is not installed" } else { "this provider is not known" };
    Err(ErrorBody { model: Some(model.to_owned()), ..ErrorBody::new(ErrorCode::NoMeaning).with_details(what) })
}
