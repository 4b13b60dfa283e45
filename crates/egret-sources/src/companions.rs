//! Files that lie beside logs and hold no events: CloudTrail's digests, the metadata that holds their
//! signatures, the public keys that they are checked with, and notifications that a log was put
//! somewhere.
//!
//! They are evidence like the logs: hashed, in the manifest, and told apart by content. `egret
//! verify` reads them.
//!
//! # Source
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>

use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// A kind of file that holds no events.
#[derive(Debug, Clone, Copy)]
pub struct Companion {
    id: &'static str,
    title: &'static str,
    /// Texts that all stand in its first bytes.
    marks: &'static [&'static str],
}

/// Every kind.
pub const COMPANIONS: &[Companion] = &[
    Companion {
        id: "cloudtrail_digest",
        title: "CloudTrail digest",
        marks: &["\"digestStartTime\"", "\"digestS3Object\""],
    },
    Companion {
        id: "cloudtrail_public_keys",
        title: "CloudTrail public keys",
        marks: &["\"PublicKeyList\"", "\"Fingerprint\""],
    },
    Companion {
        id: "s3_notification",
        title: "S3 event notification",
        marks: &["\"aws:s3\"", "\"s3SchemaVersion\""],
    },
    Companion {
        id: "s3_object_metadata",
        title: "S3 object metadata",
        marks: &["signature-algorithm\"", "\"SHA256withRSA\""],
    },
];

impl LogSource for Companion {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let first = head.iter().copied().find(|byte| !byte.is_ascii_whitespace())?;
        let is_json = first == b'{' || first == b'[';
        let has = |mark: &&str| memchr::memmem::find(head, mark.as_bytes()).is_some();
        (is_json && self.marks.iter().all(has)).then(|| Detection {
            confidence: 98,
            reason: format!("holds {} and no events", self.marks.join(" and ")),
        })
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        Box::new(Nothing)
    }
}

/// Reads no records.
struct Nothing;

impl Decoder for Nothing {
    fn feed(&mut self, bytes: &[u8], _eof: bool, _sink: &mut Sink) -> usize {
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use crate::Registry;

    #[test]
    fn told_by_content() {
        let registry = Registry::standard();
        for (head, want) in [
            (
                r#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-01T00:00:00Z","digestS3Object":"k"}"#,
                "cloudtrail_digest",
            ),
            (r#"{"PublicKeyList":[{"Value":"","Fingerprint":""}]}"#, "cloudtrail_public_keys"),
            (
                r#"{"k":{"signature":"00","signature-algorithm":"SHA256withRSA"}}"#,
                "s3_object_metadata",
            ),
            (
                r#"{"Metadata":{"x-amz-meta-signature-algorithm":"SHA256withRSA"}}"#,
                "s3_object_metadata",
            ),
        ] {
            let found = registry.detect(head.as_bytes()).map(|(source, _)| source.id());
            assert_eq!(found, Some(want), "{head}");
        }
        assert!(registry.detect(br#"say "PublicKeyList" and "Fingerprint""#).is_none());
    }
}
