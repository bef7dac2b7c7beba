//! Many vectors in memory, and the nearest of them found by looking at all.

use std::fmt;
use std::ops::Range;

use crate::kernels::Kernels;
use crate::quantized::Quantized;
use crate::top::{Scored, Top};

/// So many of the nearest by whole numbers are looked at again in floats. A prototype missed none of the ten nearest with 30, over
/// 200 queries and 20,000 real texts, when it had the originals.
const LOOKED_AT_AGAIN: usize = 30;
/// From so many rows on, signs decide first which are worth multiplying; below, looking at all takes less than a millisecond
/// and misses nothing.
const SIGNS_FROM: usize = 50_000;
/// How many rows the signs leave at least, and one of how many in all: a prototype's recall stayed above 0.995 with these
/// at 100,000 and 1,000,000 rows.
const LEFT_BY_SIGNS: (usize, usize) = (1_000, 250);
/// Rows a block: its products fit into the first cache beside the rows that are read.
const BLOCK: usize = 256;
/// Codes a row are filled up to a multiple of this, the widest register, so that no kernel knows a rest.
const STRIDE: usize = 64;
/// Removed rows stay where they are until they are one of so many.
const MOST_REMOVED: usize = 4;

/// Vectors of one model, by the id of their row in the store.
///
/// Memory: 444 bytes a row of 384 dimensions. An insert with the largest id so far costs the copying of the row, as do a
/// replacement and a removal; an insert in between moves what comes after it.
#[derive(Debug, Clone)]
pub struct Index {
    dimensions: usize,
    /// Codes a row, the rest of a register filled with zeros.
    stride: usize,
    /// Ascending. The other three have a row for each.
    ids: Vec<i64>,
    /// Row after row.
    codes: Vec<i8>,
    /// 0 where a row has been removed.
    scales: Vec<f32>,
    /// A bit a code: whether it is above zero.
    signs: Vec<u64>,
    /// How many rows have been removed and are still there.
    removed: usize,
    kernels: Kernels,
}

/// A row that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: i64,
    /// The product of its vector with the query's; the cosine of their angle if both have length one.
    pub score: f32,
}

/// A vector is not as long as those of the index: it is another model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongLength {
    /// How long it is.
    pub is: usize,
    /// How long those of the index are.
    pub should_be: usize,
}

impl fmt::Display for WrongLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a vector has {} dimensions where the index has {}: it was made by another model",
            self.is, self.should_be
        )
    }
}

impl std::error::Error for WrongLength {}

impl Index {
    /// An index without rows, for vectors of so many dimensions.
    #[must_use]
    pub fn new(dimensions: usize) -> Self {
        Self::with_capacity(dimensions, 0)
    }

    /// The same, with room for so many rows.
    #[must_use]
    pub fn with_capacity(dimensions: usize, rows: usize) -> Self {
        let stride = dimensions.next_multiple_of(STRIDE);
        Self {
            dimensions,
            stride,
            ids: Vec::with_capacity(rows),
            codes: Vec::with_capacity(rows * stride),
            scales: Vec::with_capacity(rows),
            signs: Vec::with_capacity(rows * stride / 64),
            removed: 0,
            kernels: Kernels::best(),
        }
    }

    /// The same index, counting by these kernels instead of the best. For tests and benches.
    #[must_use]
    pub fn counting_by(mut self, kernels: Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// How long its vectors are.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Rows that can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len() - self.removed
    }

    /// Whether nothing can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that its rows take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.ids.capacity() * 8 + self.codes.capacity() + self.scales.capacity() * 4 + self.signs.capacity() * 8
    }

    /// Whether a row can be found.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        self.place(id).is_some()
    }

    /// The vector of a row, as exactly as its codes have it: to search for more like it. `None` for an unknown row.
    #[must_use]
    pub fn vector(&self, id: i64) -> Option<Vec<f32>> {
        let place = self.place(id)?;
        let codes = &self.row(place)[..self.dimensions];
        Some(codes.iter().map(|&code| f32::from(code) * self.scales[place]).collect())
    }

    /// Inserts a row, or puts another vector in its place. One with the scale 0 has no direction and is never found.
    ///
    /// # Errors
    /// When it has another length; the index is as before.
    pub fn put(&mut self, id: i64, scale: f32, codes: &[i8]) -> Result<(), WrongLength> {
        if codes.len() != self.dimensions {
            return Err(WrongLength { is: codes.len(), should_be: self.dimensions });
        }
        let place = match self.ids.binary_search(&id) {
            Ok(place) => {
                self.removed -= usize::from(self.scales[place] == 0.0);
                place
            }
            Err(place) => {
                self.make_room(place);
                self.ids[place] = id;
                place
            }
        };
        let codes_at = place * self.stride;
        self.codes[codes_at..codes_at + codes.len()].copy_from_slice(codes);
        let words = self.stride / 64;
        for (word, codes) in self.signs[place * words..].iter_mut().zip(codes.chunks(64)) {
            *word = signs(codes);
        }
        self.scales[place] = scale;
        self.removed += usize::from(scale == 0.0);
        Ok(())
    }

    /// Removes a row; an unknown one is no loss.
    pub fn remove(&mut self, id: i64) {
        let Some(place) = self.place(id) else { return };
        self.scales[place] = 0.0;
        self.removed += 1;
        if self.removed * MOST_REMOVED > self.ids.len() {
            self.close_gaps();
        }
    }

    /// The `n` nearest to `query`, the nearest first; fewer if there are fewer. With `only`, of those rows alone: ids,
    /// ascending; unknown ones are passed over. The score is the query in floats times the row as it is stored.
    ///
    /// # Errors
    /// When the query has another length.
    pub fn search(&self, query: &[f32], n: usize, only: Option<&[i64]>) -> Result<Vec<Hit>, WrongLength> {
        self.search_by(query, n, only, |place| {
            let codes = &self.row(place)[..self.dimensions];
            self.kernels.dot_mixed(query, codes) * self.scales[place]
        })
    }

    /// The same, for callers that have the vectors as the model gave them: `original` is handed an id and fills the vector
    /// in, or says `false` where it is gone; then the stored one decides.
    ///
    /// # Errors
    /// When the query has another length.
    pub fn search_among_originals(
        &self,
        query: &[f32],
        n: usize,
        only: Option<&[i64]>,
        mut original: impl FnMut(i64, &mut [f32]) -> bool,
    ) -> Result<Vec<Hit>, WrongLength> {
        let mut vector = vec![0.0; self.dimensions];
        self.search_by(query, n, only, |place| {
            if original(self.ids[place], &mut vector) {
                self.kernels.dot(query, &vector)
            } else {
                let codes = &self.row(place)[..self.dimensions];
                self.kernels.dot_mixed(query, codes) * self.scales[place]
            }
        })
    }

    fn search_by(
        &self,
        query: &[f32],
        n: usize,
        only: Option<&[i64]>,
        mut score: impl FnMut(usize) -> f32,
    ) -> Result<Vec<Hit>, WrongLength> {
        if query.len() != self.dimensions {
            return Err(WrongLength { is: query.len(), should_be: self.dimensions });
        }
        let mut codes = Quantized::of(query).codes;
        codes.resize(self.stride, 0);
        let runs = match only {
            None => std::iter::once(0..self.ids.len()).collect(),
            Some(ids) => self.runs(ids),
        };
        let runs = self.worth_multiplying(&codes, runs, n);
        let mut again = Top::new(n.saturating_add(LOOKED_AT_AGAIN - 10).max(LOOKED_AT_AGAIN));
        self.multiply(&codes, &runs, &mut again);
        let mut best = Top::new(n);
        for Scored { place, .. } in again.best() {
            best.show(Scored { score: score(place), place });
        }
        Ok(best.best().into_iter().map(|Scored { score, place }| Hit { id: self.ids[place], score }).collect())
    }

    /// Products of whole numbers with every row of `runs`.
    fn multiply(&self, query: &[i8], runs: &[Range<usize>], top: &mut Top) {
        let mut products = [0; BLOCK];
        for run in runs {
            for begin in run.clone().step_by(BLOCK) {
                let end = (begin + BLOCK).min(run.end);
                let products = &mut products[..end - begin];
                self.kernels.dots(query, &self.codes[begin * self.stride..end * self.stride], products);
                let scales = &self.scales[begin..end];
                for (at, (&product, &scale)) in products.iter().zip(scales).enumerate() {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "exact up to 2^24, a thousand dimensions; beyond, it ranks"
                    )]
                    let score = product as f32 * scale;
                    if top.wants(score) && scale != 0.0 {
                        top.show(Scored { score, place: begin + at });
                    }
                }
            }
        }
    }

    /// Where there are many rows, those whose signs agree most with the query's; else all. Signs alone miss two of five of
    /// the nearest, but hardly ever put one behind so many others.
    fn worth_multiplying(&self, query: &[i8], runs: Vec<Range<usize>>, n: usize) -> Vec<Range<usize>> {
        let rows: usize = runs.iter().map(ExactSizeIterator::len).sum();
        if rows < SIGNS_FROM {
            return runs;
        }
        let query: Vec<u64> = query.chunks(64).map(signs).collect();
        let words = query.len();
        let mut distances = vec![0_u16; rows];
        let mut filled = 0;
        for run in &runs {
            let signs = &self.signs[run.start * words..run.end * words];
            self.kernels.distances(&query, signs, &mut distances[filled..filled + run.len()]);
            filled += run.len();
        }
        let wanted = LEFT_BY_SIGNS.0.max(rows / LEFT_BY_SIGNS.1).max(n.saturating_mul(4));
        let farthest = farthest_of_nearest(&distances, self.stride, wanted);
        let mut left: Vec<Range<usize>> = Vec::with_capacity(wanted + wanted / 2);
        let places = runs.iter().flat_map(Clone::clone);
        for (place, _) in places.zip(&distances).filter(|(_, distance)| **distance <= farthest) {
            match left.last_mut() {
                Some(run) if run.end == place => run.end += 1,
                _ => left.push(place..place + 1),
            }
        }
        left
    }

    /// Where these rows are, neighbours together.
    fn runs(&self, ids: &[i64]) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        for id in ids {
            match self.ids[from..].binary_search(id) {
                Ok(ahead) => {
                    from += ahead + 1;
                    match runs.last_mut() {
                        Some(run) if run.end + 1 == from => run.end = from,
                        _ => runs.push(from - 1..from),
                    }
                }
                Err(ahead) => from += ahead,
            }
        }
        runs
    }

    fn place(&self, id: i64) -> Option<usize> {
        self.ids.binary_search(&id).ok().filter(|&place| self.scales[place] != 0.0)
    }

    fn row(&self, place: usize) -> &[i8] {
        &self.codes[place * self.stride..(place + 1) * self.stride]
    }

    /// An empty row at `place`; what was there and comes after it moves.
    fn make_room(&mut self, place: usize) {
        let words = self.stride / 64;
        let (codes_at, signs_at) = (place * self.stride, place * words);
        self.ids.insert(place, 0);
        self.scales.insert(place, 0.0);
        self.codes.splice(codes_at..codes_at, std::iter::repeat_n(0, self.stride));
        self.signs.splice(signs_at..signs_at, std::iter::repeat_n(0, words));
    }

    /// Moves the rows together, over those that were removed.
    fn close_gaps(&mut self) {
        let words = self.stride / 64;
        let mut to = 0;
        for from in 0..self.ids.len() {
            if self.scales[from] == 0.0 {
                continue;
            }
            self.ids[to] = self.ids[from];
            self.scales[to] = self.scales[from];
            self.codes.copy_within(from * self.stride..(from + 1) * self.stride, to * self.stride);
            self.signs.copy_within(from * words..(from + 1) * words, to * words);
            to += 1;
        }
        self.ids.truncate(to);
        self.scales.truncate(to);
        self.codes.truncate(to * self.stride);
        self.signs.truncate(to * words);
        self.removed = 0;
    }
}

/// A bit a code, the first lowest: whether it is above zero.
fn signs(codes: &[i8]) -> u64 {
    codes.iter().enumerate().fold(0, |word, (at, &code)| word | u64::from(code > 0) << at)
}

/// How far the last of the nearest `wanted` is, all at its distance included; `bits` is the farthest there can be.
fn farthest_of_nearest(distances: &[u16], bits: usize, wanted: usize) -> u16 {
    let mut rows_at = vec![0_usize; bits + 1];
    for &distance in distances {
        rows_at[usize::from(distance)] += 1;
    }
    let mut nearer = 0;
    for (distance, rows) in rows_at.iter().enumerate() {
        nearer += rows;
        if nearer >= wanted {
            return u16::try_from(distance).unwrap_or(u16::MAX);
        }
    }
    u16::MAX
}

#[cfg(test)]
mod tests;
