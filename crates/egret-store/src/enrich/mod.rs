//! What addresses are known for: country, network, AWS service. Looked up when evidence is ingested,
//! once for each address of a batch.
//!
//! What it **cannot** tell: where somebody is. A location is that of an address's registration, by the
//! opinion of whoever made the database, on the day it was made.

mod aws_ranges;
mod geoip;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::datatypes::{Field as ArrowField, Schema};
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;

use self::aws_ranges::AwsRanges;
use self::geoip::GeoIp;
use crate::error::StoreError;

/// A file of lookups, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LookupFile {
    /// Where it lay.
    pub path: PathBuf,
    /// SHA-256 of it, hex.
    pub sha256: String,
    /// What it says of itself.
    pub kind: String,
}

/// Where lookups come from.
#[derive(Debug, Default)]
pub struct Enrichment {
    geoip: Vec<GeoIp>,
    ranges: Option<AwsRanges>,
    files: Vec<LookupFile>,
}

/// What is known of one address.
#[derive(Debug, Default, Clone, PartialEq)]
struct Known {
    texts: BTreeMap<&'static str, String>,
    system: Option<i64>,
}

/// One side of an event: its address, and the columns that lookups fill.
struct Side {
    address: Field,
    system: Field,
    texts: &'static [(&'static str, Field)],
}

const SIDES: [Side; 2] = [
    Side {
        address: fields::SOURCE_IP,
        system: fields::SOURCE_AS_NUMBER,
        texts: &[
            ("country_iso_code", fields::SOURCE_GEO_COUNTRY_ISO_CODE),
            ("country_name", fields::SOURCE_GEO_COUNTRY_NAME),
            ("region_name", fields::SOURCE_GEO_REGION_NAME),
            ("city_name", fields::SOURCE_GEO_CITY_NAME),
            ("continent_name", fields::SOURCE_GEO_CONTINENT_NAME),
            ("location", fields::SOURCE_GEO_LOCATION),
            ("organization", fields::SOURCE_AS_ORGANIZATION_NAME),
            ("aws_service", fields::SOURCE_AWS_SERVICE),
            ("aws_region", fields::SOURCE_AWS_REGION),
        ],
    },
    Side {
        address: fields::DESTINATION_IP,
        system: fields::DESTINATION_AS_NUMBER,
        texts: &[
            ("country_iso_code", fields::DESTINATION_GEO_COUNTRY_ISO_CODE),
            ("country_name", fields::DESTINATION_GEO_COUNTRY_NAME),
            ("region_name", fields::DESTINATION_GEO_REGION_NAME),
            ("city_name", fields::DESTINATION_GEO_CITY_NAME),
            ("continent_name", fields::DESTINATION_GEO_CONTINENT_NAME),
            ("location", fields::DESTINATION_GEO_LOCATION),
            ("organization", fields::DESTINATION_AS_ORGANIZATION_NAME),
            ("aws_service", fields::DESTINATION_AWS_SERVICE),
            ("aws_region", fields::DESTINATION_AWS_REGION),
        ],
    },
];

impl Enrichment {
    /// Reads MaxMind-format files of a folder, and AWS's list of address ranges.
    ///
    /// # Errors
    ///
    /// [`StoreError::Lookup`] names the file, what was expected and what was found.
    pub fn open(geoip: Option<&Path>, ranges: Option<&Path>) -> Result<Self, StoreError> {
        let mut enrichment = Self::default();
        if let Some(folder) = geoip {
            for path in geoip::files(folder)? {
                let (database, file) = geoip::open(&path)?;
                enrichment.geoip.push(database);
                enrichment.files.push(file);
            }
        }
        if let Some(path) = ranges {
            let (ranges, file) = aws_ranges::open(path)?;
            enrichment.ranges = Some(ranges);
            enrichment.files.push(file);
        }
        Ok(enrichment)
    }

    /// The files, in order.
    pub fn files(&self) -> &[LookupFile] {
        &self.files
    }

    /// Whether there is nothing to look up in.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn known(&self, address: IpAddr) -> Known {
        let mut known = Known::default();
        for database in &self.geoip {
            database.look_up(address, &mut known);
        }
        if let Some(ranges) = &self.ranges {
            ranges.look_up(address, &mut known);
        }
        known
    }

    /// The same events with what is known of their addresses. A column that they have stays.
    ///
    /// # Errors
    ///
    /// Only when Arrow does not take back columns that it gave, which would be a bug.
    pub(crate) fn apply(&self, events: RecordBatch) -> Result<RecordBatch, StoreError> {
        if self.is_empty() {
            return Ok(events);
        }
        let mut added: Vec<(Field, ArrayRef)> = Vec::new();
        for side in &SIDES {
            self.side(side, &events, &mut added);
        }
        if added.is_empty() {
            return Ok(events);
        }
        // In catalogue order, as the decoders' columns are; companions follow their column.
        let (schema, columns, rows) = events.into_parts();
        let mut all: Vec<(usize, ArrowField, ArrayRef)> = Vec::with_capacity(columns.len());
        let mut at = 0usize;
        for (field, column) in schema.fields().iter().zip(columns) {
            at = Field::by_name(field.name()).map_or(at, Field::index);
            all.push((at, field.as_ref().clone(), column));
        }
        for (field, column) in added {
            let arrow = ArrowField::new(field.name(), column.data_type().clone(), true);
            all.push((field.index(), arrow, column));
        }
        all.sort_by_key(|(at, _, _)| *at);
        let (names, columns): (Vec<_>, Vec<_>) =
            all.into_iter().map(|(_, field, column)| (field, column)).unzip();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(names)), columns, &options).map_err(
            |source| StoreError::Arrow { doing: "adding what addresses are known for", source },
        )
    }

    fn side(&self, side: &Side, events: &RecordBatch, added: &mut Vec<(Field, ArrayRef)>) {
        let Some(addresses) = events
            .column_by_name(side.address.name())
            .and_then(|column| column.as_string_opt::<i32>())
        else {
            return;
        };
        let mut looked_up: BTreeMap<&str, Known> = BTreeMap::new();
        for address in addresses.iter().flatten() {
            if !looked_up.contains_key(address) {
                let known = address.parse().map(|ip| self.known(ip)).unwrap_or_default();
                looked_up.insert(address, known);
            }
        }
        let is_new = |field: Field| events.column_by_name(field.name()).is_none();
        for (name, field) in side.texts.iter().filter(|(_, field)| is_new(*field)) {
            if !looked_up.values().any(|known| known.texts.contains_key(name)) {
                continue;
            }
            let mut column = StringBuilder::new();
            for address in addresses {
                let known = address.and_then(|address| looked_up.get(address));
                column.append_option(known.and_then(|known| known.texts.get(name)));
            }
            added.push((*field, Arc::new(column.finish())));
        }
        if is_new(side.system) && looked_up.values().any(|known| known.system.is_some()) {
            let mut column = Int64Builder::new();
            for address in addresses {
                let known = address.and_then(|address| looked_up.get(address));
                column.append_option(known.and_then(|known| known.system));
            }
            added.push((side.system, Arc::new(column.finish())));
        }
    }
}
