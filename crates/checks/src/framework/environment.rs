//! Which variables of the environment a program reads, and which it cannot do without.

use std::collections::BTreeMap;

use crate::facts::environment::variable;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;

/// The variables that a file reads, each with whether it fails without it: `os.environ["X"]` does, `os.environ.get("X")` and
/// `process.env.X` do not by themselves.
pub(super) fn read(file: &SourceFile, variables: &mut BTreeMap<String, bool>) {
    each_node(&file.syntax, &mut |node, _| {
        let Node::Expr(expr) = node else { return true };
        if let Some(read) = variable(file, expr).filter(|read| read.from_environment) {
            *variables.entry(read.name.to_owned()).or_default() |= read.required;
        }
        true
    });
}
