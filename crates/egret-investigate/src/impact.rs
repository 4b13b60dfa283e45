//! What it means: affected resources, signs of sensitive data, laws whose clock may run, and the
//! controls that were in the way.
//!
//! A word in an object's key is a sign that its content may be sensitive, never proof.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions_aggregate::expr_fn::{count_distinct, min};
use datafusion::prelude::lit;
use egret_model::ecs::catalog::fields;
use egret_model::report::{
    Bound, ControlNote, Grade, Impact, Movement, ResourceImpact, SensitivitySign, VerdictLevel,
    Volume,
};
use egret_model::time::TimeRange;

use crate::engine::{AnalysisError, Engine, any_of, column, instant, or_engine};
use crate::signs::Sign;
use crate::verdict::Judged;

/// Words that the pattern looks for in object keys, and what they hint at.
const WORDS: &[(&str, &str)] = &[
    ("pii", "personal data"),
    ("personal", "personal data"),
    ("payroll", "personal and financial data"),
    ("salary", "personal and financial data"),
    ("medical", "health data"),
    ("patient", "health data"),
    ("confidential", "confidential data"),
    ("secret", "secrets"),
    ("credential", "credentials"),
    ("password", "credentials"),
    ("backup", "copies of other data"),
    ("dump", "copies of a database"),
];

/// What the movements mean.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn impact(
    engine: &Engine,
    movements: &[Movement],
    window: TimeRange,
    level: VerdictLevel,
) -> Result<Impact, AnalysisError> {
    let sensitivity = sensitivity(engine, movements, window).await?;
    let personal = sensitivity.iter().any(|sign| {
        sign.sign.contains("personal")
            || sign.sign.contains("health")
            || sign.sign.contains("financial")
    });
    let mut regulations = Vec::new();
    if personal && level >= VerdictLevel::Possible {
        regulations.push(
            "GDPR article 33: if personal data was affected, 72 hours to the authority from \
             becoming aware; whether the duty applies is for counsel"
                .to_owned(),
        );
    }
    if level >= VerdictLevel::Likely {
        regulations.push(
            "NIS2 article 23, where the organisation falls under it: early warning in 24 hours \
             from becoming aware, notification in 72; whether the duty applies is for counsel"
                .to_owned(),
        );
    }
    let business = if movements.is_empty() {
        Vec::new()
    } else {
        vec![
            "operations: which services depend on the resources listed, and would work with them \
             stop during containment?"
                .to_owned(),
            "competition: does the data hold plans, prices, designs or source code?".to_owned(),
            "reputation: whose data is it, and who will have to be told?".to_owned(),
        ]
    };
    Ok(Impact { resources: resources(movements), sensitivity, regulations, business })
}

fn resources(movements: &[Movement]) -> Vec<ResourceImpact> {
    let mut by_resource: BTreeMap<_, Vec<&Movement>> = BTreeMap::new();
    for movement in movements {
        by_resource.entry(movement.resource.clone()).or_default().push(movement);
    }
    by_resource
        .into_iter()
        .map(|(resource, movements)| ResourceImpact {
            resource,
            movements: movements.iter().map(|movement| movement.id.clone()).collect(),
            // Two movements may concern the same objects: the larger is a lower bound of both.
            objects: movements.iter().filter_map(|movement| movement.objects).max(),
            bytes: together(&movements),
        })
        .collect()
}

/// One amount for several movements. The same bytes leaving twice are never added: reads are
/// different requests and add up, everything else counts as its largest.
pub(crate) fn together(movements: &[&Movement]) -> Volume {
    if let [only] = movements {
        return only.bytes.clone();
    }
    let known: Vec<&&Movement> =
        movements.iter().filter(|movement| movement.bytes.value.is_some()).collect();
    if known.is_empty() {
        return Volume {
            value: None,
            method: "no movement says how much".to_owned(),
            bound: Bound::Unknown,
        };
    }
    // What was sent in answer to requests, and over the network.
    let adds = |movement: &&&Movement| {
        movement.grade == Grade::Received
            && (movement.bytes.bound == Bound::Exact || movement.channel == "network_egress")
    };
    let sum = known
        .iter()
        .filter(|movement| adds(movement))
        .filter_map(|movement| movement.bytes.value)
        .fold(0u64, u64::saturating_add);
    let most = known
        .iter()
        .filter(|movement| !adds(movement))
        .filter_map(|movement| movement.bytes.value)
        .max()
        .unwrap_or(0);
    let whole = known.len() == movements.len();
    Volume {
        value: Some(sum.max(most)),
        method:
            "reads and flows added up, or the largest of the copies, whichever is more; the same \
                 bytes leaving twice are not added"
                .to_owned(),
        bound: if whole && known.iter().all(|movement| movement.bytes.bound == Bound::Exact) {
            Bound::Exact
        } else {
            Bound::Lower
        },
    }
}

async fn sensitivity(
    engine: &Engine,
    movements: &[Movement],
    window: TimeRange,
) -> Result<Vec<SensitivitySign>, AnalysisError> {
    const WHAT: &str = "signs of sensitive data";
    let mut readers: BTreeSet<String> = BTreeSet::new();
    let mut buckets: BTreeSet<String> = BTreeSet::new();
    for movement in movements {
        if movement.resource.kind == "s3_bucket" && movement.grade == Grade::Received {
            buckets.insert(movement.resource.id.clone());
            readers.extend(movement.actor.source_ip.clone());
        }
    }
    let mut signs = Vec::new();
    for (word, hint) in WORDS {
        let mut examples = Vec::new();
        let mut objects = 0u64;
        if !buckets.is_empty() {
            let events = engine.events(WHAT).await?;
            let frame = or_engine(
                WHAT,
                events.filter(
                    any_of(fields::AWS_S3_BUCKET_NAME, &buckets)
                        .and(any_of(fields::SOURCE_ADDRESS, &readers))
                        .and(column(fields::AWS_S3_OBJECT_KEY).ilike(lit(format!("%{word}%"))))
                        .and(column(fields::TIMESTAMP).gt_eq(instant(window.start)))
                        .and(column(fields::TIMESTAMP).lt(instant(window.end))),
                ),
            )?;
            let frame = or_engine(
                WHAT,
                frame.aggregate(
                    Vec::new(),
                    vec![
                        count_distinct(column(fields::AWS_S3_OBJECT_KEY)).alias("objects"),
                        min(column(fields::AWS_S3_OBJECT_KEY)).alias("example"),
                    ],
                ),
            )?;
            let rows = engine.rows(WHAT, frame).await?;
            objects = rows.count("objects", 0)?;
            examples.extend(rows.string("example", 0)?);
        }
        let names: Vec<String> = movements
            .iter()
            .map(|movement| movement.resource.id.clone())
            .filter(|name| name.to_lowercase().contains(word))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if objects > 0 || !names.is_empty() {
            examples.extend(names);
            signs.push(SensitivitySign {
                sign: format!("`{word}` in a name hints at {hint}"),
                examples,
                objects,
            });
        }
    }
    Ok(signs)
}

/// Controls that mattered, as far as the movements and their signs show them.
pub fn controls(movements: &[Movement], judged: &[Judged]) -> Vec<ControlNote> {
    let mut controls = Vec::new();
    let cut: Vec<&Sign> = judged
        .iter()
        .flat_map(|judged| &judged.signs)
        .filter(|sign| sign.id == "logging_cut")
        .collect();
    if let Some(sign) = cut.first() {
        controls.push(ControlNote {
            id: "logging".to_owned(),
            title: "Logging and detection".to_owned(),
            status: "weakened".to_owned(),
            detail: sign.text.clone(),
            citations: sign.citations.clone(),
        });
    }
    let denied: Vec<&Movement> =
        movements.iter().filter(|movement| movement.grade == Grade::Attempted).collect();
    if !denied.is_empty() {
        controls.push(ControlNote {
            id: "permissions_denied".to_owned(),
            title: "Permissions that denied an attempt".to_owned(),
            status: "held".to_owned(),
            detail: format!("{} attempts were denied or failed", denied.len()),
            citations: denied
                .iter()
                .filter_map(|movement| movement.events.first().cloned())
                .collect(),
        });
    }
    let opened: Vec<&Movement> = movements
        .iter()
        .filter(|movement| {
            movement.grade == Grade::Enabled && movement.destination.external != Some(false)
        })
        .collect();
    if !opened.is_empty() {
        controls.push(ControlNote {
            id: "sharing_outside".to_owned(),
            title: "Control over sharing with outside accounts".to_owned(),
            status: "failed".to_owned(),
            detail: format!(
                "{} ways out were opened without being stopped; a service control policy on sharing \
                 or block public access would have",
                opened.len()
            ),
            citations: opened.iter().filter_map(|movement| movement.events.first().cloned()).collect(),
        });
    }
    let away: Vec<&Sign> = judged
        .iter()
        .flat_map(|judged| &judged.signs)
        .filter(|sign| sign.id == "instance_credentials_away")
        .collect();
    if let Some(sign) = away.first() {
        controls.push(ControlNote {
            id: "instance_credentials".to_owned(),
            title: "Binding of instance credentials to their instance".to_owned(),
            status: "failed".to_owned(),
            detail: format!(
                "{}; IMDSv2 with a hop limit of 1, or a policy condition on the instance's network, \
                 would have stopped it",
                sign.text
            ),
            citations: sign.citations.clone(),
        });
    }
    controls
}
