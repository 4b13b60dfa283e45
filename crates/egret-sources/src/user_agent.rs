//! The program a user agent names first.

/// Name and version of the first product, such as `aws-cli` and `2.13.5`.
///
/// Browsers all begin with `Mozilla/5.0`, which names none of them; for those it is `None`.
pub(crate) fn product(user_agent: &str) -> Option<(&str, &str)> {
    let first = user_agent.trim_start_matches('[').split([' ', ',', ';', ']']).next()?;
    let (name, version) = first.split_once('/')?;
    let is_version = version.starts_with(|char: char| char.is_ascii_digit());
    (is_version && !name.is_empty() && name != "Mozilla").then_some((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products() {
        assert_eq!(product("aws-cli/2.13.5 Python/3.11.4"), Some(("aws-cli", "2.13.5")));
        assert_eq!(product("[S3Console/0.4, aws-internal/3]"), Some(("S3Console", "0.4")));
        assert_eq!(product("Mozilla/5.0 (X11)"), None);
        assert_eq!(product("console.amazonaws.com"), None);
        assert_eq!(product("Jersey/${project.version}"), None);
    }
}
