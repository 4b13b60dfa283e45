//! Outbound network flows, drawn together by sender and receiver.
//!
//! One transfer is logged at every interface it passes: at the instance and again at the NAT
//! gateway. It is counted once: per sender, receiver and day the interface that saw most counts, and
//! what a NAT gateway sends on in its own name is left out where the host behind it is known.

mod signs;

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions::expr_fn::{coalesce, concat, date_trunc};
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt};
use datafusion::prelude::{ident, lit};
use egret_model::ecs::catalog::fields;
use egret_model::limits::{CITATIONS_MAX, MOVEMENTS_MAX};
use egret_model::report::{ChannelResult, Citation, Movement, MovementActor, Resource, Volume};
use egret_model::words::bytes as bytes_in_words;
use egret_query::{Bindings, Language, Options, Reading};
use jiff::Timestamp;

use super::habit::Habits;
use super::{Scope, Sightings, compile, quoted, sentence};
use crate::channel::{Channel, EventRule};
use crate::engine::{AnalysisError, Engine, Rows, column, instant, or_engine};

const WHAT: &str = "outbound flows";

/// Bytes a pair must move on a day to be listed: the pattern's own threshold for a large transfer.
const LARGE_BYTES_A_DAY: u64 = 10_000_000;

/// Sender and receiver.
type Pair = (String, String);

#[derive(Debug, Clone, Default)]
struct Day {
    bytes: u64,
    flows: u64,
    interface: String,
    account: Option<String>,
}

pub(super) async fn find(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> Result<(Vec<Movement>, ChannelResult), AnalysisError> {
    let daily = daily(engine, channel, scope).await?;
    let gateways = gateways(engine).await?;
    let mut habits: Habits<Pair> = Habits::new(scope.habit, LARGE_BYTES_A_DAY);
    let (days, answers) = by_day(&daily, &gateways)?;
    for ((pair, day), moved) in &days {
        habits.add(pair.clone(), *day, moved.bytes);
    }
    let mut listed: BTreeMap<Pair, Vec<(Timestamp, Day)>> = BTreeMap::new();
    let (mut events, mut small, mut usual) = (0u64, 0u64, 0u64);
    for ((pair, day), moved) in days {
        let next_day = day.checked_add(jiff::SignedDuration::from_hours(24));
        if day >= scope.window.end || next_day.is_ok_and(|next| next <= scope.window.start) {
            if day < scope.window.start {
                let (sender, receiver) = &pair;
                let to = scope.judge.destination("ip_address", receiver, None);
                earlier.add(&to, day, Some(sender));
            }
            continue;
        }
        events = events.saturating_add(moved.flows);
        if moved.bytes < LARGE_BYTES_A_DAY {
            small = small.saturating_add(moved.flows);
        } else if habits.is_usual(&pair, day) {
            usual = usual.saturating_add(moved.flows);
        } else {
            listed.entry(pair).or_default().push((day, moved));
        }
    }
    let mut by_size: Vec<(Pair, Vec<(Timestamp, Day)>)> = listed.into_iter().collect();
    by_size.sort_by_key(|(pair, days)| {
        let bytes = days.iter().fold(0u64, |sum, (_, day)| sum.saturating_add(day.bytes));
        (std::cmp::Reverse(bytes), pair.clone())
    });
    let left_out = by_size.len().saturating_sub(MOVEMENTS_MAX);
    by_size.truncate(MOVEMENTS_MAX);
    let cited = cited(engine, channel, scope, &by_size).await?;
    let instances = cited.values().filter_map(|cited| cited.instance.clone()).collect();
    let credentials = signs::credentials(engine, &instances).await?;
    let mut movements = Vec::new();
    for (pair, days) in &by_size {
        for rule in &channel.events {
            let mut movement = movement(channel, rule, scope, pair, days, &cited);
            // Nothing of the pair lies outside the days that are listed.
            if scope.habit.is_some() && habits.days_seen(pair) == days.len() {
                movement
                    .signs
                    .push("the sender sent this receiver nothing on other days".to_owned());
            }
            let instance = cited.get(&key_of(pair)).and_then(|cited| cited.instance.as_ref());
            for (principal, calls) in
                instance.and_then(|id| credentials.get(id)).into_iter().flatten()
            {
                movement.signs.push(format!(
                    "the instance's credentials act as {principal}, in {calls} calls"
                ));
            }
            movements.push(movement);
        }
    }
    let mut detail = format!(
        "{events} outbound flows to outside addresses in the window: {small} on days below {} a \
         pair, {usual} as on the same pair's other days, the rest listed as {} movements",
        bytes_in_words(LARGE_BYTES_A_DAY),
        movements.len()
    );
    if answers > 0 {
        detail.push_str(&format!(
            "; {answers} flows that answer callers of a listening service are not counted in"
        ));
    }
    if left_out > 0 {
        detail.push_str(&format!("; the {left_out} smallest pairs are not listed"));
    }
    let result = ChannelResult {
        id: channel.id.clone(),
        title: channel.title.clone(),
        status: if movements.is_empty() { "nothing_found" } else { "found" }.to_owned(),
        events,
        detail,
    };
    Ok((movements, result))
}

/// Accepted flows from inside to outside.
fn outbound(channel: &Channel, scope: &Scope<'_>) -> Result<Expr, AnalysisError> {
    let mut bindings = Bindings::new();
    bindings.set(
        "internal",
        scope.judge.internal().iter().map(ToString::to_string).collect::<Vec<_>>(),
    );
    let options = Options {
        bindings: &bindings,
        now: scope.now,
        language: Language::Lucene,
        reading: Reading::Standard,
        strict: false,
        ignore_case: false,
        unknown_is_missing: false,
    };
    let text = "source.ip: \"<internal>\" AND destination.ip: [NOT \"<internal>\"]";
    let leaving =
        egret_query::compile(text, &options).map_err(|diagnostics| AnalysisError::Query {
            what: "outbound flows".to_owned(),
            reason: format!("{diagnostics:?}"),
        })?;
    Ok(compile(channel, &channel.query(), scope.now)?.and(leaving.expr))
}

fn sender() -> Expr {
    coalesce(vec![column(fields::VPCFLOW_PKT_SRCADDR), column(fields::SOURCE_IP)]).alias("sender")
}

fn receiver() -> Expr {
    coalesce(vec![column(fields::VPCFLOW_PKT_DSTADDR), column(fields::DESTINATION_IP)])
        .alias("receiver")
}

/// A privileged port that answers an ephemeral one.
fn answering() -> Expr {
    column(fields::SOURCE_PORT)
        .lt(lit(1024i64))
        .and(column(fields::DESTINATION_PORT).gt_eq(lit(1024i64)))
}

async fn daily(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
) -> Result<Rows, AnalysisError> {
    let flows = engine.events(WHAT).await?;
    let flows = or_engine(WHAT, flows.filter(outbound(channel, scope)?))?;
    let answers = datafusion::prelude::cast(
        coalesce(vec![answering(), lit(false)]),
        arrow::datatypes::DataType::Int64,
    );
    let frame = or_engine(
        WHAT,
        flows.aggregate(
            vec![
                sender(),
                receiver(),
                coalesce(vec![column(fields::VPCFLOW_INTERFACE_ID), lit("unknown")])
                    .alias("interface"),
                answers.alias("answers"),
                date_trunc(lit("day"), column(fields::TIMESTAMP)).alias("day"),
            ],
            vec![
                sum(column(fields::SOURCE_BYTES)).alias("bytes"),
                count(column(fields::TIMESTAMP)).alias("flows"),
                min(column(fields::CLOUD_ACCOUNT_ID)).alias("account"),
            ],
        ),
    )?;
    let order = ["sender", "receiver", "interface", "answers", "day"];
    engine.groups(WHAT, frame, &order).await
}

/// Addresses that pass packets on: they receive what is meant for someone else.
async fn gateways(engine: &Engine) -> Result<BTreeSet<String>, AnalysisError> {
    const WHAT: &str = "gateways";
    let flows = engine.events(WHAT).await?;
    let passing_on = column(fields::VPCFLOW_PKT_DSTADDR)
        .is_not_null()
        .and(column(fields::VPCFLOW_PKT_DSTADDR).not_eq(column(fields::DESTINATION_IP)));
    let frame = or_engine(WHAT, flows.filter(passing_on))?;
    let frame =
        or_engine(WHAT, frame.select(vec![column(fields::DESTINATION_IP).alias("gateway")]))?;
    let frame = or_engine(WHAT, frame.distinct())?;
    let rows = engine.rows(WHAT, frame).await?;
    let mut gateways = BTreeSet::new();
    for row in 0..rows.len() {
        gateways.extend(rows.string("gateway", row)?);
    }
    Ok(gateways)
}

type ByDay = BTreeMap<(Pair, Timestamp), Day>;

/// Each transfer once, and the number of flows that answer callers.
fn by_day(daily: &Rows, gateways: &BTreeSet<String>) -> Result<(ByDay, u64), AnalysisError> {
    let mut days: ByDay = BTreeMap::new();
    let mut answers = 0u64;
    for row in 0..daily.len() {
        let (Some(sender), Some(receiver), Some(day)) =
            (daily.string("sender", row)?, daily.string("receiver", row)?, daily.time("day", row)?)
        else {
            continue;
        };
        let flows = daily.count("flows", row)?;
        if daily.number("answers", row)? == Some(1) {
            answers = answers.saturating_add(flows);
            continue;
        }
        let bytes = daily.count("bytes", row)?;
        let held = days.entry(((sender, receiver), day)).or_default();
        if bytes > held.bytes || held.flows == 0 {
            *held = Day {
                bytes,
                flows,
                interface: daily.string("interface", row)?.unwrap_or_default(),
                account: daily.string("account", row)?,
            };
        }
    }
    // What a gateway sends in its own name was sent by a host behind it, where one is seen.
    let behind: BTreeSet<(String, Timestamp)> = days
        .keys()
        .filter(|((sender, _), _)| !gateways.contains(sender))
        .map(|((_, receiver), day)| (receiver.clone(), *day))
        .collect();
    days.retain(|((sender, receiver), day), _| {
        !gateways.contains(sender) || !behind.contains(&(receiver.clone(), *day))
    });
    Ok((days, answers))
}

/// What is cited of one pair.
#[derive(Debug, Clone, Default)]
struct Cited {
    citations: Vec<Citation>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    flows: u64,
    instance: Option<String>,
    traits: signs::Traits,
}

fn key_of((sender, receiver): &Pair) -> String {
    format!("{sender}\n{receiver}")
}

async fn cited(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
    listed: &[(Pair, Vec<(Timestamp, Day)>)],
) -> Result<BTreeMap<String, Cited>, AnalysisError> {
    const WHAT: &str = "outbound flows to cite";
    let mut any: Option<Expr> = None;
    for ((sender, receiver), days) in listed {
        for (day, moved) in days {
            let one = ident("pair")
                .eq(lit(format!("{sender}\n{receiver}\n{}", moved.interface)))
                .and(date_trunc(lit("day"), ident("time")).eq(instant(*day)));
            any = Some(match any {
                Some(so_far) => so_far.or(one),
                None => one,
            });
        }
    }
    let Some(any) = any else { return Ok(BTreeMap::new()) };
    let flows = engine.events(WHAT).await?;
    let within = column(fields::TIMESTAMP)
        .gt_eq(instant(scope.window.start))
        .and(column(fields::TIMESTAMP).lt(instant(scope.window.end)));
    let flows = or_engine(WHAT, flows.filter(outbound(channel, scope)?.and(within)))?;
    let mut select = vec![
        sender(),
        receiver(),
        coalesce(vec![column(fields::VPCFLOW_INTERFACE_ID), lit("unknown")]).alias("interface"),
        column(fields::TIMESTAMP).alias("time"),
        coalesce(vec![column(fields::EVENT_END), column(fields::TIMESTAMP)]).alias("end"),
        column(fields::VPCFLOW_INSTANCE_ID).alias("instance"),
        column(fields::EVENT_ID).alias("event"),
        column(fields::LOG_FILE_PATH).alias("file"),
        column(fields::LOG_OFFSET).alias("record"),
    ];
    select.extend(signs::columns());
    let flows = or_engine(WHAT, flows.select(select))?;
    let pair =
        concat(vec![ident("sender"), lit("\n"), ident("receiver"), lit("\n"), ident("interface")]);
    let flows = or_engine(WHAT, flows.with_column("pair", pair))?;
    let flows = or_engine(WHAT, flows.filter(any))?;
    let totals = or_engine(
        WHAT,
        flows.clone().aggregate(
            vec![ident("sender"), ident("receiver")],
            vec![
                min(ident("time")).alias("first"),
                max(ident("time")).alias("last"),
                count(ident("time")).alias("flows"),
                min(ident("instance")).alias("instance"),
            ],
        ),
    )?;
    let totals = engine.rows(WHAT, totals).await?;
    let mut cited: BTreeMap<String, Cited> = BTreeMap::new();
    let key = |rows: &Rows, row: usize| -> Result<String, AnalysisError> {
        Ok(format!(
            "{}\n{}",
            rows.text("sender", row)?.unwrap_or_default(),
            rows.text("receiver", row)?.unwrap_or_default()
        ))
    };
    for row in 0..totals.len() {
        let held = cited.entry(key(&totals, row)?).or_default();
        held.first = totals.time("first", row)?;
        held.last = totals.time("last", row)?;
        held.flows = totals.count("flows", row)?;
        held.instance = totals.string("instance", row)?;
    }
    for (pair, traits) in signs::traits(engine, flows.clone()).await? {
        cited.entry(key_of(&pair)).or_default().traits = traits;
    }
    let order = ["time", "file", "record"].map(|name| ident(name).sort(true, true)).to_vec();
    let number = or_engine(
        WHAT,
        row_number().partition_by(vec![ident("sender"), ident("receiver")]).order_by(order).build(),
    )?;
    let frame = or_engine(WHAT, flows.window(vec![number.alias("number")]))?;
    let most = u64::try_from(CITATIONS_MAX).unwrap_or(u64::MAX);
    let frame = or_engine(WHAT, frame.filter(ident("number").lt_eq(lit(most))))?;
    let frame = or_engine(
        WHAT,
        frame.sort(
            ["sender", "receiver", "number"].map(|name| ident(name).sort(true, true)).to_vec(),
        ),
    )?;
    let rows = engine.rows(WHAT, frame).await?;
    for row in 0..rows.len() {
        cited.entry(key(&rows, row)?).or_default().citations.push(Citation {
            id: rows.string("event", row)?.unwrap_or_default(),
            file: rows.string("file", row)?.unwrap_or_default(),
            record: rows.count("record", row)?,
        });
    }
    Ok(cited)
}

fn movement(
    channel: &Channel,
    rule: &EventRule,
    scope: &Scope<'_>,
    pair: &Pair,
    days: &[(Timestamp, Day)],
    cited: &BTreeMap<String, Cited>,
) -> Movement {
    let (sender, receiver) = pair;
    let bytes = days.iter().fold(0u64, |sum, (_, day)| sum.saturating_add(day.bytes));
    let account = days.iter().find_map(|(_, day)| day.account.clone());
    let resource = Resource { kind: rule.resource.kind.clone(), id: sender.clone(), account };
    let destination = scope.judge.destination("ip_address", receiver, None);
    let cited = cited.get(&key_of(pair)).cloned().unwrap_or_default();
    let mut signs = Vec::new();
    if let Some(instance) = &cited.instance {
        signs.push(format!("the sender is instance {instance}"));
    }
    signs.extend(cited.traits.signs());
    Movement {
        id: String::new(),
        channel: channel.id.clone(),
        title: sentence(&rule.summary, &resource, &destination)
            .replace("{bytes}", &bytes_in_words(bytes)),
        grade: rule.grade,
        grade_reason: rule.proves.clone(),
        resource,
        destination,
        actor: MovementActor {
            principal: None,
            user: None,
            access_key_id: None,
            source_ip: Some(sender.clone()),
        },
        first: cited.first.unwrap_or(scope.window.start),
        last: cited.last.unwrap_or(scope.window.start),
        closed_at: None,
        objects: None,
        bytes: Volume {
            value: Some(bytes),
            method: rule.volume.method.clone(),
            bound: rule.volume.bound,
        },
        events: cited.citations,
        event_count: cited.flows,
        attack: channel.attack.clone(),
        query: format!(
            "event.dataset: \"aws.vpcflow\" AND event.outcome: \"success\" AND (source.ip: {0} OR \
             aws.vpcflow.pkt_srcaddr: {0}) AND (destination.ip: {1} OR aws.vpcflow.pkt_dstaddr: {1})",
            quoted(sender),
            quoted(receiver)
        ),
        signs,
    }
}
