//! What the logs at hand could show.

use egret_model::report::{CheckItem, CheckStatus, Report};

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{
    Block, Cell, Column, Group, Heat, HeatCell, HeatRow, Inline, Kind, Line, Row, Section, Table,
    cell, quiet, text, value,
};
use crate::references::References;
use crate::words::{count, counted, size, span};

/// Gaps written out for one log.
const GAPS: usize = 6;

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let coverage = &report.coverage;
    let gaps = coverage.datasets.iter().fold(0u64, |sum, one| sum.saturating_add(size(&one.gaps)));
    let unmet = coverage.checks.iter().filter(|one| one.status != CheckStatus::Met).count();
    let mut blocks = vec![
        Block::Heading("Is it enough to answer the question?".to_owned()),
        checks(report),
        Block::Heading("Logs at hand".to_owned()),
    ];
    blocks.extend(heat(report).map(Block::Heat));
    blocks.push(datasets(report));
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
            "A gap is a run of whole hours without an event that the rhythm of the log does not \
             explain. What happened in it cannot be determined from that log.",
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
                    Cell {
                        main: vec![text(check.detail.clone())],
                        details: subjects(&check.items),
                    },
                ],
            })
            .collect(),
        cut,
    })
}

/// The subjects of a check, when they say more than the check itself.
fn subjects(items: &[CheckItem]) -> Vec<Line> {
    const SHOWN: usize = 12;
    if items.len() < 2 {
        return Vec::new();
    }
    let mut lines: Vec<Line> = items
        .iter()
        .take(SHOWN)
        .map(|item| {
            vec![
                badges::check(item.status),
                text(" "),
                value(item.subject.clone()),
                text(format!(": {}", item.detail)),
            ]
        })
        .collect();
    if items.len() > SHOWN {
        lines.push(vec![quiet(format!(
            "and {} more in report.json",
            items.len().saturating_sub(SHOWN)
        ))]);
    }
    lines
}

/// Columns of the heat map at most; with more days, a column is several.
const COLUMNS: usize = 92;

/// Rows of the heat map at most.
const ROWS: usize = 24;

/// How busy each log was; `None` for a single day, which has no course.
fn heat(report: &Report) -> Option<Heat> {
    let datasets = &report.coverage.datasets;
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    let days = || datasets.iter().flat_map(|row| row.days.iter()).filter_map(|one| day(&one.date));
    let (first, last) = (days().min()?, days().max()?);
    let span = usize::try_from(first.until(last).ok()?.get_days()).ok()?.checked_add(1)?;
    if span < 2 {
        return None;
    }
    let per_column = span.div_ceil(COLUMNS);
    let of = |date: jiff::civil::Date| -> Option<usize> {
        let since = usize::try_from(first.until(date).ok()?.get_days()).ok()?;
        since.checked_div(per_column)
    };
    let width = span.div_ceil(per_column);
    let columns = (0..width)
        .filter_map(|column| {
            let days = i64::try_from(column.checked_mul(per_column)?).ok()?;
            Some(first.checked_add(jiff::Span::new().days(days)).ok()?.to_string())
        })
        .collect();
    let rows = datasets
        .iter()
        .take(ROWS)
        .map(|row| {
            let mut events = vec![0u64; width];
            let mut gaps = vec![false; width];
            for one in &row.days {
                if let Some(held) = day(&one.date).and_then(of).and_then(|at| events.get_mut(at)) {
                    *held = held.saturating_add(one.events);
                }
            }
            for gap in &row.gaps {
                let date = |at| jiff::tz::TimeZone::UTC.to_datetime(at).date();
                let ends =
                    gap.end.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(gap.end);
                let (from, to) = (of(date(gap.start)), of(date(ends)));
                for at in from.unwrap_or(0)..=to.unwrap_or(0) {
                    if let Some(held) = gaps.get_mut(at) {
                        *held = true;
                    }
                }
            }
            let busiest = events.iter().copied().max().unwrap_or(0);
            let cells = events
                .into_iter()
                .zip(gaps)
                .map(|(events, gap)| HeatCell { events, level: level(events, busiest), gap })
                .collect();
            let mut label = row.dataset.clone();
            for part in [&row.account, &row.region].into_iter().flatten() {
                label.push(' ');
                label.push_str(part);
            }
            HeatRow { label, cells }
        })
        .collect();
    let left_out = datasets.len().saturating_sub(ROWS);
    Some(Heat {
        title: format!("Events a day, {first} to {last}"),
        subtitle: format!(
            "{}, darker for more, by the busiest of the same row. Hatched or x: a gap. Empty: no event.",
            if per_column == 1 {
                "A cell is a day, UTC".to_owned()
            } else {
                format!("A cell is {per_column} days, UTC")
            }
        ),
        columns,
        rows,
        cut: (left_out > 0).then(|| format!("{left_out} more logs are in the table below.")),
    })
}

/// 0 for none, 1 to 5 by share of the busiest on a scale of halves.
fn level(events: u64, busiest: u64) -> u8 {
    if events == 0 {
        return 0;
    }
    let mut level = 5u8;
    let mut share = events;
    while level > 1 && share.saturating_mul(2) <= busiest {
        share = share.saturating_mul(2);
        level = level.saturating_sub(1);
    }
    level
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
            column("Log", Kind::Short),
            column("Account", Kind::Short),
            column("Region", Kind::Short),
            column("First event", Kind::Time),
            column("Last event", Kind::Time),
            column("Events", Kind::Number),
            column("Arrived after", Kind::Short),
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
                            text(match &gap.reason {
                                Some(reason) => format!(", {}: {reason}", span(gap.start, gap.end)),
                                None => format!(
                                    ", {}, {} expected",
                                    span(gap.start, gap.end),
                                    counted(gap.expected, "event", "events")
                                ),
                            }),
                        ]
                    })
                    .collect();
                if row.log_deliveries > 0 {
                    details.insert(
                        0,
                        vec![quiet(format!(
                            "{} by AWS itself",
                            counted(row.log_deliveries, "delivery of logs", "deliveries of logs")
                        ))],
                    );
                }
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
                        cell(match &row.delay {
                            Some(delay) => vec![text(format!(
                                "{}, at most {}",
                                minutes(delay.typical_seconds),
                                minutes(delay.longest_seconds)
                            ))],
                            None => vec![quiet("not said")],
                        }),
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

/// A delay in the unit that fits.
fn minutes(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds.div_euclid(60)),
        _ => format!("{} h", seconds.div_euclid(3_600)),
    }
}
