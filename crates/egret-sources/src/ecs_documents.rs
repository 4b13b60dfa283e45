//! ECS documents, as teams on Elastic export them: what was mapped once is not mapped again.
//!
//! What it **cannot** tell: what the team's own pipeline dropped on the way.
//!
//! # Input
//!
//! JSON lines, arrays or single objects, names nested or dotted; `_source` of search hits through the
//! wrappings. Told by `@timestamp` beside `ecs`, `data_stream` or `event.dataset`.
//!
//! # Mapping
//!
//! | member                               | column                                               |
//! |--------------------------------------|------------------------------------------------------|
//! | a field of the catalogue, or an alias | that field, when the value is of its kind            |
//! | `event.original` of CloudTrail       | read as the record it is; the document adds to it    |
//! | CloudTrail without it                | the record is put together from the document first   |
//! | `{a=b, c=d}` texts                   | the documents they were printed from                 |
//! | anything else                        | `egret.rest`                                         |
//!
//! # Reading
//!
//! * <https://www.elastic.co/docs/reference/ecs>
//! * <https://www.elastic.co/docs/reference/integrations/aws/cloudtrail>

use std::collections::BTreeMap;

use egret_model::dataset::Dataset;
use egret_model::ecs::Field;
use egret_model::ecs::alias::canonical;
use egret_model::ecs::catalog::{FieldKind, fields};
use egret_model::event::EventBuilder;
use serde_json::{Map, Value};

use crate::cloudtrail::{Records, loose};
use crate::instant::micros_of;
use crate::json::tokens::Root;
use crate::json::{Cursor, Frames, Outcome, Reader, Stop, Tokens};
use crate::nested::put;
use crate::occurrence::Occurrences;
use crate::sink::{RecordKey, Sink};
use crate::{Decoder, Detection, LogSource};

/// ECS documents.
#[derive(Debug, Clone, Copy)]
pub struct EcsDocuments;

impl LogSource for EcsDocuments {
    fn id(&self) -> &'static str {
        "ecs"
    }

    fn title(&self) -> &'static str {
        "ECS documents"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let first = head.iter().copied().find(|byte| !byte.is_ascii_whitespace())?;
        if first != b'{' && first != b'[' {
            return None;
        }
        let has = |mark: &str| memchr::memmem::find(head, mark.as_bytes()).is_some();
        let mark = [
            "\"ecs\"",
            "\"ecs.version\"",
            "\"data_stream\"",
            "\"data_stream.dataset\"",
            "\"event.dataset\"",
        ]
        .into_iter()
        .find(|mark| has(mark))
        .or_else(|| {
            (has("\"event\"") && has("\"dataset\"")).then_some("`event` with \"dataset\"")
        })?;
        has("\"@timestamp\"").then(|| Detection {
            confidence: 88,
            reason: format!("documents with \"@timestamp\" and {mark}"),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Frames::new(Documents::default(), None))
    }
}

/// Reads documents of one file.
#[derive(Debug, Default)]
struct Documents {
    cloudtrail: Records,
    occurrences: Occurrences,
}

impl Reader for Documents {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        cursor.skip()?;
        let raw = cursor.since(start);
        let document: Map<String, Value> = match serde_json::from_str(raw) {
            Ok(document) => document,
            Err(error) => return Ok(Outcome::Rejected(format!("no document: {error}"))),
        };
        let leaves = Leaves::of(document);
        let Some(micros) = leaves.text("@timestamp").as_deref().and_then(micros_of) else {
            return Ok(Outcome::Rejected(match leaves.text("@timestamp") {
                None => "expected `@timestamp`, found none".to_owned(),
                Some(text) => format!(
                    "`@timestamp` is not a time such as `2025-07-24T03:15:00Z`: `{text:.64}`"
                ),
            }));
        };
        let name = leaves.text("event.dataset").or_else(|| leaves.text("data_stream.dataset"));
        let dataset = match name.as_deref() {
            Some(name) => Dataset::by_name(name).unwrap_or(Dataset::OTHER),
            None if leaves.has_below("aws.cloudtrail") => Dataset::CLOUDTRAIL,
            None => Dataset::OTHER,
        };
        if dataset == Dataset::CLOUDTRAIL {
            return Ok(self.cloudtrail(&leaves, sink));
        }
        let id = leaves.text("event.id").filter(|id| !id.is_empty());
        let key = match &id {
            Some(id) => RecordKey::of_id(id),
            None => self.occurrences.key(raw.as_bytes(), sink),
        };
        sink.row(dataset, micros, key, |row| {
            leaves.set(row, &[]);
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            if dataset == Dataset::OTHER {
                row.set_str(fields::EVENT_DATASET, name.as_deref().unwrap_or("other"));
            }
        });
        Ok(Outcome::Stored)
    }
}

impl Documents {
    fn cloudtrail(&mut self, leaves: &Leaves, sink: &mut Sink) -> Outcome {
        let original = leaves.text("event.original").filter(|text| {
            serde_json::from_str::<Map<String, Value>>(text).is_ok_and(|record| {
                record.contains_key("eventName") && record.contains_key("eventTime")
            })
        });
        let is_original = original.is_some();
        let record = original.unwrap_or_else(|| leaves.cloudtrail_record());
        let mut cursor = Cursor::new(&record);
        let known: &[&str] = if is_original { &["event.original"] } else { &[] };
        self.cloudtrail.read_with(&mut cursor, sink, |row| leaves.set(row, known)).unwrap_or_else(
            |_stop| {
                Outcome::Rejected(
                    "the document makes no CloudTrail record that can be read".to_owned(),
                )
            },
        )
    }
}

/// A document's values by their dotted path.
#[derive(Debug, Default)]
struct Leaves(BTreeMap<String, Value>);

impl Leaves {
    fn of(document: Map<String, Value>) -> Self {
        let mut leaves = Self::default();
        leaves.walk("", document);
        leaves
    }

    fn walk(&mut self, above: &str, members: Map<String, Value>) {
        for (name, value) in members {
            let path = if above.is_empty() { name } else { format!("{above}.{name}") };
            let is_whole = Field::by_name(&canonical(&path)).is_some_and(|field| {
                matches!(field.kind(), FieldKind::Flattened | FieldKind::Json)
                    || path.ends_with(".geo.location")
            });
            match value {
                // Below `aws.cloudtrail.resources` lie fields of their own.
                Value::Object(below) if !is_whole => self.walk(&path, below),
                Value::Null => {}
                value => {
                    self.0.insert(path, value);
                }
            }
        }
    }

    fn get(&self, path: &str) -> Option<&Value> {
        self.0.get(path)
    }

    fn text(&self, path: &str) -> Option<String> {
        match self.get(path)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(values) => values.first().and_then(Value::as_str).map(str::to_owned),
            Value::Object(_) => None,
            other => Some(other.to_string()),
        }
    }

    fn has_below(&self, path: &str) -> bool {
        let from = format!("{path}.");
        self.0.range(from.clone()..).next().is_some_and(|(name, _)| name.starts_with(&from))
    }

    /// Sets every field that the row does not have yet, and what is no field as the rest.
    fn set(&self, row: &mut EventBuilder, known: &[&str]) {
        let mut rest = Map::new();
        // A document beats the text that was printed of it.
        let (documents, others): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|(_, value)| value.is_object());
        for (path, value) in documents.into_iter().chain(others) {
            if known.contains(&path.as_str()) || path == "@timestamp" {
                continue;
            }
            let is_set =
                Field::by_name(&canonical(path)).is_some_and(|field| set(row, field, value));
            if !is_set {
                rest.insert(path.clone(), value.clone());
            }
        }
        if !rest.is_empty() {
            row.set_str(fields::REST, &Value::Object(rest).to_string());
        }
    }

    /// The CloudTrail record that the document was made from, as far as it tells.
    fn cloudtrail_record(&self) -> String {
        let mut record = Map::new();
        for (member, paths) in RECORD {
            let found = paths.iter().find_map(|path| self.get(path));
            let Some(value) = found else { continue };
            let value = match value {
                Value::String(text) if text.starts_with(['{', '[']) => {
                    document(text).unwrap_or_else(|| value.clone())
                }
                other => other.clone(),
            };
            put(&mut record, member, value);
        }
        Value::Object(record).to_string()
    }
}

/// Members of a CloudTrail record, and the fields they are found in.
const RECORD: &[(&str, &[&str])] = &[
    ("eventVersion", &["aws.cloudtrail.event_version"]),
    ("userIdentity.type", &["aws.cloudtrail.user_identity.type"]),
    ("userIdentity.principalId", &["user.id"]),
    ("userIdentity.arn", &["aws.cloudtrail.user_identity.arn"]),
    ("userIdentity.accessKeyId", &["aws.cloudtrail.user_identity.access_key_id"]),
    ("userIdentity.invokedBy", &["aws.cloudtrail.user_identity.invoked_by"]),
    (
        "userIdentity.sessionContext.attributes.creationDate",
        &["aws.cloudtrail.user_identity.session_context.creation_date"],
    ),
    (
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        &["aws.cloudtrail.user_identity.session_context.mfa_authenticated"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.type",
        &["aws.cloudtrail.user_identity.session_context.session_issuer.type"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.principalId",
        &["aws.cloudtrail.user_identity.session_context.session_issuer.principal_id"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.arn",
        &["aws.cloudtrail.user_identity.session_context.session_issuer.arn"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.accountId",
        &["aws.cloudtrail.user_identity.session_context.session_issuer.account_id"],
    ),
    ("eventTime", &["@timestamp"]),
    ("eventSource", &["event.provider"]),
    ("eventName", &["event.code", "event.action"]),
    ("awsRegion", &["cloud.region"]),
    ("sourceIPAddress", &["source.address", "source.ip"]),
    ("userAgent", &["user_agent.original"]),
    ("errorCode", &["aws.cloudtrail.error_code"]),
    ("errorMessage", &["aws.cloudtrail.error_message"]),
    (
        "requestParameters",
        &["aws.cloudtrail.flattened.request_parameters", "aws.cloudtrail.request_parameters"],
    ),
    (
        "responseElements",
        &["aws.cloudtrail.flattened.response_elements", "aws.cloudtrail.response_elements"],
    ),
    (
        "additionalEventData",
        &["aws.cloudtrail.flattened.additional_eventdata", "aws.cloudtrail.additional_eventdata"],
    ),
    (
        "serviceEventDetails",
        &["aws.cloudtrail.flattened.service_event_details", "aws.cloudtrail.service_event_details"],
    ),
    (
        "insightDetails",
        &["aws.cloudtrail.flattened.insight_details", "aws.cloudtrail.insight_details"],
    ),
    ("requestID", &["aws.cloudtrail.request_id"]),
    ("eventID", &["event.id"]),
    ("eventType", &["aws.cloudtrail.event_type"]),
    ("eventCategory", &["aws.cloudtrail.event_category"]),
    ("apiVersion", &["aws.cloudtrail.api_version"]),
    ("readOnly", &["aws.cloudtrail.read_only"]),
    ("managementEvent", &["aws.cloudtrail.management_event"]),
    ("recipientAccountId", &["aws.cloudtrail.recipient_account_id", "cloud.account.id"]),
    ("sharedEventID", &["aws.cloudtrail.shared_event_id"]),
    ("vpcEndpointId", &["aws.cloudtrail.vpc_endpoint_id"]),
    ("sessionCredentialFromConsole", &["aws.cloudtrail.session_credential_from_console"]),
    ("resources", &["aws.cloudtrail.resources"]),
];

/// A document from JSON text, or from the text that Elastic's pipeline prints of one.
fn document(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| loose(text)).filter(|value| !value.is_string())
}

/// Sets a field when the value is of its kind; says whether it was.
fn set(row: &mut EventBuilder, field: Field, value: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        // A point, the only object that is one value.
        Value::Object(point) => {
            Some(format!("{},{}", point.get("lat")?.as_f64()?, point.get("lon")?.as_f64()?))
        }
        _ => None,
    };
    let one = match value {
        Value::Array(values) if values.len() == 1 => values.first().unwrap_or(value),
        other => other,
    };
    match field.kind() {
        FieldKind::Keyword => match plain(one) {
            Some(text) => row.set_opt(field, Some(&text)),
            None => return false,
        },
        FieldKind::Keywords => {
            let texts: Option<Vec<String>> = match value {
                Value::Array(values) => values.iter().map(plain).collect(),
                other => plain(other).map(|text| vec![text]),
            };
            let Some(texts) = texts else { return false };
            row.set_list(field, texts.iter().map(String::as_str));
        }
        FieldKind::Ip => return one.as_str().is_some_and(|text| row.set_ip(field, text)),
        FieldKind::Long => {
            let number = one.as_i64().or_else(|| one.as_str().and_then(|text| text.parse().ok()));
            let Some(number) = number else { return false };
            row.set_i64(field, number);
        }
        FieldKind::Double => {
            let number = one.as_f64().or_else(|| one.as_str().and_then(|text| text.parse().ok()));
            let Some(number) = number else { return false };
            row.set_f64(field, number);
        }
        FieldKind::Date => match one.as_str().and_then(micros_of) {
            Some(micros) => row.set_time(field, micros),
            None => return false,
        },
        FieldKind::Boolean => {
            let truth = one.as_bool().or_else(|| one.as_str().and_then(|text| text.parse().ok()));
            let Some(truth) = truth else { return false };
            row.set_bool(field, truth);
        }
        FieldKind::Flattened => {
            let text = match one {
                Value::String(text) => match document(text) {
                    Some(value) => value.to_string(),
                    None => return false,
                },
                other => other.to_string(),
            };
            let mut tokens = Tokens::default();
            let mut cursor = Cursor::new(&text);
            match tokens.flatten(&mut cursor, Root::Ec2) {
                Ok(Some(flat)) => row.set_flattened(field, flat.json, tokens.of(&flat)),
                _ => return false,
            }
        }
        FieldKind::Json => row.set_str(field, &value.to_string()),
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::Registry;

    #[test]
    fn told_by_content() {
        for (head, want) in [
            (
                r#"{"@timestamp":"2026-11-24T01:00:00Z","ecs":{"version":"8.11.0"},"event":{"dataset":"aws.cloudtrail"}}"#,
                Some("ecs"),
            ),
            (r#"{"@timestamp":"2026-11-24T01:00:00Z","event.dataset":"okta.system"}"#, Some("ecs")),
            (
                r#"{"@timestamp":"2026-11-24T01:00:00Z","eventName":"x","eventSource":"s3.amazonaws.com","userIdentity":{}}"#,
                Some("cloudtrail"),
            ),
            (r#"{"@timestamp":"2026-11-24T01:00:00Z","message":"x"}"#, None),
        ] {
            let registry = Registry::standard();
            let found = registry.open(head.as_bytes()).map(|opened| opened.source.id());
            assert_eq!(found, want, "{head}");
        }
    }
}
