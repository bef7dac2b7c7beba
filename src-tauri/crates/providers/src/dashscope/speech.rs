//! DashScope's models that speak, as <https://help.aliyun.com/zh/model-studio/qwen-tts> and its neighbours describe them (read
//! November 2026).
//!
//! * this file – Qwen's, asked for a text whole.
//! * [`realtime`] – Qwen's, written to over a socket; [`cosyvoice`] – CosyVoice, over a socket of another kind.

pub mod cosyvoice;
pub mod realtime;

use std::collections::VecDeque;
use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::synthesis::{SpeechEvent, SpeechManner};
use parlance_core::{Category, ProviderError, SampleRate};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use url::Url;

use crate::base_url;
use crate::decoder::{self, Events, Protocol, Step};
use crate::errors;
use crate::history;
use crate::lenient::{self, Maybe, Text};
use crate::provider::Provider;
use crate::speech::SpeechApi;
use crate::speech::answer::{self, SpeechDecoder};
use crate::speech::socket::{self, SpeechCodec};
use crate::speech::spoken::Spoken;
use crate::transport::{Question, header};

/// Who speaks where nobody is asked for: the first voice of the provider's list.
pub(super) const USUAL_VOICE: &str = "Cherry";
/// The service takes so much text in one request.
const MOST_CHARACTERS: usize = 600;
/// Parameters of the provider's own that stand beside the text; every other is a parameter.
const BESIDE_TEXT: [&str; 5] = ["text", "voice", "language_type", "instructions", "optimize_instructions"];

/// The languages that Qwen's models can be told, by the first part of their tags.
const LANGUAGES: [(&str, &str); 10] = [
    ("zh", "Chinese"),
    ("en", "English"),
    ("de", "German"),
    ("it", "Italian"),
    ("pt", "Portuguese"),
    ("es", "Spanish"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("fr", "French"),
    ("ru", "Russian"),
];

/// The provider's name for a language; `None` for those that it leaves to the model.
pub(super) fn language(tag: &str) -> Option<&'static str> {
    let first = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    LANGUAGES.iter().find(|(known, _)| *known == first).map(|(_, name)| *name)
}

/// A model of Qwen's that speaks whole texts.
#[derive(Debug, Clone)]
pub struct QwenSpeech {
    /// As the provider names it.
    pub model: String,
}

impl SpeechApi for QwenSpeech {
    type Protocol = SpokenFrames;

    fn root(&self, base: Url) -> Url {
        base_url::with_version(base_url::without(base, &["api-ws/v1/"]), &["api/v1/"], "api/v1/")
    }

    fn most_characters(&self) -> Option<usize> {
        Some(MOST_CHARACTERS)
    }

    fn question(&self, provider: &Provider, text: &str, manner: &SpeechManner) -> Result<Question, ProviderError> {
        let mut input = Map::from_iter([
            ("text".to_owned(), json!(text)),
            ("voice".to_owned(), json!(manner.voice.as_deref().unwrap_or(USUAL_VOICE))),
            ("language_type".to_owned(), json!(manner.language.as_deref().and_then(language).unwrap_or("Auto"))),
        ]);
        if let Some(instructions) = &manner.instructions {
            input.insert("instructions".into(), json!(instructions));
        }
        let (beside, rest): (Map<_, _>, Map<_, _>) =
            manner.extra.clone().into_iter().partition(|(name, _)| BESIDE_TEXT.contains(&name.as_str()));
        input.extend(beside);
        let mut parameters = Map::new();
        history::write_extra(&rest, &mut parameters);
        let body = Map::from_iter([
            ("model".to_owned(), json!(self.model)),
            ("input".to_owned(), Value::Object(input)),
            ("parameters".to_owned(), Value::Object(parameters)),
        ]);
        Ok(Question {
            url: provider.endpoint("services/aigc/multimodal-generation/generation")?,
            // Without it the answer is the address of a file, which would have to be made first and fetched then.
            headers: vec![header("x-dashscope-sse", "enable")],
            body,
            delivery: Delivery::Streaming,
        })
    }

    fn protocol(&self, provider: Arc<str>, characters: u64) -> SpokenFrames {
        SpokenFrames { spoken: Spoken::new(provider, characters), is_whole: false }
    }
}

/// Frames with sound in them.
#[derive(Debug)]
pub struct SpokenFrames {
    spoken: Spoken,
    /// Whether the frame that says so was the last one.
    is_whole: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame<'a> {
    #[serde(borrow)]
    output: Maybe<Output<'a>>,
    usage: Maybe<Usage>,
    /// Says something only when the server gives up.
    #[serde(borrow)]
    code: Text<'a>,
    #[serde(borrow)]
    message: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Output<'a> {
    #[serde(borrow)]
    finish_reason: Text<'a>,
    #[serde(borrow)]
    audio: Maybe<Audio<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Audio<'a> {
    #[serde(borrow)]
    data: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) characters: Option<u64>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
}

impl SpokenFrames {
    /// Takes a frame; gives whether it names a file with the sound.
    fn take(&mut self, frame: &Frame<'_>, out: &mut Events<SpeechEvent>) -> Result<bool, ProviderError> {
        if let Some(code) = frame.code.words() {
            let said = json!({"code": code, "message": frame.message.words().unwrap_or_default()});
            return Err(errors::from_object(self.provider(), &said));
        }
        if let Some(usage) = frame.usage.0 {
            self.spoken.count(usage.characters, usage.input_tokens, usage.output_tokens);
        }
        let Some(output) = &frame.output.0 else { return Ok(false) };
        // The word for “not yet” is a text that says null.
        self.is_whole |= output.finish_reason.words().is_some_and(|reason| reason != "null");
        let Some(audio) = &output.audio.0 else { return Ok(false) };
        if let Some(data) = audio.data.words() {
            self.spoken.hear_base64(data, SampleRate::HZ_24000, out)?;
        }
        Ok(audio.url.words().is_some())
    }
}

impl Protocol for SpokenFrames {
    type Event = SpeechEvent;

    fn provider(&self) -> &str {
        self.spoken.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events<SpeechEvent>) -> Result<Step, ProviderError> {
        let frame = lenient::object(data).map_err(|error| decoder::unreadable_event(self.spoken.provider(), &error))?;
        self.take(&frame, out)?;
        // What it cost may follow the frame that says it was the last one.
        Ok(Step::More)
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events<SpeechEvent>) -> Result<Step, ProviderError> {
        match rest.map(lenient::object::<Frame<'_>>) {
            Some(Ok(frame)) => {
                self.take(&frame, out)?;
            }
            // Half a frame: the answer was cut.
            Some(Err(_)) => return Ok(Step::More),
            None => {}
        }
        if !self.is_whole {
            return Ok(Step::More);
        }
        self.spoken.finish(out)?;
        Ok(Step::Finished)
    }

    fn whole(&mut self, body: &str, out: &mut Events<SpeechEvent>) -> Result<(), ProviderError> {
        let frame =
            lenient::object(body).map_err(|error| decoder::unreadable_answer(self.spoken.provider(), &error))?;
        let names_a_file = self.take(&frame, out)?;
        if names_a_file && out.is_empty() {
            let message = "the server sent the address of a file, although it was asked for sound as it is made; \
                           something between us and it took the header x-dashscope-sse away";
            return Err(self.spoken.fail(Category::Protocol, message));
        }
        self.spoken.finish(out)
    }
}

/// For fuzzing, of all three protocols: see `speech::answer::check`; of sockets, frames, one a line.
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    realtime::check(data);
    cosyvoice::check(data);
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        answer::check(data, || told(delivery));
    }
}

/// Frames, one a line: whatever comes, what is sent is JSON, and nothing panics.
fn check_frames(mut codec: impl SpeechCodec, data: &[u8]) {
    let mut heard = VecDeque::new();
    let mut said = codec.hello();
    said.extend(codec.begin());
    for line in data.split(|byte| *byte == b'\n') {
        let frame = std::str::from_utf8(line).map_or(socket::Frame::Bytes(line), socket::Frame::Text);
        if codec.decode(frame, &mut heard).is_err() {
            break;
        }
        if codec.is_ready() {
            said.extend(codec.say("x"));
        }
    }
    said.extend(codec.finish());
    said.extend(codec.cancel());
    for frame in said {
        assert!(serde_json::from_str::<IgnoredAny>(&frame).is_ok(), "BUG: no JSON: {frame}");
    }
}

fn told(delivery: Delivery) -> SpeechDecoder<SpokenFrames> {
    SpeechDecoder::told(delivery, SpokenFrames { spoken: Spoken::new("p".into(), 1), is_whole: false })
}

#[cfg(test)]
mod tests {
    use parlance_core::AudioChunk;
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;
    use crate::speech::join;

    const SEED: &str = concat!(
        "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\":{\"audio\":{\"data\":\"AQID\",\"url\":\"\",\"id\":\"a\"},\"finish_reason\":\"null\"},\"request_id\":\"r\"}\n\n",
        "data:{\"output\":{\"audio\":{\"data\":\"\",\"url\":\"\"},\"finish_reason\":\"null\"}}\n\n",
        "data:{\"new\":[1]}\n\n",
        "data:{\"output\":{\"audio\":{\"data\":\"BA==\"},\"finish_reason\":\"null\"},\"usage\":{\"characters\":7}}\r\n\r\n",
        "data:{\"output\":{\"audio\":{\"data\":\"\",\"url\":\"http://x/a.wav\",\"expires_at\":1},\"finish_reason\":\"stop\"},\"usage\":{\"characters\":9,\"input_tokens\":3}}\n\n",
    );

    #[test]
    fn frames_without_sound_are_fine_and_the_cost_is_the_servers() {
        let events = join(decoder::decode(told(Delivery::Streaming), [SEED.as_bytes()]));
        let chunk = AudioChunk { samples: vec![0x0201, 0x0403], rate: SampleRate::HZ_24000 };
        assert_eq!(events[0], Ok(SpeechEvent::Audio(chunk)));
        let Ok(SpeechEvent::Usage(usage)) = &events[1] else { panic!("{events:?}") };
        assert_eq!((usage.characters, usage.input_tokens, usage.output_tokens), (9, Some(3), None));
        assert_eq!(events[2..], [Ok(SpeechEvent::Finished)]);
    }

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        promises::hold_for(SEED, 2, || told(Delivery::Streaming));
    }

    #[test]
    fn a_plain_answer_is_sound_or_says_why_not() {
        let read = |body: &str| join(decoder::decode(told(Delivery::Whole), [body.as_bytes()]));
        let events =
            read("{\"output\":{\"audio\":{\"data\":\"AQI=\",\"url\":\"http://x\"},\"finish_reason\":\"stop\"}}");
        assert!(
            matches!(events.as_slice(), [Ok(SpeechEvent::Audio(_)), Ok(_), Ok(SpeechEvent::Finished)]),
            "{events:?}"
        );
        for (body, category, words) in [
            ("{\"output\":{\"audio\":{\"data\":\"\",\"url\":\"http://x\"}}}", Category::Protocol, "address of a file"),
            (
                "{\"code\":\"InvalidParameter\",\"message\":\"no such voice\"}",
                Category::InvalidRequest,
                "no such voice",
            ),
            ("{\"code\":\"Throttling.RateQuota\",\"message\":\"m\"}", Category::RateLimit, "m"),
            ("{}", Category::Protocol, "no sound"),
        ] {
            let events = read(body);
            let [Err(error)] = events.as_slice() else { panic!("{body}: {events:?}") };
            assert_eq!(error.category, category, "{body}: {error}");
            assert!(error.message.contains(words), "{body}: {error}");
        }
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
    }
}
