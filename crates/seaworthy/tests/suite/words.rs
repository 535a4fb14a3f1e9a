//! What the program says of itself, and of projects with nothing in them.

use crate::Project;

#[test]
fn wrong_words_end_with_two_and_help_with_zero() {
    let project = Project::new(&[]);
    assert_eq!(project.run(&["--help"]).code, 0);
    assert_eq!(project.run(&["--version"]).out.trim(), format!("seaworthy {}", env!("CARGO_PKG_VERSION")));
    for words in [
        &[][..],
        &["asses"],
        &["check", "--bse"],
        &["assess", "no-such-folder"],
        &["explain", "flaot-money"],
        &["assess", "--budget", "soon"],
    ] {
        let ran = project.run(words);
        assert_eq!(ran.code, 2, "{words:?}: {}", ran.err);
        assert!(!ran.err.is_empty(), "{words:?}");
    }
    assert!(project.run(&["explain", "flaot-money"]).err.contains("seaworthy explain float-money"));
}

#[test]
fn every_rule_is_explained() {
    let project = Project::new(&[]);
    let list = project.run(&["explain"]);
    assert_eq!(list.code, 0);
    let ids: Vec<&str> = list.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.len() >= 14, "{ids:?}");
    for id in ids {
        let ran = project.run(&["explain", id]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.len() > 400, "{id} says too little: {}", ran.out);
    }
}

#[test]
fn an_identifier_of_a_later_version_is_told_from_a_slip() {
    let ran = Project::new(&[]).run(&["explain", "stale-reads"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("this version does not look for yet"), "{}", ran.err);
}

#[test]
fn completions_are_printed_for_the_usual_shells() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish"] {
        let ran = project.run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("assess"), "{shell}");
    }
}

#[test]
fn a_folder_with_nothing_to_judge_is_unknown_and_says_why() {
    let (code, report) = Project::new(&[("README.md", "# Nothing\n")]).json(&["assess"]);
    assert_eq!((code, &report["verdict"]), (3, &"unknown".into()));
    assert!(report["not_checked"].to_string().contains("no entry that listens"), "{}", report["not_checked"]);
}

#[test]
fn no_git_no_service_and_no_plan_still_says_what_is_true() {
    let (code, report) = Project::new(&[crate::SWALLOWS]).json(&["assess"]);
    assert_eq!(code, 1);
    assert_eq!(report["subject"]["commit"], serde_json::Value::Null);
    assert!(report["inferred"].to_string().contains("seaworthy.toml"), "{}", report["inferred"]);
}
