//! The tree against truth from outside: published vectors and another author's implementation, `ct-merkle`.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use seaworthy_core::Digest;
use seaworthy_ledger::merkle;
use sha2_ct_merkle::Sha256;

/// transparency-dev/merkle, testonly/constants.go: LeafInputs.
const LEAVES: [&[u8]; 8] = [
    &[],
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
];

/// transparency-dev/merkle, testonly/constants.go: RootHashes, by size.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// transparency-dev/merkle, testdata/inclusion/2/happy-path.json: leaf 5 of 8.
const INCLUSION_5_OF_8: [&str; 3] = [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
];

/// transparency-dev/merkle, testdata/consistency/2/happy-path.json: from 6 to 8.
const CONSISTENCY_6_TO_8: [&str; 3] = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
];

fn digests(hex: &[&str]) -> Vec<Digest> {
    hex.iter().map(|digest| digest.parse().unwrap()).collect()
}

fn leaf_hashes(leaves: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Digest> {
    leaves.into_iter().map(|leaf| merkle::leaf_hash(leaf.as_ref())).collect()
}

fn bytes(path: &[Digest]) -> Vec<u8> {
    path.iter().flat_map(|digest| digest.0).collect()
}

#[test]
fn roots_and_paths_are_the_published_ones() {
    let leaves = leaf_hashes(LEAVES);
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(merkle::root(&leaves[..size]).to_string(), *root, "size {size}");
    }
    assert_eq!(merkle::inclusion_path(&leaves, 5).unwrap(), digests(&INCLUSION_5_OF_8));
    assert_eq!(merkle::consistency_path(&leaves, 6).unwrap(), digests(&CONSISTENCY_6_TO_8));
}

/// The oracle's tree beside ours.
fn both(count: usize) -> (MemoryBackedTree<Sha256, Vec<u8>>, Vec<Digest>) {
    let leaves: Vec<Vec<u8>> = (0..count).map(|n| format!("leaf {n}").into_bytes()).collect();
    let ours = leaf_hashes(&leaves);
    let mut oracle = MemoryBackedTree::new();
    leaves.into_iter().for_each(|leaf| oracle.push(leaf));
    (oracle, ours)
}

/// All places of small trees; of larger ones the ends, the edges of the largest subtree and every thirteenth.
fn places(size: usize) -> impl Iterator<Item = usize> {
    let edge = size.next_power_of_two() / 2;
    (0..size)
        .filter(move |at| size <= 64 || at % 13 == 0 || [1, edge - 1, edge, size - 2, size - 1].contains(at))
}

#[test]
fn roots_and_paths_of_every_size_up_to_three_hundred_are_the_oracles() {
    let (mut oracle, mut frontier) =
        (MemoryBackedTree::<Sha256, Vec<u8>>::new(), merkle::Frontier::default());
    let (_, leaves) = both(300);
    for size in 0..=300 {
        let tree = &leaves[..size];
        let root = merkle::root(tree);
        assert_eq!(root.0.as_slice(), oracle.root().as_bytes().as_slice(), "root of {size}");
        assert_eq!(frontier.root(), root, "frontier of {size}");
        for other in places(size) {
            let path = merkle::inclusion_path(tree, other).unwrap();
            assert_eq!(bytes(&path), oracle.prove_inclusion(other).as_bytes(), "leaf {other} of {size}");
            assert!(merkle::verify_inclusion(&tree[other], other as u64, size as u64, &path, &root));
        }
        for old in places(size).map(|place| place + 1) {
            let path = merkle::consistency_path(tree, old).unwrap();
            assert_eq!(bytes(&path), oracle.prove_consistency(size - old).as_bytes(), "from {old} to {size}");
            let old_root = merkle::root(&tree[..old]);
            assert!(merkle::verify_consistency(old as u64, size as u64, &old_root, &root, &path));
        }
        oracle.push(format!("leaf {size}").into_bytes());
        if let Some(leaf) = leaves.get(size) {
            frontier.push(*leaf);
        }
    }
    assert_eq!(merkle::inclusion_path(&leaves, 300), None);
    assert_eq!(merkle::consistency_path(&leaves, 301), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn large_trees_agree_with_the_oracle_at_random_places(size in 2_usize..5_000, places in any::<[u16; 4]>()) {
        let (oracle, leaves) = both(size);
        let root = merkle::root(&leaves);
        prop_assert_eq!(root.0.to_vec(), oracle.root().as_bytes().to_vec());
        for place in places {
            let at = usize::from(place) % size;
            prop_assert_eq!(bytes(&merkle::inclusion_path(&leaves, at).unwrap()), oracle.prove_inclusion(at).as_bytes().to_vec());
            let path = merkle::consistency_path(&leaves, at + 1).unwrap();
            prop_assert_eq!(bytes(&path), oracle.prove_consistency(size - at - 1).as_bytes().to_vec());
        }
    }

    #[test]
    fn a_path_proves_nothing_once_anything_about_it_is_changed(
        size in 2_usize..200, at in any::<prop::sample::Index>(), bit in 0_usize..256, which in any::<prop::sample::Index>(),
    ) {
        let (_, leaves) = both(size);
        let (at, root, size_) = (at.index(size), merkle::root(&leaves), size as u64);
        let path = merkle::inclusion_path(&leaves, at).unwrap();
        let verify = |index: u64, size: u64, path: &[Digest], root: &Digest| {
            merkle::verify_inclusion(&leaves[at], index, size, path, root)
        };
        prop_assert!(verify(at as u64, size_, &path, &root));
        let mut flipped = path.clone();
        flipped[which.index(path.len())].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verify(at as u64, size_, &flipped, &root));
        prop_assert!(!verify(at as u64 ^ 1, size_, &path, &root) );
        prop_assert!(!verify(size_, size_, &path, &root));
        prop_assert!(!verify(at as u64, size_, &path[1..], &root));
        prop_assert!(!verify(at as u64, size_, &[path.clone(), vec![root]].concat(), &root));
        prop_assert!(!verify(at as u64, size_, &path, &leaves[at]));
    }

    #[test]
    fn a_consistency_path_proves_nothing_once_it_is_changed(
        size in 2_usize..200, old in any::<prop::sample::Index>(), bit in 0_usize..256, which in any::<prop::sample::Index>(),
    ) {
        let (_, leaves) = both(size);
        let old = 1 + old.index(size - 1);
        let (root, old_root) = (merkle::root(&leaves), merkle::root(&leaves[..old]));
        let path = merkle::consistency_path(&leaves, old).unwrap();
        let verify = |path: &[Digest], old_root: &Digest, root: &Digest| {
            merkle::verify_consistency(old as u64, size as u64, old_root, root, path)
        };
        prop_assert!(verify(&path, &old_root, &root));
        let mut flipped = path.clone();
        flipped[which.index(path.len())].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verify(&flipped, &old_root, &root));
        prop_assert!(!verify(&path[1..], &old_root, &root));
        prop_assert!(!verify(&[path.clone(), vec![root]].concat(), &old_root, &root));
        prop_assert!(!verify(&path, &root, &old_root));
        prop_assert!(!merkle::verify_consistency(size as u64, old as u64, &root, &old_root, &path));
    }
}
