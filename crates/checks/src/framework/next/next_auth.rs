//! NextAuth 5, whose `auth` may be the middleware itself: it lets everybody pass but whom `callbacks.authorized` refuses
//! (<https://authjs.dev/reference/nextjs#authorized>; `handleAuth` in `next-auth/lib/index.js`, 5.0.0-beta.25).

use super::super::origins::{entry, returned};
use super::super::project::{ExprAt, Place, Project, STEPS};
use crate::facts::syntax::{Expr, ExprKind};
use crate::facts::values::Bound;

/// Whether what is at a place is of `NextAuth({..})` and refuses somebody.
pub(super) fn refuses(project: &Project<'_>, place: &Place) -> bool {
    let made = project.bound(place).into_iter().find_map(|bound| match bound {
        // `export const { auth } = NextAuth(..)`
        Bound::PartOf(value) => Some(value),
        // `export default NextAuth(..).auth`
        Bound::To(Expr { kind: ExprKind::Member { object, .. }, .. }) => Some(&**object),
        _ => None,
    });
    let Some(made) = made else { return false };
    project.origins(place.file, &[], made, STEPS).into_iter().any(|(at, within, made)| {
        let name = project.file(at).zip(made.call()).and_then(|(file, call)| file.resolve(&call.callee));
        let is_next_auth = matches!(name.as_deref(), Some("next-auth" | "next-auth.default"));
        let settings = made.call().filter(|_| is_next_auth).and_then(|call| call.arguments.first());
        settings.is_some_and(|settings| {
            let callbacks = under(project, (at, within, &settings.value), "callbacks", STEPS);
            callbacks.is_some_and(|callbacks| under(project, callbacks, "authorized", STEPS).is_some())
        })
    })
}

/// What a record has under a key, its own or of what is spread in it; of a function, the record that it gives back.
fn under<'a>(
    project: &Project<'a>,
    (at, within, written): ExprAt<'a>,
    key: &str,
    steps: usize,
) -> Option<ExprAt<'a>> {
    let left = steps.checked_sub(1)?;
    project.origins(at, &within, written, left).into_iter().find_map(|(at, within, origin)| {
        match &origin.kind {
            ExprKind::Record { entries, .. } => {
                let own = entry(entries, key).map(|value| (at, within.clone(), value));
                let spread = || {
                    let mut spread = entries.iter().filter(|(key, _)| key.is_none());
                    spread.find_map(|(_, inner)| under(project, (at, within.clone(), inner), key, left))
                };
                own.or_else(spread)
            }
            ExprKind::Function(function) => {
                let within = project.within_function(at, function);
                returned(function)
                    .into_iter()
                    .find_map(|value| under(project, (at, within.clone(), value), key, left))
            }
            _ => None,
        }
    })
}
