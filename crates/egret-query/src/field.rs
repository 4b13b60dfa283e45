//! One field, for a caller that groups by it.

use arrow::datatypes::DataType;
use datafusion_expr::{Expr, cast};
use datafusion_functions_nested::expr_fn::array_to_string;
use egret_model::ecs::FieldKind;

use crate::ast::Name;
use crate::diagnostic::Diagnostic;
use crate::lower::content;
use crate::resolve::{Target, resolve};

/// The value of a field, or of a path below a document, as one text; null where it is missing.
///
/// # Errors
///
/// [`crate::Code::Field`], with the nearest names.
pub fn field(name: &str) -> Result<Expr, Diagnostic> {
    let target = resolve(&Name { text: name.to_owned(), span: 0..name.len() })?;
    let expr = content(&target);
    Ok(match &target {
        Target::Field(field) if field.kind() == FieldKind::Keywords => {
            array_to_string(expr, datafusion_expr::lit(", "))
        }
        _ => cast(expr, DataType::Utf8),
    })
}
