//! Correlations: counts of a rule's events, and rules that come together or one after the other.

use datafusion::logical_expr::{Expr, cast};
use datafusion::prelude::DataFrame;
use egret_query::{Query, Sequence, Step};
use rsigma_parser::ast::{
    ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, WindowMode,
};

use crate::RuleError;
use crate::counting::{Counting, count};
use crate::sequence::{Found, Ties, find, key_exprs};

/// A correlation that can be run.
#[derive(Debug, Clone)]
pub(crate) enum Correlation {
    /// So many events, or values, within a span.
    Counted(Counting),
    /// One event of each rule within a span.
    Together { by: Vec<String>, span: i64, ordered: bool },
}

impl Correlation {
    /// Fields whose values are compared.
    pub(crate) fn keys(&self) -> Vec<&String> {
        match self {
            Self::Counted(counting) => counting.keys(),
            Self::Together { by, .. } => by.iter().collect(),
        }
    }

    /// Reads a correlation; `ecs` names fields.
    pub(crate) fn of(rule: &CorrelationRule, ecs: impl Fn(&str) -> String) -> Result<Self, String> {
        if rule.window != WindowMode::Sliding {
            return Err(format!("windows of type `{}` are not run", rule.window.as_str()));
        }
        let seconds = i64::try_from(rule.timespan.seconds).unwrap_or(i64::MAX);
        let span = seconds.saturating_mul(1_000_000);
        // An alias is a field that is called otherwise in each rule; the first name is taken.
        let field = |name: &String| -> String {
            let alias = rule.aliases.iter().find(|alias| alias.alias == *name);
            let mapped = alias.and_then(|alias| {
                let mut names: Vec<&String> = alias.mapping.values().collect();
                names.sort();
                names.first().map(|name| (*name).clone())
            });
            ecs(mapped.as_ref().unwrap_or(name))
        };
        let by: Vec<String> = rule.group_by.iter().map(field).collect();
        let ordered = match rule.correlation_type {
            CorrelationType::Temporal => false,
            CorrelationType::TemporalOrdered => true,
            CorrelationType::EventCount | CorrelationType::ValueCount => {
                return counted(rule, by, span, field).map(Self::Counted);
            }
            other => return Err(format!("correlations of type `{}` are not run", other.as_str())),
        };
        if matches!(rule.condition, CorrelationCondition::Extended(_)) {
            return Err("a condition over the names of rules is not run".to_owned());
        }
        Ok(Self::Together { by, span, ordered })
    }

    /// Runs it over the events of its rules.
    pub(crate) async fn find(
        &self,
        events: &DataFrame,
        rules: &[(String, Query)],
    ) -> Result<Found, RuleError> {
        match self {
            Self::Counted(counting) => {
                let all = rules.iter().map(|(_, query)| query.expr.clone()).reduce(Expr::or);
                match all {
                    Some(all) => count(events, &all, counting).await,
                    None => Ok(Found::default()),
                }
            }
            Self::Together { by, span, ordered } => {
                let mut steps = Vec::new();
                for (_, query) in rules {
                    let by = key_exprs(by)?
                        .into_iter()
                        .map(|key| cast(key, arrow::datatypes::DataType::Utf8))
                        .collect();
                    let condition = query.expr.clone();
                    steps.push(Step { condition, by, runs: 1, missing: false });
                }
                let sequence =
                    Sequence { steps, maxspan: Some(*span), until: None, any_order: !ordered };
                find(events, &sequence, Ties::AsAsked).await
            }
        }
    }
}

fn counted(
    rule: &CorrelationRule,
    by: Vec<String>,
    span: i64,
    field: impl Fn(&String) -> String,
) -> Result<Counting, String> {
    let CorrelationCondition::Threshold { predicates, field: counted, .. } = &rule.condition else {
        return Err("a condition over the names of rules is not run".to_owned());
    };
    let mut at_least = 1u64;
    let mut at_most = None;
    for (operator, number) in predicates {
        match operator {
            ConditionOperator::Gt => at_least = at_least.max(number.saturating_add(1)),
            ConditionOperator::Gte => at_least = at_least.max(*number),
            ConditionOperator::Lt => at_most = Some(number.saturating_sub(1)),
            ConditionOperator::Lte => at_most = Some(*number),
            ConditionOperator::Eq => {
                at_least = *number;
                at_most = Some(*number);
            }
            ConditionOperator::Neq => {
                return Err("a count that is not some number is not run".to_owned());
            }
        }
    }
    let values_of = match (rule.correlation_type, counted) {
        (CorrelationType::ValueCount, Some(fields)) => match fields.as_slice() {
            [one] => Some(field(one)),
            _ => return Err("`value_count` takes one field".to_owned()),
        },
        (CorrelationType::ValueCount, None) => {
            return Err("`value_count` takes a field".to_owned());
        }
        _ => None,
    };
    Ok(Counting { by, values_of, at_least, at_most, and_values: None, span })
}
