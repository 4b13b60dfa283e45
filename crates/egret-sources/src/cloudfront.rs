//! CloudFront access log: who fetched which path from the edge, and how much.
//!
//! What it **cannot** tell: whether the origin saw the request, and who was signed in. Delivery is
//! best effort; AWS says that not every request is logged.
//!
//! # Input
//!
//! W3C extended log: `#Fields:` names the columns, parted by tabs, in any order. Values are
//! percent-encoded, some of them twice.
//!
//! # Mapping
//!
//! | field                                   | columns                                        |
//! |-----------------------------------------|------------------------------------------------|
//! | `date`, `time`; `timestamp(ms)`         | `@timestamp`                                   |
//! | `c-ip`, `c-port`                        | `source.*`                                     |
//! | `cs-method`, `cs(Host)`, `x-host-header`, `cs-uri-stem`, `cs-uri-query` | `http.*`, `url.*` |
//! | `sc-status`, `sc-bytes`, `cs-bytes`     | `http.response.status_code`, `source.bytes` (to the client), `destination.bytes` |
//! | `x-edge-request-id`                     | `event.id`                                     |
//! | others                                  | `egret.rest`                                   |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>

use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use serde_json::{Map, Value};

use crate::instant::micros_of;
use crate::lines::{LineReader, Lines};
use crate::occurrence::Occurrences;
use crate::percent::decode_if_encoded;
use crate::sink::{RecordKey, Sink};
use crate::web::Exchange;
use crate::{Decoder, Detection, LogSource};

const HEADER: &str = "#Fields:";

/// Fields that have columns of their own.
const COLUMNS: &[&str] = &[
    "date",
    "time",
    "timestamp(ms)",
    "c-ip",
    "c-port",
    "cs-method",
    "x-host-header",
    "cs-uri-stem",
    "cs-uri-query",
    "sc-status",
    "sc-bytes",
    "cs-bytes",
    "cs(User-Agent)",
    "cs(Referer)",
    "x-edge-request-id",
    "ssl-protocol",
    "ssl-cipher",
];

/// CloudFront access logs.
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
        let text = head.utf8_chunks().next()?.valid();
        let header = text.lines().take(5).find_map(|line| line.trim().strip_prefix(HEADER))?;
        let known = header.contains("x-edge-") || header.contains("cs-uri-stem");
        (known && header.contains("c-ip")).then(|| Detection {
            confidence: 95,
            reason: "a `#Fields:` line with CloudFront's columns".to_owned(),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Lines::new(Requests::default()))
    }
}

#[derive(Debug, Default)]
struct Requests {
    columns: Vec<String>,
    occurrences: Occurrences,
}

impl LineReader for Requests {
    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String> {
        let text = std::str::from_utf8(line).map_err(|error| {
            format!("not UTF-8 text from byte {} of the line", error.valid_up_to())
        })?;
        if let Some(header) = text.strip_prefix(HEADER) {
            self.columns = header.split_whitespace().map(str::to_owned).collect();
            return Ok(());
        }
        if text.starts_with('#') {
            return Ok(());
        }
        let cells: Vec<&str> = text.split('\t').collect();
        if self.columns.is_empty() || cells.len() != self.columns.len() {
            return Err(format!(
                "expected {} fields as in the `#Fields:` line, found {}",
                self.columns.len(),
                cells.len()
            ));
        }
        let cell = |name: &str| {
            let at = self.columns.iter().position(|column| column == name)?;
            cells.get(at).copied().filter(|text| *text != "-" && !text.is_empty())
        };
        let millis = cell("timestamp(ms)").and_then(|millis| millis.parse::<i64>().ok());
        let at = millis.map_or_else(
            || {
                let (date, time) = (cell("date"), cell("time"));
                micros_of(&format!("{}T{}Z", date.unwrap_or_default(), time.unwrap_or_default()))
            },
            |millis| millis.checked_mul(1_000),
        );
        let micros =
            at.ok_or("`date` and `time` are no time such as `2025-07-24` and `03:15:00`")?;
        let id = cell("x-edge-request-id");
        let key = match id {
            Some(id) => RecordKey::of_id(id),
            None => self.occurrences.key(line, sink),
        };
        let number = |name: &str| cell(name).and_then(|text| text.parse().ok());
        let plain = |name: &str| decode_if_encoded(cell(name).unwrap_or_default()).into_owned();
        let (path, query) = (plain("cs-uri-stem"), plain("cs-uri-query"));
        let (agent, referrer) = (plain("cs(User-Agent)"), plain("cs(Referer)"));
        let mut rest = Map::new();
        for (name, text) in self.columns.iter().zip(&cells) {
            if !COLUMNS.contains(&name.as_str()) && *text != "-" {
                rest.insert(name.clone(), Value::String((*text).to_owned()));
            }
        }
        sink.row(Dataset::CLOUDFRONT, micros, key, |row| {
            row.set_opt(fields::EVENT_ID, id);
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            row.set_opt(fields::HTTP_REQUEST_REFERRER, Some(&referrer));
            row.set_opt(fields::TLS_CIPHER, cell("ssl-cipher"));
            let version = cell("ssl-protocol");
            row.set_opt(
                fields::TLS_VERSION,
                version.map(|text| text.strip_prefix("TLSv").unwrap_or(text)),
            );
            Exchange {
                client: cell("c-ip").unwrap_or_default(),
                client_port: number("c-port"),
                method: cell("cs-method").unwrap_or_default(),
                host: cell("x-host-header").or(cell("cs(Host)")).unwrap_or_default(),
                path: &path,
                query: &query,
                status: number("sc-status"),
                sent: number("sc-bytes"),
                received: number("cs-bytes"),
                agent: &agent,
            }
            .set(row);
            row.set_str(fields::REST, &Value::Object(rest).to_string());
        });
        Ok(())
    }
}
