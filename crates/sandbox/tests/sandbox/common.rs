//! What the sandbox's tests share: small trees, a server on a hard-coded port, waiting for a condition, and running a
//! test binary once more as a user without privileges.

use seaworthy_sandbox::{Exit, Process, Program, Tier, World, WorldSpec, run};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// No wait in a test takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A user without privileges that every Linux has.
const NOBODY: u32 = 65_534;

/// Answers every request with its own count, which it keeps in a file beside it.
pub(crate) const SERVER: &str = r#"
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        count = int(open("count.txt").read()) + 1 if os.path.exists("count.txt") else 1
        open("count.txt", "w").write(str(count))
        body = ("%d %s" % (count, self.client_address[0])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

pub(crate) fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0\t0")
}

/// A folder with a tree in `shop` and room for layers in `scratch`.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) tree: PathBuf,
}

pub(crate) fn place() -> Place {
    place_named("shop")
}

pub(crate) fn place_named(name: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().canonicalize().unwrap().join(name);
    std::fs::create_dir_all(&tree).unwrap();
    std::fs::write(tree.join("server.py"), SERVER).unwrap();
    Place { folder, tree }
}

impl Place {
    pub(crate) fn spec(&self, tier: Tier) -> WorldSpec {
        WorldSpec { tier, ..WorldSpec::new(&self.tree, self.scratch()) }
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    pub(crate) fn open(&self, tier: Tier) -> World {
        World::open(&self.spec(tier)).unwrap()
    }
}

/// Both tiers, or the one there is on a machine without namespaces, said aloud.
pub(crate) fn tiers() -> Vec<Tier> {
    let place = place();
    match World::open(&place.spec(Tier::Namespaced)) {
        Ok(_) => vec![Tier::Namespaced, Tier::Supervised],
        Err(error) => {
            println!("skipped with namespaces: {error}");
            vec![Tier::Supervised]
        }
    }
}

/// A world with namespaces, unless the machine allows none, which is said.
pub(crate) fn namespaced(place: &Place) -> Option<World> {
    tiers().contains(&Tier::Namespaced).then(|| place.open(Tier::Namespaced))
}

/// Waits for a condition.
pub(crate) fn until(what: &str, condition: impl FnMut() -> bool) {
    assert!(within(PATIENCE, condition), "not within {PATIENCE:?}: {what}");
}

pub(crate) fn within(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < patience {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    condition()
}

pub(crate) fn python(tree: &Path, arguments: &[&str]) -> Program {
    Program::new(["python3"].iter().chain(arguments), tree)
}

pub(crate) fn shell(dir: impl Into<PathBuf>, script: &str) -> Program {
    let mut program = Program::new(["sh", "-c", script], dir);
    program.limits.deadline = Some(PATIENCE);
    program
}

/// Runs a script in a world; returns what it printed, and panics when it failed.
pub(crate) fn say(world: &World, dir: &Path, script: &str) -> String {
    let mut process = world.start(&shell(dir, script)).unwrap();
    let exit = process.wait(PATIENCE);
    assert_eq!(exit, Some(Exit::Code(0)), "{script}: {}", process.log_tail(4000));
    // The streams are read to their end before a world is dropped, but may be read on after the program ended.
    process.stdout().text()
}

pub(crate) fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Starts the server and waits until it listens.
pub(crate) fn serve(world: &World, tree: &Path, port: u16) -> Process {
    let mut process = world.start(&python(tree, &["server.py", &port.to_string()])).unwrap();
    until("the server listens", || {
        assert_eq!(process.try_status(), None, "{}", process.log_tail(4000));
        world.listeners().unwrap().iter().any(|at| at.addr == local(port) && at.ours)
    });
    process
}

pub(crate) fn get(stream: TcpStream) -> String {
    let mut stream = stream;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

pub(crate) fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(local(0)).unwrap().local_addr().unwrap().port()
}

/// Runs this very test binary again as a user without privileges, from a copy they may read.
pub(crate) fn again_without_privileges(skipped: &str) {
    if !is_root() {
        println!("skipped: this is the run without privileges");
        return;
    }
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    open_to_all(folder.path());
    let copy = folder.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    open_to_all(&copy);
    let room = folder.path().join("room");
    std::fs::create_dir(&room).unwrap();
    std::os::unix::fs::chown(&room, Some(NOBODY), Some(NOBODY)).unwrap();
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".into()];
    let words = ["setpriv".to_owned()].into_iter().chain(user).chain([copy.display().to_string()]);
    let words = words.chain(["--skip".into(), skipped.into(), "--test-threads=4".into()]);
    let mut program = Program::new(words, "/");
    program.limits.deadline = Some(Duration::from_secs(300));
    for (name, value) in [("HOME", "/nonexistent"), ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin")] {
        program.env.push((name.into(), value.into()));
    }
    program.env.push(("TMPDIR".into(), room.into()));
    let finished = run(&program).unwrap();
    let said = format!("{}\n{}", finished.stdout.text(), finished.stderr.text());
    assert!(finished.status.success(), "{}: {said}", finished.status);
    assert!(said.contains("test result: ok.") && !said.contains("ok. 0 passed"), "{said}");
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
