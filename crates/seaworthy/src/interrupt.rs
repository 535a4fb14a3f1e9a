//! A person stops a run: the terminal is theirs again, no folder stays behind, and the shell is told by which signal it ended.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// The folders in which this process has its worlds. The thread that waits for signals starts with the first.
static PLACES: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// From now on SIGINT and SIGTERM remove this process's worlds below `scratch` before they end it.
///
/// # Errors
/// When the system gives no handler or no thread.
pub(crate) fn leave_nothing_behind(scratch: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let is_first = places.is_empty();
    places.insert(scratch.to_owned());
    drop(places);
    if !is_first {
        return Ok(());
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Failure::bug)?;
    let end = terminal.ending(
        "stopped: the services are ended, their copies removed, and nothing of this run is on record",
    );
    let waiting = move || {
        for signal in signals.forever() {
            let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
            places.iter().for_each(|place| seaworthy_sandbox::abandon(place));
            end();
            // Limit: were the default refused, the next signal would try again.
            drop(emulate_default_handler(signal));
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(waiting).map_err(Failure::bug)?;
    Ok(())
}
