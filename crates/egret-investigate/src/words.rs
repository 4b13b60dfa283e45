//! Amounts as sentences say them.

/// Bytes in the decimal unit that fits, to one decimal: `1.5 GB`.
///
/// # Example
///
/// ```
/// use egret_investigate::words::bytes_in_words;
///
/// assert_eq!(bytes_in_words(999), "999 B");
/// assert_eq!(bytes_in_words(1_550_000_000), "1.5 GB");
/// ```
pub fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [(&str, u64); 5] = [
        ("PB", 1_000_000_000_000_000),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    for (unit, size) in UNITS {
        if bytes >= size {
            let whole = bytes / size;
            let tenth = (bytes % size) / (size / 10);
            return format!("{whole}.{tenth} {unit}");
        }
    }
    format!("{bytes} B")
}
