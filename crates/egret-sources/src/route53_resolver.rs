//! Route 53 Resolver query log: which instance of a VPC asked for which name.
//!
//! What it **cannot** tell: what went to the address that came back, and names asked of other
//! resolvers. An answer from a cache may be logged once for many uses.
//!
//! # Input
//!
//! JSON lines as Firehose and S3 have them; in CloudWatch Logs through the wrappings.
//!
//! # Mapping
//!
//! | member                          | field                                              |
//! |---------------------------------|----------------------------------------------------|
//! | `query_timestamp`               | `@timestamp`                                       |
//! | `query_name`, `_type`, `_class` | `dns.question.*`, the name without its last dot    |
//! | `rcode`                         | `dns.response_code`, `event.outcome`               |
//! | `answers[].Rdata`               | `dns.answers.data`, `dns.resolved_ip`              |
//! | `srcaddr`, `srcids.instance`    | `source.*`, `cloud.instance.id`                    |
//! | `firewall_rule_action`          | `event.reason`                                     |
//! | all of it                       | `aws.route53`                                      |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html>

use std::net::IpAddr;

use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use serde_json::Value;

use crate::document::{Document, keep_whole};
use crate::instant::micros_of;
use crate::json::{Cursor, Frames, Outcome, Reader, Stop};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// Route 53 Resolver query logs.
#[derive(Debug, Clone, Copy)]
pub struct Route53Resolver;

impl LogSource for Route53Resolver {
    fn id(&self) -> &'static str {
        "route53_resolver"
    }

    fn title(&self) -> &'static str {
        "Route 53 Resolver query log"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let first = head.iter().copied().find(|byte| !byte.is_ascii_whitespace())?;
        let has = |mark: &str| memchr::memmem::find(head, mark.as_bytes()).is_some();
        let marks = ["\"query_name\"", "\"query_timestamp\"", "\"rcode\""];
        ((first == b'{' || first == b'[') && marks.iter().all(|mark| has(mark))).then(|| {
            Detection { confidence: 95, reason: format!("records with {}", marks.join(", ")) }
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Frames::new(Queries::default(), None))
    }
}

#[derive(Debug, Default)]
struct Queries {
    occurrences: Occurrences,
}

impl Reader for Queries {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        cursor.skip()?;
        let raw = cursor.since(start);
        let record = match serde_json::from_str(raw) {
            Ok(record) => Document(record),
            Err(error) => return Ok(Outcome::Rejected(format!("no record: {error}"))),
        };
        let time = record.text(&["query_timestamp"]);
        let Some(micros) = time.as_deref().and_then(micros_of) else {
            return Ok(Outcome::Rejected(format!(
                "`query_timestamp` is not a time such as `2025-07-24T03:15:00Z`: `{:.64}`",
                time.unwrap_or_default()
            )));
        };
        let key = self.occurrences.key(raw.as_bytes(), sink);
        sink.row(Dataset::ROUTE53_RESOLVER, micros, key, |row| {
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            row.set_str(fields::EVENT_ACTION, "dns-query");
            row.set_str(fields::EVENT_KIND, "event");
            row.set_list(fields::EVENT_CATEGORY, ["network"]);
            row.set_list(fields::EVENT_TYPE, ["protocol"]);
            row.set_str(fields::CLOUD_PROVIDER, "aws");
            let code = record.text(&["rcode"]);
            let is_answered = code.as_deref() == Some("NOERROR");
            row.set_str(fields::EVENT_OUTCOME, if is_answered { "success" } else { "failure" });
            record.set_texts(
                row,
                &[
                    (fields::DNS_RESPONSE_CODE, &["rcode"]),
                    (fields::DNS_QUESTION_TYPE, &["query_type"]),
                    (fields::DNS_QUESTION_CLASS, &["query_class"]),
                    (fields::CLOUD_ACCOUNT_ID, &["account_id"]),
                    (fields::CLOUD_REGION, &["region"]),
                    (fields::CLOUD_INSTANCE_ID, &["srcids.instance"]),
                    (fields::VPCFLOW_VPC_ID, &["vpc_id"]),
                    (fields::SOURCE_ADDRESS, &["srcaddr"]),
                    (fields::EVENT_REASON, &["firewall_rule_action"]),
                ],
            );
            let name = record.text(&["query_name"]);
            row.set_opt(
                fields::DNS_QUESTION_NAME,
                name.as_deref().map(|name| name.trim_end_matches('.')),
            );
            let transport = record.text(&["transport"]).map(|text| text.to_lowercase());
            row.set_opt(fields::NETWORK_TRANSPORT, transport.as_deref());
            if let Some(address) = record.text(&["srcaddr"])
                && row.set_ip(fields::SOURCE_IP, &address)
            {
                row.set_list(fields::RELATED_IP, [address.as_str()]);
            }
            if let Some(port) = record.text(&["srcport"]).and_then(|port| port.parse().ok()) {
                row.set_i64(fields::SOURCE_PORT, port);
            }
            let answers: Vec<&str> = record
                .0
                .get("answers")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|answer| answer.get("Rdata")?.as_str())
                .collect();
            row.set_list(fields::DNS_ANSWERS_DATA, answers.iter().copied());
            let addresses = answers.iter().copied().filter(|text| text.parse::<IpAddr>().is_ok());
            row.set_list(fields::DNS_RESOLVED_IP, addresses);
            keep_whole(row, fields::ROUTE53, raw);
        });
        Ok(Outcome::Stored)
    }
}
