//! Rows of factors in bytes, for passes over all of them that would otherwise wait for memory.
//!
//! Every row has its own scale, and inner products are sums of whole numbers: they are exact, and the same on every processor.
//! What stays out: rows that are learned, which need more digits ([`super::packed_rows`]).

#![expect(
    clippy::inline_always,
    reason = "loops must be compiled with the vector unit that was found"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::byte_products::{ALIGNMENT, add_products, product};
use super::factors::Factors;

/// The largest byte in use, on both sides of zero.
const LARGEST: f32 = 127.0;

/// Rows of whole numbers from -127 to 127, each row with the scale that makes factors of them.
#[derive(Clone)]
pub struct ByteRows {
    length: usize,
    entries: Vec<i8>,
    scales: Vec<f32>,
    unit_scales: Vec<f32>,
}

/// What the rows are multiplied with: whole numbers of 16 bits and their scale.
///
/// With a point `p` of `d` entries, a row `r` and a length of at most 516, the product is off by at most
/// `sqrt(d) / 65,534 * max|p| * |r|`: every entry of the point is rounded by half a step at most, and the rest is the
/// inequality of Cauchy and Schwarz.
struct Point {
    entries: Vec<i16>,
    scale: f32,
}

impl ByteRows {
    /// Takes all rows, and rounds `factors` to exactly what was taken, to nearest. A row with an entry that is not finite stays
    /// as it is, and its products are not finite either.
    pub fn rounding(factors: &mut Factors) -> Self {
        let (rows, d) = (factors.rows(), factors.dimensions());
        let length = d.next_multiple_of(ALIGNMENT);
        let mut taken = Self {
            length,
            entries: vec![0; rows * length],
            scales: vec![0.0; rows],
            unit_scales: vec![0.0; rows],
        };
        if d > 0 {
            let (rows, scales) = (factors.values_mut().par_chunks_mut(d), taken.scales.par_iter_mut());
            let taken = taken
                .entries
                .par_chunks_mut(length)
                .zip(scales.zip(&mut taken.unit_scales));
            rows.zip(taken).for_each(|(row, (entries, (scale, unit_scale)))| {
                *scale = round_row(row, entries);
                let squares: i32 = entries.iter().map(|entry| i32::from(*entry).pow(2)).sum();
                if squares > 0 {
                    *unit_scale = 1.0 / (squares as f32).sqrt();
                }
            });
        }
        taken
    }

    /// Adds to `sums`, one per row, the inner product of the row and `point`, which has as many entries as the rows at most.
    pub fn add_products(&self, point: &[f32], sums: &mut [f32]) {
        self.add(&self.scales, point, sums);
    }

    /// The same with every row divided by its length; rows without one add nothing.
    pub fn add_products_of_directions(&self, point: &[f32], sums: &mut [f32]) {
        self.add(&self.unit_scales, point, sums);
    }

    /// The inner products of `point` and some rows; 0 for one that is out of range.
    pub fn products(&self, point: &[f32], rows: &[u32]) -> Vec<f32> {
        self.some(&self.scales, point, rows)
    }

    /// The inner products of `point` and some rows, each divided by its length; 0 for one that is out of range or has none.
    pub fn products_of_directions(&self, point: &[f32], rows: &[u32]) -> Vec<f32> {
        self.some(&self.unit_scales, point, rows)
    }

    /// Treats these rows as rows without a length wherever directions are asked for.
    pub fn forget_directions(&mut self, rows: &[u32]) {
        for row in rows {
            if let Some(scale) = self.unit_scales.get_mut(*row as usize) {
                *scale = 0.0;
            }
        }
    }

    /// Whether a row is in range, not zero, and its direction not forgotten.
    pub fn has_direction(&self, row: u32) -> bool {
        self.unit_scales.get(row as usize).is_some_and(|scale| *scale > 0.0)
    }

    fn add(&self, scales: &[f32], point: &[f32], sums: &mut [f32]) {
        let Point { entries, scale } = Point::new(point, self.length);
        add_products(&self.entries, &entries, scale, scales, sums);
    }

    fn some(&self, scales: &[f32], point: &[f32], wanted: &[u32]) -> Vec<f32> {
        Arch::new().dispatch(SomeProducts {
            entries: &self.entries,
            scales,
            wanted,
            point: &Point::new(point, self.length),
        })
    }
}

impl Point {
    /// `values`, filled up with zeros to `length`: as many digits as fit into 16 bits, and whose largest sum of products with
    /// bytes fits into 32.
    fn new(values: &[f32], length: usize) -> Self {
        let largest_sum = i32::MAX as f32 / LARGEST;
        let largest = f32::from(i16::MAX).min((largest_sum / length.max(1) as f32).floor());
        let scale = values.iter().fold(0f32, |most, value| most.max(value.abs())) / largest;
        let is_finite = values.iter().all(|value| value.is_finite());
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let mut entries = vec![0i16; length];
        for (entry, value) in entries.iter_mut().zip(values) {
            *entry = (value * inverse).clamp(-largest, largest).round() as i16;
        }
        Self {
            entries,
            scale: if is_finite { scale } else { f32::NAN },
        }
    }
}

/// Puts the row into whole numbers, rounds it to them times a scale, and returns the scale.
///
/// A scale has 16 significant bits, so that its products with whole numbers are exact, and rounding twice changes nothing.
fn round_row(row: &mut [f32], entries: &mut [i8]) -> f32 {
    if row.iter().any(|value| !value.is_finite()) {
        return f32::NAN;
    }
    let most = row.iter().fold(0f32, |most, value| most.max(value.abs()));
    let scale = f32::from_bits(((most / LARGEST).to_bits() + 0x80) & 0xFFFF_FF00);
    if scale < f32::MIN_POSITIVE {
        row.fill(0.0);
        return 0.0;
    }
    for (value, entry) in row.iter_mut().zip(entries) {
        let rounded = (*value / scale).round().clamp(-LARGEST, LARGEST);
        *entry = rounded as i8;
        *value = rounded * scale;
    }
    scale
}

/// The work of [`ByteRows::products`]. Not a closure, which would be compiled without the vector unit.
struct SomeProducts<'a> {
    entries: &'a [i8],
    scales: &'a [f32],
    wanted: &'a [u32],
    point: &'a Point,
}

impl WithSimd for SomeProducts<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f32> {
        let mut products = vec![0f32; self.wanted.len()];
        let length = self.point.entries.len();
        for (row, to) in self.wanted.iter().zip(&mut products) {
            let start = *row as usize * length;
            let entries = self.entries.get(start..start + length);
            if let (Some(scale), Some(entries)) = (self.scales.get(*row as usize), entries) {
                *to = scale * (self.point.scale * product(entries, &self.point.entries) as f32);
            }
        }
        products
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::linear_algebra::dot;
    use super::*;

    proptest! {
        /// Inner products with exactly the rounded rows, for any number of rows and any length.
        #[test]
        fn products_are_those_of_the_rounded_rows(
            d in 1usize..70,
            rows in 0usize..30,
            entries in proptest::collection::vec(-1.0f32..1.0, 70 * 31),
        ) {
            let (point, values) = (&entries[..d], entries[70..70 + d * rows].to_vec());
            let mut factors = Factors::from_values(d, values).unwrap();
            let bytes = ByteRows::rounding(&mut factors);
            let most = point.iter().fold(0f32, |most, value| most.max(value.abs()));
            let (mut sums, mut directed) = (vec![0.5; rows], vec![0.5; rows]);
            bytes.add_products(point, &mut sums);
            bytes.add_products_of_directions(point, &mut directed);
            let all: Vec<u32> = (0..=rows as u32).collect();
            let some = bytes.products_of_directions(point, &all);
            let some_whole = bytes.products(point, &all);
            prop_assert_eq!((some.len(), some_whole.len()), (rows + 1, rows + 1));
            prop_assert!(some[rows].abs() == 0.0 && !bytes.has_direction(rows as u32), "out of range");
            prop_assert!(some_whole[rows].abs() == 0.0, "out of range");
            for row in 0..rows {
                let exact = dot(factors.row(row), point);
                let length = dot(factors.row(row), factors.row(row)).sqrt();
                // What is proved, and the rounding of the sums.
                let bound = most * (d as f32).sqrt() / 65_534.0 + 1e-5;
                prop_assert!((sums[row] - 0.5 - exact).abs() < bound * length.max(1.0), "{} {exact}", sums[row] - 0.5);
                prop_assert!((directed[row] - 0.5 - exact / length).abs() < bound);
                prop_assert!((some[row] - exact / length).abs() < bound);
                prop_assert!((some_whole[row] - (sums[row] - 0.5)).abs() < 1e-5, "as among all rows");
            }
        }

        /// At most half a step of a row's scale, which is a 127th of its largest entry; the second time nothing changes.
        #[test]
        fn rounding_is_to_nearest_and_once(entries in proptest::collection::vec(-1e3f32..1e3, 40), shift in -30i32..20) {
            let values: Vec<f32> = entries.iter().map(|value| value * 2f32.powi(shift)).collect();
            let mut factors = Factors::from_values(8, values.clone()).unwrap();
            let first = ByteRows::rounding(&mut factors);
            for (rounded, value) in factors.values().chunks(8).zip(values.chunks(8)) {
                let most = value.iter().fold(0f32, |most, value| most.max(value.abs()));
                for (rounded, value) in rounded.iter().zip(value) {
                    prop_assert!((rounded - value).abs() <= most / 127.0 * 0.501, "{rounded} {value} {most}");
                }
            }
            let mut again = factors.clone();
            let second = ByteRows::rounding(&mut again);
            prop_assert_eq!(factors.values(), again.values());
            prop_assert_eq!(first.entries, second.entries);
            prop_assert_eq!(first.scales, second.scales);
        }

        /// However long and however large the entries, no sum of products overflows.
        #[test]
        fn the_largest_sums_fit(d in 1usize..3_000) {
            let mut factors = Factors::from_values(d, vec![-7.0; d]).unwrap();
            let bytes = ByteRows::rounding(&mut factors);
            let mut sum = [0f32];
            bytes.add_products(&vec![3.0; d], &mut sum);
            let exact = -21.0 * d as f32;
            prop_assert!((sum[0] / exact - 1.0).abs() < 1e-4, "{} {exact}", sum[0]);
        }
    }

    #[test]
    fn what_is_not_finite_stays_so_and_harms_no_other_row() {
        let values = vec![1.0, f32::NAN, 2.0, -1.0, f32::INFINITY, 0.0, 1e-44, 0.0];
        let mut factors = Factors::from_values(2, values).unwrap();
        let bytes = ByteRows::rounding(&mut factors);
        assert!(factors.row(0)[1].is_nan() && factors.row(2)[0].is_infinite());
        assert_eq!(factors.row(3), [0.0, 0.0], "too small for a scale");
        let mut sums = [0f32; 4];
        bytes.add_products(&[1.0, 1.0], &mut sums);
        assert!(!sums[0].is_finite() && !sums[2].is_finite());
        assert!((sums[1] - 1.0).abs() < 0.01 && sums[3].abs() == 0.0);
        bytes.add_products(&[f32::NAN, 1.0], &mut sums);
        assert!(sums.iter().all(|sum| sum.is_nan()));
    }

    #[test]
    fn no_rows_and_no_dimensions() {
        let mut sums = [0.5];
        ByteRows::rounding(&mut Factors::zeros(0, 8)).add_products(&[1.0; 8], &mut []);
        ByteRows::rounding(&mut Factors::zeros(0, 0)).add_products(&[], &mut sums);
        assert!((sums[0] - 0.5).abs() == 0.0);
    }
}
