//! Ed25519 keys that sign the ledger.
//!
//! # Format
//!
//! The private key is PKCS #8 in PEM (`PRIVATE KEY`), the public key the raw 32 bytes in PEM
//! (`ED25519 PUBLIC KEY`), both base64 between the usual lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use egret_model::evidence::sha256_hex;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "ED25519 PUBLIC KEY";

/// A key file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// No key in the text.
    #[error(
        "expected a key between `-----BEGIN {0}-----` and its end line, as `egret keygen` writes it"
    )]
    NoKey(&'static str),
    /// The key is none of Ed25519.
    #[error("the key is not an Ed25519 key: {0}")]
    NotEd25519(String),
    /// The system gives no random bytes.
    #[error("no random bytes from the system")]
    NoRandom,
}

/// A private key.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads what [`generate_key`] made.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`].
    pub fn parse(pem: &str) -> Result<Self, SigningKeyError> {
        let bytes = unarmoured(pem, PRIVATE)?;
        Ed25519KeyPair::from_pkcs8(&bytes)
            .map(Self)
            .map_err(|error| SigningKeyError::NotEd25519(error.to_string()))
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().to_vec())
    }

    /// Signature in base64.
    pub fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.0.sign(message))
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads what [`generate_key`] made.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`].
    pub fn parse(pem: &str) -> Result<Self, SigningKeyError> {
        let bytes = unarmoured(pem, PUBLIC)?;
        match bytes.len() {
            32 => Ok(Self(bytes)),
            other => Err(SigningKeyError::NotEd25519(format!("{other} bytes, expected 32"))),
        }
    }

    /// Short name: the first 16 hex digits of its SHA-256.
    pub fn id(&self) -> String {
        sha256_hex(&self.0).chars().take(16).collect()
    }

    /// As a file.
    pub fn to_pem(&self) -> String {
        armoured(PUBLIC, &self.0)
    }

    /// Whether `signature`, in base64, is of this key and message.
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| {
            UnparsedPublicKey::new(&ED25519, &self.0).verify(message, &signature).is_ok()
        })
    }
}

/// A new private key as a file.
///
/// # Errors
///
/// [`SigningKeyError::NoRandom`].
pub fn generate_key() -> Result<String, SigningKeyError> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map_err(|_unspecified| SigningKeyError::NoRandom)?;
    Ok(armoured(PRIVATE, document.as_ref()))
}

fn armoured(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, character) in STANDARD.encode(bytes).chars().enumerate() {
        if at > 0 && at.is_multiple_of(64) {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

fn unarmoured(pem: &str, label: &'static str) -> Result<Vec<u8>, SigningKeyError> {
    let missing = || SigningKeyError::NoKey(label);
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----")).ok_or_else(missing)?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or_else(missing)?;
    let body: String = body.chars().filter(|character| !character.is_whitespace()).collect();
    STANDARD.decode(body).map_err(|_not_base64| missing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_verified_with_the_public_half_only() {
        let key = SigningKey::parse(&generate_key().unwrap()).unwrap();
        let public = PublicKey::parse(&key.public().to_pem()).unwrap();
        let signature = key.sign(b"hash");
        assert!(public.verifies(b"hash", &signature));
        assert!(!public.verifies(b"other", &signature));
        let other = SigningKey::parse(&generate_key().unwrap()).unwrap();
        assert!(!other.public().verifies(b"hash", &signature));
        assert_ne!(other.public().id(), public.id());
    }

    #[test]
    fn what_is_no_key_is_said() {
        assert_eq!(SigningKey::parse("x").unwrap_err(), SigningKeyError::NoKey(PRIVATE));
        let error = PublicKey::parse(&armoured(PUBLIC, b"short")).unwrap_err();
        assert_eq!(error.to_string(), "the key is not an Ed25519 key: 5 bytes, expected 32");
    }
}
