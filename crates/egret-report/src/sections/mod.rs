//! What a report says, section by section. A new one is a file and a line here.

mod coverage;
mod judgement;
mod movements;
mod people;
mod steps;
mod verdict;

use egret_model::report::Report;

use crate::document::{Block, Document};

type Section = fn(&Report) -> Vec<Block>;

/// The sections, in order: the answer first.
const SECTIONS: &[Section] = &[
    verdict::verdict,
    verdict::scope,
    movements::overview,
    movements::movements,
    movements::destinations,
    people::timeline,
    people::actors,
    people::chains,
    judgement::hypotheses,
    judgement::impact,
    judgement::controls,
    coverage::coverage,
    coverage::channels,
    steps::steps,
    steps::pivots,
    steps::completion,
    coverage::ingest,
];

/// The report as a document.
pub fn document(report: &Report) -> Document {
    Document {
        title: report.case.title.clone(),
        blocks: SECTIONS.iter().flat_map(|section| section(report)).collect(),
    }
}

fn heading(level: u8, id: &str, text: &str, note: Option<String>) -> Block {
    Block::Heading { level, id: id.to_owned(), text: text.to_owned(), note }
}

/// Rows up to the report's limit, and a sentence when there are more.
fn limited<T>(rows: &[T]) -> (&[T], Option<Block>) {
    let most = egret_model::limits::REPORT_ROWS_MAX;
    match rows.get(..most) {
        Some(first) if rows.len() > most => (
            first,
            Some(Block::Paragraph(vec![crate::document::text(format!(
                "The first {most} of {} rows are shown; report.json holds them all.",
                rows.len()
            ))])),
        ),
        _ => (rows, None),
    }
}
