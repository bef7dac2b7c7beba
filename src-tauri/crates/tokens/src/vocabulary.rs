//! Which of OpenAI's models reads text in which pieces.
//!
//! Source: the table of OpenAI's own `tiktoken` (0.14, `tiktoken/model.py`). The vocabularies themselves come with the
//! crate of the same name; only the two of today's models are linked.

use std::sync::OnceLock;

use tiktoken::{CoreBpe, encoding};

/// A way to cut text into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// `cl100k_base`: GPT-4 and GPT-3.5.
    Cl100k,
    /// `o200k_base`: everything since GPT-4o.
    O200k,
}

/// Families of models. A name belongs to the first of which it is a member: the same, or longer after `-` or `:`.
const FAMILIES: &[(&str, Vocabulary)] = &[
    ("gpt-5", Vocabulary::O200k),
    ("gpt-4.5", Vocabulary::O200k),
    ("gpt-4.1", Vocabulary::O200k),
    ("gpt-4o", Vocabulary::O200k),
    ("chatgpt-4o", Vocabulary::O200k),
    ("o1", Vocabulary::O200k),
    ("o3", Vocabulary::O200k),
    ("o4-mini", Vocabulary::O200k),
    ("gpt-4", Vocabulary::Cl100k),
    ("gpt-3.5-turbo", Vocabulary::Cl100k),
    // As Azure spells it.
    ("gpt-35-turbo", Vocabulary::Cl100k),
];

impl Vocabulary {
    /// The vocabulary of a model of OpenAI's, `None` for every other name. `openai/` before it and `ft:` are names that
    /// routers and fine-tuned models have.
    #[must_use]
    pub fn of(model: &str) -> Option<Self> {
        let model = bare(model);
        if model.starts_with("gpt-5.") {
            return Some(Self::O200k);
        }
        FAMILIES.iter().find(|(family, _)| is_member(model, family)).map(|(_, vocabulary)| *vocabulary)
    }

    /// How many tokens a text is. Costs what the text is long, whatever stands in it.
    #[must_use]
    pub fn count(self, text: &str) -> u64 {
        u64::try_from(self.pieces().count(text)).unwrap_or(u64::MAX)
    }

    fn pieces(self) -> &'static CoreBpe {
        static CL100K: OnceLock<CoreBpe> = OnceLock::new();
        static O200K: OnceLock<CoreBpe> = OnceLock::new();
        match self {
            Self::Cl100k => CL100K.get_or_init(encoding::cl100k_base),
            Self::O200k => O200K.get_or_init(encoding::o200k_base),
        }
    }
}

/// A model's name as OpenAI writes it.
pub(crate) fn bare(model: &str) -> &str {
    let model = model.rsplit('/').next().unwrap_or(model);
    model.strip_prefix("ft:").unwrap_or(model)
}

fn is_member(model: &str, family: &str) -> bool {
    model.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_the_vocabulary_of_their_family() {
        for (model, vocabulary) in [
            ("gpt-4o", Some(Vocabulary::O200k)),
            ("gpt-4o-mini-2024-07-18", Some(Vocabulary::O200k)),
            ("openai/gpt-4.1-nano", Some(Vocabulary::O200k)),
            ("ft:gpt-4o:acme", Some(Vocabulary::O200k)),
            ("gpt-5", Some(Vocabulary::O200k)),
            ("gpt-5.6-sol", Some(Vocabulary::O200k)),
            ("o1-pro", Some(Vocabulary::O200k)),
            ("o4-mini", Some(Vocabulary::O200k)),
            ("chatgpt-4o-latest", Some(Vocabulary::O200k)),
            ("gpt-4", Some(Vocabulary::Cl100k)),
            ("gpt-4-0613", Some(Vocabulary::Cl100k)),
            ("gpt-3.5-turbo-16k", Some(Vocabulary::Cl100k)),
            ("gpt-35-turbo", Some(Vocabulary::Cl100k)),
            ("gpt-6-astra", None),
            ("gpt-oss-20b", None),
            ("gpt-40", None),
            ("olmo-2", None),
            ("qwen3", None),
            ("", None),
        ] {
            assert_eq!(Vocabulary::of(model), vocabulary, "{model}");
        }
    }

    #[test]
    fn published_counts_come_out() {
        // The table of OpenAI's guide “How to count tokens with tiktoken”, section 5.
        for (text, cl100k, o200k) in [
            ("antidisestablishmentarianism", 6, 6),
            ("2 + 2 = 4", 7, 7),
            ("お誕生日おめでとう", 9, 8),
            // The guide's first example.
            ("tiktoken is great!", 6, 6),
            ("", 0, 0),
        ] {
            assert_eq!(Vocabulary::Cl100k.count(text), cl100k, "{text}");
            assert_eq!(Vocabulary::O200k.count(text), o200k, "{text}");
        }
    }

    #[test]
    fn names_of_special_tokens_are_text_like_any_other() {
        assert!(Vocabulary::O200k.count("<|endoftext|>") > 1);
    }

    #[test]
    fn text_without_a_word_in_it_costs_no_more_than_its_length() {
        for piece in [" ", "\n", "a", "1", "!?", " \t\n"] {
            let count = |times: usize| Vocabulary::O200k.count(&piece.repeat(times));
            let (short, long) = (count(1_000), count(100_000));
            assert!(long >= short && long <= short * 100 + 100, "{piece:?}: {short} and {long}");
        }
    }
}
