//! What must be left of the balance after the job.

use super::Row;
use crate::diagnostic::Finding;
use crate::format::dollars;
use crate::quota::Credits;

pub(crate) fn check(keep: Credits, planned: Credits, balance: Option<Credits>) -> Row {
    let row = Row::new("keep", "credits to keep", keep.0);
    let Some(balance) = balance else { return row };
    let left = balance.minus(planned);
    // `credits-short` of the plan covers it.
    let short = left < keep && left >= Credits(0);
    let short = short.then_some(Finding::KeepShort {
        keep,
        planned,
        balance,
    });
    row.decided(left.0).note(dollars(left)).errors(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_short_is_for_a_plan_that_can_be_paid() {
        for (balance, planned, keep, met, reported) in [
            (100, 60, 40, Some(true), false),
            (100, 60, 41, Some(false), true),
            (100, 100, 1, Some(false), true),
            (100, 101, 1, Some(false), false),
        ] {
            let balance = Some(Credits(balance));
            let found = check(Credits(keep), Credits(planned), balance);
            let case = format!("{balance:?} {planned} {keep}");
            assert_eq!(found.met, met, "{case}");
            assert_eq!(!found.errors.is_empty(), reported, "{case}");
        }
    }
}
