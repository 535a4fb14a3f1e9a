//! The report for a person at a terminal: failure mode by failure mode, then what was not looked at, then the verdict
//! and why. Gravest first, yet the verdict comes last: that is where the eye is when the command ends.

use std::fmt::Write;

use anstyle::Style;
use seaworthy_core::{FailureMode, Finding, Location, Outcome, Producer, Severity, Verdict};

use crate::report::Report;
use crate::report::model::{Defect, Excerpt, trials};
use crate::terminal::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, visible};

/// How many notes and warnings of one rule are printed in full; the others are counted.
const MINOR_IN_FULL: usize = 5;
/// How many lines of a list are printed; the others are counted, and are in the other formats.
const LIST_IN_FULL: usize = 20;
/// How much of a reason stands under the verdict; the whole stands above.
const REASON_IN_FULL: usize = 200;
/// How many probes a command names.
const PROBES_IN_FULL: usize = 4;
/// How many names with one reason are written out.
const NAMES_IN_FULL: usize = 8;
/// Where running text is broken.
const WIDTH: usize = 100;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    for mode in FailureMode::ALL {
        failure_mode(&mut out, report, mode);
    }
    lists(&mut out, report);
    verdict(&mut out, report);
    out
}

/// What a failure mode is, in half a sentence.
pub(super) const fn meaning(mode: FailureMode) -> &'static str {
    match mode {
        FailureMode::HallucinatedConfidence => "names and calls that look right and are not",
        FailureMode::SharedBlindSpot => "tests from the same misreading as the code",
        FailureMode::ArchitectureDrift => "locally sensible, globally incoherent",
        FailureMode::SuperficialSecurity => "the happy path is right, attacks go unanswered",
        FailureMode::CompoundingError => "an hour off, a cent off, right 99.8% of the time",
    }
}

fn head(out: &mut String, report: &Report) {
    let subject = &report.decision.subject;
    let commit = match &subject.git_commit {
        Some(commit) => format!("commit {}", visible(commit.get(..12).unwrap_or(commit))),
        None => "not a clean commit".to_owned(),
    };
    let tree = subject.tree.short();
    // What was there before is not in such a report.
    let since = match &subject.base {
        Some(base) => format!(", only what came since {}", visible(base.get(..12).unwrap_or(base))),
        None => String::new(),
    };
    line(
        out,
        format_args!(
            "{BOLD}seaworthy{BOLD:#} {DIM}{}, tree {tree}, {commit}{since}{DIM:#}",
            visible(&report.root)
        ),
    );
}

fn failure_mode(out: &mut String, report: &Report, mode: FailureMode) {
    let tally = report.tally(mode);
    let defects = report.defects(mode);
    if tally == super::model::Tally::default() && defects.is_empty() {
        return;
    }
    let style = if tally.broken > 0 {
        RED
    } else if tally.inconclusive > 0 {
        YELLOW
    } else {
        GREEN
    };
    let mut counts = Vec::new();
    for (count, word) in [
        (tally.broken, "broken"),
        (tally.held, "held"),
        (tally.inconclusive, "could not tell"),
        (tally.not_applicable, "not applicable"),
    ] {
        if count > 0 {
            counts.push(format!("{count} {word}"));
        }
    }
    let name = mode.id().replace('-', " ");
    line(out, format_args!(""));
    line(out, format_args!("{style}{BOLD}{name}{BOLD:#}{style:#} {DIM}{}{DIM:#}", meaning(mode)));
    line(out, format_args!("  {}", counts.join(", ")));
    let mut minor: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for one in &defects {
        let shown = minor.entry(one.finding.rule.as_str()).or_default();
        if one.finding.severity < Severity::Error {
            *shown += 1;
        }
        if *shown <= MINOR_IN_FULL {
            defect(out, report, one);
        }
    }
    for (rule, count) in minor.into_iter().filter(|(_, count)| *count > MINOR_IN_FULL) {
        let (more, rule) = (count - MINOR_IN_FULL, visible(rule));
        line(
            out,
            format_args!("  {DIM}.. and {more} more of {rule} below error: --format json lists them{DIM:#}"),
        );
    }
    for observation in report.observations.iter().filter(|observation| observation.failure_mode == mode) {
        if let Outcome::Held = observation.outcome
            && let Some(bound) = observation.bound
        {
            let id = visible(observation.producer.id().as_str());
            line(
                out,
                format_args!("  {GREEN}held{GREEN:#} {id} {DIM}{}: {bound}{DIM:#}", trials(observation)),
            );
        }
    }
}

fn defect(out: &mut String, report: &Report, defect: &Defect<'_>) {
    let finding = defect.finding;
    let (style, mark) = mark(finding.severity);
    let variant =
        finding.variant.as_deref().map(|variant| format!(" ({})", visible(variant))).unwrap_or_default();
    line(out, format_args!(""));
    line(
        out,
        format_args!(
            "  {style}{mark}{style:#} {BOLD}{}{BOLD:#}{variant}  {CYAN}{}{CYAN:#}",
            visible(finding.rule.as_str()),
            place(finding)
        ),
    );
    wrapped(out, "    ", &finding.message);
    excerpt(out, report, finding);
    for related in &finding.related {
        let note = visible(related.note.as_deref().unwrap_or("see also"));
        line(out, format_args!("    {DIM}{}: {note}{DIM:#}", visible(&related.location.to_string())));
    }
    for other in &defect.confirmed_by {
        line(
            out,
            format_args!(
                "    {DIM}confirmed by {}: {}{DIM:#}",
                visible(other.rule.as_str()),
                visible(&other.message)
            ),
        );
    }
    if let Some(advice) = &finding.advice {
        wrapped(out, &format!("    {GREEN}do{GREEN:#}  "), advice);
    }
    let reproduce = defect
        .confirmed_by
        .iter()
        .map(|other| &other.reproduce)
        .fold(&finding.reproduce, |first, other| if first.is_empty() { other } else { first });
    for (index, command) in reproduce.iter().map(|line| visible(line)).enumerate() {
        let label = if index == 0 { "see " } else { "    " };
        line(out, format_args!("    {CYAN}{label}{CYAN:#}{command}"));
    }
    if let Some(command) = report.replay_of(defect) {
        line(out, format_args!("    {CYAN}or  {CYAN:#}{}", visible(&command)));
    }
}

const fn mark(severity: Severity) -> (Style, &'static str) {
    match severity {
        Severity::Error => (RED, "error"),
        Severity::Warning => (YELLOW, "warning"),
        Severity::Note => (DIM, "note"),
    }
}

fn place(finding: &Finding) -> String {
    match &finding.primary {
        Location::Endpoint { method, route, service } => match (method, route) {
            (Some(method), Some(route)) => visible(&format!("{method} {route}")),
            _ => visible(service),
        },
        other => visible(&other.to_string()),
    }
}

fn excerpt(out: &mut String, report: &Report, finding: &Finding) {
    let Location::Source { path, span } = &finding.primary else { return };
    let Some(Excerpt { first_line, lines }) = report.excerpts.get(&(path.clone(), span.line)) else { return };
    for (number, text) in (*first_line..).zip(lines) {
        let inside = (span.line..=span.end_line).contains(&number);
        let style = if inside { Style::new() } else { DIM };
        let text: String = visible(text).chars().take(WIDTH).collect();
        line(out, format_args!("    {DIM}{number:>5} |{DIM:#} {style}{text}{style:#}"));
        if inside && span.line == span.end_line {
            let width = span.end_column.saturating_sub(span.column).max(1).min(WIDTH as u32) as usize;
            // Tabs stay tabs, so that the marks stand below what they mark.
            let indent: String = text
                .chars()
                .take(span.column.saturating_sub(1) as usize)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            line(out, format_args!("    {DIM}      |{DIM:#} {indent}{RED}{}{RED:#}", "^".repeat(width)));
        }
    }
}

fn lists(out: &mut String, report: &Report) {
    let inconclusive: Vec<(String, String)> =
        report.inconclusive().into_iter().map(|(one, why)| (producer(&one.producer), why)).collect();
    list(out, "Could not tell", YELLOW, &together(inconclusive));
    let not_checked = report.not_checked().iter().map(|not| (not.what.clone(), not.why.clone())).collect();
    list(out, "Not checked", DIM, &together(not_checked));
    let suppressed: Vec<String> = report
        .suppressed()
        .iter()
        .map(|one| format!("{} {}: {}", one.location, one.rule, one.reason))
        .collect();
    list(out, "Suppressed in the source", DIM, &suppressed);
    let waived: Vec<String> =
        report.decision.waived.iter().map(|one| format!("{}: {}", one.what, one.why)).collect();
    list(out, "Waived", DIM, &waived);
    let inferred: Vec<String> =
        report.inferred.iter().map(|one| format!("{}: {}", one.what, one.why)).collect();
    list(out, "Inferred, since no plan says it", DIM, &inferred);
}

/// One line for all that have the same reason: a service that does not start is one thing to mend, not one for each probe.
fn together(items: Vec<(String, String)>) -> Vec<String> {
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    for (what, why) in items {
        match groups.iter_mut().find(|(_, known)| *known == why) {
            Some((whats, _)) => whats.push(what),
            None => groups.push((vec![what], why)),
        }
    }
    groups.into_iter().map(|(whats, why)| format!("{}: {why}", named(&whats))).collect()
}

/// `a, b and c`, or the first of them and how many more.
fn named(whats: &[String]) -> String {
    match whats {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] if whats.len() <= NAMES_IN_FULL => format!("{} and {last}", most.join(", ")),
        _ => {
            let first = whats.get(..NAMES_IN_FULL).unwrap_or_default().join(", ");
            format!("{first} and {} more", whats.len() - NAMES_IN_FULL)
        }
    }
}

fn producer(producer: &Producer) -> String {
    match producer {
        Producer::Probe { id, service, .. } => format!("{id} of {service}"),
        Producer::Oracle { id, name, .. } => format!("{id} {name}"),
        Producer::Check { id, .. } | Producer::Mutation { id, .. } => id.to_string(),
    }
}

fn list(out: &mut String, title: &str, style: Style, items: &[String]) {
    if items.is_empty() {
        return;
    }
    line(out, format_args!(""));
    line(out, format_args!("{style}{title}{style:#}"));
    for item in items.iter().take(LIST_IN_FULL) {
        wrapped(out, "  - ", item);
    }
    if items.len() > LIST_IN_FULL {
        line(
            out,
            format_args!(
                "  {DIM}.. and {} more: --format json lists them{DIM:#}",
                items.len() - LIST_IN_FULL
            ),
        );
    }
}

fn verdict(out: &mut String, report: &Report) {
    let decision = &report.decision;
    let (style, word, meaning) = match decision.verdict {
        Verdict::Clear => (GREEN, "CLEAR", "everything required was measured and held"),
        Verdict::Hold => (RED, "HOLD", "not fit for production"),
        Verdict::Unknown => (YELLOW, "UNKNOWN", "something required could not be told"),
    };
    line(out, format_args!(""));
    let counts = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| (report.count(severity), mark(severity).1))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .chain(
            Some(report.count_waived())
                .filter(|count| *count > 0)
                .map(|count| format!("{count} known or accepted before")),
        )
        .collect::<Vec<_>>()
        .join(", ");
    let counts = if counts.is_empty() { String::new() } else { format!(": {counts}") };
    line(out, format_args!("{style}{BOLD}{word}{BOLD:#} {meaning}{counts}{style:#}"));
    let split = |reason: &String| {
        let first = reason.lines().next().unwrap_or_default();
        let (what, why) = first.split_once(": ").unwrap_or((first, ""));
        (what.to_owned(), why.to_owned())
    };
    let reasons = together(decision.reasons.iter().map(split).collect());
    for reason in reasons.iter().take(LIST_IN_FULL) {
        let reason = reason.trim_end_matches([':', ' ']);
        wrapped(out, "  - ", &shortened(reason));
    }
    if reasons.len() > LIST_IN_FULL {
        line(out, format_args!("  .. and {} more", reasons.len() - LIST_IN_FULL));
    }
    for command in commands(decision.missing.iter().map(|missing| missing.command.as_str())) {
        let mut lines = command.lines().map(visible);
        line(out, format_args!("  {CYAN}would tell{CYAN:#}: {}", lines.next().unwrap_or_default()));
        lines.for_each(|next| line(out, format_args!("      {next}")));
    }
}

/// A reason at its usual length, cut between two words.
fn shortened(reason: &str) -> String {
    let Some((end, _)) = reason.char_indices().nth(REASON_IN_FULL) else { return reason.to_owned() };
    let short = reason.get(..end).unwrap_or_default();
    let whole = short.rsplit_once(' ').map_or(short, |(whole, _)| whole);
    format!("{whole} ..")
}

/// Each command once; one line for all the probes of a service.
fn commands<'a>(all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut groups: std::collections::BTreeMap<(&str, &str), std::collections::BTreeSet<&str>> =
        std::collections::BTreeMap::new();
    for command in all {
        let (before, probe) = command.split_once(" --probe ").unwrap_or((command, ""));
        let (probe, after) = probe.split_at(probe.find(' ').unwrap_or(probe.len()));
        groups.entry((before, after)).or_default().insert(probe);
    }
    let one = |((before, after), probes): ((&str, &str), std::collections::BTreeSet<&str>)| {
        // Of many, all of them are as quick to run as to read.
        let many = probes.len() > PROBES_IN_FULL;
        let named = probes.into_iter().filter(|probe| !many && !probe.is_empty());
        format!("{before}{}{after}", named.map(|probe| format!(" --probe {probe}")).collect::<String>())
    };
    groups.into_iter().map(one).collect()
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Limit: writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

/// Running text after a prefix, broken at white space; later lines are indented as far as the prefix is wide on screen.
fn wrapped(out: &mut String, prefix: &str, text: &str) {
    let indent = " ".repeat(anstream::adapter::strip_str(prefix).to_string().chars().count());
    let mut lead = prefix.to_owned();
    for paragraph in text.lines().map(visible) {
        let mut row = String::new();
        for word in paragraph.split(' ') {
            if !row.is_empty() && indent.len() + row.chars().count() + 1 + word.chars().count() > WIDTH {
                line(out, format_args!("{lead}{row}"));
                lead.clone_from(&indent);
                row.clear();
            }
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(word);
        }
        line(out, format_args!("{lead}{row}"));
        lead.clone_from(&indent);
    }
}
