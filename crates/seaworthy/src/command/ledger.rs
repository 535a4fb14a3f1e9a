//! `seaworthy ledger verify|show|export|import`.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use seaworthy_core::{Body, Entry};
use seaworthy_ledger::{
    AppendError, Checkpoint, ExportError, ImportError, Ledger, PublicKey, SignedCheckpoint, key,
};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{self, Project};
use crate::record::{self, key_failure, open_failure, read_failure, untrusted};
use crate::terminal::{BOLD, DIM, Terminal, YELLOW, visible, visible_json};

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
        /// A checkpoint that was kept elsewhere: without one, a cut tail or a rewrite under any key does not show.
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
    let path = project.ledger_path()?;
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
    let own = record::own_key();
    let whose = |key: &PublicKey| match key.digest() == own {
        true => format!("{} {DIM}(this machine's){DIM:#}", key.digest()),
        false => format!("{} {YELLOW}(not this machine's){YELLOW:#}", key.digest()),
    };
    let mut text =
        format!("{BOLD}verified{BOLD:#}: {} entries, {} checkpoints\n", seen.size, seen.checkpoints);
    for (key, count) in &seen.recorders {
        text.push_str(&format!("  {count} entries recorded by key {}\n", whose(key)));
    }
    for (key, count) in &seen.log_keys {
        text.push_str(&format!("  {count} checkpoints signed by key {}\n", whose(key)));
    }
    if seen.log_keys.keys().any(|key| key.digest() != own) {
        let caveat = "whoever holds one of those keys can have left entries out before signing";
        text.push_str(&format!("{YELLOW}{caveat}{YELLOW:#}\n"));
    }
    if against.is_none() {
        let caveat = "a cut tail or a rewrite under any key shows only against a checkpoint kept elsewhere: \
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
            text.push_str(&format!("{}\n", visible_json(&whole)));
        } else {
            text.push_str(&format!("{:>6}  {}\n", entry.seq(), visible(&summary(entry.value()))));
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
    let unwritable = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("{} could not be written: {error}", file.display()))
    };
    if is_same(path, file) {
        return Err(unwritable(&"it is the ledger itself").hint("name another file"));
    }
    // Beside the target first: a half-written export could pass for an export of a shorter record.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(|error| unwritable(&error))?;
    let seen = ledger.export(BufWriter::new(&mut beside)).map_err(failed)?;
    beside.persist(file).map_err(|error| unwritable(&error.error))?;
    terminal.say(&format!("{} entries exported to {}", seen.size, file.display()));
    Ok(Exit::Clear)
}

/// Whether two paths are one file, or would be one of the ledger's own.
fn is_same(ledger: &Path, file: &Path) -> bool {
    let parts = ["", "-wal", "-shm", "-journal"].map(|ending| {
        let mut name = ledger.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    });
    let real = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        path.canonicalize().ok().or_else(|| Some(folder.canonicalize().ok()?.join(path.file_name()?)))
    };
    parts.iter().any(|part| real(part).is_some_and(|part| Some(part) == real(file)))
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
    let key = key::load_or_create(&key_path).map_err(|error| key_failure(&error))?;
    let mut ledger = Ledger::open(path, key).map_err(|error| open_failure(&error))?;
    let imported = ledger.import(BufReader::new(reader), against.as_ref()).map_err(|error| match error {
        ImportError::Corrupt { .. } | ImportError::Append(AppendError::Corrupt(_)) => untrusted(&error),
        ImportError::Newer { .. } => Failure::record(error).hint("nothing was imported"),
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
