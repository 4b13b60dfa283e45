//! A case sealed into one file comes back as it was, and only for whoever has the key.

use std::fs;
use std::path::Path;

use crate::egret;

fn works(folder: &Path, arguments: &[&str]) {
    let run = egret::egret(folder, arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
}

fn fails(folder: &Path, arguments: &[&str]) -> String {
    let run = egret::egret(folder, arguments);
    assert_eq!(run.code, 2, "{arguments:?}");
    run.stderr
}

#[test]
fn a_case_is_sealed_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    works(at, &["simulate", "nightly-backup", "--out", "logs", "--events", "300", "--days", "3"]);
    works(at, &["ingest", "logs/logs", "--case", "case"]);
    works(at, &["keygen", "--seal", "--out", "key"]);
    works(at, &["keygen", "--seal", "--out", "other"]);
    let public = fs::read_to_string(at.join("key.pub")).unwrap();
    works(at, &["seal", "--case", "case", "--out", "case.age", "--to", public.trim()]);
    let sealed = fs::read(at.join("case.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1"));
    assert!(!sealed.windows(6).any(|six| six == b"ledger"), "a name shows");

    works(at, &["unseal", "case.age", "--case", "opened", "--key", "key"]);
    // Whatever is said of the one is said of the other; that no digest proves the logs, of both.
    let verdict = |case: &str| egret::egret(at, ["verify", "--case", case]).stdout;
    assert_eq!(verdict("opened"), verdict("case"));
    let ledger = |case: &str| fs::read(at.join(case).join("ledger.jsonl")).unwrap();
    assert_eq!(ledger("case"), ledger("opened"));

    let shut = fails(at, &["unseal", "case.age", "--case", "none", "--key", "other"]);
    assert!(shut.contains("stays shut"), "{shut}");
    let full = fails(at, &["unseal", "case.age", "--case", "opened", "--key", "key"]);
    assert!(full.contains("is not empty"), "{full}");
    let there = fails(at, &["seal", "--case", "case", "--out", "case.age", "--to", public.trim()]);
    assert!(there.contains("case.age"), "{there}");
    let mut altered = sealed;
    let last = altered.len() - 1;
    altered[last] ^= 1;
    fs::write(at.join("altered.age"), altered).unwrap();
    let altered = fails(at, &["unseal", "altered.age", "--case", "altered", "--key", "key"]);
    assert!(altered.contains("was altered"), "{altered}");

    fs::write(at.join("phrase"), "a phrase of words\n").unwrap();
    works(at, &["seal", "--case", "case", "--out", "by-phrase.age", "--passphrase-file", "phrase"]);
    works(at, &["unseal", "by-phrase.age", "--case", "by-phrase", "--passphrase-file", "phrase"]);
    assert_eq!(ledger("by-phrase"), ledger("case"));
}
