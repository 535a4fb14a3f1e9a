//! JavaScript's imports and exports: by statement, by `require`, by `import()`.

use oxc_ast::ast::{
    Argument, BindingPattern, CallExpression, ExportAllDeclaration, ExportDefaultDeclaration,
    ExportDefaultDeclarationKind, ExportFromDeclaration, ExportNamedDeclaration, Expression,
    ImportDeclaration, ImportDeclarationSpecifier, ImportExpression, ImportOrExportKind, ModuleDeclaration,
    ModuleExportName, PropertyKey, StringLiteral, TSExportAssignment, TSImportEqualsDeclaration,
    TSImportType, TSModuleReference, VariableDeclarator,
};
use oxc_span::{GetSpan, Span};

use super::statement::assign;
use super::{Lowering, extent, name_at};
use crate::facts::syntax::{
    Assign, Class, Declares, Expr, ExprKind, Function, Import, ImportKind, ImportedName, Stmt, StmtKind, Text,
};

impl Lowering {
    pub(super) fn module_declaration(&mut self, node: &ModuleDeclaration<'_>, out: &mut Vec<Stmt>) {
        let kind = match node {
            ModuleDeclaration::ImportDeclaration(import) => return import_declaration(import, out),
            ModuleDeclaration::ExportDeclaration(export) => {
                return self.declaration(&export.declaration, true, out);
            }
            ModuleDeclaration::ExportNamedDeclaration(export) => StmtKind::Export(exported(export)),
            ModuleDeclaration::ExportFromDeclaration(export) => reexport(export),
            ModuleDeclaration::ExportAllDeclaration(export) => reexport_all(export),
            ModuleDeclaration::ExportDefaultDeclaration(export) => self.export_default(export),
            ModuleDeclaration::TSExportAssignment(export) => self.export_assignment(export),
            ModuleDeclaration::TSNamespaceExportDeclaration(_) => StmtKind::Other(Vec::new()),
        };
        out.push(Stmt { extent: extent(node.span()), kind });
    }

    /// What is exported as default keeps its name; without one it is called `default`.
    fn export_default(&mut self, node: &ExportDefaultDeclaration<'_>) -> StmtKind {
        let start = node.span.start;
        let named = |name: Text| if name.is_empty() { Text::const_new("default") } else { name };
        match &node.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                let function = self.function(function, true);
                StmtKind::Function(Box::new(Function { name: named(function.name.clone()), ..function }))
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                let class = self.class(class, true);
                StmtKind::Class(Box::new(Class { name: named(class.name.clone()), ..class }))
            }
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(interface) => {
                StmtKind::Class(Box::new(self.interface(interface, true)))
            }
            value => {
                let target = name_at("default", Span::new(start, start));
                let value = self.optional(value.as_expression());
                let declares = Declares::Constant;
                StmtKind::Assign(Box::new(Assign {
                    value,
                    is_public: true,
                    ..assign(declares, vec![target])
                }))
            }
        }
    }

    /// TypeScript's `export = value` is `module.exports = value`.
    fn export_assignment(&mut self, node: &TSExportAssignment<'_>) -> StmtKind {
        let at = Span::new(node.span.start, node.span.start);
        let object = Box::new(name_at("module", at));
        let member = ExprKind::Member { object, name: Text::const_new("exports"), optional: false };
        let target = Expr { extent: extent(at), kind: member };
        let value = Some(self.expr(&node.expression));
        StmtKind::Assign(Box::new(Assign { value, ..assign(Declares::No, vec![target]) }))
    }

    pub(super) fn import_equals(
        &mut self,
        node: &TSImportEqualsDeclaration<'_>,
        is_public: bool,
    ) -> StmtKind {
        let value = match &node.module_reference {
            TSModuleReference::ExternalModuleReference(reference) => {
                let kind = kind_of(node.import_kind, ImportKind::Static);
                let alias = Some(Text::new(node.id.name));
                return StmtKind::Import(Box::new(Import {
                    alias,
                    ..of_module(&reference.expression, kind)
                }));
            }
            TSModuleReference::IdentifierReference(name) => name_at(&name.name, name.span),
            TSModuleReference::QualifiedName(name) => {
                let left = Box::new(self.type_name(&name.left));
                let kind =
                    ExprKind::Member { object: left, name: Text::new(name.right.name), optional: false };
                Expr { extent: extent(name.span), kind }
            }
        };
        let target = name_at(&node.id.name, node.id.span);
        let declares = Declares::Constant;
        StmtKind::Assign(Box::new(Assign { value: Some(value), is_public, ..assign(declares, vec![target]) }))
    }

    /// `const a = require("m")`, `const {a, b: c} = await import("m")`, `const d = require("m").d`.
    pub(super) fn import_declarator(&mut self, node: &VariableDeclarator<'_>) -> Option<Import> {
        let mut value = node.init.as_ref()?;
        let mut member = None;
        if let Expression::StaticMemberExpression(inner) = value {
            member = Some(&inner.property);
            value = &inner.object;
        }
        let (module, span) = imported_module(value)?;
        let plain = import(Text::new(module), span, ImportKind::Dynamic);
        match (&node.id, member) {
            (BindingPattern::BindingIdentifier(name), None) => {
                Some(Import { alias: Some(Text::new(name.name)), ..plain })
            }
            (BindingPattern::BindingIdentifier(name), Some(member)) => {
                let names = vec![imported(&member.name, &name.name, member.span)];
                Some(Import { names, ..plain })
            }
            (BindingPattern::ObjectPattern(object), None) if object.rest.is_none() => {
                let mut names = Vec::new();
                for property in &object.properties {
                    let (PropertyKey::StaticIdentifier(key), BindingPattern::BindingIdentifier(value)) =
                        (&property.key, &property.value)
                    else {
                        return None;
                    };
                    names.push(imported(&key.name, &value.name, property.span));
                }
                Some(Import { names, ..plain })
            }
            _ => None,
        }
    }

    pub(super) fn note_require(&mut self, node: &CallExpression<'_>) {
        if let Some((module, span)) = required(node) {
            self.note(import(Text::new(module), span, ImportKind::Dynamic), node.span);
        }
    }

    pub(super) fn note_import_call(&mut self, node: &ImportExpression<'_>) {
        if let Some((module, span)) = constant(&node.source) {
            self.note(import(Text::new(module), span, ImportKind::Dynamic), node.span);
        }
    }

    pub(super) fn note_import_type(&mut self, node: &TSImportType<'_>) {
        self.note(of_module(&node.source, ImportKind::TypeOnly), node.span);
    }

    fn note(&mut self, import: Import, span: Span) {
        self.dynamic.push(Stmt { extent: extent(span), kind: StmtKind::Import(Box::new(import)) });
    }
}

/// A declaration whose names are in part types becomes two imports.
fn import_declaration(node: &ImportDeclaration<'_>, out: &mut Vec<Stmt>) {
    let whole = extent(node.span);
    let kind = kind_of(node.import_kind, ImportKind::Static);
    let mut values = of_module(&node.source, kind);
    let mut types = of_module(&node.source, ImportKind::TypeOnly);
    let specifiers = node.specifiers.as_ref().map(|list| list.as_slice()).unwrap_or_default();
    for specifier in specifiers {
        match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                let name = imported(&export_name(&specifier.imported), &specifier.local.name, specifier.span);
                match specifier.import_kind {
                    ImportOrExportKind::Type => types.names.push(name),
                    ImportOrExportKind::Value => values.names.push(name),
                }
            }
            ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => {
                values.names.push(imported("default", &specifier.local.name, specifier.span));
            }
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => {
                values.alias = Some(Text::new(specifier.local.name));
            }
        }
    }
    let only_types = values.names.is_empty() && values.alias.is_none() && !types.names.is_empty();
    let has_types = !types.names.is_empty();
    if !only_types {
        out.push(Stmt { extent: whole, kind: StmtKind::Import(Box::new(values)) });
    }
    if has_types {
        out.push(Stmt { extent: whole, kind: StmtKind::Import(Box::new(types)) });
    }
}

fn exported(node: &ExportNamedDeclaration<'_>) -> Vec<ImportedName> {
    node.specifiers
        .iter()
        .map(|name| imported(&export_name(&name.local), &export_name(&name.exported), name.span))
        .collect()
}

fn reexport(node: &ExportFromDeclaration<'_>) -> StmtKind {
    let names = node
        .specifiers
        .iter()
        .map(|name| imported(&export_name(&name.local), &export_name(&name.exported), name.span))
        .collect();
    let kind = kind_of(node.export_kind, ImportKind::Reexport);
    StmtKind::Import(Box::new(Import { names, ..of_module(&node.source, kind) }))
}

fn reexport_all(node: &ExportAllDeclaration<'_>) -> StmtKind {
    let kind = kind_of(node.export_kind, ImportKind::Reexport);
    let alias = node.exported.as_ref().map(|name| Text::from(export_name(name)));
    let star = alias.is_none();
    StmtKind::Import(Box::new(Import { alias, star, ..of_module(&node.source, kind) }))
}

fn kind_of(written: ImportOrExportKind, value: ImportKind) -> ImportKind {
    match written {
        ImportOrExportKind::Type => ImportKind::TypeOnly,
        ImportOrExportKind::Value => value,
    }
}

fn export_name(node: &ModuleExportName<'_>) -> String {
    node.name().to_string()
}

fn imported(name: &str, local: &str, span: Span) -> ImportedName {
    let alias = (name != local).then(|| Text::new(local));
    ImportedName { extent: extent(span), name: Text::new(name), alias }
}

fn of_module(source: &StringLiteral<'_>, kind: ImportKind) -> Import {
    import(Text::new(source.value), source.span, kind)
}

fn import(module: Text, span: Span, kind: ImportKind) -> Import {
    Import {
        kind,
        module,
        module_extent: extent(span),
        level: 0,
        names: Vec::new(),
        alias: None,
        star: false,
    }
}

/// The module of `require("m")`, `import("m")` or `await import("m")`.
fn imported_module<'a>(node: &'a Expression<'_>) -> Option<(&'a str, Span)> {
    match node {
        Expression::CallExpression(call) => required(call),
        Expression::AwaitExpression(value) => match &value.argument {
            Expression::ImportExpression(import) => constant(&import.source),
            _ => None,
        },
        _ => None,
    }
}

fn required<'a>(node: &'a CallExpression<'_>) -> Option<(&'a str, Span)> {
    let Expression::Identifier(callee) = &node.callee else { return None };
    match node.arguments.as_slice() {
        [Argument::StringLiteral(text)] if callee.name == "require" => Some((text.value.as_str(), text.span)),
        [Argument::TemplateLiteral(text)] if callee.name == "require" && text.expressions.is_empty() => {
            Some((text.quasis.first()?.value.cooked?.as_str(), text.span))
        }
        _ => None,
    }
}

fn constant<'a>(node: &'a Expression<'_>) -> Option<(&'a str, Span)> {
    match node {
        Expression::StringLiteral(text) => Some((text.value.as_str(), text.span)),
        Expression::TemplateLiteral(text) if text.expressions.is_empty() => {
            Some((text.quasis.first()?.value.cooked?.as_str(), text.span))
        }
        _ => None,
    }
}
