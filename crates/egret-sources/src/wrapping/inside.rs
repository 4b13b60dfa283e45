//! Takes wrapped records out of a document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::packed;

type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Calls `take` with each record that `text`, one JSON object, holds; with `text` itself when it is
/// no wrapping.
pub(super) fn each(text: &str, depth: usize, take: &mut dyn FnMut(&str)) {
    let Some(depth) = depth.checked_sub(1) else { return take(text) };
    let Ok(members) = serde_json::from_str::<Members<'_>>(text) else { return take(text) };
    let object = |name: &str| members.get(name).map(|raw| raw.get());
    let has = |name: &str| members.contains_key(name);
    if has("detail-type")
        && let Some(detail) = object("detail")
    {
        return each(detail, depth, take);
    }
    if let Some(event) = object("CloudTrailEvent") {
        return each_text(event, depth, take);
    }
    if let Some(events) = object("logEvents") {
        return elements(events, &mut |event| member(event, "message", depth, take));
    }
    if has("timestamp")
        && (has("ingestionTime") || has("id") || has("eventId"))
        && let Some(message) = object("message")
    {
        return each_text(message, depth, take);
    }
    if has("TopicArn")
        && let Some(message) = object("Message")
    {
        return each_text(message, depth, take);
    }
    if let Some(notification) = object("Sns") {
        return each(notification, depth, take);
    }
    for (id, body) in [("MessageId", "Body"), ("messageId", "body")] {
        if has(id)
            && let Some(body) = object(body)
        {
            return each_text(body, depth, take);
        }
    }
    if has("_index")
        && let Some(source) = object("_source")
    {
        return each(source, depth, take);
    }
    if let Some(hits) = object("hits")
        && let Ok(below) = serde_json::from_str::<Members<'_>>(hits)
        && let Some(list) = below.get("hits")
    {
        return elements(list.get(), &mut |hit| each(hit, depth, take));
    }
    if let Some(logs) = object("awslogs").or_else(|| object("kinesis")) {
        return carried(logs, "data", depth, take);
    }
    for (id, data) in [("PartitionKey", "Data"), ("recordId", "data")] {
        if has(id) && has(data) {
            return carried(text, data, depth, take);
        }
    }
    if let Some(rows) = object("QueryResultRows") {
        return elements(rows, &mut |row| take(&lake_row(row)));
    }
    if let Some(result) = object("result")
        && result.contains("\"_raw\"")
    {
        return member(result, "_raw", depth, take);
    }
    take(text);
}

/// A row of a CloudTrail Lake query, a list of one column an object, as the record it is of.
pub(super) fn lake_row(row: &str) -> String {
    let columns: Vec<BTreeMap<String, Option<String>>> =
        serde_json::from_str(row).unwrap_or_default();
    let cells = columns.iter().flatten();
    crate::cloudtrail::record_of(
        cells.map(|(name, cell)| (name.as_str(), cell.as_deref().unwrap_or_default())),
    )
}

/// The records that a JSON text, or value, holds.
fn each_text(raw: &str, depth: usize, take: &mut dyn FnMut(&str)) {
    match serde_json::from_str::<Cow<'_, str>>(raw) {
        Ok(text) => {
            let text = text.trim();
            if text.starts_with('{') { each(text, depth, take) } else { take(text) }
        }
        Err(_no_text) => each(raw, depth, take),
    }
}

fn member(object: &str, name: &str, depth: usize, take: &mut dyn FnMut(&str)) {
    match serde_json::from_str::<Members<'_>>(object) {
        Ok(members) => match members.get(name) {
            Some(raw) => each_text(raw.get(), depth, take),
            None => take(object),
        },
        Err(_no_object) => take(object),
    }
}

/// The records in a member that a stream carries packed; the whole document when it is not.
fn carried(object: &str, name: &str, depth: usize, take: &mut dyn FnMut(&str)) {
    let packed = serde_json::from_str::<Members<'_>>(object).ok().and_then(|members| {
        serde_json::from_str::<Cow<'_, str>>(members.get(name)?.get()).ok().map(Cow::into_owned)
    });
    let opened = packed.and_then(|packed| {
        packed::each(&packed, &mut |record| {
            if record.trim_start().starts_with('{') {
                each(record, depth, take);
            } else {
                take(record);
            }
        })
    });
    if opened.is_none() {
        take(object);
    }
}

fn elements(list: &str, take: &mut dyn FnMut(&str)) {
    match serde_json::from_str::<Vec<&RawValue>>(list) {
        Ok(list) => list.iter().for_each(|element| take(element.get())),
        Err(_no_list) => take(list),
    }
}

/// A JSON text from behind its opening quote to its end, or to where the bytes end.
pub(super) fn text_so_far(bytes: &[u8]) -> Vec<u8> {
    let mut end = 0usize;
    let mut escaped = false;
    for byte in bytes {
        match byte {
            b'"' if !escaped => break,
            b'\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
        end = end.saturating_add(1);
    }
    let mut so_far = bytes.get(..end).unwrap_or_default();
    // Cut off in the middle of a character or an escape, it is read up to there.
    for _ in 0..8 {
        let mut quoted = Vec::with_capacity(so_far.len().saturating_add(2));
        quoted.push(b'"');
        quoted.extend_from_slice(so_far);
        quoted.push(b'"');
        if let Ok(text) = serde_json::from_slice::<String>(&quoted) {
            return text.into_bytes();
        }
        so_far = so_far.get(..so_far.len().saturating_sub(1)).unwrap_or_default();
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_far_as_it_goes() {
        for (text, want) in
            [(r#"a\"b" ,"#, "a\"b"), (r"a\u00e9b", "aéb"), (r"a\u00e", "a"), (r"a\", "a"), ("", "")]
        {
            assert_eq!(text_so_far(text.as_bytes()), want.as_bytes(), "{text}");
        }
    }
}
