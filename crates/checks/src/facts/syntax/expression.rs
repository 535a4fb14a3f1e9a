//! Expressions of the common syntax, and the operators in them.

use super::{Class, Extent, Function, Stmt, Text};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Where.
    pub extent: Extent,
    /// What.
    pub kind: ExprKind,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A name; `this`, `self`, `super`, `crate` too.
    Name(Text),
    /// `object.name`.
    Member {
        /// Of what.
        object: Box<Expr>,
        /// Which.
        name: Text,
        /// `?.`
        optional: bool,
    },
    /// `object[index]`.
    Index {
        /// Of what.
        object: Box<Expr>,
        /// Which.
        index: Box<Expr>,
    },
    /// A slice or range; each part may be absent.
    Range(Vec<Option<Expr>>),
    /// A call.
    Call(Box<Call>),
    /// A literal.
    Literal(Literal),
    /// An f-string or template literal.
    Template(Box<Template>),
    /// One operand.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        value: Box<Expr>,
    },
    /// Arithmetic and bits.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// `a < b <= c`.
    Compare {
        /// The first.
        left: Box<Expr>,
        /// The others, each with the operator before it.
        rest: Vec<(CompareOp, Expr)>,
    },
    /// `and`, `or`, `??`.
    Logical {
        /// The operator.
        op: LogicalOp,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// `test ? then : otherwise`.
    Conditional {
        /// The condition.
        test: Box<Expr>,
        /// When true.
        then: Box<Expr>,
        /// When not.
        otherwise: Box<Expr>,
    },
    /// An assignment that is a value: `:=`, JavaScript's `=`.
    Assign {
        /// To what.
        target: Box<Expr>,
        /// `+` for `+=`.
        op: Option<BinaryOp>,
        /// What.
        value: Box<Expr>,
    },
    /// A function that is a value.
    Function(Box<Function>),
    /// A class that is a value.
    Class(Box<Class>),
    /// List, tuple, set, array.
    Sequence {
        /// Which.
        kind: SequenceKind,
        /// The items; a spread is [`ExprKind::Spread`].
        items: Vec<Expr>,
    },
    /// Dict, object literal, struct literal.
    Record {
        /// The type of a struct literal.
        of: Option<Box<Expr>>,
        /// Each key and value; a key is absent for a spread.
        entries: Vec<(Option<Expr>, Expr)>,
    },
    /// A comprehension.
    Comprehension(Box<Comprehension>),
    /// `await value`.
    Await(Box<Expr>),
    /// `yield value`, `yield from`.
    Yield(Option<Box<Expr>>),
    /// `*value`, `**value`, `...value`.
    Spread(Box<Expr>),
    /// Rust's `value?`.
    Propagate(Box<Expr>),
    /// `value as T`, `value!`, `<T>value`, `satisfies`.
    Cast {
        /// What.
        value: Box<Expr>,
        /// To which type; absent for `value!`.
        to: Option<Box<Expr>>,
    },
    /// `let pattern = value` as a condition, `matches!(value, pattern)`.
    Matches {
        /// The pattern.
        pattern: Box<Expr>,
        /// What is looked at.
        value: Box<Expr>,
    },
    /// A JSX element or fragment.
    Markup(Box<Markup>),
    /// A statement in value position (Rust).
    Statement(Box<Stmt>),
    /// Something this syntax has no word for, with its parts.
    Other(Vec<Expr>),
}

/// A call, construction or macro call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called; a macro's name without `!`.
    pub callee: Expr,
    /// With what.
    pub arguments: Vec<Argument>,
    /// How it is spelt.
    pub style: CallStyle,
    /// `?.(`
    pub optional: bool,
}

/// How a call is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStyle {
    /// `f(x)`.
    Plain,
    /// `new F(x)`.
    New,
    /// `f!(x)`; arguments are there when the tokens read as expressions with commas.
    Macro,
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name, for a keyword argument.
    pub name: Option<Text>,
    /// Its value; a spread is [`ExprKind::Spread`].
    pub value: Expr,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Text, decoded.
    String(Text),
    /// Bytes, decoded.
    Bytes(Vec<u8>),
    /// A whole number as written, without `_` and suffix.
    Integer(Text),
    /// A number with a point or an exponent, as written, without `_` and suffix.
    Float(Text),
    /// True or false.
    Boolean(bool),
    /// `None`, `null`, `undefined`, `()`.
    Null,
    /// A regular expression.
    Regex {
        /// The pattern.
        pattern: Text,
        /// The flags.
        flags: Text,
    },
    /// `...`
    Ellipsis,
}

/// A template: text with values in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// JavaScript's tag.
    pub tag: Option<Expr>,
    /// In order.
    pub parts: Vec<TemplatePart>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplatePart {
    /// Text, decoded.
    Text(Text),
    /// A value.
    Value(Expr),
}

/// A comprehension or generator expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Comprehension {
    /// The key, for a dict.
    pub key: Option<Expr>,
    /// The element.
    pub element: Expr,
    /// What a sequence it makes; `None` for a dict or a generator.
    pub kind: Option<SequenceKind>,
    /// Its clauses, outermost first: target, iterable, conditions.
    pub clauses: Vec<(Expr, Expr, Vec<Expr>)>,
}

/// A JSX element.
#[derive(Debug, Clone, PartialEq)]
pub struct Markup {
    /// Its name, dotted; empty for a fragment.
    pub name: Text,
    /// Each attribute and value; the name is empty for a spread; a value is absent for a bare attribute.
    pub attributes: Vec<(Text, Option<Expr>)>,
    /// What is inside; text is a string literal.
    pub children: Vec<Expr>,
}

/// Kinds of sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceKind {
    /// Python list, JavaScript and Rust array.
    List,
    /// Tuple.
    Tuple,
    /// Set.
    Set,
}

/// Operators of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not`, `!`.
    Not,
    /// `-`.
    Minus,
    /// `+`.
    Plus,
    /// `~`.
    Invert,
    /// `typeof`.
    TypeOf,
    /// `void`.
    Void,
    /// `delete`.
    Delete,
    /// `++`, `--`.
    Step,
    /// `&`, `&mut`.
    Reference,
    /// `*` of Rust.
    Dereference,
}

/// Arithmetic and bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its operator's own name")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    MatrixMultiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    And,
    Or,
    Xor,
    /// `&&=`, `||=`, `??=`.
    Logical(LogicalOp),
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its operator's own name")]
pub enum CompareOp {
    Equal,
    NotEqual,
    /// `===`
    StrictEqual,
    /// `!==`
    StrictNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Is,
    IsNot,
    In,
    NotIn,
    InstanceOf,
}

/// Logic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicalOp {
    /// `and`, `&&`.
    And,
    /// `or`, `||`.
    Or,
    /// `??`.
    Coalesce,
}

impl Expr {
    /// `a.b.c` for a chain of members on a name; `None` for anything else.
    pub fn dotted(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.to_string()),
            ExprKind::Member { object, name, .. } => {
                let mut dotted = object.dotted()?;
                dotted.push('.');
                dotted.push_str(name);
                Some(dotted)
            }
            _ => None,
        }
    }

    /// The text of a string literal, or of a template without values.
    pub fn string(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Literal(Literal::String(text)) => Some(text),
            ExprKind::Template(template) if template.tag.is_none() => match template.parts.as_slice() {
                [] => Some(""),
                [TemplatePart::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The call, if it is one.
    pub fn call(&self) -> Option<&Call> {
        match &self.kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }
}
