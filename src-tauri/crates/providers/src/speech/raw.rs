//! Sound that comes bare, as the whole body of an answer: samples without a head, or a WAV file, which some servers send
//! whatever they are asked for.

use std::sync::Arc;

use parlance_core::synthesis::SpeechEvent;
use parlance_core::{Category, ProviderError, SampleRate};

use super::spoken::Spoken;
use crate::decoder::{self, Events};
use crate::transport::Decode;

/// The head of a WAV file is shorter than this, unless somebody put a book in front of the sound.
const MOST_HEAD_BYTES: usize = 64 * 1024;

/// Reads a body of bare sound.
#[derive(Debug)]
pub(super) struct RawSound {
    spoken: Spoken,
    /// Whether the server calls it MP3; its first bytes alone do not tell it from samples.
    is_called_mp3: bool,
    form: Form,
    ready: Events<SpeechEvent>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Form {
    /// Not known yet; what came so far.
    Unknown(Vec<u8>),
    /// Samples until the end, or for so many bytes.
    Samples { rate: SampleRate, left: Option<u64> },
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Open,
    Finished,
    /// Comes after the events, once.
    Failed(Option<ProviderError>),
}

impl RawSound {
    pub(super) fn new(provider: Arc<str>, media_type: &str, characters: u64) -> Self {
        let form = Form::Unknown(Vec::new());
        let is_called_mp3 = matches!(media_type, "audio/mpeg" | "audio/mp3");
        Self {
            spoken: Spoken::new(provider, characters),
            is_called_mp3,
            form,
            ready: Events::new(),
            outcome: Outcome::Open,
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), ProviderError> {
        match &mut self.form {
            Form::Unknown(head) => {
                head.extend_from_slice(bytes);
                let (form, start) = match read_head(head, self.is_called_mp3) {
                    Head::Short if head.len() <= MOST_HEAD_BYTES => return Ok(()),
                    Head::Short => return Err(self.other("a WAV file without a beginning")),
                    Head::Other(what) => return Err(self.other(what)),
                    Head::Samples(form, start) => (form, start),
                };
                let sound = head.split_off(start);
                self.form = form;
                self.take(&sound)
            }
            Form::Samples { rate, left } => {
                let rate = *rate;
                let wanted =
                    left.map_or(bytes.len(), |left| bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
                if let Some(left) = left {
                    *left -= wanted as u64;
                }
                self.spoken.hear(&bytes[..wanted], rate, &mut self.ready)
            }
        }
    }

    fn other(&self, what: &str) -> ProviderError {
        let message = format!("the server sent {what}, though bare samples (pcm) were asked for");
        self.spoken.fail(Category::Protocol, message)
    }

    fn close(&mut self) -> Result<(), ProviderError> {
        match &mut self.form {
            // So short that it might have become anything: samples, then.
            Form::Unknown(head) if !head.starts_with(b"RIFF") => {
                let head = std::mem::take(head);
                self.spoken.hear(&head, SampleRate::HZ_24000, &mut self.ready)?;
            }
            Form::Unknown(_) => return Err(decoder::cut(self.spoken.provider())),
            Form::Samples { left: Some(left), .. } if *left > 0 => return Err(decoder::cut(self.spoken.provider())),
            Form::Samples { .. } => {}
        }
        self.spoken.finish(&mut self.ready)
    }

    fn settle(&mut self, done: Result<Outcome, ProviderError>) {
        self.outcome = done.unwrap_or_else(|error| Outcome::Failed(Some(error)));
    }
}

/// Reads bare sound that came in one piece, inside of something else.
///
/// # Errors
/// When it is none.
pub(crate) fn read_whole(
    provider: Arc<str>,
    sound: &[u8],
    characters: u64,
    out: &mut Events<SpeechEvent>,
) -> Result<(), ProviderError> {
    let mut reader = RawSound::new(provider, "audio/mpeg", characters);
    reader.feed(sound);
    reader.end();
    while let Some(event) = reader.next_event() {
        out.push_back(event?);
    }
    Ok(())
}

/// What a body begins with.
enum Head {
    /// Too little came to tell.
    Short,
    /// No sound that is read here.
    Other(&'static str),
    /// Samples, from this byte on.
    Samples(Form, usize),
}

fn read_head(head: &[u8], is_called_mp3: bool) -> Head {
    if head.len() < 12 {
        return Head::Short;
    }
    match head {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => read_wav_head(head),
        [b'I', b'D', b'3', ..] => Head::Other("an MP3 file"),
        [0xff, 0xe0..=0xff, ..] if is_called_mp3 => Head::Other("an MP3 file"),
        [b'O', b'g', b'g', b'S', ..] => Head::Other("an Ogg file"),
        [b'f', b'L', b'a', b'C', ..] => Head::Other("a FLAC file"),
        _ => Head::Samples(Form::Samples { rate: SampleRate::HZ_24000, left: None }, 0),
    }
}

/// Walks over the parts of a WAV file until its samples begin.
fn read_wav_head(head: &[u8]) -> Head {
    let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let half = |at: usize| Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?));
    let (mut at, mut rate) = (12, None);
    loop {
        let (Some(name), Some(length)) = (head.get(at..at + 4), word(at + 4)) else { return Head::Short };
        let inner = at + 8;
        match name {
            b"fmt " => {
                let (Some(channels), Some(hz), Some(bits)) = (half(inner + 2), word(inner + 4), half(inner + 14))
                else {
                    return Head::Short;
                };
                // The form itself may be said in two ways; one channel of 16 bits means samples in both.
                rate = SampleRate::new(hz).filter(|_| channels == 1 && bits == 16);
                if rate.is_none() {
                    return Head::Other("a WAV file that is not 16 bit mono");
                }
            }
            b"data" => {
                let Some(rate) = rate else { return Head::Other("a WAV file that does not say its form") };
                // Who writes a head before the sound is made does not know its length.
                let left = (length != 0 && length < 0x7fff_0000).then_some(u64::from(length));
                return Head::Samples(Form::Samples { rate, left }, inner);
            }
            _ => {}
        }
        // Parts begin at even places.
        at = inner.saturating_add(length as usize).saturating_add(length as usize % 2);
    }
}

impl Decode for RawSound {
    type Event = SpeechEvent;

    fn feed(&mut self, bytes: &[u8]) {
        if !self.is_over() {
            let done = self.take(bytes).map(|()| Outcome::Open);
            self.settle(done);
        }
    }

    fn end(&mut self) {
        if !self.is_over() {
            let done = self.close().map(|()| Outcome::Finished);
            self.settle(done);
        }
    }

    fn interrupt(&mut self, error: ProviderError) {
        if !self.is_over() {
            self.outcome = Outcome::Failed(Some(error));
        }
    }

    fn next_event(&mut self) -> Option<Result<SpeechEvent, ProviderError>> {
        if let Some(event) = self.ready.pop_front() {
            return Some(Ok(event));
        }
        match &mut self.outcome {
            Outcome::Failed(error) => error.take().map(Err),
            Outcome::Open | Outcome::Finished => None,
        }
    }

    fn is_over(&self) -> bool {
        self.outcome != Outcome::Open
    }
}
