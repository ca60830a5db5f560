//! How long the balance lasts at the present pace.

use std::time::Duration;

use crate::quota::Credits;
use crate::spend::{History, UtcDay, Window, SECONDS_A_DAY};

/// The whole days before today that a forecast is made from.
pub const DAYS: u32 = 30;

/// The days of the shorter mean: the larger of the two is the pace.
const RECENT_DAYS: usize = 7;

/// How long the balance, less the planned cost, lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// What there is to spend.
    left: Credits,
    /// Net credits of `basis_days`, above 0.
    spent: Credits,
    /// The whole UTC days that the pace is the mean of.
    pub basis_days: u32,
}

/// The days that the history must hold: today is left out.
pub fn window(today: UtcDay) -> Window {
    Window {
        start: today.minus(DAYS),
        before: today,
    }
}

impl Forecast {
    /// `None` if nothing was spent, or refunds outweigh it.
    pub fn new(history: &History, today: UtcDay, left: Credits) -> Option<Self> {
        let days = window(today).newest_first().map(|day| history.on(day));
        let days: Vec<Credits> = days.collect();
        // Before the first day with spending there was no pace.
        let counted = days.iter().rposition(|net| net.0 > 0)?.saturating_add(1);
        let mean_of = |count: usize| {
            let counted = days.iter().copied().take(count);
            Self {
                left,
                spent: counted.fold(Credits(0), Credits::plus),
                basis_days: u32::try_from(count).unwrap_or(DAYS),
            }
        };
        let (recent, whole) = (mean_of(counted.min(RECENT_DAYS)), mean_of(counted));
        let per_day = |one: Self, other: Self| one.spent.0.saturating_mul(other.basis_days.into());
        let slower = per_day(recent, whole) < per_day(whole, recent);
        let pace = if slower { whole } else { recent };
        (pace.spent > Credits(0)).then_some(pace)
    }

    /// Whole days, rounded down.
    pub fn days(self) -> i128 {
        let left = self.left.0.max(0).saturating_mul(self.basis_days.into());
        left.checked_div(self.spent.0).unwrap_or(0)
    }

    /// Net credits a day, rounded up.
    pub fn credits_per_day(self) -> Credits {
        let days = i128::from(self.basis_days);
        let up = self.spent.0.saturating_add(days.saturating_sub(1));
        Credits(up.checked_div(days).unwrap_or(0))
    }

    /// Whether it lasts less than this, exactly.
    pub fn is_shorter_than(self, duration: Duration) -> bool {
        const DAY: Duration = Duration::from_secs(SECONDS_A_DAY);
        let nanos = |time: Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
        let left = self.left.0.max(0).saturating_mul(self.basis_days.into());
        left.saturating_mul(nanos(DAY)) < nanos(duration).saturating_mul(self.spent.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Model;

    const HOUR: u64 = 3_600;

    /// Net credits by how many days before today.
    fn forecast(days: &[(u32, i128)], left: i128) -> Option<Forecast> {
        let today = UtcDay::parse("2026-03-17").expect("a day");
        let entry =
            |(ago, net): &(u32, i128)| ((today.minus(*ago), Model::new("gen4.5")), Credits(*net));
        let history: History = days.iter().map(entry).collect();
        Forecast::new(&history, today, Credits(left))
    }

    #[test]
    fn the_pace_is_the_larger_mean() {
        let steady: Vec<(u32, i128)> = (1..=30).map(|ago| (ago, 100)).collect();
        let fast_lately: Vec<_> = (1..=30)
            .map(|ago| (ago, if ago <= 7 { 700 } else { 10 }))
            .collect();
        let slow_lately: Vec<_> = (1..=30)
            .map(|ago| (ago, if ago <= 7 { 1 } else { 100 }))
            .collect();
        #[rustfmt::skip]
        let cases = [
            ("steady", &steady[..], 1_000, Some((10, 100, 7))),
            ("fast lately", &fast_lately, 1_000, Some((1, 700, 7))),
            ("slow lately", &slow_lately, 1_000, Some((13, 77, 30))),
            ("today is left out", &[(0, 9_999), (1, 70)], 700, Some((10, 70, 1))),
            ("young", &[(3, 30)], 100, Some((10, 10, 3))),
            ("young, with a gap", &[(10, 70), (1, 70)], 70, Some((5, 14, 10))),
            ("older than 30 days", &[(31, 1_000)], 100, None),
            ("the first of the 30", &[(30, 300)], 100, Some((10, 10, 30))),
            ("refunds before the first", &[(9, -500), (2, 20)], 100, Some((10, 10, 2))),
            ("refunds lately", &[(20, 600), (1, -10)], 100, Some((3, 30, 20))),
            ("refunds outweigh", &[(2, 20), (1, -30)], 100, None),
            ("refunds alone", &[(2, -20)], 100, None),
            ("nothing", &[], 100, None),
            ("all is planned", &[(1, 10)], 0, Some((0, 10, 1))),
            ("more is planned", &[(1, 10)], -50, Some((0, 10, 1))),
        ];
        for (name, days, left, expected) in cases {
            let found = forecast(days, left);
            let found = found.map(|it| (it.days(), it.credits_per_day().0, it.basis_days));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn the_threshold_is_exact() {
        // 100 credits at 30 in 3 days: ten days to the second.
        let ten_days = forecast(&[(3, 30)], 100).expect("a pace");
        for (duration, shorter) in [
            (Duration::from_secs(240 * HOUR), false),
            (
                Duration::from_secs(240 * HOUR) + Duration::from_nanos(1),
                true,
            ),
            (Duration::from_secs(239 * HOUR), false),
            (Duration::MAX, true),
            (Duration::from_nanos(1), false),
        ] {
            assert_eq!(ten_days.is_shorter_than(duration), shorter, "{duration:?}");
        }
        let none_left = forecast(&[(3, 30)], 0).expect("a pace");
        assert!(none_left.is_shorter_than(Duration::from_nanos(1)));
    }
}
