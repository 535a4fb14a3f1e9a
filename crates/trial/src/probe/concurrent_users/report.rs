//! A broken round as a finding with its replay.

use seaworthy_core::plan::promise::Place;
use seaworthy_core::{Confidence, finding::Identity};
use serde_json::json;

use super::race::Broken;
use super::subject::Subject;
use crate::arena::{Arena, Evidence};
use crate::replay::{self, Expect, ExpectTogether, PlaceTest, Replay, Send, Step};
use crate::schema::steps::lead_to;

/// How often it came again.
pub(super) struct Again {
    pub(super) copies: u32,
    pub(super) of_copies: u32,
    /// Rounds on all of them together; on each, the first that broke was the last.
    pub(super) rounds: u32,
}

/// Reports a broken round.
pub(super) fn report(
    arena: &Arena<'_>,
    subject: &Subject,
    broken: &Broken,
    again: &Again,
    evidence: &mut Evidence,
) {
    let operation = &subject.operation;
    let replay = steps(arena, broken);
    let Again { copies, of_copies, rounds } = again;
    let message = format!(
        "{} (again on {copies} of {of_copies} fresh copies, in {copies} of {rounds} rounds)",
        broken.how
    );
    let finding = arena
        .finding(broken.variant, &operation.method, &operation.route(), message)
        .confidence(Confidence::Certain)
        .advice(advice(broken))
        .reproduce(replay::lines(&replay, arena.start_lines(1)))
        .identify(Identity { symbol: &operation.name, text: broken.variant, ordinal: 0 });
    let artifact = arena.write_replay(&replay);
    evidence.found(finding, artifact);
}

fn steps(arena: &Arena<'_>, broken: &Broken) -> Replay {
    let mut wanted = broken.requests.clone();
    wanted.extend(broken.read.iter().map(|(request, ..)| request.clone()));
    let (mut steps, mut messages) = lead_to(&broken.said, &wanted);
    let reading =
        broken.read.as_ref().and_then(|(_, pointer, expected)| Some((messages.pop()?, pointer, expected)));
    let each = match broken.variant {
        "server-error" => Some(Expect { status: Some("not 500".to_owned()), ..Expect::default() }),
        "hung" => Some(Expect::default()),
        _ => None,
    };
    steps.push(Step::Together {
        requests: messages,
        expect: Some(ExpectTogether { successes_at_most: broken.most, each }),
    });
    if let Some((request, pointer, expected)) = reading {
        let place = Some(PlaceTest {
            at: Place::Json(pointer.clone()),
            equals: Some(json!(expected)),
            at_least: None,
            at_most: None,
        });
        let expect = Some(Expect { place, ..Expect::default() });
        steps.push(Step::Send(Send { request, expect, challenge: true, ..Send::default() }));
    }
    arena.replay(broken.variant, steps, broken.how.clone())
}

fn advice(broken: &Broken) -> String {
    if let Some(line) = &broken.conflict {
        return format!(
            "two came past the look whether it is there, and the store refused the second (`{line}`): catch that where the row is written, and answer 409"
        );
    }
    let advice = match broken.variant {
        "lost-update" | "oversold" => {
            "change the number where it is kept and let the condition decide: UPDATE … SET n = n - 1 WHERE id = ? AND n >= 1, then look at the row count"
        }
        "used-twice" => {
            "let the store decide who is first: a UNIQUE constraint, or UPDATE … WHERE used = 0 and a look at the row count"
        }
        "server-error" => {
            "give the store's locks a timeout long enough, keep transactions short, and repeat what lost"
        }
        _ => "take locks in one order everywhere, and give every wait a deadline",
    };
    advice.to_owned()
}
