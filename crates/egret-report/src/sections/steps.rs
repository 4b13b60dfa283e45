//! The pattern's steps, pivot points and completion criteria.

use egret_model::report::Report;

use super::heading;
use crate::document::{Block, text, value};
use crate::words::{record, state, step, thousands};

pub(super) fn steps(report: &Report) -> Vec<Block> {
    let mut blocks = vec![heading(
        2,
        "steps",
        "The pattern, step by step",
        Some(report.steps.len().to_string()),
    )];
    let mut phase = "";
    for (number, one) in report.steps.iter().enumerate() {
        if one.phase != phase {
            phase = &one.phase;
            blocks.push(heading(3, &format!("phase-{number}"), phase, None));
        }
        let mut summary =
            vec![step(one.status), text(format!(" {} ", one.id)), text(one.title.clone())];
        if let Some(rows) = one.rows {
            summary.push(text(format!(": {} rows", thousands(rows))));
        }
        if let Some(query) = &one.query {
            let mut notes = Vec::new();
            if one.rows.is_none_or(|rows| rows == 0) {
                notes.push(vec![text(one.detail.clone())]);
            }
            if let Some(reading) = &one.reading {
                notes.push(vec![text("Reading: "), text(reading.clone())]);
            }
            for diagnostic in &one.diagnostics {
                notes.push(vec![
                    value(diagnostic.code.clone()),
                    text(format!(" {}", diagnostic.message)),
                ]);
            }
            if let Some(bound) = &one.bound_query {
                notes.push(vec![text("Run as: "), value(bound.clone())]);
            }
            notes.extend(one.sample.iter().map(record));
            blocks.push(Block::Query { summary, text: query.clone(), notes });
        } else {
            summary.push(text(format!(" – {}", one.detail)));
            blocks.push(Block::Paragraph(summary));
        }
    }
    blocks
}

pub(super) fn pivots(report: &Report) -> Vec<Block> {
    if report.pivots.is_empty() {
        return Vec::new();
    }
    vec![
        heading(2, "pivots", "Where to turn next", None),
        Block::Table {
            caption: "The pattern's pivot points".to_owned(),
            heads: ["Condition", "Holds", "To hand over"].map(str::to_owned).to_vec(),
            rows: report
                .pivots
                .iter()
                .map(|pivot| {
                    let holds = match pivot.triggered {
                        Some(true) => text("yes"),
                        Some(false) => text("no"),
                        None => state("manual"),
                    };
                    vec![
                        vec![text(pivot.condition.clone())],
                        vec![holds],
                        vec![text(pivot.handover.clone())],
                    ]
                })
                .collect(),
        },
    ]
}

pub(super) fn completion(report: &Report) -> Vec<Block> {
    let completion = &report.completion;
    let items = || completion.findings.iter().chain(&completion.documents);
    let open = items().filter(|item| item.status != "met").count();
    vec![
        heading(2, "completion", "What is open before the case may close", Some(open.to_string())),
        Block::Table {
            caption: "Required findings and documents".to_owned(),
            heads: ["Required", "State", "Why"].map(str::to_owned).to_vec(),
            rows: items()
                .map(|item| {
                    vec![
                        vec![text(item.title.clone())],
                        vec![state(&item.status)],
                        vec![text(item.detail.clone())],
                    ]
                })
                .collect(),
        },
    ]
}
