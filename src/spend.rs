//! The credit history: UTC days, windows of them, sums, a budget. Plain data and arithmetic.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::quota::{Credits, Model};

/// Of a day in UTC, which has no leap seconds here.
pub const SECONDS_A_DAY: u64 = 86_400;

/// The most days that Runway answers for at once.
pub const MAX_DAYS: u32 = 90;

/// A calendar day in UTC, counted from 1970-01-01. No day is after 9999-12-31, the last that can be
/// written as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UtcDay(u32);

impl UtcDay {
    const LAST: Self = Self(2_932_896);

    /// Reads `YYYY-MM-DD`; `None` for anything that is no day of the calendar from 1970 on.
    pub fn parse(text: &str) -> Option<Self> {
        let midnight = humantime::parse_rfc3339(&format!("{text}T00:00:00Z"));
        midnight.ok().map(Self::holding)
    }

    /// The day that holds an instant. An instant beyond the years that can be written is taken to
    /// be on the last day but one, so that the day after it can be written as well.
    pub fn of(instant: SystemTime) -> Self {
        Self::holding(instant).min(Self::LAST.minus(1))
    }

    fn holding(instant: SystemTime) -> Self {
        let since = instant.duration_since(UNIX_EPOCH).unwrap_or_default();
        let day = u32::try_from(since.as_secs() / SECONDS_A_DAY);
        day.map_or(Self::LAST, |day| Self(day).min(Self::LAST))
    }

    /// The first day of its month.
    pub fn first_of_month(self) -> Self {
        let text = self.to_string();
        let month = text.get(..8).unwrap_or_default();
        Self::parse(&format!("{month}01")).unwrap_or(self)
    }

    /// The day `days` later.
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days)).min(Self::LAST)
    }

    /// The day `days` earlier.
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }
}

impl fmt::Display for UtcDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = u64::from(self.0).saturating_mul(SECONDS_A_DAY);
        let midnight = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let stamp = humantime::format_rfc3339_seconds(midnight.unwrap_or(UNIX_EPOCH)).to_string();
        f.write_str(stamp.split('T').next().unwrap_or_default())
    }
}

/// A span of UTC days: `start` is in it, `before` is not. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub start: UtcDay,
    /// The day after the last.
    pub before: UtcDay,
}

impl Window {
    /// The last `days` days up to and including `today`.
    pub fn last(days: u32, today: UtcDay) -> Self {
        let before = today.plus(1);
        Self {
            start: before.minus(days.max(1)),
            before,
        }
    }

    /// How many days it spans.
    pub fn days(self) -> u32 {
        self.before.0.saturating_sub(self.start.0)
    }

    /// Whether it contains a day.
    pub fn contains(self, day: UtcDay) -> bool {
        self.start <= day && day < self.before
    }

    /// The last day in it.
    pub fn last_day(self) -> UtcDay {
        self.before.minus(1)
    }

    /// Its days, newest first.
    pub fn newest_first(self) -> impl Iterator<Item = UtcDay> {
        (self.start.0..self.before.0).rev().map(UtcDay)
    }

    /// The smallest window that holds both.
    pub fn union(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            before: self.before.max(other.before),
        }
    }
}

/// Net credits by day and model. A day without an entry had no use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(pub BTreeMap<UtcDay, BTreeMap<Model, Credits>>);

impl History {
    /// Only what is in the window.
    pub fn within(&self, window: Window) -> Self {
        let days = self.0.range(window.start..window.before);
        let mut within = Self::default();
        let days = days.map(|(day, entries)| (*day, entries.clone()));
        within.0.extend(days);
        within
    }

    /// Net credits of one day.
    pub fn on(&self, day: UtcDay) -> Credits {
        sum(self.0.get(&day).into_iter().flatten())
    }

    /// Net credits by model, by name.
    pub fn by_model(&self) -> Vec<(Model, Credits)> {
        let mut sums: BTreeMap<&Model, Credits> = BTreeMap::new();
        for (model, net) in self.0.values().flatten() {
            let sum = sums.entry(model).or_default();
            *sum = sum.plus(*net);
        }
        let sums = sums.into_iter();
        sums.map(|(model, sum)| (model.clone(), sum)).collect()
    }

    /// Net credits of all days.
    pub fn total(&self) -> Credits {
        sum(self.0.values().flatten())
    }
}

impl FromIterator<((UtcDay, Model), Credits)> for History {
    /// Entries of one day and model add up.
    fn from_iter<T: IntoIterator<Item = ((UtcDay, Model), Credits)>>(entries: T) -> Self {
        let mut days = BTreeMap::<UtcDay, BTreeMap<Model, Credits>>::new();
        for ((day, model), net) in entries {
            let sum = days.entry(day).or_default().entry(model).or_default();
            *sum = sum.plus(net);
        }
        Self(days)
    }
}

/// Sums, the largest first.
pub fn largest_first<T>(mut sums: Vec<(T, Credits)>) -> Vec<(T, Credits)> {
    sums.sort_by_key(|(_, sum)| Reverse(*sum));
    sums
}

fn sum<'a>(entries: impl Iterator<Item = (&'a Model, &'a Credits)>) -> Credits {
    entries.fold(Credits(0), |sum, (_, net)| sum.plus(*net))
}

/// How much may be spent within a window that ends today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most credits that may be spent, the planned cost included.
    pub max: Credits,
    /// The days that count.
    pub period: Period,
}

/// Days of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// This many, up to and including today.
    Days(u32),
    /// Those of the calendar month (UTC), up to and including today.
    Month,
    /// These.
    Fixed(Window),
}

impl Period {
    /// The days that are meant on a given day.
    pub fn on(self, today: UtcDay) -> Window {
        match self {
            Self::Days(days) => Window::last(days, today),
            Self::Month => Window {
                start: today.first_of_month(),
                before: today.plus(1),
            },
            Self::Fixed(window) => window,
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(1) => f.write_str("1 day"),
            Self::Days(days) => write!(f, "{days} days"),
            Self::Month => f.write_str("the month"),
            Self::Fixed(window) => write!(f, "{}..{}", window.start, window.before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> UtcDay {
        UtcDay::parse(text).expect("a day")
    }

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for good in [
            "1970-01-01",
            "2024-02-29",
            "2026-02-28",
            "2000-02-29",
            "2026-12-31",
            "9999-12-31",
        ] {
            assert_eq!(day(good).to_string(), good);
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-02-30",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-1-01",
            "26-01-01",
            "2026-01-01T",
            "2026-01-01T00:00:00.5",
            "2026-01-01T00:00:00Z",
            "",
            "2026/01/01",
            "2026-01-0１",
            "1969-12-31",
            "+026-01-01",
            "2026-01-00",
            " 2026-01-1",
            "10000-01-01",
        ] {
            assert_eq!(UtcDay::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_day_can_be_written() {
        for (seconds, written, next) in [
            (0, "1970-01-01", "1970-01-02"),
            (253_402_214_399, "9999-12-30", "9999-12-31"),
            (253_402_300_799, "9999-12-30", "9999-12-31"),
            (253_402_300_800, "9999-12-30", "9999-12-31"),
            (i64::MAX.unsigned_abs(), "9999-12-30", "9999-12-31"),
        ] {
            let Some(instant) = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else {
                continue;
            };
            let today = UtcDay::of(instant);
            let days = (today.to_string(), today.plus(1).to_string());
            assert_eq!(days, (written.to_owned(), next.to_owned()));
            for days in [1, 30, u32::MAX] {
                let window = Window::last(days, today);
                assert!(window.contains(today) && window.start <= window.last_day());
            }
            assert_eq!(day("9999-12-31").plus(u32::MAX), day("9999-12-31"));
            assert_eq!(today.minus(u32::MAX), day("1970-01-01"));
            assert!(Period::Month.on(today).contains(today));
        }
        let before_1970 = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(UtcDay::of(before_1970), day("1970-01-01"));
    }

    #[test]
    fn a_month_ends_today() {
        for (today, start, days) in [
            ("2026-03-01", "2026-03-01", 1),
            ("2026-03-31", "2026-03-01", 31),
            ("2024-02-29", "2024-02-01", 29),
            ("2026-02-28", "2026-02-01", 28),
            ("2026-12-31", "2026-12-01", 31),
        ] {
            let window = Period::Month.on(day(today));
            assert_eq!((window.start, window.days()), (day(start), days));
            assert_eq!(window.last_day(), day(today));
        }
    }

    #[test]
    fn thirty_days_include_today() {
        let window = Window::last(30, day("2026-03-16"));
        assert_eq!(window.start, day("2026-02-15"));
        assert_eq!(window.before, day("2026-03-17"));
        assert_eq!(window.days(), 30);
        assert!(window.contains(day("2026-03-16")) && !window.contains(day("2026-03-17")));
        assert_eq!(window.newest_first().count(), 30);
    }

    #[test]
    fn refunds_are_shown_as_they_are() {
        let entry = |on, net| ((day(on), Model::new("gen4.5")), Credits(net));
        let history = History::from_iter([
            entry("2026-03-16", -500),
            entry("2026-03-16", 120),
            entry("2026-01-01", 9_000),
        ]);
        let window = Window::last(30, day("2026-03-16"));
        assert_eq!(history.within(window).total(), Credits(-380));
    }
}
