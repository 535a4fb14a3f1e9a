//! What is wrong, and where: one problem at one primary place.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The identifier of a rule: the id of the check, probe or oracle that makes the finding. Kebab-case, stable for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Cow<'static, str>);

impl RuleId {
    /// A rule known when the program was built.
    pub const fn known(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RuleId {
    fn from(id: &str) -> Self {
        Self(Cow::Owned(id.to_owned()))
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The five ways in which software that looks right is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureMode {
    /// Names, signatures, options, packages and cryptography that look right and are not.
    HallucinatedConfidence,
    /// Tests written from the same misreading as the code.
    SharedBlindSpot,
    /// Locally sensible, globally incoherent.
    ArchitectureDrift,
    /// The happy path is right, attacks go unanswered.
    SuperficialSecurity,
    /// An hour off, a cent off, right 99.8% of the time.
    CompoundingError,
}

impl FailureMode {
    /// All five, in the order in which reports show them.
    pub const ALL: [Self; 5] = [
        Self::HallucinatedConfidence,
        Self::SharedBlindSpot,
        Self::ArchitectureDrift,
        Self::SuperficialSecurity,
        Self::CompoundingError,
    ];

    /// The identifier used in every format.
    pub const fn id(self) -> &'static str {
        match self {
            Self::HallucinatedConfidence => "hallucinated-confidence",
            Self::SharedBlindSpot => "shared-blind-spot",
            Self::ArchitectureDrift => "architecture-drift",
            Self::SuperficialSecurity => "superficial-security",
            Self::CompoundingError => "compounding-error",
        }
    }
}

/// How much a finding weighs in the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; asks for nothing.
    Note,
    /// Worth a look; does not hold.
    Warning,
    /// Holds.
    Error,
}

/// How sure the producer is that the finding is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The shape is usually wrong; context we cannot see may excuse it.
    Medium,
    /// Wrong in all but rare circumstances.
    High,
    /// Shown by what is installed or by what ran.
    Certain,
}

/// A stretch of text. Lines and columns count from 1; columns count Unicode scalar values; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last.
    pub end_column: u32,
}

/// Where something is. Paths are relative to the root judged and use `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Location {
    /// A place in a file of the tree.
    Source {
        /// The file.
        path: String,
        /// The stretch of it.
        #[serde(flatten)]
        span: Span,
    },
    /// A place of a running service.
    Endpoint {
        /// The service's name in the plan, or the one inferred.
        service: String,
        /// The HTTP method.
        method: Option<String>,
        /// The route with `{name}` where a value goes.
        route: Option<String>,
    },
    /// A line of `seaworthy.toml`.
    Plan {
        /// The line, from 1.
        line: u32,
    },
    /// A file that is not source: a recording, a log, a package.
    Artifact {
        /// The file.
        path: String,
    },
    /// The project as a whole.
    Project {
        /// The folder, `.` for the root.
        path: String,
    },
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { path, span } => write!(f, "{path}:{}:{}", span.line, span.column),
            Self::Endpoint { service, method, route } => {
                write!(f, "{service}")?;
                method.iter().chain(route).try_for_each(|part| write!(f, " {part}"))
            }
            Self::Plan { line } => write!(f, "seaworthy.toml:{line}"),
            Self::Artifact { path } | Self::Project { path } => f.write_str(path),
        }
    }
}

/// Another place that belongs to a finding, and what it has to do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// What is there, as half a sentence: "the same value is imported here".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// One problem at one primary place. Made by [`FindingBuilder`], which cannot be started without a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The producer's id.
    pub rule: RuleId,
    /// Which of the producer's closed list of ways to be wrong (`died`, `hung`, `server-error`, ...).
    pub variant: Option<Cow<'static, str>>,
    /// Where it is wrong.
    pub primary: Location,
    /// What else to look at, in order.
    pub related: Vec<Related>,
    /// What is wrong, as a sentence about this place.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// How much it weighs.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// The same for the same problem after unrelated edits: SHA-256 over rule, variant, path or route, enclosing
    /// symbol, normalised text, and the ordinal among equals. Lines do not enter.
    pub fingerprint: Digest,
    /// Shared by the findings of one defect. Equal to the fingerprint until another producer confirms it.
    pub cause: Digest,
    /// Shell lines that show it again; see the design for their order.
    pub reproduce: Vec<String>,
}

/// What a fingerprint is made of besides rule, variant and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity<'a> {
    /// The enclosing function or class, dotted; empty at the top of a file.
    pub symbol: &'a str,
    /// The text of the place; white space is folded before it counts.
    pub text: &'a str,
    /// Which of several otherwise equal ones, from 0, in the order of the file.
    pub ordinal: u32,
}

/// Collects what a [`Finding`] says.
#[derive(Debug, Clone)]
pub struct FindingBuilder(Finding);

impl Finding {
    /// Starts a finding of `rule` at `primary`, saying `message`. Severity error, confidence high, until said otherwise.
    pub fn at(rule: &RuleId, primary: Location, message: impl Into<String>) -> FindingBuilder {
        FindingBuilder(Self {
            rule: rule.clone(),
            variant: None,
            primary,
            related: Vec::new(),
            message: message.into(),
            advice: None,
            severity: Severity::Error,
            confidence: Confidence::High,
            fingerprint: Digest([0; 32]),
            cause: Digest([0; 32]),
            reproduce: Vec::new(),
        })
    }
}

impl FindingBuilder {
    /// Goes on with what is wrong.
    pub fn more(mut self, words: &str) -> Self {
        self.0.message.push_str(words);
        self
    }

    /// Which of the producer's ways to be wrong.
    pub fn variant(mut self, variant: &'static str) -> Self {
        self.0.variant = Some(Cow::Borrowed(variant));
        self
    }

    /// Adds another place to look at.
    pub fn related(mut self, location: Location, note: impl Into<String>) -> Self {
        self.0.related.push(Related { location, note: Some(note.into()) });
        self
    }

    /// What to do about it.
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// How much it weighs.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// How sure we are.
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.0.confidence = confidence;
        self
    }

    /// Shell lines that show it again.
    pub fn reproduce(mut self, lines: Vec<String>) -> Self {
        self.0.reproduce = lines;
        self
    }

    /// Ends the finding by computing its fingerprint.
    pub fn identify(mut self, identity: Identity<'_>) -> Finding {
        let place = match &self.0.primary {
            Location::Source { path, .. } | Location::Artifact { path } | Location::Project { path } => {
                path.clone()
            }
            Location::Endpoint { service, method, route } => [Some(service), method.as_ref(), route.as_ref()]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
            Location::Plan { .. } => "seaworthy.toml".to_owned(),
        };
        let text = identity.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let variant = self.0.variant.as_deref().unwrap_or_default();
        let ordinal = identity.ordinal.to_string();
        self.0.fingerprint =
            Digest::of_fields([self.0.rule.as_str(), variant, &place, identity.symbol, &text, &ordinal]);
        self.0.cause = self.0.fingerprint;
        self.0
    }
}
