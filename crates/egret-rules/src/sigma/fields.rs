//! Names that Sigma rules use, as this project calls them.
//!
//! Sigma leaves a log's own names as they are: `eventName`, `userIdentity.type`,
//! `requestParameters.policyArn` for CloudTrail, `actor.alternateId` for Okta. Names of ECS pass through.

use egret_model::dataset::Dataset;
use egret_model::ecs::alias::{ALIASES, CLOUDTRAIL_RECORD};
use rsigma_parser::ast::LogSource;

/// Names of Okta's System Log.
const OKTA: &[(&str, &str)] = &[
    ("actor.alternateid", "okta.actor.alternate_id"),
    ("actor.alternate_id", "okta.actor.alternate_id"),
    ("actor.displayname", "okta.actor.display_name"),
    ("actor.display_name", "okta.actor.display_name"),
    ("actor.id", "okta.actor.id"),
    ("actor.type", "okta.actor.type"),
    ("authenticationcontext.externalsessionid", "okta.authentication_context.external_session_id"),
    ("client.device", "okta.client.device"),
    ("client.ipaddress", "okta.client.ip"),
    ("client.ip", "okta.client.ip"),
    ("client.useragent.rawuseragent", "okta.client.user_agent.raw_user_agent"),
    ("client.user_agent.raw_user_agent", "okta.client.user_agent.raw_user_agent"),
    ("client.zone", "okta.client.zone"),
    ("debugcontext.debugdata", "okta.debug_context.debug_data"),
    ("debug_context.debug_data", "okta.debug_context.debug_data"),
    ("displaymessage", "okta.display_message"),
    ("display_message", "okta.display_message"),
    ("eventtype", "okta.event_type"),
    ("event_type", "okta.event_type"),
    ("outcome.reason", "okta.outcome.reason"),
    ("outcome.result", "okta.outcome.result"),
    ("securitycontext.asorg", "okta.security_context.as.organization.name"),
    ("securitycontext.domain", "okta.security_context.domain"),
    ("securitycontext.isproxy", "okta.security_context.is_proxy"),
    ("securitycontext.is_proxy", "okta.security_context.is_proxy"),
    ("severity", "okta.severity"),
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

/// The dataset that a rule's log source is; `None` where it does not say, or is no log of a case.
pub(crate) fn dataset(source: &LogSource) -> Option<Dataset> {
    let of = |text: &Option<String>| text.as_deref().unwrap_or_default().to_ascii_lowercase();
    match (of(&source.product).as_str(), of(&source.service).as_str()) {
        // Some rules name the service and leave the product to the reader.
        ("aws" | "", "cloudtrail") => Some(Dataset::CLOUDTRAIL),
        ("aws", "vpcflow" | "flowlogs") => Some(Dataset::VPC_FLOW),
        ("aws", "s3access" | "s3") => Some(Dataset::S3_ACCESS),
        ("aws", "guardduty") => Some(Dataset::GUARDDUTY),
        ("aws", "route53") => Some(Dataset::ROUTE53_RESOLVER),
        ("okta", _) => Some(Dataset::OKTA),
        _ => None,
    }
}

/// This project's name of a field; one that is not known comes back as it is, and says so when it is
/// compiled. Sigma's writers take no care of capital letters.
pub(crate) fn ecs(name: &str, source: Option<&LogSource>) -> String {
    let folded = name.to_ascii_lowercase();
    if source.and_then(dataset) == Some(Dataset::OKTA) {
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
    for alias in ALIASES.iter().filter(|alias| alias.origin == CLOUDTRAIL_RECORD) {
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
        assert_eq!(dataset(&trail), Some(Dataset::CLOUDTRAIL));
        assert_eq!(dataset(&okta), Some(Dataset::OKTA));
        assert_eq!(dataset(&source("windows", "security")), None);
        for (source, name, want) in [
            (&trail, "eventName", "event.action"),
            (&trail, "requestParameters.policyArn", "aws.cloudtrail.request_parameters.policyArn"),
            (&okta, "eventtype", "okta.event_type"),
            (&okta, "debugContext.debugData.behaviors", "okta.debug_context.debug_data.behaviors"),
            (&okta, "user.name", "user.name"),
        ] {
            assert_eq!(ecs(name, Some(source)), want);
        }
    }
}
