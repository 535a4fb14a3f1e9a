//! `seaworthy init`: a first plan, from what the survey sees, for a person to review.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use seaworthy_core::Plan;
use seaworthy_core::plan::FILE_NAME;
use seaworthy_core::surface::Surface;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::Project;
use crate::terminal::Terminal;

/// Write a first seaworthy.toml from what can be seen of the project, to review and keep.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to plan.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Print the plan instead of writing it.
    #[arg(long)]
    print: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::open(&args.path)?;
    let path = project.root.join(FILE_NAME);
    if project.planned && !args.print {
        return Err(Failure::usage(format!("{} is there already, and is yours", path.display()))
            .hint(format!("seaworthy init --print {}", project.shown)));
    }
    let text = write_plan(&project, &project.surface());
    // What we write, we must be able to read; anything else is ours to mend, not the person's.
    Plan::read(&text).map_err(|error| Failure::bug(format!("the plan written does not read: {error}")))?;
    if args.print {
        terminal.print(&text)?;
    } else {
        project
            .write(FILE_NAME, &text)
            .map_err(|error| Failure::usage(format!("{} could not be written: {error}", path.display())))?;
        terminal.say(&format!(
            "wrote {}: read it, correct it, commit it; then `seaworthy assess {}`",
            path.display(),
            project.shown
        ));
    }
    Ok(Exit::Clear)
}

fn write_plan(project: &Project, surface: &Surface) -> String {
    let name = project.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut text = String::from(
        "# The plan: what this project is meant to be. Every AI session is held to it, so review it like code.\n\
         # Everything here was inferred from the source; what is wrong is yours to correct.\n\n",
    );
    let mut line = |row: String| {
        text.push_str(&row);
        text.push('\n');
    };
    line(format!("[project]\nname = {}", quoted(&name)));
    for (folder, files) in source_folders(project) {
        line(format!(
            "\n[[module]]\nname = {}\npaths = [{}]",
            quoted(&folder),
            quoted(&format!("{}/**", literal(&folder)))
        ));
        line(format!("# purpose = \"...\"           # {files} source files today"));
        line(
            "# may_use = []             # names of modules it may import; omitted: unconstrained".to_owned(),
        );
    }
    if let Some(entry) = surface.entries.first() {
        let start: Vec<String> = entry.command.iter().map(|word| quoted(word)).collect();
        line(format!("\n[[service]]                 # {}", one_line(&entry.why)));
        line(format!("name = {}\nstart = [{}]", quoted(&service_name(&name)), start.join(", ")));
        let needed: Vec<String> = entry
            .environment
            .iter()
            .filter(|(_, needed)| *needed)
            .map(|(key, _)| format!("{} = \"...\"", named(key)))
            .collect();
        if !needed.is_empty() {
            line(format!("# env = {{ {} }}        # it reads these when it starts", needed.join(", ")));
        }
        if let Some(document) = openapi_file(project) {
            line(format!("openapi = {}", quoted(&document)));
        }
    }
    text
}

/// A name for the service that the project is.
pub(crate) fn service_name(folder: &str) -> String {
    let name: String = folder.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    if name.is_empty() { "service".to_owned() } else { name }
}

/// Folders directly below the root that hold source, with how many files.
fn source_folders(project: &Project) -> BTreeMap<String, usize> {
    let suffixes = [".py", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".rs"];
    let mut folders = BTreeMap::new();
    for entry in project.tree.entries() {
        if let Some((folder, file)) = entry.path.split_once('/')
            && !folder.starts_with('.')
            && suffixes.iter().any(|suffix| file.ends_with(suffix))
        {
            *folders.entry(folder.to_owned()).or_default() += 1;
        }
    }
    folders
}

fn openapi_file(project: &Project) -> Option<String> {
    let names = ["openapi.json", "openapi.yaml", "openapi.yml"];
    let found = project.tree.entries().iter().find(|entry| names.contains(&entry.path.as_str()));
    found.map(|entry| entry.path.clone())
}

/// A path as a glob that matches it and nothing else.
fn literal(path: &str) -> String {
    let mut glob = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '?' | '*' | '[' | ']' | '{' | '}' => glob.extend(['[', c, ']']),
            '\\' => glob.push_str("\\\\"),
            c => glob.push(c),
        }
    }
    glob
}

/// A text of the source for a comment, which ends where its line does.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A TOML key: bare where it may be, else quoted. What the source calls a variable may be any text.
fn named(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { quoted(key) }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Limit: writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
