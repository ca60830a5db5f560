//! One run: look, decide, and look again while waiting can help.

use std::time::{Duration, Instant, SystemTime};

use crate::api::{Answer, Client, Try};
use crate::cli::Settings;
use crate::decide::{decide, grant_ranges, Decision, Facts};
use crate::decode;
use crate::diagnostic::{Code, Fault, Finding};
use crate::exit::Exit;
use crate::forecast;
use crate::job::Job;
use crate::quota::{Organization, Reading};
use crate::source::Document;
use crate::spend::{History, UtcDay, Window, MAX_DAYS};

/// More than this between the machine's clock and Runway's is worth a line.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// A `Retry-After` may end this much later than the wait, and is still waited for.
const GRACE: Duration = Duration::from_secs(1);

/// What a run reads and when.
pub struct Poll<'a> {
    /// What was asked for.
    pub settings: &'a Settings,
    /// What the job asks for, with the plan.
    pub job: Job,
    /// The saved answer with limits and balance; `None` if Runway is asked for them.
    pub organization: Option<Vec<u8>>,
    /// The way to Runway, or why there is none.
    pub client: Result<Client, Finding>,
}

/// What came of one look at Runway.
#[derive(Debug)]
pub struct Look {
    /// Its instant: Runway's, if it said.
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

/// What happens before there is anything to report.
pub enum Event<'a> {
    /// One try is over.
    Tried(Try),
    /// The machine's clock is off by this much.
    ClockSkew(Duration),
    /// `--wait` ends, since waiting does not resolve this.
    NotWaiting(Code),
    /// Not enough yet: why, how long until the next look, and how long it may go on.
    Waiting {
        decision: &'a Decision,
        until_next: Duration,
        at_most: Duration,
    },
    /// The next look begins.
    LookingAgain,
}

/// Hears of events; of a wait, says when it wants to hear again.
pub type Listener<'a> = dyn FnMut(Event) -> Duration + 'a;

impl Poll<'_> {
    /// Looks once, or with `--wait` until nothing is left that waiting could resolve. Where Runway
    /// cannot be asked, what is saved is decided all the same.
    pub fn run(&self, listener: &mut Listener) -> Look {
        let wait = self.settings.wait.filter(|_| self.client.is_ok());
        let end = wait.and_then(|wait| Instant::now().checked_add(wait));
        // The newest look that Runway answered and that waiting could resolve.
        let mut answered: Option<Look> = None;
        loop {
            let look = self.look(listener);
            let codes = look.decision.codes();
            let failed = look.decision.exit() == Exit::CannotTell;
            // After an answer, what cannot be told may pass too. A key that is refused stays so.
            let may_pass = |code: &Code| {
                code.waiting_helps() || (answered.is_some() && code.exit() == Exit::CannotTell)
            };
            let incurable = codes.iter().find(|code| !may_pass(code));
            // Up to a tenth longer: jobs that start together do not ask together.
            let interval = jittered(self.settings.interval(), fastrand::f64());
            let next = end
                .filter(|_| !codes.is_empty() && incurable.is_none())
                .and_then(|end| next_look(Instant::now(), end, interval, look.not_before));
            let (Some(next), Some(end)) = (next, end) else {
                if let Some(code) = incurable.filter(|_| wait.is_some()) {
                    listener(Event::NotWaiting(*code));
                }
                return match answered {
                    Some(mut answered) if failed => {
                        // That a later look got no answer is worth a warning.
                        answered.decision.warnings.extend(look.decision.errors);
                        answered
                    }
                    _ => look,
                };
            };
            pause(&look.decision, next, end, listener);
            if !failed {
                answered = Some(look);
            }
        }
    }

    fn look(&self, listener: &mut Listener) -> Look {
        if let Ok(client) = &self.client {
            client.begin(self.settings.timeout);
        }
        let mut looking = Looking {
            poll: self,
            listener,
            errors: Vec::new(),
            warnings: Vec::new(),
            not_before: None,
            may_ask: true,
            clocks: Vec::new(),
            is_old: false,
        };
        let mut organization = looking.organization();
        let (today, histories) = looking.histories();
        // The answer to a later request may have shown that it is old.
        if looking.is_old && organization.take().is_some() {
            let problem =
                "the answer has an older Date than the one after it: it is a copy from a cache";
            let copy = unexpected(Document::Organization, problem);
            looking.errors.push(copy);
        }
        let holding = |window: Window| {
            let mut holding = histories.iter();
            let found = holding.find(|(asked, _)| asked.union(window) == *asked);
            found.map(|(_, history)| history)
        };
        let [shown, budgeted, recent] = self.windows(today);
        let facts = Facts {
            organization: organization.as_ref(),
            budgeted: budgeted.and_then(holding),
            recent: recent.and_then(holding),
            today,
        };
        let mut decision = decide(&self.job, facts);
        let checked_at = looking.now();
        decision.errors.splice(0..0, looking.errors);
        decision.warnings.splice(0..0, looking.warnings);
        grant_ranges(&self.job, facts, &mut decision);
        Look {
            checked_at,
            not_before: looking.not_before,
            // A shared answer may hold more days.
            history: shown.and_then(|window| Some((window, holding(window)?.within(window)))),
            organization,
            decision,
        }
    }

    /// The days of history that are needed: for `--usage`, for `--budget`, and for `--warn-lasts`,
    /// which never changes the verdict.
    fn windows(&self, today: UtcDay) -> [Option<Window>; 3] {
        [
            self.settings.usage.map(|range| range.on(today)),
            self.job.budget.map(|budget| budget.period.on(today)),
            self.job.warn_lasts.map(|_| forecast::window(today)),
        ]
    }

    /// As few requests as the maximum of days allows, and whether each decides anything.
    fn requests(&self, today: UtcDay) -> Vec<(Window, bool)> {
        let mut requests: Vec<(Window, bool)> = Vec::new();
        for (window, decides) in self.windows(today).into_iter().zip([true, true, false]) {
            let Some(window) = window else { continue };
            let mut known = requests.iter_mut();
            match known.find(|(asked, _)| asked.union(window).days() <= MAX_DAYS) {
                Some((asked, _)) => *asked = asked.union(window),
                None => requests.push((window, decides)),
            }
        }
        requests
    }
}

/// A tenth longer at the most, by `jitter` from 0 to 1, so that jobs do not all ask at once.
fn jittered(interval: Duration, jitter: f64) -> Duration {
    interval.mul_f64(1.0 + 0.1 * jitter)
}

/// When to look next: after `interval`, at the end at the latest, and not before Runway said;
/// `None` if that leaves no further look.
pub fn next_look(
    now: Instant,
    end: Instant,
    interval: Duration,
    not_before: Option<Instant>,
) -> Option<Instant> {
    let by_interval = now.checked_add(interval).unwrap_or(end).min(end);
    let next = not_before.map_or(by_interval, |not_before| by_interval.max(not_before));
    let latest = end.checked_add(GRACE).unwrap_or(end);
    (now < end && next <= latest).then_some(next)
}

fn pause(decision: &Decision, next: Instant, end: Instant, listener: &mut Listener) {
    loop {
        let now = Instant::now();
        let until_next = next.saturating_duration_since(now);
        if until_next.is_zero() {
            break;
        }
        let again = listener(Event::Waiting {
            decision,
            until_next,
            at_most: end.saturating_duration_since(now),
        });
        std::thread::sleep(until_next.min(again));
    }
    listener(Event::LookingAgain);
}

/// One look under way.
struct Looking<'a, 'l, 'm> {
    poll: &'a Poll<'a>,
    listener: &'l mut Listener<'m>,
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
    not_before: Option<Instant>,
    /// A key that is missing or refused is not tried on a second document.
    may_ask: bool,
    /// The clock of each answer, if it had one.
    clocks: Vec<Option<Clock>>,
    /// Limits and balance come from a cache.
    is_old: bool,
}

/// Runway's clock, as an answer told it.
#[derive(Clone, Copy, PartialEq)]
struct Clock {
    told: SystemTime,
    at: Instant,
}

impl Clock {
    fn now(self) -> SystemTime {
        let now = self.told.checked_add(self.at.elapsed());
        now.unwrap_or(self.told)
    }
}

impl Looking<'_, '_, '_> {
    /// By Runway's clock; by the machine's if no answer had one.
    fn now(&self) -> SystemTime {
        let newest = self.clocks.iter().flatten().last();
        newest.map_or_else(SystemTime::now, |clock| clock.now())
    }

    fn organization(&mut self) -> Option<Organization> {
        let read = match &self.poll.organization {
            Some(file) => decode::saved_organization(file),
            None => decode::organization(&self.ask(None)?.body),
        };
        self.read(Document::Organization, read)
    }

    fn read<T>(&mut self, document: Document, read: Reading<T>) -> Option<T> {
        if let Err(what) = &read {
            self.errors.push(Finding::unreadable(document, what));
        }
        read.ok()
    }

    /// Every history that is asked for, with the day on which its windows end.
    ///
    /// That is Runway's today. Where an answer shows that midnight has passed, or that the machine's
    /// clock was wrong, the right days are asked for instead, once.
    fn histories(&mut self) -> (UtcDay, Vec<(Window, History)>) {
        let (errors, warnings) = (self.errors.len(), self.warnings.len());
        let mut today = UtcDay::of(self.now());
        for _ in 0..2 {
            let histories = self.histories_on(today);
            let asked_on = std::mem::replace(&mut today, UtcDay::of(self.now()));
            let is_right = self.poll.windows(today) == self.poll.windows(asked_on);
            // Where nothing more is asked, what was reported stands.
            if is_right || !self.may_ask {
                return (asked_on, histories);
            }
            self.errors.truncate(errors);
            self.warnings.truncate(warnings);
        }
        // The dates contradict each other, so none proves an answer old.
        self.is_old = false;
        let findings = match self.poll.windows(today) {
            [None, None, _] => &mut self.warnings,
            _ => &mut self.errors,
        };
        findings.push(unexpected(
            Document::Usage,
            "the day changed with every answer, so the days of the history are not those that were asked for",
        ));
        (today, Vec::new())
    }

    fn histories_on(&mut self, today: UtcDay) -> Vec<(Window, History)> {
        let mut histories = Vec::new();
        for (window, decides) in self.poll.requests(today) {
            let errors = self.errors.len();
            let history = self.history(window);
            histories.extend(history.map(|history| (window, history)));
            if !decides {
                self.warnings.extend(self.errors.drain(errors..));
            }
        }
        histories
    }

    fn history(&mut self, window: Window) -> Option<History> {
        let answer = self.ask(Some(window))?;
        if let Some(problem) = self.wrong_day(answer.date) {
            self.errors.push(unexpected(Document::Usage, problem));
            return None;
        }
        self.read(Document::Usage, decode::history(&answer.body, window))
    }

    /// Why a history does not end on Runway's day. That may also show that limits and balance are old.
    fn wrong_day(&mut self, date: Option<SystemTime>) -> Option<&'static str> {
        let [runways, own] = [self.now(), SystemTime::now()];
        if self.clocks.contains(&None)
            && apart(runways, own) > MAX_CLOCK_SKEW
            && UtcDay::of(runways) != UtcDay::of(own)
        {
            return Some("one answer has no Date, and by that of another it is another day than by this machine's clock: Runway's day is not known");
        }
        let organization = self.clocks.first().copied().flatten();
        let before = organization.filter(|_| self.poll.organization.is_none())?;
        let date = date?;
        if apart(before.now(), date) <= MAX_CLOCK_SKEW {
            return None;
        }
        if before.now() > date {
            return Some("the answer has an older Date than the one before");
        }
        self.is_old = true;
        None
    }

    /// An answer; otherwise it is reported why there is none, unless the first failure says it
    /// already.
    fn ask(&mut self, history: Option<Window>) -> Option<Answer> {
        if !self.may_ask {
            return None;
        }
        let client = match &self.poll.client {
            Ok(client) => client,
            Err(obstacle) => {
                self.may_ask = false;
                self.errors.push(obstacle.clone());
                return None;
            }
        };
        if !self.errors.is_empty() && client.is_over() {
            return None;
        }
        let listener = &mut *self.listener;
        let on_try = &mut |tried: Try| {
            listener(Event::Tried(tried));
        };
        match client.ask(history, on_try) {
            Ok(answer) => {
                self.note_date(answer.date);
                Some(answer)
            }
            Err((finding, wait)) => {
                let not_before = wait.and_then(|wait| Instant::now().checked_add(wait));
                self.not_before = self.not_before.max(not_before);
                let code = finding.code();
                self.may_ask = code != Code::Unauthorized;
                let is_known = self.errors.iter().any(|error| error.code() == code);
                if !(is_known && finding.concerns_every_request()) {
                    self.errors.push(*finding);
                }
                None
            }
        }
    }

    fn note_date(&mut self, date: Option<SystemTime>) {
        if let (Some(told), true) = (date, self.clocks.iter().all(Option::is_none)) {
            let skew = apart(SystemTime::now(), told);
            if skew > MAX_CLOCK_SKEW {
                (self.listener)(Event::ClockSkew(skew));
            }
        }
        let at = Instant::now();
        self.clocks.push(date.map(|told| Clock { told, at }));
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|error| error.duration())
}

fn unexpected(document: Document, problem: &str) -> Finding {
    Finding::unexpected(document, Fault::Copy(problem.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_jittered_by_a_tenth_at_most() {
        let seconds = |jitter| jittered(Duration::from_secs(60), jitter).as_secs();
        assert_eq!([0.0, 0.5, 1.0].map(seconds), [60, 63, 66]);
    }

    #[test]
    fn the_last_look_is_at_the_end_and_none_before_its_time() {
        let now = Instant::now();
        let after = |millis| now + Duration::from_millis(millis);
        let minute = Duration::from_secs(60);
        let next = |end, not_before| next_look(now, end, minute, not_before);
        assert_eq!(next(after(100_000), None), Some(after(60_000)));
        assert_eq!(next(after(60_000), None), Some(after(60_000)));
        assert_eq!(next(after(30_000), None), Some(after(30_000)));
        assert_eq!(next(now, None), None);
        for (not_before, expected) in [
            (10_000, Some(60_000)),
            (80_000, Some(80_000)),
            (100_900, Some(100_900)),
            (101_001, None),
        ] {
            let found = next(after(100_000), Some(after(not_before)));
            assert_eq!(found, expected.map(after), "{not_before}");
        }
    }
}
