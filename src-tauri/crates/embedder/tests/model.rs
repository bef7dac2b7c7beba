//! The model against the vectors that sentence-transformers makes of the same texts, and against damage.
//!
//! `cargo xtask test` makes the weights be there. Without them, what needs them says so and passes; what needs none runs.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stderr, reason = "figures, and what was not run")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_executor::block_on;
use parlance_core::embedding::{EmbeddingInput, EmbeddingModel as _, EmbeddingRequest, Purpose};
use parlance_core::error::Category;
use parlance_core::msg::Source;
use parlance_embedder::{DIMENSIONS, Embedder, LONGEST, LocalModel, ModelError, TOKENIZER, WEIGHTS};
use parlance_vectors::kernels::Kernels;

/// The packed model, `None` where it was not set up.
fn packed() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/models/all-MiniLM-L6-v2");
    there(LocalModel::is_in(&folder).then_some(folder))
}

/// The published one, in the folder that `PARLANCE_PUBLISHED_MODEL` names.
fn published() -> Option<PathBuf> {
    there(std::env::var_os("PARLANCE_PUBLISHED_MODEL").map(PathBuf::from))
}

fn there(folder: Option<PathBuf>) -> Option<PathBuf> {
    if folder.is_none() {
        eprintln!("NOT RUN: the model is not here; `cargo xtask test` fetches it");
    }
    folder
}

/// 200 texts of many lengths and scripts, and what sentence-transformers makes of them.
fn reference() -> (Vec<String>, Vec<Vec<f32>>) {
    let texts: Vec<String> = serde_json::from_str(include_str!("reference/texts.json")).unwrap();
    let vectors: Vec<Vec<f32>> = include_bytes!("reference/vectors.i16")
        .chunks(DIMENSIONS * 2)
        .map(|row| row.as_chunks().0.iter().map(|x| f32::from(i16::from_le_bytes(*x)) / 32_767.0).collect())
        .collect();
    assert_eq!((texts.len(), vectors.len()), (200, 200));
    (texts, vectors)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

/// The worst cosine and its text, and the mean, over every `step`th text.
fn cosines(model: &mut Embedder, step: usize) -> (f32, String, f32) {
    let (texts, expected) = reference();
    let (mut worst, mut sum, mut n) = ((f32::INFINITY, String::new()), 0.0, 0.0);
    for (text, expected) in texts.iter().zip(&expected).step_by(step) {
        let cosine = cosine(&model.embed(&[text]).unwrap()[0], expected);
        if cosine < worst.0 {
            worst = (cosine, text.clone());
        }
        sum += cosine;
        n += 1.0;
    }
    (worst.0, worst.1, sum / n)
}

#[test]
fn in_floats_its_vectors_are_those_of_sentence_transformers() {
    let Some(folder) = published() else { return };
    let (worst, text, mean) = cosines(&mut Embedder::open_published(&folder).unwrap(), 4);
    eprintln!("floats: cosine {worst} at worst, {mean} in the mean");
    assert!(worst >= 0.9999, "{worst} of {text:?}");
}

#[test]
fn packed_they_are_as_near_as_whole_numbers_allow_on_every_way_of_counting() {
    let Some(folder) = packed() else { return };
    for kernels in Kernels::available() {
        // What is chosen here reads all; the others count the same numbers, and one of them is slow.
        let step = if kernels == Kernels::best() { 1 } else { 9 };
        let (worst, text, mean) = cosines(&mut Embedder::open(&folder).unwrap().counting_by(kernels), step);
        eprintln!("{}: cosine {worst} at worst, {mean} in the mean", kernels.name());
        assert!(worst >= 0.985, "{worst} of {text:?} with {}", kernels.name());
        assert!(mean >= 0.995, "{mean} with {}", kernels.name());
    }
}

#[test]
fn vectors_have_length_one_and_what_is_beyond_the_longest_text_does_not_count() {
    let Some(folder) = packed() else { return };
    let mut model = Embedder::open(&folder).unwrap();
    let (full, more) = ("word ".repeat(LONGEST - 2), "word ".repeat(LONGEST + 40) + "other");
    let vectors = model.embed(&["", "one text", &full, &more]).unwrap();
    for vector in &vectors {
        assert!(
            (cosine(vector, vector) - 1.0).abs() < 1e-5
                && (vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5
        );
    }
    assert_eq!(vectors[2], vectors[3]);
    // One after the other or together, in whatever order: a text's vector is its own.
    assert_eq!(model.embed(&["one text"]).unwrap()[0], vectors[1]);
}

/// What opening a folder says that has these files.
fn opening(weights: Option<&[u8]>, tokenizer: Option<&[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [(WEIGHTS, weights), (TOKENIZER, tokenizer)] {
        if let Some(bytes) = bytes {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
    }
    match Embedder::open(folder.path()) {
        Ok(_) => "opened".into(),
        Err(ModelError::Missing { path }) => format!("missing {}", path.file_name().unwrap().display()),
        Err(ModelError::Damaged { what, .. }) => what.into(),
        Err(ModelError::OtherForm { found, .. }) => format!("form {found}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn files_that_are_missing_or_hold_something_else_are_told_apart() {
    assert_eq!(opening(None, None), "missing tokenizer.json");
    assert_eq!(opening(None, Some(b"{}")), "it holds no tokenizer");
    assert_eq!(opening(None, Some(b"")), "it holds no tokenizer");
}

#[test]
fn damaged_weights_are_refused_before_anything_is_counted() {
    let Some(folder) = packed() else { return };
    let read = |name| fs::read(folder.join(name)).unwrap();
    let (weights, tokenizer) = (read(WEIGHTS), read(TOKENIZER));
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut weights = weights.clone();
        change(&mut weights);
        opening(Some(&weights), Some(&tokenizer))
    };
    assert_eq!(with(&|_| ()), "opened");
    assert_eq!(with(&|file| file.clear()), "it ends too early");
    assert_eq!(with(&|file| file[0] ^= 1), "it does not begin as it should");
    assert_eq!(with(&|file| file[8] = 9), "form 9");
    assert_eq!(with(&|file| file.truncate(1_000_000)), "it has another length than it says");
    assert_eq!(with(&|file| file.push(0)), "it has another length than it says");
    assert_eq!(with(&|file| file[20_000_000] ^= 16), "its checksum is another");
    let mut other = tokenizer.clone();
    other.push(b'\n');
    assert_eq!(opening(Some(&weights), Some(&other)), "the vocabulary beside it belongs to other weights");
    assert_eq!(opening(None, Some(&tokenizer)), "missing weights.bin");
}

fn request(purpose: Purpose, texts: &[&str]) -> EmbeddingRequest {
    let inputs = texts.iter().map(|text| EmbeddingInput::Text((*text).to_owned())).collect();
    EmbeddingRequest { inputs, purpose: Some(purpose), ..Default::default() }
}

#[test]
fn without_its_files_the_port_says_what_is_missing_and_asks_again_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!LocalModel::is_in(folder.path()));
    let model = LocalModel::new(folder.path().to_owned(), Duration::from_secs(60));
    for _ in 0..2 {
        let error = block_on(model.embed(&request(Purpose::Query, &["a"]))).unwrap_err();
        assert_eq!(error.category, Category::NotFound);
        assert!(error.message.contains("tokenizer.json is missing"), "{error}");
    }
}

#[test]
fn the_port_refuses_what_the_model_cannot() {
    let model = LocalModel::new(PathBuf::new(), Duration::from_secs(60));
    let wide = EmbeddingRequest { dimensions: Some(1_024), ..request(Purpose::Query, &["a"]) };
    let picture = EmbeddingInput::Image(Source::Url { url: "https://example.org/a.png".into() });
    let picture = EmbeddingRequest { inputs: vec![picture], ..Default::default() };
    for refused in [wide, picture] {
        assert_eq!(block_on(model.embed(&refused)).unwrap_err().category, Category::InvalidRequest);
    }
}

#[test]
fn the_port_gives_what_the_model_gives_in_order() {
    let Some(folder) = packed() else { return };
    let model = LocalModel::new(folder.clone(), Duration::from_secs(60));
    let texts = ["first", "second text", "a third"];
    let given = block_on(model.embed(&request(Purpose::Document, &texts))).unwrap();
    assert_eq!(given.vectors, Embedder::open(&folder).unwrap().embed(&texts).unwrap());
    assert_eq!(given.usage.tokens, 3 + 4 + 4);
    let nothing = block_on(model.embed(&request(Purpose::Document, &[]))).unwrap();
    assert!(nothing.vectors.is_empty());
}

#[test]
fn a_question_is_answered_before_the_rest_of_the_notes() {
    let Some(folder) = packed() else { return };
    let model = LocalModel::new(folder, Duration::from_secs(60));
    let long = "many words of a note ".repeat(60);
    let notes = request(Purpose::Document, &vec![long.as_str(); 200]);
    let (notes_done, question_done) = std::thread::scope(|scope| {
        let notes = scope.spawn(|| block_on(model.embed(&notes)).map(|_| Instant::now()));
        // Whichever comes to the thread first: two hundred long notes take seconds, a question some milliseconds.
        let question = block_on(model.embed(&request(Purpose::Query, &["short"]))).map(|_| Instant::now());
        (notes.join().unwrap().unwrap(), question.unwrap())
    });
    assert!(question_done < notes_done);
}

#[test]
fn what_nobody_waits_for_any_more_is_not_counted() {
    let Some(folder) = packed() else { return };
    let model = LocalModel::new(folder, Duration::from_secs(60));
    let long = "many words of a note ".repeat(60);
    let abandoned = request(Purpose::Document, &vec![long.as_str(); 100_000]);
    let waker = std::task::Waker::noop();
    let mut waiting = Box::pin(model.embed(&abandoned));
    assert!(waiting.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    drop(waiting);
    // A hundred thousand notes would take half an hour.
    block_on(model.embed(&request(Purpose::Document, &["next"]))).unwrap();
}

#[test]
fn an_idle_model_leaves_and_comes_again() {
    let Some(folder) = packed() else { return };
    let own = tempfile::tempdir().unwrap();
    for name in [WEIGHTS, TOKENIZER] {
        fs::copy(folder.join(name), own.path().join(name)).unwrap();
    }
    let model = LocalModel::new(own.path().to_owned(), Duration::ZERO);
    let ask = || block_on(model.embed(&request(Purpose::Query, &["a"])));
    let first = ask().unwrap().vectors;
    // That it has left is seen by its files: it reads them again, and misses what was taken away.
    fs::rename(own.path().join(WEIGHTS), own.path().join("elsewhere")).unwrap();
    let gone = Instant::now();
    while ask().is_ok() {
        assert!(gone.elapsed() < Duration::from_secs(20), "the model never left");
        std::thread::yield_now();
    }
    fs::rename(own.path().join("elsewhere"), own.path().join(WEIGHTS)).unwrap();
    assert_eq!(ask().unwrap().vectors, first);
}
