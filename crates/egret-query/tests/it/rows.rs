//! Events for a test, from JSON by the names of fields.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, new_null_array};
use egret_model::ecs::catalog::fields;
use egret_model::ecs::{Field, FieldKind, schema_of};
use egret_model::event::EventBuilder;
use serde_json::Value;

/// Rows of a file as a batch with every column, numbered in `log.offset`.
pub(crate) fn rows(path: &Path) -> RecordBatch {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    batch(&lines)
}

/// Rows as a batch with every column, numbered in `log.offset`.
pub(crate) fn batch(lines: &[Value]) -> RecordBatch {
    let mut events = EventBuilder::new();
    for (row, number) in lines.iter().zip(1i64..) {
        for (name, value) in row.as_object().unwrap() {
            let field = Field::by_name(name).unwrap_or_else(|| panic!("no field `{name}`"));
            set(&mut events, field, value);
        }
        events.set_i64(fields::LOG_OFFSET, number);
        events.end_row();
    }
    let some = events.finish().unwrap();
    let schema = Arc::new(schema_of(Field::all()));
    let columns = schema
        .fields()
        .iter()
        .map(|column| match some.column_by_name(column.name()) {
            Some(array) => Arc::clone(array),
            None => new_null_array(column.data_type(), some.num_rows()),
        })
        .collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

fn set(events: &mut EventBuilder, field: Field, value: &Value) {
    match field.kind() {
        FieldKind::Keyword | FieldKind::Json => events.set_str(field, value.as_str().unwrap()),
        FieldKind::Keywords => events
            .set_list(field, value.as_array().unwrap().iter().map(|item| item.as_str().unwrap())),
        FieldKind::Ip => assert!(events.set_ip(field, value.as_str().unwrap())),
        FieldKind::Long => events.set_i64(field, value.as_i64().unwrap()),
        FieldKind::Double => events.set_f64(field, value.as_f64().unwrap()),
        FieldKind::Boolean => events.set_bool(field, value.as_bool().unwrap()),
        FieldKind::Date => {
            let at = egret_model::time::parse_instant(value.as_str().unwrap()).unwrap();
            events.set_time(field, at.as_microsecond());
        }
        FieldKind::Flattened => {
            let mut tokens = String::from("\n");
            leaves(value, &mut Vec::new(), &mut tokens);
            events.set_flattened(field, &value.to_string(), &tokens);
        }
    }
}

fn leaves(value: &Value, path: &mut Vec<String>, tokens: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                path.push(name.clone());
                leaves(inner, path, tokens);
                path.pop();
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, tokens)),
        Value::Null => {}
        Value::String(text) => tokens.push_str(&format!("{}\t{text}\n", path.join("."))),
        other => tokens.push_str(&format!("{}\t{other}\n", path.join("."))),
    }
}
