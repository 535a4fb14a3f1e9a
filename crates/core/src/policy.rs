//! What has to be known before a subject may be called fit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::observation::percent;
use crate::{Digest, NotChecked, Producer, RuleId};

/// What has to be known. Made from the plan and the registries; its digest is part of every decision.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Policy {
    /// The measurements looked for, in any order.
    pub requirements: Vec<Requirement>,
    /// Other evidence that is required, such as a sign-off, and how it is got.
    pub approvals: Vec<Approval>,
    /// Fingerprints of findings known before; they do not hold.
    pub baseline: BTreeSet<Digest>,
    /// SHA-256 of the keys whose entries count; empty: any key's do, and the decision says so.
    pub recorders: BTreeSet<Digest>,
    /// What nobody looks at: excluded paths, tables of the plan that nothing judges yet.
    pub not_checked: Vec<NotChecked>,
    /// Digest of what besides the tree went into each measurement now, by producer id (for probes `id@service`). An observation made with
    /// other inputs is about another world and is not used. Ids that are absent accept any inputs.
    pub inputs: BTreeMap<String, Digest>,
    /// The newest measurement of each producer ([`crate::Observation::digest`]), by the same keys. Where one is named, nothing older clears: the last
    /// word counts, also when it is "could not tell". What is broken holds whatever came after it. Ids that are absent are cleared by any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub newest: BTreeMap<String, Digest>,
}

/// One measurement looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Requirement {
    /// Who measures, in which version. Observations by other versions are not used.
    pub producer: Producer,
    /// The class it belongs to.
    pub class: Class,
    /// Whether the verdict waits for it.
    pub need: Need,
    /// What its trials must rule out.
    pub bound: Option<BoundNeeded>,
    /// The command that would make the measurement.
    pub command: String,
}

/// Evidence that no producer measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What is to be approved: `sign-off of login`, `review`.
    pub what: String,
    /// The command that asks for it.
    pub command: String,
}

/// The classes of evidence that `[gate] require` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Static checks.
    Check,
    /// Probes of a running service.
    Trial,
    /// Comparisons with something real.
    Validate,
    /// Another session's review.
    Review,
    /// An expert's signature on critical paths.
    SignOff,
}

impl Class {
    /// All of them, in the order in which evidence comes.
    pub const ALL: [Self; 5] = [Self::Check, Self::Trial, Self::Validate, Self::Review, Self::SignOff];

    /// The class that `[gate] require` writes so.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.id() == id)
    }

    /// As `[gate] require` writes it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Trial => "trial",
            Self::Validate => "validate",
            Self::Review => "review",
            Self::SignOff => "sign-off",
        }
    }
}

/// Whether the verdict waits for a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Inconclusive or missing means unknown.
    Required,
    /// A machine may honestly lack what it takes; its absence is listed, no more.
    Supporting,
}

/// What trials must rule out before "held" may be said.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundNeeded {
    /// The rate of failures must be below this, in 0..=1.
    pub rate: f64,
    /// With this confidence, in 0..1.
    pub confidence: f64,
}

impl fmt::Display for BoundNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rate < {} at {}", percent(self.rate), percent(self.confidence))
    }
}

impl Policy {
    /// SHA-256 over the policy's JSON form, whose map keys are sorted.
    pub fn digest(&self) -> Digest {
        // Limit: serialising plain data to a Vec cannot fail; an empty text would only make the digest match nothing.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// The key under which [`Policy::inputs`] holds a producer's inputs.
    pub fn inputs_key(producer: &Producer) -> String {
        match producer {
            Producer::Probe { id, service, .. } => format!("{id}@{service}"),
            Producer::Oracle { id, name, .. } => format!("{id}@{name}"),
            Producer::Check { id, .. } | Producer::Mutation { id, .. } => id.to_string(),
        }
    }

    /// Raises the requirement of `id` from supporting to required, as `[gate] require` asks. Whether there was one.
    pub fn require(&mut self, id: &RuleId) -> bool {
        let mut any = false;
        for requirement in self.requirements.iter_mut().filter(|r| r.producer.id() == id) {
            requirement.need = Need::Required;
            any = true;
        }
        any
    }
}
