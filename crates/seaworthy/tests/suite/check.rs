//! `seaworthy check`: restricted looks, baselines, suppressions.

use crate::{Project, RAISES, SWALLOWS, findings};

#[test]
fn a_defect_holds_at_its_place_and_its_twin_does_not() {
    let (code, report) = Project::new(&[SWALLOWS]).json(&["check"]);
    assert_eq!(code, 1);
    let found = findings(&report);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["rule"], &found[0]["location"]["path"]),
        (&"swallowed-error".into(), &"app/save.py".into())
    );
    assert_eq!(found[0]["location"]["line"], 4);
    let (code, report) = Project::new(&[RAISES]).json(&["check"]);
    assert!(findings(&report).is_empty(), "{report}");
    assert_ne!(code, 1);
}

#[test]
fn only_what_a_change_brings_holds_it() {
    let project = Project::new(&[SWALLOWS]);
    project.commit();
    // The old finding moves down: it is not new.
    project.write(SWALLOWS.0, &format!("import json\n\n\n{}", SWALLOWS.1));
    assert_ne!(project.run(&["check", "--base", "HEAD"]).code, 1);
    project.write("app/more.py", SWALLOWS.1);
    let (code, report) = project.json(&["check", "--base", "HEAD"]);
    assert_eq!(code, 1);
    assert_eq!(
        findings(&report).iter().map(|f| f["location"]["path"].as_str().unwrap()).collect::<Vec<_>>(),
        ["app/more.py"]
    );
}

#[test]
fn an_unknown_revision_ends_with_two() {
    let project = Project::new(&[RAISES]);
    assert_eq!(project.run(&["check", "--base", "HEAD"]).code, 2, "no repository");
    project.commit();
    let ran = project.run(&["check", "--base", "no-such"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no-such"), "{}", ran.err);
}

#[test]
fn findings_are_restricted_to_the_paths_named() {
    let project = Project::new(&[SWALLOWS, ("other/load.py", SWALLOWS.1)]);
    let (code, report) = project.json(&["check", "--root", ".", "other/load.py"]);
    assert_eq!(code, 1);
    assert_eq!(findings(&report).len(), 1);
    let ran = project.run(&["check", "--root", ".", "/etc/hostname"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is not below"), "{}", ran.err);
}

#[test]
fn a_baseline_takes_what_is_there_for_known_and_nothing_new() {
    let project =
        Project::new(&[SWALLOWS, ("seaworthy.toml", "[gate]\nbaseline = \"seaworthy.baseline.json\"\n")]);
    let missing = project.run(&["check"]);
    assert_eq!(missing.code, 2, "a baseline that is named and not there is said: {}", missing.err);
    assert!(missing.err.contains("--write-baseline"), "{}", missing.err);
    let written = project.run(&["check", "--write-baseline"]);
    assert_eq!(written.code, 0, "{}", written.err);
    let (code, report) = project.json(&["check"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["waived"].as_array().unwrap().len(), 1);
    let said = project.run(&["check"]).out;
    assert!(said.contains(": 1 known or accepted before") && !said.contains("1 error"), "{said}");
    project.write("app/more.py", SWALLOWS.1);
    assert_eq!(project.run(&["check"]).code, 1);
    // What is mended and stays known would pass when it comes back.
    project.write("app/more.py", "x = 1\n");
    project.write(SWALLOWS.0, "x = 1\n");
    let (code, report) = project.json(&["check"]);
    let listed = report["not_checked"].to_string();
    assert!(code == 0 && listed.contains("is gone: swallowed-error at app/save.py"), "{listed}");
}

#[test]
fn a_suppression_with_a_reason_is_shown_and_one_without_is_a_finding() {
    let with = SWALLOWS.1.replace(
        "except Exception:",
        "except Exception:  # seaworthy: allow(swallowed-error) retried by the caller",
    );
    let (code, report) = Project::new(&[(SWALLOWS.0, &with)]).json(&["check"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["suppressed"][0]["reason"], "retried by the caller");
    let without =
        SWALLOWS.1.replace("except Exception:", "except Exception:  # seaworthy: allow(swallowed-error)");
    let (code, report) = Project::new(&[(SWALLOWS.0, &without)]).json(&["check"]);
    assert_eq!(code, 1, "{report}");
}

#[test]
fn the_second_look_gives_the_same_answer() {
    let project = Project::new(&[SWALLOWS]);
    let strip = |mut report: serde_json::Value| {
        for seen in report["observations"].as_array_mut().unwrap() {
            seen["duration_ms"] = 0.into();
        }
        report
    };
    let first = project.json(&["check"]);
    let second = project.json(&["check"]);
    assert_eq!(strip(first.1), strip(second.1));
    project.write(SWALLOWS.0, RAISES.1);
    assert_ne!(project.run(&["check"]).code, 1, "a changed file is looked at again");
}

#[test]
fn a_part_is_never_written_as_the_baseline_of_the_whole() {
    let project = Project::new(&[SWALLOWS, ("seaworthy.toml", "[gate]\nbaseline = \"known.json\"\n")]);
    assert_eq!(project.run(&["check", "--write-baseline"]).code, 0);
    project.commit();
    let known = std::fs::read_to_string(project.root().join("known.json")).unwrap();
    for words in
        [&["check", "--base", "HEAD", "--write-baseline"][..], &["check", "app/save.py", "--write-baseline"]]
    {
        assert_eq!(project.run(words).code, 2, "{words:?}");
    }
    assert_eq!(std::fs::read_to_string(project.root().join("known.json")).unwrap(), known);
}
