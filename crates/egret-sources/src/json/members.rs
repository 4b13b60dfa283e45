//! Members of a record into the slots that a source has for them, and the rest into the rest.

use std::borrow::Cow;

use super::cursor::{Cursor, Raw, Stop};
use super::rest::Rest;
use super::tokens::{Flat, Root, Tokens};

/// Text of a member, once it was met.
pub(crate) type Text<'a> = Option<Cow<'a, str>>;

/// Whether the next value is an object.
pub(crate) fn is_object(cursor: &Cursor<'_>) -> bool {
    cursor.peek() == Some(b'{')
}

/// Reads a member that is text; what is not goes to the rest.
pub(crate) fn text<'a>(
    cursor: &mut Cursor<'a>,
    slot: &mut Text<'a>,
    rest: &mut Rest<'a>,
    path: &'static [&'static str],
    key: Raw<'a>,
) -> Result<(), Stop> {
    let start = cursor.at();
    let value = cursor.value()?;
    if slot.is_none()
        && let Some(text) = value.into_text()
    {
        *slot = Some(text);
    } else {
        rest.keep(path, key.text, cursor.since(start));
    }
    Ok(())
}

/// Reads a member that is true or false; what is not goes to the rest.
pub(crate) fn boolean<'a>(
    cursor: &mut Cursor<'a>,
    slot: &mut Option<bool>,
    rest: &mut Rest<'a>,
    path: &'static [&'static str],
    key: Raw<'a>,
) -> Result<(), Stop> {
    let start = cursor.at();
    match cursor.value()?.as_bool() {
        Some(value) if slot.is_none() => *slot = Some(value),
        _ => rest.keep(path, key.text, cursor.since(start)),
    }
    Ok(())
}

/// Reads a free-form member.
pub(crate) fn flat<'a>(
    cursor: &mut Cursor<'a>,
    tokens: &mut Tokens,
    root: Root,
    slot: &mut Option<Flat<'a>>,
    rest: &mut Rest<'a>,
    path: &'static [&'static str],
    key: Raw<'a>,
) -> Result<(), Stop> {
    if slot.is_some() {
        return keep(cursor, rest, path, key);
    }
    *slot = tokens.flatten(cursor, root)?;
    Ok(())
}

/// Keeps a member that no column holds.
pub(crate) fn keep<'a>(
    cursor: &mut Cursor<'a>,
    rest: &mut Rest<'a>,
    path: &'static [&'static str],
    key: Raw<'a>,
) -> Result<(), Stop> {
    let value = cursor.skip()?;
    rest.keep(path, key.text, value);
    Ok(())
}

/// Reads a member that is a whole number; what is not goes to the rest.
pub(crate) fn number<'a>(
    cursor: &mut Cursor<'a>,
    slot: &mut Option<i64>,
    rest: &mut Rest<'a>,
    path: &'static [&'static str],
    key: Raw<'a>,
) -> Result<(), Stop> {
    let start = cursor.at();
    match cursor.value()?.as_i64() {
        Some(value) if slot.is_none() => *slot = Some(value),
        _ => rest.keep(path, key.text, cursor.since(start)),
    }
    Ok(())
}
