//! # process-local-session
//!
//! Who is logged in is known to one process only: sessions or tokens are kept in a dict or a `Map`, or in the store that a library of sessions brings
//! for trying things out. Everybody is logged out at each deploy, a second worker or replica refuses every second request, what is revoked is valid again
//! after a restart, and the memory grows with each login.
//!
//! ## What is reported
//!
//! - **error**: requests put sessions, tokens or one-time codes into a collection of the process and look them up there;
//! - **error**: `express-session` or `@fastify/session` without a `store`: both say of the store they then use that it is not meant for production
//!   and leaks memory;
//! - **warning**: Flask-Session in files of the machine (`SESSION_TYPE = "filesystem"`), Django's sessions in the cache of the process: a second replica
//!   does not have them.
//!
//! Left alone: sessions in signed cookies (Flask's own, `cookie-session`, Starlette's), signed tokens, stores that are named; tokens of
//! another service that the program fetches again when they are missing.
//!
//! ## What to do
//!
//! ```js
//! app.use(session({ store: new RedisStore({ client }), secret, resave: false, saveUninitialized: false }));
//! ```
//!
//! Without a library: a table `sessions (token_hash PRIMARY KEY, user_id, expires_at)`; keep the hash of the token, and remove what has expired.
//!
//! Source: the READMEs of [express-session](https://github.com/expressjs/session#readme) and [@fastify/session](https://github.com/fastify/session#readme); the
//! Twelve-Factor App, [VI. Processes](https://12factor.net/processes) (sticky sessions).

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::plain_text::is_example;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::values::{called_name, entry};
use crate::language::Language;
use crate::process::Variable;
use crate::process::kind::{Kind, keeps_elsewhere, kind};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("process-local-session"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "sessions that one process knows",
        applies_to: "session that is kept by the service",
        variants: &["variable", "default-store", "local-store"],
        source: include_str!("process_local_session.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    for variable in &context.process.variables {
        judge(context, variable, report);
    }
    for file in context.files.iter().filter(|file| !file.is_test && !is_example(&file.path)) {
        match file.language {
            Language::Python => settings(file, report),
            Language::JavaScript | Language::TypeScript => stores(file, report),
            Language::Rust => {}
        }
    }
}

fn judge(context: &Context<'_>, variable: &Variable<'_>, report: &mut Report<'_>) {
    let Some(file) = context.files.get(variable.file) else { return };
    let used = variable.adds().next().zip(variable.reads().next());
    let Some((write, read)) = used.filter(|_| !file.is_test && !is_example(&file.path)) else { return };
    if kind(context, variable) != Kind::Session {
        return;
    }
    report.trial();
    // What is written elsewhere too is found again.
    if variable.adds().all(|one| keeps_elsewhere(one.function)) {
        return;
    }
    let message = format!(
        "`{}` is kept in this process only: everybody is logged out at each restart, and a second worker or replica does not know what it holds",
        variable.name
    );
    let mut draft = report
        .at(file, variable.extent, message)
        .variant("variable")
        .severity(Severity::Error)
        .confidence(Confidence::High)
        .advice("keep it in a table of the database (the token's hash, the user, when it ends) or in Redis with an expiry, where every process finds it");
    for (one, note) in [(write, "a request puts something in here"), (read, "and here one is looked up")] {
        if let Some(other) = context.files.get(one.file) {
            draft = draft.related(other, one.extent, note);
        }
    }
    report.add(draft);
}

/// `session({ .. })` of express-session and its kin.
fn stores(file: &SourceFile, report: &mut Report<'_>) {
    const LIBRARIES: &[&str] = &["express-session", "@fastify/session", "fastify-session"];
    let library = file.imports.iter().find(|fact| LIBRARIES.contains(&fact.import.module.as_str()));
    let Some(fact) = library else { return };
    let (library, local) = (fact.import.module.as_str(), fact.import.alias.as_deref());
    let named = fact.import.names.first().map(|name| name.alias.as_ref().unwrap_or(&name.name).as_str());
    each_node(&file.syntax, &mut |node, _| {
        let Node::Expr(expr @ Expr { kind: ExprKind::Call(call), .. }) = node else { return true };
        let is = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(name) if Some(name.as_str()) == local || Some(name.as_str()) == named);
        // `app.register(fastifySession, { .. })`
        let registered = called_name(&call.callee) == Some("register")
            && call.arguments.first().is_some_and(|argument| is(&argument.value));
        if is(&call.callee) || registered {
            judge_store(file, library, expr.extent, call, report);
        }
        true
    });
}

fn judge_store(file: &SourceFile, library: &str, extent: Extent, call: &Call, report: &mut Report<'_>) {
    report.trial();
    let Some(Expr { kind: ExprKind::Record { entries, .. }, .. }) =
        call.arguments.last().map(|last| &last.value)
    else {
        return;
    };
    let spread = entries.iter().any(|(key, _)| key.is_none());
    let store = call.arguments.last().and_then(|last| entry(&last.value, "store"));
    let in_memory = store.is_none_or(|store| {
        store
            .call()
            .is_some_and(|call| called_name(&call.callee) == Some("MemoryStore") && call.arguments.is_empty())
    });
    if spread || !in_memory {
        return;
    }
    let head = file.first_line(extent);
    let message = format!(
        "`{library}` without a `store` keeps sessions in this process: everybody is logged out at each restart, a second replica knows nobody, and the memory grows with each visitor"
    );
    report.add(
        report
            .at(file, head, message)
            .variant("default-store")
            .severity(Severity::Error)
            .confidence(Confidence::Certain)
            .advice("give it a `store` that all processes share: `connect-redis`, `connect-pg-simple`, or one in the program's own database"),
    );
}

/// `SESSION_TYPE = "filesystem"` of Flask-Session, `SESSION_ENGINE` of Django.
fn settings(file: &SourceFile, report: &mut Report<'_>) {
    let is_flask = file.imports.iter().any(|fact| fact.import.module == "flask_session");
    let is_setting = ["settings", "config"].iter().any(|word| file.path.contains(word));
    if !(is_flask
        || is_setting && (file.text.contains("SESSION_TYPE") || file.text.contains("SESSION_ENGINE")))
    {
        return;
    }
    let local_cache = !file.text.contains("redis") && !file.text.contains("emcache");
    each_node(&file.syntax, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) = node else { return true };
        let (Some(target), Some(value)) = (assign.targets.first(), &assign.value) else { return true };
        let name = match &target.kind {
            ExprKind::Name(name) => Some(name.as_str()),
            ExprKind::Index { index, .. } => index.string(),
            _ => None,
        };
        let what = match (name, value.string()) {
            (Some("SESSION_TYPE"), Some("filesystem")) => "files of this machine",
            (Some("SESSION_TYPE"), Some("cachelib")) if file.text.contains("FileSystemCache") => {
                "files of this machine"
            }
            (Some("SESSION_ENGINE"), Some("django.contrib.sessions.backends.file")) => {
                "files of this machine"
            }
            (Some("SESSION_ENGINE"), Some("django.contrib.sessions.backends.cache"))
                if local_cache && (file.text.contains("LocMemCache") || !file.text.contains("CACHES")) =>
            {
                "the memory of this process"
            }
            (Some("SESSION_TYPE" | "SESSION_ENGINE"), Some(_)) => {
                report.trial();
                return true;
            }
            _ => return true,
        };
        report.trial();
        let message = format!("sessions are kept in {what}: a second replica does not have them");
        report.add(
            report
                .at(file, *extent, message)
                .variant("local-store")
                .severity(Severity::Warning)
                .confidence(Confidence::High)
                .advice("keep them where all replicas look: Redis, or the program's database"),
        );
        true
    });
}
