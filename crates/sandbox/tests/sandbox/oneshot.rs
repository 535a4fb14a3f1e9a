//! One-shot runs: their end, their limits, and that nothing is left behind.

use crate::common::{PATIENCE, is_running, shell};
use seaworthy_sandbox::{Exit, Program, RunError, StartError, Stdin, run};
use std::time::Duration;

fn sh(script: &str) -> Program {
    shell("/", script)
}

#[test]
fn status_and_both_streams_are_told_apart() {
    let finished = run(&sh("echo out; echo err >&2; exit 3")).unwrap();
    assert_eq!(finished.status, Exit::Code(3));
    assert_eq!((finished.stdout.text().as_str(), finished.stderr.text().as_str()), ("out\n", "err\n"));
    assert_eq!(run(&sh("kill -TERM $$")).unwrap().status, Exit::Signal(15));
}

#[test]
fn standard_input_is_given_whole_and_then_ends() {
    let mut program = sh("cat");
    let text = vec![b'x'; 3_000_000];
    program.stdin = Stdin::Bytes(text.clone());
    program.limits.output_bytes = 8_000_000;
    assert!(run(&program).unwrap().stdout.bytes == text);
    assert_eq!(run(&sh("cat | wc -c")).unwrap().stdout.text().trim(), "0");
}

#[test]
fn what_runs_past_its_deadline_is_killed() {
    let mut program = sh("echo before; sleep 1000 & wait");
    program.limits.deadline = Some(Duration::from_millis(300));
    let finished = run(&program).unwrap();
    assert_eq!((finished.status, finished.stdout.text().as_str()), (Exit::DeadlineExceeded, "before\n"));
}

#[test]
fn endless_output_is_counted_and_its_start_and_end_are_kept() {
    let mut program = sh("echo first; head -c 300000000 /dev/zero; echo last");
    program.limits.output_bytes = 1000;
    let output = run(&program).unwrap().stdout;
    assert!(output.bytes.starts_with(b"first\n") && output.bytes.ends_with(b"last\n"));
    assert_eq!(output.dropped, 6 + 300_000_000 + 5 - 1000);
}

#[test]
fn what_forked_twice_into_a_session_of_its_own_is_gone_at_the_return() {
    let script = "import os, sys, time
came_up, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        os.write(tell, b'.')
        time.sleep(1000)
    os._exit(0)
os.wait()
os.read(came_up, 1)
";
    let mut program = Program::new(["python3", "-c", script], "/");
    program.limits.deadline = Some(PATIENCE);
    let finished = run(&program).unwrap();
    assert!(finished.status.success(), "{}", finished.stderr.text());
    let daemon: u32 = finished.stdout.text().trim().parse().unwrap();
    assert!(!is_running(daemon));
}

#[test]
fn a_fork_in_every_direction_is_gone_too() {
    let script = "for i in 1 2 3 4 5; do (trap '' TERM HUP; (sleep 1000 & setsid sleep 1001 & echo $!) &) ; done; sleep 0.2";
    let finished = run(&sh(script)).unwrap();
    let pids: Vec<u32> = finished.stdout.text().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(pids.len(), 5);
    assert!(pids.iter().all(|pid| !is_running(*pid)));
}

#[test]
fn a_huge_allocation_ends_at_the_limit_and_an_honest_one_does_not() {
    let allocate = |megabytes: u32, limit: u64| {
        let script = format!(
            "import time\nparts = [bytearray(10 << 20) for _ in range({megabytes} // 10)]\ntime.sleep(0.5)"
        );
        let mut program = Program::new(["python3", "-c", &script], "/");
        program.limits.memory_bytes = Some(limit << 20);
        program.limits.deadline = Some(PATIENCE);
        run(&program).unwrap()
    };
    assert_eq!(allocate(300, 150).status, Exit::MemoryExceeded);
    assert_eq!(allocate(100, 300).status, Exit::Code(0));
    let at_once = allocate(10_000, 150);
    assert!(
        at_once.status == Exit::MemoryExceeded || at_once.stderr.text().contains("MemoryError"),
        "{at_once:?}"
    );
}

#[test]
fn node_starts_within_the_default_limits() {
    let mut program = Program::new(["node", "-e", "console.log(6 * 7)"], "/");
    program.limits.deadline = Some(PATIENCE);
    match run(&program) {
        Ok(finished) => assert_eq!(finished.stdout.text().trim(), "42", "{}", finished.stderr.text()),
        Err(RunError::Start(StartError::NotFound { .. })) => println!("skipped: node is not installed"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn too_many_processes_end_the_tree() {
    let mut program = sh("for i in $(seq 60); do sleep 1000 & done; wait");
    program.limits.processes = Some(20);
    assert_eq!(run(&program).unwrap().status, Exit::ProcessesExceeded);
}

#[test]
fn files_and_descriptors_are_limited_and_no_core_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = shell(
        folder.path(),
        "head -c 100000 /dev/zero > big; ls -l big | tr -s ' ' | cut -d' ' -f5; ulimit -n; ulimit -c",
    );
    program.limits.file_bytes = 5000;
    program.limits.open_files = 77;
    let text = run(&program).unwrap().stdout.text();
    assert_eq!(
        text,
        "5000
77
0
"
    );
}

#[test]
fn only_allowed_variables_and_no_descriptors_are_inherited() {
    let mut program = sh("env; ls /proc/self/fd | wc -l");
    program.env.push(("GIVEN".into(), "yes".into()));
    let text = run(&program).unwrap().stdout.text();
    assert!(text.contains("GIVEN=yes") && text.contains("PATH="));
    assert!(!text.contains("CARGO_MANIFEST_DIR"), "{text}");
    assert_eq!(text.lines().last().unwrap().trim(), "4", "0, 1, 2 and the folder that ls reads");
}

#[test]
fn what_cannot_start_says_why() {
    let message = |program: &Program| run(program).unwrap_err().to_string();
    let missing = message(&Program::new(["no-such-program-anywhere"], "/"));
    assert!(missing.starts_with("`no-such-program-anywhere` was not found (PATH="), "{missing}");
    let folder = message(&Program::new(["true"], "/no/such/folder"));
    assert_eq!(folder, "`true` cannot start in /no/such/folder: No such file or directory (os error 2)");
    let forbidden = message(&Program::new(["/etc/passwd"], "/"));
    assert_eq!(forbidden, "`/etc/passwd` cannot be run: Permission denied (os error 13)");
    assert!(matches!(run(&Program::new([""], "/")), Err(RunError::Start(StartError::Empty))));
    assert!(message(&Program::new(["echo", "a\0b"], "/")).contains("NUL byte"));
    // A folder of PATH that may not be entered (root's home, for others) is no word about the program.
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut program = Program::new(["no-such-program-anywhere"], "/");
    program.env.push(("PATH".into(), closed.join("bin").into()));
    assert!(message(&program).contains("was not found"), "{}", message(&program));
    // A file that is there and may not be run is.
    std::fs::write(folder.path().join("no-such-program-anywhere"), "").unwrap();
    program.env = vec![("PATH".into(), folder.path().into())];
    assert!(message(&program).ends_with("Permission denied (os error 13)"), "{}", message(&program));
}

#[test]
fn a_program_of_the_working_folder_is_found_by_its_relative_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("go"), "#!/bin/sh\necho went\n").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder.path().join("go"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run(&Program::new(["./go"], folder.path())).unwrap().stdout.text(), "went\n");
}

#[test]
fn parallel_runs_do_not_hold_each_others_ends() {
    let threads: Vec<_> = (0..16)
        .map(|index| {
            std::thread::spawn(move || run(&sh(&format!("echo {index}; cat"))).unwrap().stdout.text())
        })
        .collect();
    for (index, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap(), format!("{index}\n"));
    }
}
