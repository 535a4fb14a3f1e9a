//! What shows that something is money, and that it is a binary float.

use std::sync::LazyLock;

use regex::Regex;

use crate::facts::nodes::{Around, Node, each_in_expr, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Argument, Assign, BinaryOp, Call, ClassKind, Declares, Expr, ExprKind, Extent, Function, Literal, Stmt,
    StmtKind,
};
use crate::facts::values::{Bound, Values, called_name};
use crate::facts::words::{has_word, words};
use crate::language::Language;

/// Words that name money and nothing else.
const MONEY: &[&str] = &[
    "price",
    "prices",
    "subtotal",
    "salary",
    "payment",
    "refund",
    "vat",
    "tax",
    "revenue",
    "money",
    "usd",
    "eur",
    "gbp",
    "dollars",
    "euros",
    "invoice",
    "wage",
    "payout",
    "deposit",
    "withdrawal",
    "discount",
    "fee",
    "fees",
    "shipping",
];

/// Words that name money among other things: they count when a word of [`MONEY`] is nearby.
const PERHAPS_MONEY: &[&str] = &[
    "total", "amount", "balance", "cost", "costs", "charge", "sum", "credit", "debit", "budget", "spent",
    "spend", "paid", "due",
];

/// Words that say that a name is about money and is none.
const NO_MONEY: &[&str] = &[
    "id",
    "ids",
    "label",
    "name",
    "format",
    "formatted",
    "text",
    "str",
    "string",
    "html",
    "cents",
    "minor",
    "pence",
    "count",
    "rate",
    "rates",
    "percent",
    "percentage",
    "pct",
    "ratio",
    "factor",
    "code",
    "type",
    "kind",
    "date",
    "time",
    "at",
    "status",
    "list",
    "field",
    "column",
    "key",
    "class",
    "index",
    "url",
    "path",
    "method",
    "currency",
    "region",
    "number",
    "step",
    "width",
    "height",
    "size",
    "probability",
    "weight",
    "score",
    "change",
    "days",
    "seconds",
    "ms",
    "bytes",
    "decimals",
    "precision",
    "quantity",
    "qty",
    "x",
    "y",
    "feed",
    "address",
    "provider",
    "timeout",
    "retries",
];

/// How sure it is that something is money. The surest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Its own name says so.
    Named,
    /// The names around it say so.
    ByContext,
}

/// One place where money is a binary float.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    pub(super) extent: Extent,
    pub(super) message: String,
    pub(super) variant: &'static str,
    pub(super) strength: Strength,
}

/// What a node shows by itself.
pub(super) fn evidence_at(file: &SourceFile, node: Node<'_>, around: Around<'_, '_>) -> Option<Evidence> {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
            by_assignment(file, assign, *extent, around)
        }
        Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) => {
            function.parameters.iter().find_map(|parameter| {
                let name = called_name(&parameter.pattern)?;
                let strength = strength_of(file, name, around)?;
                let annotation =
                    parameter.annotation.as_ref().filter(|annotation| is_float_type(annotation))?;
                let message = format!("`{name}` is money of type `{}`", file.text_of(annotation.extent));
                Some(Evidence { extent: parameter.pattern.extent, message, variant: "kept", strength })
            })
        }
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Binary { op, left, right } => by_arithmetic(file, expr, *op, left, right, around),
            ExprKind::Call(call) => by_rounding(file, expr, call, around),
            ExprKind::Record { entries, .. } => entries.iter().find_map(|(key, value)| {
                let key = key.as_ref()?;
                let name = key.string().or_else(|| called_name(key))?;
                by_name(file, name, value, around)
            }),
            _ => None,
        },
        _ => None,
    }
}

fn by_assignment(
    file: &SourceFile,
    assign: &Assign,
    extent: Extent,
    around: Around<'_, '_>,
) -> Option<Evidence> {
    let target = assign.targets.first()?;
    let name = target_name(target)?;
    let strength = strength_of(file, name, around)?;
    if let Some(annotation) = assign.annotation.as_ref().filter(|annotation| is_float_type(annotation)) {
        let message = format!("`{name}` is money of type `{}`", file.text_of(annotation.extent));
        return Some(Evidence { extent, message, variant: "kept", strength });
    }
    let value = assign.value.as_ref()?;
    if assign.declares == Declares::Type {
        return None;
    }
    if let Some(column) = float_column(file, value) {
        return Some(Evidence {
            extent,
            message: format!("`{name}` is money in a column `{column}`"),
            variant: "column",
            strength,
        });
    }
    by_name(file, name, value, around)
}

/// Money that is given a float.
fn by_name(file: &SourceFile, name: &str, value: &Expr, around: Around<'_, '_>) -> Option<Evidence> {
    let strength = strength_of(file, name, around)?;
    let what = float_value(file, value)?;
    Some(Evidence {
        extent: value.extent,
        message: format!("`{name}` is money and gets a binary float, `{what}`"),
        variant: "kept",
        strength,
    })
}

fn target_name(target: &Expr) -> Option<&str> {
    match &target.kind {
        ExprKind::Index { index, .. } => index.string(),
        _ => called_name(target),
    }
}

/// A float literal, `float(x)`, `parseFloat(x)`, `x as f64`.
fn float_value<'a>(file: &'a SourceFile, value: &Expr) -> Option<&'a str> {
    let is_float = match &value.kind {
        ExprKind::Literal(Literal::Float(_)) => true,
        ExprKind::Call(call) => {
            matches!(
                file.resolve(&call.callee).as_deref(),
                Some("float" | "builtins.float" | "parseFloat" | "Number.parseFloat")
            )
        }
        ExprKind::Cast { to: Some(to), .. } => matches!(to.dotted().as_deref(), Some("f64" | "f32")),
        ExprKind::Unary { value, .. } | ExprKind::Propagate(value) => return float_value(file, value),
        ExprKind::Logical { left, right, .. } => {
            return float_value(file, left).or_else(|| float_value(file, right));
        }
        _ => false,
    };
    is_float.then(|| file.text_of(value.extent))
}

fn is_float_type(annotation: &Expr) -> bool {
    let mut found = false;
    each_in_expr(annotation, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name), .. }) = node {
            found |= matches!(name.as_str(), "float" | "f64" | "f32");
        }
        // A function or a mapping of floats is not itself an amount.
        !matches!(node, Node::Expr(Expr { kind: ExprKind::Function(_), .. }))
    });
    found
}

/// `FloatField()`, `Column(Float)`, `mapped_column(Float)`, `{ type: DataTypes.FLOAT }`.
fn float_column<'a>(file: &SourceFile, value: &'a Expr) -> Option<&'a str> {
    let call = value.call()?;
    let name = called_name(&call.callee)?;
    match name {
        "FloatField" => Some("FloatField"),
        "Column" | "mapped_column" => call.arguments.iter().find_map(|Argument { value, .. }| {
            let value = value.call().map_or(value, |call| &call.callee);
            called_name(value).filter(|name| {
                matches!(*name, "Float" | "FLOAT" | "REAL" | "Double" | "DOUBLE" | "Double_precision")
            })
        }),
        "real" | "doublePrecision" | "float"
            if !call.arguments.is_empty()
                && matches!(file.language, Language::JavaScript | Language::TypeScript) =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// `price * 1.19`, `Math.round(price * 100) / 100`.
fn by_arithmetic(
    file: &SourceFile,
    expr: &Expr,
    op: BinaryOp,
    left: &Expr,
    right: &Expr,
    around: Around<'_, '_>,
) -> Option<Evidence> {
    if !matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide) {
        return None;
    }
    let is_fraction = |expr: &Expr| matches!(&expr.kind, ExprKind::Literal(Literal::Float(number)) if number.trim_end_matches(['.', '0']).contains('.'));
    let (money, _) = [(left, right), (right, left)]
        .into_iter()
        .find(|(_, other)| is_fraction(other) || (op == BinaryOp::Divide && is_rounded_cents(left, right)))?;
    let (name, strength) = money_inside(file, money, around)?;
    let message = format!(
        "`{name}` is money, computed in binary floating point by `{}`",
        first_line(file.text_of(expr.extent))
    );
    Some(Evidence { extent: expr.extent, message, variant: "computed", strength })
}

/// `Math.round(x * 100) / 100`.
fn is_rounded_cents(left: &Expr, right: &Expr) -> bool {
    let is_hundred = matches!(&right.kind, ExprKind::Literal(Literal::Integer(number) | Literal::Float(number)) if number.trim_end_matches(".0") == "100");
    is_hundred && left.call().and_then(|call| called_name(&call.callee)) == Some("round")
}

/// `round(total * 1.08, 2)`, `(price * quantity).toFixed(2)`.
fn by_rounding(file: &SourceFile, expr: &Expr, call: &Call, around: Around<'_, '_>) -> Option<Evidence> {
    let name = called_name(&call.callee)?;
    let rounded = match (name, &call.callee.kind) {
        ("round", ExprKind::Name(_)) => {
            let digits = call.arguments.get(1).map(|argument| &argument.value.kind)?;
            matches!(digits, ExprKind::Literal(Literal::Integer(digits)) if digits == "2")
                .then(|| &call.arguments[0].value)?
        }
        // Showing an amount is no arithmetic; computing in the same breath is.
        ("toFixed", ExprKind::Member { object, .. })
            if matches!(object.kind, ExprKind::Binary { .. }) && !is_from_cents(object) =>
        {
            object
        }
        _ => return None,
    };
    let (name, strength) = money_inside(file, rounded, around)?;
    let message = format!(
        "`{name}` is money, rounded as a binary float by `{}`",
        first_line(file.text_of(expr.extent))
    );
    Some(Evidence { extent: expr.extent, message, variant: "computed", strength })
}

/// `cents / 100`, how whole cents are shown.
fn is_from_cents(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Binary { op: BinaryOp::Divide, right, .. }
        if matches!(&right.kind, ExprKind::Literal(Literal::Integer(number)) if number == "100"))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The first name of money inside an expression, unless exact decimals are made of it.
fn money_inside(file: &SourceFile, expr: &Expr, around: Around<'_, '_>) -> Option<(String, Strength)> {
    let mut found: Option<(String, Strength)> = None;
    let mut exact = false;
    each_in_expr(expr, &mut |node, _| {
        let Node::Expr(expr) = node else { return true };
        let name = match &expr.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.as_str()),
            ExprKind::Index { index, .. } => index.string(),
            ExprKind::Call(call) => {
                exact |= called_name(&call.callee).is_some_and(|name| {
                    matches!(name, "Decimal" | "BigInt" | "quantize" | "dec" | "Fraction" | "Big")
                });
                None
            }
            _ => None,
        };
        if let Some(name) = name
            && let Some(strength) = strength_of(file, name, around)
            && found.as_ref().is_none_or(|(_, best)| strength < *best)
        {
            found = Some((name.to_owned(), strength));
        }
        true
    });
    found.filter(|_| !exact)
}

/// Whether a name is one of money: by itself, or because the names of the function, class or file around say so.
fn strength_of(file: &SourceFile, name: &str, around: Around<'_, '_>) -> Option<Strength> {
    let is_named = has_word(name, MONEY);
    // Most names have none of these words.
    if !(is_named || has_word(name, PERHAPS_MONEY)) || has_word(name, NO_MONEY) {
        return None;
    }
    if is_named {
        return Some(Strength::Named);
    }
    if !words(name).last().is_some_and(|last| PERHAPS_MONEY.contains(&last.as_str())) {
        return None;
    }
    if enclosing_function(around).is_some_and(|function| is_made_of_money(function, name)) {
        return Some(Strength::Named);
    }
    let context = around.iter().any(|node| {
        let function = node
            .function()
            .is_some_and(|function| speaks_of_money(&function.name) || function_speaks(file, *node));
        function
            || node.class().is_some_and(|class| class.kind != ClassKind::Impl && speaks_of_money(&class.name))
    });
    context.then_some(Strength::ByContext)
}

/// Whether what is bound to a name in a function is computed from money: `total += line["price"] * quantity`.
fn is_made_of_money(function: &Function, name: &str) -> bool {
    let values = Values::of_function(function);
    values.bound(name).iter().any(|bound| {
        let (Bound::To(value) | Bound::Updated(_, value)) = bound else { return false };
        let mut found = false;
        each_in_expr(value, &mut |node, _| {
            let name = match node.expr().map(|expr| &expr.kind) {
                Some(ExprKind::Name(name) | ExprKind::Member { name, .. }) => name.as_str(),
                Some(ExprKind::Index { index, .. }) => index.string().unwrap_or_default(),
                _ => "",
            };
            found |= is_named_money(name);
            !found
        });
        found
    })
}

/// Whether a name is one of money by itself.
pub(super) fn is_named_money(name: &str) -> bool {
    has_word(name, MONEY) && !has_word(name, NO_MONEY)
}

fn speaks_of_money(name: &str) -> bool {
    words(name).iter().any(|word| {
        MONEY.contains(&word.as_str())
            || matches!(
                word.as_str(),
                "cart" | "order" | "checkout" | "bill" | "billing" | "account" | "wallet" | "transaction"
            )
    })
}

/// Whether the text of a function uses a word of money as a name or key.
fn function_speaks(file: &SourceFile, node: Node<'_>) -> bool {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?:\b|_)(?:price|subtotal|salary|invoice|payment|refund|vat|tax)(?:\b|_)"#).ok()
    });
    let extent = match node {
        Node::Stmt(stmt) => stmt.extent,
        Node::Expr(expr) => expr.extent,
        Node::Handler(handler) => handler.extent,
    };
    WORD.as_ref().is_some_and(|word| word.is_match(file.text_of(extent)))
}

/// Columns of money with a floating type in SQL that creates a table.
pub(super) fn sql_columns(file: &SourceFile, expr: &Expr) -> Vec<Evidence> {
    static TABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i-u:\b(?:CREATE|ALTER)\s+TABLE\b)").ok());
    static COLUMN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)["`\[]?\b([a-z_][a-z0-9_]*)\b["`\]]?\s+(REAL|FLOAT[48]?|DOUBLE(?:\s+PRECISION)?)\b"#,
        )
        .ok()
    });
    let (Some(text), Some(table), Some(column)) = (expr.string(), TABLE.as_ref(), COLUMN.as_ref()) else {
        return Vec::new();
    };
    if !table.is_match(text) {
        return Vec::new();
    }
    // Offsets are looked up in the file's own text: escapes make the decoded text shorter.
    let written = file.text_of(expr.extent);
    column
        .captures_iter(written)
        .filter_map(|hit| {
            let (whole, name, kind) = (hit.get(0)?, hit.get(1)?.as_str(), hit.get(2)?.as_str());
            let own = words(name);
            let named = own.iter().any(|word| MONEY.contains(&word.as_str()));
            let perhaps = own.last().is_some_and(|last| PERHAPS_MONEY.contains(&last.as_str()));
            if !(named || perhaps) || own.iter().any(|word| NO_MONEY.contains(&word.as_str())) {
                return None;
            }
            let start = expr.extent.start + u32::try_from(whole.start()).ok()?;
            Some(Evidence {
                extent: Extent { start, end: start + u32::try_from(whole.len()).ok()? },
                message: format!("the column `{name}` is money of type `{kind}`"),
                variant: "column",
                strength: if named { Strength::Named } else { Strength::ByContext },
            })
        })
        .collect()
}
