//! One round: fresh users write, the process is killed, starts again, and what was acknowledged is read back.

use std::collections::BTreeMap;
use std::time::Duration;

use super::files::written_json;
use super::{KILL_AFTER_MS, WRITERS};
use crate::arena::Arena;
use crate::history::{Ending, Write};
use crate::replay::crash::{read_back, write_under_load};
use crate::replay::{Actor, Crash};
use crate::service::Running;
use crate::subject::{Session, Written};

/// How often a login after a restart is tried.
const LOGINS: u32 = 3;

/// Something that went wrong in a round.
#[derive(Debug, Clone)]
pub(super) struct Came {
    /// The probe's variant.
    pub(super) variant: &'static str,
    /// Which of the writes.
    pub(super) written: usize,
    /// What, as a sentence.
    pub(super) what: String,
    /// Files that could be parsed before and cannot any more.
    pub(super) files: Vec<String>,
}

impl Came {
    /// Whether it does not start again.
    pub(super) fn is_down(&self) -> bool {
        self.variant == "does-not-restart"
    }

    /// Whether both are the same defect. Whether a torn file was seen beside the loss depends on the moment of the kill.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.is_down() == other.is_down() && (self.is_down() || self.written == other.written)
    }
}

/// Rounds on one running copy and its data.
pub(super) struct Rounds<'r, 'a> {
    arena: &'r Arena<'a>,
    running: &'r Running,
    session: Option<&'r Session>,
    writes: &'r [Written],
    rng: fastrand::Rng,
    number: u32,
    /// JSON files as they were before the round.
    files: BTreeMap<String, bool>,
    /// Why the last round was not effective.
    pub(super) control_failed: Option<String>,
}

impl<'r, 'a> Rounds<'r, 'a> {
    pub(super) fn new(
        arena: &'r Arena<'a>,
        running: &'r Running,
        session: Option<&'r Session>,
        writes: &'r [Written],
        label: &str,
    ) -> Self {
        Self {
            arena,
            running,
            session,
            writes,
            rng: arena.rng(label),
            number: 0,
            files: BTreeMap::new(),
            control_failed: None,
        }
    }

    /// The control: the same load, and nobody is killed. What is lost then is not lost by a crash.
    pub(super) fn control(&mut self) -> Option<Vec<Came>> {
        self.one(false)
    }

    /// One round. `None` when it was not effective: nobody got in, or nothing was acknowledged.
    pub(super) fn one(&mut self, kill: bool) -> Option<Vec<Came>> {
        self.number += 1;
        let noise: String = std::iter::repeat_with(|| self.rng.lowercase()).take(5).collect();
        let label = format!("sw{noise}r{}", self.number);
        let mut actor = match self.enter(&label) {
            Ok(actor) => actor,
            Err(why) => {
                self.control_failed = Some(why);
                // It may have died on its own: the next round begins with a fresh process.
                if !self.running.alive() {
                    let _ = self.running.restart();
                }
                return None;
            }
        };
        // Nobody writes at this moment, and whoever got in has had something written.
        self.files = written_json(self.running, self.arena.request.root);
        let crashes: Vec<Crash> =
            self.writes.iter().map(|written| written.crash(self.session, WRITERS, KILL_AFTER_MS)).collect();
        let subjects: Vec<(&Crash, &Actor)> = crashes.iter().map(|crash| (crash, &actor)).collect();
        let [earliest, latest] = KILL_AFTER_MS;
        let after = Duration::from_millis(self.rng.u64(earliest..=latest));
        let histories = write_under_load(self.running, &subjects, after, kill);
        let acknowledged: Vec<usize> = histories.iter().map(|writes| count(writes)).collect();
        let torn = if kill { self.torn() } else { Vec::new() };
        if kill && let Err(error) = self.running.restart() {
            return self.down(&acknowledged, &error.to_string(), torn);
        }
        if acknowledged.iter().all(|count| *count == 0) {
            self.control_failed = Some("no write was acknowledged under load".to_owned());
            return None;
        }
        let entered = !kill || self.enter_again(&mut actor);
        let mut came = Vec::new();
        for (index, ((written, crash), writes)) in
            self.writes.iter().zip(&crashes).zip(&histories).enumerate()
        {
            if written.with_session && !entered {
                continue;
            }
            let Some((lost, all)) = self.lost(crash, &actor, writes) else { continue };
            let name = format!("{} {}", written.method, written.route);
            came.push(match (kill, torn.as_slice()) {
                (false, _) => Came {
                    variant: "lost-under-load",
                    written: index,
                    what: format!("under load, and with nothing killed, {lost} of {all} things that {name} had acknowledged are gone"),
                    files: Vec::new(),
                },
                (true, []) => Came {
                    variant: "lost-acknowledged",
                    written: index,
                    what: after_kill(lost, all, &name),
                    files: Vec::new(),
                },
                (true, torn) => Came {
                    variant: "corrupt-file",
                    written: index,
                    what: format!(
                        "{}: its file {} was left half written",
                        after_kill(lost, all, &name),
                        torn.join(", ")
                    ),
                    files: torn.to_vec(),
                },
            });
        }
        Some(came)
    }

    fn enter(&self, label: &str) -> Result<Actor, String> {
        match self.session {
            Some(session) => session.enter(self.running.visitor(), label),
            None => Ok(Actor::new(self.running.visitor(), label)),
        }
    }

    /// Logs the round's user in again. False when that does not work: then what only this user may read cannot be judged.
    fn enter_again(&self, actor: &mut Actor) -> bool {
        actor.client = self.running.visitor();
        let Some(session) = self.session else { return true };
        (0..LOGINS).any(|attempt| {
            std::thread::sleep(Duration::from_millis(u64::from(attempt) * 200));
            session.login_again(actor).is_ok()
        })
    }

    /// Files that could be parsed before the round and cannot now.
    fn torn(&self) -> Vec<String> {
        let now = written_json(self.running, self.arena.request.root);
        now.into_iter()
            .filter(|(path, parses)| !parses && self.files.get(path) == Some(&true))
            .map(|(path, _)| path)
            .collect()
    }

    /// It does not start again. Once more, so that a moment's trouble is not taken for one that stays.
    fn down(&mut self, acknowledged: &[usize], error: &str, files: Vec<String>) -> Option<Vec<Came>> {
        if self.running.restart().is_ok() {
            self.control_failed = Some(format!("started again only the second time: {error}"));
            return None;
        }
        let most =
            acknowledged.iter().enumerate().max_by_key(|(_, count)| **count).map_or(0, |(index, _)| index);
        let what = format!("killed while it was writing, it does not start again on its own data: {error}");
        Some(vec![Came { variant: "does-not-restart", written: most, what, files }])
    }

    /// How many of how many acknowledged writes are gone, when any is.
    fn lost(&self, crash: &Crash, actor: &Actor, writes: &[Write]) -> Option<(usize, usize)> {
        let comparison = read_back(self.running, crash, actor, writes);
        let lost = comparison.lost.len();
        (lost > 0).then_some((lost, lost + comparison.kept))
    }
}

fn after_kill(lost: usize, all: usize, name: &str) -> String {
    format!(
        "killed under load and started again, it has lost {lost} of {all} things that {name} had acknowledged"
    )
}

fn count(writes: &[Write]) -> usize {
    writes.iter().filter(|write| write.ending == Ending::Acknowledged).count()
}
