//! What is said to the person at the terminal: progress and summaries on stderr, data on stdout.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

use egret_model::progress::{Progress, Unit};
use egret_report::escape;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Talks on stderr, or keeps quiet.
pub(crate) struct Talk {
    quiet: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Talk {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, bar: Mutex::new(None) }
    }

    /// One line on stderr. Log text in it is made harmless.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            complain(line);
        }
    }
}

/// One line on stderr, however quiet one was asked to be.
pub(crate) fn complain(line: &str) {
    // Nothing can be done when stderr is closed.
    let _written = writeln!(std::io::stderr().lock(), "{}", escape::terminal(line)).is_ok();
}

/// Text on stdout. A reader that went away is no error.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

impl Progress for Talk {
    fn start(&self, stage: &str, total: u64, unit: Unit) {
        if self.quiet || !std::io::stderr().is_terminal() {
            return;
        }
        let template = match unit {
            Unit::Bytes => {
                "[{elapsed_precise}] {msg} {bytes}/{total_bytes} [{bar:30}] {percent}% {bytes_per_sec}"
            }
            Unit::Steps => "[{elapsed_precise}] {msg} {pos}/{len} [{bar:30}]",
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_template| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8))
            .with_style(style)
            .with_message(stage.to_owned());
        if let Ok(mut held) = self.bar.lock() {
            *held = Some(bar);
        }
    }

    fn advance(&self, units: u64) {
        if let Ok(held) = self.bar.lock()
            && let Some(bar) = held.as_ref()
        {
            bar.inc(units);
        }
    }

    fn finish(&self) {
        if let Ok(mut held) = self.bar.lock()
            && let Some(bar) = held.take()
        {
            bar.finish_and_clear();
        }
    }
}
