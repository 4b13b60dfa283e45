//! Destinations out of an event, by the rules of its channel.
//!
//! A value says by itself what it is wherever it can: a principal may be an account, an
//! organisation or everyone, an endpoint an e-mail address or a queue. What a rule calls it is the
//! fallback.

use egret_model::aws::{account_of_arn, is_account_id, s3_object_of_arn};
use egret_model::ecs::catalog::fields;
use serde_json::Value;

use crate::channel::{Extractor, Function};
use crate::context::Judge;
use crate::policy::{Exposure, acl_exposures, exposures};
use crate::record::{Record, text_of};

/// A destination as an event names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) kind: String,
    pub(super) id: String,
    /// Its account, where the event says so beside it.
    pub(super) account: Option<String>,
    /// What a policy lets it do, once for each set of conditions.
    pub(super) exposures: Vec<Exposure>,
}

impl Named {
    fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into(), ..Self::default() }
    }
}

/// Every destination that the rules read from the event, in their order.
pub(super) fn extract(rules: &[Extractor], record: &Record, judge: &Judge) -> Vec<Named> {
    let mut found = Vec::new();
    for rule in rules {
        if let Some(id) = &rule.id {
            found.push(Named::new(rule.kind.clone(), id.clone()));
            continue;
        }
        let account = rule
            .account_field
            .as_deref()
            .and_then(|field| record.texts(field).into_iter().next())
            .and_then(|account| match account_of_arn(&account) {
                Some(account) => Some(account.to_owned()),
                None => account_id(&account),
            });
        for value in record.values(&rule.field) {
            for mut named in read(rule, &value, record, judge) {
                if named.account.is_none() {
                    named.account.clone_from(&account);
                }
                if named.account.is_none() && named.kind == "s3_bucket" {
                    named.account = record.owner_of_bucket(&named.id);
                }
                found.push(named);
            }
        }
    }
    found
}

fn read(rule: &Extractor, value: &Value, record: &Record, judge: &Judge) -> Vec<Named> {
    let let_in = |exposures: Vec<Exposure>| {
        exposures
            .into_iter()
            // Whoever may only write or describe takes nothing out, and a service acts for someone.
            .filter(|exposure| exposure.reads && exposure.kind != "aws_service")
            .map(|exposure| Named {
                kind: exposure.kind.to_owned(),
                id: exposure.id.clone(),
                account: None,
                exposures: vec![exposure],
            })
            .collect()
    };
    match rule.function {
        Function::Policy => return let_in(exposures(value, &judge.inside())),
        Function::Acl => return let_in(acl_exposures(value, &judge.inside())),
        Function::Uris => return uris(value, &rule.kind),
        _ => {}
    }
    let Some(text) = text_of(value) else { return Vec::new() };
    let one = match rule.function {
        Function::Value => Some(plain(&rule.kind, text)),
        Function::AccountOfArn => {
            account_of_arn(&text).map(|account| Named::new("aws_account", account))
        }
        Function::BucketOfArn => Some(Named::new("s3_bucket", bucket_of_arn(&text))),
        Function::BucketOfUri => bucket_of_uri(&text).map(|bucket| Named::new("s3_bucket", bucket)),
        Function::Principal => principal(&text),
        Function::OtherAccount => {
            let own = record.get(fields::CLOUD_ACCOUNT_ID).unwrap_or_default();
            let account = account_of_arn(&text).map(str::to_owned).or_else(|| account_id(&text));
            account.filter(|account| account != own).map(|id| Named::new("aws_account", id))
        }
        Function::AccountOfQueueUrl => {
            let mut parts = text.split('/').filter(|part| is_account_id(part));
            parts.next().map(|account| Named::new("aws_account", account))
        }
        Function::HostOfUrl => host_of_url(&text).map(host),
        Function::Endpoint => Some(endpoint(&rule.kind, &text)),
        Function::Policy | Function::Acl | Function::Uris => None,
    };
    one.into_iter().collect()
}

/// CloudTrail logs some account ids as numbers, which lose their zeros.
fn account_id(text: &str) -> Option<String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && text.len() <= 12).then(|| format!("{text:0>12}"))
}

fn plain(kind: &str, text: String) -> Named {
    match kind {
        "aws_account" if text == "all" => Named::new("public", text),
        "aws_account" => Named::new(kind, account_id(&text).unwrap_or(text)),
        _ => Named::new(kind, text),
    }
}

fn principal(text: &str) -> Option<Named> {
    if let Some(account) = account_id(text).filter(|_| text.len() > 9) {
        return Some(Named::new("aws_account", account));
    }
    if matches!(text, "*" | "all" | "everyone" | "EVERYONE") {
        return Some(Named::new("public", "*"));
    }
    if text.contains(":organizations::") || text.starts_with("o-") || text.starts_with("ou-") {
        return Some(Named::new("organization", text));
    }
    if let Some(account) = account_of_arn(text) {
        return Some(Named::new("aws_account", account));
    }
    if !text.starts_with("arn:") && text.ends_with(".amazonaws.com") {
        return None;
    }
    if text.contains('@') {
        return Some(Named::new("email", text));
    }
    let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(Named::new(if hex { "canonical_user" } else { "principal" }, text))
}

fn endpoint(kind: &str, text: &str) -> Named {
    if let Some(account) = account_of_arn(text) {
        return Named::new("aws_account", account);
    }
    if let Some(found) = text.contains("://").then(|| host_of_url(text)).flatten() {
        return host(found);
    }
    if text.contains('@') {
        return Named::new("email", text);
    }
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Named::new("phone", text);
    }
    Named::new(if kind.is_empty() { "endpoint" } else { kind }, text)
}

/// A host by name or by address.
fn host(name: &str) -> Named {
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    Named::new(if is_address { "ip_address" } else { "host" }, name)
}

/// Host of an address of the web or of a database, in lower case as it came.
fn host_of_url(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("//").unwrap_or(("", text));
    let authority = rest.split(['/', '?', '#', ';']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None if host.bytes().filter(|byte| *byte == b':').count() > 1 => host,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

fn bucket_of_arn(text: &str) -> String {
    match s3_object_of_arn(text) {
        Some((bucket, _)) => bucket.to_owned(),
        None => text
            .rsplit(":::")
            .next()
            .and_then(|rest| rest.split('/').next())
            .unwrap_or(text)
            .to_owned(),
    }
}

/// Bucket of `s3://bucket/key`, of an address of S3 on the web, or of `bucket/prefix`.
fn bucket_of_uri(text: &str) -> Option<String> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None if text.starts_with("arn:") => return Some(bucket_of_arn(text)),
        None => (String::new(), text.trim_start_matches('/')),
    };
    let mut parts = rest.split('/');
    let first = parts.next().filter(|part| !part.is_empty())?;
    if !matches!(scheme.as_str(), "http" | "https") {
        return Some(first.to_owned());
    }
    let host =
        first.strip_suffix(".amazonaws.com").or_else(|| first.strip_suffix(".amazonaws.com.cn"))?;
    // `s3.region` and `s3-region` name the bucket in the path, `bucket.s3.region` in the host.
    if host == "s3" || host.starts_with("s3.") || host.starts_with("s3-") {
        return parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
    }
    let end = [".s3.", ".s3-"].iter().filter_map(|mark| host.find(mark)).min();
    let end = end.or_else(|| host.strip_suffix(".s3").map(str::len))?;
    host.get(..end).map(str::to_owned)
}

/// Every address of S3 and of the web in the texts of a value, sorted.
fn uris(value: &Value, kind: &str) -> Vec<Named> {
    let mut texts = Vec::new();
    leaves(value, &mut texts);
    let mut found = Vec::new();
    for text in texts {
        for (at, _) in text.match_indices("://") {
            let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
            let scheme_at = before
                .rfind(|letter: char| {
                    !(letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-'))
                })
                .and_then(|last| {
                    before
                        .get(last..)?
                        .chars()
                        .next()
                        .map(|letter| last.saturating_add(letter.len_utf8()))
                })
                .unwrap_or(0);
            let scheme = before.get(scheme_at..).unwrap_or_default().to_ascii_lowercase();
            let end = after
                .find(|letter: char| {
                    letter.is_whitespace()
                        || matches!(letter, '\'' | '"' | '`' | ')' | ',' | ';' | '|' | '>')
                })
                .unwrap_or(after.len());
            let uri = format!("{scheme}{}", after.get(..end).unwrap_or(after));
            match scheme.as_str() {
                "s3" | "s3a" | "s3n" => {
                    found.extend(bucket_of_uri(&uri).map(|bucket| Named::new("s3_bucket", bucket)));
                }
                "http" | "https" | "ftp" | "sftp" | "ftps" | "gs" | "wasb" | "wasbs" | "abfs"
                | "abfss" => match bucket_of_uri(&uri) {
                    Some(bucket) if scheme.starts_with("http") => {
                        found.push(Named::new("s3_bucket", bucket));
                    }
                    _ => found.extend(
                        host_of_url(&uri)
                            .filter(|host| !host.ends_with(".amazonaws.com"))
                            .map(host),
                    ),
                },
                _ => {}
            }
        }
    }
    found.sort();
    found.dedup();
    if !kind.is_empty() {
        found.retain(|named| named.kind == kind);
    }
    found
}

fn leaves<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|value| leaves(value, found)),
        Value::Object(members) => members.values().for_each(|value| leaves(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(named: Option<Named>) -> String {
        named.map_or_else(|| "-".to_owned(), |named| format!("{} {}", named.kind, named.id))
    }

    #[test]
    fn principals() {
        #[rustfmt::skip]
        let rows = [
            ("444455556666", "aws_account 444455556666"),
            ("12345678901", "aws_account 012345678901"),
            ("arn:aws:iam::444455556666:role/reader", "aws_account 444455556666"),
            ("arn:aws-cn:iam::444455556666:root", "aws_account 444455556666"),
            ("*", "public *"),
            ("o-exampleorg", "organization o-exampleorg"),
            ("arn:aws:organizations::444455556666:organization/o-exampleorg", "organization arn:aws:organizations::444455556666:organization/o-exampleorg"),
            ("logs.amazonaws.com", "-"),
            ("ana@example.org", "email ana@example.org"),
            ("AIDAEXAMPLE", "principal AIDAEXAMPLE"),
        ];
        for (text, want) in rows {
            assert_eq!(shown(principal(text)), want, "{text}");
        }
    }

    #[test]
    fn endpoints_and_hosts() {
        #[rustfmt::skip]
        let rows = [
            ("drop@example.org", "email drop@example.org"),
            ("https://share.example.org:8443/in?x=1", "host share.example.org"),
            ("https://203.0.113.9/in", "ip_address 203.0.113.9"),
            ("https://[2001:db8::1]:443/", "ip_address 2001:db8::1"),
            ("arn:aws:sqs:eu-west-1:444455556666:in", "aws_account 444455556666"),
            ("+15550100", "phone +15550100"),
            ("something", "endpoint something"),
        ];
        for (text, want) in rows {
            assert_eq!(shown(Some(endpoint("", text))), want, "{text}");
        }
        for (text, want) in [
            ("jdbc:postgresql://db.example.org:5432/x", Some("db.example.org")),
            ("sftp://user:secret@sftp.example.org/", Some("sftp.example.org")),
            ("db.example.org", Some("db.example.org")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("", None),
        ] {
            assert_eq!(host_of_url(text), want, "{text}");
        }
    }

    #[test]
    fn buckets() {
        for (text, want) in [
            ("s3://drop/in/x", Some("drop")),
            ("https://drop.s3.eu-west-1.amazonaws.com/x", Some("drop")),
            ("https://drop.s3.amazonaws.com/x", Some("drop")),
            ("https://dotted.name.s3-eu-west-1.amazonaws.com", Some("dotted.name")),
            ("https://s3.eu-west-1.amazonaws.com/drop/x", Some("drop")),
            ("https://s3-eu-west-1.amazonaws.com/drop/x", Some("drop")),
            ("https://share.example.org/drop", None),
            ("drop/prefix", Some("drop")),
            ("arn:aws:s3:::drop/in", Some("drop")),
            ("s3://", None),
        ] {
            assert_eq!(bucket_of_uri(text).as_deref(), want, "{text}");
        }
        assert_eq!(bucket_of_arn("drop"), "drop");
        assert_eq!(bucket_of_arn("arn:aws:s3:::drop"), "drop");
    }

    #[test]
    fn addresses_in_texts() {
        let found = |value: Value| {
            uris(&value, "").into_iter().map(|named| shown(Some(named))).collect::<Vec<_>>()
        };
        assert_eq!(
            found(json!("UNLOAD ('select 1') TO 's3://drop/x' iam_role default")),
            ["s3_bucket drop"]
        );
        assert_eq!(
            found(
                json!(["s3-dist-cp", "--src=s3://a/b", {"dest": "S3://c"}, "curl -T x https://share.example.org/in"])
            ),
            ["host share.example.org", "s3_bucket a", "s3_bucket c"]
        );
        assert_eq!(found(json!("é://x ://")), Vec::<String>::new());
        assert_eq!(found(json!("https://sts.amazonaws.com/")), Vec::<String>::new());
        assert_eq!(uris(&json!("s3://a https://b.example.org"), "host").len(), 1);
    }
}
