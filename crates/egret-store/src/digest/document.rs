//! Digest files, and the documents that hold their signatures.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A digest file of the evidence.
#[derive(Debug, Clone)]
pub(crate) struct Digest {
    /// Path in the manifest.
    pub(crate) path: String,
    /// SHA-256 of the file after decompression, hex.
    pub(crate) sha256: String,
    /// What it says.
    pub(crate) text: DigestText,
}

/// The JSON of a digest file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DigestText {
    pub(crate) aws_account_id: String,
    pub(crate) digest_start_time: Timestamp,
    pub(crate) digest_end_time: Timestamp,
    #[serde(rename = "digestS3Bucket")]
    pub(crate) bucket: String,
    #[serde(rename = "digestS3Object")]
    pub(crate) object: String,
    #[serde(rename = "digestPublicKeyFingerprint", default)]
    pub(crate) fingerprint: String,
    /// The end time as written: it is part of what is signed.
    #[serde(skip)]
    pub(crate) end_as_written: String,
    #[serde(rename = "previousDigestS3Bucket", default)]
    pub(crate) previous_bucket: Option<String>,
    #[serde(rename = "previousDigestS3Object", default)]
    pub(crate) previous_object: Option<String>,
    #[serde(rename = "previousDigestHashValue", default)]
    pub(crate) previous_hash: Option<String>,
    #[serde(rename = "previousDigestSignature", default)]
    pub(crate) previous_signature: Option<String>,
    #[serde(default)]
    pub(crate) log_files: Vec<LogFile>,
}

/// A log that a digest names.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogFile {
    #[serde(rename = "s3Bucket")]
    pub(crate) bucket: String,
    #[serde(rename = "s3Object")]
    pub(crate) object: String,
    pub(crate) hash_value: String,
    #[serde(default)]
    pub(crate) hash_algorithm: String,
}

impl Digest {
    /// Reads a digest file; `json` is decompressed.
    pub(crate) fn parse(path: &str, json: &[u8], sha256: String) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let end = value.get("digestEndTime").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut text: DigestText =
            serde_json::from_value(value).map_err(|error| error.to_string())?;
        text.end_as_written = end;
        Ok(Self { path: path.to_owned(), sha256, text })
    }

    /// The text that CloudTrail signs.
    pub(crate) fn signed_text(&self) -> String {
        let text = &self.text;
        format!(
            "{}\n{}/{}\n{}\n{}",
            text.end_as_written,
            text.bucket,
            text.object,
            self.sha256,
            text.previous_signature.as_deref().unwrap_or("null")
        )
    }

    /// Chain that the digest belongs to: its name without the time.
    ///
    /// `111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20240801T120000Z.json.gz`
    pub(crate) fn chain(&self) -> String {
        let name = base_name(&self.text.object);
        let stem = name.strip_suffix(".gz").unwrap_or(name);
        let stem = stem.strip_suffix(".json").unwrap_or(stem);
        // Digests made later for an earlier time follow one another, apart from the hourly ones.
        let (stem, backfill) = match stem.strip_suffix("_backfill") {
            Some(stem) => (stem, " (backfill)"),
            None => (stem, ""),
        };
        let chain = stem.rsplit_once('_').map_or(stem, |(chain, _time)| chain);
        format!("{chain}{backfill}")
    }

    /// Whether it was made later for an earlier time.
    pub(crate) fn is_backfill(&self) -> bool {
        base_name(&self.text.object).contains("_backfill")
    }

    /// `s3://bucket/object`.
    pub(crate) fn url(&self) -> String {
        format!("s3://{}/{}", self.text.bucket, self.text.object)
    }
}

/// Last part of a path or key.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Signatures that a document holds, by the last part of the object's key.
///
/// Known are: a map of keys to their user metadata, as an inventory script writes it; the output of
/// `aws s3api head-object` and of `get-object`, one object a file, whose key is in the file's name;
/// and lines with `key` or `url`, and `metadata`.
pub(crate) fn signatures_of(path: &str, json: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<Value>();
    while let Some(Ok(value)) = values.next() {
        collect(&value, path, &mut found);
    }
    found
}

fn collect(value: &Value, key: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            let own = ["Key", "key", "object", "url", "path"]
                .iter()
                .find_map(|name| members.get(*name).and_then(Value::as_str))
                .unwrap_or(key);
            for (name, value) in members {
                let plain = name.strip_prefix("x-amz-meta-").unwrap_or(name);
                match value.as_str() {
                    Some(signature) if plain == "signature" => {
                        let name = base_name(own);
                        // A file named after the object it describes.
                        let name = name.find(".json.gz").map_or(name, |at| {
                            name.get(..at.saturating_add(".json.gz".len())).unwrap_or(name)
                        });
                        found.insert(name.to_owned(), signature.to_owned());
                    }
                    _ if value.is_object() || value.is_array() => {
                        let below = if plain.contains("CloudTrail-Digest") { plain } else { own };
                        collect(value, below, found);
                    }
                    _ => {}
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, key, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_in_every_form() {
        let name = "111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20240801T120000Z.json.gz";
        for (form, path, json) in [
            ("map", "x.json", format!(r#"{{"AWSLogs/d/{name}":{{"signature":"ab"}}}}"#)),
            (
                "head-object",
                &*format!("heads/{name}.head.json"),
                r#"{"ETag":"\"0\"","Metadata":{"signature":"ab","signature-algorithm":"SHA256withRSA"}}"#.to_owned(),
            ),
            ("lines", "acquired.jsonl", format!("{{\"url\":\"s3://b/{name}\",\"metadata\":{{\"signature\":\"ab\"}}}}\n{{}}")),
            ("headers", "x.json", format!(r#"[{{"Key":"d/{name}","x-amz-meta-signature":"ab"}}]"#)),
        ] {
            let found = signatures_of(path, json.as_bytes());
            assert_eq!(found.get(name).map(String::as_str), Some("ab"), "form: {form}");
        }
        assert!(signatures_of("x", b"no json").is_empty());
    }
}
