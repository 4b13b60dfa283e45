//! Examples in `docs/` do what the text says.

use std::path::Path;

use egret_sources::Registry;

use crate::render::{bytes_of, decode, rows};

/// The first block of a document in that language.
fn block(text: &str, language: &str) -> String {
    let (_, behind) = text.split_once(&format!("```{language}\n")).unwrap();
    behind.split("```").next().unwrap().to_owned()
}

#[test]
fn a_teams_own_broker_is_mapped_as_the_document_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/identity-brokers.md");
    let text = String::from_utf8(bytes_of(&path)).unwrap();
    let registry = Registry::standard().with_broker_mapping(&block(&text, "toml")).unwrap();
    let (title, decoded, _) = decode(&registry, block(&text, "json").as_bytes());
    assert_eq!(title, "identity_broker, 98: records as preset `ours` describes: our own broker");
    let row = &rows(&decoded)[0];
    for (field, want) in [
        ("@timestamp", "2025-07-24T03:00:00Z"),
        ("egret.broker.person", "ana@example.org"),
        ("egret.broker.role", "arn:aws:iam::111122223333:role/Analytics"),
        ("egret.broker.account_id", "111122223333"),
        ("egret.broker.access_key_id", "ASIAIOSFODNN7EXAMPLE"),
        ("source.ip", "198.51.100.7"),
        ("event.outcome", "success"),
        ("event.action", "grant.issued"),
        ("event.provider", "ours"),
    ] {
        assert_eq!(row[field], want, "{field}");
    }
}
