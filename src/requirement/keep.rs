//! What must be left of the balance after the job.

use super::credits::Account;
use super::{Check, Row};
use crate::diagnostic::Finding;
use crate::format::dollars;
use crate::quota::Credits;

pub(crate) fn check(keep: Credits, planned: Credits, account: Account) -> Check {
    let row = Row::new("keep", "credits to keep", keep.0);
    let mut errors = Vec::new();
    let Some(balance) = account.balance else {
        return Check { row, errors };
    };
    let left = balance.minus(planned);
    // `credits-short` of the plan covers it.
    if left < keep && left >= Credits(0) {
        errors.push(Finding::KeepShort {
            keep,
            planned,
            balance,
            cap: account.cap,
        });
    }
    Check {
        row: row.decided(left.0).note(dollars(left)),
        errors,
    }
}
