//! OCSF, as Amazon Security Lake stores CloudTrail, VPC flow logs and Route 53 Resolver query logs.
//!
//! What it **cannot** tell: members that the lake's own mapping drops.
//!
//! # Input
//!
//! JSON lines, or Security Lake's Parquet. Each event becomes the record or the line that it was made
//! from, as far as it tells, and is read as that, so that all channels see it alike. Members without
//! a counterpart are kept below `ocsf` in `egret.rest`.
//!
//! # Mapping
//!
//! | OCSF                                       | CloudTrail                                  |
//! |--------------------------------------------|---------------------------------------------|
//! | `api.operation`, `api.service.name`        | `eventName`, `eventSource`                  |
//! | `actor.user.uid`, `uid_alt`, `credential_uid` | `arn`, `principalId`, `accessKeyId`      |
//! | `api.request.data`, `api.response.data`    | `requestParameters`, `responseElements`     |
//! | `unmapped` by dotted name                  | the member of that name                     |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html>
//! * <https://schema.ocsf.io/1.1.0/classes/api_activity>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cloudtrail::Records;
use crate::json::{Cursor, Frames, Outcome, Reader, Stop};
use crate::lines::LineReader;
use crate::nested::put;
use crate::route53_resolver::Records as Queries;
use crate::sink::Sink;
use crate::vpc_flow::Flows;
use crate::{Decoder, Detection, LogSource};

/// OCSF events of CloudTrail, VPC flow logs and Route 53 Resolver.
#[derive(Debug, Clone, Copy)]
pub struct Ocsf;

impl LogSource for Ocsf {
    fn id(&self) -> &'static str {
        "ocsf"
    }

    fn title(&self) -> &'static str {
        "OCSF (Security Lake)"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let first = head.iter().copied().find(|byte| !byte.is_ascii_whitespace())?;
        let has = |mark: &str| memchr::memmem::find(head, mark.as_bytes()).is_some();
        let is_ocsf =
            (first == b'{' || first == b'[') && has("\"class_uid\"") && has("\"metadata\"");
        let known = PRODUCTS.iter().copied().find(|name| has(name));
        (is_ocsf && known.is_some()).then(|| Detection {
            confidence: 96,
            reason: format!("OCSF events of {}", known.unwrap_or_default().trim_matches('"')),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Frames::new(Events::default(), None))
    }
}

/// Products whose events are read, as a file's text has them.
const PRODUCTS: &[&str] = &["\"CloudTrail\"", "\"Amazon VPC\"", "\"Route 53\""];

#[derive(Debug, Default)]
struct Events {
    cloudtrail: Records,
    flows: Flows,
    lookups: Queries,
}

impl Reader for Events {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        cursor.skip()?;
        let event: Map<String, Value> = match serde_json::from_str(cursor.since(start)) {
            Ok(event) => event,
            Err(error) => return Ok(Outcome::Rejected(format!("no event: {error}"))),
        };
        let members = Members::of(event);
        let product = members.0.get("metadata.product.name").and_then(Value::as_str);
        match product.unwrap_or_default() {
            "CloudTrail" => {
                let record = cloudtrail_record(members);
                let mut cursor = Cursor::new(&record);
                Ok(self.cloudtrail.read(&mut cursor, sink).unwrap_or_else(|_stop| {
                    Outcome::Rejected("the event makes no CloudTrail record".to_owned())
                }))
            }
            "Amazon VPC" => {
                let (header, line) = flow(members);
                let read = self
                    .flows
                    .line(header.as_bytes(), sink)
                    .and_then(|()| self.flows.line(line.as_bytes(), sink));
                Ok(read.map_or_else(Outcome::Rejected, |()| Outcome::Stored))
            }
            "Route 53" => {
                let record = lookup(members);
                let mut cursor = Cursor::new(&record);
                Ok(self.lookups.read(&mut cursor, sink).unwrap_or_else(|_stop| {
                    Outcome::Rejected("the event makes no resolver query record".to_owned())
                }))
            }
            other => Ok(Outcome::Rejected(format!(
                "expected an event of CloudTrail, Amazon VPC or Route 53, found one of `{other}`"
            ))),
        }
    }
}

/// An event's values by their dotted path.
struct Members(BTreeMap<String, Value>);

impl Members {
    fn of(event: Map<String, Value>) -> Self {
        let mut members = Self(BTreeMap::new());
        members.walk("", event);
        members
    }

    fn walk(&mut self, above: &str, event: Map<String, Value>) {
        for (name, value) in event {
            let path = if above.is_empty() { name } else { format!("{above}.{name}") };
            match value {
                Value::Object(below) => self.walk(&path, below),
                Value::Null => {}
                value => {
                    self.0.insert(path, value);
                }
            }
        }
    }

    fn take(&mut self, paths: &[&str]) -> Option<Value> {
        paths.iter().find_map(|path| self.0.remove(*path))
    }

    fn take_text(&mut self, paths: &[&str]) -> Option<String> {
        self.take(paths).map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    /// Everything below a path, by what is left of the path.
    fn take_below(&mut self, path: &str) -> Vec<(String, Value)> {
        let from = format!("{path}.");
        let names: Vec<String> = self
            .0
            .range(from.clone()..)
            .map(|(name, _)| name.clone())
            .take_while(|name| name.starts_with(&from))
            .collect();
        names
            .into_iter()
            .filter_map(|name| {
                let value = self.0.remove(&name)?;
                Some((name.get(from.len()..)?.to_owned(), value))
            })
            .collect()
    }
}

/// Members of a CloudTrail record, and where OCSF has them in its versions.
const RECORD: &[(&str, &[&str])] = &[
    ("eventVersion", &["metadata.product.version"]),
    ("eventName", &["api.operation"]),
    ("eventSource", &["api.service.name"]),
    ("awsRegion", &["cloud.region"]),
    ("eventID", &["metadata.uid"]),
    ("requestID", &["api.request.uid"]),
    ("eventType", &["metadata.event_code"]),
    ("eventCategory", &["metadata.product.feature.name"]),
    ("errorCode", &["api.response.error"]),
    ("errorMessage", &["api.response.error_message", "api.response.message"]),
    ("apiVersion", &["api.version"]),
    ("userAgent", &["http_request.user_agent"]),
    ("sourceIPAddress", &["src_endpoint.ip", "src_endpoint.domain"]),
    ("vpcEndpointId", &["src_endpoint.uid"]),
    ("recipientAccountId", &["cloud.account.uid", "cloud.account_uid"]),
    ("userIdentity.type", &["actor.user.type"]),
    ("userIdentity.arn", &["actor.user.uid"]),
    ("userIdentity.principalId", &["actor.user.uid_alt", "actor.user.uuid"]),
    ("userIdentity.userName", &["actor.user.name"]),
    ("userIdentity.accountId", &["actor.user.account.uid", "actor.user.account_uid"]),
    ("userIdentity.accessKeyId", &["actor.user.credential_uid", "actor.session.credential_uid"]),
    ("userIdentity.invokedBy", &["actor.invoked_by"]),
    ("userIdentity.identityProvider", &["actor.idp.name"]),
    ("userIdentity.sessionContext.sessionIssuer.arn", &["actor.session.issuer"]),
    (
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        &["actor.session.is_mfa", "actor.session.mfa"],
    ),
    ("tlsDetails.tlsVersion", &["tls.version"]),
    ("tlsDetails.cipherSuite", &["tls.cipher"]),
    ("tlsDetails.clientProvidedHostHeader", &["tls.sni"]),
];

fn cloudtrail_record(mut members: Members) -> String {
    let mut record = Map::new();
    for (member, paths) in RECORD {
        if let Some(value) = members.take(paths) {
            put(&mut record, member, value);
        }
    }
    if let Some(time) = instant(&mut members, &["time_dt", "time"]) {
        record.insert("eventTime".to_owned(), Value::String(time));
    }
    if let Some(time) =
        instant(&mut members, &["actor.session.created_time_dt", "actor.session.created_time"])
    {
        put(
            &mut record,
            "userIdentity.sessionContext.attributes.creationDate",
            Value::String(time),
        );
    }
    for (member, path) in
        [("requestParameters", "api.request.data"), ("responseElements", "api.response.data")]
    {
        let whole = members.take(&[path]);
        // A struct in the table, or the text of one.
        match whole {
            Some(Value::String(text)) => {
                let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
                record.insert(member.to_owned(), value);
            }
            Some(value) => {
                record.insert(member.to_owned(), value);
            }
            None => {
                for (below, value) in members.take_below(path) {
                    put(&mut record, &format!("{member}.{below}"), value);
                }
            }
        }
    }
    if let Some(Value::Array(resources)) = members.take(&["resources"]) {
        let resources: Vec<Value> = resources
            .iter()
            .map(|resource| {
                let owner = resource
                    .pointer("/owner/account/uid")
                    .or_else(|| resource.get("account_uid"))
                    .cloned();
                json!({"ARN": resource.get("uid"), "type": resource.get("type"), "accountId": owner})
            })
            .collect();
        record.insert("resources".to_owned(), Value::Array(resources));
    }
    for (name, value) in members.take_below("unmapped") {
        put(&mut record, &name, typed(value));
    }
    // What OCSF adds of its own: class, category, severity, observables.
    let rest: Map<String, Value> = members.0.into_iter().collect();
    record.insert("ocsf".to_owned(), Value::Object(rest));
    Value::Object(record).to_string()
}

/// The lake keeps unmapped values as texts.
fn typed(value: Value) -> Value {
    match &value {
        Value::String(text) if text == "true" => Value::Bool(true),
        Value::String(text) if text == "false" => Value::Bool(false),
        Value::String(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

/// An instant as text: what is text already, or milliseconds since 1970.
fn instant(members: &mut Members, paths: &[&str]) -> Option<String> {
    match members.take(paths)? {
        Value::String(text) => {
            let text = text.replacen(' ', "T", 1);
            let has_zone =
                text.ends_with('Z') || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
            Some(if has_zone { text } else { format!("{text}Z") })
        }
        Value::Number(millis) => {
            jiff::Timestamp::from_millisecond(millis.as_i64()?).ok().map(|at| at.to_string())
        }
        _ => None,
    }
}

/// Members of a resolver query record, and where OCSF has them.
const LOOKUP: &[(&str, &[&str])] = &[
    ("version", &["metadata.product.version"]),
    ("account_id", &["cloud.account.uid", "cloud.account_uid"]),
    ("region", &["cloud.region"]),
    ("vpc_id", &["src_endpoint.vpc_uid"]),
    ("query_name", &["query.hostname"]),
    ("query_type", &["query.type"]),
    ("query_class", &["query.class"]),
    ("rcode", &["rcode"]),
    ("srcaddr", &["src_endpoint.ip"]),
    ("srcport", &["src_endpoint.port"]),
    ("transport", &["connection_info.protocol_name"]),
    ("srcids.instance", &["src_endpoint.instance_uid"]),
    ("srcids.resolver_endpoint", &["dst_endpoint.instance_uid"]),
    ("firewall_rule_group_id", &["firewall_rule.uid"]),
];

/// A resolver query record.
fn lookup(mut members: Members) -> String {
    let mut record = Map::new();
    for (member, paths) in LOOKUP {
        if let Some(value) = members.take(paths) {
            // The resolver logs its ports as texts, and its codes in capitals.
            let value = match value {
                Value::String(code) if *member == "rcode" => {
                    Value::String(code.to_ascii_uppercase())
                }
                Value::Number(port) => Value::String(port.to_string()),
                other => other,
            };
            put(&mut record, member, value);
        }
    }
    if let Some(time) = instant(&mut members, &["time_dt", "time"]) {
        record.insert("query_timestamp".to_owned(), Value::String(time));
    }
    if let Some(Value::Array(answers)) = members.take(&["answers"]) {
        let answers = answers.iter().map(|answer| {
            json!({"Rdata": answer.get("rdata"), "Type": answer.get("type"), "Class": answer.get("class")})
        });
        record.insert("answers".to_owned(), answers.collect());
    }
    // Newer schemas say what was decided, older ones what was done.
    let blocked = ["disposition", "action"].iter().any(|name| {
        members
            .0
            .get(*name)
            .and_then(Value::as_str)
            .is_some_and(|text| matches!(text, "Blocked" | "Denied"))
    });
    if blocked {
        record.insert("firewall_rule_action".to_owned(), Value::String("BLOCK".to_owned()));
    }
    let rest: Map<String, Value> = members.0.into_iter().collect();
    record.insert("ocsf".to_owned(), Value::Object(rest));
    Value::Object(record).to_string()
}

/// Fields of a flow log's line, and where OCSF has them.
const FLOW: &[(&str, &[&str])] = &[
    ("version", &["metadata.product.version"]),
    ("account-id", &["cloud.account.uid", "cloud.account_uid"]),
    ("region", &["cloud.region"]),
    ("az-id", &["cloud.zone"]),
    ("interface-id", &["src_endpoint.interface_uid", "dst_endpoint.interface_uid"]),
    ("instance-id", &["src_endpoint.instance_uid", "dst_endpoint.instance_uid"]),
    ("vpc-id", &["src_endpoint.vpc_uid", "dst_endpoint.vpc_uid"]),
    ("subnet-id", &["src_endpoint.subnet_uid", "dst_endpoint.subnet_uid"]),
    ("srcaddr", &["src_endpoint.ip"]),
    ("dstaddr", &["dst_endpoint.ip"]),
    ("srcport", &["src_endpoint.port"]),
    ("dstport", &["dst_endpoint.port"]),
    ("pkt-src-aws-service", &["src_endpoint.svc_name"]),
    ("pkt-dst-aws-service", &["dst_endpoint.svc_name"]),
    ("protocol", &["connection_info.protocol_num"]),
    ("tcp-flags", &["connection_info.tcp_flags"]),
    ("packets", &["traffic.packets"]),
    ("bytes", &["traffic.bytes"]),
    ("log-status", &["status_code"]),
];

/// Header and line of a flow record.
fn flow(mut members: Members) -> (String, String) {
    let mut cells: Vec<(String, String)> = Vec::new();
    for (name, paths) in FLOW {
        if let Some(text) = members.take_text(paths) {
            cells.push(((*name).to_owned(), text));
        }
    }
    for (name, paths) in [("start", ["start_time", "time"]), ("end", ["end_time", "time"])] {
        let millis = paths.iter().find_map(|path| members.0.get(*path)).and_then(Value::as_i64);
        if let Some(millis) = millis {
            cells.push((name.to_owned(), millis.div_euclid(1_000).to_string()));
        }
    }
    let action = match members.take_text(&["action", "disposition"]).as_deref() {
        Some("Allowed") => "ACCEPT",
        Some("Denied" | "Blocked") => "REJECT",
        _ => "-",
    };
    cells.push(("action".to_owned(), action.to_owned()));
    let direction = match members.take_text(&["connection_info.direction"]).as_deref() {
        Some("Inbound") => "ingress",
        Some("Outbound") => "egress",
        _ => "-",
    };
    cells.push(("flow-direction".to_owned(), direction.to_owned()));
    for (name, value) in members.0 {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        cells.push((format!("ocsf-{name}"), text));
    }
    let plain = |text: &str| {
        let text: String = text.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect();
        if text.is_empty() { "-".to_owned() } else { text }
    };
    let header: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
    let line: Vec<String> = cells.iter().map(|(_, text)| plain(text)).collect();
    (header.join(" "), line.join(" "))
}
