//! What is left when this process is killed with SIGKILL: nothing. And when worlds and runs end as they should: nothing.

use crate::common::*;
use seaworthy_sandbox::{Tier, World, WorldSpec, run};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const ROLE: &str = "SANDBOX_TEST_ROLE";

/// Not a test of its own: the process that the tests below kill. Prints the numbers of what it started.
#[test]
fn victim() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let script = "(setsid sleep 1000 & echo pid $!) ; sleep 1000 & echo pid $!; echo up; wait";
    let parts: Vec<&str> = role.split('|').collect();
    if parts[0] == "run" {
        run(&shell("/", &format!("({script}) > {}", parts[1]))).unwrap();
        return;
    }
    if parts[0] == "count" {
        return count_descriptors();
    }
    if parts[0] == "loop" {
        let place = Place { folder: tempfile::tempdir_in(parts[1]).unwrap(), tree: parts[1].into() };
        println!("ready");
        loop {
            let world = World::open(&WorldSpec::new(&place.tree, parts[2])).unwrap();
            let replica = world.replica().unwrap();
            let process = replica
                .start(&shell(&place.tree, "(setsid sleep 1000 &) ; sleep 1000 & echo up; wait"))
                .unwrap();
            run(&shell(&place.tree, "(setsid sleep 1000 &) ; sleep 0.02")).unwrap();
            assert!(process.wait_for_log("up", PATIENCE));
        }
    }
    if parts[0] == "nested" {
        let place = Place { folder: tempfile::tempdir().unwrap(), tree: parts[1].into() };
        let world =
            World::open(&WorldSpec { tier: Tier::Namespaced, ..WorldSpec::new(&place.tree, parts[2]) })
                .unwrap();
        let said = say(&world, &place.tree, "echo inner > inner.txt; mkdir -m 000 closed; cat inner.txt");
        let layers =
            std::fs::read_dir(parts[2]).unwrap().filter_map(|entry| Some(entry.ok()?.path().join("copy")));
        println!("nested: {} {}", said.trim(), layers.filter(|copy| copy.exists()).count());
        return;
    }
    let tier = if parts[0] == "namespaced" { Tier::Namespaced } else { Tier::Supervised };
    let tree = PathBuf::from(parts[1]);
    let world = World::open(&WorldSpec { tier, ..WorldSpec::new(&tree, parts[2]) }).unwrap();
    let server = serve(&world, &tree, parts[3].parse().unwrap());
    let sleepers = world.start(&shell(&tree, script)).unwrap();
    assert!(sleepers.wait_for_log("up", PATIENCE));
    println!("pid {}\npid {}\nready", server.pid(), sleepers.pid());
    std::thread::sleep(PATIENCE);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the process to kill has to be started by other means than those it tests"
)]
fn start_victim(role: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::victim", "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn pids(text: &str) -> Vec<u32> {
    text.lines().filter_map(|line| line.strip_prefix("pid ")?.trim().parse().ok()).collect()
}

/// Everything that has the word in its command line or environment, as the machine counts.
fn holding(word: &str) -> Vec<u32> {
    let has = |pid: &u32| {
        ["cmdline", "environ"].iter().any(|file| {
            let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(word)
        })
    };
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(has).filter(|pid| *pid != std::process::id()).collect()
}

#[test]
fn a_killed_world_leaves_no_process_no_port_and_at_the_next_start_no_folder() {
    for tier in tiers() {
        let (place, port) = (place(), free_port());
        let name = if tier == Tier::Namespaced { "namespaced" } else { "supervised" };
        let scratch = place.scratch();
        let role = format!("{name}|{}|{}|{port}", place.tree.display(), scratch.display());
        let mut victim = start_victim(&role);
        let mut started = String::new();
        for line in BufReader::new(victim.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            started.push_str(&line);
            started.push('\n');
            if line == "ready" {
                break;
            }
        }
        let pids = pids(&started);
        assert!(pids.len() >= 2 && pids.iter().all(|pid| is_running(*pid)), "{started}");
        let folder = place.folder.path().to_str().unwrap().to_owned();
        assert!(
            holding(&folder).len() >= 3,
            "the victim's, its broker's and its services' environment names the folder"
        );
        victim.kill().unwrap();
        victim.wait().unwrap();
        until("every process is gone", || {
            pids.iter().all(|pid| !is_running(*pid)) && holding(&folder).is_empty()
        });
        assert!(std::net::TcpListener::bind(local(port)).is_ok(), "{tier:?}: the port is closed");
        assert!(std::fs::read_dir(&scratch).unwrap().count() > 0, "the scratch folder was left");
        drop(place.open(tier));
        assert_eq!(
            std::fs::read_dir(&scratch).unwrap().count(),
            0,
            "{tier:?}: and removed at the next start"
        );
    }
}

#[test]
fn a_killed_run_leaves_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut victim = start_victim(&format!("run|{}", log.display()));
    let text = || std::fs::read_to_string(&log).unwrap_or_default();
    until("it is up", || text().contains("up"));
    let pids = pids(&text());
    assert!(pids.len() == 2 && pids.iter().all(|pid| is_running(*pid)));
    victim.kill().unwrap();
    victim.wait().unwrap();
    until("every process is gone", || {
        pids.iter().all(|pid| !is_running(*pid)) && holding(log.to_str().unwrap()).is_empty()
    });
}

/// In a process of its own, where no other test opens anything.
fn count_descriptors() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let children = || std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    for tier in tiers() {
        let place = place();
        let once = || {
            let world = place.open(tier);
            let replica = world.replica().unwrap();
            let process = replica.start(&shell(&place.tree, "sleep 1000 & echo up; wait")).unwrap();
            assert!(process.wait_for_log("up", PATIENCE));
            run(&shell("/", "sleep 1000 & echo up")).unwrap();
        };
        once();
        let before = count();
        (0..50).for_each(|_| once());
        assert_eq!((count(), children().as_str()), (before, ""), "{tier:?}");
        assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
    }
    println!("nothing leaked");
}

fn said(victim: Child) -> String {
    let output = victim.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn fifty_worlds_and_runs_leave_no_descriptor_no_child_and_no_folder() {
    let said = said(start_victim("count"));
    assert!(said.contains("nothing leaked"), "{said}");
}

/// The upper layer of the inner world lies on an overlay, which overlayfs does not take: so the tree is copied.
#[test]
fn a_world_within_a_world_works_on_a_copy() {
    let place = place();
    if namespaced(&place).is_none() {
        return;
    }
    let program_path = std::env::current_exe().unwrap();
    let visible = vec![program_path.parent().unwrap().to_path_buf()];
    let world = World::open(&WorldSpec { visible, ..place.spec(Tier::Namespaced) }).unwrap();
    let inner = place.tree.join("inner");
    assert_eq!(say(&world, &place.tree, "mkdir inner && cp server.py inner"), "");
    let words =
        [program_path.into_os_string(), "--exact".into(), "killed::victim".into(), "--nocapture".into()];
    let mut program = seaworthy_sandbox::Program::new(words, &place.tree);
    let role = format!("nested|{}|{}", inner.display(), place.tree.join("layers").display());
    program.env.push((ROLE.into(), role.into()));
    let finished = world.run(&program).unwrap();
    let text = finished.stdout.text();
    assert!(text.contains("nested: inner 1\n"), "{text}{}", finished.stderr.text());
    assert_eq!(say(&world, &place.tree, "ls inner layers"), "inner:\nserver.py\n\nlayers:\n");
}

#[test]
fn killed_at_any_moment_it_leaves_no_process() {
    let place = place();
    let (tree, scratch) = (place.tree.display().to_string(), place.scratch().display().to_string());
    for moment in 0..20 {
        let mut victim = start_victim(&format!("loop|{tree}|{scratch}"));
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == "ready"));
        // Not a wait for anything: moments spread over some rounds of the victim's loop.
        std::thread::sleep(std::time::Duration::from_millis(moment * 17));
        victim.kill().unwrap();
        victim.wait().unwrap();
        until("every process is gone", || holding(&tree).is_empty());
    }
}
