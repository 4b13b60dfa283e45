//! A document as one self-contained page: no request leaves it, no script runs in it.

use egret_model::report::Report;

use crate::document::{Badge, Block, Chart, Document, Inline, Mark, Tone};
use crate::escape::{attribute, html};

const STYLE: &str = include_str!("page.css");

pub(super) fn page(document: &Document, report: &Report) -> String {
    let mut body = String::new();
    let mut in_section = false;
    for block in &document.blocks {
        if let Block::Heading { level: 2, .. } = block {
            if in_section {
                body.push_str("</section>\n");
            }
            body.push_str("<section>\n");
            in_section = true;
        }
        push_block(&mut body, block);
    }
    if in_section {
        body.push_str("</section>\n");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<a class=\"skip\" href=\"#verdict\">Skip to the verdict</a>\n\
         <header><p class=\"kicker\">Investigation report · case {case}</p><h1>{title}</h1>\n\
         <p class=\"sub\">{start} to {end}, all times UTC</p></header>\n\
         <div class=\"page\">\n<nav aria-label=\"Contents\"><h2>Contents</h2>\n{contents}</nav>\n<main>\n{body}</main>\n</div>\n\
         <footer>Egret {version} · {schema} · pattern SHA-256 {sha}</footer>\n</body>\n</html>\n",
        title = html(&document.title),
        case = html(&report.case.id),
        start = report.case.window.start,
        end = report.case.window.end,
        contents = contents(document),
        version = html(&report.case.egret_version),
        schema = html(&report.schema),
        sha = html(&report.case.pattern.sha256),
    )
}

fn contents(document: &Document) -> String {
    let mut list = String::from("<ol>\n");
    for block in &document.blocks {
        if let Block::Heading { level: 2, id, text, note } = block {
            let note = note.as_ref().map_or_else(String::new, |note| {
                format!(" <span class=\"count\">{}</span>", html(note))
            });
            list.push_str(&format!(
                "<li><a href=\"#{}\">{}</a>{note}</li>\n",
                attribute(id),
                html(text)
            ));
        }
    }
    list.push_str("</ol>\n");
    list
}

fn push_block(out: &mut String, block: &Block) {
    match block {
        Block::Heading { level, id, text, note } => {
            let note = note.as_ref().filter(|_| *level == 2).map_or_else(String::new, |note| {
                format!(" <span class=\"count\">{}</span>", html(note))
            });
            out.push_str(&format!("<h{level} id=\"{}\">{}{note}</h{level}>\n", attribute(id), html(text)));
        }
        Block::Verdict { word, tone, confidence, headline } => out.push_str(&format!(
            "<div class=\"verdict {}\"><p class=\"word\">{}</p><p class=\"headline\">{}</p><p class=\"confidence\">{}</p></div>\n",
            class(*tone),
            html(word),
            html(headline),
            html(confidence)
        )),
        Block::Paragraph(inlines) => out.push_str(&format!("<p>{}</p>\n", line(inlines))),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                out.push_str(&format!("<li>{}</li>\n", line(item)));
            }
            out.push_str("</ul>\n");
        }
        Block::Facts(facts) => {
            out.push_str("<dl>\n");
            for (name, inlines) in facts {
                out.push_str(&format!("<div><dt>{}</dt><dd>{}</dd></div>\n", html(name), line(inlines)));
            }
            out.push_str("</dl>\n");
        }
        Block::Table { caption, heads, rows } => push_table(out, caption, heads, rows),
        Block::Query { summary, text, notes } => {
            out.push_str(&format!(
                "<details><summary>{}</summary><pre>{}</pre>\n",
                line(summary),
                html(text.trim_end())
            ));
            if !notes.is_empty() {
                out.push_str("<ul class=\"notes\">\n");
                for note in notes {
                    out.push_str(&format!("<li>{}</li>\n", line(note)));
                }
                out.push_str("</ul>\n");
            }
            out.push_str("</details>\n");
        }
        Block::Chart(chart) => push_chart(out, chart),
    }
}

fn push_table(out: &mut String, caption: &str, heads: &[String], rows: &[Vec<Vec<Inline>>]) {
    out.push_str(&format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><caption>{}</caption><thead><tr>",
        attribute(caption),
        html(caption)
    ));
    for head in heads {
        out.push_str(&format!("<th scope=\"col\">{}</th>", html(head)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let label = heads.get(at).map(String::as_str).unwrap_or_default();
            out.push_str(&format!("<td data-label=\"{}\">{}</td>", attribute(label), line(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn line(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text(text) => html(text),
            Inline::Value(value) if value.is_empty() => String::new(),
            Inline::Value(value) => format!("<code>{}</code>", html(value)),
            Inline::Strong(text) => format!("<strong>{}</strong>", html(text)),
            Inline::Badge(badge) => shown(badge),
            Inline::Link { to, text } => {
                format!("<a href=\"#{}\">{}</a>", attribute(to), html(text))
            }
        })
        .collect()
}

fn shown(badge: &Badge) -> String {
    let mut shape = String::new();
    if let Some(bars) = badge.bars {
        shape.push_str("<span class=\"bars\" aria-hidden=\"true\">");
        for bar in 1..=4 {
            shape.push_str(if bar <= bars { "<i class=\"on\"></i>" } else { "<i></i>" });
        }
        shape.push_str("</span>");
    } else {
        shape.push_str(&format!("<span aria-hidden=\"true\">{}</span> ", html(badge.sign)));
    }
    format!("<span class=\"badge {}\">{shape}{}</span>", class(badge.tone), html(&badge.word))
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Out => "out",
        Tone::Gap => "gap",
        Tone::Held => "held",
        Tone::Plain => "plain",
    }
}

/// Width of the label column and of the drawing, height of a row, in drawing units.
const LABEL: i64 = 190;
const WIDTH: i64 = 760;
const ROW: i64 = 24;
const TOP: i64 = 26;

fn push_chart(out: &mut String, chart: &Chart) {
    let rows = i64::try_from(chart.rows.len()).unwrap_or(0);
    let height = rows.saturating_mul(ROW).saturating_add(TOP).saturating_add(8);
    let total = LABEL.saturating_add(WIDTH).saturating_add(20);
    out.push_str(&format!(
        "<figure><figcaption><strong>{}</strong><br>{}</figcaption>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"chart\">\
         <svg viewBox=\"0 0 {total} {height}\" role=\"img\"><title>{}</title><desc>{}</desc>\n\
         <defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>\n",
        html(&chart.title),
        html(&chart.subtitle),
        html(&chart.title),
        html(&description(chart)),
    ));
    let (start, end) = chart.span;
    let span = end.saturating_sub(start).max(1);
    let x = |at: i64| {
        let along = at.clamp(start, end).saturating_sub(start);
        LABEL.saturating_add(along.saturating_mul(WIDTH).checked_div(span).unwrap_or(0))
    };
    for quarter in 0..=4i64 {
        let at = start.saturating_add(span.saturating_mul(quarter) / 4);
        let label = jiff::Timestamp::from_second(at)
            .map(|time| jiff::tz::TimeZone::UTC.to_datetime(time).date().to_string())
            .unwrap_or_default();
        let anchor = match quarter {
            0 => "start",
            4 => "end",
            _ => "middle",
        };
        out.push_str(&format!(
            "<line class=\"grid\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"/><text class=\"axis\" x=\"{0}\" y=\"14\" text-anchor=\"{anchor}\">{label}</text>\n",
            x(at),
            TOP.saturating_sub(4),
            height.saturating_sub(4)
        ));
    }
    for (row, number) in chart.rows.iter().zip(0i64..) {
        let y = TOP.saturating_add(number.saturating_mul(ROW));
        out.push_str(&format!(
            "<text class=\"label\" x=\"0\" y=\"{}\">{}</text>\n",
            y.saturating_add(14),
            html(&row.label)
        ));
        for (from, to, mark) in &row.marks {
            let left = x(*from);
            let width = x(*to).saturating_sub(left).max(3);
            let middle = y.saturating_add(10);
            out.push_str(&match mark {
                Mark::Open => format!(
                    "<line class=\"open\" x1=\"{left}\" y1=\"{middle}\" x2=\"{}\" y2=\"{middle}\"/>",
                    left.saturating_add(width)
                ),
                Mark::Failed => format!(
                    "<text class=\"failed\" x=\"{left}\" y=\"{}\">×</text>",
                    middle.saturating_add(5)
                ),
                Mark::Moved => format!(
                    "<rect class=\"moved\" x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"12\"/>",
                    y.saturating_add(4)
                ),
                Mark::Covered => format!(
                    "<rect class=\"covered\" x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"12\"/>",
                    y.saturating_add(4)
                ),
                Mark::Gap => format!(
                    "<rect class=\"nolog\" x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"12\"/>",
                    y.saturating_add(4)
                ),
            });
            out.push('\n');
        }
    }
    out.push_str("</svg></div></figure>\n");
}

/// The chart in words.
fn description(chart: &Chart) -> String {
    let at = |second: i64| {
        jiff::Timestamp::from_second(second).map(|time| time.to_string()).unwrap_or_default()
    };
    chart
        .rows
        .iter()
        .map(|row| {
            let marks: Vec<String> = row
                .marks
                .iter()
                .map(|(from, to, _)| format!("{} to {}", at(*from), at(*to)))
                .collect();
            format!("{}: {}", row.label, marks.join(", "))
        })
        .collect::<Vec<_>>()
        .join("; ")
}
