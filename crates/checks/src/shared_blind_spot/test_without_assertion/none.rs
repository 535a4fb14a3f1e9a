//! A project without any test.

use seaworthy_core::{Confidence, Severity};

use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::reader::is_test;
use crate::facts::source::SourceFile;
use crate::facts::tests::tests;
use crate::language::Language;
use crate::report::Report;

/// Lines of code from which a project is more than a script that is read whole.
const LINES: usize = 200;

/// Says that there is no test, where there is enough code that one is missed.
pub(super) fn judge(context: &Context<'_>, report: &mut Report<'_>) {
    if context.files.iter().any(has_test) || has_other_tests(context) {
        return;
    }
    let lines: usize = context.files.iter().filter(|file| has_function(file)).map(lines_of_code).sum();
    if lines <= LINES {
        return;
    }
    report.trial();
    let message = format!(
        "there is no test: nothing tries any of the {lines} lines of code before they are in production"
    );
    let advice = "begin with what must not break: a test for each route or public function, with the answer that the specification asks for \
                  and one input that must be refused";
    let draft = report.at_project(message).variant("no-test").severity(Severity::Warning);
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
