//! How fast a ledger on disk appends and verifies. Prints one JSON object: `cargo bench -p seaworthy-ledger`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that prints its figures and may just stop"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use seaworthy_core::{Actor, Body, Claim, Digest, Subject, Timestamp};
use seaworthy_ledger::{Ledger, SigningKey, merkle};

fn body(number: usize) -> Body {
    let subject =
        Subject { tree: Digest::of(b"tree"), git_commit: None, base: None, critical: BTreeMap::new() };
    let text = format!("{number} {}", "some of the words that a finding has. ".repeat(40));
    Body::Claim(Claim { subject, author: "bench".to_owned(), text, doubts: false })
}

/// Appends `count` entries, `at_once` in each transaction; entries a second.
fn append(ledger: &mut Ledger, count: usize, at_once: usize) -> f64 {
    let actor = Actor { tool: "bench".to_owned(), session: None };
    let bodies: Vec<Body> = (0..count).map(body).collect();
    let start = Instant::now();
    for chunk in bodies.chunks(at_once) {
        ledger.append(chunk, Timestamp::UNIX_EPOCH, &actor).unwrap();
    }
    count as f64 / start.elapsed().as_secs_f64()
}

fn main() {
    // Under target/, which is a disk where /tmp may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| folder.path().join(name);
    let open = |path: &Path| Ledger::open(path, SigningKey::generate().unwrap()).unwrap();
    let one = append(&mut open(&path("one")), 1_000, 1);
    let mut ledger = open(&path("hundred"));
    let hundred = append(&mut ledger, 20_000, 100);

    let rate = |count: usize, work: &dyn Fn()| {
        let start = Instant::now();
        work();
        count as f64 / start.elapsed().as_secs_f64()
    };
    let verified = rate(20_000, &|| assert_eq!(ledger.verify(None).unwrap().size, 20_000));
    let last = rate(1, &|| assert_eq!(ledger.entries(19_900..20_000).unwrap().len(), 100));
    let leaves: Vec<Digest> = (0..1_000_000_u32).map(|leaf| merkle::leaf_hash(&leaf.to_be_bytes())).collect();
    let hashes = rate(leaves.len(), &|| assert_ne!(merkle::root(&leaves), leaves[0]));
    let mut text = Vec::new();
    ledger.export(&mut text).unwrap();
    let mut other = open(&path("other"));
    let start = Instant::now();
    other.import(text.as_slice(), None).unwrap();
    let imported = 20_000.0 / start.elapsed().as_secs_f64();
    println!(
        "{{\"entry_bytes\":{},\"appends_per_s\":{one:.0},\"appends_per_s_100_at_once\":{hundred:.0},\"verified_per_s\":{verified:.0},\
         \"read_last_100_of_20000_per_s\":{last:.1},\"imported_per_s\":{imported:.0},\"nodes_hashed_per_s\":{hashes:.0}}}",
        text.len() / 20_000
    );
}
