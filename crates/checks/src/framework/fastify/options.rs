//! The options of a route: hooks, limits, and the schema that a request has to fit
//! (<https://fastify.dev/docs/latest/Reference/Routes/#routes-options>).

use seaworthy_core::surface::{Input, InputPlace};

use super::super::express;
use super::super::origins::entry;
use super::super::project::{FunctionAt, Project, STEPS, Within, within};
use super::super::routing::Routing;
use super::super::schema;
use super::super::web::{Guard, Reach};
use super::super::words::text_within;
use super::{HOOKS, Here, plugins};
use crate::facts::syntax::{Expr, ExprKind, Literal};

/// What `schema` calls the places of a request.
const PLACES: &[(&str, InputPlace)] = &[
    ("body", InputPlace::Json),
    ("querystring", InputPlace::Query),
    ("query", InputPlace::Query),
    ("params", InputPlace::Path),
    ("headers", InputPlace::Header),
];

/// The options of a route, wherever they are written.
pub(super) struct Options<'a> {
    at: usize,
    within: Within<'a>,
    entries: Vec<&'a (Option<Expr>, Expr)>,
}

impl<'a> Options<'a> {
    /// The options that an expression comes to; a spread brings its own after those written beside it.
    pub(super) fn of(project: &Project<'a>, here: Here<'a, '_>, expr: &'a Expr) -> Option<Self> {
        let origins = project.origins(here.at, &within(here.around), expr, STEPS);
        let [(at, within, Expr { kind: ExprKind::Record { entries, .. }, .. })] = origins.as_slice() else {
            return None;
        };
        let mut all: Vec<&'a (Option<Expr>, Expr)> = Vec::new();
        for pair in entries {
            let (None, ExprKind::Spread(value)) = (&pair.0, &pair.1.kind) else {
                all.push(pair);
                continue;
            };
            for (_, _, origin) in project.origins(*at, within, value, STEPS) {
                let ExprKind::Record { entries, .. } = &origin.kind else { continue };
                all.extend(entries);
            }
        }
        Some(Self { at: *at, within: within.clone(), entries: all })
    }

    /// The value of one.
    pub(super) fn get(&self, name: &str) -> Option<&'a Expr> {
        let mut named =
            self.entries.iter().filter(|(key, _)| key.as_ref().and_then(Expr::string) == Some(name));
        named.next().map(|(_, value)| value)
    }

    /// A value as text.
    pub(super) fn text(&self, project: &Project<'a>, value: &'a Expr) -> Option<String> {
        text_within(project, self.at, &self.within, value)
    }

    /// The function of `handler`.
    pub(super) fn handler(&self, project: &Project<'a>) -> Option<FunctionAt<'a>> {
        project.function_within(self.at, &self.within, self.get("handler")?, STEPS)
    }

    /// What stands before the handler by these options.
    pub(super) fn guards(&self, routing: &Routing<'a>) -> Vec<Guard<'a>> {
        let mut guards = Vec::new();
        for hook in HOOKS {
            let Some(written) = self.get(hook) else { continue };
            for (file, within, expr) in
                express::each(routing.project, &(self.at, self.within.clone(), written))
            {
                let function = plugins::decorated_within(routing, file, &within, expr)
                    .or_else(|| routing.guarding_within(file, &within, expr));
                guards.push(Guard { file, expr, option: Some(*hook), function, reach: Reach::Route });
            }
        }
        let origins =
            self.get("config").map(|config| routing.project.origins(self.at, &self.within, config, STEPS));
        for (file, _, config) in origins.into_iter().flatten() {
            let ExprKind::Record { entries, .. } = &config.kind else { continue };
            let Some(expr) = entry(entries, "rateLimit") else { continue };
            if !matches!(expr.kind, ExprKind::Literal(Literal::Boolean(false))) {
                guards.push(Guard {
                    file,
                    expr,
                    option: Some("rateLimit"),
                    function: None,
                    reach: Reach::Route,
                });
            }
        }
        if let Some(expr) = self.get("schema").filter(|schema| self.is_of_request(routing.project, schema)) {
            guards.push(Guard {
                file: self.at,
                expr,
                option: Some("schema"),
                function: None,
                reach: Reach::Route,
            });
        }
        guards
    }

    /// Whether a schema says anything of what comes in.
    fn is_of_request(&self, project: &Project<'a>, schema: &'a Expr) -> bool {
        let origins = project.origins(self.at, &self.within, schema, STEPS);
        origins.iter().any(|(_, _, origin)| match &origin.kind {
            ExprKind::Record { entries, .. } => PLACES.iter().any(|(name, _)| entry(entries, name).is_some()),
            _ => true,
        })
    }

    /// Adds what the schema says of the request.
    pub(super) fn declared(&self, project: &Project<'a>, inputs: &mut Vec<Input>) {
        let Some(schema) = self.get("schema") else { return };
        for (at, within, origin) in project.origins(self.at, &self.within, schema, STEPS) {
            let ExprKind::Record { entries, .. } = &origin.kind else { continue };
            for (name, place) in PLACES {
                let Some(expr) = entry(entries, name) else { continue };
                let mut fields = schema::fields(project, at, &within, expr);
                if *place == InputPlace::Path {
                    fields.retain(|field| {
                        inputs.iter().any(|own| own.place == *place && own.name == field.name)
                    });
                }
                schema::add(inputs, *place, fields);
            }
        }
    }
}
