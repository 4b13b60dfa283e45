//! What the logs at hand could show: which dataset covers which account and region, from when to
//! when, and the pattern's availability checks.
//!
//! An hour without an event is a gap only where the log is otherwise busy; a quiet log has quiet
//! hours. A gap may be silence or a missing file: the report says "no event", never "nothing
//! happened".

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions::expr_fn::date_trunc;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::prelude::lit;
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::report::{CheckStatus, Coverage, CoverageCheck, DatasetCoverage};
use egret_model::time::TimeRange;
use jiff::{SignedDuration, Timestamp};

use crate::engine::{AnalysisError, Engine, column, or_engine};

const WHAT: &str = "coverage";

/// Days of CloudTrail before the window that the pattern asks for.
const DAYS_BEFORE: i32 = 30;

/// A log is busy when it has events in at least this share of its hours, in percent.
const BUSY_PERCENT: usize = 90;

/// What the logs cover, and what they show about themselves.
#[derive(Debug, Clone)]
pub struct Facts {
    /// One row a dataset, account and region.
    pub datasets: Vec<DatasetCoverage>,
    /// First and last event of all; `None` without events.
    pub span: Option<TimeRange>,
    /// Accounts whose trails are at hand.
    pub accounts: Vec<String>,
    /// Buckets that the trails show as owned by those accounts.
    pub buckets: Vec<String>,
    /// Buckets with S3 data events.
    pub buckets_with_data_events: BTreeSet<String>,
    /// Buckets with access logs.
    pub buckets_with_access_log: BTreeSet<String>,
}

impl Facts {
    /// Datasets that hold any event.
    pub fn names(&self) -> Vec<String> {
        let names: BTreeSet<&str> =
            self.datasets.iter().map(|coverage| coverage.dataset.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// First and last event of one dataset.
    pub fn span_of(&self, dataset: &str) -> Option<(Timestamp, Timestamp)> {
        let rows = || self.datasets.iter().filter(|row| row.dataset == dataset);
        let first = rows().map(|row| row.first).min()?;
        let last = rows().map(|row| row.last).max()?;
        Some((first, last))
    }
}

/// Reads the facts from the events.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn facts(engine: &Engine) -> Result<Facts, AnalysisError> {
    let events = engine.events(WHAT).await?;
    let frame = or_engine(
        WHAT,
        events.aggregate(
            vec![
                column(fields::EVENT_DATASET).alias("of"),
                column(fields::CLOUD_ACCOUNT_ID).alias("account"),
                column(fields::CLOUD_REGION).alias("region"),
                date_trunc(lit("hour"), column(fields::TIMESTAMP)).alias("hour"),
            ],
            vec![
                count(column(fields::TIMESTAMP)).alias("events"),
                min(column(fields::TIMESTAMP)).alias("first"),
                max(column(fields::TIMESTAMP)).alias("last"),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["of", "account", "region", "hour"]).await?;

    type Place = (String, Option<String>, Option<String>);
    let mut places: BTreeMap<Place, (Timestamp, Timestamp, u64, BTreeSet<Timestamp>)> =
        BTreeMap::new();
    for row in 0..rows.len() {
        let (Some(dataset), Some(hour), Some(first), Some(last)) = (
            rows.string("of", row)?,
            rows.time("hour", row)?,
            rows.time("first", row)?,
            rows.time("last", row)?,
        ) else {
            continue;
        };
        let place = (dataset, rows.string("account", row)?, rows.string("region", row)?);
        let events = rows.count("events", row)?;
        let held = places.entry(place).or_insert((first, last, 0, BTreeSet::new()));
        held.0 = held.0.min(first);
        held.1 = held.1.max(last);
        held.2 = held.2.saturating_add(events);
        held.3.insert(hour);
    }
    let datasets: Vec<DatasetCoverage> = places
        .into_iter()
        .map(|((dataset, account, region), (first, last, events, hours))| DatasetCoverage {
            dataset,
            account,
            region,
            first,
            last,
            events,
            gaps: gaps(&hours, events),
        })
        .collect();
    let span = datasets
        .iter()
        .map(|row| row.first)
        .min()
        .zip(datasets.iter().map(|row| row.last).max())
        .map(|(start, end)| TimeRange { start, end });
    let accounts: BTreeSet<String> = datasets
        .iter()
        .filter(|row| row.dataset != Dataset::OKTA.as_str())
        .filter_map(|row| row.account.clone())
        .collect();
    let (buckets, buckets_with_data_events, buckets_with_access_log) = buckets(engine).await?;
    Ok(Facts {
        datasets,
        span,
        accounts: accounts.into_iter().collect(),
        buckets,
        buckets_with_data_events,
        buckets_with_access_log,
    })
}

/// Events that a silence must have swallowed, by the log's average, to be more than chance: with
/// twelve expected and none seen, chance is out by a hundred thousand to one.
const EXPECTED_MIN: u64 = 12;

/// Runs of hours without an event that chance does not explain, in a log that is otherwise busy.
fn gaps(hours: &BTreeSet<Timestamp>, events: u64) -> Vec<TimeRange> {
    let hour = SignedDuration::from_hours(1);
    let mut gaps = Vec::new();
    let mut silent = 0usize;
    for (before, after) in hours.iter().zip(hours.iter().skip(1)) {
        let Ok(expected) = before.checked_add(hour) else { continue };
        if expected < *after {
            let missing = after.duration_since(expected).as_hours();
            silent = silent.saturating_add(usize::try_from(missing).unwrap_or(0));
            gaps.push(TimeRange { start: expected, end: *after });
        }
    }
    let whole = hours.len().saturating_add(silent);
    let busy = hours.len().saturating_mul(100) >= whole.saturating_mul(BUSY_PERCENT);
    if !busy {
        return Vec::new();
    }
    let whole = u64::try_from(whole).unwrap_or(u64::MAX).max(1);
    gaps.retain(|gap| {
        let silent = u64::try_from(gap.end.duration_since(gap.start).as_hours()).unwrap_or(0);
        events.saturating_mul(silent) >= EXPECTED_MIN.saturating_mul(whole)
    });
    gaps
}

type Buckets = (Vec<String>, BTreeSet<String>, BTreeSet<String>);

async fn buckets(engine: &Engine) -> Result<Buckets, AnalysisError> {
    const WHAT: &str = "buckets";
    let events = engine.events(WHAT).await?;
    let frame = or_engine(WHAT, events.filter(column(fields::AWS_S3_BUCKET_NAME).is_not_null()))?;
    let data_event = column(fields::CT_EVENT_CATEGORY)
        .eq(lit("Data"))
        .or(column(fields::CT_MANAGEMENT_EVENT).eq(lit(false)));
    // A bucket counts as own when its log says it is: the access log is the owner's, and a trail's
    // data events name the owner beside the bucket.
    let frame = or_engine(
        WHAT,
        frame.aggregate(
            vec![
                column(fields::AWS_S3_BUCKET_NAME).alias("bucket"),
                column(fields::EVENT_DATASET).alias("of"),
                datafusion::prelude::cast(
                    datafusion::functions::expr_fn::coalesce(vec![data_event, lit(false)]),
                    arrow::datatypes::DataType::Int64,
                )
                .alias("data"),
            ],
            vec![
                count(column(fields::TIMESTAMP)).alias("events"),
                min(column(fields::CT_RECIPIENT_ACCOUNT_ID)).alias("recipient"),
                min(column(fields::CT_USER_IDENTITY_ACCOUNT_ID)).alias("caller"),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["bucket", "of", "data"]).await?;
    let (mut own, mut data, mut access) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for row in 0..rows.len() {
        let Some(bucket) = rows.string("bucket", row)? else { continue };
        if rows.text("of", row)? == Some(Dataset::S3_ACCESS.as_str()) {
            access.insert(bucket.clone());
            own.insert(bucket);
        } else if rows.number("data", row)? == Some(1) {
            data.insert(bucket.clone());
            own.insert(bucket);
        }
    }
    Ok((own.into_iter().collect(), data, access))
}

/// The report's coverage section: the facts, and the pattern's checks judged by them.
pub fn judged(facts: &Facts, window: TimeRange) -> Coverage {
    let mut checks = Vec::new();
    let mut check = |id: &str, title: &str, status, detail: String| {
        checks.push(CoverageCheck { id: id.to_owned(), title: title.to_owned(), status, detail });
    };
    let trail = facts.span_of(Dataset::CLOUDTRAIL.as_str());
    match trail {
        None => check(
            "cloudtrail_30_days",
            "CloudTrail covers 30 days before the window",
            CheckStatus::NotMet,
            "no CloudTrail event is among the evidence".to_owned(),
        ),
        Some((first, _)) => {
            let days = window.start.duration_since(first).as_hours().div_euclid(24);
            let met = days >= i64::from(DAYS_BEFORE);
            check(
                "cloudtrail_30_days",
                "CloudTrail covers 30 days before the window",
                if met { CheckStatus::Met } else { CheckStatus::NotMet },
                format!(
                    "the first event is of {first}, {} days before the window begins; what was \
                     normal is known for those days only",
                    days.max(0)
                ),
            );
        }
    }
    check(
        "s3_data_events",
        "CloudTrail records S3 data events",
        if facts.buckets_with_data_events.is_empty() {
            CheckStatus::Unknown
        } else {
            CheckStatus::Met
        },
        if facts.buckets_with_data_events.is_empty() {
            "no data event is in the logs; reads of objects would not be seen if they are switched \
             off, which is the default"
                .to_owned()
        } else {
            format!(
                "seen for {} buckets; for any other bucket the absence of reads proves nothing",
                facts.buckets_with_data_events.len()
            )
        },
    );
    let without: Vec<&str> = facts
        .buckets_with_data_events
        .difference(&facts.buckets_with_access_log)
        .map(String::as_str)
        .collect();
    let access_status = if facts.buckets_with_access_log.is_empty() || !without.is_empty() {
        CheckStatus::NotMet
    } else {
        CheckStatus::Met
    };
    check(
        "s3_access_logging",
        "S3 access logging is enabled for the relevant buckets",
        access_status,
        match (facts.buckets_with_access_log.len(), without.len()) {
            (0, _) => "no server access log is among the evidence".to_owned(),
            (some, 0) => format!("lines for all {some} buckets that data events name"),
            (some, none) => format!(
                "lines for {some} buckets; none for {none} others that data events name: {}",
                shortened(&without)
            ),
        },
    );
    let present = |dataset: Dataset| facts.span_of(dataset.as_str()).is_some();
    check(
        "vpc_flow_logs",
        "VPC flow logs are enabled for the relevant VPCs",
        if present(Dataset::VPC_FLOW) { CheckStatus::Unknown } else { CheckStatus::NotMet },
        if present(Dataset::VPC_FLOW) {
            "flow logs are among the evidence; whether they cover every VPC cannot be told from the \
             logs alone"
                .to_owned()
        } else {
            "no flow log is among the evidence; transfers over the network cannot be seen"
                .to_owned()
        },
    );
    check(
        "identity_broker",
        "Identity broker logs are available to trace role assumptions",
        if present(Dataset::IDENTITY_BROKER) { CheckStatus::Met } else { CheckStatus::NotMet },
        if present(Dataset::IDENTITY_BROKER) {
            "broker records are among the evidence".to_owned()
        } else {
            "no broker record is among the evidence; who stood behind a role may stay open"
                .to_owned()
        },
    );
    check(
        "identity_provider",
        "Sign-ins at the identity provider are available",
        if present(Dataset::OKTA) { CheckStatus::Met } else { CheckStatus::NotMet },
        if present(Dataset::OKTA) {
            "Okta events are among the evidence".to_owned()
        } else {
            "no Okta event is among the evidence; the original sign-in may stay open".to_owned()
        },
    );
    Coverage { datasets: facts.datasets.clone(), checks }
}

fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().copied().take(SHOWN).collect();
    let rest = names.len().saturating_sub(shown.len());
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(list: impl IntoIterator<Item = i64>) -> BTreeSet<Timestamp> {
        list.into_iter()
            .map(|hour| Timestamp::from_second(hour.saturating_mul(3_600)).unwrap())
            .collect()
    }

    #[test]
    fn silence_is_a_gap_only_in_a_busy_log() {
        let busy = gaps(&hours((0..50).chain(53..100)), 1_000);
        assert_eq!(busy.len(), 1);
        assert_eq!(busy[0].end.duration_since(busy[0].start).as_hours(), 3);
        assert!(gaps(&hours((0..50).chain(51..100)), 300).is_empty(), "three expected is chance");
        assert!(gaps(&hours([0, 10, 20]), 1_000).is_empty(), "a quiet log has quiet hours");
        assert!(gaps(&hours([]), 0).is_empty());
    }
}
