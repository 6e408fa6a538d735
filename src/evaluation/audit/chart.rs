//! The attack's curve as a small SVG picture.

use std::fmt::Write;

use super::AuditReport;

const SIZE: f64 = 360.0;
const MARGIN: f64 = 60.0;

/// True against false positive rates of the attack, what the proof allows, and blind guessing.
pub fn svg(report: &AuditReport) -> String {
    let place = |x: f64, y: f64| format!("{:.1},{:.1}", MARGIN + x * SIZE, MARGIN + (1.0 - y) * SIZE);
    let line = |points: Vec<String>, style: &str| {
        format!("<polyline fill=\"none\" {style} points=\"{}\"/>\n", points.join(" "))
    };
    let curve = &report.membership.curve;
    let measured = curve.iter().map(|&(x, y, _)| place(x, y)).collect();
    let allowed = curve.iter().map(|&(x, _, bound)| place(x, bound)).collect();
    let whole = SIZE + 2.0 * MARGIN;
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Membership inference against one release</title>\n\
         <rect width=\"{whole}\" height=\"{whole}\" fill=\"white\"/>\n\
         <rect x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{SIZE}\" height=\"{SIZE}\" fill=\"none\" stroke=\"#888\"/>\n"
    );
    picture += &line(
        vec![place(0.0, 0.0), place(1.0, 1.0)],
        "stroke=\"#bbb\" stroke-dasharray=\"4 4\"",
    );
    picture += &line(allowed, "stroke=\"#c0392b\" stroke-width=\"1.5\"");
    picture += &line(measured, "stroke=\"#2471a3\" stroke-width=\"2\"");
    let mut text = |x: f64, y: f64, attributes: &str, words: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(picture, "<text x=\"{x}\" y=\"{y}\" {attributes}>{words}</text>");
    };
    let title = format!(
        "promised epsilon {}, shown by attack at least {:.2} ({} % confidence)",
        report.promised_epsilon,
        report.epsilon_lower_bound,
        (report.confidence * 1000.0).round() / 10.0
    );
    text(MARGIN, 30.0, "font-size=\"13\"", &title);
    text(MARGIN, 48.0, "fill=\"#2471a3\"", "measured attack");
    text(MARGIN + 110.0, 48.0, "fill=\"#c0392b\"", "limit of the proof");
    text(MARGIN + 230.0, 48.0, "fill=\"#888\"", "blind guessing");
    text(
        MARGIN + SIZE / 2.0,
        whole - 22.0,
        "text-anchor=\"middle\"",
        "absent accounts accused",
    );
    let side = format!("text-anchor=\"middle\" transform=\"rotate(-90 22 {})\"", whole / 2.0);
    text(22.0, whole / 2.0, &side, "present accounts accused");
    for tick in [0.0, 0.5, 1.0] {
        text(
            MARGIN + tick * SIZE,
            whole - 42.0,
            "text-anchor=\"middle\"",
            &tick.to_string(),
        );
        text(
            MARGIN - 8.0,
            MARGIN + (1.0 - tick) * SIZE + 4.0,
            "text-anchor=\"end\"",
            &tick.to_string(),
        );
    }
    picture + "</svg>\n"
}
