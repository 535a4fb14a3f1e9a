//! Reads the source files of a tree, in parallel, and says which could not be read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;
use seaworthy_core::limits::SOURCE_FILE_BYTES;
use seaworthy_core::{NotChecked, Plan};

use super::by_hand;
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

/// Bytes of a line up to which a person may have written it.
const WRITTEN_LINE_BYTES: usize = 200;
/// Lines of code of such a length from which a person has written the file. Minifiers keep fewer.
const WRITTEN_LINES: usize = 6;
/// Bytes of the path that a link leads to (`PATH_MAX`).
const LINK_BYTES: u64 = 4096;

/// The source files of a tree.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// In ascending order of path.
    pub(crate) files: Vec<SourceFile>,
    /// What is source, or looks like it, and could not be read.
    pub(crate) not_checked: Vec<NotChecked>,
    /// Source that may run with the project and was not read whole. While there is any, what was found nowhere may be there.
    pub(crate) unread: Vec<Unread>,
    /// Bytes of the files read.
    pub(crate) bytes: u64,
}

/// A source file that was not read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    /// Its path.
    pub(crate) path: String,
    /// Why.
    pub(crate) why: String,
    /// Whether it is a test or only serves tests.
    pub(crate) is_test: bool,
}

impl Unread {
    fn new(path: &str, why: &str) -> Self {
        let is_test = Language::of_path(path).is_some_and(|language| is_test(path, language));
        Self { path: path.to_owned(), why: why.to_owned(), is_test }
    }
}

/// A run of letters and digits longer than this is data and no name.
const DATA_BYTES: usize = 512;

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
    let mut sources = Sources::default();
    let excluded = excluded(plan, &mut sources.not_checked);
    let mut entries = Vec::new();
    let mut other_languages: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    let mut excluded_count = vec![0_u64; plan.checks.exclude.len()];
    for entry in tree.entries().iter().filter(|entry| !entry.foreign) {
        if entry.mode == Mode::Link {
            let link = unread_link(tree, entry, &excluded).filter(|_| !excluded.is_match(&entry.path));
            sources.not_checked.extend(link.iter().map(listed));
            sources.unread.extend(link);
            continue;
        }
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
    let mut built = Vec::new();
    for (read, (entry, _)) in read.into_iter().zip(&entries) {
        let (file, not_checked) = match read {
            Read::Whole(file) => (Some(file), None),
            Read::Partly(file, why) => (Some(file), Some(why)),
            Read::Not(why) => (None, Some(why)),
            // What a tool built is not source: it is listed, and no gap unless the project's own source runs it.
            Read::Built(why) => {
                built.push(entry.path.as_str());
                sources.not_checked.push(why);
                (None, None)
            }
        };
        sources.unread.extend(not_checked.iter().map(|not| Unread::new(&entry.path, &not.why)));
        sources.not_checked.extend(not_checked);
        sources.bytes += file.as_ref().map_or(0, |file| file.text.len() as u64);
        sources.files.extend(file);
    }
    let run = built.into_iter().filter(|path| is_run(path, tree, plan, &sources.files));
    let run: Vec<Unread> = run.map(|path| Unread::new(path, "minified, and the project runs it")).collect();
    sources.unread.extend(run);
    let left_out = tree.unread().iter().filter(|one| !excluded.is_match(&one.what));
    sources.unread.extend(left_out.map(|one| Unread::new(&one.what, &one.why)));
    sources.unread.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn listed(unread: &Unread) -> NotChecked {
    NotChecked { what: unread.path.clone(), why: unread.why.clone() }
}

/// A link under the name of a source file, unless it leads to a source file of the tree, which is read where it lies.
fn unread_link(tree: &Tree, entry: &Entry, excluded: &GlobSet) -> Option<Unread> {
    Language::of_path(&entry.path)?;
    let target = tree.read(entry, LINK_BYTES).unwrap_or_default();
    let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let target = String::from_utf8_lossy(&target);
    let read = joined(folder, &target).is_some_and(|path| {
        let found = tree.entry(&path).filter(|found| !found.foreign && found.mode != Mode::Link);
        found.is_some_and(|found| Language::of_path(&found.path).is_some() && !excluded.is_match(&found.path))
    });
    (!read).then(|| {
        Unread::new(
            &entry.path,
            "a link to what is not read as source of this project, and runs all the same",
        )
    })
}

/// A path relative to `folder`, from the root; `None` where it leads out of it.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Whether the project runs a file: its source imports it, or the plan or a package.json starts it.
fn is_run(path: &str, tree: &Tree, plan: &Plan, files: &[SourceFile]) -> bool {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let means = |found: String| found == path || found == stem || (!folder.is_empty() && found == folder);
    let imported = files.iter().any(|file| {
        let from = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let modules = file.imports.iter().map(|fact| &*fact.import.module);
        modules.filter(|module| module.starts_with('.')).filter_map(|module| joined(from, module)).any(means)
    });
    let mut words = plan.services.iter().flat_map(|service| &service.start);
    let is_entry = matches!(path, "app.js" | "server.js" | "index.js" | "main.js");
    imported
        || is_entry
        || words.any(|word| word.ends_with(path))
        || tree.entries().iter().filter(|entry| !entry.foreign && entry.name() == "package.json").any(
            |entry| {
                let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
                tree.read_text(&entry.path, SOURCE_FILE_BYTES).is_some_and(|text| text.contains(name))
            },
        )
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
    if is_minified(language, &text, &lines) {
        let why = format!(
            "{} bytes a line: minified or generated, not written by hand",
            text.len() / lines.count().max(1)
        );
        return Read::Built(NotChecked { what: entry.path.clone(), why });
    }
    let parsed = language.parse(&entry.path, &text);
    let error = parsed.errors.first().map(|error| NotChecked {
        what: format!("{}:{}", entry.path, lines.line(error.extent.start)),
        why: format!("does not read as {}: {}", language.name(), error.message),
    });
    if error.is_some() && is_template(&text) {
        let why = "a template from which source is made, no source itself".to_owned();
        return Read::Built(NotChecked { what: entry.path.clone(), why });
    }
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
        is_test: is_test(&entry.path, language) || by_hand::asserts_answers(language, &text, &parsed.module),
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

/// Whether a program wrote the text for a browser. Nobody minifies Python, Rust or TypeScript, and one long line among written ones
/// (a comment, a table, an image as text) hides nothing.
fn is_minified(language: Language, text: &str, lines: &Lines) -> bool {
    let is_long =
        |bytes: usize| bytes > 8 * MINIFIED_LINE_BYTES && bytes / lines.count().max(1) > MINIFIED_LINE_BYTES;
    // A picture as text says nothing of who wrote the code around it, and is what it is without a look at the rest.
    let is_long = language == Language::JavaScript && is_long(text.len()) && is_long(without_data(text));
    let is_written = |line: &&str| {
        let line = line.trim();
        let is_comment = ["//", "/*", "*"].iter().any(|mark| line.starts_with(mark));
        !line.is_empty() && line.len() <= WRITTEN_LINE_BYTES && !is_comment
    };
    is_long && text.lines().filter(is_written).take(WRITTEN_LINES).count() < WRITTEN_LINES
}

/// The bytes of a text without what stands in it as data: runs of base64 and the like that are longer than any name.
fn without_data(text: &str) -> usize {
    let is_data =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let runs = text.as_bytes().chunk_by(|one, two| is_data(one) && is_data(two));
    runs.map(<[u8]>::len).filter(|run| *run <= DATA_BYTES).sum()
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

/// Whether a text that does not read as its language holds the marks of a template (Django, Jinja, Handlebars, cookiecutter): nothing runs it
/// as it is.
fn is_template(text: &str) -> bool {
    [("{%", "%}"), ("{{", "}}")]
        .iter()
        .any(|(opens, closes)| text.split_once(opens).is_some_and(|(_, rest)| rest.contains(closes)))
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
