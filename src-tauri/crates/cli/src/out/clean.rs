//! What may reach a terminal: no control character acts, nothing hidden stays hidden, no key shows.

/// Text for people, with every control character but line ends and tabs made visible: models and servers must not move
/// the cursor, write to the clipboard or fake lines.
#[must_use]
pub(crate) fn visible(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => clean.push(c),
            // The pictures of U+0000 to U+001F begin at U+2400.
            '\0'..='\u{1f}' => clean.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => clean.push('␡'),
            '\u{80}'..='\u{9f}' => mark(c, &mut clean),
            _ => clean.push(c),
        }
    }
    clean
}

/// A name or a title on one line: what turns or hides text is shown as a mark as well.
#[must_use]
pub(crate) fn name(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in visible(&text.replace(['\n', '\t'], " ")).chars() {
        match c {
            '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200b}'..='\u{200f}'
            | '\u{61c}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => mark(c, &mut clean),
            _ => clean.push(c),
        }
    }
    clean
}

/// JSON on one line, with the control characters that `serde_json` leaves as they are written as escapes.
#[must_use]
pub(crate) fn json(value: &serde_json::Value) -> String {
    let plain = value.to_string();
    if !plain.contains('\u{7f}') && !plain.contains(|c| ('\u{80}'..='\u{9f}').contains(&c)) {
        return plain;
    }
    let mut escaped = String::with_capacity(plain.len() + 64);
    for c in plain.chars() {
        match c {
            // They stand inside strings only.
            '\u{7f}'..='\u{9f}' => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn mark(c: char, clean: &mut String) {
    clean.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn escape_sequences_do_not_act() {
        for (hostile, shown) in [
            ("\u{1b}]52;c;ZXZpbA==\u{7}", "␛]52;c;ZXZpbA==␇"),
            ("\u{1b}]8;;https://evil.test\u{1b}\\x", "␛]8;;https://evil.test␛\\x"),
            ("\u{1b}[2J", "␛[2J"),
            ("\u{9b}31m", "⟨U+009B⟩31m"),
            ("safe\rfake", "safe␍fake"),
            ("a\u{8}b\0c\u{7f}", "a␈b␀c␡"),
            ("line\n\ttab", "line\n\ttab"),
            ("עברית and العربية and 汉字", "עברית and العربية and 汉字"),
        ] {
            assert_eq!(visible(hostile), shown);
        }
    }

    #[test]
    fn names_show_what_turns_and_hides_them() {
        for (hostile, shown) in [
            ("user\u{202e}txt.exe", "user⟨U+202E⟩txt.exe"),
            ("a\u{200b}b\u{feff}", "a⟨U+200B⟩b⟨U+FEFF⟩"),
            ("tag\u{e0041}", "tag⟨U+E0041⟩"),
            ("two\nlines", "two lines"),
            ("\u{2066}x\u{2069}\u{61c}", "⟨U+2066⟩x⟨U+2069⟩⟨U+061C⟩"),
        ] {
            assert_eq!(name(hostile), shown);
        }
    }

    #[test]
    fn json_holds_no_control_byte_and_reads_back_the_same() {
        let value = json!({"a": "\u{7f}\u{80}\u{9b}\u{9f}\u{a0}\u{1b}"});
        let text = json(&value);
        assert_eq!(text, "{\"a\":\"\\u007f\\u0080\\u009b\\u009f\u{a0}\\u001b\"}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(text in any::<String>()) {
            let once = visible(&text);
            prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(visible(&once), once.clone());
            prop_assert_eq!(name(&name(&text)), name(&text));
        }

        #[test]
        fn honest_text_is_untouched(text in "[ -~\\n\\tä-ž一-龥א-ת]{0,80}") {
            prop_assert_eq!(visible(&text), text);
        }
    }
}
