//! # dependency-cycle
//!
//! Modules that import each other in a circle. Each can only be understood, tested and changed with all the others; and
//! whether the program starts at all depends on which of them happens to be loaded first.
//!
//! One finding for each set of files that all reach each other, with the shortest circle in it and its import lines.
//!
//! - **error** (`fails-to-load`): Python, and there is a module in the circle which cannot be imported first. This is not guessed: the
//!   imports are followed in the order in which Python runs them, the packages around a module first, and
//!   an import takes a name out of a module that has not got to it yet. `python3 -c "import MODULE"` shows it.
//! - **warning** (`at-load`): the circle closes while the files are loaded, and every order works. One more import can break it.
//! - **note** (`deferred`): at least one import of every circle waits until a function is called. It loads, and the modules still
//!   cannot be told apart.
//!
//! What does not count: imports for types only, which in TypeScript are also those of which nothing but types is used; a module that imports from the packages it lies in (`__init__` gathers what its
//! own modules offer, everywhere, and Python loads it first in any case); an import under a condition or in a `try`;
//! tests; modules of one Rust crate, which is compiled as a whole (crates cannot form circles).
//!
//! ## What to do
//!
//! Move what both sides need into a module of its own that imports neither; or hand it over as an argument. Moving an import
//! into a function hides the circle and leaves it.

mod elided;
mod load;

use std::collections::HashSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::graph::{Edge, components, shortest_cycle};
use crate::facts::imports::When;
use crate::facts::source::SourceFile;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("dependency-cycle"),
        version: 1,
        failure_mode: FailureMode::ArchitectureDrift,
        need: Need::Required,
        title: "modules that import each other in a circle",
        applies_to: "import of one file by another",
        variants: &["fails-to-load", "at-load", "deferred"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Import lines that are shown of one circle.
const SHOWN_IMPORTS: usize = 12;

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let files = context.files.len();
    let kept = elided::are_kept(context);
    let edges: Vec<Vec<Edge>> = (0..files).map(|file| counted(context, file, kept)).collect();
    edges.iter().flatten().for_each(|_| report.trial());
    let targets = |only: Option<When>| {
        let edges = &edges;
        move |file: usize| -> Vec<usize> {
            let edges = edges.get(file).into_iter().flatten();
            edges.filter(|edge| only.is_none_or(|when| edge.when == when)).map(|edge| edge.to).collect()
        }
    };
    let (any, eager) = (targets(None), targets(Some(When::Eager)));
    let mut told = HashSet::new();
    for members in components(files, &eager) {
        told.extend(members.iter().copied());
        let cycle = shortest_cycle(&members, &eager);
        match load::failure(context, &members) {
            Some(failure) => fails(context, &edges, &failure, &cycle, members.len(), report),
            None => say(context, &edges, &cycle, members.len(), "at-load", report),
        }
    }
    for members in components(files, &any) {
        if members.iter().all(|file| !told.contains(file)) {
            let cycle = shortest_cycle(&members, &any);
            say(context, &edges, &cycle, members.len(), "deferred", report);
        }
    }
}

/// The imports of a file that count.
fn counted(context: &Context<'_>, at: usize, kept: bool) -> Vec<Edge> {
    let Some(file) = context.files.get(at).filter(|file| !file.is_test && file.language != Language::Rust)
    else {
        return Vec::new();
    };
    let counts = |edge: &&Edge| {
        let Some(to) = context.files.get(edge.to).filter(|to| !to.is_test) else { return false };
        let guarded =
            file.imports.get(edge.import).is_none_or(|fact| fact.guarded && fact.when == When::Eager);
        let fact = file.imports.get(edge.import).filter(|_| !kept);
        let elided = || fact.is_some_and(|fact| elided::is_elided(file, fact, to));
        edge.when != When::TypeOnly
            && !elided()
            && !guarded
            && !is_package_around(to, file)
            && !to.path.ends_with(".d.ts")
    };
    context.graph.imports_of(at).iter().filter(counts).copied().collect()
}

/// Whether a file is the `__init__` of a package that the other lies in.
fn is_package_around(package: &SourceFile, file: &SourceFile) -> bool {
    let folder =
        package.path.strip_suffix("__init__.py").or_else(|| package.path.strip_suffix("__init__.pyi"));
    folder.is_some_and(|folder| file.path.starts_with(folder))
}

fn fails(
    context: &Context<'_>,
    edges: &[Vec<Edge>],
    failure: &load::Failure,
    cycle: &[usize],
    members: usize,
    report: &mut Report<'_>,
) {
    let Some(file) = context.files.get(failure.file) else { return };
    let Some(fact) = file.imports.get(failure.import) else { return };
    let message = format!(
        "`{}` cannot be imported first: it gets here while `{}` is still being loaded and has no `{}` yet ({members} files form a circle)",
        failure.entry, failure.from, failure.name
    );
    let draft =
        report.at(file, fact.extent, message).variant("fails-to-load").confidence(Confidence::Certain);
    let draft = with_imports(context, edges, cycle, draft);
    report.add(draft.advice("move what both sides need into a module of its own that imports neither"));
}

fn say(
    context: &Context<'_>,
    edges: &[Vec<Edge>],
    cycle: &[usize],
    members: usize,
    variant: &'static str,
    report: &mut Report<'_>,
) {
    let Some((file, edge)) =
        cycle.first().and_then(|first| Some((context.files.get(*first)?, edge(edges, cycle, 0)?)))
    else {
        return;
    };
    let Some(fact) = file.imports.get(edge.import) else { return };
    let paths: Vec<&str> =
        cycle.iter().filter_map(|file| Some(context.files.get(*file)?.path.as_str())).collect();
    let beyond = if members > cycle.len() {
        format!("; {members} files in all reach each other")
    } else {
        String::new()
    };
    let how = if variant == "deferred" {
        "need each other, by imports of which at least one waits for a call"
    } else {
        "import each other while they are loaded"
    };
    let message = format!("{} and back {how}{beyond}", paths.join(" → "));
    let severity = if variant == "deferred" { Severity::Note } else { Severity::Warning };
    let draft = report
        .at(file, fact.extent, message)
        .variant(variant)
        .severity(severity)
        .confidence(Confidence::Certain);
    // The circle, not the spelling of its first import, is what the finding is about.
    let draft = with_imports(context, edges, cycle, draft).symbol("").identified_by(paths.join(" "));
    report.add(draft.advice("move what both sides need into a module of its own that imports neither"));
}

/// The import by which the file at a place of the circle gets to the next.
fn edge(edges: &[Vec<Edge>], cycle: &[usize], at: usize) -> Option<Edge> {
    let to = cycle.get((at + 1) % cycle.len().max(1))?;
    edges.get(*cycle.get(at)?)?.iter().find(|edge| edge.to == *to).copied()
}

fn with_imports(
    context: &Context<'_>,
    edges: &[Vec<Edge>],
    cycle: &[usize],
    draft: crate::report::Draft,
) -> crate::report::Draft {
    (0..cycle.len().min(SHOWN_IMPORTS)).fold(draft, |draft, at| {
        let import = edge(edges, cycle, at).and_then(|edge| {
            let file = context.files.get(*cycle.get(at)?)?;
            Some((file, file.imports.get(edge.import)?, context.files.get(edge.to)?))
        });
        match import {
            Some((file, fact, to)) => draft.related(file, fact.extent, format!("imports {}", to.path)),
            None => draft,
        }
    })
}
