//! Other spellings that queries may use, each with its origin.

/// Another spelling of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// What a query may say.
    pub alias: &'static str,
    /// What the catalogue calls it. May lie below a flattened field.
    pub name: &'static str,
    /// Whose spelling it is.
    pub origin: &'static str,
}

/// Origin of the names that a CloudTrail record itself has.
pub const CLOUDTRAIL_RECORD: &str = "CloudTrail record";

/// Every alias, sorted by spelling.
pub const ALIASES: &[Alias] = &[
    Alias {
        alias: "additionalEventData",
        name: "aws.cloudtrail.additional_eventdata",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias { alias: "apiVersion", name: "aws.cloudtrail.api_version", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "aws.cloudtrail.additional_event_data",
        name: "aws.cloudtrail.additional_eventdata",
        origin: "common misspelling",
    },
    Alias { alias: "aws.cloudtrail.event_name", name: "event.action", origin: "CloudTrail" },
    Alias { alias: "aws.cloudtrail.event_source", name: "event.provider", origin: "CloudTrail" },
    Alias {
        alias: "aws.cloudtrail.flattened.additional_eventdata",
        name: "aws.cloudtrail.additional_eventdata",
        origin: "Elastic AWS integration",
    },
    Alias {
        alias: "aws.cloudtrail.flattened.request_parameters",
        name: "aws.cloudtrail.request_parameters",
        origin: "Elastic AWS integration",
    },
    Alias {
        alias: "aws.cloudtrail.flattened.response_elements",
        name: "aws.cloudtrail.response_elements",
        origin: "Elastic AWS integration",
    },
    Alias {
        alias: "aws.cloudtrail.flattened.service_event_details",
        name: "aws.cloudtrail.service_event_details",
        origin: "Elastic AWS integration",
    },
    Alias {
        alias: "aws.s3access.bucket",
        name: "aws.s3.bucket.name",
        origin: "Elastic AWS integration",
    },
    Alias { alias: "aws.s3access.remote_ip", name: "source.ip", origin: "Elastic AWS integration" },
    Alias { alias: "aws.vpcflow.dstaddr", name: "destination.ip", origin: "AWS" },
    Alias { alias: "aws.vpcflow.srcaddr", name: "source.ip", origin: "AWS" },
    Alias { alias: "awsRegion", name: "cloud.region", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "client.ip",
        name: "source.ip",
        origin: "ECS, as Elastic fills it for S3 access and Okta",
    },
    Alias { alias: "data_stream.dataset", name: "event.dataset", origin: "ECS" },
    Alias { alias: "errorCode", name: "aws.cloudtrail.error_code", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "errorMessage",
        name: "aws.cloudtrail.error_message",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "eventCategory",
        name: "aws.cloudtrail.event_category",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias { alias: "eventID", name: "event.id", origin: CLOUDTRAIL_RECORD },
    Alias { alias: "eventName", name: "event.action", origin: CLOUDTRAIL_RECORD },
    Alias { alias: "eventSource", name: "event.provider", origin: CLOUDTRAIL_RECORD },
    Alias { alias: "eventTime", name: "@timestamp", origin: CLOUDTRAIL_RECORD },
    Alias { alias: "eventType", name: "aws.cloudtrail.event_type", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "eventVersion",
        name: "aws.cloudtrail.event_version",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "http.response.body.bytes",
        name: "source.bytes",
        origin: "Elastic AWS integration, S3 access log",
    },
    Alias {
        alias: "insightDetails",
        name: "aws.cloudtrail.insight_details",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "managementEvent",
        name: "aws.cloudtrail.management_event",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "okta.debug_context.debug_data.device_fingerprint",
        name: "okta.debug_context.debug_data.deviceFingerprint",
        origin: "Elastic Okta integration",
    },
    Alias {
        alias: "okta.debug_context.debug_data.dt_hash",
        name: "okta.debug_context.debug_data.dtHash",
        origin: "Elastic Okta integration",
    },
    Alias {
        alias: "okta.debug_context.debug_data.flattened",
        name: "okta.debug_context.debug_data",
        origin: "Elastic Okta integration",
    },
    Alias {
        alias: "okta.debug_context.debug_data.request_id",
        name: "okta.debug_context.debug_data.requestId",
        origin: "Elastic Okta integration",
    },
    Alias {
        alias: "okta.debug_context.debug_data.request_uri",
        name: "okta.debug_context.debug_data.requestUri",
        origin: "Elastic Okta integration",
    },
    Alias {
        alias: "okta.debug_context.debug_data.threat_suspected",
        name: "okta.debug_context.debug_data.threatSuspected",
        origin: "Elastic Okta integration",
    },
    Alias { alias: "readOnly", name: "aws.cloudtrail.read_only", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "recipientAccountId",
        name: "aws.cloudtrail.recipient_account_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias { alias: "requestID", name: "aws.cloudtrail.request_id", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "requestParameters",
        name: "aws.cloudtrail.request_parameters",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias { alias: "resources", name: "aws.cloudtrail.resources", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "resources.ARN",
        name: "aws.cloudtrail.resources.arn",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "resources.accountId",
        name: "aws.cloudtrail.resources.account_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "resources.type",
        name: "aws.cloudtrail.resources.type",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "responseElements",
        name: "aws.cloudtrail.response_elements",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "serviceEventDetails",
        name: "aws.cloudtrail.service_event_details",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "sessionCredentialFromConsole",
        name: "aws.cloudtrail.session_credential_from_console",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "sharedEventID",
        name: "aws.cloudtrail.shared_event_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias { alias: "sourceIPAddress", name: "source.address", origin: CLOUDTRAIL_RECORD },
    Alias { alias: "tlsDetails.cipherSuite", name: "tls.cipher", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "tlsDetails.clientProvidedHostHeader",
        name: "tls.client.server_name",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias { alias: "tlsDetails.tlsVersion", name: "tls.version", origin: CLOUDTRAIL_RECORD },
    Alias { alias: "userAgent", name: "user_agent.original", origin: CLOUDTRAIL_RECORD },
    Alias {
        alias: "userIdentity.accessKeyId",
        name: "aws.cloudtrail.user_identity.access_key_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.accountId",
        name: "aws.cloudtrail.user_identity.account_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.arn",
        name: "aws.cloudtrail.user_identity.arn",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.credentialId",
        name: "aws.cloudtrail.user_identity.credential_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.identityProvider",
        name: "aws.cloudtrail.user_identity.identity_provider",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.invokedBy",
        name: "aws.cloudtrail.user_identity.invoked_by",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.onBehalfOf.identityStoreArn",
        name: "aws.cloudtrail.user_identity.on_behalf_of.identity_store_arn",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.onBehalfOf.userId",
        name: "aws.cloudtrail.user_identity.on_behalf_of.user_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.principalId",
        name: "aws.cloudtrail.user_identity.principal_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.attributes.creationDate",
        name: "aws.cloudtrail.user_identity.session_context.creation_date",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.attributes.mfaAuthenticated",
        name: "aws.cloudtrail.user_identity.session_context.mfa_authenticated",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.ec2RoleDelivery",
        name: "aws.cloudtrail.user_identity.session_context.ec2_role_delivery",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.sessionIssuer.accountId",
        name: "aws.cloudtrail.user_identity.session_context.session_issuer.account_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.sessionIssuer.arn",
        name: "aws.cloudtrail.user_identity.session_context.session_issuer.arn",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.sessionIssuer.principalId",
        name: "aws.cloudtrail.user_identity.session_context.session_issuer.principal_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.sessionIssuer.type",
        name: "aws.cloudtrail.user_identity.session_context.session_issuer.type",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.sessionIssuer.userName",
        name: "aws.cloudtrail.user_identity.session_context.session_issuer.user_name",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.sessionContext.sourceIdentity",
        name: "aws.cloudtrail.user_identity.session_context.source_identity",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.type",
        name: "aws.cloudtrail.user_identity.type",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "userIdentity.userName",
        name: "aws.cloudtrail.user_identity.user_name",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "vpcEndpointAccountId",
        name: "aws.cloudtrail.vpc_endpoint_account_id",
        origin: CLOUDTRAIL_RECORD,
    },
    Alias {
        alias: "vpcEndpointId",
        name: "aws.cloudtrail.vpc_endpoint_id",
        origin: CLOUDTRAIL_RECORD,
    },
];

/// The catalogue's spelling of a name: the name itself, or what an alias (or a path below one)
/// stands for.
///
/// # Example
///
/// ```
/// use egret_model::ecs::alias::canonical;
///
/// assert_eq!(canonical("client.ip"), "source.ip");
/// assert_eq!(
///     canonical("aws.cloudtrail.flattened.request_parameters.roleArn"),
///     "aws.cloudtrail.request_parameters.roleArn",
/// );
/// assert_eq!(canonical("resources.ARN"), "aws.cloudtrail.resources.arn");
/// assert_eq!(canonical("user.name"), "user.name");
/// ```
pub fn canonical(name: &str) -> std::borrow::Cow<'_, str> {
    // Sorted, so from the end the longest comes first: `resources.ARN` before `resources`.
    for Alias { alias, name: canonical, .. } in ALIASES.iter().rev() {
        if let Some(rest) = name.strip_prefix(alias) {
            if rest.is_empty() {
                return (*canonical).into();
            }
            if rest.starts_with('.') {
                return format!("{canonical}{rest}").into();
            }
        }
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::{Field, FieldKind};

    #[test]
    fn aliases_are_sorted_and_lead_to_the_catalogue() {
        assert!(ALIASES.windows(2).all(|pair| pair[0].alias < pair[1].alias));
        for alias in ALIASES {
            let is_below = |name: &str| {
                name.rsplit_once('.').is_some_and(|(above, _)| {
                    Field::by_name(above).is_some_and(|field| field.kind() == FieldKind::Flattened)
                })
            };
            let leads = Field::by_name(alias.name).is_some() || is_below(alias.name);
            assert!(leads, "`{}` leads nowhere", alias.alias);
            assert!(Field::by_name(alias.alias).is_none(), "`{}` is a field", alias.alias);
        }
    }
}
