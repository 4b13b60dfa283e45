//! What stands out about one pair of sender and receiver: whose the receiver is, how the transfer
//! went on, over which port, and which credentials the sender holds.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::dataframe::DataFrame;
use datafusion::functions::expr_fn::date_trunc;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, min, stddev, sum};
use datafusion::functions_window::expr_fn::lag;
use datafusion::logical_expr::{ExprFunctionExt, Operator, binary_expr};
use datafusion::prelude::{cast, ident};
use egret_model::ecs::catalog::fields;
use egret_model::words::bytes as bytes_in_words;

use crate::engine::{AnalysisError, Engine, any_of, column, or_engine};

const WHAT: &str = "outbound flows: what stands out";

/// Ports of services that machines in the cloud call every day.
const COMMON_PORTS: &[i64] = &[
    22, 25, 53, 80, 88, 123, 389, 443, 445, 465, 514, 587, 636, 853, 993, 995, 1433, 1521, 2049,
    3306, 3389, 5432, 5671, 5672, 5439, 6379, 6380, 6514, 8080, 8443, 9092, 9093, 9094, 9200, 9243,
    27017,
];

/// Services that carry little by nature, by port or protocol number.
const THIN_PORTS: &[(i64, &str)] = &[(53, "DNS"), (123, "time service")];
const THIN_PROTOCOLS: &[(&str, &str)] = &[("1", "ping and its kin"), ("58", "ping and its kin")];

/// Parts of the names of networks whose owners keep or pass on other people's files.
const STORAGE_NETWORKS: &[&str] = &[
    "backblaze",
    "box.com",
    "discord",
    "dropbox",
    "github",
    "hetzner",
    "mediafire",
    "mega limited",
    "mega cloud",
    "pcloud",
    "telegram",
    "transfer.sh",
    "wasabi",
    "wetransfer",
];

/// Hours in a row from which a transfer is long.
const LONG_HOURS: u64 = 6;

/// Flows from which a rhythm can be told, and how even it must be: deviation over mean.
const RHYTHM_FLOWS: u64 = 12;
const RHYTHM_EVEN: f64 = 0.2;

/// Flow logs put flows together by up to ten minutes, which looks like a rhythm itself.
const RHYTHM_SECONDS_MIN: f64 = 900.0;

/// Facts about one pair.
#[derive(Debug, Clone, Default)]
pub(super) struct Traits {
    hours: u64,
    hours_between: u64,
    flows: u64,
    gap_mean_s: Option<f64>,
    gap_deviation_s: Option<f64>,
    /// Port, protocol number and bytes, most first.
    ports: Vec<(i64, String, u64)>,
    organization: Option<String>,
    as_number: Option<i64>,
    country: Option<String>,
    aws: Option<String>,
}

/// Columns that the traits are read from, beside `sender`, `receiver` and `time`.
pub(super) fn columns() -> Vec<datafusion::logical_expr::Expr> {
    vec![
        column(fields::DESTINATION_PORT).alias("port"),
        column(fields::NETWORK_IANA_NUMBER).alias("protocol"),
        column(fields::SOURCE_BYTES).alias("bytes"),
        column(fields::DESTINATION_AS_ORGANIZATION_NAME).alias("organization"),
        column(fields::DESTINATION_AS_NUMBER).alias("as_number"),
        column(fields::DESTINATION_GEO_COUNTRY_ISO_CODE).alias("country"),
        column(fields::DESTINATION_AWS_SERVICE).alias("aws"),
    ]
}

/// Traits of every pair among the flows, by sender and receiver.
pub(super) async fn traits(
    engine: &Engine,
    flows: DataFrame,
) -> Result<BTreeMap<(String, String), Traits>, AnalysisError> {
    let pair = || vec![ident("sender"), ident("receiver")];
    let mut found: BTreeMap<(String, String), Traits> = BTreeMap::new();
    let seconds = cast(ident("time"), arrow::datatypes::DataType::Int64);
    let before = or_engine(
        WHAT,
        lag(seconds.clone(), Some(1), None)
            .partition_by(pair())
            .order_by(vec![ident("time").sort(true, true)])
            .build(),
    )?;
    let timed = or_engine(WHAT, flows.clone().window(vec![before.alias("before")]))?;
    let gap = cast(
        binary_expr(seconds, Operator::Minus, ident("before")),
        arrow::datatypes::DataType::Float64,
    );
    let frame = or_engine(
        WHAT,
        timed.aggregate(
            pair(),
            vec![
                count_distinct(date_trunc(datafusion::prelude::lit("hour"), ident("time")))
                    .alias("hours"),
                count(ident("time")).alias("flows"),
                min(ident("time")).alias("first"),
                datafusion::functions_aggregate::expr_fn::max(ident("time")).alias("last"),
                avg(gap.clone()).alias("gap_mean"),
                stddev(gap).alias("gap_deviation"),
                min(ident("organization")).alias("organization"),
                min(ident("as_number")).alias("as_number"),
                min(ident("country")).alias("country"),
                min(ident("aws")).alias("aws"),
            ],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["sender", "receiver"]).await?;
    for row in 0..rows.len() {
        let (Some(sender), Some(receiver)) =
            (rows.string("sender", row)?, rows.string("receiver", row)?)
        else {
            continue;
        };
        let span = rows
            .time("first", row)?
            .zip(rows.time("last", row)?)
            .map_or(0, |(first, last)| last.duration_since(first).as_hours());
        let in_seconds = |micros: f64| micros / 1e6;
        found.insert(
            (sender, receiver),
            Traits {
                hours: rows.count("hours", row)?,
                hours_between: u64::try_from(span).unwrap_or(0).saturating_add(1),
                flows: rows.count("flows", row)?,
                gap_mean_s: rows.float("gap_mean", row)?.map(in_seconds),
                gap_deviation_s: rows.float("gap_deviation", row)?.map(in_seconds),
                ports: Vec::new(),
                organization: rows.string("organization", row)?,
                as_number: rows.number("as_number", row)?,
                country: rows.string("country", row)?,
                aws: rows.string("aws", row)?,
            },
        );
    }
    let mut by_port = pair();
    by_port.extend([ident("port"), ident("protocol")]);
    let frame =
        or_engine(WHAT, flows.aggregate(by_port, vec![sum(ident("bytes")).alias("bytes")]))?;
    let rows = engine.groups(WHAT, frame, &["sender", "receiver", "port", "protocol"]).await?;
    for row in 0..rows.len() {
        let (Some(sender), Some(receiver)) =
            (rows.string("sender", row)?, rows.string("receiver", row)?)
        else {
            continue;
        };
        let Some(traits) = found.get_mut(&(sender, receiver)) else { continue };
        let port = rows.number("port", row)?.unwrap_or(0);
        let protocol = rows.string("protocol", row)?.unwrap_or_default();
        traits.ports.push((port, protocol, rows.count("bytes", row)?));
    }
    for traits in found.values_mut() {
        traits.ports.sort_by_key(|(port, protocol, bytes)| {
            (std::cmp::Reverse(*bytes), *port, protocol.clone())
        });
    }
    Ok(found)
}

impl Traits {
    /// In words, each with its figures.
    pub(super) fn signs(&self) -> Vec<String> {
        let mut signs = Vec::new();
        signs.extend(self.owner());
        if self.hours >= LONG_HOURS
            && self.hours.saturating_mul(10) >= self.hours_between.saturating_mul(9)
        {
            signs.push(format!(
                "it went on in {} of the {} hours from first to last",
                self.hours, self.hours_between
            ));
        }
        signs.extend(self.rhythm());
        signs.extend(self.port());
        signs
    }

    fn owner(&self) -> Option<String> {
        let place = [
            self.organization.clone(),
            self.as_number.map(|number| format!("AS{number}")),
            self.country.clone(),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if let Some(service) = &self.aws {
            return Some(format!(
                "the receiver's address belongs to AWS ({service}); whose resource lies behind it \
                 the flow log does not say"
            ));
        }
        let name = self.organization.as_deref().unwrap_or_default().to_lowercase();
        if STORAGE_NETWORKS.iter().any(|network| name.contains(network)) {
            return Some(format!(
                "the receiver lies in a network that keeps or passes on other people's files ({})",
                place.join(", ")
            ));
        }
        (!place.is_empty()).then(|| format!("the receiver lies in {}", place.join(", ")))
    }

    fn rhythm(&self) -> Option<String> {
        let (mean, deviation) = (self.gap_mean_s?, self.gap_deviation_s?);
        (self.flows >= RHYTHM_FLOWS && mean >= RHYTHM_SECONDS_MIN && deviation / mean < RHYTHM_EVEN)
            .then(|| {
                format!(
                    "the flows come evenly, every {:.0} minutes on average over {} of them",
                    mean / 60.0,
                    self.flows
                )
            })
    }

    fn port(&self) -> Option<String> {
        let (port, protocol, bytes) = self.ports.first()?;
        let thin = THIN_PROTOCOLS
            .iter()
            .find(|(number, _)| number == protocol)
            .map(|(_, name)| *name)
            .or_else(|| THIN_PORTS.iter().find(|(thin, _)| thin == port).map(|(_, name)| *name));
        if let Some(name) = thin {
            return Some(format!(
                "{} went over {name}, far more than it takes by nature",
                bytes_in_words(*bytes)
            ));
        }
        (*port > 0 && !COMMON_PORTS.contains(port))
            .then(|| format!("most of it went to port {port}, which no common service uses"))
    }
}

/// Principals that act with the credentials of these instances, by instance.
pub(super) async fn credentials(
    engine: &Engine,
    instances: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<(String, u64)>>, AnalysisError> {
    const WHAT: &str = "credentials of sending instances";
    let mut found: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
    if instances.is_empty() {
        return Ok(found);
    }
    let events = engine.events(WHAT).await?;
    let frame =
        or_engine(WHAT, events.filter(any_of(fields::CT_USER_IDENTITY_SESSION_NAME, instances)))?;
    let frame = or_engine(
        WHAT,
        frame.aggregate(
            vec![
                column(fields::CT_USER_IDENTITY_SESSION_NAME).alias("instance"),
                column(fields::CT_USER_IDENTITY_ARN).alias("principal"),
            ],
            vec![count(column(fields::TIMESTAMP)).alias("calls")],
        ),
    )?;
    let rows = engine.groups(WHAT, frame, &["instance", "principal"]).await?;
    for row in 0..rows.len() {
        if let (Some(instance), Some(principal)) =
            (rows.string("instance", row)?, rows.string("principal", row)?)
        {
            found.entry(instance).or_default().push((principal, rows.count("calls", row)?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_out() {
        let plain = Traits {
            hours: 1,
            hours_between: 1,
            flows: 3,
            ports: vec![(443, "6".to_owned(), 80_000_000)],
            ..Traits::default()
        };
        #[rustfmt::skip]
        let rows: &[(&str, Traits, &str)] = &[
            ("nothing", plain.clone(), ""),
            ("whose", Traits { organization: Some("Example Hosting".into()), as_number: Some(64500), ..plain.clone() }, "Example Hosting, AS64500"),
            ("files", Traits { organization: Some("Mega Limited".into()), ..plain.clone() }, "other people's files"),
            ("AWS", Traits { aws: Some("S3".into()), ..plain.clone() }, "belongs to AWS (S3)"),
            ("long", Traits { hours: 10, hours_between: 11, ..plain.clone() }, "10 of the 11 hours"),
            ("with pauses", Traits { hours: 10, hours_between: 20, ..plain.clone() }, ""),
            ("even", Traits { flows: 20, gap_mean_s: Some(3600.0), gap_deviation_s: Some(60.0), ..plain.clone() }, "every 60 minutes"),
            ("uneven", Traits { flows: 20, gap_mean_s: Some(3600.0), gap_deviation_s: Some(3000.0), ..plain.clone() }, ""),
            ("odd port", Traits { ports: vec![(31337, "6".into(), 1)], ..plain.clone() }, "port 31337"),
            ("too much over DNS", Traits { ports: vec![(53, "17".into(), 20_000_000)], ..plain.clone() }, "over DNS"),
            ("too much over ping", Traits { ports: vec![(0, "1".into(), 20_000_000)], ..plain }, "over ping"),
        ];
        for (name, traits, want) in rows {
            let signs = traits.signs().join("; ");
            assert!(signs.contains(want) && signs.is_empty() == want.is_empty(), "{name}: {signs}");
        }
    }
}
