//! Reads of S3 objects, drawn together by rule, reader, address and bucket.
//!
//! CloudTrail data events and the S3 server access log show the same reads of objects; a request id
//! that both hold is counted once, from CloudTrail. So is a read that two accounts' trails hold
//! under one shared event id, from the caller's. Reads from inside (private addresses, AWS services
//! acting for their caller) by an own account move nothing out and are only counted; so are days
//! that look like the same reader's other days ([`super::habit`]).

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::JoinType;
use datafusion::dataframe::DataFrame;
use datafusion::functions::expr_fn::{coalesce, concat, date_trunc};
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, min, sum};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt};
use datafusion::prelude::{ident, lit, when};
use egret_model::dataset::Dataset;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_model::limits::{CITATIONS_MAX, MOVEMENTS_MAX};
use egret_model::report::{
    Bound, ChannelResult, Citation, Destination, Grade, Movement, MovementActor, Resource, Volume,
};
use jiff::Timestamp;

use super::habit::Habits;
use super::{Scope, Sightings, compile, quoted, sentence};
use crate::channel::{Channel, EventRule};
use crate::engine::{AnalysisError, Engine, Rows, column, or_engine};

const WHAT: &str = "reads";

/// Days on which a reader at a usual address moves up to this many bytes are usual. The pattern
/// calls one object of a million bytes large; ten of them a day are still a person's work.
const USUAL_BYTES_A_DAY: u64 = 10_000_000;

/// Object names shown in a movement's title when there are no more than this many.
const NAMED_OBJECTS: u64 = 3;

/// Who read from where.
pub(super) type Pair = (String, String);

/// One rule of one channel.
#[derive(Debug, Clone, Copy)]
struct Part<'c> {
    channel: &'c Channel,
    rule: &'c EventRule,
}

impl<'c> Part<'c> {
    /// A channel that says more about a read than another comes before it.
    fn all(channels: &[&'c Channel]) -> Vec<Self> {
        let mut parts: Vec<Self> = channels
            .iter()
            .flat_map(|channel| channel.events.iter().map(|rule| Self { channel, rule }))
            .collect();
        parts.sort_by_key(|part| part.channel.instead_of.is_none());
        parts
    }
}

/// One rule, reader, address, resource and outcome.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    /// Place among the parts.
    pub(super) part: usize,
    pub(super) principal: String,
    pub(super) address: String,
    pub(super) resource: String,
    pub(super) failed: bool,
}

impl Group {
    fn key(&self) -> String {
        format!(
            "{}\n{}\n{}\n{}\n{}",
            self.part,
            self.principal,
            self.address,
            self.resource,
            i64::from(self.failed)
        )
    }
}

/// What became of the reads of one channel.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) inside: u64,
    pub(super) usual: u64,
    pub(super) listed: u64,
    pub(super) left_out: usize,
}

#[derive(Debug, Default)]
struct Days {
    /// Day and bytes.
    unusual: Vec<(Timestamp, u64)>,
    reads: u64,
    caller_account: Option<String>,
    owner_account: Option<String>,
}

/// Movements of these channels, unsorted and unnumbered, and a result for each channel.
pub(super) async fn find(
    engine: &Engine,
    channels: &[&Channel],
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> Result<(Vec<Movement>, Vec<ChannelResult>), AnalysisError> {
    if channels.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let parts = Part::all(channels);
    let Reads { all: reads, twice } = reads(engine, &parts, scope).await?;
    let daily = daily(engine, reads.clone()).await?;
    let presence = if daily.is_empty() { BTreeSet::new() } else { presence(engine).await? };
    let (mut groups, mut tallies) = sift(&daily, &presence, &parts, scope, earlier)?;
    if groups.len() > MOVEMENTS_MAX {
        let mut by_size: Vec<(Group, Days)> = groups.into_iter().collect();
        by_size.sort_by_key(|(group, days)| {
            let bytes =
                days.unusual.iter().fold(0u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
            (group.failed, std::cmp::Reverse(bytes), std::cmp::Reverse(days.reads))
        });
        for (group, _) in by_size.split_off(MOVEMENTS_MAX) {
            if let Some(part) = parts.get(group.part) {
                let tally = tallies.entry(&part.channel.id).or_default();
                tally.left_out = tally.left_out.saturating_add(1);
            }
        }
        groups = by_size.into_iter().collect();
    }
    let mut movements = Vec::new();
    if !groups.is_empty() {
        let compared = match twice {
            Some((trail, access)) => compared(engine, trail, access, &groups, scope).await?,
            None => BTreeMap::new(),
        };
        let of_groups = restrict(reads, &groups, scope)?;
        let totals = totals(engine, of_groups.clone()).await?;
        let cited = cited(engine, of_groups).await?;
        for row in 0..totals.len() {
            let key = totals.string("group", row)?.unwrap_or_default();
            let Some((group, days)) = groups.iter().find(|(group, _)| group.key() == key) else {
                continue;
            };
            let Some(part) = parts.get(group.part) else { continue };
            let examples = cited.get(&key).cloned().unwrap_or_default();
            let compared = compared.get(&key).copied();
            let of_group = OfGroup { group, days, examples, compared };
            movements.push(movement(*part, scope, of_group, &totals, row)?);
        }
    }
    let results = channels
        .iter()
        .map(|channel| {
            let listed = movements.iter().filter(|one| one.channel == channel.id).count();
            result(channel, tallies.get(channel.id.as_str()), listed, scope)
        })
        .collect();
    Ok((movements, results))
}

/// What became of one channel.
pub(super) fn result(
    channel: &Channel,
    tally: Option<&Tally>,
    movements: usize,
    scope: &Scope<'_>,
) -> ChannelResult {
    let events = tally.map_or(0, |tally| tally.events);
    let unlogged = channel.unlogged().filter(|_| events == 0);
    let mut detail = match (tally, unlogged) {
        (_, Some(reason)) => reason.to_owned(),
        (Some(tally), None) if events > 0 => format!(
            "{events} reads in the window: {} from inside, {} from outside as on the same reader's \
             other days, {} listed as {movements} movements",
            tally.inside, tally.usual, tally.listed,
        ),
        _ => format!(
            "no such call in the window, and {} would have shown it where it covers the window",
            channel.datasets.join(" or ")
        ),
    };
    if events > 0 && scope.habit.is_none() {
        detail
            .push_str("; the evidence is too short to tell what is usual, so nothing is set aside");
    }
    if let Some(left_out) = tally.map(|tally| tally.left_out).filter(|count| *count > 0) {
        detail.push_str(&format!("; the {left_out} smallest groups are not listed"));
    }
    let status = if movements > 0 {
        "found"
    } else if unlogged.is_some() {
        "not_covered"
    } else {
        "nothing_found"
    };
    ChannelResult {
        id: channel.id.clone(),
        title: channel.title.clone(),
        status: status.to_owned(),
        events,
        detail,
    }
}

/// Columns that every kind of read has, under short names.
fn common() -> Vec<Expr> {
    vec![
        column(fields::TIMESTAMP).alias("time"),
        coalesce(vec![
            column(fields::CT_USER_IDENTITY_ARN),
            column(fields::S3ACCESS_REQUESTER),
            column(fields::CT_USER_IDENTITY_ACCOUNT_ID),
            column(fields::CT_USER_IDENTITY_INVOKED_BY),
            lit("anonymous"),
        ])
        .alias("principal"),
        coalesce(vec![column(fields::SOURCE_ADDRESS), column(fields::SOURCE_IP), lit("unknown")])
            .alias("address"),
        column(fields::EVENT_OUTCOME).eq(lit("failure")).alias("failed"),
        coalesce(vec![column(fields::CT_USER_IDENTITY_SESSION_NAME), column(fields::USER_NAME)])
            .alias("user"),
        column(fields::CT_USER_IDENTITY_ACCESS_KEY_ID).alias("access_key"),
        column(fields::CT_USER_IDENTITY_ACCOUNT_ID).alias("caller_account"),
        column(fields::CLOUD_ACCOUNT_ID).alias("owner_account"),
        column(fields::EVENT_DATASET).alias("dataset_of"),
        column(fields::EVENT_ID).alias("event"),
        column(fields::LOG_FILE_PATH).alias("file"),
        column(fields::LOG_OFFSET).alias("record"),
        column(fields::CT_SHARED_EVENT_ID).alias("shared"),
    ]
}

/// Only events that fit a part, with its number as `part`.
fn numbered(events: DataFrame, fitting: Vec<(usize, Expr)>) -> Result<DataFrame, AnalysisError> {
    let (mut part, mut any) = (lit(-1i64), lit(false));
    for (at, fits) in fitting.into_iter().rev() {
        let number = lit(i64::try_from(at).unwrap_or(i64::MAX));
        part = or_engine(WHAT, when(fits.clone(), number).otherwise(part))?;
        any = fits.or(any);
    }
    let events = or_engine(WHAT, events.filter(any))?;
    or_engine(WHAT, events.with_column("part", part))
}

/// The reads, each once, and the two logs that may both hold those of objects.
struct Reads {
    all: DataFrame,
    /// CloudTrail's and the access log's.
    twice: Option<(DataFrame, DataFrame)>,
}

/// Every read once.
async fn reads(
    engine: &Engine,
    parts: &[Part<'_>],
    scope: &Scope<'_>,
) -> Result<Reads, AnalysisError> {
    let has = |dataset: Dataset| scope.datasets.iter().any(|held| held == dataset.as_str());
    let (trail, access) = objects(engine, parts, scope).await?;
    let known = or_engine(WHAT, trail.clone().select(vec![ident("request").alias("known")]))?;
    let only = or_engine(
        WHAT,
        access.clone().join(known, JoinType::LeftAnti, &["request"], &["known"], None),
    )?;
    let all = or_engine(WHAT, once(trail.clone())?.union(only))?;
    let both = has(Dataset::CLOUDTRAIL) && has(Dataset::S3_ACCESS);
    Ok(Reads { all, twice: both.then_some((trail, access)) })
}

/// Reads that both logs hold, and what each says they came to.
#[derive(Debug, Clone, Copy, Default)]
struct Compared {
    both: u64,
    differ: u64,
    trail_bytes: u64,
    access_bytes: u64,
}

async fn compared(
    engine: &Engine,
    trail: DataFrame,
    access: DataFrame,
    groups: &BTreeMap<Group, Days>,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Compared>, AnalysisError> {
    const WHAT: &str = "reads in both logs";
    let trail = restrict(trail, groups, scope)?;
    let access = or_engine(
        WHAT,
        access.select(vec![
            ident("request").alias("access_request"),
            ident("bytes").alias("access_bytes"),
        ]),
    )?;
    let both = or_engine(
        WHAT,
        trail.join(access, JoinType::Inner, &["request"], &["access_request"], None),
    )?;
    let differs = coalesce(vec![ident("bytes").not_eq(ident("access_bytes")), lit(false)]);
    let differs = or_engine(WHAT, when(differs, lit(1i64)).otherwise(lit(0i64)))?;
    let frame = or_engine(
        WHAT,
        both.aggregate(
            vec![ident("group")],
            vec![
                count(ident("time")).alias("both"),
                sum(differs).alias("differ"),
                sum(ident("bytes")).alias("trail_bytes"),
                sum(ident("access_bytes")).alias("access_bytes"),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["group"]).await?;
    let mut compared = BTreeMap::new();
    for row in 0..rows.len() {
        let Some(group) = rows.string("group", row)? else { continue };
        let one = Compared {
            both: rows.count("both", row)?,
            differ: rows.count("differ", row)?,
            trail_bytes: rows.count("trail_bytes", row)?,
            access_bytes: rows.count("access_bytes", row)?,
        };
        compared.insert(group, one);
    }
    Ok(compared)
}

/// Reads of objects, of CloudTrail and of the access log.
async fn objects(
    engine: &Engine,
    parts: &[Part<'_>],
    scope: &Scope<'_>,
) -> Result<(DataFrame, DataFrame), AnalysisError> {
    let mut fitting = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        fitting.push((at, compile(part.channel, &part.rule.key().query(), scope.now)?));
    }
    let events = numbered(engine.events(WHAT).await?, fitting)?;
    let of = |dataset: Dataset| column(fields::EVENT_DATASET).eq(lit(dataset.as_str()));
    let select = |request: Field| {
        let mut select = common();
        select.extend([
            ident("part"),
            coalesce(vec![column(fields::AWS_S3_BUCKET_NAME), lit("unknown")]).alias("resource"),
            column(fields::AWS_S3_OBJECT_KEY).alias("object"),
            column(fields::SOURCE_BYTES).alias("bytes"),
            column(request).alias("request"),
        ]);
        select
    };
    let trail = or_engine(WHAT, events.clone().filter(of(Dataset::CLOUDTRAIL)))?;
    let trail = or_engine(WHAT, trail.select(select(fields::CT_REQUEST_ID)))?;
    let access = or_engine(WHAT, events.filter(of(Dataset::S3_ACCESS)))?;
    let access = or_engine(WHAT, access.select(select(fields::S3ACCESS_REQUEST_ID)))?;
    Ok((trail, access))
}

/// Leaves out the bucket owner's copy of a read that the caller's trail holds too.
fn once(trail: DataFrame) -> Result<DataFrame, AnalysisError> {
    let is_copy = coalesce(vec![
        ident("shared").is_not_null().and(ident("owner_account").not_eq(ident("caller_account"))),
        lit(false),
    ]);
    let copies = or_engine(WHAT, trail.clone().filter(is_copy.clone()))?;
    let own = or_engine(WHAT, trail.filter(datafusion::prelude::not(is_copy)))?;
    let known = or_engine(WHAT, own.clone().select(vec![ident("shared").alias("known")]))?;
    let known = or_engine(WHAT, known.filter(ident("known").is_not_null()))?;
    let copies =
        or_engine(WHAT, copies.join(known, JoinType::LeftAnti, &["shared"], &["known"], None))?;
    or_engine(WHAT, own.union(copies))
}

fn day() -> Expr {
    date_trunc(lit("day"), ident("time")).alias("day")
}

async fn daily(engine: &Engine, reads: DataFrame) -> Result<Rows, AnalysisError> {
    let frame = or_engine(
        WHAT,
        reads.aggregate(
            vec![
                ident("part"),
                ident("principal"),
                ident("address"),
                ident("resource"),
                ident("failed").cast_to_int(),
                day(),
            ],
            vec![
                count(ident("time")).alias("reads"),
                sum(ident("bytes")).alias("bytes"),
                min(ident("caller_account")).alias("caller_account"),
                min(ident("owner_account")).alias("owner_account"),
            ],
        ),
    )?;
    engine.groups(WHAT, frame, &["part", "principal", "address", "resource", "failed", "day"]).await
}

/// Days on which each principal called from each address, whatever it did.
pub(super) async fn presence(
    engine: &Engine,
) -> Result<BTreeSet<(Pair, Timestamp)>, AnalysisError> {
    const WHAT: &str = "days at an address";
    let events = engine.events(WHAT).await?;
    let frame = or_engine(
        WHAT,
        events.filter(
            column(fields::EVENT_DATASET)
                .eq(lit(Dataset::CLOUDTRAIL.as_str()))
                .and(column(fields::CT_USER_IDENTITY_ARN).is_not_null())
                .and(column(fields::SOURCE_IP).is_not_null()),
        ),
    )?;
    let frame = or_engine(
        WHAT,
        frame.select(vec![
            column(fields::CT_USER_IDENTITY_ARN).alias("principal"),
            column(fields::SOURCE_ADDRESS).alias("address"),
            date_trunc(lit("day"), column(fields::TIMESTAMP)).alias("day"),
        ]),
    )?;
    let frame = or_engine(WHAT, frame.distinct())?;
    let rows = engine.groups(WHAT, frame, &[]).await?;
    let mut seen = BTreeSet::new();
    for row in 0..rows.len() {
        if let (Some(principal), Some(address), Some(day)) =
            (rows.string("principal", row)?, rows.string("address", row)?, rows.time("day", row)?)
        {
            seen.insert(((principal, address), day));
        }
    }
    Ok(seen)
}

type Sifted<'c> = (BTreeMap<Group, Days>, BTreeMap<&'c str, Tally>);

/// Sets aside what is from inside or usual.
fn sift<'c>(
    daily: &Rows,
    presence: &BTreeSet<(Pair, Timestamp)>,
    parts: &[Part<'c>],
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> Result<Sifted<'c>, AnalysisError> {
    let mut habits: Habits<Pair> = Habits::new(scope.habit, USUAL_BYTES_A_DAY);
    for (pair, day) in presence {
        habits.add(pair.clone(), *day, 0);
    }
    let mut rows = Vec::with_capacity(daily.len());
    for row in 0..daily.len() {
        let (Some(principal), Some(address), Some(resource), Some(day), Some(part)) = (
            daily.string("principal", row)?,
            daily.string("address", row)?,
            daily.string("resource", row)?,
            daily.time("day", row)?,
            daily.number("part", row)?.and_then(|part| usize::try_from(part).ok()),
        ) else {
            continue;
        };
        let bytes = daily.count("bytes", row)?;
        habits.add((principal.clone(), address.clone()), day, bytes);
        let failed = daily.number("failed", row)? == Some(1);
        rows.push((row, Group { part, principal, address, resource, failed }, day, bytes));
    }
    let mut groups: BTreeMap<Group, Days> = BTreeMap::new();
    let mut tallies: BTreeMap<&'c str, Tally> = BTreeMap::new();
    let end_of = |day: Timestamp| day.checked_add(jiff::SignedDuration::from_hours(24));
    for (row, group, day, bytes) in rows {
        let Some(part) = parts.get(group.part) else { continue };
        let overlaps = day < scope.window.end
            && end_of(day).is_ok_and(|next_day| next_day > scope.window.start);
        let caller = daily.string("caller_account", row)?;
        if !overlaps {
            if day < scope.window.start && !group.failed {
                let Group { principal, address, .. } = &group;
                let to = destination(scope, principal, address, caller.as_deref());
                earlier.add(&to, day, Some(principal));
            }
            continue;
        }
        let reads = daily.count("reads", row)?;
        let owner = daily.string("owner_account", row)?;
        let tally = tallies.entry(part.channel.id.as_str()).or_default();
        tally.events = tally.events.saturating_add(reads);
        let foreign = is_foreign(scope, caller.as_deref(), &group.principal);
        let outside = scope.judge.is_internal(&group.address) == Some(false);
        if !foreign && !outside {
            tally.inside = tally.inside.saturating_add(reads);
            continue;
        }
        let pair = (group.principal.clone(), group.address.clone());
        if !foreign && habits.is_usual(&pair, day) {
            tally.usual = tally.usual.saturating_add(reads);
            continue;
        }
        tally.listed = tally.listed.saturating_add(reads);
        let days = groups.entry(group).or_default();
        days.unusual.push((day, bytes));
        days.reads = days.reads.saturating_add(reads);
        days.caller_account = days.caller_account.take().or(caller);
        days.owner_account = days.owner_account.take().or(owner);
    }
    Ok((groups, tallies))
}

/// Whether an outside account reads.
pub(super) fn is_foreign(scope: &Scope<'_>, caller: Option<&str>, principal: &str) -> bool {
    caller
        .or_else(|| egret_model::aws::account_of_arn(principal))
        .is_some_and(|account| scope.is_foreign(account))
}

/// Only the reads of these groups on their unusual days within the window, with the group's key.
fn restrict(
    reads: DataFrame,
    groups: &BTreeMap<Group, Days>,
    scope: &Scope<'_>,
) -> Result<DataFrame, AnalysisError> {
    let key = concat(vec![
        datafusion::prelude::cast(ident("part"), arrow::datatypes::DataType::Utf8),
        lit("\n"),
        ident("principal"),
        lit("\n"),
        ident("address"),
        lit("\n"),
        ident("resource"),
        lit("\n"),
        ident("failed").cast_to_int_text(),
    ]);
    let mut any: Option<Expr> = None;
    for (group, days) in groups {
        let days = days.unusual.iter().map(|(day, _)| crate::engine::instant(*day)).collect();
        let one = ident("group")
            .eq(lit(group.key()))
            .and(date_trunc(lit("day"), ident("time")).in_list(days, false));
        any = Some(match any {
            Some(so_far) => so_far.or(one),
            None => one,
        });
    }
    let within = ident("time")
        .gt_eq(crate::engine::instant(scope.window.start))
        .and(ident("time").lt(crate::engine::instant(scope.window.end)));
    let reads = or_engine(WHAT, reads.filter(within))?;
    let reads = or_engine(WHAT, reads.with_column("group", key))?;
    or_engine(WHAT, reads.filter(any.unwrap_or(lit(false))))
}

async fn totals(engine: &Engine, reads: DataFrame) -> Result<Rows, AnalysisError> {
    let frame = or_engine(
        WHAT,
        reads.aggregate(
            vec![ident("group")],
            vec![
                count(ident("time")).alias("reads"),
                count_distinct(ident("object")).alias("objects"),
                sum(ident("bytes")).alias("bytes"),
                count(ident("bytes")).alias("measured"),
                min(ident("time")).alias("first"),
                max(ident("time")).alias("last"),
                min(ident("access_key")).alias("access_key"),
                count_distinct(ident("access_key")).alias("access_keys"),
                min(ident("user")).alias("user"),
                min(ident("dataset_of")).alias("dataset_low"),
                max(ident("dataset_of")).alias("dataset_high"),
            ],
        ),
    )?;
    let frame = or_engine(WHAT, frame.sort(vec![ident("group").sort(true, true)]))?;
    engine.rows(WHAT, frame).await
}

/// The first reads of each group: citation and object.
async fn cited(
    engine: &Engine,
    reads: DataFrame,
) -> Result<BTreeMap<String, Vec<(Citation, Option<String>)>>, AnalysisError> {
    const WHAT: &str = "reads to cite";
    let order = ["time", "file", "record"].map(|name| ident(name).sort(true, true)).to_vec();
    let number =
        or_engine(WHAT, row_number().partition_by(vec![ident("group")]).order_by(order).build())?;
    let frame = or_engine(WHAT, reads.window(vec![number.alias("number")]))?;
    let most = u64::try_from(CITATIONS_MAX).unwrap_or(u64::MAX);
    let frame = or_engine(WHAT, frame.filter(ident("number").lt_eq(lit(most))))?;
    let frame = or_engine(
        WHAT,
        frame.select(["group", "number", "event", "file", "record", "object"].map(ident).to_vec()),
    )?;
    let frame = or_engine(
        WHAT,
        frame.sort(vec![ident("group").sort(true, true), ident("number").sort(true, true)]),
    )?;
    let rows = engine.rows(WHAT, frame).await?;
    let mut cited: BTreeMap<String, Vec<(Citation, Option<String>)>> = BTreeMap::new();
    for row in 0..rows.len() {
        let citation = Citation {
            id: rows.string("event", row)?.unwrap_or_default(),
            file: rows.string("file", row)?.unwrap_or_default(),
            record: rows.count("record", row)?,
        };
        let group = rows.string("group", row)?.unwrap_or_default();
        cited.entry(group).or_default().push((citation, rows.string("object", row)?));
    }
    Ok(cited)
}

/// What is known of one group beside its totals.
struct OfGroup<'g> {
    group: &'g Group,
    days: &'g Days,
    examples: Vec<(Citation, Option<String>)>,
    compared: Option<Compared>,
}

fn movement(
    part: Part<'_>,
    scope: &Scope<'_>,
    OfGroup { group, days, examples, compared }: OfGroup<'_>,
    totals: &Rows,
    row: usize,
) -> Result<Movement, AnalysisError> {
    let Part { channel, rule } = part;
    let reads = totals.count("reads", row)?;
    let objects = totals.count("objects", row)?;
    let measured = totals.count("measured", row)?;
    let bytes = totals.count("bytes", row)?;
    let grade = if group.failed { Grade::Attempted } else { rule.grade };
    let resource = Resource {
        kind: rule.resource.kind.clone(),
        id: group.resource.clone(),
        account: days.owner_account.clone(),
    };
    let destination =
        destination(scope, &group.principal, &group.address, days.caller_account.as_deref());
    let volume = if group.failed {
        Volume { value: Some(0), method: "every request failed".to_owned(), bound: Bound::Exact }
    } else if measured == reads {
        Volume { value: Some(bytes), method: rule.volume.method.clone(), bound: rule.volume.bound }
    } else {
        Volume {
            value: (measured > 0).then_some(bytes),
            method: format!("{}; {measured} of {reads} reads say how much", rule.volume.method),
            bound: if measured > 0 { Bound::Lower } else { Bound::Unknown },
        }
    };
    let mut volume = volume;
    if let Some(compared) = compared.filter(|compared| compared.both > 0) {
        volume.method.push_str(&agreement(compared, reads));
    }
    let mut title = sentence(&rule.summary, &resource, &destination);
    let mut names: Vec<&str> =
        examples.iter().filter_map(|(_, object)| object.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    title.push_str(&format!(": {}", plural(reads, "read")));
    if objects > 0 {
        title.push_str(&format!(" of {}", plural(objects, "object")));
    }
    if objects <= NAMED_OBJECTS && u64::try_from(names.len()).is_ok_and(|count| count == objects) {
        title.push_str(&format!(" ({})", names.join(", ")));
    }
    if group.failed {
        title = format!("tried and failed: {title}");
    }
    let mut signs = Vec::new();
    if reads > 1 && objects == 1 && measured == reads && bytes.is_multiple_of(reads) {
        signs.push(format!(
            "the same object was read {reads} times, {} bytes each",
            bytes.checked_div(reads).unwrap_or(0)
        ));
    }
    let keys = totals.count("access_keys", row)?;
    let (low, high) = (totals.text("dataset_low", row)?, totals.text("dataset_high", row)?);
    let grade_reason = if group.failed {
        "every request was denied or failed; nothing was handed out".to_owned()
    } else if low == high {
        format!("{}; shown by {}", rule.proves, low.unwrap_or("the logs"))
    } else {
        format!(
            "{}; shown by {} and, for reads it does not hold, by {}",
            rule.proves,
            low.unwrap_or("one log"),
            high.unwrap_or("another")
        )
    };
    Ok(Movement {
        id: String::new(),
        channel: channel.id.clone(),
        title,
        grade,
        grade_reason,
        resource,
        destination,
        actor: MovementActor {
            principal: Some(group.principal.clone()),
            // The access log knows the role only, and the session is the person.
            user: match egret_model::aws::assumed_role(&group.principal) {
                Some((_, session)) => Some(session.to_owned()),
                None => totals.string("user", row)?,
            },
            access_key_id: if keys == 1 { totals.string("access_key", row)? } else { None },
            source_ip: Some(group.address.clone()),
        },
        first: totals.time("first", row)?.unwrap_or(scope.window.start),
        last: totals.time("last", row)?.unwrap_or(scope.window.start),
        closed_at: None,
        objects: (objects > 0).then_some(objects),
        bytes: volume,
        events: examples.into_iter().map(|(citation, _)| citation).collect(),
        event_count: reads,
        attack: channel.attack.clone(),
        query: query(part, group, scope),
        signs,
    })
}

/// Whether the two logs say the same of the reads that both hold.
fn agreement(compared: Compared, reads: u64) -> String {
    let Compared { both, differ, trail_bytes, access_bytes } = compared;
    if differ == 0 {
        return format!("; {both} of {reads} reads are in both logs, which agree");
    }
    format!(
        "; {both} of {reads} reads are in both logs, which differ on {differ}: CloudTrail says \
         {trail_bytes} bytes, the access log {access_bytes}"
    )
}

/// An outside account where one reads from within AWS, else the address.
pub(super) fn destination(
    scope: &Scope<'_>,
    principal: &str,
    address: &str,
    caller: Option<&str>,
) -> Destination {
    let account = caller
        .or_else(|| egret_model::aws::account_of_arn(principal))
        .filter(|account| is_foreign(scope, Some(account), principal));
    match account {
        Some(account) if scope.judge.is_internal(address) != Some(false) => {
            scope.judge.destination("aws_account", account, None)
        }
        account => scope.judge.destination("ip_address", address, account),
    }
}

fn query(part: Part<'_>, group: &Group, scope: &Scope<'_>) -> String {
    let mut clauses = vec![format!("({})", part.rule.key().query())];
    if group.principal.starts_with("arn:") {
        let principal = quoted(&group.principal);
        let arn = fields::CT_USER_IDENTITY_ARN.name();
        clauses.push(format!(
            "({arn}: {principal} OR {}: {principal})",
            fields::S3ACCESS_REQUESTER.name()
        ));
    }
    clauses.push(format!("{}: {}", fields::SOURCE_ADDRESS.name(), quoted(&group.address)));
    let resource = quoted(&group.resource);
    if group.resource != "unknown" {
        clauses.push(format!("{}: {resource}", fields::AWS_S3_BUCKET_NAME.name()));
    }
    clauses.push(format!("@timestamp: [\"{}\" TO \"{}\"}}", scope.window.start, scope.window.end));
    clauses.join(" AND ")
}

/// `1 read`, `2 reads`.
pub(super) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Booleans as numbers: grouping by a boolean and writing it into a key read the same everywhere.
trait AsNumber {
    fn cast_to_int(self) -> Expr;
    fn cast_to_int_text(self) -> Expr;
}

impl AsNumber for Expr {
    fn cast_to_int(self) -> Expr {
        let name = "failed";
        datafusion::prelude::cast(self, arrow::datatypes::DataType::Int64).alias(name)
    }

    fn cast_to_int_text(self) -> Expr {
        datafusion::prelude::cast(
            datafusion::prelude::cast(self, arrow::datatypes::DataType::Int64),
            arrow::datatypes::DataType::Utf8,
        )
    }
}
