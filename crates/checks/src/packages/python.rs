//! Python: the standard library by version, and the packages of a virtual environment.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::Known;
use super::consulted::Consulted;

/// Folders in which projects keep their virtual environment.
const ENVIRONMENTS: &[&str] = &[".venv", "venv", "env", ".env"];

/// Bytes of one `__init__.py` or `pyvenv.cfg` that are read.
const FILE_BYTES: u64 = 2 * 1024 * 1024;

/// The first and last minor version of Python 3 that a module of the standard library is in.
type Range = (u32, u32);

/// See the file for its sources.
static STDLIB: LazyLock<HashMap<&'static str, Range>> = LazyLock::new(|| {
    let lines = include_str!("python_stdlib.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, range) = line.split_once(' ').unwrap_or((line, "-"));
            let (first, last) = range.split_once('-').unwrap_or(("", ""));
            (name, (first.parse().unwrap_or(0), last.parse().unwrap_or(u32::MAX)))
        })
        .collect()
});

/// The packages that are installed.
#[derive(Debug, Default)]
pub(super) struct Installed {
    sites: Vec<PathBuf>,
    /// The minor version of Python 3 that they are installed for.
    minor: Option<u32>,
}

impl Installed {
    pub(super) fn find(root: Option<&Path>, given: &[PathBuf]) -> Self {
        let mut installed = Self::default();
        for path in given {
            installed.add(path.clone());
        }
        for environment in
            root.into_iter().flat_map(|root| ENVIRONMENTS.iter().map(move |name| root.join(name)))
        {
            let Some(settings) = read(&environment.join("pyvenv.cfg")) else { continue };
            let version = settings.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                matches!(key.trim(), "version" | "version_info").then(|| value.trim().to_owned())
            });
            let minor =
                version.and_then(|version| version.strip_prefix("3.")?.split('.').next()?.parse().ok());
            installed.minor = installed.minor.or(minor);
            installed.add(environment.join("Lib").join("site-packages"));
            for library in ["lib", "lib64"] {
                for python in children(&environment.join(library))
                    .into_iter()
                    .filter(|name| name.starts_with("python3"))
                {
                    installed.add(environment.join(library).join(python).join("site-packages"));
                }
            }
        }
        installed
    }

    fn add(&mut self, site: PathBuf) {
        if !site.is_dir() {
            return;
        }
        let parent = site.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let minor = parent.and_then(|name| name.strip_prefix("python3.")?.parse().ok());
        self.minor = self.minor.or(minor);
        self.sites.push(site);
    }

    pub(super) fn is_known(&self) -> bool {
        !self.sites.is_empty()
    }

    /// The distributions, by folder name (`requests-2.31.0.dist-info`).
    pub(super) fn inventory(&self) -> BTreeSet<String> {
        let names = self.sites.iter().flat_map(|site| children(site));
        let version = self.minor.map(|minor| format!("Python 3.{minor}"));
        names
            .filter(|name| {
                name.ends_with(".dist-info") || name.ends_with(".egg-info") || name.ends_with(".pth")
            })
            .chain(version)
            .collect()
    }

    /// Notes where a module is looked for.
    pub(super) fn consult(&self, module: &str, consulted: &Consulted) {
        let parts: Vec<&str> = module.split('.').collect();
        self.sites.iter().for_each(|site| consulted.note_way(site, &parts));
    }

    pub(super) fn module(&self, module: &str) -> Known {
        let parts: Vec<&str> = module.split('.').collect();
        let top = parts.first().copied().unwrap_or(module);
        let mut lacking = None;
        for site in &self.sites {
            match look(site, &parts) {
                Found::There => return Known::There,
                Found::Lacking => lacking = Some(Known::Lacking { within: self.distribution(site, top) }),
                Found::Unclear | Found::Nothing => {}
            }
        }
        if let Some(lacking) = lacking {
            return lacking;
        }
        let installed = self.sites.iter().any(|site| !matches!(look(site, &[top]), Found::Nothing));
        if installed || !STDLIB.contains_key(top) {
            return Known::Unverified { package: top.to_owned() };
        }
        self.stdlib(module, top)
    }

    fn stdlib(&self, module: &str, top: &str) -> Known {
        // `test` is left out of some installations and of the table; setuptools supplies `distutils` after its removal.
        if matches!(top, "test" | "distutils" | "idlelib" | "lib2to3") {
            return Known::There;
        }
        let within =
            |version: String| Known::Lacking { within: format!("Python{version}'s standard library") };
        match (STDLIB.get(module), self.minor) {
            (Some((first, last)), Some(minor)) if minor < *first || minor > *last => {
                within(format!(" 3.{minor}"))
            }
            (Some(_), _) => Known::There,
            // Newer than the table: it may have come since.
            (None, Some(minor)) if minor > 13 => Known::Unverified { package: top.to_owned() },
            (None, _) => within(String::new()),
        }
    }

    /// The distribution that a top-level module is of, by its `RECORD` or its name; the module's own name otherwise.
    fn distribution(&self, site: &Path, top: &str) -> String {
        let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
        let infos: Vec<String> =
            children(site).into_iter().filter(|name| name.ends_with(".dist-info")).collect();
        let named =
            infos.iter().find(|info| info.split('-').next().is_some_and(|name| plain(name) == plain(top)));
        let holds = |info: &&String| {
            let listed = read(&site.join(info).join("top_level.txt"))
                .is_some_and(|text| text.lines().any(|line| line == top));
            let prefix = format!("{top}/");
            listed
                || read(&site.join(info).join("RECORD"))
                    .is_some_and(|text| text.lines().any(|line| line.starts_with(&prefix)))
        };
        let info = named.or_else(|| infos.iter().find(holds));
        info.and_then(|info| info.strip_suffix(".dist-info"))
            .map_or(top.to_owned(), |info| info.replacen('-', " ", 1))
    }
}

enum Found {
    There,
    /// A package that has no such module, and does nothing to make one.
    Lacking,
    /// A package that may make modules when it runs, or a namespace that other distributions may add to.
    Unclear,
    Nothing,
}

fn look(site: &Path, parts: &[&str]) -> Found {
    let mut base = site.to_owned();
    let mut inits = Vec::new();
    let mut regular = false;
    for (depth, part) in parts.iter().enumerate() {
        let is_last = depth + 1 == parts.len();
        let init = base.join(part).join("__init__.py");
        let module = base.join(format!("{part}.py"));
        if init.is_file() {
            (regular, base) = (true, base.join(part));
            inits.push(init);
        } else if module.is_file() || is_compiled(&base, part) {
            if is_last {
                return Found::There;
            }
            // A module is no package: nothing can be below it, unless it says so.
            return if makes_modules(&module) || !module.is_file() { Found::Unclear } else { Found::Lacking };
        } else if base.join(part).is_dir() {
            (regular, base) = (false, base.join(part));
        } else if depth == 0 {
            return Found::Nothing;
        } else if !regular || inits.iter().any(|init| makes_modules(init)) {
            return Found::Unclear;
        } else {
            return Found::Lacking;
        }
    }
    Found::There
}

/// Whether there is a compiled module: `name.cpython-311-x86_64-linux-gnu.so`, `name.abi3.so`, `name.pyd`.
fn is_compiled(folder: &Path, name: &str) -> bool {
    let prefix = format!("{name}.");
    children(folder)
        .iter()
        .any(|file| file.starts_with(&prefix) && (file.ends_with(".so") || file.ends_with(".pyd")))
}

/// Whether a file may bring modules into being that are no files: six's `moves`, lazy loaders, a changed `__path__`.
fn makes_modules(file: &Path) -> bool {
    read(file).is_none_or(|text| source_makes_modules(&text))
}

/// Whether Python source may bring modules into being that are no files.
pub(crate) fn source_makes_modules(text: &str) -> bool {
    [
        "sys.modules",
        "__path__",
        "meta_path",
        "Lazy",
        "lazy",
        "ModuleType",
        "import_module",
        "path_hooks",
        "sys.path",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

fn children(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

pub(super) fn read(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let file =
        std::fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_library_has_what_it_has_by_version() {
        let on = |minor| Installed { sites: Vec::new(), minor };
        assert_eq!(on(None).module("email.mime.text"), Known::There);
        assert_eq!(on(None).module("os.path"), Known::There);
        assert!(matches!(on(None).module("email.mime.html"), Known::Lacking { .. }));
        assert_eq!(
            on(Some(10)).module("tomllib"),
            Known::Lacking { within: "Python 3.10's standard library".into() }
        );
        assert_eq!(on(Some(11)).module("tomllib"), Known::There);
        assert_eq!(on(None).module("asyncore"), Known::There);
        assert!(matches!(on(Some(12)).module("asyncore"), Known::Lacking { .. }));
        assert_eq!(on(None).module("urllib2"), Known::Unverified { package: "urllib2".into() });
    }
}
