//! What is judged: a root with its plan, its tree, and where its record lies.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seaworthy_checks::tree::Tree;
use seaworthy_core::plan::FILE_NAME;
use seaworthy_core::surface::Surface;
use seaworthy_core::{Digest, NotChecked, Plan, Subject, limits};

use crate::clock;
use crate::failure::Failure;

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
    /// The working tree.
    pub tree: Tree,
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
    /// When there is no such folder, or its plan is wrong.
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
        let tree = Tree::open(&root).map_err(Failure::usage)?;
        let plan = plan.unwrap_or_default();
        let (subject, unread) = tree.subject(&plan, None);
        Ok(Self {
            shown,
            root,
            plan,
            planned,
            tree,
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
    pub(crate) fn baseline(&self) -> Result<BTreeSet<Digest>, Failure> {
        let named = self.plan.gate.baseline.as_deref();
        let Some(path) = named.or(self.inferred_baseline()) else { return Ok(BTreeSet::new()) };
        let place = match named {
            Some(_) => format!("{FILE_NAME}:{}: ", self.plan.line_of("gate.baseline")),
            None => String::new(),
        };
        let text = match std::fs::read_to_string(self.root.join(path)) {
            Ok(text) => text,
            Err(error) => {
                return Err(Failure::usage(format!("{place}the baseline {path} could not be read: {error}"))
                    .hint("seaworthy check --write-baseline"));
            }
        };
        let baseline = seaworthy_checks::baseline::Baseline::read(&text)
            .map_err(|error| Failure::usage(format!("{place}{path}: {error}")))?;
        Ok(baseline.fingerprints())
    }

    /// What a run of the checks is asked for; the caller narrows it.
    pub(crate) fn checks<'a>(
        &'a self,
        progress: &'a dyn seaworthy_checks::Progress,
    ) -> seaworthy_checks::Request<'a> {
        seaworthy_checks::Request {
            tree: &self.tree,
            plan: &self.plan,
            base: self.base.as_ref(),
            paths: &[],
            python_paths: &self.python_paths,
            subject: &self.subject,
            started_at: clock::now(),
            only: None,
            progress,
        }
    }

    /// What the source shows to the outside, without any check being run.
    pub(crate) fn surface(&self) -> Surface {
        let request = seaworthy_checks::Request { only: Some(&[]), ..self.checks(&seaworthy_checks::Quiet) };
        seaworthy_checks::run(&request).surface
    }

    /// Where the record lies.
    pub(crate) fn ledger_path(&self) -> PathBuf {
        std::env::var_os("SEAWORTHY_LEDGER")
            .map_or_else(|| self.state_folder().join("ledger.sqlite"), PathBuf::from)
    }

    /// Where replays are written.
    pub(crate) fn replays_path(&self) -> PathBuf {
        self.state_folder().join("replays")
    }

    /// `.seaworthy` below the root.
    pub(crate) fn state_folder(&self) -> PathBuf {
        self.root.join(".seaworthy")
    }

    /// Makes `.seaworthy`, with a `.gitignore` of its own.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn make_state_folder(&self) -> std::io::Result<()> {
        let folder = self.state_folder();
        std::fs::create_dir_all(&folder)?;
        let ignore = folder.join(".gitignore");
        if ignore.exists() { Ok(()) } else { std::fs::write(ignore, "*\n") }
    }
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
    let bytes = match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::usage(format!("{} could not be read: {error}", path.display()))),
        Ok(meta) if meta.len() > limits::PLAN_BYTES as u64 => {
            let (found, most) = (meta.len(), limits::PLAN_BYTES);
            return Err(Failure::usage(format!(
                "{} has {found} bytes; a plan has at most {most}",
                path.display()
            )));
        }
        Ok(_) => std::fs::read(&path)
            .map_err(|error| Failure::usage(format!("{} could not be read: {error}", path.display())))?,
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
