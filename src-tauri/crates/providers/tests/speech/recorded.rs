//! Recorded answers of real servers that spoke. All that are known are MP3, as their requests asked for: what is read here asks
//! for bare samples, so each must be told for what it is, and never played as noise.

use std::path::{Path, PathBuf};

use parlance_core::Category;
use parlance_core::chat::Delivery;
use parlance_core::synthesis::SpeechEvent;
use parlance_providers::decoder::decode;
use parlance_providers::openai::speech::OpenAiSpeech;
use parlance_providers::speech::{SpeechApi, SpeechDecoder};
use serde_json::Value;

#[test]
fn every_recorded_speech_is_told_for_what_it_is() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_RECORDINGS").map(PathBuf::from);
    let mut told = 0;
    for folder in std::iter::once(workspace.join("tests/recordings")).chain(larger) {
        let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("MANIFEST.json")).unwrap()).unwrap();
        for about in manifest["files"].as_array().unwrap() {
            let file = about["file"].as_str().unwrap();
            // Where a recorder kept the sound as base64 of an unknown form, nobody knows what the server sent.
            if about["kind"] != "tts" || about["fidelity"].as_str().is_some_and(|how| how.starts_with("json")) {
                continue;
            }
            let body = std::fs::read(folder.join(file)).unwrap();
            for size in [usize::MAX, 1, 7] {
                let pieces: Vec<&[u8]> = body.chunks(size.min(body.len())).collect();
                let events = decode(decoder(file), pieces);
                let [Err(error)] = events.as_slice() else { panic!("{file}: {} events", events.len()) };
                assert_eq!(error.category, Category::Protocol, "{file}: {error}");
                assert!(error.message.contains("MP3"), "{file}: {error}");
            }
            told += 1;
        }
    }
    assert!(told >= 2, "only {told} recordings found");
    println!("{told} recorded speeches are told for what they are");
}

/// A reader as the client makes it: of an object, or of the bare body that the server calls MP3.
fn decoder(file: &str) -> impl parlance_providers::transport::Decode<Event = SpeechEvent> {
    let api = OpenAiSpeech { model: "m".into(), usual_voice: "alloy" };
    match file.ends_with(".json") {
        true => SpeechDecoder::told(Delivery::Whole, api.protocol("p".into(), 1)),
        false => SpeechDecoder::bare("p".into(), "audio/mpeg", 1),
    }
}
