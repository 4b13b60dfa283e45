//! What queries mean, on the engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test: what goes wrong must stop it"
)]

mod corpus;
mod laws;
mod limits;
mod printed;
mod rows;
mod semantics;

/// Cases of a property test: as many as `PROPTEST_CASES` says, as the heavy run of `scripts/test` does.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
