//! The JSON report and its schema say the same.

use std::collections::BTreeSet;

use egret_report::{Format, render};
use serde_json::Value;

use crate::sample;

const SCHEMA: &str = include_str!("../../report-v1.schema.json");

/// Checks a value against a part of the schema, strictly: a member the schema does not name is
/// drift here, though a reader ignores it. Fails on a keyword it does not know, so that the schema
/// cannot promise what nothing checks. Notes each member of the schema that it meets.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, met: &mut BTreeSet<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "required" | "properties" => {}
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                let target = root["$defs"]
                    .get(name)
                    .unwrap_or_else(|| panic!("{at}: no definition `{name}`"));
                met.insert(name.to_owned());
                check_named(root, target, value, at, name, met);
            }
            "type" => {
                let found = type_of(value);
                let wanted: Vec<&str> = match rule {
                    Value::String(one) => vec![one],
                    Value::Array(many) => many.iter().map(|one| one.as_str().unwrap()).collect(),
                    other => panic!("{at}: type is {other}"),
                };
                assert!(wanted.contains(&found), "{at}: expected {wanted:?}, found {found}");
            }
            "minimum" => {
                assert_eq!(rule, 0);
                if let Some(number) = value.as_number() {
                    assert!(number.as_u64().is_some(), "{at}: {number} is below {rule}");
                }
            }
            "format" => {
                assert_eq!(rule, "date-time");
                if let Some(text) = value.as_str() {
                    text.parse::<jiff::Timestamp>().unwrap();
                    assert!(text.ends_with('Z'), "{at}: not UTC: {text}");
                }
            }
            "const" => assert_eq!(rule, value, "{at}"),
            "items" => {
                for (index, item) in value.as_array().unwrap().iter().enumerate() {
                    check(root, rule, item, &format!("{at}[{index}]"), met);
                }
            }
            "anyOf" => {
                // Only ever a definition or nothing.
                let [one, null] = rule.as_array().unwrap().as_slice() else {
                    panic!("{at}: anyOf")
                };
                assert_eq!(null["type"], "null");
                if !value.is_null() {
                    check(root, one, value, at, met);
                }
            }
            "oneOf" => {
                let fits =
                    rule.as_array().unwrap().iter().filter(|one| one["const"] == *value).count();
                assert_eq!(fits, 1, "{at}: {value} is none of {rule}");
            }
            other => panic!("{at}: this check does not know the keyword `{other}`"),
        }
    }
}

fn check_named(
    root: &Value,
    schema: &Value,
    value: &Value,
    at: &str,
    name: &str,
    met: &mut BTreeSet<String>,
) {
    check(root, schema, value, at, met);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let members = value.as_object().unwrap_or_else(|| panic!("{at}: not an object"));
    for required in schema["required"].as_array().unwrap() {
        assert!(members.contains_key(required.as_str().unwrap()), "{at}: {required} is missing");
    }
    for (member, value) in members {
        let schema = properties
            .get(member)
            .unwrap_or_else(|| panic!("{at}: `{member}` is not in the schema"));
        met.insert(format!("{name}.{member}"));
        check(root, schema, value, &format!("{at}.{member}"), met);
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn checked(report: &egret_model::report::Report) -> BTreeSet<String> {
    let text = render(report, Format::Json).unwrap();
    assert!(text.ends_with("}\n"));
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut met = BTreeSet::new();
    check_named(
        &schema,
        &schema,
        &serde_json::from_str(&text).unwrap(),
        "report",
        "Report",
        &mut met,
    );
    met
}

#[test]
fn reports_follow_the_schema() {
    checked(&sample::incident());
    checked(&sample::quiet());
    let mut hostile = sample::hostile(&sample::incident(), sample::HOSTILE);
    hostile.schema = egret_model::report::SCHEMA.to_owned();
    checked(&hostile);
}

/// The other direction: what the schema names is in a report that is filled.
#[test]
fn the_schema_names_nothing_that_reports_lack() {
    let met = checked(&sample::incident());
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut named = BTreeSet::new();
    for (name, part) in schema["$defs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, part)| (name.as_str(), part))
        .chain([("Report", &schema)])
    {
        if name != "Report" {
            named.insert(name.to_owned());
        }
        for member in
            part.get("properties").and_then(Value::as_object).into_iter().flat_map(|all| all.keys())
        {
            named.insert(format!("{name}.{member}"));
        }
    }
    assert_eq!(named.difference(&met).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_json_report_reads_back_whole() {
    let hostile = sample::hostile(&sample::incident(), sample::HOSTILE);
    let text = render(&hostile, Format::Json).unwrap();
    assert_eq!(serde_json::from_str::<egret_model::report::Report>(&text).unwrap(), hostile);
}
