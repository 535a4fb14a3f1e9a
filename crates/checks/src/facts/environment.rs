//! Reads of the environment and of settings: which variable, and what stands in for it when it is not set.

use super::source::SourceFile;
use super::syntax::{CallStyle, Expr, ExprKind};
use super::values::{called_name, keyword};
use super::words::has_word;

/// One read of a variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable<'a> {
    /// Its name as written.
    pub name: &'a str,
    /// What the read itself gives when the variable is not set.
    pub default: Option<&'a Expr>,
    /// Whether the read fails when it is not set: `os.environ["X"]`, `getOrThrow("X")`, `env!("X")`.
    pub required: bool,
    /// Whether it is the process's environment and not a settings object (`config.get("X")`).
    pub from_environment: bool,
}

/// What is called to read a variable of any name; everything else reads those in capitals only.
const READERS: &[&str] = &[
    "config",
    "env",
    "get",
    "getOrThrow",
    "getString",
    "get_or_throw",
    "getenv",
    "option_env",
    "pop",
    "setdefault",
    "var",
    "var_os",
];

/// The variable that an expression reads: `os.environ["X"]`, `os.getenv("X", default)`, `process.env.X`, `Deno.env.get("X")`, `std::env::var("X")`,
/// `config("X", default=..)` of decouple, Starlette and environs, and a project's own `get_env("X", ..)`.
pub fn variable<'a>(file: &SourceFile, expr: &'a Expr) -> Option<Variable<'a>> {
    let of_environment = |name, required| Variable { name, default: None, required, from_environment: true };
    match &expr.kind {
        ExprKind::Index { object, index } => {
            let name = index.string()?;
            match object_of_variables(file, object)? {
                "os.environ" => Some(of_environment(name, true)),
                _ => Some(of_environment(name, false)),
            }
        }
        ExprKind::Member { object, name, .. } if is_variable_name(name) => {
            (object_of_variables(file, object)? == "env").then_some(of_environment(name.as_str(), false))
        }
        ExprKind::Call(call) => {
            let name = call.arguments.first()?.value.string()?;
            // Asked of every call with a text: what the name stands for is looked up for few.
            let called = called_name(&call.callee)?;
            if !is_variable_name(name) && !READERS.contains(&called) {
                return None;
            }
            let second = call.arguments.get(1).filter(|argument| argument.name.is_none());
            let default = keyword(&call.arguments, "default").or(second.map(|second| &second.value));
            let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
            match path.as_str() {
                "os.environ.get"
                | "os.getenv"
                | "os.environ.setdefault"
                | "os.environ.pop"
                | "decouple.config" => {
                    return Some(Variable { name, default, required: false, from_environment: true });
                }
                "std.env.var" | "std.env.var_os" | "env.var" | "env.var_os" | "dotenvy.var"
                | "dotenv.var" | "option_env" => return Some(of_environment(name, false)),
                "env" if call.style == CallStyle::Macro => return Some(of_environment(name, true)),
                _ => {}
            }
            by_name(call, called, name, default)
        }
        _ => None,
    }
}

/// Readers that are known by what they are called.
fn by_name<'a>(
    call: &super::syntax::Call,
    called: &str,
    name: &'a str,
    default: Option<&'a Expr>,
) -> Option<Variable<'a>> {
    let object = match &call.callee.kind {
        ExprKind::Member { object, .. } => called_name(object),
        _ => None,
    };
    match (object, called) {
        // environs and django-environ.
        (Some("env"), _) if is_variable_name(name) => {
            Some(Variable { name, default, required: default.is_none(), from_environment: true })
        }
        (None, "env" | "config" | "getenv") if is_variable_name(name) => {
            Some(Variable { name, default, required: default.is_none(), from_environment: true })
        }
        (Some(object), "get" | "getOrThrow" | "getString" | "get_or_throw")
            if has_word(object, &["config", "settings", "env", "environment", "environ"]) =>
        {
            let required = matches!(called, "getOrThrow" | "get_or_throw");
            Some(Variable { name, default, required, from_environment: false })
        }
        _ if is_variable_name(name) && has_word(called, &["env", "getenv", "environ", "environment"]) => {
            Some(Variable { name, default, required: default.is_none(), from_environment: true })
        }
        _ => None,
    }
}

/// What an object of variables is known as: `os.environ`, or `env` for `process.env` and its like.
fn object_of_variables(file: &SourceFile, object: &Expr) -> Option<&'static str> {
    let path = file.resolve(object).or_else(|| object.dotted())?;
    match path.as_str() {
        "os.environ" | "environ" => Some("os.environ"),
        "process.env" | "Bun.env" | "import.meta.env" | "env" => Some("env"),
        // Cloudflare's `c.env.X`, `const { process } = globalThis`.
        _ if path.ends_with(".env") => Some("env"),
        _ => None,
    }
}

/// `JWT_SECRET`: names of variables are written in capitals.
pub fn is_variable_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
