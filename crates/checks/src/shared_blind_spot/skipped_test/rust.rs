//! `#[ignore]` of cargo test.

use super::reason::{beside, said};
use super::{How, Skip};
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{ExprKind, Extent, Stmt, StmtKind};
use crate::facts::tests::attribute_name;
use crate::facts::values::called_name;

pub(super) fn skips(file: &SourceFile) -> Vec<Skip> {
    let mut found = Vec::new();
    if !file.text.contains("ignore") {
        return found;
    }
    each_node(&file.syntax, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) = node else { return true };
        let ignore = function
            .decorators
            .iter()
            .find(|decorator| called_name(attribute_name(decorator)) == Some("ignore"));
        if let Some(ignore) = ignore {
            let told = match &ignore.kind {
                ExprKind::Assign { value, .. } => value.string().and_then(said),
                _ => None,
            };
            // A comment may stand above any of the attributes, or between them and the name.
            let start = function.decorators.first().map_or(ignore.extent.start, |first| first.extent.start);
            let whole = Extent { start, end: function.name_extent.end };
            let reason = told.or_else(|| beside(file, whole));
            found.push(Skip {
                at: ignore.extent,
                name: function.name.to_string(),
                how: How::Skipped,
                reason,
            });
        }
        true
    });
    found
}
