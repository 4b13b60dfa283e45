//! Signs: what speaks for or against each explanation of a movement.
//!
//! A sign is an observation with the records behind it and a weight for each explanation. Weights
//! are in bands of half a power of ten in the likelihood ratio; they are a stated judgement, not a
//! measurement, and [`crate::judgement`] says how they combine. A sign that the logs cannot show is
//! no sign against.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions::expr_fn::date_trunc;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, min};
use datafusion::prelude::lit;
use egret_model::ecs::catalog::fields;
use egret_model::report::{Authorised, Citation, Grade, Movement};
use egret_model::time::TimeRange;
use jiff::{SignedDuration, Timestamp};

use crate::channel::{Analysis, Channel};
use crate::engine::{AnalysisError, Engine, any_of, column, instant, or_engine};
use crate::timeline::{Cast, is_cleanup, phase};

/// Explanations that weights are given for, in the order of [`Sign::weights`].
///
/// The first three are hostile, the rest benign.
pub const EXPLANATIONS: [(&str, &str); 9] = [
    ("external_theft", "theft from outside, with stolen credentials"),
    ("insider", "theft by someone with their own access"),
    ("compromised_workload", "theft through a compromised machine or service"),
    ("data_migration", "a data migration"),
    ("development_activity", "development or test work"),
    ("automated_backup", "an automated backup"),
    ("response_collection", "collection of evidence by responders"),
    ("log_delivery", "delivery of logs"),
    ("vendor_access", "agreed access by a vendor"),
];

/// How many of [`EXPLANATIONS`] are hostile.
pub const HOSTILE: usize = 3;

/// Hours around a movement in which preparation and traces are looked for.
const HOURS_AROUND: i64 = 24;

/// Days after which an address is a principal's own.
const KNOWN_PLACE_DAYS: u64 = 4;

/// An observation about one movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// Stable id.
    pub id: &'static str,
    /// Signs of one group say nearly the same and are not added up.
    pub group: &'static str,
    /// In words.
    pub text: String,
    /// One weight an explanation.
    pub weights: [i32; 9],
    /// Records behind it.
    pub citations: Vec<Citation>,
}

/// What an actor did in an hour.
#[derive(Debug, Clone)]
struct Act {
    principal: String,
    action: String,
    provider: String,
    account: Option<String>,
    failed: bool,
    first: Timestamp,
    last: Timestamp,
    times: u64,
    citation: Citation,
}

/// Who else is seen at an address, and with which agent.
#[derive(Debug, Clone)]
struct Neighbour {
    address: String,
    principal: String,
    kind: String,
    agent: String,
}

/// What the signs of all movements are read from.
#[derive(Debug)]
pub struct Observations {
    acts: Vec<Act>,
    neighbours: Vec<Neighbour>,
    habit: Option<TimeRange>,
    /// How the movements of each channel came about.
    analyses: BTreeMap<String, Analysis>,
    /// Days on which each principal was seen at each address.
    places: BTreeMap<(String, String), u64>,
}

/// Asks for what the signs need, once for all movements.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn observe(
    engine: &Engine,
    channels: &[Channel],
    movements: &[Movement],
    habit: Option<TimeRange>,
) -> Result<Observations, AnalysisError> {
    let cast = Cast::of(movements);
    let analyses = channels.iter().map(|channel| (channel.id.clone(), channel.analysis)).collect();
    let Some(first) = movements.iter().map(|movement| movement.first).min() else {
        return Ok(Observations {
            acts: Vec::new(),
            neighbours: Vec::new(),
            habit,
            analyses,
            places: BTreeMap::new(),
        });
    };
    let last = movements.iter().map(|movement| movement.last).max().unwrap_or(first);
    let around = SignedDuration::from_hours(HOURS_AROUND);
    let period = TimeRange {
        start: first.checked_sub(around).unwrap_or(first),
        end: last.checked_add(around).unwrap_or(last),
    };
    Ok(Observations {
        acts: acts(engine, &cast, period).await?,
        neighbours: neighbours(engine, movements).await?,
        habit,
        analyses,
        places: places(engine, movements).await?,
    })
}

async fn places(
    engine: &Engine,
    movements: &[Movement],
) -> Result<BTreeMap<(String, String), u64>, AnalysisError> {
    const WHAT: &str = "signs: days at an address";
    let principals: BTreeSet<String> =
        movements.iter().filter_map(|movement| movement.actor.principal.clone()).collect();
    let addresses: BTreeSet<String> =
        movements.iter().filter_map(|movement| movement.actor.source_ip.clone()).collect();
    let events = engine.events(WHAT).await?;
    let frame = or_engine(
        WHAT,
        events.filter(
            any_of(fields::CT_USER_IDENTITY_ARN, &principals)
                .and(any_of(fields::SOURCE_ADDRESS, &addresses)),
        ),
    )?;
    let frame = or_engine(
        WHAT,
        frame.aggregate(
            vec![
                column(fields::CT_USER_IDENTITY_ARN).alias("principal"),
                column(fields::SOURCE_ADDRESS).alias("address"),
            ],
            vec![count_distinct(date_trunc(lit("day"), column(fields::TIMESTAMP))).alias("days")],
        ),
    )?;
    let rows = engine.rows(WHAT, frame).await?;
    let mut places = BTreeMap::new();
    for row in 0..rows.len() {
        if let (Some(principal), Some(address)) =
            (rows.string("principal", row)?, rows.string("address", row)?)
        {
            places.insert((principal, address), rows.count("days", row)?);
        }
    }
    Ok(places)
}

async fn acts(engine: &Engine, cast: &Cast, period: TimeRange) -> Result<Vec<Act>, AnalysisError> {
    const WHAT: &str = "signs: acts";
    let events = engine.events(WHAT).await?;
    let within = column(fields::TIMESTAMP)
        .gt_eq(instant(period.start))
        .and(column(fields::TIMESTAMP).lt(instant(period.end)));
    let cleanup: BTreeSet<String> =
        crate::timeline::CLEANUP.iter().map(|name| (*name).to_owned()).collect();
    let frame = or_engine(
        WHAT,
        events.filter(
            within.and(
                any_of(fields::CT_USER_IDENTITY_ARN, &cast.principals)
                    .or(any_of(fields::EVENT_ACTION, &cleanup)),
            ),
        ),
    )?;
    let group = ["principal", "action", "provider", "account", "outcome", "hour"];
    let frame = or_engine(
        WHAT,
        frame.aggregate(
            vec![
                column(fields::CT_USER_IDENTITY_ARN).alias("principal"),
                column(fields::EVENT_ACTION).alias("action"),
                column(fields::EVENT_PROVIDER).alias("provider"),
                column(fields::CLOUD_ACCOUNT_ID).alias("account"),
                column(fields::EVENT_OUTCOME).alias("outcome"),
                date_trunc(lit("hour"), column(fields::TIMESTAMP)).alias("hour"),
            ],
            vec![
                count(column(fields::TIMESTAMP)).alias("times"),
                min(column(fields::TIMESTAMP)).alias("first"),
                max(column(fields::TIMESTAMP)).alias("last"),
                min(column(fields::EVENT_ID)).alias(fields::EVENT_ID.name()),
                min(column(fields::LOG_FILE_PATH)).alias(fields::LOG_FILE_PATH.name()),
                min(column(fields::LOG_OFFSET)).alias(fields::LOG_OFFSET.name()),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &group).await?;
    let mut acts = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let (Some(first), Some(last)) = (rows.time("first", row)?, rows.time("last", row)?) else {
            continue;
        };
        let times = rows.count("times", row)?;
        acts.push(Act {
            principal: rows.string("principal", row)?.unwrap_or_default(),
            action: rows.string("action", row)?.unwrap_or_default(),
            provider: rows.string("provider", row)?.unwrap_or_default(),
            account: rows.string("account", row)?,
            failed: rows.text("outcome", row)? == Some("failure"),
            first,
            last,
            times,
            citation: if times == 1 {
                rows.citation(row)?
            } else {
                // Several events: id, file and record may stem from different ones.
                Citation {
                    id: rows.string(fields::EVENT_ID.name(), row)?.unwrap_or_default(),
                    file: String::new(),
                    record: 0,
                }
            },
        });
    }
    Ok(acts)
}

async fn neighbours(
    engine: &Engine,
    movements: &[Movement],
) -> Result<Vec<Neighbour>, AnalysisError> {
    const WHAT: &str = "signs: who else is at the address";
    let addresses: BTreeSet<String> =
        movements.iter().filter_map(|movement| movement.actor.source_ip.clone()).collect();
    let events = engine.events(WHAT).await?;
    let frame = or_engine(
        WHAT,
        events.filter(
            any_of(fields::SOURCE_ADDRESS, &addresses)
                .and(column(fields::CT_USER_IDENTITY_ARN).is_not_null()),
        ),
    )?;
    let frame = or_engine(
        WHAT,
        frame.select(vec![
            column(fields::SOURCE_ADDRESS).alias("address"),
            column(fields::CT_USER_IDENTITY_ARN).alias("principal"),
            column(fields::CT_USER_IDENTITY_TYPE).alias("kind"),
            column(fields::USER_AGENT_ORIGINAL).alias("agent"),
        ]),
    )?;
    let frame = or_engine(WHAT, frame.distinct())?;
    let order = ["address", "principal", "kind", "agent"];
    let rows = engine.groups(WHAT, frame, &order).await?;
    let mut neighbours = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        neighbours.push(Neighbour {
            address: rows.string("address", row)?.unwrap_or_default(),
            principal: rows.string("principal", row)?.unwrap_or_default(),
            kind: rows.string("kind", row)?.unwrap_or_default(),
            agent: rows.string("agent", row)?.unwrap_or_default(),
        });
    }
    Ok(neighbours)
}

/// The signs of one movement, among all of them.
pub fn signs_of(movement: &Movement, all: &[Movement], seen: &Observations) -> Vec<Sign> {
    let mut signs = Vec::new();
    destination(movement, &mut signs);
    instance_credentials(movement, seen, &mut signs);
    habit(movement, seen, &mut signs);
    reconnaissance(movement, seen, &mut signs);
    evasion(movement, seen, &mut signs);
    series(movement, all, &mut signs);
    mechanism(movement, &mut signs);
    behind(movement, all, seen, &mut signs);
    signs
}

/// An event that names no actor, such as the use of a share, is judged by the door it went through.
fn behind(movement: &Movement, all: &[Movement], seen: &Observations, signs: &mut Vec<Sign>) {
    if movement.grade != Grade::Received || movement.actor.access_key_id.is_some() {
        return;
    }
    let door = all.iter().find(|door| {
        door.grade == Grade::Enabled
            && door.resource.id == movement.resource.id
            && door.destination.id == movement.destination.id
            && door.first <= movement.first
    });
    let Some(door) = door else { return };
    let mut inherited = Vec::new();
    reconnaissance(door, seen, &mut inherited);
    evasion(door, seen, &mut inherited);
    series(door, all, &mut inherited);
    for mut sign in inherited {
        sign.text = format!("of the share behind it ({}): {}", door.id, sign.text);
        signs.push(sign);
    }
}

fn sign(id: &'static str, group: &'static str, text: String, weights: [i32; 9]) -> Sign {
    Sign { id, group, text, weights, citations: Vec::new() }
}

fn destination(movement: &Movement, signs: &mut Vec<Sign>) {
    let to = &movement.destination;
    match (to.external, to.authorised) {
        (_, Authorised::Yes) => signs.push(sign(
            "destination_authorised",
            "destination",
            format!("the destination is known: {}", to.reason),
            [-2, -1, -2, 2, 1, 2, 2, 2, 0],
        )),
        (Some(true), _) => signs.push(sign(
            "destination_outside",
            "destination",
            format!("the destination lies outside: {}", to.reason),
            [2, 2, 2, -1, -1, -2, -1, -2, -1],
        )),
        _ => {}
    }
}

/// The instance whose role credentials a session name shows.
fn instance_of(movement: &Movement) -> Option<&str> {
    let principal = movement.actor.principal.as_deref()?;
    let (_, session) = egret_model::aws::assumed_role(principal)?;
    let hex = session.strip_prefix("i-")?;
    let plausible = matches!(hex.len(), 8 | 17) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    plausible.then_some(session)
}

fn instance_credentials(movement: &Movement, seen: &Observations, signs: &mut Vec<Sign>) {
    let (Some(instance), Some(principal), Some(address)) = (
        instance_of(movement),
        movement.actor.principal.as_deref(),
        movement.actor.source_ip.as_deref(),
    ) else {
        return;
    };
    let here = || seen.neighbours.iter().filter(|neighbour| neighbour.address == address);
    let mut reasons = Vec::new();
    let people: BTreeSet<&str> = here()
        .filter(|neighbour| neighbour.principal != principal && neighbour.kind == "IAMUser")
        .map(|neighbour| neighbour.principal.as_str())
        .collect();
    if let Some(person) = people.first() {
        reasons.push(format!("{person} works from the same address"));
    }
    let desktop: BTreeSet<&str> = here()
        .filter(|neighbour| neighbour.principal == principal)
        .map(|neighbour| neighbour.agent.as_str())
        .filter(|agent| {
            ["Darwin", "Macintosh", "Windows NT", "macos", "Kali"]
                .iter()
                .any(|os| agent.contains(os))
        })
        .collect();
    if let Some(agent) = desktop.first() {
        reasons.push(format!("the client calls itself `{agent}`, a person's machine"));
    }
    let elsewhere: BTreeSet<&str> = seen
        .neighbours
        .iter()
        .filter(|neighbour| neighbour.principal == principal && neighbour.address != address)
        .map(|neighbour| neighbour.address.as_str())
        .collect();
    if let Some(other) = elsewhere.first() {
        reasons.push(format!("the same credentials were used from {other} too"));
    }
    if reasons.is_empty() {
        return;
    }
    signs.push(sign(
        "instance_credentials_away",
        "session",
        format!(
            "the role credentials of instance {instance} were used from {address}, a machine that \
             is not the instance: {}",
            reasons.join("; ")
        ),
        [3, 0, 3, -2, -1, -2, -1, -2, -2],
    ));
}

fn habit(movement: &Movement, seen: &Observations, signs: &mut Vec<Sign>) {
    if seen.habit.is_none() || movement.grade == Grade::Attempted {
        return;
    }
    match seen.analyses.get(&movement.channel) {
        Some(Analysis::S3Reads) => signs.push(sign(
            "unlike_other_days",
            "history",
            "unlike the reader's other days: a new address, or far more than usual".to_owned(),
            [2, 1, 1, 1, 0, -2, 1, -2, 1],
        )),
        Some(Analysis::Dns) => signs.push(sign(
            "unlike_other_days",
            "history",
            "unlike the host's other days: a new domain, or far more names than usual".to_owned(),
            [1, 1, 1, 0, 0, -1, 0, -1, 0],
        )),
        Some(Analysis::Flows) => {
            signs.push(sign(
                "unlike_other_days",
                "history",
                "unlike the pair's other days: a new receiver, or far more than usual".to_owned(),
                [1, 1, 1, 1, 0, -2, 1, -2, 0],
            ));
            signs.push(sign(
                "large_transfer",
                "volume",
                "a large transfer by the pattern's own threshold".to_owned(),
                [1, 1, 1, 1, 0, 0, 1, 0, 0],
            ));
        }
        // What a call hands out may be little, and calls are not weighed by their number.
        Some(Analysis::Events | Analysis::Reads) | None => {}
    }
}

fn within(act: &Act, start: Timestamp, end: Timestamp) -> bool {
    act.last >= start && act.first <= end
}

fn reconnaissance(movement: &Movement, seen: &Observations, signs: &mut Vec<Sign>) {
    let Some(principal) = movement.actor.principal.as_deref() else { return };
    // Whoever works from an address day by day looks around as part of the work.
    let place = (principal.to_owned(), movement.actor.source_ip.clone().unwrap_or_default());
    if seen.places.get(&place).is_some_and(|days| *days >= KNOWN_PLACE_DAYS) {
        return;
    }
    let around = SignedDuration::from_hours(HOURS_AROUND);
    let start = movement.first.checked_sub(around).unwrap_or(movement.first);
    let looks: Vec<&Act> = seen
        .acts
        .iter()
        .filter(|act| {
            act.principal == principal
                && within(act, start, movement.first)
                && phase(&act.provider, &act.action, "aws.cloudtrail", act.failed)
                    == "reconnaissance"
        })
        .collect();
    let actions: BTreeSet<&str> =
        looks.iter().filter(|act| !act.failed).map(|act| act.action.as_str()).collect();
    let calls = looks.iter().fold(0u64, |sum, act| sum.saturating_add(act.times));
    if actions.len() >= 2 && calls >= 3 {
        let named: Vec<&str> = actions.iter().copied().take(5).collect();
        let mut found = sign(
            "looked_around_before",
            "reconnaissance",
            format!(
                "{calls} looking-around calls by the same principal in the {HOURS_AROUND} hours \
                 before: {}",
                named.join(", ")
            ),
            [2, 0, 2, 0, 0, -2, 1, -2, 0],
        );
        found.citations = looks.iter().take(5).map(|act| act.citation.clone()).collect();
        signs.push(found);
    }
    let denied: BTreeSet<&str> =
        looks.iter().filter(|act| act.failed).map(|act| act.action.as_str()).collect();
    if denied.len() >= 2 {
        signs.push(sign(
            "denied_before",
            "reconnaissance",
            format!(
                "denied at {} different calls in the {HOURS_AROUND} hours before",
                denied.len()
            ),
            [2, 1, 2, -1, 0, -2, -1, -2, -1],
        ));
    }
}

fn evasion(movement: &Movement, seen: &Observations, signs: &mut Vec<Sign>) {
    let around = SignedDuration::from_hours(HOURS_AROUND);
    let start = movement.first.checked_sub(around).unwrap_or(movement.first);
    let end = movement.last.checked_add(around).unwrap_or(movement.last);
    let cut: Vec<&Act> = seen
        .acts
        .iter()
        .filter(|act| {
            is_cleanup(&act.action)
                && !act.failed
                && within(act, start, end)
                && movement.actor.principal.as_deref() == Some(act.principal.as_str())
        })
        .collect();
    if let Some(act) = cut.first() {
        let mut found = sign(
            "logging_cut",
            "evasion",
            format!(
                "the same principal cut logging or detection: {} at {}{}",
                act.action,
                act.first,
                act.account
                    .as_ref()
                    .map(|account| format!(" in account {account}"))
                    .unwrap_or_default()
            ),
            [3, 2, 2, -1, -1, -2, -2, -1, -2],
        );
        found.citations = cut.iter().map(|act| act.citation.clone()).collect();
        signs.push(found);
    }
    if let Some(closed) = movement.closed_at
        && closed.duration_since(movement.first) <= around
    {
        signs.push(sign(
            "closed_again",
            "evasion",
            format!(
                "the door was closed again {} minutes after it was opened",
                closed.duration_since(movement.first).as_mins()
            ),
            [2, 2, 1, 0, 0, -1, 0, -2, -1],
        ));
    }
}

/// The role behind a session, or the principal itself.
fn role_of(principal: &str) -> &str {
    egret_model::aws::assumed_role(principal).map_or(principal, |(role, _)| role)
}

/// Movements of one kind by one role to one place.
fn is_same_series(a: &Movement, b: &Movement) -> bool {
    a.channel == b.channel
        && a.destination.kind == b.destination.kind
        && a.destination.id == b.destination.id
        && a.actor.principal.as_deref().map(role_of) == b.actor.principal.as_deref().map(role_of)
}

fn series(movement: &Movement, all: &[Movement], signs: &mut Vec<Sign>) {
    let times: Vec<Timestamp> = all
        .iter()
        .filter(|other| is_same_series(movement, other))
        .map(|other| other.first)
        .collect();
    let by_machine = movement.actor.principal.as_deref().is_some_and(|principal| {
        egret_model::aws::assumed_role(principal).is_some_and(|(_, session)| !session.contains('@'))
            || principal.ends_with(".amazonaws.com")
    });
    let earlier = times.iter().filter(|time| **time < movement.first).count();
    if by_machine && let Some(days) = daily_for(&times) {
        signs.push(sign(
            "every_day",
            "timing",
            format!(
                "the same role does the same to the same place at the same time of day, on {days} \
                 days; that shows automation, not whose"
            ),
            [-2, -2, -1, 0, 0, 3, -2, 2, 1],
        ));
    } else if earlier >= 4 {
        signs.push(sign(
            "done_before",
            "history",
            format!("the same role did the same to the same place {earlier} times before"),
            [-2, -1, -1, -1, 1, 2, -1, 2, 2],
        ));
    }
}

/// Number of days when the times are daily at one time of day; `None` when they are not.
///
/// Days must be at least seven and fill four fifths of the span; the middle distance from the
/// usual time of day must be half an hour at most.
fn daily_for(times: &[Timestamp]) -> Option<usize> {
    const DAYS_MIN: usize = 7;
    const DAY_SECONDS: i64 = 86_400;
    const SPREAD_SECONDS: i64 = 1_800;
    let mut first_of_day: BTreeMap<i64, i64> = BTreeMap::new();
    for time in times {
        let second = time.as_second();
        let of_day = second.rem_euclid(DAY_SECONDS);
        first_of_day
            .entry(second.div_euclid(DAY_SECONDS))
            .and_modify(|held| *held = (*held).min(of_day))
            .or_insert(of_day);
    }
    let (start, end) = (*first_of_day.keys().next()?, *first_of_day.keys().next_back()?);
    let span = usize::try_from(end.saturating_sub(start)).ok()?.saturating_add(1);
    if first_of_day.len() < DAYS_MIN
        || first_of_day.len().saturating_mul(5) < span.saturating_mul(4)
    {
        return None;
    }
    let mut of_day: Vec<i64> = first_of_day.values().copied().collect();
    of_day.sort_unstable();
    let median = *of_day.get(of_day.len() / 2)?;
    let mut spread: Vec<i64> = of_day
        .iter()
        .map(|at| {
            let apart = at.abs_diff(median);
            let apart = i64::try_from(apart).unwrap_or(DAY_SECONDS);
            apart.min(DAY_SECONDS.saturating_sub(apart))
        })
        .collect();
    spread.sort_unstable();
    (*spread.get(spread.len() / 2)? <= SPREAD_SECONDS).then_some(first_of_day.len())
}

fn mechanism(movement: &Movement, signs: &mut Vec<Sign>) {
    let principal = movement.actor.principal.as_deref().unwrap_or_default();
    let address = movement.actor.source_ip.as_deref().unwrap_or_default();
    let service = [principal, address]
        .into_iter()
        .find_map(|text| text.strip_suffix(".amazonaws.com"))
        .unwrap_or_default();
    match service {
        "backup" | "dlm" => signs.push(sign(
            "backup_service",
            "mechanism",
            format!("{service}.amazonaws.com made the call"),
            [-1, -1, -1, 0, -1, 3, 0, 0, -1],
        )),
        "datasync" | "dms" | "mgn" | "batchoperations.s3" | "transfer" => signs.push(sign(
            "transfer_service",
            "mechanism",
            format!("{service}.amazonaws.com made the call"),
            [0, 0, -1, 2, 0, 0, 0, -1, 0],
        )),
        "delivery.logs" | "logging.s3" | "cloudtrail" => signs.push(sign(
            "log_delivery_service",
            "mechanism",
            format!("{service}.amazonaws.com made the call"),
            [-2, -2, -2, -1, -1, 0, -1, 3, -1],
        )),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64, minute: i64) -> Timestamp {
        Timestamp::from_second(day.saturating_mul(86_400).saturating_add(minute.saturating_mul(60)))
            .unwrap()
    }

    #[test]
    fn daily_means_same_time_and_nearly_every_day() {
        let nightly: Vec<_> = (0..10).map(|day| at(day, 60 + day % 3)).collect();
        assert_eq!(daily_for(&nightly), Some(10));
        let across_midnight: Vec<_> =
            (0..10).map(|day| at(day, if day % 2 == 0 { 1_435 } else { 5 })).collect();
        assert_eq!(daily_for(&across_midnight), Some(10));
        let scattered: Vec<_> = (0..10).map(|day| at(day, day * 130 % 1_440)).collect();
        assert_eq!(daily_for(&scattered), None);
        let six: Vec<_> = (0..6).map(|day| at(day, 60)).collect();
        assert_eq!(daily_for(&six), None, "six days are too few");
        let one_night: Vec<_> = (0..100).map(|minute| at(3, minute)).collect();
        assert_eq!(daily_for(&one_night), None, "a burst is no schedule");
    }

    #[test]
    fn roles_stand_for_their_sessions() {
        assert_eq!(role_of("arn:aws:sts::111122223333:assumed-role/Ops/a"), "Ops");
        assert_eq!(
            role_of("arn:aws:iam::111122223333:user/ana"),
            "arn:aws:iam::111122223333:user/ana"
        );
    }
}
