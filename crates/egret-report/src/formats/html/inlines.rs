//! Pieces of text.

use super::markup::Html;
use crate::document::{Badge, Inline, Shape, Tone};

pub(super) fn push_line(out: &mut Html, line: &[Inline]) {
    for inline in line {
        match inline {
            Inline::Text(text) => out.text(text),
            Inline::Value(value) if value.is_empty() => {
                out.raw("<span class=\"quiet\">(empty)</span>")
            }
            Inline::Value(value) => out.element("code", &[], value),
            Inline::Strong(text) => out.element("strong", &[], text),
            Inline::Quiet(text) => out.element("span", &[("class", &"quiet")], text),
            Inline::Time(time) => out.element("time", &[("datetime", time)], &time.to_string()),
            Inline::Badge(badge) => push_badge(out, badge),
            Inline::Link { to, text } => out.element("a", &[("href", &format!("#{to}"))], text),
            Inline::Cite(number) => out.element(
                "a",
                &[("class", &"cite"), ("href", &format!("#record-{number}"))],
                &format!("[{number}]"),
            ),
        };
    }
}

pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Out => "out",
        Tone::Gap => "gap",
        Tone::Held => "held",
        Tone::Plain => "plain",
    }
}

fn push_badge<'a>(out: &'a mut Html, badge: &Badge) -> &'a mut Html {
    out.open("span", &[("class", &format!("badge {}", class(badge.tone)))]);
    push_shape(out, badge.shape);
    out.text(&badge.word).close("span")
}

fn push_shape(out: &mut Html, shape: Shape) {
    if let Shape::Bars(filled) = shape {
        out.raw("<svg class=\"bars\" viewBox=\"0 0 22 10\" aria-hidden=\"true\">");
        for bar in 0..4u8 {
            let x = u32::from(bar).saturating_mul(6);
            if bar < filled {
                out.empty(
                    "rect",
                    &[("class", &"on"), ("x", &x), ("y", &0), ("width", &4), ("height", &10)],
                );
            } else {
                out.raw("<rect class=\"off\" y=\"0.5\" width=\"3\" height=\"9\" ");
                out.attributes(&[("x", &format!("{x}.5"))]).raw("/>");
            }
        }
        out.raw("</svg>");
        return;
    }
    out.raw("<svg class=\"shape\" viewBox=\"0 0 12 12\" aria-hidden=\"true\">");
    out.raw(match shape {
        Shape::Check => "<path class=\"line\" d=\"M2 6.5 5 9.5 10.5 3\"/>",
        Shape::Cross => "<path class=\"line\" d=\"M2.5 2.5l7 7m0-7l-7 7\"/>",
        Shape::Ring => "<circle class=\"line dashed\" cx=\"6\" cy=\"6\" r=\"4.4\"/>",
        Shape::Half => "<circle class=\"line\" cx=\"6\" cy=\"6\" r=\"4.4\"/><path class=\"fill\" d=\"M6 1.6a4.4 4.4 0 0 1 0 8.8z\"/>",
        Shape::Dash => "<path class=\"line\" d=\"M2 6h8\"/>",
        Shape::Hatch => "<path class=\"hair\" d=\"M1.5 1.5h9v9h-9zM1.5 6 6 1.5M1.5 10.5l9-9M6 10.5 10.5 6\"/>",
        Shape::Dot | Shape::Bars(_) => "<circle class=\"fill\" cx=\"6\" cy=\"6\" r=\"2.2\"/>",
    });
    out.raw("</svg>");
}
