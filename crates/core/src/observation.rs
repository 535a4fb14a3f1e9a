//! What was measured, about what, by whom, and how far it can be relied on.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{BoundNeeded, Digest, FailureMode, Finding, Location, RuleId, Subject, Timestamp};

/// What one check, probe, oracle or mutation run measured about one subject. The only thing that clears a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was judged.
    pub subject: Subject,
    /// Who measured.
    pub producer: Producer,
    /// The failure mode that the producer answers.
    pub failure_mode: FailureMode,
    /// What came out.
    pub outcome: Outcome,
    /// Everything found and not suppressed, of every severity.
    pub findings: Vec<Finding>,
    /// What was found and set aside in the source, with the reason given there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<Suppressed>,
    /// What the producer could not look at.
    pub skipped: Vec<NotChecked>,
    /// How many effective trials: files read, requests answered, rounds run.
    pub trials: u64,
    /// What the trials rule out.
    pub bound: Option<Bound>,
    /// When it ran and for how long.
    pub span: TimeSpan,
    /// Digest of whatever besides the tree decided the result: installed packages, start line, promises, seed.
    pub inputs: Digest,
    /// Files that belong to the measurement: replays, logs.
    pub artifacts: Vec<Artifact>,
    /// How independent of the author an oracle's reference was. `None` for what is not an oracle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub independence: Option<Independence>,
}

impl Observation {
    /// SHA-256 over the observation's JSON form: what tells this measurement from every other of the same producer.
    pub fn digest(&self) -> Digest {
        // Limit: serialising plain data to a Vec cannot fail; an empty text would only make the digest match nothing.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Who measured. There is no agent among them: what an agent says is a [`crate::Claim`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Producer {
    /// A static check.
    Check {
        /// Its id.
        id: RuleId,
        /// Raised whenever its judgement changes.
        version: u32,
    },
    /// A probe of a running service.
    Probe {
        /// Its id.
        id: RuleId,
        /// Raised whenever its judgement changes.
        version: u32,
        /// The service's name.
        service: String,
    },
    /// A comparison with something real.
    Oracle {
        /// Its kind.
        id: RuleId,
        /// Raised whenever its judgement changes.
        version: u32,
        /// Its name in the plan.
        name: String,
    },
    /// A mutation run over the tests.
    Mutation {
        /// `surviving-mutant`.
        id: RuleId,
        /// Raised whenever its judgement changes.
        version: u32,
    },
}

impl Producer {
    /// The producer's id, which is the rule of its findings.
    pub fn id(&self) -> &RuleId {
        match self {
            Self::Check { id, .. }
            | Self::Probe { id, .. }
            | Self::Oracle { id, .. }
            | Self::Mutation { id, .. } => id,
        }
    }

    /// The producer's version.
    pub fn version(&self) -> u32 {
        match self {
            Self::Check { version, .. }
            | Self::Probe { version, .. }
            | Self::Oracle { version, .. }
            | Self::Mutation { version, .. } => *version,
        }
    }
}

/// What came out of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "reason", rename_all = "kebab-case")]
pub enum Outcome {
    /// Measured, and no finding of severity error. May carry warnings and notes.
    Held,
    /// At least one unsuppressed finding of severity error.
    Broken,
    /// Could not be told.
    Inconclusive(Reason),
    /// The surface was read completely and has nothing this could apply to.
    NotApplicable(Reason),
}

/// Why something could not be told, or does not apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Reason {
    /// Held so far, yet short of the bound that is needed.
    Budget {
        /// What the trials rule out.
        reached: Bound,
        /// What would be enough.
        needed: BoundNeeded,
        /// The `--budget` that would reach it, such as `90s`.
        budget: String,
    },
    /// Nothing was found to measure, and the surface may be incomplete.
    NoSubjectFound {
        /// What was looked for.
        what: String,
        /// Lines of plan that would supply it.
        promise: String,
    },
    /// The surface was read completely and lacks the subject.
    NoSuchSubject {
        /// What the producer applies to.
        what: String,
    },
    /// The machine lacks something.
    Environment {
        /// What is missing.
        missing: String,
        /// The line to type.
        cure: String,
    },
    /// The judged program did not get to where it could be measured.
    NotReady {
        /// What happened, in a sentence.
        what: String,
        /// The last lines of its log.
        log: String,
    },
    /// The untouched run already failed, so a challenge would say nothing.
    ControlFailed {
        /// What the control did.
        what: String,
    },
    /// An alarm that did not come again on a fresh process.
    NotReproduced {
        /// What was seen once.
        what: String,
        /// Reproductions seen.
        seen: u32,
        /// Reproductions tried.
        tried: u32,
    },
    /// No effective trial was made.
    NoTrials,
    /// A deadline passed.
    Deadline {
        /// What was waited for.
        what: String,
    },
    /// A defect of ours; the others went on.
    Internal {
        /// What happened.
        what: String,
    },
    /// Anything else, in a sentence.
    Other {
        /// The sentence.
        what: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { reached, needed, budget } => {
                write!(f, "{reached}, {needed} is needed: --budget {budget}")
            }
            Self::NoSubjectFound { what, promise } => {
                write!(f, "found no {what}: name it below its [[service]] in seaworthy.toml:\n{promise}")
            }
            Self::NoSuchSubject { what } => write!(f, "there is no {what}"),
            Self::Environment { missing, cure } => write!(f, "{missing}: {cure}"),
            Self::NotReady { what, log } if log.is_empty() => f.write_str(what),
            Self::NotReady { what, log } => write!(f, "{what}; its last lines:\n{log}"),
            Self::ControlFailed { what } => write!(f, "the untouched run failed: {what}"),
            Self::NotReproduced { what, seen, tried } => {
                write!(f, "{what}, seen again {seen} of {tried} times")
            }
            Self::NoTrials => f.write_str("nothing was tried"),
            Self::Deadline { what } => write!(f, "ran out of time waiting for {what}"),
            Self::Internal { what } => write!(f, "a defect in Seaworthy: {what}"),
            Self::Other { what } => f.write_str(what),
        }
    }
}

/// What trials without a failure rule out: the rate of failures is below `rate` with the given confidence.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Bound {
    /// Failures per trial, in 0..=1.
    pub rate: f64,
    /// In 0..1, such as 0.95.
    pub confidence: f64,
}

impl Bound {
    /// What `trials` without a failure rule out: the exact one-sided bound 1 - (1 - confidence)^(1/trials)
    /// (Clopper and Pearson, 1934, for zero events; about 3/n at 95%). `None` for no trials or a confidence outside 0..1.
    pub fn zero_failures(trials: u64, confidence: f64) -> Option<Self> {
        let possible = trials > 0 && confidence > 0.0 && confidence < 1.0;
        possible.then(|| Self { rate: 1.0 - (1.0 - confidence).powf(1.0 / trials as f64), confidence })
    }

    /// Whether this rules out as much as is needed.
    pub fn meets(&self, needed: &BoundNeeded) -> bool {
        self.rate <= needed.rate && self.confidence >= needed.confidence
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rate < {} at {}%", percent(self.rate), round_for_people(self.confidence * 100.0))
    }
}

/// A rate as per cent with as many digits as mean something.
pub(crate) fn percent(rate: f64) -> String {
    format!("{}%", round_for_people(rate * 100.0))
}

fn round_for_people(value: f64) -> String {
    let text = if value >= 10.0 { format!("{value:.1}") } else { format!("{value:.3}") };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// How independent the reference of an oracle is of the author of the code. Computed from provenance, never declared.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Independence {
    /// The same session wrote both.
    SameSession,
    /// Another session wrote it.
    OtherSession,
    /// A reference implementation nobody here wrote.
    Reference,
    /// A system that runs elsewhere.
    ExternalSystem,
    /// A person.
    Human,
}

/// Something that was not looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NotChecked {
    /// What.
    pub what: String,
    /// Why not, and what would change that.
    pub why: String,
}

/// A finding set aside in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The rule.
    pub rule: RuleId,
    /// Where the finding is.
    pub location: Location,
    /// The reason given beside the code.
    pub reason: String,
    /// What is set aside. Absent in records of before 2026-11-24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Box<Finding>>,
}

/// When something ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSpan {
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
}

/// A file that belongs to a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// What it is: `replay`, `log`, `recording`.
    pub kind: String,
    /// Where it was written, relative to the root judged where it lies inside.
    pub path: String,
    /// Its contents' digest.
    pub digest: Digest,
    /// The finding it shows again, by fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Digest>,
}
