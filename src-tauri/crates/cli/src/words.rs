//! The sentences of errors, from the file that the window reads too. A sentence of the terminal's own wins where the
//! window's would mislead ("your message is kept").

use std::sync::OnceLock;

use parlance_app::api::{ErrorBody, Notice, VoiceState};
use serde_json::{Map, Value};

use crate::out::clean;

/// What happened, and the one thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentences {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// The sentences of an error.
pub(crate) fn sentences(error: &ErrorBody) -> Sentences {
    let code = code(error);
    let mut message = sentence(&code, error);
    if let Some(why) = error.why.and_then(|why| serde_json::to_value(why).ok()) {
        message += " ";
        message += &fill(word(&format!("why.{}", why.as_str().unwrap_or_default())), &|name| value(name, error));
    }
    Sentences { message, hint: sentence(&format!("{code}.hint"), error) }
}

/// The error's code as it stands in JSON.
pub(crate) fn code(error: &ErrorBody) -> String {
    match serde_json::to_value(error.code) {
        Ok(Value::String(code)) => code,
        _ => unreachable!("BUG: an error code is a word"),
    }
}

/// Something that is wrong now.
pub(crate) fn notice(notice: &Notice) -> String {
    let fields = serde_json::to_value(notice).unwrap_or_default();
    let template = word(&format!("notice.{}", fields["type"].as_str().unwrap_or_default()));
    fill(template, &|name| match &fields[if name == "n" { "ms" } else { name }] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// What the voice does now.
pub(crate) fn voice(state: VoiceState) -> &'static str {
    match serde_json::to_value(state) {
        Ok(Value::String(state)) => word(&format!("voice.{state}")),
        _ => unreachable!("BUG: a state is a word"),
    }
}

fn word(key: &str) -> &'static str {
    words().get(key).and_then(Value::as_str).unwrap_or_default()
}

fn sentence(key: &str, error: &ErrorBody) -> String {
    let words = words();
    let template = [format!("terminal.error.{key}"), format!("error.{key}")]
        .iter()
        .find_map(|key| words.get(key).and_then(Value::as_str))
        .unwrap_or_default();
    fill(template, &|name| value(name, error))
}

fn value(name: &str, error: &ErrorBody) -> Option<String> {
    let known = match name {
        "provider" => error.provider.clone(),
        "host" => error.host.clone(),
        "model" => error.model.clone(),
        "status" => error.status.clone(),
        "seconds" => error.seconds.map(|seconds| seconds.to_string()),
        "near" => Some(error.near.join(", ")),
        _ => None,
    };
    known.filter(|value| !value.is_empty()).map(|value| clean::name(&value))
}

fn words() -> &'static Map<String, Value> {
    static WORDS: OnceLock<Map<String, Value>> = OnceLock::new();
    WORDS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../../assets/words/en.json"))
            .expect("BUG: the words are an object of sentences")
    })
}

/// Puts values in. A part in brackets goes where a value inside it is not known; outside of them a general word stands
/// in.
fn fill(template: &str, value: &impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['[', '{']) {
        text.push_str(&rest[..at]);
        let (open, close) = if rest[at..].starts_with('[') { ('[', ']') } else { ('{', '}') };
        let Some(end) = rest[at..].find(close).map(|end| at + end) else { break };
        let inner = &rest[at + open.len_utf8()..end];
        if open == '[' {
            text.push_str(&optional(inner, value).unwrap_or_default());
        } else {
            text.push_str(&value(inner).unwrap_or_else(|| match text.is_empty() {
                true => capitalized(&general_word(inner)),
                false => general_word(inner),
            }));
        }
        rest = &rest[end + close.len_utf8()..];
    }
    text.push_str(rest);
    text
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn optional(part: &str, value: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(&value(name)?);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

fn general_word(name: &str) -> String {
    word(&format!("error.default.{name}")).to_owned()
}

#[cfg(test)]
mod tests {
    use parlance_app::api::ErrorCode;

    use super::*;

    #[test]
    fn what_is_not_known_is_left_out_or_said_in_general_words() {
        let bare = ErrorBody::new(ErrorCode::RateLimit);
        assert_eq!(sentences(&bare).message, "The provider asks to wait.");
        let full = ErrorBody { provider: Some("Acme".into()), seconds: Some(20), status: Some("429".into()), ..bare };
        assert_eq!(sentences(&full).message, "Acme asks to wait 20 s (429).");
        assert_eq!(sentences(&ErrorBody::new(ErrorCode::Unreachable)).message, "The server cannot be reached.");
        let host = Some("my.server.test".to_owned());
        let error = ErrorBody { host, ..ErrorBody::new(ErrorCode::PlainHttp) };
        assert_eq!(sentences(&error).message, "The key would travel unencrypted to my.server.test. Nothing was sent.");
    }

    #[test]
    fn notices_and_states_have_their_words() {
        let unplugged = Notice::MicrophoneGone { device: "Yeti".into() };
        assert_eq!(notice(&unplugged), "“Yeti” was unplugged. Your words so far are kept.");
        assert!(notice(&Notice::SoundLost { ms: 40 }).starts_with("40 ms of sound were lost"));
        for state in [VoiceState::Idle, VoiceState::Listening, VoiceState::Reconnecting, VoiceState::Failed] {
            assert!(!voice(state).is_empty(), "{state:?}");
        }
    }

    #[test]
    fn braces_inside_a_value_are_not_read() {
        let error = ErrorBody { provider: Some("{host}[x]".into()), ..ErrorBody::new(ErrorCode::KeyRefused) };
        assert_eq!(sentences(&error).message, "{host}[x] refused the key.");
    }

    #[test]
    fn every_code_has_a_sentence_and_a_hint_that_promise_nothing_false() {
        let codes: Vec<&str> =
            words().keys().filter_map(|key| key.strip_prefix("error.")).filter(|key| !key.contains('.')).collect();
        assert!(codes.len() >= 30);
        for code in codes {
            let error = ErrorBody::new(serde_json::from_value(Value::from(code)).unwrap());
            let said = sentences(&error);
            assert!(!said.message.is_empty() && !said.hint.is_empty(), "{code}");
            assert!(!said.message.contains("message is kept"), "{code}: the terminal keeps no messages");
        }
    }
}
