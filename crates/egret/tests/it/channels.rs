//! Every channel, in a case in which it happened and in one that only looks like it.
//!
//! The cases lie in `tests/channels`, a file a channel: what differs from an ordinary record, and
//! the movements to be found, a line each. A channel without its file, or a file without its
//! channel, fails here. `docs/channels.md` is made from the
//! channels; with `EGRET_BLESS` set it is written, else compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use egret_investigate::channel::{Analysis, Channel};
use egret_investigate::context::{Context, Judge};
use egret_investigate::coverage::facts;
use egret_investigate::engine::Engine;
use egret_investigate::movements::{Found, Scope, find};
use egret_model::progress::Silent;
use egret_model::report::{Authorised, Grade, Movement};
use egret_model::time::TimeRange;
use egret_sources::Registry;
use egret_store::{CaseDir, IngestOptions, SessionOptions};
use serde_json::{Value, json};

const OWN_ACCOUNT: &str = "111122223333";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/channels")
}

fn cases() -> BTreeMap<String, Value> {
    let mut cases = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        cases.insert(name, case);
    }
    cases
}

/// A record with what it does not say filled in.
fn whole(record: &Value, number: usize) -> Value {
    let mut whole = json!({
        "eventVersion": "1.11",
        "eventTime": format!("2026-03-03T{:02}:{:02}:00Z", 10 + number / 60, number % 60),
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.23",
        "userAgent": "aws-cli/2.31.0",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "managementEvent": true,
        "readOnly": false,
        "recipientAccountId": OWN_ACCOUNT,
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "requestID": format!("request-{number}"),
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAIOSFODNN7EXAMPLE",
            "arn": format!("arn:aws:iam::{OWN_ACCOUNT}:user/mallory"),
            "accountId": OWN_ACCOUNT,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "mallory",
        },
    });
    for (name, value) in record.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

/// Writes the logs of one case below the folder.
fn write(case: &Value, logs: &Path, first: usize) -> usize {
    std::fs::create_dir_all(logs).unwrap();
    let empty = Vec::new();
    let records = case["records"].as_array().unwrap_or(&empty);
    let records: Vec<Value> =
        records.iter().zip(first..).map(|(record, number)| whole(record, number)).collect();
    if !records.is_empty() {
        let file = logs.join(format!("{first}.json"));
        std::fs::write(file, json!({ "Records": records }).to_string()).unwrap();
    }
    for log in case["logs"].as_array().unwrap_or(&empty) {
        let mut text = String::new();
        for line in log["lines"].as_array().unwrap_or(&empty) {
            text.push_str(line.as_str().unwrap());
            text.push('\n');
        }
        if let Some(line) = log["line"].as_str() {
            for number in 0..log["repeat"].as_u64().unwrap() {
                let encoded = format!("{:x}", md(number));
                text.push_str(
                    &line.replace("{n}", &number.to_string()).replace("{encoded}", &encoded),
                );
                text.push('\n');
            }
        }
        std::fs::write(logs.join(log["name"].as_str().unwrap()), text).unwrap();
    }
    first + records.len()
}

/// Digits that look like chance and are the same every time.
fn md(number: u64) -> u128 {
    let mixed = |salt: u64| {
        let mut state = number.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        state ^= state >> 31;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^ (state >> 29)
    };
    (u128::from(mixed(1)) << 64) | u128::from(mixed(2))
}

async fn search(logs: &Path, channels: &[Channel], context: &Value) -> Found {
    search_within(logs, channels, context, None).await
}

/// Searches a window, by default the span of the logs.
async fn search_within(
    logs: &Path,
    channels: &[Channel],
    context: &Value,
    window: Option<TimeRange>,
) -> Found {
    let work = tempfile::tempdir().unwrap();
    let case = CaseDir::create_or_open(&work.path().join("case")).unwrap();
    let options = IngestOptions::default();
    let registry = Registry::standard();
    egret_store::ingest(&case, &[logs.to_owned()], &registry, &options, &Silent).unwrap();
    let session = egret_store::session(&case, &SessionOptions::default()).await.unwrap();
    let engine = Engine::new(session);
    let facts = facts(&engine).await.unwrap();
    let span = facts.span.expect("the case has no event");
    let context: Context = serde_json::from_value(match context {
        Value::Null => json!({}),
        given => given.clone(),
    })
    .unwrap();
    let judge = Judge::new(context, facts.accounts.iter().cloned(), facts.buckets.iter().cloned());
    let names = facts.names();
    let end = span.end.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    let window = window.unwrap_or(TimeRange { start: span.start, end });
    let scope = Scope {
        window,
        habit: None,
        now: end,
        judge: &judge,
        datasets: &names,
        read_buckets: &facts.buckets_with_data_events,
    };
    find(&engine, channels, &scope).await.unwrap()
}

/// A movement as the cases write it.
fn line(movement: &Movement) -> String {
    let mut line = format!(
        "{} {} {} -> {} {}",
        movement.grade.as_str(),
        movement.resource.kind,
        movement.resource.id,
        movement.destination.kind,
        movement.destination.id,
    );
    if movement.closed_at.is_some() {
        line.push_str(" closed");
    }
    if let Some(bytes) = movement.bytes.value.filter(|_| movement.grade != Grade::Attempted) {
        line.push_str(&format!(" {bytes} bytes"));
    }
    line
}

/// The channel, and those that it leans on.
fn with_relatives(channels: &[Channel], id: &str) -> Vec<Channel> {
    let own = channels.iter().find(|channel| channel.id == id).unwrap();
    let mut wanted: BTreeSet<&str> = BTreeSet::from([id]);
    wanted.extend(own.events.iter().filter_map(|rule| rule.receivers_of.as_deref()));
    wanted.extend(
        channels
            .iter()
            .filter(|channel| channel.instead_of.as_deref() == Some(id))
            .map(|channel| channel.id.as_str()),
    );
    channels.iter().filter(|channel| wanted.contains(channel.id.as_str())).cloned().collect()
}

/// What was found where something else was to be.
async fn differences(id: &str, name: &str, case: &Value, channels: &[Channel]) -> Vec<String> {
    let logs = tempfile::tempdir().unwrap();
    write(case, logs.path(), 0);
    let found = search(logs.path(), &with_relatives(channels, id), &case["context"]).await;
    let own: Vec<&Movement> =
        found.movements.iter().filter(|movement| movement.channel == id).collect();
    let mut got: Vec<String> = own.iter().map(|movement| line(movement)).collect();
    got.sort();
    let mut wanted: Vec<String> = case["expect"]
        .as_array()
        .unwrap_or_else(|| panic!("{id}: {name} says not what to expect"))
        .iter()
        .map(|line| line.as_str().unwrap().to_owned())
        .collect();
    wanted.sort();
    let mut different = Vec::new();
    if got != wanted {
        different.push(format!("{id}, {name}:\n  found    {got:#?}\n  expected {wanted:#?}"));
    }
    for movement in own {
        let theft = movement.destination.external == Some(true)
            && movement.destination.authorised != Authorised::Yes
            && movement.grade != Grade::Prepared;
        if name == "looks_like" && theft {
            different
                .push(format!("{id}: what only looks like it is reported: {}", line(movement)));
        }
        if movement.events.is_empty() || movement.grade_reason.is_empty() {
            different.push(format!("{id}: `{}` cites nothing or says not why", movement.title));
        }
        for hole in ["{resource}", "{destination}", "{bytes}"] {
            if movement.title.contains(hole) {
                different.push(format!("{id}: `{}` has a hole", movement.title));
            }
        }
    }
    different
}

async fn check(name: &'static str) {
    let channels = Channel::built_in().unwrap();
    let cases = cases();
    let ids: BTreeSet<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
    let named: BTreeSet<&str> = cases.keys().map(String::as_str).collect();
    assert_eq!(ids, named, "each channel has a file in tests/channels, and each file its channel");
    let only = std::env::var("EGRET_CHANNEL").unwrap_or_default();
    let mut different = Vec::new();
    for (id, case) in
        cases.iter().filter(|(id, _)| only.is_empty() || only.split(',').any(|one| one == *id))
    {
        different.extend(differences(id, name, &case[name], &channels).await);
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_found() {
    check("happened").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_like_it_is_not() {
    check("looks_like").await;
}

/// All cases in one store, all channels in one search: none takes what is another's.
#[tokio::test(flavor = "multi_thread")]
async fn channels_do_not_get_in_each_others_way() {
    let channels = Channel::built_in().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let mut first = 0;
    for (id, case) in cases() {
        first = write(&case["happened"], &logs.path().join(id), first);
    }
    let found = search(logs.path(), &channels, &Value::Null).await;
    for result in &found.results {
        assert_eq!(result.status, "found", "{}: {}", result.id, result.detail);
    }
}

#[test]
fn the_page_of_channels_is_up_to_date() {
    let page = page(&Channel::built_in().unwrap());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/channels.md");
    if std::env::var_os("EGRET_BLESS").is_some() {
        std::fs::write(file, page).unwrap();
        return;
    }
    let held = std::fs::read_to_string(file).unwrap_or_default();
    assert!(held == page, "docs/channels.md is not what the channels say; run with EGRET_BLESS=1");
}

/// `docs/channels.md`.
fn page(channels: &[Channel]) -> String {
    let mut page = String::from(
        "# Ways out of AWS\n\n\
         Made from the files in `crates/egret-investigate/channels`; a test compares it with them \
         (`EGRET_BLESS=1 cargo nextest run -p egret channels` writes it anew).\n\
         Each channel has a case in which it happened and one that only looks like it, in \
         `crates/egret/tests/channels/<id>.json`; the tests `channels::what_happened_is_found` and \
         `channels::what_only_looks_like_it_is_not` run both.\n\n\
         | channel | what it is | ATT&CK | logs |\n|---|---|---|---|\n",
    );
    for channel in channels {
        page.push_str(&format!(
            "| [{0}](#{0}) | {1} | {2} | {3} |\n",
            channel.id,
            channel.title,
            channel.attack.join(", "),
            channel.datasets.join(", ")
        ));
    }
    for channel in channels {
        page.push_str(&format!(
            "\n## {}\n\n{}.\n{}\n\n",
            channel.id,
            channel.title,
            channel.about.trim()
        ));
        let how = match channel.analysis {
            Analysis::Events => "each event is looked at by itself",
            Analysis::Reads | Analysis::S3Reads => {
                "drawn together by caller, address and resource; the destination is the caller"
            }
            Analysis::Flows => "drawn together by sender and receiver",
            Analysis::Dns => "drawn together by host and registered domain",
        };
        page.push_str(&format!("Events, {how}:\n\n"));
        page.push_str(
            "| events | what moved | where to | proves | volume |\n|---|---|---|---|---|\n",
        );
        for rule in &channel.events {
            let to: BTreeSet<String> = rule
                .destination
                .iter()
                .map(|one| match &one.id {
                    Some(id) => format!("`{id}`"),
                    None => format!("`{}`", short(&one.field)),
                })
                .collect();
            let to: Vec<String> = to.into_iter().collect();
            let events = match rule.names.as_slice() {
                [] => cell(&rule.key().query()),
                names => format!("{} ({})", names.join(", "), rule.source.join(", ")),
            };
            page.push_str(&format!(
                "| {events} | {} | {} | `{}`: {} | {} |\n",
                rule.resource.kind,
                if to.is_empty() { "-".to_owned() } else { to.join(", ") },
                rule.grade.as_str(),
                cell(&rule.proves),
                cell(&rule.volume.method),
            ));
        }
        let closing: BTreeSet<&str> =
            channel.closes.iter().flat_map(|rule| &rule.names).map(String::as_str).collect();
        if !closing.is_empty() {
            let closing: Vec<&str> = closing.into_iter().collect();
            page.push_str(&format!("\nClosed by {}.\n", closing.join(", ")));
        }
        if channel.data_events {
            page.push_str(
                "\nThese are data or network activity events, logged only where that is switched \
                 on: without any the answer is `not_covered`.\n",
            );
        }
        page.push_str("\nLooks like it:\n\n");
        for one in &channel.looks_like {
            page.push_str(&format!(
                "- {}: {}; {}\n",
                one.scenario.replace('_', " "),
                one.tell,
                one.check
            ));
        }
        page.push_str("\nSources: ");
        let links: Vec<String> =
            channel.references.iter().map(|link| format!("<{link}>")).collect();
        page.push_str(&format!("{}\n", links.join(", ")));
    }
    page
}

fn short(field: &str) -> &str {
    field.strip_prefix("aws.cloudtrail.").unwrap_or(field)
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Finds within a window, all channels.
async fn within(case: &Value, window: TimeRange) -> Found {
    let logs = tempfile::tempdir().unwrap();
    write(case, logs.path(), 0);
    search_within(logs.path(), &Channel::built_in().unwrap(), &Value::Null, Some(window)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_outside_the_window_are_known_but_not_counted() {
    let call = |time: &str| {
        json!({
            "eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue",
            "requestParameters": { "secretId": "prod/db" }, "eventTime": time,
        })
    };
    let times = ["2026-03-03T01:00:00Z", "2026-03-03T11:00:00Z", "2026-03-03T12:00:00Z"];
    let case = json!({ "records": times.map(call) });
    let at = |time: &str| time.parse().unwrap();
    let window = TimeRange { start: at("2026-03-03T10:00:00Z"), end: at("2026-03-03T11:30:00Z") };
    let found = within(&case, window).await;
    let read = found.movements.iter().find(|one| one.channel == "secret_read").unwrap();
    assert_eq!((read.event_count, read.events.len()), (1, 1));
    assert_eq!((read.first, read.last), (at(times[1]), at(times[1])));
    assert_eq!(found.earlier.of(&read.destination).unwrap().days, 1, "the call at one o'clock");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_after_the_door_closed_proves_nothing() {
    let replicated = |time: &str| {
        json!({
            "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "eventTime": time,
            "eventCategory": "Data", "managementEvent": false,
            "sourceIPAddress": "s3.amazonaws.com",
            "userIdentity": {
                "type": "AssumedRole", "accountId": OWN_ACCOUNT, "invokedBy": "s3.amazonaws.com",
                "arn": format!("arn:aws:sts::{OWN_ACCOUNT}:assumed-role/replicator/s3-replication"),
                "sessionContext": { "sessionIssuer": { "type": "Role", "userName": "replicator" } },
            },
            "requestParameters": { "bucketName": "far-copy", "key": "a" },
        })
    };
    let rule = |name: &str, time: &str| {
        json!({
            "eventSource": "s3.amazonaws.com", "eventName": name, "eventTime": time,
            "requestParameters": {
                "bucketName": "payroll",
                "ReplicationConfiguration": { "Rule": {
                    "Destination": { "Bucket": "arn:aws:s3:::far-copy", "Account": "444455556666" },
                } },
            },
        })
    };
    let at = |time: &str| time.parse().unwrap();
    let window = TimeRange { start: at("2026-03-03T00:00:00Z"), end: at("2026-03-04T00:00:00Z") };
    let on = rule("PutBucketReplication", "2026-03-03T10:00:00Z");
    let off = rule("DeleteBucketReplication", "2026-03-03T11:00:00Z");
    for (write, grade, events) in
        [("2026-03-03T10:30:00Z", Grade::Performed, 2), ("2026-03-03T12:00:00Z", Grade::Enabled, 1)]
    {
        let case = json!({ "records": [on, off, replicated(write)] });
        let found = within(&case, window).await;
        let door = found.movements.iter().find(|one| one.channel == "s3_replication").unwrap();
        assert_eq!((door.grade, door.event_count), (grade, events), "{write}: {door:#?}");
        assert_eq!(door.closed_at, Some(at("2026-03-03T11:00:00Z")), "{write}");
    }
}
