//! What is asked of notes: by words, by meaning, or by both.

use std::collections::HashMap;
use std::time::Instant;

use parlance_assistant::notes::fusion::{Fused, Lists, fused, latin_share};
use parlance_store::{FoundPassage, NoteFilter, WordsFound, marks};

use super::meaning::{BUILTIN, unit};
use crate::api::{ErrorBody, ErrorCode, Found, NoteHit, NotesFound, SearchMode, SearchNotes, Stretch};
use crate::app::App;
use crate::notes::folder;

/// Hits that are given at once.
const MOST_HITS: u32 = 100;

/// So many are weighed, whatever is asked for: the best by words and the best by meaning need not be the same.
const WEIGHED: u32 = 100;

/// A passage and how good it is.
type Ranked = (i64, f32, Found);

impl App {
    /// Finds passages of notes. Where nothing can be found by meaning, words alone find, and the answer says so.
    ///
    /// # Errors
    /// [`ErrorCode::NoMeaning`] where only meaning was asked for and there is none; when reading fails.
    pub async fn search_notes(&self, request: SearchNotes) -> Result<NotesFound, ErrorBody> {
        let start = Instant::now();
        let which = NoteFilter {
            folder: request.folder.as_deref().map(folder).filter(|folder| !folder.is_empty()),
            tag: request.tag.clone(),
            since_ms: request.since_ms,
            until_ms: request.until_ms,
        };
        let query = request.query.trim();
        let total = self.store()?.passage_count().await?;
        let limit = request.limit.min(MOST_HITS);
        let words = match request.mode {
            SearchMode::Semantic => WordsFound::default(),
            SearchMode::Text => self.store()?.search_words(&request.query, &which, total, limit).await?,
            SearchMode::Hybrid => self.store()?.search_words(&request.query, &which, total, WEIGHED).await?,
        };
        let meant = match request.mode {
            SearchMode::Text => Ok(Vec::new()),
            SearchMode::Hybrid | SearchMode::Semantic => self.meant(query, &which, &words).await,
        };
        let (mut ranked, no_meaning) = match (request.mode, meant) {
            (SearchMode::Text, _) => (by_words(&words), None),
            (SearchMode::Hybrid, Err(error)) => (by_words(&words), Some(error)),
            (SearchMode::Semantic, meant) => {
                (meant?.into_iter().map(|(n, cosine)| (n, cosine, Found::Meaning)).collect(), None)
            }
            (SearchMode::Hybrid, Ok(meaning)) => {
                let knows = self.knows(query);
                let lists =
                    Lists { exact: &words.exact, words: &words.hits, whole: words.whole, meaning: &meaning, knows };
                (fused(&lists).iter().map(|one| (one.n, one.score, found(one, &words.exact))).collect(), None)
            }
        };
        ranked.truncate(limit as usize);
        let hits = self.drawn(query, &which, &ranked).await?;
        Ok(NotesFound {
            hits,
            searchable: self.inner.notes.meanings.searchable(),
            total,
            ms: start.elapsed().as_secs_f32() * 1_000.0,
            no_meaning,
        })
    }

    /// Passages of other notes that are like this one, the best of each note.
    ///
    /// # Errors
    /// [`ErrorCode::NoMeaning`] where nothing of the note has a meaning yet; when reading fails.
    pub async fn like_note(&self, id: &str, limit: u32) -> Result<NotesFound, ErrorBody> {
        let start = Instant::now();
        let store = self.store()?;
        let own = store.passages_of(id).await?;
        let ranked: Vec<Ranked> = {
            let serving = self.inner.notes.meanings.serving();
            let index =
                serving.as_ref().map(|serving| &serving.index).ok_or_else(|| ErrorBody::new(ErrorCode::NoMeaning))?;
            let mut sum = vec![0.0; index.dimensions()];
            for vector in own.iter().filter_map(|n| index.vector(*n)) {
                sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
            }
            if sum.iter().all(|x| *x == 0.0) {
                return Err(ErrorBody::new(ErrorCode::NoMeaning));
            }
            let near = index.search(&unit(&sum), WEIGHED as usize + own.len(), None);
            let near = near.map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))?;
            near.into_iter()
                .filter(|hit| !own.contains(&hit.id))
                .map(|hit| (hit.id, hit.score, Found::Meaning))
                .collect()
        };
        let mut hits = self.drawn("", &NoteFilter::default(), &ranked).await?;
        let mut seen = std::collections::HashSet::new();
        hits.retain(|hit| seen.insert(hit.note_id.clone()));
        hits.truncate(limit.min(MOST_HITS) as usize);
        Ok(NotesFound {
            hits,
            searchable: self.inner.notes.meanings.searchable(),
            total: store.passage_count().await?,
            ms: start.elapsed().as_secs_f32() * 1_000.0,
            no_meaning: None,
        })
    }

    /// Cosines of the nearest passages, and of those that words found.
    async fn meant(&self, query: &str, which: &NoteFilter, words: &WordsFound) -> Result<Vec<(i64, f32)>, ErrorBody> {
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let understood = self.understood(query).await?;
        let within = if which.is_open() {
            None
        } else {
            let mut within = self.store()?.passages_within(which).await?;
            within.sort_unstable();
            Some(within)
        };
        let serving = self.inner.notes.meanings.serving();
        // Another model may serve since the question was understood.
        let both = understood.as_ref().zip(serving.as_ref()).filter(|((n, _), serving)| serving.row.n == *n);
        let Some(((_, question), serving)) = both else {
            return Err(match self.inner.notes.meanings.state() {
                crate::api::IndexState::Stuck { error } => error,
                _ => ErrorBody::new(ErrorCode::NoMeaning),
            });
        };
        let near = serving.index.search(question, WEIGHED as usize, within.as_deref());
        let near = near.map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))?;
        let mut meant: HashMap<i64, f32> = near.into_iter().map(|hit| (hit.id, hit.score)).collect();
        for (n, _) in &words.hits {
            if !meant.contains_key(n)
                && let Some(vector) = serving.index.vector(*n)
            {
                meant.insert(*n, vector.iter().zip(question).map(|(a, b)| a * b).sum());
            }
        }
        let mut meant: Vec<(i64, f32)> = meant.into_iter().collect();
        meant.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        Ok(meant)
    }

    /// How much the model that serves knows of a question's language.
    fn knows(&self, query: &str) -> f32 {
        let serving = self.inner.notes.meanings.serving();
        let is_ours = serving.as_ref().is_some_and(|serving| serving.row.name.starts_with(BUILTIN));
        if is_ours { latin_share(query) } else { 1.0 }
    }

    /// The passages of ranked rows, as hosts draw them.
    async fn drawn(&self, query: &str, which: &NoteFilter, ranked: &[Ranked]) -> Result<Vec<NoteHit>, ErrorBody> {
        let wanted: Vec<i64> = ranked.iter().map(|(n, ..)| *n).collect();
        let passages = self.store()?.read_passages(&wanted, which).await?;
        let mut ranks = ranked.iter();
        let hits = passages.into_iter().filter_map(|passage| {
            // Both are in one order; what is gone is missing from the passages.
            let (_, score, found) = ranks.find(|(n, ..)| *n == passage.n)?;
            Some(drawn(query, passage, *score, *found))
        });
        Ok(hits.collect())
    }
}

/// What words found, exactly what was asked first. A score is the share of the question that is answered.
fn by_words(words: &WordsFound) -> Vec<Ranked> {
    let lists = Lists { exact: &words.exact, words: &words.hits, whole: words.whole, meaning: &[], knows: 0.0 };
    fused(&lists).iter().map(|one| (one.n, one.score, found(one, &words.exact))).collect()
}

fn found(one: &Fused, exact: &[i64]) -> Found {
    match (one.by_words, one.by_meaning) {
        _ if exact.contains(&one.n) => Found::Exact,
        (true, true) => Found::Both,
        (true, false) => Found::Words,
        (false, _) => Found::Meaning,
    }
}

fn drawn(query: &str, passage: FoundPassage, score: f32, found: Found) -> NoteHit {
    NoteHit {
        marks: utf16(&passage.text, &marks(query, &passage.text)),
        note_id: passage.note_id,
        title: passage.title,
        path: passage.path,
        folder: passage.folder,
        heading: passage.heading,
        start: u32::try_from(passage.range.start).unwrap_or(u32::MAX),
        end: u32::try_from(passage.range.end).unwrap_or(u32::MAX),
        text: passage.text,
        score,
        found,
    }
}

/// Ranges of bytes, in order and apart from each other, as ranges of UTF-16 units.
fn utf16(text: &str, ranges: &[std::ops::Range<usize>]) -> Vec<Stretch> {
    let (mut at, mut units) = (0, 0);
    let mut count = |to: usize| {
        units += text[at..to].encode_utf16().count();
        at = to;
        u32::try_from(units).unwrap_or(u32::MAX)
    };
    ranges.iter().map(|range| Stretch { start: count(range.start), end: count(range.end) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_as_a_page_slices() {
        let text = "é🎉 heat heat";
        let first = text.find("heat").unwrap();
        assert_eq!(
            utf16(text, &[first..first + 4, first + 5..first + 9]),
            [Stretch { start: 4, end: 8 }, Stretch { start: 9, end: 13 }]
        );
    }
}
