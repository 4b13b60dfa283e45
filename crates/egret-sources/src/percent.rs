//! Percent-encoding in object keys.

use std::borrow::Cow;

/// Decodes `%XX` and, as S3's log does, `+` stays. `None` when the text is not such an encoding:
/// a `%` without two hex digits, or bytes that are no UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high.wrapping_shl(4) | low).ok()?);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Decodes a key only when it plainly is encoded: nothing in it that an encoder would have left.
///
/// CloudTrail logs keys decoded as a rule, and a key may hold a real percent sign.
pub(crate) fn decode_if_encoded(key: &str) -> Cow<'_, str> {
    let encoded = key.bytes().all(|byte| byte.is_ascii_graphic());
    match decode(key) {
        Some(decoded) if encoded => decoded,
        _ => Cow::Borrowed(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        assert_eq!(decode("a%20b%C3%A9").as_deref(), Some("a bé"));
        assert_eq!(decode("a+b").as_deref(), Some("a+b"));
        assert_eq!(decode("50%"), None);
        assert_eq!(decode("%FF"), None);
        assert_eq!(decode_if_encoded("q3%20report.csv"), "q3 report.csv");
        assert_eq!(decode_if_encoded("100% sure/%41"), "100% sure/%41");
        assert_eq!(decode_if_encoded("50%off"), "50%off");
    }
}
