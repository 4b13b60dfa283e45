//! A reader of JSON values that goes forward only and borrows what it can.

use std::borrow::Cow;

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The text ends inside the value; with more text it may be whole.
    End,
    /// The text is not JSON here.
    Bad {
        /// Byte offset in the text.
        at: usize,
        /// What would have been JSON.
        expected: &'static str,
    },
}

/// A string between its quotes, escapes and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    /// The text between the quotes.
    pub(crate) text: &'a str,
    /// Whether there is an escape in it.
    pub(crate) escaped: bool,
}

impl<'a> Raw<'a> {
    /// The string that is meant.
    pub(crate) fn unescape(self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.text);
        }
        let mut text = String::with_capacity(self.text.len());
        self.each_char(|char| text.push(char));
        Cow::Owned(text)
    }

    /// Hands over the characters meant. Half a surrogate pair is U+FFFD.
    pub(crate) fn each_char(self, mut push: impl FnMut(char)) {
        let mut chars = self.text.chars();
        let mut high: Option<u32> = None;
        while let Some(char) = chars.next() {
            let meant = if char == '\\' {
                match chars.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('u') => {
                        let unit = (0..4).fold(0u32, |unit, _| {
                            let digit = chars.next().and_then(|hex| hex.to_digit(16)).unwrap_or(0);
                            unit.wrapping_shl(4) | digit
                        });
                        match (high.take(), unit) {
                            (Some(high), 0xDC00..=0xDFFF) => {
                                let pair = (high & 0x3FF).wrapping_shl(10) | (unit & 0x3FF);
                                push(
                                    char::from_u32(pair.wrapping_add(0x1_0000))
                                        .unwrap_or('\u{FFFD}'),
                                );
                                continue;
                            }
                            (None, _) => {}
                            (Some(_), _) => push('\u{FFFD}'),
                        }
                        if (0xD800..=0xDBFF).contains(&unit) {
                            high = Some(unit);
                            continue;
                        }
                        push(char::from_u32(unit).unwrap_or('\u{FFFD}'));
                        continue;
                    }
                    Some(other) => other,
                    None => break,
                }
            } else {
                char
            };
            if high.take().is_some() {
                push('\u{FFFD}');
            }
            push(meant);
        }
        if high.is_some() {
            push('\u{FFFD}');
        }
    }
}

/// One value, as far as a field needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// `null`.
    Null,
    /// A string.
    Text(Cow<'a, str>),
    /// A number, as written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// An object or array, as written.
    Nested(&'a str),
}

impl<'a> Value<'a> {
    /// What a reader calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "a string",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
            Self::Nested(raw) if raw.starts_with('[') => "an array",
            Self::Nested(_) => "an object",
        }
    }

    /// The value as text when it is a string, number or boolean.
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(Cow::Borrowed(whole(number))),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Null | Self::Nested(_) => None,
        }
    }

    /// The value as a whole number: digits, also as text or as a fraction of nothing (`7.0`).
    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => whole_number(number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The value as true or false, also as text.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

/// A number without a fraction of nothing: pipelines turn `7` into `7.0`, and both mean 7.
pub(crate) fn whole(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => number,
    }
}

/// A number that has no fraction, however it is written (`7`, `7.0`, `7e3`).
pub(crate) fn whole_number(number: &str) -> Option<i64> {
    if let Ok(value) = whole(number).parse() {
        return Some(value);
    }
    let value: f64 = number.parse().ok()?;
    // Up to 2^53 a fraction is exact; beyond that the digits would be made up.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "whole and below 2^53, checked on this line"
    )]
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

/// What a walk over a value meets.
pub(crate) trait Visit {
    /// A member begins; `object` says whether its value is one.
    fn member(&mut self, key: Raw<'_>, object: bool);
    /// That member is over.
    fn member_end(&mut self);
    /// A string.
    fn text(&mut self, value: Raw<'_>);
    /// A number or boolean.
    fn plain(&mut self, value: &str);
}

/// Meets everything and does nothing.
struct Skip;

impl Visit for Skip {
    fn member(&mut self, _key: Raw<'_>, _object: bool) {}
    fn member_end(&mut self) {}
    fn text(&mut self, _value: Raw<'_>) {}
    fn plain(&mut self, _value: &str) {}
}

/// The kind of an open container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Object,
    Array,
}

/// A place in JSON text.
///
/// Nothing here recurses, so nesting costs memory in proportion to the text and never the stack.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    open: Vec<Open>,
    /// Bytes of the file before the text.
    base: u64,
}

impl<'a> Cursor<'a> {
    /// At the beginning of the text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self::in_file(text, 0)
    }

    /// At the beginning of a text with `base` bytes of the file before it.
    pub(crate) fn in_file(text: &'a str, base: u64) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, open: Vec::new(), base }
    }

    /// Byte offset in the file of a byte offset in the text.
    pub(crate) fn offset(&self, at: usize) -> u64 {
        self.base.saturating_add(u64::try_from(at).unwrap_or(u64::MAX))
    }

    /// Byte offset of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes to a byte offset and sees nothing from `end` on.
    pub(crate) fn seek(&mut self, at: usize, end: usize) {
        self.at = at;
        self.bytes = self.text.as_bytes().get(..end).unwrap_or(self.text.as_bytes());
    }

    /// The text from `start` up to here.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next byte.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn bad<T>(&self, expected: &'static str) -> Result<T, Stop> {
        Err(Stop::Bad { at: self.at, expected })
    }

    /// Goes past white space.
    #[inline]
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.step();
        }
    }

    /// Reads the members of the object the cursor stands at. `member` must read the value.
    ///
    /// # Errors
    ///
    /// [`Stop`], also from `member`.
    pub(crate) fn members(
        &mut self,
        mut member: impl FnMut(&mut Self, &str, Raw<'a>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match self.peek() {
            None => return Err(Stop::End),
            Some(b'{') => self.step(),
            Some(_) => return self.bad("`{`"),
        }
        self.space();
        if self.peek() == Some(b'}') {
            self.step();
            return Ok(());
        }
        loop {
            let key = self.key()?;
            if key.escaped {
                member(self, &key.unescape(), key)?;
            } else {
                member(self, key.text, key)?;
            }
            self.space();
            match self.peek() {
                None => return Err(Stop::End),
                Some(b',') => {
                    self.step();
                    self.space();
                }
                Some(b'}') => {
                    self.step();
                    return Ok(());
                }
                Some(_) => return self.bad("`,` or `}`"),
            }
        }
    }

    /// Reads the elements of the array the cursor stands at. `element` must read the value.
    ///
    /// # Errors
    ///
    /// [`Stop`], also from `element`.
    pub(crate) fn elements(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match self.peek() {
            None => return Err(Stop::End),
            Some(b'[') => self.step(),
            Some(_) => return self.bad("`[`"),
        }
        self.space();
        if self.peek() == Some(b']') {
            self.step();
            return Ok(());
        }
        loop {
            element(self)?;
            self.space();
            match self.peek() {
                None => return Err(Stop::End),
                Some(b',') => {
                    self.step();
                    self.space();
                }
                Some(b']') => {
                    self.step();
                    return Ok(());
                }
                Some(_) => return self.bad("`,` or `]`"),
            }
        }
    }

    /// Reads a key and its colon, up to the value.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Raw<'a>, Stop> {
        match self.peek() {
            None => return Err(Stop::End),
            Some(b'"') => {}
            Some(_) => return self.bad("a member name in quotes"),
        }
        let key = self.string()?;
        self.space();
        match self.peek() {
            None => Err(Stop::End),
            Some(b':') => {
                self.step();
                self.space();
                Ok(key)
            }
            Some(_) => self.bad("`:`"),
        }
    }

    /// Reads the string whose opening quote is next.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Raw<'a>, Stop> {
        let start = self.at.saturating_add(1);
        let mut at = start;
        let mut escaped = false;
        loop {
            at = plain_until(self.bytes, at);
            match self.bytes.get(at) {
                None => return Err(Stop::End),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = at.saturating_add(1);
                    match self.bytes.get(at) {
                        None => return Err(Stop::End),
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            at = at.saturating_add(1);
                        }
                        Some(b'u') => {
                            for _ in 0..4 {
                                at = at.saturating_add(1);
                                match self.bytes.get(at) {
                                    None => return Err(Stop::End),
                                    Some(digit) if digit.is_ascii_hexdigit() => {}
                                    Some(_) => {
                                        let expected = "four hex digits after `\\u`";
                                        return Err(Stop::Bad { at, expected });
                                    }
                                }
                            }
                            at = at.saturating_add(1);
                        }
                        Some(_) => {
                            return Err(Stop::Bad { at, expected: "an escape such as `\\n`" });
                        }
                    }
                }
                Some(_) => {
                    let expected = "no bare control character in a string";
                    return Err(Stop::Bad { at, expected });
                }
            }
        }
        let text = self.text.get(start..at).unwrap_or_default();
        self.at = at.saturating_add(1);
        Ok(Raw { text, escaped })
    }

    fn number(&mut self) -> Result<&'a str, Stop> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step();
        }
        match self.peek() {
            None => return Err(Stop::End),
            Some(b'0') => self.step(),
            Some(b'1'..=b'9') => self.digits(),
            Some(_) => return self.bad("a digit"),
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.step();
            if let Some(b'+' | b'-') = self.peek() {
                self.step();
            }
            self.some_digits()?;
        }
        match self.peek() {
            // More digits may follow in the next piece.
            None => Err(Stop::End),
            Some(b'0'..=b'9') => self.bad("no digit after a leading zero"),
            Some(_) => Ok(self.since(start)),
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.step();
        }
    }

    fn some_digits(&mut self) -> Result<(), Stop> {
        match self.peek() {
            None => Err(Stop::End),
            Some(byte) if byte.is_ascii_digit() => {
                self.digits();
                Ok(())
            }
            Some(_) => self.bad("a digit"),
        }
    }

    fn literal(&mut self, word: &'static str) -> Result<&'a str, Stop> {
        let start = self.at;
        for expected in word.bytes() {
            match self.peek() {
                None => return Err(Stop::End),
                Some(byte) if byte == expected => self.step(),
                Some(_) => return self.bad("`true`, `false` or `null`"),
            }
        }
        Ok(self.since(start))
    }

    /// Reads one value.
    ///
    /// # Errors
    ///
    /// [`Stop`].
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Stop> {
        match self.peek() {
            None => Err(Stop::End),
            Some(b'"') => Ok(Value::Text(self.string()?.unescape())),
            Some(b'{' | b'[') => {
                let start = self.at;
                self.skip()?;
                Ok(Value::Nested(self.since(start)))
            }
            Some(b't') => self.literal("true").map(|_| Value::Bool(true)),
            Some(b'f') => self.literal("false").map(|_| Value::Bool(false)),
            Some(b'n') => self.literal("null").map(|_| Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(_) => self.bad("a value"),
        }
    }

    /// Goes past one value and gives it as written.
    ///
    /// # Errors
    ///
    /// [`Stop`].
    pub(crate) fn skip(&mut self) -> Result<&'a str, Stop> {
        let start = self.at;
        self.walk(&mut Skip)?;
        Ok(self.since(start))
    }

    /// Goes past one value and tells `visit` of all that is in it.
    ///
    /// # Errors
    ///
    /// [`Stop`].
    pub(crate) fn walk(&mut self, visit: &mut impl Visit) -> Result<(), Stop> {
        self.open.clear();
        loop {
            match self.peek() {
                None => return Err(Stop::End),
                Some(b'"') => visit.text(self.string()?),
                Some(b'{') => {
                    self.step();
                    self.space();
                    match self.peek() {
                        None => return Err(Stop::End),
                        Some(b'}') => self.step(),
                        Some(_) => {
                            let key = self.key()?;
                            visit.member(key, self.peek() == Some(b'{'));
                            self.open.push(Open::Object);
                            continue;
                        }
                    }
                }
                Some(b'[') => {
                    self.step();
                    self.space();
                    match self.peek() {
                        None => return Err(Stop::End),
                        Some(b']') => self.step(),
                        Some(_) => {
                            self.open.push(Open::Array);
                            continue;
                        }
                    }
                }
                Some(b't') => visit.plain(self.literal("true")?),
                Some(b'f') => visit.plain(self.literal("false")?),
                Some(b'n') => {
                    self.literal("null")?;
                }
                Some(b'-' | b'0'..=b'9') => visit.plain(self.number()?),
                Some(_) => return self.bad("a value"),
            }
            // A value is read: go on in its container, or leave containers that end here.
            loop {
                let Some(open) = self.open.last().copied() else {
                    return Ok(());
                };
                self.space();
                let next = self.peek();
                match (open, next) {
                    (_, None) => return Err(Stop::End),
                    (Open::Object, Some(b',')) => {
                        visit.member_end();
                        self.step();
                        self.space();
                        let key = self.key()?;
                        visit.member(key, self.peek() == Some(b'{'));
                        break;
                    }
                    (Open::Array, Some(b',')) => {
                        self.step();
                        self.space();
                        break;
                    }
                    (Open::Object, Some(b'}')) => {
                        visit.member_end();
                        self.step();
                        self.open.pop();
                    }
                    (Open::Array, Some(b']')) => {
                        self.step();
                        self.open.pop();
                    }
                    (Open::Object, Some(_)) => return self.bad("`,` or `}`"),
                    (Open::Array, Some(_)) => return self.bad("`,` or `]`"),
                }
            }
        }
    }
}

/// Offset of the first quote, backslash or control character from `from` on; the length if none.
#[inline]
fn plain_until(bytes: &[u8], from: usize) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let rest = bytes.get(from..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    let mut at = from;
    for word in words {
        // A byte's high bit is set in these where it is zero, or below 0x20; bits above the first
        // hit can be wrong, the first is right.
        let word = u64::from_le_bytes(*word);
        let quote = word ^ LOW.wrapping_mul(0x22);
        let slash = word ^ LOW.wrapping_mul(0x5C);
        let hits = ((quote.wrapping_sub(LOW) & !quote)
            | (slash.wrapping_sub(LOW) & !slash)
            | (word.wrapping_sub(LOW.wrapping_mul(0x20)) & !word))
            & HIGH;
        if hits != 0 {
            let byte = usize::try_from(hits.trailing_zeros() / 8).unwrap_or(0);
            return at.saturating_add(byte);
        }
        at = at.saturating_add(8);
    }
    for byte in tail {
        if matches!(byte, b'"' | b'\\' | 0..=0x1F) {
            return at;
        }
        at = at.saturating_add(1);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, Result<Value<'_>, Stop>)] = &[
            ("string", r#""a b","#, Ok(Value::Text("a b".into()))),
            ("escapes", r#""\u0041\n\"\ud83d\ude00","#, Ok(Value::Text("A\n\"😀".into()))),
            ("half a surrogate pair", r#""\ud83dx","#, Ok(Value::Text("\u{FFFD}x".into()))),
            ("number", "-12.50e+3,", Ok(Value::Number("-12.50e+3"))),
            ("nested", r#"{"a":[1,{"b":null}]}"#, Ok(Value::Nested(r#"{"a":[1,{"b":null}]}"#))),
            ("literal", "true", Ok(Value::Bool(true))),
            ("number that may go on", "12", Err(Stop::End)),
            ("string that goes on", "\"abc", Err(Stop::End)),
            ("leading zero", "012,", Err(Stop::Bad { at: 1, expected: "no digit after a leading zero" })),
            ("tab in a string", "\"a\tb\"", Err(Stop::Bad { at: 2, expected: "no bare control character in a string" })),
            ("not an escape", r#""\x41""#, Err(Stop::Bad { at: 2, expected: "an escape such as `\\n`" })),
            ("missing comma", "[1 2]", Err(Stop::Bad { at: 3, expected: "`,` or `]`" })),
            ("wrong closer", r#"{"a":1]"#, Err(Stop::Bad { at: 6, expected: "`,` or `}`" })),
            ("no value", "}", Err(Stop::Bad { at: 0, expected: "a value" })),
        ];
        for (name, text, want) in rows {
            assert_eq!(&Cursor::new(text).value(), want, "row: {name}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(Cursor::new(&deep).skip(), Ok(deep.as_str()));
    }

    proptest::proptest! {
        /// What serde_json accepts as an object or array is accepted, and nothing else is.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\a0-9.eE+\-tn ul\n]{0,40}"#) {
            let text = format!("[{text}]");
            let mut cursor = Cursor::new(&text);
            let whole = cursor.skip().is_ok() && cursor.at() == text.len();
            let known = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            proptest::prop_assert_eq!(whole, known, "{}", text);
        }

        #[test]
        fn strings_agree_with_serde_json(value in proptest::prelude::any::<String>()) {
            let text = serde_json::to_string(&value).unwrap();
            let mut cursor = Cursor::new(&text);
            proptest::prop_assert_eq!(cursor.string().unwrap().unescape(), value);
        }
    }
}
