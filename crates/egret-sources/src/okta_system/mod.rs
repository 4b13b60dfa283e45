//! Okta System Log: who signed in to what, from where, and how.
//!
//! What it **cannot** tell: which AWS account or role a sign-in led to; that is CloudTrail's and
//! the broker's part, and time, name and address join them.
//!
//! # Input
//!
//! JSON: the System Log API's pages (arrays, also one behind the other), lines, single objects, and
//! each of these inside the envelope that brought it: Amazon's event bus and log streams (`detail`),
//! Splunk's (`event`, `result`), event hooks (`data.events`). The admin console's CSV export, whose
//! columns are paths.
//!
//! # Mapping
//!
//! | member                     | field                                   | note                                     |
//! |----------------------------|-----------------------------------------|------------------------------------------|
//! | `published`                | `@timestamp`                            |                                          |
//! | `actor.alternateId`        | `user.name`, `client.user.name`, `user.email` | name: the part before `@`          |
//! | `eventType`                | `event.action`, `event.category`, `event.type` | by the first and last words of the type |
//! | `client.ipAddress`         | `source.ip`, `okta.client.ip`           | else the first address of `request.ipChain` |
//! | `outcome.result`           | `event.outcome`                         | `ALLOW` is `success`, `DENY` is `failure` |
//! | `debugContext.debugData`   | `okta.debug_context.debug_data`         | text as logged, leaves as tokens         |
//! | the envelope               | `egret.rest`                            | below `envelope`                         |
//! | anything else              | `egret.rest`                            |                                          |
//!
//! # Reading
//!
//! * <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/>
//! * <https://developer.okta.com/docs/concepts/event-hooks/>
//! * <https://help.okta.com/oie/en-us/content/topics/reports/log-streaming/about-log-streams.htm>

mod envelope;
mod export;

use std::borrow::Cow;

use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::event::EventBuilder;

use envelope::Envelope;
use export::Export;

use crate::csv::Rows;
use crate::instant::micros_of;
use crate::json::cursor::Raw;
use crate::json::members::{Text, boolean, flat, is_object, keep, number, text};
use crate::json::rest::holds_nothing;
use crate::json::tokens::Root;
use crate::json::{Cursor, Flat, Frames, Outcome, Reader, Rest, Stop, Tokens};
use crate::occurrence::Occurrences;
use crate::sink::{RecordKey, Sink};
use crate::{Decoder, Detection, LogSource};

/// Okta System Log files.
#[derive(Debug, Clone, Copy)]
pub struct OktaSystem;

impl LogSource for OktaSystem {
    fn id(&self) -> &'static str {
        "okta_system"
    }

    fn title(&self) -> &'static str {
        "Okta System Log"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        if export::is_export(head) {
            return Some(Detection {
                confidence: 90,
                reason: "a header with `timestamp` and `event_type`".to_owned(),
            });
        }
        let first = head
            .iter()
            .copied()
            .find(|byte| byte.is_ascii_alphanumeric() || b"{[".contains(byte))?;
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        let all = [b"\"eventType\"".as_slice(), b"\"published\"", b"\"actor\"", b"\"outcome\""];
        ((first == b'{' || first == b'[') && all.into_iter().all(has)).then(|| Detection {
            confidence: 90,
            reason: "records with `eventType`, `published`, `actor` and `outcome`".to_owned(),
        })
    }

    fn opens_wrappings(&self) -> bool {
        true
    }

    fn decoder(&self, head: &[u8]) -> Box<dyn Decoder> {
        if export::is_export(head) {
            return Box::new(Rows::new(Export::default()));
        }
        Box::new(Frames::new(Records::default(), None))
    }
}

/// Reads records of one file.
#[derive(Debug, Default)]
struct Records {
    tokens: Tokens,
    occurrences: Occurrences,
}

impl Reader for Records {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        self.tokens.clear();
        let mut record = Record::default();
        record.read(cursor, &mut self.tokens)?;
        let end = cursor.at();
        let whole = cursor.since(start);
        if record.published.is_none() {
            // It is whole, so reading it again does not stop.
            cursor.seek(start, end);
            let mut envelope = Envelope::default();
            envelope.read(cursor)?;
            if !envelope.records.is_empty() {
                let outcome = self.unpack(cursor, &envelope, sink);
                cursor.seek(end, end);
                return outcome;
            }
        }
        Ok(match self.store(record, whole, sink) {
            Ok(()) => Outcome::Stored,
            Err(reason) => Outcome::Rejected(reason),
        })
    }
}

impl Records {
    /// Reads one record that is not part of the file's own text.
    ///
    /// # Errors
    ///
    /// What was expected and what was found.
    fn read_text(&mut self, json: &str, sink: &mut Sink) -> Result<(), String> {
        self.tokens.clear();
        let mut record = Record::default();
        record
            .read(&mut Cursor::new(json), &mut self.tokens)
            .map_err(|stop| format!("expected an object, found {stop:?}"))?;
        self.store(record, json, sink)
    }

    /// Reads the records of an envelope; each keeps what the envelope says.
    fn unpack<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        envelope: &Envelope<'a>,
        sink: &mut Sink,
    ) -> Result<Outcome, Stop> {
        for (start, end) in envelope.records.iter().copied() {
            cursor.seek(start, end);
            self.tokens.clear();
            let stored = if is_object(cursor) {
                let mut record = Record::default();
                record.read(cursor, &mut self.tokens)?;
                for (path, name, value) in &envelope.rest {
                    record.rest.keep(path, name, value);
                }
                self.store(record, cursor.since(start), sink)
            } else {
                // Where a number ends is known by what follows it.
                cursor.seek(start, end.saturating_add(1));
                let value = cursor.value();
                let kind = value.map_or("something else", |value| value.kind());
                Err(format!("expected an object, found {kind}"))
            };
            match stored {
                Ok(()) => {}
                Err(reason) if !envelope.list => return Ok(Outcome::Rejected(reason)),
                Err(reason) => {
                    cursor.seek(end, end);
                    sink.reject(cursor.offset(start), reason, cursor.since(start).as_bytes());
                }
            }
        }
        Ok(Outcome::Stored)
    }

    /// Puts a record into the sink. `raw` is its text, whose tokens are held.
    ///
    /// # Errors
    ///
    /// What was expected and what was found.
    fn store(&mut self, mut record: Record<'_>, raw: &str, sink: &mut Sink) -> Result<(), String> {
        let Some(published) = record.published.as_deref() else {
            return Err("expected `published` and `eventType`, found no `published`".to_owned());
        };
        let Some(micros) = micros_of(published) else {
            let found: String = published.chars().take(64).collect();
            return Err(format!(
                "`published` is not a time such as `2025-07-24T03:15:00.000Z`: `{found}`"
            ));
        };
        if record.event_type.as_deref().is_none_or(str::is_empty) {
            return Err("expected `published` and `eventType`, found no `eventType`".to_owned());
        }
        let uuid = record.uuid.as_deref().filter(|uuid| !uuid.is_empty());
        let key = match uuid {
            Some(uuid) => RecordKey::of_id(uuid),
            None => self.occurrences.key(raw.as_bytes(), sink),
        };
        let own_id = uuid.is_none().then(|| key.to_event_id());
        let rest = record.rest.take_json();
        sink.row(Dataset::OKTA, micros, key, |row| {
            row.set_opt(fields::EVENT_ID, own_id.as_deref().or(record.uuid.as_deref()));
            record.store(&self.tokens, row);
            row.set_opt(fields::REST, rest.as_deref());
        });
        Ok(())
    }
}

const TOP: &[&str] = &[];
const ACTOR: &[&str] = &["actor"];
const CLIENT: &[&str] = &["client"];
const AGENT: &[&str] = &["client", "userAgent"];
const GEO: &[&str] = &["client", "geographicalContext"];
const OUTCOME: &[&str] = &["outcome"];
const TRANSACTION: &[&str] = &["transaction"];
const SECURITY: &[&str] = &["securityContext"];
const AUTHENTICATION: &[&str] = &["authenticationContext"];
const DEBUG: &[&str] = &["debugContext"];
const ISSUER: &[&str] = &["authenticationContext", "issuer"];

/// A record as logged.
#[derive(Debug, Default)]
struct Record<'a> {
    uuid: Text<'a>,
    published: Text<'a>,
    event_type: Text<'a>,
    display_message: Text<'a>,
    severity: Text<'a>,
    actor: Party<'a>,
    client_ip: Text<'a>,
    client_device: Text<'a>,
    client_id: Text<'a>,
    client_zone: Text<'a>,
    agent_raw: Text<'a>,
    agent_browser: Text<'a>,
    agent_os: Text<'a>,
    country: Text<'a>,
    city: Text<'a>,
    state: Text<'a>,
    result: Text<'a>,
    reason: Text<'a>,
    transaction_id: Text<'a>,
    transaction_type: Text<'a>,
    as_number: Option<i64>,
    as_org: Text<'a>,
    isp: Text<'a>,
    domain: Text<'a>,
    is_proxy: Option<bool>,
    session_id: Text<'a>,
    root_session_id: Text<'a>,
    issuer_id: Text<'a>,
    credential_type: Text<'a>,
    credential_provider: Text<'a>,
    interface: Text<'a>,
    debug: Option<Flat<'a>>,
    targets_json: Option<&'a str>,
    targets: Vec<Party<'a>>,
    /// Addresses the request came through.
    chain: Vec<Cow<'a, str>>,
    rest: Rest<'a>,
}

/// Whoever acted or was acted upon.
#[derive(Debug, Default)]
struct Party<'a> {
    id: Text<'a>,
    kind: Text<'a>,
    alternate_id: Text<'a>,
    display_name: Text<'a>,
}

/// How one member of a party is read.
type Slot = for<'p> fn(&'p Party<'_>) -> Option<&'p str>;

impl<'a> Record<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, tokens: &mut Tokens) -> Result<(), Stop> {
        cursor.members(|cursor, name, key| {
            let rest = &mut self.rest;
            match name {
                "uuid" => text(cursor, &mut self.uuid, rest, TOP, key),
                "published" => text(cursor, &mut self.published, rest, TOP, key),
                "eventType" => text(cursor, &mut self.event_type, rest, TOP, key),
                "displayMessage" => text(cursor, &mut self.display_message, rest, TOP, key),
                "severity" => text(cursor, &mut self.severity, rest, TOP, key),
                "actor" if is_object(cursor) => {
                    cursor.members(|cursor, name, key| match self.actor.slot(name) {
                        Some(slot) => text(cursor, slot, rest, ACTOR, key),
                        None => keep(cursor, rest, ACTOR, key),
                    })
                }
                "client" if is_object(cursor) => {
                    cursor.members(|cursor, name, key| self.client(cursor, name, key))
                }
                "outcome" if is_object(cursor) => cursor.members(|cursor, name, key| match name {
                    "result" => text(cursor, &mut self.result, rest, OUTCOME, key),
                    "reason" => text(cursor, &mut self.reason, rest, OUTCOME, key),
                    _ => keep(cursor, rest, OUTCOME, key),
                }),
                "transaction" if is_object(cursor) => {
                    cursor.members(|cursor, name, key| match name {
                        "id" => text(cursor, &mut self.transaction_id, rest, TRANSACTION, key),
                        "type" => text(cursor, &mut self.transaction_type, rest, TRANSACTION, key),
                        _ => keep(cursor, rest, TRANSACTION, key),
                    })
                }
                "securityContext" if is_object(cursor) => {
                    cursor.members(|cursor, name, key| match name {
                        "asNumber" => number(cursor, &mut self.as_number, rest, SECURITY, key),
                        "asOrg" => text(cursor, &mut self.as_org, rest, SECURITY, key),
                        "isp" => text(cursor, &mut self.isp, rest, SECURITY, key),
                        "domain" => text(cursor, &mut self.domain, rest, SECURITY, key),
                        "isProxy" => boolean(cursor, &mut self.is_proxy, rest, SECURITY, key),
                        _ => keep(cursor, rest, SECURITY, key),
                    })
                }
                "authenticationContext" if is_object(cursor) => {
                    cursor.members(|cursor, name, key| {
                        let slot = match name {
                            "issuer" if is_object(cursor) => {
                                return cursor.members(|cursor, name, key| match name {
                                    "id" => text(cursor, &mut self.issuer_id, rest, ISSUER, key),
                                    _ => keep(cursor, rest, ISSUER, key),
                                });
                            }
                            "externalSessionId" => &mut self.session_id,
                            "rootSessionId" => &mut self.root_session_id,
                            "credentialType" => &mut self.credential_type,
                            "credentialProvider" => &mut self.credential_provider,
                            "interface" => &mut self.interface,
                            _ => return keep(cursor, rest, AUTHENTICATION, key),
                        };
                        text(cursor, slot, rest, AUTHENTICATION, key)
                    })
                }
                "debugContext" if is_object(cursor) => {
                    cursor.members(|cursor, name, key| match name {
                        "debugData" => {
                            flat(cursor, tokens, Root::Plain, &mut self.debug, rest, DEBUG, key)
                        }
                        _ => keep(cursor, rest, DEBUG, key),
                    })
                }
                "target" if cursor.peek() == Some(b'[') && self.targets_json.is_none() => {
                    self.targets(cursor)
                }
                "request" => {
                    let start = cursor.at();
                    self.chain(cursor)?;
                    self.rest.keep(TOP, key.text, cursor.since(start));
                    Ok(())
                }
                _ => keep(cursor, rest, TOP, key),
            }
        })
    }

    fn client(&mut self, cursor: &mut Cursor<'a>, name: &str, key: Raw<'a>) -> Result<(), Stop> {
        let rest = &mut self.rest;
        match name {
            "ipAddress" => text(cursor, &mut self.client_ip, rest, CLIENT, key),
            "device" => text(cursor, &mut self.client_device, rest, CLIENT, key),
            "id" => text(cursor, &mut self.client_id, rest, CLIENT, key),
            "zone" => text(cursor, &mut self.client_zone, rest, CLIENT, key),
            "userAgent" if is_object(cursor) => cursor.members(|cursor, name, key| match name {
                "rawUserAgent" => text(cursor, &mut self.agent_raw, rest, AGENT, key),
                "browser" => text(cursor, &mut self.agent_browser, rest, AGENT, key),
                "os" => text(cursor, &mut self.agent_os, rest, AGENT, key),
                _ => keep(cursor, rest, AGENT, key),
            }),
            "geographicalContext" if is_object(cursor) => {
                cursor.members(|cursor, name, key| match name {
                    "country" => text(cursor, &mut self.country, rest, GEO, key),
                    "city" => text(cursor, &mut self.city, rest, GEO, key),
                    "state" => text(cursor, &mut self.state, rest, GEO, key),
                    _ => keep(cursor, rest, GEO, key),
                })
            }
            _ => keep(cursor, rest, CLIENT, key),
        }
    }

    /// Reads the list of targets; members without a column are safe in its text.
    fn targets(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Stop> {
        let start = cursor.at();
        cursor.elements(|cursor| {
            if !is_object(cursor) {
                return cursor.skip().map(|_| ());
            }
            let mut target = Party::default();
            cursor.members(|cursor, name, _| {
                let value = cursor.value()?;
                if let Some(slot) = target.slot(name) {
                    *slot = value.into_text();
                }
                Ok(())
            })?;
            self.targets.push(target);
            Ok(())
        })?;
        self.targets_json = Some(cursor.since(start));
        Ok(())
    }

    /// Reads the addresses of `request.ipChain`; the text is kept as a whole.
    fn chain(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Stop> {
        if !is_object(cursor) {
            return cursor.skip().map(|_| ());
        }
        cursor.members(|cursor, name, _| {
            if name != "ipChain" || cursor.peek() != Some(b'[') {
                return cursor.skip().map(|_| ());
            }
            cursor.elements(|cursor| {
                if !is_object(cursor) {
                    return cursor.skip().map(|_| ());
                }
                cursor.members(|cursor, name, _| {
                    let value = cursor.value()?;
                    if name == "ip" {
                        self.chain.extend(value.into_text());
                    }
                    Ok(())
                })
            })
        })
    }

    fn store(&self, tokens: &Tokens, row: &mut EventBuilder) {
        let action = self.event_type.as_deref().unwrap_or_default();
        row.set_str(fields::EVENT_KIND, "event");
        row.set_opt(fields::EVENT_ACTION, Some(action));
        let (category, types) = classify(action);
        row.set_list(fields::EVENT_CATEGORY, category.iter().copied());
        row.set_list(fields::EVENT_TYPE, types);
        row.set_str(fields::EVENT_OUTCOME, outcome(self.result.as_deref()));
        row.set_opt(fields::EVENT_REASON, self.reason.as_deref());
        row.set_opt(fields::MESSAGE, self.display_message.as_deref());
        self.store_people(row);
        self.store_client(row);
        for (field, value) in [
            (fields::OKTA_UUID, &self.uuid),
            (fields::OKTA_EVENT_TYPE, &self.event_type),
            (fields::OKTA_DISPLAY_MESSAGE, &self.display_message),
            (fields::OKTA_SEVERITY, &self.severity),
            (fields::OKTA_OUTCOME_RESULT, &self.result),
            (fields::OKTA_OUTCOME_REASON, &self.reason),
            (fields::OKTA_TRANSACTION_ID, &self.transaction_id),
            (fields::OKTA_TRANSACTION_TYPE, &self.transaction_type),
            (fields::OKTA_SECURITY_CONTEXT_AS_ORGANIZATION, &self.as_org),
            (fields::OKTA_SECURITY_CONTEXT_ISP, &self.isp),
            (fields::OKTA_SECURITY_CONTEXT_DOMAIN, &self.domain),
            (fields::OKTA_AUTHENTICATION_EXTERNAL_SESSION_ID, &self.session_id),
            (fields::OKTA_AUTHENTICATION_ROOT_SESSION_ID, &self.root_session_id),
            (fields::OKTA_AUTHENTICATION_ISSUER_ID, &self.issuer_id),
            (fields::SOURCE_AS_ORGANIZATION_NAME, &self.as_org),
            (fields::OKTA_AUTHENTICATION_CREDENTIAL_TYPE, &self.credential_type),
            (fields::OKTA_AUTHENTICATION_CREDENTIAL_PROVIDER, &self.credential_provider),
            (fields::OKTA_AUTHENTICATION_INTERFACE, &self.interface),
        ] {
            row.set_opt(field, value.as_deref());
        }
        if let Some(is_proxy) = self.is_proxy {
            row.set_bool(fields::OKTA_SECURITY_CONTEXT_IS_PROXY, is_proxy);
        }
        if let Some(number) = self.as_number {
            row.set_i64(fields::OKTA_SECURITY_CONTEXT_AS_NUMBER, number);
            row.set_i64(fields::SOURCE_AS_NUMBER, number);
        }
        if let Some(debug) = &self.debug {
            let logged = tokens.of(debug);
            match risk(logged) {
                Some(risk) => {
                    let all = format!("{logged}{risk}");
                    row.set_flattened(fields::OKTA_DEBUG_DATA, debug.json, &all);
                }
                None => row.set_flattened(fields::OKTA_DEBUG_DATA, debug.json, logged),
            }
        }
        if let Some(json) = self.targets_json.filter(|json| !holds_nothing(json)) {
            row.set_str(fields::OKTA_TARGET, json);
            let lists: [(_, Slot); 4] = [
                (fields::OKTA_TARGET_ID, |party| party.id.as_deref()),
                (fields::OKTA_TARGET_TYPE, |party| party.kind.as_deref()),
                (fields::OKTA_TARGET_ALTERNATE_ID, |party| party.alternate_id.as_deref()),
                (fields::OKTA_TARGET_DISPLAY_NAME, |party| party.display_name.as_deref()),
            ];
            for (field, slot) in lists {
                row.set_list(field, self.targets.iter().filter_map(slot));
            }
        }
    }

    fn store_people(&self, row: &mut EventBuilder) {
        let login = self.actor.alternate_id.as_deref();
        let name = login.map(local_part);
        row.set_opt(fields::USER_NAME, name);
        row.set_opt(fields::CLIENT_USER_NAME, name);
        row.set_opt(fields::USER_EMAIL, login.filter(|login| login.contains('@')));
        row.set_opt(fields::USER_ID, self.actor.id.as_deref());
        row.set_opt(fields::USER_FULL_NAME, self.actor.display_name.as_deref());
        row.set_opt(fields::OKTA_ACTOR_ID, self.actor.id.as_deref());
        row.set_opt(fields::OKTA_ACTOR_TYPE, self.actor.kind.as_deref());
        row.set_opt(fields::OKTA_ACTOR_ALTERNATE_ID, login);
        row.set_opt(fields::OKTA_ACTOR_DISPLAY_NAME, self.actor.display_name.as_deref());
        let mut names: Vec<&str> = Vec::new();
        names.extend(name);
        names.extend(login);
        names.extend(self.actor.display_name.as_deref());
        let of_kind =
            |kind: &str| self.targets.iter().find(|target| target.kind.as_deref() == Some(kind));
        if let Some(user) = of_kind("User") {
            let target = user.alternate_id.as_deref().map(local_part);
            row.set_opt(fields::USER_TARGET_NAME, target);
            row.set_opt(fields::USER_TARGET_ID, user.id.as_deref());
            names.extend(target);
            names.extend(user.alternate_id.as_deref());
        }
        if let Some(group) = of_kind("UserGroup") {
            row.set_opt(fields::GROUP_NAME, group.display_name.as_deref());
            row.set_opt(fields::GROUP_ID, group.id.as_deref());
        }
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        row.set_list(fields::RELATED_USER, names);
    }

    fn store_client(&self, row: &mut EventBuilder) {
        let own = self.client_ip.as_deref().filter(|address| !address.is_empty());
        if let Some(own) = own {
            row.set_ip(fields::OKTA_CLIENT_IP, own);
        }
        if let Some(address) = own.or(self.chain.first().map(AsRef::as_ref)) {
            row.set_str(fields::SOURCE_ADDRESS, address);
            row.set_ip(fields::SOURCE_IP, address);
        }
        let mut addresses: Vec<&str> =
            own.into_iter().chain(self.chain.iter().map(AsRef::as_ref)).collect();
        addresses.retain(|address| egret_model::event::ip_octets(address).is_some());
        addresses.sort_unstable();
        addresses.dedup();
        row.set_list(fields::RELATED_IP, addresses);
        for (field, value) in [
            (fields::OKTA_CLIENT_DEVICE, &self.client_device),
            (fields::OKTA_CLIENT_ID, &self.client_id),
            (fields::OKTA_CLIENT_ZONE, &self.client_zone),
            (fields::OKTA_CLIENT_USER_AGENT_RAW, &self.agent_raw),
            (fields::OKTA_CLIENT_USER_AGENT_BROWSER, &self.agent_browser),
            (fields::OKTA_CLIENT_USER_AGENT_OS, &self.agent_os),
            (fields::USER_AGENT_ORIGINAL, &self.agent_raw),
            (fields::USER_AGENT_OS_NAME, &self.agent_os),
            (fields::CLIENT_GEO_COUNTRY_NAME, &self.country),
            (fields::CLIENT_GEO_CITY_NAME, &self.city),
            (fields::CLIENT_GEO_REGION_NAME, &self.state),
        ] {
            row.set_opt(field, value.as_deref());
        }
    }
}

impl<'a> Party<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Text<'a>> {
        Some(match name {
            "id" => &mut self.id,
            "type" => &mut self.kind,
            "alternateId" => &mut self.alternate_id,
            "displayName" => &mut self.display_name,
            _ => return None,
        })
    }
}

/// The part of a login before `@`.
fn local_part(login: &str) -> &str {
    login.split('@').next().unwrap_or(login)
}

fn outcome(result: Option<&str>) -> &'static str {
    match result {
        Some("SUCCESS" | "ALLOW") => "success",
        Some("FAILURE" | "DENY") => "failure",
        _ => "unknown",
    }
}

/// Categories by how a type begins; the first that fits.
const CATEGORIES: &[(&str, &[&str])] = &[
    ("access.", &["iam"]),
    ("app.access_request.", &["iam"]),
    ("app.oauth2.", &["authentication"]),
    ("application.lifecycle.", &["configuration"]),
    ("application.user_membership.", &["iam"]),
    ("group.", &["iam"]),
    ("policy.evaluate_sign_on", &["authentication"]),
    ("policy.lifecycle.", &["configuration"]),
    ("policy.rule.", &["configuration"]),
    ("system.mfa.", &["authentication"]),
    ("system.push.", &["authentication"]),
    ("user.account.expire_password", &["authentication"]),
    ("user.account.reset_password", &["authentication"]),
    ("user.account.update_password", &["authentication"]),
    ("user.account.", &["iam"]),
    ("user.authentication.", &["authentication"]),
    ("user.behavior.", &["iam"]),
    ("user.credential.", &["authentication"]),
    ("user.identity_verification", &["authentication"]),
    ("user.lifecycle.", &["iam"]),
    ("user.mfa.", &["authentication"]),
    ("user.risk.", &["iam"]),
    ("user.session.end", &["authentication", "session"]),
    ("user.session.start", &["authentication", "session"]),
    ("user.session.", &["session"]),
];

/// ECS categories and types, as Elastic assigns them: by what a type is about, and what was done.
fn classify(event_type: &str) -> (&'static [&'static str], Vec<&'static str>) {
    let found = CATEGORIES.iter().find(|(prefix, _)| event_type.starts_with(prefix));
    let categories = found.map_or(&[][..], |(_, categories)| *categories);
    let done = match event_type.rsplit('.').next().unwrap_or_default() {
        "create" | "add" => Some("creation"),
        "delete" | "remove" | "revoke" => Some("deletion"),
        last if last == "change" || last.starts_with("update") => Some("change"),
        _ => None,
    };
    let types = match categories {
        ["iam"] if event_type.starts_with("group.user_membership.") => vec!["group", "change"],
        ["iam"] if event_type.starts_with("user.") => std::iter::once("user").chain(done).collect(),
        ["iam" | "configuration"] => vec![done.unwrap_or("info")],
        _ => match event_type.rsplit('.').next() {
            Some("start" | "initiate") => vec!["start", "info"],
            Some("end" | "expire" | "universal_logout") => vec!["end", "info"],
            Some("activate") if event_type.contains(".mfa.") => vec!["start", "info"],
            Some("deactivate") if event_type.contains(".mfa.") => vec!["end", "info"],
            _ => vec!["info"],
        },
    };
    (categories, types)
}

/// What Okta thinks of a sign-in, as further leaves of the debug data, under Elastic's names.
///
/// It logs it as text: `risk` as `{reasons=Anomalous Device, level=MEDIUM}`, `behaviors` as
/// `{New Device=POSITIVE, New IP=NEGATIVE}`, both also inside `logOnlySecurityData` as JSON.
fn risk(tokens: &str) -> Option<String> {
    let of =
        |name: &str| tokens.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
    let mut found = String::new();
    let mut add = |name: &str, value: &str| {
        let value = value.trim();
        if !value.is_empty() {
            found.push_str(&format!("{name}\t{value}\n"));
        }
    };
    let security: Option<serde_json::Value> =
        of("logOnlySecurityData").and_then(|text| serde_json::from_str(text).ok());
    let inside = |path: &str| security.as_ref().and_then(|data| data.pointer(path)?.as_str());
    let printed = |text: &'_ str, name: &str| -> Option<String> {
        let (_, behind) = text.split_once(&format!("{name}="))?;
        let end = behind.find([',', '}']).unwrap_or(behind.len());
        behind.get(..end).map(str::to_owned)
    };
    let text = of("risk").unwrap_or_default();
    for (name, path) in [("level", "/risk/level"), ("reasons", "/risk/reasons")] {
        let value = printed(text, name).or_else(|| inside(path).map(str::to_owned));
        if let Some(value) = value {
            for one in value.split(',') {
                add(&format!("risk_{name}"), one);
            }
        }
    }
    let behaviors = of("behaviors").unwrap_or_default().trim_matches(['{', '}']);
    for one in behaviors.split(',') {
        if let Some((name, "POSITIVE")) = one.split_once('=') {
            add("risk_behaviors", name);
        }
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_okta_thinks_of_a_sign_in() {
        let rows = [
            (
                "\nrisk\t{reasons=Anomalous Device, level=MEDIUM}\nbehaviors\t{New Device=POSITIVE, New IP=NEGATIVE}\n",
                Some(
                    "risk_level\tMEDIUM\nrisk_reasons\tAnomalous Device\nrisk_behaviors\tNew Device\n",
                ),
            ),
            (
                "\nlogOnlySecurityData\t{\"risk\":{\"level\":\"HIGH\",\"reasons\":\"Anomalous Location, New Country\"}}\n",
                Some(
                    "risk_level\tHIGH\nrisk_reasons\tAnomalous Location\nrisk_reasons\tNew Country\n",
                ),
            ),
            ("\nrequestUri\t/login\n", None),
            ("\nrisk\t{\n", None),
        ];
        for (tokens, want) in rows {
            assert_eq!(risk(tokens).as_deref(), want, "{tokens}");
        }
    }

    #[test]
    fn outcomes() {
        for (result, want) in [
            (Some("SUCCESS"), "success"),
            (Some("ALLOW"), "success"),
            (Some("DENY"), "failure"),
            (Some("CHALLENGE"), "unknown"),
            (None, "unknown"),
        ] {
            assert_eq!(outcome(result), want);
        }
    }

    #[test]
    fn categories_and_types() {
        #[rustfmt::skip]
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("user.session.start", &["authentication", "session"], &["start", "info"]),
            ("user.session.impersonation.initiate", &["session"], &["start", "info"]),
            ("user.authentication.sso", &["authentication"], &["info"]),
            ("user.mfa.okta_verify.deny_push", &["authentication"], &["info"]),
            ("user.mfa.attempt_bypass", &["authentication"], &["info"]),
            ("user.mfa.factor.deactivate", &["authentication"], &["end", "info"]),
            ("user.account.update_password", &["authentication"], &["info"]),
            ("user.account.lock", &["iam"], &["user"]),
            ("user.account.update_primary_email", &["iam"], &["user", "change"]),
            ("user.lifecycle.create", &["iam"], &["user", "creation"]),
            ("group.user_membership.add", &["iam"], &["group", "change"]),
            ("policy.rule.update", &["configuration"], &["change"]),
            ("application.lifecycle.delete", &["configuration"], &["deletion"]),
            ("policy.evaluate_sign_on", &["authentication"], &["info"]),
            ("security.threat.detected", &[], &["info"]),
            ("", &[], &["info"]),
        ];
        for (event_type, categories, types) in rows {
            let (found, of) = classify(event_type);
            assert_eq!((found, of.as_slice()), (*categories, *types), "{event_type}");
        }
    }

    #[test]
    fn told_by_content() {
        let page =
            br#"[{"actor":{},"eventType":"user.session.start","outcome":{},"published":"x"}]"#;
        assert_eq!(OktaSystem.detect(page).map(|found| found.confidence), Some(90));
        assert_eq!(OktaSystem.detect(br#"{"eventType":"AwsApiCall"}"#), None);
    }
}
