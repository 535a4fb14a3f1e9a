//! The checks of a tree that was checked before: the same files, the same plan, the same packages and the same program give
//! the same answer, so it is kept. Losing the cache loses nothing but time.
//!
//! A kept answer is signed with the recorder's own key, so that it is worth what an entry of the ledger is worth
//! (docs/decisions/0306): a file that anybody on the account could have written is no evidence.

use std::io::Write as _;
use std::path::Path;

use seaworthy_checks::{Checked, Request};
use seaworthy_core::Digest;
use seaworthy_core::surface::Surface;
use seaworthy_core::{NotChecked, Observation};
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
}

/// What the checks said, and whether they said it before.
pub(crate) struct Answer {
    pub(crate) checked: Checked,
    /// Nothing of the tree was read for it but its digest.
    pub(crate) was_kept: bool,
}

/// Runs the checks, or gives the answer they gave before. Only whole looks are kept: a restricted one is cheap.
pub(crate) fn checked(request: &Request<'_>) -> Answer {
    let whole = request.base.is_none() && request.paths.is_empty() && request.only.is_none();
    let key = whole.then(|| key::load(&project::key_path()?).ok()).flatten();
    let (Some(key), Some(question), Some(folder)) = (key, question(request), project::cache_path()) else {
        return Answer { checked: seaworthy_checks::run(request), was_kept: false };
    };
    let path = folder.join("checks").join(question.to_string());
    if let Some(mut kept) = kept(&path, &key, question) {
        for observation in &mut kept.observations {
            // The tree is the same, and the commit at which it is may be another.
            observation.subject = request.subject.clone();
        }
        let Kept { question: _, observations, surface, not_checked, files, bytes } = kept;
        let checked = Checked { observations, surface, not_checked, files, bytes };
        return Answer { checked, was_kept: true };
    }
    let checked = seaworthy_checks::run(request);
    let kept = Kept {
        question,
        observations: checked.observations.clone(),
        surface: checked.surface.clone(),
        not_checked: checked.not_checked.clone(),
        files: checked.files,
        bytes: checked.bytes,
    };
    // A cache that cannot be written costs the time it would have saved, and nothing else.
    drop(keep(&path, &key, &kept));
    Answer { checked, was_kept: false }
}

/// The digest of everything that the answer follows from; `None` where that cannot be told.
fn question(request: &Request<'_>) -> Option<Digest> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    let built = program.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Digest::of_fields([
        env!("CARGO_PKG_VERSION").as_bytes(),
        // Another build may judge otherwise, whatever its version says.
        &built.as_nanos().to_be_bytes(),
        &program.len().to_be_bytes(),
        &request.subject.tree.0,
        &seaworthy_checks::inputs(request).0,
        request.tree.root()?.as_os_str().as_encoded_bytes(),
    ]))
}

/// The answer at `path`, when this key signed it as one to this question.
fn kept(path: &Path, key: &SigningKey, question: Digest) -> Option<Kept> {
    let bytes = std::fs::read(path).ok()?;
    let (signature, payload) = bytes.split_first_chunk::<SIGNATURE>()?;
    let signed = key.public().verify(&pae(PAYLOAD_TYPE, payload), signature);
    let kept = signed.then(|| serde_json::from_slice::<Kept>(payload).ok()).flatten()?;
    (kept.question == question).then_some(kept)
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
