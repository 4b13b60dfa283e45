//! Values as modifiers change them before they are compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egret_query::Piece;
use rsigma_parser::ast::{FieldSpec, Modifier};

/// Signs that a command line may have for a dash.
const DASHES: [char; 5] = ['-', '/', '–', '—', '―'];

/// The value in every form that the modifiers ask for.
///
/// # Errors
///
/// What cannot be encoded, in words.
pub(super) fn variants(pieces: Vec<Piece>, field: &FieldSpec) -> Result<Vec<Vec<Piece>>, String> {
    let has = |modifier| field.has_modifier(modifier);
    let encoded = has(Modifier::Base64) || has(Modifier::Base64Offset);
    if has(Modifier::Wide) && !encoded {
        return Err("`wide` without `base64` is not run".to_owned());
    }
    if !encoded {
        return Ok(if has(Modifier::WindAsh) { dashes(&pieces) } else { vec![pieces] });
    }
    if has(Modifier::WindAsh) {
        return Err("`windash` beside `base64` is not run".to_owned());
    }
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(&plain),
            Piece::Any | Piece::One => {
                return Err("a wildcard in a value of `base64` means nothing".to_owned());
            }
        }
    }
    let bytes = if has(Modifier::Wide) {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else {
        text.into_bytes()
    };
    if !has(Modifier::Base64Offset) {
        return Ok(vec![vec![Piece::Text(STANDARD.encode(&bytes))]]);
    }
    Ok((0..3).map(|shift| vec![Piece::Text(encoded_behind(&bytes, shift))]).collect())
}

/// The letters of Base64 that only these bytes decide, when so many other bytes stand before them.
fn encoded_behind(bytes: &[u8], shift: usize) -> String {
    let mut padded = vec![b' '; shift];
    padded.extend_from_slice(bytes);
    let encoded = STANDARD.encode(&padded);
    // A letter is six bits: those before the first whole one, and behind the last, hold others' bits.
    let first = shift.saturating_mul(8).div_ceil(6);
    let last = padded.len().saturating_mul(8) / 6;
    encoded.get(first..last).unwrap_or_default().to_owned()
}

/// The value with each sign for a dash, wherever a parameter begins: `-x` and `/x`.
fn dashes(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let with = |sign: char| -> Vec<Piece> {
        let swapped = |piece: &Piece| match piece {
            Piece::Text(text) => Piece::Text(swapped(text, sign)),
            other => other.clone(),
        };
        pieces.iter().map(swapped).collect()
    };
    let mut all: Vec<Vec<Piece>> = vec![pieces.to_vec()];
    for sign in DASHES {
        let variant = with(sign);
        if !all.contains(&variant) {
            all.push(variant);
        }
    }
    all
}

fn swapped(text: &str, sign: char) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    let mut swapped = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        let begins = matches!(letter, '-' | '/')
            && !is_word(before)
            && letters.peek().is_some_and(|next| is_word(*next));
        swapped.push(if begins { sign } else { letter });
        before = letter;
    }
    swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each variant as text.
    fn of(text: &str, modifiers: &[Modifier]) -> Result<Vec<String>, String> {
        let field = FieldSpec::new(Some("f".to_owned()), modifiers.to_vec());
        let variants = variants(vec![Piece::Text(text.to_owned())], &field)?;
        let shown = |pieces: Vec<Piece>| match pieces.as_slice() {
            [Piece::Text(text)] => text.clone(),
            other => format!("{other:?}"),
        };
        Ok(variants.into_iter().map(shown).collect())
    }

    #[test]
    fn encoded_values() {
        use Modifier::{Base64, Base64Offset, Wide, WindAsh};
        #[rustfmt::skip]
        let rows: [(&str, &[Modifier], &[&str]); 7] = [
            ("plain", &[], &["plain"]),
            // Worked out with `printf … | base64`; of the others what is the same whatever stands around.
            ("foobar", &[Base64], &["Zm9vYmFy"]),
            ("curl", &[Base64Offset], &["Y3Vyb", "N1cm", "jdXJs"]),
            ("foo", &[Base64Offset], &["Zm9v", "Zvb", "mb2"]),
            ("ab", &[Wide, Base64], &["YQBiAA=="]),
            (" -a/b /c", &[WindAsh], &[" -a/b /c", " -a/b -c", " /a/b /c", " –a/b –c", " —a/b —c", " ―a/b ―c"]),
            ("a-b", &[WindAsh], &["a-b"]),
        ];
        for (text, modifiers, want) in rows {
            assert_eq!(of(text, modifiers).unwrap(), want, "{text} {modifiers:?}");
        }
        assert!(of("a", &[Wide]).is_err());
    }
}
