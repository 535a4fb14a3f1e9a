//! `seaworthy ledger verify|show|export|import`.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use seaworthy_core::{Body, Entry};
use seaworthy_ledger::{Checkpoint, ExportError, ImportError, Ledger, SignedCheckpoint, key};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{self, Project};
use crate::record::{open_failure, read_failure, untrusted};
use crate::terminal::{BOLD, DIM, Terminal};

/// The record: verify it, look at it, take it elsewhere.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    /// The project's root.
    #[arg(long, global = true, default_value = ".", value_name = "FOLDER")]
    root: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check every signature, every place and every checkpoint. Nothing is written.
    Verify {
        /// A checkpoint that was kept elsewhere: without one, a cut tail or a rewrite by the key's holder does not show.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// List the entries, newest last; or print one whole.
    Show {
        /// The entry's number.
        seq: Option<u64>,
    },
    /// Write the whole record as text, to keep or to hand on.
    Export {
        /// Where to; standard output when absent.
        file: Option<PathBuf>,
    },
    /// Verify an export and take what is not here yet; foreign entries keep their signers.
    Import {
        /// The export.
        file: PathBuf,
        /// A checkpoint of the exported record that was kept elsewhere.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Print the newest checkpoint, to keep elsewhere.
    Checkpoint,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::open(&args.root)?;
    let path = project.ledger_path();
    match &args.action {
        Action::Verify { against } => verify(&path, against.as_deref(), terminal),
        Action::Show { seq } => show(&path, *seq, terminal),
        Action::Export { file } => export(&path, file.as_deref(), terminal),
        Action::Import { file, against } => import(&project, &path, file, against.as_deref(), terminal),
        Action::Checkpoint => checkpoint(&path, terminal),
    }
}

fn open(path: &Path) -> Result<Ledger, Failure> {
    if !path.exists() {
        return Err(
            Failure::usage(format!("there is no ledger at {}", path.display())).hint("seaworthy assess")
        );
    }
    Ledger::open_read_only(path).map_err(|error| open_failure(&error))
}

fn kept(path: Option<&Path>) -> Result<Option<Checkpoint>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("the checkpoint {} could not be read: {error}", path.display()))
    })?;
    let signed: SignedCheckpoint = text
        .parse()
        .map_err(|error| Failure::usage(format!("{} is not a checkpoint: {error}", path.display())))?;
    Ok(Some(signed.checkpoint().clone()))
}

fn verify(path: &Path, against: Option<&Path>, terminal: &Terminal) -> Result<Exit, Failure> {
    let against = kept(against)?;
    let seen = open(path)?.verify(against.as_ref()).map_err(|error| read_failure(&error))?;
    let mut text =
        format!("{BOLD}verified{BOLD:#}: {} entries, {} checkpoints\n", seen.size, seen.checkpoints);
    for (key, count) in &seen.recorders {
        text.push_str(&format!("  {count} recorded by key {}\n", key.digest()));
    }
    if against.is_none() {
        let caveat = "a cut tail or a rewrite by the key's holder shows only against a checkpoint kept elsewhere: \
                      `seaworthy ledger checkpoint > FILE`, later `verify --against FILE`";
        text.push_str(&format!("{DIM}{caveat}{DIM:#}\n"));
    }
    terminal.print(&text)?;
    Ok(Exit::Clear)
}

fn show(path: &Path, seq: Option<u64>, terminal: &Terminal) -> Result<Exit, Failure> {
    let ledger = open(path)?;
    let size = ledger.size().map_err(|error| read_failure(&error))?;
    let range = seq.map_or(0..size, |seq| seq..seq.saturating_add(1));
    let entries = ledger.entries(range).map_err(|error| read_failure(&error))?;
    if let (Some(seq), true) = (seq, entries.is_empty()) {
        return Err(Failure::usage(format!(
            "there is no entry {seq}: the record has {size}, the first is 0"
        ))
        .hint("seaworthy ledger show"));
    }
    let mut text = String::new();
    for entry in &entries {
        if seq.is_some() {
            let whole = serde_json::to_string_pretty(entry.value()).map_err(Failure::bug)?;
            text.push_str(&format!("{whole}\n"));
        } else {
            text.push_str(&format!("{:>6}  {}\n", entry.seq(), summary(entry.value())));
        }
    }
    terminal.print(&text)?;
    Ok(Exit::Clear)
}

fn summary(entry: &Entry) -> String {
    let what = match &entry.body {
        Body::Observation(seen) => {
            let outcome = match &seen.outcome {
                seaworthy_core::Outcome::Held => "held",
                seaworthy_core::Outcome::Broken => "broken",
                seaworthy_core::Outcome::Inconclusive(_) => "inconclusive",
                seaworthy_core::Outcome::NotApplicable(_) => "not applicable",
            };
            format!(
                "tree {}  {} {outcome}, {} findings",
                seen.subject.tree.short(),
                seen.producer.id(),
                seen.findings.len()
            )
        }
        Body::Claim(claim) => {
            format!("tree {}  claim by {}: {}", claim.subject.tree.short(), claim.author, claim.text)
        }
        Body::Decision(decision) => {
            format!("tree {}  decided {}", decision.subject.tree.short(), decision.verdict.id())
        }
    };
    format!("{}  {what}", entry.recorded_at)
}

fn export(path: &Path, file: Option<&Path>, terminal: &Terminal) -> Result<Exit, Failure> {
    let ledger = open(path)?;
    let failed = |error: ExportError| match error {
        ExportError::Read(error) => read_failure(&error),
        ExportError::Io(_) => Failure::usage(error),
    };
    let Some(file) = file else {
        let mut text = Vec::new();
        ledger.export(&mut text).map_err(failed)?;
        terminal.print(&String::from_utf8_lossy(&text))?;
        return Ok(Exit::Clear);
    };
    // Beside the target first: a half-written export could pass for an export of a shorter record.
    let beside = file.with_extension("part");
    let unwritable = |error| Failure::usage(format!("{} could not be written: {error}", file.display()));
    let written = File::create(&beside).map_err(unwritable)?;
    let exported = ledger.export(BufWriter::new(written)).map_err(failed);
    let seen = match exported {
        Ok(seen) => seen,
        Err(failure) => {
            // The failure is what the person needs to see; a leftover .part says enough for itself.
            drop(std::fs::remove_file(&beside));
            return Err(failure);
        }
    };
    std::fs::rename(&beside, file).map_err(unwritable)?;
    terminal.say(&format!("{} entries exported to {}", seen.size, file.display()));
    Ok(Exit::Clear)
}

fn import(
    project: &Project,
    path: &Path,
    file: &Path,
    against: Option<&Path>,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let against = kept(against)?;
    let reader = File::open(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    project
        .make_state_folder()
        .map_err(|error| Failure::usage(format!("{}: {error}", project.state_folder().display())))?;
    let key_path =
        project::key_path().ok_or_else(|| Failure::usage("neither HOME nor SEAWORTHY_KEY is set"))?;
    let key = key::load_or_create(&key_path).map_err(Failure::usage)?;
    let mut ledger = Ledger::open(path, key).map_err(|error| open_failure(&error))?;
    let imported = ledger.import(BufReader::new(reader), against.as_ref()).map_err(|error| match error {
        ImportError::Corrupt { .. } => untrusted(&error),
        other => Failure::usage(other).hint("nothing was imported"),
    })?;
    terminal.say(&format!("{} entries added, {} were here already", imported.added, imported.already_there));
    Ok(Exit::Clear)
}

fn checkpoint(path: &Path, terminal: &Terminal) -> Result<Exit, Failure> {
    let head = open(path)?.checkpoint().map_err(|error| read_failure(&error))?;
    let head = head.ok_or_else(|| Failure::usage("the ledger is empty").hint("seaworthy assess"))?;
    terminal.print(head.note())?;
    Ok(Exit::Clear)
}
