//! S3 object reads, drawn together by reader, address and bucket.
//!
//! CloudTrail data events and the S3 server access log show the same reads; a request id that both
//! hold is counted once, from CloudTrail. So is one that two accounts' trails hold under one shared
//! event id, from the caller's. Reads from inside (private addresses, AWS services acting
//! for their caller) by an own account move nothing out and are only counted; so are days that look
//! like the same reader's other days ([`super::habit`]).

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::JoinType;
use datafusion::dataframe::DataFrame;
use datafusion::functions::expr_fn::{coalesce, concat, date_trunc};
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, min, sum};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt};
use datafusion::prelude::{ident, lit};
use egret_model::dataset::Dataset;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_model::limits::{CITATIONS_MAX, MOVEMENTS_MAX};
use egret_model::report::{
    Bound, ChannelResult, Citation, Destination, Grade, Movement, MovementActor, Resource, Volume,
};
use jiff::Timestamp;

use super::habit::Habits;
use super::{Scope, compile, quoted, sentence};
use crate::channel::Channel;
use crate::engine::{AnalysisError, Engine, Rows, column, or_engine};

const WHAT: &str = "object reads";

/// Days on which a reader at a usual address moves up to this many bytes are usual. The pattern
/// calls one object of a million bytes large; ten of them a day are still a person's work.
const USUAL_BYTES_A_DAY: u64 = 10_000_000;

/// Object names shown in a movement's title when there are no more than this many.
const NAMED_OBJECTS: u64 = 3;

/// Who read from where.
type Pair = (String, String);

/// One reader, address, bucket and outcome.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    principal: String,
    address: String,
    bucket: String,
    failed: bool,
}

impl Group {
    fn key(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.principal, self.address, self.bucket, i64::from(self.failed))
    }
}

#[derive(Debug, Default)]
struct Days {
    /// Day and bytes.
    unusual: Vec<(Timestamp, u64)>,
    caller_account: Option<String>,
    owner_account: Option<String>,
}

pub(super) async fn find(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
) -> Result<(Vec<Movement>, ChannelResult), AnalysisError> {
    let reads = reads(engine, channel, scope).await?;
    let daily = daily(engine, reads.clone()).await?;
    let presence = presence(engine).await?;
    let sifted = sift(&daily, &presence, scope)?;
    let mut groups = sifted.groups;
    let mut left_out = 0usize;
    if groups.len() > MOVEMENTS_MAX {
        let mut by_size: Vec<(Group, Days)> = groups.into_iter().collect();
        by_size.sort_by_key(|(group, days)| {
            let bytes =
                days.unusual.iter().fold(0u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
            (group.failed, std::cmp::Reverse(bytes))
        });
        left_out = by_size.len().saturating_sub(MOVEMENTS_MAX);
        groups = by_size.into_iter().take(MOVEMENTS_MAX).collect();
    }
    let mut movements = Vec::new();
    if !groups.is_empty() {
        let of_groups = restrict(reads, &groups, scope)?;
        let totals = totals(engine, of_groups.clone()).await?;
        let cited = cited(engine, of_groups).await?;
        for row in 0..totals.len() {
            let key = totals.string("group", row)?.unwrap_or_default();
            let Some((group, days)) = groups.iter().find(|(group, _)| group.key() == key) else {
                continue;
            };
            let examples = cited.get(&key).cloned().unwrap_or_default();
            movements.push(movement(channel, scope, group, days, &totals, row, examples)?);
        }
    }
    let mut detail = format!(
        "{} reads in the window: {} from inside, {} from outside as on the same reader's other days, \
         {} listed as {} movements",
        sifted.events,
        sifted.inside,
        sifted.usual,
        sifted.listed,
        movements.len()
    );
    if scope.habit.is_none() {
        detail
            .push_str("; the evidence is too short to tell what is usual, so nothing is set aside");
    }
    if left_out > 0 {
        detail.push_str(&format!("; the {left_out} smallest groups are not listed"));
    }
    let status = if !movements.is_empty() {
        "found"
    } else if sifted.events > 0 {
        "nothing_found"
    } else {
        "no read of an object is in the logs; whether data events or access logs were \
                  switched on for every bucket cannot be told from this"
            .clone_into(&mut detail);
        "not_covered"
    };
    let result = ChannelResult {
        id: channel.id.clone(),
        title: channel.title.clone(),
        status: status.to_owned(),
        events: sifted.events,
        detail,
    };
    Ok((movements, result))
}

/// Every read once, under short names.
async fn reads(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
) -> Result<DataFrame, AnalysisError> {
    let query = compile(channel, &channel.query, scope.now)?;
    let events = engine.events(WHAT).await?;
    let events = or_engine(WHAT, events.filter(query))?;
    let of = |dataset: Dataset| column(fields::EVENT_DATASET).eq(lit(dataset.as_str()));
    let request = |field: Field| column(field).alias("request");
    let select = |request: Expr| {
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
            coalesce(vec![
                column(fields::SOURCE_ADDRESS),
                column(fields::SOURCE_IP),
                lit("unknown"),
            ])
            .alias("address"),
            coalesce(vec![column(fields::AWS_S3_BUCKET_NAME), lit("unknown")]).alias("bucket"),
            column(fields::AWS_S3_OBJECT_KEY).alias("object"),
            column(fields::SOURCE_BYTES).alias("bytes"),
            column(fields::EVENT_OUTCOME).eq(lit("failure")).alias("failed"),
            coalesce(vec![
                column(fields::CT_USER_IDENTITY_SESSION_NAME),
                column(fields::USER_NAME),
            ])
            .alias("user"),
            column(fields::CT_USER_IDENTITY_ACCESS_KEY_ID).alias("access_key"),
            column(fields::CT_USER_IDENTITY_ACCOUNT_ID).alias("caller_account"),
            column(fields::CLOUD_ACCOUNT_ID).alias("owner_account"),
            column(fields::EVENT_DATASET).alias("dataset_of"),
            column(fields::EVENT_ID).alias("event"),
            column(fields::LOG_FILE_PATH).alias("file"),
            column(fields::LOG_OFFSET).alias("record"),
            column(fields::CT_SHARED_EVENT_ID).alias("shared"),
            request,
        ]
    };
    let trail = or_engine(WHAT, events.clone().filter(of(Dataset::CLOUDTRAIL)))?;
    let trail = or_engine(WHAT, trail.select(select(request(fields::CT_REQUEST_ID))))?;
    let trail = once(trail)?;
    let access = or_engine(WHAT, events.filter(of(Dataset::S3_ACCESS)))?;
    let access = or_engine(WHAT, access.select(select(request(fields::S3ACCESS_REQUEST_ID))))?;
    let known = or_engine(WHAT, trail.clone().select(vec![ident("request").alias("known")]))?;
    let access =
        or_engine(WHAT, access.join(known, JoinType::LeftAnti, &["request"], &["known"], None))?;
    or_engine(WHAT, trail.union(access))
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
                ident("principal"),
                ident("address"),
                ident("bucket"),
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
    engine.groups(WHAT, frame, &["principal", "address", "bucket", "failed", "day"]).await
}

/// Days on which each principal called from each address, whatever it did.
async fn presence(engine: &Engine) -> Result<BTreeSet<(Pair, Timestamp)>, AnalysisError> {
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

#[derive(Debug, Default)]
struct Sifted {
    groups: BTreeMap<Group, Days>,
    events: u64,
    inside: u64,
    usual: u64,
    listed: u64,
}

/// Sets aside what is from inside or usual.
fn sift(
    daily: &Rows,
    presence: &BTreeSet<(Pair, Timestamp)>,
    scope: &Scope<'_>,
) -> Result<Sifted, AnalysisError> {
    let mut habits: Habits<Pair> = Habits::new(scope.habit, USUAL_BYTES_A_DAY);
    for (pair, day) in presence {
        habits.add(pair.clone(), *day, 0);
    }
    let mut rows = Vec::with_capacity(daily.len());
    for row in 0..daily.len() {
        let (Some(principal), Some(address), Some(bucket), Some(day)) = (
            daily.string("principal", row)?,
            daily.string("address", row)?,
            daily.string("bucket", row)?,
            daily.time("day", row)?,
        ) else {
            continue;
        };
        let bytes = daily.count("bytes", row)?;
        habits.add((principal.clone(), address.clone()), day, bytes);
        let failed = daily.number("failed", row)? == Some(1);
        rows.push((row, Group { principal, address, bucket, failed }, day, bytes));
    }
    let mut sifted = Sifted::default();
    let end_of = |day: Timestamp| day.checked_add(jiff::SignedDuration::from_hours(24));
    for (row, group, day, bytes) in rows {
        let overlaps = day < scope.window.end
            && end_of(day).is_ok_and(|next_day| next_day > scope.window.start);
        if !overlaps {
            continue;
        }
        let reads = daily.count("reads", row)?;
        sifted.events = sifted.events.saturating_add(reads);
        let caller = daily.string("caller_account", row)?;
        let owner = daily.string("owner_account", row)?;
        let foreign = is_foreign(scope, caller.as_deref(), &group.principal);
        let outside = scope.judge.is_internal(&group.address) == Some(false);
        if !foreign && !outside {
            sifted.inside = sifted.inside.saturating_add(reads);
            continue;
        }
        let pair = (group.principal.clone(), group.address.clone());
        if !foreign && habits.is_usual(&pair, day) {
            sifted.usual = sifted.usual.saturating_add(reads);
            continue;
        }
        sifted.listed = sifted.listed.saturating_add(reads);
        let days = sifted.groups.entry(group).or_default();
        days.unusual.push((day, bytes));
        days.caller_account = days.caller_account.take().or(caller);
        days.owner_account = days.owner_account.take().or(owner);
    }
    Ok(sifted)
}

/// Whether an outside account reads.
fn is_foreign(scope: &Scope<'_>, caller: Option<&str>, principal: &str) -> bool {
    caller.or_else(|| egret_model::aws::account_of_arn(principal)).is_some_and(|account| {
        egret_model::aws::is_account_id(account)
            && !scope.judge.own_accounts().is_empty()
            && !scope.judge.own_accounts().contains(account)
    })
}

/// Only the reads of these groups on their unusual days within the window, with the group's key.
fn restrict(
    reads: DataFrame,
    groups: &BTreeMap<Group, Days>,
    scope: &Scope<'_>,
) -> Result<DataFrame, AnalysisError> {
    let key = concat(vec![
        ident("principal"),
        lit("\n"),
        ident("address"),
        lit("\n"),
        ident("bucket"),
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
    const WHAT: &str = "object reads to cite";
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

fn movement(
    channel: &Channel,
    scope: &Scope<'_>,
    group: &Group,
    days: &Days,
    totals: &Rows,
    row: usize,
    examples: Vec<(Citation, Option<String>)>,
) -> Result<Movement, AnalysisError> {
    let reads = totals.count("reads", row)?;
    let objects = totals.count("objects", row)?;
    let measured = totals.count("measured", row)?;
    let bytes = totals.count("bytes", row)?;
    let grade = if group.failed { Grade::Attempted } else { channel.grade };
    let resource = Resource {
        kind: channel.resource.kind.clone(),
        id: group.bucket.clone(),
        account: days.owner_account.clone(),
    };
    let destination = destination(scope, group, days);
    let volume = if group.failed {
        Volume { value: Some(0), method: "every request failed".to_owned(), bound: Bound::Exact }
    } else if measured == reads {
        Volume {
            value: Some(bytes),
            method: channel.volume.method.clone(),
            bound: channel.volume.bound,
        }
    } else {
        Volume {
            value: (measured > 0).then_some(bytes),
            method: format!(
                "{}; {} of {reads} reads say how much",
                channel.volume.method, measured
            ),
            bound: if measured > 0 { Bound::Lower } else { Bound::Unknown },
        }
    };
    let mut title = sentence(channel, &resource, &destination, "");
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
        "every request was denied or failed; no object was sent".to_owned()
    } else if low == high {
        format!("{}; shown by {}", channel.proves, low.unwrap_or("the logs"))
    } else {
        format!(
            "{}; shown by {} and, for reads it does not hold, by {}",
            channel.proves,
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
        query: query(group, scope),
        signs,
    })
}

/// An outside account where one reads from within AWS, else the address.
fn destination(scope: &Scope<'_>, group: &Group, days: &Days) -> Destination {
    let account = days
        .caller_account
        .as_deref()
        .or_else(|| egret_model::aws::account_of_arn(&group.principal))
        .filter(|account| is_foreign(scope, Some(account), &group.principal));
    match account {
        Some(account) if scope.judge.is_internal(&group.address) != Some(false) => {
            scope.judge.destination("aws_account", account, None)
        }
        account => scope.judge.destination("ip_address", &group.address, account),
    }
}

fn query(group: &Group, scope: &Scope<'_>) -> String {
    let who = if group.principal.starts_with("arn:") {
        format!(
            " AND ({}: {} OR {}: {})",
            fields::CT_USER_IDENTITY_ARN.name(),
            quoted(&group.principal),
            fields::S3ACCESS_REQUESTER.name(),
            quoted(&group.principal)
        )
    } else {
        String::new()
    };
    format!(
        "{}: {} AND {}: {}{who} AND event.action: (GetObject OR SelectObjectContent OR \
         GetObjectTorrent OR *.GET.OBJECT) AND @timestamp: [\"{}\" TO \"{}\"}}",
        fields::AWS_S3_BUCKET_NAME.name(),
        quoted(&group.bucket),
        fields::SOURCE_ADDRESS.name(),
        quoted(&group.address),
        scope.window.start,
        scope.window.end
    )
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
