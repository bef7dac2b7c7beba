//! `devices`: which microphones and speakers there are, and whether the chosen ones work.

use parlance_app::Reach;
use parlance_app::api::{DeviceView, DevicesView, Echo, EchoTested, Empty, ErrorBody, Room};
use parlance_app::sound::{Listened, Played};
use serde_json::{Value, json};

use crate::engine::{Desk, call};
use crate::failure::Failure;
use crate::out::clean::name;
use crate::words::{code, sentences};

/// What can be said to `devices`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum DevicesCommand {
    /// List microphones and speakers
    List,
    /// Listen to the chosen microphone for a second, then play a short tone
    Test,
    /// Play a short sweep and find out how much of it comes back through the microphone
    Echo,
}

pub(crate) async fn run(command: DevicesCommand, desk: Desk) -> Result<(), Failure> {
    desk.with_engine(Reach::Settings, None, async |app| match command {
        DevicesCommand::List => {
            let devices: DevicesView = call(app, "devices", Empty {}).await?;
            list(&devices, &desk);
            Ok(())
        }
        DevicesCommand::Test => {
            desk.detail("Listening for a second …");
            let microphone = app.check_microphone().await;
            desk.detail("Playing a tone …");
            let speaker = app.check_speaker().await;
            test(microphone, speaker, &desk)
        }
        DevicesCommand::Echo => {
            desk.detail("Playing a sweep; be quiet for two seconds …");
            let tested: EchoTested = call(app, "test_echo", Empty {}).await?;
            echo(&tested, &desk);
            Ok(())
        }
    })
    .await
}

fn list(devices: &DevicesView, desk: &Desk) {
    let value = |devices: &[DeviceView]| -> Value {
        devices
            .iter()
            .map(|device| json!({"id": device.id, "name": device.name, "default": device.is_default}))
            .collect()
    };
    let value = json!({"inputs": value(&devices.inputs), "outputs": value(&devices.outputs)});
    desk.out.result(&value, || {
        let mut lines = String::new();
        for (title, devices) in [("Microphones", &devices.inputs), ("Speakers", &devices.outputs)] {
            lines.push_str(title);
            lines.push_str(if devices.is_empty() { ": none\n" } else { ":\n" });
            for device in devices {
                let mark = if device.is_default { "*" } else { " " };
                lines.push_str(&format!("{mark} {}  ({})\n", name(&device.name), name(&device.id)));
            }
        }
        lines
    });
}

fn test(
    microphone: Result<Listened, ErrorBody>,
    speaker: Result<Played, ErrorBody>,
    desk: &Desk,
) -> Result<(), Failure> {
    let rounded = |dbfs: Option<f64>| dbfs.map(|dbfs| (dbfs * 10.0).round() / 10.0);
    let input = match &microphone {
        Ok(listened) => json!({
            "ok": true,
            "device": listened.device,
            "seconds": listened.duration.as_secs_f64(),
            "level_dbfs": rounded(listened.level_dbfs),
            "peak_dbfs": rounded(listened.peak_dbfs),
        }),
        Err(error) => failed(error),
    };
    let output = match &speaker {
        Ok(played) => json!({"ok": true, "device": played.device, "seconds": played.duration.as_secs_f64()}),
        Err(error) => failed(error),
    };
    let results = json!({"input": input, "output": output});
    let (Ok(listened), Ok(played)) = (&microphone, &speaker) else {
        let error = microphone.err().or(speaker.err()).expect("BUG: one of them failed");
        let Value::Object(results) = results else { unreachable!("BUG: an object is an object") };
        return Err(Failure::from(error).beside(results));
    };
    desk.out.result(&results, || {
        let heard = match (listened.level_dbfs, listened.peak_dbfs) {
            (Some(level), Some(peak)) => format!("{level:.1} dBFS on average, {peak:.1} dBFS at the loudest"),
            _ => "digital silence (is it muted?)".to_owned(),
        };
        let device =
            |device: &Option<String>| device.as_deref().map(name).unwrap_or_else(|| "system's choice".to_owned());
        format!(
            "Microphone ({}): {heard}.\nSpeaker ({}): a tone of {} ms was played.\n",
            device(&listened.device),
            device(&played.device),
            played.duration.as_millis()
        )
    });
    Ok(())
}

fn echo(tested: &EchoTested, desk: &Desk) {
    desk.out.result(&json!(tested), || {
        let found = match tested.verdict {
            Room::Headphones => "Nothing that matters comes back: headphones, or a microphone far away",
            Room::Speakers => "The speaker is heard, and can be taken off the microphone's sound",
            Room::TooLoud => "The speaker is too loud at the microphone for a person to be told from it",
        };
        let advice = match tested.advice {
            Echo::Off => "off",
            Echo::Cancel => "take it off",
            Echo::HalfDuplex => "do not listen while the assistant speaks, or turn the speaker down",
        };
        let trip = tested.round_trip_ms.map(|ms| format!(", after {ms} ms")).unwrap_or_default();
        format!("{found} ({:.0} dB{trip}).\nEcho in the settings: {advice}.\n", tested.coupling_db)
    });
}

fn failed(error: &ErrorBody) -> Value {
    json!({"ok": false, "code": code(error), "message": sentences(error).message, "details": error.details})
}
