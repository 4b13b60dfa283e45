//! What the trail itself says about logging: switched on, off, or changed, and by whom.

use datafusion::prelude::lit;
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use jiff::Timestamp;

use crate::engine::{AnalysisError, Engine, column, in_order, or_engine};

const WHAT: &str = "logging history";

/// Calls that change what is logged.
const ACTIONS: &[&str] = &[
    "CreateFlowLogs",
    "CreateTrail",
    "DeleteFlowLogs",
    "DeleteTrail",
    "PutBucketLogging",
    "PutEventSelectors",
    "StartLogging",
    "StopLogging",
    "UpdateTrail",
];

/// Changes read at most.
const CHANGES_MAX: usize = 10_000;

/// A change of what is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) action: String,
    pub(crate) time: Timestamp,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) bucket: Option<String>,
    pub(crate) by: Option<String>,
    /// What was asked, as JSON.
    pub(crate) request: String,
}

/// Every change that succeeded, in order.
pub(crate) async fn history(engine: &Engine) -> Result<Vec<Change>, AnalysisError> {
    let events = engine.events(WHAT).await?;
    let actions = ACTIONS.iter().map(|action| lit(*action)).collect();
    let frame = or_engine(
        WHAT,
        events
            .filter(
                column(fields::EVENT_DATASET)
                    .eq(lit(Dataset::CLOUDTRAIL.as_str()))
                    .and(column(fields::EVENT_ACTION).in_list(actions, false))
                    .and(column(fields::EVENT_OUTCOME).eq(lit("success"))),
            )
            .and_then(|frame| frame.sort(in_order()))
            .and_then(|frame| frame.limit(0, Some(CHANGES_MAX)))
            .and_then(|frame| {
                frame.select(vec![
                    column(fields::EVENT_ACTION),
                    column(fields::TIMESTAMP),
                    column(fields::CLOUD_ACCOUNT_ID),
                    column(fields::CLOUD_REGION),
                    column(fields::AWS_S3_BUCKET_NAME),
                    column(fields::CT_USER_IDENTITY_ARN),
                    column(fields::CT_REQUEST_PARAMETERS),
                ])
            }),
    )?;
    let rows = engine.rows(WHAT, frame).await?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let (Some(action), Some(time)) = (
            rows.string(fields::EVENT_ACTION.name(), row)?,
            rows.time(fields::TIMESTAMP.name(), row)?,
        ) else {
            continue;
        };
        changes.push(Change {
            action,
            time,
            account: rows.string(fields::CLOUD_ACCOUNT_ID.name(), row)?,
            region: rows.string(fields::CLOUD_REGION.name(), row)?,
            bucket: rows.string(fields::AWS_S3_BUCKET_NAME.name(), row)?,
            by: rows.string(fields::CT_USER_IDENTITY_ARN.name(), row)?,
            request: rows.string(fields::CT_REQUEST_PARAMETERS.name(), row)?.unwrap_or_default(),
        });
    }
    Ok(changes)
}

/// Why a silence of the trail from `start` to `end` may be, by its own words.
pub(crate) fn reason_of_silence(
    changes: &[Change],
    account: Option<&str>,
    start: Timestamp,
    end: Timestamp,
) -> Option<String> {
    // The last event before the silence may lie in the hour before it.
    let from = start.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap_or(start);
    let change = changes
        .iter()
        .filter(|change| matches!(change.action.as_str(), "StopLogging" | "DeleteTrail"))
        .filter(|change| change.account.as_deref() == account || account.is_none())
        .find(|change| change.time >= from && change.time < end)?;
    let by = change.by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
    Some(format!("{} at {}{by}", change.action, change.time))
}
