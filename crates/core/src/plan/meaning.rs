//! What a plan's own words contradict: names that name nothing, patterns that are none, numbers out of range.

use std::collections::BTreeSet;

use globset::Glob;

use crate::plan::promise::Promise;
use crate::plan::{Plan, PlanProblem, identifiers, nearest};
use crate::policy::Class;

pub(super) fn problems(plan: &Plan) -> Vec<PlanProblem> {
    let mut reading = Reading { plan, problems: Vec::new() };
    reading.modules();
    reading.globs();
    reading.criticals();
    reading.services();
    reading.oracles();
    reading.settings();
    reading.problems
}

struct Reading<'a> {
    plan: &'a Plan,
    problems: Vec<PlanProblem>,
}

impl<'a> Reading<'a> {
    fn add(&mut self, key: String, message: String) {
        let line = self.plan.line_of(&key);
        self.problems.push(PlanProblem { line, key, message });
    }

    fn unique<'n>(&mut self, table: &str, names: impl IntoIterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.into_iter().enumerate() {
            if name.is_empty() {
                self.add(format!("{table}[{index}].name"), "a name may not be empty".to_owned());
            } else if !seen.insert(name) {
                self.add(format!("{table}[{index}].name"), format!("`{name}` is used twice"));
            }
        }
    }

    /// Says that `name` is none of `known`.
    fn unknown<'n>(&mut self, key: String, name: &str, what: &str, known: impl IntoIterator<Item = &'n str>) {
        let hint = nearest(name, known).map(|right| format!("; did you mean `{right}`?")).unwrap_or_default();
        self.add(key, format!("`{name}` is not {what}{hint}"));
    }

    fn modules(&mut self) {
        let plan = self.plan;
        let names: Vec<&str> = plan.modules.iter().map(|module| module.name.as_str()).collect();
        self.unique("module", names.iter().copied());
        for (index, module) in plan.modules.iter().enumerate() {
            for (at, used) in module.may_use.iter().flatten().enumerate() {
                if !names.contains(&used.as_str()) {
                    let key = format!("module[{index}].may_use[{at}]");
                    self.unknown(key, used, "a module of this plan", names.iter().copied());
                }
            }
        }
        for (index, point) in plan.extension_points.iter().enumerate() {
            if point.paths.is_empty() {
                self.add(format!("extension_point[{index}].paths"), "at least one glob is needed".to_owned());
            }
        }
    }

    fn globs(&mut self) {
        let plan = self.plan;
        let mut globs: Vec<(String, &'a str)> = Vec::new();
        let mut take = |key: String, list: &'a [String]| {
            globs.extend(
                list.iter().enumerate().map(|(index, glob)| (format!("{key}[{index}]"), glob.as_str())),
            );
        };
        plan.modules.iter().enumerate().for_each(|(i, m)| take(format!("module[{i}].paths"), &m.paths));
        plan.criticals.iter().enumerate().for_each(|(i, c)| take(format!("critical[{i}].paths"), &c.paths));
        plan.extension_points
            .iter()
            .enumerate()
            .for_each(|(i, p)| take(format!("extension_point[{i}].paths"), &p.paths));
        plan.errors.iter().for_each(|errors| take("errors.boundary".to_owned(), &errors.boundary));
        take("checks.exclude".to_owned(), &plan.checks.exclude);
        for (key, glob) in globs {
            if let Err(error) = Glob::new(glob) {
                self.add(key, format!("`{glob}` is not a glob: {}", error.kind()));
            }
        }
    }

    fn criticals(&mut self) {
        let plan = self.plan;
        self.unique("critical", plan.criticals.iter().map(|critical| critical.name.as_str()));
        for (index, critical) in plan.criticals.iter().enumerate() {
            for (at, name) in critical.approvers.iter().enumerate() {
                if !plan.approvers.contains_key(name) {
                    let key = format!("critical[{index}].approvers[{at}]");
                    self.unknown(key, name, "in `[approvers]`", plan.approvers.keys().map(String::as_str));
                }
            }
            if critical.approvers.is_empty() || critical.required == 0 {
                let message =
                    "nobody would have to sign: name approvers, and require at least one".to_owned();
                self.add(format!("critical[{index}]"), message);
            }
        }
    }

    fn services(&mut self) {
        let plan = self.plan;
        self.unique("service", plan.services.iter().map(|service| service.name.as_str()));
        for (index, service) in plan.services.iter().enumerate() {
            let table = format!("service[{index}]");
            self.unique(&format!("{table}.dependency"), service.dependencies.iter().map(|d| d.name.as_str()));
            self.unique(&format!("{table}.identity"), service.identities.iter().map(|i| i.name.as_str()));
            self.inside(format!("{table}.dir"), &service.dir);
            if let Some(ready) =
                service.ready.as_deref().filter(|ready| *ready != "tcp" && !ready.starts_with('/'))
            {
                self.add(
                    format!("{table}.ready"),
                    format!("expected a path that begins with `/`, or `tcp`, found `{ready}`"),
                );
            }
            let identities: Vec<&str> =
                service.identities.iter().map(|identity| identity.name.as_str()).collect();
            for (at, promise) in service.promises.iter().enumerate() {
                self.promise(&format!("{table}.promise[{at}]"), promise, &identities);
            }
        }
    }

    fn promise(&mut self, key: &str, promise: &Promise, identities: &[&str]) {
        match promise {
            Promise::Resource(resource) => {
                if resource.max_stale_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
                    self.add(format!("{key}.max_stale_rate"), "a rate lies between 0 and 1".to_owned());
                }
                if let Some(owner) = resource.owner.as_deref().filter(|owner| !identities.contains(owner)) {
                    let what = "an identity of this service";
                    self.unknown(format!("{key}.owner"), owner, what, identities.iter().copied());
                }
                let requests =
                    [&resource.create, &resource.read, &resource.update, &resource.delete, &resource.list];
                if requests.iter().all(|request| request.is_none()) {
                    self.add(key.to_owned(), "a resource needs at least one request".to_owned());
                }
            }
            Promise::Stock(stock) if stock.level.is_some() != stock.value.is_some() => {
                self.add(
                    key.to_owned(),
                    "`level` and `value` go together: what is read, and where the level is in it".to_owned(),
                );
            }
            Promise::RateLimit(limit)
                if limit.window_s.is_some_and(|window| window.is_nan() || window <= 0.0) =>
            {
                self.add(format!("{key}.window_s"), "a window is longer than nothing".to_owned());
            }
            Promise::Idempotent(idempotent) if idempotent.effects.is_some() != idempotent.count.is_some() => {
                self.add(
                    key.to_owned(),
                    "`effects` and `count` go together: what is read, and where the number is in it"
                        .to_owned(),
                );
            }
            Promise::Calendar(calendar) if calendar.instant.is_some() == calendar.date.is_some() => {
                self.add(
                    key.to_owned(),
                    "exactly one of `instant` and `date` says where the moment goes".to_owned(),
                );
            }
            Promise::Invariant(invariant) if invariant.reads.is_empty() => {
                self.add(format!("{key}.reads"), "nothing is read".to_owned());
            }
            _ => {}
        }
    }

    fn oracles(&mut self) {
        let plan = self.plan;
        self.unique("oracle", plan.oracles.iter().map(|oracle| oracle.name.as_str()));
        for (index, inputs) in
            plan.oracles.iter().enumerate().filter_map(|(index, o)| Some((index, o.inputs.as_ref()?)))
        {
            let given = [
                inputs.generator.is_some(),
                inputs.command.is_some(),
                inputs.corpus.is_some(),
                inputs.schema.is_some(),
            ];
            if given.iter().filter(|given| **given).count() != 1 {
                let message =
                    "exactly one of `generator`, `command`, `corpus` and `schema` is needed".to_owned();
                self.add(format!("oracle[{index}].inputs"), message);
            }
        }
    }

    fn settings(&mut self) {
        let plan = self.plan;
        let known = |id: &str| identifiers::is_known(id) || identifiers::is_own_rule(id);
        for id in plan.checks.severity.keys().filter(|id| !known(id)) {
            self.unknown(
                format!("checks.severity.{id}"),
                id,
                "an identifier",
                identifiers::ALL.iter().copied(),
            );
        }
        let classes: Vec<&str> = Class::ALL.iter().map(|class| class.id()).collect();
        for (index, name) in plan.gate.require.iter().flatten().enumerate() {
            if !classes.contains(&name.as_str()) && !known(name) {
                let all = classes.iter().copied().chain(identifiers::ALL.iter().copied());
                self.unknown(
                    format!("gate.require[{index}]"),
                    name,
                    "a class of evidence or an identifier",
                    all,
                );
            }
        }
        for (id, bound) in &plan.gate.bound {
            let key = format!("gate.bound.{id}");
            if !identifiers::is_known(id) {
                self.unknown(key.clone(), id, "an identifier", identifiers::ALL.iter().copied());
            }
            let possible =
                bound.rate > 0.0 && bound.rate <= 1.0 && bound.confidence > 0.0 && bound.confidence < 1.0;
            if !possible {
                self.add(
                    key,
                    "no number of trials reaches this: `rate` above 0 up to 1, `confidence` between 0 and 1"
                        .to_owned(),
                );
            }
        }
        for name in plan.gate.independence.keys() {
            // The module may be one that the plan does not draw yet: the design's own example names such a one.
            let known =
                name == "default" || name.strip_prefix("module:").is_some_and(|module| !module.is_empty());
            if !known {
                let what = "`default` or `module:NAME`";
                self.unknown(format!("gate.independence.{name}"), name, what, ["default"]);
            }
        }
        plan.contracts
            .iter()
            .enumerate()
            .for_each(|(i, contract)| self.inside(format!("contract[{i}].path"), &contract.path));
        plan.gate.baseline.iter().for_each(|path| self.inside("gate.baseline".to_owned(), path));
        plan.gate.recorders.iter().for_each(|path| self.inside("gate.recorders".to_owned(), path));
    }

    /// Paths of a plan stay below its root: another's file is not part of what is judged.
    fn inside(&mut self, key: String, path: &str) {
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            self.add(key, format!("`{path}` leads out of the project"));
        }
    }
}
