//! What may clear and what may not: old evidence, evidence of others, and files that nobody read.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Project, RAISES};

/// A service that starts only beside a file that git does not keep.
const SHOP: &str = r#"import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import local_settings


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            body = json.dumps({"ok": local_settings.OK}).encode()
            self.send_response(200)
        else:
            body = b'{"error": "not found"}'
            self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler).serve_forever()
"#;

fn shop() -> Project {
    let project = Project::new(&[
        ("app.py", SHOP),
        (".gitignore", "local_settings.py\n"),
        ("local_settings.py", "OK = True\n"),
    ]);
    project.commit();
    project
}

fn outcome(report: &Value, id: &str) -> String {
    let seen = report["observations"].as_array().unwrap().iter().find(|seen| seen["producer"]["id"] == id);
    seen.map_or_else(|| "none".to_owned(), |seen| seen["outcome"].as_str().unwrap().to_owned())
}

#[test]
fn what_held_once_clears_no_run_that_could_not_tell() {
    let project = shop();
    let words = ["trial", "--probe", "malformed-input", "--budget", "20s"];
    let (code, report) = project.json(&words);
    assert_eq!(code, 0, "{report}");
    std::fs::remove_file(project.root().join("local_settings.py")).unwrap();
    let (code, report) = project.json(&words);
    assert_eq!((code, outcome(&report, "malformed-input").as_str()), (3, "inconclusive"), "{report}");
    // Nor does the old evidence count afterwards: it is of a tree beside other files.
    let (code, report) = project.json(&["report"]);
    assert_eq!(code, 3, "{report}");
    assert!(report["missing"].to_string().contains("malformed-input"), "{}", report["missing"]);
}

#[test]
fn a_record_that_came_with_the_project_is_refused() {
    let author = Project::new(&[crate::RAISES]);
    assert_eq!(author.run(&["assess"]).code, 0);
    let state = author.root().join(".seaworthy");
    let linked = Project::new(&[crate::RAISES]);
    std::os::unix::fs::symlink(&state, linked.root().join(".seaworthy")).unwrap();
    let file_linked = Project::new(&[crate::RAISES]);
    std::fs::create_dir(file_linked.root().join(".seaworthy")).unwrap();
    let file = file_linked.root().join(".seaworthy/ledger.sqlite");
    std::os::unix::fs::symlink(state.join("ledger.sqlite"), file).unwrap();
    let tracked = Project::new(&[crate::RAISES]);
    crate::kills::copy(&state, &tracked.root().join(".seaworthy"));
    std::fs::remove_file(tracked.root().join(".seaworthy/.gitignore")).unwrap();
    tracked.commit();
    for (what, project) in [("folder", linked), ("file", file_linked), ("tracked", tracked)] {
        for words in [&["assess"][..], &["report"], &["ledger", "verify"]] {
            let ran = project.run(words);
            assert_eq!(ran.code, 4, "{what} {words:?}: {} {}", ran.out, ran.err);
            assert!(ran.err.contains("came with the project"), "{}", ran.err);
        }
    }
}

#[test]
fn only_what_the_own_key_recorded_clears() {
    let author = Project::new(&[crate::RAISES]);
    assert_eq!(author.run(&["assess"]).code, 0);
    assert_eq!(author.run(&["report"]).code, 0);
    // The same files and the author's record, below another home: an archive, or a copied folder.
    let reader = Project::new(&[crate::RAISES]);
    crate::kills::copy(&author.root().join(".seaworthy"), &reader.root().join(".seaworthy"));
    let (code, report) = reader.json(&["report"]);
    assert_eq!(code, 3, "{report}");
    assert!(report["not_checked"].to_string().contains("that other keys recorded"), "{report}");
}

#[test]
fn a_report_counts_only_what_was_measured_in_the_world_as_it_is() {
    let project = Project::new(&[
        crate::RAISES,
        ("lib.js", "const left = require('leftpad');\nmodule.exports = () => left('x');\n"),
        ("package.json", "{\"dependencies\": {\"leftpad\": \"1.0.0\"}}\n"),
        (".gitignore", "node_modules/\nseaworthy.toml\n"),
        ("node_modules/leftpad/package.json", "{\"name\": \"leftpad\", \"version\": \"1.0.0\"}\n"),
        ("node_modules/leftpad/index.js", "module.exports = (x) => x;\n"),
    ]);
    project.commit();
    assert_eq!(project.run(&["assess"]).code, 0);
    assert_eq!(project.run(&["report"]).code, 0);
    std::fs::remove_dir_all(project.root().join("node_modules")).unwrap();
    let (code, report) = project.json(&["report"]);
    assert_eq!(code, 3, "{report}");
    assert!(report["not_checked"].to_string().contains("other packages"), "{report}");
}

#[test]
fn evidence_made_under_a_plan_that_is_gone_clears_nothing() {
    let (path, text) = crate::SWALLOWS;
    let project = Project::new(&[
        crate::RAISES,
        ("app/pay.py", text),
        (".gitignore", "seaworthy.toml\n"),
        ("seaworthy.toml", "[checks]\nexclude = [\"app/pay.py\"]\n"),
    ]);
    assert_ne!(path, "app/pay.py");
    project.commit();
    assert_eq!(project.run(&["assess"]).code, 0);
    let (code, report) = project.json(&["report"]);
    assert_eq!(code, 0, "{report}");
    assert!(report["not_checked"].to_string().contains("app/pay.py (1 source files)"), "{report}");
    std::fs::remove_file(project.root().join("seaworthy.toml")).unwrap();
    assert_eq!(project.run(&["report"]).code, 3);
    assert_eq!(project.run(&["assess"]).code, 1);
}

#[test]
fn a_document_of_the_author_s_hides_no_route_of_the_source() {
    let source = "import os\n\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.post(os.environ[\"PREFIX\"] + \"/buy\")\ndef buy():\n    return {}\n";
    let document = "{\"openapi\": \"3.0.0\", \"info\": {\"title\": \"x\", \"version\": \"1\"}, \"paths\": {\"/health\": {\"get\": {\"responses\": {\"200\": {\"description\": \"ok\"}}}}}}";
    let project =
        Project::new(&[("app.py", SHOP), ("other.py", source), ("local_settings.py", "OK = True\n")]);
    project.write("openapi.json", document);
    let (code, report) = project.json(&["trial", "--probe", "concurrent-users", "--budget", "5s"]);
    assert_eq!((code, outcome(&report, "concurrent-users").as_str()), (3, "inconclusive"), "{report}");
}

#[test]
fn a_tree_that_changes_while_it_is_judged_is_not_clear_and_not_on_record() {
    let project = shop();
    let words = ["trial", "--probe", "malformed-input", "--budget", "20s", "--format", "json"];
    let child = project.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // The record is opened when the tree has been digested and before anything is measured.
    let ledger = project.root().join(".seaworthy/ledger.sqlite");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ledger.exists() {
        assert!(Instant::now() < deadline, "no record was begun");
        std::thread::sleep(Duration::from_millis(2));
    }
    project.write("later.py", "import os\n");
    let ended = child.wait_with_output().unwrap();
    let text = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{text}");
    assert!(text.contains("changed while they were judged"), "{text}");
    std::fs::remove_file(project.root().join("later.py")).unwrap();
    assert!(!project.run(&["ledger", "show"]).out.contains("malformed-input"));
}

/// The answer that a run kept, and the only one.
fn kept(project: &Project) -> PathBuf {
    let folder = project.home().join(".cache/seaworthy/checks");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn an_answer_kept_is_used_only_under_the_own_signature_and_goes_on_record_once() {
    let project = Project::new(&[(
        "app/token.py",
        "import hmac\n\nSTRIPE_KEY = \"sk_live_4eC39HqLyjWDarjtT1zdp7dc\"\n",
    )]);
    let (code, first) = project.json(&["check"]);
    assert_eq!(code, 1, "{first}");
    let entries = |project: &Project| project.run(&["ledger", "show"]).out.lines().count();
    let before = entries(&project);
    let (again, second) = project.json(&["check"]);
    assert_eq!((code, &first["observations"]), (again, &second["observations"]));
    // The decision alone is new.
    assert_eq!(entries(&project), before + 1);

    // Whoever writes there without the key: a finding less, under the signature of what was there before.
    let path = kept(&project);
    let mut forged = std::fs::read(&path).unwrap();
    let (signature, payload) = forged.split_at_mut(64);
    let text = String::from_utf8(payload.to_vec()).unwrap();
    assert!(text.contains("\"findings\":["), "{text}");
    let cleared = text.replace("\"outcome\":\"broken\"", "\"outcome\":\"held\"").replace("broken", "held");
    let forged = [signature.to_vec(), cleared.into_bytes()].concat();
    std::fs::write(&path, &forged).unwrap();
    let (again, third) = project.json(&["check"]);
    assert_eq!((code, outcome(&third, "hardcoded-secret").as_str()), (again, "broken"), "{third}");

    // And with another key, which signs what it likes.
    std::fs::write(&path, &forged).unwrap();
    std::fs::remove_file(project.home().join(".config/seaworthy/key")).unwrap();
    let (again, fourth) = project.json(&["check"]);
    assert_eq!((code, outcome(&fourth, "hardcoded-secret").as_str()), (again, "broken"), "{fourth}");
}

#[test]
fn a_kept_answer_is_old_when_a_module_is_gone() {
    let project = Project::new(&[
        ("app.py", "import foo.bar\n\nprint(foo.bar)\n"),
        (".gitignore", ".venv/\n"),
        (".venv/pyvenv.cfg", "version = 3.11.2\n"),
        (".venv/bin/python", ""),
        (".venv/lib/python3.11/site-packages/foo-1.0.dist-info/METADATA", "Name: foo\n"),
        (".venv/lib/python3.11/site-packages/foo/__init__.py", ""),
        (".venv/lib/python3.11/site-packages/foo/bar.py", ""),
    ]);
    for _ in 0..2 {
        assert_eq!(outcome(&project.json(&["check"]).1, "unknown-module"), "held");
    }
    std::fs::remove_file(project.root().join(".venv/lib/python3.11/site-packages/foo/bar.py")).unwrap();
    assert_eq!(outcome(&project.json(&["check"]).1, "unknown-module"), "broken");
}

#[test]
fn a_service_whose_routes_nobody_reads_is_unknown_and_a_library_is_not() {
    let run = "import os\nimport bottle\n\napp = bottle.Bottle()\n\n\n@app.get('/ls')\ndef ls():\n    os.system('ls ' + bottle.request.query.x)\n";
    let project = Project::new(&[("app.py", run)]);
    let (code, report) = project.json(&["check"]);
    assert_eq!((code, outcome(&report, "command-injection").as_str()), (3, "inconclusive"), "{report}");
    let listed = report["not_checked"].as_array().unwrap();
    assert!(listed.iter().any(|one| one["why"].as_str().unwrap().contains("bottle")), "{listed:?}");
    let (code, _) = project.json(&["assess"]);
    assert_eq!(code, 3);

    let library = Project::new(&[("lib.py", "import os\n\n\ndef ls(x):\n    return os.listdir(x)\n")]);
    let (code, report) = library.json(&["check"]);
    assert_eq!((code, outcome(&report, "command-injection").as_str()), (0, "not-applicable"), "{report}");
}

#[test]
fn a_plan_that_leaves_everything_out_clears_nothing() {
    let plan = "[checks]\nexclude = [\"**/*\"]\n";
    let project = Project::new(&[("app/a.py", "import os\n"), ("seaworthy.toml", plan)]);
    let (code, report) = project.json(&["check"]);
    assert_eq!((code, report["verdict"].as_str()), (3, Some("unknown")), "{report}");
}

#[test]
fn a_template_of_a_script_is_listed_and_leaves_no_gap() {
    let template = "{% autoescape off %}\nconst catalog = {{ catalog }};\n{% endautoescape %}\n";
    let project = Project::new(&[RAISES, ("app/templates/catalog.js", template)]);
    let (code, report) = project.json(&["check"]);
    assert_eq!(code, 0, "{}", report["reasons"]);
    assert!(
        report["not_checked"].to_string().contains("a template from which source is made"),
        "{}",
        report["not_checked"]
    );
    // What is no template and does not read stays a gap.
    project.write("app/templates/catalog.js", "const catalog = {{{;\n");
    assert_eq!(project.run(&["check"]).code, 3);
}
