//! Snapshots of Jest and Vitest that were accepted without being read.

use seaworthy_core::{Confidence, Severity};

use crate::context::Context;
use crate::facts::graph::{folder_of, join};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, Extent};
use crate::facts::tests::{Assertion, Test};
use crate::facts::values::called_name;
use crate::language::Language;
use crate::report::Report;

/// What JavaScript's engines say of a program's own mistakes. Nobody specifies it.
const CRASHES: &[&str] = &[
    "Cannot read properties of undefined",
    "Cannot read properties of null",
    "Cannot read property '",
    "Cannot set properties of undefined",
    "Cannot destructure property",
    " is not a function",
    " is not defined",
    " is not iterable",
];

/// The snapshots of one file's tests.
#[derive(Default)]
pub(super) struct Snapshots {
    /// Whether it is said already that their file is missing: for all of them it is one file.
    missing_said: bool,
}

impl Snapshots {
    /// Says which snapshots of a test nobody has read.
    pub(super) fn judge(
        &mut self,
        context: &Context<'_>,
        file: &SourceFile,
        test: &Test<'_>,
        made: &[Assertion<'_>],
        report: &mut Report<'_>,
    ) {
        if !matches!(file.language, Language::JavaScript | Language::TypeScript) {
            return;
        }
        let found = snapshots(test);
        // Beside an assertion that says something, a snapshot is a second look.
        let alone =
            made.iter().all(|assertion| found.iter().any(|snapshot| snapshot.extent == assertion.extent));
        for snapshot in found {
            let unread = match snapshot.text {
                Some(text) => in_line(text, alone),
                None if alone && !self.missing_said && !has_file(context, file) => {
                    self.missing_said = true;
                    Some((Severity::Note, NO_FILE.to_owned()))
                }
                None => None,
            };
            let Some((severity, message)) = unread else { continue };
            let draft =
                report.at(file, snapshot.extent, message).variant("unread-snapshot").severity(severity);
            let advice =
                "read what came out against the specification, and write it down: `toEqual(EXPECTED)`";
            report.add(
                draft
                    .confidence(Confidence::Medium)
                    .related(file, test.name_extent, "the test")
                    .advice(advice),
            );
        }
    }
}

const NO_FILE: &str =
    "there is no snapshot beside this file: the first run writes down whatever comes out, and passes";

struct Snapshot<'a> {
    extent: Extent,
    /// The text of one that stands in the line; absent for one in a file.
    text: Option<&'a str>,
}

fn snapshots<'a>(test: &Test<'a>) -> Vec<Snapshot<'a>> {
    let mut found = Vec::new();
    each_in_body(&test.function.body, &mut |node, _| {
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
        {
            let text = || call.arguments.iter().rev().find_map(|argument| Expr::string(&argument.value));
            match called_name(&call.callee) {
                Some("toMatchInlineSnapshot") => {
                    // Without a text the next run writes one.
                    found.extend(text().map(|text| Snapshot { extent: expr.extent, text: Some(text) }));
                }
                Some("toMatchSnapshot") => found.push(Snapshot { extent: expr.extent, text: None }),
                _ => {}
            }
        }
        true
    });
    found
}

fn in_line(text: &str, alone: bool) -> Option<(Severity, String)> {
    let text = text.trim();
    let bare = text.trim_matches(['"', '\'', '[', ']']);
    let is_error = ["TypeError: ", "ReferenceError: "].iter().any(|kind| bare.starts_with(kind));
    if is_error && CRASHES.iter().any(|crash| bare.contains(crash)) {
        let message = format!("the crash `{bare}` was accepted as what must come out");
        return Some((Severity::Warning, message));
    }
    let nothing = match text {
        "undefined" => "`undefined`",
        "" | "\"\"" => "nothing",
        _ => return None,
    };
    let message = format!(
        "{nothing} was accepted as what must come out: that is also what code gives that does nothing"
    );
    alone.then_some((Severity::Note, message))
}

/// Whether the file's snapshots are kept, or kept somewhere that we cannot know.
fn has_file(context: &Context<'_>, file: &SourceFile) -> bool {
    let folder = join(folder_of(&file.path), "__snapshots__");
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let elsewhere = || {
        context.files.iter().any(|other| {
            other.text.contains("snapshotResolver") || other.text.contains("resolveSnapshotPath")
        }) || context.tree.entries().iter().any(|entry| {
            entry.name() == "package.json"
                && !entry.foreign
                && context
                    .tree
                    .read_text(&entry.path, 1024 * 1024)
                    .is_some_and(|text| text.contains("snapshotResolver"))
        })
    };
    context.tree.entry(&join(&folder, &format!("{name}.snap"))).is_some() || elsewhere()
}
