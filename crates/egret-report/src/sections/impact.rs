//! What it may mean: resources, signs of sensitive data, clocks.

use egret_model::report::Report;

use super::{few, limited, listed, note, open, paragraph};
use crate::document::{
    Block, Cell, Column, Group, Kind, Marker, Row, Section, Table, cell, strong, text, value,
};
use crate::references::References;
use crate::words::{amount, count, counted, exact_amount, kind, length, size};

/// Examples shown for one sign.
const EXAMPLES: usize = 3;

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let impact = &report.impact;
    let mut blocks = vec![Block::Heading("Affected resources".to_owned())];
    blocks.push(resources(report, references));
    blocks.push(Block::Heading("Signs of sensitive data".to_owned()));
    blocks.push(signs(report));
    blocks.push(Block::Heading("Clocks that may run".to_owned()));
    blocks.push(if impact.regulations.is_empty() {
        paragraph("No clock is named. Whether a duty applies is for counsel.")
    } else {
        listed(Marker::Point, &impact.regulations)
    });
    blocks.push(Block::Heading("To be weighed by the business".to_owned()));
    blocks.push(if impact.business.is_empty() {
        paragraph("Nothing is named.")
    } else {
        listed(Marker::Point, &impact.business)
    });
    let clocks = size(&impact.regulations);
    Section {
        id: "impact",
        group: Group::Judgement,
        label: "Impact",
        title: crate::words::capital(&format!(
            "{} affected; {} of sensitive data",
            counted(size(&impact.resources), "resource", "resources"),
            counted(size(&impact.sensitivity), "sign", "signs")
        )),
        note: if clocks > 0 {
            open(counted(clocks, "clock", "clocks"))
        } else {
            note(length(&impact.resources))
        },
        lead: vec![text(
            "A sign is a name that hints at what is inside; it is never proof, and its absence \
             proves nothing. Whether a duty to notify applies is for counsel.",
        )],
        blocks,
    }
}

fn resources<'a>(report: &'a Report, references: &mut References<'a>) -> Block {
    let (shown, cut) = limited(&report.impact.resources, "resources");
    if shown.is_empty() {
        return paragraph("No resource is listed, because no movement names one.");
    }
    let column = |head, kind| Column { head, kind };
    Block::Table(Table {
        caption: "Affected resources".to_owned(),
        columns: vec![
            column("Resource", Kind::Words),
            column("Objects", Kind::Number),
            column("Amount", Kind::Words),
            column("Movements", Kind::Words),
        ],
        names: 0,
        rows: shown
            .iter()
            .map(|one| Row {
                id: None,
                cells: vec![
                    Cell {
                        main: vec![value(one.resource.id.clone())],
                        details: {
                            let mut line = vec![text(kind(&one.resource.kind))];
                            if let Some(account) = &one.resource.account {
                                line.push(text(" of account "));
                                line.push(value(account.clone()));
                            }
                            vec![line]
                        },
                    },
                    cell(vec![text(one.objects.map_or_else(|| "not counted".to_owned(), count))]),
                    Cell {
                        main: vec![strong(amount(&one.bytes))],
                        details: vec![
                            vec![text(exact_amount(&one.bytes))],
                            vec![text(one.bytes.method.clone())],
                        ],
                    },
                    cell(references.movement_list(&one.movements)),
                ],
            })
            .collect(),
        cut,
    })
}

fn signs(report: &Report) -> Block {
    let (shown, cut) = limited(&report.impact.sensitivity, "signs");
    if shown.is_empty() {
        return paragraph(
            "No sign is recorded. Names are no proof of what is inside, so this is not a statement \
             that the data is harmless.",
        );
    }
    let column = |head, kind| Column { head, kind };
    Block::Table(Table {
        caption: "Signs of sensitive data".to_owned(),
        columns: vec![
            column("Sign", Kind::Words),
            column("Distinct objects", Kind::Number),
            column("Seen in", Kind::Words),
        ],
        names: 0,
        rows: shown
            .iter()
            .map(|sign| {
                let mut examples = few(&sign.examples, EXAMPLES);
                let first =
                    if examples.is_empty() { vec![text("–")] } else { examples.remove(0) };
                Row {
                    id: None,
                    cells: vec![
                        cell(vec![text(sign.sign.clone())]),
                        cell(vec![text(count(sign.objects))]),
                        Cell { main: first, details: examples },
                    ],
                }
            })
            .collect(),
        cut,
    })
}
