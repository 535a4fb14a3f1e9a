//! Whether two copies of the service behind a load balancer behave as one.
//!
//! A session kept in the memory of the process that made it works on a developer's machine and fails for every second request as soon as
//! there are two processes: users are thrown out at random. The same goes for data kept in memory, which is then also gone at each restart.
//!
//! Two copies are started over the same files and data, each in a network of its own. For each trial a fresh user logs in at one copy. The
//! control: the operation that needs the session succeeds at this copy, over fresh connections. The challenge: it succeeds at the other. Then the
//! control again. Likewise, what is written at one copy must be readable at the other. A trial whose control fails says nothing. An alarm
//! needs three failed challenges, and three again on two fresh copies with fresh users: by chance, at one failure in a hundred,
//! fourteen trials show three with a probability of 4 in 10,000.
//!
//! What to do: keep sessions and data where every copy finds them (the database, Redis, a signed token that needs no store).

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use seaworthy_core::finding::Identity;
use seaworthy_core::{Bound, BoundNeeded, FailureMode, Need, NotChecked, Reason, RuleId};
use seaworthy_sandbox::Fidelity;

use super::{Meta, Probe};
use crate::arena::{Arena, Evidence, Stop};
use crate::proposal;
use crate::replay::{Actor, Expect, Message, Replay, Send, Step, lines};
use crate::schema::Purpose;
use crate::service::Running;
use crate::statistics::trials_needed;
use crate::subject::{Session, Written, find_session, find_writes};

/// Failed challenges that make an alarm.
const ALARM: u64 = 3;

/// Trials of one subject when no bound says how many.
const TRIALS: u64 = 14;

/// Trials in a row whose control failed after which a subject is given up.
const FAILED_CONTROLS: u64 = 6;

/// Trials one user takes part in.
const TRIALS_OF_A_USER: u64 = 4;

/// How long trying again may take for each subject, when the budget is used up.
const AGAIN_MS: u64 = 20_000;

/// Kinds of data that are tried.
const KINDS: usize = 4;

/// The probe.
pub static PROBE: Probe = Probe {
    meta: Meta {
        id: RuleId::known("replicas"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "sessions and data are the same in every copy of the service",
        variants: &["session-not-shared", "data-not-shared"],
        // State in a process is missing at the other copy nearly always: 14 clean trials, which rule out 20%, are plenty.
        bound_needed: Some(BoundNeeded { rate: 0.2, confidence: 0.95 }),
        confirms: &["process-local-session", "process-local-state"],
        budget_ms: 120_000,
        source: include_str!("replicas.rs"),
    },
    run,
};

/// What is compared between copies.
enum Subject<'a> {
    Session(&'a Session),
    Data(&'a Written, Option<&'a Session>),
}

/// What the trials of one subject came to.
#[derive(Debug, Default)]
struct Count {
    effective: u64,
    failed: u64,
    /// What the first failed challenge answered.
    seen: String,
    /// Why the last failed control failed.
    control: String,
}

fn run(arena: &Arena<'_>, evidence: &mut Evidence) -> Result<(), Stop> {
    let copies = start(arena)?;
    let first = copies.first().ok_or(Reason::NoTrials)?;
    arena.step("looking for who can log in and what can be written", 0, None);
    let session = find_session(arena, &first.visitor(), &arena.label("find"));
    let proven = session.as_ref().filter(|session| session.proof.is_some() && !session.enter.is_empty());
    let actor = match &session {
        Some(session) => session
            .enter(first.visitor(), &arena.label("writer"))
            .unwrap_or_else(|_| Actor::new(first.visitor(), "")),
        None => Actor::new(first.visitor(), &arena.label("writer")),
    };
    let (mut writes, skipped) = find_writes(arena, session.as_ref(), &actor);
    writes.truncate(KINDS);
    evidence.skipped.extend(skipped);
    evidence.inferred.extend(session.iter().flat_map(|session| session.inferred.clone()));
    evidence.inferred.extend(writes.iter().map(Written::inferred));
    if proven.is_none() {
        unproven(arena, evidence, session.is_some(), writes.is_empty())?;
    }
    let subjects = proven.map(Subject::Session).into_iter();
    let data = writes.iter().map(|written| Subject::Data(written, session.as_ref()));
    let subjects: Vec<Subject<'_>> = subjects.chain(data).collect();
    let wanted = arena.bound_needed().and_then(|needed| trials_needed(&needed)).unwrap_or(TRIALS).max(TRIALS);
    let trials = subjects.iter().enumerate();
    let trials = trials.map(|(index, subject)| Trials::new(arena, subject, &copies, "trial", index));
    let counts: Vec<Count> = trials.map(|trials| trials.run(wanted, arena.deadline)).collect();
    drop(copies);
    evidence.trials = counts.iter().map(|count| count.effective).sum();
    judge(arena, evidence, &subjects, &counts, wanted)
}

/// Two copies. Where the world cannot hold two with one port, that is what is told.
fn start(arena: &Arena<'_>) -> Result<Vec<Running>, Stop> {
    let first = arena.start()?;
    let second = first.replica().map_err(|error| match first.fidelity() {
        Fidelity::Supervised { missing, cure } => Stop::Inconclusive(Reason::Environment {
            missing: format!("a second copy beside the first ({missing}): {error}"),
            cure,
        }),
        Fidelity::Namespaced => Stop::from(error),
    })?;
    Ok(vec![first, second])
}

/// Without a session to try: that is told, and where there is a login, or nothing else to try, it ends the probe.
fn unproven(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    entered: bool,
    nothing_else: bool,
) -> Result<(), Stop> {
    let login = arena.operations.of(Purpose::Login).next();
    let promise = proposal::session(arena.operations);
    if let Some(login) = login {
        let what = match entered {
            true => {
                format!(
                    "{login} lets a user in, and no request was found that succeeds then and is refused before:\n{promise}"
                )
            }
            false => format!("no fresh user got in by {login}:\n{promise}"),
        };
        evidence.skipped.push(NotChecked { what: "sessions".to_owned(), why: what.clone() });
        return if nothing_else { Err(Reason::ControlFailed { what }.into()) } else { Ok(()) };
    }
    if nothing_else {
        return Err(arena.no_subject("login, nor anything that can be written and read back", &promise));
    }
    evidence
        .skipped
        .push(NotChecked { what: "sessions".to_owned(), why: format!("no operation logs in:\n{promise}") });
    Ok(())
}

/// Trials of one subject at two copies: which, who takes part, and how they went.
struct Trials<'t> {
    arena: &'t Arena<'t>,
    subject: &'t Subject<'t>,
    copies: &'t [Running],
    /// Makes users' names differ from those of other subjects and passes.
    label: String,
    /// The user of the last trial, and how many trials they took part in.
    user: Option<(Actor, u64)>,
    count: Count,
}

impl<'t> Trials<'t> {
    fn new(
        arena: &'t Arena<'t>,
        subject: &'t Subject<'t>,
        copies: &'t [Running],
        pass: &str,
        index: usize,
    ) -> Self {
        let label = format!("{}n{index}", arena.label(pass));
        Self { arena, subject, copies, label, user: None, count: Count::default() }
    }

    /// Tries until enough trials were effective or failed, or time is up.
    fn run(mut self, wanted: u64, until: Instant) -> Count {
        let mut failed_controls = 0;
        // Whoever fails goes on failing: three are the alarm, and more only take time.
        while self.count.effective < wanted
            && self.count.failed < ALARM
            && failed_controls < FAILED_CONTROLS
            && Instant::now() < until
        {
            match self.trial(self.count.effective + failed_controls) {
                Ok(challenge) => {
                    self.count.effective += 1;
                    if let Some(seen) = challenge {
                        self.count.failed += 1;
                        self.count.seen = seen;
                    }
                }
                Err(why) => {
                    failed_controls += 1;
                    self.user = None;
                    self.count.control = why;
                }
            }
            self.arena.step("trying what one copy made at the other", self.count.effective, Some(wanted));
        }
        self.count
    }

    /// `Ok(None)`: the challenge passed. `Ok(Some)`: it failed, as said. `Err`: a control failed.
    fn trial(&mut self, number: u64) -> Result<Option<String>, String> {
        let (Some(one), Some(other)) = (self.copies.first(), self.copies.get(1)) else {
            return Err("there are no two copies".to_owned());
        };
        let (here, there) = if number.is_multiple_of(2) { (one, other) } else { (other, one) };
        let label = format!("{}t{number}", self.label);
        match self.subject {
            Subject::Session(session) => {
                let (mut actor, trials) = self.user_at(Some(session), here, &label)?;
                // A session each, made at this copy.
                if trials > 0 {
                    session.login_again(&mut actor)?;
                }
                let seen = session_trial(session, &mut actor, here, there)?;
                self.user = Some((actor, trials + 1));
                Ok(seen)
            }
            Subject::Data(written, session) => {
                let session = session.filter(|_| written.with_session);
                let (mut actor, trials) = self.user_at(session, here, &label)?;
                let seen = data_trial(written, session, &mut actor, here, there)?;
                self.user = Some((actor, trials + 1));
                Ok(seen)
            }
        }
    }

    /// A user at this copy, and how many trials they took part in. Registering is slow, and limits of logins are per user: one does a few trials.
    fn user_at(
        &mut self,
        session: Option<&Session>,
        here: &Running,
        label: &str,
    ) -> Result<(Actor, u64), String> {
        if let Some((actor, trials)) = self.user.take().filter(|(_, trials)| *trials < TRIALS_OF_A_USER) {
            return Ok((actor.over(here.client().at(address(&actor))), trials));
        }
        let stranger = Actor::new(here.client(), label);
        let client = here.client().at(address(&stranger));
        let actor = match session {
            Some(session) => session.enter(client, label)?,
            None => Actor::new(client, label),
        };
        Ok((actor, 0))
    }
}

/// A user's address, the same at both copies: some bind sessions to it.
fn address(actor: &Actor) -> Ipv4Addr {
    let user = actor.names.get("user").map_or("", String::as_str);
    let sum = user.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    Ipv4Addr::from(0x7f10_0001 | (sum & 0x000f_fffe))
}

fn session_trial(
    session: &Session,
    actor: &mut Actor,
    here: &Running,
    there: &Running,
) -> Result<Option<String>, String> {
    let Some((method, route, proof)) = &session.proof else { return Err("nothing proves it".to_owned()) };
    actor.renew();
    let succeeds = |copy: &Running| match actor.over(copy.client().at(address(actor))).send(proof) {
        Ok(answer) if answer.is_success() => Ok(()),
        Ok(answer) => Err(format!("{method} {route} answered {}", answer.told())),
        Err(error) => Err(format!("{method} {route}: {error}")),
    };
    succeeds(here)?;
    succeeds(here)?;
    let challenge = succeeds(there);
    succeeds(here)?;
    Ok(challenge.err())
}

fn data_trial(
    written: &Written,
    session: Option<&Session>,
    actor: &mut Actor,
    here: &Running,
    there: &Running,
) -> Result<Option<String>, String> {
    if let Some(session) = session
        && written.control(Some(session), actor).is_err()
    {
        // The session may have been made at the other copy, or ended since.
        session.login_again(actor)?;
    }
    written.control(session, actor)?;
    let crash = written.crash(session, 1, [0, 0]);
    let read = |actor: &Actor| crash.expect.unmet(&actor.send(&crash.read), &actor.names);
    let mut other = actor.over(there.client().at(address(actor)));
    let Some(mut unmet) = read(&other) else { return Ok(None) };
    // With a session made at the other copy: whether sessions are shared is another subject.
    if let Some(session) = session {
        let kept = other.names.clone();
        session.login_again(&mut other)?;
        for (name, value) in kept {
            if crash.save.contains_key(&name) || name == "value" || name == "unique" {
                other.names.insert(name, value);
            }
        }
        unmet = match read(&other) {
            Some(unmet) => unmet,
            None => return Ok(None),
        };
    }
    match read(&actor.over(here.client().at(address(actor)))) {
        // That login may have ended the first session: then this trial says nothing.
        Some(still) => Err(format!("{}: {still}", written.reader())),
        None => Ok(Some(format!("{}: {unmet}", written.reader()))),
    }
}

/// What the counts amount to: alarms are tried again on fresh copies.
fn judge(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    subjects: &[Subject<'_>],
    counts: &[Count],
    wanted: u64,
) -> Result<(), Stop> {
    let suspects: Vec<(&Subject<'_>, &Count)> =
        subjects.iter().zip(counts).filter(|(_, count)| count.failed >= ALARM).collect();
    let mut not_reproduced = None;
    if !suspects.is_empty() {
        let fresh = start(arena)?;
        let mut lost: Vec<(&Written, Option<&Session>, Count)> = Vec::new();
        for (index, (subject, _)) in suspects.into_iter().enumerate() {
            let again = Trials::new(arena, subject, &fresh, "again", index)
                .run(TRIALS, Instant::now() + Duration::from_millis(AGAIN_MS));
            match subject {
                _ if again.failed < ALARM => {
                    let (seen, tried) = (again.failed as u32, again.effective as u32);
                    let what = "what one copy made was missing at the other".to_owned();
                    not_reproduced = Some(Reason::NotReproduced { what, seen, tried });
                }
                Subject::Session(session) => report_session(arena, evidence, session, &again),
                Subject::Data(written, session) => lost.push((written, *session, again)),
            }
        }
        report_data(arena, evidence, &lost);
    }
    if let Some(reason) = not_reproduced {
        return Err(reason.into());
    }
    if let Some(stray) = counts.iter().find(|count| count.failed > 0 && count.failed < ALARM) {
        let what = format!(
            "{} of {} trials failed at the other copy ({}): too few to say why",
            stray.failed, stray.effective, stray.seen
        );
        return Err(Reason::Other { what }.into());
    }
    if let Some((subject, dead)) = subjects.iter().zip(counts).find(|(_, count)| count.effective == 0) {
        let label = match subject {
            Subject::Session(_) => "the session".to_owned(),
            Subject::Data(written, _) => format!("{} {}", written.method, written.route),
        };
        return Err(match dead.control.as_str() {
            "" => Reason::Deadline { what: format!("a trial of {label}; a longer --budget would make one") },
            said => Reason::ControlFailed { what: format!("in every trial of {label}: {said}") },
        }
        .into());
    }
    if !evidence.findings.is_empty() {
        return Ok(());
    }
    let least = counts.iter().map(|count| count.effective).min().unwrap_or(0).min(wanted.max(TRIALS));
    let confidence = arena.bound_needed().map_or(0.95, |needed| needed.confidence);
    evidence.bound = Bound::zero_failures(least, confidence);
    Ok(())
}

fn control(
    request: &Message,
    on: usize,
    save: std::collections::BTreeMap<String, crate::replay::Saved>,
) -> Step {
    let expect = Some(Expect { status: Some("2XX".to_owned()), ..Expect::default() });
    Step::Send(Send { request: request.clone(), on, save, expect, challenge: false })
}

fn replay(arena: &Arena<'_>, variant: &str, steps: Vec<Step>, see: String) -> Replay {
    Replay { replicas: 2, ..arena.replay(variant, steps, see) }
}

fn report_session(arena: &Arena<'_>, evidence: &mut Evidence, session: &Session, count: &Count) {
    let Some((method, route, proof)) = &session.proof else { return };
    let mut steps: Vec<Step> = session.enter.iter().cloned().map(Step::Send).collect();
    steps.push(control(proof, 0, Default::default()));
    let expect = Some(Expect { status: Some("2XX".to_owned()), ..Expect::default() });
    steps.push(Step::Send(Send {
        request: proof.clone(),
        on: 1,
        expect,
        challenge: true,
        ..Send::default()
    }));
    let see = format!(
        "the first {method} {route} succeeds, the second, at another copy, is refused: the session lives in one process"
    );
    let replay = replay(arena, "session-not-shared", steps, see);
    let (_, login_method, login_route) = &session.login;
    let message = format!(
        "a session made at one copy of the service is unknown at another that shares its files and data: {} ({} of {} trials on fresh copies; at the same copy it works)",
        count.seen, count.failed, count.effective
    );
    let finding = arena
        .finding("session-not-shared", login_method, login_route, message)
        .related(arena.endpoint(Some(method), Some(route)), "succeeds at the copy that made the session, and is refused at the other")
        .advice("Keep sessions where every copy finds them: the database, Redis, or a signed token that needs no store.")
        .confidence(seaworthy_core::Confidence::Certain)
        .reproduce(lines(&replay, arena.start_lines(2)))
        .identify(Identity::default());
    evidence.found(finding, arena.write_replay(&replay));
}

/// One finding for all data that stays in one process: it is one defect.
fn report_data(arena: &Arena<'_>, evidence: &mut Evidence, lost: &[(&Written, Option<&Session>, Count)]) {
    let Some((written, session, count)) = lost.first() else { return };
    let session = session.filter(|_| written.with_session);
    let crash = written.crash(session, 1, [0, 0]);
    let mut steps: Vec<Step> =
        session.iter().flat_map(|session| session.enter.clone()).map(Step::Send).collect();
    steps.push(control(&crash.write, 0, crash.save.clone()));
    let again = crash.before_reading.iter().cloned().map(|step| Step::Send(Send { on: 1, ..step }));
    steps.extend(again);
    let challenge = Send {
        request: crash.read.clone(),
        on: 1,
        expect: Some(crash.expect.clone()),
        challenge: true,
        ..Send::default()
    };
    steps.push(Step::Send(challenge));
    let see = format!(
        "{} at another copy does not show what was just written: it lives in one process",
        written.reader()
    );
    let replay = replay(arena, "data-not-shared", steps, see);
    let message = format!(
        "what {} {} writes at one copy of the service is missing at another that shares its files and data: {} ({} of {} trials on fresh copies)",
        written.method, written.route, count.seen, count.failed, count.effective
    );
    let mut finding = arena.finding("data-not-shared", &written.method, &written.route, message);
    for (other, ..) in lost.iter().skip(1) {
        finding = finding.related(
            arena.endpoint(Some(&other.method), Some(&other.route)),
            "what this writes is missing too",
        );
    }
    let finding = finding
        .advice("Keep data where every copy finds it: the database, not a variable of the process.")
        .confidence(seaworthy_core::Confidence::Certain)
        .reproduce(lines(&replay, arena.start_lines(2)))
        .identify(Identity::default());
    evidence.found(finding, arena.write_replay(&replay));
}
