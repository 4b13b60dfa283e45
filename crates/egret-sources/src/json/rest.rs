//! What no column holds, as one JSON object, so that nothing of a record is lost.

/// Members of a record that no column holds, as written.
#[derive(Debug, Default)]
pub(crate) struct Rest<'a> {
    /// Objects the member lies in, its name and its value.
    members: Vec<(&'static [&'static str], &'a str, &'a str)>,
}

impl<'a> Rest<'a> {
    /// Keeps a member of the object at `path`: name and value as written.
    ///
    /// `null` and empty objects and arrays hold no leaf and are left out.
    pub(crate) fn keep(&mut self, path: &'static [&'static str], name: &'a str, value: &'a str) {
        if !holds_nothing(value) {
            self.members.push((path, name, value));
        }
    }

    /// All members as one JSON object, and none left behind; `None` when there are none.
    pub(crate) fn take_json(&mut self) -> Option<String> {
        if self.members.is_empty() {
            return None;
        }
        // Stable: members of one object stay in the order logged.
        self.members.sort_by_key(|(path, ..)| *path);
        let mut json = String::from("{");
        let mut open: &[&str] = &[];
        let mut first = true;
        for (path, name, value) in &self.members {
            let shared = open.iter().zip(path.iter()).take_while(|(a, b)| a == b).count();
            for _ in shared..open.len() {
                json.push('}');
                first = false;
            }
            for object in path.iter().skip(shared) {
                if !first {
                    json.push(',');
                }
                json.push('"');
                json.push_str(object);
                json.push_str("\":{");
                first = true;
            }
            open = path;
            if !first {
                json.push(',');
            }
            json.push('"');
            json.push_str(name);
            json.push_str("\":");
            json.push_str(value);
            first = false;
        }
        for _ in open {
            json.push('}');
        }
        json.push('}');
        self.members.clear();
        Some(json)
    }
}

/// Whether a value is `null`, `{}` or `[]`, and so has no leaf.
pub(crate) fn holds_nothing(value: &str) -> bool {
    match value.as_bytes() {
        [b'n', ..] => true,
        [b'{' | b'[', inner @ .., _] => inner.iter().all(u8::is_ascii_whitespace),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_back_where_they_were() {
        let mut rest = Rest::default();
        assert_eq!(rest.take_json(), None);
        rest.keep(&["user", "session"], "c", "[1]");
        rest.keep(&[], "z", "1");
        rest.keep(&["user"], "b", "\"x\"");
        rest.keep(&[], "none", "null");
        rest.keep(&[], "empty", "{ }");
        rest.keep(&["tls"], "k", "true");
        assert_eq!(
            rest.take_json().as_deref(),
            Some(r#"{"z":1,"tls":{"k":true},"user":{"b":"x","session":{"c":[1]}}}"#)
        );
    }
}
