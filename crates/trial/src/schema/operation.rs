//! One operation of a service: how it is called, what it takes and answers, and what it is for.

use std::fmt;

use seaworthy_core::surface::Handler;
use serde::Serialize;

use super::shape::Schema;

/// One operation of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Upper case.
    pub method: String,
    /// Path template, with `{name}` where a value goes; without the base.
    pub path: String,
    /// What the document's `servers` or `basePath` puts before the path: empty, or `/api`.
    pub base: String,
    /// `operationId`, the handler's name, or empty.
    pub name: String,
    /// `summary` and `description`, or empty.
    pub summary: String,
    /// Parameters outside the body.
    pub parameters: Vec<Parameter>,
    /// What the body is.
    pub body: Option<Body>,
    /// What it answers, by status: `200`, `2XX` or `default`.
    pub answers: Vec<Answer>,
    /// Whether it wants to know who calls.
    pub auth: Auth,
    /// What it is for, and why that is thought.
    pub purpose: Purpose,
    /// The half sentence that says why the purpose is thought to be that.
    pub purpose_why: String,
    /// The function that answers, where the source was read.
    pub handler: Option<Handler>,
    /// Who told of it.
    pub origin: Origin,
}

/// A parameter outside the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub place: Place,
    /// Whether it must be there. A path parameter always must.
    pub required: bool,
    /// What it may be.
    pub schema: Schema,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// `application/json`, `multipart/form-data`, ..
    pub media: String,
    /// What it may be; of a form, an object with a property for each field.
    pub schema: Schema,
    /// Whether it must be there.
    pub required: bool,
    /// Who told what it may be: what only the source shows, no document refuses.
    pub told_by: Origin,
}

impl Body {
    /// Whether it is JSON (RFC 8259, or a `+json` suffix of RFC 6839).
    pub fn is_json(&self) -> bool {
        let essence = self.media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json") || essence == "*/*"
    }

    /// Whether it is a URL-encoded form.
    pub fn is_form(&self) -> bool {
        self.media.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
    }

    /// Whether it is a multipart form (RFC 7578).
    pub fn is_multipart(&self) -> bool {
        self.media.to_ascii_lowercase().starts_with("multipart/")
    }
}

/// One documented answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `200`, `2XX` or `default`.
    pub status: String,
    /// Its JSON body.
    pub schema: Option<Schema>,
}

/// Whether an operation wants to know who calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Nothing was said: no document, or one without security schemes.
    #[default]
    Unknown,
    /// Open to everybody.
    Open,
    /// One of these schemes.
    Required(Vec<Scheme>),
}

/// How a caller shows who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer` (RFC 6750), OAuth and OpenID Connect included.
    Bearer,
    /// `Authorization: Basic` (RFC 7617).
    Basic,
    /// A key at a place of this name.
    Key(Place, String),
    /// Something else.
    Other(String),
}

/// Who told of an operation. A later one gives way to an earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A promise of the plan.
    Promise,
    /// The OpenAPI document.
    Document,
    /// The source.
    Routes,
}

/// What an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Makes a user.
    Register,
    /// Gives a session for a user's secret.
    Login,
    /// Ends a session.
    Logout,
    /// Puts everything, or a resource, back to its start.
    Reset,
    /// Takes a file.
    Upload,
    /// Makes a resource.
    Create,
    /// Uses up something that is counted: buys, reserves, withdraws, redeems.
    Take,
    /// Answers several resources.
    List,
    /// Answers the resources that match.
    Search,
    /// Answers one resource.
    Read,
    /// Changes a resource.
    Update,
    /// Removes a resource.
    Delete,
    /// Anything else.
    Other,
}

impl Operation {
    /// `METHOD /path`, as people write it.
    pub fn label(&self) -> String {
        format!("{} {}", self.method, self.route())
    }

    /// The whole path template, base included.
    pub fn route(&self) -> String {
        format!("{}{}", self.base, self.path)
    }

    /// Whether it should change nothing (RFC 9110, 9.2.1).
    pub fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE" | "QUERY")
    }

    /// The names in braces of the path, in order.
    pub fn path_names(&self) -> Vec<&str> {
        names_in(&self.path)
    }

    /// The first documented answer of success that has a schema.
    pub fn success(&self) -> Option<&Schema> {
        self.answers
            .iter()
            .filter(|answer| answer.status.starts_with('2'))
            .find_map(|answer| answer.schema.as_ref())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}

/// The names in braces of a path template, in order.
pub fn names_in(path: &str) -> Vec<&str> {
    let parts = path.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}
