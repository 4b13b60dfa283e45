//! Calls that hand something to their caller: secrets, parameters, blocks, images, table rows, logs.
//! Drawn together by rule, caller, address and resource, day by day, as the scan comes upon them.
//!
//! Calls from inside by an own account move nothing out and are only counted; so are days that look
//! like the same caller's other days ([`super::habit`]). A call that two accounts' trails hold is
//! counted from the caller's.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use egret_model::ecs::catalog::fields;
use egret_model::limits::{CITATIONS_MAX, GROUP_ROWS_MAX, MOVEMENTS_MAX};
use egret_model::report::{
    Bound, ChannelResult, Citation, Grade, Movement, MovementActor, Resource, Volume,
};
use jiff::Timestamp;

use super::events::first_text;
use super::habit::Habits;
use super::reads::{Group, Pair, Tally, destination, is_foreign, plural, presence, result};
use super::scan::{Part, Role};
use super::{Scope, Sightings, escaped, quoted, sentence};
use crate::channel::{Channel, EventRule, List, ResourceFunction};
use crate::engine::{AnalysisError, Engine, Rows};
use crate::record::Record;

/// Calls a day that are a person's work.
const USUAL_CALLS_A_DAY: u64 = 20;

/// Distinct items remembered of one group; beyond, their number is a lower bound.
const ITEMS_MAX: usize = 1_000_000;

/// Names of items shown in a movement's title when there are no more than this many.
const NAMED_ITEMS: usize = 3;

/// Resources that one caller read by one rule and are listed one by one; more are one movement.
const RESOURCES_MAX: usize = 5;

/// What one group did on one day.
#[derive(Debug, Default)]
struct Day {
    /// Calls within the window.
    calls: u64,
    /// Calls of the day outside it, for the habit.
    beside: u64,
    bytes: u64,
    measured: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    caller_account: Option<String>,
    owner_account: Option<String>,
    user: Option<String>,
    keys: BTreeSet<String>,
    /// Digests of the items, which are far smaller than their names.
    items: BTreeSet<u64>,
    /// Whether there are more than are remembered.
    more_items: bool,
    names: BTreeSet<String>,
    /// The first few, by time and place.
    citations: BTreeMap<(Timestamp, String, u64), String>,
}

impl Day {
    fn merge(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.beside = self.beside.saturating_add(other.beside);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.measured = self.measured.saturating_add(other.measured);
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.into_iter().chain(other.last).max();
        for (held, more) in [
            (&mut self.caller_account, &other.caller_account),
            (&mut self.owner_account, &other.owner_account),
            (&mut self.user, &other.user),
        ] {
            // The lowest, so that the order of the events does not matter.
            *held = held.take().into_iter().chain(more.clone()).min();
        }
        self.keys.extend(other.keys.iter().cloned());
        self.items.extend(&other.items);
        while self.items.len() > ITEMS_MAX {
            self.items.pop_last();
            self.more_items = true;
        }
        self.more_items |= other.more_items;
        self.names.extend(other.names.iter().cloned());
        keep_first(&mut self.names, NAMED_ITEMS.saturating_add(1));
        self.citations.extend(other.citations.iter().map(|(at, id)| (at.clone(), id.clone())));
        while self.citations.len() > CITATIONS_MAX {
            self.citations.pop_last();
        }
    }
}

fn keep_first(set: &mut BTreeSet<String>, most: usize) {
    while set.len() > most {
        set.pop_last();
    }
}

/// Groups as the scan comes upon them.
#[derive(Debug, Default)]
pub(super) struct Collected {
    days: BTreeMap<(Group, Timestamp), Day>,
    /// Calls from inside, by channel: counted only.
    inside: BTreeMap<String, u64>,
    /// Whether there were more groups than are held.
    cut: bool,
}

impl Collected {
    /// Takes one event in.
    pub(super) fn add(
        &mut self,
        part: usize,
        (channel, rule): (&Channel, &EventRule),
        rows: &Rows,
        row: usize,
        scope: &Scope<'_>,
    ) -> Result<(), AnalysisError> {
        let Some(time) = rows.time(fields::TIMESTAMP.name(), row)? else { return Ok(()) };
        let text = |field: egret_model::ecs::Field| rows.text(field.name(), row);
        let caller = text(fields::CT_USER_IDENTITY_ACCOUNT_ID)?;
        let owner = text(fields::CLOUD_ACCOUNT_ID)?;
        // The owner's copy of a call that the caller's own trail holds too.
        if text(fields::CT_SHARED_EVENT_ID)?.is_some_and(|id| !id.is_empty())
            && caller != owner
            && caller.is_some_and(|account| scope.judge.has_trail(account))
        {
            return Ok(());
        }
        let principal = text(fields::CT_USER_IDENTITY_ARN)?
            .or(caller)
            .or(text(fields::CT_USER_IDENTITY_INVOKED_BY)?)
            .unwrap_or("anonymous");
        let address = text(fields::SOURCE_ADDRESS)?.unwrap_or("unknown");
        let foreign = is_foreign(scope, caller, principal);
        let outside = scope.judge.is_internal(address) == Some(false);
        let counts = match rule.list {
            List::All | List::Outside | List::Burst => foreign || outside,
            List::Foreign => foreign,
            List::Unseen => true,
        };
        if !counts {
            if scope.window.contains(time) {
                let inside = self.inside.entry(channel.id.clone()).or_default();
                *inside = inside.saturating_add(1);
            }
            return Ok(());
        }
        let Some(record) = Record::of(rows, row)? else { return Ok(()) };
        let resource = first_text(&record, &rule.resource.fields)
            .map_or_else(|| "unknown".to_owned(), |id| rule.resource.function.of(&id));
        let group = Group {
            part,
            principal: principal.to_owned(),
            address: address.to_owned(),
            resource,
            failed: record.outcome == "failure",
        };
        let key = (group, day_of(time));
        if self.days.len() >= GROUP_ROWS_MAX && !self.days.contains_key(&key) {
            self.cut = true;
            return Ok(());
        }
        let day = self.days.entry(key).or_default();
        if !scope.window.contains(time) {
            day.beside = day.beside.saturating_add(1);
            day.caller_account = day.caller_account.take().or(caller.map(str::to_owned));
            return Ok(());
        }
        let amount = rule
            .volume
            .field
            .as_deref()
            .and_then(|field| record.texts(field).first()?.parse::<u64>().ok())
            .and_then(|amount| amount.checked_mul(rule.volume.unit_bytes));
        let mut one = Day {
            calls: 1,
            bytes: amount.unwrap_or(0),
            measured: u64::from(amount.is_some()),
            first: Some(time),
            last: Some(time),
            caller_account: caller.map(str::to_owned),
            owner_account: owner.map(str::to_owned),
            user: record.actor().user,
            keys: record.actor().access_key_id.into_iter().collect(),
            ..Day::default()
        };
        let citation = &record.citation;
        one.citations.insert((time, citation.file.clone(), citation.record), citation.id.clone());
        let names = rule.item.as_ref().map_or(&[][..], |item| item.fields.as_slice());
        for item in names
            .iter()
            .map(|name| record.texts(name))
            .find(|found| !found.is_empty())
            .into_iter()
            .flatten()
        {
            one.items.insert(digest(&item));
            one.names.insert(item);
        }
        day.merge(&one);
        Ok(())
    }
}

fn day_of(time: Timestamp) -> Timestamp {
    let seconds = time.as_second();
    let into_day = seconds.rem_euclid(86_400);
    Timestamp::from_second(seconds.saturating_sub(into_day)).unwrap_or(time)
}

fn digest(item: &str) -> u64 {
    // Keys of its own make a hasher differ from run to run; this one has none.
    BuildHasherDefault::<DefaultHasher>::default().hash_one(item)
}

/// Movements of these channels, unsorted and unnumbered, and a result for each channel.
pub(super) async fn find(
    engine: &Engine,
    collected: Collected,
    channels: &[&Channel],
    parts: &[Part<'_>],
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> Result<(Vec<Movement>, Vec<ChannelResult>), AnalysisError> {
    let presence =
        if collected.days.is_empty() { BTreeSet::new() } else { presence(engine).await? };
    let cut = collected.cut;
    let (groups, mut tallies) = sift(&collected, &presence, parts, scope, earlier);
    let mut listed = together(groups);
    if listed.len() > MOVEMENTS_MAX {
        listed.sort_by_key(|(group, day, _)| {
            (group.failed, std::cmp::Reverse(day.bytes), std::cmp::Reverse(day.calls))
        });
        for (group, ..) in listed.split_off(MOVEMENTS_MAX) {
            if let Some(part) = parts.get(group.part) {
                let tally = tallies.entry(part.channel.id.clone()).or_default();
                tally.left_out = tally.left_out.saturating_add(1);
            }
        }
    }
    let movements: Vec<Movement> = listed
        .iter()
        .filter_map(|(group, day, resources)| {
            let part = parts.get(group.part)?;
            let Role::Reads(rule) = part.role else { return None };
            Some(movement(part.channel, rule, scope, group, day, *resources))
        })
        .collect();
    let results = channels
        .iter()
        .map(|channel| {
            let listed = movements.iter().filter(|one| one.channel == channel.id).count();
            let mut result = result(channel, tallies.get(&channel.id), listed, scope);
            if cut {
                result.detail.push_str("; there were more groups of calls than are held at once");
            }
            result
        })
        .collect();
    Ok((movements, results))
}

type Sifted = (BTreeMap<Group, Day>, BTreeMap<String, Tally>);

/// Sets aside what is usual, and puts the days of a group together.
fn sift(
    collected: &Collected,
    presence: &BTreeSet<(Pair, Timestamp)>,
    parts: &[Part<'_>],
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> Sifted {
    let mut habits: Habits<(usize, &str, &str)> = Habits::new(scope.habit, USUAL_CALLS_A_DAY);
    let mut callers: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
    // Days together over all resources: a caller has one habit for each kind of call.
    let mut calls: BTreeMap<(usize, &str, &str, Timestamp), u64> = BTreeMap::new();
    let is_logged = |group: &Group| {
        let role = parts.get(group.part).map(|part| part.role);
        let unseen = matches!(role, Some(Role::Reads(rule)) if rule.list == List::Unseen);
        unseen && scope.read_buckets.contains(&group.resource)
    };
    for ((group, day), done) in collected.days.iter().filter(|((group, _), _)| !is_logged(group)) {
        let key = (group.part, group.principal.as_str(), group.address.as_str());
        let all_day = done.calls.saturating_add(done.beside);
        habits.add(key, *day, all_day);
        callers.entry((key.1, key.2)).or_default().insert(group.part);
        let all = calls.entry((key.0, key.1, key.2, *day)).or_default();
        *all = all.saturating_add(all_day);
    }
    for ((principal, address), day) in presence {
        for part in callers.get(&(principal.as_str(), address.as_str())).into_iter().flatten() {
            habits.add((*part, principal, address), *day, 0);
        }
    }
    let mut groups: BTreeMap<Group, Day> = BTreeMap::new();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (channel, inside) in &collected.inside {
        let tally = tallies.entry(channel.clone()).or_default();
        tally.events = *inside;
        tally.inside = *inside;
    }
    for ((group, day), done) in &collected.days {
        let Some(part) = parts.get(group.part) else { continue };
        let Role::Reads(rule) = part.role else { continue };
        if done.beside > 0 && *day < scope.window.start && !group.failed {
            let caller = done.caller_account.as_deref();
            let to = destination(scope, &group.principal, &group.address, caller);
            earlier.add(&to, *day, Some(&group.principal));
        }
        if done.calls == 0 {
            continue;
        }
        let tally = tallies.entry(part.channel.id.clone()).or_default();
        tally.events = tally.events.saturating_add(done.calls);
        let key = (group.part, group.principal.as_str(), group.address.as_str());
        let of_day = calls.get(&(key.0, key.1, key.2, *day)).copied().unwrap_or(0);
        let unlisted = match rule.list {
            List::Burst => of_day <= USUAL_CALLS_A_DAY,
            List::Unseen => of_day <= USUAL_CALLS_A_DAY || is_logged(group),
            List::All | List::Outside | List::Foreign => false,
        };
        if unlisted {
            tally.inside = tally.inside.saturating_add(done.calls);
            continue;
        }
        let foreign = is_foreign(scope, done.caller_account.as_deref(), &group.principal);
        if (!foreign || rule.list == List::Unseen) && habits.is_usual(&key, *day) {
            tally.usual = tally.usual.saturating_add(done.calls);
            continue;
        }
        tally.listed = tally.listed.saturating_add(done.calls);
        groups.entry(group.clone()).or_default().merge(done);
    }
    (groups, tallies)
}

/// Groups with the number of their resources. What one caller read by one rule is one movement when
/// it is of many resources: twenty secrets are one theft.
fn together(groups: BTreeMap<Group, Day>) -> Vec<(Group, Day, usize)> {
    /// Rule, caller, address and outcome.
    type Caller = (usize, String, String, bool);
    let mut by_caller: BTreeMap<Caller, Vec<(Group, Day)>> = BTreeMap::new();
    for (group, day) in groups {
        let key = (group.part, group.principal.clone(), group.address.clone(), group.failed);
        by_caller.entry(key).or_default().push((group, day));
    }
    let mut listed = Vec::new();
    for (_, groups) in by_caller {
        let resources = groups.len();
        if resources <= RESOURCES_MAX {
            listed.extend(groups.into_iter().map(|(group, day)| (group, day, 1)));
            continue;
        }
        let mut all: Option<(Group, Day)> = None;
        for (group, day) in groups {
            match &mut all {
                Some((_, held)) => held.merge(&day),
                None => all = Some((group, day)),
            }
        }
        if let Some((mut group, day)) = all {
            let others = resources.saturating_sub(1);
            group.resource = format!("{} and {others} more", group.resource);
            listed.push((group, day, resources));
        }
    }
    listed
}

fn movement(
    channel: &Channel,
    rule: &EventRule,
    scope: &Scope<'_>,
    group: &Group,
    day: &Day,
    resources: usize,
) -> Movement {
    let grade = if group.failed { Grade::Attempted } else { rule.grade };
    let resource = Resource {
        kind: rule.resource.kind.clone(),
        id: group.resource.clone(),
        account: day.owner_account.clone(),
    };
    let caller = day.caller_account.as_deref();
    let destination = destination(scope, &group.principal, &group.address, caller);
    let items = u64::try_from(day.items.len()).unwrap_or(u64::MAX);
    let mut title = sentence(&rule.summary, &resource, &destination);
    title.push_str(&format!(": {}", plural(day.calls, "call")));
    if let Some(item) = rule.item.as_ref().filter(|_| items > 0) {
        title.push_str(&format!(", {}", plural(items, &format!("distinct {}", item.noun))));
        if items <= u64::try_from(NAMED_ITEMS).unwrap_or(0) {
            let names: Vec<&str> = day.names.iter().map(String::as_str).collect();
            title.push_str(&format!(" ({})", names.join(", ")));
        }
    }
    if group.failed {
        title = format!("tried and failed: {title}");
    }
    Movement {
        id: String::new(),
        channel: channel.id.clone(),
        title,
        grade,
        grade_reason: if group.failed {
            "every call was denied or failed; nothing was handed out".to_owned()
        } else {
            rule.proves.clone()
        },
        resource,
        destination,
        actor: MovementActor {
            principal: Some(group.principal.clone()),
            user: day.user.clone(),
            access_key_id: match day.keys.len() {
                1 => day.keys.first().cloned(),
                _ => None,
            },
            source_ip: Some(group.address.clone()),
        },
        first: day.first.unwrap_or(scope.window.start),
        last: day.last.unwrap_or(scope.window.start),
        closed_at: None,
        objects: match (items, resources) {
            (0, 1) => None,
            (0, several) => u64::try_from(several).ok(),
            (items, _) => Some(items),
        },
        bytes: volume(rule, group, day, items),
        events: day
            .citations
            .iter()
            .map(|((_, file, record), id)| Citation {
                id: id.clone(),
                file: file.clone(),
                record: *record,
            })
            .collect(),
        event_count: day.calls,
        attack: channel.attack.clone(),
        query: query(rule, group, scope, resources),
        signs: Vec::new(),
    }
}

fn volume(rule: &EventRule, group: &Group, day: &Day, items: u64) -> Volume {
    let method = rule.volume.method.clone();
    if group.failed {
        return Volume {
            value: Some(0),
            method: "every call failed".to_owned(),
            bound: Bound::Exact,
        };
    }
    if let Some(each) = rule.volume.per_item_bytes.filter(|_| day.more_items) {
        return Volume {
            value: Some(items.saturating_mul(each)),
            method: format!("{method}; only {items} different ones are counted"),
            bound: Bound::Lower,
        };
    }
    if let Some(each) = rule.volume.per_item_bytes {
        let value = (items > 0).then(|| items.saturating_mul(each));
        let bound = if items > 0 { rule.volume.bound } else { Bound::Unknown };
        return Volume { value, method, bound };
    }
    match day.measured {
        0 => Volume { value: None, method, bound: Bound::Unknown },
        all if all == day.calls => {
            Volume { value: Some(day.bytes), method, bound: rule.volume.bound }
        }
        some => Volume {
            value: Some(day.bytes),
            method: format!("{method}; {some} of {} calls say how much", day.calls),
            bound: Bound::Lower,
        },
    }
}

fn query(rule: &EventRule, group: &Group, scope: &Scope<'_>, resources: usize) -> String {
    let mut clauses = vec![format!("({})", rule.key().query())];
    if group.principal.starts_with("arn:") {
        let arn = fields::CT_USER_IDENTITY_ARN.name();
        clauses.push(format!("{arn}: {}", quoted(&group.principal)));
    }
    clauses.push(format!("{}: {}", fields::SOURCE_ADDRESS.name(), quoted(&group.address)));
    let resource = quoted(&group.resource);
    let fields: Vec<String> = rule
        .resource
        .fields
        .iter()
        .map(|name| match rule.resource.function {
            ResourceFunction::Value => format!("{name}: {resource}"),
            ResourceFunction::Bucket => {
                format!("{name}: (*{0}/* OR *{0})", escaped(&group.resource))
            }
        })
        .collect();
    if !fields.is_empty() && group.resource != "unknown" && resources == 1 {
        clauses.push(format!("({})", fields.join(" OR ")));
    }
    clauses.push(format!("@timestamp: [\"{}\" TO \"{}\"}}", scope.window.start, scope.window.end));
    clauses.join(" AND ")
}
