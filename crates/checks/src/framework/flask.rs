//! Flask: `route` and its kin, blueprints, `add_url_rule` and `MethodView` (<https://flask.palletsprojects.com/en/stable/api/>).
//!
//! The files that Flask serves by itself (`/static/..`) and the methods that it answers by itself (HEAD, OPTIONS) are no routes of
//! the program.

use seaworthy_core::surface::{Input, InputPlace, Route};

use super::inputs::{Carries, Reader, Scope};
use super::path;
use super::project::{FunctionAt, Place, within};
use super::routing::{Answering, Framework, Mount, Routing, handler};
use super::web::{Guard, Reach};
use super::words::{keyword_or, method_names, text_of};
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Class, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name, keyword};
use crate::language::Language;

/// Decorators and the method that each stands for.
const SHORT: &[(&str, &str)] =
    &[("get", "GET"), ("post", "POST"), ("put", "PUT"), ("delete", "DELETE"), ("patch", "PATCH")];

/// Notes applications and blueprints.
pub(super) fn objects(routing: &mut Routing<'_>) {
    for (at, file) in routing.project.files().filter(|(_, file)| file.language == Language::Python) {
        each_node(&file.syntax, &mut |node, around| {
            let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node else { return true };
            let Some(call) = assign.value.as_ref().and_then(Expr::call) else { return true };
            let made = file.resolve(&call.callee).unwrap_or_default();
            let is_root = match made.as_str() {
                "flask.Flask" | "flask.app.Flask" => true,
                "flask.Blueprint" | "flask.blueprints.Blueprint" => false,
                _ => return true,
            };
            let prefix = match keyword(&call.arguments, "url_prefix") {
                Some(prefix) if !is_root => text_of(routing.project, at, prefix),
                _ => Some(String::new()),
            };
            for target in &assign.targets {
                if let Some(place) = routing.project.find(at, around, target) {
                    routing.object(
                        place,
                        Framework::Flask,
                        is_root,
                        prefix.clone(),
                        (at, call.callee.extent),
                    );
                }
            }
            true
        });
    }
}

/// Notes routes and mounts.
pub(super) fn read(routing: &mut Routing<'_>) {
    for (at, file) in routing.project.files().filter(|(_, file)| file.language == Language::Python) {
        let mut values = FileValues::of(&file.syntax);
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) = node {
                for decorator in &function.decorators {
                    decorated(routing, at, around, decorator, function);
                    hooked(routing, at, around, decorator, function);
                }
            }
            if let Some(expr) = node.expr()
                && let Some(call) = expr.call()
            {
                extension(routing, at, around, expr, call);
            }
            if let Some(expr) = node.expr()
                && let Some(call) = expr.call()
                && let ExprKind::Member { object, name, .. } = &call.callee.kind
            {
                match name.as_str() {
                    "register_blueprint" => mount(routing, at, around, expr, object, call),
                    "before_request" => hook(routing, at, around, expr, object, call),
                    "add_url_rule" => rule(routing, at, around, &mut values, expr, object, call),
                    _ => {}
                }
            }
            true
        });
    }
}

/// The applications and blueprints of Flask that an expression means.
fn flask_objects<'a>(routing: &Routing<'a>, at: usize, around: Around<'a, '_>, expr: &'a Expr) -> Vec<Place> {
    routing.objects_of(Framework::Flask, at, &within(around), expr)
}

fn decorated<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    decorator: &'a Expr,
    function: &'a Function,
) {
    let Some(call) = decorator.call() else { return };
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
    let short = SHORT.iter().find(|(short, _)| *short == name).map(|(_, method)| vec![(*method).to_owned()]);
    if short.is_none() && name != "route" {
        return;
    }
    let on = flask_objects(routing, at, around, object);
    if on.is_empty() {
        let path_like = call
            .arguments
            .first()
            .and_then(|argument| argument.value.string())
            .is_some_and(|text| text.starts_with('/'));
        if path_like && routing.objects(at, around, object).is_empty() {
            routing.unread(
                at,
                decorator.extent,
                "a route of something that could not be recognised as an application or router",
            );
            unplaced(routing, at, decorator, (name, call), function);
        }
        return;
    }
    let Some(pattern) = keyword_or(call, "rule", 0).and_then(|rule| text_of(routing.project, at, rule))
    else {
        routing.unread(at, decorator.extent, "the path of this route is not written as text");
        return;
    };
    let methods = short.or_else(|| methods(routing, at, decorator, call));
    register(
        routing,
        at,
        decorator,
        &on,
        &pattern,
        &methods.unwrap_or_else(|| vec!["*".to_owned()]),
        Some((at, function)),
    );
}

/// `@app.before_request`, `@blueprint.before_app_request`.
fn hooked<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    decorator: &'a Expr,
    function: &'a Function,
) {
    let ExprKind::Member { object, name, .. } = &decorator.kind else { return };
    if !matches!(name.as_str(), "before_request" | "before_app_request") {
        return;
    }
    for place in flask_objects(routing, at, around, object) {
        let guard = Guard {
            file: at,
            expr: decorator,
            option: None,
            function: Some((at, function)),
            reach: Reach::Application,
        };
        routing.guard(&place, (at, decorator.extent), None, guard);
    }
}

/// `app.before_request(function)`.
fn hook<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &'a Expr,
    object: &'a Expr,
    call: &'a Call,
) {
    let function =
        call.arguments.first().and_then(|given| routing.project.function(at, around, &given.value));
    for place in flask_objects(routing, at, around, object) {
        let guard = Guard { file: at, expr: whole, option: None, function, reach: Reach::Application };
        routing.guard(&place, (at, whole.extent), None, guard);
    }
}

/// An extension is given the application: `CSRFProtect(app)`, `Limiter(get_remote_address, app=app)`, `talisman.init_app(app)`.
fn extension<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &'a Expr,
    call: &'a Call,
) {
    let Some(name) = called_name(&call.callee) else { return };
    // An extension is a class or its `init_app`; a function of the project that sets the application up is read by itself.
    if !(name == "init_app" || name.starts_with(char::is_uppercase)) {
        return;
    }
    for argument in &call.arguments {
        for place in flask_objects(routing, at, around, &argument.value) {
            let guard =
                Guard { file: at, expr: whole, option: None, function: None, reach: Reach::Application };
            routing.guard(&place, (at, whole.extent), None, guard);
        }
    }
}

/// The decorators of a function that register nothing.
fn decorators<'a>(routing: &Routing<'a>, (at, function): FunctionAt<'a>) -> Vec<Guard<'a>> {
    let registers = |decorator: &Expr| {
        let ExprKind::Member { name, .. } = (match decorator.call() {
            Some(call) => &call.callee.kind,
            None => return false,
        }) else {
            return false;
        };
        name == "route" || SHORT.iter().any(|(short, _)| short == name)
    };
    let own = function.decorators.iter().filter(|decorator| !registers(decorator));
    own.map(|expr| Guard {
        file: at,
        expr,
        option: None,
        function: routing.project.function(at, &[], expr),
        reach: Reach::Route,
    })
    .collect()
}

/// A function that answers for something that is given to the function around it: `def init(app): @app.route("/")`.
fn unplaced<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    decorator: &'a Expr,
    (name, call): (&str, &Call),
    function: &'a Function,
) {
    let imports = |package: &str| {
        let begins = |module: &str| {
            module == package || module.strip_prefix(package).is_some_and(|rest| rest.starts_with('.'))
        };
        routing
            .project
            .file(at)
            .is_some_and(|file| file.imports.iter().any(|fact| begins(&fact.import.module)))
    };
    let framework = match (imports("fastapi"), imports("flask")) {
        (true, _) => Framework::FastApi,
        (_, true) => Framework::Flask,
        _ => return,
    };
    let path = call.arguments.first().and_then(|argument| argument.value.string()).unwrap_or_default();
    let method = if name == "route" { "*".to_owned() } else { name.to_uppercase() };
    let guards = decorators(routing, (at, function));
    let answering = Answering { function: Some((at, function)), guards };
    routing.unplaced(framework, (at, decorator.extent), (&method, path), answering);
}

/// The methods of `methods=`; GET without it. `None`, and noted, when they are no list of texts.
fn methods<'a>(routing: &mut Routing<'a>, at: usize, whole: &Expr, call: &'a Call) -> Option<Vec<String>> {
    let Some(written) = keyword(&call.arguments, "methods") else { return Some(vec!["GET".to_owned()]) };
    let names = method_names(routing.project, at, written);
    if names.is_none() {
        routing.unread(at, whole.extent, "the methods of this route are not written as texts");
    }
    names
}

fn register<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    whole: &Expr,
    on: &[Place],
    rule: &str,
    methods: &[String],
    function: Option<FunctionAt<'a>>,
) {
    let pattern = path::flask(rule);
    let mut inputs = pattern.inputs;
    inputs.extend(function.map(|function| inputs_of(routing, function)).unwrap_or_default());
    let guards: Vec<Guard<'a>> = function.map(|function| decorators(routing, function)).unwrap_or_default();
    for method in methods.iter().filter(|method| !matches!(method.as_str(), "HEAD" | "OPTIONS")) {
        for place in on {
            let route = Route {
                method: method.clone(),
                path: pattern.path.clone(),
                handler: handler(routing.project, function),
                inputs: inputs.clone(),
            };
            let answering = Answering { function, guards: guards.clone() };
            routing.register(place, (at, whole.extent), route, answering);
        }
    }
}

fn mount<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &Expr,
    object: &'a Expr,
    call: &'a Call,
) {
    let parents = flask_objects(routing, at, around, object);
    let Some(child) = keyword_or(call, "blueprint", 0) else { return };
    let children = flask_objects(routing, at, around, child);
    if parents.is_empty() || children.is_empty() {
        routing.unread(at, whole.extent, "which blueprint is put into which application could not be told");
        return;
    }
    let written = keyword(&call.arguments, "url_prefix");
    let prefix = written.map_or(Some(String::new()), |prefix| text_of(routing.project, at, prefix));
    for parent in &parents {
        for child in &children {
            routing.mount(Mount {
                parent: parent.clone(),
                child: child.clone(),
                prefix: prefix.clone(),
                replaces: written.is_some(),
                at: (at, whole.extent),
                guards: Vec::new(),
            });
        }
    }
}

/// `add_url_rule(rule, endpoint, view_func, methods=..)`.
fn rule<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    values: &mut FileValues<'a>,
    whole: &'a Expr,
    object: &'a Expr,
    call: &'a Call,
) {
    let on = flask_objects(routing, at, around, object);
    let pattern = keyword_or(call, "rule", 0).and_then(|rule| text_of(routing.project, at, rule));
    let (Some(pattern), false) = (pattern, on.is_empty()) else {
        routing.unread(at, whole.extent, "the path of this rule, or what it is added to, could not be read");
        return;
    };
    let view = keyword_or(call, "view_func", 2).map(|view| values.origins(view, around));
    for view in view.into_iter().flatten() {
        if let Some((file, class)) = view_class(routing, at, around, view) {
            let asked = keyword(&call.arguments, "methods")
                .and_then(|written| method_names(routing.project, at, written));
            for (method, function) in class_methods(class) {
                if asked.as_ref().is_none_or(|asked| asked.contains(&method)) {
                    register(routing, at, whole, &on, &pattern, &[method], Some((file, function)));
                }
            }
            continue;
        }
        let function = routing.project.function(at, around, view);
        let methods = methods(routing, at, whole, call).unwrap_or_else(|| vec!["*".to_owned()]);
        register(routing, at, whole, &on, &pattern, &methods, function);
    }
}

/// The class of `Users.as_view("users")`.
fn view_class<'a>(
    routing: &Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    view: &Expr,
) -> Option<(usize, &'a Class)> {
    let ExprKind::Member { object, name, .. } = &view.call()?.callee.kind else { return None };
    routing.project.class(at, around, object).filter(|_| name == "as_view")
}

/// The methods of HTTP that a `MethodView` answers.
fn class_methods(class: &Class) -> Vec<(String, &Function)> {
    let methods = class.body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) => Some((function.name.to_uppercase().to_string(), &**function)),
        _ => None,
    });
    methods.filter(|(name, _)| matches!(name.as_str(), "GET" | "POST" | "PUT" | "DELETE" | "PATCH")).collect()
}

fn inputs_of<'a>(routing: &Routing<'a>, function: FunctionAt<'a>) -> Vec<Input> {
    Reader::new(routing.project, carrier, |_, _| None).inputs_of(function, Carries::new())
}

/// `request.args`, `request.get_json()` and the like.
fn carrier<'a>(_: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    request_part(scope.file, expr)
}

fn request_part(file: &SourceFile, expr: &Expr) -> Option<InputPlace> {
    let callee = expr.call().map(|call| &call.callee);
    let name = file.resolve(callee.unwrap_or(expr))?;
    let part = name.strip_prefix("flask.request.").or_else(|| name.strip_prefix("flask.globals.request."))?;
    Some(match (part, callee.is_some()) {
        ("json", false) | ("get_json", true) => InputPlace::Json,
        ("args" | "values", false) | ("args.to_dict", true) => InputPlace::Query,
        ("form", false) | ("form.to_dict", true) => InputPlace::Form,
        ("files", false) => InputPlace::File,
        ("headers", false) => InputPlace::Header,
        ("cookies", false) => InputPlace::Cookie,
        _ => return None,
    })
}
