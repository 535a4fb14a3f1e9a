//! The invariants of the verdict, over generated records.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use seaworthy_core::finding::Identity;
use seaworthy_core::policy::Approval;
use seaworthy_core::*;

fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}

fn subject(tree: u8) -> Subject {
    Subject { tree: digest(tree), git_commit: None, base: None, critical: BTreeMap::new() }
}

fn at() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap_or_default()
}

fn producer(n: u8) -> Producer {
    let names = ["float-money", "naive-datetime", "swallowed-error"];
    match n {
        3 => Producer::Probe { id: RuleId::known("replicas"), version: 1, service: "shop".to_owned() },
        n => Producer::Check { id: RuleId::known(names[usize::from(n)]), version: 1 },
    }
}

fn requirement(n: u8, need: Need) -> Requirement {
    let bound = (n == 3).then_some(BoundNeeded { rate: 0.05, confidence: 0.95 });
    let class = if n == 3 { Class::Trial } else { Class::Check };
    Requirement { producer: producer(n), class, need, bound, command: "seaworthy check".to_owned() }
}

fn policy(needs: &[Need; 4]) -> Policy {
    let requirements = (0u8..).zip(needs).map(|(n, need)| requirement(n, *need)).collect();
    Policy { requirements, ..Policy::default() }
}

fn finding(n: u8, severity: Severity) -> Finding {
    let place = Location::Project { path: ".".to_owned() };
    Finding::at(producer(n).id(), place, "wrong")
        .severity(severity)
        .identify(Identity { text: "x", ..Identity::default() })
}

fn observation(tree: u8, n: u8, outcome: u8, trials: u64) -> Observation {
    let reason = || Reason::Other { what: "could not tell".to_owned() };
    let (outcome, findings) = match outcome {
        0 => (Outcome::Held, vec![finding(n, Severity::Warning)]),
        1 => (Outcome::Broken, vec![finding(n, Severity::Error)]),
        2 => (Outcome::Inconclusive(reason()), vec![]),
        _ => (Outcome::NotApplicable(reason()), vec![]),
    };
    Observation {
        subject: subject(tree),
        producer: producer(n),
        failure_mode: FailureMode::CompoundingError,
        outcome,
        findings,
        suppressed: vec![],
        skipped: vec![],
        trials,
        bound: Bound::zero_failures(trials, 0.95),
        span: TimeSpan { started_at: at(), duration_ms: 1 },
        inputs: digest(9),
        artifacts: vec![],
        independence: None,
    }
}

fn recorded(body: Body, seq: u64, key: u8) -> Verified<Entry> {
    let actor = Actor { tool: "test".to_owned(), session: None };
    #[expect(
        clippy::disallowed_methods,
        reason = "the record is made up here, which is what the ban is about"
    )]
    Verified::by_ledger(Entry { format: 1, body, actor, recorded_at: at() }, seq, digest(key))
}

fn seen(n: u8, outcome: u8, trials: u64) -> Verified<Entry> {
    recorded(Body::Observation(Box::new(observation(1, n, outcome, trials))), 0, 1)
}

fn claim(doubts: bool) -> Verified<Entry> {
    let claim =
        Claim { subject: subject(1), author: "agent".to_owned(), text: "all tests pass".to_owned(), doubts };
    recorded(Body::Claim(claim), 0, 1)
}

fn needs() -> impl Strategy<Value = [Need; 4]> {
    prop::array::uniform4(prop_oneof![Just(Need::Required), Just(Need::Supporting)])
}

fn entries() -> impl Strategy<Value = Vec<Verified<Entry>>> {
    let one = prop_oneof![
        6 => (1u8..3, 0u8..4, 0u8..4, prop_oneof![Just(0u64), Just(1), Just(100)])
            .prop_map(|(tree, n, outcome, trials)| recorded(Body::Observation(Box::new(observation(tree, n, outcome, trials))), 0, 1)),
        1 => any::<bool>().prop_map(claim),
    ];
    prop::collection::vec(one, 0..12)
}

fn verdict(policy: &Policy, record: &[Verified<Entry>]) -> Verdict {
    decide(&subject(1), policy, at(), record).verdict
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Hold => 0,
        Verdict::Unknown => 1,
        Verdict::Clear => 2,
    }
}

proptest! {
    #[test]
    fn a_claim_never_clears(needs in needs(), record in entries(), doubts in any::<bool>()) {
        let policy = policy(&needs);
        let before = verdict(&policy, &record);
        let mut more = record.clone();
        more.push(claim(doubts));
        prop_assert!(rank(verdict(&policy, &more)) <= rank(before));
    }

    #[test]
    fn a_broken_observation_never_helps(needs in needs(), record in entries(), n in 0u8..4, trials in 0u64..200) {
        let policy = policy(&needs);
        let before = verdict(&policy, &record);
        let mut more = record.clone();
        more.push(seen(n, 1, trials));
        prop_assert_eq!(verdict(&policy, &more), Verdict::Hold);
        prop_assert!(rank(verdict(&policy, &more)) <= rank(before));
    }

    #[test]
    fn the_order_of_the_record_does_not_matter(needs in needs(), (record, shuffled) in entries().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))) {
        let policy = policy(&needs);
        prop_assert_eq!(decide(&subject(1), &policy, at(), &record), decide(&subject(1), &policy, at(), &shuffled));
    }

    #[test]
    fn evidence_clears_only_by_covering_what_was_missing(needs in needs(), record in entries(), n in 0u8..4, outcome in 0u8..4, trials in prop_oneof![Just(0u64), Just(1), Just(100)]) {
        let policy = policy(&needs);
        let before = decide(&subject(1), &policy, at(), &record);
        let mut more = record.clone();
        more.push(seen(n, outcome, trials));
        let after = decide(&subject(1), &policy, at(), &more);
        if before.verdict == Verdict::Unknown && after.verdict == Verdict::Clear {
            let id = producer(n).id().to_string();
            let was_missing = before.missing.iter().any(|missing| missing.what.starts_with(&id));
            let nothing_was_measured = before.missing.is_empty();
            prop_assert!(was_missing || nothing_was_measured, "{:?}", before.missing);
        }
    }

    #[test]
    fn zero_trials_are_inconclusive(n in 0u8..4) {
        let policy = Policy { requirements: vec![requirement(n, Need::Required)], ..Policy::default() };
        prop_assert_eq!(verdict(&policy, &[seen(n, 0, 0)]), Verdict::Unknown);
    }

    #[test]
    fn evidence_about_another_tree_changes_nothing_but_itself(needs in needs(), record in entries()) {
        let policy = policy(&needs);
        let own: Vec<_> = record.iter().filter(|e| match &e.value().body { Body::Observation(o) => o.subject.tree == digest(1), _ => true }).cloned().collect();
        prop_assert_eq!(decide(&subject(1), &policy, at(), &record), decide(&subject(1), &policy, at(), &own));
    }
}

#[test]
fn nothing_that_ran_is_unknown() {
    assert_eq!(verdict(&Policy::default(), &[]), Verdict::Unknown);
    assert_eq!(decide(&subject(1), &Policy::default(), at(), &[]).reasons, ["nothing was measured"]);
}

#[test]
fn what_does_not_apply_leaves_no_gap_and_clears_nothing() {
    let policy = policy(&[Need::Required, Need::Required, Need::Supporting, Need::Supporting]);
    assert_eq!(verdict(&policy, &[seen(0, 3, 0), seen(1, 3, 0)]), Verdict::Unknown);
    assert_eq!(verdict(&policy, &[seen(0, 3, 0), seen(1, 0, 1)]), Verdict::Clear);
}

#[test]
fn everything_required_held_is_clear() {
    let policy = policy(&[Need::Required; 4]);
    let record: Vec<_> = (0..4).map(|n| seen(n, 0, 100)).collect();
    assert_eq!(verdict(&policy, &record), Verdict::Clear);
    assert_eq!(verdict(&policy, &record[..3]), Verdict::Unknown);
}

#[test]
fn what_held_short_of_its_bound_is_unknown() {
    let policy = Policy { requirements: vec![requirement(3, Need::Required)], ..Policy::default() };
    // The rule of three: 58 clean trials are 5.03%, 59 are 4.95% at 95%.
    assert_eq!(verdict(&policy, &[seen(3, 0, 58)]), Verdict::Unknown);
    assert_eq!(verdict(&policy, &[seen(3, 0, 59)]), Verdict::Clear);
}

#[test]
fn a_gap_in_what_is_supporting_is_listed_and_does_not_hold() {
    let policy = policy(&[Need::Required, Need::Supporting, Need::Supporting, Need::Supporting]);
    let decision = decide(&subject(1), &policy, at(), &[seen(0, 0, 1), seen(1, 2, 0)]);
    assert_eq!(decision.verdict, Verdict::Clear);
    for id in ["naive-datetime", "swallowed-error", "replicas"] {
        assert!(decision.not_checked.iter().any(|not| not.what == id), "{id}");
    }
}

#[test]
fn a_finding_known_before_is_waived_and_a_new_one_holds() {
    let mut policy = policy(&[Need::Required, Need::Supporting, Need::Supporting, Need::Supporting]);
    policy.baseline = BTreeSet::from([finding(0, Severity::Error).fingerprint]);
    let decision = decide(&subject(1), &policy, at(), &[seen(0, 1, 5)]);
    assert_eq!((decision.verdict, decision.waived.len()), (Verdict::Clear, 1));
    assert_eq!(verdict(&policy, &[seen(0, 1, 5), seen(1, 1, 5)]), Verdict::Hold);
}

#[test]
fn evidence_made_with_other_inputs_or_by_another_version_is_not_used() {
    let mut policy = Policy { requirements: vec![requirement(0, Need::Required)], ..Policy::default() };
    policy.inputs.insert("float-money".to_owned(), digest(8));
    assert_eq!(verdict(&policy, &[seen(0, 1, 5)]), Verdict::Unknown);
    policy.inputs.insert("float-money".to_owned(), digest(9));
    assert_eq!(verdict(&policy, &[seen(0, 1, 5)]), Verdict::Hold);
    policy.requirements[0].producer = Producer::Check { id: RuleId::known("float-money"), version: 2 };
    assert_eq!(verdict(&policy, &[seen(0, 1, 5)]), Verdict::Unknown);
}

#[test]
fn the_newest_measurement_counts_and_what_is_broken_holds_all_the_same() {
    let mut policy = Policy { requirements: vec![requirement(0, Need::Required)], ..Policy::default() };
    let (held, unclear, broken) = (seen(0, 0, 5), seen(0, 2, 0), seen(0, 1, 5));
    assert_eq!(verdict(&policy, &[held.clone(), unclear.clone()]), Verdict::Clear);
    let newest = |entry: &Verified<Entry>| match &entry.value().body {
        Body::Observation(seen) => seen.digest(),
        _ => digest(0),
    };
    policy.newest.insert("float-money".to_owned(), newest(&unclear));
    assert_eq!(verdict(&policy, &[held.clone(), unclear.clone()]), Verdict::Unknown);
    policy.newest.insert("float-money".to_owned(), newest(&held));
    assert_eq!(verdict(&policy, &[held.clone(), unclear]), Verdict::Clear);
    assert_eq!(verdict(&policy, &[broken, held]), Verdict::Hold);
}

#[test]
fn an_approval_that_is_not_there_is_missing_with_its_command() {
    let mut policy = Policy { requirements: vec![requirement(0, Need::Required)], ..Policy::default() };
    policy.approvals.push(Approval {
        what: "sign-off of login".to_owned(),
        command: "seaworthy signoff request login".to_owned(),
    });
    let decision = decide(&subject(1), &policy, at(), &[seen(0, 0, 5)]);
    assert_eq!(decision.verdict, Verdict::Unknown);
    assert_eq!(decision.missing[0].command, "seaworthy signoff request login");
}

#[test]
fn only_the_named_recorders_count() {
    let mut policy = Policy { requirements: vec![requirement(0, Need::Required)], ..Policy::default() };
    let unnamed = decide(&subject(1), &policy, at(), &[seen(0, 0, 5)]);
    assert!(unnamed.not_checked.iter().any(|not| not.what == "who recorded the evidence"));
    policy.recorders = BTreeSet::from([digest(2)]);
    assert_eq!(verdict(&policy, &[seen(0, 0, 5)]), Verdict::Unknown);
}

#[test]
fn entries_and_decisions_survive_json() {
    for body in [Body::Observation(Box::new(observation(1, 3, 1, 7))), claim(true).value().body.clone()] {
        let entry = recorded(body, 0, 1).value().clone();
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry, "{text}");
    }
}
