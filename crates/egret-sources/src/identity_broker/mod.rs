//! Audit logs of identity brokers: which person got AWS role credentials, when and from where.
//!
//! What it **cannot** tell: what was done with the credentials. CloudTrail does, and the role, the
//! access key or the session name joins the two.
//!
//! # Input
//!
//! JSON lines, arrays, single objects, of any shape. Every record is stored whole under
//! `identity_broker`; a preset of a mapping file ([`Registry::with_broker_mapping`] adds a team's
//! own) says where time, person, role and key are. Without one the usual names of a time are tried.
//!
//! # Mapping
//!
//! One file for each broker in `sources/identity_broker/` in this crate, and the file a team gives.
//! `docs/identity-brokers.md` describes their language.
//!
//! [`Registry::with_broker_mapping`]: crate::Registry::with_broker_mapping

mod like;
mod mapping;
mod presets;

use std::borrow::Cow;
use std::sync::Arc;

use egret_model::aws::{account_of_arn, assumed_role, name_of_arn};
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::ecs::{Field, FieldKind};
use egret_model::event::{EventBuilder, ip_octets};

pub use mapping::MappingError;
use mapping::{Preset, USUAL_TIMES, needle};

use crate::instant::{micros_of, micros_of_epoch};
use crate::json::cursor::whole_number;
use crate::json::tokens::{Root, first};
use crate::json::{Cursor, Frames, Outcome, Reader, Stop, Tokens};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// Name under which the whole record can be queried.
const ROOT: &str = "identity_broker";

/// Records of a file looked at to tell what it is.
const DETECT_RECORDS: usize = 32;

/// Identity broker audit logs.
#[derive(Debug, Clone)]
pub struct IdentityBroker {
    presets: Arc<[Preset]>,
    /// Presets at the front that a team gave.
    own: usize,
}

impl IdentityBroker {
    /// With the built-in presets alone.
    pub fn built_in() -> Self {
        let presets = mapping::built_in();
        debug_assert!(presets.is_ok(), "{presets:?}");
        Self { presets: presets.unwrap_or_default().into(), own: 0 }
    }

    /// With a team's mapping, tried before the others.
    ///
    /// # Errors
    ///
    /// [`MappingError`] says what in the file is wrong.
    pub fn with_mapping(self, toml: &str) -> Result<Self, MappingError> {
        let mut presets = mapping::read(toml)?;
        let own = presets.len().saturating_add(self.own);
        presets.extend(self.presets.iter().cloned());
        Ok(Self { presets: presets.into(), own })
    }
}

impl LogSource for IdentityBroker {
    fn id(&self) -> &'static str {
        "identity_broker"
    }

    fn title(&self) -> &'static str {
        "identity broker audit log"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let text = head.utf8_chunks().next()?.valid().trim_start_matches('\u{FEFF}');
        let mut cursor = Cursor::new(text);
        let mut tokens = Tokens::default();
        for _ in 0..DETECT_RECORDS {
            while let Some(b' ' | b'\t' | b'\r' | b'\n' | b'[' | b',') = cursor.peek() {
                cursor.seek(cursor.at().saturating_add(1), text.len());
            }
            if cursor.peek() != Some(b'{') {
                break;
            }
            let start = cursor.at();
            tokens.clear();
            let Ok(Some(flat)) = tokens.flatten(&mut cursor, Root::Below(ROOT)) else { break };
            let of = tokens.of(&flat);
            let found = self.presets.iter().enumerate().find(|(_, preset)| preset.applies(of));
            if let Some((at, preset)) = found {
                return Some(Detection {
                    // A team that maps its records means them, whatever else they look like.
                    confidence: if at < self.own { 98 } else { 92 },
                    reason: format!(
                        "records as preset `{}` describes: {}",
                        preset.id, preset.title
                    ),
                });
            }
            if cursor.since(start).contains("\"identity_broker") {
                let reason = "records with a member `identity_broker`".to_owned();
                return Some(Detection { confidence: 80, reason });
            }
        }
        None
    }

    fn opens_wrappings(&self) -> bool {
        true
    }

    fn decoder(&self, _head: &[u8]) -> Box<dyn Decoder> {
        let usual = USUAL_TIMES.iter().map(|path| needle(path)).collect();
        let records = Records {
            presets: Arc::clone(&self.presets),
            usual,
            tokens: Tokens::default(),
            occurrences: Occurrences::default(),
            unmapped: 0,
        };
        Box::new(Frames::new(records, None))
    }
}

/// Reads records of one file.
#[derive(Debug)]
struct Records {
    presets: Arc<[Preset]>,
    usual: Vec<String>,
    tokens: Tokens,
    occurrences: Occurrences,
    unmapped: u64,
}

impl Reader for Records {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        self.tokens.clear();
        let Some(flat) = self.tokens.flatten(cursor, Root::Below(ROOT))? else {
            return Ok(Outcome::Rejected("expected an object, found null".to_owned()));
        };
        let tokens = self.tokens.of(&flat);
        let preset = self.presets.iter().find(|preset| preset.applies(tokens));
        let usual = || self.usual.iter().find_map(|needle| first(tokens, needle));
        let Some(time) = preset.and_then(|preset| preset.time(tokens)).or_else(usual) else {
            let paths = preset.map_or(&self.usual, |preset| &preset.times);
            let paths: Vec<String> =
                paths.iter().map(|path| format!("`{}`", path.trim())).collect();
            return Ok(Outcome::Rejected(format!(
                "expected a time in {}, found none",
                paths.join(", ")
            )));
        };
        let micros = micros_of(time).or_else(|| micros_of_epoch(time.parse().ok()?));
        let Some(micros) = micros else {
            let found: String = time.chars().take(64).collect();
            return Ok(Outcome::Rejected(format!(
                "the time is not one such as `2025-07-24T03:15:00Z`, nor a Unix time: `{found}`"
            )));
        };
        if preset.is_none() {
            self.unmapped = self.unmapped.saturating_add(1);
        }
        let found = preset.map(|preset| preset.fields(tokens)).unwrap_or_default();
        // Whether a broker's ids are unique is not known; equal records are equal in any case.
        let key = self.occurrences.key(flat.json.as_bytes(), sink);
        sink.row(Dataset::IDENTITY_BROKER, micros, key, |row| {
            row.set_str(fields::EVENT_KIND, "event");
            row.set_flattened(fields::IDENTITY_BROKER, flat.json, tokens);
            for (field, value) in &found {
                set(row, *field, value);
            }
            // Whatever the mapping did not set.
            row.set_str(fields::EVENT_ID, &key.to_event_id());
            row.set_opt(fields::EVENT_PROVIDER, preset.map(|preset| preset.broker.as_str()));
            people(row, &found);
        });
        Ok(Outcome::Stored)
    }

    fn notes(&self) -> Vec<String> {
        if self.unmapped == 0 {
            return Vec::new();
        }
        vec![format!(
            "records that match no preset, so that person, role and key are not known: {}",
            self.unmapped
        )]
    }
}

/// Sets a mapped field from a token's text; text that does not fit the field stays where it is.
fn set(row: &mut EventBuilder, field: Field, value: &str) {
    match field.kind() {
        FieldKind::Keyword if field == fields::EVENT_OUTCOME => row.set_str(field, outcome(value)),
        FieldKind::Keyword => row.set_str(field, value),
        FieldKind::Keywords => row.set_list(field, [value]),
        FieldKind::Ip => {
            let address = without_port(value);
            row.set_ip(field, address);
            if field == fields::SOURCE_IP {
                row.set_str(fields::SOURCE_ADDRESS, address);
                row.set_list(
                    fields::RELATED_IP,
                    [address].into_iter().filter(|text| ip_octets(text).is_some()),
                );
            }
        }
        FieldKind::Long => {
            if let Some(number) = whole_number(value) {
                row.set_i64(field, number);
            }
        }
        FieldKind::Double => {
            if let Ok(number) = value.parse() {
                row.set_f64(field, number);
            }
        }
        FieldKind::Date => {
            if let Some(micros) = micros_of(value).or_else(|| micros_of_epoch(value.parse().ok()?))
            {
                row.set_time(field, micros);
            }
        }
        FieldKind::Boolean => {
            if let Ok(truth) = value.to_ascii_lowercase().parse() {
                row.set_bool(field, truth);
            }
        }
        // The mapping file was refused if it had one of these.
        FieldKind::Flattened | FieldKind::Json => {}
    }
}

/// Names by which other logs know the person, and the account of the role.
fn people(row: &mut EventBuilder, found: &[(Field, Cow<'_, str>)]) {
    let of = |wanted: Field| {
        found.iter().find(|(field, _)| *field == wanted).map(|(_, value)| value.as_ref())
    };
    let person = of(fields::BROKER_PERSON);
    let local = person.and_then(|person| person.split('@').next());
    row.set_opt(fields::USER_NAME, local);
    row.set_opt(fields::USER_EMAIL, person.filter(|person| person.contains('@')));
    let role = of(fields::BROKER_ROLE);
    let account = of(fields::BROKER_ACCOUNT_ID)
        .or(of(fields::CLOUD_ACCOUNT_ID))
        .or(role.and_then(account_of_arn));
    row.set_opt(fields::BROKER_ACCOUNT_ID, account);
    row.set_opt(fields::CLOUD_ACCOUNT_ID, account);
    let role = role.map(|role| match assumed_role(role) {
        Some((name, _)) => name,
        None => name_of_arn(role),
    });
    let others =
        [of(fields::BROKER_SESSION_NAME), of(fields::USER_NAME), of(fields::USER_EMAIL), role];
    let mut names: Vec<&str> =
        person.into_iter().chain(local).chain(others.into_iter().flatten()).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    row.set_list(fields::RELATED_USER, names);
}

/// ECS outcome of what brokers say.
fn outcome(value: &str) -> &'static str {
    match value.to_ascii_lowercase().as_str() {
        "success" | "succeeded" | "successful" | "ok" | "true" | "allow" | "allowed"
        | "granted" | "approved" | "active" => "success",
        "failure" | "failed" | "fail" | "error" | "false" | "deny" | "denied" | "rejected"
        | "unauthorized" => "failure",
        code => match code.parse::<u16>() {
            Ok(200..=399) => "success",
            Ok(400..=599) => "failure",
            _ => "unknown",
        },
    }
}

/// The address of `address:port`, `[address]:port` or an address alone.
fn without_port(text: &str) -> &str {
    if ip_octets(text).is_some() {
        return text;
    }
    let bracketed =
        text.strip_prefix('[').and_then(|text| text.split_once(']')).map(|(inside, _)| inside);
    bracketed.or_else(|| text.rsplit_once(':').map(|(address, _)| address)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"
        [[preset]]
        id = "own"
        title = "a team's own broker"
        match = [{ path = "kind", equals = "grant" }]
        time = ["at"]
        map = [{ from = "who", to = "egret.broker.person" }, { from = "aws.role", to = "egret.broker.role" }]
    "#;

    #[test]
    fn told_by_content() {
        let broker = IdentityBroker::built_in();
        let own = broker.clone().with_mapping(OWN).unwrap();
        let confidence = |broker: &IdentityBroker, head: &str| {
            broker.detect(head.as_bytes()).map(|found| found.confidence)
        };
        #[rustfmt::skip]
        let rows = [
            (r#"{"identity_broker":{"audit":{"observer":{"info":{"x":1}}}}}"#, Some(92), Some(92)),
            (r#"{"a":1}
                {"audit.observer.info.credentials.aws.role":"Ops"}"#, Some(92), Some(92)),
            (r#"{"identity_broker":{"other":1}}"#, Some(80), Some(80)),
            (r#"[{"kind":"grant","at":1}]"#, None, Some(98)),
            (r#"{"kind":"revoke"}"#, None, None),
            ("identity_broker", None, None),
        ];
        for (head, want, want_own) in rows {
            assert_eq!(
                (confidence(&broker, head), confidence(&own, head)),
                (want, want_own),
                "{head}"
            );
        }
    }

    #[test]
    fn addresses_without_ports() {
        for (text, want) in [
            ("192.0.2.1:5690", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("host", "host"),
        ] {
            assert_eq!(without_port(text), want);
        }
    }

    #[test]
    fn outcomes() {
        assert_eq!(
            [outcome("Denied"), outcome("200"), outcome("403"), outcome("maybe")],
            ["failure", "success", "failure", "unknown"]
        );
    }
}
