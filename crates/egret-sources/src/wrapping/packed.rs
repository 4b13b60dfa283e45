//! Records that a stream carries as base64, compressed or not.
//!
//! CloudWatch Logs hands a subscription to a function or a Kinesis stream as base64 of gzip; Kinesis
//! and Firehose carry any record as base64.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egret_model::limits::RECORD_BYTES_MAX;
use serde_json::value::RawValue;

/// Calls `take` with each document, or line, of a packed text; `None` when it is not packed so.
pub(super) fn each(packed: &str, take: &mut dyn FnMut(&str)) -> Option<()> {
    let bytes = STANDARD.decode(packed.trim()).ok()?;
    let text = String::from_utf8(inflated(&bytes, true)?).ok()?;
    let mut documents = serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>();
    let mut found = Vec::new();
    if text.trim_start().starts_with('{') {
        for document in documents.by_ref() {
            found.push(document.ok()?.get());
        }
    } else {
        found.extend(text.lines().filter(|line| !line.trim().is_empty()));
    }
    found.into_iter().for_each(take);
    Some(())
}

/// What a packed text begins with, as far as it is there.
pub(super) fn beginning(packed: &[u8]) -> Option<Vec<u8>> {
    let whole = packed.len().saturating_sub(packed.len() % 4);
    let bytes = STANDARD.decode(packed.get(..whole)?).ok()?;
    inflated(&bytes, false).filter(|text| !text.is_empty())
}

/// The bytes as they were before gzip; of a stream that ends early, what is there unless `all` is
/// asked for. `None` past the longest record, so that a bomb ends here.
#[expect(clippy::disallowed_types, reason = "capped by the longest record")]
fn inflated(bytes: &[u8], all: bool) -> Option<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Some(bytes.to_vec());
    }
    let most = u64::try_from(RECORD_BYTES_MAX).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes)
        .take(most.saturating_add(1))
        .read_to_end(&mut text);
    let fits = text.len() <= RECORD_BYTES_MAX;
    (fits && (read.is_ok() || !all)).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_not_packed_is_left_alone() {
        for text in ["no base64!", "", "{}"] {
            assert_eq!(
                each(text, &mut |found| assert_eq!(found, "")),
                (text.is_empty()).then_some(()),
                "{text}"
            );
        }
        // Half of a compressed record is no record, and still tells what it is.
        let half = gz(br#"{"a":1}{"b":2}"#);
        let half = STANDARD.encode(&half[..half.len() - 6]);
        assert_eq!(each(&half, &mut |_| ()), None);
        assert!(beginning(half.as_bytes()).unwrap().starts_with(b"{\"a\""));
    }

    #[test]
    fn a_bomb_is_not_opened() {
        let bomb = STANDARD.encode(gz(&vec![b' '; RECORD_BYTES_MAX * 2]));
        assert_eq!(each(&bomb, &mut |_| panic!("opened")), None);
    }
}
