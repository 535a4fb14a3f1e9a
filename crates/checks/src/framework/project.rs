//! What a name means across the files of a project: which application, router or function it stands for.
//!
//! Imports are followed through re-exports; the order of execution is not followed.

use std::collections::{BTreeMap, HashMap};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Class, Expr, ExprKind, Function, Import, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name, returned};
use crate::language::Language;

/// Steps from name to name that are followed; a circle of imports has no end.
const STEPS: usize = 8;

/// Where something is defined: a file, the function in it (zero for the top of the file), and the dotted name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// The place of the file in the list of files.
    pub(super) file: usize,
    /// One more than where the name of the function around it begins.
    pub(super) scope: u32,
    /// Dotted.
    pub(super) name: String,
}

/// A function of the project and where it is.
pub(crate) type FunctionAt<'a> = (usize, &'a Function);

/// A call: in which file, with what around it.
type CallSite<'a> = (usize, Vec<Node<'a>>, &'a Call);

/// The files that are no tests, and what their names mean.
pub(crate) struct Project<'a> {
    /// Everything known.
    pub(super) context: &'a Context<'a>,
    /// What each script gives out: the name given to it outside, and the name it has in the file.
    exports: HashMap<usize, HashMap<String, String>>,
    /// Every function, by file and where its name begins, with the name it is bound to.
    functions: BTreeMap<(usize, u32), (String, &'a Function)>,
    /// Every call with the function around it, by the last name of what is called.
    calls: HashMap<String, Vec<CallSite<'a>>>,
}

impl<'a> Project<'a> {
    /// Reads the definitions of every file.
    pub(crate) fn of(context: &'a Context<'a>) -> Self {
        let mut project =
            Self { context, exports: HashMap::new(), functions: BTreeMap::new(), calls: HashMap::new() };
        for (at, file) in project.files() {
            if file.language != Language::Python {
                project.exports.insert(at, exports(file));
            }
            each_node(&file.syntax, &mut |node, around| {
                if let Some(function) = node.function().filter(|function| function.has_body) {
                    let name = function_name(function, around);
                    project.functions.insert((at, function.name_extent.start), (name, function));
                }
                if let Some(call) = node.expr().and_then(Expr::call)
                    && let Some(name) = callee_name(call)
                {
                    let functions = around.iter().filter(|node| node.function().is_some());
                    project.calls.entry(name).or_default().push((at, functions.copied().collect(), call));
                }
                true
            });
        }
        project
    }

    /// The files that are no tests, each with its place in the list.
    pub(super) fn files(&self) -> impl Iterator<Item = (usize, &'a SourceFile)> + use<'a> {
        self.context.files.iter().enumerate().filter(|(_, file)| !file.is_test)
    }

    /// The file at a place of the list.
    pub(super) fn file(&self, at: usize) -> Option<&'a SourceFile> {
        self.context.files.get(at)
    }

    /// The definition that a name, a member or a `require(..)` means. That there is one at that place is not said.
    pub(super) fn find(&self, at: usize, around: Around<'a, '_>, expr: &Expr) -> Option<Place> {
        if let ExprKind::Call(call) = &expr.kind {
            let required = matches!(called_name(&call.callee), Some("require" | "import"));
            let file = self.file(at).filter(|_| required)?;
            let import = file.imports.iter().position(|fact| fact.extent == expr.extent)?;
            return self.taken(at, import, &["default"], STEPS);
        }
        if let ExprKind::Member { object, name, .. } = &expr.kind
            && let ExprKind::Call(_) = &object.kind
        {
            let whole = self.find(at, around, object)?;
            return self.exported(whole.file, &[name], STEPS);
        }
        let dotted = expr.dotted()?;
        let head = dotted.split('.').next().unwrap_or_default();
        for function in around.iter().rev().filter_map(|node| node.function()) {
            if !Values::of_function(function).bound(head).is_empty() {
                return Some(Place { file: at, scope: function.name_extent.start + 1, name: dotted });
            }
        }
        let parts: Vec<&str> = dotted.split('.').collect();
        self.here(at, &parts, STEPS)
    }

    /// What a dotted name means at the top of a file.
    fn here(&self, at: usize, parts: &[&str], steps: usize) -> Option<Place> {
        let left = steps.checked_sub(1)?;
        let file = self.file(at)?;
        let head = *parts.first()?;
        for (import, fact) in file.imports.iter().enumerate() {
            let taken = &fact.import;
            if let Some(name) =
                taken.names.iter().find(|name| name.alias.as_ref().unwrap_or(&name.name) == head)
            {
                let mut path = vec![name.name.as_str()];
                path.extend(parts.get(1..).unwrap_or_default());
                return self.taken(at, import, &path, left);
            }
            if taken.alias.as_deref() == Some(head) {
                let rest = parts.get(1..).unwrap_or_default();
                let path = if rest.is_empty() { &["default"][..] } else { rest };
                return self.taken(at, import, path, left);
            }
            let plain = file.language == Language::Python
                && taken.names.is_empty()
                && !taken.star
                && taken.alias.is_none();
            let module: Vec<&str> = taken.module.split('.').collect();
            if plain && parts.len() > module.len() && parts.starts_with(&module) {
                return self.taken(at, import, parts.get(module.len()..)?, left);
            }
        }
        Some(Place { file: at, scope: 0, name: parts.join(".") })
    }

    /// What an import of a file brings under a path of names.
    fn taken(&self, at: usize, import: usize, path: &[&str], steps: usize) -> Option<Place> {
        let file = self.file(at)?;
        let import_of = &file.imports.get(import)?.import;
        let mut to =
            self.context.graph.imports_of(at).iter().filter(|edge| edge.import == import).map(|edge| edge.to);
        if file.language != Language::Python {
            return self.exported(to.next()?, path, steps);
        }
        let first = *path.first()?;
        let own = submodule(import_of, first);
        let to: Vec<usize> = to.collect();
        let is_own = |to: &&usize| self.file(**to).is_some_and(|file| is_module(&file.path, &own));
        if let Some(module) = to.iter().find(is_own).filter(|_| !import_of.names.is_empty()) {
            return self.here(*module, path.get(1..).filter(|rest| !rest.is_empty())?, steps.checked_sub(1)?);
        }
        // Of the packages above a module, the last is the module itself.
        self.here(*to.last()?, path, steps.checked_sub(1)?)
    }

    /// What a file gives out under a path of names.
    fn exported(&self, at: usize, path: &[&str], steps: usize) -> Option<Place> {
        let left = steps.checked_sub(1)?;
        let first = *path.first()?;
        let exports = self.exports.get(&at)?;
        if let Some(local) = exports.get(first) {
            let mut parts: Vec<&str> = local.split('.').collect();
            parts.extend(path.get(1..).unwrap_or_default());
            return self.here(at, &parts, left);
        }
        let file = self.file(at)?;
        for (import, fact) in file.imports.iter().enumerate() {
            if fact.import.kind != crate::facts::syntax::ImportKind::Reexport {
                continue;
            }
            let named =
                fact.import.names.iter().find(|name| name.alias.as_ref().unwrap_or(&name.name) == first);
            if let Some(name) = named {
                return self.taken(at, import, &[name.name.as_str()], left);
            }
        }
        self.here(at, path, left)
    }

    /// The places that may give a place its value: names, what functions return, what callers pass, items of a list.
    pub(super) fn sources(&self, place: &Place) -> Vec<Place> {
        let Some(file) = self.file(place.file) else { return Vec::new() };
        let function = place.scope.checked_sub(1).and_then(|start| self.functions.get(&(place.file, start)));
        let values = match function {
            Some((_, function)) => Values::of_function(function),
            None => Values::of_body(&file.syntax.body),
        };
        let around: Vec<Node<'a>> = Vec::new();
        let mut found = Vec::new();
        for bound in values.bound(&place.name) {
            match bound {
                Bound::To(value) => found.extend(self.value_place(place, &around, value)),
                Bound::PartOf(Expr { kind: ExprKind::Sequence { items, .. }, .. }) => {
                    found.extend(items.iter().filter_map(|item| self.find_in(place, item)));
                }
                Bound::Parameter(parameter) => {
                    let Some((name, function)) = function else { continue };
                    let index = function.parameters.iter().position(|other| std::ptr::eq(other, *parameter));
                    found.extend(
                        index.into_iter().flat_map(|index| self.passed(place.file, name, &place.name, index)),
                    );
                }
                _ => {}
            }
        }
        found.retain(|source| source != place);
        found
    }

    fn find_in(&self, place: &Place, expr: &Expr) -> Option<Place> {
        let found = self.find(place.file, &[], expr)?;
        let head = found.name.split('.').next().unwrap_or_default();
        let function = place.scope.checked_sub(1).and_then(|start| self.functions.get(&(place.file, start)));
        let local =
            function.is_some_and(|(_, function)| !Values::of_function(function).bound(head).is_empty());
        let is_name = found.file == place.file && local;
        Some(if is_name { Place { scope: place.scope, ..found } } else { found })
    }

    fn value_place(&self, place: &Place, around: Around<'a, '_>, value: &'a Expr) -> Vec<Place> {
        if let ExprKind::Call(call) = &value.kind
            && !matches!(called_name(&call.callee), Some("require"))
        {
            let Some((file, function)) = self.function(place.file, around, &call.callee) else {
                return Vec::new();
            };
            let scope = function.name_extent.start + 1;
            let local = returned(function).into_iter().filter_map(Expr::dotted);
            return local.map(|name| Place { file, scope, name }).collect();
        }
        self.find_in(place, value).into_iter().collect()
    }

    /// What callers of a function pass for one of its parameters.
    fn passed(&self, file: usize, function: &str, parameter: &str, index: usize) -> Vec<Place> {
        let names = [function.rsplit('.').next().unwrap_or(function), "require"];
        let calls = names.iter().flat_map(|name| self.calls.get(*name).into_iter().flatten());
        let others =
            self.calls.values().flatten().filter(|_| function == "module.exports" || function == "default");
        let mut found = Vec::new();
        for (at, around, call) in calls.chain(others) {
            let target = self.find(*at, around, &call.callee);
            let means =
                target.is_some_and(|place| place.file == file && place.scope == 0 && place.name == function);
            let named = call.arguments.iter().find(|argument| argument.name.as_deref() == Some(parameter));
            if means && let Some(argument) = named.or_else(|| call.arguments.get(index)) {
                found.extend(self.find(*at, around, &argument.value));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// The function that an expression is or means; the first that a wrapper like `wrap(handler)` is given.
    pub(super) fn function(
        &self,
        at: usize,
        around: Around<'a, '_>,
        expr: &'a Expr,
    ) -> Option<FunctionAt<'a>> {
        match &expr.kind {
            ExprKind::Function(function) => Some((at, function)),
            ExprKind::Call(call) if called_name(&call.callee) != Some("require") => {
                call.arguments.iter().find_map(|argument| self.function(at, around, &argument.value))
            }
            ExprKind::Cast { value, .. } => self.function(at, around, value),
            _ => {
                let place = self.find(at, around, expr)?;
                self.function_at(&place)
            }
        }
    }

    /// The function defined at a place; the only one of its name.
    fn function_at(&self, place: &Place) -> Option<FunctionAt<'a>> {
        let last = place.name.rsplit('.').next().unwrap_or(&place.name);
        let own = matches!(place.name.split('.').next(), Some("self" | "this" | "cls"));
        let of_file = self.functions.range((place.file, 0)..=(place.file, u32::MAX));
        let named = |exact: bool| {
            let fits = move |name: &String| {
                if exact { *name == place.name } else { name.rsplit('.').next() == Some(last) }
            };
            of_file
                .clone()
                .find(|(_, (name, _))| fits(name))
                .map(|((file, _), (_, function))| (*file, *function))
        };
        // A member of something of this file: `controller.list`, `self.list`.
        named(true).or_else(|| named(false).filter(|_| own || place.name.contains('.')))
    }

    /// The class that an expression means.
    pub(super) fn class(&self, at: usize, around: Around<'a, '_>, expr: &Expr) -> Option<(usize, &'a Class)> {
        let place = self.find(at, around, expr)?;
        let file = self.file(place.file)?;
        let mut found = None;
        each_node(&file.syntax, &mut |node, _| {
            if let Some(class) = node.class().filter(|class| class.name == place.name) {
                found = found.or(Some((place.file, class)));
            }
            found.is_none()
        });
        found
    }
}

/// The path that a name taken from a module would have as a module itself.
fn submodule(import: &Import, name: &str) -> String {
    let module = import.module.replace('.', "/");
    if module.is_empty() { name.to_owned() } else { format!("{module}/{name}") }
}

fn is_module(path: &str, module: &str) -> bool {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    stem.strip_suffix(module).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// The last name of what is called; `require` for `require("./x")(app)`.
fn callee_name(call: &Call) -> Option<String> {
    let callee = match &call.callee.kind {
        ExprKind::Call(inner) => &inner.callee,
        _ => &call.callee,
    };
    called_name(callee).map(str::to_owned)
}

/// The name that a function has, or is bound to.
fn function_name(function: &Function, around: Around<'_, '_>) -> String {
    let target = match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => assign.targets.first(),
        Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => Some(&**target),
        _ => None,
    };
    target.and_then(Expr::dotted).unwrap_or_else(|| function.name.to_string())
}

/// What a script gives out: `module.exports = x`, `exports.a = x`, `module.exports = {a}`, `export default x`, `export {x as a}`.
fn exports(file: &SourceFile) -> HashMap<String, String> {
    let mut found = HashMap::new();
    each_node(&file.syntax, &mut |node, around| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Export(names), .. }) => {
                for name in names {
                    let outside = name.alias.as_ref().unwrap_or(&name.name);
                    found.insert(outside.to_string(), name.name.to_string());
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                for (target, value) in assign.targets.iter().zip(std::iter::repeat(&assign.value)) {
                    value.iter().for_each(|value| export(target, value, around, &mut found));
                }
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => {
                export(target, value, around, &mut found);
            }
            _ => {}
        }
        true
    });
    // `export default function f` is called `f` here.
    if !found.contains_key("default") {
        for stmt in &file.syntax.body {
            let StmtKind::Function(function) = &stmt.kind else { continue };
            if file.text_of(stmt.extent).starts_with("export default") && function.name != "default" {
                found.insert("default".to_owned(), function.name.to_string());
            }
        }
    }
    found
}

/// The value of `a = b = value`.
fn innermost(value: &Expr) -> &Expr {
    match &value.kind {
        ExprKind::Assign { value, .. } | ExprKind::Cast { value, .. } => innermost(value),
        _ => value,
    }
}

fn export(target: &Expr, value: &Expr, around: Around<'_, '_>, found: &mut HashMap<String, String>) {
    let Some(target) = target.dotted() else { return };
    // `const app = module.exports = express()` is known as `app`.
    let also = match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
            assign.targets.first().and_then(Expr::dotted).filter(|name| !name.contains("exports"))
        }
        _ => None,
    };
    let local = also.or_else(|| innermost(value).dotted()).unwrap_or_else(|| target.clone());
    if target == "module.exports" || target == "default" {
        found.insert("default".to_owned(), local);
        if let ExprKind::Record { entries, .. } = &value.kind {
            for (key, value) in entries {
                if let (Some(key), Some(local)) = (key.as_ref().and_then(Expr::string), value.dotted()) {
                    found.insert(key.to_owned(), local);
                }
            }
        }
    } else if let Some(name) =
        target.strip_prefix("module.exports.").or_else(|| target.strip_prefix("exports."))
    {
        found.insert(name.to_owned(), local);
    }
}
