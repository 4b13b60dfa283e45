//! What addresses are known for, from files made here.

use std::fs;
use std::net::Ipv4Addr;

use egret_store::{Enrichment, IngestOptions};

use crate::logs::{Bench, cloudtrail, flows};

/// a value of the format.
enum Value {
    Text(&'static str),
    Number(u32),
    Map(Vec<(&'static str, Value)>),
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            match text.len() {
                short @ ..29 => out.push(2 << 5 | short as u8),
                long => out.extend([(2 << 5) + 29, (long - 29) as u8]),
            }
            out.extend_from_slice(text.as_bytes());
        }
        Value::Number(number) => {
            out.push(6 << 5 | 4);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Map(members) => {
            out.push(7 << 5 | members.len() as u8);
            for (name, value) in members {
                encode(&Value::Text(name), out);
                encode(value, out);
            }
        }
    }
}

/// A database with one network.
fn database(kind: &'static str, network: Ipv4Addr, length: u32, value: &Value) -> Vec<u8> {
    let bits = u32::from(network);
    let record = |value: u32| value.to_be_bytes()[1..].to_vec();
    let mut file = Vec::new();
    for node in 0..length {
        let next = if node + 1 == length { length + 16 } else { node + 1 };
        let mut sides = [record(length), record(length)];
        sides[(bits >> (31 - node) & 1) as usize] = record(next);
        file.extend(sides.concat());
    }
    file.extend([0; 16]);
    encode(value, &mut file);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = [
        ("binary_format_major_version", Value::Number(2)),
        ("binary_format_minor_version", Value::Number(0)),
        ("build_epoch", Value::Number(1)),
        ("database_type", Value::Text(kind)),
        ("description", Value::Map(Vec::new())),
        ("ip_version", Value::Number(4)),
        ("node_count", Value::Number(length)),
        ("record_size", Value::Number(24)),
    ];
    file.push(7 << 5 | (metadata.len() + 1) as u8);
    for (name, value) in metadata {
        encode(&Value::Text(name), &mut file);
        encode(&value, &mut file);
    }
    encode(&Value::Text("languages"), &mut file);
    // An empty list: an extended type.
    file.extend([0, 11 - 7]);
    file
}

#[test]
fn addresses_get_country_owner_and_service() {
    let bench = Bench::with(&[("a.json", cloudtrail(1..4)), ("flows.log", flows(1..20))]);
    let folder = bench.logs().with_file_name("geoip");
    fs::create_dir(&folder).unwrap();
    let network = Ipv4Addr::new(203, 0, 113, 0);
    let country = Value::Map(vec![(
        "country",
        Value::Map(vec![
            ("iso_code", Value::Text("ZZ")),
            ("names", Value::Map(vec![("en", Value::Text("Exampleland"))])),
        ]),
    )]);
    let system = Value::Map(vec![
        ("autonomous_system_number", Value::Number(64496)),
        ("autonomous_system_organization", Value::Text("Example Net")),
    ]);
    fs::write(folder.join("a.mmdb"), database("Test-Country", network, 24, &country)).unwrap();
    fs::write(folder.join("b.mmdb"), database("Test-ASN", network, 24, &system)).unwrap();
    let ranges = bench.logs().with_file_name("ip-ranges.json");
    fs::write(&ranges, r#"{"createDate":"2026-11-01","prefixes":[{"ip_prefix":"203.0.113.0/28","region":"us-east-1","service":"S3"}]}"#).unwrap();

    let enrichment = Enrichment::open(Some(&folder), Some(&ranges)).unwrap();
    assert_eq!(enrichment.files().len(), 3);
    let options = IngestOptions { enrichment: enrichment.into(), ..IngestOptions::default() };
    bench.try_ingest(&[bench.logs()], &options).unwrap();
    for (sql, want) in [
        ("\"source.geo.country_name\" = 'Exampleland' AND \"event.dataset\" = 'aws.cloudtrail'", 3),
        ("\"source.as.number\" = 64496 AND \"source.as.organization.name\" = 'Example Net'", 3),
        (
            "\"destination.geo.country_iso_code\" = 'ZZ' AND \"source.geo.country_iso_code\" IS NULL",
            19,
        ),
        // 203.0.113.1 to .15 of the flows' 1 to 19.
        ("\"egret.destination.aws.service\" = 'S3'", 15),
        ("\"egret.source.aws.region\" = 'us-east-1'", 3),
    ] {
        assert_eq!(
            bench.number(&format!("SELECT count(*) FROM events WHERE {sql}")),
            want,
            "{sql}"
        );
    }
}

#[test]
fn flat_records_of_other_makers_are_read_too() {
    let bench = Bench::with(&[("a.json", cloudtrail(1..4))]);
    let folder = bench.logs().with_file_name("geoip");
    fs::create_dir(&folder).unwrap();
    let place = Value::Map(vec![
        ("city", Value::Text("Exampleville")),
        ("country_code", Value::Text("ZZ")),
        ("state1", Value::Text("Example County")),
    ]);
    let file = database("dbip-city-lite", Ipv4Addr::new(203, 0, 113, 0), 24, &place);
    fs::write(folder.join("a.mmdb"), file).unwrap();
    let enrichment = Enrichment::open(Some(&folder), None).unwrap().into();
    let options = IngestOptions { enrichment, ..IngestOptions::default() };
    bench.try_ingest(&[bench.logs()], &options).unwrap();
    let sql = "SELECT count(*) FROM events WHERE \"source.geo.city_name\" = 'Exampleville' \
               AND \"source.geo.country_iso_code\" = 'ZZ' \
               AND \"source.geo.region_name\" = 'Example County'";
    assert_eq!(bench.number(sql), 3);
}

#[test]
fn what_is_no_lookup_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let said = |geoip: Option<&str>, ranges: Option<&str>| {
        let (geoip, ranges) = (geoip.map(at), ranges.map(at));
        Enrichment::open(geoip.as_deref(), ranges.as_deref()).unwrap_err().to_string()
    };
    fs::create_dir(at("empty")).unwrap();
    fs::create_dir(at("wrong")).unwrap();
    fs::write(at("wrong/x.mmdb"), "no database").unwrap();
    fs::create_dir(at("other")).unwrap();
    let value = Value::Map(Vec::new());
    let other = database("Test-Domain", Ipv4Addr::new(192, 0, 2, 0), 24, &value);
    fs::write(at("other/x.mmdb"), other).unwrap();
    fs::write(at("ranges.json"), "{}").unwrap();
    assert!(said(Some("empty"), None).contains("end in `.mmdb`, found none"));
    assert!(said(Some("wrong"), None).contains("expected a MaxMind-format database"));
    assert!(said(Some("other"), None).contains("found `Test-Domain`"));
    assert!(said(None, Some("ranges.json")).contains("expected AWS's ip-ranges.json"));
    assert!(said(None, Some("nowhere.json")).contains("opening"));
}

/// DB-IP Lite, which `scripts/test` fetches; what it says of an address changes from month to month.
#[test]
fn a_real_database_is_read() {
    let Some(folder) = std::env::var_os("EGRET_GEOIP") else {
        println!("skipped: no database; `EGRET_GEOIP` names a folder of them");
        return;
    };
    let enrichment = Enrichment::open(Some(std::path::Path::new(&folder)), None).unwrap();
    assert!(!enrichment.is_empty());
    let record = String::from_utf8(cloudtrail(1..2)).unwrap();
    let address = record.split("\"sourceIPAddress\":\"").nth(1).unwrap().split('"').next().unwrap();
    let of = |known: &str| record.replace(address, known).into_bytes();
    let bench = Bench::with(&[("a.json", of("8.8.8.8"))]);
    let options = IngestOptions { enrichment: enrichment.into(), ..IngestOptions::default() };
    bench.try_ingest(&[bench.logs()], &options).unwrap();
    let sql = "SELECT count(*) FROM events WHERE \"source.geo.country_iso_code\" ~ '^[A-Z]{2}$'";
    assert_eq!(bench.number(sql), 1);
}
