//! Templates of pages that are rendered with what came from outside: what they print as it is becomes a part of the page.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::call::Given;
use super::risk::Risk;
use super::stored;
use super::value::{Beside, Shape, Value};
use super::walk::Walk;
use crate::facts::page_template::{self, AccessPath, Bound, Engine, PageTemplate, Printed, Step, meant};
use crate::facts::syntax::{Expr, ExprKind, Extent, Text};
use crate::framework::Framework;

/// Templates in templates that are followed.
const PARTS: usize = 6;

/// What the shape of a template begins with that was looked up or made, and has not been rendered: its name or its text follows.
const NAMED: &str = "template named:";
const TEXT: &str = "template text:";
/// The same where nothing is escaped that the template does not escape itself.
const NAMED_OPEN: &str = "open template named:";
const TEXT_OPEN: &str = "open template text:";
/// An environment of Jinja that escapes nothing, which is its default:
/// <https://jinja.palletsprojects.com/en/stable/api/#jinja2.Environment>.
const OPEN_ENVIRONMENT: &str = "jinja2.Environment(open)";
/// What makes an environment.
const ENVIRONMENTS: &[&str] =
    &["jinja2.Environment", "jinja2.environment.Environment", "jinja2.sandbox.SandboxedEnvironment"];

/// Where a function that renders is given what is printed.
#[derive(Debug, Clone, Copy)]
enum With {
    /// Each under its name.
    Named,
    /// All in one dictionary or object, at this place or under this name.
    At(usize, &'static str),
}

/// What is rendered.
#[derive(Debug, Clone, Copy)]
enum Page {
    /// A file by its name.
    File,
    /// A text of this engine.
    Text(Engine),
}

/// A function that renders a page.
struct Renders {
    /// Its dotted name; after a dot alone, a method of this name of anything.
    name: &'static str,
    page: Page,
    /// Where the name or the text is given.
    at: (usize, &'static str),
    with: With,
    /// Whether the page is answered with; else it is given back.
    answers: bool,
}

const fn renders(
    name: &'static str,
    page: Page,
    at: (usize, &'static str),
    with: With,
    answers: bool,
) -> Renders {
    Renders { name, page, at, with, answers }
}

const RENDERS: &[Renders] = &[
    renders("flask.render_template", Page::File, (0, "template_name_or_list"), With::Named, true),
    renders("flask.stream_template", Page::File, (0, "template_name_or_list"), With::Named, true),
    renders("flask.render_template_string", Page::Text(Engine::Jinja), (0, "source"), With::Named, true),
    renders("django.shortcuts.render", Page::File, (1, "template_name"), With::At(2, "context"), true),
    renders(
        "django.template.loader.render_to_string",
        Page::File,
        (0, "template_name"),
        With::At(1, "context"),
        false,
    ),
    renders("aiohttp_jinja2.render_template", Page::File, (0, "template_name"), With::At(2, "context"), true),
    // https://www.starlette.io/templates/: the request comes first since 0.29, and stood in the context before.
    renders(".TemplateResponse", Page::File, (1, "name"), With::At(2, "context"), true),
    renders(".TemplateResponse", Page::File, (0, "name"), With::At(1, "context"), true),
    renders("answer:.render", Page::File, (0, "view"), With::At(1, "locals"), true),
    renders("reply:.view", Page::File, (0, "page"), With::At(1, "data"), true),
    renders("reply:.viewAsync", Page::File, (0, "page"), With::At(1, "data"), true),
    renders("request:koa.render", Page::File, (0, "view"), With::At(1, "locals"), true),
    renders("ejs.render", Page::Text(Engine::Ejs), (0, "template"), With::At(1, "data"), false),
    renders("nunjucks.render", Page::File, (0, "name"), With::At(1, "context"), false),
    renders(
        "nunjucks.renderString",
        Page::Text(Engine::Jinja),
        (0, "template"),
        With::At(1, "context"),
        false,
    ),
];

/// A call that looks a template up, makes or renders one, and what it gives back. `None` for any other.
pub(super) fn called<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    name: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    if let Some(made) = made(dotted, given) {
        return Some(Value::of(Shape::Name(Text::from(made))));
    }
    if let Some(rendered) = later_rendered(walk, dotted, given, expr) {
        return Some(rendered);
    }
    let fits = |renders: &&Renders| match renders.name.strip_prefix('.') {
        Some(method) => method == name,
        None => renders.name == dotted,
    };
    for renders in RENDERS.iter().filter(fits) {
        let (at, of) = renders.at;
        let Some(page) = given.at_or(at, of).and_then(Value::text) else { continue };
        let Some((path, template)) = found(walk, renders.page, page) else { continue };
        let prints_open = path.is_some_and(|path| is_left_open(renders, path));
        let rendering = Rendering { with: renders.with, given, expr, prints_open };
        let printed = rendering.printed(walk, path, &template);
        // What has no tag is a text of its own, a mail say, and may be answered as a page all the same.
        if renders.answers && template.is_page && is_answered(walk, renders, given, expr) {
            rendering.answer(walk, printed);
            return Some(Value::UNKNOWN);
        }
        return Some(text_of(&template, &printed));
    }
    None
}

/// The template of a name, with its path, or of a text.
fn found<'w>(walk: &Walk<'w, '_>, page: Page, of: &str) -> Option<(Option<&'w str>, Cow<'w, PageTemplate>)> {
    match page {
        Page::File => {
            let index = walk.index;
            let (path, template) = index.templates().named(of, walk.file().map_or("", |file| &file.path))?;
            Some((Some(path), Cow::Borrowed(template)))
        }
        Page::Text(engine) => Some((None, Cow::Owned(page_template::read_source(engine, of)))),
    }
}

/// A template that is looked up or made from a text, or an environment that makes them: its shape.
fn made(dotted: &str, given: &Given<'_>) -> Option<String> {
    // `finalize=escape` and its kin make of each value what they like.
    let is_open = || match given.under("autoescape") {
        _ if given.under("finalize").is_some() => false,
        None => true,
        Some(said) => matches!(said.shape, Shape::Truth(false)),
    };
    if ENVIRONMENTS.contains(&dotted) {
        return is_open().then(|| OPEN_ENVIRONMENT.to_owned());
    }
    let text = given.positional.first().and_then(Value::text)?;
    if dotted == "jinja2.Template" {
        return Some(format!("{}{text}", if is_open() { TEXT_OPEN } else { TEXT }));
    }
    let (of, method) = dotted.rsplit_once('.')?;
    let is_open = of == OPEN_ENVIRONMENT;
    let kind = match (method, is_open) {
        ("get_template" | "select_template", true) => NAMED_OPEN,
        ("get_template" | "select_template", false) => NAMED,
        ("from_string", true) => TEXT_OPEN,
        ("from_string", false) if of.starts_with("jinja2.") => TEXT,
        _ => return None,
    };
    Some(format!("{kind}{text}"))
}

/// `template.render(..)` of one that was looked up or made before: the page.
fn later_rendered<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    let of = dotted.strip_suffix(".render").or_else(|| dotted.strip_suffix(".render_async"))?;
    let stripped = |kind: &str| of.strip_prefix(kind);
    let text = Page::Text(Engine::Jinja);
    let (of, page, prints_open) = stripped(NAMED)
        .map(|name| (name, Page::File, false))
        .or_else(|| stripped(NAMED_OPEN).map(|name| (name, Page::File, true)))
        .or_else(|| stripped(TEXT).map(|of| (of, text, false)))
        .or_else(|| stripped(TEXT_OPEN).map(|of| (of, text, true)))?;
    let (path, template) = found(walk, page, of)?;
    // https://jinja.palletsprojects.com/en/stable/api/#jinja2.Template.render: what `dict` takes, and names.
    let with = if given.positional.is_empty() { With::Named } else { With::At(0, "context") };
    let rendering = Rendering { with, given, expr, prints_open };
    let printed = rendering.printed(walk, path, &template);
    Some(text_of(&template, &printed))
}

/// What a text that is put together from values is: a part of a page when the template has a tag.
fn text_of<'a>(template: &PageTemplate, printed: &[Output<'a>]) -> Value<'a> {
    // What callers left in the database is told of where it is printed, or not at all.
    let came_now = |output: &&Output<'a>| !stored::is_stored(&output.value);
    let values: Vec<&Value<'a>> = printed.iter().filter(came_now).map(|output| &output.value).collect();
    let text = Value::made_of(&values);
    if template.is_page { text.marked(Beside::MARKUP) } else { text }
}

/// Whether Flask leaves a template unescaped: it escapes by the ending of its name
/// (<https://flask.palletsprojects.com/en/stable/templating/#jinja-setup>).
fn is_left_open(renders: &Renders, path: &str) -> bool {
    const ESCAPED: &[&str] = &["html", "htm", "xml", "xhtml", "svg"];
    renders.name.starts_with("flask.") && !ESCAPED.iter().any(|ending| path.ends_with(&format!(".{ending}")))
}

/// Whether what is rendered is the answer then and there. What Flask renders is a text that may be mailed, or answered as one of another type; where
/// it is, is seen by what it is given to. Express renders for a callback that is given.
fn is_answered(walk: &Walk<'_, '_>, renders: &Renders, given: &Given<'_>, expr: &Expr) -> bool {
    if !renders.name.starts_with("flask.") {
        return !given.all().iter().any(|value| matches!(value.shape, Shape::Function(..)));
    }
    let Some(file) = walk.file() else { return true };
    let before = file.text.get(..expr.extent.start as usize).unwrap_or_default();
    let after = file.text.get(expr.extent.end as usize..).unwrap_or_default();
    before.trim_end().ends_with("return") && !after.trim_start_matches(' ').starts_with(',')
}

/// One value that gets into a page as it is.
struct Output<'a> {
    value: Value<'a>,
    /// As the template has it.
    written: String,
    /// Where: `templates/post.html, line 4`.
    place: String,
    /// Which argument, or part of one, it comes from.
    argument: Extent,
}

/// What a template in a template sees.
struct Seen {
    bound: Bound,
    /// Whether nothing else.
    is_alone: bool,
    /// Blocks that a template has which extends this one.
    overridden: BTreeSet<String>,
}

impl Seen {
    /// Whether what stands in these blocks of a template is printed.
    fn prints(&self, template: &PageTemplate, blocks: &[String]) -> bool {
        let is_outside = template.extends && blocks.is_empty();
        let is_overridden = blocks.iter().any(|block| self.overridden.contains(block));
        !is_outside && !is_overridden
    }

    fn meant(&self, place: AccessPath) -> Option<AccessPath> {
        let is_bound = matches!(place.first(), Some(Step::Field(first)) if self.bound.contains_key(first));
        if self.is_alone && !is_bound { None } else { meant(&self.bound, place) }
    }
}

/// A template is filled in.
struct Rendering<'g, 'a> {
    with: With,
    given: &'g Given<'a>,
    expr: &'a Expr,
    /// Whether nothing is escaped that the template does not escape itself.
    prints_open: bool,
}

impl<'a> Rendering<'_, 'a> {
    /// What gets into the page as it is.
    fn printed(
        &self,
        walk: &mut Walk<'_, 'a>,
        path: Option<&str>,
        template: &PageTemplate,
    ) -> Vec<Output<'a>> {
        let mut found = Vec::new();
        let all = Seen { bound: Bound::new(), is_alone: false, overridden: BTreeSet::new() };
        self.collect(walk, (path, template), &all, PARTS, &mut found);
        found
    }

    fn collect(
        &self,
        walk: &mut Walk<'_, 'a>,
        (path, template): (Option<&str>, &PageTemplate),
        seen: &Seen,
        depth: usize,
        found: &mut Vec<Output<'a>>,
    ) {
        if !walk.spend() {
            return;
        }
        let is_printed = |printed: &&Printed| printed.is_raw || self.prints_open && !printed.is_escaped;
        for printed in template.printed.iter().filter(is_printed) {
            if !seen.prints(template, &printed.blocks) {
                continue;
            }
            let Some(place) = seen.meant(printed.place.clone()) else { continue };
            let Some((value, argument)) = self.value_of(walk, &place) else { continue };
            let line = printed.line;
            let place = match path {
                Some(path) => format!("{path}, line {line}"),
                None => format!("line {line} of the template"),
            };
            found.push(Output { value, written: printed.written.clone(), place, argument });
        }
        let Some(depth) = depth.checked_sub(1) else { return };
        let index = walk.index;
        for part in &template.parts {
            let mut overridden = seen.overridden.clone();
            match &part.blocks {
                Some(blocks) if !seen.prints(template, blocks) => continue,
                Some(_) => {}
                None => overridden.extend(template.blocks.iter().cloned()),
            }
            let from = path.or_else(|| walk.file().map(|file| file.path.as_str())).unwrap_or_default();
            let Some((path, template)) = index.templates().part(&part.name, from) else { continue };
            let names = part
                .bound
                .iter()
                .map(|(name, place)| (name.clone(), place.clone().and_then(|place| seen.meant(place))));
            let mut bound = if part.is_alone { Bound::new() } else { seen.bound.clone() };
            bound.extend(names.collect::<Bound>());
            let inner = Seen { bound, is_alone: part.is_alone || seen.is_alone, overridden };
            self.collect(walk, (Some(path), template), &inner, depth, found);
        }
    }

    /// What lies at a place, and the argument that it is a part of.
    fn value_of(&self, walk: &mut Walk<'_, 'a>, place: &AccessPath) -> Option<(Value<'a>, Extent)> {
        let (Step::Field(first), rest) = place.split_first()? else { return None };
        let (mut value, argument) = self.root(walk, first)?;
        for step in rest {
            value = match (step, &value.shape) {
                (Step::Field(name), _) => walk.part_by_key(&value, name, self.expr),
                (Step::Each, _) | (Step::Inside, Shape::List(_) | Shape::Many) => walk.item_of(&value),
                (Step::Inside, _) => value,
            };
        }
        Some((value, argument))
    }

    /// What a template is given under a name.
    fn root(&self, walk: &mut Walk<'_, 'a>, name: &str) -> Option<(Value<'a>, Extent)> {
        let whole = self.expr.extent;
        let found = match self.with {
            With::Named => self.given.under(name).cloned().map(|value| {
                let written =
                    self.given.written.iter().find(|argument| argument.name.as_deref() == Some(name));
                (value, written.map_or(whole, |argument| argument.value.extent))
            }),
            With::At(index, of) => self.given.at_or(index, of).cloned().map(|context| {
                let extent = field_of(self.given, (index, of), name).unwrap_or(whole);
                (walk.part_by_key(&context, name, self.expr), extent)
            }),
        };
        let is_nothing = |value: &Value<'_>| matches!(value.shape, Shape::Unknown) && !value.is_tainted();
        match found {
            Some(found) if !is_nothing(&found.0) => Some(found),
            // https://flask.palletsprojects.com/en/stable/templating/#standard-context
            _ if name == "request" && walk.answers == Some(Framework::Flask) => {
                Some((Value::of(Shape::Name(Text::from("flask.request"))), whole))
            }
            // https://docs.djangoproject.com/en/stable/ref/templates/api/#django-template-context-processors-request
            _ if name == "request" => self.given.positional.first().cloned().map(|request| (request, whole)),
            found => found,
        }
    }

    /// The page is answered with.
    fn answer(&self, walk: &mut Walk<'_, 'a>, printed: Vec<Output<'a>>) {
        let call = self.expr.extent;
        // A page was looked at, whatever it prints.
        walk.arrive(Risk::Markup, call, call, "", &Value::UNKNOWN);
        for Output { value, written, place, argument } in printed {
            if stored::is_row(&value) {
                continue;
            }
            let before = walk.arrivals.len();
            walk.arrive(Risk::Markup, call, argument, &written, &value);
            for arrival in walk.arrivals.iter_mut().skip(before) {
                arrival.template = Some(place.clone());
            }
        }
    }
}

/// Where a field of a dictionary or object that is written out as an argument gets its value.
fn field_of(given: &Given<'_>, at: (usize, &str), name: &str) -> Option<Extent> {
    let extent = given.extent(at.0, at.1)?;
    let written = given.written.iter().find(|argument| argument.value.extent == extent)?;
    let ExprKind::Record { entries, .. } = &written.value.kind else { return Some(extent) };
    let field = entries.iter().find(|(key, _)| key.as_ref().and_then(Expr::string) == Some(name));
    Some(field.map_or(extent, |(_, value)| value.extent))
}
