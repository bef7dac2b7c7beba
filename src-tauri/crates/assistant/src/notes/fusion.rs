//! What words found and what meaning found, put in one order.
//!
//! Not by rank alone: a question that shares few words with its answer is one that meaning answers, and one whose words all
//! stand in a passage needs no guessing. How much of the question the best words answer decides who is believed.

use std::collections::HashMap;

/// A passage that words found, with its BM25.
pub type ByWords = (i64, f32);

/// A passage that may be meant, with its cosine.
pub type ByMeaning = (i64, f32);

/// Cosines of passages that have nothing to do with a question lie around the first figure, of those that answer it around
/// the second, for all-MiniLM-L6-v2. Chosen by hand, as are the weights below: no set of questions has been put to them yet.
const COSINES: (f32, f32) = (0.15, 0.75);

/// How much words weigh against meaning: with a question of which they answer nothing, and with one they answer whole.
const WORDS_WEIGH: (f32, f32) = (0.30, 0.62);

/// A passage in the common order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// The passage.
    pub n: i64,
    /// How good it is; 2 and more for what says exactly what was asked.
    pub score: f32,
    /// Whether words found it.
    pub by_words: bool,
    /// Whether meaning found it.
    pub by_meaning: bool,
}

/// What is put in one order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lists<'a> {
    /// Passages that say exactly what was asked, best first.
    pub exact: &'a [i64],
    /// What words found, best first.
    pub words: &'a [ByWords],
    /// The BM25 of a passage of usual length with every word of the question once.
    pub whole: f32,
    /// Cosines of all that words or meaning found.
    pub meaning: &'a [ByMeaning],
    /// How much the model knows of the question's language, 0 to 1.
    pub knows: f32,
}

/// Best first; what says exactly what was asked stands above all others.
#[must_use]
pub fn fused(lists: &Lists<'_>) -> Vec<Fused> {
    let answered = |score: f32| if lists.whole > 0.0 { (score / lists.whole).clamp(0.0, 1.25) } else { 0.0 };
    let best = lists.words.iter().map(|(_, score)| answered(*score)).fold(0.0, f32::max).min(1.0);
    let words_weigh = WORDS_WEIGH.0 + (WORDS_WEIGH.1 - WORDS_WEIGH.0) * best;
    let words_weigh = 1.0 - (1.0 - words_weigh) * lists.knows.clamp(0.0, 1.0);
    let mut all: HashMap<i64, Fused> = HashMap::new();
    let blank = |n| Fused { n, score: 0.0, by_words: false, by_meaning: false };
    for (n, score) in lists.words {
        let one = all.entry(*n).or_insert_with(|| blank(*n));
        one.score += words_weigh * answered(*score);
        one.by_words = true;
    }
    for (n, cosine) in lists.meaning {
        let meant = ((cosine - COSINES.0) / (COSINES.1 - COSINES.0)).clamp(0.0, 1.25);
        let one = all.entry(*n).or_insert_with(|| blank(*n));
        one.score += (1.0 - words_weigh) * meant;
        one.by_meaning = meant > 0.0 && lists.knows > 0.0;
    }
    for (place, n) in lists.exact.iter().enumerate() {
        let one = all.entry(*n).or_insert_with(|| blank(*n));
        one.by_words = true;
        if one.score < 2.0 {
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let below = place as f32;
            one.score = 3.0 - below / lists.exact.len().max(1) as f32;
        }
    }
    let mut order: Vec<Fused> = all.into_values().filter(|one| one.by_words || one.by_meaning).collect();
    order.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.n.cmp(&other.n)));
    order
}

/// How much a model that knows English alone understands of a question: the share of its letters that are Latin.
#[must_use]
pub fn latin_share(question: &str) -> f32 {
    let (mut letters, mut latin) = (0_u32, 0_u32);
    for c in question.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        latin += u32::from(c <= '\u{24f}');
    }
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let share = latin as f32 / letters.max(1) as f32;
    // A Latin name in a Chinese sentence makes no English of it.
    if share > 0.9 { 1.0 } else { share * 0.3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(lists: &Lists<'_>) -> Vec<i64> {
        fused(lists).iter().map(|one| one.n).collect()
    }

    #[test]
    fn meaning_leads_where_words_answer_little_and_words_where_they_answer_all() {
        let meaning = [(1, 0.65), (2, 0.30), (3, 0.2)];
        let weak =
            Lists { words: &[(2, 2.0), (3, 1.9)], whole: 10.0, meaning: &meaning, knows: 1.0, ..Lists::default() };
        assert_eq!(order(&weak)[0], 1);
        let strong =
            Lists { words: &[(2, 11.0), (3, 3.0)], whole: 10.0, meaning: &meaning, knows: 1.0, ..Lists::default() };
        assert_eq!(order(&strong)[0], 2);
    }

    #[test]
    fn what_says_exactly_what_was_asked_comes_first() {
        let lists =
            Lists { exact: &[9, 8], words: &[(1, 12.0), (8, 1.0)], whole: 10.0, meaning: &[(1, 0.9)], knows: 1.0 };
        assert_eq!(order(&lists), [9, 8, 1]);
    }

    #[test]
    fn a_model_that_does_not_know_the_language_is_not_believed() {
        let lists = Lists { words: &[(1, 3.0)], whole: 10.0, meaning: &[(2, 0.9)], knows: 0.0, ..Lists::default() };
        assert_eq!(order(&lists), [1]);
        assert!(
            latin_share("暖气怎么样") < 0.01 && latin_share("heating?") > 0.99 && latin_share("GPT 模型怎么样") < 0.2
        );
    }
}
