//! Who did it, as the events name them.

use egret_model::report::Report;

use super::{few, limited, note, paragraph};
use crate::document::{
    Block, Cell, Column, Group, Inline, Kind, Row, Section, Table, cell, text, value,
};
use crate::references::References;
use crate::words::{count, counted, length, size};

/// Values of one kind shown for one actor.
const SHOWN: usize = 4;

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let (shown, cut) = limited(&report.actors, "principals");
    let column = |head, kind| Column { head, kind };
    let list = |values: &[String]| {
        let mut lines = few(values, SHOWN);
        if lines.is_empty() {
            return cell(vec![text("–")]);
        }
        let main = lines.remove(0);
        Cell { main, details: lines }
    };
    let blocks = if shown.is_empty() {
        vec![paragraph("No principal is listed, because no movement is.")]
    } else {
        vec![Block::Table(Table {
            caption: "Principals behind the movements, within the window".to_owned(),
            columns: vec![
                column("Principal", Kind::Values),
                column("Access keys", Kind::Values),
                column("Called from", Kind::Values),
                column("User agents, as sent", Kind::Words),
                column("Events", Kind::Number),
                column("First to last", Kind::Time),
                column("Movements", Kind::Words),
            ],
            names: 0,
            rows: shown
                .iter()
                .map(|actor| Row {
                    id: None,
                    cells: vec![
                        Cell {
                            main: vec![value(actor.principal.clone())],
                            details: if actor.names.is_empty() {
                                Vec::new()
                            } else {
                                vec![vec![text("also "), value(actor.names.join(", "))]]
                            },
                        },
                        list(&actor.access_keys),
                        list(&actor.addresses),
                        list(&actor.user_agents),
                        Cell {
                            main: vec![text(count(actor.events))],
                            details: vec![vec![text(format!("{} failed", count(actor.failures)))]],
                        },
                        Cell {
                            main: vec![Inline::Time(actor.first)],
                            details: vec![vec![Inline::Time(actor.last)]],
                        },
                        cell(references.movement_list(&actor.movements)),
                    ],
                })
                .collect(),
            cut,
        })]
    };
    Section {
        id: "actors",
        group: Group::Findings,
        label: "Actors",
        title: match report.actors.len() {
            0 => "No principal is listed".to_owned(),
            1 => "One principal stands behind the movements".to_owned(),
            _ => format!(
                "{} stand behind the movements",
                counted(size(&report.actors), "principal", "principals")
            ),
        },
        note: note(length(&report.actors)),
        lead: vec![text(
            "A principal is what the log names: a session, a user, a role. Who sat behind it is \
             the question of the chains below.",
        )],
        blocks,
    }
}
