//! What may be spent in a window of days, the planned cost included.

use super::{Row, MAX_NAMED};
use crate::diagnostic::Finding;
use crate::format::thousands;
use crate::quota::Credits;
use crate::source::Document;
use crate::spend::{largest_first, Budget, History, UtcDay};

/// `history` must hold the window of the budget on `today`; `None` if it could not be had.
pub(crate) fn check(
    budget: Budget,
    planned: Credits,
    history: Option<&History>,
    today: UtcDay,
) -> Row {
    let max = thousands(budget.max.0);
    let name = format!("budget of {max} for {}", budget.period);
    let row = Row {
        document: Document::Usage,
        ..Row::new("budget", name, planned.0)
    };
    let Some(history) = history else { return row };
    let window = budget.period.on(today);
    let history = history.within(window);
    let spent = spent(&history);
    let left = budget.max.minus(spent);
    let over = (left < planned).then(|| {
        let days = history.0.keys().rev();
        let days = days.map(|day| (*day, history.on(*day)));
        Finding::OverBudget {
            budget,
            window,
            spent,
            planned,
            days: largest(days.collect(), MAX_NAMED),
            models: largest(history.by_model(), MAX_NAMED),
        }
    });
    let note = format!("{} spent since {}", thousands(spent.0), window.start);
    row.decided(left.0).note(note).errors(over)
}

/// What the budget has left.
pub(crate) fn left(budget: Budget, history: &History, today: UtcDay) -> Credits {
    let history = history.within(budget.period.on(today));
    budget.max.minus(spent(&history))
}

/// Net refunds count as nothing spent, never as more room.
fn spent(history: &History) -> Credits {
    history.total().max(Credits(0))
}

fn largest<T>(sums: Vec<(T, Credits)>, max: usize) -> Vec<(T, Credits)> {
    let mut sums = largest_first(sums);
    sums.retain(|(_, sum)| *sum > Credits(0));
    sums.truncate(max);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cost_nothing_is_not_among_the_largest() {
        for (sums, found) in [
            (vec![], vec![]),
            (vec![("a", 0), ("b", -1)], vec![]),
            (vec![("a", 0), ("b", 1)], vec!["b"]),
            (
                vec![("a", 1), ("b", 3), ("c", 2), ("d", 1)],
                vec!["b", "c", "a"],
            ),
        ] {
            let sums = sums.into_iter().map(|(name, sum)| (name, Credits(sum)));
            let largest = largest(sums.collect(), 3).into_iter();
            assert_eq!(largest.map(|(name, _)| name).collect::<Vec<_>>(), found);
        }
    }
}
