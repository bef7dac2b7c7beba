//! Pictures, by the rule of OpenAI's guide “Images and vision”, section “Calculating costs” (read November 2026).
//!
//! Exact where the guide names the model and the picture's size is known. The guide scales the shorter side to 768 pixels
//! whichever way that is; a recorded answer had a small picture counted as it was. So a picture that would have to grow
//! is counted by the letter and marked as an estimate, and so is one that has to shrink into a model's patches.

use serde_json::Value;

use crate::media::{Size, picture_size_at};
use crate::tally::Tally;
use crate::vocabulary::bare;

/// How a model sees a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sight {
    /// In patches of 32 pixels, so many at most, each worth `factor` tokens.
    Patches { factor: f64 },
    /// In tiles of 512 pixels, after scaling.
    Tiles { base: u64, tile: u64 },
}

/// Models by how their names begin; the first that fits counts.
const SIGHTS: &[(&str, Sight)] = &[
    ("gpt-4.1-mini", Sight::Patches { factor: 1.62 }),
    ("gpt-4.1-nano", Sight::Patches { factor: 2.46 }),
    ("o4-mini", Sight::Patches { factor: 1.72 }),
    ("gpt-5-mini", Sight::Patches { factor: 1.62 }),
    ("gpt-5-nano", Sight::Patches { factor: 2.46 }),
    ("gpt-4o-mini", Sight::Tiles { base: 2833, tile: 5667 }),
    ("gpt-4o", Sight::Tiles { base: 85, tile: 170 }),
    ("gpt-4.1", Sight::Tiles { base: 85, tile: 170 }),
    ("gpt-4.5", Sight::Tiles { base: 85, tile: 170 }),
    ("o1", Sight::Tiles { base: 75, tile: 150 }),
    ("o3", Sight::Tiles { base: 75, tile: 150 }),
];

/// For models that the guide does not name.
const USUAL: Sight = Sight::Tiles { base: 85, tile: 170 };
/// For pictures whose size is not known: those of the web are not fetched to be counted.
const USUAL_SIZE: Size = Size { width: 1024, height: 1024 };

const PATCH: u64 = 32;
const MOST_PATCHES: u64 = 1536;
const TILE: u64 = 512;
const LONGER_SIDE: u64 = 2048;
const SHORTER_SIDE: u64 = 768;

/// Adds the tokens of one `image_url`.
pub(super) fn count(model: &str, image: &Value, tally: &mut Tally) {
    let named = SIGHTS.iter().find(|(family, _)| bare(model).starts_with(family)).map(|(_, sight)| *sight);
    let sight = named.unwrap_or(USUAL);
    let is_low = image["detail"] == "low";
    let size = image["url"].as_str().and_then(picture_size_at);
    let (tokens, is_by_rule) = match (sight, size.unwrap_or(USUAL_SIZE)) {
        // Whatever the picture's size.
        (Sight::Tiles { base, .. }, _) if is_low => (base, true),
        (Sight::Tiles { base, tile }, picture) => {
            (base + tile * tiles(picture), size.is_some() && picture.width.min(picture.height) >= SHORTER_SIDE)
        }
        (Sight::Patches { factor }, picture) => {
            let patches = picture.width.div_ceil(PATCH) * picture.height.div_ceil(PATCH);
            (times(patches.min(MOST_PATCHES), factor), size.is_some() && patches <= MOST_PATCHES)
        }
    };
    if is_by_rule && named.is_some() { tally.add(tokens) } else { tally.guess(tokens) }
}

/// How many tiles a picture covers after it was fitted into a square and its shorter side was scaled.
fn tiles(Size { mut width, mut height }: Size) -> u64 {
    let longer = width.max(height);
    if longer > LONGER_SIDE {
        (width, height) = (scaled(width, LONGER_SIDE, longer), scaled(height, LONGER_SIDE, longer));
    }
    let shorter = width.min(height).max(1);
    let (width, height) = (scaled(width, SHORTER_SIDE, shorter), scaled(height, SHORTER_SIDE, shorter));
    width.div_ceil(TILE) * height.div_ceil(TILE)
}

/// A side at `to / from` of its length, in whole pixels. A strip of one pixel stays one.
fn scaled(side: u64, to: u64, from: u64) -> u64 {
    (side.saturating_mul(to) / from).max(1)
}

/// Patches at a factor, rounded up.
fn times(patches: u64, factor: f64) -> u64 {
    // At most 1536 patches: exact in floating point, and never negative.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let tokens = (patches as f64 * factor).ceil() as u64;
    tokens
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use parlance_core::TokenCount;
    use serde_json::json;

    use super::*;

    fn picture(width: u32, height: u32) -> Value {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
        json!({"url": format!("data:image/png;base64,{}", BASE64.encode(bytes))})
    }

    fn counted(model: &str, image: &Value) -> TokenCount {
        let mut tally = Tally::exact();
        count(model, image, &mut tally);
        tally.count()
    }

    #[test]
    fn pictures_in_tiles() {
        for (model, width, height, tokens, exact) in [
            // The guide's own examples.
            ("gpt-4o", 1024, 1024, 765, true),
            ("gpt-4o", 2048, 4096, 1105, true),
            ("gpt-4.1", 1024, 1024, 765, true),
            ("gpt-4.5-preview", 768, 768, 765, true),
            ("gpt-4o-mini", 1024, 1024, 2833 + 4 * 5667, true),
            ("openai/gpt-4o-mini-2024-07-18", 1024, 1024, 2833 + 4 * 5667, true),
            ("o1", 1024, 1024, 75 + 4 * 150, true),
            ("o3-pro", 2048, 4096, 75 + 6 * 150, true),
            // By the letter it grows to 1536 × 768.
            ("gpt-4o", 200, 100, 85 + 6 * 170, false),
            // 8192 × 100 → 2048 × 25 → 62914 × 768.
            ("gpt-4o", 8192, 100, 85 + 170 * 123 * 2, false),
            ("gpt-6-astra", 1024, 1024, 765, false),
        ] {
            let want = TokenCount { tokens, exact };
            assert_eq!(counted(model, &picture(width, height)), want, "{model} {width}x{height}");
        }
    }

    #[test]
    fn pictures_in_patches() {
        for (model, width, height, tokens, exact) in [
            ("gpt-4.1-mini", 1024, 1024, 1659, true),
            ("gpt-4.1-nano", 1024, 1024, 2520, true),
            ("o4-mini", 1024, 1024, 1762, true),
            ("gpt-4.1-mini", 33, 1, 4, true),
            ("gpt-4.1-mini", 1800, 2400, 2489, false),
        ] {
            let want = TokenCount { tokens, exact };
            assert_eq!(counted(model, &picture(width, height)), want, "{model} {width}x{height}");
        }
    }

    #[test]
    fn a_low_detail_needs_no_size_and_an_unknown_size_is_an_estimate() {
        let web = |detail: &str| json!({"url": "https://example.com/a.png", "detail": detail});
        assert_eq!(counted("gpt-4o", &web("low")), TokenCount { tokens: 85, exact: true });
        assert_eq!(counted("gpt-4o", &web("auto")), TokenCount { tokens: 765, exact: false });
        assert_eq!(counted("o4-mini", &web("high")), TokenCount { tokens: 1762, exact: false });
        assert_eq!(counted("gpt-4o", &json!({})), TokenCount { tokens: 765, exact: false });
    }
}
