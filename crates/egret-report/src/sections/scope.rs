//! What was asked, of what, with which settings.

use egret_model::report::Report;

use super::{few, note, paragraph};
use crate::document::{
    Block, Cell, Column, Group, Inline, Kind, Row, Section, Table, cell, fact, quiet, text, value,
};
use crate::references::References;
use crate::words::length;

/// Values shown for one placeholder.
const VALUES: usize = 12;

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let case = &report.case;
    let mut blocks = vec![Block::Facts(vec![
        fact("Case", vec![value(case.id.clone()), text(" "), quiet(case.title.clone())]),
        fact(
            "Window",
            vec![
                Inline::Time(case.window.start),
                text(" up to, not including, "),
                Inline::Time(case.window.end),
                text("; "),
                text(case.window_reason.clone()),
            ],
        ),
        fact(
            "Reference time",
            vec![
                Inline::Time(case.reference_time),
                text("; what “now” means here, all ages count to it"),
            ],
        ),
        fact(
            "Pattern",
            vec![
                text(case.pattern.name.clone()),
                text(", SHA-256 "),
                value(case.pattern.sha256.clone()),
            ],
        ),
    ])];
    blocks.push(Block::Heading("Values of the pattern’s placeholders".to_owned()));
    if case.bindings.is_empty() {
        blocks.push(paragraph("No placeholder was given a value."));
    } else {
        let column = |head, kind| Column { head, kind };
        blocks.push(Block::Table(Table {
            caption: "Values of the pattern's placeholders".to_owned(),
            columns: vec![
                column("Placeholder", Kind::Short),
                column("Values, any of", Kind::Words),
                column("Where from", Kind::Words),
            ],
            names: 0,
            rows: case
                .bindings
                .iter()
                .map(|binding| {
                    let shown: Vec<_> = few(&binding.values, VALUES)
                        .into_iter()
                        .map(|line| match line.as_slice() {
                            [Inline::Value(empty)] if empty.is_empty() => vec![quiet("anything")],
                            _ => line,
                        })
                        .collect();
                    let mut values = Vec::new();
                    for (at, line) in shown.into_iter().enumerate() {
                        if at > 0 {
                            values.push(text(", "));
                        }
                        values.extend(line);
                    }
                    if values.is_empty() {
                        values.push(quiet("none"));
                    }
                    Row {
                        id: None,
                        cells: vec![
                            cell(vec![value(format!("<{}>", binding.name))]),
                            cell(values),
                            Cell { main: vec![text(binding.origin.clone())], details: Vec::new() },
                        ],
                    }
                })
                .collect(),
            cut: None,
        }));
    }
    Section {
        id: "scope",
        group: Group::Working,
        label: "Scope",
        title: "What was asked, of what, with which settings".to_owned(),
        note: note(length(&case.bindings)),
        lead: Vec::new(),
        blocks,
    }
}
