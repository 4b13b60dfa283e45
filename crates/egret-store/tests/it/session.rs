//! What a session over the store answers.

use datafusion::arrow::util::pretty::pretty_format_batches;
use egret_model::ecs::Field;
use egret_store::{CaseDir, SessionOptions, events_schema};

use crate::logs::{Bench, cloudtrail, flows};

#[test]
fn an_empty_case_has_every_column_and_no_rows() {
    let bench = Bench::new();
    assert_eq!(bench.number("SELECT count(*) FROM events"), 0);
    assert_eq!(bench.number("SELECT count(\"user.name\") FROM events WHERE dataset = 'x'"), 0);
    let columns = u64::try_from(events_schema().fields().len() + 2).unwrap();
    assert_eq!(
        bench.number("SELECT count(*) FROM information_schema.columns WHERE table_name = 'events'"),
        columns
    );
    assert!(events_schema().fields().len() > Field::all().count());
}

#[test]
fn no_case_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = CaseDir::open(&folder.path().join("case")).unwrap_err().to_string();
    assert!(error.contains("is not a case folder"), "{error}");
}

#[test]
fn a_column_that_a_part_does_not_have_reads_as_null() {
    let bench = Bench::with(&[("a", cloudtrail(0..30)), ("b", flows(0..5))]);
    bench.ingest();
    assert_eq!(
        bench.ask(
            "SELECT dataset, date, count(*) AS events, count(\"user.name\") AS users, \
             count(\"destination.ip\") AS receivers, count(\"okta.uuid\") AS okta, \
             sum(\"source.bytes\") AS bytes FROM events GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        "\
+----------------+------------+--------+-------+-----------+------+-------+
| dataset        | date       | events | users | receivers | okta | bytes |
+----------------+------------+--------+-------+-----------+------+-------+
| aws.cloudtrail | 2025-07-01 | 24     | 24    | 0         | 0    |       |
| aws.cloudtrail | 2025-07-02 | 6      | 6     | 0         | 0    |       |
| aws.vpcflow    | 2025-07-24 | 5      | 0     | 5         | 0    | 10    |
+----------------+------------+--------+-------+-----------+------+-------+"
    );
}

#[test]
fn filters_of_every_kind_find_their_rows() {
    let bench = Bench::with(&[("a", cloudtrail(0..48)), ("b", flows(0..5))]);
    bench.ingest();
    let rows = [
        ("equality", "\"user.name\" = 'ana'", 48),
        ("a value that bloom filters rule out", "\"user.name\" = 'bo'", 0),
        ("prefix", "\"aws.s3.object.key\" LIKE 'exports/4%'", 9),
        ("contains, ignoring case", "\"aws.s3.object.key\" ILIKE '%PORTS/47'", 1),
        ("not", "\"user.name\" IS DISTINCT FROM 'ana'", 5),
        ("column that no part has", "\"okta.uuid\" = 'x'", 0),
        ("column that no part has, negated", "\"okta.uuid\" IS DISTINCT FROM 'x'", 53),
        (
            "time",
            "\"@timestamp\" >= '2025-07-02T00:00:00Z' AND \"@timestamp\" < '2025-07-02T02:00:00Z'",
            2,
        ),
        ("time zone of the table", "\"@timestamp\" = TIMESTAMPTZ '2025-07-01 05:00:00+00'", 1),
        (
            "network",
            "\"egret.ip.source.ip\" BETWEEN X'00000000000000000000ffffcb007100' AND X'00000000000000000000ffffcb0071ff'",
            48,
        ),
        ("list", "array_has(\"related.ip\", '203.0.113.9')", 48),
        (
            "token of a document",
            "\"egret.tokens.aws.cloudtrail.request_parameters\" LIKE '%\nkey\texports/7\n%'",
            1,
        ),
        ("across columns", "\"user.name\" = 'bo' OR \"source.port\" = 49152", 5),
        ("partition", "date = '2025-07-02' AND dataset = 'aws.cloudtrail'", 24),
    ];
    for (name, filter, want) in rows {
        let sql = format!("SELECT count(*) FROM events WHERE {filter}");
        assert_eq!(bench.number(&sql), want, "row: {name}");
    }
}

#[test]
fn partitions_and_row_groups_are_pruned() {
    let bench = Bench::with(&[("a", cloudtrail(0..240))]);
    bench.ingest();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let plan = |sql: &str| {
        let sql = format!("EXPLAIN ANALYZE {sql}");
        runtime.block_on(async {
            let options = SessionOptions { threads: 1, ..SessionOptions::default() };
            let session = egret_store::session(&bench.case(), &options).await.unwrap();
            let answer = session.sql(&sql).await.unwrap().collect().await.unwrap();
            pretty_format_batches(&answer).unwrap().to_string()
        })
    };
    let by_day = plan("SELECT \"event.id\" FROM events WHERE date = '2025-07-03'");
    assert_eq!(by_day.matches("date=2025-07-").count(), 1, "{by_day}");
    let by_bloom = plan("SELECT \"event.id\" FROM events WHERE \"user.name\" = 'anb'");
    assert!(
        by_bloom.contains("row_groups_pruned_statistics=10 total → 0 matched")
            || by_bloom.contains("files_ranges_pruned_statistics=10 total → 0 matched"),
        "{by_bloom}"
    );
}
