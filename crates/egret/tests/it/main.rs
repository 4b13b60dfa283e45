//! End to end, through the binary and the library it is made of. One test binary: each further one
//! would link the engine again.

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

mod architecture;
mod bad_input;
mod channels;
mod egret;
mod killed;
mod languages;
mod plans;
mod rules;
mod samples;
mod scenarios;
mod sealed;
mod twins;
