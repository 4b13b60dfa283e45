//! What access logs have in common: fields parted by spaces, some in quotes, and their meanings.

use serde_json::Value;

/// Fields of a line, from the front.
#[derive(Debug, Clone)]
pub(crate) struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest.trim_start_matches(' ');
        let (token, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        self.rest = rest;
        Some(token).filter(|token| !token.is_empty())
    }
}

impl<'t> Tokens<'t> {
    /// From the front of a line.
    pub(crate) fn new(line: &'t str) -> Self {
        Self { rest: line }
    }

    /// Text in square brackets.
    pub(crate) fn bracketed(&mut self) -> Option<&'t str> {
        let (inside, rest) =
            self.rest.trim_start_matches(' ').strip_prefix('[')?.split_once(']')?;
        self.rest = rest;
        Some(inside)
    }

    /// A field, with or without quotes around it; one in quotes ends at the first quote that a
    /// space or nothing follows.
    pub(crate) fn field(&mut self) -> Option<&'t str> {
        let Some(inside) = self.rest.trim_start_matches(' ').strip_prefix('"') else {
            return self.next();
        };
        let ends = |behind: &str| behind.is_empty() || behind.starts_with(' ');
        let closed = self.close(inside, inside.match_indices('"').map(|(at, _)| at), ends);
        if closed.is_none() {
            self.rest = "";
        }
        Some(closed.unwrap_or(inside))
    }

    /// Text in quotes, up to the first quote that `ends` accepts what is behind; `None` when `-` is
    /// logged instead, and `expected` when neither is there.
    pub(crate) fn quoted(
        &mut self,
        expected: &'static str,
        ends: impl Fn(&str) -> bool,
    ) -> Result<Option<&'t str>, &'static str> {
        let Some(inside) = self.opened(expected)? else { return Ok(None) };
        self.close(inside, inside.match_indices('"').map(|(at, _)| at), ends)
            .ok_or(expected)
            .map(logged)
    }

    /// The same, up to the last such quote.
    pub(crate) fn quoted_to_last(
        &mut self,
        expected: &'static str,
        ends: impl Fn(&str) -> bool,
    ) -> Result<Option<&'t str>, &'static str> {
        let Some(inside) = self.opened(expected)? else { return Ok(None) };
        let from_the_end = inside.match_indices('"').rev().map(|(at, _)| at);
        self.close(inside, from_the_end, ends).ok_or(expected).map(logged)
    }

    /// What follows an opening quote; `None` when `-` is logged instead.
    fn opened(&mut self, expected: &'static str) -> Result<Option<&'t str>, &'static str> {
        match self.rest.trim_start_matches(' ').strip_prefix('"') {
            Some(inside) => Ok(Some(inside)),
            None if self.next() == Some("-") => Ok(None),
            None => Err(expected),
        }
    }

    /// Ends a quoted text at the first of these quotes that `ends` accepts.
    fn close(
        &mut self,
        inside: &'t str,
        mut quotes: impl Iterator<Item = usize>,
        ends: impl Fn(&str) -> bool,
    ) -> Option<&'t str> {
        let (text, behind) = quotes.find_map(|at| {
            let behind = inside.get(at.saturating_add(1)..)?;
            ends(behind).then_some((inside.get(..at)?, behind))
        })?;
        self.rest = behind;
        Some(text)
    }
}

/// `-` and the empty string are "not logged".
pub(crate) fn logged(token: &str) -> Option<&str> {
    Some(token).filter(|token| !matches!(*token, "-" | ""))
}

/// Reads a count; `None` when it is not logged.
pub(crate) fn number(field: &str, token: &str) -> Result<Option<i64>, String> {
    let Some(token) = logged(token) else { return Ok(None) };
    match token.parse::<i64>() {
        Ok(value @ 0..) => Ok(Some(value)),
        _ => Err(invalid(field, "a whole number or `-`", token)),
    }
}

/// Reads seconds with a fraction, `-1` included; `None` when they are not logged.
pub(crate) fn seconds(field: &str, token: &str) -> Result<Option<f64>, String> {
    let Some(token) = logged(token) else { return Ok(None) };
    // Rust also reads `inf` and `NaN`, which no log means.
    let plain = token.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte));
    match token.parse::<f64>() {
        Ok(value) if plain => Ok(Some(value)),
        _ => Err(invalid(field, "a number of seconds or `-`", token)),
    }
}

/// Why a field is not what it should be.
pub(crate) fn invalid(field: &str, expected: &str, token: &str) -> String {
    let found: String = token.chars().take(64).collect();
    format!("field `{field}` is not {expected}: `{found}`")
}

/// `TLSv1.2` as `1.2`.
pub(crate) fn tls_version(text: &str) -> &str {
    match text.split_at_checked(4) {
        Some((prefix, version)) if prefix.eq_ignore_ascii_case("TLSv") => version,
        _ => text,
    }
}

/// `success` below 400, and `unknown` without a status, as when the client went away.
pub(crate) fn outcome_of_status(status: Option<i64>) -> &'static str {
    match status {
        Some(100..400) => "success",
        Some(400..) => "failure",
        _ => "unknown",
    }
}

/// An address and a port, `192.0.2.1:443` or `[2001:db8::1]:443`; no port where there is none.
pub(crate) fn address_and_port(text: &str) -> (&str, Option<i64>) {
    let bare = |text: &str| egret_model::event::ip_octets(text).is_some();
    let split = text.rsplit_once(':').and_then(|(address, port)| {
        let port = port.parse::<u16>().ok()?;
        let address =
            address.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(address);
        // `2001:db8::1` ends like a port too.
        bare(address).then_some((address, Some(i64::from(port))))
    });
    split.unwrap_or((text, None))
}

/// What no column holds, as the text of one JSON object. Names may come twice.
#[derive(Debug, Default)]
pub(crate) struct Leftover {
    json: String,
}

impl Leftover {
    /// Adds a text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.value(name, &value.into());
    }

    /// Adds a value.
    pub(crate) fn value(&mut self, name: &str, value: &Value) {
        self.begin();
        self.json.push_str(&Value::from(name).to_string());
        self.json.push(':');
        self.json.push_str(&value.to_string());
    }

    /// Adds a member as JSON has it: the name between its quotes, and the value.
    pub(crate) fn raw(&mut self, name: &str, value: &str) {
        self.begin();
        self.json.push('"');
        self.json.push_str(name);
        self.json.push_str("\":");
        self.json.push_str(value);
    }

    fn begin(&mut self) {
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
    }

    /// The object; `None` when nothing was added.
    pub(crate) fn finish(mut self) -> Option<String> {
        if self.json.is_empty() {
            return None;
        }
        self.json.push('}');
        Some(self.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_and_without_quotes() {
        let fields: Vec<&str> = {
            let mut tokens = Tokens::new(r#"a "b c"  "d "e" f" "" "open g"#);
            std::iter::from_fn(move || tokens.field()).collect()
        };
        assert_eq!(fields, ["a", "b c", r#"d "e"#, r#"f""#, "", "open g"]);
    }

    #[test]
    fn addresses_with_ports() {
        #[rustfmt::skip]
        let rows = [
            ("192.0.2.1:2817", ("192.0.2.1", Some(2817))),
            ("[2001:db8::1]:443", ("2001:db8::1", Some(443))),
            ("2001:db8::1:443", ("2001:db8::1", Some(443))),
            ("192.0.2.1", ("192.0.2.1", None)),
            ("lambda", ("lambda", None)),
            ("192.0.2.1:x", ("192.0.2.1:x", None)),
        ];
        for (text, want) in rows {
            assert_eq!(address_and_port(text), want, "{text}");
        }
    }

    #[test]
    fn seconds_are_numbers() {
        assert_eq!(seconds("t", "0.086"), Ok(Some(0.086)));
        assert_eq!(seconds("t", "-1"), Ok(Some(-1.0)));
        assert_eq!(seconds("t", "-"), Ok(None));
        for bad in ["NaN", "inf", "1e3", "--1"] {
            assert!(seconds("t", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn leftovers() {
        let mut rest = Leftover::default();
        rest.text("a\"", "b\n");
        rest.raw("c", "[1]");
        assert_eq!(rest.finish().as_deref(), Some(r#"{"a\"":"b\n","c":[1]}"#));
        assert_eq!(Leftover::default().finish(), None);
    }
}
