//! CloudTrail's digest files: whether logs are what CloudTrail delivered, all of them.
//!
//! An hour's digest names the logs of that hour with their hashes, and the digest before it with its
//! hash and signature. CloudTrail signs each one. Here the chain is followed offline, over what is
//! among the evidence, and what a check of single files passes over is said too: chains that begin
//! anew, hours without a digest, logs that no digest names.
//!
//! # Source
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html>

mod chain;
mod document;
mod keys;

pub use chain::{Status, Verdict};
pub use keys::{PublicKeys, PublicKeysError};

pub(crate) use chain::{Log, check};
pub(crate) use document::{Digest, signatures_of};
