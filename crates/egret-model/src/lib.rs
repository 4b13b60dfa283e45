//! The nouns of an investigation: the ECS field catalogue, event columns, evidence, findings
//! and the record that a report may show.
//!
//! This crate knows nothing about files, networks, async or DataFusion. Everything else in the
//! workspace is written in its terms.
//!
//! Start reading at [`ecs`], the table that says which fields an event can have; then
//! [`event::EventBuilder`], which turns set fields into Arrow columns; then [`report::Report`],
//! which is all that a report may show.

pub mod aws;
pub mod dataset;
pub mod ecs;
pub mod event;
pub mod evidence;
pub mod glob;
pub mod limits;
pub mod progress;
pub mod report;
pub mod time;
pub mod words;
