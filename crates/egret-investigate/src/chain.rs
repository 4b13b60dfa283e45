//! From a credential back towards a person: key ← role assumption ← broker ← sign-in.
//!
//! Each hop says why the two belong together and how sure that is. A hop that no log shows is
//! named, with the log that would show it; several candidates are never silently narrowed to one.

use std::collections::BTreeSet;

use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::Expr;
use datafusion::prelude::lit;
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::report::{Chain, Confidence, Hop, Movement};
use jiff::{SignedDuration, Timestamp};

use crate::coverage::Facts;
use crate::engine::{AnalysisError, Engine, Rows, column, in_order, instant, or_engine};

const WHAT: &str = "identity chain";

/// Role assumptions followed back; more would be a loop.
const HOPS_MAX: usize = 8;

/// Hours before the session in which its sign-in is looked for, as the pattern has it.
const SIGN_IN_HOURS: i64 = 2;

/// Candidates shown for one hop.
const CANDIDATES_MAX: usize = 3;

/// A chain for every access key of these movements, sorted by key.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn chains(
    engine: &Engine,
    movements: &[Movement],
    facts: &Facts,
) -> Result<Vec<Chain>, AnalysisError> {
    let keys: BTreeSet<(&str, Option<&str>)> = movements
        .iter()
        .filter_map(|movement| {
            Some((movement.actor.access_key_id.as_deref()?, movement.actor.user.as_deref()))
        })
        .collect();
    let mut chains: Vec<Chain> = Vec::new();
    for (key, user) in keys {
        if chains.iter().any(|chain| chain.access_key_id == key) {
            continue;
        }
        let before = movements
            .iter()
            .filter(|movement| movement.actor.access_key_id.as_deref() == Some(key))
            .map(|movement| movement.first)
            .min()
            .unwrap_or(Timestamp::MAX);
        chains.push(chain(engine, key, user, before, facts).await?);
    }
    Ok(chains)
}

async fn chain(
    engine: &Engine,
    key: &str,
    user: Option<&str>,
    before: Timestamp,
    facts: &Facts,
) -> Result<Chain, AnalysisError> {
    let mut chain = Chain {
        access_key_id: key.to_owned(),
        hops: Vec::new(),
        origin: None,
        missing: Vec::new(),
    };
    let mut person = user.filter(|user| user.contains('@')).map(str::to_owned);
    let mut start = before;
    let mut current = key.to_owned();
    let mut followed = BTreeSet::new();
    while followed.len() < HOPS_MAX && followed.insert(current.clone()) {
        let rows =
            look(engine, column(fields::CT_ISSUED_ACCESS_KEY_ID).eq(lit(current.as_str()))).await?;
        let Some(row) = (0..rows.len()).next() else {
            if current.starts_with("ASIA") {
                chain.missing.push(format!(
                    "the event that issued {current}: CloudTrail's sts or sign-in events of the \
                     account and region where the session began would show it"
                ));
            } else if current.starts_with("AKIA") {
                chain.missing.push(format!(
                    "the making of the long-term key {current}: CloudTrail's CreateAccessKey, older \
                     than these logs"
                ));
            }
            break;
        };
        let time = rows.time(fields::TIMESTAMP.name(), row)?.unwrap_or(start);
        start = start.min(time);
        let caller = rows.string("who", row)?.unwrap_or_else(|| "unknown".to_owned());
        let action = rows.text(fields::EVENT_ACTION.name(), row)?.unwrap_or_default();
        let role = rows.text(fields::CT_ROLE_ARN.name(), row)?.unwrap_or("a session");
        let session = rows.string(fields::CT_ROLE_SESSION_NAME.name(), row)?;
        chain.hops.push(Hop {
            kind: "assume_role".to_owned(),
            principal: caller.clone(),
            time,
            event_id: rows.string(fields::EVENT_ID.name(), row)?.unwrap_or_default(),
            confidence: Confidence::High,
            reason: format!("{action} by {caller} issued the key {current} for {role}"),
        });
        if let Some(session) = session.filter(|session| session.contains('@')) {
            person.get_or_insert(session);
        }
        match rows.string(fields::CT_USER_IDENTITY_ACCESS_KEY_ID.name(), row)? {
            Some(next) if !next.is_empty() => current = next,
            _ => {
                if caller.ends_with(".amazonaws.com") {
                    chain.origin = Some(caller);
                }
                break;
            }
        }
    }
    broker(engine, &mut chain, key, &mut person, start, facts).await?;
    sign_in(engine, &mut chain, person.as_deref(), start, facts).await?;
    Ok(chain)
}

async fn look(engine: &Engine, filter: Expr) -> Result<Rows, AnalysisError> {
    let events = engine.events(WHAT).await?;
    let frame = or_engine(WHAT, events.filter(filter))?;
    let frame = or_engine(
        WHAT,
        frame.select(vec![
            column(fields::TIMESTAMP),
            column(fields::EVENT_ID),
            column(fields::EVENT_ACTION),
            column(fields::EVENT_OUTCOME),
            column(fields::LOG_FILE_PATH),
            column(fields::LOG_OFFSET),
            column(fields::CT_ROLE_ARN),
            column(fields::CT_ROLE_SESSION_NAME),
            column(fields::CT_USER_IDENTITY_ACCESS_KEY_ID),
            column(fields::BROKER_PERSON),
            column(fields::BROKER_ROLE),
            column(fields::BROKER_ACCESS_KEY_ID),
            column(fields::SOURCE_IP),
            column(fields::OKTA_ACTOR_ALTERNATE_ID),
            coalesce(vec![
                column(fields::CT_USER_IDENTITY_ARN),
                column(fields::CT_USER_IDENTITY_INVOKED_BY),
                column(fields::CT_USER_IDENTITY_USER_NAME),
            ])
            .alias("who"),
        ]),
    )?;
    let frame = or_engine(WHAT, frame.sort(in_order()))?;
    let frame = or_engine(WHAT, frame.limit(0, Some(100)))?;
    engine.rows(WHAT, frame).await
}

async fn broker(
    engine: &Engine,
    chain: &mut Chain,
    key: &str,
    person: &mut Option<String>,
    start: Timestamp,
    facts: &Facts,
) -> Result<(), AnalysisError> {
    if facts.span_of(Dataset::IDENTITY_BROKER.as_str()).is_none() {
        if key.starts_with("ASIA") && chain.origin.is_none() {
            chain.missing.push(
                "the broker's record of who asked for the role: no broker log is at hand".into(),
            );
        }
        return Ok(());
    }
    let by_key = look(engine, column(fields::BROKER_ACCESS_KEY_ID).eq(lit(key))).await?;
    let (rows, confidence, reason) = if by_key.is_empty() {
        let Some(name) = person.as_deref() else { return Ok(()) };
        let from = start.checked_sub(SignedDuration::from_hours(SIGN_IN_HOURS)).unwrap_or(start);
        let rows = look(
            engine,
            column(fields::BROKER_PERSON)
                .eq(lit(name))
                .and(column(fields::TIMESTAMP).gt_eq(instant(from)))
                .and(column(fields::TIMESTAMP).lt_eq(instant(start))),
        )
        .await?;
        (rows, Confidence::Medium, "same person, shortly before the session began")
    } else {
        (by_key, Confidence::High, "the broker's record names the key")
    };
    // Without the key several requests may fit; the latest are shown, none is picked.
    let skip = rows.len().saturating_sub(CANDIDATES_MAX);
    let confidence = if rows.len() > 1 && confidence == Confidence::Medium {
        Confidence::Low
    } else {
        confidence
    };
    for row in skip..rows.len() {
        let who =
            rows.string(fields::BROKER_PERSON.name(), row)?.unwrap_or_else(|| "unknown".to_owned());
        let role = rows.text(fields::BROKER_ROLE.name(), row)?.unwrap_or("a role");
        chain.hops.push(Hop {
            kind: "broker".to_owned(),
            principal: who.clone(),
            time: rows.time(fields::TIMESTAMP.name(), row)?.unwrap_or(start),
            event_id: rows.string(fields::EVENT_ID.name(), row)?.unwrap_or_default(),
            confidence,
            reason: format!("{reason}; it handed out {role} to {who}"),
        });
        person.get_or_insert(who);
    }
    Ok(())
}

async fn sign_in(
    engine: &Engine,
    chain: &mut Chain,
    person: Option<&str>,
    start: Timestamp,
    facts: &Facts,
) -> Result<(), AnalysisError> {
    let Some(person) = person else {
        if chain.origin.is_none() {
            chain.missing.push(
                "the person: no session name, broker record or user name leads to one".to_owned(),
            );
        }
        return Ok(());
    };
    if facts.span_of(Dataset::OKTA.as_str()).is_none() {
        chain.missing.push(format!("the sign-in of {person}: no identity provider log is at hand"));
        chain.origin.get_or_insert_with(|| person.to_owned());
        return Ok(());
    }
    let from = start.checked_sub(SignedDuration::from_hours(SIGN_IN_HOURS)).unwrap_or(start);
    let rows = look(
        engine,
        column(fields::EVENT_DATASET)
            .eq(lit(Dataset::OKTA.as_str()))
            .and(column(fields::OKTA_ACTOR_ALTERNATE_ID).eq(lit(person)))
            .and(column(fields::EVENT_OUTCOME).eq(lit("success")))
            .and(
                column(fields::EVENT_ACTION).in_list(
                    [
                        "user.session.start",
                        "user.authentication.sso",
                        "user.authentication.auth_via_mfa",
                        "user.authentication.verify",
                        "policy.evaluate_sign_on",
                    ]
                    .map(lit)
                    .to_vec(),
                    false,
                ),
            )
            .and(column(fields::TIMESTAMP).gt_eq(instant(from)))
            .and(column(fields::TIMESTAMP).lt_eq(instant(start))),
    )
    .await?;
    if rows.is_empty() {
        chain.missing.push(format!(
            "a sign-in of {person} in the {SIGN_IN_HOURS} hours before the session: Okta's log is \
             at hand and holds none"
        ));
    }
    let skip = rows.len().saturating_sub(CANDIDATES_MAX);
    for row in skip..rows.len() {
        let address = rows.text(fields::SOURCE_IP.name(), row)?.unwrap_or("an unknown address");
        let action = rows.text(fields::EVENT_ACTION.name(), row)?.unwrap_or_default();
        chain.hops.push(Hop {
            kind: "idp_login".to_owned(),
            principal: person.to_owned(),
            time: rows.time(fields::TIMESTAMP.name(), row)?.unwrap_or(start),
            event_id: rows.string(fields::EVENT_ID.name(), row)?.unwrap_or_default(),
            confidence: Confidence::Medium,
            reason: format!(
                "{action} from {address}, in the {SIGN_IN_HOURS} hours before the session began"
            ),
        });
    }
    chain.origin.get_or_insert_with(|| person.to_owned());
    Ok(())
}
