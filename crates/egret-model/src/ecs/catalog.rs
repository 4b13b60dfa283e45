//! THE table: every field an event can have, with its type, its origin and what it means.
//!
//! Names follow the investigation pattern first, then ECS 9, then Elastic's integrations. Below a
//! free-form document such as `aws.cloudtrail.request_parameters`, AWS's own camel case stays.
//! Where a meaning could be read two ways the note says which was chosen, and a decision record
//! says why.
//!
//! # Source
//!
//! * ECS: <https://www.elastic.co/docs/reference/ecs>
//! * CloudTrail record contents:
//!   <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

/// How a field's values compare, and how they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Exact text, case-sensitive. Arrow `Utf8`.
    Keyword,
    /// Several exact texts; a row matches when any of them does. Arrow `List<Utf8>`.
    Keywords,
    /// An address as text, with a sixteen-byte companion column for networks
    /// ([`super::ip_column`]; IPv4 is mapped into IPv6). Arrow `Utf8` and `FixedSizeBinary(16)`.
    Ip,
    /// A whole number. Arrow `Int64`.
    Long,
    /// A fraction. Arrow `Float64`.
    Double,
    /// An instant, UTC. Arrow `Timestamp(Microsecond, "UTC")`.
    Date,
    /// True or false. Arrow `Boolean`.
    Boolean,
    /// A free-form JSON document, kept whole as text, with a token companion column
    /// ([`super::tokens_column`]) that makes its leaves searchable by path. Arrow `Utf8` twice.
    Flattened,
    /// JSON text kept for completeness only; not searchable by path. Arrow `Utf8`.
    Json,
}

/// Who named the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The investigation pattern.
    Pattern,
    /// Elastic Common Schema 9.
    Ecs,
    /// Elastic's AWS or Okta integration.
    Elastic,
    /// Egret.
    Egret,
}

/// One row of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldDef {
    /// Dotted name, as queries and Parquet columns spell it.
    pub name: &'static str,
    /// Type and comparison.
    pub kind: FieldKind,
    /// Who named it.
    pub origin: Origin,
    /// What it holds, its unit, and which reading was chosen.
    pub note: &'static str,
}

/// A field of the catalogue: an index into [`CATALOG`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(u16);

impl Field {
    /// The field's row in the catalogue.
    #[expect(clippy::indexing_slicing, reason = "a Field is only ever made from a catalogue index")]
    pub fn def(self) -> &'static FieldDef {
        &CATALOG[usize::from(self.0)]
    }

    /// Dotted name.
    pub fn name(self) -> &'static str {
        self.def().name
    }

    /// Type and comparison.
    pub fn kind(self) -> FieldKind {
        self.def().kind
    }

    /// Position in the catalogue, which is also the order of columns.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The field with exactly this name; aliases are not considered.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().find(|field| field.name() == name)
    }

    /// Every field, in catalogue order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u16..).take(CATALOG.len()).map(Self)
    }
}

macro_rules! catalog {
    ($($constant:ident $name:literal $kind:ident $origin:ident $note:literal;)+) => {
        /// Every field, in column order.
        pub const CATALOG: &[FieldDef] = &[$(FieldDef {
            name: $name,
            kind: FieldKind::$kind,
            origin: Origin::$origin,
            note: $note,
        }),+];

        #[allow(
            non_camel_case_types,
            clippy::upper_case_acronyms,
            reason = "only used to number the constants"
        )]
        enum Number { $($constant),+ }

        /// One constant a field.
        pub mod fields {
            use super::{Field, Number};
            $(
                #[doc = concat!("`", $name, "`: ", $note)]
                #[allow(
                    clippy::as_conversions,
                    reason = "a fieldless enum of fewer than 65,536 variants"
                )]
                pub const $constant: Field = Field(Number::$constant as u16);
            )+
        }
    };
}

catalog! {
    TIMESTAMP "@timestamp" Date Ecs "when the event happened, as the source says";
    EVENT_DATASET "event.dataset" Keyword Ecs "kind of log: `aws.cloudtrail`, `aws.s3access`, `aws.vpcflow`, `aws.elb_logs`, `aws.cloudfront_logs`, `aws.route53_resolver_logs`, `aws.guardduty`, `okta.system`, `identity_broker.audit`, …";
    EVENT_MODULE "event.module" Keyword Ecs "the integration that `event.dataset` belongs to, the part before its dot: `aws`, `okta`";
    EVENT_ID "event.id" Keyword Ecs "the source's own id; a digest of the record where the source has none";
    EVENT_ACTION "event.action" Keyword Ecs "what was done: CloudTrail eventName without its API-version suffix, S3 operation, Okta eventType, GuardDuty finding type, `dns-query`, `http-request`";
    EVENT_PROVIDER "event.provider" Keyword Ecs "service that logged it: CloudTrail eventSource";
    EVENT_OUTCOME "event.outcome" Keyword Ecs "`success`, `failure` or `unknown`";
    EVENT_KIND "event.kind" Keyword Ecs "`event`, or `alert` for findings of another tool";
    EVENT_CATEGORY "event.category" Keywords Ecs "ECS categories";
    EVENT_TYPE "event.type" Keywords Ecs "ECS types";
    EVENT_CODE "event.code" Keyword Ecs "the action exactly as logged, when `event.action` differs from it";
    EVENT_REASON "event.reason" Keyword Ecs "why the outcome, in the source's words";
    EVENT_START "event.start" Date Ecs "first packet or moment covered";
    EVENT_END "event.end" Date Ecs "last packet or moment covered";
    EVENT_DURATION "event.duration" Long Ecs "nanoseconds";
    EVENT_SEVERITY "event.severity" Long Ecs "the source's own scale";
    MESSAGE "message" Keyword Ecs "a sentence by the source";
    RULE_NAME "rule.name" Keyword Ecs "rule or finding type that raised an alert";
    RULE_CATEGORY "rule.category" Keyword Ecs "kind of rule: for GuardDuty the threat purpose, such as `Exfiltration`";
    CLOUD_PROVIDER "cloud.provider" Keyword Ecs "`aws`";
    CLOUD_ACCOUNT_ID "cloud.account.id" Keyword Ecs "account the event belongs to: CloudTrail recipientAccountId, else the caller's; text, since it may begin with zero";
    CLOUD_REGION "cloud.region" Keyword Ecs "AWS region";
    CLOUD_AVAILABILITY_ZONE "cloud.availability_zone" Keyword Ecs "availability zone id";
    CLOUD_INSTANCE_ID "cloud.instance.id" Keyword Ecs "EC2 instance that the event is about";
    SOURCE_ADDRESS "source.address" Keyword Ecs "caller as logged, without a port: an address, or a service name such as `ec2.amazonaws.com`";
    SOURCE_IP "source.ip" Ip Ecs "caller's address; absent when a service called";
    SOURCE_PORT "source.port" Long Ecs "caller's port";
    SOURCE_BYTES "source.bytes" Long Pattern "bytes sent out: S3 read: bytes of the object sent to the reader; flow log: bytes from source to destination; load balancer, CloudFront: bytes sent to the client";
    SOURCE_PACKETS "source.packets" Long Ecs "packets from source to destination";
    SOURCE_GEO_COUNTRY_ISO_CODE "source.geo.country_iso_code" Keyword Ecs "country of `source.ip`, two letters";
    SOURCE_GEO_COUNTRY_NAME "source.geo.country_name" Keyword Ecs "country of `source.ip`";
    SOURCE_GEO_CITY_NAME "source.geo.city_name" Keyword Ecs "city of `source.ip`";
    SOURCE_GEO_REGION_NAME "source.geo.region_name" Keyword Ecs "region of `source.ip`";
    SOURCE_GEO_CONTINENT_NAME "source.geo.continent_name" Keyword Ecs "continent of `source.ip`";
    SOURCE_GEO_LOCATION "source.geo.location" Keyword Ecs "latitude and longitude of `source.ip` in degrees, `48.85,2.35`";
    SOURCE_AS_NUMBER "source.as.number" Long Ecs "autonomous system of `source.ip`";
    SOURCE_AS_ORGANIZATION_NAME "source.as.organization.name" Keyword Ecs "owner of that autonomous system";
    SOURCE_AWS_SERVICE "egret.source.aws.service" Keyword Egret "AWS service whose published range holds `source.ip`; `AMAZON` where AWS names none";
    SOURCE_AWS_REGION "egret.source.aws.region" Keyword Egret "region of that range";
    DESTINATION_ADDRESS "destination.address" Keyword Ecs "receiver as logged";
    DESTINATION_IP "destination.ip" Ip Ecs "receiver's address";
    DESTINATION_PORT "destination.port" Long Ecs "receiver's port";
    DESTINATION_BYTES "destination.bytes" Long Ecs "bytes sent by the destination: S3 write: bytes received from the writer";
    DESTINATION_GEO_COUNTRY_ISO_CODE "destination.geo.country_iso_code" Keyword Ecs "country of `destination.ip`, two letters";
    DESTINATION_GEO_COUNTRY_NAME "destination.geo.country_name" Keyword Ecs "country of `destination.ip`";
    DESTINATION_GEO_CITY_NAME "destination.geo.city_name" Keyword Ecs "city of `destination.ip`";
    DESTINATION_GEO_REGION_NAME "destination.geo.region_name" Keyword Ecs "region of `destination.ip`";
    DESTINATION_GEO_CONTINENT_NAME "destination.geo.continent_name" Keyword Ecs "continent of `destination.ip`";
    DESTINATION_GEO_LOCATION "destination.geo.location" Keyword Ecs "latitude and longitude of `destination.ip` in degrees, `48.85,2.35`";
    DESTINATION_AS_NUMBER "destination.as.number" Long Ecs "autonomous system of `destination.ip`";
    DESTINATION_AS_ORGANIZATION_NAME "destination.as.organization.name" Keyword Ecs "owner of that autonomous system";
    DESTINATION_AWS_SERVICE "egret.destination.aws.service" Keyword Egret "AWS service whose published range holds `destination.ip`; `AMAZON` where AWS names none";
    DESTINATION_AWS_REGION "egret.destination.aws.region" Keyword Egret "region of that range";
    NETWORK_BYTES "network.bytes" Long Ecs "bytes in both directions as far as logged";
    NETWORK_PACKETS "network.packets" Long Ecs "packets";
    NETWORK_DIRECTION "network.direction" Keyword Ecs "`ingress` or `egress` as seen from the interface";
    NETWORK_IANA_NUMBER "network.iana_number" Keyword Ecs "IP protocol number";
    NETWORK_TRANSPORT "network.transport" Keyword Ecs "`tcp`, `udp`, `icmp`";
    NETWORK_COMMUNITY_ID "network.community_id" Keyword Ecs "the same for both directions of a conversation (Community ID 1, seed 0)";
    NETWORK_TYPE "network.type" Keyword Ecs "`ipv4` or `ipv6`";
    NETWORK_PROTOCOL "network.protocol" Keyword Ecs "application protocol: `dns`";
    DNS_QUESTION_NAME "dns.question.name" Keyword Ecs "name that was looked up, without the dot at its end";
    DNS_QUESTION_REGISTERED_DOMAIN "dns.question.registered_domain" Keyword Ecs "domain that somebody registered, by the public suffix list";
    DNS_QUESTION_SUBDOMAIN "dns.question.subdomain" Keyword Ecs "what lies below the registered domain";
    DNS_QUESTION_TOP_LEVEL_DOMAIN "dns.question.top_level_domain" Keyword Ecs "public suffix, such as `com` or `co.uk`";
    DNS_QUESTION_TYPE "dns.question.type" Keyword Ecs "`A`, `TXT`, …";
    DNS_QUESTION_CLASS "dns.question.class" Keyword Ecs "`IN`";
    DNS_RESPONSE_CODE "dns.response_code" Keyword Ecs "`NOERROR`, `NXDOMAIN`, …";
    DNS_ANSWERS_DATA "dns.answers.data" Keywords Ecs "every answer as logged";
    DNS_ANSWERS_TYPE "dns.answers.type" Keywords Ecs "type of each answer, in the order of `dns.answers.data`";
    DNS_RESOLVED_IP "dns.resolved_ip" Keywords Ecs "answers that are addresses";
    USER_NAME "user.name" Keyword Ecs "IAM user; for an assumed role the role's name (as Elastic does), the human is in `related.user`; for Okta the part before `@`";
    USER_ID "user.id" Keyword Ecs "principal id";
    USER_EMAIL "user.email" Keyword Ecs "e-mail address";
    USER_FULL_NAME "user.full_name" Keyword Ecs "display name";
    USER_ROLES "user.roles" Keywords Ecs "roles";
    USER_TARGET_NAME "user.target.name" Keyword Ecs "user that was acted upon";
    USER_TARGET_ID "user.target.id" Keyword Ecs "id of the user that was acted upon";
    GROUP_NAME "group.name" Keyword Ecs "group that was acted upon";
    GROUP_ID "group.id" Keyword Ecs "id of the group that was acted upon";
    RELATED_USER "related.user" Keywords Ecs "every name by which the actor is known in this event: user, role, session name, e-mail";
    RELATED_IP "related.ip" Keywords Ecs "every address in this event";
    USER_AGENT_ORIGINAL "user_agent.original" Keyword Ecs "user agent as sent";
    USER_AGENT_NAME "user_agent.name" Keyword Ecs "program";
    USER_AGENT_VERSION "user_agent.version" Keyword Ecs "version of the program";
    USER_AGENT_OS_NAME "user_agent.os.name" Keyword Ecs "operating system";
    USER_AGENT_OS_VERSION "user_agent.os.version" Keyword Ecs "version of the operating system";
    USER_AGENT_OS_FULL "user_agent.os.full" Keyword Ecs "operating system with its version";
    USER_AGENT_DEVICE_NAME "user_agent.device.name" Keyword Ecs "`Mac`, `Spider` for programs, else `Other`, as Elastic's parser says";
    TLS_VERSION "tls.version" Keyword Ecs "`1.2`, `1.3`";
    TLS_VERSION_PROTOCOL "tls.version_protocol" Keyword Ecs "`tls`";
    TLS_CIPHER "tls.cipher" Keyword Ecs "cipher suite";
    TLS_CLIENT_SERVER_NAME "tls.client.server_name" Keyword Ecs "host the client asked for in the TLS handshake";
    HTTP_REQUEST_METHOD "http.request.method" Keyword Ecs "HTTP method";
    HTTP_REQUEST_BYTES "http.request.bytes" Long Ecs "size of the request, headers included";
    HTTP_REQUEST_REFERRER "http.request.referrer" Keyword Ecs "referrer as sent";
    HTTP_RESPONSE_STATUS_CODE "http.response.status_code" Long Ecs "HTTP status";
    HTTP_RESPONSE_BYTES "http.response.bytes" Long Ecs "size of the response, headers included";
    HTTP_VERSION "http.version" Keyword Ecs "`1.1`, `2.0`";
    URL_ORIGINAL "url.original" Keyword Ecs "request target as logged";
    URL_SCHEME "url.scheme" Keyword Ecs "`http`, `https`, `wss`, …";
    URL_DOMAIN "url.domain" Keyword Ecs "host that the request names";
    URL_PORT "url.port" Long Ecs "port that the request names";
    URL_PATH "url.path" Keyword Ecs "path of the request target as logged; for CloudFront percent-decoded once";
    URL_QUERY "url.query" Keyword Ecs "query of the request target";
    AWS_S3_BUCKET_NAME "aws.s3.bucket.name" Keyword Pattern "bucket that was accessed (not the bucket a log was fetched from)";
    AWS_S3_OBJECT_KEY "aws.s3.object.key" Keyword Pattern "object that was accessed, percent-decoded";
    CT_EVENT_VERSION "aws.cloudtrail.event_version" Keyword Elastic "record format version";
    CT_EVENT_TYPE "aws.cloudtrail.event_type" Keyword Elastic "`AwsApiCall`, `AwsServiceEvent`, `AwsConsoleSignIn`, …";
    CT_EVENT_CATEGORY "aws.cloudtrail.event_category" Keyword Elastic "`Management`, `Data`, `NetworkActivity`, `Insight`";
    CT_REQUEST_ID "aws.cloudtrail.request_id" Keyword Elastic "AWS request id";
    CT_SHARED_EVENT_ID "aws.cloudtrail.shared_event_id" Keyword Elastic "same action, logged in several accounts";
    CT_API_VERSION "aws.cloudtrail.api_version" Keyword Elastic "API version";
    CT_READ_ONLY "aws.cloudtrail.read_only" Boolean Elastic "AWS's own flag; `true` does not mean harmless";
    CT_MANAGEMENT_EVENT "aws.cloudtrail.management_event" Boolean Elastic "whether it is a management event";
    CT_ERROR_CODE "aws.cloudtrail.error_code" Keyword Elastic "AWS error code";
    CT_ERROR_MESSAGE "aws.cloudtrail.error_message" Keyword Elastic "AWS error text";
    CT_RECIPIENT_ACCOUNT_ID "aws.cloudtrail.recipient_account_id" Keyword Elastic "account that received the event";
    CT_VPC_ENDPOINT_ID "aws.cloudtrail.vpc_endpoint_id" Keyword Elastic "endpoint the call came through";
    CT_VPC_ENDPOINT_ACCOUNT_ID "aws.cloudtrail.vpc_endpoint_account_id" Keyword Elastic "owner of that endpoint";
    CT_SESSION_CREDENTIAL_FROM_CONSOLE "aws.cloudtrail.session_credential_from_console" Keyword Elastic "`true` when a console session made the call";
    CT_REQUEST_PARAMETERS "aws.cloudtrail.request_parameters" Flattened Elastic "what was asked";
    CT_RESPONSE_ELEMENTS "aws.cloudtrail.response_elements" Flattened Elastic "what was answered; null for reads";
    CT_ADDITIONAL_EVENTDATA "aws.cloudtrail.additional_eventdata" Flattened Elastic "extra data by the service, such as bytes transferred";
    CT_SERVICE_EVENT_DETAILS "aws.cloudtrail.service_event_details" Flattened Elastic "details of a service event";
    CT_INSIGHT_DETAILS "aws.cloudtrail.insight_details" Flattened Elastic "details of an Insights event";
    CT_RESOURCES "aws.cloudtrail.resources" Json Elastic "resources list as logged";
    CT_RESOURCES_ARN "aws.cloudtrail.resources.arn" Keywords Elastic "ARNs of the resources";
    CT_RESOURCES_TYPE "aws.cloudtrail.resources.type" Keywords Elastic "types of the resources";
    CT_RESOURCES_ACCOUNT_ID "aws.cloudtrail.resources.account_id" Keywords Elastic "owners of the resources";
    CT_CONSOLE_LOGIN_MFA_USED "aws.cloudtrail.console_login.additional_eventdata.mfa_used" Boolean Elastic "whether a console sign-in used a second factor; `false` as well where an identity provider asked for it";
    CT_CONSOLE_LOGIN_MOBILE_VERSION "aws.cloudtrail.console_login.additional_eventdata.mobile_version" Boolean Elastic "whether it was the console for phones";
    CT_CONSOLE_LOGIN_LOGIN_TO "aws.cloudtrail.console_login.additional_eventdata.login_to" Keyword Elastic "page that was asked for";
    CT_USER_IDENTITY_TYPE "aws.cloudtrail.user_identity.type" Keyword Elastic "`IAMUser`, `AssumedRole`, `AWSService`, …";
    CT_USER_IDENTITY_PRINCIPAL_ID "aws.cloudtrail.user_identity.principal_id" Keyword Egret "principal id as logged";
    CT_USER_IDENTITY_ARN "aws.cloudtrail.user_identity.arn" Keyword Elastic "principal";
    CT_USER_IDENTITY_ACCOUNT_ID "aws.cloudtrail.user_identity.account_id" Keyword Egret "account of the principal";
    CT_USER_IDENTITY_ACCESS_KEY_ID "aws.cloudtrail.user_identity.access_key_id" Keyword Elastic "access key used";
    CT_USER_IDENTITY_USER_NAME "aws.cloudtrail.user_identity.user_name" Keyword Egret "user name as logged";
    CT_USER_IDENTITY_INVOKED_BY "aws.cloudtrail.user_identity.invoked_by" Keyword Elastic "service that called on behalf of the principal";
    CT_USER_IDENTITY_IDENTITY_PROVIDER "aws.cloudtrail.user_identity.identity_provider" Keyword Egret "SAML or web identity provider";
    CT_USER_IDENTITY_SESSION_NAME "aws.cloudtrail.user_identity.session_name" Keyword Egret "role session name, the last part of an assumed-role ARN";
    CT_USER_IDENTITY_ON_BEHALF_OF_USER_ID "aws.cloudtrail.user_identity.on_behalf_of.user_id" Keyword Egret "Identity Center user behind the session";
    CT_USER_IDENTITY_ON_BEHALF_OF_STORE "aws.cloudtrail.user_identity.on_behalf_of.identity_store_arn" Keyword Elastic "identity store of that user";
    CT_USER_IDENTITY_CREDENTIAL_ID "aws.cloudtrail.user_identity.credential_id" Keyword Elastic "access token of IAM Identity Center";
    CT_SESSION_CREATION_DATE "aws.cloudtrail.user_identity.session_context.creation_date" Date Elastic "when the session's credentials were issued";
    CT_SESSION_MFA_AUTHENTICATED "aws.cloudtrail.user_identity.session_context.mfa_authenticated" Keyword Elastic "`true` or `false`, as text";
    CT_SESSION_ISSUER_TYPE "aws.cloudtrail.user_identity.session_context.session_issuer.type" Keyword Elastic "`Role`, …";
    CT_SESSION_ISSUER_ARN "aws.cloudtrail.user_identity.session_context.session_issuer.arn" Keyword Elastic "role that was assumed";
    CT_SESSION_ISSUER_PRINCIPAL_ID "aws.cloudtrail.user_identity.session_context.session_issuer.principal_id" Keyword Elastic "principal id of that role";
    CT_SESSION_ISSUER_ACCOUNT_ID "aws.cloudtrail.user_identity.session_context.session_issuer.account_id" Keyword Elastic "account of that role";
    CT_SESSION_ISSUER_USER_NAME "aws.cloudtrail.user_identity.session_context.session_issuer.user_name" Keyword Egret "name of that role";
    CT_SESSION_SOURCE_IDENTITY "aws.cloudtrail.user_identity.session_context.source_identity" Keyword Egret "source identity set when the role was assumed";
    CT_SESSION_EC2_ROLE_DELIVERY "aws.cloudtrail.user_identity.session_context.ec2_role_delivery" Keyword Egret "IMDS version that handed out instance credentials";
    CT_ISSUED_ACCESS_KEY_ID "aws.cloudtrail.issued.access_key_id" Keyword Egret "access key that this event handed out (responseElements.credentials, CreateAccessKey)";
    CT_ROLE_ARN "aws.cloudtrail.issued.role_arn" Keyword Egret "role that this event handed out credentials for";
    CT_ROLE_SESSION_NAME "aws.cloudtrail.issued.role_session_name" Keyword Egret "session name that this event set";
    S3ACCESS_BUCKET_OWNER "aws.s3access.bucket_owner" Keyword Elastic "canonical id of the bucket's owner";
    S3ACCESS_REQUESTER "aws.s3access.requester" Keyword Elastic "who asked: ARN, canonical id; absent for anonymous";
    S3ACCESS_REQUEST_ID "aws.s3access.request_id" Keyword Elastic "S3 request id";
    S3ACCESS_OPERATION "aws.s3access.operation" Keyword Elastic "operation as logged";
    S3ACCESS_KEY "aws.s3access.key" Keyword Elastic "key as logged, doubly percent-encoded";
    S3ACCESS_REQUEST_URI "aws.s3access.request_uri" Keyword Elastic "request line as logged";
    S3ACCESS_ERROR_CODE "aws.s3access.error_code" Keyword Elastic "S3 error code";
    S3ACCESS_OBJECT_SIZE "aws.s3access.object_size" Long Elastic "bytes; size of the whole object";
    S3ACCESS_BYTES_SENT "aws.s3access.bytes_sent" Long Elastic "bytes sent, without protocol overhead";
    S3ACCESS_TOTAL_TIME "aws.s3access.total_time" Long Elastic "milliseconds";
    S3ACCESS_TURN_AROUND_TIME "aws.s3access.turn_around_time" Long Elastic "milliseconds";
    S3ACCESS_VERSION_ID "aws.s3access.version_id" Keyword Elastic "object version";
    S3ACCESS_HOST_ID "aws.s3access.host_id" Keyword Elastic "extended request id";
    S3ACCESS_SIGNATURE_VERSION "aws.s3access.signature_version" Keyword Elastic "`SigV4`, …";
    S3ACCESS_AUTHENTICATION_TYPE "aws.s3access.authentication_type" Keyword Elastic "`AuthHeader`, `QueryString` (presigned URL)";
    S3ACCESS_HOST_HEADER "aws.s3access.host_header" Keyword Elastic "endpoint used";
    S3ACCESS_ACCESS_POINT_ARN "aws.s3access.access_point_arn" Keyword Egret "access point used";
    S3ACCESS_ACL_REQUIRED "aws.s3access.acl_required" Keyword Egret "`Yes` when an ACL granted the request";
    VPCFLOW_VERSION "aws.vpcflow.version" Keyword Elastic "record format version";
    VPCFLOW_ACCOUNT_ID "aws.vpcflow.account_id" Keyword Elastic "owner of the interface";
    VPCFLOW_INTERFACE_ID "aws.vpcflow.interface_id" Keyword Elastic "network interface";
    VPCFLOW_ACTION "aws.vpcflow.action" Keyword Elastic "`ACCEPT` or `REJECT`";
    VPCFLOW_LOG_STATUS "aws.vpcflow.log_status" Keyword Elastic "`OK`, `NODATA`, `SKIPDATA`";
    VPCFLOW_INSTANCE_ID "aws.vpcflow.instance_id" Keyword Elastic "instance of the interface";
    VPCFLOW_SUBNET_ID "aws.vpcflow.subnet_id" Keyword Elastic "subnet";
    VPCFLOW_VPC_ID "aws.vpcflow.vpc_id" Keyword Elastic "VPC";
    VPCFLOW_TCP_FLAGS "aws.vpcflow.tcp_flags" Keyword Elastic "bit mask as logged";
    VPCFLOW_TCP_FLAGS_ARRAY "aws.vpcflow.tcp_flags_array" Keywords Elastic "the bits by name: `fin`, `syn`, `rst`, `psh`, `ack`, `urg`";
    VPCFLOW_TYPE "aws.vpcflow.type" Keyword Elastic "`IPv4`, `IPv6`, `EFA`";
    VPCFLOW_PKT_SRCADDR "aws.vpcflow.pkt_srcaddr" Ip Elastic "original sender, behind NAT";
    VPCFLOW_PKT_DSTADDR "aws.vpcflow.pkt_dstaddr" Ip Elastic "original receiver, behind NAT";
    VPCFLOW_PKT_SRC_SERVICE "aws.vpcflow.pkt_src_service" Keyword Elastic "AWS service of the sender's address";
    VPCFLOW_PKT_DST_SERVICE "aws.vpcflow.pkt_dst_service" Keyword Elastic "AWS service of the receiver's address";
    VPCFLOW_TRAFFIC_PATH "aws.vpcflow.traffic_path" Keyword Elastic "path that egress traffic takes";
    VPCFLOW_SUBLOCATION_TYPE "aws.vpcflow.sublocation.type" Keyword Elastic "wavelength, outpost, localzone";
    VPCFLOW_SUBLOCATION_ID "aws.vpcflow.sublocation.id" Keyword Elastic "id of the sub-location";
    ROUTE53 "aws.route53" Flattened Egret "the resolver's record as logged; every path below it can be queried";
    ROUTE53_FIREWALL_ACTION "aws.route53.firewall.action" Keyword Elastic "`ALERT` or `BLOCK`, when a DNS Firewall rule matched";
    ROUTE53_FIREWALL_RULE_GROUP_ID "aws.route53.firewall.rule_group.id" Keyword Elastic "rule group that matched";
    ROUTE53_FIREWALL_DOMAIN_LIST_ID "aws.route53.firewall.domain_list.id" Keyword Elastic "domain list of the rule that matched";
    GUARDDUTY "aws.guardduty" Flattened Egret "the finding as logged; paths below it are in camel case, as GuardDuty exports them, whatever tool wrote the file";
    ELB_NAME "aws.elb.name" Keyword Elastic "load balancer, `app/<name>/<id>`";
    ELB_TYPE "aws.elb.type" Keyword Elastic "kind of request: `http`, `https`, `h2`, `grpcs`, `ws`, `wss`";
    ELB_BACKEND_IP "aws.elb.backend.ip" Ip Elastic "target that processed the request";
    ELB_BACKEND_PORT "aws.elb.backend.port" Keyword Elastic "its port";
    ELB_BACKEND_STATUS_CODE "aws.elb.backend.http.response.status_code" Long Elastic "HTTP status of the target";
    ELB_REQUEST_PROCESSING_TIME "aws.elb.request_processing_time.sec" Double Elastic "seconds until the request was sent to a target; -1 when it was not";
    ELB_BACKEND_PROCESSING_TIME "aws.elb.backend_processing_time.sec" Double Elastic "seconds until the target began to answer; -1 when it did not";
    ELB_RESPONSE_PROCESSING_TIME "aws.elb.response_processing_time.sec" Double Elastic "seconds until the answer was sent to the client; -1 when it was not";
    ELB_TARGET_GROUP_ARN "aws.elb.target_group.arn" Keyword Elastic "target group";
    ELB_TRACE_ID "aws.elb.trace_id" Keyword Elastic "`X-Amzn-Trace-Id` header; the client can write parts of it";
    ELB_CHOSEN_CERT_ARN "aws.elb.chosen_cert.arn" Keyword Elastic "certificate presented, or `session-reused`";
    ELB_MATCHED_RULE_PRIORITY "aws.elb.matched_rule_priority" Keyword Elastic "priority of the listener rule that matched; 0 for the default rule";
    ELB_ACTION_EXECUTED "aws.elb.action_executed" Keywords Elastic "what the rule did: `forward`, `waf`, `authenticate`, …";
    ELB_REDIRECT_URL "aws.elb.redirect_url" Keyword Elastic "where the client was sent";
    ELB_ERROR_REASON "aws.elb.error.reason" Keyword Elastic "why the action failed";
    ELB_TARGET_PORT "aws.elb.target_port" Keywords Elastic "every target tried, address and port";
    ELB_TARGET_STATUS_CODE "aws.elb.target_status_code" Keywords Elastic "HTTP status of each target tried";
    ELB_CLASSIFICATION "aws.elb.classification" Keyword Elastic "`Acceptable`, `Ambiguous`, `Severe`: whether the request keeps to the standard";
    ELB_CLASSIFICATION_REASON "aws.elb.classification_reason" Keyword Elastic "why it does not";
    ELB_CONN_TRACE_ID "aws.elb.conn_trace_id" Keyword Egret "connection, as the connection log names it";
    ELB_TRANSFORMED_HOST "aws.elb.transformed_host" Keyword Egret "host after a rewrite";
    ELB_TRANSFORMED_URI "aws.elb.transformed_uri" Keyword Egret "URI after a rewrite";
    ELB_REQUEST_TRANSFORM_STATUS "aws.elb.request_transform_status" Keyword Egret "outcome of the rewrite";
    CLOUDFRONT_DOMAIN "aws.cloudfront.domain" Keyword Elastic "domain name of the distribution";
    CLOUDFRONT_DISTRIBUTION_ID "aws.cloudfront.distribution_id" Keyword Egret "distribution";
    CLOUDFRONT_EDGE_LOCATION "aws.cloudfront.edge_location" Keyword Elastic "edge location that served the request";
    CLOUDFRONT_EDGE_RESULT_TYPE "aws.cloudfront.edge_result_type" Keyword Elastic "`Hit`, `Miss`, `Error`, …, after the last byte";
    CLOUDFRONT_EDGE_RESPONSE_RESULT_TYPE "aws.cloudfront.edge_response_result_type" Keyword Elastic "the same, before the first byte";
    CLOUDFRONT_EDGE_DETAILED_RESULT_TYPE "aws.cloudfront.edge_detailed_result_type" Keyword Elastic "the same, in detail";
    CLOUDFRONT_CONTENT_TYPE "aws.cloudfront.content_type" Keyword Elastic "`Content-Type` of the response, decoded";
    CLOUDFRONT_CONTENT_LENGTH "aws.cloudfront.content_length" Long Egret "`Content-Length` of the response, bytes";
    CLOUDFRONT_TIME_TO_FIRST_BYTE "aws.cloudfront.time_to_first_byte" Double Elastic "seconds";
    CLOUDFRONT_TIME_TAKEN "aws.cloudfront.time_taken" Double Egret "seconds until the last byte";
    CLOUDFRONT_COOKIE "aws.cloudfront.cookie" Keyword Egret "`Cookie` header, decoded";
    CLOUDFRONT_X_FORWARDED_FOR "aws.cloudfront.x_forwarded_for" Keyword Egret "`X-Forwarded-For` header, decoded; whoever sends a request writes it";
    OKTA_UUID "okta.uuid" Keyword Elastic "event id";
    OKTA_EVENT_TYPE "okta.event_type" Keyword Elastic "event type";
    OKTA_DISPLAY_MESSAGE "okta.display_message" Keyword Elastic "sentence by Okta";
    OKTA_SEVERITY "okta.severity" Keyword Elastic "`DEBUG`, `INFO`, `WARN`, `ERROR`";
    OKTA_ACTOR_ID "okta.actor.id" Keyword Elastic "actor id";
    OKTA_ACTOR_TYPE "okta.actor.type" Keyword Elastic "`User`, …";
    OKTA_ACTOR_ALTERNATE_ID "okta.actor.alternate_id" Keyword Elastic "login, usually an e-mail address";
    OKTA_ACTOR_DISPLAY_NAME "okta.actor.display_name" Keyword Elastic "name";
    OKTA_CLIENT_IP "okta.client.ip" Ip Elastic "client's address";
    OKTA_CLIENT_DEVICE "okta.client.device" Keyword Elastic "kind of device";
    OKTA_CLIENT_ID "okta.client.id" Keyword Elastic "OAuth client";
    OKTA_CLIENT_ZONE "okta.client.zone" Keyword Elastic "network zone";
    OKTA_CLIENT_USER_AGENT_RAW "okta.client.user_agent.raw_user_agent" Keyword Elastic "user agent as sent";
    OKTA_CLIENT_USER_AGENT_BROWSER "okta.client.user_agent.browser" Keyword Elastic "browser";
    OKTA_CLIENT_USER_AGENT_OS "okta.client.user_agent.os" Keyword Elastic "operating system";
    OKTA_OUTCOME_RESULT "okta.outcome.result" Keyword Elastic "`SUCCESS`, `FAILURE`, …";
    OKTA_OUTCOME_REASON "okta.outcome.reason" Keyword Elastic "reason";
    OKTA_TRANSACTION_ID "okta.transaction.id" Keyword Elastic "transaction";
    OKTA_TRANSACTION_TYPE "okta.transaction.type" Keyword Elastic "`WEB`, `JOB`";
    OKTA_SECURITY_CONTEXT_IS_PROXY "okta.security_context.is_proxy" Boolean Elastic "whether Okta takes the address for a proxy";
    OKTA_SECURITY_CONTEXT_AS_NUMBER "okta.security_context.as.number" Long Elastic "autonomous system";
    OKTA_SECURITY_CONTEXT_AS_ORGANIZATION "okta.security_context.as.organization.name" Keyword Elastic "its owner";
    OKTA_SECURITY_CONTEXT_ISP "okta.security_context.isp" Keyword Elastic "internet provider";
    OKTA_SECURITY_CONTEXT_DOMAIN "okta.security_context.domain" Keyword Elastic "domain";
    OKTA_AUTHENTICATION_EXTERNAL_SESSION_ID "okta.authentication_context.external_session_id" Keyword Elastic "Okta session";
    OKTA_AUTHENTICATION_CREDENTIAL_TYPE "okta.authentication_context.credential_type" Keyword Elastic "credential type";
    OKTA_AUTHENTICATION_CREDENTIAL_PROVIDER "okta.authentication_context.credential_provider" Keyword Elastic "credential provider";
    OKTA_AUTHENTICATION_INTERFACE "okta.authentication_context.interface" Keyword Elastic "interface";
    OKTA_DEBUG_DATA "okta.debug_context.debug_data" Flattened Elastic "free-form debug data";
    OKTA_TARGET "okta.target" Json Elastic "targets as logged";
    OKTA_TARGET_ID "okta.target.id" Keywords Elastic "target ids";
    OKTA_TARGET_TYPE "okta.target.type" Keywords Elastic "target types";
    OKTA_TARGET_ALTERNATE_ID "okta.target.alternate_id" Keywords Elastic "target logins or application names";
    OKTA_TARGET_DISPLAY_NAME "okta.target.display_name" Keywords Elastic "target names";
    CLIENT_GEO_COUNTRY_NAME "client.geo.country_name" Keyword Ecs "country as Okta says";
    CLIENT_GEO_CITY_NAME "client.geo.city_name" Keyword Ecs "city as Okta says";
    CLIENT_GEO_REGION_NAME "client.geo.region_name" Keyword Ecs "region as Okta says";
    IDENTITY_BROKER "identity_broker" Flattened Pattern "the broker's record as logged, whatever its shape; every dotted path below it can be queried";
    BROKER_PERSON "egret.broker.person" Keyword Egret "human who got credentials, as the mapping file says";
    BROKER_ROLE "egret.broker.role" Keyword Egret "AWS role that was handed out, name or ARN as logged; of a broker that logs its own name for it only, that";
    BROKER_ACCOUNT_ID "egret.broker.account_id" Keyword Egret "AWS account of that role";
    BROKER_ACCESS_KEY_ID "egret.broker.access_key_id" Keyword Egret "access key that was handed out";
    BROKER_SESSION_NAME "egret.broker.session_name" Keyword Egret "role session name that was set";
    BROKER_GRANT_ID "egret.broker.grant_id" Keyword Egret "the broker's own id of the grant, lease or session";
    DATA_STREAM_NAMESPACE "data_stream.namespace" Keyword Ecs "namespace of the team's data stream; ECS documents only";
    EVENT_INGESTED "event.ingested" Date Ecs "when the team's pipeline took it in; ECS documents only";
    ENTITY_TARGET_ID "entity.target.id" Keyword Ecs "what a CloudTrail request acts upon: role, user, group, policy, else the first name, id or ARN in it; not of data events";
    RELATED_ENTITY "related.entity" Keywords Ecs "whoever called, and every name, id and ARN of a CloudTrail request and its answer; not of data events";
    USER_ENTITY_ID "user.entity.id" Keyword Ecs "ECS documents only";
    USER_CHANGES_NAME "user.changes.name" Keyword Ecs "ECS documents only";
    CLIENT_USER_NAME "client.user.name" Keyword Ecs "for Okta the same as `user.name`";
    HOST_ID "host.id" Keyword Ecs "ECS documents only";
    HOST_NAME "host.name" Keyword Ecs "ECS documents only";
    HOST_OS_TYPE "host.os.type" Keyword Ecs "ECS documents only";
    PROCESS_NAME "process.name" Keyword Ecs "ECS documents only";
    PROCESS_EXECUTABLE "process.executable" Keyword Ecs "ECS documents only";
    PROCESS_COMMAND_LINE "process.command_line" Keyword Ecs "ECS documents only";
    PROCESS_ARGS "process.args" Keywords Ecs "ECS documents only";
    PROCESS_PID "process.pid" Long Ecs "ECS documents only";
    PROCESS_PARENT_NAME "process.parent.name" Keyword Ecs "ECS documents only";
    PROCESS_PARENT_COMMAND_LINE "process.parent.command_line" Keyword Ecs "ECS documents only";
    PROCESS_PARENT_ARGS "process.parent.args" Keywords Ecs "ECS documents only";
    ORCHESTRATOR_CLUSTER_NAME "orchestrator.cluster.name" Keyword Ecs "ECS documents only";
    KUBERNETES_AUDIT_VERB "kubernetes.audit.verb" Keyword Elastic "ECS documents only";
    KUBERNETES_AUDIT_OBJECT_RESOURCE "kubernetes.audit.objectRef.resource" Keyword Elastic "ECS documents only";
    KUBERNETES_AUDIT_OBJECT_NAMESPACE "kubernetes.audit.objectRef.namespace" Keyword Elastic "ECS documents only";
    KIBANA_ALERT_RULE_ID "kibana.alert.rule.rule_id" Keyword Elastic "ECS documents only";
    KIBANA_ALERT_RULE_NAME "kibana.alert.rule.name" Keyword Elastic "ECS documents only";
    KIBANA_ALERT_RULE_TYPE "kibana.alert.rule.type" Keyword Elastic "ECS documents only";
    KIBANA_ALERT_SEVERITY "kibana.alert.severity" Keyword Elastic "ECS documents only";
    KIBANA_ALERT_RISK_SCORE "kibana.alert.risk_score" Double Elastic "ECS documents only";
    KIBANA_ALERT_WORKFLOW_STATUS "kibana.alert.workflow_status" Keyword Elastic "ECS documents only";
    SIGNAL_RULE_TACTIC_NAME "signal.rule.threat.tactic.name" Keywords Elastic "ECS documents only";
    GEN_AI_REQUEST_MODEL_ID "gen_ai.request.model.id" Keyword Elastic "ECS documents only";
    GEN_AI_POLICY_ACTION "gen_ai.policy.action" Keyword Elastic "ECS documents only";
    GEN_AI_POLICY_NAME "gen_ai.policy.name" Keyword Elastic "ECS documents only";
    GEN_AI_POLICY_CONFIDENCE "gen_ai.policy.confidence" Keyword Elastic "ECS documents only";
    GEN_AI_COMPLIANCE_VIOLATION_DETECTED "gen_ai.compliance.violation_detected" Boolean Elastic "ECS documents only";
    GEN_AI_COMPLIANCE_VIOLATION_CODE "gen_ai.compliance.violation_code" Keyword Elastic "ECS documents only";
    GEN_AI_RESPONSE_ERROR_CODE "gen_ai.response.error_code" Keyword Elastic "ECS documents only";
    GEN_AI_PROMPT "gen_ai.prompt" Keyword Elastic "ECS documents only";
    GEN_AI_COMPLETION "gen_ai.completion" Keyword Elastic "ECS documents only";
    GEN_AI_GUARDRAIL_ID "gen_ai.guardrail_id" Keyword Elastic "ECS documents only";
    GEN_AI_USAGE_PROMPT_TOKENS "gen_ai.usage.prompt_tokens" Long Elastic "ECS documents only";
    GEN_AI_USAGE_COMPLETION_TOKENS "gen_ai.usage.completion_tokens" Long Elastic "ECS documents only";
    BEDROCK_AGENTCORE_OPERATION "aws.bedrock_agentcore.operation" Keyword Elastic "ECS documents only";
    BEDROCK_AGENTCORE_PROMPT "aws.bedrock_agentcore.request_payload.prompt" Keyword Elastic "ECS documents only";
    OKTA_AUTHENTICATION_ROOT_SESSION_ID "okta.authentication_context.root_session_id" Keyword Elastic "Okta session that the session came from";
    OKTA_AUTHENTICATION_ISSUER_ID "okta.authentication_context.issuer.id" Keyword Elastic "who issued the token";
    LOG_FILE_PATH "log.file.path" Keyword Ecs "evidence file, relative to what was ingested";
    LOG_OFFSET "log.offset" Long Ecs "record number in that file, from 1";
    EVIDENCE_SHA256 "egret.evidence.sha256" Keyword Egret "SHA-256 of that file as stored";
    LOG_DELIVERY "egret.log_delivery" Boolean Egret "true: an AWS service delivered logs; nobody's doing";
    REST "egret.rest" Json Egret "leaves of the record that no other column holds, as one JSON object";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_lower_case() {
        let mut seen = BTreeSet::new();
        for field in Field::all() {
            assert!(seen.insert(field.name()), "`{}` is listed twice", field.name());
            // Kubernetes' own camel case is the field's name.
            let name = field.name().replace("objectRef", "object_ref");
            assert_eq!(name, name.to_lowercase());
            assert!(!field.def().note.is_empty(), "`{}` has no note", field.name());
        }
    }

    #[test]
    fn constants_point_at_their_row() {
        assert_eq!(fields::TIMESTAMP.name(), "@timestamp");
        assert_eq!(fields::REST.index(), CATALOG.len() - 1);
        assert_eq!(Field::by_name("source.ip"), Some(fields::SOURCE_IP));
        assert_eq!(Field::by_name("source.nonsense"), None);
    }
}
