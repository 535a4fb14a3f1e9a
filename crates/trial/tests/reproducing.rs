//! What a finding prints is run in a plain shell, and its replay file is run again: both show the defect, and neither shows it on the correct twin.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside the test functions that clippy knows"
)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use seaworthy_core::surface::Surface;
use seaworthy_core::{Digest, Plan, RuleId, Subject, Timestamp};
use seaworthy_sandbox::{Limits, Program};
use seaworthy_trial::{Request, Silent, Tried, replay, run, serve};

fn testing() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testing")
}

/// Hands `with` a request about notes with these faults.
fn asking<T>(faults: &str, probe: &str, scratch: &Path, with: impl FnOnce(&Request<'_>) -> T) -> T {
    let env = format!("FAULTS = \"{faults}\"");
    asking_of(("notes", &env), probe, scratch, with)
}

/// Hands `with` a request about a service of `testing/` with this environment.
fn asking_of<T>(
    (name, env): (&str, &str),
    probe: &str,
    scratch: &Path,
    with: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let plan = format!(
        "[[service]]\nname = \"{name}\"\nstart = [\"python3\", \"{name}.py\"]\nopenapi = \"/openapi.json\"\nenv = {{ {env} }}\n"
    );
    let plan = Plan::read(&plan).unwrap();
    let subject =
        Subject { tree: Digest::of(b"tree"), git_commit: None, base: None, critical: BTreeMap::new() };
    let only = [RuleId::from(probe)];
    with(&Request {
        root: &testing(),
        subject: &subject,
        service: &plan.services[0],
        surface: &Surface::default(),
        only: Some(&only),
        budget: Some(Duration::from_secs(60)),
        seed: 11,
        bounds: &BTreeMap::new(),
        world: Digest::of(b"world"),
        scratch,
        replays: &scratch.join("replays"),
        started_at: Timestamp::UNIX_EPOCH,
        progress: &Silent,
    })
}

/// Runs lines in a plain shell in `dir`, and returns what they print.
fn shell(lines: &[String], dir: &Path) -> String {
    let mut program = Program::new(["sh", "-c", &lines.join("\n")], dir);
    program.limits = Limits { deadline: Some(Duration::from_secs(60)), ..Limits::default() };
    let finished = seaworthy_sandbox::run(&program).unwrap();
    let text = finished.stdout.text();
    println!("{}\n--- printed\n{text}\n--- complained\n{}", lines.join("\n"), finished.stderr.text());
    text
}

/// The statuses in what curl printed, in order.
fn statuses(printed: &str) -> Vec<u16> {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("HTTP/1."));
    lines.filter_map(|line| line.split(' ').nth(1)?.parse().ok()).collect()
}

fn replay_file(tried: &Tried) -> Vec<u8> {
    let artifact = &tried.observations[0].artifacts[0];
    let bytes = std::fs::read(&artifact.path).unwrap();
    assert_eq!(Digest::of(&bytes), artifact.digest);
    bytes
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_session_of_one_process_shows_in_a_shell_and_in_its_replay() {
    let scratch = tempfile::tempdir().unwrap();
    let tried = asking("session-in-memory", "replicas", scratch.path(), run);
    let lines = tried.observations[0].findings[0].reproduce.clone();
    assert!(lines[0].starts_with("seaworthy trial notes --serve 8081,8082"), "{}", lines[0]);
    let file = replay_file(&tried);
    for (faults, last) in [("session-in-memory", 401), ("", 200)] {
        let (stop, (says, told)) = (AtomicBool::new(false), mpsc::channel());
        let printed = std::thread::scope(|scope| {
            // What the first line would do, in this process.
            scope.spawn(|| {
                let ready = |ports: &[u16]| says.send(ports.to_vec()).unwrap();
                asking(faults, "replicas", scratch.path(), |request| serve(request, &[0, 0], &stop, ready))
                    .unwrap();
            });
            let ports = told.recv_timeout(Duration::from_secs(60)).unwrap();
            let at = |line: &String| {
                line.replace("8081", &ports[0].to_string()).replace("8082", &ports[1].to_string())
            };
            let printed = shell(&lines[1..].iter().map(at).collect::<Vec<_>>(), scratch.path());
            stop.store(true, Ordering::Relaxed);
            printed
        });
        let statuses = statuses(&printed);
        assert_eq!(statuses.last(), Some(&last), "{printed}");
        assert_eq!(statuses[statuses.len() - 2], 200, "the control");
        let replayed = asking(faults, "replicas", scratch.path(), |request| {
            replay(&file, request, 2, &AtomicBool::new(false))
        })
        .unwrap();
        assert_eq!(
            (replayed.seen, replayed.tried),
            (if faults.is_empty() { 0 } else { 2 }, 2),
            "{replayed:?}"
        );
    }
}

/// What the lines of a finding print against a copy of notes with these faults; the first line, which would start it, is done in this process.
fn printed_by(lines: &[String], faults: &str, probe: &str, scratch: &Path) -> String {
    let (stop, (says, told)) = (AtomicBool::new(false), mpsc::channel());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let ready = |ports: &[u16]| says.send(ports[0]).unwrap();
            asking(faults, probe, scratch, |request| serve(request, &[0], &stop, ready)).unwrap();
        });
        let port = told.recv_timeout(Duration::from_secs(60)).unwrap().to_string();
        let lines: Vec<String> = lines[1..].iter().map(|line| line.replace("8081", &port)).collect();
        let printed = shell(&lines, scratch);
        stop.store(true, Ordering::Relaxed);
        printed
    })
}

#[test]
fn guesses_without_end_show_in_a_shell_and_in_their_replay() {
    let scratch = tempfile::tempdir().unwrap();
    let probe = "password-guessing";
    let tried = asking("unlimited-login", probe, scratch.path(), run);
    let lines = tried.observations[0].findings[0].reproduce.clone();
    let file = replay_file(&tried);
    for (faults, counted, last) in [("unlimited-login", "100 401", 200), ("", "90 429", 401)] {
        let printed = printed_by(&lines, faults, probe, scratch.path());
        assert!(printed.lines().any(|line| line.trim() == counted), "{printed}");
        assert_eq!(statuses(&printed).last(), Some(&last), "{printed}");
        let replayed = asking(faults, probe, scratch.path(), |request| {
            replay(&file, request, 1, &AtomicBool::new(false))
        });
        let replayed = replayed.unwrap();
        assert_eq!((replayed.seen, replayed.tried), (u32::from(!faults.is_empty()), 1), "{replayed:?}");
    }
}

#[test]
fn an_answer_that_tells_who_has_an_account_shows_in_a_shell_and_in_its_replay() {
    let scratch = tempfile::tempdir().unwrap();
    let probe = "password-guessing";
    let tried = asking("enumeration-by-answer", probe, scratch.path(), run);
    let lines = tried.observations[0].findings[0].reproduce.clone();
    let file = replay_file(&tried);
    for (faults, last) in [("enumeration-by-answer", [401, 404]), ("", [401, 401])] {
        let printed = printed_by(&lines, faults, probe, scratch.path());
        assert!(statuses(&printed).ends_with(&last), "{printed}");
        let replayed = asking(faults, probe, scratch.path(), |request| {
            replay(&file, request, 1, &AtomicBool::new(false))
        });
        let replayed = replayed.unwrap();
        assert_eq!((replayed.seen, replayed.tried), (u32::from(!faults.is_empty()), 1), "{replayed:?}");
    }
}

/// What the lines print against a copy of the desk with this environment; the first line, which would start it, is done in this process.
fn shown_at_a_copy(env: &str, lines: &[String], scratch: &Path) -> String {
    let (stop, (says, told)) = (AtomicBool::new(false), mpsc::channel());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let ready = |ports: &[u16]| says.send(ports.to_vec()).unwrap();
            asking_of(("desk", env), "replicas", scratch, |request| serve(request, &[0], &stop, ready))
                .unwrap();
        });
        let port = told.recv_timeout(Duration::from_secs(60)).unwrap()[0].to_string();
        let lines: Vec<String> = lines[1..].iter().map(|line| line.replace("8081", &port)).collect();
        let printed = shell(&lines, scratch);
        stop.store(true, Ordering::Relaxed);
        printed
    })
}

#[test]
fn a_race_shows_in_the_lines_whenever_they_are_pasted() {
    let scratch = tempfile::tempdir().unwrap();
    let env = |faults: &str| format!("FAULTS = \"{faults}\", PART = \"members\"");
    let tried = asking_of(("desk", &env("twice")), "concurrent-users", scratch.path(), run);
    let finding = &tried.observations[0].findings[0];
    assert!(finding.message.contains("rounds)"), "how often it showed is said: {}", finding.message);
    let twice = |printed: &str| {
        let counts = printed.lines().filter_map(|line| line.trim().strip_suffix(" 201"));
        counts.filter_map(|count| count.parse::<u32>().ok()).filter(|count| *count > 1).count()
    };
    for _ in 0..3 {
        let printed = shown_at_a_copy(&env("twice"), &finding.reproduce, scratch.path());
        assert!(twice(&printed) > 0, "{printed}");
    }
    let printed = shown_at_a_copy(&env(""), &finding.reproduce, scratch.path());
    assert!(twice(&printed) == 0 && printed.contains("1 201"), "{printed}");
}

#[test]
fn a_very_long_text_is_made_by_the_shell_and_not_printed() {
    let scratch = tempfile::tempdir().unwrap();
    let env = |faults: &str| format!("FAULTS = \"{faults}\", PART = \"bookings\"");
    let tried = asking_of(("desk", &env("long-text")), "malformed-input", scratch.path(), run);
    let finding = &tried.observations[0].findings[0];
    assert!(finding.reproduce.iter().all(|line| line.len() < 1_000), "{:#?}", finding.reproduce);
    let printed = shown_at_a_copy(&env("long-text"), &finding.reproduce, scratch.path());
    assert_eq!(statuses(&printed).last(), Some(&500), "{printed}");
    let printed = shown_at_a_copy(&env(""), &finding.reproduce, scratch.path());
    assert_eq!(statuses(&printed).last(), Some(&400), "{printed}");
}

#[test]
fn the_lines_end_what_they_started_and_wait_for_nothing_for_ever() {
    let scratch = tempfile::tempdir().unwrap();
    let tried = asking("session-in-memory", "replicas", scratch.path(), run);
    let lines = tried.observations[0].findings[0].reproduce.clone();
    assert!(lines[0].ends_with("& SERVER=$!") && lines[lines.len() - 2] == "kill $SERVER", "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("until ")), "{lines:#?}");
    let file = seaworthy_trial::replay::read(&replay_file(&tried)).unwrap();
    assert_eq!(file.start, ["python3", "notes.py"]);
}

#[test]
fn an_acknowledged_write_that_is_lost_shows_in_a_shell_and_in_its_replay() {
    let scratch = tempfile::tempdir().unwrap();
    let tried = asking("flush-later", "crash-recovery", scratch.path(), run);
    let lines = tried.observations[0].findings[0].reproduce.clone();
    let file = replay_file(&tried);
    for (faults, last) in [("flush-later", 401), ("", 200)] {
        // The lines use the machine's network: a port nobody has there.
        let port = free_port().to_string();
        let at = |line: &String| {
            line.replace("8080", &port).replace("FAULTS=flush-later", &format!("FAULTS={faults}"))
        };
        let mut lines: Vec<String> = lines.iter().map(at).collect();
        lines.push("ls -d \"$COPY\"* 2>/dev/null | wc -l; kill -0 $PID 2>/dev/null || echo ended".to_owned());
        let printed = shell(&lines, &testing());
        let statuses = statuses(&printed);
        assert_eq!(statuses, [201, last], "acknowledged, then read after the crash:\n{printed}");
        assert!(printed.ends_with("0\nended\n"), "nothing is left behind:\n{printed}");
        let replayed = asking(faults, "crash-recovery", scratch.path(), |request| {
            replay(&file, request, 2, &AtomicBool::new(false))
        })
        .unwrap();
        assert_eq!((replayed.seen > 0, replayed.tried), (!faults.is_empty(), 2), "{replayed:?}");
    }
}

#[test]
fn what_is_no_replay_file_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let bad: [&[u8]; 4] = [b"", b"{}", b"\xff", br#"{"format":"seaworthy.replay/v2","service":"notes","probe":"x","variant":"","seed":1,"steps":[],"see":""}"#];
    for file in bad {
        let refused = asking("", "replicas", scratch.path(), |request| {
            replay(file, request, 1, &AtomicBool::new(false))
        });
        assert!(refused.is_err_and(|error| error.to_string().contains("not a replay file")));
    }
}

#[test]
fn what_is_lost_under_load_shows_in_a_shell_and_in_its_replay() {
    let scratch = tempfile::tempdir().unwrap();
    let probe = "crash-recovery";
    let tried = asking("lost-update", probe, scratch.path(), run);
    let lines = tried.observations[0].findings[0].reproduce.clone();
    let file = replay_file(&tried);
    for faults in ["lost-update", ""] {
        let printed = printed_by(&lines, faults, probe, scratch.path());
        assert!(printed.lines().any(|line| line.trim().ends_with("there")), "{printed}");
        let gone = printed.lines().any(|line| line.trim().ends_with("gone"));
        assert_eq!(gone, !faults.is_empty(), "{printed}");
        let replayed = asking(faults, probe, scratch.path(), |request| {
            replay(&file, request, 3, &AtomicBool::new(false))
        });
        assert_eq!(replayed.unwrap().seen > 0, !faults.is_empty());
    }
}
