//! End to end, through the binary and the library it is made of. One test binary: each further one
//! would link the engine again.

mod architecture;
mod bad_input;
mod egret;
mod plans;
mod samples;
mod scenarios;
