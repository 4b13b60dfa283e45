//! Pieces of a section.

use super::chart::push_chart;
use super::heat::push_heat;
use super::inlines::push_line;
use super::markup::Html;
use crate::document::{
    Block, Cell, Chain, Column, Entries, Entry, Fact, Figure, Inline, Kind, Line, List, Marker,
    Moment, Record, Row, Table, Verdict,
};

pub(super) fn push_block(out: &mut Html, block: &Block) {
    match block {
        Block::Heading(text) => {
            out.element("h3", &[], text).raw("\n");
        }
        Block::Verdict(verdict) => push_verdict(out, verdict, "", "Verdict"),
        Block::Paragraph(line) => push_paragraph(out, "text", line),
        Block::Remark(line) => push_paragraph(out, "remark", line),
        Block::List(list) => push_list(out, list),
        Block::Figures(figures) => push_figures(out, figures),
        Block::Facts(facts) => push_facts(out, facts),
        Block::Table(table) => push_table(out, table),
        Block::Entries(entries) => push_entries(out, entries),
        Block::Verbatim(text) => {
            out.raw("<pre tabindex=\"0\">").lines(text.trim_end()).raw("</pre>\n");
        }
        Block::Timeline(moments) => push_timeline(out, moments),
        Block::Chain(chain) => push_chain(out, chain),
        Block::Chart(chart) => push_chart(out, chart),
        Block::Heat(heat) => push_heat(out, heat),
        Block::Records(records) => push_records(out, records),
        Block::InFull { summary, blocks } => {
            out.raw("<details class=\"full\"><summary>").text(summary).raw("</summary>\n");
            for block in blocks {
                push_block(out, block);
            }
            out.raw("</details>\n");
        }
    }
}

fn push_paragraph(out: &mut Html, class: &'static str, line: &Line) {
    out.open("p", &[("class", &class)]);
    push_line(out, line);
    out.raw("</p>\n");
}

pub(super) fn push_verdict(out: &mut Html, verdict: &Verdict, heading: &str, title: &str) {
    out.raw("<div class=\"verdict\">\n<div>\n")
        .element("h2", &[("id", &heading), ("class", &"label")], title)
        .raw("\n")
        .element("p", &[("class", &"word")], &crate::words::capital(verdict.word))
        .raw("\n");
    push_scale(out, verdict);
    out.element("p", &[("class", &"headline")], &verdict.headline).raw("\n");
    out.raw("<p class=\"meaning\">").text(verdict.meaning).raw("</p>\n");
    out.raw("<p class=\"confidence\"><strong>Confidence: ")
        .text(verdict.confidence.0)
        .raw(".</strong> ")
        .text(verdict.confidence.1)
        .raw("</p>\n</div>\n<div>\n<h3 class=\"label\">Because</h3>\n");
    push_items(out, "ol", "reasons", &verdict.reasons, "No reason is recorded.");
    if let Some(cut) = &verdict.cut {
        out.element("p", &[("class", &"remark cut")], cut).raw("\n");
    }
    out.raw("</div>\n</div>\n<div class=\"three\">\n<div>\n<h3 class=\"label\">What would change this</h3>\n");
    push_items(out, "ul", "changes", &verdict.changes, "Nothing is recorded.");
    out.raw("</div>\n<div>\n<h3 class=\"label\">Limits: what cannot be known</h3>\n");
    push_items(out, "ul", "limits", &verdict.limits, "No limit is recorded.");
    out.raw("</div>\n<div>\n<h3 class=\"label\">Next, in order</h3>\n");
    push_items(out, "ol", "next", &verdict.next, "No next step is recorded.");
    out.raw("</div>\n</div>\n");
}

/// The scale as bars with the answer filled; an answer apart from it fills none.
fn push_scale(out: &mut Html, verdict: &Verdict) {
    const STEP: usize = 105;
    let (words, answer) = &verdict.scale;
    let label = match answer {
        Some(_) => format!("Scale: {}. This case: {}.", words.join(", "), verdict.word),
        None => format!(
            "Scale: {}. This case stands apart from it: {}.",
            words.join(", "),
            verdict.word
        ),
    };
    out.open(
        "svg",
        &[
            ("class", &"scale"),
            ("viewBox", &"0 0 420 30"),
            ("role", &"img"),
            ("aria-label", &label),
        ],
    );
    for (at, word) in words.iter().enumerate() {
        let chosen = *answer == Some(at);
        let x = at.saturating_mul(STEP);
        let (bar, text) = if chosen { ("bar chosen", "chosen") } else { ("bar", "tick") };
        out.empty(
            "rect",
            &[("class", &bar), ("x", &x), ("y", &2), ("width", &102), ("height", &5)],
        );
        out.element("text", &[("class", &text), ("x", &x), ("y", &23)], word);
    }
    out.raw("</svg>\n");
}

fn push_items(
    out: &mut Html,
    tag: &'static str,
    class: &'static str,
    items: &[Line],
    none: &'static str,
) {
    if items.is_empty() {
        out.raw("<p class=\"remark\">").raw(none).raw("</p>\n");
        return;
    }
    out.open(tag, &[("class", &class)]).raw("\n");
    for item in items {
        out.raw("<li>");
        push_line(out, item);
        out.raw("</li>\n");
    }
    out.close(tag).raw("\n");
}

fn push_list(out: &mut Html, list: &List) {
    let tag = match list.marker {
        Marker::Point => "ul",
        Marker::Number => "ol",
    };
    push_items(out, tag, "list", &list.items, "None.");
}

fn push_figures(out: &mut Html, figures: &[Figure]) {
    out.raw("<dl class=\"figures\">\n");
    for figure in figures {
        out.raw("<div><dt>");
        push_line(out, &figure.name);
        out.raw("</dt><dd class=\"number\">").text(&figure.value);
        if !figure.unit.is_empty() {
            out.raw(" ").element("small", &[], &figure.unit);
        }
        out.raw("</dd><dd class=\"detail\">");
        push_line(out, &figure.detail);
        out.raw("</dd></div>\n");
    }
    out.raw("</dl>\n");
}

fn push_facts(out: &mut Html, facts: &[Fact]) {
    out.raw("<dl class=\"facts\">\n");
    for fact in facts {
        out.raw("<div>").element("dt", &[], &fact.name).raw("<dd>");
        push_line(out, &fact.value);
        out.raw("</dd></div>\n");
    }
    out.raw("</dl>\n");
}

fn push_table(out: &mut Html, table: &Table) {
    out.open(
        "div",
        &[
            ("class", &"wide"),
            ("tabindex", &0),
            ("role", &"region"),
            ("aria-label", &table.caption),
        ],
    );
    out.raw("<table>").element("caption", &[], &table.caption).raw("<thead><tr>");
    for column in &table.columns {
        out.element("th", &[("scope", &"col"), ("class", &kind(column.kind))], column.head);
    }
    out.raw("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        push_row(out, table, row);
    }
    out.raw("</tbody></table></div>\n");
    if let Some(cut) = &table.cut {
        out.element("p", &[("class", &"remark cut")], cut).raw("\n");
    }
}

fn push_row(out: &mut Html, table: &Table, row: &Row) {
    match &row.id {
        Some(id) => out.open("tr", &[("id", id)]),
        None => out.raw("<tr>"),
    };
    let nothing = Cell::default();
    for (at, Column { head, kind: of }) in table.columns.iter().enumerate() {
        let cell = row.cells.get(at).unwrap_or(&nothing);
        // A value that an attacker made long must not push the other columns off the page.
        let class = if *of == Kind::Short && is_long(cell) { kind(Kind::Words) } else { kind(*of) };
        if at == table.names {
            out.open("th", &[("scope", &"row"), ("class", &class), ("data-label", head)]);
        } else {
            out.open("td", &[("class", &class), ("data-label", head)]);
        }
        out.raw("<div>");
        push_line(out, &cell.main);
        out.raw("</div>");
        for detail in cell.details.iter().filter(|detail| !detail.is_empty()) {
            out.raw("<div class=\"detail\">");
            push_line(out, detail);
            out.raw("</div>");
        }
        out.close(if at == table.names { "th" } else { "td" });
    }
    out.raw("</tr>\n");
}

fn is_long(cell: &Cell) -> bool {
    const SHORT_CHARS_MAX: usize = 40;
    let length = |inline: &Inline| match inline {
        Inline::Text(text)
        | Inline::Value(text)
        | Inline::Strong(text)
        | Inline::Quiet(text)
        | Inline::Link { text, .. } => text.chars().count(),
        Inline::Badge(badge) => badge.word.chars().count(),
        Inline::Time(_) | Inline::Cite(_) => 0,
    };
    cell.main.iter().map(length).sum::<usize>() > SHORT_CHARS_MAX
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Words => "words",
        Kind::Short => "short",
        Kind::Values => "values",
        Kind::Number => "number",
        Kind::Time => "time",
    }
}

fn push_entries(out: &mut Html, entries: &Entries) {
    out.raw("<div class=\"entries\">\n<div class=\"heads\" aria-hidden=\"true\">");
    for head in entries.heads {
        out.element("span", &[], head);
    }
    out.raw("</div>\n");
    for entry in &entries.entries {
        push_entry(out, entry);
    }
    out.raw("</div>\n");
    if let Some(cut) = &entries.cut {
        out.element("p", &[("class", &"remark cut")], cut).raw("\n");
    }
}

fn push_entry(out: &mut Html, entry: &Entry) {
    out.raw("<details");
    if let Some(id) = &entry.id {
        out.attributes(&[("id", id)]);
    }
    out.raw(if entry.open { " open><summary>" } else { "><summary>" });
    out.element("span", &[("class", &"number")], &entry.number);
    for (class, line) in
        [("title", &entry.title), ("state", &entry.state), ("figure", &entry.figure)]
    {
        out.raw(" ").open("span", &[("class", &class)]);
        push_line(out, line);
        out.raw("</span>");
    }
    out.raw("</summary>\n<div class=\"body\">\n");
    for block in &entry.body {
        match block {
            // Within what is folded away a heading would stand outside the page's order.
            Block::Heading(text) => {
                out.element("p", &[("class", &"part")], text).raw("\n");
            }
            other => push_block(out, other),
        }
    }
    out.raw("</div>\n</details>\n");
}

fn push_timeline(out: &mut Html, moments: &[Moment]) {
    out.raw("<ol class=\"timeline\">\n");
    for moment in moments {
        match moment {
            Moment::Omitted { lines } => {
                out.raw("<li class=\"omitted\">")
                    .text(&crate::words::counted(*lines, "line", "lines"))
                    .raw(" not shown here; report.json holds them</li>\n");
            }
            Moment::Event { time, until, count, tag, phase, text, source, record } => {
                out.raw("<li><div class=\"when\">");
                push_line(out, &[Inline::Time(*time)]);
                if let Some(until) = until {
                    out.raw("<div class=\"detail\">to ");
                    push_line(out, &[Inline::Time(*until)]);
                    out.raw("</div>");
                }
                if *count > 1 {
                    let count = crate::words::counted(*count, "event", "events");
                    out.element("div", &[("class", &"detail")], &count);
                }
                out.raw("</div>");
                let class = match tag.as_str() {
                    "DETECTION" => "tag gap",
                    "RESPONSE" => "tag held",
                    _ => "tag",
                };
                out.open("div", &[("class", &class)])
                    .text(&format!("[{tag}]"))
                    .element("div", &[("class", &"detail")], phase)
                    .raw("</div><div class=\"what\">");
                push_line(out, text);
                out.raw("</div>").element("div", &[("class", &"source")], &format!("({source})"));
                out.raw("<div class=\"cites\">");
                push_line(out, record);
                out.raw("</div></li>\n");
            }
        }
    }
    out.raw("</ol>\n");
}

fn push_chain(out: &mut Html, chain: &Chain) {
    out.raw("<h3>");
    push_line(out, &chain.title);
    out.raw("</h3>\n<ol class=\"chain\">\n");
    for link in &chain.links {
        out.raw(if link.missing { "<li class=\"missing\">" } else { "<li>" });
        out.element("strong", &[], &link.title);
        for line in &link.lines {
            out.raw("<div>");
            push_line(out, line);
            out.raw("</div>");
        }
        out.raw("</li>\n");
    }
    out.raw("</ol>\n");
}

fn push_records(out: &mut Html, records: &[Record]) {
    out.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Cited records\"><table class=\"records\"><caption>Cited records</caption><thead><tr><th scope=\"col\">No.</th><th scope=\"col\">Evidence file</th><th scope=\"col\" class=\"number\">Record</th><th scope=\"col\">Event id</th></tr></thead>\n<tbody>\n");
    for record in records {
        out.open("tr", &[("id", &format!("record-{}", record.number))])
            .element("th", &[("scope", &"row"), ("data-label", &"No.")], &record.number.to_string())
            .raw("<td data-label=\"File\">")
            .element("code", &[], &record.file)
            .raw("</td>")
            .element(
                "td",
                &[("class", &"number"), ("data-label", &"Record")],
                &crate::words::count(record.record),
            )
            .raw("<td data-label=\"Event id\">")
            .element("code", &[], &record.event_id)
            .raw("</td></tr>\n");
    }
    out.raw("</tbody></table></div>\n");
}
