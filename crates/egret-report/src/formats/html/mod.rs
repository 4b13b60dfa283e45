//! A document as one self-contained page: no request leaves it, no script runs in it.
//!
//! The strict content security policy in its head holds even where an escape were missed.

mod blocks;
mod chart;
mod heat;
mod inlines;
mod markup;

use self::blocks::push_block;
use self::inlines::push_line;
use self::markup::Html;
use crate::document::{Block, Document, Section};

const STYLE: &str = include_str!("page.css");

pub(super) fn page(document: &Document) -> String {
    let mut out = Html::default();
    out.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n")
        .raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n")
        .raw("<meta name=\"referrer\" content=\"no-referrer\">\n")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">\n")
        .open("title", &[])
        .text_only(&format!("{} · {} · Egret case report", document.case_id, document.answer))
        .close("title")
        .raw("\n<style>\n")
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#verdict\">Skip to the verdict</a>\n");
    out.raw("<div class=\"marking\"><div><span>")
        .text(&document.marking)
        .raw("</span><span>Case ")
        .text(&document.case_id)
        .raw("</span></div></div>\n<div class=\"page\">\n");
    contents(&mut out, document);
    out.raw("<main>\n<header>\n")
        .element("h1", &[], &document.title)
        .raw("\n<dl class=\"meta\">\n");
    for fact in &document.facts {
        out.raw("<div>").element("dt", &[], &fact.name).open("dd", &[]);
        push_line(&mut out, &fact.value);
        out.raw("</dd></div>\n");
    }
    out.raw("</dl>\n");
    short_contents(&mut out, document);
    out.raw("</header>\n");
    for (number, section) in document.sections.iter().enumerate() {
        push_section(&mut out, number, section);
    }
    out.raw("<footer>\n");
    for line in &document.colophon {
        out.open("p", &[]);
        push_line(&mut out, line);
        out.raw("</p>\n");
    }
    out.raw("</footer>\n</main>\n</div>\n</body>\n</html>\n");
    out.finish()
}

fn push_section(out: &mut Html, number: usize, section: &Section) {
    let heading = format!("{}-heading", section.id);
    out.open("section", &[("id", &section.id), ("aria-labelledby", &heading)]).raw("\n");
    if let [Block::Verdict(verdict), rest @ ..] = section.blocks.as_slice() {
        blocks::push_verdict(out, verdict, &heading, &section.title);
        for block in rest {
            push_block(out, block);
        }
    } else {
        out.open("h2", &[("id", &heading)])
            .open("span", &[("class", &"eyebrow")])
            .text(&format!("{number} "))
            .text(section.label)
            .raw("</span> ")
            .text(&section.title)
            .raw("</h2>\n");
        if !section.lead.is_empty() {
            out.open("p", &[("class", &"lead")]);
            push_line(out, &section.lead);
            out.raw("</p>\n");
        }
        for block in &section.blocks {
            push_block(out, block);
        }
    }
    out.raw("</section>\n");
}

fn contents(out: &mut Html, document: &Document) {
    out.raw("<nav class=\"contents\" aria-label=\"Contents\">\n<p class=\"brand\">Egret <span>case report</span></p>\n");
    let mut group = None;
    for section in &document.sections {
        if group != Some(section.group) {
            if group.is_some() {
                out.raw("</ol>\n");
            }
            out.element("p", &[("class", &"group")], section.group.as_str()).raw("\n<ol>\n");
            group = Some(section.group);
        }
        out.raw("<li>").open("a", &[("href", &format!("#{}", section.id))]);
        out.element("span", &[], section.label);
        if !section.note.text.is_empty() {
            let note = &section.note;
            let class = if note.open { "note open" } else { "note" };
            out.raw(" ").element("span", &[("class", &class)], &note.text);
        }
        out.raw("</a></li>\n");
    }
    if group.is_some() {
        out.raw("</ol>\n");
    }
    out.raw("</nav>\n");
}

/// The contents where there is no room beside the text.
fn short_contents(out: &mut Html, document: &Document) {
    let open = document.sections.iter().filter(|section| section.note.open).count();
    out.raw("<details class=\"short-contents\"><summary>")
        .text(&format!(
            "Contents: {} sections, {open} with something open",
            document.sections.len()
        ))
        .raw("</summary>\n<ol>\n");
    for section in &document.sections {
        out.raw("<li>")
            .element("a", &[("href", &format!("#{}", section.id))], section.label)
            .raw("</li>\n");
    }
    out.raw("</ol>\n</details>\n");
}
