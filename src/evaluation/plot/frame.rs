//! The size of a picture, and where a point of a chart lies in it.

use super::LineChart;
use super::scale::tick_step;

/// Width of the picture.
pub(super) const WIDTH: f64 = 760.0;
/// Height of the picture.
pub(super) const HEIGHT: f64 = 460.0;
/// Room for the vertical axis.
pub(super) const LEFT: f64 = 62.0;
/// Room for the names at the ends of lines.
pub(super) const RIGHT: f64 = 170.0;
/// Room for the horizontal axis.
pub(super) const BOTTOM: f64 = 56.0;
/// Distance of lines of text.
pub(super) const LINE_HEIGHT: f64 = 17.0;
/// Of a letter at the size of the text, on average.
pub(super) const LETTER_WIDTH: f64 = 6.6;

/// What is needed to place a point.
pub(super) struct Frame {
    /// Of each position, from 0 to 1.
    pub places: Vec<f64>,
    /// (From 0 to 1, text).
    pub ticks: Vec<(f64, String)>,
    /// Value at the floor.
    pub low: f64,
    /// Value at the top line.
    pub high: f64,
    /// Distance of the lines.
    pub step: f64,
    /// Where the legend ends.
    pub top: f64,
}

impl Frame {
    /// For `chart`, below a legend that ends at `top`.
    pub(super) fn new(chart: &LineChart, top: f64) -> Self {
        let values = chart.series.iter().flat_map(|series| series.values.iter().flatten());
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            (low, high) = (low.min(*value), high.max(*value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // From zero, unless that would press all lines into the upper half.
        if low >= 0.0 && low < 0.5 * high || low >= high {
            (low, high) = (low.min(0.0), high.max(low + 1e-9).max(0.0));
        }
        let step = tick_step(high - low);
        let (places, ticks) = chart.x.placed();
        Self {
            places,
            ticks,
            low: (low / step + 1e-9).floor() * step,
            high: (high / step - 1e-9).ceil() * step,
            step,
            top,
        }
    }

    /// Horizontal place of a position.
    pub(super) fn x(place: f64) -> f64 {
        LEFT + 8.0 + place * (WIDTH - RIGHT - LEFT - 16.0)
    }

    /// Vertical place of a value.
    pub(super) fn y(&self, value: f64) -> f64 {
        let top = self.top + 12.0;
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - top)
    }
}
