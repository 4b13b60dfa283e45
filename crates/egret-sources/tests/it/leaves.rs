//! Every field of a line of the fixtures is in its row, decoded or not.

use std::path::Path;

use egret_sources::Registry;
use serde_json::{Map, Value};

use crate::public_samples::lost_leaves;
use crate::render::{bytes_of, decode, files, rows};

/// Whether a value of the row, or one inside the text of `egret.rest`, is the field.
fn holds(row: &Map<String, Value>, field: &str) -> bool {
    let short = field.strip_prefix("TLSv").or(field.strip_prefix("HTTP/")).unwrap_or(field);
    let number = field.parse::<f64>().ok();
    let is = |value: &Value| match value {
        Value::Number(held) => held.as_f64() == number,
        Value::String(text) => {
            let decoded = field.replace("%20", " ").replace("%25", "%");
            *text == decoded || text.split(' ').any(|part| part == short)
        }
        _ => false,
    };
    row.values().any(|value| match value {
        Value::Array(list) => list.iter().any(is),
        Value::String(text) if text.starts_with('{') => match serde_json::from_str(text) {
            Ok(Value::Object(rest)) => rest.values().any(|value| match value {
                Value::Array(list) => list.iter().any(is),
                value => is(value),
            }),
            _ => false,
        },
        value => is(value),
    })
}

/// The rows of the files of a folder, each with its line.
fn lines(folder: &str, names: &[&str]) -> Vec<(String, Map<String, Value>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let mut found = Vec::new();
    for path in files(&folder) {
        if !names.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let bytes = bytes_of(&path);
        let (_, decoded, _) = decode(&Registry::standard(), &bytes);
        assert_eq!(decoded.rejected, [], "{}", path.display());
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
        found.extend(lines.zip(rows(&decoded)));
    }
    found
}

#[test]
fn load_balancer_lines() {
    let lines = lines("alb_access", &["ordinary.log", "classic.log"]);
    assert_eq!(lines.len(), 7);
    for (line, row) in lines {
        for field in line.split(['"', ' ', ',']).filter(|field| !matches!(*field, "" | "-")) {
            let time = field.ends_with('Z') && field.contains('T');
            let is_end = |name: &str, port: &str| {
                let text = |name: &str| row.get(name).map(|it| it.to_string().replace('"', ""));
                text(name).zip(text(port)).is_some_and(|(ip, port)| format!("{ip}:{port}") == field)
            };
            let end =
                is_end("source.ip", "source.port") || is_end("destination.ip", "destination.port");
            assert!(time || end || holds(&row, field), "`{field}` of {line}: {row:?}");
        }
    }
}

#[test]
fn cloudfront_lines() {
    let lines = lines("cloudfront", &["ordinary.log", "headless.log"]);
    assert_eq!(lines.len(), 4);
    for (line, row) in lines {
        for field in line.split('\t').skip(2).filter(|field| *field != "-") {
            assert!(holds(&row, field), "`{field}` of {line}: {row:?}");
        }
    }
}

/// Rows come by day; a document's own is one that holds all of it.
#[test]
fn documents_of_security_lake_and_of_elastic() {
    for (folder, name) in
        [("ocsf", "lake.jsonl"), ("ocsf", "lookups.jsonl"), ("ecs", "export.jsonl")]
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder).join(name);
        let bytes = bytes_of(&path);
        let (_, decoded, _) = decode(&Registry::standard(), &bytes);
        let rejected: Vec<u64> = decoded.rejected.iter().map(|one| one.record).collect();
        let rows = rows(&decoded);
        let text = String::from_utf8(bytes).unwrap();
        for (at, line) in text.lines().enumerate() {
            if rejected.contains(&u64::try_from(at + 1).unwrap()) {
                continue;
            }
            let mut document: Value = serde_json::from_str(line).unwrap();
            if let Some(source) = document.get_mut("_source") {
                document = source.take();
            }
            // An original is read as the record that it is.
            if let Some(original) = document.pointer_mut("/event/original")
                && let Ok(record) = serde_json::from_str(original.as_str().unwrap())
            {
                *original = record;
            }
            // The text that Elastic prints of a document becomes the document again.
            if let Some(members) = document.pointer_mut("/aws/cloudtrail") {
                members.as_object_mut().unwrap().retain(|_, value| {
                    value.as_str().is_none_or(|text| !(text.starts_with('{') && text.contains('=')))
                });
            }
            if document["metadata"]["product"]["name"] == "Amazon VPC" {
                // A line of a flow log has no spaces inside a field, dates by seconds, and its own
                // words for what was done.
                let text = document.to_string();
                let text = text.replace("Amazon VPC", "Amazon_VPC").replace(": ", ":_");
                let text = text.replace("Network Activity", "Network_Activity");
                document = serde_json::from_str(
                    &text.replace("Outbound", "egress").replace("Allowed", "ACCEPT"),
                )
                .unwrap();
                for name in ["time", "start_time", "end_time"] {
                    document.as_object_mut().unwrap().remove(name);
                }
            }
            let lost = rows.iter().map(|row| lost_leaves(&document, row));
            let least = lost.min_by_key(Vec::len).unwrap();
            assert_eq!(least, Vec::<String>::new(), "{name}, line {}", at + 1);
        }
    }
}
