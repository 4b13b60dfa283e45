//! Access control lists of S3: canned ones, grant headers, and documents.
//!
//! A list names groups, canonical users or mail addresses, and gives each a permission. Whose a
//! canonical user is, the list does not say, except for the owner of what it is on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::action::permits_reading;
use super::delivery::CLOUDFRONT_LOGS;
use super::document::{account, member, one_or_many, read, text};
use super::{Exposure, Inside, LIST_MAX};

/// Depth to which a document is searched for grants; AWS's own are four deep.
const DEPTH_MAX: usize = 8;

/// Values of a document that are looked at.
const VALUES_MAX: usize = 10_000;

/// Someone who is granted something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Grantee {
    Everyone,
    /// Whoever has AWS credentials of any account.
    AnyAccount,
    LogDelivery,
    /// EC2, which reads images that it is to register.
    Ec2,
    Canonical(String),
    Email(String),
    /// A group that is not known.
    Other(String),
}

/// Permissions by grantee.
#[derive(Debug, Default)]
struct Grants {
    found: BTreeMap<Grantee, BTreeSet<String>>,
    owners: BTreeSet<String>,
}

/// Whom an ACL lets in from outside, sorted.
///
/// # Input
///
/// A canned ACL's name, the value of a grant header, an `AccessControlPolicy` document or part of
/// one, or request parameters that hold any of these under their header's names. Grants to the
/// owner that the document names, and to AWS for delivering logs, are no exposures.
///
/// # Output
///
/// `actions` are the permissions, such as `READ`. A grant header's value does not say which it
/// gives: then `actions` is empty and `reads` is true. Everyone with an AWS account is `public`
/// under the condition `any AWS account`.
///
/// # Source
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
///
/// # Example
///
/// ```
/// # use egret_investigate::policy::{acl_exposures, Inside};
/// # let none = std::collections::BTreeSet::new();
/// # let inside = Inside { accounts: &none, organizations: &none, networks: &[] };
/// let found = acl_exposures(&serde_json::json!("public-read"), &inside);
/// assert_eq!((found[0].kind, found[0].actions[0].as_str()), ("public", "READ"));
/// ```
pub fn acl_exposures(acl: &Value, inside: &Inside<'_>) -> Vec<Exposure> {
    let mut grants = Grants::default();
    match acl {
        Value::String(text) if text.trim_start().starts_with(['{', '[', '%']) => {
            if let Ok(Some(document)) = read(acl) {
                grants.search(&document);
            }
        }
        Value::String(text) => grants.header(text, None),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            for text in values.iter().take(LIST_MAX).filter_map(Value::as_str) {
                grants.header(text, None);
            }
        }
        document => grants.search(document),
    }
    grants.exposures(inside)
}

impl Grants {
    /// Looks for grants, owners and headers in a document.
    fn search(&mut self, document: &Value) {
        let mut waiting = vec![(document, 0usize)];
        let mut seen = 0usize;
        while let Some((value, depth)) = waiting.pop() {
            seen = seen.saturating_add(1);
            if seen > VALUES_MAX || depth > DEPTH_MAX {
                continue;
            }
            let below = depth.saturating_add(1);
            match value {
                Value::Array(values) => {
                    waiting.extend(values.iter().take(VALUES_MAX).map(|value| (value, below)));
                }
                Value::Object(members) => {
                    if member(value, "Grantee").is_some() {
                        self.grant(value);
                        continue;
                    }
                    for (name, value) in members.iter().take(VALUES_MAX) {
                        self.named(name, value);
                        if is_container(name) {
                            waiting.push((value, below));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// One member of a document or of request parameters.
    fn named(&mut self, name: &str, value: &Value) {
        let name = name.to_ascii_lowercase();
        if name == "owner" {
            self.owners.extend(member(value, "ID").and_then(text));
            return;
        }
        let permission = match name.as_str() {
            "x-amz-acl" | "acl" | "cannedacl" => None,
            "x-amz-grant-read" | "grantread" => Some("READ"),
            "x-amz-grant-write" | "grantwrite" => Some("WRITE"),
            "x-amz-grant-read-acp" | "grantreadacp" => Some("READ_ACP"),
            "x-amz-grant-write-acp" | "grantwriteacp" => Some("WRITE_ACP"),
            "x-amz-grant-full-control" | "grantfullcontrol" => Some("FULL_CONTROL"),
            _ => return,
        };
        for value in one_or_many(Some(value)).iter().take(LIST_MAX).filter_map(Value::as_str) {
            self.header(value, permission);
        }
    }

    /// A canned ACL, or the value of a grant header: `kind="value"`, with commas between.
    fn header(&mut self, text: &str, permission: Option<&str>) {
        let text = text.trim();
        if permission.is_none() && !text.contains('=') {
            self.canned(text);
            return;
        }
        for grant in text.split(',').take(LIST_MAX) {
            let Some((kind, value)) = grant.split_once('=') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            let grantee = match kind.trim().to_ascii_lowercase().as_str() {
                "uri" => group(value),
                "id" => Grantee::Canonical(value.to_owned()),
                "emailaddress" => Grantee::Email(value.to_owned()),
                _ => continue,
            };
            self.add(grantee, permission);
        }
    }

    fn canned(&mut self, name: &str) {
        match name.to_ascii_lowercase().as_str() {
            "public-read" => self.add(Grantee::Everyone, Some("READ")),
            "public-read-write" => {
                self.add(Grantee::Everyone, Some("READ"));
                self.add(Grantee::Everyone, Some("WRITE"));
            }
            "authenticated-read" => self.add(Grantee::AnyAccount, Some("READ")),
            "aws-exec-read" => self.add(Grantee::Ec2, Some("READ")),
            // private, bucket-owner-read, bucket-owner-full-control, log-delivery-write
            _ => {}
        }
    }

    fn grant(&mut self, grant: &Value) {
        let Some(grantee) = member(grant, "Grantee") else { return };
        let permission = member(grant, "Permission").and_then(text);
        let named = |name: &str| member(grantee, name).and_then(text);
        let grantee = if let Some(uri) = named("URI") {
            group(&uri)
        } else if let Some(id) = named("ID") {
            Grantee::Canonical(id)
        } else if let Some(email) = named("EmailAddress") {
            Grantee::Email(email)
        } else if let Some(kind) = named("xsi:type").or_else(|| named("Type")) {
            // An owner's copy of a foreign call leaves the address out.
            match kind.as_str() {
                "AmazonCustomerByEmail" => Grantee::Email("unknown".to_owned()),
                "CanonicalUser" => Grantee::Canonical("unknown".to_owned()),
                _ => Grantee::Other(kind),
            }
        } else {
            return;
        };
        self.add(grantee, permission.as_deref());
    }

    fn add(&mut self, grantee: Grantee, permission: Option<&str>) {
        let permissions = self.found.entry(grantee).or_default();
        permissions.extend(permission.map(str::to_ascii_uppercase));
    }

    fn exposures(self, inside: &Inside<'_>) -> Vec<Exposure> {
        let mut exposures = Vec::new();
        for (grantee, permissions) in self.found {
            let reads =
                permissions.is_empty() || permits_reading(permissions.iter().map(String::as_str));
            let mut conditions = Vec::new();
            let (kind, id) = match grantee {
                Grantee::Everyone => ("public", "*".to_owned()),
                Grantee::AnyAccount => {
                    conditions.push("any AWS account".to_owned());
                    ("public", "*".to_owned())
                }
                Grantee::LogDelivery if !reads => continue,
                Grantee::LogDelivery => ("aws_service", "logging.s3.amazonaws.com".to_owned()),
                Grantee::Ec2 => ("aws_service", "ec2.amazonaws.com".to_owned()),
                Grantee::Canonical(id) if id == CLOUDFRONT_LOGS || self.owners.contains(&id) => {
                    continue;
                }
                Grantee::Canonical(id) => match account(&id) {
                    Some(own) if inside.accounts.contains(&own) => continue,
                    Some(other) => ("aws_account", other),
                    None => ("canonical_user", id),
                },
                Grantee::Email(email) => ("email", email),
                Grantee::Other(group) => ("principal", group),
            };
            exposures.push(Exposure {
                kind,
                id,
                actions: permissions.into_iter().collect(),
                resources: Vec::new(),
                conditions,
                reads,
            });
        }
        exposures.sort();
        exposures
    }
}

/// Members below which grants are.
fn is_container(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["accesscontrolpolicy", "accesscontrollist", "acl", "grant", "grants", "requestparameters"];
    NAMES.contains(&name.to_ascii_lowercase().as_str())
}

fn group(uri: &str) -> Grantee {
    match uri.rsplit("/groups/").next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "global/allusers" => Grantee::Everyone,
        "global/authenticatedusers" => Grantee::AnyAccount,
        "s3/logdelivery" => Grantee::LogDelivery,
        "ec2/za-team" => Grantee::Ec2,
        _ => Grantee::Other(uri.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{short, with_inside};
    use super::*;

    #[test]
    fn lists() {
        const DOCUMENT: &str = r#"{"AccessControlPolicy":{"Owner":{"ID":"own"},"AccessControlList":{"Grant":[
            {"Grantee":{"xsi:type":"CanonicalUser","ID":"own"},"Permission":"FULL_CONTROL"},
            {"Grantee":{"xsi:type":"CanonicalUser","ID":"other"},"Permission":"READ_ACP"},
            {"Grantee":{"xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ"},
            {"Grantee":{"xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ_ACP"},
            {"Grantee":{"xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/s3/LogDelivery"},"Permission":"WRITE"}]}}}"#;
        #[rustfmt::skip]
        let rows: &[(&str, &str, &[&str])] = &[
            ("private", r#""private""#, &[]),
            ("bucket-owner-full-control", r#""bucket-owner-full-control""#, &[]),
            ("log-delivery-write", r#""log-delivery-write""#, &[]),
            ("empty", r#""""#, &[]),
            ("public-read", r#""public-read""#, &["public * READ reads"]),
            ("as a list", r#"["public-read"]"#, &["public * READ reads"]),
            ("public-read-write", r#""public-read-write""#, &["public * READ,WRITE reads"]),
            ("authenticated-read", r#""authenticated-read""#, &["public * READ reads if any AWS account"]),
            ("aws-exec-read", r#""aws-exec-read""#, &["aws_service ec2.amazonaws.com READ reads"]),
            ("header alone", r#""uri=\"http://acs.amazonaws.com/groups/global/AllUsers\", id=\"abc\", emailAddress=\"a@example.com\"""#,
                &["canonical_user abc  reads", "email a@example.com  reads", "public *  reads"]),
            ("header in parameters", r#"{"bucketName":"b","accessControlList":{"x-amz-grant-read":"uri=http://acs.amazonaws.com/groups/global/AllUsers","x-amz-grant-write-acp":"id=abc"}}"#,
                &["canonical_user abc WRITE_ACP reads", "public * READ reads"]),
            ("canned in parameters", r#"{"bucketName":"b","x-amz-acl":["public-read"],"acl":""}"#, &["public * READ reads"]),
            ("document", DOCUMENT, &["canonical_user other READ_ACP", "public * READ,READ_ACP reads"]),
            ("one grant, no list", r#"{"AccessControlList":{"Grant":{"Grantee":{"URI":"http://acs.amazonaws.com/groups/global/AuthenticatedUsers"},"Permission":"FULL_CONTROL"}}}"#,
                &["public * FULL_CONTROL reads if any AWS account"]),
            ("grants as the API answers them", r#"{"Grants":[{"Grantee":{"Type":"CanonicalUser","ID":"abc"},"Permission":"WRITE"}]}"#, &["canonical_user abc WRITE"]),
            ("grant alone", r#"{"Grantee":{"EmailAddress":"a@example.com"},"Permission":"READ"}"#, &["email a@example.com READ reads"]),
            ("address left out", r#"{"Grantee":{"xsi:type":"AmazonCustomerByEmail"},"Permission":"READ"}"#, &["email unknown READ reads"]),
            ("text of a document", r#""{\"Grant\":{\"Grantee\":{\"ID\":\"abc\"},\"Permission\":\"READ\"}}""#, &["canonical_user abc READ reads"]),
            ("CloudFront's logs", r#"{"Grantee":{"ID":"c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"},"Permission":"FULL_CONTROL"}"#, &[]),
            ("log delivery may read", r#"{"Grantee":{"URI":"http://acs.amazonaws.com/groups/s3/LogDelivery"},"Permission":"FULL_CONTROL"}"#,
                &["aws_service logging.s3.amazonaws.com FULL_CONTROL reads"]),
            ("account ids are no canonical ones", r#""id=111122223333, id=444455556666""#, &["aws_account 444455556666  reads"]),
            ("unknown group", r#""uri=http://acs.amazonaws.com/groups/x""#, &["principal http://acs.amazonaws.com/groups/x  reads"]),
            ("junk", r#"{"Grant":[1,{"Grantee":null},{"Grantee":{}}],"Owner":3}"#, &[]),
        ];
        for (name, acl, want) in rows {
            let got =
                with_inside(|inside| acl_exposures(&serde_json::from_str(acl).unwrap(), inside));
            assert_eq!(short(&got), *want, "row: {name}");
        }
    }
}
