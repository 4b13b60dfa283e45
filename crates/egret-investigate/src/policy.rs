//! Who a resource policy lets in from outside.
//!
//! Statements are read one by one: an own account elsewhere in the policy hides nothing, and a
//! statement for an AWS service is no exposure. Conditions are not evaluated here; they are named
//! beside the receiver, since they may close what the statement opens.

use std::collections::BTreeMap;

use egret_model::aws::{account_of_arn, is_account_id};
use serde_json::Value;

/// Someone whom a policy lets in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grantee {
    /// `public`, `aws_account`, `organization` or `principal`.
    pub kind: &'static str,
    /// Account id, organisation id, `*`, or the principal as written.
    pub id: String,
    /// Condition keys that narrow it, sorted; empty when nothing does.
    pub conditions: Vec<String>,
}

/// Everyone whom Allow statements let in, sorted and without repetition. A grantee that one
/// statement lets in without a condition has none, whatever other statements say.
///
/// Takes the policy as CloudTrail logs it: an object, or JSON text.
pub fn grantees(policy: &Value) -> Vec<Grantee> {
    let parsed;
    let policy = match policy {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(value) => {
                parsed = value;
                &parsed
            }
            Err(_not_a_policy) => return Vec::new(),
        },
        other => other,
    };
    let mut found: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
    for statement in one_or_many(member(policy, "Statement")) {
        if member(statement, "Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        let conditions = condition_keys(statement);
        let mut add = |kind, id: String| {
            found
                .entry((kind, id))
                .and_modify(|held| {
                    if conditions.is_empty() {
                        held.clear();
                    } else if !held.is_empty() {
                        held.extend(conditions.iter().cloned());
                        held.sort();
                        held.dedup();
                    }
                })
                .or_insert_with(|| conditions.clone());
        };
        if member(statement, "NotPrincipal").is_some() {
            // Allow with NotPrincipal lets in everyone but those named.
            add("public", "*".to_owned());
        }
        match member(statement, "Principal") {
            Some(Value::String(all)) if all == "*" => match organization(statement) {
                Some(organization) => add("organization", organization),
                None => add("public", "*".to_owned()),
            },
            Some(Value::Object(principals)) => {
                for (kind, values) in principals {
                    if !kind.eq_ignore_ascii_case("AWS") {
                        continue;
                    }
                    for value in one_or_many(Some(values)).iter().filter_map(text) {
                        match (value.as_str(), organization(statement)) {
                            ("*", Some(organization)) => add("organization", organization),
                            ("*", None) => add("public", "*".to_owned()),
                            (account, _) if is_account_id(account) => {
                                add("aws_account", account.to_owned());
                            }
                            (arn, _) => match account_of_arn(arn) {
                                Some(account) => add("aws_account", account.to_owned()),
                                None => add("principal", arn.to_owned()),
                            },
                        }
                    }
                }
            }
            _ => {}
        }
    }
    found.into_iter().map(|((kind, id), conditions)| Grantee { kind, id, conditions }).collect()
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn one_or_many(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(values)) => values,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

/// Text of a value; a number that should have been an account id gets its zeros back.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(format!("{number:0>12}")),
        _ => None,
    }
}

fn condition_keys(statement: &Value) -> Vec<String> {
    let Some(Value::Object(operators)) = member(statement, "Condition") else {
        return Vec::new();
    };
    let mut keys: Vec<String> = operators
        .values()
        .filter_map(Value::as_object)
        .flat_map(|keys| keys.keys().cloned())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The organisation that a condition on `aws:PrincipalOrgID` names.
fn organization(statement: &Value) -> Option<String> {
    let Some(Value::Object(operators)) = member(statement, "Condition") else { return None };
    operators
        .iter()
        .filter(|(operator, _)| !operator.to_ascii_lowercase().contains("not"))
        .find_map(|(_, keys)| member(keys, "aws:PrincipalOrgID"))
        .and_then(|value| one_or_many(Some(value)).first())
        .and_then(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(policy: &str) -> Vec<String> {
        grantees(&serde_json::from_str(policy).unwrap())
            .into_iter()
            .map(|grantee| {
                format!("{} {} [{}]", grantee.kind, grantee.id, grantee.conditions.join(","))
            })
            .collect()
    }

    #[test]
    fn statements() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, &[&str])] = &[
            ("everyone", r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}}"#, &["public * []"]),
            ("deny opens nothing", r#"{"Statement":[{"Effect":"Deny","Principal":"*"}]}"#, &[]),
            ("accounts as id, ARN and list", r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["444455556666","arn:aws:iam::777788889999:root"]}}]}"#,
                &["aws_account 444455556666 []", "aws_account 777788889999 []"]),
            ("a service is no exposure", r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"}}]}"#, &[]),
            ("condition named", r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Condition":{"StringEquals":{"sts:ExternalId":"x"}}}]}"#,
                &["aws_account 444455556666 [sts:ExternalId]"]),
            ("a second statement without condition wins", r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Condition":{"StringEquals":{"sts:ExternalId":"x"}}},{"Effect":"Allow","Principal":{"AWS":"444455556666"}}]}"#,
                &["aws_account 444455556666 []"]),
            ("organisation", r#"{"Statement":[{"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-example"}}}]}"#,
                &["organization o-example [aws:PrincipalOrgID]"]),
            ("not-principal lets the rest in", r#"{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"444455556666"}}]}"#, &["public * []"]),
            ("policy as text", r#""{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"}}}""#, &["public * []"]),
            ("not a policy", r#""hello""#, &[]),
        ];
        for (name, policy, want) in rows {
            assert_eq!(short(policy), *want, "row: {name}");
        }
    }
}
