//! What the ledger's tests append: entries with every kind of body, and keys and times that are the same in every run.

use std::collections::BTreeMap;

use seaworthy_core::decision::Missing;
use seaworthy_core::{
    Actor, Artifact, Body, Bound, Claim, Decision, Digest, FailureMode, Location, NotChecked, Observation,
    Outcome, Producer, Reason, RuleId, Subject, TimeSpan, Timestamp, Verdict,
};
use seaworthy_ledger::{Ledger, SigningKey};

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

pub(crate) fn actor() -> Actor {
    Actor { tool: "seaworthy 0.1.0".to_owned(), session: Some("s-1".to_owned()) }
}

/// 2026-01-01T00:00:00Z and `second` seconds.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

pub(crate) fn subject() -> Subject {
    Subject {
        tree: Digest::of(b"tree"),
        git_commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        base: None,
        critical: BTreeMap::from([("payments".to_owned(), Digest::of(b"payments"))]),
    }
}

pub(crate) fn claim(number: u64) -> Body {
    let text = format!("claim {number}: \u{201c}done\u{201d}, \"tested\"\n\u{0000}and \u{1f6a2}");
    Body::Claim(Claim { subject: subject(), author: "agent".to_owned(), text, doubts: number % 2 == 1 })
}

pub(crate) fn observation(number: u64) -> Body {
    let id: RuleId = serde_json::from_str("\"stale-reads\"").unwrap();
    Body::Observation(Box::new(Observation {
        subject: Subject { git_commit: None, ..subject() },
        producer: Producer::Probe { id, version: 1, service: "shop".to_owned() },
        failure_mode: FailureMode::CompoundingError,
        outcome: Outcome::Inconclusive(Reason::NotReproduced { what: "stale".to_owned(), seen: 1, tried: 3 }),
        findings: Vec::new(),
        suppressed: Vec::new(),
        skipped: vec![NotChecked { what: "route".to_owned(), why: "no promise".to_owned() }],
        trials: number,
        bound: Bound::zero_failures(number + 1, 0.95),
        span: TimeSpan { started_at: at(0), duration_ms: 12 },
        inputs: Digest::of(b"inputs"),
        artifacts: vec![Artifact {
            kind: "log".to_owned(),
            path: "a/b".to_owned(),
            digest: Digest::of(b"log"),
            finding: None,
        }],
        independence: None,
    }))
}

pub(crate) fn decision(number: u64) -> Body {
    Body::Decision(Box::new(Decision {
        subject: subject(),
        policy: Digest::of(b"policy"),
        at: at(1),
        verdict: Verdict::Unknown,
        reasons: vec![format!("reason {number} at {:?}", Location::Project { path: ".".into() })],
        missing: vec![Missing { what: "trial".to_owned(), command: "seaworthy trial".to_owned() }],
        waived: Vec::new(),
        not_checked: Vec::new(),
    }))
}

/// One of each kind, in turn.
pub(crate) fn body(number: u64) -> Body {
    match number % 3 {
        0 => observation(number),
        1 => claim(number),
        _ => decision(number),
    }
}

/// Appends `count` entries, `at_once` in each transaction, and gives the bodies.
pub(crate) fn fill(ledger: &mut Ledger, count: u64, at_once: usize) -> Vec<Body> {
    let start = ledger.size().unwrap();
    let bodies: Vec<Body> = (start..start + count).map(body).collect();
    for (number, chunk) in bodies.chunks(at_once).enumerate() {
        ledger.append(chunk, at(i64::try_from(number).unwrap()), &actor()).unwrap();
    }
    bodies
}
