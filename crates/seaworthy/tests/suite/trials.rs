//! Trials as a person asks for them: by hand, again from a replay, and where nobody says how the service starts.

use serde_json::Value;

use crate::Project;

/// A service that fails at a name of another type; a program whose entry no convention shows.
const THING: (&str, &str) = (
    "thing.py",
    r#"
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, [])

    def do_POST(self):
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.answer(201, {"name": body["name"].strip()})
        except ValueError:
            self.answer(400, {"error": "no JSON"})
        except Exception:
            self.answer(500, {"error": "internal"})


def main(port):
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"#,
);

const DOCUMENT: (&str, &str) = (
    "openapi.yaml",
    "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths:\n  /items:\n    get: {responses: {'200': {description: ok}}}\n    post:\n      requestBody: {content: {application/json: {schema: {type: object, required: [name], properties: {name: {type: string}}}}}}\n      responses: {'201': {description: ok}}\n",
);

const LAUNCH: (&str, &str) =
    ("launch.sh", "#!/bin/sh\nexec python3 -c 'import sys,thing; thing.main(int(sys.argv[1]))' \"$1\"\n");

fn missing(report: &Value) -> Vec<String> {
    let all = report["missing"].as_array().unwrap().iter();
    all.map(|one| format!("{} / {}", one["what"].as_str().unwrap(), one["command"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_project_that_serves_is_not_clear_while_nobody_knows_how_to_start_it() {
    let serving = Project::new(&[THING, DOCUMENT, LAUNCH]);
    let (code, report) = serving.json(&["assess"]);
    let missing_there = missing(&report);
    assert_eq!((code, &report["verdict"]), (3, &"unknown".into()), "{missing_there:?}");
    assert!(
        missing_there.iter().any(|one| one.starts_with("a trial") && one.contains("[[service]]")),
        "{missing_there:?}"
    );
    // A library of the same shape serves nothing.
    let library = Project::new(&[("shop/prices.py", "def total(prices):\n    return sum(prices)\n")]);
    let (_, report) = library.json(&["assess"]);
    assert!(!missing(&report).iter().any(|one| one.starts_with("a trial")), "{:?}", missing(&report));
}

#[test]
fn what_was_found_by_a_command_is_shown_and_replayed_by_that_command() {
    let project = Project::new(&[THING, DOCUMENT, LAUNCH]);
    let by_hand = ["trial", "--probe", "malformed-input", "--budget", "30s", "--format", "json"];
    let command = ["--", "sh", "launch.sh", "{port}"];
    let ran = project.run(&[&by_hand[..], &command[..]].concat());
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, 1, "{}", ran.err);
    let finding = crate::findings(&report)[0].clone();
    let lines: Vec<&str> =
        finding["reproduce"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines[0], "seaworthy trial --serve 8081 -- sh launch.sh '{port}' & SERVER=$!");
    // Where that has ended, nothing that follows reaches whoever has the port.
    let waiting = format!("SERVER=4194304; {}; echo $URL", lines[1]);
    let waited = crate::command("sh").args(["-c", &waiting]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&waited.stdout).trim(), "ended:");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = project.run(&["trial", "--serve", &port, "--", "sh", "launch.sh", "{port}"]);
    assert!(refused.code == 2 && refused.err.contains("cannot listen"), "{}", refused.err);
    let shown = project.run(&[
        "trial",
        "--probe",
        "malformed-input",
        "--budget",
        "30s",
        "--",
        "sh",
        "launch.sh",
        "{port}",
    ]);
    let again = shown
        .out
        .lines()
        .find(|line| line.trim().starts_with("or  seaworthy trial --replay .seaworthy/replays/"));
    assert!(again.is_some(), "{}", shown.out);
    let replays = std::fs::read_dir(project.root().join(".seaworthy/replays")).unwrap();
    let file = replays.map(|file| file.unwrap().path()).next().unwrap();
    let (code, replayed) = project.json(&["trial", "--replay", file.to_str().unwrap()]);
    assert_eq!((code, &replayed["format"]), (1, &"seaworthy.replayed/v1".into()), "{replayed}");
    assert_eq!(replayed["seen"], replayed["tried"]);
    // What another format cannot tell is said, not told in another.
    let sarif = project.run(&["trial", "--replay", file.to_str().unwrap(), "--format", "sarif"]);
    assert_eq!((sarif.code, sarif.out.as_str()), (2, ""), "{}", sarif.err);
}

#[test]
fn what_nothing_was_found_for_is_told_by_the_promise_that_would_supply_it() {
    let project = Project::new(&[(
        "main.py",
        "import http.server, os\nhttp.server.ThreadingHTTPServer((\"127.0.0.1\", int(os.environ[\"PORT\"])), http.server.SimpleHTTPRequestHandler).serve_forever()\n",
    )]);
    let command = ["--format", "json", "--", "python3", "main.py"];
    let ran = project.run(&[&["trial", "--probe", "concurrent-users"][..], &command[..]].concat());
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, 3, "{}", ran.err);
    let missing = missing(&report);
    // As it may be pasted into a plan.
    assert!(missing.iter().any(|one| one.contains("[[service.promise]]\nkind = \"stock\"")), "{missing:?}");
    assert!(!missing.iter().any(|one| one.contains("--probe concurrent-users")), "{missing:?}");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_work() {
    let project = Project::new(&[THING]);
    for words in [&["assess"][..], &["check"], &["trial"]] {
        let ran = project.run(&[words, &["--output", "/nonexistent/x"]].concat());
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("/nonexistent/x could not be written"), "{}", ran.err);
    }
    assert!(!project.root().join(".seaworthy").exists(), "nothing was recorded");
    let written = project.run(&["check", "--output", "report.txt"]);
    assert!(project.root().join("report.txt").exists(), "{}", written.err);
}

#[test]
fn an_entry_that_is_not_there_is_said_to_be_none() {
    let project = Project::new(&[("a.py", "x = 1\n")]);
    project.run(&["assess"]);
    let shown = project.run(&["ledger", "show", "0"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let none = project.run(&["ledger", "show", "999"]);
    assert_eq!((none.code, none.out.as_str()), (2, ""));
    assert!(none.err.contains("there is no entry 999"), "{}", none.err);
}

#[test]
fn what_a_trial_broke_is_known_once_it_is_written_down_and_stays_so() {
    let plan = (
        "seaworthy.toml",
        "[[service]]\nname = \"thing\"\nstart = [\"sh\", \"launch.sh\", \"{port}\"]\nopenapi = \"openapi.yaml\"\n",
    );
    let project = Project::new(&[THING, DOCUMENT, LAUNCH, plan]);
    let broken = |report: &Value| -> Vec<String> {
        let reasons = report["reasons"].as_array().unwrap().iter();
        reasons
            .filter_map(|one| one.as_str())
            .filter(|one| one.contains("malformed-input"))
            .map(String::from)
            .collect()
    };
    let budget = ["assess", "--budget", "5s"];
    let (code, report) = project.json(&budget);
    assert_eq!((code, broken(&report).is_empty()), (1, false), "{report}");
    let written = project.run(&[&budget[..], &["--write-baseline"]].concat());
    assert_eq!(written.code, 0, "{}", written.err);
    // The checks know nothing of trials, and forget nothing of them.
    assert_eq!(project.run(&["check", "--write-baseline"]).code, 0);
    let (_, report) = project.json(&budget);
    assert_eq!(broken(&report), Vec::<String>::new());
    // Nor does a trial that could not tell.
    project.write("launch.sh", "exit 1\n");
    project.run(&[&budget[..], &["--write-baseline"]].concat());
    let known = std::fs::read_to_string(project.root().join("seaworthy.baseline.json")).unwrap();
    assert!(known.contains("malformed-input"), "{known}");
}

#[test]
fn the_usual_baseline_counts_without_a_plan_and_is_listed_as_inferred() {
    let project = Project::new(&[crate::SWALLOWS]);
    assert_eq!(project.json(&["check"]).0, 1);
    assert_eq!(project.run(&["check", "--write-baseline"]).code, 0);
    let (code, report) = project.json(&["check"]);
    assert_eq!(code, 0, "{report}");
    let inferred = report["inferred"].as_array().unwrap();
    assert!(
        inferred.iter().any(|one| one["what"].as_str().unwrap().contains("seaworthy.baseline.json")),
        "{inferred:?}"
    );
    // What is new holds all the same.
    project.write("app/more.py", crate::SWALLOWS.1);
    assert_eq!(project.json(&["check"]).0, 1);
}

#[test]
fn every_key_of_a_plan_is_explained_where_a_wrong_one_is_refused() {
    let project = Project::new(&[("seaworthy.toml", "[projekt]\n")]);
    let refused = project.run(&["check"]);
    assert!(refused.code == 2 && refused.err.contains("seaworthy explain plan"), "{}", refused.err);
    let explained = project.run(&["explain", "plan"]);
    let schema: Value = serde_json::from_str(&explained.out).unwrap();
    assert!(schema["properties"]["service"].is_object() || schema["$defs"].is_object(), "{}", explained.out);
}

#[test]
fn a_page_is_named_after_its_folder() {
    let page = Project::new(&[("a.py", "x = 1\n")]).run(&["check", "--format", "html"]);
    assert!(page.out.contains("Seaworthy report on project</title>"), "{}", page.out.get(..600).unwrap());
}
