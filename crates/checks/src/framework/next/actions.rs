//! Server actions: functions that the browser may call by themselves, with whatever arguments it likes
//! (<https://nextjs.org/docs/app/api-reference/directives/use-server>).

use std::collections::BTreeSet;

use super::super::routing::{Answering, Framework, Routing};
use super::handlers::exported;
use super::{Wrapped, wrapped};
use crate::facts::nodes::each_node;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, Extent, Stmt, StmtKind};

/// Notes those of a file.
pub(super) fn read<'a>(routing: &mut Routing<'a>, at: usize, file: &'a SourceFile) {
    if !file.text.contains("use server") {
        return;
    }
    if says_server(&file.syntax.body) {
        let names: BTreeSet<String> = file.syntax.body.iter().flat_map(exported_names).collect();
        for name in names {
            let Some((Some(place), extent)) = exported(routing.project, at, file, &name) else { continue };
            let Wrapped { function, guards, is_unclear } = wrapped(routing.project, &place);
            if is_unclear {
                routing.unread(at, extent, "what makes this server action could not be followed");
            }
            note(routing, (at, extent), &name, Answering { function, guards });
        }
        return;
    }
    each_node(&file.syntax, &mut |node, _| {
        if let Some(function) = node.function().filter(|function| says_server(&function.body)) {
            let known = routing.project.known(at, function);
            let name = known.map(|known| known.name.clone()).unwrap_or_default();
            let answering = Answering { function: Some((at, function)), guards: Vec::new() };
            note(routing, (at, function.name_extent), &name, answering);
        }
        true
    });
}

/// An action has no path of its own: the browser posts to the page that shows it.
fn note<'a>(routing: &mut Routing<'a>, at: (usize, Extent), name: &str, answering: Answering<'a>) {
    routing.unplaced(Framework::NextJs, at, ("POST", &format!("#{name}")), answering);
}

fn exported_names(stmt: &Stmt) -> Vec<String> {
    match &stmt.kind {
        StmtKind::Function(function) if function.is_public => vec![function.name.to_string()],
        StmtKind::Assign(assign) if assign.is_public => {
            assign.targets.iter().filter_map(Expr::dotted).collect()
        }
        StmtKind::Export(names) => {
            names.iter().map(|one| one.alias.as_ref().unwrap_or(&one.name).to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a body begins with `"use server"`.
fn says_server(body: &[Stmt]) -> bool {
    let mut directives = body.iter().map_while(|stmt| match &stmt.kind {
        StmtKind::Expr(expr) => expr.string(),
        _ => None,
    });
    directives.any(|text| text == "use server")
}
