//! # fixed-utc-offset
//!
//! New York is five hours behind UTC in winter and four in summer. A fixed offset in its place is right in the demo and an hour off for the other half of the
//! year: shops open late, reports cut a day at the wrong hour, reminders come after the meeting. The day it changes is another one in every country.
//!
//! ## What is reported
//!
//! - **error**: a fixed offset stands under the name of a place that has daylight saving: `EASTERN = timezone(timedelta(hours=-5))`,
//!   `const BERLIN_OFFSET = 1 * 60 * 60 * 1000`, `def utc_to_eastern(..)`; an abbreviation counts with the offset it has (`EST` with -5, `BST` with +1); or a zone is asked for by a name that is a fixed offset in the tz database: `ZoneInfo("EST")`;
//! - **warning**: a fixed offset that zones with daylight saving have, with no name that says which place is meant; an instant that is shifted by hours and called local.
//!
//! Left alone: UTC, offsets of places without daylight saving (India's `+05:30`, Japan, China, ..), what is read from text or asked of the machine, and durations
//! (`Date.now() - 5 * 3600 * 1000` is five hours ago).
//!
//! ## What to do
//!
//! Name the place and let the tz database know the rest: `ZoneInfo("America/New_York")`, `new Intl.DateTimeFormat(locale, { timeZone: "Europe/Berlin" })`,
//! `chrono_tz::Europe::Berlin`.
//!
//! Source: [IANA Time Zone Database, theory](https://data.iana.org/time-zones/theory.html) (`EST` and `MST` are fixed offsets that are kept for old programs);
//! [PEP 615](https://peps.python.org/pep-0615/).

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node, enclosing_function};
use crate::facts::numbers::constant;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{BinaryOp, Call, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::facts::words::words;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("fixed-utc-offset"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a fixed offset stands for a place with daylight saving",
        applies_to: "offset from UTC",
        variants: &["place", "offset", "shifted"],
        source: include_str!("fixed_utc_offset.rs"),
    },
    run: Run::File(run),
};

/// Words of places that have daylight saving, and of what their time is called.
const CHANGING: &[&str] = &[
    "est",
    "edt",
    "eastern",
    "cst",
    "cdt",
    "mst",
    "mdt",
    "pst",
    "pdt",
    "pacific",
    "newyork",
    "york",
    "nyc",
    "angeles",
    "chicago",
    "denver",
    "boston",
    "toronto",
    "cet",
    "cest",
    "mez",
    "mesz",
    "bst",
    "london",
    "berlin",
    "paris",
    "madrid",
    "rome",
    "amsterdam",
    "vienna",
    "zurich",
    "warsaw",
    "prague",
    "stockholm",
    "oslo",
    "copenhagen",
    "brussels",
    "lisbon",
    "athens",
    "eet",
    "eest",
    "sydney",
    "melbourne",
    "aest",
    "aedt",
    "auckland",
    "nzst",
    "nzdt",
    "germany",
    "france",
    "spain",
    "italy",
    "jerusalem",
    "israel",
    "munich",
    "hamburg",
    "dublin",
    "helsinki",
    "budapest",
    "vancouver",
    "seattle",
];

/// Words of places that have none.
const STEADY: &[&str] = &[
    "ist",
    "india",
    "kolkata",
    "delhi",
    "jst",
    "japan",
    "tokyo",
    "kst",
    "seoul",
    "korea",
    "sgt",
    "singapore",
    "hkt",
    "hong",
    "china",
    "beijing",
    "shanghai",
    "msk",
    "moscow",
    "brt",
    "brazil",
    "brasilia",
    "sao",
    "argentina",
    "art",
    "wib",
    "jakarta",
    "dubai",
    "gst",
    "pkt",
    "karachi",
    "arizona",
    "phoenix",
    "bogota",
    "lima",
    "nairobi",
    "eat",
    "wat",
    "sast",
    "lagos",
    "hawaii",
    "hst",
    "brisbane",
    "perth",
    "manila",
    "bangkok",
    "ict",
    "istanbul",
    "trt",
];

/// Words of no place: they say what an offset is counted from, or that none is meant.
const NOWHERE: &[&str] = &["utc", "gmt", "zulu"];

/// Minutes from UTC that the abbreviations of [`CHANGING`] have: short as they are, with any other number they are short for something else.
const ABBREVIATED: &[(&str, i64)] = &[
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("cet", 60),
    ("cest", 120),
    ("mez", 60),
    ("mesz", 120),
    ("bst", 60),
    ("eet", 120),
    ("eest", 180),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
];

/// Minutes from UTC that places with daylight saving have, the most of them and no others of weight.
const OFFSETS: &[i64] = &[-540, -480, -420, -360, -300, -240, -210, 60, 120, 600, 630, 720];

fn run(_: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    const SIGNS: &[&str] = &[
        "timezone",
        "FixedOffset",
        "tzoffset",
        "utcOffset",
        "getTime",
        "ZoneInfo",
        "timeZone",
        "OFFSET",
        "Offset",
        "_offset",
        "Date.now",
        "utcnow",
    ];
    if file.is_test || !SIGNS.iter().any(|sign| file.text.contains(sign)) {
        return;
    }
    each_node(&file.syntax, &mut |node, around| {
        match node {
            Node::Expr(expr) => {
                if let Some(call) = expr.call() {
                    called(file, expr, call, around, report);
                }
                shifted(file, expr, around, report);
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
                let name = assign.targets.first().and_then(called_name);
                let number = assign.value.as_ref().and_then(constant);
                if let (Some(name), Some(number)) = (name, number) {
                    named(file, *extent, name, number, report);
                }
            }
            _ => {}
        }
        true
    });
}

/// A call that makes a fixed offset, or asks for a zone by a name that is one.
fn called(file: &SourceFile, expr: &Expr, call: &Call, around: Around<'_, '_>, report: &mut Report<'_>) {
    if let Some(zone) = fixed_zone(file, call) {
        report.trial();
        let place = if zone == "EST" { "America/New_York" } else { "America/Denver" };
        let message = format!(
            "`{zone}` is a fixed offset in the tz database, without daylight saving: an hour off in summer for the place that is meant"
        );
        say(
            file,
            expr.extent,
            message,
            "place",
            Severity::Error,
            &format!("name the place: `{place}`"),
            report,
        );
        return;
    }
    let Some(minutes) = minutes(file, call) else { return };
    report.trial();
    if minutes == 0 {
        return;
    }
    // What it is called, what it is handed as a name, and the function that makes it.
    let mut names: Vec<String> = around
        .iter()
        .rev()
        .take(3)
        .filter_map(|node| match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                assign.targets.first().and_then(Expr::dotted)
            }
            _ => None,
        })
        .collect();
    names.extend(call.arguments.iter().filter_map(|given| given.value.string().map(str::to_owned)));
    names.extend(enclosing_function(around).map(|function| function.name.to_string()));
    judge(file, expr.extent, minutes, &names, report);
}

/// The place with daylight saving that the words name, where the offset can be its own.
fn meant(words: &[String], minutes: i64) -> Option<&String> {
    words.iter().filter(|word| CHANGING.contains(&word.as_str())).find(|word| {
        let own = ABBREVIATED.iter().find(|(name, _)| name == word);
        own.is_none_or(|(_, own)| *own == minutes)
    })
}

fn stands_for(minutes: i64, place: &str) -> String {
    format!(
        "a fixed offset of {} stands for `{place}`, which has daylight saving: an hour off for half of the year",
        shown(minutes)
    )
}

fn judge(file: &SourceFile, place: Extent, minutes: i64, names: &[String], report: &mut Report<'_>) {
    let words: Vec<String> = names.iter().flat_map(|name| words(name)).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(STEADY) {
        return;
    }
    if let Some(word) = meant(&words, minutes) {
        let message = stands_for(minutes, word);
        say(file, place, message, "place", Severity::Error, advice(file), report);
    } else if OFFSETS.contains(&minutes) && !has(NOWHERE) {
        let message = format!(
            "a fixed offset of {}: the places that have it in winter or summer have another in the other half of the year",
            shown(minutes)
        );
        say(file, place, message, "offset", Severity::Warning, advice(file), report);
    }
}

/// `-05:00`.
fn shown(minutes: i64) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn advice(file: &SourceFile) -> &'static str {
    match file.language {
        Language::Python => {
            "name the place: `ZoneInfo(\"America/New_York\")`, or `timezone.utc` when no place is meant"
        }
        Language::Rust => "name the place: `chrono_tz::America::New_York`, or `Utc` when no place is meant",
        _ => {
            "name the place: `new Intl.DateTimeFormat(locale, { timeZone: \"America/New_York\" })`, or stay with UTC when no place is meant"
        }
    }
}

fn say(
    file: &SourceFile,
    place: Extent,
    message: String,
    variant: &'static str,
    severity: Severity,
    advice: &str,
    report: &mut Report<'_>,
) {
    report.add(report.at(file, place, message).variant(variant).graded(severity).advice(advice));
}

/// The name of a zone that is a fixed offset, where a zone is asked for.
fn fixed_zone<'e>(file: &SourceFile, call: &'e Call) -> Option<&'e str> {
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    let asks = matches!(
        path.as_str(),
        "zoneinfo.ZoneInfo" | "pytz.timezone" | "dateutil.tz.gettz" | "backports.zoneinfo.ZoneInfo"
    ) || path.ends_with(".setZone")
        || path.ends_with(".tz") && file.language != Language::Python;
    let direct = call.arguments.first().filter(|_| asks).and_then(|given| given.value.string());
    let option = || {
        let name = called_name(&call.callee).unwrap_or_default();
        let takes = name.starts_with("toLocale") || name == "DateTimeFormat";
        let mut options =
            call.arguments.iter().filter_map(|given| crate::facts::values::entry(&given.value, "timeZone"));
        options.find_map(Expr::string).filter(|_| takes)
    };
    direct.or_else(option).filter(|zone| matches!(*zone, "EST" | "MST"))
}

/// The minutes from UTC that a call says, when it makes a fixed offset of constants.
fn minutes(file: &SourceFile, call: &Call) -> Option<i64> {
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    let name = called_name(&call.callee)?;
    let first = call.arguments.first().map(|given| &given.value);
    let whole = |value: f64| (value.fract() == 0.0 && value.abs() <= 1000.0).then_some(value as i64);
    match file.language {
        Language::Python => match path.as_str() {
            "datetime.timezone" => delta(first?),
            "pytz.FixedOffset" | "django.utils.timezone.get_fixed_timezone" => whole(constant(first?)?),
            "dateutil.tz.tzoffset" => {
                let given = &call.arguments.get(1)?.value;
                constant(given).and_then(|seconds| whole(seconds / 60.0)).or_else(|| delta(given))
            }
            _ => None,
        },
        Language::Rust => {
            let seconds = constant(first?)?;
            match name {
                "east_opt" | "east" if path.contains("FixedOffset") => whole(seconds / 60.0),
                "west_opt" | "west" if path.contains("FixedOffset") => whole(-seconds / 60.0),
                "from_hms" if path.contains("UtcOffset") => whole(seconds * 60.0),
                _ => None,
            }
        }
        // moment and dayjs: up to sixteen it is hours.
        _ if name == "utcOffset" => {
            let given = first?;
            let value = constant(given).or_else(|| clock(given.string()?))?;
            whole(if value.abs() < 16.0 { value * 60.0 } else { value })
        }
        _ => None,
    }
}

/// `-05:00` in minutes.
fn clock(text: &str) -> Option<f64> {
    let (hours, minutes) = text.split_once(':')?;
    let hours: f64 = hours.parse().ok()?;
    let minutes: f64 = minutes.parse().ok()?;
    Some(hours * 60.0 + if text.starts_with('-') { -minutes } else { minutes })
}

/// The minutes of `timedelta(hours=-5)`; unary minus before the call counts.
fn delta(expr: &Expr) -> Option<i64> {
    if let ExprKind::Unary { op: crate::facts::syntax::UnaryOp::Minus, value } = &expr.kind {
        return delta(value).map(|minutes| -minutes);
    }
    let call = expr.call().filter(|call| called_name(&call.callee) == Some("timedelta"))?;
    let part = |name: &str| keyword(&call.arguments, name).map(constant);
    let (hours, minutes, seconds) = (part("hours"), part("minutes"), part("seconds"));
    if hours.is_none() && minutes.is_none() && seconds.is_none() {
        return None;
    }
    let value = |part: Option<Option<f64>>| part.map_or(Some(0.0), |value| value);
    let whole = value(hours)? * 60.0 + value(minutes)? + value(seconds)? / 60.0;
    (whole.fract() == 0.0).then_some(whole as i64)
}

/// `const EST_OFFSET = -5 * 60 * 60 * 1000`, `UTC_OFFSET_BERLIN = 1`: a number that is called an offset and named for a place.
fn named(file: &SourceFile, place: Extent, name: &str, number: f64, report: &mut Report<'_>) {
    let parts = words(name);
    let has = |list: &[&str]| parts.iter().any(|word| list.contains(&word.as_str()));
    if number == 0.0 || !has(&["offset"]) || !has(CHANGING) || has(STEADY) {
        return;
    }
    report.trial();
    let Some(minutes) = as_offset(number) else { return };
    // Browsers count the other way: five hours behind UTC are 300 minutes.
    let both = [minutes, -minutes].into_iter().filter(|minutes| OFFSETS.contains(minutes));
    if let Some((minutes, word)) = both.filter_map(|minutes| Some((minutes, meant(&parts, minutes)?))).next()
    {
        let message = stands_for(minutes, word);
        say(file, place, message, "place", Severity::Error, advice(file), report);
    }
}

/// A number of hours, minutes, seconds or milliseconds as minutes, when it can be an offset.
fn as_offset(number: f64) -> Option<i64> {
    let size = number.abs();
    let minutes = match size {
        _ if size <= 14.0 => number * 60.0,
        _ if size <= 14.0 * 60.0 => number,
        _ if size <= 14.0 * 3_600.0 => number / 60.0,
        _ if size <= 14.0 * 3_600_000.0 => number / 60_000.0,
        _ => return None,
    };
    (minutes.fract() == 0.0 && minutes as i64 % 15 == 0).then_some(minutes as i64)
}

/// `new Date(date.getTime() - 5 * 3600 * 1000)` that is called local, or for a place.
fn shifted(file: &SourceFile, expr: &Expr, around: Around<'_, '_>, report: &mut Report<'_>) {
    let ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, left, right } = &expr.kind else { return };
    let (instant, sign) = match &left.kind {
        ExprKind::Call(call) => (called_name(&call.callee).unwrap_or_default(), &expr.kind),
        _ => return,
    };
    let is_instant = matches!(instant, "getTime" | "now" | "valueOf" | "utcnow");
    let minutes = constant(right)
        .map(|number| number / 60_000.0)
        .or_else(|| delta(right).map(|minutes| minutes as f64));
    let Some(minutes) =
        minutes.filter(|minutes| is_instant && minutes.fract() == 0.0 && minutes.abs() <= 840.0)
    else {
        return;
    };
    let minutes =
        if matches!(sign, ExprKind::Binary { op: BinaryOp::Subtract, .. }) { -minutes } else { minutes }
            as i64;
    let name = around.iter().rev().find_map(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            assign.targets.first().and_then(Expr::dotted)
        }
        _ => None,
    });
    let function = enclosing_function(around).map(|function| function.name.to_string());
    let names: Vec<String> = name.into_iter().chain(function).collect();
    let parts: Vec<String> = names.iter().flat_map(|name| words(name)).collect();
    let has = |list: &[&str]| parts.iter().any(|word| list.contains(&word.as_str()));
    if minutes == 0 || has(STEADY) {
        return;
    }
    report.trial();
    if meant(&parts, minutes).is_some() {
        judge(file, expr.extent, minutes, &names, report);
    } else if has(&["local", "tz", "timezone", "zone", "zoned"]) {
        let message = format!(
            "an instant is shifted by {} and called local: the result is another instant, and an hour off once the clocks change",
            shown(minutes)
        );
        say(file, expr.extent, message, "shifted", Severity::Warning, advice(file), report);
    }
}
