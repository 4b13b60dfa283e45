//! Names with stars.

/// Whether a name fits a pattern in which each star stands for any letters.
///
/// # Example
///
/// ```
/// use egret_model::glob::fits;
///
/// assert!(fits("user.*", "user.name"));
/// assert!(fits("*_a*", "selection_a"));
/// assert!(!fits("selection", "selection_a"));
/// ```
pub fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            // The last part ends the name, and must not reach into what came before.
            return name.ends_with(part);
        }
        let Some((_, behind)) = name.split_once(part) else { return false };
        name = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("selection_*", "selection_a", true),
            ("selection_*", "filter_a", false),
            ("*_a", "selection_a", true),
            ("sel*_a", "selection_b_a", true),
            ("a*a", "a", false),
            ("a**b", "ab", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, name), want, "{pattern} {name}");
        }
    }
}
