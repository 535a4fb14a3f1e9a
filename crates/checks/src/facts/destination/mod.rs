//! Where a value goes: the names that it is given, the fields, columns and cookies that it becomes, and what it is compared with.
//!
//! A value is followed through what keeps it (text, encodings, digests, lists, choices), through the names it is bound to in its function,
//! and through what its function gives back to where that is called. The order of execution is not followed.

mod reading;

use std::collections::HashMap;

use self::reading::{
    KEEPS, PUTS, beginning, brings_credential, holds, imports, is_alphabet, is_equality, is_from, is_kin,
    is_target, is_written, stem, written,
};
use super::nodes::{Around, Node, each_in_body, each_node};
use super::source::SourceFile;
use super::stored::{Kept, stored};
use super::syntax::{Call, Expr, ExprKind, Extent, Function, LogicalOp, Stmt, StmtKind};
use super::values::{FileValues, Values, called_name};

/// Names in names that are followed, and calls of a function that gives the value back.
const DEPTH: usize = 4;
/// Places that are noted for one value; what has more is everywhere.
const MOST: usize = 48;
/// Expressions around a value that are looked through.
const CLIMB: usize = 40;

/// One place that a value goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// What it is called there.
    pub name: String,
    /// How it comes to be there.
    pub way: Way,
    /// The place of the file in the list of files.
    pub file: usize,
    /// Where.
    pub extent: Extent,
}

/// How a value comes to be somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A name is bound to it.
    Named,
    /// It is a field of an object or a record, or a column of a row.
    Field,
    /// A cookie has it for its value.
    Cookie,
    /// A function is given it, under this name.
    Given,
    /// A function of this name gives it back.
    Returned,
    /// What a caller's cookie or header holds is compared with it.
    Credential,
    /// It is written to a file of this name.
    Written,
}

/// Where values of a project go; what was read of its files for one is kept for the next.
pub struct Destinations<'a> {
    files: &'a [SourceFile],
    found: Vec<Destination>,
    /// Names and functions that were followed, and how far from there.
    seen: HashMap<(usize, u32, String), usize>,
    /// The expression that is being followed now.
    seed: Extent,
    values: HashMap<usize, FileValues<'a>>,
    /// The functions of each file by their names.
    functions: HashMap<usize, HashMap<&'a str, &'a Function>>,
}

impl<'a> Destinations<'a> {
    /// Nothing is read yet.
    pub fn of(files: &'a [SourceFile]) -> Self {
        Self {
            files,
            found: Vec::new(),
            seen: HashMap::new(),
            seed: Extent::default(),
            values: HashMap::new(),
            functions: HashMap::new(),
        }
    }

    /// Everywhere that the value of an expression goes.
    pub fn find(&mut self, file: usize, expr: &'a Expr, around: Around<'a, '_>) -> Vec<Destination> {
        self.seen.clear();
        self.climb(file, expr, around, DEPTH);
        std::mem::take(&mut self.found)
    }

    fn note(&mut self, name: impl Into<String>, way: Way, file: usize, extent: Extent) {
        let place = Destination { name: name.into(), way, file, extent };
        if self.found.len() < MOST && !place.name.is_empty() && !self.found.contains(&place) {
            self.found.push(place);
        }
    }

    /// Looks at what stands around a value, innermost first, as long as it is still there.
    fn climb(&mut self, file: usize, value: &'a Expr, around: Around<'a, '_>, depth: usize) {
        let before = std::mem::replace(&mut self.seed, value.extent);
        self.climb_from(file, value, around, depth);
        self.seed = before;
    }

    fn climb_from(&mut self, file: usize, value: &'a Expr, around: Around<'a, '_>, depth: usize) {
        let mut inner = value;
        for at in (0..around.len()).rev().take(CLIMB) {
            let (Some(outer), outside) = (around.get(at), around.get(..at).unwrap_or_default()) else {
                return;
            };
            match outer {
                Node::Expr(outer) => {
                    if !self.through(file, inner, outer, outside, depth) {
                        return;
                    }
                    inner = outer;
                }
                Node::Stmt(stmt) => return self.stmt(file, inner, stmt, outside, depth),
                Node::Handler(_) => return,
            }
        }
    }

    /// Whether the value is still there in the expression around it.
    fn through(
        &mut self,
        file: usize,
        inner: &'a Expr,
        outer: &'a Expr,
        outside: Around<'a, '_>,
        depth: usize,
    ) -> bool {
        match &outer.kind {
            ExprKind::Call(call) => self.call(file, inner, (outer, call), outside, depth),
            ExprKind::Record { entries, .. } => {
                let entry = entries.iter().find(|(_, value)| std::ptr::eq(value, inner));
                let key = entry.and_then(|(key, _)| key.as_ref());
                if let Some(name) = key.and_then(|key| key.string().or_else(|| called_name(key))) {
                    self.note(name, Way::Field, file, outer.extent);
                }
                false
            }
            ExprKind::Compare { left, rest } => {
                if let [(op, right)] = rest.as_slice()
                    && is_equality(*op)
                {
                    let other = if std::ptr::eq(&**left, inner) { right } else { left };
                    self.compared(file, inner, other, outer.extent);
                }
                false
            }
            ExprKind::Assign { target, value, .. } => {
                if std::ptr::eq(&**value, inner) {
                    self.target(file, target, outside, depth);
                }
                std::ptr::eq(&**value, inner)
            }
            ExprKind::Index { object, index } => {
                !std::ptr::eq(&**index, inner) || is_alphabet(object) && !is_target(outer, outside)
            }
            ExprKind::Conditional { test, .. } => !std::ptr::eq(&**test, inner),
            ExprKind::Logical { op: LogicalOp::And, left, .. } => !std::ptr::eq(&**left, inner),
            ExprKind::Function(_) | ExprKind::Class(_) | ExprKind::Matches { .. } | ExprKind::Markup(_) => {
                false
            }
            _ => true,
        }
    }

    /// Whether what a call gives back is made of the value.
    fn call(
        &mut self,
        file: usize,
        inner: &'a Expr,
        (outer, call): (&'a Expr, &'a Call),
        outside: Around<'a, '_>,
        depth: usize,
    ) -> bool {
        // A method of the value, or of what is made of it.
        if std::ptr::eq(&call.callee, inner) {
            return !matches!(
                called_name(&call.callee),
                Some("startswith" | "startsWith" | "includes" | "test")
            );
        }
        let Some(place) = call.arguments.iter().position(|given| std::ptr::eq(&given.value, inner)) else {
            return false;
        };
        let name = called_name(&call.callee).unwrap_or_default();
        if PUTS.contains(&name)
            && let ExprKind::Member { object, .. } = &call.callee.kind
            && let ExprKind::Name(holder) = &object.kind
        {
            self.follow_name(file, holder, outside, depth);
        }
        self.given(file, (place, inner), (outer, call), outside);
        KEEPS.contains(&name) || name == "new" && self.is_digest(file, call)
    }

    fn is_digest(&self, file: usize, call: &Call) -> bool {
        let path = self.files.get(file).and_then(|file| file.resolve(&call.callee));
        path.is_some_and(|path| path == "hashlib.new")
    }

    /// Notes what a call is given the value as.
    fn given(
        &mut self,
        file: usize,
        (place, inner): (usize, &'a Expr),
        (outer, call): (&'a Expr, &'a Call),
        outside: Around<'a, '_>,
    ) {
        let name = called_name(&call.callee).unwrap_or_default();
        let first = call.arguments.first().map(|first| &first.value);
        match name {
            "set_cookie" | "cookie" | "setCookie" | "set_signed_cookie" if place > 0 => {
                let cookie = first.and_then(|first| first.string()).unwrap_or("cookie");
                return self.note(cookie, Way::Cookie, file, outer.extent);
            }
            "setItem" | "set" | "setex" | "hset" | "put" if place > 0 => {
                let key = first.map(beginning).unwrap_or_default();
                self.note(key, Way::Field, file, outer.extent);
            }
            "compare_digest" | "timingSafeEqual" | "constant_time_compare" => {
                if let Some(other) = call.arguments.get(1 - place.min(1)) {
                    self.compared(file, inner, &other.value, outer.extent);
                }
                return;
            }
            "write" | "writelines" => {
                if let ExprKind::Member { object, .. } = &call.callee.kind {
                    let path = self.opened(file, object, outside);
                    self.note(path, Way::Written, file, outer.extent);
                }
            }
            "writeFile" | "writeFileSync" | "appendFile" | "appendFileSync" if place > 0 => {
                self.note(first.map(written).unwrap_or_default(), Way::Written, file, outer.extent);
            }
            _ => {}
        }
        if let Some(named) = call.arguments.get(place).and_then(|given| given.name.as_deref()) {
            self.note(named, Way::Field, file, outer.extent);
        } else if let Some(parameter) = self.parameter(file, call, place) {
            self.note(parameter, Way::Given, file, inner.extent);
        }
        let Some(source) = self.files.get(file) else { return };
        // The last of the nodes around is what the list or record of parameters is an argument of.
        let values = self.values.entry(file).or_insert_with(|| FileValues::of(&source.syntax));
        for field in stored(source, values, Node::Expr(outer), outside) {
            if matches!(&field.value, Kept::Value(value) if holds(value.extent, self.seed)) {
                // Of `licenses.key` the table says what kind of key.
                let of = field.into.strip_suffix('s').unwrap_or(&field.into);
                if matches!(field.name.as_str(), "id" | "key" | "value" | "code") && !of.is_empty() {
                    let said = of.ends_with(&format!("_{}", field.name));
                    let name = if said { of.to_owned() } else { format!("{of}_{}", field.name) };
                    self.note(name, Way::Field, file, outer.extent);
                }
                self.note(field.name, Way::Field, file, outer.extent);
            }
        }
    }

    /// The name of the parameter of a function of the same file that a call hands something to.
    fn parameter(&mut self, file: usize, call: &Call, place: usize) -> Option<String> {
        let ExprKind::Name(name) = &call.callee.kind else { return None };
        let source = self.files.get(file)?;
        let functions = self.functions.entry(file).or_insert_with(|| {
            let mut functions = HashMap::new();
            each_node(&source.syntax, &mut |node, _| {
                if let Some(function) = node.function() {
                    functions.insert(function.name.as_str(), function);
                }
                true
            });
            functions
        });
        functions.get(name.as_str())?.parameters.get(place).and_then(|parameter| parameter.pattern.dotted())
    }

    /// The path that a file was opened under, as far as it is written.
    fn opened(&mut self, file: usize, object: &'a Expr, outside: Around<'a, '_>) -> String {
        let Some(source) = self.files.get(file) else { return String::new() };
        let look = |value: &'a Expr| {
            let call = value.call().filter(|call| called_name(&call.callee) == Some("open"))?;
            call.arguments.first().map(|first| written(&first.value))
        };
        let opened = match &object.kind {
            ExprKind::Name(name) => {
                let values = self.values.entry(file).or_insert_with(|| FileValues::of(&source.syntax));
                values.bound(name, outside).into_iter().find_map(|bound| match bound {
                    super::values::Bound::To(value) | super::values::Bound::PartOf(value) => look(value),
                    _ => None,
                })
            }
            _ => look(object),
        };
        opened.unwrap_or_default()
    }

    fn stmt(&mut self, file: usize, inner: &'a Expr, stmt: &'a Stmt, outside: Around<'a, '_>, depth: usize) {
        match &stmt.kind {
            StmtKind::Assign(assign)
                if assign.value.as_ref().is_some_and(|value| holds(value.extent, inner.extent)) =>
            {
                assign.targets.iter().for_each(|target| self.target(file, target, outside, depth));
            }
            StmtKind::Return(_) | StmtKind::Value(_) => self.given_back(file, outside, depth),
            _ => {}
        }
    }

    /// Something is assigned to this.
    fn target(&mut self, file: usize, target: &'a Expr, outside: Around<'a, '_>, depth: usize) {
        match &target.kind {
            ExprKind::Name(name) => {
                self.note(name.as_str(), Way::Named, file, target.extent);
                self.follow_name(file, name, outside, depth);
            }
            ExprKind::Member { object, name, .. } => {
                self.note(name.as_str(), Way::Field, file, target.extent);
                if called_name(object).is_some_and(|of| matches!(of, "cookies" | "signedCookies")) {
                    self.note(name.as_str(), Way::Cookie, file, target.extent);
                }
                self.asked_for(file, target, outside);
            }
            ExprKind::Index { index, .. } => {
                let key = beginning(index);
                if !key.is_empty() {
                    self.note(key, Way::Field, file, target.extent);
                }
                self.asked_for(file, target, outside);
            }
            ExprKind::Cast { value, .. } | ExprKind::Spread(value) => {
                self.target(file, value, outside, depth);
            }
            _ => {}
        }
    }

    /// Whether what a caller's cookie holds is compared with what was kept here, in the same function.
    fn asked_for(&mut self, file: usize, target: &'a Expr, outside: Around<'a, '_>) {
        let Some(source) = self.files.get(file) else { return };
        let Some(function) = outside.iter().rev().find_map(|node| node.function()) else { return };
        let sought = source.text_of(target.extent);
        let mut credential = None;
        each_in_body(&function.body, &mut |node, _| {
            if let Node::Expr(Expr { kind: ExprKind::Compare { left, rest }, extent }) = node
                && let [(op, right)] = rest.as_slice()
                && is_equality(*op)
                && [(&**left, right), (right, &**left)].iter().any(|(kept, other)| {
                    source.text_of(kept.extent) == sought && brings_credential(source, other)
                })
            {
                credential = Some(*extent);
            }
            credential.is_none()
        });
        if let Some(extent) = credential {
            self.note(sought, Way::Credential, file, extent);
        }
    }

    fn compared(&mut self, file: usize, inner: &'a Expr, other: &'a Expr, extent: Extent) {
        let Some(source) = self.files.get(file) else { return };
        if brings_credential(source, other) {
            self.note(source.text_of(inner.extent), Way::Credential, file, extent);
        }
    }

    /// Whether a name was followed before, at least as far as this; it is from now on.
    fn was_followed(&mut self, key: (usize, u32, String), depth: usize) -> bool {
        let known = self.seen.entry(key).or_default();
        let before = *known >= depth;
        *known = depth.max(*known);
        before
    }

    /// Goes on wherever a name of this function, or of the file, is used.
    fn follow_name(&mut self, file: usize, name: &str, outside: Around<'a, '_>, depth: usize) {
        let (Some(left), Some(source)) = (depth.checked_sub(1), self.files.get(file)) else { return };
        let binds = |function: &&Function| !Values::of_function(function).bound(name).is_empty();
        let at = outside.iter().rposition(|node| node.function().filter(binds).is_some());
        let function = at.and_then(|at| outside.get(at)).and_then(|node| node.function());
        let body = function.map_or(source.syntax.body.as_slice(), |function| function.body.as_slice());
        let before = at.and_then(|at| outside.get(..=at)).unwrap_or_default();
        let key = (file, body.first().map_or(0, |stmt| stmt.extent.start), name.to_owned());
        if self.was_followed(key, depth) || self.found.len() >= MOST {
            return;
        }
        let mut uses = Vec::new();
        each_in_body(body, &mut |node, around| {
            if let Node::Expr(expr @ Expr { kind: ExprKind::Name(used), .. }) = node
                && used == name
                && uses.len() < MOST
            {
                let mut all = before.to_vec();
                all.extend_from_slice(around);
                uses.push((expr, all));
            }
            true
        });
        for (used, around) in uses {
            if !is_written(used, &around) {
                self.climb(file, used, &around, left);
            }
        }
    }

    /// A function gives the value back: its name says what it is, and so do those who call it.
    fn given_back(&mut self, file: usize, outside: Around<'a, '_>, depth: usize) {
        let Some(at) = outside.iter().rposition(|node| node.function().is_some()) else { return };
        let Some(node) = outside.get(at).copied() else { return };
        let Some(function) = node.function() else { return };
        let before = outside.get(..at).unwrap_or_default();
        let mut name = function.name.to_string();
        if let (true, Node::Expr(expr)) = (name.is_empty(), node) {
            // What a callback gives back is part of what it is handed to makes; a function that is bound has a name.
            match before.last() {
                Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
                    name = assign.targets.first().and_then(called_name).unwrap_or_default().to_owned();
                }
                Some(Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. })) => {
                    let entry = entries.iter().find(|(_, value)| std::ptr::eq(value, expr));
                    let key = entry.and_then(|(key, _)| key.as_ref()).and_then(Expr::string);
                    name = key.unwrap_or_default().to_owned();
                }
                _ => return self.climb(file, expr, before, depth),
            }
        }
        self.note(name.as_str(), Way::Returned, file, function.name_extent);
        self.follow_calls(file, &name, depth);
    }

    /// Goes on wherever a function is called, in its own file or in one that imports it.
    fn follow_calls(&mut self, file: usize, name: &str, depth: usize) {
        let (Some(left), false) = (depth.checked_sub(1), name.is_empty()) else { return };
        let key = (file, u32::MAX, name.to_owned());
        if self.was_followed(key, depth) {
            return;
        }
        let files = self.files;
        let Some(home) = files.get(file) else { return };
        let stem = stem(&home.path);
        let mut calls = Vec::new();
        for (at, source) in files.iter().enumerate() {
            let near = at == file || is_kin(source.language, home.language) && imports(source, stem);
            if source.is_test || !near || !source.text.contains(name) {
                continue;
            }
            each_node(&source.syntax, &mut |node, around| {
                if let Node::Expr(expr @ Expr { kind: ExprKind::Call(call), .. }) = node
                    && called_name(&call.callee) == Some(name)
                    && calls.len() < MOST
                    && (at == file || is_from(source, &call.callee, stem))
                {
                    calls.push((at, expr, around.to_vec()));
                }
                true
            });
        }
        for (at, call, around) in calls {
            self.climb(at, call, &around, left);
        }
    }
}
