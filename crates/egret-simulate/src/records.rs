//! Records as each source writes them. Text is put together directly: a practice of ten million
//! events has no time for trees.

use std::fmt::Write;

use jiff::Timestamp;

use crate::chance::Chance;
use crate::world::{ACCOUNT, Person, REGION, Service};

/// A day's records: time in milliseconds, and text.
#[derive(Debug, Default)]
pub(crate) struct Day {
    pub(crate) trail: Vec<(i64, String)>,
    /// Bucket and line.
    pub(crate) access: Vec<(i64, (&'static str, String))>,
    pub(crate) flows: Vec<(i64, String)>,
    pub(crate) okta: Vec<(i64, String)>,
    pub(crate) broker: Vec<(i64, String)>,
}

impl Day {
    pub(crate) fn append(&mut self, mut other: Self) {
        self.trail.append(&mut other.trail);
        self.access.append(&mut other.access);
        self.flows.append(&mut other.flows);
        self.okta.append(&mut other.okta);
        self.broker.append(&mut other.broker);
    }
}

/// RFC 3339 to the second.
pub(crate) fn at(time: i64) -> String {
    Timestamp::from_second(time.div_euclid(1_000)).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// RFC 3339 with milliseconds.
pub(crate) fn at_ms(time: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(time).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Who calls, as `userIdentity`.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) role: String,
    pub(crate) session: String,
    pub(crate) key: String,
    pub(crate) created: i64,
    pub(crate) mfa: bool,
    pub(crate) address: String,
    pub(crate) agent: String,
    pub(crate) invoked_by: Option<&'static str>,
}

impl Caller {
    pub(crate) fn person(person: &Person, key: &str, created: i64, address: &str) -> Self {
        Self {
            role: person.role.to_owned(),
            session: person.mail.clone(),
            key: key.to_owned(),
            created,
            mfa: true,
            address: address.to_owned(),
            agent: person.agent.to_owned(),
            invoked_by: None,
        }
    }

    pub(crate) fn service(service: &Service, created: i64) -> Self {
        Self {
            role: service.role.to_owned(),
            session: service.session.to_owned(),
            key: service.key.clone(),
            created,
            mfa: false,
            address: service.address.to_owned(),
            agent: service.agent.to_owned(),
            invoked_by: service.invoked_by,
        }
    }

    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/{}", self.role, self.session)
    }

    fn json(&self) -> String {
        // A role's id is made of its name, so that it stays the same.
        let id: String = self
            .role
            .bytes()
            .cycle()
            .take(17)
            .map(|byte| char::from(b'A'.saturating_add(byte % 26)))
            .collect();
        let invoked = self
            .invoked_by
            .map_or_else(String::new, |service| format!(",\"invokedBy\":\"{service}\""));
        let delivery =
            if self.session.starts_with("i-") { ",\"ec2RoleDelivery\":\"2.0\"" } else { "" };
        format!(
            "{{\"type\":\"AssumedRole\",\"principalId\":\"AROA{id}:{session}\",\"arn\":\"{arn}\",\
             \"accountId\":\"{ACCOUNT}\",\"accessKeyId\":\"{key}\",\"sessionContext\":{{\
             \"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"AROA{id}\",\
             \"arn\":\"arn:aws:iam::{ACCOUNT}:role/{role}\",\"accountId\":\"{ACCOUNT}\",\
             \"userName\":\"{role}\"}},\"attributes\":{{\"creationDate\":\"{created}\",\
             \"mfaAuthenticated\":\"{mfa}\"}}{delivery}}}{invoked}}}",
            session = self.session,
            arn = self.arn(),
            key = self.key,
            role = self.role,
            created = at(self.created),
            mfa = self.mfa,
        )
    }
}

/// A CloudTrail record under construction.
pub(crate) struct Call<'a> {
    pub(crate) time: i64,
    pub(crate) source: &'a str,
    pub(crate) name: &'a str,
    pub(crate) region: &'a str,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) error: Option<(&'a str, &'a str)>,
    pub(crate) read_only: bool,
    /// Bucket, key and bytes of an S3 data event.
    pub(crate) data: Option<DataEvent<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct DataEvent<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
}

impl<'a> Call<'a> {
    pub(crate) fn new(time: i64, source: &'a str, name: &'a str) -> Self {
        Self {
            time,
            source,
            name,
            region: REGION,
            request: "null".to_owned(),
            response: "null".to_owned(),
            error: None,
            read_only: true,
            data: None,
        }
    }

    pub(crate) fn request(mut self, request: String) -> Self {
        self.request = request;
        self
    }

    pub(crate) fn response(mut self, response: String) -> Self {
        self.response = response;
        self.read_only = false;
        self
    }

    pub(crate) fn denied(mut self) -> Self {
        "null".clone_into(&mut self.request);
        self.error = Some(("AccessDenied", "User is not authorized to perform this action"));
        self
    }

    /// The record, and the request id it carries.
    pub(crate) fn record(self, caller: &Caller, chance: &mut Chance) -> ((i64, String), String) {
        let request_id = if self.data.is_some() { chance.capitals(16) } else { chance.uuid() };
        let mut text = String::with_capacity(1_400);
        let mut put = |arguments: std::fmt::Arguments<'_>| {
            let written = text.write_fmt(arguments);
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        };
        put(format_args!(
            "{{\"eventVersion\":\"1.09\",\"userIdentity\":{},\"eventTime\":\"{}\",\
             \"eventSource\":\"{}\",\"eventName\":\"{}\",\"awsRegion\":\"{}\",\
             \"sourceIPAddress\":\"{}\",\"userAgent\":\"{}\"",
            caller.json(),
            at(self.time),
            self.source,
            self.name,
            self.region,
            caller.address,
            caller.agent
        ));
        if let Some((code, message)) = self.error {
            put(format_args!(",\"errorCode\":\"{code}\",\"errorMessage\":\"{message}\""));
        }
        if let Some(data) = self.data {
            put(format_args!(
                ",\"requestParameters\":{{\"bucketName\":\"{0}\",\"Host\":\"{0}.s3.{REGION}.amazonaws.com\",\
                 \"key\":\"{1}\"}},\"responseElements\":null,\"additionalEventData\":{{\
                 \"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\
                 \"bytesTransferredIn\":{2},\"AuthenticationMethod\":\"AuthHeader\",\
                 \"x-amz-id-2\":\"{3}=\",\"bytesTransferredOut\":{4}}},\"requestID\":\"{request_id}\",\
                 \"eventID\":\"{5}\",\"readOnly\":{6},\"resources\":[{{\"type\":\"AWS::S3::Object\",\
                 \"ARN\":\"arn:aws:s3:::{0}/{1}\"}},{{\"accountId\":\"{ACCOUNT}\",\
                 \"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::{0}\"}}],\
                 \"eventType\":\"AwsApiCall\",\"managementEvent\":false,\
                 \"recipientAccountId\":\"{ACCOUNT}\",\"eventCategory\":\"Data\"",
                data.bucket,
                data.key,
                data.bytes_in,
                chance.hex(40),
                data.bytes_out,
                chance.uuid(),
                self.read_only
            ));
            if caller.address.starts_with("10.") {
                put(format_args!(
                    ",\"vpcEndpointId\":\"vpce-0a1b2c3d4e5f6a7b8\",\"vpcEndpointAccountId\":\"{ACCOUNT}\""
                ));
            }
        } else {
            put(format_args!(
                ",\"requestParameters\":{},\"responseElements\":{},\"requestID\":\"{request_id}\",\
                 \"eventID\":\"{}\",\"readOnly\":{},\"eventType\":\"AwsApiCall\",\
                 \"managementEvent\":true,\"recipientAccountId\":\"{ACCOUNT}\",\
                 \"eventCategory\":\"Management\"",
                self.request,
                self.response,
                chance.uuid(),
                self.read_only
            ));
        }
        if caller.invoked_by.is_none() {
            put(format_args!(
                ",\"tlsDetails\":{{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\
                 \"clientProvidedHostHeader\":\"{}\"}}",
                self.source
            ));
        }
        put(format_args!("}}"));
        ((self.time, text), request_id)
    }
}

/// Role credentials handed out by the broker: the record of it in CloudTrail.
pub(crate) fn assume_role(
    time: i64,
    person: &Person,
    key: &str,
    chance: &mut Chance,
) -> (i64, String) {
    let broker = Caller {
        role: "identity-broker".to_owned(),
        session: "broker-task".to_owned(),
        key: "ASIABROKERTASKEXAMPLE".to_owned(),
        created: time.div_euclid(3_600_000).saturating_mul(3_600_000),
        mfa: false,
        address: "10.0.9.20".to_owned(),
        agent: "aws-sdk-go-v2/1.26.0 os/linux lang/go#1.22.1".to_owned(),
        invoked_by: None,
    };
    let expires = at(time.saturating_add(12 * 3_600_000));
    Call::new(time, "sts.amazonaws.com", "AssumeRole")
        .request(format!(
            "{{\"roleArn\":\"arn:aws:iam::{ACCOUNT}:role/{0}\",\"roleSessionName\":\"{1}\",\
             \"sourceIdentity\":\"{1}\",\"durationSeconds\":43200}}",
            person.role, person.mail
        ))
        .response(format!(
            "{{\"credentials\":{{\"accessKeyId\":\"{key}\",\"sessionToken\":\"HIDDEN_DUE_TO_SECURITY_REASONS\",\
             \"expiration\":\"{expires}\"}},\"assumedRoleUser\":{{\"assumedRoleId\":\"AROA{2}:{1}\",\
             \"arn\":\"arn:aws:sts::{ACCOUNT}:assumed-role/{0}/{1}\"}},\"sourceIdentity\":\"{1}\"}}",
            person.role,
            person.mail,
            "EXAMPLEROLEID0001"
        ))
        .record(&broker, chance)
        .0
}

/// The broker's own record.
pub(crate) fn broker(
    time: i64,
    person: &Person,
    key: &str,
    address: &str,
    chance: &mut Chance,
) -> (i64, String) {
    let text = format!(
        "{{\"@timestamp\":\"{}\",\"identity_broker\":{{\"audit\":{{\"id\":\"{}\",\
         \"action\":\"credentials.issue\",\"outcome\":\"success\",\"actor\":{{\"email\":\"{mail}\",\
         \"ip\":\"{address}\"}},\"observer\":{{\"name\":\"identity-broker\",\"info\":{{\
         \"credentials\":{{\"aws\":{{\"role\":\"{}\",\"account\":\"{ACCOUNT}\",\
         \"session_name\":\"{mail}\",\"access_key_id\":\"{key}\"}}}}}}}}}}}}}}",
        at_ms(time),
        chance.uuid(),
        person.role,
        mail = person.mail,
    );
    (time, text)
}

/// An event of the Okta System Log.
pub(crate) fn okta(
    time: i64,
    person: &Person,
    event_type: &str,
    outcome: (&str, Option<&str>),
    address: &str,
    target: Option<&str>,
    chance: &mut Chance,
) -> (i64, String) {
    let reason = outcome.1.map_or("null".to_owned(), |reason| format!("\"{reason}\""));
    let target = target.map_or("null".to_owned(), |name| {
        format!(
            "[{{\"id\":\"0oa{}\",\"type\":\"AppInstance\",\"alternateId\":\"{name}\",\"displayName\":\"{name}\",\"detailEntry\":null}}]",
            "exampleapp0000001"
        )
    });
    let text = format!(
        "{{\"actor\":{{\"id\":\"{}\",\"type\":\"User\",\"alternateId\":\"{}\",\"displayName\":\"{}\",\
         \"detailEntry\":null}},\"client\":{{\"userAgent\":{{\"rawUserAgent\":\"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\",\
         \"os\":\"Mac OS X\",\"browser\":\"CHROME\"}},\"zone\":\"null\",\"device\":\"Computer\",\"id\":null,\
         \"ipAddress\":\"{address}\",\"geographicalContext\":null}},\"authenticationContext\":{{\
         \"authenticationProvider\":null,\"credentialProvider\":null,\"credentialType\":null,\"issuer\":null,\
         \"interface\":null,\"authenticationStep\":0,\"externalSessionId\":\"idx{}\"}},\
         \"displayMessage\":\"{event_type}\",\"eventType\":\"{event_type}\",\"outcome\":{{\"result\":\"{}\",\
         \"reason\":{reason}}},\"published\":\"{}\",\"securityContext\":{{\"asNumber\":64500,\
         \"asOrg\":\"example net\",\"isp\":\"example net\",\"domain\":\"example.net\",\"isProxy\":false}},\
         \"severity\":\"INFO\",\"debugContext\":{{\"debugData\":{{\"requestId\":\"{}\",\"requestUri\":\"/api/v1/authn\",\
         \"threatSuspected\":\"false\"}}}},\"legacyEventType\":null,\"transaction\":{{\"type\":\"WEB\",\
         \"id\":\"{}\",\"detail\":{{}}}},\"uuid\":\"{}\",\"version\":\"0\",\"request\":{{\"ipChain\":[{{\"ip\":\"{address}\",\
         \"geographicalContext\":null,\"version\":\"V4\",\"source\":null}}]}},\"target\":{target}}}",
        person.okta_id,
        person.mail,
        person.name,
        chance.hex(16),
        outcome.0,
        at_ms(time),
        chance.hex(20),
        chance.hex(20),
        chance.uuid(),
    );
    (time, text)
}

/// A line of the S3 server access log for a read that CloudTrail shows with the same request id.
pub(crate) fn access_line(
    time: i64,
    caller: &Caller,
    data: DataEvent<'_>,
    request_id: &str,
    chance: &mut Chance,
) -> String {
    let when = Timestamp::from_millisecond(time)
        .map(|time| jiff::tz::TimeZone::UTC.to_datetime(time))
        .map(|time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
        .unwrap_or_default();
    format!(
        "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be {bucket} [{when}] {address} {arn} {request_id} \
         REST.GET.OBJECT {key} \"GET /{key} HTTP/1.1\" 200 - {bytes} {bytes} {total} {turn} \"-\" \"{agent}\" - {host}= SigV4 \
         TLS_AES_128_GCM_SHA256 AuthHeader {bucket}.s3.{REGION}.amazonaws.com TLSv1.3 - -",
        bucket = data.bucket,
        address = caller.address,
        arn = caller.arn(),
        key = data.key,
        bytes = data.bytes_out,
        total = chance.between(8, 120),
        turn = chance.between(4, 40),
        agent = caller.agent,
        host = chance.hex(40),
    )
}

/// Field order of the flow log.
pub(crate) const FLOW_HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol \
packets bytes start end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr \
pkt-dstaddr region az-id flow-direction traffic-path";

/// One flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow<'a> {
    pub(crate) time: i64,
    pub(crate) seconds: i64,
    pub(crate) interface: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) from: (&'a str, u64),
    pub(crate) to: (&'a str, u64),
    /// Original sender and receiver.
    pub(crate) packet: (&'a str, &'a str),
    pub(crate) bytes: u64,
    pub(crate) accepted: bool,
    pub(crate) outbound: bool,
}

impl Flow<'_> {
    pub(crate) fn line(&self) -> (i64, String) {
        let start = self.time.div_euclid(1_000);
        let text = format!(
            "5 {ACCOUNT} {} {} {} {} {} 6 {} {} {start} {} {} OK vpc-0a1b2c3d4e5f6a7b8 subnet-0a1b2c3d4e5f6a7b8 {} 3 IPv4 {} {} {REGION} use1-az1 {} {}",
            self.interface,
            self.from.0,
            self.to.0,
            self.from.1,
            self.to.1,
            (self.bytes / 1_200).max(1),
            self.bytes,
            start.saturating_add(self.seconds),
            if self.accepted { "ACCEPT" } else { "REJECT" },
            self.instance,
            self.packet.0,
            self.packet.1,
            if self.outbound { "egress" } else { "ingress" },
            if self.outbound { "8" } else { "-" },
        );
        (self.time, text)
    }
}
