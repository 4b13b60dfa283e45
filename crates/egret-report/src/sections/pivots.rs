//! Where the pattern says to turn next.

use egret_model::report::Report;

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{Block, Column, Group, Kind, Row, Section, Table, cell, text};
use crate::references::References;
use crate::words::{counted, length, size};

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let holds = report.pivots.iter().filter(|one| one.triggered == Some(true)).count();
    let undecided = report.pivots.iter().filter(|one| one.triggered.is_none()).count();
    let (shown, cut) = limited(&report.pivots, "pivot points");
    let blocks = if shown.is_empty() {
        vec![paragraph("The pattern names no pivot point.")]
    } else {
        vec![Block::Table(Table {
            caption: "The pattern's pivot points".to_owned(),
            columns: vec![
                Column { head: "Condition", kind: Kind::Words },
                Column { head: "State", kind: Kind::Short },
                Column { head: "To hand over", kind: Kind::Words },
            ],
            names: 0,
            rows: shown
                .iter()
                .map(|pivot| Row {
                    id: None,
                    cells: vec![
                        cell(vec![text(pivot.condition.clone())]),
                        cell(vec![badges::triggered(pivot.triggered)]),
                        cell(vec![text(pivot.handover.clone())]),
                    ],
                })
                .collect(),
            cut,
        })]
    };
    Section {
        id: "pivots",
        group: Group::Working,
        label: "Pivot points",
        title: if report.pivots.is_empty() {
            "The pattern names no pivot point".to_owned()
        } else {
            format!(
                "{}: {holds} hold, {undecided} for a person to say",
                crate::words::capital(&counted(
                    size(&report.pivots),
                    "pivot point",
                    "pivot points"
                ))
            )
        },
        note: if holds > 0 { open(format!("{holds} hold")) } else { note(length(&report.pivots)) },
        lead: vec![text("Conditions under which the pattern hands the case on to another.")],
        blocks,
    }
}
