//! ECS: which fields an event can have, what they mean, and what they are called.
//!
//! A field name is written as a string in [`catalog`] and nowhere else; code uses the constant.

pub mod alias;
pub mod catalog;
pub mod schema;

pub use alias::{ALIASES, Alias};
pub use catalog::{CATALOG, Field, FieldDef, FieldKind, Origin};
pub use schema::{ip_column, schema_of, tokens_column};
