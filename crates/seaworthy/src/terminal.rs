//! Every byte that goes to the person: reports on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::Failure;

/// Emphasis.
pub(crate) const BOLD: Style = Style::new().bold();
/// Less important.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Broken.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// Could not tell.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Held.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// Names.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();

/// Steps shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is painted anew while nothing happens.
const REPAINT: Duration = Duration::from_secs(1);

/// The terminal, or whatever stands in its place.
pub(crate) struct Terminal {
    bar: ProgressBar,
    started: Instant,
    last: Mutex<String>,
}

impl Terminal {
    /// Progress is shown when standard error is a terminal, and only after a second.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let shown =
            std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        bar.set_draw_target(if shown {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        });
        // Limit: the template is a constant; were it refused, the default style would be used.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, started: Instant::now(), last: Mutex::new(String::new()) }
    }

    /// Tells the current step. Cheap; may be called often and from several threads.
    pub(crate) fn step(&self, step: &str) {
        if self.bar.is_hidden() || self.started.elapsed() < PATIENCE {
            return;
        }
        if let Ok(mut last) = self.last.lock()
            && *last != step
        {
            step.clone_into(&mut last);
            self.bar.set_message(visible(step));
            self.bar.tick();
            // A step may last for minutes and say nothing: the clock goes on all the same.
            self.bar.enable_steady_tick(REPAINT);
        }
    }

    /// Ends the progress line.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Ends the progress line and says one last line, from a thread of its own.
    pub(crate) fn ending(&self) -> impl Fn(&str) + Send + use<> {
        let bar = self.bar.clone();
        move |line| {
            bar.finish_and_clear();
            drop(writeln!(anstream::stderr().lock(), "{line}"));
        }
    }

    /// A report, on standard output. A closed pipe (`| head`) is the reader's choice and no failure.
    ///
    /// # Errors
    /// Anything else that keeps standard output from taking it.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.clear();
        let mut out = anstream::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::usage(format!("standard output could not be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// A line beside the report, on standard error.
    pub(crate) fn say(&self, line: &str) {
        self.put(&visible_lines(line));
    }

    /// A line that is styled already, and has nothing of the judged software in it that was not made [`visible`].
    fn put(&self, line: &str) {
        self.bar.suspend(|| {
            // Nobody is left to be told when standard error is gone.
            drop(writeln!(anstream::stderr().lock(), "{line}"));
        });
    }

    /// A failure, with what to do next.
    pub(crate) fn fail(&self, failure: &Failure) {
        self.clear();
        self.put(&format!("{RED}error{RED:#}: {}", visible_lines(&failure.to_string())));
        for hint in &failure.hints {
            self.put(&format!("{CYAN}  try{CYAN:#}: {}", visible_lines(hint)));
        }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

/// A line with nothing in it that a terminal would act on: what is judged is not trusted to write on the screen.
pub(crate) fn visible(line: &str) -> String {
    line.chars().map(|c| if is_acted_on(c) { '\u{fffd}' } else { c }).collect()
}

/// The same of several lines.
pub(crate) fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// JSON in which such characters are written as escapes; they stand in its texts alone, so it stays the same document.
pub(crate) fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_acted_on(c) && c != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, and those that turn the direction of what follows (Trojan Source, CVE-2021-42574).
fn is_acted_on(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
