//! Where data went, or may go.

use egret_model::report::{Authorised, Report};

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{
    Block, Cell, Column, Group, Inline, Kind, Row, Section, Table, cell, strong, text, value,
};
use crate::references::References;
use crate::words::{counted, length, moved, size};

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let doubtful = report
        .destinations
        .iter()
        .filter(|total| total.destination.authorised != Authorised::Yes)
        .count();
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
                                details: super::movements::destination_details(to),
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
                                details: vec![vec![Inline::Time(total.last)]],
                            },
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
