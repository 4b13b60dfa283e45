//! Records out of whatever JSON holds them: an object, lines of objects, an array, an object with
//! an array in it, several of these one after the other, indented or not.
//!
//! Damage costs the record it is in and no other. A record that is not JSON ends where its braces
//! balance or where the next record visibly begins, whichever comes first: an object on a line of
//! its own, or one that starts with the member that records of this file start with.

use std::collections::BTreeSet;

use egret_model::limits::RECORD_BYTES_MAX;

use super::cursor::{Cursor, Stop};
use super::{STAMP_BYTES, is_stamped};
use crate::Decoder;
use crate::sink::Sink;

/// Bytes looked at to tell whether a record begins at a brace.
const BEGIN_WINDOW: usize = 192;

/// Names of members beside the wrapper that a note lists.
const OTHER_MEMBERS_MAX: usize = 8;

/// What became of a record that is JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is a row now.
    Stored,
    /// It cannot be one: what was expected, what was found.
    Rejected(String),
}

/// Makes rows of records.
pub(crate) trait Reader: Send {
    /// Reads the object the cursor stands at, all of it, and puts it into the sink unless it is
    /// rejected. An object that holds several records may put each there, or reject it.
    ///
    /// # Errors
    ///
    /// [`Stop`]; the sink must not have been touched then.
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop>;

    /// What a reader of the report should know about the file.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Where in the file's own structure the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between documents.
    Top,
    /// In an array of records.
    Array,
    /// In the array of the wrapper.
    Wrapped,
    /// In the wrapper, behind its array.
    Wrapper,
}

/// Cuts a file into records and hands each to a [`Reader`].
#[derive(Debug)]
pub(crate) struct Frames<R> {
    reader: R,
    wrapper: Option<&'static str>,
    place: Place,
    /// Set while the rest of a record that is too long is passed over.
    discard: Option<Scan>,
    /// Bytes of the file before the next one.
    base: u64,
    /// First member of the first good record.
    first_member: Option<Box<str>>,
    others: BTreeSet<String>,
    strays: u64,
    ended_inside: bool,
}

/// How far one step came.
struct Step {
    used: usize,
    wait: bool,
}

impl<R: Reader> Frames<R> {
    /// For one file. `wrapper` names the member of a top-level object that may hold the records.
    pub(crate) fn new(reader: R, wrapper: Option<&'static str>) -> Self {
        Self {
            reader,
            wrapper,
            place: Place::Top,
            discard: None,
            base: 0,
            first_member: None,
            others: BTreeSet::new(),
            strays: 0,
            ended_inside: false,
        }
    }

    /// The reader, for what it holds back.
    pub(crate) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    fn offset(&self, at: usize) -> u64 {
        self.base.saturating_add(u64::try_from(at).unwrap_or(u64::MAX))
    }

    /// Reads on until the bytes are done, more are needed, or the text must be checked anew.
    fn step(&mut self, bytes: &[u8], eof: bool, sink: &mut Sink) -> Step {
        if let Some(mut scan) = self.discard.take() {
            return match scan.run(bytes, 0, eof, self.marks()) {
                Scanned::End(used) => Step { used, wait: false },
                Scanned::More(used) if !eof => {
                    self.discard = Some(scan);
                    Step { used, wait: true }
                }
                Scanned::More(_) => Step { used: bytes.len(), wait: true },
            };
        }
        let (text, broken) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                (std::str::from_utf8(valid).unwrap_or_default(), error.error_len().is_some() || eof)
            }
        };
        let cursor = Cursor::in_file(text, self.base);
        let mut chunk = Chunk { bytes, text, broken, eof, cursor };
        let mut at = 0usize;
        loop {
            chunk.cursor.seek(at, text.len());
            chunk.between();
            at = chunk.cursor.at();
            let after = at.saturating_add(1);
            let Some(next) = chunk.cursor.peek() else {
                if !broken {
                    return Step { used: at, wait: true };
                }
                return self.garbage(&chunk, at, sink);
            };
            match (self.place, next) {
                (Place::Top | Place::Array | Place::Wrapped, b'{') => {
                    match self.object(&mut chunk, at, sink) {
                        Ok(end) => at = end,
                        Err(step) => return step,
                    }
                }
                (Place::Top, b'[') => {
                    self.place = Place::Array;
                    at = after;
                }
                (Place::Array | Place::Wrapped | Place::Wrapper, b',') => at = after,
                (Place::Array, b']') | (Place::Wrapper, b'}') => {
                    self.place = Place::Top;
                    at = after;
                }
                (Place::Wrapped, b']') => {
                    self.place = Place::Wrapper;
                    at = after;
                }
                (Place::Wrapper, b'"') => match self.other_member(&mut chunk, at, sink) {
                    Ok(end) => at = end,
                    Err(step) => return step,
                },
                (_, b',' | b']' | b'}') => {
                    self.strays = self.strays.saturating_add(1);
                    self.place = Place::Top;
                    at = after;
                }
                (Place::Wrapper, b'{' | b'[') => {
                    // The wrapper was never closed and another document begins.
                    self.strays = self.strays.saturating_add(1);
                    self.place = Place::Top;
                }
                (Place::Top, b'0'..=b'9')
                    if !broken && !eof && text.len().saturating_sub(at) < STAMP_BYTES =>
                {
                    return Step { used: at, wait: true };
                }
                // A CloudWatch Logs export puts the event's time before each event.
                (Place::Top, b'0'..=b'9')
                    if is_stamped(text.as_bytes().get(at..).unwrap_or_default()) =>
                {
                    at = at.saturating_add(STAMP_BYTES);
                }
                (
                    Place::Array | Place::Wrapped,
                    b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n',
                ) => match self.element(&mut chunk, at, sink) {
                    Ok(end) => at = end,
                    Err(step) => return step,
                },
                _ => return self.garbage(&chunk, at, sink),
            }
        }
    }

    /// A record, or the wrapper. `Ok` is where it ends.
    fn object(
        &mut self,
        chunk: &mut Chunk<'_>,
        start: usize,
        sink: &mut Sink,
    ) -> Result<usize, Step> {
        chunk.limit(start);
        if let Some(wrapper) = self.wrapper
            && chunk.first_member_is(start, wrapper)
            && let Some(inside) = self.enter_wrapper(chunk, start)
        {
            return Ok(inside);
        }
        match self.reader.read(&mut chunk.cursor, sink) {
            Ok(Outcome::Stored) => {
                let end = chunk.cursor.at();
                if self.first_member.is_none() {
                    chunk.cursor.seek(start.saturating_add(1), end);
                    chunk.cursor.space();
                    self.first_member = chunk.cursor.key().ok().map(|key| key.text.into());
                }
                Ok(end)
            }
            Ok(Outcome::Rejected(reason)) => {
                let end = chunk.cursor.at();
                if let Some(inside) = self.enter_wrapper(chunk, start) {
                    return Ok(inside);
                }
                sink.reject(self.offset(start), reason, chunk.between_offsets(start, end));
                Ok(end)
            }
            Err(Stop::End) => {
                if self.place == Place::Top
                    && let Some(inside) = self.enter_wrapper(chunk, start)
                {
                    return Ok(inside);
                }
                Err(self.unfinished(chunk, start, sink))
            }
            Err(Stop::Bad { at, expected }) => {
                if self.place == Place::Top
                    && let Some(inside) = self.enter_wrapper(chunk, start)
                {
                    return Ok(inside);
                }
                let reason = chunk.not_json(at, expected);
                Err(self.resume_after(chunk, start, at, &reason, sink))
            }
        }
    }

    /// Goes into the wrapper's array when the object at `start` has one; notes members before it.
    fn enter_wrapper(&mut self, chunk: &mut Chunk<'_>, start: usize) -> Option<usize> {
        let wrapper = self.wrapper?;
        chunk.limit(start);
        let mut before = Vec::new();
        let mut inside = None;
        // Ends at the array by an error of its own making; the object need not be whole.
        let stopped = chunk.cursor.members(|cursor, name, _| {
            if name == wrapper && cursor.peek() == Some(b'[') {
                inside = Some(cursor.at().saturating_add(1));
                return Err(Stop::End);
            }
            before.push(name.to_owned());
            cursor.skip().map(|_| ())
        });
        let inside = inside.filter(|_| stopped.is_err())?;
        for name in before {
            self.note_member(&name);
        }
        self.place = Place::Wrapped;
        Some(inside)
    }

    fn note_member(&mut self, name: &str) {
        if self.others.len() < OTHER_MEMBERS_MAX {
            self.others.insert(name.chars().take(64).collect());
        }
    }

    /// A member of the wrapper behind its array.
    fn other_member(
        &mut self,
        chunk: &mut Chunk<'_>,
        start: usize,
        sink: &mut Sink,
    ) -> Result<usize, Step> {
        chunk.limit(start);
        let read = chunk.cursor.key().and_then(|key| {
            let name = key.unescape();
            if Some(&*name) == self.wrapper && chunk.cursor.peek() == Some(b'[') {
                return Ok((name, true));
            }
            chunk.cursor.skip().map(|_| (name, false))
        });
        match read {
            Ok((_, true)) => {
                self.place = Place::Wrapped;
                Ok(chunk.cursor.at().saturating_add(1))
            }
            Ok((name, false)) => {
                self.note_member(&name);
                Ok(chunk.cursor.at())
            }
            Err(Stop::End) => Err(self.unfinished(chunk, start, sink)),
            Err(Stop::Bad { .. }) => Err(self.garbage(chunk, start, sink)),
        }
    }

    /// An element of an array that is no object.
    fn element(
        &mut self,
        chunk: &mut Chunk<'_>,
        start: usize,
        sink: &mut Sink,
    ) -> Result<usize, Step> {
        chunk.limit(start);
        match chunk.cursor.value() {
            Ok(value) => {
                let end = chunk.cursor.at();
                let reason = format!("expected an object, found {}", value.kind());
                sink.reject(self.offset(start), reason, chunk.between_offsets(start, end));
                Ok(end)
            }
            Err(Stop::End) => Err(self.unfinished(chunk, start, sink)),
            Err(Stop::Bad { .. }) => Err(self.garbage(chunk, start, sink)),
        }
    }

    /// The value at `start` does not end in the text seen.
    fn unfinished(&mut self, chunk: &Chunk<'_>, start: usize, sink: &mut Sink) -> Step {
        if limit_of(chunk.text, start) < chunk.text.len() {
            let reason =
                format!("longer than {RECORD_BYTES_MAX} bytes, the most a record may have");
            let bad = start.saturating_add(RECORD_BYTES_MAX);
            return self.resume_after(chunk, start, bad, &reason, sink);
        }
        if chunk.broken {
            let at = chunk.text.len();
            let reason = chunk.not_json(at, "UTF-8 text");
            return self.resume_after(chunk, start, at, &reason, sink);
        }
        if !chunk.eof {
            return Step { used: start, wait: true };
        }
        let bytes = chunk.bytes.get(start..).unwrap_or_default();
        let reason = format!(
            "the file ends inside the record that begins at byte {}; expected its end",
            self.offset(start)
        );
        sink.reject(self.offset(start), reason, bytes);
        Step { used: chunk.bytes.len(), wait: true }
    }

    /// Rejects the record at `start`, which stops being readable at `bad`, up to its end.
    fn resume_after(
        &mut self,
        chunk: &Chunk<'_>,
        start: usize,
        bad: usize,
        reason: &str,
        sink: &mut Sink,
    ) -> Step {
        let bytes = chunk.bytes.get(start..).unwrap_or_default();
        let mut scan = Scan::default();
        match scan.run(bytes, bad.saturating_sub(start), chunk.eof, self.marks()) {
            Scanned::End(used) => {
                sink.reject(self.offset(start), reason, bytes.get(..used).unwrap_or_default());
                Step { used: start.saturating_add(used), wait: false }
            }
            Scanned::More(_) if chunk.eof => {
                sink.reject(self.offset(start), reason, bytes);
                Step { used: chunk.bytes.len(), wait: true }
            }
            Scanned::More(used) if bytes.len() > RECORD_BYTES_MAX => {
                sink.reject(self.offset(start), reason, bytes);
                self.discard = Some(scan);
                Step { used: start.saturating_add(used), wait: true }
            }
            Scanned::More(_) => Step { used: start, wait: true },
        }
    }

    /// Rejects what is no value, up to the end of the line or the next bracket.
    fn garbage(&mut self, chunk: &Chunk<'_>, start: usize, sink: &mut Sink) -> Step {
        let bytes = chunk.bytes.get(start..).unwrap_or_default();
        let within = bytes.get(..RECORD_BYTES_MAX).unwrap_or(bytes);
        let end = within.iter().enumerate().skip(1).find_map(|(at, byte)| match byte {
            b'\n' => Some(at.saturating_add(1)),
            b'{' | b'[' | b']' => Some(at),
            _ => None,
        });
        let end = match end {
            Some(end) => end,
            None if chunk.eof || within.len() == RECORD_BYTES_MAX => within.len(),
            None => return Step { used: start, wait: true },
        };
        let found = bytes.get(..end).unwrap_or_default();
        let expected = match self.place {
            Place::Top => "`{` or `[`",
            Place::Array | Place::Wrapped => "an object, `,` or `]`",
            Place::Wrapper => "a member or `}`",
        };
        let begins = String::from_utf8_lossy(found.get(..24).unwrap_or(found)).into_owned();
        let reason = format!("expected {expected}, found `{}`", begins.trim_end());
        sink.reject(self.offset(start), reason, found);
        Step { used: start.saturating_add(end), wait: false }
    }

    /// How a record of this file visibly begins.
    fn marks(&self) -> [Option<&str>; 2] {
        [self.first_member.as_deref(), self.wrapper]
    }
}

impl<R: Reader> Decoder for Frames<R> {
    fn feed(&mut self, bytes: &[u8], eof: bool, sink: &mut Sink) -> usize {
        let mut done = 0usize;
        loop {
            let rest = bytes.get(done..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let step = self.step(rest, eof, sink);
            done = done.saturating_add(step.used);
            self.base = self.offset(step.used);
            if step.wait {
                break;
            }
        }
        if eof {
            debug_assert_eq!(done, bytes.len(), "at the end everything is consumed");
            self.ended_inside = self.place != Place::Top;
        }
        done
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.reader.notes();
        if let Some(wrapper) = self.wrapper.filter(|_| !self.others.is_empty()) {
            let names: Vec<&str> = self.others.iter().map(String::as_str).collect();
            notes.push(format!("members beside `{wrapper}` were not read: {}", names.join(", ")));
        }
        if self.ended_inside {
            notes.push(
                "the file ends inside an array of records; it may have been cut short".to_owned(),
            );
        }
        if self.strays > 0 {
            notes.push(format!("stray brackets or commas between records: {}", self.strays));
        }
        notes
    }
}

/// Bytes at hand, and the text that they begin with.
struct Chunk<'a> {
    bytes: &'a [u8],
    text: &'a str,
    /// Whether the text ends because the byte after it is not UTF-8.
    broken: bool,
    eof: bool,
    cursor: Cursor<'a>,
}

impl<'a> Chunk<'a> {
    /// Goes past what may lie between documents: white space, byte-order marks, record separators.
    fn between(&mut self) {
        loop {
            self.cursor.space();
            let at = self.cursor.at();
            let width = match self.cursor.peek() {
                Some(0x1E) => 1,
                Some(0xEF)
                    if self.text.get(at..).is_some_and(|rest| rest.starts_with('\u{FEFF}')) =>
                {
                    3
                }
                _ => return,
            };
            self.cursor.seek(at.saturating_add(width), self.text.len());
        }
    }

    /// Puts the cursor at a value and lets it see no more than a record may have.
    fn limit(&mut self, start: usize) {
        self.cursor.seek(start, limit_of(self.text, start));
    }

    fn between_offsets(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Whether the object at `start` begins with that member.
    fn first_member_is(&self, start: usize, name: &str) -> bool {
        let rest = self.bytes.get(start.saturating_add(1)..).unwrap_or_default();
        rest.trim_ascii_start()
            .strip_prefix(b"\"")
            .is_some_and(|rest| rest.starts_with(name.as_bytes()))
    }

    fn not_json(&self, at: usize, expected: &str) -> String {
        match self.bytes.get(at) {
            Some(byte) if byte.is_ascii_graphic() => {
                format!("not JSON: expected {expected}, found `{}`", char::from(*byte))
            }
            Some(byte) => format!("not JSON: expected {expected}, found byte 0x{byte:02x}"),
            None => format!("not JSON: expected {expected}, found the end of the file"),
        }
    }
}

/// Where a record that begins at `start` must have ended.
fn limit_of(text: &str, start: usize) -> usize {
    text.floor_char_boundary(start.saturating_add(RECORD_BYTES_MAX))
}

/// Looks for the end of a record that cannot be read.
#[derive(Debug, Default)]
struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    last: u8,
    started: bool,
}

/// What a [`Scan`] found.
enum Scanned {
    /// The record ends before this byte.
    End(usize),
    /// It does not end before this byte; the scan can go on from here.
    More(usize),
}

impl Scan {
    /// Scans on. Before `bad` the record was readable and no other can have begun.
    fn run(&mut self, bytes: &[u8], bad: usize, eof: bool, marks: [Option<&str>; 2]) -> Scanned {
        let from = bad.saturating_sub(2);
        for (at, byte) in bytes.iter().copied().enumerate() {
            if byte == b'{' && self.started && at >= from {
                match begins_record(self.last, bytes.get(at..).unwrap_or_default(), eof, marks) {
                    Some(true) => return Scanned::End(at),
                    Some(false) => {}
                    None => return Scanned::More(at),
                }
            }
            self.started = true;
            self.last = byte;
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return Scanned::End(at.saturating_add(1));
                        }
                    }
                    _ => {}
                }
            }
        }
        Scanned::More(bytes.len())
    }
}

/// Whether a record begins at this brace; `None` when more bytes are needed to tell.
fn begins_record(before: u8, brace: &[u8], eof: bool, marks: [Option<&str>; 2]) -> Option<bool> {
    if before == b'\n' {
        return Some(true);
    }
    if brace.len() < BEGIN_WINDOW && !eof {
        return None;
    }
    let window = brace.get(1..BEGIN_WINDOW).or_else(|| brace.get(1..)).unwrap_or_default();
    let Some(name) = window.trim_ascii_start().strip_prefix(b"\"") else {
        return Some(false);
    };
    Some(marks.into_iter().flatten().any(|mark| {
        name.strip_prefix(mark.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"\""))
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    }))
}

#[cfg(test)]
mod tests {
    use egret_model::dataset::Dataset;

    use super::*;
    use crate::sink::RecordKey;

    /// Takes objects that have a member `t`.
    struct Times;

    impl Reader for Times {
        fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
            let mut time = None;
            cursor.members(|cursor, name, _| {
                let value = cursor.value()?;
                if name == "t" {
                    time = value.as_i64();
                }
                Ok(())
            })?;
            let Some(time) = time else {
                return Ok(Outcome::Rejected("no `t`".to_owned()));
            };
            sink.row(Dataset::OKTA, time, RecordKey(0), |_| {});
            Ok(Outcome::Stored)
        }
    }

    /// Rows, and rejects as `offset reason`, after feeding in pieces of that size.
    fn frames(bytes: &[u8], piece: usize) -> (u64, Vec<String>, Vec<String>) {
        let mut sink = Sink::new("f", "00");
        let mut frames = Frames::new(Times, Some("Records"));
        let (mut held, mut end) = (Vec::new(), 0usize);
        loop {
            let next = bytes.len().min(end.saturating_add(piece));
            held.extend_from_slice(&bytes[end..next]);
            end = next;
            let used = frames.feed(&held, end == bytes.len(), &mut sink);
            held.drain(..used);
            if end == bytes.len() {
                break;
            }
        }
        assert!(held.is_empty());
        let decoded = sink.take().unwrap();
        let rows: usize = decoded.days.iter().map(|day| day.keys.len()).sum();
        let rejected: Vec<String> = decoded
            .rejected
            .iter()
            .map(|one| format!("{} {}", one.byte_offset, one.reason))
            .collect();
        let rows = u64::try_from(rows).unwrap();
        let together = rows.checked_add(u64::try_from(rejected.len()).unwrap());
        assert_eq!(Some(decoded.read), together);
        (rows, rejected, frames.notes())
    }

    #[test]
    fn shapes_and_damage() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, u64, &[&str])] = &[
            ("one object", r#"{"t":1}"#, 1, &[]),
            ("lines", "{\"t\":1}\n{\"t\":2}\r\n\n{\"t\":3}", 3, &[]),
            ("array", r#" [ {"t":1} , {"t":2} ] "#, 2, &[]),
            ("wrapper", r#"{"Records":[{"t":1},{"t":2}]}"#, 2, &[]),
            ("wrapper, indented", "{\n  \"Records\" : [\n {\n \"t\": 1\n }\n ]\n}\n", 1, &[]),
            ("wrapper behind another member", r#"{"a":{"b":1},"Records":[{"t":1}],"z":2}"#, 1, &[]),
            ("wrapper behind another member, damaged inside", r#"{"a":1,"Records":[{"t":1},{"t":x},{"t":3}]}"#, 2,
             &["26 not JSON: expected a value, found `x`"]),
            ("documents without anything between them", r#"{"Records":[{"t":1}]}{"Records":[{"t":2}]}[{"t":3}]{"t":4}"#, 4, &[]),
            ("nothing", " \n", 0, &[]),
            ("no records", r#"{"Records":[]}"#, 0, &[]),
            ("byte-order mark", "\u{feff}{\"t\":1}", 1, &[]),
            ("elements that are no objects", r#"[{"t":1},7,"x",null,{"t":2}]"#, 2,
             &["9 expected an object, found a number", "11 expected an object, found a string", "15 expected an object, found null"]),
            ("cut short in a record", r#"{"Records":[{"t":1},{"t":2"#, 1,
             &["20 the file ends inside the record that begins at byte 20; expected its end"]),
            ("cut short between records", r#"{"Records":[{"t":1},"#, 1, &[]),
            ("the reader's own reason", r#"[{"t":1},{"u":2},{"t":3}]"#, 2, &["9 no `t`"]),
            ("a line cut short", "{\"t\":1,\"a\":\"b\n{\"t\":2}\n{\"t\":3}\n", 2,
             &["0 not JSON: expected no bare control character in a string, found byte 0x0a"]),
            ("a broken record in an array", r#"[{"t":1},{"t":x,"a":{"b":1}},{"t":3}]"#, 2,
             &["9 not JSON: expected a value, found `x`"]),
            ("a record cut short, and the next document", r#"{"Records":[{"t":1},{"a":"b{"t":1}]}"#, 2,
             &["20 not JSON: expected `,` or `}`, found `t`"]),
            ("text between records", "{\"t\":1}\nhello {x\n{\"t\":2}", 2,
             &["8 expected `{` or `[`, found `hello`", "14 not JSON: expected a member name in quotes, found `x`"]),
        ];
        for (name, text, want, want_rejected) in rows {
            for piece in [text.len().max(1), 1, 7] {
                let (got, rejected, _) = frames(text.as_bytes(), piece);
                assert_eq!(
                    (got, &rejected[..]),
                    (*want, &want_rejected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
                    "row: {name}, pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_cost_one_record() {
        let (rows, rejected, _) = frames(b"[{\"t\":1},{\"t\":2,\"a\":\"\xff\"},{\"t\":3}]", 5);
        assert_eq!(
            (rows, rejected),
            (2, vec!["9 not JSON: expected UTF-8 text, found byte 0xff".to_owned()])
        );
    }

    #[test]
    fn a_record_that_is_too_long_is_passed_over() {
        let long = "x".repeat(RECORD_BYTES_MAX);
        let text = format!(r#"[{{"t":1}},{{"t":2,"a":"{long}"}},{{"t":3}}]"#);
        for piece in [text.len(), 5 << 20] {
            let (rows, rejected, _) = frames(text.as_bytes(), piece);
            let reason =
                format!("9 longer than {RECORD_BYTES_MAX} bytes, the most a record may have");
            assert_eq!((rows, rejected), (2, vec![reason]), "pieces of {piece}");
        }
    }

    #[test]
    fn notes_say_what_was_not_read() {
        let (_, _, notes) = frames(br#"{"a":1,"Records":[{"t":1}],"b":2}]"#, 100);
        assert_eq!(
            notes,
            [
                "members beside `Records` were not read: a, b",
                "stray brackets or commas between records: 1"
            ]
        );
        let (_, _, notes) = frames(br#"{"Records":[{"t":1}"#, 100);
        assert_eq!(notes, ["the file ends inside an array of records; it may have been cut short"]);
    }

    proptest::proptest! {
        /// However a file is split, the same records come out.
        #[test]
        fn splits_do_not_matter(text in r#"([{}\[\],:"\\tx1 \n]|\{"t":1\}|\{"Records":\[){0,40}"#, piece in 1usize..20) {
            let whole = frames(text.as_bytes(), text.len().max(1));
            proptest::prop_assert_eq!(frames(text.as_bytes(), piece), whole);
        }
    }
}
