//! One event as analyses need it: the columns, and values dug out of its documents.

use datafusion::logical_expr::Expr;
use egret_model::ecs::catalog::fields;
use egret_model::ecs::{Field, FieldKind, alias};
use egret_model::report::{Citation, MovementActor};
use jiff::Timestamp;
use serde_json::Value;

use crate::engine::{AnalysisError, Rows, column};

/// Columns a record is read from.
const COLUMNS: &[Field] = &[
    fields::TIMESTAMP,
    fields::EVENT_ID,
    fields::EVENT_DATASET,
    fields::EVENT_ACTION,
    fields::EVENT_PROVIDER,
    fields::EVENT_OUTCOME,
    fields::CLOUD_ACCOUNT_ID,
    fields::CLOUD_REGION,
    fields::SOURCE_ADDRESS,
    fields::USER_NAME,
    fields::USER_AGENT_ORIGINAL,
    fields::AWS_S3_BUCKET_NAME,
    fields::CT_ERROR_CODE,
    fields::CT_SHARED_EVENT_ID,
    fields::CT_USER_IDENTITY_TYPE,
    fields::CT_USER_IDENTITY_ARN,
    fields::CT_USER_IDENTITY_ACCOUNT_ID,
    fields::CT_USER_IDENTITY_ACCESS_KEY_ID,
    fields::CT_USER_IDENTITY_SESSION_NAME,
    fields::CT_USER_IDENTITY_INVOKED_BY,
    fields::CT_REQUEST_PARAMETERS,
    fields::CT_RESPONSE_ELEMENTS,
    fields::CT_SERVICE_EVENT_DETAILS,
    fields::LOG_FILE_PATH,
    fields::LOG_OFFSET,
];

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When.
    pub time: Timestamp,
    /// Where it lies.
    pub citation: Citation,
    /// `event.outcome`.
    pub outcome: String,
    values: Vec<(Field, String)>,
}

impl Record {
    /// Columns to select for [`Self::all`].
    pub fn columns() -> Vec<Expr> {
        COLUMNS.iter().copied().map(column).collect()
    }

    /// Every row that has a time.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`] when a column of [`Self::columns`] is missing.
    pub fn all(rows: &Rows) -> Result<Vec<(usize, Self)>, AnalysisError> {
        let mut records = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let Some(time) = rows.time(fields::TIMESTAMP.name(), row)? else { continue };
            let mut values = Vec::new();
            for field in COLUMNS.iter().copied() {
                if matches!(field.kind(), FieldKind::Date | FieldKind::Long) {
                    continue;
                }
                if let Some(value) = rows.string(field.name(), row)? {
                    values.push((field, value));
                }
            }
            let outcome = rows.string(fields::EVENT_OUTCOME.name(), row)?.unwrap_or_default();
            records.push((row, Self { time, citation: rows.citation(row)?, outcome, values }));
        }
        Ok(records)
    }

    /// Value of a column.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.values.iter().find(|(held, _)| *held == field).map(|(_, value)| value.as_str())
    }

    /// Values of a field, or of a path below a document, in document order. Nulls and masks are
    /// left out.
    pub fn values(&self, name: &str) -> Vec<Value> {
        let name = alias::canonical(name);
        if let Some(field) = Field::by_name(&name) {
            if field.kind() != FieldKind::Flattened {
                return self
                    .get(field)
                    .map(|value| Value::String(value.to_owned()))
                    .into_iter()
                    .collect();
            }
            return self.document(field).into_iter().collect();
        }
        for field in COLUMNS.iter().copied().filter(|field| field.kind() == FieldKind::Flattened) {
            let Some(path) =
                name.strip_prefix(field.name()).and_then(|rest| rest.strip_prefix('.'))
            else {
                continue;
            };
            let Some(document) = self.document(field) else { return Vec::new() };
            let mut found = Vec::new();
            dig(unwrapped(&document), path, &mut found);
            return found.into_iter().filter(|value| !is_masked(value)).cloned().collect();
        }
        Vec::new()
    }

    /// Like [`Self::values`], as text; numbers as written.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.values(name).iter().filter_map(text_of).collect()
    }

    fn document(&self, field: Field) -> Option<Value> {
        serde_json::from_str(self.get(field)?).ok()
    }

    /// Who did it, as the event names them.
    pub fn actor(&self) -> MovementActor {
        let get = |field| self.get(field).map(str::to_owned);
        MovementActor {
            principal: get(fields::CT_USER_IDENTITY_ARN)
                .or_else(|| get(fields::CT_USER_IDENTITY_INVOKED_BY)),
            user: get(fields::CT_USER_IDENTITY_SESSION_NAME).or_else(|| get(fields::USER_NAME)),
            access_key_id: get(fields::CT_USER_IDENTITY_ACCESS_KEY_ID)
                .filter(|key| !key.is_empty()),
            source_ip: get(fields::SOURCE_ADDRESS),
        }
    }
}

/// Newer EC2 calls nest everything under `<Action>Request` or `<Action>Response`.
fn unwrapped(document: &Value) -> &Value {
    match document {
        Value::Object(members) if members.len() == 1 => match members.iter().next() {
            Some((name, inner))
                if inner.is_object()
                    && (name.ends_with("Request") || name.ends_with("Response")) =>
            {
                inner
            }
            _ => document,
        },
        _ => document,
    }
}

/// Values at a dotted path; lists are seen through, and the first letter's case does not matter.
fn dig<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(values) => {
            for value in values {
                dig(value, path, found);
            }
        }
        _ if path.is_empty() && !value.is_null() => {
            found.push(value);
        }
        Value::Object(members) => {
            for (name, inner) in members {
                if let Some(rest) = strip_name(path, name) {
                    dig(inner, rest, found);
                }
            }
        }
        _ => {}
    }
}

/// What of the path lies below a member of that name. Member names may hold dots themselves.
fn strip_name<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let (head, rest) = path.split_at_checked(name.len())?;
    let same = head == name
        || (head.get(1..) == name.get(1..)
            && head.get(..1).zip(name.get(..1)).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)));
    if !same || name.is_empty() {
        return None;
    }
    if rest.is_empty() { Some("") } else { rest.strip_prefix('.') }
}

/// Text of a leaf; `None` for what is no leaf.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Whether AWS put a mask where a value was.
fn is_masked(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        text == "HIDDEN_DUE_TO_SECURITY_REASONS"
            || text == "Value hidden due to security reasons."
            || text == "<sensitiveDataRemoved>"
            || (!text.is_empty() && text.bytes().all(|byte| byte == b'*') && text.len() > 2)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_see_through_lists_wrappers_and_the_first_letters_case() {
        let document =
            json!({"CreateStoreImageTaskRequest": {"Bucket": "b", "Items": [{"x": 1}, {"x": 2}]}});
        let texts = |path: &str| {
            let mut found = Vec::new();
            dig(unwrapped(&document), path, &mut found);
            found.into_iter().filter_map(text_of).collect::<Vec<_>>()
        };
        assert_eq!(texts("bucket"), ["b"]);
        assert_eq!(texts("items.x"), ["1", "2"]);
        assert_eq!(texts("items"), Vec::<String>::new());
        assert_eq!(texts("Buck"), Vec::<String>::new());
    }

    #[test]
    fn member_names_may_hold_dots() {
        let document = json!({"a.b": {"c": "x"}});
        let mut found = Vec::new();
        dig(&document, "a.b.c", &mut found);
        assert_eq!(found, [&json!("x")]);
    }

    #[test]
    fn masks_are_no_values() {
        for mask in ["HIDDEN_DUE_TO_SECURITY_REASONS", "****", "<sensitiveDataRemoved>"] {
            assert!(is_masked(&json!(mask)), "{mask}");
        }
        assert!(!is_masked(&json!("*")), "a star is everyone, not a mask");
    }
}
