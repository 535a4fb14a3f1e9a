//! Worlds: their own files, network and processes, and what of the machine they see.

use crate::common::*;
use seaworthy_sandbox::{Exit, Fidelity, Program, StartError, Tier, World, WorldError, WorldSpec};
use std::fs;
use std::path::Path;
use std::time::Duration;

#[test]
fn writes_stay_in_the_world_and_the_users_tree_is_untouched() {
    for tier in tiers() {
        let place = place();
        fs::create_dir_all(place.tree.join("data/deep")).unwrap();
        fs::write(place.tree.join("data/deep/old.txt"), "old").unwrap();
        let world = place.open(tier);
        let script =
            "echo new > data/deep/new.txt; echo more >> data/deep/old.txt; rm server.py; mkdir other; ls";
        assert_eq!(say(&world, &place.tree, script), "data\nother\n");
        let read = |name: &str| fs::read_to_string(world.path_of(&place.tree.join(name)));
        assert_eq!(read("data/deep/new.txt").unwrap(), "new\n", "{tier:?}");
        assert_eq!(read("data/deep/old.txt").unwrap(), "oldmore\n");
        assert!(read("server.py").is_err());
        drop(world);
        assert_eq!(fs::read_to_string(place.tree.join("data/deep/old.txt")).unwrap(), "old");
        let names = fs::read_dir(&place.tree).unwrap().count();
        assert_eq!(names, 2, "data and server.py");
        assert_eq!(
            fs::read_dir(place.scratch()).unwrap().count(),
            0,
            "{tier:?} leaves nothing in its scratch folder"
        );
    }
}

#[test]
fn one_hard_coded_port_serves_in_two_replicas_over_the_same_files() {
    let place = place();
    let Some(first) = namespaced(&place) else { return };
    let second = first.replica().unwrap();
    let (_a, _b) = (serve(&first, &place.tree, 8123), serve(&second, &place.tree, 8123));
    let ask = |world: &World| get(world.connect(local(8123), PATIENCE).unwrap());
    assert_eq!(ask(&first), "1 127.0.0.1");
    assert_eq!(ask(&second), "2 127.0.0.1", "the count is in a file that both see");
    drop(first);
    assert_eq!(ask(&second), "3 127.0.0.1", "a replica outlives the world it was made from");
}

#[test]
fn connections_come_from_any_chosen_address_of_the_world() {
    let place = place();
    if namespaced(&place).is_none() {
        return;
    }
    let mut spec = place.spec(Tier::Namespaced);
    spec.addresses = vec!["10.1.2.3".parse().unwrap(), "10.1.2.4".parse().unwrap()];
    let world = World::open(&spec).unwrap();
    let _server = serve(&world, &place.tree, 80);
    for source in ["127.0.0.9", "10.1.2.3", "10.1.2.4"] {
        let stream = world.connect_from(Some(source.parse().unwrap()), local(80), PATIENCE).unwrap();
        assert!(get(stream).ends_with(source));
    }
}

#[test]
fn a_service_reaches_what_listens_from_outside_and_nothing_else() {
    let place = place();
    let outside = std::net::TcpListener::bind(local(0)).unwrap();
    let port = outside.local_addr().unwrap().port();
    let Some(world) = namespaced(&place) else { return };
    let listener = world.listen("169.254.169.254:80".parse().unwrap()).unwrap();
    let answer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"from outside").unwrap();
    });
    let script = format!(
        "import socket
print(socket.create_connection(('169.254.169.254', 80), 5).recv(100).decode())
for where in [('127.0.0.1', {port}), ('1.1.1.1', 53), ('example.org', 80)]:
    try:
        socket.create_connection(where, 5)
        print('reached', where)
    except OSError as error:
        print('no', where[0])
"
    );
    let mut process = world.start(&python(&place.tree, &["-c", &script])).unwrap();
    assert_eq!(process.wait(PATIENCE), Some(Exit::Code(0)), "{}", process.log_tail(4000));
    answer.join().unwrap();
    assert_eq!(process.stdout().text(), "from outside\nno 127.0.0.1\nno 1.1.1.1\nno example.org\n");
    let ours = world.listeners().unwrap();
    assert!(
        ours.iter().all(|at| !at.ours && at.pid.is_none()),
        "our own listener is not the service's: {ours:?}"
    );
}

#[test]
fn a_service_is_killed_alone_and_starts_again_on_the_same_data() {
    for tier in tiers() {
        let (place, port) = (place(), free_port());
        let world = place.open(tier);
        let mut other = world.start(&shell(&place.tree, "sleep 1000")).unwrap();
        let mut server = serve(&world, &place.tree, port);
        let ask = || get(world.connect(local(port), PATIENCE).unwrap());
        assert_eq!(ask(), "1 127.0.0.1");
        server.kill(9).unwrap();
        assert_eq!(server.wait(PATIENCE), Some(Exit::Signal(9)));
        assert!(world.connect(local(port), Duration::from_secs(2)).is_err());
        let _again = serve(&world, &place.tree, port);
        assert_eq!(ask(), "2 127.0.0.1", "{tier:?}");
        assert_eq!(other.try_status(), None, "the other program was left alone");
        world.kill_all().unwrap();
        assert_eq!(other.wait(PATIENCE), Some(Exit::Signal(9)));
    }
}

#[test]
fn a_listener_of_somebody_else_is_not_ours() {
    let place = place();
    let world = place.open(Tier::Supervised);
    let stranger = std::net::TcpListener::bind(local(0)).unwrap();
    let server = serve(&world, &place.tree, free_port());
    let listeners = world.listeners().unwrap();
    let at = |addr| listeners.iter().find(|at| at.addr == addr).unwrap();
    assert!(!at(stranger.local_addr().unwrap()).ours);
    let own: Vec<_> = listeners.iter().filter(|at| at.ours).collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].pid, Some(server.pid()), "python was found by its inode");
}

#[test]
fn a_term_goes_to_the_leader_alone_and_a_kill_to_all() {
    for tier in tiers() {
        let place = place();
        let world = place.open(tier);
        let script = "trap 'echo asked; exit 7' TERM; (trap 'echo child' TERM; sleep 1000) & sleep 1000 & echo $!; echo ready; wait";
        let mut process = world.start(&shell(&place.tree, script)).unwrap();
        assert!(process.wait_for_log("ready", PATIENCE));
        assert!(process.threads().unwrap() >= 3 && process.memory_bytes().unwrap() > 0);
        assert!(process.descriptors().unwrap() >= 3);
        process.signal(15).unwrap();
        assert_eq!(process.wait(PATIENCE), Some(Exit::Code(7)), "{tier:?}");
        assert!(process.log().text().contains("asked") && !process.log().text().contains("child"));
        process.kill(9).unwrap();
        until("nothing of it is left", || process.memory_bytes().is_err());
    }
}

#[test]
fn the_tree_keeps_its_own_absolute_path_whatever_it_is_called() {
    for name in ["two words", "Gemüse, 100 % 野菜:x", "a/b,c\\d"] {
        let place = place_named(name);
        fs::write(place.tree.join("mine.py"), "import os\nprint(os.path.abspath(__file__))").unwrap();
        let Some(world) = namespaced(&place) else { return };
        let mut process = world.start(&python(&place.tree, &["mine.py"])).unwrap();
        assert_eq!(process.wait(PATIENCE), Some(Exit::Code(0)), "{}", process.log_tail(2000));
        assert_eq!(process.stdout().text().trim(), place.tree.join("mine.py").to_str().unwrap());
        assert!(fs::read_dir(world.path_of(&place.tree)).unwrap().count() >= 2);
    }
}

#[test]
fn a_tree_named_through_links_is_found_under_both_names() {
    let place = place();
    let link = place.tree.with_file_name("link");
    std::os::unix::fs::symlink(&place.tree, &link).unwrap();
    if namespaced(&place).is_none() {
        return;
    }
    for tier in tiers() {
        let world = World::open(&WorldSpec { tree: link.clone(), ..place.spec(tier) }).unwrap();
        assert_eq!(say(&world, &link, "ls"), "server.py\n", "{tier:?}");
        assert_eq!(say(&world, &place.tree, "ls"), "server.py\n");
    }
}

#[test]
fn a_virtual_environment_loads_the_code_of_its_own_world() {
    for tier in tiers() {
        let place = place();
        let made =
            seaworthy_sandbox::run(&python(&place.tree, &["-m", "venv", "--without-pip", ".venv"])).unwrap();
        if !made.status.success() {
            return println!("skipped: python3 has no venv module: {}", made.stderr.text());
        }
        let find = "find .venv -name site-packages | head -1";
        let packages = seaworthy_sandbox::run(&shell(&place.tree, find)).unwrap().stdout.text();
        let packages = place.tree.join(packages.trim());
        fs::write(packages.join("gift.py"), "where = 'the user'").unwrap();
        let world = place.open(tier);
        let change = format!("echo \"where = 'the world'\" > {}/gift.py", packages.display());
        let interpreter = place.tree.join(".venv/bin/python");
        if tier == Tier::Namespaced {
            say(&world, &place.tree, &change);
        }
        let program = Program::new(
            [
                interpreter.as_os_str(),
                "-c".as_ref(),
                "import gift; print(gift.where, gift.__file__)".as_ref(),
            ],
            &place.tree,
        );
        let mut process = world.start(&program).unwrap();
        assert_eq!(process.wait(PATIENCE), Some(Exit::Code(0)), "{}", process.log_tail(2000));
        let whose = if tier == Tier::Namespaced { "the world" } else { "the user" };
        let file = world.tree().join(packages.strip_prefix(&place.tree).unwrap()).join("gift.py");
        assert_eq!(process.stdout().text().trim(), format!("{whose} {}", file.display()), "{tier:?}");
    }
}

#[test]
fn the_service_is_nobody_special_and_sees_nothing_private() {
    let place = place();
    fs::write(place.tree.join(".env"), "secret").unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place.tree.join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    let Some(world) = namespaced(&place) else { return };
    assert_ne!(say(&world, &place.tree, "id -u").trim(), "0");
    assert_ne!(say(&world, &place.tree, "id -un").trim(), "");
    assert_eq!(
        say(&world, &place.tree, "cat .env"),
        "secret",
        "what the user's own service may read, it may"
    );
    let rights = say(&world, &place.tree, "grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status");
    assert!(
        rights.lines().all(|line| line.ends_with("0000000000000000") || line.ends_with("NoNewPrivs:\t1")),
        "{rights}"
    );
    let private = "ls -A /tmp | grep -v '^\\.tmp'; ls -A ~/.ssh ~/.gitconfig /root/.bashrc 2>/dev/null; \
                   touch /usr/x /etc/x 2>/dev/null; ls /dev/[sv]d* 2>/dev/null; touch ~/mine /tmp/mine && ls ~/mine";
    let home = say(&world, &place.tree, "echo $HOME");
    assert_eq!(say(&world, &place.tree, private).trim(), format!("{}/mine", home.trim()));
    assert_eq!(
        say(&world, &place.tree, "cat /proc/1/environ 2>/dev/null | wc -c; kill -9 1 2>/dev/null; echo on"),
        "0\non\n"
    );
    assert_eq!(say(&world, &place.tree, "ps ax | wc -l; hostname").lines().last(), Some("localhost"));
}

#[test]
fn a_folder_outside_the_tree_is_seen_when_asked_for_and_cannot_be_written() {
    let place = place();
    let shared = place.tree.with_file_name("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("a"), "b").unwrap();
    if namespaced(&place).is_none() {
        return;
    }
    let script = format!("cat '{0}/a'; echo c > '{0}/a' 2>/dev/null || echo refused", shared.display());
    let without = World::open(&place.spec(Tier::Namespaced)).unwrap();
    assert_eq!(say(&without, &place.tree, &format!("{script} 2>&1 | tail -1")).trim(), "refused");
    let with =
        World::open(&WorldSpec { visible: vec![shared.clone()], ..place.spec(Tier::Namespaced) }).unwrap();
    assert_eq!(say(&with, &place.tree, &script), "brefused\n");
    assert_eq!(fs::read_to_string(shared.join("a")).unwrap(), "b");
}

#[test]
fn the_supervised_world_says_what_is_missing_and_how_to_get_it() {
    let world = place().open(Tier::Supervised);
    let Fidelity::Supervised { missing, cure } = world.fidelity() else { panic!("{:?}", world.fidelity()) };
    assert!(!missing.is_empty() && !cure.is_empty());
}

#[test]
fn what_cannot_be_opened_or_started_says_why() {
    let place = place();
    let error = |tree: &Path, scratch: &Path| World::open(&WorldSpec::new(tree, scratch)).unwrap_err();
    let missing = error(Path::new("/no/such/tree"), &place.scratch());
    assert_eq!(missing.to_string(), "/no/such/tree cannot be run: No such file or directory (os error 2)");
    let file = error(&place.tree.join("server.py"), &place.scratch());
    assert!(file.to_string().ends_with("cannot be run: Not a directory (os error 20)"), "{file}");
    assert!(matches!(error(&place.tree, &place.tree.join("s")), WorldError::ScratchInTree { .. }));
    let unusable = error(&place.tree, Path::new("/proc/scratch")).to_string();
    assert!(unusable.starts_with("/proc/scratch cannot be used as a scratch folder"), "{unusable}");
    for tier in tiers() {
        let world = place.open(tier);
        let missing = world.start(&Program::new(["no-such-program"], &place.tree)).unwrap_err();
        assert!(matches!(missing, StartError::NotFound { .. }), "{missing}");
        let folder = world.start(&Program::new(["true"], "/no/such")).unwrap_err();
        assert!(matches!(folder, StartError::Directory { .. }), "{folder}");
        assert!(world.connect(local(1), PATIENCE).is_err(), "nobody listens there");
    }
}

#[test]
fn a_program_runs_to_its_end_in_a_world_without_the_machines_network() {
    for tier in tiers() {
        let place = place();
        let world = place.open(tier);
        let mut program = shell(&place.tree, "echo out; echo err >&2; sleep 1000 & cat; exit 4");
        program.stdin = seaworthy_sandbox::Stdin::Bytes(b"given".to_vec());
        let finished = world.run(&program).unwrap();
        assert_eq!(finished.status, Exit::Code(4));
        assert_eq!(
            (finished.stdout.text().as_str(), finished.stderr.text().as_str()),
            ("out\ngiven", "err\n")
        );
        program.limits.deadline = Some(Duration::from_millis(200));
        program.argv[2] = "sleep 1000".into();
        assert_eq!(world.run(&program).unwrap().status, Exit::DeadlineExceeded, "{tier:?}");
    }
}

#[test]
fn postgresql_starts_in_a_world_even_when_root_opened_it() {
    let Some(folder) = fs::read_dir("/usr/lib/postgresql").ok().and_then(|mut all| all.next()) else {
        return println!("skipped: PostgreSQL is not installed");
    };
    let bin = folder.unwrap().path().join("bin");
    let place = place();
    let Some(world) = namespaced(&place) else { return };
    let data = place.tree.join("data");
    let path = |name: &str| bin.join(name).into_os_string();
    let init = [path("initdb"), "-N".into(), "-U".into(), "owner".into(), "-D".into(), data.clone().into()];
    let made = world.run(&Program::new(init, &place.tree)).unwrap();
    assert!(made.status.success(), "{}{}", made.stdout.text(), made.stderr.text());
    let mut server =
        world.start(&Program::new([path("postgres"), "-D".into(), data.into()], &place.tree)).unwrap();
    until("it listens", || {
        assert_eq!(server.try_status(), None, "{}", server.log_tail(4000));
        world.connect(local(5432), Duration::from_secs(1)).is_ok()
    });
}

#[test]
fn a_socket_of_the_machine_s_own_services_is_not_there_in_a_world() {
    let place = place();
    let Some(world) = namespaced(&place) else { return };
    for folder in ["/srv", "/mnt", "/media"] {
        let path = format!("{folder}/seaworthy-{}.sock", std::process::id());
        let Ok(_listener) = std::os::unix::net::UnixListener::bind(&path) else {
            println!("skipped: no socket can be made in {folder}");
            continue;
        };
        let script = format!(
            "python3 -c \"import socket; print(socket.socket(socket.AF_UNIX).connect_ex('{path}') != 0)\""
        );
        let seen = say(&world, &place.tree, &script);
        fs::remove_file(&path).unwrap();
        assert_eq!(seen, "True\n", "{folder}");
    }
}
