//! What a report says, section by section. A new one is a file and a line in [`SECTIONS`].
//!
//! A section never claims more than the record's own states do: "nothing found" is said only
//! where the record says so, an amount carries its bound, and what lacks data says so in its
//! place.

mod actors;
mod chains;
mod channels;
mod completion;
mod controls;
mod coverage;
mod destinations;
mod findings;
mod glance;
mod glossary;
mod hypotheses;
mod impact;
mod ingest;
mod movements;
mod overview;
mod pivots;
mod records;
mod scope;
mod steps;
mod timeline;
mod verdict;

use egret_model::limits::REPORT_ROWS_MAX;
use egret_model::report::Report;

use crate::document::{Block, Document, Line, Marker, Note, Section, fact, quiet, text, value};
use crate::references::References;
use crate::words;

/// Turns a report into one section.
type Write = for<'a> fn(&'a Report, &mut References<'a>) -> Section;

/// The sections, in order: the answer first, then what happened, what it may mean, how that was
/// found out, and where it can be checked.
const SECTIONS: &[Write] = &[
    verdict::section,
    glance::section,
    movements::section,
    destinations::section,
    actors::section,
    chains::section,
    timeline::section,
    findings::section,
    hypotheses::section,
    impact::section,
    controls::section,
    scope::section,
    coverage::section,
    channels::section,
    steps::section,
    pivots::section,
    completion::section,
    // Last of those that cite, so that its numbers are complete.
    records::section,
    ingest::section,
    glossary::section,
];

/// The report as a document.
pub fn document(report: &Report) -> Document {
    let mut references = References::of(report);
    let case = &report.case;
    let sections = SECTIONS.iter().map(|write| write(report, &mut references)).collect();
    Document {
        title: crate::document::shortened(case.title.clone()),
        case_id: crate::document::shortened(case.id.clone()),
        answer: words::plain(report.verdict.level.as_str()),
        marking:
            "Case evidence: holds log data, personal data among it. Pass on only to people the \
                  case names."
                .to_owned(),
        facts: vec![
            fact("Case", vec![text(case.id.clone())]),
            fact(
                "Window",
                vec![
                    crate::document::Inline::Time(case.window.start),
                    text(" to "),
                    crate::document::Inline::Time(case.window.end),
                ],
            ),
            fact("As of", vec![crate::document::Inline::Time(case.reference_time)]),
            fact(
                "Pattern",
                vec![
                    text(case.pattern.name.clone()),
                    quiet(format!(
                        ", SHA-256 {}…",
                        case.pattern.sha256.chars().take(12).collect::<String>()
                    )),
                ],
            ),
            fact("Written by", vec![text(format!("Egret {}", case.egret_version))]),
        ],
        sections,
        colophon: vec![
            vec![
                text(format!("Egret {}, schema {}. ", case.egret_version, report.schema)),
                text("The same evidence and settings give the same report."),
            ],
            vec![text("Pattern SHA-256 "), value(case.pattern.sha256.clone())],
        ],
    }
}

/// Rows up to the report's limit, and the sentence that says so when there are more.
fn limited<'a, T>(rows: &'a [T], what: &str) -> (&'a [T], Option<String>) {
    match rows.get(..REPORT_ROWS_MAX) {
        Some(first) if rows.len() > REPORT_ROWS_MAX => (first, Some(cut(rows.len(), what))),
        _ => (rows, None),
    }
}

/// The sentence under a list of which the first rows are shown.
fn cut(all: usize, what: &str) -> String {
    format!(
        "The first {} of {} {what} are shown; report.json holds all of them.",
        words::count(u64::try_from(REPORT_ROWS_MAX).unwrap_or(u64::MAX)),
        words::count(u64::try_from(all).unwrap_or(u64::MAX))
    )
}

fn paragraph(words: impl Into<String>) -> Block {
    Block::Paragraph(vec![text(words)])
}

/// Texts of the record as a list.
fn listed(marker: Marker, items: &[String]) -> Block {
    Block::List(crate::document::List { marker, items: lines(items) })
}

fn lines(items: &[String]) -> Vec<Line> {
    items.iter().map(|item| vec![text(item.clone())]).collect()
}

fn note(text: impl Into<String>) -> Note {
    Note { text: text.into(), open: false }
}

fn open(text: impl Into<String>) -> Note {
    Note { text: text.into(), open: true }
}

/// The first few values, and how many more there are.
fn few(values: &[String], most: usize) -> Vec<Line> {
    let mut shown: Vec<Line> =
        values.iter().take(most).map(|one| vec![value(one.clone())]).collect();
    let more = values.len().saturating_sub(most);
    if more > 0 {
        shown.push(vec![quiet(format!("and {more} more in report.json"))]);
    }
    shown
}
