//! Where data went, or may go.

use egret_model::report::{Authorised, DestinationTotal, Report};

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{
    Block, Cell, Column, Group, Inline, Kind, Line, Row, Section, Table, cell, strong, text, value,
};
use crate::references::References;
use crate::words::{counted, length, moved, size};

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let doubtful = report
        .destinations
        .iter()
        .filter(|total| total.destination.authorised != Authorised::Yes)
        .count();
    // Only logs from before the window can show that something is new.
    let knows_before =
        report.coverage.datasets.iter().any(|log| log.first < report.case.window.start);
    let (shown, cut) = limited(&report.destinations, "destinations");
    let column = |head, kind| Column { head, kind };
    let blocks = if shown.is_empty() {
        vec![paragraph("No destination is listed, because no movement is.")]
    } else {
        vec![Block::Table(Table {
            caption: "Destinations over all movements".to_owned(),
            columns: vec![
                column("Destination", Kind::Words),
                column("Authorised", Kind::Words),
                column("Furthest grade", Kind::Short),
                column("Amount", Kind::Words),
                column("First to last", Kind::Time),
                column("By", Kind::Words),
                column("Movements", Kind::Words),
            ],
            names: 0,
            rows: shown
                .iter()
                .map(|total| {
                    let to = &total.destination;
                    Row {
                        id: None,
                        cells: vec![
                            Cell {
                                main: vec![value(to.id.clone())],
                                details: where_and_whose(total),
                            },
                            Cell {
                                main: vec![badges::authorised(to.authorised)],
                                details: vec![vec![text(to.reason.clone())]],
                            },
                            cell(vec![badges::grade(total.grade)]),
                            Cell {
                                main: vec![strong(moved(total.grade, &total.bytes).0)],
                                details: vec![
                                    vec![text(moved(total.grade, &total.bytes).1)],
                                    vec![text(total.bytes.method.clone())],
                                ],
                            },
                            Cell {
                                main: vec![Inline::Time(total.first)],
                                details: vec![
                                    vec![Inline::Time(total.last)],
                                    seen_before(total, knows_before),
                                ],
                            },
                            cell(actors(total)),
                            cell(references.movement_list(&total.movements)),
                        ],
                    }
                })
                .collect(),
            cut,
        })]
    };
    Section {
        id: "destinations",
        group: Group::Findings,
        label: "Destinations",
        title: match (report.destinations.len(), doubtful) {
            (0, _) => "No destination is listed".to_owned(),
            (all, 0) => format!("All {all} destinations are known to be authorised"),
            (_, doubtful) => format!(
                "{}; {doubtful} not known to be authorised",
                crate::words::capital(&counted(
                    size(&report.destinations),
                    "destination",
                    "destinations"
                ))
            ),
        },
        note: if doubtful > 0 {
            open(length(&report.destinations))
        } else {
            note(length(&report.destinations))
        },
        lead: vec![text(
            "All that went, or could go, to one place. The same bytes leaving twice are never added.",
        )],
        blocks,
    }
}

/// What kind of place it is, whose, and where an address lies.
fn where_and_whose(total: &DestinationTotal) -> Vec<Line> {
    let mut details = super::movements::destination_details(&total.destination);
    if let Some(place) = &total.place {
        let number = place.as_number.map(|number| format!("AS{number}"));
        let parts = [&place.country, &number, &place.organization, &place.aws];
        let parts: Vec<String> = parts.into_iter().flatten().cloned().collect();
        details.push(vec![value(parts.join(", "))]);
    }
    details
}

/// Whether the evidence knows it from before the window.
fn seen_before(total: &DestinationTotal, knows_before: bool) -> Line {
    match &total.earlier {
        Some(earlier) => vec![
            text(format!("before the window on {}, since ", counted(earlier.days, "day", "days"))),
            Inline::Time(earlier.first),
        ],
        None if knows_before => vec![text("not seen before the window in the logs at hand")],
        None => Line::new(),
    }
}

/// Who moved something there; the first few.
fn actors(total: &DestinationTotal) -> Line {
    const SHOWN: usize = 3;
    let mut line = Line::new();
    for actor in total.actors.iter().take(SHOWN) {
        if !line.is_empty() {
            line.push(text(", "));
        }
        line.push(value(actor.clone()));
    }
    match total.actors.len().saturating_sub(SHOWN) {
        0 if line.is_empty() => line.push(text("not in the log")),
        0 => {}
        more => line.push(text(format!(" and {more} more"))),
    }
    line
}
