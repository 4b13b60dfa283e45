//! JSON as logs hold it: read once, from the front, without building a tree.
//!
//! An evidence file is cut into records, checked, mapped to fields and broken into searchable
//! tokens in one pass over its bytes. A tree or lazy values would go over the same bytes two to
//! four times, and neither can say "the record goes on in the next piece", which decoding a file
//! piece by piece needs.
//!
//! [`cursor`] reads values, [`frames`] finds where records begin, end and resume after damage,
//! [`members`] sorts members into slots, [`tokens`] makes free-form documents searchable, [`rest`] keeps what no column holds.

pub(crate) mod cursor;
pub(crate) mod frames;
pub(crate) mod members;
pub(crate) mod rest;
pub(crate) mod tokens;

pub(crate) use cursor::{Cursor, Stop, Value};
pub(crate) use frames::{Frames, Outcome, Reader};
pub(crate) use rest::Rest;
pub(crate) use tokens::{Flat, Tokens};

/// Bytes of the time that a CloudWatch Logs export puts before each event, and a space.
pub(crate) const STAMP_BYTES: usize = 25;

/// Whether text begins with the time that a CloudWatch Logs export puts before each event, such as
/// `2025-07-24T03:15:00.000Z `.
pub(crate) fn is_stamped(text: &[u8]) -> bool {
    let Some(stamp) = text.get(..STAMP_BYTES) else { return false };
    stamp.iter().zip(b"0000-00-00T00:00:00.000Z ").all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        shape => byte == shape,
    })
}

/// Whether a file that begins with `head` is JSON of some kind, stamped by CloudWatch Logs or not.
pub(crate) fn begins(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let text = if is_stamped(text) { text.get(STAMP_BYTES..).unwrap_or_default() } else { text };
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}
