//! What a page may link to: cited records by number, movements and findings by anchor.
//!
//! Numbers are given in order of first citation, so the page counts up from its top. A link is
//! made only towards something that the page shows.

use std::collections::{BTreeMap, BTreeSet};

use egret_model::limits::{REPORT_RECORDS_MAX, REPORT_ROWS_MAX};
use egret_model::report::{Authorised, Citation, Finding, Movement, Report};

use crate::badges;
use crate::document::{Inline, Line, Record, text, value};

/// The references of one report while its sections are written.
#[derive(Debug)]
pub(crate) struct References<'a> {
    /// Where each event id that is cited anywhere lies.
    places: BTreeMap<&'a str, &'a Citation>,
    /// Numbers given so far.
    numbers: BTreeMap<&'a Citation, usize>,
    records: Vec<Record>,
    /// Movements in the order the page shows them.
    movements: Vec<&'a Movement>,
    movement_ids: BTreeSet<&'a str>,
    finding_ids: BTreeSet<&'a str>,
    findings: &'a [Finding],
}

impl<'a> References<'a> {
    pub(crate) fn of(report: &'a Report) -> Self {
        let mut places = BTreeMap::new();
        let cited = report
            .timeline
            .iter()
            .map(|entry| &entry.citation)
            .chain(report.movements.iter().flat_map(|movement| &movement.events))
            .chain(report.findings.iter().flat_map(|finding| &finding.citations))
            .chain(report.permissions.iter().flat_map(|note| &note.citations))
            .chain(report.controls.iter().flat_map(|note| &note.citations))
            .chain(report.steps.iter().flat_map(|step| &step.sample));
        for citation in cited {
            if !citation.id.is_empty() && !citation.file.is_empty() {
                places.entry(citation.id.as_str()).or_insert(citation);
            }
        }
        let deciding: BTreeSet<&str> =
            deciding(report).into_iter().map(|movement| movement.id.as_str()).collect();
        let mut movements: Vec<&Movement> = report.movements.iter().collect();
        // The sort keeps the order of time among equals.
        movements.sort_by_key(|movement| {
            (
                !deciding.contains(movement.id.as_str()),
                !badges::is_outside(movement),
                movement.destination.authorised == Authorised::Yes,
                std::cmp::Reverse(movement.grade),
            )
        });
        movements.truncate(REPORT_ROWS_MAX);
        Self {
            places,
            numbers: BTreeMap::new(),
            records: Vec::new(),
            movement_ids: movements.iter().map(|movement| movement.id.as_str()).collect(),
            movements,
            finding_ids: report
                .findings
                .iter()
                .take(REPORT_ROWS_MAX)
                .map(|finding| finding.id.as_str())
                .collect(),
            findings: &report.findings,
        }
    }

    /// Movements that the page shows, in its order.
    pub(crate) fn movements(&self) -> Vec<&'a Movement> {
        self.movements.clone()
    }

    /// A cited record: its number, or, when the list is full, its place.
    pub(crate) fn cite(&mut self, citation: &'a Citation) -> Line {
        if citation.file.is_empty() {
            return self.cite_event(&citation.id);
        }
        if let Some(number) = self.numbers.get(citation) {
            return vec![Inline::Cite(*number)];
        }
        if self.records.len() >= REPORT_RECORDS_MAX {
            return vec![
                value(citation.file.clone()),
                text(format!(" record {}", citation.record)),
            ];
        }
        let number = self.records.len().saturating_add(1);
        self.numbers.insert(citation, number);
        self.records.push(Record {
            number,
            event_id: citation.id.clone(),
            file: citation.file.clone(),
            record: citation.record,
        });
        vec![Inline::Cite(number)]
    }

    /// A record known by its event id alone: its number where its place is known.
    pub(crate) fn cite_event(&mut self, event_id: &str) -> Line {
        if event_id.is_empty() {
            return Vec::new();
        }
        match self.places.get(event_id).copied() {
            Some(citation) => self.cite(citation),
            None => vec![text("event "), value(event_id)],
        }
    }

    /// Several cited records, up to a number of them.
    pub(crate) fn cite_some(&mut self, citations: &'a [Citation], most: usize) -> Line {
        let mut line = Vec::new();
        for citation in citations.iter().take(most) {
            if !line.is_empty() {
                line.push(text(" "));
            }
            line.extend(self.cite(citation));
        }
        let more = citations.len().saturating_sub(most);
        if more > 0 {
            line.push(Inline::Quiet(format!(" and {more} more in report.json")));
        }
        line
    }

    /// A movement by its id, linked where the page shows it.
    pub(crate) fn movement(&self, id: &str) -> Inline {
        if self.movement_ids.contains(id) {
            Inline::Link { to: anchor("movement", id), text: id.to_owned() }
        } else {
            value(id)
        }
    }

    /// Several movements by their ids.
    pub(crate) fn movement_list(&self, ids: &[String]) -> Line {
        const MOST: usize = 12;
        let mut line = Vec::new();
        for id in ids.iter().take(MOST) {
            if !line.is_empty() {
                line.push(text(" "));
            }
            line.push(self.movement(id));
        }
        if ids.len() > MOST {
            line.push(Inline::Quiet(format!(" and {} more", ids.len().saturating_sub(MOST))));
        }
        line
    }

    /// A finding by its id, linked where the page shows it.
    pub(crate) fn finding(&self, id: &str) -> Inline {
        if self.finding_ids.contains(id) {
            Inline::Link { to: anchor("finding", id), text: id.to_owned() }
        } else {
            value(id)
        }
    }

    /// Records behind a finding.
    pub(crate) fn records_of(&self, finding: &str) -> &'a [Citation] {
        self.findings
            .iter()
            .find(|one| one.id == finding)
            .map_or(&[], |one| one.citations.as_slice())
    }

    /// The records cited so far, by number.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.records.clone()
    }
}

/// The movements that the reasons of the verdict rest on; all of them when that cannot be told.
///
/// A reason names findings, and a finding and a movement belong together when they cite a record
/// in common.
pub(crate) fn deciding(report: &Report) -> Vec<&Movement> {
    let named: BTreeSet<&str> = report
        .verdict
        .reasons
        .iter()
        .flat_map(|reason| &reason.findings)
        .map(String::as_str)
        .collect();
    let cited: BTreeSet<&Citation> = report
        .findings
        .iter()
        .filter(|finding| named.contains(finding.id.as_str()))
        .flat_map(|finding| &finding.citations)
        .collect();
    let deciding: Vec<&Movement> = report
        .movements
        .iter()
        .filter(|movement| movement.events.iter().any(|event| cited.contains(event)))
        .collect();
    if deciding.is_empty() { report.movements.iter().collect() } else { deciding }
}

/// An anchor for an id from the record. Different ids have different anchors, whatever they hold.
pub(crate) fn anchor(prefix: &str, id: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let parts: String =
        id.chars()
            .map(|letter| {
                if plain(letter) {
                    letter.to_string()
                } else {
                    format!(".{:x}.", u32::from(letter))
                }
            })
            .collect();
    format!("{prefix}-{parts}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_differ_and_hold_nothing_odd() {
        let ids = ["M1", "M.1", "M 1", "M\"1", "M\u{202e}1", ""];
        let anchors: BTreeSet<String> = ids.iter().map(|id| anchor("movement", id)).collect();
        assert_eq!(anchors.len(), ids.len());
        assert!(anchors.iter().all(|anchor| {
            anchor.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        }));
    }
}
