//! CloudFront standard access logs: which client asked a distribution for what, and what it got.
//!
//! What it **cannot** tell: everything. AWS delivers these logs on a best-effort basis, so a
//! missing line proves nothing. Nor where the content came from: an edge location may have held it.
//!
//! # Input
//!
//! W3C extended log files: lines of fields parted by tabs, in the order of the `#Fields:` line, which
//! may come again further down. A file without one is read in the order of the 33 fields AWS
//! documents when its lines have as many; a note says so. Also the JSON lines of standard logging
//! (v2), whose members have the same names.
//!
//! # Mapping
//!
//! | field                            | columns                                    | note                                 |
//! |----------------------------------|--------------------------------------------|--------------------------------------|
//! | `date`, `time`                   | `@timestamp`                               | else `timestamp(ms)`, `timestamp`    |
//! | `x-edge-request-id`              | `event.id`                                 |                                      |
//! | `c-ip`, `c-port`                 | `source.address`, `source.ip`, `source.port` |                                    |
//! | `sc-bytes`                       | `http.response.bytes`, `source.bytes`      | what went out; see `docs/decisions/` |
//! | `cs-bytes`                       | `http.request.bytes`, `destination.bytes`  |                                      |
//! | `sc-status`                      | `http.response.status_code`, `event.outcome` | 0 when the client went away        |
//! | `cs-uri-stem`, `cs-uri-query`    | `url.original`, `url.path`, `url.query`    | only `url.path` is decoded           |
//! | `cs(User-Agent)`, `cs(Referer)`, `cs(Cookie)`, `sc-content-type` | `user_agent.original`, … | decoded; as logged in `egret.rest` where decoding could not be undone |
//! | `x-host-header`                  | `url.domain`                               | what the client asked for            |
//! | `x-forwarded-for`                | `aws.cloudfront.x_forwarded_for`, `related.ip` | whoever asks writes it           |
//! | others                           | `aws.cloudfront.*`, else `egret.rest`      |                                      |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>

use std::borrow::Cow;

use egret_model::dataset::Dataset;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_model::event::{EventBuilder, ip_octets};

use crate::access::{Leftover, invalid, logged, number, outcome_of_status, seconds, tls_version};
use crate::instant::{micros_of, micros_of_epoch};
use crate::json::{Cursor, Frames, Outcome, Reader, Stop};
use crate::lines::{LineReader, Lines};
use crate::occurrence::Occurrences;
use crate::percent::{decode, decode_if_encoded};
use crate::sink::Sink;
use crate::user_agent;
use crate::{Decoder, Detection, LogSource};

/// Field order of a file that carries no header line.
pub const DEFAULT_FIELDS: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) \
     cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type \
     x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol \
     ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields \
     c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len \
     sc-range-start sc-range-end";

/// How a line that names the fields begins.
const FIELDS: &str = "#Fields:";

/// CloudFront standard access log files.
#[derive(Debug, Clone, Copy)]
pub struct CloudFront;

impl LogSource for CloudFront {
    fn id(&self) -> &'static str {
        "cloudfront"
    }

    fn title(&self) -> &'static str {
        "CloudFront access log"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        if crate::json::begins(head) {
            let edge = has(b"\"x-edge-location\"") || has(b"\"x-edge-request-id\"");
            let asked = has(b"\"cs-method\"") || has(b"\"sc-status\"") || has(b"\"cs-uri-stem\"");
            return (edge && asked).then(|| Detection {
                confidence: 93,
                reason: "records with CloudFront's field names, `x-edge-…` and `cs-…`".to_owned(),
            });
        }
        let text = head.utf8_chunks().next()?.valid().trim_start_matches('\u{FEFF}');
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let header = lines.clone().take_while(|line| line.starts_with('#'));
        for line in header {
            // Other servers write such a line too, but none has an edge.
            if line.strip_prefix(FIELDS).is_some_and(|names| names.contains(" x-edge-")) {
                return Some(Detection {
                    confidence: 95,
                    reason: "a `#Fields:` line with CloudFront's fields".to_owned(),
                });
            }
        }
        let line = lines.find(|line| !line.starts_with('#'))?;
        Layout::assumed(line).map(|layout| Detection {
            confidence: 80,
            reason: format!(
                "lines of {} fields parted by tabs, as CloudFront's without header",
                layout.columns.len()
            ),
        })
    }

    fn decoder(&self, head: &[u8]) -> Box<dyn Decoder> {
        if crate::json::begins(head) {
            Box::new(Frames::new(Records::default(), None))
        } else {
            Box::new(Lines::new(Requests::default()))
        }
    }
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Date,
    Time,
    /// A Unix time.
    Stamp,
    Client,
    Stem,
    Query,
    Status,
    Forwarded,
    TlsVersion,
    HttpVersion,
    Text(Field),
    /// Text that CloudFront percent-encodes for the log.
    Encoded(Field),
    Count(Field),
    /// A count that `source.bytes` or `destination.bytes` is too.
    Bytes(Field, Field),
    Seconds(Field),
    /// No column has it.
    Other,
}

impl Column {
    fn of_name(name: &str) -> Self {
        match name {
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" | "timestamp(ms)" => Self::Stamp,
            "c-ip" => Self::Client,
            "cs-uri-stem" => Self::Stem,
            "cs-uri-query" => Self::Query,
            "sc-status" => Self::Status,
            "x-forwarded-for" => Self::Forwarded,
            "ssl-protocol" => Self::TlsVersion,
            "cs-protocol-version" => Self::HttpVersion,
            "ssl-cipher" => Self::Text(fields::TLS_CIPHER),
            "cs-method" => Self::Text(fields::HTTP_REQUEST_METHOD),
            "cs(Host)" => Self::Text(fields::CLOUDFRONT_DOMAIN),
            "x-host-header" => Self::Text(fields::URL_DOMAIN),
            "cs-protocol" => Self::Text(fields::URL_SCHEME),
            "x-edge-request-id" => Self::Text(fields::EVENT_ID),
            "x-edge-location" => Self::Text(fields::CLOUDFRONT_EDGE_LOCATION),
            "x-edge-result-type" => Self::Text(fields::CLOUDFRONT_EDGE_RESULT_TYPE),
            "x-edge-response-result-type" => {
                Self::Text(fields::CLOUDFRONT_EDGE_RESPONSE_RESULT_TYPE)
            }
            "x-edge-detailed-result-type" => {
                Self::Text(fields::CLOUDFRONT_EDGE_DETAILED_RESULT_TYPE)
            }
            "DistributionId" | "distributionid" => Self::Text(fields::CLOUDFRONT_DISTRIBUTION_ID),
            "c-country" => Self::Text(fields::SOURCE_GEO_COUNTRY_ISO_CODE),
            "cs(Referer)" => Self::Encoded(fields::HTTP_REQUEST_REFERRER),
            "cs(User-Agent)" => Self::Encoded(fields::USER_AGENT_ORIGINAL),
            "cs(Cookie)" => Self::Encoded(fields::CLOUDFRONT_COOKIE),
            "sc-content-type" => Self::Encoded(fields::CLOUDFRONT_CONTENT_TYPE),
            "c-port" => Self::Count(fields::SOURCE_PORT),
            "asn" => Self::Count(fields::SOURCE_AS_NUMBER),
            "sc-content-len" => Self::Count(fields::CLOUDFRONT_CONTENT_LENGTH),
            "sc-bytes" => Self::Bytes(fields::HTTP_RESPONSE_BYTES, fields::SOURCE_BYTES),
            "cs-bytes" => Self::Bytes(fields::HTTP_REQUEST_BYTES, fields::DESTINATION_BYTES),
            "time-taken" => Self::Seconds(fields::CLOUDFRONT_TIME_TAKEN),
            "time-to-first-byte" => Self::Seconds(fields::CLOUDFRONT_TIME_TO_FIRST_BYTE),
            _ => Self::Other,
        }
    }
}

/// The field order of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    columns: Vec<(Column, Box<str>)>,
}

impl Layout {
    fn of_names(names: &str) -> Self {
        let mut columns: Vec<(Column, Box<str>)> = Vec::new();
        for name in names.split_ascii_whitespace() {
            let column = Column::of_name(name);
            // A row has room for one value a column; a Unix time beside another is kept as text.
            let taken = columns.iter().any(|(other, _)| *other == column);
            columns.push((if taken { Column::Other } else { column }, name.into()));
        }
        Self { columns }
    }

    /// The layout of a file without header that has this line.
    fn assumed(line: &str) -> Option<Self> {
        let layout = Self::of_names(DEFAULT_FIELDS);
        let mut tokens = line.split('\t');
        micros_of(&format!("{}T{}Z", tokens.next()?, tokens.next()?))?;
        let address = tokens.nth(2)?;
        let count = line.split('\t').count();
        (count == layout.columns.len() && ip_octets(address).is_some()).then_some(layout)
    }
}

/// Reads the lines of one file.
#[derive(Debug, Default)]
struct Requests {
    layout: Option<Layout>,
    assumed: bool,
    occurrences: Occurrences,
}

impl LineReader for Requests {
    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String> {
        let text = std::str::from_utf8(line).map_err(|error| {
            format!("not UTF-8 text from byte {} of the line", error.valid_up_to())
        })?;
        if let Some(names) = text.strip_prefix(FIELDS) {
            self.layout = Some(Layout::of_names(names));
            self.assumed = false;
            return Ok(());
        }
        // `#Version: 1.0` and its like.
        if text.starts_with('#') && text.contains(':') && !text.contains('\t') {
            return Ok(());
        }
        if self.layout.is_none() {
            self.layout = Layout::assumed(text);
            self.assumed = self.layout.is_some();
        }
        let Some(layout) = &self.layout else {
            return Err("no `#Fields:` line, and not the 33 fields AWS documents".to_owned());
        };
        let mut request = Request::default();
        let mut tokens = text.split('\t');
        for (column, name) in &layout.columns {
            let Some(token) = tokens.next() else {
                return Err(format!(
                    "expected {} fields, found {}",
                    layout.columns.len(),
                    text.split('\t').count()
                ));
            };
            request.add(*column, name, token.into());
        }
        let extra: Vec<&str> = tokens.collect();
        if !extra.is_empty() {
            request.rest.value("extra", &extra.into());
        }
        let micros = request.check()?;
        request.put(micros, line, &mut self.occurrences, sink);
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        match &self.layout {
            Some(layout) if self.assumed => vec![format!(
                "no `#Fields:` line; read as {} fields in the order AWS documents",
                layout.columns.len()
            )],
            _ => Vec::new(),
        }
    }
}

/// Reads records of one file of JSON.
#[derive(Debug, Default)]
struct Records {
    occurrences: Occurrences,
}

impl Reader for Records {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        let mut request = Request::default();
        let mut leftover: Vec<(&str, &str)> = Vec::new();
        let mut names: Vec<(Column, Cow<'_, str>, Cow<'_, str>)> = Vec::new();
        cursor.members(|cursor, name, key| {
            let from = cursor.at();
            let value = cursor.value()?;
            let column = Column::of_name(name);
            let taken = names.iter().any(|(other, ..)| *other == column);
            match value.into_text() {
                Some(text) if column != Column::Other && !taken => {
                    names.push((column, key.unescape(), text));
                }
                _ => leftover.push((key.text, cursor.since(from))),
            }
            Ok(())
        })?;
        let record = cursor.since(start);
        for (name, value) in leftover {
            if !crate::json::rest::holds_nothing(value) && value != "\"-\"" {
                request.rest.raw(name, value);
            }
        }
        for (column, name, value) in &names {
            request.add(*column, name, Cow::Borrowed(value));
        }
        Ok(match request.check() {
            Ok(micros) => {
                request.put(micros, record.as_bytes(), &mut self.occurrences, sink);
                Outcome::Stored
            }
            Err(reason) => Outcome::Rejected(reason),
        })
    }
}

/// One request: the fields that are logged.
#[derive(Debug, Default)]
struct Request<'t> {
    values: Vec<(Column, &'t str, Cow<'t, str>)>,
    rest: Leftover,
}

impl<'t> Request<'t> {
    fn add(&mut self, column: Column, name: &'t str, value: Cow<'t, str>) {
        if logged(&value).is_none() {
            return;
        }
        if column == Column::Other {
            self.rest.text(name, &value);
        } else {
            self.values.push((column, name, value));
        }
    }

    fn get(&self, column: Column) -> Option<&str> {
        self.values.iter().find(|(other, ..)| *other == column).map(|(.., value)| &**value)
    }

    /// When it was, once everything that must be a number is one.
    fn check(&self) -> Result<i64, String> {
        for (column, name, value) in &self.values {
            match column {
                Column::Count(_) | Column::Bytes(..) | Column::Status => {
                    number(name, value)?;
                }
                Column::Seconds(_) => {
                    seconds(name, value)?;
                }
                _ => {}
            }
        }
        if let (Some(date), Some(time)) = (self.get(Column::Date), self.get(Column::Time)) {
            return micros_of(&format!("{date}T{time}Z")).ok_or_else(|| {
                invalid(
                    "date time",
                    "a time such as `2025-07-24 03:15:00`",
                    &format!("{date} {time}"),
                )
            });
        }
        let Some(stamp) = self.get(Column::Stamp) else {
            return Err(
                "expected a time in `date` and `time`, or in `timestamp`, found none".to_owned()
            );
        };
        let micros = stamp.parse().ok().and_then(micros_of_epoch);
        micros.ok_or_else(|| invalid("timestamp", "a Unix time", stamp))
    }

    fn put(self, micros: i64, record: &[u8], occurrences: &mut Occurrences, sink: &mut Sink) {
        let key = occurrences.key(record, sink);
        sink.row(Dataset::CLOUDFRONT, micros, key, |row| {
            if self.get(Column::Text(fields::EVENT_ID)).is_none() {
                row.set_str(fields::EVENT_ID, &key.to_event_id());
            }
            self.store(row);
        });
    }

    fn store(mut self, row: &mut EventBuilder) {
        row.set_str(fields::EVENT_KIND, "event");
        row.set_str(fields::EVENT_ACTION, "http-request");
        row.set_list(fields::EVENT_CATEGORY, ["web"]);
        row.set_list(fields::EVENT_TYPE, ["access"]);
        row.set_str(fields::EVENT_PROVIDER, "cloudfront.amazonaws.com");
        row.set_str(fields::CLOUD_PROVIDER, "aws");
        let status = self.get(Column::Status).and_then(|status| status.parse().ok());
        row.set_str(fields::EVENT_OUTCOME, outcome_of_status(status));
        let stem = self.get(Column::Stem).unwrap_or_default();
        let original = match self.get(Column::Query) {
            Some(query) => format!("{stem}?{query}"),
            None => stem.to_owned(),
        };
        row.set_opt(fields::URL_ORIGINAL, Some(&original));
        let dated = self.get(Column::Date).is_some() && self.get(Column::Time).is_some();
        let mut addresses: Vec<String> = Vec::new();
        for (column, name, value) in &self.values {
            match *column {
                // Both are `@timestamp`, unless one of them is alone.
                Column::Date | Column::Time if dated => {}
                Column::Stamp if !dated => {}
                Column::Date | Column::Time | Column::Stamp | Column::Other => {
                    self.rest.text(name, value);
                }
                Column::Client => {
                    row.set_str(fields::SOURCE_ADDRESS, value);
                    if row.set_ip(fields::SOURCE_IP, value) {
                        addresses.push(value.clone().into_owned());
                    }
                }
                Column::Stem => {
                    row.set_str(fields::URL_PATH, &decode(value).unwrap_or(Cow::Borrowed(value)));
                }
                Column::Query => row.set_str(fields::URL_QUERY, value),
                Column::Forwarded => {
                    let text = encoded(
                        fields::CLOUDFRONT_X_FORWARDED_FOR,
                        name,
                        value,
                        row,
                        &mut self.rest,
                    );
                    addresses.extend(text.split(',').map(|one| one.trim().to_owned()));
                }
                Column::TlsVersion => row.set_str(fields::TLS_VERSION, tls_version(value)),
                Column::HttpVersion => {
                    let version = value.strip_prefix("HTTP/").unwrap_or(value);
                    row.set_str(fields::HTTP_VERSION, version);
                }
                Column::Text(field) => row.set_str(field, value),
                Column::Encoded(field) => {
                    let text = encoded(field, name, value, row, &mut self.rest);
                    if field == fields::USER_AGENT_ORIGINAL {
                        user_agent::set(row, &text);
                    }
                }
                Column::Status => long(row, fields::HTTP_RESPONSE_STATUS_CODE, value),
                Column::Count(field) => long(row, field, value),
                Column::Bytes(field, side) => {
                    long(row, field, value);
                    long(row, side, value);
                }
                Column::Seconds(field) => {
                    if let Ok(seconds) = value.parse() {
                        row.set_f64(field, seconds);
                    }
                }
            }
        }
        addresses.retain(|address| ip_octets(address).is_some());
        addresses.sort_unstable();
        addresses.dedup();
        row.set_list(fields::RELATED_IP, addresses.iter().map(String::as_str));
        row.set_opt(fields::REST, self.rest.finish().as_deref());
    }
}

/// Sets a text that CloudFront encoded, decoded, and keeps it as logged where that cannot be undone.
fn encoded<'v>(
    field: Field,
    name: &str,
    value: &'v str,
    row: &mut EventBuilder,
    rest: &mut Leftover,
) -> Cow<'v, str> {
    let once = decode(value).unwrap_or(Cow::Borrowed(value));
    // Older logs encode user agents twice, a space as `%2520`; other text may be encoded of itself.
    let text = match decode_if_encoded(&once) {
        Cow::Owned(twice) if field == fields::USER_AGENT_ORIGINAL => Cow::Owned(twice),
        _ => once,
    };
    if encode(&text) != value {
        rest.text(name, value);
    }
    row.set_str(field, &text);
    text
}

/// Encodes text as CloudFront does for its logs.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"<>\"#%{}|\\^~[]`'".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn long(row: &mut EventBuilder, field: Field, value: &str) {
    if let Ok(value) = value.parse() {
        row.set_i64(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoded_text_can_be_encoded_again_or_is_kept() {
        #[rustfmt::skip]
        let rows = [
            ("Mozilla/5.0%20(X11)", "Mozilla/5.0 (X11)", None),
            ("curl/8.1.0", "curl/8.1.0", None),
            ("Mozilla/5.0%2520(X11)", "Mozilla/5.0 (X11)", Some(r#"{"n":"Mozilla/5.0%2520(X11)"}"#)),
            ("%7e", "~", Some(r#"{"n":"%7e"}"#)),
            ("50%", "50%", Some(r#"{"n":"50%"}"#)),
            ("%FF", "%FF", Some(r#"{"n":"%FF"}"#)),
            ("caf%C3%A9", "café", None),
        ];
        let mut row = EventBuilder::new();
        let mut rest = Leftover::default();
        let cookie = encoded(fields::CLOUDFRONT_COOKIE, "n", "a%253Db", &mut row, &mut rest);
        assert_eq!((&*cookie, rest.finish()), ("a%3Db", None));
        for (logged, want, kept) in rows {
            let (mut row, mut rest) = (EventBuilder::new(), Leftover::default());
            let text = encoded(fields::USER_AGENT_ORIGINAL, "n", logged, &mut row, &mut rest);
            assert_eq!((&*text, rest.finish().as_deref()), (want, kept), "{logged}");
        }
    }

    #[test]
    fn broken_lines() {
        #[rustfmt::skip]
        let rows = [
            ("#Fields: date time x-edge-location", "2025-07-24\t03:15:00", "expected 3 fields, found 2"),
            ("#Fields: date time sc-bytes", "2025-07-24\t03:15:00\tmany", "field `sc-bytes` is not a whole number or `-`: `many`"),
            ("#Fields: date time sc-bytes", "2025-07-24\t3 pm\t1", "field `date time` is not a time such as `2025-07-24 03:15:00`: `2025-07-24 3 pm`"),
            ("#Fields: date sc-bytes", "2025-07-24\t1", "expected a time in `date` and `time`, or in `timestamp`, found none"),
            ("#Version: 1.0", "2025-07-24\t03:15:00", "no `#Fields:` line, and not the 33 fields AWS documents"),
        ];
        for (header, line, want) in rows {
            let mut sink = Sink::new("f", "00");
            let mut requests = Requests::default();
            requests.line(header.as_bytes(), &mut sink).unwrap();
            assert_eq!(requests.line(line.as_bytes(), &mut sink), Err(want.to_owned()));
            assert_eq!(sink.rows(), 0);
        }
    }

    #[test]
    fn told_by_content() {
        let fields = DEFAULT_FIELDS.split_whitespace().map(|name| match name {
            "date" => "2025-07-24",
            "time" => "03:15:00",
            "c-ip" => "2001:db8::1",
            _ => "-",
        });
        let line = fields.collect::<Vec<_>>().join("\t");
        #[rustfmt::skip]
        let rows = [
            (format!("#Version: 1.0\n#Fields: {DEFAULT_FIELDS}\n"), Some(95)),
            (line, Some(80)),
            (r#"{"date":"2025-07-24","x-edge-location":"FRA1","cs-method":"GET"}"#.to_owned(), Some(93)),
            ("#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem".to_owned(), None),
            ("2025-07-24\t03:15:00\tx".to_owned(), None),
        ];
        for (head, want) in rows {
            let found = CloudFront.detect(head.as_bytes()).map(|found| found.confidence);
            assert_eq!(found, want, "{head}");
        }
    }
}
