//! What the logs at hand could show: which dataset covers which account and region, from when to
//! when, and the pattern's availability checks.
//!
//! Start reading at [`facts`]; `silence` tells a gap from a quiet hour, `delay` how late logs arrive,
//! `history` what was switched on and off, `checks` what the pattern asks for.

mod checks;
mod delay;
mod history;
mod silence;

pub use checks::{InScope, judged};

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions::expr_fn::{date_trunc, nullif};
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::functions_nested::expr_fn::array_to_string;
use datafusion::prelude::{lit, when};
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::report::{DatasetCoverage, DayActivity, Gap};
use egret_model::time::TimeRange;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::history::{Change, history, reason_of_silence};
use self::silence::{Hours, hour_of, silences};
use crate::engine::{AnalysisError, Engine, column, or_engine};

const WHAT: &str = "coverage";

/// Dataset, account and region.
type Place = (String, Option<String>, Option<String>);

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
    /// Changes of what is logged, in order.
    pub(crate) changes: Vec<Change>,
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
                count(nullif(column(fields::LOG_DELIVERY), lit(false))).alias("deliveries"),
                min(column(fields::TIMESTAMP)).alias("first"),
                max(column(fields::TIMESTAMP)).alias("last"),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["of", "account", "region", "hour"]).await?;

    let mut places: BTreeMap<Place, (Timestamp, Timestamp, Hours, u64)> = BTreeMap::new();
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
        let held = places.entry(place).or_insert((first, last, Hours::new(), 0));
        held.0 = held.0.min(first);
        held.1 = held.1.max(last);
        held.2.insert(hour_of(hour), rows.count("events", row)?);
        held.3 = held.3.saturating_add(rows.count("deliveries", row)?);
    }
    let span = places
        .values()
        .map(|(first, ..)| *first)
        .min()
        .zip(places.values().map(|(_, last, ..)| *last).max())
        .map(|(start, end)| TimeRange { start, end });
    let changes = history(engine).await?;
    let mut delays = delay::delays(engine).await?;
    let datasets: Vec<DatasetCoverage> = places
        .into_iter()
        .map(|(place, (first, last, hours, log_deliveries))| {
            let delay = delays.remove(&place);
            let (dataset, account, region) = place;
            // Logs of other kinds that go on show that this one ends early.
            let until = span.map_or(last, |span| span.end);
            let gaps = silences(&hours, hour_of(until))
                .into_iter()
                .map(|silence| Gap {
                    start: silence.start,
                    end: silence.end,
                    expected: whole(silence.expected),
                    reason: (dataset == Dataset::CLOUDTRAIL.as_str())
                        .then(|| {
                            let account = account.as_deref();
                            reason_of_silence(&changes, account, silence.start, silence.end)
                        })
                        .flatten(),
                })
                .collect();
            DatasetCoverage {
                dataset,
                account,
                region,
                first,
                last,
                events: hours.values().copied().fold(0, u64::saturating_add),
                log_deliveries,
                gaps,
                days: days(&hours),
                delay,
            }
        })
        .collect();
    let accounts: BTreeSet<String> = datasets
        .iter()
        // Whose account another tool's document names, it does not say.
        .filter(|row| {
            !matches!(Dataset::by_name(&row.dataset), Some(Dataset::OKTA | Dataset::OTHER) | None)
        })
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
        changes,
    })
}

/// A number of events as a whole number.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and far below 2^52"
)]
fn whole(expected: f64) -> u64 {
    expected.round().max(0.0) as u64
}

/// Events and hours with any, by day.
fn days(hours: &Hours) -> Vec<DayActivity> {
    let mut days: BTreeMap<jiff::civil::Date, (u64, u32)> = BTreeMap::new();
    for (hour, events) in hours {
        let Ok(at) = Timestamp::from_second(hour.saturating_mul(3_600)) else { continue };
        let day = days.entry(TimeZone::UTC.to_datetime(at).date()).or_default();
        day.0 = day.0.saturating_add(*events);
        day.1 = day.1.saturating_add(1);
    }
    days.into_iter()
        .map(|(date, (events, hours))| DayActivity { date: date.to_string(), events, hours })
        .collect()
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
    // data events name the owner beside the bucket, unless it is another account's. A copy names two
    // buckets and does not say whose is whose.
    let frame = or_engine(
        WHAT,
        frame.aggregate(
            vec![
                column(fields::AWS_S3_BUCKET_NAME).alias("bucket"),
                column(fields::EVENT_DATASET).alias("of"),
                or_engine(
                    WHAT,
                    when(
                        column(fields::EVENT_ACTION)
                            .in_list(vec![lit("CopyObject"), lit("UploadPartCopy")], false),
                        lit(""),
                    )
                    .otherwise(array_to_string(column(fields::CT_RESOURCES_ACCOUNT_ID), lit(" "))),
                )?
                .alias("owners"),
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
    let rows = engine.groups(WHAT, frame, &["bucket", "of", "owners", "data"]).await?;
    let (mut own, mut data, mut access) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for row in 0..rows.len() {
        let Some(bucket) = rows.string("bucket", row)? else { continue };
        if rows.text("of", row)? == Some(Dataset::S3_ACCESS.as_str()) {
            access.insert(bucket.clone());
            own.insert(bucket);
        } else if rows.number("data", row)? == Some(1) {
            let owners = rows.string("owners", row)?.unwrap_or_default();
            let recipient = rows.string("recipient", row)?.unwrap_or_default();
            if owners.split(' ').any(|owner| !owner.is_empty() && owner == recipient) {
                own.insert(bucket.clone());
            }
            data.insert(bucket);
        }
    }
    Ok((own.into_iter().collect(), data, access))
}

fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().copied().take(SHOWN).collect();
    let rest = names.len().saturating_sub(shown.len());
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}
