//! VPC flow logs: which addresses exchanged how many bytes, and when.
//!
//! What it **cannot** tell: what was in the bytes, who asked for them, and traffic that AWS does
//! not log, such as to its own DNS server and the instance metadata service.
//!
//! # Input
//!
//! Lines of fields parted by spaces, in the order of the header line, any version. A file without
//! a header is read in AWS's default order (version 2), or, with 29 fields, in the order AWS
//! documents all fields up to version 5; a note says so. A header may come again further down.
//!
//! # Mapping
//!
//! | field         | columns                                    | note                                    |
//! |---------------|--------------------------------------------|-----------------------------------------|
//! | `start`       | `@timestamp`, `event.start`                | Unix seconds, UTC; `end` where missing  |
//! | `srcaddr`     | `source.address`, `source.ip`              | absent on `NODATA` and `SKIPDATA`       |
//! | `bytes`       | `source.bytes`, `network.bytes`            | sent by `srcaddr` only                  |
//! | `action`      | `event.action`, `event.outcome`            | `ACCEPT` is `accept` and `success`      |
//! | others        | `aws.vpcflow.*`, else `egret.rest`         |                                         |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>

use egret_model::dataset::Dataset;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_model::event::EventBuilder;

use crate::community_id::community_id;
use crate::lines::{LineReader, Lines};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// Field order of a file that carries no header line (version 2).
pub const DEFAULT_HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
     protocol packets bytes start end action log-status";

/// Field order of a file of version 5 with every field and no header line.
const ALL_FIELDS_HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
     protocol packets bytes start end action log-status vpc-id subnet-id instance-id tcp-flags type \
     pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id pkt-src-aws-service \
     pkt-dst-aws-service flow-direction traffic-path";

/// Number of fields in that order.
const ALL_FIELDS: usize = 29;

/// VPC flow log files.
#[derive(Debug, Clone, Default)]
pub struct VpcFlow {
    /// Field order of files without a header line, when the user gave one.
    format: Option<String>,
}

/// A field order cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no flow log format; expected field names such as `srcaddr dstaddr bytes start end`, or \
     AWS's `${{srcaddr}} ${{dstaddr}} …`, with `start` or `end` among them"
)]
pub struct FlowFormatError(String);

impl VpcFlow {
    /// Reads files without a header line in this order: names parted by spaces, bare or as AWS shows
    /// them, `${srcaddr}`.
    ///
    /// # Errors
    ///
    /// [`FlowFormatError`] when fewer than three names are known or no time is among them.
    pub fn with_format(format: &str) -> Result<Self, FlowFormatError> {
        let names = format.replace("${", "").replace('}', "");
        match Layout::from_header(&names) {
            Some(layout) if layout.start.or(layout.end).is_some() => {
                Ok(Self { format: Some(names) })
            }
            _ => Err(FlowFormatError(format.to_owned())),
        }
    }

    /// Whether a line without header is of the order given.
    fn fits(&self, tokens: &[&str]) -> bool {
        let Some(format) = &self.format else { return false };
        let layout = Layout::of_names(format);
        layout.columns.len() == tokens.len()
            && layout.columns.iter().zip(tokens).all(|(column, token)| match column {
                _ if *token == "-" => true,
                Column::Start | Column::End | Column::Bytes | Column::Packets | Column::Port(_) => {
                    token.parse::<u64>().is_ok()
                }
                Column::Source | Column::Destination => token.parse::<std::net::IpAddr>().is_ok(),
                _ => true,
            })
    }
}

impl LogSource for VpcFlow {
    fn id(&self) -> &'static str {
        "vpc_flow"
    }

    fn title(&self) -> &'static str {
        "VPC flow log"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let text = head.utf8_chunks().next()?.valid();
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        if Layout::from_header(line).is_some() {
            return Some(Detection { confidence: 95, reason: "flow log header line".to_owned() });
        }
        let tokens: Vec<&str> = line.split_ascii_whitespace().collect();
        if self.fits(&tokens) {
            let reason = "lines of the flow log format given".to_owned();
            return Some(Detection { confidence: 94, reason });
        }
        let layout = Layout::assumed(tokens.len(), tokens.first()?)?;
        let interface =
            tokens.get(2).is_some_and(|token| token.starts_with("eni-") || *token == "-");
        let status =
            tokens.get(13).is_some_and(|token| matches!(*token, "OK" | "NODATA" | "SKIPDATA"));
        (interface && status).then(|| Detection {
            confidence: 85,
            reason: format!(
                "lines of {} fields as in a flow log without header",
                layout.columns.len()
            ),
        })
    }

    fn decoder(&self, head: &[u8]) -> Box<dyn Decoder> {
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let tokens = String::from_utf8_lossy(first);
        let tokens: Vec<&str> = tokens.split_ascii_whitespace().collect();
        let layout = self.format.as_deref().filter(|_| self.fits(&tokens)).map(Layout::of_names);
        Box::new(Lines::new(Flows { layout, ..Flows::default() }))
    }
}

/// Names of the bits of `tcp-flags`, from the lowest.
const TCP_FLAGS: [&str; 6] = ["fin", "syn", "rst", "psh", "ack", "urg"];

/// What a field of a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Start,
    End,
    Source,
    Destination,
    Bytes,
    Packets,
    Protocol,
    Action,
    Type,
    Account,
    Instance,
    InterfaceId,
    LogStatus,
    TcpFlags,
    Port(Field),
    Address(Field),
    Text(Field),
    /// No column has it.
    Other(Box<str>),
}

impl Column {
    fn of_name(name: &str) -> Self {
        match name {
            "start" => Self::Start,
            "end" => Self::End,
            "srcaddr" => Self::Source,
            "dstaddr" => Self::Destination,
            "srcport" => Self::Port(fields::SOURCE_PORT),
            "dstport" => Self::Port(fields::DESTINATION_PORT),
            "bytes" => Self::Bytes,
            "packets" => Self::Packets,
            "protocol" => Self::Protocol,
            "action" => Self::Action,
            "type" => Self::Type,
            "account-id" => Self::Account,
            "instance-id" => Self::Instance,
            "interface-id" => Self::InterfaceId,
            "log-status" => Self::LogStatus,
            "version" => Self::Text(fields::VPCFLOW_VERSION),
            "vpc-id" => Self::Text(fields::VPCFLOW_VPC_ID),
            "subnet-id" => Self::Text(fields::VPCFLOW_SUBNET_ID),
            "tcp-flags" => Self::TcpFlags,
            "pkt-srcaddr" => Self::Address(fields::VPCFLOW_PKT_SRCADDR),
            "pkt-dstaddr" => Self::Address(fields::VPCFLOW_PKT_DSTADDR),
            "region" => Self::Text(fields::CLOUD_REGION),
            "az-id" => Self::Text(fields::CLOUD_AVAILABILITY_ZONE),
            "sublocation-type" => Self::Text(fields::VPCFLOW_SUBLOCATION_TYPE),
            "sublocation-id" => Self::Text(fields::VPCFLOW_SUBLOCATION_ID),
            "pkt-src-aws-service" => Self::Text(fields::VPCFLOW_PKT_SRC_SERVICE),
            "pkt-dst-aws-service" => Self::Text(fields::VPCFLOW_PKT_DST_SERVICE),
            "flow-direction" => Self::Text(fields::NETWORK_DIRECTION),
            "traffic-path" => Self::Text(fields::VPCFLOW_TRAFFIC_PATH),
            "reject-reason" => Self::Text(fields::EVENT_REASON),
            other => Self::Other(other.into()),
        }
    }
}

/// The field order of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    columns: Vec<Column>,
    start: Option<usize>,
    end: Option<usize>,
    interface_id: bool,
}

impl Layout {
    fn of_names(names: &str) -> Self {
        let columns: Vec<Column> = names.split_ascii_whitespace().map(Column::of_name).collect();
        Self {
            start: columns.iter().position(|column| *column == Column::Start),
            end: columns.iter().position(|column| *column == Column::End),
            interface_id: columns.contains(&Column::InterfaceId),
            columns,
        }
    }

    /// The layout that a header line names; `None` when the line is no header.
    fn from_header(line: &str) -> Option<Self> {
        let is_name = |token: &str| {
            token.starts_with(|first: char| first.is_ascii_lowercase())
                && token
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !line.split_ascii_whitespace().all(is_name) {
            return None;
        }
        let layout = Self::of_names(line);
        let known =
            layout.columns.iter().filter(|column| !matches!(column, Column::Other(_))).count();
        (known >= 3).then_some(layout)
    }

    /// The layout of a file without header whose lines have so many fields.
    fn assumed(count: usize, version: &str) -> Option<Self> {
        let layout = match count {
            ALL_FIELDS => Self::of_names(ALL_FIELDS_HEADER),
            _ => Self::of_names(DEFAULT_HEADER),
        };
        (layout.columns.len() == count && version.parse::<u8>().is_ok()).then_some(layout)
    }
}

/// Reads the lines of one file.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    layout: Option<Layout>,
    assumed: bool,
    occurrences: Occurrences,
}

impl LineReader for Flows {
    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String> {
        let text = std::str::from_utf8(line).map_err(|error| {
            format!("not UTF-8 text from byte {} of the line", error.valid_up_to())
        })?;
        if line.first().is_some_and(u8::is_ascii_lowercase)
            && let Some(layout) = Layout::from_header(text)
        {
            self.layout = Some(layout);
            return Ok(());
        }
        if self.layout.is_none() {
            let count = text.split_ascii_whitespace().count();
            let version = text.split_ascii_whitespace().next().unwrap_or_default();
            self.layout = Layout::assumed(count, version);
            self.assumed = self.layout.is_some();
        }
        let Some(layout) = &self.layout else {
            return Err("no header line, and not the 14 fields of AWS's default order".to_owned());
        };
        let flow = Flow::read(layout, text)?;
        // Without the interface, two interfaces' equal lines in two files are two happenings.
        let key = if layout.interface_id {
            self.occurrences.key(line, sink)
        } else {
            Occurrences::key_of_place(line, sink)
        };
        sink.row(Dataset::VPC_FLOW, flow.micros, key, |row| {
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            flow.store(layout, text, row);
        });
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        match &self.layout {
            Some(layout) if self.assumed => vec![format!(
                "no header line; read as {} fields in the order AWS documents",
                layout.columns.len()
            )],
            _ => Vec::new(),
        }
    }
}

/// The numbers of a line, which must be right before it can be a row.
#[derive(Debug, Default)]
struct Flow {
    micros: i64,
    start: Option<i64>,
    end: Option<i64>,
}

impl Flow {
    fn read(layout: &Layout, line: &str) -> Result<Self, String> {
        let mut flow = Self::default();
        let mut count = 0usize;
        for token in line.split_ascii_whitespace() {
            let column = layout.columns.get(count);
            count = count.saturating_add(1);
            let (Some(column), false) = (column, token == "-") else { continue };
            match column {
                Column::Start => flow.start = Some(seconds("start", token)?),
                Column::End => flow.end = Some(seconds("end", token)?),
                Column::Bytes => count_of("bytes", token)?,
                Column::Packets => count_of("packets", token)?,
                Column::Port(_) => count_of("port", token)?,
                Column::Action if !matches!(token, "ACCEPT" | "REJECT") => {
                    return Err(invalid("action", "`ACCEPT` or `REJECT`", token));
                }
                _ => {}
            }
        }
        if count != layout.columns.len() {
            return Err(format!("expected {} fields, found {count}", layout.columns.len()));
        }
        flow.micros = match (flow.start, flow.end) {
            (Some(start), Some(end)) if end < start => {
                return Err(invalid("end", "at or after `start`", &(end / 1_000_000).to_string()));
            }
            (Some(start), _) => start,
            (None, Some(end)) => end,
            (None, None) if layout.start.or(layout.end).is_none() => {
                return Err("the header names neither `start` nor `end`".to_owned());
            }
            (None, None) => return Err("expected a time in `start`, found `-`".to_owned()),
        };
        Ok(flow)
    }

    fn store(&self, layout: &Layout, line: &str, row: &mut EventBuilder) {
        row.set_str(fields::EVENT_KIND, "event");
        row.set_list(fields::EVENT_CATEGORY, ["network"]);
        row.set_list(fields::EVENT_TYPE, ["connection"]);
        row.set_str(fields::CLOUD_PROVIDER, "aws");
        let mut addresses = [None::<&str>; 4];
        let (mut ports, mut protocol) = ((0u16, 0u16), 0u8);
        let mut rest = None::<serde_json::Map<String, serde_json::Value>>;
        for (column, token) in layout.columns.iter().zip(line.split_ascii_whitespace()) {
            if token == "-" {
                continue;
            }
            match column {
                Column::Start => {
                    if let Some(start) = self.start {
                        row.set_time(fields::EVENT_START, start);
                    }
                }
                Column::End => {
                    if let Some(end) = self.end {
                        row.set_time(fields::EVENT_END, end);
                    }
                }
                Column::Source => {
                    row.set_str(fields::SOURCE_ADDRESS, token);
                    if row.set_ip(fields::SOURCE_IP, token) {
                        addresses[0] = Some(token);
                        let kind = if token.contains(':') { "ipv6" } else { "ipv4" };
                        row.set_str(fields::NETWORK_TYPE, kind);
                    }
                }
                Column::Destination => {
                    row.set_str(fields::DESTINATION_ADDRESS, token);
                    addresses[1] =
                        Some(token).filter(|_| row.set_ip(fields::DESTINATION_IP, token));
                }
                Column::Port(field) => {
                    long(row, *field, token);
                    let is_source = *field == fields::SOURCE_PORT;
                    let port = if is_source { &mut ports.0 } else { &mut ports.1 };
                    *port = token.parse().unwrap_or(0);
                }
                Column::TcpFlags => {
                    row.set_str(fields::VPCFLOW_TCP_FLAGS, token);
                    let bits: u16 = token.parse().unwrap_or(0);
                    let names =
                        TCP_FLAGS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
                    row.set_list(fields::VPCFLOW_TCP_FLAGS_ARRAY, names.map(|(_, name)| *name));
                }
                Column::Bytes => {
                    long(row, fields::SOURCE_BYTES, token);
                    long(row, fields::NETWORK_BYTES, token);
                }
                Column::Packets => {
                    long(row, fields::SOURCE_PACKETS, token);
                    long(row, fields::NETWORK_PACKETS, token);
                }
                Column::Protocol => {
                    row.set_str(fields::NETWORK_IANA_NUMBER, token);
                    row.set_opt(fields::NETWORK_TRANSPORT, transport(token));
                    protocol = token.parse().unwrap_or(0);
                }
                Column::Action => {
                    let accepted = token == "ACCEPT";
                    row.set_str(fields::VPCFLOW_ACTION, token);
                    row.set_str(fields::EVENT_ACTION, if accepted { "accept" } else { "reject" });
                    row.set_str(
                        fields::EVENT_OUTCOME,
                        if accepted { "success" } else { "failure" },
                    );
                }
                Column::Type => row.set_str(fields::VPCFLOW_TYPE, token),
                Column::Account => {
                    row.set_str(fields::VPCFLOW_ACCOUNT_ID, token);
                    row.set_str(fields::CLOUD_ACCOUNT_ID, token);
                }
                Column::Instance => {
                    row.set_str(fields::VPCFLOW_INSTANCE_ID, token);
                    row.set_str(fields::CLOUD_INSTANCE_ID, token);
                }
                Column::InterfaceId => row.set_str(fields::VPCFLOW_INTERFACE_ID, token),
                Column::LogStatus => row.set_str(fields::VPCFLOW_LOG_STATUS, token),
                Column::Address(field) => {
                    if !row.set_ip(*field, token) {
                        keep(&mut rest, field.name(), token);
                    } else if *field == fields::VPCFLOW_PKT_SRCADDR {
                        addresses[2] = Some(token);
                    } else {
                        addresses[3] = Some(token);
                    }
                }
                Column::Text(field) => row.set_str(*field, token),
                Column::Other(name) => keep(&mut rest, name, token),
            }
        }
        if let [Some(source), Some(destination), ..] = addresses {
            let id = community_id(protocol, (source, ports.0), (destination, ports.1));
            row.set_opt(fields::NETWORK_COMMUNITY_ID, id.as_deref());
        }
        related(row, addresses);
        if let Some(rest) = rest {
            row.set_str(fields::REST, &serde_json::Value::Object(rest).to_string());
        }
    }
}

fn keep(rest: &mut Option<serde_json::Map<String, serde_json::Value>>, name: &str, token: &str) {
    rest.get_or_insert_default().insert(name.to_owned(), token.into());
}

/// Every address of the flow, sorted, once each.
fn related(row: &mut EventBuilder, addresses: [Option<&str>; 4]) {
    let mut sorted = addresses.map(Option::unwrap_or_default);
    sorted.sort_unstable();
    let mut last = "";
    let distinct = sorted.into_iter().filter(|address| {
        let new = *address != last;
        last = address;
        new
    });
    row.set_list(fields::RELATED_IP, distinct);
}

fn long(row: &mut EventBuilder, field: Field, token: &str) {
    if let Ok(value) = token.parse() {
        row.set_i64(field, value);
    }
}

/// IANA's name of a protocol number.
fn transport(number: &str) -> Option<&'static str> {
    Some(match number {
        "1" => "icmp",
        "2" => "igmp",
        "6" => "tcp",
        "17" => "udp",
        "47" => "gre",
        "50" => "esp",
        "58" => "ipv6-icmp",
        "132" => "sctp",
        _ => return None,
    })
}

fn count_of(field: &str, token: &str) -> Result<(), String> {
    match token.parse::<i64>() {
        Ok(0..) => Ok(()),
        _ => Err(invalid(field, "a whole number", token)),
    }
}

/// Unix seconds as microseconds, from 1970 to 9999.
fn seconds(field: &str, token: &str) -> Result<i64, String> {
    match token.parse::<i64>() {
        Ok(value @ 0..=253_402_300_799) => Ok(value.saturating_mul(1_000_000)),
        _ => Err(invalid(field, "Unix seconds", token)),
    }
}

fn invalid(field: &str, expected: &str, token: &str) -> String {
    let found: String = token.chars().take(64).collect();
    format!("field `{field}` is not {expected}: `{found}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        const V2: &str = DEFAULT_HEADER;
        const SHORT: &str = "end start dstaddr bytes srcaddr";
        #[rustfmt::skip]
        let rows: &[(&str, &str, &str, Result<i64, &str>)] = &[
            ("accepted, default layout", V2, "2 111122223333 eni-0a1b 10.0.1.5 203.0.113.12 49152 443 6 20 4249 1418530010 1418530070 ACCEPT OK",
             Ok(1_418_530_010)),
            ("no data in the window", V2, "2 111122223333 eni-0a1b - - - - - - - 1431280876 1431280934 - NODATA",
             Ok(1_431_280_876)),
            ("fields in another order", SHORT, "1418530070 1418530010 203.0.113.12 7 10.0.1.5", Ok(1_418_530_010)),
            ("no start", "end srcaddr dstaddr", "1418530070 10.0.1.5 10.0.1.6", Ok(1_418_530_070)),
            ("line cut short", SHORT, "1418530070 1418530010 203.0.113.12", Err("expected 5 fields, found 3")),
            ("no time", SHORT, "- - 203.0.113.12 7 10.0.1.5", Err("expected a time in `start`, found `-`")),
            ("no time in the layout", "srcaddr dstaddr bytes", "10.0.1.5 10.0.1.6 1", Err("the header names neither `start` nor `end`")),
            ("negative byte count", SHORT, "1418530070 1418530010 203.0.113.12 -7 10.0.1.5", Err("field `bytes` is not a whole number: `-7`")),
            ("milliseconds where seconds belong", SHORT, "1418530070000 1418530010000 203.0.113.12 7 10.0.1.5",
             Err("field `end` is not Unix seconds: `1418530070000`")),
            ("ends before it starts", SHORT, "1418530010 1418530070 203.0.113.12 7 10.0.1.5", Err("field `end` is not at or after `start`: `1418530010`")),
            ("neither accepted nor rejected", "start action srcaddr", "1418530010 MAYBE 10.0.1.5", Err("field `action` is not `ACCEPT` or `REJECT`: `MAYBE`")),
        ];
        for (name, header, line, want) in rows {
            let layout = Layout::of_names(header);
            let got = Flow::read(&layout, line).map(|flow| flow.micros / 1_000_000);
            assert_eq!(got, want.map_err(str::to_owned), "row: {name}");
        }
    }

    #[test]
    fn an_order_that_was_given_is_taken_for_files_without_header() {
        let flow = VpcFlow::with_format("${srcaddr} ${dstaddr} ${bytes} ${start} ${end}").unwrap();
        let line = b"10.0.1.5 203.0.113.9 42 1753326000 1753326060\n";
        assert_eq!(flow.detect(line).map(|found| found.confidence), Some(94));
        assert_eq!(VpcFlow::default().detect(line), None);
        assert_eq!(flow.detect(b"some other text of five\n"), None);
        let mut sink = Sink::new("f", "00");
        flow.decoder(line).feed(line, true, &mut sink);
        assert_eq!(sink.rows(), 1);
        for wrong in ["", "srcaddr dstaddr bytes", "x y start"] {
            assert!(VpcFlow::with_format(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn told_by_content() {
        let confidence =
            |head: &str| VpcFlow::default().detect(head.as_bytes()).map(|found| found.confidence);
        assert_eq!(confidence("\naccount-id vpc-id srcaddr dstaddr new-field\n"), Some(95));
        assert_eq!(
            confidence("2 111122223333 eni-1 - - - - - - - 1431280876 1431280934 - NODATA\n"),
            Some(85)
        );
        assert_eq!(
            confidence("a line of plain lower-case words without any meaning at all today\n"),
            None
        );
        assert_eq!(confidence("{\"version\":1}"), None);
    }
}
