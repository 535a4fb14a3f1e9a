//! What a program needs to start and lacks, read from its own words. One table; a new saying is one line in it.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::distribution;

/// Something a program lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A Python module.
    PythonModule(String),
    /// A Node package or file.
    NodeModule(String),
    /// An environment variable.
    Variable(String),
    /// A server on this port.
    Server(u16),
    /// A port that is taken.
    Port(Option<u16>),
    /// A file or folder.
    File(String),
    /// A host's name that does not resolve.
    Host(String),
    /// A program that is not installed.
    Program(String),
    /// A right to write somewhere.
    Writing(String),
}

/// What makes a [`Need`] of what a saying captured.
type Make = fn(String) -> Option<Need>;

/// Sayings and what they mean. Where several match, all are told; the same need is told once.
const SAYINGS: &[(&str, Make)] = &[
    // Python (importlib)
    (r"ModuleNotFoundError: No module named '([\w.]+)'", |name| Some(Need::PythonModule(name))),
    (r"ImportError: No module named '?([\w.]+)'?", |name| Some(Need::PythonModule(name))),
    (r"(?m)^\S*python[\d.]*: No module named ([\w.]+)\s*$", |name| Some(Need::PythonModule(name))),
    // Node (CommonJS, then ES modules)
    (r"Cannot find module '([^']+)'", |name| Some(Need::NodeModule(name))),
    (r"Cannot find package '([^']+)'", |name| Some(Need::NodeModule(name))),
    // A variable, as Python's os.environ, pydantic-settings, Node programs and Rust's std::env say it
    (r"KeyError: '([A-Z][A-Z0-9_]{2,})'", |name| Some(Need::Variable(name))),
    (
        r"(?i)(?:missing|required|undefined|unset|must set|please set|not set)[^\n]{0,40}?(?:variable|env|environment)[^\n]{0,12}?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b",
        |name| variable(&name),
    ),
    (
        r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b[^\n]{0,40}?(?i:(?:is|are|was|be) (?:not set|required|missing|undefined|not defined|set))",
        |name| variable(&name),
    ),
    (r"(?i)environment variable[ :`'\x22]+([A-Z][A-Z0-9_]{2,})", |name| variable(&name)),
    // A server: Node, Python, PostgreSQL's and Redis's clients
    (r"ECONNREFUSED [\w.:\[\]]*?:(\d{1,5})\b", |port| server(&port)),
    (r"Error \d+ connecting to [\w.\-]+:(\d{1,5})", |port| server(&port)),
    (r#"connection to server at [^\n]*?port (\d{1,5}) failed"#, |port| server(&port)),
    (r"(?i)connection refused[^\n]{0,80}?\bport[ =:]+(\d{1,5})", |port| server(&port)),
    (r"(?i)\bport[ =:]+(\d{1,5})[^\n]{0,80}?connection refused", |port| server(&port)),
    (r"(?i)Can't connect to (?:MySQL|MariaDB) server on '[^']*?:(\d{1,5})'", |port| server(&port)),
    (r"(?i)[\w.\-]+:(\d{1,5}): (?:\[Errno \d+\] )?connection refused", |port| server(&port)),
    // A name: Node, Python
    (r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.\-]+)", |name| Some(Need::Host(name))),
    (r#"could not translate host name "([^"]+)""#, |name| Some(Need::Host(name))),
    // A port: Node, Python, Go and Rust
    (r"EADDRINUSE[^\n]*?:(\d{1,5})\b", |port| Some(Need::Port(port.parse().ok()))),
    (r"(?:Address already in use|Address in use)[^\n]*?:?(\d{2,5})?", |port| {
        Some(Need::Port(port.parse().ok()))
    }),
    // Files and rights
    (r"FileNotFoundError: \[Errno 2\] No such file or directory: '([^']+)'", |path| Some(Need::File(path))),
    (r"ENOENT: no such file or directory, \w+ '([^']+)'", |path| Some(Need::File(path))),
    (r"can't open file '([^']+)'", |path| Some(Need::File(path))),
    (r"PermissionError: \[Errno 13\] Permission denied: '([^']+)'", |path| Some(Need::Writing(path))),
    (r"EACCES: permission denied, \w+ '([^']+)'", |path| Some(Need::Writing(path))),
    (r"(?:unable to open database file|attempt to write a readonly database)()", |_| {
        Some(Need::Writing("its database".to_owned()))
    }),
    // Shells and package runners
    (r"(?m)^(?:/bin/)?(?:ba|da)?sh: (?:line )?(?:\d+: )?([\w./\-]+): (?:command )?not found", |name| {
        Some(Need::Program(name))
    }),
];

static TABLE: LazyLock<Vec<(Regex, Make)>> = LazyLock::new(|| {
    // A saying that does not compile is left out here and caught by the test below.
    SAYINGS
        .iter()
        .filter_map(|(saying, make)| Regex::new(saying).ok().map(|saying| (saying, *make)))
        .collect()
});

fn variable(name: &str) -> Option<Need> {
    // `ERR_MODULE_NOT_FOUND` and the like are codes, not variables.
    let code = ["ERR_", "E_", "ERROR_", "ESLINT_"].iter().any(|prefix| name.starts_with(prefix));
    (!code && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .then(|| Need::Variable(name.to_owned()))
}

fn server(port: &str) -> Option<Need> {
    port.parse().ok().filter(|port| *port > 0).map(Need::Server)
}

/// What a log says is lacking, in the order of the table.
pub fn needs(log: &str) -> Vec<Need> {
    let mut found = Vec::new();
    for (saying, make) in TABLE.iter() {
        for capture in saying.captures_iter(log) {
            let captured = capture.get(1).map(|group| group.as_str().to_owned()).unwrap_or_default();
            found.extend(make(captured).filter(|need| !found.contains(need)));
        }
    }
    found
}

impl Need {
    /// What lacks, and the line of plan or the command that would supply it.
    ///
    /// `root` is the project's, and `dir` the folder below it that the service runs in.
    pub fn advice(&self, service: &str, root: &Path, dir: &str) -> String {
        match self {
            Self::PythonModule(name) => {
                let install = distribution::advice(name, root, dir);
                format!(
                    "it needs the Python module {name}: {install}, or name an environment that has it: start = [\".venv/bin/python\", ..]"
                )
            }
            Self::NodeModule(name) if name.starts_with(['.', '/']) => {
                format!(
                    "it needs the file {name}: build it first, or name the right one: start = [\"node\", \"..\"]"
                )
            }
            Self::NodeModule(name) => {
                format!("it needs the package {name}: `npm install` beside its package.json")
            }
            Self::Variable(name) => {
                format!("it needs the variable {name}: env = {{ {name} = \"..\" }} in [[service]] {service}")
            }
            Self::Server(port) => {
                let (name, start) = known_server(*port);
                format!(
                    "it needs {name} on port {port}: [[service.dependency]] name = \"{name}\", start = [{start}, ..], env = {{ .. = \"..{{port}}..\" }}"
                )
            }
            Self::Port(Some(port)) => {
                format!("port {port} is taken: let it listen where the variable PORT says")
            }
            Self::Port(None) => "its port is taken: let it listen where the variable PORT says".to_owned(),
            Self::File(path) => format!(
                "it needs the file {path}: make it part of the tree, or set dir = \"..\" in [[service]] {service}"
            ),
            Self::Host(name) => {
                format!(
                    "it needs the host {name}, and nothing leaves this machine: [[service.dependency]] with env that leads to it"
                )
            }
            Self::Program(name) => format!(
                "it needs the program {name}: install it, or name another: start = [..] in [[service]] {service}"
            ),
            Self::Writing(path) => format!(
                "it may not write {path}: let it write where the variable DATA_DIR says, start = [.., \"{{data}}\"]"
            ),
        }
    }
}

/// The servers that usually listen on a port (IANA's registry and their own defaults).
fn known_server(port: u16) -> (&'static str, &'static str) {
    match port {
        5432 => ("postgresql", "\"postgres\", \"-p\", \"{port}\", \"-D\", \"{data}\""),
        6379 => ("redis", "\"redis-server\", \"--port\", \"{port}\""),
        3306 => ("mysql", "\"mysqld\", \"--port={port}\""),
        27017 => ("mongodb", "\"mongod\", \"--port\", \"{port}\""),
        5672 => ("rabbitmq", "\"rabbitmq-server\""),
        9092 => ("kafka", "\"kafka-server-start.sh\""),
        11211 => ("memcached", "\"memcached\", \"-p\", \"{port}\""),
        _ => ("a server", "\"..\", \"{port}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_saying_of_the_table_compiles() {
        assert_eq!(TABLE.len(), SAYINGS.len());
    }

    #[test]
    fn what_real_programs_say_is_understood() {
        // Last lines printed by CPython 3.11, Node 20, psycopg 3, redis-py 5, pydantic-settings 2.
        let said = [
            (
                "Traceback (most recent call last):\n  File \"app.py\", line 1, in <module>\nModuleNotFoundError: No module named 'flask_cors'",
                Need::PythonModule("flask_cors".into()),
            ),
            ("/usr/bin/python3: No module named uvicorn", Need::PythonModule("uvicorn".into())),
            (
                "Error: Cannot find module 'express'\nRequire stack:\n- /app/server.js",
                Need::NodeModule("express".into()),
            ),
            (
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'fastify' imported from /app/index.mjs",
                Need::NodeModule("fastify".into()),
            ),
            (
                "  File \"<frozen os>\", line 679, in __getitem__\nKeyError: 'APP_SECRET'",
                Need::Variable("APP_SECRET".into()),
            ),
            ("Error: JWT_SECRET environment variable is required", Need::Variable("JWT_SECRET".into())),
            ("Missing required environment variable: DATABASE_URL", Need::Variable("DATABASE_URL".into())),
            ("Error: connect ECONNREFUSED 127.0.0.1:5432", Need::Server(5432)),
            (
                "psycopg.OperationalError: connection failed: connection to server at \"127.0.0.1\", port 5432 failed: Connection refused",
                Need::Server(5432),
            ),
            (
                "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
                Need::Server(6379),
            ),
            ("Error: listen EADDRINUSE: address already in use :::3000", Need::Port(Some(3000))),
            ("OSError: [Errno 98] Address already in use", Need::Port(None)),
            ("Error: getaddrinfo ENOTFOUND db.internal", Need::Host("db.internal".into())),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: 'config.yaml'",
                Need::File("config.yaml".into()),
            ),
            ("sqlite3.OperationalError: unable to open database file", Need::Writing("its database".into())),
        ];
        for (log, need) in said {
            assert!(needs(log).contains(&need), "{log}: {:?}", needs(log));
        }
    }

    #[test]
    fn ordinary_logs_need_nothing() {
        let log = " * Serving Flask app 'app'\n * Debug mode: off\nWARNING: This is a development server.\n * Running on http://127.0.0.1:5000\n127.0.0.1 - - \"GET / HTTP/1.1\" 404 -";
        assert_eq!(needs(log), []);
    }

    #[test]
    fn every_need_says_the_line_that_supplies_it() {
        let advice = |need: Need| need.advice("shop", Path::new("/nowhere"), ".");
        assert!(advice(Need::Variable("APP_SECRET".into())).contains("env = { APP_SECRET"));
        assert!(advice(Need::Server(5432)).contains("[[service.dependency]]"));
        assert!(advice(Need::PythonModule("flask_cors.x".into())).contains("pip install Flask-Cors"));
    }
}
