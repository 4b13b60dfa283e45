//! The method: patterns, channels, movements, verdict.
pub mod pattern;
