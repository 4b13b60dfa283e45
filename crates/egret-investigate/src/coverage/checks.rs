//! The pattern's availability checks, each for what is in scope.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::prelude::lit;
use egret_model::aws::name_of_arn;
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::report::{CheckItem, CheckStatus, Coverage, CoverageCheck};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::history::Change;
use super::{Facts, shortened};
use crate::engine::{AnalysisError, Engine, column, or_engine};

/// Days of CloudTrail before the suspected start that the pattern asks for.
const DAYS_BEFORE: i64 = 30;

/// Subjects listed of each check.
const ITEMS_MAX: usize = 200;

/// What the checks are about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InScope {
    /// Suspected start.
    pub start: Timestamp,
    /// Buckets.
    pub buckets: BTreeSet<String>,
    /// Roles, by name.
    pub roles: BTreeSet<String>,
}

/// The report's coverage section: the facts, and the pattern's checks judged by them.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn judged(
    engine: &Engine,
    facts: &Facts,
    scope: &InScope,
) -> Result<Coverage, AnalysisError> {
    let checks = vec![
        days_before(facts, scope),
        s3_logging(facts, scope),
        flow_logs(engine, facts).await?,
        identity_broker(engine, facts, scope).await?,
        identity_provider(facts),
    ];
    Ok(Coverage { datasets: facts.datasets.clone(), checks })
}

/// A check whose status is the worst of its subjects'.
fn check(
    id: &str,
    title: &str,
    items: Vec<CheckItem>,
    nothing: (CheckStatus, String),
) -> CoverageCheck {
    let (status, detail) = if items.is_empty() {
        nothing
    } else {
        let with = |status: CheckStatus| {
            items.iter().filter(|item| item.status == status).collect::<Vec<_>>()
        };
        let status = [CheckStatus::NotMet, CheckStatus::Unknown]
            .into_iter()
            .find(|status| !with(*status).is_empty())
            .unwrap_or(CheckStatus::Met);
        let detail = match with(status).as_slice() {
            _ if status == CheckStatus::Met && items.len() > 1 => {
                format!("for all {} in scope", items.len())
            }
            [one] => format!("{}: {}", one.subject, one.detail),
            some => {
                let names: Vec<&str> = some.iter().map(|item| item.subject.as_str()).collect();
                let first = some.first().map_or("", |item| item.detail.as_str());
                format!(
                    "{} of {}: {}; the first: {first}",
                    some.len(),
                    items.len(),
                    shortened(&names)
                )
            }
        };
        (status, detail)
    };
    let mut items = items;
    items.truncate(ITEMS_MAX);
    CoverageCheck { id: id.to_owned(), title: title.to_owned(), status, detail, items }
}

fn item(subject: impl Into<String>, status: CheckStatus, detail: impl Into<String>) -> CheckItem {
    CheckItem { subject: subject.into(), status, detail: detail.into() }
}

fn days_before(facts: &Facts, scope: &InScope) -> CoverageCheck {
    let wanted = scope
        .start
        .checked_sub(SignedDuration::from_hours(24 * DAYS_BEFORE))
        .unwrap_or(Timestamp::MIN);
    let mut items = Vec::new();
    for row in facts.datasets.iter().filter(|row| row.dataset == Dataset::CLOUDTRAIL.as_str()) {
        let place = [&row.account, &row.region]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ");
        let subject =
            if place.is_empty() { "account and region not said".to_owned() } else { place };
        let days = scope.start.duration_since(row.first).as_hours().div_euclid(24);
        let gaps: Vec<&egret_model::report::Gap> =
            row.gaps.iter().filter(|gap| gap.end > wanted && gap.start < scope.start).collect();
        items.push(if row.first > wanted {
            // A quiet place may have had nothing to log a month ago.
            item(
                subject,
                CheckStatus::NotMet,
                format!(
                    "the first event is of {}, {} days before {}; what was normal is known for those \
                     days only",
                    row.first,
                    days.max(0),
                    scope.start
                ),
            )
        } else if let Some(gap) = gaps.first() {
            item(
                subject,
                CheckStatus::NotMet,
                format!(
                    "{} in those days, the first from {} to {}",
                    if gaps.len() == 1 { "a gap".to_owned() } else { format!("{} gaps", gaps.len()) },
                    gap.start,
                    gap.end
                ),
            )
        } else {
            item(subject, CheckStatus::Met, format!("{days} days before {}", scope.start))
        });
    }
    // One busy place that covers the time answers the question; others are listed.
    let busiest = facts
        .datasets
        .iter()
        .filter(|row| row.dataset == Dataset::CLOUDTRAIL.as_str())
        .zip(&items)
        .max_by_key(|(row, _)| row.events)
        .map(|(_, item)| item.clone());
    let nothing = (CheckStatus::NotMet, "no CloudTrail event is among the evidence".to_owned());
    let mut check = check(
        "cloudtrail_30_days",
        "CloudTrail covers 30 days before the suspected start",
        items,
        nothing,
    );
    if let Some(busiest) = busiest {
        let others = check.items.iter().filter(|item| item.status == CheckStatus::NotMet).count();
        check.status = busiest.status;
        check.detail = format!("{}: {}", busiest.subject, busiest.detail);
        if busiest.status == CheckStatus::Met && others > 0 {
            check.detail.push_str(&format!("; not so for {others} quieter places"));
        }
    }
    check
}

fn s3_logging(facts: &Facts, scope: &InScope) -> CoverageCheck {
    let subjects: BTreeSet<&String> = if scope.buckets.is_empty() {
        facts.buckets.iter().collect()
    } else {
        scope.buckets.iter().collect()
    };
    let items = subjects
        .into_iter()
        .map(|bucket| {
            let data = facts.buckets_with_data_events.contains(bucket);
            let access = facts.buckets_with_access_log.contains(bucket);
            let (status, detail) = match (data, access) {
                (true, true) => {
                    (CheckStatus::Met, "data events and access log lines are there".to_owned())
                }
                (true, false) => {
                    (CheckStatus::Met, "data events are there; no access log line".to_owned())
                }
                (false, true) => {
                    (CheckStatus::Met, "access log lines are there; no data event".to_owned())
                }
                (false, false) => without_lines(bucket, &facts.changes),
            };
            item(bucket.clone(), status, detail)
        })
        .collect();
    let nothing = (
        CheckStatus::Unknown,
        "no data event and no access log line is among the evidence; reads of objects would not be \
         seen if they are switched off, which is the default"
            .to_owned(),
    );
    check("s3_logging", "S3 access logging or data events for the buckets in scope", items, nothing)
}

/// What the trail says of a bucket that no line names.
fn without_lines(bucket: &str, changes: &[Change]) -> (CheckStatus, String) {
    let of_bucket = changes.iter().rev().find(|change| {
        change.action == "PutBucketLogging" && change.bucket.as_deref() == Some(bucket)
    });
    let selectors = changes.iter().rev().find(|change| {
        change.action == "PutEventSelectors" && change.request.contains("AWS::S3::Object")
    });
    match (of_bucket, selectors) {
        (Some(change), _) if !change.request.contains("argetBucket") => {
            (CheckStatus::NotMet, format!("access logging was switched off at {}", change.time))
        }
        (Some(change), _) => (
            CheckStatus::Unknown,
            format!(
                "access logging was switched on at {}, and no line of it is at hand",
                change.time
            ),
        ),
        (None, Some(change)) if selects(&change.request, bucket) => (
            CheckStatus::Unknown,
            format!(
                "data events were switched on at {}, and none of this bucket is at hand",
                change.time
            ),
        ),
        (None, Some(change)) => (
            CheckStatus::NotMet,
            format!("the data events chosen at {} leave this bucket out", change.time),
        ),
        (None, None) => (
            CheckStatus::Unknown,
            "no data event and no access log line; both are off unless somebody switched them on"
                .to_owned(),
        ),
    }
}

/// Whether event selectors, classic or advanced, choose data events of objects of a bucket.
fn selects(request: &str, bucket: &str) -> bool {
    let Ok(request) = serde_json::from_str::<Value>(request) else { return false };
    let arn = format!("arn:aws:s3:::{bucket}/");
    let list = |value: &Value, name: &str| -> Vec<Value> {
        value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let texts = |value: &Value, name: &str| -> Vec<String> {
        list(value, name).iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let classic = list(&request, "eventSelectors").iter().any(|selector| {
        list(selector, "dataResources").iter().any(|resource| {
            let of_objects =
                resource.get("type").and_then(Value::as_str) == Some("AWS::S3::Object");
            // A bare service or bucket stands for everything below it.
            of_objects
                && texts(resource, "values")
                    .iter()
                    .any(|value| arn.starts_with(value.as_str()) || value.starts_with(&arn))
        })
    });
    // All conditions of an advanced selector hold together.
    let advanced = list(&request, "advancedEventSelectors").iter().any(|selector| {
        let of = |name: &str| -> Vec<Value> {
            let is = |one: &&Value| one.get("field").and_then(Value::as_str) == Some(name);
            list(selector, "fieldSelectors").iter().filter(is).cloned().collect()
        };
        let is_data = of("eventCategory")
            .iter()
            .any(|one| texts(one, "equals").iter().any(|text| text == "Data"));
        let of_objects = of("resources.type")
            .iter()
            .any(|one| texts(one, "equals").iter().any(|text| text == "AWS::S3::Object"));
        let holds_bucket = of("resources.ARN").iter().all(|one| {
            let begins = |operator: &str| {
                texts(one, operator).iter().any(|value| arn.starts_with(value.as_str()))
            };
            let inside =
                |operator: &str| texts(one, operator).iter().any(|value| value.starts_with(&arn));
            let chosen = ["equals", "startsWith"];
            let none_chosen = chosen.iter().all(|operator| one.get(*operator).is_none());
            (none_chosen || chosen.iter().any(|operator| begins(operator) || inside(operator)))
                && !["notEquals", "notStartsWith"].iter().any(|operator| begins(operator))
        });
        is_data && of_objects && holds_bucket
    });
    classic || advanced
}

async fn flow_logs(engine: &Engine, facts: &Facts) -> Result<CoverageCheck, AnalysisError> {
    const WHAT: &str = "flow logs of networks";
    let events = engine.events(WHAT).await?;
    let frame = or_engine(
        WHAT,
        events.filter(column(fields::EVENT_DATASET).eq(lit(Dataset::VPC_FLOW.as_str()))).and_then(
            |frame| {
                frame.aggregate(
                    vec![
                        column(fields::VPCFLOW_VPC_ID).alias("vpc"),
                        column(fields::VPCFLOW_LOG_STATUS).alias("status"),
                    ],
                    vec![
                        count(column(fields::TIMESTAMP)).alias("events"),
                        min(column(fields::TIMESTAMP)).alias("first"),
                        max(column(fields::TIMESTAMP)).alias("last"),
                    ],
                )
            },
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["vpc", "status"]).await?;
    let mut networks: BTreeMap<Option<String>, (Option<Timestamp>, Option<Timestamp>, u64)> =
        BTreeMap::new();
    for row in 0..rows.len() {
        let held = networks.entry(rows.string("vpc", row)?).or_default();
        let (first, last) = (rows.time("first", row)?, rows.time("last", row)?);
        held.0 = held.0.into_iter().chain(first).min();
        held.1 = held.1.into_iter().chain(last).max();
        if rows.text("status", row)? == Some("SKIPDATA") {
            held.2 = held.2.saturating_add(rows.count("events", row)?);
        }
    }
    let mut items = Vec::new();
    for (network, (first, last, skipped)) in networks {
        let (Some(first), Some(last)) = (first, last) else { continue };
        let span = format!("flows from {first} to {last}");
        items.push(match network {
            Some(network) if skipped > 0 => item(
                network,
                CheckStatus::NotMet,
                format!("{span}; AWS itself skipped records {skipped} times (`SKIPDATA`)"),
            ),
            Some(network) => item(network, CheckStatus::Met, span),
            None => item(
                "networks not named",
                CheckStatus::Unknown,
                format!(
                    "{span}; the lines have no `vpc-id`, so which networks they cover cannot be told \
                     from the logs alone"
                ),
            ),
        });
    }
    for change in facts.changes.iter().filter(|change| change.action == "DeleteFlowLogs") {
        items.push(item(
            change.account.clone().unwrap_or_else(|| "account not said".to_owned()),
            CheckStatus::NotMet,
            format!("flow logs were deleted at {}", change.time),
        ));
    }
    let nothing = (
        CheckStatus::NotMet,
        "no flow log is among the evidence; transfers over the network cannot be seen".to_owned(),
    );
    Ok(check("vpc_flow_logs", "VPC flow logs for the networks in scope", items, nothing))
}

async fn identity_broker(
    engine: &Engine,
    facts: &Facts,
    scope: &InScope,
) -> Result<CoverageCheck, AnalysisError> {
    const WHAT: &str = "broker records of roles";
    let title = "Identity broker logs for the roles in scope";
    let present = facts.span_of(Dataset::IDENTITY_BROKER.as_str()).is_some();
    let events = engine.events(WHAT).await?;
    let frame = or_engine(
        WHAT,
        events.filter(column(fields::BROKER_ROLE).is_not_null()).and_then(|frame| {
            frame.aggregate(
                vec![column(fields::BROKER_ROLE).alias("role")],
                vec![
                    count(column(fields::TIMESTAMP)).alias("events"),
                    min(column(fields::TIMESTAMP)).alias("first"),
                ],
            )
        }),
    )?;
    let rows = engine.groups(WHAT, frame, &["role"]).await?;
    let mut handed_out: BTreeMap<String, (u64, Option<Timestamp>)> = BTreeMap::new();
    for row in 0..rows.len() {
        let Some(role) = rows.text("role", row)? else { continue };
        let held = handed_out.entry(name_of_arn(role).to_owned()).or_default();
        held.0 = held.0.saturating_add(rows.count("events", row)?);
        held.1 = held.1.into_iter().chain(rows.time("first", row)?).min();
    }
    let items = scope
        .roles
        .iter()
        .map(|role| match handed_out.get(role) {
            Some((events, Some(first))) if *first <= scope.start => {
                item(role.clone(), CheckStatus::Met, format!("handed out {events} times, first at {first}"))
            }
            Some((events, Some(first))) => item(
                role.clone(),
                CheckStatus::NotMet,
                format!("handed out {events} times, and not before {first}, after the suspected start"),
            ),
            _ if present || !handed_out.is_empty() => item(
                role.clone(),
                CheckStatus::Unknown,
                "the broker's records do not name it: it is not handed out there, or records are missing",
            ),
            _ => item(role.clone(), CheckStatus::NotMet, "no broker record is among the evidence"),
        })
        .collect();
    let nothing = if present || !handed_out.is_empty() {
        (
            CheckStatus::Met,
            "broker records are among the evidence, and no role is in scope".to_owned(),
        )
    } else {
        (
            CheckStatus::NotMet,
            "no broker record is among the evidence; who stood behind a role may stay open"
                .to_owned(),
        )
    };
    Ok(check("identity_broker", title, items, nothing))
}

fn identity_provider(facts: &Facts) -> CoverageCheck {
    let (status, detail) = match facts.span_of(Dataset::OKTA.as_str()) {
        Some((first, last)) => (CheckStatus::Met, format!("Okta events from {first} to {last}")),
        None => (
            CheckStatus::NotMet,
            "no Okta event is among the evidence; the original sign-in may stay open".to_owned(),
        ),
    };
    check("identity_provider", "Sign-ins at the identity provider", Vec::new(), (status, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, bucket: Option<&str>, request: &str) -> Change {
        Change {
            action: action.to_owned(),
            time: Timestamp::UNIX_EPOCH,
            account: None,
            region: None,
            bucket: bucket.map(str::to_owned),
            by: None,
            request: request.to_owned(),
        }
    }

    #[test]
    fn a_bucket_without_lines_is_judged_by_what_was_switched() {
        let on = r#"{"bucketName":"b","BucketLoggingStatus":{"LoggingEnabled":{"TargetBucket":"logs"}}}"#;
        let off = r#"{"bucketName":"b","BucketLoggingStatus":{}}"#;
        let all = r#"{"eventSelectors":[{"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3"]}]}]}"#;
        let one = r#"{"eventSelectors":[{"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3:::other/"]}]}]}"#;
        let advanced = |arn: &str| {
            format!(
                r#"{{"advancedEventSelectors":[{{"fieldSelectors":[{{"field":"eventCategory","equals":["Data"]}},{{"field":"resources.type","equals":["AWS::S3::Object"]}}{arn}]}}]}}"#
            )
        };
        let of_b = advanced(r#",{"field":"resources.ARN","startsWith":["arn:aws:s3:::b/"]}"#);
        let not_of_b =
            advanced(r#",{"field":"resources.ARN","notStartsWith":["arn:aws:s3:::b/"]}"#);
        let of_bc = advanced(r#",{"field":"resources.ARN","startsWith":["arn:aws:s3:::bc/"]}"#);
        let selectors = |request: &str| vec![change("PutEventSelectors", None, request)];
        for (name, changes, want) in [
            ("nothing", vec![], CheckStatus::Unknown),
            ("advanced, all objects", selectors(&advanced("")), CheckStatus::Unknown),
            ("advanced, this bucket", selectors(&of_b), CheckStatus::Unknown),
            ("advanced, all but this", selectors(&not_of_b), CheckStatus::NotMet),
            ("advanced, a longer name", selectors(&of_bc), CheckStatus::NotMet),
            (
                "access log on",
                vec![change("PutBucketLogging", Some("b"), on)],
                CheckStatus::Unknown,
            ),
            (
                "on, then off",
                vec![
                    change("PutBucketLogging", Some("b"), on),
                    change("PutBucketLogging", Some("b"), off),
                ],
                CheckStatus::NotMet,
            ),
            (
                "another bucket's",
                vec![change("PutBucketLogging", Some("c"), off)],
                CheckStatus::Unknown,
            ),
            ("all objects", vec![change("PutEventSelectors", None, all)], CheckStatus::Unknown),
            (
                "another bucket's objects",
                vec![change("PutEventSelectors", None, one)],
                CheckStatus::NotMet,
            ),
        ] {
            assert_eq!(without_lines("b", &changes).0, want, "row: {name}");
        }
    }

    #[test]
    fn a_check_is_as_good_as_its_worst_subject() {
        use CheckStatus::{Met, NotMet, Unknown};
        let nothing = || (Unknown, "nothing".to_owned());
        let of = |statuses: &[CheckStatus]| {
            let items = statuses.iter().map(|status| item("x", *status, "why")).collect();
            check("id", "title", items, nothing()).status
        };
        for (statuses, want) in [
            (&[][..], Unknown),
            (&[Met, Met], Met),
            (&[Met, Unknown], Unknown),
            (&[Unknown, NotMet], NotMet),
        ] {
            assert_eq!(of(statuses), want);
        }
    }
}
