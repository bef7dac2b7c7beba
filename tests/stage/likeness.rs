//! How alike two recordings are, and where one lies within the other.

/// Where a sound was found in a recording.
#[derive(Debug, Clone, Copy)]
pub struct Match {
    /// The recording's sample at which it begins.
    pub at: usize,
    /// 1 for the same sound at any loudness, 0 for an unrelated one.
    pub correlation: f64,
}

/// Finds a sound in a longer recording at the same rate, to the sample.
pub fn find(sound: &[i16], recording: &[i16]) -> Match {
    assert!(!sound.is_empty(), "there is nothing to look for");
    // Coarsely first, on sums of 16 samples: the pitch of a voice survives that at any rate in use.
    let block = 16;
    let thin = |samples: &[i16]| -> Vec<f64> {
        samples.chunks(block).map(|block| block.iter().map(|&sample| f64::from(sample)).sum()).collect()
    };
    let (thin_sound, thin_recording) = (thin(sound), thin(recording));
    let last = thin_recording.len().saturating_sub(thin_sound.len());
    // Three candidates: a shift of half a block can hide the best place behind a similar one.
    let mut coarse: Vec<(usize, f64)> =
        (0..=last).map(|at| (at, correlation(&thin_sound, &thin_recording[at..]))).collect();
    coarse.sort_by(|a, b| b.1.total_cmp(&a.1));
    let exact = |samples: &[i16]| -> Vec<f64> { samples.iter().map(|&sample| f64::from(sample)).collect() };
    let (sound, recording) = (exact(sound), exact(recording));
    coarse
        .iter()
        .take(3)
        .flat_map(|&(at, _)| (at * block).saturating_sub(block)..=at * block + block)
        .filter(|&at| at < recording.len())
        .map(|at| Match { at, correlation: correlation(&sound, &recording[at..]) })
        .max_by(|a, b| a.correlation.total_cmp(&b.correlation))
        .unwrap_or(Match { at: 0, correlation: 0.0 })
}

/// Where a sound was found piece by piece.
#[derive(Debug, Clone, Copy)]
pub struct Pieces {
    /// The recording's sample at which the first piece begins.
    pub at: usize,
    /// Over all pieces, each weighed by its energy; a missing piece counts as 0.
    pub correlation: f64,
    /// Samples that lie between the pieces in the recording but not in the sound.
    pub torn: usize,
}

/// Finds a sound in a recording that may have silence torn into it. A sound server on a busy machine does that and tells
/// nobody, but it drops nothing: halves, quarters and so on must be there, in order, each soon after the one before.
pub fn find_in_pieces(sound: &[i16], recording: &[i16]) -> Pieces {
    let mut found = Found::default();
    place(sound, recording, 0, recording.len(), &mut found);
    Pieces {
        at: found.first.unwrap_or(0),
        correlation: if found.energy == 0.0 { 0.0 } else { found.like / found.energy },
        torn: (found.end - found.first.unwrap_or(0)).saturating_sub(sound.len()),
    }
}

#[derive(Default)]
struct Found {
    first: Option<usize>,
    end: usize,
    like: f64,
    energy: f64,
}

/// Places a piece between two samples of the recording, in halves if it is torn.
fn place(piece: &[i16], recording: &[i16], from: usize, to: usize, found: &mut Found) {
    /// Shorter pieces are found by chance.
    const SHORTEST: usize = 2_400;
    /// How much silence may be torn in between two pieces.
    const FARTHEST: usize = 9_600;
    let window = recording.get(from..to.min(recording.len())).unwrap_or_default();
    let best = if window.is_empty() { Match { at: 0, correlation: 0.0 } } else { find(piece, window) };
    if best.correlation < 0.97 && piece.len() >= 2 * SHORTEST {
        let (left, right) = piece.split_at(piece.len() / 2);
        place(left, recording, from, to, found);
        let after = found.end;
        place(right, recording, after, after + right.len() + FARTHEST, found);
        return;
    }
    let energy: f64 = piece.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    found.like += best.correlation * energy;
    found.energy += energy;
    found.first.get_or_insert(from + best.at);
    found.end = from + best.at + piece.len();
}

/// The likeness of a sound and what was recorded from one place on. What the recording lacks counts as silence.
pub fn likeness(sound: &[i16], recording: &[i16]) -> f64 {
    let exact = |samples: &[i16]| -> Vec<f64> { samples.iter().map(|&sample| f64::from(sample)).collect() };
    correlation(&exact(sound), &exact(recording))
}

/// The root mean square, 0 to 32,768.
pub fn loudness(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt()
}

fn correlation(sound: &[f64], recording: &[f64]) -> f64 {
    let recording = &recording[..sound.len().min(recording.len())];
    let product: f64 = sound.iter().zip(recording).map(|(a, b)| a * b).sum();
    let energy = |samples: &[f64]| samples.iter().map(|a| a * a).sum::<f64>();
    let both = (energy(sound) * energy(recording)).sqrt();
    if both == 0.0 { 0.0 } else { product / both }
}
