//! The checks of a tree that was checked before: the same files, the same plan, the same packages and the same program give
//! the same answer, so it is kept. Losing the cache loses nothing but time.
//!
//! A kept answer is signed with the recorder's own key, so that it is worth what an entry of the ledger is worth
//! (docs/decisions/0306): a file that anybody on the account could have written is no evidence.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use seaworthy_checks::{Checked, Request};
use seaworthy_core::Digest;
use seaworthy_core::observation::Reason;
use seaworthy_core::surface::Surface;
use seaworthy_core::{NotChecked, Observation, Outcome};
use seaworthy_ledger::envelope::pae;
use seaworthy_ledger::{SigningKey, key};
use serde::{Deserialize, Serialize};

use crate::project;

/// Answers kept; the oldest go first.
const KEPT: usize = 32;
/// What is signed: a type of its own, so that no signature of the ledger passes here, nor the other way round.
const PAYLOAD_TYPE: &str = "application/vnd.seaworthy.checked+json";
/// Bytes of an Ed25519 signature, which stand before what is signed.
const SIGNATURE: usize = 64;

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What was asked: a file under another name answers nothing.
    question: Digest,
    observations: Vec<Observation>,
    surface: Surface,
    not_checked: Vec<NotChecked>,
    files: u64,
    bytes: u64,
    /// The folders outside the tree that it came from, and what lay in them.
    consulted: Vec<PathBuf>,
    state: Digest,
}

/// An answer that may be kept, once the tree is known to have stood still for it.
pub(crate) struct Keep {
    path: PathBuf,
    key: SigningKey,
    kept: Kept,
}

impl Keep {
    /// Keeps it. A cache that cannot be written costs the time it would have saved, and nothing else.
    pub(crate) fn keep(self) {
        drop(keep(&self.path, &self.key, &self.kept));
    }
}

/// What the checks said.
pub(crate) struct Answer {
    pub(crate) checked: Checked,
    /// Nothing of the tree was read for it but its digest.
    pub(crate) was_kept: bool,
    /// To be kept when the tree has not changed under way.
    pub(crate) keep: Option<Keep>,
}

/// Runs the checks, or gives the answer they gave before. Only whole looks are kept: a restricted one is cheap.
pub(crate) fn checked(request: &Request<'_>) -> Answer {
    let whole = request.base.is_none() && request.paths.is_empty() && request.only.is_none();
    let key = whole.then(|| key::load(&project::key_path()?).ok()).flatten();
    let (Some(key), Some(question), Some(folder)) = (key, question(request), project::cache_path()) else {
        return Answer { checked: seaworthy_checks::run(request), was_kept: false, keep: None };
    };
    let path = folder.join("checks").join(question.to_string());
    if let Some(mut kept) = kept(&path, &key, question) {
        for observation in &mut kept.observations {
            // The tree is the same, and the commit at which it is may be another.
            observation.subject = request.subject.clone();
        }
        let Kept { observations, surface, not_checked, files, bytes, consulted, .. } = kept;
        let checked = Checked { observations, surface, not_checked, files, bytes, consulted };
        return Answer { checked, was_kept: true, keep: None };
    }
    let checked = seaworthy_checks::run(request);
    // What could not be read now may be read the next time, and a defect of ours may not come again.
    let is_internal =
        |seen: &Observation| matches!(seen.outcome, Outcome::Inconclusive(Reason::Internal { .. }));
    let is_sure = !checked.observations.iter().any(is_internal)
        && !checked.not_checked.iter().any(|one| one.why.starts_with("could not be read"));
    let keep = is_sure.then(|| Keep {
        path,
        key,
        kept: Kept {
            question,
            observations: checked.observations.clone(),
            surface: checked.surface.clone(),
            not_checked: checked.not_checked.clone(),
            files: checked.files,
            bytes: checked.bytes,
            state: seaworthy_checks::state_of(&checked.consulted),
            consulted: checked.consulted.clone(),
        },
    });
    Answer { checked, was_kept: false, keep }
}

/// The digest of everything that the answer follows from; `None` where that cannot be told.
fn question(request: &Request<'_>) -> Option<Digest> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    let built = program.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let mut fields = vec![
        env!("CARGO_PKG_VERSION").as_bytes().to_vec(),
        // Another build may judge otherwise, whatever its version says.
        built.as_nanos().to_be_bytes().to_vec(),
        program.len().to_be_bytes().to_vec(),
        request.subject.tree.0.to_vec(),
        seaworthy_checks::inputs(request).0.to_vec(),
        request.tree.root()?.as_os_str().as_encoded_bytes().to_vec(),
    ];
    // What lies behind links and in repositories inside this one is not in the digest, and whether there is source is.
    let beside = request.tree.left_out().iter().chain(request.tree.unread());
    fields.extend(beside.map(|one| format!("{}: {}", one.what, one.why).into_bytes()));
    Some(Digest::of_fields(fields))
}

/// The answer at `path`, when this key signed it as one to this question.
fn kept(path: &Path, key: &SigningKey, question: Digest) -> Option<Kept> {
    let bytes = std::fs::read(path).ok()?;
    let (signature, payload) = bytes.split_first_chunk::<SIGNATURE>()?;
    let signed = key.public().verify(&pae(PAYLOAD_TYPE, payload), signature);
    let kept = signed.then(|| serde_json::from_slice::<Kept>(payload).ok()).flatten()?;
    let holds = kept.question == question && kept.state == seaworthy_checks::state_of(&kept.consulted);
    holds.then_some(kept)
}

fn keep(path: &Path, key: &SigningKey, kept: &Kept) -> std::io::Result<()> {
    let folder = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    let payload = serde_json::to_vec(kept)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&key.sign(&pae(PAYLOAD_TYPE, &payload)))?;
    file.write_all(&payload)?;
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
