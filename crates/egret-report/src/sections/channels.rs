//! Ways out that were searched: what was found, what was not, and what cannot be told.

use egret_model::report::{ChannelResult, Report};

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{Block, Cell, Column, Group, Kind, Row, Section, Table, cell, quiet, text};
use crate::references::References;
use crate::words::{count, counted, size};

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let of = |status: &str| -> Vec<&ChannelResult> {
        report.channels.iter().filter(|one| one.status == status).collect()
    };
    let (found, nothing, blind, failed) =
        (of("found"), of("nothing_found"), of("not_covered"), of("failed"));
    let known = ["found", "nothing_found", "not_covered", "failed"];
    let other: Vec<&ChannelResult> =
        report.channels.iter().filter(|one| !known.contains(&one.status.as_str())).collect();
    let mut blocks = Vec::new();
    for (title, none, rows) in [
        ("Found; see Movements", "", &found),
        (
            "Nothing found, and the logs would have shown it",
            "Of no way out can that be said.",
            &nothing,
        ),
        (
            "Cannot be determined: no log at hand would show it",
            "Every way out searched has a log that would show it.",
            &blind,
        ),
        ("The search failed", "", &failed),
        ("Other", "", &other),
    ] {
        if !rows.is_empty() {
            blocks.push(Block::Heading(title.to_owned()));
            blocks.push(table(title, rows));
        } else if !none.is_empty() && !report.channels.is_empty() {
            blocks.push(Block::Heading(title.to_owned()));
            blocks.push(paragraph(none));
        }
    }
    if report.channels.is_empty() {
        blocks.push(paragraph("No way out was searched, so nothing is said to be absent."));
    }
    let unsettled = blind.len().saturating_add(failed.len());
    Section {
        id: "channels",
        group: Group::Working,
        label: "Ways out",
        title: if report.channels.is_empty() {
            "No way out was searched".to_owned()
        } else {
            format!(
                "{} searched: {} with nothing found, {unsettled} not determined, {} found",
                crate::words::capital(&counted(size(&report.channels), "way out", "ways out")),
                nothing.len(),
                found.len()
            )
        },
        note: if unsettled > 0 {
            open(format!("{unsettled} not determined"))
        } else {
            note(count(size(&nothing)))
        },
        lead: vec![text(
            "“Nothing found” is said only where a log at hand would have shown it. Where none \
             would, the answer is “cannot be determined”.",
        )],
        blocks,
    }
}

fn table(title: &str, rows: &[&ChannelResult]) -> Block {
    let (shown, cut) = limited(rows, "ways out");
    Block::Table(Table {
        caption: title.to_owned(),
        columns: vec![
            Column { head: "Way out", kind: Kind::Words },
            Column { head: "State", kind: Kind::Short },
            Column { head: "Events", kind: Kind::Number },
            Column { head: "What that rests on", kind: Kind::Words },
        ],
        names: 0,
        rows: shown
            .iter()
            .map(|channel| Row {
                id: None,
                cells: vec![
                    Cell {
                        main: vec![text(channel.title.clone())],
                        details: vec![vec![quiet(channel.id.clone())]],
                    },
                    cell(vec![badges::state(&channel.status)]),
                    cell(vec![text(count(channel.events))]),
                    cell(vec![text(channel.detail.clone())]),
                ],
            })
            .collect(),
        cut,
    })
}
