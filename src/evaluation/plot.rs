//! Line charts as SVG text: quality against epsilon, against size, and the like. Pure; nothing is written to disk.
//!
//! Colours follow the reader's light or dark setting. Series also differ by their marks and carry their names at the end
//! of the line, so that nothing depends on telling colours apart.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 170.0;
const BOTTOM: f64 = 56.0;
const LINE_HEIGHT: f64 = 17.0;
/// Of a letter at the size of the legend, on average; only used to break its lines.
const LETTER_WIDTH: f64 = 6.6;
/// More points than this get no marks and no tick each.
const MARKED_POINTS: usize = 14;
/// Colours on light and on dark ground, for as many series as can be told apart.
const COLOURS: [(&str, &str); 7] = [
    ("#1f6fb4", "#6db3f2"),
    ("#c2410c", "#fb923c"),
    ("#15803d", "#4ade80"),
    ("#9333ea", "#c79bff"),
    ("#a16207", "#e6b93c"),
    ("#be185d", "#f57fb6"),
    ("#5b6470", "#a9b3bf"),
];

/// Where the points of all series stand on the horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Positions {
    /// Names at equal distances, such as classes of size.
    Names(Vec<String>),
    /// Numbers to scale.
    Linear(Vec<f64>),
    /// Numbers to the scale of their logarithms; all must be positive, otherwise the scale is linear.
    Logarithmic(Vec<f64>),
}

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

/// What is needed to place a point.
struct Frame {
    /// Of each position, from 0 to 1.
    places: Vec<f64>,
    /// (From 0 to 1, text).
    ticks: Vec<(f64, String)>,
    low: f64,
    high: f64,
    step: f64,
    top: f64,
}

impl LineChart {
    /// The picture as one SVG document.
    pub fn svg(&self) -> String {
        let (legend, legend_lines) = self.legend();
        let frame = self.frame(44.0 + legend_lines as f64 * LINE_HEIGHT);
        let mut picture = self.head();
        picture += &legend;
        self.axes(&frame, &mut picture);
        self.lines(&frame, &mut picture);
        picture + "</svg>\n"
    }

    fn frame(&self, top: f64) -> Frame {
        let values = self.series.iter().flat_map(|series| series.values.iter().flatten());
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
        let (places, ticks) = self.x.placed();
        Frame {
            places,
            ticks,
            low: (low / step + 1e-9).floor() * step,
            high: (high / step - 1e-9).ceil() * step,
            step,
            top,
        }
    }

    fn head(&self) -> String {
        let title = escaped(&self.title);
        let mut styles = [String::new(), String::new()];
        for (index, (light, dark)) in COLOURS.iter().enumerate() {
            for (style, colour) in styles.iter_mut().zip([light, dark]) {
                let _ = write!(style, ".s{index}{{stroke:{colour}}}.f{index}{{fill:{colour}}}");
            }
        }
        let [light, dark] = styles;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{title}</title>\n\
             <style>.ground{{fill:#fff}}.ink{{fill:#1c2126}}.soft{{fill:#59626c}}.grid{{stroke:#e2e6ea}}\
             .axis{{stroke:#8d969f}}{light}\
             @media (prefers-color-scheme:dark){{.ground{{fill:#14181c}}.ink{{fill:#eceff2}}.soft{{fill:#a9b3bf}}\
             .grid{{stroke:#2b323a}}.axis{{stroke:#6b7480}}{dark}}}</style>\n\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
             <text class=\"ink\" x=\"{LEFT}\" y=\"26\" font-size=\"15\" font-weight=\"600\">{title}</text>\n"
        )
    }

    /// The legend and the number of its lines.
    fn legend(&self) -> (String, usize) {
        let mut picture = String::new();
        let (mut x, mut lines) = (LEFT, 1);
        for (index, series) in self.series.iter().enumerate() {
            let width = 34.0 + series.name.chars().count() as f64 * LETTER_WIDTH + 16.0;
            if x > LEFT && x + width > WIDTH - 10.0 {
                (x, lines) = (LEFT, lines + 1);
            }
            let y = 44.0 + (lines - 1) as f64 * LINE_HEIGHT;
            stroke(&mut picture, index, series.dashed, &[(x, y), (x + 26.0, y)]);
            if self.marked() {
                mark(&mut picture, index, x + 13.0, y);
            }
            text(&mut picture, "ink", x + 32.0, y + 4.0, "start", &series.name);
            x += width;
        }
        (picture, lines)
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
        for (place, words) in &frame.ticks {
            let x = Frame::x(*place);
            rule(picture, "axis", (x, floor), (x, floor + 4.0));
            text(picture, "soft", x, floor + 18.0, "middle", words);
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
        let mut ends: Vec<(f64, f64, usize)> = Vec::new();
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
            ends.extend(last.map(|(_, y)| (y, y, index)));
        }
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
                &self.series[index].name,
            );
        }
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

impl Positions {
    fn len(&self) -> usize {
        match self {
            Self::Names(names) => names.len(),
            Self::Linear(numbers) | Self::Logarithmic(numbers) => numbers.len(),
        }
    }

    /// Places from 0 to 1, and the ticks.
    fn placed(&self) -> (Vec<f64>, Vec<(f64, String)>) {
        let numbers = match self {
            Self::Names(names) => {
                let places: Vec<f64> = (0..names.len())
                    .map(|k| (k as f64 + 0.5) / names.len() as f64)
                    .collect();
                let ticks = places.iter().copied().zip(names.iter().cloned()).collect();
                return (places, ticks);
            }
            Self::Linear(numbers) | Self::Logarithmic(numbers) => numbers,
        };
        let logarithmic = matches!(self, Self::Logarithmic(_)) && numbers.iter().all(|number| *number > 0.0);
        let scale = |number: f64| if logarithmic { number.ln() } else { number };
        let finite = || numbers.iter().copied().filter(|number| number.is_finite());
        let (low, high) = (
            finite().fold(f64::INFINITY, f64::min),
            finite().fold(f64::NEG_INFINITY, f64::max),
        );
        let (start, width) = (scale(low), scale(high) - scale(low));
        let place = |number: f64| {
            if width > 0.0 {
                (scale(number) - start) / width
            } else {
                0.5
            }
        };
        let ticks = if numbers.len() <= MARKED_POINTS {
            finite().map(|number| (place(number), number.to_string())).collect()
        } else {
            let step = tick_step(high - low);
            let first = (low / step - 1e-9).ceil();
            (0..=((high - low) / step + 1e-9) as usize)
                .map(|k| (first + k as f64) * step)
                .map(|number| (place(number), format!("{:.*}", decimals(step), number + 0.0)))
                .collect()
        };
        (numbers.iter().map(|number| place(*number)).collect(), ticks)
    }
}

impl Frame {
    fn x(place: f64) -> f64 {
        LEFT + 8.0 + place * (WIDTH - RIGHT - LEFT - 16.0)
    }

    fn y(&self, value: f64) -> f64 {
        let top = self.top + 12.0;
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - top)
    }
}

/// A distance of 1, 2 or 5 times a power of ten that divides `width` into three to seven parts.
fn tick_step(width: f64) -> f64 {
    if width.is_nan() || width <= 0.0 || width.is_infinite() {
        return 1.0;
    }
    let rough = width / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power)
}

fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 9.0) as usize
}

fn stroke(picture: &mut String, index: usize, dashed: bool, points: &[(f64, f64)]) {
    if points.len() < 2 {
        return;
    }
    let _ = write!(
        picture,
        "<polyline class=\"s{}\" fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\"{} points=\"",
        index % COLOURS.len(),
        if dashed { " stroke-dasharray=\"6 4\"" } else { "" }
    );
    for (x, y) in points {
        let _ = write!(picture, "{x:.1},{y:.1} ");
    }
    picture.push_str("\"/>\n");
}

/// A circle, square, diamond or triangle.
fn mark(picture: &mut String, index: usize, x: f64, y: f64) {
    let class = format!("f{}", index % COLOURS.len());
    let _ = match index % 4 {
        0 => writeln!(
            picture,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
        ),
        1 => writeln!(
            picture,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\"/>",
            x - 3.5,
            y - 3.5
        ),
        2 => writeln!(
            picture,
            "<path class=\"{class}\" d=\"M{x:.1} {:.1}l5 5l-5 5l-5 -5z\"/>",
            y - 5.0
        ),
        _ => writeln!(
            picture,
            "<path class=\"{class}\" d=\"M{x:.1} {:.1}l5 9h-10z\"/>",
            y - 5.5
        ),
    };
}

fn rule(picture: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        picture,
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(picture: &mut String, class: &str, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        picture,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    );
}

fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
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
    fn logarithms_of_doubling_numbers_stand_at_equal_distances() {
        let (places, _) = chart().x.placed();
        for (k, place) in places.iter().enumerate() {
            assert!((place - k as f64 / 3.0).abs() < 1e-12);
        }
        let (linear, _) = Positions::Logarithmic(vec![0.0, 1.0, 4.0]).placed();
        assert!((linear[1] - 0.25).abs() < 1e-12);
        let (names, ticks) = Positions::Names(vec!["1-9".to_owned(), "10-".to_owned()]).placed();
        assert_eq!(names, [0.25, 0.75]);
        assert_eq!(ticks[1].1, "10-");
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
    fn ticks_are_round_numbers() {
        for (width, step) in [(0.28, 0.05), (1.0, 0.2), (7.0, 2.0), (350.0, 100.0), (0.0, 1.0)] {
            assert!((tick_step(width) - step).abs() < 1e-12, "{width}: {}", tick_step(width));
        }
        assert_eq!(
            (decimals(0.05), decimals(0.2), decimals(1.0), decimals(100.0)),
            (2, 1, 0, 0)
        );
    }
}
