//! The store from the outside: evidence files in, answers of a session out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::maybe_infinite_iter,
    reason = "a test: what goes wrong must stop it"
)]

mod accounting;
mod damage;
mod logs;
mod same_store;
mod session;
