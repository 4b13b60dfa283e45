//! Where a process listens or is found: `host:port`.

use std::fmt;
use std::str::FromStr;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host name or IP address, an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Text is no `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address; expected HOST:PORT, such as 127.0.0.1:50050 or [::1]:50050")]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.is_empty() || (bare.is_none() && host.contains(':')) || host.contains('/') {
            return Err(wrong());
        }
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, host) in [
            ("127.0.0.1:50050", Some("127.0.0.1")),
            ("scheduler.example.org:1", Some("scheduler.example.org")),
            ("[::1]:50050", Some("::1")),
            // An IPv6 address without brackets could end in a port or in a group.
            ("::1:50050", None),
            ("127.0.0.1", None),
            (":50050", None),
            ("host:0", None),
            ("host:70000", None),
            ("df://host:50050", None),
        ] {
            let address = text.parse::<Address>();
            assert_eq!(address.as_ref().ok().map(|address| address.host.as_str()), host, "{text}");
            if let Ok(address) = address {
                assert_eq!(address.to_string(), text);
            }
        }
    }
}
