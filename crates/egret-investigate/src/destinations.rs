//! One ledger of destinations: all that went to each place, by whom, whether it may be there, where
//! it lies, and whether it was seen before.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions_aggregate::expr_fn::min;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_model::report::{DestinationTotal, Movement, Place};

use crate::engine::{AnalysisError, Engine, any_of, column, or_engine};
use crate::impact::together;
use crate::movements::Sightings;

/// All that went to each destination, sorted by kind and id.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn destinations(
    engine: &Engine,
    movements: &[Movement],
    earlier: &Sightings,
) -> Result<Vec<DestinationTotal>, AnalysisError> {
    let mut by_place: BTreeMap<(&str, &str), Vec<&Movement>> = BTreeMap::new();
    for movement in movements.iter().filter(|movement| movement.destination.kind != "nowhere") {
        let to = &movement.destination;
        by_place.entry((&to.kind, &to.id)).or_default().push(movement);
    }
    let addresses: BTreeSet<String> = by_place
        .keys()
        .filter(|(kind, _)| *kind == "ip_address")
        .map(|(_, id)| (*id).to_owned())
        .collect();
    let places = places(engine, &addresses).await?;
    Ok(by_place
        .into_iter()
        .filter_map(|((_, id), movements)| {
            let first = movements.iter().map(|movement| movement.first).min()?;
            let last = movements.iter().map(|movement| movement.last).max()?;
            let destination = movements.first()?.destination.clone();
            let actors: BTreeSet<String> =
                movements.iter().filter_map(|movement| movement.actor.principal.clone()).collect();
            Some(DestinationTotal {
                earlier: earlier.of(&destination),
                place: places.get(id).cloned(),
                destination,
                movements: movements.iter().map(|movement| movement.id.clone()).collect(),
                grade: movements.iter().map(|movement| movement.grade).max()?,
                bytes: together(&movements),
                first,
                last,
                actors: actors.into_iter().collect(),
            })
        })
        .collect())
}

/// Where addresses lie, as ingest looked it up.
async fn places(
    engine: &Engine,
    addresses: &BTreeSet<String>,
) -> Result<BTreeMap<String, Place>, AnalysisError> {
    const WHAT: &str = "places of destinations";
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    if addresses.is_empty() {
        return Ok(places);
    }
    let sides: [(Field, [Field; 4]); 2] = [
        (
            fields::SOURCE_IP,
            [
                fields::SOURCE_GEO_COUNTRY_ISO_CODE,
                fields::SOURCE_AS_NUMBER,
                fields::SOURCE_AS_ORGANIZATION_NAME,
                fields::SOURCE_AWS_SERVICE,
            ],
        ),
        (
            fields::DESTINATION_IP,
            [
                fields::DESTINATION_GEO_COUNTRY_ISO_CODE,
                fields::DESTINATION_AS_NUMBER,
                fields::DESTINATION_AS_ORGANIZATION_NAME,
                fields::DESTINATION_AWS_SERVICE,
            ],
        ),
    ];
    for (side, [country, as_number, organization, aws]) in sides {
        let events = engine.events(WHAT).await?;
        let frame = or_engine(WHAT, events.filter(any_of(side, addresses)))?;
        let frame = or_engine(
            WHAT,
            frame.aggregate(
                vec![column(side).alias("address")],
                vec![
                    min(column(country)).alias("country"),
                    min(column(as_number)).alias("as_number"),
                    min(column(organization)).alias("organization"),
                    min(column(aws)).alias("aws"),
                ],
            ),
        )?;
        let rows = engine.groups(WHAT, frame, &["address"]).await?;
        for row in 0..rows.len() {
            let Some(address) = rows.string("address", row)? else { continue };
            let place = Place {
                country: rows.string("country", row)?,
                as_number: rows
                    .number("as_number", row)?
                    .and_then(|number| u64::try_from(number).ok()),
                organization: rows.string("organization", row)?,
                aws: rows.string("aws", row)?,
            };
            if place != Place::default() {
                places.entry(address).or_insert(place);
            }
        }
    }
    Ok(places)
}
