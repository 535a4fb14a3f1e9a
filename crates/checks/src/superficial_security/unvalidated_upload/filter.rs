//! What decides which uploads a storage keeps: the `fileFilter` beside it, wherever in the project either of them is written.

use super::kept::mentions_one;
use crate::context::Context;
use crate::facts::absence::is_nothing;
use crate::facts::nodes::each_node;
use crate::facts::syntax::{Expr, ExprKind, Function};
use crate::facts::values::entry;
use crate::framework::Project;
use crate::framework::conduct::{Conduct, Step};

/// What is known of the filter of a storage.
pub(super) enum Filter<'a> {
    /// There is none.
    Absent,
    /// There is one, and what it looks at could not be read.
    Unread,
    /// These functions run.
    Read(Vec<Step<'a>>),
}

impl Filter<'_> {
    /// Whether it looks at something of one of these names.
    pub(super) fn looks_at(&self, names: &[&str]) -> bool {
        match self {
            Filter::Read(steps) => steps.iter().any(|step| mentions_one(&step.function.body, names)),
            Filter::Absent | Filter::Unread => false,
        }
    }
}

/// Whose storage stands beside a filter.
#[derive(PartialEq, Eq)]
enum Whose {
    Own,
    Anothers,
    /// A parameter, or what is spread.
    Unsaid,
}

/// The filter beside a storage, in `multer({ storage, fileFilter })` or another library's options.
pub(super) fn filter_of<'a>(context: &'a Context<'a>, storage: &'a Expr) -> Filter<'a> {
    let project = Project::of(context);
    let mut found = Filter::Absent;
    let sources = context.files.iter().enumerate();
    for (at, file) in sources.filter(|(_, file)| !file.is_test && file.text.contains("fileFilter")) {
        each_node(&file.syntax, &mut |node, around| {
            let Some(options) = node.expr() else { return true };
            let Some(filter) = entry(options, "fileFilter").filter(|filter| !is_nothing(filter)) else {
                return true;
            };
            let within: Vec<&Function> = around.iter().filter_map(|node| node.function()).collect();
            match whose(&project, (at, &within, options), storage) {
                Whose::Own if !matches!(found, Filter::Read(_)) => {
                    found = read(context, &project, (at, &within, filter));
                }
                Whose::Unsaid if matches!(found, Filter::Absent) => found = Filter::Unread,
                _ => {}
            }
            true
        });
    }
    found
}

/// An expression, its file, and the functions around it.
type At<'a, 'b> = (usize, &'b [&'a Function], &'a Expr);

fn whose<'a>(project: &Project<'a>, (at, within, options): At<'a, '_>, storage: &'a Expr) -> Whose {
    let Some(kept) = entry(options, "storage") else {
        // `multer({ ...base, fileFilter })`.
        let spreads = matches!(&options.kind, ExprKind::Record { entries, .. }
            if entries.iter().any(|(key, _)| key.is_none()));
        return if spreads { Whose::Unsaid } else { Whose::Anothers };
    };
    let comes_to = project.comes_to(at, within, kept);
    if comes_to.iter().any(|origin| std::ptr::eq(*origin, storage)) {
        Whose::Own
    } else if comes_to.iter().all(|origin| matches!(origin.kind, ExprKind::Call(_))) {
        Whose::Anothers
    } else {
        Whose::Unsaid
    }
}

/// What runs for a filter: the function that it is, or that is given back for it, and what that calls.
fn read<'a>(context: &'a Context<'a>, project: &Project<'a>, (at, within, filter): At<'a, '_>) -> Filter<'a> {
    let functions: Vec<_> = project
        .origins_of(at, within, filter)
        .into_iter()
        .filter_map(|(file, _, origin)| match &origin.kind {
            ExprKind::Function(function) => Some((file, &**function)),
            _ => project.called(at, within, origin),
        })
        .collect();
    if functions.is_empty() { Filter::Unread } else { Filter::Read(Conduct::of(context).steps(functions)) }
}
