//! What the logs could show, what was looked for, and what became of the records.

use egret_model::report::{CheckStatus, Report};

use super::{heading, limited};
use crate::document::{Block, text, value};
use crate::words::{state, thousands};

pub(super) fn coverage(report: &Report) -> Vec<Block> {
    let mut blocks = vec![heading(2, "coverage", "What the logs cover", None)];
    let (shown, more) = limited(&report.coverage.datasets);
    if shown.is_empty() {
        blocks.push(Block::Paragraph(vec![text("No event is among the evidence.")]));
    } else {
        blocks.push(Block::Table {
            caption: "Events by kind of log, account and region; a gap is a run of whole hours \
                      without an event in a log that is otherwise busy"
                .to_owned(),
            heads: ["Log", "Account", "Region", "First (UTC)", "Last (UTC)", "Events", "Gaps"]
                .map(str::to_owned)
                .to_vec(),
            rows: shown
                .iter()
                .map(|row| {
                    let or_dash = |part: &Option<String>| {
                        vec![value(part.clone().unwrap_or_else(|| "–".to_owned()))]
                    };
                    let mut gaps: Vec<String> = row
                        .gaps
                        .iter()
                        .take(5)
                        .map(|gap| format!("{} to {}", gap.start, gap.end))
                        .collect();
                    if row.gaps.len() > 5 {
                        gaps.push(format!("and {} more", row.gaps.len().saturating_sub(5)));
                    }
                    vec![
                        vec![text(row.dataset.clone())],
                        or_dash(&row.account),
                        or_dash(&row.region),
                        vec![value(row.first.to_string())],
                        vec![value(row.last.to_string())],
                        vec![text(thousands(row.events))],
                        vec![text(if gaps.is_empty() {
                            "none".to_owned()
                        } else {
                            gaps.join("; ")
                        })],
                    ]
                })
                .collect(),
        });
    }
    blocks.extend(more);
    blocks.push(heading(3, "checks", "Is it enough to answer the question?", None));
    blocks.push(Block::Table {
        caption: "The pattern's availability checks".to_owned(),
        heads: ["Check", "Answer", "What that rests on"].map(str::to_owned).to_vec(),
        rows: report
            .coverage
            .checks
            .iter()
            .map(|check| {
                let word = match check.status {
                    CheckStatus::Met => "met",
                    CheckStatus::NotMet => "not_met",
                    CheckStatus::Unknown => "unknown",
                };
                vec![
                    vec![text(check.title.clone())],
                    vec![state(word)],
                    vec![text(check.detail.clone())],
                ]
            })
            .collect(),
    });
    blocks
}

pub(super) fn channels(report: &Report) -> Vec<Block> {
    vec![
        heading(2, "checked", "Checked", Some(report.channels.len().to_string())),
        Block::Table {
            caption:
                "Every way out that was looked for, found or not; “nothing found” is said only \
                      where the logs would have shown it"
                    .to_owned(),
            heads: ["Way out", "State", "Events", "What that rests on"].map(str::to_owned).to_vec(),
            rows: report
                .channels
                .iter()
                .map(|channel| {
                    vec![
                        vec![text(channel.title.clone())],
                        vec![state(&channel.status)],
                        vec![text(thousands(channel.events))],
                        vec![text(channel.detail.clone())],
                    ]
                })
                .collect(),
        },
    ]
}

pub(super) fn ingest(report: &Report) -> Vec<Block> {
    let ingest = &report.ingest;
    let mut blocks = vec![
        heading(2, "evidence", "What became of the records", None),
        Block::Paragraph(vec![text(format!(
            "{} files: {} records read = {} stored + {} duplicate + {} quarantined. Path, size and \
             SHA-256 of each file stand in evidence/manifest.jsonl.",
            thousands(ingest.files),
            thousands(ingest.read),
            thousands(ingest.stored),
            thousands(ingest.duplicate),
            thousands(ingest.quarantined)
        ))]),
    ];
    if !ingest.notes.is_empty() {
        let (shown, more) = limited(&ingest.notes);
        blocks.push(Block::List(shown.iter().map(|note| vec![text(note.clone())]).collect()));
        blocks.extend(more);
    }
    blocks
}
