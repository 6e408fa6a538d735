//! Names of the lines: in the legend, and at the ends of the lines without lying over each other.

use super::LineChart;
use super::frame::{BOTTOM, HEIGHT, LEFT, LETTER_WIDTH, LINE_HEIGHT, RIGHT, WIDTH};
use super::pen::{COLOURS, mark, stroke, text};

/// The legend and the number of its lines.
pub(super) fn legend(chart: &LineChart) -> (String, usize) {
    let mut picture = String::new();
    let (mut x, mut lines) = (LEFT, 1);
    for (index, series) in chart.series.iter().enumerate() {
        let width = 34.0 + series.name.chars().count() as f64 * LETTER_WIDTH + 16.0;
        if x > LEFT && x + width > WIDTH - 10.0 {
            (x, lines) = (LEFT, lines + 1);
        }
        let y = 44.0 + (lines - 1) as f64 * LINE_HEIGHT;
        stroke(&mut picture, index, series.dashed, &[(x, y), (x + 26.0, y)]);
        if chart.marked() {
            mark(&mut picture, index, x + 13.0, y);
        }
        text(&mut picture, "ink", x + 32.0, y + 4.0, "start", &series.name);
        x += width;
    }
    (picture, lines)
}

/// Writes the name of every line where it ends; `ends` holds the height and the number of the series.
pub(super) fn names_at_ends(chart: &LineChart, ends: &[(f64, usize)], picture: &mut String) {
    let mut ends: Vec<(f64, f64, usize)> = ends.iter().map(|&(y, index)| (y, y, index)).collect();
    // Names at the right, pushed apart where lines end close to each other.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    for place in 1..ends.len() {
        ends[place].1 = ends[place].1.max(ends[place - 1].1 + LINE_HEIGHT);
    }
    let mut limit = HEIGHT - BOTTOM;
    for end in ends.iter_mut().rev() {
        end.1 = end.1.min(limit);
        limit = end.1 - LINE_HEIGHT;
    }
    for (_, y, index) in ends {
        let class = format!("f{}", index % COLOURS.len());
        text(
            picture,
            &class,
            WIDTH - RIGHT + 12.0,
            y + 4.0,
            "start",
            &chart.series[index].name,
        );
    }
}
