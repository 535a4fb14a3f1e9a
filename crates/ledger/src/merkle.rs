//! The Merkle tree of RFC 6962 section 2.1 over SHA-256: leaf and node hashes, roots, inclusion and consistency proofs.
//!
//! Proving works on the leaf hashes of the whole tree; appending needs only the [`Frontier`], whose size is logarithmic.
//! Verification follows RFC 9162 sections 2.1.3.2 and 2.1.4.2, which state the algorithms for RFC 6962's tree.

use seaworthy_core::Digest;
use sha2::{Digest as _, Sha256};

/// Hash of one leaf: SHA-256(0x00 || leaf).
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest(Sha256::new_with_prefix([0]).chain_update(leaf).finalize().into())
}

/// Hash of an inner node: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest(Sha256::new_with_prefix([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// Root of the tree over `leaves` (leaf hashes). The empty tree's root is SHA-256 of nothing.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    frontier.root()
}

/// The roots of the perfect subtrees that a tree of some size consists of, largest first: all that appending needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One root for each set bit of [`Frontier::size`], most significant first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// A frontier as it was stored. `None` unless there is one peak for each set bit of `size`.
    pub fn from_parts(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        // As when adding one in binary: each trailing one bit is a complete subtree that merges.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Root of the whole tree.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => Digest::of(b""),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The path that proves that `leaves[index]` is in the tree over `leaves`, deepest sibling first (RFC 6962 section 2.1.1).
/// `None` when there is no such leaf.
pub fn inclusion_path(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut path, mut rest, mut index) = (Vec::new(), leaves, index);
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split(rest.len()));
        if index < left.len() {
            path.push(root(right));
            rest = left;
        } else {
            path.push(root(left));
            index -= left.len();
            rest = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The path that proves that the tree over `leaves` extends the one over its first `old_size` leaves (RFC 6962 section
/// 2.1.2). Empty for sizes 0 and `leaves.len()`; `None` when `old_size` is larger than that.
pub fn consistency_path(leaves: &[Digest], old_size: usize) -> Option<Vec<Digest>> {
    if old_size > leaves.len() {
        return None;
    }
    if old_size == 0 || old_size == leaves.len() {
        return Some(Vec::new());
    }
    // `whole` is RFC 6962's b: the subtree at hand is one the verifier knows the root of.
    let (mut path, mut rest, mut old_size, mut whole) = (Vec::new(), leaves, old_size, true);
    while old_size < rest.len() {
        let (left, right) = rest.split_at(split(rest.len()));
        if old_size <= left.len() {
            path.push(root(right));
            rest = left;
        } else {
            path.push(root(left));
            old_size -= left.len();
            rest = right;
            whole = false;
        }
    }
    if !whole {
        path.push(root(rest));
    }
    path.reverse();
    Some(path)
}

/// Whether `path` proves that `leaf` (a leaf hash) is number `index` of the tree of `size` leaves with that root
/// (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, path: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut node) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, &node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && node == *root
}

/// Whether `path` proves that the tree of `new_size` leaves extends the one of `old_size` (RFC 9162 section 2.1.4.2).
/// Every tree extends the empty one, with an empty path.
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    old_root: &Digest,
    new_root: &Digest,
    path: &[Digest],
) -> bool {
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return path.is_empty() && *old_root == Digest::of(b"");
    }
    let mut siblings = path.iter();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { siblings.next() };
    let Some(first) = first else { return false };
    let shift = (old_size - 1).trailing_ones();
    let (mut at, mut last) = ((old_size - 1) >> shift, (new_size - 1) >> shift);
    let (mut old, mut new) = (*first, *first);
    for sibling in siblings {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *old_root && new == *new_root
}

/// The largest power of two smaller than `size`, for sizes over one.
fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}
