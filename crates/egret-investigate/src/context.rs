//! What the team knows and the logs do not: whose accounts and networks, which receivers are
//! agreed. A small TOML file, all of it optional.
//!
//! ```toml
//! own_accounts = ["111122223333"]
//! internal_networks = ["10.0.0.0/8"]
//!
//! [authorised]
//! complete = true                 # whoever is not listed is not authorised
//! accounts = ["444455556666"]     # backup account
//! buckets = ["example-backups"]
//! networks = ["198.51.100.0/24"]  # head office
//! ```

use std::collections::BTreeSet;
use std::net::IpAddr;

use egret_model::aws::is_account_id;
use egret_model::report::{Authorised, Destination};
use ipnet::IpNet;
use serde::Deserialize;

/// Networks that are inside when the context does not say otherwise: private, shared, link-local
/// and loopback, v4 and v6.
const PRIVATE: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// What the team knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Context {
    /// Accounts under investigation, beside those whose trails are at hand.
    pub own_accounts: Vec<String>,
    /// Networks that are inside, beside private addresses.
    pub internal_networks: Vec<IpNet>,
    /// Receivers that are agreed.
    pub authorised: AuthorisedList,
}

/// Receivers that are agreed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthorisedList {
    /// Whether the list is complete: then whoever is not on it is not authorised.
    pub complete: bool,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Buckets.
    pub buckets: Vec<String>,
    /// Networks, such as the offices'.
    pub networks: Vec<IpNet>,
}

/// A context file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// It is no context.
    #[error("context: {0}")]
    Shape(String),
    /// An account id is none.
    #[error("context: `{0}` is not an account id; expected twelve digits in quotes")]
    Account(String),
}

impl Context {
    /// Reads a context file.
    ///
    /// # Errors
    ///
    /// [`ContextError`] with the place.
    pub fn parse(text: &str) -> Result<Self, ContextError> {
        let context: Self = toml::from_str(text)
            .map_err(|error| ContextError::Shape(error.to_string().trim_end().to_owned()))?;
        for account in context.own_accounts.iter().chain(&context.authorised.accounts) {
            if !is_account_id(account) {
                return Err(ContextError::Account(account.clone()));
            }
        }
        Ok(context)
    }

    /// Networks that are inside: private ones, and the team's.
    pub fn internal_networks(&self) -> Vec<IpNet> {
        let mut networks: Vec<IpNet> =
            PRIVATE.iter().filter_map(|network| network.parse().ok()).collect();
        networks.extend(&self.internal_networks);
        networks
    }
}

/// Judges where a destination lies and whether data may be there.
#[derive(Debug, Clone)]
pub struct Judge {
    context: Context,
    internal: Vec<IpNet>,
    own_accounts: BTreeSet<String>,
    own_buckets: BTreeSet<String>,
}

impl Judge {
    /// With what the logs themselves show: accounts whose trails are at hand, and buckets that
    /// those trails show as theirs.
    pub fn new(
        context: Context,
        accounts: impl IntoIterator<Item = String>,
        buckets: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut own_accounts: BTreeSet<String> = accounts.into_iter().collect();
        own_accounts.extend(context.own_accounts.iter().cloned());
        let internal = context.internal_networks();
        Self { context, internal, own_accounts, own_buckets: buckets.into_iter().collect() }
    }

    /// Accounts under investigation.
    pub fn own_accounts(&self) -> &BTreeSet<String> {
        &self.own_accounts
    }

    /// Whether the team gave a list of agreed receivers that is complete.
    pub fn list_is_complete(&self) -> bool {
        self.context.authorised.complete
    }

    /// Networks that are inside.
    pub fn internal(&self) -> &[IpNet] {
        &self.internal
    }

    /// Whether an address is inside; `None` for text that is no address.
    pub fn is_internal(&self, address: &str) -> Option<bool> {
        let ip: IpAddr = address.parse().ok()?;
        Some(self.internal.iter().any(|network| network.contains(&ip)))
    }

    /// A destination with its judgement.
    pub fn destination(&self, kind: &str, id: &str, account: Option<&str>) -> Destination {
        let (external, authorised, reason) = match kind {
            "public" => (Some(true), Authorised::No, "everyone".to_owned()),
            "aws_account" => self.account(id),
            "ip_address" => self.address(id),
            "s3_bucket" => self.bucket(id, account),
            _ => match account {
                Some(account) => self.account(account),
                None => (None, Authorised::Unknown, "its owner is not in the log".to_owned()),
            },
        };
        Destination {
            kind: kind.to_owned(),
            id: id.to_owned(),
            account: account
                .map(str::to_owned)
                .or_else(|| (kind == "aws_account").then(|| id.to_owned())),
            external,
            authorised,
            reason,
        }
    }

    /// What a list that does not name someone says about them.
    fn unlisted(&self, whose: &str) -> (Authorised, String) {
        if self.context.authorised.complete {
            (Authorised::No, format!("{whose} is not on the complete list of agreed receivers"))
        } else {
            (Authorised::Unknown, format!("{whose} is on no list that was given"))
        }
    }

    fn account(&self, account: &str) -> (Option<bool>, Authorised, String) {
        if self.own_accounts.contains(account) {
            return (
                Some(false),
                Authorised::Yes,
                "an account under investigation, not outside".to_owned(),
            );
        }
        if self.context.authorised.accounts.iter().any(|listed| listed == account) {
            return (Some(true), Authorised::Yes, "on the list of agreed receivers".to_owned());
        }
        let (authorised, reason) = self.unlisted("the account");
        (
            Some(true),
            authorised,
            format!("its trail is not among the evidence, so it counts as outside; {reason}"),
        )
    }

    fn address(&self, address: &str) -> (Option<bool>, Authorised, String) {
        let Ok(ip) = address.parse::<IpAddr>() else {
            return if address.ends_with(".amazonaws.com") {
                (
                    Some(false),
                    Authorised::Unknown,
                    "an AWS service acting for its caller".to_owned(),
                )
            } else {
                (None, Authorised::Unknown, "not an address".to_owned())
            };
        };
        if self.context.authorised.networks.iter().any(|network| network.contains(&ip)) {
            return (Some(true), Authorised::Yes, "in an agreed network".to_owned());
        }
        if self.internal.iter().any(|network| network.contains(&ip)) {
            return (Some(false), Authorised::Yes, "a private or internal address".to_owned());
        }
        let (authorised, reason) = self.unlisted("the address");
        (Some(true), authorised, format!("a public address; {reason}"))
    }

    fn bucket(&self, bucket: &str, account: Option<&str>) -> (Option<bool>, Authorised, String) {
        if self.context.authorised.buckets.iter().any(|listed| listed == bucket) {
            return (None, Authorised::Yes, "on the list of agreed receivers".to_owned());
        }
        if let Some(account) = account {
            return self.account(account);
        }
        if self.own_buckets.contains(bucket) {
            return (
                Some(false),
                Authorised::Yes,
                "the trails show it as a bucket of an account under investigation".to_owned(),
            );
        }
        let (authorised, reason) = self.unlisted("the bucket");
        (None, authorised, format!("no log at hand shows who owns the bucket; {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(context: &str) -> Judge {
        Judge::new(
            Context::parse(context).unwrap(),
            ["111122223333".to_owned()],
            ["own-bucket".to_owned()],
        )
    }

    #[test]
    fn destinations() {
        let open = judge("");
        let closed = judge(
            "[authorised]\ncomplete = true\naccounts = [\"444455556666\"]\nnetworks = [\"198.51.100.0/24\"]",
        );
        #[rustfmt::skip]
        let rows = [
            ("own account", &open, "aws_account", "111122223333", Some(false), Authorised::Yes),
            ("other account, no list", &open, "aws_account", "444455556666", Some(true), Authorised::Unknown),
            ("other account, listed", &closed, "aws_account", "444455556666", Some(true), Authorised::Yes),
            ("other account, complete list without it", &closed, "aws_account", "777788889999", Some(true), Authorised::No),
            ("private address", &open, "ip_address", "10.1.2.3", Some(false), Authorised::Yes),
            ("public address", &open, "ip_address", "203.0.113.9", Some(true), Authorised::Unknown),
            ("agreed network", &closed, "ip_address", "198.51.100.9", Some(true), Authorised::Yes),
            ("AWS service", &open, "ip_address", "datasync.amazonaws.com", Some(false), Authorised::Unknown),
            ("own bucket", &open, "s3_bucket", "own-bucket", Some(false), Authorised::Yes),
            ("bucket of nobody knows whom", &open, "s3_bucket", "other", None, Authorised::Unknown),
            ("everyone", &open, "public", "all", Some(true), Authorised::No),
        ];
        for (name, judge, kind, id, external, authorised) in rows {
            let got = judge.destination(kind, id, None);
            assert_eq!((got.external, got.authorised), (external, authorised), "row: {name}");
            assert!(!got.reason.is_empty(), "row: {name}");
        }
    }

    #[test]
    fn a_wrong_file_says_where() {
        assert_eq!(
            Context::parse("own_accounts = [\"123\"]").unwrap_err().to_string(),
            "context: `123` is not an account id; expected twelve digits in quotes"
        );
        assert!(
            Context::parse("internal_networks = [\"x\"]")
                .unwrap_err()
                .to_string()
                .contains("line 1")
        );
    }
}
