//! A policy document as logs hold it: an object, JSON text, or percent-encoded JSON text; members
//! in any case; lists with or without brackets.

use std::borrow::Cow;

use serde_json::Value;

use super::{LIST_MAX, POLICY_BYTES_MAX, STATEMENTS_MAX};

/// The policy is beyond what is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// The document behind a value; `None` when it is none.
pub(super) fn read(value: &Value) -> Result<Option<Cow<'_, Value>>, TooLarge> {
    let mut document = Cow::Borrowed(value);
    // Some services log text in text.
    for _ in 0..3 {
        let Value::String(text) = document.as_ref() else { break };
        if text.len() > POLICY_BYTES_MAX {
            return Err(TooLarge);
        }
        match parse(text) {
            Some(inner) => document = Cow::Owned(inner),
            None => return Ok(None),
        }
    }
    let readable = matches!(document.as_ref(), Value::Object(_) | Value::Array(_));
    Ok(readable.then_some(document))
}

fn parse(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    serde_json::from_str(&percent_decoded(text)?).ok()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high.wrapping_shl(4) | low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Its statements. A statement alone, as Lambda answers it, is a policy too.
pub(super) fn statements(document: &Value) -> Result<&[Value], TooLarge> {
    let statements = match member(document, "Statement") {
        Some(listed) => one_or_many(Some(listed)),
        None => one_or_many(Some(document)),
    };
    if statements.len() > STATEMENTS_MAX { Err(TooLarge) } else { Ok(statements) }
}

/// A member by its name in any case.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A list, or one value as if it were a list.
pub(super) fn one_or_many(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(values)) => values,
        None | Some(Value::Null) => &[],
        Some(value) => std::slice::from_ref(value),
    }
}

/// Texts of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts {
    /// In the order written.
    pub list: Vec<String>,
    /// Whether there was more in the list than text: a value that is no text says nothing.
    pub unreadable: bool,
}

/// Texts of a list or of one value.
pub(super) fn texts(value: Option<&Value>) -> Result<Texts, TooLarge> {
    let values = one_or_many(value);
    if values.len() > LIST_MAX {
        return Err(TooLarge);
    }
    let list: Vec<String> = values.iter().filter_map(text).collect();
    Ok(Texts { unreadable: list.len() < values.len(), list })
}

/// Text of a value.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(bool) => Some(bool.to_string()),
        Value::Number(number) => Some(match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            // An account id in scientific notation.
            (None, Some(float)) if float.fract() == 0.0 && float.abs() < 1e15 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        }),
        _ => None,
    }
}

/// An account id that went through a number has its zeros back.
pub(super) fn account(text: &str) -> Option<String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && text.len() <= 12).then(|| format!("{text:0>12}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let statement = serde_json::json!({"Effect": "Allow"});
        #[rustfmt::skip]
        let rows = [
            ("object", serde_json::json!({"Statement": {"Effect": "Allow"}}), true),
            ("members in lower case", serde_json::json!({"statement": [{"Effect": "Allow"}]}), true),
            ("text", serde_json::json!(r#"{"Statement":{"Effect":"Allow"}}"#), true),
            ("percent-encoded", serde_json::json!("%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%7D%7D"), true),
            ("text in text", serde_json::json!(r#""{\"Statement\":{\"Effect\":\"Allow\"}}""#), true),
            ("statement alone", serde_json::json!({"Effect": "Allow"}), true),
            ("list of statements", serde_json::json!([{"Effect": "Allow"}]), true),
            ("other text", serde_json::json!("hello %zz"), false),
            ("number", serde_json::json!(7), false),
            ("null", serde_json::json!(null), false),
        ];
        for (name, value, want) in rows {
            let document = read(&value).unwrap();
            assert_eq!(document.is_some(), want, "row: {name}");
            if let Some(document) = document {
                assert_eq!(
                    statements(&document).unwrap(),
                    std::slice::from_ref(&statement),
                    "row: {name}"
                );
            }
        }
    }

    #[test]
    fn account_ids() {
        #[rustfmt::skip]
        let rows = [
            ("text",                   serde_json::json!("111122223333"),  Some("111122223333")),
            ("number",                 serde_json::json!(111_122_223_333u64), Some("111122223333")),
            ("number without its zeros", serde_json::json!(1_122_223_333), Some("001122223333")),
            ("scientific",             serde_json::json!(1.111_222_233_33e11), Some("111122223333")),
            ("too long",               serde_json::json!("1111222233334"), None),
            ("no digits",              serde_json::json!("o-example"),     None),
        ];
        for (name, value, want) in rows {
            assert_eq!(account(&text(&value).unwrap()).as_deref(), want, "row: {name}");
        }
    }
}
