//! What a change brings: findings that its base does not already have. Moved lines and renamed files bring nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use crate::flow::Way;
use crate::language::Language;
use crate::report::Draft;
use crate::tree::{Entry, Mode, Tree};

/// Per cent of the lines of the larger of two files that the other must have too, for one to be the other under a new
/// name. Git's own default for renames (`git diff -M`, 50%).
const SIMILAR_PERCENT: usize = 50;

/// Files that share a line, above which it says nothing about which of them is which: licence headers, lone brackets.
const COMMON_LINE_FILES: usize = 32;

/// Which files of a base have another name now.
#[derive(Debug, Default)]
pub(crate) struct Renames(BTreeMap<String, String>);

impl Renames {
    /// Finds them among the source files: equal contents first, then the most alike.
    pub(crate) fn between(base: &Tree, head: &Tree) -> Self {
        let mut removed = only_in(base, head);
        let mut added = only_in(head, base);
        let mut renames = BTreeMap::new();
        let mut by_digest: BTreeMap<_, Vec<&Entry>> = BTreeMap::new();
        for entry in added.iter().rev() {
            by_digest.entry(head.digest_of(entry).ok()).or_default().push(entry);
        }
        for entry in &removed {
            let Ok(digest) = base.digest_of(entry) else { continue };
            if let Some(same) = by_digest.get_mut(&Some(digest)).and_then(Vec::pop) {
                renames.insert(entry.path.clone(), same.path.clone());
            }
        }
        let taken: HashSet<String> = renames.values().cloned().collect();
        removed.retain(|entry| !renames.contains_key(&entry.path));
        added.retain(|entry| !taken.contains(&entry.path));
        for (_, from, to) in alike(base, &removed, head, &added) {
            if !renames.contains_key(from) && !renames.values().any(|taken| taken == to) {
                renames.insert(from.to_owned(), to.to_owned());
            }
        }
        Self(renames)
    }

    fn now<'a>(&'a self, path: &'a str) -> &'a str {
        self.0.get(path).map_or(path, String::as_str)
    }
}

/// The source files of one tree that another has not.
fn only_in<'t>(tree: &'t Tree, other: &Tree) -> Vec<&'t Entry> {
    let is_source = |entry: &&Entry| {
        !entry.foreign && entry.mode != Mode::Link && Language::of_path(&entry.path).is_some()
    };
    tree.entries().iter().filter(is_source).filter(|entry| other.entry(&entry.path).is_none()).collect()
}

/// Pairs of files of which each has enough of the other's lines, most alike first: per cent, removed, added.
fn alike<'t>(
    base: &Tree,
    removed: &[&'t Entry],
    head: &Tree,
    added: &[&'t Entry],
) -> Vec<(usize, &'t str, &'t str)> {
    let added_lines: Vec<Vec<u64>> = added.iter().map(|entry| line_hashes(head, entry)).collect();
    let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, lines) in added_lines.iter().enumerate() {
        for line in lines {
            let files = having.entry(*line).or_default();
            if files.last() != Some(&at) {
                files.push(at);
            }
        }
    }
    let mut pairs = Vec::new();
    for entry in removed {
        let lines = line_hashes(base, entry);
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for files in lines.iter().filter_map(|line| having.get(line)).filter(|f| f.len() <= COMMON_LINE_FILES)
        {
            files.iter().for_each(|at| *shared.entry(*at).or_default() += 1);
        }
        for (at, shared) in shared {
            let (Some(other), Some(other_lines)) = (added.get(at), added_lines.get(at)) else { continue };
            let percent = shared * 100 / lines.len().max(other_lines.len()).max(1);
            if percent >= SIMILAR_PERCENT {
                pairs.push((percent, entry.path.as_str(), other.path.as_str()));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    pairs
}

fn line_hashes(tree: &Tree, entry: &Entry) -> Vec<u64> {
    let contents = tree.read(entry, SOURCE_FILE_BYTES).unwrap_or_default();
    let lines = contents.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}

/// The findings of `head` that `base` does not have. A finding is the same when its way to be wrong, file (under its new name),
/// enclosing symbol and text are; the rest may also have moved to another file, as long as it is gone from where it was. One that more requests
/// reach than before is not the same: somebody gets there who did not.
pub(crate) fn only_new(head: Vec<Draft>, base: &[Draft], renames: &Renames) -> Vec<Draft> {
    // Way to be wrong, path, symbol, text.
    let mut here: BTreeMap<(&str, String, String, String), Vec<&Draft>> = BTreeMap::new();
    for draft in base.iter().rev() {
        let key =
            (draft.variant, renames.now(&draft.path).to_owned(), draft.symbol.clone(), draft.normal_text());
        here.entry(key).or_default().push(draft);
    }
    let (mut new, mut rest) = (Vec::new(), Vec::new());
    for draft in head {
        let key = (draft.variant, draft.path.clone(), draft.symbol.clone(), draft.normal_text());
        match here.get_mut(&key).and_then(Vec::pop) {
            Some(before) => new.extend(with_more_ways(draft, before)),
            None => rest.push(draft),
        }
    }
    let mut elsewhere: BTreeMap<(&str, String, String), Vec<&Draft>> = BTreeMap::new();
    for ((variant, _, symbol, text), gone) in here {
        elsewhere.entry((variant, last_name(&symbol), text)).or_default().extend(gone);
    }
    for draft in rest {
        match elsewhere
            .get_mut(&(draft.variant, last_name(&draft.symbol), draft.normal_text()))
            .and_then(Vec::pop)
        {
            Some(before) => new.extend(with_more_ways(draft, before)),
            None => new.push(draft),
        }
    }
    new.sort_by(|a, b| (&a.path, a.start).cmp(&(&b.path, b.start)));
    new
}

/// What was there before, when it is reached now on a way on which nobody got there.
fn with_more_ways(draft: Draft, before: &Draft) -> Option<Draft> {
    let new = new_ways(&draft.reached_by, &before.reached_by);
    let requests: Vec<String> = new.iter().map(|way| way.request.clone()).collect();
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    (!requests.is_empty()).then(|| draft.reached_anew_by(&requests))
}

/// The ways of `now` that `before` does not have. One is the same when its request or its function is; one of the others is taken for renamed as long
/// as there is one to have been renamed. One on which nobody asks any more who is calling is not the same.
fn new_ways<'w>(now: &'w [Way], before: &[Way]) -> Vec<&'w Way> {
    let is_same: [fn(&Way, &Way) -> bool; 4] = [
        |way, old| way.request == old.request,
        |way, old| way.handler == old.handler && way.is_asked == old.is_asked,
        |way, old| way.handler == old.handler,
        |_, _| true,
    ];
    let mut gone: Vec<&Way> = before.iter().collect();
    let mut new: Vec<&Way> = now.iter().collect();
    for is_same in is_same {
        new.retain(|way| {
            let at = gone.iter().position(|old| (way.is_asked || !old.is_asked) && is_same(way, old));
            at.map(|at| gone.swap_remove(at)).is_none()
        });
    }
    new
}

fn last_name(symbol: &str) -> String {
    symbol.rsplit('.').next().unwrap_or(symbol).to_owned()
}
