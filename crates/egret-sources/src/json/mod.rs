//! JSON as logs hold it: read once, from the front, without building a tree.
//!
//! An evidence file is cut into records, checked, mapped to fields and broken into searchable
//! tokens in one pass over its bytes. A tree or lazy values would go over the same bytes two to
//! four times, and neither can say "the record goes on in the next piece", which decoding a file
//! piece by piece needs.
//!
//! [`cursor`] reads values, [`frames`] finds where records begin, end and resume after damage,
//! [`members`] sorts members into slots, [`tokens`] makes free-form documents searchable, [`rest`] keeps what no column holds.

pub(crate) mod cursor;
pub(crate) mod frames;
pub(crate) mod members;
pub(crate) mod rest;
pub(crate) mod tokens;

pub(crate) use cursor::{Cursor, Stop, Value};
pub(crate) use frames::{Frames, Outcome, Reader};
pub(crate) use rest::Rest;
pub(crate) use tokens::{Flat, Tokens};
