//! The reports: one model, several renderings, and what others make of them.

use serde_json::Value;

use crate::{Project, SWALLOWS, command, part};

fn project() -> Project {
    Project::new(&[SWALLOWS, ("app/<odd> & \"name\".py", SWALLOWS.1)])
}

#[test]
fn json_is_one_document_with_every_field_of_the_format() {
    let (code, report) = project().json(&["assess"]);
    assert_eq!(code, 1);
    assert_eq!(report["format"], "seaworthy.report/v1");
    let keys = [
        "tool_version",
        "subject",
        "verdict",
        "reasons",
        "not_checked",
        "missing",
        "waived",
        "suppressed",
        "inferred",
        "failure_modes",
        "observations",
    ];
    for key in keys {
        assert!(!report[key].is_null(), "{key}");
    }
    assert_eq!(report["subject"]["base"], Value::Null);
    let modes: Vec<&str> =
        report["failure_modes"].as_array().unwrap().iter().map(|mode| mode["id"].as_str().unwrap()).collect();
    assert_eq!(
        modes,
        [
            "hallucinated-confidence",
            "shared-blind-spot",
            "architecture-drift",
            "superficial-security",
            "compounding-error"
        ]
    );
    for seen in report["observations"].as_array().unwrap() {
        assert!(
            ["held", "broken", "inconclusive", "not-applicable"].contains(&seen["outcome"].as_str().unwrap())
        );
        assert_eq!(seen["producer"]["kind"], "check");
        assert!(seen["trials"].is_u64() && seen["duration_ms"].is_u64());
    }
    let finding = crate::findings(&report)[0];
    for key in [
        "rule",
        "cause",
        "severity",
        "confidence",
        "location",
        "related",
        "message",
        "fingerprint",
        "reproduce",
    ] {
        assert!(!finding[key].is_null(), "{key}");
    }
    for key in ["line", "column", "end_line", "end_column"] {
        assert!(finding["location"][key].as_u64().unwrap() > 0, "{key}");
    }
}

#[test]
fn no_format_changes_the_exit_code() {
    let project = project();
    for format in ["terminal", "json", "sarif", "html"] {
        assert_eq!(project.run(&["check", "--format", format]).code, 1, "{format}");
    }
}

#[test]
fn sarif_validates_against_its_schema() {
    let Some(schema) = part(
        "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json",
        "SARIF against its schema",
    ) else {
        return;
    };
    let Some(python) = part("venv/bin/python", "SARIF against its schema") else { return };
    let project = project();
    assert_eq!(project.run(&["assess", "--format", "sarif", "--output", "report.sarif"]).code, 1);
    let judge = "import json,sys,jsonschema\nschema=json.load(open(sys.argv[1])); jsonschema.validators.validator_for(schema)(schema).validate(json.load(open(sys.argv[2])))";
    let done = command(python)
        .args(["-c", judge])
        .arg(schema)
        .arg(project.root().join("report.sarif"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn sarif_places_are_relative_and_encoded() {
    let ran = project().run(&["check", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&ran.out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let uris: Vec<&str> = results
        .iter()
        .map(|r| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap())
        .collect();
    assert!(
        uris.contains(&"app/save.py") && uris.contains(&"app/%3Codd%3E%20%26%20%22name%22.py"),
        "{uris:?}"
    );
}

#[test]
fn what_the_source_sets_aside_is_in_sarif_with_its_reason() {
    let allowed = SWALLOWS.1.replace(
        "except Exception:",
        "except Exception:  # seaworthy: allow(swallowed-error) retried by the caller",
    );
    let ran = Project::new(&[("app/save.py", &allowed)]).run(&["check", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&ran.out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let aside: Vec<&Value> =
        results.iter().filter(|result| result["suppressions"][0]["kind"] == "inSource").collect();
    assert_eq!(aside.len(), 1, "{results:?}");
    assert_eq!(aside[0]["ruleId"], "swallowed-error");
    // A comment that says why makes a warning of it.
    assert_eq!(aside[0]["level"], "warning");
    assert!(aside[0]["ruleIndex"].is_number() && aside[0]["partialFingerprints"].is_object());
    assert_eq!(aside[0]["suppressions"][0]["justification"], "retried by the caller");
}

#[test]
fn the_page_is_self_contained_and_what_is_judged_cannot_write_in_it() {
    let hostile = format!("# <script>alert(1)</script>\n{}", SWALLOWS.1.replace("def save", "def save_"))
        .replace("db.insert(order)", "db.insert('</pre><script>alert(2)</script>')");
    let project = Project::new(&[("app/save.py", &hostile)]);
    let ran = project.run(&["assess", "--format", "html"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("<!DOCTYPE html>"));
    assert!(!ran.out.contains("<script>alert"), "source is escaped");
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        let found =
            ran.out.match_indices(outside).next().map(|(at, _)| &ran.out[at.saturating_sub(40)..at + 40]);
        let in_text = found.is_none_or(|text| !text.contains('<') || text.contains("&lt;"));
        assert!(found.is_none() || in_text, "a request would leave the page: {found:?}");
    }
    assert!(
        ran.out.contains("prefers-color-scheme: dark") && ran.out.contains("data-mode=\"compounding-error\"")
    );
}

#[test]
fn colour_is_for_terminals_and_never_in_files() {
    let project = project();
    assert!(!project.run(&["check"]).out.contains('\u{1b}'), "a pipe is not a terminal");
    assert_eq!(project.run(&["check", "--output", "report.txt"]).code, 1);
    assert!(!std::fs::read_to_string(project.root().join("report.txt")).unwrap().contains('\u{1b}'));
    let forced = project.command(&["check"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(String::from_utf8_lossy(&forced.stdout).contains('\u{1b}'));
    let refused = project.command(&["check"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!String::from_utf8_lossy(&refused.stdout).contains('\u{1b}'));
}

#[test]
fn what_is_judged_cannot_write_on_the_terminal() {
    let hostile = SWALLOWS.1.replace("        pass", "        pass  # \u{1b}]0;owned\u{7}\u{1b}[2J");
    let project = Project::new(&[("app/save.py", &hostile)]);
    let ran = project.run(&["check"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{7}'), "{:?}", ran.out);
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let ran = project().run(&["check", "--output", "no/such/folder/report.txt"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no/such/folder/report.txt could not be written"), "{}", ran.err);
}

#[test]
fn a_report_for_people_does_not_pass_the_secret_on() {
    // In two parts, so that no scanner takes this file for a leak.
    let secret = format!("sk_live_{}", "0gqn87b1PZqZrmktsO3U9224");
    let key = format!("AKIA{}", "PTGZ6JFEBZSDOXRL");
    let source = format!("AWS_KEY = \"{key}\"\nSTRIPE_SECRET_KEY = \"{secret}\"\nDEBUG = False\n");
    let project = Project::new(&[("cfg.py", source.as_str())]);
    for format in ["terminal", "html", "json", "sarif"] {
        let ran = project.run(&["check", "--format", format]);
        assert!(ran.out.contains("hardcoded-secret"), "{}", ran.out);
        assert!(!ran.out.contains(&secret) && !ran.out.contains(&key), "{format}: {}", ran.out);
    }
}

#[test]
fn names_of_the_plan_and_of_the_record_write_neither_on_the_screen_nor_in_a_shell() {
    let esc = "\u{1b}";
    let clean = |text: &str| !text.contains([esc.chars().next().unwrap(), '\u{202e}', '\u{9b}']);
    // What has no reader of its own has to be asked for with a command that a person may paste.
    let plan =
        "[gate]\nrequire = [\"trial\"]\n\n[[service]]\nname = \"s$(touch pwned)\"\nstart = [\"false\"]\n";
    let project = Project::new(&[SWALLOWS, ("seaworthy.toml", plan)]);
    let (_, report) = project.json(&["report"]);
    let commands: Vec<&str> =
        report["missing"].as_array().unwrap().iter().filter_map(|one| one["command"].as_str()).collect();
    assert!(commands.iter().any(|one| one.contains("'s$(touch pwned)'")), "{commands:?}");
    let plan = "[[service]]\nname = \"a\\u001b[2Jb\\u202e\\u009b\"\nstart = [\"false\"]\n\n[[critical]]\nname = \"l\\u001b[1A\"\nclass = \"other\"\npaths = [\"a/**\"]\napprovers = [\"x\"]\n\n[approvers.x]\nallowed_signers = \"s\"\n";
    let project = Project::new(&[SWALLOWS, ("seaworthy.toml", plan)]);
    for words in [
        &["assess"][..],
        &["report"],
        &["ledger", "show"],
        &["ledger", "show", "0"],
        &["trial", "no\u{1b}[2J"],
        &["report", "--format", "json"],
    ] {
        let ran = project.run(words);
        assert!(clean(&ran.out) && clean(&ran.err), "{words:?}: {:?} {:?}", ran.out, ran.err);
    }
    let project =
        Project::new(&[SWALLOWS, ("seaworthy.toml", "[project]\nname = \"x\"\n\"k\\u001b[2J\" = 1\n")]);
    let ran = project.run(&["check"]);
    assert!(ran.code == 2 && clean(&ran.err), "{:?}", ran.err);
}

#[test]
fn a_finding_known_before_is_a_suppressed_result_and_no_other_is() {
    let project = Project::new(&[SWALLOWS, ("seaworthy.toml", "[gate]\nbaseline = \"known.json\"\n")]);
    assert_eq!(project.run(&["check", "--write-baseline"]).code, 0);
    project.write(
        "app/more.py",
        "def more(db):\n    try:\n        db.insert(1)\n    except Exception:\n        pass\n",
    );
    let ran = project.run(&["check", "--format", "sarif"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let sarif: Value = serde_json::from_str(&ran.out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let of = |path: &str| {
        let at = |one: &&Value| one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == path;
        results.iter().find(at).unwrap()["suppressions"].as_array().unwrap().len()
    };
    assert_eq!((of("app/save.py"), of("app/more.py")), (1, 0));
}
