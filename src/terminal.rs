//! What is said while there is nothing to report yet: in a log a line when something changes and
//! one every ten minutes, on a terminal one line that is renewed.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use runway_preflight::clean::{cut, for_log};
use runway_preflight::gate::Listener;

const LOG_EVERY: Duration = Duration::from_secs(600);
/// A line that breaks into two rows cannot be renewed as one.
const ONE_ROW: usize = 79;
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// Standard error.
pub(crate) struct Terminal<W> {
    out: W,
    renews: bool,
    said: String,
    said_at: Option<Instant>,
}

impl<W: Write + IsTerminal> Terminal<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            renews: out.is_terminal(),
            out,
            said: String::new(),
            said_at: None,
        }
    }
}

impl<W: Write> Terminal<W> {
    /// A line that nobody reads is no reason to stop.
    fn line(&mut self, line: &str) {
        let _ = self.out.write_all(format!("{line}\n").as_bytes());
    }
}

impl<W: Write> Listener for Terminal<W> {
    fn say(&mut self, line: &str) {
        self.line(&for_log(line));
    }

    fn wait(&mut self, why: &str, next: Instant, over: Instant) {
        let why = for_log(why);
        loop {
            let now = Instant::now();
            let left = next.saturating_duration_since(now);
            if left.is_zero() {
                break;
            }
            let line = format!(
                "waiting for {} at most, next look in {}: {why}",
                rounded(over.saturating_duration_since(now)),
                rounded(left)
            );
            let every = if self.renews {
                let _ = self
                    .out
                    .write_all(format!("\r\x1b[2K{}", cut(&line, ONE_ROW)).as_bytes());
                let _ = self.out.flush();
                RENEW_EVERY
            } else {
                let quiet = self.said_at.map(|at| now.saturating_duration_since(at));
                if self.said != why || quiet.is_none_or(|quiet| quiet >= LOG_EVERY) {
                    self.line(&line);
                    self.said.clone_from(&why);
                    self.said_at = Some(now);
                }
                let said = self.said_at.unwrap_or(now);
                LOG_EVERY.saturating_sub(now.saturating_duration_since(said))
            };
            std::thread::sleep(left.min(every.max(Duration::from_millis(10))));
        }
        if self.renews {
            let _ = self.out.write_all(b"\r\x1b[2K");
            let _ = self.out.flush();
        }
    }
}

/// To the second, and up: `1m 3s`.
fn rounded(duration: Duration) -> humantime::FormattedDuration {
    let seconds = duration.as_millis().div_ceil(1_000);
    humantime::format_duration(Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX)))
}
