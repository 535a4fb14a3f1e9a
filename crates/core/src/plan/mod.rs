//! The plan: `seaworthy.toml`, written before code and reviewed like code.
//!
//! The types in [`tables`] and [`promise`] are the only description of the file: the JSON Schema is generated from them,
//! and [`Plan::read`] holds a file against that schema first, so that every mistake is reported with its line, its key and the nearest right name.

pub mod identifiers;
mod meaning;
mod nearest;
pub mod promise;
mod read;
pub mod schema;
pub mod tables;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use nearest::nearest;
pub use promise::Promise;
pub use read::{PlanError, PlanProblem};
pub use tables::{
    Agent, Approvers, Checks, Contract, Critical, Dependency, ErrorStrategy, ExtensionPoint, Flow, Gate,
    Identity, Inputs, Module, Money, Oracle, OracleKind, Project, Rounding, Service, SeverityOverride,
};

/// The name of the plan file, always directly below the root judged.
pub const FILE_NAME: &str = "seaworthy.toml";

/// A plan. Every table is optional; what is absent is inferred and shown as inferred.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// What the project is called.
    pub project: Project,
    /// Boundaries: which files belong together and what they may use.
    #[serde(rename = "module")]
    pub modules: Vec<Module>,
    /// Where kinds of data may not get to.
    #[serde(rename = "flow")]
    pub flows: Vec<Flow>,
    /// The error-handling strategy.
    pub errors: Option<ErrorStrategy>,
    /// Data contracts; a breaking change is a finding.
    #[serde(rename = "contract")]
    pub contracts: Vec<Contract>,
    /// Where the system is meant to grow.
    #[serde(rename = "extension_point")]
    pub extension_points: Vec<ExtensionPoint>,
    /// Paths that need expert sign-off.
    #[serde(rename = "critical")]
    pub criticals: Vec<Critical>,
    /// Who may sign off, by name.
    pub approvers: BTreeMap<String, Approvers>,
    /// How to start what is tried.
    #[serde(rename = "service")]
    pub services: Vec<Service>,
    /// What the code is compared with.
    #[serde(rename = "oracle")]
    pub oracles: Vec<Oracle>,
    /// Settings of the static checks.
    pub checks: Checks,
    /// What money is held to.
    pub money: Option<Money>,
    /// What the verdict asks for.
    pub gate: Gate,
    /// AI agents, by name.
    pub agent: BTreeMap<String, Agent>,
    /// Lines of the tables, by path such as `service[0].promise[1]`.
    #[serde(skip)]
    lines: BTreeMap<String, u32>,
}

impl Plan {
    /// Reads a plan and checks everything that can be told from the text alone.
    ///
    /// # Errors
    /// Every problem found, in the order of their lines.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        read::read(text)
    }

    /// The line on which a table or key stands, by path such as `service[0].promise[1]`; 1 when it is not in the file.
    pub fn line_of(&self, path: &str) -> u32 {
        self.lines.get(path).copied().unwrap_or(1)
    }

    /// Which tables the file has, with the line of the first of each: `module`, `service.promise`, ..
    pub fn tables(&self) -> BTreeMap<String, u32> {
        let mut tables: BTreeMap<String, u32> = BTreeMap::new();
        for (path, line) in &self.lines {
            let indexed = path.contains('[');
            let name: String = path
                .split('.')
                .map(|part| part.split('[').next().unwrap_or(part))
                .collect::<Vec<_>>()
                .join(".");
            let depth = name.matches('.').count();
            if depth == 0 || (indexed && path.ends_with(']') && depth == 1) {
                let first = tables.entry(name).or_insert(*line);
                *first = (*first).min(*line);
            }
        }
        tables
    }
}
