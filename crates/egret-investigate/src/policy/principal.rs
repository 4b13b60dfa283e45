//! Who a statement names, and which of them are outside.
//!
//! Accounts that are inside fall away one by one; they neither open anything nor hide another
//! principal beside them.

use egret_model::aws::{account_of_arn, assumed_role, is_account_id, name_of_arn};
use serde_json::Value;

use super::document::{TooLarge, account, member, texts};
use super::{Inside, LIST_MAX};

/// A principal as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// `*`.
    Everyone,
    /// A whole account, by id or by its root.
    Account(String),
    /// A user, role or session.
    Arn {
        /// Its account.
        account: String,
        /// As written.
        arn: String,
    },
    /// An AWS service.
    Service(String),
    /// An identity provider: its ARN, or the name of one that AWS knows.
    Federated(String),
    /// An account by its canonical user id.
    Canonical(String),
    /// Anything else: the unique id that a deleted principal leaves, an origin access identity.
    Other(String),
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principals {
    /// `Principal`.
    These(Vec<Named>),
    /// `NotPrincipal`.
    AllBut(Vec<Named>),
    /// Neither, or nothing readable.
    Nobody,
}

/// Someone outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Audience {
    /// Whoever asks, but for services.
    Everyone,
    /// An account.
    Account {
        /// Its id.
        id: String,
        /// The one principal in it; `None` for all.
        only: Option<String>,
        /// The service that asks for it, `*` for any; `None` when it asks itself.
        through: Option<String>,
    },
    /// An organisation.
    Organization {
        /// Its id.
        id: String,
        /// The service that asks for it, `*` for any; `None` when its principals ask themselves.
        through: Option<String>,
    },
    /// A service, for whichever account has it ask; `*` for any service.
    Service(String),
    /// A principal whose account is not known.
    Principal(String),
    /// A canonical user.
    Canonical(String),
}

impl Audience {
    /// A whole account.
    pub(super) fn account(id: &str) -> Self {
        Self::Account { id: id.to_owned(), only: None, through: None }
    }

    /// The service that asks, `*` for any; `None` when the receiver asks itself.
    pub(super) fn service(&self) -> Option<&str> {
        match self {
            Self::Service(service)
            | Self::Account { through: Some(service), .. }
            | Self::Organization { through: Some(service), .. } => Some(service),
            _ => None,
        }
    }

    /// Whether a service asks, not the receiver itself.
    pub(super) fn is_service(&self) -> bool {
        self.service().is_some()
    }

    /// Whether it is not known at all who asks.
    pub(super) fn is_anyone(&self) -> bool {
        matches!(self, Self::Everyone) || matches!(self, Self::Service(service) if service == "*")
    }

    /// The same receiver through that service.
    pub(super) fn through(&self, service: &str) -> Self {
        let through = Some(service.to_owned());
        match self.clone() {
            Self::Account { id, only, .. } => Self::Account { id, only, through },
            Self::Organization { id, .. } => Self::Organization { id, through },
            _ => Self::Service(service.to_owned()),
        }
    }
}

impl Principals {
    /// Reads `Principal` or `NotPrincipal`, and whether all of it was readable.
    pub(super) fn of(statement: &Value) -> Result<(Self, bool), TooLarge> {
        if let Some(value) = member(statement, "Principal") {
            let (named, readable) = named(value)?;
            return Ok((Self::These(named), readable));
        }
        match member(statement, "NotPrincipal") {
            Some(value) => {
                let (named, readable) = named(value)?;
                Ok((Self::AllBut(named), readable))
            }
            None => Ok((Self::Nobody, true)),
        }
    }

    /// How many are named.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::These(named) | Self::AllBut(named) => named.len(),
            Self::Nobody => 0,
        }
    }

    /// Those outside whom an Allow lets in. All but some is everyone: whoever is left out is one,
    /// and the rest is the world. Everyone is services too, which are another audience, since they
    /// may ask on our behalf.
    pub(super) fn outside(&self, inside: &Inside<'_>) -> Vec<Audience> {
        let named = match self {
            Self::These(named) => named.as_slice(),
            Self::AllBut(named) if !named.contains(&Named::Everyone) => &[Named::Everyone],
            Self::AllBut(_) | Self::Nobody => &[],
        };
        let services = named.contains(&Named::Everyone).then(|| Audience::Service("*".to_owned()));
        named.iter().filter_map(|one| one.outside(inside)).chain(services).collect()
    }

    /// Whether a Deny is about all of that audience, and whom of it the Deny spares. `None` when it
    /// is about none of it, or about a part that cannot be told apart.
    pub(super) fn denied(&self, who: &Audience, inside: &Inside<'_>) -> Option<Vec<Audience>> {
        match self {
            Self::These(named) => named.iter().any(|one| one.includes(who)).then(Vec::new),
            Self::AllBut(named) if named.iter().any(|one| one.includes(who)) => None,
            Self::AllBut(named) => Some(
                named
                    .iter()
                    .filter_map(|one| one.outside(inside))
                    .filter_map(|spared| common(spared, who))
                    .collect(),
            ),
            Self::Nobody => None,
        }
    }
}

/// Who may be both; the wider of the two where it is not known.
fn common(spared: Audience, who: &Audience) -> Option<Audience> {
    use Audience::{Account, Canonical, Everyone, Organization, Principal, Service};
    match (&spared, who) {
        (Service(service), who) => (who.service() == Some("*")).then(|| who.through(service)),
        (_, Everyone)
        | (Account { .. } | Principal(_) | Canonical(_), Organization { through: None, .. }) => {
            Some(spared)
        }
        (Account { id: one, only: named, .. }, Account { id: other, only, through: None }) => {
            match (named, only) {
                _ if one != other => None,
                (_, None) => Some(spared),
                (Some(named), Some(only)) if !same_role(named, only) => None,
                _ => Some(who.clone()),
            }
        }
        (Principal(one), Principal(other)) | (Canonical(one), Canonical(other)) => {
            (one == other).then(|| who.clone())
        }
        // Whose a unique or canonical id is, is not known: it may be the account's.
        (Account { .. } | Canonical(_), Principal(_))
        | (Account { .. } | Principal(_), Canonical(_))
        | (Principal(_) | Canonical(_), Account { through: None, .. }) => Some(who.clone()),
        _ => None,
    }
}

/// Whether one of the ARNs is a session of the other's role, or both are the same.
fn same_role(one: &str, other: &str) -> bool {
    fn role(arn: &str) -> &str {
        assumed_role(arn).map_or_else(|| name_of_arn(arn), |(role, _)| role)
    }
    one == other || role(one) == role(other)
}

impl Named {
    /// As an audience, if it is outside.
    fn outside(&self, inside: &Inside<'_>) -> Option<Audience> {
        match self {
            Self::Everyone => Some(Audience::Everyone),
            Self::Account(id) => (!inside.accounts.contains(id)).then(|| Audience::account(id)),
            Self::Arn { account, arn } => (!inside.accounts.contains(account)).then(|| {
                Audience::Account { id: account.clone(), only: Some(arn.clone()), through: None }
            }),
            Self::Service(service) => Some(Audience::Service(service.clone())),
            Self::Federated(provider) => match account_of_arn(provider) {
                Some(id) if !inside.accounts.contains(id) => Some(Audience::Account {
                    id: id.to_owned(),
                    only: Some(provider.clone()),
                    through: None,
                }),
                Some(_) if !serves_the_world(provider) => None,
                _ => Some(Audience::Principal(provider.clone())),
            },
            Self::Canonical(id) => Some(Audience::Canonical(id.clone())),
            Self::Other(text) => Some(Audience::Principal(text.clone())),
        }
    }

    /// Whether all of the audience is this principal.
    fn includes(&self, who: &Audience) -> bool {
        match (self, who) {
            (Self::Everyone, _) => true,
            (Self::Arn { arn, .. }, Audience::Account { only: Some(only), through: None, .. }) => {
                arn == only
            }
            (Self::Service(named), who) => {
                who.service().is_some_and(|service| named == "*" || named == service)
            }
            (Self::Account(named), Audience::Account { id, through: None, .. })
            | (Self::Federated(named), Audience::Account { only: Some(id), .. })
            | (Self::Federated(named) | Self::Other(named), Audience::Principal(id))
            | (Self::Canonical(named), Audience::Canonical(id)) => named == id,
            _ => false,
        }
    }
}

fn named(value: &Value) -> Result<(Vec<Named>, bool), TooLarge> {
    let Value::Object(kinds) = value else {
        let texts = texts(Some(value))?;
        let named = texts.list.iter().map(|text| aws(text)).collect();
        return Ok((named, !texts.unreadable));
    };
    let mut named = Vec::new();
    let mut readable = true;
    for (kind, values) in kinds {
        let texts = texts(Some(values))?;
        readable &= !texts.unreadable;
        let read: fn(&str) -> Named = match kind.to_ascii_lowercase().as_str() {
            "service" => |text| Named::Service(text.to_owned()),
            "federated" => |text| match text {
                "*" => Named::Everyone,
                provider => Named::Federated(provider.to_owned()),
            },
            "canonicaluser" => |text| Named::Canonical(text.to_owned()),
            _ => aws,
        };
        named.extend(texts.list.iter().map(|text| read(text)));
    }
    if named.len() > LIST_MAX {
        return Err(TooLarge);
    }
    named.sort();
    named.dedup();
    Ok((named, readable))
}

fn aws(text: &str) -> Named {
    if text == "*" {
        return Named::Everyone;
    }
    if let Some(id) = account(text) {
        return Named::Account(id);
    }
    if let Some(id) = account_of_arn(text) {
        let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
        let id = id.to_owned();
        return if matches!(resource, "root" | "*") {
            Named::Account(id)
        } else {
            Named::Arn { account: id, arn: text.to_owned() }
        };
    }
    if !text.contains(':')
        && (text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn"))
    {
        return Named::Service(text.to_owned());
    }
    Named::Other(text.to_owned())
}

/// Whether the identity provider gives tokens to whoever signs up, so that only a condition on the
/// token tells one of ours from one of theirs.
///
/// # Source
///
/// Providers that IAM documents by name, and those that
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>
/// calls shared.
fn serves_the_world(provider: &str) -> bool {
    const SHARED: [&str; 18] = [
        "accounts.google.com",
        "agent.buildkite.com",
        "api.pulumi.com",
        "app.terraform.io",
        "cognito-identity.amazonaws.com",
        "gitlab.com",
        "graph.facebook.com",
        "oidc-configuration.audit-log.githubusercontent.com",
        "oidc.codefresh.io",
        "oidc.vercel.com",
        "proidc.upbound.io",
        "sandboxes.cloud",
        "scalr.io",
        "securetoken.google.com",
        "studio.datachain.ai",
        "token.actions.githubusercontent.com",
        "tokens.cloud.shisho.dev",
        "www.amazon.com",
    ];
    let Some((_, url)) = provider.split_once(":oidc-provider/") else { return false };
    let host = url.split('/').next().unwrap_or_default();
    SHARED.iter().any(|shared| shared.eq_ignore_ascii_case(host))
}

/// Whether the text is a principal's unique id: twenty letters and digits that begin with its kind.
///
/// # Source
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub(super) fn is_unique_id(text: &str) -> bool {
    const KINDS: [&str; 5] = ["AIDA", "AROA", "AGPA", "ANPA", "AIPA"];
    text.len() >= 16
        && KINDS.iter().any(|kind| text.starts_with(kind))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether `aws:userid` names an account by its root, or a federated user of it.
pub(super) fn account_of_user_id(text: &str) -> Option<&str> {
    let head = text.split(':').next()?;
    is_account_id(head).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::super::testing::opened;

    #[test]
    fn principals() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, &[&str])] = &[
            ("everyone", r#""Principal":"*""#, &["public *"]),
            ("everyone, as AWS", r#""Principal":{"AWS":"*"}"#, &["public *"]),
            ("everyone, in a list", r#""Principal":{"AWS":["111122223333","*"]}"#, &["public *"]),
            ("everyone, as every kind", r#""Principal":{"*":"*"}"#, &["public *"]),
            ("account", r#""Principal":{"AWS":"444455556666"}"#, &["aws_account 444455556666"]),
            ("account without AWS", r#""Principal":"444455556666""#, &["aws_account 444455556666"]),
            ("account as number", r#""Principal":{"AWS":444455556666}"#, &["aws_account 444455556666"]),
            ("account that lost its zeros", r#""Principal":{"AWS":44455556666}"#, &["aws_account 044455556666"]),
            ("own account that lost its zeros", r#""Principal":{"AWS":1122223333}"#, &[]),
            ("own account", r#""Principal":{"AWS":"111122223333"}"#, &[]),
            ("an own account hides no other", r#""Principal":{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::444455556666:root"]}"#, &["aws_account 444455556666"]),
            ("root", r#""Principal":{"AWS":"arn:aws:iam::444455556666:root"}"#, &["aws_account 444455556666"]),
            ("user", r#""Principal":{"AWS":"arn:aws:iam::444455556666:user/ana"}"#, &["aws_account 444455556666 if principal is arn:aws:iam::444455556666:user/ana"]),
            ("session", r#""Principal":{"AWS":"arn:aws:sts::444455556666:assumed-role/Ops/ana"}"#, &["aws_account 444455556666 if principal is arn:aws:sts::444455556666:assumed-role/Ops/ana"]),
            ("own user", r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/ana"}"#, &[]),
            ("two roles of one account", r#""Principal":{"AWS":["arn:aws:iam::444455556666:role/b","arn:aws:iam::444455556666:role/a"]}"#,
                &["aws_account 444455556666 if principal is one of arn:aws:iam::444455556666:role/a, arn:aws:iam::444455556666:role/b"]),
            ("a role beside its account", r#""Principal":{"AWS":["arn:aws:iam::444455556666:role/b","444455556666"]}"#, &["aws_account 444455556666"]),
            ("China", r#""Principal":{"AWS":"arn:aws-cn:iam::444455556666:root"}"#, &["aws_account 444455556666"]),
            ("GovCloud", r#""Principal":{"AWS":"arn:aws-us-gov:iam::111122223333:role/x"}"#, &[]),
            ("canonical user", r#""Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#, &["canonical_user 79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"]),
            ("origin access identity", r#""Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}"#, &["principal arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"]),
            ("left by a deleted user", r#""Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}"#, &["principal AIDACKCEVSQ6C2EXAMPLE"]),
            ("left by a deleted role", r#""Principal":{"AWS":["AROACKCEVSQ6C2EXAMPLE"]}"#, &["principal AROACKCEVSQ6C2EXAMPLE"]),
            ("own SAML provider", r#""Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/x"}"#, &[]),
            ("foreign SAML provider", r#""Principal":{"Federated":"arn:aws:iam::444455556666:saml-provider/x"}"#, &["aws_account 444455556666 if principal is arn:aws:iam::444455556666:saml-provider/x"]),
            ("own provider for own users", r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"}"#, &[]),
            ("own provider for the world's users", r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}"#, &["principal arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]),
            ("the same for one repository", r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:example/app:*","token.actions.githubusercontent.com:aud":"*"}}"#,
                &["principal arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com if token.actions.githubusercontent.com:sub like repo:example/app:*"]),
            ("provider that AWS knows", r#""Principal":{"Federated":"accounts.google.com"},"Condition":{"StringEquals":{"accounts.google.com:aud":"x"}}"#, &["principal accounts.google.com if accounts.google.com:aud is x"]),
            ("service", r#""Principal":{"Service":"s3.amazonaws.com"}"#, &["aws_service s3.amazonaws.com"]),
            ("any service", r#""Principal":{"Service":"*"}"#, &["aws_service *"]),
            ("all but someone", r#""NotPrincipal":{"AWS":"arn:aws:iam::444455556666:root"}"#, &["public *"]),
            ("nobody", r#""Principal":{"AWS":[]}"#, &[]),
            ("several kinds", r#""Principal":{"AWS":"444455556666","Service":["a.amazonaws.com","b.amazonaws.com"]}"#, &["aws_account 444455556666", "aws_service a.amazonaws.com", "aws_service b.amazonaws.com"]),
        ];
        for (name, principal, want) in rows {
            let statement = format!(r#"{{"Effect":"Allow","Action":"x:Do",{principal}}}"#);
            let got: Vec<String> =
                opened(&statement).iter().map(|line| line.replace(" x:Do", "")).collect();
            assert_eq!(got, *want, "row: {name}");
        }
    }
}
