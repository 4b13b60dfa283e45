//! The admin console's CSV export, as the records that the API would have given.
//!
//! A column is a path: `actor.alternate_id` or `actor.alternateId`, `target0.id`, `target.0.id` or
//! `target[0].id`. Every row becomes the nested object that its columns name, so that one mapping
//! serves all forms and a column that nobody knows is kept as a member that nobody knows.

use std::borrow::Cow;

use egret_model::limits::JSON_DEPTH_MAX;

use super::Records;
use crate::csv::{CsvRecord, RowReader, first_record};
use crate::json::Cursor;
use crate::sink::Sink;

/// Where columns go whose paths contradict each other.
const COLUMNS: &str = "columns";

/// Columns whose text may be JSON: what the API gives as an object or a list.
const DOCUMENTS: [&str; 17] = [
    "actor",
    "actor.detailEntry",
    "authenticationContext",
    "authenticationContext.issuer",
    "client",
    "client.geographicalContext",
    "client.geographicalContext.geolocation",
    "client.userAgent",
    "debugContext",
    "debugContext.debugData",
    "outcome",
    "request",
    "request.ipChain",
    "securityContext",
    "target",
    "transaction",
    "transaction.detail",
];

/// Members of the API's object. What does not begin with one is a column of somebody's own, and
/// keeps its name.
const MEMBERS: [&str; 16] = [
    "actor",
    "authenticationContext",
    "client",
    "debugContext",
    "displayMessage",
    "eventType",
    "legacyEventType",
    "outcome",
    "published",
    "request",
    "securityContext",
    "severity",
    "target",
    "transaction",
    "uuid",
    "version",
];

/// Whether a file begins with the header of an export.
pub(super) fn is_export(head: &[u8]) -> bool {
    first_record(head).is_some_and(|record| is_header(&record.fields))
}

fn is_header(fields: &[Cow<'_, str>]) -> bool {
    let names: Vec<String> = fields.iter().map(|name| joined(&path_of(name))).collect();
    let has = |name: &str| names.iter().any(|one| one == name);
    has("eventType")
        && has("published")
        && names.iter().any(|name| {
            ["actor", "outcome", "client", "displayMessage", "target"]
                .iter()
                .any(|known| name.split('.').next() == Some(known))
        })
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Name(String),
    Place(usize),
}

/// One column, in the order of the object that a row becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    /// Which field of a row.
    at: usize,
    path: Vec<Step>,
    document: bool,
}

/// Reads the rows of one file.
#[derive(Debug, Default)]
pub(super) struct Export {
    records: Records,
    header: Vec<String>,
    columns: Vec<Column>,
    headers_again: u64,
}

impl RowReader for Export {
    fn row(&mut self, record: &CsvRecord<'_>, sink: &mut Sink) -> Result<(), String> {
        if record.fields.iter().eq(self.header.iter()) {
            self.headers_again = self.headers_again.saturating_add(1);
            return Ok(());
        }
        if is_header(&record.fields) {
            if !self.header.is_empty() {
                self.headers_again = self.headers_again.saturating_add(1);
            }
            self.header = record.fields.iter().map(|name| name.as_ref().to_owned()).collect();
            self.columns = columns(&self.header);
            return Ok(());
        }
        if self.header.is_empty() {
            let expected = "expected a header with columns `timestamp` and `event_type`";
            return Err(format!("{expected}, found {} other fields", record.fields.len()));
        }
        if record.fields.len() != self.header.len() {
            return Err(format!(
                "expected {} fields, as the header has, found {}",
                self.header.len(),
                record.fields.len()
            ));
        }
        let json = object(&self.columns, &record.fields);
        self.records.read_text(&json, sink)
    }

    fn notes(&self) -> Vec<String> {
        if self.headers_again == 0 {
            return Vec::new();
        }
        vec![format!("headers between records: {}", self.headers_again)]
    }
}

/// A column's name as a path of the API's object.
fn path_of(name: &str) -> Vec<Step> {
    let mut path = Vec::new();
    for part in name.trim().split('.') {
        let (word, place) = match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((word, place)) => (word, place.parse().ok()),
            None => (part, None),
        };
        let target = word.strip_prefix("targets").or_else(|| word.strip_prefix("target"));
        if let Some(digits) = target.filter(|_| path.is_empty()) {
            path.push(Step::Name("target".to_owned()));
            path.extend(digits.parse().ok().map(Step::Place));
        } else if let Ok(place) = word.parse() {
            path.push(Step::Place(place));
        } else {
            path.push(Step::Name(camel(word)));
        }
        path.extend(place.map(Step::Place));
    }
    if path == [Step::Name("timestamp".to_owned())] {
        path = vec![Step::Name("published".to_owned())];
    }
    match path.first() {
        Some(Step::Name(first)) if MEMBERS.contains(&first.as_str()) => path,
        _ => name.trim().split('.').map(|part| Step::Name(part.to_owned())).collect(),
    }
}

/// `alternate_id` as `alternateId`.
fn camel(word: &str) -> String {
    let mut name = String::with_capacity(word.len());
    let mut upper = false;
    for letter in word.chars() {
        if letter == '_' && !name.is_empty() {
            upper = true;
        } else if std::mem::take(&mut upper) {
            name.extend(letter.to_uppercase());
        } else {
            name.push(letter);
        }
    }
    if upper {
        name.push('_');
    }
    name
}

fn joined(path: &[Step]) -> String {
    let names = path.iter().map(|step| match step {
        Step::Name(name) => name.clone(),
        Step::Place(place) => place.to_string(),
    });
    names.collect::<Vec<_>>().join(".")
}

/// The columns in the order of the object; those that contradict another get a place of their own.
fn columns(header: &[String]) -> Vec<Column> {
    let mut sorted: Vec<Column> = header
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let path = path_of(name);
            Column { at, document: DOCUMENTS.contains(&joined(&path).as_str()), path }
        })
        .collect();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    let mut kept: Vec<Column> = Vec::with_capacity(sorted.len());
    let mut apart = Vec::new();
    let mut rest = sorted.into_iter().peekable();
    while let Some(column) = rest.next() {
        let deep = column.path.len() > JSON_DEPTH_MAX / 2;
        let nameless = column.path.iter().any(|step| *step == Step::Name(String::new()))
            || !matches!(column.path.first(), Some(Step::Name(name)) if name != COLUMNS);
        // What a path leads to is a text or holds other columns, not both. Sorted, a path stands
        // right before those below it.
        let holds = rest.peek().is_some_and(|next| next.path.starts_with(&column.path));
        let clashes = kept.last().is_some_and(|last| clash(&last.path, &column.path));
        if deep || nameless || holds || clashes {
            apart.push(column);
        } else {
            kept.push(column);
        }
    }
    for mut column in apart {
        let name = header.get(column.at).map(|name| name.trim()).unwrap_or_default();
        let number = column.at.saturating_add(1);
        let step = Step::Name(format!("{name}#{number}"));
        column.path = vec![Step::Name(COLUMNS.to_owned()), step];
        column.document = false;
        kept.push(column);
    }
    kept.sort_by(|one, other| one.path.cmp(&other.path));
    kept
}

/// Whether two paths want one thing to be both an object and a list.
fn clash(one: &[Step], other: &[Step]) -> bool {
    let shared = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    match (one.get(shared), other.get(shared)) {
        (Some(Step::Name(_)), Some(Step::Name(_)))
        | (Some(Step::Place(_)), Some(Step::Place(_))) => false,
        (Some(_), Some(_)) => true,
        _ => one == other,
    }
}

/// A row as the object that its columns name. Empty fields are left out.
fn object(columns: &[Column], fields: &[Cow<'_, str>]) -> String {
    let mut json = String::from("{");
    let mut open: Vec<(&Step, char)> = Vec::new();
    let mut first = true;
    for column in columns {
        let Some(text) = fields.get(column.at).filter(|text| !text.is_empty()) else { continue };
        let Some((leaf, outer)) = column.path.split_last() else { continue };
        let shared = open.iter().zip(outer).take_while(|((open, _), outer)| open == outer).count();
        for (_, close) in open.drain(shared..).rev() {
            json.push(close);
            first = false;
        }
        for (depth, step) in outer.iter().enumerate().skip(shared) {
            begin(&mut json, step, std::mem::replace(&mut first, true));
            let list = matches!(column.path.get(depth.saturating_add(1)), Some(Step::Place(_)));
            json.push(if list { '[' } else { '{' });
            open.push((step, if list { ']' } else { '}' }));
        }
        begin(&mut json, leaf, std::mem::replace(&mut first, false));
        if column.document && is_document(text) {
            json.push_str(text.trim());
        } else {
            quote(&mut json, text);
        }
    }
    json.extend(open.iter().rev().map(|(_, close)| close));
    json.push('}');
    json
}

/// Begins a member or an element.
fn begin(json: &mut String, step: &Step, first: bool) {
    if !first {
        json.push(',');
    }
    if let Step::Name(name) = step {
        quote(json, name);
        json.push(':');
    }
}

/// Whether a text is a JSON object or list.
fn is_document(text: &str) -> bool {
    let text = text.trim();
    let mut cursor = Cursor::new(text);
    text.starts_with(['{', '[']) && cursor.skip().is_ok() && cursor.at() == text.len()
}

fn quote(json: &mut String, text: &str) {
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                let digit = |nibble| char::from_digit(nibble, 16).unwrap_or('0');
                json.push_str("\\u00");
                json.push(digit(u32::from(control) >> 4));
                json.push(digit(u32::from(control) & 15));
            }
            other => json.push(other),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str, row: &str) -> String {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        let fields: Vec<Cow<'_, str>> = row.split('|').map(Cow::Borrowed).collect();
        let json = object(&columns(&header), &fields);
        serde_json::from_str::<serde_json::Value>(&json)
            .unwrap_or_else(|error| panic!("{json}: {error}"));
        json
    }

    #[test]
    fn rows_become_the_objects_that_their_columns_name() {
        #[rustfmt::skip]
        let rows = [
            ("either case", "timestamp,event_type,actor.alternate_id,client.ipAddress", "t|e|a|i",
             r#"{"actor":{"alternateId":"a"},"client":{"ipAddress":"i"},"eventType":"e","published":"t"}"#),
            ("lists", "target0.id,target0.type,target1.id,request.ip_chain[0].ip", "a|b|c|i",
             r#"{"request":{"ipChain":[{"ip":"i"}]},"target":[{"id":"a","type":"b"},{"id":"c"}]}"#),
            ("lists, otherwise written", "targets[0].id,target.1.display_name", "a|b",
             r#"{"target":[{"id":"a"},{"displayName":"b"}]}"#),
            ("empty fields are nothing", "a.b,a.c,d", "||x", r#"{"d":"x"}"#),
            ("documents", "target,debug_context.debug_data,display_message", r#"[{"id":"1"}]|{"a":1|[x]"#,
             r#"{"debugContext":{"debugData":"{\"a\":1"},"displayMessage":"[x]","target":[{"id":"1"}]}"#),
            ("a text and what lies below it", "a,a.b,a.b.c", "1|2|3",
             r#"{"a":{"b":{"c":"3"}},"columns":{"a#1":"1","a.b#2":"2"}}"#),
            ("columns of somebody's own", "our_note,x.0,actor.first_name", "1|2|3",
             r#"{"actor":{"firstName":"3"},"our_note":"1","x":{"0":"2"}}"#),
            ("the same twice", "a,a", "1|2", r#"{"a":"2","columns":{"a#1":"1"}}"#),
            ("an object or a list", "target.0,target.b,target.1", "1|2|3", r#"{"columns":{"target.0#1":"1","target.1#3":"3"},"target":{"b":"2"}}"#),
            ("no name", ",a..b,0", "1|2|3", r##"{"0":"3","columns":{"#1":"1","a..b#2":"2"}}"##),
            ("quotes", "a", "\"\\\n\u{1}é", r#"{"a":"\"\\\n\u0001é"}"#),
        ];
        for (name, header, row, want) in rows {
            assert_eq!(of(header, row), want, "row: {name}");
        }
    }

    #[test]
    fn headers() {
        #[rustfmt::skip]
        let rows = [
            ("timestamp,event_type,display_message", true),
            ("\u{feff}\"uuid\",\"published\",\"eventType\",\"actor.id\"\n", true),
            ("timestamp,event_type", false),
            ("eventTime,eventName,eventSource", false),
            ("{\"timestamp\":1}", false),
        ];
        for (head, want) in rows {
            assert_eq!(is_export(head.as_bytes()), want, "{head}");
        }
    }
}
