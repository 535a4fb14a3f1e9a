//! Accounts that are made, and pairs that are accepted, with a password from the source.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::passwords::{hashed, is_kept_password_name, is_password_name};
use crate::facts::source::SourceFile;
use crate::facts::stored::{Field, How, Kept, stored};
use crate::facts::syntax::{
    Call, CompareOp, Expr, ExprKind, Extent, Literal, LogicalOp, Parameter, Stmt, StmtKind,
};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::{has_word, words};
use crate::language::Language;
use crate::superficial_security::fallback_secret::forms::fallbacks;
use crate::superficial_security::fallback_secret::refusal::{is_refused, tells_environments_apart};
use crate::superficial_security::hardcoded_secret::by_name::literal_text;

/// An account with its password.
pub(super) struct Account {
    pub(super) extent: Extent,
    pub(super) name: String,
    pub(super) password: String,
    pub(super) is_admin: bool,
    pub(super) by: By,
}

/// How it comes to be.
pub(super) enum By {
    /// It is made.
    Made,
    /// It is compared with what was sent.
    Pair,
    /// A variable falls back to it.
    Variable(String),
}

impl Account {
    /// The variable that falls back to the password.
    pub(super) fn variable(&self) -> &str {
        match &self.by {
            By::Variable(variable) => variable,
            By::Made | By::Pair => "",
        }
    }
}

/// Words for what has accounts.
const HOLDERS: &[&str] = &[
    "user",
    "users",
    "account",
    "accounts",
    "admin",
    "admins",
    "member",
    "members",
    "customer",
    "customers",
    "employee",
    "employees",
    "staff",
    "person",
    "login",
    "logins",
    "credential",
    "credentials",
    "operator",
    "operators",
    "usuario",
    "usuarios",
    "superuser",
    "administrator",
    "administrators",
];

/// The accounts of a file, and how many that are made were looked at.
pub(super) fn accounts(context: &Context<'_>, file: &SourceFile) -> (Vec<Account>, u64) {
    let Some(file) = context.file(&file.path) else { return (Vec::new(), 0) };
    let mut search =
        Search { context, file, values: FileValues::of(&file.syntax), found: Vec::new(), tried: 0 };
    if may_hold_accounts(file) {
        search.everywhere();
    }
    search.variables();
    let mut found = search.found;
    found.sort_by_key(|account| (account.extent.start, account.extent.end));
    found.dedup_by(|later, earlier| later.extent.start < earlier.extent.end);
    (found, search.tried)
}

/// What a password that is compared is called by, as it stands in a text: `pass` alone is a statement of Python.
const PASSWORD_IN_TEXT: &str = r"pass(?:\S|\s*[=&])|pw";

/// Whether a file can hold an account: what is made or listed is called by one of the words for what has accounts, and what is compared has
/// a password beside it, whatever the account is called by (`email`, `name`).
fn may_hold_accounts(file: &SourceFile) -> bool {
    static ACCOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        RegexBuilder::new(&format!("{}|{PASSWORD_IN_TEXT}", HOLDERS.join("|")))
            .case_insensitive(true)
            .build()
            .ok()
    });
    ACCOUNT.as_ref().is_none_or(|account| account.is_match(&file.text))
}

/// Whether a place is reached only in some environments.
fn is_elsewhere(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| match *node {
        Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => tells_environments_apart(test),
        Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => tells_environments_apart(test),
        _ => false,
    })
}

struct Search<'c, 'a> {
    context: &'c Context<'a>,
    file: &'a SourceFile,
    values: FileValues<'a>,
    found: Vec<Account>,
    tried: u64,
}

impl<'a> Search<'_, 'a> {
    /// Looks at every node.
    fn everywhere(&mut self) {
        let file = self.file;
        each_node(&file.syntax, &mut |node, around| {
            if file.language == Language::Rust && in_rust_tests(around) {
                return false;
            }
            let (found, tried) = (self.found.len(), self.tried);
            self.node(node, around);
            // Asked of the few places where something is, and not of every node.
            if self.tried + self.found.len() as u64 > tried + found as u64 && is_elsewhere(around) {
                self.found.truncate(found);
                self.tried = tried;
            }
            true
        });
    }

    fn node(&mut self, node: Node<'a>, around: Around<'a, '_>) {
        let fields = stored(self.file, &mut self.values, node, around);
        if !fields.is_empty() {
            self.fields(&fields, around);
        }
        match node {
            Node::Expr(Expr { kind: ExprKind::Call(call), extent }) => self.call(call, *extent, around),
            Node::Expr(Expr { kind: ExprKind::Logical { op: LogicalOp::And, left, right }, extent }) => {
                self.pair(left, right, *extent);
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                let holds = assign.targets.iter().filter_map(called_name).any(|name| has_word(name, HOLDERS));
                if let (true, Some(value)) = (holds, &assign.value) {
                    self.list(value, false, around, 3);
                }
            }
            _ => {}
        }
    }

    /// What an `INSERT`, a model or a document keeps together.
    fn fields(&mut self, fields: &[Field<'a>], around: Around<'a, '_>) {
        let Some(first) = fields.first() else { return };
        let makes = fields.iter().any(|field| field.how == How::Made);
        if !makes || !has_word(&first.into, HOLDERS) {
            return;
        }
        let Some(kept) = fields.iter().find(|field| is_kept_password_name(&field.name)) else { return };
        self.tried += 1;
        let password = match &kept.value {
            Kept::Value(value) => self.password(value, around),
            Kept::Text(text) => is_password(text).then(|| text.clone()),
        };
        let text = |field: &Field<'a>| match &field.value {
            Kept::Value(value) => literal_text(value).map(str::to_owned),
            Kept::Text(text) => Some(text.clone()),
        };
        let name = fields.iter().find(|field| is_name_of_account(&field.name)).and_then(&text);
        let (Some(password), Some(name)) = (password, name) else { return };
        let has_rights = fields.iter().any(|field| {
            let value = match &field.value {
                Kept::Value(value) => Some(*value),
                Kept::Text(_) => None,
            };
            gives_rights(&field.name, value, text(field).as_deref())
        });
        let is_admin = is_admin_name(&name) || has_rights;
        self.found.push(Account { extent: first.extent, name, password, is_admin, by: By::Made });
    }

    /// `create_user(conn, "admin", "admin123", is_admin=True)`: a function that makes accounts, called with literals.
    fn call(&mut self, call: &'a Call, extent: Extent, around: Around<'a, '_>) {
        const MAKES: &[&str] = &[
            "create",
            "add",
            "insert",
            "register",
            "seed",
            "make",
            "ensure",
            "new",
            "signup",
            "bootstrap",
            "setup",
            "init",
            "save",
        ];
        let Some(called) = called_name(&call.callee) else { return };
        if !(has_word(called, MAKES) && has_word(called, HOLDERS)) {
            return;
        }
        self.tried += 1;
        let function = called_function(self.context, self.file, &call.callee);
        let parameters = function.map(|(_, function)| function.parameters.as_slice()).unwrap_or_default();
        let named = named_arguments(call, parameters);
        let password = named.iter().find(|(name, _)| is_password_name(name)).map(|(_, value)| *value);
        // Of a function of somebody else's the order is known by habit: name, (address,) password.
        let literals = || call.arguments.iter().filter(|argument| argument.name.is_none());
        let password = password.or_else(|| {
            parameters.is_empty().then(|| literals().next_back().map(|last| &last.value)).flatten()
        });
        let name = named
            .iter()
            .find(|(name, _)| is_name_of_account(name))
            .map(|(_, value)| *value)
            .or_else(|| parameters.is_empty().then(|| literals().next().map(|first| &first.value)).flatten())
            .and_then(literal_text);
        let (Some(value), Some(name)) = (password, name) else { return };
        let Some(password) =
            self.password(value, around).filter(|password| password != name || parameters.len() > 1)
        else {
            return;
        };
        let has_rights =
            named.iter().any(|(name, value)| gives_rights(name, Some(value), literal_text(value)));
        let is_admin =
            is_admin_name(name) || has_rights || has_word(called, &["admin", "superuser", "administrator"]);
        self.found.push(Account { extent, name: name.to_owned(), password, is_admin, by: By::Made });
    }

    /// `username == "admin" and password == "admin123"`.
    fn pair(&mut self, left: &'a Expr, right: &'a Expr, extent: Extent) {
        let (Some((first, one)), Some((second, other))) = (equals_text(left), equals_text(right)) else {
            return;
        };
        let (name, password) = if is_password_name(second) && is_name_of_account(first) {
            (one, other)
        } else if is_password_name(first) && is_name_of_account(second) {
            (other, one)
        } else {
            return;
        };
        self.tried += 1;
        if is_password(password) {
            let (name, password) = (name.to_owned(), password.to_owned());
            self.found.push(Account { extent, name, password, is_admin: true, by: By::Pair });
        }
    }

    /// `USERS = [{"username": "admin", "password": "admin123"}]`, `USERS = {"admin": {"password": hash("admin123")}}`.
    fn list(&mut self, value: &'a Expr, in_list: bool, around: Around<'a, '_>, depth: u32) {
        let Some(left) = depth.checked_sub(1) else { return };
        match &value.kind {
            ExprKind::Sequence { items, .. } => {
                items.iter().for_each(|item| self.list(item, true, around, left))
            }
            ExprKind::Record { entries, .. } => {
                let key_of = |key: &'a Option<Expr>| {
                    key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)))
                };
                let kept = entries.iter().find(|(key, _)| key_of(key).is_some_and(is_kept_password_name));
                let Some((_, kept)) = kept else {
                    for (key, value) in entries {
                        match key_of(key) {
                            Some(name) if matches!(value.kind, ExprKind::Record { .. }) => {
                                self.entry(name, value, around);
                            }
                            // `{"admin": hash("admin123")}`.
                            Some(name) => {
                                if let Some(password) =
                                    hashed(value).and_then(literal_text).filter(|text| is_password(text))
                                {
                                    self.tried += 1;
                                    let (extent, is_admin) = (value.extent, is_admin_name(name));
                                    let (name, password) = (name.to_owned(), password.to_owned());
                                    self.found.push(Account {
                                        extent,
                                        name,
                                        password,
                                        is_admin,
                                        by: By::Made,
                                    });
                                }
                            }
                            None => {}
                        }
                    }
                    return;
                };
                let name = entries
                    .iter()
                    .find(|(key, _)| key_of(key).is_some_and(is_name_of_account))
                    .and_then(|(_, value)| literal_text(value));
                // A record by itself is a form, a request or a test's.
                if let Some(name) = name.filter(|_| in_list) {
                    self.record(name, kept, entries, value.extent, around);
                }
            }
            _ => {}
        }
    }

    /// One entry of a table of users, by the name that is its key.
    fn entry(&mut self, name: &str, value: &'a Expr, around: Around<'a, '_>) {
        let ExprKind::Record { entries, .. } = &value.kind else { return };
        let kept = entries.iter().find(|(key, _)| {
            key.as_ref()
                .and_then(|key| key.string().or_else(|| called_name(key)))
                .is_some_and(is_kept_password_name)
        });
        if let Some((_, kept)) = kept {
            self.record(name, kept, entries, value.extent, around);
        }
    }

    fn record(
        &mut self,
        name: &str,
        kept: &'a Expr,
        entries: &'a [(Option<Expr>, Expr)],
        extent: Extent,
        around: Around<'a, '_>,
    ) {
        self.tried += 1;
        let Some(password) = self.password(kept, around) else { return };
        let has_rights = entries.iter().any(|(key, value)| {
            let key =
                key.as_ref().and_then(|key| key.string().or_else(|| called_name(key))).unwrap_or_default();
            gives_rights(key, Some(value), literal_text(value))
        });
        let is_admin = is_admin_name(name) || has_rights;
        self.found.push(Account { extent, name: name.to_owned(), password, is_admin, by: By::Made });
    }

    /// `os.environ.get("ADMIN_PASSWORD", "admin123")`.
    fn variables(&mut self) {
        let named =
            ["PASS", "Pass", "passw", "passp", "passc", "_pass", "PWD", "Pwd", "pwd", "_PW", "_pw", "Pw"];
        if !self.file.mentions(&named) {
            return;
        }
        for fallback in fallbacks(self.file).0 {
            let is_admin = has_word(
                &fallback.variable,
                &["admin", "root", "superuser", "administrator", "initial", "bootstrap", "default"],
            );
            if !is_admin || !is_password_name(&fallback.variable) {
                continue;
            }
            self.tried += 1;
            if is_password(&fallback.constant) && !is_refused(self.context, self.file, &fallback) {
                self.found.push(Account {
                    extent: fallback.extent,
                    name: "admin".to_owned(),
                    password: fallback.constant.clone(),
                    is_admin: true,
                    by: By::Variable(fallback.variable.clone()),
                });
            }
        }
    }

    /// The password from the source that an expression is, or that it hashes.
    fn password(&mut self, expr: &'a Expr, around: Around<'a, '_>) -> Option<String> {
        let origins = self.values.origins(expr, around);
        let [origin] = origins.as_slice() else { return None };
        let text = literal_text(origin).or_else(|| {
            let inner = hashed(origin)?;
            let origins = self.values.origins(inner, around);
            let [origin] = origins.as_slice() else { return None };
            literal_text(origin)
        })?;
        is_password(text).then(|| text.to_owned())
    }
}

/// The arguments of a call, each with the name of its parameter.
fn named_arguments<'a>(call: &'a Call, parameters: &'a [Parameter]) -> Vec<(&'a str, &'a Expr)> {
    let receives =
        parameters.first().is_some_and(|first| matches!(called_name(&first.pattern), Some("self" | "cls")));
    let mut positional = parameters.iter().skip(usize::from(receives));
    let mut found = Vec::new();
    for argument in &call.arguments {
        match (&argument.name, &argument.value.kind) {
            (Some(name), _) => found.push((name.as_str(), &argument.value)),
            (None, ExprKind::Record { entries, .. }) => {
                positional.next();
                found.extend(entries.iter().filter_map(|(key, value)| {
                    Some((key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)))?, value))
                }));
            }
            (None, _) => {
                let name = positional.next().and_then(|parameter| called_name(&parameter.pattern));
                found.extend(name.map(|name| (name, &argument.value)));
            }
        }
    }
    found
}

/// The name and the text of `name == "text"`.
fn equals_text(expr: &Expr) -> Option<(&str, &str)> {
    let ExprKind::Compare { left, rest } = &expr.kind else { return None };
    let [(CompareOp::Equal | CompareOp::StrictEqual, right)] = rest.as_slice() else { return None };
    let name = |expr: &'_ Expr| -> bool {
        matches!(expr.kind, ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. })
    };
    let read = |expr| match &(expr as &Expr).kind {
        ExprKind::Index { index, .. } => index.string(),
        _ => called_name(expr),
    };
    if name(left) { Some((read(left)?, right.string()?)) } else { Some((read(right)?, left.string()?)) }
}

/// A text that can be a password: no placeholder for "none", no hash.
fn is_password(text: &str) -> bool {
    text.len() >= 3
        && text.len() <= 64
        && text.contains(char::is_alphanumeric)
        && !text.contains(char::is_whitespace)
        && !text.contains("://")
        && !text.starts_with(['$', '<', '{', '/', '%'])
        && !matches!(text, "none" | "null" | "undefined" | "false" | "true")
        && !has_word(text, &["dummy", "unusable", "disabled", "locked"])
}

/// Fields that say whose an account is.
fn is_name_of_account(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["username" | "user" | "email" | "login" | "name" | "mail" | "userid" | "handle"]
            | ["user", "name" | "id" | "email"]
            | ["email", "address"]
            | ["login", "name"]
            | ["admin", "username" | "user" | "email" | "name"]
    )
}

fn is_admin_name(name: &str) -> bool {
    let local = name.split('@').next().unwrap_or(name);
    has_word(local, &["admin", "administrator", "root", "superuser", "superadmin", "sysadmin", "sa"])
}

/// Whether a field makes its account an administrator.
fn gives_rights(name: &str, value: Option<&Expr>, text: Option<&str>) -> bool {
    let says_admin = has_word(name, &["admin", "superuser", "administrator", "staff", "owner", "root"]);
    let is_true = match value.map(|value| &value.kind) {
        Some(ExprKind::Literal(Literal::Boolean(value))) => *value,
        Some(ExprKind::Literal(Literal::Integer(value))) => value == "1",
        _ => false,
    };
    let is_role =
        has_word(name, &["role", "roles", "type", "rights", "permission", "permissions", "group", "level"]);
    let member = value.filter(|value| matches!(value.kind, ExprKind::Member { .. })).and_then(called_name);
    let role = text.or(member);
    (says_admin && is_true)
        || (is_role
            && role.is_some_and(|role| {
                has_word(role, &["admin", "administrator", "superuser", "superadmin", "owner", "root"])
            }))
}
