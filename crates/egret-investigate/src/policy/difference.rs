//! What one policy opened or closed against the one before it.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{permits_reading, reads};
use super::pattern::{Pattern, Work};
use super::{Exposure, Part};

/// What stands open after and did not before, and what stood open before and no longer does.
///
/// Receivers are compared by kind and id. An exposure that only became wider is in the first list
/// with what is new: actions, resources, or all of it where a condition fell away or changed. One
/// that became narrower is in the second with what is gone.
///
/// # Example
///
/// ```
/// # use egret_investigate::policy::{difference, exposures, Inside};
/// # let none = std::collections::BTreeSet::new();
/// # let inside = Inside { accounts: &none, organizations: &none, networks: &[] };
/// let policy = |actions| serde_json::json!({"Statement": {
///     "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": "arn:aws:s3:::b/*"}});
/// let before = exposures(&policy(vec!["s3:GetObject"]), &inside);
/// let after = exposures(&policy(vec!["s3:GetObject", "s3:PutObject"]), &inside);
///
/// let (opened, closed) = difference(&before, &after);
/// assert_eq!(opened[0].actions, ["s3:PutObject"]);
/// assert!(closed.is_empty());
/// ```
pub fn difference(before: &[Exposure], after: &[Exposure]) -> (Vec<Exposure>, Vec<Exposure>) {
    let work = Work::new();
    (beyond(after, before, &work), beyond(before, after, &work))
}

/// What of the first list the second does not hold.
fn beyond(list: &[Exposure], held: &[Exposure], work: &Work) -> Vec<Exposure> {
    let same: BTreeSet<&Exposure> = held.iter().collect();
    let mut parts: BTreeMap<(&str, &str), Vec<Part>> = BTreeMap::new();
    for exposure in held {
        parts.entry((exposure.kind, &exposure.id)).or_default().push(Part::of(exposure));
    }
    let mut found: Vec<Exposure> = Vec::new();
    for exposure in list {
        if same.contains(exposure) {
            continue;
        }
        if exposure.actions.is_empty() {
            // A grant whose permission is not known.
            found.push(exposure.clone());
            continue;
        }
        let whole = Part::of(exposure);
        let held = parts.get(&(exposure.kind, exposure.id.as_str()));
        for (actions, resources) in new(&whole, held.map_or(&[], Vec::as_slice), work) {
            let all = actions.len() == whole.actions.len();
            let reads = exposure.reads && (all || gives_away(&actions, work));
            let part = Part { actions, resources, conditions: whole.conditions.clone() };
            found.push(part.exposure(exposure.kind, &exposure.id, reads));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Actions of a part that are new, by the resources that they are new on.
fn new(whole: &Part, held: &[Part], work: &Work) -> Vec<(Vec<Pattern>, Vec<Pattern>)> {
    let mut new: Vec<(Vec<Pattern>, Vec<Pattern>)> = Vec::new();
    for action in &whole.actions {
        let granted = |resources: &[Pattern]| {
            held.iter().any(|part| part.grants(action, resources, &whole.conditions, work))
        };
        if granted(&whole.resources) {
            continue;
        }
        let resources: Vec<Pattern> = whole
            .resources
            .iter()
            .filter(|resource| !granted(std::slice::from_ref(resource)))
            .cloned()
            .collect();
        if resources.is_empty() && !whole.resources.is_empty() {
            continue;
        }
        match new.iter_mut().find(|(_, on)| *on == resources) {
            Some((actions, _)) => actions.push(action.clone()),
            None => new.push((vec![action.clone()], resources)),
        }
    }
    new
}

fn gives_away(actions: &[Pattern], work: &Work) -> bool {
    reads(actions, work) || {
        let texts: Vec<String> = actions.iter().map(Pattern::to_string).collect();
        permits_reading(texts.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{short, with_inside};
    use super::super::{acl_exposures, exposures};
    use super::*;

    /// Name, before, after, opened, closed.
    type Row = (
        &'static str,
        &'static str,
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    );

    #[test]
    fn differences() {
        const A: &str = r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"r"}"#;
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("nothing", "", "", &[], &[]),
            ("the same", A, A, &[], &[]),
            ("opened", "", A, &["aws_account 444455556666 s3:GetObject reads on r"], &[]),
            ("closed", A, "", &[], &["aws_account 444455556666 s3:GetObject reads on r"]),
            ("more actions", A, r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"r"}"#, &["aws_account 444455556666 s3:PutObject on r"], &[]),
            ("wider action", A, r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:Get*","Resource":"r"}"#, &["aws_account 444455556666 s3:Get* reads on r"], &[]),
            ("the same said otherwise", A, r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["S3:getobject"],"Resource":["r"]}"#, &[], &[]),
            ("more resources", A, r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":["r","s"]}"#, &["aws_account 444455556666 s3:GetObject reads on s"], &[]),
            ("wider resource", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/a/*"}"#, r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
                &["public * s3:GetObject reads on arn:aws:s3:::b/*"], &[]),
            ("condition added", A, r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"r","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#, &[], &["aws_account 444455556666 s3:GetObject reads on r"]),
            ("condition taken away", r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"r","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#, A, &["aws_account 444455556666 s3:GetObject reads on r"], &[]),
            ("condition widened", r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"r","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.9"}}}"#,
                r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"r","Condition":{"IpAddress":{"aws:SourceIp":["203.0.113.0/25","203.0.113.9"]}}}"#,
                &["aws_account 444455556666 s3:GetObject reads on r if aws:SourceIp in 203.0.113.0/25, 203.0.113.9"], &[]),
            ("a second role", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/a"},"Action":"sts:AssumeRole"}"#, r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:role/a","arn:aws:iam::444455556666:role/b"]},"Action":"sts:AssumeRole"}"#,
                &["aws_account 444455556666 sts:AssumeRole reads if principal is one of arn:aws:iam::444455556666:role/a, arn:aws:iam::444455556666:role/b"], &[]),
            ("another account", A, r#"{"Effect":"Allow","Principal":{"AWS":"777788889999"},"Action":"s3:GetObject","Resource":"r"}"#, &["aws_account 777788889999 s3:GetObject reads on r"], &["aws_account 444455556666 s3:GetObject reads on r"]),
            ("Deny taken away", r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"r"},{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"r"}"#, r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"r"}"#,
                &["public * s3:* reads on r"], &[]),
            ("Deny added", r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"r"}"#, r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"r"},{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"r"}"#,
                &[], &["public * s3:* reads on r"]),
            ("own account added", A, r#"{"Effect":"Allow","Principal":{"AWS":["444455556666","111122223333"]},"Action":"s3:GetObject","Resource":"r"}"#, &[], &[]),
        ];
        for (name, before, after, opened, closed) in rows {
            let read = |statements: &str| {
                let policy = format!(r#"{{"Statement":[{statements}]}}"#);
                with_inside(|inside| exposures(&serde_json::from_str(&policy).unwrap(), inside))
            };
            let got = difference(&read(before), &read(after));
            assert_eq!(short(&got.0), *opened, "row: {name}, opened");
            assert_eq!(short(&got.1), *closed, "row: {name}, closed");
        }
    }

    #[test]
    fn lists() {
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("to public", "private", "public-read", &["public * READ reads"], &[]),
            ("to writing", "public-read", "public-read-write", &["public * WRITE"], &[]),
            ("back", "public-read-write", "public-read", &[], &["public * WRITE"]),
            ("headers", "id=abc", "id=abc, id=def", &["canonical_user def  reads"], &[]),
        ];
        for (name, before, after, opened, closed) in rows {
            let read =
                |acl: &str| with_inside(|inside| acl_exposures(&serde_json::json!(acl), inside));
            let got = difference(&read(before), &read(after));
            assert_eq!(short(&got.0), *opened, "row: {name}, opened");
            assert_eq!(short(&got.1), *closed, "row: {name}, closed");
        }
    }
}
