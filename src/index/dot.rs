//! The dot product, with the same bits on every processor.
//!
//! Thirty-two running sums in a fixed order: wide enough that the compiler uses the widest registers there are, and
//! nothing may be reordered or fused, so SSE2 and AVX2 give the same result. `pulp` picks the instructions at run time.

use hnsw_rs::prelude::Distance;
use pulp::Arch;

/// Running sums kept side by side.
const LANES: usize = 32;

/// Dot product of two vectors of the same length.
#[inline(always)]
fn lanes(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks
        .remainder()
        .iter()
        .zip(b_chunks.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = sums.split_at_mut(width);
        for (x, y) in low.iter_mut().zip(high) {
            *x += *y;
        }
        width /= 2;
    }
    sums[0] + rest
}

/// Integers are summed in any order, so the compiler may use what the processor has.
#[inline(always)]
fn codes(question: &[i16], row: &[i8]) -> i32 {
    let products = question.iter().zip(row).map(|(x, y)| i32::from(*x) * i32::from(*y));
    products.sum()
}

/// The same by the instruction that multiplies and adds pairs of 16-bit numbers, in half the time: of its own accord the
/// compiler uses half its width.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn codes_by_avx2(v3: pulp::x86::V3, question: &[i16], row: &[i8]) -> i32 {
    use std::arch::x86_64::{__m128i, __m256i};
    let ((question, question_rest), (row, row_rest)) = (question.as_chunks::<32>(), row.as_chunks::<32>());
    let mut sums = [v3.avx._mm256_setzero_si256(); 2];
    for (x, y) in question.iter().zip(row) {
        let (x, y): ([__m256i; 2], [__m128i; 2]) = (pulp::cast(*x), pulp::cast(*y));
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            let products = v3.avx2._mm256_madd_epi16(x, v3.avx2._mm256_cvtepi8_epi16(y));
            *sum = v3.avx2._mm256_add_epi32(*sum, products);
        }
    }
    let sums: [i32; 8] = pulp::cast(v3.avx2._mm256_add_epi32(sums[0], sums[1]));
    sums.iter().sum::<i32>() + codes(question_rest, row_rest)
}

/// The instruction set found at run time, and the products made with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dot(Arch);

impl Default for Dot {
    fn default() -> Self {
        Self::new()
    }
}

impl Dot {
    /// Looks at the processor.
    pub(crate) fn new() -> Self {
        Self(Arch::new())
    }

    /// Cosine of two unit vectors, in -1..=1.
    pub(crate) fn of(self, a: &[f32], b: &[f32]) -> f32 {
        self.product(a, b).clamp(-1.0, 1.0)
    }

    /// Product of two vectors of the same length.
    pub(crate) fn product(self, a: &[f32], b: &[f32]) -> f32 {
        self.0.dispatch(
            #[inline(always)]
            || lanes(a, b),
        )
    }

    /// Product of a question's code and a row's, of the same length; without overflow where the question was made for that many
    /// numbers. Inlined into [`Dot::wide`], it uses the same instructions.
    #[inline(always)]
    pub(crate) fn of_codes(self, question: &[i16], row: &[i8]) -> i32 {
        #[cfg(target_arch = "x86_64")]
        if let Arch::V3(v3) = self.0 {
            return codes_by_avx2(v3, question, row);
        }
        codes(question, row)
    }

    /// Runs `work`, a closure that is always inlined, with these instructions.
    #[inline(always)]
    pub(crate) fn wide<R>(self, work: impl FnOnce() -> R) -> R {
        self.0.dispatch(work)
    }
}

/// One minus the cosine: what `hnsw_rs` orders by while it builds. Unlike `DistDot` it never panics on a product that
/// rounding has carried past one.
impl Distance<f32> for Dot {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        1.0 - self.of(a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_agree_with_the_plain_sum_at_every_length() {
        for length in [0, 1, 31, 32, 33, 100, 384] {
            let question: Vec<i16> = (0..length).map(|i| (i * 7919 % 2001 - 1000) as i16).collect();
            let row: Vec<i8> = (0..length).map(|i| (i * 31 % 255 - 127) as i8).collect();
            assert_eq!(Dot::new().of_codes(&question, &row), codes(&question, &row), "{length}");
        }
        let (question, row) = (vec![i16::MAX; 384], vec![-i8::MAX; 384]);
        assert_eq!(Dot::new().of_codes(&question, &row), -127 * 32_767 * 384);
    }

    #[test]
    fn agrees_with_the_plain_sum_at_every_length() {
        for length in [1, 7, 31, 32, 33, 100, 384] {
            let a: Vec<f32> = (0..length).map(|i| ((i * 37 % 11) as f32 - 5.0) / 400.0).collect();
            let b: Vec<f32> = (0..length).map(|i| ((i * 17 % 13) as f32 - 6.0) / 400.0).collect();
            let plain: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            assert!(
                (f64::from(Dot::new().of(&a, &b)) - plain).abs() < 1e-6,
                "length {length}"
            );
            assert_eq!(
                Dot::new().of(&a, &b).to_bits(),
                lanes(&a, &b).to_bits(),
                "same bits with any instructions"
            );
        }
    }
}
