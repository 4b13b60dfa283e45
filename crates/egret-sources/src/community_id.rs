//! Community ID: one name for both directions of a conversation, the same in every tool.
//!
//! # Source
//!
//! <https://github.com/corelight/community-id-spec>, version 1, seed 0.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

/// ICMP's echo reply and request, as a flow log without types is read.
const ECHO: (u16, u16) = (0, 8);

/// Of a conversation of TCP, UDP, SCTP or ICMP; `None` for other protocols.
pub(crate) fn community_id(
    protocol: u8,
    source: (&str, u16),
    destination: (&str, u16),
) -> Option<String> {
    let (from_port, to_port) = match protocol {
        6 | 17 | 132 => (source.1, destination.1),
        1 => ECHO,
        _ => return None,
    };
    let octets = |text: &str| -> Option<Vec<u8>> {
        Some(match text.parse().ok()? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        })
    };
    let (mut from, mut to) = ((octets(source.0)?, from_port), (octets(destination.0)?, to_port));
    if from > to {
        std::mem::swap(&mut from, &mut to);
    }
    let mut hasher = Sha1::new();
    hasher.update(0u16.to_be_bytes());
    hasher.update(&from.0);
    hasher.update(&to.0);
    hasher.update([protocol, 0]);
    hasher.update(from.1.to_be_bytes());
    hasher.update(to.1.to_be_bytes());
    Some(format!("1:{}", STANDARD.encode(hasher.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification.
    #[test]
    fn both_directions_have_one_name() {
        let there = community_id(6, ("128.232.110.120", 34855), ("66.35.250.204", 80));
        assert_eq!(there.as_deref(), Some("1:LQU9qZlK+B5F3KDmev6m5PMibrg="));
        assert_eq!(community_id(6, ("66.35.250.204", 80), ("128.232.110.120", 34855)), there);
        assert_eq!(community_id(47, ("192.0.2.1", 0), ("192.0.2.2", 0)), None);
        assert_eq!(community_id(6, ("-", 0), ("192.0.2.2", 0)), None);
    }
}
