//! Explanations, tested for and against.

use egret_model::report::{Hypothesis, Report};

use super::{limited, lines, note, paragraph};
use crate::badges;
use crate::document::{Block, Entries, Entry, Group, List, Marker, Section, text};
use crate::references::References;
use crate::words::{counted, length, size};

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let supported = report.hypotheses.iter().filter(|one| one.status == "supported").count();
    let (shown, cut) = limited(&report.hypotheses, "explanations");
    let blocks = if shown.is_empty() {
        vec![paragraph("No explanation was tested.")]
    } else {
        vec![Block::Entries(Entries {
            heads: ["Score", "Explanation", "State", "For, against"],
            entries: shown.iter().map(entry).collect(),
            cut,
        })]
    };
    Section {
        id: "hypotheses",
        group: Group::Judgement,
        label: "Explanations",
        title: match report.hypotheses.len() {
            0 => "No explanation was tested".to_owned(),
            all => format!(
                "{} tested; the records support {}",
                crate::words::capital(&counted(
                    u64::try_from(all).unwrap_or(u64::MAX),
                    "explanation",
                    "explanations"
                )),
                match supported {
                    0 => "none".to_owned(),
                    many => many.to_string(),
                }
            ),
        },
        note: note(length(&report.hypotheses)),
        lead: vec![text(
            "Benign and hostile explanations alike, each weighed against the same records. A score \
             is what speaks for less what speaks against; it is a stated judgement, not a \
             measurement, and no explanation clears a movement by itself.",
        )],
        blocks,
    }
}

fn entry(hypothesis: &Hypothesis) -> Entry {
    let mut body = Vec::new();
    for (title, none, items) in [
        ("For", "Nothing in the records speaks for it.", &hypothesis.r#for),
        ("Against", "Nothing in the records speaks against it.", &hypothesis.against),
    ] {
        body.push(Block::Heading(title.to_owned()));
        if items.is_empty() {
            body.push(paragraph(none));
        } else {
            body.push(Block::List(List { marker: Marker::Point, items: lines(items) }));
        }
    }
    body.push(Block::Heading("What would decide it".to_owned()));
    body.push(paragraph(if hypothesis.next_check.is_empty() {
        "no check is named".to_owned()
    } else {
        hypothesis.next_check.clone()
    }));
    Entry {
        id: None,
        number: format!("{:+}", hypothesis.score).replace('-', "−"),
        title: vec![text(hypothesis.title.clone())],
        state: vec![badges::state(&hypothesis.status)],
        figure: vec![text(format!("{}, {}", size(&hypothesis.r#for), size(&hypothesis.against)))],
        open: false,
        body,
    }
}
