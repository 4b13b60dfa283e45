//! Records kept whole as one free-form document, with columns for what is asked of them.

use egret_model::ecs::Field;
use egret_model::event::EventBuilder;
use serde_json::{Map, Value};

use crate::json::tokens::Root;
use crate::json::{Cursor, Tokens};

/// A record, and ways to its values.
pub(crate) struct Document(pub(crate) Map<String, Value>);

impl Document {
    /// The value at a dotted path; a list's first element stands for it.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let mut value = self.0.get(parts.next()?)?;
        for part in parts {
            if let Value::Array(values) = value {
                value = values.first()?;
            }
            value = value.get(part)?;
        }
        match value {
            Value::Array(values) => values.first(),
            Value::Null => None,
            other => Some(other),
        }
    }

    /// The first of some paths that has text or a number, as text.
    pub(crate) fn text(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| match self.get(path)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        })
    }

    /// Sets texts by the first path that has one.
    pub(crate) fn set_texts(&self, row: &mut EventBuilder, columns: &[(Field, &[&str])]) {
        for (field, paths) in columns {
            row.set_opt(*field, self.text(paths).as_deref());
        }
    }
}

/// Keeps a record whole in a flattened column.
pub(crate) fn keep_whole(row: &mut EventBuilder, field: Field, json: &str) {
    let mut tokens = Tokens::default();
    let mut cursor = Cursor::new(json);
    if let Ok(Some(flat)) = tokens.flatten(&mut cursor, Root::Plain) {
        row.set_flattened(field, flat.json, tokens.of(&flat));
    }
}
