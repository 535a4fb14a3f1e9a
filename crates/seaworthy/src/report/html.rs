//! One page, self-contained: no request leaves it, so that it can be mailed, archived and opened years later.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use seaworthy_core::{FailureMode, Finding, Location, Outcome, Severity, Verdict};

use crate::report::Report;
use crate::report::model::{Defect, trials};
use crate::report::terminal::meaning;

/// Light and dark by the reader's preference; readable on a narrow screen.
const STYLE: &str = include_str!("page.css");
/// Filters by failure mode; without scripts everything is shown.
const SCRIPT: &str = include_str!("page.js");
/// Nothing but what is in the page may be used (CSP Level 3).
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) fn render(report: &Report) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (report.decision.verdict.id()) " - Seaworthy report on " (report.name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                (filter(report))
                main { @for mode in FailureMode::ALL { (section(report, mode)) } }
                (lists(report))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn head(report: &Report) -> Markup {
    let decision = &report.decision;
    let saying = match decision.verdict {
        Verdict::Clear => "Everything required was measured and held.",
        Verdict::Hold => "Not fit for production: what is listed here is broken.",
        Verdict::Unknown => "Nothing is known to be broken, but something required could not be told.",
    };
    html! {
        header class=(decision.verdict.id()) {
            p.verdict { (decision.verdict.id()) }
            h1 { (report.name) }
            p { (saying) }
            @if decision.verdict != Verdict::Clear && !decision.reasons.is_empty() {
                (why(&decision.reasons))
            }
            dl {
                dt { "tree" } dd { code { (decision.subject.tree) } }
                @if let Some(commit) = &decision.subject.git_commit { dt { "commit" } dd { code { (commit) } } }
                dt { "decided" } dd { (decision.at) }
                dt { "tool" } dd { "seaworthy " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

/// Reasons that stand at the top of the page; the others are one click away.
const REASONS: usize = 5;

fn why(reasons: &[String]) -> Markup {
    let (first, more) = reasons.split_at(reasons.len().min(REASONS));
    html! {
        section { h2 { "Why" }
            ul { @for reason in first { li { (prose(reason)) } } }
            @if !more.is_empty() {
                details { summary { "and " (more.len()) " more" } ul { @for reason in more { li { (prose(reason)) } } } }
            }
        }
    }
}

fn filter(report: &Report) -> Markup {
    html! {
        nav aria-label="Failure modes" {
            button type="button" data-mode="all" aria-pressed="true" { "All" }
            @for mode in FailureMode::ALL {
                button type="button" data-mode=(mode.id()) aria-pressed="false" {
                    (mode.id().replace('-', " ")) " " span.count { (report.defects(mode).len()) }
                }
            }
        }
    }
}

fn section(report: &Report, mode: FailureMode) -> Markup {
    let tally = report.tally(mode);
    html! {
        section data-mode=(mode.id()) {
            h2 { (mode.id().replace('-', " ")) }
            p.meaning { (meaning(mode)) ". "
                (tally.broken) " broken, " (tally.held) " held, " (tally.inconclusive) " could not be told, "
                (tally.not_applicable) " not applicable."
            }
            @for defect in report.defects(mode) { (article(report, &defect)) }
            @for observation in report.observations.iter().filter(|o| o.failure_mode == mode && o.outcome == Outcome::Held) {
                @if let Some(bound) = observation.bound {
                    p.held { strong { (observation.producer.id()) } " held over " (trials(observation)) ": " (bound) }
                }
            }
        }
    }
}

fn article(report: &Report, defect: &Defect<'_>) -> Markup {
    let finding = defect.finding;
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    html! {
        article class=(severity) id=(format!("f{}", finding.fingerprint.short())) {
            h3 { span.severity { (severity) } " " code { (finding.rule) }
                @if let Some(variant) = &finding.variant { " " span.variant { (variant) } } }
            p.place { (finding.primary) }
            p { (prose(&finding.message)) }
            (excerpt(report, finding))
            @if !finding.related.is_empty() {
                ul.related { @for related in &finding.related {
                    li { span.place { (related.location) } " " (prose(related.note.as_deref().unwrap_or("see also"))) }
                } }
            }
            @for other in &defect.confirmed_by { p.confirmed { "Confirmed by " code { (other.rule) } ": " (prose(&other.message)) } }
            @if let Some(advice) = &finding.advice { p.advice { strong { "What to do: " } (prose(advice)) } }
            @for shown in std::iter::once(finding).chain(defect.confirmed_by.iter().copied()) { (reproduction(report, shown)) }
            @if let Some(page) = report.pages.get(finding.rule.as_str()) {
                details { summary { "Why this matters" } pre.page { (page) } }
            }
        }
    }
}

/// Running text in which what stands between backticks is code.
fn prose(text: &str) -> Markup {
    html! { @for (index, part) in text.split('`').enumerate() {
        @if index % 2 == 1 { code { (part) } } @else { (part) }
    } }
}

fn reproduction(report: &Report, finding: &Finding) -> Markup {
    html! {
        @if !finding.reproduce.is_empty() {
            details open { summary { "Reproduce" } pre { (finding.reproduce.join("\n")) } }
        }
        @for (request, answer) in report.exchanges.get(&finding.fingerprint).into_iter().flatten() {
            details { summary { code { (first_line(request)) } " answered " code { (first_line(answer)) } }
                h4 { "Request" } pre { (request) }
                h4 { "Answer" } pre { (answer) }
            }
        }
    }
}

/// The first line of a message, as far as a summary has room for it.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_suffix(" HTTP/1.1").unwrap_or(line);
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}..", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

fn excerpt(report: &Report, finding: &Finding) -> Markup {
    let Location::Source { path, span } = &finding.primary else { return html! {} };
    let Some(excerpt) = report.excerpts.get(&(path.clone(), span.line)) else { return html! {} };
    html! {
        pre.code { @for (number, line) in (excerpt.first_line..).zip(&excerpt.lines) {
            span class=(if (span.line..=span.end_line).contains(&number) { "line here" } else { "line" }) {
                span.number { (number) } (line) "\n"
            }
        } }
    }
}

fn lists(report: &Report) -> Markup {
    let decision = &report.decision;
    let not_checked =
        report.not_checked().iter().map(|not| (not.what.clone(), not.why.clone())).collect::<Vec<_>>();
    let inconclusive =
        report.inconclusive().into_iter().map(|(one, why)| (one.producer.id().to_string(), why)).collect();
    let missing = decision.missing.iter().map(|one| (one.what.clone(), one.command.clone())).collect();
    let suppressed = report
        .suppressed()
        .iter()
        .map(|one| (format!("{} {}", one.location, one.rule), one.reason.clone()))
        .collect();
    let waived = decision.waived.iter().map(|one| (one.what.clone(), one.why.clone())).collect();
    let inferred = report.inferred.iter().map(|one| (one.what.clone(), one.why.clone())).collect();
    html! {
        footer {
            @if decision.verdict == Verdict::Clear {
                (why(&decision.reasons))
            }
            (list("Missing, and the command that would tell", missing))
            (list("Could not tell", inconclusive))
            (list("Not checked", not_checked))
            (list("Suppressed in the source", suppressed))
            (list("Waived", waived))
            (list("Inferred, since no plan says it", inferred))
        }
    }
}

fn list(title: &str, items: Vec<(String, String)>) -> Markup {
    html! { @if !items.is_empty() {
        section { h2 { (title) } dl { @for (what, why) in items { dt { (what) } dd { (why) } } } }
    } }
}
