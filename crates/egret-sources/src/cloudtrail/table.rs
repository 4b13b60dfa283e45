//! CloudTrail as a table: Athena and CloudTrail Lake results, the console's event history.
//!
//! Every row becomes the record it was made from, as far as the table still holds it, so that one
//! mapping serves all forms. Columns nobody knows are kept as members nobody knows.
//!
//! # Source
//!
//! * <https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html>
//! * <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-event-data-store-cloudtrail.html>

use serde_json::{Map, Value};

use super::Records;
use crate::csv::{CsvRecord, RowReader, first_record};
use crate::json::{Cursor, Outcome, Reader, Stop};
use crate::nested::put;
use crate::sink::Sink;

/// Members of a record and of its parts, as CloudTrail spells them. Tables fold the case away.
const NAMES: &[&str] = &[
    "accessKeyId",
    "accountId",
    "addendum",
    "additionalEventData",
    "apiVersion",
    "arn",
    "attributes",
    "awsRegion",
    "cipherSuite",
    "clientProvidedHostHeader",
    "creationDate",
    "credentialId",
    "ec2RoleDelivery",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventJson",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "federatedProvider",
    "identityProvider",
    "identityStoreArn",
    "inScopeOf",
    "insightContext",
    "insightDetails",
    "insightSource",
    "invokedBy",
    "managementEvent",
    "mfaAuthenticated",
    "onBehalfOf",
    "principalId",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionContext",
    "sessionCredentialFromConsole",
    "sessionIssuer",
    "sharedEventID",
    "sourceIPAddress",
    "sourceIdentity",
    "tlsDetails",
    "tlsVersion",
    "type",
    "userAgent",
    "userId",
    "userIdentity",
    "userName",
    "vpcEndpointAccountId",
    "vpcEndpointId",
    "webIdFederationData",
];

/// Headings of the console and of home-made tables, without blanks and case, and the member.
const HEADINGS: &[(&str, &str)] = &[
    ("accesskey", "userIdentity.accessKeyId"),
    ("accesskeyid", "userIdentity.accessKeyId"),
    ("awsaccesskey", "userIdentity.accessKeyId"),
    ("awsaccountid", "recipientAccountId"),
    ("eventdatetime", "eventTime"),
    ("region", "awsRegion"),
    ("requestuseragent", "userAgent"),
    ("sourceip", "sourceIPAddress"),
    ("userid", "userIdentity"),
    ("username", "userIdentity.userName"),
];

/// Members that are documents.
const DOCUMENTS: &[&str] = &[
    "addendum",
    "additionalEventData",
    "attributes",
    "edgeDeviceDetails",
    "eventContext",
    "insightDetails",
    "onBehalfOf",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionContext",
    "sessionIssuer",
    "tlsDetails",
    "userIdentity",
    "webIdFederationData",
];

/// Documents whose members have CloudTrail's own names.
const OWN: &[&str] = &[
    "attributes",
    "onBehalfOf",
    "resources",
    "sessionContext",
    "sessionIssuer",
    "tlsDetails",
    "userIdentity",
];

/// Where a column's value goes.
fn member_of(heading: &str) -> String {
    let folded: String = heading
        .trim()
        .chars()
        .filter(|character| !matches!(character, ' ' | '_' | '-' | '"'))
        .flat_map(char::to_lowercase)
        .collect();
    if let Some((_, member)) = HEADINGS.iter().find(|(name, _)| *name == folded) {
        return (*member).to_owned();
    }
    let parts: Vec<&str> = folded.split('.').map(|part| spelled(part).unwrap_or(part)).collect();
    if parts.iter().any(|part| NAMES.contains(part)) {
        return parts.join(".");
    }
    heading.trim().to_owned()
}

fn spelled(folded: &str) -> Option<&'static str> {
    NAMES.iter().copied().find(|name| name.eq_ignore_ascii_case(folded))
}

/// Whether a file begins with a table of CloudTrail events.
pub(super) fn is_table(head: &[u8]) -> bool {
    first_record(head).is_some_and(|record| is_header(&record))
}

fn is_header(record: &CsvRecord<'_>) -> bool {
    let members: Vec<String> = record.fields.iter().map(|field| member_of(field)).collect();
    let has = |name: &str| members.iter().any(|member| member == name);
    has("eventJson") || has("eventName") && (has("eventTime") || has("eventSource"))
}

/// Reads rows.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    records: Records,
}

impl RowReader for Table {
    fn row(&mut self, record: &CsvRecord<'_>, sink: &mut Sink) -> Result<(), String> {
        if self.columns.is_empty() || is_header(record) {
            self.columns = record.fields.iter().map(|field| member_of(field)).collect();
            return Ok(());
        }
        if record.fields.len() != self.columns.len() {
            return Err(format!(
                "expected {} columns as in the header, found {}",
                self.columns.len(),
                record.fields.len()
            ));
        }
        let cells =
            self.columns.iter().map(String::as_str).zip(record.fields.iter().map(AsRef::as_ref));
        let json = record_of(cells);
        let mut cursor = Cursor::new(&json);
        match self.records.read(&mut cursor, sink) {
            Ok(Outcome::Stored) => Ok(()),
            Ok(Outcome::Rejected(reason)) => Err(reason),
            Err(Stop::End | Stop::Bad { .. }) => {
                Err("the row makes no record that can be read".to_owned())
            }
        }
    }
}

/// The record that cells are of, as JSON. A column's name is its heading or its member.
pub(crate) fn record_of<'c>(cells: impl Iterator<Item = (&'c str, &'c str)>) -> String {
    let mut record = Map::new();
    for (name, cell) in cells {
        let cell = cell.trim();
        if cell.is_empty() || cell == "null" || cell == "-" && name != "errorMessage" {
            continue;
        }
        let member = member_of(name);
        // CloudTrail Lake keeps the whole record beside its parts.
        if member == "eventJson" && cell.starts_with('{') {
            return cell.to_owned();
        }
        let last = member.rsplit('.').next().unwrap_or_default();
        let value = match last {
            "readOnly" | "managementEvent" if cell.eq_ignore_ascii_case("true") => {
                Value::Bool(true)
            }
            "readOnly" | "managementEvent" if cell.eq_ignore_ascii_case("false") => {
                Value::Bool(false)
            }
            "eventTime" => Value::String(instant(cell)),
            name if DOCUMENTS.contains(&name) => document(name, cell),
            _ => Value::String(cell.to_owned()),
        };
        put(&mut record, &member, value);
    }
    Value::Object(record).to_string()
}

/// Times as tables write them, as CloudTrail does.
fn instant(cell: &str) -> String {
    // Athena: `2026-11-24 01:00:00.000 UTC`.
    let iso = cell.strip_suffix(" UTC").unwrap_or(cell);
    if iso.as_bytes().get(10) == Some(&b' ')
        && iso.starts_with(|first: char| first.is_ascii_digit())
    {
        let at = iso.replacen(' ', "T", 1);
        return if at.ends_with('Z') || at.contains('+') { at } else { format!("{at}Z") };
    }
    // The console: `November 24, 2026, 01:00:00 (UTC+00:00)`.
    let plain = cell.replace("(UTC", "").replace(')', "");
    match jiff::fmt::strtime::parse("%B %d, %Y, %H:%M:%S %:z", plain.trim())
        .and_then(|parsed| parsed.to_timestamp())
    {
        Ok(at) => at.to_string(),
        Err(_another_form) => cell.to_owned(),
    }
}

/// A document: JSON, or one of the ways tables print rows and maps.
fn document(name: &str, cell: &str) -> Value {
    if !cell.starts_with(['{', '[']) {
        return Value::String(cell.to_owned());
    }
    let value = serde_json::from_str(cell).ok().or_else(|| Loose::whole(cell));
    match value {
        Some(value) if OWN.contains(&name) => with_own_names(value),
        Some(value) => value,
        None => Value::String(cell.to_owned()),
    }
}

fn with_own_names(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| {
                    let own = spelled(&name.to_lowercase());
                    (own.map_or(name, str::to_owned), with_own_names(value))
                })
                .collect(),
        ),
        Value::Array(elements) => Value::Array(elements.into_iter().map(with_own_names).collect()),
        other => other,
    }
}

/// Reads rows and maps as Athena (`{a=b, c={d=e}}`), Lake and Python (`{'a': 'b'}`) print them.
///
/// A text holds whatever stands up to the next `, name=`, so a comma inside it does not end it.
pub(crate) fn loose(text: &str) -> Option<Value> {
    Loose::whole(text)
}

struct Loose<'a> {
    text: &'a str,
    depth: usize,
}

impl<'a> Loose<'a> {
    fn whole(text: &'a str) -> Option<Value> {
        let mut loose = Loose { text, depth: 0 };
        let value = loose.value(false)?;
        loose.text.trim().is_empty().then_some(value)
    }

    fn skip(&mut self, what: char) -> bool {
        self.text = self.text.trim_start();
        match self.text.strip_prefix(what) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, in_map: bool) -> Option<Value> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > egret_model::limits::JSON_DEPTH_MAX {
            return None;
        }
        let value = if self.skip('{') {
            self.map()
        } else if self.skip('[') {
            self.list()
        } else {
            Some(self.plain(in_map))
        };
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn map(&mut self) -> Option<Value> {
        let mut members = Map::new();
        loop {
            if self.skip('}') {
                return Some(Value::Object(members));
            }
            let name = if let Some(name) = self.quoted() {
                self.skip(':');
                name
            } else {
                let (name, rest) = self.text.split_once('=')?;
                if name.contains(['{', '}', ',']) {
                    return None;
                }
                self.text = rest;
                name.trim().to_owned()
            };
            let value = self.value(true)?;
            if value != Value::Null {
                members.insert(name, value);
            }
            if !self.skip(',') && !self.text.starts_with('}') {
                return None;
            }
        }
    }

    fn list(&mut self) -> Option<Value> {
        let mut elements = Vec::new();
        loop {
            if self.skip(']') {
                return Some(Value::Array(elements));
            }
            elements.push(self.value(false)?);
            if !self.skip(',') && !self.text.starts_with(']') {
                return None;
            }
        }
    }

    /// A text in single or double quotes, at the place.
    fn quoted(&mut self) -> Option<String> {
        self.text = self.text.trim_start();
        let quote = self.text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let body = self.text.get(1..)?;
        let mut escaped = false;
        let end = body.char_indices().find_map(|(at, character)| {
            let ends = character == quote && !escaped;
            escaped = character == '\\' && !escaped;
            ends.then_some(at)
        })?;
        let text = body.get(..end)?.replace(&format!("\\{quote}"), &quote.to_string());
        self.text = body.get(end.saturating_add(1)..)?;
        Some(text)
    }

    fn plain(&mut self, in_map: bool) -> Value {
        if let Some(text) = self.quoted() {
            return Value::String(text);
        }
        self.text = self.text.trim_start();
        let mut end = self.text.len();
        for (at, character) in self.text.char_indices() {
            let ends = match character {
                '}' | ']' => true,
                ',' => !in_map || self.text.get(at.saturating_add(1)..).is_none_or(begins_member),
                _ => false,
            };
            if ends {
                end = at;
                break;
            }
        }
        let (text, rest) = self.text.split_at_checked(end).unwrap_or((self.text, ""));
        self.text = rest;
        match text.trim() {
            "null" | "None" => Value::Null,
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            text => Value::String(text.to_owned()),
        }
    }
}

/// Whether what stands behind a comma is a further member and not the rest of a text.
fn begins_member(behind: &str) -> bool {
    let behind = behind.trim_start();
    behind.starts_with(['\'', '"'])
        || behind
            .find(['=', ',', '{', '}', '[', ']'])
            .is_some_and(|at| at > 0 && behind.get(at..).is_some_and(|rest| rest.starts_with('=')))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_in_every_print() {
        let own = json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "Ops"}}});
        #[rustfmt::skip]
        let rows: &[(&str, &str, &str, Value)] = &[
            ("JSON", "requestParameters", r#"{"bucketName":"b"}"#, json!({"bucketName": "b"})),
            ("Athena row", "userIdentity", "{type=AssumedRole, invokedby=null, sessioncontext={attributes=null, sessionissuer={username=Ops}}}", own.clone()),
            ("Lake", "userIdentity", "{type=AssumedRole, sessioncontext={sessionissuer={username=Ops}}}", own),
            ("Lake map with a comma in a text", "requestParameters", "{bucketName=b, key=a, b.csv, x=1}", json!({"bucketName": "b", "key": "a, b.csv", "x": "1"})),
            ("Python", "requestParameters", "{'bucketName': 'b', 'n': 2, 'Host': \"it's\"}", json!({"bucketName": "b", "n": "2", "Host": "it's"})),
            ("list of rows", "resources", "[{arn=arn:aws:s3:::b, accountid=111122223333, type=AWS::S3::Bucket}]", json!([{"arn": "arn:aws:s3:::b", "accountId": "111122223333", "type": "AWS::S3::Bucket"}])),
            ("broken", "requestParameters", "{bucketName=b", json!("{bucketName=b")),
            ("text", "responseElements", "none", json!("none")),
        ];
        for (name, member, cell, want) in rows {
            assert_eq!(document(member, cell), *want, "row: {name}");
        }
    }

    #[test]
    fn headings_and_times() {
        for (heading, member) in [
            ("eventname", "eventName"),
            ("Event name", "eventName"),
            ("Event_Source", "eventSource"),
            ("User name", "userIdentity.userName"),
            ("useridentity.arn", "userIdentity.arn"),
            ("AWS access key", "userIdentity.accessKeyId"),
            ("Resource type", "Resource type"),
        ] {
            assert_eq!(member_of(heading), member, "{heading}");
        }
        for (cell, at) in [
            ("2026-11-24T01:00:00Z", "2026-11-24T01:00:00Z"),
            ("2026-11-24 01:00:00.000", "2026-11-24T01:00:00.000Z"),
            ("2026-11-24 01:00:00.000 UTC", "2026-11-24T01:00:00.000Z"),
            ("November 24, 2026, 01:00:00 (UTC+01:00)", "2026-11-24T00:00:00Z"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(instant(cell), at, "{cell}");
        }
    }

    #[test]
    fn a_table_is_told_by_its_header() {
        for (head, want) in [
            ("eventversion,useridentity,eventtime,eventsource,eventname\n", true),
            ("\"Event name\",\"Event time\",\"User name\"\n", true),
            ("eventJson\n", true),
            ("timestamp,event_type,actor.id\n", false),
            ("version account-id interface-id\n", false),
        ] {
            assert_eq!(is_table(head.as_bytes()), want, "{head}");
        }
    }

    #[test]
    fn lake_keeps_the_whole_record() {
        let cells = [("eventID", "1"), ("eventJson", "{\"eventID\":\"2\"}")];
        assert_eq!(record_of(cells.into_iter()), "{\"eventID\":\"2\"}");
    }
}
