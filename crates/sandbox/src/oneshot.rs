//! One program that ends by itself: run, wait, and nothing it started is left.

use crate::capture::Capture;
use crate::error::RunError;
use crate::link::{Link, Role};
use crate::program::{Exit, Finished, Program};
use crate::starting;
use crate::watch::{Listener, Started, Stream, Until, Watch};
use std::time::Duration;

/// Streams somebody outside the tree was handed may stay open; they are not waited for longer than this.
const SILENCE: Duration = Duration::from_millis(500);

/// Runs a program to its end, with the machine's network and files.
///
/// Everything it started is gone when this returns, whether it forked twice or made a session of its own; and soon after
/// this process ends, also when it is killed with SIGKILL.
pub fn run(program: &Program) -> Result<Finished, RunError> {
    let link = Link::fork(&Role::Supervisor).map_err(|error| RunError::Supervisor {
        program: program.argv.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default(),
        source: std::io::Error::from_raw_os_error(error),
    })?;
    let started = starting::start(&link, program, &starting::variables(program))?;
    Ok(finish(started, program, &link, || {
        let _whoever_is_stuck_in_the_kernel_is_not_waited_for_longer = link.end();
    }))
}

struct Both {
    stdout: Capture,
    stderr: Capture,
}

impl Listener for Both {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Stdout => self.stdout.push(bytes),
            Stream::Stderr => self.stderr.push(bytes),
        }
    }

    fn ended(&mut self, _: Exit) {}
}

/// Follows a started program to its end, ends what it left running, and takes the rest of its output.
pub(crate) fn finish(started: Started, program: &Program, link: &Link, end_rest: impl FnOnce()) -> Finished {
    let at = started.at;
    let capture = || Capture::new(program.limits.output_bytes);
    let mut both = Both { stdout: capture(), stderr: capture() };
    let mut watch = Watch::new(started, &program.limits);
    let status = watch.follow(Until::Ended, link, &mut both);
    let duration = at.elapsed();
    end_rest();
    watch.follow(Until::Silent(Some(SILENCE)), link, &mut both);
    Finished { status, stdout: both.stdout.output(), stderr: both.stderr.output(), duration }
}
