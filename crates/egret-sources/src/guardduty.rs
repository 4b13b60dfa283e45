//! GuardDuty findings: what AWS itself takes for an attack, on which resource, by whom.
//!
//! What it **cannot** tell: that something happened. A finding is another tool's judgement over
//! logs it does not show; one row may stand for many calls (`service.count`).
//!
//! # Input
//!
//! Findings as GuardDuty exports them (JSON lines, camel case), as `aws guardduty get-findings`
//! prints them (`{"Findings":[…]}`, names begin with a capital), and in the envelope of an
//! EventBridge event (`detail`). Each export of a finding that went on is a row of its own.
//!
//! # Mapping
//!
//! | member                                   | field                                            | note                                        |
//! |------------------------------------------|--------------------------------------------------|---------------------------------------------|
//! | `service.eventLastSeen`                  | `@timestamp`, `event.end`                        | else `updatedAt`                            |
//! | `service.eventFirstSeen`                 | `event.start`                                    |                                             |
//! | `id`, `type`, `title`                    | `event.id`, `event.action` and `rule.name`, `message` |                                        |
//! | `type` before the colon                  | `rule.category`                                  | threat purpose                              |
//! | `severity`                               | `event.severity`                                 | rounded down, which keeps the band          |
//! | `resource.accessKeyDetails`              | `user.name`, `user.id`, `aws.cloudtrail.user_identity.access_key_id` | an assumed role's name is the role's |
//! | `service.action.*.remoteIpDetails`       | `source.ip`, `source.as.*`, `source.geo.*`       | `destination.ip` when the connection was outbound |
//! | `resource.s3BucketDetails[0].name`       | `aws.s3.bucket.name`                             |                                             |
//! | `resource.instanceDetails.instanceId`    | `cloud.instance.id`                              |                                             |
//! | the finding                              | `aws.guardduty`                                  | text as logged, leaves as tokens            |
//! | the rest of an EventBridge envelope      | `egret.rest`                                     |                                             |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html>
//! * <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html>

use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::event::{EventBuilder, ip_octets};

use crate::instant::micros_of;
use crate::json::members::{flat, is_object, keep};
use crate::json::tokens::{Root, leaves};
use crate::json::{Cursor, Frames, Outcome, Reader, Rest, Stop, Tokens};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// Member of what `get-findings` prints that holds the findings.
const WRAPPER: &str = "Findings";

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
        if !crate::json::begins(head) {
            return None;
        }
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        let either = |pair: &[&[u8]; 2]| pair.iter().any(|name| has(name));
        // The ARN of a finding; Security Hub's findings quote it too, but have `Types`.
        let marks: [[&[u8]; 2]; 5] = [
            [b":guardduty:", b"\"GuardDuty Finding\""],
            [b"\"service\"", b"\"Service\""],
            [b"\"resource\"", b"\"Resource\""],
            [b"\"severity\"", b"\"Severity\""],
            [b"\"type\"", b"\"Type\""],
        ];
        let security_hub = has(b"\"ProductArn\"") && has(b"\"Types\"");
        (!security_hub && marks.iter().all(either)).then(|| Detection {
            confidence: 93,
            reason: "records with a GuardDuty ARN, `type`, `severity`, `resource` and `service`"
                .to_owned(),
        })
    }

    fn opens_wrappings(&self) -> bool {
        true
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Frames::new(Records::default(), Some(WRAPPER)))
    }
}

/// Reads findings of one file.
#[derive(Debug, Default)]
struct Records {
    tokens: Tokens,
    occurrences: Occurrences,
}

impl Reader for Records {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        self.tokens.clear();
        let mut rest = Rest::default();
        let mut detail = None;
        cursor.members(|cursor, name, key| {
            if name == "detail" && is_object(cursor) {
                flat(cursor, &mut self.tokens, Root::Camel, &mut detail, &mut rest, &[], key)
            } else {
                keep(cursor, &mut rest, &[], key)
            }
        })?;
        let whole = cursor.since(start);
        if detail.is_none() {
            // No envelope: everything is the finding's.
            rest = Rest::default();
            detail = self.tokens.flatten(&mut Cursor::new(whole), Root::Camel)?;
        }
        let Some(flat) = detail else {
            return Ok(Outcome::Rejected("expected a finding, found null".to_owned()));
        };
        let tokens = self.tokens.of(&flat);
        let finding = Finding::of(tokens);
        let (Some(kind), Some(id)) = (finding.kind, finding.id) else {
            let found = if finding.kind.is_none() { "type" } else { "id" };
            let reason = format!("expected a finding with `id` and `type`, found no `{found}`");
            return Ok(Outcome::Rejected(reason));
        };
        let Some(time) = finding.last_seen.or(finding.updated) else {
            let reason = "expected a time in `service.eventLastSeen` or `updatedAt`, found none";
            return Ok(Outcome::Rejected(reason.to_owned()));
        };
        let Some(micros) = micros_of(time) else {
            let found: String = time.chars().take(64).collect();
            return Ok(Outcome::Rejected(format!(
                "the time is not one such as `2025-07-24T03:15:00.000Z`: `{found}`"
            )));
        };
        // An id stays the same while a finding goes on, so it cannot tell records apart.
        let key = self.occurrences.key(whole.as_bytes(), sink);
        let envelope = rest.take_json();
        sink.row(Dataset::GUARDDUTY, micros, key, |row| {
            row.set_str(fields::EVENT_ID, id);
            row.set_str(fields::EVENT_ACTION, kind);
            row.set_str(fields::RULE_NAME, kind);
            row.set_opt(fields::RULE_CATEGORY, kind.split_once(':').map(|(purpose, _)| purpose));
            row.set_flattened(fields::GUARDDUTY, flat.json, tokens);
            finding.store(row);
            row.set_opt(fields::REST, envelope.as_deref());
        });
        Ok(Outcome::Stored)
    }
}

/// The members that have a column; the finding is stored whole beside them.
#[derive(Debug, Default)]
struct Finding<'t> {
    id: Option<&'t str>,
    kind: Option<&'t str>,
    title: Option<&'t str>,
    severity: Option<&'t str>,
    account: Option<&'t str>,
    region: Option<&'t str>,
    updated: Option<&'t str>,
    first_seen: Option<&'t str>,
    last_seen: Option<&'t str>,
    user: Option<&'t str>,
    principal: Option<&'t str>,
    access_key: Option<&'t str>,
    bucket: Option<&'t str>,
    instance: Option<&'t str>,
    zone: Option<&'t str>,
    domain: Option<&'t str>,
    user_agent: Option<&'t str>,
    direction: Option<&'t str>,
    transport: Option<&'t str>,
    remote: Remote<'t>,
    local_address: Option<&'t str>,
    local_port: Option<&'t str>,
    addresses: Vec<&'t str>,
}

/// Whoever was at the other end.
#[derive(Debug, Default)]
struct Remote<'t> {
    address: Option<&'t str>,
    port: Option<&'t str>,
    country: Option<&'t str>,
    city: Option<&'t str>,
    as_number: Option<&'t str>,
    as_owner: Option<&'t str>,
}

impl<'t> Finding<'t> {
    fn of(tokens: &'t str) -> Self {
        let mut finding = Self::default();
        for (path, value) in leaves(tokens).filter(|(_, value)| !value.is_empty()) {
            if path.contains("ip") || path.contains("Ip") {
                finding.addresses.extend(Some(value).filter(|text| ip_octets(text).is_some()));
            }
            let slot = match path {
                "id" => &mut finding.id,
                "type" => &mut finding.kind,
                "title" => &mut finding.title,
                "severity" => &mut finding.severity,
                "accountId" => &mut finding.account,
                "region" => &mut finding.region,
                "updatedAt" => &mut finding.updated,
                "service.eventFirstSeen" => &mut finding.first_seen,
                "service.eventLastSeen" => &mut finding.last_seen,
                "resource.accessKeyDetails.userName" => &mut finding.user,
                "resource.accessKeyDetails.principalId" => &mut finding.principal,
                "resource.accessKeyDetails.accessKeyId" => &mut finding.access_key,
                "resource.s3BucketDetails.name" => &mut finding.bucket,
                "resource.instanceDetails.instanceId" => &mut finding.instance,
                "resource.instanceDetails.availabilityZone" => &mut finding.zone,
                _ => match path.strip_prefix("service.action.") {
                    Some(action) => match finding.of_action(action) {
                        Some(slot) => slot,
                        None => continue,
                    },
                    None => continue,
                },
            };
            slot.get_or_insert(value);
        }
        finding
    }

    /// The slot of a member below `service.action`, whichever kind of action it is.
    fn of_action(&mut self, path: &str) -> Option<&mut Option<&'t str>> {
        let (kind, path) = path.split_once('.')?;
        // Port probes are a list, each with its own ends.
        let path = path.strip_prefix("portProbeDetails.").unwrap_or(path);
        Some(match path {
            "domain" if kind == "dnsRequestAction" => &mut self.domain,
            "userAgent" => &mut self.user_agent,
            "connectionDirection" => &mut self.direction,
            "protocol" => &mut self.transport,
            "remoteIpDetails.ipAddressV4" | "remoteIpDetails.ipAddressV6" => {
                &mut self.remote.address
            }
            "remotePortDetails.port" => &mut self.remote.port,
            "remoteIpDetails.country.countryName" => &mut self.remote.country,
            "remoteIpDetails.city.cityName" => &mut self.remote.city,
            "remoteIpDetails.organization.asn" => &mut self.remote.as_number,
            "remoteIpDetails.organization.asnOrg" => &mut self.remote.as_owner,
            "localIpDetails.ipAddressV4" | "localIpDetails.ipAddressV6" => &mut self.local_address,
            "localPortDetails.port" => &mut self.local_port,
            _ => return None,
        })
    }

    fn store(&self, row: &mut EventBuilder) {
        row.set_str(fields::EVENT_KIND, "alert");
        row.set_list(fields::EVENT_CATEGORY, ["intrusion_detection"]);
        row.set_list(fields::EVENT_TYPE, ["info"]);
        row.set_str(fields::EVENT_PROVIDER, "guardduty.amazonaws.com");
        row.set_str(fields::CLOUD_PROVIDER, "aws");
        let transport = self.transport.map(str::to_ascii_lowercase);
        for (field, value) in [
            (fields::MESSAGE, self.title),
            (fields::CLOUD_ACCOUNT_ID, self.account),
            (fields::CLOUD_REGION, self.region),
            (fields::CLOUD_AVAILABILITY_ZONE, self.zone),
            (fields::CLOUD_INSTANCE_ID, self.instance),
            (fields::AWS_S3_BUCKET_NAME, self.bucket),
            (fields::USER_NAME, self.user),
            (fields::USER_ID, self.principal),
            (fields::CT_USER_IDENTITY_ACCESS_KEY_ID, self.access_key),
            (fields::DNS_QUESTION_NAME, self.domain),
            (fields::USER_AGENT_ORIGINAL, self.user_agent),
            (fields::NETWORK_TRANSPORT, transport.as_deref()),
        ] {
            row.set_opt(field, value);
        }
        if let Some(severity) = self.severity.and_then(whole_part) {
            row.set_i64(fields::EVENT_SEVERITY, severity);
        }
        for (field, time) in
            [(fields::EVENT_START, self.first_seen), (fields::EVENT_END, self.last_seen)]
        {
            if let Some(micros) = time.and_then(micros_of) {
                row.set_time(field, micros);
            }
        }
        self.store_ends(row);
        // `AROA…:session` names the session, which may be a person.
        let session = self.principal.and_then(|id| id.split_once(':')).map(|(_, session)| session);
        let mut names: Vec<&str> = self.user.into_iter().chain(session).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        row.set_list(fields::RELATED_USER, names);
        let mut addresses = self.addresses.clone();
        addresses.sort_unstable();
        addresses.dedup();
        row.set_list(fields::RELATED_IP, addresses);
    }

    /// Who acted upon whom. In an outbound connection the other end is the receiver.
    fn store_ends(&self, row: &mut EventBuilder) {
        let outbound = self.direction == Some("OUTBOUND");
        let remote = (self.remote.address, self.remote.port);
        let local = (self.local_address, self.local_port);
        let (source, destination) = if outbound { (local, remote) } else { (remote, local) };
        match self.direction {
            Some("OUTBOUND") => row.set_str(fields::NETWORK_DIRECTION, "egress"),
            Some("INBOUND") => row.set_str(fields::NETWORK_DIRECTION, "ingress"),
            _ => {}
        }
        for ((address, port), address_field, ip_field, port_field) in [
            (source, fields::SOURCE_ADDRESS, fields::SOURCE_IP, fields::SOURCE_PORT),
            (
                destination,
                fields::DESTINATION_ADDRESS,
                fields::DESTINATION_IP,
                fields::DESTINATION_PORT,
            ),
        ] {
            if let Some(address) = address {
                row.set_str(address_field, address);
                row.set_ip(ip_field, address);
            }
            if let Some(Ok(port)) = port.map(str::parse) {
                row.set_i64(port_field, port);
            }
        }
        if outbound {
            return;
        }
        row.set_opt(fields::SOURCE_GEO_COUNTRY_NAME, self.remote.country);
        row.set_opt(fields::SOURCE_GEO_CITY_NAME, self.remote.city);
        row.set_opt(fields::SOURCE_AS_ORGANIZATION_NAME, self.remote.as_owner);
        if let Some(Ok(number)) = self.remote.as_number.map(str::parse) {
            row.set_i64(fields::SOURCE_AS_NUMBER, number);
        }
    }
}

/// A severity without its fraction: 7.0 to 8.9 is high, and stays so.
fn whole_part(severity: &str) -> Option<i64> {
    severity.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities() {
        for (logged, want) in
            [("8", Some(8)), ("8.9", Some(8)), ("2.0", Some(2)), ("high", None), ("", None)]
        {
            assert_eq!(whole_part(logged), want, "{logged}");
        }
    }

    #[test]
    fn told_by_content() {
        let finding = r#"{"arn":"arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f","type":"T","severity":8,"resource":{},"service":{}}"#;
        #[rustfmt::skip]
        let rows = [
            ("exported", finding.to_owned(), Some(93)),
            ("get-findings", r#"{"Findings":[{"Arn":"arn:aws:guardduty:x","Resource":{},"Service":{},"Severity":8.0,"Type":"T"}]}"#.to_owned(), Some(93)),
            ("EventBridge", format!(r#"{{"detail-type":"GuardDuty Finding","detail":{finding}}}"#), Some(93)),
            ("Security Hub", r#"{"Findings":[{"ProductArn":"arn:aws:securityhub:::product/aws/guardduty","Id":"arn:aws:guardduty:x","Types":["T"],"Resources":[],"Severity":{}}]}"#.to_owned(), None),
            ("not JSON", format!("x {finding}"), None),
        ];
        for (name, head, want) in rows {
            let found = GuardDuty.detect(head.as_bytes()).map(|found| found.confidence);
            assert_eq!(found, want, "row: {name}");
        }
    }

    #[test]
    fn the_other_end_is_the_receiver_of_an_outbound_connection() {
        let tokens = |direction: &str| {
            format!(
                "\nservice.action.networkConnectionAction.connectionDirection\t{direction}\n\
                 service.action.networkConnectionAction.remoteIpDetails.ipAddressV4\t198.51.100.7\n\
                 service.action.networkConnectionAction.localIpDetails.ipAddressV4\t10.0.1.5\n"
            )
        };
        for (direction, want) in [("OUTBOUND", "10.0.1.5"), ("INBOUND", "198.51.100.7")] {
            let tokens = tokens(direction);
            let mut row = EventBuilder::new();
            Finding::of(&tokens).store(&mut row);
            row.end_row();
            let batch = row.finish().unwrap();
            let column = batch.column_by_name("source.ip").unwrap();
            let got = arrow::array::AsArray::as_string::<i32>(column.as_ref()).value(0).to_owned();
            assert_eq!(got, want, "{direction}");
        }
    }
}
