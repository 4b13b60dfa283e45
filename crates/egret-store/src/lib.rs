//! Evidence in, Parquet kept, DataFusion sessions out.
//!
//! [`ingest`] reads evidence files into the store of a [`CaseDir`]; [`session`] opens the store as
//! the table `events`. The crate knows where things lie and nothing of what is asked of them.

mod case;
mod commit;
mod committer;
mod error;
mod evidence;
mod inflate;
mod ingest;
mod keys;
mod parquet;
mod pipeline;
mod reading;
mod session;

pub use case::{CaseDir, manifest, quarantined};
pub use error::StoreError;
pub use evidence::read_text;
pub use ingest::{IngestOptions, IngestSummary, ingest, totals};
pub use session::{SessionOptions, events_schema, register_events, session};
