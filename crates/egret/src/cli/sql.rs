//! `egret sql`: the table `events` in SQL.

use clap::{Args, ValueEnum};
use datafusion::prelude::DataFrame;
use egret_store::CaseDir;

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

/// Runs a plan and prints its rows; says how many they are.
pub(crate) async fn show(frame: DataFrame, output_type: OutputType) -> anyhow::Result<usize> {
    use arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder};
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await?;
    match output_type {
        OutputType::Table => {
            let table = if batches.is_empty() {
                arrow::util::pretty::pretty_format_batches(&[
                    arrow::array::RecordBatch::new_empty(schema),
                ])?
            } else {
                arrow::util::pretty::pretty_format_batches(&batches)?
            };
            print(&format!("{}\n", egret_report::escape::terminal(&table.to_string())))?;
        }
        OutputType::Csv => print(&csv(&schema, &batches)?)?,
        OutputType::Json => {
            let mut writer = WriterBuilder::new().build::<_, JsonArray>(Vec::new());
            for batch in &batches {
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
        OutputType::Jsonl => {
            let mut writer = WriterBuilder::new().build::<_, LineDelimited>(Vec::new());
            for batch in &batches {
                writer.write(batch)?;
            }
            writer.finish()?;
            print(&String::from_utf8(writer.into_inner())?)?;
        }
    }
    Ok(batches.iter().map(arrow::array::RecordBatch::num_rows).sum())
}

fn csv(
    schema: &arrow::datatypes::Schema,
    batches: &[arrow::array::RecordBatch],
) -> anyhow::Result<String> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    let mut text = String::new();
    let names: Vec<String> =
        schema.fields().iter().map(|field| egret_report::escape::csv(field.name())).collect();
    text.push_str(&names.join(","));
    text.push('\n');
    let options = FormatOptions::default().with_null("");
    for batch in batches {
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
    }
    Ok(text)
}
