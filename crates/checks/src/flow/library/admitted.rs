//! Tests that Rust puts to each letter of a text, or to each part of a path, and which of them get through:
//! `name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')`, `path.components().all(|part| matches!(part, Component::Normal(_)))`.

use crate::facts::syntax::{CompareOp, Expr, ExprKind, Function, Literal, LogicalOp, StmtKind, UnaryOp};
use crate::facts::values::referred;
use crate::flow::call::Given;
use crate::flow::guard::Implied;
use crate::flow::known::Known;
use crate::flow::pattern::{self, Letters};
use crate::flow::risk::Risks;
use crate::flow::value::{Beside, Value};
use crate::flow::walk::Walk;

/// What is asked about, in the order of their bits: https://doc.rust-lang.org/std/path/enum.Component.html
const PARTS: &[&str] = &["Normal", "ParentDir", "RootDir", "CurDir", "Prefix"];
/// Bits of [`PARTS`].
const UP: u8 = 2;
const ROOT: u8 = 4;

/// What a test may let through.
trait Admits: Copy {
    /// Everything else.
    fn others(self) -> Self;
    /// What either lets through.
    fn or(self, other: Self) -> Self;
    /// What both let through.
    fn and(self, other: Self) -> Self;
}

impl Admits for Letters {
    fn others(self) -> Self {
        Self { ascii: !self.ascii, others: true }
    }

    fn or(self, other: Self) -> Self {
        Self { ascii: self.ascii | other.ascii, others: self.others || other.others }
    }

    fn and(self, other: Self) -> Self {
        Self { ascii: self.ascii & other.ascii, others: self.others && other.others }
    }
}

impl Admits for u8 {
    fn others(self) -> Self {
        !self
    }

    fn or(self, other: Self) -> Self {
        self | other
    }

    fn and(self, other: Self) -> Self {
        self & other
    }
}

/// What `all` and `any` tell of the text or path whose letters or parts are asked about.
pub(super) fn told<'a>(
    walk: &mut Walk<'_, 'a>,
    (of, object, subject): (&Value<'a>, &'a Expr, &'a Expr),
    name: &str,
    given: &Given<'a>,
) -> Value<'a> {
    const SOME: &[&str] = &["skip", "take", "filter", "step_by", "take_while", "skip_while"];
    let Some(test) = given.written.first().map(|given| &given.value) else { return Value::UNKNOWN };
    // Of some of the letters nothing follows for the others.
    if subject.call().and_then(|call| method_of(&call.callee)).is_some_and(|(_, name)| SOME.contains(&name)) {
        return Value::UNKNOWN;
    }
    // `any` says of all that they are not so where it is false.
    let truth = name == "all";
    let known = if is_of_parts(object) {
        parts(test, truth)
    } else {
        letters(walk, test, truth).map_or(Known::default(), pattern::harmless)
    };
    let told = walk.told_known(Some(subject), of, known);
    if truth { Implied::when_true(told).value() } else { Implied::when_false(told).value() }
}

fn method_of(callee: &Expr) -> Option<(&Expr, &str)> {
    match &callee.kind {
        ExprKind::Member { object, name, .. } => Some((object, name)),
        _ => None,
    }
}

/// Whether the parts of a path are gone through.
fn is_of_parts(object: &Expr) -> bool {
    let called = object.call().and_then(|call| method_of(&call.callee));
    called.is_some_and(|(object, name)| name == "components" || is_of_parts(object))
}

/// What is asked of the one thing that a closure is given, and what that is called.
fn asked(test: &Expr) -> Option<(&str, &Expr)> {
    let ExprKind::Function(function) = &test.kind else { return None };
    let Function { parameters, body, .. } = &**function;
    let ExprKind::Name(name) = &referred(&parameters.first()?.pattern).kind else { return None };
    match body.as_slice() {
        [only] => match &only.kind {
            StmtKind::Return(Some(value)) | StmtKind::Value(value) => Some((name, value)),
            _ => None,
        },
        _ => None,
    }
}

/// Of what a test says when it comes out so, as far as `leaf` knows of its parts what they are true of; `None` where that may be anything.
fn admitted<'a, S: Admits>(
    test: &'a Expr,
    truth: bool,
    leaf: &mut dyn FnMut(&'a Expr) -> Option<S>,
) -> Option<S> {
    match &test.kind {
        ExprKind::Unary { op: UnaryOp::Not, value } => admitted(value, !truth, leaf),
        ExprKind::Logical { op: op @ (LogicalOp::And | LogicalOp::Or), left, right } => {
            let (one, two) = (admitted(left, truth, leaf), admitted(right, truth, leaf));
            match (one, two) {
                (Some(one), Some(two)) if (*op == LogicalOp::Or) == truth => Some(one.or(two)),
                (Some(one), Some(two)) => Some(one.and(two)),
                // Where both must hold, one that is known says enough.
                (one, two) if (*op == LogicalOp::And) == truth => one.or(two),
                _ => None,
            }
        }
        _ => leaf(test).map(|admits| if truth { admits } else { admits.others() }),
    }
}

/// What is known of a path whose every part is admitted.
fn parts(test: &Expr, truth: bool) -> Known {
    let Some((own, asked)) = asked(test) else { return Known::default() };
    let is_own = |expr: &Expr| matches!(&referred(expr).kind, ExprKind::Name(name) if name == own);
    let mut leaf = |test: &Expr| match &test.kind {
        ExprKind::Matches { pattern, value } if is_own(value) => kinds(pattern),
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            [(CompareOp::Equal, right)] if is_own(left) => kinds(right),
            [(CompareOp::NotEqual, right)] if is_own(left) => kinds(right).map(Admits::others),
            _ => None,
        },
        _ => None,
    };
    let Some(admits) = admitted(asked, truth, &mut leaf) else { return Known::default() };
    let mark = |kind: u8, mark: Beside| if admits & kind == 0 { mark } else { Beside(0) };
    let marks = Beside(mark(UP, Beside::STEADY).0 | mark(ROOT, Beside::RELATIVE).0);
    Known { risks: Risks::NONE, marks }
}

/// The kinds of parts that a pattern names: `Component::Normal(_) | Component::CurDir`.
fn kinds(pattern: &Expr) -> Option<u8> {
    match &referred(pattern).kind {
        ExprKind::Binary { left, right, .. } => Some(kinds(left)?.or(kinds(right)?)),
        ExprKind::Call(call) => kinds(&call.callee),
        ExprKind::Name(name) | ExprKind::Member { name, .. } => {
            let at = PARTS.iter().position(|part| *part == name.as_str())?;
            Some(1 << at)
        }
        _ => None,
    }
}

/// The letters of which every one is admitted.
fn letters<'a>(walk: &mut Walk<'_, 'a>, test: &'a Expr, truth: bool) -> Option<Letters> {
    // `.all(char::is_alphanumeric)`
    if let Some((_, name)) = method_of(test) {
        return class(name).map(|admits| if truth { admits } else { admits.others() });
    }
    let (own, asked) = asked(test)?;
    admitted(asked, truth, &mut |test| true_of(walk, own, test))
}

/// The letters of which one test is true.
fn true_of<'a>(walk: &mut Walk<'_, 'a>, own: &str, test: &'a Expr) -> Option<Letters> {
    let is_own = |expr: &Expr| matches!(&referred(expr).kind, ExprKind::Name(name) if name == own);
    match &test.kind {
        ExprKind::Matches { pattern, value } if is_own(value) => written(pattern),
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            [(CompareOp::Equal, right)] if is_own(left) => written(referred(right)),
            [(CompareOp::NotEqual, right)] if is_own(left) => written(referred(right)).map(Admits::others),
            _ => None,
        },
        ExprKind::Call(call) => {
            let (object, name) = method_of(&call.callee)?;
            match call.arguments.as_slice() {
                [only] if name == "contains" && is_own(&only.value) => {
                    let list = walk.eval(object);
                    match &object.kind {
                        ExprKind::Sequence { items, .. } => several(items.iter().map(written)),
                        _ => list.text().map(of_text),
                    }
                }
                _ if is_own(object) => class(name),
                _ => None,
            }
        }
        _ => None,
    }
}

fn of_text(text: &str) -> Letters {
    let mut letters = Letters::default();
    text.chars().for_each(|letter| letters.add(u32::from(letter), u32::from(letter)));
    letters
}

fn several(all: impl Iterator<Item = Option<Letters>>) -> Option<Letters> {
    all.into_iter().try_fold(Letters::default(), |known, more| Some(known.or(more?)))
}

/// The letters that a pattern of letters is: `'a'..='z' | '_'`.
fn written(pattern: &Expr) -> Option<Letters> {
    match &pattern.kind {
        ExprKind::Binary { left, right, .. } => Some(written(left)?.or(written(right)?)),
        ExprKind::Range(ends) => match ends.as_slice() {
            [Some(first), Some(last)] => {
                let mut letters = Letters::default();
                letters.add(code(first)?, code(last)?);
                Some(letters)
            }
            _ => None,
        },
        _ => {
            let mut letters = Letters::default();
            let code = code(pattern)?;
            letters.add(code, code);
            Some(letters)
        }
    }
}

/// The code of a letter, or of a byte.
fn code(expr: &Expr) -> Option<u32> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => {
            let mut letters = text.chars();
            let first = letters.next()?;
            letters.next().is_none().then_some(u32::from(first))
        }
        ExprKind::Literal(Literal::Integer(digits)) => digits.parse().ok(),
        _ => None,
    }
}

/// The letters of which a method of `char` and `u8` is true: https://doc.rust-lang.org/std/primitive.char.html
fn class(name: &str) -> Option<Letters> {
    let ranges: &[(u8, u8)] = match name {
        "is_ascii_digit" | "is_digit" | "is_numeric" => &[(b'0', b'9')],
        "is_ascii_hexdigit" => &[(b'0', b'9'), (b'a', b'f'), (b'A', b'F')],
        "is_ascii_lowercase" | "is_lowercase" => &[(b'a', b'z')],
        "is_ascii_uppercase" | "is_uppercase" => &[(b'A', b'Z')],
        "is_ascii_alphabetic" | "is_alphabetic" => &[(b'a', b'z'), (b'A', b'Z')],
        "is_ascii_alphanumeric" | "is_alphanumeric" => &[(b'0', b'9'), (b'a', b'z'), (b'A', b'Z')],
        "is_ascii_graphic" => &[(b'!', b'~')],
        "is_ascii_control" | "is_control" => &[(0, 31), (127, 127)],
        "is_ascii_whitespace" | "is_whitespace" => &[(9, 13), (b' ', b' ')],
        "is_ascii" => &[(0, 127)],
        _ => return None,
    };
    let mut letters = Letters { ascii: 0, others: !name.starts_with("is_ascii") };
    ranges.iter().for_each(|(first, last)| letters.add(u32::from(*first), u32::from(*last)));
    Some(letters)
}
