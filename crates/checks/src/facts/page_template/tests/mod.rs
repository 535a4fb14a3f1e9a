//! What each reader says of templates, one by one, and beside the engines themselves.

mod truth;

use super::{AccessPath, Step, read};

fn raw(path: &str, text: &str) -> Vec<(u32, String)> {
    let template = read(path, text);
    let printed = template.printed.iter().filter(|printed| printed.is_raw);
    printed.map(|printed| (printed.line, shown(&printed.place))).collect()
}

fn shown(place: &AccessPath) -> String {
    let parts: Vec<&str> = place
        .iter()
        .map(|step| match step {
            Step::Field(name) => name.as_str(),
            Step::Each => "*",
            Step::Inside => "~",
        })
        .collect();
    parts.join(".")
}

fn is(path: &str, text: &str, places: &[(u32, &str)]) {
    let places: Vec<(u32, String)> =
        places.iter().map(|(line, place)| (*line, (*place).to_owned())).collect();
    assert_eq!(raw(path, text), places);
}

#[test]
fn jinja_prints_as_it_is_what_is_called_safe() {
    is(
        "a.html",
        "{{ q }} {{ q|safe }}\n{{ q|e|safe }}{{ md(q)|safe }}{{ q|markdown|safe }}\n{{ user['bio'] | default('') | safe }}",
        &[(1, "q"), (3, "user.bio")],
    );
    is("a.html", "{{ q|replace('\\n', '<br>')|safe }}{{ q|replace('<', '&lt;')|safe }}", &[(1, "q")]);
    is("a.html", "{% autoescape false %}{{ q }}{{ q|e }}{% endautoescape %}{{ q }}", &[(1, "q")]);
    is("a.html", "{% raw %}{{ q|safe }}{% endraw %}{# {{ q|safe }} #}{{ b|safe if b else '' }}", &[(1, "b")]);
}

#[test]
fn jinja_names_mean_what_the_template_makes_them() {
    let text = "{% for p in posts %}{{ p.body|safe }}{% for c in p.comments if c %}{{ c|safe }}{% endfor %}{% endfor %}{{ p|safe }}";
    is("a.html", text, &[(1, "posts.*.body"), (1, "posts.*.comments.*"), (1, "p")]);
    is("a.html", "{% macro m(a, b=1) %}{{ a|safe }}{% endmacro %}{{ a|safe }}", &[(1, "a")]);
    is(
        "a.html",
        "{% with note=page.note %}{{ note|safe }}{% endwith %}{% set x = q|upper %}{{ x|safe }}",
        &[(1, "page.note"), (1, "q")],
    );
    is("a.html", "{% for k, v in d.items() %}{{ k|safe }}{{ v|safe }}{% endfor %}", &[(1, "d.*")]);
    let template = read("a.html", "{% extends 'base.html' %}{% include \"x.html\" with a=q only %}");
    let parts: Vec<&str> = template.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(parts, ["base.html", "x.html"]);
}

#[test]
fn ejs_prints_as_it_is_after_a_hyphen() {
    is(
        "a.ejs",
        "<%= q %>\n<%- q %>\n<%- locals.note || '' %><%- ok ? bio : '' %><%- md(q) %>",
        &[(2, "q"), (3, "note"), (3, "bio")],
    );
    is("a.ejs", "<% posts.forEach(function (post) { %><%- post.body %><% }) %>", &[(1, "posts.*.body")]);
    is(
        "a.ejs",
        "<% for (const post of user.posts) { %><%- post.body -%><% } %>",
        &[(1, "user.posts.*.body")],
    );
    is("a.eta", "<%~ it.note %><%= it.note %>", &[(1, "note")]);
    let template = read("a.ejs", "<%- include('partials/head', { title: page.title, q }) %>");
    assert_eq!(template.parts.first().map(|part| part.name.as_str()), Some("partials/head"));
    assert!(template.printed.is_empty());
}

#[test]
fn handlebars_prints_as_it_is_between_three_braces() {
    is("a.hbs", "{{q}}\n{{{q}}} {{& q}} {{{md q}}} {{! {{{q}}} }}", &[(2, "q"), (2, "q")]);
    is(
        "a.hbs",
        "{{#each posts}}{{{body}}}{{{this.note}}}{{{../title}}}{{#if a}}{{{b}}}{{/if}}{{/each}}{{#each c as |d|}}{{{d.e}}}{{/each}}",
        &[(1, "posts.*.body"), (1, "posts.*.note"), (1, "title"), (1, "posts.*.b"), (1, "c.*.e")],
    );
    is(
        "a.mustache",
        "{{#posts}}{{{body}}}{{/posts}}{{^posts}}{{{none}}}{{/posts}}",
        &[(1, "posts.~.body"), (1, "none")],
    );
}

#[test]
fn pug_prints_as_it_is_after_an_exclamation_mark() {
    is(
        "a.pug",
        "h1= title\np.note!= q\np Hello !{name} and #{name}\nif a != b\n  p!= c(d)\neach post in posts\n  div(class='x')!= post.body",
        &[(2, "q"), (3, "name"), (7, "posts.*.body")],
    );
}

#[test]
fn parts_see_what_they_are_given() {
    let text =
        "{% include 'a.html' without context %}{% include \"b.html\" with c=d only %}{% include 'e.html' %}";
    let parts = read("x.html", text).parts;
    let alone: Vec<bool> = parts.iter().map(|part| part.is_alone).collect();
    assert_eq!(alone, [true, true, false]);
    assert_eq!(parts.iter().map(|part| part.bound.len()).collect::<Vec<_>>(), [0, 1, 0]);
}

#[test]
fn many_names_and_values_are_read_in_one_go() {
    let text: String = (0..20_000).map(|n| format!("{{% set v{n} = x %}}{{{{ v{n} }}}}\n")).collect();
    assert_eq!(read("x.html", &text).printed.len(), 20_000);
}

#[test]
fn nothing_is_too_broken_to_be_read() {
    for text in [
        "{{",
        "{%",
        "{% for",
        "{{ a[ }}",
        "{% for x in %}{{ x|safe }}",
        "<%",
        "<%- include( %>",
        "{{{",
        "{{#each",
        "!= ",
        "{{/x}}{{../../a}}",
    ] {
        for path in ["a.html", "a.ejs", "a.hbs", "a.pug", "a.eta"] {
            read(path, text);
        }
    }
}
