//! What every ledger must do, wherever it is kept: run once in memory and once on disk.

use crate::common::{actor, at, body, claim, fill, key, observation};
use seaworthy_core::Body;
use seaworthy_ledger::checkpoint::VerifierKey;
use seaworthy_ledger::{AppendError, Checkpoint, Ledger, ReadError, SignedCheckpoint, parse_export};

/// Runs one test against both kinds of ledger; `make` gives an empty one signing with the key of that number.
fn on_both(test: impl Fn(&dyn Fn(u8) -> Ledger)) {
    test(&|number| Ledger::in_memory(key(number)).unwrap());
    let folder = tempfile::tempdir().unwrap();
    test(&|number| {
        let name = format!("{number}-{}.sqlite", std::fs::read_dir(folder.path()).unwrap().count());
        Ledger::open(&folder.path().join(name), key(number)).unwrap()
    });
}

#[test]
fn what_is_appended_reads_back_in_order_with_its_signer_and_time() {
    on_both(|make| {
        let mut ledger = make(1);
        let bodies: Vec<Body> = (0..7).map(body).collect();
        assert_eq!(ledger.append(&bodies[..3], at(5), &actor()).unwrap().first_seq, 0);
        assert_eq!(ledger.append(&bodies[3..], at(6), &actor()).unwrap().first_seq, 3);
        let entries = ledger.entries(0..u64::MAX).unwrap();
        assert_eq!(entries.len(), 7);
        for (seq, entry) in entries.iter().enumerate() {
            assert_eq!((entry.seq(), entry.key()), (seq as u64, key(1).public().digest()));
            assert_eq!(entry.value().body, bodies[seq]);
            assert_eq!(entry.value().recorded_at, at(if seq < 3 { 5 } else { 6 }));
            assert_eq!(entry.value().actor, actor());
        }
        assert_eq!(ledger.entries(2..4).unwrap(), entries[2..4]);
        assert_eq!(ledger.entries(7..9).unwrap(), []);
    });
}

#[test]
fn an_empty_ledger_verifies_and_stays_empty_when_nothing_is_appended() {
    on_both(|make| {
        let mut ledger = make(1);
        assert_eq!(ledger.append(&[], at(0), &actor()).unwrap().checkpoint, None);
        let seen = ledger.verify(None).unwrap();
        assert_eq!((seen.size, seen.checkpoints, seen.head), (0, 0, None));
        assert_eq!(ledger.checkpoint().unwrap(), None);
        assert_eq!(ledger.entries(0..9).unwrap(), []);
    });
}

#[test]
fn every_append_leaves_a_checkpoint_that_verifies_under_the_logs_name() {
    on_both(|make| {
        let mut ledger = make(1);
        let mut kept: Vec<SignedCheckpoint> = Vec::new();
        for number in 0..9 {
            kept.push(ledger.append(&[body(number)], at(0), &actor()).unwrap().checkpoint.unwrap());
        }
        let seen = ledger.verify(None).unwrap();
        assert_eq!((seen.size, seen.checkpoints), (9, 9));
        assert_eq!(seen.head.as_ref(), kept.last());
        assert_eq!(ledger.checkpoint().unwrap().as_ref(), kept.last());
        assert_eq!(seen.recorders.into_iter().collect::<Vec<_>>(), [(key(1).public(), 9)]);
        let verifier = VerifierKey::new(ledger.origin(), key(1).public());
        for signed in &kept {
            assert!(signed.verify(&verifier));
            assert!(!signed.verify(&VerifierKey::new(ledger.origin(), key(2).public())));
            ledger.verify(Some(signed.checkpoint())).unwrap();
        }
    });
}

#[test]
fn proofs_hold_between_every_two_checkpoints_and_for_every_entry() {
    on_both(|make| {
        let mut ledger = make(1);
        let mut checkpoints: Vec<Checkpoint> = Vec::new();
        for number in 0..11 {
            let signed = ledger.append(&[body(number)], at(0), &actor()).unwrap().checkpoint.unwrap();
            checkpoints.push(signed.checkpoint().clone());
        }
        let head = checkpoints.last().unwrap();
        for seq in 0..11 {
            let (proof, envelope) = (ledger.inclusion_proof(seq).unwrap(), ledger.envelope(seq).unwrap());
            assert!(proof.verify(&envelope, head));
            assert!(!proof.verify(&envelope, &checkpoints[9]));
            assert!(!proof.verify(&ledger.envelope((seq + 1) % 11).unwrap(), head));
        }
        for old in &checkpoints {
            for new in checkpoints.iter().filter(|new| new.size >= old.size) {
                let proof = ledger.consistency_proof(old.size, new.size).unwrap();
                assert!(proof.verify(old, new));
                let elsewhere = Checkpoint { origin: "elsewhere".to_owned(), ..new.clone() };
                assert!(!proof.verify(old, &elsewhere));
                assert!(old.size == new.size || !proof.verify(new, old));
            }
        }
        assert!(matches!(ledger.inclusion_proof(11), Err(ReadError::OutOfRange { asked: 11, size: 11 })));
        assert!(matches!(ledger.envelope(11), Err(ReadError::OutOfRange { asked: 11, size: 11 })));
        assert!(matches!(
            ledger.consistency_proof(3, 12),
            Err(ReadError::OutOfRange { asked: 12, size: 11 })
        ));
        assert!(matches!(ledger.consistency_proof(5, 4), Err(ReadError::OutOfRange { asked: 5, size: 4 })));
    });
}

#[test]
fn an_entry_that_json_cannot_hold_is_refused_with_all_beside_it() {
    on_both(|make| {
        let mut ledger = make(1);
        let mut bad = observation(4);
        if let Body::Observation(seen) = &mut bad {
            seen.bound = seen.bound.map(|bound| seaworthy_core::Bound { rate: f64::NAN, ..bound });
        }
        let refused = ledger.append(&[claim(0), bad], at(0), &actor());
        assert!(matches!(refused, Err(AppendError::Unwritable { index: 1, .. })), "{refused:?}");
        assert_eq!(ledger.size().unwrap(), 0);
    });
}

#[test]
fn numbers_read_back_to_the_last_bit() {
    on_both(|make| {
        let mut ledger = make(1);
        let bodies: Vec<Body> = (1..300).map(observation).collect();
        ledger.append(&bodies, at(0), &actor()).unwrap();
        let entries = ledger.entries(0..300).unwrap();
        assert!(entries.iter().map(|entry| &entry.value().body).eq(&bodies));
    });
}

#[test]
fn an_export_carries_everything_and_importing_it_twice_adds_nothing() {
    on_both(|make| {
        let (mut theirs, mut ours) = (make(1), make(2));
        let bodies = fill(&mut theirs, 10, 4);
        fill(&mut ours, 3, 1);
        let mut text = Vec::new();
        let exported = theirs.export(&mut text).unwrap();
        assert_eq!(exported, theirs.verify(None).unwrap());
        assert_eq!(parse_export(&text).unwrap(), exported);

        let imported = ours.import(text.as_slice(), None).unwrap();
        assert_eq!((imported.added, imported.already_there, &imported.export), (10, 0, &exported));
        assert_eq!(imported.checkpoint.unwrap().checkpoint().size, 13);
        let entries = ours.entries(3..13).unwrap();
        assert!(entries.iter().map(|entry| &entry.value().body).eq(&bodies));
        assert!(entries.iter().all(|entry| entry.key() == key(1).public().digest()), "foreign signers stay");
        let seen = ours.verify(None).unwrap();
        assert_eq!(seen.recorders.into_values().sum::<u64>(), 13);
        assert_eq!(seen.log_keys.into_keys().collect::<Vec<_>>(), [key(2).public()]);

        let before = ours.checkpoint().unwrap();
        let again = ours.import(text.as_slice(), None).unwrap();
        assert_eq!((again.added, again.already_there, again.checkpoint), (0, 10, before));
        let itself = {
            let mut text = Vec::new();
            ours.export(&mut text).unwrap();
            text
        };
        assert_eq!(ours.import(itself.as_slice(), None).unwrap().added, 0);
        assert_eq!(ours.size().unwrap(), 13);
    });
}

#[test]
fn a_ledger_that_was_cut_shows_against_a_checkpoint_kept_elsewhere_and_only_so() {
    on_both(|make| {
        let mut ledger = make(1);
        fill(&mut ledger, 5, 1);
        let mut text = Vec::new();
        ledger.export(&mut text).unwrap();
        fill(&mut ledger, 2, 1);
        let kept = ledger.checkpoint().unwrap().unwrap().checkpoint().clone();
        // The export was made at five entries, which is what a cut at five would leave.
        let cut = make(1).import(text.as_slice(), Some(&kept)).unwrap_err();
        assert!(cut.to_string().contains("entry 5: the tail is cut off"), "{cut}");
        assert_eq!(make(1).import(text.as_slice(), None).unwrap().added, 5);

        let rewritten = Checkpoint { root: seaworthy_core::Digest::of(b"other"), size: 4, ..kept.clone() };
        let Err(ReadError::Corrupt(corruption)) = ledger.verify(Some(&rewritten)) else {
            panic!("it verified")
        };
        assert_eq!(corruption.first_bad_seq, Some(3), "{corruption}");
        let elsewhere = Checkpoint { origin: "seaworthy.dev/ledger/0".to_owned(), ..kept };
        assert!(matches!(ledger.verify(Some(&elsewhere)), Err(ReadError::Corrupt(_))));
    });
}
