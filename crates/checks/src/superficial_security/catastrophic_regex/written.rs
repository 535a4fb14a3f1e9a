//! Patterns that are written in the source.

use std::collections::{BTreeSet, HashMap};

use seaworthy_core::{Confidence, Severity};

use crate::context::Context;
use crate::facts::backtracking::{Attack, Engine, Flags, Growth, Pattern, Start, attack};
use crate::facts::nodes::{Around, Node, each_in_body, each_node, enclosing_function};
use crate::facts::plain_text;
use crate::facts::service::server_files;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function, Literal};
use crate::facts::values::{FileValues, called_name};
use crate::flow::{Arrival, Flow, Risk};
use crate::language::Language;
use crate::report::Report;

/// Patterns longer than this are tables; they are written by programs.
const LONG: usize = 400;

/// A pattern where it is tried.
struct Tried {
    text: String,
    engine: Engine,
    flags: Flags,
    start: Start,
    /// Where it is written.
    extent: Extent,
}

/// What was found of patterns that were looked at before: one is often tried at several places.
type Known = HashMap<(String, bool, bool, bool, u8), Option<Attack>>;

pub(super) fn judge(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    let mut known = Known::new();
    let mut said: BTreeSet<(usize, u32)> = BTreeSet::new();
    // Patterns that were seen to be tried on short texts.
    let mut bounded: BTreeSet<(usize, u32)> = BTreeSet::new();
    let mut by_file: HashMap<usize, Vec<&Arrival>> = HashMap::new();
    for arrival in flow.arrivals.iter().filter(|arrival| arrival.risk == Risk::Subject) {
        by_file.entry(arrival.file).or_default().push(arrival);
    }
    let mut files: Vec<usize> = by_file.keys().copied().collect();
    files.sort_unstable();
    for at in files {
        let (Some(file), Some(arrivals)) = (context.files.get(at), by_file.get(&at)) else { continue };
        for (arrival, tried, bound) in tried_on(file, arrivals) {
            report.trial();
            let Some(attack) = hard(&mut known, &tried) else { continue };
            if bound.is_enough(attack.growth) {
                bounded.insert((at, tried.extent.start));
            } else if said.insert((at, tried.extent.start)) {
                outside(context, file, arrival, &tried, &attack, report);
            }
        }
    }
    if context.web.handlers.is_empty() {
        return;
    }
    for at in server_files(context) {
        let Some(file) = context.files.get(at) else { continue };
        if file.language == Language::Rust || plain_text::is_example(&file.path) {
            continue;
        }
        for tried in nested(file) {
            report.trial();
            let attack = hard(&mut known, &tried).filter(|attack| attack.growth == Growth::Exponential);
            if let Some(attack) = attack
                && !bounded.contains(&(at, tried.extent.start))
                && said.insert((at, tried.extent.start))
            {
                elsewhere(file, &tried, &attack, report);
            }
        }
    }
}

fn hard(known: &mut Known, tried: &Tried) -> Option<Attack> {
    let Flags { ignore_case, multi_line, dot_all } = tried.flags;
    let start = match tried.start {
        Start::Anywhere => 0,
        Start::Beginning => 1,
        Start::Whole => 2,
    };
    known
        .entry((tried.text.clone(), ignore_case, multi_line, dot_all, start))
        .or_insert_with(|| {
            let loops = tried.text.contains(['*', '+']) || tried.text.contains(",}");
            if tried.text.len() > LONG || !loops {
                return None;
            }
            attack(&Pattern::read(&tried.text, tried.engine, tried.flags, tried.start)?)
        })
        .clone()
}

fn outside(
    context: &Context<'_>,
    file: &SourceFile,
    arrival: &Arrival,
    tried: &Tried,
    attack: &Attack,
    report: &mut Report<'_>,
) {
    let what = &arrival.what;
    let (severity, harm) = match attack.growth {
        Growth::Exponential => (
            Severity::Error,
            "the time doubles with each part: sixty of them keep this process busy for hours",
        ),
        Growth::Power(2) => {
            (Severity::Note, "the time grows with the square of the length: 100,000 characters take seconds")
        }
        Growth::Power(_) => (
            Severity::Error,
            "the time grows with the third power of the length or more: 10,000 characters take minutes",
        ),
    };
    let mut draft = report
        .at(
            file,
            tried.extent,
            format!("{what} is tried with `{}`, and with {} {harm}", shown(&tried.text), worst(attack)),
        )
        .variant("written")
        .severity(severity)
        .confidence(Confidence::High)
        .advice(advice(file));
    for (at, extent, note) in &arrival.way {
        if let Some(file) = context.files.get(*at) {
            draft = draft.related(file, *extent, note.clone());
        }
    }
    report.add(draft);
}

fn elsewhere(file: &SourceFile, tried: &Tried, attack: &Attack, report: &mut Report<'_>) {
    let message = format!(
        "with {} the time that `{}` takes doubles with each part: should a caller's text get here, sixty of them keep this process busy for hours",
        worst(attack),
        shown(&tried.text)
    );
    report.add(
        report
            .at(file, tried.extent, message)
            .variant("written")
            .severity(Severity::Warning)
            .confidence(Confidence::High)
            .advice(advice(file)),
    );
}

fn advice(file: &SourceFile) -> &'static str {
    match file.language {
        Language::Python => {
            "let each letter belong to one loop only, bound what a loop takes (`[^\\]\\n]{1,200}`), test the length first, or use an engine that cannot blow up: `google-re2`"
        }
        _ => {
            "let each letter belong to one loop only, bound what a loop takes (`[^\\]\\n]{1,200}`), test the length first, or use an engine that cannot blow up: `re2`"
        }
    }
}

/// The text in a message: `"a" again and again, then "!"`.
fn worst(attack: &Attack) -> String {
    let before = if attack.before.is_empty() { String::new() } else { format!("{:?}, then ", attack.before) };
    let after =
        if attack.after.is_empty() { String::new() } else { format!(" and {:?} at the end", attack.after) };
    format!("{before}{:?} again and again{after}", attack.again)
}

fn shown(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() { format!("{cut}..") } else { cut }
}

/// What bounds the text that a pattern is tried on.
struct Bound {
    /// The function around tests how long it is.
    is_tested: bool,
    /// Where it is cut off.
    cut: Option<u64>,
}

impl Bound {
    /// Whether a pattern whose time grows so comes to an end soon.
    fn is_enough(&self, growth: Growth) -> bool {
        // Two to the 24th steps are a second, and so is the third power of 500.
        let most = match growth {
            Growth::Exponential => 24,
            Growth::Power(2) => 10_000,
            Growth::Power(_) => 500,
        };
        self.is_tested || self.cut.is_some_and(|cut| cut <= most)
    }
}

/// The patterns that arrivals are tried with, and what bounds the text.
fn tried_on<'a>(file: &SourceFile, arrivals: &[&'a Arrival]) -> Vec<(&'a Arrival, Tried, Bound)> {
    let mut values = FileValues::of(&file.syntax);
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, around| {
        if let Some(expr) = node.expr()
            && let Some(call) = expr.call()
        {
            let here = arrivals.iter().filter(|arrival| arrival.extent == expr.extent);
            for arrival in here {
                if let Some(tried) = pattern_of(file, &mut values, call, around) {
                    let is_tested = enclosing_function(around).is_some_and(tests_length);
                    let cut = subject(file, call, &tried).and_then(|text| cut(&mut values, text, around));
                    found.push((*arrival, tried, Bound { is_tested, cut }));
                }
            }
        }
        true
    });
    found
}

/// The text that a call tries a pattern on.
fn subject<'a>(file: &SourceFile, call: &'a Call, tried: &Tried) -> Option<&'a Expr> {
    let name = called_name(&call.callee)?;
    let at = match tried.engine {
        Engine::Python => {
            let direct = file.resolve(&call.callee).is_some_and(|path| path.starts_with("re."));
            usize::from(direct) + usize::from(matches!(name, "sub" | "subn"))
        }
        _ if matches!(name, "test" | "exec") => 0,
        _ => {
            return match &call.callee.kind {
                ExprKind::Member { object, .. } => Some(object),
                _ => None,
            };
        }
    };
    call.arguments.get(at).map(|given| &given.value)
}

/// Where a text is cut off, whatever it was before: `text[:20]`, `text.slice(0, 20)`.
fn cut<'a>(values: &mut FileValues<'a>, text: &'a Expr, around: Around<'a, '_>) -> Option<u64> {
    let mut longest = None;
    for origin in values.origins(text, around) {
        let end = match &origin.kind {
            ExprKind::Index { index, .. } => match &index.kind {
                ExprKind::Range(parts) => parts.get(1)?.as_ref()?,
                _ => return None,
            },
            ExprKind::Call(call)
                if matches!(called_name(&call.callee), Some("slice" | "substring" | "substr")) =>
            {
                &call.arguments.get(1)?.value
            }
            _ => return None,
        };
        let origins = values.origins(end, around);
        let [Expr { kind: ExprKind::Literal(Literal::Integer(digits)), .. }] = origins.as_slice() else {
            return None;
        };
        longest = longest.max(digits.parse().ok());
    }
    longest
}

/// Whether a function compares a length with something.
fn tests_length(function: &Function) -> bool {
    let is_length = |side: &Expr| match &side.kind {
        ExprKind::Member { name, .. } => name == "length",
        ExprKind::Call(call) => called_name(&call.callee) == Some("len"),
        _ => false,
    };
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Compare { left, rest }, .. }) = node {
            found |= std::iter::once(&**left).chain(rest.iter().map(|(_, side)| side)).any(is_length)
                && !rest.iter().any(|(_, side)| bounds_nothing(side));
        }
        !found
    });
    found
}

/// `x.length === 0` bounds nothing.
fn bounds_nothing(side: &Expr) -> bool {
    matches!(&side.kind, ExprKind::Literal(Literal::Integer(digits)) if digits == "0" || digits == "1")
}

/// The pattern that a call tries.
fn pattern_of<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    around: Around<'a, '_>,
) -> Option<Tried> {
    let name = called_name(&call.callee)?;
    let first = call.arguments.first().map(|given| &given.value);
    let object = match &call.callee.kind {
        ExprKind::Member { object, .. } => Some(&**object),
        _ => None,
    };
    if file.language == Language::Python {
        let start = match name {
            "match" => Start::Beginning,
            "fullmatch" => Start::Whole,
            _ => Start::Anywhere,
        };
        let direct = file.resolve(&call.callee).is_some_and(|path| path.starts_with("re."));
        if direct {
            return compiled(file, first?, call, start);
        }
        let origins = values.origins(object?, around);
        let [origin] = origins.as_slice() else { return None };
        let made = origin.call()?;
        let is_compiled = file.resolve(&made.callee).as_deref() == Some("re.compile");
        return if is_compiled { compiled(file, &made.arguments.first()?.value, made, start) } else { None };
    }
    let given = if matches!(name, "test" | "exec") { object? } else { first? };
    let origins = values.origins(given, around);
    let [origin] = origins.as_slice() else { return None };
    script(file, origin)
}

/// A pattern of JavaScript: `/x/i`, `new RegExp("x", "i")`.
fn script(file: &SourceFile, expr: &Expr) -> Option<Tried> {
    let (text, flags) = match &expr.kind {
        ExprKind::Literal(Literal::Regex { pattern, flags }) => (pattern.to_string(), flags.to_string()),
        ExprKind::Call(call) if file.resolve(&call.callee).as_deref() == Some("RegExp") => {
            let flags = call.arguments.get(1).and_then(|given| given.value.string()).unwrap_or_default();
            (call.arguments.first()?.value.string()?.to_owned(), flags.to_owned())
        }
        _ => return None,
    };
    Some(Tried {
        text,
        engine: Engine::JavaScript,
        flags: Flags {
            ignore_case: flags.contains('i'),
            multi_line: flags.contains('m'),
            dot_all: flags.contains('s'),
        },
        start: Start::Anywhere,
        extent: expr.extent,
    })
}

/// A pattern of Python, with the flags that are given to the call.
fn compiled(file: &SourceFile, pattern: &Expr, call: &Call, start: Start) -> Option<Tried> {
    let text = pattern.string()?;
    let mut flags = Flags::default();
    for given in call.arguments.iter().skip(1) {
        let written = file.text_of(given.value.extent);
        if written.contains("re.X") || written.contains("VERBOSE") {
            return None;
        }
        flags.ignore_case |= written.contains("re.I") || written.contains("IGNORECASE");
        flags.multi_line |= written.contains("re.M") || written.contains("MULTILINE");
        flags.dot_all |= written.contains("re.S") || written.contains("DOTALL");
    }
    Some(Tried { text: text.to_owned(), engine: Engine::Python, flags, start, extent: pattern.extent })
}

/// The patterns of a file that have a loop in a loop.
fn nested(file: &SourceFile) -> Vec<Tried> {
    let is_nested = |text: &str| [")*", ")+", "){"].iter().any(|sign| text.contains(sign));
    let mut found = Vec::new();
    if !is_nested(&file.text) {
        return found;
    }
    each_node(&file.syntax, &mut |node, _| {
        let Some(expr) = node.expr() else { return true };
        let tried = match (&expr.kind, file.language) {
            (_, Language::JavaScript | Language::TypeScript) => script(file, expr),
            (ExprKind::Call(call), Language::Python) => {
                let path = file.resolve(&call.callee).unwrap_or_default();
                let start = match path.as_str() {
                    "re.match" => Start::Beginning,
                    "re.fullmatch" => Start::Whole,
                    _ => Start::Anywhere,
                };
                let tries = path.starts_with("re.") && path != "re.escape";
                call.arguments
                    .first()
                    .filter(|_| tries)
                    .and_then(|given| compiled(file, &given.value, call, start))
            }
            _ => None,
        };
        found.extend(tried.filter(|tried| is_nested(&tried.text)));
        true
    });
    found
}
