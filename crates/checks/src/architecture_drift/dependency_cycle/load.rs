//! Loads Python modules in thought: runs their imports in Python's order and looks for a name that is taken too early.
//!
//! The rules are those of `importlib` (Python reference, "The import system"): packages around a module are loaded before it; a module
//! that is being loaded is not loaded again; `from m import n` takes the attribute `n`, and failing that the module `m.n`.

use std::collections::HashMap;

use crate::context::Context;
use crate::facts::graph::{Edge, folder_of, join};
use crate::facts::imports::{ImportFact, When};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Stmt, StmtKind};
use crate::language::Language;

/// Entries tried for one component: each loads at most all of it.
const ENTRIES: usize = 400;

/// An import that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The module that was imported first.
    pub(super) entry: String,
    /// The file of the import that fails.
    pub(super) file: usize,
    /// Which of its imports.
    pub(super) import: usize,
    /// The file that is not yet loaded.
    pub(super) from: String,
    /// The name it does not have yet.
    pub(super) name: String,
}

/// The first failure of loading any member of a component first; `None` when every order works, or the language is another.
pub(super) fn failure(context: &Context<'_>, members: &[usize]) -> Option<Failure> {
    let is_python =
        |file: &usize| context.files.get(*file).is_some_and(|file| file.language == Language::Python);
    if !members.iter().all(is_python) {
        return None;
    }
    let index: HashMap<&str, usize> =
        context.files.iter().enumerate().map(|(at, file)| (file.path.as_str(), at)).collect();
    members.iter().take(ENTRIES).find_map(|entry| {
        let mut load =
            Load { context, index: &index, entry: *entry, state: HashMap::new(), failure: None, depth: 0 };
        load.with_packages(*entry);
        load.failure
    })
}

/// Where a module is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Being loaded; at this offset.
    At(u32),
    Loaded,
}

struct Load<'c, 'a> {
    context: &'c Context<'a>,
    index: &'c HashMap<&'a str, usize>,
    entry: usize,
    state: HashMap<usize, State>,
    failure: Option<Failure>,
    depth: usize,
}

/// Imports within imports. Python itself gives up at a thousand frames, of which an import takes several.
const LOAD_DEPTH: usize = 300;

impl Load<'_, '_> {
    /// Loads the packages around a file, then the file.
    fn with_packages(&mut self, at: usize) {
        let Some(file) = self.context.files.get(at) else { return };
        let mut folders = Vec::new();
        let mut folder = folder_of(&file.path);
        while !folder.is_empty() {
            folders.push(folder);
            folder = folder_of(folder);
        }
        for folder in folders.into_iter().rev() {
            if let Some(package) = self.index.get(join(folder, "__init__.py").as_str()) {
                self.load(*package);
            }
        }
        self.load(at);
    }

    fn load(&mut self, at: usize) {
        if self.failure.is_some() || self.state.contains_key(&at) || self.depth > LOAD_DEPTH {
            return;
        }
        let Some(file) = self.context.files.get(at) else { return };
        self.state.insert(at, State::At(0));
        self.depth += 1;
        for (number, fact) in file.imports.iter().enumerate() {
            // What is guarded may fail, or may not happen: nothing follows from it.
            if fact.when != When::Eager || fact.guarded {
                continue;
            }
            self.state.insert(at, State::At(fact.extent.start));
            let targets = self.context.graph.imports_of(at).iter().filter(|edge| edge.import == number);
            for Edge { to, .. } in targets.copied().collect::<Vec<_>>() {
                self.with_packages(to);
                if self.failure.is_none() {
                    self.take(at, number, fact, to);
                }
            }
            if self.failure.is_some() {
                return;
            }
        }
        self.state.insert(at, State::Loaded);
        self.depth -= 1;
    }

    /// Takes the names out of the module that an import leads to.
    fn take(&mut self, at: usize, import: usize, fact: &ImportFact, to: usize) {
        let (Some(State::At(offset)), Some(target)) =
            (self.state.get(&to).copied(), self.context.files.get(to))
        else {
            return;
        };
        if !is_module_of(target, fact) {
            return;
        }
        let folder = target.path.strip_suffix("/__init__.py");
        for taken in &fact.import.names {
            if folder.is_some_and(|folder| self.has_module(folder, &taken.name)) {
                continue;
            }
            if bound_after(target, &taken.name, offset) {
                self.failure = Some(Failure {
                    entry: self
                        .context
                        .files
                        .get(self.entry)
                        .map(|file| self.dotted(&file.path))
                        .unwrap_or_default(),
                    file: at,
                    import,
                    from: target.path.clone(),
                    name: taken.name.to_string(),
                });
                return;
            }
        }
    }

    /// A Python file as the module that is imported: its name from the folder above its uppermost package.
    fn dotted(&self, path: &str) -> String {
        let stem = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
        let mut root = folder_of(stem);
        while self.context.tree.entry(&join(root, "__init__.py")).is_some() && !root.is_empty() {
            root = folder_of(root);
        }
        stem.strip_prefix(root).unwrap_or(stem).trim_start_matches('/').replace('/', ".")
    }

    fn has_module(&self, folder: &str, name: &str) -> bool {
        let paths = [format!("{folder}/{name}.py"), format!("{folder}/{name}/__init__.py")];
        paths.iter().any(|path| self.context.tree.entry(path).is_some())
            || self.context.tree.has_folder(&format!("{folder}/{name}"))
    }
}

/// Whether an import leads to this file as the module it takes names from, and not as one of those names: a module that is
/// being loaded can be had.
fn is_module_of(target: &SourceFile, fact: &ImportFact) -> bool {
    let package = target.path.strip_suffix("/__init__.py");
    let stem = package.or_else(|| target.path.strip_suffix(".py")).unwrap_or(&target.path);
    let module = fact.import.module.replace('.', "/");
    if module.is_empty() {
        return package.is_some()
            && !fact.import.names.iter().any(|taken| stem.ends_with(&format!("/{}", taken.name)));
    }
    let as_name = |name: &str| format!("/{stem}").ends_with(&format!("/{module}/{name}"));
    format!("/{stem}").ends_with(&format!("/{module}"))
        && !fact.import.names.iter().any(|taken| as_name(&taken.name))
}

/// Whether a file binds a name at its top level, and not before an offset. A name that cannot be seen (`import *`,
/// `__getattr__`, `globals()`) is taken to be there.
fn bound_after(file: &SourceFile, name: &str, offset: u32) -> bool {
    if file.text.contains("__getattr__")
        || file.text.contains("globals()")
        || file.text.contains("sys.modules")
    {
        return false;
    }
    let mut first: Option<u32> = None;
    let mut hidden = false;
    bindings(&file.syntax.body, &mut |bound, at| {
        hidden |= bound == "*" && at < offset;
        if bound == name {
            first = Some(first.map_or(at, |first| first.min(at)));
        }
    });
    !hidden && first.is_some_and(|first| first >= offset)
}

/// The names bound by statements at the top of a file, inside `if`, `try`, `with` and loops too, with where.
fn bindings(body: &[Stmt], give: &mut dyn FnMut(&str, u32)) {
    for stmt in body {
        // A name is there once its statement is done; what an import being run binds is not there yet.
        let at = stmt.extent.start;
        match &stmt.kind {
            StmtKind::Function(function) => give(&function.name, at),
            StmtKind::Class(class) => give(&class.name, at),
            StmtKind::Assign(assign) => assign.targets.iter().for_each(|target| pattern(target, at, give)),
            StmtKind::Import(import) => {
                if import.star {
                    give("*", at);
                }
                import.names.iter().for_each(|taken| give(taken.alias.as_ref().unwrap_or(&taken.name), at));
                match &import.alias {
                    Some(alias) => give(alias, at),
                    None if import.names.is_empty() => {
                        give(import.module.split('.').next().unwrap_or_default(), at)
                    }
                    None => {}
                }
            }
            StmtKind::If { then, otherwise, .. } => {
                [then, otherwise].into_iter().for_each(|body| bindings(body, give))
            }
            StmtKind::Try(tried) => {
                [&tried.body, &tried.otherwise, &tried.finally]
                    .into_iter()
                    .for_each(|body| bindings(body, give));
                tried.handlers.iter().for_each(|handler| bindings(&handler.body, give));
            }
            StmtKind::With { items, body, .. } => {
                items.iter().filter_map(|(_, name)| name.as_ref()).for_each(|name| pattern(name, at, give));
                bindings(body, give);
            }
            StmtKind::Loop(each) => {
                each.target.iter().for_each(|target| pattern(target, at, give));
                [&each.body, &each.otherwise].into_iter().for_each(|body| bindings(body, give));
            }
            StmtKind::Match { arms, .. } => arms.iter().for_each(|arm| bindings(&arm.body, give)),
            StmtKind::Block(body) => bindings(body, give),
            _ => {}
        }
    }
}

fn pattern(target: &Expr, at: u32, give: &mut dyn FnMut(&str, u32)) {
    match &target.kind {
        ExprKind::Name(name) => give(name, at),
        ExprKind::Sequence { items, .. } => items.iter().for_each(|item| pattern(item, at, give)),
        ExprKind::Spread(value) => pattern(value, at, give),
        _ => {}
    }
}
