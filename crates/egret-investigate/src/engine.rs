//! Runs plans over `events` and hands back rows.
//!
//! Every analysis asks here, so that one place sees each plan: tests check that all of them can
//! travel to another process, and the ledger records what was asked.

use std::sync::{Arc, Mutex};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{SortColumn, cast, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{
    DataType, Field as ArrowField, Int64Type, Schema, TimestampMicrosecondType,
};
use datafusion::common::DFSchema;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionContext, ident, lit};
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_model::limits::GROUP_ROWS_MAX;
use egret_model::report::Citation;
use futures::StreamExt as _;
use jiff::Timestamp;

/// An analysis could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The engine refused or failed.
    #[error("{what}: {source}")]
    Engine {
        /// Which analysis.
        what: &'static str,
        /// What the engine says.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// A result column is missing or has another type: a bug.
    #[error("{what}: column `{column}` is missing or not {expected}")]
    Shape {
        /// Which analysis.
        what: &'static str,
        /// Column.
        column: String,
        /// Type expected.
        expected: &'static str,
    },
    /// A built-in channel or query cannot be used: a bug.
    #[error("{what}: {reason}")]
    Query {
        /// Which analysis.
        what: String,
        /// Diagnostics, one a line.
        reason: String,
    },
}

/// Called with the name and the plan of every analysis before it runs.
pub type Inspector = dyn Fn(&'static str, &LogicalPlan) + Send + Sync;

/// The table `events`, and who watches the questions put to it.
pub struct Engine {
    context: SessionContext,
    inspector: Option<Arc<Inspector>>,
    asked: Mutex<Vec<&'static str>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Over a session that has the table `events`, here or on a cluster.
    pub fn new(context: SessionContext) -> Self {
        Self { context, inspector: None, asked: Mutex::new(Vec::new()) }
    }

    /// Shows each plan to `inspector` before it runs.
    #[must_use]
    pub fn with_inspector(mut self, inspector: Arc<Inspector>) -> Self {
        self.inspector = Some(inspector);
        self
    }

    /// All events.
    ///
    /// # Errors
    ///
    /// When the session has no such table.
    pub async fn events(&self, what: &'static str) -> Result<DataFrame, AnalysisError> {
        self.context.table("events").await.map_err(|source| engine_error(what, source))
    }

    /// Runs a plan; the rows come back as one batch with plain text columns.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Engine`].
    pub async fn rows(&self, what: &'static str, frame: DataFrame) -> Result<Rows, AnalysisError> {
        self.note(what, &frame);
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await.map_err(|source| engine_error(what, source))?;
        let schema = batches.first().map_or(schema, RecordBatch::schema);
        let batch = concat_batches(&schema, &batches)
            .map_err(|source| engine_error(what, source.into()))?;
        Rows::new(what, &batch)
    }

    /// Runs a grouped plan: at most [`GROUP_ROWS_MAX`] rows, sorted by the columns named.
    ///
    /// Sorted here and not in the plan: a limit above a sort makes the engine hold that many rows
    /// of candidates in memory it cannot spill, however few rows there are.
    ///
    /// # Errors
    ///
    /// See [`Self::rows`].
    pub async fn groups(
        &self,
        what: &'static str,
        frame: DataFrame,
        order: &[&str],
    ) -> Result<Rows, AnalysisError> {
        let frame = or_engine(what, frame.limit(0, Some(GROUP_ROWS_MAX)))?;
        self.rows(what, frame).await?.sorted(order)
    }

    /// Runs a plan and hands over its batches as they come, in no particular order.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Engine`], and what `on` returns.
    pub async fn each(
        &self,
        what: &'static str,
        frame: DataFrame,
        mut on: impl FnMut(RecordBatch) -> Result<(), AnalysisError>,
    ) -> Result<(), AnalysisError> {
        self.note(what, &frame);
        let mut batches = or_engine(what, frame.execute_stream().await)?;
        while let Some(batch) = batches.next().await {
            on(or_engine(what, batch)?)?;
        }
        Ok(())
    }

    /// A condition that can be put to batches of this schema.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Engine`] when a column is missing.
    pub fn condition(
        &self,
        what: &'static str,
        expr: Expr,
        schema: &DFSchema,
    ) -> Result<Arc<dyn PhysicalExpr>, AnalysisError> {
        let state = self.context.state();
        or_engine(what, state.create_physical_expr(expr, schema))
    }

    fn note(&self, what: &'static str, frame: &DataFrame) {
        if let Some(inspector) = &self.inspector {
            inspector(what, frame.logical_plan());
        }
        if let Ok(mut asked) = self.asked.lock() {
            asked.push(what);
        }
    }

    /// Names of the analyses run so far, in order.
    pub fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }
}

/// Turns a `Result` of the engine into one of an analysis.
///
/// # Errors
///
/// The engine's, with the name of the analysis.
pub fn or_engine<T>(
    what: &'static str,
    result: datafusion::error::Result<T>,
) -> Result<T, AnalysisError> {
    result.map_err(|source| engine_error(what, source))
}

fn engine_error(what: &'static str, source: datafusion::error::DataFusionError) -> AnalysisError {
    AnalysisError::Engine { what, source: Box::new(source) }
}

/// A field as a column expression; the dots are part of its name.
pub fn column(field: Field) -> Expr {
    ident(field.name())
}

/// An instant as a literal.
pub fn instant(at: Timestamp) -> Expr {
    lit(datafusion::scalar::ScalarValue::TimestampMicrosecond(
        Some(at.as_microsecond()),
        Some("UTC".into()),
    ))
}

/// `value IN (…)`, or false for no values.
pub fn any_of<'a>(field: Field, values: impl IntoIterator<Item = &'a String>) -> Expr {
    let values: Vec<Expr> = values.into_iter().map(|value| lit(value.as_str())).collect();
    if values.is_empty() { lit(false) } else { column(field).in_list(values, false) }
}

/// Rows of a result, text as text whatever the engine's representation.
#[derive(Debug, Clone)]
pub struct Rows {
    what: &'static str,
    batch: RecordBatch,
}

impl Rows {
    /// Of one batch.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Engine`] when a column cannot be read as plain text or numbers.
    pub(crate) fn new(what: &'static str, batch: &RecordBatch) -> Result<Self, AnalysisError> {
        let mut columns = Vec::with_capacity(batch.num_columns());
        let mut schema = Vec::with_capacity(batch.num_columns());
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let plain = match field.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
                DataType::Dictionary(_, value) if value.is_string() => DataType::Utf8,
                DataType::UInt64 | DataType::Int32 | DataType::UInt32 => DataType::Int64,
                other => other.clone(),
            };
            let array = cast(array, &plain).map_err(|source| engine_error(what, source.into()))?;
            schema.push(ArrowField::new(field.name(), plain, true));
            columns.push(array);
        }
        let options =
            arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch =
            RecordBatch::try_new_with_options(Arc::new(Schema::new(schema)), columns, &options)
                .map_err(|source| engine_error(what, source.into()))?;
        Ok(Self { what, batch })
    }

    /// The same rows by these columns, nulls first.
    fn sorted(self, order: &[&str]) -> Result<Self, AnalysisError> {
        let arrow = |source: arrow::error::ArrowError| engine_error(self.what, source.into());
        let mut columns = Vec::with_capacity(order.len());
        for name in order {
            let values = self.batch.column_by_name(name).ok_or_else(|| AnalysisError::Shape {
                what: self.what,
                column: (*name).to_owned(),
                expected: "a column to sort by",
            })?;
            columns.push(SortColumn { values: Arc::clone(values), options: None });
        }
        if self.is_empty() || columns.is_empty() {
            return Ok(self);
        }
        let indices = lexsort_to_indices(&columns, None).map_err(arrow)?;
        let batch = take_record_batch(&self.batch, &indices).map_err(arrow)?;
        Ok(Self { what: self.what, batch })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn column(&self, name: &str, expected: &'static str) -> Result<&dyn Array, AnalysisError> {
        self.batch.column_by_name(name).map(AsRef::as_ref).ok_or_else(|| AnalysisError::Shape {
            what: self.what,
            column: name.to_owned(),
            expected,
        })
    }

    /// Text of a cell; `None` for null.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`] when the column is not text.
    pub fn text(&self, name: &str, row: usize) -> Result<Option<&str>, AnalysisError> {
        let column = self.column(name, "text")?;
        if column.data_type() == &DataType::Null {
            return Ok(None);
        }
        let texts = column.as_string_opt::<i32>().ok_or_else(|| AnalysisError::Shape {
            what: self.what,
            column: name.to_owned(),
            expected: "text",
        })?;
        Ok((row < texts.len() && texts.is_valid(row)).then(|| texts.value(row)))
    }

    /// Text of a cell as an owned string; `None` for null.
    ///
    /// # Errors
    ///
    /// See [`Self::text`].
    pub fn string(&self, name: &str, row: usize) -> Result<Option<String>, AnalysisError> {
        Ok(self.text(name, row)?.map(str::to_owned))
    }

    /// Texts of a list cell; empty for null.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`] when the column is no list of texts.
    pub fn texts(&self, name: &str, row: usize) -> Result<Vec<String>, AnalysisError> {
        let shape = || AnalysisError::Shape {
            what: self.what,
            column: name.to_owned(),
            expected: "a list of texts",
        };
        let column = self.column(name, "a list of texts")?;
        if column.data_type() == &DataType::Null || row >= column.len() || column.is_null(row) {
            return Ok(Vec::new());
        }
        let list = column.as_list_opt::<i32>().ok_or_else(shape)?;
        let values = cast(&list.value(row), &DataType::Utf8)
            .map_err(|source| engine_error(self.what, source.into()))?;
        let values = values.as_string_opt::<i32>().ok_or_else(shape)?;
        Ok(values.iter().flatten().map(str::to_owned).collect())
    }

    /// Whole number of a cell; `None` for null.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`] when the column holds no whole numbers.
    pub fn number(&self, name: &str, row: usize) -> Result<Option<i64>, AnalysisError> {
        let column = self.column(name, "a whole number")?;
        if column.data_type() == &DataType::Null {
            return Ok(None);
        }
        let values =
            column.as_primitive_opt::<Int64Type>().ok_or_else(|| AnalysisError::Shape {
                what: self.what,
                column: name.to_owned(),
                expected: "a whole number",
            })?;
        Ok((row < values.len() && values.is_valid(row)).then(|| values.value(row)))
    }

    /// Number of a cell; `None` for null and for what is no number.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`] when the column holds no numbers.
    pub fn float(&self, name: &str, row: usize) -> Result<Option<f64>, AnalysisError> {
        let column = self.column(name, "a number")?;
        if column.data_type() == &DataType::Null {
            return Ok(None);
        }
        let values =
            column.as_primitive_opt::<arrow::datatypes::Float64Type>().ok_or_else(|| {
                AnalysisError::Shape {
                    what: self.what,
                    column: name.to_owned(),
                    expected: "a number",
                }
            })?;
        Ok((row < values.len() && values.is_valid(row))
            .then(|| values.value(row))
            .filter(|number| number.is_finite()))
    }

    /// A count of a cell; null and negative read as 0.
    ///
    /// # Errors
    ///
    /// See [`Self::number`].
    pub fn count(&self, name: &str, row: usize) -> Result<u64, AnalysisError> {
        Ok(self.number(name, row)?.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
    }

    /// Instant of a cell; `None` for null.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`] when the column holds no instants.
    pub fn time(&self, name: &str, row: usize) -> Result<Option<Timestamp>, AnalysisError> {
        let column = self.column(name, "an instant")?;
        if column.data_type() == &DataType::Null {
            return Ok(None);
        }
        let values = column.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| {
            AnalysisError::Shape {
                what: self.what,
                column: name.to_owned(),
                expected: "an instant",
            }
        })?;
        Ok((row < values.len() && values.is_valid(row))
            .then(|| Timestamp::from_microsecond(values.value(row)).ok())
            .flatten())
    }

    /// The record a row came from; the row must hold the columns of [`provenance`].
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Shape`].
    pub fn citation(&self, row: usize) -> Result<Citation, AnalysisError> {
        Ok(Citation {
            id: self.string(fields::EVENT_ID.name(), row)?.unwrap_or_default(),
            file: self.string(fields::LOG_FILE_PATH.name(), row)?.unwrap_or_default(),
            record: self.count(fields::LOG_OFFSET.name(), row)?,
        })
    }
}

/// Columns that say which record a row is.
pub fn provenance() -> Vec<Expr> {
    vec![column(fields::EVENT_ID), column(fields::LOG_FILE_PATH), column(fields::LOG_OFFSET)]
}

/// Order that is the same in every run: time, then place in the evidence.
pub fn in_order() -> Vec<datafusion::logical_expr::SortExpr> {
    vec![
        column(fields::TIMESTAMP).sort(true, true),
        column(fields::LOG_FILE_PATH).sort(true, true),
        column(fields::LOG_OFFSET).sort(true, true),
    ]
}
