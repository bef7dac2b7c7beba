//! OpenAI's `audio/speech`, and every server that speaks it, as <https://platform.openai.com/docs/api-reference/audio> describes
//! it (read November 2026): the sound comes bare, or in events where `stream_format` asks for them.

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::synthesis::{SpeechEvent, SpeechManner};
use parlance_core::{Category, ProviderError, SampleRate};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::decoder::{self, Events, Protocol, Step};
use crate::errors;
use crate::history;
use crate::lenient::{self, Text};
use crate::provider::Provider;
use crate::realtime::pcm;
use crate::speech::answer::{self, Carriage, SpeechDecoder};
use crate::speech::spoken::Spoken;
use crate::speech::{SpeechApi, raw, text};
use crate::transport::{Answered, Question, header};

/// The service takes so much text in one request.
const MOST_CHARACTERS: usize = 4_096;

/// A model behind `audio/speech`.
#[derive(Debug, Clone)]
pub struct OpenAiSpeech {
    /// As the provider names it.
    pub model: String,
    /// The voice that speaks where none is asked for; the protocol wants one in every request.
    pub usual_voice: &'static str,
}

impl SpeechApi for OpenAiSpeech {
    type Protocol = SpeechEvents;

    fn most_characters(&self) -> Option<usize> {
        Some(MOST_CHARACTERS)
    }

    fn question(&self, provider: &Provider, text: &str, manner: &SpeechManner) -> Result<Question, ProviderError> {
        let mut body = Map::from_iter([
            ("model".to_owned(), json!(self.model)),
            ("voice".to_owned(), json!(manner.voice.as_deref().unwrap_or(self.usual_voice))),
            ("input".to_owned(), json!(text)),
            ("response_format".to_owned(), json!("pcm")),
        ]);
        if let Some(speed) = manner.speed {
            body.insert("speed".into(), text::decimal(speed));
        }
        if let Some(instructions) = &manner.instructions {
            body.insert("instructions".into(), json!(instructions));
        }
        history::write_extra(&manner.extra, &mut body);
        Ok(Question {
            url: provider.endpoint("audio/speech")?,
            headers: vec![header("accept", "application/octet-stream")],
            body,
            delivery: Delivery::Streaming,
        })
    }

    fn carriage(&self, answered: &Answered) -> Carriage {
        match answered.media_type() {
            "application/json" | "text/event-stream" => Carriage::Told(answered.delivery()),
            _ => Carriage::Bare,
        }
    }

    fn protocol(&self, provider: Arc<str>, characters: u64) -> SpeechEvents {
        SpeechEvents { spoken: Spoken::new(provider, characters) }
    }
}

/// The events of a speech.
#[derive(Debug)]
pub struct SpeechEvents {
    spoken: Spoken,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    audio: Text<'a>,
    usage: lenient::Maybe<Usage>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Protocol for SpeechEvents {
    type Event = SpeechEvent;

    fn provider(&self) -> &str {
        self.spoken.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events<SpeechEvent>) -> Result<Step, ProviderError> {
        if data == "[DONE]" {
            return Ok(Step::More);
        }
        let event: Event = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        if let Some(error) = event.error.filter(|error| !error.is_null()) {
            return Err(errors::from_object(self.provider(), &error));
        }
        match event.r#type.words() {
            Some("speech.audio.delta") => {
                self.spoken.hear_base64(event.audio.words().unwrap_or_default(), SampleRate::HZ_24000, out)?;
                Ok(Step::More)
            }
            Some("speech.audio.done") => {
                if let Some(usage) = event.usage.0 {
                    self.spoken.count(None, usage.input_tokens, usage.output_tokens);
                }
                self.spoken.finish(out)?;
                Ok(Step::Finished)
            }
            Some("error") => {
                let body: Value = serde_json::from_str(data).unwrap_or_default();
                Err(errors::from_object(self.provider(), &body))
            }
            _ => Ok(Step::More),
        }
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events<SpeechEvent>) -> Result<Step, ProviderError> {
        // Half an event cannot be read: the answer was cut.
        match rest.map(|rest| self.event(rest, out)) {
            Some(Err(error)) if error.category == Category::Protocol => Ok(Step::More),
            Some(done) => done,
            None => Ok(Step::More),
        }
    }

    /// An object is a server's word for why there is no sound, with a status that says otherwise; or the sound of Mistral's,
    /// which comes in one.
    fn whole(&mut self, body: &str, out: &mut Events<SpeechEvent>) -> Result<(), ProviderError> {
        let body: Value =
            serde_json::from_str(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        if let Some(sound) = body.get("audio_data").and_then(Value::as_str).and_then(pcm::bytes) {
            return raw::read_whole(Arc::clone(self.spoken.provider()), &sound, self.spoken.characters(), out);
        }
        Err(match body.get("error").or_else(|| body.get("detail").map(|_| &body)) {
            Some(error) => errors::from_object(self.provider(), error),
            None => self.spoken.fail(Category::Protocol, "the server sent an object instead of sound"),
        })
    }
}

/// For fuzzing: see `speech::answer::check`.
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    answer::check(data, || SpeechDecoder::<SpeechEvents>::bare("p".into(), "audio/pcm", 1));
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        answer::check(data, || told(delivery));
    }
}

fn told(delivery: Delivery) -> SpeechDecoder<SpeechEvents> {
    SpeechDecoder::told(delivery, SpeechEvents { spoken: Spoken::new("p".into(), 1) })
}

#[cfg(test)]
mod tests {
    use parlance_core::AudioChunk;
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;
    use crate::speech::join;

    /// Five bytes in pieces of one, two and two, so that both samples are cut, and one byte too many.
    const SEED: &str = concat!(
        "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AQ==\"}\n\n",
        "data: {\"type\":\"speech.audio.new\",\"audio\":7}\n\n",
        "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AgM=\"}\n\n",
        "data: {\"type\":\"speech.audio.delta\",\"audio\":\"\"}\r\n\r\n",
        "data: {\"type\":\"speech.audio.delta\",\"audio\":\"BAU=\"}\n\n",
        "data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":3,\"output_tokens\":9,\"total_tokens\":12}}\n\n",
    );

    #[test]
    fn pieces_of_base64_are_put_together_across_samples_cut_in_two() {
        let events = join(decoder::decode(told(Delivery::Streaming), [SEED.as_bytes()]));
        let chunk = AudioChunk { samples: vec![0x0201, 0x0403], rate: SampleRate::HZ_24000 };
        assert_eq!(events[0], Ok(SpeechEvent::Audio(chunk)));
        let Ok(SpeechEvent::Usage(usage)) = &events[1] else { panic!("{events:?}") };
        assert_eq!((usage.characters, usage.input_tokens, usage.output_tokens), (1, Some(3), Some(9)));
        assert_eq!(events[2..], [Ok(SpeechEvent::Finished)]);
    }

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        promises::hold_for(SEED, 2, || told(Delivery::Streaming));
    }

    #[test]
    fn what_goes_wrong_in_the_answer_is_said() {
        for (body, delivery, category) in [
            (
                "data: {\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}\n\n",
                Delivery::Streaming,
                Category::RateLimit,
            ),
            (
                "data: {\"type\":\"error\",\"message\":\"x\",\"code\":\"server_error\"}\n\n",
                Delivery::Streaming,
                Category::Server,
            ),
            ("data: {\"type\":\"speech.audio.delta\",\"audio\":\"…\"}\n\n", Delivery::Streaming, Category::Protocol),
            ("data: nonsense\n\n", Delivery::Streaming, Category::Protocol),
            ("data: {\"type\":\"speech.audio.done\"}\n\n", Delivery::Streaming, Category::Protocol),
            (
                "{\"error\":{\"message\":\"no such model\",\"code\":\"model_not_found\"}}",
                Delivery::Whole,
                Category::NotFound,
            ),
            ("{\"ok\":true}", Delivery::Whole, Category::Protocol),
            ("{\"error\":{", Delivery::Whole, Category::Cut),
        ] {
            let events = decoder::decode(told(delivery), [body.as_bytes()]);
            let [Err(error)] = events.as_slice() else { panic!("{body}: {events:?}") };
            assert_eq!(error.category, category, "{body}: {error}");
        }
    }

    #[test]
    fn bare_sound_may_have_the_head_of_a_wav_file_and_must_not_be_another_kind() {
        let wav = |length: u32, channels: u16| {
            let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0".to_vec();
            file.extend(channels.to_le_bytes());
            file.extend(16_000u32.to_le_bytes());
            file.extend([0; 6]);
            file.extend(16u16.to_le_bytes());
            file.extend(b"data");
            file.extend(length.to_le_bytes());
            file.extend([1, 0, 2, 0]);
            file
        };
        let read = |bytes: &[u8]| {
            join(decoder::decode(SpeechDecoder::<SpeechEvents>::bare("p".into(), "audio/mpeg", 1), [bytes]))
        };
        for length in [4, 0, u32::MAX] {
            let events = read(&wav(length, 1));
            let chunk = AudioChunk { samples: vec![1, 2], rate: SampleRate::HZ_16000 };
            assert_eq!(events[0], Ok(SpeechEvent::Audio(chunk)), "{length}");
            assert_eq!(events.last(), Some(&Ok(SpeechEvent::Finished)), "{length}");
        }
        let failed = |bytes: &[u8]| read(bytes).pop().unwrap().unwrap_err();
        assert_eq!(failed(&wav(6, 1)).category, Category::Cut);
        assert!(failed(&wav(4, 2)).message.contains("not 16 bit mono"));
        assert!(failed(b"ID3 and so on, for a while").message.contains("MP3"));
        assert!(failed(b"\xff\xf3 and so on, for a while").message.contains("MP3"));
        assert!(failed(b"").message.contains("no sound"));
        let bare = AudioChunk { samples: vec![1], rate: SampleRate::HZ_24000 };
        assert_eq!(read(&[1, 0])[0], Ok(SpeechEvent::Audio(bare)), "however little comes");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_hold_the_promises(data in prop::collection::vec(any::<u8>(), 0..300)) {
            check(&data);
        }

        #[test]
        fn mutated_answers_hold_the_promises(data in promises::mutations(SEED)) {
            check(&data);
        }

        #[test]
        fn arbitrary_wav_files_hold_the_promises(data in prop::collection::vec(any::<u8>(), 0..100)) {
            check(&[b"RIFF\0\0\0\0WAVEfmt ".as_slice(), &data].concat());
        }
    }
}
