//! How long a token that sets a password is good: what ends it, and what takes it away.

use std::collections::{HashMap, HashSet};

use super::removal::{NAMES, deletes_proof, is_of_proof, is_proof, takes_proof};
use crate::context::Context;
use crate::facts::absence::is_nothing;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::passwords::last_name;
use crate::facts::source::SourceFile;
use crate::facts::sql_fields::{Use, statement};
use crate::facts::syntax::{
    Call, CompareOp, Expr, ExprKind, Function, Literal, Stmt, StmtKind, TemplatePart, UnaryOp,
};
use crate::facts::values::{Values, called_name};
use crate::facts::words::{has_word, words};
use crate::framework::conduct::Step;
use crate::framework::defined::last_part;

/// Functions that are looked at altogether, and of one name.
const FUNCTIONS: usize = 200;
const OF_ONE_NAME: usize = 3;

/// What is seen of the life of a token.
#[derive(Debug, Default, Clone)]
pub(super) struct Life {
    /// Something looks at how old it is, or gives it an end.
    pub(super) ends: bool,
    /// A token is deleted, or something is marked as used.
    pub(super) removes: bool,
    /// What is kept of a token gets another value: the reset takes it away so, and whoever asks for a reset makes it so.
    pub(super) changes: bool,
    /// It is signed and not kept.
    pub(super) signed: bool,
    /// A library sees to it.
    pub(super) library: bool,
    /// Tables in which a token is looked for, and tables of which something is deleted.
    looked_up: HashSet<String>,
    deleted: HashSet<String>,
}

/// Words of columns, fields and options that say when something ends or was made.
const ENDS: &[&str] = &[
    "expires",
    "expire",
    "expired",
    "expiry",
    "expiration",
    "expiring",
    "exp",
    "ttl",
    "lifetime",
    "until",
    "deadline",
    "created",
    "issued",
    "requested",
    "timestamp",
    "setex",
    "psetex",
    "maxage",
    "validity",
    "ex",
    "px",
    "iat",
];
/// Words of columns and fields that say that something was used.
const USED: &[&str] = &["used", "consumed", "redeemed", "revoked", "spent", "invalidated", "claimed"];
/// Words of functions in which a token is made, sent or tested.
const ABOUT: &[&str] = &[
    "token",
    "tokens",
    "reset",
    "code",
    "otp",
    "password",
    "verify",
    "verification",
    "mail",
    "email",
    "link",
    "recover",
    "recovery",
];
/// Names of libraries that see to the life of their tokens.
const LIBRARIES: &[&str] = &[
    "default_token_generator",
    "check_token",
    "passwordresettokengenerator",
    "supabase",
    "firebase",
    "cognito",
    "flask_security",
];

/// The functions of the project by the last part of their names.
pub(super) type ByName<'a> = HashMap<&'a str, Vec<(&'a SourceFile, &'a Function)>>;

pub(super) fn by_name<'a>(context: &Context<'a>) -> ByName<'a> {
    let mut found = ByName::new();
    for ((file, _), known) in &context.defined.functions {
        let name = last_part(&known.name);
        if has_word(name, ABOUT)
            && let Some(file) = context.files.get(*file)
        {
            found.entry(name).or_default().push((file, known.function));
        }
    }
    found
}

impl Life {
    /// Of the tokens that these steps make, send or take. A method of a row (`user.get_reset_token()`) is followed by its name.
    pub(super) fn of<'a>(steps: &[Step<'a>], by_name: &ByName<'a>) -> Self {
        let mut life = Self::default();
        let mut functions: Vec<(&SourceFile, &Function)> =
            steps.iter().map(|step| (step.source, step.function)).collect();
        let mut at = 0;
        while let Some((file, function)) = functions.get(at).copied() {
            let values = Values::of_function(function);
            each_in_body(&function.body, &mut |node, _| {
                life.read(file, &values, node);
                let name = node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee));
                let called = name.and_then(|name| by_name.get(name)).map_or(&[][..], Vec::as_slice);
                if called.len() <= OF_ONE_NAME && functions.len() < FUNCTIONS {
                    for one in called {
                        if !functions.iter().any(|known| std::ptr::eq(known.1, one.1)) {
                            functions.push(*one);
                        }
                    }
                }
                true
            });
            at += 1;
        }
        life
    }

    /// Of several together.
    pub(super) fn with(mut self, other: Self) -> Self {
        self.ends |= other.ends;
        self.removes |= other.removes;
        self.changes |= other.changes;
        self.signed |= other.signed;
        self.library |= other.library;
        self.looked_up.extend(other.looked_up);
        self.deleted.extend(other.deleted);
        self
    }

    /// Whether a token is taken away: also where a row is deleted of the table that tokens are looked for in, whatever it is called.
    pub(super) fn takes_away(&self) -> bool {
        self.removes || !self.looked_up.is_disjoint(&self.deleted)
    }

    fn read(&mut self, file: &SourceFile, values: &Values<'_>, node: Node<'_>) {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Delete(taken), .. }) => {
                self.removes |= taken.iter().any(|taken| is_of_proof(values, taken, NAMES));
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                for target in &assign.targets {
                    self.assigned(values, target, assign.value.as_ref());
                }
            }
            Node::Expr(expr) => self.read_expr(file, values, expr),
            _ => {}
        }
    }

    fn read_expr(&mut self, file: &SourceFile, values: &Values<'_>, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                self.ends |= has_word(name, ENDS);
                self.library |= LIBRARIES.contains(&name.to_lowercase().as_str());
            }
            ExprKind::Index { index, .. } => {
                self.ends |= index.string().is_some_and(|key| has_word(key, ENDS));
            }
            ExprKind::Unary { op: UnaryOp::Delete, value } => {
                self.removes |= is_of_proof(values, value, NAMES);
            }
            ExprKind::Assign { target, value, .. } => self.assigned(values, target, Some(value)),
            ExprKind::Record { entries, .. } => {
                for (key, value) in entries {
                    let key = key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)));
                    if let Some(key) = key {
                        self.option(key);
                        let marks = has_word(key, USED) || is_proof(key) && is_empty(value);
                        self.removes |= key == "$unset" && is_of_proof(values, value, NAMES) || marks;
                    }
                }
            }
            ExprKind::Compare { left, rest } => {
                use CompareOp::{Greater, GreaterOrEqual, Less, LessOrEqual};
                let ordered =
                    rest.iter().any(|(op, _)| matches!(op, Less | LessOrEqual | Greater | GreaterOrEqual));
                let sides = std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right));
                self.ends |= ordered && sides.into_iter().any(asks_the_clock);
            }
            ExprKind::Call(call) => self.called(file, values, call),
            ExprKind::Literal(Literal::String(text)) => self.sql(text),
            ExprKind::Template(template) => {
                for part in &template.parts {
                    if let TemplatePart::Text(text) = part {
                        self.sql(text);
                    }
                }
            }
            _ => {}
        }
    }

    fn called(&mut self, file: &SourceFile, values: &Values<'_>, call: &Call) {
        let name = called_name(&call.callee).unwrap_or_default();
        let of = match &call.callee.kind {
            ExprKind::Member { object, .. } => called_name(object).unwrap_or_default(),
            _ => "",
        };
        self.removes |= has_word(name, USED) || takes_proof(values, call);
        let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
        self.library |= of == "api" && path.contains("auth.api.");
        let of_signer = has_word(of, &["serializer", "signer", "jwt", "jose"]);
        self.signed |= of_signer
            || path.starts_with("jwt.")
            || path.starts_with("jsonwebtoken.")
            || matches!(name, "jwtVerify" | "unsign")
            || name == "loads" && !matches!(of, "json" | "orjson" | "pickle");
        for argument in &call.arguments {
            if let Some(option) = &argument.name {
                self.option(option);
                self.ends |= option == "timeout" && matches!(name, "set" | "add");
            }
            self.ends |= argument.value.string().is_some_and(|text| matches!(text, "EX" | "PX"));
        }
        // `row.get("expires_at")`.
        self.ends |= name == "get"
            && call
                .arguments
                .first()
                .and_then(|given| given.value.string())
                .is_some_and(|key| has_word(key, ENDS));
    }

    fn option(&mut self, name: &str) {
        let words = words(name);
        self.ends |=
            has_word(name, ENDS) || matches!(words.as_slice(), [max, age] if max == "max" && age == "age");
    }

    fn assigned(&mut self, values: &Values<'_>, target: &Expr, value: Option<&Expr>) {
        if !matches!(target.kind, ExprKind::Member { .. } | ExprKind::Index { .. }) {
            return;
        }
        if let Some(name) = last_name(target) {
            self.removes |= has_word(name, USED);
            self.changes |= is_proof(name);
        }
        self.removes |= matches!(target.kind, ExprKind::Index { .. })
            && value.is_some_and(is_empty)
            && is_of_proof(values, target, NAMES);
    }

    fn sql(&mut self, text: &str) {
        let Some(found) = statement(text).filter(|_| text.len() > 12 && text.contains(' ')) else { return };
        self.ends |= has_word(text, ENDS);
        if text.trim_start().get(..6).is_some_and(|verb| verb.eq_ignore_ascii_case("delete")) {
            self.removes |= deletes_proof(&found);
            self.deleted.insert(found.table);
        } else if found.columns.iter().any(|column| column.used == Use::Compared && is_proof(&column.name)) {
            self.looked_up.insert(found.table);
        }
        for column in found.columns.iter().filter(|column| column.used == Use::Updated) {
            self.removes |= has_word(&column.name, USED);
            self.changes |= is_proof(&column.name);
        }
    }
}

fn is_empty(value: &Expr) -> bool {
    is_nothing(value) || value.string() == Some("")
}

/// Whether an expression asks what time it is.
fn asks_the_clock(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= node.expr().and_then(Expr::call).is_some_and(|call| {
            matches!(called_name(&call.callee), Some("now" | "utcnow" | "time" | "Date" | "getTime"))
        });
        !found
    });
    found
}
