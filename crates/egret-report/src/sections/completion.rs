//! What the pattern requires before the case may close.

use egret_model::report::{CompletionItem, Report};

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{Block, Cell, Column, Group, Kind, Row, Section, Table, cell, text};
use crate::references::References;

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let completion = &report.completion;
    let all = completion.findings.len().saturating_add(completion.documents.len());
    let unmet = completion
        .findings
        .iter()
        .chain(&completion.documents)
        .filter(|item| item.status != "met")
        .count();
    let mut blocks = Vec::new();
    for (title, items) in
        [("Required findings", &completion.findings), ("Required documents", &completion.documents)]
    {
        blocks.push(Block::Heading(title.to_owned()));
        blocks.push(table(title, items));
    }
    Section {
        id: "completion",
        group: Group::Working,
        label: "Completion",
        title: match (completion.closable, all, unmet) {
            (_, 0, _) => "The pattern names no completion criteria".to_owned(),
            (true, _, _) => "Nothing required is open; the case may close".to_owned(),
            (false, all, unmet) => {
                format!(
                    "{} of {all} required items are met; the case cannot close yet",
                    all.saturating_sub(unmet)
                )
            }
        },
        note: match (all, unmet) {
            (0, _) => note(""),
            (_, 0) => note("met"),
            (_, unmet) => open(format!("{unmet} open")),
        },
        lead: Vec::new(),
        blocks,
    }
}

fn table(title: &str, items: &[CompletionItem]) -> Block {
    let (shown, cut) = limited(items, "required items");
    if shown.is_empty() {
        return paragraph("None is required.");
    }
    Block::Table(Table {
        caption: title.to_owned(),
        columns: vec![
            Column { head: "Required", kind: Kind::Words },
            Column { head: "State", kind: Kind::Short },
            Column { head: "Why", kind: Kind::Words },
        ],
        names: 0,
        rows: shown
            .iter()
            .map(|item| Row {
                id: None,
                cells: vec![
                    Cell { main: vec![text(item.title.clone())], details: Vec::new() },
                    cell(vec![badges::state(&item.status)]),
                    cell(vec![text(item.detail.clone())]),
                ],
            })
            .collect(),
        cut,
    })
}
