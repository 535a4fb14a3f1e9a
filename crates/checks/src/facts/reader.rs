//! Reads the source files of a tree, in parallel, and says which could not be read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;
use seaworthy_core::limits::SOURCE_FILE_BYTES;
use seaworthy_core::{NotChecked, Plan};

use super::imports::{self, ImportFact};
use super::lines::Lines;
use super::names::Names;
use super::source::SourceFile;
use super::syntax::{Expr, ExprKind, Extent, ImportKind, Text};
use super::text;
use crate::Progress;
use crate::language::Language;
use crate::suppression;
use crate::tree::{Entry, Mode, ReadError, Tree};

/// Mean bytes a line from which a text was written by a program for a program: minified, or data.
const MINIFIED_LINE_BYTES: usize = 400;

/// The source files of a tree.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// In ascending order of path.
    pub(crate) files: Vec<SourceFile>,
    /// What is source, or looks like it, and could not be read.
    pub(crate) not_checked: Vec<NotChecked>,
    /// Whether every file that is this project's source could be read whole.
    pub(crate) complete: bool,
    /// Bytes of the files read.
    pub(crate) bytes: u64,
}

/// What became of one file.
enum Read {
    Whole(SourceFile),
    Partly(SourceFile, NotChecked),
    Not(NotChecked),
    /// Minified or generated.
    Built(NotChecked),
}

/// Reads them. To be called on threads with [`seaworthy_core::limits::SYNTAX_STACK_BYTES`] of stack.
pub(crate) fn read(tree: &Tree, plan: &Plan, progress: &dyn Progress) -> Sources {
    let mut sources = Sources { complete: true, ..Sources::default() };
    let excluded = excluded(plan, &mut sources.not_checked);
    let mut entries = Vec::new();
    let mut other_languages: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    let mut excluded_count = vec![0_u64; plan.checks.exclude.len()];
    for entry in tree.entries().iter().filter(|entry| !entry.foreign && entry.mode != Mode::Link) {
        let Some(language) = Language::of_path(&entry.path) else {
            if let Some(name) = unread_language(&entry.path) {
                other_languages.entry(name).or_default().push(&entry.path);
            }
            continue;
        };
        match excluded.matches(&entry.path).first() {
            Some(glob) => excluded_count.get_mut(*glob).into_iter().for_each(|count| *count += 1),
            None => entries.push((entry, language)),
        }
    }
    for (glob, count) in plan.checks.exclude.iter().zip(excluded_count) {
        let why = "left out by `[checks] exclude` in seaworthy.toml".to_owned();
        sources.not_checked.push(NotChecked { what: format!("{glob} ({count} source files)"), why });
    }
    for (name, paths) in other_languages {
        let first = paths.first().copied().unwrap_or_default();
        let what = match paths.len() {
            1 => first.to_owned(),
            count => format!("{count} {name} files, such as {first}"),
        };
        sources.not_checked.push(NotChecked { what, why: format!("there is no reader for {name} yet") });
    }
    let done = AtomicU64::new(0);
    let total = entries.len() as u64;
    let read: Vec<Read> = entries
        .par_iter()
        .map(|(entry, language)| {
            let read = read_one(tree, entry, *language);
            progress.advance("reading", done.fetch_add(1, Ordering::Relaxed) + 1, total);
            read
        })
        .collect();
    for read in read {
        // What a tool built is not source: it is listed, and says nothing of whether all source was read.
        let is_source = !matches!(read, Read::Built(_));
        let (file, not_checked) = match read {
            Read::Whole(file) => (Some(file), None),
            Read::Partly(file, why) => (Some(file), Some(why)),
            Read::Not(why) | Read::Built(why) => (None, Some(why)),
        };
        sources.complete &= not_checked.is_none() || !is_source;
        sources.not_checked.extend(not_checked);
        sources.bytes += file.as_ref().map_or(0, |file| file.text.len() as u64);
        sources.files.extend(file);
    }
    sources
}

fn read_one(tree: &Tree, entry: &Entry, language: Language) -> Read {
    let not = |why: String| Read::Not(NotChecked { what: entry.path.clone(), why });
    let bytes = match tree.read(entry, SOURCE_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(ReadError::TooLarge { limit }) => {
            return not(format!("larger than {} MiB: generated, or data", limit >> 20));
        }
        Err(error) => return not(format!("could not be read: {error}")),
    };
    let text = match text::decode(language, bytes) {
        Ok(text) => text,
        Err(refused) => return not(format!("line {} is not {} text", refused.line, refused.encoding)),
    };
    if text.as_bytes().contains(&0) {
        return not("binary data under the name of a source file".to_owned());
    }
    let lines = Lines::of(&text);
    if text.len() > 8 * MINIFIED_LINE_BYTES && text.len() / lines.count().max(1) > MINIFIED_LINE_BYTES {
        let why = format!(
            "{} bytes a line: minified or generated, not written by hand",
            text.len() / lines.count()
        );
        return Read::Built(NotChecked { what: entry.path.clone(), why });
    }
    let parsed = language.parse(&entry.path, &text);
    let error = parsed.errors.first().map(|error| NotChecked {
        what: format!("{}:{}", entry.path, lines.line(error.extent.start)),
        why: format!("does not read as {}: {}", language.name(), error.message),
    });
    let names = Names::of(language, &parsed.module);
    let mut imports = imports::of(&parsed.module, &text);
    // A bundle hands each of its modules a `require` of its own: a parameter, which finds nothing on disk.
    imports.retain(|fact| fact.import.kind != ImportKind::Dynamic || !is_own_require(&names, &text, fact));
    let mut file = SourceFile {
        path: entry.path.clone(),
        language,
        names,
        imports,
        suppressions: Vec::new(),
        is_test: is_test(&entry.path, language),
        syntax: parsed.module,
        text: Arc::from(text),
        lines,
    };
    file.suppressions = suppression::read(&file.text, &file.lines, &file.syntax.comments);
    match error {
        None => Read::Whole(file),
        Some(why) => Read::Partly(file, why),
    }
}

/// Whether an import calls a `require` that the file binds itself.
fn is_own_require(names: &Names, text: &str, fact: &ImportFact) -> bool {
    let called = text.get(fact.extent.start as usize..fact.extent.end as usize).unwrap_or_default();
    let extent = Extent { start: fact.import.module_extent.start, ..fact.extent };
    let require = Expr { extent, kind: ExprKind::Name(Text::from("require")) };
    called.contains("require") && names.resolve(&require).is_none()
}

/// The globs of `[checks] exclude`. The plan was validated when it was read; one that fails all the same is listed.
pub(crate) fn excluded(plan: &Plan, not_checked: &mut Vec<NotChecked>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for text in &plan.checks.exclude {
        // Each keeps its place in the list, so that files can be counted by glob.
        let glob = GlobBuilder::new(text).literal_separator(true).build().or_else(|error| {
            not_checked.push(NotChecked {
                what: text.clone(),
                why: format!("is not a glob, and excludes nothing: {error}"),
            });
            globset::Glob::new("/")
        });
        glob.into_iter().for_each(|glob| {
            set.add(glob);
        });
    }
    set.build().unwrap_or_default()
}

/// The name of a programming language that is not read yet, by the ending of a path.
fn unread_language(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending {
        "c" | "h" => "C",
        "cc" | "cpp" | "cxx" | "hpp" => "C++",
        "cs" => "C#",
        "clj" => "Clojure",
        "dart" => "Dart",
        "ex" | "exs" => "Elixir",
        "go" => "Go",
        "groovy" => "Groovy",
        "html" | "htm" | "jinja" | "j2" | "ejs" | "hbs" => "HTML",
        "ipynb" => "Jupyter notebook",
        "java" => "Java",
        "kt" | "kts" => "Kotlin",
        "lua" => "Lua",
        "php" => "PHP",
        "pl" | "pm" => "Perl",
        "ps1" => "PowerShell",
        "rb" => "Ruby",
        "scala" => "Scala",
        "sh" | "bash" => "shell",
        "sql" => "SQL",
        "svelte" => "Svelte",
        "swift" => "Swift",
        "vue" => "Vue",
        "zig" => "Zig",
        _ => return None,
    })
}

/// Whether a file is a test or only serves tests, by the names that test runners look for: pytest and unittest
/// (`test_*.py`, `*_test.py`, `conftest.py`), Jest and Vitest (`*.test.*`, `*.spec.*`, `__tests__`), Cargo (`tests/`).
pub(crate) fn is_test(path: &str, language: Language) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split('.').next().unwrap_or(name);
    let in_folder = folders.split('/').any(|folder| {
        matches!(
            folder,
            "test" | "tests" | "testing" | "__tests__" | "__mocks__" | "spec" | "e2e" | "cypress"
        )
    });
    let by_name = match language {
        Language::Python => {
            stem.starts_with("test_")
                || stem.ends_with("_test")
                || matches!(stem, "conftest" | "tests" | "test")
        }
        Language::JavaScript | Language::TypeScript => {
            name.split('.').any(|part| matches!(part, "test" | "spec" | "cy" | "e2e"))
                || matches!(stem, "test" | "tests")
        }
        Language::Rust => {
            folders.split('/').any(|folder| folder == "benches") || matches!(stem, "tests" | "test")
        }
    };
    in_folder || by_name
}
