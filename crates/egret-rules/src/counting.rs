//! So many events, or so many different values, within a span of time.
//!
//! The span slides: every event is the end of one. A run of events in which the condition holds is one
//! hit, from the first event of its first span to its last event.
//!
//! Where there may be *at most* so many, a sliding span would say yes at the first event of every group.
//! Then spans stand side by side instead: one begins with the first event behind the one before, and is
//! counted when it is over. One that the evidence does not hold whole is not counted, and a group
//! without events has none.

use std::collections::{BTreeMap, VecDeque};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, ident};
use egret_model::ecs::catalog::fields;
use jiff::Timestamp;

use crate::RuleError;
use crate::events::{CITED, EventRef, cited, in_order, text_of, time};
use crate::sequence::{Found, key_exprs};

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// Events are counted apart for each combination of these fields' values.
    pub by: Vec<String>,
    /// Different values of this are counted, rather than events.
    pub values_of: Option<String>,
    /// At least so many.
    pub at_least: u64,
    /// A span may hold at most so many.
    pub at_most: Option<u64>,
    /// And at least so many different values of a further field.
    pub and_values: Option<(String, u64)>,
    /// Microseconds of the span.
    pub span: i64,
}

impl Counting {
    /// Fields whose values are compared.
    pub(crate) fn keys(&self) -> Vec<&String> {
        let further = self.and_values.as_ref().map(|(field, _)| field);
        self.by.iter().chain(&self.values_of).chain(further).collect()
    }
}

/// An event that counts.
struct Counted {
    time: i64,
    value: Option<String>,
    further: Option<String>,
    event: EventRef,
}

/// Finds the runs.
pub(crate) async fn count(
    events: &DataFrame,
    condition: &Expr,
    counting: &Counting,
) -> Result<Found, RuleError> {
    let mut select: Vec<Expr> = CITED.iter().map(|field| ident(field.name())).collect();
    let keys = key_exprs(&counting.by)?;
    for (at, key) in keys.into_iter().enumerate() {
        select.push(key.alias(format!("key_{at}")));
    }
    let further = counting.and_values.as_ref().map(|(field, _)| field.clone());
    for (name, field) in [("value", &counting.values_of), ("further", &further)] {
        if let Some(field) = field {
            let expr = key_exprs(std::slice::from_ref(field))?.remove(0);
            select.push(expr.alias(name));
        }
    }
    let frame = events.clone().filter(condition.clone())?.select(select)?.sort(in_order())?;
    let mut groups: BTreeMap<Vec<String>, Group> = BTreeMap::new();
    let mut found = Found::default();
    for batch in frame.collect().await? {
        for row in 0..batch.num_rows() {
            let Some((key, counted)) = counted(&batch, row, counting) else { continue };
            groups.entry(key).or_default().take(counted, counting, &mut found);
        }
    }
    if counting.at_most.is_some() {
        let last = max(ident(fields::TIMESTAMP.name())).alias("last");
        let last = events.clone().aggregate(Vec::new(), vec![last])?.collect().await?;
        let last = time(&last, "last").map_or(i64::MIN, Timestamp::as_microsecond);
        for group in groups.values_mut() {
            let begin = group.held.front().map_or(i64::MAX, |first| first.time);
            if begin.saturating_add(counting.span) <= last {
                group.close(counting, &mut found);
            }
        }
    }
    found.finish();
    Ok(found)
}

fn counted(batch: &RecordBatch, row: usize, counting: &Counting) -> Option<(Vec<String>, Counted)> {
    let text = |name: &str| text_of(batch.column_by_name(name)?, row);
    let mut key = Vec::with_capacity(counting.by.len());
    for at in 0..counting.by.len() {
        // An event without the field belongs to no group.
        key.push(text(&format!("key_{at}"))?);
    }
    let time = batch
        .column_by_name(fields::TIMESTAMP.name())?
        .as_primitive_opt::<TimestampMicrosecondType>()?
        .value(row);
    let counted =
        Counted { time, value: text("value"), further: text("further"), event: cited(batch, row)? };
    Some((key, counted))
}

/// The events of one group within the span that ends now.
#[derive(Default)]
struct Group {
    held: VecDeque<Counted>,
    values: BTreeMap<String, u64>,
    further: BTreeMap<String, u64>,
    is_hit: bool,
}

impl Group {
    fn take(&mut self, event: Counted, counting: &Counting, found: &mut Found) {
        let is_over = |first: &Counted| event.time.saturating_sub(first.time) > counting.span;
        if counting.at_most.is_some() && self.held.front().is_some_and(is_over) {
            self.close(counting, found);
        }
        while self
            .held
            .front()
            .is_some_and(|first| event.time.saturating_sub(first.time) > counting.span)
        {
            if let Some(first) = self.held.pop_front() {
                leave(&mut self.values, first.value.as_ref());
                leave(&mut self.further, first.further.as_ref());
            }
        }
        enter(&mut self.values, event.value.as_ref());
        enter(&mut self.further, event.further.as_ref());
        self.held.push_back(event);
        if counting.at_most.is_some() {
            return;
        }
        let holds = self.holds(counting);
        if holds && !self.is_hit {
            found.add(self.held.iter().map(|one| &one.event));
        } else if holds && let Some(last) = self.held.back() {
            found.reach(last.event.time);
        }
        self.is_hit = holds;
    }

    /// Counts a span that is over.
    fn close(&mut self, counting: &Counting, found: &mut Found) {
        if self.holds(counting) {
            found.add(self.held.iter().map(|one| &one.event));
        }
        *self = Self::default();
    }

    /// Whether what the span holds fulfils the condition.
    fn holds(&self, counting: &Counting) -> bool {
        let size = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        let counted = if counting.values_of.is_some() {
            size(self.values.len())
        } else {
            size(self.held.len())
        };
        counted >= counting.at_least
            && counting.at_most.is_none_or(|most| counted <= most)
            && counting
                .and_values
                .as_ref()
                .is_none_or(|(_, least)| size(self.further.len()) >= *least)
    }
}

fn enter(values: &mut BTreeMap<String, u64>, value: Option<&String>) {
    if let Some(value) = value {
        let held = values.entry(value.clone()).or_default();
        *held = held.saturating_add(1);
    }
}

fn leave(values: &mut BTreeMap<String, u64>, value: Option<&String>) {
    if let Some(value) = value
        && let Some(held) = values.get_mut(value)
    {
        *held = held.saturating_sub(1);
        if *held == 0 {
            values.remove(value);
        }
    }
}

impl Found {
    /// One hit more, of these events.
    pub(crate) fn add<'a>(&mut self, events: impl Iterator<Item = &'a EventRef>) {
        self.rows = self.rows.saturating_add(1);
        for event in events {
            self.reach(event.time);
            if self.sample.len() < crate::SAMPLE {
                self.sample.push(event.clone());
            }
        }
    }

    /// The hits reach to that time.
    pub(crate) fn reach(&mut self, time: Timestamp) {
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
    }

    fn finish(&mut self) {
        self.sample.sort_by(|a, b| (a.time, &a.file, a.record).cmp(&(b.time, &b.file, b.record)));
    }
}
