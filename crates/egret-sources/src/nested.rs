//! Objects put together from dotted names.

use serde_json::{Map, Value};

/// Puts a value at a dotted path, unless something is there; under the whole path where it
/// contradicts what is there, so that nothing is lost.
pub(crate) fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.entry(path).or_insert(value);
        }
        Some((first, rest)) => {
            match object.entry(first).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(below) => put(below, rest, value),
                _ => {
                    object.insert(path.to_owned(), value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_that_contradict_each_other_are_both_kept() {
        let mut object = Map::new();
        for (path, value) in [("a.b", 1), ("a.c", 2), ("a.b", 3), ("a.b.d", 4)] {
            put(&mut object, path, json!(value));
        }
        assert_eq!(Value::Object(object), json!({"a": {"b": 1, "c": 2, "b.d": 4}}));
    }
}
