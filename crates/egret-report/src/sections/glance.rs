//! The case in a few numbers.

use egret_model::report::{Authorised, Bound, CheckStatus, Grade, Report};

use crate::badges;
use crate::document::{Block, Figure, Group, Section, text, value};
use crate::references::References;
use crate::words::{counted, length, rounded_bytes, size};

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let mut figures: Vec<Figure> = [
        (Grade::Received, "the other side is known to have it"),
        (Grade::Performed, "copied or read"),
        (Grade::Attempted, "tried, and denied or failed"),
        (Grade::Enabled, "a door was opened; no use of it is shown"),
        (Grade::Prepared, "a guard was lowered, or data made ready; nothing was opened by it"),
    ]
    .into_iter()
    .map(|(grade, meaning)| {
        let of_grade: Vec<_> =
            report.movements.iter().filter(|movement| movement.grade == grade).collect();
        let allowed = of_grade
            .iter()
            .filter(|movement| movement.destination.authorised == Authorised::Yes)
            .count();
        let detail = if of_grade.is_empty() || allowed == 0 {
            meaning.to_owned()
        } else {
            format!("{meaning}; {allowed} to an authorised place")
        };
        Figure {
            value: length(&of_grade),
            unit: String::new(),
            name: vec![badges::grade(grade)],
            detail: vec![text(detail)],
        }
    })
    .collect();
    figures.extend([most_moved(report, references), places(report), people(report), logs(report)]);
    Section {
        id: "glance",
        group: Group::Findings,
        label: "At a glance",
        title: "The case in nine numbers".to_owned(),
        note: super::note(""),
        lead: vec![text(
            "Movements of data by how far they are proved, and what stands behind them.",
        )],
        blocks: vec![Block::Figures(figures)],
    }
}

pub(super) fn title(report: &Report) -> String {
    let outside = report.movements.iter().filter(|one| badges::is_outside(one)).count();
    let movements = counted(size(&report.movements), "movement of data", "movements of data");
    let furthest = report.movements.iter().map(|one| one.grade).max();
    match (furthest, outside) {
        (None, _) => "No movement of data is listed".to_owned(),
        (Some(Grade::Received), 0) => format!(
            "{}; what was received is where it may be, or within the accounts looked at",
            crate::words::capital(&movements)
        ),
        (Some(furthest), 0) => format!(
            "{}; the furthest that is proved is “{}”",
            crate::words::capital(&movements),
            furthest.as_str()
        ),
        (Some(_), outside) => format!(
            "{}; {} received where it is not known to be authorised",
            crate::words::capital(&movements),
            crate::words::count(u64::try_from(outside).unwrap_or(u64::MAX))
        ),
    }
}

/// Amounts of different movements may be the same bytes, so only the largest is named; and what
/// lies behind a door that was only opened has not moved.
fn most_moved(report: &Report, references: &References<'_>) -> Figure {
    let most = report
        .movements
        .iter()
        .filter(|movement| movement.grade >= Grade::Performed)
        .filter_map(|movement| Some((movement.bytes.value?, movement)))
        // The first of equals, by number.
        .rev()
        .max_by_key(|(bytes, _)| *bytes);
    let name = vec![text("most data in one movement")];
    match most {
        Some((bytes, movement)) => {
            let (number, unit) = rounded_bytes(bytes, movement.bytes.bound);
            Figure {
                value: number,
                unit: unit.to_owned(),
                name,
                detail: vec![
                    text(match movement.bytes.bound {
                        Bound::Exact => "exact; ",
                        Bound::Lower => "at least; ",
                        Bound::Upper => "at most; ",
                        Bound::Unknown => "bound not known; ",
                    }),
                    references.movement(&movement.id),
                    text(" to "),
                    value(movement.destination.id.clone()),
                ],
            }
        }
        None => Figure {
            value: "–".to_owned(),
            unit: String::new(),
            name,
            detail: vec![text(
                if report.movements.iter().any(|movement| movement.grade >= Grade::Performed) {
                    "no log at hand tells an amount"
                } else {
                    "no data was seen to move"
                },
            )],
        },
    }
}

fn places(report: &Report) -> Figure {
    let doubtful = report
        .destinations
        .iter()
        .filter(|total| total.destination.authorised != Authorised::Yes)
        .count();
    Figure {
        value: length(&report.destinations),
        unit: String::new(),
        name: vec![text(if report.destinations.len() == 1 {
            "destination"
        } else {
            "destinations"
        })],
        detail: vec![text(format!("{doubtful} not known to be authorised"))],
    }
}

fn people(report: &Report) -> Figure {
    let ended = report.chains.iter().filter(|chain| chain.origin.is_some()).count();
    Figure {
        value: length(&report.actors),
        unit: String::new(),
        name: vec![text(if report.actors.len() == 1 { "principal" } else { "principals" })],
        detail: vec![text(if report.chains.is_empty() {
            "no credential was traced back".to_owned()
        } else {
            format!("{ended} of {} credentials traced to an origin", report.chains.len())
        })],
    }
}

fn logs(report: &Report) -> Figure {
    let met =
        report.coverage.checks.iter().filter(|check| check.status == CheckStatus::Met).count();
    let blind = report.channels.iter().filter(|channel| channel.status == "not_covered").count();
    Figure {
        value: format!("{met} of {}", report.coverage.checks.len()),
        unit: String::new(),
        name: vec![text("coverage checks met")],
        detail: vec![text(match blind {
            _ if report.channels.is_empty() => "no way out was searched".to_owned(),
            0 => "each way out searched has a log that would show it".to_owned(),
            blind => format!(
                "{} cannot be determined",
                counted(u64::try_from(blind).unwrap_or(u64::MAX), "way out", "ways out")
            ),
        })],
    }
}
