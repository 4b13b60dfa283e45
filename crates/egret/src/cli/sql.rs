//! `egret sql`: the table `events` in SQL.

use clap::{Args, ValueEnum};
use datafusion::prelude::DataFrame;
use egret_store::CaseDir;
use futures::TryStreamExt;

use super::{CaseArg, General};
use crate::app::record_query;
use crate::exit::Exit;
use crate::talk::print;

/// Ask the table `events` in SQL; column names go in double quotes.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret sql 'SELECT \"event.action\", count(*) FROM events GROUP BY 1 ORDER BY 2 DESC' --case cases/payroll")]
pub(crate) struct Sql {
    /// One SELECT statement.
    #[arg(value_name = "SELECT", help_heading = "Input")]
    text: String,
    #[command(flatten)]
    case: CaseArg,
    /// How rows are printed.
    #[arg(
        short = 't',
        long,
        value_name = "TYPE",
        default_value = "table",
        help_heading = "Output"
    )]
    output_type: OutputType,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputType {
    /// Columns set in a frame.
    Table,
    /// Comma-separated, cells safe in a spreadsheet.
    Csv,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    Jsonl,
}

impl Sql {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let case = CaseDir::open(&self.case.case)?;
        let session = general.machine().open(&case).await?;
        let options = datafusion::prelude::SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = session.sql_with_options(&self.text, options).await?;
        let rows = show(frame, self.output_type).await?;
        let detail = serde_json::json!({ "language": "sql", "text": self.text, "rows": rows });
        record_query(&case, &general.recorder()?, &detail, &general.talk());
        Ok(Exit::Done)
    }
}

/// Runs a plan and prints its rows; says how many they are. Lines appear as they are found, frames
/// and arrays when all are there.
pub(crate) async fn show(frame: DataFrame, output_type: OutputType) -> anyhow::Result<usize> {
    use arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder};
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let mut stream = frame.execute_stream().await?;
    let mut held: Vec<arrow::array::RecordBatch> = Vec::new();
    let mut rows = 0usize;
    if output_type == OutputType::Csv {
        print(&header(&schema))?;
    }
    while let Some(batch) = stream.try_next().await? {
        rows = rows.saturating_add(batch.num_rows());
        match output_type {
            OutputType::Table | OutputType::Json => held.push(batch),
            OutputType::Csv => print(&csv(&batch)?)?,
            OutputType::Jsonl => {
                let mut writer = WriterBuilder::new().build::<_, LineDelimited>(Vec::new());
                writer.write(&batch)?;
                writer.finish()?;
                print(&String::from_utf8(writer.into_inner())?)?;
            }
        }
    }
    match output_type {
        OutputType::Table => {
            if held.is_empty() {
                held.push(arrow::array::RecordBatch::new_empty(schema));
            }
            let table = arrow::util::pretty::pretty_format_batches(&held)?;
            print(&format!("{}\n", egret_report::escape::terminal(&table.to_string())))?;
        }
        OutputType::Json => {
            let mut writer = WriterBuilder::new().build::<_, JsonArray>(Vec::new());
            for batch in &held {
                writer.write(batch)?;
            }
            writer.finish()?;
            let mut text = String::from_utf8(writer.into_inner())?;
            if text.is_empty() {
                text.push_str("[]");
            }
            text.push('\n');
            print(&text)?;
        }
        OutputType::Csv | OutputType::Jsonl => {}
    }
    Ok(rows)
}

/// The line with the names of the columns.
fn header(schema: &arrow::datatypes::Schema) -> String {
    let names: Vec<String> =
        schema.fields().iter().map(|field| egret_report::escape::csv(field.name())).collect();
    format!("{}\n", names.join(","))
}

fn csv(batch: &arrow::array::RecordBatch) -> anyhow::Result<String> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    let mut text = String::new();
    let options = FormatOptions::default().with_null("");
    let columns = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(&egret_report::escape::csv(&column.value(row).to_string()));
        }
        text.push('\n');
    }
    Ok(text)
}
