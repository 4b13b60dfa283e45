//! Why a query found nothing: no log that has its fields, letters of another case, a time outside the
//! evidence.

use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::Expr;
use datafusion::prelude::{ident, lit, when};
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_query::{Code, Query};

use crate::engine::{AnalysisError, Engine, or_engine};

const WHAT: &str = "why a query found nothing";

/// Fields looked at, at most.
const FIELDS_MAX: usize = 30;

/// Reasons, the weightiest first; empty when the events simply do not match.
///
/// `folded` is the same query that compares without regard to case.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn reasons(
    engine: &Engine,
    query: &Query,
    folded: Option<&Query>,
) -> Result<Vec<String>, AnalysisError> {
    let used: Vec<(&String, Field)> = query
        .fields
        .iter()
        .filter_map(|name| {
            // A path below a document has the document's column.
            let mut known = name.as_str();
            loop {
                if let Some(field) = Field::by_name(known) {
                    return Some((name, field));
                }
                known = known.rsplit_once('.')?.0;
            }
        })
        .take(FIELDS_MAX)
        .collect();
    let events = engine.events(WHAT).await?;
    let mut columns: Vec<Expr> = vec![
        min(ident(fields::TIMESTAMP.name())).alias("first"),
        max(ident(fields::TIMESTAMP.name())).alias("last"),
        count(lit(1i64)).alias("events"),
    ];
    for (at, (_, field)) in used.iter().enumerate() {
        columns.push(count(ident(field.name())).alias(format!("field_{at}")));
    }
    if let Some(folded) = folded {
        let hit = or_engine(WHAT, when(folded.expr.clone(), lit(1i64)).end())?;
        columns.push(count(hit).alias("folded"));
    }
    let frame = or_engine(WHAT, events.aggregate(Vec::new(), columns))?;
    let rows = engine.rows(WHAT, frame).await?;
    let mut reasons = Vec::new();
    if rows.is_empty() || rows.count("events", 0)? == 0 {
        return Ok(vec!["no event is in the case".to_owned()]);
    }
    for (at, (name, field)) in used.iter().enumerate() {
        if rows.count(&format!("field_{at}"), 0)? == 0 {
            reasons.push(format!(
                "no event at hand has `{}`: zero rows mean that no log says it, not that it did not \
                 happen",
                if name.as_str() == field.name() { name.as_str() } else { field.name() }
            ));
        }
    }
    if let (Some((from, to)), Some(first), Some(last)) =
        (query.time, rows.time("first", 0)?, rows.time("last", 0)?)
    {
        let shown =
            |at: Option<jiff::Timestamp>| at.map_or_else(|| "open".to_owned(), |at| at.to_string());
        if from.is_some_and(|from| from > last) || to.is_some_and(|to| to <= first) {
            reasons.push(format!(
                "the time asked for, {} to {}, lies outside the evidence, {first} to {last}",
                shown(from),
                shown(to)
            ));
        }
    }
    if folded.is_some() {
        let differ = rows.count("folded", 0)?;
        if differ > 0 {
            reasons.push(format!(
                "{differ} events differ in capital letters only; `--ignore-case` finds them"
            ));
        }
    }
    if query.diagnostics.iter().any(|one| one.code == Code::Now) {
        reasons.push("`now` is the case's reference time; `--now` sets another".to_owned());
    }
    Ok(reasons)
}
