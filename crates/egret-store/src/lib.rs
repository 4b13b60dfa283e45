//! Evidence in, Parquet kept, DataFusion sessions out.
//!
//! [`ingest`] reads evidence files into the store of a [`CaseDir`]; [`session`] opens the store as
//! the table `events`. The crate knows where things lie and nothing of what is asked of them.

mod case;
mod columnar;
mod commit;
mod committer;
mod custody;
mod digest;
mod enrich;
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
pub use custody::{
    Check, Entry, Finding, LedgerProblem, Place, Problem, PublicKey, Recorder, SealKeys, Sealed,
    SigningKey, SigningKeyError, Verification, VerifyOptions, append, entries, generate_key,
    generate_seal_key, seal, unseal, verify,
};
pub use digest::{PublicKeys, PublicKeysError, Status, Verdict};
pub use enrich::{Enrichment, LookupFile};
pub use error::StoreError;
pub use evidence::{PassedOver, read_text};
pub use ingest::{IngestOptions, IngestSummary, ingest, totals};
pub use session::{SessionOptions, events_schema, register_events, session};
