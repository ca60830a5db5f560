//! What is said while there is nothing to report yet: in a log a line when something changes and
//! one every few minutes, on a terminal one line that is renewed.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use runway_preflight::clean::for_log;
use runway_preflight::figures::duration;
use runway_preflight::gate::Listener;

/// CI systems end a job that says nothing for ten minutes.
const LOG_EVERY: Duration = Duration::from_secs(300);
const RENEW_EVERY: Duration = Duration::from_secs(1);
const CLEAR: &str = "\r\x1b[2K";

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
    fn write(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }
}

impl<W: Write> Listener for Terminal<W> {
    fn say(&mut self, line: &str) {
        self.write(&format!("{}\n", for_log(line)));
    }

    fn waiting(&mut self, why: &str, until_next: Duration, at_most: Duration) -> Duration {
        let line = format!(
            "waiting for {} at most, next look in {}: {}",
            in_seconds(at_most),
            in_seconds(until_next),
            for_log(why)
        );
        if self.renews {
            // Not wrapped: a line that takes two rows cannot be renewed as one.
            self.write(&format!("{CLEAR}\x1b[?7l{line}\x1b[?7h"));
            return RENEW_EVERY;
        }
        let quiet = self.said_at.map(|at| at.elapsed());
        if self.said != why || quiet.is_none_or(|quiet| quiet >= LOG_EVERY) {
            self.write(&format!("{line}\n"));
            why.clone_into(&mut self.said);
            self.said_at = Some(Instant::now());
        }
        let quiet = self.said_at.map(|at| at.elapsed()).unwrap_or_default();
        LOG_EVERY.saturating_sub(quiet)
    }

    fn waited(&mut self) {
        if self.renews {
            self.write(CLEAR);
        }
    }
}

/// Up to the full second: nobody waits by the tenth.
fn in_seconds(left: Duration) -> String {
    let seconds = left.as_millis().div_ceil(1_000);
    duration(Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_hears_of_every_change_and_every_few_minutes() {
        let mut log = Terminal {
            out: Vec::new(),
            renews: false,
            said: String::new(),
            said_at: None,
        };
        let lines = |log: &mut Terminal<Vec<u8>>, why| {
            let again = log.waiting(why, Duration::from_secs(1_000), Duration::from_secs(7_200));
            assert!(again <= LOG_EVERY, "{again:?}");
            let said = String::from_utf8(std::mem::take(&mut log.out)).expect("text");
            said.lines().count()
        };
        assert_eq!(lines(&mut log, "12 fewer"), 1);
        assert_eq!(lines(&mut log, "12 fewer"), 0);
        assert_eq!(lines(&mut log, "11 fewer"), 1);
        log.said_at = Instant::now().checked_sub(LOG_EVERY);
        assert_eq!(lines(&mut log, "11 fewer"), 1);
        log.waited();
        log.say("try 1\u{1b}[2K");
        assert_eq!(log.out, b"try 1\n");
    }
}
