//! Data that left, or ways opened for it.

use egret_model::report::{Authorised, Grade, Movement, Report};

use super::{heading, limited};
use crate::document::{Block, Chart, ChartRow, Inline, Mark, Tone, text, value};
use crate::words::{authorised, grade, record, thousands, volume};

/// Rows of the overview; more are in the list below it.
const CHART_ROWS: usize = 24;

/// Red is for data that is outside and not authorised to be.
fn tone(movement: &Movement) -> Tone {
    if movement.grade == Grade::Received && movement.destination.authorised != Authorised::Yes {
        Tone::Out
    } else {
        Tone::Plain
    }
}

pub(super) fn overview(report: &Report) -> Vec<Block> {
    let window = report.case.window;
    let mut start = window.start.as_second();
    let mut end = window.end.as_second();
    for row in &report.coverage.datasets {
        start = start.min(row.first.as_second());
        end = end.max(row.last.as_second());
    }
    if end <= start || report.coverage.datasets.is_empty() {
        return Vec::new();
    }
    let mut rows: Vec<ChartRow> = Vec::new();
    for movement in report.movements.iter().take(CHART_ROWS) {
        let mark = match movement.grade {
            Grade::Enabled => Mark::Open,
            Grade::Attempted => Mark::Failed,
            Grade::Performed | Grade::Received => Mark::Moved,
        };
        let last = movement.closed_at.unwrap_or(if movement.grade == Grade::Enabled {
            window.end
        } else {
            movement.last
        });
        rows.push(ChartRow {
            label: format!("{} {}", movement.id, movement.grade.as_str()),
            marks: vec![(movement.first.as_second(), last.as_second(), mark)],
        });
    }
    let mut datasets: std::collections::BTreeMap<&str, Vec<(i64, i64, Mark)>> =
        std::collections::BTreeMap::new();
    for row in &report.coverage.datasets {
        let marks = datasets.entry(&row.dataset).or_default();
        marks.push((row.first.as_second(), row.last.as_second(), Mark::Covered));
        marks.extend(
            row.gaps.iter().map(|gap| (gap.start.as_second(), gap.end.as_second(), Mark::Gap)),
        );
    }
    rows.extend(
        datasets.into_iter().map(|(name, marks)| ChartRow { label: name.to_owned(), marks }),
    );
    let shown = report.movements.len().min(CHART_ROWS);
    vec![Block::Chart(Chart {
        title: format!(
            "When data moved, and which logs cover it: {} of {} movements",
            shown,
            report.movements.len()
        ),
        subtitle: format!(
            "time in UTC, {} to {}; bars are what was seen, dashed a door that stood open, hatched no log",
            jiff::Timestamp::from_second(start).unwrap_or(window.start),
            jiff::Timestamp::from_second(end).unwrap_or(window.end)
        ),
        span: (start, end),
        rows,
    })]
}

pub(super) fn movements(report: &Report) -> Vec<Block> {
    let mut blocks = vec![heading(
        2,
        "movements",
        "Movements of data",
        Some(thousands(u64::try_from(report.movements.len()).unwrap_or(u64::MAX))),
    )];
    if report.movements.is_empty() {
        blocks.push(Block::Paragraph(vec![text(
            "No movement is listed. Under “Checked” stands, channel by channel, whether the logs \
             would have shown one.",
        )]));
        return blocks;
    }
    let (shown, more) = limited(&report.movements);
    for movement in shown {
        blocks.push(Block::Heading {
            level: 3,
            id: movement.id.clone(),
            text: format!("{}: {}", movement.id, movement.title),
            note: None,
        });
        blocks.push(Block::Facts(facts(movement)));
        blocks.push(Block::Query {
            summary: vec![text(format!(
                "{} records; the query that lists them all",
                thousands(movement.event_count)
            ))],
            text: movement.query.clone(),
            notes: movement.events.iter().map(record).collect(),
        });
    }
    blocks.extend(more);
    blocks
}

fn facts(movement: &Movement) -> Vec<(String, Vec<Inline>)> {
    let mut facts = vec![
        (
            "Grade".to_owned(),
            vec![
                grade(movement.grade, tone(movement)),
                text(format!(" {}", movement.grade_reason)),
            ],
        ),
        (
            "From".to_owned(),
            vec![
                text(format!("{} ", movement.resource.kind.replace('_', " "))),
                value(movement.resource.id.clone()),
                text(
                    movement
                        .resource
                        .account
                        .as_ref()
                        .map(|account| format!(" of account {account}"))
                        .unwrap_or_default(),
                ),
            ],
        ),
        (
            "To".to_owned(),
            vec![
                text(format!("{} ", movement.destination.kind.replace('_', " "))),
                value(movement.destination.id.clone()),
                text(" "),
                authorised(movement.destination.authorised),
                text(format!(" {}", movement.destination.reason)),
            ],
        ),
    ];
    let actor = &movement.actor;
    let mut who = Vec::new();
    for (name, part) in [
        ("", &actor.principal),
        (" as ", &actor.user),
        (" with key ", &actor.access_key_id),
        (" from ", &actor.source_ip),
    ] {
        if let Some(part) = part {
            who.push(text(name));
            who.push(value(part.clone()));
        }
    }
    if who.is_empty() {
        who.push(text("not in the log"));
    }
    facts.push(("By".to_owned(), who));
    let mut when = vec![value(movement.first.to_string())];
    if movement.last != movement.first {
        when.push(text(" to "));
        when.push(value(movement.last.to_string()));
    }
    if let Some(closed) = movement.closed_at {
        when.push(text("; closed again "));
        when.push(value(closed.to_string()));
    }
    facts.push(("When".to_owned(), when));
    let mut how_much =
        vec![text(volume(&movement.bytes)), text(format!("; {}", movement.bytes.method))];
    if let Some(objects) = movement.objects {
        how_much.insert(0, text(format!("{} objects, ", thousands(objects))));
    }
    facts.push(("How much".to_owned(), how_much));
    if !movement.signs.is_empty() {
        facts.push(("Signs".to_owned(), vec![text(movement.signs.join("; "))]));
    }
    if !movement.attack.is_empty() {
        facts.push(("ATT&CK".to_owned(), vec![text(movement.attack.join(", "))]));
    }
    facts
}

pub(super) fn destinations(report: &Report) -> Vec<Block> {
    if report.destinations.is_empty() {
        return Vec::new();
    }
    let (shown, more) = limited(&report.destinations);
    let rows = shown
        .iter()
        .map(|total| {
            let to = &total.destination;
            vec![
                vec![text(format!("{} ", to.kind.replace('_', " "))), value(to.id.clone())],
                vec![authorised(to.authorised), text(format!(" {}", to.reason))],
                vec![grade(total.grade, Tone::Plain)],
                vec![text(volume(&total.bytes))],
                vec![value(total.first.to_string()), text(" to "), value(total.last.to_string())],
                total
                    .movements
                    .iter()
                    .take(10)
                    .flat_map(|id| [Inline::Link { to: id.clone(), text: id.clone() }, text(" ")])
                    .chain((total.movements.len() > 10).then(|| {
                        text(format!("and {} more", total.movements.len().saturating_sub(10)))
                    }))
                    .collect(),
            ]
        })
        .collect();
    let mut blocks = vec![
        heading(2, "destinations", "Where to", Some(report.destinations.len().to_string())),
        Block::Table {
            caption: "Destinations over all movements; the same bytes leaving twice are not added"
                .to_owned(),
            heads: [
                "Destination",
                "May data be there",
                "Highest grade",
                "Amount",
                "When (UTC)",
                "Movements",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows,
        },
    ];
    blocks.extend(more);
    blocks
}
