//! What to start: from the plan, or from what was read in the source; and what had to be guessed so that it starts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use seaworthy_core::Reason;
use seaworthy_core::plan::Service;
use seaworthy_core::surface::EntryPoint;
use seaworthy_sandbox::Tier;

use super::running::Running;
use super::{Need, NotReady, needs};
use crate::Request;
use crate::schema::Inferred;

/// Entries that are tried when the plan names no start line.
const ENTRIES: usize = 3;

/// Starts of one entry, each with one more variable the program asked for.
const STARTS: usize = 6;

/// How a service is started. `{port}` and `{data}` are replaced in its words and variables at each start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Its name.
    pub name: String,
    /// The root judged.
    pub root: PathBuf,
    /// A folder for worlds.
    pub scratch: PathBuf,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Where it runs, from the root.
    pub dir: String,
    /// Its variables.
    pub env: BTreeMap<String, String>,
    /// When it is ready.
    pub ready: Ready,
    /// Which kind of world it gets.
    pub tier: Tier,
}

/// When a service is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// As soon as a socket of its own speaks HTTP.
    Listening,
    /// As soon as this path is answered, whatever the answer.
    Path(String),
    /// As soon as a socket of its own takes a connection.
    Tcp,
}

/// A service that starts, how it does, and what had to be guessed.
#[derive(Debug)]
pub struct Prepared {
    /// How it starts.
    pub launch: Launch,
    /// A first running copy.
    pub running: Running,
    /// What had to be guessed.
    pub inferred: Vec<Inferred>,
}

/// Finds out how the service starts, by starting it: with the plan's start line, or with the likeliest entries; where it lacks
/// variables, again with generated values.
///
/// # Errors
/// Why no way led to a service that is ready; that of the likeliest entry.
pub fn prepare(request: &Request<'_>) -> Result<Prepared, NotReady> {
    let service = request.service;
    if !service.start.is_empty() {
        let known = request.surface.entries.iter().find(|entry| entry.command == service.start);
        return start_with(request, &service.start, known, Vec::new());
    }
    let mut first = None;
    for entry in request.surface.entries.iter().take(ENTRIES) {
        let start = entry.command.join(" ");
        let inferred = vec![Inferred {
            what: format!("{} is started with `{start}`", service.name),
            why: entry.why.clone(),
        }];
        match start_with(request, &entry.command, Some(entry), inferred) {
            Ok(prepared) => return Ok(prepared),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    Err(first.unwrap_or_else(|| {
        let promise = "start = [\"COMMAND\", \"ARGUMENT\"]".to_owned();
        NotReady(Reason::NoSubjectFound { what: "way to start it".to_owned(), promise })
    }))
}

fn start_with(
    request: &Request<'_>,
    argv: &[String],
    entry: Option<&EntryPoint>,
    mut inferred: Vec<Inferred>,
) -> Result<Prepared, NotReady> {
    let mut launch = Launch::new(request, request.service, argv);
    let required: Vec<&String> = entry
        .iter()
        .flat_map(|entry| &entry.environment)
        .filter(|(_, required)| *required)
        .map(|(name, _)| name)
        .collect();
    let mut first = None;
    for _ in 0..STARTS {
        let error = match Running::start(&launch) {
            Ok(running) => return Ok(Prepared { launch, running, inferred }),
            Err(error) => error,
        };
        let said = match &error.0 {
            Reason::NotReady { log, .. } => needs(log),
            _ => Vec::new(),
        };
        let mut lacking: Vec<(String, &str)> = Vec::new();
        lacking.extend(required.iter().map(|name| ((*name).clone(), "the source cannot do without it")));
        lacking.extend(said.into_iter().filter_map(|need| match need {
            Need::Variable(name) => Some((name, "it said so when it was started without")),
            _ => None,
        }));
        first.get_or_insert(error);
        let before = launch.env.len();
        for (name, why) in lacking {
            if launch.env.contains_key(&name) || name == "PORT" || name == "DATA_DIR" {
                continue;
            }
            let value = generated(&name);
            inferred
                .push(Inferred { what: format!("env = {{ {name} = \"{value}\" }}"), why: why.to_owned() });
            launch.env.insert(name, value);
        }
        if launch.env.len() == before {
            break;
        }
    }
    Err(first.unwrap_or_else(|| NotReady::saying("it was not started", "")))
}

impl Launch {
    fn new(request: &Request<'_>, service: &Service, argv: &[String]) -> Self {
        Self {
            name: service.name.clone(),
            root: request.root.to_owned(),
            scratch: request.scratch.to_owned(),
            argv: argv.to_vec(),
            dir: service.dir.clone(),
            env: service.env.clone(),
            ready: match service.ready.as_deref() {
                None => Ready::Listening,
                Some("tcp") => Ready::Tcp,
                Some(path) => Ready::Path(path.to_owned()),
            },
            tier: Tier::Best,
        }
    }
}

/// A value for a variable whose name is all that is known. Not secret and not random: the same run gives the same value.
fn generated(name: &str) -> String {
    let parts: Vec<&str> = name.split('_').collect();
    let is = |words: &[&str]| parts.iter().any(|part| words.contains(part));
    if is(&["PORT"]) {
        "{port}".to_owned()
    } else if name == "DATABASE_URL" || name == "DB_URL" || is(&["DSN"]) {
        "sqlite:///{data}/seaworthy.db".to_owned()
    } else if is(&["URL", "URI", "ORIGIN", "ENDPOINT"]) {
        "http://127.0.0.1:{port}".to_owned()
    } else if is(&["DIR", "PATH", "FOLDER", "ROOT", "FILE", "DATABASE", "DB"]) {
        format!("{{data}}/{}", name.to_ascii_lowercase())
    } else if is(&["HOST", "ADDR", "ADDRESS", "BIND"]) {
        "127.0.0.1".to_owned()
    } else if is(&["DEBUG", "ENABLE", "ENABLED", "DISABLE"]) {
        "0".to_owned()
    } else if is(&["TIMEOUT", "SECONDS", "LIMIT", "SIZE", "COUNT", "MAX", "MIN", "WORKERS"]) {
        "60".to_owned()
    } else {
        // Long enough for every signing algorithm's least key (RFC 7518, 3.2: 256 bits).
        format!("seaworthy-{}-0123456789abcdef0123456789abcdef", name.to_ascii_lowercase().replace('_', "-"))
    }
}
