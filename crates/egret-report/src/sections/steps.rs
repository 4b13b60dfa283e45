//! The pattern's steps, each with its query as written and what became of it.

use egret_model::report::{Report, Step, StepDiagnostic, StepStatus};

use super::{limited, note, open, paragraph};
use crate::badges;
use crate::document::{
    Block, Entries, Entry, Group, Inline, List, Marker, Section, fact, quiet, text, value,
};
use crate::references::References;
use crate::words::{count, counted, length, size};

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let (shown, mut cut) = limited(&report.steps, "steps");
    let mut blocks = Vec::new();
    let mut rest = shown;
    // Steps of one phase follow one another; each run of them is a list of its own.
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|step| step.phase == first.phase).count();
        let (phase, later) = rest.split_at_checked(run).unwrap_or((rest, &[]));
        if !first.phase.is_empty() {
            blocks.push(Block::Heading(crate::document::shortened(first.phase.clone())));
        }
        blocks.push(Block::Entries(Entries {
            heads: ["Step", "Question", "State", "Rows"],
            entries: phase.iter().map(|step| entry(step, references)).collect(),
            cut: if later.is_empty() { cut.take() } else { None },
        }));
        rest = later;
    }
    if blocks.is_empty() {
        blocks.push(paragraph("The pattern has no steps."));
    }
    let of = |status| report.steps.iter().filter(|step| step.status == status).count();
    let parts: Vec<String> = [
        (of(StepStatus::Answered), "with rows"),
        (of(StepStatus::Empty), "with nothing found"),
        (of(StepStatus::NotCovered), "not determined"),
        (of(StepStatus::Manual), "for a person"),
        (of(StepStatus::Unbound), "lacking a value"),
        (of(StepStatus::Failed), "failed"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    let unsettled = report
        .steps
        .iter()
        .filter(|step| !matches!(step.status, StepStatus::Answered | StepStatus::Empty))
        .count();
    Section {
        id: "steps",
        group: Group::Working,
        label: "Pattern steps",
        title: if report.steps.is_empty() {
            "The pattern has no steps".to_owned()
        } else {
            format!(
                "{}: {}",
                crate::words::capital(&counted(size(&report.steps), "step", "steps")),
                crate::words::enumerated(&parts)
            )
        },
        note: if unsettled > 0 {
            open(format!("{unsettled} open"))
        } else {
            note(length(&report.steps))
        },
        lead: vec![text(
            "Each query stands as the pattern has it; where it was understood otherwise than \
             written, the reading says so by code. Open a step for its query.",
        )],
        blocks,
    }
}

fn entry<'a>(step: &'a Step, references: &mut References<'a>) -> Entry {
    let mut body = Vec::new();
    if let Some(query) = &step.query {
        body.push(Block::Heading("Query, as written".to_owned()));
        body.push(Block::Verbatim(query.clone()));
    }
    if let Some(bound) = &step.bound_query {
        body.push(Block::Heading("Query, as run".to_owned()));
        body.push(Block::Verbatim(bound.clone()));
    }
    let mut facts = Vec::new();
    if !step.detail.is_empty() {
        facts.push(fact("Outcome", vec![text(step.detail.clone())]));
    }
    if let Some(reading) = &step.reading {
        facts.push(fact("Reading", vec![text(reading.clone())]));
    }
    if !step.sample.is_empty() {
        let mut records = references.cite_some(&step.sample, step.sample.len());
        if let Some(rows) = step.rows
            && rows > size(&step.sample)
        {
            records.push(text(format!(" of {} rows", count(rows))));
        }
        facts.push(fact("First rows", records));
    }
    if !facts.is_empty() {
        body.push(Block::Facts(facts));
    }
    if !step.diagnostics.is_empty() {
        body.push(Block::Heading("Notes on the reading".to_owned()));
        body.push(Block::List(List {
            marker: Marker::Point,
            items: step
                .diagnostics
                .iter()
                .map(|diagnostic| {
                    let mut line = vec![
                        value(diagnostic.code.clone()),
                        text(" "),
                        badges::severity(&diagnostic.severity),
                        text(format!(": {}", diagnostic.message)),
                    ];
                    if let Some(place) = excerpt(step, diagnostic) {
                        line.push(text(" at "));
                        line.push(value(place));
                    }
                    if let Some(help) = &diagnostic.help {
                        line.push(quiet(format!(" ({help})")));
                    }
                    line
                })
                .collect(),
        }));
    }
    let mut title: Vec<Inline> = vec![text(step.title.clone())];
    for diagnostic in &step.diagnostics {
        title.push(text(" "));
        title.push(value(diagnostic.code.clone()));
    }
    Entry {
        id: Some(crate::references::anchor("step", &step.id)),
        number: step.id.clone(),
        title,
        state: vec![badges::step(step.status)],
        figure: vec![text(step.rows.map_or_else(|| "–".to_owned(), count))],
        open: false,
        body,
    }
}

/// The part of a step's query that a note is about, when it is not the whole of it.
fn excerpt(step: &Step, diagnostic: &StepDiagnostic) -> Option<String> {
    let query = step.query.as_deref()?;
    let at = |place: u64| usize::try_from(place).ok();
    let part = query.get(at(diagnostic.start)?..at(diagnostic.end)?)?;
    let part: String = part.split_whitespace().collect::<Vec<_>>().join(" ");
    (!part.is_empty() && part.len() < query.trim().len()).then_some(part)
}
