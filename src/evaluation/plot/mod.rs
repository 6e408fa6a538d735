//! Line charts as SVG text: quality against epsilon, against size, and the like. Pure; nothing is written to disk.
//!
//! Colours follow the reader's light or dark setting. Series also differ by their marks and carry their names at the end
//! of the line, so that nothing depends on telling colours apart.

mod frame;
mod labels;
mod pen;
mod scale;

use std::fmt::Write;

use frame::{BOTTOM, Frame, HEIGHT, LEFT, LETTER_WIDTH, LINE_HEIGHT, RIGHT, WIDTH};
use pen::{escaped, mark, rule, stroke, text};
pub use scale::Positions;
use scale::{MARKED_POINTS, decimals};

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend and at its end.
    pub name: String,
    /// One value per position; `None` and values that are not finite leave a gap.
    pub values: Vec<Option<f64>>,
    /// Drawn dashed: something to compare with.
    pub dashed: bool,
}

impl Series {
    /// A line through all positions.
    pub fn new(name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        Self {
            name: name.into(),
            values: values.into_iter().map(Some).collect(),
            dashed: false,
        }
    }

    /// The same, dashed.
    #[must_use]
    pub fn dashed(mut self) -> Self {
        self.dashed = true;
        self
    }
}

/// A chart of lines over common positions.
#[derive(Debug, Clone, PartialEq)]
pub struct LineChart {
    /// What the chart says.
    pub title: String,
    /// Name of the horizontal axis.
    pub x_label: String,
    /// Name of the vertical axis.
    pub y_label: String,
    /// Where the points stand.
    pub x: Positions,
    /// The lines. Values beyond the positions are not drawn.
    pub series: Vec<Series>,
}

impl LineChart {
    /// The picture as one SVG document.
    pub fn svg(&self) -> String {
        let (legend, legend_lines) = labels::legend(self);
        let frame = Frame::new(self, 44.0 + legend_lines as f64 * LINE_HEIGHT);
        let mut picture = pen::head(&self.title);
        picture += &legend;
        self.axes(&frame, &mut picture);
        self.lines(&frame, &mut picture);
        picture + "</svg>\n"
    }

    fn axes(&self, frame: &Frame, picture: &mut String) {
        let decimals = decimals(frame.step);
        let lines = ((frame.high - frame.low) / frame.step).round() as usize;
        for line in 0..=lines {
            let value = frame.low + line as f64 * frame.step;
            let y = frame.y(value);
            rule(picture, "grid", (LEFT, y), (WIDTH - RIGHT, y));
            // Adding zero takes the sign from minus zero.
            let words = format!("{:.decimals$}", (value / frame.step).round() * frame.step + 0.0);
            text(picture, "soft", LEFT - 8.0, y + 4.0, "end", &words);
        }
        let floor = HEIGHT - BOTTOM;
        rule(picture, "axis", (LEFT, floor), (WIDTH - RIGHT, floor));
        let mut ticks: Vec<&(f64, String)> = frame.ticks.iter().collect();
        ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free_from = f64::NEG_INFINITY;
        for (place, words) in ticks {
            let (x, half) = (Frame::x(*place), 0.5 * words.chars().count() as f64 * LETTER_WIDTH);
            rule(picture, "axis", (x, floor), (x, floor + 4.0));
            // Of numbers that would lie over each other only the first is written.
            if x - half >= free_from {
                text(picture, "soft", x, floor + 18.0, "middle", words);
                free_from = x + half + LETTER_WIDTH;
            }
        }
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        text(picture, "ink", middle, HEIGHT - 14.0, "middle", &self.x_label);
        let (x, y) = (16.0, f64::midpoint(frame.top + 12.0, floor));
        let _ = writeln!(
            picture,
            "<text class=\"ink\" x=\"{x}\" y=\"{y:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 {x} {y:.1})\">{}</text>",
            escaped(&self.y_label)
        );
    }

    fn lines(&self, frame: &Frame, picture: &mut String) {
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let mut run: Vec<(f64, f64)> = Vec::new();
            let mut last = None;
            for (place, value) in frame.places.iter().zip(&series.values) {
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    run.push((Frame::x(*place), frame.y(value)));
                    last = run.last().copied();
                } else {
                    stroke(picture, index, series.dashed, &run);
                    self.marks(picture, index, &run);
                    run.clear();
                }
            }
            stroke(picture, index, series.dashed, &run);
            self.marks(picture, index, &run);
            ends.extend(last.map(|(_, y)| (y, index)));
        }
        labels::names_at_ends(self, &ends, picture);
    }

    fn marked(&self) -> bool {
        self.x.len() <= MARKED_POINTS
    }

    fn marks(&self, picture: &mut String, index: usize, points: &[(f64, f64)]) {
        if self.marked() {
            for (x, y) in points {
                mark(picture, index, *x, *y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> LineChart {
        LineChart {
            title: "Quality & <noise>".to_owned(),
            x_label: "epsilon".to_owned(),
            y_label: "NDCG@20".to_owned(),
            x: Positions::Logarithmic(vec![1.0, 2.0, 4.0, 8.0]),
            series: vec![
                Series::new("combined", [0.242, 0.25, 0.262, 0.278]),
                Series::new("alone", [0.196; 4]).dashed(),
                Series {
                    name: "federated".to_owned(),
                    values: vec![Some(0.21), None, Some(f64::NAN), Some(0.27)],
                    dashed: false,
                },
            ],
        }
    }

    fn count(picture: &str, part: &str) -> usize {
        picture.matches(part).count()
    }

    #[test]
    fn lines_marks_names_and_ticks_are_there() {
        let picture = chart().svg();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        // Three strokes in the legend and two lines; the third has no two neighbouring points.
        assert_eq!(count(&picture, "<polyline"), 5);
        assert_eq!(count(&picture, "stroke-dasharray"), 2);
        // Legend and four points.
        assert_eq!(count(&picture, "<circle"), 5);
        assert_eq!(count(&picture, ">combined</text>"), 2);
        for tick in [
            ">1</text>",
            ">2</text>",
            ">4</text>",
            ">8</text>",
            ">0.26</text>",
            ">NDCG@20</text>",
        ] {
            assert_eq!(count(&picture, tick), 1, "{tick}");
        }
        assert_eq!(count(&picture, "Quality &amp; &lt;noise&gt;"), 2);
        assert!(!picture.contains("NaN") && picture.contains("prefers-color-scheme:dark"));
    }

    #[test]
    fn names_at_the_ends_do_not_lie_over_each_other() {
        let mut chart = chart();
        chart.series = (0..6).map(|k| Series::new(format!("s{k}"), [0.1, 0.2])).collect();
        let picture = chart.svg();
        let mut heights: Vec<f64> = picture
            .lines()
            .filter(|line| line.starts_with("<text class=\"f"))
            .map(|line| {
                line.split("y=\"")
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect();
        heights.sort_by(f64::total_cmp);
        assert_eq!(heights.len(), 6);
        assert!(
            heights.windows(2).all(|pair| pair[1] - pair[0] >= LINE_HEIGHT - 0.2),
            "{heights:?}"
        );
        assert!(heights[5] <= HEIGHT - BOTTOM + 4.0);
    }

    #[test]
    fn nothing_to_draw_is_still_a_picture() {
        for x in [
            Positions::Names(Vec::new()),
            Positions::Linear(Vec::new()),
            Positions::Linear(vec![1.0]),
        ] {
            for series in [Vec::new(), vec![Series::new("flat", [0.0])]] {
                let picture = LineChart {
                    x: x.clone(),
                    series,
                    ..chart()
                }
                .svg();
                assert!(
                    picture.ends_with("</svg>\n") && !picture.contains("NaN") && !picture.contains("inf"),
                    "{picture}"
                );
            }
        }
    }

    #[test]
    fn numbers_at_the_axis_do_not_lie_over_each_other() {
        let mut chart = chart();
        chart.x = Positions::Logarithmic(vec![1.0, 1.01, 1.02, 1.03, 4.0, 8.0]);
        let picture = chart.svg();
        for (tick, times) in [("1", 1), ("1.01", 0), ("1.02", 0), ("4", 1), ("8", 1)] {
            assert_eq!(count(&picture, &format!(">{tick}</text>")), times, "{tick}");
        }
    }
}
