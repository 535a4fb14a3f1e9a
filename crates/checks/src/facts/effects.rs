//! Calls that reach beyond the program: databases, files, the network, other programs. They fail for reasons that are nobody's fault who calls.

use super::nodes::{Node, each_in_body};
use super::source::SourceFile;
use super::syntax::{Call, Expr, ExprKind, Stmt};
use super::values::called_name;
use super::words::{has_word, words};
use crate::language::Language;

/// What a call reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A database.
    Database,
    /// A file or folder.
    File,
    /// Another machine.
    Network,
    /// Another program.
    Program,
}

impl Effect {
    /// It in a sentence: a fault of the ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::File => "disk",
            Self::Network => "network",
            Self::Program => "program that is run",
        }
    }
}

/// Methods that only databases and their mappers have.
const DATABASE: &[&str] = &[
    "execute",
    "executemany",
    "executescript",
    "fetchone",
    "fetchall",
    "fetchrow",
    "commit",
    "findone",
    "findbyid",
    "findbypk",
    "findmany",
    "findunique",
    "findfirst",
    "findall",
    "findoneby",
    "findoneorfail",
    "findbyidandupdate",
    "findbyidanddelete",
    "findoneandupdate",
    "insertone",
    "insertmany",
    "updateone",
    "updatemany",
    "deleteone",
    "deletemany",
    "bulkwrite",
    "upsert",
    "prepare",
    "fetchoptional",
    "queryrow",
];

/// Methods of a database when what they are called on says so.
const ON_DATABASE: &[&str] = &[
    "query",
    "get",
    "all",
    "run",
    "exec",
    "add",
    "save",
    "create",
    "update",
    "delete",
    "find",
    "filter",
    "first",
    "insert",
    "select",
    "raw",
    "transaction",
    "scalar",
    "scalars",
    "count",
    "one",
    "destroy",
    "each",
    "flush",
    "merge",
    "refresh",
];

/// Words of what a database is called.
const DATABASES: &[&str] = &[
    "db",
    "database",
    "conn",
    "connection",
    "cursor",
    "cur",
    "pool",
    "prisma",
    "knex",
    "sequelize",
    "mongo",
    "collection",
    "objects",
    "repository",
    "repo",
    "sql",
    "pg",
    "mysql",
    "sqlite",
    "redis",
    "tx",
    "trx",
    "orm",
    "store",
];

/// Functions of file systems, by their last name in lower case.
const FILES: &[&str] = &[
    "readfile",
    "readfilesync",
    "writefile",
    "writefilesync",
    "appendfile",
    "appendfilesync",
    "unlink",
    "unlinksync",
    "rename",
    "renamesync",
    "copyfile",
    "copyfilesync",
    "mkdir",
    "mkdirsync",
    "rmsync",
    "rmdir",
    "rmdirsync",
    "readdir",
    "readdirsync",
    "statsync",
    "makedirs",
    "copytree",
    "rmtree",
    "readtext",
    "writetext",
    "readbytes",
    "writebytes",
];

/// What the effect of an expression is, when it is a call that has one.
pub fn effect_of(file: &SourceFile, expr: &Expr) -> Option<Effect> {
    let call = expr.call()?;
    let name = called_name(&call.callee)?;
    let folded: String = name.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    if DATABASE.contains(&folded.as_str()) || has_statement(call) || is_on_database(call, &folded) {
        return Some(Effect::Database);
    }
    if is_of_file(file, call, &folded, &path) {
        return Some(Effect::File);
    }
    let root = path.split('.').next().unwrap_or_default();
    if matches!(root, "requests" | "httpx" | "axios" | "got" | "superagent" | "undici" | "urllib")
        && !folded.contains("quote")
        && !folded.contains("parse")
        || matches!(path.as_str(), "fetch" | "urllib.request.urlopen" | "node-fetch")
        || matches!(folded.as_str(), "sendmail" | "urlopen")
    {
        return Some(Effect::Network);
    }
    let program = root == "subprocess"
        || path.starts_with("child_process.")
        || matches!(
            path.as_str(),
            "os.system" | "os.popen" | "asyncio.create_subprocess_exec" | "asyncio.create_subprocess_shell"
        );
    program.then_some(Effect::Program)
}

/// Whether a call is given a statement of SQL.
fn has_statement(call: &Call) -> bool {
    call.arguments.first().and_then(|given| beginning(&given.value)).is_some_and(is_statement)
}

/// How a text begins, also one with values in it.
fn beginning(expr: &Expr) -> Option<&str> {
    use super::syntax::TemplatePart;
    match &expr.kind {
        ExprKind::Template(template) => match template.parts.first()? {
            TemplatePart::Text(text) => Some(text),
            TemplatePart::Value(_) => None,
        },
        ExprKind::Binary { left, .. } => beginning(left),
        _ => expr.string(),
    }
}

/// Whether a text is a statement of SQL.
pub fn is_statement(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_lowercase);
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match first.as_str() {
        "select" | "with" => text.to_lowercase().contains("from") || !second.is_empty() && text.len() > 8,
        "insert" | "replace" => matches!(second.as_str(), "into" | "or"),
        "update" => text.to_lowercase().contains(" set "),
        "delete" => second == "from",
        _ => false,
    }
}

fn is_on_database(call: &Call, name: &str) -> bool {
    let ExprKind::Member { object, .. } = &call.callee.kind else { return false };
    if !ON_DATABASE.contains(&name) {
        return false;
    }
    // `db.session.query(..)`, `User.objects.get(..)`, `getDb().get(..)`.
    let mut at = &**object;
    for _ in 0..6 {
        match &at.kind {
            ExprKind::Name(name) => {
                return has_word(name, DATABASES)
                    || name == "session"
                    || name.starts_with(char::is_uppercase)
                        && matches!(call.callee.kind, ExprKind::Member { .. })
                        && is_mapped(name, call);
            }
            ExprKind::Member { object, name, .. } => {
                if has_word(name, DATABASES)
                    || name == "session" && has_word(called_name(object).unwrap_or_default(), DATABASES)
                    || name == "query"
                {
                    return true;
                }
                at = object;
            }
            ExprKind::Call(inner) => at = &inner.callee,
            ExprKind::Await(value) => at = value,
            _ => return false,
        }
    }
    false
}

/// `User.create(..)`, `Order.find(..)`: a class that keeps its objects, and none that makes something in memory.
fn is_mapped(class: &str, call: &Call) -> bool {
    let name = called_name(&call.callee).unwrap_or_default();
    !matches!(
        class,
        "Object"
            | "Promise"
            | "Array"
            | "Map"
            | "Set"
            | "JSON"
            | "Math"
            | "Date"
            | "Buffer"
            | "Number"
            | "String"
            | "Reflect"
            | "Path"
    ) && matches!(name, "create" | "find" | "update" | "destroy" | "save" | "insert" | "query" | "delete")
}

fn is_of_file(file: &SourceFile, call: &Call, name: &str, path: &str) -> bool {
    let of_fs = path.starts_with("fs.")
        || path.starts_with("fs/promises.")
        || path.starts_with("fs-extra.")
        || path.starts_with("shutil.");
    let builtin = file.language == Language::Python && path == "open";
    let os = matches!(
        path,
        "os.remove"
            | "os.rename"
            | "os.replace"
            | "os.unlink"
            | "os.listdir"
            | "os.stat"
            | "os.makedirs"
            | "os.mkdir"
    );
    let upload = name == "save"
        && call.arguments.len() == 1
        && matches!(&call.callee.kind, ExprKind::Member { object, .. }
        if called_name(object).is_some_and(|name| matches!(name, "f" | "file" | "upload" | "img" | "image" | "picture")));
    of_fs && !matches!(name, "existssync" | "exists") || builtin || os || upload || FILES.contains(&name)
}

/// The first effect in a body, and the call that has it; functions inside it count.
pub fn first_effect<'a>(file: &SourceFile, body: &'a [Stmt]) -> Option<(Effect, &'a Expr)> {
    let mut found = None;
    each_in_body(body, &mut |node, _| {
        if let Node::Expr(expr) = node
            && found.is_none()
        {
            found = effect_of(file, expr).map(|effect| (effect, expr));
        }
        found.is_none()
    });
    found
}

/// Whether a call only judges what it is given: a validation, the reading of a token or of the request.
pub fn only_judges(call: &Call) -> bool {
    const JUDGES: &[&str] = &[
        "validate",
        "validator",
        "parse",
        "verify",
        "check",
        "decode",
        "safe",
        "assert",
        "schema",
        "compare",
        "json",
        "text",
        "form",
        "body",
        "multipart",
        "parts",
    ];
    called_name(&call.callee)
        .is_some_and(|name| words(name).iter().any(|word| JUDGES.contains(&word.as_str())))
}
