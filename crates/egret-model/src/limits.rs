//! Every cap in one place, with its unit and its reason.
//!
//! Reaching a limit is an error that names it, or a truncation that the report shows.

/// One record, in bytes. CloudTrail's own maximum is 256 KiB an event; a longer one is
/// quarantined rather than held in memory.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// Columns of one record of comma-separated text. Exports have some hundred; more are damage, and
/// would cost far more memory than the text itself.
pub const CSV_COLUMNS_MAX: usize = 4_096;

/// One evidence file after decompression, in bytes. A gzip bomb stops here.
pub const INFLATED_BYTES_MAX: u64 = 64 << 30;

/// What a compressed file may come to, as a multiple of its size, beyond
/// [`INFLATED_BYTES_FREE`]. Logs come to ten to thirty times; a bomb to a thousand.
pub const INFLATED_RATIO_MAX: u64 = 200;

/// Bytes a compressed file may come to whatever its size.
pub const INFLATED_BYTES_FREE: u64 = 64 << 20;

/// Bytes of a file looked at to tell its source.
pub const DETECT_BYTES: usize = 64 << 10;

/// Bytes handed to a decoder at a time when a file does not fit at once.
pub const CHUNK_BYTES: usize = 8 << 20;

/// Depth of JSON nesting followed; deeper documents are kept as text and not searched by path.
pub const JSON_DEPTH_MAX: usize = 64;

/// Leaves of one document that become searchable tokens; the text itself is always whole.
pub const TOKENS_MAX: usize = 4_096;

/// Bytes of one rejected record kept in quarantine; file and offset lead to the rest.
pub const QUARANTINE_BYTES_MAX: usize = 64 << 10;

/// Length of a query, in bytes.
pub const QUERY_BYTES_MAX: usize = 256 << 10;

/// Nesting of a query's parentheses; the parser recurses.
pub const QUERY_DEPTH_MAX: usize = 64;

/// Names, ids and ARNs of one event that `related.entity` holds; a list of a thousand instances
/// stays whole in the request itself.
pub const ENTITIES_MAX: usize = 64;

/// Clauses of one query. Elasticsearch's own default maximum is of the same order.
pub const QUERY_CLAUSES_MAX: usize = 4_096;

/// Signs of arithmetic in one expression: each nests what stands before it.
pub const QUERY_ARITHMETIC_MAX: usize = 100;

/// Depth of the expression that a query becomes; the engine recurses, and in a build for tests a
/// thread of two megabytes takes some two hundred levels.
pub const QUERY_TREE_DEPTH_MAX: usize = 128;

/// Comparisons that terms without a field come to: each is looked for in every column of a record.
pub const QUERY_COMPARISONS_MAX: usize = 65_536;

/// Values that the placeholders of one term may stand for, all combinations counted.
pub const QUERY_VALUES_MAX: usize = 16_384;

/// Records cited one by one under a movement or finding; the rest is counted and the query that
/// lists them all is given.
pub const CITATIONS_MAX: usize = 20;

/// Rows of one table in a report; the artifact beside it is whole.
pub const REPORT_ROWS_MAX: usize = 500;

/// Records a report's list of cited records holds; a citation beyond it names file and record in
/// its own place.
pub const REPORT_RECORDS_MAX: usize = 2_000;

/// Characters of one text on a page of a report; `report.json` holds it whole.
pub const REPORT_TEXT_CHARS_MAX: usize = 2_000;

/// Events of channels read one by one; more are counted and the report says so.
pub const CHANNEL_EVENTS_MAX: usize = 200_000;

/// Movements drawn together from reads or flows that are listed; the smallest are left out first
/// and the channel's result says how many.
pub const MOVEMENTS_MAX: usize = 200;

/// Rows of one grouped analysis held in memory; more are cut and the report says so.
pub const GROUP_ROWS_MAX: usize = 1_000_000;
