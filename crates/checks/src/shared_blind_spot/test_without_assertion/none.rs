//! A project without any test.

use seaworthy_core::limits::SOURCE_FILE_BYTES;
use seaworthy_core::{Confidence, Severity};
use serde_json::Value;

use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::reader::is_test;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::tests::tests;
use crate::language::Language;
use crate::report::Report;

/// Lines of code from which a project is more than a script that is read whole.
const LINES: usize = 200;

/// Says that there is no test, where there is enough code that one is missed.
pub(super) fn judge(context: &Context<'_>, report: &mut Report<'_>) {
    let (by_hand, found): (Vec<_>, Vec<_>) =
        context.files.iter().filter(|file| has_test(file)).partition(|file| runs_by_hand(file));
    if !found.is_empty() || has_other_tests(context) {
        return;
    }
    let lines: usize = context.files.iter().filter(|file| has_function(file)).map(lines_of_code).sum();
    if lines <= LINES {
        return;
    }
    report.trial();
    if let Some(script) = by_hand.first() {
        if !is_run_somewhere(context, script) {
            say_by_hand(script, report);
        }
        return;
    }
    let message = format!(
        "there is no test: nothing tries any of the {lines} lines of code before they are in production"
    );
    let advice = "begin with what must not break: a test for each route or public function, with the answer that the specification asks for \
                  and one input that must be refused";
    let draft = report.at_project(message).variant("no-test").severity(Severity::Warning);
    report.add(draft.confidence(Confidence::High).advice(advice));
}

/// Whether no runner looks for a file that tests.
fn runs_by_hand(file: &SourceFile) -> bool {
    file.is_test && !is_test(&file.path, file.language) && tests(file).is_empty()
}

/// Whether what runs on every change names a script: the command `test` of package.json, a workflow, a Makefile.
fn is_run_somewhere(context: &Context<'_>, script: &SourceFile) -> bool {
    const RUNS: &[&str] = &[
        "Makefile",
        "makefile",
        "justfile",
        "Justfile",
        "tox.ini",
        "noxfile.py",
        ".gitlab-ci.yml",
        "Jenkinsfile",
    ];
    let name = script.path.rsplit('/').next().unwrap_or_default();
    context.tree.entries().iter().filter(|entry| !entry.foreign).any(|entry| {
        let workflow = entry.path.contains(".github/workflows/") || entry.path.contains(".circleci/");
        let package = entry.name() == "package.json";
        if !(workflow || package || RUNS.contains(&entry.name())) {
            return false;
        }
        let Some(text) = context.tree.read_text(&entry.path, SOURCE_FILE_BYTES) else { return false };
        if !package {
            return text.contains(name);
        }
        let package: Option<Value> = serde_json::from_str(&text).ok();
        package
            .as_ref()
            .and_then(|package| package.get("scripts")?.get("test")?.as_str())
            .is_some_and(|command| command.contains(name))
    })
}

fn say_by_hand(script: &SourceFile, report: &mut Report<'_>) {
    let name = script.path.rsplit('/').next().unwrap_or_default();
    let message = format!(
        "there is no test that a runner would find: `{name}` asserts what the program answers, and only runs when somebody starts it"
    );
    let advice = match script.language {
        Language::Python => format!("make its steps functions of a `test_{name}`, and let pytest run them on every change"),
        _ => "make its steps tests of `node:test`, and let the command `test` of package.json run them on every change".to_owned(),
    };
    let whole = Extent {
        start: 0,
        end: u32::try_from(script.text.find('\n').unwrap_or(script.text.len())).unwrap_or(0),
    };
    let draft = report.at(script, whole, message).variant("no-test").severity(Severity::Note);
    report.add(draft.confidence(Confidence::High).advice(advice));
}

/// Whether a file is a test, has one, or shows examples that a runner tries (doctest).
fn has_test(file: &SourceFile) -> bool {
    let shown = match file.language {
        Language::Python => ">>> ",
        Language::JavaScript | Language::TypeScript => "import.meta.vitest",
        Language::Rust => "/// ```",
    };
    // Django lays a `tests.py` with nothing but an import into every application.
    (file.is_test && does_something(file)) || file.text.contains(shown) || !tests(file).is_empty()
}

fn does_something(file: &SourceFile) -> bool {
    let mut does = false;
    each_node(&file.syntax, &mut |node: Node<'_>, _| {
        does |= node.function().is_some() || node.expr().is_some_and(|expr| expr.call().is_some());
        !does
    });
    does
}

/// Tests in languages that are not read, and those that `[checks] exclude` leaves out.
fn has_other_tests(context: &Context<'_>) -> bool {
    const ENDINGS: &[&str] = &[
        "bats", "c", "cc", "cpp", "cs", "ex", "exs", "feature", "go", "groovy", "http", "hurl", "ipynb",
        "java", "kt", "lua", "php", "pl", "rb", "robot", "scala", "sh", "swift", "t",
    ];
    let mut of_project = context.tree.entries().iter().filter(|entry| !entry.foreign);
    of_project.any(|entry| {
        if let Some(language) = Language::of_path(&entry.path) {
            // What was read has been looked at.
            return is_test(&entry.path, language) && context.file(&entry.path).is_none();
        }
        let ending = entry.path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let by_ending = ["bats", "feature", "hurl", "robot", "t"].contains(&ending);
        let is_named = crate::facts::words::has_word(
            &entry.path,
            &["test", "tests", "spec", "specs", "e2e", "test_suite"],
        );
        entry.path.ends_with(".postman_collection.json")
            || by_ending
            || (is_named && ENDINGS.contains(&ending))
    })
}

/// A file without any function is data or settings.
fn has_function(file: &SourceFile) -> bool {
    let mut has = false;
    let is_declaration = file.path.ends_with(".d.ts") || file.path.ends_with(".pyi");
    each_node(&file.syntax, &mut |node: Node<'_>, _| {
        has |= node.function().is_some();
        !has
    });
    has && !is_declaration
}

/// Lines with more than white space and comments.
fn lines_of_code(file: &SourceFile) -> usize {
    let comments = file.syntax.comments.iter().filter(|comment| comment.alone);
    let commented: usize = comments
        .map(|comment| {
            let end = comment.extent.end.saturating_sub(1).max(comment.extent.start);
            (file.lines.line(end) - file.lines.line(comment.extent.start) + 1) as usize
        })
        .sum();
    file.text.lines().filter(|line| !line.trim().is_empty()).count().saturating_sub(commented)
}
