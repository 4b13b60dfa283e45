//! What conditions leave of an audience.
//!
//! Each clause is put to the audience: it may hold for all of it, for none, for named parts, or be a
//! matter of the request; then it stays as a condition in words. Values that are inside are left
//! out, since what is open to them is open to nobody outside. What is not known counts as outside.

use std::collections::BTreeMap;

use egret_model::aws::account_of_arn;
use ipnet::IpNet;

use super::condition::{Clause, Kind, Test, consistent};
use super::document::account;
use super::key::Meaning;
use super::pattern::{Work, covers, meets};
use super::principal::{Audience, account_of_user_id, is_unique_id};
use super::{Inside, PIECES_MAX};

/// What a clause does to an audience.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It holds for all of it.
    Holds,
    /// It holds for none of it that is outside.
    Never,
    /// It depends on the request.
    Depends(Clause),
    /// It holds for these parts, each perhaps under conditions.
    Parts(Vec<(Audience, Vec<Clause>)>),
}

/// The parts of an audience for which all clauses may hold, each with what remains of them.
pub(super) fn narrow(
    who: Audience,
    clauses: &[Clause],
    inside: &Inside<'_>,
    work: &Work,
) -> Vec<(Audience, Vec<Clause>)> {
    let present: Vec<&str> = clauses
        .iter()
        .filter(|clause| clause.test == Test::Absent && clause.negated)
        .map(|clause| clause.key.as_str())
        .collect();
    let mut clauses: Vec<Clause> = clauses.to_vec();
    for clause in &mut clauses {
        if clause.test != Test::Absent && present.contains(&clause.key.as_str()) {
            clause.missing = false;
        }
    }
    // What names parts comes first, since the rest may be certain for them; whether a key is there
    // last.
    clauses.sort_by(|one, other| {
        let rank =
            |clause: &Clause| (!clause.is_strict(), clause.meaning, clause.test == Test::Absent);
        rank(one).cmp(&rank(other)).then_with(|| one.cmp(other))
    });
    clauses.dedup();
    let mut parts = vec![(who, Vec::new())];
    for clause in &clauses {
        let mut next = Vec::new();
        for (who, mut kept) in parts {
            match outcome(clause, &who, inside, work) {
                Outcome::Holds => next.push((who, kept)),
                Outcome::Never => {}
                Outcome::Depends(clause) => {
                    kept.push(clause);
                    next.push((who, kept));
                }
                Outcome::Parts(parts) if next.len().saturating_add(parts.len()) <= PIECES_MAX => {
                    for (part, clauses) in parts {
                        next.push((part, kept.iter().cloned().chain(clauses).collect()));
                    }
                }
                Outcome::Parts(_) => {
                    kept.push(clause.clone());
                    next.push((who, kept));
                }
            }
        }
        parts = next;
    }
    parts.into_iter().filter_map(|(who, kept)| consistent(kept).map(|kept| (who, kept))).collect()
}

fn outcome(clause: &Clause, who: &Audience, inside: &Inside<'_>, work: &Work) -> Outcome {
    let meaning = clause.meaning;
    if meaning == Meaning::Encryption || clause.says_nothing() {
        return Outcome::Holds;
    }
    if clause.test == Test::Absent {
        return presence(clause, who);
    }
    if meaning.is_caller() {
        return caller(clause, who, inside, work);
    }
    if meaning.is_source() {
        return source(clause, who, inside);
    }
    match meaning {
        Meaning::CallerIsService => caller_is_service(clause, who),
        Meaning::CallerService => caller_service(clause, who, work),
        Meaning::AccessPointAccount | Meaning::AccessPointArn
            if who.is_anyone() && clause.is_strict() =>
        {
            parts(clause, inside, who, Audience::account, true)
        }
        Meaning::NetworkAddress => address(clause, who, inside),
        Meaning::NetworkAccount
        | Meaning::NetworkArn
        | Meaning::NetworkOrganization
        | Meaning::NetworkOrganizationPath
            if who.is_anyone() && clause.is_strict() =>
        {
            beyond(clause, inside)
        }
        _ => Outcome::Depends(clause.clone()),
    }
}

/// Whether a key is there at all.
fn presence(clause: &Clause, who: &Audience) -> Outcome {
    let absent = !clause.negated;
    let known = match (clause.meaning, who) {
        // Only services speak for someone else.
        (meaning, _) if meaning.is_source() && !who.is_service() => Some(false),
        (meaning, _) if meaning.is_caller() && who.is_anyone() && who.is_service() => Some(false),
        (meaning, _) if meaning.is_caller() && who.is_service() => absent.then_some(false),
        (
            Meaning::CallerOrganization | Meaning::CallerOrganizationPath,
            Audience::Organization { .. },
        )
        | (
            Meaning::CallerAccount | Meaning::CallerArn | Meaning::CallerId,
            Audience::Organization { .. } | Audience::Account { .. },
        ) => Some(true),
        _ => None,
    };
    match known {
        Some(present) if present != absent => Outcome::Holds,
        Some(_) => Outcome::Never,
        None => Outcome::Depends(clause.clone()),
    }
}

/// A clause on the caller's account, ARN, id or organisation.
fn caller(clause: &Clause, who: &Audience, inside: &Inside<'_>, work: &Work) -> Outcome {
    if who.is_service() {
        // Services have none of these. One that is named with such a condition is not left out for
        // that.
        return match (clause.missing, who.is_anyone()) {
            (true, _) => Outcome::Holds,
            (false, true) => Outcome::Never,
            (false, false) => beyond_if_strict(clause, inside),
        };
    }
    match who {
        Audience::Everyone if clause.is_strict() => match clause.meaning {
            Meaning::CallerOrganization => {
                parts(clause, inside, who, |id| organization(id, None), false)
            }
            Meaning::CallerOrganizationPath => {
                parts(clause, inside, who, |id| organization(id, None), true)
            }
            Meaning::CallerArn => parts(clause, inside, who, Audience::account, true),
            Meaning::CallerId => parts(clause, inside, who, of_user_id, false),
            _ => parts(clause, inside, who, Audience::account, false),
        },
        Audience::Organization { .. }
            if clause.is_strict()
                && matches!(clause.meaning, Meaning::CallerAccount | Meaning::CallerArn) =>
        {
            parts(clause, inside, who, Audience::account, clause.meaning == Meaning::CallerArn)
        }
        Audience::Organization { id, .. } => match clause.meaning {
            Meaning::CallerOrganization => {
                known(clause, |value| side(clause, value, inside).is(id))
            }
            Meaning::CallerOrganizationPath if clause.is_strict() => {
                let same = of_same(clause, inside, id);
                if same.values.iter().any(|value| whole_organization(value)) {
                    Outcome::Holds
                } else {
                    depends_if_any(same)
                }
            }
            _ => beyond_if_strict(clause, inside),
        },
        Audience::Account { id, only, .. } => match clause.meaning {
            Meaning::CallerAccount => known(clause, |value| side(clause, value, inside).is(id)),
            Meaning::CallerArn => caller_arn(clause, id, only.as_deref(), inside, work),
            _ => beyond_if_strict(clause, inside),
        },
        _ => beyond_if_strict(clause, inside),
    }
}

/// A clause on the ARN of a caller whose account is known, and perhaps the ARN too.
fn caller_arn(
    clause: &Clause,
    id: &str,
    only: Option<&str>,
    inside: &Inside<'_>,
    work: &Work,
) -> Outcome {
    // The key of a session holds its role, with a path that the session's own ARN does not show.
    let is_key = |only: &&str| only.contains(":role/") || only.contains(":user/");
    if let Some(only) = only.filter(is_key) {
        return known(clause, |value| is_text(clause, value, only, work));
    }
    let same = of_same(clause, inside, id);
    match clause.negated {
        false if clause.is_strict() => depends_if_any(same),
        true if same.values.is_empty() => Outcome::Holds,
        _ => Outcome::Depends(clause.clone()),
    }
}

/// Whether a value of the clause stands for the text; `None` when it may.
fn is_text(clause: &Clause, value: &str, text: &str, work: &Work) -> Option<bool> {
    if value.contains("${") {
        return None;
    }
    match clause.test {
        Test::Like(_) if covers(value, text, work) => Some(true),
        Test::Like(_) => (!meets(value, text, work)).then_some(false),
        Test::Equals(Kind::AnyCase) => Some(value.eq_ignore_ascii_case(text)),
        _ => Some(value == text),
    }
}

/// A clause on the account, resource or organisation that a service calls for.
fn source(clause: &Clause, who: &Audience, inside: &Inside<'_>) -> Outcome {
    if !who.is_service() {
        // Only services speak for someone else. One that is named with such a condition is not left
        // out for that, unless it is for us.
        return match (clause.missing, who) {
            (true, _) => Outcome::Holds,
            (false, Audience::Everyone) => Outcome::Never,
            (false, _) => beyond_if_strict(clause, inside),
        };
    }
    if !clause.is_strict() {
        return match (who, clause.meaning) {
            (Audience::Account { id, .. }, Meaning::SourceAccount)
            | (Audience::Organization { id, .. }, Meaning::SourceOrganization) => {
                known(clause, |value| side(clause, value, inside).is(id))
            }
            _ => Outcome::Depends(clause.clone()),
        };
    }
    let organizations =
        matches!(clause.meaning, Meaning::SourceOrganization | Meaning::SourceOrganizationPath);
    let keep = matches!(clause.meaning, Meaning::SourceArn | Meaning::SourceOrganizationPath);
    let split = |service: &str| {
        let make = |id: &str| {
            if organizations {
                organization(id, Some(service.to_owned()))
            } else {
                Audience::Account {
                    id: id.to_owned(),
                    only: None,
                    through: Some(service.to_owned()),
                }
            }
        };
        parts(clause, inside, who, make, keep)
    };
    match who {
        Audience::Service(service) => split(service),
        Audience::Organization { through: Some(service), .. } if !organizations => split(service),
        Audience::Account { .. } if organizations => beyond(clause, inside),
        Audience::Account { id, .. } | Audience::Organization { id, .. } if keep => {
            depends_if_any(of_same(clause, inside, id))
        }
        Audience::Account { id, .. } | Audience::Organization { id, .. } => {
            known(clause, |value| side(clause, value, inside).is(id))
        }
        _ => beyond(clause, inside),
    }
}

/// `aws:PrincipalIsAWSService`.
fn caller_is_service(clause: &Clause, who: &Audience) -> Outcome {
    let [value] = clause.values.as_slice() else { return Outcome::Depends(clause.clone()) };
    let wanted = value.eq_ignore_ascii_case("true") != clause.negated;
    if who.is_service() == wanted { Outcome::Holds } else { Outcome::Never }
}

/// `aws:PrincipalServiceName`.
fn caller_service(clause: &Clause, who: &Audience, work: &Work) -> Outcome {
    match who.service() {
        Some(name) if name != "*" => {
            known(clause, |value| match is_text(clause, value, name, work) {
                // The list holds other names of the same service too.
                Some(false) if clause.key == "aws:PrincipalServiceNamesList" => None,
                answer => answer,
            })
        }
        Some(_) if clause.is_strict() => {
            let named = clause.values.iter().map(|name| (who.through(name), Vec::new()));
            Outcome::Parts(named.collect())
        }
        Some(_) => Outcome::Depends(clause.clone()),
        None if clause.missing => Outcome::Holds,
        None => Outcome::Never,
    }
}

/// `aws:SourceIp`. The world's addresses narrow nothing; one's own close it for whoever has no
/// other claim to it. A named account keeps its claim wherever it calls from.
fn address(clause: &Clause, who: &Audience, inside: &Inside<'_>) -> Outcome {
    let networks: Vec<Option<IpNet>> = clause.values.iter().map(|value| network(value)).collect();
    let known: Vec<IpNet> = networks.iter().copied().flatten().collect();
    if !clause.negated && IpNet::aggregate(&known).iter().any(|net| net.prefix_len() == 0) {
        return Outcome::Holds;
    }
    if !who.is_anyone() || !clause.is_strict() {
        return Outcome::Depends(clause.clone());
    }
    let outside = clause.values.iter().zip(networks).filter(|(_, network)| {
        !network.is_some_and(|network| inside.networks.iter().any(|own| own.contains(&network)))
    });
    depends_if_any(clause.with(outside.map(|(value, _)| value.clone()).collect()))
}

fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// Whose a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Side {
    /// Ours.
    Inside(String),
    /// Another's: an account, organisation or principal id.
    Outside(String),
    /// Not to be told.
    Unknown,
}

impl Side {
    /// Whether it is that id; `None` when it may be.
    fn is(&self, id: &str) -> Option<bool> {
        match self {
            Self::Inside(own) => Some(own == id),
            Self::Outside(other) => Some(other == id),
            Self::Unknown => None,
        }
    }
}

fn side(clause: &Clause, value: &str, inside: &Inside<'_>) -> Side {
    let of_account = |id: Option<String>| match id {
        Some(id) if inside.accounts.contains(&id) => Side::Inside(id),
        Some(id) => Side::Outside(id),
        None => Side::Unknown,
    };
    // The resource is ours, so whatever is its owner's is.
    let variable = value.to_ascii_lowercase();
    match clause.meaning {
        Meaning::CallerAccount
        | Meaning::SourceAccount
        | Meaning::AccessPointAccount
        | Meaning::NetworkAccount => match variable.as_str() {
            "${aws:resourceaccount}" => Side::Inside(String::new()),
            _ => of_account(account(value)),
        },
        Meaning::CallerArn | Meaning::SourceArn | Meaning::AccessPointArn | Meaning::NetworkArn => {
            if !variable.contains("${") {
                return of_account(account_of_arn(value).map(str::to_owned));
            }
            let own = variable.matches("${").count() == 1
                && variable.starts_with("arn:")
                && variable
                    .splitn(5, ':')
                    .nth(4)
                    .is_some_and(|rest| rest.starts_with("${aws:resourceaccount}:"));
            if own { Side::Inside(String::new()) } else { Side::Unknown }
        }
        Meaning::CallerId => match account_of_user_id(value) {
            Some(id) => of_account(Some(id.to_owned())),
            None => match value.split(':').next() {
                Some(id) if is_unique_id(id) => Side::Outside(id.to_owned()),
                _ => Side::Unknown,
            },
        },
        Meaning::CallerOrganization
        | Meaning::CallerOrganizationPath
        | Meaning::SourceOrganization
        | Meaning::SourceOrganizationPath
        | Meaning::NetworkOrganization
        | Meaning::NetworkOrganizationPath => {
            if matches!(variable.as_str(), "${aws:resourceorgid}" | "${aws:resourceorgpaths}") {
                return Side::Inside(String::new());
            }
            let id = value.split('/').next().unwrap_or_default();
            let plain = id.starts_with("o-")
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            match plain {
                true if inside.organizations.contains(id) => Side::Inside(id.to_owned()),
                true => Side::Outside(id.to_owned()),
                false => Side::Unknown,
            }
        }
        _ => Side::Unknown,
    }
}

/// A strict clause without the values that are inside.
fn beyond(clause: &Clause, inside: &Inside<'_>) -> Outcome {
    let values = clause
        .values
        .iter()
        .filter(|value| !matches!(side(clause, value, inside), Side::Inside(_)));
    depends_if_any(clause.with(values.cloned().collect()))
}

fn beyond_if_strict(clause: &Clause, inside: &Inside<'_>) -> Outcome {
    if clause.is_strict() { beyond(clause, inside) } else { Outcome::Depends(clause.clone()) }
}

/// The values that are, or may be, of that account or organisation.
fn of_same(clause: &Clause, inside: &Inside<'_>, id: &str) -> Clause {
    let values =
        clause.values.iter().filter(|value| side(clause, value, inside).is(id) != Some(false));
    clause.with(values.cloned().collect())
}

fn depends_if_any(clause: Clause) -> Outcome {
    if clause.values.is_empty() { Outcome::Never } else { Outcome::Depends(clause) }
}

/// A clause whose key has a known value: whether each value of the clause is that one, `None` when
/// it may be.
fn known(clause: &Clause, is: impl Fn(&str) -> Option<bool>) -> Outcome {
    let answers: Vec<Option<bool>> = clause.values.iter().map(|value| is(value)).collect();
    if !matches!(clause.test, Test::Equals(_) | Test::Like(_)) || answers.is_empty() {
        return Outcome::Depends(clause.clone());
    }
    let any = answers.contains(&Some(true));
    let none = answers.iter().all(|answer| *answer == Some(false));
    match (any, none, clause.negated) {
        (true, _, false) | (_, true, true) => Outcome::Holds,
        (true, _, true) | (_, true, false) => Outcome::Never,
        _ => Outcome::Depends(clause.clone()),
    }
}

/// A strict clause as the parts that it names. With `keep` the clause says more than whose the part
/// is, and stays with it.
fn parts(
    clause: &Clause,
    inside: &Inside<'_>,
    who: &Audience,
    part: impl Fn(&str) -> Audience,
    keep: bool,
) -> Outcome {
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for value in &clause.values {
        match side(clause, value, inside) {
            Side::Inside(_) => {}
            Side::Outside(id) => named.entry(id).or_default().push(value.clone()),
            Side::Unknown => unknown.push(value.clone()),
        }
    }
    let member = membership(who);
    let mut parts: Vec<(Audience, Vec<Clause>)> = named
        .into_iter()
        .map(|(id, values)| {
            let all = match clause.meaning {
                Meaning::CallerArn => values.iter().any(|value| whole_account(value)),
                _ => values.iter().any(|value| whole_organization(value)),
            };
            let more = (keep && !all).then(|| clause.with(values));
            (part(&id), more.into_iter().chain(member.clone()).collect())
        })
        .collect();
    if !unknown.is_empty() {
        parts.push((who.clone(), vec![clause.with(unknown)]));
    }
    if parts.is_empty() { Outcome::Never } else { Outcome::Parts(parts) }
}

/// That someone is of the organisation: whom an organisation is narrowed to stays one of it.
pub(super) fn membership(who: &Audience) -> Option<Clause> {
    match who {
        Audience::Organization { id, through: None } => Some(Clause::is("aws:PrincipalOrgID", id)),
        Audience::Organization { id, .. } => Some(Clause::is("aws:SourceOrgID", id)),
        _ => None,
    }
}

fn organization(id: &str, through: Option<String>) -> Audience {
    Audience::Organization { id: id.to_owned(), through }
}

fn of_user_id(id: &str) -> Audience {
    match account(id) {
        Some(account) => Audience::account(&account),
        None => Audience::Principal(id.to_owned()),
    }
}

/// Whether a path is all of its organisation.
fn whole_organization(value: &str) -> bool {
    value.starts_with("o-") && matches!(value.split_once('/'), Some((_, "*")))
}

/// Whether an ARN is any principal of its account.
fn whole_account(value: &str) -> bool {
    value.starts_with("arn:") && value.splitn(6, ':').nth(5) == Some("*")
}

#[cfg(test)]
mod tests {
    use super::super::testing::opened;

    #[test]
    fn conditions() {
        const ALL: &str = r#""*""#;
        const ACCOUNT: &str = r#"{"AWS":"444455556666"}"#;
        const ROLE: &str = r#"{"AWS":"arn:aws:iam::444455556666:role/a"}"#;
        const SERVICE: &str = r#"{"Service":"s3.amazonaws.com"}"#;
        #[rustfmt::skip]
        let rows: &[(&str, &str, &str, &[&str])] = &[
            ("own organisation", ALL, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-own1234567"}}"#, &[]),
            ("key in another case", ALL, r#"{"StringEquals":{"AWS:principalorgid":"o-own1234567"}}"#, &[]),
            ("foreign organisation", ALL, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-other12345"}}"#, &["organization o-other12345"]),
            ("own and foreign organisation", ALL, r#"{"StringEquals":{"aws:PrincipalOrgID":["o-own1234567","o-other12345"]}}"#, &["organization o-other12345"]),
            ("any organisation", ALL, r#"{"StringLike":{"aws:PrincipalOrgID":"o-*"}}"#, &["public * if aws:PrincipalOrgID like o-*"]),
            ("any value", ALL, r#"{"StringLike":{"aws:PrincipalOrgID":"*"}}"#, &["public *"]),
            ("organisation if there is one", ALL, r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-own1234567"}}"#, &["public * if aws:PrincipalOrgID is o-own1234567, or absent"]),
            ("if there is one, and there is", ALL, r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-own1234567"},"Null":{"aws:PrincipalOrgID":"false"}}"#, &[]),
            ("all but own organisation", ALL, r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-own1234567"}}"#, &["public * if aws:PrincipalOrgID is not o-own1234567"]),
            ("organisation of the resource", ALL, r#"{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}"#, &[]),
            ("resource of the organisation", ALL, r#"{"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}"#, &[]),
            ("own units", ALL, r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-own1234567/r-ab12/*"}}"#, &[]),
            ("foreign units", ALL, r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-own1234567/*","o-other12345/r-ab12/ou-ab12-1/*"]}}"#, &["organization o-other12345 if aws:PrincipalOrgPaths like o-other12345/r-ab12/ou-ab12-1/*"]),
            ("all units of a foreign organisation", ALL, r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-other12345/*"}}"#, &["organization o-other12345"]),
            ("all values, of which there may be none", ALL, r#"{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-own1234567/*"}}"#, &["public * if every value of aws:PrincipalOrgPaths like o-own1234567/*, or absent"]),
            ("all values, of which there are some", ALL, r#"{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-own1234567/*"},"Null":{"aws:PrincipalOrgPaths":"false"}}"#, &[]),
            ("own account", ALL, r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}"#, &[]),
            ("own account as number", ALL, r#"{"StringEquals":{"aws:PrincipalAccount":1122223333}}"#, &[]),
            ("foreign accounts", ALL, r#"{"StringEquals":{"aws:PrincipalAccount":["111122223333","444455556666","777788889999"]}}"#, &["aws_account 444455556666", "aws_account 777788889999"]),
            ("account of the resource", ALL, r#"{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}"#, &[]),
            ("accounts by a pattern", ALL, r#"{"StringLike":{"aws:PrincipalAccount":["4444*","111122223333"]}}"#, &["public * if aws:PrincipalAccount like 4444*"]),
            ("account and organisation", ALL, r#"{"StringEquals":{"aws:PrincipalAccount":"444455556666","aws:PrincipalOrgID":"o-other12345"}}"#, &["aws_account 444455556666 if aws:PrincipalOrgID is o-other12345"]),
            ("foreign account, own organisation", ALL, r#"{"StringEquals":{"aws:PrincipalAccount":"444455556666","aws:PrincipalOrgID":"o-own1234567"}}"#, &[]),
            ("own role", ALL, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}"#, &[]),
            ("own role by a variable", ALL, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:ResourceAccount}:role/*"}}"#, &[]),
            ("foreign role", ALL, r#"{"ArnEquals":{"aws:PrincipalArn":["arn:aws:iam::444455556666:role/a","arn:aws:iam::111122223333:role/a"]}}"#, &["aws_account 444455556666 if aws:PrincipalArn like arn:aws:iam::444455556666:role/a"]),
            ("role of any account", ALL, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a"}}"#, &["public * if aws:PrincipalArn like arn:aws:iam::*:role/a"]),
            ("role of any account in a foreign organisation", ALL, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a"},"StringEquals":{"aws:PrincipalOrgID":"o-other12345"}}"#, &["organization o-other12345 if aws:PrincipalArn like arn:aws:iam::*:role/a"]),
            ("unique ids", ALL, r#"{"StringLike":{"aws:userid":["AROACKCEVSQ6C2EXAMPLE:*","111122223333"]}}"#, &["principal AROACKCEVSQ6C2EXAMPLE"]),
            ("sources of an own account", ALL, r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#, &[]),
            ("sources of a foreign account", ALL, r#"{"StringEquals":{"aws:SourceAccount":"444455556666"}}"#, &["aws_account 444455556666 if through an AWS service"]),
            ("sources if there are any", ALL, r#"{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}"#, &["public *"]),
            ("own source", ALL, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}}"#, &[]),
            ("source of nobody knows whom", ALL, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:b"}}"#, &["aws_service * if aws:SourceArn like arn:aws:s3:*:*:b"]),
            ("foreign address", ALL, r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, &["public * if aws:SourceIp in 203.0.113.0/24"]),
            ("own address", ALL, r#"{"IpAddress":{"aws:SourceIp":["198.51.100.7","198.51.100.128/25"]}}"#, &[]),
            ("own and foreign address", ALL, r#"{"IpAddress":{"aws:SourceIp":["198.51.100.7/32","203.0.113.9"]}}"#, &["public * if aws:SourceIp in 203.0.113.9"]),
            ("a network wider than ours", ALL, r#"{"IpAddress":{"aws:SourceIp":"198.51.0.0/16"}}"#, &["public * if aws:SourceIp in 198.51.0.0/16"]),
            ("any address", ALL, r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, &["public *"]),
            ("any address of version 6", ALL, r#"{"IpAddress":{"aws:SourceIp":["::/0","203.0.113.9"]}}"#, &["public *"]),
            ("any address in two halves", ALL, r#"{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}"#, &["public *"]),
            ("all but an address", ALL, r#"{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#, &["public * if aws:SourceIp not in 198.51.100.0/24"]),
            ("address that is none", ALL, r#"{"IpAddress":{"aws:SourceIp":"x"}}"#, &["public * if aws:SourceIp in x"]),
            ("private addresses are anyone's", ALL, r#"{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}}"#, &["public * if aws:VpcSourceIp in 10.0.0.0/16"]),
            ("endpoint", ALL, r#"{"StringEquals":{"aws:SourceVpce":"vpce-1a2b3c4d"}}"#, &["public * if aws:SourceVpce is vpce-1a2b3c4d"]),
            ("network and endpoint", ALL, r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"},"IpAddress":{"aws:SourceIp":"203.0.113.9"}}"#, &["public * if aws:SourceIp in 203.0.113.9; aws:SourceVpc is vpc-1"]),
            ("endpoints of an own account", ALL, r#"{"StringEquals":{"aws:VpceAccount":"111122223333"}}"#, &[]),
            ("encrypted", ALL, r#"{"Bool":{"aws:SecureTransport":"true"}}"#, &["public *"]),
            ("header", ALL, r#"{"StringLike":{"aws:Referer":"https://example.com/*"}}"#, &["public * if aws:Referer like https://example.com/*"]),
            ("no values", ALL, r#"{"StringEquals":{"aws:PrincipalOrgID":[]}}"#, &["public * if aws:PrincipalOrgID is "]),
            ("value that is no text", ALL, r#"{"StringEquals":{"aws:PrincipalOrgID":["o-own1234567",{}]}}"#, &["public * if aws:PrincipalOrgID is (no text)"]),
            ("services", ALL, r#"{"Bool":{"aws:PrincipalIsAWSService":"true"}}"#, &["aws_service *"]),
            ("services for the organisation", ALL, r#"{"Bool":{"aws:PrincipalIsAWSService":"true"},"StringEquals":{"aws:SourceOrgID":"o-own1234567"}}"#, &[]),
            ("account from an own address stays", ACCOUNT, r#"{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#, &["aws_account 444455556666 if aws:SourceIp in 198.51.100.0/24"]),
            ("account from any address", ACCOUNT, r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, &["aws_account 444455556666"]),
            ("account, if of the own organisation", ACCOUNT, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-own1234567"}}"#, &[]),
            ("account, if of another organisation", ACCOUNT, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-other12345"}}"#, &["aws_account 444455556666 if aws:PrincipalOrgID is o-other12345"]),
            ("account, said twice", ACCOUNT, r#"{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}"#, &["aws_account 444455556666"]),
            ("account, but another", ACCOUNT, r#"{"StringEquals":{"aws:PrincipalAccount":"777788889999"}}"#, &[]),
            ("account, but not it", ACCOUNT, r#"{"StringNotEquals":{"aws:PrincipalAccount":"444455556666"}}"#, &[]),
            ("account, one role", ACCOUNT, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/a*"}}"#, &["aws_account 444455556666 if aws:PrincipalArn like arn:aws:iam::444455556666:role/a*"]),
            ("account, another's role", ACCOUNT, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::777788889999:role/a"}}"#, &[]),
            ("account with external id", ACCOUNT, r#"{"StringEquals":{"sts:ExternalId":"x"}}"#, &["aws_account 444455556666 if sts:ExternalId is x"]),
            ("account, time and factor", ACCOUNT, r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01"},"Bool":{"aws:MultiFactorAuthPresent":true}}"#, &["aws_account 444455556666 if aws:CurrentTime before 2026-01-01; aws:MultiFactorAuthPresent is true"]),
            ("role, said twice", ROLE, r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/a"}}"#, &["aws_account 444455556666 if principal is arn:aws:iam::444455556666:role/a"]),
            ("role, but not it", ROLE, r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/*"}}"#, &[]),
            ("service for an own account", SERVICE, r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#, &[]),
            ("service for own accounts and others", SERVICE, r#"{"StringEquals":{"aws:SourceAccount":["111122223333","444455556666"]}}"#, &["aws_account 444455556666 if through s3.amazonaws.com"]),
            ("service for an own resource", SERVICE, r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111122223333:trail/t"}}"#, &[]),
            ("service for the own organisation", SERVICE, r#"{"StringEquals":{"aws:SourceOrgID":"o-own1234567"}}"#, &[]),
            ("service for a foreign organisation", SERVICE, r#"{"StringEquals":{"aws:SourceOrgID":"o-other12345"}}"#, &["organization o-other12345 if through s3.amazonaws.com"]),
            ("service for own units", SERVICE, r#"{"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-own1234567/*"}}"#, &[]),
            ("service, account if there is one", SERVICE, r#"{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}"#, &["aws_service s3.amazonaws.com if aws:SourceAccount is 111122223333, or absent"]),
            ("service for a foreign account in a foreign organisation", SERVICE, r#"{"StringEquals":{"aws:SourceOrgID":"o-other12345","aws:SourceAccount":"444455556666"}}"#, &["aws_account 444455556666 if aws:SourceOrgID is o-other12345; through s3.amazonaws.com"]),
            ("service for all but an account", SERVICE, r#"{"StringNotEquals":{"aws:SourceAccount":"444455556666"}}"#, &["aws_service s3.amazonaws.com if aws:SourceAccount is not 444455556666"]),
        ];
        for (name, principal, condition, want) in rows {
            let statement = format!(
                r#"{{"Effect":"Allow","Action":"x:Do","Principal":{principal},"Condition":{condition}}}"#
            );
            let got: Vec<String> =
                opened(&statement).iter().map(|line| line.replace(" x:Do", "")).collect();
            assert_eq!(got, *want, "row: {name}");
        }
    }
}
