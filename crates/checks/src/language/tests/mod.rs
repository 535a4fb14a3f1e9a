//! The lowerings, construct by construct, and what they do with text that is no program.

mod depth;
mod javascript;
mod outline;
mod python;
mod rust;
mod truth;
mod typescript;

use super::Language;
use crate::facts::nodes::{Node, each_node};
use crate::facts::syntax::{Extent, Stmt};

/// The outline of a text that reads without an error, its extents checked on the way.
fn outline(path: &str, text: &str) -> String {
    let language = Language::of_path(path).expect("a language");
    let parsed = language.parse(path, text);
    assert!(parsed.errors.is_empty(), "{:?} in {text}", parsed.errors);
    check_extents(path, text);
    outline::outline(&parsed.module)
}

/// Every extent lies in the text, at character boundaries, and in that of the node around it.
fn check_extents(path: &str, text: &str) {
    let language = Language::of_path(path).expect("a language");
    let parsed = language.parse(path, text);
    for comment in &parsed.module.comments {
        assert!(text.get(comment.extent.start as usize..comment.extent.end as usize).is_some());
    }
    each_node(&parsed.module, &mut |node, around| {
        let extent = node.extent();
        let range = extent.start as usize..extent.end as usize;
        assert!(text.get(range).is_some(), "{path}: {extent:?} is not in the text: {node:?}");
        if let Some(outer) = around.last().map(|node| node.extent()) {
            let inside = outer.start <= extent.start && extent.end <= outer.end;
            assert!(
                inside || is_outside_by_nature(node, around),
                "{path}: {extent:?} of {node:?} is not in {outer:?}"
            );
        }
        true
    });
}

/// Decorators and attributes stand before what they decorate.
fn is_outside_by_nature(node: Node<'_>, around: &[Node<'_>]) -> bool {
    let Some(outer) = around.last() else { return true };
    let decorated = outer.function().map(|function| &function.decorators);
    let decorated = decorated.or(outer.class().map(|class| &class.decorators));
    let namespace = match outer {
        Node::Stmt(Stmt { kind: crate::facts::syntax::StmtKind::Namespace { decorators, .. }, .. }) => {
            Some(decorators)
        }
        _ => None,
    };
    let Node::Expr(expr) = node else { return false };
    decorated.or(namespace).is_some_and(|list| list.iter().any(|decorator| std::ptr::eq(decorator, expr)))
}

/// The texts of the comments, each with whether it is alone on its line.
fn comments(path: &str, text: &str) -> Vec<(String, bool)> {
    let language = Language::of_path(path).expect("a language");
    let parsed = language.parse(path, text);
    let of = |extent: Extent| text[extent.start as usize..extent.end as usize].to_owned();
    parsed.module.comments.iter().map(|comment| (of(comment.extent), comment.alone)).collect()
}
