//! A document as Markdown: reads plain, and renders with the tables and footnotes of GFM.
//!
//! Cited records are footnotes, so `[^12]` leads to file and record in either way of reading. A
//! table that would not fit a line is written as a list of its rows.

use crate::document::{
    Badge, Block, Cell, Chain, Chart, Document, Entries, Heat, Inline, Line, List, Marker, Moment,
    Record, Section, Shape, Table, Verdict,
};
use crate::escape;
use crate::words;

/// Longest line of a table that still reads in a terminal or an editor.
const LINE_MAX: usize = 132;

pub(super) fn text(document: &Document) -> String {
    let mut out = Writer::default();
    out.line(&format!("# {}", escape::markdown(&document.title)));
    out.line("");
    out.line(&format!("*{}*", escape::markdown(&document.marking)));
    out.line("");
    for fact in &document.facts {
        out.line(&format!("- {}: {}", escape::markdown(&fact.name), inline(&fact.value, false)));
    }
    for (number, section) in document.sections.iter().enumerate() {
        push_section(&mut out, number, section);
    }
    out.line("");
    out.line("---");
    for line in &document.colophon {
        out.line("");
        out.line(&inline(line, false));
    }
    out.finish()
}

/// Lines, with never more than one empty line between two others.
#[derive(Default)]
struct Writer(String);

impl Writer {
    fn line(&mut self, line: &str) {
        if line.is_empty() && self.0.ends_with("\n\n") {
            return;
        }
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn finish(mut self) -> String {
        self.0.truncate(self.0.trim_end().len());
        self.0.push('\n');
        self.0
    }
}

fn push_section(out: &mut Writer, number: usize, section: &Section) {
    out.line("");
    // The answer stands before the numbered sections.
    let number = if number == 0 { String::new() } else { format!("{number} ") };
    out.line(&format!(
        "## {number}{}: {}",
        escape::markdown(section.label),
        escape::markdown(&section.title)
    ));
    if !section.lead.is_empty() {
        out.line("");
        out.line(&inline(&section.lead, false));
    }
    for block in &section.blocks {
        push_block(out, block, 3);
    }
}

fn push_block(out: &mut Writer, block: &Block, level: usize) {
    out.line("");
    match block {
        Block::Heading(text) => {
            out.line(&format!("{} {}", "#".repeat(level), escape::markdown(text)));
        }
        Block::Verdict(verdict) => push_verdict(out, verdict),
        Block::Paragraph(line) | Block::Remark(line) => out.line(&inline(line, false)),
        Block::List(list) => push_list(out, list),
        Block::Figures(figures) => {
            for figure in figures {
                let unit = if figure.unit.is_empty() {
                    String::new()
                } else {
                    format!(" {}", figure.unit)
                };
                out.line(&format!(
                    "- **{}{unit}** {}: {}",
                    escape::markdown(&figure.value),
                    inline(&figure.name, false),
                    inline(&figure.detail, false)
                ));
            }
        }
        Block::Facts(facts) => {
            for fact in facts {
                out.line(&format!(
                    "- **{}**: {}",
                    escape::markdown(&fact.name),
                    inline(&fact.value, false)
                ));
            }
        }
        Block::Table(table) => push_table(out, table),
        Block::Entries(entries) => push_entries(out, entries, level),
        Block::Verbatim(text) => push_verbatim(out, text),
        Block::Timeline(moments) => push_timeline(out, moments),
        Block::Chain(chain) => push_chain(out, chain, level),
        Block::Chart(chart) => push_chart(out, chart),
        Block::Heat(heat) => push_heat(out, heat),
        Block::Records(records) => push_records(out, records),
        Block::InFull { summary, .. } => {
            out.line(&format!("{}: in report.html and report.json.", escape::markdown(summary)));
        }
    }
}

fn push_verdict(out: &mut Writer, verdict: &Verdict) {
    out.line(&format!(
        "**{}.** {}",
        words::capital(verdict.word),
        escape::markdown(&verdict.headline)
    ));
    out.line("");
    out.line(&escape::markdown(verdict.meaning));
    out.line("");
    out.line(&format!("**Confidence: {}.** {}", verdict.confidence.0, verdict.confidence.1));
    for (title, marker, items, none) in [
        ("Because", Marker::Number, &verdict.reasons, "No reason is recorded."),
        ("What would change this", Marker::Point, &verdict.changes, "Nothing is recorded."),
        ("Limits: what cannot be known", Marker::Point, &verdict.limits, "No limit is recorded."),
        ("Next, in order", Marker::Number, &verdict.next, "No next step is recorded."),
    ] {
        out.line("");
        out.line(&format!("### {title}"));
        out.line("");
        if items.is_empty() {
            out.line(none);
        } else {
            push_items(out, marker, items);
        }
        if let Some(cut) = verdict.cut.as_ref().filter(|_| title == "Because") {
            out.line("");
            out.line(&escape::markdown(cut));
        }
    }
}

fn push_list(out: &mut Writer, list: &List) {
    push_items(out, list.marker, &list.items);
}

fn push_items(out: &mut Writer, marker: Marker, items: &[Line]) {
    for (item, number) in items.iter().zip(1u64..) {
        match marker {
            Marker::Point => out.line(&format!("- {}", inline(item, false))),
            Marker::Number => out.line(&format!("{number}. {}", inline(item, false))),
        }
    }
}

fn push_table(out: &mut Writer, table: &Table) {
    let heads: Vec<String> =
        table.columns.iter().map(|column| escape::markdown(column.head)).collect();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.cells.iter().map(|one| cell(one, true)).collect())
        .collect();
    if !push_aligned(out, &heads, &rows) {
        push_rows(out, table);
    }
    if let Some(cut) = &table.cut {
        out.line("");
        out.line(&escape::markdown(cut));
    }
}

/// The table with its columns aligned, when it fits a line.
fn push_aligned(out: &mut Writer, heads: &[String], rows: &[Vec<String>]) -> bool {
    let width = |text: &String| text.chars().count();
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(width)
                .fold(width(head).max(3), usize::max)
        })
        .collect();
    let line =
        widths.iter().fold(1usize, |sum, width| sum.saturating_add(*width).saturating_add(3));
    if line > LINE_MAX {
        return false;
    }
    let aligned = |cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |", cells.join(" | "))
    };
    out.line(&aligned(heads));
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    out.line(&format!("| {} |", rules.join(" | ")));
    for row in rows {
        out.line(&aligned(row));
    }
    true
}

/// The table as a list of its rows, each with its cells by name.
fn push_rows(out: &mut Writer, table: &Table) {
    for row in &table.rows {
        let name = row.cells.get(table.names).map(|one| cell(one, false)).unwrap_or_default();
        out.line(&format!("- **{}:** {name}", names(table)));
        for (at, (column, one)) in table.columns.iter().zip(&row.cells).enumerate() {
            if at != table.names {
                out.line(&format!("  - {}: {}", escape::markdown(column.head), cell(one, false)));
            }
        }
    }
}

fn names(table: &Table) -> String {
    table.columns.get(table.names).map(|column| escape::markdown(column.head)).unwrap_or_default()
}

fn cell(cell: &Cell, in_table: bool) -> String {
    let mut parts = vec![inline(&cell.main, in_table)];
    parts.extend(cell.details.iter().map(|detail| inline(detail, in_table)));
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn push_entries(out: &mut Writer, entries: &Entries, level: usize) {
    let figure_head = entries.heads.get(3).copied().unwrap_or_default().to_lowercase();
    for entry in &entries.entries {
        out.line("");
        out.line(&format!(
            "{} {} {}",
            "#".repeat(level.saturating_add(1)),
            escape::markdown(&entry.number),
            inline(&entry.title, false)
        ));
        out.line("");
        out.line(&format!(
            "{}; {figure_head}: {}",
            inline(&entry.state, false),
            inline(&entry.figure, false)
        ));
        for block in &entry.body {
            match block {
                Block::Heading(text) => {
                    out.line("");
                    out.line(&format!("{}:", escape::markdown(text)));
                }
                other => push_block(out, other, level.saturating_add(2)),
            }
        }
    }
    if let Some(cut) = &entries.cut {
        out.line("");
        out.line(&escape::markdown(cut));
    }
}

fn push_verbatim(out: &mut Writer, text: &str) {
    let shown = escape::code(text.trim_end());
    let fence = escape::fence(&shown);
    out.line(&format!("{fence}text\n{shown}\n{fence}"));
}

fn push_timeline(out: &mut Writer, moments: &[Moment]) {
    for moment in moments {
        match moment {
            Moment::Omitted { lines } => out.line(&format!(
                "- … {} not shown here; report.json holds them",
                words::counted(*lines, "line", "lines")
            )),
            Moment::Event { time, until, count, tag, phase, text, source, record } => {
                let mut line = format!(
                    "- {time} \\[{}\\] {}: {}",
                    escape::markdown(tag),
                    escape::markdown(phase),
                    inline(text, false)
                );
                if *count > 1 {
                    line.push_str(", ");
                    line.push_str(&words::counted(*count, "event", "events"));
                }
                if let Some(until) = until {
                    line.push_str(", last ");
                    line.push_str(&until.to_string());
                }
                line.push_str(" (");
                line.push_str(&escape::markdown(source));
                line.push(')');
                let record = inline(record, false);
                if !record.is_empty() {
                    line.push(' ');
                    line.push_str(&record);
                }
                out.line(&line);
            }
        }
    }
}

fn push_chain(out: &mut Writer, chain: &Chain, level: usize) {
    out.line(&format!("{} {}", "#".repeat(level), inline(&chain.title, false)));
    out.line("");
    for (link, number) in chain.links.iter().zip(1u64..) {
        let lines: Vec<String> = link.lines.iter().map(|line| inline(line, false)).collect();
        let missing = if link.missing { "▨ " } else { "" };
        out.line(&format!(
            "{number}. {missing}**{}**: {}",
            escape::markdown(&link.title),
            lines.join("; ")
        ));
    }
}

/// A line a log; a letter a column.
fn push_heat(out: &mut Writer, heat: &Heat) {
    const SHADES: [char; 6] = ['.', '\u{2581}', '\u{2583}', '\u{2585}', '\u{2587}', '\u{2588}'];
    out.line(&format!(
        "**{}.** {}",
        escape::markdown(&heat.title),
        escape::markdown(&heat.subtitle)
    ));
    out.line("");
    let width = heat.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::with_capacity(heat.rows.len());
    for row in &heat.rows {
        let mut line = format!("{:<width$}  ", row.label);
        line.extend(row.cells.iter().map(|cell| match cell {
            cell if cell.gap => 'x',
            cell => SHADES.get(usize::from(cell.level)).copied().unwrap_or('.'),
        }));
        lines.push(line);
    }
    push_verbatim(out, &lines.join("\n"));
    if let Some(cut) = &heat.cut {
        out.line("");
        out.line(&escape::markdown(cut));
    }
}

fn push_chart(out: &mut Writer, chart: &Chart) {
    out.line(&format!("**{}.**", escape::markdown(&chart.title)));
    out.line("");
    let heads = ["Lane", "What", "From (UTC)", "Until (UTC)"].map(str::to_owned);
    let mut rows = Vec::new();
    for lane in &chart.lanes {
        for stretch in &lane.stretches {
            rows.push(vec![
                escape::markdown(&lane.label),
                stretch.mark.as_str().to_owned(),
                stretch.from.to_string(),
                stretch.until.to_string(),
            ]);
        }
    }
    if !push_aligned(out, &heads, &rows) {
        for row in &rows {
            out.line(&format!("- {}", row.join("; ")));
        }
    }
    if let Some(cut) = &chart.cut {
        out.line("");
        out.line(&escape::markdown(cut));
    }
}

fn push_records(out: &mut Writer, records: &[Record]) {
    for record in records {
        let mut line = format!(
            "[^{}]: {} record {}",
            record.number,
            escape::markdown_value(&record.file, false),
            words::count(record.record)
        );
        if !record.event_id.is_empty() {
            line.push_str(", event ");
            line.push_str(&escape::markdown_value(&record.event_id, false));
        }
        out.line(&line);
    }
}

fn inline(line: &[Inline], in_table: bool) -> String {
    line.iter()
        .map(|inline| match inline {
            Inline::Text(text) | Inline::Quiet(text) | Inline::Link { text, .. } => {
                escape::markdown(text)
            }
            Inline::Value(value) if value.is_empty() => "(empty)".to_owned(),
            Inline::Value(value) => escape::markdown_value(value, in_table),
            Inline::Strong(text) => strong(text),
            Inline::Time(time) => time.to_string(),
            Inline::Badge(badge) => shown(badge),
            Inline::Cite(number) => format!("[^{number}]"),
        })
        .collect()
}

/// Strong text; spaces at its ends would leave the asterisks standing.
fn strong(text: &str) -> String {
    let inner = text.trim();
    if inner.is_empty() {
        escape::markdown(text)
    } else {
        format!("**{}**", escape::markdown(inner))
    }
}

fn shown(badge: &Badge) -> String {
    let shape = match badge.shape {
        Shape::Bars(filled) => (0..4u8).map(|bar| if bar < filled { '■' } else { '□' }).collect(),
        Shape::Check => "✓".to_owned(),
        Shape::Cross => "×".to_owned(),
        Shape::Ring => "◌".to_owned(),
        Shape::Half => "◐".to_owned(),
        Shape::Dash => "–".to_owned(),
        Shape::Hatch => "▨".to_owned(),
        Shape::Dot => return escape::markdown(&badge.word),
    };
    format!("{shape} {}", escape::markdown(&badge.word))
}
