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
