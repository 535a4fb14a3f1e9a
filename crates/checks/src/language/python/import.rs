//! Python's imports: by statement, by call, and for types only.

use ruff_python_ast::{Alias, Expr as Node, ExprCall, StmtImport, StmtImportFrom};
use ruff_text_size::{Ranged, TextRange};

use super::{Lowering, extent};
use crate::facts::syntax::{Extent, Import, ImportKind, ImportedName, Stmt, StmtKind, Text};

impl Lowering<'_> {
    /// `import a.b, c as d`: one import each.
    pub(super) fn import(&mut self, node: &StmtImport, out: &mut Vec<Stmt>) {
        for alias in &node.names {
            let import = Import {
                alias: alias.asname.as_ref().map(|name| Text::new(name.as_str())),
                ..self.plain(Text::new(alias.name.as_str()), extent(alias.name.range()))
            };
            out.push(Stmt { extent: extent(node.range()), kind: StmtKind::Import(Box::new(import)) });
        }
    }

    /// `from ..a import b as c`.
    pub(super) fn import_from(&mut self, node: &StmtImportFrom) -> StmtKind {
        let (module, module_extent) = match &node.module {
            Some(module) => (Text::new(module.as_str()), extent(module.range())),
            None => (Text::default(), self.dots(node)),
        };
        let star = node.names.iter().any(|alias| alias.name.as_str() == "*");
        if module == "importlib" && node.level == 0 {
            let brings = |alias: &Alias| alias.name.as_str() == "import_module" && alias.asname.is_none();
            self.knows_import_module |= node.names.iter().any(brings);
        }
        let names = if star { Vec::new() } else { node.names.iter().map(imported).collect() };
        StmtKind::Import(Box::new(Import {
            level: node.level,
            names,
            star,
            ..self.plain(module, module_extent)
        }))
    }

    fn plain(&self, module: Text, module_extent: Extent) -> Import {
        let kind = if self.type_only > 0 { ImportKind::TypeOnly } else { ImportKind::Static };
        Import { kind, module, module_extent, level: 0, names: Vec::new(), alias: None, star: false }
    }

    /// Where the dots of `from .. import b` stand.
    fn dots(&self, node: &StmtImportFrom) -> Extent {
        let before = self.source(node.range());
        let from = before.find('.').unwrap_or(0);
        let start = node.range().start().to_u32() + u32::try_from(from).unwrap_or(0);
        Extent { start, end: start + node.level }
    }

    /// Keeps `importlib.import_module("a")` and `__import__("a")` as an import, bound to a name or not.
    pub(super) fn note_dynamic_import(&mut self, call: &ExprCall, alias: Option<Text>) -> bool {
        let Some((module, range)) = self.dynamic_module(call) else { return false };
        let level = module.bytes().take_while(|byte| *byte == b'.').count();
        let import = Import {
            kind: ImportKind::Dynamic,
            level: u32::try_from(level).unwrap_or(u32::MAX),
            alias,
            ..self.plain(Text::new(&module[level..]), extent(range))
        };
        self.dynamic.push(Stmt { extent: extent(call.range()), kind: StmtKind::Import(Box::new(import)) });
        true
    }

    /// The constant module of an import by call.
    pub(super) fn dynamic_module<'b>(&self, call: &'b ExprCall) -> Option<(&'b str, TextRange)> {
        let importer = match call.func.as_ref() {
            Node::Name(name) if name.id.as_str() == "import_module" => self.knows_import_module,
            Node::Name(name) => name.id.as_str() == "__import__",
            Node::Attribute(member) => {
                member.attr.as_str() == "import_module"
                    && matches!(member.value.as_ref(), Node::Name(name) if name.id.as_str() == "importlib")
            }
            _ => false,
        };
        let module = call.arguments.args.first().filter(|_| importer)?;
        let Node::StringLiteral(literal) = module else { return None };
        let text = literal.value.to_str();
        (!text.is_empty()).then(|| (text, literal.range()))
    }
}

fn imported(alias: &Alias) -> ImportedName {
    ImportedName {
        extent: extent(alias.range()),
        name: Text::new(alias.name.as_str()),
        alias: alias.asname.as_ref().map(|name| Text::new(name.as_str())),
    }
}

/// Whether a condition is `TYPE_CHECKING`.
pub(super) fn is_type_checking(test: &Node) -> bool {
    match test {
        Node::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        Node::Attribute(member) => member.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}
