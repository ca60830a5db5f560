//! One run: look, decide, look again while time can cure it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::api::{Client, Deadline, Request};
use crate::cli::Settings;
use crate::credentials::Key;
use crate::decide::{decide, Decision};
use crate::decode::{self, Blot};
use crate::diagnostic::{Finding, Situation};
use crate::exit;
use crate::quota::{Organization, Reading};
use crate::spend::{Budget, History, UtcDay, Window, MOST_DAYS};

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
    /// The key that must be shown nowhere, if one is known.
    pub key: Option<Key>,
}

/// What came of one look.
#[derive(Debug)]
pub struct Outcome {
    /// The instant of the look.
    pub checked_at: SystemTime,
    /// What was read of limits and balance.
    pub organization: Option<Organization>,
    /// The history that is to be shown, and its days.
    pub history: Option<(Window, History)>,
    /// Rows and findings.
    pub decision: Decision,
    /// Runway asked not to come back before this.
    not_before: Option<Instant>,
}

/// The ear of the one who waits.
pub trait Listener {
    /// Something happened on the way.
    fn say(&mut self, line: &str);

    /// Nothing is to be had yet: why, how long until the next look, and how long it may go on.
    /// Tells when it wants to hear of it again.
    fn waiting(&mut self, why: &str, until_next: Duration, at_most: Duration) -> Duration;

    /// The wait for this look is over.
    fn waited(&mut self);
}

/// The clock, within the years that can be written down.
pub fn now() -> SystemTime {
    const END_OF_9999: Duration = Duration::from_secs(253_402_300_799);
    let latest = UNIX_EPOCH.checked_add(END_OF_9999).unwrap_or(UNIX_EPOCH);
    SystemTime::now().clamp(UNIX_EPOCH, latest)
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
        let interval = settings.interval.mul_f64(1.0 + 0.1 * fastrand::f64());
        let next = over
            .filter(|_| outcome.only_time_is_missing())
            .and_then(|over| {
                let next = next_look(Instant::now(), over, interval, outcome.not_before)?;
                Some((next, over))
            });
        let Some((next, over)) = next else {
            if over.is_some() {
                outcome.tell_why_no_longer(listener);
            }
            return match answered {
                Some(answered) if outcome.got_no_answer() => answered.with_later_failure(outcome),
                _ => outcome,
            };
        };
        pause(&outcome.what_is_missing(situation), next, over, listener);
        if outcome.organization.is_some() {
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

fn pause(why: &str, next: Instant, over: Instant, listener: &mut dyn Listener) {
    const SHORTEST: Duration = Duration::from_millis(10);
    loop {
        let now = Instant::now();
        let left = next.saturating_duration_since(now);
        if left.is_zero() {
            return listener.waited();
        }
        let again = listener.waiting(why, left, over.saturating_duration_since(now));
        std::thread::sleep(left.min(again.max(SHORTEST)));
    }
}

fn look(settings: &Settings, sources: &Sources, listener: &mut dyn Listener) -> Outcome {
    // The clock is read once for a look: midnight within it splits nothing.
    let checked_at = now();
    let today = UtcDay::of(checked_at);
    let mut required = settings.required.clone();
    required.budget = required.budget.map(|budget| Budget {
        window: Window::last(budget.window.days(), today),
        ..budget
    });
    let shown = settings.usage.map(|usage| usage.on(today));

    let mut looking = Looking {
        sources,
        deadline: Deadline::after(settings.timeout),
        listener,
        findings: Vec::new(),
        not_before: None,
        go_on: true,
    };
    let organization = looking.read(
        &sources.organization,
        Request::Organization,
        &decode::organization,
    );
    let counted = required.budget.map(|budget| budget.window);
    let (history, budgeted) = looking.histories(shown, counted);

    let mut decision = decide(&required, organization.as_ref(), budgeted.as_ref());
    decision.put_first(looking.findings);
    Outcome {
        checked_at,
        organization,
        history: shown.zip(history),
        decision,
        not_before: looking.not_before,
    }
}

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
    /// The history to show, and the one that counts towards a budget: of one answer, where
    /// Runway answers for as many days at once.
    fn histories(
        &mut self,
        shown: Option<Window>,
        counted: Option<Window>,
    ) -> (Option<History>, Option<History>) {
        let both = shown
            .zip(counted)
            .map(|(shown, counted)| shown.hull(counted));
        if let Some(both) = both.filter(|both| both.days() <= MOST_DAYS) {
            let history = self.history(both);
            return (history.clone(), history);
        }
        let shown = shown.and_then(|window| self.history(window));
        (shown, counted.and_then(|window| self.history(window)))
    }

    fn history(&mut self, window: Window) -> Option<History> {
        let sources = self.sources;
        // A saved history may hold more than what is to be shown of it.
        let asked = matches!(sources.usage, Input::Live).then_some(window);
        let decode = |body: &[u8], blot: Blot| decode::history(body, asked, blot);
        self.read(&sources.usage, Request::Usage(window), &decode)
    }

    /// A document from where it comes from; what goes wrong is noted.
    fn read<T>(
        &mut self,
        input: &Input,
        request: Request,
        decode: &dyn Fn(&[u8], Blot) -> Reading<T>,
    ) -> Option<T> {
        let blot = |text: &str| match &self.sources.key {
            Some(key) => key.blot(text),
            None => text.to_owned(),
        };
        let read = match (input, &self.sources.client) {
            (Input::Saved(document), _) => decode(document, &blot),
            // Why not was told when the first question failed.
            (Input::Live, Some(_)) if !self.go_on => return None,
            (Input::Live, Some(client)) => {
                let say = &mut |line: &str| self.listener.say(line);
                match client.ask(request, self.deadline, say) {
                    Ok(document) => decode(&document, &blot),
                    Err(unanswered) => {
                        self.not_before = self.not_before.max(unanswered.not_before);
                        self.go_on = unanswered.finding.is_of_one_endpoint();
                        self.findings.push(unanswered.finding);
                        return None;
                    }
                }
            }
            // Whatever was not asked for is no go, whyever it was not.
            (Input::Live, None) => {
                self.findings.push(Finding::UnexpectedResponse {
                    endpoint: request.endpoint(),
                    problem: "there is no answer, since nothing was asked".to_owned(),
                });
                return None;
            }
        };
        read.map_err(|what| {
            let finding = Finding::unreadable(request.endpoint(), &what);
            self.findings.push(finding);
        })
        .ok()
    }
}

impl Outcome {
    /// A run that could not look at all, for want of a key or of authorities.
    pub fn without_look(settings: &Settings, finding: Finding) -> Self {
        let mut decision = decide(&settings.required, None, None);
        decision.put_first(vec![finding]);
        Self {
            checked_at: now(),
            organization: None,
            history: None,
            decision,
            not_before: None,
        }
    }

    fn only_time_is_missing(&self) -> bool {
        let mut errors = self.decision.errors().peekable();
        errors.peek().is_some() && errors.all(|finding| finding.code().waiting_helps())
    }

    /// Whether Runway gave no answer that anything could be told from.
    fn got_no_answer(&self) -> bool {
        self.organization.is_none() && self.decision.exit() == exit::CANNOT_TELL
    }

    /// What is waited for, in the words of the diagnostics.
    fn what_is_missing(&self, situation: &Situation) -> String {
        let words = self
            .decision
            .errors()
            .map(|finding| finding.in_short(situation));
        let words: Vec<String> = words.collect();
        words.join("; ")
    }

    fn tell_why_no_longer(&self, listener: &mut dyn Listener) {
        let incurable = self.decision.errors().map(Finding::code);
        let mut incurable = incurable.filter(|code| !code.waiting_helps());
        if let Some(code) = incurable.next() {
            listener.say(&format!("not waiting: time does not cure {}", code.name()));
        }
    }

    /// The verdict is that of the newest look that Runway answered; that a later one got no
    /// answer is worth a warning.
    fn with_later_failure(mut self, later: Self) -> Self {
        self.decision.warn_of(later.decision);
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
