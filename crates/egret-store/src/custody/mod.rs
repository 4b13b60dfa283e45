//! Custody: what was done to the case, and whether anything of it has changed since.
//!
//! Start reading at [`ledger`], the chain of entries, then `verify`, which compares the case with it.

mod ledger;
mod places;
mod seal;
mod signing;
mod verify;

pub use ledger::{Entry, LedgerProblem, Recorder, append, entries};
pub use places::Place;
pub use seal::{SealKeys, Sealed, generate_seal_key, seal, unseal};
pub use signing::{PublicKey, SigningKey, SigningKeyError, generate_key};
pub use verify::{Check, Finding, Problem, Verification, VerifyOptions, verify};

pub(crate) use ledger::{append_commit, sha256_of_file};
