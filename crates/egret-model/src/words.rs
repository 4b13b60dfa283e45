//! Amounts as sentences say them.

/// A number with its thousands set apart.
///
/// # Example
///
/// ```
/// use egret_model::words::thousands;
///
/// assert_eq!(thousands(999), "999");
/// assert_eq!(thousands(1_234_567), "1,234,567");
/// ```
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the decimal unit that fits, to one decimal, cut and not rounded.
///
/// # Example
///
/// ```
/// use egret_model::words::bytes;
///
/// assert_eq!(bytes(999), "999 B");
/// assert_eq!(bytes(1_550_000_000), "1.5 GB");
/// ```
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 5] = [
        ("PB", 1_000_000_000_000_000),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    for (unit, size) in UNITS {
        if let (Some(whole @ 1..), Some(rest)) = (bytes.checked_div(size), bytes.checked_rem(size))
        {
            let tenth = rest.saturating_mul(10).checked_div(size).unwrap_or(0);
            return format!("{whole}.{tenth} {unit}");
        }
    }
    format!("{bytes} B")
}
