//! S3 server access logs: who read, wrote or deleted which object, and how many bytes were sent.
//!
//! What it **cannot** tell: everything. AWS delivers these logs on a best-effort basis, so a
//! missing line proves nothing.
//!
//! # Input
//!
//! One line a request, 18 to 26 fields and whatever AWS adds at the end. Requester-written text
//! (request line, referrer, user agent) stands in quotes and may hold quotes itself; the fields
//! around it, which AWS writes, tell where it ends.
//!
//! # Mapping
//!
//! | field       | columns                                          | note                                   |
//! |-------------|--------------------------------------------------|----------------------------------------|
//! | Operation   | `event.action`                                   | as logged: `REST.GET.OBJECT`           |
//! | Key         | `aws.s3access.key`, `aws.s3.object.key`          | as logged; both layers of encoding off |
//! | Bytes sent  | `source.bytes`, `aws.s3access.bytes_sent`        |                                        |
//! | Requester   | `aws.s3access.requester`, `user.name`            | an assumed role's name is the role's   |
//! | HTTP status | `http.response.status_code`, `event.outcome`     | below 400 is `success`                 |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>

use std::borrow::Cow;

use egret_model::aws::{assumed_role, name_of_arn};
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::event::EventBuilder;
use egret_model::evidence::hex;

use crate::access::{Tokens, invalid, logged, number, tls_version};
use crate::instant::micros_of;
use crate::lines::{LineReader, Lines};
use crate::occurrence::Occurrences;
use crate::percent::{decode, decode_if_encoded};
use crate::sink::Sink;
use crate::user_agent;
use crate::{Decoder, Detection, LogSource};

/// Fields AWS documents behind the user agent.
const TAIL_FIELDS: usize = 9;

/// S3 server access log files.
#[derive(Debug, Clone, Copy)]
pub struct S3Access;

impl LogSource for S3Access {
    fn id(&self) -> &'static str {
        "s3_access"
    }

    fn title(&self) -> &'static str {
        "S3 server access log"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let first = head
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .find(|line| !line.is_empty())?;
        let line = String::from_utf8_lossy(first);
        let seen = |confidence| {
            let reason =
                "a bucket owner, a bucket, a time in brackets and an S3 operation".to_owned();
            Some(Detection { confidence, reason })
        };
        let mut tokens = Tokens::new(line.trim_start_matches('\u{FEFF}'));
        let (_owner, _bucket) = (tokens.next()?, tokens.next()?);
        time_of(tokens.bracketed()?)?;
        let operation = tokens.nth(3)?;
        let verb = operation.split('.').next().unwrap_or_default();
        match verb {
            "REST" | "SOAP" | "WEBSITE" | "BATCH" | "S3" => seen(95),
            _ if operation.contains('.') => seen(60),
            _ => None,
        }
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Lines::new(Requests::default()))
    }
}

/// Reads the lines of one file.
#[derive(Debug, Default)]
struct Requests {
    occurrences: Occurrences,
    joined: u64,
    not_text: u64,
}

impl LineReader for Requests {
    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String> {
        // A user agent is whatever the requester sent. Bytes that are no text must not hide the
        // request, so it is stored with them replaced, and the line as it was beside it.
        let text = String::from_utf8_lossy(line);
        let lossy = matches!(text, Cow::Owned(_));
        let request = Request::read(&text)?;
        let more = request.extra.join(" ");
        if begins_record(&more) {
            self.joined = self.joined.saturating_add(1);
        }
        if lossy {
            self.not_text = self.not_text.saturating_add(1);
        }
        let key = self.occurrences.key(line, sink);
        sink.row(Dataset::S3_ACCESS, request.micros, key, |row| {
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            request.store(row, lossy.then_some(line));
        });
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.joined > 0 {
            // Never split: whoever sends a request could then write records of their own.
            notes.push(format!(
                "lines that go on as another record would begin, kept in `egret.rest`: {}",
                self.joined
            ));
        }
        if self.not_text > 0 {
            notes.push(format!(
                "lines with bytes that are no UTF-8, kept in `egret.rest`: {}",
                self.not_text
            ));
        }
        notes
    }
}

/// One request as logged.
#[derive(Debug, PartialEq, Eq)]
struct Request<'t> {
    owner: &'t str,
    bucket: &'t str,
    micros: i64,
    remote: Option<&'t str>,
    requester: Option<&'t str>,
    request_id: Option<&'t str>,
    operation: &'t str,
    key: Option<&'t str>,
    uri: Option<&'t str>,
    status: Option<i64>,
    error: Option<&'t str>,
    bytes_sent: Option<i64>,
    object_size: Option<i64>,
    total_time: Option<i64>,
    turn_around: Option<i64>,
    referrer: Option<&'t str>,
    user_agent: Option<&'t str>,
    tail: [Option<&'t str>; TAIL_FIELDS],
    extra: Vec<&'t str>,
}

impl<'t> Request<'t> {
    fn read(line: &'t str) -> Result<Self, String> {
        let mut tokens = Tokens::new(line);
        let missing = |field: &str| format!("the line ends before the field `{field}`");
        let owner = tokens.next().ok_or_else(|| missing("bucket owner"))?;
        let bucket = tokens.next().ok_or_else(|| missing("bucket"))?;
        let time = tokens.bracketed().ok_or(
            "expected a time in brackets as third field, such as `[24/Jul/2025:03:15:00 +0000]`",
        )?;
        let micros = time_of(time)
            .ok_or_else(|| invalid("time", "a time such as `24/Jul/2025:03:15:00 +0000`", time))?;
        let remote = logged(tokens.next().ok_or_else(|| missing("remote ip"))?);
        let requester = logged(tokens.next().ok_or_else(|| missing("requester"))?);
        let request_id = logged(tokens.next().ok_or_else(|| missing("request id"))?);
        let operation = tokens.next().ok_or_else(|| missing("operation"))?;
        let key = logged(tokens.next().ok_or_else(|| missing("key"))?);
        let uri = tokens.quoted(
            "expected a request line in quotes, or `-`, and a status behind it",
            is_behind_uri,
        )?;
        let status = number("http status", tokens.next().ok_or_else(|| missing("http status"))?)?;
        let error = logged(tokens.next().ok_or_else(|| missing("error code"))?);
        let mut count = |field: &str| number(field, tokens.next().ok_or_else(|| missing(field))?);
        let bytes_sent = count("bytes sent")?;
        let object_size = count("object size")?;
        let total_time = count("total time")?;
        let turn_around = count("turn-around time")?;
        let referrer = tokens.quoted(
            "expected a referrer in quotes, or `-`, and a user agent behind it",
            |behind| behind.starts_with(" \"") || behind.starts_with(" - ") || behind == " -",
        )?;
        // Up to the last quote of the record, since AWS writes no quote behind it. What is behind must
        // look like the fields there; AWS may come to quote new ones.
        let user_agent = tokens
            .quoted_to_last("expected a user agent in quotes, or `-`", is_behind_user_agent)?;
        let mut tail = [None; TAIL_FIELDS];
        for slot in &mut tail {
            *slot = tokens.next().and_then(logged);
        }
        let extra = tokens.collect();
        Ok(Self {
            owner,
            bucket,
            micros,
            remote,
            requester,
            request_id,
            operation,
            key,
            uri,
            status,
            error,
            bytes_sent,
            object_size,
            total_time,
            turn_around,
            referrer,
            user_agent,
            tail,
            extra,
        })
    }

    fn store(&self, row: &mut EventBuilder, not_text: Option<&[u8]>) {
        row.set_str(fields::EVENT_KIND, "event");
        row.set_list(fields::EVENT_CATEGORY, ["web"]);
        row.set_list(fields::EVENT_TYPE, ["access"]);
        row.set_str(fields::EVENT_ACTION, self.operation);
        row.set_str(fields::EVENT_PROVIDER, "s3.amazonaws.com");
        row.set_str(fields::EVENT_OUTCOME, self.outcome());
        row.set_str(fields::CLOUD_PROVIDER, "aws");
        row.set_str(fields::AWS_S3_BUCKET_NAME, self.bucket);
        if let Some(key) = self.key {
            row.set_str(fields::S3ACCESS_KEY, key);
            // S3 encodes the key, and once more for the log.
            let once = decode(key).unwrap_or(Cow::Borrowed(key));
            row.set_str(fields::AWS_S3_OBJECT_KEY, &decode_if_encoded(&once));
        }
        if let Some(remote) = self.remote {
            row.set_str(fields::SOURCE_ADDRESS, remote);
            if row.set_ip(fields::SOURCE_IP, remote) {
                row.set_list(fields::RELATED_IP, [remote]);
            }
        }
        self.requester(row);
        row.set_str(fields::S3ACCESS_BUCKET_OWNER, self.owner);
        row.set_opt(fields::S3ACCESS_REQUEST_ID, self.request_id);
        row.set_str(fields::S3ACCESS_OPERATION, self.operation);
        row.set_opt(fields::S3ACCESS_ERROR_CODE, self.error);
        for (field, value) in [
            (fields::HTTP_RESPONSE_STATUS_CODE, self.status),
            (fields::SOURCE_BYTES, self.bytes_sent),
            (fields::S3ACCESS_BYTES_SENT, self.bytes_sent),
            (fields::S3ACCESS_OBJECT_SIZE, self.object_size),
            (fields::S3ACCESS_TOTAL_TIME, self.total_time),
            (fields::S3ACCESS_TURN_AROUND_TIME, self.turn_around),
        ] {
            if let Some(value) = value {
                row.set_i64(field, value);
            }
        }
        if let Some(uri) = self.uri {
            row.set_str(fields::S3ACCESS_REQUEST_URI, uri);
            if let Some((method, rest)) = uri.split_once(' ') {
                let target = rest.rsplit_once(" HTTP/").map_or(rest, |(target, _)| target);
                row.set_str(fields::HTTP_REQUEST_METHOD, method);
                row.set_opt(fields::URL_ORIGINAL, Some(target));
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                row.set_opt(fields::URL_PATH, Some(path));
                row.set_opt(fields::URL_QUERY, Some(query));
            }
        }
        row.set_opt(fields::HTTP_REQUEST_REFERRER, self.referrer);
        if let Some(agent) = self.user_agent {
            user_agent::set(row, agent);
        }
        let [version, host, signature, cipher, authentication, host_header, tls, access_point, acl] =
            self.tail;
        row.set_opt(fields::S3ACCESS_VERSION_ID, version);
        row.set_opt(fields::S3ACCESS_HOST_ID, host);
        row.set_opt(fields::S3ACCESS_SIGNATURE_VERSION, signature);
        row.set_opt(fields::TLS_CIPHER, cipher);
        row.set_opt(fields::S3ACCESS_AUTHENTICATION_TYPE, authentication);
        row.set_opt(fields::S3ACCESS_HOST_HEADER, host_header);
        row.set_opt(fields::TLS_VERSION, tls.map(tls_version));
        row.set_opt(fields::S3ACCESS_ACCESS_POINT_ARN, access_point);
        row.set_opt(fields::S3ACCESS_ACL_REQUIRED, acl);
        if !self.extra.is_empty() || not_text.is_some() {
            let mut rest = serde_json::Map::new();
            if !self.extra.is_empty() {
                rest.insert("extra".to_owned(), self.extra.clone().into());
            }
            if let Some(line) = not_text {
                rest.insert("line_hex".to_owned(), hex(line).into());
            }
            row.set_str(fields::REST, &serde_json::Value::Object(rest).to_string());
        }
    }

    fn outcome(&self) -> &'static str {
        match self.status {
            Some(..400) => "success",
            Some(_) => "failure",
            // S3 itself logs what it did, such as expiring an object, and has no status for it.
            None if self.operation.starts_with("S3.") && self.error.is_none() => "success",
            None => "unknown",
        }
    }

    fn requester(&self, row: &mut EventBuilder) {
        let Some(requester) = self.requester else { return };
        row.set_str(fields::S3ACCESS_REQUESTER, requester);
        if requester.strip_prefix("svc:").is_some_and(egret_model::aws::delivers_logs) {
            row.set_bool(fields::LOG_DELIVERY, true);
        }
        if !requester.starts_with("arn:") {
            return;
        }
        let (name, session) = match assumed_role(requester) {
            Some((role, session)) => (role, Some(session)),
            None => (name_of_arn(requester), None),
        };
        row.set_opt(fields::USER_NAME, Some(name));
        let mut names: Vec<&str> =
            session.into_iter().chain([name]).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        row.set_list(fields::RELATED_USER, names);
    }
}

/// Whether a request line ends here: a status, an error code, four counts and a referrer follow.
fn is_behind_uri(behind: &str) -> bool {
    if !behind.starts_with(' ') {
        return false;
    }
    let mut tokens = Tokens::new(behind);
    let count = |token: &str| token == "-" || token.bytes().all(|byte| byte.is_ascii_digit());
    let status =
        tokens.next().is_some_and(|token| token == "-" || (token.len() == 3 && count(token)));
    let code = tokens.next().is_some();
    status && code && tokens.take(4).filter(|token| count(token)).count() == 4
}

/// Whether a user agent ends here: a version, a host id, then a signature version follow.
fn is_behind_user_agent(behind: &str) -> bool {
    if !behind.starts_with(' ') {
        return false;
    }
    let mut tokens = Tokens::new(behind);
    let version = tokens.next().is_some_and(|token| !token.contains('"'));
    let signature = tokens.nth(1).is_none_or(|token| token == "-" || token.starts_with("Sig"));
    version && signature
}

/// Whether text begins like a record: two fields and a time in brackets.
fn begins_record(text: &str) -> bool {
    let mut tokens = Tokens::new(text);
    let two = tokens.next().is_some() && tokens.next().is_some();
    two && tokens.bracketed().is_some_and(|time| time_of(time).is_some())
}

/// Reads `24/Jul/2025:03:15:00 +0000`.
fn time_of(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (date, clock) = text.split_once(':')?;
    let mut parts = date.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?.saturating_add(1);
    let (clock, zone) = clock.split_once(' ')?;
    micros_of(&format!("{year}-{month:02}-{day}T{clock}{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "79a5 b [24/Jul/2025:03:15:00 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/ana R1 REST.GET.OBJECT k";
    const TAIL: &str = "- h= SigV4 c AuthHeader b.s3.amazonaws.com TLSv1.3 - -";

    #[test]
    fn text_that_requesters_write_ends_where_aws_goes_on() {
        #[rustfmt::skip]
        let rows: &[(&str, String, [Option<&str>; 3])] = &[
            ("plain", format!(r#"{HEAD} "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "curl/8" {TAIL}"#), [Some("GET /k HTTP/1.1"), None, Some("curl/8")]),
            ("quotes in the user agent", format!(r#"{HEAD} "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "a "b" c" {TAIL}"#), [Some("GET /k HTTP/1.1"), None, Some(r#"a "b" c"#)]),
            ("a user agent that ends itself", format!(r#"{HEAD} "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "x" - y SigV4 z" {TAIL}"#), [Some("GET /k HTTP/1.1"), None, Some(r#"x" - y SigV4 z"#)]),
            ("a quote in the request line", format!(r#"{HEAD} "GET /a"200 b HTTP/1.1" 200 - 1 1 1 1 "r" "-" {TAIL}"#), [Some(r#"GET /a"200 b HTTP/1.1"#), Some("r"), None]),
            ("nothing logged", format!("{HEAD} - - - - 312 - - - - {TAIL}"), [None, None, None]),
            ("18 fields, as logs used to have", format!(r#"{HEAD} "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "S3Console/0.4" -"#), [Some("GET /k HTTP/1.1"), None, Some("S3Console/0.4")]),
        ];
        for (name, line, want) in rows {
            let request = Request::read(line).unwrap();
            assert_eq!([request.uri, request.referrer, request.user_agent], *want, "row: {name}");
        }
    }

    #[test]
    fn a_user_agent_cannot_write_a_record() {
        let forged = format!(r#"x" {TAIL}    {HEAD} "GET /k HTTP/1.1" 200 - 9 9 9 9 "-" "y"#);
        let line =
            format!(r#"{HEAD} "GET /k HTTP/1.1" 403 AccessDenied 1 1 1 1 "-" "{forged}" {TAIL}"#);
        let mut sink = Sink::new("f", "00");
        Requests::default().line(line.as_bytes(), &mut sink).unwrap();
        assert_eq!(sink.rows(), 1);
        assert_eq!(Request::read(&line).unwrap().user_agent, Some(forged.as_str()));
    }

    #[test]
    fn broken_lines() {
        #[rustfmt::skip]
        let rows = [
            ("a b", "expected a time in brackets as third field, such as `[24/Jul/2025:03:15:00 +0000]`"),
            ("a b [24/Nil/2025:03:15:00 +0000] -", "field `time` is not a time such as `24/Jul/2025:03:15:00 +0000`: `24/Nil/2025:03:15:00 +0000`"),
            ("a b [24/Jul/2025:03:15:00 +0000] - - R REST.GET.OBJECT k \"GET /k", "expected a request line in quotes, or `-`, and a status behind it"),
            ("a b [24/Jul/2025:03:15:00 +0000] - - R REST.GET.OBJECT k - 200 - many - - - - - -", "field `bytes sent` is not a whole number or `-`: `many`"),
            ("a b [24/Jul/2025:03:15:00 +0000] - - R", "the line ends before the field `operation`"),
        ];
        for (line, want) in rows {
            assert_eq!(Request::read(line).map(|_| ()), Err(want.to_owned()));
        }
    }

    #[test]
    fn told_by_content() {
        let line = format!("{HEAD} - 200 - - - - - - - -");
        assert_eq!(S3Access.detect(line.as_bytes()).map(|found| found.confidence), Some(95));
        assert_eq!(
            S3Access.detect(b"192.0.2.1 - - [24/Jul/2025:03:15:00 +0000] \"GET / HTTP/1.1\" 200 5"),
            None
        );
    }
}
