//! Random queries over random events: the compiled plan against an evaluation row by row, in each
//! language that can say them.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionContext, ident};
use egret_model::ecs::catalog::fields;
use egret_query::{Bindings, Language, Options, Reading, compile};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::rows::batch;

const NAME: &str = "user.name";
const LIST: &str = "event.category";
const LEAF: &str = "aws.cloudtrail.request_parameters.a.b";

/// An event: what it has, and nothing where it has nothing.
#[derive(Debug, Clone)]
struct Row {
    name: Option<String>,
    list: Vec<String>,
    leaf: Vec<String>,
    bytes: Option<i64>,
    proxy: Option<bool>,
    address: Option<[u8; 2]>,
}

impl Row {
    fn json(&self) -> Value {
        let mut row = Map::new();
        let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
        put("@timestamp", json!("2025-07-22T02:00:00Z"));
        if let Some(name) = &self.name {
            put(NAME, json!(name));
        }
        if !self.list.is_empty() {
            put(LIST, json!(self.list));
        }
        if !self.leaf.is_empty() {
            put("aws.cloudtrail.request_parameters", json!({ "a": { "b": self.leaf }, "c": "z" }));
        }
        if let Some(bytes) = self.bytes {
            put("source.bytes", json!(bytes));
        }
        if let Some(proxy) = self.proxy {
            put("okta.security_context.is_proxy", json!(proxy));
        }
        if let Some([c, d]) = self.address {
            put("source.ip", json!(format!("10.0.{c}.{d}")));
        }
        Value::Object(row)
    }

    fn texts(&self, field: &str) -> Vec<&str> {
        match field {
            NAME => self.name.iter().map(String::as_str).collect(),
            LIST => self.list.iter().map(String::as_str).collect(),
            _ => self.leaf.iter().map(String::as_str).collect(),
        }
    }
}

#[derive(Debug, Clone)]
enum Asked {
    All(Vec<Asked>),
    Any(Vec<Asked>),
    Not(Box<Asked>),
    Is(&'static str, String),
    /// Text, any text, text.
    Like(&'static str, String, String),
    Exists(&'static str),
    Bytes(i64, i64),
    Proxy(bool),
    /// `10.0.c.0/24`.
    Network(u8),
}

impl Asked {
    /// What it means, row by row.
    fn holds(&self, row: &Row) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(row)),
            Self::Any(any) => any.iter().any(|one| one.holds(row)),
            Self::Not(one) => !one.holds(row),
            Self::Is(field, text) => row.texts(field).contains(&text.as_str()),
            Self::Like(field, before, after) => row.texts(field).iter().any(|text| {
                text.len() >= before.len() + after.len()
                    && text.starts_with(before)
                    && text.ends_with(after)
            }),
            Self::Exists(field) => !row.texts(field).is_empty(),
            Self::Bytes(from, to) => row.bytes.is_some_and(|bytes| (*from..=*to).contains(&bytes)),
            Self::Proxy(proxy) => row.proxy == Some(*proxy),
            Self::Network(c) => row.address.is_some_and(|[third, _]| third == *c),
        }
    }

    fn written(&self, language: Language) -> String {
        let (and, or, not) = match language {
            Language::Lucene => (" AND ", " OR ", "NOT "),
            _ => (" and ", " or ", "not "),
        };
        let joined = |parts: &[Asked], sign: &str| {
            let parts: Vec<String> = parts.iter().map(|part| part.written(language)).collect();
            format!("({})", parts.join(sign))
        };
        let eql = language == Language::Eql;
        match self {
            Self::All(all) => joined(all, and),
            Self::Any(any) => joined(any, or),
            Self::Not(one) => format!("{not}({})", one.written(language)),
            Self::Is(field, text) if eql => format!("{field} == {}", quoted(text, language)),
            Self::Is(field, text) => format!("{field}: {}", quoted(text, language)),
            Self::Like(field, before, after) if eql => format!("{field} like \"{before}*{after}\""),
            Self::Like(field, before, after) => format!("{field}: {before}*{after}"),
            Self::Exists(field) if eql => format!("{field} != null"),
            Self::Exists(field) => format!("{field}: *"),
            Self::Bytes(from, to) if language == Language::Lucene => {
                format!("source.bytes: [{from} TO {to}]")
            }
            Self::Bytes(from, to) => {
                format!("(source.bytes >= {from}{and}source.bytes <= {to})")
            }
            Self::Proxy(proxy) if eql => format!("okta.security_context.is_proxy == {proxy}"),
            Self::Proxy(proxy) => format!("okta.security_context.is_proxy: {proxy}"),
            Self::Network(c) if eql => format!("cidrMatch(source.ip, \"10.0.{c}.0/24\")"),
            Self::Network(c) => format!("source.ip: \"10.0.{c}.0/24\""),
        }
    }
}

/// A text in quotes, with what means something in the language escaped.
fn quoted(text: &str, language: Language) -> String {
    let special = match language {
        Language::Lucene => "\"\\*?<",
        Language::Kql => "\"\\*<",
        _ => "\"\\",
    };
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if special.contains(letter) {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[abA]{1,3}",
        1 => "[ab\"*?%_.|()\\\\\\[-]{1,4}",
        1 => Just("and".to_owned()),
        1 => Just("a é".to_owned()),
    ]
}

fn field() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(NAME), Just(LIST), Just(LEAF)]
}

fn row() -> impl Strategy<Value = Row> {
    (
        prop::option::of(text()),
        prop::collection::vec(text(), 0..3),
        prop::collection::vec(text(), 0..3),
        prop::option::of(0i64..6),
        any::<Option<bool>>(),
        prop::option::of([0u8..3, 0u8..3]),
    )
        .prop_map(|(name, list, leaf, bytes, proxy, address)| Row {
            name,
            list,
            leaf,
            bytes,
            proxy,
            address,
        })
}

fn asked() -> impl Strategy<Value = Asked> {
    let leaf = prop_oneof![
        3 => (field(), text()).prop_map(|(field, text)| Asked::Is(field, text)),
        2 => (field(), "[abA]{0,2}", "[abA]{1,2}")
            .prop_map(|(field, before, after)| Asked::Like(field, before, after)),
        1 => field().prop_map(Asked::Exists),
        1 => (0i64..4, 0i64..6).prop_map(|(from, to)| Asked::Bytes(from, to)),
        1 => any::<bool>().prop_map(Asked::Proxy),
        1 => (0u8..3).prop_map(Asked::Network),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Asked::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Asked::Any),
            inner.prop_map(|one| Asked::Not(Box::new(one))),
        ]
    })
}

/// Numbers of the rows that a query matches on the engine.
async fn matched(rows: &[Row], text: &str, language: Language) -> Result<Vec<i64>, String> {
    let bindings = Bindings::new();
    let options = Options {
        bindings: &bindings,
        now: jiff::Timestamp::UNIX_EPOCH,
        language,
        reading: Reading::Standard,
        strict: false,
        ignore_case: false,
        unknown_is_missing: false,
    };
    let query = compile(text, &options).map_err(|errors| format!("{errors:?}"))?;
    let lines: Vec<Value> = rows.iter().map(Row::json).collect();
    let batch = batch(&lines);
    let context = SessionContext::new();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    let frame = context.read_table(Arc::new(table)).unwrap();
    let frame = frame.filter(query.expr).map_err(|error| error.to_string())?;
    let frame = frame.select(vec![ident(fields::LOG_OFFSET.name())]).unwrap();
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let mut got: Vec<i64> = batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect();
    got.sort_unstable();
    Ok(got)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(64), ..ProptestConfig::default() })]

    #[test]
    fn plans_mean_what_the_rows_say(
        rows in prop::collection::vec(row(), 1..12),
        asked in asked(),
    ) {
        let want: Vec<i64> = rows
            .iter()
            .zip(1i64..)
            .filter(|(row, _)| asked.holds(row))
            .map(|(_, number)| number)
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for language in [Language::Lucene, Language::Kql, Language::Eql] {
            let mut text = asked.written(language);
            if language == Language::Eql {
                text = format!("any where {text}");
            }
            let got = runtime.block_on(matched(&rows, &text, language));
            prop_assert_eq!(got, Ok(want.clone()), "{:?}: {}", language, text);
        }
    }
}
