//! A hundred wrong passwords for one account, and then the right one.

use std::time::{Duration, Instant};

use seaworthy_core::Reason;

use super::login::{Answered, Login, signature};
use crate::arena::{Arena, Stop};
use crate::http::Exchange;
use crate::replay::Actor;
use crate::service::Running;

/// Guesses that no login may take. NIST SP 800-63B, 5.2.2: "no more than 100".
pub(super) const GUESSES: u64 = 100;

/// Guesses of which the time of an answer is learnt.
const FIRST: u64 = 5;

/// Answers that take much longer than the first ones, and each longer than the one before, after which a login is taken to slow guesses down.
const SLOW: u64 = 3;

/// How much longer, and how long at least.
const SLOWER: u32 = 4;
const SLOW_MS: u128 = 1_000;

/// How the course ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The right password was refused after so many guesses, or answers took ever longer.
    Limited,
    /// The account is open after all of them.
    Unlimited,
    /// A wrong password was let in.
    LetIn,
}

/// What guessing came to.
#[derive(Debug, Clone)]
pub(super) struct Came {
    pub(super) kind: Kind,
    pub(super) guesses: u64,
    /// The answer to the last guess, and to the right password.
    pub(super) last: String,
    pub(super) right: u16,
    /// How long all of them took.
    pub(super) took: Duration,
}

impl Came {
    pub(super) fn is_alarm(&self) -> bool {
        self.kind != Kind::Limited
    }

    /// What was seen, as half a sentence.
    pub(super) fn said(&self) -> String {
        match self.kind {
            Kind::Limited => format!("guesses were limited after {}", self.guesses),
            Kind::Unlimited => {
                format!("{GUESSES} wrong passwords in a row were answered, and then the right one was let in")
            }
            Kind::LetIn => format!("a wrong password was let in ({})", self.last),
        }
    }
}

/// Guesses at the account of a fresh user.
pub(super) fn guess(
    arena: &Arena<'_>,
    login: &Login,
    running: &Running,
    pass: &str,
    until: Instant,
) -> Result<Came, Stop> {
    let failed = |what: String| Stop::from(Reason::ControlFailed { what });
    let (mut actor, usual) = login.user(running, &arena.label(pass), 1).map_err(failed)?;
    // A second control for what follows: somebody else, who has to get in all the while.
    let mut other =
        Other { login, user: login.user(running, &arena.label(&format!("{pass} other")), 40).ok() };
    let again = actor.perform(&login.right).map_err(|error| failed(format!("a second login: {error}")))?;
    if !login.lets_in(&actor, &again, &usual) {
        return Err(failed(format!("a second login of one user is answered {}", again.told())));
    }
    let begun = Instant::now();
    let mut course = Course::default();
    // Guesses in all, and since the right password was last let in, which many limits take for a new beginning.
    let (mut guesses, mut in_a_row) = (0, 0);
    loop {
        (guesses, in_a_row) = (guesses + 1, in_a_row + 1);
        actor.renew();
        let answer = match actor.send(&login.wrong) {
            Ok(answer) => answer,
            // A login that does not answer one who guesses, and answers others.
            Err(error) if error.is_timeout() && guesses > 1 && other.gets_in().is_ok() => {
                let last = error.to_string();
                return Ok(Came { kind: Kind::Limited, guesses, last, right: 0, took: begun.elapsed() });
            }
            Err(error) => return Err(failed(format!("guess {guesses} at {}: {error}", login.shown()))),
        };
        let come = |kind, right| Came { kind, guesses, last: answer.told(), right, took: begun.elapsed() };
        if login.lets_in(&actor, &answer, &usual) {
            let same = format!("{} answers a wrong password as it answers the right one", login.shown());
            return if login.proof().is_some() {
                Ok(come(Kind::LetIn, answer.status))
            } else {
                Err(failed(same))
            };
        }
        if course.is_limited(&answer, &actor) || in_a_row == GUESSES {
            let right = actor
                .perform(&login.right)
                .map_err(|error| failed(format!("the right password at {}: {error}", login.shown())))?;
            if course.slow >= SLOW || !login.lets_in(&actor, &right, &usual) {
                other.gets_in().map_err(failed)?;
                return Ok(come(Kind::Limited, right.status));
            }
            if in_a_row == GUESSES {
                return Ok(come(Kind::Unlimited, right.status));
            }
            in_a_row = 0;
        }
        arena.step("guessing the password of a fresh user", in_a_row, Some(GUESSES));
        if Instant::now() >= until {
            let what =
                format!("{GUESSES} guesses ({in_a_row} were answered); a longer --budget would make them");
            return Err(Reason::Deadline { what }.into());
        }
    }
}

/// Another user, at another address.
struct Other<'d> {
    login: &'d Login,
    user: Option<(Actor, Answered)>,
}

impl Other<'_> {
    /// A login that refuses everybody was not limited, but broken. Where there is no other user, it cannot be told.
    fn gets_in(&mut self) -> Result<(), String> {
        let Some((actor, usual)) = &mut self.user else { return Ok(()) };
        match actor.perform(&self.login.right) {
            Ok(answer) if self.login.lets_in(actor, &answer, usual) => Ok(()),
            Ok(answer) => {
                Err(format!("after wrong passwords of one user another is refused: {}", answer.told()))
            }
            Err(error) => Err(format!("after wrong passwords of one user another gets no answer: {error}")),
        }
    }
}

/// What the answers have been so far.
#[derive(Default)]
struct Course {
    slow: u64,
    slowest: Duration,
    times: Vec<Duration>,
    usual: Option<(u16, String)>,
    limited: bool,
}

impl Course {
    /// Whether an answer is the first that differs from those before, or one of several that take much longer.
    fn is_limited(&mut self, answer: &Exchange, actor: &Actor) -> bool {
        let took = answer.timing.total;
        if (self.times.len() as u64) < FIRST {
            self.times.push(took);
            self.times.sort();
        }
        let usual = self.times.get(self.times.len() / 2).copied().unwrap_or_default();
        let is_slow = took.as_millis() >= SLOW_MS && took > usual * SLOWER;
        // One that stays the same is no limit.
        if !is_slow {
            (self.slow, self.slowest) = (0, Duration::ZERO);
        } else if took > self.slowest + self.slowest / 10 {
            (self.slow, self.slowest) = (self.slow + 1, took);
        }
        let now = signature(answer, actor);
        let differs = self.usual.as_ref().is_some_and(|usual| *usual != now);
        let is_first = differs && !self.limited;
        self.limited |= differs;
        self.usual.get_or_insert(now);
        is_first || self.slow == SLOW
    }
}
