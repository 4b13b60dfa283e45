//! Channels whose events each name their resource and destination: shares, exports, copies,
//! policies. One scan serves all of them.

use std::collections::BTreeMap;

use datafusion::logical_expr::Expr;
use datafusion::prelude::{lit, when};
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_model::limits::{CHANNEL_EVENTS_MAX, CITATIONS_MAX};
use egret_model::report::{
    Bound, ChannelResult, Destination, Grade, Movement, MovementActor, Resource, Volume,
};

use super::{Scope, compile, quoted, sentence};
use crate::channel::{Channel, Extractor, Function};
use crate::engine::{AnalysisError, Engine, or_engine};
use crate::policy::grantees;
use crate::record::{Record, text_of};

const WHAT: &str = "channel events";

/// An event with what each channel sees in it: its opening and its closing query.
struct Seen {
    record: Record,
    opens: Vec<bool>,
    closes: Vec<bool>,
}

/// Movements of these channels, unsorted and unnumbered, and a result for each channel.
pub(super) async fn find(
    engine: &Engine,
    channels: &[&Channel],
    scope: &Scope<'_>,
) -> Result<(Vec<Movement>, Vec<ChannelResult>), AnalysisError> {
    if channels.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let seen = scan(engine, channels, scope).await?;
    let cut = seen.len() > CHANNEL_EVENTS_MAX;
    let mut doors = Doors::default();
    for (at, channel) in channels.iter().enumerate() {
        for event in seen.iter().take(CHANNEL_EVENTS_MAX) {
            let flag = |flags: &Vec<bool>| flags.get(at).copied().unwrap_or(false);
            let opened = if flag(&event.opens) && scope.window.contains(event.record.time) {
                doors.open(channel, &event.record, scope)
            } else {
                Vec::new()
            };
            if flag(&event.closes) && event.record.outcome == "success" {
                doors.close(channel, &event.record, &opened, flag(&event.opens));
            }
        }
    }
    let sizes = snapshot_sizes(&seen);
    let mut movements = Vec::new();
    for door in &doors.all {
        movements.push(door.movement(channels, &doors, &sizes, scope));
    }
    let mut results = Vec::new();
    for (at, channel) in channels.iter().enumerate() {
        let events = seen
            .iter()
            .filter(|event| {
                event.opens.get(at).copied().unwrap_or(false)
                    && scope.window.contains(event.record.time)
            })
            .count();
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        let mut detail = if events == 0 {
            format!(
                "no such event in the window, and {} would have shown it where it covers the window",
                channel.datasets.join(" or ")
            )
        } else {
            format!("{events} events in the window")
        };
        if cut {
            detail.push_str(&format!(
                "; only {CHANNEL_EVENTS_MAX} events of all channels together were followed"
            ));
        }
        results.push(ChannelResult {
            id: channel.id.clone(),
            title: channel.title.clone(),
            status: if events == 0 { "nothing_found" } else { "found" }.to_owned(),
            events,
            detail,
        });
    }
    Ok((movements, results))
}

/// All events that open or close anything, in order, from one scan.
async fn scan(
    engine: &Engine,
    channels: &[&Channel],
    scope: &Scope<'_>,
) -> Result<Vec<Seen>, AnalysisError> {
    let mut select = Record::columns();
    let mut any: Option<Expr> = None;
    let mut flag = |name: String, expr: Expr| -> Result<Expr, AnalysisError> {
        any = Some(match any.take() {
            Some(so_far) => so_far.or(expr.clone()),
            None => expr.clone(),
        });
        let case = or_engine(WHAT, when(expr, lit(1i64)).otherwise(lit(0i64)))?;
        Ok(case.alias(name))
    };
    for (at, channel) in channels.iter().enumerate() {
        select.push(flag(format!("opens_{at}"), compile(channel, &channel.query, scope.now)?)?);
        if let Some(closing) = &channel.closes {
            let expr = compile(channel, &closing.query, scope.now)?;
            select.push(flag(format!("closes_{at}"), expr)?);
        }
    }
    let Some(any) = any else { return Ok(Vec::new()) };
    let frame = engine.events(WHAT).await?;
    let frame = or_engine(WHAT, frame.filter(any))?;
    let frame = or_engine(WHAT, frame.select(select))?;
    let frame = or_engine(WHAT, frame.limit(0, Some(CHANNEL_EVENTS_MAX.saturating_add(1))))?;
    let order = [fields::TIMESTAMP, fields::LOG_FILE_PATH, fields::LOG_OFFSET];
    let rows = engine.groups(WHAT, frame, &order.map(Field::name)).await?;
    let mut seen = Vec::with_capacity(rows.len());
    for (row, record) in Record::all(&rows)? {
        let mut event = Seen { record, opens: Vec::new(), closes: Vec::new() };
        for (at, channel) in channels.iter().enumerate() {
            event.opens.push(rows.number(&format!("opens_{at}"), row)? == Some(1));
            event.closes.push(
                channel.closes.is_some() && rows.number(&format!("closes_{at}"), row)? == Some(1),
            );
        }
        seen.push(event);
    }
    Ok(once(seen))
}

/// Without the copies that another account's trail holds of the same action.
///
/// Of two copies the one that names the caller's key is kept, since the owner of a resource sees
/// less of a foreign caller; else the first.
fn once(seen: Vec<Seen>) -> Vec<Seen> {
    let mut kept: Vec<Seen> = Vec::with_capacity(seen.len());
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for event in seen {
        let record = &event.record;
        let shared = record.get(fields::CT_SHARED_EVENT_ID).map(str::to_owned);
        let Some(shared) = shared.filter(|id| !id.is_empty()) else {
            kept.push(event);
            continue;
        };
        let action = record.get(fields::EVENT_ACTION).unwrap_or_default().to_owned();
        let at = *places.entry((shared, action)).or_insert(kept.len());
        let names_key = |event: &Seen| {
            event
                .record
                .get(fields::CT_USER_IDENTITY_ACCESS_KEY_ID)
                .is_some_and(|key| !key.is_empty())
        };
        match kept.get_mut(at) {
            Some(held) if !names_key(held) && names_key(&event) => *held = event,
            Some(_) => {}
            None => kept.push(event),
        }
    }
    kept
}

/// Something opened, used or copied, and the events that did it.
#[derive(Debug)]
struct Door {
    channel: String,
    grade: Grade,
    resource: Resource,
    destination: Destination,
    conditions: Vec<String>,
    actor: MovementActor,
    records: Vec<Record>,
    closed_at: Option<jiff::Timestamp>,
    largest: Option<u64>,
}

#[derive(Debug, Default)]
struct Doors {
    all: Vec<Door>,
}

impl Doors {
    /// Notes what the event opens, and says which doors those are.
    fn open(&mut self, channel: &Channel, record: &Record, scope: &Scope<'_>) -> Vec<usize> {
        let resource = Resource {
            kind: resource_kind(channel, record),
            id: first_text(record, &channel.resource.fields),
            account: record.get(fields::CLOUD_ACCOUNT_ID).map(str::to_owned),
        };
        let grade = if record.outcome == "failure" { Grade::Attempted } else { channel.grade };
        let mut opened = Vec::new();
        for (destination, conditions) in self.destinations(channel, record, &resource, scope) {
            // A policy that lets its own account in opens nothing.
            if channel.destination.iter().any(|rule| rule.function == Function::PolicyPrincipals)
                && destination.external == Some(false)
            {
                continue;
            }
            let grade = match (&channel.receivers_of, destination.kind.as_str()) {
                (Some(_), "unknown") if destination.external.is_none() => {
                    grade.min(Grade::Performed)
                }
                _ => grade,
            };
            let actor = record.actor();
            let at = self.all.iter().position(|door| {
                door.channel == channel.id
                    && door.grade == grade
                    && door.resource == resource
                    && door.destination == destination
                    && door.actor.principal == actor.principal
                    && door.actor.access_key_id == actor.access_key_id
                    && door.closed_at.is_none()
            });
            let at = at.unwrap_or_else(|| {
                self.all.push(Door {
                    channel: channel.id.clone(),
                    grade,
                    resource: resource.clone(),
                    destination,
                    conditions,
                    actor,
                    records: Vec::new(),
                    closed_at: None,
                    largest: None,
                });
                self.all.len().saturating_sub(1)
            });
            if let Some(door) = self.all.get_mut(at) {
                door.records.push(record.clone());
                let amount = channel
                    .volume
                    .field
                    .as_deref()
                    .and_then(|field| record.texts(field).first()?.parse::<u64>().ok());
                let bytes = amount.and_then(|amount| amount.checked_mul(channel.volume.unit_bytes));
                door.largest = door.largest.max(bytes);
            }
            opened.push(at);
        }
        opened
    }

    /// Where to, each with the conditions that narrow it.
    fn destinations(
        &self,
        channel: &Channel,
        record: &Record,
        resource: &Resource,
        scope: &Scope<'_>,
    ) -> Vec<(Destination, Vec<String>)> {
        let mut found: BTreeMap<Destination, Vec<String>> = BTreeMap::new();
        for (kind, id, account, conditions) in extract(&channel.destination, record) {
            found
                .entry(scope.judge.destination(&kind, &id, account.as_deref()))
                .or_insert(conditions);
        }
        if found.is_empty()
            && let Some(sharing) = &channel.receivers_of
        {
            found.insert(self.receiver(sharing, record, resource), Vec::new());
        }
        if found.is_empty() {
            let mut unknown = scope.judge.destination("unknown", "unknown", None);
            "the event does not name a destination".clone_into(&mut unknown.reason);
            found.insert(unknown, Vec::new());
        }
        found.into_iter().collect()
    }

    /// Who may have used the resource: whoever it stood open to, else whoever it had been opened to.
    fn receiver(&self, sharing: &str, record: &Record, resource: &Resource) -> Destination {
        let shared = |still_open: bool| -> Vec<&Door> {
            self.all
                .iter()
                .filter(|door| {
                    door.channel == sharing
                        && door.grade == Grade::Enabled
                        && door.resource.id == resource.id
                        && door.destination.external != Some(false)
                        && door.records.first().is_some_and(|first| first.time <= record.time)
                        && (!still_open
                            || door.closed_at.is_none_or(|closed| closed >= record.time))
                })
                .collect()
        };
        let mut doors = shared(true);
        if doors.is_empty() {
            doors = shared(false);
        }
        let mut receivers: Vec<&Destination> = doors.iter().map(|door| &door.destination).collect();
        receivers.sort();
        receivers.dedup();
        match receivers.as_slice() {
            [] => Destination {
                kind: "unknown".to_owned(),
                id: "unknown".to_owned(),
                account: None,
                external: None,
                authorised: egret_model::report::Authorised::Unknown,
                reason: "no share of it to an outside account is in the logs; the owner may have \
                         acted itself"
                    .to_owned(),
            },
            [only] => Destination {
                reason: format!(
                    "the event does not name the receiver; it is the only one that the resource \
                     was shared with; {}",
                    only.reason
                ),
                ..(*only).clone()
            },
            several => Destination {
                kind: "unknown".to_owned(),
                id: format!(
                    "one of {}",
                    several.iter().map(|one| one.id.as_str()).collect::<Vec<_>>().join(", ")
                ),
                account: None,
                external: Some(true),
                authorised: egret_model::report::Authorised::Unknown,
                reason: "the resource was shared with several, and the event does not say which"
                    .to_owned(),
            },
        }
    }

    /// Notes what the event closes. An event that also opens (a policy put anew) closes whatever
    /// it does not open again.
    fn close(&mut self, channel: &Channel, record: &Record, opened: &[usize], replaces: bool) {
        let Some(closing) = &channel.closes else { return };
        let resource = first_text(record, &channel.resource.fields);
        let named: Vec<(String, String)> = extract(&closing.destination, record)
            .into_iter()
            .map(|(kind, id, _, _)| (kind, id))
            .collect();
        let renewed: Vec<(Resource, Destination)> = opened
            .iter()
            .filter_map(|at| self.all.get(*at))
            .map(|door| (door.resource.clone(), door.destination.clone()))
            .collect();
        for door in &mut self.all {
            let hit = door.channel == channel.id
                && door.closed_at.is_none()
                && door.resource.id == resource
                && door.grade == Grade::Enabled
                && door.records.first().is_some_and(|first| first.time <= record.time)
                && (named.is_empty()
                    || named.iter().any(|(kind, id)| {
                        *kind == door.destination.kind && *id == door.destination.id
                    }))
                && !(replaces
                    && renewed.contains(&(door.resource.clone(), door.destination.clone())));
            if hit {
                door.closed_at = Some(record.time);
            }
        }
    }
}

impl Door {
    fn movement(
        &self,
        channels: &[&Channel],
        doors: &Doors,
        sizes: &BTreeMap<String, u64>,
        scope: &Scope<'_>,
    ) -> Movement {
        let channel = channels.iter().find(|channel| channel.id == self.channel);
        let mut actor = self.actor.clone();
        if self.records.iter().any(|record| record.actor().source_ip != actor.source_ip) {
            actor.source_ip = None;
        }
        let first = self.records.first().map_or(scope.window.start, |record| record.time);
        let last = self.records.last().map_or(first, |record| record.time);
        let grade_reason = match self.grade {
            Grade::Attempted => {
                let code = self
                    .records
                    .first()
                    .and_then(|record| record.get(fields::CT_ERROR_CODE))
                    .unwrap_or("no error code");
                format!("the call failed ({code}); nothing was opened or moved by it")
            }
            Grade::Performed if channel.is_some_and(|channel| channel.grade > self.grade) => {
                self.destination.reason.clone()
            }
            _ => {
                let mut reason = channel.map_or_else(String::new, |channel| channel.proves.clone());
                if self.grade == Grade::Enabled
                    && doors.all.iter().any(|door| {
                        door.grade == Grade::Received && door.resource.id == self.resource.id
                    })
                {
                    reason.push_str("; a separate event shows that the share was used");
                }
                if !self.conditions.is_empty() {
                    reason.push_str("; narrowed by a condition on ");
                    reason.push_str(&self.conditions.join(", "));
                }
                reason
            }
        };
        let title = channel.map_or_else(String::new, |channel| {
            sentence(channel, &self.resource, &self.destination, "")
        });
        let title = if self.grade == Grade::Attempted {
            format!("tried and failed: {title}")
        } else {
            title
        };
        Movement {
            id: String::new(),
            channel: self.channel.clone(),
            title,
            grade: self.grade,
            grade_reason,
            resource: self.resource.clone(),
            destination: self.destination.clone(),
            actor,
            first,
            last,
            closed_at: self.closed_at,
            objects: None,
            bytes: self.volume(channel.copied(), sizes),
            events: self
                .records
                .iter()
                .take(CITATIONS_MAX)
                .map(|record| record.citation.clone())
                .collect(),
            event_count: u64::try_from(self.records.len()).unwrap_or(u64::MAX),
            attack: channel.map_or_else(Vec::new, |channel| channel.attack.clone()),
            query: self.query(channel.copied()),
            signs: Vec::new(),
        }
    }

    fn volume(&self, channel: Option<&Channel>, sizes: &BTreeMap<String, u64>) -> Volume {
        if self.grade == Grade::Attempted {
            return Volume {
                value: Some(0),
                method: "the call failed".to_owned(),
                bound: Bound::Exact,
            };
        }
        let rule = channel.map(|channel| &channel.volume);
        if let (Some(bytes), Some(rule)) = (self.largest, rule) {
            return Volume { value: Some(bytes), method: rule.method.clone(), bound: rule.bound };
        }
        if let Some(bytes) = sizes.get(&self.resource.id) {
            return Volume {
                value: Some(*bytes),
                method: "size of the volume that the snapshot was made of, as CreateSnapshot \
                         answered; blocks in use may be fewer"
                    .to_owned(),
                bound: Bound::Upper,
            };
        }
        Volume {
            value: None,
            method: rule.map_or_else(String::new, |rule| rule.method.clone()),
            bound: Bound::Unknown,
        }
    }

    fn query(&self, channel: Option<&Channel>) -> String {
        let mut actions: Vec<&str> =
            self.records.iter().filter_map(|record| record.get(fields::EVENT_ACTION)).collect();
        actions.sort_unstable();
        actions.dedup();
        let actions: Vec<String> = actions.into_iter().map(quoted).collect();
        let mut query = format!("{}: ({})", fields::EVENT_ACTION.name(), actions.join(" OR "));
        let field = channel.and_then(|channel| {
            channel.resource.fields.iter().find(|field| {
                self.records.first().is_some_and(|record| !record.texts(field).is_empty())
            })
        });
        if let Some(field) = field {
            query.push_str(&format!(" AND {field}: {}", quoted(&self.resource.id)));
        }
        if let Some(principal) = &self.actor.principal
            && principal.starts_with("arn:")
        {
            query.push_str(&format!(
                " AND {}: {}",
                fields::CT_USER_IDENTITY_ARN.name(),
                quoted(principal)
            ));
        }
        query
    }
}

/// Kind, id, account and conditions of each destination that an event names.
fn extract(
    rules: &[Extractor],
    record: &Record,
) -> Vec<(String, String, Option<String>, Vec<String>)> {
    let own_account = record.get(fields::CLOUD_ACCOUNT_ID).unwrap_or_default();
    let mut found = Vec::new();
    for rule in rules {
        let account = rule
            .account_field
            .as_deref()
            .and_then(|field| record.texts(field).into_iter().next())
            .map(|account| format!("{account:0>12}"));
        for value in record.values(&rule.field) {
            match rule.function {
                Function::PolicyPrincipals => {
                    for grantee in grantees(&value) {
                        found.push((grantee.kind.to_owned(), grantee.id, None, grantee.conditions));
                    }
                }
                Function::Value | Function::BucketOfArn | Function::OtherAccount => {
                    let Some(text) = text_of(&value) else { continue };
                    let (kind, id) = match rule.function {
                        Function::BucketOfArn => (
                            rule.kind.clone(),
                            egret_model::aws::s3_object_of_arn(&text)
                                .map_or(text.clone(), |(bucket, _)| bucket.to_owned()),
                        ),
                        Function::OtherAccount if text == own_account => continue,
                        _ if rule.kind == "aws_account" && text == "all" => {
                            ("public".to_owned(), text)
                        }
                        // CloudTrail logs some account ids as numbers and loses their zeros.
                        _ if rule.kind == "aws_account"
                            && text.bytes().all(|byte| byte.is_ascii_digit()) =>
                        {
                            (rule.kind.clone(), format!("{text:0>12}"))
                        }
                        _ => (rule.kind.clone(), text),
                    };
                    found.push((kind, id, account.clone(), Vec::new()));
                }
            }
        }
    }
    found
}

fn first_text(record: &Record, names: &[String]) -> String {
    names
        .iter()
        .find_map(|name| record.texts(name).into_iter().next())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// An export of an image is not one of an instance.
fn resource_kind(channel: &Channel, record: &Record) -> String {
    let id = first_text(record, &channel.resource.fields);
    match id.split_once('-').map(|(prefix, _)| prefix) {
        Some("ami") => "ami".to_owned(),
        Some("i") => "instance".to_owned(),
        Some("vol") => "ebs_volume".to_owned(),
        Some("snap") => "ebs_snapshot".to_owned(),
        _ => channel.resource.kind.clone(),
    }
}

/// Size in bytes of each snapshot whose making is among the events.
fn snapshot_sizes(seen: &[Seen]) -> BTreeMap<String, u64> {
    let mut sizes = BTreeMap::new();
    for event in seen {
        let text = |name: &str| event.record.texts(name).into_iter().next();
        let snapshot = text("aws.cloudtrail.response_elements.snapshotId");
        let gib = text("aws.cloudtrail.response_elements.volumeSize")
            .and_then(|gib| gib.parse::<u64>().ok());
        if let (Some(snapshot), Some(gib)) = (snapshot, gib) {
            sizes.insert(snapshot, gib.saturating_mul(1 << 30));
        }
    }
    sizes
}
