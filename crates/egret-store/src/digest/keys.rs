//! CloudTrail's public keys, as `aws cloudtrail list-public-keys` prints them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// A file of public keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "public keys: {0}; expected the output of `aws cloudtrail list-public-keys`, or a key in PEM \
     (`BEGIN RSA PUBLIC KEY`)"
)]
pub struct PublicKeysError(String);

/// Public keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys {
    keys: Vec<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    /// Empty for a key from PEM, which says nothing but itself.
    fingerprint: String,
    /// PKCS #1.
    der: Vec<u8>,
    valid: Option<(Timestamp, Timestamp)>,
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "PublicKeyList")]
    keys: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    value: String,
    fingerprint: String,
    validity_start_time: Option<Value>,
    validity_end_time: Option<Value>,
}

/// What a signature comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signed {
    Valid,
    Wrong(String),
    /// Cannot be told.
    Unknown(String),
}

impl PublicKeys {
    /// Reads keys from the text of a file.
    ///
    /// # Errors
    ///
    /// [`PublicKeysError`].
    pub fn parse(text: &str) -> Result<Self, PublicKeysError> {
        let wrong = |reason: &str| PublicKeysError(reason.to_owned());
        if text.contains("-----BEGIN ") {
            return Self::of_pem(text);
        }
        let list: List = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
        let mut keys = Vec::with_capacity(list.keys.len());
        for listed in list.keys {
            let der = STANDARD
                .decode(listed.value.trim())
                .map_err(|_not_base64| wrong("a `Value` is not base64"))?;
            let time = |value: &Option<Value>| match value {
                Some(Value::String(text)) => text.parse().ok(),
                Some(Value::Number(seconds)) => seconds
                    .as_f64()
                    .and_then(|seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok())
                    .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok()),
                _ => None,
            };
            let valid = time(&listed.validity_start_time).zip(time(&listed.validity_end_time));
            keys.push(Key { fingerprint: listed.fingerprint, der, valid });
        }
        Ok(Self { keys })
    }

    fn of_pem(text: &str) -> Result<Self, PublicKeysError> {
        let wrong = |reason: &str| PublicKeysError(reason.to_owned());
        let mut keys = Vec::new();
        for block in text.split("-----BEGIN ").skip(1) {
            let (label, rest) = block.split_once("-----").unwrap_or_default();
            let (body, _) =
                rest.split_once("-----END ").ok_or_else(|| wrong("a PEM block has no end"))?;
            let body: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
            let der =
                STANDARD.decode(body).map_err(|_not_base64| wrong("a PEM block is not base64"))?;
            // The other usual form wraps the same numbers; they begin behind its fixed head.
            let der = match label {
                "RSA PUBLIC KEY" => der,
                "PUBLIC KEY" => der.get(24..).unwrap_or_default().to_vec(),
                other => return Err(wrong(&format!("a PEM block is a `{other}`"))),
            };
            keys.push(Key { fingerprint: String::new(), der, valid: None });
        }
        Ok(Self { keys })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether `signature`, in hex, is of the key with that fingerprint, which had to be valid at
    /// the time. `at` is `None` where no time can be told.
    pub(crate) fn verify(
        &self,
        fingerprint: &str,
        at: Option<Timestamp>,
        message: &[u8],
        signature: &str,
    ) -> Signed {
        let candidates: Vec<&Key> = self
            .keys
            .iter()
            .filter(|key| key.fingerprint.is_empty() || key.fingerprint == fingerprint)
            .collect();
        if candidates.is_empty() {
            return Signed::Unknown(if self.keys.is_empty() {
                "no public keys were given (`--public-keys FILE`)".to_owned()
            } else {
                format!("public key not found for fingerprint {fingerprint}")
            });
        }
        let Some(signature) = bytes_of_hex(signature) else {
            return Signed::Wrong("signature verification failed: it is no hex text".to_owned());
        };
        let signed_by = candidates.iter().find(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.der)
                .verify(message, &signature)
                .is_ok()
        });
        let Some(key) = signed_by else {
            return Signed::Wrong("signature verification failed".to_owned());
        };
        match (key.valid, at) {
            (Some((from, to)), Some(at)) if at < from || at > to => Signed::Wrong(format!(
                "signed at {at} with a key that was valid from {from} to {to}"
            )),
            _ => Signed::Valid,
        }
    }
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_file_is_said() {
        for (text, reason) in [
            ("{}", "PublicKeyList"),
            (r#"{"PublicKeyList":[{"Value":"*","Fingerprint":"f"}]}"#, "not base64"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "CERTIFICATE"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA", "no end"),
        ] {
            let error = PublicKeys::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(PublicKeys::parse(r#"{"PublicKeyList":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn no_key_is_not_a_wrong_signature() {
        let keys = PublicKeys::default();
        let signed = keys.verify("f", None, b"", "00");
        assert!(matches!(signed, Signed::Unknown(_)), "{signed:?}");
    }
}
