//! How events are written: one Parquet part per batch of a dataset's day.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field as ArrowField, Schema, TimestampMicrosecondType};
use egret_model::ecs::catalog::fields;
use egret_model::ecs::schema::columns_of;
use egret_model::ecs::{Field, FieldKind, tokens_column};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::error::StoreError;

/// Rows of a row group: small enough that min and max of a sorted day prune, large enough that
/// dictionaries pay.
const ROW_GROUP_ROWS: usize = 131_072;

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

/// Joins batches of one dataset and day into one, sorted by time and then by place in the evidence.
///
/// The columns are those that any batch has, in catalogue order; a batch without one counts as
/// null. Batches must come in evidence order.
pub(crate) fn sorted(batches: &[RecordBatch]) -> Result<RecordBatch, StoreError> {
    let arrow = |source| StoreError::Arrow { doing: "sorting events", source };
    let mut order: Vec<(i64, usize, usize)> =
        Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (number, batch) in batches.iter().enumerate() {
        let times = batch
            .column_by_name(fields::TIMESTAMP.name())
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        for row in 0..batch.num_rows() {
            let time = times
                .filter(|times| times.is_valid(row))
                .map_or(i64::MAX, |times| times.value(row));
            order.push((time, number, row));
        }
    }
    if !order.is_sorted() {
        order.sort_unstable();
    }
    let rows: Vec<(usize, usize)> = order.into_iter().map(|(_, batch, row)| (batch, row)).collect();
    let mut schema: Vec<ArrowField> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in Field::all().flat_map(columns_of) {
        let parts: Vec<Option<&ArrayRef>> =
            batches.iter().map(|batch| batch.column_by_name(column.name())).collect();
        if parts.iter().all(Option::is_none) {
            continue;
        }
        let nulls: Vec<Option<ArrayRef>> = parts
            .iter()
            .zip(batches)
            .map(|(part, batch)| {
                part.is_none().then(|| new_null_array(column.data_type(), batch.num_rows()))
            })
            .collect();
        let parts: Vec<&dyn Array> = parts
            .iter()
            .zip(&nulls)
            .filter_map(|(part, null)| part.or(null.as_ref()).map(AsRef::as_ref))
            .collect();
        columns.push(interleave(&parts, &rows).map_err(arrow)?);
        schema.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(schema)), columns).map_err(arrow)
}

/// Writes one part.
pub(crate) fn write(path: &Path, events: &RecordBatch) -> Result<(), StoreError> {
    let doing = "writing";
    let file = File::create(path).map_err(StoreError::io(doing, path))?;
    let parquet = |source| StoreError::Parquet { doing, path: path.to_owned(), source };
    let mut writer =
        ArrowWriter::try_new(file, events.schema(), Some(properties(events))).map_err(parquet)?;
    writer.write(events).map_err(parquet)?;
    let file = writer.into_inner().map_err(parquet)?;
    file.sync_all().map_err(StoreError::io(doing, path))
}

fn properties(events: &RecordBatch) -> WriterProperties {
    let rows = u64::try_from(events.num_rows().min(ROW_GROUP_ROWS)).unwrap_or(u64::MAX);
    let mut builder = WriterProperties::builder()
        // Level 1 is a quarter faster to write than 3 for one percent of size.
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
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
    sorting(builder, events).build()
}

fn sorting(builder: WriterPropertiesBuilder, events: &RecordBatch) -> WriterPropertiesBuilder {
    // Parquet counts leaves; every column before the list columns is one.
    let at = events.schema().index_of(fields::TIMESTAMP.name()).ok();
    let lists_before = events
        .schema()
        .fields()
        .iter()
        .take(at.unwrap_or(0))
        .any(|field| matches!(field.data_type(), DataType::List(_)));
    match at.and_then(|at| i32::try_from(at).ok()) {
        Some(column_idx) if !lists_before => {
            builder.set_sorting_columns(Some(vec![SortingColumn {
                column_idx,
                descending: false,
                nulls_first: false,
            }]))
        }
        _ => builder,
    }
}

/// A column by its whole name; the dots are part of it.
fn path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}

#[cfg(test)]
mod tests {
    use egret_model::event::EventBuilder;

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
        let batch = sorted(&[first.finish().unwrap(), second.finish().unwrap()]).unwrap();
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.values().as_ref(), [10, 20, 30]);
        let names: Vec<_> =
            batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["@timestamp", "event.action", "user.name"]);
        let users: Vec<_> = batch.column(2).as_string::<i32>().iter().collect();
        assert_eq!(users, [None, Some("ana"), None]);
    }
}
