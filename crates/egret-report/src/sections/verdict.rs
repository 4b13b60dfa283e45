//! The answer, its reasons and its limits.

use egret_model::report::{Confidence, Report, VerdictLevel};

use super::{lines, note};
use crate::document::{Block, Group, Line, Section, Verdict, text};
use crate::references::References;
use crate::words;

/// Reasons shown; a reader remembers three.
const REASONS: usize = 3;

/// Places of the scale, least first. Undetermined stands apart from it.
const SCALE: [VerdictLevel; 4] = [
    VerdictLevel::NotSupported,
    VerdictLevel::Possible,
    VerdictLevel::Likely,
    VerdictLevel::Confirmed,
];

/// The level as a word, and what it means.
pub(super) fn level(level: VerdictLevel) -> (&'static str, &'static str) {
    match level {
        VerdictLevel::NotSupported => {
            ("not supported", "The logs would have shown that data left, and do not.")
        }
        VerdictLevel::Undetermined => ("undetermined", "The logs at hand cannot tell."),
        VerdictLevel::Possible => (
            "possible",
            "A door was opened, or data was moved; that it went where it may not is not shown.",
        ),
        VerdictLevel::Likely => {
            ("likely", "Data was copied or read towards a place not known to be authorised.")
        }
        VerdictLevel::Confirmed => ("confirmed", "The other side is known to have data."),
    }
}

/// Confidence as a word, and what it rests on.
pub(super) fn confidence(confidence: Confidence) -> (&'static str, &'static str) {
    match confidence {
        Confidence::Low => ("low", "It rests on one indirect sign, or on incomplete logs."),
        Confidence::Medium => ("medium", "It rests on direct records with a gap beside them."),
        Confidence::High => ("high", "It rests on direct records that leave little room."),
    }
}

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let verdict = &report.verdict;
    let (word, meaning) = level(verdict.level);
    let mut reasons: Vec<Line> = Vec::new();
    for reason in verdict.reasons.iter().take(REASONS) {
        let mut line = vec![text(reason.text.clone())];
        for finding in &reason.findings {
            line.push(text(" "));
            line.push(references.finding(finding));
            let records = references.records_of(finding);
            if !records.is_empty() {
                line.push(text(" "));
                line.extend(
                    references.cite_some(records.get(..records.len().min(2)).unwrap_or(records), 2),
                );
            }
        }
        reasons.push(line);
    }
    let more = verdict.reasons.len().saturating_sub(REASONS);
    let cut = (more > 0).then(|| {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        words::capital(&format!(
            "{} in report.json.",
            words::counted(more, "further reason is", "further reasons are")
        ))
    });
    Section {
        id: "verdict",
        group: Group::Findings,
        label: "Verdict",
        title: "Did data leave?".to_owned(),
        note: note(word),
        lead: Vec::new(),
        blocks: vec![Block::Verdict(Box::new(Verdict {
            scale: (
                SCALE.iter().map(|one| level(*one).0).collect(),
                SCALE.iter().position(|one| *one == verdict.level),
            ),
            word,
            meaning,
            headline: crate::document::shortened(verdict.headline.clone()),
            confidence: confidence(verdict.confidence),
            reasons,
            cut,
            changes: lines(&verdict.would_change),
            limits: lines(&verdict.limits),
            next: lines(&verdict.next_steps),
        }))],
    }
}
