//! The answer: verdict, findings, hypotheses and limits, from movements that were judged.
//!
//! The case is as bad as its worst movement. Without any movement the question is whether the logs
//! would have shown one: only then is it "not supported".

use std::collections::BTreeMap;

use egret_model::dataset::Dataset;
use egret_model::report::{
    Authorised, ChannelResult, Citation, Confidence, Coverage, Finding, Grade, Hypothesis,
    Movement, Reason, Verdict, VerdictLevel,
};

use crate::coverage::Facts;
use crate::investigate::Integrity;
use crate::judgement::{Judgement, ranked};
use crate::movements::named;
use crate::signs::{EXPLANATIONS, HOSTILE, Sign};

/// A movement with its signs and what follows from them.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What was observed.
    pub signs: Vec<Sign>,
    /// What follows.
    pub judgement: Judgement,
}

/// Reasons named in the verdict.
const REASONS_MAX: usize = 3;

/// The verdict over all movements, and the findings it rests on.
pub fn verdict(
    movements: &[Movement],
    judged: &[Judged],
    facts: &Facts,
    coverage: &Coverage,
    channels: &[ChannelResult],
    list_is_complete: bool,
    integrity: &Integrity,
) -> (Verdict, Vec<Finding>) {
    let findings = findings(movements, judged);
    let worst = worst(movements, judged);
    let blind = blind_spots(facts, channels);
    let level = match worst {
        Some((_, judged)) => match judged.judgement.level {
            // A benign movement beside a blind spot leaves the question open.
            VerdictLevel::NotSupported if !blind.is_empty() => VerdictLevel::Undetermined,
            level => level,
        },
        None if blind.is_empty() => VerdictLevel::NotSupported,
        None => VerdictLevel::Undetermined,
    };
    let confidence = confidence(level, worst.map(|(_, judged)| judged), &blind);
    let mut reasons = Vec::new();
    if let Some((movement, judged)) = worst {
        reasons.push(Reason {
            text: format!(
                "{} ({}): {}",
                movement.title,
                movement.grade.as_str(),
                movement.grade_reason
            ),
            findings: finding_of(&findings, &movement.id),
            checks: checks_of(movement),
        });
        let mut signs: Vec<&Sign> = judged.signs.iter().collect();
        let hostile = |sign: &Sign| sign.weights.iter().take(HOSTILE).copied().max().unwrap_or(0);
        let speaks_up = |sign: &Sign| {
            if level >= VerdictLevel::Possible {
                hostile(sign)
            } else {
                0i32.saturating_sub(hostile(sign))
            }
        };
        signs.sort_by_key(|sign| std::cmp::Reverse(speaks_up(sign)));
        for sign in signs.into_iter().take(REASONS_MAX.saturating_sub(1)) {
            reasons.push(Reason {
                text: sign.text.clone(),
                findings: finding_of(&findings, &movement.id),
                checks: vec!["cloudtrail_30_days".to_owned()],
            });
        }
    } else if level == VerdictLevel::NotSupported {
        reasons.push(Reason {
            text: "no channel shows data leaving, in logs that would have shown it".to_owned(),
            findings: Vec::new(),
            checks: coverage.checks.iter().map(|check| check.id.clone()).collect(),
        });
    } else {
        reasons.push(Reason {
            text: format!(
                "nothing shows data leaving, and the logs have blind spots: {}",
                blind.join("; ")
            ),
            findings: Vec::new(),
            checks: coverage.checks.iter().map(|check| check.id.clone()).collect(),
        });
    }
    let verdict = Verdict {
        level,
        confidence,
        headline: headline(level, worst.map(|(movement, _)| movement), movements),
        reasons,
        limits: limits(facts, coverage, channels, movements, integrity),
        would_change: would_change(level, worst.map(|(movement, _)| movement), list_is_complete),
        next_steps: next_steps(movements, judged),
    };
    (verdict, findings)
}

/// Coverage checks that say whether the logs could show such a movement, and whose it was.
fn checks_of(movement: &Movement) -> Vec<String> {
    let mut checks = vec!["cloudtrail_30_days"];
    if movement.resource.kind == "s3_bucket" {
        checks.push("s3_logging");
    }
    if movement.channel == "network_egress" {
        checks.push("vpc_flow_logs");
    }
    let role = movement.actor.principal.as_deref().and_then(egret_model::aws::assumed_role);
    if role.is_some() {
        checks.push("identity_broker");
    }
    checks.into_iter().map(str::to_owned).collect()
}

/// The movement that decides: highest level, then widest margin, then the earlier one.
fn worst<'a>(
    movements: &'a [Movement],
    judged: &'a [Judged],
) -> Option<(&'a Movement, &'a Judged)> {
    let mut best: Option<(&Movement, &Judged)> = None;
    for (movement, candidate) in movements.iter().zip(judged) {
        let better = best.is_none_or(|(held_movement, held)| {
            let key = |movement: &Movement, judged: &Judged| {
                (rank(judged.judgement.level), movement.grade, judged.judgement.margin)
            };
            key(movement, candidate) > key(held_movement, held)
        });
        if better {
            best = Some((movement, candidate));
        }
    }
    best
}

/// `confirmed` > `likely` > `undetermined` > `possible` > `not_supported`.
fn rank(level: VerdictLevel) -> u8 {
    match level {
        VerdictLevel::NotSupported => 0,
        VerdictLevel::Possible => 1,
        VerdictLevel::Undetermined => 2,
        VerdictLevel::Likely => 3,
        VerdictLevel::Confirmed => 4,
    }
}

/// Logs without which data could leave unseen.
fn blind_spots(facts: &Facts, channels: &[ChannelResult]) -> Vec<String> {
    let mut blind = Vec::new();
    let has = |dataset: Dataset| facts.span_of(dataset.as_str()).is_some();
    if !has(Dataset::CLOUDTRAIL) {
        blind.push("no CloudTrail, so shares, copies and exports would not be seen".to_owned());
    }
    if facts.buckets_with_data_events.is_empty() && !has(Dataset::S3_ACCESS) {
        blind.push(
            "no S3 data events and no access log, so reads of objects would not be seen".to_owned(),
        );
    }
    if !has(Dataset::VPC_FLOW) {
        blind.push("no flow log, so transfers over the network would not be seen".to_owned());
    }
    for channel in channels.iter().filter(|channel| channel.status == "failed") {
        blind.push(format!("the search for `{}` failed", channel.id));
    }
    blind
}

fn confidence(level: VerdictLevel, worst: Option<&Judged>, blind: &[String]) -> Confidence {
    let firm = worst.is_none_or(|judged| {
        let judgement = &judged.judgement;
        (judgement.margin > 0.0) == (judgement.worst_margin > 0.0) && judgement.groups >= 3
    });
    match (level, firm, blind.is_empty()) {
        (VerdictLevel::Undetermined, _, _) | (_, false, false) => Confidence::Low,
        (_, true, true) => Confidence::High,
        _ => Confidence::Medium,
    }
}

fn headline(level: VerdictLevel, worst: Option<&Movement>, movements: &[Movement]) -> String {
    let others = movements.len().saturating_sub(1);
    let rest = match others {
        0 => String::new(),
        1 => ", and 1 other movement".to_owned(),
        more => format!(", and {more} other movements"),
    };
    match (level, worst) {
        (VerdictLevel::Confirmed, Some(movement)) => {
            format!("Data left for {}: {}{rest}.", named(&movement.destination), movement.title)
        }
        (VerdictLevel::Likely, Some(movement)) => format!(
            "Data likely left for {}: {}{rest}.",
            named(&movement.destination),
            movement.title
        ),
        (VerdictLevel::Possible, Some(movement)) if movement.grade == Grade::Enabled => format!(
            "A way out was opened, and nothing shows that it was used: {}{rest}.",
            movement.title
        ),
        (VerdictLevel::Possible, Some(movement)) if movement.grade == Grade::Prepared => format!(
            "A way out was made ready, and nothing shows that it was opened: {}{rest}.",
            movement.title
        ),
        (VerdictLevel::Possible, Some(movement)) if movement.grade == Grade::Received => format!(
            "Data was handed out, and whether the receiver may have it is open: {}{rest}.",
            movement.title
        ),
        (VerdictLevel::Possible, Some(movement)) => {
            format!("Data was moved, and whether it left is open: {}{rest}.", movement.title)
        }
        (VerdictLevel::NotSupported, Some(movement)) => format!(
            "Data was moved in a way that benign work explains better: {}{rest}.",
            movement.title
        ),
        (VerdictLevel::NotSupported, None) => {
            "Nothing shows that data left, in logs that would have shown it.".to_owned()
        }
        (VerdictLevel::Undetermined, _) | (_, None) => {
            "Whether data left cannot be determined from the logs at hand.".to_owned()
        }
    }
}

fn findings(movements: &[Movement], judged: &[Judged]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (movement, judged) in movements.iter().zip(judged) {
        let mut text = format!(
            "{}. Grade {}: {}. Destination: {}.",
            movement.title,
            movement.grade.as_str(),
            movement.grade_reason,
            movement.destination.reason
        );
        for sign in &judged.signs {
            text.push(' ');
            text.push_str(&capitalised(&sign.text));
            text.push('.');
        }
        let mut citations: Vec<Citation> = movement.events.clone();
        citations.extend(
            judged
                .signs
                .iter()
                .flat_map(|sign| sign.citations.iter())
                .filter(|citation| !citation.file.is_empty())
                .cloned(),
        );
        findings.push(Finding {
            id: format!("F{}", movement.id.trim_start_matches('M')),
            title: movement.title.clone(),
            text,
            confidence: match (movement.grade, judged.judgement.level) {
                (_, VerdictLevel::Confirmed) => Confidence::High,
                (Grade::Received | Grade::Performed, _) => Confidence::Medium,
                _ => Confidence::Low,
            },
            citations,
        });
    }
    findings
}

fn finding_of(findings: &[Finding], movement: &str) -> Vec<String> {
    let id = format!("F{}", movement.trim_start_matches('M'));
    findings.iter().filter(|finding| finding.id == id).map(|finding| finding.id.clone()).collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn limits(
    facts: &Facts,
    coverage: &Coverage,
    channels: &[ChannelResult],
    movements: &[Movement],
    integrity: &Integrity,
) -> Vec<String> {
    let mut limits: Vec<String> = blind_spots(facts, channels);
    for check in &coverage.checks {
        if check.id == "cloudtrail_30_days"
            && check.status != egret_model::report::CheckStatus::Met
            && facts.span_of(Dataset::CLOUDTRAIL.as_str()).is_some()
        {
            limits.push(format!("what is normal is not known for 30 days: {}", check.detail));
        }
    }
    for row in &coverage.datasets {
        // The trail's own silence is what an intruder would want; the table has all.
        if row.dataset != Dataset::CLOUDTRAIL.as_str() {
            continue;
        }
        for gap in row.gaps.iter().filter(|gap| gap.reason.is_some()) {
            // The gap is in whole hours; what the trail says is to the second.
            limits.push(format!(
                "calls in account {} are unseen up to {}: {}",
                row.account.as_deref().unwrap_or("not said"),
                gap.end,
                gap.reason.as_deref().unwrap_or_default()
            ));
        }
    }
    if movements
        .iter()
        .any(|movement| movement.grade == Grade::Enabled && movement.closed_at.is_none())
    {
        limits.push(
            "a door that was opened is not known to have been used; for a shared database snapshot \
             or image the use would be logged in the receiver's account only"
                .to_owned(),
        );
    }
    let unlogged: Vec<&str> = channels
        .iter()
        .filter(|channel| channel.status == "not_covered" && channel.detail.contains("switched on"))
        .map(|channel| channel.id.as_str())
        .collect();
    if !unlogged.is_empty() {
        limits.push(format!(
            "data or network activity events are logged only where they are switched on, and none \
             is in the window for {}; whether data left that way cannot be told",
            unlogged.join(", ")
        ));
    }
    if channels.iter().any(|channel| channel.detail.contains("other days")) {
        limits.push(
            "reads and flows that look like the same pair's other days are set aside; a theft that \
             keeps to its author's own habits is not told apart"
                .to_owned(),
        );
    }
    match integrity {
        Integrity::Proved => {}
        Integrity::NotChecked => limits.push(
            "the logs have not been checked against CloudTrail's digest files, so that they are \
             unaltered since delivery is not shown"
                .to_owned(),
        ),
        Integrity::Open(what) => limits.push(format!(
            "CloudTrail's digests do not prove that the logs are whole and as delivered: {what}"
        )),
    }
    limits
}

fn would_change(
    level: VerdictLevel,
    worst: Option<&Movement>,
    list_is_complete: bool,
) -> Vec<String> {
    let mut changes = Vec::new();
    if let Some(movement) = worst {
        let to = named(&movement.destination);
        if movement.destination.authorised == Authorised::Unknown
            && movement.destination.kind != "nowhere"
        {
            changes.push(format!(
                "a record that {to} is an agreed receiver would lower it; a complete list without \
                 {to} would raise it (`--context FILE`)"
            ));
        }
        if movement.grade == Grade::Enabled {
            changes.push(format!("logs of {to} that show a copy or a read would raise it"));
        }
        if level >= VerdictLevel::Likely {
            changes.push(
                "a change record older than the first event that names actor, time and resource \
                 would lower it"
                    .to_owned(),
            );
        }
    } else if !list_is_complete || level == VerdictLevel::Undetermined {
        changes.push("the missing logs named under limits".to_owned());
    }
    changes
}

fn next_steps(movements: &[Movement], judged: &[Judged]) -> Vec<String> {
    let mut steps = Vec::new();
    let hot = || {
        movements.iter().zip(judged).filter(|(_, judged)| {
            matches!(judged.judgement.level, VerdictLevel::Confirmed | VerdictLevel::Likely)
        })
    };
    let keys: std::collections::BTreeSet<&str> =
        hot().filter_map(|(movement, _)| movement.actor.access_key_id.as_deref()).collect();
    for key in keys {
        steps.push(format!("revoke the credential {key} and the sessions it led to"));
    }
    for movement in movements {
        if movement.grade == Grade::Enabled
            && movement.closed_at.is_none()
            && movement.destination.authorised != Authorised::Yes
        {
            steps.push(format!(
                "close the door that stands open: {} {} towards {}",
                movement.resource.kind.replace('_', " "),
                movement.resource.id,
                named(&movement.destination)
            ));
        }
    }
    let unknown: std::collections::BTreeSet<String> = movements
        .iter()
        .filter(|movement| {
            movement.destination.authorised == Authorised::Unknown
                && movement.destination.external != Some(false)
        })
        .map(|movement| named(&movement.destination))
        .collect();
    if !unknown.is_empty() {
        let shown: Vec<String> = unknown.iter().take(5).cloned().collect();
        let more = unknown.len().saturating_sub(shown.len());
        steps.push(format!(
            "ask the owners whether the receivers are agreed: {}{}",
            shown.join(", "),
            if more > 0 { format!(" and {more} more") } else { String::new() }
        ));
    }
    steps.push("tick off the pattern's manual steps before the case closes".to_owned());
    steps
}

/// The benign explanations, tested over the movements that need one.
pub fn hypotheses(movements: &[Movement], judged: &[Judged]) -> Vec<Hypothesis> {
    let open: Vec<(&Movement, &Judged)> = movements
        .iter()
        .zip(judged)
        .filter(|(movement, _)| movement.grade >= Grade::Enabled)
        .collect();
    let mut hypotheses = Vec::new();
    for (at, (id, title)) in EXPLANATIONS.iter().enumerate() {
        let mut supporting: BTreeMap<String, usize> = BTreeMap::new();
        let mut against: BTreeMap<String, usize> = BTreeMap::new();
        for (movement, judged) in &open {
            for sign in &judged.signs {
                let weight = sign.weights.get(at).copied().unwrap_or(0);
                let text = format!("{}: {}", movement.id, sign.text);
                if weight > 0 {
                    supporting.insert(text, at);
                } else if weight < 0 {
                    against.insert(text, at);
                }
            }
        }
        // A case is explained only when every movement is, so the worst one speaks for it.
        let score = open
            .iter()
            .filter_map(|(_, judged)| judged.judgement.scores.get(at).copied())
            .min()
            .unwrap_or(0);
        let best = open
            .iter()
            .filter_map(|(_, judged)| judged.judgement.scores.get(at).copied())
            .max()
            .unwrap_or(0);
        let status = if open.is_empty() {
            "not_testable"
        } else if at < HOSTILE {
            if best >= 4 {
                "supported"
            } else if best <= -2 {
                "contradicted"
            } else {
                "open"
            }
        } else if score >= 2 {
            "supported"
        } else if best <= -2 {
            "contradicted"
        } else {
            "open"
        };
        hypotheses.push(Hypothesis {
            id: (*id).to_owned(),
            title: capitalised(title),
            score: i64::from(if at < HOSTILE { best } else { score }),
            status: status.to_owned(),
            r#for: supporting.into_keys().take(10).collect(),
            against: against.into_keys().take(10).collect(),
            next_check: next_check(id).to_owned(),
        });
    }
    hypotheses
}

/// What would decide an explanation.
fn next_check(id: &str) -> &'static str {
    match id {
        "external_theft" => {
            "ask the person behind the session whether they worked then and from there"
        }
        "insider" => "ask the person's lead what the access was for",
        "compromised_workload" => {
            "look for an exploit on the workload before its role was used elsewhere"
        }
        "data_migration" => {
            "look for a change record; confirm with the system's owner; verify the receiving account"
        }
        "development_activity" => {
            "is the actor a developer, and is the data neither production nor sensitive?"
        }
        "automated_backup" => "look for a backup plan older than the incident",
        "response_collection" => "is there an open case that names the collector?",
        "log_delivery" => "does the destination hold logs only?",
        _ => "is the account in the list of agreed vendors, with the agreed external id?",
    }
}

/// The best explanation of a movement, in words.
pub fn best_explanation(judged: &Judged) -> String {
    ranked(&judged.judgement.scores)
        .first()
        .map_or_else(String::new, |(_, title, score)| format!("{title} ({score:+})"))
}
