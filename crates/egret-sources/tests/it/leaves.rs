//! Every field of a line of the fixtures is in its row, decoded or not.

use std::path::Path;

use egret_sources::Registry;
use serde_json::{Map, Value};

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
