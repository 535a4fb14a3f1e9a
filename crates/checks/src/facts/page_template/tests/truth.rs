//! The readers beside the engines themselves: what each really prints as it is, and what it escapes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::facts::page_template::{AccessPath, Printed, Step, read};

/// Templates for Python, by engine. Each value is printed once.
const PYTHON: &[(&str, &str)] = &[
    (
        "html",
        "{{ a }}{{ b|safe }}{{ c | upper | lower | safe }}{{ d|default('x')|safe }}{{ e['f'] }}{{ g.h|trim|safe }}",
    ),
    (
        "html",
        "{% autoescape false %}{{ a }}{% autoescape true %}{{ b }}{% endautoescape %}{{ c|safe }}{% endautoescape %}{{ d }}",
    ),
    (
        "html",
        "{% for p in ps %}{{ p.a|safe }}{% for q in p.qs %}{{ q }}{{ q.b|safe }}{% endfor %}{% endfor %}",
    ),
    (
        "html",
        "{% for k, v in d.items() %}{{ v|safe }}{% endfor %}{% with a = b.c %}{{ a|safe }}{% endwith %}{% set x = y %}{{ x|safe }}{{ x }}",
    ),
    (
        "html",
        "{% raw %}{{ a|safe }}{% endraw %}{# {{ b|safe }} #}{{- c|safe -}}{{ d|safe if d else '' }}{{ e|replace('q', 'r')|safe }}",
    ),
    (
        "html",
        "{{ a|truncate(9)|safe }}{{ b|join('')|safe }}{{ c|center(9)|safe }}{{ d|indent|safe }}{{ e|string|safe }}{{ f|reverse|reverse|safe }}",
    ),
    (
        "django",
        "{{ a }}{{ b|safe }}{{ c.d|default:\"x\"|safe }}{% autoescape off %}{{ e }}{% endautoescape %}{% verbatim %}{{ f|safe }}{% endverbatim %}",
    ),
    (
        "django",
        "{% for p in ps %}{{ p.a|safe }}{{ p.b }}{% endfor %}{% with c=d.e f=g %}{{ c|safe }}{{ f }}{% endwith %}{% with h.i as j %}{{ j|safe }}{% endwith %}",
    ),
    (
        "django",
        "{% for p in ps reversed %}{{ p|safe }}{% endfor %}{{ x|truncatechars:9|safe }}{{ y|cut:\"q\"|safe }}{{ z|capfirst|safe }}",
    ),
];

/// Templates for Node.
const NODE: &[(&str, &str)] = &[
    ("ejs", "<%= a %><%- b %><%- locals.c || '' %><%- d.e -%><%# - f %><% const g = h.i; %><%- g %><%= g %>"),
    (
        "ejs",
        "<% ps.forEach(function (p) { %><%- p.a %><%= p.b %><% }) %><% for (const q of r.qs) { %><%- q.c %><% } %><% ss.forEach(s => { %><%- s %><% }) %>",
    ),
    (
        "hbs",
        "{{a}}{{{b}}}{{&c}}{{{d.e}}}{{#each ps}}{{{f}}}{{this.g}}{{{../h}}}{{/each}}{{#with i}}{{{j}}}{{/with}}{{! {{{k}}} }}",
    ),
    (
        "hbs",
        "{{#if b}}{{{b}}}{{/if}}{{#each c as |d|}}{{{d.e}}}{{{f}}}{{/each}}{{#each g}}{{{this}}}{{/each}}{{!-- {{{h}}} --}}{{~{i}~}}",
    ),
    ("mustache", "{{a}}{{{b}}}{{& c}}{{#ps}}{{{d}}}{{e}}{{/ps}}{{! no }}"),
    (
        "pug",
        "p= a\np!= b\np x #{c} y !{d}\nif e != 'f'\n  p g\neach h in hs\n  li(class='x')!= h.i\n  li= h.j\ndiv.k: span!= l.m",
    ),
    (
        "njk",
        "{{ a }}{{ b | safe }}{% for p in ps %}{{ p.c | safe }}{{ p.d }}{% endfor %}{% set e = f.g %}{{ e | safe }}{% raw %}{{ h | safe }}{% endraw %}",
    ),
];

#[test]
fn the_engines_print_as_it_is_what_the_readers_say() {
    let parts = std::env::var_os("SEAWORTHY_PARTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/parts"), PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/facts/page_template/tests");
    let python = parts.join("venv/bin/python");
    if python.exists() {
        compared(&python, &[here.join("render.py")], PYTHON);
    } else {
        eprintln!("skipped: templates beside Jinja and Django; `cargo xtask test` brings them");
    }
    if parts.join("node_modules/pug").exists() {
        compared(Path::new("node"), &[here.join("render.js"), parts], NODE);
    } else {
        eprintln!(
            "skipped: templates beside EJS, Handlebars, Mustache, Pug and Nunjucks; `cargo xtask test` brings them"
        );
    }
}

fn compared(program: &Path, arguments: &[PathBuf], templates: &[(&str, &str)]) {
    let said: Vec<Vec<Printed>> = templates
        .iter()
        .map(|(engine, text)| {
            read(&format!("a.{}", if *engine == "django" { "html" } else { engine }), text).printed
        })
        .collect();
    let asked = templates.iter().zip(&said).map(|((engine, text), printed)| {
        let mut context = Value::Object(Map::new());
        for printed in printed {
            put(&mut context, &printed.place);
        }
        // What the conditions ask for.
        if *engine == "pug" {
            context["e"] = json!("e");
        }
        json!({ "engine": engine, "text": text, "context": context }).to_string()
    });
    let answers = ask(program, arguments, &asked.collect::<Vec<_>>().join("\n"));
    assert_eq!(answers.len(), templates.len());
    for ((answer, printed), (engine, text)) in answers.iter().zip(&said).zip(templates) {
        let raw = printed.iter().filter(|printed| printed.is_raw).count();
        let expected = json!({ "raw": raw, "escaped": printed.len() - raw });
        assert_eq!(*answer, expected, "{engine}: {text}\n{printed:#?}");
    }
}

/// Puts `<i>` where a place leads.
fn put(context: &mut Value, place: &AccessPath) {
    let mut at = context;
    for step in place {
        at = match step {
            Step::Field(name) => {
                if !at.is_object() {
                    *at = json!({});
                }
                &mut at[name.as_str()]
            }
            Step::Each | Step::Inside => {
                if !at.is_array() {
                    *at = json!([null]);
                }
                &mut at[0]
            }
        };
    }
    if at.is_null() {
        *at = json!("<i>");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the truth comes from the engines themselves, and a test may wait for them"
)]
fn ask(program: &Path, arguments: &[PathBuf], asked: &str) -> Vec<Value> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the engines' interpreter starts");
    child.stdin.take().expect("its input").write_all(asked.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("it writes text");
    text.lines().map(|line| serde_json::from_str(line).expect("it writes JSON")).collect()
}
