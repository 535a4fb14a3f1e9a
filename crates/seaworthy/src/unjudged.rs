//! What the plan says and nothing holds the project to, and what it asks less of: listed in every report, never ignored in silence.

use std::collections::BTreeSet;

use seaworthy_core::{NotChecked, Plan, Severity};

/// Tables of the plan that nothing judges yet. They are listed, never ignored in silence.
pub(crate) fn tables(plan: &Plan) -> Vec<NotChecked> {
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
    if let Some(line) = tables.get("approvers") {
        let why = format!("seaworthy.toml:{line}: read and validated; this version takes no sign-offs yet");
        unjudged.push(NotChecked { what: "the plan's [approvers]".to_owned(), why });
    }
    if !plan.gate.independence.is_empty()
        && !["differential", "conformance"].iter().any(|id| known.contains(id))
    {
        let line = plan.line_of("gate.independence");
        let why = format!("seaworthy.toml:{line}: no oracle measures it yet");
        unjudged.push(NotChecked { what: "`[gate] independence`".to_owned(), why });
    }
    unjudged
}

/// What the plan asks less of than we would, and what it says in vain. A plan is reviewed like code, and so is what it gives away.
pub(crate) fn loosened(plan: &Plan) -> Vec<NotChecked> {
    let mut list = Vec::new();
    let checks = seaworthy_checks::registry::CHECKS;
    for (id, severity) in &plan.checks.severity {
        let line = plan.line_of(&format!("checks.severity.{id}"));
        let is_check = checks.iter().any(|check| check.meta.id.as_str() == id);
        let (what, why) = match severity.severity() {
            _ if !is_check => (
                format!("the severity of `{id}`"),
                "no check of this version has that name, so it changes nothing",
            ),
            Some(Severity::Warning | Severity::Note) => {
                (format!("`{id}` as a reason to hold"), "its findings are shown, and hold nothing")
            }
            // What is off is listed where it would be required.
            Some(Severity::Error) | None => continue,
        };
        list.push(NotChecked { what, why: format!("`[checks] severity`, seaworthy.toml:{line}: {why}") });
    }
    for (id, bound) in &plan.gate.bound {
        let line = plan.line_of(&format!("gate.bound.{id}"));
        let mut probes = seaworthy_trial::probe::registry::PROBES.iter();
        let own = probes.find(|probe| probe.meta.id.as_str() == id).map(|probe| probe.meta.bound_needed);
        let (what, why) = match own {
            None => (
                format!("the bound of `{id}`"),
                "no probe of this version has that name, so it changes nothing".to_owned(),
            ),
            Some(Some(own)) if bound.rate > own.rate || bound.confidence < own.confidence => (
                format!("`{id}` as far as it asks for by itself"),
                format!("{bound} is enough, and not {own}"),
            ),
            Some(_) => continue,
        };
        list.push(NotChecked { what, why: format!("`[gate.bound]`, seaworthy.toml:{line}: {why}") });
    }
    list
}
