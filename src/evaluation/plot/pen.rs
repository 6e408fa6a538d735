//! The elements of a picture as SVG text.

use std::fmt::Write;

use super::frame::{HEIGHT, LEFT, WIDTH};

/// Colours on light and on dark ground, for as many series as can be told apart.
pub(super) const COLOURS: [(&str, &str); 7] = [
    ("#1f6fb4", "#6db3f2"),
    ("#c2410c", "#fb923c"),
    ("#15803d", "#4ade80"),
    ("#9333ea", "#c79bff"),
    ("#a16207", "#e6b93c"),
    ("#be185d", "#f57fb6"),
    ("#5b6470", "#a9b3bf"),
];

/// The beginning of a picture: its size, its colours and its title. Colours follow the reader's light or dark setting.
pub(super) fn head(title: &str) -> String {
    let title = escaped(title);
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

/// A line through points, in the colour of series `index`.
pub(super) fn stroke(picture: &mut String, index: usize, dashed: bool, points: &[(f64, f64)]) {
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

/// A circle, square, diamond or triangle, so that series differ without colour.
pub(super) fn mark(picture: &mut String, index: usize, x: f64, y: f64) {
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

/// A straight line.
pub(super) fn rule(picture: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        picture,
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// Words at a point.
pub(super) fn text(picture: &mut String, class: &str, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        picture,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    );
}

/// Words that may stand in a document.
pub(super) fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
