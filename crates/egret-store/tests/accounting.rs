//! Nothing is lost, whatever the files hold: read = stored + duplicate + quarantined, the store
//! holds what the manifest says, and a second run changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test: what goes wrong must stop it"
)]

use std::fs;
use std::io::Write;
use std::path::Path;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use egret_model::progress::Silent;
use egret_sources::Registry;
use egret_store::{CaseDir, IngestOptions, SessionOptions, ingest, manifest, session, totals};
use proptest::prelude::*;

fn record(number: u8) -> String {
    format!(
        "{{\"eventVersion\":\"1.09\",\"userIdentity\":{{\"type\":\"IAMUser\",\"accountId\":\"111122223333\"}},\
         \"eventTime\":\"2025-07-{:02}T03:00:00Z\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"ListBuckets\",\
         \"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"203.0.113.9\",\"eventID\":\"event-{number}\"}}",
        number % 9 + 1
    )
}

#[derive(Debug, Clone)]
enum Piece {
    Record(u8),
    Half(u8),
    Garbage(Vec<u8>),
    NoTime,
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        6 => any::<u8>().prop_map(Piece::Record),
        1 => any::<u8>().prop_map(Piece::Half),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Piece::Garbage),
        1 => Just(Piece::NoTime),
    ]
}

/// Pieces a line each; kept plain, as one gzip member, as one member a piece, or cut short.
fn file() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(piece(), 0..12), 0u8..4).prop_map(|(pieces, form)| {
        let lines: Vec<Vec<u8>> = pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Record(number) => record(number).into_bytes(),
                Piece::Half(number) => record(number).into_bytes().split_at(60).0.to_vec(),
                Piece::Garbage(bytes) => bytes,
                Piece::NoTime => {
                    b"{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"X\"}".to_vec()
                }
            })
            .map(|mut line| {
                line.push(b'\n');
                line
            })
            .collect();
        match form {
            0 => lines.concat(),
            1 => gz(&lines.concat()),
            2 => lines.iter().flat_map(|line| gz(line)).collect(),
            _ => {
                let whole = gz(&lines.concat());
                whole.split_at(whole.len() * 2 / 3).0.to_vec()
            }
        }
    })
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn rows(case: &CaseDir) -> u64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let session = session(case, &SessionOptions::default()).await.unwrap();
        let batches =
            session.sql("SELECT count(*) AS n FROM events").await.unwrap().collect().await.unwrap();
        let count = batches[0].column(0).as_primitive::<Int64Type>().value(0);
        u64::try_from(count).unwrap()
    })
}

fn parts(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(parts(&path));
        } else {
            let name = path.to_string_lossy().into_owned();
            found.push((name, fs::metadata(&path).unwrap().len()));
        }
    }
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_record_is_accounted_for(files in prop::collection::vec(file(), 1..5), threads in 1usize..4) {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).unwrap();
        for (number, bytes) in files.iter().enumerate() {
            fs::write(logs.join(format!("{number}.log")), bytes).unwrap();
        }
        let case = CaseDir::create_or_open(&folder.path().join("case")).unwrap();
        let options = IngestOptions { threads, ..IngestOptions::default() };
        ingest(&case, std::slice::from_ref(&logs), &Registry::standard(), &options, &Silent).unwrap();
        for file in manifest(&case).unwrap() {
            prop_assert!(file.balances(), "{file:?}");
        }
        let before = totals(&case).unwrap();
        prop_assert_eq!(before.stored, rows(&case));
        let held = parts(&case.events());

        let again = ingest(&case, &[logs], &Registry::standard(), &options, &Silent).unwrap();
        prop_assert_eq!(again.files.iter().map(|file| file.stored).sum::<u64>(), 0);
        prop_assert_eq!(before.stored, totals(&case).unwrap().stored);
        prop_assert_eq!(held, parts(&case.events()));
    }
}
