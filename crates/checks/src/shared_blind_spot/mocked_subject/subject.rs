//! Which names of a test's file mean the project's own code.

use std::collections::HashMap;

use crate::context::Context;
use crate::facts::definitions::module_file;
use crate::facts::imports::When;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, ImportKind, Stmt, StmtKind};
use crate::language::Language;

use super::replaced::{bare, dotted};

/// The project's own code, as one file of tests names it.
pub(super) struct Own<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) file: &'a SourceFile,
    /// Modules of JavaScript that lead to a file of the project that is no test, longest first.
    specifiers: Vec<String>,
    /// First names of modules that come from outside.
    foreign: Vec<String>,
    /// Values bound anywhere in the file, by dotted name.
    values: HashMap<String, Vec<&'a Expr>>,
    /// The whole of each function.
    extents: HashMap<*const Function, Extent>,
    /// Calls at which modules may be mocked and hooks be set, each with the call around it.
    calls: Vec<(Option<Extent>, &'a Expr)>,
}

impl<'a> Own<'a> {
    pub(super) fn of(context: &'a Context<'a>, file: &'a SourceFile) -> Self {
        let at = context.files.binary_search_by(|other| other.path.cmp(&file.path)).unwrap_or(usize::MAX);
        let leads = context
            .graph
            .imports_of(at)
            .iter()
            .filter(|edge| context.files.get(edge.to).is_some_and(|to| !to.is_test));
        let mut specifiers: Vec<String> =
            leads.filter_map(|edge| Some(file.imports.get(edge.import)?.import.module.to_string())).collect();
        specifiers.sort_by_key(|specifier| std::cmp::Reverse(specifier.len()));
        specifiers.dedup();
        let foreign = context.graph.external().iter().filter(|external| external.file == at);
        let foreign =
            foreign.map(|external| external.module.split('.').next().unwrap_or_default().to_owned());
        let (mut extents, mut calls) = (HashMap::new(), Vec::new());
        each_node(&file.syntax, &mut |node, around| {
            let extent = match node {
                Node::Stmt(stmt) => stmt.extent,
                Node::Expr(expr) => expr.extent,
                Node::Handler(handler) => handler.extent,
            };
            if let Some(function) = node.function() {
                extents.insert(std::ptr::from_ref(function), extent);
            }
            if let Node::Expr(expr) = node
                && expr.call().is_some()
            {
                let outer =
                    around.iter().rev().find_map(|node| node.expr().filter(|expr| expr.call().is_some()));
                calls.push((outer.map(|outer| outer.extent), expr));
            }
            true
        });
        let (foreign, values) = (foreign.collect(), values(file));
        Self { context, file, specifiers, foreign, values, extents, calls }
    }

    /// The whole of a function of the file, decorators included where the language has them.
    pub(super) fn extent_of(&self, function: &Function) -> Option<Extent> {
        self.extents.get(&std::ptr::from_ref(function)).copied()
    }

    /// Every call of the file, each with the innermost call around it.
    pub(super) fn calls(&self) -> impl Iterator<Item = (Option<Extent>, &'a Expr)> {
        self.calls.iter().copied()
    }

    /// Whether a dotted name means a function, class or value that the project's own code defines, and not one of its modules.
    pub(super) fn is_own(&self, path: &str) -> bool {
        match self.file.language {
            Language::JavaScript | Language::TypeScript => {
                self.specifiers.iter().any(|specifier| is_below(path, specifier))
            }
            Language::Python => self.is_own_python(path),
            Language::Rust => false,
        }
    }

    fn is_own_python(&self, path: &str) -> bool {
        let top = path.split('.').next().unwrap_or_default();
        if self.foreign.iter().any(|foreign| foreign == top) {
            return false;
        }
        let path = path.trim_start_matches('.');
        // At most a class and its method stand behind the module.
        let mut module = path;
        for _ in 0..3 {
            let Some((above, _)) = module.rsplit_once('.') else { return false };
            module = above;
            let Some(file) = module_file(self.context, module).filter(|file| !file.is_test) else { continue };
            let name =
                path.get(module.len() + 1..).and_then(|rest| rest.split('.').next()).unwrap_or_default();
            return defines(file, name) || self.is_brought(file, name);
        }
        false
    }

    /// Whether a file takes this name from another file of the project.
    fn is_brought(&self, file: &SourceFile, name: &str) -> bool {
        let at =
            self.context.files.binary_search_by(|other| other.path.cmp(&file.path)).unwrap_or(usize::MAX);
        self.context.graph.imports_of(at).iter().any(|edge| {
            let import = file.imports.get(edge.import).map(|fact| &fact.import);
            import.is_some_and(|import| {
                import.names.iter().any(|taken| taken.alias.as_ref().unwrap_or(&taken.name) == name)
            })
        })
    }

    /// Whether a module of JavaScript, as written somewhere in the file, is one of the project's.
    pub(super) fn is_own_module(&self, specifier: &str) -> bool {
        self.specifiers.iter().any(|own| same_module(own, specifier))
    }

    /// The text that a name at the top of the file stands for.
    pub(super) fn constant(&self, name: &str) -> Option<String> {
        match self.values.get(name).map(Vec::as_slice) {
            Some([value]) => value.string().map(str::to_owned),
            _ => None,
        }
    }

    /// Everything bound to a name, or to a member of `self` and `this`, anywhere in the file.
    pub(super) fn bound(&self, name: &str) -> &[&'a Expr] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// What an object is made by: the dotted name of its class.
    pub(super) fn classes_of(&self, object: &Expr) -> Vec<String> {
        let made = |value: &Expr| {
            let call = bare(value).call()?;
            self.file.resolve(bare(&call.callee))
        };
        let mut classes: Vec<String> = made(object).into_iter().collect();
        if let Some(name) = dotted(object) {
            classes.extend(self.bound(&name).iter().filter_map(|value| made(value)));
        }
        classes
    }

    /// Whether something that the test makes is made of the project's own code: `Cart()`, `new Cart()`, `module.get(Cart)`.
    pub(super) fn is_made_of_own(&self, owner: &str) -> bool {
        let mut found = false;
        for value in self.bound(owner) {
            crate::facts::nodes::each_in_expr(value, &mut |node, _| {
                let names_own = |expr| self.file.resolve(expr).is_some_and(|path| self.is_own(&path));
                found |= matches!(node, Node::Expr(expr) if names_own(expr));
                !found
            });
        }
        found
    }

    /// Whether a bare name, as Python and `require` bind it, was bound before a replacement began: it is the real thing still.
    pub(super) fn is_bound_before(&self, name: &str, within: Extent) -> bool {
        let is_script = self.file.language != Language::Python;
        self.file.imports.iter().any(|fact| {
            let import = &fact.import;
            let binds = import.names.iter().any(|taken| taken.alias.as_ref().unwrap_or(&taken.name) == name);
            let later =
                fact.when == When::Lazy && within.start <= fact.extent.start && fact.extent.end <= within.end;
            // What `import` binds in JavaScript is looked up at each use.
            binds && !later && (!is_script || import.kind == ImportKind::Dynamic)
        })
    }
}

/// Whether a dotted name is `prefix` or something in it.
pub(super) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether two specifiers of one file mean one module: endings and `/index` may be left away.
pub(super) fn same_module(left: &str, right: &str) -> bool {
    let stem = |specifier: &str| {
        let endings = [".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs"];
        let stem = endings.iter().find_map(|ending| specifier.strip_suffix(ending)).unwrap_or(specifier);
        stem.strip_suffix("/index").unwrap_or(stem).to_owned()
    };
    stem(left) == stem(right)
}

fn defines(file: &SourceFile, name: &str) -> bool {
    file.syntax.body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Function(function) => function.name == name,
        StmtKind::Class(class) => class.name == name,
        _ => false,
    })
}

fn values(file: &SourceFile) -> HashMap<String, Vec<&Expr>> {
    let mut values: HashMap<String, Vec<&Expr>> = HashMap::new();
    each_node(&file.syntax, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                for (target, value) in assign.targets.iter().zip(assign.value.iter().cycle()) {
                    values.entry(dotted(target).unwrap_or_default()).or_default().push(value);
                }
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }) => {
                values.entry(dotted(target).unwrap_or_default()).or_default().push(value);
            }
            Node::Stmt(Stmt { kind: StmtKind::With { items, .. }, .. }) => {
                for (context, name) in items {
                    if let Some(name) = name.as_ref().and_then(dotted) {
                        values.entry(name).or_default().push(context);
                    }
                }
            }
            _ => {}
        }
        true
    });
    values
}
