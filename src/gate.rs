//! One run: look, decide, look again while time can cure it, report.

use std::time::{Duration, Instant, SystemTime};

use crate::api::{Client, Deadline, Unanswered};
use crate::cli::Settings;
use crate::decide::{decide, Decision};
use crate::decode;
use crate::diagnostic::{Endpoint, Finding, Severity, Situation};
use crate::quota::{Organization, Reading};
use crate::spend::{History, Window, MOST_DAYS};

/// Where a document is taken from.
pub enum Input {
    /// Asked of Runway.
    Live,
    /// Read from a file before.
    Saved(Vec<u8>),
}

/// What a run looks at.
pub struct Sources {
    /// Limits and balance.
    pub organization: Input,
    /// The credit history.
    pub usage: Input,
    /// The way to Runway; `None` where nothing is to be asked of it.
    pub client: Option<Client>,
}

/// What came of one look.
#[derive(Debug)]
pub struct Outcome {
    /// The instant of the look.
    pub checked_at: SystemTime,
    /// What was read of limits and balance.
    pub organization: Option<Organization>,
    /// What was read of the history that is to be shown.
    pub history: Option<History>,
    /// Rows and findings.
    pub decision: Decision,
    /// Runway asked not to come back before this.
    not_before: Option<Instant>,
}

/// The ear of the one who waits.
pub trait Listener {
    /// A try failed and is made again.
    fn say(&mut self, line: &str);

    /// Nothing is to be had yet: waits until `next`, telling why, and how long it may go on.
    fn wait(&mut self, why: &str, next: Instant, over: Instant);
}

/// Looks once, or with `--wait` until nothing is short that time can cure.
pub fn run(
    settings: &Settings,
    sources: &Sources,
    situation: &Situation,
    listener: &mut dyn Listener,
) -> Outcome {
    let over = settings
        .wait
        .and_then(|wait| Instant::now().checked_add(wait));
    let mut answered: Option<Outcome> = None;
    loop {
        let outcome = look(settings, sources, listener);
        let next = over
            .filter(|_| outcome.only_time_is_missing())
            .and_then(|over| {
                let interval = settings.interval.mul_f64(1.0 + 0.1 * fastrand::f64());
                next_look(Instant::now(), over, interval, outcome.not_before).zip(Some(over))
            });
        let Some((next, over)) = next else {
            return match answered {
                Some(answered) if outcome.only_time_is_missing() && !outcome.is_answered() => {
                    answered.with_later_failure(outcome)
                }
                _ => outcome,
            };
        };
        listener.wait(&outcome.what_is_missing(situation), next, over);
        if outcome.is_answered() {
            answered = Some(outcome);
        }
    }
}

/// When to look next: after `interval`, at the end at the latest, and not before Runway said;
/// `None` where that leaves no further look.
pub fn next_look(
    now: Instant,
    over: Instant,
    interval: Duration,
    not_before: Option<Instant>,
) -> Option<Instant> {
    let by_interval = now.checked_add(interval).unwrap_or(over).min(over);
    let next = not_before.map_or(by_interval, |not_before| by_interval.max(not_before));
    (now < over && next <= over).then_some(next)
}

fn look(settings: &Settings, sources: &Sources, listener: &mut dyn Listener) -> Outcome {
    let deadline = Deadline::after(settings.timeout);
    let mut looking = Looking {
        sources,
        deadline,
        listener,
        findings: Vec::new(),
        not_before: None,
        go_on: true,
    };
    let checked_at = SystemTime::now();
    let organization = looking.organization();
    let (shown, counted) = looking.histories(settings);
    let mut decision = decide(&settings.required, organization.as_ref(), counted.as_ref());
    let found = looking.findings.into_iter();
    let found = found.map(|finding| (Severity::Error, finding));
    decision.findings.splice(0..0, found);
    Outcome {
        checked_at,
        organization,
        history: shown,
        decision,
        not_before: looking.not_before,
    }
}

/// A question to Runway, with a deadline and an ear for tries that fail.
type Ask<'a> =
    dyn Fn(&Client, Deadline, &mut dyn FnMut(&str)) -> Result<Vec<u8>, Box<Unanswered>> + 'a;

/// One look under way.
struct Looking<'a> {
    sources: &'a Sources,
    deadline: Deadline,
    listener: &'a mut dyn Listener,
    findings: Vec<Finding>,
    not_before: Option<Instant>,
    /// A key that is refused, or a time that is over, need not be tried on a second endpoint.
    go_on: bool,
}

impl Looking<'_> {
    fn organization(&mut self) -> Option<Organization> {
        let ask = |client: &Client, deadline, say: &mut dyn FnMut(&str)| {
            client.organization(deadline, say)
        };
        let sources = self.sources;
        self.read(
            &sources.organization,
            Endpoint::Organization,
            &ask,
            &decode::organization,
        )
    }

    /// The history to show, and the one that counts towards a budget: of one answer, where
    /// Runway answers for as many days at once.
    fn histories(&mut self, settings: &Settings) -> (Option<History>, Option<History>) {
        let budget = settings.required.budget;
        match (settings.usage, budget.map(|budget| budget.window)) {
            (Some(shown), Some(counted)) => {
                let both = shown.hull(counted);
                if both.days() <= MOST_DAYS {
                    let history = self.history(both);
                    (history.clone(), history)
                } else {
                    (self.history(shown), self.history(counted))
                }
            }
            (Some(shown), None) => (self.history(shown), None),
            (None, Some(counted)) => (None, self.history(counted)),
            (None, None) => (None, None),
        }
    }

    fn history(&mut self, window: Window) -> Option<History> {
        let ask = |client: &Client, deadline, say: &mut dyn FnMut(&str)| {
            client.usage(window, deadline, say)
        };
        let sources = self.sources;
        // A saved history may hold more than what is to be shown of it.
        let asked = matches!(sources.usage, Input::Live).then_some(window);
        let decode = |body: &[u8], blot: decode::Blot| decode::history(body, asked, blot);
        self.read(&sources.usage, Endpoint::Usage, &ask, &decode)
    }

    /// A document from where it comes from; what goes wrong is noted.
    fn read<T>(
        &mut self,
        input: &Input,
        endpoint: Endpoint,
        ask: &Ask,
        decode: &dyn Fn(&[u8], decode::Blot) -> Reading<T>,
    ) -> Option<T> {
        let client = self.sources.client.as_ref();
        let read = match (input, client) {
            (Input::Saved(document), None) => decode(document, &str::to_owned),
            (Input::Saved(document), Some(client)) => decode(document, &client.blot()),
            (Input::Live, Some(client)) if self.go_on => {
                let say = &mut |line: &str| self.listener.say(line);
                match ask(client, self.deadline, say) {
                    Ok(document) => decode(&document, &client.blot()),
                    Err(unanswered) => {
                        self.not_before = self.not_before.max(unanswered.not_before);
                        self.go_on = unanswered.finding.is_of_one_endpoint();
                        self.findings.push(unanswered.finding);
                        return None;
                    }
                }
            }
            (Input::Live, _) => return None,
        };
        read.map_err(|what| self.findings.push(Finding::unreadable(endpoint, &what)))
            .ok()
    }
}

impl Outcome {
    /// A run that could not look at all, for want of a key or of authorities.
    pub fn without_look(settings: &Settings, finding: Finding) -> Self {
        let mut decision = decide(&settings.required, None, None);
        decision.findings.push((Severity::Error, finding));
        Self {
            checked_at: SystemTime::now(),
            organization: None,
            history: None,
            decision,
            not_before: None,
        }
    }

    fn errors(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.decision.findings.iter();
        findings
            .filter(|(severity, _)| *severity == Severity::Error)
            .map(|(_, finding)| finding)
    }

    fn is_answered(&self) -> bool {
        self.organization.is_some()
    }

    fn only_time_is_missing(&self) -> bool {
        let mut errors = self.errors().peekable();
        errors.peek().is_some() && errors.all(|finding| finding.code().waiting_helps())
    }

    /// What is waited for, in the words of the diagnostics.
    fn what_is_missing(&self, situation: &Situation) -> String {
        let words = self.errors().map(|finding| finding.in_short(situation));
        let words: Vec<String> = words.collect();
        words.join("; ")
    }

    /// The verdict is that of the newest look that Runway answered; that a later one got no
    /// answer is worth a warning.
    fn with_later_failure(mut self, later: Self) -> Self {
        let failures = later.errors().cloned();
        let warnings = failures.map(|finding| (Severity::Warning, finding));
        self.decision.findings.extend(warnings);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_look_is_at_the_end_and_none_before_its_time() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let minute = Duration::from_secs(60);
        let next = |over, not_before| next_look(now, over, minute, not_before);
        assert_eq!(next(after(100), None), Some(after(60)));
        assert_eq!(next(after(60), None), Some(after(60)));
        assert_eq!(next(after(30), None), Some(after(30)));
        assert_eq!(next(now, None), None);
        assert_eq!(next(after(100), Some(after(10))), Some(after(60)));
        assert_eq!(next(after(100), Some(after(80))), Some(after(80)));
        assert_eq!(next(after(100), Some(after(101))), None);
    }
}
