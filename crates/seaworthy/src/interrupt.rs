//! A person stops a run: the terminal is theirs again, no folder stays behind, and the shell is told by which signal it ended.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Whether something of this run may be on record.
static RECORDING: AtomicBool = AtomicBool::new(false);

/// From now on what was measured is put on record.
pub(crate) fn recording_begins() {
    RECORDING.store(true, Ordering::Relaxed);
}

/// From now on SIGINT and SIGTERM remove this process's worlds below `scratch`, and the folder `passing` with all that is in it, before they end
/// the process. A signal that whoever started us has us ignore stays ignored.
///
/// # Errors
/// When the system gives no handler or no thread.
pub(crate) fn leave_nothing_behind(
    scratch: PathBuf,
    passing: Option<PathBuf>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let heard: Vec<i32> = [SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)).collect();
    let mut signals = Signals::new(heard).map_err(Failure::bug)?;
    let end = terminal.ending();
    let waiting = move || {
        for signal in signals.forever() {
            seaworthy_sandbox::abandon(&scratch);
            if let Some(passing) = &passing {
                drop(std::fs::remove_dir_all(passing));
            }
            let recorded = RECORDING.load(Ordering::Relaxed);
            end(match recorded {
                true => "stopped: the services are ended and their copies removed",
                false => {
                    "stopped: the services are ended, their copies removed, and nothing of this run is on record"
                }
            });
            // Limit: were the default refused, the next signal would try again.
            drop(emulate_default_handler(signal));
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(waiting).map_err(Failure::bug)?;
    Ok(())
}

/// Whether the signal was ignored when we were started (`nohup`, a job of a script): proc(5), `SigIgn`.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}
