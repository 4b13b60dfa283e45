//! Permissions that allowed it, and controls that could have stopped or shown it.

use egret_model::report::Report;

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{Block, Cell, Column, Group, Kind, Row, Section, Table, cell, text};
use crate::references::References;
use crate::words::{counted, size};

/// Records cited for one of them.
const CITED: usize = 6;

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let with = |status: &str| report.controls.iter().filter(|one| one.status == status).count();
    let weak = with("failed").saturating_add(with("weakened"));
    let (controls, cut_controls) = limited(&report.controls, "controls");
    let (permissions, cut_permissions) = limited(&report.permissions, "permissions");
    let column = |head, kind| Column { head, kind };
    let mut blocks = vec![Block::Heading("Permissions that mattered".to_owned())];
    blocks.push(if permissions.is_empty() {
        paragraph("None is recorded. That is not a statement that permissions were right.")
    } else {
        Block::Table(Table {
            caption: "Permissions that mattered".to_owned(),
            columns: vec![column("What it allowed", Kind::Words), column("Records", Kind::Words)],
            names: 0,
            rows: permissions
                .iter()
                .map(|one| Row {
                    id: None,
                    cells: vec![
                        cell(vec![text(one.text.clone())]),
                        cell(references.cite_some(&one.citations, CITED)),
                    ],
                })
                .collect(),
            cut: cut_permissions,
        })
    });
    blocks.push(Block::Heading("Controls".to_owned()));
    blocks.push(if controls.is_empty() {
        paragraph("None is recorded. That is not a statement that controls held.")
    } else {
        Block::Table(Table {
            caption: "Controls that could have stopped or shown it".to_owned(),
            columns: vec![
                column("Control", Kind::Words),
                column("State", Kind::Short),
                column("Records", Kind::Words),
            ],
            names: 0,
            rows: controls
                .iter()
                .map(|one| Row {
                    id: None,
                    cells: vec![
                        Cell {
                            main: vec![text(one.title.clone())],
                            details: vec![vec![text(one.detail.clone())]],
                        },
                        cell(vec![badges::state(&one.status)]),
                        cell(references.cite_some(&one.citations, CITED)),
                    ],
                })
                .collect(),
            cut: cut_controls,
        })
    });
    Section {
        id: "controls",
        group: Group::Judgement,
        label: "Controls",
        title: if report.controls.is_empty() {
            "No control is recorded".to_owned()
        } else {
            format!(
                "{} looked at: {} held, {weak} failed or weakened",
                crate::words::capital(&counted(size(&report.controls), "control", "controls")),
                with("held")
            )
        },
        note: if weak > 0 { open(format!("{weak} weak")) } else { note("") },
        lead: Vec::new(),
        blocks,
    }
}
