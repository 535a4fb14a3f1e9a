//! What an answer to a malformed request says about the service; and where, by its own log, the failure came from.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::http::{Exchange, TransportError};

/// A way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Variant {
    /// The process is gone.
    Died,
    /// No answer came in time.
    Hung,
    /// A server error, or the connection closed instead of an answer.
    ServerError,
    /// A stack trace or the service's file paths in the answer.
    TraceLeaked,
    /// Success for what the document refuses.
    Accepted,
}

impl Variant {
    /// As META lists it.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Died => "died",
            Self::Hung => "hung",
            Self::ServerError => "server-error",
            Self::TraceLeaked => "trace-leaked",
            Self::Accepted => "accepted",
        }
    }
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) variant: Variant,
    /// What happened, as a half sentence after the operation: `answers 500`.
    pub(super) how: String,
    /// For a trace: the text in the answer that gives it away.
    pub(super) telltale: Option<String>,
}

/// Judges what came of a challenge while the process lives on. `well_formed` requests must be answered; what is not HTTP may be hung up on.
pub(super) fn judge(
    came: &Result<Exchange, TransportError>,
    well_formed: bool,
    refused: bool,
    root: &Path,
) -> Vec<Seen> {
    let seen = |variant, how: String, telltale| Seen { variant, how, telltale };
    match came {
        Ok(exchange) => {
            let mut all = Vec::new();
            if is_server_error(exchange.status) {
                all.push(seen(Variant::ServerError, format!("answers {}", exchange.status), None));
            }
            if let Some(telltale) = leaked_trace(&exchange.text(), root) {
                let how = format!("shows a stack trace ({} with {})", exchange.status, quoted(&telltale));
                all.push(seen(Variant::TraceLeaked, how, Some(telltale)));
            }
            if refused && exchange.is_success() {
                all.push(seen(Variant::Accepted, format!("answers {}", exchange.status), None));
            }
            all
        }
        Err(error) if error.is_timeout() && well_formed => {
            vec![seen(Variant::Hung, "never answers".to_owned(), None)]
        }
        Err(TransportError::Closed { received: 0, .. }) if well_formed => {
            vec![seen(Variant::ServerError, "hangs up without an answer".to_owned(), None)]
        }
        Err(_) => Vec::new(),
    }
}

/// A server error that is the program's. 501 and 505 are right answers to unknown methods and versions (RFC 9110, 15.6); 502, 503 and 504
/// speak of other systems or of load, which this probe does not cause.
fn is_server_error(status: u16) -> bool {
    (500..600).contains(&status) && !matches!(status, 501..=505)
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    format!("`{}`", short.trim())
}

/// Stack traces as the usual runtimes write them. Compiled once: every answer is searched.
static TRACES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    const PATTERNS: &[&str] = &[
        // CPython, traceback.format_exc.
        r#"Traceback \(most recent call last\)"#,
        r#"File "[^"\n]+\.py", line \d+"#,
        // V8, Error.prototype.stack: a call site with file, line and column.
        r"(?m)^\s*at (?:[^\n()]+ \()?(?:file://|node:|/|[A-Za-z]:\\)[^\n()]+:\d+:\d+\)?",
        // Rust, the default panic hook.
        r"panicked at [^\n]+\.rs:\d+:\d+",
        // Java, Throwable.printStackTrace.
        r"(?m)^\s*at [\w.$]+\([\w$]+\.(?:java|kt|scala):\d+\)",
        // Go, runtime/debug.Stack.
        r"goroutine \d+ \[[a-z ]+\]:",
        // PHP, with display_errors.
        r"(?:Stack trace:\s*#0|in (?:<b>)?/[^\n<]+\.php(?:</b>)? on line (?:<b>)?\d+)",
        // Ruby.
        r"/[^\n:]+\.rb:\d+:in [`']",
    ];
    PATTERNS.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
});

/// A source file at the beginning of a text.
static SOURCE_FILE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[^\s\x22'<>]+\.(?:py|js|ts|mjs|cjs|rs|rb|php|java|go)\b").ok());

/// A call site of V8: function, file, line.
static SITE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s+at (?:(?P<fn>[^\n()]+) \()?(?:file://)?(?P<path>/[^\n():]+):(?P<line>\d+):\d+\)?$")
        .ok()
});

/// A frame of CPython: file, line, function.
static FRAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?m)^\s*(?:\|\s*)?File "(?P<path>[^"\n]+)", line (?P<line>\d+), in (?P<fn>[^\n]+)$"#).ok()
});

/// The text that gives a stack trace away, in the ways of the usual runtimes.
pub(super) fn leaked_trace(body: &str, root: &Path) -> Option<String> {
    let text = unescaped(body);
    if let Some(found) = TRACES.iter().find_map(|pattern| pattern.find(&text)) {
        return Some(first_line(&text, found.start(), found.end()));
    }
    let root = root.to_str().filter(|root| root.len() > 4)?;
    let at = text.find(root)?;
    // A path the service was asked to show is no trace; one with a source file and a line is.
    let rest: String = text.get(at..)?.chars().take(300).collect();
    SOURCE_FILE.as_ref()?.find(&rest).map(|found| found.as_str().to_owned())
}

/// The text as it was before it became HTML (Express writes its traces with entities) or a JSON string.
pub(super) fn unescaped(body: &str) -> String {
    body.replace("&nbsp;", " ")
        .replace("<br>", "\n")
        .replace("<pre>", "\n")
        .replace("&quot;", "\"")
        .replace("\\n", "\n")
        .replace("\\\"", "\"")
}

/// The match as it stands in the answer, up to the end of its line.
fn first_line(text: &str, start: usize, end: usize) -> String {
    text.get(start..end).unwrap_or_default().trim().lines().next().unwrap_or_default().to_owned()
}

/// Where a failure came from, by the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Origin {
    /// The file, relative to the tree.
    pub(super) path: String,
    /// Its line.
    pub(super) line: u32,
    /// The function.
    pub(super) function: String,
    /// The exception's type.
    pub(super) exception: String,
    /// Whether the last frame of all is the program's, and not a library's.
    pub(super) own: bool,
}

impl Origin {
    /// `in create (app.py:41)`, or `at app.js:21` for a function without a name.
    pub(super) fn place(&self) -> String {
        let Self { path, line, function, .. } = self;
        if function.is_empty() {
            format!("at {path}:{line}")
        } else {
            format!("in {function} ({path}:{line})")
        }
    }
}

/// What a log says about the newest failure in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Logged {
    /// No stack trace in it.
    Nothing,
    /// A stack trace without a frame of the program's own.
    Elsewhere,
    /// The program's innermost frame.
    At(Origin),
}

/// The newest stack trace of a log (CPython's and V8's), and its innermost frame inside `root`, packages left out.
pub(super) fn origin(log: &str, root: &Path) -> Logged {
    let python = log.rfind("Traceback (most recent call last)").map(|at| (at, true));
    let (Some(site), Some(frame)) = (SITE.as_ref(), FRAME.as_ref()) else { return Logged::Nothing };
    let (text, frames, deepest_last) = match python {
        Some((at, _)) => (log.get(at..).unwrap_or_default(), frame, true),
        None => (last_v8_trace(log, site), site, false),
    };
    let mut seen = false;
    let mut own: Option<Origin> = None;
    let mut innermost_is_own = false;
    let exception = exception(text, deepest_last);
    for found in frames.captures_iter(text) {
        let group = |name: &str| found.name(name).map_or("", |group| group.as_str());
        let inside = inside(group("path"), root);
        if deepest_last || !seen {
            innermost_is_own = inside.is_some();
        }
        seen = true;
        if let Some(path) = inside.filter(|_| deepest_last || own.is_none()) {
            let line = group("line").parse().unwrap_or(1);
            own = Some(Origin {
                path,
                line,
                function: group("fn").to_owned(),
                exception: exception.clone(),
                own: false,
            });
        }
    }
    match own {
        Some(origin) => Logged::At(Origin { own: innermost_is_own, ..origin }),
        None if seen => Logged::Elsewhere,
        None => Logged::Nothing,
    }
}

/// The lines of the last run of call sites, and the line before them.
fn last_v8_trace<'a>(log: &'a str, site: &Regex) -> &'a str {
    let Some(last) = site.find_iter(log).last() else { return "" };
    let mut start = last.start();
    while let Some(before) =
        log.get(..start.saturating_sub(1)).map(|head| head.rfind('\n').map_or(0, |at| at + 1))
    {
        let line = log.get(before..start).unwrap_or_default();
        start = before;
        if !line.trim_start().starts_with("at ") || before == 0 {
            break;
        }
    }
    log.get(start..last.end()).unwrap_or_default()
}

/// The exception's type: the word before the colon of the last line (Python) or of the first (V8).
fn exception(text: &str, python: bool) -> String {
    let mut lines: Vec<&str> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with([' ', '\t'])).collect();
    if python {
        lines.retain(|line| {
            !line.starts_with("Traceback")
                && !line.starts_with("During handling")
                && !line.starts_with("The above")
        });
    }
    let first = lines.iter().find(|line| {
        line.split(':').next().is_some_and(|word| word.ends_with("Error") || word.ends_with("Exception"))
    });
    let word = first.or(lines.first()).and_then(|line| line.split([':', '\n']).next()).unwrap_or_default();
    word.chars().take(60).collect()
}

/// The path relative to the tree, unless it is outside or a package's.
fn inside(path: &str, root: &Path) -> Option<String> {
    let relative = Path::new(path).strip_prefix(root).ok()?.to_str()?;
    let foreign = ["site-packages", "node_modules", "dist-packages"]
        .iter()
        .any(|part| relative.split('/').any(|own| own == *part));
    (!foreign).then(|| relative.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "/srv/shop";

    #[test]
    fn stack_traces_of_every_runtime_are_recognised_and_ordinary_messages_are_not() {
        let leaks = [
            "Traceback (most recent call last):\n  File \"/srv/shop/app.py\", line 3, in f\nKeyError: 'a'",
            "{\"error\": \"File \\\"/usr/lib/x.py\\\", line 4\"}",
            "SyntaxError: Unexpected token<br> &nbsp; &nbsp;at JSON.parse (&lt;anonymous&gt;)<br> &nbsp; &nbsp;at parse (/srv/shop/node_modules/body-parser/lib/types/json.js:92:19)",
            "{\"stack\":\"Error: x\\n    at /srv/shop/server.js:10:3\"}",
            "thread 'main' panicked at src/main.rs:4:5:\nboom",
            "java.lang.NullPointerException\n\tat com.shop.Api.get(Api.java:12)",
            "panic\n\ngoroutine 7 [running]:\nmain.f()",
            "<b>Warning</b>: x in <b>/srv/shop/a.php</b> on line <b>3</b>",
            "cannot open /srv/shop/config.py",
        ];
        for body in leaks {
            assert!(leaked_trace(body, Path::new(ROOT)).is_some(), "{body}");
        }
        for body in [
            "{\"error\":\"Unexpected token } in JSON at position 3\"}",
            "meet me at /home (10:30:00)",
            "line 3 of your file is wrong",
            "{\"path\":\"/srv/shop\"}",
            "{\"at\":\"12:30:45\"}",
            "look at item 5 (in stock)",
            "",
        ] {
            assert_eq!(leaked_trace(body, Path::new(ROOT)), None, "{body}");
        }
    }

    #[test]
    fn the_programs_innermost_frame_is_found_in_python_and_node_logs() {
        let python = "noise\nTraceback (most recent call last):\n  File \"/usr/lib/python3/flask/app.py\", line 10, in full\n    x\n  File \"/srv/shop/app.py\", line 41, in create\n    y\n  File \"/usr/lib/python3.11/re/__init__.py\", line 5, in match\nTypeError: expected string\nmore noise";
        let Logged::At(origin) = origin(python, Path::new(ROOT)) else { panic!() };
        assert_eq!((origin.path.as_str(), origin.line, origin.function.as_str()), ("app.py", 41, "create"));
        assert_eq!((origin.exception.as_str(), origin.own), ("TypeError", false));
        let node = "listening\nTypeError: Cannot read properties of null (reading 'a')\n    at create (/srv/shop/server.js:12:9)\n    at Layer.handle (/srv/shop/node_modules/express/lib/router/layer.js:95:5)\n";
        let Logged::At(origin) = super::origin(node, Path::new(ROOT)) else { panic!() };
        assert_eq!(
            (origin.path.as_str(), origin.line, origin.function.as_str(), origin.own),
            ("server.js", 12, "create", true)
        );
        assert_eq!(origin.exception, "TypeError");
        assert_eq!(super::origin("all is well", Path::new(ROOT)), Logged::Nothing);
        let library = "Traceback (most recent call last):\n  File \"/srv/shop/.venv/lib/python3.11/site-packages/starlette/app.py\", line 1, in x\nValueError: x";
        assert_eq!(super::origin(library, Path::new(ROOT)), Logged::Elsewhere);
    }

    #[test]
    fn right_answers_to_wrong_requests_are_left_alone() {
        let answer = |status: u16| {
            Ok(Exchange {
                request: Vec::new(),
                status,
                headers: Vec::new(),
                body: Vec::new(),
                timing: Default::default(),
                sent_again: false,
            })
        };
        for status in
            [400, 401, 403, 404, 405, 409, 411, 413, 414, 415, 422, 429, 431, 501, 502, 503, 504, 505, 200]
        {
            assert_eq!(judge(&answer(status), true, false, Path::new(ROOT)), [], "{status}");
        }
        assert_eq!(judge(&answer(500), true, false, Path::new(ROOT))[0].variant, Variant::ServerError);
        assert_eq!(judge(&answer(200), true, true, Path::new(ROOT))[0].variant, Variant::Accepted);
        let closed = || Err(TransportError::Closed { received: 0, reset: false });
        assert_eq!(judge(&closed(), false, false, Path::new(ROOT)), []);
        assert_eq!(judge(&closed(), true, false, Path::new(ROOT))[0].variant, Variant::ServerError);
    }
}
