//! `trigger`: orders for the Parlance whose window is open. Desktops whose programs may not take a hotkey (Wayland) run
//! this from their own key bindings.

use clap::builder::PossibleValuesParser;
use parlance_app::api::ErrorBody;
use parlance_app::trigger::{Order, ring};
use serde_json::json;

use crate::engine::Desk;
use crate::failure::Failure;

/// What can be said to `trigger`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
down and up are the press and the release of the talk key, for bindings that know both; toggle is for those that know \
only a press. No engine is started: when no window is open, nothing is done, and the exit code is 1.")]
pub(crate) struct TriggerArgs {
    /// What is to be done
    #[arg(value_name = "ORDER", value_parser = PossibleValuesParser::new(Order::ALL.map(|(word, _)| word)))]
    order: String,
}

pub(crate) async fn run(args: &TriggerArgs, desk: &Desk) -> Result<(), Failure> {
    let Some(order) = Order::of(&args.order) else {
        return Err(Failure::call(format!("There is no order {}.", args.order)));
    };
    ring(&desk.paths(), order).await.map_err(ErrorBody::from)?;
    desk.out.result(&json!({"done": order.word()}), String::new);
    Ok(())
}
