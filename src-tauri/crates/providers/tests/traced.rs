//! What a program that watches the engine sees of a call. A program of its own: which spans are wanted is remembered for
//! the whole program, and threads that want none would decide it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "families/family.rs"]
#[allow(dead_code, reason = "only a part of it is needed here")]
mod family;
#[path = "chat/setting.rs"]
#[allow(dead_code, reason = "only a part of it is needed here")]
mod setting;

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use parlance_simulator::Answer;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::family::Family;
use crate::setting::{question, simulator};

/// Writes down which spans begin and end, and with what.
#[derive(Clone, Default)]
struct Watcher(Arc<Mutex<Vec<String>>>);

impl Watcher {
    fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Default)]
struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl<S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>> Layer<S> for Watcher {
    fn on_new_span(&self, about: &tracing::span::Attributes<'_>, _: &tracing::span::Id, _: Context<'_, S>) {
        if about.metadata().target().starts_with("parlance") {
            let mut fields = Fields::default();
            about.record(&mut fields);
            self.0.lock().unwrap().push(format!("{}{}", about.metadata().name(), fields.0));
        }
    }

    fn on_close(&self, id: tracing::span::Id, context: Context<'_, S>) {
        let about = context.metadata(&id).unwrap();
        if about.target().starts_with("parlance") {
            self.0.lock().unwrap().push(format!("{} ends", about.name()));
        }
    }
}

#[tokio::test]
async fn each_call_and_each_putting_into_form_is_a_span_that_ends_with_it() {
    let watcher = Watcher::default();
    let _watching = tracing::subscriber::set_default(Registry::default().with(watcher.clone()));
    for family in Family::ALL {
        let server = simulator(Answer::says("Yes.")).await;
        let client = family.client(&server);
        let before = watcher.seen().len();
        let mut answer = client.stream(&question()).await.unwrap();
        let begun = watcher.seen()[before..].to_vec();
        assert_eq!(begun.len(), 3, "{family:?}: {begun:?}");
        assert!(begun[0].starts_with("chat provider=") && begun[0].contains(" model=\"m\""), "{begun:?}");
        assert_eq!(begun[1..], ["format formatter=Chat messages=1", "format ends"], "{family:?}");
        while answer.next().await.is_some() {}
        drop(answer);
        assert_eq!(watcher.seen()[before..].last().map(String::as_str), Some("chat ends"), "{family:?}");
    }
}
