//! `@fastify/autoload`: every file of a folder is a plugin, below the path of the folder that it is in
//! (<https://github.com/fastify/fastify-autoload#usage>).

use super::super::origins::entry;
use super::super::path;
use super::super::project::{ExprAt, FunctionAt, Place, Project, STEPS, within};
use super::super::routing::{Mount, Routing};
use super::super::words::text_within;
use super::{Here, plugins};
use crate::facts::syntax::{Call, Expr, ExprKind, Literal, TemplatePart};
use crate::facts::values::called_name;

/// A file that is loaded.
struct Loaded<'a> {
    function: FunctionAt<'a>,
    is_open: bool,
    /// The folders below the one given.
    below: String,
}

/// Whether what is registered is it.
pub(super) fn is(project: &Project<'_>, here: Here<'_, '_>, expr: &Expr) -> bool {
    let name = project.file(here.at).and_then(|file| file.resolve(expr));
    name.is_some_and(|name| {
        matches!(name.as_str(), "@fastify/autoload" | "@fastify/autoload.default" | "fastify-autoload")
    })
}

/// Notes the instances that the plugins are given.
pub(super) fn note<'a>(routing: &mut Routing<'a>, here: Here<'a, '_>, call: &'a Call, parent: &ExprAt<'a>) {
    for loaded in loaded(routing.project, here, call).unwrap_or_default() {
        let extent = call.callee.extent;
        plugins::given(routing, loaded.function, loaded.is_open, parent.clone(), extent, here.at);
    }
}

/// Mounts the plugins.
pub(super) fn register<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    parents: &[Place],
) {
    let Some(all) = loaded(routing.project, here, call) else {
        return routing.unread(
            here.at,
            whole.extent,
            "the folder whose files are plugins is not written as text",
        );
    };
    let given =
        option(routing.project, here, call, "options").and_then(|(at, around, options)| {
            match &options.kind {
                ExprKind::Record { entries, .. } => {
                    Some(entry(entries, "prefix").map(|text| text_within(routing.project, at, &around, text)))
                }
                _ => None,
            }
        });
    let before = match given {
        None | Some(None) => Some(String::new()),
        Some(Some(prefix)) => prefix,
    };
    for Loaded { function, is_open, below } in all {
        let Some(child) = plugins::instance(function.0, function.1).filter(|_| !is_open) else { continue };
        for parent in parents {
            routing.mount(Mount {
                parent: parent.clone(),
                child: child.clone(),
                prefix: before.as_ref().and_then(|before| path::fastify_prefix(&format!("{before}{below}"))),
                replaces: false,
                at: (here.at, whole.extent),
                guards: Vec::new(),
            });
        }
    }
}

fn option<'a>(project: &Project<'a>, here: Here<'a, '_>, call: &'a Call, name: &str) -> Option<ExprAt<'a>> {
    let options = project.origins(here.at, &within(here.around), &call.arguments.get(1)?.value, STEPS);
    let [(at, around, Expr { kind: ExprKind::Record { entries, .. }, .. })] = options.as_slice() else {
        return None;
    };
    let value = entry(entries, name)?;
    project.origins(*at, around, value, STEPS).into_iter().next()
}

fn loaded<'a>(project: &Project<'a>, here: Here<'a, '_>, call: &'a Call) -> Option<Vec<Loaded<'a>>> {
    let (at, _, folder) = option(project, here, call, "dir")?;
    let folder = folder_of(project, at, folder)?;
    let plain = |name: &str| {
        let value = option(project, here, call, name);
        value.is_some_and(|(_, _, value)| matches!(value.kind, ExprKind::Literal(Literal::Boolean(true))))
    };
    let flat = option(project, here, call, "dirNameRoutePrefix")
        .is_some_and(|(_, _, value)| matches!(value.kind, ExprKind::Literal(Literal::Boolean(false))));
    let parameters = plain("routeParams");
    let mut found = Vec::new();
    let in_folder: Vec<_> = project
        .files()
        .filter_map(|(at, file)| Some((at, file.path.strip_prefix(&format!("{folder}/"))?)))
        .collect();
    for (at, path) in &in_folder {
        let (below, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.split('.').next().unwrap_or_default();
        // Beside an `index`, nothing else of the folder is loaded.
        let beside = |other: &&(usize, &str)| {
            let (folder, name) = other.1.rsplit_once('/').unwrap_or(("", other.1));
            folder == below && name.starts_with("index.")
        };
        if stem == "autohooks" || stem != "index" && in_folder.iter().any(|other| beside(&other)) {
            continue;
        }
        let place = project.exported_default(*at)?;
        let Some((function, is_open)) = plugins::given_out(project, &place) else { continue };
        let folders =
            below.split('/').filter(|part| !part.is_empty()).map(|part| match part.strip_prefix('_') {
                Some(name) if parameters => format!("/:{name}"),
                _ => format!("/{part}"),
            });
        let own = project.text_exported(*at, "autoPrefix");
        let below = own.unwrap_or_else(|| if flat { String::new() } else { folders.collect() });
        found.push(Loaded { function, is_open, below });
    }
    Some(found)
}

/// The folder that `path.join(__dirname, "routes")` and the like mean, from the root of the tree.
fn folder_of<'a>(project: &Project<'a>, at: usize, expr: &'a Expr) -> Option<String> {
    let own = project.file(at)?.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<String> = own.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut texts = Vec::new();
    match &expr.kind {
        ExprKind::Call(call) if matches!(called_name(&call.callee), Some("join" | "resolve")) => {
            for argument in call.arguments.iter().skip(1) {
                texts.push(argument.value.string()?.to_owned());
            }
        }
        ExprKind::Template(template) => {
            let [TemplatePart::Value(_), TemplatePart::Text(text)] = template.parts.as_slice() else {
                return None;
            };
            texts.push(text.to_string());
        }
        ExprKind::Binary { right, .. } => texts.push(right.string()?.to_owned()),
        _ => return None,
    }
    for part in texts.iter().flat_map(|text| text.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part.to_owned()),
        }
    }
    Some(parts.join("/"))
}
