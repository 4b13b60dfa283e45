//! Load balancer access logs: which client asked an Application or Classic Load Balancer for what,
//! and how many bytes went each way.
//!
//! What it **cannot** tell: everything. AWS delivers these logs on a best-effort basis, so a
//! missing line proves nothing. Nor who is behind a proxy, and what was in the bytes.
//!
//! # Input
//!
//! One line a request: the 17 fields that Application Load Balancers began with, and whatever AWS
//! added behind them since. Lines of Classic Load Balancers are the same without the first field.
//! Text that clients write stands in quotes and may hold quotes itself; the fields around it, which
//! AWS writes, tell where it ends.
//!
//! # Mapping
//!
//! | field                    | columns                                             | note                                 |
//! |--------------------------|-----------------------------------------------------|--------------------------------------|
//! | time                     | `@timestamp`                                        | when the answer was sent             |
//! | request creation time    | `event.start`                                       |                                      |
//! | client:port              | `source.address`, `source.ip`, `source.port`        |                                      |
//! | target:port              | `destination.*`, `aws.elb.backend.*`                |                                      |
//! | sent bytes               | `http.response.bytes`, `source.bytes`               | what went out; see `docs/decisions/` |
//! | received bytes           | `http.request.bytes`, `destination.bytes`           |                                      |
//! | request                  | `http.request.method`, `url.*`, `http.version`      | as logged, nothing decoded           |
//! | ELB status code          | `http.response.status_code`, `event.outcome`        | below 400 is `success`               |
//! | domain name              | `tls.client.server_name`                            |                                      |
//! | target group ARN         | `aws.elb.target_group.arn`, `cloud.account.id`, `cloud.region` |                           |
//! | others                   | `aws.elb.*`; fields AWS adds later in `egret.rest`  |                                      |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! * <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>

use std::borrow::Cow;

use egret_model::aws::account_of_arn;
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::event::{EventBuilder, ip_octets};
use egret_model::evidence::hex;

use crate::access::{
    Leftover, Tokens, address_and_port, invalid, logged, number, outcome_of_status, seconds,
    tls_version,
};
use crate::instant::micros_of;
use crate::lines::{LineReader, Lines};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::user_agent;
use crate::{Decoder, Detection, LogSource};

/// Fields AWS documents behind the user agent.
const TAIL_FIELDS: usize = 19;

/// What the first field of an Application Load Balancer's line can be.
const KINDS: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];

/// Load balancer access log files.
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
        let first = head
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .find(|line| !line.is_empty())?;
        let line = String::from_utf8_lossy(first);
        let mut tokens = Tokens::new(line.trim_start_matches('\u{FEFF}'));
        let mut time = tokens.next()?;
        let application = KINDS.contains(&time);
        if application {
            time = tokens.next()?;
        }
        micros_of(time).filter(|_| time.contains('T'))?;
        let (_balancer, client, _target) = (tokens.next()?, tokens.next()?, tokens.next()?);
        address_and_port(client).1?;
        for _ in 0..3 {
            seconds("time", tokens.next()?).ok()?;
        }
        for _ in 0..4 {
            number("count", tokens.next()?).ok()?;
        }
        let (confidence, kind) =
            if application { (95, "an Application") } else { (90, "a Classic") };
        Some(Detection {
            confidence,
            reason: format!(
                "lines of {kind} Load Balancer: a time, a client with its port, three durations"
            ),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Lines::new(Requests::default()))
    }
}

/// Reads the lines of one file.
#[derive(Debug, Default)]
struct Requests {
    occurrences: Occurrences,
    not_text: u64,
}

impl LineReader for Requests {
    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String> {
        // A user agent is whatever the client sent. Bytes that are no text must not hide the
        // request, so it is stored with them replaced, and the line as it was beside it.
        let text = String::from_utf8_lossy(line);
        let lossy = matches!(text, Cow::Owned(_));
        let request = Request::read(&text)?;
        if lossy {
            self.not_text = self.not_text.saturating_add(1);
        }
        let key = self.occurrences.key(line, sink);
        sink.row(Dataset::ELB, request.micros, key, |row| {
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            request.store(row, lossy.then_some(line));
        });
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        if self.not_text == 0 {
            return Vec::new();
        }
        vec![format!("lines with bytes that are no UTF-8, kept in `egret.rest`: {}", self.not_text)]
    }
}

/// One request as logged.
#[derive(Debug, PartialEq)]
struct Request<'t> {
    kind: Option<&'t str>,
    micros: i64,
    balancer: &'t str,
    client: Option<&'t str>,
    target: Option<&'t str>,
    times: [Option<f64>; 3],
    status: Option<i64>,
    target_status: Option<i64>,
    received: Option<i64>,
    sent: Option<i64>,
    request: Option<&'t str>,
    user_agent: Option<&'t str>,
    tail: [Option<&'t str>; TAIL_FIELDS],
    extra: Vec<&'t str>,
}

impl<'t> Request<'t> {
    fn read(line: &'t str) -> Result<Self, String> {
        let mut tokens = Tokens::new(line);
        let mut field = |name: &str| {
            tokens.next().ok_or_else(|| format!("the line ends before the field `{name}`"))
        };
        let first = field("type")?;
        let kind = Some(first).filter(|first| KINDS.contains(first));
        let time = if kind.is_some() { field("time")? } else { first };
        let micros = micros_of(time)
            .ok_or_else(|| invalid("time", "a time such as `2025-07-24T03:15:00.123456Z`", time))?;
        let balancer = field("elb")?;
        let client = logged(field("client:port")?);
        let target = logged(field("target:port")?);
        let mut times = [None; 3];
        for (slot, name) in times.iter_mut().zip([
            "request_processing_time",
            "target_processing_time",
            "response_processing_time",
        ]) {
            *slot = seconds(name, field(name)?)?;
        }
        let mut count = |name: &str| number(name, field(name)?);
        let status = count("elb_status_code")?;
        let target_status = count("target_status_code")?;
        let received = count("received_bytes")?;
        let sent = count("sent_bytes")?;
        let request = tokens
            .quoted("expected a request in quotes and a user agent behind it", |behind| {
                behind.starts_with(" \"") || behind.is_empty()
            })?;
        let user_agent = user_agent(&mut tokens)?;
        let mut tail = [None; TAIL_FIELDS];
        for slot in &mut tail {
            *slot = tokens.field().and_then(logged);
        }
        let extra = std::iter::from_fn(|| tokens.field()).collect();
        Ok(Self {
            kind,
            micros,
            balancer,
            client,
            target,
            times,
            status,
            target_status,
            received,
            sent,
            request,
            user_agent,
            tail,
            extra,
        })
    }

    fn store(&self, row: &mut EventBuilder, not_text: Option<&[u8]>) {
        row.set_str(fields::EVENT_KIND, "event");
        row.set_str(fields::EVENT_ACTION, "http-request");
        row.set_list(fields::EVENT_CATEGORY, ["web"]);
        row.set_list(fields::EVENT_TYPE, ["access"]);
        row.set_str(fields::EVENT_PROVIDER, "elasticloadbalancing.amazonaws.com");
        row.set_str(fields::EVENT_OUTCOME, outcome_of_status(self.status));
        row.set_str(fields::CLOUD_PROVIDER, "aws");
        row.set_str(fields::ELB_NAME, self.balancer);
        row.set_opt(fields::ELB_TYPE, self.kind);
        self.store_ends(row);
        for (field, value) in [
            (fields::HTTP_RESPONSE_STATUS_CODE, self.status),
            (fields::ELB_BACKEND_STATUS_CODE, self.target_status),
            (fields::HTTP_REQUEST_BYTES, self.received),
            (fields::DESTINATION_BYTES, self.received),
            (fields::HTTP_RESPONSE_BYTES, self.sent),
            (fields::SOURCE_BYTES, self.sent),
        ] {
            if let Some(value) = value {
                row.set_i64(field, value);
            }
        }
        for (field, value) in [
            fields::ELB_REQUEST_PROCESSING_TIME,
            fields::ELB_BACKEND_PROCESSING_TIME,
            fields::ELB_RESPONSE_PROCESSING_TIME,
        ]
        .into_iter()
        .zip(self.times)
        {
            if let Some(value) = value {
                row.set_f64(field, value);
            }
        }
        if let Some(request) = self.request {
            store_request(request, row);
        }
        if let Some(agent) = self.user_agent {
            user_agent::set(row, agent);
        }
        let mut rest = Leftover::default();
        self.store_tail(row, &mut rest);
        if !self.extra.is_empty() {
            rest.value("extra", &self.extra.clone().into());
        }
        if let Some(line) = not_text {
            rest.text("line_hex", &hex(line));
        }
        row.set_opt(fields::REST, rest.finish().as_deref());
    }

    /// The client, and the target that answered it.
    fn store_ends(&self, row: &mut EventBuilder) {
        let mut addresses = Vec::new();
        if let Some((address, port)) = self.client.map(address_and_port) {
            row.set_str(fields::SOURCE_ADDRESS, address);
            row.set_ip(fields::SOURCE_IP, address);
            if let Some(port) = port {
                row.set_i64(fields::SOURCE_PORT, port);
            }
            addresses.push(address);
        }
        if let Some((address, port)) = self.target.map(address_and_port) {
            row.set_str(fields::DESTINATION_ADDRESS, address);
            row.set_ip(fields::DESTINATION_IP, address);
            row.set_ip(fields::ELB_BACKEND_IP, address);
            if let Some(port) = port {
                row.set_i64(fields::DESTINATION_PORT, port);
                row.set_str(fields::ELB_BACKEND_PORT, &port.to_string());
            }
            addresses.push(address);
        }
        addresses.retain(|address| ip_octets(address).is_some());
        addresses.sort_unstable();
        addresses.dedup();
        row.set_list(fields::RELATED_IP, addresses);
    }

    fn store_tail(&self, row: &mut EventBuilder, rest: &mut Leftover) {
        let [
            cipher,
            protocol,
            target_group,
            trace,
            domain,
            certificate,
            priority,
            created,
            actions,
            redirect,
            error,
            targets,
            target_statuses,
            classification,
            classification_reason,
            connection,
            transformed_host,
            transformed_uri,
            transform_status,
        ] = self.tail;
        for (field, value) in [
            (fields::TLS_CIPHER, cipher),
            (fields::TLS_VERSION, protocol.map(tls_version)),
            (fields::ELB_TARGET_GROUP_ARN, target_group),
            (fields::ELB_TRACE_ID, trace),
            (fields::TLS_CLIENT_SERVER_NAME, domain),
            (fields::ELB_CHOSEN_CERT_ARN, certificate),
            (fields::ELB_MATCHED_RULE_PRIORITY, priority),
            (fields::ELB_REDIRECT_URL, redirect),
            (fields::ELB_ERROR_REASON, error),
            (fields::EVENT_REASON, error),
            (fields::ELB_CLASSIFICATION, classification),
            (fields::ELB_CLASSIFICATION_REASON, classification_reason),
            (fields::ELB_CONN_TRACE_ID, connection),
            (fields::ELB_TRANSFORMED_HOST, transformed_host),
            (fields::ELB_TRANSFORMED_URI, transformed_uri),
            (fields::ELB_REQUEST_TRANSFORM_STATUS, transform_status),
        ] {
            row.set_opt(field, value);
        }
        let lists = [
            (fields::ELB_ACTION_EXECUTED, actions, ','),
            (fields::ELB_TARGET_PORT, targets, ' '),
            (fields::ELB_TARGET_STATUS_CODE, target_statuses, ' '),
        ];
        for (field, value, between) in lists {
            row.set_list(field, value.into_iter().flat_map(|value| value.split(between)));
        }
        match created.map(|created| (created, micros_of(created))) {
            Some((_, Some(micros))) => row.set_time(fields::EVENT_START, micros),
            Some((created, None)) => rest.text("request_creation_time", created),
            None => {}
        }
        // Lines name the load balancer without its account; these ARNs are of the same account.
        let arns = [target_group, certificate].into_iter().flatten();
        if let Some(arn) = arns.into_iter().find(|arn| account_of_arn(arn).is_some()) {
            row.set_opt(fields::CLOUD_ACCOUNT_ID, account_of_arn(arn));
            row.set_opt(fields::CLOUD_REGION, arn.split(':').nth(3));
        }
    }
}

/// The request line: `GET https://www.example.org:443/path?query HTTP/1.1`.
fn store_request(request: &str, row: &mut EventBuilder) {
    // What is not HTTP is logged as `- - - `, with a space at its end.
    let parts = request.trim_end().split_once(' ').and_then(|(method, rest)| {
        let (target, version) = rest.rsplit_once(' ')?;
        Some((method, target, version))
    });
    let Some((method, target, version)) = parts else {
        return row.set_str(fields::URL_ORIGINAL, request);
    };
    row.set_opt(fields::HTTP_REQUEST_METHOD, logged(method));
    row.set_opt(fields::HTTP_VERSION, logged(version.strip_prefix("HTTP/").unwrap_or(version)));
    let Some(target) = logged(target) else { return };
    row.set_str(fields::URL_ORIGINAL, target);
    let (scheme, rest) = target.split_once("://").unwrap_or(("", target));
    let (host, path) = match rest.find(['/', '?']) {
        _ if scheme.is_empty() => ("", rest),
        Some(at) => rest.split_at_checked(at).unwrap_or((rest, "")),
        None => (rest, ""),
    };
    // A request that could not be read has a dash for its path: `http://www.example.org:80-`.
    let host = host.strip_suffix('-').filter(|_| path.is_empty()).unwrap_or(host);
    row.set_opt(fields::URL_SCHEME, Some(scheme));
    let port =
        host.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    row.set_opt(fields::URL_DOMAIN, Some(port.map_or(host, |(host, _)| host)));
    if let Some((_, port)) = port {
        row.set_i64(fields::URL_PORT, port.into());
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    row.set_opt(fields::URL_PATH, Some(path));
    row.set_opt(fields::URL_QUERY, Some(query));
}

/// The user agent: up to the last quote behind which the record goes on as AWS writes it.
fn user_agent<'t>(tokens: &mut Tokens<'t>) -> Result<Option<&'t str>, &'static str> {
    let expected = "expected a user agent in quotes, or `-`";
    let mut before = tokens.clone();
    // Classic Load Balancers logged no user agent at first.
    if before.next().is_none() {
        return Ok(None);
    }
    let before = tokens.clone();
    tokens.quoted_to_last(expected, is_behind_user_agent).or_else(|expected| {
        // A line that ends with it has no other quote.
        *tokens = before;
        tokens.quoted(expected, str::is_empty).and_then(|agent| match agent {
            Some(agent) if agent.contains('"') => Err(expected),
            agent => Ok(agent),
        })
    })
}

/// Whether a user agent ends here: a cipher and a protocol, and in lines that have them a target
/// group and a trace id in quotes.
fn is_behind_user_agent(behind: &str) -> bool {
    if !behind.starts_with(' ') {
        return false;
    }
    let mut tokens = Tokens::new(behind);
    let cipher = tokens.next().is_some_and(|token| {
        token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    });
    let protocol = tokens
        .next()
        .is_some_and(|token| token == "-" || token.starts_with("TLS") || token.starts_with("SSL"));
    let group = tokens.next().is_none_or(|token| token == "-" || token.starts_with("arn:"));
    let trace = tokens.next().is_none_or(|token| token.starts_with('"'));
    cipher && protocol && group && trace
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "https 2025-07-24T03:15:00.186641Z app/shop/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366";
    const TAIL: &str = r#"ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/t/73e2 "Root=1-58337262-36d2" "www.example.org" "-" 0 2025-07-24T03:14:59.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1"#;

    #[test]
    fn text_that_clients_write_ends_where_aws_goes_on() {
        const GET: &str = "GET https://www.example.org:443/ HTTP/1.1";
        #[rustfmt::skip]
        let rows: &[(&str, String, [Option<&str>; 2])] = &[
            ("plain", format!(r#"{HEAD} "{GET}" "curl/8.1.0" {TAIL}"#), [Some(GET), Some("curl/8.1.0")]),
            ("quotes in the user agent", format!(r#"{HEAD} "{GET}" "a "b" c" {TAIL}"#), [Some(GET), Some(r#"a "b" c"#)]),
            ("a user agent that ends itself", format!(r#"{HEAD} "{GET}" "x" - - - "y" {TAIL}"#), [Some(GET), Some(r#"x" - - - "y"#)]),
            ("a quote in the request", format!(r#"{HEAD} "GET https://h:1/a"b HTTP/1.1" "-" {TAIL}"#), [Some(r#"GET https://h:1/a"b HTTP/1.1"#), None]),
            ("no user agent field, as classic logs used to have", format!(r#"{HEAD} "{GET}""#), [Some(GET), None]),
            ("nothing behind the protocol, as classic logs have", format!(r#"{HEAD} "{GET}" "curl/8" - -"#), [Some(GET), Some("curl/8")]),
            ("last of all", format!(r#"{HEAD} "{GET}" "curl/8""#), [Some(GET), Some("curl/8")]),
            ("quotes later in the line", format!(r#"{HEAD} "{GET}" "curl/8" {TAIL} "h" "/x" "-""#), [Some(GET), Some("curl/8")]),
            ("nothing was asked", format!(r#"{HEAD} "- - - " "-" {TAIL}"#), [Some("- - - "), None]),
        ];
        for (name, line, want) in rows {
            let request = Request::read(line).unwrap();
            assert_eq!([request.request, request.user_agent], *want, "row: {name}");
        }
    }

    #[test]
    fn broken_lines() {
        #[rustfmt::skip]
        let rows = [
            ("https", "the line ends before the field `time`"),
            ("tls 2.0 x", "field `time` is not a time such as `2025-07-24T03:15:00.123456Z`: `tls`"),
            ("https 2025-07-24T03:15:00Z app/a/1 192.0.2.1:1 - fast", "field `request_processing_time` is not a number of seconds or `-`: `fast`"),
            ("https 2025-07-24T03:15:00Z app/a/1 192.0.2.1:1 - 0 0 0 200 200 -5", "field `received_bytes` is not a whole number or `-`: `-5`"),
            ("https 2025-07-24T03:15:00Z app/a/1 192.0.2.1:1 - 0 0 0 200 200 5 5 \"GET", "expected a request in quotes and a user agent behind it"),
            ("https 2025-07-24T03:15:00Z app/a/1 192.0.2.1:1 - 0 0 0 200 200 5 5 \"GET\" \"a\" b c \"d\"", "expected a user agent in quotes, or `-`"),
            ("https 2025-07-24T03:15:00Z app/a/1 192.0.2.1:1 - 0 0 0 200 200 5 5 \"GET\" \"a\" b c", "expected a user agent in quotes, or `-`"),
        ];
        for (line, want) in rows {
            assert_eq!(Request::read(line).map(|_| ()), Err(want.to_owned()));
        }
    }

    #[test]
    fn told_by_content() {
        let classic =
            HEAD.trim_start_matches("https ").replace("app/shop/50dc6c495c0c9188", "shop");
        #[rustfmt::skip]
        let rows = [
            (HEAD.to_owned(), Some(95)),
            (classic, Some(90)),
            // A connection log and a network load balancer's.
            ("2025-07-24T03:15:00.1Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 1.2 \"-\" - - - Success TID_1".to_owned(), None),
            ("tls 2.0 2025-07-24T03:15:00 net/n/1 2 192.0.2.1:1 10.0.0.1:1 5 2 98 246 - arn -".to_owned(), None),
        ];
        for (head, want) in rows {
            assert_eq!(
                AlbAccess.detect(head.as_bytes()).map(|found| found.confidence),
                want,
                "{head}"
            );
        }
    }
}
