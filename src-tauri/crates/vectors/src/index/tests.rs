use proptest::prelude::*;

use super::*;

/// Numbers that look like chance and are the same every time, -1 to 1.
fn numbers(seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        #[expect(clippy::cast_precision_loss, reason = "a number between -1 and 1 is wanted, any")]
        let number = (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
        number
    })
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|x| *x /= length);
    vector
}

/// Vectors in clusters, as those of texts are: something that belongs together is near, the rest far.
fn vectors(n: usize, dimensions: usize) -> Vec<Vec<f32>> {
    let centres: Vec<Vec<f32>> = (0..n as u64 / 20 + 1).map(|at| numbers(at + 1).take(dimensions).collect()).collect();
    (0..n)
        .map(|at| {
            let centre = &centres[at % centres.len()];
            unit(centre.iter().zip(numbers(at as u64 + 1_000_003)).map(|(c, own)| c + own).collect())
        })
        .collect()
}

fn index(vectors: &[Vec<f32>]) -> Index {
    let mut index = Index::with_capacity(vectors[0].len(), vectors.len());
    for (id, vector) in (10..).zip(vectors) {
        let Quantized { scale, codes } = Quantized::of(vector);
        index.put(id, scale, &codes).unwrap();
    }
    index
}

fn exact(vectors: &[Vec<f32>], query: &[f32], n: usize) -> Vec<i64> {
    let mut scored: Vec<(f32, i64)> = (10..)
        .zip(vectors)
        .map(|(id, vector)| (vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>(), id))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(n).map(|(_, id)| id).collect()
}

/// The share of the ten nearest by floats that the index finds, with the originals and by what is stored alone, over
/// `queries` near some of the vectors.
fn recall(vectors: &[Vec<f32>], index: &Index, queries: usize) -> (f64, f64) {
    let step = vectors.len() / queries;
    let (mut with_originals, mut by_stored) = (0, 0);
    for at in 0..queries {
        let query = vectors[at * step].iter().zip(numbers(at as u64 + 77)).map(|(x, own)| x + own * 0.04).collect();
        let query = unit(query);
        let expected = exact(vectors, &query, 10);
        let among = |hits: Vec<Hit>| hits.iter().filter(|hit| expected.contains(&hit.id)).count();
        let original = |id: i64, vector: &mut [f32]| {
            vector.copy_from_slice(&vectors[usize::try_from(id - 10).unwrap()]);
            true
        };
        with_originals += among(index.search_among_originals(&query, 10, None, original).unwrap());
        by_stored += among(index.search(&query, 10, None).unwrap());
    }
    let share = |found: usize| found as f64 / (queries * 10) as f64;
    (share(with_originals), share(by_stored))
}

/// The clusters have twenty vectors that are all but equally near, which is harder than texts are: what is stored alone
/// cannot always tell the tenth from the eleventh.
fn assert_recall((with_originals, by_stored): (f64, f64)) {
    assert!(with_originals >= 0.99, "recall@10 is {with_originals} with the originals");
    assert!(by_stored >= 0.97, "recall@10 is {by_stored} by what is stored");
}

#[test]
fn of_twenty_thousand_it_finds_the_ten_that_floats_find() {
    let vectors = vectors(20_000, 384);
    assert_recall(recall(&vectors, &index(&vectors), 50));
}

#[test]
fn above_fifty_thousand_where_signs_go_first_it_still_does() {
    let vectors = vectors(60_000, 384);
    assert_recall(recall(&vectors, &index(&vectors), 50));
}

#[test]
fn originals_decide_the_order_where_there_are_any() {
    let vectors = vectors(500, 64);
    let (index, query) = (index(&vectors), &vectors[123]);
    let hits = index
        .search_among_originals(query, 5, None, |id, vector| {
            vector.copy_from_slice(&vectors[usize::try_from(id - 10).unwrap()]);
            true
        })
        .unwrap();
    assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), exact(&vectors, query, 5));
    assert!((hits[0].score - 1.0).abs() < 1e-5, "the product with itself in floats, but {}", hits[0].score);
    // Where they are gone, the stored ones decide.
    let stored = index.search_among_originals(query, 5, None, |_, _| false).unwrap();
    assert_eq!(stored, index.search(query, 5, None).unwrap());
}

#[test]
fn only_allowed_rows_are_found_and_unknown_ones_are_passed_over() {
    let vectors = vectors(300, 64);
    let index = index(&vectors);
    let hits = index.search(&vectors[7], 10, Some(&[-4, 12, 13, 14, 200, 5_000])).unwrap();
    let mut ids: Vec<i64> = hits.iter().map(|hit| hit.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [12, 13, 14, 200]);
}

#[test]
fn a_vector_of_another_model_is_refused() {
    let mut index = Index::new(64);
    let wrong = WrongLength { is: 3, should_be: 64 };
    assert_eq!(index.put(1, 1.0, &[1, 2, 3]), Err(wrong));
    assert_eq!(index.search(&[1.0, 2.0, 3.0], 1, None), Err(wrong));
    assert!(index.is_empty());
}

#[test]
fn a_row_of_384_dimensions_takes_no_more_than_450_bytes() {
    let index = index(&vectors(1_000, 384));
    assert!(index.memory() <= 450 * 1_000, "{} bytes", index.memory());
}

/// What happens to an index, of few ids so that they meet.
#[derive(Debug, Clone)]
enum Change {
    Put(i64, Vec<i8>),
    Remove(i64),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..12_i64, proptest::collection::vec(-127_i8..=127, 70)).prop_map(|(id, codes)| Change::Put(id, codes)),
        (0..12_i64).prop_map(Change::Remove),
    ]
}

proptest! {
    #[test]
    fn whatever_is_put_and_removed_it_holds_what_a_map_would(
        changes in proptest::collection::vec(change(), 0..60),
        query in proptest::collection::vec(-1_f32..1.0, 70),
    ) {
        let mut index = Index::new(70);
        let mut map = std::collections::BTreeMap::new();
        for change in changes {
            match change {
                Change::Put(id, codes) => {
                    index.put(id, 0.5, &codes).unwrap();
                    map.insert(id, codes);
                }
                Change::Remove(id) => {
                    index.remove(id);
                    map.remove(&id);
                }
            }
        }
        prop_assert_eq!(index.len(), map.len());
        for id in 0..12 {
            let expected = map.get(&id).map(|codes| codes.iter().map(|&code| f32::from(code) * 0.5).collect::<Vec<_>>());
            prop_assert_eq!(index.vector(id), expected);
        }
        let mut found: Vec<i64> = index.search(&query, 100, None).unwrap().iter().map(|hit| hit.id).collect();
        found.sort_unstable();
        prop_assert_eq!(found, map.keys().copied().collect::<Vec<_>>());
        // Two indexes with the same rows find the same, however they came to be.
        let mut fresh = Index::new(70);
        map.iter().for_each(|(&id, codes)| fresh.put(id, 0.5, codes).unwrap());
        prop_assert_eq!(index.search(&query, 3, None), fresh.search(&query, 3, None));
    }
}
