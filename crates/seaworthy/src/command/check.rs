//! `seaworthy check [--base REV] [PATHS]`.

use std::path::{Path, PathBuf};

use seaworthy_checks::rules::{self, Failed, Rules};
use seaworthy_checks::tree::Tree;

use super::baseline;
use crate::assessment::{Assessment, Wanted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::policy::Scope;
use crate::project::{Project, rule_failure};
use crate::terminal::Terminal;

/// Read the code against what is installed, and the tests against what they claim.
///
/// A single folder is judged as a project of its own. With files, or several paths, the project is the current folder (or --root) and only
/// what is found in those paths is reported.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder to judge, or the files and folders to report on.
    paths: Vec<PathBuf>,
    /// The project's root.
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Report only what has come since this git revision.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Take everything found for known, and write it to the plan's baseline.
    #[arg(long, conflicts_with = "base")]
    write_baseline: bool,
    /// Try the examples of the project's own rules (.seaworthy/rules/tests/*-test.yml) and judge nothing.
    #[arg(long, conflicts_with_all = ["base", "write_baseline"])]
    test_rules: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    args.output.check()?;
    let (root, paths) = match (&args.root, args.paths.as_slice()) {
        (Some(root), paths) => (root.clone(), paths),
        (None, [folder]) if folder.is_dir() => (folder.clone(), &[][..]),
        (None, paths) => (PathBuf::from("."), paths),
    };
    if args.test_rules {
        return test_rules(&root, terminal);
    }
    let project = Project::open(&root)?;
    let project = match &args.base {
        Some(revision) => project.since(revision)?,
        None => project,
    };
    let paths = paths.iter().map(|path| below(&project, path)).collect::<Result<Vec<_>, _>>()?;
    if args.write_baseline && !paths.is_empty() {
        return Err(Failure::usage("a baseline of some paths would forget what is known of all others")
            .hint("seaworthy check --write-baseline"));
    }
    // A restricted look is not evidence about the whole, and is not recorded.
    let keep = paths.is_empty() && args.base.is_none() && !args.write_baseline;
    let wanted = Wanted {
        scope: Scope::Check,
        paths: &paths,
        keep,
        without_baseline: args.write_baseline,
        ..Wanted::default()
    };
    let assessment = Assessment::make(&project, &wanted, terminal)?;
    if args.write_baseline {
        return baseline::write(&project, &assessment, terminal);
    }
    args.output.put(&assessment.report, terminal)?;
    Ok(assessment.report.decision.verdict.into())
}

/// Tries the examples beside the rules, and says which came out otherwise than they say.
fn test_rules(root: &Path, terminal: &Terminal) -> Result<Exit, Failure> {
    let tree = Tree::of_rules(root);
    let rules = Rules::of(&tree).map_err(rule_failure)?;
    if rules.list().is_empty() {
        let shown = root.join(rules::FOLDER);
        return Err(Failure::usage(format!("there are no rules below {}", shown.display()))
            .hint("a rule is a file such as no-print.yml there, in ast-grep's format"));
    }
    let tried = rules.try_examples(&tree).map_err(rule_failure)?;
    let mut said = String::new();
    for failed in &tried.failed {
        let (example, what) = match failed {
            Failed::Found(example) => (example, "is called valid, and the rule finds something in it"),
            Failed::NotFound(example) => (example, "is called invalid, and the rule finds nothing in it"),
        };
        let code = example.code.trim_end().replace('\n', "\n      ");
        said.push_str(&format!(
            "{}:{}: {}: this {what}\n      {code}\n",
            example.path, example.line, example.rule
        ));
    }
    let (count, failed) = (tried.examples, tried.failed.len());
    said.push_str(&format!("{} rules, {count} examples, {failed} failed\n", rules.list().len()));
    for doubt in rules.list().iter().flat_map(|rule| rule.doubts()) {
        said.push_str(&format!("{doubt}\n"));
    }
    if !tried.without.is_empty() {
        said.push_str(&format!("without examples: {}\n", tried.without.join(", ")));
    }
    terminal.print(&said)?;
    // Where nothing was tried, nothing is known.
    Ok(match (failed, count) {
        (1.., _) => Exit::Hold,
        (0, 0) => Exit::Unknown,
        _ => Exit::Clear,
    })
}

/// A path as the tree writes it.
fn below(project: &Project, path: &Path) -> Result<String, Failure> {
    let absolute =
        path.canonicalize().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let relative = absolute.strip_prefix(&project.root).map_err(|_| {
        Failure::usage(format!("{} is not below {}", path.display(), project.shown))
            .hint("--root names another project")
    })?;
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(parts.join("/"))
}
