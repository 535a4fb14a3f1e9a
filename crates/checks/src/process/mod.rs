//! What a service keeps in variables of its process: dicts, lists and maps at the top of a file, in a record there, in the function that makes the
//! application, or on an object that is made once, and what the functions that answer requests do with them.
//!
//! Limit: a collection that is handed on as an argument or bound to another name is not followed there.

mod fetched;
pub(crate) mod kind;
mod mention;
pub(crate) mod miss;
mod put;
mod reach;
mod shared;

use std::collections::HashMap;

use crate::facts::syntax::{ExprKind, Extent, Function};
use crate::framework::Project;
use crate::framework::web::Web;

pub(crate) use self::mention::What;
pub(crate) use self::reach::Reached;

/// What a service keeps in its process.
#[derive(Debug, Default)]
pub(crate) struct Process<'a> {
    /// The functions that run for requests.
    pub(crate) reached: Vec<Reached<'a>>,
    /// The collections that these functions use, in the order of files and places.
    pub(crate) variables: Vec<Variable<'a>>,
}

/// A collection that lives as long as the process.
#[derive(Debug)]
pub(crate) struct Variable<'a> {
    /// The place of its file in the list of files.
    pub(crate) file: usize,
    /// `SESSIONS`, `self.items`.
    pub(crate) name: String,
    /// Where it is made.
    pub(crate) extent: Extent,
    /// What is done with it for requests.
    pub(crate) uses: Vec<Use<'a>>,
    /// Whether something is taken out of it anywhere in its file, or its length is looked at: other than for a request too.
    pub(crate) is_pruned: bool,
}

/// One thing that is done with a collection.
#[derive(Debug)]
pub(crate) struct Use<'a> {
    /// The place of the file.
    pub(crate) file: usize,
    /// The function that does it.
    pub(crate) function: &'a Function,
    /// The place of that function among those reached.
    pub(crate) by: usize,
    /// Where.
    pub(crate) extent: Extent,
    /// What.
    pub(crate) what: What<'a>,
}

/// Whether a function is given a request, by the name of a parameter.
pub(crate) fn takes_request(function: &Function) -> bool {
    function.parameters.iter().any(|parameter| {
        matches!(&parameter.pattern.kind, ExprKind::Name(name) if matches!(name.as_str(), "req" | "request" | "_req" | "ctx"))
    })
}

impl<'a> Process<'a> {
    /// Of a program that answers no requests.
    pub(crate) const NONE: &'static Process<'static> =
        &Process { reached: Vec::new(), variables: Vec::new() };

    /// What the functions that answer requests keep.
    pub(crate) fn of(project: &Project<'a>, web: &'a Web<'a>) -> Self {
        if web.handlers.is_empty() {
            return Self::default();
        }
        let reached = reach::reached(project, web);
        let shared = shared::Shared::of(project, web, &reached);
        let mut found: HashMap<(usize, Extent), Variable<'a>> = HashMap::new();
        for (by, one) in reached.iter().enumerate() {
            mention::each(project, &shared, one, &mut |at, extent, what| {
                let entry = found.entry((at.file, at.extent)).or_insert_with(|| Variable {
                    file: at.file,
                    name: at.name.clone(),
                    extent: at.extent,
                    uses: Vec::new(),
                    is_pruned: false,
                });
                entry.uses.push(Use { file: one.file, function: one.function, by, extent, what });
            });
        }
        let mut variables: Vec<Variable<'a>> = found.into_values().collect();
        variables.sort_by_key(|one| (one.file, one.extent));
        for variable in &mut variables {
            variable.is_pruned = mention::is_pruned(project, variable);
        }
        Self { reached, variables }
    }
}

impl<'a> Variable<'a> {
    /// Where requests add to it or change what is in it.
    pub(crate) fn adds(&self) -> impl Iterator<Item = &Use<'a>> {
        self.uses.iter().filter(|one| matches!(one.what, What::Adds { .. } | What::Replaces))
    }

    /// Where requests look into it.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &Use<'a>> {
        self.uses.iter().filter(|one| matches!(one.what, What::Reads))
    }
}
