//! One read in two accounts' trails is one read.

use serde_json::json;

use crate::egret::{egret, report};

/// A read as the trail of `recipient` has it.
fn read(recipient: &str, number: u32) -> serde_json::Value {
    json!({
        "eventVersion": "1.11", "eventTime": format!("2026-11-24T01:00:{number:02}Z"),
        "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.77", "eventCategory": "Data", "managementEvent": false,
        "userIdentity": {
            "type": "IAMUser", "accountId": "444455556666", "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "arn": "arn:aws:iam::444455556666:user/bo", "userName": "bo",
        },
        "requestParameters": { "bucketName": "example-payroll", "key": format!("{number}.csv") },
        "additionalEventData": { "bytesTransferredOut": 1000 },
        "eventID": format!("{recipient}-{number}"), "sharedEventID": format!("shared-{number}"),
        "recipientAccountId": recipient,
    })
}

#[test]
fn a_read_that_two_trails_hold_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let put = |name: &str, records: Vec<serde_json::Value>| {
        std::fs::write(logs.join(name), json!({ "Records": records }).to_string()).unwrap();
    };
    put("caller.json", (0..3).map(|number| read("444455556666", number)).collect());
    // The owner's trail holds a read more, of which the caller's has no copy.
    put("owner.json", (0..4).map(|number| read("111122223333", number)).collect());
    egret(folder.path(), ["investigate", "logs", "--case", "case"]);
    let report = report(&folder.path().join("case"));
    let movement = &report["movements"][0];
    assert_eq!(movement["objects"], 4, "{movement}");
    assert_eq!(movement["bytes"]["value"], 4000);
    assert_eq!(movement["event_count"], 4);
}

/// A share of a key as the trail of `recipient` has it.
fn grant(recipient: &str, key: Option<&str>) -> serde_json::Value {
    json!({
        "eventVersion": "1.11", "eventTime": "2026-11-24T01:00:00Z",
        "eventSource": "ec2.amazonaws.com", "eventName": "ModifySnapshotAttribute",
        "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.77",
        "userIdentity": {
            "type": if key.is_some() { "IAMUser" } else { "AWSAccount" },
            "accountId": "444455556666", "accessKeyId": key,
            "arn": key.map(|_| "arn:aws:iam::444455556666:user/bo"), "principalId": "AIDAEXAMPLE",
        },
        "requestParameters": {
            "snapshotId": "snap-0123456789abcdef0", "attributeType": "CREATE_VOLUME_PERMISSION",
            "createVolumePermission": { "add": { "items": [{ "userId": "999988887777" }] } },
        },
        "responseElements": { "_return": true },
        "eventID": format!("{recipient}-grant"), "sharedEventID": "shared-grant",
        "recipientAccountId": recipient,
    })
}

#[test]
fn a_share_that_two_trails_hold_is_one_movement() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let records =
        [grant("111122223333", None), grant("444455556666", Some("AKIAIOSFODNN7EXAMPLE"))];
    std::fs::write(logs.join("both.json"), json!({ "Records": records }).to_string()).unwrap();
    egret(folder.path(), ["investigate", "logs", "--case", "case"]);
    let report = report(&folder.path().join("case"));
    let movements = report["movements"].as_array().unwrap();
    assert_eq!(movements.len(), 1, "{movements:#?}");
    assert_eq!(movements[0]["event_count"], 1);
    // The copy that knows who called is the one that counts.
    assert_eq!(movements[0]["actor"]["access_key_id"], "AKIAIOSFODNN7EXAMPLE");
}
