//! `use`, `extern crate` and `mod m;`.

use syn::{Ident, ItemExternCrate, ItemMod, ItemUse, UseTree};

use super::{across, at, text};
use crate::facts::syntax::{Extent, Import, ImportKind, ImportedName, Stmt, StmtKind, Text};

/// One import for each leaf: `use a::{b::c, d as e, f::*, self};` is four.
pub(super) fn flatten(node: &ItemUse, whole: Extent, out: &mut Vec<Stmt>) {
    let kind = match node.vis {
        syn::Visibility::Inherited => ImportKind::Static,
        _ => ImportKind::Reexport,
    };
    let mut waiting: Vec<(Prefix, &UseTree)> = vec![(Prefix::default(), &node.tree)];
    let mut leaves = Vec::new();
    while let Some((prefix, tree)) = waiting.pop() {
        match tree {
            UseTree::Path(step) => waiting.push((prefix.then(&step.ident), &step.tree)),
            UseTree::Group(group) => {
                waiting.extend(group.items.iter().rev().map(|item| (prefix.clone(), item)));
            }
            UseTree::Name(leaf) => leaves.push(prefix.name(kind, &leaf.ident, None)),
            UseTree::Rename(leaf) => leaves.push(prefix.name(kind, &leaf.ident, Some(&leaf.rename))),
            UseTree::Glob(leaf) => {
                let star = at(leaf.star_token.span);
                leaves.push(Import { star: true, ..prefix.import(kind, star) });
            }
        }
    }
    out.extend(
        leaves.into_iter().map(|import| Stmt { extent: whole, kind: StmtKind::Import(Box::new(import)) }),
    );
}

/// What stands before a leaf.
#[derive(Clone, Default)]
struct Prefix {
    module: String,
    extent: Option<Extent>,
}

impl Prefix {
    fn then(self, ident: &Ident) -> Self {
        let here = at(ident.span());
        let extent = Some(self.extent.map_or(here, |before| across(before, here)));
        let module = match self.module.as_str() {
            "" => text(ident).to_string(),
            before => format!("{before}::{}", text(ident)),
        };
        Self { module, extent }
    }

    fn import(&self, kind: ImportKind, otherwise: Extent) -> Import {
        let module_extent = self.extent.unwrap_or(otherwise);
        let module = Text::new(&self.module);
        Import { kind, module, module_extent, level: 0, names: Vec::new(), alias: None, star: false }
    }

    /// `use a;` and `use a::{self}` import a module for itself, all others a name from one.
    fn name(self, kind: ImportKind, ident: &Ident, rename: Option<&Ident>) -> Import {
        let alias = rename.map(text);
        if self.module.is_empty() || ident == "self" {
            let prefix = if ident == "self" { self } else { self.then(ident) };
            return Import { alias, ..prefix.import(kind, at(ident.span())) };
        }
        let name = ImportedName { extent: at(ident.span()), name: text(ident), alias };
        Import { names: vec![name], ..self.import(kind, at(ident.span())) }
    }
}

pub(super) fn extern_crate(node: &ItemExternCrate) -> Import {
    Import {
        kind: ImportKind::Static,
        module: text(&node.ident),
        module_extent: at(node.ident.span()),
        level: 0,
        names: Vec::new(),
        alias: node.rename.as_ref().map(|(_, name)| text(name)),
        star: false,
    }
}

pub(super) fn child(node: &ItemMod) -> Import {
    Import {
        kind: ImportKind::Child,
        module: text(&node.ident),
        module_extent: at(node.ident.span()),
        level: 0,
        names: Vec::new(),
        alias: None,
        star: false,
    }
}
