//! Events as rules cite them, and small questions to the table.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, ident};
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_query::Query;
use jiff::Timestamp;
use serde::Serialize;

use crate::RuleError;
use crate::sequence::Found;

/// One event, and where its record lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRef {
    /// When.
    pub time: Timestamp,
    /// `event.id`.
    pub id: String,
    /// `event.action`.
    pub action: String,
    /// `user.name`.
    pub user: String,
    /// Evidence file.
    pub file: String,
    /// Record number in it, from 1.
    pub record: u64,
}

/// Columns an [`EventRef`] is read from.
pub(crate) const CITED: &[Field] = &[
    fields::TIMESTAMP,
    fields::EVENT_ID,
    fields::EVENT_ACTION,
    fields::USER_NAME,
    fields::LOG_FILE_PATH,
    fields::LOG_OFFSET,
];

/// Reads a row of columns that were selected by [`CITED`].
pub(crate) fn cited(batch: &RecordBatch, row: usize) -> Option<EventRef> {
    let text = |field: Field| -> String {
        batch
            .column_by_name(field.name())
            .and_then(|column| text_of(column, row))
            .unwrap_or_default()
    };
    let time = batch
        .column_by_name(fields::TIMESTAMP.name())?
        .as_primitive_opt::<TimestampMicrosecondType>()
        .filter(|time| time.is_valid(row))?;
    Some(EventRef {
        time: Timestamp::from_microsecond(time.value(row)).ok()?,
        id: text(fields::EVENT_ID),
        action: text(fields::EVENT_ACTION),
        user: text(fields::USER_NAME),
        file: text(fields::LOG_FILE_PATH),
        record: text(fields::LOG_OFFSET).parse().unwrap_or(0),
    })
}

/// A cell as text; `None` when it is null.
pub(crate) fn text_of(column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    arrow::util::display::array_value_to_string(column, row).ok()
}

/// The first events of a plan, oldest first.
pub(crate) async fn sample(frame: DataFrame, most: usize) -> Result<Vec<EventRef>, RuleError> {
    let frame = frame
        .select(CITED.iter().map(|field| ident(field.name())).collect::<Vec<_>>())?
        .sort(in_order())?
        .limit(0, Some(most))?;
    let mut found = Vec::new();
    for batch in frame.collect().await? {
        found.extend((0..batch.num_rows()).filter_map(|row| cited(&batch, row)));
    }
    Ok(found)
}

/// By time, then by place, so that equal times have one order.
pub(crate) fn in_order() -> Vec<datafusion::logical_expr::SortExpr> {
    [fields::TIMESTAMP, fields::LOG_FILE_PATH, fields::LOG_OFFSET]
        .map(|field| ident(field.name()).sort(true, true))
        .to_vec()
}

/// Datasets that any event is of, sorted.
pub(crate) async fn datasets(events: &DataFrame) -> Result<Vec<String>, RuleError> {
    let dataset = ident(fields::EVENT_DATASET.name());
    let frame = events.clone().select(vec![dataset])?.distinct()?;
    let mut found = Vec::new();
    for batch in frame.collect().await? {
        found.extend((0..batch.num_rows()).filter_map(|row| text_of(batch.column(0), row)));
    }
    found.sort();
    Ok(found)
}

/// Those of some fields that no event has.
pub(crate) async fn empty(
    events: &DataFrame,
    wanted: BTreeSet<Field>,
) -> Result<BTreeSet<Field>, RuleError> {
    let columns = wanted
        .iter()
        .map(|field| count(ident(field.name())).alias(format!("n_{}", field.index())))
        .collect::<Vec<_>>();
    if columns.is_empty() {
        return Ok(wanted);
    }
    let batches = events.clone().aggregate(Vec::new(), columns)?.collect().await?;
    let has_none =
        |field: &Field| number(&batches, &format!("n_{}", field.index())).unwrap_or(0) == 0;
    Ok(wanted.into_iter().filter(has_none).collect())
}

/// Rows that a pipeline leaves; where it keeps the time, the first, the last and some of them.
pub(crate) async fn pipeline(events: &DataFrame, query: &Query) -> Result<Found, RuleError> {
    let (state, plan) = events.clone().into_parts();
    let frame = DataFrame::new(state, query.plan(plan)?);
    let is_time = |column: &arrow::datatypes::FieldRef| {
        matches!(column.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _))
    };
    let has = |field: &Field| {
        let column = frame.schema().field_with_unqualified_name(field.name());
        column.is_ok_and(|column| *field != fields::TIMESTAMP || is_time(column))
    };
    let kept: Vec<Expr> =
        CITED.iter().filter(|field| has(field)).map(|field| ident(field.name())).collect();
    if !has(&fields::TIMESTAMP) {
        let rows = u64::try_from(frame.count().await?).unwrap_or(u64::MAX);
        return Ok(Found { rows, ..Found::default() });
    }
    let time = ident(fields::TIMESTAMP.name());
    let mut found = Found::default();
    for batch in frame.select(kept)?.sort(vec![time.sort(true, false)])?.collect().await? {
        for row in 0..batch.num_rows() {
            match cited(&batch, row) {
                Some(event) => found.add(std::iter::once(&event)),
                None => found.rows = found.rows.saturating_add(1),
            }
        }
    }
    Ok(found)
}

/// A number of a table of one row.
pub(crate) fn number(batches: &[RecordBatch], name: &str) -> Option<u64> {
    let column = batches.first()?.column_by_name(name)?;
    u64::try_from(column.as_primitive_opt::<Int64Type>()?.iter().next()??).ok()
}

/// A time of a table of one row.
pub(crate) fn time(batches: &[RecordBatch], name: &str) -> Option<Timestamp> {
    let column = batches.first()?.column_by_name(name)?;
    let micros = column.as_primitive_opt::<TimestampMicrosecondType>()?.iter().next()??;
    Timestamp::from_microsecond(micros).ok()
}
