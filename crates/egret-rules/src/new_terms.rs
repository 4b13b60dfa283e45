//! Values that were not seen in the days before.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, ident};
use egret_model::ecs::catalog::fields;
use jiff::Timestamp;

use crate::RuleError;
use crate::events::{CITED, cited, in_order, text_of, time};
use crate::sequence::{Found, key_exprs};

/// What must be new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTerms {
    /// The combination of these fields' values.
    pub of: Vec<String>,
    /// Microseconds before an event in which it must not have been seen.
    pub history: i64,
}

/// Finds events whose combination of values no event of the query had in the days before.
pub(crate) async fn find(
    events: &DataFrame,
    condition: &Expr,
    terms: &NewTerms,
) -> Result<Found, RuleError> {
    let begin = events
        .clone()
        .aggregate(Vec::new(), vec![min(ident(fields::TIMESTAMP.name())).alias("begin")])?
        .collect()
        .await?;
    let begin = time(&begin, "begin").map_or(i64::MAX, Timestamp::as_microsecond);
    let mut select: Vec<Expr> = CITED.iter().map(|field| ident(field.name())).collect();
    for (at, key) in key_exprs(&terms.of)?.into_iter().enumerate() {
        select.push(key.alias(format!("key_{at}")));
    }
    let frame = events.clone().filter(condition.clone())?.select(select)?.sort(in_order())?;
    let mut seen: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    let mut found = Found::default();
    let mut unsure = 0u64;
    let mut matched = 0u64;
    let mut has_value = vec![false; terms.of.len()];
    for batch in frame.collect().await? {
        let times = batch
            .column_by_name(fields::TIMESTAMP.name())
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        let Some(times) = times else { continue };
        for row in 0..batch.num_rows() {
            matched = matched.saturating_add(1);
            let values: Vec<Option<String>> = (0..terms.of.len())
                .map(|at| text_of(batch.column_by_name(&format!("key_{at}"))?, row))
                .collect();
            for (has, value) in has_value.iter_mut().zip(&values) {
                *has |= value.is_some();
            }
            let key: Option<Vec<String>> = values.into_iter().collect();
            let Some(key) = key else { continue };
            let at = times.value(row);
            let before = seen.insert(key, at);
            let is_new = before.is_none_or(|before| at.saturating_sub(before) > terms.history);
            if is_new && let Some(event) = cited(&batch, row) {
                found.add(std::iter::once(&event));
                if before.is_none() && at.saturating_sub(begin) < terms.history {
                    unsure = unsure.saturating_add(1);
                }
            }
        }
    }
    found.note = note(&found, unsure, matched, terms, &has_value);
    Ok(found)
}

/// What a reader should know of hits, or of there being none.
fn note(found: &Found, unsure: u64, matched: u64, terms: &NewTerms, has_value: &[bool]) -> String {
    if unsure > 0 {
        let lie = if unsure == 1 { "lies" } else { "lie" };
        return format!(
            "{unsure} of them {lie} so early in the evidence that it cannot tell what was seen before"
        );
    }
    if found.rows > 0 || matched == 0 {
        return String::new();
    }
    let (events, none) =
        if matched == 1 { ("event matches", "it has no") } else { ("events match", "none has") };
    let lacking: Vec<String> = terms
        .of
        .iter()
        .zip(has_value)
        .filter(|(_, has)| !**has)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if lacking.is_empty() {
        return format!("{matched} {events}, {none} new values");
    }
    format!("{matched} {events}, {none} {}", lacking.join(" and "))
}
