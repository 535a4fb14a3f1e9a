//! What a service sees of the machine: everything installed, read-only; nothing private; its tree at its own place.

use super::identity::Users;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// Folders that are private to every world: empty, writable by all, in memory.
const PRIVATE: [&str; 3] = ["/run", "/tmp", "/var/tmp"];

/// Folders that hold people's own files: empty but for what is exposed.
const HOMES: [&str; 2] = ["/home", "/root"];

/// Folders that hold other services' data and sockets, and what people mount: empty but for what is exposed. A socket there would be a way out of the
/// world that no network namespace closes.
/// Limit: `/opt` and `/var/lib` stay visible, since programs lie there; so do sockets that a machine's own services have made there.
const MOUNTS: [&str; 3] = ["/media", "/mnt", "/srv"];

/// Where toolchains lie in a home. Not a whole `.cargo` or `.local`, as they keep keys too.
const TOOLCHAINS: [&str; 29] = [
    ".asdf",
    ".bun",
    ".cargo/bin",
    ".conda/envs",
    ".deno",
    ".fnm",
    ".linuxbrew",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/uv",
    ".local/share/virtualenvs",
    ".nodenv",
    ".npm-global",
    ".nvm",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".sdkman/candidates",
    ".venvs",
    ".virtualenvs",
    ".volta",
    "anaconda3",
    "miniconda3",
    "miniforge3",
];

/// Variables that say where a toolchain lies.
const TOOLCHAIN_VARIABLES: [&str; 8] = [
    "ASDF_DIR",
    "CONDA_PREFIX",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "RUSTUP_HOME",
    "VIRTUAL_ENV",
];

/// Names of folders whose parent holds what the programs in them need.
const PROGRAM_FOLDERS: [&str; 4] = ["bin", "condabin", "sbin", "shims"];

/// What is where. All paths are absolute and free of links, except the links themselves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The tree.
    pub(crate) tree: PathBuf,
    /// The service's home: where the user's is, and empty.
    pub(crate) home: PathBuf,
    /// Folders that are covered by empty ones.
    pub(crate) covers: BTreeSet<PathBuf>,
    /// Folders shown read-only although they lie below a cover.
    pub(crate) exposed: BTreeSet<PathBuf>,
    /// Links below covers that lead to the tree or something exposed: where, and what they say.
    pub(crate) links: BTreeSet<(PathBuf, PathBuf)>,
}

impl Layout {
    /// `tree` and `scratch` are absolute and without links; `named` is the tree as the user named it.
    pub(crate) fn new(
        tree: &Path,
        named: &Path,
        scratch: &Path,
        visible: &[PathBuf],
        users: &Users,
    ) -> Layout {
        let home = home();
        let mut layout = Layout {
            tree: tree.to_path_buf(),
            home: home.clone().unwrap_or_else(|| PathBuf::from("/run/home")),
            covers: PRIVATE
                .iter()
                .chain(&HOMES)
                .chain(&MOUNTS)
                .map(PathBuf::from)
                .filter(|path| is_folder(path))
                .collect(),
            exposed: BTreeSet::new(),
            links: BTreeSet::new(),
        };
        layout.covers.extend(home.clone());
        if layout.cover_of(scratch).is_none() {
            layout.covers.insert(scratch.to_path_buf());
        }
        let asked = toolchains(tree, home.as_deref()).into_iter().chain(visible.iter().cloned());
        let asked: BTreeSet<(PathBuf, PathBuf)> =
            asked.filter_map(|path| Some((path.canonicalize().ok()?, path))).collect();
        let holds_private = |real: &Path| layout.covers.iter().any(|cover| cover.starts_with(real));
        let fit = |real: &Path| !holds_private(real) && !real.starts_with(tree) && real.is_dir();
        let asked: Vec<_> = asked.into_iter().filter(|(real, _)| fit(real)).collect();
        // Covers first: which links have to be made anew depends on all of them.
        if users.spare {
            let parents = asked.iter().flat_map(|(real, path)| [real.as_path(), path]);
            parents.chain([tree, named]).for_each(|path| layout.cover_closed(path));
        }
        layout.link(named);
        for (real, path) in asked {
            layout.link(&path);
            layout.exposed.insert(real);
        }
        let within = |path: &PathBuf| path.ancestors().skip(1).any(|parent| layout.exposed.contains(parent));
        let needed = |path: &&PathBuf| layout.cover_of(path).is_some() && !within(path);
        layout.exposed = layout.exposed.iter().filter(needed).cloned().collect();
        layout
    }

    /// The cover that hides a path, if one does.
    fn cover_of(&self, path: &Path) -> Option<&PathBuf> {
        self.covers.iter().find(|cover| path.starts_with(cover))
    }

    /// A parent that only its owner may enter would keep the spare user out: it is covered by one that all may enter.
    fn cover_closed(&mut self, path: &Path) {
        for parent in path.ancestors().skip(1).filter(|parent| parent.parent().is_some()) {
            let closed =
                fs::metadata(parent).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 == 0);
            if closed {
                self.covers.insert(parent.to_path_buf());
            }
        }
    }

    /// Remembers the links that a path passes through below covers.
    fn link(&mut self, path: &Path) {
        const MOST_LINKS: usize = 40; // as many as the kernel follows (path_resolution(7))
        let mut path = path.to_path_buf();
        for _ in 0..MOST_LINKS {
            let Some((at, rest)) = first_link(&path) else { return };
            let (Ok(target), Ok(real)) = (fs::read_link(&at), at.canonicalize()) else { return };
            if self.cover_of(&at).is_some() {
                // A relative link may pass through what is not there any more.
                let target = if target.is_absolute() { target } else { real.clone() };
                self.links.insert((at, target));
            }
            path = real.join(rest);
        }
    }
}

/// The first link of a path, and what follows it.
fn first_link(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut at = PathBuf::new();
    let mut components = path.components();
    while let Some(component) = components.next() {
        if component == Component::ParentDir {
            return None;
        }
        at.push(component);
        if at.is_symlink() {
            return Some((at, components.as_path().to_path_buf()));
        }
    }
    None
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn home() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME")?).canonicalize().ok()?;
    let fit = home.is_absolute() && home.parent().is_some() && home.is_dir();
    // A home such as /usr or /var/lib would take what is installed there away.
    let installed =
        ["/bin", "/etc", "/lib", "/opt", "/usr", "/var"].iter().any(|system| Path::new(system) == home);
    (fit && !installed).then_some(home)
}

fn toolchains(tree: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    if let Some(home) = home {
        found.extend(TOOLCHAINS.iter().map(|name| home.join(name)));
    }
    found.extend(TOOLCHAIN_VARIABLES.iter().filter_map(std::env::var_os).map(PathBuf::from));
    for folder in
        std::env::var_os("PATH").iter().flat_map(std::env::split_paths).filter(|path| path.is_absolute())
    {
        found.extend(prefix(&folder, home));
        found.push(folder);
    }
    for environment in [".venv", "venv", "env", ".env"].map(|name| tree.join(name)) {
        // The interpreter that a virtual environment was made from: a link's target, of a path of <prefix>/bin/python3.
        let interpreter = ["bin/python3", "bin/python"]
            .into_iter()
            .find_map(|name| environment.join(name).canonicalize().ok());
        found.extend(interpreter.as_deref().and_then(Path::parent).and_then(|bin| prefix(bin, home)));
    }
    found
}

/// What a folder of programs belongs to: `~/.nvm/versions/node/v20/bin` to `~/.nvm/versions/node/v20`. Not a home
/// itself, nor the folders of one that hold more than programs.
fn prefix(folder: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let name = folder.file_name()?.to_str()?;
    let parent = folder.parent().filter(|parent| parent.parent().is_some())?;
    let shared = [".cargo", ".local"].iter().any(|name| parent.ends_with(name));
    let is_home = home.is_some_and(|home| home.starts_with(parent));
    (PROGRAM_FOLDERS.contains(&name) && !shared && !is_home).then(|| parent.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::Identity;

    fn users(spare: bool) -> Users {
        Users { service: Identity { uid: 61_300, gid: 61_300 }, spare }
    }

    #[test]
    fn prefixes_hold_what_programs_need_and_no_keys() {
        let home = Some(Path::new("/home/a"));
        let of = |path: &str| prefix(Path::new(path), home);
        assert_eq!(of("/home/a/.nvm/versions/node/v20/bin"), Some("/home/a/.nvm/versions/node/v20".into()));
        assert_eq!(of("/home/a/.pyenv/shims"), Some("/home/a/.pyenv".into()));
        assert_eq!(of("/home/a/bin"), None, "the home itself");
        assert_eq!(of("/home/a/.cargo/bin"), None, "credentials lie beside it");
        assert_eq!(of("/home/a/.local/bin"), None, "key rings lie beside it");
        assert_eq!(of("/bin"), None);
    }

    #[test]
    fn a_tree_named_through_a_link_below_a_cover_keeps_that_name() {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let tree = folder.join("real/shop");
        fs::create_dir_all(&tree).unwrap();
        std::os::unix::fs::symlink(folder.join("real"), folder.join("link")).unwrap();
        let layout =
            Layout::new(&tree, &folder.join("link/shop"), &folder.join("scratch"), &[], &users(false));
        assert_eq!(layout.links.iter().next(), Some(&(folder.join("link"), folder.join("real"))));
    }

    #[test]
    fn a_parent_closed_to_others_is_covered_for_a_spare_user_only() {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let tree = folder.path().canonicalize().unwrap().join("shop");
        fs::create_dir(&tree).unwrap();
        let closed = tree.parent().unwrap().to_path_buf();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let of = |spare| Layout::new(&tree, &tree, Path::new("/tmp/scratch"), &[], &users(spare)).covers;
        assert!(of(true).contains(&closed) && !of(false).contains(&closed));
    }
}
