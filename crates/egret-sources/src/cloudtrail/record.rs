//! One CloudTrail record, read member by member and borrowed from the file's bytes.

use std::borrow::Cow;

use crate::instant::micros_of;
use crate::json::cursor::Raw;
use crate::json::members::{Text, boolean, flat, is_object, keep, text};
use crate::json::rest::holds_nothing;
use crate::json::tokens::Root;
use crate::json::{Cursor, Flat, Rest, Stop, Tokens, Value};

const TOP: &[&str] = &[];
const IDENTITY: &[&str] = &["userIdentity"];
const BEHALF: &[&str] = &["userIdentity", "onBehalfOf"];
const SESSION: &[&str] = &["userIdentity", "sessionContext"];
const ISSUER: &[&str] = &["userIdentity", "sessionContext", "sessionIssuer"];
const ATTRIBUTES: &[&str] = &["userIdentity", "sessionContext", "attributes"];
const TLS: &[&str] = &["tlsDetails"];

/// A record as logged.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    pub(super) event_version: Text<'a>,
    pub(super) time: Option<Time<'a>>,
    pub(super) event_source: Text<'a>,
    pub(super) event_name: Text<'a>,
    pub(super) region: Text<'a>,
    pub(super) source_address: Text<'a>,
    pub(super) user_agent: Text<'a>,
    pub(super) error_code: Text<'a>,
    pub(super) error_message: Text<'a>,
    pub(super) request_id: Text<'a>,
    pub(super) event_id: Text<'a>,
    pub(super) event_type: Text<'a>,
    pub(super) event_category: Text<'a>,
    pub(super) api_version: Text<'a>,
    pub(super) recipient_account_id: Text<'a>,
    pub(super) shared_event_id: Text<'a>,
    pub(super) vpc_endpoint_id: Text<'a>,
    pub(super) vpc_endpoint_account_id: Text<'a>,
    pub(super) session_credential_from_console: Text<'a>,
    pub(super) read_only: Option<bool>,
    pub(super) management_event: Option<bool>,
    pub(super) identity: Identity<'a>,
    pub(super) tls: Tls<'a>,
    pub(super) request: Option<Flat<'a>>,
    pub(super) response: Option<Flat<'a>>,
    pub(super) additional: Option<Flat<'a>>,
    pub(super) service_details: Option<Flat<'a>>,
    pub(super) insight: Option<Flat<'a>>,
    pub(super) resources: Resources<'a>,
    pub(super) rest: Rest<'a>,
}

/// When it happened.
#[derive(Debug)]
pub(super) struct Time<'a> {
    text: Cow<'a, str>,
    raw: &'a str,
    micros: Option<i64>,
    /// Whether this is `eventTime` and not a pipeline's `@timestamp`.
    own: bool,
}

/// `userIdentity`.
#[derive(Debug, Default)]
pub(super) struct Identity<'a> {
    pub(super) kind: Text<'a>,
    pub(super) principal_id: Text<'a>,
    pub(super) arn: Text<'a>,
    pub(super) account_id: Text<'a>,
    pub(super) access_key_id: Text<'a>,
    pub(super) user_name: Text<'a>,
    pub(super) invoked_by: Text<'a>,
    pub(super) identity_provider: Text<'a>,
    pub(super) credential_id: Text<'a>,
    pub(super) on_behalf_of_user_id: Text<'a>,
    pub(super) on_behalf_of_store: Text<'a>,
    pub(super) session_created: Option<i64>,
    pub(super) mfa_authenticated: Text<'a>,
    pub(super) issuer_type: Text<'a>,
    pub(super) issuer_principal_id: Text<'a>,
    pub(super) issuer_arn: Text<'a>,
    pub(super) issuer_account_id: Text<'a>,
    pub(super) issuer_user_name: Text<'a>,
    pub(super) source_identity: Text<'a>,
    pub(super) ec2_role_delivery: Text<'a>,
}

/// `tlsDetails`.
#[derive(Debug, Default)]
pub(super) struct Tls<'a> {
    pub(super) version: Text<'a>,
    pub(super) cipher: Text<'a>,
    pub(super) server_name: Text<'a>,
}

/// `resources`: the list as logged, and its columns.
#[derive(Debug, Default)]
pub(super) struct Resources<'a> {
    pub(super) json: Option<&'a str>,
    pub(super) list: Vec<Resource<'a>>,
}

/// One resource.
#[derive(Debug, Default)]
pub(super) struct Resource<'a> {
    pub(super) arn: Text<'a>,
    pub(super) kind: Text<'a>,
    pub(super) account_id: Text<'a>,
}

impl<'a> Record<'a> {
    /// Reads the object the cursor stands at.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        tokens: &mut Tokens,
    ) -> Result<(), Stop> {
        cursor.members(|cursor, name, key| {
            let rest = &mut self.rest;
            let slot = match name {
                "eventVersion" => &mut self.event_version,
                "eventSource" => &mut self.event_source,
                "eventName" => &mut self.event_name,
                "awsRegion" => &mut self.region,
                "sourceIPAddress" => &mut self.source_address,
                "userAgent" => &mut self.user_agent,
                "errorCode" => &mut self.error_code,
                "errorMessage" => &mut self.error_message,
                "requestID" | "requestId" => &mut self.request_id,
                "eventID" => &mut self.event_id,
                "eventType" => &mut self.event_type,
                "eventCategory" => &mut self.event_category,
                "apiVersion" => &mut self.api_version,
                "recipientAccountId" => &mut self.recipient_account_id,
                "sharedEventID" => &mut self.shared_event_id,
                "vpcEndpointId" => &mut self.vpc_endpoint_id,
                "vpcEndpointAccountId" => &mut self.vpc_endpoint_account_id,
                "sessionCredentialFromConsole" => &mut self.session_credential_from_console,
                "userIdentity" if is_object(cursor) => return self.identity.read(cursor, rest),
                "tlsDetails" if is_object(cursor) => return self.tls.read(cursor, rest),
                "requestParameters" => {
                    return flat(cursor, tokens, Root::Ec2, &mut self.request, rest, TOP, key);
                }
                "responseElements" => {
                    return flat(cursor, tokens, Root::Ec2, &mut self.response, rest, TOP, key);
                }
                "additionalEventData" => {
                    return flat(cursor, tokens, Root::Ec2, &mut self.additional, rest, TOP, key);
                }
                "serviceEventDetails" => {
                    return flat(
                        cursor,
                        tokens,
                        Root::Ec2,
                        &mut self.service_details,
                        rest,
                        TOP,
                        key,
                    );
                }
                "insightDetails" => {
                    return flat(cursor, tokens, Root::Ec2, &mut self.insight, rest, TOP, key);
                }
                "resources" if cursor.peek() == Some(b'[') && self.resources.json.is_none() => {
                    return self.resources.read(cursor);
                }
                "readOnly" => return boolean(cursor, &mut self.read_only, rest, TOP, key),
                "managementEvent" => {
                    return boolean(cursor, &mut self.management_event, rest, TOP, key);
                }
                "eventTime" | "@timestamp" => return self.time(cursor, name == "eventTime", key),
                _ => return keep(cursor, rest, TOP, key),
            };
            text(cursor, slot, rest, TOP, key)
        })
    }

    fn time(&mut self, cursor: &mut Cursor<'a>, own: bool, key: Raw<'a>) -> Result<(), Stop> {
        let start = cursor.at();
        let text = match cursor.value()? {
            Value::Null => return Ok(()),
            Value::Text(text) => text,
            other => Cow::Owned(format!("{} where a time belongs", other.kind())),
        };
        let (micros, raw) = (micros_of(&text), cursor.since(start));
        // `eventTime` is the log's own word; what a pipeline added beside it is kept as it is.
        if self.time.as_ref().is_none_or(|held| own && !held.own) {
            if let Some(held) = self.time.take() {
                self.rest.keep(TOP, "@timestamp", held.raw);
            }
            self.time = Some(Time { text, raw, micros, own });
        } else {
            self.rest.keep(TOP, key.text, raw);
        }
        Ok(())
    }

    /// Whether it is an Insights event, which names no call of its own.
    pub(super) fn is_insight(&self) -> bool {
        self.insight.is_some() || self.event_type.as_deref() == Some("AwsCloudTrailInsight")
    }

    /// What every event needs: its instant.
    pub(super) fn check(&self) -> Result<i64, String> {
        let present = |text: &Text<'_>| text.as_deref().is_some_and(|text| !text.is_empty());
        let mut missing = Vec::new();
        if self.time.is_none() {
            missing.push("`eventTime`");
        }
        if !self.is_insight() {
            if !present(&self.event_name) {
                missing.push("`eventName`");
            }
            if !present(&self.event_source) {
                missing.push("`eventSource`");
            }
        }
        if !missing.is_empty() {
            return Err(format!(
                "expected `eventTime`, `eventName` and `eventSource`, found no {}",
                missing.join(" and no ")
            ));
        }
        let time = self.time.as_ref().ok_or_else(|| "found no `eventTime`".to_owned())?;
        time.micros.ok_or_else(|| {
            let found: String = time.text.chars().take(64).collect();
            format!("`eventTime` is not a time such as `2025-07-24T03:15:00Z`: `{found}`")
        })
    }
}

impl<'a> Identity<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, rest: &mut Rest<'a>) -> Result<(), Stop> {
        cursor.members(|cursor, name, key| {
            let slot = match name {
                "type" => &mut self.kind,
                "principalId" => &mut self.principal_id,
                "arn" => &mut self.arn,
                "accountId" => &mut self.account_id,
                "accessKeyId" => &mut self.access_key_id,
                "userName" => &mut self.user_name,
                "invokedBy" => &mut self.invoked_by,
                "identityProvider" => &mut self.identity_provider,
                "credentialId" => &mut self.credential_id,
                "onBehalfOf" if is_object(cursor) => {
                    return cursor.members(|cursor, name, key| match name {
                        "userId" => text(cursor, &mut self.on_behalf_of_user_id, rest, BEHALF, key),
                        "identityStoreArn" => {
                            text(cursor, &mut self.on_behalf_of_store, rest, BEHALF, key)
                        }
                        _ => keep(cursor, rest, BEHALF, key),
                    });
                }
                "sessionContext" if is_object(cursor) => return self.session(cursor, rest),
                _ => return keep(cursor, rest, IDENTITY, key),
            };
            text(cursor, slot, rest, IDENTITY, key)
        })
    }

    fn session(&mut self, cursor: &mut Cursor<'a>, rest: &mut Rest<'a>) -> Result<(), Stop> {
        cursor.members(|cursor, name, key| match name {
            "sessionIssuer" if is_object(cursor) => cursor.members(|cursor, name, key| {
                let slot = match name {
                    "type" => &mut self.issuer_type,
                    "principalId" => &mut self.issuer_principal_id,
                    "arn" => &mut self.issuer_arn,
                    "accountId" => &mut self.issuer_account_id,
                    "userName" => &mut self.issuer_user_name,
                    _ => return keep(cursor, rest, ISSUER, key),
                };
                text(cursor, slot, rest, ISSUER, key)
            }),
            "attributes" if is_object(cursor) => cursor.members(|cursor, name, key| match name {
                "mfaAuthenticated" => {
                    text(cursor, &mut self.mfa_authenticated, rest, ATTRIBUTES, key)
                }
                "creationDate" => {
                    let start = cursor.at();
                    let value = cursor.value()?;
                    match value.into_text().as_deref().and_then(micros_of) {
                        Some(micros) if self.session_created.is_none() => {
                            self.session_created = Some(micros);
                        }
                        _ => rest.keep(ATTRIBUTES, key.text, cursor.since(start)),
                    }
                    Ok(())
                }
                _ => keep(cursor, rest, ATTRIBUTES, key),
            }),
            "sourceIdentity" => text(cursor, &mut self.source_identity, rest, SESSION, key),
            "ec2RoleDelivery" => text(cursor, &mut self.ec2_role_delivery, rest, SESSION, key),
            _ => keep(cursor, rest, SESSION, key),
        })
    }
}

impl<'a> Tls<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, rest: &mut Rest<'a>) -> Result<(), Stop> {
        cursor.members(|cursor, name, key| {
            let slot = match name {
                "tlsVersion" => &mut self.version,
                "cipherSuite" => &mut self.cipher,
                "clientProvidedHostHeader" => &mut self.server_name,
                _ => return keep(cursor, rest, TLS, key),
            };
            text(cursor, slot, rest, TLS, key)
        })
    }
}

impl<'a> Resources<'a> {
    /// Reads the list; its elements' unknown members are safe in the text.
    fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Stop> {
        let start = cursor.at();
        cursor.elements(|cursor| {
            if !is_object(cursor) {
                return cursor.skip().map(|_| ());
            }
            let mut resource = Resource::default();
            cursor.members(|cursor, name, _| {
                let slot = match name {
                    "ARN" | "arn" | "Arn" => &mut resource.arn,
                    "type" => &mut resource.kind,
                    "accountId" => &mut resource.account_id,
                    _ => return cursor.skip().map(|_| ()),
                };
                *slot = cursor.value()?.into_text();
                Ok(())
            })?;
            self.list.push(resource);
            Ok(())
        })?;
        self.json = Some(cursor.since(start)).filter(|json| !holds_nothing(json));
        Ok(())
    }
}
