use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn near(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-4 * b.abs().max(1.0))
}

proptest! {
    #[test]
    fn every_way_counts_products_of_all_bytes_as_the_portable_one(codes in vec(any::<i8>(), 64 * 3 * 5)) {
        let (query, rows) = codes.split_at(64 * 3);
        let expected: Vec<i32> = rows
            .chunks(query.len())
            .map(|row| row.iter().zip(query).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum())
            .collect();
        for kernels in Kernels::available() {
            let mut out = vec![0; 4];
            kernels.dots(query, rows, &mut out);
            prop_assert_eq!(&out, &expected, "{}", kernels.name());
        }
    }

    #[test]
    fn every_way_counts_differing_bits_as_the_portable_one(bits in vec(any::<u64>(), 6 * 9)) {
        let (query, rows) = bits.split_at(6);
        let mut expected = vec![0; 8];
        PORTABLE.distances(query, rows, &mut expected);
        for kernels in Kernels::available() {
            let mut out = vec![0; 8];
            kernels.distances(query, rows, &mut out);
            prop_assert_eq!(&out, &expected, "{}", kernels.name());
        }
    }

    #[test]
    fn every_way_multiplies_floats(a in vec(-2_f32..2.0, 7 * 20), b in vec(-2_f32..2.0, 20 * 40)) {
        // Of 40 columns, 32 are asked for: rows are further apart than they are wide.
        let expected: Vec<f32> = (0..7 * 32)
            .map(|at| (0..20).map(|inner| a[at / 32 * 20 + inner] * b[inner * 40 + at % 32]).sum())
            .collect();
        for kernels in Kernels::available() {
            let mut out = vec![0.0; 7 * 32];
            let (a, b) = (Matrix { values: &a, stride: 20 }, Matrix { values: &b, stride: 40 });
            kernels.multiply(a, b, 20, 32, MatrixMut { values: &mut out, stride: 32, rows: 7 });
            prop_assert!(near(&out, &expected), "{}", kernels.name());
        }
    }

    #[test]
    fn every_way_multiplies_a_layer_as_whole_numbers_do(
        values in vec(-3_f32..3.0, 15 * 32),
        weights in vec(-1_f32..1.0, 96 * 32),
        rows in 1_usize..=15,
    ) {
        let weights: Vec<&[f32]> = weights.chunks(32).collect();
        let bias: Vec<f32> = (0..96_u8).map(f32::from).collect();
        let packed = Packed::of(&weights, &bias);
        let values = &values[..rows * 32];
        let count = |kernels: Kernels, write, out: &mut [f32]| {
            let mut activations = Activations::default();
            kernels.quantize(values, 32, &mut activations);
            kernels.multiply_packed(&activations, &packed, write, out);
        };
        let mut by_portable = vec![7.0; rows * 96];
        count(PORTABLE, Write::Set, &mut by_portable);
        for (row, out) in values.chunks(32).zip(by_portable.chunks(96)) {
            let most = row.iter().fold(0_f32, |most, &value| most.max(value));
            let least = row.iter().fold(0_f32, |least, &value| least.min(value));
            // Each input is off by half a step, and the zero by another.
            let off = (most - least) / 255.0 * 1.01;
            for ((weights, bias), out) in weights.iter().zip(&bias).zip(out) {
                let weights = crate::Quantized::of(weights).to_f32();
                let exact = row.iter().zip(&weights).map(|(a, b)| a * b).sum::<f32>() + bias;
                let bound = off * weights.iter().map(|weight| weight.abs()).sum::<f32>() + 1e-4;
                prop_assert!((out - exact).abs() <= bound, "{out} where {exact} was expected, give or take {bound}");
            }
        }
        for kernels in Kernels::available() {
            let mut out = vec![7.0; rows * 96];
            count(kernels, Write::Set, &mut out);
            prop_assert!(near(&out, &by_portable), "{}", kernels.name());
            count(kernels, Write::Add, &mut out);
            let twice: Vec<f32> = by_portable.iter().map(|value| value * 2.0).collect();
            prop_assert!(near(&out, &twice), "{}", kernels.name());
        }
    }

    #[test]
    fn every_way_has_the_same_floats_but_for_rounding(values in vec(-9_f32..9.0, 3 * 48)) {
        let (weight, bias): (Vec<f32>, Vec<f32>) = (1..=48_u8).map(|at| (f32::from(at) / 24.0, 0.5)).unzip();
        let count = |kernels: Kernels| {
            let (mut norm, mut gelu, mut shares) = (values.clone(), values.clone(), values.clone());
            kernels.layer_norm(&mut norm, &weight, &bias, 1e-12);
            kernels.gelu(&mut gelu);
            kernels.softmax(&mut shares, 48, 37, 0.5);
            let dots = vec![kernels.dot(&values[..37], &values[50..]), kernels.dot_mixed(&values[..37], &[-3; 40])];
            [norm, gelu, shares, dots].concat()
        };
        let expected = count(PORTABLE);
        for kernels in Kernels::available() {
            prop_assert!(near(&count(kernels), &expected), "{}", kernels.name());
        }
    }
}

#[test]
fn the_floats_are_those_of_mathematics() {
    let exact = |x: f64| 0.5 * x * (1.0 + erf(x / 2_f64.sqrt()));
    let xs: Vec<f32> = (-120..=120_i16).map(|at| f32::from(at) / 20.0).collect();
    for kernels in Kernels::available() {
        let mut gelu = xs.clone();
        kernels.gelu(&mut gelu);
        for (&x, &is) in xs.iter().zip(&gelu) {
            assert!((f64::from(is) - exact(f64::from(x))).abs() < 1e-6, "{}: gelu({x}) = {is}", kernels.name());
        }
        let mut shares = vec![1.0, 3.0, 2.0, 9.0];
        kernels.softmax(&mut shares, 4, 3, 1.0);
        let exponentials = [1_f32.exp(), 3_f32.exp(), 2_f32.exp()];
        let all: f32 = exponentials.iter().sum();
        let expected: Vec<f32> = exponentials.iter().map(|e| e / all).chain([0.0]).collect();
        assert!(near(&shares, &expected), "{}", kernels.name());
        let mut row = vec![1.0, 2.0, 3.0, 4.0];
        kernels.layer_norm(&mut row, &[1.0; 4], &[0.0; 4], 0.0);
        assert!(near(&row, &[-1.341_640_8, -0.447_213_6, 0.447_213_6, 1.341_640_8]), "{}", kernels.name());
    }
}

/// The error function by its series, exact enough up to five.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        let n = f64::from(n);
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

#[test]
fn what_was_chosen_has_counted_its_sample_right() {
    for kernels in Kernels::available() {
        assert!(kernels.count_as_the_portable(), "{}", kernels.name());
    }
    assert_eq!(Some(&Kernels::best()), Kernels::available().last());
}
