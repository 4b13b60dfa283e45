//! Records out of comma-separated text (RFC 4180), whatever pieces it comes in.
//!
//! A quoted text may hold commas, line ends and doubled quotes. When one does not end, nothing
//! behind its beginning is read: lines in it are text that somebody else may have chosen, and must
//! not become records.

use std::borrow::Cow;

use egret_model::limits::{CSV_COLUMNS_MAX, RECORD_BYTES_MAX};

use crate::Decoder;
use crate::sink::Sink;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CsvRecord<'b> {
    /// Its fields without their quotes.
    pub(crate) fields: Vec<Cow<'b, str>>,
    /// The record as written, without the end of its line.
    pub(crate) bytes: &'b [u8],
    /// Where in the file it begins.
    pub(crate) byte_offset: u64,
}

/// What came next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next<'b> {
    /// A record.
    Record(CsvRecord<'b>),
    /// What is no record.
    Broken {
        /// Why: what was expected, what was found.
        reason: String,
        /// Where in the file it begins.
        byte_offset: u64,
        /// Its bytes, or the first of them.
        bytes: &'b [u8],
    },
    /// A blank line, a byte-order mark, or the rest of what is no record.
    Nothing,
    /// Nothing that is whole; more bytes are needed, or there are none.
    More,
}

/// Where in a record a byte is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// A field may begin.
    #[default]
    Field,
    /// In a field without quotes, or behind a quote that ended one.
    Plain,
    /// In a quoted text.
    Quoted,
    /// Behind a quote in a quoted text.
    Quote,
}

/// Cuts a file into records.
#[derive(Debug, Default)]
pub(crate) struct CsvReader {
    /// Bytes of the file before the next one.
    base: u64,
    /// Bytes of the next record that were seen already.
    seen: usize,
    /// Where in the record the byte behind those is.
    place: Place,
    /// Set while the rest of a record that is too long is passed over.
    discard: bool,
}

impl CsvReader {
    /// Reads on, and says how many bytes it is done with.
    ///
    /// `bytes` begins behind those; the rest is handed over again with more behind it. With `eof`
    /// nothing follows, and everything is consumed before [`Next::More`].
    pub(crate) fn next<'b>(&mut self, bytes: &'b [u8], eof: bool) -> (usize, Next<'b>) {
        if self.base == 0 && !self.discard {
            let mark = b"\xEF\xBB\xBF";
            if bytes.starts_with(mark) {
                return self.done(mark.len(), Next::Nothing);
            }
            if !eof && mark.starts_with(bytes) {
                return (0, Next::More);
            }
        }
        if bytes.is_empty() {
            return (0, Next::More);
        }
        let byte_offset = self.base;
        let Some(end) = self.line_end(bytes) else {
            let used = bytes.len();
            if self.discard {
                self.discard = !eof;
                let next = if eof { Next::Nothing } else { Next::More };
                let place = self.place;
                let done = self.done(used, next);
                self.place = if eof { Place::default() } else { place };
                return done;
            }
            if used > RECORD_BYTES_MAX {
                let place = self.place;
                let broken = Next::Broken { reason: too_long(), byte_offset, bytes };
                let done = self.done(used, broken);
                self.discard = !eof;
                self.place = if eof { Place::default() } else { place };
                return done;
            }
            if !eof {
                self.seen = used;
                return (0, Next::More);
            }
            let next = if self.place == Place::Quoted {
                let reason = "the file ends inside a quoted text; expected its closing quote";
                Next::Broken { reason: reason.to_owned(), byte_offset, bytes }
            } else {
                read(bytes, byte_offset)
            };
            return self.done(used, next);
        };
        let line = bytes.get(..end).unwrap_or_default();
        let next = if std::mem::take(&mut self.discard) {
            Next::Nothing
        } else if line.len() > RECORD_BYTES_MAX {
            Next::Broken { reason: too_long(), byte_offset, bytes: line }
        } else {
            read(line, byte_offset)
        };
        self.done(end.saturating_add(1), next)
    }

    fn done<'b>(&mut self, used: usize, next: Next<'b>) -> (usize, Next<'b>) {
        self.base = self.base.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        self.seen = 0;
        self.place = Place::default();
        (used, next)
    }

    /// Where the line feed is that ends the record.
    fn line_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = self.seen;
        loop {
            let rest = bytes.get(at..)?;
            let byte = *rest.first()?;
            match (self.place, byte) {
                (Place::Quoted, _) => {
                    let quote = memchr::memchr(b'"', rest)?;
                    at = at.saturating_add(quote);
                    self.place = Place::Quote;
                }
                (Place::Quote | Place::Field, b'"') => self.place = Place::Quoted,
                (_, b'\n') => return Some(at),
                (_, b',') => self.place = Place::Field,
                (Place::Plain, _) => {
                    let end = memchr::memchr2(b',', b'\n', rest)?;
                    at = at.saturating_add(end);
                    continue;
                }
                _ => self.place = Place::Plain,
            }
            at = at.saturating_add(1);
        }
    }
}

fn too_long() -> String {
    format!("longer than {RECORD_BYTES_MAX} bytes, the most a record may have")
}

fn read(line: &[u8], byte_offset: u64) -> Next<'_> {
    let bytes = line.strip_suffix(b"\r").unwrap_or(line);
    if bytes.trim_ascii().is_empty() {
        return Next::Nothing;
    }
    let fields = std::str::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8 text at byte {} of the record", error.valid_up_to()))
        .and_then(fields);
    match fields {
        Ok(fields) => Next::Record(CsvRecord { fields, bytes, byte_offset }),
        Err(reason) => Next::Broken { reason, byte_offset, bytes },
    }
}

/// The fields of a record.
fn fields(record: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let mut fields = Vec::new();
    let mut rest = Some(record);
    while let Some(text) = rest {
        if fields.len() >= CSV_COLUMNS_MAX {
            return Err(format!("more than {CSV_COLUMNS_MAX} columns, the most a record may have"));
        }
        let (field, behind) = field(text);
        fields.push(field);
        rest = behind;
    }
    Ok(fields)
}

/// The first field, and what stands behind its comma.
fn field(text: &str) -> (Cow<'_, str>, Option<&str>) {
    let to_comma = |text| match str::split_once(text, ',') {
        Some((field, behind)) => (field, Some(behind)),
        None => (text, None),
    };
    let Some(mut rest) = text.strip_prefix('"') else {
        let (field, behind) = to_comma(text);
        return (Cow::Borrowed(field), behind);
    };
    let mut held = String::new();
    loop {
        let Some((inside, behind)) = rest.split_once('"') else {
            held.push_str(rest);
            return (Cow::Owned(held), None);
        };
        if let Some(behind) = behind.strip_prefix('"') {
            held.push_str(inside);
            held.push('"');
            rest = behind;
            continue;
        }
        // Some writers put text behind the closing quote; it belongs to the field.
        let (tail, behind) = to_comma(behind);
        if held.is_empty() && tail.is_empty() {
            return (Cow::Borrowed(inside), behind);
        }
        held.push_str(inside);
        held.push_str(tail);
        return (Cow::Owned(held), behind);
    }
}

/// The first record of a file that begins with `head`.
pub(crate) fn first_record(head: &[u8]) -> Option<CsvRecord<'_>> {
    let (mut reader, mut at) = (CsvReader::default(), 0usize);
    loop {
        let (used, next) = reader.next(head.get(at..)?, true);
        at = at.saturating_add(used);
        match next {
            Next::Record(record) => return Some(record),
            Next::Nothing => {}
            Next::Broken { .. } | Next::More => return None,
        }
    }
}

/// Makes rows of records.
pub(crate) trait RowReader: Send {
    /// Reads one record, headers among them. `Err` says why it is none.
    ///
    /// # Errors
    ///
    /// What was expected and what was found; the sink must not have been touched then.
    fn row(&mut self, record: &CsvRecord<'_>, sink: &mut Sink) -> Result<(), String>;

    /// What a reader of the report should know about the file.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Cuts a file into records and hands each to a [`RowReader`].
#[derive(Debug)]
pub(crate) struct Rows<R> {
    reader: R,
    csv: CsvReader,
}

impl<R: RowReader> Rows<R> {
    /// For one file.
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, csv: CsvReader::default() }
    }
}

impl<R: RowReader> Decoder for Rows<R> {
    fn feed(&mut self, bytes: &[u8], eof: bool, sink: &mut Sink) -> usize {
        let mut done = 0usize;
        loop {
            let (used, next) = self.csv.next(bytes.get(done..).unwrap_or_default(), eof);
            done = done.saturating_add(used);
            match next {
                Next::Record(record) => {
                    if let Err(reason) = self.reader.row(&record, sink) {
                        sink.reject(record.byte_offset, reason, record.bytes);
                    }
                }
                Next::Broken { reason, byte_offset, bytes } => {
                    sink.reject(byte_offset, reason, bytes);
                }
                Next::Nothing => {}
                Next::More => return done,
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        self.reader.notes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records as `offset [fields]` and what is none as `offset reason`, read in pieces.
    fn records(bytes: &[u8], piece: usize) -> Vec<String> {
        let (mut reader, mut found) = (CsvReader::default(), Vec::new());
        let (mut held, mut end) = (Vec::new(), 0usize);
        loop {
            let next = bytes.len().min(end.saturating_add(piece));
            held.extend_from_slice(&bytes[end..next]);
            end = next;
            loop {
                let (used, next) = reader.next(&held, end == bytes.len());
                let more = next == Next::More;
                match next {
                    Next::Record(record) => {
                        found.push(format!("{} {:?}", record.byte_offset, record.fields));
                    }
                    Next::Broken { reason, byte_offset, .. } => {
                        found.push(format!("{byte_offset} {reason}"));
                    }
                    Next::Nothing | Next::More => {}
                }
                held.drain(..used);
                if more {
                    break;
                }
            }
            if end == bytes.len() {
                break;
            }
        }
        assert!(held.is_empty(), "at the end everything is consumed");
        found
    }

    #[test]
    fn records_of_any_shape_in_any_pieces() {
        #[rustfmt::skip]
        let rows: &[(&str, &[u8], &[&str])] = &[
            ("ordinary", b"a,b\r\n1,2\n", &[r#"0 ["a", "b"]"#, r#"5 ["1", "2"]"#]),
            ("no end of the last line", b"a\nb", &[r#"0 ["a"]"#, r#"2 ["b"]"#]),
            ("byte-order mark and blank lines", b"\xEF\xBB\xBFa,b\n\n \r\n1,\n", &[r#"3 ["a", "b"]"#, r#"11 ["1", ""]"#]),
            ("quotes", b"\"a,1\",\"b\"\"c\"\n", &[r#"0 ["a,1", "b\"c"]"#]),
            ("a line end in quotes", b"\"a\r\nb\",c\nd,e\n", &[r#"0 ["a\r\nb", "c"]"#, r#"9 ["d", "e"]"#]),
            ("a quote inside a field is itself", b"a\"b,c\n", &[r#"0 ["a\"b", "c"]"#]),
            ("text behind a closing quote", b"\"a\"b,c\n", &[r#"0 ["ab", "c"]"#]),
            ("empty quotes", b"\"\",\"\"\n", &[r#"0 ["", ""]"#]),
            ("letters of several bytes", "é,\"ü\"\n".as_bytes(), &[r#"0 ["é", "ü"]"#]),
            ("no text", b"a,\xff\nb\n", &["0 not UTF-8 text at byte 2 of the record", r#"4 ["b"]"#]),
            ("cut in quotes: no line of it is a record", b"a,b\nc,\"d\ne,f\n", &[r#"0 ["a", "b"]"#, "4 the file ends inside a quoted text; expected its closing quote"]),
            ("nothing", b"", &[]),
            ("half a byte-order mark", b"\xEF\xBB", &["0 not UTF-8 text at byte 0 of the record"]),
        ];
        for (name, bytes, want) in rows {
            for piece in [bytes.len().max(1), 1, 3] {
                assert_eq!(records(bytes, piece), *want, "row: {name}, pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_record_that_is_too_long_is_passed_over_with_its_quotes() {
        let mut bytes = b"a\n\"".to_vec();
        bytes.resize(RECORD_BYTES_MAX + 10, b'x');
        bytes.extend_from_slice(b"\nforged\n\",z\nb\n");
        let want = [
            r#"0 ["a"]"#.to_owned(),
            format!("2 {}", too_long()),
            format!("{} [\"b\"]", bytes.len() - 2),
        ];
        for piece in [bytes.len(), 5 << 20] {
            assert_eq!(records(&bytes, piece), want, "pieces of {piece}");
        }
        let wide = ",".repeat(CSV_COLUMNS_MAX);
        assert_eq!(
            records(wide.as_bytes(), 1 << 20),
            [format!("0 more than {CSV_COLUMNS_MAX} columns, the most a record may have")]
        );
    }

    proptest::proptest! {
        /// However a file is split, the same records come out.
        #[test]
        fn splits_do_not_matter(text in "[a,\"\r\n\u{e9}]{0,40}", piece in 1usize..9) {
            let whole = records(text.as_bytes(), text.len().max(1));
            proptest::prop_assert_eq!(records(text.as_bytes(), piece), whole);
        }
    }
}
