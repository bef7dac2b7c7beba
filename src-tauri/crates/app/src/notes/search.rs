//! What is asked of notes: by words, by meaning, or by both.

use std::time::Instant;

use parlance_store::{FoundPassage, NoteFilter, marks};

use crate::api::{ErrorBody, ErrorCode, Found, NoteHit, NotesFound, SearchMode, SearchNotes, Stretch};
use crate::app::App;
use crate::notes::folder;

/// Hits that are given at once.
const MOST_HITS: u32 = 100;

impl App {
    /// Finds passages of notes.
    ///
    /// # Errors
    /// [`ErrorCode::NoMeaning`] where only meaning was asked for and there is none; when reading fails.
    pub async fn search_notes(&self, request: SearchNotes) -> Result<NotesFound, ErrorBody> {
        let start = Instant::now();
        let store = self.store()?;
        let which = NoteFilter {
            folder: request.folder.as_deref().map(folder).filter(|folder| !folder.is_empty()),
            tag: request.tag.clone(),
            since_ms: request.since_ms,
            until_ms: request.until_ms,
        };
        let total = store.passage_count().await?;
        let no_meaning = ErrorBody::new(ErrorCode::NoMeaning);
        if request.mode == SearchMode::Semantic {
            return Err(no_meaning);
        }
        let limit = request.limit.min(MOST_HITS);
        let words = store.search_words(&request.query, &which, total, limit).await?;
        let exact = words.exact.iter().map(|n| (*n, 1.0 + words.whole, Found::Exact));
        let others = words.hits.iter().map(|(n, score)| (*n, *score, Found::Words));
        let mut ranked: Vec<(i64, f32, Found)> = Vec::new();
        for hit in exact.chain(others) {
            if ranked.iter().all(|known| known.0 != hit.0) {
                ranked.push(hit);
            }
        }
        ranked.truncate(limit as usize);
        let hits = self.drawn(&request.query, &which, &ranked).await?;
        Ok(NotesFound {
            hits,
            searchable: 0,
            total,
            ms: start.elapsed().as_secs_f32() * 1_000.0,
            no_meaning: (request.mode == SearchMode::Hybrid).then_some(no_meaning),
        })
    }

    /// The passages of ranked rows, as hosts draw them.
    async fn drawn(
        &self,
        query: &str,
        which: &NoteFilter,
        ranked: &[(i64, f32, Found)],
    ) -> Result<Vec<NoteHit>, ErrorBody> {
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
