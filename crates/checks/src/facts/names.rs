//! What the names of a file stand for: imports, local bindings, and the functions and classes around a place.
//!
//! Scopes are functions, classes, namespaces and comprehensions; a block of JavaScript or Rust is taken for a part of its
//! function. A name that is both imported and set to nothing (`except ImportError: json = None`) stays the import.

use ahash::AHashMap;

use super::nodes::{Node, each_node};
use super::syntax::{
    Assign, CallStyle, Declares, Expr, ExprKind, Extent, Function, Import, ImportKind, Literal, Module, Stmt,
    StmtKind, Text,
};
use crate::language::Language;

/// The names of one file.
#[derive(Debug, Default)]
pub struct Names {
    language: Option<Language>,
    /// In the order of their beginnings; the first is the file's own.
    scopes: Vec<Scope>,
    /// What each name is bound to, by scope in ascending order: most names are bound nowhere, and one look says so.
    bindings: AHashMap<Text, Vec<(u32, Binding)>>,
}

#[derive(Debug)]
struct Scope {
    extent: Extent,
    parent: u32,
    /// Dotted; the same as its parent's for a scope without a name.
    symbol: String,
    /// A class: what is bound in it is not seen by the functions in it.
    is_class: bool,
}

/// What a name is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Binding {
    /// Something of another module, by its dotted name.
    Import(String),
    /// Something of this file.
    Local,
    /// Python's `global`.
    Global,
}

fn bound_in(bound: &[(u32, Binding)], scope: u32) -> Option<&Binding> {
    let at = bound.binary_search_by_key(&scope, |(scope, _)| *scope).ok()?;
    bound.get(at).map(|(_, binding)| binding)
}

impl Names {
    /// Reads the names of a file.
    pub fn of(language: Language, module: &Module) -> Self {
        let whole = Extent { start: 0, end: u32::MAX };
        let top = Scope { extent: whole, parent: 0, symbol: String::new(), is_class: false };
        let mut names = Self { language: Some(language), scopes: vec![top], bindings: AHashMap::default() };
        each_node(module, &mut |node, around| {
            names.node(node, around.last().copied());
            true
        });
        names
    }

    /// See [`super::source::SourceFile::resolve`].
    pub fn resolve(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Name(name) => self.look_up(name, expr.extent.start),
            ExprKind::Member { object, name, .. } => {
                let mut dotted = self.resolve(object)?;
                dotted.push('.');
                dotted.push_str(name);
                Some(dotted)
            }
            ExprKind::Await(value) => self.resolve(value),
            ExprKind::Call(call) if call.style == CallStyle::Plain => {
                let callee = call.callee.dotted()?;
                let importer = matches!(
                    callee.as_str(),
                    "require" | "import" | "__import__" | "importlib.import_module"
                );
                let module = call.arguments.first().filter(|_| importer)?.value.string()?;
                Some(module.strip_prefix("node:").unwrap_or(module).to_owned())
            }
            _ => None,
        }
    }

    fn look_up(&self, name: &Text, offset: u32) -> Option<String> {
        let Some(bound) = self.bindings.get(name) else { return Some(name.to_string()) };
        let innermost = self.scope_at(offset);
        let mut at = innermost;
        loop {
            let scope = self.scopes.get(at as usize)?;
            let seen = !scope.is_class || at == innermost;
            match bound_in(bound, at).filter(|_| seen) {
                Some(Binding::Import(dotted)) => return Some(dotted.clone()),
                Some(Binding::Local) => return None,
                Some(Binding::Global) => at = 0,
                None if at == 0 => return Some(name.to_string()),
                None => at = scope.parent,
            }
        }
    }

    /// See [`super::source::SourceFile::symbol_at`].
    pub fn symbol_at(&self, offset: u32) -> &str {
        self.scopes.get(self.scope_at(offset) as usize).map_or("", |scope| scope.symbol.as_str())
    }

    /// The innermost scope around an offset.
    fn scope_at(&self, offset: u32) -> u32 {
        let mut at = self.scopes.partition_point(|scope| scope.extent.start <= offset).saturating_sub(1);
        while at > 0 {
            match self.scopes.get(at) {
                Some(scope) if scope.extent.end <= offset => at = scope.parent as usize,
                _ => break,
            }
        }
        u32::try_from(at).unwrap_or(0)
    }

    fn node(&mut self, node: Node<'_>, around: Option<Node<'_>>) {
        match node {
            Node::Stmt(stmt) => self.stmt(stmt),
            Node::Expr(expr) => self.expr(expr, around),
            Node::Handler(handler) => {
                let scope = self.scope_at(handler.extent.start);
                handler.binding.iter().for_each(|binding| self.bind_pattern(scope, binding));
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let scope = self.scope_at(stmt.extent.start);
        match &stmt.kind {
            StmtKind::Import(import) => self.bind_import(scope, import),
            StmtKind::Assign(assign) => self.bind_assign(scope, assign),
            StmtKind::Loop(each) => each.target.iter().for_each(|target| self.bind_pattern(scope, target)),
            StmtKind::With { items, .. } => {
                items
                    .iter()
                    .filter_map(|(_, name)| name.as_ref())
                    .for_each(|name| self.bind_pattern(scope, name));
            }
            StmtKind::Match { arms, .. } => {
                arms.iter()
                    .filter_map(|arm| arm.pattern.as_ref())
                    .for_each(|pattern| self.bind_pattern(scope, pattern));
            }
            StmtKind::Global(list) => list.iter().for_each(|name| self.bind(scope, name, Binding::Global)),
            StmtKind::Function(function) => {
                self.bind(scope, &function.name, Binding::Local);
                self.enter(stmt.extent, &function.name, false);
                self.bind_parameters(function);
            }
            StmtKind::Class(class) => {
                if class.kind != super::syntax::ClassKind::Impl {
                    self.bind(scope, &class.name, Binding::Local);
                }
                self.enter(stmt.extent, &class.name, true);
            }
            StmtKind::Namespace { name, .. } => {
                self.bind(scope, name, Binding::Local);
                self.enter(stmt.extent, name, false);
            }
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr, around: Option<Node<'_>>) {
        match &expr.kind {
            ExprKind::Function(function) => {
                // `const f = () => ..` is known by the name it is given.
                let given = match around {
                    Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => assign.targets.first(),
                    _ => None,
                };
                let given = given.and_then(Expr::dotted).unwrap_or_default();
                let name = if function.name.is_empty() { Text::from(given) } else { function.name.clone() };
                self.enter(expr.extent, &name, false);
                self.bind_parameters(function);
            }
            ExprKind::Class(class) => self.enter(expr.extent, &class.name, true),
            ExprKind::Comprehension(comprehension) => {
                self.enter(expr.extent, &Text::default(), false);
                let scope = self.newest();
                comprehension.clauses.iter().for_each(|(target, _, _)| self.bind_pattern(scope, target));
            }
            ExprKind::Assign { target, .. } if self.language == Some(Language::Python) => {
                let scope = self.scope_at(expr.extent.start);
                self.bind_pattern(scope, target);
            }
            ExprKind::Matches { pattern, .. } => {
                let scope = self.scope_at(expr.extent.start);
                self.bind_pattern(scope, pattern);
            }
            _ => {}
        }
    }

    /// Opens a scope. Nodes come in the order of the text, so that scopes are in order of their beginnings.
    fn enter(&mut self, extent: Extent, name: &Text, is_class: bool) {
        let parent = self.scope_at(extent.start);
        let outer = self.scopes.get(parent as usize).map_or("", |scope| scope.symbol.as_str());
        let symbol = match (outer, name.as_str()) {
            (outer, "") => outer.to_owned(),
            ("", name) => name.to_owned(),
            (outer, name) => format!("{outer}.{name}"),
        };
        // Decorators may begin before what came last; the search by beginning needs ascending order.
        let start = extent.start.max(self.scopes.last().map_or(0, |last| last.extent.start));
        self.scopes.push(Scope { extent: Extent { start, end: extent.end }, parent, symbol, is_class });
    }

    fn newest(&self) -> u32 {
        u32::try_from(self.scopes.len().saturating_sub(1)).unwrap_or(0)
    }

    fn bind(&mut self, scope: u32, name: &Text, binding: Binding) {
        if name.is_empty() {
            return;
        }
        let bound = self.bindings.entry(name.clone()).or_default();
        let at = match bound.binary_search_by_key(&scope, |(scope, _)| *scope) {
            Ok(at) => at,
            Err(at) => return bound.insert(at, (scope, binding)),
        };
        let Some((_, bound)) = bound.get_mut(at) else { return };
        match (&bound, &binding) {
            // Of two imports under one name the first counts; what is defined here hides what is imported.
            (Binding::Import(_), Binding::Import(_)) | (Binding::Global, _) | (Binding::Local, _) => {}
            _ => *bound = binding,
        }
    }

    fn bind_parameters(&mut self, function: &Function) {
        let scope = self.newest();
        function.parameters.iter().for_each(|parameter| self.bind_pattern(scope, &parameter.pattern));
    }

    fn bind_assign(&mut self, scope: u32, assign: &Assign) {
        let python = self.language == Some(Language::Python);
        let declares = matches!(assign.declares, Declares::Constant | Declares::Variable | Declares::Type);
        if !(declares || python && assign.op.is_none()) {
            return;
        }
        let nothing =
            assign.value.as_ref().is_some_and(|value| matches!(value.kind, ExprKind::Literal(Literal::Null)));
        for target in &assign.targets {
            // `const {timingSafeEqual} = crypto` takes a name out of a module.
            if let (ExprKind::Record { entries, .. }, Some(value)) = (&target.kind, &assign.value)
                && let Some(module) = self.resolve(value).filter(|_| self.is_imported(value))
            {
                for (key, value) in entries {
                    let name =
                        key.as_ref().and_then(|key| key.dotted().or_else(|| key.string().map(str::to_owned)));
                    if let (Some(key), ExprKind::Name(local)) = (name, &value.kind) {
                        self.bind(scope, local, Binding::Import(format!("{module}.{key}")));
                    }
                }
            } else if !nothing {
                self.bind_pattern(scope, target);
            }
        }
    }

    /// Whether an expression begins with something imported.
    fn is_imported(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => {
                let scope = self.scope_at(expr.extent.start);
                [scope, 0].iter().any(|at| {
                    matches!(
                        self.bindings.get(name).and_then(|bound| bound_in(bound, *at)),
                        Some(Binding::Import(_))
                    )
                })
            }
            ExprKind::Member { object, .. } => self.is_imported(object),
            ExprKind::Call(_) | ExprKind::Await(_) => self.resolve(expr).is_some(),
            _ => false,
        }
    }

    /// Binds every name of a pattern.
    fn bind_pattern(&mut self, scope: u32, pattern: &Expr) {
        match &pattern.kind {
            ExprKind::Name(name) => self.bind(scope, name, Binding::Local),
            ExprKind::Sequence { items, .. } | ExprKind::Other(items) => {
                items.iter().for_each(|item| self.bind_pattern(scope, item));
            }
            ExprKind::Record { entries, .. } => {
                entries.iter().for_each(|(_, value)| self.bind_pattern(scope, value))
            }
            ExprKind::Spread(value) | ExprKind::Unary { value, .. } => self.bind_pattern(scope, value),
            ExprKind::Assign { target: value, .. } | ExprKind::Cast { value, .. } => {
                self.bind_pattern(scope, value)
            }
            // Rust's `Some(x)`.
            ExprKind::Call(call) => {
                call.arguments.iter().for_each(|each| self.bind_pattern(scope, &each.value))
            }
            _ => {}
        }
    }

    fn bind_import(&mut self, scope: u32, import: &Import) {
        if import.kind == ImportKind::Child
            || import.kind == ImportKind::Reexport && self.language != Some(Language::Rust)
        {
            return;
        }
        let module = match self.language {
            Some(Language::Rust) => import.module.replace("::", "."),
            Some(Language::Python) => format!("{}{}", ".".repeat(import.level as usize), import.module),
            _ => import.module.strip_prefix("node:").unwrap_or(&import.module).to_owned(),
        };
        for taken in &import.names {
            let local = taken.alias.as_ref().unwrap_or(&taken.name);
            let script = matches!(self.language, Some(Language::JavaScript | Language::TypeScript));
            let dotted = match (script, taken.name.as_str()) {
                (true, "default") => module.clone(),
                _ if module.is_empty() || module.ends_with('.') => format!("{module}{}", taken.name),
                _ => format!("{module}.{}", taken.name),
            };
            self.bind(scope, local, Binding::Import(dotted));
        }
        if let Some(alias) = &import.alias {
            self.bind(scope, alias, Binding::Import(module));
        } else if import.names.is_empty() && !import.star && import.kind != ImportKind::Dynamic {
            match self.language {
                Some(Language::Python) => {
                    let first = module.split('.').next().unwrap_or_default().to_owned();
                    self.bind(scope, &Text::from(first.as_str()), Binding::Import(first.clone()));
                }
                Some(Language::Rust) => {
                    let last = module.rsplit('.').next().unwrap_or_default().to_owned();
                    self.bind(scope, &Text::from(last), Binding::Import(module));
                }
                _ => {}
            }
        }
    }
}
