//! Country, city and autonomous system of an address, from MaxMind-format files.
//!
//! # Format
//!
//! <https://maxmind.github.io/MaxMind-DB/>; what a file holds is told by its own `database_type`:
//! `…City`, `…Country`, `…ASN`, `…ISP`, whoever made it. Records nested as MaxMind's and flat as those
//! of other makers are read.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::Reader;
use serde_json::Value;
use std::fs::File;
use std::io::Read;

use super::{Known, LookupFile};
use crate::error::StoreError;

/// The largest database that is read.
const BYTES_MAX: u64 = 1 << 30;

/// One database.
#[derive(Debug)]
pub(super) enum GeoIp {
    /// Countries, and cities where it has them.
    Places(Reader<Vec<u8>>),
    /// Autonomous systems.
    Systems(Reader<Vec<u8>>),
}

/// The databases of a folder, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(StoreError::io("listing", folder))? {
        let path = entry.map_err(StoreError::io("listing", folder))?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("mmdb")) {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(StoreError::Lookup {
            path: folder.to_owned(),
            reason: "expected a folder with files that end in `.mmdb`, found none".to_owned(),
        });
    }
    found.sort();
    Ok(found)
}

/// Bytes of a file, and its digest.
pub(super) fn read(path: &Path, most: u64) -> Result<(Vec<u8>, String), StoreError> {
    let file = File::open(path).map_err(StoreError::io("opening", path))?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(StoreError::io("reading", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > most) {
        return Err(StoreError::TooLarge { path: path.to_owned(), max: most });
    }
    let sha256 = egret_model::evidence::sha256_hex(&bytes);
    Ok((bytes, sha256))
}

pub(super) fn open(path: &Path) -> Result<(GeoIp, LookupFile), StoreError> {
    let wrong = |reason: String| StoreError::Lookup { path: path.to_owned(), reason };
    let (bytes, sha256) = read(path, BYTES_MAX)?;
    let reader = Reader::from_source(bytes)
        .map_err(|error| wrong(format!("expected a MaxMind-format database: {error}")))?;
    let kind = reader.metadata.database_type.clone();
    let file = LookupFile { path: path.to_owned(), sha256, kind: kind.clone() };
    let folded = kind.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    let database = if has(&["city", "country", "enterprise", "location"]) {
        GeoIp::Places(reader)
    } else if has(&["asn", "isp"]) {
        GeoIp::Systems(reader)
    } else {
        return Err(wrong(format!(
            "expected a database of cities, countries or ASNs, found `{kind}`"
        )));
    };
    Ok((database, file))
}

impl GeoIp {
    /// Adds what is known of an address. A database that is damaged knows nothing.
    pub(super) fn look_up(&self, address: IpAddr, known: &mut Known) {
        let (Self::Places(reader) | Self::Systems(reader)) = self;
        let Ok(found) = reader.lookup(address) else { return };
        let Ok(Some(record)) = found.decode::<Value>() else { return };
        let text = |paths: &[&str]| {
            paths
                .iter()
                .filter_map(|path| record.pointer(path)?.as_str())
                .find(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let mut texts: Vec<(&'static str, Option<String>)> = Vec::new();
        match self {
            Self::Places(_) => texts.extend([
                (
                    "country_iso_code",
                    text(&["/country/iso_code", "/country_code"])
                        .or_else(|| text(&["/country"]).filter(|code| code.len() == 2)),
                ),
                (
                    "country_name",
                    text(&["/country/names/en", "/country_name"])
                        .or_else(|| text(&["/country"]).filter(|name| name.len() > 2)),
                ),
                ("continent_name", text(&["/continent/names/en", "/continent_name", "/continent"])),
                ("city_name", text(&["/city/names/en", "/city"])),
                ("region_name", text(&["/subdivisions/0/names/en", "/state1", "/region"])),
                ("location", location(&record)),
            ]),
            Self::Systems(_) => {
                texts.push((
                    "organization",
                    text(&["/autonomous_system_organization", "/as_name", "/name"]),
                ));
                let number =
                    record.get("autonomous_system_number").and_then(Value::as_i64).or_else(|| {
                        let number = text(&["/asn"])?;
                        number.strip_prefix("AS").unwrap_or(&number).parse().ok()
                    });
                known.system = known.system.or(number);
            }
        }
        for (name, text) in texts {
            if let Some(text) = text {
                known.texts.entry(name).or_insert(text);
            }
        }
    }
}

/// Latitude and longitude, as ECS writes a point in one text.
fn location(record: &Value) -> Option<String> {
    let degrees = |paths: [&str; 2]| {
        paths.iter().find_map(|path| match record.pointer(path)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        })
    };
    let latitude = degrees(["/location/latitude", "/latitude"])?;
    let longitude = degrees(["/location/longitude", "/longitude"])?;
    Some(format!("{latitude},{longitude}"))
}
