//! The text that Elastic prints of a document, however the document was logged.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, new_null_array};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext};
use egret_model::ecs::catalog::fields;
use egret_model::ecs::{Field, schema_of};
use egret_model::event::EventBuilder;
use egret_query::{Bindings, Language, Options, Reading, compile};
use serde_json::{Value, json};

/// Documents as they were logged, one a row.
fn batch(documents: &[String]) -> RecordBatch {
    let mut events = EventBuilder::new();
    for (document, number) in documents.iter().zip(1i64..) {
        if !document.is_empty() {
            events.set_flattened(fields::CT_REQUEST_PARAMETERS, document, "\n");
        }
        events.set_i64(fields::LOG_OFFSET, number);
        events.end_row();
    }
    let some = events.finish().unwrap();
    let schema = Arc::new(schema_of(Field::all()));
    let columns = schema.fields().iter().map(|column| match some.column_by_name(column.name()) {
        Some(array) => Arc::clone(array),
        None => new_null_array(column.data_type(), some.num_rows()),
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

/// The first column of what a pipeline leaves.
async fn column(documents: &[String], text: &str, language: Language) -> Vec<String> {
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
    let query = compile(text, &options).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let batch = batch(documents);
    let context = SessionContext::new();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    let (state, plan) = context.read_table(Arc::new(table)).unwrap().into_parts();
    let batches = DataFrame::new(state, query.plan(plan).unwrap()).collect().await.unwrap();
    batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)))
        .map(|(batch, row)| array_value_to_string(batch.column(0), row).unwrap())
        .collect()
}

fn rows() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("nothing in it", json!({}), "{}"),
        ("a list of nothing", json!({ "a": [] }), "{a=[]}"),
        (
            "plain values",
            json!({ "a": 0, "b": true, "c": null, "d": "x" }),
            "{a=0, b=true, c=null, d=x}",
        ),
        (
            "lists of each kind",
            json!({ "n": [1, 2], "t": ["a", "b"], "o": [{ "k": 1 }, { "k": 2 }] }),
            "{n=[1, 2], t=[a, b], o=[{k=1}, {k=2}]}",
        ),
        ("blanks inside texts stay", json!({ "a": "one  two\tthree" }), "{a=one  two\tthree}"),
        (
            "structure inside texts stays",
            json!({ "a": "{\"b\":[1,2],\"c\":\"d,e\"}", "f": ":" }),
            "{a={\"b\":[1,2],\"c\":\"d,e\"}, f=:}",
        ),
        ("backslashes and lines", json!({ "a": "C:\\new\\\"x\"\n/b" }), "{a=C:\\new\\\"x\"\n/b}"),
        (
            "texts that look like the next member",
            json!(["a", ":", ",", "=", "\\"]),
            "[a, :, ,, =, \\]",
        ),
        (
            "names with signs",
            json!({ "a,b": "c", "d:e": { "f=g": "h,i" } }),
            "{a,b=c, d:e={f=g=h,i}}",
        ),
    ]
}

#[tokio::test]
async fn the_text_does_not_depend_on_how_the_document_was_printed() {
    let compact: Vec<String> = rows().iter().map(|(_, document, _)| document.to_string()).collect();
    let indented: Vec<String> = rows()
        .iter()
        .map(|(_, document, _)| serde_json::to_string_pretty(document).unwrap())
        .collect();
    let windows: Vec<String> = indented.iter().map(|text| text.replace('\n', "\r\n\t")).collect();
    let text = "from logs-* | sort log.offset | keep aws.cloudtrail.request_parameters";
    for documents in [&compact, &indented, &windows] {
        let got = column(documents, text, Language::Esql).await;
        for ((name, _, want), got) in rows().iter().zip(&got) {
            assert_eq!(got, want, "{name}");
        }
    }
}

#[tokio::test]
async fn escapes_become_letters_and_what_is_missing_stays_missing() {
    let documents = [r#"{"a":"\u003cb\u003e \u0026 \\u0026"}"#.to_owned(), String::new()];
    let text = "from logs-* | sort log.offset | eval gone = aws.cloudtrail.request_parameters is null, \
                text = aws.cloudtrail.request_parameters | keep ";
    assert_eq!(column(&documents, &format!("{text}gone"), Language::Esql).await, ["false", "true"]);
    let got = column(&documents, &format!("{text}text"), Language::Esql).await;
    assert_eq!(got, ["{a=<b> & \\u0026}", ""]);
}

#[tokio::test]
async fn an_indented_document_is_found_in_every_language() {
    let document = json!({ "dBInstanceIdentifier": "payroll", "attributes": { "retention": 0, "public": "yes" } });
    let documents = [serde_json::to_string_pretty(&document).unwrap(), document.to_string()];
    for (text, language) in [
        ("aws.cloudtrail.request_parameters: *retention=0* | keep log.offset", Language::Kql),
        (
            "aws.cloudtrail.request_parameters: *retention=0,?public=yes* | keep log.offset",
            Language::Lucene,
        ),
        (
            "any where stringContains(aws.cloudtrail.request_parameters, \"{retention=0, public=yes}\") | unique log.offset",
            Language::Eql,
        ),
        (
            "any where aws.cloudtrail.request_parameters : \"*payroll, attributes=*\" | unique log.offset",
            Language::Eql,
        ),
        (
            "from logs-* | where aws.cloudtrail.request_parameters like \"*{retention=0, public=yes}*\" | keep log.offset",
            Language::Esql,
        ),
        (
            "from logs-* | dissect aws.cloudtrail.request_parameters \"{%{?k}=%{name}, attributes={%{rest}}}\" | where name == \"payroll\" and rest == \"retention=0, public=yes\" | keep log.offset",
            Language::Esql,
        ),
        (
            "from logs-* | grok aws.cloudtrail.request_parameters \"public=%{WORD:how}\" | where how == \"yes\" | keep log.offset",
            Language::Esql,
        ),
    ] {
        assert_eq!(column(&documents, text, language).await.len(), 2, "{text}");
    }
}
