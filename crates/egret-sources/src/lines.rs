//! Logs of one record a line.

use egret_model::limits::RECORD_BYTES_MAX;

use crate::Decoder;
use crate::sink::Sink;

/// Makes rows of lines.
pub(crate) trait LineReader: Send {
    /// Reads one line that is not blank, without its end. `Err` says why it is no record.
    ///
    /// # Errors
    ///
    /// What was expected and what was found; the sink must not have been touched then.
    fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String>;

    /// What a reader of the report should know about the file.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Cuts a file into lines and hands each to a [`LineReader`].
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    /// Bytes of the file before the next one.
    base: u64,
    /// Set while the rest of a line that is too long is passed over.
    discard: bool,
}

impl<R: LineReader> Lines<R> {
    /// For one file.
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, base: 0, discard: false }
    }

    fn line(&mut self, line: &[u8], sink: &mut Sink) {
        if std::mem::take(&mut self.discard) {
            return;
        }
        let line = match line {
            [0xEF, 0xBB, 0xBF, line @ ..] if self.base == 0 => line,
            line => line,
        };
        let text = line.trim_ascii();
        if text.is_empty() {
            return;
        }
        let result = if line.len() > RECORD_BYTES_MAX {
            Err(too_long())
        } else {
            self.reader.line(text, sink)
        };
        if let Err(reason) = result {
            sink.reject(self.base, reason, line);
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.base = self.base.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

fn too_long() -> String {
    format!("longer than {RECORD_BYTES_MAX} bytes, the most a record may have")
}

impl<R: LineReader> Decoder for Lines<R> {
    fn feed(&mut self, bytes: &[u8], eof: bool, sink: &mut Sink) -> usize {
        let mut done = 0usize;
        loop {
            let rest = bytes.get(done..).unwrap_or_default();
            let used = match memchr::memchr(b'\n', rest) {
                Some(end) => {
                    self.line(rest.get(..end).unwrap_or_default(), sink);
                    end.saturating_add(1)
                }
                None if eof => {
                    self.line(rest, sink);
                    rest.len()
                }
                None if self.discard => rest.len(),
                None if rest.len() > RECORD_BYTES_MAX => {
                    sink.reject(self.base, too_long(), rest);
                    self.discard = true;
                    rest.len()
                }
                None => 0,
            };
            self.advance(used);
            done = done.saturating_add(used);
            if used == 0 || done >= bytes.len() {
                return done;
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        self.reader.notes()
    }
}

#[cfg(test)]
mod tests {
    use egret_model::dataset::Dataset;

    use super::*;
    use crate::sink::RecordKey;

    /// Takes lines that do not say `bad`.
    struct Good;

    impl LineReader for Good {
        fn line(&mut self, line: &[u8], sink: &mut Sink) -> Result<(), String> {
            if line == b"bad" {
                return Err("it is bad".to_owned());
            }
            sink.row(Dataset::VPC_FLOW, 0, RecordKey(0), |_| {});
            Ok(())
        }
    }

    #[test]
    fn lines_with_any_end_in_any_pieces() {
        let text = "\u{feff}one\r\n\n  \nbad\ntwo";
        for piece in [text.len(), 1, 3] {
            let mut sink = Sink::new("f", "00");
            let mut lines = Lines::new(Good);
            let mut held = Vec::new();
            let mut end = 0;
            while end < text.len() {
                let next = text.len().min(end + piece);
                held.extend_from_slice(&text.as_bytes()[end..next]);
                end = next;
                let used = lines.feed(&held, end == text.len(), &mut sink);
                held.drain(..used);
            }
            let decoded = sink.take().unwrap();
            assert_eq!((decoded.read, decoded.rejected.len()), (3, 1), "pieces of {piece}");
            assert_eq!(decoded.rejected[0].byte_offset, 12);
        }
    }

    #[test]
    fn a_line_that_is_too_long_costs_one_reject() {
        let mut text = vec![b'x'; RECORD_BYTES_MAX + 1];
        let mut sink = Sink::new("f", "00");
        let mut lines = Lines::new(Good);
        assert_eq!(lines.feed(&text, false, &mut sink), text.len());
        text = b"xxx\none\n".to_vec();
        assert_eq!(lines.feed(&text, true, &mut sink), text.len());
        let decoded = sink.take().unwrap();
        assert_eq!((decoded.read, decoded.rejected.len()), (2, 1));
    }
}
