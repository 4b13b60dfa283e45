//! Events as columns: fields are set by name, rows come out as an Arrow batch.
//!
//! Decoders write straight into these builders; no row structs of strings lie in between. A
//! column exists only once a row sets it, and rows that leave it out cost nothing until then, so
//! a catalogue of two hundred fields is as cheap as the dozen that a source uses.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder, ListBuilder,
    RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

use crate::ecs::schema::columns_of;
use crate::ecs::{CATALOG, Field, FieldKind};

/// Columns under construction.
///
/// Set the fields of one row in any order, then call [`EventBuilder::end_row`]. Setting a field
/// twice in one row keeps the first value. A field takes only the setter of its kind; any other
/// is a bug that tests meet (`debug_assert`) and that is ignored otherwise.
///
/// # Example
///
/// ```
/// use egret_model::ecs::catalog::fields;
/// use egret_model::event::EventBuilder;
///
/// let mut events = EventBuilder::new();
/// events.set_time(fields::TIMESTAMP, 1_722_513_600_000_000);
/// events.set_ip(fields::SOURCE_IP, "203.0.113.9");
/// events.end_row();
///
/// let batch = events.finish()?;
/// assert_eq!(batch.num_rows(), 1);
/// assert_eq!(batch.schema().field(1).name(), "source.ip");
/// assert_eq!(batch.schema().field(2).name(), "egret.ip.source.ip");
/// # Ok::<(), arrow::error::ArrowError>(())
/// ```
#[derive(Debug)]
pub struct EventBuilder {
    columns: Vec<Option<Box<Column>>>,
    rows: usize,
    text_bytes: usize,
}

#[derive(Debug)]
enum Column {
    Text(StringBuilder),
    Pair(StringBuilder, StringBuilder),
    Ip(StringBuilder, FixedSizeBinaryBuilder),
    Texts(ListBuilder<StringBuilder>),
    Long(Int64Builder),
    Double(Float64Builder),
    Date(TimestampMicrosecondBuilder),
    Boolean(BooleanBuilder),
}

impl Column {
    fn new(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Keyword | FieldKind::Json => Self::Text(StringBuilder::new()),
            FieldKind::Keywords => Self::Texts(ListBuilder::new(StringBuilder::new())),
            FieldKind::Ip => Self::Ip(StringBuilder::new(), FixedSizeBinaryBuilder::new(16)),
            FieldKind::Long => Self::Long(Int64Builder::new()),
            FieldKind::Double => Self::Double(Float64Builder::new()),
            FieldKind::Date => Self::Date(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            FieldKind::Boolean => Self::Boolean(BooleanBuilder::new()),
            FieldKind::Flattened => Self::Pair(StringBuilder::new(), StringBuilder::new()),
        }
    }

    fn len(&self) -> usize {
        use arrow::array::ArrayBuilder;
        match self {
            Self::Text(texts) | Self::Pair(texts, _) | Self::Ip(texts, _) => texts.len(),
            Self::Texts(lists) => lists.len(),
            Self::Long(values) => values.len(),
            Self::Double(values) => values.len(),
            Self::Date(values) => values.len(),
            Self::Boolean(values) => values.len(),
        }
    }

    /// Fills up with nulls so that the next value lands in row `rows`.
    fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        if missing == 0 {
            return;
        }
        match self {
            Self::Text(texts) => texts.append_nulls(missing),
            Self::Pair(texts, tokens) => {
                texts.append_nulls(missing);
                tokens.append_nulls(missing);
            }
            Self::Ip(texts, bytes) => {
                texts.append_nulls(missing);
                bytes.append_nulls(missing);
            }
            Self::Texts(lists) => {
                for _ in 0..missing {
                    lists.append_null();
                }
            }
            Self::Long(values) => values.append_nulls(missing),
            Self::Double(values) => values.append_nulls(missing),
            Self::Date(values) => values.append_nulls(missing),
            Self::Boolean(values) => values.append_nulls(missing),
        }
    }
}

impl Default for EventBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl EventBuilder {
    /// No rows, no columns.
    pub fn new() -> Self {
        Self {
            columns: std::iter::repeat_with(|| None).take(CATALOG.len()).collect(),
            rows: 0,
            text_bytes: 0,
        }
    }

    /// Rows ended so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no row was ended yet.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes of text held, which is nearly all the memory a builder takes.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// The field's column, padded up to the current row; `None` when this row has a value.
    fn column(&mut self, field: Field) -> Option<&mut Column> {
        let rows = self.rows;
        let column = self
            .columns
            .get_mut(field.index())?
            .get_or_insert_with(|| Box::new(Column::new(field.kind())));
        if column.len() > rows {
            return None;
        }
        column.pad(rows);
        Some(column)
    }

    /// Sets a keyword or JSON text.
    pub fn set_str(&mut self, field: Field, value: &str) {
        match self.column(field) {
            Some(Column::Text(texts)) => texts.append_value(value),
            Some(_) => debug_assert!(false, "`{}` is not text", field.name()),
            None => return,
        }
        self.text_bytes = self.text_bytes.saturating_add(value.len());
    }

    /// Sets a text unless it is `None` or empty.
    pub fn set_opt(&mut self, field: Field, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.set_str(field, value);
        }
    }

    /// Sets an address; text that is no address is left out and `false` comes back.
    pub fn set_ip(&mut self, field: Field, value: &str) -> bool {
        let Some(octets) = ip_octets(value) else {
            return false;
        };
        match self.column(field) {
            Some(Column::Ip(texts, bytes)) => {
                texts.append_value(value);
                if bytes.append_value(octets).is_err() {
                    bytes.append_null();
                }
            }
            Some(_) => debug_assert!(false, "`{}` is not an address", field.name()),
            None => return true,
        }
        self.text_bytes = self.text_bytes.saturating_add(value.len()).saturating_add(16);
        true
    }

    /// Sets a whole number.
    pub fn set_i64(&mut self, field: Field, value: i64) {
        match self.column(field) {
            Some(Column::Long(values)) => values.append_value(value),
            Some(_) => debug_assert!(false, "`{}` is not a whole number", field.name()),
            None => {}
        }
    }

    /// Sets a fraction.
    pub fn set_f64(&mut self, field: Field, value: f64) {
        match self.column(field) {
            Some(Column::Double(values)) => values.append_value(value),
            Some(_) => debug_assert!(false, "`{}` is not a fraction", field.name()),
            None => {}
        }
    }

    /// Sets an instant, in microseconds since 1970, UTC.
    pub fn set_time(&mut self, field: Field, micros: i64) {
        match self.column(field) {
            Some(Column::Date(values)) => values.append_value(micros),
            Some(_) => debug_assert!(false, "`{}` is not an instant", field.name()),
            None => {}
        }
    }

    /// Sets true or false.
    pub fn set_bool(&mut self, field: Field, value: bool) {
        match self.column(field) {
            Some(Column::Boolean(values)) => values.append_value(value),
            Some(_) => debug_assert!(false, "`{}` is not a boolean", field.name()),
            None => {}
        }
    }

    /// Sets several texts at once; an empty list leaves the field out.
    pub fn set_list<'a>(&mut self, field: Field, values: impl IntoIterator<Item = &'a str>) {
        let mut bytes = 0usize;
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        match self.column(field) {
            Some(Column::Texts(lists)) => {
                for value in values {
                    bytes = bytes.saturating_add(value.len());
                    lists.values().append_value(value);
                }
                lists.append(true);
            }
            Some(_) => debug_assert!(false, "`{}` is not a list", field.name()),
            None => {}
        }
        self.text_bytes = self.text_bytes.saturating_add(bytes);
    }

    /// Sets a free-form document: its JSON text, and its leaves as [`crate::ecs::tokens_column`]
    /// describes them.
    pub fn set_flattened(&mut self, field: Field, json: &str, tokens: &str) {
        match self.column(field) {
            Some(Column::Pair(texts, leaves)) => {
                texts.append_value(json);
                leaves.append_value(tokens);
            }
            Some(_) => debug_assert!(false, "`{}` is not a document", field.name()),
            None => return,
        }
        self.text_bytes = self.text_bytes.saturating_add(json.len()).saturating_add(tokens.len());
    }

    /// Ends the row; the next setters fill the one after it.
    pub fn end_row(&mut self) {
        self.rows = self.rows.saturating_add(1);
    }

    /// The rows so far, with a column for each field that any row set, in catalogue order, and an
    /// empty builder left behind.
    ///
    /// # Errors
    ///
    /// Only when Arrow finds columns of unequal length, which would be a bug here.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        self.text_bytes = 0;
        let mut schema = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (field, slot) in Field::all().zip(&mut self.columns) {
            let Some(mut column) = slot.take() else {
                continue;
            };
            column.pad(rows);
            schema.extend(columns_of(field));
            match *column {
                Column::Text(mut texts) => arrays.push(Arc::new(texts.finish())),
                Column::Pair(mut texts, mut tokens) => {
                    arrays.push(Arc::new(texts.finish()));
                    arrays.push(Arc::new(tokens.finish()));
                }
                Column::Ip(mut texts, mut bytes) => {
                    arrays.push(Arc::new(texts.finish()));
                    arrays.push(Arc::new(bytes.finish()));
                }
                Column::Texts(mut lists) => arrays.push(Arc::new(lists.finish())),
                Column::Long(mut values) => arrays.push(Arc::new(values.finish())),
                Column::Double(mut values) => arrays.push(Arc::new(values.finish())),
                Column::Date(mut values) => arrays.push(Arc::new(values.finish())),
                Column::Boolean(mut values) => arrays.push(Arc::new(values.finish())),
            }
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(schema)), arrays, &options)
    }
}

/// An address as sixteen bytes, IPv4 mapped into IPv6; `None` when the text is no address.
///
/// # Example
///
/// ```
/// use egret_model::event::ip_octets;
///
/// assert_eq!(ip_octets("192.0.2.1").map(|octets| octets[12..].to_vec()), Some(vec![192, 0, 2, 1]));
/// assert_eq!(ip_octets("ec2.amazonaws.com"), None);
/// ```
pub fn ip_octets(text: &str) -> Option<[u8; 16]> {
    // Service names are common and never begin like an address.
    let first = *text.as_bytes().first()?;
    if !first.is_ascii_hexdigit() && first != b':' {
        return None;
    }
    match text.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(v4) => Some(v4.to_ipv6_mapped().octets()),
        std::net::IpAddr::V6(v6) => Some(v6.octets()),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;
    use crate::ecs::catalog::fields;

    #[test]
    fn rows_that_leave_a_field_out_hold_null() {
        let mut events = EventBuilder::new();
        events.set_str(fields::EVENT_ACTION, "GetObject");
        events.end_row();
        events.end_row();
        events.set_str(fields::EVENT_ACTION, "PutObject");
        events.set_str(fields::EVENT_ACTION, "kept the first value");
        events.set_list(fields::RELATED_USER, ["ana", "Ops"]);
        events.set_list(fields::RELATED_IP, []);
        events.end_row();
        let batch = events.finish().unwrap();

        assert_eq!(batch.num_rows(), 3);
        let names: Vec<_> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names, ["event.action", "related.user"]);
        let actions: Vec<_> = batch.column(0).as_string::<i32>().iter().collect();
        assert_eq!(actions, [Some("GetObject"), None, Some("PutObject")]);
        assert!(batch.column(1).is_null(0) && batch.column(1).is_null(1));
        assert!(events.is_empty());
    }

    #[test]
    fn an_address_is_text_and_bytes_and_anything_else_is_neither() {
        let mut events = EventBuilder::new();
        assert!(!events.set_ip(fields::SOURCE_IP, "ec2.amazonaws.com"));
        events.end_row();
        assert!(events.set_ip(fields::SOURCE_IP, "2001:db8::7"));
        events.end_row();
        let batch = events.finish().unwrap();
        assert!(batch.column(0).is_null(0) && batch.column(1).is_null(0));
        assert_eq!(batch.column(1).as_fixed_size_binary().value(1)[..2], [0x20, 0x01]);
    }
}
