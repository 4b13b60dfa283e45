//! One event as analyses need it: the columns, and values dug out of its documents.

use egret_model::ecs::catalog::fields;
use egret_model::ecs::{Field, FieldKind, alias};
use egret_model::report::{Citation, MovementActor};
use jiff::Timestamp;
use serde_json::Value;

use crate::engine::{AnalysisError, Rows};

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
    fields::CT_ADDITIONAL_EVENTDATA,
    fields::CT_EVENT_TYPE,
    fields::CT_RESOURCES,
    fields::CT_RESOURCES_ARN,
    fields::CT_RESOURCES_ACCOUNT_ID,
    fields::CT_VPC_ENDPOINT_ID,
    fields::AWS_S3_OBJECT_KEY,
    fields::SOURCE_BYTES,
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
    /// Names of the columns that a record is read from.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        COLUMNS.iter().map(|field| field.name())
    }

    /// Whether [`Self::values`] can find anything under a name.
    #[cfg(test)]
    pub(crate) fn reads(name: &str) -> bool {
        let name = alias::canonical(name);
        COLUMNS.iter().any(|field| {
            *field.name() == *name
                || (field.kind() == FieldKind::Flattened
                    && name.strip_prefix(field.name()).is_some_and(|rest| rest.starts_with('.')))
        })
    }

    /// One row; `None` when it has no time.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`] when a column of [`Self::names`] is missing.
    pub(crate) fn of(rows: &Rows, row: usize) -> Result<Option<Self>, AnalysisError> {
        let Some(time) = rows.time(fields::TIMESTAMP.name(), row)? else { return Ok(None) };
        let mut values = Vec::new();
        for field in COLUMNS.iter().copied() {
            if field.kind() == FieldKind::Date || field == fields::LOG_OFFSET {
                continue;
            }
            if field.kind() == FieldKind::Long {
                let number = rows.number(field.name(), row)?;
                values.extend(number.map(|number| (field, number.to_string())));
            } else if field.kind() == FieldKind::Keywords {
                let texts = rows.texts(field.name(), row)?;
                values.extend(texts.into_iter().map(|text| (field, text)));
            } else if let Some(value) = rows.string(field.name(), row)? {
                values.push((field, value));
            }
        }
        let outcome = rows.string(fields::EVENT_OUTCOME.name(), row)?.unwrap_or_default();
        Ok(Some(Self { time, citation: rows.citation(row)?, outcome, values }))
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
                    .values
                    .iter()
                    .filter(|(held, _)| *held == field)
                    .map(|(_, value)| Value::String(value.clone()))
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
            let action = self.get(fields::EVENT_ACTION).unwrap_or_default();
            let mut found = Vec::new();
            dig(unwrapped(&document, action), path, &mut found);
            if found.is_empty() {
                dig(&document, path, &mut found);
            }
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

    /// Owner of a bucket, as the event's list of resources says: an account, or the mask that
    /// CloudTrail puts where the owner is another account than the log's.
    pub fn owner_of_bucket(&self, bucket: &str) -> Option<String> {
        let resources: Value = serde_json::from_str(self.get(fields::CT_RESOURCES)?).ok()?;
        resources.as_array()?.iter().find_map(|resource| {
            let arn = resource.get("ARN").or_else(|| resource.get("arn"))?.as_str()?;
            let owner = resource.get("accountId")?.as_str()?;
            (egret_model::aws::s3_object_of_arn(arn) == Some((bucket, None)))
                .then(|| owner.to_owned())
        })
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

/// Newer calls nest everything under `<Action>Request` or `<Action>Response`, some beside a `Host`.
fn unwrapped<'d>(document: &'d Value, action: &str) -> &'d Value {
    let Value::Object(members) = document else { return document };
    members
        .iter()
        .find(|(name, inner)| {
            let rest = name.strip_prefix(action);
            inner.is_object() && matches!(rest, Some("Request" | "Response"))
        })
        .map_or(document, |(_, inner)| inner)
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
            dig(unwrapped(&document, "CreateStoreImageTask"), path, &mut found);
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
