//! Public sample files that lie beside the repository, where they do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use egret_sources::Registry;
use serde_json::{Map, Value};

use crate::render::{bytes_of, decode, files, rows};

/// The folder of samples, when there is one.
fn samples(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no samples at {}", path.display());
    None
}

fn lines_of(path: &Path) -> Vec<Value> {
    let text = String::from_utf8(bytes_of(path)).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whether every leaf of a value is a leaf, or stands inside the text, of the row.
///
/// Times may be written otherwise, and a few texts lose a prefix that says nothing.
pub(crate) fn lost_leaves(record: &Value, row: &Map<String, Value>) -> Vec<String> {
    let mut held: Vec<String> = Vec::new();
    for value in row.values() {
        match value {
            Value::Array(list) => held.extend(list.iter().map(text_of)),
            other => {
                let text = text_of(other);
                if let Ok(inner) = serde_json::from_str::<Value>(&text)
                    && (inner.is_object() || inner.is_array() || inner.is_string())
                {
                    leaves(&inner, "", &mut |_, leaf| held.push(leaf));
                }
                held.push(text);
            }
        }
    }
    let mut lost = Vec::new();
    leaves(record, "", &mut |path, leaf| {
        let same_time = ["eventTime", "@timestamp", "creationDate", "published", "time_dt"]
            .iter()
            .any(|name| path.ends_with(name));
        let short = leaf.strip_prefix("TLSv").unwrap_or(&leaf);
        let whole = leaf.strip_suffix(".0").unwrap_or(&leaf);
        let is = |one: &String| *one == leaf || one == short || one == whole;
        let truth = |one: &String| {
            matches!(one.as_str(), "true" | "false" | "NOERROR" | "NXDOMAIN")
                && one.eq_ignore_ascii_case(&leaf)
        };
        if !same_time && !held.iter().any(|one| is(one) || truth(one)) && !leaf.is_empty() {
            lost.push(format!("{path}={leaf}"));
        }
    });
    lost
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn leaves(value: &Value, path: &str, leaf: &mut dyn FnMut(&str, String)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                leaves(value, &format!("{path}.{name}"), leaf);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| leaves(value, path, leaf)),
        Value::Null => {}
        other => leaf(path, text_of(other)),
    }
}

/// Decodes records handed over as lines and checks that none is rejected and no leaf is lost.
fn whole(records: &[Value], name: &str) {
    let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    let text = lines.join("\n");
    let (_, decoded, _) = decode(&Registry::standard(), text.as_bytes());
    let reasons: Vec<&str> = decoded.rejected.iter().map(|one| one.reason.as_str()).collect();
    assert!(reasons.is_empty(), "{name}: {reasons:?}");
    for (record, row) in records.iter().zip(rows(&decoded)) {
        assert_eq!(lost_leaves(record, &row), Vec::<String>::new(), "{name}: {record}");
    }
}

#[test]
fn cloudtrail_of_real_attacks_is_stored_whole() {
    let Some(folder) = samples("stratus-red-team") else { return };
    let mut seen = 0;
    for path in files(&folder).iter().filter(|path| path.extension().is_some_and(|it| it == "json"))
    {
        let bytes = bytes_of(path);
        let (title, decoded, _) = decode(&Registry::standard(), &bytes);
        assert!(title.starts_with("cloudtrail,"), "{}: {title}", path.display());
        assert_eq!(decoded.rejected, [], "{}", path.display());
        whole(
            serde_json::from_slice::<Value>(&bytes).unwrap().as_array().unwrap(),
            &path.to_string_lossy(),
        );
        seen += 1;
    }
    assert!(seen >= 30, "{seen} files");
}

#[test]
fn cloudtrail_without_event_time_is_stored_whole() {
    let Some(folder) = samples("otrf") else { return };
    let path = folder.join("ec2_proxy_s3_exfiltration_2020-09-14011940.json");
    let records = lines_of(&path);
    whole(&records, "otrf");
    let (_, decoded, _) = decode(&Registry::standard(), &bytes_of(&path));
    let reads: Vec<String> = rows(&decoded)
        .iter()
        .filter(|row| {
            row.get("aws.s3.object.key") == Some(&"ring.txt".into())
                && row["event.action"] == "GetObject"
        })
        .map(|row| row["@timestamp"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(reads, ["2020-09-14T01:02:34Z", "2020-09-14T01:13:20Z"]);
}

#[test]
fn labelled_records_are_stored_whole() {
    let Some(folder) = samples("labelled") else { return };
    let mut records: Vec<Value> = lines_of(&folder.join("cloudtrail-rule-tests.ndjson"))
        .into_iter()
        .map(|mut line| line["log"].take())
        .collect();
    records.extend(lines_of(&folder.join("cloudtrail-identity-center-and-saml.ndjson")));
    // Some are fragments for one rule's sake, or other products' records.
    let text =
        |record: &Value, name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    records.retain(|record| {
        let time = text(record, "eventTime").or(text(record, "@timestamp"));
        let dated = time.is_some_and(|time| time.starts_with("20"));
        dated && text(record, "eventName").is_some() && text(record, "eventSource").is_some()
    });
    println!("{} labelled records", records.len());
    assert!(records.len() >= 300);
    whole(&records, "labelled");
}

#[test]
fn okta_records_are_stored_whole() {
    let Some(folder) = samples("okta") else { return };
    whole(&lines_of(&folder.join("okta-system-sample.log")), "okta");
}

#[test]
fn teleport_records_are_stored_whole() {
    let Some(folder) = samples("brokers") else { return };
    let path = folder.join("teleport-aws-events.ndjson");
    whole(&lines_of(&path), "teleport");
    let (title, decoded, notes) = decode(&Registry::standard(), &bytes_of(&path));
    assert!(title.starts_with("identity_broker, 92: "), "{title}");
    assert_eq!(notes, Vec::<String>::new());
    let rows = rows(&decoded);
    let of = |outcome: &str| {
        let sessions = rows.iter().filter(|row| {
            row.contains_key("egret.broker.role") && row.contains_key("egret.broker.person")
        });
        sessions.filter(|row| row["event.outcome"] == outcome).count()
    };
    // Four sessions of applications and four queries, of which two failed; five refusals.
    assert_eq!((rows.len(), of("success"), of("failure")), (36, 6, 7));
}

#[test]
fn odd_access_log_lines_are_read() {
    let Some(folder) = samples("s3access") else { return };
    for path in files(&folder) {
        let bytes = bytes_of(&path);
        let (title, decoded, _) = decode(&Registry::standard(), &bytes);
        assert!(title.starts_with("s3_access,"), "{}: {title}", path.display());
        assert_eq!(decoded.rejected, [], "{}", path.display());
    }
}

#[test]
fn flow_logs_of_any_order_are_read() {
    let Some(folder) = samples("vpcflow") else { return };
    for path in files(&folder).iter().filter(|path| path.extension().is_some_and(|it| it == "log"))
    {
        let (title, decoded, _) = decode(&Registry::standard(), &bytes_of(path));
        assert!(title.starts_with("vpc_flow,"), "{}: {title}", path.display());
        assert_eq!(decoded.rejected, [], "{}", path.display());
    }
}

/// How rows compare with Elastic's documents, field by field.
#[derive(Default)]
struct Comparison {
    equal: usize,
    /// Field, what the row has, what the document has.
    different: BTreeMap<String, (Vec<String>, Vec<String>)>,
    missing: BTreeMap<String, Vec<String>>,
}

impl Comparison {
    // What lookups of addresses and the pipeline itself add, Java map text beside the document it
    // was printed from (an alias leads to that), and `24.0.` for version 24.0.
    const ELSEWHERE: &[&str] = &[
        "aws.cloudtrail.additional_eventdata",
        "aws.cloudtrail.request_parameters",
        "aws.cloudtrail.response_elements",
        "aws.cloudtrail.flattened.",
        "source.geo.",
        "source.as.",
        "destination.geo.",
        "destination.as.",
        "user_agent.version",
        "ecs.version",
        "event.created",
        "event.original",
        "tags",
    ];

    fn add_all(&mut self, path: &Path, rows: &[Map<String, Value>], documents: &[Value]) {
        assert_eq!(rows.len(), documents.len(), "{}", path.display());
        for (row, document) in rows.iter().zip(documents) {
            self.add(row, document);
        }
    }

    fn add(&mut self, row: &Map<String, Value>, document: &Value) {
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        leaves(document, "", &mut |path, leaf| {
            wanted.entry(path.trim_start_matches('.').to_owned()).or_default().push(leaf);
        });
        for (name, mut want) in wanted {
            if Self::ELSEWHERE.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let Some(got) = row.get(&name) else {
                self.missing.entry(name).or_insert(want);
                continue;
            };
            let mut got = Vec::from_iter(
                got.as_array()
                    .map_or_else(|| vec![text_of(got)], |list| list.iter().map(text_of).collect()),
            );
            for list in [&mut got, &mut want] {
                for text in list.iter_mut() {
                    *text = text.replace(".000Z", "Z");
                }
                list.sort();
                list.dedup();
            }
            if got == want {
                self.equal = self.equal.saturating_add(1);
            } else {
                self.different.entry(name).or_insert((got, want));
            }
        }
    }
}

/// Each log of the pairs with the documents that Elastic's pipeline makes of it.
fn pairs() -> Option<Vec<(PathBuf, Vec<Value>)>> {
    let folder = samples("ecs-pairs")?;
    let logs = files(&folder).into_iter().filter(|path| path.to_string_lossy().ends_with(".log"));
    let with_documents = logs.map(|path| {
        let expected = PathBuf::from(format!("{}-expected.json", path.display()));
        let expected: Value = serde_json::from_slice(&bytes_of(&expected)).unwrap();
        (path, expected["expected"].as_array().unwrap().clone())
    });
    Some(with_documents.collect())
}

#[test]
fn the_mapping_is_elastics_where_no_decision_says_otherwise() {
    let Some(pairs) = pairs() else { return };
    let mut comparison = Comparison::default();
    for (path, documents) in pairs {
        let (_, decoded, _) = decode(&Registry::standard(), &bytes_of(&path));
        assert_eq!(decoded.rejected, [], "{}", path.display());
        comparison.add_all(&path, &rows(&decoded), &documents);
    }
    let Comparison { equal, different, missing } = comparison;
    println!(
        "{equal} values equal; fields different: {different:#?}; fields missing: {missing:#?}"
    );
    // A flow is dated by its first packet, not its last; an uploaded SSH key is a change to a user;
    // addresses behind NAT are related too.
    let names: Vec<&str> = different.keys().map(String::as_str).collect();
    assert_eq!(names, ["@timestamp", "event.type", "related.ip"]);
    assert_eq!(missing.keys().collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(equal >= 750, "{equal}");
}

/// The same documents as a team on Elastic exports them.
#[test]
fn elastics_own_documents_come_in_as_they_are() {
    let Some(pairs) = pairs() else { return };
    let mut comparison = Comparison::default();
    for (path, documents) in pairs {
        let lines = documents.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let (title, decoded, _) = decode(&Registry::standard(), lines.as_bytes());
        assert!(title.starts_with("ecs,"), "{}: {title}", path.display());
        let reasons: Vec<&str> = decoded.rejected.iter().map(|one| one.reason.as_str()).collect();
        assert!(reasons.is_empty(), "{}: {reasons:?}", path.display());
        comparison.add_all(&path, &rows(&decoded), &documents);
    }
    let Comparison { equal, different, missing } = comparison;
    println!(
        "{equal} values equal; fields different: {different:#?}; fields missing: {missing:#?}"
    );
    // What an action does is told by the same rule wherever it was logged: an uploaded SSH key is a
    // change to a user.
    assert_eq!(different.keys().collect::<Vec<_>>(), ["event.type"]);
    assert_eq!(missing.keys().collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(equal >= 750, "{equal}");
}
