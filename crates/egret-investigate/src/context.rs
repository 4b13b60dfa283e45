//! What the team knows and the logs do not: whose accounts and networks, which receivers are
//! agreed. A small TOML file, all of it optional.
//!
//! ```toml
//! own_accounts = ["111122223333"]
//! organizations = ["o-exampleorg"]
//! internal_networks = ["10.0.0.0/8"]
//! egress_proxies = ["203.0.113.7/32"]
//! own_buckets = ["example-logs"]
//! own_domains = ["example.com"]
//!
//! [[trusted_account]]
//! id = "444455556666"
//! purpose = "backup vault"
//!
//! [[trusted_account]]
//! id = "777788889999"
//! purpose = "invoice scanning"
//! vendor = "Example Ltd"
//!
//! [authorised]
//! complete = true                 # whoever is not listed is not authorised
//! buckets = ["example-backups"]
//! networks = ["198.51.100.0/24"]  # head office
//! domains = ["partner.example.net"]
//! ```

use std::collections::BTreeSet;
use std::net::IpAddr;

use egret_model::aws::is_account_id;
use egret_model::report::{Authorised, Destination};
use ipnet::IpNet;
use serde::Deserialize;

use crate::policy::Inside;

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

/// What CloudTrail writes for the owner of a bucket that is another account's.
const HIDDEN_OWNER: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// What the team knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Context {
    /// Accounts under investigation, beside those whose trails are at hand.
    pub own_accounts: Vec<String>,
    /// Organisations of AWS Organizations that are ours.
    pub organizations: Vec<String>,
    /// Networks that are inside, beside private addresses.
    pub internal_networks: Vec<IpNet>,
    /// Public addresses that our own people and machines call from.
    pub egress_proxies: Vec<IpNet>,
    /// Buckets that are ours, beside those that the trails show.
    pub own_buckets: Vec<String>,
    /// Domains of mail and web that are ours.
    pub own_domains: Vec<String>,
    /// Accounts of others that data may go to, and what for.
    pub trusted_account: Vec<TrustedAccount>,
    /// Receivers that are agreed.
    pub authorised: AuthorisedList,
}

/// An account of others that data may go to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedAccount {
    /// Account.
    pub id: String,
    /// What it is for.
    pub purpose: String,
    /// Whose it is.
    pub vendor: Option<String>,
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
    /// Domains of mail and web.
    pub domains: Vec<String>,
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
        let trusted = context.trusted_account.iter().map(|trusted| &trusted.id);
        let listed = context.own_accounts.iter().chain(&context.authorised.accounts);
        for account in listed.chain(trusted) {
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
    organizations: BTreeSet<String>,
    trails: BTreeSet<String>,
}

impl Judge {
    /// With what the logs themselves show: accounts whose trails are at hand, and buckets that
    /// those trails show as theirs.
    pub fn new(
        context: Context,
        accounts: impl IntoIterator<Item = String>,
        buckets: impl IntoIterator<Item = String>,
    ) -> Self {
        let trails: BTreeSet<String> = accounts.into_iter().collect();
        let mut own_accounts = trails.clone();
        own_accounts.extend(context.own_accounts.iter().cloned());
        let internal = context.internal_networks();
        let mut own_buckets: BTreeSet<String> = buckets.into_iter().collect();
        own_buckets.extend(context.own_buckets.iter().cloned());
        let organizations = context.organizations.iter().cloned().collect();
        Self { context, internal, own_accounts, own_buckets, organizations, trails }
    }

    /// What the evaluator of policies needs to know of the owner's side.
    pub fn inside(&self) -> Inside<'_> {
        Inside {
            accounts: &self.own_accounts,
            organizations: &self.organizations,
            networks: &self.internal,
        }
    }

    /// Accounts under investigation.
    pub fn own_accounts(&self) -> &BTreeSet<String> {
        &self.own_accounts
    }

    /// Whether the trail of an account is among the evidence.
    pub fn has_trail(&self, account: &str) -> bool {
        self.trails.contains(account)
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
        let mut inside = self.internal.iter().chain(&self.context.egress_proxies);
        Some(inside.any(|network| network.contains(&ip)))
    }

    /// A destination with its judgement.
    pub fn destination(&self, kind: &str, id: &str, account: Option<&str>) -> Destination {
        let hidden = account == Some(HIDDEN_OWNER);
        let account = account.filter(|_| !hidden);
        let (external, authorised, reason) = match kind {
            "s3_bucket" if hidden => {
                let (authorised, reason) = self.unlisted("the bucket");
                (
                    Some(true),
                    authorised,
                    format!("the log hides its owner, which it does for other accounts; {reason}"),
                )
            }
            "public" => (Some(true), Authorised::No, "everyone".to_owned()),
            // A log that ends, a guard that falls: nobody receives anything by it.
            "nowhere" => {
                (Some(false), Authorised::Unknown, "nothing is moved to anyone by it".to_owned())
            }
            "aws_account" => self.account(id),
            "organization" => self.organization(id),
            "email" | "host" => self.domain(id),
            "network" => self.network(id),
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

    fn organization(&self, id: &str) -> (Option<bool>, Authorised, String) {
        // `o-abc`, or an ARN such as `arn:aws:organizations::111122223333:organization/o-abc`.
        let is_own =
            self.organizations.iter().any(|own| id.split(['/', ':']).any(|part| part == own))
                || egret_model::aws::account_of_arn(id)
                    .is_some_and(|account| self.own_accounts.contains(account));
        if is_own {
            return (Some(false), Authorised::Yes, "our own organisation".to_owned());
        }
        if self.organizations.is_empty() {
            let (authorised, reason) = self.unlisted("the organisation");
            return (
                None,
                authorised,
                format!("nothing says which organisation is ours; {reason}"),
            );
        }
        let (authorised, reason) = self.unlisted("the organisation");
        (Some(true), authorised, format!("not our organisation; {reason}"))
    }

    /// Where mail or web traffic goes, by the domain.
    fn domain(&self, id: &str) -> (Option<bool>, Authorised, String) {
        let host = id.rsplit_once('@').map_or(id, |(_, host)| host).to_ascii_lowercase();
        let host = host.split(':').next().unwrap_or_default();
        if host.parse::<IpAddr>().is_ok() {
            return self.address(host);
        }
        let below = |domains: &[String]| {
            domains.iter().any(|domain| {
                let domain = domain.to_ascii_lowercase();
                host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
            })
        };
        if below(&self.context.own_domains) {
            return (Some(false), Authorised::Yes, "one of our own domains".to_owned());
        }
        if below(&self.context.authorised.domains) {
            return (Some(true), Authorised::Yes, "on the list of agreed receivers".to_owned());
        }
        let (authorised, reason) = self.unlisted("the domain");
        if self.context.own_domains.is_empty() {
            return (None, authorised, format!("nothing says which domains are ours; {reason}"));
        }
        (Some(true), authorised, format!("not one of our domains; {reason}"))
    }

    /// A range of addresses, such as the target of a route.
    fn network(&self, id: &str) -> (Option<bool>, Authorised, String) {
        let Ok(network) = id.parse::<IpNet>() else { return self.address(id) };
        let below = |networks: &[IpNet]| networks.iter().any(|held| held.contains(&network));
        if below(&self.internal) {
            return (Some(false), Authorised::Yes, "a private or internal network".to_owned());
        }
        if below(&self.context.authorised.networks) {
            return (Some(true), Authorised::Yes, "in an agreed network".to_owned());
        }
        let (authorised, reason) = self.unlisted("the network");
        (Some(true), authorised, format!("it holds public addresses; {reason}"))
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
        let trusted = self.context.trusted_account.iter().find(|trusted| trusted.id == account);
        if let Some(trusted) = trusted {
            let whose =
                trusted.vendor.as_deref().map_or_else(String::new, |name| format!(" by {name}"));
            return (
                Some(true),
                Authorised::Yes,
                format!("trusted for {}{whose}, says the context", trusted.purpose),
            );
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
        if self.context.egress_proxies.iter().any(|network| network.contains(&ip)) {
            return (
                None,
                Authorised::Unknown,
                "our own way out to the internet; its log shows what lies behind".to_owned(),
            );
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
            "organizations = [\"o-own\"]\nown_domains = [\"example.com\"]\negress_proxies = [\"203.0.113.7/32\"]\n\
             [[trusted_account]]\nid = \"555566667777\"\npurpose = \"scanning\"\n\
             [authorised]\ncomplete = true\naccounts = [\"444455556666\"]\nnetworks = [\"198.51.100.0/24\"]\ndomains = [\"example.net\"]",
        );
        #[rustfmt::skip]
        let rows = [
            ("own account", &open, "aws_account", "111122223333", Some(false), Authorised::Yes),
            ("other account, no list", &open, "aws_account", "444455556666", Some(true), Authorised::Unknown),
            ("other account, listed", &closed, "aws_account", "444455556666", Some(true), Authorised::Yes),
            ("other account, complete list without it", &closed, "aws_account", "777788889999", Some(true), Authorised::No),
            ("trusted account", &closed, "aws_account", "555566667777", Some(true), Authorised::Yes),
            ("own organisation", &closed, "organization", "arn:aws:organizations::999900001111:organization/o-own", Some(false), Authorised::Yes),
            ("other organisation", &closed, "organization", "o-other", Some(true), Authorised::No),
            ("an organisation, nothing known", &open, "organization", "o-other", None, Authorised::Unknown),
            ("own domain", &closed, "email", "ops@mail.example.com", Some(false), Authorised::Yes),
            ("agreed domain", &closed, "host", "share.example.net:443", Some(true), Authorised::Yes),
            ("look-alike domain", &closed, "host", "badexample.com", Some(true), Authorised::No),
            ("a domain, nothing known", &open, "email", "drop@example.org", None, Authorised::Unknown),
            ("private network", &open, "network", "10.1.0.0/16", Some(false), Authorised::Yes),
            ("every address", &open, "network", "0.0.0.0/0", Some(true), Authorised::Unknown),
            ("own proxy", &closed, "ip_address", "203.0.113.7", None, Authorised::Unknown),
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
