//! Trees as they come: links that lead in circles, pipes, names and contents that are no text, files of a size nobody reads,
//! nesting nobody wrote, repositories in every state. git itself says what is tracked and what a commit is called.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]
#![expect(
    clippy::disallowed_methods,
    reason = "git is the judge of what a commit is; it is asked by running it"
)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use seaworthy_checks::tree::{Mode, Tree};
use seaworthy_checks::{Checked, Quiet, Request, run};
use seaworthy_core::{Digest, Plan, RuleId, Subject, Timestamp};

fn changed_at(path: &Path) -> (i64, i64) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.ctime(), metadata.ctime_nsec())
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    for (name, value) in [("NAME", "a"), ("EMAIL", "a@example.org"), ("DATE", "2024-01-01T00:00:00Z")] {
        command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

fn check(tree: &Tree, base: Option<&Tree>, plan: &Plan, only: &[&str]) -> Checked {
    let only: Vec<RuleId> = only.iter().map(|id| RuleId::from(*id)).collect();
    let subject =
        Subject { tree: Digest::of(b""), git_commit: None, base: None, critical: Default::default() };
    run(&Request {
        tree,
        plan,
        rules: &seaworthy_checks::rules::Rules::none(),
        base,
        paths: &[],
        python_paths: &[],
        subject: &subject,
        started_at: Timestamp::UNIX_EPOCH,
        only: Some(&only),
        progress: &Quiet,
    })
}

fn listed<'t>(tree: &'t Tree, what: &str) -> &'t str {
    tree.left_out()
        .iter()
        .find(|left| left.what == what)
        .map(|left| left.why.as_str())
        .unwrap_or("not listed")
}

#[test]
fn a_hostile_folder_is_read_to_the_end_and_what_is_left_out_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::os::unix::fs::symlink(".", root.join("loop")).unwrap();
    std::os::unix::fs::symlink("/etc", root.join("outside")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.join("dangling.py")).unwrap();
    assert!(Command::new("mkfifo").arg(root.join("pipe.py")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"caf\xe9.py")), "import nothing_at_all\n").unwrap();
    fs::write(root.join("latin.py"), b"x = '\xe9'\n").unwrap();
    fs::File::create(root.join("sparse.py")).unwrap().set_len(100 << 20).unwrap();
    fs::write(root.join("deep.py"), format!("x = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000))).unwrap();
    fs::write(root.join("deep.js"), format!("x = {}1{};\n", "[".repeat(10_000), "]".repeat(10_000))).unwrap();
    fs::write(root.join("good.py"), "import email.mime.html\n").unwrap();
    let mut down = root.join("d");
    for _ in 0..200 {
        down.push("d");
    }
    fs::create_dir_all(&down).unwrap();
    fs::write(down.join("low.py"), "import email.mime.html\n").unwrap();
    for (name, marker, contents) in [
        ("built", "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55"),
        ("envir", "pyvenv.cfg", ""),
        ("other", "seaworthy.toml", ""),
    ] {
        fs::create_dir(root.join(name)).unwrap();
        fs::write(root.join(name).join(marker), contents).unwrap();
        let deep = root.join(name).join(if name == "other" { "" } else { "lib/python3.11/site-packages/x" });
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("a.py"), "import email.mime.html\n").unwrap();
    }
    fs::create_dir_all(root.join("web/node_modules/left-pad")).unwrap();
    fs::write(root.join("web/node_modules/left-pad/index.js"), "require('./gone')").unwrap();

    let tree = Tree::open(root).unwrap();
    assert_eq!(tree.entry("loop").unwrap().mode, Mode::Link);
    assert_eq!(tree.entry("outside").unwrap().mode, Mode::Link);
    assert!(tree.entry("outside/passwd").is_none());
    assert!(tree.entry("caf\\xE9.py").is_some());
    assert!(listed(&tree, "pipe.py").contains("never opened"));
    assert!(listed(&tree, "socket").contains("never opened"));
    assert!(listed(&tree, "built/").contains("build output"));
    assert!(listed(&tree, "envir/").contains("virtual environment"));
    assert!(listed(&tree, "other/").contains("project of its own"));
    assert!(listed(&tree, "web/node_modules/").contains("installed packages"));
    assert_eq!(tree.digest().0, Tree::open(root).unwrap().digest().0);

    let checked = check(&tree, None, &Plan::default(), &["unknown-module"]);
    let places: Vec<String> =
        checked.observations[0].findings.iter().map(|f| f.primary.to_string()).collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places.iter().any(|place| place.starts_with("good.py:1:")));
    for what in ["latin.py", "sparse.py", "deep.py", "deep.js"] {
        assert!(
            checked.not_checked.iter().any(|not| not.what.starts_with(what)),
            "{what}: {:?}",
            checked.not_checked
        );
    }
}

#[test]
fn a_change_is_seen_also_where_length_and_time_are_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.py");
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(&file, "RATE = 1\n").unwrap();
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let tree = Tree::open(folder.path()).unwrap();
    tree.digest();
    // Older kernels' clocks tick a few hundred times a second.
    let (other, before) = (tempfile::NamedTempFile::new().unwrap(), changed_at(&file));
    while changed_at(other.path()) == before {
        fs::write(other.path(), "").unwrap();
    }
    let now = Timestamp::now();
    // As if all was written long ago, so that what the file system says is enough, and as it is, so that all is read again.
    let openings = [now + Duration::from_secs(3600), now];
    assert!(openings.iter().all(|at| tree.is_unchanged(*at).unwrap()));

    fs::write(&file, "RATE = 2\n").unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(written).unwrap();
    assert!(openings.iter().all(|at| !tree.is_unchanged(*at).unwrap()));

    fs::write(&file, "RATE = 1\n").unwrap();
    assert!(openings.iter().all(|at| tree.is_unchanged(*at).unwrap()), "as it was");
    fs::write(folder.path().join("empty/new.py"), "").unwrap();
    assert!(openings.iter().all(|at| !tree.is_unchanged(*at).unwrap()));
}

#[test]
fn the_digest_knows_contents_names_and_the_right_to_execute_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let digest = || Tree::open(folder.path()).unwrap().digest().0;
    fs::write(folder.path().join("a"), "1").unwrap();
    let first = digest();
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(first, digest());
    fs::set_permissions(folder.path().join("a"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let executable = digest();
    assert_ne!(first, executable);
    fs::write(folder.path().join("a"), "2").unwrap();
    assert_ne!(executable, digest());
}

#[test]
fn the_working_tree_is_what_git_would_commit_and_clean_only_when_git_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    git(root, &["init", "-q"]);
    fs::write(root.join(".gitignore"), "*.log\nignored/\n").unwrap();
    fs::write(root.join("a.py"), "import os\n").unwrap();
    fs::write(root.join("tracked.log"), "tracked although ignored\n").unwrap();
    fs::create_dir(root.join("sub")).unwrap();
    fs::write(root.join("sub/b.py"), "import os\n").unwrap();
    git(root, &["add", "-f", "."]);
    git(root, &["commit", "-q", "-m", "one"]);
    fs::write(root.join("untracked.log"), "").unwrap();
    let head = git(root, &["rev-parse", "HEAD"]);

    let clean = Tree::open(root).unwrap();
    assert_eq!(clean.git_commit(), Some(head.as_str()));
    let paths: Vec<&str> = clean.entries().iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths.join("\n"), git(root, &["ls-files"]));
    let committed = Tree::at_revision(root, "HEAD").unwrap();
    assert_eq!(clean.digest().0, committed.digest().0);
    let below = Tree::at_revision(&root.join("sub"), "HEAD").unwrap();
    assert_eq!(below.digest().0, Tree::open(&root.join("sub")).unwrap().digest().0);
    assert_eq!(below.entries()[0].path, "b.py");

    fs::write(root.join("new.py"), "").unwrap();
    assert_eq!(Tree::open(root).unwrap().git_commit(), None);
    fs::remove_file(root.join("new.py")).unwrap();
    fs::write(root.join("a.py"), "import re\n").unwrap();
    assert_eq!(Tree::open(root).unwrap().git_commit(), None);
    assert!(Tree::at_revision(root, "no-such-revision").is_err());
}

#[test]
fn without_git_a_gitignore_counts_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".gitignore"), "secret.py\n").unwrap();
    fs::write(folder.path().join("secret.py"), "").unwrap();
    fs::write(folder.path().join("a.py"), "").unwrap();
    let tree = Tree::open(folder.path()).unwrap();
    assert!(tree.entry("secret.py").is_none() && tree.entry("a.py").is_some());
    assert!(Tree::at_revision(folder.path(), "HEAD").is_err());
}

#[test]
fn a_change_brings_only_what_its_base_does_not_have() {
    let base = Tree::of_files([
        ("a.py", "import email.mime.html\n\ndef f():\n    import json.no_such\n"),
        ("old.py", "import xml.gone\nx = 1\ny = 2\nz = 3\n"),
    ]);
    let head = Tree::of_files([
        (
            "a.py",
            "# moved down\n\nimport email.mime.html\n\ndef f():\n    pass\n    import json.no_such\nimport wave.new\n",
        ),
        ("new.py", "import xml.gone\nx = 1\ny = 2\nz = 4\n"),
    ]);
    let checked = check(&head, Some(&base), &Plan::default(), &["unknown-module"]);
    let found: Vec<String> = checked.observations[0].findings.iter().map(|f| f.primary.to_string()).collect();
    assert_eq!(found, ["a.py:8:8"]);
    let alone = check(&head, None, &Plan::default(), &["unknown-module"]);
    assert_eq!(alone.observations[0].findings.len(), 4);
}

#[test]
fn a_new_route_to_an_old_hole_is_new_and_a_renamed_one_is_not() {
    let find = "import sqlite3\n\n\ndef find(name):\n    connection = sqlite3.connect(\"shop.db\")\n    return connection.execute(f\"SELECT * FROM items WHERE name = '{name}'\").fetchall()\n";
    let route = |path: &str, function: &str| {
        format!(
            "\n\n@app.get(\"{path}\")\ndef {function}():\n    return jsonify(find(request.args[\"name\"]))\n"
        )
    };
    let head = "from flask import Flask, jsonify, request\nfrom store import find\n\napp = Flask(__name__)\n";
    let tree = |routes: &[(&str, &str)]| {
        let routes: String = routes.iter().map(|(path, function)| route(path, function)).collect();
        Tree::of_files([("app.py", format!("{head}{routes}")), ("store.py", find.to_owned())])
    };
    let base = tree(&[("/items", "items")]);
    let new = |tree: &Tree| {
        check(tree, Some(&base), &Plan::default(), &["sql-injection"]).observations[0].findings.clone()
    };
    assert_eq!(new(&tree(&[("/items", "items")])), []);
    assert_eq!(new(&tree(&[("/goods", "goods")])), [], "the same route under another name");
    let found = new(&tree(&[("/items", "items"), ("/goods", "goods")]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].primary.to_string().starts_with("store.py:6:"), "{:?}", found[0].primary);
    assert!(found[0].message.ends_with("; reached anew by GET /goods"), "{}", found[0].message);

    let behind = |guard: &str, path: &str, function: &str| {
        let route = route(path, function).replace("\ndef ", &format!("\n{guard}def "));
        let head = format!("from flask_login import login_required\n{head}");
        Tree::of_files([("app.py", format!("{head}{route}")), ("store.py", find.to_owned())])
    };
    let base = behind("@login_required\n", "/admin/items", "items");
    let new = |tree: &Tree| {
        check(tree, Some(&base), &Plan::default(), &["sql-injection"]).observations[0].findings.clone()
    };
    assert_eq!(
        new(&behind("@login_required\n", "/staff/goods", "goods")),
        [],
        "renamed, and guarded as before"
    );
    assert_eq!(new(&behind("@login_required\n@audited\n", "/admin/items", "items")), [], "guarded once more");
    for guards in
        ["@login_required\n@cached(60)\n", "@auth_required\n", "@login_required(\n    redirect=True\n)\n"]
    {
        assert_eq!(new(&behind(guards, "/admin/items", "items")), [], "{guards} asks as before");
    }
    for (path, function) in [("/goods", "goods"), ("/admin/items", "items")] {
        assert_eq!(new(&behind("", path, function)).len(), 1, "{path} lets everybody in now");
    }
}

#[test]
fn a_fingerprint_outlives_moved_lines_and_a_baseline_its_own_file() {
    use seaworthy_checks::baseline::{Baseline, BaselineError};
    let findings = |text: &str| {
        let tree = Tree::of_files([("a.py", text)]);
        check(&tree, None, &Plan::default(), &["unknown-module"]).observations.remove(0).findings
    };
    let before = findings("import email.mime.html\n");
    let after = findings("'''Doc'''\n\n\nimport   email.mime.html\n");
    assert_eq!(before[0].fingerprint, after[0].fingerprint);
    let baseline = Baseline::of(&before);
    let again = Baseline::read(&baseline.write()).unwrap();
    assert_eq!(again, baseline);
    assert!(again.fingerprints().contains(&after[0].fingerprint));
    assert_eq!(again.gone(&[], |_| true), ["unknown-module at a.py:1:8"]);
    assert!(matches!(Baseline::read("{"), Err(BaselineError::Syntax { line: 1, .. })));
    assert!(matches!(
        Baseline::read("{\"format\":\"seaworthy.baseline/v9\",\"more\":1}"),
        Err(BaselineError::Format { .. })
    ));
}

#[test]
fn what_is_set_aside_is_shown_with_its_reason_and_what_the_plan_says_is_done() {
    let tree = Tree::of_files([
        ("a.py", "import email.mime.html  # seaworthy: allow(unknown-module) only ever read\n"),
        ("b.py", "# seaworthy: allow(unknown-module)\n# and more\n\nimport email.mime.html\n"),
        ("legacy/c.py", "import email.mime.html\n"),
    ]);
    let plan =
        Plan::read("[checks]\nexclude = [\"legacy/**\"]\nseverity = { \"unknown-module\" = \"note\" }\n")
            .unwrap();
    let checked = check(&tree, None, &plan, &["unknown-module", "unsound-suppression"]);
    let reasons: Vec<&str> =
        checked.observations[0].suppressed.iter().map(|given| given.reason.as_str()).collect();
    assert_eq!(reasons, ["only ever read", ""]);
    assert!(checked.observations[0].findings.is_empty());
    assert_eq!(checked.observations[1].findings.len(), 1);
    assert!(
        checked.not_checked.iter().any(|not| not.what == "legacy/** (1 source files)"),
        "{:?}",
        checked.not_checked
    );
}

#[test]
fn the_surroundings_are_what_lies_beside_the_tree_and_nothing_that_changes_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("app.py", "import settings\n");
    write(".gitignore", "settings.py\n");
    write("settings.py", "A = 1\n");
    let look = || {
        let tree = Tree::open(root).unwrap();
        (tree.digest().0, tree.surroundings())
    };
    let first = look();
    write(".seaworthy/ledger.sqlite", "ours");
    write("__pycache__/app.cpython-311.pyc", "compiled");
    assert_eq!(look(), first);
    write("settings.py", "A = 2\n");
    let second = look();
    assert!(second.0 == first.0 && second.1 != first.1, "same size, other contents");
    write("node_modules/left/index.js", "x");
    let third = look();
    assert!(third.0 == first.0 && third.1 != second.1);
    assert_eq!(Tree::of_files([("a.py", "")]).surroundings(), None);
}

#[test]
fn a_file_anybody_can_make_hides_no_source() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let tag = "Signature: 8a477f597d28d172789f06886806bc55";
    write("envir/pyvenv.cfg", "");
    write("envir/pay.py", "import email.mime.html\n");
    write("built/CACHEDIR.TAG", tag);
    write("built/api/pay.py", "import email.mime.html\n");
    write("kept/pyvenv.cfg", "");
    write("kept/bin/python", "");
    write("kept/api/pay.py", "import email.mime.html\n");
    let found = |tree: &Tree| -> Vec<String> {
        let checked = check(tree, None, &Plan::default(), &["unknown-module"]);
        checked.observations[0].findings.iter().map(|f| f.primary.to_string()).collect()
    };
    let tree = Tree::open(root).unwrap();
    assert_eq!(found(&tree), ["built/api/pay.py:1:8", "envir/pay.py:1:8"]);
    git(root, &["init", "-q"]);
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", "all"]);
    let tree = Tree::open(root).unwrap();
    assert_eq!(found(&tree), ["built/api/pay.py:1:8", "envir/pay.py:1:8", "kept/api/pay.py:1:8"]);
    assert!(tree.git_commit().is_some(), "the working tree and the commit agree on what is source");
}

#[test]
fn source_that_was_not_read_keeps_what_found_nothing_from_having_held() {
    use seaworthy_core::Outcome;
    let outcome = |files: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ok.py"), "import email.mime.text\n").unwrap();
        files(folder.path());
        let tree = Tree::open(folder.path()).unwrap();
        let checked = check(&tree, None, &Plan::default(), &["unknown-module"]);
        (checked.observations[0].outcome.clone(), checked.not_checked)
    };
    let names = |seen: &Outcome, path: &str| match seen {
        Outcome::Inconclusive(reason) => reason.to_string().contains(path),
        _ => false,
    };
    assert_eq!(outcome(&|_| {}).0, Outcome::Held);
    // A link is executed and never read, wherever it leads but to source of the tree.
    let link = |target: &'static str| {
        move |root: &Path| {
            fs::write(root.join("pay.txt"), "import email.gone\n").unwrap();
            std::os::unix::fs::symlink(target, root.join("pay.py")).unwrap();
        }
    };
    let (seen, not_checked) = outcome(&link("pay.txt"));
    assert!(names(&seen, "pay.py") && not_checked.iter().any(|not| not.what == "pay.py"), "{seen:?}");
    assert!(names(&outcome(&link("../elsewhere.py")).0, "pay.py"));
    assert_eq!(outcome(&link("ok.py")).0, Outcome::Held);
    // A plan of its own takes a folder out of the project, and what is in it is not known.
    let (seen, _) = outcome(&|root| {
        fs::create_dir(root.join("app")).unwrap();
        fs::write(root.join("app/seaworthy.toml"), "").unwrap();
        fs::write(root.join("app/pay.py"), "import email.gone\n").unwrap();
    });
    assert!(names(&seen, "app/pay.py"), "{seen:?}");
    // One long comment minifies nothing.
    let (seen, _) = outcome(&|root| {
        let long = format!("# {}\nimport email.gone\n", "x".repeat(6_000));
        fs::write(root.join("pay.py"), long).unwrap();
    });
    assert_eq!(seen, Outcome::Broken);
    // Unread tests are no gap for what is about the program; a bundle is one only when it is run.
    let (seen, _) = outcome(&|root| fs::write(root.join("test_latin.py"), b"x = '\xe9'\n").unwrap());
    assert_eq!(seen, Outcome::Held);
    let bundle = |root: &Path| {
        fs::write(root.join("vendor.min.js"), "a=1;".repeat(3_000)).unwrap();
    };
    assert_eq!(outcome(&bundle).0, Outcome::Held);
    let (seen, _) = outcome(&|root| {
        bundle(root);
        fs::write(root.join("main.js"), "const v = require('./vendor.min');\n").unwrap();
    });
    assert!(names(&seen, "vendor.min.js"), "{seen:?}");
}
