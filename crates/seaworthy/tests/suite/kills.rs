//! Killed with -9 at any moment, a run leaves no process, no port, and a record that verifies.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::{Project, repository};

/// How often. The storefront's run is long enough that the moments spread over all of it.
const KILLS: u32 = 50;

/// Processes that have `marker` in their environment: whatever a run started, at any depth, inherits it or was given it.
fn alive(marker: &str) -> BTreeSet<u32> {
    let mut alive = BTreeSet::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let zombie = String::from_utf8_lossy(&read("stat")).contains(") Z ");
        let mentions = |bytes: &[u8]| bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
        if !zombie && (mentions(&read("environ")) || mentions(&read("cmdline"))) {
            alive.insert(pid);
        }
    }
    alive
}

/// A generator of moments that needs no randomness of the system: the golden ratio's multiples spread evenly (Weyl, 1916).
fn moment(number: u32, longest: Duration) -> Duration {
    let fraction = (f64::from(number) * 0.618_033_988_749_895).fract();
    longest.mul_f64(fraction)
}

#[test]
fn killed_at_any_moment_a_run_leaves_no_process_and_a_record_that_verifies() {
    let project = Project::new(&[]);
    copy(&repository().join("examples/storefront"), &project.root());
    let marker = project.root().parent().unwrap().display().to_string();
    let began = Instant::now();
    let words = ["assess", "--budget", "2s", "--format", "json"];
    let whole = project.command(&words).output().unwrap();
    assert!(whole.status.code().is_some_and(|code| code == 1 || code == 3));
    let longest = began.elapsed();
    for number in 0..KILLS {
        let mut child = project.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(moment(number, longest.min(Duration::from_secs(8))));
        child.kill().unwrap();
        child.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !alive(&marker).is_empty() {
            assert!(Instant::now() < deadline, "kill {number}: still there: {:?}", alive(&marker));
            std::thread::sleep(Duration::from_millis(5));
        }
        if project.root().join(".seaworthy/ledger.sqlite").exists() {
            let verified = project.run(&["ledger", "verify"]);
            assert_eq!(verified.code, 0, "kill {number}: {}", verified.err);
        }
    }
}

pub(crate) fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The folders of worlds that lie below a project's temporary folder.
fn worlds(project: &Project) -> Vec<String> {
    let folders = std::fs::read_dir(project.root().parent().unwrap()).unwrap().flatten();
    let folders = folders.filter(|entry| entry.file_name().to_string_lossy().starts_with("seaworthy-"));
    folders
        .flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".lock"))
        .collect()
}

/// A trial of the storefront that has made a world. Signals end it, also where whoever runs the tests ignores them: a shell has what it leaves in the
/// background ignore SIGINT (POSIX.1-2024, XCU 2.11).
fn trying(project: &Project) -> Child {
    copy(&repository().join("examples/storefront"), &project.root());
    let words = ["trial", "--probe", "malformed-input", "--budget", "10s"];
    let plain = project.command(&words);
    let mut command = crate::command("env");
    command.arg("--default-signal=INT,TERM").arg(plain.get_program()).args(plain.get_args());
    command.current_dir(project.root()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while worlds(project).is_empty() {
        assert!(Instant::now() < deadline, "no world was made");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn what_a_killed_run_left_goes_with_the_next() {
    let project = Project::new(&[]);
    let mut child = trying(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    let left = worlds(&project);
    assert!(!left.is_empty(), "the kill came too late to leave anything");
    project.run(&["trial", "--probe", "malformed-input", "--budget", "1s"]);
    let now = worlds(&project);
    assert!(!now.iter().any(|name| left.contains(name)), "{left:?} {now:?}");
}

#[test]
fn a_run_that_is_stopped_leaves_nothing_and_says_by_what() {
    for (word, signal, is_taken) in [("INT", 2, false), ("TERM", 15, false), ("INT", 2, true)] {
        let project = Project::new(&[]);
        if is_taken {
            // Where the usual folder cannot be had, the run has a passing one.
            for user in [0, 65534, 1000] {
                let folder = project.root().parent().unwrap().join(format!("seaworthy-{user}"));
                std::fs::create_dir(&folder).unwrap();
                std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        let mut child = trying(&project);
        let sent = crate::command("kill").args(["-s", word, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
        assert_eq!(worlds(&project), Vec::<String>::new());
    }
}
