//! Decoded files as text that one can read and compare.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use egret_sources::{Decoded, Registry, Sink};
use serde_json::{Map, Value, json};

/// Decodes a whole file with the source that knows it.
pub(crate) fn decode(registry: &Registry, bytes: &[u8]) -> (String, Decoded, Vec<String>) {
    let head = &bytes[..bytes.len().min(egret_model::limits::DETECT_BYTES)];
    let opened = registry.open(head).expect("some source knows the file");
    let (source, detection, mut decoder) = (opened.source, opened.detection, opened.decoder);
    let mut sink = Sink::new("evidence.log", "00");
    assert_eq!(decoder.feed(bytes, true, &mut sink), bytes.len(), "everything is consumed");
    let title = format!("{}, {}: {}", source.id(), detection.confidence, detection.reason);
    let decoded = sink.take().unwrap();
    let rows: usize = decoded.days.iter().map(|day| day.events.num_rows()).sum();
    let read = usize::try_from(decoded.read).unwrap();
    assert_eq!(read, rows.saturating_add(decoded.rejected.len()), "read = rows + rejected");
    (title, decoded, decoder.notes())
}

/// Every row in file order, as the fields it has.
pub(crate) fn rows(decoded: &Decoded) -> Vec<Map<String, Value>> {
    let mut rows: Vec<_> = decoded.days.iter().flat_map(|day| rows_of(&day.events)).collect();
    rows.sort_by_key(|row| row["log.offset"].as_i64());
    rows
}

fn rows_of(batch: &RecordBatch) -> Vec<Map<String, Value>> {
    let schema = batch.schema();
    (0..batch.num_rows())
        .map(|row| {
            let fields = schema.fields().iter().zip(batch.columns());
            let held = fields.filter(|(_, column)| !column.is_null(row));
            held.filter_map(|(field, column)| Some((field.name().clone(), value(column, row)?)))
                .collect()
        })
        .collect()
}

fn value(column: &dyn Array, row: usize) -> Option<Value> {
    Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            jiff::Timestamp::from_microsecond(micros).unwrap().to_string().into()
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            list.as_string::<i32>().iter().flatten().collect::<Vec<_>>().into()
        }
        // Sixteen bytes of an address that stands beside as text.
        _ => return None,
    })
}

/// One line each: the source, every row, every reject, every note.
pub(crate) fn ndjson(title: &str, decoded: &Decoded, notes: &[String]) -> String {
    let mut lines = vec![json!({ "source": title }).to_string()];
    for mut row in rows(decoded) {
        for same in ["log.file.path", "egret.evidence.sha256"] {
            row.remove(same);
        }
        lines.push(Value::Object(row).to_string());
    }
    lines.extend(decoded.rejected.iter().map(|one| {
        let text = String::from_utf8_lossy(&one.bytes);
        json!({ "rejected": { "record": one.record, "byte_offset": one.byte_offset, "reason": one.reason, "bytes": text } }).to_string()
    }));
    lines.extend(notes.iter().map(|note| json!({ "note": note }).to_string()));
    lines.push(String::new());
    lines.join("\n")
}

/// Files below a folder, sorted; none when it is absent.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A test file.
pub(crate) fn bytes_of(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}
