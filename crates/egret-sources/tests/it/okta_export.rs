//! No field of an exported row is lost, whatever the order of columns and whatever it holds.

use egret_sources::Registry;
use proptest::prelude::*;
use serde_json::Value;

use crate::public_samples::lost_leaves;
use crate::render::{decode, rows};

/// Columns whose text is stored as it is.
const COLUMNS: [&str; 14] = [
    "display_message",
    "actor.id",
    "actor.alternateId",
    "actor.display_name",
    "outcome.reason",
    "client.ip_address",
    "client.user_agent.raw_user_agent",
    "target0.id",
    "target0.display_name",
    "target2.alternate_id",
    "debug_context.debug_data.request_uri",
    "request.ip_chain.0.ip",
    "our.own_note",
    "our",
];

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_field_of_an_exported_row_can_be_got_back(
        order in Just(COLUMNS.to_vec()).prop_shuffle(),
        cells in prop::collection::vec("[a-c,\"\r\n é{}\\[\\]\\\\]{0,6}", COLUMNS.len()),
        quotes in any::<bool>(),
    ) {
        let quote = |text: &str| {
            if quotes || text.contains([',', '"', '\n', '\r']) { quoted(text) } else { text.to_owned() }
        };
        let mut header = vec!["timestamp".to_owned(), "event_type".to_owned()];
        header.extend(order.iter().map(|name| quote(name)));
        let mut row = vec!["2025-07-24T03:15:00Z".to_owned(), "user.session.start".to_owned()];
        row.extend(cells.iter().map(|cell| quote(cell)));
        let file = format!("{}\r\n{}\r\n", header.join(","), row.join(","));
        let (title, decoded, _) = decode(&Registry::standard(), file.as_bytes());
        prop_assert!(title.starts_with("okta_system, 90: "), "{}", title);
        prop_assert_eq!(&decoded.rejected, &Vec::new());
        let cells: Vec<Value> = cells.into_iter().map(Value::String).collect();
        let lost = lost_leaves(&Value::Array(cells), &rows(&decoded)[0]);
        prop_assert_eq!(lost, Vec::<String>::new(), "{}", file);
    }
}
