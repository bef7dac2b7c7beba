use proptest::prelude::*;

use super::*;

const RATES: [u32; 7] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000];

fn rate(hz: u32) -> SampleRate {
    SampleRate::new(hz).unwrap()
}

fn sine(frequency: f64, rate: u32, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| (0.5 * (std::f64::consts::TAU * frequency * n as f64 / f64::from(rate)).sin()) as f32)
        .collect()
}

fn convert(from: u32, to: u32, input: &[f32]) -> Vec<f32> {
    let mut output = Vec::new();
    let mut resampler = Resampler::new(rate(from), rate(to));
    resampler.push(input, &mut output);
    resampler.finish(&mut output);
    output
}

fn rms(samples: &[f32]) -> f64 {
    (samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

#[test]
fn a_tone_keeps_its_pitch_its_level_and_its_place() {
    for from in RATES {
        for to in RATES {
            let input = sine(1_000.0, from, from as usize / 4);
            let output = convert(from, to, &input);
            assert_eq!(output.len(), (input.len() * to as usize).div_ceil(from as usize), "{from} → {to}");
            // Away from the ends, where a tone that begins at full strength cannot be band-limited. What is left is
            // the fraction of a sample that taking off a whole number of samples of delay leaves.
            let inner = to as usize / 40..to as usize / 5;
            let reach = 200 * to.div_ceil(from.min(to)) as i32;
            let shift = (-reach..=reach)
                .map(|hundredth| f64::from(hundredth) / 100.0)
                .map(|fraction| {
                    let difference: Vec<f32> = inner
                        .clone()
                        .map(|n| {
                            let at = (n as f64 + fraction) / f64::from(to);
                            output[n] - (0.5 * (std::f64::consts::TAU * 1_000.0 * at).sin()) as f32
                        })
                        .collect();
                    (rms(&difference), fraction)
                })
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .unwrap();
            assert!(shift.0 < 0.005, "{from} → {to}: differs by {} at best", shift.0);
            assert!(shift.1.abs() <= 0.6, "{from} → {to}: moved by {} samples", shift.1);
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_gone_and_not_folded_down() {
    for (from, to, tone) in [(48_000, 24_000, 15_000.0), (48_000, 16_000, 10_000.0), (44_100, 8_000, 6_000.0)] {
        let output = convert(from, to, &sine(tone, from, from as usize / 2));
        let inner = &output[to as usize / 20..to as usize / 4];
        let level = 20.0 * (rms(inner) / rms(&sine(tone, from, from as usize / 2))).log10();
        assert!(level < -80.0, "{tone} Hz at {from} → {to} is still there at {level} dB");
    }
}

#[test]
fn a_whole_recording_keeps_its_length_and_its_ends() {
    for from in RATES {
        for to in RATES {
            // A click at each end must come out at each end.
            let mut samples = vec![0i16; from as usize / 10];
            let last = samples.len() - 40;
            samples[40] = 20_000;
            samples[last] = 20_000;
            let output = resample_all(&AudioChunk { samples, rate: rate(from) }, rate(to));
            let place = |n: usize| (n as f64 * f64::from(to) / f64::from(from)).round() as usize;
            let loudest_near = |n: usize| {
                let around = place(n).saturating_sub(8)..(place(n) + 9).min(output.samples.len());
                around.max_by_key(|&at| output.samples[at].unsigned_abs()).unwrap()
            };
            assert!(output.samples.len().abs_diff((from as usize / 10 * to as usize).div_ceil(from as usize)) <= 1);
            assert!(loudest_near(40).abs_diff(place(40)) <= 1, "{from} → {to}: the first click moved");
            assert!(loudest_near(last).abs_diff(place(last)) <= 1, "{from} → {to}: the last click moved");
            assert!(output.samples[loudest_near(last)].unsigned_abs() > 500, "{from} → {to}: the last click is lost");
        }
    }
}

#[test]
fn rates_without_a_common_divisor_are_converted_too() {
    let input = AudioChunk { samples: vec![1_000; 44_101], rate: rate(44_101) };
    assert_eq!(resample_all(&input, SampleRate::HZ_24000).samples.len(), 24_000);
}

proptest! {
    #[test]
    fn how_the_input_is_cut_does_not_change_the_output(
        from in prop::sample::select(RATES.to_vec()),
        to in prop::sample::select(RATES.to_vec()),
        seed in any::<u32>(),
        cuts in prop::collection::vec(1usize..700, 1..12),
    ) {
        let total: usize = cuts.iter().sum();
        let mut noise = seed | 1;
        let input: Vec<f32> = (0..total).map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            to_f32((noise >> 16) as u16 as i16)
        }).collect();

        let mut resampler = Resampler::new(rate(from), rate(to));
        let mut output = Vec::new();
        let mut rest = &input[..];
        for cut in cuts {
            let (piece, after) = rest.split_at(cut);
            let most = resampler.most_output_for(cut);
            let before = output.len();
            resampler.push(piece, &mut output);
            prop_assert!(output.len() - before <= most);
            rest = after;
        }
        let (before, most) = (output.len(), resampler.most_output_for(0));
        resampler.finish(&mut output);
        prop_assert!(output.len() - before <= most, "finish gave {} of {most}", output.len() - before);

        prop_assert_eq!(output.len() as u64, (total as u64 * u64::from(to)).div_ceil(u64::from(from)));
        prop_assert_eq!(output, convert(from, to, &input));
    }

    #[test]
    fn the_next_sound_begins_clean(from in prop::sample::select(RATES.to_vec()), to in prop::sample::select(RATES.to_vec())) {
        let tone = sine(440.0, from, 2_000);
        let mut resampler = Resampler::new(rate(from), rate(to));
        let mut first = Vec::new();
        resampler.push(&tone, &mut first);
        resampler.finish(&mut first);
        let mut second = Vec::new();
        resampler.push(&tone, &mut second);
        resampler.finish(&mut second);
        prop_assert_eq!(first, second);
    }
}
