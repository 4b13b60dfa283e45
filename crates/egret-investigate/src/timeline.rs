//! The access timeline: what the actors of the movements did, in order, with its phase.
//!
//! Events of one actor, action and outcome that follow one another within minutes are drawn
//! together; the timeline says how many there were and cites the first.

use std::collections::BTreeSet;

use datafusion::functions::expr_fn::{coalesce, date_trunc};
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt};
use datafusion::prelude::{ident, lit};
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::report::{Citation, Confidence, Grade, Movement, TimelineEntry};
use egret_model::time::TimeRange;
use jiff::SignedDuration;

use crate::engine::{AnalysisError, Engine, any_of, column, in_order, instant, or_engine};

const WHAT: &str = "timeline";

/// Hours before the first and after the last movement that belong to the story, as the pattern's
/// own timeline query has them.
const HOURS_BEFORE: i64 = 12;
const HOURS_AFTER: i64 = 2;

/// Like events no further apart than this are drawn together.
const TOGETHER_MINUTES: i64 = 15;

/// Who the story is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cast {
    /// Principals, by ARN.
    pub principals: BTreeSet<String>,
    /// Access keys.
    pub access_keys: BTreeSet<String>,
    /// People: session names, logins.
    pub people: BTreeSet<String>,
}

impl Cast {
    /// The actors of these movements.
    pub fn of<'a>(movements: impl IntoIterator<Item = &'a Movement>) -> Self {
        let mut cast = Self::default();
        for movement in movements {
            let actor = &movement.actor;
            cast.principals.extend(
                actor.principal.iter().filter(|principal| principal.starts_with("arn:")).cloned(),
            );
            cast.access_keys.extend(actor.access_key_id.iter().cloned());
            // A session named after an instance or a service is nobody's login.
            cast.people.extend(actor.user.iter().filter(|user| user.contains('@')).cloned());
        }
        cast
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.principals.is_empty() && self.access_keys.is_empty() && self.people.is_empty()
    }

    /// Their events.
    fn filter(&self) -> Expr {
        let logins: BTreeSet<String> = self.people.iter().map(|name| name.to_lowercase()).collect();
        any_of(fields::CT_USER_IDENTITY_ARN, &self.principals)
            .or(any_of(fields::CT_USER_IDENTITY_ACCESS_KEY_ID, &self.access_keys))
            .or(any_of(fields::CT_ISSUED_ACCESS_KEY_ID, &self.access_keys))
            .or(any_of(fields::BROKER_ACCESS_KEY_ID, &self.access_keys))
            .or(any_of(fields::BROKER_PERSON, &logins))
            .or(any_of(fields::OKTA_ACTOR_ALTERNATE_ID, &logins))
    }
}

/// The story of the cast around the movements, oldest first, with the movements themselves in it.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn timeline(
    engine: &Engine,
    cast: &Cast,
    movements: &[Movement],
) -> Result<Vec<TimelineEntry>, AnalysisError> {
    let Some(period) = period(movements) else { return Ok(Vec::new()) };
    let mut entries: Vec<TimelineEntry> = Vec::new();
    if !cast.is_empty() {
        let rows = grouped(engine, cast, period).await?;
        for row in 0..rows.len() {
            let (Some(first), Some(last)) = (rows.time("first", row)?, rows.time("last", row)?)
            else {
                continue;
            };
            let action = rows.text("action", row)?.unwrap_or("unknown");
            let provider = rows.text("provider", row)?.unwrap_or_default();
            let source = rows.text("of", row)?.unwrap_or_default();
            let failed = rows.text("outcome", row)? == Some("failure");
            let who = rows.text("who", row)?.unwrap_or("someone");
            let address = rows.text("address", row)?;
            let target = rows.text("target", row)?;
            let times = rows.count("events", row)?;
            let citation = Citation {
                id: rows.string("event", row)?.unwrap_or_default(),
                file: rows.string("file", row)?.unwrap_or_default(),
                record: rows.count("record", row)?,
            };
            entries.push(TimelineEntry {
                time: first,
                until: last,
                count: times,
                tag: "INCIDENT".to_owned(),
                phase: phase(provider, action, source, failed).to_owned(),
                text: sentence(who, action, provider, target, address, failed, times),
                confidence: Confidence::Medium,
                source: source.to_owned(),
                event_id: citation.id.clone(),
                citation,
            });
        }
        entries = joined(entries);
    }
    for movement in movements {
        entries.push(movement_entry(movement));
    }
    entries.sort_by(|a, b| {
        (a.time, &a.phase, &a.text, &a.citation).cmp(&(b.time, &b.phase, &b.text, &b.citation))
    });
    Ok(entries)
}

fn period(movements: &[Movement]) -> Option<TimeRange> {
    let first = movements.iter().map(|movement| movement.first).min()?;
    let last = movements.iter().map(|movement| movement.last).max()?;
    Some(TimeRange {
        start: first.checked_sub(SignedDuration::from_hours(HOURS_BEFORE)).ok()?,
        end: last.checked_add(SignedDuration::from_hours(HOURS_AFTER)).ok()?,
    })
}

async fn grouped(
    engine: &Engine,
    cast: &Cast,
    period: TimeRange,
) -> Result<crate::engine::Rows, AnalysisError> {
    let events = engine.events(WHAT).await?;
    let within = column(fields::TIMESTAMP)
        .gt_eq(instant(period.start))
        .and(column(fields::TIMESTAMP).lt(instant(period.end)));
    let frame = or_engine(WHAT, events.filter(within.and(cast.filter())))?;
    // The hour is part of the group so that a story over days keeps its order.
    let group = ["who", "action", "provider", "of", "outcome", "address", "target", "hour"];
    let frame = or_engine(
        WHAT,
        frame.select(vec![
            coalesce(vec![
                column(fields::CT_USER_IDENTITY_SESSION_NAME),
                column(fields::BROKER_PERSON),
                column(fields::OKTA_ACTOR_ALTERNATE_ID),
                column(fields::USER_NAME),
                column(fields::CT_USER_IDENTITY_INVOKED_BY),
            ])
            .alias("who"),
            column(fields::EVENT_ACTION).alias("action"),
            column(fields::EVENT_PROVIDER).alias("provider"),
            column(fields::EVENT_DATASET).alias("of"),
            column(fields::EVENT_OUTCOME).alias("outcome"),
            coalesce(vec![column(fields::SOURCE_ADDRESS), column(fields::SOURCE_IP)])
                .alias("address"),
            coalesce(vec![
                column(fields::AWS_S3_BUCKET_NAME),
                column(fields::CT_ROLE_ARN),
                column(fields::BROKER_ROLE),
                column(fields::USER_TARGET_NAME),
            ])
            .alias("target"),
            date_trunc(lit("hour"), column(fields::TIMESTAMP)).alias("hour"),
            column(fields::TIMESTAMP),
            column(fields::EVENT_ID),
            column(fields::LOG_FILE_PATH),
            column(fields::LOG_OFFSET),
        ]),
    )?;
    let number = or_engine(
        WHAT,
        row_number().partition_by(group.map(ident).to_vec()).order_by(in_order()).build(),
    )?;
    let frame = or_engine(WHAT, frame.window(vec![number.alias("number")]))?;
    let only_first = |value: Expr| -> Result<Expr, AnalysisError> {
        or_engine(WHAT, datafusion::prelude::when(ident("number").eq(lit(1u64)), value).end())
    };
    let frame = or_engine(
        WHAT,
        frame.aggregate(
            group.map(ident).to_vec(),
            vec![
                min(column(fields::TIMESTAMP)).alias("first"),
                max(column(fields::TIMESTAMP)).alias("last"),
                count(column(fields::TIMESTAMP)).alias("events"),
                max(only_first(column(fields::EVENT_ID))?).alias("event"),
                max(only_first(column(fields::LOG_FILE_PATH))?).alias("file"),
                max(only_first(column(fields::LOG_OFFSET))?).alias("record"),
            ],
        ),
    )?;
    let order = ["first", "who", "action", "of", "outcome", "address", "target"];
    engine.groups(WHAT, frame, &order).await
}

/// Draws together neighbours that say the same.
fn joined(entries: Vec<TimelineEntry>) -> Vec<TimelineEntry> {
    let together = SignedDuration::from_mins(TOGETHER_MINUTES);
    let mut joined: Vec<TimelineEntry> = Vec::with_capacity(entries.len());
    for entry in entries {
        let same = joined.iter_mut().rev().find(|held| {
            held.text_without_count() == entry.text_without_count()
                && entry.time.duration_since(held.until) <= together
        });
        match same {
            Some(held) => {
                held.until = held.until.max(entry.until);
                held.count = held.count.saturating_add(entry.count);
                let stem = held.text_without_count().to_owned();
                held.text = counted(&stem, held.count);
            }
            None => joined.push(entry),
        }
    }
    joined
}

trait Stem {
    fn text_without_count(&self) -> &str;
}

impl Stem for TimelineEntry {
    fn text_without_count(&self) -> &str {
        self.text.rsplit_once(" (").map_or(self.text.as_str(), |(stem, rest)| {
            if rest.ends_with(" times)") { stem } else { self.text.as_str() }
        })
    }
}

fn counted(stem: &str, times: u64) -> String {
    if times > 1 { format!("{stem} ({times} times)") } else { stem.to_owned() }
}

fn sentence(
    who: &str,
    action: &str,
    provider: &str,
    target: Option<&str>,
    address: Option<&str>,
    failed: bool,
    times: u64,
) -> String {
    let mut text = who.to_owned();
    text.push_str(if failed { " failed at " } else { ": " });
    text.push_str(action);
    if let Some(service) = provider.strip_suffix(".amazonaws.com") {
        text.push_str(&format!(" ({service})"));
    }
    if let Some(target) = target {
        text.push_str(&format!(" on {target}"));
    }
    if let Some(address) = address {
        text.push_str(&format!(" from {address}"));
    }
    counted(&text, times)
}

fn movement_entry(movement: &Movement) -> TimelineEntry {
    let citation = movement.events.first().cloned().unwrap_or(Citation {
        id: String::new(),
        file: String::new(),
        record: 0,
    });
    TimelineEntry {
        time: movement.first,
        until: movement.last,
        count: movement.event_count,
        tag: "INCIDENT".to_owned(),
        phase: match movement.grade {
            Grade::Prepared | Grade::Enabled => "permission_change",
            _ => "transfer",
        }
        .to_owned(),
        text: format!("{}: {}", movement.id, movement.title),
        confidence: Confidence::High,
        source: match movement.channel.as_str() {
            "network_egress" => Dataset::VPC_FLOW,
            "dns_tunnel" => Dataset::ROUTE53_RESOLVER,
            _ => Dataset::CLOUDTRAIL,
        }
        .as_str()
        .to_owned(),
        event_id: citation.id.clone(),
        citation,
    }
}

/// What an action is in the course of an incident.
///
/// # Source
///
/// The pattern's *Timeline-based Correlation*; names are CloudTrail's and Okta's.
pub fn phase(provider: &str, action: &str, dataset: &str, failed: bool) -> &'static str {
    if dataset == Dataset::OKTA.as_str() {
        return "authentication";
    }
    if dataset == Dataset::IDENTITY_BROKER.as_str() {
        return "authorization";
    }
    if is_cleanup(action) {
        return "cleanup";
    }
    match action {
        "ConsoleLogin" | "GetSigninToken" | "Authenticate" | "UserAuthentication" => {
            return "authentication";
        }
        "GetCallerIdentity" | "LookupEvents" => return "reconnaissance",
        _ => {}
    }
    if action.starts_with("AssumeRole")
        || matches!(action, "GetSessionToken" | "GetFederationToken" | "GetRoleCredentials")
    {
        return "authorization";
    }
    if matches!(
        action,
        "GetObject"
            | "GetSecretValue"
            | "BatchGetSecretValue"
            | "GetParameter"
            | "GetParameters"
            | "SelectObjectContent"
            | "Decrypt"
            | "GetSnapshotBlock"
            | "StartSession"
            | "SendCommand"
            | "REST.GET.OBJECT"
    ) {
        return if failed { "reconnaissance" } else { "access" };
    }
    if action.starts_with("Shared")
        || action.contains("Export")
        || action.starts_with("Copy")
        || matches!(action, "CreateSnapshot" | "CreateSnapshots" | "CreateStoreImageTask")
    {
        return "transfer";
    }
    let read_only = ["List", "Describe", "Get", "Head", "Lookup", "Search", "Simulate"];
    if read_only.iter().any(|verb| action.starts_with(verb)) {
        return "reconnaissance";
    }
    let permission_words = [
        "Policy",
        "Permission",
        "Attribute",
        "AccessKey",
        "LoginProfile",
        "Acl",
        "PublicAccessBlock",
    ];
    if provider == "iam.amazonaws.com" || permission_words.iter().any(|word| action.contains(word))
    {
        return "permission_change";
    }
    "access"
}

/// Actions that take away logs, detection or traces.
pub const CLEANUP: &[&str] = &[
    "StopLogging",
    "DeleteTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "DeleteFlowLogs",
    "DeleteDetector",
    "UpdateDetector",
    "StopConfigurationRecorder",
    "DeleteConfigurationRecorder",
    "DeleteDeliveryChannel",
    "DeleteLogGroup",
    "DeleteLogStream",
    "LeaveOrganization",
    "DeleteResolverQueryLogConfig",
    "DisassociateResolverQueryLogConfig",
];

/// Whether an action takes away logs, detection or traces.
pub fn is_cleanup(action: &str) -> bool {
    CLEANUP.contains(&action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases() {
        #[rustfmt::skip]
        let rows = [
            ("signin.amazonaws.com", "ConsoleLogin", "aws.cloudtrail", "authentication"),
            ("", "user.session.start", "okta.system", "authentication"),
            ("", "credentials.issue", "identity_broker.audit", "authorization"),
            ("sts.amazonaws.com", "AssumeRoleWithSAML", "aws.cloudtrail", "authorization"),
            ("s3.amazonaws.com", "ListBuckets", "aws.cloudtrail", "reconnaissance"),
            ("s3.amazonaws.com", "GetObject", "aws.cloudtrail", "access"),
            ("ec2.amazonaws.com", "ModifySnapshotAttribute", "aws.cloudtrail", "permission_change"),
            ("ec2.amazonaws.com", "CreateInstanceExportTask", "aws.cloudtrail", "transfer"),
            ("cloudtrail.amazonaws.com", "StopLogging", "aws.cloudtrail", "cleanup"),
            ("iam.amazonaws.com", "CreateUser", "aws.cloudtrail", "permission_change"),
        ];
        for (provider, action, dataset, want) in rows {
            assert_eq!(phase(provider, action, dataset, false), want, "{action}");
        }
    }
}
