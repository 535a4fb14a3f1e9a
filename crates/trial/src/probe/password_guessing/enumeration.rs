//! Wrong passwords of users beside names that nobody has: whether answers or their times differ.

use std::time::{Duration, Instant};

use super::login::{Answered, Login, signature};
use crate::arena::Arena;
use crate::http::Exchange;
use crate::replay::Actor;
use crate::service::Running;
use crate::statistics::Bet;

/// Users that take part, each at an address of their own, and pairs of each: most limits leave room for a few.
const USERS: u32 = 6;
const PAIRS: u64 = 6;

/// Pairs below which nothing is said about time: with all of them on one side, the bet has just won a thousandfold.
pub(super) const ENOUGH: u64 = 14;

/// Pairs, each answered like the first, below which nothing is said about answers.
pub(super) const COMPARABLE: u64 = 4;

/// What the bet has to win: an alarm at one in a thousand.
const ALARM: f64 = 1_000.0;

/// Below this, nobody tells a difference from afar.
const LEAST: Duration = Duration::from_millis(1);

/// What the pairs came to.
#[derive(Debug)]
pub(super) struct Enumeration {
    pub(super) pairs: u64,
    /// The answers to a wrong password and to an unknown name, when they differed each time in the same way.
    pub(super) answers: Option<(Exchange, Exchange)>,
    /// Medians: of a wrong password, of an unknown name.
    pub(super) medians: (Duration, Duration),
    /// How often the wrong password took longer.
    pub(super) longer: u64,
    /// Why there are no more.
    pub(super) why: Option<String>,
    /// How long it took.
    pub(super) took: Duration,
    bet: Bet,
}

impl Enumeration {
    pub(super) fn is_told_by_time(&self) -> bool {
        let (known, unknown) = self.medians;
        self.answers.is_none() && self.bet.won() >= ALARM && known.abs_diff(unknown) >= LEAST
    }
}

/// Sends pairs until the login is limited, or there are enough.
pub(super) fn ask(
    arena: &Arena<'_>,
    login: &Login,
    running: &Running,
    pass: &str,
    until: Instant,
) -> Enumeration {
    let begun = Instant::now();
    let mut rng = arena.rng(pass);
    let mut pairs: Vec<(Exchange, Exchange)> = Vec::new();
    let mut signatures = Vec::new();
    let mut bet = Bet::default();
    let mut why = None;
    'users: for number in 0..USERS {
        let label = format!("{}n{number}", arena.label(pass));
        let (mut actor, usual) = match login.user(running, &label, number + 2) {
            Ok(user) => user,
            Err(error) => {
                why = Some(error);
                break;
            }
        };
        for pair in 0..PAIRS {
            let (known, unknown) = match one(login, &mut actor, &usual, rng.bool()) {
                Ok(pair) => pair,
                Err(error) => {
                    why = Some(error);
                    break;
                }
            };
            let is_limited = |answer: &&Exchange| matches!(answer.status, 423 | 429 | 503);
            if let Some(limited) = [&known, &unknown].into_iter().find(is_limited) {
                why = Some(format!("the login answered {}", limited.told()));
                break;
            }
            let signs = (signature(&known, &actor), signature(&unknown, &actor));
            if signatures.first().is_some_and(|first| *first != signs) {
                why = Some("its answers differ from one time to the next".to_owned());
                break;
            }
            // The first of a user finds caches cold.
            if pair > 0 {
                bet.see(known.timing.total > unknown.timing.total);
            }
            signatures.push(signs);
            pairs.push((known, unknown));
            arena.step("asking for users and for nobody", pairs.len() as u64, Some(u64::from(USERS) * PAIRS));
            if Instant::now() >= until {
                why = Some("the time was up; a longer --budget would go on".to_owned());
                break 'users;
            }
        }
        if bet.won() >= ALARM {
            break;
        }
    }
    // All are alike; one that differs by chance would have ended it.
    let differs =
        signatures.iter().all(|(known, unknown)| known != unknown) && signatures.len() as u64 >= COMPARABLE;
    let median = |of: &dyn Fn(&(Exchange, Exchange)) -> Duration| {
        let mut times: Vec<Duration> = pairs.iter().map(of).collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    Enumeration {
        pairs: pairs.len() as u64,
        answers: pairs.last().cloned().filter(|_| differs),
        medians: (median(&|pair| pair.0.timing.total), median(&|pair| pair.1.timing.total)),
        longer: pairs.iter().filter(|(known, unknown)| known.timing.total > unknown.timing.total).count()
            as u64,
        why,
        took: begun.elapsed(),
        bet,
    }
}

/// One pair, in this order or the other: a wrong password, and a name that nobody has.
fn one(
    login: &Login,
    actor: &mut Actor,
    usual: &Answered,
    known_first: bool,
) -> Result<(Exchange, Exchange), String> {
    actor.renew();
    let (first, second) =
        if known_first { (&login.wrong, &login.nobody) } else { (&login.nobody, &login.wrong) };
    let send = |message| actor.send(message).map_err(|error| format!("{}: {error}", login.shown()));
    let (first, second) = (send(first)?, send(second)?);
    let (known, unknown) = if known_first { (first, second) } else { (second, first) };
    for (answer, what) in [(&known, "a wrong password"), (&unknown, "a name that nobody has")] {
        if login.lets_in(actor, answer, usual) {
            return Err(format!("{what} is let in"));
        }
    }
    Ok((known, unknown))
}
