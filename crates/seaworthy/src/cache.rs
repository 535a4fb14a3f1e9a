//! The checks of a tree that was checked before: the same files, the same plan, the same packages and the same program give
//! the same answer, so it is kept. Losing the cache loses nothing but time.

use std::path::PathBuf;

use seaworthy_checks::{Checked, Request};
use seaworthy_core::Digest;
use seaworthy_core::surface::Surface;
use seaworthy_core::{NotChecked, Observation};
use serde::{Deserialize, Serialize};

use crate::project;

/// Answers kept; the oldest go first.
const KEPT: usize = 32;

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    observations: Vec<Observation>,
    surface: Surface,
    not_checked: Vec<NotChecked>,
    files: u64,
    bytes: u64,
}

/// Runs the checks, or gives the answer they gave before. Only whole looks are kept: a restricted one is cheap.
pub(crate) fn checked(request: &Request<'_>) -> Checked {
    let whole = request.base.is_none() && request.paths.is_empty() && request.only.is_none();
    let Some(path) = whole.then(|| place(request)).flatten() else { return seaworthy_checks::run(request) };
    if let Some(mut kept) =
        std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok())
    {
        for observation in &mut kept.observations {
            // The tree is the same, and the commit at which it is may be another.
            observation.subject = request.subject.clone();
        }
        let Kept { observations, surface, not_checked, files, bytes } = kept;
        return Checked { observations, surface, not_checked, files, bytes };
    }
    let checked = seaworthy_checks::run(request);
    let kept = Kept {
        observations: checked.observations.clone(),
        surface: checked.surface.clone(),
        not_checked: checked.not_checked.clone(),
        files: checked.files,
        bytes: checked.bytes,
    };
    // A cache that cannot be written costs the time it would have saved, and nothing else.
    drop(keep(&path, &kept));
    checked
}

fn place(request: &Request<'_>) -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    let built = program.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let key = Digest::of_fields([
        env!("CARGO_PKG_VERSION").as_bytes(),
        // Another build may judge otherwise, whatever its version says.
        &built.as_nanos().to_be_bytes(),
        &program.len().to_be_bytes(),
        &request.subject.tree.0,
        &seaworthy_checks::inputs(request).0,
        request.tree.root()?.as_os_str().as_encoded_bytes(),
    ]);
    Some(project::cache_path()?.join("checks").join(format!("{key}.json")))
}

fn keep(path: &std::path::Path, kept: &Kept) -> std::io::Result<()> {
    let folder = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(std::io::BufWriter::new(&mut file), kept)?;
    file.persist(path).map_err(|error| error.error)?;
    let mut all: Vec<_> = std::fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    all.sort();
    for (_, old) in all.iter().rev().skip(KEPT) {
        std::fs::remove_file(old)?;
    }
    Ok(())
}
