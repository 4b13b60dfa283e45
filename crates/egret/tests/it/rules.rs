//! Detection rules over a case, and Sigma's next to another evaluator of the same rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use serde_json::{Value, json};

use crate::egret::egret;

fn rules(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(folder)
}

/// A call of `user` at a minute of the day.
fn call(number: u32, day: u32, minute: u32, action: &str, more: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "awsRegion": "us-east-1",
        "eventTime": format!("2026-11-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60),
        "eventSource": "s3.amazonaws.com", "eventName": action,
        "sourceIPAddress": "198.51.100.7",
        "userIdentity": {
            "type": "IAMUser", "userName": "ana", "accountId": "111122223333",
            "arn": "arn:aws:iam::111122223333:user/ana", "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        },
        "eventID": format!("e-{number}"), "recipientAccountId": "111122223333",
    });
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

/// Eight days of somebody's work, and a bad quarter of an hour.
fn log() -> Vec<Value> {
    let read =
        |key: &str| json!({ "requestParameters": { "bucketName": "example-payroll", "key": key } });
    let with = |mut record: Value, name: &str, value: Value| {
        record[name] = value;
        record
    };
    let mut records = Vec::new();
    for day in 1..8 {
        records.push(call(day, day, 540, "GetObject", &read("daily.csv")));
    }
    let denied =
        json!({ "errorCode": "AccessDenied", "errorMessage": "User is not authorized to perform" });
    records.push(call(20, 8, 600, "ListBuckets", &denied));
    for (number, key) in
        [(21, "2026/a.csv"), (22, "2026/b.csv"), (23, "2026/c.csv"), (24, "notes.txt")]
    {
        let record = call(number, 8, 580 + number, "GetObject", &read(key));
        records.push(with(record, "sourceIPAddress", json!("203.0.113.9")));
    }
    records.push(with(
        call(25, 8, 606, "GetObject", &read("x.csv")),
        "sourceIPAddress",
        json!("10.0.1.5"),
    ));
    records.push(call(
        26,
        8,
        607,
        "HeadObject",
        &json!({ "errorCode": "Client.UnauthorizedOperation" }),
    ));
    let service = json!({ "type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com" });
    records.push(with(call(27, 8, 608, "GetObject", &read("y.csv")), "userIdentity", service));
    let made = json!({
        "eventSource": "iam.amazonaws.com", "requestParameters": { "userName": "bo" },
        "responseElements": { "accessKey": { "accessKeyId": "AKIAI44QH8DHBEXAMPLE" } },
    });
    records.push(call(30, 8, 620, "CreateAccessKey", &made));
    let by_bo = json!({
        "type": "IAMUser", "userName": "bo", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:user/bo", "accessKeyId": "AKIAI44QH8DHBEXAMPLE",
    });
    records.push(with(call(31, 8, 640, "ListObjects", &json!({})), "userIdentity", by_bo.clone()));
    records.push(with(call(32, 8, 700, "ListObjects", &json!({})), "userIdentity", by_bo));
    let trail = json!({ "eventSource": "cloudtrail.amazonaws.com" });
    let tls = json!({ "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256" });
    records.push(with(call(40, 8, 660, "StopLogging", &trail), "tlsDetails", tls));
    records.push(call(41, 8, 665, "StartLogging", &trail));
    records.push(call(42, 8, 760, "StopLogging", &trail));
    let backup = json!({
        "eventSource": "rds.amazonaws.com",
        "requestParameters": { "dBInstanceIdentifier": "payroll", "backupRetentionPeriod": 0 },
    });
    records.push(call(43, 8, 800, "ModifyDBInstance", &backup));
    // A second is as fine as the log's clock is; delivered in another order than done.
    for (number, action) in [(50, "TagUser"), (51, "AttachUserPolicy"), (52, "CreateUser")] {
        records.push(call(number, 8, 850, action, &json!({ "eventSource": "iam.amazonaws.com" })));
    }
    let nobody = json!({ "type": "AWSAccount", "accountId": "anonymous" });
    records.push(with(call(44, 8, 810, "ListObjects", &json!({})), "userIdentity", nobody));
    records
}

fn case(folder: &Path) {
    std::fs::write(folder.join("log.json"), json!({ "Records": log() }).to_string()).unwrap();
    let run = egret(folder, ["ingest", "log.json", "--case", "case"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// Outcomes by the rule's id; of a file without a rule, by its name.
fn outcomes(folder: &Path, rules: &Path) -> BTreeMap<String, Value> {
    let path = rules.to_string_lossy();
    let run = egret(folder, ["rules", "run", &path, "--case", "case", "-t", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let all = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.map(|line| {
        let id = line["id"].as_str().map(str::to_owned);
        let file = line["file"].as_str().unwrap();
        let name = Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
        (id.unwrap_or(name), line)
    })
    .collect()
}

#[test]
fn elastic_rules() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path());
    let outcomes = outcomes(folder.path(), &rules("elastic"));
    #[rustfmt::skip]
    let rows = [
        ("example-query", "hit", 1, "1 event"),
        ("example-category", "hit", 1, "1 event"),
        ("example-threshold", "hit", 1, "1 group"),
        // Three new addresses, and a service that reads for nobody is of no group; the first day's
        // address is new because nothing lies before it.
        ("example-new-terms", "hit", 3, "1 of them lies so early"),
        ("example-sequence", "hit", 1, "1 sequence"),
        ("example-missing", "hit", 1, "1 sequence"),
        ("example-esql", "hit", 1, "1 row"),
        ("example-inline-stats", "hit", 2, "2 rows"),
        ("example-entity", "hit", 1, "1 event with new values"),
        ("example-anonymous", "hit", 1, "1 event"),
        ("example-count-of-nothing", "no_hit", 0, "no log at hand could show it: okta.system is not among the evidence"),
        ("example-not-read", "no_hit", 0, "aws.eks_audit is not among the evidence; aws.eks_audit is read from ECS documents only"),
        ("example-no-owner", "no_hit", 0, "no event at hand has `source.as.organization.name`"),
        ("example-new-terms-without", "no_hit", 0, "13 events match, none has `tls.client.server_name`"),
        ("example-machine-learning", "unsupported", 0, "rules of type `machine_learning` are not run"),
        ("example-okta", "no_hit", 0, "no log at hand could show it: okta.system is not among the evidence"),
        ("example-alerts", "unsupported", 0, "alerts of other rules"),
        ("example-unknown", "unsupported", 0, "no source fills a field `azure.auditlogs.operation_name`"),
        ("broken.toml", "failed", 0, "expected a table `[rule]`"),
    ];
    for (id, status, count, reason) in rows {
        let outcome = outcomes.get(id).unwrap_or_else(|| panic!("no outcome of {id}"));
        assert_eq!(outcome["status"], status, "{outcome:#}");
        if status != "failed" {
            assert_eq!(outcome["rows"], count, "{outcome:#}");
        }
        assert!(outcome["reason"].as_str().unwrap().contains(reason), "{outcome:#}");
    }
    assert_eq!(outcomes.len(), rows.len());
    let of = |id: &str| outcomes[id]["sample"].as_array().unwrap().clone();
    let ids = |id: &str| -> Vec<String> {
        of(id).iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("example-sequence"), ["e-30", "e-31"]);
    assert_eq!(ids("example-missing"), ["e-42"]);
    assert_eq!(ids("example-inline-stats"), ["e-40", "e-42"]);
    assert_eq!(outcomes["example-inline-stats"]["first"], "2026-11-08T11:00:00Z");
    assert_eq!(outcomes["example-machine-learning"]["language"], "machine_learning");
    assert_eq!(ids("example-threshold"), ["e-21", "e-22", "e-23"]);
    assert_eq!(outcomes["example-query"]["attack"], json!(["T1490"]));
}

#[test]
fn a_check_notes_what_is_read_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let file = rules("elastic").join("no_network_owner.toml");
    let run = egret(folder.path(), ["rules", "check", &file.to_string_lossy(), "-t", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["status"], "runs");
    assert_eq!(
        line["notes"],
        json!([
            "W-NOFIELD: no source fills a field `azure.auditlogs.operation_name`; it is read as missing"
        ])
    );
}

#[test]
fn sigma_rules_match_what_another_evaluator_matches() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path());
    let file = rules("sigma").join("reads.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let collection = rsigma_parser::parse_sigma_yaml(&text).unwrap();
    assert!(collection.errors.is_empty(), "{:?}", collection.errors);
    let outcomes = outcomes(folder.path(), &file);
    let records = log();
    for rule in &collection.rules {
        let mut engine = Engine::new();
        engine.add_rule(rule).unwrap();
        let want: BTreeSet<String> = records
            .iter()
            .filter(|record| !engine.evaluate(&JsonEvent::borrow(record)).is_empty())
            .map(|record| record["eventID"].as_str().unwrap().to_owned())
            .collect();
        assert!(!want.is_empty() && want.len() < records.len(), "{} tells nothing", rule.title);
        let outcome = &outcomes[rule.id.as_ref().unwrap()];
        assert_eq!(outcome["rows"], want.len(), "{}: {want:?}", rule.title);
        for event in outcome["sample"].as_array().unwrap() {
            assert!(want.contains(event["id"].as_str().unwrap()), "{}: {event}", rule.title);
        }
    }
    for (id, events) in [("4", vec!["e-21", "e-22", "e-23"]), ("5", vec!["e-20", "e-21"])] {
        let outcome = &outcomes[&format!("00000000-0000-4000-8000-00000000000{id}")];
        assert_eq!(outcome["status"], "hit", "{outcome:#}");
        let found = outcome["sample"].as_array().unwrap().iter();
        let found: Vec<&str> = found.map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(found, events);
    }
}

#[test]
fn rules_at_the_edges() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path());
    let file = rules("edges").join("edges.yml");
    let path = file.to_string_lossy();
    let checked = egret(folder.path(), ["rules", "check", &path, "-t", "json"]);
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    let checked: BTreeMap<String, Value> = lines(&checked.stdout);
    let run = egret(folder.path(), ["rules", "run", &path, "--case", "case", "-t", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let outcomes = lines(&run.stdout);
    #[rustfmt::skip]
    let rows = [
        ("stopped", "hit", 2, "2 events"),
        ("look-ahead", "unsupported", 0, "E-UNSUPPORTED: the regular expression `^Delete(?!Trail)` cannot be run: look-around"),
        ("no-regex", "failed", 0, "E-SYNTAX: the regular expression `(abc` cannot be run: unclosed group"),
        ("other-product", "unsupported", 0, "no log at hand could show it: its log source (product `gcp`, service `gcp.audit`)"),
        ("other-service", "unsupported", 0, "no log at hand could show it: its log source (product `aws`, service `cloudwatch`)"),
        ("no-service", "hit", 2, "2 events"),
        ("tls", "hit", 1, "1 event"),
        ("tls-bare", "hit", 1, "1 event"),
        ("words", "hit", 1, "1 event"),
        ("all-words", "hit", 1, "1 event"),
        ("misspelt", "no_hit", 0, "no event matches; no source fills a field `userIdentity.acountId`, did you mean `userIdentity.accountId`?; it is read as missing"),
        ("unknown", "unsupported", 0, "no source fills a field `nothing.of.the.kind`; it asks for nothing else"),
        ("corr-misspelt", "no_hit", 0, "no source fills a field `userIdentity.acountId`"),
        ("corr-unknown-key", "unsupported", 0, "E-FIELD: no source fills a field `nothing.here`"),
        ("made", "hit", 1, "1 event"),
        ("attached", "hit", 1, "1 event"),
        ("tagged", "hit", 1, "1 event"),
        ("corr-ties", "hit", 1, "1 group"),
        ("no-network", "failed", 0, "expected a network such as `10.0.0.0/8` for `source.address`, found `10.0.0.0/33`"),
        ("no-address", "unsupported", 0, "`user_agent.original` is no column of addresses"),
        ("filter", "unsupported", 0, "filters are not applied"),
        ("corr-few", "hit", 2, "2 groups"),
        ("corr-range", "hit", 1, "1 group"),
        ("old-count", "unsupported", 0, "write a correlation of type `event_count` or `value_count`"),
        ("old-near", "unsupported", 0, "write a correlation of type `temporal`"),
        ("capitals", "hit", 2, "2 events"),
        ("corr-title", "hit", 1, "1 group"),
        ("twice-1", "hit", 2, "2 events"),
        ("twice-2", "hit", 2, "2 events"),
        ("corr-twice", "unsupported", 0, "it names `Twice`, the title of several rules"),
        ("corr-corr", "unsupported", 0, "it names `corr-title`, which is a correlation"),
        ("corr-nothing", "unsupported", 0, "it names `not_there`, and no rule among those read is called so"),
        ("corr-field", "hit", 1, "1 group"),
        ("reads", "hit", 13, "13 events"),
        ("hour", "unsupported", 0, "the modifier `|hour` of `eventTime` is not run"),
        ("fieldref", "hit", 2, "2 events"),
        ("fieldref-neq", "hit", 1, "1 event"),
        ("no-selection", "failed", 0, "the condition names `b`, and no selection is called so"),
        ("too-many", "failed", 0, "`3 of them` never holds: 2 selections fit"),
        ("no-modifier", "failed", 0, "Unknown modifier 'resembles'"),
    ];
    for (id, status, count, reason) in rows {
        let outcome = outcomes.get(id).unwrap_or_else(|| panic!("no outcome of {id}"));
        assert_eq!(outcome["status"], status, "{outcome:#}");
        assert_eq!(outcome["rows"], count, "{outcome:#}");
        let said = outcome["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{outcome:#}");
        assert!(!said.contains('\n'), "{outcome:#}");
        // What a check says without events is what a run says.
        let check = &checked[id];
        if matches!(status, "unsupported" | "failed") {
            assert_eq!((&check["status"], &check["reason"]), (&json!(status), &outcome["reason"]));
        } else {
            assert_eq!(check["status"], "runs", "{check:#}");
        }
    }
    let unread: Vec<String> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["id"].is_null())
        .map(|line| line["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(unread.len(), 2, "{unread:?}");
    assert!(unread[0].starts_with("document 41: expected a Sigma rule: "), "{unread:?}");
    assert!(unread[1].starts_with("document 42: expected YAML: "), "{unread:?}");
    assert_eq!(outcomes.len(), rows.len() + 1);
    let notes = |id: &str| outcomes[id]["notes"].to_string();
    assert!(notes("stopped").contains("the filter `Not while a machine does it` is not applied"));
    assert!(notes("capitals").contains("passed over: invalid level: 'severe'"));
    assert_eq!(notes("misspelt"), "null", "the reason says it");
}

/// JSON lines by id; those without one under nothing.
fn lines(text: &str) -> BTreeMap<String, Value> {
    let values = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.map(|line| (line["id"].as_str().unwrap_or_default().to_owned(), line)).collect()
}

#[test]
fn rules_of_any_size_stop_no_others() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path());
    let numbered = |count: usize, one: &dyn Fn(usize) -> String| {
        (0..count).map(one).collect::<Vec<_>>().join("\n")
    };
    let head = |id: &str| {
        format!(
            "---\ntitle: {id}\nid: {id}\nlogsource: {{ product: aws, service: cloudtrail }}\ndetection:\n"
        )
    };
    let values = |key: &str, count: usize| {
        format!(
            "  s:\n    {key}:\n{}\n      - StopLogging\n  condition: s\n",
            numbered(count, &|n| format!("      - v{n}"))
        )
    };
    let selections = |condition: &str| {
        format!(
            "{}\n  t: {{ eventName: StopLogging }}\n  u: {{ eventSource: cloudtrail.amazonaws.com }}\n  condition: {condition}\n",
            numbered(22, &|n| format!("  s{n}: {{ eventName: N{n} }}"))
        )
    };
    let deep = |open: &str, close: &str, times: usize| {
        format!(
            "  s: {{ eventName: StopLogging }}\n  condition: {}s{}\n",
            open.repeat(times),
            close.repeat(times)
        )
    };
    #[rustfmt::skip]
    let rows = [
        ("values", values("eventName", 1_500), "hit", "2 events"),
        ("pieces", values("eventName|contains", 400), "hit", "2 events"),
        ("too-many", values("eventName", 5_000), "unsupported", "more than 4096 values"),
        ("all-together", values("eventName|contains|all", 500), "no_hit", "no event matches"),
        ("some", selections("2 of them"), "hit", "2 events"),
        ("more", selections("8 of them"), "no_hit", "no event matches"),
        ("deep", deep("(", ")", 60), "hit", "2 events"),
        ("negated", deep("not ", "", 60), "hit", "2 events"),
        ("deeper", deep("(", ")", 3_000), "failed", "nests deeper than 64"),
        ("more-negated", deep("not ", "", 3_000), "failed", "nests deeper than 64"),
        ("bad", "  s: { 'eventName|re': '[' }\n  condition: s\n".to_owned(), "failed", "unclosed character class"),
        ("last", deep("", "", 1), "hit", "2 events"),
    ];
    let documents: Vec<String> =
        rows.iter().map(|(id, text, ..)| format!("{}{text}", head(id))).collect();
    let text = documents.concat();
    let file = folder.path().join("large.yml");
    std::fs::write(&file, text).unwrap();
    let outcomes = outcomes(folder.path(), &file);
    for (id, _, status, reason) in rows {
        let outcome = &outcomes[id];
        assert_eq!(outcome["status"], status, "{outcome:#}");
        assert!(outcome["reason"].as_str().unwrap().contains(reason), "{outcome:#}");
    }
}
