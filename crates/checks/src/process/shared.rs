//! The collections that live as long as the process, before anybody asks who uses them.

use std::collections::{HashMap, HashSet};

use super::reach::Reached;
use super::takes_request;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{
    Assign, Class, Declares, Expr, ExprKind, Extent, Function, SequenceKind, Stmt, StmtKind,
};
use crate::facts::values::called_name;
use crate::framework::Project;
use crate::framework::web::Web;
use crate::language::Language;

/// A collection.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) name: String,
    pub(super) extent: Extent,
}

/// Whose a name is.
pub(super) enum Owner {
    /// Of the top of a file.
    File(usize, String),
    /// Of a function.
    Function(*const Function, String),
}

/// The collections of one file or function, by name.
type Own<'a> = HashMap<&'a str, Kept<'a>>;

/// A collection, and those that are its fields, if it is a record.
struct Kept<'a> {
    at: At,
    parts: HashMap<&'a str, At>,
}

/// The collections of a program.
pub(super) struct Shared<'a> {
    /// Of the top of each file.
    tops: HashMap<usize, Own<'a>>,
    /// Of functions that run once and register handlers: `createApp()`.
    inside: HashMap<*const Function, Own<'a>>,
    /// Their names: the cheap question.
    pub(super) names: HashSet<&'a str>,
    /// The fields of records among them.
    pub(super) parts: HashSet<&'a str>,
    /// Of objects that are made once, by the address of the class and the name of the field.
    pub(super) fields: HashMap<(*const Class, &'a str), At>,
}

impl<'a> Shared<'a> {
    pub(super) fn of(project: &Project<'a>, web: &'a Web<'a>, reached: &[Reached<'a>]) -> Self {
        let mut shared = Self {
            tops: HashMap::new(),
            inside: HashMap::new(),
            names: HashSet::new(),
            parts: HashSet::new(),
            fields: HashMap::new(),
        };
        let mut classes: Vec<(usize, &'a Class)> = Vec::new();
        let mut made: HashSet<&'a str> = HashSet::new();
        for (file, source) in project.context.files.iter().enumerate().filter(|(_, file)| !file.is_test) {
            for stmt in &source.syntax.body {
                match &stmt.kind {
                    StmtKind::Assign(assign) => {
                        made.extend(assign.value.as_ref().and_then(made_by));
                        let own = shared.tops.entry(file).or_default();
                        keep(file, stmt, assign, own);
                    }
                    StmtKind::Class(class) => classes.push((file, class)),
                    // `module.exports = new Store()`
                    StmtKind::Expr(Expr { kind: ExprKind::Assign { value, .. }, .. }) => {
                        made.extend(made_by(value))
                    }
                    _ => {}
                }
            }
        }
        for (file, class) in classes {
            let is_python =
                project.context.files.get(file).is_some_and(|file| file.language == Language::Python);
            shared.class(file, class, is_python, made.contains(class.name.as_str()));
        }
        shared.around_handlers(project, web, reached);
        for (name, kept) in shared.tops.values().chain(shared.inside.values()).flatten() {
            shared.names.insert(name);
            shared.parts.extend(kept.parts.keys().copied());
        }
        shared
    }

    /// What a function holds in which handlers are written lives as long as they do, if no request runs it.
    fn around_handlers(&mut self, project: &Project<'a>, web: &'a Web<'a>, reached: &[Reached<'a>]) {
        let run: HashSet<*const Function> =
            reached.iter().map(|one| std::ptr::from_ref(one.function)).collect();
        for handler in &web.handlers {
            for function in project.functions_around(handler.file, handler.function) {
                let key = std::ptr::from_ref(function);
                if run.contains(&key) || takes_request(function) || self.inside.contains_key(&key) {
                    continue;
                }
                let own = self.inside.entry(key).or_default();
                for stmt in &function.body {
                    if let StmtKind::Assign(assign) = &stmt.kind {
                        keep(handler.file, stmt, assign, own);
                    }
                }
            }
        }
    }

    /// The collection of a name, or of a field of the record of that name.
    pub(super) fn owned(&self, owner: &Owner, part: Option<&str>) -> Option<&At> {
        let kept = match owner {
            Owner::File(file, name) => self.tops.get(file)?.get(name.as_str()),
            Owner::Function(function, name) => self.inside.get(function)?.get(name.as_str()),
        }?;
        part.map_or(Some(&kept.at), |part| kept.parts.get(part))
    }

    fn class(&mut self, file: usize, class: &'a Class, is_python: bool, is_made: bool) {
        let key = std::ptr::from_ref(class);
        each_in_body(&class.body, &mut |node, around| {
            let Node::Stmt(stmt @ Stmt { kind: StmtKind::Assign(assign), .. }) = node else {
                // `this.items = new Map()` is an expression in JavaScript.
                if let Node::Expr(expr @ Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) =
                    node
                    && is_made
                    && is_collection(value)
                    && let Some(name) = own_field(target)
                {
                    let at = At { file, name: format!("this.{name}"), extent: expr.extent };
                    self.fields.entry((key, name)).or_insert(at);
                }
                return true;
            };
            let (Some(value), [target]) = (&assign.value, assign.targets.as_slice()) else { return true };
            if !is_collection(value) {
                return true;
            }
            let name = match &target.kind {
                // A field that every object of a Python class shares; one of each object in JavaScript.
                ExprKind::Name(name) if around.is_empty() && (is_python || is_made) => Some(name.as_str()),
                ExprKind::Member { .. } if is_made && assign.declares != Declares::Field => own_field(target),
                _ => None,
            };
            if let Some(name) = name {
                let own = if is_python { "self" } else { "this" };
                let at = At { file, name: format!("{own}.{name}"), extent: stmt.extent };
                self.fields.entry((key, name)).or_insert(at);
            }
            true
        });
    }
}

/// Keeps the collection that a statement makes, and those in the record that it makes.
fn keep<'a>(file: usize, stmt: &'a Stmt, assign: &'a Assign, own: &mut Own<'a>) {
    let (Some(value), [target]) = (&assign.value, assign.targets.as_slice()) else { return };
    let ExprKind::Name(name) = &target.kind else { return };
    if !is_collection(value) {
        return;
    }
    let at = At { file, name: name.to_string(), extent: stmt.extent };
    let mut parts = HashMap::new();
    if let ExprKind::Record { entries, .. } = &value.kind {
        for (key, value) in entries.iter().filter(|(_, value)| is_collection(value)) {
            if let Some((key, part)) = key.as_ref().and_then(|key| Some((key, key.string()?))) {
                let extent = Extent { start: key.extent.start, end: value.extent.end };
                parts.insert(part, At { file, name: format!("{name}.{part}"), extent });
            }
        }
    }
    own.entry(name.as_str()).or_insert(Kept { at, parts });
}

/// The field of `self.items`, `this.items`.
pub(super) fn own_field(expr: &Expr) -> Option<&str> {
    let ExprKind::Member { object, name, .. } = &expr.kind else { return None };
    let own =
        matches!(&object.kind, ExprKind::Name(name) if matches!(name.as_str(), "self" | "this" | "cls"));
    own.then_some(name.as_str())
}

/// The class whose object a value is: `Store()`, `new Store()`.
fn made_by(value: &Expr) -> Option<&str> {
    called_name(&value.call()?.callee).filter(|name| name.starts_with(char::is_uppercase))
}

/// Whether a value is a collection that may grow.
fn is_collection(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Record { of, .. } => of.is_none(),
        ExprKind::Sequence { kind, .. } => *kind != SequenceKind::Tuple,
        ExprKind::Cast { value, .. } => is_collection(value),
        ExprKind::Call(call) => match called_name(&call.callee).unwrap_or_default() {
            "dict" | "list" | "set" | "defaultdict" | "OrderedDict" | "Counter" | "deque" | "Map" | "Set" => {
                true
            }
            "create" => call.callee.dotted().as_deref() == Some("Object.create"),
            _ => false,
        },
        _ => false,
    }
}
