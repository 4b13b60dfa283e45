//! What Deny statements leave open.
//!
//! A Deny closes where its principals, actions and resources reach, and where its condition holds.
//! What it leaves is the rest of the actions and resources, those whom it spares, and for each clause
//! of its condition the requests that do not fulfil it. A Deny that any caller can avoid at will,
//! such as one of unencrypted requests, closes nothing.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::condition::Clause;
use super::narrow::{membership, narrow};
use super::pattern::{Pattern, Work, cut};
use super::principal::Audience;
use super::statement::{Reach, Statement};
use super::{Inside, PIECES_MAX};

/// What a clause costs, in steps of [`Work`]: it is copied, sorted and put to an audience.
const STEPS: usize = 100;

/// What a principal of a Deny costs.
const STEPS_NAMED: usize = 20;

/// What a value of a clause costs.
const STEPS_VALUE: usize = 20;

/// Something that stands open: to whom, for what, under which conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// To whom.
    pub who: Audience,
    /// For what.
    pub reach: Rc<Reach>,
    /// Under which conditions, all of which must hold.
    pub clauses: Vec<Clause>,
}

/// What the Deny leaves of all pieces. One that would fall into more than there is room for is left
/// as it is.
pub(super) fn left(
    pieces: Vec<Piece>,
    deny: &Statement,
    inside: &Inside<'_>,
    work: &Work,
) -> Vec<Piece> {
    if deny.clauses.iter().any(|clause| clause.meaning.is_at_will()) {
        return pieces;
    }
    let mut splits = Splits::new();
    let mut room = PIECES_MAX.saturating_sub(pieces.len());
    let mut all = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let parts = left_of(&piece, deny, inside, work, &mut splits);
        match parts.map(|parts| (parts.len().saturating_sub(1), parts)) {
            Some((more, parts)) if more <= room => {
                room = room.saturating_sub(more);
                all.extend(parts);
            }
            _ => all.push(piece),
        }
    }
    all
}

/// What the Deny leaves of a piece; `None` when all of it.
fn left_of(
    piece: &Piece,
    deny: &Statement,
    inside: &Inside<'_>,
    work: &Work,
    splits: &mut Splits,
) -> Option<Vec<Piece>> {
    if !work.spend(deny.principals.len().saturating_mul(STEPS_NAMED)) {
        return None;
    }
    let spared = deny.principals.denied(&piece.who, inside)?;
    let cost = |clauses: &[Clause]| {
        clauses.iter().fold(STEPS, |sum, clause| {
            sum.saturating_add(STEPS)
                .saturating_add(clause.values.len().saturating_mul(STEPS_VALUE))
        })
    };
    let ways = spared.len().saturating_add(deny.clauses.len());
    let steps = cost(&piece.clauses).saturating_mul(ways).saturating_add(cost(&deny.clauses));
    if !work.spend(steps) {
        return None;
    }
    let mut open: Vec<(Audience, Vec<Clause>)> = Vec::new();
    let member = membership(&piece.who);
    for who in spared {
        let mut clauses = piece.clauses.clone();
        clauses.extend(member.clone());
        open.extend(narrow(who, &clauses, inside, work));
    }
    for clause in &deny.clauses {
        if piece.clauses.contains(clause) {
            // The piece fulfils it, so nothing is left by this clause.
            continue;
        }
        let mut clauses = piece.clauses.clone();
        clauses.push(clause.opposite());
        open.extend(narrow(piece.who.clone(), &clauses, inside, work));
    }
    if open.iter().any(|(who, clauses)| *who == piece.who && *clauses == piece.clauses) {
        return None;
    }
    // Most pieces share what they are for, so it is divided once.
    let (_, split) = splits
        .entry(Rc::as_ptr(&piece.reach))
        .or_insert_with(|| (Rc::clone(&piece.reach), split(&piece.reach, &deny.reach, work)));
    let (hit, rest) = split.as_ref()?;
    let rest = rest.iter().map(|reach| Piece { reach: Rc::clone(reach), ..piece.clone() });
    let open = open.into_iter().map(|(who, clauses)| Piece { who, reach: Rc::clone(hit), clauses });
    Some(rest.chain(open).collect())
}

/// What a Deny reaches of something, and what it does not.
type Split = (Rc<Reach>, Vec<Rc<Reach>>);

/// By the place of what was divided, which is held so that no other takes that place.
type Splits = BTreeMap<*const Reach, (Rc<Reach>, Option<Split>)>;

/// What the Deny reaches, and what it does not; `None` when it reaches nothing.
fn split(reach: &Reach, deny: &Reach, work: &Work) -> Option<Split> {
    let (denied_actions, other_actions) = cut(&reach.actions, &deny.actions, work);
    let (denied_resources, other_resources) = if deny.resources.is_empty() {
        (reach.resources.clone(), Vec::new())
    } else if reach.resources.is_empty() {
        // The resource that the policy is on: only a Deny of all is sure to mean it.
        deny.resources.iter().any(Pattern::is_all).then(|| (Vec::new(), Vec::new()))?
    } else {
        let (denied, other) = cut(&reach.resources, &deny.resources, work);
        if denied.is_empty() {
            return None;
        }
        (denied, other)
    };
    if denied_actions.is_empty() {
        return None;
    }
    let mut rest = Vec::new();
    if !other_actions.is_empty() {
        rest.push(Rc::new(Reach { actions: other_actions, resources: reach.resources.clone() }));
    }
    if !other_resources.is_empty() {
        rest.extend(possible(&denied_actions, other_resources).map(Rc::new));
    }
    Some((Rc::new(Reach { actions: denied_actions, resources: denied_resources }), rest))
}

/// Actions on resources, without those of S3 that the resource does not have: statements name
/// bucket and objects together, and a Deny often names the one that matters.
fn possible(actions: &[Pattern], resources: Vec<Pattern>) -> Option<Reach> {
    let resources: Vec<Pattern> = resources
        .into_iter()
        .filter(|resource| actions.iter().any(|action| has(resource, action)))
        .collect();
    let actions: Vec<Pattern> = actions
        .iter()
        .filter(|action| resources.iter().any(|resource| has(resource, action)))
        .cloned()
        .collect();
    (!resources.is_empty()).then_some(Reach { actions, resources })
}

/// Whether a resource may have the action. Only S3's buckets and objects are told apart.
fn has(resource: &Pattern, action: &Pattern) -> bool {
    const OF_OBJECTS: [&str; 7] = [
        "s3:abortmultipartupload",
        "s3:deleteobject",
        "s3:getobject",
        "s3:listmultipartuploadparts",
        "s3:putobject",
        "s3:replicate",
        "s3:restoreobject",
    ];
    const OF_BUCKETS: [&str; 4] =
        ["s3:deletebucket", "s3:getbucket", "s3:listbucket", "s3:putbucket"];
    let name = resource.include().key();
    let Some(("arn", rest)) = name.split_once(':') else { return true };
    let Some(name) = rest.split_once(":s3:::").map(|(_, name)| name) else { return true };
    let begins = |list: &[&str]| list.iter().any(|start| action.include().key().starts_with(start));
    match name.split_once('/') {
        None => name.contains(['*', '?']) || !begins(&OF_OBJECTS),
        // The bucket's own name ends where the slash begins.
        Some(_) => !begins(&OF_BUCKETS),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::opened;

    #[test]
    fn denies() {
        const ALL: &str = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        const WIDE: &str = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}"#;
        const ACCOUNT: &str = r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}"#;
        const ROLES: &str = r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:role/a","arn:aws:iam::444455556666:role/b"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        const SERVICE: &str = r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"q"}"#;
        const OPEN: &[&str] = &["public * s3:GetObject reads on arn:aws:s3:::b/*"];
        #[rustfmt::skip]
        let rows: &[(&str, &str, &str, &[&str])] = &[
            ("all of it", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*""#, &[]),
            ("all but own organisation", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-own1234567"}}"#, &[]),
            ("the same, if exists", ALL, r#""Principal":{"AWS":"*"},"Action":"*","Resource":"arn:aws:s3:::b/*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-own1234567"}}"#, &[]),
            ("all but a foreign organisation", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":["o-own1234567","o-other12345"]}}"#, &["organization o-other12345 s3:GetObject reads on arn:aws:s3:::b/*"]),
            ("all but own accounts", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":["111122223333"]}}"#, &[]),
            ("all but an account", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":["111122223333","444455556666"]}}"#, &["aws_account 444455556666 s3:GetObject reads on arn:aws:s3:::b/*"]),
            ("all but own sources", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}"#, &[]),
            ("all but own roles", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}"#, &[]),
            ("all but own addresses", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#, &[]),
            ("all but a foreign address", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["198.51.100.0/24","203.0.113.0/24"]}}"#, &["public * s3:GetObject reads on arn:aws:s3:::b/* if aws:SourceIp in 203.0.113.0/24"]),
            ("all but any address", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, OPEN),
            ("all but an endpoint", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1a2b3c4d"}}"#, &["public * s3:GetObject reads on arn:aws:s3:::b/* if aws:SourceVpce is vpce-1a2b3c4d"]),
            ("all but a VPC", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1a2b3c4d"}}"#, &["public * s3:GetObject reads on arn:aws:s3:::b/* if aws:SourceVpc is vpc-1a2b3c4d"]),
            ("network perimeter: address, endpoint or service", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"NotIpAddressIfExists":{"aws:SourceIp":"198.51.100.0/24"},"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1a2b3c4d"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false","aws:ViaAWSService":"false"}}"#,
                &["public * s3:GetObject reads on arn:aws:s3:::b/* if aws:SourceVpce is vpce-1a2b3c4d",
                  "public * s3:GetObject reads on arn:aws:s3:::b/* if aws:ViaAWSService is true",
                  "aws_service * s3:GetObject reads on arn:aws:s3:::b/*"]),
            ("identity perimeter spares services", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-own1234567"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}"#,
                &["aws_service * s3:GetObject reads on arn:aws:s3:::b/*"]),
            ("unencrypted requests only", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#, OPEN),
            ("unencrypted objects only", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}"#, OPEN),
            ("without second factor", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#, &["public * s3:GetObject reads on arn:aws:s3:::b/* if aws:MultiFactorAuthPresent is true"]),
            ("any value outside, of which there may be none", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ForAnyValue:StringNotLike":{"aws:PrincipalOrgPaths":"o-own1234567/*"}}"#, &["public * s3:GetObject reads on arn:aws:s3:::b/* if every value of aws:PrincipalOrgPaths like o-own1234567/*, or absent"]),
            ("no value inside", ALL, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"o-own1234567/*"}}"#, &[]),
            ("other actions", ALL, r#""Principal":"*","Action":"s3:Put*","Resource":"*""#, OPEN),
            ("other resources", ALL, r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::c/*""#, OPEN),
            ("the bucket, not its objects", ALL, r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b""#, OPEN),
            ("other principals", ALL, r#""Principal":{"AWS":"777788889999"},"Action":"s3:*","Resource":"*""#, OPEN),
            ("all actions but this", ALL, r#""Principal":"*","NotAction":"s3:GetObject","Resource":"*""#, OPEN),
            ("all actions but another", ALL, r#""Principal":"*","NotAction":"s3:PutObject","Resource":"*""#, &[]),
            ("all resources but these", ALL, r#""Principal":"*","Action":"*","NotResource":"arn:aws:s3:::b/*""#, OPEN),
            ("all resources but some of these", ALL, r#""Principal":"*","Action":"*","NotResource":"arn:aws:s3:::b/public/*""#, &["public * s3:GetObject reads on arn:aws:s3:::b/public/*"]),
            ("a part of the resources", ALL, r#""Principal":"*","Action":"*","Resource":"arn:aws:s3:::b/private/*""#, &["public * s3:GetObject reads on arn:aws:s3:::b/* but arn:aws:s3:::b/private/*"]),
            ("a part of the actions", WIDE, r#""Principal":"*","Action":["s3:Delete*","s3:PutObject"],"Resource":"*""#, &["public * s3:* but s3:Delete*, s3:PutObject reads on arn:aws:s3:::b,arn:aws:s3:::b/*"]),
            ("a part of the actions, for some", WIDE, r#""Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"444455556666"}}"#,
                &["aws_account 444455556666 s3:GetObject reads on arn:aws:s3:::b,arn:aws:s3:::b/*", "public * s3:* but s3:GetObject reads on arn:aws:s3:::b,arn:aws:s3:::b/*"]),
            ("objects only", ACCOUNT, r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*""#, &[]),
            ("all but own principals", ALL, r#""NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/x"]},"Action":"s3:*","Resource":"*""#, &[]),
            ("all but own and a foreign account", ALL, r#""NotPrincipal":{"AWS":["111122223333","444455556666"]},"Action":"s3:*","Resource":"*""#, &["aws_account 444455556666 s3:GetObject reads on arn:aws:s3:::b/*"]),
            ("all but everyone", ALL, r#""NotPrincipal":"*","Action":"s3:*","Resource":"*""#, OPEN),
            ("all but someone unread", ALL, r#""NotPrincipal":{"AWS":[{}]},"Action":"s3:*","Resource":"*""#, OPEN),
            ("all but one role of the account", ACCOUNT, r#""NotPrincipal":{"AWS":"arn:aws:iam::444455556666:role/a"},"Action":"s3:*","Resource":"*""#, &["aws_account 444455556666 s3:GetObject,s3:PutObject reads on arn:aws:s3:::b,arn:aws:s3:::b/* if principal is arn:aws:iam::444455556666:role/a"]),
            ("all but another account", ACCOUNT, r#""NotPrincipal":{"AWS":"777788889999"},"Action":"s3:*","Resource":"*""#, &[]),
            ("the account", ACCOUNT, r#""Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:PutObject","Resource":"*""#, &["aws_account 444455556666 s3:GetObject reads on arn:aws:s3:::b,arn:aws:s3:::b/*"]),
            ("the account, but for own addresses", ACCOUNT, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#,
                &["aws_account 444455556666 s3:GetObject,s3:PutObject reads on arn:aws:s3:::b,arn:aws:s3:::b/* if aws:SourceIp in 198.51.100.0/24"]),
            ("one of two roles", ROLES, r#""Principal":{"AWS":"arn:aws:iam::444455556666:role/a"},"Action":"s3:*","Resource":"*""#, &["aws_account 444455556666 s3:GetObject reads on arn:aws:s3:::b/* if principal is arn:aws:iam::444455556666:role/b"]),
            ("all but one of two roles", ROLES, r#""Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/a"}}"#, &["aws_account 444455556666 s3:GetObject reads on arn:aws:s3:::b/* if principal is arn:aws:iam::444455556666:role/a"]),
            ("services of other organisations", SERVICE, r#""Principal":"*","Action":"sqs:*","Resource":"q","Condition":{"StringNotEqualsIfExists":{"aws:SourceOrgID":"o-own1234567"},"Bool":{"aws:PrincipalIsAWSService":"true"}}"#, &[]),
            ("services of other organisations, where one is known", SERVICE, r#""Principal":"*","Action":"sqs:*","Resource":"q","Condition":{"StringNotEquals":{"aws:SourceOrgID":"o-own1234567"},"Null":{"aws:SourceOrgID":"false"},"Bool":{"aws:PrincipalIsAWSService":"true"}}"#, &["aws_service s3.amazonaws.com sqs:SendMessage on q if aws:SourceOrgID is absent"]),
            ("another service", SERVICE, r#""Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:*","Resource":"q""#, &["aws_service s3.amazonaws.com sqs:SendMessage on q"]),
            ("condition of the Allow by an operator that minds the case", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Condition":{"StringEqualsIgnoreCase":{"aws:Referer":"x"}}}"#, r#""Principal":"*","Action":"s3:*","Condition":{"StringEquals":{"aws:Referer":"x"}}"#, &["public * s3:GetObject reads if aws:Referer is not x; aws:Referer is x, in any case"]),
            ("another value than the Allow's", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}"#, r#""Principal":"*","Action":"s3:*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-2"}}"#, &[]),
            ("condition of the Allow itself", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}"#, r#""Principal":"*","Action":"s3:*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#, &[]),
        ];
        for (name, allow, deny, want) in rows {
            let deny = format!(r#"{{"Effect":"Deny",{deny}}}"#);
            let mut want: Vec<String> = want.iter().map(|line| (*line).to_owned()).collect();
            want.sort();
            for statements in [format!("{allow},{deny}"), format!("{deny},{allow},{deny}")] {
                let mut got = opened(&statements);
                got.sort();
                assert_eq!(got, want, "row: {name}");
            }
        }
    }

    #[test]
    fn denies_add_up() {
        let allow =
            r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#;
        let organization = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-other12345"}}}"#;
        let endpoint = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}"#;
        let account = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}}"#;
        assert_eq!(
            opened(&format!("{allow},{organization},{endpoint}")),
            [
                "organization o-other12345 s3:* reads on arn:aws:s3:::b/* if aws:SourceVpce is vpce-1"
            ]
        );
        assert_eq!(opened(&format!("{endpoint},{allow},{organization},{account}")), [""; 0]);
    }
}
