//! GuardDuty findings: what AWS's own detector takes for an attack.
//!
//! What it **cannot** tell: whether it is one. A finding is a lead, and no finding is no proof that
//! nothing happened.
//!
//! # Input
//!
//! Findings as exported to S3 (JSON lines), as EventBridge sends them, and as `aws guardduty
//! get-findings` prints them, whose members begin with capitals.
//!
//! # Mapping
//!
//! | member                                             | field                              |
//! |----------------------------------------------------|------------------------------------|
//! | `service.eventLastSeen`, else `updatedAt`          | `@timestamp`                       |
//! | `type`                                             | `event.action`, `rule.name`        |
//! | `id`, `severity`, `title`                          | `event.id`, `event.severity`, `message` |
//! | `resource.accessKeyDetails.*`                      | `user.name`, `aws.cloudtrail.user_identity.access_key_id` |
//! | `service.action.*.remoteIpDetails.ipAddressV4`     | `source.ip`                        |
//! | all of it                                          | `aws.guardduty`                    |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html>

use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use serde_json::{Map, Value};

use crate::document::{Document, keep_whole};
use crate::instant::micros_of;
use crate::json::{Cursor, Frames, Outcome, Reader, Stop};
use crate::occurrence::Occurrences;
use crate::sink::{RecordKey, Sink};
use crate::{Decoder, Detection, LogSource};

/// Kinds of action that name the other side.
const ACTIONS: &[&str] = &[
    "awsApiCallAction",
    "networkConnectionAction",
    "kubernetesApiCallAction",
    "rdsLoginAttemptAction",
    "portProbeAction.portProbeDetails",
];

/// GuardDuty findings.
#[derive(Debug, Clone, Copy)]
pub struct GuardDuty;

impl LogSource for GuardDuty {
    fn id(&self) -> &'static str {
        "guardduty"
    }

    fn title(&self) -> &'static str {
        "GuardDuty findings"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let first = head.iter().copied().find(|byte| !byte.is_ascii_whitespace())?;
        let has = |mark: &str| memchr::memmem::find(head, mark.as_bytes()).is_some();
        let is_finding = (has("\"severity\"") && has("\"resourceType\"")
            || has("\"Severity\"") && has("\"ResourceType\""))
            && (has(":guardduty:") || has("\"serviceName\":\"guardduty\""));
        ((first == b'{' || first == b'[') && is_finding).then(|| Detection {
            confidence: 95,
            reason: "findings with a severity, a resource type and GuardDuty's ARN".to_owned(),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Frames::new(Findings::default(), Some("Findings")))
    }
}

#[derive(Debug, Default)]
struct Findings {
    occurrences: Occurrences,
}

impl Reader for Findings {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        cursor.skip()?;
        let raw = cursor.since(start);
        let finding: Map<String, Value> = match serde_json::from_str(raw) {
            Ok(finding) => finding,
            Err(error) => return Ok(Outcome::Rejected(format!("no finding: {error}"))),
        };
        // The command line's output spells every member with a capital.
        let finding =
            Document(if finding.contains_key("Type") { small_letters(finding) } else { finding });
        let time = finding.text(&["service.eventLastSeen", "updatedAt", "createdAt"]);
        let Some(micros) = time.as_deref().and_then(micros_of) else {
            return Ok(Outcome::Rejected(
                "expected `service.eventLastSeen` or `updatedAt` with a time, found none"
                    .to_owned(),
            ));
        };
        let Some(kind) = finding.text(&["type"]) else {
            return Ok(Outcome::Rejected("expected a finding's `type`, found none".to_owned()));
        };
        let id = finding.text(&["id"]);
        // A finding is updated as it goes on; each state is one record.
        let key = match (&id, &time) {
            (Some(id), Some(time)) => RecordKey::of_id(&format!("{id} {time}")),
            _ => self.occurrences.key(raw.as_bytes(), sink),
        };
        sink.row(Dataset::GUARDDUTY, micros, key, |row| {
            row.set_opt(fields::EVENT_ID, id.as_deref());
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            row.set_str(fields::EVENT_ACTION, &kind);
            row.set_str(fields::RULE_NAME, &kind);
            row.set_str(fields::EVENT_KIND, "alert");
            row.set_str(fields::EVENT_PROVIDER, "guardduty.amazonaws.com");
            row.set_str(fields::EVENT_OUTCOME, "unknown");
            row.set_str(fields::CLOUD_PROVIDER, "aws");
            finding.set_texts(
                row,
                &[
                    (fields::CLOUD_ACCOUNT_ID, &["accountId"]),
                    (fields::CLOUD_REGION, &["region"]),
                    (fields::MESSAGE, &["title", "description"]),
                    (fields::USER_NAME, &["resource.accessKeyDetails.userName"]),
                    (fields::USER_ID, &["resource.accessKeyDetails.principalId"]),
                    (
                        fields::CT_USER_IDENTITY_ACCESS_KEY_ID,
                        &["resource.accessKeyDetails.accessKeyId"],
                    ),
                    (fields::CT_USER_IDENTITY_TYPE, &["resource.accessKeyDetails.userType"]),
                    (fields::AWS_S3_BUCKET_NAME, &["resource.s3BucketDetails.name"]),
                    (fields::CLOUD_INSTANCE_ID, &["resource.instanceDetails.instanceId"]),
                    (fields::DNS_QUESTION_NAME, &["service.action.dnsRequestAction.domain"]),
                ],
            );
            if let Some(severity) = finding.get("severity").and_then(Value::as_f64) {
                // ECS has whole numbers; the fraction stays in the document.
                let tenths = severity.round();
                if let Ok(severity) = format!("{tenths:.0}").parse() {
                    row.set_i64(fields::EVENT_SEVERITY, severity);
                }
            }
            for (field, path) in [
                (fields::EVENT_START, "service.eventFirstSeen"),
                (fields::EVENT_END, "service.eventLastSeen"),
            ] {
                if let Some(micros) = finding.text(&[path]).as_deref().and_then(micros_of) {
                    row.set_time(field, micros);
                }
            }
            let remote = ACTIONS.iter().find_map(|action| {
                let path = format!("service.action.{action}.remoteIpDetails");
                finding.text(&[&format!("{path}.ipAddressV4"), &format!("{path}.ipAddressV6")])
            });
            if let Some(address) = remote {
                row.set_str(fields::SOURCE_ADDRESS, &address);
                if row.set_ip(fields::SOURCE_IP, &address) {
                    row.set_list(fields::RELATED_IP, [address.as_str()]);
                }
            }
            if let Some(user) = finding.text(&["resource.accessKeyDetails.userName"]) {
                row.set_list(fields::RELATED_USER, [user.as_str()]);
            }
            keep_whole(row, fields::GUARDDUTY, raw);
        });
        Ok(Outcome::Stored)
    }
}

/// The same members, each beginning with a small letter.
fn small_letters(members: Map<String, Value>) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| {
            let mut letters = name.chars();
            let name = letters
                .next()
                .map(|first| first.to_lowercase().chain(letters).collect::<String>())
                .unwrap_or_default();
            (name, small(value))
        })
        .collect()
}

fn small(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(small_letters(members)),
        Value::Array(values) => Value::Array(values.into_iter().map(small).collect()),
        other => other,
    }
}
