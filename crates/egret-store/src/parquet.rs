//! How events are written: sorted, a few Parquet parts per batch of a dataset's day.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{Field as ArrowField, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use egret_model::ecs::catalog::fields;
use egret_model::ecs::schema::columns_of;
use egret_model::ecs::{Field, FieldKind, tokens_column};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::error::StoreError;

/// Rows of a row group: small enough that min and max of a sorted day prune, large enough that
/// dictionaries pay.
const ROW_GROUP_ROWS: usize = 131_072;

/// Rows that are put in order at a time on their way into a row group.
const SLICE_ROWS: usize = 8_192;

/// Columns that people pivot on. A bloom filter tells in a few kilobytes that a row group does not
/// hold an access key, where min and max of random ids never do.
const BLOOM: &[Field] = &[
    fields::EVENT_ID,
    fields::USER_NAME,
    fields::SOURCE_IP,
    fields::DESTINATION_IP,
    fields::AWS_S3_BUCKET_NAME,
    fields::CT_USER_IDENTITY_ARN,
    fields::CT_USER_IDENTITY_ACCESS_KEY_ID,
    fields::CT_ISSUED_ACCESS_KEY_ID,
    fields::CT_ROLE_ARN,
    fields::OKTA_ACTOR_ALTERNATE_ID,
];

/// Columns whose values hardly repeat; building a dictionary only to give it up costs time.
const NO_DICTIONARY: &[Field] =
    &[fields::EVENT_ID, fields::CT_REQUEST_ID, fields::S3ACCESS_HOST_ID, fields::REST];

/// Events of one dataset and day, in order of time and then of place in the evidence.
///
/// The columns are those that any batch has, in catalogue order; a batch without one counts as
/// null. Batches must come in evidence order.
#[derive(Debug)]
pub(crate) struct Sorted {
    schema: SchemaRef,
    /// For each column, its array in each batch.
    columns: Vec<Vec<ArrayRef>>,
    /// Batch and row.
    rows: Vec<(usize, usize)>,
}

impl Sorted {
    pub(crate) fn new(batches: &[RecordBatch]) -> Self {
        let mut order: Vec<(i64, usize, usize)> =
            Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
        for (number, batch) in batches.iter().enumerate() {
            let times = batch
                .column_by_name(fields::TIMESTAMP.name())
                .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
            for row in 0..batch.num_rows() {
                let time = times.filter(|times| times.is_valid(row));
                order.push((time.map_or(i64::MAX, |times| times.value(row)), number, row));
            }
        }
        order.sort_unstable();
        let mut schema: Vec<ArrowField> = Vec::new();
        let mut columns: Vec<Vec<ArrayRef>> = Vec::new();
        for column in Field::all().flat_map(columns_of) {
            let parts: Vec<Option<&ArrayRef>> =
                batches.iter().map(|batch| batch.column_by_name(column.name())).collect();
            if parts.iter().all(Option::is_none) {
                continue;
            }
            columns.push(
                parts
                    .into_iter()
                    .zip(batches)
                    .map(|(part, batch)| match part {
                        Some(part) => Arc::clone(part),
                        None => new_null_array(column.data_type(), batch.num_rows()),
                    })
                    .collect(),
            );
            schema.push(column);
        }
        Self {
            schema: Arc::new(Schema::new(schema)),
            columns,
            rows: order.into_iter().map(|(_, batch, row)| (batch, row)).collect(),
        }
    }

    /// The events, [`SLICE_ROWS`] at a time: a whole part in one piece would be in memory twice.
    fn slices(&self) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
        self.rows.chunks(SLICE_ROWS).map(|rows| {
            let columns: Result<Vec<ArrayRef>, ArrowError> = self
                .columns
                .iter()
                .map(|parts| {
                    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                    interleave(&parts, rows)
                })
                .collect();
            RecordBatch::try_new(Arc::clone(&self.schema), columns?)
        })
    }
}

/// Writes a part.
pub(crate) fn write(path: &Path, events: &Sorted) -> Result<(), StoreError> {
    let doing = "writing";
    let file = File::create(path).map_err(StoreError::io(doing, path))?;
    let parquet = |source| StoreError::Parquet { doing, path: path.to_owned(), source };
    let properties = properties(&events.schema, events.rows.len());
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&events.schema), Some(properties))
        .map_err(parquet)?;
    for slice in events.slices() {
        let slice =
            slice.map_err(|source| StoreError::Arrow { doing: "sorting events", source })?;
        writer.write(&slice).map_err(parquet)?;
    }
    let file = writer.into_inner().map_err(parquet)?;
    file.sync_all().map_err(StoreError::io(doing, path))
}

/// Reads a part back.
pub(crate) fn read(path: &Path) -> Result<Vec<RecordBatch>, StoreError> {
    let doing = "reading";
    let file = File::open(path).map_err(StoreError::io(doing, path))?;
    ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|reader| reader.with_batch_size(SLICE_ROWS).build())
        .map_err(|source| StoreError::Parquet { doing, path: path.to_owned(), source })?
        .collect::<Result<_, _>>()
        .map_err(|source| StoreError::Arrow { doing: "reading a part back", source })
}

fn properties(schema: &Schema, rows: usize) -> WriterProperties {
    let rows = u64::try_from(rows.min(ROW_GROUP_ROWS)).unwrap_or(u64::MAX);
    let mut builder = WriterProperties::builder()
        // Level 1 is a quarter faster to write than 3 for one percent of size.
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        // Pages of a sorted column are ranges of it, so a time window reads few of them.
        .set_statistics_enabled(EnabledStatistics::Page);
    for field in BLOOM {
        let path = path(field.name());
        builder = builder
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), 0.01)
            .set_column_bloom_filter_max_ndv(path, rows.max(1));
    }
    for field in NO_DICTIONARY {
        builder = builder.set_column_dictionary_enabled(path(field.name()), false);
    }
    for field in Field::all().filter(|field| field.kind() == FieldKind::Flattened) {
        for name in [field.name().to_owned(), tokens_column(field)] {
            // Nobody compares a document by its order, and its min and max are as long as it is.
            builder = builder
                .set_column_dictionary_enabled(path(&name), false)
                .set_column_statistics_enabled(path(&name), EnabledStatistics::None);
        }
    }
    sorting(builder, schema).build()
}

fn sorting(builder: WriterPropertiesBuilder, schema: &Schema) -> WriterPropertiesBuilder {
    let Ok(at) = schema.index_of(fields::TIMESTAMP.name()) else { return builder };
    // Parquet counts leaves, and every column that is stored has exactly one.
    let Ok(column_idx) = i32::try_from(at) else { return builder };
    let by_time = SortingColumn { column_idx, descending: false, nulls_first: false };
    builder.set_sorting_columns(Some(vec![by_time]))
}

/// A column by its whole name; the dots are part of it.
fn path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}

#[cfg(test)]
mod tests {
    use egret_model::event::EventBuilder;
    use parquet::file::metadata::ColumnChunkMetaData;

    use super::*;

    #[test]
    fn batches_with_different_columns_become_one_in_order_of_time() {
        let mut first = EventBuilder::new();
        for time in [30, 10] {
            first.set_time(fields::TIMESTAMP, time);
            first.set_str(fields::EVENT_ACTION, "a");
            first.end_row();
        }
        let mut second = EventBuilder::new();
        second.set_time(fields::TIMESTAMP, 20);
        second.set_str(fields::USER_NAME, "ana");
        second.end_row();
        let sorted = Sorted::new(&[first.finish().unwrap(), second.finish().unwrap()]);
        let batch = sorted.slices().next().unwrap().unwrap();
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.values().as_ref(), [10, 20, 30]);
        let names: Vec<_> =
            batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["@timestamp", "event.action", "user.name"]);
        let users: Vec<_> = batch.column(2).as_string::<i32>().iter().collect();
        assert_eq!(users, [None, Some("ana"), None]);
    }

    /// What a reader finds in the footer, for a column.
    fn chunk(path: &Path, field: Field) -> ColumnChunkMetaData {
        let file = File::open(path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let group = reader.metadata().row_group(0);
        assert_eq!(group.sorting_columns().unwrap()[0].column_idx, 0);
        group
            .columns()
            .iter()
            .find(|chunk| chunk.column_path().parts() == [field.name()])
            .unwrap()
            .clone()
    }

    #[test]
    fn a_part_has_filters_statistics_and_page_index_where_they_help() {
        let mut events = EventBuilder::new();
        for number in 0..1_000 {
            events.set_time(fields::TIMESTAMP, 1_000 - number);
            events.set_str(fields::EVENT_ID, &format!("id-{number}"));
            events.set_str(fields::USER_NAME, ["ana", "bo"][usize::try_from(number % 2).unwrap()]);
            events.set_str(fields::MESSAGE, "hello");
            events.set_flattened(fields::CT_REQUEST_PARAMETERS, "{}", "\n");
            events.end_row();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.parquet");
        write(&path, &Sorted::new(&[events.finish().unwrap()])).unwrap();

        // Sized for what is in it: two names take the smallest filter there is.
        assert_eq!(chunk(&path, fields::USER_NAME).bloom_filter_length(), Some(47));
        assert!(chunk(&path, fields::EVENT_ID).bloom_filter_length().unwrap() > 1_000);
        assert_eq!(chunk(&path, fields::MESSAGE).bloom_filter_length(), None);
        assert_eq!(chunk(&path, fields::EVENT_ID).dictionary_page_offset(), None);
        assert!(chunk(&path, fields::USER_NAME).dictionary_page_offset().is_some());
        assert!(chunk(&path, fields::TIMESTAMP).column_index_length().is_some());
        assert!(chunk(&path, fields::TIMESTAMP).statistics().is_some());
        assert!(chunk(&path, fields::CT_REQUEST_PARAMETERS).statistics().is_none());

        let back = read(&path).unwrap();
        assert_eq!(back.iter().map(RecordBatch::num_rows).sum::<usize>(), 1_000);
        let times = back[0].column(0).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.value(0), 1);
    }
}
