//! What is asked of notes, as the text index reads it. Pure; used by `table/passage_search.rs`.
//!
//! A question in plain words is no list of words that must all be there: any of them finds, the rarer ones weigh more,
//! and the little words between them count only when there are no others.

use std::collections::HashSet;
use std::ops::Range;

use crate::words;

/// More words than anybody asks with; a pasted page would be a slow query.
const MOST_TERMS: usize = 32;

/// A word this long may have an ending that it lacks elsewhere, in characters.
const MAY_END: usize = 6;

/// Little words, folded, of the languages that people mix most. Which of them is spoken nobody needs to know.
const LITTLE: &str = "a about after all also am an and any are as at be been before being but by can could did do does doing for from \
    had has have he her here his how i if in into is it its just me more most my no not of on or our out over she should so \
    some such than that the their them then there these they this those to too up us was we were what when where which while \
    who why will with would you your \
    aber als am an auch auf aus bei bin bis das dass dem den der des die dir doch du durch ein eine einem einen einer eines er \
    es fur hat hatte hatten ich ihr im in ist ja kann mein mich mir mit nach nicht noch nur ob oder sein sich sie sind so und \
    uns unser unsere vom von vor wann war waren was wegen wenn wer wie wir wird wo wurde wurden zu zum zur \
    au aux avec ce ces dans de des du elle en est et il je la le les leur lui ma mais me mes mon ne nous on ou par pas pour qu \
    que quel quelle qui sa se ses son sont sur un une vous \
    al como con cuando del donde el ella era es esta este esto fue hay las lo los mas mi muy nos para pero por porque si sin su \
    sus te tiene una y yo";

/// A question, cut into what the index knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// What counts, each once, as it is compared.
    terms: Vec<Term>,
    /// All its words in order, as the index stores them.
    all: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Term {
    folded: String,
    /// Whether it may still be typed: its beginning counts too.
    last: bool,
    /// Whether it is a pair of characters.
    pair: bool,
}

impl Question {
    /// Any string is a legal question.
    pub(crate) fn new(query: &str) -> Self {
        let little: HashSet<&str> = LITTLE.split_ascii_whitespace().collect();
        let ranges: Vec<Range<usize>> = words::words(query).collect();
        let all: Vec<String> = ranges.iter().map(|word| query[word.clone()].to_owned()).collect();
        let mut seen = HashSet::new();
        let mut terms = Vec::new();
        let typed_to_its_end = query.ends_with(|c: char| !c.is_alphanumeric());
        for (at, range) in ranges.iter().enumerate() {
            let word = &query[range.clone()];
            let pair = words::is_unspaced(word);
            // The last character of a run is a word of its own for questions of one character.
            let is_tail = pair && word.chars().count() == 1 && at > 0 && ranges[at - 1].end == range.end;
            let mut folded = String::new();
            words::fold(word, &mut folded);
            if is_tail || folded.is_empty() || !seen.insert(folded.clone()) {
                continue;
            }
            let last = at + 1 == ranges.len() && !typed_to_its_end;
            terms.push(Term { folded, last: last || pair && word.chars().count() == 1, pair });
        }
        if terms.iter().any(|term| !little.contains(term.folded.as_str())) {
            // The word that is being typed may become any other.
            terms.retain(|term| term.last && term.folded.len() > 2 || !little.contains(term.folded.as_str()));
        }
        terms.truncate(MOST_TERMS);
        Self { terms, all }
    }

    /// Whether nothing can be asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// What any of the words finds, for FTS5. Only letters and digits within quotes get here.
    pub(crate) fn any(&self) -> String {
        self.terms.iter().flat_map(Term::ways).collect::<Vec<_>>().join(" OR ")
    }

    /// Each word that counts, for FTS5.
    pub(crate) fn each(&self) -> impl Iterator<Item = String> + '_ {
        self.terms.iter().map(|term| term.ways().collect::<Vec<_>>().join(" OR "))
    }

    /// What a part of a long word finds; `None` where no word is long enough to be one.
    pub(crate) fn parts(&self) -> Option<String> {
        let long = self.terms.iter().filter(|term| !term.pair && term.folded.chars().count() >= 4);
        let ways: Vec<String> = long.map(|term| format!("\"{}\"*", term.folded)).collect();
        (!ways.is_empty()).then(|| format!("parts : ({})", ways.join(" OR ")))
    }

    /// The very words one after the other; `None` for a single one, which `any` finds as well.
    pub(crate) fn phrase(&self) -> Option<String> {
        let mut words = &self.all[..];
        if let [before @ .., last] = words
            && let Some(previous) = before.last()
            && words::is_unspaced(last)
            && last.chars().count() == 1
            && previous.ends_with(last.as_str())
        {
            words = before;
        }
        (words.len() > 1 && words.len() <= MOST_TERMS).then(|| format!("\"{}\"", words.join(" ")))
    }

    /// Where words of the question stand in a text, in order and apart from each other.
    pub(crate) fn marks(&self, text: &str) -> Vec<Range<usize>> {
        let mut marks: Vec<Range<usize>> = Vec::new();
        let mut folded = String::new();
        for word in words::words(text) {
            words::fold(&text[word.clone()], &mut folded);
            if !self.terms.iter().any(|term| term.is_like(&folded)) {
                continue;
            }
            match marks.last_mut() {
                Some(last) if word.start <= last.end => last.end = last.end.max(word.end),
                _ => marks.push(word),
            }
        }
        marks
    }
}

impl Term {
    /// How it is asked for.
    fn ways(&self) -> impl Iterator<Item = String> + '_ {
        let whole = format!("\"{}\"", self.folded);
        let begun = self.last.then(|| format!("\"{}\"*", self.folded));
        // The index holds stems: "computi" begins none, though "computing" is there as "comput".
        let without_ending = (self.last && !self.pair && self.folded.is_ascii() && self.folded.len() >= MAY_END)
            .then(|| format!("\"{}\"*", &self.folded[..self.folded.len() - 2]));
        std::iter::once(whole).chain(begun).chain(without_ending)
    }

    /// Whether a word of a text is marked: the same, with another ending, or the rest of what is being typed.
    fn is_like(&self, word: &str) -> bool {
        if word == self.folded || self.last && word.starts_with(self.folded.as_str()) {
            return true;
        }
        if self.pair {
            return false;
        }
        let common = word.chars().zip(self.folded.chars()).take_while(|(a, b)| a == b).count();
        let longer = word.chars().count().max(self.folded.chars().count());
        common >= 4 && longer - common <= 3
            || (self.folded.chars().count() >= 4 && word.ends_with(self.folded.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, any: &str) {
        assert_eq!(Question::new(query).any(), any, "{query:?}");
    }

    #[test]
    fn little_words_count_only_when_there_are_no_others() {
        check("What did we decide about the heating?", "\"decide\" OR \"heating\"");
        check("to be or not to be.", "\"to\" OR \"be\" OR \"or\" OR \"not\"");
        check("暖气怎么样？", "\"暖气\" OR \"气怎\" OR \"怎么\" OR \"么样\"");
        check("Heizung", "\"heizung\" OR \"heizung\"* OR \"heizu\"*");
        check("水", "\"水\" OR \"水\"*");
        check("\" OR NEAR( ¿", "\"near\"");
        assert!(Question::new("…").is_empty());
    }

    #[test]
    fn the_very_words_are_asked_for_in_their_order() {
        assert_eq!(Question::new("Red Hat 9").phrase().as_deref(), Some("\"Red Hat 9\""));
        assert_eq!(Question::new("暖气费").phrase().as_deref(), Some("\"暖气 气费\""));
        assert_eq!(Question::new("one").phrase(), None);
    }

    #[test]
    fn words_with_other_endings_are_marked() {
        let marked = |query: &str, text: &str| {
            Question::new(query).marks(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(marked("decide heating ", "We decided: the Heating stays cold"), ["decided", "Heating"]);
        assert_eq!(marked("anlage ", "Die Heizungsanlage"), ["Heizungsanlage"]);
        assert_eq!(marked("暖气费", "今年的暖气费很高"), ["暖气费"]);
        assert_eq!(marked("cafe ", "Le Café"), ["Café"]);
    }
}
