//! Chains of digests, and the logs they name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::document::{Digest, base_name};
use super::keys::{PublicKeys, Signed};

/// What became of a digest or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Signed, unaltered, and linked to the digest before it.
    Valid,
    /// Nothing is wrong with it, and not everything could be checked: a key or a signature is not
    /// at hand.
    Unverified,
    /// Time before it that no digest covers.
    Gap,
    /// It begins a chain anew, behind digests of the same trail.
    Restarted,
    /// A log that no digest names.
    NotCovered,
    /// Named, and not among the evidence.
    Missing,
    /// Altered.
    Invalid,
}

impl Status {
    /// As JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Unverified => "unverified",
            Self::Gap => "gap",
            Self::Restarted => "restarted",
            Self::NotCovered => "not_covered",
            Self::Missing => "missing",
            Self::Invalid => "invalid",
        }
    }
}

/// A digest or a log, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Verdict {
    /// Path in the manifest, or where it lay in S3 when it is not among the evidence.
    pub file: String,
    /// What became of it.
    pub status: Status,
    /// Why; empty for what is valid without more to say.
    pub reason: String,
}

/// A CloudTrail log of the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Path in the manifest.
    pub(crate) path: String,
    /// SHA-256 after decompression, hex; `None` when it can no longer be read.
    pub(crate) sha256: Option<String>,
}

/// Follows every chain; gives a verdict on each digest and each log.
pub(crate) fn check(
    digests: &[Digest],
    unreadable: &[Verdict],
    signatures: &BTreeMap<String, String>,
    logs: &[Log],
    keys: &PublicKeys,
) -> (Vec<Verdict>, Vec<Verdict>) {
    let mut verdicts: Vec<Verdict> = unreadable.to_vec();
    let mut trusted: Vec<(&Digest, Status)> = Vec::with_capacity(digests.len());
    let mut chains: BTreeMap<String, Vec<&Digest>> = BTreeMap::new();
    for digest in digests {
        chains.entry(digest.chain()).or_default().push(digest);
    }
    for chain in chains.values_mut() {
        chain.sort_by(|a, b| {
            let key =
                |digest: &Digest| (digest.text.digest_end_time, digest.text.digest_start_time);
            key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path))
        });
        let found = follow(chain, signatures, keys);
        for (digest, (status, reason)) in chain.iter().zip(&found.verdicts) {
            trusted.push((digest, *status));
            verdicts.push(Verdict {
                file: digest.path.clone(),
                status: *status,
                reason: reason.clone(),
            });
        }
        verdicts.extend(found.missing);
    }
    let logs = check_logs(&trusted, logs, !digests.is_empty() || !unreadable.is_empty());
    verdicts.sort();
    verdicts.dedup();
    (verdicts, logs)
}

struct Followed {
    /// For each digest of the chain.
    verdicts: Vec<(Status, String)>,
    missing: Vec<Verdict>,
}

/// Follows one chain from its newest digest to its oldest.
fn follow(chain: &[&Digest], signatures: &BTreeMap<String, String>, keys: &PublicKeys) -> Followed {
    let mut verdicts: Vec<(Status, String)> = Vec::with_capacity(chain.len());
    let mut missing = Vec::new();
    // What the digest behind says of this one, and whether it can be believed.
    let mut named: BTreeMap<&str, (&Digest, Status)> = BTreeMap::new();
    for (at, digest) in chain.iter().enumerate().rev() {
        let text = &digest.text;
        let before = at.checked_sub(1).and_then(|at| chain.get(at)).copied();
        let (mut status, mut reason) =
            own(digest, named.get(text.object.as_str()), signatures, keys);
        let mut worse = |to: Status, why: String| {
            if to > status {
                status = to;
                reason = why;
            }
        };
        match (&text.previous_object, before) {
            (None, Some(before)) => worse(
                Status::Restarted,
                format!(
                    "begins a new chain at {}, although {} of the same trail lies before it: \
                     validation, logging or the trail was switched off and on, or digests were removed",
                    text.digest_start_time,
                    base_name(&before.text.object)
                ),
            ),
            (Some(previous), before) => {
                let is_there = chain.iter().any(|other| other.text.object == *previous);
                if !is_there && before.is_some() {
                    let bucket = text.previous_bucket.as_deref().unwrap_or(&text.bucket);
                    missing.push(Verdict {
                        file: format!("s3://{bucket}/{previous}"),
                        status: Status::Missing,
                        reason: format!(
                            "not found; {} names it as the digest before it",
                            base_name(&text.object)
                        ),
                    });
                } else if !is_there && reason.is_empty() {
                    "the evidence holds no digest before it".clone_into(&mut reason);
                }
                if let Some(before) = before
                    && before.text.digest_end_time < text.digest_start_time
                {
                    let gap = format!(
                        "no digest covers {} to {}",
                        before.text.digest_end_time, text.digest_start_time
                    );
                    // A digest that is named and not there says where the gap comes from.
                    if is_there && status < Status::Gap {
                        (status, reason) = (Status::Gap, gap);
                    }
                }
            }
            (None, None) => {}
        }
        if let Some(previous) = &text.previous_object {
            named.insert(previous, (digest, status));
        }
        verdicts.push((status, reason));
    }
    verdicts.reverse();
    Followed { verdicts, missing }
}

/// What the digest's own signature and the digest behind it say.
fn own(
    digest: &Digest,
    behind: Option<&(&Digest, Status)>,
    signatures: &BTreeMap<String, String>,
    keys: &PublicKeys,
) -> (Status, String) {
    let text = &digest.text;
    if base_name(&digest.path).contains("CloudTrail-Digest")
        && !base_name(&text.object).starts_with(base_name(&digest.path).trim_end_matches(".gz"))
    {
        return (
            Status::Invalid,
            format!("the file says that it is {}: moved or renamed", digest.url()),
        );
    }
    if let Some((behind, status)) = behind
        && let Some(hash) = &behind.text.previous_hash
        && !hash.eq_ignore_ascii_case(&digest.sha256)
        && *status != Status::Invalid
    {
        return (
            Status::Invalid,
            format!("hash value doesn't match the one in {}", base_name(&behind.text.object)),
        );
    }
    let known = signatures.get(base_name(&text.object)).or_else(|| {
        behind
            .filter(|(_, status)| *status != Status::Invalid)
            .and_then(|(behind, _)| behind.text.previous_signature.as_ref())
    });
    let Some(signature) = known else {
        return (
            Status::Unverified,
            "its signature is not at hand: it lies in the object's metadata (`aws s3api head-object`)"
                .to_owned(),
        );
    };
    // One made later was signed later than the time it is about, and does not say when.
    let at = (!digest.is_backfill()).then_some(text.digest_end_time);
    match keys.verify(&text.fingerprint, at, digest.signed_text().as_bytes(), signature) {
        Signed::Valid => (Status::Valid, String::new()),
        Signed::Wrong(reason) => (Status::Invalid, reason),
        Signed::Unknown(reason) => (Status::Unverified, reason),
    }
}

fn check_logs(trusted: &[(&Digest, Status)], logs: &[Log], has_digests: bool) -> Vec<Verdict> {
    let mut by_name: BTreeMap<&str, Vec<&Log>> = BTreeMap::new();
    for log in logs {
        by_name.entry(plain_name(&log.path)).or_default().push(log);
    }
    let mut verdicts = Vec::new();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for (digest, trust) in trusted {
        for entry in &digest.text.log_files {
            let name = plain_name(&entry.object);
            named.insert(name);
            let Some(held) = by_name.get(name) else {
                verdicts.push(Verdict {
                    file: format!("s3://{}/{}", entry.bucket, entry.object),
                    status: Status::Missing,
                    reason: format!("not found; {} names it", base_name(&digest.text.object)),
                });
                continue;
            };
            for log in held {
                let (status, reason) = match &log.sha256 {
                    None => (Status::Missing, "not found: it can no longer be read".to_owned()),
                    Some(_) if !is_sha256(&entry.hash_algorithm) => (
                        Status::Unverified,
                        format!("hash algorithm `{}` is not known", entry.hash_algorithm),
                    ),
                    Some(hash) if !hash.eq_ignore_ascii_case(&entry.hash_value) => {
                        (Status::Invalid, "hash value doesn't match".to_owned())
                    }
                    Some(_) => match trust {
                        Status::Invalid => (
                            Status::Unverified,
                            format!(
                                "only {} names it, which is not valid",
                                base_name(&digest.text.object)
                            ),
                        ),
                        Status::Unverified => (
                            Status::Unverified,
                            format!(
                                "its hash matches {}, whose signature was not verified",
                                base_name(&digest.text.object)
                            ),
                        ),
                        _ => (Status::Valid, String::new()),
                    },
                };
                verdicts.push(Verdict { file: log.path.clone(), status, reason });
            }
        }
    }
    if has_digests {
        for log in logs {
            let name = plain_name(&log.path);
            if !named.contains(name) {
                verdicts.push(Verdict {
                    file: log.path.clone(),
                    status: Status::NotCovered,
                    reason: why_not_covered(name, trusted),
                });
            }
        }
    }
    verdicts.sort();
    verdicts.dedup();
    // A log that several digests name keeps the better word: a digest that was exchanged must not
    // take from what another proves.
    verdicts
        .dedup_by(|later, earlier| later.file == earlier.file && earlier.status == Status::Valid);
    verdicts
}

fn is_sha256(algorithm: &str) -> bool {
    algorithm.is_empty() || algorithm.eq_ignore_ascii_case("SHA-256")
}

/// Name without what decompressing takes away.
fn plain_name(path: &str) -> &str {
    let name = base_name(path);
    name.strip_suffix(".gz").unwrap_or(name)
}

/// `111122223333_CloudTrail_us-east-1_20240801T1225Z_….json` tells account, region and time.
fn why_not_covered(name: &str, digests: &[(&Digest, Status)]) -> String {
    let parts: Vec<&str> = name.split('_').collect();
    let [account, "CloudTrail", region, time, ..] = parts.as_slice() else {
        return "no digest names it, and its name is none that CloudTrail gives".to_owned();
    };
    let of_region: Vec<&Digest> = digests
        .iter()
        .map(|(digest, _)| *digest)
        .filter(|digest| {
            digest.text.aws_account_id == *account
                && base_name(&digest.text.object).split('_').nth(2).is_some_and(|of| of == *region)
        })
        .collect();
    let Some(last) = of_region.iter().map(|digest| digest.text.digest_end_time).max() else {
        return format!("the evidence holds no digest of account {account}, region {region}");
    };
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%MZ", time)
        .ok()
        .and_then(|at| jiff::tz::TimeZone::UTC.to_timestamp(at).ok());
    match at {
        Some(at) if at > last => {
            format!("delivered at {at}, after the last digest, which ends at {last}")
        }
        Some(at) => format!("no digest names it, although it says that it was delivered at {at}"),
        None => "no digest names it".to_owned(),
    }
}
