//! A plain evaluator, request by request, against which the module is held.
//!
//! It answers for one request whether the policy allows it, by the documented logic and nothing
//! else. Whatever it allows to someone outside, the module must show, and what the module shows must
//! be allowed.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::condition::{Kind, Test};
use super::pattern::{Pattern, Work, covers};
use super::principal::Audience;
use super::testing::with_inside;
use super::{Exposure, Part, Piece, THROUGH, acl_exposures, difference, exposures, pieces};

/// An account with its organisation.
type Owner = (&'static str, Option<&'static str>);

/// Who asks, for what, and how.
#[derive(Debug, Clone)]
struct Request {
    /// Account, its organisation and its role; `None` when not signed.
    account: Option<(&'static str, Option<&'static str>, String)>,
    /// Calling service, with account and organisation that it calls for.
    service: Option<(&'static str, Option<Owner>)>,
    address: Option<&'static str>,
    endpoint: Option<&'static str>,
    external_id: Option<&'static str>,
    action: &'static str,
    resource: &'static str,
}

const ACCOUNTS: [Owner; 4] = [
    ("111122223333", Some("o-own1234567")),
    ("444455556666", Some("o-other12345")),
    ("777788889999", None),
    ("888877776666", Some("o-other12345")),
];

impl Request {
    fn all() -> Vec<Self> {
        let mut callers = vec![(None, None)];
        for (account, organization) in ACCOUNTS {
            for role in ["a", "b"] {
                let arn = format!("arn:aws:iam::{account}:role/{role}");
                callers.push((Some((account, organization, arn)), None));
            }
        }
        for service in ["s3.amazonaws.com", "sns.amazonaws.com"] {
            callers.push((None, Some((service, None))));
            for source in ACCOUNTS {
                callers.push((None, Some((service, Some(source)))));
            }
        }
        let mut requests = Vec::new();
        for (account, service) in callers {
            for (address, endpoint) in [
                (Some("203.0.113.9"), None),
                (Some("198.51.100.7"), None),
                (None, Some("vpce-1")),
                (None, Some("vpce-2")),
            ] {
                for external_id in [None, Some("x")] {
                    for action in ["s3:GetObject", "s3:PutObject", "kms:Decrypt"] {
                        for resource in ["arn:aws:s3:::b/x", "arn:aws:s3:::b/p/y"] {
                            requests.push(Self {
                                account: account.clone(),
                                service,
                                address,
                                endpoint,
                                external_id,
                                action,
                                resource,
                            });
                        }
                    }
                }
            }
        }
        requests
    }

    fn key(&self, key: &str) -> Option<Vec<String>> {
        let one = |value: &str| Some(vec![value.to_owned()]);
        let (account, organization, arn) = match &self.account {
            Some((account, organization, arn)) => {
                (Some(*account), *organization, Some(arn.as_str()))
            }
            None => (None, None, None),
        };
        let source = self.service.and_then(|(_, source)| source);
        match key {
            "aws:PrincipalAccount" => account.and_then(one),
            "aws:PrincipalArn" => arn.and_then(one),
            "aws:PrincipalOrgID" => organization.and_then(one),
            "aws:PrincipalOrgPaths" => organization.map(|id| vec![format!("{id}/r-1/ou-1/")]),
            "aws:PrincipalIsAWSService" => one(&self.service.is_some().to_string()),
            "aws:SourceAccount" => source.map(|(account, _)| vec![account.to_owned()]),
            "aws:SourceArn" => {
                source.map(|(account, _)| vec![format!("arn:aws:sns:us-east-1:{account}:t")])
            }
            "aws:SourceOrgID" => source.and_then(|(_, id)| id).and_then(one),
            "aws:SourceIp" => self.address.and_then(one),
            "aws:SourceVpce" => self.endpoint.and_then(one),
            "sts:ExternalId" => self.external_id.and_then(one),
            other => panic!("{other}"),
        }
    }

    /// Whether it is not from our side: neither by its caller, nor by whom a service calls for, nor
    /// by its address.
    fn is_outside(&self) -> bool {
        let own = |account: &str| account == "111122223333";
        !self.account.as_ref().is_some_and(|(account, ..)| own(account))
            && !self.service.is_some_and(|(_, source)| source.is_some_and(|(id, _)| own(id)))
    }

    fn is_from_inside(&self) -> bool {
        self.address == Some("198.51.100.7")
    }
}

/// Whether a value as written stands for one as it is.
pub(super) fn matches(test: &Test, want: &str, have: &str) -> bool {
    match test {
        Test::Equals(_) => want == have,
        Test::Like(_) => covers(want, have, &Work::new()),
        Test::Network => {
            let network: ipnet::IpNet =
                want.parse().unwrap_or_else(|_| want.parse::<std::net::IpAddr>().unwrap().into());
            network.contains(&have.parse::<std::net::IpAddr>().unwrap())
        }
        Test::Absent | Test::Other(_) => panic!("not drawn"),
    }
}

fn list(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap()).collect(),
        value => vec![value.as_str().unwrap()],
    }
}

fn names(principal: &Value, request: &Request) -> bool {
    if principal == "*" {
        return true;
    }
    principal.as_object().unwrap().iter().any(|(kind, values)| {
        list(values).into_iter().any(|named| match kind.as_str() {
            "Service" => request.service.is_some_and(|(service, _)| service == named),
            _ if named == "*" => true,
            _ => request.account.as_ref().is_some_and(|(account, _, arn)| {
                named == *account || named == arn || named == format!("arn:aws:iam::{account}:root")
            }),
        })
    })
}

fn element(statement: &Map<String, Value>, name: &str, have: &str) -> bool {
    let work = Work::new();
    let any = |value: &Value| list(value).into_iter().any(|want| covers(want, have, &work));
    match (statement.get(name), statement.get(&format!("Not{name}"))) {
        (Some(value), _) => any(value),
        (None, Some(value)) => !any(value),
        (None, None) => true,
    }
}

fn condition(statement: &Map<String, Value>, request: &Request) -> bool {
    let Some(Value::Object(operators)) = statement.get("Condition") else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let have = request.key(key);
            if operator == "Null" {
                return have.is_none() == (values == "true");
            }
            let (set, name) = match operator.split_once(':') {
                Some((set, name)) => (Some(set), name),
                None => (None, operator.as_str()),
            };
            let (name, if_exists) = match name.strip_suffix("IfExists") {
                Some(name) => (name, true),
                None => (name, false),
            };
            let negated = name.contains("Not");
            let test = match name.replace("Not", "").as_str() {
                "IpAddress" => Test::Network,
                "StringLike" | "ArnLike" => Test::Like(Kind::Text),
                _ => Test::Equals(Kind::Text),
            };
            let hit =
                |have: &String| list(values).into_iter().any(|want| matches(&test, want, have));
            match (have, set) {
                (None, _) if if_exists => true,
                (None, Some(set)) => set == "ForAllValues",
                (None, None) => negated,
                (Some(have), Some("ForAllValues")) => have.iter().all(|have| hit(have) != negated),
                (Some(have), _) => have.iter().any(|have| hit(have) != negated),
            }
        })
    })
}

fn allowed(policy: &Value, request: &Request) -> bool {
    let hit = |effect: &str| {
        policy["Statement"].as_array().unwrap().iter().any(|statement| {
            let statement = statement.as_object().unwrap();
            let principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
                (Some(principal), _) => names(principal, request),
                (None, Some(principal)) => !names(principal, request),
                (None, None) => false,
            };
            statement["Effect"] == effect
                && principal
                && element(statement, "Action", request.action)
                && element(statement, "Resource", request.resource)
                && condition(statement, request)
        })
    };
    hit("Allow") && !hit("Deny")
}

/// Whether a piece shows that the request is open.
fn shows(piece: &Piece, request: &Request) -> bool {
    let account = request.account.as_ref();
    let source = request.service.and_then(|(_, source)| source);
    let through = |service: &Option<String>| match service.as_deref() {
        Some("*") => request.service.is_some(),
        Some(service) => request.service.is_some_and(|(name, _)| name == service),
        None => false,
    };
    let who = match &piece.who {
        Audience::Everyone => request.service.is_none(),
        Audience::Account { id, only, through: None } => {
            account.is_some_and(|(account, _, arn)| {
                account == id && only.as_ref().is_none_or(|only| only == arn)
            })
        }
        Audience::Account { id, through: service, .. } => {
            through(service) && source.is_some_and(|(account, _)| account == id)
        }
        Audience::Organization { id, through: None } => {
            account.is_some_and(|(_, own, _)| *own == Some(id.as_str()))
        }
        Audience::Organization { id, through: service } => {
            through(service) && source.is_some_and(|(_, own)| own == Some(id.as_str()))
        }
        Audience::Service(service) => {
            request.service.is_some_and(|(name, _)| service == "*" || name == service)
        }
        Audience::Principal(_) | Audience::Canonical(_) => false,
    };
    let work = Work::new();
    let within = |patterns: &[Pattern], have: Pattern| {
        patterns.is_empty() || patterns.iter().any(|pattern| have.covered_by(pattern, &work))
    };
    who && within(&piece.reach.actions, Pattern::of_action(request.action))
        && within(&piece.reach.resources, Pattern::of_resource(request.resource))
        && piece.clauses.iter().all(|clause| clause.holds(request.key(&clause.key).as_deref()))
}

fn principals() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(json!("*")),
        1 => Just(json!({"AWS": "*"})),
        4 => proptest::sample::subsequence(
            vec![
                "111122223333",
                "444455556666",
                "arn:aws:iam::444455556666:role/a",
                "arn:aws:iam::444455556666:root",
                "arn:aws:iam::777788889999:role/b",
                "arn:aws:iam::111122223333:role/a",
            ],
            1..4
        )
        .prop_map(|named| json!({"AWS": named})),
        2 => Just(json!({"Service": "s3.amazonaws.com"})),
        1 => Just(json!({"AWS": "444455556666", "Service": ["s3.amazonaws.com", "sns.amazonaws.com"]})),
    ]
}

fn clause() -> impl Strategy<Value = (String, String, Value)> {
    let texts = (
        proptest::sample::select(vec![
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIfExists",
            "StringNotEqualsIfExists",
            "ForAnyValue:StringEquals",
            "ForAllValues:StringEquals",
            "ForAnyValue:StringNotEquals",
            "ForAllValues:StringNotEquals",
            "StringLike",
            "StringNotLike",
        ]),
        proptest::sample::select(vec![
            ("aws:PrincipalAccount", vec!["111122223333", "444455556666", "777788889999"]),
            ("aws:PrincipalOrgID", vec!["o-own1234567", "o-other12345"]),
            ("aws:PrincipalOrgPaths", vec!["o-own1234567/r-1/ou-1/", "o-other12345/r-1/ou-1/"]),
            (
                "aws:PrincipalArn",
                vec![
                    "arn:aws:iam::111122223333:role/a",
                    "arn:aws:iam::444455556666:role/a",
                    "arn:aws:iam::777788889999:role/b",
                ],
            ),
            ("aws:SourceAccount", vec!["111122223333", "444455556666", "777788889999"]),
            ("aws:SourceOrgID", vec!["o-own1234567", "o-other12345"]),
            ("aws:SourceVpce", vec!["vpce-1", "vpce-2"]),
            ("sts:ExternalId", vec!["x", "y"]),
        ])
        .prop_flat_map(|(key, values)| {
            let some = values.len();
            (Just(key), proptest::sample::subsequence(values, 1..=some))
        }),
    )
        .prop_map(|(operator, (key, values))| (operator.to_owned(), key.to_owned(), json!(values)));
    let patterns = (
        proptest::sample::select(vec![
            "ArnLike",
            "ArnNotLike",
            "ForAnyValue:StringLike",
            "ForAllValues:StringNotLike",
            "StringLikeIfExists",
        ]),
        proptest::sample::select(vec![
            ("aws:PrincipalArn", "arn:aws:iam::444455556666:role/*"),
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/*"),
            ("aws:PrincipalArn", "arn:aws:iam::*:role/a"),
            ("aws:PrincipalArn", "arn:aws:iam::444455556666:*"),
            ("aws:SourceArn", "arn:aws:sns:*:444455556666:*"),
            ("aws:SourceArn", "arn:aws:sns:*:111122223333:*"),
            ("aws:SourceArn", "arn:aws:sns:*:*:t"),
            ("aws:SourceArn", "arn:aws:sqs:*:444455556666:*"),
            ("aws:PrincipalOrgPaths", "o-other12345/*"),
            ("aws:PrincipalOrgPaths", "o-own1234567/*"),
            ("aws:PrincipalOrgPaths", "o-other12345/r-2/*"),
        ]),
    )
        .prop_map(|(operator, (key, value))| (operator.to_owned(), key.to_owned(), json!(value)));
    let addresses = (
        proptest::sample::select(vec![
            "IpAddress",
            "NotIpAddress",
            "IpAddressIfExists",
            "NotIpAddressIfExists",
        ]),
        proptest::sample::subsequence(
            vec!["198.51.100.0/24", "203.0.113.9", "203.0.112.0/20"],
            1..3,
        ),
    )
        .prop_map(|(operator, values)| {
            (operator.to_owned(), "aws:SourceIp".to_owned(), json!(values))
        });
    let others = proptest::sample::select(vec![
        ("Bool", "aws:PrincipalIsAWSService", "true"),
        ("BoolIfExists", "aws:PrincipalIsAWSService", "false"),
        ("Null", "aws:PrincipalOrgID", "true"),
        ("Null", "aws:PrincipalOrgID", "false"),
        ("Null", "aws:PrincipalOrgPaths", "false"),
        ("Null", "aws:PrincipalAccount", "false"),
        ("Null", "aws:PrincipalAccount", "true"),
        ("Null", "aws:SourceAccount", "true"),
        ("Null", "aws:SourceAccount", "false"),
        ("Null", "aws:SourceVpce", "false"),
        ("Null", "sts:ExternalId", "true"),
    ])
    .prop_map(|(operator, key, value)| (operator.to_owned(), key.to_owned(), json!(value)));
    prop_oneof![6 => texts, 3 => patterns, 2 => addresses, 3 => others]
}

fn statement() -> impl Strategy<Value = Value> {
    let some = |values: &[&'static str], name: &'static str| {
        let most = values.len();
        let list = proptest::sample::subsequence(values.to_vec(), 1..=most.min(3));
        (list, prop::bool::weighted(0.15)).prop_map(move |(list, not)| {
            (if not { format!("Not{name}") } else { name.to_owned() }, json!(list))
        })
    };
    (
        prop::bool::ANY,
        principals(),
        prop::bool::weighted(0.15),
        some(&["s3:GetObject", "s3:*", "*", "s3:Get*", "kms:Decrypt", "s3:*Object"], "Action"),
        some(&["arn:aws:s3:::b/x", "arn:aws:s3:::b/*", "*", "arn:aws:s3:::b/p/*"], "Resource"),
        prop::collection::vec(clause(), 0..4),
    )
        .prop_map(|(allow, principal, not, action, resource, clauses)| {
            let mut condition = Map::new();
            for (operator, key, value) in clauses {
                let keys = condition.entry(operator).or_insert_with(|| json!({}));
                keys.as_object_mut().unwrap().insert(key, value);
            }
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), json!(if allow { "Allow" } else { "Deny" }));
            statement
                .insert((if not { "NotPrincipal" } else { "Principal" }).to_owned(), principal);
            statement.insert(action.0, action.1);
            statement.insert(resource.0, resource.1);
            if !condition.is_empty() {
                statement.insert("Condition".to_owned(), Value::Object(condition));
            }
            Value::Object(statement)
        })
}

/// Whether a statement is none of those that are shown wider than they are: an Allow of all but some
/// principals, a Deny of some principals, and a Deny of all but actions that overlap with others.
fn is_exact(statement: &Value) -> bool {
    let everyone = [json!("*"), json!({"AWS": "*"})];
    let principal = &statement["Principal"];
    match statement["Effect"].as_str() {
        Some("Allow") => statement.get("NotPrincipal").is_none(),
        _ => everyone.contains(principal) && statement.get("NotAction").is_none(),
    }
}

fn policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..5).prop_map(|list| json!({"Statement": list}))
}

/// Whether an exposure is of the request's caller, action and resource.
fn names_request(exposure: &Exposure, request: &Request) -> bool {
    let through = exposure.conditions.iter().find_map(|words| words.strip_prefix(THROUGH));
    let owner = match (through, request.service) {
        (None, _) => request.account.as_ref().map(|(account, own, _)| (*account, *own)),
        (Some(service), Some((name, source))) if service == name || service == "an AWS service" => {
            source
        }
        (Some(_), _) => None,
    };
    let id = exposure.id.as_str();
    let who = match exposure.kind {
        "public" => true,
        "aws_account" => owner.is_some_and(|(account, _)| account == id),
        "organization" => owner.is_some_and(|(_, own)| own == Some(id)),
        "aws_service" => request.service.is_some_and(|(name, _)| id == "*" || name == id),
        _ => false,
    };
    let part = Part { conditions: Vec::new(), ..Part::of(exposure) };
    let action = Pattern::of_action(request.action);
    let resource = [Pattern::of_resource(request.resource)];
    who && part.grants(&action, &resource, &[], &Work::new())
}

/// JSON of any shape, with the names of policies and lists in it.
fn junk() -> impl Strategy<Value = Value> {
    let text = proptest::sample::select(vec![
        "*",
        "Allow",
        "Deny",
        "444455556666",
        "s3:Get*",
        "aws:PrincipalOrgID",
        "StringEquals",
        "ForAnyValue:StringLike",
        "arn:aws:iam::444455556666:role/é",
        "uri=http://acs.amazonaws.com/groups/global/AllUsers",
        "${aws:PrincipalAccount}",
        "%7B%ZZ",
        "",
    ]);
    let leaf = prop_oneof![
        6 => text.prop_map(|text| json!(text)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<u64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|bool| json!(bool)),
        1 => ".{0,8}".prop_map(|text| json!(text)),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        let name = proptest::sample::select(vec![
            "Statement",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
            "AWS",
            "Service",
            "Federated",
            "CanonicalUser",
            "StringEquals",
            "StringNotLike",
            "IpAddress",
            "Null",
            "aws:SourceIp",
            "aws:SourceArn",
            "aws:PrincipalArn",
            "Grant",
            "Grantee",
            "URI",
            "Permission",
            "x-amz-grant-read",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| {
                let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_allowed_is_listed(policy in policy()) {
        let found = with_inside(|inside| exposures(&policy, inside));
        for request in Request::all() {
            if request.is_outside() && !request.is_from_inside() && allowed(&policy, &request) {
                let named = found.iter().any(|exposure| names_request(exposure, &request));
                prop_assert!(named, "{policy}\n{request:?}\n{found:#?}");
            }
        }
    }

    #[test]
    fn own_principals_change_nothing(policy in policy()) {
        let mut more = policy.clone();
        for statement in more["Statement"].as_array_mut().unwrap() {
            if statement["Effect"] == "Allow" && let Some(aws) = statement.pointer_mut("/Principal/AWS") {
                let mut named: Vec<String> = list(aws).into_iter().map(str::to_owned).collect();
                named.push("arn:aws:iam::111122223333:role/added".to_owned());
                *aws = json!(named);
            }
        }
        with_inside(|inside| {
            prop_assert_eq!(exposures(&policy, inside), exposures(&more, inside));
            Ok(())
        })?;
    }

    #[test]
    fn a_deny_opens_nothing(policy in policy(), deny in statement()) {
        let mut deny = deny;
        deny["Effect"] = json!("Deny");
        let mut more = policy.clone();
        more["Statement"].as_array_mut().unwrap().push(deny);
        let pieces = |policy| with_inside(|inside| pieces(policy, inside, &Work::new()).unwrap());
        let (before, after) = (pieces(&policy), pieces(&more));
        for request in Request::all() {
            if after.iter().any(|piece| shows(piece, &request)) {
                let shown = before.iter().any(|piece| shows(piece, &request));
                prop_assert!(shown, "{more}\n{request:?}\n{after:#?}");
            }
        }
    }

    #[test]
    fn never_panics(one in junk(), other in junk()) {
        with_inside(|inside| {
            for (one, other) in [
                (exposures(&one, inside), exposures(&other, inside)),
                (acl_exposures(&one, inside), acl_exposures(&other, inside)),
            ] {
                prop_assert!(one.is_sorted() && other.is_sorted());
                prop_assert_eq!(difference(&one, &one), (Vec::new(), Vec::new()));
                let (opened, closed) = difference(&one, &other);
                prop_assert!(opened.is_sorted() && closed.is_sorted());
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_is_allowed_is_shown(policy in policy()) {
        let pieces = with_inside(|inside| pieces(&policy, inside, &Work::new()).unwrap());
        for request in Request::all() {
            if request.is_outside() && !request.is_from_inside() && allowed(&policy, &request) {
                prop_assert!(pieces.iter().any(|piece| shows(piece, &request)), "{policy}\n{request:?}\n{pieces:#?}");
            }
        }
    }

    #[test]
    fn what_is_shown_is_allowed(mut policy in policy()) {
        policy["Statement"].as_array_mut().unwrap().retain(is_exact);
        let pieces = with_inside(|inside| pieces(&policy, inside, &Work::new()).unwrap());
        for request in Request::all() {
            if request.is_outside() && pieces.iter().any(|piece| shows(piece, &request)) {
                prop_assert!(allowed(&policy, &request), "{policy}\n{request:?}\n{pieces:#?}");
            }
        }
    }
}
