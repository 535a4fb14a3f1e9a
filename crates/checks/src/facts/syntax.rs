//! One syntax for every language: what a file says, without how its language spells it.
//!
//! A check is written once against this and not once a language. What a language has and this lacks becomes
//! [`ExprKind::Other`] or [`StmtKind::Other`] with its parts inside, so that a walk still reaches them; a check that
//! meets one must take it for "cannot tell". Offsets are bytes into the file; [`super::lines::Lines`] turns them into places.
//!
//! How spellings map: Python `a.b`, JavaScript `a.b` and Rust `a::b` are all [`ExprKind::Member`]; `import`, `require`,
//! `use` and `extern crate` are [`Import`]; a Rust `impl` and a TypeScript class are [`Class`]; Rust's `if`, `match`, `loop` and
//! blocks in value position are [`ExprKind::Statement`]; patterns and assignment targets are expressions; types are expressions too,
//! where they read as such.
//!
//! What is not obvious from that. A key of an object literal, a struct literal or one of their patterns is a string literal unless it is
//! computed. A pattern's default and Python's `case p as n` are [`ExprKind::Assign`]; `a | b` in patterns and types is a
//! binary `Or`; generic arguments of a type are an index (`Vec[T]`, `Map[(K, V)]`), those of a call are left away. A `require` or
//! `import()` that a declaration binds is an [`Import`] in the declaration's place; any other, and Python's `importlib.import_module`
//! with a constant, is an import just before the statement whose call it stays part of. Decorators of a field and attributes
//! of a `mod m;` are an `Other` before it. A t-string is a template with the tag `t`.

mod expression;

use compact_str::CompactString;

pub use expression::{
    Argument, BinaryOp, Call, CallStyle, CompareOp, Comprehension, Expr, ExprKind, Literal, LogicalOp,
    Markup, SequenceKind, Template, TemplatePart, UnaryOp,
};

/// A name or a piece of text.
pub type Text = CompactString;

/// Byte offsets into the file, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Extent {
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Module {
    /// Its statements.
    pub body: Vec<Stmt>,
    /// Its comments, in order.
    pub comments: Vec<Comment>,
}

/// A comment, or what the language uses as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// With its marks.
    pub extent: Extent,
    /// Whether nothing but white space stands before it on its line.
    pub alone: bool,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Stmt {
    /// Where.
    pub extent: Extent,
    /// What.
    pub kind: StmtKind,
}

/// The kinds of statement.
#[derive(Debug, Clone, PartialEq)]
pub enum StmtKind {
    /// An expression for its effect; in Rust the last of a block, without semicolon, is [`StmtKind::Value`].
    Expr(Expr),
    /// The value of a Rust block.
    Value(Expr),
    /// `target = value`, `let target: annotation = value`, `target op= value`, `const`, a field of a class, a Rust `static`.
    Assign(Box<Assign>),
    /// `return value`.
    Return(Option<Expr>),
    /// `raise value from cause`, `throw value`. A bare `raise` has neither.
    Raise {
        /// What is raised.
        value: Option<Expr>,
        /// Python's `from`.
        cause: Option<Expr>,
    },
    /// `assert test, message` (Python).
    Assert {
        /// The test.
        test: Expr,
        /// The message.
        message: Option<Expr>,
    },
    /// `if`, `elif` and `else if` (an `If` inside `otherwise`). Rust's `if let P = v` has test [`ExprKind::Matches`].
    If {
        /// The condition.
        test: Expr,
        /// When it is true.
        then: Vec<Stmt>,
        /// When it is not.
        otherwise: Vec<Stmt>,
    },
    /// `for`, `while`, `loop`, `do`.
    Loop(Box<Loop>),
    /// `try`.
    Try(Box<Try>),
    /// `with` (Python), `using` (JavaScript).
    With {
        /// Each context and the name it is bound to.
        items: Vec<(Expr, Option<Expr>)>,
        /// What runs inside.
        body: Vec<Stmt>,
        /// `async with`.
        is_async: bool,
    },
    /// `match`, `switch`.
    Match {
        /// What is looked at.
        value: Expr,
        /// The cases, in order.
        arms: Vec<Arm>,
    },
    /// A function with a name.
    Function(Box<Function>),
    /// A class, struct, enum, trait, impl, interface, object type.
    Class(Box<Class>),
    /// A namespace with a body: Rust `mod m { .. }`, TypeScript `namespace`.
    Namespace {
        /// Its name.
        name: Text,
        /// Its attributes (`#[cfg(test)]`).
        decorators: Vec<Expr>,
        /// What is in it.
        body: Vec<Stmt>,
    },
    /// An import, a re-export, a `mod m;`.
    Import(Box<Import>),
    /// `export` of names of this file, without a source.
    Export(Vec<ImportedName>),
    /// A block of its own; `unsafe {}` and `async {}` too.
    Block(Vec<Stmt>),
    /// `del`, `delete` as statement.
    Delete(Vec<Expr>),
    /// `global`, `nonlocal`.
    Global(Vec<Text>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `pass`, `;`.
    Empty,
    /// Something this syntax has no word for, with its parts.
    Other(Vec<Expr>),
}

/// How a name comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declares {
    /// Nothing is declared, or (Python) the assignment itself declares.
    No,
    /// `const`, Rust `let`, `const`, `static`, Python `Final`.
    Constant,
    /// `let`, `var`, Rust `let mut`.
    Variable,
    /// A field of a class or struct.
    Field,
    /// A type alias.
    Type,
}

/// An assignment or declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Assign {
    /// How the name comes to be.
    pub declares: Declares,
    /// What is assigned to; several for Python's `a = b = value`.
    pub targets: Vec<Expr>,
    /// `+` for `+=`.
    pub op: Option<BinaryOp>,
    /// The type written.
    pub annotation: Option<Expr>,
    /// The value; absent in `let x;` and `x: int`.
    pub value: Option<Expr>,
    /// Rust's `let .. else`.
    pub otherwise: Vec<Stmt>,
    /// Whether `export` or `pub` stands before it.
    pub is_public: bool,
}

/// A loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// What is bound each time round.
    pub target: Option<Expr>,
    /// What is gone through.
    pub iterable: Option<Expr>,
    /// The condition of `while`; for C-style loops too. Absent in Rust's `loop`.
    pub test: Option<Expr>,
    /// C-style initialiser and step.
    pub header: Vec<Stmt>,
    /// What runs.
    pub body: Vec<Stmt>,
    /// Python's `else`.
    pub otherwise: Vec<Stmt>,
    /// `async for`, `for await`.
    pub is_async: bool,
}

/// `try`.
#[derive(Debug, Clone, PartialEq)]
pub struct Try {
    /// What is tried.
    pub body: Vec<Stmt>,
    /// Who catches, in order.
    pub handlers: Vec<Handler>,
    /// Python's `else`.
    pub otherwise: Vec<Stmt>,
    /// What runs in any case.
    pub finally: Vec<Stmt>,
}

/// One `except` or `catch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Handler {
    /// The whole of it.
    pub extent: Extent,
    /// Which types; absent for `except:` and every JavaScript `catch`.
    pub caught: Option<Expr>,
    /// What the error is bound to.
    pub binding: Option<Expr>,
    /// What it does.
    pub body: Vec<Stmt>,
}

/// One case of a `match` or `switch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// The pattern; absent for `default`.
    pub pattern: Option<Expr>,
    /// The guard.
    pub guard: Option<Expr>,
    /// What runs; falls through to the next in JavaScript when it does not leave.
    pub body: Vec<Stmt>,
}

/// A function, method, lambda, arrow or closure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Function {
    /// Its name; empty for one without.
    pub name: Text,
    /// Where the name stands; where the whole begins for one without.
    pub name_extent: Extent,
    /// Its parameters, receiver first.
    pub parameters: Vec<Parameter>,
    /// The type written for what it returns.
    pub returns: Option<Expr>,
    /// What it does; one [`StmtKind::Return`] for an arrow or lambda with an expression for a body.
    pub body: Vec<Stmt>,
    /// Whether there is a body at all: not for overloads, declarations and trait items.
    pub has_body: bool,
    /// Decorators and attributes, outermost first.
    pub decorators: Vec<Expr>,
    /// `async`.
    pub is_async: bool,
    /// A generator.
    pub is_generator: bool,
    /// `export`, `pub`.
    pub is_public: bool,
    /// `static`, `@staticmethod`, a Rust associated function.
    pub is_static: bool,
}

impl Function {
    /// From its first statement to the end of its last; empty where it does nothing.
    pub fn span(&self) -> Extent {
        let start = self.body.first().map_or(0, |stmt| stmt.extent.start);
        Extent { start, end: self.body.last().map_or(start, |stmt| stmt.extent.end) }
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The name or pattern.
    pub pattern: Expr,
    /// How it is passed.
    pub kind: ParameterKind,
    /// The type written.
    pub annotation: Option<Expr>,
    /// Its default.
    pub default: Option<Expr>,
    /// FastAPI's, NestJS's decorators.
    pub decorators: Vec<Expr>,
}

/// How a parameter is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// By position only.
    Positional,
    /// By position or by name.
    Either,
    /// By name only.
    Keyword,
    /// `*args`, `...rest`.
    Rest,
    /// `**kwargs`.
    KeywordRest,
    /// `self` of Rust.
    Receiver,
}

/// What kind of type a [`Class`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassKind {
    /// A class.
    Class,
    /// A Rust struct or union.
    Struct,
    /// An enum; its variants are fields.
    Enum,
    /// A trait.
    Trait,
    /// An interface.
    Interface,
    /// A Rust `impl`; `bases` holds the trait, `subject` the type.
    Impl,
}

/// A class, struct, enum, trait, impl or interface.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// What it is.
    pub kind: ClassKind,
    /// Its name; for an impl the last segment of the type's name.
    pub name: Text,
    /// Where the name stands.
    pub name_extent: Extent,
    /// Base classes, implemented interfaces and traits.
    pub bases: Vec<Argument>,
    /// Decorators and attributes.
    pub decorators: Vec<Expr>,
    /// Fields ([`StmtKind::Assign`]) and methods ([`StmtKind::Function`]).
    pub body: Vec<Stmt>,
    /// `export`, `pub`.
    pub is_public: bool,
}

/// How an import is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// `import a.b`, `import x from`, `import * as`, `use`.
    Static,
    /// `require("a")`, `await import("a")`, `importlib.import_module("a")`, `__import__("a")` with a constant.
    Dynamic,
    /// `import type`, inside `if TYPE_CHECKING`.
    TypeOnly,
    /// `export .. from`, `pub use`.
    Reexport,
    /// Rust `mod m;`.
    Child,
}

/// An import.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// How it is spelt.
    pub kind: ImportKind,
    /// The module as written: `a.b`, `../x`, `crate::a`, without Python's leading dots. A `use` with several leaves is several imports.
    pub module: Text,
    /// Where the module is written.
    pub module_extent: Extent,
    /// Python's leading dots.
    pub level: u32,
    /// The names taken from it; empty when it is imported for itself or its effect.
    pub names: Vec<ImportedName>,
    /// What the module itself is bound to (`import a as b`, `import * as b`, `const b = require("a")`).
    pub alias: Option<Text>,
    /// Whether every name is taken (`from a import *`, `use a::*`, `export * from`).
    pub star: bool,
}

/// A name taken from a module.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedName {
    /// Where it is written.
    pub extent: Extent,
    /// Its name there; `default` for a default import.
    pub name: Text,
    /// Its name here, when another.
    pub alias: Option<Text>,
}
