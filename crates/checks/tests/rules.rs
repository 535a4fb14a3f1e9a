//! The project's own rules as part of a tree and of a measurement.
#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

use std::collections::BTreeMap;

use seaworthy_checks::rules::Rules;
use seaworthy_checks::tree::Tree;
use seaworthy_checks::{Quiet, Request, inputs};
use seaworthy_core::{Digest, Plan, Subject, Timestamp};

const RULE: &str = "id: no-print\nlanguage: Python\nrule:\n  pattern: print($A)\n";

fn made_with(rules: &str) -> Digest {
    let tree = Tree::of_files([("app.py", "x = 1\n"), (".seaworthy/rules/no-print.yml", rules)]);
    let plan = Plan::default();
    let rules = Rules::of(&tree).unwrap();
    let subject = Subject { tree: Digest::of(b""), git_commit: None, base: None, critical: BTreeMap::new() };
    inputs(&Request {
        tree: &tree,
        plan: &plan,
        rules: &rules,
        base: None,
        paths: &[],
        python_paths: &[],
        subject: &subject,
        started_at: Timestamp::UNIX_EPOCH,
        only: None,
        progress: &Quiet,
    })
}

#[test]
fn a_changed_rule_makes_another_measurement() {
    assert_eq!(made_with(RULE), made_with(RULE));
    assert_ne!(made_with(RULE), made_with(&RULE.replace("print", "log")));
    assert_ne!(made_with(RULE), made_with("# nothing yet\n"));
}

#[test]
fn rules_are_source_and_what_lies_beside_them_is_not() {
    let files = [
        (".seaworthy/rules/a.yml", RULE),
        (".seaworthy/rules/node_modules/b.yml", RULE),
        (".seaworthy/ledger.sqlite", ""),
        ("deep/.seaworthy/rules/a.yml", RULE),
    ];
    let tree = Tree::of_files(files);
    let foreign = |path: &str| tree.entry(path).unwrap().foreign;
    assert!(!foreign(".seaworthy/rules/a.yml"));
    assert!(
        foreign(".seaworthy/rules/node_modules/b.yml"),
        "what a package manager puts there is not the project's"
    );
    assert!(foreign(".seaworthy/ledger.sqlite") && foreign("deep/.seaworthy/rules/a.yml"));
}

#[test]
fn a_link_among_the_rules_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join(".seaworthy/rules");
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(folder.path().join("elsewhere.yml"), "not: a rule\n").unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere.yml"), rules.join("linked.yml")).unwrap();
    std::fs::write(rules.join("own.yml"), RULE).unwrap();
    let rules = Rules::of(&Tree::open(folder.path()).unwrap()).unwrap();
    assert_eq!(rules.list().iter().map(|rule| rule.id().as_str()).collect::<Vec<_>>(), ["rules/no-print"]);
}
