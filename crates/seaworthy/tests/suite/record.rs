//! The record: kept, verified, carried elsewhere, and refused when it cannot be trusted.

use std::os::unix::fs::PermissionsExt;

use seaworthy_core::{Artifact, Body, Digest};

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
    assert_eq!(project.run(&["ledger", "export", "record.jsonl"]).code, 0);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    for words in [&["assess"][..], &["check"], &["ledger", "import", "record.jsonl"]] {
        let ran = project.run(words);
        assert_eq!(ran.code, 4, "{words:?}: {}", ran.err);
        assert!(ran.err.contains("chmod 600"), "{}", ran.err);
    }
}

#[test]
fn more_findings_than_an_envelope_holds_still_end_in_a_verdict_and_a_record() {
    let project = Project::new(&[]);
    let one = "    try:\n        pay()\n    except Exception:\n        pass\n";
    let functions: Vec<String> = (0..1_500).map(|n| format!("def f{n}():\n{one}\n\n")).collect();
    // Paths of three kilobytes make each finding one of four.
    let folder = vec!["a".repeat(240); 12].join("/");
    for file in 0..4 {
        project.write(&format!("{folder}/p{file}.py"), &functions.concat());
    }
    let (code, report) = project.json(&["assess"]);
    assert_eq!(code, 1);
    let of_rule = crate::findings(&report).iter().filter(|found| found["rule"] == "swallowed-error").count();
    assert_eq!(of_rule, 6_000, "the report of the run has them all");
    let (code, report) = project.json(&["report"]);
    assert_eq!(code, 1);
    assert!(
        report["not_checked"].to_string().contains("more findings of swallowed-error"),
        "{}",
        report["not_checked"]
    );
    assert_eq!(project.run(&["ledger", "verify"]).code, 0);
}

#[test]
fn a_record_that_is_wrong_in_the_middle_is_found_before_the_work_and_gets_nothing_added() {
    let project = Project::new(&[SWALLOWS]);
    assert_eq!(project.run(&["assess"]).code, 1);
    let path = project.root().join(".seaworthy/ledger.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    // A few signatures in the middle; SQLite keeps stale copies of the first pages, which nobody reads.
    let mark = b"\"sig\":\"";
    let signatures: Vec<usize> =
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(mark)).map(|at| at + mark.len()).collect();
    for at in &signatures[4..8] {
        bytes[at + 3] = if bytes[at + 3] == b'A' { b'B' } else { b'A' };
    }
    std::fs::write(&path, &bytes).unwrap();
    for words in [&["check"][..], &["assess"]] {
        assert_eq!(project.run(words).code, 4);
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing was added");
}

#[test]
fn who_signed_the_log_is_said_and_a_stranger_s_key_stands_out() {
    let author = Project::new(&[RAISES]);
    assert_eq!(author.run(&["assess"]).code, 0);
    let own = author.run(&["ledger", "verify"]);
    assert!(
        own.out.contains("checkpoints signed by key") && !own.out.contains("not this machine's"),
        "{}",
        own.out
    );
    let reader = Project::new(&[RAISES]);
    crate::kills::copy(&author.root().join(".seaworthy"), &reader.root().join(".seaworthy"));
    let seen = reader.run(&["ledger", "verify"]);
    assert!(seen.out.contains("not this machine's") && seen.out.contains("left entries out"), "{}", seen.out);
    let (_, report) = reader.json(&["report"]);
    assert!(report["not_checked"].to_string().contains("whether the record is whole"), "{report}");
}

#[test]
fn nothing_is_written_through_a_link_of_the_project() {
    let victim = tempfile::tempdir().unwrap();
    let elsewhere = victim.path().join("elsewhere");
    let link = |project: &Project, name: &str| {
        let path = project.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&elsewhere, path).unwrap();
    };
    for (name, words) in [
        (".seaworthy/.gitignore", &["assess"][..]),
        ("seaworthy.baseline.json", &["check", "--write-baseline"]),
        ("seaworthy.toml", &["init"]),
        (".seaworthy/replays", &["trial", "--probe", "malformed-input", "--budget", "1s"]),
    ] {
        let project = Project::new(&[SWALLOWS, ("app.py", "print(1)\n")]);
        link(&project, name);
        let ran = project.run(words);
        assert!([0, 1, 2, 3].contains(&ran.code), "{name}: {}", ran.err);
        assert!(!elsewhere.exists(), "{name} was written through");
    }
    // A folder that is there: nothing appears in it.
    std::fs::create_dir(&elsewhere).unwrap();
    let project = Project::new(&[SWALLOWS]);
    link(&project, ".seaworthy");
    assert_eq!(project.run(&["assess"]).code, 4);
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn an_entry_that_names_a_pipe_or_a_place_outside_as_its_replay_holds_nobody_up() {
    let project = Project::new(&[SWALLOWS]);
    assert_eq!(project.run(&["assess"]).code, 1);
    assert!(crate::command("mkfifo").arg(project.root().join("pipe")).status().unwrap().success());
    let path = project.root().join(".seaworthy/ledger.sqlite");
    let key = || seaworthy_ledger::key::load(&project.home().join(".config/seaworthy/key")).unwrap();
    let mut ledger = seaworthy_ledger::Ledger::open(&path, key()).unwrap();
    let entry =
        ledger.entries(0..u64::MAX).unwrap().into_iter().find_map(|entry| match &entry.value().body {
            Body::Observation(seen) if !seen.findings.is_empty() => {
                Some((seen.clone(), entry.value().clone()))
            }
            _ => None,
        });
    let (mut seen, entry) = entry.unwrap();
    for path in ["pipe", "../project/pipe", "/dev/zero"] {
        let finding = Some(seen.findings[0].fingerprint);
        let digest = Digest::of(b"");
        seen.artifacts.push(Artifact { kind: "replay".to_owned(), path: path.to_owned(), digest, finding });
    }
    ledger.append(&[Body::Observation(seen)], entry.recorded_at, &entry.actor).unwrap();
    drop(ledger);
    let (code, text) = crate::plan::ends(&project, &["report"]);
    assert_eq!(code, 1, "{text}");
}

#[test]
fn an_export_overwrites_neither_the_ledger_nor_a_file_beside_its_target() {
    let project = Project::new(&[SWALLOWS, ("mine.part", "somebody's")]);
    assert_eq!(project.run(&["assess"]).code, 1);
    let ledger = project.root().join(".seaworthy/ledger.sqlite");
    let before = std::fs::read(&ledger).unwrap();
    for path in [
        ".seaworthy/ledger.sqlite",
        "./.seaworthy/../.seaworthy/ledger.sqlite",
        ".seaworthy/ledger.sqlite-wal",
    ] {
        let ran = project.run(&["ledger", "export", path]);
        assert!(ran.code == 2 && ran.err.contains("it is the ledger itself"), "{path}: {}", ran.err);
    }
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
    assert_eq!(project.run(&["ledger", "export", "mine.jsonl"]).code, 0);
    assert_eq!(std::fs::read_to_string(project.root().join("mine.part")).unwrap(), "somebody's");
    assert_eq!(project.run(&["ledger", "verify"]).code, 0);
}
