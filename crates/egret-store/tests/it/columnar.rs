//! Evidence in Parquet.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::logs::{Bench, account};

/// A flow log as a table of so many rows.
fn flows(rows: usize) -> Vec<u8> {
    let text = |value: &str| Arc::new(StringArray::from(vec![value; rows])) as _;
    let number = |value: i64| Arc::new(Int64Array::from(vec![value; rows])) as _;
    let bytes = Int64Array::from_iter_values((1..).take(rows));
    let batch = RecordBatch::try_from_iter([
        ("version", number(2)),
        ("account_id", text("111122223333")),
        ("interface_id", text("eni-0123456789abcdef0")),
        ("srcaddr", text("10.0.1.5")),
        ("dstaddr", text("203.0.113.9")),
        ("srcport", number(49152)),
        ("dstport", number(443)),
        ("protocol", number(6)),
        ("packets", number(20)),
        ("bytes", Arc::new(bytes) as _),
        ("start", number(1_753_326_000)),
        ("end", number(1_753_326_060)),
        ("action", text("ACCEPT")),
        ("log_status", text("OK")),
    ])
    .unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

#[test]
fn rows_of_a_table_are_records() {
    let bench = Bench::with(&[("flows.parquet", flows(3_000))]);
    let summary = bench.ingest();
    assert_eq!(account(&summary.files[0]), (3_000, 3_000, 0, 0));
    assert_eq!(summary.files[0].source.as_deref(), Some("vpc_flow"));
    let sum = (1..=3_000).sum::<u64>();
    assert_eq!(bench.number("SELECT sum(\"source.bytes\") FROM events"), sum);
}

#[test]
fn a_broken_table_is_quarantined_and_named() {
    let mut cut = flows(10);
    cut.truncate(cut.len() - 9);
    let bench =
        Bench::with(&[("cut.parquet", cut), ("other.parquet", b"PAR1 and no more".to_vec())]);
    let summary = bench.ingest();
    for file in &summary.files {
        assert_eq!(account(file), (1, 0, 0, 1), "{file:?}");
        assert!(file.notes[0].starts_with("Parquet that cannot be read"), "{file:?}");
    }
}
