//! `read = stored + duplicate + quarantined`, for every file, whatever it holds.

use std::path::PathBuf;

use egret_store::{IngestOptions, manifest, quarantined};
use proptest::prelude::*;

use crate::logs::{Bench, account, accounts, cloudtrail, flows, gz, options};

#[test]
fn what_each_kind_of_file_comes_to() {
    let two_members = [
        gz(&flows(0..3)),
        gz(flows(3..5)
            .split_inclusive(|b| *b == b'\n')
            .skip(1)
            .flatten()
            .copied()
            .collect::<Vec<_>>()
            .as_slice()),
    ]
    .concat();
    let padded = [gz(&cloudtrail(40..42)), vec![0; 512]].concat();
    let bench = Bench::with(&[
        ("a.json.gz", gz(&cloudtrail(0..10))),
        ("b/overlap.json", cloudtrail(5..15)),
        ("c.flow.gz", two_members),
        ("d.named-gz-but-plain.gz", cloudtrail(20..22)),
        ("e.gz-by-content.json", gz(&cloudtrail(30..33))),
        ("f.padded.gz", padded),
        ("g.empty", Vec::new()),
        ("h.empty.gz", gz(b"")),
        ("i.binary", vec![0, 1, 2, 3]),
        ("j.text", b"hello, this is no log\n".to_vec()),
        (".hidden", cloudtrail(50..51)),
    ]);
    let summary = bench.ingest();
    assert_eq!(
        accounts(&summary),
        [
            ("logs/.hidden", (1, 1, 0, 0)),
            ("logs/a.json.gz", (10, 10, 0, 0)),
            ("logs/b/overlap.json", (10, 5, 5, 0)),
            ("logs/c.flow.gz", (5, 5, 0, 0)),
            ("logs/d.named-gz-but-plain.gz", (2, 2, 0, 0)),
            ("logs/e.gz-by-content.json", (3, 3, 0, 0)),
            ("logs/f.padded.gz", (2, 2, 0, 0)),
            ("logs/g.empty", (0, 0, 0, 0)),
            ("logs/h.empty.gz", (0, 0, 0, 0)),
            ("logs/i.binary", (0, 0, 0, 0)),
            ("logs/j.text", (0, 0, 0, 0)),
        ]
    );
    let totals = &summary.totals;
    assert_eq!((totals.files, totals.read, totals.stored), (11, 33, 28));
    assert_eq!((totals.duplicate, totals.quarantined), (5, 0));
    assert_eq!(bench.number("SELECT count(*) FROM events"), 28);
    assert_eq!(manifest(&bench.case()).unwrap(), summary.files);

    let noted: Vec<(&str, &str)> = summary
        .files
        .iter()
        .filter(|file| file.source.is_none() || !file.notes.is_empty())
        .map(|file| (file.path.as_str(), file.detected.split(';').next().unwrap()))
        .collect();
    assert_eq!(
        noted,
        [
            ("logs/f.padded.gz", summary.files[6].detected.as_str()),
            ("logs/g.empty", "the file is empty"),
            ("logs/h.empty.gz", "the file is empty"),
            ("logs/i.binary", "binary data"),
            ("logs/j.text", "text of no known kind"),
        ]
    );
    assert!(summary.files[10].detected.contains("expected one of: "));
    assert!(summary.files[6].notes[0].contains("512 bytes behind the last gzip member"));
    assert!(summary.files[6].notes[0].ends_with("all are zero"));
}

#[test]
fn the_same_bytes_twice_in_one_run_are_stored_and_quarantined_once() {
    let broken = [flows(0..4), b"2 111122223333 no flow\n".to_vec()].concat();
    let bench = Bench::with(&[("a", broken.clone()), ("b", gz(&broken)), ("c", broken)]);
    let summary = bench.ingest();
    assert_eq!(
        accounts(&summary),
        [
            ("logs/a", (5, 4, 0, 1)),
            // Not the same bytes as they lie there, so decoded and found to be the same records.
            ("logs/b", (5, 0, 4, 1)),
            ("logs/c", (5, 0, 5, 0)),
        ]
    );
    assert_eq!(
        summary.files[2].notes,
        ["the same bytes as `logs/a`, so every record is a duplicate"]
    );
    assert_eq!(summary.files[2].source.as_deref(), Some("vpc_flow"));
    let rejected = quarantined(&bench.case()).unwrap();
    assert_eq!(
        rejected.iter().map(|record| record.file.as_str()).collect::<Vec<_>>(),
        ["logs/a", "logs/b"]
    );
    assert_eq!(rejected[0].text, "2 111122223333 no flow");
    assert_eq!(rejected[0].record, 5);
}

#[test]
fn ingesting_again_changes_nothing_and_overlapping_evidence_adds_what_is_new() {
    let bench = Bench::with(&[("a", cloudtrail(0..50)), ("b.gz", gz(&flows(0..20)))]);
    assert_eq!(bench.ingest().already, 0);
    let before = bench.files();
    let again = bench.ingest();
    assert_eq!((again.already, again.files.len()), (2, 0));
    assert_eq!((again.totals.files, again.totals.stored), (2, 70));
    assert_eq!(bench.files(), before);

    bench.put("c", &cloudtrail(40..60));
    let more = bench.ingest();
    assert_eq!(more.already, 2);
    assert_eq!(accounts(&more), [("logs/c", (20, 10, 10, 0))]);
    assert_eq!(bench.number("SELECT count(*) FROM events"), 80);
    assert_eq!(bench.number("SELECT count(DISTINCT \"event.id\") FROM events"), 80);
}

#[test]
fn a_path_that_is_not_there_is_named_and_nothing_is_done() {
    let bench = Bench::with(&[("a", cloudtrail(0..2))]);
    let inputs = [bench.logs(), PathBuf::from("/nowhere/at/all")];
    let error = bench.try_ingest(&inputs, &options(1)).unwrap_err().to_string();
    assert_eq!(
        error,
        "`/nowhere/at/all` does not exist; expected a log file or a folder of log files"
    );
    assert_eq!(manifest(&bench.case()).unwrap(), []);
}

/// One file of a random mix, with how many records it must hold when it is whole.
#[derive(Debug, Clone)]
enum Kind {
    Plain,
    Gzip,
    TwoMembers,
    CutShort(f64),
    Garbage(Vec<u8>),
    Lines(Vec<Line>),
}

/// One line of a file with an event a line.
#[derive(Debug, Clone)]
enum Line {
    Whole(u32),
    Half(u32),
    NoTime,
    Garbage(Vec<u8>),
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        6 => (0u32..30).prop_map(Line::Whole),
        1 => (0u32..30).prop_map(Line::Half),
        1 => Just(Line::NoTime),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Line::Garbage),
    ]
}

fn event(number: u32) -> Vec<u8> {
    let file = cloudtrail(number..number + 1);
    file[br#"{"Records":["#.len()..file.len() - b"]}".len()].to_vec()
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Plain),
        Just(Kind::Gzip),
        Just(Kind::TwoMembers),
        (0.0..1.0f64).prop_map(Kind::CutShort),
        proptest::collection::vec(any::<u8>(), 0..200).prop_map(Kind::Garbage),
        proptest::collection::vec(line(), 0..12).prop_map(Kind::Lines),
    ]
}

fn bytes_of(kind: &Kind, is_flows: bool, numbers: std::ops::Range<u32>) -> Vec<u8> {
    let text = if is_flows { flows(numbers) } else { cloudtrail(numbers) };
    let cut = |share: f64, length: usize| {
        let length = f64::from(u32::try_from(length).unwrap());
        (0..).take_while(|at| f64::from(*at) < share * length).count()
    };
    match kind {
        Kind::Plain => text,
        Kind::Gzip => gz(&text),
        Kind::TwoMembers => {
            let (front, back) = text.split_at(text.len() / 3);
            [gz(front), gz(back)].concat()
        }
        Kind::CutShort(share) => {
            let whole = gz(&text);
            whole[..cut(*share, whole.len())].to_vec()
        }
        Kind::Garbage(bytes) => bytes.clone(),
        Kind::Lines(lines) => lines
            .iter()
            .flat_map(|line| {
                let mut bytes = match line {
                    Line::Whole(number) => event(*number),
                    Line::Half(number) => event(*number)[..60].to_vec(),
                    Line::NoTime => {
                        br#"{"eventSource":"s3.amazonaws.com","eventName":"X"}"#.to_vec()
                    }
                    Line::Garbage(bytes) => bytes.clone(),
                };
                bytes.push(b'\n');
                bytes
            })
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the files, every record is accounted for, and the store holds what the accounts say.
    #[test]
    fn read_is_stored_and_duplicate_and_quarantined(
        files in proptest::collection::vec((kind(), any::<bool>(), 0u32..30, 1u32..30), 1..6),
        commit_rows in prop_oneof![Just(1u64), Just(20), Just(1_000)],
        memory_bytes in prop_oneof![Just(0usize), Just(64 << 10), Just(64 << 20)],
        threads in 1usize..4,
    ) {
        let bench = Bench::new();
        for (number, (kind, is_flows, from, rows)) in files.iter().enumerate() {
            bench.put(&format!("{number}"), &bytes_of(kind, *is_flows, *from..*from + *rows));
        }
        let options = IngestOptions { threads, memory_bytes, commit_rows, ..IngestOptions::default() };
        let summary = bench.try_ingest(&[bench.logs()], &options).unwrap();
        prop_assert_eq!(summary.files.len() as u64 + summary.already, files.len() as u64);
        let mut rejected = 0;
        for (file, (kind, is_flows, _, rows)) in summary.files.iter().zip(&files) {
            let (read, stored, duplicate, quarantined) = account(file);
            prop_assert_eq!(read, stored + duplicate + quarantined, "{:?}", file);
            rejected += quarantined;
            match kind {
                Kind::Plain | Kind::Gzip | Kind::TwoMembers => {
                    prop_assert_eq!(read, u64::from(*rows), "{:?} flows {}", kind, is_flows);
                    prop_assert_eq!(quarantined, 0);
                }
                Kind::CutShort(_) => prop_assert!(read <= u64::from(*rows) + 2),
                Kind::Garbage(_) | Kind::Lines(_) => {}
            }
        }
        prop_assert_eq!(quarantined(&bench.case()).unwrap().len() as u64, rejected);
        prop_assert_eq!(bench.number("SELECT count(*) FROM events"), summary.totals.stored);
        prop_assert_eq!(
            bench.number("SELECT count(DISTINCT \"event.dataset\" || \"event.id\") FROM events"),
            summary.totals.stored
        );
    }
}
