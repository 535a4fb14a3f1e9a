//! `cargo xtask docs`: the generated documents.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seaworthy::reference;

use crate::process::{root, say};

/// Write the generated documents.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tell whether they are current.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), String> {
    let stale = stale(&root().join("docs"))?;
    if args.check {
        let names: Vec<String> = stale.iter().map(|(path, _)| path.display().to_string()).collect();
        return if names.is_empty() {
            Ok(())
        } else {
            Err(format!("not current: {}: cargo xtask docs", names.join(", ")))
        };
    }
    for (path, text) in stale {
        say(&format!("{}", path.display()));
        match text {
            Some(text) => {
                let folder = path.parent().unwrap_or(Path::new("."));
                std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text))
            }
            None => std::fs::remove_file(&path),
        }
        .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The documents that are not as generated, with what they should be; `None` for one that should not be.
fn stale(docs: &Path) -> Result<Vec<(PathBuf, Option<String>)>, String> {
    let mut stale = Vec::new();
    let mut expected = BTreeSet::new();
    for (name, text) in reference::documents() {
        let path = docs.join(name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            stale.push((path.clone(), Some(text)));
        }
        expected.insert(path);
    }
    for folder in ["checks", "probes"] {
        let Ok(entries) = std::fs::read_dir(docs.join(folder)) else { continue };
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if !expected.contains(&path) {
                stale.push((path, None));
            }
        }
    }
    Ok(stale)
}
