//! One run: check, decide, and check again while waiting can help.

use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::api::{Answer, Client, Deadline, Try, Unanswered};
use crate::decide::{decide, grant_ranges, Decision, Facts};
use crate::decode;
use crate::diagnostic::{Code, Finding, Unexpected};
use crate::exit::Exit;
use crate::forecast;
use crate::job::Job;
use crate::quota::{Organization, Reading};
use crate::source::Document;
use crate::spend::{History, Range, UtcDay, Window, MAX_DAYS};

/// More than this between the machine's clock and Runway's is worth a line.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// A `Retry-After` may end this much later than the wait, and is still waited for.
const GRACE: Duration = Duration::from_secs(1);

/// What a run reads and when.
pub struct Poll {
    /// What the job asks for.
    pub job: Job,
    /// The saved answer with limits and balance; `None` if Runway is asked for them.
    pub organization: Option<Vec<u8>>,
    /// The way to Runway; `None` if nothing is to be asked of it.
    pub client: Option<Client>,
    /// The days of history to show.
    pub shown: Option<Range>,
    /// How long to check again.
    pub wait: Option<Duration>,
    /// Between two checks.
    pub interval: Duration,
    /// For one check, retries included.
    pub timeout: Duration,
}

/// What came of one check.
#[derive(Debug)]
pub struct Outcome {
    /// The instant of the check: Runway's, if it said.
    pub checked_at: SystemTime,
    /// What was read of limits and balance.
    pub organization: Option<Organization>,
    /// The history that is to be shown, and its days.
    pub history: Option<(Window, Rc<History>)>,
    /// Rows and findings.
    pub decision: Decision,
    /// Runway asked not to come back before this.
    not_before: Option<Instant>,
}

/// What happens before there is anything to report.
pub enum Progress<'a> {
    /// One try is over.
    Tried(Try),
    /// The machine's clock is off by this much.
    ClockSkew(Duration),
    /// `--wait` ends, since waiting does not resolve this.
    NotWaiting(Code),
    /// Not enough yet: why, how long until the next check, and how long it may go on.
    Waiting {
        decision: &'a Decision,
        until_next: Duration,
        at_most: Duration,
    },
    /// The wait for a check is over.
    Waited,
}

/// Receives progress; of a wait, says when it wants the next report.
pub type Listener<'a> = dyn FnMut(Progress) -> Duration + 'a;

/// The clock, within the years that can be written down.
pub fn now() -> SystemTime {
    within_calendar(SystemTime::now())
}

fn within_calendar(instant: SystemTime) -> SystemTime {
    const END_OF_9999: Duration = Duration::from_secs(253_402_300_799);
    let latest = UNIX_EPOCH.checked_add(END_OF_9999).unwrap_or(UNIX_EPOCH);
    instant.clamp(UNIX_EPOCH, latest)
}

impl Poll {
    /// Checks once, or with `--wait` until nothing is left that waiting could resolve.
    pub fn run(&self, listener: &mut Listener) -> Outcome {
        let end = self.wait.and_then(|wait| Instant::now().checked_add(wait));
        // The newest check that Runway answered and that waiting could resolve.
        let mut answered: Option<Outcome> = None;
        loop {
            let outcome = self.check(listener);
            let failed = outcome.cannot_tell();
            let worth_waiting =
                outcome.decision.waiting_helps() || (answered.is_some() && outcome.may_pass());
            let interval = jittered(self.interval, fastrand::f64());
            let next = end.filter(|_| worth_waiting).and_then(|end| {
                let next = next_check(Instant::now(), end, interval, outcome.not_before)?;
                Some((next, end))
            });
            let Some((next, end)) = next else {
                if self.wait.is_some() && !worth_waiting {
                    outcome.report_why_not_waiting(listener);
                }
                return match answered {
                    Some(answered) if failed => answered.with_later_failure(outcome),
                    _ => outcome,
                };
            };
            pause(&outcome.decision, next, end, listener);
            if !failed {
                answered = Some(outcome);
            }
        }
    }

    /// One check that cannot ask Runway, for want of a key or of certificates: what is saved is
    /// decided all the same.
    pub fn without_asking(&self, obstacle: &Finding, listener: &mut Listener) -> Outcome {
        self.check_past(Some(obstacle), listener)
    }

    fn check(&self, listener: &mut Listener) -> Outcome {
        self.check_past(None, listener)
    }

    fn check_past(&self, obstacle: Option<&Finding>, listener: &mut Listener) -> Outcome {
        let mut check = Check {
            poll: self,
            obstacle,
            deadline: Deadline::after(self.timeout),
            listener,
            errors: Vec::new(),
            warnings: Vec::new(),
            not_before: None,
            may_ask: true,
            answered: false,
            clock: None,
            old_copy: None,
        };
        let organization = check.organization();
        let organization_clock = check.clock;
        let histories = check.histories(organization_clock);
        let organization = check.unless_old(organization);
        let today = check.today();
        let facts = Facts {
            organization: organization.as_ref(),
            budgeted: histories.budgeted.as_deref(),
            recent: histories.recent.as_deref(),
            today,
        };
        let mut decision = decide(&self.job, facts);
        let checked_at = check.now();
        decision.errors.splice(0..0, check.errors);
        decision.warnings.splice(0..0, check.warnings);
        grant_ranges(&self.job, facts, &mut decision);
        let shown = self.shown.map(|range| range.on(today));
        Outcome {
            checked_at,
            not_before: check.not_before,
            // A shared answer may hold more days.
            history: shown
                .zip(histories.shown)
                .map(|(window, history)| (window, Rc::new(history.within(window)))),
            organization,
            decision,
        }
    }
}

/// When to check next: after `interval`, at the end at the latest, and not before Runway said;
/// `None` if that leaves no further check.
pub fn next_check(
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

/// Up to a tenth longer, by `jitter` from 0 to 1: jobs that start together do not ask together.
fn jittered(interval: Duration, jitter: f64) -> Duration {
    interval.mul_f64(1.0 + 0.1 * jitter.clamp(0.0, 1.0))
}

fn pause(decision: &Decision, next: Instant, end: Instant, listener: &mut Listener) {
    const SHORTEST: Duration = Duration::from_millis(10);
    loop {
        let now = Instant::now();
        let until_next = next.saturating_duration_since(now);
        if until_next.is_zero() {
            listener(Progress::Waited);
            return;
        }
        let again = listener(Progress::Waiting {
            decision,
            until_next,
            at_most: end.saturating_duration_since(now),
        });
        std::thread::sleep(until_next.min(again.max(SHORTEST)));
    }
}

/// Why a history is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// `--usage`.
    Shown,
    /// `--budget`.
    Budgeted,
    /// `--warn-lasts`.
    Recent,
}

#[derive(Default)]
struct Histories {
    shown: Option<Rc<History>>,
    budgeted: Option<Rc<History>>,
    recent: Option<Rc<History>>,
}

/// One check under way.
struct Check<'a, 'l, 'm> {
    poll: &'a Poll,
    /// Why Runway cannot be asked.
    obstacle: Option<&'a Finding>,
    deadline: Deadline,
    listener: &'l mut Listener<'m>,
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
    not_before: Option<Instant>,
    /// A key that is missing or refused is not tried on a second document.
    may_ask: bool,
    /// Whether Runway has answered of late.
    answered: bool,
    /// The clock of the newest answer.
    clock: Option<Clock>,
    /// The limits and the balance come from a cache: the Date of their answer, and Runway's time.
    old_copy: Option<(SystemTime, SystemTime)>,
}

/// Runway's clock, as an answer told it.
#[derive(Clone, Copy)]
struct Clock {
    told: SystemTime,
    at: Instant,
}

impl Clock {
    fn now(self) -> SystemTime {
        self.told
            .checked_add(self.at.elapsed())
            .map_or(self.told, within_calendar)
    }
}

impl Check<'_, '_, '_> {
    /// By Runway's clock; by the machine's if no answer had one.
    fn now(&self) -> SystemTime {
        self.clock.map_or_else(now, Clock::now)
    }

    /// The UTC day.
    fn today(&self) -> UtcDay {
        UtcDay::of(self.now())
    }

    fn organization(&mut self) -> Option<Organization> {
        let poll = self.poll;
        let read = match &poll.organization {
            Some(file) => Ok(decode::saved_organization(file)),
            None => self
                .ask(|client, deadline, on_try| client.ask(None, deadline, on_try))
                .map(|answer| decode::organization(&answer.body)),
        };
        match read.and_then(|read| of_document(Document::Organization, read)) {
            Ok(organization) => Some(organization),
            Err(finding) => {
                self.errors.extend(finding.map(|finding| *finding));
                None
            }
        }
    }

    /// Every history that is asked for. `asked_before` is the clock of the answer with limits and
    /// balance.
    ///
    /// Windows end on Runway's today. Where an answer shows that midnight has passed, or that the
    /// machine's clock was wrong, the right days are asked for instead, once.
    fn histories(&mut self, asked_before: Option<Clock>) -> Histories {
        let (errors, warnings) = (self.errors.len(), self.warnings.len());
        for _ in 0..2 {
            self.errors.truncate(errors);
            self.warnings.truncate(warnings);
            self.answered = false;
            let today = self.today();
            let histories = self.histories_on(today, asked_before);
            // Where nothing was answered, or nothing more is asked, what was reported stands.
            let again = self.today() != today && self.ends_today();
            if !again || !self.answered || !self.may_ask {
                return histories;
            }
        }
        // Of these dates none is better than another.
        self.old_copy = None;
        let finding = unexpected(
            Document::Usage,
            "the day changed with every answer, so the days of the history are not those that were \
             asked for"
                .to_owned(),
        );
        if self.poll.job.budget.is_some() || self.poll.shown.is_some() {
            self.errors.push(finding);
        } else {
            self.warnings.push(finding);
        }
        Histories::default()
    }

    /// Limits and balance, unless the answer to a later request shows that they are an old copy.
    fn unless_old(&mut self, organization: Option<Organization>) -> Option<Organization> {
        let Some((told, now)) = self.old_copy.filter(|_| organization.is_some()) else {
            return organization;
        };
        let problem = format!(
            "the Date of the answer is {}, but Runway's clock says {}: it is a copy from a cache",
            humantime::format_rfc3339_seconds(told),
            humantime::format_rfc3339_seconds(now)
        );
        self.errors
            .push(unexpected(Document::Organization, problem));
        None
    }

    /// What ends on another day than Runway's is no answer to what was asked.
    fn check_date(
        &mut self,
        date: Option<SystemTime>,
        asked_before: Option<Clock>,
    ) -> Result<(), Box<Finding>> {
        let problem = match (date, asked_before) {
            (None, _) if self.ends_today() && self.today() != UtcDay::of(now()) => {
                "the answer has no Date, and by the answer before it is another day than by this \
                 machine's clock: Runway's day is not known"
            }
            (Some(date), Some(before)) => {
                let before_now = before.now();
                if before_now > date && apart(before_now, date) > MAX_CLOCK_SKEW {
                    "the Date of the answer is older than that of the answer before"
                } else {
                    if apart(before_now, date) > MAX_CLOCK_SKEW {
                        self.old_copy = Some((before.told, date));
                    }
                    return Ok(());
                }
            }
            _ => return Ok(()),
        };
        Err(Box::new(unexpected(Document::Usage, problem.to_owned())))
    }

    /// Whether any window of the history ends today.
    fn ends_today(&self) -> bool {
        let shown = matches!(self.poll.shown, Some(Range::Last(_)));
        shown || self.poll.job.asks_for_history()
    }

    /// In as few requests as the maximum of days allows.
    fn histories_on(&mut self, today: UtcDay, asked_before: Option<Clock>) -> Histories {
        let job = &self.poll.job;
        let windows = [
            (Purpose::Shown, self.poll.shown.map(|range| range.on(today))),
            (
                Purpose::Budgeted,
                job.budget.map(|budget| budget.period.on(today)),
            ),
            (
                Purpose::Recent,
                job.warn_lasts.map(|_| forecast::window(today)),
            ),
        ];
        let windows = windows
            .into_iter()
            .filter_map(|(purpose, window)| Some((purpose, window?)));
        let mut requests: Vec<(Window, Vec<Purpose>)> = Vec::new();
        for (purpose, window) in windows {
            let shared = requests
                .iter_mut()
                .find(|(asked, _)| asked.union(window).days() <= MAX_DAYS);
            match shared {
                Some((asked, purposes)) => {
                    *asked = asked.union(window);
                    purposes.push(purpose);
                }
                None => requests.push((window, vec![purpose])),
            }
        }
        let mut histories = Histories::default();
        for (window, purposes) in requests {
            let errors = self.errors.len();
            let history = self.history(window, asked_before).map(Rc::new);
            if purposes == [Purpose::Recent] {
                // A forecast never changes the verdict.
                let errors = self.errors.drain(errors..);
                self.warnings.extend(errors);
            }
            for purpose in purposes {
                let place = match purpose {
                    Purpose::Shown => &mut histories.shown,
                    Purpose::Budgeted => &mut histories.budgeted,
                    Purpose::Recent => &mut histories.recent,
                };
                place.clone_from(&history);
            }
        }
        histories
    }

    fn history(&mut self, window: Window, asked_before: Option<Clock>) -> Option<History> {
        let read = self
            .ask(|client, deadline, on_try| client.ask(Some(window), deadline, on_try))
            .and_then(|answer| {
                self.check_date(answer.date, asked_before).map_err(Some)?;
                Ok(decode::history(&answer.body, Some(window)))
            });
        match read.and_then(|read| of_document(Document::Usage, read)) {
            Ok(history) => Some(history),
            Err(finding) => {
                self.errors.extend(finding.map(|finding| *finding));
                None
            }
        }
    }

    /// An answer; otherwise what to report, which is nothing if the first failure says
    /// it already.
    fn ask(
        &mut self,
        request: impl FnOnce(&Client, Deadline, &mut dyn FnMut(Try)) -> Result<Answer, Box<Unanswered>>,
    ) -> Result<Answer, Option<Box<Finding>>> {
        if !self.may_ask || (!self.errors.is_empty() && self.deadline.left().is_zero()) {
            return Err(None);
        }
        if let Some(obstacle) = self.obstacle {
            self.may_ask = false;
            return Err(Some(Box::new(obstacle.clone())));
        }
        let Some(client) = &self.poll.client else {
            // Without a request the gate fails, whatever the reason.
            return Err(Some(Box::new(Finding::UnexpectedResponse {
                document: Document::Organization,
                problem: Unexpected::Answer("no request was made".to_owned()),
            })));
        };
        let listener = &mut *self.listener;
        let on_try = &mut |tried: Try| {
            listener(Progress::Tried(tried));
        };
        let answered = request(client, self.deadline, on_try);
        let date = match &answered {
            Ok(answer) => answer.date,
            Err(unanswered) => unanswered.date,
        };
        self.note_date(date);
        match answered {
            Ok(answer) => {
                self.answered = true;
                Ok(answer)
            }
            Err(unanswered) => {
                self.not_before = self.not_before.max(unanswered.not_before);
                let finding = unanswered.finding;
                self.may_ask = finding.code() != Code::Unauthorized;
                let mut errors = self.errors.iter().map(Finding::code);
                let is_known =
                    finding.concerns_every_request() && errors.any(|code| code == finding.code());
                Err((!is_known).then(|| Box::new(finding)))
            }
        }
    }

    fn note_date(&mut self, date: Option<SystemTime>) {
        let Some(told) = date else { return };
        if self.clock.is_none() {
            let skew = apart(SystemTime::now(), told);
            if skew > MAX_CLOCK_SKEW {
                (self.listener)(Progress::ClockSkew(skew));
            }
        }
        let at = Instant::now();
        self.clock = Some(Clock { told, at });
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|error| error.duration())
}

fn unexpected(document: Document, problem: String) -> Finding {
    Finding::UnexpectedResponse {
        document,
        problem: Unexpected::Answer(problem),
    }
}

fn of_document<T>(document: Document, read: Reading<T>) -> Result<T, Option<Box<Finding>>> {
    read.map_err(|what| Some(Box::new(Finding::unreadable(document, &what))))
}

impl Outcome {
    /// Whether nothing could be said of what there is.
    fn cannot_tell(&self) -> bool {
        self.decision.exit() == Exit::CannotTell
    }

    /// Whether a later check may do better: nothing is wrong but what time can cure, and what
    /// cannot be told. A key that is refused stays so.
    fn may_pass(&self) -> bool {
        let errors = &self.decision.errors;
        let mut codes = errors.iter().map(Finding::code);
        !errors.is_empty()
            && codes.all(|code| code.waiting_helps() || code.exit() == Exit::CannotTell)
    }

    fn report_why_not_waiting(&self, listener: &mut Listener) {
        let mut incurable = self.decision.codes().into_iter();
        if let Some(code) = incurable.find(|code| !code.waiting_helps()) {
            listener(Progress::NotWaiting(code));
        }
    }

    /// The verdict is that of the newest check that Runway answered; that a later one got no
    /// answer is worth a warning.
    fn with_later_failure(mut self, later: Self) -> Self {
        self.decision.warnings.extend(later.decision.errors);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_jittered_by_a_tenth() {
        let minute = Duration::from_secs(60);
        for (jitter, seconds) in [(0.0, 60), (0.5, 63), (1.0, 66), (-1.0, 60), (9.0, 66)] {
            assert_eq!(jittered(minute, jitter).as_secs(), seconds, "{jitter}");
        }
    }

    #[test]
    fn the_last_check_is_at_the_end_and_none_before_its_time() {
        let now = Instant::now();
        let after = |millis| now + Duration::from_millis(millis);
        let minute = Duration::from_secs(60);
        let next = |end, not_before| next_check(now, end, minute, not_before);
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
