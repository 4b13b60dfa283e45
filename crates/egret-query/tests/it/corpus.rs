//! The query corpus: text files that an analyst can write, run on the engine.
//!
//! `rows FILE`, `now TIME` and `set NAME VALUE` at the head hold for the file; then, per case, a
//! `# reason`, the query, `----` and the numbers of the rows that match, from 1, or `none`. A comment line
//! inside a query is part of it; a line `lang NAME` chooses another language than Lucene, a line
//! `reading NAME` another reading. A query with steps behind it answers with its table as CSV.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext, ident};
use datafusion_proto::bytes::{logical_plan_from_bytes, logical_plan_to_bytes};
use egret_model::ecs::catalog::fields;
use egret_query::{Bindings, Language, Options, Reading, compile};

use crate::rows::rows;

#[tokio::test]
async fn corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "qt"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        run(&folder, &file).await;
    }
}

async fn run(folder: &Path, file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    let (head, cases) = text.split_once("\n\n").unwrap();
    let mut bindings = Bindings::new();
    let mut now = jiff::Timestamp::UNIX_EPOCH;
    let mut batch = None;
    for line in head.lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "rows" => batch = Some(rows(&folder.join(rest))),
            "now" => now = rest.parse().unwrap(),
            "set" => {
                let (name, value) = rest.split_once(' ').unwrap();
                let mut values = bindings.get(name).map(<[String]>::to_vec).unwrap_or_default();
                values.push(value.to_owned());
                bindings.set(name, values);
            }
            other => panic!("{}: unknown line `{other}`", file.display()),
        }
    }
    let batch = batch.unwrap();
    let context = SessionContext::new();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    context.register_table("events", Arc::new(table)).unwrap();
    let mut count = 0;
    for case in cases.split("\n\n").filter(|case| !case.trim().is_empty()) {
        let (query, want) =
            case.split_once("\n----\n").unwrap_or_else(|| panic!("no answer in\n{case}"));
        let (reason, mut query) = query.split_once('\n').unwrap();
        let mut language = Language::Lucene;
        if let Some(rest) = query.strip_prefix("lang ") {
            let (name, rest) = rest.split_once('\n').unwrap();
            query = rest;
            language = match name {
                "auto" => Language::Auto,
                "kql" => Language::Kql,
                "eql" => Language::Eql,
                "esql" => Language::Esql,
                other => panic!("no language `{other}`"),
            };
        }
        let mut reading = Reading::Investigator;
        if let Some(rest) = query.strip_prefix("reading ") {
            let (name, rest) = rest.split_once('\n').unwrap();
            query = rest;
            reading = match name {
                "standard" => Reading::Standard,
                "lucene" => Reading::Lucene,
                other => panic!("no reading `{other}`"),
            };
        }
        let options = Options {
            bindings: &bindings,
            now,
            language,
            reading,
            strict: false,
            ignore_case: false,
            unknown_is_missing: false,
        };
        let compiled = compile(query, &options)
            .unwrap_or_else(|diagnostics| panic!("{reason}\n{query}\n{diagnostics:#?}"));
        let table = context.table("events").await.unwrap();
        if compiled.is_pipeline() {
            let (state, plan) = table.into_parts();
            let plan = compiled.plan(plan).unwrap_or_else(|error| panic!("{reason}: {error}"));
            let batches = DataFrame::new(state, plan).collect().await;
            let batches = batches.unwrap_or_else(|error| panic!("{reason}\n{query}\n{error}"));
            assert_eq!(csv(&batches), want.trim(), "{reason}\n{query}");
            count += 1;
            continue;
        }
        let frame = table
            .filter(compiled.expr)
            .unwrap()
            .select(vec![ident(fields::LOG_OFFSET.name())])
            .unwrap();
        travels(frame.logical_plan(), reason);
        let batches = frame.collect().await.unwrap();
        let mut got: Vec<i64> = batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect();
        got.sort_unstable();
        let got = if got.is_empty() {
            "none".to_owned()
        } else {
            got.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(got, want.trim(), "{reason}\n{query}\nrun as: {}", compiled.bound_text);
        count += 1;
    }
    assert!(count > 0, "{} holds no case", file.display());
}

/// A table as the corpus writes it.
fn csv(batches: &[RecordBatch]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        if lines.is_empty() {
            let names = schema.fields().iter().map(|field| field.name().clone());
            lines.push(names.collect::<Vec<_>>().join(","));
        }
        for row in 0..batch.num_rows() {
            let cells =
                batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap());
            lines.push(cells.collect::<Vec<_>>().join(","));
        }
    }
    lines.join("\n")
}

/// The expression can be written and read by another process.
fn travels(plan: &datafusion::logical_expr::LogicalPlan, reason: &str) {
    let datafusion::logical_expr::LogicalPlan::Projection(projection) = plan else {
        panic!("{reason}: not a projection");
    };
    let datafusion::logical_expr::LogicalPlan::Filter(filter) = projection.input.as_ref() else {
        panic!("{reason}: not a filter");
    };
    // A table in memory cannot travel; the same filter over an empty relation can.
    let schema = filter.input.schema().clone();
    let relation = datafusion::logical_expr::LogicalPlan::EmptyRelation(
        datafusion::logical_expr::EmptyRelation { produce_one_row: false, schema },
    );
    let plan = datafusion::logical_expr::LogicalPlanBuilder::from(relation)
        .filter(filter.predicate.clone())
        .unwrap()
        .build()
        .unwrap();
    let bytes = logical_plan_to_bytes(&plan).unwrap_or_else(|error| panic!("{reason}: {error}"));
    let back = logical_plan_from_bytes(&bytes, &SessionContext::new().task_ctx())
        .unwrap_or_else(|error| panic!("{reason}: {error}"));
    assert_eq!(format!("{plan}"), format!("{back}"), "{reason}");
}
