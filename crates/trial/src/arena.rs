//! What a probe works in: fresh copies of the service, what it offers, randomness, a deadline; and what it leaves behind.

use std::cell::Cell;
use std::fs;
use std::time::{Duration, Instant};

use seaworthy_core::finding::FindingBuilder;
use seaworthy_core::plan::{Identity, Promise};
use seaworthy_core::{Artifact, Bound, BoundNeeded, Digest, Finding, Location, NotChecked, Reason};

use crate::probe::Meta;
use crate::replay::{AroundLines, FORMAT, Replay, Seen, Step, perform_and_keep};
use crate::schema::{Inferred, Operations};
use crate::service::{NotReady, Running};
use crate::{Event, Request};

/// Waits until `$URL` answers, and not for ever: what does not start says why itself. Where the process has ended its port is somebody else's, and nothing
/// that follows may reach them: no program answers at `ended:`. Whoever started the copy elsewhere, and has no such process, is not asked for it.
fn awaited(process: &str, copies: usize) -> String {
    let ended: String = (1..=copies)
        .map(|copy| if copy == 1 { "URL=ended:".to_owned() } else { format!(" URL{copy}=ended:") })
        .collect();
    format!(
        "sleep 1; for i in $(seq 100); do kill -0 ${{{process}:-$$}} || {{ {ended}; break; }}; curl -s -o /dev/null \"$URL\" && break; sleep 0.2; done"
    )
}

/// What a probe works in.
pub struct Arena<'a> {
    /// What is asked for.
    pub request: &'a Request<'a>,
    /// The probe.
    pub meta: &'static Meta,
    /// What the service offers.
    pub operations: &'a Operations,
    /// When the probe has to be done.
    pub deadline: Instant,
    /// How it is started; decided once, by exploring.
    pub(crate) launch: &'a crate::service::Launch,
    pub(crate) starts: Cell<u32>,
}

/// What a probe leaves behind.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What it found.
    pub findings: Vec<Finding>,
    /// What it could not look at.
    pub skipped: Vec<NotChecked>,
    /// How many effective trials it made.
    pub trials: u64,
    /// What the trials rule out.
    pub bound: Option<Bound>,
    /// What nobody told us and it took for true.
    pub inferred: Vec<Inferred>,
    /// Files it wrote.
    pub artifacts: Vec<Artifact>,
}

/// Why a probe did not work to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// It could not tell.
    Inconclusive(Reason),
    /// The surface is complete and has nothing it could apply to.
    NotApplicable(Reason),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Inconclusive(reason)
    }
}

impl From<NotReady> for Stop {
    fn from(error: NotReady) -> Self {
        Self::Inconclusive(error.reason())
    }
}

impl<'a> Arena<'a> {
    /// The service's name.
    pub fn service(&self) -> &'a str {
        &self.request.service.name
    }

    /// What the plan promises of it.
    pub fn promises(&self) -> &'a [Promise] {
        &self.request.service.promises
    }

    /// Who calls it, by the plan.
    pub fn identities(&self) -> &'a [Identity] {
        &self.request.service.identities
    }

    /// What its trials must rule out: the plan's word, or the probe's own.
    pub fn bound_needed(&self) -> Option<BoundNeeded> {
        self.request.bounds.get(&self.meta.id).copied().or(self.meta.bound_needed)
    }

    /// The command that starts it.
    pub fn command(&self) -> Vec<String> {
        self.launch.argv.clone()
    }

    /// Starts a fresh copy: fresh files, fresh data, a network of its own, ready to answer. It ends when dropped.
    ///
    /// # Errors
    /// Why it is not ready.
    pub fn start(&self) -> Result<Running, NotReady> {
        self.starts.set(self.starts.get() + 1);
        Running::start(self.launch)
    }

    /// Starts `count` copies that share their files and data, each with a network of its own, all ready to answer.
    ///
    /// # Errors
    /// Why one of them is not ready.
    pub fn replicas(&self, count: usize) -> Result<Vec<Running>, NotReady> {
        let first = self.start()?;
        let mut all = vec![first];
        while all.len() < count {
            let next = all.first().map(Running::replica);
            all.extend(next.transpose()?);
        }
        Ok(all)
    }

    /// Randomness that depends on the seed, the probe and the label alone.
    pub fn rng(&self, label: &str) -> fastrand::Rng {
        let digest = Digest::of_fields([
            &self.request.seed.to_be_bytes(),
            self.meta.id.as_str().as_bytes(),
            label.as_bytes(),
        ]);
        let bytes = digest.0.first_chunk::<8>().copied().unwrap_or_default();
        fastrand::Rng::with_seed(u64::from_be_bytes(bytes))
    }

    /// Letters that make the names of one part of a probe differ from those of any other.
    pub fn label(&self, what: &str) -> String {
        let mut rng = self.rng(what);
        format!("sw{}", std::iter::repeat_with(|| rng.lowercase()).take(6).collect::<String>())
    }

    /// How much time is left.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether time is up.
    pub fn expired(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Tells how it goes.
    pub fn step(&self, what: &str, done: u64, of: Option<u64>) {
        self.request.progress.happened(&Event::Step { probe: &self.meta.id, what, done, of });
    }

    /// A place of this service.
    pub fn endpoint(&self, method: Option<&str>, route: Option<&str>) -> Location {
        let (method, route) = (method.map(str::to_owned), route.map(str::to_owned));
        Location::Endpoint { service: self.service().to_owned(), method, route }
    }

    /// Starts a finding of this probe at one of its operations.
    pub fn finding(
        &self,
        variant: &'static str,
        method: &str,
        route: &str,
        message: impl Into<String>,
    ) -> FindingBuilder {
        let place = self.endpoint(Some(method), Some(route));
        let mut builder = Finding::at(&self.meta.id, place, message).variant(variant);
        if let Some(handler) =
            self.operations.find(method, route).and_then(|operation| operation.handler.as_ref())
        {
            let note = match handler.symbol.as_str() {
                "" => "answered here".to_owned(),
                symbol => format!("answered by {symbol}"),
            };
            builder = builder.related(handler.location.clone(), note);
        }
        builder
    }

    /// Why there is nothing to probe: not applicable where the surface is complete, else inconclusive with the promise that would supply it.
    pub fn no_subject(&self, what: &str, promise: &str) -> Stop {
        if self.operations.complete {
            Stop::NotApplicable(Reason::NoSuchSubject { what: what.to_owned() })
        } else {
            Stop::Inconclusive(Reason::NoSubjectFound { what: what.to_owned(), promise: promise.to_owned() })
        }
    }

    /// What shows a defect again on one fresh copy: what is done, in order, and what is to be seen.
    pub fn replay(&self, variant: &str, steps: Vec<Step>, see: String) -> Replay {
        Replay {
            format: FORMAT.to_owned(),
            service: self.service().to_owned(),
            probe: self.meta.id.clone(),
            variant: variant.to_owned(),
            seed: self.request.seed,
            start: self.command(),
            replicas: 1,
            steps,
            see,
            exchanges: Vec::new(),
        }
    }

    /// Writes a replay file and returns it as an artifact. A folder that cannot be written is no reason to lose a finding: then there is none.
    pub fn write_replay(&self, replay: &Replay) -> Option<Artifact> {
        let replay = Replay { exchanges: self.once_more(replay), ..replay.clone() };
        let bytes = serde_json::to_vec_pretty(&replay).ok()?;
        let digest = Digest::of(&bytes);
        let name = format!("{}-{}-{}.json", self.service(), self.meta.id, digest.short());
        let path = self.request.replays.join(name.replace(['/', '\0'], "-"));
        fs::create_dir_all(self.request.replays).ok()?;
        // It holds what an identity of the plan is let in by, so it is its owner's alone.
        drop(fs::remove_file(&path));
        let mut options = fs::File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::io::Write::write_all(&mut options.open(&path).ok()?, &bytes).ok()?;
        let shown = path.strip_prefix(self.request.root).unwrap_or(&path);
        Some(Artifact {
            kind: "replay".to_owned(),
            path: shown.to_string_lossy().into_owned(),
            digest,
            finding: None,
        })
    }

    /// What goes over the wire when a replay is run, for people to read. Not for what has to be killed: that takes a crash's time again.
    fn once_more(&self, replay: &Replay) -> Vec<Seen> {
        if replay.steps.iter().any(|step| matches!(step, Step::Crash(_) | Step::Restart { .. })) {
            return Vec::new();
        }
        let copies = self.replicas(replay.replicas.clamp(1, 2)).unwrap_or_default();
        perform_and_keep(replay, &copies, &format!("seen{}", self.starts.get())).1
    }

    /// The lines around a reproduction: a fresh copy that answers at `$URL`, further copies that share its data at `$URL2` and on; and its end.
    pub fn start_lines(&self, copies: usize) -> AroundLines {
        let ports: Vec<String> = (0..copies.max(1)).map(|index| (8081 + index).to_string()).collect();
        let urls = ports.iter().enumerate().map(|(index, port)| {
            let number = if index == 0 { String::new() } else { (index + 1).to_string() };
            format!("URL{number}=http://127.0.0.1:{port}")
        });
        let urls: Vec<String> = urls.collect();
        let service = crate::http::shell::quoted(self.service());
        AroundLines {
            before: vec![
                format!("seaworthy trial {service} --serve {} & SERVER=$!", ports.join(",")),
                format!("{}; {}", urls.join(" "), awaited("SERVER", ports.len())),
            ],
            after: vec!["kill $SERVER".to_owned()],
        }
    }

    /// The same for a copy that can be killed and started again on its data: its own start line, in a copy of the tree. `port` is where it listens.
    pub fn restartable_lines(&self, port: u16) -> AroundLines {
        let word = |text: &String| {
            crate::http::shell::quoted(&text.replace("{port}", &port.to_string()))
                .replace("{data}", "$DATA_DIR")
        };
        let argv: Vec<String> = self.launch.argv.iter().map(word).collect();
        let env: String =
            self.launch.env.iter().map(|(name, value)| format!("{name}={} ", word(value))).collect();
        let dir = crate::http::shell::quoted(&self.launch.dir);
        let before = vec![
            "COPY=$(mktemp -d) && cp -a . \"$COPY\" && cd \"$COPY\"".to_owned()
                + &if dir == "." { String::new() } else { format!("/{dir}") },
            format!(
                "export PORT={port} DATA_DIR=\"$PWD/.seaworthy-data\" URL=http://127.0.0.1:{port}; mkdir -p \"$DATA_DIR\""
            ),
            format!(
                "start() {{ {env}{} >>\"$COPY.log\" 2>&1 & PID=$!; {}; }}; start",
                argv.join(" "),
                awaited("PID", 1)
            ),
        ];
        let after = vec!["kill $PID; cd \"$OLDPWD\"; rm -rf \"$COPY\" \"$COPY\".*".to_owned()];
        AroundLines { before, after }
    }
}

impl Evidence {
    /// Adds a finding and its replay.
    pub fn found(&mut self, finding: Finding, replay: Option<Artifact>) {
        let fingerprint = finding.fingerprint;
        self.findings.push(finding);
        self.artifacts.extend(replay.map(|replay| Artifact { finding: Some(fingerprint), ..replay }));
    }
}
