//! Microphones and speakers: what there is, what the person chose, and when that changes.

use std::sync::Arc;
use std::time::Duration;

use parlance_audio::devices::Devices;
use parlance_audio::{DeviceOptions, EchoPath, Microphone, Speaker};
use parlance_core::audio::Device;
use parlance_core::echo::CaptureHandling;

use crate::api::{AppEvent, DeviceView, DevicesView, Notice, Settings};
use crate::app::{App, Sound};

/// How often the devices are looked at: plugging in is noticed within it.
const LOOK: Duration = Duration::from_secs(2);

/// The devices the person chose, in one room: what the microphone hears of the speaker is handled as they chose.
pub(crate) fn chosen(settings: &Settings) -> Sound {
    let room = EchoPath::new(CaptureHandling { echo: settings.echo.into(), ..CaptureHandling::default() });
    Sound { input: Arc::new(microphone(settings).hearing(&room)), output: Arc::new(speaker(settings).heard_on(&room)) }
}

/// The same devices, each by itself: the microphone hears what sounds in the room.
pub(crate) fn apart(settings: &Settings) -> Sound {
    Sound { input: Arc::new(microphone(settings)), output: Arc::new(speaker(settings)) }
}

fn microphone(settings: &Settings) -> Microphone {
    Microphone::new(options(&settings.input_device, settings))
}

fn speaker(settings: &Settings) -> Speaker {
    Speaker::new(options(&settings.output_device, settings))
}

fn options(device: &Option<String>, settings: &Settings) -> DeviceOptions {
    DeviceOptions { device: device.clone(), block_frames: settings.audio_block.clamp(480, 4_096) }
}

/// All devices there are. Asks the system, which may take some milliseconds: on a thread of its own.
pub(crate) async fn list() -> DevicesView {
    let found = tokio::task::spawn_blocking(parlance_audio::devices::list).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the devices could not be listed");
        Devices::default()
    });
    let view = |devices: Vec<Device>| {
        devices
            .into_iter()
            .map(|device| DeviceView { id: device.id, name: device.name, is_default: device.is_default })
            .collect()
    };
    DevicesView { inputs: view(found.inputs), outputs: view(found.outputs) }
}

/// Watches devices come and go.
pub(crate) async fn watch(app: App) {
    let mut last: Option<DevicesView> = None;
    loop {
        let now = list().await;
        if last.as_ref() != Some(&now) {
            if last.is_some() {
                app.hub().tell(AppEvent::DevicesChanged);
            }
            match now.inputs.is_empty() {
                true => app.inner.notices.raise(Notice::NoMicrophone),
                false => app
                    .inner
                    .notices
                    .settle(|notice| matches!(notice, Notice::NoMicrophone | Notice::MicrophoneGone { .. })),
            }
            match now.outputs.is_empty() {
                true => app.inner.notices.raise(Notice::NoSpeaker),
                false => {
                    app.inner.notices.settle(|notice| matches!(notice, Notice::NoSpeaker | Notice::SpeakerGone { .. }))
                }
            }
            if !now.inputs.is_empty() && !now.outputs.is_empty() {
                app.inner.notices.settle(|notice| matches!(notice, Notice::SoundServerGone));
            }
            last = Some(now);
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl App {
    /// The chosen microphone's name, as far as it is known.
    pub(crate) fn input_name(&self) -> String {
        self.config().settings.input_device.unwrap_or_default()
    }
}
