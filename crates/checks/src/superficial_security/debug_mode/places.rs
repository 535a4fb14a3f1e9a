//! Where debug mode is turned on: calls, settings and options.

use super::state::{State, state};
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name, entry};
use crate::facts::words::has_word;
use crate::language::Language;
use crate::superficial_security::fallback_secret::refusal::{is_of_one_environment, replaces};

/// What debug mode does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Werkzeug's debugger.
    Debugger,
    /// Traces and settings in answers.
    Pages,
    /// Traces in answers, of Node's frameworks.
    Traces,
    /// A process that watches files and starts again.
    Reloader,
}

impl Kind {
    pub(super) fn harm(self) -> &'static str {
        match self {
            Self::Debugger => {
                "whoever makes a request fail sees source and values, and gets a console that runs any Python here, behind a PIN made of the machine's own data"
            }
            Self::Pages => "whoever makes a request fail sees the trace, the source and the settings",
            Self::Traces => "whoever makes a request fail sees the trace with the paths of files",
            Self::Reloader => {
                "the server is started again whenever a file changes, which cuts off what is under way, and runs in one process only"
            }
        }
    }

    pub(super) fn variant(self) -> &'static str {
        match self {
            Self::Debugger => "debugger",
            Self::Pages | Self::Traces => "error-pages",
            Self::Reloader => "reloader",
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Debugger => {
                "write `debug=os.environ.get(\"FLASK_DEBUG\") == \"1\"`, and start it in production with a server that has no debugger (`gunicorn app:app`)"
            }
            Self::Pages => {
                "write `DEBUG = os.environ.get(\"DEBUG\") == \"1\"`: off unless a variable turns it on"
            }
            Self::Traces => {
                "write it under `if (process.env.NODE_ENV === \"development\")`, and log the error where only you read it"
            }
            Self::Reloader => "leave it to the command line of who develops (`uvicorn app:app --reload`)",
        }
    }
}

/// One place.
pub(super) struct Place {
    pub(super) extent: Extent,
    /// What is done there, for a message.
    pub(super) what: String,
    pub(super) kind: Kind,
    pub(super) state: State,
    /// Whether it only counts when the file itself is run.
    pub(super) is_own_start: bool,
}

/// The places of a file.
pub(super) fn places(context: &Context<'_>, file: &SourceFile) -> Vec<Place> {
    let Some(file) = context.file(&file.path) else { return Vec::new() };
    let mut search = Search { context, file, values: FileValues::of(&file.syntax), found: Vec::new() };
    if file.language == Language::Python {
        search.django();
    }
    if says_how(file) {
        each_node(&file.syntax, &mut |node, around| {
            search.node(node, around);
            true
        });
    }
    search.found
}

/// Whether a word of the file can turn debug mode on; most files of a program hold none.
fn says_how(file: &SourceFile) -> bool {
    let words: &[&str] = match file.language {
        Language::Python => &["debug", "DEBUG", "reload"],
        Language::JavaScript | Language::TypeScript => {
            &["errorhandler", "development", "includeStacktraceInErrorResponses"]
        }
        Language::Rust => &[],
    };
    words.iter().any(|word| file.text.contains(word))
}

struct Search<'c, 'a> {
    context: &'c Context<'a>,
    file: &'a SourceFile,
    values: FileValues<'a>,
    found: Vec<Place>,
}

impl<'a> Search<'_, 'a> {
    fn node(&mut self, node: Node<'a>, around: Around<'a, '_>) {
        match (self.file.language, node) {
            (Language::Python, Node::Expr(Expr { kind: ExprKind::Call(call), .. })) => {
                self.python_call(call, around);
            }
            (Language::Python, Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent })) => {
                let (Some(target), Some(value)) = (assign.targets.first(), &assign.value) else { return };
                if is_flag_of_app(target) {
                    let what = format!("`{}` is true", self.file.text_of(target.extent));
                    self.add(*extent, what, Kind::Debugger, value, around, true);
                }
            }
            (
                Language::JavaScript | Language::TypeScript,
                Node::Expr(Expr { kind: ExprKind::Call(call), extent }),
            ) => {
                self.script_call(call, *extent, around);
            }
            _ => {}
        }
    }

    fn add(
        &mut self,
        extent: Extent,
        what: String,
        kind: Kind,
        value: &'a Expr,
        around: Around<'a, '_>,
        is_own_start: bool,
    ) {
        if is_of_one_environment(around) {
            return;
        }
        let state = state(self.context, self.file, &mut self.values, value, around);
        self.found.push(Place { extent, what, kind, state, is_own_start });
    }

    fn python_call(&mut self, call: &'a Call, around: Around<'a, '_>) {
        let path = self.file.resolve(&call.callee).unwrap_or_default();
        let Some(name) = called_name(&call.callee) else { return };
        let named =
            |name: &str| call.arguments.iter().find(|argument| argument.name.as_deref() == Some(name));
        let (flag, kind, is_own_start) = match (path.as_str(), name) {
            ("uvicorn.run", _) => ("reload", Kind::Reloader, true),
            ("werkzeug.serving.run_simple", _) | ("werkzeug.run_simple", _) => {
                ("use_debugger", Kind::Debugger, true)
            }
            (
                "fastapi.FastAPI"
                | "starlette.applications.Starlette"
                | "tornado.web.Application"
                | "litestar.Litestar",
                _,
            ) => ("debug", Kind::Pages, false),
            ("bottle.run", _) => ("debug", Kind::Pages, true),
            // Of the frameworks whose application has a `run`, this one imports or is handed one.
            (path, "run" | "run_server")
                if is_run_of_app(path, call)
                    && uses(
                        self.file,
                        &["flask", "quart", "dash", "sanic", "flask_socketio", "app", "application"],
                    ) =>
            {
                ("debug", Kind::Debugger, true)
            }
            (_, "update" | "from_mapping") if is_config(&call.callee) => ("DEBUG", Kind::Debugger, true),
            _ => return,
        };
        if let Some(argument) = named(flag) {
            let start =
                argument.value.extent.start.saturating_sub(u32::try_from(flag.len() + 1).unwrap_or(0));
            let extent = Extent { start, end: argument.value.extent.end };
            let text = self.file.text_of(call.callee.extent);
            self.add(
                extent,
                format!("`{text}` is called with `{flag}` on"),
                kind,
                &argument.value,
                around,
                is_own_start,
            );
        }
    }

    fn script_call(&mut self, call: &'a Call, extent: Extent, around: Around<'a, '_>) {
        let path = self.file.resolve(&call.callee).unwrap_or_default();
        let first = call.arguments.first().map(|argument| &argument.value);
        match (path.as_str(), called_name(&call.callee)) {
            ("errorhandler" | "errorhandler.default", _) if !is_of_one_environment(around) => {
                let what = "`errorhandler()` answers with the trace".to_owned();
                self.found.push(Place {
                    extent,
                    what,
                    kind: Kind::Traces,
                    state: State::On,
                    is_own_start: false,
                });
            }
            (_, Some("set")) if first.and_then(Expr::string) == Some("env") => {
                let value = call.arguments.get(1).and_then(|argument| argument.value.string());
                if value == Some("development") && is_app(&call.callee) && !is_of_one_environment(around) {
                    let what = "`env` is set to \"development\"".to_owned();
                    self.found.push(Place {
                        extent,
                        what,
                        kind: Kind::Traces,
                        state: State::On,
                        is_own_start: false,
                    });
                }
            }
            (_, Some("ApolloServer")) => {
                let Some(options) = first else { return };
                if let Some(value) = entry(options, "includeStacktraceInErrorResponses") {
                    let what = "`includeStacktraceInErrorResponses` is on".to_owned();
                    self.add(value.extent, what, Kind::Traces, value, around, false);
                }
            }
            _ => {}
        }
    }

    /// `DEBUG = True` in Django's settings: the last word at the top of the file counts.
    fn django(&mut self) {
        let is_settings =
            self.file.text.contains("INSTALLED_APPS") || self.file.text.contains("ROOT_URLCONF");
        if !is_settings
            || self
                .context
                .files
                .iter()
                .any(|other| other.path != self.file.path && replaces(other, &["DEBUG"]))
        {
            return;
        }
        let file = self.file;
        let mut sets: Vec<(&'a Stmt, &'a Expr)> = Vec::new();
        let mut others = false;
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Stmt(stmt) = node
                && let StmtKind::Assign(assign) = &stmt.kind
                && assign
                    .targets
                    .iter()
                    .any(|target| matches!(&target.kind, ExprKind::Name(name) if name == "DEBUG"))
                && let Some(value) = &assign.value
            {
                if around.is_empty() { sets.push((stmt, value)) } else { others = true }
            }
            node.function().is_none() && node.class().is_none()
        });
        let Some((stmt, value)) = sets.last().copied() else { return };
        let mut state = state(self.context, file, &mut self.values, value, &[]);
        let imports_more =
            file.imports.iter().any(|fact| fact.import.star && fact.extent.start > stmt.extent.start);
        if state == State::On && (others || imports_more) {
            state = State::Perhaps;
        }
        let what = "`DEBUG` is on in Django's settings".to_owned();
        self.found.push(Place { extent: stmt.extent, what, kind: Kind::Pages, state, is_own_start: false });
    }
}

/// `app.debug`, `app.config["DEBUG"]`.
fn is_flag_of_app(target: &Expr) -> bool {
    match &target.kind {
        ExprKind::Member { object, name, .. } => {
            name == "debug" && matches!(called_name(object), Some("app" | "application"))
        }
        ExprKind::Index { object, index } => {
            matches!(index.string(), Some("DEBUG" | "FLASK_DEBUG"))
                && matches!(&object.kind, ExprKind::Member { object, name, .. } if name == "config" && matches!(called_name(object), Some("app" | "application")))
        }
        _ => false,
    }
}

/// `app.config.update(..)`.
fn is_config(callee: &Expr) -> bool {
    matches!(&callee.kind, ExprKind::Member { object, .. }
        if matches!(&object.kind, ExprKind::Member { object, name, .. } if name == "config" && matches!(called_name(object), Some("app" | "application"))))
}

fn is_app(callee: &Expr) -> bool {
    matches!(&callee.kind, ExprKind::Member { object, .. } if matches!(called_name(object), Some("app" | "server")))
}

/// A method `run` of an application, and not `asyncio.run` or `subprocess.run`.
fn is_run_of_app(path: &str, call: &Call) -> bool {
    let ExprKind::Member { object, .. } = &call.callee.kind else { return false };
    let owner = called_name(object).unwrap_or_default();
    let is_module = matches!(path, "asyncio.run" | "subprocess.run" | "trio.run" | "anyio.run" | "web.run");
    !is_module
        && (has_word(owner, &["app", "application", "server", "api", "socketio", "dash", "flask"])
            || object.call().is_some_and(|call| {
                called_name(&call.callee).is_some_and(|name| has_word(name, &["app", "application"]))
            }))
}

/// Whether a file takes something of these modules, or of the project's own that are called so.
fn uses(file: &SourceFile, modules: &[&str]) -> bool {
    file.imports.iter().any(|fact| {
        let module = &fact.import.module;
        let first = module.split('.').next().unwrap_or_default();
        let last = module.rsplit('.').next().unwrap_or_default();
        let takes_app = fact
            .import
            .names
            .iter()
            .any(|name| matches!(name.name.as_str(), "app" | "create_app" | "application" | "socketio"));
        modules.contains(&first) || modules.contains(&last) || takes_app
    })
}
