//! Names that Sigma rules use, as this project calls them.
//!
//! Sigma leaves a log's own names as they are: `eventName`, `userIdentity.type`,
//! `requestParameters.policyArn` for CloudTrail, `actor.alternateId` for Okta. Names of ECS pass through.

use rsigma_parser::ast::LogSource;

/// Exact names of CloudTrail records.
const CLOUDTRAIL: &[(&str, &str)] = &[
    ("additionaleventdata", "aws.cloudtrail.additional_eventdata"),
    ("apiversion", "aws.cloudtrail.api_version"),
    ("awsregion", "cloud.region"),
    ("errorcode", "aws.cloudtrail.error_code"),
    ("errormessage", "aws.cloudtrail.error_message"),
    ("eventcategory", "aws.cloudtrail.event_category"),
    ("eventid", "event.id"),
    ("eventname", "event.action"),
    ("eventsource", "event.provider"),
    ("eventtype", "aws.cloudtrail.event_type"),
    ("eventversion", "aws.cloudtrail.event_version"),
    ("managementevent", "aws.cloudtrail.management_event"),
    ("readonly", "aws.cloudtrail.read_only"),
    ("recipientaccountid", "aws.cloudtrail.recipient_account_id"),
    ("requestid", "aws.cloudtrail.request_id"),
    ("requestparameters", "aws.cloudtrail.request_parameters"),
    ("resources.arn", "aws.cloudtrail.resources.arn"),
    ("resources.type", "aws.cloudtrail.resources.type"),
    ("responseelements", "aws.cloudtrail.response_elements"),
    ("serviceeventdetails", "aws.cloudtrail.service_event_details"),
    ("sharedeventid", "aws.cloudtrail.shared_event_id"),
    ("sourceipaddress", "source.address"),
    ("useragent", "user_agent.original"),
    ("useridentity.accesskeyid", "aws.cloudtrail.user_identity.access_key_id"),
    ("useridentity.accountid", "aws.cloudtrail.user_identity.account_id"),
    ("useridentity.arn", "aws.cloudtrail.user_identity.arn"),
    ("useridentity.invokedby", "aws.cloudtrail.user_identity.invoked_by"),
    ("useridentity.principalid", "aws.cloudtrail.user_identity.principal_id"),
    (
        "useridentity.sessioncontext.attributes.mfaauthenticated",
        "aws.cloudtrail.user_identity.session_context.mfa_authenticated",
    ),
    (
        "useridentity.sessioncontext.sessionissuer.arn",
        "aws.cloudtrail.user_identity.session_context.session_issuer.arn",
    ),
    (
        "useridentity.sessioncontext.sessionissuer.type",
        "aws.cloudtrail.user_identity.session_context.session_issuer.type",
    ),
    (
        "useridentity.sessioncontext.sessionissuer.username",
        "aws.cloudtrail.user_identity.session_context.session_issuer.user_name",
    ),
    ("useridentity.type", "aws.cloudtrail.user_identity.type"),
    ("useridentity.username", "aws.cloudtrail.user_identity.user_name"),
    ("vpcendpointid", "aws.cloudtrail.vpc_endpoint_id"),
];

/// What lies below these keeps its own path.
const CLOUDTRAIL_BELOW: &[(&str, &str)] = &[
    ("additionaleventdata.", "aws.cloudtrail.additional_eventdata."),
    ("requestparameters.", "aws.cloudtrail.request_parameters."),
    ("responseelements.", "aws.cloudtrail.response_elements."),
    ("serviceeventdetails.", "aws.cloudtrail.service_event_details."),
];

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
pub(crate) fn dataset(source: &LogSource) -> Option<&'static str> {
    let of = |text: &Option<String>| text.as_deref().unwrap_or_default().to_ascii_lowercase();
    match (of(&source.product).as_str(), of(&source.service).as_str()) {
        ("aws", "cloudtrail") => Some("aws.cloudtrail"),
        ("aws", "vpcflow" | "flowlogs") => Some("aws.vpcflow"),
        ("aws", "s3access" | "s3") => Some("aws.s3access"),
        ("aws", "guardduty") => Some("aws.guardduty"),
        ("aws", "route53") => Some("aws.route53_resolver_logs"),
        ("okta", _) => Some("okta.system"),
        _ => None,
    }
}

/// This project's name of a field; one that is not known comes back as it is, and says so when it is
/// compiled.
pub(crate) fn ecs(name: &str, source: Option<&LogSource>) -> String {
    let folded = name.to_ascii_lowercase();
    let is_okta = source.and_then(dataset) == Some("okta.system");
    let (exact, below) = if is_okta { (OKTA, OKTA_BELOW) } else { (CLOUDTRAIL, CLOUDTRAIL_BELOW) };
    if let Some((_, ecs)) = exact.iter().find(|(sigma, _)| *sigma == folded) {
        return (*ecs).to_owned();
    }
    for (sigma, ecs) in below {
        if folded.starts_with(sigma)
            && let Some(path) = name.get(sigma.len()..)
        {
            return format!("{ecs}{path}");
        }
    }
    name.to_owned()
}
