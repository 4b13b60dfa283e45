//! The same evidence gives the same store, byte for byte.

use std::fs;
use std::path::PathBuf;

use egret_model::progress::{Progress, Unit};
use egret_sources::Registry;
use egret_store::{IngestOptions, manifest};

use crate::logs::{Bench, accounts, cloudtrail, flows, gz};

/// Many small files with overlaps, twins, damage and several days.
fn mixed() -> Bench {
    let bench = Bench::new();
    for number in 0..12u32 {
        let from = number * 17;
        bench.put(&format!("trail/{number:02}.json.gz"), &gz(&cloudtrail(from..from + 30)));
        bench.put(&format!("flow/{:02}.log", number % 10), &flows(from..from + 9));
    }
    bench.put("trail/twin.json.gz", &gz(&cloudtrail(0..30)));
    let cut = gz(&cloudtrail(900..990));
    bench.put("trail/cut.json.gz", &cut[..cut.len() - 40]);
    bench
}

#[test]
fn with_any_number_of_threads() {
    for (commit_rows, memory_bytes) in [(2_000_000, 512 << 20), (100, 512 << 20), (200, 300 << 10)]
    {
        let with = |threads| {
            let bench = mixed();
            let options =
                IngestOptions { threads, memory_bytes, commit_rows, ..IngestOptions::default() };
            let summary = bench.try_ingest(&[bench.logs()], &options).unwrap();
            (bench.files(), summary)
        };
        let (one, one_summary) = with(1);
        let (four, four_summary) = with(4);
        assert_eq!(
            one.keys().collect::<Vec<_>>(),
            four.keys().collect::<Vec<_>>(),
            "{commit_rows} rows, {memory_bytes} bytes"
        );
        for (name, bytes) in &one {
            assert!(four.get(name) == Some(bytes), "`{name}` differs");
        }
        assert_eq!(one_summary, four_summary);
        assert!(
            one.keys()
                .any(|name| name.starts_with("events/dataset=aws.vpcflow/date=2025-07-24/part-"))
        );
    }
}

#[test]
fn in_whatever_order_and_form_the_inputs_are_named() {
    let all = mixed();
    all.ingest();
    let trail = all.logs().join("trail");
    let named = mixed();
    let logs = named.logs();
    let inputs: Vec<PathBuf> =
        vec![logs.join("trail"), logs.join("flow/03.log"), logs.join("."), logs.join("flow")];
    let options = IngestOptions { threads: 3, ..IngestOptions::default() };
    let summary = named.try_ingest(&inputs, &options).unwrap();
    assert!(trail.exists());
    assert_eq!(accounts(&summary).len(), 24);
    assert!(named.files() == all.files());
}

#[test]
fn rows_are_the_same_however_often_it_was_committed_and_flushed() {
    let rows = |commit_rows, memory_bytes| {
        let bench = mixed();
        let options =
            IngestOptions { threads: 2, memory_bytes, commit_rows, ..IngestOptions::default() };
        bench.try_ingest(&[bench.logs()], &options).unwrap();
        bench.ask(
            "SELECT \"log.file.path\", \"log.offset\", \"event.id\", \"@timestamp\", dataset, date \
             FROM events ORDER BY 1, 2",
        )
    };
    let at_once = rows(2_000_000, 512 << 20);
    assert_eq!(at_once, rows(1, 512 << 20));
    assert_eq!(at_once, rows(2_000_000, 0));
}

/// Takes a file away as soon as the first one is read.
struct Saboteur(PathBuf);

impl Progress for Saboteur {
    fn start(&self, _stage: &str, _total: u64, _unit: Unit) {}
    fn advance(&self, _units: u64) {
        if self.0.exists() {
            fs::remove_file(&self.0).unwrap();
        }
    }
    fn finish(&self) {}
}

#[test]
fn after_a_run_that_failed_the_next_one_goes_on_where_the_last_commit_ended() {
    let options = IngestOptions { threads: 1, commit_rows: 60, ..IngestOptions::default() };
    let whole = mixed();
    whole.try_ingest(&[whole.logs()], &options).unwrap();

    let broken = mixed();
    let victim = broken.logs().join("trail/twin.json.gz");
    let case = broken.case();
    let error = egret_store::ingest(
        &case,
        &[broken.logs()],
        &Registry::standard(),
        &options,
        &Saboteur(victim),
    )
    .unwrap_err()
    .to_string();
    assert!(error.starts_with("opening `") && error.contains("trail/twin.json.gz"), "{error}");
    let committed = manifest(&case).unwrap();
    assert!(!committed.is_empty() && committed.len() < 24);
    let stored: u64 = committed.iter().map(|file| file.stored).sum();
    assert_eq!(broken.number("SELECT count(*) FROM events"), stored);

    broken.put("trail/twin.json.gz", &gz(&cloudtrail(0..30)));
    let rest = broken.try_ingest(&[broken.logs()], &options).unwrap();
    let rows = "SELECT \"log.file.path\", \"log.offset\", \"event.id\" FROM events ORDER BY 1, 2";
    assert_eq!(broken.ask(rows), whole.ask(rows));
    // The twin's bytes were ingested by the first run, so the second leaves it alone.
    assert_eq!(rest.already, u64::try_from(committed.len()).unwrap() + 1);
    let parts = |bench: &Bench| {
        let mut files = bench.files();
        files.retain(|name, _| name.starts_with("events/"));
        files
    };
    assert!(parts(&broken) == parts(&whole));
}
