//! The files of a tree that are no source and yet hold settings: what they are, who sees them, and their text.

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use super::source::SourceFile;
use crate::context::Context;
use crate::tree::{Entry, Mode};

/// Endings of files that hold settings, pages or keys, and no program.
const ENDINGS: &[&str] = &[
    "env",
    "yaml",
    "yml",
    "toml",
    "json",
    "ini",
    "cfg",
    "conf",
    "properties",
    "xml",
    "html",
    "htm",
    "vue",
    "svelte",
    "ejs",
    "hbs",
    "jinja",
    "j2",
    "pem",
    "key",
    "sh",
    "bash",
    "tf",
    "tfvars",
    "txt",
    "npmrc",
    "pypirc",
    "js",
    "mjs",
    "cjs",
    "ipynb",
    "php",
    "rb",
    "go",
    "java",
    "kt",
    "cs",
    "gradle",
    "plist",
    "dockerfile",
    "netrc",
    "envrc",
];

/// The entries that may hold settings and were not read as source.
pub(crate) fn entries<'a>(context: &Context<'a>) -> Vec<&'a Entry> {
    let wanted = |entry: &&Entry| {
        !entry.foreign
            && entry.mode != Mode::Link
            && entry.size.is_none_or(|size| size <= SOURCE_FILE_BYTES)
            && is_settings(&entry.path)
            && context.file(&entry.path).is_none()
    };
    context.tree.entries().iter().filter(wanted).collect()
}

/// The text of an entry; `None` when it is none.
pub(crate) fn text(context: &Context<'_>, entry: &Entry) -> Option<String> {
    String::from_utf8(context.tree.read(entry, SOURCE_FILE_BYTES).ok()?).ok()
}

fn is_settings(path: &str) -> bool {
    let name = file_name(path).to_lowercase();
    if matches!(name.as_str(), "package-lock.json" | "yarn.lock" | "pnpm-lock.yaml" | "composer.lock") {
        return false;
    }
    let ending = name.rsplit('.').next().unwrap_or_default();
    ENDINGS.contains(&ending)
        || name.starts_with(".env")
        || matches!(
            name.as_str(),
            "dockerfile" | "procfile" | "id_rsa" | "id_ed25519" | "credentials" | "config"
        )
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a file only shows how a library is used: it lies in a folder of examples, and what it shows lies outside of any. It is copied from, and
/// runs on the machine of whoever tries it. Where nothing lies outside, the examples are the program.
pub(crate) fn only_shows(context: &Context<'_>, path: &str) -> bool {
    let shows = |path: &str| path.split('/').any(|part| matches!(part, "example" | "examples" | "samples"));
    shows(path) && context.files.iter().any(|file| !file.is_test && !is_example(&file.path))
}

/// Whether a file shows how something is done and is not what runs: documentation, examples, templates of settings, tests.
pub(crate) fn is_example(path: &str) -> bool {
    let lower = path.to_lowercase();
    let name = file_name(&lower);
    let folder = lower.split('/').any(|part| {
        matches!(
            part,
            "test"
                | "tests"
                | "testing"
                | "__tests__"
                | "spec"
                | "specs"
                | "fixtures"
                | "fixture"
                | "testdata"
                | "test_data"
                | "doc"
                | "docs"
                | "example"
                | "examples"
                | "demo"
                | "demos"
                | "samples"
                | "sample"
                | "mocks"
                | "__mocks__"
                | "e2e"
                | "cassettes"
                | "benches"
                | "benchmarks"
                | "docs_src"
                | "tutorial"
        )
    });
    folder
        || ["example", "sample", "template", ".dist", ".test.", ".spec.", "_test.", "mock"]
            .iter()
            .any(|word| name.contains(word))
        || name.starts_with("test_")
        || name.starts_with("conftest")
}

/// Whether a browser receives the file: pages, what lies in a folder that is served as it is, components marked for the client.
pub(crate) fn is_for_browser(path: &str, text: &str) -> bool {
    let lower = path.to_lowercase();
    let ending = lower.rsplit('.').next().unwrap_or_default();
    if matches!(ending, "html" | "htm" | "vue" | "svelte" | "jsx") {
        return true;
    }
    let is_script = matches!(ending, "js" | "mjs" | "cjs" | "ts" | "tsx" | "json" | "map");
    let served = lower.rsplit_once('/').is_some_and(|(folders, _)| {
        folders.split('/').any(|part| {
            matches!(
                part,
                "static"
                    | "public"
                    | "dist"
                    | "wwwroot"
                    | "www"
                    | "assets"
                    | "frontend"
                    | "browser"
                    | "client"
            )
        })
    });
    let says_client = |quote: char| text.trim_start().starts_with(&format!("{quote}use client{quote}"));
    is_script
        && !is_for_server(text)
        && (served || says_client('"') || says_client('\'') || (ending == "tsx" && !lower.contains("/api/")))
}

/// What only runs in Node.
fn is_for_server(text: &str) -> bool {
    [
        "require(\"express\")",
        "require('express')",
        "from \"node:",
        "from 'node:",
        "require(\"node:",
        "require('node:",
        "require(\"fs\")",
        "require('fs')",
        "from \"express\"",
        "from 'express'",
        "\"use server\"",
        "'use server'",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

/// Whether a browser receives this source file.
pub(crate) fn is_browser_source(file: &SourceFile) -> bool {
    is_for_browser(&file.path, &file.text)
}
