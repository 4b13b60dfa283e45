//! AWS service and region of an address, from AWS's own list.
//!
//! # Source
//!
//! <https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html>

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use serde::Deserialize;

use super::geoip::read;
use super::{Known, LookupFile};
use crate::error::StoreError;

/// The largest list that is read.
const BYTES_MAX: u64 = 64 << 20;

/// What AWS calls every range of its own, whoever uses it.
const ANY: &str = "AMAZON";

#[derive(Deserialize)]
struct List {
    #[serde(rename = "createDate", default)]
    created: String,
    #[serde(default)]
    prefixes: Vec<Prefix>,
    #[serde(default)]
    ipv6_prefixes: Vec<Prefix>,
}

#[derive(Deserialize)]
struct Prefix {
    #[serde(alias = "ip_prefix", alias = "ipv6_prefix")]
    prefix: IpNet,
    region: String,
    service: String,
}

/// Ranges by network.
#[derive(Debug, Default)]
pub(super) struct AwsRanges {
    networks: BTreeMap<IpNet, (String, String)>,
    /// Lengths that occur, the longest first.
    lengths: Vec<u8>,
}

pub(super) fn open(path: &Path) -> Result<(AwsRanges, LookupFile), StoreError> {
    let (bytes, sha256) = read(path, BYTES_MAX)?;
    let list: List = serde_json::from_slice(&bytes).map_err(|error| StoreError::Lookup {
        path: path.to_owned(),
        reason: format!("expected AWS's ip-ranges.json: {error}"),
    })?;
    if list.prefixes.is_empty() && list.ipv6_prefixes.is_empty() {
        return Err(StoreError::Lookup {
            path: path.to_owned(),
            reason: "expected AWS's ip-ranges.json with `prefixes`, found none".to_owned(),
        });
    }
    let kind = format!("AWS address ranges of {}", list.created);
    let ranges = AwsRanges::of(list.prefixes.into_iter().chain(list.ipv6_prefixes));
    Ok((ranges, LookupFile { path: path.to_owned(), sha256, kind }))
}

impl AwsRanges {
    fn of(prefixes: impl Iterator<Item = Prefix>) -> Self {
        let mut networks: BTreeMap<IpNet, (String, String)> = BTreeMap::new();
        for Prefix { prefix, region, service } in prefixes {
            let held =
                networks.entry(prefix.trunc()).or_insert_with(|| (service.clone(), region.clone()));
            // Of one range's names the one that says more; of several, the first by letters.
            let better = held.0 == ANY || service != ANY && service < held.0;
            if better {
                *held = (service, region);
            }
        }
        let mut lengths: Vec<u8> = networks.keys().map(IpNet::prefix_len).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        Self { networks, lengths }
    }

    /// Adds the service of the narrowest range that says more than `AMAZON`, else `AMAZON`.
    pub(super) fn look_up(&self, address: IpAddr, known: &mut Known) {
        let mut any = None;
        for length in &self.lengths {
            let Ok(network) = IpNet::new(address, *length) else { continue };
            let Some((service, region)) = self.networks.get(&network.trunc()) else { continue };
            if service != ANY {
                any = Some((service, region));
                break;
            }
            any = any.or(Some((service, region)));
        }
        if let Some((service, region)) = any {
            known.texts.insert("aws_service", service.clone());
            known.texts.insert("aws_region", region.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_range_that_says_most() {
        let list: List = serde_json::from_str(
            r#"{"createDate":"2026-11-01","prefixes":[
                {"ip_prefix":"198.51.100.0/24","region":"us-east-1","service":"AMAZON","network_border_group":"us-east-1"},
                {"ip_prefix":"198.51.100.0/25","region":"us-east-1","service":"S3"},
                {"ip_prefix":"198.51.100.0/25","region":"us-east-1","service":"AMAZON"},
                {"ip_prefix":"203.0.113.0/24","region":"eu-west-1","service":"AMAZON"}],
              "ipv6_prefixes":[{"ipv6_prefix":"2001:db8::/32","region":"eu-west-1","service":"EC2"}]}"#,
        )
        .unwrap();
        let ranges = AwsRanges::of(list.prefixes.into_iter().chain(list.ipv6_prefixes));
        for (address, want) in [
            ("198.51.100.7", Some(("S3", "us-east-1"))),
            ("198.51.100.200", Some(("AMAZON", "us-east-1"))),
            ("203.0.113.9", Some(("AMAZON", "eu-west-1"))),
            ("2001:db8::7", Some(("EC2", "eu-west-1"))),
            ("192.0.2.1", None),
        ] {
            let mut known = Known::default();
            ranges.look_up(address.parse().unwrap(), &mut known);
            let found = known.texts.get("aws_service").zip(known.texts.get("aws_region"));
            let found = found.map(|(service, region)| (service.as_str(), region.as_str()));
            assert_eq!(found, want, "{address}");
        }
    }
}
