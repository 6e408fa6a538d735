//! A dense matrix with one row per user, video or channel.

/// `rows x dimensions`, row-major, `f32`.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Factors {
    dimensions: usize,
    values: Vec<f32>,
}

impl Factors {
    /// All zeros.
    pub fn zeros(rows: usize, dimensions: usize) -> Self {
        Self {
            dimensions,
            values: vec![0.0; rows * dimensions],
        }
    }

    /// From row-major values; `None` when their number is not a multiple of `dimensions`.
    pub fn from_values(dimensions: usize, values: Vec<f32>) -> Option<Self> {
        (dimensions > 0 && values.len().is_multiple_of(dimensions)).then_some(Self { dimensions, values })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dimensions).unwrap_or(0)
    }

    /// Number of rows with an entry that is not zero.
    pub fn active_rows(&self) -> usize {
        self.values
            .chunks_exact(self.dimensions.max(1))
            .filter(|row| row.iter().any(|value| *value != 0.0))
            .count()
    }

    /// Length of a row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dimensions..(index + 1) * self.dimensions]
    }

    /// Row `index`, to be changed.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[index * self.dimensions..(index + 1) * self.dimensions]
    }

    /// All values, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, row-major, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Mean of the rows; zeros when there are none.
    pub fn mean(&self) -> Vec<f32> {
        let mut sums = vec![0f64; self.dimensions];
        for row in self.values.chunks_exact(self.dimensions.max(1)) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
        let rows = self.rows().max(1) as f64;
        sums.into_iter().map(|sum| (sum / rows) as f32).collect()
    }
}

impl std::fmt::Debug for Factors {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Factors({} x {})", self.rows(), self.dimensions)
    }
}
