//! Bad input: a clear error or a quarantine entry, the right exit code, no panic.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::egret::egret;

const RECORD: &str = r#"{"eventVersion":"1.09","userIdentity":{"type":"IAMUser","accountId":"111122223333","arn":"arn:aws:iam::111122223333:user/ana","userName":"ana"},"eventTime":"2025-07-24T03:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","eventID":"11111111-2222-4333-a444-555555555555","recipientAccountId":"111122223333"}"#;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Ingests one file; gives exit code, stderr, and the manifest line.
fn ingest(bytes: &[u8]) -> (i32, String, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("trail.json.gz"), bytes).unwrap();
    let run = egret(folder.path(), ["ingest", "trail.json.gz", "--case", "case"]);
    let manifest = fs::read_to_string(folder.path().join("case/evidence/manifest.jsonl")).unwrap();
    (run.code, run.stderr, serde_json::from_str(manifest.trim()).unwrap())
}

fn counts(manifest: &serde_json::Value) -> [u64; 4] {
    ["read", "stored", "duplicate", "quarantined"].map(|name| manifest[name].as_u64().unwrap())
}

#[test]
fn files() {
    let doc = format!("{{\"Records\":[{RECORD}]}}");
    let whole = gz(doc.as_bytes());
    let members =
        [gz(format!("{RECORD}\n").as_bytes()), gz(format!("{RECORD}\n").as_bytes())].concat();
    let cut_at = whole.len() - 12;
    #[rustfmt::skip]
    let rows: &[(&str, Vec<u8>, i32, [u64; 4])] = &[
        ("whole", whole.clone(), 0, [1, 1, 0, 0]),
        ("not compressed", doc.clone().into_bytes(), 0, [1, 1, 0, 0]),
        ("two members, the second a duplicate", members, 0, [2, 1, 1, 0]),
        ("half a record", doc.as_bytes()[..doc.len() - 60].to_vec(), 1, [1, 0, 0, 1]),
        ("empty", Vec::new(), 1, [0, 0, 0, 0]),
        ("binary", vec![0, 159, 146, 150, 0, 1, 2], 1, [0, 0, 0, 0]),
        ("prose", b"hello, this is no log at all".to_vec(), 1, [0, 0, 0, 0]),
    ];
    for (name, bytes, code, want) in rows {
        let (got, stderr, manifest) = ingest(bytes);
        assert_eq!((got, counts(&manifest)), (*code, *want), "row: {name}\n{stderr}\n{manifest:#}");
    }
    let (code, _, manifest) = ingest(&whole[..cut_at]);
    let [read, stored, duplicate, quarantined] = counts(&manifest);
    assert_eq!(code, 1, "a truncated gzip is open");
    assert!(quarantined >= 1, "{manifest:#}");
    assert_eq!(read, stored + duplicate + quarantined);
    assert!(manifest["notes"].to_string().contains("gzip"), "{manifest:#}");
}

#[test]
fn records() {
    // Each stands between two good ones, which must not suffer.
    let other = |id: &str| RECORD.replace("11111111-2222-4333-a444-555555555555", id);
    let changed = |from: &str, to: &str| other("odd").replace(from, to);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let time = "2025-07-24T03:00:00Z";
    #[rustfmt::skip]
    let rows: &[(&str, Vec<u8>, [u64; 4])] = &[
        ("no time", changed("eventTime", "eventTyme").into_bytes(), [3, 2, 0, 1]),
        ("time is no time", changed(time, "soon").into_bytes(), [3, 2, 0, 1]),
        ("far in the future", changed(time, "9998-12-31T23:59:59Z").into_bytes(), [3, 3, 0, 0]),
        ("before 1970", changed(time, "1066-10-14T09:00:00Z").into_bytes(), [3, 3, 0, 0]),
        ("numbers as floats", changed("\"111122223333\"", "111122223333.0").into_bytes(), [3, 3, 0, 0]),
        ("nested too deep", changed("\"ListBuckets\"", &format!("\"ListBuckets\",\"requestParameters\":{deep}")).into_bytes(), [3, 3, 0, 0]),
        ("a key twice", changed("\"awsRegion\"", "\"awsRegion\":\"eu-west-1\",\"awsRegion\"").into_bytes(), [3, 3, 0, 0]),
        ("no UTF-8", changed("/ana", "/\u{1}a").into_bytes().into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect(), [3, 2, 0, 1]),
        ("NUL bytes", changed("ana", "a\u{0}a").into_bytes(), [3, 2, 0, 1]),
    ];
    for (name, odd, want) in rows {
        let (before, after) = (other("before"), other("after"));
        let file = [before.as_bytes(), b"\n", odd, b"\n", after.as_bytes(), b"\n"].concat();
        let (code, stderr, manifest) = ingest(&file);
        assert_eq!(counts(&manifest), *want, "row: {name}\n{stderr}\n{manifest:#}");
        assert_eq!(code, i32::from(want[3] > 0), "row: {name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_and_files_that_cannot_be_read() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let odd = logs.join(std::ffi::OsStr::from_bytes(b"trail-\xff\x1b[2J.json"));
    fs::write(odd, RECORD).unwrap();
    fs::write(logs.join("good.json"), RECORD.replace("1111111", "2222222")).unwrap();
    // Opens, and cannot be read: the memory of a process at an address that it does not have.
    std::os::unix::fs::symlink("/proc/self/mem", logs.join("unreadable.json")).unwrap();
    let run = egret(folder.path(), ["ingest", "logs", "--case", "case"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("2 stored"), "{}", run.stderr);
    assert!(run.stderr.contains("unreadable.json"), "{}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
}

/// A file size limit that fails like a full disk, at several sizes; then room again.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<String> =
        (0..3_000).map(|number| RECORD.replace("555555555555", &format!("{number:012}"))).collect();
    fs::write(folder.path().join("a.json"), records.join("\n")).unwrap();
    for blocks in [0, 1, 8, 40] {
        // Ignored, the signal of the limit leaves the error to the program.
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec '{}' ingest a.json --case case-{blocks}",
            env!("CARGO_BIN_EXE_egret")
        );
        let run = std::process::Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{blocks} blocks: {stderr}");
        assert!(stderr.contains("File too large"), "{blocks} blocks: {stderr}");
        assert!(stderr.contains("case-"), "{blocks} blocks, no file is named: {stderr}");
        let case = format!("case-{blocks}");
        let again = egret(folder.path(), ["ingest", "a.json", "--case", &case]);
        assert_eq!(again.code, 0, "{blocks} blocks: {}", again.stderr);
        let sql = "SELECT count(*) AS n, count(DISTINCT \"event.id\") AS ids FROM events";
        let rows = egret(folder.path(), ["sql", sql, "--case", &case, "-t", "csv"]);
        assert_eq!(rows.stdout, "n,ids\n3000,3000\n", "{blocks} blocks: {}", rows.stderr);
    }
}

#[test]
fn the_same_file_twice_stores_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.json"), RECORD).unwrap();
    let run = |path: &str| egret(folder.path(), ["ingest", path, "--case", "case"]);
    assert_eq!(run("a.json").code, 0);
    let again = run("a.json");
    assert!(again.stderr.contains("1 files were in the case already"), "{}", again.stderr);
    fs::write(folder.path().join("b.json"), format!("{RECORD}\n\n")).unwrap();
    assert!(run("b.json").stderr.contains("0 stored, 1 duplicate"), "known by its event id");
    let rows = egret(
        folder.path(),
        ["sql", "SELECT count(*) AS n FROM events", "--case", "case", "-t", "csv"],
    );
    assert_eq!(rows.stdout, "n\n1\n", "{}", rows.stderr);
}

#[test]
fn requests() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("a.json"), RECORD).unwrap();
    fs::write(folder.path().join("no-pattern.md"), "just text").unwrap();
    assert_eq!(egret(folder.path(), ["ingest", "a.json", "--case", "case"]).code, 0);
    #[rustfmt::skip]
    let rows: &[(&[&str], &str)] = &[
        (&["investigate", "nowhere", "--case", "c"], "`nowhere` does not exist; expected a log file or a folder of log files"),
        (&["investigate", "empty", "--case", "c"], "holds no file"),
        (&["investigate", "a.json", "--case", "c", "--from", "yesterday"], "`yesterday` is not a time; expected RFC 3339"),
        (&["investigate", "a.json", "--case", "c", "--nonsense"], "unexpected argument '--nonsense'"),
        (&["investigate", "a.json", "--case", "c", "--set", "bucket"], "expected `name=value`"),
        (&["investigate", "a.json", "--case", "c", "--pattern", "no-pattern.md"], "the pattern has no title"),
        (&["investigate", "a.json", "--case", "c", "--from", "2025-07-25", "--to", "2025-07-24"], "before it begins"),
        (&["sql", "SELECT 1", "--case", "nowhere"], "is not a case folder"),
        (&["sql", "DROP TABLE events", "--case", "case"], "DDL not supported"),
        (&["query", "event.acton: \"x\"", "--case", "case"], "did you mean `event.action`?"),
        (&["query", "user.name: \"<who>\"", "--case", "case"], "--set who="),
        (&["query", "a: (b", "--case", "case"], "expected a closing parenthesis"),
    ];
    for (arguments, want) in rows {
        let run = egret(folder.path(), arguments.iter());
        assert_eq!(run.code, 2, "{arguments:?}\n{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(want), "{arguments:?}: expected `{want}` in\n{}", run.stderr);
    }
}

#[test]
fn hostile_text_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let record = RECORD
        .replace("\"userName\":\"ana\"", "\"userName\":\"<script>alert(1)</script>\\u001b[2J\"");
    let record =
        record.replace("ListBuckets", "CreateSnapshot").replace("s3.amazonaws", "ec2.amazonaws");
    fs::write(folder.path().join("a.json"), record).unwrap();
    let run = egret(folder.path(), ["investigate", "a.json", "--case", "case"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let page = fs::read_to_string(folder.path().join("case/report/report.html")).unwrap();
    assert!(!page.contains("<script"), "an element came from a log");
    assert!(page.contains("&lt;script&gt;"), "the text is shown");
    let rows = egret(folder.path(), ["query", "event.action: CreateSnapshot", "--case", "case"]);
    assert!(!rows.stdout.contains('\u{1b}') && rows.stdout.contains("<U+001B>"), "{}", rows.stdout);
}

#[test]
fn the_report_is_the_same_bytes_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let made = egret(
        folder.path(),
        ["simulate", "vm-export", "--out", "p", "--events", "1500", "--days", "12"],
    );
    assert_eq!(made.code, 0);
    let read = |case: &str, threads: &str| {
        let run =
            egret(folder.path(), ["investigate", "p/logs", "--case", case, "--threads", threads]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let text =
            fs::read_to_string(Path::new(folder.path()).join(case).join("report/report.json"))
                .unwrap();
        text.replace(&format!("\"{case}\""), "\"case\"")
    };
    let one = read("one", "1");
    assert!(one == read("four", "4"), "one and four threads differ");
    assert!(one == read("one", "2"), "a second run over the same case differs");
}
