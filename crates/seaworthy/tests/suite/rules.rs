//! The project's own rules: found, weighed, set aside, explained, tried; and what is said of those that are wrong.

use serde_json::Value;

use crate::{Project, command, findings, part};

const NO_PRINT: (&str, &str) = (
    ".seaworthy/rules/no-print.yml",
    "id: no-print\nlanguage: Python\nseverity: error\nmessage: printing `$ARG` is read by nobody\nnote: write `log.info($ARG)`\nrule:\n  pattern: print($ARG)\n",
);
const PRINTS: (&str, &str) = ("app/run.py", "def run(order):\n    print(order)\n    return order\n");
const GO: (&str, &str) = (
    ".seaworthy/rules/go/panics.yaml",
    "id: go.no-panic\nlanguage: Go\nseverity: warning\nrule:\n  kind: call_expression\n  has: {field: function, regex: ^panic$}\n",
);

fn of_rule<'r>(report: &'r Value, rule: &str) -> Vec<&'r Value> {
    findings(report).into_iter().filter(|found| found["rule"] == rule).collect()
}

#[test]
fn a_rule_finds_weighs_and_explains_like_any_check() {
    let project = Project::new(&[NO_PRINT, PRINTS]);
    let (code, report) = project.json(&["check"]);
    assert_eq!(code, 1, "{report}");
    let found = of_rule(&report, "rules/no-print");
    assert_eq!(found.len(), 1, "{report}");
    assert_eq!(
        (&found[0]["location"]["path"], &found[0]["location"]["line"]),
        (&"app/run.py".into(), &2.into())
    );
    assert_eq!(found[0]["message"], "printing `order` is read by nobody");
    assert_eq!(found[0]["advice"], "write `log.info($ARG)`");
    let seen = report["observations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|seen| seen["producer"]["id"] == "rules/no-print");
    let seen = seen.unwrap();
    assert_eq!((&seen["outcome"], &seen["failure_mode"]), (&"broken".into(), &"architecture-drift".into()));
    for format in ["terminal", "sarif", "html"] {
        let ran = project.run(&["check", "--format", format]);
        assert_eq!(ran.code, 1);
        assert!(
            ran.out.contains("rules/no-print") && ran.out.contains("is read by nobody"),
            "{format}: {}",
            ran.out
        );
    }
    let (code, report) = project.json(&["assess"]);
    assert_eq!((code, of_rule(&report, "rules/no-print").len()), (1, 1));
    let (code, report) = project.json(&["report"]);
    assert_eq!((code, of_rule(&report, "rules/no-print").len()), (1, 1), "what is on record decides again");
    let explained = project.run(&["explain", "rules/no-print"]);
    assert!(
        explained.out.contains(".seaworthy/rules/no-print.yml:1") && explained.out.contains("log.info"),
        "{}",
        explained.out
    );
    assert!(project.run(&["explain"]).out.contains("rules/no-print"));
    let wrong = project.run(&["explain", "rules/no-prnt"]);
    assert!(wrong.code == 2 && wrong.err.contains("explain rules/no-print"), "{}", wrong.err);
}

#[test]
fn sound_code_holds_and_a_rule_without_its_language_does_not_apply() {
    let project = Project::new(&[NO_PRINT, ("app/run.py", "def run(order):\n    return order\n"), GO]);
    let (code, report) = project.json(&["check"]);
    assert_ne!(code, 1, "{report}");
    let outcome = |id: &str| {
        let seen = report["observations"]
            .as_array()
            .unwrap()
            .iter()
            .find(|seen| seen["producer"]["id"] == id)
            .unwrap();
        seen["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (outcome("rules/no-print").as_str(), outcome("rules/go.no-panic").as_str()),
        ("held", "not-applicable")
    );
}

#[test]
fn severities_are_those_of_the_rule_unless_the_plan_says_otherwise() {
    for (written, severity) in
        [("error", "error"), ("warning", "warning"), ("info", "note"), ("hint", "note")]
    {
        let rule = NO_PRINT.1.replace("severity: error", &format!("severity: {written}"));
        let (code, report) = Project::new(&[(NO_PRINT.0, &rule), PRINTS]).json(&["check"]);
        assert_eq!(of_rule(&report, "rules/no-print")[0]["severity"], severity);
        assert_eq!(code == 1, severity == "error");
    }
    let rule = NO_PRINT.1.replace("severity: error", "severity: off");
    let (_, report) = Project::new(&[(NO_PRINT.0, &rule), PRINTS]).json(&["check"]);
    assert!(of_rule(&report, "rules/no-print").is_empty());
    assert!(report["not_checked"].to_string().contains("switched off by its own `severity`"), "{report}");
    let plan = |weight: &str| format!("[checks.severity]\n\"rules/no-print\" = \"{weight}\"\n");
    let (code, report) =
        Project::new(&[NO_PRINT, PRINTS, ("seaworthy.toml", &plan("note"))]).json(&["check"]);
    assert_eq!((code == 1, &of_rule(&report, "rules/no-print")[0]["severity"]), (false, &"note".into()));
    let (_, report) = Project::new(&[NO_PRINT, PRINTS, ("seaworthy.toml", &plan("off"))]).json(&["check"]);
    assert!(of_rule(&report, "rules/no-print").is_empty());
    let unknown = plan("note").replace("no-print", "no-prnt");
    let ran = Project::new(&[NO_PRINT, PRINTS, ("seaworthy.toml", &unknown)]).run(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("seaworthy.toml:2: there is no rule `rules/no-prnt`"), "{}", ran.err);
}

#[test]
fn findings_of_rules_are_set_aside_and_known_before_like_others() {
    let aside = PRINTS
        .1
        .replace("print(order)", "print(order)  # seaworthy: allow(rules/no-print) the operator reads it");
    let (code, report) = Project::new(&[NO_PRINT, (PRINTS.0, &aside)]).json(&["check"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["suppressed"][0]["rule"], "rules/no-print");
    let unknown = aside.replace("no-print)", "no-prnt)");
    let (code, report) = Project::new(&[NO_PRINT, (PRINTS.0, &unknown)]).json(&["check"]);
    assert_eq!((code, of_rule(&report, "unsound-suppression").len()), (1, 1));
    assert!(report.to_string().contains("did you mean `rules/no-print`?"), "{report}");
    let project = Project::new(&[
        NO_PRINT,
        PRINTS,
        ("seaworthy.toml", "[gate]\nbaseline = \"seaworthy.baseline.json\"\n"),
    ]);
    assert_eq!(project.run(&["check", "--write-baseline"]).code, 0);
    assert_eq!(project.run(&["check"]).code, 0);
    project.write("app/more.py", PRINTS.1);
    let (code, report) = project.json(&["check"]);
    assert_eq!((code, report["waived"].as_array().unwrap().len()), (1, 1));
}

#[test]
fn only_what_a_change_brings_is_found_by_the_rules_of_today() {
    let project = Project::new(&[PRINTS]);
    project.commit();
    project.write(NO_PRINT.0, NO_PRINT.1);
    assert_ne!(project.run(&["check", "--base", "HEAD"]).code, 1, "what the rule finds was there before");
    project.write("app/more.py", PRINTS.1);
    let (code, report) = project.json(&["check", "--base", "HEAD"]);
    assert_eq!((code, of_rule(&report, "rules/no-print").len()), (1, 1));
}

#[test]
fn languages_that_no_check_reads_have_rules_and_suppressions_too() {
    let source = "package main\n\nfunc f() {\n\tpanic(1)\n\t// seaworthy: allow(rules/go.no-panic) cannot happen\n\tpanic(2)\n}\n";
    let java = "id: no-exit\nlanguage: Java\nseverity: error\nrule:\n  pattern: System.exit($CODE)\n";
    let project = Project::new(&[
        GO,
        ("main.go", source),
        (".seaworthy/rules/no-exit.yml", java),
        ("src/Main.java", "class Main { void f() { System.exit(1); } }\n"),
        ("vendored/x.go", source),
        ("seaworthy.toml", "[checks]\nexclude = [\"vendored/**\"]\n"),
    ]);
    let (code, report) = project.json(&["check"]);
    assert_eq!(code, 1);
    let found = of_rule(&report, "rules/go.no-panic");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["location"]["line"], &found[0]["severity"]), (&4.into(), &"warning".into()));
    assert_eq!(report["suppressed"][0]["location"]["line"], 6);
    assert_eq!(of_rule(&report, "rules/no-exit").len(), 1);
}

#[test]
fn globs_say_which_files_a_rule_is_for() {
    let rule = format!("{}files: [\"app/**\"]\nignores: [\"**/tools/**\"]\n", NO_PRINT.1);
    let project =
        Project::new(&[(NO_PRINT.0, &rule), PRINTS, ("app/tools/run.py", PRINTS.1), ("other.py", PRINTS.1)]);
    let (_, report) = project.json(&["check"]);
    let paths: Vec<_> =
        of_rule(&report, "rules/no-print").iter().map(|f| f["location"]["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["app/run.py"]);
}

#[test]
fn a_broken_rule_ends_with_two_and_says_where_and_what() {
    let broken = [
        ("id: x\nlanguage: Python\nrule:\n  kind: no_such_kind\n", 4, "Kind `no_such_kind` is invalid"),
        ("id: x\nlanguage: Cobol\nrule:\n  pattern: f\n", 2, "`Cobol` is no language"),
        ("id: x\nlanguage: Python\nseverty: error\nrule:\n  pattern: f\n", 3, "unknown field `severty`"),
        ("id: x\nlanguage: Python\nseverity: fatal\nrule:\n  pattern: f\n", 3, "unknown variant `fatal`"),
        ("id: x\nlanguage: Python\nrule:\n  patern: f\n", 4, "unknown field `patern`"),
        ("language: Python\nrule:\n  pattern: f\n", 1, "has no `id`"),
        ("language: Python\nid: a b\nrule:\n  pattern: f\n", 2, "the id `a b`"),
        ("id: x\nlanguage: Python\nrule:\n  pattern: [f\n", 4, "bracket"),
        ("id: x\nlanguage: Python\nrule:\n  kind: call\n  regex: '['\n", 5, "regex"),
        ("id: x\nlanguage: Python\nrule:\n  any:\n    - matches: nothing\n", 5, "`nothing` is not defined"),
        ("id: x\nlanguage: Python\nrule:\n  regex: f\n", 3, "Try adding `kind` rule"),
        ("id: x\nlanguage: Python\nrule:\n  pattern: print($A\n", 4, "the pattern `print($A` does not parse"),
        ("id: x\nrule:\n  pattern: f\n", 1, "missing field `language`"),
        ("# ours\nid: x\nlanguage: Python\nrule:\n  pattern: f\nfiles: ['a[']\n", 6, "`files`"),
        (
            "id: ok\nlanguage: Python\nrule:\n  pattern: f\n---\nid: x\nlanguage: Python\nrule:\n  kind: cal\n",
            9,
            "`cal`",
        ),
        (
            "id: ok\nlanguage: Python\nrule:\n  pattern: f\n---\nid: ok\nlanguage: Python\nrule:\n  pattern: g\n",
            6,
            "is taken by",
        ),
    ];
    for (text, line, what) in broken {
        for words in [&["check"][..], &["assess"], &["check", "--test-rules"]] {
            let ran = Project::new(&[PRINTS, (".seaworthy/rules/x.yml", text)]).run(words);
            assert_eq!(ran.code, 2, "{text}\n{}{}", ran.out, ran.err);
            assert!(ran.err.contains(what), "{text}\n{}", ran.err);
            let place = format!(".seaworthy/rules/x.yml:{line}: ");
            // A key that is missing stands nowhere.
            assert!(ran.err.contains(&place) || what.starts_with("missing"), "{text}\n{place}\n{}", ran.err);
        }
    }
}

#[test]
fn a_pattern_that_is_no_code_is_said() {
    let rule = NO_PRINT.1.replace("print($ARG)", "print($ARG)\n  not: {pattern: \"log($X\"}");
    let (_, report) = Project::new(&[(NO_PRINT.0, &rule), PRINTS]).json(&["check"]);
    assert!(
        report["not_checked"].to_string().contains("is no whole piece of Python"),
        "{}",
        report["not_checked"]
    );
}

#[test]
fn examples_are_tried_and_those_that_fail_are_named() {
    let examples = "id: no-print\nvalid:\n  - log.info(order)\ninvalid:\n  - print(order)\n  - |\n    def f():\n        print(1)\n";
    let tests = ".seaworthy/rules/tests/no-print-test.yml";
    let right = Project::new(&[NO_PRINT, (tests, examples)]).run(&["check", "--test-rules"]);
    assert_eq!((right.code, right.out.as_str()), (0, "1 rules, 3 examples, 0 failed\n"), "{}", right.err);
    let wrong = examples.replace("- log.info(order)", "- print(2)").replace("- print(order)", "- log(order)");
    let ran = Project::new(&[NO_PRINT, (tests, &wrong)]).run(&["check", "--test-rules"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains(&format!("{tests}:3: rules/no-print: this is called valid")), "{}", ran.out);
    assert!(ran.out.contains(&format!("{tests}:5: rules/no-print: this is called invalid")), "{}", ran.out);
    assert!(ran.out.contains("3 examples, 2 failed"), "{}", ran.out);
    let none = Project::new(&[NO_PRINT]).run(&["check", "--test-rules"]);
    assert_eq!(none.code, 3, "nothing was tried: {}", none.out);
    assert!(none.out.contains("without examples: rules/no-print"), "{}", none.out);
    let no_rules = Project::new(&[PRINTS]).run(&["check", "--test-rules"]);
    assert!(no_rules.code == 2 && no_rules.err.contains("there are no rules"), "{}", no_rules.err);
    let of_nothing =
        Project::new(&[NO_PRINT, (tests, "id: other\nvalid: [f]\n")]).run(&["check", "--test-rules"]);
    assert!(
        of_nothing.code == 2 && of_nothing.err.contains("there is no rule with the id `other`"),
        "{}",
        of_nothing.err
    );
}

#[test]
fn rules_are_committed_and_part_of_what_is_judged() {
    let project = Project::new(&[NO_PRINT, PRINTS, (".seaworthy/.gitignore", "*\n")]);
    let (_, before) = project.json(&["assess"]);
    project.commit();
    let tracked = project.git(&["ls-files"]);
    assert_eq!(tracked.lines().collect::<Vec<_>>(), [NO_PRINT.0, PRINTS.0], "the record is nobody's source");
    let (_, clean) = project.json(&["check"]);
    assert!(!clean["subject"]["commit"].is_null(), "{}", clean["subject"]);
    assert_eq!(before["subject"]["tree"], clean["subject"]["tree"]);
    project.write(NO_PRINT.0, &NO_PRINT.1.replace("print($ARG)", "log($ARG)"));
    let (code, after) = project.json(&["check"]);
    assert_ne!(code, 1, "{after}");
    assert_ne!(before["subject"]["tree"], after["subject"]["tree"]);
}

#[test]
fn a_file_that_could_not_be_read_leaves_its_rules_open_and_the_checks_alone() {
    let rule =
        "id: no-exec\nlanguage: Go\nseverity: error\nmessage: no\nrule:\n  pattern: exec.Command($$$A)\n";
    let project = Project::new(&[
        (".seaworthy/rules/no-exec.yml", rule),
        ("a.go", "package main\n\nfunc a() {}\n"),
        ("lib.py", "X = 1\n"),
    ]);
    assert_eq!(project.json(&["check"]).0, 0);
    std::fs::write(project.root().join("b.go"), b"package main // \xff\nfunc b() { exec.Command(\"x\") }\n")
        .unwrap();
    let (code, report) = project.json(&["check"]);
    let seen =
        report["observations"].as_array().unwrap().iter().find(|o| o["producer"]["id"] == "rules/no-exec");
    let seen = seen.unwrap();
    assert_eq!((code, seen["outcome"].as_str()), (3, Some("inconclusive")), "{seen}");
    assert!(seen["reason"].as_str().unwrap().contains("b.go"), "{seen}");
}

#[test]
fn ast_grep_itself_finds_the_same() {
    let Some(sg) = part("venv/bin/ast-grep", "rules against ast-grep itself") else { return };
    let rules = "id: a\nlanguage: Python\nrule:\n  pattern: $F($$$ARGS)\n---\nid: b\nlanguage: Python\nrule:\n  kind: if_statement\n  \
                 has: {stopBy: end, pattern: return $X}\n  not: {inside: {stopBy: end, kind: class_definition}}\n---\nid: c\nlanguage: Python\n\
                 rule:\n  any: [{pattern: $A == None}, {pattern: $A != None}]\nconstraints:\n  A: {kind: identifier}\n";
    let code = "import os\n\n\nclass A:\n    def f(self, x):\n        if x == None:\n            return 1\n\n\ndef g(x, y):\n    if x:\n        \
                for z in y:\n            return z\n    if x.y == None or x != None:\n        print(x, y)\n    return max(1, *y)\n";
    let project = Project::new(&[(".seaworthy/rules/all.yml", rules), ("app/code.py", code)]);
    let (_, report) = project.json(&["check"]);
    let ours = ["a", "b", "c"].map(|id| {
        let found = of_rule(&report, &format!("rules/{id}"));
        let mut places: Vec<_> = found
            .iter()
            .map(|f| (f["location"]["line"].as_u64().unwrap(), f["location"]["column"].as_u64().unwrap()))
            .collect();
        places.sort_unstable();
        places
    });
    let ran = command(sg)
        .args(["scan", "-r", ".seaworthy/rules/all.yml", "--json", "app"])
        .current_dir(project.root())
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let theirs = ["a", "b", "c"].map(|id| {
        let of_id = found.as_array().unwrap().iter().filter(|found| found["ruleId"] == id);
        let start = |found: &Value, key: &str| found["range"]["start"][key].as_u64().unwrap() + 1;
        let mut places: Vec<_> = of_id.map(|found| (start(found, "line"), start(found, "column"))).collect();
        places.sort_unstable();
        places
    });
    assert!(theirs.iter().all(|places| !places.is_empty()), "{found}");
    assert_eq!(ours, theirs);
}
