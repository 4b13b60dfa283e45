//! Events that follow one another.
//!
//! As Elasticsearch has it: of several events that could be the same step of a sequence the latest is
//! kept, an event is one step at most, and whoever completes a sequence begins anew.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::{DataFrame, ident, when};
use egret_model::ecs::catalog::fields;
use egret_query::{Sequence, Step};
use jiff::Timestamp;

use crate::RuleError;
use crate::events::{CITED, EventRef, cited, in_order, text_of};

/// What a rule found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How often.
    pub rows: u64,
    /// First event.
    pub first: Option<Timestamp>,
    /// Last event.
    pub last: Option<Timestamp>,
    /// The first few events.
    pub sample: Vec<EventRef>,
    /// Every sequence, its events in order; of other rules none.
    pub sequences: Vec<Vec<EventRef>>,
    /// What a reader should know of it.
    pub note: String,
}

/// Sequences kept whole; more are counted.
const SEQUENCES_MAX: usize = 10_000;

/// The values of fields as texts.
pub(crate) fn key_exprs(names: &[String]) -> Result<Vec<Expr>, RuleError> {
    names
        .iter()
        .map(|name| {
            egret_query::field(name).map_err(|diagnostic| RuleError::Field(diagnostic.message))
        })
        .collect()
}

/// An event that is one step or several.
struct Candidate {
    time: i64,
    /// Key of each step that it can be, by the step's number.
    keys: Vec<Option<Vec<String>>>,
    /// Key under which it ends what is not complete.
    until: Option<Vec<String>>,
    event: EventRef,
}

/// Finds sequences.
///
/// # Errors
///
/// [`RuleError::Engine`] when the events cannot be asked.
pub async fn sequences(events: &DataFrame, sequence: &Sequence) -> Result<Found, RuleError> {
    find(events, sequence, Ties::AsLogged).await
}

/// In what order events of the same instant come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ties {
    /// As they stand in their files.
    AsLogged,
    /// In any: what happened within a second of CloudTrail may have happened in the order that is asked.
    AsAsked,
}

/// Finds sequences.
pub(crate) async fn find(
    events: &DataFrame,
    sequence: &Sequence,
    ties: Ties,
) -> Result<Found, RuleError> {
    let mut select: Vec<Expr> = CITED.iter().map(|field| ident(field.name())).collect();
    let mut any: Option<Expr> = None;
    for (at, step) in sequence.steps.iter().chain(&sequence.until).enumerate() {
        let condition = step.condition.clone();
        any = Some(any.map_or_else(|| condition.clone(), |so_far| so_far.or(condition.clone())));
        select.push(when(condition, lit(true)).otherwise(lit(false))?.alias(format!("is_{at}")));
        for (key, expr) in step.by.iter().enumerate() {
            select.push(expr.clone().alias(format!("key_{at}_{key}")));
        }
    }
    let Some(any) = any else { return Ok(Found::default()) };
    let frame = events.clone().filter(any)?.select(select)?.sort(in_order())?;
    let mut machine = Machine::new(sequence);
    // Events of one instant.
    let mut tied: Vec<Candidate> = Vec::new();
    for batch in frame.collect().await? {
        for row in 0..batch.num_rows() {
            let Some(candidate) = candidate(&batch, row, sequence) else { continue };
            if ties == Ties::AsLogged {
                machine.take(&candidate);
                continue;
            }
            if tied.first().is_some_and(|first| first.time != candidate.time) {
                machine.take_tied(&mut tied);
            }
            tied.push(candidate);
        }
    }
    machine.take_tied(&mut tied);
    Ok(machine.found())
}

fn candidate(batch: &RecordBatch, row: usize, sequence: &Sequence) -> Option<Candidate> {
    let key = |at: usize, step: &Step| -> Option<Vec<String>> {
        let is = batch.column_by_name(&format!("is_{at}"))?.as_boolean_opt()?.value(row);
        let keys = (0..step.by.len())
            .map(|key| text_of(batch.column_by_name(&format!("key_{at}_{key}"))?, row));
        is.then_some(())?;
        keys.collect()
    };
    let time = batch
        .column_by_name(fields::TIMESTAMP.name())?
        .as_primitive_opt::<TimestampMicrosecondType>()?
        .value(row);
    Some(Candidate {
        time,
        keys: sequence.steps.iter().enumerate().map(|(at, step)| key(at, step)).collect(),
        until: sequence.until.as_ref().and_then(|step| key(sequence.steps.len(), step)),
        event: cited(batch, row)?,
    })
}

/// A sequence under way: events so far, with their times.
type Begun = Vec<(i64, EventRef)>;

struct Machine<'s> {
    sequence: &'s Sequence,
    /// Steps that must be there, repeated as often as they run: number in the sequence.
    present: Vec<usize>,
    /// Under way by key: the latest that waits for its nth step.
    begun: BTreeMap<Vec<String>, Vec<Option<Begun>>>,
    /// Times of events that must not come, by step and key.
    unwanted: BTreeMap<(usize, Vec<String>), Vec<i64>>,
    complete: Vec<(Vec<String>, Begun)>,
}

impl<'s> Machine<'s> {
    fn new(sequence: &'s Sequence) -> Self {
        let mut present = Vec::new();
        for (at, step) in sequence.steps.iter().enumerate().filter(|(_, step)| !step.missing) {
            for _ in 0..step.runs {
                present.push(at);
            }
        }
        Self {
            sequence,
            present,
            begun: BTreeMap::new(),
            unwanted: BTreeMap::new(),
            complete: Vec::new(),
        }
    }

    /// Those that can be an early step first.
    fn take_tied(&mut self, tied: &mut Vec<Candidate>) {
        tied.sort_by_key(|candidate| {
            let place = |key: Option<usize>| key.unwrap_or(usize::MAX);
            let is = |key: &Option<Vec<String>>| key.is_some();
            (place(candidate.keys.iter().position(is)), place(candidate.keys.iter().rposition(is)))
        });
        for candidate in tied.drain(..) {
            self.take(&candidate);
        }
    }

    fn take(&mut self, candidate: &Candidate) {
        if let Some(key) = &candidate.until {
            self.begun.remove(key);
        }
        for (at, _) in self.sequence.steps.iter().enumerate().filter(|(_, step)| step.missing) {
            if let Some(Some(key)) = candidate.keys.get(at) {
                self.unwanted.entry((at, key.clone())).or_default().push(candidate.time);
            }
        }
        if self.sequence.any_order {
            self.any_order(candidate);
        } else {
            self.in_turn(candidate);
        }
    }

    /// The last step first, so that an event is not two steps of one sequence.
    fn in_turn(&mut self, candidate: &Candidate) {
        let steps = self.present.len();
        for place in (0..steps).rev() {
            let Some(at) = self.present.get(place) else { continue };
            let Some(Some(key)) = candidate.keys.get(*at) else { continue };
            let waiting = self.begun.entry(key.clone()).or_insert_with(|| vec![None; steps]);
            let mut so_far = if place == 0 {
                Vec::new()
            } else {
                let Some(held) = waiting.get_mut(place) else { continue };
                let within = held.as_ref().and_then(|held| held.first()).is_some_and(|first| {
                    self.sequence
                        .maxspan
                        .is_none_or(|span| candidate.time.saturating_sub(first.0) <= span)
                });
                if !within {
                    *held = None;
                    continue;
                }
                held.take().unwrap_or_default()
            };
            so_far.push((candidate.time, candidate.event.clone()));
            let next = place.saturating_add(1);
            if next == steps {
                self.complete.push((key.clone(), so_far));
            } else if let Some(slot) = waiting.get_mut(next) {
                *slot = Some(so_far);
            }
        }
    }

    /// One event of each step with the same key, whichever comes first.
    fn any_order(&mut self, candidate: &Candidate) {
        let steps = self.present.len();
        for place in 0..steps {
            let Some(at) = self.present.get(place) else { continue };
            let Some(Some(key)) = candidate.keys.get(*at) else { continue };
            let held = self.begun.entry(key.clone()).or_insert_with(|| vec![None; steps]);
            if let Some(span) = self.sequence.maxspan {
                // Within the span that ends now.
                for slot in held.iter_mut() {
                    let is_old = slot
                        .as_ref()
                        .and_then(|one| one.first())
                        .is_some_and(|(time, _)| candidate.time.saturating_sub(*time) > span);
                    if is_old {
                        *slot = None;
                    }
                }
            }
            if let Some(slot) = held.get_mut(place) {
                *slot = Some(vec![(candidate.time, candidate.event.clone())]);
            }
            if held.iter().all(Option::is_some) {
                let mut all: Begun = held.iter_mut().filter_map(Option::take).flatten().collect();
                all.sort_by_key(|(time, _)| *time);
                self.complete.push((key.clone(), all));
            }
        }
    }

    /// Whether no event came that must not.
    fn undisturbed(&self, key: &[String], events: &Begun) -> bool {
        let (Some((first, _)), Some((last, _))) = (events.first(), events.last()) else {
            return false;
        };
        let span = self.sequence.maxspan.unwrap_or(i64::MAX);
        // Events of the steps before: as many as are there and run.
        let mut before = 0usize;
        for (at, step) in self.sequence.steps.iter().enumerate() {
            if !step.missing {
                before = before.saturating_add(usize::try_from(step.runs).unwrap_or(usize::MAX));
                continue;
            }
            let from = match before.checked_sub(1).and_then(|place| events.get(place)) {
                Some((time, _)) => *time,
                None => last.saturating_sub(span),
            };
            let to = match events.get(before) {
                Some((time, _)) => *time,
                None => first.saturating_add(span),
            };
            let came = self
                .unwanted
                .get(&(at, key.to_vec()))
                .is_some_and(|times| times.iter().any(|time| *time > from && *time < to));
            if came {
                return false;
            }
        }
        true
    }

    fn found(self) -> Found {
        let mut found = Found::default();
        for (key, events) in &self.complete {
            if !self.undisturbed(key, events) {
                continue;
            }
            found.add(events.iter().map(|(_, event)| event));
            if found.sequences.len() < SEQUENCES_MAX {
                found.sequences.push(events.iter().map(|(_, event)| event.clone()).collect());
            }
        }
        found
    }
}
