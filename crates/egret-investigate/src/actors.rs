//! Who took part: the principals behind the movements, with all that the logs know of them.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::prelude::{lit, when};
use egret_model::ecs::catalog::fields;
use egret_model::report::{Actor, Movement};
use egret_model::time::TimeRange;

use crate::engine::{AnalysisError, Engine, any_of, column, instant, or_engine};

const WHAT: &str = "actors";

/// The principals of these movements, sorted.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn actors(
    engine: &Engine,
    movements: &[Movement],
    window: TimeRange,
) -> Result<Vec<Actor>, AnalysisError> {
    let mut by_principal: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for movement in movements {
        if let Some(principal) = &movement.actor.principal {
            by_principal.entry(principal.clone()).or_default().push(movement.id.clone());
        }
    }
    if by_principal.is_empty() {
        return Ok(Vec::new());
    }
    let principals: BTreeSet<String> = by_principal.keys().cloned().collect();
    let events = engine.events(WHAT).await?;
    let within = column(fields::TIMESTAMP)
        .gt_eq(instant(window.start))
        .and(column(fields::TIMESTAMP).lt(instant(window.end)));
    let principal =
        coalesce(vec![column(fields::CT_USER_IDENTITY_ARN), column(fields::S3ACCESS_REQUESTER)]);
    let frame = or_engine(
        WHAT,
        events.filter(
            within.and(
                any_of(fields::CT_USER_IDENTITY_ARN, &principals)
                    .or(any_of(fields::S3ACCESS_REQUESTER, &principals)),
            ),
        ),
    )?;
    let failed = or_engine(
        WHAT,
        when(column(fields::EVENT_OUTCOME).eq(lit("failure")), lit(1i64)).otherwise(lit(0i64)),
    )?;
    let frame = or_engine(
        WHAT,
        frame.aggregate(
            vec![
                principal.alias("principal"),
                column(fields::USER_NAME).alias("user"),
                column(fields::CT_USER_IDENTITY_SESSION_NAME).alias("session"),
                column(fields::CT_USER_IDENTITY_ACCESS_KEY_ID).alias("key"),
                column(fields::SOURCE_ADDRESS).alias("address"),
                column(fields::USER_AGENT_ORIGINAL).alias("agent"),
            ],
            vec![
                count(column(fields::TIMESTAMP)).alias("events"),
                sum(failed).alias("failures"),
                min(column(fields::TIMESTAMP)).alias("first"),
                max(column(fields::TIMESTAMP)).alias("last"),
            ],
        ),
    )?;
    let order = ["principal", "user", "session", "key", "address", "agent"];
    let rows = engine.groups(WHAT, frame, &order).await?;

    let mut actors: BTreeMap<String, Actor> = BTreeMap::new();
    for row in 0..rows.len() {
        let (Some(principal), Some(first), Some(last)) =
            (rows.string("principal", row)?, rows.time("first", row)?, rows.time("last", row)?)
        else {
            continue;
        };
        let actor = actors.entry(principal.clone()).or_insert_with(|| Actor {
            movements: by_principal.get(&principal).cloned().unwrap_or_default(),
            principal,
            names: Vec::new(),
            access_keys: Vec::new(),
            addresses: Vec::new(),
            user_agents: Vec::new(),
            first,
            last,
            events: 0,
            failures: 0,
        });
        actor.first = actor.first.min(first);
        actor.last = actor.last.max(last);
        actor.events = actor.events.saturating_add(rows.count("events", row)?);
        actor.failures = actor.failures.saturating_add(rows.count("failures", row)?);
        let note = |name: &str, list: &mut Vec<String>| -> Result<(), AnalysisError> {
            if let Some(value) = rows.string(name, row)?
                && !value.is_empty()
                && !list.contains(&value)
            {
                list.push(value);
            }
            Ok(())
        };
        note("user", &mut actor.names)?;
        note("session", &mut actor.names)?;
        note("key", &mut actor.access_keys)?;
        note("address", &mut actor.addresses)?;
        note("agent", &mut actor.user_agents)?;
    }
    let mut actors: Vec<Actor> = actors.into_values().collect();
    for actor in &mut actors {
        for list in
            [&mut actor.names, &mut actor.access_keys, &mut actor.addresses, &mut actor.user_agents]
        {
            list.sort();
        }
    }
    Ok(actors)
}
