//! Digest chains: what AWS's own validator says, and what it passes over.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use egret_model::evidence::{hex, sha256_hex};
use egret_model::progress::Silent;
use egret_store::{PublicKeys, Status, Verification, VerifyOptions};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::logs::{Bench, gz};

/// Made for these tests; it signs nothing else.
const TEST_KEY: &str = concat!(
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC+A0bU7u7Sbl1TbO4N9RrY6NPQCMy6bcU8skdhN2",
    "ks4RrZ5SkJ9UO31FLc+M3k2EabsTlWQ+1fawUNZAbMSn8yB8pcJgszla1FwOI+tWdH5Eluppzti8ZV95ZhHLe/SFuj",
    "hF7kRs9fonr6gUoZyVsEPf+vJGMM+D8pgrLU8IOLndQdSfUaShtkbWt/mWvVYyOCdFQLiBB8HW+PhlrEn64iCavmYD",
    "QWBgz/reRPiUNRnIIEmPc35dXl/MbhbaTPxVzhU7vW4YwfjpImij8j1lq2KR79JhtpaPD83Afw1ymXYsIzS2SIsiVS",
    "RoxusOhr8eJ/JWvu71upQYehC45kkPJVAgMBAAECggEABtuM6qHt7hvME/b2N3w9Wg87F8K9isvr5qcjgttyWQuNwc",
    "fuvXyD02ZfEDkNi0EP+U4B3P5qGnu9DLDruuNEaGyWDdHUrSmtfXs63xsCbXqMeOkb+EnHYHJlU79q1UU6A3KDTzdM",
    "BC5TxGc2oqwc9A/9wpcsWPs7olakeCFvCfKaCBBVMRZ87Zy/zsG9YOiJJ/TJnMDIHHejfoT388y3C9VK1mVmd9j/Ny",
    "uyyJl1R4AVjv87bHD4AvlXWEpD+zk6bkO9gEYsMUmyGn77kz3jbyXdOjLzMWHKsjJTdKR9kiYYmfsMyPXauYnhfeg1",
    "HRong/Jl7o0T4LrXuzNQcScF8QKBgQDyNNHseiQCOQftekxI8y4Yb9sTccRMbcTNezP0qu6DZ4DLPbJtnmrI1NfhzR",
    "2Sq/p9KLqdqWJeiVCnxV0kJIZ6pqTfFBW3ApbqsTNCkAjpR3ZmTblqQYMK2Zr0DxGbK9o/EkgP6BOYkEgbAtoQFjdu",
    "s1Li44HzoKPU7jMcRS375QKBgQDI1YP+MIpSMqft7w3b5K3FZeQB5t2fETblOKpXg428rT1I6/l48eoblqxYQKR4xp",
    "rXlM8EKyO2JNAFSBqJ+mxMU4ET54zDSTFom55AOesUgn/rTgWjWOAgh/aflo4XKIumpf0o2IHLMXabOPKhwGQKvovK",
    "ZXMmhNgz3vkQF+wVsQKBgFNmus6KNHILf15X2YLZMgs6IR7t8uE6fyUegoKChYT8FA5oHVO/1Bd5qyjWv5Ms4yFL8A",
    "6wL+5LrFlJDcyPQztivK0QNnYBT0RbZkJKZLcnY27Q3sLm8h+/VKsrsS1UiV9khSntCSpkrF+YuMwHSmk1GJqGKs5g",
    "h2mf6DuY2r+9AoGAF1qk57kzTI2xc3y6CtkT0AGiOwpiuS2iSZOGU3jr0YX/u2wdbZAMHjsuPXD+70CBHxKh5CU0GO",
    "k8+3BADc1+LH4FY5AokUkAot59z5Asowzt3SoMg8tA/OdyqWozicPgQXfJ8acDqOJOnYxIwsCBobI4xUd41YDbN2T1",
    "Z4awoHECgYA1HdzE+Ez5E6F2k1t3ympmu4ZZXQpZn9tc4tHzccYPCgw6I6iNykzLSp37k52/wmE3FhWCCeGSYIwq5a",
    "2F7h/6Z4OeXx4Il0s+mvZiGlwhS4RHvNjAwVq5k31p7iRuo2UwsAMIMJEuxXF6u3kopVYb8C9Oel1yF1LxUbTvEtmy",
    "hg==",
);

const FINGERPRINT: &str = "00112233445566778899aabbccddeeff";
const BUCKET: &str = "trail-logs";

fn key() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(&STANDARD.decode(TEST_KEY).unwrap()).unwrap()
}

fn public_keys(from: &str, to: &str) -> PublicKeys {
    let list = json!({ "PublicKeyList": [{
        "Value": STANDARD.encode(key().public_key().as_ref()),
        "Fingerprint": FINGERPRINT,
        "ValidityStartTime": from,
        "ValidityEndTime": to,
    }]});
    PublicKeys::parse(&list.to_string()).unwrap()
}

fn log_name(region: &str, hour: u32) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail/{region}/2026/11/24/\
         111122223333_CloudTrail_{region}_20261124T{hour:02}05Z_abcdefghijklmn{hour:02}.json.gz"
    )
}

fn digest_name(hour: u32, suffix: &str) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/24/\
         111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20261124T{hour:02}0000Z{suffix}.json.gz"
    )
}

fn log_text(hour: u32) -> Vec<u8> {
    let record = json!({
        "eventVersion": "1.11", "eventTime": format!("2026-11-24T{hour:02}:01:00Z"),
        "eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity",
        "awsRegion": "us-east-1", "eventID": format!("{hour:08}-0000-4000-8000-000000000000"),
        "userIdentity": { "type": "Root", "accountId": "111122223333" },
        "recipientAccountId": "111122223333",
    });
    json!({ "Records": [record] }).to_string().into_bytes()
}

/// A digest as it is being made.
#[derive(Clone)]
struct Made {
    object: String,
    text: Value,
    signature: String,
}

/// A digest of the hour before `hour`, behind `previous`.
fn made(hour: u32, suffix: &str, previous: Option<&Made>) -> Made {
    let object = digest_name(hour, suffix);
    let mut text = json!({
        "awsAccountId": "111122223333",
        "digestStartTime": format!("2026-11-24T{:02}:00:00Z", hour - 1),
        "digestEndTime": format!("2026-11-24T{hour:02}:00:00Z"),
        "digestS3Bucket": BUCKET,
        "digestS3Object": object,
        "digestPublicKeyFingerprint": FINGERPRINT,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "previousDigestS3Bucket": null,
        "previousDigestS3Object": null,
        "previousDigestHashValue": null,
        "previousDigestHashAlgorithm": null,
        "previousDigestSignature": null,
        "logFiles": [{
            "s3Bucket": BUCKET,
            "s3Object": log_name("us-east-1", hour),
            "hashValue": sha256_hex(&log_text(hour)),
            "hashAlgorithm": "SHA-256",
        }],
    });
    if let Some(previous) = previous {
        text["previousDigestS3Bucket"] = json!(BUCKET);
        text["previousDigestS3Object"] = json!(previous.object);
        text["previousDigestHashValue"] = json!(sha256_hex(previous.text.to_string().as_bytes()));
        text["previousDigestHashAlgorithm"] = json!("SHA-256");
        text["previousDigestSignature"] = json!(previous.signature);
    }
    let signed = format!(
        "{}\n{BUCKET}/{object}\n{}\n{}",
        text["digestEndTime"].as_str().unwrap(),
        sha256_hex(text.to_string().as_bytes()),
        previous.map_or("null", |previous| previous.signature.as_str()),
    );
    let mut signature = vec![0; key().public().modulus_len()];
    key().sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    Made { object, text, signature: hex(&signature) }
}

/// Digests of 01:00 to 05:00, each behind the one before.
fn day() -> Vec<Made> {
    let mut chain: Vec<Made> = Vec::new();
    for hour in 1..=5 {
        let next = made(hour, "", chain.last());
        chain.push(next);
    }
    chain
}

fn put(bench: &Bench, digests: &[Made], with_metadata: bool) {
    let mut metadata = json!({});
    for digest in digests {
        bench.put(&format!("{BUCKET}/{}", digest.object), &gz(digest.text.to_string().as_bytes()));
        metadata[&digest.object] =
            json!({ "signature": digest.signature, "signature-algorithm": "SHA256withRSA" });
        for log in digest.text["logFiles"].as_array().unwrap() {
            let object = log["s3Object"].as_str().unwrap();
            let hour = object.rsplit('T').next().unwrap()[..2].parse().unwrap();
            bench.put(&format!("{BUCKET}/{object}"), &gz(&log_text(hour)));
        }
    }
    if with_metadata {
        bench.put("metadata.json", metadata.to_string().as_bytes());
    }
}

fn verified(bench: &Bench) -> Verification {
    let keys = public_keys("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    verified_with(bench, keys)
}

fn verified_with(bench: &Bench, public_keys: PublicKeys) -> Verification {
    bench.ingest();
    let options = VerifyOptions { public_keys, threads: 2, ..VerifyOptions::default() };
    egret_store::verify(&bench.case(), &options, &Silent).unwrap()
}

/// What is not valid: hour of the digest or log, status, and the reason.
fn open(found: &[egret_store::Verdict]) -> Vec<(String, Status, String)> {
    found
        .iter()
        .filter(|found| found.status != Status::Valid)
        .map(|found| {
            let name = found.file.rsplit('/').next().unwrap();
            let at = name.find("20261124T").map_or(0, |at| at + "20261124T".len());
            (name[at..at + 2].to_owned(), found.status, found.reason.clone())
        })
        .collect()
}

fn statuses(found: &[egret_store::Verdict]) -> Vec<(String, Status)> {
    open(found).into_iter().map(|(hour, status, _)| (hour, status)).collect()
}

fn at(hour: &str, status: Status) -> (String, Status) {
    (hour.to_owned(), status)
}

fn log_path(bench: &Bench, hour: u32) -> PathBuf {
    bench.logs().join(BUCKET).join(log_name("us-east-1", hour))
}

fn digest_path(bench: &Bench, hour: u32) -> PathBuf {
    bench.logs().join(BUCKET).join(digest_name(hour, ""))
}

#[test]
fn a_whole_chain_is_valid() {
    let bench = Bench::new();
    put(&bench, &day(), true);
    let found = verified(&bench);
    assert!(found.holds(), "{found:#?}");
    assert_eq!((found.digests.len(), found.logs.len()), (5, 5));
}

#[test]
fn without_metadata_the_newest_digest_cannot_be_proved_and_the_others_can() {
    let bench = Bench::new();
    put(&bench, &day(), false);
    let found = verified(&bench);
    assert_eq!(statuses(&found.digests), [at("05", Status::Unverified)]);
    assert_eq!(statuses(&found.logs), [at("05", Status::Unverified)]);
}

#[test]
fn logs_edited_removed_and_added_are_told_apart() {
    let bench = Bench::new();
    put(&bench, &day(), true);
    fs::write(log_path(&bench, 2), gz(&log_text(9))).unwrap();
    fs::remove_file(log_path(&bench, 3)).unwrap();
    bench.put(&format!("{BUCKET}/{}", log_name("us-east-1", 7)), &gz(&log_text(7)));
    bench.put(&format!("{BUCKET}/{}", log_name("eu-west-1", 8)), &gz(&log_text(8)));
    let found = verified(&bench);
    assert_eq!(statuses(&found.digests), []);
    let open = open(&found.logs);
    let row = |hour: &str| open.iter().find(|row| row.0 == hour).unwrap();
    assert_eq!(row("02").1, Status::Invalid);
    assert_eq!(row("02").2, "hash value doesn't match");
    assert_eq!(row("03").1, Status::Missing);
    assert!(row("03").2.starts_with("not found; "), "{row:?}", row = row("03"));
    assert_eq!(row("07").1, Status::NotCovered);
    assert!(row("07").2.contains("after the last digest"), "{row:?}", row = row("07"));
    assert!(row("08").2.contains("no digest of account 111122223333, region eu-west-1"));
    assert!(!found.holds());
}

#[test]
fn a_digest_that_was_edited_is_invalid_and_proves_nothing() {
    let bench = Bench::new();
    let mut chain = day();
    // The log's new hash is right, the signature is not.
    chain[2].text["logFiles"][0]["hashValue"] = json!(sha256_hex(&log_text(9)));
    put(&bench, &chain, true);
    fs::write(log_path(&bench, 3), gz(&log_text(9))).unwrap();
    let found = verified(&bench);
    assert_eq!(statuses(&found.digests), [at("03", Status::Invalid)]);
    assert_eq!(statuses(&found.logs), [at("03", Status::Unverified)]);
}

#[test]
fn a_digest_that_was_removed_is_missing_and_its_log_uncovered() {
    let bench = Bench::new();
    put(&bench, &day(), true);
    fs::remove_file(digest_path(&bench, 3)).unwrap();
    let found = verified(&bench);
    assert_eq!(statuses(&found.digests), [at("03", Status::Missing)]);
    assert_eq!(statuses(&found.logs), [at("03", Status::NotCovered)]);
}

#[test]
fn the_oldest_digest_names_one_that_was_not_collected_and_that_is_no_fault() {
    let bench = Bench::new();
    put(&bench, &day()[1..], true);
    let found = verified(&bench);
    assert!(found.holds(), "{found:#?}");
    assert!(found.digests.iter().any(|found| found.reason.contains("no digest before it")));
}

#[test]
fn a_chain_that_begins_anew_is_said_although_every_file_of_it_is_valid() {
    let bench = Bench::new();
    let mut chain = day();
    chain.truncate(2);
    let anew = made(5, "", None);
    chain.push(anew);
    put(&bench, &chain, true);
    let found = verified(&bench);
    let open = open(&found.digests);
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].0.as_str(), open[0].1), ("05", Status::Restarted));
    assert!(open[0].2.contains("begins a new chain at 2026-11-24T04:00:00Z"), "{open:?}");
}

#[test]
fn hours_without_a_digest_in_an_unbroken_chain_are_a_gap() {
    let bench = Bench::new();
    let mut chain = day();
    chain.truncate(2);
    let behind = made(5, "", chain.last());
    chain.push(behind);
    put(&bench, &chain, true);
    let found = verified(&bench);
    let open = open(&found.digests);
    assert_eq!((open[0].0.as_str(), open[0].1), ("05", Status::Gap));
    assert_eq!(open[0].2, "no digest covers 2026-11-24T02:00:00Z to 2026-11-24T04:00:00Z");
}

#[test]
fn backfill_digests_are_a_chain_of_their_own() {
    let bench = Bench::new();
    let mut chain = day();
    let first = made(2, "_backfill", None);
    let second = made(3, "_backfill", Some(&first));
    chain.extend([first, second]);
    put(&bench, &chain, true);
    let found = verified(&bench);
    assert!(found.holds(), "{found:#?}");
    assert_eq!(found.digests.len(), 7);
}

#[test]
fn a_key_proves_only_its_own_time() {
    let bench = Bench::new();
    put(&bench, &day(), true);
    let late = public_keys("2026-11-24T02:30:00Z", "2026-12-01T00:00:00Z");
    let found = verified_with(&bench, late);
    assert_eq!(statuses(&found.digests), [at("01", Status::Invalid), at("02", Status::Invalid)]);
    let none = verified_with(&bench, PublicKeys::default());
    assert!(none.digests.iter().all(|found| found.status == Status::Unverified));
    assert!(!none.holds());
}

#[test]
fn a_digest_under_another_name_is_not_taken_for_it() {
    let bench = Bench::new();
    put(&bench, &day(), true);
    fs::rename(digest_path(&bench, 3), digest_path(&bench, 6)).unwrap();
    let found = verified(&bench);
    assert_eq!(statuses(&found.digests), [at("06", Status::Invalid)]);
}

/// The four public chains, with the verdict of the AWS command line beside them.
#[test]
fn the_public_chains_come_out_as_aws_says() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/digest");
    if !data.is_dir() {
        eprintln!("skipped: {} is not there", data.display());
        return;
    }
    let keys = fs::read_to_string(data.join("list-public-keys.json")).unwrap();
    for scenario in ["01-valid", "02-log-edited", "03-log-record-removed", "04-log-deleted"] {
        let bench = Bench::new();
        let copied = Command::new("cp")
            .arg("-r")
            .arg(data.join(scenario))
            .arg(bench.logs())
            .status()
            .unwrap();
        assert!(copied.success());
        let said =
            fs::read_to_string(data.join(scenario).join("awscli-validate-logs.txt")).unwrap();
        let found = verified_with(&bench, PublicKeys::parse(&keys).unwrap());
        for line in said.lines().filter(|line| line.contains(" file\ts3://")) {
            let mut cells = line.split('\t');
            let (kind, url, verdict) =
                (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
            let name = url.rsplit('/').next().unwrap();
            let list = if kind.starts_with("Digest") { &found.digests } else { &found.logs };
            let ours = list.iter().find(|found| found.file.ends_with(name)).unwrap();
            assert_eq!(verdict == "valid", ours.status == Status::Valid, "{scenario} {name}");
            if let Some(reason) = verdict.strip_prefix("INVALID: ") {
                assert!(ours.reason.starts_with(reason), "{scenario}: {ours:?}");
            }
        }
        assert_eq!(found.digests.len(), 4);
        assert_eq!(found.logs.len(), 6);
    }
}
