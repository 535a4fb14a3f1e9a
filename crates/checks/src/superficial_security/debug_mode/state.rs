//! Whether a value that turns debug mode on is true, and when.

use crate::context::Context;
use crate::facts::definitions::module_file;
use crate::facts::environment::variable;
use crate::facts::nodes::Around;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Literal, UnaryOp};
use crate::facts::values::{Bound, FileValues, Values, called_name, keyword};
use crate::superficial_security::hardcoded_secret::by_name::literal_text;

/// Names that are followed to their value.
const STEPS: u32 = 6;

/// When debug mode is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Always.
    On,
    /// When this variable is not set.
    OnByDefault(String),
    /// When this variable does not name production.
    OnOutsideProduction(String),
    /// Whatever this variable is set to.
    AnyText(String),
    /// When nothing that follows turns it off.
    Perhaps,
    /// Never, or cannot tell.
    Off,
}

/// What a missing variable makes of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unset {
    Text(String),
    Boolean(bool),
    Nothing,
}

/// When a value is true.
pub(super) fn state<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> State {
    let origins = values.origins(expr, around);
    match origins.as_slice() {
        [origin] => of(context, file, values, origin, around, STEPS),
        _ => State::Off,
    }
}

fn of<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
    steps: u32,
) -> State {
    let Some(left) = steps.checked_sub(1) else { return State::Off };
    match &expr.kind {
        ExprKind::Literal(Literal::Boolean(true)) => return State::On,
        ExprKind::Literal(Literal::Integer(number)) if number == "1" => return State::On,
        ExprKind::Compare { left: first, rest } => return compared(file, values, first, rest, around),
        // `bool(x)`, `str2bool(x)`, `strtobool(x)`.
        ExprKind::Call(call) if called_name(&call.callee) == Some("bool") => {
            let Some(first) = call.arguments.first() else { return State::Off };
            return read(file, values, &first.value, around).map_or(State::Off, raw);
        }
        ExprKind::Call(call) if called_name(&call.callee).is_some_and(is_parser) => {
            let found = call.arguments.first().and_then(|first| read(file, values, &first.value, around));
            return match found {
                Some((name, Unset::Text(text))) if is_true_word(&text) => State::OnByDefault(name),
                Some((name, Unset::Boolean(true))) => State::OnByDefault(name),
                _ => State::Off,
            };
        }
        ExprKind::Unary { op: UnaryOp::Not, .. } => return State::Off,
        ExprKind::Name(_) | ExprKind::Member { .. } => {
            let Some((other, value)) = constant(context, file, expr) else { return State::Off };
            let mut values = FileValues::of(&other.syntax);
            return of(context, other, &mut values, value, &[], left);
        }
        _ => {}
    }
    let Some((name, unset)) = read(file, values, expr, around) else { return State::Off };
    if is_parsed(expr) {
        return if unset == Unset::Boolean(true) { State::OnByDefault(name) } else { State::Off };
    }
    raw((name, unset))
}

/// What a variable's text is, taken for true or false as it is.
fn raw((name, unset): (String, Unset)) -> State {
    match unset {
        Unset::Text(text) if !text.is_empty() => State::OnByDefault(name),
        Unset::Boolean(true) => State::OnByDefault(name),
        _ => State::AnyText(name),
    }
}

/// `env.bool("DEBUG", default=True)`, `config("DEBUG", cast=bool)`: the reader makes a truth of the text.
fn is_parsed(expr: &Expr) -> bool {
    let Some(call) = expr.call() else { return false };
    let casts = keyword(&call.arguments, "cast").is_some() || keyword(&call.arguments, "type").is_some();
    casts || matches!(called_name(&call.callee), Some("bool" | "env" | "getBool" | "get_bool"))
}

fn is_parser(name: &str) -> bool {
    matches!(
        name,
        "strtobool"
            | "str2bool"
            | "str_to_bool"
            | "to_bool"
            | "parse_bool"
            | "as_bool"
            | "asbool"
            | "is_truthy"
            | "loads"
    )
}

fn is_true_word(text: &str) -> bool {
    matches!(text.to_lowercase().as_str(), "true" | "1" | "yes" | "on" | "t" | "y")
}

/// The variable that an expression reads, and what it is when that is not set; `.lower()` and the like looked through.
fn read<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> Option<(String, Unset)> {
    if let Some(read) = variable(file, expr) {
        let unset = match read.default.map(|default| &default.kind) {
            Some(ExprKind::Literal(Literal::Boolean(value))) => Unset::Boolean(*value),
            Some(ExprKind::Literal(Literal::Integer(value))) => Unset::Boolean(value != "0"),
            _ => read
                .default
                .and_then(literal_text)
                .map_or(Unset::Nothing, |text| Unset::Text(text.to_owned())),
        };
        return Some((read.name.to_owned(), unset));
    }
    match &expr.kind {
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. }
                if matches!(
                    name.as_str(),
                    "lower"
                        | "upper"
                        | "strip"
                        | "title"
                        | "capitalize"
                        | "casefold"
                        | "toLowerCase"
                        | "trim"
                ) =>
            {
                let (variable, unset) = read(file, values, object, around)?;
                let unset = match unset {
                    Unset::Text(text) if name == "upper" => Unset::Text(text.to_uppercase()),
                    Unset::Text(text) if matches!(name.as_str(), "lower" | "casefold" | "toLowerCase") => {
                        Unset::Text(text.to_lowercase())
                    }
                    other => other,
                };
                Some((variable, unset))
            }
            ExprKind::Name(name) if matches!(name.as_str(), "str" | "int" | "String" | "Number") => {
                read(file, values, &call.arguments.first()?.value, around)
            }
            _ => None,
        },
        ExprKind::Name(_) => {
            let origins = values.origins(expr, around);
            match origins.as_slice() {
                [origin] if !std::ptr::eq(*origin, expr) && !matches!(origin.kind, ExprKind::Name(_)) => {
                    read(file, values, origin, around)
                }
                _ => None,
            }
        }
        // `process.env.X || "true"`.
        ExprKind::Logical { left, right, .. } => {
            let (name, _) = read(file, values, left, around)?;
            Some((name, right.string().map_or(Unset::Nothing, |text| Unset::Text(text.to_owned()))))
        }
        _ => None,
    }
}

/// `os.environ.get("DEBUG", "True") == "True"`, `.. in ("1", "true")`, `.. != "production"`.
fn compared<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    left: &'a Expr,
    rest: &'a [(CompareOp, Expr)],
    around: Around<'a, '_>,
) -> State {
    let [(op, right)] = rest else { return State::Off };
    let Some((name, unset)) = read(file, values, left, around) else { return State::Off };
    let wanted: Vec<&str> = match &right.kind {
        ExprKind::Sequence { items, .. } => items.iter().filter_map(Expr::string).collect(),
        _ => right.string().into_iter().collect(),
    };
    if wanted.is_empty() {
        return State::Off;
    }
    let equal = matches!(&unset, Unset::Text(text) if wanted.contains(&text.as_str()));
    let names_production =
        wanted.iter().any(|word| matches!(*word, "production" | "prod" | "PRODUCTION" | "live"));
    match op {
        CompareOp::Equal | CompareOp::StrictEqual | CompareOp::In if equal => State::OnByDefault(name),
        CompareOp::NotEqual | CompareOp::StrictNotEqual | CompareOp::NotIn if !equal && names_production => {
            State::OnOutsideProduction(name)
        }
        CompareOp::NotEqual | CompareOp::StrictNotEqual | CompareOp::NotIn if !equal => {
            State::OnByDefault(name)
        }
        _ => State::Off,
    }
}

/// The value of a constant of another file: `config.DEBUG`.
fn constant<'a>(context: &Context<'a>, file: &SourceFile, expr: &Expr) -> Option<(&'a SourceFile, &'a Expr)> {
    let path = file.resolve(expr)?;
    let (module, name) = path.rsplit_once('.')?;
    let other = module_file(context, module.trim_start_matches('.'))?;
    match Values::of_body(&other.syntax.body).bound(name) {
        [Bound::To(value)] => Some((other, value)),
        _ => None,
    }
}
