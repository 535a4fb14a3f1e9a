//! The lowerings beside what the languages' own parsers say of real code: Python's standard library by `ast`, TypeScript's own
//! libraries and whatever npm brought by TypeScript, this crate by syn's visitor.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::facts::lines::Lines;
use crate::facts::nodes::{Node, each_node};
use crate::facts::syntax::{
    CallStyle, ClassKind, Expr, ExprKind, Extent, ImportKind, Literal, Module, Stmt, StmtKind,
};
use crate::language::Language;

/// Files compared; enough to meet every construct, few enough to be quick in a debug build.
const FILES: usize = 250;

/// Starts a program of this machine and hands it the paths.
#[expect(
    clippy::disallowed_methods,
    reason = "the truth comes from another language's own parser, and a test may wait for it"
)]
fn ask(program: &Path, arguments: &[&str], folder: &Path, paths: &[PathBuf]) -> Option<Vec<Value>> {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let list: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    child.stdin.take()?.write_all(list.join("\n").as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().map(|line| serde_json::from_str(line).ok()).collect()
}

/// Some of the files below a folder with one of these endings, evenly chosen.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
        .flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|path| {
            path.is_file() && endings.iter().any(|ending| path.to_string_lossy().ends_with(ending))
        })
        .filter(|path| std::fs::metadata(path).is_ok_and(|data| data.len() < 400_000))
        .collect();
    found.sort();
    let step = found.len().div_ceil(FILES).max(1);
    found.into_iter().step_by(step).collect()
}

/// What is counted of a file: lines of functions, classes and imports; numbers of the rest.
#[derive(Default)]
struct Count {
    function: Vec<u32>,
    class: Vec<u32>,
    import: Vec<u32>,
    call: u64,
    construct: u64,
    string: u64,
    closure: u64,
    wait: u64,
    compare: u64,
}

fn count(module: &Module, text: &str, is_counted: &dyn Fn(Node<'_>, &[Node<'_>]) -> bool) -> Count {
    let lines = Lines::of(text);
    let line = |extent: Extent| lines.line(extent.start);
    let mut found = Count::default();
    each_node(module, &mut |node, around| {
        if !is_counted(node, around) {
            return true;
        }
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) => {
                found.function.push(line(function.name_extent))
            }
            Node::Stmt(Stmt { kind: StmtKind::Class(class), .. })
            | Node::Expr(Expr { kind: ExprKind::Class(class), .. }) => {
                found.class.push(line(class.name_extent))
            }
            Node::Stmt(Stmt { extent, kind: StmtKind::Import(import) })
                if import.kind != ImportKind::Dynamic =>
            {
                found.import.push(line(*extent));
            }
            // Stands in the place of a call with the module's name.
            Node::Stmt(Stmt { kind: StmtKind::Import(import), .. })
                if import.alias.is_some() || !import.names.is_empty() =>
            {
                found.call += 1;
                found.string += 1;
            }
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Call(call) if call.style == CallStyle::New => found.construct += 1,
                ExprKind::Call(_) => found.call += 1,
                ExprKind::Literal(Literal::String(_)) => found.string += 1,
                ExprKind::Function(function) if function.has_body => found.closure += 1,
                ExprKind::Await(_) => found.wait += 1,
                ExprKind::Compare { .. } => found.compare += 1,
                _ => {}
            },
            _ => {}
        }
        true
    });
    for lines in [&mut found.function, &mut found.class, &mut found.import] {
        lines.sort_unstable();
    }
    found
}

/// Reads the files and gives the first differences, each with its file.
fn differences(paths: &[PathBuf], truth: &[Value], ours: &dyn Fn(&Module, &str) -> Value) -> Vec<String> {
    assert_eq!(paths.len(), truth.len(), "the other parser stopped");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (path, truth) in paths.iter().zip(truth).filter(|(_, truth)| !truth.is_null()) {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let name = path.to_string_lossy();
        let parsed = Language::of_path(&name).expect("a language").parse(&name, text);
        let ours = ours(&parsed.module, text);
        compared += 1;
        for (key, truth) in truth.as_object().expect("an object") {
            if ours.get(key) != Some(truth) {
                wrong.push(format!(
                    "{name}: {key}: ours {} theirs {truth} ({:?})",
                    ours[key],
                    parsed.errors.first()
                ));
            }
        }
    }
    assert!(compared * 10 > paths.len() * 9, "only {compared} of {} could be compared", paths.len());
    wrong
}

#[test]
fn python_reads_as_its_own_ast_says() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/language/tests/count.py");
    let library = ask(
        Path::new("python3"),
        &["-c", "import json, sysconfig; print(json.dumps(sysconfig.get_path('stdlib')))"],
        Path::new("."),
        &[],
    );
    let Some(Value::String(library)) = library.and_then(|lines| lines.into_iter().next()) else {
        println!("skipped: Python beside its own ast: python3 is not installed: apt-get install python3");
        return;
    };
    let library = Path::new(&library);
    let mut paths = files(library, &[".py"]);
    // Written to be no UTF-8, no Python 3, or both.
    paths.retain(|path| {
        !path.to_string_lossy().contains("lib2to3/tests") && !path.to_string_lossy().contains("bad")
    });
    let truth = ask(Path::new("python3"), &[script], Path::new("."), &paths).expect("its answer");
    let wrong = differences(&paths, &truth, &|module, text| {
        let found = count(module, text, &|_, _| true);
        json!({
            "function": found.function, "class": found.class, "import": found.import, "call": found.call,
            "string": found.string, "closure": found.closure, "wait": found.wait, "compare": found.compare,
        })
    });
    assert!(
        wrong.is_empty(),
        "{} differences, such as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
}

#[test]
fn typescript_reads_as_its_own_parser_says() {
    let parts = std::env::var_os("SEAWORTHY_PARTS").map(PathBuf::from).unwrap_or_default();
    let modules = parts.join("node_modules");
    if !modules.join("typescript").is_dir() {
        println!("skipped: TypeScript beside its own parser: its package is not there: cargo xtask test");
        return;
    }
    let script = include_str!("count.js");
    let paths = files(&modules, &[".ts", ".mts", ".js", ".cjs", ".mjs"]);
    let truth = ask(Path::new("node"), &["-e", script], &parts, &paths).expect("its answer");
    let wrong = differences(&paths, &truth, &|module, text| {
        let found = count(module, text, &|node, around| is_typescript_counted(node, around));
        let distinct = |mut lines: Vec<u32>| {
            lines.dedup();
            lines
        };
        json!({
            "function": distinct(found.function), "class": distinct(found.class), "import": distinct(found.import),
            "call": found.call, "construct": found.construct, "closure": found.closure, "wait": found.wait,
            "string": found.string,
        })
    });
    assert!(
        wrong.is_empty(),
        "{} differences, such as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
}

/// Types, interfaces, keys and what the lowering made of `require` are told otherwise by the other parser.
fn is_typescript_counted(node: Node<'_>, around: &[Node<'_>]) -> bool {
    let in_type = around.iter().any(|node| node.class().is_some_and(|class| class.kind != ClassKind::Class));
    let is_key = match (around.last(), node) {
        (Some(Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. })), Node::Expr(expr)) => {
            entries.iter().any(|(key, _)| key.as_ref().is_some_and(|key| std::ptr::eq(key, expr)))
        }
        _ => false,
    };
    let is_type = node.class().is_some_and(|class| class.kind != ClassKind::Class);
    let is_reexport = matches!(
        node,
        Node::Stmt(Stmt { kind: StmtKind::Import(import), .. }) if import.kind == ImportKind::Reexport
    );
    !in_type && !is_type && !is_key && !is_reexport
}

#[test]
fn rust_reads_as_the_visitor_of_its_parser_says() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crates");
    for path in files(crates, &[".rs"]) {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let Ok(file) = syn::parse_file(&text) else { continue };
        let mut truth = Visited::default();
        syn::visit::Visit::visit_file(&mut truth, &file);
        let parsed = Language::Rust.parse(&path.to_string_lossy(), &text);
        assert_eq!(parsed.errors, [], "{}", path.display());
        let mut ours = Visited::default();
        each_node(&parsed.module, &mut |node, _| ours.count(node, &text));
        assert_eq!(ours, truth, "{}", path.display());
    }
}

/// What both see alike: nothing of what stands in macros, for syn leaves their tokens alone.
#[derive(Debug, Default, PartialEq, Eq)]
struct Visited {
    functions: u64,
    closures: u64,
    types: u64,
    loops: u64,
    conditions: u64,
    questions: u64,
}

impl Visited {
    fn count(&mut self, node: Node<'_>, text: &str) -> bool {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Function(_), .. }) => self.functions += 1,
            Node::Stmt(Stmt { kind: StmtKind::Class(_), .. }) => self.types += 1,
            Node::Stmt(Stmt { kind: StmtKind::Loop(_), .. }) => self.loops += 1,
            Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. }) => self.conditions += 1,
            Node::Expr(Expr { kind: ExprKind::Function(_), .. }) => self.closures += 1,
            Node::Expr(Expr { kind: ExprKind::Propagate(_), .. }) => self.questions += 1,
            _ => {}
        }
        !matches!(node, Node::Expr(Expr { kind: ExprKind::Call(call), .. }) if call.style == CallStyle::Macro)
            && !is_matches(node, text)
    }
}

/// `matches!` is read, and syn's visitor does not look into it; nor does it into what a `let` condition looks at.
fn is_matches(node: Node<'_>, text: &str) -> bool {
    let Node::Expr(expr) = node else { return false };
    let written = text.get(expr.extent.start as usize..expr.extent.end as usize).unwrap_or_default();
    matches!(expr.kind, ExprKind::Matches { .. })
        || written.strip_prefix("matches!").is_some_and(is_one_bracket)
}

fn is_one_bracket(text: &str) -> bool {
    let mut depth = 0;
    let closes = text.bytes().position(|byte| {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        depth == 0
    });
    closes == text.len().checked_sub(1)
}

impl<'ast> syn::visit::Visit<'ast> for Visited {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.functions += 1;
        syn::visit::visit_item_fn(self, node);
    }
    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.functions += 1;
        syn::visit::visit_impl_item_fn(self, node);
    }
    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        self.functions += 1;
        syn::visit::visit_trait_item_fn(self, node);
    }
    fn visit_foreign_item_fn(&mut self, node: &'ast syn::ForeignItemFn) {
        self.functions += 1;
        syn::visit::visit_foreign_item_fn(self, node);
    }
    fn visit_expr_closure(&mut self, node: &'ast syn::ExprClosure) {
        self.closures += 1;
        syn::visit::visit_expr_closure(self, node);
    }
    fn visit_item(&mut self, node: &'ast syn::Item) {
        let is_type = matches!(
            node,
            syn::Item::Struct(_)
                | syn::Item::Enum(_)
                | syn::Item::Union(_)
                | syn::Item::Trait(_)
                | syn::Item::Impl(_)
        );
        self.types += u64::from(is_type);
        syn::visit::visit_item(self, node);
    }
    fn visit_expr(&mut self, node: &'ast syn::Expr) {
        match node {
            syn::Expr::While(_) | syn::Expr::ForLoop(_) | syn::Expr::Loop(_) => self.loops += 1,
            syn::Expr::If(_) => self.conditions += 1,
            syn::Expr::Try(_) => self.questions += 1,
            // What a `let` condition looks at is not counted on either side.
            syn::Expr::Let(_) => return,
            _ => {}
        }
        syn::visit::visit_expr(self, node);
    }
}
