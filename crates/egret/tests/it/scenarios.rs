//! Every practice incident, investigated and compared with its truth.

use serde_json::Value;

use crate::egret::{egret, report};

/// Investigates one scenario and checks every movement of its truth against the report.
fn check(scenario: &str, verdicts: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let made = egret(
        folder.path(),
        ["simulate", scenario, "--out", "practice", "--events", "3000", "--seed", "5"],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let run = egret(folder.path(), ["investigate", "practice/logs", "--case", "case"]);
    // Something always is for a person to do, so the case is open.
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = report(&folder.path().join("case"));
    let truth: Value = serde_json::from_str(
        &std::fs::read_to_string(folder.path().join("practice/truth.json")).unwrap(),
    )
    .unwrap();
    let empty = Vec::new();
    let movements = report["movements"].as_array().unwrap_or(&empty);
    for wanted in truth["movements"].as_array().unwrap() {
        let found = movements.iter().find(|movement| is_same(wanted, movement));
        let Some(found) = found else {
            panic!("{scenario}: not in the report: {wanted:#}\nreport has: {}", titles(&report));
        };
        agrees(scenario, wanted, found);
    }
    // What is listed beside the truth is never taken for theft.
    let deciding =
        report["verdict"]["reasons"][0]["findings"][0].as_str().map(|id| id.replace('F', "M"));
    let decided = movements.iter().find(|movement| movement["id"].as_str() == deciding.as_deref());
    if let Some(decided) = decided {
        assert!(
            truth["movements"].as_array().unwrap().iter().any(|wanted| is_same(wanted, decided)),
            "{scenario}: the verdict rests on `{}`, which is background",
            decided["title"]
        );
    }
    let level = report["verdict"]["level"].as_str().unwrap();
    assert!(verdicts.contains(&level), "{scenario}: verdict {level}, expected {verdicts:?}");
    let ingest = &report["ingest"];
    let number = |name: &str| ingest[name].as_u64().unwrap();
    assert_eq!(number("read"), number("stored") + number("duplicate") + number("quarantined"));
    assert_eq!((number("duplicate"), number("quarantined")), (0, 0), "{scenario}");
    report
}

fn titles(report: &Value) -> String {
    report["movements"]
        .as_array()
        .map(|movements| {
            movements
                .iter()
                .map(|movement| movement["title"].to_string())
                .collect::<Vec<_>>()
                .join("\n")
        })
        .unwrap_or_default()
}

fn is_same(truth: &Value, movement: &Value) -> bool {
    truth["channel"] == movement["channel"]
        && truth["resource"][1] == movement["resource"]["id"]
        && truth["destination"][1] == movement["destination"]["id"]
}

fn agrees(scenario: &str, truth: &Value, movement: &Value) {
    let title = &movement["title"];
    for (what, wanted, found) in [
        ("grade", &truth["grade"], &movement["grade"]),
        ("resource kind", &truth["resource"][0], &movement["resource"]["kind"]),
        ("destination kind", &truth["destination"][0], &movement["destination"]["kind"]),
        ("first", &truth["first"], &movement["first"]),
        ("last", &truth["last"], &movement["last"]),
        ("closed_at", &truth["closed_at"], &movement["closed_at"]),
        ("events", &truth["events"], &movement["event_count"]),
        ("objects", &truth["objects"], &movement["objects"]),
    ] {
        assert_eq!(wanted, found, "{scenario}: {what} of {title}");
    }
    for (what, wanted, found) in [
        ("principal", &truth["principal"], &movement["actor"]["principal"]),
        ("access key", &truth["access_key_id"], &movement["actor"]["access_key_id"]),
        ("bytes", &truth["bytes"], &movement["bytes"]["value"]),
    ] {
        if !wanted.is_null() {
            assert_eq!(wanted, found, "{scenario}: {what} of {title}");
        }
    }
    assert!(
        !movement["events"].as_array().unwrap().is_empty(),
        "{scenario}: {title} cites nothing"
    );
}

#[test]
fn s3_bulk_read() {
    let report = check("s3-bulk-read", &["confirmed"]);
    let chain = &report["chains"][0];
    assert!(chain["origin"].as_str().unwrap().ends_with("@example.com"), "{chain:#}");
    let kinds: Vec<&str> =
        chain["hops"].as_array().unwrap().iter().filter_map(|hop| hop["kind"].as_str()).collect();
    for kind in ["assume_role", "broker", "idp_login"] {
        assert!(kinds.contains(&kind), "no {kind} in {kinds:?}");
    }
    let phases: Vec<&str> = report["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| line["phase"].as_str())
        .collect();
    for phase in
        ["authentication", "authorization", "reconnaissance", "access", "cleanup", "transfer"]
    {
        assert!(phases.contains(&phase), "no {phase} in the timeline");
    }
    let failed: Vec<&Value> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["status"] == "failed")
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn vm_export() {
    check("vm-export", &["likely", "confirmed"]);
}

#[test]
fn snapshot_share() {
    check("snapshot-share", &["likely", "confirmed"]);
}

#[test]
fn network_egress() {
    check("network-egress", &["likely", "confirmed"]);
}

#[test]
fn nightly_backup() {
    check("nightly-backup", &["possible", "not_supported"]);
}

#[test]
fn migration() {
    check("migration", &["possible", "not_supported"]);
}
