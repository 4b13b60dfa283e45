//! Damaged evidence: what can be read is read, the rest is explained.

use egret_store::quarantined;

use crate::logs::{Bench, account, accounts, cloudtrail, flows, gz};

#[test]
fn a_gzip_file_that_ends_early_gives_what_is_there_and_one_reason() {
    let whole = gz(&flows(0..5_000));
    let bench = Bench::with(&[("cut.gz", whole[..whole.len() / 2].to_vec())]);
    let summary = bench.ingest();
    let file = &summary.files[0];
    assert!(file.stored > 1_000 && file.stored < 4_000, "{file:?}");
    let rejected = quarantined(&bench.case()).unwrap();
    assert_eq!(rejected.len() as u64, file.quarantined);
    let last = rejected.last().unwrap();
    assert!(last.reason.starts_with("gzip ends after "), "{last:?}");
    assert!(last.reason.ends_with(" bytes: unexpected end"), "{last:?}");
    assert!(last.byte_offset > 100_000);
    assert_eq!(file.notes, [last.reason.as_str()]);
}

#[test]
fn a_gzip_file_with_a_wrong_checksum_says_so() {
    let mut bytes = gz(&flows(0..10));
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 0xff;
    let bench = Bench::with(&[("bad.gz", bytes)]);
    assert_eq!(accounts(&bench.ingest()), [("logs/bad.gz", (11, 10, 0, 1))]);
    let reason = &quarantined(&bench.case()).unwrap()[0].reason;
    assert!(reason.contains("checksum"), "{reason}");
}

#[test]
fn a_second_member_is_not_lost_however_the_first_ends() {
    // The end of the second member states a size that fits the first one as well.
    let lines = flows(0..8);
    let (front, back) = lines.split_at(lines.len() / 2);
    for members in [[front, back].as_slice(), &[&lines, b""], &[b"", &lines]] {
        let bytes: Vec<u8> = members.iter().flat_map(|member| gz(member)).collect();
        let bench = Bench::with(&[("members.gz", bytes)]);
        assert_eq!(accounts(&bench.ingest()), [("logs/members.gz", (8, 8, 0, 0))]);
    }
}

#[test]
fn bytes_behind_the_last_member_are_kept_in_quarantine() {
    let bench = Bench::with(&[("a.gz", [gz(&flows(0..2)), b"left behind \xff".to_vec()].concat())]);
    assert_eq!(accounts(&bench.ingest()), [("logs/a.gz", (3, 2, 0, 1))]);
    let rejected = quarantined(&bench.case()).unwrap();
    assert_eq!(
        rejected[0].reason,
        "13 bytes behind the last gzip member; expected another member or the end"
    );
    assert_eq!(rejected[0].text, "left behind \u{fffd}");
    assert!(rejected[0].lossy);
}

#[test]
fn only_a_gzip_header_is_one_explained_reject() {
    let bench =
        Bench::with(&[("a", vec![0x1f, 0x8b]), ("b", gz(&cloudtrail(0..1))[..10].to_vec())]);
    assert_eq!(accounts(&bench.ingest()), [("logs/a", (1, 0, 0, 1)), ("logs/b", (1, 0, 0, 1))]);
    for record in quarantined(&bench.case()).unwrap() {
        assert_eq!(record.reason, "gzip ends after 0 bytes: unexpected end");
    }
}

#[test]
fn a_large_file_is_read_in_chunks_and_comes_out_whole() {
    // Above what is held at once, so read twice and handed on in pieces; and as gzip above what is
    // decoded at once, with a member boundary inside a record.
    let record = |number: u32| {
        let key = "k".repeat(200_000);
        String::from_utf8(cloudtrail(number..number + 1))
            .unwrap()
            .replace("{\"Records\":[", "")
            .replace("]}", "")
            .replace("exports/", &key)
    };
    let file = |records: u32| {
        let records: Vec<String> = (0..records).map(record).collect();
        format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes()
    };
    let (plain, inflated) = (file(180), file(90));
    assert!(plain.len() > 32 << 20 && inflated.len() > 16 << 20);
    let (front, back) = inflated.split_at(inflated.len() / 2 + 7);
    let bench = Bench::with(&[("a", plain), ("b.gz", [gz(front), gz(back)].concat())]);
    assert_eq!(
        accounts(&bench.ingest()),
        [("logs/a", (180, 180, 0, 0)), ("logs/b.gz", (90, 0, 90, 0))]
    );
    assert_eq!(bench.number("SELECT max(\"log.offset\") FROM events"), 180);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_passed_over_and_named() {
    use std::os::unix::fs::symlink;
    let bench = Bench::with(&[("a.json", cloudtrail(1..4))]);
    let pipe = bench.logs().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink(bench.logs(), bench.logs().join("loop")).unwrap();
    symlink("nowhere", bench.logs().join("dangling")).unwrap();
    let summary = bench.ingest();
    assert_eq!(account(&summary.files[0]), (3, 3, 0, 0));
    let passed: Vec<&str> = summary.passed_over.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(passed, ["logs/dangling", "logs/pipe"]);
}

#[test]
fn a_bomb_stops_with_a_named_error_and_the_run_goes_on() {
    // 72 MiB of blanks in a few KiB, behind a record that tells the kind of log.
    let mut bomb = gz(&cloudtrail(1..2));
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut writer, &vec![b' '; 4 << 20]).unwrap();
    let blanks = writer.finish().unwrap();
    for _ in 0..18 {
        bomb.extend_from_slice(&blanks);
    }
    let bench = Bench::with(&[("a.json", cloudtrail(1..4)), ("bomb.json.gz", bomb)]);
    let summary = bench.ingest();
    assert_eq!(account(&summary.files[0]), (3, 3, 0, 0));
    assert_eq!(account(&summary.files[1]), (2, 0, 1, 1));
    let note = &summary.files[1].notes[0];
    assert!(note.contains("more than 67108864 bytes after decompression"), "{note}");
}
