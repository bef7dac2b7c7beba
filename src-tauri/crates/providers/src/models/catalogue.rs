//! What is known of models by their names, for lists that give no more than an id. The facts lie in `catalogue.txt`, each
//! with its source.

use std::sync::LazyLock;

use parlance_core::Mark;

use super::Claims;

static LINES: LazyLock<Vec<Line<'static>>> = LazyLock::new(|| lines(include_str!("catalogue.txt")).collect());

/// A line of the catalogue.
struct Line<'a> {
    pattern: &'a str,
    claims: Claims,
}

/// What the catalogue says of a model; nothing where it does not know the name.
#[must_use]
pub fn of(id: &str) -> Claims {
    find(id).map(|line| line.claims.clone()).unwrap_or_default()
}

fn find(id: &str) -> Option<&'static Line<'static>> {
    let id = id.to_ascii_lowercase();
    let name = id.rsplit('/').next().unwrap_or(&id);
    names(name).find_map(|name| LINES.iter().find(|line| fits(line.pattern, name)))
}

/// A name, then what is left of it without the makers that some services put before it: `us.anthropic.claude-…`. A dot
/// after a figure is a version, not a maker.
fn names(name: &str) -> impl Iterator<Item = &str> {
    let makers = name.match_indices('.').map(|(at, _)| at);
    let makers = makers.take_while(move |&at| !name[..at].contains(|c: char| c.is_ascii_digit()));
    std::iter::once(name).chain(makers.map(move |at| &name[at + 1..]))
}

/// Whether a name is what a pattern says, in which `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The lines of a catalogue; what is none is left out, and the tests see to it that there is no such line.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter_map(line)
}

fn line(line: &str) -> Option<Line<'_>> {
    let mut fields = line.split_whitespace();
    let pattern = fields.next().filter(|pattern| !pattern.starts_with('#'))?;
    let mut claims =
        Claims { context_tokens: tokens(fields.next()?)?, output_tokens: tokens(fields.next()?)?, ..Claims::default() };
    for mark in fields.next()?.split(',') {
        claims.capabilities.say(Mark::named(mark)?, true);
    }
    Some(Line { pattern, claims })
}

fn tokens(field: &str) -> Option<Option<u64>> {
    match field {
        "-" => Some(None),
        figure => figure.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("catalogue.txt");

    #[test]
    fn every_line_is_read_and_names_a_source_that_the_head_explains() {
        let written = TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for written in written {
            let read = line(written).unwrap_or_else(|| panic!("{written}"));
            let fields: Vec<&str> = written.split_whitespace().collect();
            assert_eq!(fields.len(), 5, "{written}");
            assert!(TEXT.contains(&format!("\n#   {}", fields[4])), "{written}");
            assert_eq!(read.pattern, read.pattern.to_ascii_lowercase());
            let (context, answer) = (read.claims.context_tokens, read.claims.output_tokens);
            assert!(answer.is_none_or(|answer| context.is_some_and(|context| answer <= context)), "{written}");
        }
    }

    #[test]
    fn no_line_is_hidden_by_one_above_it() {
        for line in LINES.iter() {
            let name = line.pattern.replace('*', "_");
            assert_eq!(find(&name).unwrap().pattern, line.pattern, "{name}");
        }
    }

    #[track_caller]
    fn check(id: &str, pattern: Option<&str>) {
        assert_eq!(find(id).map(|line| line.pattern), pattern, "{id}");
    }

    #[test]
    fn a_name_is_known_wherever_its_maker_stands() {
        for (id, pattern) in [
            ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini*"),
            ("openai/gpt-5-pro", "gpt-5-pro*"),
            ("gpt-5.1-chat-latest", "gpt-5*-chat*"),
            ("gpt-4o-mini-tts-2025-03-20", "*-tts*"),
            ("gpt-4o-realtime-preview", "*-realtime*"),
            ("gpt-4o-transcribe-diarize", "*transcri*"),
            ("gpt-realtime-whisper", "*whisper*"),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-*-4-5*"),
            ("claude-opus-5-5", "claude-*"),
            ("anthropic/claude-3.7-sonnet", "claude-3*"),
            ("/models/Qwen3-1.7B-Q4_K_M.gguf", "qwen3*"),
            ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2.5-vl*"),
            ("qwen3-tts-flash-realtime", "*-tts*"),
            ("qwen3.5-omni-plus-realtime", "*-realtime*"),
            ("qwen3.5-omni-plus", "qwen3.*-omni*"),
            ("meta-llama/Meta-Llama-3.1-8B-Instruct", "*llama-3.1*"),
            ("meta.llama3-3-70b-instruct-v1:0", "*llama3*"),
            ("llama3.2:latest", "*llama3.2*"),
            ("deepseek-r1-distill-llama-8b", "deepseek-r1-distill*"),
            ("gemini-2.5-flash-preview-tts", "*-tts*"),
            ("gemini-2.5-flash-image", "*-image"),
            ("gemini-flash-latest", "gemini-*"),
            ("nomic-embed-text:v1.5", "*embed*"),
        ] {
            check(id, Some(pattern));
        }
        for unknown in ["", "my-own-model", "/", "é*", "mygpt-5"] {
            check(unknown, None);
        }
    }

    #[test]
    fn a_star_stands_for_any_characters_and_nothing_else_does() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a*", "bab", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_has_an_answer(name in ".{0,60}") {
            let _ = of(&name);
        }
    }
}
