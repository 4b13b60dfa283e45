//! Conclusions with the records behind them.

use egret_model::report::Report;

use super::{limited, note, paragraph};
use crate::badges;
use crate::document::{Block, Cell, Column, Group, Kind, Row, Section, Table, cell, strong, text};
use crate::references::{References, anchor};
use crate::words::{counted, length, size};

/// Records cited for one finding.
const CITED: usize = 6;

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let (shown, cut) = limited(&report.findings, "findings");
    let column = |head, kind| Column { head, kind };
    let blocks = if shown.is_empty() {
        vec![paragraph("No finding is recorded.")]
    } else {
        vec![Block::Table(Table {
            caption: "Findings".to_owned(),
            columns: vec![
                column("No.", Kind::Short),
                column("Finding", Kind::Words),
                column("Confidence", Kind::Short),
                column("Records", Kind::Words),
            ],
            names: 1,
            rows: shown
                .iter()
                .map(|finding| Row {
                    id: Some(anchor("finding", &finding.id)),
                    cells: vec![
                        cell(vec![text(finding.id.clone())]),
                        Cell {
                            main: vec![strong(finding.title.clone())],
                            details: vec![vec![text(finding.text.clone())]],
                        },
                        cell(vec![badges::confidence(finding.confidence)]),
                        cell(references.cite_some(&finding.citations, CITED)),
                    ],
                })
                .collect(),
            cut,
        })]
    };
    Section {
        id: "findings",
        group: Group::Findings,
        label: "Findings",
        title: crate::words::capital(&format!(
            "{}, each with the records behind it",
            counted(size(&report.findings), "finding", "findings")
        )),
        note: note(length(&report.findings)),
        lead: vec![text("What the reasons of the verdict refer to.")],
        blocks,
    }
}
