//! One pass over CloudTrail for every channel that is keyed on event names.
//!
//! The engine takes out the events with any of the names and sources; which rules each of them fits
//! is found here, key by key, so that a further condition is only ever put to the events of its own
//! key; but for the names of [`BUSY`], whose conditions go into the engine's filter. The work hardly grows with the number of channels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::DataType;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::lit;
use egret_model::ecs::catalog::fields;

use super::{Scope, compile};
use crate::channel::{AliasRule, Analysis, Channel, CloseRule, EventRule, Key, ProofRule};
use crate::engine::{AnalysisError, Engine, Rows, any_of, or_engine};
use crate::record::Record;

const WHAT: &str = "channel events";

/// Names that most events of a trail have where data events are on. A condition on them is put by
/// the engine, so that their documents are not handed over to be thrown away.
const BUSY: &[&str] = &["GetObject", "HeadObject", "PutObject", "UploadPart"];

/// What an event is to a channel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role<'c> {
    /// It opens or moves something.
    Opens(&'c EventRule),
    /// It hands something to its caller.
    Reads(&'c EventRule),
    /// It closes a door again.
    Closes(&'c CloseRule),
    /// It shows that an open door was used.
    Proves(&'c ProofRule),
    /// It says for which thing an id stands.
    Names(&'c AliasRule),
}

/// One rule of one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'c> {
    pub(super) channel: &'c Channel,
    pub(super) role: Role<'c>,
}

impl<'c> Part<'c> {
    /// Every rule of these channels.
    pub(super) fn all(channels: &[&'c Channel]) -> Vec<Self> {
        let mut parts = Vec::new();
        for channel in channels {
            let mut add = |role| parts.push(Self { channel, role });
            channel.aliases.iter().for_each(|rule| add(Role::Names(rule)));
            for rule in &channel.events {
                add(match channel.analysis {
                    Analysis::Reads => Role::Reads(rule),
                    _ => Role::Opens(rule),
                });
            }
            channel.proofs.iter().for_each(|rule| add(Role::Proves(rule)));
            channel.closes.iter().for_each(|rule| add(Role::Closes(rule)));
        }
        parts
    }

    fn key(&self) -> Key<'c> {
        match self.role {
            Role::Opens(rule) | Role::Reads(rule) => rule.key(),
            Role::Closes(rule) => rule.key(),
            Role::Proves(rule) => rule.key(),
            Role::Names(rule) => rule.key(),
        }
    }
}

/// Calls `on` for each event that fits any part, with the places of those parts, in no particular
/// order.
pub(super) async fn scan(
    engine: &Engine,
    parts: &[Part<'_>],
    scope: &Scope<'_>,
    mut on: impl FnMut(&Rows, usize, &[usize]) -> Result<(), AnalysisError>,
) -> Result<(), AnalysisError> {
    let mut by_key: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    let mut conditions = Vec::with_capacity(parts.len());
    let mut columns: BTreeSet<String> = Record::names().map(str::to_owned).collect();
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut wanted = lit(false);
    for (at, part) in parts.iter().enumerate() {
        let key = part.key();
        for source in key.source {
            for name in key.names {
                by_key.entry((source, name)).or_default().push(at);
            }
        }
        let condition =
            key.condition.map(|text| compile(part.channel, text, scope.now)).transpose()?;
        match &condition {
            None => names.extend(key.names.iter().cloned()),
            Some(condition) => {
                let (busy, rare): (Vec<&String>, Vec<&String>) =
                    key.names.iter().partition(|name| BUSY.contains(&name.as_str()));
                names.extend(rare.into_iter().cloned());
                if !busy.is_empty() {
                    let of_name = any_of(fields::EVENT_ACTION, busy);
                    wanted = wanted.or(of_name.and(condition.clone()));
                }
            }
        }
        if let Some(condition) = &condition {
            columns.extend(condition.column_refs().into_iter().map(|column| column.name.clone()));
        }
        conditions.push(condition);
    }
    let sources: BTreeSet<String> = by_key.keys().map(|(source, _)| (*source).to_owned()).collect();
    let frame = engine.events(WHAT).await?;
    let wanted = any_of(fields::EVENT_ACTION, &names).or(wanted);
    let keyed = wanted.and(any_of(fields::EVENT_PROVIDER, &sources));
    let frame = or_engine(WHAT, frame.filter(keyed))?;
    let frame = or_engine(
        WHAT,
        frame.select(columns.iter().map(datafusion::prelude::ident).collect::<Vec<_>>()),
    )?;
    let mut compiled: Vec<Option<Arc<dyn PhysicalExpr>>> = Vec::with_capacity(parts.len());
    for condition in conditions {
        let ready =
            condition.map(|expr| engine.condition(WHAT, expr, frame.schema())).transpose()?;
        compiled.push(ready);
    }
    let kept: Vec<usize> = Record::names()
        .filter_map(|name| columns.iter().position(|column| column == name))
        .collect();
    engine
        .each(WHAT, frame, |batch| {
            for (key, rows) in grouped(&batch)? {
                let Some(fitting) = by_key.get(&(key.0.as_str(), key.1.as_str())) else { continue };
                let of_key = arrow(take_record_batch(&batch, &rows))?;
                let mut holds = Vec::with_capacity(fitting.len());
                for at in fitting {
                    holds.push(match compiled.get(*at).and_then(Option::as_ref) {
                        Some(condition) => Some(evaluated(condition.as_ref(), &of_key)?),
                        None => None,
                    });
                }
                // Only what fits is read as text: of a name that most events have, few do.
                let (mut places, mut fits) = (Vec::new(), Vec::new());
                for (row, place) in (0..of_key.num_rows()).zip(0u32..) {
                    let held = |holds: &Option<BooleanArray>| {
                        holds.as_ref().is_none_or(|holds| holds.is_valid(row) && holds.value(row))
                    };
                    let fitting: Vec<usize> = fitting
                        .iter()
                        .zip(&holds)
                        .filter(|(_, holds)| held(holds))
                        .map(|(at, _)| *at)
                        .collect();
                    if !fitting.is_empty() {
                        places.push(place);
                        fits.push(fitting);
                    }
                }
                if places.is_empty() {
                    continue;
                }
                let kept = arrow(of_key.project(&kept))?;
                let rows =
                    Rows::new(WHAT, &arrow(take_record_batch(&kept, &UInt32Array::from(places)))?)?;
                for (row, fits) in fits.iter().enumerate() {
                    on(&rows, row, fits)?;
                }
            }
            Ok(())
        })
        .await
}

fn arrow<T>(result: Result<T, arrow::error::ArrowError>) -> Result<T, AnalysisError> {
    or_engine(WHAT, result.map_err(Into::into))
}

/// Rows of a batch by event source and name.
fn grouped(batch: &RecordBatch) -> Result<BTreeMap<(String, String), UInt32Array>, AnalysisError> {
    let texts = |name: &'static str| -> Result<arrow::array::StringArray, AnalysisError> {
        let shape =
            || AnalysisError::Shape { what: WHAT, column: name.to_owned(), expected: "text" };
        let column = batch.column_by_name(name).ok_or_else(shape)?;
        let plain = arrow(cast(column, &DataType::Utf8))?;
        plain.as_string_opt::<i32>().cloned().ok_or_else(shape)
    };
    let sources = texts(fields::EVENT_PROVIDER.name())?;
    let names = texts(fields::EVENT_ACTION.name())?;
    let mut rows: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
    for (row, (source, name)) in (0u32..).zip(sources.iter().zip(names.iter())) {
        if let (Some(source), Some(name)) = (source, name) {
            rows.entry((source, name)).or_default().push(row);
        }
    }
    Ok(rows
        .into_iter()
        .map(|((source, name), rows)| ((source.to_owned(), name.to_owned()), rows.into()))
        .collect())
}

fn evaluated(
    condition: &dyn PhysicalExpr,
    batch: &RecordBatch,
) -> Result<BooleanArray, AnalysisError> {
    let value = or_engine(WHAT, condition.evaluate(batch))?;
    let array = or_engine(WHAT, value.into_array(batch.num_rows()))?;
    array.as_boolean_opt().cloned().ok_or_else(|| AnalysisError::Shape {
        what: WHAT,
        column: "condition".to_owned(),
        expected: "true or false",
    })
}
