//! Route 53 Resolver query logs: which host of a VPC looked up which name, and what it was told.
//!
//! What it **cannot** tell: whether the host then connected there, lookups that did not go through
//! the VPC's resolver, and repeated lookups that its cache answered.
//!
//! # Input
//!
//! Objects as delivered to S3, Firehose and CloudWatch Logs: one a line, one after the other, or in
//! an array.
//!
//! # Mapping
//!
//! | member                    | field                                       | note                                   |
//! |---------------------------|---------------------------------------------|----------------------------------------|
//! | `query_timestamp`         | `@timestamp`                                |                                        |
//! | `query_name`              | `dns.question.name`                         | without the dot at its end             |
//! | `answers[].Rdata`         | `dns.answers.data`, `dns.resolved_ip`       | the latter for addresses               |
//! | `rcode`                   | `dns.response_code`, `event.outcome`        | `NOERROR` is `success` unless blocked  |
//! | `srcaddr`                 | `source.address`, `source.ip`               |                                        |
//! | `srcids.instance`         | `cloud.instance.id`                         |                                        |
//! | `firewall_rule_action`    | `aws.route53.firewall.action`, `event.type` | `BLOCK` is `denied` and `failure`      |
//! | the record                | `aws.route53`                               | text as logged, leaves as tokens       |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html>

use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::event::{EventBuilder, ip_octets};

use crate::instant::micros_of;
use crate::json::tokens::{Root, leaves};
use crate::json::{Cursor, Frames, Outcome, Reader, Stop, Tokens};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// Route 53 Resolver query log files.
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
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        let all = [
            b"\"query_timestamp\"".as_slice(),
            b"\"query_name\"",
            b"\"query_type\"",
            b"\"rcode\"",
            b"\"srcaddr\"",
        ];
        (crate::json::begins(head) && all.into_iter().all(has)).then(|| Detection {
            confidence: 93,
            reason: "records with `query_timestamp`, `query_name`, `rcode` and `srcaddr`"
                .to_owned(),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Frames::new(Records::default(), None))
    }
}

/// Reads records of one file.
#[derive(Debug, Default)]
pub(crate) struct Records {
    tokens: Tokens,
    occurrences: Occurrences,
}

impl Reader for Records {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        self.tokens.clear();
        let Some(flat) = self.tokens.flatten(cursor, Root::Plain)? else {
            return Ok(Outcome::Rejected("expected an object, found null".to_owned()));
        };
        let tokens = self.tokens.of(&flat);
        let query = Query::of(tokens);
        if query.name.is_none() {
            let reason = "expected `query_timestamp` and `query_name`, found no `query_name`";
            return Ok(Outcome::Rejected(reason.to_owned()));
        }
        let Some(time) = query.time else {
            let reason = "expected `query_timestamp` and `query_name`, found no `query_timestamp`";
            return Ok(Outcome::Rejected(reason.to_owned()));
        };
        let Some(micros) = micros_of(time) else {
            let found: String = time.chars().take(64).collect();
            return Ok(Outcome::Rejected(format!(
                "`query_timestamp` is not a time such as `2025-07-24T03:15:00Z`: `{found}`"
            )));
        };
        let key = self.occurrences.key(flat.json.as_bytes(), sink);
        sink.row(Dataset::ROUTE53_RESOLVER, micros, key, |row| {
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            row.set_flattened(fields::ROUTE53, flat.json, tokens);
            query.store(row);
        });
        Ok(Outcome::Stored)
    }
}

/// The members that have a column; the record is stored whole beside them.
#[derive(Debug, Default)]
struct Query<'t> {
    time: Option<&'t str>,
    name: Option<&'t str>,
    kind: Option<&'t str>,
    class: Option<&'t str>,
    code: Option<&'t str>,
    answers: Vec<&'t str>,
    answer_types: Vec<&'t str>,
    address: Option<&'t str>,
    port: Option<&'t str>,
    transport: Option<&'t str>,
    account: Option<&'t str>,
    region: Option<&'t str>,
    instance: Option<&'t str>,
    firewall_action: Option<&'t str>,
    firewall_group: Option<&'t str>,
    firewall_list: Option<&'t str>,
}

impl<'t> Query<'t> {
    fn of(tokens: &'t str) -> Self {
        let mut query = Self::default();
        for (path, value) in leaves(tokens).filter(|(_, value)| !value.is_empty()) {
            let slot = match path {
                "query_timestamp" => &mut query.time,
                "query_name" => &mut query.name,
                "query_type" => &mut query.kind,
                "query_class" => &mut query.class,
                "rcode" => &mut query.code,
                "srcaddr" => &mut query.address,
                "srcport" => &mut query.port,
                "transport" => &mut query.transport,
                "account_id" => &mut query.account,
                "region" => &mut query.region,
                "srcids.instance" => &mut query.instance,
                "firewall_rule_action" => &mut query.firewall_action,
                "firewall_rule_group_id" => &mut query.firewall_group,
                "firewall_domain_list_id" => &mut query.firewall_list,
                "answers.Rdata" => {
                    query.answers.push(value);
                    continue;
                }
                "answers.Type" => {
                    query.answer_types.push(value);
                    continue;
                }
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        query
    }

    fn store(&self, row: &mut EventBuilder) {
        row.set_str(fields::EVENT_KIND, "event");
        row.set_str(fields::EVENT_ACTION, "dns-query");
        row.set_str(fields::EVENT_PROVIDER, "route53resolver.amazonaws.com");
        row.set_list(fields::EVENT_CATEGORY, ["network"]);
        let blocked = self.firewall_action == Some("BLOCK");
        let types: &[&str] = if blocked { &["protocol", "denied"] } else { &["protocol"] };
        row.set_list(fields::EVENT_TYPE, types.iter().copied());
        row.set_str(fields::EVENT_OUTCOME, outcome(self.code, blocked));
        row.set_str(fields::NETWORK_PROTOCOL, "dns");
        row.set_str(fields::CLOUD_PROVIDER, "aws");
        let transport = self.transport.map(str::to_ascii_lowercase);
        for (field, value) in [
            (fields::DNS_QUESTION_NAME, self.name.map(without_dot)),
            (fields::DNS_QUESTION_TYPE, self.kind),
            (fields::DNS_QUESTION_CLASS, self.class),
            (fields::DNS_RESPONSE_CODE, self.code),
            (fields::NETWORK_TRANSPORT, transport.as_deref()),
            (fields::CLOUD_ACCOUNT_ID, self.account),
            (fields::CLOUD_REGION, self.region),
            (fields::CLOUD_INSTANCE_ID, self.instance),
            (fields::SOURCE_ADDRESS, self.address),
            (fields::ROUTE53_FIREWALL_ACTION, self.firewall_action),
            (fields::ROUTE53_FIREWALL_RULE_GROUP_ID, self.firewall_group),
            (fields::ROUTE53_FIREWALL_DOMAIN_LIST_ID, self.firewall_list),
        ] {
            row.set_opt(field, value);
        }
        if let Some(name) = self.name.map(without_dot) {
            let name = name.to_ascii_lowercase();
            if let Some(domain) = psl::domain_str(&name) {
                row.set_str(fields::DNS_QUESTION_REGISTERED_DOMAIN, domain);
                let below = name.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
                row.set_opt(fields::DNS_QUESTION_SUBDOMAIN, below);
            }
            row.set_opt(fields::DNS_QUESTION_TOP_LEVEL_DOMAIN, psl::suffix_str(&name));
        }
        if let Some(address) = self.address
            && row.set_ip(fields::SOURCE_IP, address)
        {
            let kind = if address.contains(':') { "ipv6" } else { "ipv4" };
            row.set_str(fields::NETWORK_TYPE, kind);
        }
        if let Some(Ok(port)) = self.port.map(str::parse) {
            row.set_i64(fields::SOURCE_PORT, port);
        }
        row.set_list(fields::DNS_ANSWERS_DATA, self.answers.iter().copied());
        row.set_list(fields::DNS_ANSWERS_TYPE, self.answer_types.iter().copied());
        let is_address = |text: &&str| ip_octets(text).is_some();
        let mut resolved: Vec<&str> = self.answers.iter().copied().filter(is_address).collect();
        row.set_list(fields::DNS_RESOLVED_IP, resolved.iter().copied());
        resolved.extend(self.address.filter(is_address));
        resolved.sort_unstable();
        resolved.dedup();
        row.set_list(fields::RELATED_IP, resolved);
    }
}

/// A name without the dot that stands for the root, so that it equals the name in other logs.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// A blocked query may be answered with `NOERROR` all the same.
fn outcome(code: Option<&str>, blocked: bool) -> &'static str {
    match code {
        _ if blocked => "failure",
        Some("NOERROR") => "success",
        Some(_) => "failure",
        None => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes() {
        for (code, blocked, want) in [
            (Some("NOERROR"), false, "success"),
            (Some("NOERROR"), true, "failure"),
            (Some("NXDOMAIN"), false, "failure"),
            (None, false, "unknown"),
        ] {
            assert_eq!(outcome(code, blocked), want, "{code:?} {blocked}");
        }
    }

    #[test]
    fn names() {
        for (logged, want) in
            [("www.example.org.", "www.example.org"), (".", "."), ("example.org", "example.org")]
        {
            assert_eq!(without_dot(logged), want);
        }
    }

    #[test]
    fn told_by_content() {
        let record = r#"{"srcaddr":"10.0.1.5","query_name":"a.","query_type":"A","rcode":"NOERROR","query_timestamp":"x"}"#;
        #[rustfmt::skip]
        let rows = [
            (record.to_owned(), Some(93)),
            (format!("[{record}]"), Some(93)),
            (format!("2025-07-24T03:15:00.000Z {record}"), Some(93)),
            // Route 53 public hosted zone logs and others.
            (r#"{"query_name":"a.","rcode":"NOERROR"}"#.to_owned(), None),
            (format!("srcaddr {record}"), None),
        ];
        for (head, want) in rows {
            let found = Route53Resolver.detect(head.as_bytes()).map(|found| found.confidence);
            assert_eq!(found, want, "{head}");
        }
    }
}
