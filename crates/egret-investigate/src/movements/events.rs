//! Channels whose events each name their resource and destination: shares, exports, copies,
//! policies.

use std::collections::{BTreeMap, BTreeSet};

use egret_model::ecs::catalog::fields;
use egret_model::limits::{CHANNEL_EVENTS_MAX, CITATIONS_MAX};
use egret_model::report::{
    Bound, ChannelResult, Citation, Destination, Grade, Movement, MovementActor, Resource, Volume,
};

use super::extract::{Named, extract};
use super::scan::{Part, Role};
use super::{Scope, Sightings, escaped, quoted, sentence};
use crate::channel::{
    AliasRule, Channel, CloseRule, EventRule, Function, List, ProofRule, ResourceFunction,
};
use crate::policy::{Exposure, difference};
use crate::record::Record;

/// An event and the parts that it fits, by their place.
#[derive(Debug)]
struct Seen {
    record: Record,
    fits: Vec<usize>,
}

/// Events that open, close, prove or name something, as the scan comes upon them.
#[derive(Debug, Default)]
pub(super) struct Collected {
    seen: Vec<Seen>,
    /// Events that only prove something, by rule and by what they are about: a busy replication
    /// writes more objects than there are other events.
    proofs: BTreeMap<(usize, Vec<String>), BTreeMap<Place, Seen>>,
    cut: bool,
}

/// Time, file and record.
type Place = (jiff::Timestamp, String, u64);

/// Proofs kept of one rule about one thing: as many of the earliest as of the latest.
const PROOFS_MAX: usize = 2 * CITATIONS_MAX;

impl Collected {
    /// Takes one event in.
    pub(super) fn add(&mut self, record: Record, fits: Vec<usize>, parts: &[Part<'_>]) {
        if let [only] = fits.as_slice()
            && let Some(Part { role: Role::Proves(rule), .. }) = parts.get(*only)
        {
            let about = rule.of.iter().flat_map(|field| record.texts(field)).collect();
            let held = self.proofs.entry((*only, about)).or_default();
            let citation = &record.citation;
            let place = (record.time, citation.file.clone(), citation.record);
            held.insert(place, Seen { record, fits });
            if held.len() > PROOFS_MAX {
                let middle = held.keys().nth(CITATIONS_MAX).cloned();
                middle.map(|place| held.remove(&place));
            }
            return;
        }
        self.seen.push(Seen { record, fits });
        // Sorted now and then, so that the earliest are kept whatever order they come in.
        if self.seen.len() >= CHANNEL_EVENTS_MAX.saturating_mul(2) {
            self.tidy();
        }
    }

    fn tidy(&mut self) {
        self.seen.sort_by(|a, b| a.place().cmp(&b.place()));
        self.cut |= self.seen.len() > CHANNEL_EVENTS_MAX;
        self.seen.truncate(CHANNEL_EVENTS_MAX);
    }
}

impl Seen {
    fn place(&self) -> (jiff::Timestamp, &str, u64) {
        (self.record.time, &self.record.citation.file, self.record.citation.record)
    }
}

/// Movements of these channels, unsorted and unnumbered, and a result for each channel.
pub(super) fn find(
    mut collected: Collected,
    channels: &[&Channel],
    parts: &[Part<'_>],
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> (Vec<Movement>, Vec<ChannelResult>) {
    let proofs = std::mem::take(&mut collected.proofs);
    collected.seen.extend(proofs.into_values().flat_map(BTreeMap::into_values));
    collected.tidy();
    let cut = collected.cut;
    let seen = once(collected.seen);
    let mut doors = Doors::default();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for event in &seen {
        let fits: Vec<Part<'_>> =
            event.fits.iter().filter_map(|at| parts.get(*at)).copied().collect();
        let within = scope.window.contains(event.record.time);
        let mut opened: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for part in &fits {
            match part.role {
                Role::Names(rule) => doors.name(part.channel, rule, &event.record, scope),
                Role::Opens(rule) if within => {
                    let of_channel = opened.entry(&part.channel.id).or_default();
                    of_channel.extend(doors.open(part.channel, rule, &event.record, scope));
                }
                Role::Opens(rule)
                    if event.record.time < scope.window.start
                        && event.record.outcome != "failure" =>
                {
                    doors.sight(part.channel, rule, &event.record, scope, earlier);
                }
                Role::Proves(rule) if within && event.record.outcome != "failure" => {
                    doors.prove(part.channel, rule, &event.record);
                }
                _ => {}
            }
        }
        for id in opened.keys() {
            let count = counts.entry(id).or_default();
            *count = count.saturating_add(1);
        }
        if event.record.outcome != "failure" {
            for part in &fits {
                let Role::Closes(rule) = part.role else { continue };
                let replaces = fits.iter().any(|other| {
                    matches!(other.role, Role::Opens(_)) && other.channel.id == part.channel.id
                });
                let renewed = opened.get(part.channel.id.as_str());
                let renewed = renewed.filter(|_| replaces).map_or(&[][..], Vec::as_slice);
                doors.close(part.channel, rule, &event.record, renewed, scope);
            }
        }
    }
    let sizes = snapshot_sizes(&seen);
    let movements: Vec<Movement> =
        doors.all.iter().map(|door| door.movement(&doors, &sizes, scope)).collect();
    let mut results = Vec::new();
    for channel in channels {
        let events = counts.get(channel.id.as_str()).copied().unwrap_or(0);
        let listed = movements.iter().filter(|movement| movement.channel == channel.id).count();
        let unlogged = channel.unlogged().filter(|_| events == 0);
        let mut detail = match (events, listed) {
            (0, _) if unlogged.is_some() => unlogged.unwrap_or_default().to_owned(),
            (0, _) => format!(
                "no such event in the window, and {} would have shown it where it covers the window",
                channel.datasets.join(" or ")
            ),
            (_, 0) => {
                format!("{events} such events in the window, none of which names anyone outside")
            }
            _ => format!("{events} events in the window, {listed} movements"),
        };
        if cut {
            detail.push_str(&format!(
                "; only {CHANNEL_EVENTS_MAX} events of all channels together were followed"
            ));
        }
        results.push(ChannelResult {
            id: channel.id.clone(),
            title: channel.title.clone(),
            status: match (listed, unlogged) {
                (0, Some(_)) => "not_covered",
                (0, None) => "nothing_found",
                _ => "found",
            }
            .to_owned(),
            events,
            detail,
        });
    }
    (movements, results)
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
struct Door<'c> {
    channel: &'c Channel,
    rule: &'c EventRule,
    grade: Grade,
    resource: Resource,
    destination: Destination,
    /// What a policy lets the receiver do, once for each set of conditions.
    exposures: Vec<Exposure>,
    actor: MovementActor,
    records: Vec<Record>,
    /// What shows that it was used.
    proof: Option<&'c ProofRule>,
    proofs: Vec<Record>,
    closed_at: Option<jiff::Timestamp>,
    amount: Option<u64>,
    items: BTreeSet<String>,
    /// Ids by which a closing event may call it.
    handles: BTreeSet<String>,
    /// When a policy put anew let the receiver do more.
    widened: Vec<(jiff::Timestamp, Vec<String>)>,
}

#[derive(Debug, Default)]
struct Doors<'c> {
    all: Vec<Door<'c>>,
    /// Places of the doors of each resource.
    by_resource: BTreeMap<String, Vec<usize>>,
    /// What an id stands for, by channel and id.
    names: BTreeMap<(&'c str, String), Vec<Named>>,
}

impl<'c> Doors<'c> {
    /// Notes what an id stands for from here on.
    fn name(&mut self, channel: &'c Channel, rule: &AliasRule, record: &Record, scope: &Scope<'_>) {
        let mut stands_for = Vec::new();
        for named in extract(&rule.destination, record, scope.judge) {
            // What it stands for may itself stand for something: a task for a location, that for a
            // bucket.
            match self.names.get(&(channel.id.as_str(), named.id.clone())) {
                Some(further) => stands_for.extend(further.iter().cloned()),
                None => stands_for.push(named),
            }
        }
        if stands_for.is_empty() {
            return;
        }
        for id in rule.id.iter().flat_map(|field| record.texts(field)) {
            self.names.insert((&channel.id, id), stands_for.clone());
        }
    }

    /// Notes where an event before the window led to.
    fn sight(
        &self,
        channel: &'c Channel,
        rule: &EventRule,
        record: &Record,
        scope: &Scope<'_>,
        earlier: &mut Sightings,
    ) {
        let resource = resource_of(rule, record);
        for (destination, _) in self.destinations(channel, rule, record, &resource, scope) {
            earlier.add(&destination, record.time, record.get(fields::CT_USER_IDENTITY_ARN));
        }
    }

    /// Notes what the event opens, and says which doors those are.
    fn open(
        &mut self,
        channel: &'c Channel,
        rule: &'c EventRule,
        record: &Record,
        scope: &Scope<'_>,
    ) -> Vec<usize> {
        let resource = resource_of(rule, record);
        let grade = if record.outcome == "failure" { Grade::Attempted } else { rule.grade };
        let mut opened = Vec::new();
        for (destination, named) in self.destinations(channel, rule, record, &resource, scope) {
            let grade = match (&rule.receivers_of, destination.kind.as_str()) {
                (Some(_), "unknown") if destination.external.is_none() => {
                    grade.min(Grade::Performed)
                }
                _ => grade,
            };
            let exposures = named.exposures;
            let actor = record.actor();
            let places = self.by_resource.entry(resource.id.clone()).or_default();
            let known = places.iter().copied().find(|at| {
                let Some(door) = self.all.get(*at) else { return false };
                std::ptr::eq(door.rule, rule)
                    && door.grade == grade
                    && door.resource == resource
                    && door.destination == destination
                    && door.actor.principal == actor.principal
                    && door.actor.access_key_id == actor.access_key_id
                    && door.closed_at.is_none()
                    && door.proof.is_none()
            });
            let at = known.unwrap_or_else(|| {
                places.push(self.all.len());
                self.all.push(Door {
                    channel,
                    rule,
                    grade,
                    resource: resource.clone(),
                    destination,
                    exposures: exposures.clone(),
                    actor,
                    records: Vec::new(),
                    proof: None,
                    proofs: Vec::new(),
                    closed_at: None,
                    amount: None,
                    items: BTreeSet::new(),
                    handles: BTreeSet::new(),
                    widened: Vec::new(),
                });
                self.all.len().saturating_sub(1)
            });
            if let Some(door) = self.all.get_mut(at) {
                door.records.push(record.clone());
                let amount = rule
                    .volume
                    .field
                    .as_deref()
                    .and_then(|field| record.texts(field).first()?.parse::<u64>().ok());
                let bytes = amount.and_then(|amount| amount.checked_mul(rule.volume.unit_bytes));
                door.amount = match (door.amount, bytes) {
                    (Some(held), Some(more)) if rule.volume.each => Some(held.saturating_add(more)),
                    (held, bytes) => held.max(bytes),
                };
                door.handles.extend(rule.handle.iter().flat_map(|field| record.texts(field)));
                let (more, _) = difference(&door.exposures, &exposures);
                let more: Vec<String> = more.into_iter().flat_map(|one| one.actions).collect();
                if !more.is_empty() {
                    door.widened.push((record.time, more));
                }
                door.exposures = exposures;
                let item = rule.item.as_ref().map(|item| first_text(record, &item.fields));
                door.items.extend(item.flatten());
            }
            opened.push(at);
        }
        opened
    }

    /// Where to, as far as the rule lists it.
    fn destinations(
        &self,
        channel: &'c Channel,
        rule: &EventRule,
        record: &Record,
        resource: &Resource,
        scope: &Scope<'_>,
    ) -> Vec<(Destination, Named)> {
        let mut found: BTreeMap<Destination, Named> = BTreeMap::new();
        let mut names_any = false;
        for named in extract(&rule.destination, record, scope.judge) {
            names_any = true;
            let stands_for = self.names.get(&(channel.id.as_str(), named.id.clone()));
            let one_or_more = stands_for.map_or(std::slice::from_ref(&named), Vec::as_slice);
            for named in one_or_more {
                let destination =
                    scope.judge.destination(&named.kind, &named.id, named.account.as_deref());
                let held = found.entry(destination).or_default();
                let mut exposures = std::mem::take(&mut held.exposures);
                exposures.extend(named.exposures.iter().cloned());
                *held = Named { exposures, ..named.clone() };
            }
        }
        let foreign_caller = record
            .get(fields::CT_USER_IDENTITY_ACCOUNT_ID)
            .is_some_and(|account| scope.is_foreign(account));
        found.retain(|destination, _| match rule.list {
            List::All => true,
            List::Outside | List::Burst | List::Unseen => destination.external != Some(false),
            List::Foreign => {
                foreign_caller
                    || destination
                        .account
                        .as_deref()
                        .is_some_and(|account| scope.is_foreign(account))
            }
        });
        if found.is_empty()
            && let Some(sharing) = &rule.receivers_of
        {
            found.insert(self.receiver(sharing, record, resource), Named::default());
        }
        // A policy or list that lets nobody in opens nothing; neither does what stays inside.
        let judges_itself = rule
            .destination
            .iter()
            .any(|one| matches!(one.function, Function::Policy | Function::Acl));
        if found.is_empty() && !names_any && !judges_itself && rule.list == List::All {
            let mut unknown = scope.judge.destination("unknown", "unknown", None);
            "the event does not name a destination".clone_into(&mut unknown.reason);
            found.insert(unknown, Named::default());
        }
        found.into_iter().collect()
    }

    /// Who may have used the resource: whoever it stood open to, else whoever it had been opened to.
    fn receiver(&self, sharing: &str, record: &Record, resource: &Resource) -> Destination {
        let shared = |still_open: bool| -> Vec<&Door<'_>> {
            self.all
                .iter()
                .filter(|door| {
                    door.channel.id == sharing
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

    /// Notes which open doors the event shows in use.
    fn prove(&mut self, channel: &Channel, rule: &'c ProofRule, record: &Record) {
        let of: BTreeSet<String> = rule.of.iter().flat_map(|field| record.texts(field)).collect();
        for door in &mut self.all {
            let hit = door.channel.id == channel.id
                && door.grade != Grade::Attempted
                && door.grade <= rule.grade
                && (of.contains(&door.resource.id) || of.contains(&door.destination.id))
                && door.closed_at.is_none_or(|closed| closed >= record.time)
                && door.records.first().is_some_and(|first| first.time <= record.time);
            if hit {
                door.grade = rule.grade;
                door.proof = Some(rule);
                door.proofs.push(record.clone());
            }
        }
    }

    /// Notes what the event closes. One that also opens (a policy put anew) closes whatever it does
    /// not open again.
    fn close(
        &mut self,
        channel: &Channel,
        rule: &CloseRule,
        record: &Record,
        renewed: &[usize],
        scope: &Scope<'_>,
    ) {
        let resources: BTreeSet<String> = if rule.resource.is_empty() {
            let of_events = channel.events.iter().map(|rule| &rule.resource);
            of_events
                .flat_map(|resource| resource.fields.iter().map(|name| (resource.function, name)))
                .flat_map(|(function, name)| {
                    record.texts(name).into_iter().map(move |id| function.of(&id))
                })
                .collect()
        } else {
            rule.resource.iter().flat_map(|name| record.texts(name)).collect()
        };
        let handles: BTreeSet<String> =
            rule.handle.iter().flat_map(|field| record.texts(field)).collect();
        let named = extract(&rule.destination, record, scope.judge);
        let renewed: Vec<(Resource, Destination)> = renewed
            .iter()
            .filter_map(|at| self.all.get(*at))
            .map(|door| (door.resource.clone(), door.destination.clone()))
            .collect();
        // By resource where the event names one, else every door is looked at.
        let places: Vec<usize> = if rule.handle.is_empty() {
            resources.iter().filter_map(|id| self.by_resource.get(id)).flatten().copied().collect()
        } else {
            (0..self.all.len()).collect()
        };
        for at in places {
            let Some(door) = self.all.get_mut(at) else { continue };
            let hit = door.channel.id == channel.id
                && door.closed_at.is_none()
                && (rule.opened_by.is_empty()
                    || rule.opened_by.iter().any(|name| door.rule.names.contains(name)))
                && (rule.handle.is_empty() || !handles.is_disjoint(&door.handles))
                && door.grade != Grade::Attempted
                && matches!(door.rule.grade, Grade::Enabled | Grade::Prepared)
                && door.records.first().is_some_and(|first| first.time <= record.time)
                && (rule.destination.is_empty()
                    || named.iter().any(|named| {
                        named.kind == door.destination.kind && named.id == door.destination.id
                    }))
                && !renewed.contains(&(door.resource.clone(), door.destination.clone()));
            if hit {
                door.closed_at = Some(record.time);
            }
        }
    }
}

impl Door<'_> {
    fn movement(
        &self,
        doors: &Doors<'_>,
        sizes: &BTreeMap<String, u64>,
        scope: &Scope<'_>,
    ) -> Movement {
        let mut actor = self.actor.clone();
        if self.records.iter().any(|record| record.actor().source_ip != actor.source_ip) {
            actor.source_ip = None;
        }
        let first = self.records.first().map_or(scope.window.start, |record| record.time);
        let all = || self.records.iter().chain(&self.proofs);
        let last = all().map(|record| record.time).max().unwrap_or(first);
        let mut title = sentence(&self.rule.summary, &self.resource, &self.destination);
        if self.grade == Grade::Attempted {
            title = format!("tried and failed: {title}");
        }
        Movement {
            id: String::new(),
            channel: self.channel.id.clone(),
            title,
            grade: self.grade,
            grade_reason: self.grade_reason(doors),
            resource: self.resource.clone(),
            destination: self.destination.clone(),
            actor,
            first,
            last,
            closed_at: self.closed_at,
            objects: u64::try_from(self.items.len()).ok().filter(|count| *count > 0),
            bytes: self.volume(sizes),
            events: self.citations(),
            event_count: u64::try_from(all().count()).unwrap_or(u64::MAX),
            attack: self.channel.attack.clone(),
            query: self.query(),
            signs: Vec::new(),
        }
    }

    /// The first events, of those that opened it and of those that prove its use.
    fn citations(&self) -> Vec<Citation> {
        let proofs = self.proofs.len().min(CITATIONS_MAX / 2);
        let most = CITATIONS_MAX.saturating_sub(proofs);
        let records = self.records.iter().take(most).chain(self.proofs.iter().take(proofs));
        records.map(|record| record.citation.clone()).collect()
    }

    fn grade_reason(&self, doors: &Doors<'_>) -> String {
        match self.grade {
            Grade::Attempted => {
                let code = self
                    .records
                    .first()
                    .and_then(|record| record.get(fields::CT_ERROR_CODE))
                    .unwrap_or("no error code");
                format!("the call failed ({code}); nothing was opened or moved by it")
            }
            Grade::Performed if self.rule.grade > self.grade => self.destination.reason.clone(),
            _ => {
                let mut reason = match self.proof {
                    Some(proof) => proof.proves.clone(),
                    None => self.rule.proves.clone(),
                };
                if self.proofs.len() >= PROOFS_MAX {
                    reason.push_str(&format!(
                        "; of the events that show it {PROOFS_MAX} are counted, the earliest and \
                         the latest"
                    ));
                }
                if self.grade == Grade::Enabled
                    && doors.all.iter().any(|door| {
                        door.grade == Grade::Received && door.resource.id == self.resource.id
                    })
                {
                    reason.push_str("; a separate event shows that the share was used");
                }
                for exposure in &self.exposures {
                    reason.push_str("; allowed: ");
                    reason.push_str(&exposure.actions.join(", "));
                    if !exposure.conditions.is_empty() {
                        reason.push_str(" where ");
                        reason.push_str(&exposure.conditions.join(" and "));
                    }
                }
                for (time, more) in &self.widened {
                    reason.push_str(&format!("; wider since {time}: {}", more.join(", ")));
                }
                reason
            }
        }
    }

    fn volume(&self, sizes: &BTreeMap<String, u64>) -> Volume {
        if self.grade == Grade::Attempted {
            return Volume {
                value: Some(0),
                method: "the call failed".to_owned(),
                bound: Bound::Exact,
            };
        }
        let rule = &self.rule.volume;
        if let Some(bytes) = self.amount {
            return Volume { value: Some(bytes), method: rule.method.clone(), bound: rule.bound };
        }
        if let Some(bytes) = sizes.get(&self.resource.id) {
            return Volume {
                value: Some(*bytes),
                method: "size of the volume or database that the snapshot was made of, as the \
                         answer to its making says; what is in use may be less"
                    .to_owned(),
                bound: Bound::Upper,
            };
        }
        Volume { value: None, method: rule.method.clone(), bound: Bound::Unknown }
    }

    fn query(&self) -> String {
        let mut actions: Vec<&str> =
            self.records.iter().filter_map(|record| record.get(fields::EVENT_ACTION)).collect();
        actions.sort_unstable();
        actions.dedup();
        let actions: Vec<String> = actions.into_iter().map(quoted).collect();
        let mut query = format!("{}: ({})", fields::EVENT_ACTION.name(), actions.join(" OR "));
        let field = self.rule.resource.fields.iter().find(|field| {
            self.records.first().is_some_and(|record| !record.texts(field).is_empty())
        });
        if let Some(field) = field {
            let id = quoted(&self.resource.id);
            query.push_str(&match self.rule.resource.function {
                ResourceFunction::Value => format!(" AND {field}: {id}"),
                ResourceFunction::Bucket => {
                    format!(" AND {field}: (*{0}/* OR *{0})", escaped(&self.resource.id))
                }
            });
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
        if let Some(proof) = self.proof {
            let of: Vec<String> = proof
                .of
                .iter()
                .flat_map(|field| {
                    [&self.resource.id, &self.destination.id]
                        .map(|id| format!("{field}: {}", quoted(id)))
                })
                .collect();
            query = format!("({query}) OR ({} AND ({}))", proof.key().query(), of.join(" OR "));
        }
        query
    }
}

/// The first of these fields that holds a value.
pub(super) fn first_text(record: &Record, names: &[String]) -> Option<String> {
    names.iter().find_map(|name| record.texts(name).into_iter().next())
}

fn resource_of(rule: &EventRule, record: &Record) -> Resource {
    Resource {
        kind: resource_kind(rule, record),
        id: first_text(record, &rule.resource.fields)
            .map_or_else(|| "unknown".to_owned(), |id| rule.resource.function.of(&id)),
        account: record.get(fields::CLOUD_ACCOUNT_ID).map(str::to_owned),
    }
}

/// An export of an image is not one of an instance.
fn resource_kind(rule: &EventRule, record: &Record) -> String {
    if !matches!(rule.resource.kind.as_str(), "ami" | "instance" | "ebs_volume" | "ebs_snapshot") {
        return rule.resource.kind.clone();
    }
    let id = first_text(record, &rule.resource.fields).unwrap_or_default();
    match id.split_once('-').map(|(prefix, _)| prefix) {
        Some("ami") => "ami".to_owned(),
        Some("i") => "instance".to_owned(),
        Some("vol") => "ebs_volume".to_owned(),
        Some("snap") => "ebs_snapshot".to_owned(),
        _ => rule.resource.kind.clone(),
    }
}

/// Size in bytes of each snapshot whose making is among the events: of volumes and of databases.
fn snapshot_sizes(seen: &[Seen]) -> BTreeMap<String, u64> {
    const ANSWERS: [(&str, &str); 3] = [
        ("snapshotId", "volumeSize"),
        ("dBSnapshotIdentifier", "allocatedStorage"),
        ("dBClusterSnapshotIdentifier", "allocatedStorage"),
    ];
    let mut sizes = BTreeMap::new();
    for event in seen {
        let text = |name: &str| {
            let name = format!("{}.{name}", fields::CT_RESPONSE_ELEMENTS.name());
            event.record.texts(&name).into_iter().next()
        };
        for (id, size) in ANSWERS {
            // Aurora answers one for storage that grows by itself.
            let least = if id == "dBClusterSnapshotIdentifier" { 2 } else { 1 };
            let gib =
                text(size).and_then(|gib| gib.parse::<u64>().ok()).filter(|gib| *gib >= least);
            if let (Some(snapshot), Some(gib)) = (text(id), gib) {
                sizes.insert(snapshot, gib.saturating_mul(1 << 30));
            }
        }
    }
    sizes
}
