//! Who outside may do what, under which condition, by a resource policy or an ACL.
//!
//! One evaluator serves the policies of buckets, keys, queues, topics, tables, secrets, repositories,
//! functions, roles, endpoints and vaults. Statements are read, not searched for text: an own
//! account beside a foreign one hides nothing, and a service that may act for own accounts only is no
//! exposure.
//!
//! Each Allow is taken apart by the principals that it names, those inside are left out, and
//! `narrow` puts the conditions to the rest. What stands open then goes through every Deny (`deny`),
//! and `summary` puts together what is left.
//!
//! Where something cannot be decided, it counts as open: a list of exposures may say too much, and
//! must not say too little. It cannot tell whether the outside principal has a permission of its own
//! account, nor what organisation policies, public access blocks, access points and session policies
//! forbid. An endpoint policy is read like the others, though only those within its VPC can use
//! it.
//!
//! # Source
//!
//! [Policy evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)
//! and [condition operators](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).

mod acl;
mod action;
mod condition;
mod delivery;
mod deny;
mod difference;
mod document;
mod key;
#[cfg(test)]
mod law;
mod narrow;
mod pattern;
mod principal;
mod statement;
mod summary;

use std::collections::BTreeSet;
use std::rc::Rc;

use ipnet::IpNet;
use serde_json::Value;

pub use acl::acl_exposures;
pub use difference::difference;

use deny::Piece;
use document::TooLarge;
use pattern::{Pattern, Work};
use statement::{Effect, Statement};

/// Text of one policy, in bytes. AWS takes 32 KiB at most, and an event of CloudTrail is at most
/// 256 KiB.
const POLICY_BYTES_MAX: usize = 256 << 10;

/// Statements of one policy. The shortest take some forty bytes of 32 KiB.
const STATEMENTS_MAX: usize = 1_000;

/// Entries of one list: principals, actions, resources or values of a condition.
const LIST_MAX: usize = 2_000;

/// Operators with their keys in one condition.
const CLAUSES_MAX: usize = 100;

/// Parts into which conditions and Deny statements may divide what a policy opens. What would be
/// divided further stays whole, with less narrowed.
const PIECES_MAX: usize = 2_048;

/// Principals times what each may do, in entries.
const ENTRIES_MAX: usize = 200_000;

/// The side that owns the resource.
#[derive(Debug, Clone, Copy)]
pub struct Inside<'a> {
    /// Account ids.
    pub accounts: &'a BTreeSet<String>,
    /// Organisation ids, `o-…`.
    pub organizations: &'a BTreeSet<String>,
    /// Networks.
    pub networks: &'a [IpNet],
}

/// Someone outside who may do something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposure {
    /// `public`, `aws_account`, `organization`, `aws_service`, `principal`, `canonical_user` or
    /// `email`.
    pub kind: &'static str,
    /// `*`, account id, organisation id, service name, or the principal as written.
    pub id: String,
    /// Actions as written, sorted. What is taken away is said: `everything but s3:Put*` for
    /// `NotAction`, `s3:* but s3:PutObject` where a Deny closes a part.
    pub actions: Vec<String>,
    /// Resources as written, sorted, in the same way; empty where the policy names none.
    pub resources: Vec<String>,
    /// What narrows it, in words, sorted; all must hold. Empty when nothing does.
    pub conditions: Vec<String>,
    /// Whether data or credentials can leave by one of the actions; false when they only write or
    /// describe.
    pub reads: bool,
}

impl Exposure {
    /// Whether any account can have the service act on the resource, since nothing says for whom it
    /// may: the confused deputy.
    pub fn serves_any_account(&self) -> bool {
        self.kind == "aws_service"
            && !self.conditions.iter().any(|words| {
                ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrg", "aws:SourceOwner"]
                    .iter()
                    .any(|key| words.contains(key))
            })
    }
}

/// Whom a resource policy lets in from outside, sorted and without repetition.
///
/// Takes the policy as logs hold it: an object, JSON text, or percent-encoded JSON text. A receiver
/// is there once for each set of conditions; what it may do without a condition is not repeated with
/// one. Empty when nobody outside gets in, and for what is no policy. One that is larger than AWS
/// would take is not evaluated, and is open to everyone under a condition that says so.
///
/// # Example
///
/// ```
/// # use egret_investigate::policy::{exposures, Inside};
/// let accounts = ["111122223333".to_owned()].into();
/// let organizations = ["o-own".to_owned()].into();
/// let inside = Inside { accounts: &accounts, organizations: &organizations, networks: &[] };
/// let policy = serde_json::json!({"Statement": {
///     "Effect": "Allow",
///     "Principal": {"AWS": ["111122223333", "444455556666"]},
///     "Action": "sts:AssumeRole",
///     "Condition": {"StringEquals": {"sts:ExternalId": "x"}}
/// }});
///
/// let found = exposures(&policy, &inside);
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].kind, found[0].id.as_str()), ("aws_account", "444455556666"));
/// assert_eq!(found[0].conditions, ["sts:ExternalId is x"]);
/// ```
pub fn exposures(policy: &Value, inside: &Inside<'_>) -> Vec<Exposure> {
    match evaluate(policy, inside) {
        Ok(exposures) => exposures,
        Err(TooLarge) => vec![Exposure {
            kind: "public",
            id: "*".to_owned(),
            actions: vec!["*".to_owned()],
            resources: Vec::new(),
            conditions: vec!["the policy is too large to be evaluated".to_owned()],
            reads: true,
        }],
    }
}

fn evaluate(policy: &Value, inside: &Inside<'_>) -> Result<Vec<Exposure>, TooLarge> {
    let work = Work::new();
    let pieces = pieces(policy, inside, &work)?;
    Ok(summary::exposures(&pieces, &work))
}

/// What stands open after all statements.
fn pieces(policy: &Value, inside: &Inside<'_>, work: &Work) -> Result<Vec<Piece>, TooLarge> {
    let Some(document) = document::read(policy)? else { return Ok(Vec::new()) };
    let mut pieces = Vec::new();
    let mut denies = Vec::new();
    let mut entries = 0usize;
    for statement in document::statements(&document)? {
        match statement::read(statement)? {
            Some(Effect::Allow(allow)) => open(allow, inside, work, &mut pieces, &mut entries)?,
            Some(Effect::Deny(deny)) => denies.push(deny),
            None => {}
        }
    }
    for deny in &denies {
        pieces = deny::left(pieces, deny, inside, work);
    }
    Ok(pieces)
}

/// What an Allow opens.
fn open(
    allow: Statement,
    inside: &Inside<'_>,
    work: &Work,
    pieces: &mut Vec<Piece>,
    entries: &mut usize,
) -> Result<(), TooLarge> {
    let Statement { principals, reach, clauses } = allow;
    let values: usize = clauses.iter().map(|clause| clause.values.len()).sum();
    let each = reach
        .actions
        .len()
        .saturating_add(reach.resources.len())
        .saturating_add(values)
        .saturating_add(1);
    let reach = Rc::new(reach);
    let mut count = || {
        *entries = entries.saturating_add(each);
        if *entries > ENTRIES_MAX { Err(TooLarge) } else { Ok(()) }
    };
    for who in principals.outside(inside) {
        count()?;
        for (who, clauses) in narrow::narrow(who, &clauses, inside, work) {
            count()?;
            pieces.push(Piece { who, reach: Rc::clone(&reach), clauses });
        }
    }
    Ok(())
}

/// Beginning of the words for the service by which a receiver comes in.
const THROUGH: &str = "through ";

/// What a receiver may do, still as patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    actions: Vec<Pattern>,
    resources: Vec<Pattern>,
    conditions: Vec<String>,
}

impl Part {
    fn of(exposure: &Exposure) -> Self {
        Self {
            actions: exposure.actions.iter().map(|text| Pattern::of_action(text)).collect(),
            resources: exposure.resources.iter().map(|text| Pattern::of_resource(text)).collect(),
            conditions: exposure.conditions.clone(),
        }
    }

    fn exposure(self, kind: &'static str, id: &str, reads: bool) -> Exposure {
        let texts = |patterns: &[Pattern]| {
            let mut texts: Vec<String> = patterns.iter().map(Pattern::to_string).collect();
            texts.sort();
            texts.dedup();
            texts
        };
        Exposure {
            kind,
            id: id.to_owned(),
            actions: texts(&self.actions),
            resources: texts(&self.resources),
            conditions: self.conditions,
            reads,
        }
    }

    /// Takes away the actions that one of the others allows too, and says whether none is left.
    fn lose<'a>(&mut self, others: impl IntoIterator<Item = &'a Self>, work: &Work) -> bool {
        for other in others {
            self.actions
                .retain(|action| !other.grants(action, &self.resources, &self.conditions, work));
        }
        self.actions.is_empty()
    }

    /// Whether it allows the action on all these resources under no more than these conditions.
    fn grants(
        &self,
        action: &Pattern,
        resources: &[Pattern],
        conditions: &[String],
        work: &Work,
    ) -> bool {
        let covered =
            |resource: &Pattern| self.resources.iter().any(|own| resource.covered_by(own, work));
        // A service that acts for a receiver is another way in than the receiver itself.
        let is_through = |words: &String| words.starts_with(THROUGH);
        let same_way = self.conditions.iter().any(is_through) == conditions.iter().any(is_through);
        let steps = self.conditions.len().saturating_mul(conditions.len());
        same_way
            && work.spend(steps.saturating_add(1))
            && self
                .conditions
                .iter()
                .all(|own| conditions.iter().any(|other| condition::follows(own, other, work)))
            && (self.resources.is_empty()
                || if resources.is_empty() {
                    self.resources.iter().any(Pattern::is_all)
                } else {
                    resources.iter().all(covered)
                })
            && self.actions.iter().any(|own| action.covered_by(own, work))
    }
}

/// What tests of all files of this module share.
#[cfg(test)]
mod testing {
    use super::*;

    /// With accounts `111122223333` and `001122223333`, organisation `o-own1234567` and two networks
    /// inside.
    pub(super) fn with_inside<T>(run: impl FnOnce(&Inside<'_>) -> T) -> T {
        let accounts = ["111122223333".to_owned(), "001122223333".to_owned()].into();
        let organizations = ["o-own1234567".to_owned()].into();
        let networks = ["198.51.100.0/24".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        run(&Inside { accounts: &accounts, organizations: &organizations, networks: &networks })
    }

    /// `kind id actions`, `reads`, `on resources`, `if conditions`.
    pub(super) fn short(exposures: &[Exposure]) -> Vec<String> {
        let line = |one: &Exposure| {
            let mut line = format!("{} {} {}", one.kind, one.id, one.actions.join(","));
            if one.reads {
                line.push_str(" reads");
            }
            if !one.resources.is_empty() {
                line.push_str(&format!(" on {}", one.resources.join(",")));
            }
            if !one.conditions.is_empty() {
                line.push_str(&format!(" if {}", one.conditions.join("; ")));
            }
            line
        };
        exposures.iter().map(line).collect()
    }

    /// Exposures of a policy of these statements, in short.
    pub(super) fn opened(statements: &str) -> Vec<String> {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let policy: Value =
            serde_json::from_str(&policy).unwrap_or_else(|error| panic!("{error}: {policy}"));
        with_inside(|inside| short(&exposures(&policy, inside)))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{opened, short, with_inside};
    use super::*;

    #[test]
    fn documents() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, &[&str])] = &[
            ("one statement, no list", r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}}"#, &["public * s3:GetObject reads"]),
            ("members in lower case", r#"{"statement":[{"effect":"Allow","principal":{"aws":"*"},"action":"s3:GetObject"}]}"#, &["public * s3:GetObject reads"]),
            ("as text", r#""{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:*\"}}""#, &["public * sqs:* reads"]),
            ("as percent-encoded text", r#""%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D""#, &["public * sts:AssumeRole reads"]),
            ("statement alone, as AddPermission answers", r#""{\"Sid\":\"x\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"},\"Action\":\"lambda:InvokeFunction\"}""#, &["aws_account 444455556666 lambda:InvokeFunction"]),
            ("no effect", r#"{"Statement":{"Principal":"*","Action":"s3:GetObject"}}"#, &[]),
            ("no principal", r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject"}}"#, &[]),
            ("no action counts as all", r#"{"Statement":{"Effect":"Allow","Principal":"*"}}"#, &["public * * reads"]),
            ("no statements", r#"{"Statement":[]}"#, &[]),
            ("empty object", "{}", &[]),
            ("empty text", r#""""#, &[]),
            ("empty list", "[]", &[]),
            ("null", "null", &[]),
            ("not a policy", r#""hello""#, &[]),
            ("junk within", r#"{"Statement":[1,null,"x",[],{"Effect":"Allow","Principal":[[],{}],"Action":{"a":1}},{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Condition":[1]}]}"#, &["public * sqs:SendMessage"]),
            ("a statement without conditions says it all", r#"{"Statement":[
                {"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"sts:ExternalId":"x"}}},
                {"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}]}"#,
                &["aws_account 444455556666 s3:Get* reads on arn:aws:s3:::b/*", "aws_account 444455556666 s3:PutObject on arn:aws:s3:::b/* if sts:ExternalId is x"]),
            ("equal rights in two statements are one", r#"{"Statement":[
                {"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"q"},
                {"Effect":"Allow","Principal":"*","Action":"sqs:ReceiveMessage","Resource":"q"}]}"#,
                &["public * sqs:ReceiveMessage,sqs:SendMessage reads on q"]),
            ("all but", r#"{"Statement":{"Effect":"Allow","Principal":"*","NotAction":["s3:Put*","s3:Delete*"],"NotResource":"arn:aws:s3:::b/private/*"}}"#,
                &["public * everything but s3:Delete*, s3:Put* reads on everything but arn:aws:s3:::b/private/*"]),
        ];
        for (name, policy, want) in rows {
            let policy: Value = serde_json::from_str(policy).unwrap();
            let got = with_inside(|inside| short(&exposures(&policy, inside)));
            assert_eq!(got, *want, "row: {name}");
        }
    }

    /// Policies as AWS's own guides write them for each kind of resource.
    #[test]
    fn kinds_of_resources() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, &[&str])] = &[
            ("key: the default", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}"#, &[]),
            ("key: through a service, own callers", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Decrypt","kms:CreateGrant"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"s3.eu-central-1.amazonaws.com"}}}"#, &[]),
            ("key: through a service, any caller", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"}}}"#,
                &["public * kms:Decrypt reads on * if kms:ViaService is s3.eu-central-1.amazonaws.com"]),
            ("key: the trail's own", r#"{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}}"#, &[]),
            ("topic: the default", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"arn:aws:sns:eu-central-1:111122223333:t","Condition":{"StringEquals":{"AWS:SourceOwner":"111122223333"}}}"#, &[]),
            ("queue: a bucket's notifications", r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"SQS:SendMessage","Resource":"q","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:b"},"StringEquals":{"aws:SourceAccount":"111122223333"}}}"#, &[]),
            ("queue: a bucket of nobody knows whom", r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"SQS:SendMessage","Resource":"q","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}}"#,
                &["aws_service s3.amazonaws.com SQS:SendMessage on q if aws:SourceArn like arn:aws:s3:::b"]),
            ("function: a foreign rule", r#"{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:444455556666:rule/x"}}}"#,
                &["aws_account 444455556666 lambda:InvokeFunction on f if aws:SourceArn like arn:aws:events:us-east-1:444455556666:rule/x; through events.amazonaws.com"]),
            ("function: public address", r#"{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"f","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}"#,
                &["public * lambda:InvokeFunctionUrl on f if lambda:FunctionUrlAuthType is NONE"]),
            ("repository: another account pulls", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}"#,
                &["aws_account 444455556666 ecr:BatchGetImage,ecr:GetDownloadUrlForLayer reads"]),
            ("role: an instance's", r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#, &["aws_service ec2.amazonaws.com sts:AssumeRole reads"]),
            ("role: a vendor's", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/Vendor"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#,
                &["aws_account 444455556666 sts:AssumeRole reads if principal is arn:aws:iam::444455556666:role/Vendor; sts:ExternalId is x"]),
            ("endpoint: the default", r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#, &["public * * reads on *"]),
            ("endpoint: own organisation's resources for its callers", r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-own1234567","aws:ResourceOrgID":"o-own1234567"}}}"#, &[]),
            ("vault: copies from the organisation", r#"{"Effect":"Allow","Principal":"*","Action":"backup:CopyIntoBackupVault","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-own1234567"}}}"#, &[]),
            ("bus: EventBridge's one condition", r#"{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"r","Condition":{"type":"StringEquals","key":"aws:PrincipalOrgID","value":"o-other12345"}}"#,
                &["organization o-other12345 events:PutEvents on r"]),
            ("bucket: access points of the account", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}}"#, &[]),
            ("bucket: access points of another", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"s3:DataAccessPointAccount":"444455556666"}}}"#,
                &["aws_account 444455556666 s3:GetObject reads on arn:aws:s3:::b/* if s3:DataAccessPointAccount is 444455556666"]),
            ("bucket: CloudFront by an origin access control of ours", r#"{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}}"#, &[]),
            ("bucket: access logs", r#"{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#, &[]),
            ("bucket: trail with its check of the ACL", r#"{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}"#, &[]),
            ("bucket: a delivery that may read", r#"{"Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#,
                &["aws_service config.amazonaws.com s3:* reads on arn:aws:s3:::b/*"]),
            ("bucket: load balancer's account", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::127311923021:root"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#, &[]),
            ("bucket: load balancer's account may read", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::127311923021:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
                &["aws_account 127311923021 s3:GetObject reads on arn:aws:s3:::b/*"]),
        ];
        for (name, statements, want) in rows {
            assert_eq!(opened(statements), *want, "row: {name}");
        }
    }

    #[test]
    fn the_confused_deputy() {
        #[rustfmt::skip]
        let rows = [
            ("nothing says for whom", r#"{"Service":"s3.amazonaws.com"}"#, "{}", true),
            ("for a bucket", r#"{"Service":"s3.amazonaws.com"}"#, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}"#, false),
            ("an address says nothing of it", r#"{"Service":"s3.amazonaws.com"}"#, r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, true),
            ("no service", r#""*""#, "{}", false),
        ];
        for (name, principal, condition, want) in rows {
            let policy = format!(
                r#"{{"Effect":"Allow","Principal":{principal},"Action":"sqs:SendMessage","Condition":{condition}}}"#
            );
            let found =
                with_inside(|inside| exposures(&serde_json::from_str(&policy).unwrap(), inside));
            assert_eq!(found[0].serves_any_account(), want, "row: {name}");
        }
    }

    #[test]
    fn too_large() {
        let large = "public * * reads if the policy is too large to be evaluated";
        let text = serde_json::json!(format!(r#"{{"Id":"{}"}}"#, "x".repeat(POLICY_BYTES_MAX)));
        let accounts: Vec<String> = (0..3_000).map(|id| format!("{id:0>12}")).collect();
        let list =
            serde_json::json!({"Effect":"Allow","Principal":{"AWS":accounts},"Action":"s3:*"});
        let statements = serde_json::json!({"Statement": vec![serde_json::json!({}); 1_001]});
        let half: Vec<String> = accounts.iter().take(1_500).cloned().collect();
        let product = serde_json::json!({"Effect":"Allow","Principal":{"AWS":half},"Action":half});
        for policy in [text, list, statements, product] {
            let got = with_inside(|inside| short(&exposures(&policy, inside)));
            assert_eq!(got, [large]);
        }
        // Deeper than JSON is read: no policy.
        let deep = serde_json::json!("[".repeat(100_000));
        assert_eq!(with_inside(|inside| exposures(&deep, inside)), []);
    }
}
