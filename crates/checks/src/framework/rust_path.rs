//! What a path of Rust means: `handlers::list`, `crate::store::Store::find`, through `use`, `mod` and `pub use`.

use super::project::{Place, Project};
use crate::facts::syntax::{Import, ImportKind};

impl Project<'_> {
    /// The item that a path means that is written in a file; a path that leads to nothing in the tree is one of the file itself.
    pub(super) fn rust_item(&self, at: usize, parts: &[&str], steps: usize) -> Option<Place> {
        let left = steps.checked_sub(1)?;
        let file = self.file(at)?;
        let head = *parts.first()?;
        let rest = parts.get(1..).unwrap_or_default();
        if let Some((to, taken)) = self.context.graph.rust_item(at, parts) {
            return self.rust_item_in(to, parts.get(taken..)?, left);
        }
        for import in file.imports.iter().map(|fact| &fact.import) {
            let Some(mut path) = named(import, head) else { continue };
            // A module may have the name of the function in it that is given out beside it.
            if import.kind == ImportKind::Child && rest.is_empty() {
                continue;
            }
            path.extend(rest);
            if let Some((to, item)) = self.led_to(at, &path) {
                return self.rust_item_in(to, &item, left);
            }
            // `use controllers::{users};` and then `use users::list;`
            let first = path.first().copied().filter(|first| *first != head)?;
            let is_bound = file.imports.iter().any(|fact| named(&fact.import, first).is_some());
            return is_bound.then(|| self.rust_item(at, &path, left))?;
        }
        if !self.defines(at, head) {
            for import in file.imports.iter().map(|fact| &fact.import).filter(|import| import.star) {
                let mut path: Vec<&str> = import.module.split("::").collect();
                path.extend(parts);
                let Some((to, item)) = self.led_to(at, &path) else { continue };
                if to == at || item.is_empty() {
                    continue;
                }
                let found = self.rust_item_in(to, &item, left);
                if let Some(place) = found.filter(|place| self.defines(place.file, head)) {
                    return Some(place);
                }
            }
        }
        Some(Place { file: at, scope: 0, name: parts.join(".") })
    }

    /// The file that the beginning of a path leads to, and the rest: the last part may be a function beside a module of its name.
    fn led_to<'p>(&self, at: usize, path: &[&'p str]) -> Option<(usize, Vec<&'p str>)> {
        let (to, item) = self.led_to_module(at, path)?;
        let Some((last, before)) = path.split_last().filter(|_| item.is_empty()) else {
            return Some((to, item));
        };
        let (beside, mut rest) = self.led_to_module(at, before)?;
        rest.push(last);
        Some((beside, rest))
    }

    /// The same; what a file has by `mod` needs no `self::` before it.
    fn led_to_module<'p>(&self, at: usize, path: &[&'p str]) -> Option<(usize, Vec<&'p str>)> {
        let graph = &self.context.graph;
        if let Some((to, taken)) = graph.rust_item(at, path) {
            return Some((to, path.get(taken..)?.to_vec()));
        }
        let first = path.first()?;
        let is_child = |import: &Import| import.kind == ImportKind::Child && import.module == *first;
        self.file(at)?.imports.iter().any(|fact| is_child(&fact.import)).then_some(())?;
        let whole: Vec<&'p str> = std::iter::once("self").chain(path.iter().copied()).collect();
        let (to, taken) = graph.rust_item(at, &whole)?;
        Some((to, whole.get(taken..)?.to_vec()))
    }

    /// The item of a path in the file that its beginning leads to: its own, or what it gives out of another.
    fn rust_item_in(&self, to: usize, item: &[&str], steps: usize) -> Option<Place> {
        if self.defines(to, item.first()?) {
            return Some(Place { file: to, scope: 0, name: item.join(".") });
        }
        self.rust_item(to, item, steps)
    }

    /// Whether a file has a function, a type or a constant of this name.
    fn defines(&self, at: usize, name: &str) -> bool {
        let defined = self.context.defined;
        defined.classes.contains_key(&(at, name))
            || defined.named_in(at, name).any(|known| known.class.is_none() && known.name == name)
            || defined.tops.get(&at).is_some_and(|top| !top.bound(name).is_empty())
    }
}

/// The path that a name stands for after an import, when the import binds it.
fn named<'i>(import: &'i Import, name: &str) -> Option<Vec<&'i str>> {
    let mut path: Vec<&str> = import.module.split("::").collect();
    if import.kind == ImportKind::Child {
        path.insert(0, "self");
        return (import.module == name).then_some(path);
    }
    if import.star {
        return None;
    }
    let Some(taken) = import.names.first() else {
        let bound = import.alias.as_deref().or_else(|| path.last().copied());
        return (bound == Some(name)).then_some(path);
    };
    path.push(&taken.name);
    (taken.alias.as_ref().unwrap_or(&taken.name) == name).then_some(path)
}
