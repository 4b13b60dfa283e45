//! Catalogue to Arrow: which columns a field has, and of which type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, TimeUnit};

use super::catalog::{Field, FieldKind};

/// Name of the sixteen-byte companion of an address column; the empty string for other fields.
///
/// IPv4 addresses are stored mapped into IPv6, so one range comparison serves both.
pub fn ip_column(field: Field) -> String {
    format!("egret.ip.{}", field.name())
}

/// Name of the token companion of a flattened column.
///
/// Its text is `\n` and then, for each leaf in document order, `path\tvalue\n`. Array positions
/// are dropped from the path. A tab or line feed inside a path or value is stored as a space, so
/// that one token is one line.
///
/// # Example
///
/// `{"roleArn":"arn:aws:iam::111122223333:role/Ops","tags":[{"key":"a"},{"key":"b"}]}` gives
/// `"\nroleArn\tarn:aws:iam::111122223333:role/Ops\ntags.key\ta\ntags.key\tb\n"`.
pub fn tokens_column(field: Field) -> String {
    format!("egret.tokens.{}", field.name())
}

/// Arrow type of a field's main column.
pub fn data_type(kind: FieldKind) -> DataType {
    match kind {
        FieldKind::Keyword | FieldKind::Ip | FieldKind::Flattened | FieldKind::Json => {
            DataType::Utf8
        }
        FieldKind::Keywords => {
            DataType::List(Arc::new(ArrowField::new("item", DataType::Utf8, true)))
        }
        FieldKind::Long => DataType::Int64,
        FieldKind::Double => DataType::Float64,
        FieldKind::Date => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        FieldKind::Boolean => DataType::Boolean,
    }
}

/// Columns of one field: its own and, for addresses and flattened documents, its companion.
pub fn columns_of(field: Field) -> Vec<ArrowField> {
    let own = ArrowField::new(field.name(), data_type(field.kind()), true);
    match field.kind() {
        FieldKind::Ip => {
            vec![own, ArrowField::new(ip_column(field), DataType::FixedSizeBinary(16), true)]
        }
        FieldKind::Flattened => {
            vec![own, ArrowField::new(tokens_column(field), DataType::Utf8, true)]
        }
        _ => vec![own],
    }
}

/// Arrow schema of some fields, in the order given, with their companions.
pub fn schema_of(fields: impl IntoIterator<Item = Field>) -> Schema {
    Schema::new(fields.into_iter().flat_map(columns_of).collect::<Vec<_>>())
}
