//! The house rules, as a test: what a rule does not hold, drifts.

#![expect(clippy::panic, reason = "a broken rule fails its test with what to do")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const MAX_FILE_LINES: usize = 600;
const MAX_FUNCTION_LINES: usize = 70;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files_below(folder: &Path, suffix: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                files_below(&path, suffix, found);
            }
        } else if name.ends_with(suffix) {
            found.push(path);
        }
    }
}

fn rust_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "fuzz"] {
        files_below(&root().join(folder), ".rs", &mut files);
    }
    assert!(files.len() > 50, "too few files found: the test looks in the wrong place");
    files
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn fail_on(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    let mut problems = Vec::new();
    for path in rust_files() {
        let text = read(&path);
        if !text.starts_with("//!") {
            problems.push(format!("{}: begins without a `//!` header", shown(&path)));
        }
        let lines = text.lines().count();
        if lines > MAX_FILE_LINES {
            problems.push(format!("{}: {lines} lines; split it by a noun of the field", shown(&path)));
        }
    }
    fail_on(problems);
}

#[test]
fn every_function_stays_short() {
    let mut problems = Vec::new();
    for path in rust_files() {
        let text = read(&path);
        let Ok(file) = syn::parse_file(&text) else {
            problems.push(format!("{}: does not parse", shown(&path)));
            continue;
        };
        let mut functions = Functions::default();
        syn::visit::Visit::visit_file(&mut functions, &file);
        for (name, lines) in functions.0.into_iter().filter(|(_, lines)| *lines > MAX_FUNCTION_LINES) {
            problems.push(format!("{}: `{name}` has {lines} lines", shown(&path)));
        }
    }
    fail_on(problems);
}

#[derive(Default)]
struct Functions(Vec<(String, usize)>);

impl Functions {
    fn add(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.brace_token.span;
        self.0.push((
            name.to_string(),
            (span.close().start().line - span.open().start().line).saturating_sub(1),
        ));
    }
}

impl<'ast> syn::visit::Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

#[test]
fn dependencies_point_down_only() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("core", &[][..]),
        ("checks", &["core"][..]),
        ("ledger", &["core"]),
        ("sandbox", &["core"]),
        ("trial", &["core", "sandbox"]),
        ("sessions", &["core", "sandbox"]),
        ("seaworthy", &["core", "checks", "sandbox", "trial", "sessions", "ledger"]),
    ]);
    let mut problems = Vec::new();
    for (krate, may_use) in allowed {
        let manifest: toml::Table =
            read(&root().join("crates").join(krate).join("Cargo.toml")).parse().unwrap();
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for name in
                manifest.get(table).and_then(toml::Value::as_table).into_iter().flat_map(|table| table.keys())
            {
                if let Some(used) = name.strip_prefix("seaworthy-")
                    && !may_use.contains(&used)
                {
                    problems.push(format!("crates/{krate} may not use {name}"));
                }
            }
        }
    }
    fail_on(problems);
}

#[test]
fn walls_are_dependency_lists_and_not_promises() {
    // What a crate is said to be without, it does not depend on.
    let banned: [(&str, &[&str]); 4] = [
        ("core", &["tokio", "rusqlite", "nix", "libc", "rustix", "reqwest", "hyper"]),
        ("checks", &["tokio", "rusqlite", "nix", "reqwest", "hyper", "ureq"]),
        ("trial", &["rusqlite", "ed25519-dalek"]),
        ("sessions", &["rusqlite", "ed25519-dalek"]),
    ];
    let mut problems = Vec::new();
    for (krate, banned) in banned {
        let manifest: toml::Table =
            read(&root().join("crates").join(krate).join("Cargo.toml")).parse().unwrap();
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for name in dependencies.into_iter().flat_map(|table| table.keys()) {
            if banned.contains(&name.as_str()) {
                problems.push(format!("crates/{krate} may not use {name}"));
            }
        }
    }
    fail_on(problems);
}

#[test]
fn unsafe_code_lives_in_sandbox_alone() {
    let mut problems = Vec::new();
    for path in rust_files() {
        let sandbox = shown(&path).starts_with("crates/sandbox/");
        let text = read(&path);
        let lines =
            text.lines().map(str::trim_start).filter(|line| !line.starts_with("//") && !line.contains('"'));
        if !sandbox && lines.clone().any(|line| line.contains("unsafe {") || line.contains("(unsafe_code")) {
            problems.push(format!("{}: unsafe outside crates/sandbox", shown(&path)));
        }
    }
    fail_on(problems);
}

/// Ids of a registry with the failure mode folder (for checks), files, examples and pages beside it.
#[test]
fn a_check_is_one_file_one_line_one_example_page_and_one_page() {
    let checks = root().join("crates/checks");
    let listed: Vec<&seaworthy_checks::registry::Check> = seaworthy_checks::registry::CHECKS.to_vec();
    let ids: Vec<&str> = listed.iter().map(|check| check.meta.id.as_str()).collect();
    assert!(ids.is_sorted(), "the list is alphabetical by id: {ids:?}");
    let mut problems = Vec::new();
    let mut expected_specs = BTreeSet::new();
    for check in listed {
        let (id, mode) = (check.meta.id.as_str(), check.meta.failure_mode.id());
        let source = checks.join("src").join(mode.replace('-', "_")).join(id.replace('-', "_"));
        if !source.with_extension("rs").exists() && !source.join("mod.rs").exists() {
            problems.push(format!("{id}: no file {}", shown(&source.with_extension("rs"))));
        }
        let spec = checks.join("specs").join(mode).join(format!("{id}.md"));
        if !spec.exists() {
            problems.push(format!("{id}: no examples {}", shown(&spec)));
        }
        expected_specs.insert(spec);
        if !seaworthy_core::plan::identifiers::is_known(id) {
            problems.push(format!("{id}: not among the identifiers of crates/core/src/plan/identifiers.rs"));
        }
        if check.meta.page().len() < 400 {
            problems.push(format!("{id}: its page (the //! lines of its file) says too little"));
        }
    }
    let mut specs = Vec::new();
    files_below(&checks.join("specs"), ".md", &mut specs);
    problems.extend(
        specs
            .iter()
            .filter(|spec| !expected_specs.contains(*spec))
            .map(|spec| format!("{}: of no check", shown(spec))),
    );
    fail_on(problems);
}

#[test]
fn a_probe_is_one_file_one_line_one_test_and_one_page() {
    let trial = root().join("crates/trial");
    let ids: Vec<&str> =
        seaworthy_trial::probe::registry::PROBES.iter().map(|probe| probe.meta.id.as_str()).collect();
    assert!(ids.is_sorted(), "the list is alphabetical by id: {ids:?}");
    let mut problems = Vec::new();
    for probe in seaworthy_trial::probe::registry::PROBES {
        let id = probe.meta.id.as_str();
        let source = trial.join("src/probe").join(id.replace('-', "_"));
        if !source.with_extension("rs").exists() && !source.join("mod.rs").exists() {
            problems.push(format!("{id}: no file {}", shown(&source)));
        }
        let mut tests = Vec::new();
        files_below(&trial.join("tests"), ".rs", &mut tests);
        let name = id.replace('-', "_");
        if !tests.iter().any(|test| test.file_stem().is_some_and(|stem| *stem == *name)) {
            problems.push(format!("{id}: no test file {name}.rs below {}", shown(&trial.join("tests"))));
        }
        if !seaworthy_core::plan::identifiers::is_known(id) {
            problems.push(format!("{id}: not among the identifiers"));
        }
    }
    let mut rooms = std::fs::read_dir(trial.join("src/probe"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect::<Vec<_>>();
    rooms.retain(|path| {
        !["registry", "mod"].iter().any(|own| path.file_stem().is_some_and(|stem| stem == *own))
    });
    for room in rooms {
        let name = room.file_stem().map(|stem| stem.to_string_lossy().replace('_', "-")).unwrap_or_default();
        if !ids.contains(&name.as_str()) {
            problems.push(format!("{}: of no probe in the list", shown(&room)));
        }
    }
    fail_on(problems);
}

#[test]
fn every_path_that_the_map_names_exists() {
    let mut problems = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "docs/style.md"] {
        let text = read(&root().join(document));
        for word in text.split('`').skip(1).step_by(2) {
            let path = word.trim_end_matches('/');
            let is_path = path.contains('/')
                && !path.contains(|c: char| c.is_whitespace() || "<>*{}$:()[],\"".contains(c));
            let tracked = ["crates/", "docs/", "examples/", "fixtures/", "xtask/", "fuzz/", ".ci/"];
            if is_path && tracked.iter().any(|top| path.starts_with(top)) && !root().join(path).exists() {
                problems.push(format!("{document}: names {path}, which does not exist"));
            }
        }
    }
    fail_on(problems);
}

#[test]
fn generated_documents_are_as_generated() {
    let docs = root().join("docs");
    let mut problems = Vec::new();
    let mut expected = BTreeSet::new();
    for (name, text) in seaworthy::reference::documents() {
        let path = docs.join(&name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            problems.push(format!("docs/{name} is not as generated: cargo xtask docs"));
        }
        expected.insert(path);
    }
    for folder in ["checks", "probes"] {
        let mut found = Vec::new();
        files_below(&docs.join(folder), ".md", &mut found);
        problems.extend(
            found
                .iter()
                .filter(|path| !expected.contains(*path))
                .map(|path| format!("{}: of nothing that is listed", shown(path))),
        );
    }
    fail_on(problems);
}

#[test]
fn decisions_are_numbered_once_and_fixtures_say_what_they_are_for() {
    let mut numbers = BTreeSet::new();
    let mut problems = Vec::new();
    let mut decisions = Vec::new();
    files_below(&root().join("docs/decisions"), ".md", &mut decisions);
    for path in decisions {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let number = name.get(..4).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        match number {
            Some(number) if numbers.insert(number.to_owned()) => {}
            _ => problems.push(format!("docs/decisions/{name}: needs a number of its own")),
        }
    }
    for room in ["fixtures", "examples"] {
        for entry in std::fs::read_dir(root().join(room)).into_iter().flatten().flatten() {
            if entry.path().is_dir() && !entry.path().join("README.md").exists() {
                problems.push(format!("{}: no README.md that says what it is for", shown(&entry.path())));
            }
        }
    }
    fail_on(problems);
}
