//! One run: facts once, in parallel; then every check; then suppression, and one observation a check.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use seaworthy_core::limits::SYNTAX_STACK_BYTES;
use seaworthy_core::surface::Surface;
use seaworthy_core::{NotChecked, Observation, Plan, RuleId, Subject, Timestamp};

use crate::change::{self, Renames};
use crate::context::Context;
use crate::database::Database;
use crate::facts::definitions::Definitions;
use crate::facts::graph::Graph;
use crate::facts::reader::{self, Sources, Unread};
use crate::flow::{self, Flow};
use crate::framework::{self, defined::Defined, web::Web};
use crate::packages::Packages;
use crate::process::Process;
use crate::registry::{Applied, CHECKS, Check, Meta, Run};
use crate::report::Report;
use crate::rules::{self, Rule, Rules};
use crate::tree::Tree;
use crate::verdict::{self, Given, Judged, Looked};

/// What is to be checked.
pub struct Request<'a> {
    /// The files.
    pub tree: &'a Tree,
    /// The plan.
    pub plan: &'a Plan,
    /// The project's own rules. They are those of the tree that is judged, also where they are matched in the base.
    pub rules: &'a Rules,
    /// The tree to compare with: only what it does not already have is reported.
    pub base: Option<&'a Tree>,
    /// Files and folders to which findings are restricted, relative to the root; empty for all. Facts are of the whole tree.
    pub paths: &'a [String],
    /// Folders of installed Python packages (`site-packages`) besides those of the project's own virtual environment.
    pub python_paths: &'a [PathBuf],
    /// What the observations are about.
    pub subject: &'a Subject,
    /// When the run began.
    pub started_at: Timestamp,
    /// The checks and rules to run; all when absent.
    pub only: Option<&'a [RuleId]>,
    /// Told of each step.
    pub progress: &'a dyn Progress,
}

/// Told how far a run is.
pub trait Progress: Sync {
    /// `done` of `total` parts of `step` are done. Called from several threads, often.
    fn advance(&self, step: &'static str, done: u64, total: u64);
}

/// Progress that nobody looks at.
pub struct Quiet;

impl Progress for Quiet {
    fn advance(&self, _step: &'static str, _done: u64, _total: u64) {}
}

/// What came out.
#[derive(Debug)]
pub struct Checked {
    /// One a check, in the order of the list.
    pub observations: Vec<Observation>,
    /// What the program offers to the outside, read from the source.
    pub surface: Surface,
    /// What nobody looked at.
    pub not_checked: Vec<NotChecked>,
    /// How many files were read as source.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The folders outside the tree that were looked into; see [`crate::state_of`].
    pub consulted: Vec<PathBuf>,
}

/// What the checks say about one tree, with what the source sets aside set aside. The syntax it was read from is gone: of two trees, only one is
/// held at a time.
struct Judgement<'m> {
    /// How many files were read as source.
    files: u64,
    /// Their bytes.
    bytes: u64,
    not_checked: Vec<NotChecked>,
    unread: Vec<Unread>,
    surface: Surface,
    /// Routes whose handlers nobody looked at.
    unread_routes: Vec<NotChecked>,
    judged: Vec<Judged<'m>>,
}

/// What is run: checks, then rules.
struct Asked<'m> {
    checks: Vec<&'static Check>,
    rules: Vec<&'m Rule>,
}

/// Runs the checks. Nothing in the tree makes it fail: what cannot be read is listed, and a check that panics is inconclusive.
pub fn run(request: &Request<'_>) -> Checked {
    let pool =
        rayon::ThreadPoolBuilder::new().stack_size(SYNTAX_STACK_BYTES).thread_name(|n| format!("checks-{n}"));
    match pool.build() {
        Ok(pool) => pool.install(|| run_here(request)),
        // Limit: no thread can be had; with the caller's stack, deep nesting is still an error of the file.
        Err(_) => run_here(request),
    }
}

fn run_here(request: &Request<'_>) -> Checked {
    let plan = request.plan;
    let off = |meta: &Meta| {
        plan.checks.severity.get(meta.id.as_str()).is_some_and(|severity| severity.severity().is_none())
    };
    let asked = |meta: &Meta| request.only.is_none_or(|only| only.contains(&meta.id)) && !off(meta);
    let asked = Asked {
        checks: CHECKS.iter().copied().filter(|check| asked(&check.meta)).collect(),
        rules: request.rules.list().iter().filter(|rule| asked(&rule.meta) && !rule.is_off()).collect(),
    };
    let packages = Packages::find(request.tree, request.tree.root(), request.python_paths);
    let mut head = judge(request.tree, request, &packages, &asked);
    if let Some(base) = request.base {
        let before = judge(base, request, &packages, &asked);
        let renames = Renames::between(base, request.tree);
        for (now, before) in head.judged.iter_mut().zip(&before.judged) {
            now.drafts = change::only_new(std::mem::take(&mut now.drafts), &before.drafts, &renames);
        }
        // What could not be read before and is as it was is not what the change brings.
        let as_it_was = |path: &str| {
            let digest = |tree: &Tree| tree.entry(path).and_then(|entry| tree.digest_of(entry).ok());
            digest(base) == digest(request.tree)
        };
        head.unread.retain(|one| !(before.unread.contains(one) && as_it_was(&one.path)));
    }
    let inputs = verdict::inputs(request, &packages);
    let looked =
        Looked { any_source: head.files > 0, unread: &head.unread, unread_routes: &head.unread_routes };
    let observations =
        head.judged.into_iter().map(|judged| verdict::observe(judged, request, inputs, looked)).collect();
    let mut not_checked = request.tree.left_out().to_vec();
    not_checked.append(&mut head.not_checked);
    // Of the checks that are switched off the policy says so.
    let metas = request.rules.list().iter().map(|rule| &rule.meta);
    not_checked.extend(metas.filter(|meta| off(meta)).map(|meta| NotChecked {
        what: meta.id.to_string(),
        why: "switched off by `[checks] severity` in seaworthy.toml".to_owned(),
    }));
    not_checked.extend(
        asked
            .rules
            .iter()
            .flat_map(|rule| rule.doubts().map(|why| NotChecked { what: rule.id().to_string(), why })),
    );
    let silent = request.rules.list().iter().filter(|rule| rule.is_off());
    not_checked.extend(silent.map(|rule| NotChecked {
        what: rule.id().to_string(),
        why: format!("switched off by its own `severity` in {}", rule.place()),
    }));
    Checked {
        observations,
        surface: head.surface,
        not_checked,
        files: head.files,
        bytes: head.bytes,
        consulted: packages.consulted().folders(),
    }
}

/// The digest that every observation of a run of this request carries as its inputs: installed packages, the plan, the project's own rules,
/// the base and the paths it is restricted to. An observation made with other inputs says nothing about this request.
pub fn inputs(request: &Request<'_>) -> seaworthy_core::Digest {
    verdict::inputs(request, &Packages::find(request.tree, request.tree.root(), request.python_paths))
}

fn judge<'m>(tree: &Tree, request: &Request<'_>, packages: &Packages, asked: &Asked<'m>) -> Judgement<'m> {
    let mut sources = reader::read(tree, request.plan, request.progress);
    let (texts, not_read) = rules::texts(&asked.rules, tree, request.plan);
    sources.not_checked.extend(not_read.iter().cloned());
    let graph = Graph::of(tree, &sources.files);
    let definitions = Definitions::of(&sources.files);
    let defined = Defined::of(&sources.files);
    let bare = Context {
        tree,
        plan: request.plan,
        files: &sources.files,
        texts: &texts,
        graph: &graph,
        definitions: &definitions,
        defined: &defined,
        packages,
        web: Web::NONE,
        database: Database::NONE,
        process: Process::NONE,
    };
    let project = framework::Project::of(&bare);
    let mut of_files = Vec::new();
    let (surface, unread_routes, of_project) = rayon::in_place_scope(|scope| {
        // Who answers requests is read on one thread; meanwhile the others look at each file on its own.
        scope.spawn(|_| of_files = by_file(&bare, request, asked));
        let (surface, web) = who_answers(&project, &sources);
        let mut unread = web.unread.clone();
        let database =
            read_or_say("what requests do to the database", &mut unread, || Database::of(&project, &web));
        let process =
            read_or_say("what requests keep in the process", &mut unread, || Process::of(&project, &web));
        let flow = flow_of(&project, &web, &asked.checks);
        let context = Context { web: &web, database: &database, process: &process, ..bare };
        let ran = by_project(&context, flow.as_ref(), asked);
        (surface, unread, ran)
    });
    let checks = asked.checks.iter().map(|check| Judged::new(&check.meta, Some(check.run)));
    let rules = asked.rules.iter().map(|rule| Judged::new(&rule.meta, None));
    let mut judged: Vec<Judged<'m>> = checks.chain(rules).collect();
    for ran in of_files.into_iter().chain(of_project) {
        if let Some(judged) = judged.get_mut(ran.check) {
            judged.take(ran.report, ran.took, ran.panicked);
        }
    }
    for (at, report) in rules::on_unread(&asked.rules, &not_read) {
        if let Some(judged) = judged.get_mut(asked.checks.len() + at) {
            judged.take(report, Duration::ZERO, false);
        }
    }
    // What is about the suppressions needs to know what the others found.
    let used = verdict::used(&judged, Given { files: &sources.files, texts: &texts });
    let ids: Vec<RuleId> = judged.iter().map(|judged| judged.meta.id.clone()).collect();
    let applied = Applied { used: &used, ran: &ids, rules: request.rules };
    for (at, check) in asked.checks.iter().enumerate() {
        let Run::Afterwards(run) = check.run else { continue };
        let ran = guarded(at, &check.meta, &mut |report| run(&bare, &applied, report));
        if let Some(judged) = judged.get_mut(at) {
            judged.take(ran.report, ran.took, ran.panicked);
        }
    }
    verdict::set_aside(&mut judged, Given { files: &sources.files, texts: &texts });
    let Sources { files, not_checked, unread, bytes } = sources;
    Judgement { files: files.len() as u64, bytes, not_checked, unread, surface, unread_routes, judged }
}

/// What the program offers to the outside and who answers; what could not be read of it is listed.
fn who_answers<'a>(project: &'a framework::Project<'a>, sources: &Sources) -> (Surface, Web<'a>) {
    let read = catch_unwind(AssertUnwindSafe(|| framework::read(project)));
    let (mut surface, web) = read.unwrap_or_else(|_| {
        let why = "a defect in Seaworthy: reading them failed".to_owned();
        let not_read = vec![NotChecked { what: "routes".to_owned(), why }];
        (
            Surface { not_read: not_read.clone(), ..Surface::default() },
            Web { unread: not_read, ..Web::default() },
        )
    });
    let mut unread = sources.unread.iter().filter(|one| !one.is_test);
    if let Some(first) = unread.next() {
        let more = match unread.count() {
            0 => String::new(),
            count => format!(" and {count} more unread files"),
        };
        let what = format!("routes in {}{more}", first.path);
        surface.not_read.push(NotChecked { what, why: first.why.clone() });
        surface.complete = false;
    }
    (surface, web)
}

/// A fact about the handlers. Where reading it fails, what is about handlers has not looked at everything.
fn read_or_say<T: Default>(what: &str, unread: &mut Vec<NotChecked>, read: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let why = "a defect in Seaworthy: reading it failed".to_owned();
        unread.push(NotChecked { what: what.to_owned(), why });
        T::default()
    })
}

/// What callers send and where it gets to, when a check asks; `None` when following it failed.
fn flow_of(project: &framework::Project<'_>, web: &Web<'_>, checks: &[&'static Check]) -> Option<Flow> {
    if !checks.iter().any(|check| matches!(check.run, Run::Flow(_))) {
        return Some(Flow::default());
    }
    catch_unwind(AssertUnwindSafe(|| flow::follow(project, web))).ok()
}

/// What is asked of each file on its own: checks and rules, in parallel.
fn by_file<'m>(context: &Context<'_>, request: &Request<'_>, asked: &Asked<'m>) -> Vec<Ran<'m>> {
    let files =
        context.files.iter().map(rules::Read::Source).chain(context.texts.iter().map(rules::Read::Text));
    let files: Vec<rules::Read<'_>> = files.collect();
    let done = AtomicU64::new(0);
    let total = files.len() as u64;
    let ran: Vec<Vec<Ran<'m>>> = files
        .par_iter()
        .map(|file| {
            let mut ran = Vec::new();
            if let rules::Read::Source(file) = file {
                ran.extend(asked.checks.iter().enumerate().filter_map(|(at, check)| match check.run {
                    Run::File(run) => {
                        Some(guarded(at, &check.meta, &mut |report| run(context, file, report)))
                    }
                    Run::Project(_) | Run::Handlers(_) | Run::Flow(_) | Run::Afterwards(_) => None,
                }));
            }
            rules::on_file(&asked.rules, *file, &mut |at, rule, say| {
                ran.push(guarded(asked.checks.len() + at, &rule.meta, say));
            });
            ran.retain(Ran::says_something);
            request.progress.advance("checking", done.fetch_add(1, Ordering::Relaxed) + 1, total);
            ran
        })
        .collect();
    ran.into_iter().flatten().collect()
}

fn by_project<'m>(context: &Context<'_>, flow: Option<&Flow>, asked: &Asked<'m>) -> Vec<Ran<'m>> {
    let ran = asked.checks.par_iter().enumerate().filter_map(|(at, check)| match check.run {
        Run::Project(run) | Run::Handlers(run) => {
            Some(guarded(at, &check.meta, &mut |report| run(context, report)))
        }
        // What could not be followed was not looked at.
        Run::Flow(run) => Some(match flow {
            Some(flow) => guarded(at, &check.meta, &mut |report| run(context, flow, report)),
            None => Ran { check: at, report: Report::new(&check.meta), took: Duration::ZERO, panicked: true },
        }),
        Run::File(_) | Run::Afterwards(_) => None,
    });
    ran.collect()
}

/// What one call of one check or rule came to.
struct Ran<'m> {
    /// Its place among what is run.
    check: usize,
    report: Report<'m>,
    took: Duration,
    panicked: bool,
}

impl Ran<'_> {
    fn says_something(&self) -> bool {
        self.panicked || !self.report.is_empty() || self.took > Duration::ZERO
    }
}

/// Runs a check or rule; a panic of it is its own affair and nobody else's.
fn guarded<'m>(at: usize, meta: &'m Meta, run: &mut dyn FnMut(&mut Report<'m>)) -> Ran<'m> {
    let mut report = Report::new(meta);
    let began = Instant::now();
    let panicked = catch_unwind(AssertUnwindSafe(|| run(&mut report))).is_err();
    Ran { check: at, report, took: began.elapsed(), panicked }
}

/// Whether a path lies in one of the files or folders asked for.
pub(crate) fn is_within(path: &str, asked: &[String]) -> bool {
    asked.is_empty()
        || asked.iter().any(|asked| {
            let asked = asked.trim_start_matches("./").trim_end_matches('/');
            let below = path.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            asked.is_empty() || asked == "." || below
        })
}
