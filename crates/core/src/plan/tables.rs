//! The tables of the plan, except promises.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::observation::Independence;
use crate::plan::promise::{Promise, Request};
use crate::{BoundNeeded, Severity};

/// What the project is called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// Its name; the folder's when absent.
    pub name: Option<String>,
}

/// A boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its name, unique in the plan.
    pub name: String,
    /// Globs from the root.
    pub paths: Vec<String>,
    /// Names of modules it may use; omitted: unconstrained.
    pub may_use: Option<Vec<String>>,
    /// External packages and globals it may not use.
    #[serde(default)]
    pub forbid: Vec<String>,
    /// The only names others may import; omitted: all.
    pub exposes: Option<Vec<String>>,
    /// What it is for.
    pub purpose: Option<String>,
}

/// Where a kind of data may not get to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// What the data is, for people.
    pub data: String,
    /// Names it comes from.
    pub from: Vec<String>,
    /// Names, packages or globals it may not get to.
    pub never_to: Vec<String>,
}

/// The error-handling strategy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorStrategy {
    /// Error types that may cross a module boundary.
    pub types: Vec<String>,
    /// Habits that are forbidden.
    pub forbid: Vec<ForbiddenHandling>,
    /// Globs of the files where errors become answers.
    pub boundary: Vec<String>,
}

/// A way of handling errors that a plan can forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForbiddenHandling {
    /// `except ..: pass`.
    ExceptPass,
    /// `except:`.
    BareExcept,
    /// `.unwrap()`.
    Unwrap,
    /// `catch {}`.
    EmptyCatch,
}

/// A data contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The file, from the root.
    pub path: String,
}

/// Where the system is meant to grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionPoint {
    /// What one of them is called.
    pub name: String,
    /// Globs of the files that hold them.
    pub paths: Vec<String>,
    /// What each implements.
    pub implements: Option<String>,
    /// The list each is entered in.
    pub register_in: Option<String>,
}

/// Paths that need expert sign-off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Critical {
    /// Its name, unique in the plan.
    pub name: String,
    /// What makes it critical.
    pub class: CriticalClass,
    /// Globs from the root.
    pub paths: Vec<String>,
    /// Names of `[approvers.NAME]`.
    pub approvers: Vec<String>,
    /// How many different people have to sign; at least 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub required: u32,
}

fn one() -> u32 {
    1
}

/// What makes paths critical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is its own word")]
pub enum CriticalClass {
    Authentication,
    Authorization,
    Validation,
    Cryptography,
    UserInput,
    Payment,
    Other,
}

/// Who may sign off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvers {
    /// An OpenSSH allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS), read from the protected branch.
    pub allowed_signers: String,
    /// Whether only signatures made by touching a hardware key count.
    #[serde(default)]
    pub require_touch: bool,
}

/// How to start what is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name, unique in the plan.
    pub name: String,
    /// The program and its arguments; `{port}` and `{data}` are replaced. Found by survey when absent.
    #[serde(default)]
    pub start: Vec<String>,
    /// Where it runs, from the root.
    #[serde(default = "here")]
    pub dir: String,
    /// Its environment, besides `PORT`, `DATA_DIR` and a short list of harmless variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// A path whose answer, whatever it says, means ready; `tcp` for other protocols; absent: its listening socket is awaited.
    pub ready: Option<String>,
    /// The OpenAPI document: a file from the root, or a path that the service serves.
    pub openapi: Option<String>,
    /// Whether it may run under a faked clock.
    pub clock: Option<Clock>,
    /// What it depends on, reached through the fault proxy.
    #[serde(default, rename = "dependency")]
    pub dependencies: Vec<Dependency>,
    /// Who calls it.
    #[serde(default, rename = "identity")]
    pub identities: Vec<Identity>,
    /// What it promises.
    #[serde(default, rename = "promise")]
    pub promises: Vec<Promise>,
}

fn here() -> String {
    ".".to_owned()
}

/// How a service's clock may be faked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// By preloading libfaketime.
    Faketime,
}

/// A dependency of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Its name, unique in the service.
    pub name: String,
    /// The program and its arguments; `{port}` and `{data}` are replaced.
    pub start: Vec<String>,
    /// Variables of the *service's* environment that lead to it; `{port}` is the proxy's.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// A caller of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Its name, unique in the service.
    pub name: String,
    /// Headers that make a request this caller's.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The request that logs in.
    pub login: Option<Request>,
    /// What carries the session: `cookie`, `bearer json:/token`, or `header NAME json:/key`.
    pub carrier: Option<crate::plan::promise::Carrier>,
}

/// What the code is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oracle {
    /// Its name, unique in the plan.
    pub name: String,
    /// Which kind.
    pub kind: OracleKind,
    /// The program compared.
    #[serde(default)]
    pub subject: Vec<String>,
    /// What it is compared with.
    #[serde(default)]
    pub reference: Vec<String>,
    /// What both are given.
    pub inputs: Option<Inputs>,
}

/// Kinds of oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OracleKind {
    /// Against another implementation.
    Differential,
    /// Against a published suite.
    Conformance,
    /// Against recorded traffic of a real system.
    Recording,
    /// Against a real system.
    Live,
}

/// Where inputs come from; exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Inputs {
    /// A generator of Seaworthy's own, by name.
    pub generator: Option<String>,
    /// A program that prints one input a line.
    pub command: Option<Vec<String>>,
    /// A glob of files, one input each.
    pub corpus: Option<String>,
    /// A JSON Schema to generate from.
    pub schema: Option<String>,
}

/// Settings of the static checks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Checks {
    /// Globs that are not checked; listed in every report.
    pub exclude: Vec<String>,
    /// Severity by identifier, where it is not the check's own.
    pub severity: BTreeMap<String, SeverityOverride>,
}

/// A severity, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SeverityOverride {
    /// Holds.
    Error,
    /// Worth a look.
    Warning,
    /// Worth knowing.
    Note,
    /// Not looked for; listed in every report.
    Off,
}

impl SeverityOverride {
    /// The severity; `None` for off.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Off => None,
        }
    }
}

/// What money is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Digits after the point.
    #[serde(default = "two")]
    pub scale: u32,
    /// How ties and remainders are rounded.
    #[serde(default)]
    pub rounding: Rounding,
}

fn two() -> u32 {
    2
}

/// Ways of rounding (names as in IEEE 754-2019 and Python's decimal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Ties to the even neighbour: the banker's rounding.
    #[default]
    HalfEven,
    /// Ties away from zero.
    HalfUp,
    /// Ties towards zero.
    HalfDown,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// Towards negative infinity.
    Floor,
    /// Towards positive infinity.
    Ceiling,
}

/// What the verdict asks for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Classes (`check`, `trial`, `validate`, `review`, `sign-off`) and identifiers; what applies when absent.
    pub require: Option<Vec<String>>,
    /// How independent an oracle has to be, by `default` or `module:NAME`.
    pub independence: BTreeMap<String, Independence>,
    /// Findings known before; only new ones hold.
    pub baseline: Option<String>,
    /// A folder of public keys whose entries count, read from the base.
    pub recorders: Option<String>,
    /// What probes have to rule out, by identifier, where it is not the probe's own.
    pub bound: BTreeMap<String, BoundNeeded>,
}

/// An AI agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The program that speaks the Agent Client Protocol, and its arguments.
    pub command: Vec<String>,
}
