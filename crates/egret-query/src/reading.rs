//! What AND and OR side by side mean: one tree, several readings.
//!
//! Lucene gives AND no precedence over OR: `A OR B AND C` requires B and C and drops A. KQL and
//! most people bind AND tighter. Writers of playbooks put the time window last, behind a chain of
//! ORs, and mean it for the whole chain. See `docs/query-language.md`.

use crate::ast::{Clause, Conjunction, Level, Modifier, Node};
use crate::diagnostic::{Code, Diagnostic};

/// How a level without parentheses is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Standard precedence; time bounds AND-ed to an OR chain hold for the whole chain, and any
    /// other mixture is refused.
    Investigator,
    /// AND binds tighter than OR.
    Standard,
    /// KQL's: AND binds tighter than OR.
    Kql,
    /// Lucene's own: a clause beside AND is required, and required clauses make the others idle.
    Lucene,
}

/// Clauses joined, with no question left open.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree<'a> {
    /// All of them.
    All(Vec<Tree<'a>>),
    /// Any of them.
    Any(Vec<Tree<'a>>),
    /// Not it.
    Not(Box<Tree<'a>>),
    /// A clause that is no group.
    Leaf(&'a Clause),
    /// Parentheses, read on their own.
    Group(&'a Level),
}

/// Whether the readings of this level (not of those inside it) differ.
pub(crate) fn is_mixed(level: &Level) -> bool {
    let later = || level.clauses.iter().skip(1);
    let plain = level.clauses.iter().all(|clause| clause.modifier != Modifier::Must);
    plain
        && later().any(|clause| clause.conjunction == Conjunction::And)
        && later().any(|clause| clause.conjunction != Conjunction::And)
}

/// Joins the clauses of one level.
///
/// # Errors
///
/// [`Code::Ambiguous`] under [`Reading::Investigator`].
pub(crate) fn join<'a>(
    level: &'a Level,
    reading: Reading,
    is_time: impl Fn(&Clause) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Tree<'a>, Diagnostic> {
    // What stands before the first clause is said by what stands before the second.
    let joined = |at: usize| level.clauses.get(at.max(1)).map(|clause| clause.conjunction);
    let signed = level.clauses.iter().enumerate().any(|(at, clause)| {
        clause.modifier == Modifier::Must
            || clause.modifier == Modifier::Not && joined(at) == Some(Conjunction::Implicit)
    });
    if reading == Reading::Lucene || signed {
        return Ok(lucene(level));
    }
    let chains = or_chains(level);
    if reading == Reading::Investigator && is_mixed(level) {
        if let Some(tree) = hoisted(&chains, &is_time) {
            let span = span_of(level);
            diagnostics.push(
                Diagnostic::new(
                    Code::Precedence,
                    span,
                    "the time bounds are applied to the whole OR chain before them",
                )
                .help("write `(a OR b) AND @timestamp: […]` to say so, or choose `--reading standard`"),
            );
            return Ok(tree);
        }
        return Err(Diagnostic::new(
            Code::Ambiguous,
            span_of(level),
            "AND and OR stand side by side without parentheses, and the readings differ",
        )
        .help("add parentheses, or choose `--reading standard` or `--reading lucene`"));
    }
    Ok(any(chains.into_iter().map(|chain| all(chain.into_iter().map(plain).collect())).collect()))
}

fn span_of(level: &Level) -> std::ops::Range<usize> {
    let start = level.clauses.first().map_or(0, |clause| clause.span.start);
    let end = level.clauses.last().map_or(start, |clause| clause.span.end);
    start..end
}

/// The level cut at its ORs.
fn or_chains(level: &Level) -> Vec<Vec<&Clause>> {
    let mut chains: Vec<Vec<&Clause>> = Vec::new();
    for clause in &level.clauses {
        match chains.last_mut() {
            Some(chain) if clause.conjunction == Conjunction::And => chain.push(clause),
            _ => chains.push(vec![clause]),
        }
    }
    chains
}

/// `(A OR B OR C) AND time`, when all that is AND-ed is time bounds at one end of the chain.
fn hoisted<'a>(chains: &[Vec<&'a Clause>], is_time: &impl Fn(&Clause) -> bool) -> Option<Tree<'a>> {
    let long: Vec<usize> =
        chains.iter().enumerate().filter(|(_, chain)| chain.len() > 1).map(|(at, _)| at).collect();
    let [only] = long.as_slice() else { return None };
    let at_an_end = *only == 0 || only.saturating_add(1) == chains.len();
    let chain = chains.get(*only)?;
    let (times, others): (Vec<&Clause>, Vec<&Clause>) =
        chain.iter().copied().partition(|clause| is_time(clause));
    let [other] = others.as_slice() else { return None };
    if !at_an_end || times.is_empty() {
        return None;
    }
    let mut members: Vec<Tree<'a>> = Vec::new();
    for (at, chain) in chains.iter().enumerate() {
        if at == *only {
            members.push(plain(other));
        } else {
            members.extend(chain.iter().copied().map(plain));
        }
    }
    let mut bounds: Vec<Tree<'a>> = vec![any(members)];
    bounds.extend(times.into_iter().map(plain));
    Some(all(bounds))
}

/// Lucene's classic parser with OR as default operator.
fn lucene(level: &Level) -> Tree<'_> {
    #[derive(Clone, Copy, PartialEq)]
    enum Occur {
        Should,
        Must,
        MustNot,
    }
    let mut occurs: Vec<(Occur, &Clause)> = Vec::new();
    for clause in &level.clauses {
        let is_and = clause.conjunction == Conjunction::And && !occurs.is_empty();
        if is_and
            && let Some((occur, _)) = occurs.last_mut()
            && *occur != Occur::MustNot
        {
            *occur = Occur::Must;
        }
        let occur = match clause.modifier {
            Modifier::Not => Occur::MustNot,
            Modifier::Must => Occur::Must,
            Modifier::None if is_and => Occur::Must,
            Modifier::None => Occur::Should,
        };
        occurs.push((occur, clause));
    }
    let of = |wanted: Occur| -> Vec<Tree<'_>> {
        occurs
            .iter()
            .filter(|(occur, _)| *occur == wanted)
            .map(|(_, clause)| bare(clause))
            .collect()
    };
    let mut members = of(Occur::Must);
    let should = of(Occur::Should);
    if members.is_empty() && !should.is_empty() {
        members.push(any(should));
    }
    members.extend(of(Occur::MustNot).into_iter().map(|tree| Tree::Not(Box::new(tree))));
    all(members)
}

fn bare(clause: &Clause) -> Tree<'_> {
    match &clause.node {
        Node::Group(level) => Tree::Group(level),
        _ => Tree::Leaf(clause),
    }
}

/// A clause with what stands before it.
pub(crate) fn plain(clause: &Clause) -> Tree<'_> {
    match clause.modifier {
        Modifier::Not => Tree::Not(Box::new(bare(clause))),
        Modifier::None | Modifier::Must => bare(clause),
    }
}

fn all(mut trees: Vec<Tree<'_>>) -> Tree<'_> {
    if trees.len() == 1 { trees.remove(0) } else { Tree::All(trees) }
}

fn any(mut trees: Vec<Tree<'_>>) -> Tree<'_> {
    if trees.len() == 1 { trees.remove(0) } else { Tree::Any(trees) }
}
