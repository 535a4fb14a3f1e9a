//! What a value may be, and what of it came from outside.

use std::collections::BTreeMap;
use std::rc::Rc;

use seaworthy_core::limits::{FLOW_VALUE_DEPTH, FLOW_VALUE_PARTS};

use super::guard::Implied;
use super::risk::{Risk, Risks};
use crate::facts::page_template::has_tag;
use crate::facts::syntax::{Class, Extent, Function, Text};

/// Origins that one value keeps apart; beyond them only one that may do other harm than these. A page put together of many fields is as
/// tainted with eight of them as with forty.
const ORIGINS: usize = 8;
/// Texts of which a value may be one.
const CHOICES: usize = 8;
/// Steps of a way that are kept; the first ones and the last ones tell most.
const STEPS: u32 = 12;

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value<'a> {
    /// What is known of it.
    pub(super) shape: Shape<'a>,
    /// What of it came from outside.
    pub(super) taints: Vec<Taint>,
}

/// What is known of a value.
#[derive(Debug, Clone)]
pub(super) enum Shape<'a> {
    /// Nothing.
    Unknown,
    /// A text.
    Text(Text),
    /// One of these texts.
    Either(Rc<Vec<Text>>),
    /// A text that begins so.
    Begins(Text),
    /// A whole number.
    Number(i64),
    /// True or false.
    Truth(bool),
    /// Nothing at all: `None`, `null`, `undefined`.
    Null,
    /// A list or tuple with these items.
    List(Rc<Vec<Value<'a>>>),
    /// A dictionary or object with these fields; others are not known.
    Record(Rc<BTreeMap<Text, Value<'a>>>),
    /// Some list or object, of whose parts no more is known than what they may be made of.
    Many,
    /// An instance of a class of the project.
    Object(usize, &'a Class, Rc<BTreeMap<Text, Value<'a>>>),
    /// A function of the project, and the call in which it was made.
    Function(usize, &'a Function, u32),
    /// A class of the project.
    Class(usize, &'a Class),
    /// A truth from which something follows.
    Implies(Rc<Implied>),
    /// Something of a library or the language, by its dotted name: `os.path`, `flask.request`.
    Name(Text),
}

impl PartialEq for Shape<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, Self::Unknown) | (Self::Null, Self::Null) | (Self::Many, Self::Many) => true,
            (Self::Text(one), Self::Text(two))
            | (Self::Begins(one), Self::Begins(two))
            | (Self::Name(one), Self::Name(two)) => one == two,
            (Self::Either(one), Self::Either(two)) => one == two,
            (Self::Number(one), Self::Number(two)) => one == two,
            (Self::Truth(one), Self::Truth(two)) => one == two,
            (Self::List(one), Self::List(two)) => one == two,
            (Self::Record(one), Self::Record(two)) => one == two,
            // A definition is itself and no other: its syntax need not be compared.
            (Self::Object(_, one, fields), Self::Object(_, two, others)) => {
                std::ptr::eq(*one, *two) && fields == others
            }
            (Self::Function(_, one, call), Self::Function(_, two, other)) => {
                std::ptr::eq(*one, *two) && call == other
            }
            (Self::Class(_, one), Self::Class(_, two)) => std::ptr::eq(*one, *two),
            (Self::Implies(one), Self::Implies(two)) => one == two,
            _ => false,
        }
    }
}

impl Eq for Shape<'_> {}

/// Something from outside, in a value.
#[derive(Debug, Clone)]
pub(super) struct Taint {
    /// What it is.
    pub(super) origin: Rc<Origin>,
    /// What it may still do harm in.
    pub(super) open: Risks,
    /// What constant text it was put into.
    pub(super) beside: Beside,
    /// How it came here, last step first.
    pub(super) way: Option<Rc<Step>>,
}

impl Eq for Taint {}

impl PartialEq for Taint {
    /// The way does not count: it tells a story, and there may be many.
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.open == other.open && self.beside == other.beside
    }
}

/// Where something comes in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The place of the file in the list of files.
    pub(super) file: usize,
    /// Where it is read.
    pub(super) extent: Extent,
    /// What it is, for people: `` `request.args` ``.
    pub(super) what: String,
    /// The same for every reading of the same thing: what is checked in one reading is checked in the other.
    pub(super) key: String,
}

/// A step on the way.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) file: usize,
    pub(super) extent: Extent,
    pub(super) note: String,
    pub(super) before: Option<Rc<Step>>,
    length: u32,
}

/// Kinds of constant text around something from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Beside(pub(super) u16);

impl Beside {
    /// Words of SQL.
    pub(super) const QUERY: Self = Self(1);
    /// A tag of HTML.
    pub(super) const MARKUP: Self = Self(2);
    /// Anything that is no white space.
    pub(super) const TEXT: Self = Self(4);
    /// It is a path without `..` and links.
    pub(super) const NORMAL: Self = Self(8);
    /// It is a part of what came in: what is known of it is not known of the rest.
    pub(super) const PART: Self = Self(16);
    /// It is the host of a URL that came in.
    pub(super) const HOST: Self = Self(32);

    /// A filter of LDAP: `(uid=`.
    pub(super) const FILTER: Self = Self(64);
    /// A step of XPath: `//user[`, `[@id=`.
    pub(super) const SELECTOR: Self = Self(128);

    /// It holds no `..`.
    pub(super) const STEADY: Self = Self(256);
    /// It begins with no slash.
    pub(super) const RELATIVE: Self = Self(512);
    /// It holds nothing that ends the name of a host: no colon, slash or `@`.
    pub(super) const WORD: Self = Self(1024);
    /// It is the way from a folder: `..` at its beginning leads out of it.
    pub(super) const RELATED: Self = Self(2048);
    /// It is one part of a path, which may be `..`.
    pub(super) const SEGMENT: Self = Self(4096);
    /// It is a list or a dictionary, and each of its items or keys is one of a list.
    pub(super) const LISTED: Self = Self(8192);
    /// They are the addresses that the name of a host stands for, of which there is one at least.
    pub(super) const RESOLVED: Self = Self(16384);
    /// It is a path of Rust, whose beginning is compared part by part.
    pub(super) const PARTED: Self = Self(32768);
    /// What is known of one text and of no other that it is put together with.
    pub(super) const OWN: Self = Self(
        Self::NORMAL.0
            | Self::STEADY.0
            | Self::RELATIVE.0
            | Self::WORD.0
            | Self::RELATED.0
            | Self::SEGMENT.0
            | Self::LISTED.0
            | Self::PARTED.0,
    );

    /// Whether it has all of the other.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Without that of the other.
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// One or the other: what is known of one text alone must be known of both.
    pub(super) const fn or(self, other: Self) -> Self {
        Self((self.0 | other.0) & !Self::OWN.0 | (self.0 & other.0 & Self::OWN.0))
    }

    /// What a text is.
    pub(super) fn of(text: &str) -> Self {
        let mut kinds = 0;
        if !text.trim().is_empty() {
            kinds |= Self::TEXT.0;
        }
        if is_query(text) {
            kinds |= Self::QUERY.0;
        }
        if has_tag(text) {
            kinds |= Self::MARKUP.0;
        }
        if is_filter(text) {
            kinds |= Self::FILTER.0;
        }
        if text.contains("//") && text.contains('[') || text.contains("[@") || text.contains("text()") {
            kinds |= Self::SELECTOR.0;
        }
        Self(kinds)
    }
}

/// Whether a text is a part of a statement of SQL: it begins with its verb, or holds two of its words.
fn is_query(text: &str) -> bool {
    const VERBS: &[&str] = &[
        "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "WITH", "PRAGMA",
        "CALL", "TRUNCATE", "ATTACH",
    ];
    const WORDS: &[&str] = &[
        "FROM",
        "WHERE",
        "INTO",
        "VALUES",
        "SET",
        "TABLE",
        "ORDER",
        "GROUP",
        "LIMIT",
        "JOIN",
        "AND",
        "OR",
        "LIKE",
        "BY",
        "UNION",
        "HAVING",
        "OFFSET",
        "RETURNING",
        "IN",
    ];
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let (mut verb, mut others, mut seen) = (false, 0, 0);
    for word in words.take(200) {
        let upper = word.to_ascii_uppercase();
        verb |= seen < 2 && VERBS.contains(&upper.as_str());
        // Lower-case `in`, `or` and `and` are English before they are SQL.
        others += usize::from(WORDS.contains(&upper.as_str()) && (word.len() > 3 || upper == word));
        seen += 1;
    }
    (verb && others > 0) || others > 1 || (others == 1 && seen <= 4)
}

/// Whether a text is a part of a filter of LDAP (RFC 4515): an attribute behind a bracket, `(&(`.
fn is_filter(text: &str) -> bool {
    text.split('(').skip(1).any(|part| {
        let attribute = part
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | ';'));
        attribute.len() < part.len() && attribute.trim_start_matches(['~', '>', '<']).starts_with('=')
    })
}

impl<'a> Value<'a> {
    /// A value of which nothing is known, and nothing comes from outside.
    pub(super) const UNKNOWN: Self = Self { shape: Shape::Unknown, taints: Vec::new() };

    /// A value of this shape, from inside.
    pub(super) fn of(shape: Shape<'a>) -> Self {
        Self { shape, taints: Vec::new() }
    }

    /// A value that holds these things from outside.
    pub(super) fn tainted(taints: Vec<Taint>) -> Self {
        Self { shape: Shape::Unknown, taints }
    }

    /// Something from outside that may do any harm.
    pub(super) fn from_outside(origin: Origin) -> Self {
        let (file, extent, note) =
            (origin.file, origin.extent, format!("{} comes from the caller", origin.what));
        let way = Some(Rc::new(Step { file, extent, note, before: None, length: 1 }));
        let taint = Taint { origin: Rc::new(origin), open: Risks::ALL, beside: Beside::default(), way };
        Self::tainted(vec![taint])
    }

    /// Something that callers left in a database.
    pub(super) fn stored(origin: Origin) -> Self {
        let (file, extent, note) =
            (origin.file, origin.extent, format!("{} is what callers left there", origin.what));
        let way = Some(Rc::new(Step { file, extent, note, before: None, length: 1 }));
        let taint = Taint { origin: Rc::new(origin), open: Risks::ALL, beside: Beside::default(), way };
        Self::tainted(vec![taint])
    }

    /// Its text, when it is known whole.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts that it may be, when it can be no other.
    pub(super) fn texts(&self) -> &[Text] {
        match &self.shape {
            Shape::Text(text) => std::slice::from_ref(text),
            Shape::Either(texts) => texts,
            _ => &[],
        }
    }

    /// What it is known to begin with.
    pub(super) fn beginning(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) | Shape::Begins(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is known to be true or false, as a condition.
    pub(super) fn truth(&self) -> Option<bool> {
        if !self.taints.is_empty() {
            return None;
        }
        match &self.shape {
            Shape::Truth(truth) => Some(*truth),
            Shape::Number(number) => Some(*number != 0),
            Shape::Text(text) => Some(!text.is_empty()),
            Shape::Null => Some(false),
            _ => None,
        }
    }

    /// Whether all of it is known.
    pub(super) fn is_constant(&self) -> bool {
        self.taints.is_empty()
            && match &self.shape {
                Shape::Text(_) | Shape::Either(_) | Shape::Number(_) | Shape::Truth(_) | Shape::Null => true,
                Shape::List(items) => items.iter().all(Self::is_constant),
                Shape::Record(fields) => {
                    !fields.contains_key(super::keyed::ANY) && fields.values().all(Self::is_constant)
                }
                _ => false,
            }
    }

    /// Itself, or when it has too many parts or too deep ones, what came from outside in it; and how many parts were counted.
    pub(super) fn bounded(self) -> (Self, usize) {
        let mut left = FLOW_VALUE_PARTS;
        let fits = self.fits(FLOW_VALUE_DEPTH, &mut left);
        let counted = FLOW_VALUE_PARTS - left;
        (if fits { self } else { Self::made_of(&[&self]) }, counted)
    }

    /// Whether it has so few parts; parts that are shared count as often as they are met.
    fn fits(&self, depth: usize, left: &mut usize) -> bool {
        let Some(deeper) = depth.checked_sub(1) else { return false };
        let mut each = |part: &Self| {
            let Some(less) = left.checked_sub(1) else { return false };
            *left = less;
            part.fits(deeper, left)
        };
        match &self.shape {
            Shape::List(items) => items.iter().all(each),
            Shape::Record(fields) | Shape::Object(_, _, fields) => fields.values().all(&mut each),
            _ => true,
        }
    }

    /// Everything from outside in it and in its parts.
    pub(super) fn all_taints(&self) -> Vec<Taint> {
        let mut all = self.taints.clone();
        match &self.shape {
            Shape::List(items) => items.iter().for_each(|item| merge(&mut all, &item.all_taints())),
            Shape::Record(fields) | Shape::Object(_, _, fields) => {
                fields.values().for_each(|field| merge(&mut all, &field.all_taints()));
            }
            _ => {}
        }
        all
    }

    /// Whether anything in it comes from outside.
    pub(super) fn is_tainted(&self) -> bool {
        !self.taints.is_empty()
            || match &self.shape {
                Shape::List(items) => items.iter().any(Self::is_tainted),
                Shape::Record(fields) | Shape::Object(_, _, fields) => fields.values().any(Self::is_tainted),
                _ => false,
            }
    }

    /// One or the other.
    pub(super) fn or(&self, other: &Self) -> Self {
        if self == other {
            return self.clone();
        }
        let mut taints = self.taints.clone();
        merge(&mut taints, &other.taints);
        let shape = match (&self.shape, &other.shape) {
            (one, two) if one == two => one.clone(),
            (Shape::Text(_) | Shape::Either(_), Shape::Text(_) | Shape::Either(_)) => {
                let mut all: Vec<Text> = self.texts().to_vec();
                all.extend(other.texts().iter().filter(|text| !self.texts().contains(text)).cloned());
                match all.len() {
                    0..=CHOICES => Shape::Either(Rc::new(all)),
                    _ => Shape::Unknown,
                }
            }
            (Shape::List(one), Shape::List(two)) if one.len() == two.len() => {
                Shape::List(Rc::new(one.iter().zip(two.iter()).map(|(one, two)| one.or(two)).collect()))
            }
            (Shape::Record(one), Shape::Record(two)) => Shape::Record(Rc::new(either(one, two))),
            (Shape::Object(file, class, one), Shape::Object(_, other, two))
                if std::ptr::eq(*class, *other) =>
            {
                Shape::Object(*file, class, Rc::new(either(one, two)))
            }
            // A function, a class or an object that may be missing is still that where it is used.
            (
                known @ (Shape::Function(..) | Shape::Class(..) | Shape::Object(..) | Shape::Name(_)),
                Shape::Null | Shape::Unknown,
            )
            | (
                Shape::Null | Shape::Unknown,
                known @ (Shape::Function(..) | Shape::Class(..) | Shape::Object(..) | Shape::Name(_)),
            ) => known.clone(),
            (one, two) => {
                merge(&mut taints, &Self { shape: one.clone(), taints: Vec::new() }.all_taints());
                merge(&mut taints, &Self { shape: two.clone(), taints: Vec::new() }.all_taints());
                match (self.beginning(), other.beginning()) {
                    (Some(one), Some(two)) => begins(common(one, two)),
                    _ => Shape::Unknown,
                }
            }
        };
        Self { shape, taints }
    }

    /// Takes harm of these kinds out of everything in it.
    pub(super) fn without(mut self, risks: Risks) -> Self {
        self.each_taint(&mut |taint| taint.open = taint.open.without(risks));
        self.each_list(&mut |taints| taints.retain(|taint| !taint.open.is_empty()));
        self
    }

    /// Changes every taint in it and in its parts.
    pub(super) fn each_taint(&mut self, change: &mut dyn FnMut(&mut Taint)) {
        self.each_list(&mut |taints| taints.iter_mut().for_each(&mut *change));
    }

    fn each_list(&mut self, change: &mut dyn FnMut(&mut Vec<Taint>)) {
        change(&mut self.taints);
        match &mut self.shape {
            Shape::List(items) if items.iter().any(Self::is_tainted) => {
                Rc::make_mut(items).iter_mut().for_each(|item| item.each_list(change));
            }
            Shape::Record(fields) | Shape::Object(_, _, fields) if fields.values().any(Self::is_tainted) => {
                Rc::make_mut(fields).values_mut().for_each(|field| field.each_list(change));
            }
            _ => {}
        }
    }

    /// Notes a step on the way of everything in it.
    pub(super) fn stepped(mut self, file: usize, extent: Extent, note: &dyn Fn() -> String) -> Self {
        if !self.is_tainted() {
            return self;
        }
        self.each_taint(&mut |taint| {
            let length = taint.way.as_ref().map_or(0, |step| step.length);
            let here = taint.way.as_ref().is_some_and(|step| step.file == file && step.extent == extent);
            if length < STEPS && !here {
                let before = taint.way.take();
                taint.way = Some(Rc::new(Step { file, extent, note: note(), before, length: length + 1 }));
            }
        });
        self
    }

    /// The same, marked.
    pub(super) fn marked(mut self, mark: Beside) -> Self {
        // What is known of the keys of all is not known of what is kept under one.
        let lost = if mark.has(Beside::PART) { Beside::LISTED } else { Beside(0) };
        self.each_taint(&mut |taint| taint.beside = Beside(taint.beside.without(lost).0 | mark.0));
        self
    }

    /// The same where a part of a path that is `..` does harm: it is removed, or more follows.
    pub(super) fn climbing(mut self) -> Self {
        self.each_taint(&mut |taint| {
            if taint.beside.has(Beside::SEGMENT) && !taint.beside.has(Beside::STEADY) {
                taint.open = taint.open.with(Risks::of(&[Risk::Path]));
            }
        });
        self
    }

    /// Some list or object of what came from outside.
    pub(super) fn into_many(mut self) -> Self {
        self.shape = Shape::Many;
        self
    }

    /// Only what came from outside, as a value of which nothing else is known: what a library makes of it.
    pub(super) fn made_of(values: &[&Self]) -> Self {
        let mut taints = Vec::new();
        values.iter().for_each(|value| merge(&mut taints, &value.all_taints()));
        Self::tainted(taints)
    }
}

/// The shape of a text with this known beginning.
pub(super) fn begins(text: &str) -> Shape<'static> {
    if text.is_empty() { Shape::Unknown } else { Shape::Begins(text.into()) }
}

fn common<'t>(one: &'t str, two: &str) -> &'t str {
    let same = one.char_indices().zip(two.chars()).find(|((_, one), two)| one != two);
    let end = same.map_or(one.len().min(two.len()), |((at, _), _)| at);
    one.get(..end).unwrap_or_default()
}

fn either<'a>(one: &BTreeMap<Text, Value<'a>>, two: &BTreeMap<Text, Value<'a>>) -> BTreeMap<Text, Value<'a>> {
    let mut both = one.clone();
    for (key, value) in two {
        let joined = both.get(key).map_or_else(|| value.clone(), |known| known.or(value));
        both.insert(key.clone(), joined);
    }
    both
}

/// Adds taints to others: of one origin, what is open in either is open.
pub(super) fn merge(into: &mut Vec<Taint>, others: &[Taint]) {
    for other in others {
        let adds = || {
            let known = into.iter().fold(Risks::NONE, |known, taint| known.with(taint.open));
            !other.open.without(known).is_empty()
        };
        let room = into.len() < ORIGINS || adds();
        match into.iter_mut().find(|known| known.origin == other.origin) {
            Some(known) => {
                known.open = known.open.with(other.open);
                known.beside = known.beside.or(other.beside);
            }
            None if room => into.push(other.clone()),
            None => {}
        }
    }
}
