//! What the folders and names of files say of the path at which they answer
//! (<https://nextjs.org/docs/app/api-reference/file-conventions/dynamic-routes>).

/// Which convention a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `app/**/route.ts`
    Handlers,
    /// `pages/api/**`
    Api,
}

/// The folder of the application that a file is a part of by where it stands: what is before its first `app` or `pages`.
pub(super) fn root(file: &str) -> Option<&str> {
    let mut parts = file.split('/');
    let mut length = 0;
    loop {
        let part = parts.next()?;
        let is_source = part == "src"
            && file
                .get(length..)
                .is_some_and(|rest| rest.starts_with("src/app/") || rest.starts_with("src/pages/"));
        if is_source || matches!(part, "app" | "pages") {
            return Some(file.get(..length)?.trim_end_matches('/'));
        }
        length += part.len() + 1;
    }
}

/// The convention and the paths of a file, from the root of its application; two paths when the last part may be absent.
pub(super) fn of(file: &str) -> Option<(Kind, Vec<String>)> {
    let file = file.strip_prefix("src/").unwrap_or(file);
    let (stem, extension) = file.rsplit_once('.')?;
    if !matches!(extension, "js" | "jsx" | "ts" | "tsx" | "mjs" | "mts") || stem.ends_with(".d") {
        return None;
    }
    if let Some(inner) = stem.strip_prefix("app/") {
        let folders = inner.strip_suffix("/route").or((inner == "route").then_some(""))?;
        return Some((Kind::Handlers, paths(folders.split('/').filter(|part| !part.is_empty()), true)?));
    }
    let inner = stem.strip_prefix("pages/").filter(|inner| inner.starts_with("api/") || *inner == "api")?;
    // `api/index` is `api`.
    let inner = inner.strip_suffix("/index").unwrap_or(inner);
    Some((Kind::Api, paths(inner.split('/'), false)?))
}

fn paths<'p>(parts: impl Iterator<Item = &'p str>, in_app: bool) -> Option<Vec<String>> {
    let mut path = String::new();
    let mut without = None;
    for part in parts {
        if in_app && part.starts_with('_') {
            // A folder of its own, which nobody is led to.
            return None;
        }
        // A route that is shown in the place of another; a group; a slot.
        if in_app && part.starts_with("(.") {
            return None;
        }
        if in_app && (part.starts_with('(') && part.ends_with(')') || part.starts_with('@')) {
            continue;
        }
        let optional = part.strip_prefix("[[...").and_then(|part| part.strip_suffix("]]"));
        let all = part.strip_prefix("[...").and_then(|part| part.strip_suffix(']'));
        let one = part.strip_prefix('[').and_then(|part| part.strip_suffix(']'));
        match (optional, all.or(one)) {
            (Some(name), _) => {
                without = Some(path.clone());
                path.push_str(&format!("/{{{name}}}"));
            }
            (None, Some(name)) => path.push_str(&format!("/{{{name}}}")),
            (None, None) => path.push_str(&format!("/{part}")),
        }
    }
    let mut found: Vec<String> = without.into_iter().collect();
    found.push(path);
    Some(found)
}

/// A path below the one that the application is configured to answer at.
pub(super) fn joined(base: &str, path: &str) -> String {
    let joined = format!("{base}{path}");
    if joined.is_empty() { "/".to_owned() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::{Kind, of};

    /// The table of the documentation, and its examples.
    #[test]
    fn folders_are_paths_as_documented() {
        let handlers =
            |file: &str| of(file).filter(|(kind, _)| *kind == Kind::Handlers).map(|(_, paths)| paths);
        assert_eq!(handlers("app/route.ts"), Some(vec![String::new()]));
        assert_eq!(handlers("app/items/route.js"), Some(vec!["/items".to_owned()]));
        assert_eq!(handlers("src/app/api/items/[slug]/route.ts"), Some(vec!["/api/items/{slug}".to_owned()]));
        assert_eq!(handlers("app/shop/[...slug]/route.ts"), Some(vec!["/shop/{slug}".to_owned()]));
        assert_eq!(
            handlers("app/shop/[[...slug]]/route.ts"),
            Some(vec!["/shop".to_owned(), "/shop/{slug}".to_owned()])
        );
        assert_eq!(handlers("app/(marketing)/about/@team/route.ts"), Some(vec!["/about".to_owned()]));
        assert_eq!(handlers("app/_lib/route.ts"), None);
        assert_eq!(handlers("app/feed/(..)photo/route.ts"), None);
        assert_eq!(handlers("app/items/page.tsx"), None);
        assert_eq!(handlers("app/items/route.d.ts"), None);
        let api = |file: &str| of(file).filter(|(kind, _)| *kind == Kind::Api).map(|(_, paths)| paths);
        assert_eq!(api("pages/api/user.js"), Some(vec!["/api/user".to_owned()]));
        assert_eq!(api("pages/api/index.ts"), Some(vec!["/api".to_owned()]));
        assert_eq!(api("src/pages/api/post/[pid].ts"), Some(vec!["/api/post/{pid}".to_owned()]));
        assert_eq!(api("pages/post/[pid].tsx"), None);
        assert_eq!(super::root("src/app/api/route.ts"), Some(""));
        assert_eq!(super::root("apps/web/src/app/route.ts"), Some("apps/web"));
        assert_eq!(super::root("web/pages/api/user.ts"), Some("web"));
        assert_eq!(super::root("lib/db.ts"), None);
    }
}
