//! How signs combine into a judgement of one movement, and movements into a verdict.
//!
//! Signs of one group say nearly the same: the strongest for and the strongest against count, held
//! to three bands. Groups add. An explanation's score is the sum over groups; the hostile and the
//! benign family are each summed up by the mean of their likelihoods, so one well-supported
//! explanation carries its family. The margin is hostile minus benign, in bands of half a power of
//! ten, and is held to twice the number of groups that say anything.
//!
//! The second margin is the worst one after any one group is taken away: a judgement that hangs by
//! a single thread is never `confirmed`.

use std::collections::BTreeMap;

use egret_model::report::{Authorised, Grade, Movement, VerdictLevel};

use crate::signs::{EXPLANATIONS, HOSTILE, Sign};

/// Bands that one group can weigh.
const GROUP_MAX: i32 = 3;

/// Bands that the margin can reach.
const MARGIN_MAX: f64 = 8.0;

/// One movement judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Hostile minus benign, in bands.
    pub margin: f64,
    /// The same without the group that carries most.
    pub worst_margin: f64,
    /// Groups that say anything.
    pub groups: usize,
    /// Score of each explanation, in the order of [`EXPLANATIONS`].
    pub scores: [i32; 9],
    /// What follows for this movement.
    pub level: VerdictLevel,
}

/// Judges one movement by its signs.
pub fn judge(movement: &Movement, signs: &[Sign]) -> Judgement {
    let mut groups: BTreeMap<&str, Vec<&Sign>> = BTreeMap::new();
    for sign in signs {
        groups.entry(sign.group).or_default().push(sign);
    }
    let per_group: Vec<[i32; 9]> = groups.values().map(|signs| group_scores(signs)).collect();
    let scores = sum(&per_group, None);
    let margin = margin_of(&per_group, None);
    let worst_margin = (0..per_group.len())
        .map(|without| margin_of(&per_group, Some(without)))
        .fold(margin, f64::min);
    let mut judgement = Judgement {
        margin,
        worst_margin,
        groups: per_group.len(),
        scores,
        level: VerdictLevel::Possible,
    };
    judgement.level = level(movement, &judgement);
    judgement
}

fn group_scores(signs: &[&Sign]) -> [i32; 9] {
    let mut scores = [0; 9];
    for (at, score) in scores.iter_mut().enumerate() {
        let weights = || signs.iter().filter_map(|sign| sign.weights.get(at).copied());
        let most = weights().max().unwrap_or(0).max(0);
        let least = weights().min().unwrap_or(0).min(0);
        *score = most.saturating_add(least).clamp(-GROUP_MAX, GROUP_MAX);
    }
    scores
}

fn sum(per_group: &[[i32; 9]], without: Option<usize>) -> [i32; 9] {
    let mut scores = [0i32; 9];
    for (group, weights) in per_group.iter().enumerate() {
        if Some(group) == without {
            continue;
        }
        for (score, weight) in scores.iter_mut().zip(weights) {
            *score = score.saturating_add(*weight);
        }
    }
    scores
}

fn margin_of(per_group: &[[i32; 9]], without: Option<usize>) -> f64 {
    let scores = sum(per_group, without);
    let (hostile, benign) = scores.split_at(HOSTILE);
    let left = per_group.len().saturating_sub(usize::from(without.is_some()));
    let cap = (2.0 * f64::from(u32::try_from(left).unwrap_or(u32::MAX))).min(MARGIN_MAX);
    (family(hostile) - family(benign)).clamp(-cap, cap)
}

/// `2·log10(mean(10^(s/2)))`: likelihoods of equally likely explanations, averaged.
fn family(scores: &[i32]) -> f64 {
    let likelihoods: f64 = scores.iter().map(|score| 10f64.powf(f64::from(*score) / 2.0)).sum();
    let count = f64::from(u32::try_from(scores.len()).unwrap_or(1).max(1));
    2.0 * (likelihoods / count).log10()
}

fn level(movement: &Movement, judgement: &Judgement) -> VerdictLevel {
    let outside = movement.destination.external == Some(true);
    let may_be_there = movement.destination.authorised == Authorised::Yes;
    let (margin, worst) = (judgement.margin, judgement.worst_margin);
    if movement.grade == Grade::Received
        && outside
        && !may_be_there
        && margin >= 4.0
        && worst >= 2.0
        && judgement.groups >= 4
    {
        return VerdictLevel::Confirmed;
    }
    let inside = movement.destination.external == Some(false);
    if judgement.groups >= 3 && !may_be_there && !inside {
        let received =
            movement.grade == Grade::Received && outside && margin >= 2.0 && worst >= 0.0;
        let performed = movement.grade >= Grade::Performed && margin >= 4.0 && worst >= 2.0;
        if received || performed {
            return VerdictLevel::Likely;
        }
    }
    let explained = (margin <= -4.0 && worst <= -2.0) || (may_be_there && margin <= -2.0);
    if explained { VerdictLevel::NotSupported } else { VerdictLevel::Possible }
}

/// Explanations by score, best first; equal ones in their usual order.
pub fn ranked(scores: &[i32; 9]) -> Vec<(&'static str, &'static str, i32)> {
    let mut ranked: Vec<_> =
        EXPLANATIONS.iter().zip(scores).map(|((id, title), score)| (*id, *title, *score)).collect();
    ranked.sort_by_key(|(_, _, score)| std::cmp::Reverse(*score));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(group: &'static str, weights: [i32; 9]) -> Sign {
        Sign { id: "x", group, text: String::new(), weights, citations: Vec::new() }
    }

    #[test]
    fn one_group_is_not_added_up() {
        let twice = [sign("a", [2; 9]), sign("a", [2; 9])];
        let refs: Vec<&Sign> = twice.iter().collect();
        assert_eq!(group_scores(&refs), [2; 9]);
        let both = [sign("a", [3; 9]), sign("a", [-1; 9])];
        let refs: Vec<&Sign> = both.iter().collect();
        assert_eq!(group_scores(&refs), [2; 9]);
    }

    #[test]
    fn families_average_likelihoods() {
        assert!((family(&[0, 0, 0])).abs() < 1e-9);
        let carried = family(&[6, 0, 0]);
        assert!(carried > 5.0 && carried < 6.0, "{carried}");
    }

    #[test]
    fn the_margin_is_held_to_what_is_seen() {
        let one = [[3, 3, 3, -3, -3, -3, -3, -3, -3]];
        assert!((margin_of(&one, None) - 2.0).abs() < 1e-9);
        assert!((margin_of(&one, Some(0))).abs() < 1e-9);
    }
}
