//! Ledgers and keys as files: made whole, shared between processes, kept through kills.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use seaworthy_core::{Body, Claim};
use seaworthy_ledger::{KeyError, Ledger, SignedCheckpoint, key as keys};

use crate::common::{actor, at, claim, fill, key, subject};

#[test]
fn a_ledger_is_made_with_its_folder_and_stays_when_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".seaworthy/ledger.sqlite");
    fill(&mut Ledger::open(&path, key(1)).unwrap(), 4, 2);
    assert_eq!(fs::read_to_string(folder.path().join(".seaworthy/.gitignore")).unwrap(), "*\n");
    let mut names: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".gitignore", "ledger.sqlite"], "no draft and no write-ahead log stays");

    let mut again = Ledger::open(&path, key(2)).unwrap();
    assert_eq!(again.append(&[claim(4)], at(0), &actor()).unwrap().first_seq, 4);
    let seen = Ledger::open_read_only(&path).unwrap().verify(None).unwrap();
    assert_eq!((seen.size, seen.log_keys.len()), (5, 2), "another key may go on; it shows");
}

#[test]
fn no_gitignore_is_laid_into_a_folder_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    Ledger::open(&folder.path().join("ledger.sqlite"), key(1)).unwrap();
    assert!(!folder.path().join(".gitignore").exists());
}

#[test]
fn readers_and_writers_see_each_others_appends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let (mut one, mut two) = (Ledger::open(&path, key(1)).unwrap(), Ledger::open(&path, key(2)).unwrap());
    let reader = Ledger::open_read_only(&path).unwrap();
    for round in 0..5 {
        assert_eq!(one.append(&[claim(0)], at(round), &actor()).unwrap().first_seq, 2 * round as u64);
        assert_eq!(two.append(&[claim(0)], at(round), &actor()).unwrap().first_seq, 2 * round as u64 + 1);
        assert_eq!(reader.verify(None).unwrap().size, 2 * round as u64 + 2);
    }
}

#[test]
fn appends_from_many_threads_to_a_ledger_not_made_yet_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/ledger.sqlite");
    thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let mut ledger = Ledger::open(path, key(writer)).unwrap();
                for number in 0..10 {
                    let done = ledger.append(&[claim(number), claim(number + 1)], at(0), &actor()).unwrap();
                    let entries = ledger.entries(done.first_seq..done.first_seq + 2).unwrap();
                    assert_eq!(entries[0].value().body, claim(number));
                    assert_eq!(entries[1].key(), key(writer).public().digest());
                }
            });
        }
    });
    let seen = Ledger::open_read_only(&path).unwrap().verify(None).unwrap();
    assert_eq!((seen.size, seen.checkpoints), (160, 80));
    assert!(seen.recorders.values().eq([20; 8].iter()));
}

#[test]
fn a_ledger_that_is_gone_is_not_made_anew_over_its_write_ahead_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    fs::write(folder.path().join("ledger.sqlite-wal"), b"something").unwrap();
    assert!(Ledger::open(&path, key(1)).is_err());
    assert!(!path.exists());
}

#[test]
fn a_ledger_is_read_from_a_folder_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a folder with 100% odd?names#").join("ledger.sqlite");
    fill(&mut Ledger::open(&path, key(1)).unwrap(), 3, 1);
    let mode = |mode| fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555); // as root this forbids nothing, and the test only shows that reading works
    let read = Ledger::open_read_only(&path).map(|ledger| ledger.verify(None).unwrap().size);
    mode(0o755);
    assert_eq!(read.unwrap(), 3);
}

#[test]
fn a_key_is_made_once_for_its_owner_alone_in_the_standard_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config/seaworthy/key");
    let made: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| keys::load_or_create(&path).unwrap().public())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(made.iter().all(|public| *public == made[0]), "whoever comes second takes the first one's key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft stays");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"), "RFC 8410, version 1");
    assert!(!format!("{:?}", keys::load(&path).unwrap()).contains(&text[30..60]), "Debug keeps the secret");
}

#[test]
fn the_key_of_the_standards_example_is_read() {
    // RFC 8410 section 10.3, and its public key in section 10.1.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, pem).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    assert_eq!(keys::load(&path).unwrap().public().to_string(), public);
}

#[test]
fn a_key_that_others_may_use_is_refused_with_the_line_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    keys::load_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o644, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = keys::load_or_create(&path).unwrap_err();
        assert!(matches!(refused, KeyError::OpenToOthers { .. }), "{mode:o}");
        assert!(refused.to_string().ends_with(&format!("type: chmod 600 '{}'", path.display())), "{refused}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    keys::load_or_create(&path).unwrap();
}

#[test]
fn what_is_no_key_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for bytes in
        [b"".as_slice(), b"hello", &[0xff; 100], &[b'x'; 100_000], b"-----BEGIN PRIVATE KEY-----\nAAAA\n"]
    {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(keys::load_or_create(&path), Err(KeyError::NotAKey { .. })));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    assert!(keys::load_or_create(folder.path()).is_err(), "a folder");
}

/// Names the ledger to the child that [`appends`] starts.
const CHILD: &str = "SEAWORTHY_TEST_APPENDING_CHILD";

/// What the child of the test below does: append until killed, and say so after each append. In an ordinary run, nothing.
#[test]
fn child_appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let mut ledger = Ledger::open(Path::new(&path), key(1)).unwrap();
    for number in 0..100_000_usize {
        let bodies: Vec<Body> = (0..=number % 4).map(|part| said(&format!("{number}.{part}"))).collect();
        let done = ledger.append(&bodies, at(0), &actor()).unwrap();
        let note = done.checkpoint.unwrap().note().replace('\n', "|");
        println!("\nacknowledged\t{}\t{number}\t{note}", done.first_seq);
    }
}

fn said(text: &str) -> Body {
    Body::Claim(Claim {
        subject: subject(),
        author: "child".to_owned(),
        text: text.to_owned(),
        doubts: false,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test has to kill a writer; it starts itself, and waits for it"
)]
fn appends(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["files::child_appends_until_it_is_killed", "--exact", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_when_a_writer_is_killed_at_fifty_random_moments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut size = 0;
    for round in 0_u64..50 {
        let mut random = [0; 2];
        getrandom::fill(&mut random).unwrap();
        let mut child = appends(&path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // After some acknowledgements, in some rounds none (while it is opening), then a random moment later.
        let wanted = if round % 5 == 0 { 0 } else { usize::from(random[0] % 12) + 1 };
        let parse = |line: String| line.strip_prefix("acknowledged\t").map(str::to_owned);
        let mut acknowledged: Vec<String> = lines.by_ref().filter_map(parse).take(wanted).collect();
        (0..u32::from(random[1]) * 2000).for_each(|spin| {
            std::hint::black_box(spin);
        });
        child.kill().unwrap();
        acknowledged.extend(lines.filter_map(parse));
        child.wait().unwrap();
        if !path.exists() {
            assert!(acknowledged.is_empty());
            continue;
        }
        let ledger = Ledger::open(&path, key(1)).unwrap();
        let checkpoint = |line: &String| {
            let note = line.rsplit('\t').next().unwrap().replace('|', "\n");
            note.parse::<SignedCheckpoint>().unwrap().checkpoint().clone()
        };
        let last = acknowledged.last().map(checkpoint);
        let seen = ledger.verify(last.as_ref()).unwrap();
        assert!(seen.size >= size, "round {round}");
        let entries = ledger.entries(size..u64::MAX).unwrap();
        for line in &acknowledged {
            let [seq, number, _] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let seq: u64 = seq.parse().unwrap();
            let entry = entries.iter().find(|entry| entry.seq() == seq).unwrap();
            assert_eq!(entry.value().body, said(&format!("{number}.0")), "round {round}");
        }
        size = seen.size;
    }
    assert!(size > 100, "it was killed before it did anything: {size}");
}
