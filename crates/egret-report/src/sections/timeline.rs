//! What happened, in order.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use egret_model::limits::REPORT_ROWS_MAX;
use egret_model::report::{Movement, Report, TimelineEntry};
use jiff::Timestamp;

use super::{note, overview, paragraph};
use crate::document::{Block, Group, Moment, Section, text};
use crate::references::{References, deciding};
use crate::words::{count, counted, length, plain, size};

/// Lines shown at once; the rest is folded away.
const AT_ONCE: usize = 60;

/// A change of permission this close to what decides the verdict is part of the story.
const NEAR_SECONDS: i64 = 86_400;

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let mut blocks = Vec::new();
    blocks.extend(overview::chart(report, references).map(Block::Chart));
    if report.timeline.is_empty() {
        blocks.push(paragraph("No line is recorded, because no movement is."));
    } else {
        let ranked = ranked(report);
        let first =
            |most: usize| -> BTreeSet<usize> { ranked.iter().take(most).copied().collect() };
        blocks.push(Block::Heading("Line by line".to_owned()));
        blocks.push(Block::Timeline(moments(report, &first(AT_ONCE), references)));
        if ranked.len() > AT_ONCE {
            blocks.push(Block::Remark(vec![text(format!(
                "{AT_ONCE} of {} lines: transfers, traces removed, detection and response first, \
                 then what lies nearest in time to the movements behind the verdict.",
                length(&report.timeline)
            ))]));
            let kept = first(REPORT_ROWS_MAX);
            let number = u64::try_from(kept.len()).unwrap_or(u64::MAX);
            let mut full = vec![Block::Timeline(moments(report, &kept, references))];
            let summary = if kept.len() < report.timeline.len() {
                full.push(Block::Remark(vec![text(format!(
                    "{} of {} lines are shown, chosen as above; report.json holds all of them.",
                    count(number),
                    length(&report.timeline)
                ))]));
                format!("{} of {} lines", count(number), length(&report.timeline))
            } else {
                format!("All {} lines", count(number))
            };
            blocks.push(Block::InFull { summary, blocks: full });
        }
    }
    let events = report.timeline.iter().fold(0u64, |sum, entry| sum.saturating_add(entry.count));
    Section {
        id: "timeline",
        group: Group::Findings,
        label: "Timeline",
        title: if report.timeline.is_empty() {
            "There is no story to put in order".to_owned()
        } else {
            format!(
                "{} in {}",
                crate::words::capital(&counted(events, "event", "events")),
                counted(size(&report.timeline), "line", "lines")
            )
        },
        note: note(length(&report.timeline)),
        lead: vec![text(
            "UTC. Like events that follow one another are one line with their number and the last \
             of them. Confidence is in that the event belongs to the incident, not in that it \
             happened.",
        )],
        blocks,
    }
}

/// Positions of the lines, the most telling first. A long timeline is thinned, not cut at its
/// end: the end is where the data leaves.
fn ranked(report: &Report) -> Vec<usize> {
    let deciding = deciding(report);
    let mut ranked: Vec<_> = report
        .timeline
        .iter()
        .enumerate()
        .map(|(at, entry)| {
            let distance = distance(entry, &deciding);
            let telling = entry.tag != "INCIDENT"
                || matches!(entry.phase.as_str(), "transfer" | "cleanup")
                || (entry.phase == "permission_change" && distance <= NEAR_SECONDS);
            (Reverse(telling), distance, at)
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, _, at)| at).collect()
}

/// Seconds between a line and the nearest of the movements.
fn distance(entry: &TimelineEntry, movements: &[&Movement]) -> i64 {
    let between = |earlier: Timestamp, later: Timestamp| {
        later.as_second().saturating_sub(earlier.as_second()).max(0)
    };
    movements
        .iter()
        .map(|movement| {
            between(entry.until, movement.first).max(between(movement.last, entry.time))
        })
        .min()
        .unwrap_or(i64::MAX)
}

fn moments<'a>(
    report: &'a Report,
    kept: &BTreeSet<usize>,
    references: &mut References<'a>,
) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut omitted = 0u64;
    for (at, entry) in report.timeline.iter().enumerate() {
        if !kept.contains(&at) {
            omitted = omitted.saturating_add(1);
            continue;
        }
        if omitted > 0 {
            moments.push(Moment::Omitted { lines: omitted });
            omitted = 0;
        }
        let record = if entry.citation.file.is_empty() {
            references.cite_event(&entry.event_id)
        } else {
            references.cite(&entry.citation)
        };
        moments.push(Moment::Event {
            time: entry.time,
            until: (entry.until != entry.time).then_some(entry.until),
            count: entry.count,
            tag: entry.tag.clone(),
            phase: plain(&entry.phase),
            text: vec![text(entry.text.clone())],
            source: format!("{} confidence, {}", entry.confidence.as_str(), entry.source),
            record,
        });
    }
    if omitted > 0 {
        moments.push(Moment::Omitted { lines: omitted });
    }
    moments
}
