//! A ledger written by the first version of the format. It must verify for ever, and what we write must stay the same.

use std::fs;
use std::path::{Path, PathBuf};

use seaworthy_ledger::{Ledger, SignedCheckpoint, parse_export};

use crate::common::{body, fill, key};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ledger-v1").join(name)
}

#[test]
fn the_first_ledger_verifies_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("ledger.sqlite");
    fs::copy(fixture("ledger.sqlite"), &copy).unwrap();
    let ledger = Ledger::open_read_only(&copy).unwrap();
    let kept: SignedCheckpoint = fs::read_to_string(fixture("checkpoint.txt")).unwrap().parse().unwrap();
    let seen = ledger.verify(Some(kept.checkpoint())).unwrap();
    assert_eq!((seen.size, seen.checkpoints, seen.head.as_ref()), (12, 5, Some(&kept)));
    assert_eq!(seen.recorders.into_iter().collect::<Vec<_>>(), [(key(1).public(), 12)]);
    let entries = ledger.entries(0..12).unwrap();
    assert!(entries.iter().zip(0..).all(|(entry, number)| entry.value().body == body(number)));
    let mut text = Vec::new();
    ledger.export(&mut text).unwrap();
    assert_eq!(text, fs::read(fixture("export.jsonl")).unwrap());
    assert_eq!(parse_export(&text).unwrap().size, 12);
    drop(ledger);
    let mut goes_on = Ledger::open(&copy, key(1)).unwrap();
    fill(&mut goes_on, 1, 1);
    assert_eq!(goes_on.verify(Some(kept.checkpoint())).unwrap().size, 13);
}

#[test]
fn the_same_entries_are_written_as_the_same_bytes_today() {
    let mut ledger = Ledger::in_memory(key(1)).unwrap();
    fill(&mut ledger, 12, 3);
    let golden = fs::read_to_string(fixture("export.jsonl")).unwrap();
    let golden: Vec<&str> = golden.lines().filter(|line| line.starts_with("{\"payload\"")).collect();
    assert_eq!(golden.len(), 12);
    for (seq, line) in (0..8).zip(golden) {
        assert_eq!(String::from_utf8(ledger.envelope(seq).unwrap()).unwrap(), line, "entry {seq}");
    }
}
