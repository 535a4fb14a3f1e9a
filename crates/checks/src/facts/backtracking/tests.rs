//! The machine against patterns whose cost is known, and the attacks against the real engines.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use super::{Attack, Engine, Flags, Growth, Pattern, Start, attack};

fn found(pattern: &str, engine: Engine, start: Start) -> Option<Attack> {
    attack(&Pattern::read(pattern, engine, Flags::default(), start).expect(pattern))
}

fn growth(pattern: &str) -> Option<Growth> {
    found(pattern, Engine::JavaScript, Start::Anywhere).map(|attack| attack.growth)
}

/// Published as exponential: OWASP, "Regular expression Denial of Service"; CVE-2017-16021 and their like.
const EXPONENTIAL: &[&str] = &[
    r"^(a+)+$",
    r"^(a*)*$",
    r"^([a-zA-Z]+)*$",
    r"^(a|aa)+$",
    r"^(a|a?)+$",
    r"^(\w+\s?)*$",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@)$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^(?:\d+|[0-9a-f]+)*$",
    r"^(.+,)*;$",
];

const LINEAR: &[&str] = &[
    r"^[a-z0-9-]+$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[\w.]+@[a-z]+\.com$",
    r"^(\d+,)*\d+$",
    r"^(?:a|b|c)+$",
    r"^(?:[a-z]+-)*[a-z]+$",
    r"&",
    r"[&<>]",
];

#[test]
fn patterns_that_double_are_told_from_those_that_do_not() {
    for pattern in EXPONENTIAL {
        assert_eq!(growth(pattern), Some(Growth::Exponential), "{pattern}");
    }
    for pattern in LINEAR {
        assert_eq!(growth(pattern), None, "{pattern}");
    }
}

#[test]
fn the_power_is_that_of_the_length() {
    assert_eq!(growth(r"\s+$"), Some(Growth::Power(2)));
    assert_eq!(growth(r"\[([^\]]+)\]"), Some(Growth::Power(2)));
    assert_eq!(growth(r"^a*a*$"), Some(Growth::Power(2)));
    assert_eq!(growth(r"^a*a*a*$"), Some(Growth::Power(3)));
    assert_eq!(growth(r"\[(.+?)\]\((.+?)\)"), Some(Growth::Power(3)));
}

#[test]
fn what_the_machine_cannot_do_is_not_read() {
    for pattern in [r"(a)\1", r"(?=a)b", r"(?<!a)b", r"("] {
        assert!(
            Pattern::read(pattern, Engine::Python, Flags::default(), Start::Anywhere).is_none(),
            "{pattern}"
        );
    }
}

const PYTHON: &str = "import json, re, sys; q = json.load(sys.stdin); re.search(q['pattern'], q['text'])";
const NODE: &str =
    "const q = JSON.parse(require('fs').readFileSync(0, 'utf8')); new RegExp(q.pattern).test(q.text)";

/// A program at work on a text; it is ended after a while.
#[expect(
    clippy::disallowed_methods,
    reason = "the truth comes from the engines themselves; what runs has a deadline by `timeout`"
)]
fn begin(program: &str, pattern: &str, text: &str) -> Child {
    let source = if program == "node" { ["-e", NODE] } else { ["-c", PYTHON] };
    let mut child = Command::new("timeout")
        .args(["6", program])
        .args(source)
        .stdin(Stdio::piped())
        .spawn()
        .expect("`timeout` runs");
    let input = serde_json::json!({ "pattern": pattern, "text": text }).to_string();
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the program reads");
    child
}

#[expect(clippy::disallowed_methods, reason = "asks whether the engine is on this machine")]
fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok()
}

#[test]
fn real_engines_do_not_come_to_an_end_with_what_is_called_hard() {
    let mut begun = Vec::new();
    for (patterns, times) in [
        (&[r"^(a+)+$", r"^(\w+\s?)*$", r"^(a|aa)+$"][..], 64),
        (&[r"\[(.+?)\]\((.+?)\)", r"^a*a*a*$"][..], 60_000),
    ] {
        for pattern in patterns {
            let attack = found(pattern, Engine::Python, Start::Anywhere).expect(pattern);
            for program in ["python3", "node"] {
                if !is_there(program) {
                    eprintln!("skipped: there is no {program}");
                    continue;
                }
                begun.push((program, pattern, false, begin(program, pattern, &attack.text(times))));
                begun.push((program, pattern, true, begin(program, pattern, &attack.text(2))));
            }
        }
    }
    for (program, pattern, ends, mut child) in begun {
        let status = child.wait().expect("it ends");
        // 124 is what `timeout` says of a program that it had to end.
        assert_eq!(status.code(), Some(if ends { 0 } else { 124 }), "{program}: {pattern}");
    }
}
