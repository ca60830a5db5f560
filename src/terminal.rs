//! What is said while there is nothing to report yet: in a log a line when something changes and
//! one every few minutes, on a terminal one line that is renewed.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use runway_preflight::cli::Color;
use runway_preflight::diagnostic::{Context, Finding};
use runway_preflight::format::duration;
use runway_preflight::output::Output;
use runway_preflight::poll::Event;

use crate::variable;

/// CI systems end a job that says nothing for ten minutes.
const LOG_EVERY: Duration = Duration::from_secs(300);
const RENEW_EVERY: Duration = Duration::from_secs(1);
const CLEAR: &str = "\r\x1b[2K";

/// The longest quote of what went wrong with a try, in characters.
const MAX_QUOTE: usize = 120;

/// Standard error.
pub(crate) struct Terminal<'a> {
    output: &'a Output,
    context: &'a Context<'a>,
    renews: bool,
    verbose: bool,
    /// What was said last of a wait, and when.
    said: Option<(String, Instant)>,
}

impl<'a> Terminal<'a> {
    pub(crate) fn new(output: &'a Output, context: &'a Context<'a>, verbose: bool) -> Self {
        Self {
            output,
            context,
            renews: std::io::stderr().is_terminal() && reads_escapes(),
            verbose,
            said: None,
        }
    }

    /// Shows what happens; of a wait, says when it wants the next report.
    pub(crate) fn report(&mut self, event: Event) -> Duration {
        match event {
            Event::Tried(tried) => {
                let redactor = &self.output.redactor;
                let request = tried.document.request(self.context.path);
                let host = redactor.name(self.context.host);
                let outcome = redactor.quote(&tried.outcome, MAX_QUOTE);
                let what = format!("{request} at {host}: {outcome}");
                if self.verbose {
                    let milliseconds = tried.elapsed.as_millis();
                    let addresses = &tried.addresses;
                    self.line(&format!("{what} in {milliseconds} ms ({addresses})"));
                }
                if let Some(again_in) = tried.again_in {
                    let (tries, again_in) = (tried.tries, duration(again_in));
                    let again = format!("trying again in {again_in}");
                    self.line(&format!("attempt {tries}: {what}; {again}"));
                }
            }
            Event::ClockSkew(skew) => {
                let off = format!("this machine's clock is {} off", duration(skew));
                self.line(&format!("{off}; days are counted by Runway's"));
            }
            Event::NotWaiting(code) => {
                let code = code.name();
                self.line(&format!("not waiting: waiting does not resolve {code}"));
            }
            Event::Waiting {
                decision,
                until_next,
                at_most,
            } => {
                let errors = decision.errors.iter();
                let why = errors.map(|finding: &Finding| finding.summary(self.context));
                let why: Vec<String> = why.collect();
                return self.waiting(&why.join("; "), until_next, at_most);
            }
            Event::LookingAgain => self.output.stderr(if self.renews { CLEAR } else { "" }),
        }
        RENEW_EVERY
    }

    fn line(&self, text: &str) {
        self.output.stderr(&format!("{text}\n"));
    }

    fn waiting(&mut self, why: &str, until_next: Duration, at_most: Duration) -> Duration {
        let line = format!(
            "waiting up to {}, next check in {}: {why}",
            duration(at_most),
            duration(until_next),
        );
        if self.renews {
            // Not wrapped: a line that takes two rows cannot be renewed as one.
            let line = format!("{CLEAR}\x1b[?7l{line}\x1b[?7h");
            self.output.stderr(&line);
            return RENEW_EVERY;
        }
        let left = match &self.said {
            Some((said, at)) if said == why => LOG_EVERY.saturating_sub(at.elapsed()),
            _ => Duration::ZERO,
        };
        if !left.is_zero() {
            return left;
        }
        self.line(&line);
        self.said = Some((why.to_owned(), Instant::now()));
        LOG_EVERY
    }
}

/// As `--color` says, then `NO_COLOR` and `CLICOLOR_FORCE`, else on a terminal.
pub(crate) fn has_colour(color: Color, terminal: bool) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto => {
            set("CLICOLOR_FORCE").is_some_and(|value| value != "0") || (terminal && reads_escapes())
        }
    }
}

/// Whether a terminal that is there reads escape sequences.
fn reads_escapes() -> bool {
    match variable("TERM") {
        Some(kind) => kind != "dumb",
        #[cfg(windows)]
        None => anstyle_query::windows::enable_ansi_colors() == Some(true),
        #[cfg(not(windows))]
        None => true,
    }
}
