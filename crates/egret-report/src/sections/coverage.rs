//! What the logs at hand could show.

use egret_model::report::{CheckStatus, Report};

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{
    Block, Cell, Column, Group, Inline, Kind, Line, Row, Section, Table, cell, quiet, text, value,
};
use crate::references::References;
use crate::words::{count, counted, size, span};

/// Gaps written out for one log.
const GAPS: usize = 6;

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let coverage = &report.coverage;
    let gaps = coverage.datasets.iter().fold(0u64, |sum, one| sum.saturating_add(size(&one.gaps)));
    let unmet = coverage.checks.iter().filter(|one| one.status != CheckStatus::Met).count();
    let blocks = vec![
        Block::Heading("Is it enough to answer the question?".to_owned()),
        checks(report),
        Block::Heading("Logs at hand".to_owned()),
        datasets(report),
    ];
    Section {
        id: "coverage",
        group: Group::Working,
        label: "Coverage",
        title: if coverage.datasets.is_empty() {
            "No event is among the evidence".to_owned()
        } else {
            format!(
                "{} with {}; {} of {} checks met",
                crate::words::capital(&counted(size(&coverage.datasets), "log", "logs")),
                counted(gaps, "gap", "gaps"),
                coverage.checks.len().saturating_sub(unmet),
                coverage.checks.len()
            )
        },
        note: match (gaps, unmet) {
            (0, 0) if coverage.datasets.is_empty() => open("no log"),
            (0, 0) if coverage.checks.is_empty() => open("not checked"),
            (0, 0) => note("checks met"),
            (0, unmet) => open(format!("{unmet} not met")),
            (gaps, _) => open(counted(gaps, "gap", "gaps")),
        },
        lead: vec![text(
            "A gap is a run of whole hours without an event between the first and the last event \
             of a log. What happened in it cannot be determined from that log.",
        )],
        blocks,
    }
}

fn checks(report: &Report) -> Block {
    if report.coverage.checks.is_empty() {
        return paragraph("No check was made.");
    }
    let (shown, cut) = limited(&report.coverage.checks, "checks");
    Block::Table(Table {
        caption: "Availability checks".to_owned(),
        columns: vec![
            Column { head: "Check", kind: Kind::Words },
            Column { head: "State", kind: Kind::Short },
            Column { head: "What that rests on", kind: Kind::Words },
        ],
        names: 0,
        rows: shown
            .iter()
            .map(|check| Row {
                id: None,
                cells: vec![
                    cell(vec![text(check.title.clone())]),
                    cell(vec![badges::check(check.status)]),
                    cell(vec![text(check.detail.clone())]),
                ],
            })
            .collect(),
        cut,
    })
}

fn datasets(report: &Report) -> Block {
    let (shown, cut) = limited(&report.coverage.datasets, "logs");
    if shown.is_empty() {
        return paragraph("No event is among the evidence, so nothing can be said to be absent.");
    }
    let column = |head, kind| Column { head, kind };
    let or_unsaid = |part: &Option<String>| -> Line {
        match part {
            Some(part) => vec![value(part.clone())],
            None => vec![quiet("not said")],
        }
    };
    Block::Table(Table {
        caption: "Events by kind of log, account and region".to_owned(),
        columns: vec![
            column("Log", Kind::Words),
            column("Account", Kind::Short),
            column("Region", Kind::Short),
            column("First event", Kind::Time),
            column("Last event", Kind::Time),
            column("Events", Kind::Number),
            column("Gaps", Kind::Words),
        ],
        names: 0,
        rows: shown
            .iter()
            .map(|row| {
                let mut details: Vec<Line> = row
                    .gaps
                    .iter()
                    .take(GAPS)
                    .map(|gap| {
                        vec![
                            Inline::Time(gap.start),
                            text(" to "),
                            Inline::Time(gap.end),
                            text(format!(", {}", span(gap.start, gap.end))),
                        ]
                    })
                    .collect();
                if row.gaps.len() > GAPS {
                    details.push(vec![quiet(format!(
                        "and {} more in report.json",
                        row.gaps.len().saturating_sub(GAPS)
                    ))]);
                }
                Row {
                    id: None,
                    cells: vec![
                        cell(vec![text(row.dataset.clone())]),
                        cell(or_unsaid(&row.account)),
                        cell(or_unsaid(&row.region)),
                        cell(vec![Inline::Time(row.first)]),
                        cell(vec![Inline::Time(row.last)]),
                        cell(vec![text(count(row.events))]),
                        Cell {
                            main: vec![text(if row.gaps.is_empty() {
                                "none".to_owned()
                            } else {
                                count(size(&row.gaps))
                            })],
                            details,
                        },
                    ],
                }
            })
            .collect(),
        cut,
    })
}
