//! What a name means across the files of a project: which application, router or function it stands for.
//!
//! Imports are followed through re-exports; the order of execution is not followed.

use std::cell::RefCell;
use std::collections::HashMap;

use super::defined::{Known, last_part};
use super::origins::Looks;
use crate::context::Context;
use crate::facts::nodes::Around;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Class, Expr, ExprKind, Function, Import, StmtKind};
use crate::facts::values::{Bound, called_name};
use crate::language::Language;

/// Steps from name to name that are followed; a circle of imports has no end.
pub(super) const STEPS: usize = 8;

/// Where something is defined: a file, the function in it (zero for the top of the file), and the dotted name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// The place of the file in the list of files.
    pub(crate) file: usize,
    /// One more than where the name of the function around it begins.
    pub(crate) scope: u32,
    /// Dotted.
    pub(crate) name: String,
}

/// A function of the project and where it is.
pub(crate) type FunctionAt<'a> = (usize, &'a Function);

/// A call: in which file, and in which function.
pub(super) type CallSite<'a> = (usize, Option<&'a Function>, &'a Call);

/// The functions around something, outermost first.
pub(super) type Within<'a> = Vec<&'a Function>;

/// An expression and where it stands.
pub(super) type ExprAt<'a> = (usize, Within<'a>, &'a Expr);

/// The files that are no tests, and what their names mean.
pub(crate) struct Project<'a> {
    /// Everything known.
    pub(crate) context: &'a Context<'a>,
    /// What was found before.
    pub(super) known_sources: RefCell<HashMap<Place, Vec<Place>>>,
    /// What the question being answered may still look at.
    pub(super) looks: Looks,
}

impl<'a> Project<'a> {
    /// Nothing is remembered yet. What is remembered is one thread's own, so each has one of these.
    pub(crate) fn of(context: &'a Context<'a>) -> Self {
        Self { context, known_sources: RefCell::default(), looks: Looks::default() }
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
    pub(crate) fn find(&self, at: usize, around: Around<'a, '_>, expr: &Expr) -> Option<Place> {
        self.find_within(at, &within(around), expr)
    }

    /// The same, for what stands in these functions.
    pub(super) fn find_within(&self, at: usize, within: &[&'a Function], expr: &Expr) -> Option<Place> {
        if let ExprKind::Call(_) = &expr.kind {
            let file = self.file(at).filter(|_| is_import(expr))?;
            let import = file.imports.iter().position(|fact| fact.extent == expr.extent)?;
            return self.taken(at, import, &["default"], STEPS);
        }
        if let ExprKind::Member { object, name, .. } = &expr.kind
            && let Some(inner) = awaited(object)
            && let ExprKind::Call(_) = &inner.kind
        {
            let whole = self.find_within(at, within, inner)?;
            return self.exported(whole.file, &[name], STEPS);
        }
        let dotted = expr.dotted()?;
        let head = dotted.split('.').next().unwrap_or_default();
        for function in within.iter().rev() {
            if self.known(at, function).is_some_and(|known| !known.bound(head).is_empty()) {
                return Some(Place { file: at, scope: function.name_extent.start + 1, name: dotted });
            }
        }
        let parts: Vec<&str> = dotted.split('.').collect();
        self.here(at, &parts, STEPS)
    }

    /// What a dotted name means at the top of a file.
    pub(super) fn here(&self, at: usize, parts: &[&str], steps: usize) -> Option<Place> {
        let left = steps.checked_sub(1)?;
        let file = self.file(at)?;
        if file.language == Language::Rust {
            return self.rust_item(at, parts, left);
        }
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

    /// The file of the project that a name stands for as a module of Python: `views` after `from shop import views`.
    pub(crate) fn module(&self, at: usize, dotted: &str) -> Option<usize> {
        let file = self.file(at)?;
        file.imports.iter().enumerate().find_map(|(import, fact)| {
            let taken = &fact.import;
            let local = |name: &&crate::facts::syntax::ImportedName| {
                name.alias.as_ref().unwrap_or(&name.name).as_str() == dotted
            };
            let path = match taken.names.iter().find(local) {
                Some(name) => submodule(taken, &name.name),
                None if taken.names.is_empty()
                    && taken.alias.as_deref().unwrap_or(&taken.module) == dotted =>
                {
                    taken.module.replace('.', "/")
                }
                None => return None,
            };
            let edges = self.context.graph.imports_of(at).iter().filter(|edge| edge.import == import);
            edges
                .map(|edge| edge.to)
                .find(|to| self.file(*to).is_some_and(|file| is_module(&file.path, &path)))
        })
    }

    /// What a file gives out under a path of names.
    fn exported(&self, at: usize, path: &[&str], steps: usize) -> Option<Place> {
        let left = steps.checked_sub(1)?;
        let first = *path.first()?;
        let exports = self.context.defined.exports.get(&at)?;
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

    /// The function that an expression is or means; the first that a wrapper like `wrap(handler)` is given.
    pub(super) fn function(
        &self,
        at: usize,
        around: Around<'a, '_>,
        expr: &'a Expr,
    ) -> Option<FunctionAt<'a>> {
        self.function_within(at, &within(around), expr, STEPS)
    }

    /// The function that answers: [`Self::function`], or the one that a function of the project makes and gives back.
    pub(super) fn answering(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
    ) -> Option<FunctionAt<'a>> {
        self.function_within(at, within, expr, STEPS)
            .or_else(|| self.function_among(self.origins(at, within, expr, STEPS)))
    }

    fn function_among(&self, origins: Vec<ExprAt<'a>>) -> Option<FunctionAt<'a>> {
        origins.into_iter().find_map(|(file, _, origin)| match &origin.kind {
            ExprKind::Function(function) => Some((file, &**function)),
            _ => None,
        })
    }

    pub(super) fn function_within(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
        steps: usize,
    ) -> Option<FunctionAt<'a>> {
        self.looks.answer(|| self.function_in(at, within, expr, steps))
    }

    fn function_in(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
        steps: usize,
    ) -> Option<FunctionAt<'a>> {
        let left = steps.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Function(function) => Some((at, function)),
            ExprKind::Cast { value, .. } | ExprKind::Await(value) => {
                self.function_within(at, within, value, left)
            }
            ExprKind::Call(call) if !is_import(expr) => {
                // `controller.list.bind(controller)`.
                if let ExprKind::Member { object, name, .. } = &call.callee.kind
                    && name == "bind"
                {
                    return self.function_within(at, within, object, left);
                }
                let mut arguments = call.arguments.iter();
                arguments.find_map(|argument| self.function_within(at, within, &argument.value, left))
            }
            ExprKind::Index { .. } => {
                let origins = self.origins(at, within, expr, left).into_iter();
                let mut other = origins.filter(|(_, _, origin)| !std::ptr::eq(*origin, expr));
                other.find_map(|(at, within, origin)| self.function_within(at, &within, origin, left))
            }
            _ => {
                let place = self.find_within(at, within, expr)?;
                self.function_named(&place, true)
                    .or_else(|| self.method(at, within, expr, left))
                    .or_else(|| self.function_named(&place, false))
                    .or_else(|| self.function_among(self.origins(at, within, expr, left)))
            }
        }
    }

    /// The function of this dotted name of a file.
    pub(crate) fn named_function(&self, file: usize, dotted: &str) -> Option<FunctionAt<'a>> {
        let mut named = self.context.defined.named_in(file, last_part(dotted));
        named.find(|known| known.is_called(dotted)).map(|known| (file, known.function))
    }

    /// The function defined at a place: of exactly this name, or the member of something of this file: `controller.list`, `self.list`. What
    /// is handed to a function is not of its file.
    fn function_named(&self, place: &Place, exact: bool) -> Option<FunctionAt<'a>> {
        if !exact {
            let (head, name) = place.name.split_once('.')?;
            let object = Place { name: head.to_owned(), ..place.clone() };
            let given = self.bound(&object).iter().any(|bound| matches!(bound, Bound::Parameter(_)));
            if name.contains('.') || given && !matches!(head, "self" | "cls") {
                return None;
            }
        }
        let mut named = self.context.defined.named_in(place.file, last_part(&place.name));
        named.find(|known| !exact || known.is_called(&place.name)).map(|known| (place.file, known.function))
    }

    /// A method of the object that a member is of: `controller.list` after `const controller = new Controller(db)`.
    pub(super) fn method(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
        steps: usize,
    ) -> Option<FunctionAt<'a>> {
        let ExprKind::Member { object, name, .. } = &expr.kind else { return None };
        match self.class_of(at, within, object, steps) {
            Some((file, class)) => self.method_of(file, class, name, steps),
            None => self.constructed(at, within, object, name, steps),
        }
    }

    /// What a function that is used as a constructor gives its object: `this.list = (req, res) => ..` in it, or
    /// `Controller.prototype.list = function (req, res) {..}`.
    fn constructed(
        &self,
        at: usize,
        within: &[&'a Function],
        object: &'a Expr,
        name: &str,
        steps: usize,
    ) -> Option<FunctionAt<'a>> {
        let left = steps.checked_sub(1)?;
        let on_this = format!("this.{name}");
        self.origins(at, within, object, left).into_iter().find_map(|(file, within, made)| {
            let call = made.call().filter(|call| call.style == CallStyle::New)?;
            let (file, constructor) = self.function_within(file, &within, &call.callee, left)?;
            let on_prototype =
                self.known(file, constructor).map(|known| format!("{}.prototype.{name}", known.name));
            let mut named = self.context.defined.named_in(file, name);
            named
                .find(|known| {
                    let inside = known.outer.last().is_some_and(|outer| std::ptr::eq(*outer, constructor));
                    known.name == on_this && inside || Some(&known.name) == on_prototype.as_ref()
                })
                .map(|known| (file, known.function))
        })
    }

    /// The class whose object an expression is, or that it names: by what makes it, by the type of a parameter, by what callers pass.
    pub(super) fn class_of(
        &self,
        at: usize,
        within: &[&'a Function],
        object: &'a Expr,
        steps: usize,
    ) -> Option<(usize, &'a Class)> {
        self.looks.answer(|| self.class_in(at, within, object, steps))
    }

    fn class_in(
        &self,
        at: usize,
        within: &[&'a Function],
        object: &'a Expr,
        steps: usize,
    ) -> Option<(usize, &'a Class)> {
        let left = steps.checked_sub(1)?;
        let made = self.origins(at, within, object, left).into_iter().find_map(|(file, within, made)| {
            match &made.kind {
                ExprKind::Call(call) => self.class_within(file, &within, &call.callee),
                ExprKind::Class(class) => Some((file, &**class)),
                _ => None,
            }
        });
        made.or_else(|| self.class_within(at, within, object)).or_else(|| {
            let place = self.find_within(at, within, object)?;
            let typed = self.bound(&place).into_iter().find_map(|bound| match bound {
                Bound::Parameter(parameter) => {
                    self.class_within(place.file, &[], parameter.annotation.as_ref()?)
                }
                _ => None,
            });
            typed.or_else(|| {
                let passed = self.all_values(&place, left).into_iter();
                let mut other = passed.filter(|(_, _, value)| !std::ptr::eq(*value, object));
                other.find_map(|(at, within, value)| self.class_of(at, &within, value, left))
            })
        })
    }

    /// A method of a class or of the classes of the project that it builds on.
    pub(super) fn method_of(
        &self,
        file: usize,
        class: &'a Class,
        name: &str,
        steps: usize,
    ) -> Option<FunctionAt<'a>> {
        let left = steps.checked_sub(1)?;
        let own = class.body.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Function(function) if function.name == name => Some((file, &**function)),
            // `list = async (req, res) => ..`
            StmtKind::Assign(assign) if assign.targets.first()?.dotted()? == name => {
                self.function_within(file, &[], assign.value.as_ref()?, left)
            }
            _ => None,
        });
        own.or_else(|| {
            class.bases.iter().find_map(|base| {
                let (file, base) = self.class_within(file, &[], &base.value)?;
                self.method_of(file, base, name, left)
            })
        })
    }

    /// The function defined at a place.
    pub(super) fn function_at(&self, place: &Place) -> Option<FunctionAt<'a>> {
        self.function_named(place, true)
    }

    /// What a script gives out as its default, as `module.exports` or by `export default`.
    pub(super) fn exported_default(&self, at: usize) -> Option<Place> {
        self.exported(at, &["default"], STEPS)
    }

    /// What a script gives out under a name.
    pub(super) fn exported_named(&self, at: usize, name: &str) -> Option<Place> {
        self.exported(at, &[name], STEPS)
    }

    /// A text that a script gives out under a name.
    pub(super) fn text_exported(&self, at: usize, name: &str) -> Option<String> {
        let place = self.exported_named(at, name)?;
        let values = self.values_of(&place);
        let [(_, _, value)] = values.as_slice() else { return None };
        value.string().map(str::to_owned)
    }

    /// What handed a function on before it was bound: `fp` in `module.exports = fp(async (app) => ..)`.
    pub(super) fn wrapper(&self, (file, function): FunctionAt<'a>) -> Option<&'a Call> {
        self.known(file, function)?.wrapper
    }

    pub(super) fn known(&self, file: usize, function: &Function) -> Option<&Known<'a>> {
        self.context.defined.functions.get(&(file, function.name_extent.start))
    }

    /// The functions around what is written in a function, itself last.
    pub(crate) fn within_function(&self, file: usize, function: &'a Function) -> Within<'a> {
        let mut within = self.known(file, function).map(|known| known.outer.clone()).unwrap_or_default();
        within.push(function);
        within
    }

    /// The class that an expression means.
    pub(crate) fn class(&self, at: usize, around: Around<'a, '_>, expr: &Expr) -> Option<(usize, &'a Class)> {
        self.class_within(at, &within(around), expr)
    }

    pub(super) fn class_within(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &Expr,
    ) -> Option<(usize, &'a Class)> {
        let place = self.find_within(at, within, expr)?;
        let named = |name: &str| self.context.defined.classes.get(&(place.file, name)).copied();
        let class = named(&place.name).or_else(|| match self.values_of(&place).as_slice() {
            [(_, _, Expr { kind: ExprKind::Class(class), .. })] => Some(&**class),
            [(_, _, Expr { kind: ExprKind::Name(name), .. })] => named(name),
            _ => None,
        })?;
        Some((place.file, class))
    }
}

/// The functions among the nodes around something, outermost first.
pub(super) fn within<'a>(around: Around<'a, '_>) -> Within<'a> {
    around.iter().filter_map(|node| node.function()).collect()
}

/// `require(..)`, `import(..)`.
pub(super) fn is_import(expr: &Expr) -> bool {
    expr.call().is_some_and(|call| matches!(called_name(&call.callee), Some("require" | "import")))
}

/// The value of `await value` and `(value)`.
fn awaited(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => awaited(value),
        _ => Some(expr),
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
