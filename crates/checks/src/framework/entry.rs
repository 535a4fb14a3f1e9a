//! How a program is started, found without being told: what its own files say first (Procfile, package.json, Dockerfile),
//! then the files that are usually the entry.

use std::collections::BTreeMap;

use rayon::prelude::*;
use seaworthy_core::limits::SOURCE_FILE_BYTES;
use seaworthy_core::surface::EntryPoint;
use serde_json::Value;

use super::{environment, listening};
use crate::context::Context;
use crate::facts::plain_text::is_example;
use crate::facts::source::SourceFile;
use crate::language::Language;

/// Python files that are usually the entry, in the order in which they are looked for.
const PYTHON: &[&str] = &["app.py", "main.py", "manage.py", "wsgi.py", "server.py", "run.py", "api.py"];
/// JavaScript files that are.
const NODE: &[&str] =
    &["app.js", "server.js", "index.js", "main.js", "src/app.js", "src/server.js", "src/index.js"];

/// The entries that are found, best first.
pub(super) fn entries(context: &Context<'_>) -> Vec<EntryPoint> {
    let survey = Survey::of(context);
    let mut entries: Vec<EntryPoint> = Vec::new();
    let mut add = |command: Vec<String>, why: String, file: Option<&str>| {
        if !command.is_empty() && !entries.iter().any(|entry| entry.command == command) {
            entries.push(survey.entry(command, why, file));
        }
    };
    if let Some(command) = procfile(context) {
        add(command, "the Procfile's `web` line".to_owned(), None);
    }
    if let Some((command, file)) = package_start(context) {
        add(command, "package.json's `start` script".to_owned(), file.as_deref());
    }
    for name in PYTHON.iter().filter(|name| survey.may_start(name)) {
        if let Some((command, why)) = python(context, name) {
            add(command, why, Some(name));
        }
    }
    if survey.python {
        for (file, (command, why)) in packaged(context) {
            add(command, why, Some(file));
        }
    }
    for name in NODE.iter().filter(|name| survey.may_start(name)) {
        add(
            vec!["node".to_owned(), (*name).to_owned()],
            format!("{name} is there, and the program listens"),
            Some(name),
        );
    }
    if survey.rust && context.file("src/main.rs").is_some() {
        let command = ["cargo", "run", "--quiet", "--offline"].map(str::to_owned).to_vec();
        add(command, "src/main.rs is there, and the program listens".to_owned(), Some("src/main.rs"));
    }
    if let Some(command) = dockerfile(context) {
        add(command, "the Dockerfile's CMD".to_owned(), None);
    }
    entries
}

/// What the program's own files, tests left out, say of listening and of the environment.
struct Survey {
    listens: Vec<listening::Listens>,
    python: bool,
    node: bool,
    rust: bool,
    environment: Vec<(String, bool)>,
}

impl Survey {
    fn of(context: &Context<'_>) -> Self {
        let mut survey =
            Self { listens: Vec::new(), python: false, node: false, rust: false, environment: Vec::new() };
        let mut variables = BTreeMap::new();
        let sources = context.files.par_iter().filter(|file| !file.is_test);
        let read: Vec<(&SourceFile, Vec<listening::Listens>, bool)> = sources
            .map(|file| {
                let app = file.language == Language::Python && listening::makes(file, PYTHON_SERVED);
                (file, listening::listening(file), app)
            })
            .collect();
        for (file, found, app) in read {
            match file.language {
                Language::Python => survey.python |= !found.is_empty() || app || file.path == "manage.py",
                Language::JavaScript | Language::TypeScript => survey.node |= !found.is_empty(),
                Language::Rust => survey.rust |= !found.is_empty(),
            }
            survey.listens.extend(found);
            environment::read(file, &mut variables);
        }
        // Set by whoever starts it anyway.
        variables.retain(|name, _| {
            !matches!(name.as_str(), "PORT" | "DATA_DIR" | "HOME" | "PATH" | "TMPDIR" | "NODE_ENV")
        });
        survey.environment = variables.into_iter().collect();
        survey
    }

    /// Whether a file of this name could start something that listens.
    fn may_start(&self, name: &str) -> bool {
        if name.ends_with(".py") { self.python } else { self.node }
    }

    fn entry(&self, command: Vec<String>, why: String, file: Option<&str>) -> EntryPoint {
        let path = |listens: &&listening::Listens| match &listens.at {
            seaworthy_core::Location::Source { path, .. } => Some(path.as_str()) == file,
            _ => false,
        };
        let listens = self.listens.iter().find(path).or_else(|| self.listens.first());
        EntryPoint {
            command,
            why,
            listens: listens.map(|listens| listens.at.clone()),
            ports: self.listens.iter().flat_map(|listens| listens.ports.clone()).collect(),
            environment: self.environment.clone(),
        }
    }
}

/// Applications that a server of another package serves.
const PYTHON_SERVED: &[&str] =
    &["flask.Flask", "fastapi.FastAPI", "starlette.applications.Starlette", "quart.Quart"];

/// The interpreter of the project's own environment, where there is one.
fn interpreter(context: &Context<'_>) -> String {
    let own = [".venv/bin/python", "venv/bin/python"];
    let root = context.tree.root();
    let found = own.into_iter().find(|path| root.is_some_and(|root| root.join(path).exists()));
    found.unwrap_or("python3").to_owned()
}

fn python(context: &Context<'_>, name: &str) -> Option<(Vec<String>, String)> {
    let file = context.file(name)?;
    let python = interpreter(context);
    let words = |words: &[&str]| {
        std::iter::once(python.clone()).chain(words.iter().map(|word| (*word).to_owned())).collect::<Vec<_>>()
    };
    if name == "manage.py" {
        let django = file.text.contains("django");
        return django.then(|| {
            (
                words(&[name, "runserver", "--noreload", "127.0.0.1:{port}"]),
                "manage.py is Django's".to_owned(),
            )
        });
    }
    // A file that is run listens itself, or has what it imports listen; one that only makes an application is served by its framework.
    let runs = file.text.contains("__main__") || !listening::listening(file).is_empty();
    let module = name.trim_end_matches(".py");
    if runs {
        return Some((words(&[name]), format!("{name} is there, and the program listens")));
    }
    if listening::makes(file, &["fastapi.FastAPI", "starlette.applications.Starlette"]) {
        let app = format!("{module}:{}", application(file)?);
        return Some((
            words(&["-m", "uvicorn", &app, "--port", "{port}"]),
            format!("{name} makes an ASGI application"),
        ));
    }
    if listening::makes(file, &["flask.Flask", "quart.Quart"]) {
        let app = format!("{module}:{}", application(file)?);
        return Some((
            words(&["-m", "flask", "--app", &app, "run", "--port", "{port}"]),
            format!("{name} makes a Flask application"),
        ));
    }
    // It may call what listens in another module without any guard.
    let calls = file.syntax.body.iter().any(
        |stmt| matches!(&stmt.kind, crate::facts::syntax::StmtKind::Expr(expr) if expr.call().is_some()),
    );
    calls.then(|| (words(&[name]), format!("{name} is there, and the program listens")))
}

/// Applications that are made in a package, by their module's dotted name: `app/main.py` is `app.main`. The nearest to the root first.
fn packaged<'a>(context: &'a Context<'_>) -> Vec<(&'a str, (Vec<String>, String))> {
    let made = context.files.iter().filter(|file| {
        file.language == Language::Python
            && !file.is_test
            && file.path.contains('/')
            && !is_example(&file.path)
            && listening::makes(file, PYTHON_SERVED)
    });
    let mut made: Vec<&SourceFile> = made.collect();
    made.sort_by_key(|file| (file.path.matches('/').count(), &file.path));
    made.into_iter().filter_map(|file| Some((file.path.as_str(), served(context, file)?))).collect()
}

/// The command that serves the application of a file in a package, from the root.
fn served(context: &Context<'_>, file: &SourceFile) -> Option<(Vec<String>, String)> {
    let module = file.path.strip_suffix(".py")?;
    let module = module.strip_suffix("/__init__").unwrap_or(module);
    // https://packaging.python.org/en/latest/discussions/src-layout-vs-flat-layout/
    let (folder, module) = module.strip_prefix("src/").map_or(("", module), |rest| ("src", rest));
    let module = module.replace('/', ".");
    let python = interpreter(context);
    let mut words: Vec<String> = vec![python, "-m".to_owned()];
    let factory = || {
        let is_factory = |name: &str| matches!(name, "create_app" | "make_app" | "get_app");
        let made = file.syntax.body.iter().filter_map(|stmt| match &stmt.kind {
            crate::facts::syntax::StmtKind::Function(function) => Some(&function.name),
            _ => None,
        });
        made.into_iter().find(|name| is_factory(name)).map(ToString::to_string)
    };
    if listening::makes(file, &["flask.Flask", "quart.Quart"]) {
        if !folder.is_empty() {
            return None;
        }
        let app = application(file).or_else(factory)?;
        words.extend(
            ["flask", "--app", &format!("{module}:{app}"), "run", "--port", "{port}"].map(str::to_owned),
        );
        return Some((words, format!("{} makes a Flask application", file.path)));
    }
    words.push("uvicorn".to_owned());
    if !folder.is_empty() {
        words.extend(["--app-dir".to_owned(), folder.to_owned()]);
    }
    match application(file) {
        Some(app) => words.push(format!("{module}:{app}")),
        None => words.extend(["--factory".to_owned(), format!("{module}:{}", factory()?)]),
    }
    words.extend(["--port".to_owned(), "{port}".to_owned()]);
    Some((words, format!("{} makes an ASGI application", file.path)))
}

/// The global name that an application is bound to.
fn application(file: &SourceFile) -> Option<String> {
    file.syntax.body.iter().find_map(|stmt| {
        let crate::facts::syntax::StmtKind::Assign(assign) = &stmt.kind else { return None };
        let made = assign.value.as_ref().and_then(|value| file.resolve(&value.call()?.callee))?;
        if PYTHON_SERVED.contains(&made.as_str()) { assign.targets.first()?.dotted() } else { None }
    })
}

/// `web: command` (Heroku's Procfile).
fn procfile(context: &Context<'_>) -> Option<Vec<String>> {
    let text = context.tree.read_text("Procfile", SOURCE_FILE_BYTES)?;
    let line = text.lines().find_map(|line| line.strip_prefix("web:"))?;
    Some(shell_line(line.trim()))
}

/// The `start` script (package.json(5) of npm), and the file it runs.
fn package_start(context: &Context<'_>) -> Option<(Vec<String>, Option<String>)> {
    let text = context.tree.read_text("package.json", SOURCE_FILE_BYTES)?;
    let package: Value = serde_json::from_str(&text).ok()?;
    let script = package.get("scripts")?.get("start")?.as_str()?;
    let words = shell_line(script);
    // What a package installs is on a script's path and not on ours.
    let words = if words.first().is_some_and(|word| word == "node" || word == "sh") {
        words
    } else {
        ["npm", "start", "--silent"].map(str::to_owned).to_vec()
    };
    let file = words.iter().find(|word| context.tree.entry(word).is_some()).cloned();
    Some((words, file))
}

/// `CMD ["a", "b"]` or `CMD a b`; the last one counts (Dockerfile reference).
fn dockerfile(context: &Context<'_>) -> Option<Vec<String>> {
    let text = context.tree.read_text("Dockerfile", SOURCE_FILE_BYTES)?;
    let line = text.lines().rev().find_map(|line| line.trim_start().strip_prefix("CMD"))?.trim();
    serde_json::from_str::<Vec<String>>(line).ok().or_else(|| Some(shell_line(line)))
}

/// A line as the shell would run it; through the shell only where it has to be.
fn shell_line(line: &str) -> Vec<String> {
    let line = line.replace("${PORT}", "{port}").replace("$PORT", "{port}");
    let plain = |c: char| c.is_alphanumeric() || " -_./:=@,+{}".contains(c);
    let assigns = line.split_whitespace().next().is_some_and(|word| word.contains('='));
    if line.chars().all(plain) && !assigns {
        line.split_whitespace().map(str::to_owned).collect()
    } else {
        ["sh", "-c", &line].map(str::to_owned).to_vec()
    }
}
