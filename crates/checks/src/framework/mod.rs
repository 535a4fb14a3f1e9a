//! What web frameworks mean: routes, what handlers read, and how a program is started.

use seaworthy_core::surface::Surface;

use crate::context::Context;

/// What the program offers to the outside.
pub fn surface(_context: &Context<'_>) -> Surface {
    Surface::default()
}
