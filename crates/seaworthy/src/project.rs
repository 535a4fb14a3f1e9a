//! What is judged: a root with its plan, its tree, and where its record lies.

use std::path::{Path, PathBuf};

use seaworthy_checks::baseline::Baseline;
use seaworthy_checks::rules::{self, RuleError, Rules};
use seaworthy_checks::tree::{ReadError, Tree, read_file};
use seaworthy_core::plan::{FILE_NAME, identifiers, nearest};
use seaworthy_core::surface::Surface;
use seaworthy_core::{Digest, NotChecked, Plan, Subject, Timestamp, limits};

use crate::clock;
use crate::failure::Failure;

/// The folder of our own below a root.
const STATE: &str = ".seaworthy";
/// Where the baseline lies when no plan names it.
pub(crate) const BASELINE: &str = "seaworthy.baseline.json";

/// What is judged.
pub(crate) struct Project {
    /// As the person wrote it.
    pub shown: String,
    /// Absolute, without links.
    pub root: PathBuf,
    /// The plan; the default one when there is no file.
    pub plan: Plan,
    /// Whether there is a plan file.
    pub planned: bool,
    /// When the working tree was about to be opened.
    pub opened_at: Timestamp,
    /// The working tree.
    pub tree: Tree,
    /// The project's own rules.
    pub rules: Rules,
    /// What exactly is judged.
    pub subject: Subject,
    /// What could not be read and so is not in the subject's digest.
    pub unread: Vec<NotChecked>,
    /// Folders of installed Python packages outside the root.
    pub python_paths: Vec<PathBuf>,
    /// The tree that a change is compared with.
    pub base: Option<Tree>,
}

impl Project {
    /// Opens the project at `root`.
    ///
    /// # Errors
    /// When there is no such folder, or its plan or its rules are wrong.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        let shown = root.display().to_string();
        let root = root.canonicalize().map_err(|error| {
            Failure::usage(format!("there is no folder {shown}: {error}"))
                .hint("name a folder to judge, or `cd` into it")
        })?;
        if !root.is_dir() {
            let parent = root.parent().unwrap_or(&root).display();
            return Err(Failure::usage(format!("{shown} is a file, and a project is a folder"))
                .hint(format!("seaworthy check --root {parent} {shown}")));
        }
        let plan = read_plan(&root)?;
        let planned = plan.is_some();
        let opened_at = clock::now();
        let tree = Tree::open(&root).map_err(Failure::usage)?;
        let plan = plan.unwrap_or_default();
        let rules = Rules::of(&tree).map_err(rule_failure)?;
        know_rules(&plan, &rules)?;
        let (subject, unread) = tree.subject(&plan, None);
        Ok(Self {
            shown,
            root,
            plan,
            planned,
            opened_at,
            tree,
            rules,
            subject,
            unread,
            python_paths: python_paths(),
            base: None,
        })
    }

    /// The same project, of which only what has come since a revision is asked for.
    ///
    /// # Errors
    /// When there is no such revision.
    pub(crate) fn since(mut self, revision: &str) -> Result<Self, Failure> {
        let base = Tree::at_revision(&self.root, revision).map_err(Failure::usage)?;
        (self.subject, self.unread) = self.tree.subject(&self.plan, Some(&base));
        self.base = Some(base);
        Ok(self)
    }

    /// The usual baseline, where it lies in the root and no plan names one.
    pub(crate) fn inferred_baseline(&self) -> Option<&'static str> {
        (self.plan.gate.baseline.is_none() && self.root.join(BASELINE).is_file()).then_some(BASELINE)
    }

    /// The fingerprints that the baseline knows, the plan's or the usual one.
    ///
    /// # Errors
    /// When the plan names a baseline that is not there or is none.
    pub(crate) fn baseline(&self) -> Result<Baseline, Failure> {
        let named = self.plan.gate.baseline.as_deref();
        let Some(path) = named.or(self.inferred_baseline()) else { return Ok(Baseline::default()) };
        let place = match named {
            Some(_) => format!("{FILE_NAME}:{}: ", self.plan.line_of("gate.baseline")),
            None => String::new(),
        };
        let text = match read_file(&self.root.join(path), limits::BASELINE_BYTES) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                return Err(Failure::usage(format!("{place}the baseline {path} could not be read: {error}"))
                    .hint("seaworthy check --write-baseline"));
            }
        };
        Baseline::read(&text).map_err(|error| Failure::usage(format!("{place}{path}: {error}")))
    }

    /// What a run of the checks is asked for; the caller narrows it.
    pub(crate) fn checks<'a>(
        &'a self,
        progress: &'a dyn seaworthy_checks::Progress,
    ) -> seaworthy_checks::Request<'a> {
        seaworthy_checks::Request {
            tree: &self.tree,
            plan: &self.plan,
            rules: &self.rules,
            base: self.base.as_ref(),
            paths: &[],
            python_paths: &self.python_paths,
            subject: &self.subject,
            started_at: clock::now(),
            only: None,
            progress,
        }
    }

    /// Digest of what a running copy gets besides the tree and the plan's lines about it: installed packages, files that git does not keep.
    pub(crate) fn world(&self) -> Digest {
        let packages = seaworthy_checks::inputs(&seaworthy_checks::Request {
            base: None,
            ..self.checks(&seaworthy_checks::Quiet)
        });
        let beside = self.tree.surroundings().map_or_else(Vec::new, |digest| digest.0.to_vec());
        Digest::of_fields([packages.0.to_vec(), beside])
    }

    /// Whether the folder still holds the tree that was opened. What was measured of one that changed under way is about neither.
    ///
    /// # Errors
    /// When the folder is no longer there.
    pub(crate) fn is_unchanged(&self) -> Result<bool, Failure> {
        self.tree.is_unchanged(self.opened_at).map_err(Failure::usage)
    }

    /// What the source shows to the outside, without any check being run.
    pub(crate) fn surface(&self) -> Surface {
        let request = seaworthy_checks::Request { only: Some(&[]), ..self.checks(&seaworthy_checks::Quiet) };
        seaworthy_checks::run(&request).surface
    }

    /// Where the record lies: where the person says, else in the project's own folder.
    ///
    /// # Errors
    /// When what lies there came with the project: a record that its author handed over is a claim of the author's.
    pub(crate) fn ledger_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = std::env::var_os("SEAWORTHY_LEDGER") {
            return Ok(PathBuf::from(path));
        }
        let folder = self.state_folder();
        let ledger = folder.join("ledger.sqlite");
        let beside = ["ledger.sqlite-wal", "ledger.sqlite-shm"].map(|name| folder.join(name));
        let is_link = |path: &PathBuf| path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        let refuse = |what: String| {
            Err(Failure::record(format!("{what}: a record that came with the project says nothing about it"))
                .hint("move it away, or name another place: SEAWORTHY_LEDGER=FILE"))
        };
        if let Some(link) = [&folder, &ledger].into_iter().chain(&beside).find(|path| is_link(path)) {
            return refuse(format!("{} is a link", link.display()));
        }
        // The tree's walk goes in there for the project's rules alone: what else it has of it is what git tracks.
        let came = |path: &str| {
            let below = path.strip_prefix(STATE).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            below.is_some_and(|rest| rest != "/.gitignore" && !rest.starts_with("/rules/"))
        };
        if self.tree.entries().iter().any(|entry| came(&entry.path)) {
            return refuse(format!("git keeps {}", folder.display()));
        }
        Ok(ledger)
    }

    /// Where replays are written.
    pub(crate) fn replays_path(&self) -> PathBuf {
        self.state_folder().join("replays")
    }

    /// `.seaworthy` below the root.
    pub(crate) fn state_folder(&self) -> PathBuf {
        self.root.join(STATE)
    }

    /// Makes `.seaworthy`, with a `.gitignore` of its own that leaves the project's rules to git.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn make_state_folder(&self) -> std::io::Result<()> {
        let folder = self.state_folder();
        make_real_folder(&folder)?;
        let ignore = folder.join(".gitignore");
        // What versions without rules wrote.
        let is_old = ignore.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() == 2)
            && std::fs::read_to_string(&ignore).is_ok_and(|text| text == "*\n");
        if is_old {
            std::fs::remove_file(&ignore)?;
        }
        // `create_new` goes through no link, not even one that leads nowhere.
        match std::fs::File::create_new(ignore) {
            Ok(mut file) => std::io::Write::write_all(&mut file, IGNORED.as_bytes()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the folder for replays.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn make_replays_folder(&self) -> std::io::Result<()> {
        self.make_state_folder()?;
        make_real_folder(&self.replays_path())
    }

    /// Writes a file of the project anew, under its own name and through no link: what lies below the root was put there by others.
    ///
    /// # Errors
    /// What the system said, or that the place lies outside the root.
    pub(crate) fn write(&self, path: &str, text: &str) -> std::io::Result<()> {
        let target = self.root.join(path);
        let folder = target.parent().unwrap_or(&self.root).canonicalize()?;
        let is_link = target.symlink_metadata().is_ok_and(|meta| !meta.is_file());
        if is_link || !folder.starts_with(&self.root) {
            return Err(std::io::Error::other("it leads elsewhere: a link, or no regular file"));
        }
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        // A temporary file is its owner's alone; what a project keeps is for everybody who reads the project.
        #[cfg(unix)]
        file.as_file().set_permissions(match target.metadata() {
            Ok(meta) => meta.permissions(),
            Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
        })?;
        file.persist(&target).map(drop).map_err(|error| error.error)
    }
}

/// A folder that is one, and no link to one.
fn make_real_folder(folder: &Path) -> std::io::Result<()> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ if folder.symlink_metadata()?.is_dir() => Ok(()),
        _ => Err(std::io::Error::other(format!("{} is no folder of its own", folder.display()))),
    }
}

/// What is in `.seaworthy` is ours and nobody's source, but for the project's rules.
const IGNORED: &str = "*\n!/rules/\n!/rules/**\n";

/// What the person sees when a rule is wrong.
pub(crate) fn rule_failure(error: RuleError) -> Failure {
    Failure::usage(error).hint("https://ast-grep.github.io/reference/yaml.html describes every key of a rule")
}

/// Rules that the plan names are there.
fn know_rules(plan: &Plan, rules: &Rules) -> Result<(), Failure> {
    let severities = plan.checks.severity.keys().map(|id| (format!("checks.severity.{id}"), id));
    let required = plan.gate.require.iter().flatten().enumerate();
    let required = required.map(|(index, id)| (format!("gate.require[{index}]"), id));
    for (key, id) in severities.chain(required) {
        if identifiers::is_own_rule(id) && rules.find(id).is_none() {
            let line = plan.line_of(&key);
            let failure = Failure::usage(format!(
                "{FILE_NAME}:{line}: there is no rule `{id}` below {}",
                rules::FOLDER
            ));
            return Err(match nearest(id, rules.list().iter().map(|rule| rule.id().as_str())) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            });
        }
    }
    Ok(())
}

/// The packages of the virtual environment that the person is in; the project's own is found in its tree.
fn python_paths() -> Vec<PathBuf> {
    let Some(environment) = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from) else { return Vec::new() };
    let versions = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    versions.map(|version| version.path().join("site-packages")).filter(|path| path.is_dir()).collect()
}

/// The plan directly below `root`, never a parent's.
fn read_plan(root: &Path) -> Result<Option<Plan>, Failure> {
    let path = root.join(FILE_NAME);
    // What lies below the root may be a pipe, or lead to a device: it is opened like any file of the tree.
    let bytes = match read_file(&path, limits::PLAN_BYTES as u64) {
        Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(ReadError::TooLarge { limit }) => {
            return Err(Failure::usage(format!(
                "{} is too large: a plan has at most {limit} bytes",
                path.display()
            )));
        }
        Err(error) => return Err(Failure::usage(format!("{} could not be read: {error}", path.display()))),
        Ok(bytes) => bytes,
    };
    let text = String::from_utf8(bytes)
        .map_err(|error| Failure::usage(format!("{} is not UTF-8: {error}", path.display())))?;
    Plan::read(&text).map(Some).map_err(|error| Failure::usage(error).hint("seaworthy explain plan"))
}

/// The key's place: `$SEAWORTHY_KEY`, else below the configuration folder (XDG Base Directory Specification 0.8).
pub(crate) fn key_path() -> Option<PathBuf> {
    std::env::var_os("SEAWORTHY_KEY")
        .map(PathBuf::from)
        .or_else(|| Some(xdg("XDG_CONFIG_HOME", ".config")?.join("key")))
}

/// The cache's place.
pub(crate) fn cache_path() -> Option<PathBuf> {
    xdg("XDG_CACHE_HOME", ".cache")
}

/// A base folder; relative values are ignored, as the specification asks.
fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = named.or_else(|| Some(std::env::home_dir()?.join(below_home)))?;
    Some(base.join("seaworthy"))
}
