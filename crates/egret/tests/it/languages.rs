//! Queries in every language through the program: rows, readings, and why there are none.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::egret::egret;

fn case(folder: &std::path::Path) {
    let call = |number: u32, action: &str, user: &str| {
        json!({
            "eventVersion": "1.11", "eventTime": format!("2026-11-24T01:0{number}:00Z"),
            "eventSource": "s3.amazonaws.com", "eventName": action, "awsRegion": "us-east-1",
            "userIdentity": { "type": "IAMUser", "userName": user, "accountId": "111122223333" },
            "sourceIPAddress": "198.51.100.7", "eventID": format!("e-{number}"),
            "recipientAccountId": "111122223333",
        })
    };
    let records = [
        call(1, "ListBuckets", "ana"),
        call(2, "GetObject", "ana"),
        call(3, "GetObject", "bo"),
        call(4, "PutObject", "bo"),
    ];
    std::fs::write(folder.join("log.json"), json!({ "Records": records }).to_string()).unwrap();
    assert_eq!(egret(folder, ["ingest", "log.json", "--case", "case"]).code, 0);
}

#[test]
fn each_language_is_told_and_run() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path());
    #[rustfmt::skip]
    let rows = [
        ("event.action: GetObject AND NOT user.name: bo", "Lucene", "e-2"),
        ("event.action: GetObject and not user.name: bo", "KQL", "e-2"),
        ("any where event.action == \"GetObject\" and user.name != \"bo\"", "EQL", "e-2"),
        ("sequence by user.name with maxspan=5m [any where event.action == \"ListBuckets\"] [any where event.action == \"GetObject\"]", "EQL", "e-1 e-2"),
        ("FROM logs-* | WHERE event.action == \"GetObject\" AND user.name != \"bo\" | KEEP event.id", "ES|QL", "e-2"),
        ("event.action: GetObject | sort -@timestamp | fields event.id", "Lucene", "e-3 e-2"),
    ];
    for (text, language, want) in rows {
        let run = egret(folder.path(), ["query", text, "--case", "case", "-t", "json"]);
        assert_eq!(run.code, 0, "{text}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("read as {language}")), "{text}: {}", run.stderr);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&run.stdout).unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| row["event.id"].as_str().unwrap()).collect();
        assert_eq!(ids.join(" "), want, "{text}");
    }
}

#[test]
fn what_is_open_or_empty_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path());
    #[rustfmt::skip]
    let rows: &[(&[&str], i32, &str)] = &[
        (&["user.name: ana OR user.name: bo AND event.action: PutObject"], 2, "--reading standard  3 rows"),
        (&["user.name: ana OR user.name: bo AND event.action: PutObject"], 2, "--reading lucene    1 rows"),
        (&["okta.actor.id: x"], 0, "no event at hand has `okta.actor.id`"),
        (&["user.name: ANA"], 0, "2 events differ in capital letters only"),
        (&["@timestamp: [2020 TO 2021]"], 0, "lies outside the evidence"),
    ];
    for (arguments, code, want) in rows {
        let all = [&["query", "--case", "case"], *arguments].concat();
        let run = egret(folder.path(), all);
        assert_eq!(run.code, *code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(want), "{arguments:?}: expected `{want}` in\n{}", run.stderr);
    }
    let explained =
        egret(folder.path(), ["query", "event.action: Nothing", "--case", "case", "--explain"]);
    for part in
        ["language\nLucene", "expression\nevent.action = ", "row_groups_pruned_bloom_filter"]
    {
        assert!(explained.stdout.contains(part), "no `{part}` in\n{}", explained.stdout);
    }
}

#[test]
fn queries_are_translated() {
    let folder = tempfile::tempdir().unwrap();
    let text = "event.action: Get* AND source.ip: \"10.0.0.0/8\" AND NOT user.name: \"<who>\"";
    let to = |language: &str| {
        let run = egret(folder.path(), ["translate", text, "--set", "who=ana", "--to", language]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout.trim().to_owned()
    };
    assert_eq!(
        to("lucene"),
        "event.action: Get* AND source.ip: \"10.0.0.0/8\" AND NOT user.name: \"ana\""
    );
    assert_eq!(
        to("esql"),
        "FROM logs-*\n| WHERE (event.action LIKE \"Get*\" AND CIDR_MATCH(source.ip, \"10.0.0.0/8\") \
         AND NOT COALESCE(user.name == \"ana\", false))"
    );
    // The SQL runs where it was made for.
    case(folder.path());
    let sql = to("sql").replace("SELECT *", "SELECT count(*) AS n");
    let run = egret(folder.path(), ["sql", &sql, "--case", "case", "-t", "csv"]);
    assert_eq!(run.stdout, "n\n0\n", "{}", run.stderr);
}

#[test]
fn the_shell_asks_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path());
    let mut child = Command::new(env!("CARGO_BIN_EXE_egret"))
        .args(["shell", "--case", "case"])
        .current_dir(folder.path())
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "\\type csv\n\\set who=bo\nuser.name: <who> | stats count as n by event.action | sort event.action\nuser.nme: x\n\\nonsense\n\\q\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, said) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{said}");
    assert!(out.contains("event.action,n\nGetObject,1\nPutObject,1\n"), "{out}");
    assert!(said.contains("did you mean `user.name`?"), "{said}");
    assert!(said.contains("no command `\\nonsense`"), "{said}");
}
