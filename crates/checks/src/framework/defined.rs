//! What the files of a project define and call, read once for everybody who follows names.

use std::collections::{BTreeMap, HashMap};

use ahash::AHashMap;

use rayon::prelude::*;

use super::bound_name::{assigned_member, function_name};
use super::exports;
use super::project::{CallSite, ExprAt, Within, within};
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Class, ClassKind, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name};
use crate::language::Language;

/// A function of the project.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    /// The name that it has or is bound to.
    pub(crate) name: String,
    /// The function.
    pub(crate) function: &'a Function,
    /// The functions around it, outermost first.
    pub(crate) outer: Within<'a>,
    /// The class that it is a method of.
    pub(crate) class: Option<&'a Class>,
    /// What it is handed to before it is bound: `wrap` in `const list = wrap(async () => ..)`.
    pub(crate) wrapper: Option<&'a Call>,
    /// The names that it binds.
    values: Values<'a>,
}

impl<'a> Known<'a> {
    /// Whether this is its name: for a method of a Rust `impl` with its type before it, `Store.find`.
    pub(crate) fn is_called(&self, dotted: &str) -> bool {
        let Some(class) = self.class.filter(|class| class.kind == ClassKind::Impl) else {
            return self.name == dotted;
        };
        dotted.strip_suffix(self.name.as_str()).and_then(|rest| rest.strip_suffix('.'))
            == Some(class.name.as_str())
    }

    /// What a name is bound to in it.
    pub(crate) fn bound(&self, name: &str) -> &[Bound<'a>] {
        self.values.bound(name)
    }
}

/// The definitions and calls of the files that are no tests.
#[derive(Debug, Default)]
pub struct Defined<'a> {
    /// What each script gives out: the name given to it outside, and the name it has in the file.
    pub(crate) exports: HashMap<usize, HashMap<String, String>>,
    /// Every function, by file and where its name begins.
    pub(crate) functions: BTreeMap<(usize, u32), Known<'a>>,
    /// Where they are, in order, by the last part of their name.
    named: AHashMap<String, Vec<(usize, u32)>>,
    /// What is assigned to members in a file: `module.exports = x`, `exports.a = x`, `this.router = x`.
    pub(crate) members: AHashMap<(usize, String), Vec<ExprAt<'a>>>,
    /// The names bound at the top of each file.
    pub(crate) tops: AHashMap<usize, Values<'a>>,
    /// The classes, by file and name.
    pub(crate) classes: AHashMap<(usize, &'a str), &'a Class>,
    /// Every call with the function around it, by the last name of what is called.
    pub(crate) calls: AHashMap<&'a str, Vec<CallSite<'a>>>,
}

impl<'a> Defined<'a> {
    /// Reads the definitions of every file.
    pub fn of(files: &'a [SourceFile]) -> Self {
        let sources: Vec<_> = files.iter().enumerate().filter(|(_, file)| !file.is_test).collect();
        let read: Vec<OfFile<'a>> = sources.into_par_iter().map(|(at, file)| OfFile::of(at, file)).collect();
        let mut all = Self::default();
        for OfFile { file, exports, functions, members, top, classes, calls } in read {
            all.exports.extend(exports.map(|exports| (file, exports)));
            for (start, known) in functions {
                all.named.entry(last_part(&known.name).to_owned()).or_default().push((file, start));
                all.functions.insert((file, start), known);
            }
            for (target, at) in members {
                all.members.entry((file, target)).or_default().push(at);
            }
            all.tops.insert(file, top);
            for (name, class) in classes {
                all.classes.entry((file, name)).or_insert(class);
            }
            for (name, function, call) in calls {
                all.calls.entry(name).or_default().push((file, function, call));
            }
        }
        all.named.values_mut().for_each(|places| places.sort_unstable());
        all
    }

    /// The functions of a file whose name ends in this part, in order.
    pub(crate) fn named_in<'d>(
        &'d self,
        file: usize,
        last: &str,
    ) -> impl Iterator<Item = &'d Known<'a>> + use<'a, 'd> {
        let places = self.named.get(last).map_or(&[][..], Vec::as_slice);
        let from = places.partition_point(|place| place.0 < file);
        let places = places.get(from..).unwrap_or_default().iter().take_while(move |place| place.0 == file);
        places.filter_map(|place| self.functions.get(place))
    }
}

/// `list` of `controller.list`.
pub(crate) fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What one file defines and calls.
struct OfFile<'a> {
    file: usize,
    exports: Option<HashMap<String, String>>,
    functions: Vec<(u32, Known<'a>)>,
    members: Vec<(String, ExprAt<'a>)>,
    top: Values<'a>,
    classes: Vec<(&'a str, &'a Class)>,
    calls: Vec<(&'a str, Option<&'a Function>, &'a Call)>,
}

impl<'a> OfFile<'a> {
    fn of(at: usize, file: &'a SourceFile) -> Self {
        let mut defined = Self {
            file: at,
            exports: (file.language != Language::Python).then(|| exports::exports(file)),
            functions: Vec::new(),
            members: Vec::new(),
            top: Values::of_body(&file.syntax.body),
            classes: Vec::new(),
            calls: Vec::new(),
        };
        each_node(&file.syntax, &mut |node, around| {
            if let Some(function) = node.function().filter(|function| function.has_body) {
                let (name, wrapper) = function_name(node, function, around);
                let outer = within(around);
                let class = around.last().and_then(|node| node.class());
                let known =
                    Known { name, function, outer, class, wrapper, values: Values::of_function(function) };
                defined.functions.push((function.name_extent.start, known));
            }
            if let Some((target, value)) = assigned_member(node, around) {
                defined.members.push((target, (at, within(around), value)));
            }
            if let Some(class) = node.class().filter(|class| class.kind != ClassKind::Impl) {
                defined.classes.extend(class_name(class, around).map(|name| (name, class)));
            }
            if let Some(call) = node.expr().and_then(Expr::call)
                && let Some(name) = callee_name(call)
            {
                let function = around.iter().rev().find_map(|node| node.function());
                defined.calls.push((name, function, call));
            }
            true
        });
        defined
    }
}

/// The name of a class: its own, or what it is bound to.
fn class_name<'a>(class: &'a Class, around: Around<'a, '_>) -> Option<&'a str> {
    match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) if class.name.is_empty() => {
            match &assign.targets.first()?.kind {
                ExprKind::Name(name) => Some(name),
                _ => None,
            }
        }
        _ => Some(class.name.as_str()),
    }
}

/// The last name of what is called; `require` for `require("./x")(app)`.
fn callee_name(call: &Call) -> Option<&str> {
    let callee = match &call.callee.kind {
        ExprKind::Call(inner) => &inner.callee,
        _ => &call.callee,
    };
    called_name(callee)
}
