//! From the plan and the registries to the policy: what has to be known before this project may be called fit.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_core::plan::SeverityOverride;
use seaworthy_core::policy::{Approval, Requirement};
use seaworthy_core::{
    Class, Digest, Need, NotChecked, Observation, Outcome, Plan, Policy, Producer, Reason, RuleId,
};
use seaworthy_trial::http::shell::quoted;

/// Which classes a command decides over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// Everything the plan asks for.
    #[default]
    Assess,
    /// Static checks alone.
    Check,
    /// Probes alone.
    Trial,
}

impl Scope {
    fn covers(self, class: Class) -> bool {
        match self {
            Self::Assess => true,
            Self::Check => class == Class::Check,
            Self::Trial => class == Class::Trial,
        }
    }
}

/// What the policy is made of.
pub(crate) struct Basis<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Which classes are decided over.
    pub scope: Scope,
    /// Whether the project shows itself as one that serves.
    pub serves: bool,
    /// The services' names, of the plan or inferred.
    pub services: &'a [String],
    /// The probes decided over; all when empty.
    pub probes: &'a [RuleId],
    /// The command that starts the service, when it was given by hand.
    pub command: Option<&'a [String]>,
    /// The root as the person wrote it, for commands.
    pub root: &'a str,
    /// Fingerprints known before.
    pub baseline: BTreeSet<Digest>,
    /// SHA-256 of the keys whose entries count.
    pub recorders: BTreeSet<Digest>,
    /// What was measured just now; its inputs are the world as it is.
    pub fresh: &'a [Observation],
    /// What the checks and probes left out.
    pub not_checked: Vec<NotChecked>,
}

/// The policy.
pub(crate) fn policy(basis: Basis<'_>) -> Policy {
    let classes = required_classes(&basis);
    let mut policy = Policy { not_checked: basis.not_checked.clone(), ..Policy::default() };
    if basis.scope.covers(Class::Check) {
        checks(&mut policy, &basis, classes.contains(&Class::Check));
    }
    if basis.scope.covers(Class::Trial) {
        probes(&mut policy, &basis, classes.contains(&Class::Trial));
    }
    if basis.scope == Scope::Assess {
        approvals(&mut policy, &basis, &classes);
        ids(&mut policy, &basis);
        policy.not_checked.extend(unjudged(basis.plan));
    }
    let fresh = basis.fresh.iter();
    policy.inputs =
        fresh.map(|seen| (Policy::inputs_key(&seen.producer), seen.inputs)).collect::<BTreeMap<_, _>>();
    policy.baseline = basis.baseline;
    policy.recorders = basis.recorders;
    policy
}

/// `[gate] require`, or what applies without it: checks; trials when there is a service; sign-off when there is a critical path.
fn required_classes(basis: &Basis<'_>) -> BTreeSet<Class> {
    let all = [Class::Check, Class::Trial, Class::Validate, Class::Review, Class::SignOff];
    if let Some(named) = &basis.plan.gate.require {
        return all.into_iter().filter(|class| named.iter().any(|name| name == class.id())).collect();
    }
    let mut classes = BTreeSet::from([Class::Check]);
    if basis.serves || !basis.services.is_empty() {
        classes.insert(Class::Trial);
    }
    if !basis.plan.criticals.is_empty() {
        classes.insert(Class::SignOff);
    }
    classes
}

fn need(required: bool, own: Need) -> Need {
    if required { own } else { Need::Supporting }
}

fn checks(policy: &mut Policy, basis: &Basis<'_>, required: bool) {
    for check in seaworthy_checks::registry::CHECKS {
        let id = &check.meta.id;
        if basis.plan.checks.severity.get(id.as_str()) == Some(&SeverityOverride::Off) {
            let line = basis.plan.line_of(&format!("checks.severity.{id}"));
            let why = format!("switched off in seaworthy.toml:{line}");
            policy.not_checked.push(NotChecked { what: id.to_string(), why });
            continue;
        }
        policy.requirements.push(Requirement {
            producer: Producer::Check { id: id.clone(), version: check.meta.version },
            class: Class::Check,
            need: need(required, check.meta.need),
            bound: None,
            command: format!("seaworthy check {}", basis.root),
        });
    }
}

fn probes(policy: &mut Policy, basis: &Basis<'_>, required: bool) {
    for service in basis.services {
        for probe in seaworthy_trial::probe::registry::PROBES {
            let meta = &probe.meta;
            if !basis.probes.is_empty() && !basis.probes.contains(&meta.id) {
                continue;
            }
            let bound = basis.plan.gate.bound.get(meta.id.as_str()).copied().or(meta.bound_needed);
            policy.requirements.push(Requirement {
                producer: Producer::Probe {
                    id: meta.id.clone(),
                    version: meta.version,
                    service: service.clone(),
                },
                class: Class::Trial,
                need: need(required, meta.need),
                bound,
                command: match (promised(basis, &meta.id, service), basis.command) {
                    (Some(promise), _) => format!("a line of seaworthy.toml: {promise}"),
                    (None, None) => {
                        format!("seaworthy trial {service} --root {} --probe {}", basis.root, meta.id)
                    }
                    (None, Some(words)) => {
                        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                        let words = words.join(" ");
                        format!("seaworthy trial --root {} --probe {} -- {words}", basis.root, meta.id)
                    }
                },
            });
        }
    }
    if basis.services.is_empty() && required {
        policy.approvals.push(Approval {
            what: "a trial: no service is named, and how to start one was not found".to_owned(),
            command: "a line of seaworthy.toml: [[service]] name = \"NAME\", start = [\"COMMAND\", ..]; or, where nothing serves, [gate] require = [\"check\"]".to_owned(),
        });
    }
}

/// The promise without which a probe finds nothing to try: trying again as before would tell nothing again.
fn promised<'a>(basis: &Basis<'a>, id: &RuleId, service: &str) -> Option<&'a str> {
    basis.fresh.iter().find_map(|seen| match (&seen.producer, &seen.outcome) {
        (
            Producer::Probe { id: own, service: of, .. },
            Outcome::Inconclusive(Reason::NoSubjectFound { promise, .. }),
        ) if own == id && of == service => Some(promise.as_str()),
        _ => None,
    })
}

fn approvals(policy: &mut Policy, basis: &Basis<'_>, classes: &BTreeSet<Class>) {
    if classes.contains(&Class::SignOff) {
        for critical in &basis.plan.criticals {
            policy.approvals.push(Approval {
                what: format!(
                    "sign-off of `{}` by {} of {}",
                    critical.name,
                    critical.required,
                    critical.approvers.join(", ")
                ),
                command: format!("seaworthy signoff request {}", critical.name),
            });
        }
    }
    for (class, command) in
        [(Class::Review, "seaworthy session review TASK"), (Class::Validate, "seaworthy validate")]
    {
        if classes.contains(&class) {
            policy.approvals.push(Approval {
                what: format!("evidence of class `{}`", class.id()),
                command: command.to_owned(),
            });
        }
    }
}

/// Identifiers that `[gate] require` names: raised to required, and missing when nobody looks for them yet.
fn ids(policy: &mut Policy, basis: &Basis<'_>) {
    let classes = ["check", "trial", "validate", "review", "sign-off"];
    for id in basis.plan.gate.require.iter().flatten().filter(|id| !classes.contains(&id.as_str())) {
        if !policy.require(&id.as_str().into()) {
            let what =
                format!("`{id}`, which this version does not look for or no service here is subject to");
            policy.approvals.push(Approval { what, command: format!("seaworthy explain {id}") });
        }
    }
}

/// Tables of the plan that nothing judges yet. They are listed, never ignored in silence.
fn unjudged(plan: &Plan) -> Vec<NotChecked> {
    let known: BTreeSet<&str> = crate::survey::rules().iter().map(|rule| rule.id).collect();
    // Which rule would hold the code to each table; a table is judged once one of them exists.
    let judges: [(&str, &[&str]); 9] = [
        ("module", &["boundary-violation", "unplanned-module"]),
        ("flow", &["forbidden-flow"]),
        ("errors", &["inconsistent-error-handling"]),
        ("contract", &["contract-drift"]),
        ("extension_point", &["extension-point-bypass"]),
        ("oracle", &["differential", "conformance", "recording", "live"]),
        ("money", &["rounding", "float-money"]),
        ("service.dependency", &["dependency-faults"]),
        ("agent", &[]),
    ];
    let tables = plan.tables();
    let mut unjudged: Vec<NotChecked> = judges
        .iter()
        .filter(|(_, rules)| !rules.iter().any(|rule| known.contains(rule)))
        .filter_map(|(table, _)| {
            let line = tables.get(*table)?;
            let why =
                format!("seaworthy.toml:{line}: read and validated; nothing holds the project to it yet");
            Some(NotChecked { what: format!("the plan's [{table}]"), why })
        })
        .collect();
    for (index, service) in plan.services.iter().enumerate() {
        for (at, promise) in service.promises.iter().enumerate() {
            if !promise.judged_by().iter().any(|rule| known.contains(rule)) {
                let line = plan.line_of(&format!("service[{index}].promise[{at}]"));
                let what = format!("the promise `{}` of {}", promise.kind(), service.name);
                let why = format!("seaworthy.toml:{line}: no probe judges it yet");
                unjudged.push(NotChecked { what, why });
            }
        }
        if service.clock.is_some() && !known.contains("time-zones") {
            let line = plan.line_of(&format!("service[{index}].clock"));
            let why = format!("seaworthy.toml:{line}: no probe fakes a clock yet");
            unjudged.push(NotChecked { what: format!("the clock of {}", service.name), why });
        }
    }
    unjudged
}
