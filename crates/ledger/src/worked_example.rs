//! The worked example of `docs/ledger-format.md`, held against the code byte for byte.

use std::collections::BTreeMap;

use seaworthy_core::{Actor, Body, Claim, Digest, Subject, Timestamp};

use crate::{Ledger, SigningKey, VerifierKey, envelope, merkle, parse_export};

const DOCUMENT: &str = include_str!("../../../docs/ledger-format.md");

/// RFC 8032 section 7.1, TEST 1: the secret key.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

fn example() -> Ledger {
    let key = SigningKey::from_seed(&SEED.parse::<Digest>().unwrap().0);
    let mut ledger =
        Ledger::in_memory_named(format!("seaworthy.dev/ledger/{}", "0".repeat(32)), key).unwrap();
    let git_commit = Some("0123456789abcdef0123456789abcdef01234567".to_owned());
    let subject = Subject { tree: Digest::of(b"example"), git_commit, base: None, critical: BTreeMap::new() };
    let claim = |text: &str| {
        Body::Claim(Claim {
            subject: subject.clone(),
            author: "agent".to_owned(),
            text: text.to_owned(),
            doubts: false,
        })
    };
    let actor = Actor { tool: "seaworthy 0.1.0".to_owned(), session: None };
    let at = Timestamp::from_second(1_767_225_600).unwrap();
    ledger.append(&[claim("first")], at, &actor).unwrap();
    ledger.append(&[claim("second"), claim("third")], at, &actor).unwrap();
    ledger
}

#[test]
fn the_documents_example_is_what_the_code_writes() {
    let ledger = example();
    let mut export = Vec::new();
    ledger.export(&mut export).unwrap();
    let export = String::from_utf8(export).unwrap();
    let (payload, key) = envelope::open(&ledger.envelope(0).unwrap()).unwrap();
    // RFC 8032 section 7.1, TEST 1: the public key.
    assert_eq!(key.to_string(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let leaves: Vec<_> = (0..3).map(|seq| merkle::leaf_hash(&ledger.envelope(seq).unwrap())).collect();
    let mut facts = vec![
        ("export", export.trim_end().to_owned()),
        ("payload", String::from_utf8(payload).unwrap()),
        ("public key", key.to_string()),
        ("verifier key", VerifierKey::new(ledger.origin(), key).to_string()),
        ("node", merkle::node_hash(&leaves[0], &leaves[1]).to_string()),
        ("root", merkle::root(&leaves).to_string()),
        ("checkpoint", ledger.checkpoint().unwrap().unwrap().note().trim_end().to_owned()),
    ];
    facts.extend(leaves.iter().map(|leaf| ("leaf", leaf.to_string())));
    for (what, text) in facts {
        assert!(DOCUMENT.contains(&text), "docs/ledger-format.md lacks the {what}:\n{text}");
    }
}

#[test]
fn the_export_in_the_document_verifies_as_it_stands_there() {
    let start = DOCUMENT.find("```\n{\"format\":\"seaworthy.ledger/v1\"").unwrap() + "```\n".len();
    let end = start + DOCUMENT[start..].find("```").unwrap();
    let seen = parse_export(&DOCUMENT.as_bytes()[start..end]).unwrap();
    assert_eq!((seen.size, seen.checkpoints), (3, 2));
    assert_eq!(seen.head.unwrap().note(), example().checkpoint().unwrap().unwrap().note());
}
