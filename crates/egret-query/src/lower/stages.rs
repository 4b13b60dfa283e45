//! Steps of a pipeline to a DataFusion plan.

use arrow::datatypes::DataType;
use datafusion_common::{Column, DFSchema, DataFusionError, NullEquality};
use datafusion_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlan, LogicalPlanBuilder, SortExpr, cast, ident, lit,
    when,
};
use datafusion_functions::expr_fn as functions;
use datafusion_functions_aggregate::expr_fn as aggregates;
use datafusion_functions_nested::expr_fn as lists;
use egret_model::ecs::catalog::fields;

use super::Lowering;
use super::terms::content;
use crate::ast::{Aggregate, Name, Order, Stage, Term};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::{Target, matching};

/// A step whose names and values are settled.
#[derive(Debug, Clone)]
pub(crate) enum Settled {
    Filter(Expr),
    /// Columns beside those that are there.
    Add(Vec<(String, Expr)>),
    Group {
        by: Vec<(String, Expr)>,
        aggregates: Vec<(String, Expr)>,
    },
    /// Aggregates beside every row of their group.
    Beside {
        by: Vec<(String, Expr)>,
        aggregates: Vec<(String, Expr)>,
    },
    /// Lists as one text each.
    Join(Vec<String>),
    /// Only these columns.
    Select(Vec<(String, Expr)>),
    Without(Vec<String>),
    Rename(Vec<(String, String)>),
    Sort(Vec<(Expr, bool)>),
    Limit(usize),
    First(Vec<Expr>),
    Expand(String),
}

/// Columns to be made, each with its name.
type Columns = Vec<(String, Expr)>;

impl Lowering<'_> {
    /// Settles the steps in order, each over what the ones before it leave.
    pub(crate) fn stages(&mut self, stages: &[Stage]) -> Vec<Settled> {
        let mut settled = Vec::new();
        for stage in stages {
            self.stage(stage, &mut settled);
        }
        if !self.lists.is_empty() {
            settled.push(Settled::Join(self.lists.iter().cloned().collect()));
        }
        settled
    }

    fn stage(&mut self, stage: &Stage, settled: &mut Vec<Settled>) {
        match stage {
            Stage::Where(level) => {
                let condition = self.level(level, false).expr;
                let condition = self.bounded(condition);
                settled.push(Settled::Filter(condition));
            }
            Stage::Eval(columns) => {
                // Each may use the ones before it.
                for (name, term) in columns {
                    if let Some(expr) = self.term(term, &(0..0)) {
                        settled.push(Settled::Add(vec![(name.clone(), expr)]));
                    }
                    self.made.insert(name.clone());
                    self.lists.remove(name);
                }
            }
            Stage::Stats { aggregates, by } => {
                let (by, settled_aggregates) = self.grouping(aggregates, by);
                self.made =
                    by.iter().chain(&settled_aggregates).map(|(name, _)| name.clone()).collect();
                self.lists = lists_of(aggregates).collect();
                self.has_events = false;
                settled.push(Settled::Group { by, aggregates: settled_aggregates });
            }
            Stage::InlineStats { aggregates, by } => {
                let (by, settled_aggregates) = self.grouping(aggregates, by);
                for (name, _) in by.iter().chain(&settled_aggregates) {
                    self.made.insert(name.clone());
                    self.lists.remove(name);
                }
                self.lists.extend(lists_of(aggregates));
                settled.push(Settled::Beside { by, aggregates: settled_aggregates });
            }
            Stage::Keep(names) => {
                let columns = self.columns(names);
                self.made = columns.iter().map(|(name, _)| name.clone()).collect();
                let made = &self.made;
                self.lists.retain(|name| made.contains(name));
                self.has_events = false;
                settled.push(Settled::Select(columns));
            }
            Stage::Drop(names) => {
                let names: Vec<String> = names.iter().map(|name| self.column_name(name)).collect();
                for name in &names {
                    self.made.remove(name);
                    self.lists.remove(name);
                }
                settled.push(Settled::Without(names));
            }
            Stage::Rename(pairs) => {
                let mut renamed = Vec::new();
                for (old, new) in pairs {
                    match self.target(old) {
                        Ok(Target::Below(..)) => {
                            if let Some(expr) = self.term(&Term::Field(old.clone()), &old.span) {
                                settled.push(Settled::Add(vec![(new.clone(), expr)]));
                            }
                        }
                        Ok(target) => renamed.push((target.name(), new.clone())),
                        Err(error) => self.errors.push(error),
                    }
                    self.made.remove(&old.text);
                    self.made.insert(new.clone());
                    if self.lists.remove(&old.text) {
                        self.lists.insert(new.clone());
                    }
                }
                settled.push(Settled::Rename(renamed));
            }
            Stage::Sort(orders) => {
                let keys: Vec<(Expr, bool)> = orders
                    .iter()
                    .filter_map(|Order { term, descending }| {
                        Some((self.term(term, &(0..0))?, *descending))
                    })
                    .collect();
                settled.push(Settled::Sort(keys));
            }
            Stage::Limit(count) => settled.push(Settled::Limit(*count)),
            Stage::Dedup(names) => {
                let keys = names
                    .iter()
                    .filter_map(|name| self.term(&Term::Field(name.clone()), &name.span))
                    .collect();
                settled.push(Settled::First(keys));
            }
            Stage::Extract { from, regex, columns } => {
                let Some(text) = self.term(from, &(0..0)) else { return };
                let text = cast(text, DataType::Utf8);
                let regex = self.checked(regex, regex.clone(), &(0..0));
                let found = functions::regexp_match(text, lit(regex), None);
                let mut added = Vec::new();
                for (column, at) in columns.iter().zip(1i64..) {
                    added.push((column.clone(), lists::array_element(found.clone(), lit(at))));
                    self.made.insert(column.clone());
                    self.lists.remove(column);
                }
                settled.push(Settled::Add(added));
            }
            Stage::Expand(name) => match self.target(name) {
                Ok(target) => {
                    self.lists.remove(&target.name());
                    settled.push(Settled::Expand(target.name()));
                }
                Err(error) => self.errors.push(error),
            },
        }
    }

    /// Keys and columns of a `stats`, each with its name.
    fn grouping(&mut self, aggregates: &[Aggregate], by: &[(String, Term)]) -> (Columns, Columns) {
        let by = by
            .iter()
            .filter_map(|(name, term)| Some((name.clone(), self.term(term, &(0..0))?)))
            .collect();
        let aggregates = aggregates
            .iter()
            .filter_map(|one| Some((one.name.clone(), self.aggregate(one)?)))
            .collect();
        (by, aggregates)
    }

    fn column_name(&self, name: &Name) -> String {
        self.target(name).map_or_else(|_unknown| name.text.clone(), |target| target.name())
    }

    /// The columns that names, maybe with stars, stand for.
    fn columns(&mut self, names: &[Name]) -> Vec<(String, Expr)> {
        let mut columns: Vec<(String, Expr)> = Vec::new();
        for name in names {
            // What Elasticsearch adds to every document says nothing here.
            if matches!(name.text.as_str(), "_id" | "_index" | "_version" | "_source") {
                self.diagnostics.push(Diagnostic::new(
                    Code::Columns,
                    name.span.clone(),
                    format!("`{}` is Elasticsearch's own and is left out", name.text),
                ));
                continue;
            }
            if name.text.contains('*') {
                let fits = |column: &str| egret_model::glob::fits(&name.text, column);
                let made: Vec<String> = self.made.iter().filter(|one| fits(one)).cloned().collect();
                columns.extend(made.into_iter().map(|column| (column.clone(), ident(column))));
                if self.has_events {
                    for target in matching(&name.text) {
                        columns.push((target.name(), content(&target)));
                    }
                }
                continue;
            }
            if self.lists.contains(&name.text) {
                columns.push((name.text.clone(), ident(name.text.as_str())));
            } else if let Some(expr) = self.term(&Term::Field(name.clone()), &name.span) {
                columns.push((name.text.clone(), expr));
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        columns.retain(|(name, _)| seen.insert(name.clone()));
        columns
    }

    fn aggregate(&mut self, one: &Aggregate) -> Option<Expr> {
        let span = &one.span;
        let of = match &one.argument {
            Some(term) => Some(self.term(term, span)?),
            None => None,
        };
        let filter = one.filter.as_ref().map(|level| self.level(level, false).expr);
        let number = |expr: Expr| datafusion_expr::try_cast(expr, DataType::Float64);
        let whole = |expr: Expr| cast(expr, DataType::Int64);
        let built = match (one.function.as_str(), of) {
            // What the engine counts are rows: a time stands in each.
            ("count" | "c", None) => {
                let row = lit(1i64);
                Ok(whole(filtered(row, filter, aggregates::count)?))
            }
            ("count" | "c", Some(of)) => Ok(whole(filtered(of, filter, aggregates::count)?)),
            (
                "count_distinct" | "dc" | "distinct_count" | "cardinality" | "countdistinct",
                Some(of),
            ) => Ok(whole(filtered(of, filter, aggregates::count_distinct)?)),
            ("sum", Some(of)) => filtered(of, filter, aggregates::sum).ok_or(()),
            ("avg" | "mean", Some(of)) => filtered(number(of), filter, aggregates::avg).ok_or(()),
            ("median", Some(of)) => filtered(number(of), filter, aggregates::median).ok_or(()),
            ("min" | "earliest", Some(of)) => filtered(of, filter, aggregates::min).ok_or(()),
            ("max" | "latest", Some(of)) => filtered(of, filter, aggregates::max).ok_or(()),
            ("first" | "first_value" | "last" | "last_value" | "top" | "sample", Some(of)) => {
                let by = if one.function.starts_with("last") {
                    aggregates::max
                } else {
                    aggregates::min
                };
                filtered(of, filter, by).ok_or(())
            }
            (name, Some(of)) if VALUES.contains(&name) => {
                let of = cast(of, DataType::Utf8);
                let of = match filter {
                    Some(filter) => when(filter, of).end().map_err(drop).ok()?,
                    None => of,
                };
                let there = of.clone().is_not_null();
                let all = aggregates::array_agg(of).distinct().filter(there).build();
                all.map(|all| lists::array_sort(all, lit("ASC"), lit("NULLS LAST"))).map_err(drop)
            }
            (function, _) => {
                self.errors.push(Diagnostic::new(
                    Code::Unsupported,
                    span.clone(),
                    format!("the aggregate `{function}` is not run"),
                ));
                return None;
            }
        };
        built.ok()
    }
}

/// Aggregates that are lists.
const VALUES: &[&str] = &["values", "list", "mv_values"];

/// Names of the columns that hold lists.
fn lists_of(aggregates: &[Aggregate]) -> impl Iterator<Item = String> {
    aggregates
        .iter()
        .filter(|one| VALUES.contains(&one.function.as_str()))
        .map(|one| one.name.clone())
}

/// A list as one text.
pub(super) fn joined_list(list: Expr) -> Expr {
    lists::array_to_string(list, lit(", "))
}

/// An aggregate over the rows that fulfil a condition.
fn filtered(of: Expr, filter: Option<Expr>, by: fn(Expr) -> Expr) -> Option<Expr> {
    match filter {
        // A row that does not fulfil it has no value.
        Some(filter) => when(filter, of).end().ok().map(by),
        None => Some(by(of)),
    }
}

/// Puts the steps behind a plan.
pub(crate) fn applied(
    plan: LogicalPlan,
    steps: &[Settled],
) -> Result<LogicalPlan, DataFusionError> {
    let mut plan = plan;
    for step in steps {
        plan = step.applied(plan)?;
    }
    Ok(plan)
}

impl Settled {
    fn applied(&self, plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
        let all = columns_of(&plan);
        let named = |pairs: &[(String, Expr)]| -> Vec<Expr> {
            pairs.iter().map(|(name, expr)| expr.clone().alias(name.as_str())).collect()
        };
        let builder = LogicalPlanBuilder::from(plan);
        match self {
            Self::Filter(condition) => builder.filter(condition.clone()),
            Self::Add(columns) => {
                let mut kept: Vec<Expr> = all
                    .iter()
                    .filter(|column| !columns.iter().any(|(name, _)| *name == column.name))
                    .map(|column| Expr::Column(column.clone()))
                    .collect();
                kept.extend(named(columns));
                builder.project(kept)
            }
            Self::Group { by, aggregates } => {
                // Groups and aggregates first get names of their own, then those that were asked for.
                let groups: Vec<Expr> = named(by);
                let plain: Vec<Expr> = aggregates.iter().map(|(_, expr)| expr.clone()).collect();
                grouped(builder, groups, plain, by, aggregates)
            }
            Self::Beside { by, aggregates } => {
                return beside(builder.build()?, by, aggregates);
            }
            Self::Join(names) => builder.project(
                all.iter()
                    .map(|column| {
                        let expr = Expr::Column(column.clone());
                        if names.contains(&column.name) {
                            joined_list(expr).alias(column.name.as_str())
                        } else {
                            expr
                        }
                    })
                    .collect::<Vec<_>>(),
            ),
            Self::Select(columns) => builder.project(named(columns)),
            Self::Without(names) => builder.project(
                all.iter()
                    .filter(|column| !names.contains(&column.name))
                    .map(|column| Expr::Column(column.clone()))
                    .collect::<Vec<_>>(),
            ),
            Self::Rename(pairs) => builder.project(
                all.iter()
                    .map(|column| {
                        let expr = Expr::Column(column.clone());
                        match pairs.iter().find(|(old, _)| *old == column.name) {
                            Some((_, new)) => expr.alias(new.as_str()),
                            None => expr,
                        }
                    })
                    .collect::<Vec<_>>(),
            ),
            Self::Sort(keys) => builder.sort(
                keys.iter()
                    .map(|(expr, descending)| expr.clone().sort(!descending, false))
                    .collect::<Vec<SortExpr>>(),
            ),
            Self::Limit(count) => builder.limit(0, Some(*count)),
            Self::First(keys) => {
                let select = all.iter().map(|column| Expr::Column(column.clone())).collect();
                let mut order: Vec<SortExpr> =
                    keys.iter().map(|key| key.clone().sort(true, false)).collect();
                if all.iter().any(|column| column.name == fields::TIMESTAMP.name()) {
                    order.push(ident(fields::TIMESTAMP.name()).sort(true, false));
                }
                builder.distinct_on(keys.clone(), select, Some(order))
            }
            // One value is one row already.
            Self::Expand(column) => {
                if is_list(builder.schema(), column) {
                    builder.unnest_column(Column::new_unqualified(column.as_str()))
                } else {
                    Ok(builder)
                }
            }
        }?
        .build()
    }
}

/// Aggregates may be wrapped in functions: the engine wants them bare, so they are computed first.
fn grouped(
    builder: LogicalPlanBuilder,
    groups: Vec<Expr>,
    wrapped: Vec<Expr>,
    by: &[(String, Expr)],
    aggregates: &[(String, Expr)],
) -> Result<LogicalPlanBuilder, DataFusionError> {
    use datafusion_common::tree_node::{Transformed, TreeNode};
    let mut bare: Vec<Expr> = Vec::new();
    let mut outside: Vec<Expr> = Vec::new();
    for expr in wrapped {
        let rewritten = expr.transform_up(|node| {
            if matches!(node, Expr::AggregateFunction(_)) {
                let name = format!("egret_{}", bare.len());
                bare.push(node.alias(name.as_str()));
                return Ok(Transformed::yes(ident(name)));
            }
            Ok(Transformed::no(node))
        })?;
        outside.push(rewritten.data);
    }
    let columns: Vec<Expr> = by
        .iter()
        .map(|(name, _)| ident(name.as_str()))
        .chain(
            outside.into_iter().zip(aggregates).map(|(expr, (name, _))| expr.alias(name.as_str())),
        )
        .collect();
    builder.aggregate(groups, bare)?.project(columns)
}

fn is_list(schema: &DFSchema, column: &str) -> bool {
    schema
        .field_with_unqualified_name(column)
        .is_ok_and(|field| matches!(field.data_type(), DataType::List(_) | DataType::LargeList(_)))
}

/// The rows, each with the aggregates of its group beside it.
///
/// Rows without a value to group by are a group too.
fn beside(
    rows: LogicalPlan,
    by: &[(String, Expr)],
    aggregates: &[(String, Expr)],
) -> Result<LogicalPlan, DataFusionError> {
    let key = |side: &str, at: usize| format!("egret_{side}_{at}");
    let keys = |side: &str| -> Vec<(String, Expr)> {
        by.iter().enumerate().map(|(at, (_, expr))| (key(side, at), expr.clone())).collect()
    };
    let is_new = |name: &str| by.iter().chain(aggregates).any(|(made, _)| made == name);
    let kept: Vec<Expr> = columns_of(&rows)
        .into_iter()
        .filter(|column| !is_new(&column.name))
        .map(Expr::Column)
        .collect();
    let groups = Settled::Group { by: keys("right"), aggregates: aggregates.to_vec() };
    let groups = groups.applied(rows.clone())?;
    let left_keys = keys("left").into_iter().map(|(name, expr)| expr.alias(name));
    let left = LogicalPlanBuilder::from(rows).project(kept.iter().cloned().chain(left_keys))?;
    let joined = if by.is_empty() {
        left.cross_join(groups)?
    } else {
        let on = |side: &str| -> Vec<Column> {
            (0..by.len()).map(|at| Column::new_unqualified(key(side, at))).collect()
        };
        left.join_detailed(
            groups,
            JoinType::Left,
            (on("left"), on("right")),
            None,
            NullEquality::NullEqualsNull,
        )?
    };
    let made = by
        .iter()
        .enumerate()
        .map(|(at, (name, _))| ident(key("left", at)).alias(name.as_str()))
        .chain(aggregates.iter().map(|(name, _)| ident(name.as_str())));
    joined.project(kept.into_iter().chain(made))?.build()
}

fn columns_of(plan: &LogicalPlan) -> Vec<Column> {
    plan.schema().columns()
}
