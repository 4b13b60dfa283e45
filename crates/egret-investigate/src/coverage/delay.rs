//! How long after an event its log arrived, where the log's name says when that was.

use std::collections::BTreeMap;

use datafusion::functions_aggregate::expr_fn::{max, min};
use egret_model::ecs::catalog::fields;
use egret_model::report::DeliveryDelay;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Place;
use crate::engine::{AnalysisError, Engine, column, or_engine};

const WHAT: &str = "delivery delay";

/// Delay of each log whose files are named as AWS names them.
pub(super) async fn delays(
    engine: &Engine,
) -> Result<BTreeMap<Place, DeliveryDelay>, AnalysisError> {
    let events = engine.events(WHAT).await?;
    let frame = or_engine(
        WHAT,
        events.aggregate(
            vec![
                column(fields::EVENT_DATASET).alias("of"),
                column(fields::CLOUD_ACCOUNT_ID).alias("account"),
                column(fields::CLOUD_REGION).alias("region"),
                column(fields::LOG_FILE_PATH).alias("path"),
            ],
            vec![
                min(column(fields::TIMESTAMP)).alias("first"),
                max(column(fields::TIMESTAMP)).alias("last"),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["of", "account", "region", "path"]).await?;
    let mut held: BTreeMap<Place, Vec<(i64, i64)>> = BTreeMap::new();
    for row in 0..rows.len() {
        let (Some(dataset), Some(path), Some(first), Some(last)) = (
            rows.string("of", row)?,
            rows.text("path", row)?,
            rows.time("first", row)?,
            rows.time("last", row)?,
        ) else {
            continue;
        };
        let Some(delivered) = delivered(path) else { continue };
        let place = (dataset, rows.string("account", row)?, rows.string("region", row)?);
        let after = |event: Timestamp| delivered.as_second().saturating_sub(event.as_second());
        held.entry(place).or_default().push((after(last), after(first)));
    }
    Ok(held
        .into_iter()
        .filter_map(|(place, mut files)| {
            files.sort_unstable();
            let typical = files.get(files.len().div_euclid(2))?.0;
            let longest = files.iter().map(|(_, longest)| *longest).max()?;
            let count = u64::try_from(files.len()).unwrap_or(u64::MAX);
            // Names to the minute, and clocks that differ, may lie a little before the event.
            let seconds = |seconds: i64| u64::try_from(seconds).unwrap_or(0);
            let delay = DeliveryDelay {
                typical_seconds: seconds(typical),
                longest_seconds: seconds(longest),
                files: count,
            };
            Some((place, delay))
        })
        .collect())
}

/// When a file was delivered, by its name: `…_20240801T1225Z_…` as CloudTrail and flow logs have it,
/// `2026-11-24-05-06-07-…` as server access logs have it.
fn delivered(path: &str) -> Option<Timestamp> {
    let name = path.rsplit('/').next()?;
    let stamped = name
        .split('_')
        .find(|part| {
            part.len() == 14 && part.ends_with('Z') && part.as_bytes().get(8) == Some(&b'T')
        })
        .and_then(|part| DateTime::strptime("%Y%m%dT%H%MZ", part).ok());
    let at = stamped.or_else(|| DateTime::strptime("%Y-%m-%d-%H-%M-%S", name.get(..19)?).ok())?;
    TimeZone::UTC.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_when() {
        for (path, want) in [
            (
                "logs/111122223333_CloudTrail_us-east-1_20240801T1225Z_aaaa.json.gz",
                Some("2024-08-01T12:25:00Z"),
            ),
            (
                "111122223333_vpcflowlogs_us-east-1_fl-0123_20241114T0200Z_x.log.gz",
                Some("2024-11-14T02:00:00Z"),
            ),
            ("access/2026-11-24-05-06-07-0123456789ABCDEF", Some("2026-11-24T05:06:07Z")),
            ("okta.json", None),
            ("é", None),
        ] {
            assert_eq!(delivered(path).map(|at| at.to_string()).as_deref(), want, "{path}");
        }
    }
}
