//! Events that follow one another, as a caller who holds the events needs them.

use datafusion_expr::{Expr, cast, lit};

use crate::ast;
use crate::lower::Lowering;

/// Steps that must follow one another.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// In order.
    pub steps: Vec<Step>,
    /// Microseconds from the first to the last.
    pub maxspan: Option<i64>,
    /// An event that ends whatever is not complete.
    pub until: Option<Step>,
    /// They may come in any order.
    pub any_order: bool,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// True for the events it takes.
    pub condition: Expr,
    /// Texts that must be the same in every step; an event without one of them is passed over.
    pub by: Vec<Expr>,
    /// How often in a row.
    pub runs: u32,
    /// No such event may come.
    pub missing: bool,
}

impl Lowering<'_> {
    /// Settles a sequence.
    pub(crate) fn sequence(&mut self, sequence: &ast::Sequence) -> Sequence {
        Sequence {
            steps: sequence.steps.iter().map(|step| self.step(step)).collect(),
            maxspan: sequence.maxspan,
            until: sequence.until.as_ref().map(|step| self.step(step)),
            any_order: sequence.any_order,
        }
    }

    fn step(&mut self, step: &ast::Step) -> Step {
        let condition = self.query(&step.condition).expr;
        // Bounds of one step do not hold for the others.
        self.time = (None, None);
        let by = step
            .by
            .iter()
            .map(|term| {
                let key = self.key(term).unwrap_or_else(|| lit(false));
                cast(key, arrow::datatypes::DataType::Utf8)
            })
            .collect();
        Step { condition, by, runs: step.runs, missing: step.missing }
    }
}
