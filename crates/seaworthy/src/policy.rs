//! From the plan and the registries to the policy: what has to be known before this project may be called fit.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_checks::rules::Rules;
use seaworthy_core::decision::local_key;
use seaworthy_core::plan::SeverityOverride;
use seaworthy_core::policy::{Approval, Requirement};
use seaworthy_core::{
    Class, Digest, Need, NotChecked, Observation, Outcome, Plan, Policy, Producer, Reason, RuleId,
};
use seaworthy_trial::http::shell::quoted;

use crate::unjudged;

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
    /// The project's own rules.
    pub rules: &'a Rules,
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
    /// SHA-256 of the key whose entries count, as long as the base of a change names no others.
    pub own: Digest,
    /// What was measured just now, or last: nothing older clears.
    pub newest: &'a [Observation],
    /// What besides the tree goes into each measurement now, by [`Policy::inputs_key`].
    pub inputs: BTreeMap<String, Digest>,
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
        policy.not_checked.extend(unjudged::tables(basis.plan));
    }
    policy.not_checked.extend(unjudged::loosened(basis.plan));
    policy.inputs = basis.inputs;
    policy.newest =
        basis.newest.iter().map(|seen| (Policy::inputs_key(&seen.producer), seen.digest())).collect();
    policy.baseline = basis.baseline;
    policy.recorders = BTreeSet::from([basis.own]);
    policy.not_checked.push(local_key());
    policy
}

/// `[gate] require`, or what applies without it: checks; trials when there is a service; sign-off when there is a critical path.
fn required_classes(basis: &Basis<'_>) -> BTreeSet<Class> {
    if let Some(named) = &basis.plan.gate.require {
        return named.iter().filter_map(|name| Class::of_id(name)).collect();
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
    let checks = seaworthy_checks::registry::CHECKS.iter().map(|check| &check.meta);
    let checks = checks.map(|meta| (&meta.id, meta.version, meta.need));
    let rules = basis.rules.list().iter().filter(|rule| !rule.is_off());
    let rules = rules.map(|rule| (rule.id(), rule.version(), Need::Required));
    for (id, version, own) in checks.chain(rules) {
        if basis.plan.checks.severity.get(id.as_str()) == Some(&SeverityOverride::Off) {
            let line = basis.plan.line_of(&format!("checks.severity.{id}"));
            let why = format!("switched off in seaworthy.toml:{line}");
            policy.not_checked.push(NotChecked { what: id.to_string(), why });
            continue;
        }
        policy.requirements.push(Requirement {
            producer: Producer::Check { id: id.clone(), version },
            class: Class::Check,
            need: need(required, own),
            bound: None,
            command: format!("seaworthy check {}", quoted(basis.root)),
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
                command: telling(basis, &meta.id, service),
            });
        }
    }
    if basis.services.is_empty() && required {
        policy.approvals.push(Approval {
            what: "a trial: no service is named, and how to start one was not found".to_owned(),
            command: "lines of seaworthy.toml:\n[[service]]\nname = \"NAME\"\nstart = [\"COMMAND\", \"ARGUMENT\"]\n# or, where nothing serves:\n# [gate]\n# require = [\"check\"]".to_owned(),
        });
    }
}

/// What would tell what a probe could not: trying again as before would tell the same again.
fn telling(basis: &Basis<'_>, id: &RuleId, service: &str) -> String {
    let reason = basis.newest.iter().find_map(|seen| match (&seen.producer, &seen.outcome) {
        (Producer::Probe { id: own, service: of, .. }, Outcome::Inconclusive(reason))
            if own == id && of == service =>
        {
            Some(reason)
        }
        _ => None,
    });
    let root = quoted(basis.root);
    let words = |words: &[String]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let again = |budget: &str| match basis.command {
        None => format!("seaworthy trial {} --root {root} --probe {id}{budget}", quoted(service)),
        Some(command) => {
            format!("seaworthy trial --root {root} --probe {id}{budget} -- {}", words(command))
        }
    };
    let known = basis.plan.services.iter().any(|known| known.name == service);
    supplying(reason, (!known).then_some(service), again)
}

/// The words for one reason. `unplanned` is the service's name where no plan has it.
fn supplying(reason: Option<&Reason>, unplanned: Option<&str>, again: impl Fn(&str) -> String) -> String {
    match reason {
        Some(Reason::NoSubjectFound { promise, .. }) => {
            // What is below a service needs it above.
            let head =
                unplanned.map(|name| format!("[[service]]\nname = \"{name}\"\n\n")).unwrap_or_default();
            format!("lines of seaworthy.toml:\n{head}{promise}")
        }
        Some(Reason::Budget { budget, .. }) => again(&format!(" --budget {budget}")),
        Some(Reason::ControlFailed { .. }) => {
            again("")
                + "  # after an [[service.identity]] or [[service.promise]] names a request that succeeds"
        }
        Some(Reason::NotReady { .. }) => again("") + "  # after it has what it lacks to start",
        Some(Reason::Environment { cure, .. }) => again("") + &format!("  # after: {cure}"),
        _ => again(""),
    }
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
                command: format!("seaworthy signoff request {}", quoted(&critical.name)),
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
    for id in basis.plan.gate.require.iter().flatten().filter(|id| Class::of_id(id).is_none()) {
        if !policy.require(&id.as_str().into()) {
            let what =
                format!("`{id}`, which this version does not look for or no service here is subject to");
            policy.approvals.push(Approval { what, command: format!("seaworthy explain {}", quoted(id)) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_tell_is_never_the_same_again_alone() {
        let again = |budget: &str| format!("seaworthy trial shop --probe replicas{budget}");
        let promise = "[[service.promise]]\nkind = \"session\"\nlogin = \"POST /login\"\ncheck = \"GET /me\"";
        let missing = Reason::NoSubjectFound { what: "login".to_owned(), promise: promise.to_owned() };
        let lines = supplying(Some(&missing), Some("shop"), again);
        let (said, plan) = lines.split_once('\n').unwrap();
        assert_eq!(said, "lines of seaworthy.toml:");
        assert!(Plan::read(plan).is_ok_and(|plan| plan.services[0].promises.len() == 1), "{plan}");
        for reason in [
            Reason::ControlFailed { what: "POST /login answered 403".to_owned() },
            Reason::NotReady { what: "it ended".to_owned(), log: String::new() },
            Reason::Environment { missing: "root".to_owned(), cure: "sudo".to_owned() },
        ] {
            let said = supplying(Some(&reason), None, again);
            assert!(said.starts_with(&again("")) && said.contains("  # after"), "{said}");
        }
        assert_eq!(supplying(None, None, again), again(""));
    }
}
