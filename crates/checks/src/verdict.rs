//! From what a check said to its observation: what is set aside, what it weighs, what came out.

use std::collections::BTreeMap;
use std::time::Duration;

use seaworthy_core::finding::Identity;
use seaworthy_core::observation::Reason;
use seaworthy_core::{
    Digest, FailureMode, Finding, NotChecked, Observation, Outcome, Producer, Severity, Suppressed, TimeSpan,
};

use crate::facts::reader::Unread;
use crate::facts::source::SourceFile;
use crate::packages::Packages;
use crate::registry::{Meta, Run};
use crate::report::{Draft, Report};
use crate::rules::TextFile;
use crate::run::{Request, is_within};
use crate::suppression::{self, Suppression, Used};

/// What one check or rule said about the whole tree.
pub(crate) struct Judged<'m> {
    pub(crate) meta: &'m Meta,
    /// How it ran; a project's own rule runs over each file that it applies to.
    run: Option<Run>,
    /// What it found and nobody set aside.
    pub(crate) drafts: Vec<Draft>,
    suppressed: Vec<(Draft, String)>,
    skipped: Vec<NotChecked>,
    trials: u64,
    took: Duration,
    panics: u64,
    cut_short: Option<String>,
}

impl<'m> Judged<'m> {
    pub(crate) fn new(meta: &'m Meta, run: Option<Run>) -> Self {
        Self {
            meta,
            run,
            drafts: Vec::new(),
            suppressed: Vec::new(),
            skipped: Vec::new(),
            trials: 0,
            took: Duration::ZERO,
            panics: 0,
            cut_short: None,
        }
    }

    /// Takes in what it said about one file or the project.
    pub(crate) fn take(&mut self, report: Report<'_>, took: Duration, panicked: bool) {
        self.drafts.extend(report.drafts);
        self.skipped.extend(report.skipped);
        self.trials += report.trials;
        self.took += took;
        self.panics += u64::from(panicked);
        self.cut_short = self.cut_short.take().or(report.cut_short);
    }
}

/// The files whose comments may set findings aside, each list in order of path.
#[derive(Clone, Copy)]
pub(crate) struct Given<'f> {
    pub(crate) files: &'f [SourceFile],
    pub(crate) texts: &'f [TextFile],
}

impl<'f> Given<'f> {
    fn of(self, path: &str) -> &'f [Suppression] {
        let file = self
            .files
            .binary_search_by(|file| file.path.as_str().cmp(path))
            .ok()
            .and_then(|at| self.files.get(at));
        let text = || {
            self.texts
                .binary_search_by(|text| text.path.as_str().cmp(path))
                .ok()
                .and_then(|at| self.texts.get(at))
        };
        let of_file = file.map(|file| file.suppressions.as_slice());
        of_file.or_else(|| text().map(|text| text.suppressions.as_slice())).unwrap_or_default()
    }
}

/// Which suppressions set something aside.
pub(crate) fn used(judged: &[Judged<'_>], given: Given<'_>) -> Used {
    let mut used = Used::new();
    for judged in judged {
        let id = &judged.meta.id;
        for draft in &judged.drafts {
            let covering = suppression::covering(given.of(&draft.path), id, draft.line, draft.end_line);
            used.extend(covering.map(|(at, _)| (draft.path.clone(), at, id.clone())));
        }
    }
    used
}

/// Sets aside what the source says is to be set aside, and puts the rest in order.
pub(crate) fn set_aside(judged: &mut [Judged<'_>], given: Given<'_>) {
    for judged in judged {
        judged.drafts.sort_by(|a, b| (&a.path, a.start).cmp(&(&b.path, b.start)));
        number(&mut judged.drafts);
        // What is said about suppressions cannot be suppressed.
        if matches!(judged.run, Some(Run::Afterwards(_))) {
            continue;
        }
        let (mut kept, id) = (Vec::new(), &judged.meta.id);
        for draft in std::mem::take(&mut judged.drafts) {
            match suppression::covering(given.of(&draft.path), id, draft.line, draft.end_line) {
                Some((_, given)) => judged.suppressed.push((draft, given.reason.clone())),
                None => kept.push(draft),
            }
        }
        judged.drafts = kept;
    }
}

/// Numbers otherwise equal findings in the order of the file.
fn number(drafts: &mut [Draft]) {
    let mut seen: BTreeMap<(String, &str, String, String), u32> = BTreeMap::new();
    for draft in drafts {
        let key = (draft.path.clone(), draft.variant, draft.symbol.clone(), draft.normal_text());
        let count = seen.entry(key).or_default();
        draft.ordinal = *count;
        *count += 1;
    }
}

/// See [`crate::inputs`].
pub(crate) fn inputs(request: &Request<'_>, packages: &Packages) -> Digest {
    let base = request.base.map(|base| base.digest().0.to_string()).unwrap_or_default();
    // The plan is not always of the tree: git need not keep it. Limit: plain data always serialises.
    let plan = Digest::of(&serde_json::to_vec(request.plan).unwrap_or_default());
    let rules = request.rules.digest().map(|digest| digest.to_string()).unwrap_or_default();
    let mut fields = vec![packages.digest().to_string(), base, plan.to_string(), rules];
    fields.extend(request.paths.iter().cloned());
    Digest::of_fields(fields)
}

/// What was looked at, and what was not.
#[derive(Clone, Copy)]
pub(crate) struct Looked<'l> {
    /// Whether any source was read: where the plan leaves all of it out, nothing was tried.
    pub(crate) any_source: bool,
    /// Source that could not be read and might hold what a check looks for.
    pub(crate) unread: &'l [Unread],
    /// Routes whose handlers nobody looked at.
    pub(crate) unread_routes: &'l [NotChecked],
}

/// The observation of one check.
pub(crate) fn observe(
    judged: Judged<'_>,
    request: &Request<'_>,
    inputs: Digest,
    looked: Looked<'_>,
) -> Observation {
    let meta = judged.meta;
    let weight = request.plan.checks.severity.get(meta.id.as_str()).and_then(|severity| severity.severity());
    let within = |draft: &Draft| is_within(&draft.path, request.paths);
    let drafts = judged.drafts.into_iter().filter(within);
    let findings: Vec<Finding> = drafts.map(|draft| finish(draft, weight)).collect();
    let suppressed =
        judged.suppressed.into_iter().filter(|(draft, _)| within(draft)).map(|(draft, reason)| {
            let finding = finish(draft, weight);
            let (rule, location) = (finding.rule.clone(), finding.primary.clone());
            Suppressed { rule, location, reason, finding: Some(Box::new(finding)) }
        });
    let suppressed: Vec<Suppressed> = suppressed.collect();
    let trials = judged.trials.max((findings.len() + suppressed.len()) as u64);
    let outcome = if findings.iter().any(|finding| finding.severity == Severity::Error) {
        Outcome::Broken
    } else if judged.panics > 0 {
        let what = format!("{} panicked on {} of the files; please report it", meta.id, judged.panics);
        Outcome::Inconclusive(Reason::Internal { what })
    } else if let Some(what) = gap(meta, trials, request, looked.unread).or(judged.cut_short) {
        Outcome::Inconclusive(Reason::Other { what })
    } else if let Some(what) = no_handler(meta, judged.run, looked.unread_routes).filter(|_| trials == 0) {
        Outcome::Inconclusive(Reason::Other { what })
    } else if trials > 0 {
        Outcome::Held
    } else if !looked.any_source {
        Outcome::Inconclusive(Reason::NoTrials)
    } else {
        Outcome::NotApplicable(Reason::NoSuchSubject { what: meta.applies_to.to_owned() })
    };
    Observation {
        subject: request.subject.clone(),
        producer: Producer::Check { id: meta.id.clone(), version: meta.version },
        failure_mode: meta.failure_mode,
        outcome,
        findings,
        suppressed,
        skipped: judged.skipped,
        trials,
        bound: None,
        span: TimeSpan {
            started_at: request.started_at,
            duration_ms: u64::try_from(judged.took.as_millis()).unwrap_or(u64::MAX),
        },
        inputs,
        artifacts: Vec::new(),
        independence: None,
    }
}

/// What keeps a check from saying that it found nothing: source that it could not look into. Unread tests are a gap only for what is about tests.
fn gap(meta: &Meta, trials: u64, request: &Request<'_>, unread: &[Unread]) -> Option<String> {
    let about_tests = meta.failure_mode == FailureMode::SharedBlindSpot;
    let mut unread =
        unread.iter().filter(|one| is_within(&one.path, request.paths) && (about_tests || !one.is_test));
    let first = unread.next()?;
    let more = match unread.count() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let found = if trials == 0 { format!("found no {} in", meta.applies_to) } else { "held in".to_owned() };
    Some(format!(
        "{found} what could be read, and {}{more} could not be ({}): mend it, or leave it out with `[checks] exclude` in \
         seaworthy.toml",
        first.path, first.why
    ))
}

/// What keeps a check about handlers from saying that there is none: routes that could not be read.
fn no_handler(meta: &Meta, run: Option<Run>, unread: &[NotChecked]) -> Option<String> {
    let about_handlers = matches!(run, Some(Run::Handlers(_) | Run::Flow(_)));
    let first = unread.first().filter(|_| about_handlers)?;
    let more = match unread.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    Some(format!(
        "found no {} in the routes that could be read, and others could not be: {}{more} ({})",
        meta.applies_to, first.what, first.why
    ))
}

fn finish(draft: Draft, weight: Option<Severity>) -> Finding {
    let builder = match weight {
        Some(severity) => draft.builder.severity(severity),
        None => draft.builder,
    };
    builder.identify(Identity { symbol: &draft.symbol, text: &draft.text, ordinal: draft.ordinal })
}
