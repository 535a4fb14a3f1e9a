//! The plan file: what is wrong with it is said at its line, and what nobody judges yet is listed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{Project, RAISES};

#[test]
fn an_unknown_key_ends_with_two_and_names_file_line_key_and_the_nearest_right_name() {
    let project =
        Project::new(&[RAISES, ("seaworthy.toml", "[project]\nname = \"x\"\n\n[[servic]]\nname = \"a\"\n")]);
    for command in ["assess", "check", "trial", "report"] {
        let ran = project.run(&[command]);
        assert_eq!(ran.code, 2, "{command}: {}", ran.err);
        assert!(
            ran.err.contains("seaworthy.toml:4: `servic`: unknown key; did you mean `service`?"),
            "{}",
            ran.err
        );
        assert!(ran.out.is_empty());
    }
}

#[test]
fn a_broken_plan_ends_with_two_and_its_line() {
    let project = Project::new(&[RAISES, ("seaworthy.toml", "[project]\nname = \n")]);
    let ran = project.run(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("seaworthy.toml:2"), "{}", ran.err);
}

#[test]
fn a_plan_that_is_not_text_ends_with_two() {
    let project = Project::new(&[RAISES]);
    std::fs::write(project.root().join("seaworthy.toml"), [0xff, 0xfe, 0x00]).unwrap();
    let ran = project.run(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is not UTF-8"), "{}", ran.err);
}

#[test]
fn tables_that_nothing_judges_yet_are_listed() {
    let plan = "[[flow]]\ndata = \"card\"\nfrom = [\"a.b\"]\nnever_to = [\"logging\"]\n\n[[contract]]\npath = \"openapi.json\"\n";
    let project = Project::new(&[RAISES, ("seaworthy.toml", plan)]);
    let (_, report) = project.json(&["assess"]);
    let not_checked = report["not_checked"].to_string();
    assert!(
        not_checked.contains("the plan's [flow]") && not_checked.contains("seaworthy.toml:1"),
        "{not_checked}"
    );
    assert!(not_checked.contains("the plan's [contract]"), "{not_checked}");
}

#[test]
fn a_check_that_is_switched_off_is_listed_and_finds_nothing() {
    let plan = "[checks.severity]\nswallowed-error = \"off\"\n";
    let project = Project::new(&[crate::SWALLOWS, ("seaworthy.toml", plan)]);
    let (code, report) = project.json(&["check"]);
    assert_eq!(code, 0, "what else applies held: {report}");
    assert!(crate::findings(&report).is_empty());
    assert!(report["not_checked"].to_string().contains("swallowed-error"), "{}", report["not_checked"]);
}

#[test]
fn excluded_paths_are_listed() {
    let plan = "[checks]\nexclude = [\"app/**\"]\n";
    let project = Project::new(&[crate::SWALLOWS, ("seaworthy.toml", plan)]);
    let (_, report) = project.json(&["check"]);
    assert!(report["not_checked"].to_string().contains("app/"), "{}", report["not_checked"]);
    assert!(crate::findings(&report).is_empty());
}

#[test]
fn a_sign_off_that_is_asked_for_is_missing_with_its_command() {
    let plan = "[[critical]]\nname = \"save\"\nclass = \"payment\"\npaths = [\"app/**\"]\napprovers = [\"security\"]\n\n\
                [approvers.security]\nallowed_signers = \"signers\"\n";
    let project = Project::new(&[RAISES, ("seaworthy.toml", plan)]);
    let (code, report) = project.json(&["assess"]);
    assert_eq!((code, &report["verdict"]), (3, &"unknown".into()));
    assert!(
        report["missing"].to_string().contains("seaworthy signoff request save"),
        "{}",
        report["missing"]
    );
}

#[test]
fn a_first_plan_is_written_once_reads_back_and_changes_no_verdict() {
    let project = Project::new(&[RAISES]);
    let before = project.run(&["check"]).code;
    assert_eq!(project.run(&["init"]).code, 0);
    let text = std::fs::read_to_string(project.root().join("seaworthy.toml")).unwrap();
    assert!(text.contains("[[module]]\nname = \"app\""), "{text}");
    assert_eq!(project.run(&["check"]).code, before);
    let again = project.run(&["init"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("is there already"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(project.root().join("seaworthy.toml")).unwrap(), text);
}

#[test]
fn a_parents_plan_is_not_a_folders_plan() {
    let project = Project::new(&[crate::SWALLOWS, ("seaworthy.toml", "[checks]\nexclude = [\"**\"]\n")]);
    assert_eq!(project.run(&["check", "app"]).code, 1);
}

/// Runs `seaworthy` and waits for its end, which has to come soon.
pub(crate) fn ends(project: &Project, words: &[&str]) -> (i32, String) {
    let mut child = project.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{words:?} did not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_plan_or_a_baseline_that_is_no_file_is_neither_waited_for_nor_read() {
    let pipe = |project: &Project, name: &str| {
        let made = crate::command("mkfifo").arg(project.root().join(name)).status().unwrap();
        assert!(made.success());
    };
    let project = Project::new(&[RAISES]);
    pipe(&project, "seaworthy.toml");
    let (code, text) = ends(&project, &["check"]);
    assert!(code == 2 && text.contains("is no regular file"), "{text}");
    let project = Project::new(&[RAISES]);
    std::os::unix::fs::symlink("/dev/zero", project.root().join("seaworthy.toml")).unwrap();
    let (code, text) = ends(&project, &["check"]);
    assert!(code == 2 && text.contains("is no regular file"), "{text}");
    let project = Project::new(&[RAISES, ("seaworthy.toml", "[gate]\nbaseline = \"known.json\"\n")]);
    pipe(&project, "known.json");
    let (code, text) = ends(&project, &["check"]);
    assert!(code == 2 && text.contains("known.json"), "{text}");
}

#[test]
fn the_judged_source_writes_nothing_into_the_first_plan_but_what_it_is_called() {
    let source = "import os\nfrom flask import Flask\n\nKEY = os.environ[\"A\\n[gate]\\nrequire = []\\n#\"]\napp = Flask(__name__)\n\n\n@app.get(\"/\")\ndef index():\n    return KEY\n\n\nif __name__ == \"__main__\":\n    app.run(port=5000)\n";
    let project =
        Project::new(&[("app.py", source), ("a[b/x.py", "import os\n"), ("c{d}\\e*/x.py", "import os\n")]);
    let ran = project.run(&["init"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let plan = std::fs::read_to_string(project.root().join("seaworthy.toml")).unwrap();
    assert!(plan.contains("it reads these when it starts"), "{plan}");
    assert!(!plan.lines().any(|line| line.starts_with("[gate]") || line.starts_with("require")), "{plan}");
    assert_eq!(project.run(&["init", "--print"]).code, 0);
}

#[test]
fn what_the_plan_asks_less_of_and_what_it_says_in_vain_is_listed() {
    let plan = "[checks.severity]\nswallowed-error = \"note\"\nnaive-datetime = \"off\"\nreplicas = \"off\"\n\n[gate.independence]\ndefault = \"other-session\"\n\n[gate.bound]\nstale-reads = { rate = 0.5, confidence = 0.5 }\nconcurrent-users = { rate = 0.9, confidence = 0.5 }\n\n[approvers.x]\nallowed_signers = \"s\"\n";
    let project = Project::new(&[crate::SWALLOWS, ("seaworthy.toml", plan)]);
    let (code, report) = project.json(&["assess"]);
    assert_eq!(code, 0, "{report}");
    let listed: Vec<(String, String)> = report["not_checked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["what"].as_str().unwrap().to_owned(), one["why"].as_str().unwrap().to_owned()))
        .collect();
    for (what, line) in [
        ("`swallowed-error` as a reason to hold", "seaworthy.toml:2"),
        ("the severity of `replicas`", "seaworthy.toml:4"),
        ("`[gate] independence`", "seaworthy.toml:"),
        ("the bound of `stale-reads`", "seaworthy.toml:10"),
        ("`concurrent-users` as far as it asks for by itself", "seaworthy.toml:11"),
        ("the plan's [approvers]", "seaworthy.toml:"),
    ] {
        assert!(listed.iter().any(|one| one.0 == what && one.1.contains(line)), "{what} {line}: {listed:#?}");
    }
    assert_eq!(listed.iter().filter(|one| one.0 == "naive-datetime").count(), 1, "{listed:#?}");
}

#[test]
fn an_application_in_a_package_is_found_by_its_module() {
    let app =
        "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\ndef root():\n    return {}\n";
    let factory =
        "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    return app\n";
    for (path, text, start) in [
        ("app/main.py", app, "\"uvicorn\", \"app.main:app\""),
        ("src/shop/api.py", app, "\"uvicorn\", \"--app-dir\", \"src\", \"shop.api:app\""),
        ("shop/__init__.py", factory, "\"flask\", \"--app\", \"shop:create_app\", \"run\""),
    ] {
        let project = Project::new(&[(path, text)]);
        let printed = project.run(&["init", "--print"]).out;
        assert!(printed.contains(start), "{path}: {printed}");
    }
    let shown = Project::new(&[("shop/core.py", "def f():\n    return 1\n"), ("docs/first/main.py", app)]);
    assert!(!shown.run(&["init", "--print"]).out.contains("[[service]]\nname"), "what only shows is not run");
}
