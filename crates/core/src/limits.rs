//! Every maximum of the whole program, in one place, each with its reason. Sections by crate; append to yours.

/// Files of a tree that are looked at; more are listed as not checked. Chromium has about 500,000.
pub const TREE_FILES: usize = 1_000_000;

/// Bytes of one source file that are read; a larger one is generated or data, and is listed as not checked.
pub const SOURCE_FILE_BYTES: u64 = 2 * 1024 * 1024;

/// Bytes of a baseline: a hundred thousand known findings.
pub const BASELINE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of `seaworthy.toml`.
pub const PLAN_BYTES: usize = 1024 * 1024;

/// Depth to which syntax is followed. Recursive descent over deeper nesting could exhaust a thread's stack.
pub const SYNTAX_DEPTH: usize = 200;

/// Trials after which a bound needs no more: a rate below 3 in 10^9 is beyond what any probe here can promise.
pub const TRIALS: u64 = 1_000_000_000;

// The ledger.

/// Bytes of one envelope, and so of one line of an export. An observation names its artifacts and does not hold them.
pub const LEDGER_ENVELOPE_BYTES: usize = 16 * 1024 * 1024;

/// Findings of one observation that are recorded; of more, the gravest, and how many there were. Nobody mends more one by one.
pub const OBSERVATION_FINDINGS: usize = 4_000;

/// Characters of a text of a finding (message, advice, a line to reproduce it) that are recorded.
pub const FINDING_TEXT_CHARS: usize = 8_000;

/// Bytes of one observation or decision as JSON that are recorded. An envelope holds it as base64, which takes a third more.
pub const RECORDED_BYTES: usize = 8 * 1024 * 1024;

/// Entries of one ledger. Making a proof holds 32 bytes of each: 320 MB at this size.
pub const LEDGER_ENTRIES: u64 = 10_000_000;

/// Bytes of a checkpoint's note. Sixteen post-quantum signatures, which readers of notes must accept, take 80 KB.
pub const LEDGER_NOTE_BYTES: usize = 128 * 1024;

/// Signatures on a note. Readers must accept at least sixteen (signed-note v1.0.0).
pub const LEDGER_NOTE_SIGNATURES: usize = 64;

/// How long a writer waits for another process to finish its append.
pub const LEDGER_BUSY_TIMEOUT_MS: u64 = 30_000;

/// Bytes of a key file: PKCS#8 PEM of an Ed25519 key takes 119.
pub const KEY_FILE_BYTES: u64 = 4096;

// The checks.

/// Bytes of one file that can be part of a subject; a larger one is listed and left out.
pub const TREE_FILE_BYTES: u64 = 1024 * 1024 * 1024;

/// Files beside a tree (packages, what git does not keep) whose names and sizes are digested for a trial.
pub const SURROUNDING_FILES: usize = 500_000;

/// Bytes of such a file whose contents are digested too: settings and small databases; a larger one counts by its size.
pub const SURROUNDING_FILE_BYTES: u64 = 1024 * 1024;

/// Bytes of all such contents together.
pub const SURROUNDING_BYTES: u64 = 256 * 1024 * 1024;

/// Stack of each thread that reads syntax: the parsers descend recursively, and a debug build needs most.
pub const SYNTAX_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Parts of a list or object, the parts of its parts included, that the flow of data tells apart; of a larger one only what came from outside
/// is known. A table of the world's countries and their names has about a thousand.
pub const FLOW_VALUE_PARTS: usize = 4_096;

/// Levels to which lists and objects within each other are told apart. Settings are rarely nested deeper than eight.
pub const FLOW_VALUE_DEPTH: usize = 24;

/// Bytes of a text that the flow of data puts together; of a longer one its beginning is known.
pub const FLOW_TEXT_BYTES: usize = 16 * 1024;

/// What one test may tell of different things. A condition with more terms is generated.
pub const FLOW_TOLD: usize = 256;

/// Bytes of one file of a project's own rules.
pub const RULE_FILE_BYTES: u64 = 1024 * 1024;

/// Rules of one project. The largest public collection of ast-grep's rules has some hundreds.
pub const RULES: usize = 2_000;

/// Findings of one rule in one file that are listed; the rest is counted.
pub const RULE_FINDINGS: usize = 500;

// The trial's reading of OpenAPI documents.

/// Bytes of an OpenAPI document. GitHub's and Stripe's, the largest in wide use, have 12 MB and 7 MB as JSON.
pub const OPENAPI_BYTES: usize = 32 * 1024 * 1024;

/// Values of a YAML document, aliases counted as often as they are used.
pub const OPENAPI_NODES: usize = 2_000_000;

/// Levels to which an OpenAPI document is nested. serde_json stops at the same depth.
pub const OPENAPI_DEPTH: usize = 128;

/// Operations read of one document. GitHub's has about 1,000.
pub const OPENAPI_OPERATIONS: usize = 2_000;

/// Levels to which schemas are followed, references included.
pub const SCHEMA_DEPTH: usize = 32;

/// Schemas one operation unfolds into; past this they admit everything.
pub const SCHEMA_NODES: usize = 20_000;

// The trial's HTTP client, services and probes.

/// Bytes of an answer's status line and header fields. Servers themselves rarely allow more than 64 KiB.
pub const HTTP_HEAD_BYTES: usize = 256 * 1024;

/// Header fields of one answer.
pub const HTTP_HEADER_FIELDS: usize = 256;

/// Bytes of an answer's body that are read.
pub const HTTP_BODY_BYTES: usize = 16 * 1024 * 1024;

/// How long an answer is awaited. Slower than this, a caller behind a usual proxy has gone.
pub const HTTP_ANSWER_TIMEOUT_MS: u64 = 10_000;

/// How long a connection is awaited; on loopback it takes microseconds unless the backlog is full.
pub const HTTP_CONNECT_TIMEOUT_MS: u64 = 3_000;

/// How long a service may take from its start to its first answer.
pub const SERVICE_READY_TIMEOUT_MS: u64 = 30_000;

/// How long one look for listening sockets waits before the next.
pub const SERVICE_POLL_MS: u64 = 20;

/// How long a killed service may take to be gone. A process in uninterruptible sleep may take longer than none at all.
pub const SERVICE_STOP_TIMEOUT_MS: u64 = 10_000;

/// Bytes of a service's log that are kept for reading reasons from it.
pub const SERVICE_LOG_BYTES: usize = 64 * 1024;

/// Lines of a service's log that a reason quotes.
pub const SERVICE_LOG_LINES: usize = 12;

/// Bytes a service may print; more, and it is stopped.
pub const SERVICE_OUTPUT_BYTES: u64 = 256 * 1024 * 1024;

/// How long one probe works when no budget is given.
pub const PROBE_BUDGET_MS: u64 = 60_000;

/// Bytes of a replay file.
pub const REPLAY_BYTES: usize = 16 * 1024 * 1024;

/// Steps of a replay file.
pub const REPLAY_STEPS: usize = 10_000;

/// Connections that `serve` forwards at one time.
pub const SERVE_CONNECTIONS: usize = 256;

/// Writes of one writer in one round of a crash; more would only take longer to read back.
pub const CRASH_WRITES: usize = 500;

/// Acknowledged writes of one round that are read back, the newest first: they are the ones a crash can take.
pub const CRASH_READS: usize = 400;

/// How long one round reads back; what was not read by then is left open. Logins with a slow password hash take their time.
pub const CRASH_READING_MS: u64 = 2_500;

/// Readers of one round.
pub const CRASH_READERS: usize = 4;

/// Files written by a service that are looked at after a crash, and the bytes of each.
pub const CRASH_FILES: usize = 2_000;

/// Bytes of a file that is parsed after a crash.
pub const CRASH_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// How long the first acknowledgement of a round is awaited before the kill.
pub const CRASH_FIRST_WRITE_TIMEOUT_MS: u64 = 5_000;

// The sandbox.

/// Bytes of each output stream of a child that are kept, half from its start and half from its end; the rest is counted.
pub const CHILD_OUTPUT_BYTES: u64 = 1024 * 1024;

/// Resident memory of a child and everything it started, unless its starter says otherwise.
pub const CHILD_MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// One process may map this many times the memory its whole tree may use: thread stacks are mapped and hardly touched.
pub const CHILD_DATA_FACTOR: u64 = 4;

/// Descriptors a child may have open.
pub const CHILD_OPEN_FILES: u64 = 4096;

/// Bytes of one file a child may write.
pub const CHILD_FILE_BYTES: u64 = 1024 * 1024 * 1024;

/// Processes and threads of a child and everything it started.
pub const CHILD_PROCESSES: u64 = 1024;

/// How often the memory and the processes of a child are counted.
pub const CHILD_WATCH_INTERVAL_MS: u64 = 50;

/// How long the end of everything a child started is awaited after SIGKILL; only a process stuck in the kernel takes longer.
pub const CHILD_END_TIMEOUT_MS: u64 = 10_000;

/// How long the first process of a namespace may take for one request. Its longest is mounting the whole root.
pub const BROKER_TIMEOUT_MS: u64 = 20_000;

/// Services running at once in one world.
pub const WORLD_PROCESSES: usize = 64;

/// Bytes of each private memory-backed folder (/tmp, /run, home) of a world.
pub const WORLD_TMPFS_BYTES: u64 = 1024 * 1024 * 1024;

/// Files of a tree that are copied where no overlay can be mounted.
pub const WORLD_COPY_FILES: u64 = 500_000;

/// Bytes of a tree that are copied where no overlay can be mounted.
pub const WORLD_COPY_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Processes of the machine that are looked through for those of a world.
pub const MACHINE_PROCESSES: usize = 65_536;

// The trial's malformed requests.

/// How long the answer to a malformed request is awaited. Fit services refuse within milliseconds.
pub const CHALLENGE_ANSWER_TIMEOUT_MS: u64 = 5_000;

/// Fresh copies started because a request ended the service, hung it, or met a limiter. Each costs a start.
pub const CHALLENGE_RESTARTS: u32 = 12;

/// How long alarms may be repeated on fresh copies after the budget has run out.
pub const CHALLENGE_CONFIRM_TIMEOUT_MS: u64 = 60_000;

// The trial's races.

/// Users at one moment. Enough that two always meet; few enough for a service of a few threads.
pub const RACE_USERS: usize = 12;

/// Rounds for each thing raced for, when time allows. Twenty are needed for the bound.
pub const RACE_ROUNDS: u32 = 22;

/// How long an answer is awaited when requests come together.
pub const RACE_ANSWER_TIMEOUT_MS: u64 = 15_000;

/// Characters of a request or an answer that a replay file keeps for people.
pub const REPLAY_SEEN_CHARS: usize = 4_000;
