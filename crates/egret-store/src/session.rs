//! Sessions over the store: the table `events`, whole catalogue, pruned and pushed down.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use egret_model::ecs::{Field, schema_of};

use crate::case::CaseDir;
use crate::error::StoreError;

/// Parquet footers kept in memory.
const FOOTER_BYTES: usize = 128 << 20;

/// Names of parts kept in memory. A session sees the store as it was when it first looked.
const LISTING_BYTES: usize = 16 << 20;

/// How a session may use the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// Partitions worked on at a time.
    pub threads: usize,
    /// Bytes that sorting, joining and grouping may hold; beyond it they spill to disk.
    pub memory_bytes: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { threads, memory_bytes: 1 << 30 }
    }
}

/// Columns of the table `events`: the catalogue and its companions, texts as views, which filters
/// read without copying.
pub fn events_schema() -> Schema {
    let columns = schema_of(Field::all())
        .fields()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8 => ArrowField::new(column.name(), DataType::Utf8View, true),
            other => ArrowField::new(column.name(), other.clone(), true),
        })
        .collect::<Vec<_>>();
    Schema::new(columns)
}

/// A session with the store of a case as the table `events`.
///
/// The table has every column of the catalogue whether or not any part has it, and the partition
/// columns `dataset` and `date`. It works on a case without events.
///
/// # Errors
///
/// [`StoreError::Engine`].
pub async fn session(
    case: &CaseDir,
    options: &SessionOptions,
) -> Result<SessionContext, StoreError> {
    let boxed = |error| StoreError::Engine(Box::new(error));
    let mut config = SessionConfig::new()
        .with_target_partitions(options.threads.max(1))
        .with_information_schema(true)
        .with_parquet_pruning(true)
        .with_parquet_bloom_filter_pruning(true)
        .with_parquet_page_index_pruning(true)
        // Adding up the statistics of every column and part takes three quarters of a short query,
        // and what they rule out, the scan rules out by itself.
        .with_collect_statistics(false);
    // The time zone of every instant in the table, so that literals are of its type.
    config.options_mut().execution.time_zone = Some("UTC".to_owned());
    let parquet = &mut config.options_mut().execution.parquet;
    // Off by default, and what makes a selective filter decode one row instead of a page.
    parquet.pushdown_filters = true;
    parquet.reorder_filters = true;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_bytes)))
        // An investigation asks hundreds of times; footers of a thousand parts stay read.
        .with_metadata_cache_limit(FOOTER_BYTES)
        .with_object_list_cache_limit(LISTING_BYTES)
        .build_arc()
        .map_err(boxed)?;
    let context = SessionContext::new_with_config_rt(config, runtime);
    register_events(&context, case)?;
    Ok(context)
}

/// Gives any session, here or on a cluster, the store of a case as the table `events`.
///
/// # Errors
///
/// [`StoreError::Io`] when the case has no store; [`StoreError::Engine`] when the session refuses
/// the table.
pub fn register_events(context: &SessionContext, case: &CaseDir) -> Result<(), StoreError> {
    let boxed = |error| StoreError::Engine(Box::new(error));
    let folder = case.events();
    let folder = folder.canonicalize().map_err(StoreError::io("opening", &folder))?;
    let url = ListingTableUrl::parse(format!("{}/", folder.display())).map_err(boxed)?;
    let listing = ListingOptions::new(Arc::new(ParquetFormat::default()))
        .with_file_extension(".parquet")
        .with_table_partition_cols(vec![
            ("dataset".to_owned(), DataType::Utf8),
            ("date".to_owned(), DataType::Utf8),
        ]);
    let config = ListingTableConfig::new(url)
        .with_listing_options(listing)
        .with_schema(Arc::new(events_schema()));
    let table = ListingTable::try_new(config).map_err(boxed)?;
    context.register_table("events", Arc::new(table)).map_err(boxed)?;
    Ok(())
}
