//! Fastify: verbs and `route({..})`, plugins that are registered below a prefix and keep what they add to themselves, hooks, and the
//! options of routes (<https://fastify.dev/docs/latest/Reference/>).
//!
//! Files that `@fastify/static` serves, and the HEAD that is answered beside each GET, are no routes of the program.

mod autoload;
mod options;
mod plugins;

use std::collections::BTreeSet;

use seaworthy_core::limits::SOURCE_FILE_BYTES;
use seaworthy_core::surface::{Input, InputKind, InputPlace, Route};

use super::express;
use super::origins::anonymous;
use super::path;
use super::project::{FunctionAt, Place, Project, within};
use super::routing::{Answering, Framework, Routing, handler};
use super::web::{Guard, Reach};
use super::words::text_within;
use crate::facts::nodes::{Around, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, SequenceKind};
use crate::facts::values::called_name;
use crate::language::Language;

use self::options::Options;

/// What registers a route, and its method.
const VERBS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("delete", "DELETE"),
    ("patch", "PATCH"),
    ("head", "HEAD"),
    ("options", "OPTIONS"),
    ("all", "*"),
];

/// The hooks that run before a handler (<https://fastify.dev/docs/latest/Reference/Lifecycle/>).
const HOOKS: &[&str] = &["onRequest", "preParsing", "preValidation", "preHandler"];

/// What stands in one file where something is added.
#[derive(Clone, Copy)]
struct Here<'a, 'b> {
    at: usize,
    around: Around<'a, 'b>,
}

/// Notes applications, and the parameter through which each plugin is given its own part of one.
pub(super) fn objects(routing: &mut Routing<'_>) {
    for (at, file) in scripts(routing.project) {
        each_node(&file.syntax, &mut |node, around| {
            let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else {
                return true;
            };
            let here = Here { at, around };
            if makes(file, call) {
                let place = anonymous(at, expr);
                let written = (at, expr.extent);
                routing.object(place, Framework::Fastify, true, Some(String::new()), written);
            } else if called_name(&call.callee) == Some("register") {
                plugins::note(routing, here, call);
            }
            true
        });
    }
    started(routing);
}

/// `fastify start app.js` gives an application to what a file gives out (<https://github.com/fastify/fastify-cli#start>).
fn started(routing: &mut Routing<'_>) {
    let text = routing.project.context.tree.read_text("package.json", SOURCE_FILE_BYTES).unwrap_or_default();
    let Ok(package) = serde_json::from_str::<serde_json::Value>(&text) else { return };
    let scripts = package.get("scripts").and_then(|scripts| scripts.as_object()).into_iter().flatten();
    let mut wanted = BTreeSet::new();
    for (_, script) in scripts {
        let Some((_, rest)) = script.as_str().and_then(|script| script.split_once("fastify start")) else {
            continue;
        };
        let command = rest.split(['&', ';', '|']).next().unwrap_or_default();
        wanted.extend(
            command
                .split_whitespace()
                .filter(|word| word.contains(".js") || word.contains(".ts"))
                .map(str::to_owned),
        );
    }
    for (at, file) in scripts_of(routing, &wanted) {
        let Some(place) = routing.project.exported_default(at) else { continue };
        let Some((function, _)) = plugins::given_out(routing.project, &place) else { continue };
        if let Some(instance) = plugins::instance(function.0, function.1) {
            let written = (at, Extent { start: 0, end: u32::try_from(file.text.len()).unwrap_or(0) });
            routing.object(instance, Framework::Fastify, true, Some(String::new()), written);
        }
    }
}

/// The files of these names; what is built of a source is started by the name that the compiler gives it.
fn scripts_of<'a>(routing: &Routing<'a>, wanted: &BTreeSet<String>) -> Vec<(usize, &'a SourceFile)> {
    let stem = |path: &str| path.rsplit_once('.').map_or(path, |(stem, _)| stem).to_owned();
    let source = |path: &str| {
        let path = path.trim_start_matches("./");
        let stem = stem(path);
        [stem.strip_prefix("dist/").map(|rest| format!("src/{rest}")), Some(stem)]
    };
    let wanted: BTreeSet<String> = wanted.iter().flat_map(|path| source(path)).flatten().collect();
    scripts(routing.project).into_iter().filter(|(_, file)| wanted.contains(&stem(&file.path))).collect()
}

/// The scripts of a program that has to do with Fastify at all; a file of routes need not take the package itself.
fn scripts<'a>(project: &Project<'a>) -> Vec<(usize, &'a SourceFile)> {
    let is_script = |language| matches!(language, Language::JavaScript | Language::TypeScript);
    let files: Vec<_> = project.files().filter(|(_, file)| is_script(file.language)).collect();
    let takes = |file: &SourceFile| {
        file.imports.iter().any(|fact| {
            let module = fact.import.module.as_str();
            module == "fastify" || module.starts_with("@fastify/") || module.starts_with("fastify-")
        })
    };
    if files.iter().any(|(_, file)| takes(file)) { files } else { Vec::new() }
}

fn makes(file: &SourceFile, call: &Call) -> bool {
    matches!(
        file.resolve(&call.callee).as_deref(),
        Some("fastify" | "fastify.default" | "fastify.fastify" | "fastify.default.default")
    )
}

/// Notes routes, plugins and hooks.
pub(super) fn read(routing: &mut Routing<'_>) {
    let scripts = scripts(routing.project);
    for (at, file) in &scripts {
        let awaited = awaited(file);
        each_node(&file.syntax, &mut |node, around| {
            let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else {
                return true;
            };
            let ExprKind::Member { object, name, .. } = &call.callee.kind else { return true };
            let here = Here { at: *at, around };
            let method = VERBS.iter().find(|(verb, _)| verb == name).map(|(_, method)| *method);
            let adds = method.is_some() || matches!(name.as_str(), "route" | "register" | "addHook" | "use");
            if !adds {
                return true;
            }
            let on = on(routing, here, base(object));
            if on.is_empty() {
                if method.is_some() && seems_instance(here, object) && looks_like_route(call) {
                    let why =
                        "a route of a plugin that is registered nowhere, or where that could not be read";
                    routing.unread(*at, expr.extent, why);
                }
                return true;
            }
            match (method, name.as_str()) {
                (Some(method), _) => verb(routing, here, (expr, call), &on, method),
                (_, "route") => whole_route(routing, here, (expr, call), &on),
                (_, "register") => plugins::register(routing, here, (expr, call), &on, &awaited),
                _ => hook(routing, here, (expr, call), &on),
            }
            true
        });
    }
}

/// Where the program waits for everything that was registered until then: `await app.register(..)`, `await app.after()`.
fn awaited(file: &SourceFile) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    each_in_body(&file.syntax.body, &mut |node, _| {
        if let Some(Expr { kind: ExprKind::Await(value), .. }) = node.expr()
            && let Some(call) = value.call()
            && matches!(called_name(&call.callee), Some("register" | "after" | "ready"))
        {
            found.insert(value.extent.start);
        }
        true
    });
    found
}

fn on<'a>(routing: &Routing<'a>, here: Here<'a, '_>, object: &'a Expr) -> Vec<Place> {
    routing.objects_of(Framework::Fastify, here.at, &within(here.around), object)
}

/// What a chain of registrations begins with: `app` in `app.register(a).get("/", b)`.
fn base(expr: &Expr) -> &Expr {
    let ExprKind::Call(call) = &expr.kind else { return expr };
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return expr };
    let continues = VERBS.iter().any(|(verb, _)| verb == name)
        || matches!(name.as_str(), "route" | "register" | "addHook" | "decorate" | "withTypeProvider");
    if continues { base(object) } else { expr }
}

/// Whether what a route is added to is a parameter that looks like Fastify's instance.
fn seems_instance(here: Here<'_, '_>, object: &Expr) -> bool {
    let Some(name) = object.dotted() else { return false };
    let first = within(here.around).into_iter().rev().find_map(|function| {
        let first = function.parameters.first()?;
        (first.pattern.dotted()? == name).then_some(first)
    });
    first.is_some_and(|first| {
        let typed = first.annotation.as_ref().and_then(called_name) == Some("FastifyInstance");
        typed || matches!(name.as_str(), "app" | "fastify" | "instance" | "server" | "api")
    })
}

fn looks_like_route(call: &Call) -> bool {
    let rooted =
        call.arguments.first().and_then(|path| path.value.string()).is_some_and(|text| text.starts_with('/'));
    rooted && call.arguments.len() >= 2
}

/// `app.get(path, options, handler)`.
fn verb<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    on: &[Place],
    method: &str,
) {
    let arguments: Vec<&'a Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
    let (path, options, answers) = match arguments.as_slice() {
        [path, options, handler, ..] => (*path, Some(*options), Some(*handler)),
        // The second is the handler, or options with the handler among them.
        [path, second] => {
            let options = Options::of(routing.project, here, second);
            match options.and_then(|options| options.get("handler")) {
                Some(_) => (*path, Some(*second), None),
                None => (*path, None, Some(*second)),
            }
        }
        _ => return,
    };
    let options = match options {
        Some(written) => {
            let read = Options::of(routing.project, here, written);
            if read.is_none() {
                let why = "the options of this route, which may have hooks, could not be read";
                routing.unread(here.at, whole.extent, why);
            }
            read
        }
        None => None,
    };
    let Some(written) = text_within(routing.project, here.at, &within(here.around), path) else {
        return routing.unread(here.at, whole.extent, "the path of this route is not written as text");
    };
    let function = match answers {
        Some(answers) => routing.project.answering(here.at, &within(here.around), answers),
        None => options.as_ref().and_then(|options| options.handler(routing.project)),
    };
    add(
        routing,
        here,
        (whole, call),
        on,
        &Written { methods: vec![method.to_owned()], path: written, options, function },
    );
}

/// A route as it is written.
struct Written<'a> {
    methods: Vec<String>,
    path: String,
    options: Option<Options<'a>>,
    function: Option<FunctionAt<'a>>,
}

/// `app.route({ method, url, handler, .. })`.
fn whole_route<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    on: &[Place],
) {
    let written = call.arguments.first().map(|argument| &argument.value);
    let Some(options) = written.and_then(|written| Options::of(routing.project, here, written)) else {
        return routing.unread(here.at, whole.extent, "what this route is made of could not be read");
    };
    let path = options
        .get("url")
        .or_else(|| options.get("path"))
        .and_then(|path| options.text(routing.project, path));
    let methods = options.get("method").map(|written| match &written.kind {
        ExprKind::Sequence { kind: SequenceKind::List, items } => {
            items.iter().map(|item| options.text(routing.project, item)).collect()
        }
        _ => options.text(routing.project, written).map(|method| vec![method]),
    });
    let (Some(path), Some(Some(methods))) = (path, methods) else {
        return routing.unread(
            here.at,
            whole.extent,
            "the path or the methods of this route are not written as text",
        );
    };
    let methods = methods.iter().map(|method| method.to_uppercase()).collect();
    let function = options.handler(routing.project);
    add(routing, here, (whole, call), on, &Written { methods, path, options: Some(options), function });
}

fn add<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    on: &[Place],
    written: &Written<'a>,
) {
    let Some(patterns) = path::fastify(&written.path) else {
        let why = "the path of this route has parts that are not one value each";
        return routing.unread(here.at, whole.extent, why);
    };
    let function = written.function;
    let guards = written.options.as_ref().map(|options| options.guards(routing)).unwrap_or_default();
    let read = function.map(|function| inputs_of(routing.project, function)).unwrap_or_default();
    let at =
        (here.at, Extent { start: call.callee.extent.end.max(whole.extent.start), end: whole.extent.end });
    for pattern in patterns {
        let mut inputs = pattern.inputs;
        inputs.extend(read.iter().filter(|input| input.place != InputPlace::Path).cloned());
        if let Some(options) = &written.options {
            options.declared(routing.project, &mut inputs);
        }
        for method in written.methods.iter().filter(|method| !matches!(method.as_str(), "HEAD" | "OPTIONS")) {
            for place in on {
                let route = Route {
                    method: method.clone(),
                    path: pattern.path.clone(),
                    handler: handler(routing.project, function),
                    inputs: inputs.clone(),
                };
                let answering = Answering { function, guards: guards.clone() };
                routing.register(place, at, route, answering);
            }
        }
    }
}

/// What a handler reads; the file that `request.file()` gives has no name of its own.
fn inputs_of<'a>(project: &Project<'a>, function: FunctionAt<'a>) -> Vec<Input> {
    let mut inputs = express::inputs_of(project, function);
    if uploads(project, function, 0, true) {
        let place = InputPlace::File;
        inputs.push(Input { name: "file".to_owned(), place, kind: InputKind::Unknown, required: false });
    }
    inputs
}

/// Whether a function takes files from the request that it is given as a parameter, itself or by a function that it hands it to.
fn uploads<'a>(project: &Project<'a>, (at, function): FunctionAt<'a>, index: usize, follow: bool) -> bool {
    let Some(request) = function.parameters.get(index).and_then(|first| first.pattern.dotted()) else {
        return false;
    };
    let is_request = |expr: &Expr| expr.dotted().as_ref() == Some(&request);
    let mut found = false;
    each_in_body(&function.body, &mut |node, around| {
        let Some(call) = node.expr().and_then(Expr::call) else { return !found };
        if let ExprKind::Member { object, name, .. } = &call.callee.kind {
            let takes = matches!(name.as_str(), "file" | "files" | "parts" | "saveRequestFiles");
            found |= takes && is_request(object);
        }
        let handed = call.arguments.iter().position(|argument| is_request(&argument.value));
        if let Some(index) = handed.filter(|_| follow && !found) {
            let called = project.function(at, around, &call.callee);
            found |= called.is_some_and(|called| uploads(project, called, index, false));
        }
        !found
    });
    found
}

/// `app.addHook("preHandler", function)`; `app.use(function)` of @fastify/middie.
fn hook<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    on: &[Place],
) {
    let mut arguments: Vec<&'a Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
    let name = called_name(&call.callee).unwrap_or_default();
    let mut option = None;
    let mut below = None;
    match (name, arguments.first().and_then(|first| first.string())) {
        ("addHook", Some(hook)) if HOOKS.contains(&hook) => {
            option = Some(hook);
            arguments.remove(0);
        }
        ("addHook", _) => return,
        (_, Some(path)) => {
            below = Some(path.to_owned());
            arguments.remove(0);
        }
        _ => {}
    }
    for expr in arguments {
        let function = guarding(routing, here, expr);
        for place in on {
            let guard = Guard { file: here.at, expr, option, function, reach: Reach::Router };
            routing.guard(place, (here.at, whole.extent), below.clone(), guard);
        }
    }
}

/// The function that a guard is, that makes it, or that the instance was decorated with under its name.
fn guarding<'a>(routing: &Routing<'a>, here: Here<'a, '_>, expr: &'a Expr) -> Option<FunctionAt<'a>> {
    plugins::decorated(routing, here, expr).or_else(|| routing.guarding(here.at, here.around, expr))
}
