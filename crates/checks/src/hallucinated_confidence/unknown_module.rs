//! # unknown-module
//!
//! An import of a module that is not there. Language models complete import lines from what is likely, not from what is
//! installed: `email.mime.html`, `./utils/format` that nobody wrote, a submodule that another major version had. Tests that
//! never load the file do not see it; the first request that does, fails.
//!
//! An import is an error when what it would have to be in is at hand and lacks it: a relative import or one of the project's own
//! packages without the file, a module that no version of Python's standard library has (or not the version of the project's
//! environment), a module that an *installed* package does not have, a path that an installed package's `exports` do not
//! name. What is simply not installed here is listed as unverified, and no more is said about it.
//!
//! It is silent where the code itself says that the module may be missing (`try`, `if`, a `with` around the import), where
//! packages make modules when they run (`sys.modules`, `__path__`, lazy loaders), and about files that a build makes: those a
//! build file or `.gitignore` names.
//!
//! ## What to do
//!
//! Import what there is; or add the file; or install the version that has it and lock it. `python3 -c "import NAME"` and
//! `node -e 'require("NAME")'` say what the environment really has.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::graph::{External, Missing};
use crate::facts::imports::{ImportFact, When};
use crate::facts::source::SourceFile;
use crate::language::Language;
use crate::packages::{Known, python};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unknown-module"),
        version: 1,
        failure_mode: FailureMode::HallucinatedConfidence,
        need: Need::Required,
        title: "an import of a module that is not there",
        applies_to: "import",
        variants: &["not-in-project", "not-in-package"],
        source: include_str!("unknown_module.rs"),
    },
    run: Run::Project(run),
};

/// Files that say what a build makes, and what of it is not kept.
const BUILD_FILES: &[&str] = &[
    ".gitignore",
    "BUILD",
    "BUILD.bazel",
    "CMakeLists.txt",
    "Cargo.toml",
    "MANIFEST.in",
    "Makefile",
    "justfile",
    "meson.build",
    "noxfile.py",
    "package.json",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "hatch_build.py",
];

/// Folders whose contents builds make.
const BUILT_FOLDERS: &[&str] = &[
    "_generated",
    "_build",
    ".next",
    ".nuxt",
    ".svelte-kit",
    "__generated__",
    "build",
    "coverage",
    "dist",
    "es",
    "esm",
    "gen",
    "generated",
    "node_modules",
    "out",
    "out-tsc",
    "pkg",
    "target",
    "wasm",
];

/// Bytes of one build file.
const BUILD_FILE_BYTES: u64 = 1024 * 1024;

/// How many packages are named in one line.
const NAMED_PACKAGES: usize = 12;

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let resolved: usize = (0..context.files.len()).map(|file| context.graph.imports_of(file).len()).sum();
    (0..resolved).for_each(|_| report.trial());
    let mut build_files: Option<String> = None;
    for missing in context.graph.missing() {
        report.trial();
        let Some((file, fact)) = import_at(context, missing.file, missing.import) else { continue };
        if !fact.guarded && !is_made(context, file, missing, &mut build_files) {
            not_in_project(file, fact, missing, report);
        }
    }
    let mut unverified: BTreeMap<Language, BTreeSet<String>> = BTreeMap::new();
    for external in context.graph.external() {
        let Some((file, fact)) = import_at(context, external.file, external.import) else { continue };
        match known(context, file, external) {
            Known::There => report.trial(),
            Known::Unverified { package } => {
                unverified.entry(file.language).or_default().insert(package);
            }
            Known::Lacking { .. } if fact.guarded => report.trial(),
            Known::Lacking { within } => {
                report.trial();
                not_in_package(file, fact, external, &within, report);
            }
        }
    }
    for (language, packages) in unverified {
        say_unverified(context, language, &packages, report);
    }
}

fn import_at<'a>(
    context: &Context<'a>,
    file: usize,
    import: usize,
) -> Option<(&'a SourceFile, &'a ImportFact)> {
    let file = context.files.get(file)?;
    Some((file, file.imports.get(import)?))
}

fn known(context: &Context<'_>, file: &SourceFile, external: &External) -> Known {
    match file.language {
        Language::Python => context.packages.python_module(&external.module),
        Language::JavaScript | Language::TypeScript => {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let specifier = external.module.split(['?', '!']).next().unwrap_or_default();
            context.packages.node_module(specifier, folder)
        }
        Language::Rust => context.packages.rust_crate(&external.module),
    }
}

/// Whether something makes the missing file: at run time, in a build, or on this disk although git does not keep it.
fn is_made(
    context: &Context<'_>,
    file: &SourceFile,
    missing: &Missing,
    build_files: &mut Option<String>,
) -> bool {
    let path = missing.looked_at.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if file.language != Language::Python {
        // Styles, pictures and the like are the bundler's business.
        let is_script = matches!(ending, "" | "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts");
        let is_dotted_name = !ending.is_empty() && !is_script && ending.len() > 5;
        if !is_script && !is_dotted_name {
            return true;
        }
    }
    let makes = |ancestor: &String| {
        context.file(ancestor).is_none_or(|file| python::source_makes_modules(&file.text))
    };
    if missing.ancestors.iter().any(makes) || path.split('/').any(|folder| BUILT_FOLDERS.contains(&folder)) {
        return true;
    }
    if name.ends_with("_pb2")
        || name.ends_with("_pb2_grpc")
        || name.ends_with("_grpc")
        || stem.ends_with(".generated")
    {
        return true;
    }
    let looked_at = context.tree.root().map(|root| root.join(path));
    let folder = looked_at.as_deref().and_then(std::path::Path::parent);
    folder.into_iter().for_each(|folder| context.packages.consulted().note(folder.to_owned()));
    if looked_at.is_some_and(|path| on_disk(&path)) {
        return true;
    }
    let texts = build_files.get_or_insert_with(|| {
        let entries = context.tree.entries().iter().filter(|entry| BUILD_FILES.contains(&entry.name()));
        entries.filter_map(|entry| context.tree.read_text(&entry.path, BUILD_FILE_BYTES)).collect()
    });
    let stem = if matches!(ending, "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs") { stem } else { name };
    stem.len() > 2 && has_word(texts, stem)
}

/// Whether there is such a module on disk, though not in the tree: `name.py`, `name/`, `name.so`, `name.js`.
fn on_disk(path: &std::path::Path) -> bool {
    let Some((folder, name)) = path.parent().zip(path.file_name().and_then(|name| name.to_str())) else {
        return false;
    };
    let prefix = format!("{name}.");
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| {
        entry.file_name().to_str().is_some_and(|found| found == name || found.starts_with(&prefix))
    })
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn not_in_project(file: &SourceFile, fact: &ImportFact, missing: &Missing, report: &mut Report<'_>) {
    let path = &missing.looked_at;
    let looked = match file.language {
        Language::Python => format!("neither `{path}.py` nor a folder `{path}` exists"),
        Language::Rust => format!("neither `{path}.rs` nor `{path}/mod.rs` exists"),
        _ => format!("nothing at `{path}` exists, with any ending"),
    };
    let message = format!("`{}` is not in this project: {looked}", missing.what);
    let severity = if fact.when == When::TypeOnly { Severity::Warning } else { Severity::Error };
    let draft =
        report.at(file, fact.import.module_extent, message).variant("not-in-project").severity(severity);
    let advice = "import what there is, or add the missing file to the repository; if a build makes it, name it in `.gitignore`";
    report.add(draft.confidence(Confidence::Certain).advice(advice));
}

fn not_in_package(
    file: &SourceFile,
    fact: &ImportFact,
    external: &External,
    within: &str,
    report: &mut Report<'_>,
) {
    let message = format!("{within} has no module `{}`", external.module);
    let severity = if fact.when == When::TypeOnly { Severity::Warning } else { Severity::Error };
    let draft =
        report.at(file, fact.import.module_extent, message).variant("not-in-package").severity(severity);
    let advice = "import what it has, or install and lock a version that has this";
    report.add(draft.confidence(Confidence::Certain).advice(advice));
}

fn say_unverified(
    context: &Context<'_>,
    language: Language,
    packages: &BTreeSet<String>,
    report: &mut Report<'_>,
) {
    let mut names: Vec<&str> = packages.iter().map(String::as_str).take(NAMED_PACKAGES).collect();
    let more = format!("and {} more", packages.len().saturating_sub(NAMED_PACKAGES));
    if packages.len() > NAMED_PACKAGES {
        names.push(&more);
    }
    let why = match language {
        Language::Python if context.packages.has_python() => {
            "not in the project's environment, or makes its modules when it runs: `.venv/bin/pip install` what is missing"
        }
        Language::Python => {
            "no virtual environment was found: `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt`"
        }
        Language::Rust => "named by no Cargo.toml, or a module or macro in scope: the compiler tells",
        _ => "not in node_modules, or an alias of a bundler: `npm ci` installs what is locked",
    };
    report.skip(format!("imports from {} ({})", names.join(", "), language.name()), why);
}
