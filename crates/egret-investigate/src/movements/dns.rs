//! Names asked of a resolver, drawn together by asker and registered domain.
//!
//! Data that leaves inside names shows as many distinct names below one domain, long and random. A
//! day on which a host asked for few, or for short ones, is counted and not listed; so is one that
//! looks like the same host's other days with that domain ([`super::habit`]).

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions::expr_fn::{character_length, coalesce, date_trunc};
use datafusion::functions_aggregate::expr_fn::{
    approx_distinct, avg, count, count_distinct, max, min, sum,
};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt};
use datafusion::prelude::{cast, ident, lit, when};
use egret_model::ecs::catalog::fields;
use egret_model::limits::{CITATIONS_MAX, MOVEMENTS_MAX};
use egret_model::report::{ChannelResult, Citation, Movement, MovementActor, Resource, Volume};
use jiff::Timestamp;

use super::habit::Habits;
use super::{Scope, Sightings, compile, quoted, sentence};
use crate::channel::{Channel, EventRule};
use crate::engine::{AnalysisError, Engine, column, instant, or_engine};

const WHAT: &str = "names asked";

/// Distinct names below one domain that a host may ask for on a day.
const NAMES_A_DAY: u64 = 100;

/// Mean length below the domain from which names may carry data. Host names of people and content
/// networks are shorter; an encoder fills labels of 63 letters.
const LETTERS_MEAN: u64 = 20;

/// Bits that a letter adds to the one before it, over the names cited, from which they read as
/// encoded. In words a letter says much of the next, and names made after one pattern repeat it;
/// hexadecimal digits keep their four bits, base32 its five.
const BITS_A_LETTER: f64 = 3.4;

/// Asker and registered domain.
type Pair = (String, String);

/// One pair on its unusual days.
#[derive(Debug, Default)]
struct Listed {
    days: Vec<Timestamp>,
    names: u64,
    letters: u64,
    asked: u64,
    /// Of those, for record types that answer with free text.
    texts: u64,
    account: Option<String>,
}

pub(super) async fn find(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> Result<(Vec<Movement>, ChannelResult), AnalysisError> {
    let (listed, mut detail, events, left_out) = sift(engine, channel, scope, earlier).await?;
    let cited = cited(engine, channel, scope, &listed).await?;
    let mut movements = Vec::new();
    let mut plain = 0u64;
    for (pair, pair_days) in &listed {
        let Some(cited) = cited.get(pair) else { continue };
        let bits = bits_a_letter(&cited.names);
        if bits < BITS_A_LETTER {
            plain = plain.saturating_add(1);
            continue;
        }
        for rule in &channel.events {
            movements.push(movement(channel, rule, scope, pair, pair_days, cited, bits));
        }
    }
    detail.push_str(&format!(
        ", {plain} pairs of host and domain with names that read as words, the rest listed as {} \
         movements",
        movements.len()
    ));
    if left_out > 0 {
        detail.push_str(&format!("; the {left_out} smallest pairs are not listed"));
    }
    let result = ChannelResult {
        id: channel.id.clone(),
        title: channel.title.clone(),
        status: if movements.is_empty() { "nothing_found" } else { "found" }.to_owned(),
        events,
        detail,
    };
    Ok((movements, result))
}

/// The instance that asked, else its address.
fn asker() -> Expr {
    coalesce(vec![
        column(fields::CLOUD_INSTANCE_ID),
        column(fields::SOURCE_ADDRESS),
        lit("unknown"),
    ])
    .alias("asker")
}

fn domain() -> Expr {
    column(fields::DNS_QUESTION_REGISTERED_DOMAIN).alias("domain")
}

type Sifted = (BTreeMap<Pair, Listed>, String, u64, usize);

/// Pairs with many long names, on the days that are not like their others.
async fn sift(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
    earlier: &mut Sightings,
) -> Result<Sifted, AnalysisError> {
    let asked = engine.events(WHAT).await?;
    let asked = or_engine(WHAT, asked.filter(compile(channel, &channel.query(), scope.now)?))?;
    let free_text = ["TXT", "NULL", "CNAME", "MX", "SRV"].map(lit).to_vec();
    let is_text = column(fields::DNS_QUESTION_TYPE).in_list(free_text, false);
    let is_text = or_engine(WHAT, when(is_text, lit(1i64)).otherwise(lit(0i64)))?;
    let letters = character_length(column(fields::DNS_QUESTION_SUBDOMAIN));
    let frame = or_engine(
        WHAT,
        asked.aggregate(
            vec![asker(), domain(), date_trunc(lit("day"), column(fields::TIMESTAMP)).alias("day")],
            vec![
                // A sketch holds every pair of a busy network in bounded memory.
                approx_distinct(column(fields::DNS_QUESTION_SUBDOMAIN)).alias("names"),
                cast(avg(letters), arrow::datatypes::DataType::Int64).alias("letters"),
                count(column(fields::TIMESTAMP)).alias("asked"),
                sum(is_text).alias("texts"),
                min(column(fields::CLOUD_ACCOUNT_ID)).alias("account"),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["asker", "domain", "day"]).await?;
    let mut habits: Habits<Pair> = Habits::new(scope.habit, NAMES_A_DAY);
    let mut days = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let (Some(asker), Some(domain), Some(day)) =
            (rows.string("asker", row)?, rows.string("domain", row)?, rows.time("day", row)?)
        else {
            continue;
        };
        habits.add((asker.clone(), domain.clone()), day, rows.count("names", row)?);
        days.push((row, (asker, domain), day));
    }
    let mut listed: BTreeMap<Pair, Listed> = BTreeMap::new();
    let (mut events, mut few, mut usual) = (0u64, 0u64, 0u64);
    for (row, pair, day) in days {
        let next_day = day.checked_add(jiff::SignedDuration::from_hours(24));
        if day >= scope.window.end || next_day.is_ok_and(|next| next <= scope.window.start) {
            if day < scope.window.start {
                let (asker, domain) = &pair;
                earlier.add(&scope.judge.destination("host", domain, None), day, Some(asker));
            }
            continue;
        }
        let asked = rows.count("asked", row)?;
        let (names, letters) = (rows.count("names", row)?, rows.count("letters", row)?);
        events = events.saturating_add(asked);
        if names < NAMES_A_DAY || letters < LETTERS_MEAN {
            few = few.saturating_add(asked);
        } else if habits.is_usual(&pair, day) {
            usual = usual.saturating_add(asked);
        } else {
            let held = listed.entry(pair).or_default();
            held.days.push(day);
            held.names = held.names.saturating_add(names);
            held.letters = held.letters.max(letters);
            held.asked = held.asked.saturating_add(asked);
            held.texts = held.texts.saturating_add(rows.count("texts", row)?);
            held.account = held.account.take().or(rows.string("account", row)?);
        }
    }
    let mut by_size: Vec<(Pair, Listed)> = listed.into_iter().collect();
    by_size.sort_by_key(|(pair, listed)| (std::cmp::Reverse(listed.names), pair.clone()));
    let left_out = by_size.len().saturating_sub(MOVEMENTS_MAX);
    by_size.truncate(MOVEMENTS_MAX);
    let detail = format!(
        "{events} names asked in the window: {few} on days with fewer than {NAMES_A_DAY} different \
         names below a domain or shorter ones, {usual} as on the same host's other days"
    );
    Ok((by_size.into_iter().collect(), detail, events, left_out))
}

/// What is cited of one pair.
#[derive(Debug, Default)]
struct Cited {
    citations: Vec<Citation>,
    names: Vec<String>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    asked: u64,
    distinct: u64,
    letters: u64,
}

async fn cited(
    engine: &Engine,
    channel: &Channel,
    scope: &Scope<'_>,
    listed: &BTreeMap<Pair, Listed>,
) -> Result<BTreeMap<Pair, Cited>, AnalysisError> {
    const WHAT: &str = "names asked, to cite";
    let mut any: Option<Expr> = None;
    for ((asker, domain), listed) in listed {
        let days: BTreeSet<Timestamp> = listed.days.iter().copied().collect();
        let days = days.into_iter().map(instant).collect();
        let one = ident("asker")
            .eq(lit(asker.as_str()))
            .and(ident("domain").eq(lit(domain.as_str())))
            .and(date_trunc(lit("day"), ident("time")).in_list(days, false));
        any = Some(match any {
            Some(so_far) => so_far.or(one),
            None => one,
        });
    }
    let Some(any) = any else { return Ok(BTreeMap::new()) };
    let within = column(fields::TIMESTAMP)
        .gt_eq(instant(scope.window.start))
        .and(column(fields::TIMESTAMP).lt(instant(scope.window.end)));
    let asked = engine.events(WHAT).await?;
    let asked =
        or_engine(WHAT, asked.filter(compile(channel, &channel.query(), scope.now)?.and(within)))?;
    let asked = or_engine(
        WHAT,
        asked.select(vec![
            asker(),
            domain(),
            column(fields::DNS_QUESTION_SUBDOMAIN).alias("name"),
            column(fields::TIMESTAMP).alias("time"),
            column(fields::EVENT_ID).alias("event"),
            column(fields::LOG_FILE_PATH).alias("file"),
            column(fields::LOG_OFFSET).alias("record"),
        ]),
    )?;
    let asked = or_engine(WHAT, asked.filter(any))?;
    let pair = || vec![ident("asker"), ident("domain")];
    let totals = or_engine(
        WHAT,
        asked.clone().aggregate(
            pair(),
            vec![
                min(ident("time")).alias("first"),
                max(ident("time")).alias("last"),
                count(ident("time")).alias("asked"),
                count_distinct(ident("name")).alias("distinct"),
                cast(avg(character_length(ident("name"))), arrow::datatypes::DataType::Int64)
                    .alias("letters"),
            ],
        ),
    )?;
    let totals = engine.groups(WHAT, totals, &["asker", "domain"]).await?;
    let mut cited: BTreeMap<Pair, Cited> = BTreeMap::new();
    let key = |rows: &crate::engine::Rows, row: usize| -> Result<Pair, AnalysisError> {
        Ok((
            rows.string("asker", row)?.unwrap_or_default(),
            rows.string("domain", row)?.unwrap_or_default(),
        ))
    };
    for row in 0..totals.len() {
        let held = cited.entry(key(&totals, row)?).or_default();
        held.first = totals.time("first", row)?;
        held.last = totals.time("last", row)?;
        held.asked = totals.count("asked", row)?;
        held.distinct = totals.count("distinct", row)?;
        held.letters = totals.count("letters", row)?;
    }
    let order = ["time", "file", "record"].map(|name| ident(name).sort(true, true)).to_vec();
    let number = or_engine(WHAT, row_number().partition_by(pair()).order_by(order).build())?;
    let frame = or_engine(WHAT, asked.window(vec![number.alias("number")]))?;
    let most = u64::try_from(CITATIONS_MAX).unwrap_or(u64::MAX);
    let frame = or_engine(WHAT, frame.filter(ident("number").lt_eq(lit(most))))?;
    let rows = engine.groups(WHAT, frame, &["asker", "domain", "number"]).await?;
    for row in 0..rows.len() {
        let held = cited.entry(key(&rows, row)?).or_default();
        held.names.extend(rows.string("name", row)?);
        held.citations.push(Citation {
            id: rows.string("event", row)?.unwrap_or_default(),
            file: rows.string("file", row)?.unwrap_or_default(),
            record: rows.count("record", row)?,
        });
    }
    Ok(cited)
}

/// Entropy of a letter given the one before it, over all names together: that of pairs less that of
/// their first letters.
fn bits_a_letter(names: &[String]) -> f64 {
    let mut pairs: BTreeMap<(char, char), u32> = BTreeMap::new();
    let mut firsts: BTreeMap<char, u32> = BTreeMap::new();
    for name in names {
        let letters: Vec<char> = name
            .chars()
            .filter(|letter| *letter != '.')
            .map(|one| one.to_ascii_lowercase())
            .collect();
        for (first, second) in letters.iter().zip(letters.iter().skip(1)) {
            let pair = pairs.entry((*first, *second)).or_default();
            *pair = pair.saturating_add(1);
            let count = firsts.entry(*first).or_default();
            *count = count.saturating_add(1);
        }
    }
    entropy(pairs.values()) - entropy(firsts.values())
}

fn entropy<'n>(counts: impl Iterator<Item = &'n u32> + Clone) -> f64 {
    let all: f64 = counts.clone().map(|count| f64::from(*count)).sum();
    counts.map(|count| f64::from(*count) / all).map(|share| -share * share.log2()).sum()
}

fn movement(
    channel: &Channel,
    rule: &EventRule,
    scope: &Scope<'_>,
    (asker, domain): &Pair,
    listed: &Listed,
    cited: &Cited,
    bits: f64,
) -> Movement {
    let is_instance = asker.starts_with("i-");
    let resource = Resource {
        kind: if is_instance { rule.resource.kind.as_str() } else { "ip_address" }.to_owned(),
        id: asker.clone(),
        account: listed.account.clone(),
    };
    let destination = scope.judge.destination("host", domain, None);
    let mut signs = vec![format!(
        "{} distinct names of {} letters on average, {bits:.1} bits a letter",
        cited.distinct, cited.letters
    )];
    if listed.texts.saturating_mul(2) > listed.asked {
        signs.push("most ask for record types that answer with free text".to_owned());
    }
    let asked_by = if is_instance { fields::CLOUD_INSTANCE_ID } else { fields::SOURCE_ADDRESS };
    Movement {
        id: String::new(),
        channel: channel.id.clone(),
        title: sentence(&rule.summary, &resource, &destination),
        grade: rule.grade,
        grade_reason: rule.proves.clone(),
        resource,
        destination,
        actor: MovementActor {
            principal: None,
            user: None,
            access_key_id: None,
            source_ip: (!is_instance).then(|| asker.clone()),
        },
        first: cited.first.unwrap_or(scope.window.start),
        last: cited.last.unwrap_or(scope.window.start),
        closed_at: None,
        objects: Some(cited.distinct),
        bytes: Volume {
            value: Some(cited.distinct.saturating_mul(cited.letters.saturating_add(1))),
            method: rule.volume.method.clone(),
            bound: rule.volume.bound,
        },
        events: cited.citations.clone(),
        event_count: cited.asked,
        attack: channel.attack.clone(),
        query: format!(
            "{} AND {}: {} AND {}: {}",
            rule.key().query(),
            fields::DNS_QUESTION_REGISTERED_DOMAIN.name(),
            quoted(domain),
            asked_by.name(),
            quoted(asker)
        ),
        signs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_names_have_more_bits_than_words() {
        let of = |names: Vec<String>| bits_a_letter(&names);
        // Digits that look like chance: a multiplication spreads the bits of a small number.
        let encoded = |number: u64| {
            let spread = |salt: u64| {
                let mixed = number.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
            };
            format!("{:016x}{:016x}.{number}", spread(1), spread(77))
        };
        let bits = of((0..20).map(encoded).collect());
        assert!(bits > BITS_A_LETTER, "{bits}");
        let words =
            "some people give their machines long names made of several plain english words";
        let bits =
            of(words.split(' ').map(|word| format!("{word}-{word}-server.office")).collect());
        assert!(bits < BITS_A_LETTER, "{bits}");
        let bits = of((0..20).map(|number| format!("images-of-the-shop-{number}")).collect());
        assert!(bits < BITS_A_LETTER, "{bits}");
        assert!(of(Vec::new()) < 0.1);
    }
}
