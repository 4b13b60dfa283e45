//! The records that carry every statement above.

use egret_model::limits::REPORT_RECORDS_MAX;
use egret_model::report::Report;

use super::{note, paragraph};
use crate::document::{Block, Group, Section, text, value};
use crate::references::References;
use crate::words::{count, counted, length, size};

pub(super) fn section<'a>(_: &'a Report, references: &mut References<'a>) -> Section {
    let records = references.records();
    let full = records.len() >= REPORT_RECORDS_MAX;
    let number = length(&records);
    let title = match records.len() {
        0 => "No record is cited".to_owned(),
        1 => "One record carries the statements above".to_owned(),
        _ => format!("{} carry the statements above", counted(size(&records), "record", "records")),
    };
    let mut blocks = Vec::new();
    if records.is_empty() {
        blocks.push(paragraph("No statement above cites a record."));
    } else {
        blocks.push(Block::Records(records));
    }
    if full {
        blocks.push(Block::Remark(vec![text(format!(
            "The list ends at {} records; citations beyond it name file and record in their own \
             place.",
            count(u64::try_from(REPORT_RECORDS_MAX).unwrap_or(u64::MAX))
        ))]));
    }
    Section {
        id: "records",
        group: Group::Record,
        label: "Cited records",
        title,
        note: note(number),
        lead: vec![
            text("File and record number, from 1, lead to the untouched original. "),
            value("egret query 'event.id:\"…\"'"),
            text(" prints an event."),
        ],
        blocks,
    }
}
