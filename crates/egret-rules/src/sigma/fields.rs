//! Names that Sigma rules use, as this project calls them.
//!
//! Sigma leaves a log's own names as they are: `eventName`, `userIdentity.type`,
//! `requestParameters.policyArn` for CloudTrail, `actor.alternateId` for Okta. Names of ECS pass through.

use egret_model::dataset::Dataset;
use egret_model::ecs::alias::{ALIASES, CLOUDTRAIL_RECORD};
use rsigma_parser::ast::LogSource;

/// Names of Okta's System Log.
const OKTA: &[(&str, &str)] = &[
    ("actor.alternate_id", "okta.actor.alternate_id"),
    ("actor.alternateid", "okta.actor.alternate_id"),
    ("actor.display_name", "okta.actor.display_name"),
    ("actor.displayname", "okta.actor.display_name"),
    ("actor.id", "okta.actor.id"),
    ("actor.type", "okta.actor.type"),
    ("authenticationcontext.credentialprovider", "okta.authentication_context.credential_provider"),
    ("authenticationcontext.credentialtype", "okta.authentication_context.credential_type"),
    ("authenticationcontext.externalsessionid", "okta.authentication_context.external_session_id"),
    ("authenticationcontext.interface", "okta.authentication_context.interface"),
    ("authenticationcontext.issuer.id", "okta.authentication_context.issuer.id"),
    ("authenticationcontext.rootsessionid", "okta.authentication_context.root_session_id"),
    ("client.device", "okta.client.device"),
    ("client.geographicalcontext.city", "client.geo.city_name"),
    ("client.geographicalcontext.country", "client.geo.country_name"),
    ("client.geographicalcontext.state", "client.geo.region_name"),
    ("client.id", "okta.client.id"),
    ("client.ip", "okta.client.ip"),
    ("client.ipaddress", "okta.client.ip"),
    ("client.user_agent.raw_user_agent", "okta.client.user_agent.raw_user_agent"),
    ("client.useragent.browser", "okta.client.user_agent.browser"),
    ("client.useragent.os", "okta.client.user_agent.os"),
    ("client.useragent.rawuseragent", "okta.client.user_agent.raw_user_agent"),
    ("client.zone", "okta.client.zone"),
    ("debug_context.debug_data", "okta.debug_context.debug_data"),
    ("debugcontext.debugdata", "okta.debug_context.debug_data"),
    ("display_message", "okta.display_message"),
    ("displaymessage", "okta.display_message"),
    ("event_type", "okta.event_type"),
    ("eventtype", "okta.event_type"),
    ("outcome.reason", "okta.outcome.reason"),
    ("outcome.result", "okta.outcome.result"),
    ("published", "@timestamp"),
    ("securitycontext.asnumber", "okta.security_context.as.number"),
    ("securitycontext.asorg", "okta.security_context.as.organization.name"),
    ("securitycontext.domain", "okta.security_context.domain"),
    ("securitycontext.is_proxy", "okta.security_context.is_proxy"),
    ("securitycontext.isp", "okta.security_context.isp"),
    ("securitycontext.isproxy", "okta.security_context.is_proxy"),
    ("severity", "okta.severity"),
    ("target", "okta.target"),
    ("target.alternateid", "okta.target.alternate_id"),
    ("target.displayname", "okta.target.display_name"),
    ("target.id", "okta.target.id"),
    ("target.type", "okta.target.type"),
    ("transaction.id", "okta.transaction.id"),
    ("transaction.type", "okta.transaction.type"),
    ("uuid", "okta.uuid"),
];

const OKTA_BELOW: &[(&str, &str)] = &[
    ("debugcontext.debugdata.", "okta.debug_context.debug_data."),
    ("debug_context.debug_data.", "okta.debug_context.debug_data."),
];

/// What a rule's log source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logs {
    /// One kind of log.
    Dataset(Dataset),
    /// Any log of AWS, for a rule that does not say.
    Aws,
    /// None of a case; its name in words.
    None(String),
}

impl Logs {
    /// As `event.dataset` spells it, with a star for any.
    pub(crate) fn datasets(&self) -> Vec<String> {
        match self {
            Self::Dataset(dataset) => vec![dataset.as_str().to_owned()],
            Self::Aws => vec!["aws.*".to_owned()],
            Self::None(_) => Vec::new(),
        }
    }
}

/// What a rule's log source is.
pub(crate) fn logs(source: &LogSource) -> Logs {
    let of = |text: &Option<String>| text.as_deref().unwrap_or_default().to_ascii_lowercase();
    let (product, service) = (of(&source.product), of(&source.service));
    let dataset = match (product.as_str(), service.as_str()) {
        // Some rules name the service and leave the product to the reader.
        ("aws" | "", "cloudtrail") => Dataset::CLOUDTRAIL,
        ("aws", "vpcflow" | "flowlogs") => Dataset::VPC_FLOW,
        ("aws", "s3access" | "s3") => Dataset::S3_ACCESS,
        ("aws", "guardduty") => Dataset::GUARDDUTY,
        ("aws", "route53") => Dataset::ROUTE53_RESOLVER,
        ("okta", _) | ("", "okta") => Dataset::OKTA,
        ("aws", "") => return Logs::Aws,
        ("", "") if source.category.is_none() => return Logs::Aws,
        _ => {
            let parts = [
                ("product", &source.product),
                ("service", &source.service),
                ("category", &source.category),
            ];
            let said = parts
                .into_iter()
                .filter_map(|(name, text)| text.as_ref().map(|text| format!("{name} `{text}`")));
            return Logs::None(said.collect::<Vec<_>>().join(", "));
        }
    };
    Logs::Dataset(dataset)
}

/// This project's name of a field; one that is not known comes back as it is, and says so when it is
/// compiled. Sigma's writers take no care of capital letters.
pub(crate) fn ecs(name: &str, source: Option<&LogSource>) -> String {
    let folded = name.to_ascii_lowercase();
    if source.map(logs) == Some(Logs::Dataset(Dataset::OKTA)) {
        if let Some((_, ecs)) = OKTA.iter().find(|(sigma, _)| *sigma == folded) {
            return (*ecs).to_owned();
        }
        let below = OKTA_BELOW.iter().find_map(|(sigma, ecs)| {
            folded
                .starts_with(sigma)
                .then(|| name.get(sigma.len()..))
                .flatten()
                .map(|path| (ecs, path))
        });
        return below.map_or_else(|| name.to_owned(), |(ecs, path)| format!("{ecs}{path}"));
    }
    // The longest first: `resources.ARN` before `resources`.
    for alias in ALIASES.iter().rev().filter(|alias| alias.origin == CLOUDTRAIL_RECORD) {
        let known = alias.alias.to_ascii_lowercase();
        let rest = folded.strip_prefix(&known).map(str::len);
        let rest = rest.and_then(|length| name.get(name.len().saturating_sub(length)..));
        match rest {
            Some("") => return alias.name.to_owned(),
            Some(path) if path.starts_with('.') => return format!("{}{path}", alias.name),
            _ => {}
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_each_log() {
        let source = |product: &str, service: &str| LogSource {
            product: Some(product.to_owned()).filter(|text| !text.is_empty()),
            service: Some(service.to_owned()).filter(|text| !text.is_empty()),
            ..LogSource::default()
        };
        let (trail, okta) = (source("", "cloudtrail"), source("okta", "okta"));
        let aws = source("aws", "");
        let category = LogSource { category: Some("proxy".to_owned()), ..LogSource::default() };
        let none = |text: &str| Logs::None(text.to_owned());
        for (source, want) in [
            (&trail, Logs::Dataset(Dataset::CLOUDTRAIL)),
            (&source("AWS", "CloudTrail"), Logs::Dataset(Dataset::CLOUDTRAIL)),
            (&okta, Logs::Dataset(Dataset::OKTA)),
            (&aws, Logs::Aws),
            (&source("", ""), Logs::Aws),
            (&source("aws", "cloudwatch"), none("product `aws`, service `cloudwatch`")),
            (&source("gcp", "gcp.audit"), none("product `gcp`, service `gcp.audit`")),
            (&source("linux", ""), none("product `linux`")),
            (&source("", "sshd"), none("service `sshd`")),
            (&category, none("category `proxy`")),
        ] {
            assert_eq!(logs(source), want, "{source:?}");
        }
        for (source, name, want) in [
            (&trail, "eventName", "event.action"),
            (&trail, "requestParameters.policyArn", "aws.cloudtrail.request_parameters.policyArn"),
            (&trail, "eventTime", "@timestamp"),
            (&trail, "resources", "aws.cloudtrail.resources"),
            (&trail, "resources.arn", "aws.cloudtrail.resources.arn"),
            (&trail, "resources.accountId", "aws.cloudtrail.resources.account_id"),
            (&trail, "tlsDetails.tlsVersion", "tls.version"),
            (
                &trail,
                "useridentity.sessioncontext.sessionissuer.username",
                "aws.cloudtrail.user_identity.session_context.session_issuer.user_name",
            ),
            (&aws, "eventSource", "event.provider"),
            (&okta, "eventtype", "okta.event_type"),
            (&okta, "published", "@timestamp"),
            (&okta, "target", "okta.target"),
            (&okta, "client.geographicalContext.country", "client.geo.country_name"),
            (&okta, "debugContext.debugData.behaviors", "okta.debug_context.debug_data.behaviors"),
            (&okta, "user.name", "user.name"),
        ] {
            assert_eq!(ecs(name, Some(source)), want);
        }
    }

    #[test]
    fn names_lead_to_the_catalogue() {
        assert!(OKTA.windows(2).all(|pair| pair[0] < pair[1]));
        for (name, ecs) in OKTA {
            assert!(egret_model::ecs::Field::by_name(ecs).is_some(), "`{name}` leads nowhere");
            assert_eq!(*name, name.to_ascii_lowercase());
        }
    }
}
