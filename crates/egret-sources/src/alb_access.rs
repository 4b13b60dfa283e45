//! Access log of Application Load Balancers: who asked which host and path, and how much went back.
//!
//! What it **cannot** tell: who was signed in, and what was in the answer.
//!
//! # Input
//!
//! Lines of fields parted by spaces, some in quotes: 25 fields at first, more since; those that this
//! code does not know are kept by number.
//!
//! # Mapping
//!
//! | field                          | columns                                                  |
//! |--------------------------------|----------------------------------------------------------|
//! | `time`                         | `@timestamp`                                             |
//! | `client:port`, `target:port`   | `source.*`, `destination.*`                              |
//! | `elb_status_code`              | `http.response.status_code`                              |
//! | `sent_bytes`, `received_bytes` | `source.bytes` (to the client), `destination.bytes`      |
//! | `request`, `user_agent`        | `http.request.method`, `url.*`, `user_agent.*`           |
//! | `trace_id`                     | `event.id`                                               |
//! | others                         | `egret.rest`                                             |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>

use std::borrow::Cow;

use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use serde_json::{Map, Value};

use crate::instant::micros_of;
use crate::lines::{LineReader, Lines};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::web::Exchange;
use crate::{Decoder, Detection, LogSource};

/// Fields in the order AWS writes them.
const NAMES: &[&str] = &[
    "type",
    "time",
    "elb",
    "client",
    "target",
    "request_processing_time",
    "target_processing_time",
    "response_processing_time",
    "elb_status_code",
    "target_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
    "target_group_arn",
    "trace_id",
    "domain_name",
    "chosen_cert_arn",
    "matched_rule_priority",
    "request_creation_time",
    "actions_executed",
    "redirect_url",
    "error_reason",
    "target_list",
    "target_status_code_list",
    "classification",
    "classification_reason",
    "conn_trace_id",
    "transformed_host",
    "transformed_uri",
    "request_transform_status",
];

/// Fields that have columns of their own.
const COLUMNS: &[&str] = &[
    "time",
    "elb",
    "client",
    "target",
    "elb_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
];

/// Fields that every line has.
const FIELDS_MIN: usize = 12;

/// Access logs of Application Load Balancers.
#[derive(Debug, Clone, Copy)]
pub struct AlbAccess;

impl LogSource for AlbAccess {
    fn id(&self) -> &'static str {
        "alb_access"
    }

    fn title(&self) -> &'static str {
        "load balancer access log"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let text = head.utf8_chunks().next()?.valid();
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        let fields = split(line);
        let field = |at: usize| fields.get(at).map(AsRef::as_ref).unwrap_or_default();
        let kind = matches!(field(0), "http" | "https" | "h2" | "grpcs" | "ws" | "wss");
        (kind && micros_of(field(1)).is_some() && field(2).starts_with("app/")).then(|| Detection {
            confidence: 95,
            reason: "lines that begin with a protocol, a time and `app/…`".to_owned(),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Lines::new(Requests::default()))
    }
}

#[derive(Debug, Default)]
struct Requests {
    occurrences: Occurrences,
}

impl LineReader for Requests {
    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String> {
        let text = std::str::from_utf8(line).map_err(|error| {
            format!("not UTF-8 text from byte {} of the line", error.valid_up_to())
        })?;
        let cells = split(text);
        if cells.len() < FIELDS_MIN {
            return Err(format!("expected {FIELDS_MIN} fields or more, found {}", cells.len()));
        }
        let cell = |name: &str| {
            let at = NAMES.iter().position(|known| *known == name)?;
            cells.get(at).map(AsRef::as_ref).filter(|text: &&str| *text != "-" && !text.is_empty())
        };
        let time = cell("time").unwrap_or_default();
        let micros = micros_of(time).ok_or_else(|| {
            format!("`time` is not a time such as `2025-07-24T03:15:00Z`: `{time:.64}`")
        })?;
        let key = self.occurrences.key(line, sink);
        let number = |name: &str| cell(name).and_then(|text| text.parse().ok());
        let (client, client_port) = address(cell("client").unwrap_or_default());
        let (target, target_port) = address(cell("target").unwrap_or_default());
        let mut request = cell("request").unwrap_or_default().splitn(3, ' ');
        let (method, url) =
            (request.next().unwrap_or_default(), request.next().unwrap_or_default());
        let (host, path, query) = parts(url);
        let mut rest = Map::new();
        for (at, text) in cells.iter().enumerate() {
            let name = NAMES.get(at).map_or_else(
                || format!("field_{}", at.saturating_add(1)),
                |name| (*name).to_owned(),
            );
            if !COLUMNS.contains(&name.as_str()) && *text != "-" && !text.is_empty() {
                rest.insert(name, Value::String(text.clone().into_owned()));
            }
        }
        sink.row(Dataset::ELB, micros, key, |row| {
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            row.set_opt(fields::ELB_NAME, cell("elb"));
            row.set_opt(fields::URL_ORIGINAL, cell("request"));
            row.set_opt(fields::DESTINATION_ADDRESS, Some(target));
            row.set_ip(fields::DESTINATION_IP, target);
            if let Some(port) = target_port {
                row.set_i64(fields::DESTINATION_PORT, port);
            }
            row.set_opt(fields::TLS_CIPHER, cell("ssl_cipher"));
            let version = cell("ssl_protocol");
            row.set_opt(
                fields::TLS_VERSION,
                version.map(|text| text.strip_prefix("TLSv").unwrap_or(text)),
            );
            Exchange {
                client,
                client_port,
                method,
                host,
                path,
                query,
                status: number("elb_status_code"),
                sent: number("sent_bytes"),
                received: number("received_bytes"),
                agent: cell("user_agent").unwrap_or_default(),
            }
            .set(row);
            row.set_str(fields::REST, &Value::Object(rest).to_string());
        });
        Ok(())
    }
}

/// The fields of a line. A quote inside a quoted field is written as `\"`.
fn split(line: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches(' ');
        if rest.is_empty() {
            return cells;
        }
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find(' ').unwrap_or(rest.len());
            cells.push(Cow::Borrowed(rest.get(..end).unwrap_or(rest)));
            rest = rest.get(end..).unwrap_or_default();
            continue;
        };
        let mut escaped = false;
        let end = quoted.char_indices().find_map(|(at, character)| {
            let ends = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            ends.then_some(at)
        });
        let end = end.unwrap_or(quoted.len());
        let text = quoted.get(..end).unwrap_or(quoted);
        cells.push(if text.contains("\\\"") {
            Cow::Owned(text.replace("\\\"", "\""))
        } else {
            Cow::Borrowed(text)
        });
        rest = quoted.get(end.saturating_add(1)..).unwrap_or_default();
    }
}

/// Address and port of `192.0.2.1:443` and `[2001:db8::1]:443`.
fn address(text: &str) -> (&str, Option<i64>) {
    match text.rsplit_once(':') {
        Some((address, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (address.trim_start_matches('[').trim_end_matches(']'), port.parse().ok())
        }
        _ => (text, None),
    }
}

/// Host, path and query of a URL.
fn parts(url: &str) -> (&str, &str, &str) {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let (_, rest) = before.split_once("://").unwrap_or(("", before));
    let (host, path) =
        rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    (address(host).0, path, query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_quotes_and_addresses() {
        assert_eq!(split(r#"a "b \"c" - "d""#), ["a", "b \"c", "-", "d"]);
        assert_eq!(split("\"never closed"), ["never closed"]);
        assert_eq!(address("[2001:db8::1]:443"), ("2001:db8::1", Some(443)));
        assert_eq!(address("-"), ("-", None));
        assert_eq!(parts("https://a.example.org:443/x/y?z=1"), ("a.example.org", "/x/y", "z=1"));
    }
}
