//! Where data flows: from what a caller sends to where it can do harm, across functions and files.
//!
//! A walk begins at each function that answers a request and goes through everything that it calls, with what each name may hold
//! ([`value`]): constants, lists and objects with their parts, and what came from outside, each with the kinds of harm that it can still
//! do. Conditions on constants are decided; tests tell what is harmless where they hold ([`guard`]). What libraries do is in
//! [`library`], what requests are in [`outside`].
//!
//! Limit: one walk looks at a bounded number of expressions; what is then not looked at is listed.

mod answer;
mod call;
mod declared;
mod eval;
mod extracted;
pub(crate) mod finding;
mod guard;
mod index;
mod keyed;
mod known;
mod library;
mod matching;
mod operator;
mod outside;
mod page;
mod pattern;
mod rendered;
mod risk;
mod root;
mod session;
mod settings;
mod state;
mod stored;
mod template;
mod typed;
mod value;
mod walk;
mod web_request;

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use seaworthy_core::NotChecked;

pub use risk::Risk;

use self::index::Index;
use self::risk::Risks;
use self::stored::Written;
use self::value::Taint;
use self::walk::Walk;
use crate::context::Context;
use crate::facts::syntax::Extent;
use crate::framework::caller::guard_asks;
use crate::framework::web::{Handler, Reach, Web};
use crate::framework::{Framework, Project};

/// What was found of the whole project.
#[derive(Debug, Default)]
pub struct Flow {
    /// Each place where something from outside does harm, once.
    pub arrivals: Vec<Arrival>,
    /// How many places of each kind were looked at.
    pub looked: BTreeMap<Risk, u64>,
    /// What was not looked at to its end.
    pub cut_short: Vec<NotChecked>,
}

/// Something from outside has got where it does harm.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The harm.
    pub risk: Risk,
    /// The place of its file in the list of files.
    pub file: usize,
    /// The call, or what is given back.
    pub extent: Extent,
    /// The argument.
    pub argument: Extent,
    /// Into what: the name of what is called.
    pub into: String,
    /// What it is, for people.
    pub what: String,
    /// The same for every reading of the same thing.
    pub key: String,
    /// Whether constant text of the kind in question stands around it: words of SQL, tags.
    pub is_put_together: bool,
    /// The way, first step first: file, place, and half a sentence.
    pub way: Vec<(usize, Extent, String)>,
    /// The requests that get there, in order.
    pub reached_by: Vec<Way>,
    /// Where the template has it that prints it: `templates/post.html, line 4`.
    pub template: Option<String>,
}

/// A request that gets to a place, and what it has to pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// `POST /users`.
    pub request: String,
    /// The file and the name of the function that answers it.
    pub handler: (String, String),
    /// Whether something in front asks who is calling.
    pub is_asked: bool,
}

impl Way {
    fn of(context: &Context<'_>, handler: &Handler<'_>) -> Self {
        let path = context.files.get(handler.file).map(|file| file.path.clone()).unwrap_or_default();
        Self {
            request: format!("{} {}", handler.method, handler.path),
            handler: (path, handler.function.name.to_string()),
            is_asked: handler.guards.iter().any(|guard| guard_asks(context.files, guard)),
        }
    }
}

impl Arrival {
    fn of(risk: Risk, file: usize, extent: Extent, argument: Extent, into: &str, taint: &Taint) -> Self {
        let mut way = Vec::new();
        let mut step = taint.way.as_ref();
        while let Some(at) = step {
            way.push((at.file, at.extent, at.note.clone()));
            step = at.before.as_ref();
        }
        way.reverse();
        Self {
            risk,
            file,
            extent,
            argument,
            into: into.to_owned(),
            what: taint.origin.what.clone(),
            key: taint.origin.key.clone(),
            is_put_together: taint.beside.has(value::Beside::TEXT),
            way,
            reached_by: Vec::new(),
            template: None,
        }
    }
}

/// Follows what every handler is given.
pub(crate) fn follow(project: &Project<'_>, web: &Web<'_>) -> Flow {
    let mut seen = HashSet::new();
    let handlers: Vec<&Handler<'_>> =
        web.handlers.iter().filter(|handler| seen.insert(root::way_in(handler))).collect();
    let context = project.context;
    let index = Index::of(context);
    let parts: Vec<(Flow, Written)> = handlers
        .par_iter()
        // What a project remembers of its names is one thread's own.
        .map_init(|| Project::of(context), |project, handler| one(project, &index, handler))
        .collect();
    let mut flow = Flow::default();
    let mut known: HashMap<_, usize> = HashMap::new();
    let mut looked: BTreeMap<Risk, u64> = BTreeMap::new();
    let mut written = Written::new();
    for ((part, columns), handler) in parts.into_iter().zip(&handlers) {
        let way_in = root::way_in(handler);
        let same = web.handlers.iter().filter(|other| root::way_in(other) == way_in);
        let ways: Vec<Way> = same.map(|other| Way::of(context, other)).collect();
        for arrival in part.arrivals {
            let place = (arrival.risk, arrival.file, arrival.extent, arrival.argument);
            let at = *known.entry(place).or_insert(flow.arrivals.len());
            if at == flow.arrivals.len() {
                flow.arrivals.push(arrival);
            }
            if let Some(arrival) = flow.arrivals.get_mut(at) {
                arrival.reached_by.extend(ways.iter().cloned());
            }
        }
        for (column, open) in columns {
            let known = written.entry(column).or_insert(Risks::NONE);
            *known = known.with(open);
        }
        for (risk, count) in part.looked {
            *looked.entry(risk).or_default() += count;
        }
        flow.cut_short.extend(part.cut_short);
    }
    flow.arrivals.retain(|arrival| {
        let column = stored::left_in(arrival);
        column.is_none_or(|column| written.get(column).is_some_and(|open| open.has(arrival.risk)))
    });
    flow.arrivals.sort_by_key(|arrival| (arrival.file, arrival.extent, arrival.risk));
    for arrival in &mut flow.arrivals {
        arrival.reached_by.sort_unstable();
        arrival.reached_by.dedup();
    }
    flow.cut_short.sort();
    flow.cut_short.dedup();
    flow.looked = looked;
    flow
}

/// One handler, and what stands before it; what it writes into columns.
fn one<'a>(project: &Project<'a>, index: &Index<'a>, handler: &Handler<'a>) -> (Flow, Written) {
    let mut walk = Walk::new(project, index);
    walk.answers = Some(handler.framework);
    walk.path_is_fixed = handler.method != "*" || !handler.path.is_empty();
    walk.path_is_fixed &= !handler.path.contains(['{', '<', '*', ':', '(']);
    for guard in &handler.guards {
        // What is put around a handler of Next.js is given the handler, not the request; `param` of Koa's router the value first.
        let is_other = match handler.framework {
            // What a dependency or an extractor gives is an argument of the handler.
            Framework::FastApi | Framework::Axum | Framework::ActixWeb => true,
            Framework::NextJs => guard.reach == Reach::Route,
            Framework::Koa => guard.option == Some("param"),
            _ => false,
        };
        let (Some((file, function)), false) = (guard.function, is_other) else { continue };
        walk.before(guard, (file, function), handler);
    }
    walk.root(handler.file, handler.function, handler);
    let mut cut_short = Vec::new();
    if walk.is_cut_short()
        && let Some(file) = project.context.files.get(handler.file)
    {
        cut_short.push(NotChecked {
            what: format!("where data of {} {} flows", handler.method, handler.path),
            why: format!("{}: it calls more, or deeper, than is followed", file.path),
        });
    }
    only_the_worst(&mut walk.arrivals);
    let looked = walk.looked.iter().map(|(risk, places)| (*risk, places.len() as u64)).collect();
    (Flow { arrivals: walk.arrivals, looked, cut_short }, walk.written)
}

/// Of a path that is asked about and then opened, the opening tells; asking alone tells what there is.
fn only_the_worst(arrivals: &mut Vec<Arrival>) {
    const ASKS: &[&str] = &["exists", "isfile", "isdir", "stat", "is_file", "existsSync", "statSync"];
    let asks = |arrival: &Arrival| ASKS.contains(&arrival.into.rsplit('.').next().unwrap_or(&arrival.into));
    let worse: HashSet<(Risk, String)> = arrivals
        .iter()
        .filter(|arrival| !asks(arrival))
        .map(|arrival| (arrival.risk, arrival.key.clone()))
        .collect();
    arrivals.retain(|arrival| !asks(arrival) || !worse.contains(&(arrival.risk, arrival.key.clone())));
}
