//! VPC flow records as JSON objects, as Firehose, Athena and Parquet readers give them: made into
//! the lines that AWS writes.

use serde_json::{Map, Value};

/// Members that an object of a flow log has, whatever their spelling.
const MARKS: &[&str] = &["srcaddr", "dstaddr", "interface-id"];

/// Order of the fields in the lines written last.
#[derive(Debug, Default)]
pub(super) struct Layout(Vec<String>);

impl Layout {
    /// Writes a flow record as a line, behind a header line when its fields are others than
    /// before. Says whether it was one.
    pub(super) fn line(&mut self, record: &str, out: &mut Vec<u8>) -> bool {
        let Ok(members) = serde_json::from_str::<Map<String, Value>>(record) else { return false };
        if !is_flow(&members) {
            return false;
        }
        let names: Vec<String> = members.keys().map(|name| plain(name)).collect();
        if names != self.0 {
            out.extend_from_slice(names.join(" ").as_bytes());
            out.push(b'\n');
            self.0 = names;
        }
        let mut separator = "";
        for value in members.values() {
            out.extend_from_slice(separator.as_bytes());
            separator = " ";
            let text = match value {
                Value::Null => "-".to_owned(),
                Value::String(text) if text.is_empty() => "-".to_owned(),
                // A line is parted at spaces.
                Value::String(text) => text.replace(|c: char| c.is_whitespace(), "_"),
                other => other.to_string(),
            };
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'\n');
        true
    }
}

/// Header and first line of a file that begins with a flow record, so that its kind can be told.
pub(super) fn first(head: &[u8]) -> Option<Vec<u8>> {
    let begins = head.iter().position(|byte| *byte == b'{')?;
    let between = head.get(..begins)?;
    if !between.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b'[') {
        return None;
    }
    let mut values =
        serde_json::Deserializer::from_slice(head.get(begins..)?).into_iter::<Map<String, Value>>();
    let members = values.next()?.ok()?;
    let mut line = Vec::new();
    let text = serde_json::to_string(&members).ok()?;
    Layout::default().line(&text, &mut line).then_some(line)
}

fn is_flow(members: &Map<String, Value>) -> bool {
    MARKS.iter().all(|mark| members.keys().any(|name| plain(name) == *mark))
}

/// A field's name as AWS's header has it: `accountId` and `account_id` are `account-id`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '_' | ' ' => plain.push('-'),
            upper if upper.is_ascii_uppercase() => {
                if !plain.is_empty() && !plain.ends_with('-') {
                    plain.push('-');
                }
                plain.push(upper.to_ascii_lowercase());
            }
            other => plain.push(other),
        }
    }
    // Athena's table and some readers spell two names in one word.
    match plain.as_str() {
        "sourceaddress" | "source-address" => "srcaddr".to_owned(),
        "destinationaddress" | "destination-address" => "dstaddr".to_owned(),
        "sourceport" | "source-port" => "srcport".to_owned(),
        "destinationport" | "destination-port" => "dstport".to_owned(),
        "interfaceid" => "interface-id".to_owned(),
        "logstatus" => "log-status".to_owned(),
        "account" | "accountid" => "account-id".to_owned(),
        "numbytes" => "bytes".to_owned(),
        "numpackets" => "packets".to_owned(),
        "starttime" | "start-time" => "start".to_owned(),
        "endtime" | "end-time" => "end".to_owned(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_become_lines_behind_a_header() {
        let mut layout = Layout::default();
        let mut out = Vec::new();
        let a = r#"{"interfaceId":"eni-1","srcaddr":"10.0.0.1","dstaddr":null,"bytes":7}"#;
        assert!(layout.line(a, &mut out));
        assert!(layout.line(a, &mut out));
        assert!(layout.line(r#"{"interface_id":"e 2","srcaddr":"","dstaddr":"x"}"#, &mut out));
        assert!(!layout.line(r#"{"srcaddr":"x"}"#, &mut out));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "interface-id srcaddr dstaddr bytes\neni-1 10.0.0.1 - 7\neni-1 10.0.0.1 - 7\n\
             interface-id srcaddr dstaddr\ne_2 - x\n"
        );
    }
}
