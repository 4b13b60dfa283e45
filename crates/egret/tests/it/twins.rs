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
