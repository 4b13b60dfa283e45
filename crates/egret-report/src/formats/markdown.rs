//! A document as Markdown.

use crate::document::{Block, Document, Inline};
use crate::escape;

pub(super) fn text(document: &Document) -> String {
    let mut out = format!("# {}\n", escape::markdown(&document.title));
    for block in &document.blocks {
        out.push('\n');
        push_block(&mut out, block);
    }
    out
}

fn push_block(out: &mut String, block: &Block) {
    match block {
        Block::Heading { level, text, note, .. } => {
            out.push_str(&"#".repeat(usize::from(*level)));
            out.push(' ');
            out.push_str(&escape::markdown(text));
            if let Some(note) = note {
                out.push_str(&format!(" ({})", escape::markdown(note)));
            }
            out.push('\n');
        }
        Block::Verdict { word, confidence, headline, .. } => {
            out.push_str(&format!(
                "**{}**\n\n{} {}\n",
                escape::markdown(&word.to_uppercase()),
                escape::markdown(headline),
                escape::markdown(confidence)
            ));
        }
        Block::Paragraph(inlines) => {
            out.push_str(&line(inlines));
            out.push('\n');
        }
        Block::List(items) => {
            for item in items {
                out.push_str(&format!("- {}\n", line(item)));
            }
        }
        Block::Facts(facts) => {
            for (name, inlines) in facts {
                out.push_str(&format!("- **{}**: {}\n", escape::markdown(name), line(inlines)));
            }
        }
        Block::Table { caption, heads, rows } => {
            out.push_str(&format!("{}.\n\n", escape::markdown(caption)));
            let heads: Vec<String> = heads.iter().map(|head| escape::markdown(head)).collect();
            out.push_str(&format!("| {} |\n", heads.join(" | ")));
            out.push_str(&format!("|{}\n", " --- |".repeat(heads.len())));
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| line(cell)).collect();
                out.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
        }
        Block::Query { summary, text, notes } => {
            let fence = escape::fence(text);
            out.push_str(&format!(
                "{}\n\n{fence}text\n{}\n{fence}\n",
                line(summary),
                escape::code(text.trim_end())
            ));
            if !notes.is_empty() {
                out.push('\n');
            }
            for note in notes {
                out.push_str(&format!("- {}\n", line(note)));
            }
        }
        Block::Chart(chart) => {
            out.push_str(&format!(
                "**{}**: {}.\n",
                escape::markdown(&chart.title),
                escape::markdown(&chart.subtitle)
            ));
        }
    }
}

fn line(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text(text) | Inline::Link { text, .. } => escape::markdown(text),
            Inline::Value(value) if value.is_empty() => String::new(),
            Inline::Value(value) => escape::markdown(value),
            Inline::Strong(text) => format!("**{}**", escape::markdown(text)),
            Inline::Badge(badge) => format!("**{}**", escape::markdown(&badge.word)),
        })
        .collect()
}
