//! Public samples: real CloudTrail, investigated.

use serde_json::Value;

use crate::egret::{egret, report, shared};

fn movements(report: &Value, channel: &str) -> Vec<Value> {
    report["movements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|movement| movement["channel"] == channel)
        .cloned()
        .collect()
}

#[test]
fn attack_techniques_report_each_share_with_its_receiver_and_no_more() {
    let Some(logs) = shared("data/stratus-red-team") else { return };
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let run = egret(
        folder.path(),
        ["investigate".as_ref(), logs.as_os_str(), "--case".as_ref(), case.as_os_str()],
    );
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = report(&case);
    for (channel, receiver) in [
        ("ebs_snapshot_share", "098797384747"),
        ("ami_share", "846424999548"),
        ("rds_snapshot_share", "503161813013"),
    ] {
        let found = movements(&report, channel);
        assert_eq!(found.len(), 1, "{channel}");
        assert_eq!(found[0]["destination"]["id"], receiver);
        assert_eq!(found[0]["grade"], "enabled");
        let reason = found[0]["grade_reason"].as_str().unwrap();
        assert!(reason.contains("no re"), "{reason}");
    }
    assert_eq!(report["verdict"]["level"], "possible");
}

#[test]
fn instance_credentials_used_from_elsewhere() {
    let Some(log) = shared("data/otrf/ec2_proxy_s3_exfiltration_2020-09-14011940.json") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let run = egret(
        folder.path(),
        ["investigate".as_ref(), log.as_os_str(), "--case".as_ref(), case.as_os_str()],
    );
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = report(&case);
    let reads = movements(&report, "s3_object_read");
    assert_eq!(reads.len(), 1);
    assert!(reads[0]["title"].as_str().unwrap().contains("2 reads of 1 object (ring.txt)"));
    assert_eq!(reads[0]["bytes"]["value"], 178);
    let signs = reads[0]["signs"].to_string();
    assert!(signs.contains("89 bytes each"), "{signs}");
    assert!(signs.contains("a machine that is not the instance"), "{signs}");
}
