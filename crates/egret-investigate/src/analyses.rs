//! Steps that a pattern words without a query, and the analysis that answers them.
//!
//! A step is recognised by its words, so that another pattern's own wording is bound too. What is
//! not recognised stays with a person.

use egret_model::report::{Report, Step, StepStatus};

/// What an analysis has to say for a step.
type Answer = fn(&Report) -> (usize, String);

/// Words that must all be in the step's title, and the analysis that answers it. The first match
/// counts.
const ANALYSES: &[(&[&str], Answer)] = &[
    (&["destination", "transfer"], destinations),
    (&["timeline"], timeline),
    (&["iam principal"], actors),
    (&["role assumption"], chains),
    (&["original user session"], chains),
    (&["reconnaissance"], |report| phase(report, "reconnaissance")),
    (&["permission change"], |report| phase(report, "permission_change")),
    (&["cleanup"], |report| phase(report, "cleanup")),
    (&["start with the data access"], movements),
    (&["nature of affected resources"], resources),
];

/// Answers the steps of a report that an analysis answers.
pub fn bind(report: &mut Report) {
    let mut steps = std::mem::take(&mut report.steps);
    for step in &mut steps {
        answer(step, report);
    }
    report.steps = steps;
}

fn answer(step: &mut Step, report: &Report) {
    if step.status != StepStatus::Manual {
        return;
    }
    let title = step.title.to_lowercase();
    let found = ANALYSES.iter().find(|(words, _)| words.iter().all(|word| title.contains(word)));
    let Some((_, analysis)) = found else { return };
    let (rows, detail) = analysis(report);
    step.rows = u64::try_from(rows).ok();
    step.status = if rows > 0 { StepStatus::Answered } else { StepStatus::Empty };
    if rows == 0 && report.coverage.datasets.is_empty() {
        step.status = StepStatus::NotCovered;
    }
    step.detail = detail;
}

fn movements(report: &Report) -> (usize, String) {
    let rows = report.movements.len();
    (rows, format!("answered by the search through the channels: {rows} movements of data"))
}

fn destinations(report: &Report) -> (usize, String) {
    let rows = report.destinations.len();
    let outside =
        report.destinations.iter().filter(|total| total.destination.external == Some(true)).count();
    (rows, format!("answered by the destinations: {rows}, of which {outside} lie outside"))
}

fn timeline(report: &Report) -> (usize, String) {
    let rows = report.timeline.len();
    (rows, format!("answered by the access timeline: {rows} lines"))
}

fn actors(report: &Report) -> (usize, String) {
    let rows = report.actors.len();
    (rows, format!("answered by the actors: {rows} principals"))
}

fn chains(report: &Report) -> (usize, String) {
    let rows = report.chains.iter().map(|chain| chain.hops.len()).sum();
    let missing: usize = report.chains.iter().map(|chain| chain.missing.len()).sum();
    (
        rows,
        format!(
            "answered by {} identity chains: {rows} hops found, {missing} named as missing",
            report.chains.len()
        ),
    )
}

fn phase(report: &Report, phase: &str) -> (usize, String) {
    let rows = report.timeline.iter().filter(|entry| entry.phase == phase).count();
    (
        rows,
        format!(
            "answered by the access timeline: {rows} lines of the phase {}",
            phase.replace('_', " ")
        ),
    )
}

fn resources(report: &Report) -> (usize, String) {
    let rows = report.impact.resources.len();
    (
        rows,
        format!(
            "answered by the impact section: {rows} resources; tags and purpose are in no log and are \
             for a person"
        ),
    )
}
