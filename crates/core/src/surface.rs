//! What a program offers to the outside: routes, what they read, and how it is started.
//!
//! Read from source by `checks`, handed by the program to `trial`.

use serde::{Deserialize, Serialize};

use crate::{Location, NotChecked};

/// What could be read of a program's surface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Surface {
    /// Its routes, in the order of their files and lines.
    pub routes: Vec<Route>,
    /// Whether every route is here. False as soon as one registration could not be understood.
    pub complete: bool,
    /// What could not be understood.
    pub not_read: Vec<NotChecked>,
    /// Files that look like the program's entry, best first.
    pub entries: Vec<EntryPoint>,
}

/// One operation of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Upper case; `*` for any.
    pub method: String,
    /// With `{name}` where a value goes.
    pub path: String,
    /// The function that answers.
    pub handler: Option<Handler>,
    /// What it reads of the request, as far as could be told.
    pub inputs: Vec<Input>,
}

/// The function that answers a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handler {
    /// Where it is defined.
    pub location: Location,
    /// Its dotted name.
    pub symbol: String,
}

/// One value a handler reads of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Where it is carried.
    pub place: InputPlace,
    /// What the code converts or compares it to, where that could be told.
    pub kind: InputKind,
    /// Whether the handler cannot do without it.
    pub required: bool,
}

/// Where a value of a request is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputPlace {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// A field of a JSON body.
    Json,
    /// A field of a form body.
    Form,
    /// An uploaded file of a multipart body.
    File,
    /// A request header.
    Header,
    /// A cookie.
    Cookie,
}

/// What a value is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// Nothing could be told.
    Unknown,
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// An object.
    Object,
}

/// A file that looks like the program's entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPoint {
    /// The command from the root, such as `["python3", "app.py"]`.
    pub command: Vec<String>,
    /// Why it is taken for the entry, as half a sentence.
    pub why: String,
    /// The line that binds the listening socket, where one was found.
    pub listens: Option<Location>,
    /// Ports written as literals where it listens.
    pub ports: Vec<u16>,
    /// Environment variables it reads, each with whether it cannot start without it.
    pub environment: Vec<(String, bool)>,
}
