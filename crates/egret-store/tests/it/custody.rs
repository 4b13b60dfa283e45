//! Whether a change to the case is found and named.

use std::fs;

use egret_model::progress::Silent;
use egret_store::{
    Check, IngestOptions, PublicKey, Recorder, SigningKey, Verification, VerifyOptions,
};

use crate::logs::{Bench, cloudtrail};

fn bench() -> Bench {
    Bench::with(&[("a.json", cloudtrail(1..40)), ("b.json", b"{\"Records\":[{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"x\",\"eventVersion\":\"1\"}]}".to_vec())])
}

fn verified(bench: &Bench) -> Verification {
    let options = VerifyOptions { threads: 2, ..VerifyOptions::default() };
    egret_store::verify(&bench.case(), &options, &Silent).unwrap()
}

fn named(check: &Check) -> Vec<(&str, &str)> {
    check.problems.iter().map(|problem| (problem.file.as_str(), problem.status)).collect()
}

#[test]
fn what_was_left_alone_is_intact() {
    let bench = bench();
    bench.ingest();
    let found = verified(&bench);
    assert!(found.holds(), "{found:#?}");
    assert_eq!(found.evidence.checked, 2);
    // Twice the same evidence, and later some more: still intact.
    bench.ingest();
    bench.put("c.json", &cloudtrail(100..120));
    bench.ingest();
    let found = verified(&bench);
    assert!(found.holds(), "{found:#?}");
}

#[test]
fn every_change_is_found_and_named() {
    type Change = fn(&Bench);
    let part = |bench: &Bench| {
        bench.files().keys().find(|name| name.ends_with(".parquet")).unwrap().clone()
    };
    type Part = fn(&Verification) -> &Check;
    type Row = (&'static str, Change, Part, &'static str, &'static str);
    let rows: &[Row] = &[
        (
            "evidence edited",
            |bench| bench.put("a.json", b"{}"),
            |found| &found.evidence,
            "logs/a.json",
            "altered",
        ),
        (
            "evidence removed",
            |bench| fs::remove_file(bench.logs().join("a.json")).unwrap(),
            |found| &found.evidence,
            "logs/a.json",
            "missing",
        ),
        (
            "manifest edited",
            |bench| {
                let path = bench.case().evidence().join("manifest.jsonl");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, text.replacen("a.json", "z.json", 1)).unwrap();
            },
            |found| &found.store,
            "evidence/manifest.jsonl",
            "altered",
        ),
        (
            "part added",
            |bench| fs::write(bench.case().events().join("x.parquet"), "x").unwrap(),
            |found| &found.store,
            "events/x.parquet",
            "added",
        ),
        (
            "ledger edited",
            |bench| {
                let path = bench.case().ledger();
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, text.replacen("\"stored\":39", "\"stored\":38", 1)).unwrap();
            },
            |found| &found.ledger,
            "ledger.jsonl",
            "altered",
        ),
        (
            "ledger removed",
            |bench| fs::remove_file(bench.case().ledger()).unwrap(),
            |found| &found.ledger,
            "ledger.jsonl",
            "missing",
        ),
    ];
    for (name, change, check, file, status) in rows {
        let bench = bench();
        bench.ingest();
        change(&bench);
        let found = verified(&bench);
        assert!(!found.holds(), "row: {name}");
        let problems = named(check(&found));
        assert!(problems.contains(&(*file, *status)), "row: {name}: {problems:?}");
    }
    for (name, status) in [("altered", "altered"), ("removed", "missing")] {
        let bench = bench();
        bench.ingest();
        let part = part(&bench);
        let path = bench.case().root().join(&part);
        if name == "removed" {
            fs::remove_file(path).unwrap();
        } else {
            let mut bytes = fs::read(&path).unwrap();
            bytes[100] ^= 1;
            fs::write(path, bytes).unwrap();
        }
        let found = verified(&bench);
        assert_eq!(named(&found.store), [(part.as_str(), status)], "part {name}");
    }
}

#[test]
fn evidence_that_moved_is_found_where_it_lies_now() {
    let bench = bench();
    bench.ingest();
    let elsewhere = bench.logs().with_file_name("elsewhere");
    fs::rename(bench.logs(), &elsewhere).unwrap();
    assert_eq!(verified(&bench).evidence.problems.len(), 2);
    let options =
        VerifyOptions { evidence: Some(elsewhere), threads: 1, ..VerifyOptions::default() };
    let found = egret_store::verify(&bench.case(), &options, &Silent).unwrap();
    assert!(found.holds(), "{found:#?}");
}

#[test]
fn a_ledger_that_was_written_anew_lacks_the_signature() {
    let bench = bench();
    let key = SigningKey::parse(&egret_store::generate_key().unwrap()).unwrap();
    let signer = PublicKey::parse(&key.public().to_pem()).unwrap();
    let recorder = Recorder { key: Some(key.into()), ..Recorder::default() };
    let options = IngestOptions { recorder, ..IngestOptions::default() };
    bench.try_ingest(&[bench.logs()], &options).unwrap();
    let options = VerifyOptions { signer: Some(signer), threads: 1, ..VerifyOptions::default() };
    let found = egret_store::verify(&bench.case(), &options, &Silent).unwrap();
    assert!(found.holds(), "{found:#?}");

    // The whole case made anew from other evidence, with a chain that is sound in itself.
    fs::remove_dir_all(bench.case().root()).unwrap();
    bench.put("a.json", &cloudtrail(1..10));
    bench.ingest();
    assert!(verified(&bench).holds(), "nothing but the signature can tell");
    let found = egret_store::verify(&bench.case(), &options, &Silent).unwrap();
    assert!(found.ledger.problems.iter().all(|problem| problem.status == "unsigned"));
    assert!(!found.holds());
}
