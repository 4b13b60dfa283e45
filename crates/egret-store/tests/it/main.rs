//! The store from the outside: evidence files in, answers of a session out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    clippy::maybe_infinite_iter,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a test: what goes wrong must stop it"
)]

mod accounting;
mod columnar;
mod custody;
mod damage;
mod digests;
mod logs;
mod lookups;
mod same_store;
mod session;
