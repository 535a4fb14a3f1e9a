//! What was seen, as findings that anybody can see again.

use std::collections::BTreeMap;

use seaworthy_core::finding::Identity;
use seaworthy_core::{Confidence, Severity};

use super::enumeration::Enumeration;
use super::guesses::{Came, GUESSES, Kind};
use super::login::Login;
use crate::arena::{Arena, Evidence};
use crate::http::Exchange;
use crate::replay::{Expect, Message, Send, Step, lines};

/// Guesses that a login took, or that got in.
pub(super) fn guesses(arena: &Arena<'_>, evidence: &mut Evidence, login: &Login, came: &Came) {
    let place = login.shown();
    let mut steps = entered(login);
    let (variant, message, see, advice) = match came.kind {
        Kind::Limited => return,
        Kind::Unlimited => {
            let guess = Step::Send(Send { request: login.wrong.clone(), ..Send::default() });
            steps.extend(std::iter::repeat_n(guess, GUESSES as usize));
            steps.extend(let_in(login, &login.right.request, came.right));
            (
                "unlimited-guesses",
                format!(
                    "{GUESSES} wrong passwords for one account were answered in {:.1} s, the last with {}; then the right one was let in: a password can be guessed without end",
                    came.took.as_secs_f64(),
                    came.last
                ),
                format!(
                    "every guess is answered alike, and the right password opens the account after {GUESSES} wrong ones"
                ),
                "Count failed tries per account and per address where every copy sees them, and refuse for a while (429, before the hash is computed).",
            )
        }
        Kind::LetIn => {
            steps.extend(let_in(login, &login.wrong, came.right));
            (
                "wrong-password-lets-in",
                format!(
                    "a password that is not the user's was answered with {}, and what it gave is a session that works",
                    came.last
                ),
                "what the wrong password is given opens the account".to_owned(),
                "Compare the password with the hash that was kept, and let nobody in when it does not match.",
            )
        }
    };
    let replay = arena.replay(variant, steps, see);
    let finding = arena
        .finding(variant, &login.place.0, &login.place.1, message)
        .advice(advice)
        .confidence(Confidence::Certain)
        .reproduce(lines(&replay, arena.start_lines(1)))
        .identify(Identity { text: &place, ..Identity::default() });
    evidence.found(finding, arena.write_replay(&replay));
}

/// Answers that tell who has an account.
pub(super) fn answers(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    login: &Login,
    (known, unknown): &(Exchange, Exchange),
    pairs: u64,
) {
    let expect = if known.status == unknown.status {
        telling(&known.text(), &unknown.text())
    } else {
        Some(Expect { status: Some(known.status.to_string()), ..Expect::default() })
    };
    let message = format!(
        "a wrong password is answered with {}, a name that nobody has with {}: anybody can try who has an account ({pairs} pairs, each alike)",
        known.told(),
        unknown.told()
    );
    let see = "the two answers differ".to_owned();
    let nobody = login.nobody_anew();
    let asked = [&login.wrong, &nobody];
    told_apart(
        arena,
        evidence,
        login,
        ("enumeration-by-answer", Severity::Error),
        (message, see),
        asked,
        expect,
    );
}

/// Times that tell who has an account.
pub(super) fn time(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    login: &Login,
    before: &Enumeration,
    again: &Enumeration,
) {
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
    let (known, unknown) = (ms(again.medians.0), ms(again.medians.1));
    let message = format!(
        "a wrong password is answered after {known:.1} ms, a name that nobody has after {unknown:.1} ms (medians; the first took longer in {} of {} pairs, and in {} of {} before): the time tells who has an account",
        again.longer, again.pairs, before.longer, before.pairs
    );
    // As far from one as from the other, on a machine of any speed.
    let between = ((known.max(0.1) * unknown.max(0.1)).sqrt()).ceil().max(1.0) as u64;
    let expect = Some(Expect { within_ms: Some(between), ..Expect::default() });
    // The slower one is the challenge: it would take no longer than the other if nothing told.
    let nobody = login.nobody_anew();
    let mut asked = [&nobody, &login.wrong];
    let mut times = [unknown, known];
    if unknown > known {
        asked.reverse();
        times.reverse();
    }
    let [first, second] = times;
    let see = format!(
        "the first of the last two answers takes about {first:.0} ms, the second about {second:.0} ms"
    );
    told_apart(
        arena,
        evidence,
        login,
        ("enumeration-by-timing", Severity::Warning),
        (message, see),
        asked,
        expect,
    );
}

/// A wrong password and a name that nobody has, in one order or the other; the second does not meet what the first does.
fn told_apart(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    login: &Login,
    (variant, severity): (&'static str, Severity),
    (message, see): (String, String),
    [first, second]: [&Message; 2],
    expect: Option<Expect>,
) {
    let mut steps = entered(login);
    // Where no part of a body tells them apart (where they lead does), people see it, and a replay would not.
    let is_replayed = expect.is_some();
    let control = Send { request: first.clone(), expect: expect.clone(), ..Send::default() };
    steps.push(Step::Send(control));
    steps.push(challenge(second.clone(), expect.unwrap_or_default()));
    let replay = arena.replay(variant, steps, see);
    let finding = arena
        .finding(variant, &login.place.0, &login.place.1, message)
        .severity(severity)
        .advice("Give both the same answer (\"wrong name or password\"), after the same work: check the password against a dummy hash when there is no such user.")
        .confidence(Confidence::Certain)
        .reproduce(lines(&replay, arena.start_lines(1)))
        .identify(Identity { text: variant, ..Identity::default() });
    let replay = is_replayed.then(|| arena.write_replay(&replay)).flatten();
    evidence.found(finding, replay);
}

/// A user registers and logs in; both are controls. What the login gives is not kept: what a later one gives must not be taken for it.
fn entered(login: &Login) -> Vec<Step> {
    let right = Send { save: BTreeMap::new(), ..login.right.clone() };
    login.before.iter().cloned().chain(std::iter::once(right)).map(Step::Send).collect()
}

/// A login that fit software refuses: what it gives opens nothing, or, where nothing is known that it could open, it is answered otherwise than
/// the right password was.
fn let_in(login: &Login, sent: &Message, right: u16) -> Vec<Step> {
    let refused =
        |status: u16| Expect { status: Some(format!("not {}XX", status / 100)), ..Expect::default() };
    match login.proof() {
        Some(proof) => {
            let sent = Send { request: sent.clone(), save: login.right.save.clone(), ..Send::default() };
            vec![Step::Send(sent), challenge(proof.clone(), refused(200))]
        }
        None => vec![challenge(sent.clone(), refused(right))],
    }
}

fn challenge(request: Message, expect: Expect) -> Step {
    Step::Send(Send { request, expect: Some(expect), challenge: true, ..Send::default() })
}

/// What a replay asks of both answers, that the first has and the other has not: a part of one text that is not in the other and differs from no
/// time to the next. `None` where there is none.
fn telling(known: &str, unknown: &str) -> Option<Expect> {
    const SHOWN: usize = 120;
    let part = |of: &str, beside: &str| {
        let parts = of.split(['"', '\n', '<', '>']);
        let steady = |part: &&str| {
            part.len() > 3
                && part.len() < SHOWN
                && !beside.contains(part)
                && !part.contains(|c: char| c.is_ascii_digit() || c == '@')
        };
        parts.filter(steady).max_by_key(|part| part.len()).map(str::to_owned)
    };
    let has = part(known, unknown).map(|part| Expect { contains: Some(part), ..Expect::default() });
    has.or_else(|| part(unknown, known).map(|part| Expect { lacks: Some(part), ..Expect::default() }))
}
