//! Source files in languages that the rules alone read: Go and Java. Their text, their lines, and the comments in them that set findings
//! aside.

use std::sync::Arc;

use ast_grep_core::AstGrep;
use ast_grep_core::tree_sitter::StrDoc;
use rayon::prelude::*;
use seaworthy_core::limits::SOURCE_FILE_BYTES;
use seaworthy_core::{NotChecked, Plan};

use super::{Grammar, Rule};
use crate::facts::lines::Lines;
use crate::facts::reader;
use crate::facts::syntax::Extent;
use crate::language::{Language, comment_at};
use crate::suppression::{self, Suppression};
use crate::tree::{Mode, Tree};

/// One such file.
#[derive(Debug)]
pub struct TextFile {
    /// Its path relative to the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
    /// Where its lines begin.
    pub lines: Lines,
    /// The comments in it that set findings aside.
    pub suppressions: Vec<Suppression>,
}

/// The files of a tree that are read for the rules' sake, in ascending order of path, and which of them could not be.
pub(crate) fn texts(rules: &[&Rule], tree: &Tree, plan: &Plan) -> (Vec<TextFile>, Vec<NotChecked>) {
    let wanted = |path: &str| {
        let grammar = Grammar::of_path(path).filter(|_| Language::of_path(path).is_none())?;
        rules.iter().any(|rule| rule.applies_to(grammar, path)).then_some(grammar)
    };
    // What is wrong with a glob is listed where all files are read.
    let excluded = reader::excluded(plan, &mut Vec::new());
    let entries: Vec<_> = tree
        .entries()
        .iter()
        .filter(|entry| !entry.foreign && entry.mode != Mode::Link && !excluded.is_match(&entry.path))
        .filter_map(|entry| Some((entry, wanted(&entry.path)?)))
        .collect();
    let read: Vec<Result<TextFile, NotChecked>> = entries
        .par_iter()
        .map(|(entry, grammar)| {
            let not = |why: String| NotChecked { what: entry.path.clone(), why };
            let bytes = tree
                .read(entry, SOURCE_FILE_BYTES)
                .map_err(|error| not(format!("could not be read: {error}")))?;
            let text = String::from_utf8(bytes).map_err(|error| not(format!("is not UTF-8: {error}")))?;
            Ok(file(&entry.path, text, *grammar))
        })
        .collect();
    let (mut files, mut not_read) = (Vec::new(), Vec::new());
    for read in read {
        match read {
            Ok(file) => files.push(file),
            Err(why) => not_read.push(why),
        }
    }
    (files, not_read)
}

fn file(path: &str, text: String, grammar: Grammar) -> TextFile {
    let lines = Lines::of(&text);
    let mut suppressions = Vec::new();
    if suppression::may_be_in(&text)
        && let Ok(doc) = StrDoc::try_new(&text, grammar)
    {
        let tree = AstGrep::doc(doc);
        let comments: Vec<_> = tree
            .root()
            .dfs()
            .filter(|node| node.kind().contains("comment"))
            .map(|node| comment_at(&text, extent(node.range())))
            .collect();
        suppressions = suppression::read(&text, &lines, &comments);
    }
    TextFile { path: path.to_owned(), text: Arc::from(text), lines, suppressions }
}

/// A range of bytes of a file, which is never larger than 2 MiB.
pub(super) fn extent(range: std::ops::Range<usize>) -> Extent {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Extent { start: offset(range.start), end: offset(range.end) }
}
