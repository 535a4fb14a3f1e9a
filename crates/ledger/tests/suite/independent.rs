//! Other people's implementations read what we write: Python's `cryptography` and `securesystemslib`, and OpenSSL.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use seaworthy_ledger::{Ledger, key as keys};

use crate::common::{fill, key};

/// The interpreter that `cargo xtask test` sets up, else the system's.
fn python() -> String {
    let ours = std::env::var_os("SEAWORTHY_PARTS").map(|parts| PathBuf::from(parts).join("venv/bin/python"));
    let ours = ours.filter(|python| python.exists()).and_then(|python| python.to_str().map(str::to_owned));
    ours.unwrap_or_else(|| "python3".to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests ask other implementations; they read files and end by themselves"
)]
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()
}

#[test]
fn a_reader_written_from_the_document_alone_agrees_with_ours() {
    let python = python();
    if !run(&python, &["-c", "import cryptography"]).is_some_and(|output| output.status.success()) {
        println!(
            "skipped: the independent reader, since {python} lacks cryptography; type: cargo xtask test \
             (or: {python} -m pip install cryptography securesystemslib)"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (path, export) = (folder.path().join("ledger.sqlite"), folder.path().join("export.jsonl"));
    for (signer, count, at_once) in [(1, 13, 4), (2, 6, 1)] {
        fill(&mut Ledger::open(&path, key(signer)).unwrap(), count, at_once);
    }
    let ledger = Ledger::open_read_only(&path).unwrap();
    let seen = ledger.export(fs::File::create(&export).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent_reader.py");
    let output = run(&python, &[script, path.to_str().unwrap(), export.to_str().unwrap()]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["size"], seen.size);
    assert_eq!(found["checkpoints"], seen.checkpoints);
    assert_eq!(found["root"], seen.head.unwrap().checkpoint().root.to_string());
    let signers: Vec<String> = seen.recorders.keys().map(ToString::to_string).collect();
    assert_eq!(found["keys"], serde_json::json!(signers));

    let mut changed = fs::read(&export).unwrap();
    let last = changed.len() - 200;
    changed[last] ^= 1;
    fs::write(&export, changed).unwrap();
    let refused = run(&python, &[script, path.to_str().unwrap(), export.to_str().unwrap()]).unwrap();
    assert!(!refused.status.success(), "the independent reader can say no");
}

#[test]
fn openssl_reads_the_key_and_derives_the_same_public_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let public = keys::load_or_create(&path).unwrap().public();
    let Some(output) = run("openssl", &["pkey", "-in", path.to_str().unwrap(), "-pubout", "-outform", "DER"])
    else {
        println!("skipped: openssl is not installed; type: apt-get install openssl");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout.last_chunk::<32>(), Some(&public.0));
}
