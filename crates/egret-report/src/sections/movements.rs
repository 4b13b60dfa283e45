//! Data that left, or ways opened for it.

use egret_model::limits::REPORT_ROWS_MAX;
use egret_model::report::{Movement, Report};

use super::{cut, note, open};
use crate::badges;
use crate::document::{
    Block, Cell, Column, Entries, Entry, Group, Inline, Kind, Line, List, Marker, Row, Section,
    Table, cell, fact, quiet, strong, text, value,
};
use crate::references::{References, anchor};
use crate::words::{count, counted, kind, length, moved, span};

/// Records cited in the table; the entry below holds the rest.
const CITED: usize = 3;

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let movements = references.movements();
    let outside = report.movements.iter().filter(|one| badges::is_outside(one)).count();
    let mut blocks = Vec::new();
    if movements.is_empty() {
        blocks.push(Block::Paragraph(vec![text(
            "No movement is listed. Whether the logs would have shown one stands, way out by way \
             out, under ",
        ), Inline::Link { to: "channels".to_owned(), text: "what was searched".to_owned() }, text(".")]));
    } else {
        let shortened = (report.movements.len() > movements.len()).then(|| {
            format!(
                "{} Those the verdict rests on and the gravest are kept.",
                cut(report.movements.len(), "movements")
            )
        });
        blocks.push(Block::Table(overview(&movements, references, shortened.clone())));
        blocks.push(Block::Heading("Each movement in full".to_owned()));
        blocks.push(Block::Entries(Entries {
            heads: ["No.", "What happened", "Grade", "Records"],
            entries: movements.iter().map(|one| entry(one, references)).collect(),
            cut: None,
        }));
    }
    Section {
        id: "movements",
        group: Group::Findings,
        label: "Movements",
        title: super::glance::title(report),
        note: if outside > 0 {
            open(length(&report.movements))
        } else {
            note(length(&report.movements))
        },
        lead: vec![text(
            "Grades rise from enabled (a door was opened) and attempted (tried, and denied or \
             failed) to performed (data was read or copied) and received (the other side is known \
             to have it). First what the verdict rests on, then the gravest; numbers run in order \
             of time, which is UTC.",
        )],
        blocks,
    }
}

fn overview<'a>(
    movements: &[&'a Movement],
    references: &mut References<'a>,
    cut: Option<String>,
) -> Table {
    let column = |head, kind| Column { head, kind };
    Table {
        caption: "Movements of data, first what the verdict rests on".to_owned(),
        columns: vec![
            column("No.", Kind::Short),
            column("Grade", Kind::Short),
            column("What moved", Kind::Words),
            column("Destination", Kind::Words),
            column("Amount", Kind::Words),
            column("Authorised", Kind::Words),
            column("First to last", Kind::Time),
        ],
        names: 2,
        rows: movements.iter().map(|movement| row(movement, references)).collect(),
        cut,
    }
}

fn row<'a>(movement: &'a Movement, references: &mut References<'a>) -> Row {
    let mut when = vec![vec![Inline::Time(movement.last)]];
    when.push(vec![quiet(span(movement.first, movement.last))]);
    if movement.last == movement.first {
        when.clear();
    }
    if let Some(closed) = movement.closed_at {
        when.push(vec![text("closed "), Inline::Time(closed)]);
    }
    when.push(references.cite_some(
        movement.events.get(..movement.events.len().min(CITED)).unwrap_or_default(),
        CITED,
    ));
    let (amount, exactly) = moved(movement.grade, &movement.bytes);
    let mut amount_lines = vec![vec![text(exactly)]];
    if let Some(objects) = movement.objects {
        amount_lines.push(vec![text(counted(objects, "object", "objects"))]);
    }
    let mut resource = vec![vec![
        text(format!("{} ", kind(&movement.resource.kind))),
        value(movement.resource.id.clone()),
    ]];
    if let Some(account) = &movement.resource.account {
        resource.push(vec![text("of account "), value(account.clone())]);
    }
    Row {
        id: Some(anchor("movement", &movement.id)),
        cells: vec![
            cell(vec![Inline::Link {
                to: anchor("entry", &movement.id),
                text: movement.id.clone(),
            }]),
            cell(vec![badges::movement(movement)]),
            Cell { main: vec![strong(movement.title.clone())], details: resource },
            Cell {
                main: vec![value(movement.destination.id.clone())],
                details: destination_details(&movement.destination),
            },
            Cell { main: vec![strong(amount)], details: amount_lines },
            Cell {
                main: vec![badges::authorised(movement.destination.authorised)],
                details: vec![vec![text(movement.destination.reason.clone())]],
            },
            Cell { main: vec![Inline::Time(movement.first)], details: when },
        ],
    }
}

/// What kind of place, and whose.
pub(super) fn destination_details(destination: &egret_model::report::Destination) -> Vec<Line> {
    let mut details = vec![vec![text(format!(
        "{}, {}",
        kind(&destination.kind),
        match destination.external {
            Some(true) => "outside",
            Some(false) => "inside",
            None => "not known whether outside",
        }
    ))]];
    if let Some(account) = &destination.account
        && *account != destination.id
    {
        details.push(vec![text("of account "), value(account.clone())]);
    }
    details
}

fn entry<'a>(movement: &'a Movement, references: &mut References<'a>) -> Entry {
    let actor = &movement.actor;
    let mut who: Line = Vec::new();
    for (name, part) in [
        ("", &actor.principal),
        (" as ", &actor.user),
        (" with key ", &actor.access_key_id),
        (" from ", &actor.source_ip),
    ] {
        if let Some(part) = part {
            who.push(text(if who.is_empty() { name.trim_start() } else { name }));
            who.push(value(part.clone()));
        }
    }
    if who.is_empty() {
        who.push(text("not in the log"));
    }
    let mut facts = vec![
        fact(
            "Grade",
            vec![badges::movement(movement), text(format!(": {}", movement.grade_reason))],
        ),
        fact("By", who),
        fact(
            "Amount",
            vec![
                text(moved(movement.grade, &movement.bytes).1),
                text("; measured as: "),
                text(movement.bytes.method.clone()),
            ],
        ),
        fact("Channel", vec![value(movement.channel.clone())]),
    ];
    if !movement.attack.is_empty() {
        facts.push(fact("ATT&CK", vec![text(movement.attack.join(", "))]));
    }
    let shown = u64::try_from(movement.events.len()).unwrap_or(u64::MAX);
    let mut records = references.cite_some(&movement.events, movement.events.len());
    if records.is_empty() {
        records.push(text("none is cited"));
    }
    if movement.event_count > shown {
        records.push(text(format!(
            " of {} records; the query below lists all",
            count(movement.event_count)
        )));
    }
    facts.push(fact("Records", records));
    let mut body = vec![Block::Facts(facts)];
    if !movement.signs.is_empty() {
        body.push(Block::Heading("What stands out".to_owned()));
        body.push(Block::List(List {
            marker: Marker::Point,
            items: super::lines(
                movement.signs.get(..movement.signs.len().min(REPORT_ROWS_MAX)).unwrap_or_default(),
            ),
        }));
    }
    body.push(Block::Heading(format!(
        "Query that lists {}",
        match movement.event_count {
            1 => "the record".to_owned(),
            many => format!("all {} records", count(many)),
        }
    )));
    body.push(Block::Verbatim(movement.query.clone()));
    Entry {
        id: Some(anchor("entry", &movement.id)),
        number: movement.id.clone(),
        title: vec![text(movement.title.clone())],
        state: vec![badges::movement(movement)],
        figure: vec![text(count(movement.event_count))],
        open: false,
        body,
    }
}
