//! The record: kept, verified, carried elsewhere, and refused when it cannot be trusted.

use std::os::unix::fs::PermissionsExt;

use crate::{Project, RAISES, SWALLOWS};

#[test]
fn what_was_measured_is_on_record_and_decides_again() {
    let project = Project::new(&[SWALLOWS]);
    assert_eq!(project.run(&["assess"]).code, 1);
    let shown = project.run(&["ledger", "show"]);
    assert!(
        shown.out.contains("swallowed-error broken") && shown.out.contains("decided hold"),
        "{}",
        shown.out
    );
    let (code, report) = project.json(&["report"]);
    assert_eq!((code, &report["verdict"]), (1, &"hold".into()));
    assert_eq!(project.run(&["ledger", "verify"]).code, 0);
    let state = project.root().join(".seaworthy");
    let ignored = std::fs::read_to_string(state.join(".gitignore")).unwrap();
    assert!(ignored.starts_with("*\n"), "{ignored}");
    let key = project.home().join(".config/seaworthy/key");
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn nothing_on_record_is_unknown() {
    let project = Project::new(&[RAISES]);
    let ran = project.run(&["report"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("nothing is on record for this tree"), "{}", ran.err);
    let verify = project.run(&["ledger", "verify"]);
    assert_eq!(verify.code, 2);
    assert!(verify.err.contains("there is no ledger"), "{}", verify.err);
}

#[test]
fn a_corrupt_record_ends_with_four_and_is_not_touched() {
    let project = Project::new(&[SWALLOWS]);
    assert_eq!(project.run(&["assess"]).code, 1);
    let path = project.root().join(".seaworthy/ledger.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    // The start of each envelope's payload, wherever SQLite put it.
    let mark = b"\"payload\":\"";
    let payloads: Vec<usize> = bytes
        .windows(mark.len())
        .enumerate()
        .filter(|(_, window)| window == mark)
        .map(|(at, _)| at + mark.len())
        .collect();
    assert!(!payloads.is_empty(), "no envelope in the file");
    payloads.into_iter().for_each(|at| bytes[at + 20] ^= 1);
    std::fs::write(&path, &bytes).unwrap();
    for words in [&["ledger", "verify"][..], &["report"], &["assess"]] {
        let ran = project.run(words);
        assert_eq!(ran.code, 4, "{words:?}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains("entry "), "{words:?} names the entry: {}", ran.err);
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing was overwritten");
}

#[test]
fn what_is_no_ledger_ends_with_four_and_is_not_touched() {
    let project =
        Project::new(&[RAISES, (".seaworthy/ledger.sqlite", "this is not a ledger, and it is somebody's")]);
    let ran = project.run(&["assess"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    let text = std::fs::read_to_string(project.root().join(".seaworthy/ledger.sqlite")).unwrap();
    assert_eq!(text, "this is not a ledger, and it is somebody's");
}

#[test]
fn a_record_goes_elsewhere_and_is_verified_against_a_checkpoint_kept() {
    let project = Project::new(&[SWALLOWS]);
    assert_eq!(project.run(&["assess"]).code, 1);
    let kept = project.run(&["ledger", "checkpoint"]);
    project.write("kept.txt", &kept.out);
    assert_eq!(project.run(&["ledger", "verify", "--against", "kept.txt"]).code, 0);
    assert_eq!(project.run(&["ledger", "export", "record.jsonl"]).code, 0);
    let other = Project::new(&[RAISES]);
    let file = project.root().join("record.jsonl");
    let imported = other.run(&["ledger".as_ref(), "import".as_ref(), file.as_os_str()]);
    assert_eq!(imported.code, 0, "{}", imported.err);
    assert_eq!(other.run(&["ledger", "verify"]).code, 0);
    let again = other.run(&["ledger".as_ref(), "import".as_ref(), file.as_os_str()]);
    assert!(again.err.contains("0 entries added"), "{}", again.err);
    // The other's record does not continue the one the checkpoint is of.
    let kept = project.root().join("kept.txt");
    let against = other.run(&["ledger".as_ref(), "verify".as_ref(), "--against".as_ref(), kept.as_os_str()]);
    assert_eq!(against.code, 4, "{}", against.err);
}

#[test]
fn an_export_that_was_changed_is_refused_whole() {
    let project = Project::new(&[SWALLOWS]);
    assert_eq!(project.run(&["assess"]).code, 1);
    assert_eq!(project.run(&["ledger", "export", "record.jsonl"]).code, 0);
    let text = std::fs::read_to_string(project.root().join("record.jsonl")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.remove(2);
    project.write("cut.jsonl", &(lines.join("\n") + "\n"));
    let other = Project::new(&[RAISES]);
    let file = project.root().join("cut.jsonl");
    let ran = other.run(&["ledger".as_ref(), "import".as_ref(), file.as_os_str()]);
    assert_eq!(ran.code, 4, "{}", ran.err);
}

#[test]
fn where_nothing_can_be_written_the_run_goes_on_and_says_so() {
    let project = Project::new(&[SWALLOWS]);
    // A file where the folder would have to be: no privilege gets past that, so it holds for root too.
    std::fs::write(project.root().join(".seaworthy"), "in the way").unwrap();
    let (code, report) = project.json(&["assess"]);
    assert_eq!(code, 1);
    assert!(report["not_checked"].to_string().contains("kept in memory only"), "{}", report["not_checked"]);
}

#[test]
fn a_key_open_to_others_is_refused_with_the_line_to_type() {
    let project = Project::new(&[SWALLOWS]);
    assert_eq!(project.run(&["assess"]).code, 1);
    let key = project.home().join(".config/seaworthy/key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = project.run(&["assess"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("chmod 600"), "{}", ran.err);
}
