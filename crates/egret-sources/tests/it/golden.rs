//! Every file below `fixtures/` decodes to the lines in the `.expected.ndjson` beside it.
//!
//! `EGRET_BLESS=1` writes those files; read what changed.

use std::path::Path;

use egret_sources::Registry;

use crate::render::{bytes_of, decode, files, ndjson};

#[test]
fn fixtures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's switch, not the product's configuration"
    )]
    let bless = std::env::var("EGRET_BLESS").is_ok();
    let registry = Registry::standard();
    let mut sources = std::collections::BTreeSet::new();
    for path in files(&folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".expected.ndjson") || name == "README.md" {
            continue;
        }
        let bytes = bytes_of(&path);
        let (title, decoded, notes) = decode(&registry, &bytes);
        let source = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        assert!(title.starts_with(&format!("{source},")), "{}: taken for {title}", path.display());
        let got = ndjson(&title, &decoded, &notes);
        let expected = path.with_file_name(format!("{name}.expected.ndjson"));
        if bless {
            std::fs::write(&expected, &got).unwrap();
        }
        let want = String::from_utf8(bytes_of(&expected)).unwrap();
        for (line, (got, want)) in got.lines().zip(want.lines()).enumerate() {
            assert_eq!(got, want, "{}, line {}", expected.display(), line + 1);
        }
        assert_eq!(got, want, "{}", expected.display());
        sources.insert(source);
    }
    let all: Vec<&str> = registry.sources().map(egret_sources::LogSource::id).collect();
    for id in all {
        assert!(sources.contains(id), "no fixture for `{id}`");
    }
}
