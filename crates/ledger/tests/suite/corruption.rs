//! Every class of byte that can be wrong, in files and in rows: found, named, and nothing overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use seaworthy_ledger::{AppendError, Ledger, OpenError, ReadError, SigningKey, envelope, merkle};

use crate::common::{actor, at, body, claim, fill, key};

/// A ledger of nine entries under three checkpoints, closed, and the folder it is in.
fn nine() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    fill(&mut Ledger::open(&path, key(1)).unwrap(), 9, 3);
    (folder, path)
}

/// What a reader is told: everything there is, or why not.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let ledger = Ledger::open_read_only(path).map_err(|error| error.to_string())?;
    ledger.verify(None).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    ledger.export(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// Runs SQL against the file as an attacker would: without our triggers, constraints or the length of columns in the way.
fn tamper(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON").unwrap();
    let triggers = "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE type = 'trigger'";
    let triggers: String = connection.query_row(triggers, [], |row| row.get(0)).unwrap();
    for name in ["log", "entry", "checkpoint"] {
        let drop = format!("DROP TRIGGER {name}_is_not_updated; DROP TRIGGER {name}_is_not_deleted;");
        connection.execute_batch(&drop).unwrap();
    }
    connection.execute_batch(sql).unwrap();
    connection.execute_batch(&triggers.replace("END;", "END;\n")).unwrap();
}

fn first_bad(path: &Path) -> Option<u64> {
    match Ledger::open_read_only(path).unwrap().verify(None) {
        Err(ReadError::Corrupt(corruption)) => corruption.first_bad_seq,
        Ok(_) | Err(_) => None,
    }
}

#[test]
fn every_kind_of_tampering_is_found_and_the_first_bad_entry_named() {
    let flip = |column: &str, at: usize, length: &str| {
        format!(
            "{column} = CAST(substr({column}, 1, {at} {length}) || CASE substr({column}, {at} {length} + 1, 1) \
             WHEN x'41' THEN x'42' ELSE x'41' END || substr({column}, {at} {length} + 2) AS BLOB)"
        )
    };
    let envelope_at = |at| format!("UPDATE entry SET {} WHERE seq = 4", flip("envelope", at, ""));
    let note = "UPDATE checkpoint SET note = replace(note, char(10) || '6' || char(10), char(10) || '5' || char(10))";
    for (what, sql, seq) in [
        ("payload", envelope_at(40), 4),
        ("the JSON around it", envelope_at(3), 4),
        (
            "signature",
            format!("UPDATE entry SET {} WHERE seq = 4", flip("envelope", 0, "+ length(envelope) - 60")),
            4,
        ),
        ("leaf hash", format!("UPDATE entry SET {} WHERE seq = 4", flip("leaf", 7, "")), 4),
        ("leaf hash of another length", "UPDATE entry SET leaf = x'00' WHERE seq = 4".to_owned(), 4),
        ("a row is missing", "DELETE FROM entry WHERE seq = 4".to_owned(), 4),
        ("the first row is missing", "DELETE FROM entry WHERE seq = 0".to_owned(), 0),
        ("the last row is missing", "DELETE FROM entry WHERE seq = 8".to_owned(), 8),
        ("a row is renumbered", "UPDATE entry SET seq = 20 WHERE seq = 8".to_owned(), 8),
        (
            "two rows are exchanged",
            "UPDATE entry SET seq = 20 WHERE seq = 4; UPDATE entry SET seq = 4 WHERE seq = 5; \
             UPDATE entry SET seq = 5 WHERE seq = 20"
                .to_owned(),
            3, // between the checkpoints of three and six, which is as close as the record itself can tell
        ),
        (
            "a row is taken out and the rest moved up",
            "DELETE FROM entry WHERE seq = 1; UPDATE entry SET seq = -seq WHERE seq > 1; \
             UPDATE entry SET seq = -seq - 1 WHERE seq < 0; UPDATE checkpoint SET size = size - 1"
                .to_owned(),
            0,
        ),
        (
            "checkpoint root",
            "UPDATE checkpoint SET note = replace(note, '=', '!') WHERE size = 6".to_owned(),
            3,
        ),
        ("checkpoint size", note.to_owned(), 3),
        (
            "checkpoint origin",
            "UPDATE checkpoint SET note = replace(note, 'ledger/', 'ledger!')".to_owned(),
            0,
        ),
        ("checkpoint of another size", "UPDATE checkpoint SET size = 7 WHERE size = 6".to_owned(), 3),
        (
            "verifier key",
            "UPDATE checkpoint SET verifier_key = replace(verifier_key, '+', ' ')".to_owned(),
            0,
        ),
        ("frontier", format!("UPDATE checkpoint SET {} WHERE size = 6", flip("frontier", 3, "")), 5),
        ("no checkpoint at the end", "DELETE FROM checkpoint WHERE size = 9".to_owned(), 6),
        ("no checkpoints", "DELETE FROM checkpoint".to_owned(), 0),
        ("no entries", "DELETE FROM entry".to_owned(), 0),
        ("the log's name", "UPDATE log SET origin = origin || '0'".to_owned(), 0),
    ] {
        let (_folder, path) = nine();
        tamper(&path, &sql);
        assert_eq!(first_bad(&path), Some(seq), "{what}");
        assert!(read(&path).is_err(), "{what}");
    }
}

#[test]
fn an_entry_signed_by_another_key_does_not_take_the_place_of_one() {
    let (_folder, path) = nine();
    let forged = envelope::seal(br#"{"x":1}"#, &key(2)).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("DROP TRIGGER entry_is_not_updated").unwrap();
    let replace = "UPDATE entry SET envelope = ?1, leaf = ?2 WHERE seq = 4";
    connection.execute(replace, rusqlite::params![forged, merkle::leaf_hash(&forged).0]).unwrap();
    drop(connection);
    let refused = Ledger::open_read_only(&path).map(drop).unwrap_err().to_string();
    assert!(refused.contains("tables"), "a missing trigger shows too: {refused}");
}

#[test]
fn nothing_is_appended_to_a_head_that_does_not_match_its_checkpoint() {
    for sql in [
        "DELETE FROM entry WHERE seq = 8",
        "DELETE FROM checkpoint WHERE size = 9",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = replace(note, '9', '8') WHERE size = 9",
        "UPDATE checkpoint SET frontier = x'' WHERE size = 9",
        "UPDATE checkpoint SET frontier = zeroblob(64) WHERE size = 9",
        "UPDATE entry SET envelope = x'00' WHERE seq = 8",
        "UPDATE entry SET leaf = zeroblob(32) WHERE seq = 8",
        "UPDATE log SET origin = 'other'",
        "DELETE FROM log",
    ] {
        let (_folder, path) = nine();
        tamper(&path, sql);
        let before = fs::read(&path).unwrap();
        let Err(OpenError::Corrupt { .. }) = Ledger::open(&path, key(1)).map(drop) else {
            panic!("opened: {sql}")
        };
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}");

        let (_folder, path) = nine();
        let mut open = Ledger::open(&path, key(1)).unwrap();
        tamper(&path, sql);
        let size = Connection::open(&path).unwrap();
        let count = || size.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, u64>(0)).unwrap();
        let before = count();
        let refused = open.append(&[body(0)], at(9), &actor());
        if !sql.contains(" log") {
            assert!(matches!(refused, Err(AppendError::Corrupt(_))), "{sql}: {refused:?}");
            assert_eq!(count(), before, "{sql}");
        }
    }
}

#[test]
fn every_flipped_byte_of_the_file_is_found_or_changes_nothing_that_is_read() {
    let (folder, path) = nine();
    let good = fs::read(&path).unwrap();
    let truth = read(&path).unwrap();
    let copy = folder.path().join("flipped.sqlite");
    let mut found = 0;
    // The file's header and each page's, then every seventeenth byte: which of them mean something is SQLite's to say.
    for place in (0..good.len()).filter(|&place| place < 112 || place % 4096 < 32 || place % 17 == 0) {
        let mut bytes = good.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&copy, &bytes).unwrap();
        match read(&copy) {
            Err(_) => found += 1,
            Ok(text) => assert_eq!(text, truth, "byte {place}: the change was believed"),
        }
        assert_eq!(fs::read(&copy).unwrap(), bytes, "byte {place}: reading wrote");
    }
    assert!(found >= truth.len() / 17, "found {found}, though {} bytes are content", truth.len());
}

#[test]
fn a_file_cut_anywhere_is_found() {
    let (folder, path) = nine();
    let good = fs::read(&path).unwrap();
    let cut = folder.path().join("cut.sqlite");
    for length in (0..good.len()).step_by(512).chain([1, 15, 16, 99, 100, good.len() - 1]) {
        fs::write(&cut, &good[..length]).unwrap();
        assert!(read(&cut).is_err(), "{length} of {} bytes", good.len());
        assert!(Ledger::open(&cut, key(1)).is_err() || read(&cut).is_err(), "{length} bytes");
        assert!(fs::read(&cut).unwrap().len() <= length, "{length}: something was written");
    }
}

#[test]
fn what_is_no_ledger_is_said_to_be_none_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let other = Connection::open(folder.path().join("other.sqlite")).unwrap();
    other.execute_batch("CREATE TABLE shop (id INTEGER)").unwrap();
    drop(other);
    let database = fs::read(folder.path().join("other.sqlite")).unwrap();
    for bytes in [b"".to_vec(), b"hello".to_vec(), vec![0; 8192], b"SQLite format 3\0".to_vec(), database] {
        fs::write(&path, &bytes).unwrap();
        for refused in [Ledger::open(&path, key(1)).map(drop), Ledger::open_read_only(&path).map(drop)] {
            assert!(matches!(refused, Err(OpenError::Corrupt { .. })), "{refused:?}");
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(Ledger::open(&path, key(1)).is_err());
    assert!(Ledger::open_read_only(&path).is_err());
    assert!(Ledger::open_read_only(&folder.path().join("absent")).is_err());
}

#[test]
fn a_newer_format_is_refused_by_name_by_readers_and_writers() {
    let (_folder, path) = nine();
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    for refused in [Ledger::open(&path, key(1)).map(drop), Ledger::open_read_only(&path).map(drop)] {
        assert!(matches!(refused, Err(OpenError::Newer { found: 2, known: 1, .. })), "{refused:?}");
    }
}

#[test]
fn rows_are_never_updated_or_deleted_even_by_mistake() {
    let (_folder, path) = nine();
    let connection = Connection::open(&path).unwrap();
    for table in ["log", "entry", "checkpoint"] {
        assert!(connection.execute_batch(&format!("DELETE FROM {table}")).is_err(), "{table}");
        let column = if table == "log" { "origin" } else { "rowid" };
        assert!(connection.execute_batch(&format!("UPDATE {table} SET {column} = 1")).is_err(), "{table}");
    }
}

/// The text of an export, line by line.
fn exported() -> Vec<String> {
    let mut ledger = Ledger::in_memory(key(1)).unwrap();
    fill(&mut ledger, 4, 2);
    let mut text = Vec::new();
    ledger.export(&mut text).unwrap();
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn every_wrong_line_of_an_export_is_refused_and_nothing_is_imported() {
    let good = exported();
    let kinds: Vec<bool> = good.iter().map(|line| line.starts_with("{\"checkpoint\"")).collect();
    assert_eq!(kinds, [false, false, false, true, false, false, true]);
    let change = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        lines.join("\n") + "\n"
    };
    for (what, text) in [
        ("no header", change(&|lines| drop(lines.remove(0)))),
        ("another format", change(&|lines| lines[0] = lines[0].replace("/v1", "/v9"))),
        ("another origin", change(&|lines| lines[0] = lines[0].replace("ledger/", "ledger/0"))),
        ("an entry is missing", change(&|lines| drop(lines.remove(1)))),
        ("an entry twice", change(&|lines| lines.insert(1, lines[1].clone()))),
        ("entries exchanged", change(&|lines| lines.swap(1, 2))),
        ("no checkpoint at the end", change(&|lines| drop(lines.pop()))),
        ("a checkpoint twice", change(&|lines| lines.push(lines[6].clone()))),
        ("a checkpoint before its time", change(&|lines| lines.swap(2, 3))),
        ("an empty line", change(&|lines| lines.insert(3, String::new()))),
        ("a line of something else", change(&|lines| lines.insert(1, "{}".to_owned()))),
        ("an entry reformatted", change(&|lines| lines[1] = lines[1].replace("\":\"", "\": \""))),
        ("carriage returns", change(&|_| ()).replace('\n', "\r\n")),
        ("the last line is cut off", change(&|_| ()).trim_end().to_owned()),
        ("nothing", String::new()),
    ] {
        let mut ledger = Ledger::in_memory(key(2)).unwrap();
        fill(&mut ledger, 1, 1);
        assert!(ledger.import(text.as_bytes(), None).is_err(), "{what}");
        assert_eq!(ledger.verify(None).unwrap().size, 1, "{what}");
    }
    assert!(seaworthy_ledger::parse_export(change(&|_| ()).as_bytes()).is_ok(), "the correct twin");
}

#[test]
fn a_line_longer_than_any_entry_is_refused_before_it_is_read() {
    let mut text = exported()[0].clone().into_bytes();
    text.push(b'\n');
    let endless = std::io::Read::chain(text.as_slice(), std::io::repeat(b'x'));
    let mut ledger = Ledger::in_memory(key(2)).unwrap();
    let refused = ledger.import(std::io::BufReader::new(endless), None).unwrap_err().to_string();
    assert_eq!(refused, "line 2 of the export: the line is too long");
}

#[test]
fn a_ledger_opened_for_reading_takes_nothing() {
    let (_folder, path) = nine();
    let mut ledger = Ledger::open_read_only(&path).unwrap();
    assert!(matches!(ledger.append(&[claim(1)], at(0), &actor()), Err(AppendError::ReadOnly)));
    assert!(ledger.import(b"".as_slice(), None).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_export_with_any_byte_changed_is_refused(place: proptest::sample::Index, to: u8) {
        static GOOD: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes = GOOD.get_or_init(|| (exported().join("\n") + "\n").into_bytes()).clone();
        let place = place.index(bytes.len());
        let changed = bytes[place] != to;
        bytes[place] = to;
        proptest::prop_assert_eq!(seaworthy_ledger::parse_export(&bytes).is_err(), changed);
    }

    #[test]
    fn any_bytes_at_all_are_read_without_a_panic(bytes: Vec<u8>, seed: [u8; 32]) {
        let _ = seaworthy_ledger::parse_export(&bytes);
        let _ = envelope::open(&bytes);
        let signed = envelope::seal(&bytes, &SigningKey::from_seed(&seed)).unwrap();
        proptest::prop_assert_eq!(envelope::open(&signed).unwrap().0, bytes);
    }
}
