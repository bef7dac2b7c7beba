//! What the person chooses.

use parlance_assistant::voice::news::VoiceCommand;

use crate::api::{AppEvent, DevicesView, EchoTested, Empty, ErrorBody, Patience, Settings, SettingsPatch};
use crate::app::{App, Sound};
use crate::devices;
use crate::speaking::millis;

impl App {
    pub(crate) async fn update_settings(&self, patch: SettingsPatch) -> Result<Settings, ErrorBody> {
        let before = self.config().settings;
        self.change_config(|config| apply(&mut config.settings, patch))?;
        let settings = self.config().settings;
        self.apply_voice_settings(&settings);
        if (&settings.voice, &settings.voice_instructions) != (&before.voice, &before.voice_instructions) {
            self.choose_voice(&settings.voice)?;
        }
        let devices_of = |settings: &Settings| {
            (settings.input_device.clone(), settings.output_device.clone(), settings.audio_block, settings.echo)
        };
        if devices_of(&settings) != devices_of(&before)
            && let Ok(voice) = self.voice()
        {
            let sound = devices::chosen(&settings);
            voice.send(VoiceCommand::Devices(sound.input, sound.output));
        }
        self.hub().tell(AppEvent::Settings { settings: settings.clone() });
        Ok(settings)
    }

    pub(crate) async fn test_echo(&self, _: Empty) -> Result<EchoTested, ErrorBody> {
        let Sound { input, output } = devices::apart(&self.config().settings);
        let report = parlance_audio::echo_trial(&*input, &*output).await?;
        Ok(EchoTested {
            verdict: report.verdict.into(),
            advice: report.verdict.handling().into(),
            round_trip_ms: report.round_trip.map(millis),
            coupling_db: report.coupling_db,
            noise_dbfs: report.noise_dbfs,
        })
    }

    pub(crate) async fn devices(&self, _: Empty) -> Result<DevicesView, ErrorBody> {
        Ok(devices::list().await)
    }
}

fn apply(settings: &mut Settings, patch: SettingsPatch) {
    fn set<T>(field: &mut T, new: Option<T>) {
        if let Some(new) = new {
            *field = new;
        }
    }
    let device = |id: String| (!id.is_empty()).then_some(id);
    set(&mut settings.language, patch.language);
    set(&mut settings.theme, patch.theme);
    set(&mut settings.text_scale, patch.text_scale.filter(|scale| (0.5..=3.0).contains(scale)));
    if let Some(provider) = patch.provider {
        // The provider's last model is meant, not another one's.
        settings.defaults.chat = settings.defaults.chat.take().filter(|chat| chat.provider == provider);
        settings.provider = provider;
    }
    set(&mut settings.input_device, patch.input_device.map(device));
    set(&mut settings.output_device, patch.output_device.map(device));
    set(&mut settings.audio_block, patch.audio_block.map(|frames| frames.clamp(480, 4_096)));
    set(&mut settings.warm_microphone, patch.warm_microphone);
    set(&mut settings.echo, patch.echo);
    set(&mut settings.talk_key, patch.talk_key);
    set(&mut settings.hotkey, patch.hotkey.map(|keys| keys.trim().to_owned()).filter(|keys| keys.len() <= 64));
    set(&mut settings.reasoning, patch.reasoning);
    set(&mut settings.show_figures, patch.show_figures);
    set(&mut settings.defaults, patch.defaults);
    set(&mut settings.favourites, patch.favourites);
    set(&mut settings.tools, patch.tools);
    set(&mut settings.voice, patch.voice);
    set(&mut settings.patience, patch.patience.map(Patience::within_limits));
    set(&mut settings.local_turns, patch.local_turns);
    set(&mut settings.idle_hang_up_s, patch.idle_hang_up_s);
    set(&mut settings.spending_cap, patch.spending_cap);
    set(&mut settings.voice_instructions, patch.voice_instructions);
}
