//! What became of the records of the evidence.

use egret_model::report::Report;

use super::{limited, lines, note, open};
use crate::document::{
    Block, Column, Group, Kind, List, Marker, Row, Section, Table, cell, strong, text, value,
};
use crate::references::References;
use crate::words::{count, counted};

pub(super) fn section<'a>(report: &'a Report, _: &mut References<'a>) -> Section {
    let ingest = &report.ingest;
    let accounted = ingest
        .stored
        .checked_add(ingest.duplicate)
        .and_then(|sum| sum.checked_add(ingest.quarantined))
        == Some(ingest.read);
    let mut blocks = vec![Block::Table(Table {
        caption: "Records of all evidence files".to_owned(),
        columns: ["Files", "Read", "Stored", "Duplicate", "Quarantined"]
            .map(|head| Column { head, kind: Kind::Number })
            .to_vec(),
        names: 0,
        rows: vec![Row {
            id: None,
            cells: [ingest.files, ingest.read, ingest.stored, ingest.duplicate, ingest.quarantined]
                .map(|number| cell(vec![strong(count(number))]))
                .to_vec(),
        }],
        cut: None,
    })];
    blocks.push(Block::Remark(vec![
        text(if accounted {
            "Read = stored + duplicate + quarantined: no record is unaccounted for. "
        } else {
            "Read is not stored + duplicate + quarantined: records are unaccounted for, and this \
             report should not be relied on until that is explained. "
        }),
        text("Path, size and SHA-256 of each file stand in "),
        value("evidence/manifest.jsonl"),
        text(", what could not be read, with the reason, in "),
        value("quarantine/"),
        text("."),
    ]));
    if !ingest.notes.is_empty() {
        let (shown, cut) = limited(&ingest.notes, "notes");
        blocks.push(Block::Heading("Files left out, or not read whole".to_owned()));
        blocks.push(Block::List(List { marker: Marker::Point, items: lines(shown) }));
        if let Some(cut) = cut {
            blocks.push(Block::Remark(vec![text(cut)]));
        }
    }
    Section {
        id: "ingest",
        group: Group::Record,
        label: "Evidence",
        title: if accounted {
            format!(
                "{} from {}, each accounted for",
                crate::words::capital(&counted(ingest.read, "record", "records")),
                counted(ingest.files, "file", "files")
            )
        } else {
            "The numbers of records do not add up".to_owned()
        },
        note: match (accounted, ingest.quarantined) {
            (false, _) => open("does not add up"),
            (true, 0) => note(counted(ingest.files, "file", "files")),
            (true, quarantined) => open(format!("{} quarantined", count(quarantined))),
        },
        lead: Vec::new(),
        blocks,
    }
}
