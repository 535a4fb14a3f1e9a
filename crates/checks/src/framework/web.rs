//! Who answers which request, and what stands before them: what a check of a service is written against.

use super::routing::Framework;
use seaworthy_core::NotChecked;

use crate::facts::syntax::{Expr, Extent, Function};

/// The service that the files make, as far as it could be read.
#[derive(Debug, Default)]
pub struct Web<'a> {
    /// One for each method and path that a function of the project answers, in the order of files and lines.
    pub handlers: Vec<Handler<'a>>,
    /// Routes of a framework that could not be read: there are handlers that nobody looked at. A server of one's own over a socket is not among
    /// them: what answers there is no handler that a check knows, and only a trial can tell (docs/decisions/0307).
    pub unread: Vec<NotChecked>,
}

/// A function that answers a request.
#[derive(Debug, Clone)]
pub struct Handler<'a> {
    /// What calls it.
    pub framework: Framework,
    /// Upper case; `*` for any.
    pub method: String,
    /// With `{name}` where a value goes; `#name` of a function that is called from outside without a path of its own.
    pub path: String,
    /// The place of its file in the list of files.
    pub file: usize,
    /// The function.
    pub function: &'a Function,
    /// The file and place where it is registered: the decorator, the call.
    pub registered: (usize, Extent),
    /// What runs before it, outermost first as far as that could be told.
    pub guards: Vec<Guard<'a>>,
}

/// Something that runs before a handler: a decorator, a dependency, a middleware, a hook, an extension of the application.
#[derive(Debug, Clone)]
pub struct Guard<'a> {
    /// The place of its file in the list of files.
    pub file: usize,
    /// As it is written: `login_required`, `limiter.limit("5/minute")`, `express.json()`, `CSRFProtect(app)`.
    pub expr: &'a Expr,
    /// The hook, option or setting under which it is written: `preHandler`, `rateLimit`, `schema`, `permission_classes`, `MIDDLEWARE`.
    pub option: Option<&'a str>,
    /// The function of the project that it is or that makes it (`requireRole("admin")`), with the place of its file.
    pub function: Option<(usize, &'a Function)>,
    /// What it stands before.
    pub reach: Reach,
}

/// The option of a guard of a package that asks who is calling, and of which nothing else is written: `export { auth as middleware }`.
pub(crate) const ASKS: &str = "middleware that asks who is calling";

/// How much a guard stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The whole application.
    Application,
    /// A router, or what is below a path.
    Router,
    /// One route.
    Route,
}

impl Web<'_> {
    /// What a tree without a service has.
    pub const NONE: &'static Web<'static> = &Web { handlers: Vec::new(), unread: Vec::new() };
}
